#!/usr/bin/env python3
"""The process of an SFTP session: what foreign code in it reaches, how it ends, and that nothing waits for it (TAP)."""
import contextlib
import os
import re
import signal
import tempfile
import time

from home import SANITIZED, Home, Tap, children_of, said_so_far, terminate, wait_until
from live import answer, instruction, name_of, send, sound
from peer import Peer
from sftp import attach_second, incidents, over_sftp, second_name, send_second
from sshd import Sshd

NAME = "ecosgate-sftp"
LIMIT = 40  # seconds for a stop: less than the minute after which a session that hangs is ended anyway


def attacked(server, attack, **more):
    """A run with a session that runs foreign code, beside a drop on this machine: its home, and what it said."""
    home = over_sftp(server, drops=("mcc",))
    attach_second(home)
    send(home, name_of(1), instruction(1))
    send_second(home, 2)
    return home, home.run(env={"ECOSGATE_SESSION_ATTACK": attack, **more}).stderr.decode()


def test_attacks(tap, server):
    """Each attempt with all guards, and those on files with one of them alone. Without guards they succeed."""
    secret = Home().path("key")
    with open(secret, "wb") as file:
        file.write(b"key")
    ledger = over_sftp(server).path("spool", "ledger.sqlite")
    attacks = (("read", secret, "a key of another drop is not read"), ("read", ledger, "a ledger is not read"),
               ("write", secret, "a file is not written"), ("write", secret + ".new", "no file is made"),
               ("fork", "", "no process is made"), ("exec", "/bin/true", "nothing is executed"),
               ("trace", "", "the gateway is not traced"), ("kill", os.getpid(), "nobody is ended"))
    own = (("connect", server.port, "nothing is connected to"), ("read", server.identity, "its own key is not read"),
           ("read", server.known_hosts, "its known_hosts is not read"),
           ("read", "/etc/hosts", "nothing of name services is read"))
    for attack, argument, text in attacks:
        home, said = attacked(server, f"{attack}:{argument}")
        tap.ok("the attack was refused" in said and not os.path.exists(secret + ".new"), text, said)
        tap.ok(answer(second_name(2)) in home.out("ecos") and answer(name_of(1)) not in home.out("mcc"),
               f"{text}: the other drop goes on", said)
        home.run()
        tap.ok(answer(name_of(1)) in home.out("mcc"), f"{text}: afterwards all is done", home.out("mcc"))
    for attack, argument, text in own:
        said = attacked(server, f"{attack}:{argument}")[1]
        tap.ok("the attack was refused" in said, f"once it is connected, {text}", said)
    for attack, argument, text in own[:2]:
        said = attacked(server, f"{attack}:{argument}", ECOSGATE_CELLS_WITHOUT="landlock,limits")[1]
        tap.ok("the attack was refused" in said, f"by the filter alone, {text}", said)
    for attack, argument, text in (*attacks[:4], own[1]):
        said = attacked(server, f"{attack}:{argument}", ECOSGATE_CELLS_WITHOUT="seccomp,limits")[1]
        tap.ok("the attack was refused" in said, f"by Landlock alone, {text}", said)
    for attack, argument, _ in (*attacks[:5], *own[:2]):
        said = attacked(server, f"{attack}:{argument}", ECOSGATE_CELLS_WITHOUT="seccomp,landlock,limits")[1]
        tap.ok("the attack has succeeded" in said, f"the attempt is a real one: without guards {attack} succeeds", said)


def test_required(tap, server):
    """cells=required: a session that lacks a guard connects to nobody."""
    for lacking, words in (("landlock", "lacks Landlock"), ("seccomp", "lacks the filter of system calls")):
        env = {"ECOSGATE_CELLS_WITHOUT": lacking}
        home = over_sftp(server, "gateway cells=required", drops=("mcc",))
        said = home.command("doctor", "mcc", env=env)
        tap.ok(said.returncode == 1 and words in said.stdout.decode() and "cells=required" in said.stdout.decode(),
               f"cells=required: a session that {words} is refused", said)
        home.set("gateway cells=used")
        tap.ok(home.command("doctor", "mcc", env=env).returncode == 0, f"cells=used: one that {words} connects")
        home.set("gateway cells=required")
        tap.ok(home.command("doctor", "mcc").returncode == 0, "cells=required: one with all guards connects")


def test_ends(tap, server):
    """A process that dies or says nonsense is an outage of its drop; the next run has another one."""
    head, nothing = "05000000{}000000", "0000000000000000"
    cases = (("crash", "a crash", "the process of this connection (died of signal 11|ended)"),
             ("end:3", "an end", "the process of this connection ended"),
             ("say:00", "a packet that is none", "says what it cannot mean"),
             ("say:" + head.format("02") + "ffff", "an answer that is none", "says what it cannot mean"),
             ("say:" + head.format("63") + nothing, "an answer to no request", "says what it cannot mean"))
    for attack, text, expected in cases:
        home, said = attacked(server, attack)
        tap.ok(re.search(expected, said) and "A102" in [one["code"] for one in incidents(home)],
               f"{text}: is an outage", said, incidents(home))
        tap.ok(answer(second_name(2)) in home.out("ecos"), f"{text}: the other drop goes on", said)
        home.run()
        tap.ok(answer(name_of(1)) in home.out("mcc"), f"{text}: afterwards all is done", home.out("mcc"))
        sound(tap, home, text)


def sessions_of(pid):
    """The processes of sessions that a gateway has; none: they have ended."""
    found = []
    for child in children_of(pid):
        try:
            with open(f"/proc/{child}/comm", encoding="ascii") as file:
                if file.read().strip() == NAME:
                    found.append(int(child))
        except FileNotFoundError:
            continue
    return found


def open_in(pids):
    """What their descriptors are; while they begin, the rules of Landlock, too."""
    found = set()
    for pid in pids:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}").split(":")[0])
    return found


def alive(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_life(tap, server):
    """A session has its socket to the gateway, the one to the server and nothing else; it ends with the gateway."""
    home = over_sftp(server, "gateway poll_interval=1", drops=("mcc",))
    daemon = home.daemon()
    tap.ok(wait_until(lambda: sessions_of(daemon.pid)), "a session is a process of its own",
           sessions_of(daemon.pid))
    pids = sessions_of(daemon.pid)
    if os.geteuid() == 0:
        tap.ok(SANITIZED or wait_until(lambda: open_in(pids) == {"/dev/null", "socket"}),
               "a session has no descriptor of a file", open_in(pids))
    tap.ok(terminate(daemon) == 0 and wait_until(lambda: not alive(pids)), "they end with a gateway that is stopped",
           alive(pids))
    daemon = home.daemon()
    wait_until(lambda: sessions_of(daemon.pid))
    pids = sessions_of(daemon.pid)
    daemon.kill()
    daemon.wait()
    tap.ok(wait_until(lambda: not alive(pids)), "they end with a gateway that is killed", alive(pids))
    test_hangs(tap, home)


def test_hangs(tap, home):
    """Sessions that hang, idle and in the middle of a pass, hold up no stop."""
    for wait in (0, 3):
        daemon = home.daemon()
        wait_until(lambda: sessions_of(daemon.pid))
        pids = sessions_of(daemon.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(wait)  # a pass is in it, which asks what the drop has
        began = time.monotonic()
        status = terminate(daemon)
        tap.ok(status in (0, 2) and time.monotonic() - began < LIMIT and
               wait_until(lambda: not alive(pids)),
               f"a stop waits for no session that hangs, for {wait} seconds so far", status, alive(pids))


def test_silence(tap, server):
    """A session that is stopped is replaced: an outage meanwhile. One whose server is slow says that it waits."""
    home = over_sftp(server, "gateway poll_interval=1", drops=("mcc",))
    daemon = home.daemon(env={"ECOSGATE_SESSION_SILENCE": "2000"})
    wait_until(lambda: sessions_of(daemon.pid))
    pids = sessions_of(daemon.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    send(home, name_of(1), instruction(1))
    tap.ok(wait_until(lambda: "said nothing for 2 seconds" in said_so_far(daemon) and not alive(pids)),
           "a session that is stopped is ended, and the log says why", said_so_far(daemon))
    tap.ok(wait_until(lambda: answer(name_of(1)) in home.out("mcc")), "another session does its work",
           said_so_far(daemon))
    tap.ok(terminate(daemon) == 0 and {one["code"] for one in incidents(home)} <= {"A102"}, "it was an outage at most",
           incidents(home))
    with Peer(tempfile.gettempdir()) as peer:
        for call in ("readdir", "read", "write"):
            home = over_sftp(peer, drops=("mcc",))
            peer.behave()
            send(home, name_of(1), instruction(1))
            peer.arm(call, "delay", seconds=3)
            done = home.run(env={"ECOSGATE_SESSION_SILENCE": "1500"})
            tap.ok(peer.met() == 1 and answer(name_of(1)) in home.out("mcc") and not incidents(home),
                   f"a server that takes longer than that for one {call} is waited for", done.stderr.decode())


def main():
    with Tap() as tap, tempfile.TemporaryDirectory() as top, Sshd(top) as server:
        test_attacks(tap, server)
        test_required(tap, server)
        test_ends(tap, server)
        test_life(tap, server)
        test_silence(tap, server)


if __name__ == "__main__":
    main()
