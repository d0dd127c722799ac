#!/usr/bin/env python3
"""Reports that a daemon builds in a thread, from a snapshot, while passes go on (TAP).

The reference is the same estate whose reports the writer builds by itself, as `run --once` does: their rows are proved
elsewhere (reports.py, report_rows.py, model.py). The thread is held by ptrace, which stops that thread alone, and where
it reads the snapshot: elsewhere it might hold a lock of the allocator or of SQLite, for which passes would wait.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import time

import gate
from home import PATIENCE, SANITIZED, Copy, Home, Tap, answer, generate, said_so_far, terminate, wait_until

DEVICES = 24_000 if SANITIZED else 40_000  # more than LEDGER_SURVEY_SHORT
BEFORE, DUE, LATER = "2023-07-09T23:50:00Z", "2023-07-10T00:00:00Z", "2023-07-10T00:00:01Z"
TWO_WEEKS = "2023-07-17T00:00:00Z"
WEEKLY = ("ECOSMIG-004", "ECOSMIG-005", "MGMT", "MGMT-PAGE")
SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
SETTINGS = ("gateway cells=no\ngateway poll_interval=1\ngateway inventory_max_age=3650\ngateway incident_party=NOBODY\n"
            "drop dcc complete=at-once\ndrop mcc complete=at-once\ngateway max_devices=100000")
POINTS = ("answer-stored:before:2", "report-synced:after", "report-issued:before", "report-issued:after",
          "job-activated:after")
PTRACE_DETACH, PTRACE_SYSCALL, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 24, 0x4206, 0x4207
PREAD = {"x86_64": "17", "aarch64": "67"}.get(os.uname().machine)  # its number as a system call
WALL = 0x40000000  # of waitpid: threads, too


class Held:
    """A thread that reads a snapshot, held where it is."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, daemon, name="reports", over="report-issued"):
        """name: of the thread; over: what the daemon says when it has ended."""
        self.thread, self.name = 0, name
        while not self.find(daemon):  # without a pause: it lives for a part of a second
            if daemon.poll() is not None or over in said_so_far(daemon):
                return  # it was quicker than this process, which other programs may keep from running

    def ask(self, what):
        return self.libc.ptrace(what, self.thread, None, None) == 0

    def find(self, daemon):
        for thread in os.listdir(f"/proc/{daemon.pid}/task"):
            try:
                with open(f"/proc/{daemon.pid}/task/{thread}/comm", encoding="ascii") as file:
                    name = file.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if name != f"{self.name}\n":
                continue
            self.thread = int(thread)
            if self.ask(PTRACE_SEIZE) and self.ask(PTRACE_INTERRUPT) and self.at_a_read(daemon):
                return True
            self.thread = 0
        return False

    def at_a_read(self, daemon):
        """Lets the thread go from system call to system call, to the next read of the snapshot."""
        while os.WIFSTOPPED(os.waitpid(self.thread, WALL)[1]):
            with open(f"/proc/{daemon.pid}/task/{self.thread}/syscall", encoding="ascii") as file:
                if file.read().split()[0] == PREAD:
                    return True
            self.ask(PTRACE_SYSCALL)
        return False

    def release(self):
        self.ask(PTRACE_DETACH)


def hold(estate):
    """A home, and a daemon on it whose building is held."""
    for _ in range(20):
        home = estate.home()
        daemon = home.daemon(now=DUE)
        held = Held(daemon)
        if held.thread != 0:
            return home, daemon, held
        terminate(daemon)
        home.remove()
    raise RuntimeError(said_so_far(daemon))


def filled():
    home = Home(SETTINGS)
    for kind in ("PTY", "INV"):
        path = generate(home.top, "--type", kind, "--devices", str(DEVICES), "--suppliers", "3")
        shutil.move(path, os.path.join(home.inbox("dcc"), os.path.basename(path)))
    done = home.run(now=BEFORE)
    if done.returncode != 0 or home.json("report", "list", now=BEFORE):
        raise RuntimeError(done.stderr.decode())
    return home


class Estate:
    """Homes before the end of a week, each a copy of the same one."""

    def __init__(self):
        first = filled()
        self.copy = Copy(first.dir)
        first.remove()

    def home(self):
        home = Home.__new__(Home)
        home.new_folder()
        self.copy.write(home.dir)
        return home


def reports_of(home):
    """The bytes of all files of reports in the drops."""
    found = {}
    for drop in ("suppliers", "maps", "dcc"):
        for root, _, names in os.walk(home.path("drops", drop, "out")):
            for name in names:
                if name.startswith(("ECOSMIG", "MGMT", "MAPR")):
                    with open(os.path.join(root, name), "rb") as file:
                        found[os.path.join(drop, os.path.basename(root), name)] = file.read()
    return found


def sound(tap, home, now, text):
    done = home.command("spool", "verify", now=now)
    tap.ok(done.returncode == 0 and os.listdir(home.path("spool", "incoming")) == [], f"{text}: all is sound",
           done.stdout.decode(), os.listdir(home.path("spool", "incoming")))


def all_there(home, expected):
    return wait_until(lambda: len(reports_of(home)) == len(expected) and not os.listdir(home.path("spool", "active")))


def same(tap, home, expected, text):
    found = reports_of(home)
    wrong = sorted(name for name in set(found) | set(expected) if found.get(name) != expected.get(name))
    tap.ok(not wrong, f"{text}: every byte is as the writer alone would issue it", wrong[:5])


def decommission(home):
    """What the reports tell of changes: 500 Devices of the inventory are gone. The name of the file's answer."""
    path = generate(home.top, "--type", "INV", "--devices", "500", "--suppliers", "3", "--delta", "--sequence", "2")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(",Commissioned,", ",Decommissioned,"))
    home.drop("dcc", path)
    return answer(os.path.basename(path))


def instruct(home):
    """300 Devices of the inventory get work items, which the reports tell of, too."""
    path = generate(home.top, "--type", "EMI", "--form", "csv", "--devices", "300", "--suppliers", "3")
    home.drop("mcc", path)
    return answer(os.path.basename(path))


def test_passes_go_on(tap, estate, expected):
    """While reports are built, files are judged, work is ordered and an operator's order is carried out, and the
    reports do not tell of them."""
    home, daemon, held = hold(estate)
    ema = instruct(home)
    tap.ok(wait_until(lambda: ema in home.out("mcc") and any(name.startswith("EMW") for name in home.out("tcos"))),
           "while reports are built, an instruction is judged and its work is ordered", said_so_far(daemon))
    ema = decommission(home)
    tap.ok(wait_until(lambda: ema in home.out("dcc")), "while reports are built, a file is judged and answered",
           said_so_far(daemon))
    done = home.command("drop", "pause", "tcos", "--reason", "while reports are built", now=DUE)
    tap.ok(done.returncode == 0, "an operator's order is carried out", done.stderr.decode())
    tap.ok(reports_of(home) == {} and home.json("report", "list", now=DUE) == [], "no report is issued before",
           home.json("report", "list", now=DUE))
    state = home.json("status", now=DUE)[0]["last_pass"]
    tap.ok(state["reports_building"] == DUE, "`status` tells since when they are built", state)
    said = home.command("why", "ECOSMIG-001", now=DUE).stderr.decode()
    tap.ok(f"why: reports are being built since {DUE}; they have no job and no name before" in said,
           "`why` tells it of what is not known", said)
    home.set("gateway migration_end=2023-12-31T00:00:00Z")
    daemon.send_signal(signal.SIGHUP)
    time.sleep(.3)
    tap.ok("read again" not in said_so_far(daemon), "a reload waits", said_so_far(daemon))
    held.release()
    tap.ok(all_there(home, expected), "then they are issued and delivered", said_so_far(daemon))
    tap.ok(wait_until(lambda: "read again" in said_so_far(daemon)), "then the configuration is read again",
           said_so_far(daemon))
    same(tap, home, expected, "after what came meanwhile")
    tap.ok(terminate(daemon) == 0, "SIGTERM ends it with 0", said_so_far(daemon))
    sound(tap, home, DUE, "after what came meanwhile")
    for change in (decommission, instruct):
        other = estate.home()
        change(other)
        other.run(now=BEFORE)
        other.run(now=DUE)
        tap.ok(reports_of(other) != expected, f"before the period's end it would have changed them: {change.__name__}")


def work_of(process):
    """Seconds of a processor so far."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_stop(tap, estate, expected):
    """Counted is the work of the daemon, for on a busy machine a stop takes as long as others let it."""
    home, daemon, held = hold(estate)
    before = work_of(daemon)
    daemon.send_signal(signal.SIGTERM)
    held.release()
    _, status, usage = os.wait4(daemon.pid, 0)
    daemon.returncode = os.waitstatus_to_exitcode(status)
    work = usage.ru_utime + usage.ru_stime - before
    tap.ok(daemon.returncode == 0 and work < (60 if SANITIZED else 8),
           "SIGTERM ends a building within the time for a stop", work, said_so_far(daemon))
    sound(tap, home, DUE, "after SIGTERM")
    tap.ok(reports_of(home) == {}, "the reports are due still")
    home.run(now=DUE)
    same(tap, home, expected, "after SIGTERM")


def test_kill(tap, estate, expected):
    home, daemon, held = hold(estate)
    daemon.kill()
    os.waitpid(held.thread, WALL)  # a process is gone when the last of its threads is
    daemon.wait(timeout=PATIENCE)
    home.run(now=DUE)
    same(tap, home, expected, "after a kill")
    sound(tap, home, DUE, "after a kill")


def test_points(tap, estate, expected):
    """Killed at each durable step; the next start issues each report once."""
    for point in POINTS:
        home = estate.home()
        daemon = home.daemon(now=DUE, env={"ECOSGATE_CRASH": point})
        tap.ok(wait_until(lambda: daemon.poll() is not None) and daemon.returncode == -signal.SIGKILL,
               f"{point}: it is killed", daemon.returncode, said_so_far(daemon))
        home.run(now=DUE)
        same(tap, home, expected, point)
        sound(tap, home, DUE, point)
        home.remove()


def test_full(tap, estate, expected):
    """A disk that is full for a while: passes go on, and the bytes are those of the snapshot."""
    home = estate.home()
    fault = {"LD_PRELOAD": SHIM, "FAULT_UNDER": home.path("spool", "incoming"), "FAULT": "write:3:2:ENOSPC",
             "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    daemon = home.daemon(now=DUE, env=fault)
    tap.ok(wait_until(lambda: "unstored: reports that are due cannot be built" in said_so_far(daemon)),
           "a full disk: it is said", said_so_far(daemon))
    ema = decommission(home)
    tap.ok(wait_until(lambda: ema in home.out("dcc")), "a full disk: passes go on", said_so_far(daemon))
    tap.ok(all_there(home, expected), "a full disk: the reports come as soon as there is room", said_so_far(daemon))
    same(tap, home, expected, "a full disk")
    tap.ok(terminate(daemon) == 0, "a full disk: SIGTERM ends it with 0")
    sound(tap, home, DUE, "a full disk")


def test_made_up(tap, estate):
    """Two weeks at once are made up by the writer, before anything else."""
    home, other = estate.home(), estate.home()
    other.run(now=TWO_WEEKS)
    daemon = home.daemon(now=TWO_WEEKS)
    tap.ok(all_there(home, reports_of(other)), "two weeks are made up", said_so_far(daemon))
    same(tap, home, reports_of(other), "two weeks")
    tap.ok(terminate(daemon) == 0, "two weeks: SIGTERM ends it with 0")


def may_trace():
    """Whether this process may hold a thread of a child."""
    child = subprocess.Popen(["sleep", "60"])
    may = Held.libc.ptrace(PTRACE_SEIZE, child.pid, None, None) == 0
    child.kill()
    child.wait()
    return may


def main():
    if PREAD is None or not may_trace():
        print("1..0 # SKIP no ptrace that is known here")
        return
    with Tap() as tap:
        estate = Estate()
        undisturbed = estate.home()
        undisturbed.run(now=DUE)
        expected = reports_of(undisturbed)
        tap.ok(len(expected) > 9, "the writer issues a week by itself", sorted(expected))
        for test in (test_passes_go_on, test_stop, test_kill, test_points, test_full):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap, estate, expected)
        test_made_up(tap, estate)


if __name__ == "__main__":
    main()
