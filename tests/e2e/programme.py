#!/usr/bin/env python3
"""A whole migration programme: 22,000,000 Devices in 65 weeks at SCALE=1, played by `generate programme` and passes of
`ecosgate run --once`, with kills at random moments. Every row that leaves the gateway is compared with the plan.

    programme.py [PICTURE.svg]   SCALE (1/200)  WEEKS (65; less without SCALE)  SUPPLIERS (by the scale)  SEED=1
                                 KILLS=1/20 (of the passes)  PLACE=DIR (where the home stands)

Prints what each stage costs, and what it would at scale 1. The exit status is 1 when a row is missing, or is there that
should not, when `spool verify` finds a fault, when memory exceeds its limit, or, from scale 1/200 and 40 weeks on, when
a Device costs more at the end of the programme than at its beginning. samples/README.md, The programme, says what is
played."""
import collections
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from fractions import Fraction

import gate
from curves import picture
from home import CLAIM, GENERATE, SANITIZED, Home, Tap

WHOLE = 22_000_000
SCALE = Fraction(os.environ.get("SCALE") or ("1/20000" if SANITIZED else "1/200"))
DEVICES = int(WHOLE * SCALE) // 32 * 32
WEEKS = int(os.environ.get("WEEKS") or (65 if os.environ.get("SCALE") else 18 if SANITIZED else 24))
LARGE = SCALE >= Fraction(1, 200)
# Large enough that the work is measured, not the starts of the program, and long enough to compare its thirds.
MEASURED = LARGE and WEEKS >= 40
ALL_SUPPLIERS = 60
SUPPLIERS = int(os.environ.get("SUPPLIERS") or (ALL_SUPPLIERS if SCALE >= Fraction(1, 50) else 12 if LARGE else 4))
SEED = int(os.environ.get("SEED") or 1)
KILLS = float(Fraction(os.environ.get("KILLS") or "1/20"))
BEGIN = datetime(2023, 7, 3)
MEMORY = 200 << 20
# So many times what it cost in the first third may a Device cost in the last one. Weekly reports read the work items,
# too, which few Devices have at first.
GROWTH, GROWTH_OF_REPORTS = 1.4, 2
DROPS = {"PTY": "dcc", "INV": "dcc", "COS": "dcc", "NMM": "dcc", "EMI": "mcc", "EMT": "tcos", "EMC": "ecos"}
TYPES = {"parties": "PTY", "inventory": "INV", "changes": "COS", "models": "NMM", "instructions": "EMI",
         "results": "EMT", "confirmations": "EMC"}
HOURS = 3600
IDLE = 5  # passes


def text_of(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Stage:
    """What all passes of one kind have cost."""

    def __init__(self):
        self.passes = self.work = self.wall = self.written = self.peak = self.records = self.files = 0
        self.weeks = collections.defaultdict(lambda: [0, 0])  # work and records of each


class Programme:
    def __init__(self):
        Home.place = os.environ.get("PLACE") or Home.place
        if Home.place:
            os.makedirs(Home.place, exist_ok=True)
        end = text_of(BEGIN + timedelta(weeks=WEEKS))
        self.home = Home(f"gateway tcos_closes={end}\ngateway migration_end={end}\ngateway stranded_weeks=4\n"
                         "gateway max_devices=16000000\ngateway max_bytes=17179869184\n"
                         "gateway ecos_subject=90-B3-D5-1F-30-02-00-00")
        self.chance = random.Random(SEED)
        self.stages = collections.defaultdict(Stage)
        self.last = {}  # seconds that the last pass of a stage took
        self.numbers = collections.Counter()
        self.found, self.twice, self.orders = {}, [], []
        self.kills = 0
        self.partners = 0  # seconds of a processor for writing and reading files
        self.week = 1
        self.idle = 0  # seconds of a processor that a pass takes in which there is nothing to do
        self.ledger = []

    # -- partners --

    def generate(self, command, *arguments, at=BEGIN, day=1, files=()):
        begun = os.times()
        done = subprocess.run([GENERATE, "programme", command, "--devices", str(DEVICES), "--weeks", str(WEEKS),
                               "--suppliers", str(SUPPLIERS), "--seed", str(SEED), "--week", str(self.week), "--day",
                               str(day), "--time", text_of(at), *arguments, *files], check=False, capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr}")
        ended = os.times()
        self.partners += sum(ended[2:4]) - sum(begun[2:4])
        return [line.split(" ") for line in done.stdout.splitlines()]

    def send(self, command, at, day=1, files=()):
        """Writes files into their sender's drop; how many records they have."""
        kind = TYPES[command]
        made = self.generate(command, "--sequence", str(self.numbers[kind] + 1), "-o", self.home.inbox(DROPS[kind]),
                             at=at, day=day, files=files)
        self.numbers[kind] += len(made)
        return sum(int(records) for _, records in made)

    def collect(self):
        """Takes what the gateway delivered, as its recipients would; how many files it was."""
        paths = [os.path.join(root, name) for drop in os.listdir(self.home.path("drops"))
                 for root, _, names in os.walk(self.home.path("drops", drop, "out")) for name in names
                 if name != CLAIM and not name.startswith(".")]
        for first in range(0, len(paths), 1000):
            for kind, recipient, period, rows, fingerprint in self.generate("tally", files=paths[first:first + 1000]):
                self.note((kind, recipient, period), int(rows), int(fingerprint))
        self.orders = []
        for path in paths:
            if os.path.basename(path).startswith("EMW_"):
                self.orders.append(os.path.join(self.home.top, os.path.basename(path)))
                os.rename(path, self.orders[-1])
            else:
                os.remove(path)
        return len(paths)

    def note(self, key, rows, fingerprint):
        known = self.found.get(key, (0, 0))
        if key in self.found and not key[0].startswith("EM"):
            self.twice.append(key)
        self.found[key] = known[0] + rows, (known[1] + fingerprint) % 2 ** 64

    # -- passes --

    def start(self, at, timeout):
        return gate.run("-c", self.home.conf, "--now", text_of(at), "run", "--once", timeout=timeout)

    def kill(self, name, at):
        """A pass that is killed at a random moment, unless it ends before."""
        try:
            self.start(at, self.chance.uniform(0.001, self.last.get(name, 0.05)))
        except subprocess.TimeoutExpired:
            self.kills += 1

    def run(self, name, at, records=0):
        stage = self.stages[name]
        killed = self.chance.random() < KILLS
        if killed:
            self.kill(name, at)
        begun = time.monotonic()
        done = self.start(at, HOURS)
        self.last[name] = time.monotonic() - begun
        if done.returncode not in ((0, 1) if name == "instructions" else (0,)):  # 1: some Devices were rejected
            raise RuntimeError(f"{name} at {at}: status {done.returncode}\n{done.stderr.decode()}")
        stage.passes += 1
        stage.work += done.work
        stage.wall += self.last[name]
        stage.written += done.written
        stage.peak = max(stage.peak, done.peak)
        stage.records += records
        if not killed:  # what was done before the kill is not done again
            stage.weeks[self.week][0] += done.work
            stage.weeks[self.week][1] += records
        stage.files += self.collect()

    # -- a week --

    def monday(self, begin):
        self.run("weekly reports", begin + timedelta(seconds=30), DEVICES if self.week > 1 else 0)
        if self.week > WEEKS:
            return
        at = begin + timedelta(hours=4)
        first = self.week == 1
        rows = sum(self.send(command, at) for command in (["parties"] if first else []) + ["changes", "models"])
        self.run("COS, NMM, PTY", at, rows)
        rows = self.send("inventory", at + timedelta(minutes=10))
        self.run("INV FULL" if first else "INV DELTA", at + timedelta(minutes=10), rows)

    def answer(self, at, day):
        """Results, then confirmations; the pass of the confirmations orders the next tries."""
        orders = self.orders
        rows = self.send("results", at, day, orders)
        self.run("results", at, rows)
        at += timedelta(minutes=10)
        rows = self.send("confirmations", at, day, orders)
        self.run("confirmations", at, rows)
        for path in orders:
            os.remove(path)

    def instruct(self, begin, day):
        """A morning of work. Files are packed a day after their job has ended: so is what Monday has brought."""
        self.run("empty reports", begin + timedelta(days=day, seconds=10))
        if day == 1:
            self.run("packing", begin + timedelta(days=day, hours=5))
        at = begin + timedelta(days=day, hours=6)
        rows = self.send("instructions", at, day)
        if rows:
            self.run("instructions", at, rows)
            for minutes in (30, 70, 110):
                self.answer(at + timedelta(minutes=minutes), day)
        self.run("daily reports", begin + timedelta(days=day + 1, hours=5), rows)
        self.run("packing", begin + timedelta(days=day + 1, hours=8, minutes=30), rows)  # sessions end, too

    def play(self):
        for self.week in range(1, WEEKS + 1):
            begin = BEGIN + timedelta(weeks=self.week - 1)
            self.monday(begin)
            for day in (1, 3):
                self.instruct(begin, day)
            self.ledger.append(os.path.getsize(self.home.path("spool", "ledger.sqlite")))
        self.week = WEEKS + 1
        self.monday(BEGIN + timedelta(weeks=WEEKS))
        self.week = WEEKS
        end = BEGIN + timedelta(weeks=WEEKS, minutes=2)
        self.start(end, HOURS)  # what is still to be done
        self.idle = sum(self.start(end, HOURS).work for _ in range(IDLE)) / IDLE

    # -- what was found --

    def differences(self):
        expected = {tuple(line[:3]): (int(line[3]), int(line[4])) for line in self.generate("expect")}
        wrong = [f"{' '.join(key)}: expected {expected.get(key, ('no file',))[0]} rows, found "
                 f"{self.found.get(key, ('no file',))[0]}" for key in sorted({*expected, *self.found})
                 if expected.get(key) != self.found.get(key)]
        return expected, wrong + [f"twice: {' '.join(key)}" for key in self.twice]


# ---- what is printed ----

def table(programme):
    print(f"# {'stage':18} {'passes':>6} {'records':>12} {'files':>7} {'CPU s':>9} {'wall s':>9} {'us/record':>9} "
          f"{'MB':>9} {'RSS MiB':>7}")
    for name, stage in programme.stages.items():
        each = f"{stage.work * 1e6 / stage.records:9.1f}" if stage.records else " " * 9
        print(f"# {name:18} {stage.passes:6} {stage.records:12,} {stage.files:7} {stage.work:9.2f} {stage.wall:9.2f} "
              f"{each} {stage.written / 1e6:9.1f} {stage.peak / 2 ** 20:7.1f}")


def whole(programme):
    """CPU and wall seconds of each stage at scale 1. A start of the program costs what it costs here, the files of
    reports grow with the Suppliers, and all else grows with the Devices."""
    idle = programme.idle
    empty = programme.stages["empty reports"]
    each_file = max(empty.work - empty.passes * idle, 0) / max(empty.files, 1)
    parts = {}
    for name, stage in programme.stages.items():
        starts = min(stage.passes * idle, stage.work)
        files = min(each_file * stage.files, stage.work - starts) if "reports" in name else 0
        rest = stage.work - starts - files
        work = starts + files * ALL_SUPPLIERS / SUPPLIERS + rest / float(SCALE)
        parts[name] = work, work * stage.wall / (stage.work or 1)
    return parts


def extrapolation(programme):
    parts = whole(programme)
    work, wall = (sum(part[i] for part in parts.values()) for i in (0, 1))
    print(f"# a pass with nothing to do: {programme.idle * 1e3:.1f} CPU ms")
    print(f"# at scale 1, {WHOLE:,} Devices: {work / HOURS:.2f} hours of a processor, {wall / HOURS:.2f} hours of time")
    for name, (seconds, _) in sorted(parts.items(), key=lambda part: -part[1][0]):
        print(f"#   {name:18} {seconds / 60:8.1f} CPU min {100 * seconds / work:5.1f} %")


def samples_of(stages, first=2, last=WEEKS, records=None):
    """What a record cost in each week, in microseconds."""
    found = []
    for week in range(first, last + 1):
        spent = sum(stage.weeks[week][0] for stage in stages)
        done = sum(stage.weeks[week][1] for stage in (stages if records is None else [records]))
        if done:
            found.append({"day": week * 7, "each": spent * 1e6 / done})
    return found


def curves_of(programme):
    stages = programme.stages
    busy = WEEKS - 15  # afterwards only repetitions are instructed
    instructions = stages["instructions"]
    sessions = [stages[name] for name in ("instructions", "results", "confirmations")]
    return [(samples_of(sessions, 3, busy, instructions), "each", "CPU us for each Device that is instructed"),
            (samples_of([stages["results"]], 3, busy), "each", "CPU us for each result"),
            (samples_of([stages["confirmations"]], 3, busy), "each", "CPU us for each confirmation"),
            (samples_of([stages["INV DELTA"]], 3, busy), "each", "CPU us for each row of an INV DELTA"),
            (samples_of([stages["weekly reports"]], 3), "each", "CPU us of the weekly reports for each Device"),
            (samples_of([stages["packing"]], 3, WEEKS, stages["weekly reports"]), "each",
             "CPU us of packing for each Device")]


def mean(samples):
    return sum(sample["each"] for sample in samples) / len(samples)


def test_flat(tap, curves):
    for samples, _, title in curves:
        third = len(samples) // 3
        first, last = mean(samples[:third]), mean(samples[-third:])
        growth = GROWTH_OF_REPORTS if "reports" in title else GROWTH
        tap.ok(last <= first * growth, f"{title}: {first:.1f} in the first third, {last:.1f} in the last",
               [round(sample["each"], 1) for sample in samples])


def test_rows(tap, programme):
    expected, wrong = programme.differences()
    rows = sum(rows for rows, _ in programme.found.values())
    tap.ok(not wrong, f"{rows:,} rows in {len(programme.found):,} reports and days of answers are those of the plan of "
           f"{DEVICES:,} Devices, {len(expected):,} expected", *wrong[:20])


def test_end(tap, programme):
    home = programme.home
    now = text_of(BEGIN + timedelta(weeks=WEEKS, hours=1))
    begun = time.monotonic()
    done = home.command("spool", "verify", now=now, timeout=HOURS)
    tap.ok(done.returncode == 0, f"spool verify finds all sound after {programme.kills} kills; it took {done.work:.1f} "
           f"CPU s, {time.monotonic() - begun:.1f} s", done.stdout.decode()[-3000:])
    batch = home.json("batch", "list", now=now)[-1]["batch"]
    device = home.json("device", "find", "--batch", batch, now=now)[0]["device"]
    for words in (("status",), ("device", "show", device), ("batch", "show", batch)):
        done = home.command(*words, now=now)
        print(f"# {' '.join(words[:2])}: {done.work * 1e3:.0f} ms")


def main():
    with Tap() as tap:
        print(f"# {DEVICES:,} Devices, {WEEKS} weeks, {SUPPLIERS} Suppliers, scale {SCALE}, seed {SEED}", flush=True)
        begun = time.monotonic()
        programme = Programme()
        programme.play()
        print(f"# played in {time.monotonic() - begun:.0f} s; {programme.partners:.0f} CPU s were the partners'; the "
              f"ledger has {programme.ledger[-1] / 1e6:.0f} MB, {programme.ledger[-1] / DEVICES:.0f} bytes a Device")
        table(programme)
        extrapolation(programme)
        curves = curves_of(programme)
        if len(sys.argv) > 1:
            picture(sys.argv[1], curves, f"{DEVICES:,} Devices in {WEEKS} weeks; {programme.kills} kills")
        test_rows(tap, programme)
        test_end(tap, programme)
        peak = max(stage.peak for stage in programme.stages.values())
        tap.ok(peak < MEMORY or SANITIZED, f"at most {peak / 2 ** 20:.0f} MiB of memory")
        if MEASURED:
            test_flat(tap, curves)


main()
