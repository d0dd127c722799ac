#!/usr/bin/env python3
"""The clock: recorded time never runs backwards, and a time that cannot be right changes nothing (TAP)."""
from home import Home, Tap
from live import instruction, name_of, send


def all_of(home):
    return home.tree(), home.ledger()


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


if __name__ == "__main__":
    with Tap() as report:
        test_now_and_live(report)
