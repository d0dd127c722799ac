#!/usr/bin/env python3
"""The quick check of a large ledger, which a thread makes while the daemon works (TAP). Of a small one: verify.py.

The thread is held by ptrace at a read of its snapshot, as in building.py.
"""
import os
import shutil
import signal
import sqlite3

import gate
from building import PREAD, WALL, Held, may_trace
from damage import stop
from home import PATIENCE, Copy, Home, Tap, said_so_far, terminate, wait_until
from live import NO_INC, answer, instruction, name_of, send

LARGE = 96 << 20  # bytes: more than QUICK_CHECK_LONG
SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
WHOLE = "was checked and is whole"


def enlarge(home):
    """A table that only the check reads."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("CREATE TABLE filler(x)")
        ledger.execute("INSERT INTO filler VALUES(zeroblob(?))", (LARGE,))
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()


def spoil(home, name):
    """Damages the first page of a table or index."""
    path = home.path("spool", "ledger.sqlite")
    with sqlite3.connect(path) as ledger:
        page, = ledger.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", (name,)).fetchone()
        size, = ledger.execute("PRAGMA page_size").fetchone()
    ledger.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 100)


def killed(number):
    """A home with a large ledger whose writer was killed. A daemon there has an answer to give."""
    home = Home(NO_INC + "\ngateway cells=no\ndrop mcc complete=at-once")
    home.run()
    enlarge(home)
    send(home, name_of(number), instruction(number))
    stop(home, "verdict-committed:before")
    return home


def copy_of(kept):
    home = Home()
    shutil.rmtree(home.dir)
    kept.write(home.dir)
    return home


def hold(kept):
    """A home, its daemon, and the thread that checks, held."""
    for _ in range(20):
        home = copy_of(kept)
        daemon = home.daemon()
        held = Held(daemon, "ledger-check", WHOLE)
        if held.thread != 0:
            return home, daemon, held
        terminate(daemon)
        home.remove()
    raise RuntimeError(said_so_far(daemon))


def marked(home):
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        value, = ledger.execute("SELECT running FROM identity").fetchone()
    ledger.close()
    return value


def test_beside(tap, kept):
    home, daemon, held = hold(kept)
    tap.ok(wait_until(lambda: answer(name_of(1)) in home.out("mcc")) and WHOLE not in said_so_far(daemon),
           "a daemon judges while its large ledger is checked", said_so_far(daemon))
    held.release()
    tap.ok(wait_until(lambda: WHOLE in said_so_far(daemon)), "and says that it is whole", said_so_far(daemon))
    tap.ok(terminate(daemon) == 0 and marked(home) == 0, "then its end is by itself", marked(home))


def end_killed(daemon, held):
    daemon.kill()
    os.waitpid(held.thread, WALL)  # a process is gone when the last of its threads is


def end_asked(daemon, held):
    daemon.send_signal(signal.SIGTERM)
    held.release()


def test_again(tap, kept):
    for end, status, text in ((end_killed, -signal.SIGKILL, "a kill"), (end_asked, 0, "SIGTERM")):
        home, daemon, held = hold(kept)
        end(daemon, held)
        status_found = daemon.wait(timeout=PATIENCE)
        first = said_so_far(daemon)
        again = home.run().stderr.decode()
        tap.ok(status_found == status and (WHOLE in first) != (WHOLE in again) and marked(home) == 0,
               f"after {text} while it is checked the check is made by the next start, or was over", first, again)


def test_reload(tap, kept):
    """Signals that come one after the other are one reload each only if its message was waited for."""
    home, daemon, held = hold(kept)
    for n in (1, 2, 3):
        daemon.send_signal(signal.SIGHUP)
        goes_on = wait_until(lambda: said_so_far(daemon).count("check of the ledger goes on") == n or
                             said_so_far(daemon).count("read again") > n or daemon.poll() is not None)
        tap.ok(goes_on and said_so_far(daemon).count("check of the ledger goes on") == n and
               os.path.exists(f"/proc/{daemon.pid}/task/{held.thread}"),
               f"reload {n} leaves the check alone and says that it goes on", said_so_far(daemon))
    held.release()
    said = said_so_far(daemon)
    tap.ok(wait_until(lambda: WHOLE in said_so_far(daemon)) and said.count("is checked while") == 1,
           "the check that was begun before ends after it", said_so_far(daemon))
    tap.ok(terminate(daemon) == 0 and marked(home) == 0, "then its end is by itself", marked(home))


def test_denied(tap, kept):
    """The writer opens the ledger once; no later one is allowed."""
    home = copy_of(kept)
    daemon = home.daemon(env={"LD_PRELOAD": SHIM, "FAULT_UNDER": home.path("spool", "ledger.sqlite"),
                              "FAULT": "open:2:0:EIO",
                              "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
    done = wait_until(lambda: (WHOLE in said_so_far(daemon) and answer(name_of(1)) in home.out("mcc")) or
                      daemon.poll() is not None)
    said = said_so_far(daemon)
    tap.ok(done and daemon.poll() is None and 0 < said.find("cannot be checked while the gateway works: ") <
           said.find(WHOLE), "without a snapshot the daemon says why, checks before it works, and goes on", said)
    tap.ok(terminate(daemon) == 0 and marked(home) == 0, "then its end is by itself", marked(home))


def test_damage(tap, kept):
    """filler: only the check finds it; the index is asked when a file is judged."""
    for name in ("filler", "transition_work_order"):
        home = copy_of(kept)
        spoil(home, name)
        before = home.tree()
        done = home.run()
        tap.ok(done.returncode == 2 and b"restore" in done.stderr and home.tree() == before,
               f"{name}: run --once checks before any work", done.returncode, done.stderr.decode())

        home = copy_of(kept)
        spoil(home, name)
        daemon = home.daemon()
        _, said = daemon.communicate(timeout=PATIENCE)
        tap.ok(daemon.returncode == 2 and marked(home) == 2, f"{name}: a daemon ends when it is found",
               daemon.returncode, said.decode(), marked(home))
        send(home, name_of(2), instruction(2, (2,)))
        before = home.tree()
        for _ in range(2):
            daemon = home.daemon()
            _, said = daemon.communicate(timeout=PATIENCE)
            tap.ok(daemon.returncode == 2 and b"restore" in said and home.tree() == before,
                   f"{name}: and the next start does nothing at all", daemon.returncode, said.decode())


def main():
    if PREAD is None or not may_trace():
        print("1..0 # SKIP no ptrace that is known here")
        return
    probe = Home()
    if not stop(probe, "generation-noted:before"):
        print("1..0 # SKIP this build has no crash points")
        return
    with Tap() as tap:
        first = killed(1)
        kept = Copy(first.dir)
        for test in (test_beside, test_again, test_reload, test_denied, test_damage):
            test(tap, kept)


if __name__ == "__main__":
    main()
