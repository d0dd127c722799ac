"""Fail the Nth write, sync, rename, open, allocation … with ENOSPC and EIO, N = 1, 2, …, and find nothing lost.

tests/e2e/fault_shim.c is loaded before the program. It fails the calls that it is asked to and writes down what each
call did, so that two things are known at every stop: what is there, and what of it would outlast a power cut.

In every case the program runs while a call fails, and then once more without. While it fails it ends with 0, 1 or 2,
says what, where and why when it could not do all, loses no file that was handed over and puts no half file into a
drop. Afterwards all is byte for byte as if nothing had happened, durable and sound.

Of calls one after another on the same file the first two, one in the middle and the last are failed. Where a script or
a mode is stepped through with a stride, it says so.
"""
import collections
import concurrent.futures
import glob
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

import gate
from home import (GATE, LOGGED, NOW, PATIENCE, SAMPLES, SANITIZED, Copy, Home, Tap, difference, rows_of, terminate,
                  wait_until)

SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
GOOD = [path for path in sorted(glob.glob(f"{SAMPLES}/good/*")) if os.path.isfile(path)]
STEM = "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_"
REJECTED = ("mcc", glob.glob(f"{SAMPLES}/codes/B208/*.csv")[0], STEM + "000003.csv")
FEW = [("mcc", GOOD[0], os.path.basename(GOOD[0])), REJECTED]

KINDS = ("write", "sync", "rename", "open", "space", "link", "unlink", "mkdir", "close")
# "-shm": a command that gives an order reads the ledger alone where it cannot write the ledger's index, and so it
# leaves the order to the next run.
CAUSE = re.compile("No space left on device|Input/output error|disk is full|disk I/O error|readonly database|"
                   "unable to open database file|its -shm file cannot be made or grow")
OUR_MISTAKE = re.compile("after its end|outside a transaction|values are given|cannot become|savepoint|no job path|"
                         "CRITICAL|WARNING")
# Others go on where one drop or one file cannot be read: the order, and with it the numbers, may then be another. While
# the drop of the work orders is down none is made, and then one for all.
PASSED_OVER = re.compile(r"^open .*(/drops/\w+/(in(/[^/]*)?|out)|/payload)$|"
                         r"^\w+ .*/drops/mcc/out/\.+ecosgate-claim[^/]*$|"
                         r"^\w+ .*/drops/tcos/out(/.*)?$")
UNREAD = re.compile(rb"(^|/)\.[^/]*\.part$")  # a temporary file: nobody reads it
WORKERS = 3
VERIFY_EVERY = 8  # `spool verify`; the ledger's own check is asked every time


OF_INCIDENTS = ("incident", "counter: ('incident'", "count_incident", "tally: ('incident'")  # rows of the ledger


class Disk:
    """What would outlast a power cut, from the shim's log: bytes and names that no sync has covered yet."""

    # What SQLite keeps itself, the lock, the sign of life, which only says what is so now, and the last thing that
    # `init` makes, again if need be
    SCRATCH = ("lock", "heartbeat", "verified", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite-journal",
               "ecosgate.conf")

    def __init__(self):
        self.bytes = {}  # inode: (path, "unsynced" or "lost by a failed sync")
        self.names = collections.defaultdict(dict)  # inode of a folder: name: "made" or "gone"
        self.early = []  # senders' copies removed while ours could still be lost
        self.calls = collections.defaultdict(list)  # kind: paths, of the last run
        self.stretches = collections.defaultdict(list)  # kind: numbers of calls one after another on the same file
        self.last = None  # call
        self.hit = None  # the first call that was made to fail in the last run

    def feed(self, log):
        self.calls.clear()
        self.stretches.clear()
        self.last = None
        self.hit = None
        if not os.path.exists(log):
            return
        with open(log, encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.rstrip("\n").split("\t")
                getattr(self, "on_" + fields[0])(*fields[1:])
        os.unlink(log)

    def on_call(self, kind, path):
        for name in (kind, "any"):
            self.calls[name].append(path)
            if (kind, path) != self.last:
                self.stretches[name].append([])
            self.stretches[name][-1].append(len(self.calls[name]))
        self.last = (kind, path)

    def telling(self, kind):
        """The numbers of the calls that are worth failing: of a stretch the first two, one in the middle and the last.
        A commit of SQLite writes a hundred times and fails as a whole."""
        return sorted({n for calls in self.stretches[kind] for n in (*calls[:2], calls[len(calls) // 2], calls[-1])})

    def on_fault(self, kind, path):
        self.hit = self.hit or f"{kind} {path}"

    def on_bytes(self, inode, path):
        self.bytes[inode] = (path, "unsynced")

    def on_synced(self, inode, path):
        """After a failed sync a second one says nothing about the same bytes."""
        if self.bytes.get(inode, ("", ""))[1] == "unsynced":
            del self.bytes[inode]
        if path.endswith("/ledger.sqlite"):  # what was in the WAL was written there
            self.bytes = {inode: entry for inode, entry in self.bytes.items() if not entry[0].endswith("-wal")}
        self.names.pop(inode, None)

    def on_unsynced(self, inode, path):
        if inode in self.bytes or path.endswith("-wal"):
            self.bytes[inode] = (path, "lost by a failed sync")

    def on_allsynced(self, _inode, _path):
        self.bytes = {inode: entry for inode, entry in self.bytes.items() if entry[1] != "unsynced"}
        self.names.clear()

    def on_allunsynced(self, _inode, _path):
        self.bytes = {inode: (path, "lost by a failed sync") for inode, (path, _) in self.bytes.items()}

    def on_made(self, folder, name):
        self.names[folder][name] = "made"

    def on_gone(self, folder, name):
        if re.match(r"(\..*\.part|etilqs_\w+)$", name):  # the second: a temporary file of SQLite
            self.names[folder].pop(name, None)  # may come back: nobody reads it
        else:
            self.names[folder][name] = "gone"

    def on_removed(self, inode, path):
        if re.search(r"/drops/\w+/in/[^/]*$", path):
            unsafe = [file for file, how in self.bytes.values()
                      if re.search(r"/spool/(incoming|ready)/\d+/(\.?payload|\.?envelope)", file) or how != "unsynced"]
            self.early += [f"{path} is removed, {file} is not safe" for file in unsafe]
        self.bytes.pop(inode, None)
        self.names.pop(inode, None)

    def unsafe(self, top):
        """Of what is there now."""
        paths = {}
        for root, _, files in os.walk(os.fsencode(top)):
            for path in [root] + [os.path.join(root, name) for name in files]:
                status = os.lstat(path)
                paths[f"{status.st_dev:x}:{status.st_ino}"] = os.fsdecode(path)
        lines = [f"bytes {how}: {paths[inode]}" for inode, (_, how) in self.bytes.items()
                 if inode in paths and os.path.basename(paths[inode]) not in self.SCRATCH and
                 not UNREAD.search(os.fsencode(paths[inode]))]
        lines += [f"{how}, but its folder is not synced: {paths[inode]}/{name}" for inode, names in self.names.items()
                  for name, how in names.items() if inode in paths and name not in self.SCRATCH]
        return lines + self.early


class Look:
    """What is there at one moment: the files with their digests, and the ledger's rows, jobs and soundness."""

    def __init__(self, home):
        self.tree = home.tree()
        path = home.path("spool", "ledger.sqlite")
        if os.path.exists(path + "-wal"):  # who opens it mends it, so a copy is looked at
            path = home.ledger_copy()
        self.rows, self.jobs, self.unsound = [], {}, []
        if not os.path.exists(path):
            return
        connection = sqlite3.connect(f"file:{path}?immutable=1" if path.startswith(home.dir) else path, uri=True)
        try:
            self.rows = rows_of(connection, ("order_id",))
            if any(row.startswith("job:") for row in self.rows):
                self.jobs = {row[0]: row[1:] for row in connection.execute("SELECT id,drop_name,sha256 FROM job")}
            self.unsound = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        finally:
            connection.close()


class Faulty(Home):
    """A home whose program runs on a bad disk: the copy of a prepared one, or none yet."""

    def __init__(self, copy=None, files=(), old=False):  # pylint: disable=super-init-not-called
        self.new_folder()
        self.old = old
        self.disk = Disk()
        self.killed = False
        self.files = list(files)
        self.seen = None  # a Look; None: the program has run since
        if copy is not None:
            copy.write(self.dir)
            self.parse_here()

    def parse_here(self):
        """The preloaded library asks for the path of each descriptor, which ends a cell."""
        self.set("gateway cells=no")

    def hand_over(self, files):
        """At once: the rule `closed` asks whether somebody has a file open, and other threads' children inherit
        ours."""
        # What a failing disk does to a drop is an incident. To report it would take a job of its own.
        self.parse_here()
        self.set("gateway incident_party=NOBODY\n" +
                 "\n".join(f"drop {drop} complete=at-once" for drop in ("mcc", "tcos")))
        for drop, path, name in files:
            self.drop(drop, path, name)
            self.files.append((drop, name, digest(path)))
        self.seen = None

    def environment(self, fault=None, kill_after=None, calls=False):
        env = {**os.environ, "FAULT_UNDER": self.dir, "FAULT_LOG": os.path.join(self.top, "calls")}
        if fault:
            env["FAULT"] = fault
        if kill_after:
            env["FAULT_KILL_AFTER"] = str(kill_after)
        if calls:
            env["FAULT_CALLS"] = "1"
        if self.old:
            env["FAULT_NO_RENAMEAT2"] = "1"
        return env

    def gate(self, *arguments, **plan):
        self.seen = None
        done = gate.run(*arguments, env=self.environment(**plan), timeout=PATIENCE, preload=[SHIM])
        self.disk.feed(os.path.join(self.top, "calls"))
        return done

    def ask(self, *arguments, **plan):
        return self.gate("-c", self.conf, "--now", NOW, *arguments, **plan)

    def run_once(self, **plan):
        return self.ask("run", "--once", **plan)

    def look(self):
        if self.seen is None:
            self.seen = Look(self)
        return self.seen

    def ledger_copy(self):
        for end in ("", "-wal"):
            source, copy = self.path("spool", "ledger.sqlite") + end, os.path.join(self.top, "ledger") + end
            if os.path.exists(copy):
                os.unlink(copy)
            if os.path.exists(source):
                shutil.copyfile(source, copy)
        return os.path.join(self.top, "ledger")

    def end(self):
        """Without temporary files."""
        files = {name: sha for name, sha in self.look().tree.items() if not UNREAD.search(name)}
        # What a failing disk does to a drop is an incident, which stays in the ledger, as do its number, what counts
        # incidents, and what was said of a sender's copy that could not be removed.
        return files, [row for row in self.look().rows if not row.startswith(OF_INCIDENTS) and
                       not re.match(r"pickup: \('\w+', '\.ecosgate-taken-.*'gone', 'removed'", row)]

    def lost(self, due=None):
        """What is nowhere, in two places, or half there, a line each; due: what may stand in the drops."""
        tree, jobs, places = self.look().tree, self.look().jobs, collections.defaultdict(list)
        for path, sha in tree.items():
            match = re.match(rb"spool/(\w+)/(?:\d{5}xxx/)?(\d{8})/payload$", path)
            if match and int(match[2]) in jobs:
                places[int(match[2])].append((os.fsdecode(match[1]), sha))
        lines = [f"job {job} is in {where}" for job, where in places.items() if len(where) > 1]
        ours = {(jobs[job][0], where[0][1]) for job, where in places.items()}
        for drop, name, sha in self.files:
            if (drop, sha) not in ours and tree.get(os.fsencode(f"drops/{drop}/in/{name}")) != sha:
                lines.append(f"neither in the drop nor in the spool: {drop} {name!r}")
        if due is not None:
            lines += [f"not what is due: {os.fsdecode(path)}" for path, sha in tree.items()
                      if re.match(rb"drops/\w+/out/(\w+/)?[^./][^/]*$", path) and due.get(path) != sha]
        return lines

    def unverified(self):
        done = self.ask("spool", "verify")
        return [] if done.returncode == 0 else ["spool verify: " + text(done.stdout + done.stderr)]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def text(data):
    return data.decode(errors="replace").strip()


# ---- scripts: what is done while calls fail, and what is done about it afterwards ----


class Script:
    """Handed over files are run once. Undisturbed, it shows what calls there are and what the end is."""

    kinds = KINDS
    runs = 9  # on the bad disk at most

    def __init__(self, name, files, old=False):
        self.name, self.files, self.old = name, files, old
        self.copy, self.handed = None, ()
        prepared = self.prepare()
        if prepared is not None:
            first = Faulty(Copy(prepared.dir))
            first.hand_over(files)
            self.copy, self.handed = Copy(first.dir), first.files
            first.remove()
        home = self.home()
        self.done = self.act(home, calls=True)
        self.calls = {kind: list(paths) for kind, paths in home.disk.calls.items()}
        self.telling = {kind: home.disk.telling(kind) for kind in self.calls}
        self.then = home.end()
        last = self.mend(home, self.done)
        self.expected = home.end()
        self.faults = home.disk.unsafe(home.dir) + home.lost() + home.look().unsound + home.unverified()
        self.faults += [text(done.stderr) for done in (self.done, last) if done.returncode not in (0, 1)]
        self.kinds = [kind for kind in self.kinds if self.calls.get(kind)]
        home.remove()

    def prepare(self):
        return Home()

    def home(self):
        return Faulty(self.copy, self.handed, self.old)

    def act(self, home, **plan):
        return home.run_once(**plan)

    def mend(self, home, _):
        return home.run_once()


class Order(Script):
    """An operator's order; what leads to it is done before. An operator gives it once and then looks."""

    runs = 1

    def __init__(self, verb, *before):
        self.verb, self.before = verb, before
        super().__init__(f"spool {verb}", [])

    def prepare(self):
        home = Home()
        home.drop(*REJECTED)
        home.run()
        for verb in self.before:
            home.command("spool", verb, "1", "--reason", "before")
        return home

    def act(self, home, **plan):
        return home.ask("spool", self.verb, "1", "--reason", "a test", **plan)

    def mend(self, home, done):
        """What was said is believed: an order that does not stand is given again. A kill says nothing."""
        stands = done.returncode == 0 or re.search("the order (waits|stands|may stand) in", text(done.stderr))
        if done.returncode == -signal.SIGKILL:
            stands = any(name[0] != "." for name in os.listdir(home.path("spool", "orders"))) or \
                b"a test" in home.ask("spool", "show", "1").stdout
        done = done if stands else self.act(home)
        return home.run_once() if stands or done.returncode == 0 else done


class Init(Script):
    """A home is made; files are handed over when it is whole."""

    def prepare(self):
        return None

    def act(self, home, **plan):
        return home.gate("init", home.dir, **plan)

    def mend(self, home, done):
        if done.returncode != 0:
            done = self.act(home)
            if done.returncode != 0 and "exists already" not in text(done.stderr):
                return done
        home.hand_over(self.files)
        return home.run_once()


class Reports(Script):
    """Reports of two days are made up: their files share syncs and commits, in the spool and in their drop."""

    kinds = ("write", "sync", "rename", "mkdir")

    def prepare(self):
        home = Home()
        home.set("drop dcc complete=at-once")
        path = os.path.join(home.top, "parties")
        with open(path, "w", encoding="ascii") as file:
            file.write("H,PTY,1.0,90-B3-D5-1F-30-00-00-02,90-B3-D5-1F-30-00-00-04,1,2023-07-03T06:00:00Z,TEST,P,,FULL\n"
                       "D,1,SET,90-B3-D5-1F-30-05-00-01,SUPPLIER,AAAA,First,\n"
                       "D,2,SET,90-B3-D5-1F-30-05-00-02,SUPPLIER,BBBB,Second,\nT,2\n")
        home.drop("dcc", path, "PTY_DCC_90-B3-D5-1F-30-00-00-02_20230703_060000_000001.csv")
        home.run()
        return home

    def act(self, home, **plan):
        return home.gate("-c", home.conf, "--now", "2023-07-05T00:00:00Z", "run", "--once", **plan)

    def mend(self, home, _):
        return self.act(home)


class Recovery(Script):
    """What a kill left is taken up on a bad disk."""

    kinds = ("write", "sync", "rename", "unlink", "mkdir", "open")

    def __init__(self, files, kill_at):
        self.kill_at = kill_at
        super().__init__(f"few files, killed at call {kill_at}", files)

    def act(self, home, **plan):
        if not home.killed:
            home.run_once(fault=f"any:{self.kill_at}:1:KILL")
            home.killed = True
        return home.run_once(**plan)


class InTheWay(Script):
    """The answers' names are taken by the very bytes that are due."""

    kinds = ("sync", "rename", "unlink")

    def __init__(self, name, files, done):
        self.answers = done
        super().__init__(name, files)

    def prepare(self):
        home = Home()
        for drop in ("mcc", "tcos"):
            for name in self.answers.out(drop):
                shutil.copy(self.answers.path("drops", drop, "out", name), home.path("drops", drop, "out", name))
        return home


# ---- one case ----


def check_message(home, done):
    said = text(done.stderr)
    if CAUSE.search(said) and home.dir in said and not OUR_MISTAKE.search(said) and all(
            line.startswith("ecosgate: ") or LOGGED.match(line) for line in said.splitlines()):
        return []
    return [f"exit {done.returncode} without what, where and why: {said!r}"]


def check_stop(script, home, done, killed, exact):
    """After a run on the bad disk."""
    lines = home.lost(script.expected[0] if exact else None)
    if killed and done.returncode == -signal.SIGKILL:
        return lines
    if done.returncode == 2:
        return lines + check_message(home, done)
    if done.returncode not in (0, 1):
        return lines + [f"exit {done.returncode}"]
    files, rows = home.end()
    files = {name: sha for name, sha in files.items()
             if not name.startswith(b"spool/orders/")}  # carried out, but there
    if exact and (files, rows) not in (script.then, script.expected):
        lines += [f"exit {done.returncode}, but not all is done", difference(script.then, (files, rows))]
    return lines


def check_end(script, home, last, exact):
    lines = home.disk.unsafe(home.dir) + home.look().unsound
    if last.returncode not in (0, 1):
        lines.append(f"afterwards: exit {last.returncode}: {text(last.stderr)}")
    found = home.end()
    if exact and found != script.expected:
        lines += [difference(script.expected, found)] + home.lost()
    if not exact:
        lines += home.lost() + home.unverified()
        lines += [f"not answered: {os.fsdecode(name)}" for name in script.expected[0]
                  if b"/out/EMA_" in name and name not in found[0]]
    return lines


def attempt(script, fault, times=1, kill_after=None):
    """(was the fault reached, what went wrong)."""
    home = script.home()
    lines, stops, exact = [], [], True
    for _ in range(times):
        done = script.act(home, fault=fault, kill_after=kill_after)
        if home.disk.hit is None:
            break
        stops.append(f"{home.disk.hit}: exit {done.returncode} {text(done.stderr)}")
        exact = exact and not PASSED_OVER.match(home.disk.hit)
        lines += check_stop(script, home, done, fault.endswith("KILL") or kill_after, exact)
    if stops:
        lines += check_end(script, home, script.mend(home, done), exact)
        if int(fault.split(":")[1]) % VERIFY_EVERY == 0:
            lines += home.unverified()
    if not lines:
        home.remove()
        return len(stops) > 0, None
    killed = f", killed {kill_after} calls later" if kill_after else ""
    return True, "\n".join([f"{script.name}, {fault}{killed}, in {home.top}"] + stops + lines)


# ---- which cases ----

# name: what and how often, runs on the bad disk, every how manyth N
FULL, BROKEN, LATE = "ENOSPC once", "EIO once", "EIO though it was done"
STAYS_FULL, STAYS_BROKEN = "ENOSPC from then on, in 2 runs", "EIO from then on, in 5 runs"
MODES = {
    FULL: ("1:ENOSPC", 1, 2),  # the code takes the same way for both causes, and EIO comes at each call
    BROKEN: ("1:EIO", 1, 1),
    LATE: ("1:EIO-LATE", 1, 2),
    STAYS_FULL: ("0:ENOSPC", 2, 3),
    STAYS_BROKEN: ("0:EIO", 5, 8),
}


def cases(script, kind, mode, stride):
    """With a stride, each mode begins at another call, so that what one leaves out another has; of few calls at the
    last one."""
    what, times, every = MODES[mode]
    calls = script.telling.get(kind, ())
    first = min(list(MODES).index(mode) % stride, len(calls) - 1)
    for n in calls[max(first, 0)::stride * every]:
        yield f"{kind}:{n}:{what}", {"times": min(times, script.runs)}


def kills(script, stride):
    for n in script.telling["any"][::stride]:
        yield f"any:{n}:1:KILL", {}


def kills_after_commits(script):
    """A COMMIT fails, and then the process ends before it can do anything about it, or in the middle of it."""
    for kind, what in (("sync", "EIO"), ("write", "EIO-LATE")):
        for n, path in enumerate(script.calls[kind], 1):
            if path.endswith("-wal") and (kind == "sync" or n % 6 == 0):
                for calls in (1, 2, 4, 7) if kind == "sync" else (2,):
                    yield f"{kind}:{n}:1:{what}", {"kill_after": calls}


class Runner:
    def __init__(self, tap, pool, only):
        self.tap, self.pool, self.only = tap, pool, only

    def all_good(self, script, situation, some):
        if self.only and self.only not in f"{script.name}: {situation}":
            return
        results = list(self.pool.map(lambda case: attempt(script, case[0], **case[1]), some))
        bad = [text for _, text in results if text]
        stops = sum(hit for hit, _ in results)
        self.tap.ok(not bad and stops > 0, f"{script.name}: {situation}: {stops} stops, nothing lost",
                    f"{len(bad)} of {len(results)} went wrong", *bad[:4])

    def undisturbed(self, script):
        self.tap.ok(not script.faults, f"{script.name}: undisturbed it ends well", *script.faults)
        return script

    def every_kind(self, script, modes=tuple(MODES), stride=1):
        self.undisturbed(script)
        for kind in script.kinds:
            for mode in modes:
                if kind in ("sync", "close") and mode == LATE:
                    continue  # the same as once
                self.all_good(script, f"{kind}, {mode}", cases(script, kind, mode, stride))


def test_shim(tap):
    """Without it all cases would be good: nothing would fail."""
    home = Faulty(Home.made_copy())
    done = home.run_once(calls=True)
    calls = sum(map(len, home.disk.calls.values()))
    tap.ok(done.returncode == 0 and calls > 0 and home.disk.hit is None, "the shim is loaded and counts calls",
           text(done.stderr))
    done = home.run_once(fault="open:1:1:EIO")
    tap.ok(done.returncode == 2 and home.disk.hit is not None and "Input/output error" in text(done.stderr),
           "the shim fails the call that it is asked to fail", done.returncode, home.disk.hit, text(done.stderr))
    done = gate.run("-c", home.conf, "--now", NOW, "run", "--once", env=home.environment(fault="open:1:1:EIO"))
    tap.ok(done.returncode == 0 and not os.path.exists(os.path.join(home.top, "calls")),
           "the same run without the shim is good", text(done.stderr))


def test_few_files(run, few):
    missing = set(KINDS) - set(few.kinds)
    run.tap.ok(missing == {"link"}, "few files: calls of every kind are made, but link (see no RENAME_NOREPLACE)",
               missing)
    run.every_kind(few, stride=2)
    run.all_good(few, "a COMMIT fails, killed soon after", kills_after_commits(few))


def test_other_files(run, few):
    old = Script("few files, no RENAME_NOREPLACE", FEW, old=True)
    old.kinds = ("link", "rename", "unlink")
    run.every_kind(old, (BROKEN, LATE))
    run.all_good(old, "killed at every 7th call", kills(old, 7))
    done = Home()
    for file in FEW:
        done.drop(*file)
    done.run()
    run.every_kind(InTheWay("few files, answers there already", FEW, done), (BROKEN,))
    run.every_kind(large_file(done), (FULL, BROKEN, LATE), 2)
    reports = Reports("reports", [])
    run.tap.ok(sum("drops/suppliers/out" in path for path in reports.calls["sync"]) < 8,
               "reports: their delivery is a batch", reports.calls["sync"])
    run.every_kind(reports, (BROKEN, STAYS_BROKEN), 2)
    run.every_kind(Recovery(FEW, len(few.calls["any"]) // 3), (BROKEN,), 4)


def large_file(home):
    """Is written by a thread of its own; it is of a type that is not read."""
    path = os.path.join(home.top, "large")
    with open(path, "wb") as file:
        file.write(os.urandom(3 << 20))
    script = Script("a large file", [("tcos", path, "EMT_TCSP_90-B3-D5-1F-30-0E-C0-02_20230703_060000_000001.csv")])
    script.kinds = ("write",)
    return script


def test_init(run):
    init = Init("init", FEW)
    run.every_kind(init, (FULL, LATE, STAYS_BROKEN), 2)


def test_orders(run):
    for order in (Order("requeue"), Order("hold", "requeue"), Order("release", "requeue", "hold")):
        run.every_kind(order, (BROKEN, LATE, STAYS_FULL), 2)
        run.all_good(order, "killed at every 3rd call", kills(order, 3))


def outlasts(case):
    """A daemon on a disk that fails for a while and then is well again."""
    kind, n = case
    few, home = outlasts.script, outlasts.script.home()
    home.set("gateway poll_interval=1")
    settled = [path for path in few.expected[0] if re.match(rb"drops/\w+/out/|spool/(done|rejected)/", path)]
    daemon = subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run"], stderr=subprocess.PIPE,
                              env={**home.environment(f"{kind}:{n}:12:ENOSPC"), "LD_PRELOAD": SHIM})
    good = wait_until(lambda: all(os.path.exists(home.path(os.fsdecode(path))) for path in settled) and
                      not os.listdir(home.inbox("mcc")))
    status, said = terminate(daemon), text(daemon.stderr.read())
    home.disk.feed(os.path.join(home.top, "calls"))
    lines = [] if good and status == 0 else [f"exit {status}: {said}"]
    lines += check_end(few, home, home.run_once(), True)
    return f"{case} in {home.top}: {lines} {said}" if lines else None


def test_daemon(tap, pool, few):
    outlasts.script = few
    some = []
    for kind in ("write", "sync"):  # after the first claim: a disk that is full at the start ends the program
        calls = few.calls[kind]
        first = next(n for n, path in enumerate(calls, 1) if "ecosgate-claim" in path) + 1
        some += [(kind, n) for n in range(first, len(calls), (len(calls) - first) // 5)]
    bad = [line for line in pool.map(outlasts, some) if line]
    tap.ok(not bad, f"run: outlasts a disk that is full for a while, {len(some)} times", *bad)


def test_looks(tap, few):
    """Commands that only look change nothing; what they cannot print whole they do not call good."""
    home = few.home()
    home.run_once()
    before, bad = home.end(), []
    for words in (("status",), ("spool", "list"), ("spool", "verify"), ("--json", "spool", "show", "1"),
                  ("device", "show", "00-DB-12-34-56-78-01-A0"), ("spool", "cat", "1")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([GATE, "-c", home.conf, *words], stdout=full, stderr=subprocess.PIPE, check=False)
        if done.returncode != 2 or b"standard output" not in done.stderr:
            bad.append(f"{words} into a full disk: exit {done.returncode}, {text(done.stderr)}")
        home.ask(*words, calls=True)
        if not home.disk.calls["open"]:
            bad.append(f"{words} opens no file")
        for n in range(1, len(home.disk.calls["open"]) + 1):
            done = home.ask(*words, fault=f"open:{n}:1:EIO")
            if done.returncode not in (0, 1, 2) or (done.returncode == 2 and not CAUSE.search(text(done.stderr))):
                bad.append(f"{words}, {home.disk.hit}: exit {done.returncode} {text(done.stderr)}")
    tap.ok(not bad, "looks: exit 2 with a reason where a file cannot be opened or standard output is full", *bad)
    tap.ok(home.end() == before, "looks: nothing is changed", difference(before, home.end()))


def main():
    if SANITIZED:
        print("1..0 # SKIP a sanitized program takes no preloaded library")
        return
    with Tap() as tap, concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        test_shim(tap)
        run = Runner(tap, pool, " ".join(sys.argv[1:]))
        few = Script("few files", FEW)
        test_few_files(run, few)
        test_other_files(run, few)
        test_init(run)
        test_orders(run)
        test_daemon(tap, pool, few)
        test_looks(tap, few)


if __name__ == "__main__":
    main()
