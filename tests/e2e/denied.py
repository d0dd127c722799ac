#!/usr/bin/env python3
"""Threads and descriptors that the system denies: a drop waits, the gateway never ends by it (TAP)."""
import os
import re
import resource
import shutil
import tempfile

from home import Home, SANITIZED, Tap, rests, said_so_far, terminate, wait_until
from live import answer, instruction, name_of, send, sound
from sshd import Sshd

STRANGER = 1_000_000 + os.getpid()  # a user without any other process, of a test in another build neither


def filled(settings="gateway incident_party=NOBODY"):
    home = Home(settings)
    send(home, name_of(1), instruction(1, (1, 2)))
    send(home, name_of(2), instruction(2, (3,)))
    return home


def answers(home):
    return {answer(name_of(sequence), kind) for sequence in (1, 2) for kind in ("EMA", "EMD")} <= set(home.out("mcc"))


def raise_slowly(tap, home, prefix, numbers, text):
    """Passes under a limit that is raised by one until a pass is good. None of them ends by a signal, and each failure
    is said."""
    before, said = [], ""
    for number in numbers:
        done = home.run(prefix=prefix(number))
        said = done.stderr.decode()
        if done.returncode == 0:
            break
        before.append((number, done.returncode, said))
    wrong = [each for each in before if each[1] not in (1, 2) or not each[2]]
    tap.ok(before and not wrong, f"{text}: a pass that gets too few ends with a message, {len(before)} passes", wrong)
    tap.ok(done.returncode == 0 and answers(home), f"{text}: a pass that gets enough does all", done.returncode, said)
    tap.ok(home.json("incident", "list") == [], f"{text}: no incident stays open", home.json("incident", "list"))
    sound(tap, home, text)
    return "".join(said for _, _, said in before)


def test_descriptors_once(tap):
    home = filled()
    said = raise_slowly(tap, home, lambda number: ("prlimit", f"--nofile={number}"), range(5, 60), "descriptors")
    tap.ok("Too many open files" in said and "limit of open files" in said, "descriptors: the message says what to do",
           said)


def test_descriptors_once_sftp(tap):
    with Sshd(tempfile.gettempdir()) as server:
        home = filled()
        home.over_sftp("mcc", server)
        said = raise_slowly(tap, home, lambda number: ("prlimit", f"--nofile={number}"), range(5, 60),
                            "descriptors over SFTP")
        tap.ok("drop mcc (A102) is down" in said and "limits of the gateway's user" in said and "ulimit -n" in said,
               "descriptors over SFTP: the message says what to do", said)


def test_threads_once(tap):
    """The limit of processes is one of the user, and root has none."""
    if os.getuid() != 0:
        tap.ok(True, "threads # SKIP only root can become a user without processes")
        return
    home = filled()
    for root, folders, files in os.walk(home.top):
        for name in [root] + [os.path.join(root, each) for each in folders + files]:
            os.chown(name, STRANGER, STRANGER)
    become = ("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "prlimit")
    said = raise_slowly(tap, home, lambda number: (*become, f"--nproc={number}"), range(1, 40), "threads")
    tap.ok("no thread is left to work on the drop" in said and "ulimit -u" in said,
           "threads: the message says what to do", said)
    drops = set(re.findall(r"drop (\w+) \(A102\) is down", said))
    # Those that find a thread differ: one that has done its work leaves its thread to the next.
    tap.ok(len(drops) > 1, "threads: the drops without one are named", drops)


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def fall_and_rise(tap, server, spare, text):
    home = Home("gateway incident_party=NOBODY\ngateway poll_interval=1")
    if server is not None:
        home.over_sftp("mcc", server)
    daemon = home.daemon()
    send(home, name_of(1), instruction(1, (1, 2)))
    tap.ok(wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc")), f"{text}: before, a file is answered",
           said_so_far(daemon))
    wait_until(lambda: rests(daemon))  # a transfer that goes on has more descriptors than the next one needs
    usual = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (descriptors(daemon) + spare, usual[1]))
    send(home, name_of(2), instruction(2, (3,)))
    met = wait_until(lambda: daemon.poll() is not None or answers(home) or "open files" in said_so_far(daemon))
    tap.ok(met and daemon.poll() is None, f"{text}: it is said, or enough, and the daemon goes on", daemon.poll(),
           said_so_far(daemon))
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, usual)
    tap.ok(wait_until(lambda: answers(home)), f"{text}: once there are enough, all is answered", said_so_far(daemon))
    tap.ok(wait_until(lambda: home.json("incident", "list") == []), f"{text}: no incident stays open",
           said_so_far(daemon))
    status = terminate(daemon)
    tap.ok(status == 0, f"{text}: SIGTERM ends it with 0", status, said_so_far(daemon))
    sound(tap, home, text)
    return said_so_far(daemon)


def test_daemon(tap):
    """The limit falls while the daemon runs, and rises again."""
    said = "".join(fall_and_rise(tap, None, spare, f"daemon, {spare} descriptors are left")
                   for spare in ((1, 4) if SANITIZED else (0, 1, 2, 3, 5)))
    tap.ok("open files" in said, "daemon: the shortage was met", said)


def test_daemon_sftp(tap):
    with Sshd(tempfile.gettempdir()) as server:
        for spare in (0, 2, 4):
            fall_and_rise(tap, server, spare, f"daemon over SFTP, {spare} descriptors are left")


def main():
    if shutil.which("prlimit") is None or shutil.which("setpriv") is None:
        print("1..0 # SKIP no prlimit and setpriv")
        return
    with Tap() as tap:
        for test in (test_descriptors_once, test_descriptors_once_sftp, test_threads_once, test_daemon,
                     test_daemon_sftp):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap)


if __name__ == "__main__":
    main()
