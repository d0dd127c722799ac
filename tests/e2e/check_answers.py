#!/usr/bin/env python3
"""`check --answers`: the bytes are those of a real `run`, and nothing is overwritten (TAP)."""
import collections
import glob
import gzip
import os
import re
import subprocess

from check import MCC, NOT_JUDGED, ROW, Folder, name_of, text_of
from home import GATE, NOW, SAMPLES, SANITIZED, Home, Tap
from samples_in import settings_of

# Codes that a dry run leaves out: it has no ledger. -c adds B103 and B207. Those of results, too. In a fresh home C104
# can only be a type that is out of scope, which a dry run finds.
BEYOND = {code.encode() for code in (*NOT_JUDGED, "C118", "C119", "C121") if code not in ("B103", "B207", "C104")}
# The file with the answers of `run` is in the drop of this party.
DROPS = {"EMT": "tcos", "EMC": "ecos", "INV": "dcc", "COS": "dcc", "NMM": "dcc", "PTY": "dcc"}


def answers_in(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        if re.match(r"EM[AD]_", name):
            with open(os.path.join(folder, name), "rb") as file:
                found[name] = file.read()
    return found


def compare(home, path):
    """What `run` and `check` answer to one file in a fresh home. None: `run` applied a rule that needs its ledger."""
    drop = DROPS.get(os.path.basename(path)[:3], "mcc")
    target = os.path.join(home.top, "answers")
    os.mkdir(target)
    checked = home.command("check", "--answers", target, path)
    home.drop(drop, path)
    home.run()
    expected = answers_in(home.path("drops", drop, "out"))
    if not expected or any(re.search(rb"\b" + code + rb"\b", content) for code in BEYOND
                           for content in expected.values()):
        return None
    return expected, answers_in(target), checked


def test_samples(tap):
    """In a fresh home both count from 1, and --now gives both the same time: every byte is the same."""
    folders = [os.path.join(SAMPLES, "good"), os.path.join(SAMPLES, "way"), *sorted(glob.glob(f"{SAMPLES}/codes/*"))]
    compared = collections.Counter()
    for folder in folders[::6 if SANITIZED else 1]:
        for path in sorted(glob.glob(os.path.join(folder, "*"))):
            name = os.path.basename(path)
            if name in ("order", "settings", "expected"):
                continue
            home = Home(settings_of(folder))
            result = compare(home, path)
            if result is None:
                compared["left out"] += 1
            else:
                expected, found, checked = result
                compared.update(name[:3] for name in expected)
                compared["form " + path.rsplit(".", 1)[-1]] += 1
                if expected != found:
                    tap.ok(False, f"{os.path.basename(folder)}/{name}: the answers of check are those of run",
                           sorted(expected), sorted(found), checked.stderr.decode(),
                           *(f"{expected[n].decode()}\n{found[n].decode()}" for n in expected if n in found))
                    compared["bad"] += 1
            home.remove()
    most = 1 if SANITIZED else 40
    tap.ok(compared["bad"] == 0 and compared["EMA"] >= most and compared["EMD"] >= (0 if SANITIZED else 10) and
           (SANITIZED or all(compared["form " + end] for end in ("csv", "xml", "gz", "zip"))),
           f"the answers to {compared['EMA']} samples are those of run, byte for byte", compared)


def masked(content):
    """Without what only the gateway knows: its number of the file, and when it received it."""
    text = content.decode()
    text = re.sub(r"<(FileSequence|CreationDateTime|ReceivedAt)>[^<]*<", r"<\1><", text)
    lines = text.split("\r\n")
    for i, line in enumerate(lines):
        cells = line.split(",")
        if cells[0] == "H":
            cells[5] = cells[6] = ""
        elif cells[0] == "F":
            cells[4] = ""
        lines[i] = ",".join(cells)
    return "\r\n".join(lines)


def test_what_only_the_gateway_knows(tap):
    """A gateway that has worked before, at another time; the sender has no configuration."""
    home, folder = Home(), Folder()
    target = os.path.join(folder.path, "answers")
    os.mkdir(target)
    home.run()
    paths = sorted(glob.glob(os.path.join(SAMPLES, "good", "EMI*"))) + [
        os.path.join(folder.path, folder.write(name_of(5), text_of(5, [ROW.format(1, 91), ROW.format(2, 91)]))),
        os.path.join(folder.path, folder.write(name_of(6), text_of(6, [ROW.format(1, 92)], count=3)))]
    for path in paths:
        home.drop("mcc", path)
    home.run(now="2023-07-03T15:00:00Z")
    expected = answers_in(home.path("drops", "mcc", "out"))
    done = folder.check("--answers", target, *paths)
    found = answers_in(target)
    tap.ok(sorted(found) == sorted(expected) and len(found) == 11, "the names are those of run", done.stderr.decode())
    different = [name for name in expected if masked(expected[name]) != masked(found.get(name, b""))]
    tap.ok(not different and any(expected[name] != found[name] for name in expected),
           "without -c the bytes differ in FileSequence, CreationDateTime and ReceivedAt only", different)
    text = done.stdout.decode()
    tap.ok(all(f"\n  answer {target}/{name}\n" in text for name in found) and done.returncode == 1,
           "the output names each answer", text)
    listed = folder.check("--answers", target, *paths, options=("--json",))
    tap.ok(len(listed.stdout.splitlines()) == len(paths), "a file that is not answered again is judged all the same")


def test_unknown_names(tap):
    """Of a name outside the grammar the configuration knows the party, the file alone does not."""
    home, folder = Home(), Folder()
    for name in ("first", "second"):
        os.mkdir(os.path.join(folder.path, name))
    bad = folder.write(f"EMI_MCC_{MCC}_20230703_060000_1.csv", text_of(1, [ROW.format(1, 1)]))
    bad = os.path.join(folder.path, bad)
    home.command("check", "--answers", os.path.join(folder.path, "first"), bad)
    folder.check("--answers", "second", bad)
    home.drop("mcc", bad)
    home.run()
    expected = answers_in(home.path("drops", "mcc", "out"))
    tap.ok(expected and answers_in(os.path.join(folder.path, "first")) == expected,
           "a name outside the grammar, with -c: the bytes of run")
    (name, content), = answers_in(os.path.join(folder.path, "second")).items()
    tap.ok(expected[name].replace(MCC.encode(), b"", 1) == content, "without -c: RecipientId is empty", content)


def test_cap(tap):
    """The gateway lists 1,000 findings and counts the others; so do the answers."""
    home, folder = Home(), Folder()
    rows = [f"D,{n},x,ESME,AB01,010A030B,0002012F,1012345678903,,Central,1" for n in range(1, 1203)]
    path = os.path.join(folder.path, folder.write(name_of(1), text_of(1, rows)))
    expected, found, _ = compare(home, path)
    tap.ok(expected == found and any(b",B199," in content or b"B199" in content for content in found.values()),
           "a file with more findings than an EMA lists")


def test_nothing_is_overwritten(tap):
    folder = Folder()
    for name in ("answers", "a", "b"):
        os.mkdir(os.path.join(folder.path, name))
    one, two = (folder.write(f"{place}/{name_of(1)}", text_of(1, [ROW.format(1, n)]))
                for place, n in (("a", 1), ("b", 2)))
    target = os.path.join(folder.path, "answers")
    done = folder.check("--answers", "answers", one, two)
    before = answers_in(target)
    tap.ok(done.returncode == 2 and done.stdout.count(b"  AC accepted") == 2 and len(before) == 2 and
           f"{two}: is not answered: a file of the same name came before it".encode() in done.stderr and
           b"1 could not be answered" in done.stdout, "two files of one name: the second is judged and not answered",
           done.stdout.decode(), done.stderr.decode())
    done = folder.check("--answers", "answers", two)
    tap.ok(done.returncode == 2 and answers_in(target) == before and
           b"stands in the folder of --answers already" in done.stderr, "an answer that is there stays", done.stderr)
    os.remove(os.path.join(target, min(before)))
    done = folder.check("--answers", "answers", two)
    tap.ok(done.returncode == 2 and list(answers_in(target)) == [max(before)],
           "where one of two answers is there, none is written", done.stderr)
    own = folder.write("EMA_" + name_of(5)[4:-4] + "_R1.csv", b"x")
    done = folder.check("--answers", "answers", own, "a/" + name_of(1), options=("--json",))
    tap.ok(done.returncode == 2 and b"a gateway never answers such a file" in done.stderr,
           "a file that no gateway answers", done.stderr)


def test_targets(tap):
    home, folder = Home(), Folder()
    home.run()
    good = os.path.join(folder.path, folder.write(name_of(1), text_of(1, [ROW.format(1, 1)])))
    link = os.path.join(folder.path, "link")
    os.symlink(home.path("drops", "mcc", "in"), link)
    owned = b"is a folder of a gateway"
    for text, target, reason, options in (
            ("a folder that is not there", "nowhere", b"make the folder first", ()),
            ("a file", good, b"is no folder", ()),
            ("the out of a gateway, which its claim shows", home.path("drops", "mcc", "out"), owned, ()),
            ("the in of a drop", home.path("drops", "mcc", "in"), owned, ("-c", home.conf)),
            ("a link to it", link, owned, ("-c", home.conf)),
            ("a folder in the spool", home.path("spool", "ready"), owned, ("-c", home.conf))):
        done = folder.check("--answers", target, good, options=options)
        tap.ok(done.returncode == 2 and reason in done.stderr and not done.stdout, f"refused: {text}", done.stderr)
    tap.ok(not os.listdir(home.path("drops", "mcc", "in")), "nothing was written there")
    done = folder.check("--answers", ".", "--max-findings", "3", good)
    tap.ok(done.returncode == 2 and b"leave --max-findings out" in done.stderr, "refused: --max-findings", done.stderr)


def test_input_and_folder(tap):
    """Standard input, and a folder that gets the answers to its own files."""
    folder = Folder()
    os.mkdir(os.path.join(folder.path, "box"))
    content = text_of(1, [ROW.format(1, 1)])
    name = name_of(1, "csv.gz")
    folder.write(f"box/{name}", gzip.compress(content, mtime=0))
    done = folder.check("--answers", "box", "box")
    box = answers_in(os.path.join(folder.path, "box"))
    tap.ok(done.returncode == 0 and len(box) == 2, "the answers may stand beside the files", done.stderr)
    again = folder.check("box")
    tap.ok(again.returncode == 0 and b"1 file: 1 AC, 0 WN, 0 PA, 0 RJ, 2 left out" in again.stdout,
           "answers in a folder are left out", again.stdout.decode())
    os.mkdir(os.path.join(folder.path, "other"))
    done = subprocess.run([GATE, "--now", NOW, "check", "-", "--name", name, "--answers", "other"], cwd=folder.path,
                          input=gzip.compress(content, mtime=0), capture_output=True, check=False)
    tap.ok(done.returncode == 0 and answers_in(os.path.join(folder.path, "other")) == box,
           "standard input gets the same answers", done.stderr)


def test_full_disk(tap):
    """What cannot be written whole leaves no half file."""
    folder = Folder()
    os.mkdir(os.path.join(folder.path, "answers"))
    name = folder.write(name_of(1), text_of(1, [ROW.format(n, n) for n in range(1, 120)]))
    limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]
    done = subprocess.run([*limited, GATE, "--now", NOW, "check", "--answers", "answers", name], cwd=folder.path,
                          capture_output=True, check=False)
    left = os.listdir(os.path.join(folder.path, "answers"))
    tap.ok(done.returncode == 2 and b"119 accepted" in done.stdout and len(left) == 1 and left[0].startswith("EMA_"),
           "the EMD does not fit: the EMA is there, no half EMD", left, done.stdout.decode()[-300:],
           done.stderr.decode(), done.returncode)


if __name__ == "__main__":
    with Tap() as report:
        test_samples(report)
        test_what_only_the_gateway_knows(report)
        test_unknown_names(report)
        test_cap(report)
        test_nothing_is_overwritten(report)
        test_targets(report)
        test_input_and_folder(report)
        test_full_disk(report)
