#!/usr/bin/env python3
"""The chain of evidence: what is in it, that any change of a row, a link or the chain's end is found and named, and the
archive for an auditor, which proves itself with standard tools (TAP)."""
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess

from home import Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound

ZEROS = "0" * 64


def played():
    """A home with every kind of fact: verdicts, answers, a work order, an outcome, an order, a rejected file."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, instructed(2, "XSME"), 3])
    home.run()
    parties.result(said(1), said(3))
    parties.confirm(confirmed(1), confirmed(3))
    home.run(now=at(2))
    home.command("dispatch", "pause", "--reason", "a \"test\"\nof two lines", now=at(2))
    home.run(now=at(3))
    return home


def sql(home, statement, *values):
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        found = ledger.execute(statement, values).fetchall()
    ledger.close()
    return found


def links(home):
    return sql(home, "SELECT n, kind, line, digest FROM evidence ORDER BY n")


def recomputed(rows):
    """The digests as EVIDENCE.md says that they are made."""
    before, digests = ZEROS, []
    for row in rows:
        before = hashlib.sha256(f"{before}\n{row[2]}\n".encode()).hexdigest()
        digests.append(before)
    return digests


def faults(home):
    done = home.command("spool", "verify", now=at(3))
    return done.returncode, done.stdout.decode()


def test_chain(tap):
    home = played()
    rows = links(home)
    tap.ok([row[0] for row in rows] == list(range(1, len(rows) + 1)) and recomputed(rows) == [row[3] for row in rows],
           "each link is the SHA-256 of the one before it and of its line", rows)
    kinds = [row[1] for row in rows]
    files = len(sql(home, "SELECT 1 FROM outgoing WHERE state=3"))
    tap.ok(kinds.count("verdict") == len(sql(home, "SELECT 1 FROM verdict")) == 3 and files > 3 and
           kinds.count("stored") == kinds.count("delivered") == files and kinds.count("order") == 1 and
           kinds[0] == "begin" and kinds.count("generation") == 4,
           "each verdict, outgoing file, delivery, order and start has one", kinds)
    tap.ok(all("\n" not in row[2] and json.loads(row[2])[0] == row[1] for row in rows), "each line is one JSON array")
    with open(home.path("witness"), encoding="utf-8") as file:
        witness = dict(line.strip().split("=", 1) for line in file if "=" in line)
    n, digest = witness["evidence"].split()
    tap.ok(rows[int(n) - 1][3] == digest and int(n) > len(rows) - 4, "the witness holds a head of the chain", witness)
    sound(tap, home, "with a chain of evidence")
    return home


CHANGES = (
    ("UPDATE verdict SET judged_at=judged_at+1 WHERE job=1", "00000001: the verdict differs from link"),
    ("UPDATE finding_count SET code='C116' WHERE job=1", "00000001: the verdict differs from link"),
    ("UPDATE operator_action SET who='nobody'", "an operator's order differs from link"),
    ("UPDATE operator_action SET result='refused'", "an operator's order differs from link"),
    ("DELETE FROM operator_action", "an operator's order differs from link"),
    ("INSERT INTO operator_action(order_id,job,verb,reason,who,at,result) VALUES('x',0,'pause','','me',1,'done')",
     "operator's order x has no link in the evidence"),
    ("UPDATE outgoing SET recipient=recipient+1 WHERE kind='EMW'", "the row of an outgoing file differs from link"),
    ("UPDATE outgoing SET delivered_at=delivered_at-60 WHERE kind='EMO'", "the delivery of an outgoing file differs"),
    ("DELETE FROM evidence WHERE n=5", "evidence: links 5 to 5 are missing"),
    ("UPDATE evidence SET line=replace(line,'EMW','EMX') WHERE n=(SELECT min(n) FROM evidence WHERE line LIKE '%EMW%')",
     "was changed, or the one before it"),
    ("UPDATE evidence SET digest=replace(digest,substr(digest,1,1),'x') WHERE n=4", "evidence: link 4 was changed"),
    ("DELETE FROM evidence WHERE n>=(SELECT max(n)-1 FROM evidence)", "has none there: the chain was cut or made anew"),
)


def forge(home):
    """A chain that is whole and says something else: as somebody makes it who knows how it is made."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("UPDATE evidence SET line=replace(line,'\"a \\\"test','\"a \\\"best')")
        ledger.execute("UPDATE operator_action SET reason=replace(reason,'test','best')")
        rows = ledger.execute("SELECT n, kind, line, digest FROM evidence ORDER BY n").fetchall()
        for row, digest in zip(rows, recomputed(rows)):
            ledger.execute("UPDATE evidence SET digest=? WHERE n=?", (digest, row[0]))
    ledger.close()


def test_changes(tap, home):
    with open(home.path("spool", "ledger.sqlite"), "rb") as file:
        whole = file.read()
    with open(home.path("witness"), "rb") as file:
        witness = file.read()
    for statement, fault in CHANGES:
        sql(home, statement)
        status, said_so = faults(home)
        tap.ok(status == 1 and fault in said_so, f"{statement[:60]}: it is found and named", fault, said_so)
        for name, content in ((("spool", "ledger.sqlite"), whole), (("witness",), witness)):
            with open(home.path(*name), "wb") as file:
                file.write(content)
        for end in ("-wal", "-shm"):
            if os.path.exists(home.path("spool", "ledger.sqlite" + end)):
                os.remove(home.path("spool", "ledger.sqlite" + end))
    forge(home)
    status, said_so = faults(home)
    tap.ok(status == 1 and "the chain was cut or made anew" in said_so and said_so.count("evidence") == 1,
           "a chain that somebody has made anew is found by the witness alone", said_so)


def test_log(tap):
    home = Home("gateway incident_party=NOBODY")
    home.run()
    done = home.run(now="2023-07-04T12:00:00Z")
    line = [line for line in done.stderr.decode().splitlines() if "ECOSMIG-001" in line and "evidence at link" in line]
    n, digest = re.search(r"evidence at link (\d+), ([0-9a-f]{64})", line[0]).groups() if line else (0, "")
    tap.ok(len(line) == 1 and sql(home, "SELECT digest FROM evidence WHERE n=?", int(n)) == [(digest,)],
           "the line of the daily ECOSMIG-001 has a head of the chain", done.stderr.decode())


def prove(folder, *digest):
    """The script with nothing but POSIX tools in its PATH: no ecosgate."""
    done = subprocess.run(["sh", os.path.join(folder, "verify"), *digest], capture_output=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def unpacked(home, name, *words):
    """The folder of the archive that `evidence` makes."""
    out = os.path.join(home.top, name + ".tar")
    done = home.command("evidence", *words, "--out", out, now=at(3))
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    os.mkdir(os.path.join(home.top, name))
    subprocess.run(["tar", "-xf", out, "-C", os.path.join(home.top, name)], check=True)
    return os.path.join(home.top, name, os.listdir(os.path.join(home.top, name))[0])


def members(folder):
    return sorted(os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder)
                  for name in names)


def test_archive(tap, home):
    head = links(home)[-1]
    for name, words, payloads in (("job", ("1",), 1), ("device", (device(1),), 3), ("batch", ("B-1",), 3)):
        folder = unpacked(home, name, *words)
        status, said_so = prove(folder, head[3])
        found = members(folder)
        tap.ok(status == 0 and f"the chain ends at link {head[0]}, {head[3]}" in said_so and
               f"proved: link {head[0]} is the one that you hold" in said_so, f"{name}: the script proves it", said_so)
        tap.ok(sum(member.endswith("/payload") for member in found) == payloads and
               {"README", "chain", "rows", "verify", "SHA256SUMS"} <= set(found), f"{name}: all is in it", found)
    with open(os.path.join(folder, "rows"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    tap.ok({row["row"] for row in rows} == {"work_item", "transition"} and len(rows) > 6, "rows and steps", rows)
    tap.ok(prove(folder, "0" * 63 + "1")[0] == 1, "a head of another chain is not proved")
    again = unpacked(home, "again", "B-1")
    with open(os.path.join(home.top, "batch.tar"), "rb") as one, open(os.path.join(home.top, "again.tar"), "rb") as two:
        tap.ok(one.read() == two.read() and members(again) == members(folder), "a second one has the same bytes")
    return folder


def changed(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def test_changed_members(tap, folder):
    """A byte of each member but the script: at its beginning, in the middle, at its end; of the chain more of them."""
    count = 0
    for member in members(folder):
        if member == "verify":
            continue
        path = os.path.join(folder, member)
        size = os.path.getsize(path)
        for offset in sorted({0, size // 2, size - 1}):
            shutil.copy(path, folder + ".kept")
            changed(path, offset)
            status, said_so = prove(folder)
            if status != 1 or member not in said_so:
                tap.ok(False, f"{member}, byte {offset}: the script says which", status, said_so)
            shutil.move(folder + ".kept", path)
            count += 1
    tap.ok(count > 30 and prove(folder)[0] == 0, f"{count} changed bytes: the script says which member each time")
    for member in ("chain", "jobs/00000001/payload"):
        path = os.path.join(folder, member)
        changed(path, os.path.getsize(path) // 2)
        with open(os.path.join(folder, "SHA256SUMS"), "r+", encoding="utf-8") as file, open(path, "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
            sums = [line if not line.endswith("  " + member + "\n") else f"{digest}  {member}\n" for line in file]
            file.seek(0)
            file.writelines(sums)
        status, said_so = prove(folder)
        tap.ok(status == 1 and (f"{member}: no verdict" in said_so or "chain: link" in said_so),
               f"{member} and its digest: the chain says it", said_so)
        changed(path, os.path.getsize(path) // 2)


def test_refusals(tap, home):
    out = os.path.join(home.top, "x.tar")
    for words, status, text in ((("77",), 1, "'77' is not known"), (("B-77",), 1, "B-77"),
                                ((device(9),), 1, "is not known"), ((), 2, ""),
                                (("1",), 2, "it exists; name a new file")):
        if text.startswith("it exists"):
            with open(out, "w", encoding="utf-8"):
                pass
        done = home.command("evidence", *words, "--out", out, now=at(3))
        tap.ok(done.returncode == status and text in done.stderr.decode() and
               (os.path.exists(out) == text.startswith("it exists")), f"evidence {' '.join(words)}: refused",
               done.stderr)
    done = home.command("evidence", "1", now=at(3))
    tap.ok(done.returncode == 2 and b"--out FILE" in done.stderr, "without --out: refused", done.stderr)
    found = [os.path.join(root, "payload") for root, _, names in os.walk(home.path("spool")) for name in names
             if name == "payload" and root.endswith("00000001")]
    os.remove(found[0])
    done = home.command("evidence", "1", "--out", out + "2", now=at(3))
    tap.ok(done.returncode == 1 and b"the payload of job 00000001 is not in the spool any more" in done.stderr,
           "a payload that was removed: refused, and it is said", done.stderr)
    left = [name for name in os.listdir(home.top) if "x.tar2" in name]
    tap.ok(not left, "and nothing is left", left)


def test_unfinished(tap, home):
    """What stands at the path is whole, whatever happens while it is made."""
    folder = os.path.join(home.top, "small")
    os.mkdir(folder)
    out = os.path.join(folder, "x.tar")
    words = ("evidence", "1", "--out", out)
    done = home.command(*words, now=at(3), env={"ECOSGATE_CRASH": "evidence-made:before:1"})
    tap.ok(done.returncode != 0 and os.listdir(folder) == [".x.tar.part"],
           "killed before the archive has its name: it has none", done.returncode, os.listdir(folder))
    done = home.command(*words, now=at(3))
    tap.ok(done.returncode == 0 and os.listdir(folder) == ["x.tar"], "the next one replaces what is left",
           os.listdir(folder))
    os.remove(out)
    done = home.command(*words, now=at(3), prefix=("sh", "-c", "trap '' XFSZ; ulimit -f 20; exec \"$@\"", "sh"))
    tap.ok(done.returncode == 2 and b"x.tar cannot be written: " in done.stderr and os.listdir(folder) == [],
           "a disk that takes no more: it is said, and nothing is left", done.returncode, done.stderr)


def test_beside_work(tap):
    """The gateway has stored a file and not committed its link yet: the archive is without it, and is proved."""
    home = Home("gateway incident_party=NOBODY")
    Parties(home).instruct([1])
    home.run(env={"ECOSGATE_CRASH": "answer-stored:after:2"})
    stored = [name for name in os.listdir(home.path("spool", "active", "00000001")) if name.startswith("EM")]
    folder = unpacked(home, "beside", "1")
    status, said_so = prove(folder)
    tap.ok(len(stored) == 2 and sum("/EM" in member for member in members(folder)) == 1 and status == 0,
           "a file whose link is not committed yet stays out of the archive, which is proved", stored, said_so)
    home.run()
    rows = links(home)
    tap.ok(recomputed(rows) == [row[3] for row in rows], "and the chain is whole after the crash", rows)


def test_packed_and_removed(tap):
    """After a day retention packs; what is removed later is named."""
    home = Home("gateway incident_party=NOBODY\nretention results=1;3\nretention work_orders=1;3")
    parties = Parties(home)
    parties.instruct(list(range(1, 61)))
    home.run()
    parties.result(*(said(n) for n in range(1, 61)))
    parties.confirm(*(confirmed(n) for n in range(1, 61)))
    for minutes in (1, 2):
        home.run(now=at(minutes))
    plain = unpacked(home, "plain", "B-1")
    for name in os.listdir(home.path("drops", "tcos", "out")):
        os.remove(home.path("drops", "tcos", "out", name))
    home.run(now=at(2 * 24 * 60))
    stored = {name for _, _, names in os.walk(home.path("spool")) for name in names}
    packed = unpacked(home, "packed", "B-1")
    status, said_so = prove(packed)
    same = [name for name in members(plain) if name.startswith("jobs/")]
    tap.ok("payload.gz" in stored and status == 0 and same == [n for n in members(packed) if n.startswith("jobs/")] and
           all(open_bytes(plain, name) == open_bytes(packed, name) for name in same),
           "a packed job: the same plain files, and they are proved", stored, said_so)
    home.run(now=at(5 * 24 * 60))
    done = home.command("evidence", "B-1", "--out", os.path.join(home.top, "t.tar"), now=at(3))
    folder = unpacked(home, "removed", "B-1")
    status, said_so = prove(folder)
    gone = sorted(set(same) - set(members(folder)))
    with open(os.path.join(folder, "absent"), encoding="utf-8") as file:
        absent = file.read().splitlines()
    tap.ok(status == 0 and [line.split()[0] for line in absent] == gone and len(gone) > 2 and
           all(re.fullmatch(r"\S+ 2023-07-0\dT[\d:]{8}Z", line) for line in absent) and
           all(f"not in the archive: {name}, retention removed it at 2023" in said_so for name in gone),
           "what retention removed is named with the time, and the rest is proved", gone, absent, said_so)
    tap.ok(f"{len(gone)} files are not in it".encode() in done.stderr, "and the command says it", done.stderr)
    test_left_out(tap, packed)


def open_bytes(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def test_left_out(tap, folder):
    """Somebody takes a file out of an archive, and its line out of SHA256SUMS."""
    for member in ("jobs/00000001/payload", next(n for n in members(folder) if "EMW" in n)):
        content, sums = open_bytes(folder, member), open_bytes(folder, "SHA256SUMS")
        os.remove(os.path.join(folder, member))
        with open(os.path.join(folder, "SHA256SUMS"), "wb") as file:
            file.writelines(line for line in sums.splitlines(True) if member.encode() not in line)
        status, said_so = prove(folder)
        tap.ok(status == 1 and f"{member} is missing: a link" in said_so, f"{member} was taken out: it is named",
               said_so)
        for name, old in ((member, content), ("SHA256SUMS", sums)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(old)


def test_fork(tap):
    """An older copy is restored and recovered: whoever holds a head of the lost part sees that it is lost."""
    home = played()
    kept = links(home)[-1]
    home.command("backup", home.path("copy"), now=at(3))
    home.command("dispatch", "resume", "--reason", "over", now=at(4))
    home.run(now=at(4))
    lost = links(home)[-1]
    home.command("restore", home.path("copy"), "--replace", now=at(5))
    status, said_so = faults(home)
    tap.ok(status == 1 and "is older than the newest one: the witness" in said_so,
           "after the restore spool verify says that the ledger, and so its chain, is an older one", said_so)
    done = home.command("recover", "--reason", "the disk was lost", now=at(5))
    home.run(now=at(6))
    home.run(now=at(7))
    rows = links(home)
    tap.ok(done.returncode == 0 and recomputed(rows) == [row[3] for row in rows] and kept in rows and
           lost[3] not in {row[3] for row in rows} and
           any(row[1] == "order" and "the disk was lost" in row[2] for row in rows),
           "the chain goes on from the copy's head, with the order to recover", done.stderr, rows)
    folder = unpacked(home, "fork", "1")
    status, said_so = prove(folder, lost[3])
    tap.ok(status == 1 and f"no link has the digest {lost[3]}: this is not the chain" in said_so,
           "a head of the lost part is told as such", said_so)
    status, said_so = prove(folder, kept[3])
    tap.ok(status == 0 and f"link {kept[0]} is the one that you hold" in said_so, "one of before is in both", said_so)
    status, said_so = faults(home)
    tap.ok(status == 0, "and spool verify is content again", said_so)


if __name__ == "__main__":
    with Tap() as report:
        used = test_chain(report)
        test_changed_members(report, test_archive(report, used))
        test_unfinished(report, used)
        test_beside_work(report)
        test_packed_and_removed(report)
        test_refusals(report, used)
        test_log(report)
        test_fork(report)
        test_changes(report, played())
