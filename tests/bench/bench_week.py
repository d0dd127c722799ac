"""The reports of a week on the estate of bench_report.py, and a daemon on it; see run.sh.

Fair: MAPR, the report with most rows, against `sqlite3 -csv` printing the very same rows from the same ledger, by the
same rules for Supplier and status; both write to nowhere. That the rows are the same is compared before the race.

report_hold_up_s: a daemon builds the reports of the week while files of 20 Devices and operators' orders come, one
after the other. The longest time until a file has its answers and its work order, or an order is carried out, without
the median time of the same while no report is due. start_after_kill_s: from the start of a daemon that follows a killed
one until a file that waits has its answers, without the same after a daemon that ended by itself.
"""
import atexit
import glob
import os
import signal
import statistics
import subprocess
import sys
import time

from bench import GATE, Took, race, run, say

WEEK = "2023-07-03T00:00:00Z"
SUNDAY, MONDAY, LATER = "2023-07-09T23:50:00Z", "2023-07-10T00:00:00Z", "2023-07-10T00:00:10Z"
END = 1688947200  # MONDAY
SMALL = 20        # Devices of a file
PATIENCE = 600    # seconds
SETTINGS = {"gateway": "poll_interval=1\ninventory_max_age=3650\nincident_party=NOBODY", "drop mcc": "complete=at-once"}
REPORTS = ("suppliers/out/*/ECOSMIG-004_*", "suppliers/out/*/ECOSMIG-005_*", "maps/out/*/MAPR_*", "dcc/out/MGMT_*")


def eui(value):
    hexadecimal = f"printf('%016X',{value})"
    return "||'-'||".join(f"substr({hexadecimal},{at},2)" for at in range(1, 17, 2))


def supplier_of(meter):
    """Of a meter the gaining Supplier of the last event, else the inventory's."""
    return (f"ifnull((SELECT gaining FROM cos c WHERE c.mpxn={meter}.mpxn AND c.starts<={END} "
            f"ORDER BY c.starts DESC LIMIT 1),{meter}.supplier)")


# Every Device of a Meter Asset Provider with its sessions. A GPF has the Supplier of a gas meter on its hub, else of an
# electricity meter. No migration of this estate was overruled.
SQL = f"""
WITH past AS (
  SELECT w.device_id, min(iif(s.state=7,s.ended,NULL)) AS migrated, sum(s.state=8) AS failed,
    max(iif(w.outcome=0 AND s.ended IS NULL,ifnull(s.state,0),NULL)) AS live
  FROM work_item w LEFT JOIN session s ON s.item=w.item GROUP BY w.device_id),
estate AS (
  SELECT m.*, CASE m.device_type WHEN 'GPF' THEN (SELECT {supplier_of("h")} AS found FROM inventory h WHERE h.chf=m.chf
        AND h.device_type IN ('GSME','ESME') AND h.status IN ('Commissioned','Recovered') AND found IS NOT NULL
        ORDER BY h.device_type='ESME', h.device_id LIMIT 1) ELSE {supplier_of("m")} END AS responsible
  FROM inventory m WHERE m.map IS NOT NULL)
SELECT {eui("e.map")},e.mpxn,{eui("e.device_id")},e.device_type,e.manufacturer,e.model,e.firmware,e.status,
  date(e.commissioned,'unixepoch'),p.mpid,
  CASE WHEN e.device_type NOT IN ('ESME','GSME','GPF') OR e.status IN ('Decommissioned','Withdrawn')
      THEN 'OUT_OF_SCOPE'
    WHEN past.migrated IS NOT NULL OR e.credentials='ECOS' THEN 'ECOS'
    WHEN past.live IS NOT NULL THEN CASE past.live WHEN 0 THEN 'INSTRUCTED' WHEN 5 THEN 'CONFIRM_PENDING'
      WHEN 6 THEN 'CONFIRM_MISMATCH' ELSE 'IN_SESSION' END
    WHEN EXISTS(SELECT 1 FROM non_migratable n WHERE n.device_type=e.device_type AND n.manufacturer=e.manufacturer
      AND n.model=e.model AND n.firmware IN ('',e.firmware) AND n.since<={END} AND ifnull(n.until,{END}+1)>{END})
      THEN 'NON_MIGRATABLE'
    WHEN past.failed>=5 THEN 'FAILED_ACTION' WHEN past.failed>0 THEN 'FAILED_RETRY' ELSE 'TCOS' END,
  date(past.migrated,'unixepoch')
FROM estate e JOIN party a ON a.party_id=e.map AND a.role='MAP'
  LEFT JOIN past ON past.device_id=e.device_id
  LEFT JOIN party p ON p.party_id=e.responsible AND p.role='SUPPLIER' ORDER BY e.map,e.device_id;
"""


def race_weekly(home, conf, same_rows):
    ours = [GATE, "-c", conf, "--now", MONDAY, "report", "MAPR", "--period", WEEK]
    theirs = ["sqlite3", "-csv", "-readonly", os.path.join(home, "spool", "ledger.sqlite"), SQL]
    same_rows(ours, theirs)
    race("weekly_report_vs_sqlite_csv", lambda: run(ours), lambda: run(theirs), 0.5)


# ---- a daemon ----

class Files:
    """Instructions of 20 Devices that were not instructed before: the last ones of a larger instruction."""

    def __init__(self, folder, home, path, first):
        self.folder, self.home, self.number = folder, home, 1
        self.name = os.path.basename(path)
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        self.header, self.rows = lines[0].split(","), lines[1 + first:-1]

    def put(self):
        """Drops the next file. Its number."""
        self.number += 1
        rows, self.rows = self.rows[:SMALL], self.rows[SMALL:]
        if len(rows) < SMALL:
            sys.exit("the estate has no more Devices for small files; raise REPORT_DEVICES")
        header = [*self.header]
        header[5], header[8] = str(self.number), f"SMALL-{self.number}"
        records = [",".join(["D", str(i), *row.split(",")[2:]]) for i, row in enumerate(rows, 1)]
        hidden = os.path.join(self.folder, "small")
        with open(hidden, "w", encoding="ascii") as file:
            file.write("\n".join([",".join(header), *records, f"T,{SMALL}", ""]))
        name = self.name.replace("_000001.", f"_{self.number:06d}.")
        os.rename(hidden, os.path.join(self.home, "drops/mcc/in", name))
        return self.number

    def orders(self):
        return len(glob.glob(os.path.join(self.home, "drops/tcos/out/EMW_*")))

    def answered(self, number):
        return all(glob.glob(os.path.join(self.home, f"drops/mcc/out/{kind}_*_{number:06d}_R1.csv"))
                   for kind in ("EMA", "EMD"))


def wait_for(condition, what):
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > PATIENCE:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.002)
    return time.monotonic() - begun


def start(conf, now):
    daemon = subprocess.Popen([GATE, "-c", conf, "--now", now, "run"], stderr=subprocess.DEVNULL)
    atexit.register(daemon.kill)  # a measurement that fails leaves none
    return daemon


def end(daemon, how=signal.SIGTERM):
    """What the daemon took."""
    daemon.send_signal(how)
    _, status, usage = os.wait4(daemon.pid, 0)
    daemon.returncode = os.waitstatus_to_exitcode(status)
    if how == signal.SIGTERM and daemon.returncode != 0:
        sys.exit(f"the daemon has ended with {daemon.returncode}")
    return Took(0, usage.ru_maxrss, usage.ru_utime + usage.ru_stime, usage.ru_oublock * 512)


def handle(files):
    """Seconds until a file has its answers, and its Devices are ordered."""
    ordered, number = files.orders(), files.put()
    return wait_for(lambda: files.answered(number) and files.orders() > ordered, "answers and work order")


def order(conf, now, verb):
    begun = time.monotonic()
    run([GATE, "-c", conf, "--now", now, "drop", verb, "ecos", "--reason", "bench"])
    return time.monotonic() - begun


def work(files, conf, now, goes_on):
    """A file, then two orders, until there is nothing to measure any more: the seconds of each."""
    of_files, of_orders = [], []
    while goes_on(len(of_files)):
        of_files.append(handle(files))
        of_orders += [order(conf, now, verb) for verb in ("pause", "resume")]
    return of_files, of_orders


def issued(home):
    """Whether all weekly reports were delivered."""
    found = [len(glob.glob(os.path.join(home, "drops", pattern))) for pattern in REPORTS]
    return all(found) and found[0] == found[1]


def measure_hold_up(files, home, conf):
    daemon = start(conf, MONDAY)
    busy = work(files, conf, MONDAY, lambda _: not issued(home))
    calm = work(files, conf, MONDAY, lambda count: count < 10)
    took = end(daemon)
    rest = [max(during) - statistics.median(after) for during, after in zip(busy, calm)]
    print(f"# {len(busy[0])} files while reports were built, longest {max(busy[0]):.2f} s, median of later ones "
          f"{statistics.median(calm[0]):.2f} s; orders {max(busy[1]):.2f} s, {statistics.median(calm[1]):.2f} s; "
          "wanted at most 1 s longer", file=sys.stderr, flush=True)
    say("report_hold_up_s", max(*rest, 0), took)
    return took.kib


def measure_start(files, conf):
    """After a SIGTERM, then after a SIGKILL."""
    seconds = []
    for how in (signal.SIGTERM, signal.SIGKILL):
        daemon = start(conf, LATER)
        handle(files)
        end(daemon, how)
        number = files.put()
        daemon = start(conf, LATER)
        seconds.append(wait_for(lambda n=number: files.answered(n), "answers after a start"))
        took = end(daemon)
    print(f"# a start after SIGTERM {seconds[0]:.2f} s, after SIGKILL {seconds[1]:.2f} s; wanted at most 5 s",
          file=sys.stderr, flush=True)
    say("start_after_kill_s", seconds[1], took)


def configure(conf):
    """Each of the settings in place of the one that `init` has written."""
    with open(conf, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for group, settings in SETTINGS.items():
        for setting in settings.split("\n"):
            begin = lines.index(f"[{group}]")
            at = next(i for i in range(begin, len(lines)) if lines[i].startswith(setting.split("=")[0] + "="))
            lines[at] = setting
    with open(conf, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def measure(folder, home, conf, instruction, first):
    """instruction: a file whose Devices from `first` on were not instructed. The daemon's peak, KiB."""
    files = Files(folder, home, instruction, first)
    configure(conf)
    run([GATE, "-c", conf, "--now", SUNDAY, "run", "--once"], (0, 1))
    peak = measure_hold_up(files, home, conf)
    measure_start(files, conf)
    return peak
