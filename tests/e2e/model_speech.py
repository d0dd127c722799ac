"""Another format in the model test: a partner writes his files in it and reads what he gets, in the terms of the
proposal. The model knows nothing of it: a file loses what the format cannot say before the model sees it.

    speech = Speech(folder)
    speech.fit(file); name, data = speech.name(file), speech.data(file, header, declared)
    answer = speech.answer(name, data)             None: it is no answer
"""
import json
import os
import re
import shutil

from home import SAMPLES, SOURCE
from profile_files import Document, Profile

CONTRAST = os.path.abspath(os.path.join(SAMPLES, "profiles", "contrast-2.0"))
PROPOSAL = Profile(os.path.join(SOURCE, "formats", "profiles", "proposal-1.0"))
HEADER_FACTS = tuple(f"header.{fact}" for fact in
                     "sender recipient sequence created environment batch corrects mode".split())
# how a name may be outside the grammar: the code, and the name
MISNAMED = {
    "separator": ("B101", lambda name, word: re.sub("[-_~.]", "+", name, count=1)),
    "case": ("B101", lambda name, word: re.sub(rf"(?<![A-Z]){word}(?![A-Z])", word.lower(), name)),
    "form": ("B101", lambda name, word: name[:-3] + "dat"),
    "plain": ("B101", lambda name, word: "Devices of today.csv"),
    "type": ("B102", lambda name, word: re.sub(rf"(?<![A-Z]){word}(?![A-Z])", "XYZ", name)),
    "month": ("B104", lambda name, word: re.sub(r"(?<=2023)(-?)\d\d|(?<=[.-])\d\d(?=[.-]2023)", r"\g<1>13", name, 1)),
}


def early(home):
    """A format that is not valid yet: the path of its profile."""
    path = home.path("early-3.0")
    shutil.copytree(CONTRAST, path)
    with open(os.path.join(path, "profile.json"), encoding="utf-8") as file:
        about = json.load(file)
    about.update(profile="early", version="3.0", valid={"from": "2090-01-01T00:00:00Z", "until": None})
    with open(os.path.join(path, "profile.json"), "w", encoding="utf-8") as file:
        json.dump(about, file)
    return path


def early_name(name):
    """The name that a file of the proposal would have in that format."""
    kind, org, eui64, date, clock, rest = name.split("_")
    sequence, form = rest.split(".")
    created = f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"
    return Profile(CONTRAST).name(kind, org=org, eui64=eui64, created=created, sequence=int(sequence) % 9999 + 1,
                                  form=form)


def kept(batch, record):
    """What an instruction says that the gateway does not know."""
    return {"kept CrewRef": f"crew {batch}.{record}", "kept SiteNote": f"'{batch}' \"{record}\"; gate"}


class SpokenAnswer:
    """As Answer has it: by the columns of the proposal, those that the format has."""

    def __init__(self, speech, name, kind, parts, document):
        self.name, self.kind = name, kind
        self.first = name if parts.get("revision") in (None, "1") else speech.first_of(name, parts)
        self.is_unknown = "hash" in parts
        self.header = speech.named(f"{kind}-H", document.header)
        self.file = speech.named(f"{kind}-F", document.file) if document.file else None
        self.rows = [speech.named(PROPOSAL.row_of(kind), row) for row in document.rows]
        counted = len(document.rows) + (self.file is not None)
        assert document.count == counted, f"{name}: {document.count} declared, {counted} rows"
        self.wrongly_passed = [row for row in document.rows if not speech.passes_right(document, row)]


class Speech:
    """from_here: whether the instructions are written in it too, so that columns of them are passed on."""

    def __init__(self, folder=CONTRAST):
        self.profile = Profile(folder)
        self.from_here = True
        self.answers = [(kind, self.profile.pattern(template)) for kind, templates in
                        self.profile.names["answers"].items() for template in templates.values()]
        self.answers.sort(key=lambda answer: "hash" not in answer[1].groupindex)  # the narrow ones first
        self.answers += [(kind, self.profile.pattern(self.profile.template(kind))) for kind in ("EMW", "INC")]

    # ---- files that arrive ----

    def fit(self, file):
        """Takes out what the format has no place for."""
        columns = {name: fact for fact, name, _ in PROPOSAL.columns(f"{file.kind}-D")}
        for row in file.rows:
            for name in row:
                if name in columns and not self.profile.has(file.kind, columns[name]):
                    row[name] = ""
        if not self.profile.has(file.kind, "header.mode"):
            file.mode = file.mode and "FULL"
        if not self.profile.has(file.kind, "header.corrects"):
            file.corrects = None
        if not self.has_count(file):
            file.fault = None if file.fault == "B208" else file.fault
        if file.kind == "PTY" and file.misnamed == "month":
            file.misnamed = "separator"

    def has_count(self, file):
        if file.form == "xml":
            return bool(self.profile.xml["types"][file.kind]["count"])
        return self.profile.dialect(file.kind)["frame"] == "records"

    def tells_number(self, kind):
        return "{sequence" in self.profile.names["names"][kind]

    def name(self, file, org, eui64, created):
        name = self.profile.name(file.kind, org=org, eui64=eui64, created=created, sequence=file.sequence,
                                 form=file.form)
        return MISNAMED[file.misnamed][1](name, self.profile.type_word(file.kind)) if file.misnamed else name

    def data(self, file, header, declared):
        facts = {name: fact for fact, name, _ in PROPOSAL.columns(f"{file.kind}-D")}
        rows = [{"record.number": str(n), **(kept(file.batch, n) if file.kind == "EMI" else {}),
                 **{facts[name]: value for name, value in row.items() if name in facts}}
                for n, row in enumerate(file.rows, 1)]
        return self.profile.write(Document(file.kind, file.form, zip(HEADER_FACTS, header), rows, count=declared))

    def answer_name(self, file, kind, revision, digest):
        """Of an answer to the file."""
        if file.misnamed:
            return self.profile.name("EMA", "unknown", revision=revision, hash=digest)
        return self.profile.name(kind, file.kind, revision=revision, form=file.form, stem=file.name.rsplit(".", 1)[0],
                                 type=self.profile.type_word(file.kind))

    # ---- files that leave ----

    def answer(self, name, data):
        for kind, pattern in self.answers:
            found = pattern.fullmatch(name)
            if found:
                return SpokenAnswer(self, name, kind, found.groupdict(), self.profile.read(kind, data))
        return None

    def first_of(self, name, parts):
        """The name of the first answer."""
        return next(name[:found.start("revision")] + "1" + name[found.end("revision"):]
                    for found in (pattern.fullmatch(name) for _, pattern in self.answers) if found and parts)

    def named(self, record, facts):
        """{column of the proposal: value}."""
        names = {fact: name for fact, name, _ in PROPOSAL.columns(record)}
        found = {names[fact]: value for fact, value in facts.items() if fact in names}
        if "decision.text" in facts:
            codes = {word: code for code, word in self.profile.code_words.items()}
            found["Text"] = re.sub(r"[A-Z]-\d{3}", lambda word: codes.get(word[0], word[0]), found["Text"])
        return found

    def passes_right(self, document, row):
        """Columns of the instruction that are passed on have its text."""
        batch, _, record = (row.get("work.item") or "").partition(".")[2].rpartition(".")
        if not batch and document.kind in ("EMD", "EMO"):
            batch, record = document.header["header.batch"], row["record.number"]
        wanted = kept(batch, record) if self.from_here else {}
        return all(value == wanted.get(key.replace("passed", "kept"), "") for key, value in row.items()
                   if key.startswith("passed "))

    def report(self, ref, name, data):
        """(when its period begins, MPID, rows); None: it is another one."""
        template = self.profile.template(ref)
        found = self.profile.pattern(template).fullmatch(name)
        if not found:
            return None
        rows = [self.named(ref, row) for row in self.profile.read(ref, data).rows]
        for row in rows:
            row.pop("LayoutVersion", None)
        return self.profile.created(template, found), found["mpid"], rows
