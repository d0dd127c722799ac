#!/usr/bin/env python3
"""Cuts the power after each change that a run makes on the disk, and expects the end of an undisturbed run.

A run is recorded once: every write, rename, removal and sync, in their order (record_shim.c). For each moment of the
record a disk is made that holds what was synced by then, and of the rest what one of the ways of power_disk.py lets it
hold. The program runs on it once more. Files, rows and what `spool verify` finds must then be those of the undisturbed
end. So nothing is lost, nothing is done twice, and what a recipient could have seen before the cut is
what he finds after it.

The runs are acts of the scripts of crash.py. Each record is proved first: replayed without a cut it gives the folder
that the run has left. Moments that leave the same disk are one case.

    CASE='plain 1 217 torn' python3 ../tests/e2e/power.py      one case: script, act, entries before the cut, way

TAP. With a sanitizer only a few cuts: what a disk keeps does not depend on the build.
"""
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import sqlite3
import tempfile
import threading

import gate
from crash import SCRIPTS, Stage, has_crash_points
from home import FOLDER, GATE, NOW, SANITIZED, Home, Tap, difference
from power_disk import WAYS, Disk, read_record, write_out

SHIM = os.path.join(gate.FOLDER, "record_shim.so")
RECORDED = (("made", 0), ("plain", 1), ("orders", 2), ("life", 8), ("reporting", 10), ("mending", 2), ("mending", 4),
            ("mending", 7), ("kept", 4), ("kept", 8), ("archived", 2))
WORKERS = os.cpu_count() + 1
SOURCES = "SELECT id, drop_name, name, source_ino FROM job WHERE source_ino IS NOT NULL"


class Plain:
    """Runs the program; first, if asked to, recorded."""

    def __init__(self, allowed, under=None, to=None):
        self.allowed, self.hit, self.env = allowed, False, {"RECORD_UNDER": under, "RECORD_TO": to} if under else None

    def run(self, *arguments):
        if self.env is not None:
            return gate.run_anew([GATE, *arguments], {**os.environ, **self.env}, None, [SHIM])
        return gate.run(*arguments)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        if done.returncode not in self.allowed and b"exists already" not in done.stderr:  # `init` on a whole home
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.decode()}")
        return done


class Recording:
    """One act of a script: the home before it, the record of its run, and what is found at the end."""

    def __init__(self, script, act):
        self.script, self.act, self.name = script, act, f"{script.name} {act}"
        stage = Stage(script.copies[act], None, script.allowed)
        if script.name == "made":
            shutil.rmtree(stage.dir)
        else:
            stage.set("gateway cells=no")  # the recorder asks for the path of each descriptor, which ends a cell
        self.top = stage.top
        self.before, after = Disk(self.top), Disk(self.top)
        with tempfile.NamedTemporaryFile(prefix=FOLDER) as record:
            stage.gate = Plain(script.allowed, self.top, record.name)
            self.run(stage)
            self.entries = list(read_record(record.name))
        for entry in self.entries:
            after.apply(entry)
        self.unseen = self.compare(after)
        if script.name == "made":
            stage.take_at_once()
        self.found, self.verified = look(stage)
        self.fault = None if stage.found() == script.found[act] else difference(script.found[act], stage.found())

    def run(self, stage):
        """Also after a cut: then an operator whose order was lost gives it again."""
        if self.script.name == "made":
            stage.gate("init", stage.dir)
        elif self.script.name != "orders" or not is_given(stage):
            self.script.acts[self.act](stage)

    def moments(self):
        """(entries before the cut, the disk then); at the first moment the disk is replayed from the beginning."""
        disk = self.before
        yield 0, disk
        for n, entry in enumerate(self.entries, 1):
            disk.apply(entry)
            yield n, disk

    def compare(self, disk):
        """In what the disk after the last entry is not the folder that the run has left."""
        there = {path: found if found is None else bytes(found[0].now)
                 for path, found in disk.left("names", None).items()}
        real = {}
        for root, folders, files in os.walk(os.fsencode(self.top)):
            for name in folders + files:
                path = os.path.join(root, name)
                short = os.path.relpath(path, os.fsencode(self.top))
                if os.path.isdir(path):
                    real[short] = None
                elif not name.endswith(b"-shm"):
                    with open(path, "rb") as file:
                        real[short] = file.read()
        return sorted(path for path in set(there) | set(real) if there.get(path, 0) != real.get(path, 0))


def look(stage):
    """What must be the same: files, rows, and what `spool verify` says. The file of an order that was carried out may
    come back; the next run removes it."""
    files, rows = stage.found()
    files = {name: digest for name, digest in files.items() if not name.startswith(b"spool/orders/")}
    return (files, rows), stage.command("spool", "verify").stdout.decode()


def is_given(stage):
    stage.carry_out_orders()
    return b"a test" in stage.gate("-c", stage.conf, "--now", NOW, "spool", "show", "1").stdout


def point_at_copies(home, inodes):
    """The ledger names the sender's copies by inode, and the copies of a real disk would have kept theirs."""
    if not any(b"/drops/" in path and b"/in/" in path for path in inodes):
        return
    ledger = home.path("spool", "ledger.sqlite")
    with tempfile.TemporaryDirectory(prefix=FOLDER) as scratch:  # whoever opens it moves the WAL: look at a copy
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            if os.path.exists(home.path("spool", name)):
                shutil.copy(home.path("spool", name), scratch)
        rows = ask(os.path.join(scratch, "ledger.sqlite"), SOURCES)
    changes = []
    for job, drop, name, inode in rows:
        raw = re.sub(rb"\\x([0-9A-F]{2})", lambda match: bytes([int(match.group(1), 16)]), os.fsencode(name))
        path = os.path.join(b"home/drops", os.fsencode(drop), b"in", raw)
        if inodes.get(path) == inode:
            status = os.stat(os.path.join(os.fsencode(home.top), path))
            changes.append((status.st_dev, status.st_ino, status.st_ctime_ns, job))
    if changes:
        connection = sqlite3.connect(ledger)
        connection.executemany("UPDATE job SET source_dev=?, source_ino=?, source_ctime_ns=? WHERE id=?", changes)
        connection.commit()
        connection.close()


def ask(path, question):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    except sqlite3.DatabaseError:
        return []  # no table yet
    finally:
        connection.close()


def play(recording, left):
    """What is wrong after a cut that left this, or None."""
    stage = Stage.__new__(Stage)
    stage.place, stage.gate = None, Plain(recording.script.allowed)
    stage.new_folder()
    inodes = write_out(left, stage.top)
    point_at_copies(stage, inodes)
    fault = ""
    try:
        recording.run(stage)
        if recording.script.name == "made":
            stage.take_at_once()
    except RuntimeError as error:
        fault = str(error)
    found, verified = look(stage)
    if found != recording.found:
        fault += difference(recording.found, found)
    if verified != recording.verified:
        fault += "\n" + verified
    if not fault:
        stage.remove()
        return None
    return f"in {stage.top}\n{fault}"


def cases(recording, only=None):
    """(entries before the cut, way, what is left), each disk once."""
    known = set()
    for n, disk in recording.moments():
        for way in WAYS:
            if only is not None and only != (n, way) or only is None and not chosen(n, way, disk):
                continue
            left = disk.left(way, random.Random(f"{recording.name} {n} {way}"))
            print_of = fingerprint(left)
            if print_of not in known:
                known.add(print_of)
                yield n, way, left


def chosen(n, way, disk):
    """What was synced changes with a sync only, so each such disk is a case. The other ways differ with each entry:
    they take turns, and every second entry is enough. The simulator cuts the power in all four ways at any call."""
    if way == "both":
        return bool(disk.half)
    return way == "kept" or n % 6 == ("names", "bytes", "torn").index(way) * 2


def fingerprint(left):
    digest = hashlib.sha256()
    for path, found in left.items():
        digest.update(b"%d %s\0" % (len(path), path))
        if found is not None:
            digest.update(b"%d\0" % len(found[1]))
            digest.update(found[1])
    return digest.digest()


def test(tap, recording, pool):
    tap.ok(recording.fault is None, f"{recording.name}: recorded, the run ends as ever", recording.fault)
    tap.ok(recording.unseen == [], f"{recording.name}: the record holds every change, {len(recording.entries)} entries",
           recording.unseen)
    slots, running = threading.Semaphore(4 * WORKERS), []

    def one(n, way, left):
        try:
            fault = play(recording, left)
            return f"CASE='{recording.name} {n} {way}' {fault}" if fault else None
        finally:
            slots.release()

    for case in cases(recording):
        slots.acquire()
        running.append((case[1], pool.submit(one, *case)))
    for way in WAYS:
        results = [future.result() for mine, future in running if mine == way]
        bad = [fault for fault in results if fault]
        tap.ok((results or way == "both") and not bad,
               f"{recording.name}: {len(results)} cuts, {way}: each time the same end", f"{len(bad)} bad", *bad[:5])


def script_of(name):
    script, = [script for script in SCRIPTS if script.name == name]
    if not script.copies:
        script.place = None
        script.play_undisturbed()
    return script


def main():
    if SANITIZED or not has_crash_points():
        print("1..0 # SKIP built without crash points, or with a sanitizer, which replaces the recorder's calls")
        Home.clean(keep=False)
        return
    with Tap() as tap:
        if os.environ.get("CASE"):
            name, act, n, way = os.environ["CASE"].rsplit(" ", 3)
            recording = Recording(script_of(name), int(act))
            found = [play(recording, left) for _, _, left in cases(recording, (int(n), way))]
            tap.ok(found == [None], os.environ["CASE"], *filter(None, found))
            return
        with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
            for name, act in RECORDED:
                test(tap, Recording(script_of(name), act), pool)


main()
