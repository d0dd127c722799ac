#!/usr/bin/env python3
"""Nothing is lost and nothing is used that is not there: valgrind over check, run and the looks (TAP)."""
import glob
import os
import re
import shutil

from home import SAMPLES, Home, Tap, generate, SANITIZED

VALGRIND = ("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9")
SUPPRESS = {"G_SLICE": "always-malloc", "G_DEBUG": "gc-friendly"}
FOLDERS = ("good", "codes/B101", "codes/B109", "codes/B111", "codes/B201", "codes/B203", "codes/B204", "codes/B205",
           "codes/B304", "codes/C102", "codes/C113")


def expect_clean(tap, home, text, *arguments):
    done = home.command(*arguments, env=SUPPRESS, prefix=VALGRIND)
    tap.ok(done.returncode in (0, 1) and b"==" not in done.stderr, f"valgrind finds nothing: {text}", done.returncode,
           done.stderr.decode(errors="replace")[-4000:])


def test_check(tap, home):
    files = [path for folder in FOLDERS for path in sorted(glob.glob(os.path.join(SAMPLES, folder, "EM*")))]
    expect_clean(tap, home, f"check of {len(files)} samples, as text", "check", *files)
    expect_clean(tap, home, "the same as JSON", "--json", "check", *files)
    for form in ("junit", "sarif"):
        expect_clean(tap, home, f"the same as {form}", "check", "--format", form, *files)
    answers = os.path.join(home.top, "answers")
    os.mkdir(answers)
    few = {re.sub(r"\.[a-z.]*$", "", os.path.basename(path)): path for path in reversed(files)}.values()
    expect_clean(tap, home, f"{len(few)} of them with answers", "check", "--answers", answers, *few)
    tap.ok(len(os.listdir(answers)) > len(few), "each file has an answer", os.listdir(answers))
    expect_clean(tap, home, "more findings than are listed", "check", "--max-findings", "3",
                 generate(home.top, "--form", "xml", "--devices", "300", "--bad", "50"))


def test_run(tap, home):
    for path in sorted(glob.glob(os.path.join(SAMPLES, "good", "EM*"))):
        home.drop("mcc", path)
    home.drop("mcc", generate(home.top, "--form", "csv", "--devices", "300", "--bad", "50", "--sequence", "20"))
    home.drop("mcc", glob.glob(os.path.join(SAMPLES, "codes/B101", "EM*"))[0])
    expect_clean(tap, home, "run --once", "run", "--once")
    tap.ok(len([name for name in home.out("mcc") if name.startswith("EMA")]) == 6, "every file was answered",
           home.out("mcc"))
    os.rename(home.path("drops", "mcc", "out"), home.path("away"))
    home.drop("mcc", generate(home.top, "--form", "xml", "--devices", "3", "--sequence", "21", "--seed", "9"))
    done = home.command("run", "--once", env=SUPPRESS, prefix=VALGRIND)
    tap.ok(done.returncode == 2 and b"==" not in done.stderr, "valgrind finds nothing: a drop that is down",
           done.stderr.decode(errors="replace")[-4000:])


def test_looks(tap, home):
    device = home.read_out("tcos", home.out("tcos")[0]).decode().split("\n")[1].split(",")[3]
    rejected = [job["id"] for job in home.json("spool", "list") if job["state"] == "rejected"][0]
    for arguments in (("spool", "list"), ("--json", "spool", "show", "1"), ("spool", "show", rejected),
                      ("spool", "verify"), ("spool", "cat", "1"), ("device", "show", device), ("--json", "status"),
                      ("spool", "requeue", rejected, "--reason", "again"), ("spool", "show", "99")):
        expect_clean(tap, home, " ".join(arguments[:3]), *arguments)


if __name__ == "__main__":
    if shutil.which("valgrind") is None or SANITIZED:
        print("1..0 # SKIP no valgrind here, or the program has a sanitizer of its own")
    else:
        with Tap() as report:
            place = Home("gateway cells=no")  # what a cell parses is looked at, too, if it is this process
            test_check(report, place)
            place = Home("gateway cells=no")  # what a cell parses is looked at, too, if it is this process
            test_run(report, place)
            os.rename(place.path("away"), place.path("drops", "mcc", "out"))
            test_looks(report, place)
