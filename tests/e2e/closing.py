#!/usr/bin/env python3
"""incident list by conditions, and incident close of many at once: what is shown, asked, closed and refused (TAP)."""
import os
import pty
import signal
import subprocess

from dispatch import away
from home import GATE, Home, Tap
from parties import Parties, at, sound
from pause import refused

HALF_A_DAY = 12 * 60


def begin():
    """Three rejected files (b), the last one half a day later, and a drop that is down (a)."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    for count in (7, 8):
        parties.instruct([1], count=count)
    home.command("run", "--once", now=at(0))
    parties.instruct([1], count=9)
    home.command("run", "--once", now=at(HALF_A_DAY))
    parties.instruct([2])
    away(home)
    home.command("run", "--once", now=at(HALF_A_DAY + 1))
    return home


def listed(home, *conditions, now=at(HALF_A_DAY + 10)):
    return [row["id"] for row in home.json("incident", "list", *conditions, now=now)]


def close(home, *words, reason="known", now=at(HALF_A_DAY + 10), **options):
    return home.command("incident", "close", *words, "--reason", reason, now=now, **options)


def test_list(tap, home):
    everything = home.json("incident", "list", now=at(HALF_A_DAY + 10))
    of_files = [row["id"] for row in everything if row["category"] == "b"]
    (down,) = [row["id"] for row in everything if row["code"] == "A103"]
    tap.ok(len(of_files) == 3 and len(everything) == 4, "there are incidents of two categories", everything)
    cases = {("--code", "A103"): [down], ("--code", "a103"): [down], ("--category", "b"): of_files,
             ("--category", "A"): [down], ("--drop", "tcos"): [down], ("--drop", "mcc"): of_files,
             ("--older-than", "12h"): of_files[:2], ("--older-than", "10m"): of_files,
             ("--category", "b", "--older-than", "1d"): [], ("--drop", "tc"): [], ("--all", "--code", "A103"): [down]}
    for conditions, expected in cases.items():
        tap.ok(listed(home, *conditions) == expected, f"incident list {' '.join(conditions)}: {len(expected)}",
               listed(home, *conditions), expected)
    return of_files, down


def at_terminal(home, answer, *words):
    """What is printed at a terminal where somebody gives that answer."""
    master, slave = pty.openpty()
    with subprocess.Popen([os.path.abspath(GATE), "-c", home.conf, "--now", at(HALF_A_DAY + 10), "incident", "close",
                           *words, "--reason", "asked"], stdin=slave, stdout=slave, stderr=slave) as child:
        os.close(slave)
        os.write(master, answer)
        said = b""
        try:
            while piece := os.read(master, 4096):
                said += piece
        except OSError:
            pass  # the other end is closed
        os.close(master)
        return child.wait(), said.decode()


def test_close(tap, home, of_files, down):
    told = close(home, "--category", "b")
    tap.ok(told.returncode == 1 and b"nothing is closed: 3 incidents would be" in told.stderr and
           all(one.encode() in told.stdout for one in of_files) and listed(home) == sorted([*of_files, down]),
           "without a terminal and --yes it shows them, and closes none", told.stdout, told.stderr)
    status, said = at_terminal(home, b"n\n", "--category", "b")
    tap.ok(status == 1 and "close 3 incidents? [y/N]" in said and "nothing is closed" in said and
           len(listed(home)) == 4, "nobody says yes: none is closed", status, said)
    told = home.command("--json", "incident", "close", of_files[0], of_files[1], of_files[0], "--yes", "--reason",
                        "known", now=at(HALF_A_DAY + 10))
    tap.ok(told.returncode == 0 and told.stdout.count(b"\n") == 1 and
           f'"list":["{of_files[0]}","{of_files[1]}"]'.encode() in told.stdout and
           b'"result":"done: closed 2, closed before 0"' in told.stdout, "several by their IDs, as JSON", told.stdout,
           told.stderr)
    rows = home.json("incident", "list", "--all", "--category", "b", now=at(HALF_A_DAY + 10))
    tap.ok([(row["cleared"] is None, row["reason"]) for row in rows] ==
           [(False, "known"), (False, "known"), (True, None)], "each has the reason", rows)
    told = close(home, *of_files, "--yes", reason="more")
    tap.ok(told.returncode == 0 and told.stdout.decode().splitlines()[-1] ==
           f"incident {of_files[0]} and 2 more: close done: closed 1, closed before 2",
           "those that are closed are counted", told.stdout, told.stderr)
    refused(tap, "all of them are closed", close(home, *of_files, "--yes"), "all of these incidents are closed already")
    status, said = at_terminal(home, b"y\n", "--code", "A103")
    tap.ok(status == 0 and "done: closed 1, closed before 0" in said and listed(home) == [], "somebody says yes", said)
    for words, status, expected in ((("--code", "A103", "--yes"), 1, "no open incident fits"),
                                    ((of_files[0], "999", "--yes"), 1, "there is no incident INC-000999"),
                                    ((of_files[0], "--code", "B208"), 2, "IDs are given, and others are chosen"),
                                    ((), 2, "nothing is chosen"), (("--older-than", "2w"), 2, "is no age"),
                                    (("--category", "e"), 2, "is no category of incidents; give one of a, b, c, d"),
                                    (("--code", "B2008", "--yes"), 2, "is no code; did you mean B208?")):
        told = close(home, *words)
        tap.ok(told.returncode == status and expected in told.stderr.decode(), f"incident close {' '.join(words)}",
               told.stderr)
    sound(tap, home, "after many incidents were closed")


def test_crashes(tap):
    """Stopped at any step, one order closes all of its incidents, each once."""
    for crash in ("order-done:before", "order-done:after", "order-removed:before", "order-removed:after"):
        home = begin()
        told = close(home, "--category", "b", "--yes", env={"ECOSGATE_CRASH": crash})
        open_then = len(listed(home, "--category", "b"))
        home.command("run", "--once", now=at(HALF_A_DAY + 20))
        rows = home.json("incident", "list", "--all", "--category", "b", now=at(HALF_A_DAY + 21))
        tap.ok(told.returncode == -signal.SIGKILL and open_then in (0, 3) and
               [row["reason"] for row in rows] == ["known"] * 3 and
               not os.listdir(home.path("spool", "orders")), f"a crash at {crash}: all are closed or none, then all",
               open_then, rows)


if __name__ == "__main__":
    with Tap() as report:
        first = begin()
        test_close(report, first, *test_list(report, first))
        test_crashes(report)
