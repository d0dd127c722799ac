#!/usr/bin/env python3
"""A folder that is replaced while `run` watches it is watched again (TAP). The interval is an hour, so that only a
watch can notice a file."""
import os
import subprocess

from home import Home, Tap, rests, said_so_far, terminate, threads_of, wait_until
from live import answer, instruction, name_of, send, states


def begin(settings=""):
    home = Home(f"gateway poll_interval=3600\n{settings}")
    return home, home.daemon()


def is_taken(home, sequence):
    send(home, name_of(sequence), instruction(sequence, (sequence,)))
    return wait_until(lambda: answer(name_of(sequence), "EMD") in home.out("mcc"))


def running(home):
    return wait_until(lambda: home.json("status")[0]["running"])


def is_idle(home, daemon):
    """All is delivered and the copies are removed: a pass that still went on would meet a folder that is missing for a
    moment."""
    return wait_until(lambda: set(states(home).values()) <= {"done", "rejected"} and
                      os.listdir(home.inbox("mcc")) == [] and rests(daemon))


def end(tap, daemon, text):
    status = terminate(daemon)
    said = said_so_far(daemon)
    tap.ok(status == 0, f"{text}: SIGTERM ends the daemon with 0", said)
    return said


def renamed(home):
    os.rename(home.inbox("mcc"), home.path("old"))
    os.mkdir(home.inbox("mcc"))


def deleted(home):
    """The file system may give the new folder the number of the old one."""
    os.rmdir(home.inbox("mcc"))
    os.mkdir(home.inbox("mcc"))


def parent_renamed(home):
    os.rename(home.path("drops", "mcc"), home.path("old"))
    os.makedirs(home.inbox("mcc"))
    os.mkdir(home.path("drops", "mcc", "out"))


def link_turned(home):
    os.mkdir(home.path("other"))
    os.symlink(home.path("other"), home.path("link"))
    os.rename(home.path("link"), home.inbox("mcc"))


def test_replaced(tap):
    for change, text in ((renamed, "renamed away and made anew"), (deleted, "deleted and made anew"),
                         (parent_renamed, "its parent renamed away and both made anew")):
        home, daemon = begin()
        tap.ok(running(home) and is_taken(home, 1), f"{text}: a file is taken before")
        for sequence in (2, 3):
            is_idle(home, daemon)
            change(home)
            tap.ok(is_taken(home, sequence), f"{text}: change {sequence - 1}, a file is taken at once")
            if os.path.exists(home.path("old")):
                os.rename(home.path("old"), home.path(f"older{sequence}"))
        said = end(tap, daemon, text)
        tap.ok(home.json("incident", "list") == [] and "down" not in said, f"{text}: nothing is called down", said)


def test_link(tap):
    home = Home("gateway poll_interval=3600")
    os.rename(home.inbox("mcc"), home.path("first"))
    os.symlink(home.path("first"), home.inbox("mcc"))
    daemon = home.daemon()
    tap.ok(running(home) and is_taken(home, 1), "a link to a folder: a file is taken")
    link_turned(home)
    # The copy is removed by another thread than the one that answers the file.
    tap.ok(is_taken(home, 2) and wait_until(lambda: os.listdir(home.path("other")) == []),
           "a link that is turned to another folder: a file is taken at once")
    end(tap, daemon, "a link")


def test_mounts(tap):
    """Mounted over, and unmounted again."""
    home, daemon = begin()
    running(home)
    if subprocess.run(["mount", "-t", "tmpfs", "none", home.inbox("mcc")], capture_output=True, check=False).returncode:
        tap.ok(True, "mounts # SKIP nothing may be mounted here")
        terminate(daemon)
        return
    try:
        tap.ok(is_taken(home, 1), "mounted over: a file is taken at once")
        wait_until(lambda: os.listdir(home.inbox("mcc")) == [])
    finally:
        subprocess.run(["umount", "-l", home.inbox("mcc")], check=True)
    tap.ok(is_taken(home, 2), "unmounted: a file is taken at once")
    end(tap, daemon, "mounts")


def switches(process, name):
    """How often the thread of that name gave the processor up by itself; None: there is no such thread."""
    return next((voluntary for found, _, voluntary, _ in threads_of(process).values() if found == name), None)


def slept(process):
    """Did the gateway's thread sleep while the watching thread made a round?"""
    rounds, main = switches(process, "watch"), switches(process, "ecosgate")
    wait_until(lambda: switches(process, "watch") > rounds)
    return switches(process, "ecosgate") == main


def test_missing(tap):
    """A folder that is missing is tried again, and is not run after."""
    home = Home("gateway poll_interval=3600")
    daemon = home.daemon()
    running(home)
    tap.ok(is_taken(home, 1), "before it is missing, a file is taken")
    is_idle(home, daemon)
    os.rmdir(home.inbox("mcc"))
    wait_until(lambda: "cannot be watched" in said_so_far(daemon))
    tap.ok(wait_until(lambda: slept(daemon)), "while it is missing, nothing is done but to look for it")
    os.mkdir(home.inbox("mcc"))
    tap.ok(is_taken(home, 2), "made again: a file is taken at once")
    # A pass that was still going on may have taken the file before the folder is watched again.
    wait_until(lambda: "is watched again" in said_so_far(daemon))
    said = end(tap, daemon, "missing")
    lines = [line for line in said.splitlines() if "watched" in line]
    tap.ok(len(lines) == 2 and "drop mcc" in lines[0] and "No such file" in lines[0] and "again" in lines[1],
           "the log says once that it is not watched, and once that it is again", lines)


def test_orders(tap):
    """Orders come through a folder, too."""
    home, daemon = begin()
    running(home)
    is_idle(home, daemon)
    folder = home.path("spool", "orders")
    os.rename(folder, home.path("old-orders"))
    os.mkdir(folder)
    done = home.command("sequence", "set", "MCC", "EMI", "7", "--reason", "a test")
    carried_out = wait_until(lambda: [row["type"] for row in home.json("sequence", "list")] == ["EMI"])
    tap.ok(carried_out, "the folder of orders, made anew: an order is carried out", done.stderr.decode())
    end(tap, daemon, "orders")


def test_shared(tap):
    """Two drops with one folder, by two paths, one of which turns away: the other one stays watched."""
    home = Home("gateway poll_interval=3600")
    os.rmdir(home.inbox("dcc"))
    os.symlink(home.inbox("mcc"), home.inbox("dcc"))
    daemon = home.daemon()
    if not wait_until(lambda: home.json("status")[0]["running"] or daemon.poll() is not None) or \
            daemon.poll() is not None:
        tap.ok(True, "one folder of two drops # SKIP the configuration is refused")
        return
    wait_until(lambda: switches(daemon, "watch") is not None)
    os.mkdir(home.path("other"))
    os.symlink(home.path("other"), home.path("link"))
    os.rename(home.path("link"), home.inbox("dcc"))
    before = switches(daemon, "watch")
    wait_until(lambda: switches(daemon, "watch") >= before + 2)
    tap.ok(is_taken(home, 1), "two drops shared a folder: it stays watched for the one that still has it")
    end(tap, daemon, "shared")


def main():
    with Tap() as tap:
        for test in (test_replaced, test_link, test_mounts, test_missing, test_orders, test_shared):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap)


if __name__ == "__main__":
    main()
