#!/usr/bin/env python3
"""A year of a gateway in minutes: the daemon with a clock that goes a day in a fraction of a second (clock_shim.c),
partners that send, answer and collect each day, two drops over SFTP, an inventory each week, a reload each week, a
kill -9 each month, retention and reports as by default. Samples memory, open descriptors, files and bytes each week;
memory and descriptors of the processes, too, that the gateway starts for cells and SFTP sessions.

    soak.py [PICTURE.svg]        DAYS=364 (at least 56)  DEVICES=30 (each day)  MEASURED=10000 (of the extrapolation)

The exit status is 1 when something grew that must not, when `spool verify` finds a fault, or when the extrapolation of
the whole programme exceeds its limit. Flat must be: memory without the pages of the ledger that SQLite keeps, that of
its processes, how many these are, descriptors, and files that are not of ended jobs. Ledger and kept jobs grow with the
Devices; the picture shows them for each Device, too."""
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import parties  # noqa: E402
from curves import picture  # noqa: E402
from home import GATE, Home, Tap, children_of, generate, terminate, wait_until  # noqa: E402
from sshd import Sshd  # noqa: E402

DAYS = int(os.environ.get("DAYS", "364"))
DEVICES = int(os.environ.get("DEVICES", "30"))
MEASURED = int(os.environ.get("MEASURED", "10000"))
SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "clock_shim.so"))
BEGIN = datetime(2023, 7, 3, 12)
PROGRAMME, WEEKS, LIMIT = 22_000_000, 65, 60e9  # Devices, weeks, bytes
SUPPLIER = "90-B3-D5-1F-30-05-00-01"
TRIES = 1.2  # tries of a Device: an assumption
INVENTORY_COPIES = 35 // 7 + 1  # what retention keeps of the weekly FULL file, and the present one
MAPR_COPIES = 35 // 7  # and of the weekly reports to Meter Asset Providers. A row is taken to be as large as one of INV
CACHE = 32 * 1024  # KiB of the ledger's pages that the program keeps in memory (cache_size in spool/ledger/ledger.c)
GROWTH = 1.10  # the last quarter of the year may have so many times what the second had


def device(number):
    return f"00-DB-12-34-56-{number >> 16 & 255:02X}-{number >> 8 & 255:02X}-{number & 255:02X}"


parties.device = device


def inventory(numbers, migrated):
    """Rows of INV; the first `migrated` Devices have their new credentials."""
    return [f"{device(n)},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,{SUPPLIER},,North,2021-06-14,"
            f"2021-06-14,{'ECOS' if n <= migrated else 'TCOS'}," for n in numbers]


# ---- the year ----

def family(pid):
    """The process and all that it has started."""
    return [pid] + [each for child in children_of(pid) for each in family(child)]


def kibibytes(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith(field)), 0)


class Year:
    def __init__(self):
        self.home = Home("gateway incident_party=NOBODY\ngateway poll_interval=1")
        self.server = Sshd(self.home.top)
        for drop in ("maps", "suppliers"):  # nobody waits for them: a server is asked once in a second, that is in days
            self.home.over_sftp(drop, self.server)
        self.parties = parties.Parties(self.home)
        self.clock = os.path.join(self.home.top, "clock")
        self.samples = []
        self.delivered = 0
        self.process = None
        self.set_clock(0)

    def set_clock(self, day, minutes=1):
        """Replaces the file that the shim reads: the program must not see an empty one."""
        ahead = int((BEGIN + timedelta(days=day, minutes=minutes) - datetime(1970, 1, 1)).total_seconds() - time.time())
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(str(ahead))
        os.rename(self.clock + ".new", self.clock)

    def start(self):
        """`run` as a service, with the clock of the test."""
        self.log = open(os.path.join(self.home.top, "log"), "ab")  # noqa: SIM115
        self.process = subprocess.Popen([GATE, "-c", self.home.conf, "run", "--log-level", "warning"], stderr=self.log,
                                        env={**os.environ, "LD_PRELOAD": SHIM, "CLOCK_FILE": self.clock,
                                             "CLOCK_BOOT": "1"})

    def out(self, drop, kind):
        return [name for name in self.home.out(drop) if name.startswith(kind)]

    def wait(self, what, condition):
        wait_until(lambda: self.process.poll() is not None or condition(), 120)
        if self.process.poll() is not None or not condition():
            raise RuntimeError(f"{what} did not come; the program's status is {self.process.poll()}")

    def collect(self):
        for drop in os.listdir(self.home.path("drops")):
            for name in self.home.out(drop):
                path = self.home.path("drops", drop, "out", name)
                if os.path.isfile(path) and not name.startswith("."):
                    os.remove(path)
                    self.delivered += 1

    def day(self, day):
        """An instruction in the morning, its results and confirmations an hour later, collected in the evening."""
        self.set_clock(day)
        parties.CREATED = (BEGIN + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
        numbers = range(day * DEVICES + 1, (day + 1) * DEVICES + 1)
        if day % 7 == 0:
            self.parties.references("INV", *inventory(range(1, (day + 7) * DEVICES + 1), day * DEVICES))
        self.parties.instruct(list(numbers))
        self.wait("a work order", lambda: self.out("tcos", "EMW") and self.out("mcc", "EMA"))
        self.set_clock(day, 61)
        batch = self.parties.numbers["EMI"]
        self.parties.result(*(parties.said(n, batch=batch, record=i) for i, n in enumerate(numbers, 1)))
        self.parties.confirm(*(parties.confirmed(n, batch=batch, record=i) for i, n in enumerate(numbers, 1)))
        self.wait("an outcome", lambda: self.out("mcc", "EMO"))
        self.collect()

    def sample(self, day):
        """After a reload: its retention round is over when two looks find the same files."""
        seen = None
        while seen != (seen := self.files()):
            time.sleep(0.3)
        family_now = family(self.process.pid)
        memory = kibibytes(self.process.pid, "VmRSS")
        ledger = sum(os.path.getsize(self.home.path("spool", name)) for name in os.listdir(self.home.path("spool"))
                     if name.startswith("ledger.sqlite"))
        plain, packed, size = seen
        self.samples.append({"day": day, "memory": memory, "beside": memory - min(ledger // 1024, CACHE),
                             "processes": len(family_now) - 1,
                             "others": sum(kibibytes(pid, "RssAnon") for pid in family_now[1:]),
                             "descriptors": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in family_now),
                             "plain": plain, "packed": packed, "spool": size, "ledger": ledger})

    def files(self):
        """Plain payloads and files beside the jobs that are kept for good, packed files, bytes on the disk."""
        plain = packed = size = 0
        for root, _, names in os.walk(self.home.path("spool")):
            for name in names:
                if not name.startswith("ledger.sqlite"):
                    try:
                        size += os.stat(os.path.join(root, name)).st_blocks * 512
                    except FileNotFoundError:
                        continue
                    packed += name.endswith(".gz")
                    plain += not name.endswith(".gz") and "/done" not in root
        return plain, packed, size

    def play(self):
        self.start()
        for day in range(DAYS):
            self.day(day)
            if day % 7 == 6:
                self.process.send_signal(signal.SIGHUP)
                self.sample(day + 1)
            if day % 28 == 13:
                self.process.kill()
                self.process.wait()
                self.start()
        terminate(self.process)


# ---- flatness ----

def quarter(samples, key, n):
    part = samples[len(samples) * n // 4:len(samples) * (n + 1) // 4]
    return sum(sample[key] for sample in part) / len(part)


def test_flat(tap, samples):
    for key, name, spare in (("beside", "memory without the ledger's pages (KiB)", 512),
                             ("others", "memory of cells and sessions (KiB)", 2048),
                             ("processes", "processes of cells and sessions", 1),
                             ("descriptors", "open descriptors, theirs too", 8),
                             ("plain", "files that are not of ended jobs", 3)):
        second, last = quarter(samples, key, 1), quarter(samples, key, 3)
        tap.ok(last <= second * GROWTH + spare, f"{name}: {second:.0f} in the second quarter, {last:.0f} in the last",
               [sample[key] for sample in samples])
    for key, name in (("ledger", "ledger"), ("spool", "spool")):
        steps = [(b[key] - a[key]) / (b["day"] - a["day"]) / DEVICES for a, b in zip(samples, samples[1:])]
        half = len(steps) // 2
        first = half // 4  # the first weeks fill the time until retention packs and removes
        early, late = sum(steps[first:half]) / (half - first), sum(steps[half:]) / (len(steps) - half)
        tap.ok(late <= early * 1.25, f"{name}: {early:.0f} bytes more for each Device before midyear, {late:.0f} after",
               [round(step) for step in steps])


# ---- the extrapolation ----

def tree_bytes(folder, kind=""):
    return sum(os.stat(os.path.join(root, name)).st_blocks * 512 for root, _, names in os.walk(folder)
               for name in names if kind in name and not name.startswith("ledger.sqlite"))


def ledger_bytes(home):
    return os.path.getsize(home.path("spool", "ledger.sqlite"))


def put(home, *options):
    """A file as samples/generate makes it, in its sender's drop."""
    path = generate(home.top, "--devices", str(MEASURED), "--form", "csv", *options)
    home.drop({"INV": "dcc", "EMI": "mcc", "EMT": "tcos", "EMC": "ecos"}[os.path.basename(path)[:3]], path)
    os.remove(path)


def measure():
    """Bytes for each Device of files as large as those of the programme, packed a day later as by default."""
    home = Home("gateway incident_party=NOBODY")
    home.run()
    empty = ledger_bytes(home)
    put(home, "--type", "INV", "--full")
    home.run()
    with_inventory = ledger_bytes(home)
    put(home, "--type", "INV", "--full", "--sequence", "2", "--time", "2023-07-03T07:00:00Z")
    home.run(now=parties.at(60))
    home.run(now=parties.at(2 * 1440))  # the first one is packed, the second one is the present one
    copy = tree_bytes(home.path("spool"), ".gz")
    before = tree_bytes(home.path("spool"))
    for minutes, kind in enumerate(("EMI", "EMT", "EMC"), 2 * 1440):
        put(home, "--type", kind)
        home.run(now=parties.at(minutes))
    for drop in os.listdir(home.path("drops")):
        for name in home.out(drop):
            if not name.startswith("."):
                os.remove(home.path("drops", drop, "out", name))
    for day in range(4, 7):
        home.run(now=parties.at(day * 1440))
    found = {"inventory row": (with_inventory - empty) / MEASURED, "inventory copy, packed": copy / MEASURED,
             "ledger": (ledger_bytes(home) - with_inventory) / MEASURED,
             "files of its jobs, packed": (tree_bytes(home.path("spool")) - before) / MEASURED}
    ended = parties.Parties(home).rows("SELECT count(*) FROM session WHERE state=7")[0][0]
    return found, ended, home.command("spool", "verify", now=parties.at(8 * 1440))


def extrapolate(found):
    """Lines of arithmetic, and the sum in bytes."""
    parts = [("rows of the inventory", PROGRAMME * found["inventory row"],
              f"{PROGRAMME:,} x {found['inventory row']:.0f}"),
             (f"FULL INV, {INVENTORY_COPIES} copies", INVENTORY_COPIES * PROGRAMME * found["inventory copy, packed"],
              f"{INVENTORY_COPIES} x {PROGRAMME:,} x {found['inventory copy, packed']:.1f}"),
             (f"MAPR, {MAPR_COPIES} weeks (assumed)", MAPR_COPIES * PROGRAMME * found["inventory copy, packed"],
              f"{MAPR_COPIES} x {PROGRAMME:,} x {found['inventory copy, packed']:.1f}"),
             ("detail reports (assumed)", 2 * PROGRAMME * found["inventory copy, packed"],
              f"2 x {PROGRAMME:,} x {found['inventory copy, packed']:.1f}"),
             ("rows of the ledger", PROGRAMME * TRIES * found["ledger"],
              f"{PROGRAMME:,} x {TRIES} tries x {found['ledger']:.0f}"),
             ("packed files of jobs", PROGRAMME * TRIES * found["files of its jobs, packed"],
              f"{PROGRAMME:,} x {TRIES} tries x {found['files of its jobs, packed']:.1f}")]
    total = sum(part[1] for part in parts)
    lines = [f"{name:24} {how:44} = {size / 1e9:6.2f} GB" for name, size, how in parts]
    whole = f"{PROGRAMME:,} Devices in {WEEKS} weeks"
    return lines + [f"{'the whole programme':24} {whole:44} = {total / 1e9:6.2f} GB, limit {LIMIT / 1e9:.0f} GB"], total


# ---- the picture ----

def draw(samples, path):
    curves = (("memory", "Memory, KiB (with up to 32 MiB of the ledger)"),
              ("beside", "Memory without the ledger's pages, KiB (must be flat)"),
              ("others", "Memory of cells and SFTP sessions, KiB (must be flat)"),
              ("processes", "Processes of cells and SFTP sessions (must be flat)"),
              ("descriptors", "Open descriptors, theirs too (must be flat)"),
              ("plain", "Files that are not of ended jobs (must be flat)"),
              ("ledger", "Ledger, bytes (grows with the Devices)"), ("spool", "Spool, bytes (grows with the Devices)"),
              ("each", "Bytes for each Device so far (must not rise)"))
    for sample in samples:
        sample["each"] = (sample["ledger"] + sample["spool"]) / (sample["day"] * DEVICES)
    picture(path, [(samples, *curve) for curve in curves],
            f"{DAYS} days, {DEVICES} Devices a day; a reload each week, a kill every fourth")


def main():
    with Tap() as tap:
        found, migrated, verified = measure()
        lines, total = extrapolate(found)
        print("\n".join(f"# {line}" for line in lines), flush=True)
        tap.ok(verified.returncode == 0 and migrated > MEASURED * 0.9, f"{migrated:,} of {MEASURED:,} measured Devices "
               "have migrated, and spool verify finds their home sound", verified.stdout.decode())
        tap.ok(total < LIMIT, f"the whole programme needs {total / 1e9:.1f} GB with the defaults")
        year, begun = Year(), time.monotonic()
        year.play()
        draw(year.samples, sys.argv[1] if len(sys.argv) > 1 else "soak.svg")
        end = (BEGIN + timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
        verified = year.home.command("spool", "verify", now=end)
        tap.ok(verified.returncode == 0, f"spool verify finds all sound after {DAYS} days in "
               f"{time.monotonic() - begun:.0f} s, {year.delivered} files delivered", verified.stdout.decode())
        test_flat(tap, year.samples)


if __name__ == "__main__":
    main()
