#!/usr/bin/env python3
"""An operator pauses dispatch or a drop, and resumes it (TAP)."""
import os
import signal

from dispatch import start
from home import Home, Tap, answer, wait_until
from parties import Parties, at, confirmed, device, instructed, said, sound, work


def order(home, *words, now, reason="look"):
    return home.command(*words, "--reason", reason, now=now)


def done(tap, text, said_by, expected):
    tap.ok(said_by.returncode == 0 and said_by.stdout.decode() == expected, text, said_by.stdout, said_by.stderr)


def refused(tap, text, said_by, expected):
    tap.ok(said_by.returncode == 1 and expected in said_by.stderr.decode(), text, said_by.stdout, said_by.stderr)


def test_dispatch(tap):
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    refused(tap, "what is not paused is not resumed", order(home, "dispatch", "resume", now=at(2)), "not paused")
    done(tap, "dispatch is paused", order(home, "dispatch", "pause", now=at(2), reason="wrong models"),
         "dispatch: pause done\n")
    refused(tap, "once", order(home, "dispatch", "pause", now=at(2)), "dispatch: paused already; see 'ecosgate status'")
    parties.instruct([3, instructed(4, model="010A030C")])
    home.run(now=at(10))
    home.run(now=at(20))
    tap.ok(parties.states(1, 2, 3) == ["RETRY_WAIT D103", "DISPATCHED", "READY"] and len(parties.orders()) == 1,
           "no order is made, for a first try or a later one; instructions are judged", parties.states(1, 2, 3))
    status, facts = home.json("status")[0], [home.json("why", device(n), now=at(21))[0] for n in (1, 3)]
    tap.ok(status["kept_back"] == [{"what": "dispatch", "since": at(2), "who": status["kept_back"][0]["who"],
                                    "reason": "wrong models", "ended_by": "ecosgate dispatch resume"}] and
           "wrong models" in status["work_orders"], "status says what, since when, by whom, why and what ends it",
           status)
    tap.ok(all("wrong models" in fact["waits_for"] and "dispatch resume" in fact["moved_by"] for fact in facts),
           "why says so of each Device", facts)
    parties.reference("NMM", "ESME,AB01,010A030C,0002012F,2023-07-01,,D117,")
    parties.result(said(2))
    parties.confirm(confirmed(2))
    home.run(now=at(30))
    tap.ok(parties.states(2, 4) == ["MIGRATED", "READY"], "results count meanwhile", parties.states(2, 4))
    done(tap, "dispatch is resumed", order(home, "dispatch", "resume", now=at(40)), "dispatch: resume done\n")
    home.run(now=at(40))
    tap.ok(parties.states(1, 3, 4) == ["DISPATCHED", "DISPATCHED", "REJECTED C107"] and
           parties.orders()[1:] == [[f"{work(1)} 2", "MCC.B-2.1 1"]],
           "what has waited is reviewed and ordered in the next pass", parties.states(1, 3, 4), parties.orders())
    tap.ok(home.json("status")[0]["kept_back"] == [] and home.json("status")[0]["work_orders"] is None,
           "and status says nothing more")
    sound(tap, home, "after a pause of dispatch")


def test_dispatch_ends(tap):
    """What the time brings goes on: a try that the pause kept back is no failure."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    order(home, "dispatch", "pause", now=at(2))
    home.run(now=at(24 * 60))
    tap.ok(parties.states(1, 2) == ["DEFERRED C126", "FAILED D103"],
           "a session whose try was due is deferred, one whose try has no result has failed", parties.states(1, 2))
    fact = home.json("why", device(1), now=at(24 * 60))[0]
    tap.ok("was never ordered" in fact["because"] and "no failed session" in fact["because"], "why says so", fact)
    home.set("gateway tcos_closes=2023-07-05T00:00:00Z")
    parties.instruct([3])
    home.run(now=at(25 * 60))
    before = parties.state(3)
    home.run(now="2023-07-04T23:59:00Z")
    tap.ok([before, parties.state(3)] == ["READY", "REJECTED C122"], "TCoS closes as ever", parties.state(3))
    sound(tap, home, "after sessions ended in a pause")


def test_drop_in(tap):
    home = Home()
    parties = Parties(home)
    refused_names = home.command("drop", "pause", "none", "--reason", "x")
    tap.ok(refused_names.returncode == 1 and b"has no [drop none]" in refused_names.stderr, "a drop that is not there",
           refused_names.stderr)
    done(tap, "a drop is paused", order(home, "drop", "pause", "mcc", "--in", now=at(0), reason="wrong files"),
         "drop mcc: pause done\n")
    name = parties.instruct([1])
    home.run(now=at(1))
    home.run(now=at(2))
    tap.ok(os.listdir(home.path("drops", "mcc", "in")) == [name] and not home.json("spool", "list"),
           "nothing is picked up there", os.listdir(home.path("drops", "mcc", "in")))
    tap.ok(home.command("why", name).returncode == 1, "why knows no file that nobody has listed")
    tap.ok(not home.json("incident", "list"), "that is no incident", home.json("incident", "list"))
    lay = parties.confirm(confirmed(9))
    home.run(now=at(3))
    tap.ok(parties.acknowledged(lay) is not None, "other drops go on")
    refused(tap, "in is paused already", order(home, "drop", "pause", "mcc", "--in", now=at(3)), "drop mcc, in: paused")
    done(tap, "the other direction is paused, too", order(home, "drop", "pause", "mcc", now=at(4)),
         "drop mcc: pause done\n")
    kept = [(row["what"], row["reason"], row["ended_by"]) for row in home.json("status")[0]["kept_back"]]
    tap.ok(kept == [("drop mcc, in", "wrong files", "ecosgate drop resume mcc --in"),
                    ("drop mcc, out", "look", "ecosgate drop resume mcc --out")],
           "status has a row for each direction, with its own order", kept)
    done(tap, "a drop is resumed", order(home, "drop", "resume", "mcc", "--in", now=at(5)),
         "drop mcc: resume done\n")
    home.run(now=at(5))
    tap.ok(parties.state(1) == "DISPATCHED" and parties.acknowledged(name) is None,
           "what has waited is picked up; its answers are owed", parties.state(1))
    owed = [row["owed"] for row in home.json("status")[0]["drops"] if row["name"] == "mcc"]
    fact = home.json("why", answer(name))[0]
    tap.ok(owed == [2] and "drop resume mcc --out" in fact["because"] and "look" in fact["because"],
           "status counts them, and why says so of each", owed, fact)
    order(home, "drop", "resume", "mcc", now=at(6))
    home.run(now=at(6))
    tap.ok(parties.acknowledged(name) == ("AC", []) and not home.json("status")[0]["kept_back"], "and then delivered",
           parties.acknowledged(name))
    refused(tap, "a drop that is not paused", order(home, "drop", "resume", "mcc", now=at(6)), "not paused")
    sound(tap, home, "after a pause of a drop")


def test_facts(tap):
    """Instructions do not wait for a paused drop of facts, as they do not for one that is down."""
    home = Home("gateway reference_wait=3600")
    parties = Parties(home)
    order(home, "drop", "pause", "dcc", now=at(0))
    parties.reference("NMM", "ESME,AB01,010A030C,0002012F,2023-07-01,,D117,")
    parties.instruct([1])
    home.run(now=at(1))
    tap.ok(parties.state(1) == "DISPATCHED", "an instruction is judged by what is known", parties.state(1))


def test_drop_out(tap):
    """While what goes out to the drop of the work orders is paused, none is made."""
    home = Home()
    parties = Parties(home)
    order(home, "drop", "pause", "tcos", "--out", now=at(0), reason="their server moves")
    parties.instruct([1])
    home.run(now=at(1))
    fact = home.json("why", device(1), now=at(1))[0]
    tap.ok(parties.state(1) == "READY" and not home.out("tcos") and not home.json("incident", "list"),
           "no session begins, and there is no incident", parties.state(1), home.out("tcos"))
    tap.ok("the drop tcos" in fact["waits_for"] and "their server moves" in fact["waits_for"] and
           "drop resume tcos --out" in fact["moved_by"], "why says what it waits for", fact)
    order(home, "drop", "resume", "tcos", now=at(2))
    home.run(now=at(2))
    tap.ok(parties.orders() == [[f"{work(1)} 1"]], "then it is ordered", parties.orders())
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(3))
    sound(tap, home, "after a pause of the work orders' drop")


def test_daemon(tap):
    """Orders work while a gateway runs, and a pause outlasts it."""
    home = Home("gateway poll_interval=1\ngateway clock_leap=0")
    parties = Parties(home)
    daemon = start(home)
    tap.ok(wait_until(lambda: home.json("status")[0]["running"]), "a gateway runs")
    said_by = home.command("dispatch", "pause", "--reason", "x")
    done(tap, "it pauses", said_by, "dispatch: pause done\n")
    name = parties.instruct([1])
    tap.ok(wait_until(lambda: parties.answer(name) is not None) and parties.state(1) == "READY", "and orders nothing",
           parties.state(1))
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    daemon = start(home)
    other = parties.instruct([2])
    tap.ok(wait_until(lambda: parties.answer(other) is not None) and parties.states(1, 2) == ["READY", "READY"],
           "nor does the next one", parties.states(1, 2))
    home.command("dispatch", "resume", "--reason", "x")
    tap.ok(wait_until(lambda: len(parties.orders()) == 1), "until dispatch is resumed", parties.orders())
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    sound(tap, home, "after a daemon")


if __name__ == "__main__":
    with Tap() as report:
        test_dispatch(report)
        test_dispatch_ends(report)
        test_drop_in(report)
        test_facts(report)
        test_drop_out(report)
        test_daemon(report)
