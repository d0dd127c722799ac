"""Files of any profile, written and read as its partner would, by what its folder says (gateway/PROFILES.md). It shares
no code with the gateway.

    profile = Profile(folder)
    data = profile.write(Document("EMI", "csv", header, rows=[…]))
    document = profile.read("EMD", data)                        kind: as profile.kind_of(name) says
    name = profile.name("EMI", org="MCC", sequence=1, …)

A Document has facts and the values of the program, so it is the same whatever the profile: a header, rows, of an EMA a
file. Facts for which a profile has no column are left out when it is written.
"""
import copy
import csv
import io
import json
import os
import re
import xml.etree.ElementTree as ElementTree

KINDS = ("EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY", "EMA", "EMD", "EMW", "EMO", "INC")
PART = re.compile(r"\{([a-z0-9.]+)(?::([^}]*))?\}")
CODES = ("file.code", "finding.code", "decision.code", "end.code", "incident.code", "failure.code", "failure.top_code",
         "history.last_code")
PICTURES = {"date": "YYYYMMDD", "time": "HHMMSS", "instant": "YYYYMMDDTHHMMSSZ"}
GROUPS = {"revision": "[0-9]+", "hash": "[0-9a-f]{16}"}
FRAME = ("record.letter", "header.type", "header.layout", "header.count")
DIALECT = {"delimiter": ",", "quoteChar": '"', "lineTerminator": "\r\n", "frame": "records"}


class Document:
    """rows: {fact: value}; what an instruction carries besides has the key "kept COLUMN", what is passed on of it
    "passed COLUMN". count: what it says of its rows, if it is not their number."""

    def __init__(self, kind, form="csv", header=(), rows=(), file=None, count=None):
        self.kind, self.form, self.header, self.file, self.count = kind, form, dict(header), file, count
        self.rows = [dict(row) for row in rows]


class Profile:
    """One folder."""

    def __init__(self, folder):
        self.folder = folder
        self.about = self.load("profile.json")
        self.names = self.load("names.json")
        self.xml = self.load("xml.json")
        self.codes = self.load("codes.json")
        self.schemas = {name[:-5]: self.load(part, name) for part in ("records", "reports")
                        for name in os.listdir(os.path.join(folder, part))}
        self.turn = 0  # of several words of a value, each is written in turn
        self.written = {fact: {value: words if isinstance(words, list) else [words] for value, words in of.items()}
                        for fact, of in self.codes.get("values", {}).items()}
        self.code_words = {code: of.get("code", code) for code, of in self.codes.get("codes", {}).items()}

    def load(self, *path):
        try:
            with open(os.path.join(self.folder, *path), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    # ---- words ----

    def words(self, fact, value):
        """All that stand for a value in a file of the profile."""
        if fact in CODES and value in self.code_words:
            return [self.code_words[value]]
        return self.written.get(fact, {}).get(value, [value])

    def word(self, fact, value):
        words = self.words(fact, value)
        self.turn += 1
        return words[self.turn % len(words)]

    def value(self, fact, word):
        """None: it is the word for nothing, though it is the value of something."""
        if fact in CODES:
            return next((code for code, known in self.code_words.items() if known == word), word)
        of = self.written.get(fact, {})
        for value, words in of.items():
            if word in words:
                return value
        return word if word not in of else None

    # ---- tables ----

    def fields(self, record):
        return self.schemas[record]["fields"] if record in self.schemas else []

    def columns(self, record):
        """(fact or what the column keeps or passes on, name, path of its element) of each column but the frame's."""
        return [(key_of(field), field["name"], field.get("xml", field["name"]).split("/"))
                for field in self.fields(record) if field.get("fact") not in FRAME]

    def row_of(self, kind):
        return kind if kind not in KINDS else f"{kind}-{'E' if kind == 'EMA' else 'D'}"

    def dialect(self, kind):
        dialect = {**DIALECT, **self.about.get("dialect", {}), **self.schemas[self.row_of(kind)].get("dialect", {})}
        if kind not in KINDS and dialect["frame"] == "records":
            dialect["frame"] = "title"
        return dialect

    def only(self, record, fact):
        """The constant of a column that frames the file."""
        return next((field.get("constraints", {}).get("enum", [None])[0] for field in self.fields(record)
                     if field.get("fact") == fact), None)

    def has(self, kind, fact):
        """Whether a file can say it."""
        return any(key == fact for letter in "HDEF" for key, _, _ in self.columns(f"{kind}-{letter}"))

    def is_required(self, record, fact):
        return any(key_of(field) == fact and field.get("constraints", {}).get("required")
                   for field in self.fields(record))

    def column_names(self):
        return {field["name"] for schema in self.schemas.values() for field in schema["fields"]}

    # ---- names ----

    def template(self, kind, answered=None):
        if answered is None:
            return self.names["names"][kind]
        templates = self.names["answers"][kind]
        return templates.get(answered, templates.get("*"))

    def name(self, kind, answered=None, **parts):
        """parts: org, eui64, created "2023-07-03T06:00:00Z", sequence, form, revision, mpid, stem (of the answered
        name), type (of the answered file), hash."""
        parts = {"kind": kind, **parts}
        return PART.sub(lambda found: self.part(found[1], found[2], parts), self.template(kind, answered))

    def part(self, what, option, parts):
        created = parts.get("created", "")
        date, clock = created[:10].replace("-", ""), created[11:19].replace(":", "")
        if what in ("date", "time", "instant"):
            picture = option or PICTURES[what]
            return painted(picture, what, date, clock)
        if what == "eui64":
            return painted_digits(option or "XX-XX-XX-XX-XX-XX-XX-XX", parts["eui64"].replace("-", ""))
        if what == "sequence":
            least = (option or "6").split("-")[0]
            return str(parts["sequence"]).zfill(int(least))
        if what == "form":
            return dict(word.split("=") for word in option.split(","))[parts["form"]] if option else parts["form"]
        if what == "type":
            return option or parts["kind"]
        return str(parts[{"answered.name": "stem", "answered.type": "type"}.get(what, what)])

    def type_word(self, kind):
        """What names call the type."""
        option = re.search(r"\{type:([^}]*)\}", self.names["names"][kind])
        return option[1] if option else self.only(f"{kind}-H", "header.type") or kind

    def greatest(self, kind):
        """The greatest number of a file: then comes 1."""
        option = re.search(r"\{sequence(?::(?:\d-)?(\d))?\}", self.names["names"][kind])
        return 10 ** int(option[1] or 6) - 1 if option else 999999

    def pattern(self, template):
        """A regular expression of the names that a template gives; its groups have the names of the parts."""
        text, at, found = "", 0, list(PART.finditer(template))
        for part in found:
            group = part[1].replace(".", "_")
            known = GROUPS.get(group, ".+?")
            if group in PICTURES:
                known = re.sub("[YMDHS]", lambda _: r"\d", re.escape(part[2] or PICTURES[group]))
            text += re.escape(template[at:part.start()]) + f"(?P<{group}>{known})"
            at = part.end()
        return re.compile(text + re.escape(template[at:]))

    @staticmethod
    def created(template, found):
        """The time that a name tells, "2023-07-03T06:00:00Z", of a match of its pattern."""
        digits = {}
        for what, option in PART.findall(template):
            if what in ("date", "time", "instant"):
                picture = option or PICTURES[what]
                for token in re.finditer("YYYY|MM|DD|HH|SS", picture):
                    is_minute = token[0] == "MM" and (what == "time" or "MM" in digits)
                    digits["minute" if is_minute else token[0]] = found[what][token.start():token.end()]
        parts = [digits.get(token, "00") for token in ("YYYY", "MM", "DD", "HH", "minute", "SS")]
        return "{}-{}-{}T{}:{}:{}Z".format(*parts)

    # ---- CSV ----

    def write(self, document):
        return self.write_xml(document) if document.form == "xml" else self.write_csv(document)

    def cells(self, record, facts):
        return [self.word(fact, facts.get(fact) or "") for fact, _, _ in self.columns(record)]

    def framed(self, record, facts):
        """The cells of a record, with those of the frame."""
        found = []
        for field in self.fields(record):
            constant = self.only(record, field.get("fact")) if field.get("fact") in FRAME else None
            found.append(constant if constant is not None else self.word(key_of(field), facts.get(key_of(field)) or ""))
        return found

    def write_csv(self, document):
        kind, dialect = document.kind, self.dialect(document.kind)
        lines = []
        if dialect["frame"] == "records":
            count = len(document.rows) if document.count is None else document.count
            lines = [self.framed(f"{kind}-H", document.header),
                     *[self.framed(f"{kind}-D", row) for row in document.rows],
                     self.framed(f"{kind}-T", {"header.count": str(count)})]
        else:
            columns = self.columns(f"{kind}-D")
            order = sorted(range(len(columns)), key=lambda at: -at if len(document.rows) % 2 else at)
            order = order if dialect["frame"] == "title" else range(len(columns))  # columns under a title may move
            lines = [[columns[at][1] for at in order]] if dialect["frame"] == "title" else []
            lines += [[self.cells(f"{kind}-D", row)[at] for at in order] for row in document.rows]
        out = io.StringIO()
        csv.writer(out, delimiter=dialect["delimiter"], quotechar=dialect["quoteChar"],
                   lineterminator=dialect["lineTerminator"]).writerows(lines)
        return out.getvalue().encode()

    def read(self, kind, data):
        return self.read_xml(kind, data) if data.startswith(b"<?xml") else self.read_csv(kind, data)

    def lines(self, kind, data):
        dialect = self.dialect(kind)
        text = data.decode()
        end = dialect["lineTerminator"]
        assert text == "" or text.endswith(end), f"{kind}: expected {end!r} at the end"
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect["delimiter"],
                               quotechar=dialect["quoteChar"]))

    def facts(self, record, names, cells):
        """{fact: value} of the cells whose columns have these names."""
        of = {name: key for key, name, _ in self.columns(record)}
        assert len(names) == len(cells), f"{record}: {len(cells)} cells, expected {len(names)}"
        return {of[name]: self.value(of[name], cell) for name, cell in zip(names, cells) if name in of}

    def read_csv(self, kind, data):
        lines, frame = self.lines(kind, data), self.dialect(kind)["frame"]
        if kind not in KINDS:
            return self.read_report(kind, lines, frame)
        assert frame == "records", f"{kind} with the frame {frame}"
        found = Document(kind)
        for cells in lines:
            letter = next(one for one in "HDEFT" if self.only(f"{kind}-{one}", "record.letter") == cells[0])
            names = [field["name"] for field in self.fields(f"{kind}-{letter}")]
            facts = self.facts(f"{kind}-{letter}", names, cells)
            if letter == "H":
                found.header = facts
                assert self.only(f"{kind}-H", "header.type") in cells, f"{kind}: header {cells}"
            elif letter == "F":
                found.file = facts
            elif letter == "T":
                found.count = int(cells[1])
            else:
                found.rows.append(facts)
        return found

    def read_report(self, kind, lines, frame):
        footer = self.schemas[kind].get("footer")
        names = lines.pop(0) if frame == "title" else [name for _, name, _ in self.columns(kind)]
        if footer:
            last = self.dialect(kind)["delimiter"].join(lines.pop())
            assert last == footer.replace("{rows}", str(len(lines))) or ";" in last, f"{kind}: last line {last!r}"
        return Document(kind, rows=[self.facts(kind, names, cells) for cells in lines])

    # ---- XML ----

    def name_in(self, element):
        return f"{{{self.xml['namespace']}}}{element}" if self.xml.get("namespace") else element

    def children(self, parent, record, facts):
        """Adds the columns that have a value."""
        for key, _, path in self.columns(record):
            if not facts.get(key):
                continue
            node = parent
            for step in path[:-1]:
                inner = node.find(self.name_in(step))
                node = inner if inner is not None else ElementTree.SubElement(node, self.name_in(step))
            ElementTree.SubElement(node, self.name_in(path[-1])).text = self.word(key, facts[key])

    def write_xml(self, document):
        form, kind = self.xml["types"][document.kind], document.kind
        root = ElementTree.Element(self.name_in(form["root"]))
        if self.xml.get("version"):
            root.set(self.xml["version"]["attribute"], self.xml["version"]["value"])
        head = ElementTree.SubElement(root, self.name_in(form["header"])) if form.get("header") else root
        self.children(head, f"{kind}-H", document.header)
        if form.get("count"):
            count = len(document.rows) if document.count is None else document.count
            ElementTree.SubElement(head, self.name_in(form["count"])).text = str(count)
        rows = ElementTree.SubElement(root, self.name_in(form["rows"])) if form.get("rows") else root
        for row in document.rows:
            self.children(ElementTree.SubElement(rows, self.name_in(form["row"])), f"{kind}-D", row)
        ElementTree.register_namespace("", self.xml.get("namespace") or "")
        return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def element_facts(self, record, element):
        found = {}
        for key, _, path in self.columns(record):
            node = element.find("/".join(self.name_in(step) for step in path))
            found[key] = "" if node is None else self.value(key, node.text or "")
        return found

    def read_xml(self, kind, data):
        form, root = self.xml["types"][kind], ElementTree.fromstring(data)
        assert root.tag == self.name_in(form["root"]), f"{kind}: root {root.tag}"
        found = Document(kind, "xml", self.element_facts(f"{kind}-H", root.find(self.name_in(form["header"]))))
        if form.get("count"):
            found.count = int(root.find(self.name_in(form["header"])).find(self.name_in(form["count"])).text)
        if form.get("file"):
            found.file = self.element_facts(f"{kind}-F", root.find(self.name_in(form["file"])))
        rows = root.find(self.name_in(form["rows"])) if form.get("rows") else root
        found.rows = [self.element_facts(self.row_of(kind), row) for row in rows.findall(self.name_in(form["row"]))]
        return found


def key_of(field):
    """What the column carries."""
    if "fact" in field:
        return field["fact"]
    return f"passed {field['passed']}" if "passed" in field else f"kept {field['name']}"


def painted(picture, what, date, clock):
    """Digits of date and time by a picture; the first MM of a date is the month, the other minutes."""
    pieces = {"YYYY": [date[:4]], "DD": [date[6:8]], "HH": [clock[:2]], "SS": [clock[4:6]],
              "MM": {"date": [date[4:6]], "time": [clock[2:4]]}.get(what, [date[4:6], clock[2:4]])}
    pieces = copy.deepcopy(pieces)
    return re.sub("YYYY|MM|DD|HH|SS", lambda found: pieces[found[0]].pop(0), picture)


def painted_digits(picture, digits):
    left = list(digits)
    return re.sub("X", lambda _: left.pop(0) if left else "", picture)
