#!/usr/bin/env python3
"""gateway/OPERATIONS.md and the examples of ecosgate(1): each command that they show is run, on a home in the state
that the section speaks of, and prints what the document says (TAP).

In the document a line that ends in a backslash goes on in the next one, `…` within a line stands for any text, alone on
its line for any lines. How many blanks stand between words does not count. In the sections about backups neither times
nor numbers nor the ledger's id count: these differ with each home.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from home import FOLDER, GATE, NOW, PATIENCE, SAMPLES, SOURCE, Home, Tap
from parties import Parties
from reports import E1, E2, E4, E6, G1, Estate, inventory

DOCUMENT = os.path.join(SOURCE, "gateway", "OPERATIONS.md")
MANUAL = os.path.join(SOURCE, "gateway", "ecosgate.1")
SETTINGS = "gateway tcos_closes=2028-02-10T12:00:00Z\ngateway stranded_weeks=3"
CREDENTIALS = "90-B3-D5-1F-30-01-00-00,5C1E,90-B3-D5-1F-30-02-00-00"
SUCCESS = "SUCCESS,0,I0,,1,,,"


def calls_of(text):
    """The commands in the indented lines of a text, with the lines that they print."""
    calls, printed = [], []
    for line in text.splitlines():
        if line.lstrip().startswith("$ "):
            printed = []
            calls.append((line.lstrip()[2:], printed))
        elif line.startswith("    "):
            printed.append(line.strip())
        else:
            printed = []  # what the next lines show, no command has printed
    return calls


def sections():
    """Of each section that begins with `## `: its title, and its commands."""
    with open(DOCUMENT, encoding="utf-8") as file:
        for section in re.split(r"^## ", file.read(), flags=re.MULTILINE)[1:]:
            title, text = section.split("\n", 1)
            yield title, calls_of(re.sub(r" \\\n +", " ", text))


def examples():
    """The commands of ecosgate(1), but those with files or programs that the manual only names."""
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read().split(".SH EXAMPLES\n")[1].split(".SH")[0]
    text = re.sub(r"\\c\n", "", text).replace("\\-", "-").replace("\\e", "\\")
    shown = "\n".join("" if line.startswith(".") else "    " + line for line in text.splitlines())
    return [call for call in calls_of(shown) if not re.search(r"outbox|make-instruction", call[0])]


def pattern(lines):
    """A regular expression of what a command prints."""
    text = ""
    for line in lines:
        words = (re.sub("…", ".*", re.escape(word)) for word in line.split())
        text += "(?:.*\n)*?" if line == "…" else r"[ \t]*" + r"[ \t]+".join(words) + "[ \t]*\n"
    return text


def without_numbers(text):
    text = re.sub(r"\b[0-9a-f]{32}\b", "LEDGER", text)
    return re.sub(r"\d+", "N", re.sub(r"\d{4}-\d\d-\d\dT[0-9:]+Z|before-\d+_\d+", "TIME", text))


class Desk:
    """Where an operator gives commands: `ecosgate` is the program under test, at a time. The folders of the document
    are folders of the home."""

    def __init__(self, home):
        self.home = home
        self.tools = os.path.join(home.top, "tools")
        self.places = {"/backup/": self.tools + "/backup-", "/tmp/": self.tools + "/", "/srv/gate": home.dir}
        os.mkdir(self.tools)

    def call(self, command, now):
        command = re.sub("|".join(self.places), lambda found: self.places[found[0]], command)
        program = os.path.join(self.tools, "ecosgate")
        with open(program, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nexec {os.path.abspath(GATE)} -c {self.home.conf} --now {now} \"$@\"\n")
        os.chmod(program, 0o755)
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=PATIENCE, check=False,
                              env={**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"})
        printed = done.stdout.decode().replace("\r\n", "\n")
        for shown, place in self.places.items():
            printed = printed.replace(place, shown)
        return printed


def unsettled(home):
    """Device 1: the ECoS side is silent. Device 2: it disagrees. 4: no result at all. 6: failed."""
    home.reference("2028-01-10T08:00:00Z")
    home.instruct("2028-01-10T10:00:00Z", "B1", E1, E2, E4, E6, G1)
    home.result("2028-01-10T10:30:00Z", f"MCC.B1.1,{E1},{SUCCESS},{CREDENTIALS},9A07",
                f"MCC.B1.2,{E2},{SUCCESS},{CREDENTIALS},9A08", f"MCC.B1.4,{E6},FAILED,17,I0,,1,,,,,,,",
                f"MCC.B1.5,{G1},{SUCCESS},{CREDENTIALS},9A09")
    home.confirm("2028-01-10T10:40:00Z", f"MCC.B1.2,{E2},N,,,,no certificate",
                 f"MCC.B1.5,{G1},Y,,90-B3-D5-1F-30-02-00-00,9A09,")
    home.pass_at("2028-01-11T10:40:00Z")


def shrunk(home):
    """An instruction that comes too early; an inventory that lacks six Devices."""
    home.instruct("2028-01-11T12:00:00Z", "B2", E6)
    try:
        home.say("2028-01-12T08:00:00Z", "INV", *(inventory(d) for d in (E1, E2, E4, E6)))
    except RuntimeError:
        return  # such a pass ends with 2
    raise RuntimeError("an inventory that removes much was not held")


def last_weeks(home):
    home.pass_at("2028-01-17T00:00:00Z")
    home.pass_at("2028-01-24T00:00:00Z")
    home.pass_at("2028-01-31T00:00:00Z")


def two_instructions(home):
    parties = Parties(home)
    for numbers in ([1, 2, 3], [4, 5, 6]):
        parties.instruct(numbers)
        home.run()


def one_more(home):
    parties = Parties(home)
    parties.numbers["EMI"] = 2
    parties.instruct([7])
    home.run()


# What comes before a section, and the time at which its commands are given.
DECISIONS = {
    "One side is silent, or the sides disagree (D150, D151)": (unsettled, "2028-01-11T11:00:00Z"),
    "A reference file is held (A117)": (shrunk, "2028-01-12T09:00:00Z"),
    "A Device was instructed too early (C115)": (lambda home: None, "2028-01-12T10:00:00Z"),
    "The last weeks before TCoS closes (STRAND)": (last_weeks, "2028-02-01T09:00:00Z"),
}


BACKUPS = {"Backup": (two_instructions, NOW), "Restore": (one_more, NOW)}


def play(tap, home, scenes, plain=lambda text: text):
    desk, played = Desk(home), []
    for title, calls in sections():
        if title not in scenes:
            continue
        played.append(title)
        before, now = scenes[title]
        before(home)
        for command, lines in calls:
            printed = desk.call(command, now)
            tap.ok(re.fullmatch(pattern(map(plain, lines)), plain(printed)), f"{title}: {command}",
                   "the document says:", *lines, "printed:", printed)
        tap.ok(len(calls) > 1, f"{title}: shows commands")
    tap.ok(played == list(scenes), "each section is there, in this order", played)


def test_examples(tap):
    """One after the other, as a reader gives them: in a folder with the rejected files, then in the home."""
    top = tempfile.mkdtemp(prefix=FOLDER)
    Home.made.append(top)
    for path in glob.glob(os.path.join(SAMPLES, "codes", "B208", "EMI_*")):
        shutil.copy(path, top)
    os.symlink(os.path.abspath(GATE), os.path.join(top, "ecosgate"))
    env = {**os.environ, "PATH": f"{top}:{os.environ['PATH']}", "HOME": top, "LC_ALL": "C.UTF-8"}
    home, played = os.path.join(top, "gate"), 0
    for command, lines in examples():
        if "| jq" in command and shutil.which("jq") is None:
            continue
        done = subprocess.run(["bash", "-c", command.replace("/srv/gate", home)], stdout=subprocess.PIPE,
                              cwd=home if os.path.isdir(home) else top, stderr=subprocess.STDOUT, timeout=PATIENCE,
                              env=env, check=False)
        printed = "".join(line + "\n" for line in done.stdout.decode().replace(home, "/srv/gate").splitlines() if line)
        tap.ok(re.fullmatch(pattern(filter(None, lines)), printed), f"ecosgate(1): {command}", "the manual says:",
               *lines, "printed:", printed)
        played += 1
    tap.ok(played > 7, "ecosgate(1) shows commands", played)


if __name__ == "__main__":
    with Tap() as report:
        test_examples(report)
        play(report, Estate(SETTINGS), DECISIONS)
        play(report, Home(), BACKUPS, without_numbers)
