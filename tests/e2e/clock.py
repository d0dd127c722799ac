#!/usr/bin/env python3
"""The clock: recorded time never runs backwards, and a time that cannot be right changes nothing (TAP)."""
import atexit
import calendar
import os
import sqlite3
import subprocess
import time

import gate
from home import GATE, SANITIZED, Home, Tap, terminate, wait_until
from live import answer, instruction, name_of, send
from parties import Parties, confirmed, said, sound

SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "clock_shim.so"))
FORM = "%Y-%m-%dT%H:%M:%SZ"
# Columns in which rows that are only ever added keep the time at which they were added.
GROWING = {"job": "received", "transition": "at", "outgoing": "created", "operator_action": "at"}


def seconds(text):
    return calendar.timegm(time.strptime(text, FORM))


def later(text, more):
    return time.strftime(FORM, time.gmtime(seconds(text) + more))


def query(home, statement, *values):
    connection = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def backwards(home):
    """Tables in which a later row has an earlier time, and periods that have no rows for what ended in them."""
    found = []
    for table, column in GROWING.items():
        times = [at for at, in query(home, f"SELECT {column} FROM {table} ORDER BY id")]
        if times != sorted(times):
            found.append((table, times))
    return found


def reported(home, ref):
    """How many rows all files of a report have, with those that belong to nobody."""
    return query(home, "SELECT (SELECT ifnull(sum(p.rows), 0) FROM report r JOIN outgoing p ON p.id=r.outgoing"
                       " WHERE r.ref=?1) + (SELECT ifnull(sum(unassigned), 0) FROM report_period WHERE ref=?1)",
                 ref)[0][0]


def open_clock(home):
    return [row["subject"] for row in home.json("incident", "list") if row["code"] == "A105"]


def all_of(home):
    return home.tree(), home.ledger()


# ---- --now ----

def test_now_and_live(tap):
    """A time that somebody typed must not reach a home in which work is real."""
    home = Home()
    send(home, name_of(1), instruction(1))
    home.run()
    home.set("gateway environment=LIVE")
    before = all_of(home)
    for now in ("2023-10-01T00:00:00Z", "2027-09-01T00:00:00Z", "2023-07-03T12:00:00Z"):
        done = home.run(now=now)
        tap.ok(done.returncode == 2 and b"--now" in done.stderr and b"environment=TEST" in done.stderr,
               f"LIVE: run refuses --now {now} and says what to do", done.returncode, done.stderr)
    for order in (("spool", "hold", "1"), ("incident", "close", "1"), ("sequence", "set", "MCC", "EMI", "5")):
        done = home.command(*order, "--reason", "a try")
        tap.ok(done.returncode == 2 and b"--now" in done.stderr, f"LIVE: {order[0]} {order[1]} refuses --now",
               done.returncode, done.stderr)
    tap.ok(all_of(home) == before, "nothing has changed")
    for command in (("status",), ("spool", "list"), ("why", name_of(1)), ("pickup",), ("report", "list")):
        done = home.command(*command)
        tap.ok(done.returncode == 0, f"LIVE: {command[0]} changes nothing and takes --now", done.stderr)
    home.set("gateway environment=TEST")
    done = home.run()
    tap.ok(done.returncode == 0, "TEST: run takes it", done.stderr)


# ---- set back while it was stopped ----

# A boundary, and the pass after which everything that ended before it has been reported.
BOUNDARIES = {"a quarter of a day": ("2023-07-03T18:00:00Z", "2023-07-05T00:05:00Z"),
              "midnight": ("2023-07-04T00:00:00Z", "2023-07-06T00:05:00Z"),
              "a week": ("2023-07-10T00:00:00Z", "2023-07-18T00:05:00Z"),
              "a month": ("2023-08-01T00:00:00Z", "2023-09-02T00:05:00Z")}


def test_boundaries(tap):
    """The periods that end at a boundary are issued; then the clock is set back before it, and two Devices end."""
    for what, (boundary, last) in BOUNDARIES.items():
        for back in (30, 600):
            home = Home("gateway reports_from=2023-07-03T00:00:00Z\ngateway clock_leap=0\ngateway session_length=720")
            parties = Parties(home)
            parties.instruct([1, 2])
            home.run(now="2023-07-03T12:00:00Z")
            parties.result(said(1))
            home.run(now=later(boundary, -60))
            home.run(now=later(boundary, 10))
            parties.confirm(confirmed(1))
            parties.result(said(2, "FAILED", gbcs="17"))
            done = home.run(now=later(boundary, 10 - back))
            where = f"{what}, {back} seconds back"
            tap.ok(done.returncode == 0 and done.stderr.count(b"set back") == 1 and not open_clock(home) and
                   [state.split()[0] for state in parties.states(1, 2)] == ["MIGRATED", "FAILED"],
                   f"{where}: the pass is like any other and says it once", done.returncode, done.stderr)
            for now in (later(boundary, 300), later(boundary, 86400), last):
                home.run(now=now)
            tap.ok((reported(home, "ECOSMIG-001"), reported(home, "ECOSMIG-002")) == (1, 1) and not backwards(home),
                   f"{where}: each of the two is in one report", reported(home, "ECOSMIG-001"),
                   reported(home, "ECOSMIG-002"), backwards(home))
            sound(tap, home, where)


def test_sessions(tap):
    """What the time brought stays, and nothing is brought before its time."""
    home = Home("gateway session_length=1")
    parties = Parties(home)
    parties.instruct([1])
    home.run(now="2023-07-03T12:00:00Z")
    home.run(now="2023-07-03T13:00:05Z")
    before = parties.work_so_far(), parties.orders()
    home.run(now="2023-07-03T12:59:30Z")
    tap.ok(parties.state(1) == "FAILED D103" and (parties.work_so_far(), parties.orders()) == before,
           "a session that has ended stays ended", parties.state(1))
    home = Home("gateway dispatch_hours=13-14")
    parties = Parties(home)
    home.run(now="2023-07-03T13:30:00Z")
    home.run(now="2023-07-03T14:00:00Z")
    parties.instruct([1])
    home.run(now="2023-07-03T14:00:10Z")
    parties.instruct([2])
    home.run(now="2023-07-03T13:59:50Z")
    tap.ok(parties.orders() == [] and parties.states(1, 2) == ["READY", "READY"],
           "hours that are over do not come again", parties.orders())
    home = Home("gateway retry_delays=5;7")
    parties = Parties(home)
    parties.instruct([1])
    home.run(now="2023-07-03T12:00:00Z")
    parties.result(said(1, "TIMEOUT"))
    home.run(now="2023-07-03T12:01:00Z")
    home.run(now="2023-07-03T12:06:10Z")
    parties.result(said(1, "TIMEOUT", attempt=2))
    home.run(now="2023-07-03T12:05:50Z")
    tap.ok(parties.rows("SELECT due FROM session") == [(seconds("2023-07-03T12:13:10Z"),)],
           "a delay counts from the recorded time", parties.rows("SELECT due FROM session"))
    home.run(now="2023-07-03T12:13:09Z")
    tap.ok(len(parties.orders()) == 2, "nothing goes out before it is over", parties.orders())
    home.run(now="2023-07-03T12:13:10Z")
    tap.ok(len(parties.orders()) == 3 and not backwards(home), "then it does", parties.orders())


def test_far_behind(tap):
    """More than ten minutes: an incident; the work goes on at the recorded time."""
    home = Home()
    send(home, name_of(1), instruction(1))
    home.run(now="2023-07-03T12:00:00Z")
    send(home, name_of(2), instruction(2, (2,)))
    done = home.run(now="2023-07-03T11:49:59Z")
    tap.ok(open_clock(home) == ["2023-07-03T12:00:00Z"] and answer(name_of(2), "EMD") in home.out("mcc") and
           b"close this incident" in done.stderr, "601 seconds: A105 names the time, and the work goes on", done.stderr)
    tap.ok(not backwards(home) and query(home, "SELECT DISTINCT received FROM job") ==
           [(seconds("2023-07-03T12:00:00Z"),)], "at the recorded time", query(home, "SELECT received FROM job"))
    home.run(now="2023-07-03T12:00:01Z")
    tap.ok(not open_clock(home), "it is over when the clock has caught up")
    sound(tap, home, "after a clock that was behind")


# Each makes the ledger hold a time that lies ahead.
AHEAD = {"a report's issue": "UPDATE report_period SET issued=issued+864000 WHERE ref='ECOSMIG-001'",
         "a report's period": "UPDATE report_period SET ends=ends+864000 WHERE ref='ECOSMIG-002' AND"
                              " starts=(SELECT max(starts) FROM report_period WHERE ref='ECOSMIG-002')",
         "a session's end": "UPDATE session SET ended=ended+864000",
         "a verdict": "UPDATE verdict SET judged_at=judged_at+864000",
         "a delivery": "UPDATE outgoing SET delivered_at=delivered_at+864000",
         "the newest transition": "UPDATE transition SET at=at+864000 WHERE id=(SELECT max(id) FROM transition)",
         "the newest job": "UPDATE job SET received=received+864000 WHERE id=(SELECT max(id) FROM job)"}


def test_times_ahead(tap):
    made = Home("gateway reports_from=2023-07-03T00:00:00Z")
    parties = Parties(made)
    parties.instruct([1])
    made.run(now="2023-07-03T12:00:00Z")
    parties.result(said(1, "FAILED", gbcs="17"))
    made.run(now="2023-07-04T12:00:00Z")
    for what, statement in AHEAD.items():
        home = Home()
        with open(made.path("spool", "ledger.sqlite"), "rb") as source:
            content = source.read()
        with open(home.path("spool", "ledger.sqlite"), "wb") as target:
            target.write(content)
        query(home, statement)
        home.run(now="2023-07-04T12:05:00Z")
        tap.ok(len(open_clock(home)) == 1, f"A105: {what} lies ahead", home.json("incident", "list"))
        home.remove()


def test_disbelieved(tap):
    """A pass was made ten days ahead. An operator says that this time was wrong."""
    home = Home("gateway reports_from=2023-07-03T00:00:00Z")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run(now="2023-07-03T12:00:00Z")
    home.run(now="2023-07-13T12:00:00Z")
    home.set("gateway session_length=720")
    parties.instruct([4, 5])
    home.run(now="2023-07-03T12:10:00Z")
    subject, = open_clock(home)
    tap.ok(subject.startswith("2023-07-13"), "A105 names the time that lies ahead", subject)
    number = [row["id"] for row in home.json("incident", "list") if row["code"] == "A105"][0]
    done = home.command("incident", "close", number, "--reason", "that clock was wrong", now="2023-07-03T12:11:00Z")
    tap.ok(done.returncode == 0, "it is closed by hand", done.stderr)
    parties.result(said(1, "FAILED", batch=2, record=1) | {"DeviceID": "00-DB-12-34-56-78-90-04", "GBCSStatus": "17"})
    done = home.run(now="2023-07-03T12:12:00Z")
    newest = query(home, "SELECT received FROM job ORDER BY id DESC LIMIT 1")[0][0]
    tap.ok(not open_clock(home) and newest == seconds("2023-07-03T12:12:00Z") and parties.state(4).startswith("FAILED"),
           "the gateway goes on at the time of the clock", done.stderr, newest, parties.state(4))
    parties.instruct([6])
    home.run(now="2023-07-03T12:11:30Z")
    newest = query(home, "SELECT received FROM job ORDER BY id DESC LIMIT 1")[0][0]
    tap.ok(newest == seconds("2023-07-03T12:12:00Z") and not open_clock(home),
           "and from there it does not run backwards either", newest, open_clock(home))
    home.run(now="2023-07-03T11:00:00Z")
    tap.ok(open_clock(home) == ["2023-07-03T12:12:00Z"], "a step back from there is an A105 of its own",
           open_clock(home))
    for now in ("2023-07-03T13:00:00Z", "2023-07-13T18:00:10Z", "2023-07-14T00:00:10Z", "2023-07-15T00:00:10Z"):
        home.run(now=now)
    tap.ok(not open_clock(home) and reported(home, "ECOSMIG-002") ==
           query(home, "SELECT count(*) FROM session WHERE state=8")[0][0],
           "every Device that failed is in one report", reported(home, "ECOSMIG-002"))
    sound(tap, home, "after a time that was called wrong")


# ---- jumps while it runs ----

class Ticking:
    """A daemon by a clock that begins at `when` and is set while it runs."""

    def __init__(self, home, when="2023-07-03T12:00:00Z"):
        self.home, self.file = home, os.path.join(home.top, "clock")
        self.ahead = seconds(when) - int(time.time())
        self.set(0)
        self.start()
        atexit.register(self.end)

    def set(self, more):
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            file.write(str(more))
        os.rename(self.file + ".new", self.file)
        self.more = more

    def start(self):
        self.log = open(os.path.join(self.home.top, "log"), "ab+")
        self.process = subprocess.Popen([GATE, "-c", self.home.conf, "run"], stderr=self.log, env={
            **os.environ, "LD_PRELOAD": SHIM, "CLOCK_AHEAD": str(self.ahead), "CLOCK_FILE": self.file})

    def end(self):
        """What is left when a test breaks off."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        status = terminate(self.process)
        self.log.close()
        return status

    def close(self):
        """An operator closes the A105 by the same clock."""
        number = [row["id"] for row in self.home.json("incident", "list") if row["code"] == "A105"][0]
        return gate.run_anew([GATE, "-c", self.home.conf, "incident", "close", number, "--reason", "it is right"], {
            **os.environ, "CLOCK_AHEAD": str(self.ahead), "CLOCK_FILE": self.file}, None, [SHIM])

    def newest(self):
        return query(self.home, "SELECT max(received) FROM job")[0][0]

    def wall(self):
        return int(time.time()) + self.ahead + self.more


def jumping_home():
    home = Home("gateway poll_interval=1\ngateway environment=LIVE")
    clock = Ticking(home)
    send(home, name_of(1), instruction(1, environment="LIVE"))
    wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc"))
    return home, clock


def taken(home, number):
    return answer(name_of(number), "EMD") in home.out("mcc")


def test_jumps(tap):
    for jump in (3600, -3600):
        what = f"a jump of {jump} seconds"
        home, clock = jumping_home()
        clock.set(jump)
        tap.ok(wait_until(lambda: len(open_clock(home)) == 1) and open_clock(home)[0].startswith("jump "),
               f"{what} while it runs is A105", open_clock(home))
        send(home, name_of(2), instruction(2, (2,), environment="LIVE"))
        tap.ok(wait_until(lambda: any(name.startswith("INC") for name in home.out("dcc"))) and not taken(home, 2) and
               os.listdir(home.inbox("mcc")) == [name_of(2)] and abs(clock.newest() - clock.wall()) > 3000,
               f"{what}: nothing is picked up; the incident is reported, at a time before it")
        clock.stop()
        clock.start()
        tap.ok(wait_until(lambda: home.json("status")[0]["running"]) and len(open_clock(home)) == 1 and
               not taken(home, 2), f"{what}: a restart does not forget it", open_clock(home))
        clock.set(5)
        tap.ok(wait_until(lambda: taken(home, 2)) and not open_clock(home) and not backwards(home),
               f"{what}: with the clock corrected all goes on", open_clock(home), backwards(home))
        tap.ok(clock.stop() == 0, f"{what}: the daemon has not ended")
        sound(tap, home, what)


def test_jumps_that_are_right(tap):
    for jump in (3600, -3600):
        what = f"a jump of {jump} seconds that was right"
        home, clock = jumping_home()
        clock.set(jump)
        wait_until(lambda: len(open_clock(home)) == 1)
        send(home, name_of(2), instruction(2, (2,), environment="LIVE"))
        done = clock.close()
        tap.ok(done.returncode == 0 and wait_until(lambda: taken(home, 2)) and not open_clock(home) and
               abs(query(home, "SELECT received FROM job WHERE name=?", name_of(2))[0][0] - clock.wall()) < 600,
               f"{what}: closed by hand, the gateway goes on by the clock", done.stderr, open_clock(home))
        tap.ok(len(home.json("incident", "list", "--all")) == 1, f"{what}: one closing is enough",
               home.json("incident", "list", "--all"))
        clock.stop()
        sound(tap, home, what)


def test_held(tap):
    """A leap while it was stopped: what the held passes record, and what `why` says."""
    home = Home("gateway inventory=required")
    send(home, name_of(1), instruction(1))
    home.run(now="2023-07-03T12:00:00Z")
    for now in ("2033-07-03T12:00:00Z", "2034-07-03T12:00:00Z"):
        home.run(now=now)
    begun = [row["begun"] for row in home.json("incident", "list") if row["code"] == "A105"]
    times = query(home, "SELECT max(received), max(created) FROM job, outgoing")
    tap.ok(begun == ["2023-07-03T12:00:00Z"] and set(times[0]) == {seconds(begun[0])},
           "a clock that is not believed leaves no date in the ledger", begun, times)
    said_why = home.json("why", name_of(1))[0]
    tap.ok("A105" in said_why["because"] and "incident close INC-" in said_why["moved_by"],
           "why says that the clock is not believed, and what helps", said_why)


def test_small_steps(tap):
    home, clock = jumping_home()
    for n, step in enumerate((300, -200, 390, 0), 2):
        clock.set(step)
        send(home, name_of(n), instruction(n, (n,), environment="LIVE"))
        if not wait_until(lambda n=n: taken(home, n)):
            break
    tap.ok(all(taken(home, n) for n in range(2, 6)) and not home.json("incident", "list", "--all") and
           not backwards(home), "steps of less than ten minutes hold up nothing, and time does not run backwards",
           backwards(home))
    clock.stop()
    sound(tap, home, "after small steps")


def test_leap_of_live(tap):
    """A downtime of a week is made up without a question; a day more needs one."""
    home, clock = jumping_home()
    clock.stop()
    for days, believed in ((6.9, True), (15, False)):
        clock.ahead += int(days * 86400)
        clock.start()
        tap.ok(wait_until(lambda: bool(open_clock(home)) or query(
            home, "SELECT ifnull(max(issued), 0) FROM report_period")[0][0] >= clock.wall() - 3600) and
               bool(open_clock(home)) != believed, f"LIVE: after {days} days the clock is "
               f"{'believed' if believed else 'not believed'}", open_clock(home))
        clock.stop()


if __name__ == "__main__":
    with Tap() as report:
        test_now_and_live(report)
        test_boundaries(report)
        test_sessions(report)
        test_far_behind(report)
        test_times_ahead(report)
        test_disbelieved(report)
        test_held(report)
        if not SANITIZED:  # it takes no preloaded library
            test_jumps(report)
            test_jumps_that_are_right(report)
            test_small_steps(report)
            test_leap_of_live(report)
