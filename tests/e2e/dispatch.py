#!/usr/bin/env python3
"""When what is due goes out: work orders, hours, retries, sessions that end, and the daemon that sees to it (TAP)."""
import calendar
import os
import shutil
import sqlite3
import subprocess
import time

import gate
from home import GATE, SANITIZED, Home, Tap, generate, rests, terminate, wait_until
from parties import Parties, at, confirmed, device, instructed, said, sound, work

DAY = 24 * 60
CLOCK_SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "clock_shim.so"))


def test_split(tap):
    home = Home("gateway work_order_devices=2")
    parties = Parties(home)
    parties.instruct([1, 2, 3, 4, 5])
    home.run()
    tap.ok(parties.orders() == [[f"{work(1)} 1", f"{work(2)} 1"], [f"{work(3)} 1", f"{work(4)} 1"], [f"{work(5)} 1"]],
           "no work order holds more Devices than are set", parties.orders())
    parties.result(*(said(n, "TIMEOUT") for n in (5, 4, 3, 2, 1)))
    home.run(now=at(1))
    home.run(now=at(6))
    tap.ok(parties.orders()[3:] == [[f"{work(1)} 2", f"{work(2)} 2"], [f"{work(3)} 2", f"{work(4)} 2"],
                                    [f"{work(5)} 2"]],
           "nor of second tries, which are due at the same time in the order of their work items", parties.orders()[3:])
    sound(tap, home, "after work orders in parts")

    home = Home("gateway work_order_devices=3")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1, "TIMEOUT"), said(2, "TIMEOUT"))
    home.run(now=at(1))
    parties.instruct([3, 4, 5, 6])
    home.run(now=at(6))
    tap.ok(parties.orders()[1:] == [[f"{work(1)} 2", f"{work(2)} 2"], [f"MCC.B-2.{n} 1" for n in (1, 2, 3)],
                                    ["MCC.B-2.4 1"]],
           "second tries are ordered before an instruction of the same pass is judged", parties.orders()[1:])
    sound(tap, home, "after second tries and first ones in one pass")


def test_order(tap):
    """By due time, then by work item; what was instructed counts since its verdict."""
    home = Home("gateway dispatch_hours=12-13\ngateway session_length=72\ngateway work_order_devices=4")
    parties = Parties(home)
    parties.instruct([1, 2, 3, 4])
    home.run()
    for minute, number in ((57, 3), (58, 2), (59, 4)):
        parties.result(said(number, "TIMEOUT"))
        home.run(now=at(minute))
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(59))
    for minute, numbers in ((63, (6, 5)), (300, (7, 8))):
        parties.instruct(numbers)
        home.run(now=at(minute))
    tap.ok(len(parties.orders()) == 1 and parties.states(5, 8) == ["READY", "READY"],
           "outside its hours nothing is dispatched",
           parties.orders())
    home.run(now=at(DAY - 1))
    tap.ok(len(parties.orders()) == 1, "nor right before they open")
    home.run(now=at(DAY))
    tap.ok(parties.orders()[1:] == [[f"{work(3)} 2", f"{work(2)} 2", "MCC.B-2.1 1", "MCC.B-2.2 1"],
                                    [f"{work(1)} 2", f"{work(4)} 2", "MCC.B-3.1 1", "MCC.B-3.2 1"]],
           "then what has been due longest comes first, of every instruction", parties.orders()[1:])
    sound(tap, home, "after waiting for the hours")


def test_hours(tap):
    # NOW is 12:00; each minute of the day at which a new instruction is or is not dispatched.
    for hours, rows in {"22-06": ((9 * 60 + 59, False), (10 * 60, True), (17 * 60 + 59, True), (18 * 60, False)),
                        "00-24": ((0, True), (12 * 60, True), (12 * 60 - 1, True)),
                        "13-14": ((59, False), (60, True), (119, True), (120, False)),
                        "00-01": ((12 * 60 - 1, False), (12 * 60, True), (12 * 60 + 59, True), (13 * 60, False)),
                        "23-24": ((11 * 60 - 1, False), (11 * 60, True), (12 * 60 - 1, True),
                                  (12 * 60, False))}.items():
        home = Home(f"gateway dispatch_hours={hours}")
        parties = Parties(home)
        for number, (minute, is_open) in enumerate(rows, 1):
            before = len(parties.orders())
            parties.instruct([number])
            home.run(now=at(minute))
            tap.ok((len(parties.orders()) > before) == is_open,
                   f"{hours}: {'open' if is_open else 'closed'} at {at(minute)[11:16]}",
                   parties.orders())

    home = Home("gateway dispatch_hours=22-06")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run(now=at(10 * 60))
    parties.result(said(1, "TIMEOUT"), said(2, "TIMEOUT"))
    home.run(now=at(17 * 60 + 57))
    home.run(now=at(18 * 60 + 2))
    tap.ok(parties.states(1, 3) == ["RETRY_WAIT D103", "DISPATCHED"] and len(parties.orders()) == 1,
           "a try that becomes due outside the hours waits", parties.states(1, 3))
    parties.result(said(2))
    parties.confirm(confirmed(2))
    home.run(now=at(20 * 60))
    tap.ok(parties.state(2) == "MIGRATED", "results count at any hour")
    home.run(now=at(34 * 60))
    tap.ok(parties.states(1, 3) == ["FAILED D103", "FAILED D103"] and len(parties.orders()) == 1,
           "the session's end comes first where both are due", parties.states(1, 3))
    sound(tap, home, "after sessions ended outside the hours")


def test_times(tap):
    home = Home("gateway retry_delays=5;7")
    parties = Parties(home)
    name = parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(1, "TIMEOUT"), said(2, "NOT_ATTEMPTED"))
    home.run(now=at(3))
    home.command("run", "--once", now="2023-07-03T12:07:59Z")
    tap.ok(len(parties.orders()) == 1, "a second before its time no try goes out", parties.orders())
    home.run(now=at(8))
    tap.ok(parties.orders()[1:] == [[f"{work(1)} 2", f"{work(2)} 1"]],
           "at its time it does; not attempted is the same try",
           parties.orders())
    parties.result(said(1, "FAILED", attempt=2, gbcs="30"), said(2, "FAILED", gbcs="30"))
    home.run(now=at(9))
    home.run(now=at(14))
    tap.ok(parties.orders()[2:] == [[f"{work(2)} 2"]], "it cost no delay", parties.orders())
    home.run(now=at(16))
    tap.ok(parties.orders()[3:] == [[f"{work(1)} 3"]], "each delay is used once", parties.orders())
    parties.result(said(1, "FAILED", attempt=3, gbcs="30"))
    home.run(now=at(17))
    tap.ok(parties.state(1) == "FAILED D130", "and after the last there is no further try", parties.state(1))
    home.run(now="2023-07-04T11:59:59Z")
    tap.ok(parties.states(2, 3) == ["DISPATCHED", "DISPATCHED"] and parties.outcome(name) is None, "a session lasts",
           parties.states(2, 3))
    home.run(now=at(DAY))
    tap.ok(parties.outcome(name) == [[device(1), work(1), "FAILED", "D130", "3", at(17), "2023-08-03T12:00:00Z"],
                                     [device(2), work(2), "FAILED", "D103", "2", at(DAY), "2023-08-03T12:00:00Z"],
                                     [device(3), work(3), "FAILED", "D103", "1", at(DAY), "2023-08-03T12:00:00Z"]],
           "to its end, whatever came of its tries", parties.outcome(name))
    sound(tap, home, "after sessions ended")


def test_wake(tap):
    """A success puts off when its session goes on by itself; the session wakes once in vain, and then at that time."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1))
    home.run(now=at(60))
    early = "SELECT item FROM session WHERE wake IS NOT due"
    tap.ok(parties.rows(early) == [(1,)], "what is put off keeps its earlier time", parties.rows(early))
    torn(tap, home)
    home.run(now=at(DAY))
    tap.ok(parties.rows(early) == [] and parties.states(1, 2) == ["CONFIRM_PENDING", "FAILED D103"],
           "then, when that comes, for its own time", parties.states(1, 2))
    home.run(now=at(DAY + 60))
    tap.ok(parties.states(1) == ["CONFIRM_PENDING D150"], "at which it goes on", parties.states(1))
    sound(tap, home, "after a wake in vain")


def torn(tap, home):
    """spool verify tells each change of a session, or of its steps, that is not both's."""
    path = home.path("spool", "ledger.sqlite")
    for change in ("session SET wake=due+1 WHERE item=1", "session SET wake=NULL WHERE item=2",
                   "session SET state=6 WHERE item=1",
                   "session SET due=due+1 WHERE item=2", "session SET last=1 WHERE item=1",
                   "session SET transitions=3 WHERE item=1",
                   "session SET tcos=NULL WHERE item=1", "session SET ecos=tcos WHERE item=1",
                   "transition SET before=NULL WHERE n=2",
                   "transition SET before=2 WHERE n=2", "transition SET item=2 WHERE item=1 AND n=1",
                   "transition SET n=3 WHERE n=2",
                   "transition SET statement=NULL WHERE n=2", "transition SET statement=3 WHERE n=2"):
        shutil.copy(path, path + ".kept")
        with sqlite3.connect(path) as ledger:
            changed = ledger.execute(f"UPDATE {change}").rowcount
        ledger.close()
        done = home.command("spool", "verify")
        tap.ok(changed == 1 and done.returncode == 1, f"spool verify tells a changed row: {change}",
               done.stdout.decode())
        os.replace(path + ".kept", path)
    sound(tap, home, "after the rows are again what they were")


def test_down(tap):
    """Nobody looked for days."""
    home = Home()
    parties = Parties(home)
    name = parties.instruct([1, 2, 3, 4, 5])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"), said(2, "NOT_ATTEMPTED"), said(3))
    home.run(now=at(1))
    lay = parties.result(said(4))
    parties.confirm(confirmed(3))
    home.run(now=at(5 * DAY))
    tap.ok(parties.states(1, 2, 3, 4, 5) == ["FAILED D130", "FAILED D103", "MIGRATED", "CONFIRM_PENDING",
                                                        "FAILED D103"],
           "sessions that ended meanwhile have failed", parties.states(1, 2, 3, 4, 5))
    tap.ok(parties.acknowledged(lay) == ("AC", []), "a success that lay in the drop came in time",
           parties.acknowledged(lay))
    parties.confirm(confirmed(4))
    home.run(now=at(5 * DAY))
    tap.ok(len(parties.orders()) == 1 and [row[4] for row in parties.outcome(name)] == ["1", "0", "1", "1", "1"],
           "no try goes out any more; one that was not attempted does not count", parties.outcome(name))
    tap.ok({row[6] for row in parties.outcome(name)} == {"", "2023-08-03T12:00:00Z"},
           "NextEligible counts from when the session should have ended", parties.outcome(name))
    steps = home.json("device", "show", device(3))[0]["history"]
    tap.ok([(step["state"], step["code"]) for step in steps] ==
           [("READY", None), ("DISPATCHED", None), ("CONFIRM_PENDING", None), ("MIGRATED", None)],
           "a confirmation that lay in the drop is not missing", steps)
    sound(tap, home, "after days without a pass")


def away(home, drop="tcos"):
    out = home.path("drops", drop, "out")
    os.rename(out, out + ".away")


def back(home, drop="tcos"):
    out = home.path("drops", drop, "out")
    os.rename(out + ".away", out)


def begun(home, number):
    return [step["at"] for step in home.json("device", "show", device(number))[0]["history"]
            if step["state"] == "DISPATCHED"]


def waits_for_drop(tap, home, code):
    """What `why` and `status` say while Device 4 waits."""
    incident = next(row for row in home.json("incident", "list") if row["code"] == code and row["cleared"] is None)
    fact, status = home.json("why", device(4))[0], home.json("status")[0]
    tap.ok("the drop tcos" in fact["waits_for"] and "doctor tcos" in fact["moved_by"] and
           all(f"({code})" in text and incident["id"] in text for text in (fact["waits_for"], status["work_orders"])),
           f"why and status name the drop and {code}", fact, status["work_orders"])


def test_drop_away(tap, code="A103", settings=""):
    """While the drop of the work orders is down, no session begins."""
    home = Home("gateway confirmation_wait=20" + settings)
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    tap.ok(home.json("status")[0]["work_orders"] is None, "nothing stops the work orders of a sound drop")
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    away(home)
    parties.instruct([3])
    done = home.command("run", "--once", now=at(2))
    tap.ok(done.returncode == 2 and parties.state(3) == "DISPATCHED", "an order that cannot leave shows the outage",
           done)
    fact = home.json("why", device(3))[0]
    tap.ok("not delivered to the drop tcos" in fact["waits_for"] and code in fact["waits_for"],
           "why says that this order is not delivered", fact)
    parties.instruct([4, instructed(5, model="010A030C")])
    home.command("run", "--once", now=at(10))
    tap.ok(parties.states(1, 4, 5) == ["RETRY_WAIT D103", "READY", "READY"],
           f"{code}: after it no order is made, for a first try or a later one", parties.states(1, 4, 5))
    waits_for_drop(tap, home, code)
    parties.reference("NMM", "ESME,AB01,010A030C,0002012F,2023-07-01,,D117,")
    home.command("run", "--once", now=at(11))
    tap.ok(parties.states(4, 5) == ["READY", "READY"], "nor when other files come", parties.states(4, 5))
    back(home)
    home.run(now=at(30))
    tap.ok(parties.states(1, 4, 5) == ["DISPATCHED", "DISPATCHED", "REJECTED C107"] and
           parties.orders()[1:] == [["MCC.B-2.1 1"], [f"{work(1)} 2", "MCC.B-3.1 1"]],
           "the pass in which the drop works again reviews and orders what has waited",
           parties.states(1, 4, 5), parties.orders())
    tap.ok(begun(home, 4) == [at(30)] and home.json("status")[0]["work_orders"] is None, "and sessions begin then",
           begun(home, 4))
    sound(tap, home, f"after an outage of the drop of the work orders ({code})")


def test_drop_away_ends(tap):
    """What the time brings goes on while the drop is down."""
    home = Home("gateway tcos_closes=2023-07-05T12:00:00Z")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30"))
    home.run(now=at(1))
    away(home)
    parties.instruct([2])
    home.command("run", "--once", now=at(2))
    parties.instruct([3])
    home.command("run", "--once", now=at(10))
    home.command("run", "--once", now=at(DAY))
    tap.ok(parties.states(1, 3) == ["DEFERRED C126", "READY"], "a session that waits for a try ends by its time",
           parties.states(1, 3))
    home.command("run", "--once", now=at(2 * DAY - 4))
    tap.ok(parties.state(3) == "REJECTED C122", "what was never ordered is refused when TCoS closes", parties.state(3))
    back(home)
    home.run(now=at(2 * DAY))
    sound(tap, home, "after an outage until TCoS closed")


def test_drop_foreign(tap):
    """A drop that is another gateway's gets no work order; it is ours again without anything to deliver."""
    home = Home()
    parties = Parties(home)
    home.run()
    claim = home.path("drops", "tcos", "out", ".ecosgate-claim")
    with open(claim, "rb") as file:
        ours = file.read()
    with open(claim, "wb") as file:
        file.write(b"another gateway's\n")
    parties.instruct([4])
    done = home.command("run", "--once", now=at(1))
    tap.ok(done.returncode == 2 and parties.state(4) == "READY", "A110: no order is made", done, parties.state(4))
    waits_for_drop(tap, home, "A110")
    with open(claim, "wb") as file:
        file.write(ours)
    home.run(now=at(2))
    tap.ok(parties.state(4) == "DISPATCHED" and len(parties.orders()) == 1, "then it is ours, and the order goes out",
           parties.state(4))


def test_drop_away_daemon(tap):
    home = Home("gateway poll_interval=1\ngateway clock_leap=0")
    parties = Parties(home)
    away(home)
    parties.instruct([1])
    daemon = start(home)
    tap.ok(wait_until(lambda: "A103" in [row["code"] for row in home.json("incident", "list")]), "a daemon sees it")
    name = parties.instruct([2])
    tap.ok(wait_until(lambda: parties.answer(name) is not None) and parties.state(2) == "READY", "and orders nothing",
           parties.state(2))
    back(home)
    tap.ok(wait_until(lambda: len(parties.orders()) == 2) and parties.state(2) == "DISPATCHED",
           "until the drop works again", parties.orders())
    terminate(daemon)


def test_daily_limit(tap):
    """First tries a day, whenever the Devices were accepted; further tries are not counted and not held back."""
    home = Home("gateway dispatch_hours=12-13\ngateway session_length=72\ngateway daily_limit=4\n"
                "gateway work_order_devices=2")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run(now=at(120))
    home.run(now=at(DAY))
    tap.ok(parties.orders() == [[f"{work(1)} 1", f"{work(2)} 1"], [f"{work(3)} 1"]], "three of four a day",
           parties.orders())
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(DAY + 1))
    home.run(now=at(DAY + 6))
    parties.instruct([4, 5])
    home.run(now=at(DAY + 7))
    tap.ok(parties.orders()[2:] == [[f"{work(1)} 2"], ["MCC.B-2.1 1"]] and parties.state(5) == "READY C116",
           "a second try is none of them; the fourth goes out, the fifth waits", parties.orders(), parties.state(5))
    parties.result(said(2, "TIMEOUT"))
    home.run(now=at(DAY + 8))
    home.run(now=at(DAY + 13))
    tap.ok(parties.orders()[4:] == [[f"{work(2)} 2"]], "when they are used up second tries go on", parties.orders()[4:])
    tap.ok(home.json("why", device(5))[0]["next_at"] == "2023-07-05T00:00:00Z", "the fifth waits for the next day")
    home.run(now=at(2 * DAY))
    tap.ok(parties.orders()[5:] == [["MCC.B-2.2 1"]], "and goes out then", parties.orders()[5:])

    home = Home("gateway dispatch_hours=12-13\ngateway daily_limit=3")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run(now=at(120))
    parties.instruct([3, 4])
    home.run(now=at(DAY - 60))
    home.run(now=at(DAY))
    tap.ok(parties.orders() == [[f"{work(1)} 1", f"{work(2)} 1", "MCC.B-2.1 1"]] and parties.state(4) == "READY C116",
           "one order holds no more than the day allows", parties.orders())
    sound(tap, home, "after a daily limit")


def test_judged_again(tap):
    """What was found out since the split: a cause that lasts counts before one that passes."""
    home = Home("gateway dispatch_hours=12-13")
    parties = Parties(home)
    name = parties.instruct([1])
    home.run(now=at(120))
    parties.reference("INV",
                      f"{device(1)},ESME,Commissioned,AB01,0A0A0A0A,0002012F,1012345678903,00-DB-12-34-56-78-90-C0,"
                             "90-B3-D5-1F-30-05-00-01,90-B3-D5-1F-30-06-00-01,Central,2021-04-06,2021-04-06,ECOS,")
    home.run(now=at(180))
    home.run(now=at(DAY))
    tap.ok(parties.state(1) == "REJECTED C108" and parties.orders() == [],
           "another model, which may change, and ECoS credentials", parties.state(1))
    tap.ok(parties.outcome(name) == [[device(1), work(1), "REJECTED", "C108", "0", at(DAY), ""]], "its batch has ended",
           parties.outcome(name))
    sound(tap, home, "after nothing was left to order")


def test_many(tap):
    """More ends at once than one transaction takes."""
    home = Home()
    name = os.path.basename(generate(home.top, "--form", "csv", "--devices", "10001"))
    home.drop("mcc", os.path.join(home.top, name))
    home.run()
    home.run(now=at(DAY))
    outcome = Parties(home).outcome(name)
    tap.ok(outcome is not None and len(outcome) == 10001 and {row[3] for row in outcome} == {"D103"},
           "one pass ends all sessions that are over", home.json("status")[0]["devices"])


def clock(seconds):
    """The real time so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def start(home, when=None, step=0, fast=1):
    """A daemon that nothing but time wakes: by the real clock, or by one that stands at `when` now and goes on; with
    each reading by `step` seconds more. The clock of limits goes `fast` times as fast."""
    env = dict(os.environ)
    if when is not None:
        ahead = calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ")) - int(time.time())
        env.update(LD_PRELOAD=CLOCK_SHIM, CLOCK_AHEAD=str(ahead), CLOCK_STEP=str(step), CLOCK_FAST=str(fast))
    return subprocess.Popen([GATE, "-c", home.conf, "run"], stderr=subprocess.DEVNULL, env=env)


def test_daemon(tap):
    home = Home("gateway poll_interval=3600\ngateway clock_leap=0")
    parties = Parties(home)
    name = parties.instruct([1])
    home.run()
    daemon = start(home)
    tap.ok(wait_until(lambda: parties.outcome(name) is not None) and
           parties.outcome(name)[0][2:4] == ["FAILED", "D103"],
           "a daemon that starts late ends what is over", parties.outcome(name))
    terminate(daemon)
    sound(tap, home, "after a late start")

    home = Home("gateway poll_interval=3600")
    parties = Parties(home)
    parties.instruct([1])
    home.run(now=clock(-600))
    parties.result(said(1, "TIMEOUT"))
    home.run(now=clock(-300 + 3))
    tap.ok(parties.state(1) == "RETRY_WAIT D103", "a try that is due in three seconds", parties.state(1))
    daemon = start(home)
    tap.ok(wait_until(lambda: len(parties.orders()) == 2), "goes out by itself", parties.orders())
    terminate(daemon)
    sound(tap, home, "after a try by itself")

    home = Home("gateway poll_interval=3600\ngateway confirmation_wait=1\ngateway session_length=1")
    parties = Parties(home)
    name = parties.instruct([1, 2])
    home.run(now=clock(-3600 + 3))
    parties.result(said(1))
    home.run(now=clock(-3600 + 4))
    daemon = start(home)
    tap.ok(wait_until(lambda: parties.states(1, 2) == ["CONFIRM_PENDING D150", "FAILED D103"]),
           "so do a session's end and a confirmation that is missing", parties.states(1, 2))
    terminate(daemon)
    sound(tap, home, "after ends by themselves")


def test_daemon_slow_pass(tap):
    """What falls due while a pass goes on: the pass has looked too early for it, and must not sleep past it.

    Each reading of the clock takes it on by a second. Daemons start 1, 2, … seconds before a session ends, so that the
    end falls between each two readings of a pass for one of them."""
    daemons = []
    for seconds in range(1, 11):
        home = Home("gateway poll_interval=3600\ngateway session_length=1")
        parties = Parties(home)
        parties.instruct([1])
        home.run()
        daemons.append((seconds, home, parties, start(home, f"2023-07-03T12:59:{60 - seconds:02}Z", step=1)))
    for seconds, home, parties, daemon in daemons:
        ended = wait_until(lambda made=parties: made.state(1) == "FAILED D103")
        tap.ok(ended, f"a session that ends {seconds} readings of the clock after a daemon started is ended",
               parties.state(1))
        terminate(daemon)


def test_daemon_rests(tap):
    """A pass wakes no other one."""
    home = Home("gateway poll_interval=3600")
    daemon = start(home)
    tap.ok(wait_until(lambda: home.json("status")[0]["running"]) and wait_until(lambda: rests(daemon)),
           "a daemon with nothing to do sleeps")
    terminate(daemon)


def test_clock_shim(tap):
    """The tests that follow say nothing where it is not loaded."""
    home = Home("gateway clock_leap=0")
    for when in ("2023-07-04T12:00:00Z", "2031-01-01T00:00:00Z"):
        ahead = calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ")) - int(time.time())
        parties = Parties(home)
        parties.instruct([1])
        done = gate.run("-c", home.conf, "run", "--once", preload=[CLOCK_SHIM],
                        env={**os.environ, "CLOCK_AHEAD": str(ahead)})
        received = home.json("spool", "list")[-1]["received"]
        tap.ok(received[:10] == when[:10], f"the shim is loaded: the clock stands at {when[:10]}", received,
               done.stderr.decode())


def test_daemon_opens(tap):
    """Work that waits for dispatch_hours: a daemon that nothing else wakes sees to it when the hour comes."""
    for hours, before, then in (("13-14", "2023-07-03T12:59:56Z", "2023-07-03T13:00:00Z"),
                                ("23-12", "2023-07-03T22:59:56Z", "2023-07-03T23:00:00Z")):
        home = Home(f"gateway poll_interval=3600\ngateway dispatch_hours={hours}")
        parties = Parties(home)
        parties.instruct([1, 2])
        home.run()
        tap.ok(parties.orders() == [], f"{hours}: work that waits", parties.orders())
        daemon = start(home, before)
        tap.ok(wait_until(lambda made=parties: len(made.orders()) == 1),
               f"{hours}: work goes out when the hours begin", parties.orders())
        terminate(daemon)
        step = home.json("device", "show", device(1))[0]["history"][-1]
        tap.ok(step["state"] == "DISPATCHED" and step["at"] >= then, f"{hours}: and not before", step)
        sound(tap, home, f"after dispatch_hours={hours} began")


def test_closing(tap):
    """TCoS closes earlier than was thought when the sessions began: 13:00 of the same day."""
    home = Home("gateway dispatch_hours=12-13")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(2, "FAILED", gbcs="30"))
    parties.confirm(confirmed(3))
    home.run(now=at(54))
    home.set("gateway tcos_closes=2023-07-03T13:00:00Z")
    parties.instruct([4])
    home.run(now=at(55))
    tap.ok(parties.states(1, 2, 3, 4) == ["DISPATCHED", "RETRY_WAIT D130", "CONFIRM_PENDING", "DISPATCHED"],
           "five minutes before the closing: a try can still end", parties.states(1, 2, 3, 4))
    home.run(now="2023-07-03T12:55:01Z")
    tap.ok(parties.states(1, 2, 3, 4) == ["DISPATCHED", "FAILED D130", "CONFIRM_PENDING", "DISPATCHED"],
           "a second later: the one that waits for its next try has failed", parties.states(1, 2, 3, 4))
    home.set("gateway dispatch_hours=20-21")
    home.run(now=at(60))
    tap.ok(parties.states(1, 2, 3, 4) == ["FAILED D103", "FAILED D130", "CONFIRM_PENDING", "FAILED D103"],
           "at the closing: those whose try is ordered, too", parties.states(1, 2, 3, 4))
    tap.ok(len(parties.orders()) == 2 and parties.orders()[1] == ["MCC.B-2.1 1"], "no work order after that",
           parties.orders())
    parties.result(said(3))
    parties.instruct([5])
    home.run(now=at(70))
    tap.ok(parties.states(3, 5) == ["MIGRATED", "REJECTED C122"], "what the sides say counts; an instruction does not",
           parties.states(3, 5))
    tap.ok([name[:3] for name in home.out("mcc")].count("EMO") == 3, "every batch has its outcome", home.out("mcc"))
    sound(tap, home, "after TCoS closed")


def test_closing_daemon(tap):
    """Nothing else wakes the daemon: by their work orders the sessions last until the next day."""
    home = Home("gateway poll_interval=3600")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    home.set("gateway tcos_closes=2023-07-03T13:00:00Z")
    daemon = start(home, "2023-07-03T12:59:56Z")
    tap.ok(wait_until(lambda: parties.state(1) == "FAILED D103"), "a daemon ends sessions when TCoS closes",
           parties.state(1))
    terminate(daemon)
    step = home.json("device", "show", device(1))[0]["history"][-1]
    tap.ok(step["at"] >= "2023-07-03T13:00:00Z", "and not before", step)


if __name__ == "__main__":
    with Tap() as report:
        test_split(report)
        test_order(report)
        test_hours(report)
        test_times(report)
        test_wake(report)
        test_down(report)
        test_drop_away(report)
        test_drop_away(report, "A101", "\ndrop tcos share=yes")
        test_drop_away_ends(report)
        test_drop_foreign(report)
        test_drop_away_daemon(report)
        test_daily_limit(report)
        test_judged_again(report)
        test_closing(report)
        test_many(report)
        test_daemon(report)
        test_daemon_rests(report)
        if not SANITIZED:  # it takes no preloaded library
            test_clock_shim(report)
            test_daemon_opens(report)
            test_closing_daemon(report)
            test_daemon_slow_pass(report)
