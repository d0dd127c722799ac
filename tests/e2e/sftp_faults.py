#!/usr/bin/env python3
"""Drops on an SFTP server that misbehaves at every point, once or for as long as a fault is armed (TAP): nothing is
lost, nothing is done twice, the right incident is opened and closed, and the answers are those of local drops."""
import json
import os
import sqlite3
import struct
import tempfile

from home import PATIENCE, SANITIZED, Home, Tap, terminate, try_limits, wait_until
from live import answer, instruction, name_of, send, sound
from peer import PYTHON, Peer
from sshd import write_known_hosts
from sftp import (ROW, all_answered, attach_second, compare, expected, fill, in_order, incidents, inputs, job_names,
                  open_codes, over_sftp, owed, settle)

IN, OUT, ENTRY = {"A102"}, {"A103"}, {"A107"}


def contents():
    """The usual files, and one that takes many reads, through the write-behind thread; its answer takes many writes."""
    devices = tuple(ROW % (1, n >> 8, n & 255) for n in range(4000))
    return {**inputs(), name_of(5): instruction(5, devices)}


# (text, request, action, more, incidents that it may open). Each is met once: at the first such request and at later
# ones.
ONCE = (
    ("the connection is refused", "connect", "cut-before", {}, IN | OUT),
    ("the login is refused", "login", "refuse", {}, IN | OUT),
    ("cut before a folder is opened", "opendir", "cut-before", {}, IN),
    ("cut in the middle of a listing", "readdir", "cut-before", {}, IN),
    ("cut at the end of a listing", "readdir", "cut-after", {}, IN),
    ("cut before a file's attributes", "lstat", "cut-before", {}, IN | OUT),
    ("cut before a file is opened", "open", "cut-before", {}, IN | OUT),
    ("cut after a file was opened", "open", "cut-after", {}, IN | OUT),
    ("cut in the middle of a read", "read", "cut-before", {}, IN),
    ("cut after a read", "read", "cut-after", {}, IN),
    ("cut in the middle of a write", "write", "cut-before", {}, IN | OUT),  # the first one writes the claim
    ("cut after a write", "write", "cut-after", {}, IN | OUT),
    ("cut before a file is closed", "close", "cut-before", {}, IN | OUT),
    ("cut after a file was closed", "close", "cut-after", {}, IN | OUT),
    ("cut before a rename", "rename", "cut-before", {}, IN | OUT),
    ("cut after a rename, before its reply", "rename", "cut-after", {}, IN | OUT),
    ("cut before a remove", "remove", "cut-before", {}, IN),
    ("cut after a remove, before its reply", "remove", "cut-after", {}, IN),
    ("a read fails", "read", "status", {"code": 4}, IN),  # the first one reads the claim
    ("a write fails", "write", "status", {"code": 4}, IN | OUT),
    ("a rename fails", "rename", "status", {"code": 4}, OUT),
    ("a remove fails", "remove", "status", {"code": 4}, set()),
    ("a listing fails", "readdir", "status", {"code": 4}, IN),
    ("hangs in a listing", "readdir", "hang-before", {}, IN),
    ("hangs in a read", "read", "hang-before", {}, IN),
    ("hangs in a write", "write", "hang-before", {}, IN | OUT),
    ("hangs after a rename", "rename", "hang-after", {}, IN | OUT),
    ("hangs after a remove", "remove", "hang-after", {}, IN),
    ("hangs when it is connected to", "connect", "hang-before", {}, IN | OUT),
    ("a reply takes its time", "read", "delay", {"seconds": 0.5}, set()),
)
# The later requests, by number, at which a fault is met.
LATER = {"connect": (), "login": (), "opendir": (), "readdir": (), "read": (7, 10), "write": (7,), "open": (4, 8),
         "close": (5,), "rename": (2, 5), "remove": (3, 5), "lstat": (3,)}

# (text, request, action, more, incident): met for as long as it is armed.
LASTING = (
    ("the connection is refused", "connect", "cut-before", {}, IN),
    ("the login is refused", "login", "refuse", {}, IN),
    ("the folder is refused", "opendir", "status", {"code": 3}, IN),
    ("reading fails", "read", "status", {"code": 4, "match": "/in/"}, ENTRY),
    ("removing is refused", "remove", "status", {"code": 3}, ENTRY),
    ("writing is refused", "write", "status", {"code": 3}, OUT),
    ("renaming is refused", "rename", "status", {"code": 4}, OUT),
    ("the disk is full at once", "write", "full", {"after": 0}, OUT),
    ("the disk is full after some bytes", "write", "full", {"after": 50000}, OUT),
    ("it is cut in every read", "read", "cut-before", {}, IN),
    ("it is cut in every write", "write", "cut-before", {}, OUT),
    ("it is cut in every rename", "rename", "cut-before", {"match": "/out/"}, OUT),
    ("it is cut in every remove", "remove", "cut-before", {}, IN),
    ("the claim is refused", "open", "status", {"code": 3, "match": "ecosgate-claim"}, IN),
    ("it hangs in every listing", "readdir", "hang-before", {}, IN),
)


def faulty(peer, settings="", **keys):
    home = over_sftp(peer, settings, drops=("mcc",), **keys)
    peer.behave()
    return home


def limits(action):
    """Values of timeout= to try: short ones where it must run out."""
    return (2, 10, 60) if action.startswith("hang") else (PATIENCE,)


def contents_in_order(op, action):
    """What comes in one order whatever fails: behind a file that cannot be read, only its sender's others wait."""
    found = contents()
    if (op, action) == ("read", "status"):
        del found["hello.txt"]
    return found


def test_once(tap, peer):
    for text, op, action, more, allowed in ONCE:
        files = contents_in_order(op, action)
        later = () if SANITIZED or action.startswith("hang") or action == "delay" else LATER[op]
        for nth in (1, *later):
            def once(trial, limit, text=text, op=op, action=action, more=more, nth=nth, allowed=allowed, files=files):
                title = f"{text}, number {nth}"
                home = faulty(peer, timeout=limit)
                fill(home, files)
                peer.arm(op, action, nth=nth, **more)
                statuses = settle(home)
                met = peer.met()
                codes = {one["code"] for one in incidents(home, "mcc")}
                trial.ok(met == 1 and statuses[-1] != 2, f"{title}: met, and it recovers by itself", met, statuses)
                trial.ok(codes <= allowed and open_codes(home) == [] and len(incidents(home)) == len(codes),
                         f"{title}: at most the right incident, closed", incidents(home))
                compare(trial, home, files, f"{title}: nothing lost, nothing twice, the same bytes")
                trial.ok(in_order(home), f"{title}: delivered in order")
            try_limits(tap, limits(action), once)


def test_lasting(tap, peer):
    # Each request has failed in test_once already; what differs here is that it goes on.
    for text, op, action, more, wanted in LASTING[::3] if SANITIZED else LASTING:
        files = contents_in_order(op, action)

        def lasting(trial, limit, text=text, op=op, action=action, more=more, wanted=wanted, files=files):
            # Without the claim, the first write is that of an answer, and the first read that of a file.
            alone = (op, wanted) in (("write", OUT), ("read", ENTRY))
            home = faulty(peer, timeout=limit, **({"claim": "no"} if alone else {}))
            fill(home, files)
            peer.arm(op, action, times=None, **more)
            first, second = home.run(), home.run()
            trial.ok(first.returncode == 2 and second.returncode == 2 and b"drop mcc" in first.stderr,
                     f"{text}: passes end with 2 and name the drop", first.returncode, first.stderr.decode())
            subjects = [(one["code"], one["subject"]) for one in incidents(home)]
            codes = {code for code, _ in subjects}
            trial.ok(codes >= wanted and len(subjects) == len(set(subjects)) and
                     open_codes(home, None) == sorted(code for code, _ in subjects) and
                     (wanted == IN or codes == wanted), f"{text}: one incident for each drop or file, {wanted}",
                     incidents(home))
            jobs = job_names(home)
            trial.ok(len(jobs) == len(set(jobs)), f"{text}: nothing is taken twice", jobs)
            sound(trial, home, f"{text}: as long as it lasts")
            peer.behave()
            statuses = settle(home)
            trial.ok(statuses[-1] != 2 and open_codes(home, None) == [],
                     f"{text}: over, all is made up for and the incident closed", statuses, incidents(home))
            compare(trial, home, files, f"{text}: nothing lost, nothing twice, the same bytes")
            trial.ok(in_order(home), f"{text}: delivered in order")
        try_limits(tap, limits(action), lasting)


def test_cut_in_login(tap, peer):
    """libssh2 reports a connection that breaks during the login as a refused key."""
    home = faulty(peer)
    peer.arm("login", "cut-before", times=None)
    done = home.run()
    said = done.stderr.decode()
    tap.ok(done.returncode == 2 and "broke the connection" in said and "admitted" not in said,
           "a login that breaks off is no refusal", done.returncode, said)


def test_attributes(tap, peer):
    home = faulty(peer)
    fill(home, contents())
    peer.set(attributes="refuse")
    done = home.run()
    tap.ok(done.returncode == 1 and incidents(home) == [], "attributes are refused: that is no matter",
           done.stderr.decode())
    compare(tap, home, contents(), "attributes are refused: the same answers")
    opened = [more for op, _, more in peer.since() if op == "open"]
    changed = peer.count("setstat") + peer.count("fsetstat")
    tap.ok(opened and all(more.endswith("attributes=0x0") for more in opened) and changed == 0,
           "none are sent that nobody asked for", opened, changed)


def test_rights_refused(tap, peer):
    """A server that refuses to set the mode, or says that it did and did not: nothing is delivered, and it is said."""
    for code, said in ((3, "cannot set mode or group of"), (0, "the server says that it gave")):
        home = faulty(peer, mode="0600")
        fill(home, contents())
        peer.arm("fsetstat", "status", times=None, code=code)
        home.run()
        texts = [one["text"] for one in incidents(home) if one["code"] == "A103"]
        tap.ok(texts and said in texts[0] and "take mode=" in texts[0] and not home.out("mcc"),
               f"rights are {'refused' if code else 'not set'}: an outage that says what to do", texts, home.out("mcc"))
        peer.behave()
        settle(home)
        compare(tap, home, contents(), "afterwards: the same answers")
        modes = {os.stat(home.path("drops", "mcc", "out", name)).st_mode & 0o777 for name in home.out("mcc")}
        tap.ok(modes == {0o600}, "with their mode", modes)


def test_rename_over(tap, peer):
    """The answer's name exists in the drop; the server refuses the rename, or silently overwrites."""
    wanted = expected(inputs())["mcc"]
    name = answer(name_of(1))
    for manner in ("refuse", "overwrite"):
        home = faulty(peer)
        peer.set(rename_over=manner)
        fill(home, inputs())
        with open(home.path("drops", "mcc", "out", name), "wb") as file:
            file.write(wanted[name])
        tap.ok(home.run().returncode == 1, f"{manner}: the same bytes under the name count as delivered")
        compare(tap, home, inputs(), f"{manner}, the same bytes: the same answers, no temporary file")

        home = faulty(peer)
        peer.set(rename_over=manner)
        fill(home, inputs())
        with open(home.path("drops", "mcc", "out", name), "wb") as file:
            file.write(b"?" * len(wanted[name]))
        done = home.run()
        tap.ok(done.returncode == 2 and name.encode() in done.stderr, f"{manner}: other bytes end a pass with 2",
               done.stderr.decode())
        tap.ok(home.read_out("mcc", name) == b"?" * len(wanted[name]), f"{manner}: other bytes are left alone")
        tap.ok(home.run().returncode == 2, f"{manner}: as long as they are there")
        os.remove(home.path("drops", "mcc", "out", name))
        statuses = settle(home)
        tap.ok(statuses[-1] != 2, f"{manner}: moved away, the delivery goes on", statuses)
        compare(tap, home, inputs(), f"{manner}, other bytes moved away: the same answers")


def test_refused_and_renamed(tap, peer):
    """The server answers every rename with a failure, and yet renames."""
    home = faulty(peer)
    fill(home, inputs())
    peer.arm("rename", "status-after", times=None, code=4)
    done = home.run()
    renamed = len(expected(inputs())["mcc"]) + len(inputs())
    tap.ok(peer.met() == renamed and done.returncode == 1 and incidents(home) == [],
           "refused and yet renamed: delivered in one pass, and no incident", peer.met(), done.returncode,
           done.stderr.decode(), incidents(home))
    compare(tap, home, inputs(), "refused and yet renamed: the same answers")


def test_refused_renamed_and_cut(tap, peer):
    """The server answers a rename with a failure, and yet renames; the look after it fails, and the recipient takes the
    file. Nobody knows then what the rename did."""
    home = faulty(peer)
    fill(home, inputs())
    name = next(iter(expected(inputs())["mcc"]))
    final = rf"/out/{name}$"
    peer.arm("rename", "status-after", match=r"/out/", code=4)
    peer.arm("lstat", "cut-before", nth=3, match=final)  # before the rename, beside it, after it
    done = home.run()
    taken = home.read_out("mcc", name) if name in home.out("mcc") else None
    tap.ok(peer.met() == 2 and done.returncode == 2 and open_codes(home) == ["A103"] and
           taken == expected(inputs())["mcc"][name],
           "refused, yet renamed, and not looked at: A103", peer.met(), peer.since(), home.out("mcc"))
    if taken is not None:
        os.remove(home.path("drops", "mcc", "out", name))
    peer.behave()
    statuses = settle(home)
    tap.ok(statuses[-1] != 2 and delivered(home)[1] == [name] and name not in home.out("mcc"),
           "refused, yet renamed, and taken: it is not delivered twice", statuses, delivered(home), home.out("mcc"))


def test_refused_renamed_and_told_wrong(tap, peer):
    """The server answers a rename with a failure, and yet renames; and it tells another size than the file has. The
    recipient takes the file."""
    home = faulty(peer)
    fill(home, inputs())
    wanted = expected(inputs())["mcc"]
    name = next(iter(wanted))
    peer.set(size=3, size_of=rf"/out/{name}$")
    peer.arm("rename", "status-after", match=r"/out/", code=4)
    statuses = [home.run().returncode for _ in range(2)]
    taken = home.read_out("mcc", name) if name in home.out("mcc") else None
    texts = [one["text"] for one in incidents(home) if one["code"] == "A107"]
    tap.ok(statuses == [2, 2] and taken == wanted[name] and delivered(home)[1] == [] and
           len(texts) == 1 and "so it may be ours" in texts[0],
           "refused, yet renamed, and told wrong: A107 says that the file may be ours", statuses, incidents(home))
    if taken is not None:
        os.remove(home.path("drops", "mcc", "out", name))
    peer.behave()
    statuses = settle(home)
    tap.ok(statuses[-1] != 2 and delivered(home)[1] == [name] and name not in home.out("mcc") and
           open_codes(home) == [],
           "refused, yet renamed, told wrong and taken: it is not delivered twice", statuses, delivered(home),
           home.out("mcc"))


def test_collected_at_once(tap, peer):
    """A recipient takes the file the moment it appears, and the reply to the rename is lost: the answer is not
    delivered again."""
    home = faulty(peer)
    fill(home, inputs())
    peer.arm("rename", "cut-after", match="/out/")
    out = home.path("drops", "mcc", "out")
    collected = {}

    def collect():
        for name in os.listdir(out):
            if not name.startswith(".") and not name.endswith(".part"):
                with open(os.path.join(out, name), "rb") as file:
                    collected.setdefault(name, []).append(file.read())
                os.remove(os.path.join(out, name))

    daemon = home.daemon()
    def all_there():
        collect()
        return len(collected) == len(expected(inputs())["mcc"])
    tap.ok(wait_until(all_there), "collected at once: everything appears", sorted(collected))
    wait_until(lambda: owed(home) == 0)
    terminate(daemon)
    settle(home)
    collect()
    tap.ok({name: bytes_ for name, (bytes_, *_) in collected.items()} == expected(inputs())["mcc"] and
           all(len(each) == 1 for each in collected.values()),
           "collected at once: each once, the same bytes", {name: len(each) for name, each in collected.items()})


def test_grows(tap, peer):
    """A file that its sender still writes, by a rule that does not notice."""
    whole = contents()[name_of(5)]
    for nth in (1, 3):
        home = faulty(peer)
        send(home, name_of(5), whole[:-3000])
        peer.arm("read", "grow", nth=nth, match="EMI", hex=whole[-3000:].hex())
        statuses = settle(home, limit=3)
        statuses += [home.run().returncode]
        tap.ok(peer.met() == 1 and statuses[-1] == 0, f"grows at read {nth}: taken when it stands still", statuses)
        compare(tap, home, {name_of(5): whole}, f"grows at read {nth}: whole, once")
        tap.ok(incidents(home) == [], f"grows at read {nth}: no incident", incidents(home))


def test_vanishes(tap, peer):
    for op in ("open", "read", "lstat"):
        home = faulty(peer)
        fill(home, inputs())
        peer.arm(op, "vanish", match=f"in/{name_of(2)}$")
        done = home.run()
        rest = [name for name in inputs() if name != name_of(2)]
        taken = [name for name in job_names(home) if name != name_of(2)]
        tap.ok(sorted(taken) == sorted(rest) and incidents(home) == [], f"vanishes at {op}: the others are taken",
               done.stderr.decode(), job_names(home), incidents(home))
        tap.ok(home.run().returncode == 0, f"vanishes at {op}: the next pass is good")
        sound(tap, home, f"vanishes at {op}")


def test_one_unreadable(tap, peer):
    """One file that cannot be read: it is reported, and the others are picked up."""
    home = faulty(peer)
    fill(home, inputs())
    peer.arm("open", "status", times=None, match="in/hello.txt$", code=3)
    done = home.run()
    rest = sorted(name for name in inputs() if name != "hello.txt")
    tap.ok(done.returncode == 2 and b"hello.txt" in done.stderr, "a file that may not be read: exit 2, and it is named",
           done.returncode, done.stderr.decode())
    tap.ok(sorted(job_names(home)) == rest, "a file that may not be read: the others are taken", job_names(home))
    peer.behave()
    tap.ok(settle(home)[-1] != 2 and open_codes(home) == [], "a file that may be read again is taken", incidents(home))
    compare(tap, home, inputs(), "a file that may be read again: nothing lost, the same bytes")


def bytes_in_custody(home):
    return [home.command("spool", "cat", str(job["id"])).stdout for job in home.json("spool", "list")
            if job["type"] == "EMI"]


def test_wrong_once(tap, peer):
    """The server tells a wrong size of the copy that was taken, once: the copy is not picked up as another file."""
    home = faulty(peer)
    content = instruction(1, (1, 2))
    send(home, name_of(1), content)
    attributes = struct.pack(">IQI", 5, len(content) + 1, 0o100644)  # size and permissions
    peer.arm("lstat", "answer", match="ecosgate-taken", type=105, hex=attributes.hex())
    settle(home)
    home.run()
    tap.ok(peer.met() == 1 and bytes_in_custody(home) == [content] and os.listdir(home.inbox("mcc")) == [],
           "a size that is told wrongly once: the file is picked up once", peer.met(), len(bytes_in_custody(home)),
           os.listdir(home.inbox("mcc")))


def test_wrong_again(tap, peer):
    """The server tells a wrong size of the copy that was taken, whenever it is asked, and the time that it told before:
    bytes decide that it is the same file."""
    home = faulty(peer)
    content = instruction(1, (1, 2))
    send(home, name_of(1), content)
    at = int(os.stat(os.path.join(home.inbox("mcc"), name_of(1))).st_mtime)
    attributes = struct.pack(">IQIII", 13, len(content) + 1, 0o100644, at, at)  # size, permissions and times
    peer.arm("lstat", "answer", match="ecosgate-taken", type=105, hex=attributes.hex(), times=None)
    settle(home)
    home.run()
    tap.ok(peer.met() > 1 and bytes_in_custody(home) == [content] and os.listdir(home.inbox("mcc")) == [],
           "a size that is told wrongly again and again: the file is picked up once", peer.met(),
           len(bytes_in_custody(home)), os.listdir(home.inbox("mcc")))


def test_replaced(tap, peer):
    """While a file is picked up, its sender puts another one of the same name and size in its place."""
    content = instruction(1, (1, 2))
    other = b"?" * len(content)
    for when, fault in (("read", {"mtime": 2000000000}), ("close", {"mtime": 2000000000})):
        home = faulty(peer)
        send(home, name_of(1), content)
        peer.arm(when, "replace", match=f"in/{name_of(1)}$", **fault)
        settle(home)
        home.run()
        tap.ok(peer.met() == 1 and other in bytes_in_custody(home) and os.listdir(home.inbox("mcc")) == [],
               f"replaced at {when}: the other is not thrown away unread", bytes_in_custody(home))
    # The connection breaks before the copy is taken, or before it is removed. The other file then has the same size
    # and, in whole seconds, time.
    for op in ("rename", "remove"):
        home = faulty(peer)
        send(home, name_of(1), content)
        peer.arm(op, "cut-before", times=None, match="/in/")
        home.run()
        path, = (os.path.join(home.inbox("mcc"), name) for name in os.listdir(home.inbox("mcc")))
        stamp = os.stat(path).st_mtime
        with open(path, "wb") as file:
            file.write(other)
        os.utime(path, (int(stamp), int(stamp)))
        peer.behave()
        settle(home)
        home.run()
        tap.ok(sorted(bytes_in_custody(home)) == sorted([content, other]) and os.listdir(home.inbox("mcc")) == [],
               f"replaced before a {op} was made up for, same size and second: both are in custody",
               bytes_in_custody(home), os.listdir(home.inbox("mcc")))
        sound(tap, home, f"after files were replaced before a {op}")


def test_names(tap, peer):
    """A listing with names that no folder can hold."""
    names = [b"../../../../tmp/ecosgate-stolen", b"..", b".", b"", b"a/b.csv", b"/etc/passwd", b"nul\x00byte.csv",
             b"x" * 5000, b"new\nline.csv", b"\xff\xfe.csv", b"\x1b[2J.csv", b"gone.csv"]
    home = faulty(peer)
    peer.set(made_up=[name.hex() for name in names])
    fill(home, inputs())
    done = home.run()
    tap.ok(done.returncode in (1, 2) and b"\x1b" not in done.stderr, "hostile names: told harmlessly", done.stderr)
    inside = (peer.remote(home.inbox("mcc")), peer.remote(home.path("drops", "mcc", "out")))
    strange = [line for line in peer.since() if len(line) > 1 and line[1].startswith("/") and
               (not line[1].startswith(inside) or "/.." in line[1])]
    tap.ok(strange == [], "hostile names: nothing is asked for outside the drop", strange)
    peer.behave()
    settle(home)
    compare(tap, home, inputs(), "hostile names: the real files are taken and answered")
    sound(tap, home, "with hostile names")


def test_many_names(tap, peer):
    count = 5000 if SANITIZED else 19000
    home = faulty(peer)
    peer.set(made_up=[(b"%05d_%s.part" % (n, b"n" * 60)).hex() for n in range(count)])
    fill(home, inputs())
    done = home.run()
    tap.ok(done.returncode == 1 and os.listdir(home.inbox("mcc")) == [],
           f"{count} names in small replies", done.stderr.decode())
    tap.ok(peer.count("lstat") < 1000, "no name that is left alone costs a request", peer.count("lstat"))
    compare(tap, home, inputs(), f"{count} names: the same answers")


def test_host_key(tap, folder):
    with Peer(folder) as peer:
        home = faulty(peer)
        fill(home, inputs())
        peer.stop()
        home.run()
        tap.ok([("cannot connect" in one["text"]) for one in incidents(home)] == [True],
               "a server that is away: the incident says so", incidents(home))
        peer.change_host_key()
        peer.start()
        done = home.run()
        tap.ok([("HOST KEY CHANGED" in one["text"]) for one in incidents(home)] == [True] and
               [one["text"] for one in home.json("incident", "list")] == [one["text"] for one in incidents(home)],
               "it comes back with another host key: the same incident says so", incidents(home))
        tap.ok(done.returncode == 2 and b"key changed" in done.stderr.lower() and open_codes(home) == ["A102"],
               "a changed host key: refused, incident A102", done.stderr.decode(), incidents(home))
        tap.ok(peer.count("login") == 0, "a changed host key: nobody logs in there", peer.since())
        os.remove(peer.known_hosts)
        write_known_hosts(peer.known_hosts, peer.port, [peer.host_key])
        tap.ok(settle(home)[-1] == 1 and open_codes(home) == [], "put right, it goes on", incidents(home))
        compare(tap, home, inputs(), "a changed host key: the same answers in the end")


def test_hanging_neighbour(tap, peer):
    """Wherever a server hangs, files of another drop are answered. In later reads and writes a write-behind thread
    waits too."""
    name = name_of(5)
    for op, nth in (("connect", 1), ("readdir", 1), ("read", 1), ("read", 10), ("write", 1), ("write", 10),
                    ("rename", 1)):
        home = over_sftp(peer, "gateway poll_interval=1", drops=("mcc",), timeout=3600)
        attach_second(home)
        peer.behave()
        daemon = home.daemon()
        usual = all_answered(home, range(1, 6))
        peer.set(faults=[])
        if op == "connect":
            peer.arm("opendir", "cut-before")
        peer.arm(op, "hang-before", nth=nth, times=None)
        fill(home, {name: contents()[name]})
        met = wait_until(lambda: ["fault", "hang-before", op] in peer.since())
        tap.ok(usual and met and all_answered(home, range(6, 14)), f"hangs in {op} {nth}: others are answered", usual,
               met, home.out("ecos"))
        status = terminate(daemon)
        tap.ok(status == 0, f"hangs in {op} {nth}: SIGTERM ends the daemon", status)
        peer.behave()
        settle(home)
        tap.ok({answer(name, "EMA"), answer(name, "EMD")} == set(home.out("mcc")),
               f"hangs in {op} {nth}: later it is answered", home.out("mcc"))


def test_hanging_reference(tap, peer):
    """Instructions wait for a drop of reference data that hangs, but not for ever."""
    home = over_sftp(peer, "gateway poll_interval=1\ngateway reference_wait=1", drops=("dcc",), timeout=3600)
    name = name_of(5)
    peer.behave()
    peer.arm("readdir", "hang-before", times=None)
    daemon = home.daemon()
    met = wait_until(lambda: ["fault", "hang-before", "readdir"] in peer.since())
    fill(home, {name: contents()[name]})
    tap.ok(met and wait_until(lambda: answer(name, "EMD") in home.out("mcc")),
           "a drop of reference data hangs: an instruction is judged without it", met)
    tap.ok(terminate(daemon) == 0, "a drop of reference data hangs: SIGTERM ends the daemon")
    peer.behave()


def delivered(home, drop="mcc"):
    """The states of a drop's files in the ledger, and which of them nobody has seen."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        rows = ledger.execute("SELECT name, state, concluded FROM outgoing WHERE drop_name=? ORDER BY id", (drop,))
        found = rows.fetchall()
    ledger.close()
    return [name for name, state, _ in found if state == 3], [name for name, _, concluded in found if concluded]


def temporaries(home):
    """Removes what an upload has left, as somebody does who clears a folder. How many there were."""
    out = home.path("drops", "mcc", "out")
    found = [name for name in os.listdir(out) if name.endswith(".part")]
    for name in found:
        os.remove(os.path.join(out, name))
    return len(found)


def test_cleared(tap, peer):
    """What was never renamed is cleared away: it is uploaded again, and nothing is called delivered before."""
    for text, op, action, more, lost in (
            ("a refused rename", "rename", "status", {"code": 3}, 0),
            ("a rename that is said to be done and is not", "rename", "status", {"code": 0}, 0),
            ("a rename of which nobody knows whether it was done", "rename", "cut-before", {}, 1)):
        home = faulty(peer)
        fill(home, inputs())
        peer.arm(op, action, times=None, match="/out/", **more)
        done = home.run()
        tap.ok(done.returncode == 2 and open_codes(home) == ["A103"] and delivered(home) == ([], []),
               f"{text}: exit 2, A103, and nothing is delivered", done.stderr.decode(), delivered(home))
        tap.ok(temporaries(home) > 1, f"{text}: more than one file was uploaded")
        peer.behave()
        statuses = settle(home)
        concluded = delivered(home)[1]
        tap.ok(statuses[-1] != 2 and len(concluded) == lost, f"{text}: {lost} counts as delivered by conclusion",
               statuses, concluded)
        wanted = expected(inputs())["mcc"]
        tap.ok({name: home.read_out("mcc", name) for name in home.out("mcc")} ==
               {name: data for name, data in wanted.items() if name not in concluded},
               f"{text}: all others are uploaded again, the same bytes", home.out("mcc"))
        sound(tap, home, f"{text}, and cleared away")
        for name in concluded:
            part = [part for job in home.json("spool", "list") for part in
                    home.json("spool", "show", job["id"])[0]["parts"] if part["name"] == name][0]
            tap.ok(part["concluded"] is True and part["state"] == "DELIVERED", f"{text}: spool show says so", part)
            why = home.json("why", name)[0]["because"]
            tap.ok("nobody saw it" in why, f"{text}: why says so", why)


def test_unseen(tap, peer):
    """A server that hides names with a dot, or shows new files late: what was uploaded is not there afterwards."""
    home = faulty(peer)
    fill(home, inputs())
    peer.arm("lstat", "status", times=None, match=r"/\.[^/]*$", code=2)
    for number in (1, 2):
        done = home.run()
        tap.ok(done.returncode == 2 and open_codes(home) == ["A103"] and delivered(home) == ([], []),
               f"hidden names, pass {number}: exit 2, A103, and nothing is delivered", done.stderr.decode())
    text = incidents(home)[0]["text"]
    tap.ok("upload_name= of [drop mcc]" in text and "hides such names" in text,
           "hidden names: the incident says it", text)
    rows = [json.loads(line) for line in home.command("--json", "doctor", "mcc").stdout.decode().splitlines()]
    row = [row for row in rows if row["probe"] == "temporary"][0]
    tap.ok(row["result"] == "bad" and "set upload_name=NAME.part" in row["text"], "hidden names: doctor finds it", row)
    sound(tap, home, "while names are hidden")
    home.set("drop mcc upload_name=NAME.part")
    statuses = settle(home)
    tap.ok(statuses[-1] != 2 and open_codes(home) == [] and delivered(home)[1] == [],
           "hidden names: with that setting all is delivered", statuses, incidents(home))
    compare(tap, home, inputs(), "hidden names: the same answers, and nothing hidden stays behind")
    row = [json.loads(line) for line in home.command("--json", "doctor", "mcc").stdout.decode().splitlines()]
    row = [one for one in row if one["probe"] == "temporary"][0]
    tap.ok(row["result"] == "good", "hidden names: doctor is content then", row)

    home = faulty(peer)
    fill(home, inputs())
    peer.arm("lstat", "status", times=2, match=r"\.part$", code=2)  # the upload asks twice
    done = home.run()
    tap.ok(done.returncode == 2 and open_codes(home) == ["A103"] and delivered(home) == ([], []) and
           "shows new files late" in incidents(home)[0]["text"],
           "a new file is shown late: exit 2, A103, and nothing is delivered", done.stderr.decode(), incidents(home))
    statuses = settle(home)
    tap.ok(statuses[-1] != 2 and open_codes(home) == [] and delivered(home)[1] == [],
           "a new file is shown late: once it is shown it is renamed", statuses, incidents(home))
    compare(tap, home, inputs(), "a new file is shown late: the same answers")


def test_restart(tap, peer):
    """The gateway is killed while the server hangs; the next process continues."""
    for op, action in (("read", "hang-before"), ("write", "hang-before"), ("rename", "hang-after"),
                       ("remove", "hang-after")):
        home = faulty(peer)
        home.over_sftp("mcc", peer, timeout=3600)
        fill(home, contents())
        peer.arm(op, action)
        daemon = home.daemon()
        wait_until(lambda: peer.met() > 0)
        daemon.kill()
        daemon.wait()
        peer.behave()
        statuses = settle(home)
        compare(tap, home, contents(), f"killed in {op}, {action}: nothing lost, nothing twice, the same bytes")
        tap.ok(statuses[-1] != 2, f"killed in {op}, {action}: it goes on", statuses)


def main():
    if PYTHON is None:
        print("1..0 # SKIP no python3-paramiko")
        Home.clean(keep=False)
        return
    folder = tempfile.gettempdir()
    with Tap() as tap, Peer(folder) as peer:
        for test in (test_once, test_lasting, test_cut_in_login, test_attributes, test_rights_refused,
                     test_rename_over,
                     test_refused_and_renamed, test_refused_renamed_and_cut,
                     test_refused_renamed_and_told_wrong, test_cleared, test_unseen,
                     test_collected_at_once, test_grows, test_vanishes, test_one_unreadable, test_replaced,
                     test_wrong_once, test_wrong_again, test_names, test_many_names,
                     test_hanging_neighbour, test_hanging_reference, test_restart):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap, peer)
        if not os.environ.get("ONLY") or os.environ["ONLY"] in "test_host_key":
            test_host_key(tap, folder)
        if tap.bad:
            print("# " + peer.errors().replace("\n", "\n# "))


if __name__ == "__main__":
    main()
