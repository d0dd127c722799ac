#!/usr/bin/env python3
"""A disk without room: what is told, what goes on, and what still answers (TAP).

Where a file system can be mounted, a small one is filled. Everywhere else the same commands run under a limit of 0 for
what a process may write to files, which fails the same calls."""
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile

from home import GATE, NOW, SANITIZED, Home, Tap, rests, terminate, wait_until
from live import answer, instruction, name_of, send

LOOKS = (("status",), ("spool", "list"), ("spool", "show", "1"), ("spool", "cat", "1"), ("why", name_of(1)),
         ("device", "show", "00-DB-12-34-56-78-90-01"), ("device", "list", "--state", "DISPATCHED"),
         ("incident", "list", "--all"), ("pickup",), ("report", "list"), ("report", "ECOSMIG-003"), ("doctor",),
         ("sequence", "list"), ("spool", "verify"))
SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "room_shim.so"))
HUGE = 1 << 30  # MiB: no disk has that


def told(home, code="A108"):
    """Subjects of the incidents that are open."""
    return [row["subject"] for row in home.json("incident", "list") if row["code"] == code]


@contextlib.contextmanager
def small_disk(size):
    """A mounted file system of so many bytes; None where that is not allowed."""
    folder = tempfile.mkdtemp(prefix="ecosgate-test.")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False,
                          capture_output=True)
    try:
        yield folder if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def fill(folder, leave=0):
    """Takes all that is free but `leave` bytes; returns the file to remove."""
    path = os.path.join(folder, "filler")
    with open(path, "ab", 0) as file:
        free = os.statvfs(folder)
        file.write(bytes(max(free.f_bavail * free.f_frsize - leave, 0)))
        while leave == 0:
            try:
                file.write(b"x")
            except OSError:
                break
    return path


def test_below_reserve(tap):
    home = Home(f"gateway reserve={HUGE}\ngateway poll_interval=3600")
    send(home, name_of(1), instruction(1))
    daemon = home.daemon()
    tap.ok(wait_until(lambda: told(home) == ["spool"]), "below the reserve A108 is open", told(home))
    tap.ok(wait_until(lambda: rests(daemon)), "the daemon waits, though a file is in a local drop")
    send(home, name_of(2), instruction(2))  # which wakes it
    tap.ok(wait_until(lambda: rests(daemon)), "and waits again after a file has come")
    status = home.json("status")[0]
    tap.ok([disk["name"] for disk in status["disks"]] == ["spool"] and status["disks"][0]["room"].startswith("no"),
           "status names the disk", status["disks"])
    rows = home.json("pickup", "mcc")
    tap.ok([row["decision"] for row in rows] == ["wait", "wait"] and "reserve" in rows[0]["reason"],
           "pickup says that the files wait, and for what", rows)
    done = home.command("doctor")
    tap.ok(done.returncode == 1 and b"reserve" in done.stdout, "doctor says it", done.stdout)
    terminate(daemon)
    lines = daemon.stderr.read().decode().splitlines()
    tap.ok(sum(" disk-low: " in line for line in lines) == 1 and len(lines) <= 5, "the log says it once", lines)
    tap.ok(sorted(os.listdir(home.inbox("mcc"))) == [name_of(1), name_of(2)], "both files are where they were")
    done = home.run()
    tap.ok(done.returncode == 2 and done.stderr.count(b" disk-low: ") == done.stderr.count(b"\n") == 1,
           "run --once ends with 2 and says one line",
           done.returncode, done.stderr)
    home.set("gateway reserve=0")
    done = home.run()
    tap.ok(done.returncode == 1 and told(home) == [] and answer(name_of(2)) in home.out("mcc"),
           "with room the incident is closed and both are picked up", done.returncode, done.stderr, told(home))
    tap.ok(home.command("spool", "verify").returncode == 0, "the spool is sound")


def test_custody_goes_on(tap):
    """Only picking up stops."""
    home = Home("gateway inventory=required")
    send(home, name_of(1), instruction(1))
    home.run()
    home.set(f"gateway inventory=auto\ngateway reserve={HUGE}")
    send(home, name_of(2), instruction(2, (2,)))
    done = home.run()
    tap.ok(done.returncode == 2 and answer(name_of(1), "EMD") in home.out("mcc") and
           any(name.startswith("EMW") for name in home.out("tcos")) and told(home) == ["spool"],
           "a file in the spool is judged, answered and ordered below the reserve", done.stderr, home.out("mcc"))
    tap.ok(any(name.startswith("INC") for name in home.out("dcc")), "the incident is reported")
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(2)], "the next one is not picked up")


def test_one_file(tap):
    """The disk has its reserve, but not for this file beside it."""
    home = Home()
    disk = os.statvfs(home.path("spool"))
    free = disk.f_bavail * disk.f_frsize >> 20
    home.set(f"gateway reserve={max(free - 512, 1)}")
    path = os.path.join(home.inbox("mcc"), name_of(1))
    with open(path, "wb") as file:
        file.truncate(1 << 30)
    send(home, "small.txt", b"small")
    done = home.run()
    again = home.run()
    codes = [one["code"] for one in home.json("incident", "list") if one["code"].startswith("A")]
    tap.ok(done.returncode == 2 and codes == ["A107"] and name_of(1).encode() in done.stderr and
           os.listdir(home.inbox("mcc")) == [name_of(1)], "a file that alone does not fit beside it is an A107",
           done.stderr, again.stderr, codes)
    os.remove(path)
    tap.ok(home.run().returncode == 0 and told(home) == [] and
           [one["code"] for one in home.json("incident", "list") if one["code"].startswith("A")] == [],
           "without it the incident is closed", told(home))


def test_drops_behind(tap):
    """The disk has its reserve and no byte more: the first drop's file keeps later drops back."""
    home = Home("gateway poll_interval=3600\ngateway reserve=64")
    send(home, name_of(1), instruction(1))
    daemon = home.daemon(env={"LD_PRELOAD": SHIM, "ROOM_FREE": str(64 << 20)})
    tap.ok(wait_until(lambda: told(home) == ["spool"]), "a file without room beside the reserve is an A108", told(home))
    tap.ok(wait_until(lambda: rests(daemon)), "the daemon waits, though later drops were not listed yet")
    terminate(daemon)
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1)], "the file is where it was")
    daemon.stderr.close()


def test_two_disks(tap):
    with small_disk(8 << 20) as disk:
        if disk is None:
            tap.ok(True, "no file system can be mounted here # SKIP")
            return
        home = Home()
        shutil.move(home.path("spool", "ledger.sqlite"), disk)
        home.set(f"gateway ledger={disk}/ledger.sqlite\ngateway reserve=1")
        send(home, name_of(1), instruction(1))
        done = home.run()
        tap.ok(done.returncode == 0 and told(home) == [], "a ledger on a disk of its own, with room", done.stderr)
        filler = fill(disk, 1 << 19)
        send(home, name_of(2), instruction(2, (2,)))
        home.run()
        tap.ok(told(home) == ["ledger"] and os.listdir(home.inbox("mcc")) == [name_of(2)],
               "the ledger's disk is told by its own name", told(home))
        tap.ok([row["name"] for row in home.json("status")[0]["disks"]] == ["spool", "ledger"], "status has both")
        os.remove(filler)
        done = home.run()
        tap.ok(done.returncode == 0 and told(home) == [] and answer(name_of(2)) in home.out("mcc"),
               "with room it goes on", done.stderr, told(home))


def test_full(tap):
    """A disk on which nothing at all can be written, with and without a running gateway."""
    for alive in (False, True):
        with small_disk(4 << 20) as disk:
            if disk is None:
                tap.ok(True, "no file system can be mounted here # SKIP")
                continue
            look_at_full(tap, disk, alive)


def look_at_full(tap, disk, alive):
    home = Home("gateway poll_interval=1")
    where = "beside a running gateway" if alive else "while none runs"
    shutil.move(home.path("spool"), os.path.join(disk, "spool"))
    home.set(f"gateway spool={disk}/spool\ngateway ledger={disk}/spool/ledger.sqlite\ngateway reserve=0")
    send(home, name_of(1), instruction(1))
    home.run()
    daemon = home.daemon() if alive else None
    if alive:
        send(home, name_of(2), instruction(2, (2,)))
        wait_until(lambda: answer(name_of(2), "EMD") in home.out("mcc") and
                   {job["state"] for job in home.json("spool", "list")} == {"done"})
    before = [home.command(*look).stdout for look in LOOKS[1:5]]
    filler = fill(disk)
    for look in LOOKS:
        done = home.command(*look)
        # `doctor` and `report` end with 1 here: no room, and nobody's report.
        tap.ok(done.returncode in ((0, 1) if look[0] in ("doctor", "report") else (0,)) and b"I/O" not in done.stderr,
               f"{' '.join(look)} answers on a full disk {where}", done.returncode, done.stderr)
    if not alive:  # a running gateway has opened A108, and its INC is a job
        tap.ok([home.command(*look).stdout for look in LOOKS[1:5]] == before, "and says the same as before")
    send(home, name_of(3), instruction(3, (3,)))
    if not alive:
        done = home.run()
        tap.ok(done.returncode == 2 and disk.encode() in done.stderr and b"free space there" in done.stderr,
               "run names the disk and says what to do", done.stderr)
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(3)], f"nothing is picked up {where}")
    os.remove(filler)
    if alive:
        tap.ok(wait_until(lambda: answer(name_of(3), "EMD") in home.out("mcc")), "with room the gateway goes on itself")
        terminate(daemon)
        lines = daemon.stderr.read().decode().splitlines()
        tap.ok(len(lines) == len(set(lines)), "it says nothing twice", *lines)
    else:
        done = home.run()
        tap.ok(done.returncode == 0 and answer(name_of(3), "EMD") in home.out("mcc"), "with room it goes on",
               done.stderr)
    tap.ok(told(home) == [] and home.command("spool", "verify").returncode == 0, "and all is sound", told(home))


def without_writing():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write fails with EFBIG
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_limit(tap):
    """The second way: no process may write to any file. What it prints goes to a pipe."""
    home = Home()
    send(home, name_of(1), instruction(1))
    home.run()
    before = [home.command(*look).stdout for look in LOOKS[1:5]]

    def limited(*arguments):
        return subprocess.run([GATE, "-c", home.conf, "--now", NOW, *arguments], capture_output=True, check=False,
                              preexec_fn=without_writing)

    for look in LOOKS:
        done = limited(*look)
        good = done.returncode in ((0, 1) if look[0] in ("doctor", "report") else (0,))
        tap.ok(good and b"I/O" not in done.stderr, f"{' '.join(look)} answers where nothing can be written",
               done.returncode, done.stderr)
    tap.ok([limited(*look).stdout for look in LOOKS[1:5]] == before, "and says the same as before")
    tap.ok(limited("run", "--once").returncode == 2, "run ends with 2")
    tap.ok(home.run().returncode == 0 and home.command("spool", "verify").returncode == 0, "and nothing is lost")


if __name__ == "__main__":
    with Tap() as report:
        test_below_reserve(report)
        test_custody_goes_on(report)
        test_one_file(report)
        if SANITIZED:  # it takes no preloaded library
            report.ok(True, "drops behind one without room # SKIP")
        else:
            test_drops_behind(report)
        test_two_disks(report)
        test_full(report)
        test_limit(report)
