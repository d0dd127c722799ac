#!/usr/bin/env python3
"""Rows exactly on the boundary of a period: its start belongs to it, its end does not (TAP).

Nothing is issued here, because reports_from lies in the future. So `report` builds each period from what the ledger
knows now, and the second of a period's end is in the ledger too. The rows were worked out by hand.

    Monday 10 January 00:00, the end of a day, a quarter and a week:
        E6  migrated the second before          E1  migrated then         E2  failed then
        G1  instructed the second before        E9  instructed then
        E6  from then on CCCC is responsible
        X1  its model is Non-Migratable from then on; X2: its model was Non-Migratable until then
    1 February 00:00, the end of a month:
        E4  session begun the second before, failed then; BBBB is responsible from then on
        E7  session begun then; AAAA is responsible from then on
        E8  installed that day
    10 February: a change of supplier on the 14th, told in mid-session, stops the retries of E2.
"""
import csv
import io
import json

from home import Tap
from reports import (AAAA, BBBB, CCCC, E1, E2, E4, E6, E7, E8, G1, GOOD, HUB, MAPS, POINT, SUPPLIER, Estate, eui,
                     inventory)

E9, X1, X2 = (eui("E1", n) for n in (1, 2, 3))
for number, other in enumerate((E9, X1, X2), 21):
    POINT[other], HUB[other], SUPPLIER[other] = f"10000000000{number}", 4, AAAA
BEFORE, WEEK = "2028-01-09T23:59:59Z", "2028-01-10T00:00:00Z"
LAST, MONTH = "2028-01-31T23:59:59Z", "2028-02-01T00:00:00Z"
FROM, UNTIL = "AB03,01010101,00000001", "AB04,01010101,00000001"  # models of X1 and X2
SUCCESS = "SUCCESS,0,I0,,1,,,,,,AA,BB"
FAILURE = "FAILED,17,I0,,1,,,,,,,"


def reference(home, at):
    home.say(at, "PTY", f"SET,{AAAA},SUPPLIER,AAAA,First,", f"SET,{BBBB},SUPPLIER,BBBB,Second,",
             f"SET,{CCCC},SUPPLIER,CCCC,Third,", f"SET,{MAPS},MAP,MMMM,Meters,")
    models = {X1: FROM, X2: UNTIL}
    home.say(at, "INV", inventory(E8, "2028-02-01", "ECOS"),
             *(inventory(device).replace(GOOD, models.get(device, GOOD))
               for device in (E1, E2, E4, E6, E7, G1, E9, X1, X2)))
    home.say(at, "NMM", f"SET,ESME,{FROM},2028-01-10,,,", f"SET,ESME,{UNTIL},2028-01-01,2028-01-10,,")


def change_supplier(home, at, *events):
    """Said after the instruction, which would be deferred because of it otherwise."""
    home.say(at, "COS", *(f"SET,{POINT[device]},{losing},{gaining},{day}" for device, losing, gaining, day in events),
             mode="DELTA")


def end_of_week(home):
    reference(home, "2028-01-09T10:00:00Z")
    home.instruct("2028-01-09T20:00:00Z", "B1", E1, E2, E6)
    home.result("2028-01-09T21:00:00Z", f"MCC.B1.1,{E1},{SUCCESS}", f"MCC.B1.3,{E6},{SUCCESS}")
    change_supplier(home, "2028-01-09T22:00:00Z", (E6, BBBB, CCCC, "2028-01-10"))
    home.confirm(BEFORE, f"MCC.B1.3,{E6},Y,,AA,BB,")
    home.instruct(BEFORE, "B2", G1)
    home.confirm(WEEK, f"MCC.B1.1,{E1},Y,,AA,BB,")
    home.result(WEEK, f"MCC.B1.2,{E2},{FAILURE}")
    home.instruct(WEEK, "B3", E9)


def end_of_month(home):
    home.instruct(LAST, "B4", E4)
    home.result(MONTH, f"MCC.B4.1,{E4},{FAILURE}")
    home.instruct(MONTH, "B5", E7)
    change_supplier(home, MONTH, (E4, AAAA, BBBB, "2028-02-01"), (E7, CCCC, AAAA, "2028-02-01"))


def rows(home, ref, moment, *columns):
    """Those columns of all rows of the period that holds a moment, in the order of the recipients."""
    done = home.command("report", ref, "--period", moment, now="2028-03-01T00:00:00Z")
    if done.returncode != 0 or b"has not been issued" not in done.stderr:
        raise RuntimeError(f"{ref}: exit {done.returncode}: {done.stderr.decode()}")
    found, title = [], None
    for row in csv.reader(io.StringIO(done.stdout.decode())):
        if row[0] == "#COUNT":
            title = None
        elif title is None:
            title = row
        else:
            found.append(tuple(row[title.index(column)] for column in columns))
    return found


def expect(tap, home, ref, moment, columns, expected):
    found = rows(home, ref, moment, *columns)
    tap.ok(found == expected, f"{ref} of {moment}", f"expected {expected}", f"found    {found}")


COUNTS = ("SupplierMPID", "DeviceType", "Instructed", "Rejected", "Deferred", "Succeeded", "Failed", "InProgress",
          "CumulativeMigrated", "RemainingTCoS")
PROGRESS = ("DeviceType", "InScope", "Migrated", "FailedOnce", "FailedMany", "NonMigratable", "Remaining",
            "TopErrorCode")


def test_week(tap, home):
    device = ("SupplierMPID", "DeviceID")
    expect(tap, home, "ECOSMIG-001", BEFORE, device, [("CCCC", E6)])
    expect(tap, home, "ECOSMIG-001", WEEK, device, [("AAAA", E1)])
    expect(tap, home, "ECOSMIG-002", BEFORE, device, [])
    expect(tap, home, "ECOSMIG-002", WEEK, device, [("AAAA", E2)])
    model = ("SupplierMPID", "DeviceManufacturer", "NonMigratableSince", "DeviceCount")
    expect(tap, home, "ECOSMIG-004", "2028-01-02T23:59:59Z", model, [("AAAA", "AB04", "2028-01-01", "1")])
    expect(tap, home, "ECOSMIG-004", BEFORE, model, [("AAAA", "AB03", "2028-01-10", "1")])
    expect(tap, home, "ECOSMIG-005", BEFORE, COUNTS, [
        ("AAAA", "ESME", "2", "0", "0", "0", "0", "2", "0", "6"),
        ("BBBB", "GSME", "1", "0", "0", "0", "0", "1", "0", "1"),
        ("CCCC", "ESME", "1", "0", "0", "1", "0", "0", "1", "1")])
    expect(tap, home, "ECOSMIG-005", WEEK, COUNTS, [
        ("AAAA", "ESME", "1", "0", "0", "1", "1", "1", "1", "5"),
        ("BBBB", "GSME", "0", "0", "0", "0", "0", "1", "0", "1"),
        ("CCCC", "ESME", "0", "0", "0", "0", "0", "0", "1", "1")])
    gsme = ("GSME", "1", "0", "0", "0", "0", "1", "")
    expect(tap, home, "MGMT", BEFORE, PROGRESS, [("ESME", "9", "2", "1", "0", "1", "7", ""), gsme])
    expect(tap, home, "MGMT", WEEK, PROGRESS, [("ESME", "9", "3", "1", "0", "1", "6", "D117"), gsme])
    assets = {row[0]: row[1:] for row in rows(home, "MAPR", BEFORE, "DeviceID", "SupplierMPID", "ECoSMigrationStatus")}
    found = [assets.get(device) for device in (E6, X1, X2)]
    tap.ok(found == [("CCCC", "ECOS"), ("AAAA", "NON_MIGRATABLE"), ("AAAA", "TCOS")], f"MAPR of {BEFORE}", found)


def test_month(tap, home):
    gained = ("SupplierMPID", "DeviceID", "SupplyStartDate", "PreviousAttempts", "LastAttemptAt", "LastOutcome",
              "LastErrorCode")
    expect(tap, home, "ECOSMIG-003", LAST, gained,
           [("CCCC", E6, "2028-01-10", "1", "2028-01-09T20:00:00Z", "MIGRATED", "")])
    expect(tap, home, "ECOSMIG-003", MONTH, gained, [("AAAA", E7, "2028-02-01", "0", "", "", ""),
                                                     ("BBBB", E4, "2028-02-01", "1", LAST, "IN_PROGRESS", "")])
    expect(tap, home, "ECOSMIG-006", LAST, ("SupplierMPID", "DeviceID"), [])
    expect(tap, home, "ECOSMIG-006", MONTH, ("SupplierMPID", "DeviceID"), [("CCCC", E8)])


def stopped(home):
    home.instruct("2028-02-10T20:00:00Z", "B6", E2)
    home.result("2028-02-10T20:01:00Z", f"MCC.B6.1,{E2},FAILED,,E20,,1,,,,,,,")
    change_supplier(home, "2028-02-10T20:02:00Z", (E2, AAAA, BBBB, "2028-02-14"))
    home.pass_at("2028-02-10T20:06:00Z")


def test_stopped(tap, home):
    shown = json.loads(home.command("--json", "device", "show", E2).stdout)
    tap.ok((shown["state"], shown["code"], shown["next_eligible"]) == ("DEFERRED", "C109", "2028-02-15T00:00:00Z"),
           "a change of supplier has stopped the retries", shown)
    then = "2028-02-10T23:00:00Z"
    expect(tap, home, "ECOSMIG-002", then, ("SupplierMPID", "DeviceID"), [("AAAA", E7)])
    found = [row for row in rows(home, "ECOSMIG-005", then, *COUNTS) if row[:2] == ("BBBB", "ESME")]
    tap.ok([row[2:7] for row in found] == [("1", "0", "1", "0", "0")],
           "ECOSMIG-005 counts it as deferred, for its new Supplier", found)
    late = [row for row in rows(home, "ECOSMIG-003", then, "SupplierMPID", "DeviceID", "PreviousAttempts",
                                "LastOutcome", "LastErrorCode") if row[1] == E2]
    tap.ok(late == [("BBBB", E2, "2", "DEFERRED", "D117")], "ECOSMIG-003 tells the new Supplier so", late)


def main():
    with Tap() as tap:
        home = Estate("gateway reports_from=2030-01-01T00:00:00Z")
        end_of_week(home)
        test_week(tap, home)
        end_of_month(home)
        test_month(tap, home)
        begun = [json.loads(home.command("--json", "device", "show", device).stdout)["state"] for device in (E9, E7)]
        tap.ok(begun == ["FAILED", "DISPATCHED"], "each instruction began a session", begun)
        stopped(home)
        test_stopped(tap, home)
        issued = [row["ref"] for row in home.listed("2028-03-01T00:00:00Z") if row["ref"] != "NMDM"]
        tap.ok(not issued, "nothing was issued meanwhile", issued)
        tap.ok(home.command("spool", "verify").returncode == 0, "all is sound")


if __name__ == "__main__":
    main()
