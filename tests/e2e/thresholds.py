#!/usr/bin/env python3
"""Thresholds: more Devices than the configuration allows are accepted, answered and held (TAP)."""
from hold import done, order, refused
from home import Home, Tap
from parties import Parties, at, device, instructed, sound, work

HOUR, DAY = 60, 24 * 60  # minutes, as at() takes them
SUPPLIERS = ("90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02")


def settings(*lines):
    return Home("\n".join(f"thresholds {line}" for line in lines))


def open_ones(home):
    return [(row["subject"], row["cleared"]) for row in home.json("incident", "list") if row["code"] == "A116"]


def row_of(home, subject, now):
    return next(row for row in home.json("thresholds", now=now) if row["subject"] == subject)


def test_day(tap):
    """Up to the limit, over it by two files, in a day that glides, and after a release."""
    home = settings("sender_day=4")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.instruct([4, 5])
    home.run(now=at(HOUR))
    tap.ok(parties.states(1, 3, 4, 5) == ["DISPATCHED", "DISPATCHED", "READY", "READY"] and len(parties.orders()) == 1,
           "the file that crosses the limit with one before it is accepted and held", parties.states(1, 3, 4, 5))
    shown = home.json("batch", "list")
    tap.ok([(row["verdict"], row["held"]) for row in shown] == [("AC", False), ("AC", True)], "whole", shown)
    tap.ok(len([name for name in home.out("mcc") if name.startswith(("EMA", "EMD"))]) == 4, "both are answered")
    parties.instruct([6])
    home.run(now=at(HOUR))
    tap.ok(parties.states(6) == ["DISPATCHED"], "held ones count for nothing: what is left of the limit goes on",
           parties.states(6))
    parties.instruct([7])
    home.run(now=at(23 * HOUR + 59))
    tap.ok(parties.states(7) == ["READY"], "23 hours later they count", parties.states(7))
    parties.instruct([8])
    home.run(now=at(24 * HOUR))
    tap.ok(parties.states(8) == ["DISPATCHED"], "24 hours later those of the first hour do not", parties.states(8))
    tap.ok(open_ones(home) == [("MCC.B-2", None), ("MCC.B-4", None)], "each held batch is an incident",
           home.json("incident", "list"))
    done(tap, "a batch is released", order(home, "batch", "release", "B-2", now=at(24 * HOUR + 1)),
         "batch MCC.B-2: release done\n")
    parties.instruct([9, 10, 11])
    home.run(now=at(24 * HOUR + 1))
    tap.ok(parties.states(4, 5, 9) == ["DISPATCHED", "DISPATCHED", "READY"] and
           row_of(home, "MCC", at(24 * HOUR + 1))["day"] == 2,
           "it is ordered, and does not count afterwards; what comes then is judged by the others", parties.states(9))
    done(tap, "another one is withdrawn", order(home, "batch", "withdraw", "B-4", now=at(24 * HOUR + 2)),
         "batch MCC.B-4: withdraw done: ended at once 1, answer awaited 0, left alone, for a side states a success "
         "0\n")
    home.run(now=at(24 * HOUR + 2))
    tap.ok(open_ones(home) == [("MCC.B-6", None)], "both close their incidents", home.json("incident", "list"))
    sound(tap, home, "after thresholds")


def test_said(tap):
    """Where an operator sees it."""
    home = settings("sender_day=1")
    parties = Parties(home)
    parties.instruct([1, 2])
    run = home.run()
    tap.ok(b"batch-held: job 00000001: batch MCC.B-1 is held: sender MCC: more Devices than the limit of a day: 2 in "
           b"this file, 0 before it, limit 1" in
           run.stderr, "run logs it", run.stderr)
    fact = home.json("why", device(1), now=at(1))[0]
    held = "batch MCC.B-1: a threshold holds it since 2023-07-03T12:00:00Z: sender MCC: more Devices"
    tap.ok(held in fact["because"] and
           fact["waits_for"] == "an operator, who has to release batch MCC.B-1 or to withdraw it" and
           fact["moved_by"] == "`ecosgate batch release 00000001 --reason TEXT`", "why says it", fact)
    status = home.json("status", now=at(1))[0]
    tap.ok([row["code"] for row in status["alarms"] if row["level"] == "warning"] == ["A116"] and
           [(row["what"], row["who"]) for row in status["kept_back"]] == [("batch MCC.B-1", "ecosgate")],
           "status, once", status["alarms"], status["kept_back"])
    health = home.command("health", now=at(1))
    tap.ok(health.returncode == 1 and b"A116" in health.stdout, "health warns", health.stdout)
    tap.ok(any("A116" in text and "batch MCC.B-1 is held" in text for text in
               (home.read_out("dcc", name).decode() for name in home.out("dcc"))), "an INC says it")
    actions = home.json("batch", "show", "B-1", now=at(1))[0]["actions"]
    tap.ok([(row["verb"], row["who"], row["result"]) for row in actions] == [("threshold", "ecosgate", "done")],
           "batch show says who holds it", actions)
    refused(tap, "it is held already", order(home, "batch", "hold", "B-1", now=at(2)), "is held already")
    done(tap, "its incident alone is closed", order(home, "incident", "close", "INC-000001", now=at(2)),
         "incident INC-000001: close done\n")
    home.run(now=at(3))
    tap.ok(parties.states(1) == ["READY"] and open_ones(home) == [("MCC.B-1", None)],
           "that decides nothing: the next pass opens another one", parties.states(1), open_ones(home))
    metrics = home.command("metrics", now=at(3)).stdout.decode()
    tap.ok('ecosgate_sender_devices{party="MCC",span="day"} 0\n' in metrics and
           'ecosgate_sender_devices_limit{party="MCC",span="day"} 1\n' in metrics and
           'sender_devices_limit{party="MCC",span="hour"}' not in metrics, "metrics has count and limit", metrics)
    text = home.command("thresholds", now=at(3)).stdout.decode()
    tap.ok(text.split("\n")[0].split() == ["kind", "subject", "hour", "hour_limit", "day", "day_limit", "usual",
                                           "usual_limit", "used_percent"] and
           text.split("\n")[1].split() == ["sender", "MCC", "0", "-", "0", "1", "-", "-", "0"], "thresholds is a table",
           text)


def test_hours_and_parties(tap):
    """A limit of an hour; that of a party; 0 is no limit."""
    home = settings("sender_hour=1", "sender_day=100")
    parties = Parties(home)
    parties.instruct([1])
    home.run(now=at(0))
    parties.instruct([2])
    home.run(now=at(59))
    parties.instruct([3])
    home.run(now=at(60))
    tap.ok(parties.states(1, 2, 3) == ["DISPATCHED", "READY", "DISPATCHED"], "the hours are the clock's",
           parties.states(1, 2, 3))
    home = Home("party MCC threshold_day=2\nthresholds sender_day=1")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    tap.ok(parties.states(1, 2) == ["DISPATCHED", "DISPATCHED"], "a party has a limit of its own",
           parties.states(1, 2))
    home = Home("party MCC threshold_day=0\nthresholds sender_day=1")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    tap.ok(parties.states(1, 2) == ["DISPATCHED", "DISPATCHED"] and row_of(home, "MCC", at(1))["day_limit"] is None,
           "0 is no limit", parties.states(1, 2))
    home.set("gateway environment=LIVE")
    tap.ok(row_of(home, "MCC", at(1))["day_limit"] is None, "in LIVE, too")
    home = Home()
    home.set("gateway environment=LIVE")
    tap.ok(row_of(home, "MCC", at(1))["day_limit"] == 200000, "LIVE has a limit of its own")
    home.set("thresholds sender_hour=200001")
    wrong = home.command("status")
    tap.ok(wrong.returncode == 2 and b"[thresholds] sender_hour: expected no more Devices in an hour" in wrong.stderr,
           "an hour cannot have more than its day", wrong.stderr)


def test_usual(tap):
    """A multiple of the median: only from seven days on, and held ones are part of the usual."""
    home = settings("sender_usual=2")
    parties = Parties(home)
    number = 0
    for day in range(6):
        parties.instruct([number + 1, number + 2])
        number += 2
        home.run(now=at(day * DAY))
    parties.instruct(range(13, 21))
    home.run(now=at(6 * DAY))
    tap.ok(parties.states(20) == ["DISPATCHED"] and row_of(home, "MCC", at(6 * DAY))["usual"] is None,
           "no median yet: any number", parties.states(20))
    parties.instruct(range(21, 26))
    home.run(now=at(7 * DAY + 1))
    row = row_of(home, "MCC", at(7 * DAY + 1))
    tap.ok(parties.states(25) == ["READY"] and (row["usual"], row["usual_limit"], row["day"]) == (2, 4, 0),
           "one great day does not move the median: five Devices are more than two times two", row)
    parties.instruct(range(26, 30))
    home.run(now=at(7 * DAY + 2))
    tap.ok(parties.states(29) == ["DISPATCHED"], "four are not", parties.states(29))
    sound(tap, home, "after seven days")


def test_suppliers_and_models(tap):
    """One file with Devices of two Suppliers and two models; the whole batch is held."""
    home = settings("supplier_day=2", "model_day=3")
    parties = Parties(home)
    described, dates = "ESME,Commissioned,AB01,010A030B,0002012F,1012345678903", "North,2021-04-06,2021-04-06,TCOS,"
    parties.references("INV", *(f"{device(n)},{described},,{SUPPLIERS[n > 3]},,{dates}" for n in range(1, 9)))
    home.run(now=at(0))
    parties.instruct([1, 2, 4])
    home.run(now=at(1))
    rows = {row["subject"]: (row["day"], row["used_percent"]) for row in home.json("thresholds", now=at(1))
            if row["kind"] != "sender"}
    tap.ok(parties.states(1, 4) == ["DISPATCHED", "DISPATCHED"] and rows == {
        SUPPLIERS[0]: (2, 100), SUPPLIERS[1]: (1, 50), "ESME AB01 010A030B 0002012F": (3, 100)}, "both are counted",
           rows, parties.states(1, 4))
    parties.instruct([5])
    home.run(now=at(2))
    text = next(row["text"] for row in home.json("incident", "list") if row["code"] == "A116")
    tap.ok(parties.states(5) == ["READY"] and "model ESME AB01 010A030B 0002012F: more Devices than the limit of a "
           "day: 1 in this file, 3 before it, limit 3;" in text,
           "a model that is over its limit holds", text)
    parties.instruct([3, instructed(6)])
    home.run(now=at(3))
    text = [row["text"] for row in home.json("incident", "list") if row["code"] == "A116"][-1]
    tap.ok(f"is held: supplier {SUPPLIERS[0]}: " in text and "further thresholds that it crosses: 1;" in text,
           "the first limit is named, the others are counted", text)


def test_crash(tap):
    """A kill around the verdict's commit leaves it held whole, or not judged."""
    for when in ("verdict-committed:before", "verdict-committed:after", "group-committed:after"):
        home = settings("sender_day=1")
        parties = Parties(home)
        parties.instruct([1, 2])
        home.run(env={"ECOSGATE_CRASH": when})
        home.run(now=at(1))
        tap.ok(parties.states(1, 2) == ["READY", "READY"] and parties.orders() == [] and
               open_ones(home) == [("MCC.B-1", None)], f"{when}: held, with one incident", parties.states(1, 2),
               open_ones(home))
        sound(tap, home, when)


def test_clock(tap):
    """A clock that goes back opens no new allowance, nor does a restart; a file counts when it is judged."""
    home = settings("sender_day=2")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run(now=at(DAY))
    parties.instruct([3])
    home.run(now=at(DAY - 5))
    tap.ok(parties.states(3) in ([], ["READY"]) and len(parties.orders()) == 1, "the clock goes back",
           parties.states(3))
    home.run(now=at(DAY + 1))
    tap.ok(parties.states(3) == ["READY"] and parties.orders() == [[f"{work(1)} 1", f"{work(2)} 1"]],
           "and comes again", parties.states(3), parties.orders())


def main():
    with Tap() as tap:
        for test in (test_day, test_said, test_hours_and_parties, test_usual, test_suppliers_and_models, test_crash,
                     test_clock):
            test(tap)


if __name__ == "__main__":
    main()
