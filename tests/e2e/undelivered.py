#!/usr/bin/env python3
"""Work orders that cannot be delivered: no failure of a Device, and no stale order leaves (TAP)."""
import os
import signal

from home import SANITIZED, Home, Tap, terminate, wait_until
from parties import Parties, at, confirmed, device, instructed, said, sound, work

DAY = 24 * 60
ONE = ["MCC.B-1.1 1"]


def away(home):
    out = home.path("drops", "tcos", "out")
    os.rename(out, out + ".away")


def back(home):
    out = home.path("drops", "tcos", "out")
    os.rename(out + ".away", out)


def waits(*numbers, settings="", **crash):
    """The order of these Devices waits for its drop."""
    home = Home(settings)
    parties = Parties(home)
    home.run()
    if not crash:
        away(home)
    name = parties.instruct(list(numbers))
    home.command("run", "--once", now=at(1), **crash)
    return home, parties, name


def test_session_end(tap):
    home, parties, name = waits(1, 2, settings="gateway model_failures=2")
    home.command("run", "--once", now=at(DAY + 30))
    tap.ok(parties.states(1, 2) == ["DEFERRED C126", "DEFERRED C126"],
           "a session whose order never left is deferred", parties.states(1, 2))
    codes = {one["code"] for one in home.json("incident", "list", "--all")}
    tap.ok("D160" not in codes, "and is no failure of its model", codes)
    outcome = [row for row in parties.outcome(name)]
    tap.ok([row[4] for row in outcome] == ["0", "0"] and {row[6] for row in outcome} == {at(DAY + 30)},
           "the outcome counts no try, and a new instruction may come at once", outcome)
    parties.instruct([1])
    home.command("run", "--once", now=at(DAY + 31))
    tap.ok(parties.state(1) == "READY", "which is accepted and waits for the drop", parties.state(1))
    back(home)
    home.run(now=at(DAY + 40))
    tap.ok(parties.orders() == [[], ["MCC.B-2.1 1"]], "no stale order leaves; the file in its place has no record",
           parties.orders())
    home.run(now=at(9 * DAY))
    failed = home.command("report", "ECOSMIG-002", "--period", "2023-07-03T13:00:00Z", now=at(9 * DAY)).stdout.decode()
    tap.ok("MCC.B-1.1" not in failed, "it is in no ECOSMIG-002", failed)
    sound(tap, home, "after orders that were withdrawn")


FORBIDS = "ESME,AB01,010A030C,0002012F,2023-07-01,,D117,"
OTHERS = [[f"{work(1)} 1", f"{work(3)} 1"]]


def test_review(tap):
    """Reference data forbid a try while its order waits."""
    home, parties, _ = waits(1, instructed(2, model="010A030C"), 3)
    parties.reference("NMM", FORBIDS)
    home.command("run", "--once", now=at(2))
    tap.ok(parties.states(1, 2, 3) == ["DISPATCHED", "REJECTED C107", "DISPATCHED"],
           "a Device whose order waits is reviewed again", parties.states(1, 2, 3))
    parties.reference("COS", "1012345678903,90-B3-D5-1F-30-05-00-01,90-B3-D5-1F-30-05-00-02,2023-07-05")
    home.command("run", "--once", now=at(3))
    tap.ok(parties.states(1, 2, 3) == ["DEFERRED C109", "REJECTED C107", "DEFERRED C109"],
           "and put off if what stands against it passes", parties.states(1, 2, 3))
    back(home)
    home.run(now=at(4))
    tap.ok(parties.orders() == [[]], "none of them is ordered", parties.orders())
    sound(tap, home, "after all of an order were withdrawn")


def test_review_at_the_end(tap):
    """They come in the pass in which the drop works again, before other facts."""
    home, parties, _ = waits(1, instructed(2, model="010A030C"), 3)
    back(home)
    parties.reference("NMM", FORBIDS)
    parties.result(said(1, "TIMEOUT", batch=9))
    home.run(now=at(2))
    tap.ok(parties.orders() == OTHERS and parties.state(2) == "REJECTED C107",
           "no order leaves before the facts of its pass are judged", parties.orders(), parties.state(2))
    sound(tap, home, "after one of three was withdrawn")


def test_later_try(tap):
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"), said(2, "FAILED", gbcs="30"))
    home.run(now=at(1))
    away(home)
    home.command("run", "--once", now=at(6))
    home.command("run", "--once", now=at(DAY))
    tap.ok(parties.states(1, 2) == ["DEFERRED C126", "DEFERRED C126"], "so is one whose second order never left",
           parties.states(1, 2))
    back(home)
    home.run(now=at(DAY + 10))
    tap.ok(parties.orders()[1:] == [[]], "which leaves no more", parties.orders())
    sound(tap, home, "after a second order that was withdrawn")


def test_success(tap):
    """The first try succeeds after all while the order of the second one waits."""
    home = Home()
    parties = Parties(home)
    name = parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"), said(2, "FAILED", gbcs="30"))
    home.run(now=at(1))
    away(home)
    home.command("run", "--once", now=at(6))
    parties.result(said(1))
    home.command("run", "--once", now=at(7))
    parties.confirm(confirmed(1))
    back(home)
    home.run(now=at(8))
    tap.ok(parties.orders()[1:] == [[f"{work(2)} 2"]] and parties.states(1) == ["MIGRATED"],
           "a success withdraws the next try from an order that has not left", parties.orders(), parties.states(1))
    parties.result(said(2, "FAILED", gbcs="17", attempt=2))
    home.run(now=at(9))
    tap.ok([row[4] for row in parties.outcome(name)] == ["1", "2"], "which is no try", parties.outcome(name))
    sound(tap, home, "after a success that withdrew a try")


def test_daemon(tap):
    """The same in one run, which reviews the orders that wait only when there is a reason."""
    home = Home("gateway poll_interval=1")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"), said(2, "FAILED", gbcs="30"))
    home.run(now=at(1))
    away(home)
    daemon = home.daemon(now=at(6))
    seen = wait_until(lambda: parties.states(1) == ["DISPATCHED"] and home.json("incident", "list") != [])
    parties.result(said(1))
    seen = seen and wait_until(lambda: parties.states(1) == ["CONFIRM_PENDING"])
    back(home)
    tap.ok(seen and wait_until(lambda: len(parties.orders()) == 2) and parties.orders()[1:] == [[f"{work(2)} 2"]],
           "a daemon withdraws it, too", parties.orders(), parties.states(1, 2))
    tap.ok(terminate(daemon) == 0, "the daemon ends", daemon.stderr.read().decode())
    sound(tap, home, "after a daemon withdrew a try")


def test_uncertain(tap):
    """The rename may have been sent: nobody can be sure."""
    home, parties, _ = waits(1, env={"ECOSGATE_CRASH": "delivery-announced:after:2"})
    away(home)
    home.command("run", "--once", now=at(DAY + 30))
    tap.ok(parties.state(1) == "FAILED D103", "an order that may have been delivered counts as delivered",
           parties.state(1))
    back(home)
    home.run(now=at(DAY + 40))
    sound(tap, home, "after an order that may have been delivered")


def test_stops(tap):
    for step in ("time-committed:before:1", "time-committed:after:1"):
        home, parties, _ = waits(1)
        killed = home.command("run", "--once", now=at(DAY + 30), env={"ECOSGATE_CRASH": step}).returncode
        back(home)
        home.run(now=at(DAY + 30))
        tap.ok(killed == -signal.SIGKILL and parties.states(1) == ["DEFERRED C126"] and parties.orders() == [[]],
               f"and after a stop at {step}, too", killed, parties.states(1), parties.orders())
        sound(tap, home, f"after a stop at {step}")


def test_why(tap):
    home, _, _ = waits(1)
    home.command("run", "--once", now=at(DAY + 30))
    fact = home.json("why", device(1))[0]
    tap.ok("C126" in fact["because"] and "next try" not in fact["because"] and
           "the work order (EMW) of try 1 was never delivered to the drop tcos; that drop is down (A103)" in
           fact["because"], "why says that the order was not delivered", fact)
    back(home)
    home.run(now=at(DAY + 31))
    fact = home.json("why", device(1))[0]
    tap.ok("never delivered to the drop tcos; the incident A103" in fact["because"], "also when the drop works again",
           fact)


def test_why_later(tap):
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"))
    home.run(now=at(1))
    away(home)
    parties.instruct([3])
    home.command("run", "--once", now=at(2))
    home.command("run", "--once", now=at(DAY))
    fact = home.json("why", device(1))[0]
    tap.ok("C126" in fact["because"] and "its next try was never ordered, for no work order" in fact["because"],
           "a try that was never ordered is told as that", fact)


def test_many_wait(tap):
    """Thousands may wait for a drop that is down, and each pass asks for all of them. It must not ask much."""
    home, counts = Home("gateway cells=no"), []
    parties = Parties(home)
    home.run()
    out = home.path("drops", "mcc", "out")
    os.rename(out, out + ".away")
    for numbers in (range(1, 6), range(6, 36)):
        for number in numbers:
            parties.instruct([number])
        home.command("run", "--once", now=at(1))
        counts.append(home.questions(at(2)))
    waiting = len([job for job in home.json("spool", "list", "--state", "active") if job["type"] == "EMI"])
    tap.ok(waiting == 35 and counts[1] - counts[0] <= 4 * 30, "a pass asks little about each file that waits", waiting,
           counts)
    os.rename(out + ".away", out)
    home.run(now=at(3))
    tap.ok(home.json("spool", "list", "--state", "active") == [], "and they end when the drop works again")
    sound(tap, home, "after many files have waited")


def test_reviewed_once(tap):
    """The orders that a pass makes are reviewed as they are made, and not once more before they leave."""
    home, counts = Home("gateway cells=no"), []
    parties = Parties(home)
    home.run()
    for numbers in ([1], list(range(2, 42))):
        parties.instruct(numbers)
        counts.append(home.questions(at(1)))
    each = (counts[1] - counts[0]) / 39
    tap.ok(len(parties.orders()) == 2 and each <= 5, "a pass asks about each Device that it orders at once", each)


def test_group(tap):
    """The orders of a group are undelivered until its end. After each of its files they would be listed, if that were
    not asked for only where reference data have changed, or a day began."""
    os.environ["QUERY_ROWS"] = "1"
    try:
        counts = []
        for files in (20, 40, 80):
            home = Home("gateway cells=no")
            parties = Parties(home)
            home.run()
            for number in range(files):
                parties.instruct([number + 1])
            counts.append(home.questions(at(1)))
            made = sum(len(order) for order in parties.orders())
    finally:
        del os.environ["QUERY_ROWS"]
    more, most = (counts[1] - counts[0]) / 20, (counts[2] - counts[1]) / 40
    tap.ok(made == 80 and most < more + 3, "a file costs the same rows, however many orders of its group wait", counts)


def main():
    with Tap() as tap:
        test_session_end(tap)
        test_review(tap)
        test_review_at_the_end(tap)
        test_later_try(tap)
        test_success(tap)
        test_daemon(tap)
        test_uncertain(tap)
        test_stops(tap)
        test_why(tap)
        test_why_later(tap)
        if not SANITIZED:  # its library does not go with a preloaded one
            test_many_wait(tap)
            test_reviewed_once(tap)
            test_group(tap)


main()
