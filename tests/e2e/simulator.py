#!/usr/bin/env python3
"""The partners that samples/simulate.py plays: what they send is taken, as often as asked, the same for the same seed
(TAP)."""
import collections
import os
import shutil
import subprocess
import sys

from home import NOW, SAMPLES, SANITIZED, SOURCE, Home, Tap, generate
from model_files import Answer, COLUMNS, GATEWAY
from model_time import text_of, time_of

SCHEMA = f"{SOURCE}/formats/schema/ecos-migration-1.xsd"
DEVICES = 200 if SANITIZED else 2000
START = time_of(NOW)
SHARES = {"D101": .1, "D117": .05, "D103": .05, "silence": .05, "NOT_ATTEMPTED": .05}
ASKED = [word for fate, share in SHARES.items() for word in
         (("--silence", str(share)) if fate == "silence" else ("--error", f"{fate}={share}"))]


def simulate(home, *arguments, now=START + 600):
    return subprocess.run([sys.executable, f"{SAMPLES}/simulate.py", home.dir, "--now", text_of(now), *arguments],
                          capture_output=True, text=True, check=False)


def instructed(settings="", devices=DEVICES):
    home = Home(settings)
    generate(home.inbox("mcc"), "--form", "csv", "--devices", str(devices))
    home.run()
    return home


def sent(home, drop):
    """The files in a drop that wait for the gateway: (name, bytes)."""
    folder = home.inbox(drop)
    found = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found.append((name, file.read()))
    return found


def take(home):
    """Everything sent so far, out of the drops: a partner's own copies."""
    files = sent(home, "tcos") + sent(home, "ecos")
    for drop in ("tcos", "ecos"):
        shutil.rmtree(home.inbox(drop))
        os.mkdir(home.inbox(drop))
    return files


def forget(home):
    os.remove(home.path("simulator.json"))


def rows_of(files, kind):
    rows = []
    for name, data in files:
        if name.startswith(kind):
            lines = [line.split(",") for line in data.decode().split("\r\n")]
            rows += [dict(zip(("RecordNumber", *COLUMNS[kind]), line[1:])) for line in lines if line[0] == "D"]
    return rows


def fate(row):
    if row["Result"] in ("SUCCESS", "NOT_ATTEMPTED"):
        return row["Result"]
    return {"E20": "D101", "": "D103"}.get(row["DUISCode"], "D117")


def test_shares(tap):
    home = instructed()
    done = simulate(home, *ASKED, "--mismatch", "0.1", "--unconfirmed", "0.2")
    files = take(home)
    results, confirmations = rows_of(files, "EMT"), rows_of(files, "EMC")
    counts = collections.Counter(map(fate, results))
    counts["silence"] = DEVICES - len(results)
    tap.ok(done.returncode == 0 and not done.stderr, "it answers a work order", done.stdout, done.stderr)
    for name, share in {**SHARES, "SUCCESS": 1 - sum(SHARES.values())}.items():
        spread = 5 * (DEVICES * share * (1 - share)) ** .5
        tap.ok(abs(counts[name] - DEVICES * share) < spread, f"{name}: about {share:.0%} of {DEVICES}", counts)
        written = "silence" if name == "silence" else name
        tap.ok(f"{written} {counts[name]}" in done.stdout, f"{name}: the summary says how many", done.stdout)
    keys = {row["WorkItemId"]: row["ReplacingKeyId"] for row in results if row["Result"] == "SUCCESS"}
    same = sum(keys.get(row["WorkItemId"]) == row["KeyId"] for row in confirmations)
    tap.ok({row["WorkItemId"] for row in confirmations} <= set(keys), "only what was replaced is confirmed")
    tap.ok(abs(len(confirmations) - .8 * len(keys)) < 5 * (.16 * len(keys)) ** .5, "some successes are not confirmed",
           len(confirmations), len(keys))
    tap.ok(abs(same - .7 * len(keys)) < 5 * (.21 * len(keys)) ** .5, "some are confirmed with another key", same,
           len(keys))
    done = simulate(home, *ASKED)
    tap.ok(done.returncode == 0 and not take(home) and "no work order" in done.stdout,
           "no work order is answered twice",
           done.stdout)


def test_determinism(tap):
    home, parts = instructed(), instructed(f"gateway work_order_devices={DEVICES // 3}")
    written = {}
    for seed in ("7", "7", "8"):
        simulate(home, *ASKED, "--seed", seed)
        files = take(home)
        tap.ok(written.setdefault(seed, files) == files and files, f"seed {seed}: its files")
        forget(home)
    tap.ok(written["7"] != written["8"], "another seed, other fates")
    simulate(parts, *ASKED[:-2], "--seed", "7")
    simulate(home, *ASKED[:-2], "--seed", "7")
    fates = [{row["DeviceID"]: (fate(row), row["ReplacingKeyId"]) for row in rows_of(take(one), "EMT")}
             for one in (home, parts)]
    tap.ok(fates[0] == fates[1], "a Device's fate does not depend on the file that it is in")
    forget(home)
    simulate(home, "--side", "tcos", "--seed", "7")
    first = take(home)
    simulate(home, "--side", "ecos", "--seed", "7")
    second = take(home)
    forget(home)
    simulate(home, "--seed", "7")
    both = take(home)
    tap.ok(first + second == both and first and second, "one side after the other says the same as both")
    simulate(home, "--seed", "7", "--again")
    again = take(home)
    tap.ok([name[-10:] for name, _ in again] == ["000002.csv", "000002.csv"] and
           rows_of(again, "EMT") == rows_of(both, "EMT") and rows_of(again, "EMC") == rows_of(both, "EMC"),
           "asked to, it says the same again under the next numbers", [name for name, _ in again])


def test_taken(tap, form):
    """The program takes what was written, and so it goes on until every Device has ended."""
    home = instructed(f"gateway work_order_form={form}")
    simulate(home, *ASKED, "--form", form)
    files = sorted(os.path.join(home.inbox(drop), name) for drop in ("tcos", "ecos") for name, _ in sent(home, drop))
    done = home.command("check", *files, now=text_of(START + 600))
    tap.ok(len(files) == 2 and done.returncode == 0, f"{form}: `check` finds nothing wrong", done.stdout.decode(),
           done.stderr.decode())
    if form == "xml" and shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, *files], capture_output=True, text=True,
                              check=False)
        tap.ok(done.returncode == 0, "xml: neither does the published schema", done.stderr)
    now = START + 600
    while now < START + 3 * 86400 and not any(name.startswith("EMO") for name in home.out("mcc")):
        done = home.run(now=text_of(now))
        now += 600 if now < START + 86400 / 4 else 6 * 3600
        if done.returncode != 0:
            break
        simulate(home, *ASKED, "--form", form, now=now)
    written = [Answer(name, home.read_out(drop, name)) for drop in ("tcos", "ecos") for name in home.out(drop)
            if name.startswith("EMA")]
    outcomes = collections.Counter(answer.file["Outcome"] for answer in written)
    tap.ok(done.returncode == 0 and set(outcomes) == {"AC"}, f"{form}: every file is accepted", outcomes,
           done.stderr.decode())
    ends = [Answer(name, home.read_out("mcc", name)) for name in home.out("mcc") if name.startswith("EMO")]
    tap.ok(len(ends) == 1 and len(ends[0].rows) == DEVICES, f"{form}: every Device has an outcome", len(ends))
    rows = ends[0].rows if ends else []
    again = [row for row in rows if row["Outcome"] == "MIGRATED" and int(row["Tries"]) > 1]
    lost = [row for row in rows if row["Code"] == "D117"]
    tap.ok(len(again) > DEVICES * .05 and len(lost) > DEVICES * .01,
           f"{form}: some needed a retry, some failed for good",
           len(again), len(lost))
    tap.ok(home.command("spool", "verify", now=text_of(now)).returncode == 0, f"{form}: all is sound")


def test_misuse(tap):
    home = Home()
    for text, arguments in (("shares over 1", ("--success", ".9", "--silence", ".2")),
                            ("a code that is none", ("--error", "D9=.1")),
                            ("a share that is none", ("--silence", "2")), ("a time that is none", ("--now", "noon"))):
        done = simulate(home, *arguments)
        tap.ok(done.returncode == 2 and "simulate.py: " in done.stderr and "Traceback" not in done.stderr, text,
               done.stderr)
    order = home.path("drops", "tcos", "out", f"EMW_TCOS_{GATEWAY}_20230703_120000_000001.csv")
    with open(order, "w", encoding="utf-8") as file:
        file.write("H,EMW,1.0\r\n")
    done = simulate(home)
    tap.ok(done.returncode == 2 and "no whole work order" in done.stderr and not sent(home, "tcos"),
           "a work order that is cut short is not answered", done.stderr)
    shutil.rmtree(home.dir)
    done = simulate(home)
    tap.ok(done.returncode == 2 and "ecosgate init" in done.stderr, "a home that is none", done.stderr)


if __name__ == "__main__":
    with Tap() as report:
        test_shares(report)
        test_determinism(report)
        test_misuse(report)
        test_taken(report, "csv")
        test_taken(report, "xml")
