#!/usr/bin/env python3
"""`backup --link` that is stopped before each of its files, while the gateway changes the form or the place of all of
them: it ends well, and what it made is of the moment at which it began (TAP)."""
import os
import shutil
import signal
import subprocess

from home import GATE, SANITIZED, Home, Tap, wait_until
from parties import at
from redeliver import collect, redeliver, standing
from retention import DAY, files_of, played

STOP = "backup-entry:before:{}:%d" % signal.SIGSTOP


def sums_agree(target):
    return subprocess.run(["sha256sum", "-c", "--quiet", "--strict", "MANIFEST"], cwd=target, capture_output=True,
                          check=False).returncode == 0


def set_back(home, kept):
    shutil.rmtree(home.dir)
    shutil.copytree(kept, home.dir)


def stands_still(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] in "TZ"


def stopped_backup(home, number, now):
    """One that stands still before its entry of that number, or has ended."""
    process = subprocess.Popen([GATE, "-c", home.conf, "--now", now, "backup", "--link", home.path("copy")],
                               env=dict(os.environ, ECOSGATE_CRASH=STOP.format(number)), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    wait_until(lambda: stands_still(process))
    return process


def let_end(process):
    process.send_signal(signal.SIGCONT)
    out, errors = process.communicate()
    return process.returncode, out, errors


def forms(home):
    return {name.endswith(".gz") for name in files_of(home) if "payload" in name}


def faults_of(home, wanted, now):
    """What is wrong with the copy, as a text; "" if nothing is."""
    if not sums_agree(home.path("copy")):
        return "a sum differs"
    fresh = Home()
    done = fresh.command("restore", home.path("copy"), "--replace", now=now)
    found = {name.removesuffix(".gz") for name in files_of(fresh)}
    faults = [row for row in fresh.json("spool", "verify", now=now)[:-1] if "recover --reason" not in row["fault"]]
    fresh.remove()
    return "" if done.returncode in (0, 1) and found == wanted and not faults else f"{found ^ wanted} {faults[:3]}"


def test_each_entry(tap, what, start, beside):
    """start: makes the home and says the time; beside(home): what happens while the backup stands still."""
    home, now = start()
    wanted = {name.removesuffix(".gz") for name in files_of(home)}
    kept = home.dir + ".kept"
    shutil.copytree(home.dir, kept)
    number, bad, changed = 1, [], 0
    while True:
        process = stopped_backup(home, number, now)
        if process.poll() is not None:
            let_end(process)
            break
        before = home.tree()
        beside(home)
        changed += home.tree() != before
        status, _, errors = let_end(process)
        fault = "" if status != 0 else faults_of(home, wanted, now)
        if status != 0 or fault:
            bad.append(f"entry {number}: exit {status}: {errors.decode()[-300:]} {fault}")
        set_back(home, kept)
        number += 7 if SANITIZED else 1
    tap.ok(number > 20 and changed > (2 if SANITIZED else 10) and not bad,
           f"{what} before each of {number - 1} entries of a linked backup", *bad[:10])
    shutil.rmtree(kept)


def unpacked():
    home, _, _ = played()
    return home, at(DAY)


def packed():
    home, _, _ = played()
    home.run(now=at(DAY + 11))
    collect(home)
    assert forms(home) == {True}
    return home, at(DAY + 12)


def pack(home):
    home.run(now=at(DAY + 11))
    assert forms(home) == {True}


def unpack(home):
    names = [os.path.basename(name).removesuffix(".gz") for name in files_of(home) if "/EM" in name]
    for name in sorted(set(names)):
        redeliver(home, name, now=at(DAY + 13))
    home.run(now=at(DAY + 14))
    assert standing(home)


def unpack_and_pack(home):
    unpack(home)
    home.run(now=at(3 * DAY))


def main():
    with Tap() as tap:
        test_each_entry(tap, "all files are packed", unpacked, pack)
        test_each_entry(tap, "packed files are made plain and delivered again", packed, unpack)
        test_each_entry(tap, "they are made plain and packed again", packed, unpack_and_pack)


if __name__ == "__main__":
    main()
