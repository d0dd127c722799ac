#!/usr/bin/env python3
"""Drops on a real OpenSSH server: the same answers as with local drops, what is refused, outages, a server that
hangs, and the command `pickup` (TAP). sftp_faults.py does the same with a server that misbehaves."""
import collections
import json
import os
import random
import re
import signal
import sqlite3
import socket
import tempfile
import threading
import time

from home import NOW, PATIENCE, SANITIZED, Home, Tap, terminate, wait_until
from live import answer, instruction, name_of, send, sound
from sshd import HOST, Sshd, forgiving, make_key, write_known_hosts

LATER = "2023-07-03T13:00:00Z"
PASSES = 6  # the most that a gateway needs until it has recovered
SECOND = "[party MCB]\neui64=90-B3-D5-1F-30-0E-C0-11\ntypes=EMI\ndrop=ecos\n"
DEVICE = "00-DB-12-34-56-78-91-%02X"
ROW = "00-DB-12-34-57-%02X-%02X-%02X,ESME,AB01,010A030B,0002012F,,,North,1"


def inputs():
    """One of each outcome: accepted, partly accepted, rejected, and a name outside the grammar."""
    return {
        name_of(1): instruction(1, (1, 2)),
        name_of(2): instruction(2, (3, f"{DEVICE % 4},XSME,AB01,010A030B,0002012F,,,North,1")),
        name_of(3): instruction(3, (5,)).replace(b"T,1", b"T,2"),
        "hello.txt": b"hello\n",
        name_of(4): instruction(4, tuple(range(6, 26))),
    }


def fill(home, contents, drop="mcc"):
    for name, content in contents.items():
        send(home, name, content, drop)


def outs(home, drops=("mcc", "tcos")):
    """The files that recipients find."""
    return {drop: {name: home.read_out(drop, name) for name in home.out(drop)} for drop in drops}


EXPECTED = {}


def expected(contents):
    """The files that the same input gives with local drops."""
    key = tuple(sorted(contents.items()))
    if key not in EXPECTED:
        twin = Home("drop mcc complete=at-once")
        fill(twin, contents)
        assert twin.run().returncode in (0, 1)
        EXPECTED[key] = outs(twin)
    return EXPECTED[key]


def over_sftp(server, settings="", drops=("mcc", "tcos"), **keys):
    home = Home(settings)
    for drop in drops:
        home.over_sftp(drop, server, **keys)
    return home


def incidents(home, subject=None):
    """Incidents of drops. Those of rejected files are left out."""
    found = [one for one in home.json("status")[0]["incidents"] if one["code"].startswith("A")]
    return [one for one in found if subject is None or one["subject"] == subject]


def open_codes(home, subject="mcc"):
    return sorted(one["code"] for one in incidents(home, subject) if not one["cleared"])


def job_names(home):
    """Inbound files in custody, in the order of their jobs."""
    return [job["name"] for job in home.json("spool", "list") if job["type"] not in ("EMW", "INC")]


def compare(tap, home, contents, text, drops=("mcc", "tcos")):
    """Checks that nothing is lost, done twice, different or left behind."""
    wanted, found = expected(contents), outs(home)
    wanted = {drop: wanted[drop] for drop in drops}
    wrong = [f"{drop}: {'missing' if name not in found[drop] else 'extra' if name not in wanted[drop] else 'differs'}"
             f" {name}" for drop in wanted for name in sorted(set(wanted[drop]) | set(found[drop]))
             if wanted[drop].get(name) != found[drop].get(name)]
    left = os.listdir(home.inbox("mcc"))
    names = sorted(job_names(home))
    verified = home.command("spool", "verify")
    good = not wrong and not left and names == sorted(contents) and verified.returncode == 0
    return tap.ok(good, text, *wrong, f"left in the drop: {left}", f"in custody: {names}",
                  verified.stdout.decode())


def settle(home, limit=PASSES, **options):
    """Runs passes until one has done everything. Returns the exit status of each."""
    statuses = []
    while len(statuses) < limit and (not statuses or statuses[-1] == 2):
        statuses.append(home.run(**options).returncode)
    return statuses


def in_order(home, drop="mcc"):
    """True if the outgoing files of a drop appeared there in the order in which they were made."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        names = [n for (n,) in ledger.execute("SELECT name FROM outgoing WHERE drop_name=? ORDER BY id", (drop,))]
    stamps = [os.stat(home.path("drops", drop, "out", name)).st_ctime_ns for name in names]
    return stamps == sorted(stamps) and len(names) > 0


# ---- the same as local drops ----

def test_same_answers(tap, top):
    variants = {
        "Ed25519": ({}, {}),
        "ECDSA, a passphrase, hashed known_hosts":
            ({"host_keys": ("ecdsa",), "user_key": "ecdsa", "passphrase": "sesame 1", "hashed": True}, {}),
        "Ed25519 behind a passphrase": ({"passphrase": "sesame 2"}, {}),
        "known_hosts holds the second of three host keys": ({"host_keys": ("rsa", "ecdsa", "ed25519")}, {}),
        "the rule stable": ({}, {"complete": "stable", "stable_seconds": 1}),
    }
    for text, (server_keys, keys) in variants.items():
        with Sshd(top, **server_keys) as server:
            if "second" in text:
                server.write_known_hosts([server.at("host_ecdsa")])
            home = over_sftp(server, **keys)
            fill(home, inputs())
            env = forgiving(server) if server_keys.get("user_key") == "ecdsa" else {}
            done = home.run(env=env)
            tap.ok(done.returncode == 1, f"{text}: a pass ends as with local drops", done.returncode,
                   done.stderr.decode())
            compare(tap, home, inputs(), f"{text}: the answers are those of local drops, byte for byte")
            tap.ok(incidents(home) == [], f"{text}: no incident", incidents(home))
            done = home.run(env=env)
            tap.ok(done.returncode == 0 and len(job_names(home)) == len(inputs()),
                   f"{text}: a further pass finds nothing to do", done.returncode, done.stderr.decode())


def test_relative_folders(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server)
        inside = os.path.relpath(home.path("drops", "mcc"), top)
        home.set(f"drop mcc in={inside}/in\ndrop mcc out={inside}/out")
        fill(home, inputs())
        done = home.run()
        tap.ok(done.returncode == 1, "relative folders begin where the server puts the login", done.stderr.decode())
        compare(tap, home, inputs(), "relative folders: the same answers")


def test_taken_folder(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server)
        taken = home.path("drops", "mcc", "taken")
        os.mkdir(taken)
        home.set(f"drop mcc taken={taken}")
        fill(home, inputs())
        home.run()
        compare(tap, home, inputs(), "taken: the same answers")
        found = {}
        for name in os.listdir(taken):
            with open(os.path.join(taken, name), "rb") as file:
                found[name] = file.read()
        tap.ok(found == inputs(), "taken: the senders' copies are in that folder", sorted(found))
        send(home, name_of(1), instruction(1, (90,), time="07:00:00"))
        done = home.run()
        with open(os.path.join(taken, name_of(1)), "rb") as file:
            kept = file.read()
        tap.ok(kept == inputs()[name_of(1)] and name_of(1) not in os.listdir(home.inbox("mcc")) or
               done.returncode == 2, "taken: a second file of the name does not replace the first",
               done.stderr.decode(), os.listdir(taken))


def test_marker(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server, complete="marker")
        send(home, name_of(1), instruction(1))
        home.run()
        tap.ok(job_names(home) == [], "marker: without one a file is left")
        send(home, name_of(1) + ".done", b"")
        send(home, name_of(2) + ".done", b"")
        home.run()
        tap.ok(job_names(home) == [name_of(1)], "marker: with one it is taken, and the marker is no file",
               job_names(home))
        tap.ok(os.listdir(home.inbox("mcc")) == [name_of(2) + ".done"], "marker: it goes with its file",
               os.listdir(home.inbox("mcc")))


def test_not_files(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server)
        inbox = home.inbox("mcc")
        for name in (".hidden", "a.tmp", "a.part", "a.filepart", "a.incomplete"):
            with open(os.path.join(inbox, name), "wb") as file:
                file.write(instruction(1))
        os.mkdir(os.path.join(inbox, name_of(5)))
        os.mkfifo(os.path.join(inbox, name_of(6)))
        with open(os.path.join(home.top, "secret"), "wb") as file:
            file.write(instruction(7))
        os.symlink(os.path.join(home.top, "secret"), os.path.join(inbox, name_of(7)))
        os.symlink("/nonexistent", os.path.join(inbox, name_of(8)))
        before = sorted(os.listdir(inbox))
        done = home.run()
        tap.ok(done.returncode == 0, "temporary names, folders, pipes and links are no error", done.stderr.decode())
        tap.ok(sorted(os.listdir(inbox)) == before and job_names(home) == [], "they are left alone", job_names(home))


def test_hostile_names(tap, top):
    names = [b"line\nbreak.csv", b"bell\x07\x1b[31m.csv", b"bad\xff\xfe.csv", b"-rf", b"a b;c|d`e`.csv",
             "ß€.csv".encode(), b"x" * 255, b"%s%n.csv", b"\\..\\up.csv", b"...", b"EMI MCC\n\x01.xml"]
    contents = {name: b"H,%d\r\n" % number for number, name in enumerate(names)}
    twin = Home("drop mcc complete=at-once")
    with Sshd(top) as server:
        home = over_sftp(server)
        for one in (twin, home):
            for name, content in contents.items():
                with open(os.path.join(os.fsencode(one.inbox("mcc")), name), "wb") as file:
                    file.write(content)
        local, remote = twin.run(), home.run()
        tap.ok((local.returncode, os.listdir(twin.inbox("mcc"))) == (remote.returncode, os.listdir(home.inbox("mcc"))),
               "hostile names: taken as over local drops", remote.stderr.decode(), os.listdir(home.inbox("mcc")))
        tap.ok(outs(twin) == outs(home), "hostile names: the same answers", sorted(outs(twin)["mcc"]),
               sorted(outs(home)["mcc"]))
        sound(tap, home, "with hostile names")


def test_many_names(tap, top):
    count = 5000 if SANITIZED else 19000
    with Sshd(top) as server:
        home = over_sftp(server)
        for number in range(count):
            path = os.path.join(home.inbox("mcc"), f"{number:06d}_{'n' * 60}.part")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        fill(home, inputs())
        done = home.run()
        found = [name for name in os.listdir(home.inbox("mcc")) if not name.endswith(".part")]
        tap.ok(done.returncode == 1 and found == [] and outs(home) == expected(inputs()),
               f"the files among {count} names are found", done.stderr.decode(), found)


def test_big_file(tap, top):
    devices = tuple(ROW % (0x12, n >> 8, n & 255) for n in range(2000 if SANITIZED else 30000))
    contents = {name_of(1): instruction(1, devices)}
    with Sshd(top) as server:
        home = over_sftp(server)
        fill(home, contents)
        done = home.run()
        tap.ok(done.returncode == 0, f"a file of {len(contents[name_of(1)])} bytes", done.stderr.decode())
        compare(tap, home, contents, "a big file: the same answers")


# ---- what is refused, and the messages ----

def test_refusals(tap, top):
    with Sshd(top, host_keys=("ed25519", "ecdsa")) as server, Sshd(top, host_keys=("rsa",)) as old, \
            socket.socket() as deaf:
        deaf.bind((HOST, 0))  # bound, but no server listens there
        other = make_key(server.at("other"))
        foreign = make_key(server.at("foreign"), passphrase="closed")
        rsa = make_key(server.at("rsa_user"), "rsa")
        empty, wrong, word = server.at("empty"), server.at("wrong"), server.at("wrong_word")
        open(empty, "w", encoding="ascii").close()
        write_known_hosts(wrong, server.port, [other])
        with open(word, "w", encoding="ascii") as file:
            file.write("not it\n")
        os.chmod(word, 0o600)
        cases = {
            "an unknown host key": ({"known_hosts": empty}, ("key .*SHA256:", "not in .*empty")),
            "a changed host key": ({"known_hosts": wrong}, ("key changed.*SHA256:", "wrong")),
            "known_hosts is not there": ({"known_hosts": server.at("nowhere")}, ("nowhere",)),
            "a login refused": ({"identity": other}, ("login|authori", "other")),
            "an identity that is not there": ({"identity": server.at("nobody")}, ("nobody",)),
            "a wrong passphrase": ({"identity": foreign, "passphrase_file": word}, ("passphrase|foreign",)),
            "a passphrase missing": ({"identity": foreign}, ("passphrase|foreign",)),
            "nobody listens": ({"port": deaf.getsockname()[1]}, (HOST.replace(".", r"\."),)),
            "a folder that is not there": ({"in": "/nonexistent/in"}, ("/nonexistent/in",)),
        }
        for text, (keys, words) in cases.items():
            home = over_sftp(server, drops=("mcc",))
            home.over_sftp("mcc", server, **keys)
            attach_second(home)
            send(home, name_of(1), instruction(1, (1, 2)))
            send_second(home, 1)
            done = home.run()
            refused(tap, home, done, text, words)
            home.over_sftp("mcc", server, passphrase_file="")
            statuses = settle(home)
            tap.ok(statuses[-1] == 0 and answer(name_of(1)) in home.out("mcc") and open_codes(home) == [] and
                   len(incidents(home, "mcc")) == 1, f"{text}: put right, it goes on and the incident is cleared",
                   statuses, incidents(home))
        for text, keys in {"an RSA host key": {"port": old.port, "known_hosts": old.known_hosts,
                                               "identity": old.identity},
                           "an RSA identity": {"identity": rsa}}.items():
            home = over_sftp(server, drops=("mcc",), **keys)
            send(home, name_of(1), instruction(1, (1, 2)))
            with open(server.at("authorized_keys"), "a", encoding="ascii") as file, \
                    open(rsa + ".pub", encoding="ascii") as public:
                file.write(public.read())
            done = home.run()
            said = done.stderr.decode()
            tap.ok(done.returncode == 0 or done.returncode == 2 and "RSA" in said and "25519" in said,
                   f"{text}: it is used, or the message says what to take instead", done.returncode, said)


def attach_second(home):
    """A second sender, whose drop is `ecos`."""
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n" + SECOND)


def second_name(number):
    return name_of(number, org="MCB", eui64="90-B3-D5-1F-30-0E-C0-11")


def send_second(home, number, devices=None):
    devices = devices or (f"{DEVICE % number},ESME,AB01,010A030B,0002012F,,,North,1",)
    send(home, second_name(number), instruction(number, devices, batch=f"S-{number}",
                                                sender="90-B3-D5-1F-30-0E-C0-11"), "ecos")


def refused(tap, home, done, text, words):
    lines = [line for line in done.stderr.decode().splitlines() if re.search(r"\bdrop mcc\b", line)]
    said = " ".join(lines)
    tap.ok(done.returncode == 2, f"{text}: the pass ends with 2", done.returncode, done.stderr.decode())
    tap.ok(all(re.search(word, said, re.I) for word in words), f"{text}: the message says which", words, said)
    tap.ok(len(lines) == 1, f"{text}: it is one message", done.stderr.decode())
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1)] and job_names(home) == [second_name(1)] and
           answer(second_name(1), "EMD") in home.out("ecos"), f"{text}: nothing of it is touched, other drops go on",
           job_names(home), home.out("ecos"))
    tap.ok(open_codes(home) == ["A102"] and incidents(home, "ecos") == [], f"{text}: incident A102", incidents(home))


# ---- outages ----

def test_outage(tap, top):
    """The daemon's server goes away, twice, and comes back."""
    with Sshd(top) as server:
        home = over_sftp(server, "gateway poll_interval=1")
        attach_second(home)
        daemon = home.daemon()
        contents = inputs()
        send(home, name_of(1), contents[name_of(1)])
        tap.ok(wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc")), "outage: before, all goes")
        wait_until(lambda: owed(home) == 0)
        server.stop()
        for name in list(contents)[1:]:
            send(home, name, contents[name])
        tap.ok(wait_until(lambda: "A102" in open_codes(home)), "outage: A102 is opened", incidents(home))
        send_second(home, 1)
        tap.ok(wait_until(lambda: answer(second_name(1), "EMD") in home.out("ecos")), "outage: other drops go on")
        tap.ok(wait_until(lambda: "A103" in open_codes(home, "tcos")),
               "outage: A103 is opened where a file is not yet delivered", incidents(home))
        time_passes(home)
        codes = [(one["code"], one["subject"]) for one in incidents(home)]
        tap.ok(len(codes) == len(set(codes)), "outage: however often it is tried, it is one incident", codes)
        server.start()
        tap.ok(wait_until(lambda: not [one for one in incidents(home) if not one["cleared"]]),
               "outage: the incidents are cleared when the server is back", incidents(home))
        tap.ok(wait_until(lambda: answer(name_of(4), "EMD") in home.out("mcc")) and
               wait_until(lambda: owed(home) == 0), "outage: files that waited are picked up and answered",
               home.out("mcc"))
        server.stop()
        tap.ok(wait_until(lambda: "A102" in open_codes(home)) and
               len([one for one in incidents(home, "mcc") if one["code"] == "A102"]) == 2,
               "outage: a second one is an incident of its own", incidents(home, "mcc"))
        server.start()
        tap.ok(wait_until(lambda: open_codes(home) == []), "outage: it is cleared too", incidents(home))
        tap.ok(terminate(daemon) == 0, "outage: the daemon ends with 0", daemon.stderr.read().decode())
        shape = {"id", "code", "subject", "begun", "cleared", "text"}
        tap.ok(all(set(one) == shape and one["text"] and one["begun"] == NOW for one in incidents(home)),
               "status tells code, subject, begun, cleared and text of each", incidents(home))
        sound(tap, home, "after two outages")
        tap.ok(sorted(job_names(home)) == sorted([*contents, *map(second_name, range(1, 5))]),
               "outage: nothing was taken twice", job_names(home))


def time_passes(home):
    """Waits until the daemon has listed its drops some more times, as far as a partner can see."""
    for number in range(2, 5):
        send_second(home, number)
        wait_until(lambda number=number: answer(second_name(number), "EMD") in home.out("ecos"))


def owed(home):
    return sum(drop["owed"] for drop in home.json("status")[0]["drops"])


def test_out_folder_away(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server)
        out, away = home.path("drops", "mcc", "out"), home.path("away")
        os.rename(out, away)
        fill(home, inputs())
        done = home.run()
        tap.ok(done.returncode == 2 and b"drop mcc" in done.stderr, "out is away: the pass ends with 2",
               done.stderr.decode())
        tap.ok(open_codes(home) == ["A103"], "out is away: incident A103 alone", incidents(home))
        tap.ok(os.listdir(home.inbox("mcc")) == [], "out is away: files are still taken", os.listdir(home.inbox("mcc")))
        home.run(now=LATER)
        tap.ok(len(incidents(home)) == 1 and incidents(home)[0]["begun"] == NOW, "out is away: it stays one incident",
               incidents(home))
        os.rename(away, out)
        done = home.run(now=LATER)
        tap.ok(done.returncode == 0, "out is back: a pass is good", done.stderr.decode())
        tap.ok([one["cleared"] for one in incidents(home)] == [LATER], "out is back: the incident is cleared then",
               incidents(home))
        compare(tap, home, inputs(), "out is back: all that was due is there, the same bytes")
        tap.ok(in_order(home), "out is back: in the order in which it was made")


def test_in_folder_away(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server)
        os.rename(home.inbox("mcc"), home.path("away"))
        done = home.run()
        tap.ok(done.returncode == 2 and open_codes(home) == ["A102"], "in is away: exit 2, incident A102",
               done.stderr.decode(), incidents(home))
        os.rename(home.path("away"), home.inbox("mcc"))
        fill(home, inputs())
        tap.ok(home.run().returncode == 1 and open_codes(home) == [], "in is back: the incident is cleared")
        compare(tap, home, inputs(), "in is back: the same answers")


def test_cuts(tap, top):
    """Connections break at random moments, again and again. ECOSGATE_SEED repeats a run."""
    seed = int(os.environ.get("ECOSGATE_SEED", random.SystemRandom().randrange(1 << 32)))
    chance = random.Random(seed)
    contents = {name_of(n): instruction(n, tuple(ROW % (n, d >> 8, d & 255) for d in range(300))) for n in range(1, 13)}
    with Sshd(top) as server:
        home = over_sftp(server, "gateway poll_interval=1")
        fill(home, contents)
        daemon = home.daemon()
        over, cuts = threading.Event(), 0
        while cuts < 25:
            over.wait(chance.uniform(0.01, 0.15))
            server.cut()
            cuts += 1
        # A remove whose reply was lost leaves an incident open, and no other trace.
        done = wait_until(lambda: not os.listdir(home.inbox("mcc")) and owed(home) == 0 and
                          len(home.out("mcc")) == 2 * len(contents) and open_codes(home) == [])
        tap.ok(done, f"{cuts} cuts at random: all is taken and answered in the end", f"seed {seed}",
               os.listdir(home.inbox("mcc")), home.out("mcc"))
        tap.ok(terminate(daemon) == 0, "cuts at random: the daemon ends with 0", daemon.stderr.read().decode())
        compare(tap, home, contents, "cuts at random: the same answers, nothing twice", drops=("mcc",))
        settle(home)  # a drop that was down at last holds up the orders
        ordered = collections.Counter(item for text in outs(home)["tcos"].values()
                                      for item in re.findall(rb"^D,\d+,([^,]+),", text, re.M))
        tap.ok(len(ordered) == 300 * len(contents) and set(ordered.values()) == {1},
               "cuts at random: each Device is ordered once, on whatever work order", len(ordered))
        tap.ok(in_order(home), "cuts at random: in the order in which they were made")
        tap.ok(open_codes(home) == [], "cuts at random: no incident is left open", incidents(home))


# ---- a server that hangs ----

def answered(home, number):
    """A file of the second sender is answered, however long that takes."""
    send_second(home, number)
    return wait_until(lambda: answer(second_name(number), "EMD") in home.out("ecos"))


def all_answered(home, numbers):
    """One file after the other of the second sender is answered. Where it had to wait for a drop that hangs, it would
    be for longer than any test waits: until the hour of the drop's timeout is over."""
    return all(answered(home, number) for number in numbers)


def test_hang(tap, top):
    """The server's processes are stopped: its connections stay open, and it sends nothing."""
    with Sshd(top) as server:
        hang(tap, server, ("mcc",), "a drop that hangs")
        hang(tap, server, ("mcc", "tcos", "dcc", "maps"), "four drops that hang")


def freeze_in_use(server, connections):
    """Stops the server so that the requests of all these connections wait. One that is stopped between a request and
    its answer has read all, and nothing more comes: then it goes on for a moment."""
    for _ in range(20):
        server.freeze()
        if wait_until(lambda: server.unread() >= connections, 5):
            return True
        server.thaw()
        time.sleep(1)
    return False


def hang(tap, server, drops, text):
    home = over_sftp(server, "gateway poll_interval=1\ngateway reference_wait=1", drops=drops, timeout=3600)
    attach_second(home)
    daemon = home.daemon()
    numbers = iter(range(1, 100))
    for number in (1, 2, 3):
        all_answered(home, [next(numbers)])
        held = freeze_in_use(server, len(drops))
        fill(home, {name_of(number): instruction(number, (number,))})
        good = held and all_answered(home, [next(numbers) for _ in range(10)])
        tap.ok(good and answer(name_of(number)) not in home.out("mcc"),
               f"{text}: others are answered meanwhile, {number}", held, home.out("ecos"))
        server.thaw()
        tap.ok(wait_until(lambda number=number: answer(name_of(number), "EMD") in home.out("mcc")),
               f"{text}: when it goes on, what waited is answered, {number}", home.out("mcc"))
        if not good:
            break
    freeze_in_use(server, len(drops))
    send(home, name_of(4), instruction(4, (4,)))
    status = terminate(daemon)
    tap.ok(status == 0, f"{text}: SIGTERM ends the daemon meanwhile", status, daemon.stderr.read().decode())
    home.set("\n".join(f"drop {drop} timeout=2" for drop in drops))
    done = home.run()
    tap.ok(done.returncode == 2 and b"no answer within 2 seconds" in done.stderr and "A102" in open_codes(home),
           f"{text}: a pass gives it up after its limit", done.returncode, done.stderr.decode(), incidents(home))
    server.thaw()
    home.set("\n".join(f"drop {drop} timeout={PATIENCE}" for drop in drops))
    statuses = settle(home)
    tap.ok(statuses[-1] == 0 and answer(name_of(4), "EMD") in home.out("mcc") and open_codes(home) == [],
           f"{text}: it goes on by itself", statuses, incidents(home))
    sound(tap, home, f"after {text}")


def test_stop(tap, top):
    """SIGTERM at random moments of a working daemon ends it: no wait misses the signal."""
    with Sshd(top) as server:
        home = over_sftp(server, "gateway poll_interval=1")
        fill(home, inputs())
        for number in range(4):
            daemon = home.daemon()
            wait_until(lambda: home.json("status")[0]["running"])
            wait_until(lambda number=number: len(home.out("mcc")) > number)
            daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(timeout=PATIENCE)
            tap.ok(status == 0, f"stop {number + 1}: it ends with 0", daemon.stderr.read().decode())
        settle(home)
        compare(tap, home, inputs(), "after stops in between: the same answers")


# ---- the command pickup ----

def decisions(home, *drops):
    done = home.command("--json", "pickup", *drops)
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return done, {(row["drop"], row["name"]): row for row in rows}


def test_pickup(tap, top):
    with Sshd(top) as server:
        home = over_sftp(server, drops=("mcc",))
        home.over_sftp("tcos", server, complete="stable", stable_seconds=3600)
        home.over_sftp("ecos", server, complete="marker")
        inbox = home.inbox("mcc")
        send(home, name_of(1), instruction(1))
        send(home, "line\nbreak.csv", b"x")
        for name in ("a.tmp", ".hidden"):
            with open(os.path.join(inbox, name), "wb") as file:
                file.write(b"not yet")
        os.mkdir(os.path.join(inbox, "folder.csv"))
        os.symlink("/etc/passwd", os.path.join(inbox, name_of(2)))
        send(home, name_of(3), instruction(3), "tcos")
        send(home, name_of(4), instruction(4), "ecos")
        send(home, name_of(5), instruction(5), "ecos")
        send(home, name_of(5) + ".done", b"", "ecos")
        os.utime(os.path.join(inbox, name_of(1)), (1688364000, 1688364000))
        before = home.state() if os.path.exists(home.path("spool", "ledger.sqlite")) else (home.tree(), None)
        done, rows = decisions(home)
        tap.ok(done.returncode == 0, "pickup: ends with 0", done.returncode, done.stderr.decode())
        wanted = {("mcc", name_of(1)): "take", ("mcc", "line\\nbreak.csv"): "take", ("mcc", "a.tmp"): "leave",
                  ("mcc", ".hidden"): "leave", ("mcc", "folder.csv"): "leave", ("mcc", name_of(2)): "leave",
                  ("tcos", name_of(3)): "wait", ("ecos", name_of(4)): "wait", ("ecos", name_of(5)): "take"}
        found = {key: row["decision"] for key, row in rows.items() if not key[1].endswith(".done")}
        for key, decision in wanted.items():
            other = {(drop, re.sub(r"\\x0a|\\n|%0A", r"\\n", name, flags=re.I)): d for (drop, name), d in found.items()}
            tap.ok(other.get(key) == decision, f"pickup: {key[0]} {key[1]}: {decision}", found)
        shape = {"drop", "name", "size", "modified", "decision", "reason"}
        tap.ok(all(set(row) == shape for row in rows.values()), "pickup --json: its members", rows)
        tap.ok(all(row["reason"] for row in rows.values()), "pickup: a reason for each", rows)
        row = rows.get(("mcc", name_of(1)), {})
        tap.ok(row.get("size") == len(instruction(1)) and row.get("modified") == "2023-07-03T06:00:00Z",
               "pickup: size and time of a file", row)
        text = home.command("pickup")
        tap.ok(text.returncode == 0 and all(name in text.stdout.decode() for _, name in wanted if "\\" not in name),
               "pickup in text names them all", text.stdout.decode(), text.stderr.decode())
        tap.ok(b"\nbreak" not in text.stdout and b"take" in text.stdout and b"wait" in text.stdout and
               b"leave" in text.stdout, "pickup in text: decisions, and names made harmless", text.stdout.decode())
        _, one = decisions(home, "tcos")
        tap.ok(set(drop for drop, _ in one) == {"tcos"}, "pickup DROP: that drop alone", one)
        after = home.state() if before[1] is not None else (home.tree(), None)
        tap.ok(before == after, "pickup changes nothing")
        unknown = home.command("pickup", "nosuch")
        tap.ok(unknown.returncode in (1, 2) and b"nosuch" in unknown.stderr, "pickup of an unknown drop says so",
               unknown.returncode, unknown.stderr.decode())
        server.stop()
        down, rows = decisions(home)
        tap.ok(down.returncode == 2 and b"mcc" in down.stderr, "pickup: a drop that is down ends with 2",
               down.returncode, down.stderr.decode())
        server.start()
        home.set("drop tcos stable_seconds=1")
        done = home.run()
        jobs = job_names(home)
        tap.ok({name_of(1), name_of(3), name_of(5)} <= set(jobs) and len(jobs) == 4, "and run takes what pickup said",
               jobs, done.stderr.decode())


def main():
    top = tempfile.gettempdir()
    with Tap() as tap:
        for test in (test_same_answers, test_relative_folders, test_taken_folder, test_marker, test_not_files,
                     test_hostile_names, test_many_names, test_big_file, test_refusals, test_outage,
                     test_out_folder_away, test_in_folder_away, test_cuts, test_hang, test_stop, test_pickup):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap, top)


if __name__ == "__main__":
    main()
