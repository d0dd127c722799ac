"""How long what operators look at takes with 6,000,000 Devices and 1,000,000 sessions; see run.sh. Lines `find_…_ms`
and `look_ms` are the median of five whole calls of the program. Lines `look_…` are ratios: `sqlite3` with the same
question to the same ledger, against ours; processor seconds, for wall time says little on a machine with other work.
The ledger is made by large_ledger.py, which takes minutes and two gigabytes; FIND_HOME names a home to make it in, and
to use again. Its spool has a folder for each job, as a spool of that age has."""
import fcntl
import itertools
import os
import resource
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

# For every combination of conditions: of each kind one that many Devices fit, and of some another, which only a few of
# the others' Devices fit, or none.
MANY = {"mpxn": [large.mpan(5)], "hub": [large.eui(large.FIRST_HUB + 1)], "supplier": ["S000"],
        "model": ["AB01/010A0005/00020105", "AB01/010A0004", "AB01/010A0005"], "batch": ["B-1"],
        "state": ["FAILED", "MIGRATED", "READY"], "code": ["D117", "C103"]}

LOOK = f"""
status
today
health
batch list
batch show B-1
device show {large.eui(large.device_of(400))}"""
# What `sqlite3` is asked, for the same answer: its state and its figures, as somebody without the program would.
DAY = "1688342400 AND {0}<1688428800"
RIVALS = {
    "look_status": ("status", "SELECT ifnull(s.state,w.outcome),count(*) FROM work_item w LEFT JOIN session s"
                              " ON s.item=w.item GROUP BY 1"),
    "look_today": ("today", "SELECT count(*) FROM transition WHERE state=3 AND at>=" + DAY.format("at") +
                            ";SELECT state,code,count(*) FROM session WHERE ended>=" + DAY.format("ended") +
                            " GROUP BY 1,2"),
    "look_batch": ("batch show B-1", "SELECT ifnull(s.state,w.outcome),count(*) FROM verdict v JOIN work_item w"
                                     " ON w.job=v.job AND w.item>=v.first_item AND w.item<v.first_item+v.items"
                                     " LEFT JOIN session s ON s.item=w.item WHERE v.batch='B-1' GROUP BY 1"),
    "look_find": ("device find --supplier S000 --model AB01/010A0005 --state FAILED",
                  "SELECT w.device_id FROM session s JOIN work_item w ON w.item=s.item JOIN inventory i ON"
                  " i.device_id=w.device_id JOIN party p ON p.party_id=ifnull((SELECT gaining FROM cos c WHERE"
                  " c.mpxn=i.mpxn AND c.starts<=1688385600 ORDER BY c.starts DESC LIMIT 1),i.supplier) AND"
                  " p.role='SUPPLIER' WHERE s.state=8 AND i.manufacturer='AB01' AND i.model='010A0005' AND"
                  " p.mpid='S000' LIMIT 100"),
}


def processor(argv, calls=5):
    """Processor seconds of a program: the median of some calls."""
    seconds = []
    for _ in range(calls):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds)


def race(home):
    for name, (words, sql) in RIVALS.items():
        ours = processor([GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", "2023-07-03T12:00:00Z",
                          *words.split()])
        theirs = processor(["sqlite3", "-readonly", os.path.join(home, "spool", "ledger.sqlite"), sql])
        print(f"# {words}: {ours * 1000:.1f} ms of a processor, sqlite3 {theirs * 1000:.1f} ms", file=sys.stderr)
        print(f"{name} {theirs / ours:.2f}", flush=True)


def timed(home, words):
    call = [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", "2023-07-03T12:00:00Z", "--json", *words]
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        done = subprocess.run(call, capture_output=True, check=False)
        seconds.append(time.monotonic() - begun)
        if done.returncode not in (0, 1):  # health has 1 and 2 for what it finds
            sys.exit(f"{' '.join(words)}: exit {done.returncode}: {done.stderr.decode()}")
    return statistics.median(seconds) * 1000, done.stdout.count(b"\n")


def measure(home, name, calls):
    worst = 0
    for line in calls.split("\n")[1:]:
        milliseconds, rows = timed(home, line.split())
        worst = max(worst, milliseconds)
        print(f"# {milliseconds:6.1f} ms, {rows} rows: {line}", file=sys.stderr, flush=True)
    print(f"{name} {worst:.1f}", flush=True)


def measure_combinations(home):
    """Of all combinations of two and more kinds the one that takes most of a processor."""
    worst = 0
    for n in range(2, len(MANY) + 1):
        for kinds in itertools.combinations(MANY, n):
            for values in itertools.product(*(MANY[kind] for kind in kinds)):
                words = [word for kind, value in zip(kinds, values) for word in (f"--{kind}", value)]
                taken = processor([GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", "2023-07-03T12:00:00Z",
                                   "device", "find", *words], 1) * 1000
                if taken > worst:
                    print(f"# {taken:6.1f} ms of a processor: device find {' '.join(words)}", file=sys.stderr)
                worst = max(worst, taken)
    print(f"find_every_combination_ms {worst:.1f}", flush=True)


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
            for job in range(1, SIZES[2] + 1):
                os.makedirs(os.path.join(home, "spool", "done", f"{job // 1000:05d}xxx", f"{job:08d}"))
        with open(os.path.join(home, "spool", "lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as beside a gateway that runs
            measure(home, "look_ms", LOOK)
            race(home)
        measure(home, "look_stopped_ms", "\nstatus")
        measure(home, "find_one_condition_ms", ONE)
        measure(home, "find_several_conditions_ms", SEVERAL)
        measure_combinations(home)
        print(f"# wanted of one condition: at most {AT_MOST} ms", file=sys.stderr)
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
