#!/usr/bin/env python3
"""Backups of a gateway that works, their restore, and what must not happen to either (TAP).

A daemon works through hundreds of files while backups are taken at random moments. Each is restored into a fresh home
and must be sound: every job of the ledger is in exactly one folder, with the bytes that the ledger says. Then backups
are damaged in every way that a disk, an operator or an enemy can think of, and calls fail (fault_shim.c).
"""
import errno
import fcntl
import glob
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import gate
from home import GATE, NOW, PATIENCE, SAMPLES, SANITIZED, Home, Tap, difference, rests, terminate, wait_until
from live import instruction, name_of, send

SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
CLOCK_SHIM = os.path.join(gate.FOLDER, "clock_shim.so")
FILES = 60 if SANITIZED else 400
BACKUPS = 4 if SANITIZED else 12
SEED = int(os.environ.get("SEED", "1"))
GOOD = sorted(glob.glob(f"{SAMPLES}/good/*EMI*"))
REJECTED = sorted(glob.glob(f"{SAMPLES}/codes/B208/*.csv"))[0]
BEFORE = "before-20230703_120000"


def worked_home(files=2):
    """Some files were judged and answered."""
    home = Home("drop mcc complete=at-once")
    for source in GOOD[:files]:
        home.drop("mcc", source)
    home.drop("mcc", REJECTED, name_of(9, time="070000"))
    home.run()
    return home


def back_up(home, *options, name="copy", **more):
    target = os.path.join(home.top, name)
    return home.command("backup", *options, target, **more), target


def restore(home, source, *options, **more):
    return home.command("restore", *options, source, **more)


def sums_agree(target):
    return subprocess.run(["sha256sum", "-c", "--quiet", "--strict", "MANIFEST"], cwd=target, capture_output=True,
                          check=False).returncode == 0


def ids_in_ledger(path, written=False):
    """written: but for work orders and the like that are PLANNED: their folder comes with their bytes."""
    of = " WHERE direction=0 OR EXISTS(SELECT 1 FROM outgoing WHERE job=job.id AND state>0)" if written else ""
    connection = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    try:
        return sorted(row[0] for row in connection.execute("SELECT id FROM job" + of))
    finally:
        connection.close()


def ids_in_folders(spool):
    return sorted(int(os.path.basename(path)) for path in glob.glob(os.path.join(spool, "[a-z]*", "0*"))
                  if re.fullmatch(r"\d{8}", os.path.basename(path)) and "/before-" not in path)


def faults_of(home):
    """What `spool verify` finds, but for A109: that a restored ledger is not the newest one is what it has to say."""
    found = home.json("spool", "verify")
    if not found or "sound" not in found[-1]:
        return ["no result"]
    return [one["fault"] for one in found[:-1] if "ecosgate recover --reason" not in one["fault"]]


# ---- backups of a gateway under load ----


def feed(home, bursts):
    """A sender who sends as many files at once as there are for a backup, whenever the next backup comes."""
    for number in range(1, FILES + 1):
        if number % (FILES // BACKUPS) == 1:
            bursts.acquire()
        send(home, name_of(number), instruction(number, range(number * 3, number * 3 + 3)))


def check_restored(tap, copy, home, number):
    """The backup in a fresh home: sound, whole, and able to go on."""
    fresh = Home("drop mcc complete=at-once")
    done = restore(fresh, copy, "--replace")
    tap.ok(done.returncode == 0 and b"A109" in done.stderr, f"backup {number} is restored into a fresh home",
           done.stderr.decode())
    ledger, folders = fresh.path("spool", "ledger.sqlite"), ids_in_folders(fresh.path("spool"))
    rows, written = ids_in_ledger(ledger), ids_in_ledger(ledger, written=True)
    tap.ok(len(folders) == len(set(folders)) and set(written) <= set(folders) <= set(rows),
           f"backup {number}: each of {len(written)} jobs is in exactly one folder", set(written) ^ set(folders))
    faults = faults_of(fresh)
    tap.ok(not faults, f"backup {number} is sound", *faults[:20], copy)
    shutil.rmtree(fresh.path("drops", "mcc", "in"))
    shutil.copytree(home.path("drops", "mcc", "in"), fresh.path("drops", "mcc", "in"))
    done = fresh.run()
    tap.ok(done.returncode == 2 and b"A109" in done.stderr, f"backup {number}: run says A109", done.stderr.decode())
    done = fresh.command("recover", "--reason", "a test")
    tap.ok(done.returncode == 0, f"backup {number}: recover", done.stderr.decode())
    done = fresh.run()
    tap.ok(b"A109" not in done.stderr, f"backup {number}: the gateway goes on", done.stderr.decode()[-2000:])
    done = fresh.command("spool", "verify")
    tap.ok(done.returncode == 0, f"backup {number}: and all is sound", done.stdout.decode()[-2000:], copy)
    return rows


def make_listing_slow(home):
    """Names that no job has, between the states that a job passes: a move while the folders are listed is seen."""
    for number in range(2000 if SANITIZED else 20000):
        with open(home.path("spool", "held", f"x{number}"), "wb"):
            pass


def test_under_load(tap):
    home = Home("drop mcc complete=at-once")
    make_listing_slow(home)
    bursts, moments = threading.Semaphore(0), random.Random(SEED)
    sender = threading.Thread(target=feed, args=(home, bursts), daemon=True)
    daemon = home.daemon()
    sender.start()
    copies, codes = [], []
    for number in range(BACKUPS):
        seen = len(ended_jobs(home))
        bursts.release()
        wait_until(lambda n=seen: len(ended_jobs(home)) > n)
        time.sleep(moments.uniform(0, 0.05))
        done, copy = back_up(home, *(["--link"] if number % 3 == 2 else []), name=f"copy{number}")
        codes.append((done.returncode, done.stderr.decode()))
        copies.append(copy)
    bursts.release()  # for what is left over
    sender.join()
    tap.ok(all(code == 0 for code, _ in codes), f"{BACKUPS} backups while the gateway works", codes)
    tap.ok(terminate(daemon) == 0, "the gateway has noticed nothing", daemon.stderr.read().decode()[-2000:])
    tap.ok(not os.path.exists(home.path("spool", "frozen")), "it does not stand still any more")
    tap.ok(all(sums_agree(copy) for copy in copies), "sha256sum -c finds every backup good, linked ones too")
    sizes = [len(check_restored(tap, copy, home, number)) for number, copy in enumerate(copies)]
    tap.ok(sizes == sorted(sizes) and sizes[0] < sizes[-1], "each backup has what the one before has, and more", sizes)
    shutil.rmtree(home.path("spool", "held"))
    os.mkdir(home.path("spool", "held"))
    tap.ok(not faults_of(home), "the gateway's own spool is sound")


def test_idle_daemon(tap):
    """The gateway sleeps for a day; a backup wakes it."""
    home = worked_home()
    home.set("gateway poll_interval=86400")
    daemon = home.daemon()
    wait_until(lambda: home.json("status")[0]["running"])
    done, copy = back_up(home)
    tap.ok(done.returncode == 0 and sums_agree(copy), "a sleeping gateway is woken for a backup", done.stderr.decode())
    done = restore(home, copy, "--replace")
    tap.ok(done.returncode == 2 and b"locked by process" in done.stderr,
           "a restore is refused while the gateway runs", done.stderr.decode())
    terminate(daemon)


def test_backup_that_vanishes(tap):
    """Whoever asked the gateway to stand still is gone: the kernel gives up its lock, and the gateway goes on."""
    home = worked_home()
    daemon = home.daemon()
    # A pass that has asked for the lock already would pick the file up.
    wait_until(lambda: home.json("status")[0]["running"] and rests(daemon))
    with open(home.path("spool", "freeze"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        send(home, name_of(20), instruction(20, (77,)))
        tap.ok(wait_until(lambda: os.path.exists(home.path("spool", "frozen"))), "the gateway stands still")
        taken = home.path("drops", "mcc", "in", name_of(20))
        tap.ok(os.path.exists(taken), "and picks nothing up")
    tap.ok(wait_until(lambda: not os.path.exists(home.path("spool", "frozen"))), "then it goes on")
    tap.ok(wait_until(lambda: not os.path.exists(taken)), "and picks up what has come meanwhile")
    tap.ok(terminate(daemon) == 0, "it ends well")


def test_backup_that_sleeps(tap):
    """A backup was stopped (SIGSTOP) with its lock: the gateway waits for it once, and not before each job."""
    home = worked_home()
    files = 12
    for number in range(20, 20 + files):
        send(home, name_of(number), instruction(number, (number + 50,)))
    with open(home.path("spool", "freeze"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        done = gate.run("-c", home.conf, "--now", NOW, "run", "--once", env={**os.environ, "CLOCK_FAST": "30"},
                        timeout=PATIENCE, preload=[CLOCK_SHIM])
    said = done.stderr.count(b"has kept the gateway waiting")
    tap.ok(done.returncode == 0 and 1 <= said < files / 2 and f"(process {os.getpid()})".encode() in done.stderr,
           f"a backup that does not move is waited for once, not before each of {files} jobs, and named", said,
           done.stderr.decode())


def go_on(frozen, most, stop):
    """A gateway that stands still for the first time, goes on after each look at that, most times, and then stays."""
    for number in range(most):
        while not stop.is_set():
            try:
                with open(os.open(frozen, os.O_WRONLY | os.O_NONBLOCK), "w", encoding="ascii") as pipe:
                    pipe.write(f"time {number}\n")
                time.sleep(0.01)  # the reader has come to the end
                break
            except OSError as error:
                if error.errno not in (errno.ENXIO, errno.EPIPE):  # nobody looks, or no longer
                    raise
                time.sleep(0.001)
    with open(frozen + ".new", "w", encoding="ascii") as file:
        file.write("the last time")
    keep = os.open(frozen, os.O_RDWR)  # one who waits in the pipe is let out of it, and finds it empty
    os.rename(frozen + ".new", frozen)
    os.close(keep)


def back_up_beside(home, most, **options):
    """A backup while a gateway goes on that often: `frozen` has another text each time that it is read."""
    stop = threading.Event()
    target = os.path.join(home.top, f"copy{most}")
    frozen = home.path("spool", "frozen")
    os.mkfifo(frozen)
    with open(home.path("spool", "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gateway = threading.Thread(target=go_on, args=(frozen, most, stop))
        gateway.start()
        done = gate.run("-c", home.conf, "--now", NOW, "backup", target, timeout=PATIENCE, **options)
        went_on = not gateway.is_alive()
        stop.set()
        gateway.join()
    os.unlink(frozen)
    return done, target, went_on


def test_gateway_that_goes_on(tap):
    """It goes on while the folders are listed: the backup waits until it stands still again, but not for ever."""
    home = worked_home()
    done, copy, went_on = back_up_beside(home, 6)
    tap.ok(done.returncode == 0 and went_on and sums_agree(copy),
           "a backup waits again for a gateway that went on while it listed", done.stderr.decode())
    fresh = Home()
    done = restore(fresh, copy, "--replace")
    tap.ok(done.returncode == 0 and not faults_of(fresh), "and that backup is sound", done.stderr.decode())
    done, copy, went_on = back_up_beside(home, 10 ** 9, env={**os.environ, "CLOCK_FAST": "100000"},
                                         preload=[CLOCK_SHIM])
    tap.ok(done.returncode == 2 and b"for 10 minutes the gateway has gone on" in done.stderr and
           not went_on and not os.path.exists(copy), "it ends after ten minutes of that", done.returncode,
           done.stderr.decode())


# ---- what a backup is ----


def test_contents(tap):
    home = worked_home()
    done, copy = back_up(home)
    said = {line.split(" ", 1)[0]: line.split(" ", 1)[-1].strip() for line in done.stdout.decode().splitlines()}
    files = sum(len(names) for _, _, names in os.walk(copy)) - 2
    tap.ok(done.returncode == 0 and said["files"] == str(files) and said["faults"] == "0",
           "the backup says how many files it has", done.stdout.decode(), files)
    tap.ok(sorted(os.listdir(copy)) == ["BACKUP", "MANIFEST", "ecosgate.conf", "ledger.sqlite", "spool"],
           "it has BACKUP, MANIFEST, the configuration, the ledger and the spool", os.listdir(copy))
    connection = sqlite3.connect(f"file:{copy}/ledger.sqlite?immutable=1", uri=True)
    tap.ok(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "SQLite finds its ledger good")
    connection.close()
    again, _ = back_up(home)
    tap.ok(again.returncode == 2 and b"exists already" in again.stderr, "a folder that exists is left alone",
           again.stderr.decode())
    done = home.command("backup", home.path("spool", "done", "copy"))
    tap.ok(done.returncode == 2 and b"within the spool" in done.stderr and not home.out("mcc") == [],
           "a backup in the spool is refused", done.stderr.decode())
    os.mkdir(os.path.join(home.top, "mine.part"))
    with open(os.path.join(home.top, "mine.part", "letter"), "w", encoding="ascii"):
        pass
    done, _ = back_up(home, name="mine")
    tap.ok(done.returncode == 2 and b"letter" in done.stderr and
           os.path.exists(os.path.join(home.top, "mine.part", "letter")), "a stranger's folder is not removed",
           done.stderr.decode())


def test_links(tap):
    """No file of the spool is changed in place: a linked backup stays what it was, whatever happens to the spool."""
    home = worked_home()
    with open(home.job(1, ".crashes"), "wb") as file:
        file.write(b"x")
    done, copy = back_up(home, "--link")
    first = os.path.join(copy, "spool", "done", "00000001", "payload")
    tap.ok(done.returncode == 0 and os.stat(first).st_ino == os.stat(home.job(1, "payload")).st_ino,
           "with --link the files of jobs are the same files", done.stderr.decode())
    tap.ok(os.stat(os.path.join(copy, "ledger.sqlite")).st_nlink == 1, "but the ledger is a copy")
    tap.ok(not glob.glob(f"{copy}/spool/*/*/.crashes"), "and what is changed in place is not there")
    rejected = home.json("spool", "list", "--state", "rejected")[0]["id"]
    home.command("spool", "requeue", rejected, "--reason", "x")
    home.drop("mcc", GOOD[2])
    home.run(now="2023-07-03T12:10:00Z")
    with open(home.job(2, "payload"), "r+b") as file:  # rot, and the same bytes again
        name = home.json("spool", "show", "2")[0]["name"]
    tap.ok(sums_agree(copy) and name, "what the gateway does later does not change it")


def test_orders(tap):
    """An order that waits is part of the moment."""
    home = worked_home()
    order = home.path("spool", "orders", "0f0f0f0f-0000-0000-0000-000000000000")
    with open(order, "w", encoding="ascii") as file:
        file.write("[order]\nverb=hold\njob=1\nreason=r\nwho=w\nat=1688378400\n")
    done, copy = back_up(home)
    tap.ok(done.returncode == 0 and os.listdir(os.path.join(copy, "spool", "orders")) == [os.path.basename(order)],
           "an order that waits is in the backup", done.stderr.decode())


def test_incoming(tap):
    """A folder of incoming/ without a row is not needed: the sender's copy is still in the drop."""
    home = worked_home()
    home.drop("mcc", GOOD[3])
    home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-stored:after"})
    left = os.listdir(home.path("spool", "incoming"))
    done, copy = back_up(home)
    tap.ok(left and os.listdir(os.path.join(copy, "spool", "incoming")) == [] and done.returncode == 0,
           "what is being picked up is left out", left, done.stderr.decode())
    home.drop("mcc", GOOD[3])
    home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-noted:after"})
    left = os.listdir(home.path("spool", "incoming"))
    done, copy = back_up(home, name="second")
    tap.ok(left and os.listdir(os.path.join(copy, "spool", "incoming")) == left and done.returncode == 0,
           "what is picked up and not yet moved is there", left, done.stderr.decode())


def test_faulty_source(tap):
    """The backup goes on: the rest may be all that can be saved."""
    home = worked_home()
    done_jobs = ended_jobs(home)
    os.unlink(home.job(done_jobs[0], "envelope"))
    with open(home.job(done_jobs[1], "payload"), "r+b") as file:
        file.write(b"\0")
    own = next(path for path in glob.glob(home.path("spool", "done", "*", "*", "EMW_*")))
    os.unlink(own)
    os.mkdir(own)
    done, copy = back_up(home)
    said = done.stderr.decode()
    tap.ok(done.returncode == 1 and "envelope is missing" in said and "payload has the SHA-256" in said and
           "is no regular file" in said, "a file that is missing, damaged or none is named; exit status 1", said)
    tap.ok(sums_agree(copy), "what is there is what MANIFEST says")
    fresh = Home()
    done = restore(fresh, copy, "--replace")
    tap.ok(done.returncode == 0 and b"3 files were missing" in done.stderr, "the restore repeats it",
           done.stderr.decode())
    tap.ok(faults_of(fresh), "and spool verify says which")


# ---- signals and failing calls ----


def test_signals(tap):
    home = worked_home()
    state = spool_of(home), home.ledger()
    for number in (signal.SIGTERM, signal.SIGINT):
        done, copy = back_up(home, env={"ECOSGATE_CRASH": f"backup-entry:after:12:{int(number)}"})
        tap.ok(done.returncode == 2 and b"stopped by a signal" in done.stderr and not os.path.exists(copy) and
               not os.path.exists(copy + ".part"), f"{number.name} ends a backup, which leaves nothing behind",
               done.returncode, done.stderr.decode())
    _, copy = back_up(home, name="good")
    done = restore(home, copy, "--replace", env={"ECOSGATE_CRASH": f"restore-entry:after:12:{int(signal.SIGTERM)}"})
    tap.ok(done.returncode == 2 and b"nothing was changed" in done.stderr and
           (spool_of(home), home.ledger()) == state and not os.path.exists(home.path("spool", "restoring")),
           "SIGTERM ends a restore, and the old spool is there", done.stderr.decode())


def faulted(home, fault, *arguments):
    log = os.path.join(home.top, "calls")
    env = {**os.environ, "FAULT_UNDER": home.top, "FAULT_LOG": log, "FAULT": fault}
    done = gate.run("-c", home.conf, "--now", NOW, *arguments, env=env, timeout=PATIENCE, preload=[SHIM])
    with open(log, encoding="utf-8", errors="replace") as file:
        hit = [line.rstrip("\n").split("\t", 2)[1:] for line in file if line.startswith("fault\t")]
    os.unlink(log)
    return done, hit


def ended_jobs(home):
    return sorted(os.path.basename(path) for path in glob.glob(home.path("spool", "done", "*", "*")))


def spool_of(home):
    """The files of the spool that matter: what a failed command may leave behind does not. A restore puts the jobs of
    done flat."""
    return {re.sub(rb"/done/\d{5}xxx/", b"/done/", name): sha for name, sha in home.tree().items()
            if name.startswith(b"spool/")
            and b"/restoring" not in name and b"/before-" not in name
            and name not in (b"spool/freeze", b"spool/backup", b"spool/restored")}


def test_failing_calls_of_backup(tap):
    """A call fails once. There is a whole backup, or none and a cause."""
    home = worked_home(1)
    wanted = spool_of(home)
    for kind in ("write", "open", "mkdir", "rename", "sync", "close"):
        bad, n, step = [], 1, 3 if SANITIZED else 1
        while True:
            copy = os.path.join(home.top, "copy")
            done, hit = faulted(home, f"{kind}:{n}:1:{'ENOSPC' if n % 2 else 'EIO'}", "backup", copy)
            if not hit:
                shutil.rmtree(copy, ignore_errors=True)
                break
            said = done.stderr.decode()
            there = os.path.exists(copy)
            if done.returncode == 0 and not (there and sums_agree(copy)):
                bad.append(f"{kind} {n} {hit}: no backup: {said}")
            elif done.returncode == 1 and not (there and sums_agree(copy) and "in the backup" in said):
                bad.append(f"{kind} {n} {hit}: exit 1: {said}")
            elif done.returncode == 2 and not re.search("No space|Input/output|disk|unable to open", said):
                bad.append(f"{kind} {n} {hit}: no cause: {said}")
            elif done.returncode not in (0, 1, 2):
                bad.append(f"{kind} {n} {hit}: exit {done.returncode}: {said}")
            elif there and done.returncode == 2 and not sums_agree(copy):
                bad.append(f"{kind} {n} {hit}: not whole under its name: {said}")
            shutil.rmtree(copy, ignore_errors=True)
            n += step
        tap.ok(n > 1 and not bad, f"backup: {kind} fails at each of {n - 1} calls", *bad[:20])
    tap.ok(spool_of(home) == wanted and not faults_of(home),
           "the gateway's own files are what they were")


def set_back(home, kept):
    shutil.rmtree(home.dir)
    shutil.copytree(kept, home.dir)


def test_failing_calls_of_restore(tap):
    """A call fails once. The old spool is there, or the new one, or the same command brings it to its end."""
    home = worked_home(1)
    _, copy = back_up(home)
    restored = spool_of(home)
    home.drop("mcc", GOOD[1])
    home.run()
    before = spool_of(home)
    kept = os.path.join(home.top, "kept")
    shutil.copytree(home.dir, kept)
    for kind in ("write", "open", "mkdir", "rename", "sync", "unlink"):
        bad, n, ends = [], 1, [0, 0, 0]
        while True:
            done, hit = faulted(home, f"{kind}:{n}:1:{'ENOSPC' if n % 2 else 'EIO'}", "restore", "--replace", copy)
            if not hit:
                set_back(home, kept)
                break
            now, said = spool_of(home), done.stderr.decode()
            if done.returncode == 2 and now == before and os.path.exists(home.path("spool", "ledger.sqlite")):
                ends[0] += 1
            elif now == restored and os.path.exists(home.path("spool", "incoming")):
                ends[1] += 1
            elif done.returncode == 2 and "the same command again" in said:
                ends[2] += 1
                ran = home.run()
                if ran.returncode != 2 or b"restore" not in ran.stderr:
                    bad.append(f"{kind} {n} {hit}: run did not refuse: {ran.stderr.decode()}")
            else:
                bad.append(f"{kind} {n} {hit}: exit {done.returncode}: {said}\n" +
                           difference((before, []), (now, [])))
            again = restore(home, copy, "--replace")
            if again.returncode != 0 or spool_of(home) != restored or os.path.exists(home.path("spool/restoring")):
                bad.append(f"{kind} {n} {hit}: again: {again.stderr.decode()}")
            if faults_of(home):
                bad.append(f"{kind} {n} {hit}: not sound")
            set_back(home, kept)
            n += 3 if SANITIZED else 1
        tap.ok(sum(ends) > 0 and not bad, f"restore: {kind} fails at each of {n - 1} calls; the old spool {ends[0]} "
               f"times, the new one {ends[1]} times, to be ended {ends[2]} times", *bad[:20])


# ---- damaged backups ----


def list_anew(copy, change=lambda lines: lines, facts=lambda text: text):
    """Writes MANIFEST and BACKUP as an enemy would: the digests agree."""
    lines = []
    for root, folders, names in os.walk(copy):
        folders.sort()
        for name in names:
            path = os.path.relpath(os.path.join(root, name), copy)
            if path not in ("BACKUP", "MANIFEST"):
                with open(os.path.join(copy, path), "rb") as file:
                    lines.append(f"{hashlib.sha256(file.read()).hexdigest()}  {path}")
    lines.sort(key=lambda line: line[66:].split("/"))
    text = "".join(line + "\n" for line in change(lines))
    with open(os.path.join(copy, "MANIFEST"), "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(copy, "BACKUP"), encoding="utf-8") as file:
        old = file.read()
    new = re.sub("manifest=.*", "manifest=" + hashlib.sha256(text.encode()).hexdigest(), old)
    new = re.sub("files=.*", f"files={len(change(lines))}", new)
    with open(os.path.join(copy, "BACKUP"), "w", encoding="utf-8") as file:
        file.write(facts(new))


def change_file(name, at=0, size=1):
    """Turns all bits of some bytes."""
    def damage(copy):
        path, = glob.glob(os.path.join(copy, name))[:1]
        with open(path, "r+b") as file:
            file.seek(at)
            old = file.read(size)
            file.seek(at)
            file.write(bytes(byte ^ 0xff for byte in old))
    return damage


def remove(name):
    return lambda copy: os.unlink(glob.glob(os.path.join(copy, name))[0])


def add(name, content=b"x"):
    def damage(copy):
        with open(os.path.join(copy, name), "wb") as file:
            file.write(content)
    return damage


def link(name):
    def damage(copy):
        path = glob.glob(os.path.join(copy, name))[0]
        elsewhere = os.path.join(os.path.dirname(copy), "elsewhere" + os.path.basename(path))
        os.rename(path, elsewhere)
        os.symlink(elsewhere, path)
    return damage


def both(*damages):
    def damage(copy):
        for one in damages:
            one(copy)
    return damage


def extra_line(line):
    return lambda copy: list_anew(copy, lambda lines: lines + [line])


def facts(pattern, text):
    return lambda copy: list_anew(copy, facts=lambda old: re.sub(pattern, text, old))


SHA = "0" * 64
DAMAGES = (
    ("a byte of a payload", change_file("spool/done/*/payload"), "payload has another SHA-256"),
    ("a byte of the ledger", change_file("ledger.sqlite", at=9000), "ledger.sqlite has another SHA-256"),
    ("a ledger whose list agrees", both(change_file("ledger.sqlite", 8192, 3000), list_anew),
     "ledger of the backup is damaged"),
    ("a ledger that is none", both(change_file("ledger.sqlite", 0, 100), list_anew),
     "ledger of the backup is damaged"),
    ("a missing file", remove("spool/done/*/envelope"), "envelope is missing"),
    ("the last file is missing", remove("spool/rejected/*/payload"), "payload is missing"),
    ("a missing ledger", remove("ledger.sqlite"), "ledger.sqlite is missing"),
    ("a file too many in a job", add("spool/done/00000001/zz"), "zz is not in MANIFEST"),
    ("a file too many at the end", add("spool/rejected/zz"), "zz is not in MANIFEST"),
    ("a file too many at the top", add("letter"), "is not of a backup"),
    ("a WAL beside the ledger", add("ledger.sqlite-wal"), "is not of a backup"),
    ("a hidden file in a job", add("spool/done/00000001/.crashes"), "is not of a backup"),
    ("a link instead of a file", link("spool/done/*/payload"), "is no regular file"),
    ("a link instead of a folder", link("spool/done/*1"), "is no regular file"),
    ("MANIFEST changed", change_file("MANIFEST"), "MANIFEST has another SHA-256 than in BACKUP"),
    ("MANIFEST missing", remove("MANIFEST"), "MANIFEST"),
    ("BACKUP missing", remove("BACKUP"), "BACKUP"),
    ("BACKUP empty", lambda copy: open(os.path.join(copy, "BACKUP"), "w", encoding="ascii").close(), "BACKUP"),
    ("a line that leads out of the folder", extra_line(f"{SHA}  spool/../../evil"), "line"),
    ("a line with an absolute path", extra_line(f"{SHA}  /etc/evil"), "line"),
    ("a line twice", lambda copy: list_anew(copy, lambda lines: lines + lines[-1:]), ""),
    ("a line of a file that is not there", extra_line(f"{SHA}  spool/rejected/zz"), "zz is missing"),
    ("a folder of a job too many", lambda copy: os.mkdir(os.path.join(copy, "spool", "done", "00000099")),
     "folders of jobs"),
    ("a folder too many in a job", lambda copy: os.makedirs(os.path.join(copy, "spool/done/00000001/a/b/c")),
     "is not of a backup"),
    ("another generation", facts("generation=.*", "generation=99"), "files of two backups are mixed"),
    ("another ledger", facts("ledger=.*", "ledger=00"), "files of two backups are mixed"),
    ("a later form of BACKUP", facts("format=1", "format=2"), "of another release"),
)


def test_damages(tap):
    home = worked_home()
    _, good = back_up(home)
    home.drop("mcc", GOOD[3])
    home.run()
    state = home.state()
    for text, damage, wanted in DAMAGES:
        copy = os.path.join(home.top, "damaged")
        shutil.copytree(good, copy)
        damage(copy)
        done = restore(home, copy, "--replace")
        said = done.stderr.decode()
        tap.ok(done.returncode == 2 and wanted in said and home.state() == state and
               not os.path.exists(home.path("spool", "restoring")) and not os.path.exists(home.path("spool", BEFORE)),
               f"damaged, {text}: nothing is changed, and the message says what it is", said,
               difference(state, home.state()))
        shutil.rmtree(copy)
    tap.ok(not os.path.exists(os.path.join(home.top, "evil")), "nothing was written elsewhere")
    done = restore(home, good, "--replace")
    tap.ok(done.returncode == 0, "the good one is restored", done.stderr.decode())


# ---- where it goes ----


def test_places(tap):
    home = worked_home()
    restored = home.state()
    _, copy = back_up(home)
    home.drop("mcc", GOOD[3])
    home.run()
    newer = home.ledger()
    done = restore(home, copy)
    tap.ok(done.returncode == 2 and b"--replace" in done.stderr and home.ledger() == newer,
           "a spool that exists is not replaced without being told", done.stderr.decode())
    done = home.command("--json", "restore", "--replace", copy)
    said = json.loads(done.stdout)
    tap.ok(done.returncode == 0 and said["before"] == home.path("spool", BEFORE), "the old one is named", said)
    tap.ok(home.ledger() == restored[1], "the ledger is that of the backup")
    other = worked_home()
    connection = sqlite3.connect(other.path("spool", "ledger.sqlite"))
    connection.execute("UPDATE identity SET ledger=?", ("f" * 32,))
    connection.commit()
    connection.close()
    with open(other.path("spool", "ledger-id"), "w", encoding="ascii") as file:
        file.write("f" * 32 + "\n")
    _, theirs = back_up(other)
    target = worked_home()
    done = restore(target, theirs, "--replace")
    with open(target.path("spool", "ledger-id"), encoding="ascii") as file:
        tap.ok(done.returncode == 0 and file.read() == "f" * 32 + "\n" and
               os.path.exists(target.path("spool", BEFORE, "ledger-id")), "the spool is that of the restored ledger")
    os.unlink(other.path("spool", "ledger-id"))
    _, theirs = back_up(other, name="without")
    done = restore(target, theirs, "--replace")
    tap.ok(done.returncode == 0 and not os.path.exists(target.path("spool", "ledger-id")),
           "also if no gateway has used that ledger yet")
    old = Home()
    shutil.rmtree(old.path("spool"))
    shutil.copytree(said["before"], old.path("spool"))
    shutil.copytree(home.path("drops"), old.path("drops"), dirs_exist_ok=True)
    tap.ok(old.ledger() == newer and not faults_of(old),
           "and it is still sound: it can be put back")
    fresh = Home("gateway spool=data/the-spool\ngateway ledger=data/ledgers/a.sqlite")
    done = restore(fresh, copy)
    tap.ok(done.returncode == 0 and not faults_of(fresh) and
           os.path.exists(fresh.path("data", "ledgers", "a.sqlite")),
           "spool and ledger go where the configuration says, into folders that do not exist yet", done.stderr.decode())
    done = restore(fresh, copy, "--replace")
    tap.ok(done.returncode == 0 and not faults_of(fresh) and
           os.path.exists(fresh.path("data", "ledgers", f"a.sqlite.{BEFORE}")),
           "a ledger outside the spool stays on its disk", done.stderr.decode(),
           os.listdir(fresh.path("data", "ledgers")))
    linked = Home()
    os.rename(linked.path("spool"), linked.path("elsewhere"))
    os.symlink("elsewhere", linked.path("spool"))
    done = restore(linked, copy, "--replace")
    tap.ok(done.returncode == 0 and os.path.islink(linked.path("spool")) and
           not faults_of(linked), "a spool behind a link stays behind it",
           done.stderr.decode())


def test_lost_witness(tap):
    """Nothing but the restore knows then that the ledger is not the newest one."""
    home = worked_home()
    _, copy = back_up(home)
    home.drop("mcc", GOOD[3])
    home.run()
    os.unlink(home.path("witness"))
    home.remove_claims()
    done = restore(home, copy, "--replace")
    tap.ok(b"the witness" in done.stderr and b"is missing; one was made" in done.stderr, "a lost witness is made anew",
           done.stderr.decode())
    orders = home.out("tcos")
    done = home.run()
    tap.ok(done.returncode == 2 and b"A109" in done.stderr and home.out("tcos") == orders,
           "and the next run says A109 all the same", done.stderr.decode())
    tap.ok(home.command("recover", "--reason", "a test").returncode == 0, "and recover ends it")
    home.run()
    tap.ok(b"A109" not in home.run().stderr and home.command("spool", "verify").returncode == 0, "then all goes on",
           home.run().stderr.decode())


def test_wrong_user(tap):
    """A backup or restore by another user would leave files that the gateway cannot use."""
    home = worked_home()
    if os.geteuid() != 0:
        return
    _, copy = back_up(home)
    os.chown(home.path("spool"), 65534, -1)
    for arguments in (("backup", os.path.join(home.top, "second")), ("restore", "--replace", copy)):
        done = home.command(*arguments)
        tap.ok(done.returncode == 2 and b"belongs to user" in done.stderr, f"{arguments[0]} by another user is refused",
               done.stderr.decode())


def main():
    with Tap() as tap:
        test_contents(tap)
        test_links(tap)
        test_orders(tap)
        test_incoming(tap)
        test_faulty_source(tap)
        test_places(tap)
        test_lost_witness(tap)
        test_wrong_user(tap)
        test_damages(tap)
        test_signals(tap)
        test_idle_daemon(tap)
        test_backup_that_vanishes(tap)
        test_backup_that_sleeps(tap)
        test_gateway_that_goes_on(tap)
        test_under_load(tap)
        if not SANITIZED:
            test_failing_calls_of_backup(tap)
            test_failing_calls_of_restore(tap)


main()
