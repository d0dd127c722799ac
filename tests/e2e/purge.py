#!/usr/bin/env python3
"""`purge` removes MPxN of ended work for good: no byte of one is left in spool or ledger (TAP)."""
import fcntl
import gzip
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

from home import GATE, SOURCE, Copy, Home, Tap, wait_until
from parties import Parties, at, confirmed, device, instructed, said, sound
from redeliver import redeliver
from signer import sign_outgoing

DAY = 24 * 60
LATER = at(60 * DAY)  # 1 September: the reports of July and August are issued
BEFORE = "2023-08-01"
MANY = range(1, 61)
SUPPLIER = "90-B3-D5-1F-30-05-00-01"
GAINING = "90-B3-D5-1F-30-05-00-02"  # of Device 2 by a change of supplier; PTY and inventory do not name it
SETTINGS = ("gateway mpxn_check_digits=warn\ngateway inventory_max_age=3650\nreview C125=warn\n"
            "drop ecos complete=at-once\ndrop dcc complete=at-once")
STEPS = ("order-done:after", "purge-noted:after", "purge-noted:after:5", "file-purged:after:2",
         "ledger-scrubbed:before", "ledger-scrubbed:after", "purge-ended:before", "purge-ended:after")


def point(number):
    """An MPAN that nothing else in the files looks like, and that is another one for each Device."""
    return f"77{number:03}98765432"


def row(number, mpxn=None):
    return {**instructed(number), "MPxN": mpxn or point(number)}


def known(number):
    return (f"{device(number)},ESME,Commissioned,AB01,010A030B,0002012F,{point(number)},,{SUPPLIER},,North,2021-04-06,"
            "2021-04-06,TCOS,")


def raw(home, numbers):
    """The places in which bytes of these MPxN stand, plain or packed: the whole home but its drops."""
    return raw_of(home.path("spool"), numbers)


def raw_of(folder, numbers):
    wanted = re.compile(b"|".join(point(n).encode() for n in numbers))
    found = []
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                data = file.read()
            if wanted.search(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data):
                found.append(os.path.relpath(os.path.join(root, name), folder))
    return found


def columns(home, numbers):
    """The columns of the ledger in which these MPxN stand."""
    wanted = re.compile("|".join(point(n) for n in numbers))
    connection = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    found = set()
    for table, in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall():
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [item[0] for item in cursor.description]
        for values in cursor:
            found |= {f"{table}.{name}" for name, value in zip(names, values) if wanted.search(str(value))}
    connection.close()
    return found


def migrated(parties, numbers, batch):
    parties.result(*(said(n, batch=batch, record=i) for i, n in enumerate(numbers, 1)))
    parties.confirm(*(confirmed(n, batch=batch, record=i) for i, n in enumerate(numbers, 1)))


def skip_jobs(home):
    """The next job is so far behind the newest one that a purge asks several times before it comes to it."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as connection:
        connection.execute("INSERT INTO counter(name,value) VALUES('job',12000) ON CONFLICT DO UPDATE SET value=12000")
    connection.close()


def played(settings=""):
    """60 Devices have migrated, one of which the instruction knew by another MPxN; 61 has failed, 62 was refused, 63
    was in a file that was rejected whole, and 64 in none. Every report until September is issued."""
    home = Home(SETTINGS + ("\n" + settings if settings else ""))
    sign_outgoing(home)
    parties = Parties(home)
    parties.references("PTY", f"{SUPPLIER},SUPPLIER,AAAA,First,")
    parties.references("INV", *(known(n) for n in (*MANY, 61, 64)))
    parties.references("COS", *(f"{point(n)},{SUPPLIER},{gaining},2022-01-01"
                                for n, gaining in ((1, SUPPLIER), (2, GAINING), (64, SUPPLIER))))
    home.run()
    parties.instruct([row(n, point(65) if n == 7 else None) for n in MANY])
    parties.instruct([row(61), {**row(62), "DeviceType": "FISH"}])
    home.run()
    skip_jobs(home)
    parties.instruct([row(63)], count=3)
    home.run()
    migrated(parties, MANY, 1)
    parties.result(said(61, "FAILED", gbcs="25", batch=2, record=1))
    home.run(now=at(10))
    for minutes in (DAY, 8 * DAY, 30 * DAY, 60 * DAY - 5):
        home.run(now=at(minutes))
    return home, parties


def purge(home, *words, before=BEFORE, env=None, now=LATER):
    return home.command("purge", "--before", before, "--reason", "law", *words, now=now, env=env)


GONE = (*MANY, 65)
LATE = (61, 62, 63)  # what an open incident keeps


class Twins:
    """Homes that are as `home` was."""

    def __init__(self, home):
        self.copy = Copy(home.dir)

    def home(self):
        twin = Home()
        shutil.rmtree(twin.dir)
        self.copy.write(twin.dir)
        return twin


def purges(home):
    return Parties(home).rows("SELECT stage, jobs, devices, points, bytes, ended IS NOT NULL FROM purge")


def clean(home, numbers=GONE):
    return columns(home, numbers), raw(home, numbers)


def test_columns(tap, home):
    everything = (*GONE, *LATE, 64)
    with open(f"{SOURCE}/gateway/NOTES.md", encoding="utf-8") as file:
        listed = file.read()
    found = columns(home, everything)
    tap.ok({"work_item.mpxn", "inventory.mpxn", "cos.mpxn", "finding.value", "finding.text"} == found,
           "MPxN stand in the columns that the notes list", found)
    tap.ok(all(f"`{name}`" in listed for name in ("work_item.mpxn", "inventory.mpxn", "cos.mpxn", "finding.value")),
           "which they name")
    tap.ok(any(".gz" in name for name in raw(home, everything)), "some of the files are packed")


def test_wrong(tap, home):
    for words, text in ((("--before", "tomorrow"), b"is no time"), (("--before", "2023-13-01"), b"is no time"),
                        (("--before", ""), b"is no time"), (("--before", "2023-09-02"), b"is in the future"),
                        (("--before", "9999-12-31"), b"is in the future"), ((), b"give --before DATE")):
        done = home.command("purge", *words, "--reason", "x", now=LATER)
        tap.ok(done.returncode == 2 and text in done.stderr, f"a wrong call: {' '.join(words)}", done.stderr)
    today = purge(home, before="2023-09-01", now=at(60 * DAY + 60))
    tap.ok(today.returncode == 1 and b"MAPR of the period from 2023-08-28" in today.stderr or
           b"is not issued yet, and may need" in today.stderr, "today: a report is still to come", today.stderr)
    tap.ok(home.command("purge", "--before", BEFORE, now=LATER).returncode == 2, "a reason is needed")
    tap.ok(purges(home) == [], "nothing of that has begun")


def test_all(tap, home):
    answers = home.out("mcc")
    dry = home.command("--json", "purge", "--before", BEFORE, "--dry-run", now=LATER)
    fact = json.loads(dry.stdout)
    tap.ok(dry.returncode == 0 and fact["devices"] == len(MANY) and fact["refusal"] is None, "a dry run counts", fact)
    tap.ok(purges(home) == [] and raw(home, GONE), "and removes nothing")
    done = purge(home)
    _, jobs, devices, points, size, ended = purges(home)[0]
    tap.ok(done.returncode == 0 and b"purge done: begun" in done.stdout and ended, "without a gateway it ends at once",
           done.stdout, done.stderr)
    tap.ok((jobs, devices, size) == (fact["jobs"], fact["devices"], fact["bytes"]),
           "it removes what the dry run counted", purges(home), fact)
    tap.ok(points == len(MANY) + 2, "rows of the inventory, and changes of supplier", points)
    tap.ok(clean(home) == (set(), []), "no byte of an MPxN is left in ledger, WAL, shm and spool", clean(home))
    tap.ok(columns(home, [61]) >= {"inventory.mpxn", "work_item.mpxn"} and columns(home, [63]) == {"finding.value"} and
           columns(home, [64]) == {"inventory.mpxn", "cos.mpxn"},
           "what an open incident keeps, and what is in scope, stays", columns(home, LATE))
    parties = {party for party, in Parties(home).rows("SELECT printf('%016X', party_id) FROM inventory_party")}
    tap.ok(parties == {SUPPLIER.replace("-", ""), GAINING.replace("-", "")},
           "a Supplier that a purged change of supplier named is one that the inventory names", parties)
    sound(tap, home, "after a purge")
    there, kept = signatures(home)
    tap.ok(there == kept and len(there) > 10, "signatures of files that are gone are gone, the others are there",
           there ^ kept)
    links = Parties(home).rows("SELECT line FROM evidence WHERE kind='purge' ORDER BY n")
    tap.ok(len(links) == jobs + 1 and f"jobs {jobs}, Devices {devices}" in links[-1][0], "the evidence has its links",
           links[-1])
    again = purge(home)
    tap.ok(again.returncode == 0 and purges(home)[1][1:4] == (0, 0, 0), "a second one finds nothing", purges(home))
    test_consequences(tap, home, answers)


def test_consequences(tap, home, answers):
    name = next(name for name in answers if name.startswith("EMD") and "_000001_" in name)
    for lost in (name, name + ".p7s"):
        os.remove(home.path("drops", "mcc", "out", lost))
    for lost in (name, name + ".p7s"):
        done = redeliver(home, lost, now=LATER)
        tap.ok(done.returncode == 1 and b"were removed for good by an operator's purge" in done.stderr,
               f"{lost[-4:]}: an answer that was purged is not delivered again, nor its signature", done.stderr)
    job = home.json("why", name, now=LATER)[0]
    tap.ok("(purge)" in (job["removed"] or ""), "why says who removed it", job)
    number = next(row["id"] for row in home.json("spool", "list") if row["type"] == "EMI")
    cat = home.command("spool", "cat", number, now=LATER)
    tap.ok(cat.returncode == 1 and b"(purge)" in cat.stderr, "and so does spool cat", cat.stderr)
    shown = home.json("device", "show", device(7), now=LATER)[0]
    tap.ok(shown["mpxn"] is None and shown["state"] == "MIGRATED", "the Device is known without its MPxN", shown)
    tar = home.command("evidence", number, "--out", home.path("a.tar"), now=LATER)
    told = proved(home, home.path("a.tar"))
    tap.ok(tar.returncode == 0 and b"files are not in it" in tar.stderr and told.returncode == 0 and
           f"{name}.p7s".encode() in told.stdout, "evidence says what is absent, signatures among it, and is proved",
           tar.stderr, told.stdout)
    home.command("incident", "close", "--category", "b", "--yes", "--reason", "x", now=LATER)
    home.command("incident", "close", "--category", "d", "--yes", "--reason", "x", now=LATER)
    home.command("incident", "close", "--category", "c", "--yes", "--reason", "x", now=LATER)
    home.run(now=LATER)
    done = purge(home)
    tap.ok(clean(home, (*GONE, 62, 63)) == (set(), []), "once incidents are closed the rest goes", done.stderr,
           clean(home, (*GONE, 62, 63)))
    tap.ok(columns(home, [61]) == {"inventory.mpxn"} and raw(home, [61]) == ["ledger.sqlite"],
           "but the inventory's MPxN of a Device that has not migrated", columns(home, [61]), raw(home, [61]))
    parties = Parties(home)
    parties.numbers["INV"] = 1
    parties.references("INV", *(known(n) for n in (*MANY, 61, 64)))
    home.run(now=at(60 * DAY + 5))
    tap.ok(columns(home, GONE) <= {"finding.value", "finding.text"} and "inventory.mpxn" in columns(home, [61]),
           "a later INV brings no MPxN of a purged Device back, but in what is found in that file itself",
           columns(home, GONE))
    sound(tap, home, "after a second purge, and an INV")


def proved(home, tar):
    """The script of an archive of `evidence`; the archive is gone afterwards."""
    folder = home.path("auditor")
    os.mkdir(folder)
    subprocess.run(["tar", "-xf", tar, "-C", folder, "--strip-components=1"], check=True)
    os.remove(tar)
    done = subprocess.run(["sh", "verify"], cwd=folder, capture_output=True, check=False)
    shutil.rmtree(folder)
    return done


def signatures(home):
    """Of which outgoing files the spool has a signature, and of which it has none any more, as the ledger says."""
    names = {n.removesuffix(".gz") for _, _, names in os.walk(home.path("spool")) for n in names}
    rows = Parties(home).rows("SELECT name, removed IS NOT NULL FROM outgoing WHERE name LIKE '%.p7s'")
    return {name for name, _ in rows if name in names}, {name for name, removed in rows if not removed}


def test_kills(tap, twins):
    for step in STEPS:  # before and after each one: crash.py
        home = twins.home()
        done = purge(home, env={"ECOSGATE_CRASH": step})
        home.run(now=at(60 * DAY + 5))
        tap.ok(done.returncode == -signal.SIGKILL and clean(home) == (set(), []) and purges(home)[0][1] == 43 and
               len(purges(home)) == 1, f"killed at {step} the next run ends it", done.returncode, clean(home),
               purges(home))
    sound(tap, home, "after a kill")


def test_beside(tap, twins):
    """While the gateway runs, twice at once, while somebody reads, and beside a backup."""
    home = twins.home()
    reader = sqlite3.connect(home.path("spool", "ledger.sqlite"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM job").fetchone()
    gateway = home.daemon(now=at(60 * DAY + 5))
    wait_until(lambda: home.json("status", now=at(60 * DAY + 5))[0]["running"])
    first = purge(home, now=at(60 * DAY + 6))
    second = purge(home, now=at(60 * DAY + 6))
    tap.ok(first.returncode == 0 and second.returncode == 1 and b"is under way" in second.stderr,
           "the second order at once is refused", first.stderr, second.stderr)
    wait_until(lambda: purges(home)[0][0] == 3)
    tap.ok(not purges(home)[0][-1], "it does not end while somebody reads what it has removed")
    wait_until(lambda: status(home)["waits"])
    told = status(home)
    tap.ok(told["waits"] == f"process {os.getpid()} (python3) reads the ledger; end it" and
           (told["step"], told["steps"], told["removes"]) == (4, 4, "unused bytes of the ledger") and
           (told["jobs"], told["devices"]) == (43, 60), "status says how far it is, and who has to end", told)
    other = another_reader(home)
    told = status(home)["waits"]
    names = sorted((os.getpid(), other.pid))
    tap.ok(sorted(map(int, re.findall("process ([0-9]+) ", told))) == names and
           re.fullmatch(r"process \d+ \(\S+\) and process \d+ \(\S+\) read the ledger; end them", told),
           "of two that read it says that both have to end", told)
    other.communicate()
    reader.close()
    wait_until(lambda: purges(home)[0][-1])
    gateway.terminate()
    said = gateway.communicate()[1]
    # `status` reads the ledger, too, and may be named beside the reader.
    tap.ok(re.search(rb"the purge waits: [^\n]*process %d \(python3\)" % os.getpid(), said) and
           b"purge: removed the personal data of 43 jobs with 60 Devices" in said, "the log says both", said[-2000:])
    tap.ok(clean(home) == (set(), []), "a running gateway removes all beside its work", clean(home))
    sound(tap, home, "after a purge beside other work")
    home = twins.home()
    with open(home.path("spool", "backup"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = purge(home)
        tap.ok(done.returncode == 0 and purges(home)[0][1] == 0, "while a backup is made it stands still", purges(home))
        alarms(tap, home, "no gateway runs", "ecosgate run")
    home.run(now=at(60 * DAY + 5))
    tap.ok(clean(home) == (set(), []) and status(home) is None, "and goes on behind it", clean(home))


def another_reader(home):
    """A process that reads the ledger until its standard input is closed."""
    reads = ("import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN');"
             "db.execute('SELECT count(*) FROM job').fetchone(); print(flush=True); sys.stdin.read()")
    reader = subprocess.Popen(  # pylint: disable=consider-using-with
        [sys.executable, "-c", reads, home.path("spool", "ledger.sqlite")], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    reader.stdout.readline()
    return reader


def status(home):
    return home.json("status", now=at(60 * DAY + 6))[0]["purge"]


def alarms(tap, home, cause, command):
    """status and health tell of the purge, what it waits for, and what moves it on; in time it is a warning."""
    for later, level in ((0, "note"), (DAY + 10, "warning")):
        now = at(60 * DAY + 6 + later)
        found = [row for row in home.json("status", now=now)[0]["alarms"] if "purge" in row["text"]]
        tap.ok(len(found) == 1 and found[0]["level"] == level and found[0]["command"] == command and
               f"a purge before 2023-08-01T00:00:00Z waits: {cause}; it is in step 1 of 4: files" in found[0]["text"],
               f"a purge that waits is a {level}: {cause}", found)


def test_archived(tap, twins):
    """A job whose archive the ledger has recorded is left alone, also before its folder has left the spool."""
    home = twins.home()
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as connection:
        job, = connection.execute("SELECT min(id) FROM job WHERE type='EMI'").fetchone()
        connection.execute("INSERT INTO archive(name,sha256,ended_before,at,settled) VALUES('a','b',1,1,1)")
        connection.execute("INSERT INTO archive_range(first,last,archive) VALUES(?,?,1)", (job, job))
    connection.close()
    done = purge(home)
    tap.ok(done.returncode == 0 and purges(home)[0][1] == 42 and "work_item.mpxn" in columns(home, MANY) and
           any(f"{job:08}/payload" in path for path in raw(home, MANY)),
           "a job that is in an archive is not purged", done.stderr, purges(home))


def archive(home, name, now=LATER, env=None):
    return home.command("archive", "--before", BEFORE, "--out", home.path(name), "--reason", "room", now=now, env=env)


def stands_in(home, name, numbers=GONE):
    """Which files of an archive have MPxN in them."""
    folder = home.path("opened")
    os.mkdir(folder)
    subprocess.run(["tar", "--zstd", "-xf", home.path(name), "-C", folder], check=True)
    found = raw_of(folder, numbers)
    shutil.rmtree(folder)
    return found


def stopped(home, step, *words, now):
    """The program, which stands still at the step (SIGSTOP)."""
    gate = subprocess.Popen([GATE, "-c", home.conf, "--now", now, *words], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={**os.environ, "ECOSGATE_CRASH": f"{step}:1:{signal.SIGSTOP}"})
    wait_until(lambda: stands_still(gate.pid))
    return gate


def stands_still(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def test_archive_first(tap, twins):
    """A purge that is ordered while `archive` writes waits, also until the archive's order is carried out."""
    home, now = twins.home(), at(60 * DAY + 5)
    home.run(now=now)  # what is due by now, so that the next answer is that of the file below
    writer = stopped(home, "archive-written:before", "archive", "--before", BEFORE, "--out", home.path("a.tar.zst"),
                     "--reason", "room", now=now)
    second = archive(home, "b.tar.zst", now)
    tap.ok(second.returncode == 2 and b"another archive of this spool is being written" in second.stderr,
           "two archives at once: the second is refused", second.stderr)
    gateway = subprocess.Popen([GATE, "-c", home.conf, "--now", now, "run"], stderr=subprocess.PIPE,
                               env={**os.environ, "ECOSGATE_CRASH": f"answer-noted:after:1:{signal.SIGSTOP}"})
    wait_until(lambda: home.json("status", now=now)[0]["running"])
    done = purge(home, now=now)
    tap.ok(done.returncode == 0 and purges(home)[0][1] == 0, "a purge begins, and waits", done.stderr, purges(home))
    wait_until(lambda: status(home)["waits"] == "an archive is being written")
    alarms(tap, home, "an archive is being written", "ecosgate purge --before 2023-08-01T00:00:00Z --dry-run")
    Parties(home).instruct([row(66)])
    wait_until(lambda: stands_still(gateway.pid))
    os.kill(writer.pid, signal.SIGCONT)  # its order comes when this pass carries out none any more
    wait_until(lambda: [n for n in os.listdir(home.path("spool", "orders")) if not n.startswith(".")])
    writer.kill()  # as after its 30 seconds
    writer.communicate()
    time.sleep(1.1)  # the next slice is due in this pass
    os.kill(gateway.pid, signal.SIGCONT)
    wait_until(lambda: purges(home)[0][-1])
    gateway.terminate()
    log = gateway.communicate()[1]
    jobs = {int(line["job"]) for line in home.json("archive", "list", home.path("a.tar.zst"), now=now)}
    purged = {job for job, in Parties(home).rows("SELECT id FROM job WHERE purged IS NOT NULL")}
    tap.ok(b"the purge waits: an archive is being written" in log and jobs and not jobs & purged,
           "what has gone to the archive is not purged", log, jobs & purged)
    told = home.command("archive", "verify", home.path("a.tar.zst"), now=now)
    tap.ok(told.returncode == 0 and re.search(rb"purged_files +0\n", told.stdout) and b"purge" not in told.stderr,
           "and archive verify finds nothing in it that was purged", told.stdout, told.stderr)
    sound(tap, home, "after a purge beside an archive")


def test_purge_first(tap, twins):
    """An archive that is asked for while a purge is under way is refused, and has later what the purge has left."""
    home = twins.home()
    with open(home.path("spool", "backup"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it does not go on before that
        purge(home)
        done = archive(home, "a.tar.zst")
        tap.ok(done.returncode == 1 and b"a purge before 2023-08-01T00:00:00Z is under way" in done.stderr and
               not [n for n in os.listdir(home.dir) if "a.tar" in n], "an archive beside a purge is refused",
               done.stderr)
    home.run(now=at(60 * DAY + 5))
    done = archive(home, "a.tar.zst", at(60 * DAY + 6))
    tap.ok(done.returncode == 0 and stands_in(home, "a.tar.zst") == [], "after the purge it has no MPxN that is gone",
           done.stderr)
    sound(tap, home, "after an archive of purged jobs")
    rows = [row for row in home.json("report", "list", now=LATER) if row["archived"]]
    for ref, text in (("MGMT", f"its files lie in the archive {home.path('a.tar.zst')} since "),
                      ("ECOSMIG-001", "its bytes were removed from the spool at")):  # the archive has none of these
        found = next(row for row in rows if row["ref"] == ref)
        told = home.command("report", ref, "--period", found["period_start"], now=LATER)
        tap.ok(told.returncode == 2 and text.encode() in told.stderr and not told.stdout and
               found["archived"].startswith("its files lie in the archive"), f"{ref}: report says where its bytes are",
               told.stderr, found)


def test_archive_stopped(tap, twins):
    """The file of an archive whose order was not given, and a purge after that."""
    home = twins.home()
    killed = archive(home, "a.tar.zst", env={"ECOSGATE_CRASH": "archive-made:after"})
    done = purge(home)
    tap.ok(killed.returncode == -signal.SIGKILL and done.returncode == 0 and clean(home) == (set(), []),
           "the lock of an archive that was stopped holds up no purge", done.stderr, clean(home))
    again = archive(home, "a.tar.zst", at(60 * DAY + 5))
    tap.ok(again.returncode == 2 and b"a purge has removed files since that it has; destroy it" in again.stderr,
           "such a file is not taken up once a purge has removed what it has", again.stderr)
    told = home.command("archive", "verify", home.path("a.tar.zst"), now=LATER)
    tap.ok(told.returncode == 1 and re.search(rb"purged_files +\d\d+\n", told.stdout) and
           b"destroy the archive where the law asks for it" in told.stderr, "and archive verify says so",
           told.stdout, told.stderr)


def packed_jobs(home):
    """Which jobs have packed files."""
    return {int(os.path.basename(folder)) for folder, _, names in os.walk(home.path("spool", "done"))
            if any(name.endswith(".gz") for name in names)}


def test_while_packing(tap):
    """A purge of a job whose files are being packed: the daemon stands still after the first of them."""
    home, parties = played("retention instructions=never;never\nretention reports=never;never")
    before = packed_jobs(home)
    home.set("retention instructions=1;never\nretention reports=1;never")
    gateway = subprocess.Popen([GATE, "-c", home.conf, "--now", LATER, "run"], stderr=subprocess.PIPE,
                               env={**os.environ, "ECOSGATE_CRASH": f"file-packed:after:1:{signal.SIGSTOP}"})
    wait_until(lambda: stands_still(gateway.pid))
    stopped_at = packed_jobs(home) - before
    order = subprocess.Popen([GATE, "-c", home.conf, "--now", LATER, "purge", "--before", BEFORE, "--reason", "law"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: any(not name.startswith(".") for name in os.listdir(home.path("spool", "orders"))))
    gateway.send_signal(signal.SIGCONT)
    told = order.communicate()
    wait_until(lambda: purges(home) and purges(home)[0][-1] and packed_jobs(home) - before - stopped_at)
    gateway.terminate()
    said_at_end = gateway.communicate()[1]
    rows = parties.rows(f"SELECT id,stored,removed IS NOT NULL,purged IS NOT NULL FROM job WHERE id IN"
                        f"({','.join(map(str, stopped_at))})")
    tap.ok(len(stopped_at) == 1 and [row[1:] for row in rows] == [(3, 1, 1)],
           "the job counts as purged, not as packed", rows, told, said_at_end[-1500:])
    tap.ok(b"is not packed" not in said_at_end and clean(home) == (set(), []),
           "and none of its files is left, or missed", clean(home), said_at_end[-1500:])
    sound(tap, home, "after a purge of a job that was being packed")


def main():
    with Tap() as tap:
        home, _ = played("retention instructions=1;never\nretention reports=1;never")
        twins = Twins(home)
        test_columns(tap, home)
        test_wrong(tap, home)
        test_all(tap, home)
        test_kills(tap, twins)
        test_beside(tap, twins)
        test_archived(tap, twins)
        test_archive_first(tap, twins)
        test_purge_first(tap, twins)
        test_archive_stopped(tap, twins)
        test_while_packing(tap)


if __name__ == "__main__":
    main()
