#!/usr/bin/env python3
"""What one SFTP server may cost (TAP): memory, the stop, and time. Whatever it sends, the process stays below 64 MiB,
the other drops go on, SIGTERM ends the daemon, and the message names the limit and what was found."""
import os
import re
import sqlite3
import struct
import tempfile
import time

from home import PATIENCE, SANITIZED, Home, Tap, children_of, rests, said_so_far, terminate, try_limits, wait_until
from live import answer, instruction, name_of, send
from peer import PYTHON, Peer
from sftp import attach_second, incidents, over_sftp, owed, second_name, send_second

MOST = 64 * 1024  # KiB
MIB = 1024 * 1024
HANDLE, DATA, NAME, ATTRS, STATUS = 102, 103, 104, 105, 101


def number(value):
    return struct.pack(">I", value & 0xFFFFFFFF).hex()


# (text, request, action, more, what the message says)
HOSTILE = (
    ("handles of 16 MiB", "open", "answer", {"type": HANDLE, "hex": number(16 * MIB - 64), "pad": 16 * MIB - 64},
     r"announces \d+ bytes, expected 5 to 16384"),
    ("handles of 257 bytes", "open", "answer", {"type": HANDLE, "hex": number(257), "pad": 257},
     "a handle announces 257 bytes, expected at most 256"),
    ("handles of 16 MiB for a folder", "opendir", "answer",
     {"type": HANDLE, "hex": number(16 * MIB - 64), "pad": 16 * MIB - 64}, r"announces \d+ bytes, expected 5 to 16384"),
    ("data longer than asked", "read", "answer", {"type": DATA, "hex": number(33000), "pad": 33000},
     r"announces \d+ bytes, expected (at most|5 to) \d+"),
    ("data of 16 MiB", "read", "answer", {"type": DATA, "hex": number(16 * MIB), "pad": 16 * MIB},
     r"announces \d+ bytes, expected 5 to \d+"),
    ("a list of 2 MiB", "readdir", "answer", {"type": NAME, "hex": number(1) + number(2 * MIB), "pad": 2 * MIB},
     r"announces \d+ bytes, expected 5 to 1048576"),
    ("a name of 1 MiB", "readdir", "answer", {"type": NAME, "hex": number(1) + number(MIB - 64), "pad": MIB - 64},
     r"a name in a list announces \d+ bytes, expected at most 4096"),
    ("extended attributes without end", "readdir", "answer",
     {"type": NAME, "hex": number(1) + number(1) + "61" + number(1) + "61" + number(0x80000000) + number(-1)},
     "an entry has 4294967295 extended attributes, expected at most 64"),
    ("a status with a text of 1 MiB", "opendir", "answer",
     {"type": STATUS, "hex": number(4) + number(MIB), "pad": MIB}, r"announces \d+ bytes, expected 5 to 16384"),
    ("a status with a text of 5000 bytes", "opendir", "answer",
     {"type": STATUS, "hex": number(4) + number(5000), "pad": 5000},
     "the text of a status announces 5000 bytes, expected at most 4096"),
    ("packets of SSH that nobody has asked for", "readdir", "flood", {"size": 30000},
     "libssh2 wants more than the 6291456 bytes"),
    ("small packets of SSH that nobody has asked for", "read", "flood", {"size": 0},
     "libssh2 wants more than the 6291456 bytes"),
)


def peak(pid):
    """The most memory of a gateway, or of a process of its own: a session is one."""
    most = max(map(peak, children_of(pid)), default=0)
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return max(most, int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]))
    except (FileNotFoundError, TypeError):
        return most  # it has ended


class Daemon:
    """A daemon with a drop on the peer and one on this machine."""

    def __init__(self, peer, settings="", **keys):
        self.home = over_sftp(peer, f"gateway poll_interval=1\n{settings}", drops=("mcc",), **keys)
        peer.behave()
        attach_second(self.home)
        self.process = None

    def start(self):
        self.process = self.home.daemon()

    def log(self):
        return said_so_far(self.process)

    def says(self, pattern):
        return wait_until(lambda: re.search(pattern, self.log()) or self.process.poll() is not None) and \
            re.search(pattern, self.log()) is not None


def ends(tap, daemon, text):
    most = peak(daemon.process.pid)
    tap.ok(SANITIZED or most < MOST, f"{text}: the process stays below 64 MiB", f"{most} KiB", daemon.log()[-300:])
    status = terminate(daemon.process)
    tap.ok(status == 0, f"{text}: SIGTERM ends the daemon", status, daemon.log())


def test_hostile(tap, peer):
    for text, op, action, more, said in HOSTILE:
        daemon = Daemon(peer)
        send(daemon.home, name_of(1), b"x" * 4 * MIB)
        peer.arm(op, action, times=None, match="in" if op in ("open", "read") else None, **more)
        daemon.start()
        tap.ok(daemon.says(said), f"{text}: the message names the limit and what was found", daemon.log())
        ends(tap, daemon, text)


def test_speed(tap, peer):
    """While one server is hostile, files of another drop are answered as fast as without it: in twice the time, and a
    second, which a listing of the hostile one may take."""
    attacks = (("a trickle", "read", "trickle", {"match": "in", "seconds": 0.05}),
               ("a flood", "read", "flood", {"match": "in", "size": 30000}),
               ("names without end", "readdir", "names", {"count": 100, "length": 60}))
    several = 6

    def answered_in(daemon, first):
        begun = time.monotonic()
        for sequence in range(first, first + several):
            send_second(daemon.home, sequence)
            good = wait_until(lambda name=answer(second_name(sequence)): name in daemon.home.out("ecos"))
            assert good, daemon.log()
        return time.monotonic() - begun

    def measure(trial, most):
        for text, op, action, more in attacks:
            daemon = Daemon(peer)
            daemon.home.set("drop ecos complete=at-once")
            daemon.start()
            calm = answered_in(daemon, 1)
            send(daemon.home, name_of(1), instruction(1))
            peer.arm(op, action, times=None, **more)
            trial.ok(wait_until(lambda: peer.met() > 0), f"{text}: the hostile server is at work", daemon.log())
            taken = answered_in(daemon, 1 + several)
            trial.ok(taken < most * calm + 1, f"{text}: {several} files of another drop go on as fast as before",
                     f"{taken:.2f} s, before {calm:.2f} s")
            ends(trial, daemon, text)
    try_limits(tap, (2, 4), measure)


def test_trickle(tap, peer):
    """A server that gives a byte at a time. The window of five minutes is made a second."""
    content = instruction(1)
    def slow(trial, seconds):
        daemon = Daemon(peer)
        daemon.home.set(f"drop mcc rate_seconds=1\ndrop mcc timeout=1\ndrop mcc rate_min=1000")
        send(daemon.home, name_of(1), content)
        peer.arm("read", "trickle", times=None, match="in", seconds=seconds)
        daemon.start()
        trial.ok(daemon.says(r"the server moved \d+ bytes in \d+ seconds, expected at least 1000 a second"),
                 "a server that trickles is told, with what it moved and what was expected", daemon.log())
        # The message comes first.
        trial.ok(wait_until(lambda: [one["code"] for one in incidents(daemon.home)] == ["A102"]),
                 "a server that trickles is an outage",
                 incidents(daemon.home))
        peer.behave()
        trial.ok(wait_until(lambda: answer(name_of(1)) in daemon.home.out("mcc")),
                 "a server that moves on: the file is taken", daemon.log())
        ends(trial, daemon, "a server that trickled")
    try_limits(tap, (0.05, 0.01), slow)
    def allowed(trial, timeout):
        """No answer of the server may take as long as the timeout; on a busy machine one can take a second."""
        daemon = Daemon(peer)
        daemon.home.set(f"drop mcc rate_seconds=1\ndrop mcc timeout={timeout}\ndrop mcc rate_min=0")
        send(daemon.home, name_of(1), content)
        peer.arm("read", "trickle", times=None, match="in", seconds=0.01)
        daemon.start()
        trial.ok(wait_until(lambda: answer(name_of(1)) in daemon.home.out("mcc")) and peer.met() >= len(content),
                 "rate_min=0: a server may trickle", daemon.log(), peer.met())
        peer.behave()
        ends(trial, daemon, "a server that may trickle")
    try_limits(tap, (1, 20), allowed)


def is_quiet(daemon, peer):
    """The daemon sleeps between two lists: no request is on its way."""
    requests = peer.log_lines()
    return rests(daemon.process) and peer.log_lines() == requests


def test_idle(tap, peer):
    """Connections that were idle are not answered any more: a new one is made, and nothing is told."""
    for manner in ("hang", "cut"):
        def forgotten(trial, interval, manner=manner):
            """The server must forget them between two lists: this test has `interval` seconds for that."""
            text = f"idle connections, {manner}"
            daemon = Daemon(peer, timeout=interval // 2 if manner == "hang" else PATIENCE)
            daemon.home.set(f"gateway poll_interval={interval}")
            daemon.start()
            send(daemon.home, name_of(1), instruction(1))
            trial.ok(wait_until(lambda: answer(name_of(1), "EMD") in daemon.home.out("mcc")), f"{text}: before",
                     daemon.log())
            wait_until(lambda: owed(daemon.home) == 0 and is_quiet(daemon, peer))
            peer.set(forget=time.time(), forget_by=f"{manner}-before")
            send(daemon.home, name_of(2), instruction(2, (3,)))
            trial.ok(wait_until(lambda: answer(name_of(2), "EMD") in daemon.home.out("mcc")),
                     f"{text}: a file is taken and answered all the same", daemon.log())
            first = [line[1] for line in peer.since() if line[0] == "forgotten"]
            trial.ok(len(first) >= 2 and set(first) <= {"close", "lstat"},
                     f"{text}: both connections were met, by requests that change nothing", first)
            trial.ok("down" not in daemon.log() and daemon.home.json("incident", "list", "--all") == [],
                     f"{text}: nothing is told", daemon.log())
            ends(trial, daemon, text)
        try_limits(tap, (2, 8, 32), forgotten)


def recorded(home):
    """How many names the ledger's journal has."""
    with sqlite3.connect(f"file:{home.path('spool', 'ledger.sqlite')}?mode=ro", uri=True) as ledger:
        return ledger.execute("SELECT count(*) FROM pickup").fetchone()[0]


def test_endless_list(tap, peer):
    """Names without end, short ones and the longest. Then as many as are allowed, new ones each time."""
    for count, length, said in ((100, 60, r"holds at least 20001 names, expected at most 20000; .*listed_max="),
                                (100, 4096, r"names of at least 200\d{4} bytes together, expected at most 2000000")):
        text = f"names of {length} bytes without end"
        daemon = Daemon(peer)
        peer.arm("readdir", "names", times=None, count=count, length=length)
        daemon.start()
        tap.ok(daemon.says(said), f"{text}: the message names the limit and what was found", daemon.log())
        ends(tap, daemon, text)
    text = "as many names as are allowed, new ones in each list"
    daemon = Daemon(peer)
    peer.arm("readdir", "names", times=None, count=100, length=100, answers=200)
    daemon.start()
    tap.ok(wait_until(lambda: recorded(daemon.home) >= 55000), f"{text}: three lists are decided about",
           recorded(daemon.home), daemon.log())
    ends(tap, daemon, text)


def main():
    if PYTHON is None:
        print("1..0 # SKIP no python3-paramiko")
        Home.clean(keep=False)
        return
    with Tap() as tap, Peer(tempfile.gettempdir()) as peer:
        for test in (test_hostile, test_speed, test_endless_list, test_trickle, test_idle):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap, peer)
        if tap.bad:
            print("# " + peer.errors().replace("\n", "\n# "))


if __name__ == "__main__":
    main()
