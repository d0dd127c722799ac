#!/usr/bin/env python3
"""An operator withdraws a batch or a Device that was accepted by mistake (TAP)."""
import csv
import io

from dispatch import away, back, start
from home import SANITIZED, Home, Tap, terminate, wait_until
from parties import Parties, at, confirmed, device, instructed, said, sound, work
from pause import done, order, refused

DAY = 24 * 60


def ended(parties, name):
    """(outcome, code, tries) of each Device in the newest EMO of an instruction."""
    names = [one for one in parties.home.out("mcc") if one.startswith("EMO") and name[4:-6] in one]
    rows = csv.reader(io.StringIO(parties.home.read_out("mcc", sorted(names)[-1]).decode()))
    return [(row[4], row[5], row[6]) for row in rows if row[0] == "D"]


def test_batch(tap):
    """A Device in each state: 1 waits for another try; 2 is ordered; 3 is confirmed by one side; 4 has failed; 5 was
    rejected by its review."""
    home = Home("gateway model_failures=2")
    parties = Parties(home)
    name = parties.instruct([1, 2, 3, 4, instructed(5, "XSME"), 6, 7])
    home.run()
    parties.result(said(1, "TIMEOUT"), said(3), said(4, "FAILED", gbcs="25"))
    home.run(now=at(1))
    done(tap, "a batch is withdrawn", order(home, "batch", "withdraw", "B-1", now=at(2), reason="wrong list"),
         "batch MCC.B-1: withdraw done: ended at once 1, answer awaited 3, left alone, for a side states a "
         "success 1\n")
    home.run(now=at(2))
    tap.ok(parties.states(1, 2, 3, 4) == ["REJECTED C123", "DISPATCHED", "CONFIRM_PENDING", "FAILED D125"],
           "what waits for a try ends at once, the rest goes on", parties.states(1, 2, 3, 4))
    refused(tap, "once", order(home, "batch", "withdraw", "B-1", now=at(3)),
            "batch MCC.B-1 is withdrawn already: answer awaited 3, left alone, for a side states a success 1")
    fact = home.json("batch", "show", "B-1", now=at(3))[0]
    tap.ok(fact["withdrawn"] == 3 and fact["actions"][0]["reason"] == "wrong list", "batch show says so", fact)
    facts = [home.json("why", device(n), now=at(3))[0] for n in (1, 2)]
    tap.ok("C123" in facts[0]["because"] and "wrong list" in facts[0]["because"] and
           "no failed session" in facts[0]["because"] and "a new instruction" in facts[0]["moved_by"] and
           "wrong list" in facts[1]["because"] and "C123" in facts[1]["moved_by"], "and why, of each Device", facts)
    shown = home.json("device", "show", device(2), now=at(3))[0]
    tap.ok(shown["withdrawn"] is True, "and device show", shown)
    answers = [parties.result(said(2, "TIMEOUT"), said(6), said(7, "FAILED", gbcs="25"))]
    parties.confirm(confirmed(3))
    home.run(now=at(10))
    home.run(now=at(20))
    tap.ok(parties.states(2, 3, 6, 7) == ["REJECTED C123", "MIGRATED", "CONFIRM_PENDING", "REJECTED C123"] and
           len(parties.orders()) == 1,
           "a success goes on to its confirmation; all else ends, and no further try is ordered",
           parties.states(2, 3, 6, 7), parties.orders())
    tap.ok(parties.acknowledged(answers[0]) == ("AC", []), "the senders of the answers are told nothing wrong",
           parties.acknowledged(answers[0]))
    shown = home.json("device", "show", device(7), now=at(3))[0]["history"][-1]
    tap.ok(shown["state"] == "REJECTED" and shown["code"] == "C123" and "GBCS 25" in shown["text"] and
           "wrong list" in shown["text"], "the history has what came, and the order", shown)
    parties.confirm(confirmed(6))
    home.run(now=at(30))
    tap.ok(ended(parties, name) == [("REJECTED", "C123", "1"), ("REJECTED", "C123", "1"), ("MIGRATED", "", "1"),
                                    ("FAILED", "D125", "1"), ("REJECTED", "C104", "0"), ("MIGRATED", "", "1"),
                                    ("REJECTED", "C123", "1")], "the EMO says how each has ended", ended(parties, name))
    tap.ok("D160" not in [row["code"] for row in home.json("incident", "list", now=at(30))],
           "what is withdrawn is no failure of its model")
    again = parties.instruct([1, 2, 7])
    home.run(now=at(31))
    tap.ok(parties.acknowledged(again) == ("AC", []) and parties.state(1) == "DISPATCHED",
           "the Devices may be instructed at once", parties.acknowledged(again))
    refused(tap, "a batch that has ended", order(home, "batch", "withdraw", "B-1", now=at(31)),
            "batch MCC.B-1: no Device of it is in work")
    sound(tap, home, "after a batch was withdrawn")


def test_never_ordered(tap):
    """Devices without a session, and those of an order that was never delivered."""
    home = Home("gateway dispatch_hours=13-14")
    parties = Parties(home)
    name = parties.instruct([1, 2, 3])
    home.run()
    done(tap, "one Device that was never ordered", order(home, "device", "withdraw", device(2), now=at(1)),
         f"Device {device(2)}: withdraw done: ended at once 1, answer awaited 0, left alone, for a side states "
         "a success 0\n")
    refused(tap, "it has ended", order(home, "device", "withdraw", device(2), now=at(1)),
            f"no work item of the Device {device(2)} is live: it is REJECTED")
    away(home)
    home.command("run", "--once", now=at(60))
    tap.ok(parties.states(1, 2, 3) == ["DISPATCHED", "REJECTED C123", "DISPATCHED"],
           "the others are ordered, and the order cannot leave", parties.states(1, 2, 3))
    order(home, "device", "withdraw", device(1), now=at(61))
    tap.ok(parties.state(1) == "REJECTED C123", "a Device is withdrawn from it", parties.state(1))
    back(home)
    home.run(now=at(62))
    tap.ok(parties.orders() == [[f"{work(3)} 1"]], "and the order leaves without it", parties.orders())
    answer = parties.result(said(2), said(1))
    home.run(now=at(63))
    tap.ok(parties.acknowledged(answer)[0] != "AC" and parties.states(1, 2) == ["REJECTED C123", "REJECTED C123"],
           "what was never ordered has no result", parties.acknowledged(answer), parties.states(1, 2))
    order(home, "batch", "withdraw", "MCC.B-1", now=at(64))
    home.run(now=at(DAY + 60))
    tap.ok(parties.state(3) == "REJECTED C123", "the session's end ends what was withdrawn while it was ordered",
           parties.state(3))
    tap.ok(ended(parties, name) == [("REJECTED", "C123", "0"), ("REJECTED", "C123", "0"), ("REJECTED", "C123", "1")],
           "and the EMO says so", ended(parties, name))
    sound(tap, home, "after what was never ordered was withdrawn")


def test_late_success(tap):
    """It migrates all the same: that is a late success as ever."""
    home = Home()
    parties = Parties(home)
    name = parties.instruct([1, 2])
    home.run()
    order(home, "device", "withdraw", device(1), now=at(1))
    home.run(now=at(DAY))
    parties.result(said(1))
    home.run(now=at(DAY + 1))
    parties.confirm(confirmed(1))
    home.run(now=at(DAY + 2))
    tap.ok(parties.states(1, 2) == ["MIGRATED", "FAILED D103"] and ended(parties, name)[0] == ("MIGRATED", "", "1"),
           "both sides agree after its end", parties.states(1, 2), ended(parties, name))
    refused(tap, "what has migrated is not withdrawn", order(home, "device", "withdraw", device(1), now=at(DAY + 3)),
            "it is MIGRATED")
    sound(tap, home, "after a late success of what was withdrawn")


def test_refused(tap):
    home = Home("gateway inventory=required")
    parties = Parties(home)
    name = parties.instruct([1])
    home.command("run", "--once")
    refused(tap, "a batch that is not judged", home.command("batch", "withdraw", "1", "--reason", "x"),
            "one that is not judged yet is a job")
    home.set("gateway inventory=auto")
    home.run()
    parties.result(said(1))
    home.run(now=at(1))
    refused(tap, "a Device of which a side states a success", order(home, "device", "withdraw", device(1), now=at(2)),
            f"the Device {device(1)} cannot be withdrawn: a side states that the credentials are replaced")
    refused(tap, "a batch of such Devices", order(home, "batch", "withdraw", name, now=at(2)),
            "batch MCC.B-1 cannot be withdrawn")


def test_held(tap):
    """What is held can be withdrawn; the hold ends with the work."""
    home = Home()
    parties = Parties(home)
    home.command("dispatch", "pause", "--reason", "x")
    parties.instruct([1, 2])
    home.run()
    order(home, "batch", "hold", "B-1", now=at(1))
    order(home, "device", "hold", device(1), now=at(1))
    home.command("dispatch", "resume", "--reason", "x", now=at(2))
    order(home, "batch", "withdraw", "B-1", now=at(3))
    home.run(now=at(3))
    tap.ok(parties.states(1, 2) == ["REJECTED C123", "REJECTED C123"] and not home.json("status")[0]["kept_back"] and
           not parties.orders(), "nothing was ordered, and nothing is kept back", parties.states(1, 2))
    sound(tap, home, "after what was held was withdrawn")


def test_slices(tap):
    """A batch of more than 64 Devices is withdrawn in several commits. A stop in between loses nothing, and the last
    slice ends with the batch."""
    home = Home("gateway dispatch_hours=13-14")
    parties = Parties(home)
    name = parties.instruct(range(1, 201))
    parties.instruct([201, 202])
    home.run()
    stopped = home.command("batch", "withdraw", "B-1", "--reason", "wrong list", now=at(1),
                           env={"ECOSGATE_CRASH": "batch-slice-withdrawn:after:2"})
    before = parties.rows("SELECT count(*) FROM session WHERE code='C123'"), parties.rows(
        "SELECT count(*) FROM operator_action")
    home.run(now=at(2))
    results = parties.rows("SELECT result FROM operator_action")
    tap.ok(stopped.returncode == -9 and before == ([(192,)], [(0,)]), "two slices are committed, and no result",
           stopped.returncode, before)
    tap.ok(results == [("done: ended at once 200, answer awaited 0, left alone, for a side states a success 0",)],
           "after a stop the order goes on, and its result counts all", results)
    tap.ok(len(ended(parties, name)) == 200, "the outcome has all of them")
    tap.ok(parties.states(201, 202) == ["READY", "READY"], "the next batch is left alone", parties.states(201, 202))
    sound(tap, home, "after a withdrawal in slices")


def test_others_go_on(tap):
    """A daemon does other work between two slices: what lies in another drop is judged before the withdrawal is done.

    Each reading of the clock takes it on by a second, so that a slice and a verdict have times of their own. The clock
    of limits goes so fast that each slice takes longer than a withdrawal may take at once."""
    home = Home("gateway dispatch_hours=23-24\ngateway cells=no")  # a cell with this clock is ended
    parties = Parties(home)
    parties.instruct(range(1, 4096))
    home.run()
    with open(home.path("spool", "orders", "order"), "w", encoding="ascii") as file:
        file.write("[order]\nverb=withdraw batch\njob=1\nbatch=MCC.B-1\nreason=wrong list\nat=1688385660\n")
    parties.reference("NMM", "ESME,AB01,010A030C,0002012F,2023-07-01,,D117,")
    daemon = start(home, at(2), step=1, fast=100000)
    ended = wait_until(lambda: parties.rows("SELECT 1 FROM operator_action"))
    terminate(daemon)
    (first, last, n), = parties.rows("SELECT min(ended), max(ended), count(*) FROM session WHERE code='C123'")
    judged = parties.rows("SELECT judged_at FROM verdict WHERE batch='NMM-1'")
    tap.ok(ended and n == 4095 and len(judged) == 1 and first < judged[0][0] < last,
           "a file of another drop is judged between two slices", first, judged, last, n)
    sound(tap, home, "after a withdrawal beside other work")


if __name__ == "__main__":
    with Tap() as report:
        test_batch(report)
        test_never_ordered(report)
        test_late_success(report)
        test_refused(report)
        test_held(report)
        test_slices(report)
        if not SANITIZED:  # it takes no preloaded library
            test_others_go_on(report)
