#!/usr/bin/env python3
"""gateway/RUNBOOK.md: each page is tried on a real gateway in the situation that it is about, and its commands print
what it shows (TAP).

A page shows commands in up to four parts: How it shows, What proves it, What ends it, Afterwards. A scene makes the
situation and yields the home and the time of the commands. It goes on, and may yield another time, before the commands
of "What ends it" and of "Afterwards": there partners and machines do what no command does. How output is compared:
operations.py. Of times, sizes, process numbers and ids of ledgers any will do.
"""
import glob
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

from expect import expect
from home import PATIENCE, SAMPLES, SANITIZED, SOURCE, Home, Tap, claim_text
from locked import HOLDER
from operations import Desk, calls_of, pattern
from live import instruction, name_of, send
from parties import Parties, at, confirmed, device, said
from side_by_side import annex
from recipients import GONE, ISSUED, begin, put
from reports import Estate, inventory, E1, E2, E4, E6
from signature import World, own_key, send_signed, signed_home, signing_home
from sshd import Sshd, make_key, write_known_hosts
from verify import spoil_page

DOCUMENT = os.path.join(SOURCE, "gateway", "RUNBOOK.md")
PARTS = ("How it shows", "What proves it", "What ends it", "Afterwards")
ENDS = PARTS[2:]
GOOD = sorted(glob.glob(os.path.join(SAMPLES, "good", "EMI_*")))
REJECTED = sorted(glob.glob(os.path.join(SAMPLES, "codes", "B208", "EMI_*")))[0]


def worked(*settings, devices=(1, 2, 3)):
    """A home whose Devices are ordered."""
    home = Home("\n".join(settings))
    parties = Parties(home)
    parties.instruct(list(devices))
    home.run()
    return home, parties


def away(path):
    os.rename(path, path + ".away")


def back(path):
    os.rename(path + ".away", path)


# ---- the situations, in the order of the pages ----


def not_running():
    home, _ = worked()
    yield home, at(180)
    yield at(181)


def drop_down():
    home, parties = worked()
    away(home.inbox("tcos"))
    home.run(now=at(10))
    yield home, at(40)
    back(home.inbox("tcos"))
    parties.result(said(1))
    yield at(41)


def host_key():
    home, _ = worked()
    with Sshd(home.top) as server:
        home.over_sftp("mcc", server)
        known = os.path.join(home.dir, "known_hosts")
        write_known_hosts(known, server.port, [make_key(os.path.join(home.top, "other"), "ed25519")])
        home.set(f"drop mcc known_hosts={known}")
        home.run(now=at(10))
        yield home, at(11)
        shutil.copy(server.known_hosts, known)
        yield at(12)
        yield at(13)


def corrupt_job():
    home = Home()
    home.drop("mcc", GOOD[0])
    for _ in range(3):
        home.run(env={"ECOSGATE_CRASH": f"verdict-committed:before:1:{int(signal.SIGABRT)}"})
    home.run()
    yield home, at(5)


def missing_number():
    home = Home("gateway missing_number_after=24")
    parties = Parties(home)
    parties.instruct([1], number=1)
    parties.instruct([3], number=3)
    home.run()
    home.run(now=at(24 * 60))
    yield home, at(24 * 60 + 5)
    parties.instruct([2], number=2)
    yield at(24 * 60 + 30)


def late_file():
    home = Home()
    expect(home, party="MCC", type="EMI", by="18:00")
    home.run()
    home.run(now=at(6 * 60))
    yield home, at(6 * 60 + 5)
    Parties(home).instruct([1])
    yield at(7 * 60)


def not_taken():
    home, _ = worked("drop mcc taken_within=24")
    home.run(now=at(24 * 60))
    yield home, at(24 * 60 + 5)
    for name in home.out("mcc"):
        os.remove(home.path("drops", "mcc", "out", name))
    yield at(24 * 60 + 10)


def restored():
    home, parties = worked()
    kept = os.path.join(home.top, "kept")
    shutil.copytree(home.path("spool"), kept)
    parties.instruct([4, 5])
    home.run(now=at(10))
    lost = os.path.join(home.top, "lost")
    shutil.copytree(home.path("spool"), lost)
    shutil.rmtree(home.path("spool"))
    shutil.copytree(kept, home.path("spool"))
    home.run(now=at(20))
    yield home, at(21)
    parties.instruct([4, 5], number=2)
    yield at(30)


def two_gateways():
    home, _ = worked()
    home.write_claim("mcc", claim_text())
    home.run(now=at(5))
    yield home, at(6)


def disk_full():
    home, _ = worked()
    home.set("gateway reserve=1000000000")
    home.drop("mcc", GOOD[1])
    home.run(now=at(10))
    yield home, at(11)
    home.set("gateway reserve=64")
    yield at(12)


def locked_ledger():
    home, _ = worked()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, home.path("spool", "ledger.sqlite"), "NORMAL"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    yield home, at(10), {"4711": str(holder.pid)}
    yield at(10)
    holder.wait(timeout=PATIENCE)
    yield at(11)


def damaged_ledger():
    home, parties = worked()
    home.command("backup", os.path.join(home.top, "tools-backup-night"), now=at(5))
    parties.instruct([4])
    home.run(now=at(10), env={"ECOSGATE_CRASH": "verdict-committed:before"})
    spoil_page(home)
    home.run(now=at(11))
    yield home, at(12), {"/backup/night": os.path.join(home.top, "tools-backup-night")}


def clock_set_back():
    home, parties = worked()
    parties.instruct([4])
    home.run(now=at(60))
    parties.instruct([5])
    home.run(now=at(30))
    yield home, at(31)


def withdrawn():
    home, parties = worked()
    parties.result(said(1, "FAILED", duis="E20"), said(2))
    home.run(now=at(1))
    yield home, at(2)
    yield at(3)
    parties.result(said(3, "FAILED", duis="E20"))
    yield at(10)


def held_batch():
    home = Home("gateway dispatch_hours=18-20")
    Parties(home).instruct([1, 2])
    home.run()
    yield home, at(5)


def lost_order():
    home, _ = worked()
    name, = home.out("tcos")
    os.remove(home.path("drops", "tcos", "out", name))
    yield home, at(30)


def stuck_device():
    home, parties = worked()
    parties.result(said(1, "FAILED", duis="E20"))
    home.run(now=at(2))
    yield home, at(3)
    yield at(7)


def contradiction():
    home, parties = worked()
    parties.result(said(1))
    home.run(now=at(10))
    parties.confirm(confirmed(1, "N"))
    home.run(now=at(20))
    yield home, at(21)


def held_reference():
    home = Estate()
    home.reference("2028-01-10T08:00:00Z")
    try:
        home.say("2028-01-12T08:00:00Z", "INV", *(inventory(d) for d in (E1, E2, E4, E6)))
    except RuntimeError:
        pass  # such a pass ends with 2
    yield home, "2028-01-12T09:00:00Z"


def late_report():
    home = begin()
    away(home.path("drops", "suppliers", "out"))
    home.run(now=ISSUED)
    home.run(now="2028-01-03T13:10:00Z")
    yield home, "2028-01-03T13:11:00Z"
    back(home.path("drops", "suppliers", "out"))
    yield "2028-01-03T13:12:00Z"


def gone_recipient():
    home = begin()
    put(home, *GONE)
    home.run(now=ISSUED)
    yield home, ISSUED


def profile_fault():
    home = Home()
    folder = annex(home.path("annex"))
    home.set("party MCC profile=annex;proposal-1.0")
    away(folder)
    Parties(home).instruct([1])
    home.run(now=at(1))
    yield home, at(2)
    back(folder)
    yield at(3)


def paused_drop():
    home, parties = worked()
    parties.instruct([4])
    yield home, at(5)


def storm():
    home = Home()
    parties = Parties(home)
    for number in range(1, 5):
        parties.instruct([number], count=9)
    home.run()
    yield home, at(5)


def refused_order():
    home, _ = worked()
    path = home.path("spool", "orders", "by-script")
    with open(path, "w", encoding="ascii") as file:
        file.write("[order]\nverb=hold\njob=1\nreason=x\nat=1\n")
    os.chmod(path, 0o666)
    home.run(now=at(1))
    yield home, at(2)


def no_metrics():
    home, _ = worked("metrics file=metrics/ecosgate.prom")
    yield home, at(1)
    yield at(2)
    yield at(3)


def no_inventory():
    home = Home("gateway inventory=required\ngateway inventory_max_age=3650")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    yield home, at(1)
    parties.references("INV", inventory(E1).removeprefix("SET,"))
    yield at(2)
    yield at(3)


def damaged_file():
    home = Home()
    home.drop("mcc", GOOD[0])
    home.run(env={"ECOSGATE_CRASH": "job-activated:before"})
    path, = glob.glob(home.path("spool", "ready", "*", "payload"))
    with open(path, "r+b") as file:
        file.write(b"x")
    home.run(now=at(1))
    yield home, at(2)
    home.drop("mcc", GOOD[0])
    yield at(3)


def unknown_health():
    home, _ = worked()
    home.set("gateway reserv=64")
    yield home, at(1)
    with open(home.conf, encoding="utf-8") as file:
        text = file.read()
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(text.replace("reserv=64\n", ""))
    yield at(1)


def old_page():
    home, _ = worked("page folder=page")
    yield home, at(1)


def audited():
    home, parties = worked()
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(2))
    yield home, at(3)
    yield at(3)


def removed_bytes():
    home, parties = worked("retention instructions=1;3", "retention work_orders=1;3")
    parties.result(*(said(n) for n in (1, 2, 3)))
    parties.confirm(*(confirmed(n) for n in (1, 2, 3)))
    home.run(now=at(2))
    for name in home.out("tcos"):
        os.remove(home.path("drops", "tcos", "out", name))
    home.run(now=at(4 * 24 * 60))
    yield home, at(4 * 24 * 60 + 5)
    yield at(4 * 24 * 60 + 10)
    yield at(4 * 24 * 60 + 15)


def over_threshold():
    home = Home("thresholds sender_day=2")
    Parties(home).instruct([1, 2, 3])
    home.run()
    yield home, at(5)


def archived_job():
    home, parties = worked()
    parties.result(*(said(n) for n in (1, 2, 3)))
    parties.confirm(*(confirmed(n) for n in (1, 2, 3)))
    home.run(now=at(2))
    now, out = at(2 * 24 * 60), os.path.join(home.top, "2026.tar.zst")
    home.command("archive", "--before", at(24 * 60), "--out", out, "--reason", "room", now=now)
    yield home, now, {"/archive/2026.tar.zst": out}
    yield now
    yield now


def without_signature():
    world = World()
    home = signed_home(world, "signature_wait=0")
    send(home, name_of(1), instruction(1))
    home.run()
    yield home, at(5)
    send_signed(home, 1, world.mcc.sign(instruction(1)))
    yield at(6)
    yield at(7)
    world.remove()


def certificate_ended():
    world = World()
    home, _ = signing_home(world, name="first", end="20230703120500Z")
    send(home, name_of(1), instruction(1))
    home.run(now=at(6))
    yield home, at(10)
    key, certificate, _ = own_key(world, "second")
    home.set(f"gateway next_signing_{key}\ngateway next_signing_{certificate}")
    yield at(12)
    yield at(13)
    world.remove()


READER = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("BEGIN")
ledger.execute("SELECT count(*) FROM job").fetchone()
print("reads", flush=True)
sys.stdin.read()
"""


def to_purge():
    """A home whose three Devices have migrated, on a day when their data can be purged."""
    home, parties = worked("gateway reports_from=2023-09-01T00:00:00Z")
    parties.result(*(said(n) for n in (1, 2, 3)))
    parties.confirm(*(confirmed(n) for n in (1, 2, 3)))
    home.run(now=at(2))
    return home, at(5 * 24 * 60)


def order_purge(home, now):
    home.command("purge", "--before", "2023-07-05", "--reason", "retention schedule", now=now)


def waiting_purge():
    home, now = to_purge()
    reader = subprocess.Popen([sys.executable, "-c", READER, home.path("spool", "ledger.sqlite")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    reader.stdout.readline()
    order_purge(home, now)
    yield home, now, {"4711": str(reader.pid)}
    yield now
    reader.wait(timeout=PATIENCE)
    yield at(5 * 24 * 60 + 1)


def stuck_purge():
    home, now = to_purge()
    os.mkdir(os.path.join(home.job(1), "notes"))
    order_purge(home, now)
    yield home, now
    yield now
    yield at(5 * 24 * 60 + 2)


SCENES = (not_running, drop_down, host_key, corrupt_job, damaged_file, missing_number, late_file, not_taken, restored,
          two_gateways, disk_full, locked_ledger, damaged_ledger, clock_set_back, withdrawn, held_batch, lost_order,
          stuck_device, contradiction, held_reference, late_report, gone_recipient, profile_fault, paused_drop, storm,
          refused_order, unknown_health, old_page, no_metrics, no_inventory, audited, removed_bytes,
          over_threshold, archived_job, without_signature, certificate_ended, waiting_purge,
          stuck_purge)


# ---- the pages ----


def pages():
    """Of each page: its title, and its parts with their commands."""
    with open(DOCUMENT, encoding="utf-8") as file:
        for page in re.split(r"^## ", file.read(), flags=re.MULTILINE)[1:]:
            title, text = page.split("\n", 1)
            parts = re.split(r"^\*\*(.*?)\.\*\*", re.sub(r" \\\n +", " ", text), flags=re.MULTILINE)[1:]
            yield title, [(part, calls_of(text)) for part, text in zip(parts[::2], parts[1::2])]


def plain(text):
    """Without what differs from run to run, and from machine to machine."""
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b", "ID", text)
    return re.sub(r"process \d+|\bpid +\d+|port \d+|:\d{4,5}\b|before-\d+_\d+", "N", text)


class Stage:
    """A scene, its time, and where its commands are given."""

    def __init__(self, scene):
        self.play = scene()
        home, self.now, *places = next(self.play)
        self.desk = Desk(home)
        for shown, place in (places[0] if places else {}).items():
            self.desk.places = {shown: place, **self.desk.places}

    def go_on(self):
        self.now = next(self.play, self.now)

    def call(self, command):
        return self.desk.call(command, self.now)


def test_page(tap, title, parts, scene):
    stage, shown = Stage(scene), 0
    for part, calls in parts:
        if part in ENDS:
            stage.go_on()
        for command, lines in calls:
            printed = stage.call(command)
            shown += 1
            tap.ok(re.fullmatch(pattern(map(plain, lines)), plain(printed)), f"{title}: {part}: {command}",
                   "the page says:", *lines, "printed:", printed)
    for _ in stage.play:
        pass  # the scene ends what it has started
    names = [part for part, _ in parts]
    tap.ok(names == [part for part in PARTS if part in names] and set(PARTS[:3]) <= set(names) and shown > 2 and
           parts[0][1] and parts[1][1], f"{title}: shows how it shows, what proves it and what ends it", names)


def main():
    if SANITIZED:
        print("1..0 # SKIP a text is compared; the scripts of each command run it with a sanitizer")
        return
    with Tap() as tap:
        found = list(pages())
        for (title, parts), scene in zip(found, SCENES):
            test_page(tap, title, parts, scene)
        tap.ok(len(found) == len(SCENES) >= 20, "each situation has a page, and each page a scene",
               [title for title, _ in found])


if __name__ == "__main__":
    main()
