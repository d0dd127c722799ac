"""The samples of the proposal in the form of another profile, faults included, for golden.py.

    translation = Translation(ours, theirs)
    name, data = translation.file(name, data)
    translation.answer_name(expected name)           what the same answer is called there
"""
import csv
import gzip
import hashlib
import io
import os
import re
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib

from home import SAMPLES
from profile_files import FRAME, KINDS, key_of

OPEN_QUOTE, LONE_RETURN, BARE, WRONG_END = "\ue000", "\ue001", "\ue002", "\ue003"  # stand for faults meanwhile
csv.field_size_limit(1 << 28)
NAME = re.compile(r"(\w{3})_([A-Z0-9]+)_([0-9A-F-]{23})_(\d{8})_(\d{6})_(\d+)\.(xml|csv)(\.gz|\.zip)?")
REPORT = re.compile(r"([A-Z0-9-]+)_([A-Z0-9]+)_[0-9A-F-]{23}_(\d{8})_(\d{6})\.(csv|html)")
ANSWER = re.compile(r"(EMA|EMD|EMO)_(.*?)_R(\d+)\.(xml|csv)")


def settings_of(folder):
    """What a folder of samples needs in its configuration, for Home.set."""
    path = os.path.join(folder, "settings")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read().replace("SAMPLES/", SAMPLES + "/")


def instant(date, clock):
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def kept(number):
    """What the columns that the gateway does not know hold, with characters that must be quoted."""
    return {"kept CrewRef": f"crew {number}", "kept SiteNote": f"behind the 'gate'; \"{number}\""}


class Translation:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.names = {}  # of the files: what they are called
        self.cut = self.plain = False  # the document that is translated: it ends early, nothing is put into it

    # ---- names ----

    def new_name(self, name):
        found = NAME.fullmatch(name)
        kind, org, eui64, date, clock, sequence, form, pack = found.groups()
        known = kind if kind in KINDS else "EMI"
        parts = {"org": org, "eui64": eui64, "created": instant(date, clock), "sequence": int(sequence), "form": form}
        new = self.theirs.name(known, **parts)
        if len(sequence) < 6:  # a fault
            option = re.search(r"{sequence:([^}]*)}", self.theirs.template(known))[1]
            new = new.replace(self.theirs.part("sequence", option, parts), sequence)
        if known != kind:
            new = new.replace(self.theirs.type_word(known), kind)
        return new + (pack or "")

    def answer_name(self, expected):
        """Of an answer, a work order, a report."""
        found = ANSWER.fullmatch(expected)
        if found:
            return self.name_of_answer(*found.groups())
        found = REPORT.fullmatch(expected)
        if found:
            ref, mpid, date, clock, form = found.groups()
            ref = "MGMT-PAGE" if form == "html" else ref
            return self.theirs.name(ref, mpid=mpid, created=instant(date, clock))
        return self.new_name(expected)

    def name_of_answer(self, kind, stem, revision, form):
        if stem.startswith("UNKNOWN"):
            old = next(name for name in self.names if hash_of(name) == stem[8:])
            return self.theirs.name(kind, "unknown", revision=revision, hash=hash_of(self.names[old]))
        typed = re.fullmatch(r"(.*_\d{6})_(\w{3})", stem)
        answered = typed[2] if typed else "EMI"
        old = f"{answered}_{typed[1] if typed else stem}.{form}"
        new = self.new_name(old)
        return self.theirs.name(kind, answered, revision=revision, form=form, stem=new.rsplit(".", 1)[0],
                                type=self.theirs.type_word(answered))

    def word(self, fact, value):
        """What is no value in ours must be no word in theirs."""
        known = self.theirs.written.get(fact, {})
        return f"not {value}" if value not in known and any(value in words for words in known.values()) else \
            self.theirs.word(fact, value)

    def text(self, value):
        """A value that may be the name of a file or of an answer."""
        if value in self.names:
            return self.names[value]
        return self.answer_name(value) if ANSWER.fullmatch(value) else value

    # ---- files ----

    def file(self, name, data):
        kind, form, pack = NAME.fullmatch(name).group(1, 7, 8)
        kind = kind if kind in KINDS else "EMI"
        new = self.names[name] = self.new_name(name)
        try:
            if pack == ".gz":
                return new, gzip.compress(self.content(kind, form, gzip.decompress(data)), mtime=0)
            if pack == ".zip":
                return new, self.zipped(kind, form, data, new[:-4])
        except EOFError:  # it is cut
            content = zlib.decompressobj(31).decompress(data)
            return new, gzip.compress(self.content(kind, form, content), mtime=0)[:-12]
        except (gzip.BadGzipFile, zipfile.BadZipFile):
            return new, data  # that is its fault
        return new, self.content(kind, form, data)

    def zipped(self, kind, form, data, name):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for n, member in enumerate(old.infolist()):
                new.writestr(zipfile.ZipInfo(name if len(old.infolist()) == 1 else f"{n}{name}"),
                             self.content(kind, form, old.read(member)), zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def content(self, kind, form, data):
        if data.startswith(b"H,") or form == "csv" and not data.startswith((b"<", b"\x1f")):
            return self.csv(kind, data.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        if data.startswith((b"<?xml", b"\xef\xbb\xbf<")):
            return self.xml(kind, data)
        return data

    # ---- CSV ----

    def csv(self, kind, text):
        dialect = self.theirs.dialect(kind)
        end, quote = dialect["lineTerminator"], dialect["quoteChar"]
        text = csv_mended(text)
        self.plain = OPEN_QUOTE in text or len(text) > 100000
        out = io.StringIO()
        writer = csv.writer(out, delimiter=dialect["delimiter"], quotechar=quote, lineterminator=end)
        if dialect["frame"] == "title":
            writer.writerow([name for _, name, _ in self.theirs.columns(f"{kind}-D")])
        for cells in csv.reader(io.StringIO(text, newline="")):
            if dialect["frame"] != "records" and cells[0] != "D":
                continue
            if len(cells) == 1 and ";" in cells[0]:  # the wrong separator; theirs is another one
                out.write(",".join(self.record(kind, cells[0].split(";"))) + end)
            else:
                writer.writerow(self.record(kind, cells))
        made = out.getvalue() if text.endswith("\n") else out.getvalue()[:-len(end)]
        return made.replace(OPEN_QUOTE, quote).replace(LONE_RETURN, "\r")

    def letter(self, kind, letter):
        return self.theirs.only(f"{kind}-{letter}", "record.letter") or letter

    def record(self, kind, cells):
        """Its cells in their order. Where some are missing or too many, as many are there."""
        fields = self.ours.fields(f"{kind}-{cells[0]}")
        if not fields or len(cells[-1]) > 1000:
            return [self.letter(kind, cells[0]), *cells[1:]]
        name = f"{kind}-{cells[0]}"
        facts = {key_of(field): self.ours.value(key_of(field), cell) for field, cell in zip(fields, cells)}
        found = [self.cell(name, field, facts) for field in self.theirs.fields(name)
                 if self.theirs.dialect(kind)["frame"] == "records" or field.get("fact") not in FRAME]
        missing = len(fields) - len(cells)
        # the Mode of the header may be missing: only reference data have it
        return found[:len(found) - missing] if missing > 0 else found + cells[len(fields):]

    def cell(self, record, field, facts):
        key = key_of(field)
        value = facts.get(key, "")
        if key in FRAME and key != "header.count":
            ours, theirs = self.ours.only(record, key), self.theirs.only(record, key)
            return theirs if value == ours else value
        if key.startswith("kept"):
            return "" if self.plain else kept(facts.get("record.number", "")).get(key, "") if record == "EMI-D" else ""
        return self.text(value) if key == "header.corrects" else self.word(key, value)

    # ---- XML ----

    def xml(self, kind, data):
        text, redo, self.cut = xml_mended(data)
        root = ElementTree.fromstring(text.encode())
        ours, theirs = (profile.xml["types"][kind] for profile in (self.ours, self.theirs))
        space = root.tag[1:].split("}")[0]
        space = self.theirs.xml["namespace"] if space == self.ours.xml["namespace"] else space
        made = ElementTree.Element(f"{{{space}}}{theirs['root']}")
        version = self.ours.xml["version"]
        for name, value in root.attrib.items():
            known = name == version["attribute"]
            made.set(self.theirs.xml["version"]["attribute"] if known else name,
                     self.theirs.xml["version"]["value"] if known and value == version["value"] else f"{value}.1")
        for part in root:
            self.part(kind, made, part, space)
        ElementTree.register_namespace("", space)
        text = ElementTree.tostring(made, encoding="unicode")
        assert local(root) == ours["root"]
        return redo(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n').encode()

    def part(self, kind, made, part, space):
        """Header, or the element around the rows."""
        ours, theirs = (profile.xml["types"][kind] for profile in (self.ours, self.theirs))
        if local(part) == ours["header"]:
            self.children(kind, "H", ElementTree.SubElement(made, f"{{{space}}}{theirs['header']}"), part, space)
            return
        rows = ElementTree.SubElement(made, f"{{{space}}}{theirs['rows']}") if theirs["rows"] else made
        for row in part:
            self.children(kind, "D", ElementTree.SubElement(rows, f"{{{space}}}{theirs['row']}"), row, space)

    def children(self, kind, letter, made, old, space):
        """In their order; two that are out of order in ours are so there, too."""
        record = f"{kind}-{letter}"
        keys = {path[0]: key for key, _, path in self.ours.columns(record)}
        order = [key for key, _, _ in self.ours.columns(record)]
        given = [(keys.get(local(child)), child) for child in old]
        facts = {key: self.ours.value(key, child.text or "") for key, child in given if key}
        known = [key for key, _ in given if key]
        wrong = next((pair for pair in zip(known, known[1:]) if order.index(pair[0]) > order.index(pair[1])), ())
        if letter == "D" and facts.get("record.number") and kind == "EMI":
            facts.update(kept(facts["record.number"]))
        swap = dict(zip(wrong, reversed(wrong)))
        columns = {key: path for key, _, path in self.theirs.columns(record)}
        for key in columns:
            key = swap.get(key, key)
            if self.cut and key in order and key not in known and self.ours.is_required(record, key):
                break  # the document ends here
            if facts.get(key):
                self.leaf(made, columns[key], self.text(self.word(key, facts[key])), space)
        count = [self.ours.xml["types"][kind].get("count"), self.theirs.xml["types"][kind].get("count")]
        for key, child in given:
            if key is None and local(child) == count[0]:
                if count[1]:
                    self.leaf(made, [count[1]], child.text, space)
            elif key is None:
                self.leaf(made, [local(child)], child.text, space)

    @staticmethod
    def leaf(node, path, text, space):
        for step in path[:-1]:
            inner = node.find(f"{{{space}}}{step}")
            node = inner if inner is not None else ElementTree.SubElement(node, f"{{{space}}}{step}")
        ElementTree.SubElement(node, f"{{{space}}}{path[-1]}").text = text


def csv_mended(text):
    """CSV with marks for what makes it none."""
    text = re.sub("\r(?!\n)", LONE_RETURN, text)
    if text.count('"') % 2:
        at = text.rindex('"')
        text = text[:at] + OPEN_QUOTE + text[at + 1:]
    return text


def xml_mended(data):
    """A document that is XML, and a function that makes a translated one as faulty again."""
    text = data.decode("utf-8-sig")
    marked = "\ufeff" if data.startswith(b"\xef") else ""
    declared = re.search(r"<!DOCTYPE[^>]*>\]>", text)
    text = text.replace(declared[0], "") if declared else text
    text = re.sub(r"&(?!(amp|lt|gt|quot|apos);)", BARE, text)
    wrong = re.search(r"<(\w+)>([^<]*)</(?!\1>)(\w+)>", text)
    text = text.replace(wrong[0], f"<{wrong[1]}>{wrong[2]}{WRONG_END}</{wrong[1]}>") if wrong else text
    cut = not text.rstrip().endswith(">") or text.count("</") < len(re.findall(r"<\w[^>]*[^/]>", text))
    if cut:
        text = text[:text.rindex(">") + 1]
        begun = []
        for tag in re.findall(r"<(/?\w+)", text):
            begun = begun[:-1] if tag.startswith("/") else [*begun, tag]
        text += "".join(f"</{tag}>" for tag in reversed(begun))

    def redo(made):
        made = re.sub(f"{WRONG_END}</\\w+>", "</DeviceTyp>", made).replace(BARE, "&")
        made = made.replace("?>", f"?>\n{declared[0]}", 1) if declared else made
        end = re.search(r"(</\w+>\s*)+$", made)
        return marked + (made[:end.start() + 2] if cut else made)
    return text, redo, cut


def hash_of(name):
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def local(element):
    return element.tag.rsplit("}", 1)[-1]
