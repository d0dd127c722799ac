#!/usr/bin/env python3
"""Files of the spool that are not what was stored (A111): they are told, mended where they can be, and never judged or
delivered as they are (TAP; needs a build with --enable-crash-points)."""
import os
import shutil
import signal

from home import NOW, Copy, Home, Tap, difference
from live import GATEWAY, NO_INC, answer, change, codes_of, edit, flip, instruction, name_of, send, sound, states

DCC = "90-B3-D5-1F-30-00-00-02"
LATER = "2023-07-04T00:00:00Z"  # a day has ended: its reports are due


def stop(home, point, now=NOW):
    done = home.run(now=now, env={"ECOSGATE_CRASH": point})
    return done.returncode == -signal.SIGKILL


def incidents(home, is_open=True):
    """Subjects of the A111 incidents that are open, or closed."""
    return sorted(row["subject"] for row in home.json("incident", "list", "--all")
                  if row["code"] == "A111" and (row["cleared"] is None) == is_open)


def lengthen(path):
    with open(path, "ab") as file:
        file.write(b"x")


def replace_by_folder(path):
    """Reading it is an error, as of a disk that fails."""
    os.rename(path, path + ".away")
    os.mkdir(path)


def waiting(point="job-activated:before", settings=NO_INC):
    """Job 1 waits to be judged, in ready/ or active/; so does job 2 with the next number."""
    home = Home(settings)
    send(home, name_of(1), instruction(1))
    send(home, name_of(2), instruction(2, (2,)))
    assert stop(home, point)
    return home, home.path("spool", "ready" if "before" in point else "active", "00000001")


PAYLOADS = {
    "changed": lambda job: flip(os.path.join(job, "payload")),
    "cut": lambda job: os.truncate(os.path.join(job, "payload"), 10),
    "emptied": lambda job: os.truncate(os.path.join(job, "payload"), 0),
    "lengthened": lambda job: lengthen(os.path.join(job, "payload")),
    "lost": lambda job: os.remove(os.path.join(job, "payload")),
}


def test_payload(tap):
    for text, damage in PAYLOADS.items():
        for point in ("job-activated:before", "job-activated:after"):
            where = f"a payload {text} in {'ready' if 'before' in point else 'active'}/"
            home, job = waiting(point)
            damage(job)
            done = home.run()
            tap.ok(done.returncode == 2 and b"A111" in done.stderr and incidents(home) == ["00000001/payload"],
                   f"{where} is told", done.returncode, done.stderr.decode(), incidents(home))
            tap.ok(states(home)["00000001"] == "corrupt" and codes_of(home, name_of(2))[0] == "AC",
                   f"{where}: it is not judged, and the next number does not wait", states(home))
            left = [row for row in home.ledger() if row.startswith(("verdict: (1,", "outgoing: (1, 1,"))]
            tap.ok(left == [], f"{where}: nothing of it is kept", left)
            why = home.json("why", "1")[0]
            tap.ok("again" in why["because"] and "requeue" in why["because"], f"{where}: why names both ways out", why)
            before = home.state()
            tap.ok(home.run().returncode == 0 and home.state() == before, f"{where}: it is told once")
            mended(tap, home, where)


def mended(tap, home, where):
    """The very same bytes come again."""
    send(home, name_of(1), instruction(1))
    done = home.run()
    jobs = {job["id"]: (job["state"], job["verdict"]) for job in home.json("spool", "list") if job["type"] == "EMI"}
    tap.ok(done.returncode == 0 and jobs["00000001"] == ("done", "AC") and
           sorted(jobs.values(), key=str)[-1] == ("done", None) and len(jobs) == 3,
           f"{where}: the same bytes again mend it, and it is judged as if nothing had been", jobs,
           done.stderr.decode())
    tap.ok([name for name in home.out("mcc") if name.startswith("EMA") and "_000001_" in name] ==
           [answer(name_of(1))], f"{where}: one answer", home.out("mcc"))
    tap.ok(incidents(home) == [] and incidents(home, False) == ["00000001/payload"],
           f"{where}: the incident is closed", incidents(home))
    last = max(jobs)
    tap.ok(home.json("spool", "show", last)[0]["healed"] == "00000001" and
           "00000001" in home.json("why", last)[0]["because"], f"{where}: the second job says what became of it",
           home.json("why", last))
    sound(tap, home, f"{where}, mended")
    send(home, name_of(1), instruction(1))
    tap.ok(home.run().returncode == 1 and codes_of(home, name_of(1), 3) == ("RJ", ["B105"]),
           f"{where}: once more is a duplicate as ever")


def test_other_bytes(tap):
    home, job = waiting()
    flip(os.path.join(job, "payload"))
    home.run()
    send(home, name_of(1), instruction(1, (3,)))
    home.run()
    tap.ok(states(home)["00000001"] == "corrupt" and codes_of(home, name_of(1), 2) == ("RJ", ["B106"]) and
           incidents(home) == ["00000001/payload"], "other bytes under the name mend nothing", states(home))
    send(home, name_of(3), instruction(1))
    home.run()
    tap.ok(states(home)["00000001"] == "corrupt", "nor do the bytes under another name", states(home))


def test_unnoticed(tap):
    """Nobody has come upon the damage yet when the bytes come again: it is found and mended at once."""
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    home.command("spool", "hold", "1", "--reason", "wait")
    payload = home.path("spool", "held", "00000001", "payload")
    flip(payload)
    send(home, name_of(1), instruction(1))
    home.run()
    with open(payload, "rb") as file:
        tap.ok(file.read() == instruction(1) and states(home)["00000001"] == "held",
               "a held job is mended and stays held", states(home))
    sound(tap, home, "a held job was mended")
    home.command("spool", "release", "1", "--reason", "go on")
    tap.ok(home.run().returncode == 0 and states(home)["00000001"] == "done", "and is judged when it is released")

    # Both wait when the first one rots: the second one mends it in the same pass.
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    flip(home.path("spool", "ready", "00000001", "payload"))
    done = home.run()
    tap.ok(done.returncode == 2 and states(home)["00000001"] == "done" and
           codes_of(home, name_of(1))[0] == "AC" and incidents(home) == [],
           "a second copy that waits behind it mends it in the same pass", states(home), done.stderr.decode())
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "job-activated:before")
    shutil.rmtree(home.path("spool", "ready", "00000001"))
    send(home, name_of(1), instruction(1))
    home.run()
    tap.ok(states(home)["00000001"] == "done", "a job whose whole folder is lost gets it back", states(home))
    sound(tap, home, "a lost folder came back")


def test_by_operator(tap):
    home, job = waiting()
    flip(os.path.join(job, "payload"))
    home.run()
    payload = home.path("spool", "corrupt", "00000001", "payload")
    home.command("spool", "requeue", "1", "--reason", "try")
    tap.ok(home.run().returncode == 2 and states(home)["00000001"] == "corrupt" and
           incidents(home) == ["00000001/payload"] and incidents(home, False) == [],
           "requeued as it is, it comes back; the incident is the same", states(home))
    with open(payload, "wb") as file:
        file.write(instruction(1))
    home.command("spool", "requeue", "1", "--reason", "the bytes of last night's backup")
    tap.ok(home.run().returncode == 0 and states(home)["00000001"] == "done" and incidents(home) == [] and
           codes_of(home, name_of(1))[0] == "AC", "with the bytes of a backup it is judged", states(home))
    sound(tap, home, "a payload from a backup")


def test_disk_that_does_not_read(tap):
    """The disk may give the bytes another time: the job stays where it is."""
    home, job = waiting("job-activated:after")
    payload = os.path.join(job, "payload")
    replace_by_folder(payload)
    done = [home.run() for _ in range(3)]
    tap.ok([d.returncode for d in done] == [2] * 3 and states(home)["00000001"] == "active" and
           states(home)["00000002"] == "done" and b"00000001" in done[2].stderr,
           "a payload that cannot be read is tried again in every pass, and other jobs go on",
           [d.returncode for d in done], states(home), done[2].stderr.decode())
    tap.ok(incidents(home) == ["00000001/payload"], "it is one incident", incidents(home))
    os.rmdir(payload)
    os.rename(payload + ".away", payload)
    tap.ok(home.run().returncode == 0 and states(home)["00000001"] == "done" and incidents(home) == [],
           "it is judged when it can be", states(home))


def test_envelope(tap):
    for text, damage in {"lost": os.remove, "changed": lambda path: edit(path, b"received=16", b"received=15"),
                         "cut": lambda path: os.truncate(path, 20),
                         "that of another job": lambda path: edit(path, b"id=1", b"id=2")}.items():
        home, job = waiting()
        damage(os.path.join(job, "envelope"))
        done = home.run()
        tap.ok(done.returncode == 2 and states(home)["00000001"] == "done" and incidents(home) == [] and
               incidents(home, False) == ["00000001/envelope"], f"an envelope {text} is told and written anew",
               done.returncode, states(home), done.stderr.decode())
        sound(tap, home, f"an envelope {text} was written anew")
    home, _ = waiting()
    change(home, "UPDATE job SET sha256=NULL WHERE id=1")
    done = home.run()
    tap.ok(done.returncode == 2 and states(home)["00000001"] == "corrupt" and incidents(home) == ["00000001/payload"],
           "a job whose row has no digest is not judged", done.returncode, states(home), done.stderr.decode())


ANSWERS = {"changed": flip, "cut": lambda path: os.truncate(path, 10), "lengthened": lengthen, "lost": os.remove}


def test_answers(tap):
    emw = "EMW_TCOS_90-B3-D5-1F-30-00-00-04_20230703_120000_000001.csv"
    cases = [(answer(name_of(1)), "00000001", "answer-noted:after:2"),
             (answer(name_of(1), "EMD"), "00000001", "answer-noted:after:2"), (emw, "00000002", "answer-noted:after:3")]
    undisturbed = Home(NO_INC)
    send(undisturbed, name_of(1), instruction(1))
    undisturbed.run()
    for name, job, point in cases:
        for text, damage in ANSWERS.items():
            home = Home(NO_INC)
            send(home, name_of(1), instruction(1))
            tap.ok(stop(home, point), f"{name} is stored")
            damage(home.path("spool", "active", job, name))
            done = home.run()
            drop = "tcos" if name == emw else "mcc"
            tap.ok(done.returncode == 2 and home.read_out(drop, name) == undisturbed.read_out(drop, name),
                   f"{name} {text}: it is built again, delivered and told", done.returncode, done.stderr.decode(),
                   home.out(drop))
            tap.ok(incidents(home) == [] and incidents(home, False) == [f"{job}/{name}"],
                   f"{name} {text}: its incident is over", incidents(home))
            sound(tap, home, f"{name} {text} and built again")


def test_answer_of_other_rows(tap):
    """The ledger does not make these bytes any more: only a backup helps."""
    name = answer(name_of(1), "EMD")
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    stop(home, "answer-noted:after:2")
    path = home.path("spool", "active", "00000001", name)
    shutil.copy(path, home.path("kept"))
    flip(path)
    change(home, "UPDATE work_item SET device_id=device_id+9 WHERE item=1")
    for _ in range(2):
        done = home.run()
        tap.ok(done.returncode == 2 and name not in home.out("mcc") and b"backup" in done.stderr and
               incidents(home) == [f"00000001/{name}"],
               "an answer that the ledger does not make again is not delivered",
               done.returncode, home.out("mcc"), done.stderr.decode())
        told = [row["text"] for row in home.json("incident", "list")]
        tap.ok(home.top not in "".join(told) and path.encode() in done.stderr,
               "its incident names no folder, the message does", told, done.stderr.decode())
    shutil.copy(home.path("kept"), path)
    tap.ok(home.run().returncode == 0 and name in home.out("mcc") and incidents(home) == [],
           "put back from a backup it is delivered, and the incident is over", home.out("mcc"), incidents(home))


def test_report(tap):
    """A report records what was known: it is not built again."""
    home = Home(NO_INC)
    parties = (f"H,PTY,1.0,{DCC},{GATEWAY},1,2023-07-03T06:00:00Z,TEST,PTY-1,,FULL\r\n"
               "D,1,SET,90-B3-D5-1F-30-05-00-01,SUPPLIER,AAAA,First,\r\nT,1\r\n")
    send(home, name_of(1, kind="PTY", org="DCC", eui64=DCC), parties.encode(), "dcc")
    home.run()
    stop(home, "answer-noted:after", now=LATER)
    stored = [(root, name) for root, _, names in os.walk(home.path("spool", "active")) for name in names]
    tap.ok(len(stored) == 3, "reports are stored", stored)
    root, name = stored[0]
    path = os.path.join(root, name)
    shutil.copy(path, home.path("kept"))
    flip(path)
    done = home.run(now=LATER)
    subject = f"{os.path.basename(root)}/{name}"
    tap.ok(done.returncode == 2 and incidents(home) == [subject] and b"report is not built again" in done.stderr,
           "a damaged report is told and not delivered", done.returncode, done.stderr.decode(), incidents(home))
    shutil.copy(home.path("kept"), path)
    tap.ok(home.run(now=LATER).returncode == 0 and incidents(home) == [], "put back from a backup it is delivered",
           incidents(home))


STATES = ("incoming", "ready", "active", "held", "done", "rejected", "corrupt")


def every_state():
    """Jobs in every state that lasts: done, rejected, corrupt, held; a work order; one that is to be delivered; one
    that is to be judged."""
    home = Home(NO_INC)
    send(home, name_of(1), instruction(1))
    home.run()
    send(home, name_of(2), instruction(2, (2,), environment="LIVE"))
    home.run()
    send(home, name_of(3), instruction(3, (3,)))
    stop(home, "job-activated:before")
    flip(home.path("spool", "ready", "00000004", "payload"))
    home.run()
    send(home, name_of(4), instruction(4, (4,)))
    stop(home, "job-activated:before")
    home.command("spool", "hold", "5", "--reason", "wait")
    send(home, name_of(5), instruction(5, (5,)))
    send(home, name_of(6), instruction(6, (6,)))
    stop(home, "delivery-uploaded:before")
    return home


def place_of(home, job):
    return [state for state in STATES if os.path.isdir(home.job(job, state=state))]


def test_two_folders(tap):
    """A copy of each job in each other state."""
    home = every_state()
    kept = Copy(home.dir)
    jobs = {job: place_of(home, job)[0] for job in (f"{n:08}" for n in range(1, 9)) if place_of(home, job)}
    tap.ok(set(jobs.values()) == set(STATES) - {"incoming"}, "there is a job in every state", jobs)
    home.run()
    end, found = home.state(), {job: place_of(home, job) for job in jobs}
    doubtful = 0
    for job, state in jobs.items():
        for other in set(STATES) - {state}:
            shutil.rmtree(home.dir)
            kept.write(home.dir)
            shutil.copytree(home.job(job, state=state), home.job(job, state=other))
            done = home.run()
            what = f"job {job} of {state} that stands in {other} as well"
            if {state, other} == {"held", "corrupt"}:
                doubtful += 1
                why = home.json("why", job)[0]["because"]
                tap.ok(done.returncode == 2 and place_of(home, job) == ["corrupt"] and job in incidents(home) and
                       "requeue" in why, f"{what} is in doubt: set aside, and why says what to do", place_of(home, job),
                       why, done.stderr.decode())
                continue
            tap.ok(place_of(home, job) == found[job] and home.state() == end,
                   f"{what}: the ledger tells, and the end is the same", place_of(home, job),
                   difference(end, home.state()), done.stderr.decode())
    tap.ok(doubtful == 2, "two of them were in doubt", doubtful)
    shutil.rmtree(home.dir)
    kept.write(home.dir)
    test_doubt_ends(tap, home)
    test_other_copies(tap, home, kept)


def test_doubt_ends(tap, home):
    held, = [job["id"] for job in home.json("spool", "list") if job["state"] == "held"]
    shutil.copytree(home.path("spool", "held", held), home.path("spool", "corrupt", held))
    home.run()
    tap.ok(home.command("spool", "requeue", held, "--reason", "looked").returncode == 0 and
           home.run().returncode == 0 and place_of(home, held) == ["done"] and held not in incidents(home),
           "a job in doubt is judged when an operator requeues it, and its incident is over", place_of(home, held),
           incidents(home))


def test_other_copies(tap, home, kept):
    for text, damage in (("with another file", lambda path: open(os.path.join(path, "notes"), "wb").close()),
                         ("with other bytes", lambda path: flip(os.path.join(path, "payload")))):
        shutil.rmtree(home.dir)
        kept.write(home.dir)
        copy = home.path("spool", "ready", "00000001")
        shutil.copytree(home.job(1), copy)
        damage(copy)
        done = home.run()
        aside = home.path("spool", "corrupt", "00000001.ready")
        tap.ok(done.returncode == 2 and place_of(home, "00000001") == ["done"] and os.path.isdir(aside) and
               aside.encode() in done.stderr, f"a second copy {text} is set aside", done.stderr.decode())
        verified = home.command("spool", "verify")
        tap.ok(b"corrupt/00000001.ready is no job" in verified.stdout, "and spool verify names it until it is moved",
               verified.stdout.decode())
    shutil.rmtree(home.dir)
    kept.write(home.dir)
    job = home.job(1)
    shutil.copytree(job, home.path("spool", "rejected", "00000001"))
    os.remove(os.path.join(job, "payload"))
    flip(os.path.join(job, answer(name_of(1))))
    home.run()
    verified = home.command("spool", "verify").stdout.decode()
    tap.ok(place_of(home, "00000001") == ["done"] and "00000001: " not in verified,
           "what the confirmed copy lacks is taken from the other one", verified)


if __name__ == "__main__":
    probe = Home()
    send(probe, name_of(1), instruction(1))
    if not stop(probe, "custody-begun:before"):
        print("1..0 # SKIP built without crash points")
        Home.clean(keep=False)
    else:
        with Tap() as report:
            test_payload(report)
            test_other_bytes(report)
            test_unnoticed(report)
            test_by_operator(report)
            test_disk_that_does_not_read(report)
            test_envelope(report)
            test_answers(report)
            test_answer_of_other_rows(report)
            test_report(report)
            test_two_folders(report)
