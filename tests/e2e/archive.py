#!/usr/bin/env python3
"""archive: whole jobs leave the spool and come back byte for byte; refusals; damaged and hostile archives (TAP)."""
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile

import gate
from home import PATIENCE, SANITIZED, Home, Tap, wait_until
from parties import SENDERS, Parties, at, confirmed, instructed, said, sound
from redeliver import redeliver, standing
from signer import sign_outgoing

SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
DAY = 24 * 60
LATER, NOW = at(DAY), at(2 * DAY)
MANY = list(range(1, 61))  # Devices whose files are packed


def played(settings=""):
    """Jobs of all kinds that have ended, some of them packed; the newest two are of the second day. Files that leave
    are signed, and so is the first one that comes."""
    home = Home(settings)
    root = sign_outgoing(home)
    home.set("party MCC signature=accepted\nparty MCC signer_ca=root.pem")
    parties = Parties(home)
    first = os.path.join(home.inbox("mcc"), parties.instruct([*MANY, instructed(61, "XSME")]))
    with open(first, "rb") as file:
        write(first + ".p7s", root.signer("mcc", f"/serialNumber={SENDERS['EMI'][1]}").sign(file.read()))
    home.run()
    parties.result(*(said(n) for n in MANY))
    parties.confirm(*(confirmed(n) for n in MANY))
    rejected = parties.instruct([5], count=3)
    home.run(now=at(10))
    home.run(now=at(DAY + 20))
    parties.instruct([70])
    home.run(now=at(DAY + 30))
    return home, rejected


def names_of(home):
    """The names, from the spool on, of all files of jobs in done/ and rejected/."""
    return [os.path.relpath(os.path.join(root, name), home.path("spool")) for state in ("done", "rejected")
            for root, _, names in os.walk(home.path("spool", state)) for name in names]


def files_of(home):
    """Name → bytes of the same files, while nothing moves them."""
    found = {}
    for name in names_of(home):
        with open(home.path("spool", name), "rb") as file:
            found[name] = file.read()
    return found


def archive(home, out, *words, before=LATER, now=NOW, reason="room"):
    return home.command("archive", "--before", before, "--out", out, "--reason", reason, *words, now=now)


def restore(home, out, *words, now=NOW):
    return home.command("archive", "restore", out, *words, "--reason", "audit", now=now)


def verify(home, path):
    done = home.command("archive", "verify", path, now=NOW)
    return done.returncode, (done.stdout + done.stderr).decode()


def ids(files):
    return {path.split("/")[-2] for path in files}


def unpacked(path, folder):
    os.makedirs(folder)
    subprocess.run(["tar", "--zstd", "-xf", path, "-C", folder], check=True)
    return os.path.join(folder, "ecosgate-archive")


def test_there_and_back(tap):
    home, rejected = played()
    before, out = files_of(home), home.path("a.tar.zst")
    dry = home.json("archive", "--before", LATER, "--dry-run", now=NOW)[0]
    tap.ok(files_of(home) == before and not os.path.exists(out) and dry["jobs"] == 8 and dry["files"] > 15,
           "--dry-run counts and changes nothing", dry)
    told = archive(home, out)
    after = files_of(home)
    gone = ids(before) - ids(after)
    tap.ok(told.returncode == 0 and len(gone) == dry["jobs"] and all(before[p] == d for p, d in after.items()),
           "all jobs that had ended before the time have left the spool, and nothing else", told.stderr, gone)
    tap.ok(ids(after) and re.search(rb"archive done: jobs %d" % len(gone), told.stdout), "it says how many",
           told.stdout)
    tap.ok(os.stat(out).st_size > 0 and not os.listdir(home.path("spool", "leaving")), "nothing is left half")
    sound(tap, home, "after jobs were archived")
    folder = unpacked(out, home.path("x"))
    sums = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    with open(os.path.join(folder, "manifest"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    tap.ok(sums.returncode == 0 and len(lines) == 1 + len(gone), "tar and sha256sum alone read it", sums.stdout)
    moved = {os.path.relpath(os.path.join(r, n), os.path.join(folder, "jobs"))
             for r, _, names in os.walk(os.path.join(folder, "jobs")) for n in names}
    tap.ok(moved == {"/".join(p.split("/")[-2:]) for p in before if p.split("/")[-2] in gone} and
           any(n.endswith(".gz") for n in moved), "packed files are in it as they are", moved)
    one = next(line for line in lines if line.get("type") == "EMI")
    with home_ledger(home) as ledger:
        link = ledger.execute("SELECT digest FROM evidence WHERE n=?", (one["link"],)).fetchone()[0]
        digest = ledger.execute("SELECT sha256 FROM job WHERE id=?", (int(one["job"]),)).fetchone()[0]
    tap.ok(one["verdict"] == "PA" and one["link_digest"] == link and one["files"][0]["sha256"] == digest,
           "the manifest has verdict, digests and the link of evidence", one)
    code, text = verify(home, out)
    tap.ok(code == 0 and "sound" in text, "archive verify finds it sound", text)
    signed = {file["name"] for line in lines for file in line.get("files", []) if file["name"].endswith(".p7s")}
    tap.ok("signature.p7s" in signed and len(signed) > 5 and
           signed <= {name.split("/")[1].removesuffix(".gz") for name in moved},
           "signatures that came, and that were made, are in manifest and archive", signed)
    test_told(tap, home, out, one, rejected)
    back_again(tap, home, out, before, one)
    return home, before, out


def home_ledger(home):
    return sqlite3.connect(home.path("spool", "ledger.sqlite"))


def test_told(tap, home, out, one, rejected):
    where = f"its files lie in the archive {out} since {NOW}; 'ecosgate archive restore {out} {one['job']} " \
        "--reason TEXT' brings them back"
    cat = home.command("spool", "cat", one["job"], now=NOW)
    show, why = home.json("spool", "show", one["job"], now=NOW)[0], home.json("why", one["name"], now=NOW)[0]
    tap.ok(cat.returncode == 1 and where in cat.stderr.decode() and show["archived"] == why["archived"] == where and
           show["state"] is None, "spool cat, spool show and why say where it is", cat.stderr, show, why)
    jobs = home.json("status", now=NOW)[0]["jobs"]
    tap.ok(jobs["archived"] == len(home.json("archive", "list", out)) and
           jobs["done"] + jobs["rejected"] == len(ids(files_of(home))), "status counts what is in archives apart", jobs)
    answer = next(f["name"] for f in one["files"] if f["name"].startswith("EMA"))
    again = redeliver(home, answer, now=NOW)
    tap.ok(again.returncode == 1 and where in again.stderr.decode(), "so does redeliver", again.stderr)
    proof = home.command("evidence", one["job"], "--out", home.path("e.tar"), now=NOW)
    tap.ok(proof.returncode == 1 and where in proof.stderr.decode(), "and evidence", proof.stderr)
    number = next(job["id"] for job in home.json("spool", "list", now=NOW) if job["name"] == rejected)
    requeue = home.command("spool", "requeue", number, "--reason", "x", now=NOW)
    tap.ok(requeue.returncode == 1 and b"its files lie in the archive" in requeue.stderr, "and requeue", requeue.stderr)
    listed = home.json("archive", "list", out, "--type", "EMI", "--verdict", "rj", now=NOW)
    tap.ok([row["name"] for row in listed] == [rejected], "archive list has the filters of spool list", listed)
    page = home.json("archive", "list", out, "--limit", "1", "--sender", "MCC", now=NOW)
    rest = home.json("archive", "list", out, "--after", page[-1]["job"], "--sender", "mcc", now=NOW)
    tap.ok(len(page) == 1 and page[-1]["job"] < rest[0]["job"], "and its pages", page, rest)
    with open(os.path.join(home.path("x"), "ecosgate-archive", "jobs", one["job"], "payload.gz"), "rb") as file:
        plain = subprocess.run(["gunzip"], input=file.read(), capture_output=True, check=True).stdout
    home.drop("mcc", write(home.path(one["name"]), plain))
    home.run(now=at(2 * DAY + 1))
    found = [f["code"] for f in home.json("why", one["name"], now=NOW) if "code" in f]
    newest = home.json("spool", "list", "--type", "EMI", now=NOW)[-1]
    tap.ok(newest["name"] == one["name"] and newest["verdict"] == "RJ", "a file that comes again is known all the same",
           newest, found)
    os.remove(home.path(one["name"]))


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def back_again(tap, home, out, before, one):
    told = restore(home, out, one["job"])
    back = {path: data for path, data in files_of(home).items() if path.split("/")[-2] == one["job"]}
    tap.ok(told.returncode == 0 and back == {p: d for p, d in before.items() if p.split("/")[-2] == one["job"]},
           "one job comes back byte for byte", told.stderr, sorted(back))
    sound(tap, home, "after one job came back")
    again = restore(home, out, one["job"])
    tap.ok(again.returncode == 1 and b"is back already" in again.stderr, "it cannot come back twice", again.stderr)
    told = restore(home, out, "--all")
    after = files_of(home)
    tap.ok(told.returncode == 0 and all(after[path] == data for path, data in before.items()) and
           not os.listdir(home.path("spool", "returning")), "all come back byte for byte", told.stderr)
    sound(tap, home, "after all came back")
    nothing = restore(home, out, "--all")
    tap.ok(nothing.returncode == 1 and b"no job of the archive" in nothing.stderr, "then there is none", nothing.stderr)


def rewritten(source, target, change):
    """A copy of the archive whose members `change` gives: (TarInfo, bytes) → a list of such pairs."""
    plain = subprocess.run(["zstd", "-dc", source], capture_output=True, check=True).stdout
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(plain)) as old, tarfile.open(fileobj=made, mode="w") as new:
        for member in old:
            data = old.extractfile(member).read()
            for info, content in change(member, data):
                info.size = len(content) if info.isreg() else 0
                new.addfile(info, io.BytesIO(content))
    write(target, subprocess.run(["zstd", "-qc"], input=made.getvalue(), capture_output=True, check=True).stdout)


def added(name, kind=tarfile.REGTYPE, link="", data=b"x"):
    def change(member, content):
        if not member.name.endswith("SHA256SUMS"):
            return [(member, content)]
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        return [(info, data), (member, content)]
    return change


def test_purged(tap):
    """What a purge has removed from the ledger does not come back from an archive that was made before."""
    home, _ = played()
    out = home.path("p.tar.zst")
    tap.ok(archive(home, out).returncode == 0, "jobs leave the spool")
    with home_ledger(home) as ledger:
        job, = ledger.execute("SELECT min(id) FROM job WHERE type='EMI'").fetchone()
        ledger.execute("UPDATE job SET purged=1,removed=1 WHERE id=?", (job,))
        ledger.execute("UPDATE outgoing SET removed=1 WHERE job=?", (job,))
    done = restore(home, out, str(job), str(job + 1))
    back = {path for path in files_of(home) if path.split("/")[-2] in (f"{job:08}", f"{job + 1:08}")}
    of_job = sorted(path.split("/")[-1] for path in back if f"{job:08}" in path)
    tap.ok(done.returncode == 0 and of_job == ["envelope", "signature.p7s"] and len(back) == 4 and
           b"files do not come back, for a purge has removed the personal data of their jobs" in done.stderr,
           "a purged job comes back without its files, and that is said", done.stderr, back)
    for now in (at(3 * DAY), at(9 * DAY)):  # nor are they missed
        home.run(now=now)
    sound(tap, home, "after a purged job came back")


def test_damaged(tap, home, out):
    good = open(out, "rb").read()
    bad = home.path("bad.tar.zst")

    def found(what, text, code=1):
        status, told = verify(home, bad)
        back = restore(home, bad, "--all")
        tap.ok(status == code and text in told and back.returncode in (1, 2) and
               b"recorded no archive with the SHA-256" in back.stderr, what, told, back.stderr)

    write(bad, good[:len(good) // 2])
    found("an archive that was cut is no archive", "cannot be read as an archive", 2)
    write(bad, good[:200] + bytes([good[200] ^ 1]) + good[201:])
    status, told = verify(home, bad)
    tap.ok(status in (1, 2), "one byte that was changed is found", told)
    write(bad, b"")
    found("an empty file is no archive", "cannot be read as an archive", 2)
    write(bad, os.urandom(5000))
    found("nor is any other file", "cannot be read as an archive", 2)
    shutil.copy(home.path("ecosgate.conf"), bad)
    tap.ok(home.command("archive", "list", bad).returncode == 2, "archive list says so, too")
    for name, kind, link, text in (("../../../tmp/evil", tarfile.REGTYPE, "", "is no member"),
                                   ("/etc/evil", tarfile.REGTYPE, "", "is no member"),
                                   ("ecosgate-archive/jobs/00000001/../../x", tarfile.REGTYPE, "", "is no member"),
                                   ("ecosgate-archive/jobs/00000001/payload", tarfile.SYMTYPE, "/etc/passwd",
                                    "is no member"),
                                   ("ecosgate-archive/jobs/00000001/payload", tarfile.LNKTYPE, "/etc/passwd",
                                    "is no member"),
                                   ("ecosgate-archive/jobs/00009999/payload", tarfile.REGTYPE, "", "does not stand"),
                                   ("ecosgate-archive/jobs/00000001/other", tarfile.REGTYPE, "", "does not stand")):
        rewritten(out, bad, added(name, kind, link))
        found(f"{name} of type {kind.decode()} is found", text)

    def changed(member, data):
        return [(member, data[:-3] + b"xyz" if member.name.endswith("/envelope") else data)]
    rewritten(out, bad, changed)
    found("bytes that no row has are held by SHA256SUMS", "SHA256SUMS is not that of the members")
    for name in ("/signature.p7s", "_R1.csv.p7s"):
        rewritten(out, bad, lambda member, data, name=name:
                  [(member, data[:-1] + b"x") if member.name.endswith(name) else (member, data)])
        found(f"a signature that was changed is found: {name}", "has other bytes than the ledger says")
    rewritten(out, bad, lambda member, data: [] if member.name.endswith("payload.gz") else [(member, data)])
    found("a file that is missing is named", "payload is missing")
    bomb = subprocess.run(["gzip"], input=bytes(30 << 20), capture_output=True, check=True).stdout
    rewritten(out, bad, lambda member, data: [(member, bomb if member.name.endswith("payload.gz") else data)])
    found("a packed file that grows without end is given up", "payload.gz")
    other = Home()
    status, told = other.command("archive", "verify", out, now=NOW), ""
    tap.ok(status.returncode == 1 and b"another gateway's" in status.stdout, "another gateway's archive is found",
           status.stdout)
    os.remove(bad)


def test_refused(tap, home, out):
    for words, text in ((("--out", out), b"is an archive that the ledger has recorded"),
                        (("--out", home.path("ecosgate.conf")), b"cannot be read as an archive"),
                        (("--out", home.path("nowhere", "a")), b"No such file or directory; make it first"),
                        (("--out", home.path("spool", "a")), b"is within the spool"),
                        (("--out", home.path("b"), "--before", "2023-08-01"), b"is still to come"),
                        (("--out", home.path("b"), "--before", "2023-01-01"), b"no job has ended before"),
                        (("--out", home.path("b"), "--reason", " "), b"there is no reason")):
        before = files_of(home)
        told = home.command("archive", "--before", LATER, "--reason", "x", *words, now=NOW)
        tap.ok(told.returncode in (1, 2) and text in told.stderr and files_of(home) == before,
               f"refused: {text.decode()}", told.stderr)
    full = home.command("archive", "--before", LATER, "--out", home.path("f"), "--reason", "x", now=NOW,
                        prefix=("env", "--ignore-signal=XFSZ", "prlimit", "--fsize=4096"))
    tap.ok(full.returncode == 2 and b"cannot be written" in full.stderr and files_of(home) == before and
           not [n for n in os.listdir(home.dir) if n.startswith((".f", "f"))],
           "where the archive has no room nothing leaves the spool, and nothing is left of it", full.stderr)


def on_bad_disk(home, out, fault, now, what="ENOSPC"):
    """archive, with the disk of its file full, or broken, at that call; whether the call came."""
    calls = home.path("calls")
    done = gate.run("-c", home.conf, "--now", now, "archive", "--before", LATER, "--out", out, "--reason", "room",
                    env={**os.environ, "FAULT_UNDER": os.path.dirname(out), "FAULT": f"{fault}:1:{what}",
                         "FAULT_LOG": calls}, timeout=PATIENCE, preload=[SHIM])
    with open(calls, encoding="utf-8") as file:
        hit = "fault\t" in file.read()
    os.remove(calls)
    return done, hit


def test_full_disk(tap):
    """Each call on the archive fails once: nothing leaves the spool, and what has the archive's name is whole."""
    home, _ = played("gateway cells=no")  # as wherever a library is preloaded
    out, before = home.path("place", "a.tar.zst"), files_of(home)
    os.mkdir(os.path.dirname(out))
    for minute, (kind, most) in enumerate((("open", 1), ("write", 9), ("sync", 9), ("rename", 9), ("close", 9))):
        number, hit, bad, now = 0, True, [], at(2 * DAY + minute)  # at the same time it would have the same digest
        while hit:
            number += 1
            done, hit = on_bad_disk(home, out, f"{kind}:{number if number <= most else 999}", now)
            if not hit:
                break
            there = os.listdir(os.path.dirname(out))
            whole = there == [] or (there == ["a.tar.zst"] and verify(home, out)[1].count("problem:") == 1)
            if done.returncode != 2 or b"No space left on device" not in done.stderr or files_of(home) != before or \
                    not whole or (b"which is whole; the same call takes it up: " in done.stderr) != bool(there):
                bad.append((number, done.returncode, done.stderr, there))
        tap.ok(not bad and done.returncode == 0 and number > 1 and files_of(home) != before,
               f"{kind}: no room for the archive, {number - 1} times, and then some", bad, done.stderr)
        tap.ok(restore(home, out, "--all").returncode == 0 and files_of(home) == before, "all come back")
        os.remove(out)
    for number in (3, 4):  # its digest is taken, and it is read as an archive
        done, hit = on_bad_disk(home, out, f"open:{number}", at(2 * DAY + 30), "EIO")
        tap.ok(hit and done.returncode == 2 and f"{out} was written, and cannot be read back: ".encode() in
               done.stderr and b"; no job has left the spool: check the disk" in done.stderr and
               not os.listdir(os.path.dirname(out)) and files_of(home) == before,
               f"a disk that does not give the archive back ({number}): it is said, and nothing leaves the spool",
               done.stderr)
    sound(tap, home, "after full disks")


def test_full_disk_early(tap):
    """A disk that is full while jobs are still to be read: that ends it there, with its reason and nothing else."""
    home = Home("gateway cells=no")
    for number in (1, 2, 3):  # no compressor makes them small, so bytes reach the disk before the last one is read
        home.drop("mcc", write(home.path("noise"), os.urandom(200_000)),
                  f"EMI_MCC_{SENDERS['EMI'][1]}_20230703_060000_{number:06d}.csv")
    home.run()
    out, before = home.path("place", "a.tar.zst"), files_of(home)
    os.mkdir(os.path.dirname(out))
    calls = home.path("calls")
    with home_ledger(home) as reader:
        reader.execute("SELECT * FROM job").fetchone()  # makes -shm: the first write is one of the archive
        done = gate.run("-c", home.conf, "--now", NOW, "archive", "--before", LATER, "--out", out, "--reason", "room",
                        env={**os.environ, "FAULT_UNDER": home.dir, "FAULT": "write:1:1:ENOSPC", "FAULT_CALLS": "1",
                             "FAULT_LOG": calls}, timeout=PATIENCE, preload=[SHIM])
    with open(calls, encoding="utf-8") as file:
        until, _, since = file.read().partition("fault\twrite\t")
    tap.ok("payload" in until and since.startswith(os.path.dirname(out)) and "payload" not in since,
           "no room while jobs are read: no further one is read", until[-2000:], since)
    tap.ok(done.returncode == 2 and re.fullmatch(
        rf"ecosgate: --out {re.escape(out)} cannot be written: [^\n]*: No space left on device[^\n]*\n",
        done.stderr.decode()) and not os.listdir(os.path.dirname(out)) and files_of(home) == before,
           "one message says why, and nothing is left of the archive", done.stderr)


def test_daemon(tap):
    """A gateway that runs carries it out; what is judged again meanwhile stays."""
    home, rejected = played()
    number = next(job["id"] for job in home.json("spool", "list") if job["name"] == rejected)
    out, before = home.path("a.tar.zst"), files_of(home)
    daemon = home.daemon(now=NOW)
    wait_until(lambda: home.json("status")[0]["running"])
    told = archive(home, out)
    tap.ok(told.returncode == 0, "a running gateway takes the order", told.stderr)
    wait_until(lambda: len(ids(names_of(home))) == 2)
    tap.ok(len(ids(files_of(home))) == 2 and number not in ids(files_of(home)),
           "and the jobs leave the spool", ids(files_of(home)))
    back = restore(home, out, "--all")
    tap.ok(back.returncode == 0 and files_of(home) == before, "and come back", back.stderr)
    daemon.terminate()
    log = daemon.communicate()[1]
    tap.ok(daemon.returncode == 0 and b"jobs have left the spool, 0 stay in it" in log, "the log says so", log)
    sound(tap, home, "after a daemon")


def test_in_work(tap):
    """An instruction and its work order are archived while the work goes on: that goes on all the same."""
    home = Home()
    parties = Parties(home)
    name = parties.instruct([1, 2])
    home.run()
    out = home.path("a.tar.zst")
    told = archive(home, out, before=at(5), now=at(10))
    tap.ok(told.returncode == 0 and not files_of(home), "jobs leave whose Devices are in work", told.stderr)
    parties.result(said(1), said(2, "FAILED", gbcs="17"))
    parties.confirm(confirmed(1))
    home.run(now=at(20))
    tap.ok(parties.states(1, 2) == ["MIGRATED", "FAILED D117"] and
           [row[2] for row in parties.outcome(name) or []] == ["MIGRATED", "FAILED"],
           "results and confirmations count, and the outcome comes", parties.states(1, 2), parties.outcome(name))
    sound(tap, home, "after work went on without its files")
    tap.ok(restore(home, out, "--all", now=at(30)).returncode == 0, "the files come back")
    sound(tap, home, "after they came back")


def test_changed_meanwhile(tap):
    """An order that waits, while an operator has a rejected file judged again: that job stays."""
    home, rejected = played()
    number = next(job["id"] for job in home.json("spool", "list") if job["name"] == rejected)
    out = home.path("a.tar.zst")
    home.command("spool", "requeue", number, "--reason", "x", now=NOW, env=None)
    home.run(now=NOW)
    told = archive(home, out, before=LATER)
    tap.ok(told.returncode == 0 and number in ids(files_of(home)), "a file that was judged again lately stays",
           told.stderr)
    kept = files_of(home)
    told = archive(home, home.path("b.tar.zst"), before=at(2 * DAY + 5), now=at(2 * DAY + 5))
    tap.ok(told.returncode == 0 and not files_of(home), "a second archive takes what is left", told.stderr, kept)
    none = archive(home, home.path("c.tar.zst"), before=at(2 * DAY + 5), now=at(2 * DAY + 5))
    tap.ok(none.returncode == 1 and b"no job has ended" in none.stderr, "a third one finds nothing", none.stderr)
    made = home.command("backup", home.path("copy"), now=at(2 * DAY + 6))
    tap.ok(made.returncode == 0, "a backup of a spool whose jobs are archived is whole", made.stderr)
    tap.ok(restore(home, home.path("b.tar.zst"), "--all", now=at(2 * DAY + 6)).returncode == 0 and
           files_of(home) == kept, "each archive gives back its own")
    sound(tap, home, "after two archives")


if __name__ == "__main__":
    with Tap() as report:
        place, originals, made_archive = test_there_and_back(report)
        test_damaged(report, place, made_archive)
        test_refused(report, place, made_archive)
        if not SANITIZED:  # as all that preloads that library
            test_full_disk(report)
            test_full_disk_early(report)
        test_daemon(report)
        test_changed_meanwhile(report)
        test_in_work(report)
        test_purged(report)
