#!/usr/bin/env python3
"""`spool verify`: every damage that it is there to find, made by hand, and what it says to do; the quick check of the
ledger after a run that did not end by itself (TAP)."""
import os
import re
import shutil
import signal
import sqlite3
import subprocess

from damage import lengthen, stop
from home import NOW, Copy, Home, Tap, wait_until
from live import (DEVICE, ECSP, GATEWAY, NO_INC, TCSP, answer, change, edit, flip, instruction, name_of, replies, send,
                  sound)


def mkdir(path):
    os.mkdir(path)
    return path


def damages():
    """Every kind of damage that `spool verify` is there to find; job 1 is a file in part accepted, 2 its work
    order, 3 a file rejected and judged twice, 4 one with more findings than are listed."""
    job = ("spool", "done", "00000xxx", "00000001")
    order = ("spool", "done", "00000xxx", "00000002")
    twice = ("spool", "rejected", "00000003")
    emw = f"EMW_TCOS_{GATEWAY}_20230703_120000_000001.csv"
    found = {
        "a flipped byte in a payload": lambda home: flip(home.path(*job, "payload")),
        "a flipped byte in an answer": lambda home: flip(home.path(*job, answer(name_of(1), "EMD"))),
        "a flipped byte in a work order": lambda home: flip(home.path(*order, emw)),
        "a payload cut short": lambda home: os.truncate(home.path(*job, "payload"), 10),
        "a removed answer": lambda home: os.remove(home.path(*job, answer(name_of(1)))),
        "a removed work order": lambda home: os.remove(home.path(*order, emw)),
        "a removed payload": lambda home: os.remove(home.path(*job, "payload")),
        "a removed envelope": lambda home: os.remove(home.path(*job, "envelope")),
        "a link instead of a payload": lambda home: (os.rename(home.path(*job, "payload"), home.path(*job, "x")),
                                                     os.symlink("x", home.path(*job, "payload"))),
        "a job in the wrong folder": lambda home: os.rename(home.path(*job), home.path("spool", "rejected", job[-1])),
        "a rejected job among the good": lambda home: os.rename(home.path(*twice),
                                                                home.path("spool", "done", twice[2])),
        "a work order in the wrong folder": lambda home: os.rename(home.path(*order),
                                                                   home.path("spool", "held", order[-1])),
        "a job judged that waits to be": lambda home: os.rename(home.path(*job), home.path("spool", "ready", job[-1])),
        "a job judged that is held": lambda home: os.rename(home.path(*job), home.path("spool", "held", job[-1])),
        "a job in two folders":
            lambda home: subprocess.run(["cp", "-a", home.path(*job), home.path("spool", "held", job[-1])], check=True),
        "a removed job": lambda home: subprocess.run(["rm", "-r", home.path(*job)], check=True),
        "a removed order's job": lambda home: subprocess.run(["rm", "-r", home.path(*order)], check=True),
        "a job in another one's subfolder": lambda home: os.rename(
            home.path(*job), os.path.join(mkdir(home.path("spool", "done", "00001xxx")), job[-1])),
        "a job that stands in done and in its subfolder":
            lambda home: shutil.copytree(home.path(*job), home.path("spool", "done", job[-1])),
        "a subfolder outside of done": lambda home: os.mkdir(home.path("spool", "held", "00000xxx")),
        "a job that nobody knows": lambda home: os.mkdir(home.path("spool", "done", "00000077")),
        "a job that nobody knows, ready": lambda home: os.mkdir(home.path("spool", "ready", "00000077")),
        "a stranger's folder": lambda home: os.mkdir(home.path("spool", "done", "stranger")),
        "a stranger's file": lambda home: open(home.path("spool", "ready", "00000001"), "wb").close(),
        "a stranger's file in a job": lambda home: open(home.path(*job, "stranger"), "wb").close(),
        "a stranger's folder in a work order's job": lambda home: os.mkdir(home.path(*order, "stranger")),
        "an answer too many": answer_too_many,
        "a number written otherwise": lambda home: os.mkdir(home.path("spool", "done", "77")),
        "an index that has lost a row": lose_index_row,
        "a Device with two live work items": live_twice,
        "a changed time in an envelope": lambda home: edit(home.path(*job, "envelope"), b"received=16", b"received=15"),
        "a changed drop in an envelope": lambda home: edit(home.path(*job, "envelope"), b"drop=mcc", b"drop=dcc"),
        "a changed name in an envelope": lambda home: edit(home.path(*job, "envelope"), b"name=EMI", b"name=EMT"),
        "a changed size in an envelope": lambda home: edit(home.path(*job, "envelope"), b"size=", b"size=1"),
        "a job that stands in two folders, as a power failure may leave it":
            lambda home: shutil.copytree(home.path(*order), home.path("spool", "active", order[-1])),
        "a count of Devices that is not that of the rows":
            lambda home: change(home, "UPDATE count_device SET n=n+1 WHERE state=7"),
        "a count of files that is missing": lambda home: change(home, "DELETE FROM count_job WHERE type='EMI'"),
        "a count of incidents that are none":
            lambda home: change(home, "INSERT INTO count_incident VALUES('A199', 0, 1)"),
        "a second copy that was renamed":
            lambda home: shutil.copytree(home.path(*job), home.path("spool", "corrupt", job[-1] + ".ready")),
        "a cut answer": lambda home: os.truncate(home.path(*job, answer(name_of(1))), 5),
        "an empty envelope": lambda home: os.truncate(home.path(*job, "envelope"), 0),
        "a lengthened payload": lambda home: lengthen(home.path(*job, "payload")),
        "a changed id in an envelope": lambda home: edit(home.path(*job, "envelope"), b"id=1", b"id=2"),
    }
    rows_changed = {
        "job 1": ["name=name||'x'", "type='EMT'", "type=NULL", "form='xml'", "org='MCX'", "sender='x'", "sequence=9",
                  "drop_name='dcc'", "received=received+1", "size=size+1", "sha256='0'", "revision=2",
                  "numbering=5", "numbering=(SELECT id FROM numbering WHERE type='EMT')"],
        "job 2": ["name=name||'x'", "form='xml'", "sender='x'", "sequence=9", "received=received+1"],
        "numbering 1": ["sender='x'", "type='EMC'", "org='MCX'", "job=1", "job=77", "number=1000000", "order_id=NULL",
                        "order_id='x'"],
        "numbering 3": ["sender='x'", "type='EMC'", "job=0", "job=77", "number=-1", "order_id='x'"],
        "verdict 1": ["accepted=accepted+1", "rejected=rejected+1", "deferred=deferred+1", "parsed=parsed+1",
                      "accepted=accepted+1, parsed=parsed+1", "outcome='RJ'", "judged_at=judged_at+1", "batch='X'",
                      "batch=NULL", f"batch='{'X' * 5000}'", "declared=9", "code='C117'", "code=NULL", "line=9",
                      "col=9",
                      "items=items-1", "items=0", "first_item=first_item+1", "dispatched=dispatched+1", "truncated=1"],
        "verdict 3": ["outcome='AC'", "accepted=1", "items=1", "code='B101'", "parsed=parsed+1"],
        "verdict 4": ["truncated=0"],
        "finding 1": ["job=9", "revision=9", "code='C102'", "scope='FILE'", "record=9", "field='x'", "value='x'",
                      "text='x'"],
        "finding_count 1": ["n=n+1", "job=9", "revision=9"],
        "finding_count 4": ["n=n+1", "code='C102'"],
        "work_item 1": ["record=9", "device_id=device_id+9", "outcome=(outcome+1)%3", "outcome=outcome+3",
                        "device_type='GPF'", "manufacturer='0000'", "model='00000000'", "firmware='00000000'",
                        "chf='x'", "code='C102'", "text='x'", "next_eligible=1", "job=9"],
        "session 1": ["state=5", "transitions=2", "try=2", "unused=1", "begun=begun+1", "ends=ends+1", "item=3",
                      "due=5", "code='D101'",
                      "ended=ended+1", "ended=NULL", "next_eligible=5"],
        "session 2": ["state=7", "code='D101'", "next_eligible=next_eligible+1", "ended=ended+1"],
        "transition 1": ["job=9", "record=9", "try=2", "state=4", "n=5", "item=4", "item=3"],
        "transition 2": ["n=5", "item=3"],
    }
    one = {"job": "id={}", "numbering": "id={}", "verdict": "job={}",
           "finding": "job={} AND id=(SELECT min(id) FROM finding)",
           "finding_count": "job={} AND code='C101'", "work_item": "item={}", "session": "item={}",
           "transition": "item=1 AND n={}"}
    found["a lower number after a higher one"] = lambda home: change(
        home, "UPDATE job SET numbering=(SELECT numbering FROM job WHERE sequence=999999) WHERE"
              " id=(SELECT max(id) FROM job WHERE type='EMI')")
    for what, sets in rows_changed.items():
        table, number = what.split()
        for text in sets:
            statement = f"UPDATE {table} SET {text} WHERE {one[table].format(number)}"
            found[f"{what}: {text[:40]}"] = lambda home, statement=statement: change(home, statement)
    for kind in ("EMA", "EMD", "EMW", "EMO"):
        for text in ("job=9", "revision=9", "kind='EMX'", "name=name||'x'", "form='xml'", "drop_name='dcc'",
                     "recipient='x'",
                     "sender='x'", "environment='LIVE'", "sequence=sequence+9", "created=created+1", "rows=rows+1",
                     "about=9", "state=0",
                     "state=1", "state=2", "size=size+1", "sha256='0'",
                     "rename_sent=1", "concluded=1", "state=1,rename_sent=1,delivered_at=NULL",
                     "state=2,concluded=1,rename_sent=1,delivered_at=NULL", "delivered_at=NULL", "state=7"):
            statement = f"UPDATE outgoing SET {text} WHERE id=(SELECT min(id) FROM outgoing WHERE kind='{kind}')"
            found[f"part {kind}: {text}"] = lambda home, statement=statement: change(home, statement)
        statement = f"DELETE FROM outgoing WHERE id=(SELECT min(id) FROM outgoing WHERE kind='{kind}')"
        found[f"a lost {kind}"] = lambda home, statement=statement: change(home, statement)
    for text in ("job WHERE id=1", "job WHERE id=2", "job WHERE id=3", "verdict WHERE job=1",
                 "verdict WHERE job=3 AND revision=1",
                 "finding WHERE id=1", "finding_count WHERE job=1", "work_item WHERE item=1", "work_item WHERE item=2",
                 "session WHERE item=1", "transition WHERE item=1 AND n=1", "transition WHERE item=1 AND n=3",
                 "counter WHERE name='EMW'",
                 "counter WHERE name='EMO'"):
        found[f"a lost row of {text}"] = lambda home, text=text: change(home, f"DELETE FROM {text}")
    return found


def answer_too_many(home):
    """A second acknowledgement of one revision, bytes and all."""
    name = answer(name_of(2))
    shutil.copy(home.path("spool", "rejected", "00000003", name),
                home.path("spool", "rejected", "00000003", "EMA_x.csv"))
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        rest = ("job,revision,kind,form,drop_name,recipient,sender,environment,sequence,created,rows,state,size,sha256,"
                "delivered_at,about,folder,upload_name")
        ledger.execute(f"INSERT INTO outgoing(id,name,{rest}) SELECT 99,'EMA_x.csv',{rest} FROM outgoing"
                       f" WHERE name='{name}'")
    ledger.close()


def lose_index_row(home):
    """Damage below SQL: the index no longer has what the table has."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("PRAGMA writable_schema=ON")
        ledger.execute("UPDATE sqlite_master SET sql='CREATE INDEX job_name ON job(name) WHERE id>1' "
                       "WHERE name='job_name'")
    ledger.close()


def live_twice(home):
    change(home, "UPDATE work_item SET device_id=(SELECT device_id FROM work_item WHERE item=1) WHERE item=2")


def test_verify(tap):
    home = Home(NO_INC)
    # Two good Devices, a bad one, one without an ID; a file rejected twice; one with more findings than are listed.
    bad = f"{DEVICE % 3},XSME,AB01,010A030B,0002012F,,,North,1"
    send(home, name_of(1), instruction(1, (1, 2, bad, bad.replace(DEVICE % 3, "x"))))
    home.run()
    send(home, name_of(2), instruction(2, (4,), environment="LIVE"))
    home.run()
    home.command("spool", "requeue", "3", "--reason", "try again")
    home.run()
    send(home, name_of(3), instruction(3, ["x,ESME,AB01,010A030B,0002012F,,,North,1"] * 1002))
    home.run()
    # The first Device migrates, the second fails: the batch has its outcome.
    send(home, name_of(1, kind="EMT", org="TCSP", eui64=TCSP), replies("EMT", TCSP, (
        f"MCC.B-1-06.1,{DEVICE % 1},SUCCESS,,,,1,,,,,,AA,BB", f"MCC.B-1-06.2,{DEVICE % 2},FAILED,5,,,1,,,,,,,")),
         "tcos")
    send(home, name_of(1, kind="EMC", org="ECSP", eui64=ECSP), replies("EMC", ECSP, (
        f"MCC.B-1-06.1,{DEVICE % 1},Y,,AA,BB,",)), "ecos")
    home.run()
    # Numbers begin anew, by an order and over the end.
    home.command("sequence", "set", "MCC", "EMI", "999998", "--reason", "a test")
    home.command("sequence", "set", "TCSP", "EMT", "5", "--reason", "a test")
    for number, device in ((999999, 6), (1, 7), (2, 8)):
        send(home, name_of(number, time="070000"), instruction(number, (device,), time="07:00:00"))
        home.run()
    sound(tap, home, "before any damage")
    home.set("gateway environment=LIVE\ngateway eui64=90-B3-D5-1F-30-00-00-05")
    sound(tap, home, "when the gateway has become another one")
    kept = Copy(home.path("spool"))
    silent = set()  # problems that do not say what to do
    for text, damage in damages().items():
        damage(home)
        done = home.command("--json", "spool", "verify")
        told = re.findall(r'"fault":"([^"]*)', done.stdout.decode())
        by_counts = [fault for fault in told if fault.startswith("ledger: counts ")]
        tap.ok(done.returncode == 1 and b'"sound":false' in done.stdout and
               (len(told) > len(by_counts) if not text.startswith("a count of ") else len(by_counts) == 1),
               f"spool verify finds {text}", done.returncode, done.stdout.decode(), done.stderr.decode())
        silent |= {fault for fault in told
                   if not re.search("; (restore|stop the gateway and restore|stop and start|move|remove|give|"
                                    "its sender|the next run|nothing is done until you put) ", fault)}
        shutil.rmtree(home.path("spool"))
        kept.write(home.path("spool"))
    tap.ok(not silent, "every problem says what to do", silent)
    sound(tap, home, "with all damage undone")

    # Each of two instructions is right for itself: only the Device tells.
    home = Home()
    send(home, name_of(1), instruction(1, (1,)))
    home.run()
    send(home, name_of(2), instruction(2, (2,)))
    home.run()
    live_twice(home)
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and b"more than one live work item" in done.stdout,
           "spool verify finds a Device in work twice",
           done.stdout.decode())


def faults(home, job):
    return [row["fault"] for row in home.json("spool", "verify") if row.get("job") == job]


def test_remedies(tap):
    """What is to be done about a file depends on who can make it again."""
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    payload = home.path("spool", "ready", "00000001", "payload")
    flip(payload)
    told = faults(home, "00000001")
    tap.ok(len(told) == 1 and "very same file again" in told[0], "a payload that waits: its sender can help", told)
    flip(payload)
    stop(home, "answer-noted:after")
    name = answer(name_of(1))
    path = home.path("spool", "active", "00000001", name)
    for damage in (flip, os.remove):
        damage(path)
        told = faults(home, "00000001")
        tap.ok(told and all("the next run builds it again" in fault for fault in told),
               "an answer that waits: the next run helps", told)
    home.run()
    sound(tap, home, "which it did")
    flip(home.job(1, name))
    told = faults(home, "00000001")
    tap.ok(told and all("backup" in fault or "mend" in fault for fault in told), "an answer that is delivered", told)


def test_healed(tap):
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    flip(home.path("spool", "ready", "00000001", "payload"))
    home.run()
    send(home, name_of(1), instruction(1))
    home.run()
    sound(tap, home, "a payload came again")
    for statement in ("healed=NULL", "healed=77", "healed=3"):
        kept = Copy(home.path("spool"))
        change(home, f"UPDATE job SET {statement} WHERE healed=1")
        tap.ok(home.command("spool", "verify").returncode == 1, f"spool verify finds {statement}",
               home.json("spool", "verify"))
        shutil.rmtree(home.path("spool"))
        kept.write(home.path("spool"))


def test_older_ledger(tap):
    """Spool and ledger of one older moment agree: only what is outside of them tells."""
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    home.run()
    kept = Copy(home.path("spool"))
    send(home, name_of(2), instruction(2, (2,)))
    home.run()
    sound(tap, home, "the newest ledger")
    shutil.rmtree(home.path("spool"))
    kept.write(home.path("spool"))
    told = [row["fault"] for row in home.json("spool", "verify") if "fault" in row]
    tap.ok(len(told) == 1 and "witness" in told[0], "spool verify finds ledger and spool older than the witness", told)


def spoil_page(home):
    """Damages a page of the ledger that a start does not read: the root of a table's index."""
    path = home.path("spool", "ledger.sqlite")
    with sqlite3.connect(path) as ledger:
        page, = ledger.execute("SELECT rootpage FROM sqlite_schema WHERE name='transition_work_order'").fetchone()
        size, = ledger.execute("PRAGMA page_size").fetchone()
    ledger.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 100)


def test_quick_check(tap):
    line = b"did not end by itself"
    home = Home(NO_INC)
    tap.ok(line not in home.run().stderr and line not in home.run().stderr, "nothing is checked after a run that ended")
    home.command("sequence", "set", "MCC", "EMI", "0", "--reason", "a test")
    tap.ok(line not in home.run().stderr, "nor after an order")
    send(home, name_of(1), instruction(1))
    stop(home, "verdict-committed:before")
    done = home.run()
    tap.ok(done.returncode == 0 and line in done.stderr and b"is whole" in done.stderr,
           "after a kill the ledger is checked", done.stderr.decode())
    tap.ok(line not in home.run().stderr, "once")
    send(home, name_of(2), instruction(2, (2,)))
    stop(home, "verdict-committed:before")
    home.command("spool", "hold", "99999999", "--reason", "x")
    home.command("sequence", "set", "MCC", "EMI", "1", "--reason", "a test")
    tap.ok(line in home.run().stderr, "an order in between does not take its place")

    daemon = home.daemon()
    stopped = wait_until(lambda: home.json("status")[0]["running"])
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate()
    tap.ok(line not in home.run().stderr, "a daemon that is asked to stop ends by itself", stopped)

    send(home, name_of(3), instruction(3, (3,)))
    stop(home, "verdict-committed:before")
    daemon = home.daemon()
    wait_until(lambda: answer(name_of(3)) in home.out("mcc") and len(home.out("tcos")) == 3)
    daemon.send_signal(signal.SIGTERM)
    said = daemon.communicate()[1]
    tap.ok(b"is whole" in said and b"is checked while" not in said, "a daemon with a small ledger checks it before it"
           " works", said.decode())

    kept = Copy(home.dir)
    spoil_page(home)
    done = home.run()
    tap.ok(done.returncode == 0, "damage that is not looked for is not found", done.returncode, done.stderr.decode())
    send(home, name_of(4), instruction(4, (4,)))
    failed, again = home.run(), home.run()
    tap.ok(failed.returncode == 2 and line not in failed.stderr and again.returncode == 2 and line in again.stderr,
           "a run that fails did not end by itself: the next one looks for damage", failed.stderr.decode(),
           again.stderr.decode())
    shutil.rmtree(home.dir)
    kept.write(home.dir)
    send(home, name_of(4), instruction(4, (4,)))
    stop(home, "job-activated:before")
    spoil_page(home)
    before = home.tree()
    for _ in range(2):
        done = home.run()
        tap.ok(done.returncode == 2 and b"transition" in done.stderr and b"restore" in done.stderr and
               home.tree() == before, "a ledger that is damaged after a kill ends a start with 2, and nothing is done",
               done.returncode, done.stderr.decode())


if __name__ == "__main__":
    probe = Home()
    send(probe, name_of(1), instruction(1))
    with Tap() as report:
        test_verify(report)
        if stop(probe, "custody-begun:before"):
            test_remedies(report)
            test_healed(report)
            test_older_ledger(report)
            test_quick_check(report)
