#!/usr/bin/env python3
"""ECOSMIG-003 and -006: each row is in one report, the first that is issued after the gateway knew of it. Sums of
Suppliers and rows of Meter Asset Providers that PTY does not name (TAP).

The first reported month is January 2028. The rows were worked out by hand:

    hub 4: ESME E4 and GPF P4, BBBB's from 20 January on. The COS comes on 3 February.
    at E4's supply point, too:
        GONE   Decommissioned before the change; WITHDRAWN   Withdrawn     gained by nobody
        LATE   installed on 5 January, in the inventory from 4 March on    gained in January, told in March
        AFTER  installed on 21 January, in the inventory from 4 March on   came when BBBB was responsible already
    E6: BBBB's from 10 February on by the COS of 2 February, CCCC's by that of 3 March: both gained it
    E7: CCCC's from 20 December on: before the first period
    with ECoS credentials:
        DAY31   installed on 31 January, in the inventory from 1 February on          told in February
        BEFORE  installed on 31 December                                              told never
        NOBODY  installed on 15 January at CCCC, whom PTY names from 10 February on   told in February
        AGAIN   installed on 10 January. The FULL of 5 February leaves it out, that of 6 February has it again, with
                another InstalledDate, and so has that of 4 March                     told in January alone
        HELD    installed on 3 January. A session failed when it held TCoS credentials: it did not come with ECoS
"""
import csv
import fcntl
import subprocess
import sys
import termios

from home import GATE, Tap, wait_until
from live import change
from older import make_old
from reports import (AAAA, BBBB, CCCC, E1, E2, E4, E5, E6, E7, HUB, MAPS, NON_MIGRATABLE, POINT, SUPPLIER, Estate,
                     eui, expect_found, inventory)

P4, GONE, WITHDRAWN, LATE, AFTER = eui("F0", 4), *(eui("E2", n) for n in (1, 2, 3, 4))
DAY31, BEFORE, NOBODY, AGAIN, HELD, OLD, NEW = (eui("E3", n) for n in (1, 2, 3, 4, 5, 6, 7))
for other in (GONE, WITHDRAWN, LATE, AFTER):
    POINT[other], HUB[other], SUPPLIER[other] = POINT[E4], 4, AAAA
for place, other in enumerate((DAY31, BEFORE, NOBODY, AGAIN, HELD, OLD, NEW), 31):
    POINT[other], HUB[other], SUPPLIER[other] = f"10000000000{place}", 6, AAAA
SUPPLIER[NOBODY] = CCCC
GPF = f"SET,{P4},GPF,Commissioned,AB01,010A030B,0002012F,,{eui('C0', 4)},,,North,2021-04-06,2021-04-06,TCOS,"
FIRST, SECOND, THIRD, FOURTH = (f"2028-0{month}-01T00:00:00Z" for month in (2, 3, 4, 5))


def status(device, text):
    return inventory(device).replace("Commissioned", text)


def estate(held="TCOS"):
    """What every inventory has."""
    return [inventory(E4), inventory(E6), inventory(E7), GPF, status(GONE, "Decommissioned"),
            status(WITHDRAWN, "Withdrawn"), inventory(HELD, "2028-01-03", held),
            inventory(BEFORE, "2027-12-31", "ECOS"), inventory(NOBODY, "2028-01-15", "ECOS")]


def parties(*mpids):
    return [f"SET,{party},SUPPLIER,{mpid},," for party, mpid in ((AAAA, "AAAA"), (BBBB, "BBBB"), (CCCC, "CCCC"))
            if mpid in mpids]


def january(home):
    home.say("2028-01-02T10:00:00Z", "PTY", *parties("AAAA", "BBBB"))
    home.say("2028-01-02T10:00:00Z", "COS", f"SET,{POINT[E7]},{AAAA},{CCCC},2027-12-20")
    home.say("2028-01-02T10:00:00Z", "INV", *estate())
    home.instruct("2028-01-04T10:00:00Z", "B1", HELD)
    home.result("2028-01-04T10:05:00Z", f"MCC.B1.1,{HELD},FAILED,17,I0,,1,,,,,,,")
    home.say("2028-01-12T10:00:00Z", "INV", *estate("ECOS"), inventory(AGAIN, "2028-01-10", "ECOS"))


def february(home):
    again, day31 = inventory(AGAIN, "2028-01-11", "ECOS"), inventory(DAY31, "2028-01-31", "ECOS")
    home.say("2028-02-01T06:00:00Z", "INV", *estate("ECOS"), again, day31)
    home.say("2028-02-02T10:00:00Z", "COS", f"SET,{POINT[E6]},{AAAA},{BBBB},2028-02-10", mode="DELTA")
    home.say("2028-02-03T10:00:00Z", "COS", f"SET,{POINT[E4]},{AAAA},{BBBB},2028-01-20", mode="DELTA")
    home.say("2028-02-05T10:00:00Z", "INV", *estate("ECOS"), day31)
    home.say("2028-02-06T10:00:00Z", "INV", *estate("ECOS"), again, day31)
    home.say("2028-02-10T10:00:00Z", "PTY", *parties("AAAA", "BBBB", "CCCC"))


def march(home):
    home.say("2028-03-03T10:00:00Z", "COS", f"SET,{POINT[E6]},{AAAA},{CCCC},2028-02-10", mode="DELTA")
    home.say("2028-03-04T10:00:00Z", "INV", *estate("ECOS"), inventory(AGAIN, "2028-02-11", "ECOS"),
             inventory(LATE, "2028-01-05"), inventory(AFTER, "2028-01-21"))


MONTHS = ((january, FIRST), (february, SECOND), (march, THIRD))
EXPECTED = {
    ("ECOSMIG-003", "BBBB", FIRST): [],
    ("ECOSMIG-003", "BBBB", SECOND): [(E4, "2028-01-20"), (E6, "2028-02-10"), (P4, "2028-01-20")],
    ("ECOSMIG-003", "BBBB", THIRD): [(LATE, "2028-01-20")],
    ("ECOSMIG-003", "CCCC", SECOND): [],
    ("ECOSMIG-003", "CCCC", THIRD): [(E6, "2028-02-10")],
    ("ECOSMIG-006", "AAAA", FIRST): [(AGAIN, "2028-01-10")],
    ("ECOSMIG-006", "AAAA", SECOND): [(DAY31, "2028-01-31")],
    ("ECOSMIG-006", "AAAA", THIRD): [],
    ("ECOSMIG-006", "CCCC", SECOND): [(NOBODY, "2028-01-15")],
    ("ECOSMIG-006", "CCCC", THIRD): [],
}
DATE = {"ECOSMIG-003": "SupplyStartDate", "ECOSMIG-006": "InstalledDate"}


def found(home, ref, mpid, issued):
    """Device and date of the rows of the file of the month that ends then."""
    party = {"AAAA": AAAA, "BBBB": BBBB, "CCCC": CCCC}[mpid]
    start = f"2028{int(issued[5:7]) - 1:02}01_000000"
    with open(home.path("drops", "suppliers", "out", mpid, f"{ref}_{mpid}_{party}_{start}.csv"), encoding="utf-8",
              newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#COUNT")))
    return sorted((row["DeviceID"], row[DATE[ref]]) for row in rows)


def pass_with_stops(home, now):
    """The pass of a month's end, stopped after each commit that issues reports."""
    stops = 0
    while home.run(now=now, env={"ECOSGATE_CRASH": "report-issued:after"}).returncode == -9:
        stops += 1
    home.pass_at(now)
    return stops


def reports(home):
    """All reports in the drop, by name."""
    tree = home.tree()
    return {name: digest for name, digest in tree.items() if b"suppliers/out/" in name}


def test_rows(tap):
    homes = [Estate("gateway reports_from=2028-01-01T00:00:00Z") for _ in range(2)]
    stops = 0
    for month, end in MONTHS:
        for home in homes:
            month(home)
        homes[0].pass_at(end)
        stops += pass_with_stops(homes[1], end)
    for (ref, mpid, end), expected in EXPECTED.items():
        got = found(homes[0], ref, mpid, end)
        tap.ok(got == sorted(expected), f"{ref} of {mpid}, issued {end}", f"expected {expected}", f"found    {got}")
    unassigned = [(row["ref"], row["period_end"], row["unassigned"]) for row in homes[0].listed(THIRD)
                  if row["ref"] in DATE and row["unassigned"]]
    tap.ok(set(unassigned) == {("ECOSMIG-006", FIRST, 1)}, "a Device whose Supplier PTY does not name waits for it",
           unassigned)
    first, second = (reports(home) for home in homes)
    tap.ok(stops >= len(MONTHS) and first == second, "stopped after each commit, the files are the same", stops,
           *(set(first.items()) ^ set(second.items())))
    tables = [[row for row in home.ledger() if row.startswith("reported_row:")] for home in homes]
    tap.ok(tables[0] == tables[1] and len(tables[0]) == sum(map(len, EXPECTED.values())),
           "the ledger has each row once", *tables)
    for home in homes:
        done = home.command("spool", "verify", now=THIRD)
        tap.ok(done.returncode == 0, "all is sound", done.stdout.decode())
    return homes[0]


def number(device):
    return int(device.replace("-", ""), 16)


DAMAGES = {
    "a row is recorded for another period":
        f"UPDATE reported_row SET starts=1830297600 WHERE device_id={number(LATE)}",
    "a recorded row is gone": f"DELETE FROM reported_row WHERE device_id={number(NOBODY)}",
    "a Device that was known is in no report":
        f"UPDATE cos SET starts=1834531200 WHERE mpxn='{POINT[E7]}'",  # 19 February
    "a row is recorded for a period that was not issued":
        f"INSERT INTO reported_row VALUES('ECOSMIG-006',{number(HELD)},0,0,1893456000)",
    "a period is missing": "DELETE FROM report_period WHERE ref='ECOSMIG-003' AND starts=1832976000",
}


def test_built(tap, home):
    """A report that is built before its period is issued has what is known and in no report yet."""
    done = home.command("report", "ECOSMIG-003", "--period", "2028-04-05T00:00:00Z", now="2028-04-06T00:00:00Z")
    tap.ok(done.returncode == 0 and done.stdout.count(b"#COUNT,0") == 3, "nothing is left for April", done.stdout)


def test_older(tap, home):
    """Version 7 of the ledger recorded no rows. What happened in the periods that it issued is not reported again."""
    make_old(home, 7)
    home.say("2028-04-02T10:00:00Z", "INV", inventory(OLD, "2028-03-31", "ECOS"), inventory(NEW, "2028-04-01", "ECOS"),
             mode="DELTA")
    home.pass_at(FOURTH)
    rows = {ref: found(home, ref, "AAAA", FOURTH) for ref in DATE}
    tap.ok(rows == {"ECOSMIG-003": [], "ECOSMIG-006": [(NEW, "2028-04-01")]},
           "of an older ledger only new periods have rows", rows)
    done = home.command("spool", "verify", now=FOURTH)
    # An older ledger does not have all of which this version made its work orders.
    tap.ok(b"ECOSMIG-00" not in done.stdout, "its reports are sound", done.stdout.decode())


def test_sums_of_nobody(tap):
    """Of a Supplier that PTY does not name 004 counts the Devices as unassigned, 005 the ends of sessions.
    Those of a Device that the inventory does not have any more are nobody's, too."""
    home = Estate()
    home.say("2028-01-03T10:00:00Z", "PTY", *parties("BBBB"))
    home.say("2028-01-03T10:00:00Z", "INV", *map(inventory, (E1, E2, E5, E6, E7)))
    home.say("2028-01-03T10:00:00Z", "NMM", f"SET,ESME,{NON_MIGRATABLE},2027-11-01,,=D117,00010204")
    home.instruct("2028-01-03T12:00:00Z", "B1", E1, E2, E6)
    home.result("2028-01-03T12:10:00Z", f"MCC.B1.1,{E1},SUCCESS,0,I0,,1,,,,,,AA,BB",
                f"MCC.B1.2,{E2},FAILED,17,,,1,,,,,,,")
    home.confirm("2028-01-03T12:20:00Z", f"MCC.B1.1,{E1},Y,,AA,BB,")
    home.instruct("2028-01-04T12:00:00Z", "B2", E7)
    home.result("2028-01-04T12:10:00Z", f"MCC.B2.1,{E7},FAILED,17,,,1,,,,,,,")
    gone = f"REMOVE,{E7}" + "," * (inventory(E7).count(",") - 1)  # it comes after all others
    home.say("2028-01-05T10:00:00Z", "INV", gone, mode="DELTA")
    found = [row["state"] for row in home.json("device", "find", "--mpxn", POINT[E7], now="2028-01-05T10:00:00Z")]
    tap.ok(not found, "the inventory no longer has the Device", found)
    home.pass_at("2028-01-10T00:00:00Z")
    home.say("2028-01-10T10:00:00Z", "PTY", *parties("AAAA", "BBBB"))
    home.pass_at("2028-01-17T00:00:00Z")
    sums = {(row["ref"], row["period_start"][:10], row["mpid"]): (row["rows"], row["unassigned"])
            for row in home.listed("2028-01-17T00:00:00Z") if row["ref"] in ("ECOSMIG-004", "ECOSMIG-005")}
    tap.ok(sums == {("ECOSMIG-004", "2028-01-03", "BBBB"): (0, 1), ("ECOSMIG-005", "2028-01-03", "BBBB"): (1, 3),
                    ("ECOSMIG-004", "2028-01-10", "AAAA"): (1, 0), ("ECOSMIG-004", "2028-01-10", "BBBB"): (0, 0),
                    ("ECOSMIG-005", "2028-01-10", "AAAA"): (1, 0), ("ECOSMIG-005", "2028-01-10", "BBBB"): (1, 0)},
           "sums of a Supplier that PTY does not name are unassigned", sums)
    done = home.command("spool", "verify", now="2028-01-17T00:00:00Z")
    tap.ok(done.returncode == 0, "all is sound", done.stdout.decode())


def test_assets_of_nobody(tap):
    """Of Meter Asset Providers that PTY does not name MAPR counts the Devices as unassigned, from the next PTY on they
    have their file. A Device without a provider is not counted."""
    home, other = Estate(), "90-B3-D5-1F-30-06-00-02"
    named = f"SET,{MAPS},MAP,MMMM,Meters,"
    home.say("2028-01-03T10:00:00Z", "PTY", *parties("AAAA", "BBBB"), named)
    home.say("2028-01-03T10:00:00Z", "INV", *map(inventory, (E1, E5, E7)), inventory(E2).replace(MAPS, other),
             inventory(E6).replace(MAPS, other))
    home.pass_at("2028-01-10T00:00:00Z")
    home.say("2028-01-10T10:00:00Z", "PTY", *parties("AAAA", "BBBB"), named, f"SET,{other},MAP,NNNN,Others,")
    home.pass_at("2028-01-17T00:00:00Z")
    rows = {(row["period_start"][:10], row["mpid"]): (row["rows"], row["unassigned"])
            for row in home.listed("2028-01-17T00:00:00Z") if row["ref"] == "MAPR"}
    tap.ok(rows == {("2028-01-03", "MMMM"): (2, 2), ("2028-01-10", "MMMM"): (2, 0), ("2028-01-10", "NNNN"): (2, 0)},
           "Devices of a Meter Asset Provider that PTY does not name are unassigned", rows)
    done = home.command("spool", "verify", now="2028-01-17T00:00:00Z")
    tap.ok(done.returncode == 0, "MAPR is sound", done.stdout.decode())


def waiting(pipe):
    """How many bytes of a pipe nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_preview_of_one_moment(tap):
    """A report that was not issued is printed as the ledger was when the command began, also if a change comes while
    its reader is slow: that of the Supplier of the last row, whom nothing has named before."""
    home, now = Estate(), "2028-01-05T10:00:00Z"
    home.say("2028-01-03T10:00:00Z", "PTY", *parties("AAAA", "BBBB"), f"SET,{MAPS},MAP,MMMM,Meters,")
    many = [inventory(E1).replace(E1, f"00-DB-12-00-00-01-{n // 256:02X}-{n % 256:02X}")
            .replace(POINT[E1], f"1{n:012}") for n in range(2000)]
    home.say("2028-01-03T10:00:00Z", "INV", *many[:-1], many[-1].replace(AAAA, BBBB))
    argv = [GATE, "-c", home.conf, "--now", now, "report", "MAPR", "--period", now]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as printing:
        full = wait_until(lambda: waiting(printing.stdout) >= 60000)
        change(home, "UPDATE party SET mpid='ZZZZ' WHERE mpid='BBBB'")
        last = printing.stdout.read().decode().splitlines()[-2]
    tap.ok(full and ",BBBB," in last, "a report that was not issued is of one moment", full, last)


def main():
    with Tap() as tap:
        test_sums_of_nobody(tap)
        test_assets_of_nobody(tap)
        test_preview_of_one_moment(tap)
        home = test_rows(tap)
        test_built(tap, home)
        expect_found(tap, home, DAMAGES, b"ECOSMIG-00", now=THIRD)
        test_older(tap, home)


if __name__ == "__main__":
    main()
