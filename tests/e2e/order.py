#!/usr/bin/env python3
"""What must be on disk before what: the system calls of passes, seen by strace (TAP; skipped without it).

A kill loses nothing that was written, so that no crash test sees a sync that is missing: this one does.
"""
import os
import re
import shutil
import signal
import subprocess

from home import GATE, NOW, PATIENCE, SANITIZED, Home, Tap, use_disk, wait_until
from reports import Estate

MCC = "90-B3-D5-1F-30-0E-C0-01"
CALLS = ("openat,write,pwrite64,fsync,fdatasync,syncfs,ftruncate,rename,renameat,renameat2,link,unlink,unlinkat,"
         "mkdir,rmdir")
EVENT = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?")


def content(sequence):
    return (f"H,EMI,1.0,{MCC},90-B3-D5-1F-30-00-00-04,{sequence},2023-07-03T06:00:00Z,TEST,B-{sequence},\r\n"
            f"D,1,00-DB-12-34-56-78-90-{sequence:02X},ESME,AB01,010A030B,0002012F,1012345678903,,North,1\r\n"
            "T,1\r\n").encode()


def whole_calls(log):
    """The calls of a log, each as one line where it ended; strace cuts one in two when another thread calls within."""
    begun = {}
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            pid, text = line.rstrip("\n").split(None, 1)
            if text.endswith(" <unfinished ...>"):
                begun[pid] = text.removesuffix(" <unfinished ...>")
            elif text.startswith("<... "):
                yield begun.pop(pid) + text.split(" resumed>", 1)[1]
            else:
                yield text


def trace(home, *arguments, now=NOW):
    """The calls that changed something or made it durable, in order: (call, path, second path)."""
    log = os.path.join(home.top, "trace")
    subprocess.run(["strace", "-f", "-y", "-s", "0", "-e", f"trace={CALLS}", "-o", log, GATE, "-c", home.conf,
                    "--now", now, *arguments], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    events = []
    for line in whole_calls(log):
        match = EVENT.match(line)
        if not match or match.group(3).startswith("-"):
            continue
        call, text = match.group(1), match.group(2)
        paths = re.findall(r'"([^"]*)"', text) if call not in ("write", "pwrite64", "fsync", "fdatasync", "syncfs",
                                                               "ftruncate") \
            else re.findall(r"^\d+<(.*?)>", text)
        events.append((call, *(paths + ["", ""])[:2], text))
    return events


def short(home, path):
    return os.path.relpath(path, home.dir) if path.startswith("/") else path


def is_ledger(path):
    return "ledger.sqlite" in path


def is_report(path):
    """A report's file in the spool, or its folder: nothing of it counts before a commit says that it is STORED."""
    return re.search(r"/spool/active/\d+(/\.?(ECOSMIG-\d+|STRAND|NMDM|MGMT|MAPR)_[^/]*)?$", path)


def counts(path, second):
    """False for what nothing is decided by, and nothing waits for: the heartbeat, which a power cut may take, and
    temporary files of SQLite."""
    return not re.search(r"/spool/(\.heartbeat\.part|etilqs_\w+)$", path) and not second.endswith("/spool/heartbeat")


def kind_of(call, path, second):
    """Changes of one kind may share the sync of their folders: moves of jobs between two states, and what happens in
    the folders of a drop's `out`. A commit waits for all of them."""
    if "/out/" in path and (call == "mkdir" or "/out/" in second):
        return "out"
    if call == "mkdir" and is_report(path):
        return "reports"
    return call, os.path.dirname(path), os.path.dirname(second)


def check_order(home, events):
    """Faults against the rules; each is a line."""
    faults = []
    dirty = set()    # files with bytes that are not synced
    unsynced = {}    # folders whose entries changed: by what, and of which kind that is
    made = {}        # files in the making whose names are not synced yet, and their folders
    for call, path, second, text in events:
        if not counts(path, second):
            continue
        if call in ("write", "pwrite64", "ftruncate") and path.startswith(home.dir):
            dirty.add(path)
        elif call in ("fsync", "fdatasync"):
            dirty.discard(path)
            unsynced.pop(path, None)
        elif call == "syncfs":
            dirty.clear()
            unsynced.clear()
            made.clear()
        if call == "openat" and path.endswith(".part") and "O_CREAT" in text:
            made[path] = os.path.dirname(path)
        elif call.startswith(("rename", "unlink")):
            made.pop(path, None)
        elif call == "fsync":
            made = {name: folder for name, folder in made.items() if folder != path}
        # What is in incoming/ counts for nothing before its row is committed or its directory leaves.
        inside = "/spool/incoming" in path and (not call.startswith("rename") or "/spool/incoming" in second)
        inside = inside or (call == "rename" and is_report(path) and is_report(second))
        if path.endswith("ledger.sqlite-wal") and call in ("fsync", "fdatasync"):
            faults += [f"a commit while {short(home, name)} is not synced" for name in dirty
                       if "/spool/incoming" in name or "/out/" in name or is_report(name)]
            faults += [f"a commit while {short(home, name)} is not in its folder for good" for name in made]
        if is_ledger(path) or path.endswith("/lock") or not (path.startswith(home.dir) or second.startswith(home.dir)):
            if call in ("fsync", "fdatasync") and path.endswith("ledger.sqlite-wal"):
                faults += [f"a commit while {short(home, folder)} is not synced: {what}" for folder,
                           (what, _) in unsynced.items()]
            continue
        changes = call in ("rename", "renameat", "renameat2", "link", "unlink", "unlinkat", "mkdir", "rmdir")
        if not changes:
            continue
        # A file being made may be thrown away at any time: only what has its name is somebody's.
        if call.startswith("unlink") and path.endswith(".part"):
            continue
        kind = "reports" if inside and is_report(path) else kind_of(call, path, second)
        if not inside:
            faults += [f"{call} {short(home, path)} while {short(home, folder)} is not synced: {what}"
                       for folder, (what, other) in unsynced.items() if other != kind]
        if call.startswith("rename") and path in dirty and inside:
            dirty.discard(path)
            dirty.add(second)
        elif call.startswith("rename") and path in dirty:
            faults.append(f"{short(home, path)} gets its name before its bytes are synced")
        if call.startswith("rename") and "RENAME_NOREPLACE" not in text and not path.endswith(".part"):
            faults.append(f"{short(home, path)} could replace what is there")
        # A sender's copy is renamed and then removed: a power cut between gives it its own name back.
        if call.startswith("rename") and "/in/.ecosgate-taken-" in second:
            continue
        what = f"{call} {short(home, path)}"
        unsynced[os.path.dirname(second if call.startswith("rename") else path)] = what, kind
        if call.startswith("rename"):
            unsynced[os.path.dirname(path)] = what, kind
    faults += [f"{short(home, folder)} is never synced: {what}" for folder, (what, _) in unsynced.items()]
    return faults


def index_of(events, wanted):
    return next((i for i, event in enumerate(events) if wanted(event)), None)


def test_pass(tap):
    home = Home()
    name = f"EMI_MCC_{MCC}_20230703_060000_000001.csv"
    with open(os.path.join(home.inbox("mcc"), name), "wb") as file:
        file.write(content(1))
    events = trace(home, "run", "--once")
    tap.ok(len(home.out("mcc")) == 2 and len(home.out("tcos")) == 1, "a pass under strace does its work",
           home.out("mcc"))
    faults = check_order(home, events)
    tap.ok(not faults, "everything is on disk before what counts on it", *faults)
    tap.ok(not [e for e in events if e[0] == "rename" and "/out/" in e[2]],
           "no delivery could replace a file in a drop")

    commits = [i for i, e in enumerate(events) if e[0] in ("fsync", "fdatasync") and e[1].endswith("ledger.sqlite-wal")]
    tap.ok(commits, "commits are synced")
    payload = index_of(events, lambda e: e[0].startswith("rename") and e[2].endswith("/payload"))
    envelope = index_of(events, lambda e: e[0].startswith("rename") and e[2].endswith("/envelope"))
    ready = index_of(events, lambda e: e[0].startswith("rename") and "/ready/" in e[2])
    gone = index_of(events, lambda e: e[0].startswith("unlink") and "mcc/in/" in e[1] and e[1].endswith(name))
    steps = [payload, envelope, ready, gone]
    tap.ok(None not in steps and steps == sorted(steps), "payload, envelope, ready, then the sender's copy goes", steps)
    tap.ok(any(envelope < i < ready for i in commits), "custody is committed before the job is in ready")
    for drop in ("mcc", "tcos"):
        for made in home.out(drop):
            stored = index_of(events, lambda e, made=made: e[0].startswith("rename") and "/active/" in e[2] and
                              e[2].endswith(made))
            opened = index_of(events, lambda e, made=made: e[0] == "openat" and f"{drop}/out/.{made}.part" in e[1])
            named = index_of(events, lambda e, made=made: e[0].startswith("rename") and
                             e[2].endswith(f"{drop}/out/{made}"))
            good = None not in (stored, opened, named) and stored < opened < named
            tap.ok(good and any(stored < i < opened for i in commits) and any(opened < i < named for i in commits) and
                   any(i > named for i in commits),
                   f"{made[:3]}: stored, noted, uploaded, staged, published, settled, one after another",
                   stored, opened, named, commits)


def test_reports(tap):
    """Periods that are made up share their syncs: of the spool's file system for their files, of the drop's for a batch
    of uploads and one of renames."""
    home = Estate("gateway reports_from=2028-01-01T00:00:00Z")
    home.reference("2028-01-01T10:00:00Z")
    events = trace(home, "run", "--once", now="2028-01-12T00:00:00Z")
    made = sum(len(files) for _, _, files in os.walk(home.path("drops", "suppliers", "out")))
    tap.ok(made > 100, "a pass under strace makes up reports", made)
    faults = check_order(home, events)
    tap.ok(not faults, "reports: everything is on disk before what counts on it", *faults)
    syncs = [event for event in events if event[0] in ("fsync", "fdatasync", "syncfs")]
    tap.ok(len(syncs) < made, "there are fewer syncs than files", len(syncs), made)


def test_growing(tap):
    """The sender goes on writing while the gateway reads: it is stopped behind its first read."""
    home = Home("drop mcc complete=at-once")
    path = os.path.join(home.inbox("mcc"), f"EMI_MCC_{MCC}_20230703_060000_000001.csv")
    with open(path, "wb") as file:
        file.write(content(1)[:-3])
    with subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-P", path, "-e", "trace=read",
                           "-e", "inject=read:signal=SIGSTOP:when=1", GATE, "-c", home.conf, "--now", NOW, "run",
                           "--once"],
                          stderr=subprocess.PIPE) as process:
        stopped = wait_until(lambda: stopped_writer(home))
        with open(path, "ab") as file:
            file.write(content(1)[-3:])
        wait_until(lambda: process.poll() is not None or go_on(home))
        err = process.stderr.read().decode()
        status = process.wait(timeout=PATIENCE)
    tap.ok(stopped and status == 0 and "changed while it was read" in err, "a file that grew while it was read is left",
           stopped, status, err)
    tap.ok(os.path.exists(path) and not home.json("spool", "list"), "nothing of it is in the spool",
           home.json("spool", "list"))
    tap.ok(home.run().returncode == 0 and len(home.out("mcc")) == 2 and not os.path.exists(path),
           "the next look takes it whole")


def stopped_writer(home):
    """The process that has the spool's lock, once it is stopped; 0: it is not yet."""
    try:
        with open(home.path("spool", "lock"), encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            state = file.read().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError, IndexError):
        return 0
    return pid if state in "Tt" and os.listdir(home.path("spool", "incoming")) else 0


def go_on(home):
    """Seen from outside, a traced process also seems stopped in every call: it is told until it has ended."""
    pid = stopped_writer(home)
    if pid:
        os.kill(pid, signal.SIGCONT)
    return False


def test_orders(tap):
    home = Home()
    with open(os.path.join(home.inbox("mcc"), f"EMI_MCC_{MCC}_20230703_060000_000001.csv"), "wb") as file:
        file.write(b"x")
    home.run()
    events = trace(home, "spool", "requeue", "1", "--reason", "again")
    faults = check_order(home, events)
    tap.ok(not faults, "an order: everything is on disk before what counts on it", *faults)
    written = index_of(events, lambda e: e[0].startswith("rename") and "/orders/" in e[2])
    moved = index_of(events, lambda e: e[0].startswith("rename") and "/ready/" in e[2])
    removed = index_of(events, lambda e: e[0].startswith("unlink") and "/orders/" in e[1] and
                       not e[1].endswith(".part"))
    tap.ok(None not in (written, moved, removed) and written < moved < removed, "written, carried out, removed",
           written, moved, removed)


def can_trace():
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    if SANITIZED or not can_trace():
        print("1..0 # SKIP no strace here, or a build that it slows down")
    else:
        use_disk()
        with Tap() as report:
            test_pass(report)
            test_orders(report)
            test_reports(report)
            test_growing(report)
