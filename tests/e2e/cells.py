#!/usr/bin/env python3
"""Cells: what a parser that runs foreign code reaches, what it may say, and what is left of a cell (TAP)."""
import json
import os
import signal
import socket
import subprocess
import sys

from home import GATE, PATIENCE, SANITIZED, Home, Tap, children_of, generate, said_so_far, wait_until
from live import NO_INC, instruction, name_of, send, sound, states

FILE = name_of(1)
ENDED = "process that makes cells has ended"


def attacked(home, attack, record=2, **more):
    return {"ECOSGATE_CELL_ATTACK": f"{attack}@{record}", **more}


def corrupt(home):
    return list(states(home).values()) == ["corrupt"]


def refused(tap, home, attack, text, expected="", **more):
    """The file goes to corrupt/ after three tries; the log and `why` name the reason."""
    send(home, FILE, instruction(1, (1, 2, 3)))
    done = home.run(env=attacked(home, attack, **more))
    said = done.stderr.decode()
    why = home.command("why", "1").stdout.decode()
    tap.ok(corrupt(home) and said.count("try ") == 3 and expected in said and expected in why,
           text, done.returncode, said, why, states(home))


def helpers_of(pid):
    return [int(child) for child in children_of(pid)]


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


def test_attacks(tap):
    """Each attempt, with the filter of system calls and with Landlock alone."""
    secret = Home().path("key")
    with open(secret, "wb") as file:
        file.write(b"key")
    written = secret + ".written"
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        attacks = [("read", secret, "a key file is not read"), ("write", written, "nothing is written outside"),
                   ("connect", port, "nothing is connected to"), ("fork", "", "no process is made"),
                   ("exec", "/bin/true", "nothing is executed"), ("trace", "", "nobody is traced"),
                   ("kill", os.getpid(), "nobody is ended"),
                   ("descriptors", "", "there is no other descriptor")]
        for attack, argument, text in attacks:
            refused(tap, Home(NO_INC), f"{attack}:{argument}", f"by the filter, {text}", "SIGSYS")
        for attack, argument, text in attacks[:3]:
            refused(tap, Home(NO_INC), f"{attack}:{argument}", f"by Landlock, {text}", "status 90",
                    ECOSGATE_CELLS_WITHOUT="seccomp,limits")
        home = Home(NO_INC)
        refused(tap, home, f"read:{home.path('spool', 'ledger.sqlite')}", "the ledger is not opened", "SIGSYS")
        server.setblocking(False)
        try:
            server.accept()
            tap.ok(False, "nobody has connected")
        except BlockingIOError:
            tap.ok(not os.path.exists(written), "nobody has connected, and nothing was written")
    home = Home(NO_INC)
    send(home, FILE, instruction(1, (1, 2, 3)))
    done = home.run(env=attacked(home, f"read:{secret}", ECOSGATE_CELLS_WITHOUT="seccomp,landlock,limits"))
    tap.ok(done.returncode == 0 and "done" in states(home).values() and b"lack" in done.stderr,
           "the attack is a real one: without guards it succeeds, and the log warns", done.stderr.decode())
    if not SANITIZED:
        refused(tap, Home(NO_INC), "memory", "memory has a limit")


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def said(*bodies):
    return b"".join(len(body).to_bytes(4, "little") + body for body in bodies).hex()


def rows(first, count, around=2, text=None):
    """Rows of ten fields without a text, by formats/rows.h: bytes before and behind, and nine between."""
    text = b"," * (count * (9 + around + 1)) if text is None else text
    return bytes([10]) + b"".join(map(number, (first, 1, count, around, 1))) + bytes(10 * count) + text


def test_nonsense(tap):
    """Whatever it says instead of records."""
    record = bytes([2]) + number(9) + number(1) + number(1) + b"\0"
    field = number(0) + number(1) + number(0)
    cases = [
        ("say:ffffffff00", "a message that is too long", "a message of"),
        ("say:00000000", "a message of no bytes", "a message of"),
        (f"say:{said(bytes([11]))}", "a message of no kind", "may not come"),
        (f"say:{said(bytes([9, 0]) + bytes(10))}", "a record like one that was not there", "like none before"),
        (f"say:{said(record + field * 10)}{said(bytes([9, 0, 200]) + bytes(9))}", "a short record that is cut",
         "no parser says"),
        (f"say:{said(record + field * 10)}{said(bytes([9, 1, 2, 2]) + bytes(8) + bytes([65, 44, 255]))}",
         "a text of a short record that is no UTF-8", "UTF-8"),
        (f"say:{said(rows(9, 1, text=b',' * 11))}", "rows of other lengths", "of other lengths"),
        (f"say:{said(rows(9, 1)[:12])}", "rows that are cut", "rows that are cut"),
        (f"say:{said(rows(9, 1, text=b'A' * 11 + bytes([255])))}", "rows that are no ASCII", "no ASCII"),
        (f"say:{said(rows(9, 1, text=b'A' * 11 + bytes([0])))}", "rows with a NUL", "no ASCII"),
        (f"say:{said(rows(9, 1, around=3))}", "rows with other texts around", "letter and a line end"),
        (f"say:{said(rows(0, 1))}", "rows without a number", "count up"),
        (f"say:{said(rows(1 << 30, 1))}", "rows beyond all", "count up"),
        (f"say:{said(rows(9, 0))}", "no rows", "count up"),
        (f"say:{said(rows(9, 1))}{said(rows(9, 1))}", "rows that come twice", "count up"),
        (f"say:{said(record + field * 10, rows(10, 1), bytes([9, 0]) + bytes(10))}", "a record like rows",
         "like none before"),
        (f"say:{said(bytes([0, 3]))}", "a second greeting", "greeting"),
        (f"say:{said(record + field * 3)}", "a record that is cut", "no parser says"),
        (f"say:{said(record + field * 10 + b'x')}", "a record that is too long", "too long"),
        (f"say:{said(bytes([2]) + number(1 << 31) + number(1) * 2 + b'0' + field * 20)}", "a record beyond all",
         "count up"),
        (f"say:{said(record + number(0) + number(1) + number(4) + field * 9 + bytes([255, 0, 65]))}",
         "a field that is no UTF-8", "UTF-8"),
        (f"say:{said(bytes([4, 99, 1, 1, 0, 0, 0, 2, 65, 0]))}", "a fault of no kind", "no kind"),
        (f"say:{said(bytes([4, 1, 1, 1, 0, 0, 0, 3, 65, 10, 0]))}", "a text with a line end", "control"),
        (f"say:{said(bytes([6]) + number(1 << 40) + number(1))}", "more bytes than the file has", "more than"),
        ("say:", "an end without a word", "too early"),
        ("end:7", "an end with a status", "status 7"),
        ("crash", "a fault of memory", "(SIGS"),
        ("flood:records", "the same record without end", "count up"),
        ("flood:progress", "progress without end", "without end"),
    ]
    for attack, text, expected in cases:
        refused(tap, Home(NO_INC), attack, f"{text} is no record", expected)
    refused(tap, Home(NO_INC), "hang", "a cell that says nothing is ended", "said nothing",
            ECOSGATE_CELLS_SILENCE="300")
    for record in (1, 3):
        home = Home(NO_INC)
        send(home, FILE, instruction(1, (1, 2, 3)))
        home.run(env=attacked(home, "end:1", record))
        tap.ok(corrupt(home) and not home.out("mcc"), f"dead at record {record}: nothing was recorded")
        home.command("spool", "requeue", "1", "--reason", "mended")
        done = home.run()
        tap.ok(done.returncode == 0 and len(home.out("mcc")) == 2 and len(home.out("tcos")) == 1,
               "requeued without the fault, it is judged as if nothing had been", done.stderr.decode())
        sound(tap, home, f"after a death at record {record}")


def test_check(tap):
    home = Home()
    path = os.path.join(home.top, FILE)
    with open(path, "wb") as file:
        file.write(instruction(1, (1, 2, 3)))
    other = os.path.join(home.top, name_of(2))
    with open(other, "wb") as file:
        file.write(instruction(2, (4,)))
    for attack, expected in (("read:/etc/passwd", "SIGSYS"), ("descriptors", "SIGSYS"), ("end:7", "status 7"),
                             ("crash", "(SIGS")):
        for files in ((path,), (path, other)):
            done = home.command("check", *files, env=attacked(home, attack))
            tap.ok(done.returncode == 2 and expected in done.stderr.decode(),
                   f"check of {len(files)} says that {attack} has ended the cell", done.stderr.decode())
    done = home.command("check", path, env=attacked(home, "descriptors", ECOSGATE_CELLS_WITHOUT="seccomp"))
    tap.ok("status 90" in done.stderr.decode(), "the cell of check has no other descriptor", done.stderr.decode())
    done = home.command("check", path, env=attacked(home, "hang", ECOSGATE_CELLS_SILENCE="300"))
    tap.ok(done.returncode == 2 and b"said nothing" in done.stderr, "a cell of check that says nothing is ended",
           done.stderr.decode())
    good = home.command("check", path)
    home.set("gateway cells=no")
    tap.ok(good.returncode == 0 and good.stdout == home.command("check", path).stdout,
           "with and without cells check says the same", good.stdout.decode())


def test_processes_of_check(tap):
    """One file: its cell alone. Several: a helper, which has heard of none of them, the cell and the one that was made
    ahead. None outlives check."""
    home = Home()
    paths = [os.path.join(home.top, name_of(sequence)) for sequence in (1, 2)]
    for sequence, path in enumerate(paths, 1):
        with open(path, "wb") as file:
            file.write(instruction(sequence, (sequence,)))
    env = {**os.environ, "ECOSGATE_CELL_ATTACK": "hang@1"}
    for files, depth in ((paths[:1], 1), (paths, 2)):
        with subprocess.Popen([GATE, "check", *files], env=env, stdout=subprocess.DEVNULL) as check:
            found = [check.pid]
            for _ in range(depth):
                wait_until(lambda: helpers_of(found[-1]))  # pylint: disable=cell-var-from-loop
                found.append(helpers_of(found[-1])[0])
            tap.ok(wait_until(lambda: not helpers_of(found[-1])  # pylint: disable=cell-var-from-loop
                              and [len(helpers_of(pid)) for pid in found[:-1]] == [1, 2][:depth]),
                   f"check of {len(files)} has the processes that it takes", found)
            found += helpers_of(found[-2])
            check.kill()
        tap.ok(wait_until(lambda: all(gone(pid) for pid in found)), "which end with it", found)


def test_processor_of_check(tap):
    """A large file in XML, whose cell is busy to the end: what it took of a processor counts as taken by check."""
    home = Home()
    path = generate(home.top, "--form", "xml", "--devices", "300000")
    took = {}
    for cells in ("used", "no"):
        home.set(f"gateway cells={cells}")
        with subprocess.Popen([GATE, "-c", home.conf, "check", path], stdout=subprocess.DEVNULL) as check:
            _, status, usage = os.wait4(check.pid, 0)
            check.returncode = os.waitstatus_to_exitcode(status)
        took[cells] = usage.ru_utime + usage.ru_stime
    tap.ok(took["used"] > 0.75 * took["no"], "the time of a large file's cell is counted", took)


# Stands in for a process 1: it gets the processes whose parent has ended, and waits for none of them before the end.
WAITS_FOR_NONE = """
import ctypes, os, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
for _ in range(60):
    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
left = 0
while True:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        break
    left += 1
print(left)
"""


def test_nothing_left(tap):
    home = Home()
    path = os.path.join(home.top, FILE)
    with open(path, "wb") as file:
        file.write(instruction(1, (1, 2, 3)))
    for files in (1, 4):
        done = subprocess.run([sys.executable, "-c", WAITS_FOR_NONE, GATE, "check", *[path] * files],
                              capture_output=True, check=False)
        tap.ok(done.stdout == b"0\n", f"check of {files} leaves no process to process 1", done.stdout, done.stderr)


def test_guards(tap):
    home = Home(NO_INC)
    for lacking, words in (("seccomp", "the filter of system calls"), ("landlock", "Landlock")):
        rows = [json.loads(line) for line in home.command(
            "--json", "doctor", env={"ECOSGATE_CELLS_WITHOUT": lacking}).stdout.splitlines()]
        found = [row for row in rows if row["probe"] == "cells"]
        tap.ok(found and found[0]["result"] == "note" and words in found[0]["text"],
               f"doctor notes a kernel without {lacking}", found)
    found = [row for row in home.json("doctor") if row["probe"] == "cells"]
    tap.ok(found and found[0]["result"] == "good", "this machine has all guards", found)
    home.set("gateway cells=required")
    done = home.run(env={"ECOSGATE_CELLS_WITHOUT": "landlock"})
    tap.ok(done.returncode == 2 and b"cells=required" in done.stderr, "cells=required: run refuses to lack one",
           done.stderr.decode())
    send(home, FILE, instruction(1, (1,)))
    done = home.run()
    tap.ok(done.returncode == 0 and "done" in states(home).values(), "and works with all of them", done.stderr.decode())
    home.set("gateway cells=no")
    done = home.run()
    tap.ok(done.returncode == 0 and b"cells=no" in done.stderr, "cells=no is logged", done.stderr.decode())


def status_of(pid, word):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.startswith(word + ":"))


def test_ahead(tap, home, daemon, helper):
    """The cell that was made ahead takes one file. Its own end is not one of the tries of the next file."""
    waiting = helpers_of(helper)
    tap.ok(status_of(waiting[0], "NoNewPrivs") == "1", "it is guarded before it has a file")
    send(home, name_of(3), instruction(3, (3,)))
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 6) and wait_until(lambda: gone(waiting[0])),
           "it takes one file, and ends with it")
    tap.ok(wait_until(lambda: len(helpers_of(helper)) == 1), "the next one waits")
    os.kill(helpers_of(helper)[0], signal.SIGKILL)
    tap.ok(wait_until(lambda: not helpers_of(helper)), "nobody waits in its place")
    send(home, name_of(4), instruction(4, (4,)))
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 8) and "(its cell)" not in said_so_far(daemon),
           "the next file has a cell of its own at once")


def test_helper(tap):
    home = Home(NO_INC + "\ngateway poll_interval=1")
    daemon = home.daemon()
    for sequence in (1, 2):
        tap.ok(wait_until(lambda: helpers_of(daemon.pid)), f"the daemon has a helper, {sequence}")
        os.kill(helpers_of(daemon.pid)[0], signal.SIGKILL)
        tap.ok(wait_until(lambda sequence=sequence: said_so_far(daemon).count(ENDED) == sequence),
               f"its end is logged, {sequence}", said_so_far(daemon))
        send(home, name_of(sequence), instruction(sequence, (sequence,)))
        tap.ok(wait_until(lambda sequence=sequence: len(home.out("mcc")) == 2 * sequence or daemon.poll() is not None),
               f"after the end of the helper another one is made, {sequence}")
    helpers = helpers_of(daemon.pid)
    tap.ok(len(helpers) == 1 and wait_until(lambda: len(helpers_of(helpers[0])) == 1),
           "there is one helper, and no cell is left but the one that waits for a file", helpers)
    test_ahead(tap, home, daemon, helpers[0])
    daemon.send_signal(signal.SIGTERM)
    tap.ok(daemon.wait(timeout=PATIENCE) == 0 and said_so_far(daemon).count(ENDED) == 2, "the daemon stops well",
           said_so_far(daemon))
    tap.ok(wait_until(lambda: gone(helpers[0])), "its helper ends with it")
    daemon = home.daemon()
    wait_until(lambda: helpers_of(daemon.pid))
    helpers = helpers_of(daemon.pid)
    daemon.kill()
    daemon.wait()
    tap.ok(wait_until(lambda: gone(helpers[0])), "also when it is killed")


if __name__ == "__main__":
    with Tap() as report:
        test_attacks(report)
        test_nonsense(report)
        test_check(report)
        test_processes_of_check(report)
        test_processor_of_check(report)
        test_nothing_left(report)
        test_guards(report)
        test_helper(report)
