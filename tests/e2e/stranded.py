#!/usr/bin/env python3
"""STRAND: in the last weeks before TCoS closes each Supplier is told which Devices still hold TCoS credentials (TAP).

TCoS closes on Thursday, 10 February 2028, and stranded_weeks is 3. So the weeks that end on 24 and 31 January and on 7
February are reported. The rows were worked out by hand:

    AAAA   E1   never instructed                         E4   failed, D117; instructed again too early, C115
           E5   of a Non-Migratable model, C107          GONE   Decommissioned: not in scope
    BBBB   E6   migrated on 26 January                   G1   a try failed and another one waits
    CCCC   E8   came with ECoS credentials: never
    nobody P3   no meter is on its hub: unassigned
"""
import csv
import json
import os
import re
import sqlite3

from home import Tap
from reports import (AAAA, BBBB, CCCC, E1, E4, E5, E6, E8, G1, HUB, NON_MIGRATABLE, P3, POINT, SUPPLIER, Estate,
                     columns, eui, inventory)

GONE = eui("E2", 1)
POINT[GONE], HUB[GONE], SUPPLIER[GONE] = "1000000000077", 6, AAAA
STARTS = ("20280117", "20280124", "20280131")
PARTY = {"AAAA": AAAA, "BBBB": BBBB, "CCCC": CCCC}
SHOWN = ("DeviceID", "MigrationStatus", "LastErrorCode", "ResolvedBy", "Sessions", "Tries")
FAILED = "FAILED,17,I0,,1,,,,,,,"


def live(home):
    home.say("2028-01-03T10:00:00Z", "PTY", *(f"SET,{PARTY[mpid]},SUPPLIER,{mpid},," for mpid in PARTY))
    home.say("2028-01-03T10:00:00Z", "NMM", f"SET,ESME,{NON_MIGRATABLE},2027-11-01,,,")
    home.say("2028-01-03T10:00:00Z", "INV", *(inventory(d) for d in (E1, E4, E5, E6, G1, P3)),
             inventory(E8, "2021-04-06", "ECOS"), inventory(GONE).replace("Commissioned", "Decommissioned"))
    home.instruct("2028-01-04T10:00:00Z", "B1", E4, E5)
    home.result("2028-01-04T10:10:00Z", f"MCC.B1.1,{E4},{FAILED}")
    home.pass_at("2028-01-17T00:00:00Z")
    home.pass_at("2028-01-24T00:00:00Z")
    home.instruct("2028-01-26T10:00:00Z", "B2", E6)
    home.result("2028-01-26T10:10:00Z", f"MCC.B2.1,{E6},SUCCESS,0,I0,,1,,,,,,AA,BB")
    home.confirm("2028-01-26T10:20:00Z", f"MCC.B2.1,{E6},Y,,AA,BB,")
    home.instruct("2028-01-30T23:00:00Z", "B3", G1)
    home.result("2028-01-30T23:10:00Z", f"MCC.B3.1,{G1},FAILED,,E20,,1,,,,,,,")
    home.pass_at("2028-01-31T00:00:00Z")
    home.instruct("2028-02-03T12:00:00Z", "B4", E4)
    home.pass_at("2028-02-07T00:00:00Z")
    home.pass_at("2028-02-22T00:00:00Z")


UNTOUCHED = (E1, "TCOS", "", "", "0", "0")
ONCE = (E4, "FAILED_RETRY", "D117", "Supplier", "1", "1")
NEVER = (E5, "NON_MIGRATABLE", "C107", "Supplier", "0", "0")
EXPECTED = {
    ("AAAA", "20280117"): [UNTOUCHED, ONCE, NEVER],
    ("AAAA", "20280124"): [UNTOUCHED, ONCE, NEVER],
    ("AAAA", "20280131"): [UNTOUCHED, (E4, "FAILED_RETRY", "C115", "", "1", "1"), NEVER],
    ("BBBB", "20280117"): [(G1, "TCOS", "", "", "0", "0"), (E6, "TCOS", "", "", "0", "0")],
    ("BBBB", "20280124"): [(G1, "IN_SESSION", "D101", "Supplier", "1", "1")],
    ("CCCC", "20280131"): [],
}


def test_rows(tap, home):
    for (mpid, start), expected in EXPECTED.items():
        rows = csv.DictReader([",".join(columns("STRAND")), *home.report("STRAND", mpid, f"{start}_000000")])
        found = [tuple(row[name] for name in SHOWN) for row in rows]
        tap.ok(found == expected, f"STRAND of {mpid}, week from {start} on", f"expected {expected}",
               f"found    {found}")
    listed = [row for row in home.listed("2028-02-22T00:00:00Z") if row["ref"] == "STRAND"]
    tap.ok(sorted({row["period_start"] for row in listed}) ==
           [f"2028-01-{day}T00:00:00Z" for day in (17, 24, 31)], "the last three weeks that end before are reported",
           listed)
    tap.ok({row["unassigned"] for row in listed} == {1}, "the GPF of nobody is counted", listed)


def test_schedule(tap, home):
    rows = json.loads(home.command("--json", "status", now="2028-02-22T00:00:00Z").stdout)["reports"]
    strand = next(row for row in rows if row["ref"] == "STRAND")
    last = home.command("report", "STRAND", "--supplier", "AAAA", now="2028-02-22T00:00:00Z")
    tap.ok(last.returncode == 0 and b"2028-01-31T00:00:00Z" in last.stdout and not last.stderr,
           "after TCoS has closed the last issued one is printed", last.stdout, last.stderr)
    tap.ok(strand["next"] is None and strand["period_start"] == "2028-01-31T00:00:00Z", "then none follows", strand)
    for now in ("2028-02-22T00:00:00Z", "2028-06-01T00:00:00Z"):
        done = home.command("report", "STRAND", "--supplier", "AAAA", now=now)
        tap.ok(done.returncode == 0 and not done.stderr and b"2028-01-31T00:00:00Z" in done.stdout,
               f"{now}: `report STRAND` prints the last that was issued", done.stdout.decode(), done.stderr.decode())
    done = home.command("report", "STRAND", "--supplier", "AAAA", "--period", "2028-02-14T00:00:00Z", now=now)
    tap.ok(b"has not been issued" in done.stderr, "a week that is asked for is that week", done.stderr.decode())
    other = Estate("gateway reports_from=2028-01-01T00:00:00Z")
    other.pass_at("2028-02-01T00:00:00Z")
    tap.ok(not [row for row in other.listed("2028-02-01T00:00:00Z") if row["ref"] == "STRAND"],
           "without tcos_closes there is none")


def test_page(tap, home):
    with open(home.path("drops", "dcc", "out", "MGMT_TCOS_90-B3-D5-1F-30-00-00-04_20280131_000000.html"),
              encoding="utf-8") as file:
        text = re.search(r'<p id="closing-text">(.*?)</p>', file.read())[1]
    tap.ok(text == "5 still hold TCoS credentials. TCoS closes on 2028-02-10, 0.4 weeks after this period: 12 a week.",
           "the management page tells what remains and the time left", text)


def test_verify(tap, home):
    done = home.command("spool", "verify", now="2028-02-22T00:00:00Z")
    tap.ok(done.returncode == 0, "all is sound", done.stdout.decode())
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        changed = ledger.execute("UPDATE report_period SET unassigned=0 WHERE ref='STRAND' AND starts=1832284800")
    ledger.close()
    done = home.command("spool", "verify", now="2028-02-22T00:00:00Z")
    tap.ok(changed.rowcount == 1 and done.returncode == 1 and b"STRAND" in done.stdout,
           "spool verify finds rows that are not those of MGMT", done.stdout.decode())


def main():
    with Tap() as tap:
        home = Estate("gateway reports_from=2028-01-01T00:00:00Z\n"
                      "gateway tcos_closes=2028-02-10T00:00:00Z\ngateway stranded_weeks=3")
        live(home)
        test_rows(tap, home)
        test_schedule(tap, home)
        test_page(tap, home)
        test_verify(tap, home)


if __name__ == "__main__":
    main()
