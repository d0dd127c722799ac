#!/usr/bin/env python3
"""One gateway for each drop (TAP): two homes on the same drops, a home that was taken over while its process stood
still, claims that are gone, damaged or strange, and the order that takes a drop. Local folders and a real OpenSSH
server."""
import collections
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile

import gate
from gate import GATE
from home import (CLAIM, MODIFIED, NOW, PATIENCE, SANITIZED, Home, Tap, claim_text, rests, terminate,
                  wait_until)
from live import answer, instruction, name_of, send
from peer import Peer
from sshd import Sshd

LATER = "2023-07-03T12:30:00Z"
DROPS = ("mcc", "tcos", "ecos", "dcc", "suppliers", "maps")


class Gateway(Home):
    """A home of its own ledger, which `init` made: other homes of a test are copies of one."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.new_folder()
        done = gate.run("init", self.dir)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())

    def share(self, other, server=None):
        """Works on the drops of another home."""
        for drop in DROPS:
            if server is not None and drop in ("mcc", "tcos"):
                other.over_sftp(drop, server)
                self.over_sftp(drop, server)
            for folder in ("in", "out"):
                path = other.path("drops", drop, folder)
                remote = server is not None and drop in ("mcc", "tcos")
                self.set(f"drop {drop} {folder}={server.remote(path) if remote else path}")


def open_codes(home):
    return [(one["code"], one["subject"]) for one in home.json("incident", "list")]


def text_of(home, code="A110"):
    return next((one["text"] for one in home.json("incident", "list") if one["code"] == code), "")


def jobs(home):
    return sorted(job["name"] for job in home.json("spool", "list") if job["type"] == "EMI")


def drops_of(home):
    """What partners see, with the bytes; without the claims and without what is not named yet."""
    found = {}
    for drop in DROPS:
        for folder in ("in", "out"):
            top = home.path("drops", drop, folder)
            for root, _, names in os.walk(top):
                for name in names:
                    if name != CLAIM and not name.endswith(".part"):
                        with open(os.path.join(root, name), "rb") as file:
                            found[os.path.relpath(os.path.join(root, name), home.path("drops"))] = file.read()
    return found


def drop_of(home, drop):
    return {name: content for name, content in drops_of(home).items() if name.startswith(drop + "/")}


def devices_of(work_order):
    return [line.split(",")[3] for line in work_order.decode().splitlines() if line.startswith("D,")]


def ordered(home):
    """How often each Device is on a work order in the drop."""
    return collections.Counter(device for name in home.out("tcos") if name.startswith("EMW")
                               for device in devices_of(home.read_out("tcos", name)))


# ---- two gateways ----


def test_two(tap, server=None):
    where = "over SFTP" if server else "local"
    first, second = Gateway(), Gateway()
    second.share(first, server)
    first.set("drop mcc complete=at-once")
    second.set("drop mcc complete=at-once")
    send(first, name_of(1), instruction(1, (1, 2)))
    done = first.run()
    tap.ok(done.returncode == 0, f"{where}: the first gateway works", done.stderr.decode())
    send(first, name_of(2), instruction(2, (3, 4)))
    before = drops_of(first)
    done = second.run()
    tap.ok(done.returncode == 2 and drops_of(first) == before and jobs(second) == [],
           f"{where}: the second one leaves the drops alone, exit 2", done.returncode, done.stderr.decode())
    tap.ok({code for code, _ in open_codes(second)} == {"A110"} and "generation 1" in text_of(second) and
           "claim take mcc" in text_of(second), f"{where}: A110 says whose it is, and the way out", text_of(second))
    rows = {row["drop"]: row for row in second.json("claim", "list")}
    tap.ok(rows["mcc"]["claim"] == "other" and rows["mcc"]["generation"] == 1 and
           second.command("claim", "list").returncode == 1, f"{where}: claim list says so", rows)
    found = [row for row in second.json("doctor", "mcc") if row["probe"] == "claim"]
    tap.ok([row["result"] for row in found] == ["bad"] and "another gateway" in found[0]["text"],
           f"{where}: doctor says so", found)
    done = first.run()
    tap.ok(done.returncode == 0 and open_codes(first) == [], f"{where}: the first one goes on", done.stderr.decode())
    tap.ok([row["claim"] for row in first.json("claim", "list")] == ["ours"] * len(DROPS) and
           first.command("claim", "list").returncode == 0, f"{where}: its drops are its own")
    take_over(tap, first, second, where)


def take_over(tap, first, second, where):
    """The operator gives the drops to the second one."""
    for drop in DROPS:
        done = second.command("claim", "take", drop, "--reason", "the first one is gone")
        tap.ok(done.returncode == 0 and b"take done" in done.stdout, f"{where}: {drop} is given to the second one",
               done.stdout, done.stderr)
    collected, before = {}, ordered(first)
    collect(first, collected)  # or names of both would meet
    send(first, name_of(3), instruction(3, (5, 6)))
    done = second.run()
    tap.ok(done.returncode == 0 and open_codes(second) == [] and jobs(second) == [name_of(3)],
           f"{where}: then it works, and A110 is closed", done.stderr.decode(), open_codes(second))
    there = drops_of(first)
    done = first.run()
    tap.ok(done.returncode == 2 and ("A110", "mcc") in open_codes(first) and drops_of(first) == there,
           f"{where}: and the first one does not", done.stderr.decode())
    first.write_claim("mcc", claim_text())
    done = second.run()
    tap.ok(done.returncode == 2 and ("A110", "mcc") in open_codes(second),
           f"{where}: an order takes a drop once, not the next foreign claim too", done.stderr.decode())
    before += ordered(first)
    tap.ok(all(n == 1 for n in before.values()) and len(before) == 6, f"{where}: each Device is ordered once", before)


def test_together(tap):
    """Two new gateways that start together: one of them gets all drops."""
    for _ in range(1 if SANITIZED else 4):
        first, second = Gateway(), Gateway()
        second.share(first)
        for sequence in range(1, 9):
            send(first, name_of(sequence), instruction(sequence, (2 * sequence, 2 * sequence + 1)))
        passes = [subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], stderr=subprocess.PIPE)
                  for home in (first, second)]
        said = [one.communicate(timeout=PATIENCE)[1] for one in passes]
        exits = sorted(one.returncode for one in passes)
        tap.ok(exits == [0, 2] and len(ordered(first)) == 16 and set(ordered(first).values()) == {1},
               "two that start together: one works, one does not, each Device is ordered once", exits, ordered(first),
               *said)


# ---- a standby machine ----


def copied(home):
    """The home as a replicated disk has it at this moment, on another machine: the same drops."""
    other = Home.__new__(Home)
    other.new_folder()
    shutil.copytree(home.dir, other.dir, ignore=shutil.ignore_patterns("drops", "*-shm", "lock"))
    with open(os.path.join(other.dir, "spool", "lock"), "wb"):
        pass
    with open(home.conf, encoding="utf-8") as file:
        text = file.read()
    with open(other.conf, "w", encoding="utf-8") as file:
        file.write(re.sub(r"^(in|out)=drops/", lambda line: f"{line[1]}={home.dir}/drops/", text, flags=re.M))
    return other


def stopped(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"
    except FileNotFoundError:
        return True


def collect(home, collected):
    """Recipients take their files."""
    for drop in DROPS:
        for root, _, names in os.walk(home.path("drops", drop, "out")):
            for name in names:
                if name != CLAIM and not name.endswith(".part"):
                    path = os.path.join(root, name)
                    with open(path, "rb") as file:
                        collected.setdefault(name, []).append(file.read())
                    os.remove(path)


def with_work(server=None):
    """A gateway that has worked before, with new files in its drops."""
    home = Gateway()
    home.set("drop mcc complete=at-once\ndrop tcos complete=at-once")
    if server is not None:
        for drop in ("mcc", "tcos"):
            home.over_sftp(drop, server)
    send(home, name_of(1), instruction(1, (1, 2)))
    home.run()
    for sequence in (2, 3):
        send(home, name_of(sequence), instruction(sequence, (2 * sequence, 2 * sequence + 1)))
    return home


def steps_of(home):
    """Of one pass: how often it passes each step:side."""
    with tempfile.NamedTemporaryFile("r") as tally:
        home.run(env={"ECOSGATE_STEPS": tally.name})
        return collections.Counter(tally.read().split())


def sleep_at(point, server, collects):
    """A pass stands still at the point, another machine takes over, the first one wakes up. Returns what went wrong,
    and whether the first one ended because of that."""
    home, collected, wrong = with_work(server), {}, []
    before = dict(ordered(home))
    old = subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], stderr=subprocess.PIPE,
                           env={**os.environ, "ECOSGATE_CRASH": f"{point}:{int(signal.SIGSTOP)}"})
    if not wait_until(lambda: stopped(old.pid)) or old.poll() is not None:
        return [f"{point}: it did not stand still"], False
    new = copied(home)
    statuses = [new.run(now=LATER).returncode for _ in range(2)]
    if statuses[-1] != 0 or jobs(new) != [name_of(n) for n in (1, 2, 3)]:
        wrong.append(f"the new one does not work: {statuses}, {jobs(new)}, {open_codes(new)}")
    if collects:
        collect(home, collected)
    there = drops_of(home)
    os.kill(old.pid, signal.SIGCONT)
    said = old.communicate(timeout=PATIENCE)[1].decode()
    if drops_of(home) != there:
        wrong.append(f"the old one changed the drops: {sorted(set(drops_of(home)) ^ set(there))}")
    # A109: where it held other drops so far, but not the one that it looks at next.
    ended = old.returncode == 2 and ("newer start" in said or "A109" in said)
    if ended and not any(code in ("A110", "A109") for code, _ in open_codes(home)):
        wrong.append(f"neither A110 nor A109: {open_codes(home)}")
    if not ended and old.returncode not in (0, 1):
        wrong.append(f"it ends with {old.returncode}: {said}")
    if new.run(now=LATER).returncode != 0:
        wrong.append("the new one is disturbed")
    collect(home, collected)
    twice = [name for name, contents in collected.items() if len(contents) > 1]
    if twice or len([name for name in collected if name.startswith("EMW")]) < 2 + (0 if before else 1):
        wrong.append(f"delivered twice {twice}, work orders {[name for name in collected if name.startswith('EMW')]}")
    if new.command("spool", "verify").returncode != 0:
        wrong.append("spool verify")
    if not wrong:
        home.remove()
        new.remove()
    return [f"{point}: {line}" for line in wrong], ended


def test_standby(tap, server=None):
    where = "over SFTP" if server else "local"
    passed = steps_of(with_work(server))
    # The moments before and after each step at a drop. A node that stands still at any other moment, the simulator has.
    points = [f"{point}:1" for point in sorted(passed)
              if point.startswith(("custody-fetched", "source-", "delivery-", "claim-"))]
    wrong, ends = [], 0
    for number, point in enumerate(points):
        lines, ended = sleep_at(point, server, number % 4 in (0, 3))  # both sides of a step take turns
        wrong += lines
        ends += ended
    tap.ok(len(points) > 10 and wrong == [],
           f"{where}: a gateway that wakes up after another machine took over does nothing more, {len(points)} moments",
           "\n".join(wrong))
    tap.ok(ends > len(points) / 2, f"{where}: most end because of that, with A110 or A109 and exit 2", ends,
           len(points))


def test_superseded_daemon(tap):
    home = Gateway()
    daemon = home.daemon()
    wait_until(lambda: os.path.exists(home.claim("maps")) and rests(daemon))  # no file changes while it is copied
    new = copied(home)
    done = new.run(now=LATER)
    tap.ok(done.returncode == 0, "the standby takes the claims over at once", done.stderr.decode())
    send(home, name_of(1), instruction(1, (1, 2)))
    said = daemon.communicate(timeout=PATIENCE)[1].decode()
    tap.ok(daemon.returncode == 2 and "a newer start of this gateway" in said and jobs(home) == [],
           "a daemon that sees a newer start ends with 2, and has taken nothing", daemon.returncode, said)
    tap.ok(any(code == "A110" for code, _ in open_codes(home)), "and tells A110", open_codes(home))
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1)], "the file is still there for the new one")
    for number in range(1, 4):
        send(home, name_of(number + 1), instruction(number + 1, (2 * number + 1, 2 * number + 2)))
        new.run(now=LATER)
    done = home.run(now=LATER)
    tap.ok(done.returncode == 2 and jobs(home) == [], "it does not come back by itself", done.stderr.decode())


# ---- what may stand there ----


def kept_at_work(home):
    """A pass that works: the next file is answered."""
    number = len(jobs(home)) + 1
    send(home, name_of(number), instruction(number, (2 * number, 2 * number + 1)))
    done = home.run()
    return done.returncode == 0 and answer(name_of(number)) in home.out("mcc"), done.stderr.decode()


def test_removed(tap):
    home = Gateway()
    home.run()
    home.remove_claims()
    good, said = kept_at_work(home)
    tap.ok(good and "claim" not in said and os.path.exists(home.claim("mcc")), "a claim that is gone is made again",
           said)
    daemon = home.daemon()
    wait_until(lambda: b"generation=3" in open(home.claim("maps"), "rb").read())
    with open(home.claim("mcc"), "wb") as file:
        file.write(b"scribbled over")
    send(home, name_of(2), instruction(2, (3, 4)))
    tap.ok(wait_until(lambda: answer(name_of(2), "EMD") in home.out("mcc")),
           "one that is damaged while it is ours, too")
    terminate(daemon)
    said = daemon.communicate()[1].decode()
    tap.ok("A110" not in said and home.json("claim", "list")[0]["claim"] == "ours", "without a word", said)


def strange(home, make, remove):
    """Exit status and text of a pass with that at the claim's place, then of one without."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(home.claim("mcc"))
    make(home.claim("mcc"))
    before = drop_of(home, "mcc")
    done = home.run()
    text, same = text_of(home), drop_of(home, "mcc") == before
    if remove is not None:
        remove(home.claim("mcc"))
    return done.returncode, text, same


def write(content):
    def make(path):
        with open(path, "wb") as file:
            file.write(content)
    return make


def long_file(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


def test_strange(tap):
    newer = claim_text().replace(b"ecosgate-witness,1,", b"ecosgate-witness,2,")
    for what, make, remove, expected in (
            ("a damaged claim", write(claim_text()[:-30]), os.remove, "damaged"),
            ("bytes of any kind", write(b"\x00\xff\n" * 1000), os.remove, "damaged"),
            ("a claim of a newer program", write(newer), os.remove, "newer version"),
            ("another gateway's claim", write(claim_text()), os.remove, "elsewhere"),
            ("a folder", os.mkdir, os.rmdir, "is a folder"),
            ("a link", lambda path: os.symlink("/etc/passwd", path), os.remove, "no regular file"),
            ("a pipe", os.mkfifo, os.remove, "no regular file"),
            ("a file of 1 TB", long_file, os.remove, "longer than a claim")):
        home = Gateway()
        home.run()
        send(home, name_of(1), instruction(1, (1, 2)))
        status, text, same = strange(home, make, remove)
        tap.ok(status == 2 and expected in text and same, f"{what}: A110, and the drop is left alone", status, text)
        good, said = kept_at_work(home)
        tap.ok(good and open_codes(home) == [], f"{what}: removed, the work goes on by itself", said, open_codes(home))
    for what, content in (("a damaged claim", claim_text()[:-30]), ("a claim of a newer program", newer)):
        home = Gateway()
        home.run()
        strange(home, write(content), None)
        done = home.command("claim", "take", "mcc", "--reason", "mine")
        good, said = kept_at_work(home)
        tap.ok(done.returncode == 0 and good, f"{what}: an order takes it", done.stderr, said)


def test_torn(tap):
    """A power cut while the claim is written: old and new bytes, or none."""
    home = Gateway()
    home.run()
    with open(home.claim("mcc"), "r+b") as file:
        file.seek(file.read().index(b"instance="))
        file.write(b"?" * 20)
    good, said = kept_at_work(home)
    tap.ok(good and "A110" not in said, "our own claim that was written in part is taken up", said)
    os.truncate(home.claim("mcc"), 0)
    good, said = kept_at_work(home)
    tap.ok(good and "A110" not in said, "an empty one that stays empty, too", said)


def test_no_claim(tap):
    first, second = Gateway(), Gateway()
    second.share(first)
    for home in (first, second):
        home.set("\n".join(f"drop {drop} claim=no" for drop in DROPS))
    tap.ok(first.run().returncode == 0 and second.run().returncode == 0 and
           not any(os.path.exists(first.claim(drop)) for drop in DROPS), "claim=no: no file is made or asked for")
    rows = first.json("claim", "list")
    tap.ok([row["claim"] for row in rows] == ["off"] * len(DROPS), "claim list says so", rows)
    done = first.command("claim", "take", "mcc", "--reason", "x")
    tap.ok(done.returncode == 1 and b"claim=no" in done.stderr, "there is nothing to take", done.stderr)
    done = first.command("claim", "take", "nosuch", "--reason", "x")
    tap.ok(done.returncode == 1 and b"nosuch" in done.stderr, "nor a drop that is not configured", done.stderr)


def test_appears(tap):
    """A foreign claim comes and goes while a daemon runs."""
    home = Gateway()
    home.set("gateway poll_interval=1")
    daemon = home.daemon()
    wait_until(lambda: os.path.exists(home.claim("maps")))
    home.write_claim("mcc", claim_text())
    send(home, name_of(1), instruction(1, (1, 2)))
    tap.ok(wait_until(lambda: ("A110", "mcc") in open_codes(home)), "a foreign claim comes: A110", open_codes(home))
    tap.ok(jobs(home) == [] and os.listdir(home.inbox("mcc")) == [name_of(1)], "nothing is taken there")
    done = home.command("claim", "take", "mcc", "--reason", "mine again")
    tap.ok(done.returncode == 0 and wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc")),
           "an order to the running gateway: it takes the drop and goes on", done.stderr)
    tap.ok(wait_until(lambda: open_codes(home) == []), "A110 is closed", open_codes(home))
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        kept = ledger.execute("SELECT verb, reason, result FROM operator_action").fetchall()
        waiting = ledger.execute("SELECT count(*) FROM claim_take").fetchall()
    tap.ok(kept == [("take", "mcc: mine again", "done")] and waiting == [(0,)], "the order is kept, and used up", kept,
           waiting)
    tap.ok(terminate(daemon) in (0, None) or daemon.returncode == 0, "the daemon ends well", daemon.returncode)


def test_words(tap):
    """What the commands say about files in a drop that is not ours, and while the ledger is not the newest one."""
    home = Gateway()
    home.run()
    send(home, name_of(1), instruction(1, (1, 2)))
    os.chmod(os.path.join(home.inbox("mcc"), name_of(1)), 0o644)

    def shown():
        return home.json("pickup", "mcc")[0]

    tap.ok(shown()["decision"] == "take", "pickup takes a file of our drop", shown())
    home.write_claim("mcc", claim_text())
    tap.ok(shown()["decision"] == "wait" and "A110" in shown()["reason"], "not one of a foreign drop", shown())
    done = home.run()
    tap.ok(b"drop mcc (A110) is not this gateway's" in done.stderr and b"is down" not in done.stderr,
           "run does not call a foreign drop down", done.stderr)
    done = home.command("why", name_of(1))
    tap.ok(done.returncode == 1 and b"(A110)" in done.stderr and b"mcc" in done.stderr and
           b"ecosgate claim list" in done.stderr, "why names the drops that are not looked at", done.stderr)
    os.remove(home.claim("mcc"))
    os.mkdir(home.claim("mcc"))
    tap.ok(shown()["decision"] == "wait" and "is a folder" in shown()["reason"],
           "nor one of a drop whose claim cannot be read", shown())
    os.rmdir(home.claim("mcc"))
    os.rename(os.path.join(home.inbox("mcc"), name_of(1)), os.path.join(home.inbox("mcc"), "x.partial"))
    done = home.run()
    tap.ok(b"drop mcc (A110) is this gateway's again" in done.stderr, "the end of A110 is said in these words",
           done.stderr)
    home.write_claim("mcc", claim_text())
    home.run()
    entry = home.json("why", "x.partial")[0]
    tap.ok("A110" in entry["waits_for"] and "claim list" in entry["moved_by"],
           "why of a file that was listed before says A110, too", entry)
    os.rename(os.path.join(home.inbox("mcc"), "x.partial"), os.path.join(home.inbox("mcc"), name_of(1)))
    with open(home.path("spool", "ledger-id"), "w", encoding="ascii") as file:
        file.write("damaged\n")
    tap.ok(shown()["decision"] == "wait" and "A109" in shown()["reason"], "pickup takes nothing under A109", shown())
    entry = home.json("why", "x.partial")[0]
    tap.ok("A109" in entry["waits_for"] and "status" in entry["moved_by"], "why says A109", entry)


def test_two_removed(tap):
    """Two foreign claims come while a daemon runs, and both are removed: no drop waits for the other."""
    home = Gateway()
    home.set("gateway poll_interval=1")
    daemon = home.daemon()
    wait_until(lambda: os.path.exists(home.claim("maps")))
    for drop in ("mcc", "tcos"):
        home.write_claim(drop, claim_text())
    wait_until(lambda: {("A110", "mcc"), ("A110", "tcos")} <= set(open_codes(home)))
    for drop in ("mcc", "tcos"):
        os.remove(home.claim(drop))
    tap.ok(wait_until(lambda: open_codes(home) == []), "two foreign claims that are removed: both drops go on",
           open_codes(home))
    tap.ok({row["claim"] for row in home.json("claim", "list")} == {"ours"}, "both are ours again")
    terminate(daemon)


def test_unreplaced(tap):
    """A server that takes what is written to a claim, and does not keep it."""
    home = Gateway()
    with Peer(home.top) as peer:
        home.over_sftp("mcc", peer)
        home.run()
        peer.arm("write", "status", times=None, code=0, match="ecosgate-claim")
        done = home.run()
        tap.ok(done.returncode == 2 and ("A110", "mcc") in open_codes(home) and
               "does not keep what this one writes" in text_of(home),
               "an earlier claim of ours that cannot be replaced is A110, and the pass ends", done.stderr.decode())
        peer.behave()
        done = home.run()
        tap.ok(done.returncode == 0 and open_codes(home) == [], "it closes when it can be", done.stderr.decode())


def take(home, drop="mcc"):
    return home.command("claim", "take", drop, "--reason", "mine")


def waiting(home):
    return [row["drop"] for row in home.json("claim", "list") if row["take_waits"]]


def test_nothing_to_take(tap):
    home = Gateway()
    ledger = sqlite3.connect(home.path("spool", "ledger.sqlite")).execute("SELECT ledger FROM identity").fetchone()[0]
    older = claim_text(ledger, generation=0)
    for what, make, says in (("nobody claims", home.remove_claims, b"nobody claims it yet"),
                             ("is ours", home.run, b"it belongs to this gateway"),
                             ("is of an earlier start", lambda: home.write_claim("mcc", older), b"an earlier start")):
        make()
        done = take(home)
        tap.ok(done.returncode == 1 and b"there is nothing to take in drop mcc" in done.stderr and
               says in done.stderr and waiting(home) == [], f"claim take of a drop that {what} is refused",
               done.stdout, done.stderr, waiting(home))
    home.write_claim("mcc", claim_text(ledger, generation=99))
    done = take(home)
    tap.ok(done.returncode == 1 and b"cannot take drop mcc" in done.stderr, "nor one of a newer start", done.stderr)
    os.remove(home.claim("mcc"))
    os.mkdir(home.claim("mcc"))
    done = take(home)
    tap.ok(done.returncode == 1 and b"is a folder" in done.stderr, "nor one that cannot be read", done.stderr)


def test_order_of_a_claim(tap):
    """The order is about the claim that its giver saw."""
    home = Gateway()
    home.run()
    home.write_claim("mcc", claim_text())
    done = take(home)
    row = home.json("claim", "list")[0]
    tap.ok(done.returncode == 0 and b"the next look of 'ecosgate run'" in done.stdout and waiting(home) == ["mcc"] and
           "an order to take it waits" in row["text"], "an order that waits: its answer and claim list say so",
           done.stdout, row)
    home.write_claim("mcc", claim_text(instance="d" * 32))
    done = home.run()
    tap.ok(done.returncode == 2 and b"give 'claim take' again" in done.stderr and waiting(home) == [] and
           b"instance=" + b"d" * 32 in home.read_out("mcc", CLAIM), "a gateway that came back is not pushed aside",
           done.stderr)
    home.write_claim("mcc", claim_text())
    done = home.run()
    tap.ok(done.returncode == 2 and home.json("claim", "list")[0]["claim"] == "other", "the order is used up",
           done.stderr)
    take(home)
    home.write_claim("mcc", claim_text(generation=2))  # it is renewed
    done = home.run()
    tap.ok(done.returncode == 0 and b"'claim take' has replaced its claim" in done.stderr and
           b"ledger ffff" in done.stderr, "run says which claim it has replaced", done.stderr)


def test_copied_home(tap):
    """Two processes with the same ledger and the same generation: the witness tells which one is ours."""
    home = Gateway()
    home.run()
    new = copied(home)
    new.run()
    home.run()
    rows = home.json("claim", "list")
    tap.ok({row["claim"] for row in rows} == {"other"} and "a copy of this gateway's ledger" in rows[0]["text"],
           "claim list knows a copy of this home from this home", rows)


def test_second_name(tap):
    home = Gateway()
    home.run()
    os.link(home.claim("mcc"), os.path.join(home.top, "second"))
    done = home.run()
    tap.ok(done.returncode == 2 and b"second name (hard link)" in done.stderr and b"claim=no" not in done.stderr,
           "a claim with a second name is not written over; the advice is to remove that name", done.stderr)
    os.remove(os.path.join(home.top, "second"))
    tap.ok(home.run().returncode == 0, "then it is")


def test_lost_ledger(tap):
    """claim list and doctor after the ledger was lost: another gateway is not the first suspicion."""
    home = Gateway()
    home.run()
    os.remove(home.path("spool", "ledger.sqlite"))
    text = [row["text"] for row in home.json("doctor", "mcc") if row["probe"] == "claim"]
    tap.ok("has no ledger" in text[0] and "claim take" not in text[0], "doctor without a ledger says so", text)
    home.command("init", "--ledger")
    row = home.json("claim", "list")[0]
    tap.ok("A109" in row["text"] and "claim take" not in row["text"], "claim list with a new ledger points to A109",
           row)
    tap.ok(take(home).returncode == 1, "and claim take is refused until then")
    home.command("recover", "--reason", "it was lost")
    row = home.json("claim", "list")[0]
    tap.ok(row["claim"] == "older" and home.run().returncode == 0, "after recover the claims are those of our past",
           row)


if __name__ == "__main__":
    with Tap() as report, tempfile.TemporaryDirectory() as top:
        test_two(report)
        test_together(report)
        test_removed(report)
        test_strange(report)
        test_torn(report)
        test_no_claim(report)
        test_appears(report)
        test_words(report)
        test_two_removed(report)
        test_unreplaced(report)
        test_nothing_to_take(report)
        test_order_of_a_claim(report)
        test_copied_home(report)
        test_second_name(report)
        test_lost_ledger(report)
        test_superseded_daemon(report)
        if not SANITIZED:  # the other takes the same ways, and those of SFTP
            test_standby(report)
        with Sshd(top) as ssh:
            test_two(report, ssh)
            test_standby(report, ssh)
