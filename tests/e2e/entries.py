#!/usr/bin/env python3
"""Entries of drops (TAP): what counts as a file, and what becomes of an entry that cannot be taken."""
import json
import os
import pwd
import sqlite3
import tempfile
import time

from home import Home, Tap, terminate, wait_until
from live import instruction, name_of, send, sound
from peer import PYTHON, Peer
from sftp import incidents, job_names, over_sftp

NO_INC = "gateway incident_party=NONE"


def verdicts(home):
    """Of instructions, in the order of their jobs."""
    return {job["name"]: job["verdict"] for job in home.json("spool", "list") if job["name"].startswith("EMI")}


def give(home, *numbers):
    """Good instructions, each with a Device of its own."""
    for number in numbers:
        send(home, name_of(number), instruction(number, (number % 200,)))


# ---- what counts as a file ----

def test_temporary(tap):
    names = ["a.csv.3f2a.partial", "a.csv.CRDOWNLOAD", "a.csv.uploading", "a.csv.FilePart", "a.csv.writing",
             "a.csv.lck", ".a.csv.swp", "a.csv~"]
    home = Home(NO_INC)
    for name in names:
        send(home, name, instruction(1))
    home.run()
    left = sorted(os.listdir(home.inbox("mcc")))
    tap.ok(left == sorted(names), "names that senders give to unfinished files are left", left)
    home.set("drop mcc temporary=new-*")
    send(home, "new-" + name_of(1), instruction(1))
    send(home, ".ecosgate-claim", b"not a file of a sender")
    told = {row["name"]: row["decision"] for row in home.json("pickup", "mcc")}
    home.run()
    left = sorted(os.listdir(home.inbox("mcc")))
    tap.ok(left == [".ecosgate-claim", "new-" + name_of(1)], "temporary= decides, but for our own names", left)
    tap.ok(sorted(name for name in told if told[name] == "leave") == left, "pickup says the same before", told)
    waiting = [drop["waiting"] for drop in home.json("status")[0]["drops"] if drop["name"] == "mcc"]
    tap.ok(waiting == [0], "status counts no such file", waiting)


def test_listed_twice(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1, 2, 3)
    peer.set(twice="00000[13]")
    listed = [row["name"] for row in home.json("pickup", "mcc")]
    done = home.run()
    names = [name_of(1), name_of(2), name_of(3)]
    tap.ok(listed == names, "pickup shows a name once that the server lists twice", listed)
    tap.ok(job_names(home) == names and set(verdicts(home).values()) == {"AC"} and done.returncode == 0,
           "each file is taken once", verdicts(home), done.stderr)


def test_no_types(tap, peer):
    for types in ("hidden", "none"):
        home = over_sftp(peer, NO_INC, drops=("mcc",))
        inbox = home.inbox("mcc")
        give(home, 1, 2)
        send(home, "empty.csv", b"")
        os.mkdir(os.path.join(inbox, "folder.csv"))
        os.mkfifo(os.path.join(inbox, "pipe.csv"))
        with open(os.path.join(home.top, "secret"), "wb") as file:
            file.write(instruction(3, (3,)))
        os.symlink(os.path.join(home.top, "secret"), os.path.join(inbox, name_of(3)))
        peer.set(types=types)
        told = {row["name"]: (row["decision"], row["reason"]) for row in home.json("pickup", "mcc")}
        doctor = [row for row in home.json("doctor", "mcc") if row.get("probe") == "list"]
        done = home.run()
        title = f"types {types}"
        tap.ok(job_names(home) == [name_of(1), name_of(2)] and set(verdicts(home).values()) == {"AC"},
               f"{title}: files are taken", job_names(home), done.stderr)
        opened = {os.path.basename(line[1]) for line in peer.since() if line[0] == "open"}
        tap.ok(opened.isdisjoint({"empty.csv", "folder.csv", "pipe.csv", name_of(3)}) and name_of(1) in opened,
               f"{title}: what may be a pipe, a link or a folder is never opened", opened)
        tap.ok([told[name][0] for name in ("folder.csv", name_of(3))] == ["leave", "leave"],
               f"{title}: folders and links are known", told)
        tap.ok(all(told[name][0] == "fault" and "does not tell" in told[name][1] for name in ("empty.csv", "pipe.csv")),
               f"{title}: pickup says that the server does not tell what an empty entry is", told)
        tap.ok([row["result"] for row in doctor] == ["bad"] and "2 of" in doctor[0]["text"],
               f"{title}: so does doctor", doctor)


# ---- entries that cannot be taken ----

def faults(home):
    """Open incidents of category a."""
    return [(one["code"], one["subject"], one["text"]) for one in incidents(home) if not one["cleared"]]


def decided(home, drop="mcc"):
    return {row["name"]: (row["decision"], row["reason"]) for row in home.json("pickup", drop)}


def without_override():
    """A prefix for which file modes count, for root too."""
    caps = "-dac_override,-dac_read_search"
    return ("setpriv", f"--inh-caps={caps}", f"--bounding-set={caps}") if os.getuid() == 0 else ()


def shown_and_told(tap, home, title, bad, cause):
    """After two looks: an incident of this entry alone, with its cause; a third look changes nothing."""
    told = faults(home)
    tap.ok([(code, subject) for code, subject, _ in told] == [("A107", f"mcc/{bad}")] and cause in told[0][2],
           f"{title}: A107 names the entry and the cause", told)


def test_larger_than_the_disk(tap):
    home = Home(NO_INC)
    give(home, 2)
    send(home, "hello.txt", b"hello")
    with open(os.path.join(home.inbox("mcc"), name_of(1)), "wb") as file:
        file.truncate(1 << 42)
    first, second = home.run(), home.run()
    tap.ok(first.returncode == 2 and second.returncode == 2 and b"4398046511104 bytes" in first.stderr,
           "a sparse file of 4 TiB: exit 2, and it is named", first.stderr)
    tap.ok([job["name"] for job in home.json("spool", "list") if job["type"] != "EMA"] == ["hello.txt"],
           "what does not wait behind it goes on", home.json("spool", "list"))
    shown_and_told(tap, home, "larger than the disk", name_of(1), "room for")
    rows = decided(home)
    tap.ok(rows[name_of(1)][0] == "fault" and "room for" in rows[name_of(1)][1] and
           rows[name_of(2)] == ("wait", f"it waits behind {name_of(1)}, which has a lower number of the same sender "
                                "and type and cannot be taken"), "pickup says what waits, and behind what", rows)
    why = [home.json("why", name)[0] for name in (name_of(1), name_of(2))]
    tap.ok([(row["kind"], row["id"], row["state"]) for row in why] ==
           [("entry", "mcc", "fault"), ("entry", "mcc", "wait")] and "room for" in why[0]["because"] and
           name_of(1) in why[1]["because"], "so does why", why)
    os.truncate(os.path.join(home.inbox("mcc"), name_of(1)), 0)
    send(home, name_of(1), instruction(1, (1,)))
    last = home.run()
    tap.ok(verdicts(home) == {name_of(1): "AC", name_of(2): "AC"} and faults(home) == [] and last.returncode == 0,
           "mended: both are taken in one pass, in order, and the incident is closed", verdicts(home), last.stderr)
    sound(tap, home, "after a file that was too large")


def test_unreadable(tap):
    home = Home(NO_INC)
    prefix = without_override()
    give(home, 1, 2)
    os.chmod(os.path.join(home.inbox("mcc"), name_of(1)), 0)
    send(home, "hello.txt", b"hello")
    lines = home.command("--json", "pickup", "mcc", prefix=prefix).stdout.decode().splitlines()
    untried = {row["name"]: (row["decision"], row["reason"]) for row in map(json.loads, lines)}
    user = pwd.getpwuid(os.geteuid()).pw_name
    tap.ok(untried[name_of(1)] == (
        "fault", f"it belongs to user {user}, its mode is 0000, and the gateway's user {user} may not read it; give "
        "that user read access, or move it away; higher numbers of its sender and type wait, all else goes on") and
           untried[name_of(2)] == ("wait", f"it waits behind {name_of(1)}, which has a lower number of the same sender "
                                   "and type and cannot be taken") and untried["hello.txt"][0] == "take",
           "pickup says so before the first try, and what waits behind it", untried)
    for _ in range(2):
        done = home.run(prefix=prefix)
    shown_and_told(tap, home, "a file that may not be read", name_of(1), "its mode is 0000")
    tap.ok(done.returncode == 2 and "hello.txt" in job_names(home) and name_of(2) not in job_names(home),
           "a file that may not be read: other files are taken", job_names(home), done.stderr)
    os.remove(os.path.join(home.inbox("mcc"), name_of(1)))
    done = home.run(prefix=prefix)
    tap.ok(done.returncode == 0 and faults(home) == [] and verdicts(home) == {name_of(2): "AC"},
           "its sender removes it: the incident is closed, and what waited is taken", done.stderr)
    home.set("drop mcc complete=marker")
    give(home, 3)
    os.chmod(os.path.join(home.inbox("mcc"), name_of(3)), 0)
    done = home.run(prefix=prefix)
    tap.ok(done.returncode == 0 and decided(home)[name_of(3)][0] == "wait",
           "a file that is not whole yet may be closed",
           done.stderr)
    os.chmod(os.path.join(home.inbox("mcc"), name_of(3)), 0o600)
    home.set("drop mcc complete=at-once")
    os.chmod(home.inbox("mcc"), 0o600)
    done = home.run(prefix=prefix)
    tap.ok([(code, subject) for code, subject, _ in faults(home)] == [("A102", "mcc")],
           "a folder that may not be searched is an outage of the drop", faults(home), done.stderr)
    os.chmod(home.inbox("mcc"), 0o500)
    done = home.run(prefix=prefix)
    tap.ok([(code, subject) for code, subject, _ in faults(home)] == [("A102", "mcc")],
           "a folder from which nothing may be removed, too", faults(home), done.stderr)
    os.chmod(home.inbox("mcc"), 0o700)
    done = home.run(prefix=prefix)
    tap.ok(done.returncode == 0 and faults(home) == [] and os.listdir(home.inbox("mcc")) == [], "both are mended",
           faults(home), done.stderr)


def test_refused(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1, 2, 3)
    earlier = name_of(4, time="050000")
    send(home, earlier, instruction(4, (4,), time="05:00:00"))
    send(home, "hello.txt", b"hello")
    peer.arm("open", "status", times=None, match="000002.csv", code=3)
    first = home.run()
    tap.ok(first.returncode == 2 and faults(home) == [], "one look at a file that is refused: exit 2, no incident",
           faults(home))
    done = home.run()
    shown_and_told(tap, home, "a file that is refused", name_of(2), "permission denied")
    tap.ok(done.returncode == 2 and {name_of(1), "hello.txt"} <= set(job_names(home)) and
           name_of(3) not in job_names(home), "only higher numbers of its sender and type wait", job_names(home))
    send(home, name_of(5, time="050000"), instruction(5, (5,), time="05:00:00"))
    home.run()
    tap.ok(name_of(5, time="050000") not in job_names(home), "a higher number waits, too, whose name comes first",
           job_names(home))
    peer.behave()
    done = home.run()
    tap.ok(faults(home) == [] and os.listdir(home.inbox("mcc")) == [], "it may be read: all is taken, A107 is closed",
           faults(home), done.stderr)


def test_over_the_end(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 999998, 999999)
    give(home, 1)
    peer.arm("open", "status", times=None, match="999999.csv", code=4)
    home.run()
    tap.ok(list(verdicts(home)) == [name_of(999998)], "number 1 waits behind 999999", verdicts(home))
    peer.behave()
    home.run()
    tap.ok(list(verdicts(home).items()) == [(name_of(number), "AC") for number in (999998, 999999, 1)],
           "then both come in their order", verdicts(home))


def test_wrong_size(tap, peer):
    content = instruction(1, (1,))
    for size, said in ((len(content) + 7, f"but {len(content)} could be read"), (len(content) - 7, "but more than")):
        home = over_sftp(peer, NO_INC, drops=("mcc",), claim="no")
        send(home, name_of(1), content)
        peer.set(size=size)
        for _ in range(2):
            done = home.run()
        shown_and_told(tap, home, f"size {size - len(content):+}", name_of(1), f"has {size} bytes, {said}")
        tap.ok(done.returncode == 2, "exit 2", done.stderr)
        peer.behave()
        home.run()
        tap.ok(job_names(home) == [name_of(1)] and faults(home) == [], "the right size: taken and closed", faults(home))


def test_always_missing(tap, peer):
    """A name that the server lists, but does not know when it is asked for it."""
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1)
    peer.set(made_up=["fe2e637376"])
    for _ in range(3):
        done = home.run()
    told = faults(home)
    tap.ok(done.returncode == 2 and [code for code, _, _ in told] == ["A107"] and r"\xFE.csv" in told[0][1],
           "a name that is listed and not there: A107", told, done.stderr)
    tap.ok(job_names(home) == [name_of(1)], "other files are taken", job_names(home))


def test_not_removed(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1)
    peer.arm("remove", "status", times=None, match="000001.csv", code=3)
    home.run()
    give(home, 2)
    done = home.run()
    home.run()
    tap.ok(job_names(home) == [name_of(1), name_of(2)] and set(verdicts(home).values()) == {"AC"},
           "a file whose copy stays is taken once, and the next one goes on", verdicts(home), done.stderr)
    shown_and_told(tap, home, "a copy that cannot be removed", name_of(1), "cannot be removed")
    rows = decided(home)
    tap.ok(done.returncode == 2 and all(decision == "leave" and "job 00000001" in reason
                                        for decision, reason in rows.values()), "pickup says which job has it", rows)
    peer.behave()
    done = home.run()
    tap.ok(os.listdir(home.inbox("mcc")) == [] and faults(home) == [] and done.returncode == 0,
           "it may be removed: it goes, and the incident is closed", faults(home), done.stderr)
    sound(tap, home, "after a copy that stayed")


def configuration(home):
    with open(home.conf, encoding="utf-8") as file:
        return file.read()


def configure(home, text):
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(text)


def results(home):
    """Names and verdicts of all jobs with instructions, one for each time that one was taken."""
    return [(job["name"], job["verdict"]) for job in home.json("spool", "list") if job["name"].startswith("EMI")]


def test_moved_from_a_server(tap, peer):
    """Copies are taken through a server and cannot be removed; then the drop is a local folder, files and all."""
    home = Home(NO_INC)
    local = configuration(home)
    home.over_sftp("mcc", peer)
    for call in ("rename", "remove"):
        peer.arm(call, "status", times=None, match="mcc/in/", code=3)
    give(home, 1, 2)
    home.run()
    left = sorted(os.listdir(home.inbox("mcc")))
    configure(home, local)
    again = os.path.join(home.inbox("mcc"), name_of(2))
    send(home, name_of(2), instruction(2, (2,)))  # the partner sends it once more
    os.utime(again, (time.time() + 10, time.time() + 10))
    done = home.run()
    tap.ok(left == [name_of(1), name_of(2)] and
           results(home) == [(name_of(1), "AC"), (name_of(2), "AC"), (name_of(2), "RJ")],
           "a copy that stayed on a server is known in the local folder; one that was sent again there is a repeat",
           left, results(home), done.stderr)
    tap.ok(os.listdir(home.inbox("mcc")) == [] and faults(home) == [], "both are removed, and A107 is closed",
           os.listdir(home.inbox("mcc")), faults(home))
    sound(tap, home, "after a drop moved from a server")


def test_moved(tap, peer):
    """Copies are taken from a folder that allows no removal. Then somebody gives one another mode, and the drop moves
    to another folder or to a server."""
    for way in ("mode", "folder", "server"):
        home = Home(NO_INC)
        give(home, 1)
        os.chmod(home.inbox("mcc"), 0o500)
        home.run(prefix=without_override())
        left = os.listdir(home.inbox("mcc"))
        os.chmod(home.inbox("mcc"), 0o700)
        if way == "mode":
            os.chmod(os.path.join(home.inbox("mcc"), name_of(1)), 0o640)
        elif way == "folder":
            os.mkdir(home.path("moved"))
            os.rename(os.path.join(home.inbox("mcc"), name_of(1)), home.path("moved", name_of(1)))
            home.set(f"drop mcc in={home.path('moved')}")
        else:
            home.over_sftp("mcc", peer)
        done = home.run()
        there = os.listdir(home.path("moved") if way == "folder" else home.inbox("mcc"))
        tap.ok(left == [name_of(1)] and results(home) == [(name_of(1), "AC")] and there == [] and faults(home) == [],
               f"a copy that could not be removed, and then another {way}: it is known and removed", left,
               results(home), there, faults(home), done.stderr)


def test_cut_each_time(tap, peer):
    """The server breaks whenever one certain file is read."""
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    send(home, "a.txt", b"a")
    give(home, 1)
    peer.arm("read", "cut-before", times=None, match="a.txt")
    for _ in range(4):
        done = home.run()
    tap.ok(job_names(home) == [name_of(1)], "a file at which the server breaks: the others are taken", job_names(home))
    shown_and_told(tap, home, "a file at which the server breaks", "a.txt", "")
    tap.ok(done.returncode == 2, "exit 2", done.stderr)


def test_daemon(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",))
    give(home, 1, 2)
    send(home, "b.txt", b"b")
    peer.arm("open", "status", times=None, match="000001.csv", code=3)
    daemon = home.daemon()
    tap.ok(wait_until(lambda: faults(home) != []), "a daemon opens A107 by itself", faults(home))
    opened = sum(line[0] == "open" and "000001" in line[1] for line in peer.since())
    listed = peer.count("opendir")
    # More than twice where this test comes late: the file is tried again.
    tap.ok(opened >= 2 and listed < 6 * opened, "it looked twice at the file, and seldom at the folder", opened, listed)
    peer.behave()
    tap.ok(wait_until(lambda: job_names(home)[-2:] == [name_of(1), name_of(2)] and faults(home) == []),
           "it takes the file once it may, then the one that waited", job_names(home))
    terminate(daemon)
    daemon.stderr.close()


def test_daemon_waits(tap, peer):
    """A file that could not be taken, and waits for its marker by the time at which it would be tried again."""
    home = over_sftp(peer, NO_INC, drops=("mcc",), complete="marker")
    give(home, 1)
    send(home, name_of(1) + ".done", b"")
    peer.arm("open", "status", times=None, match="000001.csv", code=3)
    daemon = home.daemon()
    wait_until(lambda: faults(home) != [])
    os.remove(os.path.join(home.inbox("mcc"), name_of(1) + ".done"))
    time.sleep(9)  # the third try would be due after 4 s, the fourth after 8
    listed = peer.count("opendir")
    time.sleep(1)
    found = peer.count("opendir") - listed
    tap.ok(found <= 1, "a file that waits is not looked for without a pause", found)
    peer.behave()
    terminate(daemon)
    daemon.stderr.close()


# ---- a newer file of the same name ----

def contents(home):
    """Of the instructions in the spool, in the order of their jobs."""
    return [home.command("spool", "cat", str(job["id"])).stdout for job in home.json("spool", "list")
            if job["name"].startswith("EMI")]


def taken(home):
    """Names that copies have between taking and removing them."""
    return [name for name in os.listdir(home.inbox("mcc")) if name.startswith(".ecosgate-taken-")]


def other_of(content):
    """As long, for the same Device, and not the same."""
    return content.replace(b"North", b"South")


def test_newer_at_the_rename(tap, peer):
    """The sender replaces the file at the very moment at which its copy is taken away."""
    for rule in ("at-once", "marker"):
        home = over_sftp(peer, NO_INC, drops=("mcc",), complete=rule)
        content = instruction(1, (1,))
        send(home, name_of(1), content)
        if rule == "marker":
            send(home, name_of(1) + ".done", b"")
        peer.arm("rename", "replace", match="000001.csv$", mtime=2000000000)
        first = home.run()
        met = peer.met()
        peer.behave()
        home.run()
        tap.ok(met == 1 and contents(home) == [content, b"?" * len(content)] and os.listdir(home.inbox("mcc")) == [],
               f"{rule}: a newer file that was taken by mistake gets its name back and is picked up", contents(home),
               os.listdir(home.inbox("mcc")), first.stderr)
        tap.ok(faults(home) == [], f"{rule}: and nobody has to act", faults(home))


def test_name_taken_again(tap):
    """The newer file that was taken cannot get its name back, for there is one that is newer still."""
    for rule in ("at-once", "marker"):
        home = Home(f"drop mcc complete={rule}\n{NO_INC}")
        content = instruction(1, (1,))
        send(home, name_of(1), content)
        if rule == "marker":
            send(home, name_of(1) + ".done", b"")
        point = "source-taken:after" + (":2" if rule == "marker" else "")
        home.run(env={"ECOSGATE_CRASH": point})
        there, = (name for name in taken(home) if not name.endswith(".done"))
        with open(os.path.join(home.inbox("mcc"), there), "wb") as file:
            file.write(other_of(content))
        send(home, name_of(1), b"newest")
        home.set("drop mcc temporary=.*;*.csv")  # so that the newest one is not picked up meanwhile
        for _ in range(2):
            done = home.run()
        told = faults(home)
        tap.ok(done.returncode == 2 and [(code, subject) for code, subject, _ in told] ==
               [("A107", f"mcc/{name_of(1)}")] and there in told[0][2], f"{rule}: somebody is told where it stands",
               told, done.stderr)
        with open(os.path.join(home.inbox("mcc"), there), "rb") as file:
            tap.ok(file.read() == other_of(content), f"{rule}: and it is not lost")
        os.remove(os.path.join(home.inbox("mcc"), name_of(1)))
        home.set("drop mcc temporary=.*")
        done = home.run()
        tap.ok(contents(home) == [content, other_of(content)] and os.listdir(home.inbox("mcc")) == [] and
               faults(home) == [], f"{rule}: once its name is free it gets it back and is picked up", contents(home),
               os.listdir(home.inbox("mcc")), faults(home))


def test_no_rename(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",), claim="no")
    give(home, 1, 2, 3)
    peer.arm("rename", "status", times=None, match="/in/", code=4)
    done = home.run()
    renames = [line for line in peer.since() if line[0] == "rename" and "/in/" in line[1]]
    tap.ok(done.returncode == 0 and os.listdir(home.inbox("mcc")) == [] and faults(home) == [],
           "a server that refuses to rename in `in`: copies are removed all the same", done.stderr, faults(home))
    tap.ok(len(renames) == 1, "and it is not asked again on this connection", renames)


def test_hidden_names(tap, peer):
    home = over_sftp(peer, NO_INC, drops=("mcc",), claim="no", upload_name="NAME.part")
    give(home, 1, 2)
    peer.arm("lstat", "status", times=None, match=r"/\.[^/]*$", code=2)
    done = home.run()
    tap.ok(done.returncode == 0 and os.listdir(home.inbox("mcc")) == [] and len(contents(home)) == 2,
           "a server that hides names with a dot: nothing is left, nothing is taken twice", done.stderr,
           os.listdir(home.inbox("mcc")))


def test_stray(tap):
    home = Home(NO_INC)
    name = ".ecosgate-taken-00000099-" + name_of(1)
    send(home, name, b"?")
    for _ in range(2):
        done = home.run()
    told = faults(home)
    tap.ok(done.returncode == 2 and [(code, subject) for code, subject, _ in told] == [("A107", f"mcc/{name}")] and
           decided(home)[name][0] == "fault", "a copy that another ledger took away is told", told, decided(home))
    os.rename(os.path.join(home.inbox("mcc"), name), os.path.join(home.inbox("mcc"), name_of(1)))
    home.run()
    tap.ok(faults(home) == [] and len(contents(home)) == 1, "it gets its name from an operator: it is picked up",
           faults(home))


def test_stray_removed(tap):
    """While the same daemon runs."""
    home = Home(NO_INC)
    send(home, ".ecosgate-taken-00000099-" + name_of(1), b"?")
    daemon = home.daemon()
    tap.ok(wait_until(lambda: faults(home) != []), "a daemon tells of such a copy", faults(home))
    os.remove(os.path.join(home.inbox("mcc"), ".ecosgate-taken-00000099-" + name_of(1)))
    tap.ok(wait_until(lambda: faults(home) == []), "an operator removes it: its A107 is closed", faults(home))
    terminate(daemon)
    daemon.stderr.close()


def test_long_name(tap):
    home = Home(NO_INC)
    name = "x" * 255
    send(home, name, b"?")
    done = home.run()
    tap.ok(os.listdir(home.inbox("mcc")) == [] and faults(home) == [], "a name of 255 bytes is taken and removed",
           done.stderr)


def journal(home, drop="mcc"):
    """name: decision of what was decided about the files of a drop."""
    return dict(rows(home, f"SELECT name,decision FROM pickup WHERE drop_name='{drop}' ORDER BY name"))


def rows(home, statement):
    connection = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def test_journal(tap):
    """What is known of files that are no longer in their drop does not grow without end."""
    home = Home(NO_INC)
    give(home, 1)
    send(home, "stays.tmp", b"x")
    home.run()
    rows(home, "INSERT INTO pickup(drop_name,name,size,modified,since,decision,reason)"
         " VALUES('mcc','left.tmp',1,1,1688385600,'gone','x')")
    home.run(now="2023-07-10T11:59:59Z")
    tap.ok(journal(home) == {name_of(1): "taken", "stays.tmp": "leave", "left.tmp": "gone"},
           "what was in the drop is known for seven days", journal(home))
    home.run(now="2023-07-10T12:00:00Z", env={"ECOSGATE_CRASH": "pickup-noted:before:1"})
    tap.ok(len(journal(home)) == 3, "a kill before the commit leaves them", journal(home))
    home.run(now="2023-07-10T12:00:00Z")
    tap.ok(journal(home) == {"stays.tmp": "leave"}, "then only what is in the drop", journal(home))
    give(home, 2)
    home.run(now="2023-07-10T12:00:01Z")
    tap.ok(verdicts(home) == {name_of(1): "AC", name_of(2): "AC"} and
           home.json("why", name_of(1))[0]["state"] == "done", "why knows a file that was taken all the same")
    rows(home, "WITH RECURSIVE n(i) AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<50010) INSERT INTO pickup"
         "(drop_name,name,size,modified,since,decision,reason) SELECT 'mcc',printf('%06d',i),1,1,1688990401-i/9,'gone',"
         "'x' FROM n")
    home.run(now="2023-07-10T12:00:02Z")
    left = journal(home)
    tap.ok(49990 <= len(left) <= 50002 and "stays.tmp" in left and name_of(2) in left and "000001" in left and
           "050010" not in left, "of very many the oldest are forgotten at once", len(left))


LOCAL = (test_temporary, test_journal, test_larger_than_the_disk, test_unreadable, test_name_taken_again, test_stray,
         test_stray_removed, test_long_name)
REMOTE = (test_listed_twice, test_no_types, test_refused, test_over_the_end, test_wrong_size, test_always_missing,
          test_not_removed, test_moved_from_a_server, test_moved, test_cut_each_time, test_daemon, test_daemon_waits,
          test_newer_at_the_rename, test_no_rename, test_hidden_names)


def main():
    with Tap() as tap:
        chosen = os.environ.get("ONLY", "")
        for test in LOCAL:
            if chosen in test.__name__:
                test(tap)
        if PYTHON is None:
            print("# no Python here has paramiko: nothing is tried with a server")
            return
        with Peer(tempfile.gettempdir()) as peer:
            for test in REMOTE:
                peer.behave()
                if chosen in test.__name__:
                    test(tap, peer)


if __name__ == "__main__":
    main()
