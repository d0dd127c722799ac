#!/usr/bin/env python3
"""What `profile export` publishes holds for the files that are read and written by the profile, the proposal and the
second one (TAP)."""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from home import GATE, PATIENCE, SANITIZED, SOURCE, Tap
from mutate import CsvMutator
from schema import DROPS, SEED, check, compare
from tables import Tables

PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
MUTATIONS = 30 if SANITIZED else 120  # at random, of each type
XS = "{http://www.w3.org/2001/XMLSchema}"
CONTRAST = os.path.join(SOURCE, "samples", "profiles", "contrast-2.0")


def call(*arguments):
    return subprocess.run([GATE, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)


def loaded(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def stored(value, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


class Published:
    """A profile, what is exported of it, and samples of all its files."""

    def __init__(self, top, folder):
        self.folder, self.name = folder, os.path.basename(folder)
        self.exported = os.path.join(top, f"{self.name}.exported")
        self.samples = os.path.join(top, f"{self.name}.samples")
        self.done = call("profile", "check", folder, "--samples", self.samples)
        done = call("profile", "export", self.exported, folder)
        assert done.returncode == 0, done.stderr
        self.tables = Tables(self.exported)
        self.names = self.templates()

    def templates(self):
        """The type or report of each template of names.json, with an expression for its names. Answers come first:
        their names contain others."""
        names = loaded(self.folder, "names.json")
        every = [(kind, text) for kind, texts in names["answers"].items() for text in texts.values()]
        every += names["names"].items()
        every = [(kind, re.sub(r"\{type:([^}]*)\}", r"\1", text)) for kind, text in every]
        return [(kind, re.compile(".+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", text))))
                for kind, text in every]

    def kind(self, path):
        return next(kind for kind, name in self.names if name.fullmatch(os.path.basename(path)))

    def files(self, *ends):
        return [path for path in sorted(glob.glob(os.path.join(self.samples, "*"))) if path.endswith(ends)]

    def table(self, name):
        return loaded(self.exported, f"{name}.json")

    def xsd(self):
        return ET.parse(glob.glob(os.path.join(self.exported, "*.xsd"))[0]).getroot()

    def type_of(self, root, element):
        """The name of the type of an element in the XSD, which may extend it without a name."""
        node = next(node for node in self.xsd().findall(f"{XS}element") if node.get("name") == root)
        node = next(node for node in node.iter(f"{XS}element") if node.get("name") == element)
        return node.get("type") or next(found.get("base") for found in node.iter() if found.get("base"))

    def limits(self, name, column):
        return next(field["constraints"] for field in self.table(name)["fields"] if field["name"] == column)


def copy(folder, source, name):
    path = os.path.join(folder, name)
    done = call("profile", "new", path, "--from", source)
    assert done.returncode == 0, done.stderr
    return path


def test_samples(tap, published):
    """Every sample in CSV is a table of the exported Table Schemas, and every one in XML a document of the XSD."""
    faults = {}
    files = published.files(".csv", ".txt")
    for path in files:
        with open(path, "rb") as file:
            if found := published.tables.faults(published.kind(path), file.read()):
                faults[path] = found
    kinds = {published.kind(path) for path in files}
    tap.ok(published.done.returncode == 0 and len(kinds) == 22 and not faults,
           f"{published.name}: the samples in CSV of {len(kinds)} types and reports fit the exported Table Schemas",
           faults, published.done.stdout)
    files = published.files(".xml", ".XML")
    done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema",
                           glob.glob(os.path.join(published.exported, "*.xsd"))[0], *files], capture_output=True,
                          text=True, check=False)
    tap.ok(len(files) == 7 and done.returncode == 0,
           f"{published.name}: xmllint accepts its {len(files)} samples in XML by the exported XSD", done.stderr)


def column_of(published, kind, fact):
    """The name of the column with the fact in the header; None: there is none."""
    path = os.path.join(published.folder, "records", f"{kind}-H.json")
    fields = loaded(path)["fields"] if os.path.exists(path) else []
    return next((field["name"] for field in fields if field.get("fact") == fact), None)


def test_csv(tap, published, kind):
    """The reader accepts the changed tables that the exported Table Schemas accept, and no others."""
    base = next(path for path in published.files(".csv", ".txt") if published.kind(path) == kind)
    dialect = published.tables.dialect(kind)
    with open(base, "rb") as file:
        mutator = CsvMutator(random.Random(SEED), file.read(), delimiter=dialect["delimiter"],
                             quotechar=dialect["quoteChar"])
    folder = os.path.join(published.samples, f"changed {kind}")
    files, refused = [("unchanged", base)], {}
    made = [mutator.make() for _ in range(MUTATIONS)] + list(mutator.each())[::3 if SANITIZED else 1]
    for number, (what, data) in enumerate(made, 1):
        path = os.path.join(folder, str(number), os.path.basename(base))
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(data)
        files.append((f"mutation {number} ({what})", path))
        if faults := published.tables.faults(kind, data):
            refused[path] = faults
    facts = check([path for _, path in files], "--profile", published.folder)
    columns = [column_of(published, kind, fact) for fact in ("header.sequence", "header.created")]
    skipped = compare(tap, f"{published.name} {kind}", "csv", files, facts, refused, columns=columns,
                      required=published.tables.required(kind, "D"))
    tap.ok(len(files) / 8 < len(refused) < len(files) - 5 and skipped < len(files) / 2,
           f"{published.name} {kind}: {len(refused)} of {len(files)} tables are refused, {skipped} early")


def test_words(tap, published):
    """Values stand in the Table Schemas by the words of codes.json."""
    for name, column, wanted in (
            ("EMI-H", "Stage", {"required": True, "enum": ["production", "trial"]}),
            ("INV-H", "Extent", {"required": True, "enum": ["all", "changes"]}),
            ("EMD-D", "DecisionOutcome", {"required": True, "enum": ["taken", "refused", "later"]}),
            ("EMD-D", "DecisionTransient", {"required": False, "enum": ["passes", "stays"]}),
            ("EMD-D", "Class", {"required": False, "pattern": "(?:ESME|GSME|GPF|CHF)|Electricity|Gas|Proxy",
                                "maxLength": 11})):
        found = published.limits(name, column)
        tap.ok(found == wanted, f"the limits of {name} {column} are in the words of the format", found, wanted)
    codes = [words["code"] for words in loaded(published.folder, "codes.json")["codes"].values()]
    found = published.limits("EMD-D", "DecisionCode")
    tap.ok(found == {"required": False, "enum": codes}, "where each code has a word, no pattern is left", found)
    header = next(node for node in published.xsd().iter(f"{XS}element") if node.get("name") == "Stage")
    found = [node.get("value") for node in header.iter(f"{XS}enumeration")]
    tap.ok(found == ["production", "trial"], "the XSD has them too, whichever letters the records have", found)
    kept = next(node for node in published.xsd().iter(f"{XS}element") if node.get("name") == "CrewRef")
    found = [node.get("value") for node in kept.iter(f"{XS}maxLength")]
    tap.ok(found == ["64"], "and what a reader takes of a column without limits", found)


def test_other_words(tap, folder):
    """Several words for a value, words that the author wrote himself, a value that no file can say, odd characters."""
    path = copy(folder, "proposal-1.0", "words-1.0")
    values = {"header.environment": {"LIVE": ["L", "live $1"], "TEST": "T"}, "header.mode": {"FULL": "all"},
              "decision.transient": {"Y": "yes", "N": "N"}}
    stored({"values": values, "codes": {"C108": {"code": "E.108+"}}}, path, "codes.json")
    table = loaded(path, "records", "EMI-H.json")
    next(field for field in table["fields"] if field["name"] == "Environment")["constraints"]["enum"] = ["L", "TEST"]
    stored(table, path, "records", "EMI-H.json")
    table = loaded(path, "records", "EMT-H.json")
    environment = next(field for field in table["fields"] if field["name"] == "Environment")
    environment["constraints"] = {"required": True, "pattern": "LIVE|TEST", "maxLength": 4, "minLength": 4}
    stored(table, path, "records", "EMT-H.json")
    published = Published(folder, path)
    for name, column, wanted in (
            ("EMI-H", "Environment", {"required": True, "enum": ["L", "T"]}),
            ("EMD-H", "Environment", {"required": True, "enum": ["L", "live $1", "T"]}),
            ("EMT-H", "Environment", {"required": True, "enum": ["L", "live $1", "T"], "maxLength": 7, "minLength": 1}),
            ("INV-H", "Mode", {"required": True, "enum": ["all"]}),
            ("EMD-D", "Transient", {"required": False, "enum": ["yes", "N"]}),
            ("EMD-D", "Code", {"required": False, "pattern": r"(?:[A-D][0-9]{3})|E\.108\+"})):
        found = published.limits(name, column)
        tap.ok(found == wanted, f"words of one's own: {name} {column}", found, wanted)


def call_exported(folder, path):
    into = os.path.join(folder, f"{os.path.basename(path)}.exported")
    done = call("profile", "export", into, path)
    assert done.returncode == 0, done.stderr
    return into


def changed(path, table_name, column, **members):
    """Changes members of a column of a Table Schema; None removes the column."""
    table = loaded(path, "records", f"{table_name}.json")
    at = next(i for i, field in enumerate(table["fields"]) if field["name"] == column)
    if members:
        table["fields"][at].update(members)
    else:
        del table["fields"][at]
    stored(table, path, "records", f"{table_name}.json")


def test_headers(tap, proposal, contrast, folder):
    """Each header that differs has a complex type of its own; equal ones share one."""
    known = loaded(PROPOSAL, "xml.json")["types"]
    roots = {kind: known[kind]["root"] for kind in ("EMI", "EMD", "EMW", "EMO", "EMT", "EMC")}
    found = {kind: proposal.type_of(root, "Header") for kind, root in roots.items()}
    tap.ok(set(found.values()) == {"DeviceFileHeader"}, "the proposal's headers share a type", found)

    path = copy(folder, "proposal-1.0", "headers-1.0")
    changed(path, "EMI-H", "SenderId", name="From")
    changed(path, "EMT-H", "ResubmissionOf")
    changed(path, "EMC-H", "ResubmissionOf")
    published = Published(folder, path)
    tap.ok(published.done.returncode == 0, "a column renamed in one header, and left out in two, is no fault",
           published.done.stdout)
    test_samples(tap, published)
    found = {kind: published.type_of(root, "Header") for kind, root in roots.items()}
    wanted = {**dict.fromkeys(roots, "DeviceFileHeader"), "EMI": f"{roots['EMI']}Header",
              "EMT": f"{roots['EMT']}Header", "EMC": f"{roots['EMT']}Header"}
    tap.ok(found == wanted, "most headers keep the name of forms.json, others have that of their root", found, wanted)

    types = loaded(contrast.folder, "xml.json")["types"]
    found = {kind: contrast.type_of(types[kind]["root"], types[kind]["header"]) for kind in roots}
    element = types["EMI"]["header"]
    wanted = {**dict.fromkeys(roots, element), "EMT": types["EMT"]["root"] + element}  # the one without a count
    tap.ok(found == wanted, "without forms.json, a shared type has the name of its element", found, wanted)


def test_bare(tap, folder):
    """All that xml.json may leave out is left out."""
    path = copy(folder, "proposal-1.0", "bare-1.0")
    xml = loaded(path, "xml.json")
    for entry in xml["types"].values():
        entry.update(count=None, rows=None)
    stored({**xml, "namespace": None, "version": None}, path, "xml.json")
    os.remove(os.path.join(path, "forms.json"))
    for file in glob.glob(os.path.join(path, "records", "*.json")):
        table = loaded(file)
        for field in table["fields"]:
            field.pop("form", None)
        stored(table, file)
    changed(path, "EMI-D", "Attempt", type="integer", constraints={"minimum": 1, "maximum": 9, "maxLength": 1})
    published = Published(folder, path)
    tap.ok(published.done.returncode == 0 and published.xsd().get("targetNamespace") is None,
           "a profile without namespace, version, counts and forms is exported", published.done.stdout)
    attempt = next(node for node in published.xsd().iter(f"{XS}element") if node.get("name") == "Attempt")
    found = {node.tag.rsplit("}", 1)[1]: node.get("value") for node in attempt.iter() if node.get("value")}
    tap.ok(found == {"minInclusive": "1", "maxInclusive": "9"}, "limits of a number stand in the XSD", found)
    test_samples(tap, published)


def test_forms(tap, folder):
    """A form whose columns have different words is several simple types."""
    path = copy(folder, "proposal-1.0", "forms-1.0")
    stored({"values": {"decision.transient": {"Y": "passes", "N": "stays"},
                       "header.environment": {"LIVE": "production", "TEST": "trial"}},
            "codes": {"C108": {"code": "E-108"}}}, path, "codes.json")
    changed(path, "EMC-D", "Confirmed", form="YesNo")
    changed(path, "EMW-D", "DeviceType", form="YesNo-decision.transient")
    forms = loaded(path, "forms.json")
    forms["forms"]["YesNo-decision.transient"] = {"base": "token"}
    stored(forms, path, "forms.json")
    published = Published(folder, path)
    tap.ok(published.done.returncode == 0, "words in codes.json are no fault of the forms", published.done.stdout)
    test_samples(tap, published)
    found = {node.get("name"): [value.get("value") for value in node.iter() if value.get("value")]
             for node in published.xsd().findall(f"{XS}simpleType")}
    for name, wanted in (("Environment", ["production", "trial"]), ("YesNo", ["Y", "N"]),
                         ("YesNo-decision.transient2", ["passes", "stays"]), ("Code", [r"([A-D][0-9]{3})|E-108"]),
                         ("Scope", ["FILE", "RECORD", "DEVICE"]), ("YesNo-decision.transient", [])):
        tap.ok(found.get(name) == wanted, f"the simple type {name} has the words of its columns", found.get(name))


def line_of(path, name, text):
    with open(os.path.join(path, name), encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


def test_places(tap, folder):
    """What a schema says against a sample names the file and the line where its author changes it."""
    path = copy(folder, "proposal-1.0", "places-1.0")
    changed(path, "EMW-D", "FirmwareVersion", form=None, constraints={"required": True, "maxLength": 3})
    changed(path, "EMT-H", "BatchId", form="Count")
    changed(path, "EMC-H", "Environment", form="Other")
    forms = loaded(path, "forms.json")
    forms["forms"]["Other"] = {"base": "token", "enum": ["other"]}
    stored(forms, path, "forms.json")
    stored({"values": {"header.environment": {"LIVE": "L", "TEST": "T"}}, "codes": {"D101": {"code": "F"}}}, path,
           "codes.json")
    shutil.copy(glob.glob(os.path.join(call_exported(folder, path), "*.xsd"))[0], os.path.join(path, "annex.xsd"))
    own = os.path.join(path, "annex.xsd")
    with open(own, encoding="utf-8") as file:
        text = file.read()
    with open(own, "w", encoding="utf-8") as file:
        file.write(text.replace('value="T"', 'value="trial"').replace('name="DeviceCount"', 'name="Rows"')
                   .replace('"(?:[A-D]', '"X(?:[A-D]').replace("([A-D][0-9]{3})|F", "F"))
    xml = loaded(path, "xml.json")
    stored({**xml, "schema": "annex.xsd"}, path, "xml.json")
    done = call("profile", "check", path)
    made = "by the schema (made of the profile).xsd: "
    codes, forms = line_of(path, "codes.json", '"header.environment"'), line_of(path, "forms.json", '"Other"')
    for sample, schema, wanted in (
            ("EMW", made, "; change the constraints of FirmwareVersion in records/EMW-D.json:"
             f"{line_of(path, 'records/EMW-D.json', 'FirmwareVersion') - 1}"),
            ("EMT", made, f"; change the form Count in forms.json:{line_of(path, 'forms.json', chr(34) + 'Count')}"),
            ("EMC", made, f"; change the form Other in forms.json:{forms} or the words of header.environment in "
             f"codes.json:{codes}"),
            ("EMI", "by the schema annex.xsd: ", "; change the column Environment in records/EMI-H.json:"
             f"{line_of(path, 'records/EMI-H.json', 'Environment') - 1} or the words of header.environment in "
             f"codes.json:{codes}"),
            ("EMI", "by the schema annex.xsd: ",
             f"; change EMI in xml.json:{line_of(path, 'xml.json', chr(34) + 'EMI')}"),
            ("EMD", "by the schema annex.xsd: ", "; change the column Code in records/EMD-D.json:"
             f"{line_of(path, 'records/EMD-D.json', chr(34) + 'Code') - 1} or the codes in codes.json:"
             f"{line_of(path, 'codes.json', chr(34) + 'codes')}")):
        lines = [line for line in done.stdout.splitlines() if line.startswith(f"sample {sample}_") and
                 schema in line and line.endswith(wanted)]
        tap.ok(len(lines) == 1, f"sample {sample}: {wanted[2:]}", done.stdout)


def test_shared(tap, folder):
    """Seven types share the form of a number."""
    path = copy(folder, "proposal-1.0", "shared-1.0")
    forms = loaded(path, "forms.json")
    forms["forms"]["FileSequence"]["pattern"] = "[2-9]"
    stored(forms, path, "forms.json")
    done = call("profile", "check", path)
    lines = [line for line in done.stdout.splitlines() if "the form FileSequence in forms.json" in line]
    tap.ok(done.returncode == 1 and len({line.split()[1] for line in lines}) == 1,
           "one mistake in a form that types share is told of one sample", done.stdout)


def test_patterns(tap, folder):
    """A pattern that is none: the fault names the form or the column that has it."""
    path = copy(folder, "proposal-1.0", "patterns-1.0")
    forms = loaded(path, "forms.json")
    forms["forms"]["FileSequence"]["pattern"] = "[1-9]("
    stored(forms, path, "forms.json")
    changed(path, "EMO-D", "Tries", form=None, constraints={"pattern": "[0-9"})
    done = call("profile", "check", path)
    for line in (f"the form FileSequence in forms.json:{line_of(path, 'forms.json', chr(34) + 'FileSequence')}",
                 "the constraints of Tries in records/EMO-D.json:"
                 f"{line_of(path, 'records/EMO-D.json', 'Tries') - 1}"):
        found = re.search(f"the schema .made of the profile..*; change {re.escape(line)}$", done.stdout, re.M)
        tap.ok(found, f"a pattern that is none: {line}", done.stdout)
    tap.ok(done.returncode == 1 and not done.stderr, "nothing else is said", done.stderr)


def test_dialects(tap, proposal, contrast, folder):
    """Each exported Table Schema has the whole dialect of its file, whichever file of the folder says it."""
    whole = {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n",
             "skipInitialSpace": False, "header": False, "caseSensitiveHeader": True, "frame": "records"}
    for name, wanted in (("EMI-H", whole), ("EMA-F", whole), ("MAPR", {**whole, "frame": "title", "header": True})):
        found = proposal.table(name)["dialect"]
        tap.ok(found == wanted, f"the proposal's {name} has its dialect", found)
    for name, delimiter, frame in (("EMI-H", ";", "records"), ("EMI-D", ";", "records"), ("COS-D", "|", "title"),
                                   ("MAPR", "\t", "rows")):
        found = contrast.table(name)["dialect"]
        tap.ok((found["delimiter"], found["frame"], found["quoteChar"], found["lineTerminator"]) ==
               (delimiter, frame, "'", "\n"), f"the second profile's {name} has its dialect", found)
    path = copy(folder, "proposal-1.0", "dialect-1.0")
    table = loaded(path, "records", "EMA-E.json")
    stored({**table, "dialect": {"delimiter": "^"}}, path, "records", "EMA-E.json")
    published = Published(folder, path)
    found = {name: published.table(name)["dialect"]["delimiter"] for name in ("EMA-H", "EMA-F", "EMA-T", "EMI-H")}
    tap.ok(found == {"EMA-H": "^", "EMA-F": "^", "EMA-T": "^", "EMI-H": ","},
           "all records of a file have the dialect of its rows", found)


def test_tables(tap, published):
    """The checker of the tests sees faults: else it would prove nothing."""
    path = next(path for path in published.files(".csv", ".txt") if published.kind(path) == "EMI")
    with open(path, "rb") as file:
        data = file.read()
    for old, new in ((b"trial", b"TEST"), (b"\nZ;1", b"\nZ;1;"), (b";", b","), (b"\nM;", b"\nD;"), (b"2.0", b"1.0")):
        tap.ok(old in data and published.tables.faults("EMI", data.replace(old, new)), f"{new} for {old} is a fault")


if __name__ == "__main__":
    with Tap() as report:
        if shutil.which("xmllint") is None:
            print("ok 1 - # SKIP no xmllint")
            report.count = 1
        else:
            with tempfile.TemporaryDirectory(prefix="ecosgate-published.") as top_folder:
                both = [Published(top_folder, profile) for profile in (PROPOSAL, CONTRAST)]
                for one in both:
                    test_samples(report, one)
                    for of_kind in DROPS:
                        test_csv(report, one, of_kind)
                test_words(report, both[1])
                test_tables(report, both[1])
                test_other_words(report, top_folder)
                test_dialects(report, *both, top_folder)
                test_headers(report, *both, top_folder)
                test_forms(report, top_folder)
                test_bare(report, top_folder)
                test_places(report, top_folder)
                test_shared(report, top_folder)
                test_patterns(report, top_folder)
