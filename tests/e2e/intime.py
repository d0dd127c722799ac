#!/usr/bin/env python3
"""What came in time counts before the time does, and before instructions and work orders, whatever the drops (TAP).

Instructions come through the drop that stands first in the configuration. Results and confirmations that lie in later
drops of the same pass are judged first: a try that they make needless is not ordered, a session that they end does not
fail. A drop that is down, or does not answer, does not hold the time for ever.
"""
import os
import signal

from home import Home, Tap, terminate, wait_until
from parties import Parties, at, confirmed, device, said, sound

DAY = 24 * 60
ORDERED = ["MCC.B-1.1 1", "MCC.B-1.2 1", "MCC.B-2.1 1"]
SETTLES = "drop {0} complete=stable\ndrop {0} stable_seconds=86400\ngateway reference_wait=1\ngateway poll_interval=1"


def begun(*more):
    """Device 1 is ordered, and more."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, *more])
    home.run()
    return home, parties


def tries(parties):
    """"Device try" of all orders."""
    return [each for order in parties.orders() for each in order]


def waits():
    """The second try of Device 1 is due. In the drops lie its success, a result of another Device before it, and an
    instruction."""
    home, parties = begun(3)
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    parties.instruct([2])
    parties.result(said(3, "FAILED", record=2, gbcs="17"))
    parties.result(said(1))
    parties.confirm(confirmed(1))
    return home, parties


def test_orders(tap):
    home, parties = waits()
    home.run(now=at(7))
    tap.ok(tries(parties) == ORDERED and parties.states(1) == ["MIGRATED"],
           "a success of the same pass stops the next try", tries(parties), parties.states(1))
    sound(tap, home, "after a success beside an instruction")
    for crash in ("custody-noted:after:2", "job-activated:after:1", "verdict-committed:after:1",
                  "verdict-committed:after:2", "verdict-committed:after:3", "dispatch-committed:before:1",
                  "group-committed:after:1"):
        home, parties = waits()
        killed = home.run(now=at(7), env={"ECOSGATE_CRASH": crash}).returncode
        home.run(now=at(7))
        tap.ok(killed == -signal.SIGKILL and tries(parties) == ORDERED and
               parties.states(1) == ["MIGRATED"], f"and after a stop at {crash}, too", killed, tries(parties))


def test_instruction(tap):
    """The success of a session that failed long ago comes with an instruction for the Device."""
    home, parties = begun()
    home.run(now=at(DAY))
    parties.instruct([1])
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(40 * DAY))
    shown = home.json("device", "show", device(1))[0]["history"]
    found = [(row["work_item"], row["state"], row["code"]) for row in shown][-2:]
    tap.ok(found == [("MCC.B-1.1", "MIGRATED", None), ("MCC.B-2.1", "REJECTED", "C108")] and
           tries(parties) == ["MCC.B-1.1 1"], "a late success of the same pass stands against a new instruction", found)
    sound(tap, home, "after a late success beside an instruction")


def incidents(home):
    return [one["code"] for one in home.json("incident", "list", "--all")]


def test_session_end(tap):
    """Nobody looked while the session ended."""
    home, parties = begun()
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(DAY + 30))
    steps = [step["state"] for step in home.json("device", "show", device(1))[0]["history"]]
    tap.ok(steps == ["READY", "DISPATCHED", "CONFIRM_PENDING", "MIGRATED"] and
           [name for name in home.out("mcc") if name.startswith("EMO") and "_R2" in name] == [],
           "a success that lay in its drop is none after the end of the session", steps, home.out("mcc"))
    home, parties = begun()
    parties.result(said(1))
    home.run(now=at(1))
    parties.confirm(confirmed(1))
    home.run(now=at(DAY + 30))
    tap.ok(parties.states(1) == ["MIGRATED"] and incidents(home) == [],
           "a confirmation that lay in its drop is not missing", parties.states(1), incidents(home))
    sound(tap, home, "after a session whose end nobody saw")


def test_limits(tap):
    """How long the time waits for what is on its way."""
    home, parties = begun()
    home.set(SETTLES.format("tcos"))
    parties.result(said(1))
    daemon = home.daemon(now=at(DAY + 30))
    tap.ok(wait_until(lambda: parties.states(1) == ["FAILED D103"]), "a file that settles is not waited for for ever",
           parties.states(1))
    tap.ok(terminate(daemon) == 0, "the daemon ends", daemon.stderr.read().decode())
    home, parties = begun()
    home.set("drop tcos complete=stable\ndrop tcos stable_seconds=1")
    parties.result(said(1))
    home.run(now=at(DAY + 30))
    tap.ok(parties.states(1) == ["CONFIRM_PENDING"], "one that has settled soon is", parties.states(1))
    home, parties = begun()
    parties.result(said(1))
    os.rename(home.inbox("tcos"), home.path("away"))
    home.run(now=at(DAY + 30))
    tap.ok(parties.states(1) == ["FAILED D103"], "a drop that is down does not stop the time", parties.states(1))
    os.rename(home.path("away"), home.inbox("tcos"))
    home.run(now=at(DAY + 31))
    tap.ok(parties.states(1) == ["FAILED D103"] and "EMT" in " ".join(home.out("tcos")),
           "what it had comes late", parties.states(1), home.out("tcos"))


def test_instruction_waits(tap):
    """An instruction is reviewed after the time: a session that is over is none in work."""
    home, parties = begun()
    name = parties.instruct([1])
    home.run(now=at(DAY))
    codes = parties.acknowledged(name)
    tap.ok(codes is not None and any("C115" in each for each in codes[1]) and
           not any("C110" in each for each in codes[1]),
           "a session that ends in this pass has ended for an instruction", codes)


def main():
    with Tap() as tap:
        test_orders(tap)
        test_instruction(tap)
        test_session_end(tap)
        test_limits(tap)
        test_instruction_waits(tap)


main()
