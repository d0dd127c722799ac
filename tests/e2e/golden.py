#!/usr/bin/env python3
"""The samples in another format: the same content, in a profile that has nothing of the proposal's, is judged and
answered with the same meaning (TAP).

What is expected are the kept answers of samples/, which expect.sh compares byte for byte. Here they are read as
facts, and the program's answers in the other profile too (profile_files.py).
"""
import contextlib
import glob
import json
import os
import re

from home import NOW, SAMPLES, SANITIZED, SOURCE, Home, Tap
from profile_files import KINDS, Profile
from samples_in import NAME, Translation, kept, settings_of

PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
CONTRAST = os.path.join(SAMPLES, "profiles", "contrast-2.0")
DROPS = {"INV": "dcc", "COS": "dcc", "NMM": "dcc", "PTY": "dcc", "EMT": "tcos", "EMC": "ecos"}
PARTIES = ("MCC", "TCSP", "ECSP", "DCC")
ORGANISATIONS = {"MCC", "DCC", "TCOS", "ECOS"}  # short codes of parties, and of who resolves; services
# what the sender has written as a reason; the name of a Device Model in an incident, as operators have it
NO_FINDING = {("MODELS-", "D117"), ("TICKETS", "ESME")}
# what differs because the bytes do, or is in words
OTHERWISE = {"file.sha256", "file.size", "file.line", "file.column", "finding.text", "incident.text", "failure.name",
             "report.layout"}
UNSAID = {"non_migratable.fixed_in"}  # no file that arrives says it
HEADLESS = ("COS", "NMM", "PTY")  # nor do these have a header
# files that are no table or no tree: what else is found in them depends on the format
LOOSE = ("B109", "B110", "B111", "B199", "B201", "B203", "B204", "B205", "B303", "B304")


class Sample:
    """One folder, played in the other profile."""

    def __init__(self, folder):
        self.folder, self.code = folder, os.path.basename(folder)
        self.ours, self.theirs = Profile(PROPOSAL), Profile(CONTRAST)
        self.translation = Translation(self.ours, self.theirs)
        self.home = Home()
        # A change of these needs a header.
        changes = [path for path in self.inbound() if path[:3] in HEADLESS and b"DELTA" in self.read(path)]
        self.parties = [party for party in PARTIES if party != "DCC" or not changes]
        self.configure()
        self.status = []
        self.foreign = ours_alone(self.ours, self.theirs)
        self.heard = set()  # (word of the proposal, file that has it)

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def inbound(self):
        return [name for name in sorted(os.listdir(self.folder)) if NAME.fullmatch(name)]

    def arrivals(self):
        """(name or "-" or "+", time, command)."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.folder, "order"), encoding="utf-8") as file:
                for line in file:
                    if not line.startswith("#"):
                        yield (line.split() + [NOW])[:2] + [line.split()[2:]]
            return
        for name in self.inbound():
            yield name, NOW, []

    def configure(self):
        self.home.set(settings_of(self.folder))
        self.home.set("\n".join(f"party {party} profile={os.path.abspath(CONTRAST)}" for party in self.parties))
        with open(self.home.conf, "a", encoding="utf-8") as file:
            file.write(f"\n[report]\nprofile={os.path.abspath(CONTRAST)}\n")

    def speaks(self, drop):
        """The profile of a drop's files."""
        return self.ours if drop == "dcc" and "DCC" not in self.parties else self.theirs

    def renamed(self, word):
        return self.translation.names.get(word, word)

    def play(self):
        for name, now, command in self.arrivals():
            if name == "+":
                done = self.home.command(*[self.renamed(word) for word in command], now=now)
                self.status.append(f"{' '.join(command)} {done.returncode}")
                continue
            if name != "-":
                self.arrive(name)
            done = self.home.run(now=now)
            self.status.append(f"{name} {done.returncode}")

    def arrive(self, name):
        drop = DROPS.get(name[:3], "mcc")
        new, data = self.translation.file(name, self.read(name)) if self.speaks(drop) is self.theirs else \
            (name, self.read(name))
        path = os.path.join(self.home.top, "arriving")
        with open(path, "wb") as file:
            file.write(data)
        self.home.drop(drop, path, new)

    def compare(self):
        """What differs, a line each."""
        with open(os.path.join(self.folder, "expected", "run.status"), encoding="utf-8") as file:
            expected = [line for line in file.read().splitlines() if not line.startswith("check ")]
        lines = [] if expected == self.status else [f"exit statuses: {self.status}, expected {expected}"]
        there = set()
        for root in sorted(glob.glob(os.path.join(self.folder, "expected", "*", "out"))):
            drop = root.split(os.sep)[-2]
            for folder, _, names in os.walk(root):
                below = os.path.relpath(folder, root)
                for name in sorted(names):
                    lines += self.compare_file(drop, os.path.normpath(os.path.join(below, name)), folder, name, there)
        more = {f"{drop}/{name}" for drop in os.listdir(self.home.path("drops")) for name in self.out(drop)} - there
        return lines + [f"not expected: {name}" for name in sorted(more)]

    def out(self, drop):
        root = self.home.path("drops", drop, "out")
        return [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root)
                for name in names if not name.startswith(".")]

    def compare_file(self, drop, path, folder, name, there):
        theirs = self.theirs if re.match("[A-Z0-9-]+_[A-Z0-9]+_[0-9A-F-]{23}_\\d+_\\d+[.]", name) and \
            name[:3] not in KINDS else self.speaks(drop)
        new = os.path.normpath(os.path.join(os.path.dirname(path), self.translation.answer_name(name)
                                            if theirs is self.theirs else name))
        there.add(f"{drop}/{new}")
        if not os.path.exists(self.home.path("drops", drop, "out", new)):
            return [f"missing: {drop}/{new}, as {name}; there is {sorted(self.out(drop))}"]
        if theirs is self.theirs:
            self.hear(new, self.home.read_out(drop, new))
        if name.endswith("html"):
            return []
        kind = name.split("_")[0]
        with open(os.path.join(folder, name), "rb") as file:
            expected = self.ours.read(kind, file.read())
        with open(self.home.path("drops", drop, "out", new), "rb") as file:
            found = theirs.read(kind, file.read())
        return [f"{new}: {line}" for line in self.compare_documents(kind, expected, found, theirs)]

    def hear(self, name, data):
        """Keeps what is said in words of the proposal."""
        said = re.sub("<style.*?</style>", "", data.decode(), flags=re.S)
        for file in self.translation.names.values():
            said = said.replace(file, "")
        self.heard |= {(word, name) for word in re.findall(r"[\w/-]+", said) if word in self.foreign and
                       (name[:7], word) not in NO_FINDING}

    # ---- documents ----

    def compare_documents(self, kind, expected, found, theirs):
        answered = expected.file["file.name"][:3] if expected.file else ""
        headless = {"header.batch", "file.declared"} if answered in HEADLESS and theirs is self.theirs else set()
        if answered and expected.form == "xml" and not theirs.xml["types"][answered]["count"]:
            headless.add("file.declared")
        for fact in headless:  # the gateway gives the batch
            expected.header[fact] = expected.file[fact] = ""
            found.header[fact] = found.file[fact] = ""
        if self.code == "B103":  # the name has no EUI-64: the one of the drop's party is taken
            expected.header["header.recipient"] = found.header["header.recipient"]
        lines = self.compare_facts("header", expected.header, found.header, theirs)
        loose = kind == "EMA" and self.code in LOOSE
        if expected.count is not None and found.count is not None and not loose:
            lines += [] if expected.count == found.count else [f"count {found.count}, expected {expected.count}"]
        if expected.file:
            lines += self.compare_facts("file", expected.file, found.file, theirs)
        if loose:
            codes = [{row["finding.code"] for row in document.rows} for document in (expected, found)]
            return lines + ([] if codes[0] == codes[1] else [f"codes {codes[1]}, expected {codes[0]}"])
        if len(expected.rows) != len(found.rows):
            return lines + [f"{len(found.rows)} rows, expected {len(expected.rows)}", *map(str, found.rows)]
        rows = zip(expected.rows, found.rows) if kind != "EMA" else self.paired(expected.rows, found.rows, theirs)
        for n, (row, other) in enumerate(rows, 1):
            lines += self.compare_facts(f"row {n}", row, other, theirs)
        return lines

    def paired(self, expected, found, theirs):
        """Findings of one record may have another order: that of the columns."""
        def key(profile):
            return lambda row: (int(row["record.number"] or 0), row["finding.code"],
                                self.fact_named(profile, row["finding.field"]), row["finding.value"])
        return zip(sorted(expected, key=key(self.ours)), sorted(found, key=key(theirs)))

    @staticmethod
    def fact_named(profile, column):
        """The fact of a column, of whatever file."""
        if any(of["count"] == column for of in profile.xml["types"].values()):
            return "header.count"
        return next((field["fact"] for schema in profile.schemas.values() for field in schema["fields"]
                     if field["name"] == column and "fact" in field), column)

    def compare_facts(self, what, expected, found, theirs):
        lines = []
        for fact in expected:
            if fact not in found or fact in OTHERWISE or found[fact] == "" and fact in UNSAID:
                continue
            one, other = expected[fact], found[fact]
            if fact == "finding.field" and is_of_a_text(expected):
                continue
            if fact == "finding.field":
                one, other = self.fact_named(self.ours, one), self.fact_named(theirs, other)
            elif fact == "finding.value":
                field = self.fact_named(theirs, found["finding.field"])
                one, other = self.ours.value(self.fact_named(self.ours, expected["finding.field"]), one), \
                    theirs.value(field, other)
                if is_of_a_text(expected):
                    continue
                one = self.translation.text(one or "")
                other = (other or "").removeprefix("not ")
            elif fact == "decision.text":
                one, other = re.findall(r"\b[A-D]\d{3}\b", one), self.codes_in(other, theirs)
            elif fact in ("file.name", "incident.file", "header.corrects"):
                one = self.translation.text(one) if theirs is self.theirs or one in self.translation.names else one
            if one != other:
                lines.append(f"{what}: {fact} is {other!r}, expected {one!r}: {found}")
        for key, value in found.items():
            number = expected.get("work.item", "").rsplit(".", 1)[-1]
            if key.startswith("passed ") and number and value != kept(number)[key.replace("passed", "kept")]:
                lines.append(f"{what}: {key} is {value!r}")
        return lines

    @staticmethod
    def codes_in(text, theirs):
        known = {word: code for code, word in theirs.code_words.items()}
        return [known[word] for word in re.findall(r"[A-Z]-\d{3}", text) if word in known]


def is_of_a_text(row):
    """The finding is about the name of the file, whose parts are others, or about a whole line."""
    return row["finding.code"] in ("B101", "B102", "B103", "B104", "B202", "B301", "B302")


def ours_alone(ours, theirs):
    """What only the proposal calls something: columns, elements, types, codes and values, by their looks no words of
    people."""
    names = set()
    for profile in (theirs, ours):
        found = profile.column_names() | {name for of in profile.xml["types"].values() for name in of.values() if name}
        found |= {profile.type_word(kind) for kind in KINDS if kind in profile.names["names"]}
        found |= {profile.word("finding.code", code) for code in theirs.code_words}
        found |= {word for of in profile.written.values() for words in of.values() for word in words}
        names = found - names
    values = {value for of in theirs.written.values() for value in of}
    return {name for name in names | values - ORGANISATIONS if re.search("[A-Z0-9].*[A-Z_0-9]", name)}


def folders():
    """All but that of B115, which is about two profiles itself."""
    return [os.path.join(SAMPLES, name) for name in ("good", "way", "late", "resolved", "stranded")] + \
        sorted(set(glob.glob(os.path.join(SAMPLES, "codes", "*"))) - {os.path.join(SAMPLES, "codes", "B115")})


def test_samples(tap):
    only = os.environ.get("ONLY")
    chosen = [one for one in folders() if not only or os.path.basename(one) in only.split()]
    for folder in chosen[::3 if SANITIZED and not only else 1]:  # expect.sh runs all of them there
        sample = Sample(folder)
        sample.play()
        lines = sample.compare()
        tap.ok(not lines, f"{sample.code}: the same in contrast-2.0", *lines[:12])
        tap.ok(not sample.heard, f"{sample.code}: nothing in words of the proposal", *sorted(sample.heard))
        if not lines:
            sample.home.remove()


if __name__ == "__main__":
    with Tap() as tap_of_all:
        test_samples(tap_of_all)
