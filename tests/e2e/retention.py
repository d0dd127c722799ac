#!/usr/bin/env python3
"""Stored files are packed and removed by [retention]: what changes, what does not, who still reads them (TAP)."""
import fcntl
import glob
import gzip
import os
import re
import shutil
import subprocess
import time

from home import GATE, SANITIZED, Home, Tap, generate, wait_until
from live import change
from parties import DCC, Parties, at, confirmed, instructed, said, sound
from redeliver import collect, redeliver, standing

DAY = 24 * 60
MANY = list(range(1, 61))  # Devices whose files are larger than a block of the disk


def files_of(home, job="*"):
    """Name → bytes of all files of a job in done/ and rejected/."""
    found = {}
    for state in ("done", "rejected"):
        for root, _, names in os.walk(home.path("spool", state)):
            if job not in ("*", os.path.basename(root)):
                continue
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    found[name if job != "*" else f"{os.path.basename(root)}/{name}"] = file.read()
    return found


def played(settings=""):
    """A home whose Devices have migrated, with all files delivered."""
    home = Home(settings)
    parties = Parties(home)
    name = parties.instruct(MANY)
    home.run()
    parties.result(*(said(n) for n in MANY))
    parties.confirm(*(confirmed(n) for n in MANY))
    home.run(now=at(10))
    return home, parties, name


def cat(home, *words, now=at(10)):
    return home.command("spool", "cat", *words, now=now)


def test_packing(tap):
    home, _, _ = played()
    before, answers = files_of(home), standing(home)
    large = {name for name, data in before.items() if len(data) > 4096}
    home.run(now=at(DAY))
    tap.ok(files_of(home) == before, "a job that has ended less than a day ago is left alone")
    told = home.run(now=at(DAY + 11))
    after = files_of(home)
    packed = {name[:-3] for name in after if name.endswith(".gz")}
    tap.ok(packed == large and len(large) >= 4 and not set(after) & large,
           "a day after the end of their jobs the large files are packed, and nothing else", sorted(after), large)
    tap.ok(all(gzip.decompress(after[name + ".gz"]) == before[name] for name in large) and
           all(after[name] == before[name] for name in set(before) - large), "with their very bytes")
    tap.ok(re.search(rf"retention: packed {len(large)} files, \d+ bytes less", told.stderr.decode()),
           "the pass says so in one line", told.stderr)
    sound(tap, home, "after packing")
    name = next(name for name in large if "/EMW_" in name)
    tap.ok(cat(home, "1").stdout == before["00000001/payload"] and
           cat(home, *name.split("/")).stdout == before[name], "spool cat gives the plain bytes")
    shown = home.json("spool", "show", "1")[0]["files"]
    tap.ok({(row["name"], row["packed"]) for row in shown} >= {("payload", True), ("envelope", False)},
           "spool show says which are packed", shown)
    collect(home)
    told = redeliver(home, *answers, now=at(DAY + 20))
    home.run(now=at(DAY + 21))
    tap.ok(told.returncode == 0 and standing(home) == answers, "redeliver sends the plain bytes", told.stderr)
    sound(tap, home, "after packed files were delivered again")
    home.run(now=at(2 * DAY + 30))
    tap.ok({n[:-3] for n in files_of(home) if n.endswith(".gz")} == large, "a day later they are packed again")


def copied(home, folder):
    """A backup of the home, and a home that it is restored to."""
    made = home.command("backup", folder, now=at(2 * DAY))
    other = Home()
    shutil.rmtree(other.path("spool"))
    back = other.command("restore", "--replace", folder, now=at(2 * DAY))
    return made, back, other


def test_backup(tap):
    home, _, _ = played()
    before = files_of(home)
    home.run(now=at(2 * DAY))
    made, back, other = copied(home, home.path("copy"))
    other.command("recover", "--reason", "x", now=at(2 * DAY))
    other.run(now=at(2 * DAY + 1))
    tap.ok(made.returncode == 0 and back.returncode == 0, "a backup of packed files can be restored", made.stderr,
           back.stderr)
    tap.ok(cat(other, "1").stdout == before["00000001/payload"], "with their bytes", back.stderr)
    sound(tap, other, "after packed files were restored")
    job = next(root for root, _, names in os.walk(home.path("spool", "done")) if "payload.gz" in names and
               root.endswith("00000001"))
    with open(os.path.join(job, "payload.gz"), "r+b") as file:
        file.seek(-26, os.SEEK_END)  # the CRC of its bytes: the last member has none, and is 20 long
        file.write(b"xxxx")
    verified = home.command("spool", "verify", now=at(2 * DAY))
    tap.ok(verified.returncode == 1 and b"payload.gz is damaged" in verified.stdout, "verify finds a damaged one",
           verified.stdout)
    damaged = cat(home, "1")
    tap.ok(damaged.returncode == 2 and b"is damaged" in damaged.stderr, "and spool cat says so", damaged.stderr)
    again = home.command("backup", home.path("copy2"), now=at(2 * DAY))
    tap.ok(again.returncode == 1 and b"payload.gz does not have the SHA-256" in again.stderr, "and a backup, too",
           again.stderr)


REMOVING = ("retention instructions=1;3\nretention results=1;3\nretention work_orders=never;3\n"
            "retention outcomes=1;3\nretention reports=1;3\nretention other=1;3")


def test_removal(tap):
    home, parties, name = played(REMOVING)
    answers = standing(home)
    rejected = parties.instruct(MANY, count=3)
    home.run(now=at(15))
    number = next(job["id"] for job in home.json("spool", "list") if job["name"] == rejected)
    home.run(now=at(2 * DAY))
    tap.ok(home.command("spool", "requeue", number, "--reason", "x", now=at(2 * DAY)).returncode == 0 and
           home.run(now=at(2 * DAY + 1)).returncode == 1, "a packed file that was rejected can be judged again")
    collect(home)
    told = home.run(now=at(3 * DAY + 20))
    left = files_of(home)
    tap.ok(not any("payload" in n or "/EM" in n for n in left if n.startswith("00000001/")) and
           "00000001/envelope" in left, "three days after the end payload and answers are gone", sorted(left))
    tap.ok(re.search(r"retention: removed the files of \d+ jobs, \d+ bytes", told.stderr.decode()),
           "the pass says so in one line", told.stderr)
    sound(tap, home, "after files were removed")
    gone = cat(home, "1", now=at(4 * DAY))
    tap.ok(gone.returncode == 1 and b"its bytes were removed from the spool at 2023-07-06T12:20:00Z" in gone.stderr,
           "spool cat says when, and what to do", gone.stderr)
    fact = home.json("why", name, now=at(4 * DAY))[0]
    tap.ok((fact["removed"] or "").startswith("its bytes were removed"), "and so does why", fact)
    again = redeliver(home, *(n for n in answers if n.startswith("EM")), now=at(4 * DAY))
    home.run(now=at(4 * DAY + 1))
    tap.ok(again.returncode == 0 and standing(home) == {n: d for n, d in answers.items() if n.startswith("EM")},
           "answers, work orders and outcomes are built again from rows, byte for byte", again.stderr)
    sound(tap, home, "after removed files were delivered again")
    home.run(now=at(8 * DAY))
    tap.ok(not any("/EM" in n for n in files_of(home)), "and are removed again three days later",
           sorted(files_of(home)))
    number = next(job["id"] for job in home.json("spool", "list") if job["name"] == rejected)
    refused = home.command("spool", "requeue", number, "--reason", "x", now=at(8 * DAY))
    home.run(now=at(8 * DAY + 1))
    result = home.json("spool", "show", number)[0]["actions"][-1]["result"]
    tap.ok("ask the sender for the file again" in result, "a file whose bytes are removed is not judged again", result,
           refused.stderr)


def test_reports(tap):
    """A report records what was known: it is not built again."""
    home, _, _ = played(REMOVING)
    home.run(now=at(8 * DAY))
    job, report = next((job["id"], row["name"]) for job in home.json("spool", "list") for row in
                       home.json("spool", "show", job["id"])[0]["parts"] if row["kind"].startswith("MGMT"))
    home.run(now=at(12 * DAY))
    printed = cat(home, job, report, now=at(12 * DAY))
    tap.ok(printed.returncode == 1 and b"were removed" in printed.stderr, "reports are removed, too", printed.stderr)
    told = redeliver(home, report, now=at(12 * DAY))
    tap.ok(told.returncode == 1 and b"A report is not built again" in told.stderr,
           "a report whose bytes are removed is not delivered again", told.stdout, told.stderr)
    sound(tap, home, "after reports were removed")


def payload_of(home, number):
    path, = glob.glob(home.path("spool", "done", "*", f"{number:08}", "payload"))
    return path


def of_two(settings=REMOVING):
    """A home whose jobs 1 and 2 have payloads that are worth packing."""
    home = Home(settings)
    parties = Parties(home)
    for first in (1, 101):
        parties.instruct(range(first, first + 60))
    home.run()
    jobs = sorted(int(job["id"]) for job in home.json("spool", "list") if job["type"] == "EMI")
    return home, jobs


def be_damaged(path):
    with open(path, "r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"?")


def be_link(path):
    os.rename(path, path + ".real")
    os.symlink("payload.real", path)


def test_damage(tap):
    """What cannot be packed holds nothing else up."""
    for what, damage, text in (("damaged", be_damaged, b"is not what was stored"),
                               ("unreadable", be_link, b"Too many levels of symbolic links")):
        home, (first, second) = of_two()
        damage(payload_of(home, first))
        told = home.run(now=at(DAY + 10))
        tap.ok(text in told.stderr and f"job {first:08}: a file is not packed".encode() in told.stderr,
               f"a {what} file is told and stays plain: {payload_of(home, first)[-17:]}", told.stderr)
        tap.ok(f"{second:08}/payload.gz" in files_of(home), f"behind a {what} file others are packed", told.stderr)
        tap.ok(b"A111" not in home.command("incident", "list").stdout, "it opens no A111: the gateway needs it no more")
    home, (first, second) = of_two()
    change(home, f"INSERT INTO incident(code,subject,begun,text) VALUES('A111','{first:08}/payload',1,'x')")
    home.run(now=at(9 * DAY))
    tap.ok(os.path.exists(payload_of(home, first)) and not glob.glob(home.path("spool", "done", "*", f"{second:08}",
           "payload*")), "files of a job with an open A111 are neither packed nor removed", sorted(files_of(home)))


def test_damaged_again(tap):
    """A packed file that is damaged, and that has to be delivered again."""
    home, _, _ = played("retention work_orders=1;never\nretention reports=1;never")
    answers = standing(home)
    home.run(now=at(9 * DAY))
    path, = glob.glob(home.path("spool", "done", "*", "*", "EMW_*.gz"))
    with open(path, "r+b") as file:
        file.seek(30)
        file.write(b"????????")
    collect(home)
    name = os.path.basename(path)[:-3]
    redeliver(home, name, now=at(9 * DAY))
    told = home.run(now=at(9 * DAY))
    tap.ok(standing(home).get(name) == answers[name] and b"it is built again" in told.stderr,
           "is built again from rows", told.returncode, told.stderr)
    tap.ok(home.run(now=at(9 * DAY)).returncode == 0, "and the next pass has nothing to say")
    sound(tap, home, "after a damaged packed file was delivered again")


def test_unremovable(tap):
    home, (first, second) = of_two("retention instructions=never;3")
    os.remove(payload_of(home, first))
    os.mkdir(home.path("spool", "done", "00000xxx", f"{first:08}", "payload"))
    told = home.run(now=at(9 * DAY))
    tap.ok(told.returncode != 0 and f"job {first:08}: a file is not removed".encode() in told.stderr and
           f"{second:08}/payload" not in files_of(home), "a file that cannot be removed is told, others are removed",
           told.stderr)
    os.rmdir(home.path("spool", "done", "00000xxx", f"{first:08}", "payload"))
    tap.ok(home.run(now=at(9 * DAY)).returncode == 0, "the next start has nothing left to say")
    sound(tap, home, "after the rest was removed")


def test_beside_backup(tap):
    """A backup copies the ledger, then the files that it knows."""
    home, jobs = of_two("retention instructions=never;3")
    with open(home.path("spool", "backup"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home.run(now=at(9 * DAY))
        tap.ok(all(os.path.exists(payload_of(home, n)) for n in jobs), "while a backup is made nothing is removed")
        tap.ok(all(job["removed"] is None for n in jobs for job in home.json("why", str(n))), "nor said to be")
    home.run(now=at(9 * DAY), env={"ECOSGATE_CRASH": "removal-noted:after"})
    with open(home.path("spool", "backup"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home.run(now=at(9 * DAY))
        tap.ok(all(os.path.exists(payload_of(home, n)) for n in jobs), "not even what was begun before")
    home.run(now=at(9 * DAY))
    tap.ok(not glob.glob(home.path("spool", "done", "*", "*", "payload")), "it is taken up when the backup has ended")
    sound(tap, home, "after a removal that a backup has held up")


def test_order_of_steps(tap):
    """At no moment are the bytes in neither form."""
    for point in ("file-packed:before", "file-packed:after", "packing-synced:after", "plain-removed:before",
                  "plain-removed:after", "packing-settled:before", "packing-settled:after"):
        home, (first, _) = of_two("retention instructions=1;never")
        before = files_of(home)[f"{first:08}/payload"]
        home.run(now=at(DAY + 10), env={"ECOSGATE_CRASH": point})
        tap.ok(cat(home, str(first)).stdout == before, f"killed at {point} the bytes are there")
    for point in ("removal-noted:before", "removal-noted:after", "file-removed:after", "removal-settled:before"):
        home, _ = of_two("retention instructions=never;3")
        home.run(now=at(9 * DAY), env={"ECOSGATE_CRASH": point})
        sound(tap, home, f"killed at {point}")


def test_copies(tap):
    """FULL files of the inventory: old copies go, the newest and changes stay."""
    home = Home("gateway shrink_limit=100")
    for number, (mode, day) in enumerate((("FULL", 0), ("FULL", 7), ("DELTA", 8), ("FULL", 14)), 1):
        made = generate(home.dir, "--type", "INV", "--devices", "60", f"--{mode.lower()}", "--sequence",
                        str(number), "--time", at(day * DAY))
        home.drop("dcc", made)
        home.run(now=at(day * DAY + 1))
    names = [job["name"] for job in home.json("spool", "list") if job["type"] == "INV"]
    home.run(now=at(60 * DAY))
    removed = [home.json("why", n, now=at(60 * DAY))[0]["removed"] is not None for n in names]
    tap.ok(removed == [True, True, False, False], "old copies of the inventory are removed by default",
           removed, names)
    sound(tap, home, "after copies of the inventory were removed")


def members(path):
    """The files of jobs in an archive, or in one of evidence."""
    listed = subprocess.run(["tar", "-tf", path], capture_output=True, check=True).stdout.decode().split()
    return sorted(name.partition("/")[2] for name in listed if "/0000" in name and not name.endswith("/"))


def test_both_forms(tap):
    """A stop before the plain files are removed: each file stands there twice, and nobody sees it twice."""
    home, _, _ = played()
    before = {name: (row["size"], row["packed"]) for row in home.json("spool", "show", "1")[0]["files"]
              for name in [row["name"]]}
    listed = [{**row} for row in home.json("spool", "list")]
    whole = files_of(home)
    home.command("run", "--once", now=at(DAY + 11), env={"ECOSGATE_CRASH": "packing-synced:after"})
    both = {name for name in files_of(home) if name + ".gz" in files_of(home)}
    tap.ok(len(both) >= 4 and "00000001/payload" in both, "some files stand there in both forms", both)
    rows = home.json("spool", "show", "1")[0]["files"]
    tap.ok({row["name"]: (row["size"], row["packed"]) for row in rows} == before and len(rows) == len(before),
           "spool show lists each once, the plain one", rows)
    tap.ok(home.json("spool", "list") == listed, "spool list shows what it had")
    with open(home.job(1, "payload.gz"), "wb") as file:
        file.write(b"a stop may leave half of it")
    tap.ok(cat(home, "1").stdout == whole["00000001/payload"], "spool cat gives the plain one")
    made = home.command("evidence", "1", "--out", home.path("evidence.tar"), now=at(DAY + 11))
    found = members(home.path("evidence.tar"))
    tap.ok(made.returncode == 0 and found.count("00000001/payload") + found.count("jobs/00000001/payload") == 1 and
           not [name for name in found if name.endswith(".gz")], "evidence has it once", found, made.stderr)
    made = home.command("archive", "--before", "2023-07-04T12:00:00Z", "--out", home.path("jobs.tar.zst"), "--reason",
                        "x", now=at(DAY + 11))
    found = members(home.path("jobs.tar.zst"))
    tap.ok(made.returncode == 0 and len(found) == len(set(name.removesuffix(".gz") for name in found)) >= len(both),
           "an archive has each once", found, made.stderr)


def test_many_changes(tap):
    """Packed files that no rule removes become ever more. A round asks for none of them."""
    home, counts, number = Home("gateway cells=no"), [], 0
    for day, files in ((0, 5), (60, 20)):
        for _ in range(files):
            number += 1
            home.drop("dcc", generate(home.dir, "--type", "INV", "--devices", "1", "--sequence", str(number), "--time",
                                      at(day * DAY + number), "--full" if number == 1 else "--delta"))
        home.run(now=at(day * DAY + 30))
        home.run(now=at((day + 50) * DAY))
        counts.append(home.questions(at((day + 50) * DAY + 20)))
    tap.ok(len(home.json("spool", "list")) >= 25 and 0 < counts[0] and counts[1] < counts[0] + 20,
           "a pass asks nothing about packed files that stay for ever", counts)


def test_what_waits(tap):
    """What is not ended is left alone."""
    home, parties, _ = played(REMOVING)
    held = parties.instruct(range(100, 160))
    home.command("run", "--once", now=at(20), env={})
    stuck = files_of(home)
    os.rename(home.path("drops", "tcos", "out"), home.path("drops", "tcos", "gone"))
    parties.instruct(range(200, 260))
    home.run(now=at(30))
    home.run(now=at(9 * DAY))
    active = [n for _, _, names in os.walk(home.path("spool", "active")) for n in names]
    tap.ok(active and not any(n.endswith(".gz") for n in active), "a job whose work order cannot be delivered stays",
           active, held, len(stuck))
    os.rename(home.path("drops", "tcos", "gone"), home.path("drops", "tcos", "out"))
    sound(tap, home, "while a job waits")


def test_settings(tap):
    faults = ("retention instructions=1;1\nretention results=never;5\n"
              "drop dcc taken_within=200\nretention reports=1;8\n"
              "retention inventory=soon;35\nretention assets=1\nretention other=0;4000\nretention paper=1;2")
    checked = Home(faults).command("config", "check")
    text = checked.stdout.decode() + checked.stderr.decode()
    for expected in ("[retention] instructions: expected more days until the files are removed",
                     "[retention] reports: expected reports that stay longer than taken_within of [drop dcc], 200",
                     "[retention] inventory: expected PACK;REMOVE", "[retention] assets: expected PACK;REMOVE",
                     "[retention] other: expected PACK;REMOVE", "paper"):
        tap.ok(expected in text, f"config check: {expected}", text)


def test_slices(tap):
    """A daemon packs a large file beside its work, and no pass is held up."""
    home = Home()
    made = generate(home.dir, "--devices", "20000", "--form", "csv")
    home.drop("mcc", made)
    home.run()
    process = subprocess.Popen([GATE, "-c", home.conf, "--now", at(3 * DAY), "run"], stderr=subprocess.PIPE)
    begun = time.monotonic()
    good = wait_until(lambda: any("payload.gz" in names for _, _, names in os.walk(home.path("spool", "done"))))
    took = time.monotonic() - begun
    process.terminate()
    tap.ok(good and process.wait() == 0, f"a daemon packs 20000 Devices ({took:.1f} s)", process.stderr.read())
    packed = glob.glob(home.path("spool", "done", "*", "*", "payload.gz"))[0]
    with open(made, "rb") as file:
        tap.ok(subprocess.run(["gzip", "-dc", packed], check=False, capture_output=True).stdout == file.read() ==
               cat(home, "1").stdout, "gzip reads all members of the packed file")
    sound(tap, home, "after a daemon packed")


def test_subfolders(tap):
    """Earlier releases had all ended jobs in done/ itself."""
    home, parties, _ = played()
    jobs = {os.path.basename(p): p for p in glob.glob(home.path("spool", "done", "*", "0*"))}
    tap.ok(len(jobs) == 5 and all(p.split("/")[-2] == "00000xxx" for p in jobs.values()),
           "ended jobs stand in a subfolder of done", jobs)
    for number, path in jobs.items():
        os.rename(path, home.path("spool", "done", number))
    os.rmdir(home.path("spool", "done", "00000xxx"))
    sound(tap, home, "with all jobs in done itself")
    tap.ok(cat(home, "1").returncode == 0 and home.json("spool", "show", "1")[0]["state"] == "done",
           "commands find them there")
    made, back, other = copied(home, home.path("copy"))
    tap.ok(made.returncode == 0 and back.returncode == 0, "a backup takes them", made.stderr, back.stderr)
    for point in ("before", "after"):
        home.run(now=at(20), env={"ECOSGATE_CRASH": f"job-spread:{point}:2"})
        sound(tap, home, f"killed {point} the second of them moves")
    parties.instruct([99])
    told = home.run(now=at(20))
    now = {os.path.basename(p): p for p in glob.glob(home.path("spool", "done", "*", "0*"))}
    tap.ok(set(now) >= set(jobs) and not glob.glob(home.path("spool", "done", "0*0[0-9]")) and
           b"jobs of done into its subfolders" in told.stderr, "run moves them", now, told.stderr)
    sound(tap, home, "after they have moved")
    other.command("recover", "--reason", "x", now=at(2 * DAY))
    other.run(now=at(2 * DAY + 1))
    tap.ok(len(glob.glob(other.path("spool", "done", "00000xxx", "0*"))) >= 5, "so does a restored spool")
    sound(tap, other, "after a restored spool was spread")


def main():
    with Tap() as tap:
        for test in (test_packing, test_backup, test_removal, test_reports, test_damage, test_damaged_again,
                     test_unremovable, test_beside_backup, test_order_of_steps, test_copies, test_both_forms,
                     test_what_waits, test_settings, test_subfolders, test_slices):
            test(tap)
        if not SANITIZED:  # a sanitizer wants to be the first library
            test_many_changes(tap)


if __name__ == "__main__":
    main()
