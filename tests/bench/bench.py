"""Races against other programs on the same data; see run.sh. Those over SFTP are in bench_sftp.py."""
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../..")))
GATE = os.path.abspath(os.environ.get("ECOSGATE", "./ecosgate"))
GENERATE = os.path.abspath(os.environ.get("GENERATE", "./samples/generate"))
DEVICES = int(os.environ.get("DEVICES", "1000000"))
PAIRS = max(5, int(os.environ.get("PAIRS", "5")))
NOW = "2023-07-03T12:00:00Z"


def run(argv, allowed=(0,)):
    """Seconds of wall clock and peak resident KiB of one command."""
    with tempfile.TemporaryFile() as messages:
        begun = time.monotonic()
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in allowed:
            messages.seek(0)
            sys.exit(f"{' '.join(argv)}: exit {child.returncode}\n{messages.read().decode()}")
        return seconds, usage.ru_maxrss


def race(name, ours, rival, at_least):
    """ours and rival are functions that return (seconds, KiB)."""
    pairs = []
    peak = 0
    for number in range(PAIRS):
        if number % 2:
            theirs, mine = rival(), ours()
        else:
            mine, theirs = ours(), rival()
        peak = max(peak, mine[1])
        pairs.append((theirs[0] / mine[0], mine[0], theirs[0]))
    ratio = statistics.median(pair[0] for pair in pairs)
    mine = statistics.median(pair[1] for pair in pairs)
    theirs = statistics.median(pair[2] for pair in pairs)
    print(f"{name} {ratio:.2f}", flush=True)
    print(f"# {name}: ours {mine:.2f} s, rival {theirs:.2f} s, wanted {at_least}; peak {peak / 1024:.1f} MiB",
          file=sys.stderr, flush=True)
    return peak


def generate(form, folder):
    argv = [GENERATE, "--form", form, "--devices", str(DEVICES), "-o", folder]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    return path


def split(folder, csv):
    """run --once on a fresh home; making the home and the copy of the file are not counted."""
    home = fresh(os.path.join(folder, "home"))
    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    shutil.copy(csv, os.path.join(home, "drops/mcc/in"))
    os.sync()
    took = run([GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", NOW, "run", "--once"])
    if not glob.glob(os.path.join(home, "drops/mcc/out/EMD_*")):
        sys.exit("run --once left no EMD in drops/mcc/out")
    return took


def sqlite_import(folder, csv):
    database = os.path.join(folder, "rival.db")
    for path in glob.glob(database + "*"):
        os.remove(path)
    names = ("Kind RecordNumber DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion MPxN "
             "CHFDeviceID CSPRegion Attempt").split()
    os.sync()
    return run(["sqlite3", database, f"CREATE TABLE device({','.join(names)});",
                "CREATE INDEX device_id ON device(DeviceID);", f".import --csv {csv} device"])


def main(*names):
    folder = tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    schema = os.path.join(TOP, "formats/schema/ecos-migration-1.xsd")
    try:
        if names and all(name.startswith(("sftp_", "report_")) for name in names):
            return
        xml = generate("xml", folder)
        csv = generate("csv", folder)
        check = [GATE, "--now", NOW, "check"]
        races = {
            "check_xml_vs_xmllint": ("check_xml", lambda: run(check + [xml]),
                                     lambda: run(["xmllint", "--noout", "--stream", "--schema", schema, xml]), 3),
            "check_csv_vs_miller": ("check_csv", lambda: run(check + [csv]),
                                    lambda: run(["mlr", "--icsv", "--ojson", "--implicit-csv-header",
                                                 "--allow-ragged-csv-input", "cat", csv]), 3),
            "split_vs_sqlite_import": ("run", lambda: split(folder, csv), lambda: sqlite_import(folder, csv), 0.5),
        }
        peaks = {peak: race(name, ours, rival, at_least) for name, (peak, ours, rival, at_least) in races.items()
                 if not names or name in names}
        for name, kib in peaks.items():
            print(f"peak_rss_mib_{name} {kib / 1024:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
