"""Races against other programs on the same data; see run.sh. Those over SFTP are in bench_sftp.py."""
import glob
import itertools
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import typing

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../..")))
GATE = os.path.abspath(os.environ.get("ECOSGATE", "./ecosgate"))
GENERATE = os.path.abspath(os.environ.get("GENERATE", "./samples/generate"))
DEVICES = int(os.environ.get("DEVICES", "1000000"))
PAIRS = max(5, int(os.environ.get("PAIRS", "5")))
NOW = "2023-07-03T12:00:00Z"
# Of files whose times fit together: when the work is ordered, answered, confirmed.
ORDERED, ANSWERED, CONFIRMED = (f"2023-07-03T06:0{minute}:00Z" for minute in (1, 2, 3))


class Took(typing.NamedTuple):
    """What a command took; with its child processes, but for kib."""
    seconds: float    # of wall clock
    kib: int = 0      # peak resident
    cpu: float = 0    # seconds of processors
    written: int = 0  # bytes given to disks


def released(name):
    """The value that the last release had; None: not known."""
    with open(os.path.join(TOP, "tests/bench/released.txt"), encoding="utf-8") as file:
        known = dict(line.split() for line in file if not line.startswith("#"))
    return known.get(name)


def say(name, value, took=None):
    """One line of results: NAME VALUE, then what our side took, then the last release's value."""
    words = [name, f"{value:.2f}"]
    if took is not None and took.cpu:
        words += ["cpu", f"{took.cpu:.2f}s", "peak", f"{took.kib / 1024:.1f}MiB",
                  "written", f"{took.written / (1 << 20):.1f}MiB"]
    if released(name) is not None:
        words += ["released", released(name)]
    print(*words, flush=True)


def run(argv, allowed=(0,)):
    """What one command took."""
    with tempfile.TemporaryFile() as messages:
        begun = time.monotonic()
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in allowed:
            messages.seek(0)
            sys.exit(f"{' '.join(argv)}: exit {child.returncode}\n{messages.read().decode()}")
        return Took(seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime, usage.ru_oublock * 512)


def race(name, ours, rival, at_least):
    """ours and rival are functions that return a Took, or its first members; at_least is the target, None: there is
    none."""
    pairs = []
    peak = 0
    for number in range(PAIRS):
        if number % 2:
            theirs, mine = rival(), ours()
        else:
            mine, theirs = ours(), rival()
        peak = max(peak, mine[1])
        pairs.append((theirs[0] / mine[0], mine[0], theirs[0], Took(*mine)))
    ratio = statistics.median(pair[0] for pair in pairs)
    mine = statistics.median(pair[1] for pair in pairs)
    theirs = statistics.median(pair[2] for pair in pairs)
    say(name, ratio, sorted((pair[3] for pair in pairs), key=lambda took: took.cpu)[len(pairs) // 2])
    wanted = "reported only" if at_least is None else f"wanted {at_least}"
    print(f"# {name}: ours {mine:.2f} s, rival {theirs:.2f} s, {wanted}; peak {peak / 1024:.1f} MiB",
          file=sys.stderr, flush=True)
    return peak


def by_cpu(took):
    """The same, with seconds of processors in the place of those of the clock."""
    return took._replace(seconds=took.cpu)


def generate(folder, *options):
    argv = [GENERATE, *options, "--devices", str(DEVICES), "-o", folder]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    return path


def take(folder, file, drop, answer):
    """run --once on a fresh home; making the home and the copy of the file are not counted. Work orders, which come
    after durable work and its answers, are kept for later by dispatch_hours."""
    home = fresh(os.path.join(folder, "home"))
    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(home, "ecosgate.conf"), "r+", encoding="utf-8") as conf:
        text = conf.read().replace("dispatch_hours=00-24", "dispatch_hours=00-01")
        conf.seek(0)
        conf.write(text)
        conf.truncate()
    shutil.copy(file, os.path.join(home, "drops", drop, "in"))
    os.sync()
    took = run([GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", NOW, "run", "--once"])
    if not glob.glob(os.path.join(home, "drops", drop, "out", answer)):
        sys.exit(f"run --once left no {answer} in drops/{drop}/out")
    return took


EMI = ("Kind RecordNumber DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion MPxN CHFDeviceID "
       "CSPRegion Attempt")
INV = ("Kind RecordNumber Action DeviceID DeviceType DeviceStatus DeviceManufacturer DeviceModel FirmwareVersion MPxN "
       "CHFDeviceID SupplierId MAPId CSPRegion InstalledDate CommissionedDate Credentials Pending")


def sqlite_import(folder, csv, names):
    database = os.path.join(folder, "rival.db")
    for path in glob.glob(database + "*"):
        os.remove(path)
    os.sync()
    return run(["sqlite3", database, f"CREATE TABLE device({','.join(names.split())});",
                "CREATE INDEX device_id ON device(DeviceID);", f".import --csv {csv} device"])


def answers(folder):
    """What results and confirmations cost: three functions. The first two bring an EMT of a tenth of the Devices, a
    minute after their dispatch, and then an EMC of the same Devices, each on a fresh copy of a home. The EMC's pass
    ends with the outcome file (EMO) of all its Devices, which is charged to the EMC; an EMT has none. The third
    function makes as many prepared updates by key as there are results, in one transaction of a table of those
    Devices, by the sqlite3 of Python, whose rows are made before its clock runs."""
    folder = os.path.join(folder, "answers")  # the instruction has the name of that of the other races
    os.mkdir(folder)
    count = max(1, DEVICES // 10)
    home = os.path.join(folder, "worked")
    gate = [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now"]
    made = {kind: subprocess.run([GENERATE, "--type", kind, "--form", "csv", "--devices", str(count), "--batch", "B-R",
                                  "--own-batch", "B-R", "-o", folder], check=True, capture_output=True,
                                 text=True).stdout.strip() for kind in ("EMI", "EMT", "EMC")}

    def keep(kind, drop, now, name):
        """Plays a file, and keeps the home that it leaves."""
        shutil.copy(made[kind], os.path.join(home, "drops", drop, "in"))
        subprocess.run(gate + [now, "run", "--once"], check=True, stderr=subprocess.DEVNULL)
        shutil.copytree(home, home + name)

    def play(kind, drop, now, kept):
        if not os.path.isdir(home):
            subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
            keep("EMI", "mcc", ORDERED, ".dispatched")
            keep("EMT", "tcos", ANSWERED, ".answered")
        shutil.rmtree(home)
        shutil.copytree(home + kept, home)
        shutil.copy(made[kind], os.path.join(home, "drops", drop, "in"))
        os.sync()
        took = run(gate + [now, "run", "--once"])
        org = os.path.basename(made[kind]).split("_")[1]
        told = glob.glob(os.path.join(home, f"drops/{drop}/out/EMA_{org}_*"))
        with open(told[0], encoding="utf-8") as file:
            if f",AC,,,,{count},{count},0" not in file.read():
                sys.exit(f"the records were not all applied: {told[0]}")
        return took

    def results():
        return play("EMT", "tcos", ANSWERED, ".dispatched")

    def confirmations():
        return play("EMC", "ecos", CONFIRMED, ".answered")

    def rival():
        database = os.path.join(folder, "update.db")
        for path in glob.glob(database + "*"):
            os.remove(path)
        with sqlite3.connect(database) as ledger:
            ledger.execute("PRAGMA journal_mode=WAL")
            ledger.execute("CREATE TABLE device(id INTEGER PRIMARY KEY, state TEXT, result TEXT, subject TEXT, "
                           "key TEXT)")
            ledger.executemany("INSERT INTO device(id,state) VALUES(?,'DISPATCHED')", ((n,) for n in range(count)))
        rows = [("CONFIRM_PENDING", "SUCCESS", "90-B3-D5-1F-30-0E-C0-02", f"{n:016X}", n) for n in range(count)]
        ledger.execute("PRAGMA synchronous=FULL")
        os.sync()
        begun = time.monotonic()
        with ledger:
            ledger.executemany("UPDATE device SET state=?,result=?,subject=?,key=? WHERE id=?", rows)
        seconds = time.monotonic() - begun
        ledger.close()
        return seconds, 0

    return results, confirmations, rival


def inventories(folder):
    """What a DELTA costs against a FULL on the same estate: two functions, which give seconds of processors for as many
    Devices, and a list of what the DELTAs wrote: bytes for each byte of the file. A DELTA has every tenth Device of the
    inventory, with another firmware; a FULL has all as they were. Each comes to a fresh copy of a home."""
    folder = os.path.join(folder, "estate")
    os.mkdir(folder)
    home = os.path.join(folder, "home")
    gate = [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", NOW, "run", "--once"]
    first, full = (generate(folder, "--type", "INV", "--sequence", number, "--time", f"2023-07-03T0{number}:00:00Z")
                   for number in "12")
    delta = os.path.join(folder, "delta", os.path.basename(full))
    os.mkdir(os.path.dirname(delta))
    with open(full, encoding="utf-8") as all_rows, open(delta, "w", encoding="utf-8") as file:
        file.write(next(all_rows).replace(",FULL", ",DELTA"))
        count = 0
        for row in itertools.islice(all_rows, 0, DEVICES, 10):
            count += 1
            fields = row.split(",")
            file.write(",".join([fields[0], str(count), *fields[2:8], "0F0F0F0F", *fields[9:]]))
        file.write(f"T,{count}\n")
    written = []

    def play(path, devices):
        shutil.rmtree(home)
        shutil.copytree(home + ".loaded", home)
        shutil.copy(path, os.path.join(home, "drops/dcc/in"))
        os.sync()
        took = run(gate)
        answers_to = sorted(glob.glob(os.path.join(home, "drops/dcc/out/EMA_DCC_*_000002*")))
        with open(answers_to[0], encoding="utf-8") as file:
            if f",AC,,,,{devices},{devices},0" not in file.read():
                sys.exit(f"the rows were not all taken: {answers_to[0]}")
        return took._replace(seconds=took.cpu * DEVICES / devices)

    def delta_of_all():
        took = play(delta, count)
        written.append(took.written / os.path.getsize(delta))
        return took

    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    shutil.copy(first, os.path.join(home, "drops/dcc/in"))
    subprocess.run(gate, check=True, stderr=subprocess.DEVNULL)
    shutil.copytree(home, home + ".loaded")
    return delta_of_all, lambda: play(full, DEVICES), written


def main(*names):
    folder = tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    schema = os.path.join(TOP, "formats/schema/ecos-migration-1.xsd")
    try:
        if names and all(name.startswith(("sftp_", "report_", "find", "small_", "programme")) for name in names):
            return
        xml = generate(folder, "--form", "xml")
        csv = generate(folder, "--form", "csv")
        inventory = generate(folder, "--type", "INV")
        check = [GATE, "--now", NOW, "check"]
        races = {
            "check_xml_vs_xmllint": ("check_xml", lambda: run(check + [xml]),
                                     lambda: run(["xmllint", "--noout", "--stream", "--schema", schema, xml]), 8),
            "check_csv_vs_miller": ("check_csv", lambda: run(check + [csv]),
                                    lambda: run(["mlr", "--icsv", "--ojson", "--implicit-csv-header",
                                                 "--allow-ragged-csv-input", "cat", csv]), 25),
            "split_vs_sqlite_import": ("run", lambda: take(folder, csv, "mcc", "EMD_*"),
                                       lambda: sqlite_import(folder, csv, EMI), 0.5),
            "inv_load_vs_sqlite_import": ("inv_load", lambda: take(folder, inventory, "dcc", "EMA_*"),
                                          lambda: sqlite_import(folder, inventory, INV), 0.5),
        }
        if not names or {"results_vs_sqlite_update", "confirmations_vs_results"} & set(names):
            results, confirmations, updates = answers(folder)
            races["results_vs_sqlite_update"] = ("results", results, updates, 0.5)
            # Of processors: 1 / 1.5 is wanted, for a confirmation may cost one and a half of a result.
            races["confirmations_vs_results"] = ("confirmations", lambda: by_cpu(confirmations()),
                                                 lambda: by_cpu(results()), 0.67)
        written = []
        if not names or "inv_delta_vs_full" in names:
            delta, full, written = inventories(folder)
            # Of processors, for each Device: a DELTA may cost twice what a FULL costs.
            races["inv_delta_vs_full"] = ("inv_delta", delta, full, 0.5)
        peaks = {peak: race(name, ours, rival, at_least) for name, (peak, ours, rival, at_least) in races.items()
                 if not names or name in names}
        if any(written):  # in memory nothing goes to a disk
            say("inv_delta_written_for_each_byte", statistics.median(written))
        for name, kib in peaks.items():
            print(f"peak_rss_mib_{name} {kib / 1024:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
