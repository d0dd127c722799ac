"""A day of ECOSMIG-001 against `sqlite3 -csv` writing the very same rows from the same ledger; see run.sh. Then the
reports of the week on the same home (bench_week.py).

Fair: both read the ledger that real files made (REPORT_DEVICES Devices over 100 Suppliers, nearly all migrated on one
day), find each Device's Supplier by the same rule, print the same cells in the same order of Suppliers, and write to
nowhere. That the rows are the same is compared before the race.
"""
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import bench_week
from bench import GATE, GENERATE, race, run
from bench_week import eui

DEVICES = int(os.environ.get("REPORT_DEVICES", "500000"))
INSTRUCTED = DEVICES - min(DEVICES // 10, 20000)  # the others are for bench_week.py
SUPPLIERS = 100
DAY = "2023-07-03T00:00:00Z"
NEXT = "2023-07-04T00:00:01Z"


def instant(value):
    return f"strftime('%Y-%m-%dT%H:%M:%SZ',{value},'unixepoch')"


# Of a meter the gaining Supplier of the last event, else the inventory's; of a GPF that of a gas meter on the hub, else
# of an electricity meter.
OF_METER = ("ifnull((SELECT gaining FROM cos c WHERE c.mpxn={0}.mpxn AND c.starts<=1688428800 "
            "ORDER BY c.starts DESC LIMIT 1),"
            "{0}.supplier)")
SQL = f"""
WITH ended AS (
  SELECT s.item, s.ended, a.at AS tcos_at, b.at AS ecos_at, w.job, w.record, w.device_id, w.attempt,
    m.device_type, m.mpxn, m.chf, m.manufacturer, m.model, m.firmware, m.region,
    CASE m.device_type WHEN 'GPF' THEN (SELECT {OF_METER.format("h")} AS found FROM inventory h WHERE h.chf=m.chf
        AND h.device_type IN ('GSME','ESME') AND h.status IN ('Commissioned','Recovered') AND found IS NOT NULL
        ORDER BY h.device_type='ESME', h.device_id LIMIT 1)
      ELSE {OF_METER.format("m")} END AS supplier
  FROM session s CROSS JOIN work_item w ON w.item=s.item JOIN transition a ON a.id=s.tcos
    JOIN transition b ON b.id=s.ecos
    JOIN inventory m ON m.device_id=w.device_id
  WHERE s.state=7 AND s.ended>=1688342400 AND s.ended<1688428800)
SELECT 'ECOSMIG-001','1.0','{DAY}','2023-07-04T00:00:00Z',{eui("e.supplier")},p.mpid,{eui("e.device_id")},e.device_type,
  e.mpxn,iif(e.chf IS NULL,NULL,{eui("e.chf")}),e.manufacturer,e.model,e.firmware,v.batch,
  j.org||'.'||v.batch||'.'||e.record,
  e.attempt,{instant("e.ended")},{instant("e.tcos_at")},{instant("e.ecos_at")},e.region
FROM ended e JOIN party p ON p.party_id=e.supplier AND p.role='SUPPLIER' JOIN job j ON j.id=e.job
  JOIN verdict v ON v.job=e.job AND v.items>0 ORDER BY e.supplier, e.item;
"""


def generate(folder, kind, devices):
    """The path of a file that it makes."""
    form = ["--form", "csv"] if kind.startswith("EM") else []
    return subprocess.run([GENERATE, "--type", kind, *form, "--devices", str(devices), "--suppliers", str(SUPPLIERS),
                           "-o", folder], check=True, capture_output=True, text=True).stdout.strip()


def make_home(folder):
    home = os.path.join(folder, "home")
    conf = os.path.join(home, "ecosgate.conf")
    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    passes = (("06:01", (("PTY", "dcc"), ("INV", "dcc"))), ("06:02", (("EMI", "mcc"),)),
              ("06:03", (("EMT", "tcos"),)), ("06:04", (("EMC", "ecos"),)))
    for time, files in passes:
        for kind, drop in files:
            made = generate(folder, kind, INSTRUCTED if kind.startswith("EM") else DEVICES)
            shutil.move(made, os.path.join(home, "drops", drop, "in"))
        done = subprocess.run([GATE, "-c", conf, "--now", f"2023-07-03T{time}:00Z", "run", "--once"],
                              capture_output=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"run --once: {done.stderr.decode()}")
    return home, conf


def sum_of_rows(argv):
    """How many rows there are, and a sum that their order does not change. Nothing is kept: what this process holds
    would count as memory of those that it begins."""
    count = total = 0
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        for line in child.stdout:
            row = line.rstrip(b"\r\n")
            if row and not row.startswith((b"ReportRef", b"MAPId", b"#COUNT")):
                count += 1
                total = (total + int.from_bytes(hashlib.sha256(row).digest(), "big")) % (1 << 256)
    return count, total


def same_rows(ours, theirs):
    """Without titles and counts; the rival's order of Suppliers is that of signed numbers."""
    mine, rival = sum_of_rows(ours), sum_of_rows(theirs)
    if mine != rival or mine[0] < DEVICES // 2:
        sys.exit(f"the rows are not the same: {mine[0]} and {rival[0]}")


NAMES = {"report_vs_sqlite_csv", "weekly_report_vs_sqlite_csv", "report_hold_up_s", "start_after_kill_s"}


def main(*names):
    if names and not NAMES & set(names):
        return
    folder = tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    try:
        home, conf = make_home(folder)
        ours = [GATE, "-c", conf, "--now", NEXT, "report", "ECOSMIG-001", "--period", DAY]
        theirs = ["sqlite3", "-csv", "-readonly", os.path.join(home, "spool", "ledger.sqlite"), SQL]
        same_rows(ours, theirs)
        peak = race("report_vs_sqlite_csv", lambda: run(ours), lambda: run(theirs), 0.5)
        # The report as it is issued: built, stored, delivered.
        issued = run([GATE, "-c", conf, "--now", NEXT, "run", "--once"]).kib
        if len(glob.glob(os.path.join(home, "drops", "suppliers", "out", "*", "ECOSMIG-001_*"))) != SUPPLIERS:
            sys.exit("the day was not issued to all Suppliers")
        bench_week.race_weekly(home, conf, same_rows)
        peak = max(peak, issued, bench_week.measure(folder, home, conf, generate(folder, "EMI", DEVICES), INSTRUCTED))
        print(f"peak_rss_mib_report {peak / 1024:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
