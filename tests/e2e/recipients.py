#!/usr/bin/env python3
"""A file of a report never goes into a folder that is another party's now, wherever it was on its way when PTY gave the
recipient's MPID to somebody else (TAP)."""
import json
import os
import sqlite3
import tempfile

from home import FOLDER, Tap
from reports import AAAA, BBBB, Estate
from sshd import Sshd

BEGUN = "2028-01-03T10:00:00Z"
ISSUED = "2028-01-03T12:10:00Z"
FILE = f"ECOSMIG-002_AAAA_{AAAA}_20280103_060000.csv"
MOVED = (f"SET,{AAAA},SUPPLIER,NEWA,First,", f"SET,{BBBB},SUPPLIER,AAAA,Second,")
GONE = (f"REMOVE,{AAAA},SUPPLIER,,,", f"SET,{BBBB},SUPPLIER,AAAA,Second,")


def begin():
    home = Estate()
    home.say(BEGUN, "PTY", f"SET,{AAAA},SUPPLIER,AAAA,First,", f"SET,{BBBB},SUPPLIER,BBBB,Second,")
    return home


def put(home, *rows):
    """Puts a PTY into the drop, which the next pass picks up."""
    kept, home.pass_at = home.pass_at, lambda at: None
    home.say(ISSUED, "PTY", *rows, mode="DELTA")
    home.pass_at = kept


def folders(home):
    """Of each file of Supplier AAAA in `out`, hidden ones too: the folder."""
    found = {}
    for root, _, names in os.walk(home.path("drops", "suppliers", "out")):
        found.update({name: os.path.basename(root) for name in names if AAAA in name})
    return found


def row(home):
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        found = ledger.execute("SELECT state, folder, rename_sent FROM outgoing WHERE name=?", (FILE,)).fetchone()
    ledger.close()
    return found


def incidents(home, now):
    return {(one["code"], one["subject"]): one for one in home.json("incident", "list", now=now)}


def settle(tap, home, text):
    """At most two passes: a rename without an answer is looked at before anything else."""
    for _ in range(2):
        done = home.run(now=ISSUED)
    tap.ok(done.returncode in (0, 1), f"{text}: nothing is left to do", done.stderr.decode())


def test_same_pass(tap):
    home = begin()
    put(home, *MOVED)
    done = home.run(now=ISSUED)
    tap.ok(done.returncode == 0 and folders(home)[FILE] == "NEWA" and set(folders(home).values()) == {"NEWA"},
           "a report goes into the folder of the MPID that its recipient has when it is delivered", folders(home),
           done.stderr.decode())
    tap.ok(b"folder NEWA" in done.stderr and b"no longer into AAAA" in done.stderr, "which is told", done.stderr)
    os.remove(home.path("drops", "suppliers", "out", "NEWA", FILE))
    put(home, f"SET,{AAAA},SUPPLIER,LAST,First,", f"SET,{BBBB},SUPPLIER,NEWA,Second,")
    home.run(now=ISSUED)
    home.command("report", "redeliver", FILE, "--reason", "lost", now=ISSUED)
    settle(tap, home, "redelivered")
    tap.ok(folders(home)[FILE] == "LAST", "so does one that is redelivered", folders(home))
    done = home.command("spool", "verify", now=ISSUED)
    tap.ok(done.returncode == 0, "all is sound", done.stdout.decode())


def test_stopped(tap):
    """The gateway is stopped at each step of the delivery; then PTY moves the MPID."""
    for point in ("answer-noted:after", "delivery-uploaded:after", "delivery-announced:before",
                  "delivery-announced:after", "delivery-published:before"):
        for rows, folder in ((MOVED, "NEWA"), (GONE, None)):
            home = begin()
            done = home.run(now=ISSUED, env={"ECOSGATE_CRASH": f"{point}:1"})
            stopped = done.returncode < 0 or done.returncode > 2
            begun = row(home)
            put(home, *rows)
            home.run(now=ISSUED)
            home.run(now=ISSUED)
            name = f"{point}, {'moved' if folder else 'gone'}"
            found = {one: where for one, where in folders(home).items() if "ECOSMIG-002" in one}
            tap.ok(stopped and set(found.values()) <= {folder} and "AAAA" not in folders(home).values(),
                   f"{name}: nothing stands in the folder that is another party's, no temporary file either", stopped,
                   begun, folders(home))
            if folder:
                tap.ok(found == {FILE: folder} and row(home)[0] == 3, f"{name}: the file is delivered", found)
            else:
                tap.ok(row(home) == (1, "AAAA", 0), f"{name}: the file waits", row(home))
            home.remove()


def test_withdrawal_stopped(tap):
    """The gateway is stopped while a temporary file is removed."""
    for point in ("delivery-dropped:before", "delivery-dropped:after", "delivery-withdrawn:before",
                  "delivery-withdrawn:after"):
        home = begin()
        home.run(now=ISSUED, env={"ECOSGATE_CRASH": "delivery-announced:after:1"})
        put(home, *MOVED)
        stopped = home.run(now=ISSUED, env={"ECOSGATE_CRASH": f"{point}:1"}).returncode
        settle(tap, home, point)
        tap.ok(stopped not in (0, 1, 2) and folders(home)[FILE] == "NEWA" and "AAAA" not in folders(home).values(),
               f"{point}: it is delivered to its recipient alone", stopped, folders(home))
        home.remove()


def test_sftp(tap):
    """The same on a server; a folder that is not there holds no temporary file."""
    with tempfile.TemporaryDirectory(prefix=FOLDER) as top, Sshd(top) as server:
        for point, folder in (("delivery-announced:after", "NEWA"), ("answer-noted:after", "NEWA")):
            home = begin()
            home.over_sftp("suppliers", server)
            home.run(now=ISSUED, env={"ECOSGATE_CRASH": f"{point}:1"})
            put(home, *MOVED)
            settle(tap, home, f"{point} over SFTP")
            tap.ok(folders(home)[FILE] == folder and "AAAA" not in folders(home).values(),
                   f"{point} over SFTP: it is delivered to its recipient alone", folders(home))
            home.remove()


def test_delivered_before(tap):
    """A file that had its name before counts as delivered, whatever PTY says afterwards."""
    home = begin()
    home.run(now=ISSUED, env={"ECOSGATE_CRASH": "delivery-published:after:1"})
    first = [name for name, folder in folders(home).items() if folder == "AAAA" and name.startswith("ECOSMIG")]
    put(home, *MOVED)
    settle(tap, home, "renamed before")
    again = [name for name, folder in folders(home).items() if folder == "AAAA"]
    tap.ok(len(first) == 1 and again == first, "only what was delivered before stands in the old folder", first, again)


def test_gone(tap):
    home = begin()
    put(home, *GONE)
    done = home.run(now=ISSUED)
    subject = f"SUPPLIER {AAAA}"
    one = incidents(home, ISSUED).get(("A118", subject), {})
    tap.ok(done.returncode == 2 and folders(home) == {} and one.get("resolved_by") == "DCC",
           "a file whose recipient PTY no longer names waits, and DCC is told", done.returncode, folders(home), one)
    tap.ok("MPID AAAA" in one["text"] and one["parties"] == "DCC", "the text says which folder it was for", one)
    why = home.json("why", FILE, now=ISSUED)[0]
    tap.ok("(A118)" in why["because"] and one["id"] in why["moved_by"], "`why` says what moves it on", why)
    home.command("drop", "pause", "suppliers", "--out", "--reason", "x", now=ISSUED)
    home.run(now=ISSUED)
    paused = incidents(home, ISSUED)["A118", subject]["text"]
    home.command("drop", "resume", "suppliers", "--reason", "x", now=ISSUED)
    home.run(now=ISSUED)
    resumed = incidents(home, ISSUED)["A118", subject]["text"]
    tap.ok(paused.startswith(one["text"]) and "`ecosgate drop resume suppliers --out` ends that" in paused and
           resumed == one["text"], "the text names a pause of the drop while it lasts", paused, resumed)
    put(home, f"SET,{AAAA},SUPPLIER,NEWA,First,")
    done = home.run(now=ISSUED)
    tap.ok(done.returncode == 0 and folders(home)[FILE] == "NEWA" and not incidents(home, ISSUED),
           "a PTY that names it again ends that", done.returncode, folders(home), incidents(home, ISSUED))


def test_given_up(tap):
    home = begin()
    put(home, *GONE)
    home.run(now=ISSUED)
    one = incidents(home, ISSUED)["A118", f"SUPPLIER {AAAA}"]
    home.command("incident", "close", one["id"], "--reason", "AAAA is wound up", now=ISSUED)
    done = home.run(now=ISSUED)
    done = home.run(now=ISSUED)
    tap.ok(done.returncode == 0 and row(home)[0] == 4 and not incidents(home, ISSUED) and folders(home) == {},
           "closing the incident gives the files up", done.returncode, row(home), incidents(home, ISSUED))
    why = home.json("why", FILE, now=ISSUED)[0]
    tap.ok(why["state"] == "GIVEN_UP" and "nobody gets it" in why["because"], "`why` says so", why)
    job = json.loads(home.command("--json", "status", now=ISSUED).stdout)
    tap.ok(job["jobs"]["active"] == 0 if "jobs" in job else True, "the job is finished", job)
    done = home.command("spool", "verify", now=ISSUED)
    tap.ok(done.returncode == 0, "and all is sound", done.stdout.decode())
    put(home, f"SET,{AAAA},SUPPLIER,NEWA,First,")
    home.run(now=ISSUED)
    home.command("report", "redeliver", FILE, "--reason", "it goes on", now=ISSUED)
    settle(tap, home, "redelivered")
    tap.ok(folders(home)[FILE] == "NEWA", "`report redeliver` takes that back", folders(home))


def test_many(tap):
    """More files wait than a batch has; those of others are delivered all the same."""
    home = begin()
    out = home.path("drops", "suppliers", "out")
    os.rename(out, out + ".away")
    for day in range(4, 25):
        home.run(now=f"2028-01-{day:02d}T00:10:00Z")
    put(home, *GONE)
    os.rename(out + ".away", out)
    now = "2028-01-25T00:10:00Z"
    done = home.run(now=now)
    text = incidents(home, now)["A118", f"SUPPLIER {AAAA}"]["text"]
    others = [name for _, _, names in os.walk(out) for name in names if BBBB in name]
    waiting = int(text.split("files that wait: ")[1].split(";")[0])
    tap.ok(done.returncode == 2 and waiting > 64 and len(others) >= waiting and folders(home) == {},
           "files that wait hold up nothing", waiting, len(others), done.stderr.decode())


def main():
    with Tap() as tap:
        test_same_pass(tap)
        test_stopped(tap)
        test_withdrawal_stopped(tap)
        test_sftp(tap)
        test_delivered_before(tap)
        test_gone(tap)
        test_given_up(tap)
        test_many(tap)


if __name__ == "__main__":
    main()
