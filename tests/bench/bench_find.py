"""How long searches take with 6,000,000 Devices and 1,000,000 sessions; see run.sh. Nobody races: each line is
`find_…_ms`, the median of five whole calls of the program. The ledger is made by large_ledger.py, which takes
minutes and two gigabytes; FIND_HOME names a home to make it in, and to use again."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import large_ledger as large

GATE = os.path.abspath(os.environ.get("ECOSGATE", "./ecosgate"))
SIZES = [int(os.environ.get(name, default)) for name, default in
         (("FIND_DEVICES", large.DEVICES), ("FIND_SESSIONS", large.SESSIONS), ("FIND_JOBS", large.JOBS))]
AT_MOST = 100  # milliseconds for one condition, on a machine that does nothing else
ONE = f"""
device find --mpxn {large.mpan(5)}
device find --hub {large.eui(large.FIRST_HUB + 1)}
device find --supplier S000
device find --supplier S099
device find --model AB01/010A0005
device find --model AB01/{large.RARE}
device find --model AB01/010A0005/000201FF
device find --batch B-1
device find --state READY
device find --state REJECTED
device find --state DISPATCHED
device find --state CONFIRM_MISMATCH
device find --state MIGRATED
device find --code D117
device find --code D151
device find --code C103
device show {large.eui(large.device_of(400))}
spool list --type EMI --limit 100
spool list --type EMC --since 2023-06-01 --limit 100
spool list --sender MCC --limit 100
spool list --verdict RJ --limit 100
spool list --verdict AC --limit 100
spool list --batch F-4000
spool list --drop tcos --until 2023-05-01 --limit 100
spool list --state held --limit 100"""
# Where two conditions have many Devices each and few together, all of the smaller one are looked at.
SEVERAL = f"""
device find --state CONFIRM_MISMATCH --supplier S000
device find --state MIGRATED --supplier S000
device find --state FAILED --supplier S099
device find --batch B-1 --state FAILED
device find --supplier S000 --model AB01/010A0005 --state FAILED"""


def timed(home, words):
    call = [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", "2023-07-03T12:00:00Z", "--json", *words]
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        done = subprocess.run(call, capture_output=True, check=False)
        seconds.append(time.monotonic() - begun)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr.decode()}")
    return statistics.median(seconds) * 1000, done.stdout.count(b"\n")


def measure(home, name, calls):
    worst = 0
    for line in calls.split("\n")[1:]:
        milliseconds, rows = timed(home, line.split())
        worst = max(worst, milliseconds)
        print(f"# {milliseconds:6.1f} ms, {rows} rows: {line}", file=sys.stderr, flush=True)
    print(f"{name} {worst:.1f}", flush=True)


def main(*names):
    if names and "find" not in names:
        return
    kept = os.environ.get("FIND_HOME")
    folder = kept or tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    home = os.path.join(folder, "home")
    try:
        if not os.path.isdir(home):
            subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
            subprocess.run([GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", "2023-07-03T12:00:00Z", "run",
                            "--once"], check=True, stderr=subprocess.DEVNULL)
            large.fill(os.path.join(home, "spool", "ledger.sqlite"), *SIZES)
        measure(home, "find_one_condition_ms", ONE)
        measure(home, "find_several_conditions_ms", SEVERAL)
        print(f"# wanted of one condition: at most {AT_MOST} ms", file=sys.stderr)
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
