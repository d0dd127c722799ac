#!/usr/bin/env python3
"""Signed files: what is taken with its signature, what waits for it, and every signature that must be refused (TAP).

The signatures are made by openssl, with an authority of the test's own.
"""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

from home import DISK, GATE, NOW, PATIENCE, SANITIZED, Home, Tap, answer, terminate, wait_until
from live import MCC, TCSP, codes_of, instruction, name_of, send, sound
from signer import Authority, openssl
from sshd import Sshd

BEFORE, AFTER = "20230702000000Z", "20230704000000Z"
EKU = "1.3.6.1.5.5.7.3.4"  # emailProtection, but any would do
OTHER_EKU = "extendedKeyUsage = serverAuth"
USAGE = "keyUsage = critical,digitalSignature"
LIMIT = 30 if SANITIZED else 10  # seconds for hundreds of bad signatures: a bound against hangs
SUBJECT = f"/O=Test/serialNumber={MCC}"


class World:
    """Authorities and signers, good and bad."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ecosgate-test.")
        self.root = Authority(self.dir, "root")
        self.mcc = self.root.signer("mcc", SUBJECT, f"{USAGE}\nextendedKeyUsage = {EKU}")
        self.ca = self.root.pem

    def path(self, name):
        return os.path.join(self.dir, name)

    def remove(self):
        shutil.rmtree(self.dir)


def signed_home(world, *settings, policy="required"):
    home = Home()
    home.set("\n".join(["drop mcc complete=at-once", f"party MCC signature={policy}",
                        f"party MCC signer_ca={world.ca}", *[f"party MCC {line}" for line in settings]]))
    return home


def send_signed(home, sequence, signature, content=None, drop="mcc"):
    content = instruction(sequence) if content is None else content
    send(home, name_of(sequence) + ".p7s", signature, drop)
    send(home, name_of(sequence), content, drop)


def fault_of(home, name):
    """The text of a job's B209, or None."""
    job = [job for job in home.json("spool", "list") if job["name"] == name][-1]
    verdict = home.json("spool", "show", job["id"])[0]["verdicts"][-1]
    texts = [finding["text"] for finding in verdict["findings"] if finding["code"] == "B209"]
    return texts[0] if texts else None


def shown(home, name):
    job = [job for job in home.json("spool", "list") if job["name"] == name][-1]
    return home.json("spool", "show", job["id"])[0]


# ---- what comes in time, late and not ----

def test_good(tap, world):
    home = signed_home(world, f"signer_eku={EKU}")
    content = instruction(1)
    send_signed(home, 1, world.mcc.sign(content))
    done = home.run()
    tap.ok(done.returncode == 0 and codes_of(home, name_of(1)) == ("AC", []), "a signed file is accepted", done.stderr)
    tap.ok(os.listdir(home.inbox("mcc")) == [], "file and signature have left the drop")
    job = shown(home, name_of(1))
    verdict = job["verdicts"][0]
    tap.ok(verdict["signature"] == "good" and MCC in verdict["signer"] and
           len(verdict["signer_chain"].split()) == 2 and "signature.p7s" in [file["name"] for file in job["files"]],
           "spool show tells signer and chain, and has the signature", job)
    archive = home.path("evidence.tar")
    made = home.command("evidence", job["id"], "--out", archive)
    tap.ok(made.returncode == 0 and f"jobs/{job['id']}/signature.p7s".encode() in open(archive, "rb").read(),
           "evidence has it, too", made.stderr)
    unpacked = home.path("auditor")
    os.mkdir(unpacked)
    subprocess.run(["tar", "-xf", archive, "-C", unpacked, "--strip-components=1"], check=True)
    proved = subprocess.run(["sh", "verify"], cwd=unpacked, capture_output=True, check=False)
    tap.ok(proved.returncode == 0, "and proves it", proved.stdout)
    with open(os.path.join(unpacked, "jobs", "00000001", "signature.p7s"), "ab") as file:
        file.write(b"x")
    proved = subprocess.run(["sh", "verify"], cwd=unpacked, capture_output=True, check=False)
    tap.ok(b"no check of a signature in the chain is about these bytes" in proved.stdout, "but no other", proved.stdout)
    sound(tap, home, "with a signature")
    with open(home.path("spool", "done", "00000xxx", "00000001", "signature.p7s"), "r+b") as file:
        file.write(b"x")
    found = home.command("spool", "verify")
    tap.ok(found.returncode == 1 and b"signature.p7s" in found.stdout, "and tells of one that was changed",
           found.stdout)


def test_waits(tap, world):
    home = signed_home(world, "signature_wait=10")
    content = instruction(1)
    send(home, name_of(1), content)
    home.run()
    row = home.json("pickup")[0]
    tap.ok(home.out("mcc") == [] and row["decision"] == "wait" and "2023-07-03T12:10:00Z" in row["reason"],
           "a file waits for its signature, and pickup says until when", row)
    home.run(now="2023-07-03T12:09:59Z")
    tap.ok(home.out("mcc") == [], "still until the time is over, over restarts")
    send(home, name_of(1) + ".p7s", world.mcc.sign(content))
    home.run(now="2023-07-03T12:09:59Z")
    tap.ok(codes_of(home, name_of(1)) == ("AC", []), "the signature comes: it is accepted")
    send(home, name_of(2) + ".p7s", world.mcc.sign(instruction(2)))
    home.run(now="2023-07-03T13:00:00Z")
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(2) + ".p7s"], "a signature alone waits for its file")
    send(home, name_of(2), instruction(2, (2,)))
    home.run(now="2023-07-03T13:00:00Z")
    tap.ok("other bytes" in fault_of(home, name_of(2)), "a file that is not the one that was signed is refused")
    send(home, name_of(3), instruction(3, (3,)))
    home.run(now="2023-07-03T13:00:00Z")
    home.run(now="2023-07-03T13:10:00Z")
    tap.ok(codes_of(home, name_of(3)) == ("RJ", ["B209"]) and "within 10 minutes" in fault_of(home, name_of(3)),
           "without a signature a file is refused when the time is over", fault_of(home, name_of(3)))
    why = home.command("why", name_of(3)).stdout
    tap.ok(b"B209: no signature came" in why and b"requeue" in why, "why says so", why)
    send_signed(home, 3, world.mcc.sign(instruction(3, (3,))), instruction(3, (3,)))
    home.run(now="2023-07-03T13:11:00Z")
    verdict = shown(home, name_of(3))["verdicts"][-1]
    tap.ok(verdict["outcome"] == "WN" and list(verdict["counts"]) == ["B108"],
           "the same file with a good one is accepted: neither its number nor that before it was used up", verdict)
    sound(tap, home, "after waits")


def test_alone(tap, world):
    """A signature whose file does not come: nothing for an hour, then somebody is told what to do."""
    home = signed_home(world, "signature_wait=10")
    subject = "mcc/" + name_of(1) + ".p7s"

    def incident():
        return [one for one in home.json("status")[0]["incidents"] if one["subject"] == subject]

    send(home, name_of(1) + ".p7s", world.mcc.sign(instruction(1)))
    first, last = home.run(now="2023-07-03T13:00:00Z"), home.run(now="2023-07-03T13:59:59Z")
    tap.ok(first.returncode == last.returncode == 0 and not incident(), "a signature alone is nothing for an hour",
           last)
    row = home.json("pickup", now="2023-07-03T14:00:00Z")[0]
    tap.ok(row["decision"] == "fault" and "has not come within 60 minutes" in row["reason"], "then pickup says so", row)
    home.run(now="2023-07-03T14:00:00Z")
    done = home.run(now="2023-07-03T14:00:05Z")
    why = home.command("why", name_of(1) + ".p7s").stdout.decode()
    tap.ok(done.returncode == 2 and [one["code"] for one in incident()] == ["A107"], "and an incident is opened", done)
    tap.ok("have the sender send both again, or move the signature away" in " ".join(why.split()),
           "why says what to do", why)
    send(home, name_of(2), instruction(2, (2,)))
    send(home, name_of(2) + ".p7s", world.mcc.sign(instruction(2, (2,))))
    home.run(now="2023-07-03T14:00:10Z")
    tap.ok(codes_of(home, name_of(2)) == ("AC", []), "other files go on", codes_of(home, name_of(2)))
    send(home, name_of(1), instruction(1))
    done = home.run(now="2023-07-03T14:00:15Z")
    tap.ok(all(one["cleared"] for one in incident()) and os.listdir(home.inbox("mcc")) == [],
           "the file comes: both are taken, and the incident is closed", incident(), done)
    sound(tap, home, "after a signature alone")


def test_policies(tap, world):
    home = signed_home(world, policy="accepted")
    send(home, name_of(1), instruction(1))
    home.run()
    tap.ok(codes_of(home, name_of(1)) == ("AC", []), "accepted: an unsigned file is taken at once")
    send_signed(home, 2, world.mcc.sign(b"else"))
    home.run()
    tap.ok("other bytes" in fault_of(home, name_of(2)), "accepted: a signature that is there must be good")
    home = signed_home(world)
    send(home, "EMI_X.csv", b"x")
    home.run()
    tap.ok(any("B101" in str(home.read_out("mcc", name)) for name in home.out("mcc")),
           "a name outside the grammar is judged without", home.out("mcc"))
    forged = instruction(7, [f"00-DB-12-34-56-{n // 256:02X}-{n % 256:02X}-01,ESME,AB01,010A030B,0002012F,,,North,1"
                             for n in range(1000)])
    thief = Authority(world.dir, "thief").signer("thief-mcc", SUBJECT)
    send_signed(home, 7, thief.sign(forged), forged)
    home.run()
    tap.ok("no path" in fault_of(home, name_of(7)) and home.out("tcos") == [] and
           shown(home, name_of(7))["verdicts"][0]["records"] == 0,
           "a forged file of 1,000 Devices orders nothing, and is not read", fault_of(home, name_of(7)))
    send_signed(home, 8, b"\x30" + bytes(70000))
    home.run()
    tap.ok("70001 bytes" in fault_of(home, name_of(8)), "a signature over 64 KiB is refused unread")
    sound(tap, home, "after refusals")
    for name, text in (("missing.pem", "missing.pem"), ("empty.pem", "no certificate")):
        open(world.path("empty.pem"), "w", encoding="ascii").close()
        home.set(f"party MCC signer_ca={world.path(name)}")
        done = home.run()
        tap.ok(done.returncode == 2 and text in done.stderr.decode(), f"no start with {name}", done.stderr)
    shutil.copy(world.ca, world.path("open.pem"))
    os.chmod(world.path("open.pem"), 0o646)
    home.set(f"party MCC signer_ca={world.path('open.pem')}")
    done = home.run()
    tap.ok(done.returncode == 2 and b"everybody may write it" in done.stderr, "nor with anchors that all may write",
           done.stderr)


def test_renewed_list(tap, world):
    """A revocation list that has ended, renewed at SIGHUP."""
    world.root.crl(world.path("own.crl"), end=BEFORE)
    home = signed_home(world, f"signer_crl={world.path('own.crl')}")
    told = home.command("status").stdout
    tap.ok(b"CRITICAL" in told and b"signer_crl" in told, "status tells of a revocation list that has ended", told)
    with home.daemon() as gate:
        send_signed(home, 1, world.mcc.sign(instruction(1)))
        wait_until(lambda: answer(name_of(1)) in home.out("mcc"))
        world.root.crl(world.path("own.crl"))
        gate.send_signal(signal.SIGHUP)
        next((line for line in gate.stderr if b"read again" in line), None)
        send_signed(home, 2, world.mcc.sign(instruction(2)))
        wait_until(lambda: answer(name_of(2)) in home.out("mcc"))
        terminate(gate)
    tap.ok("out of date" in fault_of(home, name_of(1)) and fault_of(home, name_of(2)) is None,
           "the renewed list counts from SIGHUP on", fault_of(home, name_of(1)), fault_of(home, name_of(2)))


def test_damaged(tap, world):
    """The stored signature rots before the verdict."""
    home = signed_home(world)
    send_signed(home, 1, world.mcc.sign(instruction(1)))
    stopped = home.run(env={"ECOSGATE_CRASH": "job-activated:before"})
    path = home.path("spool", "ready", "00000001", "signature.p7s")
    if stopped.returncode >= 0:
        return  # built without crash points
    with open(path, "r+b") as file:
        file.write(b"x")
    done = home.run()
    job = shown(home, name_of(1))
    tap.ok(job["state"] == "corrupt" and "signature.p7s is missing" in job["reason"] and job["verdicts"] == [] and
           home.out("mcc") == [] and b"signature.p7s" in home.command("spool", "verify").stdout,
           "a signature that is damaged before the verdict: no verdict, corrupt/, and a reason", job, done.stderr)


def test_sftp(tap, world):
    with tempfile.TemporaryDirectory(dir=DISK) as folder, Sshd(folder) as server:
        home = signed_home(world)
        home.over_sftp("mcc", server)
        home.set("drop mcc complete=at-once")
        content = instruction(1)
        send(home, name_of(1), content)
        home.run()
        tap.ok(name_of(1) in os.listdir(home.inbox("mcc")), "over SFTP a file waits, too")
        send(home, name_of(1) + ".p7s", world.mcc.sign(content))
        home.run()
        tap.ok(codes_of(home, name_of(1)) == ("AC", []) and os.listdir(home.inbox("mcc")) == [],
               "and is taken with its signature", os.listdir(home.inbox("mcc")))
        sound(tap, home, "over SFTP")


# ---- the gateway's own files ----

def proves(home, world, drop, names, signer=None):
    """Which files of a drop's `out` have no good signature beside them, as openssl sees it."""
    bad = []
    for name in names:
        path = os.path.join(home.path("drops", drop, "out"), name)
        done = subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", path + ".p7s",
                               "-content", path, "-CAfile", world.ca, "-purpose", "any", "-no_check_time",
                               "-out", os.devnull,
                               *(["-signer", world.path("found.pem")] if signer else [])],
                              capture_output=True, check=False)
        same = signer is None or (done.returncode == 0 and
                                  openssl("x509", "-in", world.path("found.pem")) == openssl("x509", "-in", signer))
        if done.returncode != 0 or not same:
            bad.append((name, done.stderr))
    return bad


def outgoing(home, drop):
    """Names in `out` without signatures, and those of signatures without their suffix."""
    names = home.out(drop)
    return [n for n in names if not n.endswith(".p7s")], [n[:-4] for n in names if n.endswith(".p7s")]


def own_key(world, name, **validity):
    made = world.root.authority("own-ca").signer(name, "/O=Test/CN=gateway", **validity)
    with open(world.path(f"{name}.all"), "wb") as file:
        for path in (made.pem, *made.chain):
            file.write(openssl("x509", "-in", path))
    os.chmod(made.key, 0o600)
    return f"key={made.key}", f"certificate={world.path(name + '.all')}", made


def signing_home(world, *settings, name="gateway", **validity):
    key, certificate, signer = own_key(world, name, **validity)
    home = Home()
    home.set("\n".join([f"gateway signing_{key}", f"gateway signing_{certificate}", *settings]))
    return home, signer


def test_outgoing(tap, world):
    home, signer = signing_home(world, "drop tcos sign=before", "drop ecos sign=no")
    send(home, name_of(1), instruction(1))
    send(home, "nonsense.csv", b"x", "ecos")
    done = home.run()
    home.run(now="2023-07-17T12:00:00Z")
    found = {drop: outgoing(home, drop) for drop in ("mcc", "tcos", "dcc", "ecos")}
    kinds = {name[:3] for drop in found for name in found[drop][0]}
    tap.ok({"EMA", "EMD", "EMW", "INC"} <= kinds and any("MGMT" in name for name in found["dcc"][0]) and
           all(files == signed for drop, (files, signed) in found.items() if drop != "ecos"),
           "each file has its signature, reports, too", found, done.stderr)
    tap.ok([proves(home, world, drop, files, signer.pem) for drop, (files, _) in found.items() if drop != "ecos"] ==
           [[], [], []], "and openssl verifies it with the chain that it holds")
    tap.ok(found["ecos"][0] != [] and found["ecos"][1] == [], "sign=no: none for that drop", found["ecos"])
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        names = [row[0] for row in ledger.execute("SELECT name FROM outgoing WHERE drop_name IN('mcc','tcos')"
                                                  " ORDER BY id")]
    tap.ok(names[0] + ".p7s" == names[1] and any(one == other + ".p7s" and other.startswith("EMW")
                                                 for one, other in zip(names, names[1:])),
           "after their files, or before them by sign=before", names)
    sound(tap, home, "with signed files")
    ema = found["mcc"][0][0]
    kept = [home.read_out("mcc", name) for name in (ema, ema + ".p7s")]
    for name in (ema, ema + ".p7s"):
        os.unlink(os.path.join(home.path("drops", "mcc", "out"), name))
    home.command("redeliver", ema, "--reason", "lost")
    home.run(now="2023-07-17T12:00:00Z")
    tap.ok([home.read_out("mcc", name) for name in (ema, ema + ".p7s")] == kept,
           "redeliver brings both again, with the same bytes")
    stored = [os.path.join(top, ema + ".p7s") for top, _, names in os.walk(home.path("spool")) if ema + ".p7s" in names]
    with open(stored[0], "wb") as file:
        file.write(world.mcc.sign(b"else"))
    told = home.command("spool", "verify").stdout
    tap.ok(ema.encode() + b".p7s" in told, "spool verify tells of another signature in its place", told)
    home.command("redeliver", ema, "--reason", "damaged")
    os.unlink(os.path.join(home.path("drops", "mcc", "out"), ema + ".p7s"))
    done = home.run(now="2023-07-17T12:00:00Z")
    home.run(now="2023-07-17T12:00:00Z")
    tap.ok(b"A111" in done.stderr and proves(home, world, "mcc", [ema]) == [] and
           home.read_out("mcc", ema + ".p7s") != kept[1], "it is made anew when it is delivered again", done.stderr)
    sound(tap, home, "after that")
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("UPDATE outgoing SET sha256=(SELECT sha256 FROM outgoing WHERE kind='EMD') WHERE kind='EMA'"
                       " AND name=?", (ema,))
    told = home.command("spool", "verify").stdout
    tap.ok(b"is no signature of" in told, "and of a row whose file was not signed", told)


def test_rotation(tap, world):
    key, certificate, _ = own_key(world, "first", start="20230101000000Z", end="20230703120500Z")
    next_key, next_certificate, second = own_key(world, "second-own", start="20230703121000Z")
    home = Home()
    home.set(f"gateway signing_{key}\ngateway signing_{certificate}")
    send(home, name_of(1), instruction(1))
    home.run()
    tap.ok(proves(home, world, "mcc", [answer(name_of(1))], world.path("first.pem")) == [],
           "the present key signs")
    send(home, name_of(2), instruction(2, (2,)))
    done = home.run(now="2023-07-03T12:06:00Z")
    tap.ok(answer(name_of(2)) not in home.out("mcc") and b"ends at 2023-07-03T12:05:00Z" in done.stderr,
           "with an expired certificate nothing is signed, and files wait", done.stderr)
    status = home.command("status", now="2023-07-03T12:06:00Z")
    tap.ok(b"CRITICAL" in status.stdout.upper() and b"signing_certificate" in status.stdout, "status says so",
           status.stdout)
    cause = home.json("why", name_of(2), now="2023-07-03T12:06:00Z")[0]
    tap.ok("not signed yet" in cause["because"] and "`ecosgate doctor`" in cause["moved_by"],
           "why says that the signature is what is missing, and who tells more", cause)
    told = home.command("doctor", now="2023-07-03T12:06:00Z").stdout
    tap.ok(b"certificates  bad" in told and b"signing       bad" in told, "doctor, too", told)
    home.set(f"gateway next_signing_{next_key}\ngateway next_signing_{next_certificate}")
    home.run(now="2023-07-03T12:09:59Z")
    tap.ok(answer(name_of(2)) not in home.out("mcc"), "the next key waits for its notBefore")
    home.run(now="2023-07-03T12:10:00Z")
    tap.ok(proves(home, world, "mcc", [answer(name_of(2)), answer(name_of(2), "EMD")], second.pem) == [],
           "then it takes over", home.out("mcc"))
    sound(tap, home, "after the rotation")


def test_overlap(tap, world):
    """While both certificates are valid the one that begins later signs, whichever setting names it."""
    (key, certificate, old), (next_key, next_certificate, new) = (
        own_key(world, "old", start="20230101000000Z"), own_key(world, "new", start="20230703121000Z"))
    for one, other in ("", "next_"), ("next_", ""):
        home = Home("\n".join((f"gateway {one}signing_{key}", f"gateway {one}signing_{certificate}",
                               f"gateway {other}signing_{next_key}", f"gateway {other}signing_{next_certificate}")))
        for number, now, signer in (1, "2023-07-03T12:09:59Z", old), (2, "2023-07-03T12:10:00Z", new):
            send(home, name_of(number), instruction(number, (number,)))
            home.run(now=now)
            tap.ok(proves(home, world, "mcc", [answer(name_of(number))], signer.pem) == [],
                   f"{other}signing_certificate begins at 12:10: who signs at {now}", home.out("mcc"))


def test_keys(tap, world):
    home, _ = signing_home(world, name="good-own")
    other = own_key(world, "other-own")[2]
    os.chmod(other.key, 0o640)
    cases = [(f"gateway signing_key={other.key}", "chmod go="), ("gateway signing_key=/nowhere", "/nowhere"),
             (f"gateway signing_key={world.path('good-own.all')}", "no private key"),
             ("gateway signing_certificate=", "set together"), (f"gateway signing_certificate={other.key}", "no cert")]
    for setting, text in cases:
        before = open(home.path("ecosgate.conf"), encoding="ascii").read()
        home.set(setting)
        done = home.run()
        tap.ok(done.returncode == 2 and text in done.stderr.decode(), f"no start: {text}", done.stderr)
        with open(home.path("ecosgate.conf"), "w", encoding="ascii") as file:
            file.write(before)
    os.chmod(other.key, 0o600)
    before = open(home.path("ecosgate.conf"), encoding="ascii").read()
    home.set(f"gateway signing_key={other.key}")
    done = home.run()
    tap.ok(done.returncode == 2 and b"is not the key of the certificate" in done.stderr, "nor with another's key",
           done.stderr)
    with open(home.path("ecosgate.conf"), "w", encoding="ascii") as file:
        file.write(before)
    with home.daemon() as gate:
        wait_until(lambda: os.path.exists(home.path("spool", "heartbeat")))
        home.set("gateway signing_key=/nowhere")
        gate.send_signal(signal.SIGHUP)
        refused = next((line for line in gate.stderr if b"not taken over" in line), None)
        send(home, name_of(1), instruction(1))
        wait_until(lambda: answer(name_of(1)) + ".p7s" in home.out("mcc"))
        terminate(gate)
    tap.ok(refused is not None and proves(home, world, "mcc", [answer(name_of(1))]) == [],
           "a key that cannot be read at SIGHUP changes nothing", refused)


# ---- bad signatures ----

def bad_signers(world):
    """(what, signer, text of the fault)"""
    root, bad = world.root, []
    bad.append(("expired", root.signer("old", SUBJECT, end=BEFORE), "has expired"))
    bad.append(("not yet valid", root.signer("young", SUBJECT, start=AFTER), "not valid yet"))
    bad.append(("another party", root.signer("tcsp", f"/serialNumber={TCSP}"), f"another party, {TCSP}"))
    bad.append(("no party", root.signer("nobody", "/CN=nobody"), "names no party"))
    bad.append(("two numbers", root.signer("two", f"{SUBJECT}/serialNumber={TCSP}"), "names no party"))
    bad.append(("weak key", root.signer("weak", SUBJECT, kind="rsa1024"), "too weak"))
    bad.append(("SHA-1 in the chain", root.signer("sha1", SUBJECT, md="sha1"), "MD5 or SHA-1"))
    bad.append(("not for signing", root.signer("cipher", SUBJECT, "keyUsage = critical,keyAgreement"),
                "not for signing"))
    deep = root.authority("short", ",pathlen:0").authority("deep")
    bad.append(("path too long", deep.signer("deep-mcc", SUBJECT), "longer than a certificate on it allows"))
    narrow = root.authority("narrow", more="nameConstraints = critical,permitted;dirName:allowed\n[allowed]\nO = Other")
    bad.append(("name constraints", narrow.signer("narrow-mcc", SUBJECT), "name constraints"))
    leaf = root.signer("leaf", SUBJECT)
    below = Authority.__new__(Authority)
    below.__dict__.update(leaf.__dict__, own=None, above=root, chain=(leaf.pem,))
    for suffix, text in (("index", ""), ("index.attr", ""), ("serial", "01\n")):
        with open(world.path(f"leaf.{suffix}"), "w", encoding="ascii") as file:
            file.write(text)
    bad.append(("issued by no authority", below.signer("leaf-mcc", SUBJECT), ": "))
    self_signed = Authority(world.dir, "alone")
    bad.append(("self-signed", self_signed, "no path"))
    return bad


def made_otherwise(world, content):
    """(what, signature, text of the fault)"""
    mcc, second = world.mcc, world.root.signer("second", SUBJECT)
    rsa = world.root.signer("rsa", SUBJECT, kind="rsa2048")
    yield "no attributes", mcc.sign(content, "-noattr"), "no signed attributes"
    yield "two signers", mcc.sign(content, "-signer", second.pem, "-inkey", second.key), "2 signers"
    yield "content within", mcc.sign(content, "-nodetach"), "holds content"
    yield "no certificate", mcc.sign(content, "-nocerts"), "does not hold its signer's certificate"
    yield "SHA-1", mcc.sign(content, "-md", "sha1"), "digest is SHA1"
    yield "MD5", rsa.sign(content, "-md", "md5"), "digest is MD5"
    yield "other bytes", mcc.sign(content + b"x"), "other bytes"
    yield "another content type", mcc.sign(content, "-econtent_type", "1.2.3"), "another content type"
    yield "no SignedData", openssl("cms", "-data_create", "-outform", "DER", "-binary", content=content), "SignedData"
    yield "PEM", openssl("cms", "-sign", "-binary", "-outform", "PEM", "-signer", mcc.pem, "-inkey", mcc.key,
                         content=content), "no CMS in DER"
    yield "BER", as_ber(mcc.sign(content)), "no CMS in DER"
    yield "empty", b"", "no CMS in DER"
    yield "more behind it", mcc.sign(content) + b"\0", "no CMS in DER"
    yield "deep nesting", b"\x30\x80" * 30000, "no CMS in DER"
    yield "a length of 4 GiB", b"\x30\x84\xff\xff\xff\xff", "no CMS in DER"
    good = mcc.sign(content)
    yield "no digest attribute", good.replace(bytes.fromhex("06092a864886f70d010904"),
                                              bytes.fromhex("06092a864886f70d01090f"), 1), "messageDigest"
    yield "no type attribute", good.replace(bytes.fromhex("06092a864886f70d010903"),
                                            bytes.fromhex("06092a864886f70d01090f"), 1), "contentType"
    changed = bytearray(good)
    changed[-1] ^= 1
    yield "another signature value", bytes(changed), "key did not make it"


def as_ber(der):
    """The same with an open length outside."""
    head = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7f)
    return b"\x30\x80" + der[head:] + b"\0\0"


def good_ones(world, content):
    """(what, signature)"""
    sub = world.root.authority("sub")
    yield "RSA", world.root.signer("rsa-good", SUBJECT, kind="rsa3072").sign(content)
    yield "RSA-PSS", world.root.signer("pss-good", SUBJECT, kind="rsa2048").sign(
        content, "-keyopt", "rsa_padding_mode:pss")
    yield "SHA-384", world.mcc.sign(content, "-md", "sha384")
    yield "an authority between", sub.signer("sub-mcc", SUBJECT).sign(content)
    yield "the CN", world.root.signer("cn", f"/CN={MCC}").sign(content)


def check(folder, *options, now=NOW):
    """check of all files in a folder: {name: row of --json}, and the seconds that it took."""
    begun = time.monotonic()
    done = subprocess.run([GATE, "--now", now, "--json", "check", *options, folder], capture_output=True, check=False,
                          timeout=PATIENCE)
    found = {os.path.basename(row["file"]): row for row in map(json.loads, done.stdout.splitlines())}
    return found, time.monotonic() - begun, done


def lay(folder, signatures, content):
    """Files of one content, each with one of the signatures; their names."""
    os.makedirs(folder, exist_ok=True)
    names = [name_of(n) for n in range(1, len(signatures) + 1)]
    for name, signature in zip(names, signatures):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
        with open(os.path.join(folder, name + ".p7s"), "wb") as file:
            file.write(signature)
    return names


def refused_for(row):
    findings = row["findings"]
    return findings[0]["text"] if row["verdict"] == "RJ" and [f["code"] for f in findings] == ["B209"] else None


def test_vectors(tap, world):
    content = instruction(1)
    cases = [(what, signer.sign(content), text) for what, signer, text in bad_signers(world)]
    cases += made_otherwise(world, content)
    folder = world.path("vectors")
    found, _, done = check_all(folder, world, [signature for _, signature, _ in cases], content)
    for (what, _, text), row in zip(cases, found):
        fault = refused_for(row) if row is not None else None
        tap.ok(fault is not None and text in fault, f"refused: {what}", fault, row, done.stderr[:300])
    cases = list(good_ones(world, content))
    found, _, done = check_all(world.path("good"), world, [signature for _, signature in cases], content)
    for (what, _), row in zip(cases, found):
        tap.ok(row is not None and "B209" not in row["counts"], f"good: {what}", row, done.stderr[:300])


def check_all(folder, world, signatures, content):
    names = lay(folder, signatures, content)
    found, took, done = check(folder, "--trust", world.ca)
    return [found.get(name) for name in names], took, done


def test_mutations(tap, world):
    content = instruction(1)
    good = world.mcc.sign(content)
    cut = [good[:n] for n in range(0, len(good), 3)]
    flipped = []
    for n in range(0, len(good), 2):
        changed = bytearray(good)
        changed[n] ^= 1 << n % 8
        flipped.append(bytes(changed))
    found, took, done = check_all(world.path("cut"), world, cut, content)
    tap.ok(all(row is not None and refused_for(row) for row in found) and took < LIMIT,
           f"{len(cut)} truncations are refused within {LIMIT} s", took, done.stderr[:500])
    found, took, done = check_all(world.path("flipped"), world, flipped, content)
    kept = [2 * n for n, row in enumerate(found) if row is None or not refused_for(row)]
    print(f"# {len(flipped)} flipped bits, of which {len(kept)} do not matter, at {kept} of {len(good)} bytes")
    tap.ok(all(row is not None for row in found) and len(kept) <= 8 and took < LIMIT,
           "flipped bits are refused but for those of fields that nothing depends on", took, kept)


def test_settings(tap, world):
    """EKU, revocation, tolerance and the places of the EUI-64 need a configuration: check -c and run share it."""
    content = instruction(1)
    root = world.root
    home = signed_home(world, f"signer_eku={EKU}")
    wrong = root.signer("server", SUBJECT, f"{USAGE}\n{OTHER_EKU}")

    def fault(home, signer, now=NOW):
        path = os.path.join(home.top, name_of(1))
        for name, data in ((path, content), (path + ".p7s", signer.sign(content))):
            with open(name, "wb") as file:
                file.write(data)
        found = home.command("--now", now, "--json", "check", path).stdout
        return [f["text"] for f in json.loads(found)["findings"] if f["code"] == "B209"]

    tap.ok("lacks the extended key usage" in str(fault(home, wrong)) and fault(home, world.mcc) == [],
           "the extended key usage decides", fault(home, wrong))
    edge = root.signer("edge", SUBJECT, f"{USAGE}\nextendedKeyUsage = {EKU}", end="20230703115900Z")
    tap.ok(fault(home, edge) == [] and "expired" in str(fault(home, edge, "2023-07-03T12:04:01Z")),
           "future_tolerance holds for certificates", fault(home, edge))
    for place, subject, usage in (("cn", f"/CN={MCC}", ""), ("serial", SUBJECT, ""),
                                  ("san", "/CN=x", f"\nsubjectAltName = DNS:{MCC}"),
                                  ("san", "/CN=x", f"\nsubjectAltName = URI:urn:eui64:{MCC}"),
                                  ("san", "/CN=x", "\nsubjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQ:h\n[h]\n"
                                   f"t = OID:1.2.3\ns = FORMAT:HEX,OCT:{MCC.replace('-', '')}\n[z]")):
        home = signed_home(world, f"signer_id={place}")
        signer = root.signer("placed", subject, USAGE + usage)
        other = root.signer("elsewhere", f"/CN={MCC}" if place == "serial" else f"/O=x/serialNumber={MCC}")
        tap.ok(fault(home, signer) == [] and "names no party" in str(fault(home, other)),
               f"signer_id={place}{usage[:25]!r}",
               fault(home, signer), fault(home, other))
    revoked = root.signer("revoked", SUBJECT)
    root.revoke(revoked)
    for name, text, validity in (("fresh.crl", "is revoked", {}), ("stale.crl", "out of date", {"end": BEFORE}),
                                 ("early.crl", "not valid yet", {"start": AFTER})):
        root.crl(world.path(name), **validity)
        home = signed_home(world, f"signer_crl={world.path(name)}")
        tap.ok(text in str(fault(home, revoked)), f"a revocation list: {text}", fault(home, revoked))
    home = signed_home(world, f"signer_crl={world.path('fresh.crl')}")
    tap.ok(fault(home, world.mcc) == [], "who is not revoked is good", fault(home, world.mcc))
    sub = root.authority("unlisted")
    tap.ok("no revocation list" in str(fault(home, sub.signer("unlisted-mcc", SUBJECT))),
           "each authority on the path needs a list")


def test_calls(tap, world):
    content, home = instruction(1), Home()
    path = os.path.join(home.top, name_of(1))
    with open(path, "wb") as file:
        file.write(content)
    with open(world.path("other.p7s"), "wb") as file:
        file.write(world.mcc.sign(content))

    def run(*arguments):
        return subprocess.run([GATE, "--now", NOW, "check", *arguments], capture_output=True, check=False)

    tap.ok(run(path).returncode == 0, "check without --trust asks for no signature")
    done = run("--trust", world.ca, path)
    tap.ok(done.returncode == 1 and b"B209" in done.stdout and b"no signature" in done.stdout, "with it, it does",
           done.stdout)
    tap.ok(run("--trust", world.ca, "--signature", world.path("other.p7s"), path).returncode == 0,
           "--signature names the signature")
    for arguments, text in ((("--signature", "x", path), b"needs --trust"),
                            (("--trust", world.ca, "--signature", "x", path, path), b"one file"),
                            (("--trust", "/nowhere", path), b"/nowhere"),
                            (("--trust", world.ca, "--signature", "/nowhere", path), b"/nowhere")):
        done = run(*arguments)
        tap.ok(done.returncode == 2 and text in done.stderr, f"refused: {text.decode()}", done.stderr)


def main():
    with Tap() as tap:
        world = World()
        try:
            test_good(tap, world)
            test_waits(tap, world)
            test_alone(tap, world)
            test_policies(tap, world)
            test_vectors(tap, world)
            test_mutations(tap, world)
            test_settings(tap, world)
            test_calls(tap, world)
            test_sftp(tap, world)
            test_renewed_list(tap, world)
            test_damaged(tap, world)
            test_outgoing(tap, world)
            test_rotation(tap, world)
            test_overlap(tap, world)
            test_keys(tap, world)
        finally:
            world.remove()


if __name__ == "__main__":
    main()
