#!/usr/bin/env python3
"""What `profile export` publishes holds for the files that are read and written by the profile, the proposal and the
second one (TAP)."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

from home import GATE, PATIENCE, SOURCE, Tap
from tables import Tables

PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
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
        return [(kind, re.compile(".+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", text))))
                for kind, text in every]

    def kind(self, path):
        return next(kind for kind, name in self.names if name.fullmatch(os.path.basename(path)))

    def files(self, *ends):
        return [path for path in sorted(glob.glob(os.path.join(self.samples, "*"))) if path.endswith(ends)]

    def table(self, name):
        return loaded(self.exported, f"{name}.json")

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


def test_other_words(tap, folder):
    """Several words for a value, words that the author wrote himself, values without a word, odd characters."""
    path = copy(folder, "proposal-1.0", "words-1.0")
    values = {"header.environment": {"LIVE": ["L", "live $1"], "TEST": "T"}, "header.mode": {"FULL": "all"},
              "decision.transient": {"Y": "yes"}}
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
                test_words(report, both[1])
                test_tables(report, both[1])
                test_other_words(report, top_folder)
                test_dialects(report, *both, top_folder)
