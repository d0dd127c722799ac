#!/usr/bin/env python3
"""A ledger that another process keeps locked: the message says which file, which process, and what to do (TAP)."""
import concurrent.futures
import re
import subprocess
import sys

from home import Home, Tap, said_so_far, terminate, wait_until
from parties import Parties, device

HOLDER = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA locking_mode=" + sys.argv[2])
ledger.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
READING = (("status",), ("spool", "list"), ("spool", "verify"), ("why", device(1)), ("device", "show", device(1)),
           ("report", "list"), ("report", "MGMT"), ("incident", "list"), ("sequence", "list"), ("claim", "list"),
           ("pickup",), ("recover", "--list"), ("doctor",), ("doctor", "mcc"))
ORDER = ("device", "release", "all", "--reason", "x")
WRITING = (("run", "--once"), ORDER)
FORM = r"ledger {0}: process {1} \(python3[\d.]*\) has kept it locked for 10 seconds; wait until that process has " \
       r"ended, or end it, then try again *$"
SQLITE = re.compile(r"database (table |schema )?is locked|locking protocol|SQLITE_")


class Locked:
    """While it lasts, another process has the ledger: for itself (EXCLUSIVE), or for writing (NORMAL)."""

    def __init__(self, home, mode):
        self.path = home.path("spool", "ledger.sqlite")
        self.mode = mode

    def __enter__(self):
        self.holder = subprocess.Popen([sys.executable, "-c", HOLDER, self.path, self.mode], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        return re.compile(FORM.format(re.escape(self.path), self.holder.pid), re.MULTILINE)

    def __exit__(self, *_):
        self.holder.communicate()


def lived(number=1):
    home = Home()
    parties = Parties(home)
    parties.instruct(range(1, number + 1))
    home.run()
    return home


def said_by(home, calls):
    """What each command says; all wait for the lock at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(zip(calls, pool.map(lambda call: home.command(*call), calls)))


def test_reading(tap):
    home = lived()
    with Locked(home, "EXCLUSIVE") as form:
        for call, done in said_by(home, READING):
            said = (done.stdout + done.stderr).decode()
            tap.ok(done.returncode == (1 if call[0] == "doctor" else 2) and form.search(said) and
                   not SQLITE.search(said) and "another gateway" not in said,
                   f"{' '.join(call)}: which ledger, whose lock, what to do", said)
    tap.ok(home.command("status").returncode == 0, "afterwards the ledger is read")


def test_writing(tap):
    for call in WRITING:
        for mode in ("NORMAL", "EXCLUSIVE"):
            home = lived()
            with Locked(home, mode) as form:
                done = home.command(*call)
            said = done.stderr.decode()
            tap.ok(done.returncode == 2 and form.search(said) and not SQLITE.search(said),
                   f"{' '.join(call)}, {mode}: which ledger, whose lock, what to do", said)
            tap.ok(home.run().returncode == 0, "afterwards the next run goes on")


def test_daemon(tap):
    """It goes on by itself: it opens the ledger again at its interval."""
    home = Home("gateway poll_interval=1")
    daemon = home.daemon()
    wait_until(lambda: home.command("status").returncode == 0 and home.json("status")[0]["running"])
    with Locked(home, "NORMAL") as form:
        Parties(home).instruct([1])
        found = wait_until(lambda: form.search(said_so_far(daemon)))
    tap.ok(found and not SQLITE.search(said_so_far(daemon)), "the daemon says so, too", said_so_far(daemon))
    tap.ok(wait_until(lambda: any(name.startswith("EMA") for name in home.out("mcc"))),
           "and judges the file when the lock is gone", said_so_far(daemon))
    tap.ok(terminate(daemon) == 0, "it runs on until it is stopped")


if __name__ == "__main__":
    with Tap() as report:
        test_reading(report)
        test_writing(report)
        test_daemon(report)
