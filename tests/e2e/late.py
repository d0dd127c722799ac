#!/usr/bin/env python3
"""A success that both sides state after the work has ended without it: the Device has migrated, late (TAP).

    E1 fails for good (D117), E4 by the end of its session (D103); E2 migrates in time
    a day later the sides state their success, one after the other

What was reported of the earlier end stays; what counts from then on is the new one.
"""
import csv
import io
import json
import os

from home import Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound, work
from reports import E1, E2, E4, Estate, columns

SUCCESS = "SUCCESS,0,I0,,1,,,,,,AA,BB"
FAILED_AT, ENDED_AT, MIGRATED_AT = "2028-01-03T12:30:00Z", "2028-01-04T12:00:00Z", "2028-01-05T09:00:00Z"


def play(home):
    home.reference("2028-01-03T10:00:00Z")
    home.instruct("2028-01-03T12:00:00Z", "B1", E1, E2, E4)
    home.result(FAILED_AT, f"MCC.B1.1,{E1},FAILED,17,I0,,1,,,,,,,", f"MCC.B1.2,{E2},{SUCCESS}")
    home.confirm("2028-01-03T12:31:00Z", f"MCC.B1.2,{E2},Y,,AA,BB,")
    home.pass_at(ENDED_AT)
    home.result("2028-01-04T13:00:00Z", f"MCC.B1.1,{E1},{SUCCESS}")
    home.confirm("2028-01-04T13:00:00Z", f"MCC.B1.3,{E4},Y,,AA,BB,")


def outcome(home, number):
    """(Outcome, Code, EndedAt, NextEligible) of each Device in an EMO of the batch; None: there is none."""
    names = [name for name in home.out("mcc") if name.startswith("EMO") and f"_R{number}." in name]
    return outcome_in(home, names[0]) if names else None


def outcome_in(home, name):
    rows = csv.reader(io.StringIO(home.read_out("mcc", name).decode()))
    return [(row[4], row[5], *row[7:]) for row in rows if row[0] == "D"]


def rows(home, ref, start, *names):
    """Those columns of a report's file for AAAA."""
    title = columns(ref)
    return [tuple(row[title.index(name)] for name in names)
            for row in csv.reader(home.report(ref, "AAAA", start))]


def test_reports(tap, home):
    failed = [(E1, FAILED_AT, "D117", "17", "1", "2028-02-03T12:00:00Z")]
    names = ("DeviceID", "FailedAt", "ErrorCode", "GBCSStatus", "Tries", "NextAttemptFrom")
    found = rows(home, "ECOSMIG-002", "20280103_120000", *names)
    tap.ok(found == failed, "the failure is in the report of its period", found)
    found = rows(home, "ECOSMIG-002", "20280104_120000", *names)
    tap.ok(found == [(E4, ENDED_AT, "D103", "", "1", "2028-02-03T12:00:00Z")], "and so is the session's end", found)
    found = rows(home, "ECOSMIG-001", "20280105_000000", "DeviceID", "MigratedAt", "TCoSConfirmedAt", "ECoSConfirmedAt")
    tap.ok(found == [(E1, MIGRATED_AT, "2028-01-04T13:00:00Z", MIGRATED_AT),
                     (E4, MIGRATED_AT, MIGRATED_AT, "2028-01-04T13:00:00Z")],
           "the success is in that of the day on which both sides agreed, with the times of both", found)
    found = rows(home, "ECOSMIG-005", "20280103_000000", "Instructed", "Succeeded", "Failed", "InProgress",
                 "CumulativeMigrated", "RemainingTCoS")
    tap.ok(found == [("3", "3", "2", "0", "3", "1"), ("0", "0", "0", "0", "0", "1")],
           "the week counts both ends; of the meters E5 alone remains", found)
    title = columns("MAPR")
    status = {row[title.index("DeviceID")]: row[title.index("ECoSMigrationStatus")]
              for row in csv.reader(home.report("MAPR", "MMMM", "20280103_000000", drop="maps"))}
    tap.ok([status[device] for device in (E1, E2, E4)] == ["ECOS"] * 3, "their Meter Asset Provider reads ECOS", status)


def test_estate(tap):
    home = Estate()
    play(home)
    first = [("FAILED", "D117", FAILED_AT, "2028-02-03T12:00:00Z"), ("MIGRATED", "", "2028-01-03T12:31:00Z", ""),
             ("FAILED", "D103", ENDED_AT, "2028-02-03T12:00:00Z")]
    tap.ok(outcome(home, 1) == first and outcome(home, 2) is None, "one side alone changes no outcome",
           outcome(home, 1))
    home.result(MIGRATED_AT, f"MCC.B1.3,{E4},{SUCCESS}")
    second = [first[0], first[1], ("MIGRATED", "", MIGRATED_AT, "")]
    tap.ok(outcome(home, 2) == second, "when both agree a further outcome says so", outcome(home, 2))
    home.confirm(MIGRATED_AT, f"MCC.B1.1,{E1},Y,,AA,BB,")
    third = [("MIGRATED", "", MIGRATED_AT, ""), *second[1:]]
    tap.ok(outcome(home, 3) == third and outcome(home, 1) == first, "one more for the next", outcome(home, 3))
    tap.ok(home.command("spool", "verify", now=MIGRATED_AT).returncode == 0,
           "each can be built again from the ledger", home.command("spool", "verify", now=MIGRATED_AT).stdout)
    home.pass_at("2028-01-10T00:00:00Z")
    test_reports(tap, home)
    done = home.command("spool", "verify", now="2028-01-10T00:00:00Z")
    tap.ok(done.returncode == 0, "the sums of the reports agree", done.stdout.decode())


def test_gained(tap):
    """What was known at a supply start stays so: ECOSMIG-003 of a period that is built afterwards."""
    home = Estate("gateway reports_from=2030-01-01T00:00:00Z")
    play(home)
    home.result("2028-02-16T00:00:00Z", f"MCC.B1.3,{E4},{SUCCESS}")
    done = home.command("report", "ECOSMIG-003", "--period", "2028-02-01T00:00:00Z", now="2028-03-02T00:00:00Z")
    title = columns("ECOSMIG-003")
    found = [[row[title.index(name)] for name in ("LastOutcome", "LastErrorCode", "MigrationStatus")]
             for row in csv.reader(io.StringIO(done.stdout.decode())) if E4 in row]
    tap.ok(found == [["FAILED", "D103", "ECOS"]], "a Device that was gained between its two ends had failed then",
           found)


def test_agreed_in_vain(tap):
    """The sides disagree (D151) and agree at last that nothing was replaced: what the try failed with is the cause."""
    home = Estate()
    home.reference("2028-01-03T10:00:00Z")
    home.instruct("2028-01-03T12:00:00Z", "B1", E1, E2)
    home.confirm("2028-01-03T12:10:00Z", f"MCC.B1.1,{E1},Y,,AA,BB,", f"MCC.B1.2,{E2},Y,,AA,BB,")
    home.result("2028-01-03T12:20:00Z", f"MCC.B1.1,{E1},FAILED,17,I0,,1,,,,,,,", f"MCC.B1.2,{E2},TIMEOUT,,,,1,,,,,,,")
    opened = sorted((one["code"], one["subject"]) for one in home.json("incident", "list", now=FAILED_AT))
    home.confirm(FAILED_AT, f"MCC.B1.1,{E1},N,,,,", f"MCC.B1.2,{E2},N,,,,")
    left = [one for one in home.json("incident", "list", now=FAILED_AT) if one["code"].startswith("D")]
    tap.ok(opened == sorted([("D151", E1), ("D151", E2)]) and left == [], "D151 is over when both agree", opened, left)
    home.pass_at("2028-01-03T18:00:00Z")
    found = rows(home, "ECOSMIG-002", "20280103_120000", "DeviceID", "ErrorCode", "GBCSStatus", "DUISCode",
                 "ResolvedBy")
    tap.ok(found == [(E1, "D117", "17", "I0", "Supplier"), (E2, "D103", "", "", "Supplier")],
           "the report of the failure has the code of the result, its statuses and who resolves it", found)
    why = home.json("why", E1, now="2028-01-03T18:00:00Z")[0]
    tap.ok("D117 GBCS 17" in why["because"] and why["moved_by"].startswith("Supplier resolves"), "so does `why`", why)
    sound(tap, home, "after both have agreed in vain")


def test_model(tap):
    """The first Device of a model that migrates ends D160, late or not."""
    home = Home("gateway model_failures=1")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    parties.result(said(1, "FAILED", gbcs="17"))
    home.run(now=at(1))
    opened = [(one["code"], one["cleared"]) for one in home.json("incident", "list", "--all")]
    parties.result(said(1))
    home.run(now=at(2))
    parties.confirm(confirmed(1))
    home.run(now=at(3))
    closed = [(one["code"], one["cleared"]) for one in home.json("incident", "list", "--all")]
    tap.ok(opened == [("D160", None)] and closed == [("D160", at(3))], "a late success ends D160", opened, closed)
    sound(tap, home, "after a late success")


def test_newer_work(tap):
    """A newer instruction was accepted before the late success: its Device is not ordered again."""
    home = Home("gateway next_session=0\ngateway dispatch_hours=12-13")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    home.run(now=at(24 * 60))
    parties.instruct([1])
    home.run(now=at(26 * 60))
    waits = parties.state(1)
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(27 * 60))
    home.run(now=at(48 * 60))
    shown = json.loads(home.command("--json", "device", "show", device(1)).stdout)
    states = [(row["work_item"], row["state"], row["code"]) for row in shown["history"]]
    tap.ok(waits == "READY" and states[-1] == ("MCC.B-2.1", "REJECTED", "C108") and
           ("MCC.B-1.1", "MIGRATED", None) in states and len(parties.orders()) == 1,
           "the newer work item ends by C108 before its first order", waits, states, parties.orders())
    sound(tap, home, "after a late success beside newer work")


def test_newer_work_between(tap):
    """The newer work item stands between others that wait for their first order: those are ordered all the same."""
    home = Home("gateway next_session=0\ngateway dispatch_hours=12-13\ngateway work_order_devices=1")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    home.run(now=at(24 * 60))
    parties.instruct([2, 1, 3])
    home.run(now=at(26 * 60))
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(27 * 60))
    home.run(now=at(48 * 60))
    tap.ok(parties.orders()[1:] == [["MCC.B-2.1 1"], ["MCC.B-2.3 1"]], "the Devices before and after it are ordered",
           parties.orders())
    sound(tap, home, "after a late success between others")


# what a newer work item has been told when the older one migrates late
NEWER = {"DISPATCHED": [], "RETRY_WAIT": [("result", "FAILED", {"duis": "E20"})],
         "CONFIRM_PENDING": [("result", "SUCCESS", {"key": "BB"})],
         "CONFIRM_MISMATCH": [("result", "SUCCESS", {"key": "BB"}), ("confirm", "N", {})]}


def state_of(home, work_item):
    """(state, code) of each step of a work item."""
    shown = home.json("device", "show", device(1))[0]
    return [(row["state"], row["code"]) for row in shown["history"] if row["work_item"] == work_item]


def say(parties, statements, minute):
    for kind, word, more in statements:
        if kind == "result":
            parties.result(said(1, word, batch=2, record=1, **more))
        else:
            parties.confirm(confirmed(1, word, batch=2, record=1, **more))
        parties.home.run(now=at(minute))


def test_newer_session(tap):
    """The older work item migrates while the session of a newer one is under way: that one ends without a failure."""
    for state, statements in NEWER.items():
        home = Home("gateway model_failures=2")
        parties = Parties(home)
        parties.instruct([1])
        home.run()
        home.run(now=at(24 * 60))
        home.command("device", "release", device(1), "--reason", "look", now=at(1500))
        parties.instruct([1])
        home.run(now=at(1501))
        say(parties, statements, 1502)
        before = state_of(home, work(1, 2))[-1][0]
        parties.result(said(1))
        home.run(now=at(1503))
        parties.confirm(confirmed(1))
        home.run(now=at(1503))
        explained = home.json("why", work(1, 2), now=at(1504))[0]
        shown = home.json("device", "show", device(1), now=at(1504))[0]
        tap.ok(before == state and state_of(home, work(1, 2))[-1] == ("REJECTED", "C108") and
               shown["state"] == home.json("why", device(1), now=at(1504))[0]["state"] == "MIGRATED" and
               shown["live_work_item"] is None and f"its work item {work(1)} has migrated" in explained["because"] and
               "afterwards" not in explained["because"],
               f"the newer work item was {state}: it is rejected with C108, and the Device has migrated", before,
               shown, explained)
        told = state_of(home, work(1, 2))
        answers = [parties.result(said(1, "FAILED", gbcs="25", batch=2, record=1)),
                   parties.confirm(confirmed(1, batch=2, record=1, key="CC"))]
        home.run(now=at(1505))
        found = [parties.acknowledged(name) for name in answers]
        kept = state_of(home, work(1, 2))[len(told):]
        tap.ok(all(outcome == "WN" and [code[:4] for code in codes] == ["C119"] for outcome, codes in found) and
               1 <= len(kept) <= 2 and set(kept) == {("REJECTED", "C108")},
               "what still comes for it is kept, told with C119, and changes nothing", found, kept)
        home.run(now=at(4000))
        codes = {one["code"] for one in home.json("incident", "list", now=at(4000))}
        last = home.json("device", "show", device(1), now=at(4000))[0]
        tap.ok(not codes and last["state"] == "MIGRATED" and
               outcome_in(home, next(name for name in home.out("mcc") if name.startswith("EMO") and
                                     "_000002_R1." in name))[0][:2] == ("REJECTED", "C108"),
               "there is no incident and no failure, and its EMO says how it ended", codes, last)
        sound(tap, home, f"after a late success beside {state}")


def test_older_waits(tap):
    """The older work item has ended, and waits for the ECoS side since the TCoS side has stated its success late. The
    newer one migrates: then nobody has to speak about the older one any more."""
    home = Home("gateway model_failures=2")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    home.run(now=at(24 * 60))
    home.command("device", "release", device(1), "--reason", "look", now=at(1500))
    parties.instruct([1])
    home.run(now=at(1501))
    parties.result(said(1))
    home.run(now=at(1502))
    waits = "SELECT due IS NOT NULL FROM session ORDER BY item"
    before = parties.rows(waits)
    parties.result(said(1, batch=2, record=1))
    parties.confirm(confirmed(1, batch=2, record=1))
    home.run(now=at(1503))
    tap.ok(before == [(1,), (1,)] and parties.rows(waits) == [(0,), (0,)] and
           state_of(home, work(1, 2))[-1] == ("MIGRATED", None),
           "an older work item waits for no side once a newer one has migrated", before, parties.rows(waits))
    home.run(now=at(4000))
    tap.ok(not home.json("incident", "list", now=at(4000)), "and opens no incident",
           home.json("incident", "list", now=at(4000)))
    sound(tap, home, "after the migration of newer work beside older work that waits")


def test_unordered(tap):
    """A Device migrates by its first try while the order of the second one waits. That it is taken off the order
    changes its end and is no end of its own."""
    home = Estate()
    home.reference("2028-01-03T10:00:00Z")
    home.instruct("2028-01-03T12:00:00Z", "B1", E1, E2)
    home.result("2028-01-03T12:01:00Z", *(f"MCC.B1.{n},{e},FAILED,30,I0,,1,,,,,,," for n, e in ((1, E1), (2, E2))))
    out = home.path("drops", "tcos", "out")
    os.rename(out, out + ".away")
    home.pass_at = lambda at: home.run(now=at)  # which ends with 2
    home.command("drop", "pause", "ecos", "--in", "--reason", "test", now="2028-01-03T12:02:00Z")
    home.confirm("2028-01-03T12:06:00Z", f"MCC.B1.1,{E1},Y,,AA,BB,")
    home.command("drop", "resume", "ecos", "--in", "--reason", "test", now="2028-01-03T12:07:00Z")
    home.result("2028-01-03T12:07:00Z", f"MCC.B1.1,{E1},{SUCCESS}")
    os.rename(out + ".away", out)
    home.pass_at("2028-01-03T12:08:00Z")
    said = home.json("device", "show", E1)[0]
    tap.ok((said["state"], said["tries"]) == ("MIGRATED", 1) and 2 in [row["try"] for row in said["history"]],
           "a migrated Device was taken off the order that waited", said)
    home.pass_at("2028-01-04T13:00:00Z")
    found = rows(home, "ECOSMIG-001", "20280103_000000", "DeviceID")
    tap.ok(found == [(E1,)], "it is in its report once", found)
    found = [(one[0], one[1]) for one in outcome(home, 1)]
    tap.ok(found == [("MIGRATED", ""), ("FAILED", "D103")], "and in the outcome once", found)
    sound(tap, home, "after a migrated Device was taken off an order")


def main():
    with Tap() as tap:
        test_estate(tap)
        test_unordered(tap)
        test_gained(tap)
        test_agreed_in_vain(tap)
        test_model(tap)
        test_newer_work(tap)
        test_newer_work_between(tap)
        test_newer_session(tap)
        test_older_waits(tap)


if __name__ == "__main__":
    main()
