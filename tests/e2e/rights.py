#!/usr/bin/env python3
"""Who may look, who may order, and whose order it was: with real users, told apart by the kernel (TAP; needs root).

The gateway runs as one user. The group of its files may look, the group of orders/ may order. The users have numbers
and no names.
"""
import json
import os
import re
import shutil
import subprocess

from reports import AAAA, BBBB, Estate
from sshd import Sshd, forgiving
from home import GATE, SAMPLES, SOURCE, Home, NOW, PATIENCE, Tap, said_so_far, terminate, wait_until

ROOT, GATEWAY, READER, OPERATOR, STRANGER = 0, 61001, 61004, 61003, 61005
LOOK, ORDER = 61006, 61002  # groups
GROUPS = {ROOT: (0,), GATEWAY: (LOOK, ORDER), READER: (LOOK,), OPERATOR: (LOOK, ORDER), STRANGER: ()}
EMI = "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml"
LOOKS = ("status", "spool list", "spool show 1", "spool cat 1", "spool verify", "batch list",
         "device list --state READY", "incident list --all", "why 1", "report list", "report ECOSMIG-001",
         "sequence list", "claim list", "pickup", "recover --list", "profile list", f"check {SAMPLES}/good")


def become(user):
    groups = ",".join(map(str, GROUPS[user])) or str(user)
    return ("setpriv", f"--reuid={user}", f"--regid={GROUPS[user][0] if user == GATEWAY else user}",
            f"--groups={groups}")


def made():
    """A home of the gateway's user, and then the commands of OPERATIONS.md, which make it the groups'."""
    home = Home()
    for root, folders, files in os.walk(home.top):
        for name in [root] + [os.path.join(root, each) for each in folders + files]:
            os.chown(name, GATEWAY, GATEWAY)
    os.chmod(home.top, 0o755)
    with open(os.path.join(SOURCE, "gateway", "OPERATIONS.md"), encoding="utf-8") as file:
        section = file.read().split("\n## Who may what\n")[1].split("\n## ")[0]
    commands = re.findall(r"^    # (?!usermod)(.*)", section, re.M)
    for command in commands:
        for name, value in (("gate-ops", ORDER), (" gate ", f" {LOOK} "), ("/srv/gate", home.dir)):
            command = command.replace(name, str(value))
        subprocess.run(command, shell=True, check=True)
    subprocess.run(["chgrp", "-R", str(LOOK), home.path("drops")], check=True)
    if len(commands) != 3:
        raise RuntimeError(f"OPERATIONS.md has other commands: {commands}")
    return home


def call(home, user, words, **options):
    return home.command(*words.split(), prefix=become(user), **options)


def give(home, user, words="dispatch pause", umask=0o22):
    """With --reason; the user's umask must not matter."""
    command = ["sh", "-c", f"umask {umask:03o}; exec \"$@\"", "sh", *become(user), GATE, "-c", home.conf, "--now", NOW,
               *words.split(), "--reason", "a test"]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False,
                          env={**os.environ, "SUDO_USER": "boss", "USER": "boss", "LOGNAME": "boss"})


def paused_by(home):
    return [row["who"] for row in home.json("status")[0]["kept_back"]]


def waiting(home):
    return [name for name in os.listdir(home.path("spool", "orders")) if name[0] != "."]


def looks(tap, home, when, commands=LOOKS):
    """Bytes that are free on the disk change between two calls."""
    for words in commands:
        owner, reader = call(home, GATEWAY, words), call(home, READER, words)
        said = [(re.sub(rb"\d{5,}", b"N", done.stdout), done.stderr) for done in (owner, reader)]
        tap.ok(reader.returncode == owner.returncode < 2 and said[0] == said[1],
               f"{when}: {' '.join(words.split()[:2])}: the group reads what the owner reads", reader, owner)


def test_looking(tap):
    """SQLite reads a WAL database that it may not write only while -wal and -shm are there."""
    home = made()
    done = call(home, READER, "status")
    tap.ok(done.returncode == 0, "before the first run: the group may look", done.stderr)
    home.drop("mcc", os.path.join(SAMPLES, "good", EMI))
    os.chown(os.path.join(home.inbox("mcc"), EMI), GATEWAY, LOOK)
    done = call(home, GATEWAY, "run --once")
    tap.ok(done.returncode in (0, 1), "the gateway's user runs it", done.stderr)
    modes = {name: os.stat(home.path("spool", name)).st_mode & 0o777
             for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "lock")}
    tap.ok(set(modes.values()) == {0o640}, "the last writer leaves -wal and -shm, for the group alone",
           modes)
    looks(tap, home, "after a run")
    daemon = subprocess.Popen([*become(GATEWAY), GATE, "-c", home.conf, "--now", NOW, "run"], stderr=subprocess.PIPE)
    tap.ok(wait_until(lambda: "running" in said_so_far(daemon)), "the gateway runs", said_so_far(daemon))
    looks(tap, home, "while it runs")
    daemon.kill()
    daemon.wait()
    looks(tap, home, "after a kill", LOOKS[:5])
    for end in ("-wal", "-shm"):
        os.remove(home.path("spool", "ledger.sqlite" + end))
    looks(tap, home, "without -wal and -shm", LOOKS[:5])
    for path, text in ((home.conf, "ecosgate.conf"), (home.path("spool", "ledger.sqlite"), "ledger.sqlite")):
        mode = os.stat(path).st_mode
        os.chmod(path, 0o600)
        done = call(home, READER, "status")
        tap.ok(done.returncode == 2 and f"user uid {READER} may not read {path} (uid {GATEWAY}, group gid {LOOK}, mode "
               "0600); only its user may" in done.stderr.decode(), f"{text} of its user alone: it is said", done.stderr)
        os.chmod(path, mode)
    for words in ("status", "why 1", "spool hold 1 --reason x"):
        done = call(home, STRANGER, words)
        said = re.fullmatch(rf"ecosgate: user uid {STRANGER} may not read \S+ \(uid {GATEWAY}, group gid {LOOK}, mode "
                            r"0750\); its group may: become a member of it\n", done.stderr.decode())
        tap.ok(done.returncode == 2 and said and not done.stdout,
               f"{words.split()[0]}: a stranger is told whose group may", done.stderr)


def test_ordering(tap):
    home = made()
    done = give(home, READER)
    tap.ok(done.returncode == 2 and f"user uid {READER} may not give orders, which stand in" in done.stderr.decode()
           and "its group may" in done.stderr.decode() and not waiting(home), "who may only look may not order",
           done.stderr)
    done = give(home, OPERATOR, umask=0o77)
    tap.ok(done.returncode == 2 and b"the gateway does not run; the order waits in" in done.stderr and
           len(waiting(home)) == 1, "while no gateway runs, the order waits", done.stderr)
    call(home, GATEWAY, "run --once")
    tap.ok(paused_by(home) == [f"uid {OPERATOR}"] and not waiting(home),
           "the next run carries it out; the kernel says who gave it", paused_by(home))
    done = give(home, ROOT, "dispatch resume")
    tap.ok(done.returncode == 2 and len(waiting(home)) == 1 and not [
        name for name in os.listdir(home.path("spool")) if os.stat(home.path("spool", name)).st_uid != GATEWAY],
           "root, too, leaves an order and nothing else", done.stderr, os.listdir(home.path("spool")))
    daemon = subprocess.Popen([*become(GATEWAY), GATE, "-c", home.conf, "--now", NOW, "run"], stderr=subprocess.PIPE)
    tap.ok(wait_until(lambda: not waiting(home)), "the gateway reads root's order", said_so_far(daemon))
    done = give(home, OPERATOR, "drop pause mcc", umask=0o2)
    tap.ok(done.returncode == 0 and done.stdout == b"drop mcc: pause done\n" and
           paused_by(home) == [f"uid {OPERATOR}"] * 2, "while it runs, a member of the group of orders/ orders",
           done, paused_by(home))
    forged = home.path("spool", "orders", "forged")
    subprocess.run([*become(OPERATOR), "sh", "-c", f"umask 0; echo '[order]' >{forged}"], check=True)
    kept = home.path("spool", "refused", "forged")
    tap.ok(wait_until(lambda: os.path.exists(kept)) and os.stat(kept).st_uid == OPERATOR,
           "an order that others may have written is kept", said_so_far(daemon))
    done = subprocess.run([*become(OPERATOR), "rm", "-f", kept], capture_output=True, check=False)
    tap.ok(os.path.exists(kept) and "others than uid" in said_so_far(daemon),
           "its writer cannot remove it, and the gateway says it", done.stderr, said_so_far(daemon))
    tap.ok(terminate(daemon) == 0, "the gateway ends", said_so_far(daemon))
    rights = [row for row in home.json("doctor") if row["probe"] == "orders"]
    alarms = [alarm["text"] for alarm in home.json("status")[0]["alarms"]]
    tap.ok(rights[0]["result"] == "note" and ": 1; the log has" in rights[0]["text"] and
           "files of orders that were refused, and not carried out: 1" in alarms, "doctor and status count it",
           rights, alarms)
    os.remove(kept)
    rights = [row for row in home.json("doctor") if row["probe"] == "orders"]
    tap.ok(rights[0]["text"] == f"who may order: user and group of uid {GATEWAY}, group gid {ORDER}, mode 3770",
           "doctor says who may order", rights)
    os.chmod(home.path("spool", "orders"), 0o3777)
    rights = [row for row in home.json("doctor") if row["probe"] == "orders"]
    tap.ok(rights[0]["result"] == "bad" and "every order is refused: everybody may write" in rights[0]["text"],
           "and that everybody may", rights)


def test_unreadable(tap):
    """orders/ that its own user may not read: no pass begins before an order, and nothing of the pass is done."""
    home = made()
    orders = home.path("spool", "orders")
    call(home, GATEWAY, "run --once")
    tap.ok(give(home, OPERATOR).returncode == 2 and len(waiting(home)) == 1, "an order waits", waiting(home))
    home.drop("mcc", os.path.join(SAMPLES, "good", EMI))
    os.chown(os.path.join(home.inbox("mcc"), EMI), GATEWAY, LOOK)
    for mode in (0o3070, 0o3370):
        os.chmod(orders, mode)
        done = call(home, GATEWAY, "run --once")
        tap.ok(done.returncode == 2 and f"cannot open folder {orders}: Permission denied; give the gateway's user the "
               "right" in done.stderr.decode() and EMI in os.listdir(home.inbox("mcc")) and len(waiting(home)) == 1,
               f"mode {mode:o}: it is said, and no file is taken before the order is carried out", done.stderr)
        found = call(home, GATEWAY, "doctor").stdout.decode()
        tap.ok(re.search(rf"orders +bad +the gateway's user may not read, write and enter the folder {orders} .*chmod "
                         rf"u\+rwx {orders}\n", found), f"mode {mode:o}: so says doctor", found)
    daemon = subprocess.Popen([*become(GATEWAY), GATE, "-c", home.conf, "--now", NOW, "run"], stderr=subprocess.PIPE)
    tap.ok(wait_until(lambda: "cannot open folder" in said_so_far(daemon)), "a daemon says it, too",
           said_so_far(daemon))
    subprocess.run(["chmod", "u+rwx", orders], check=True)
    if daemon.poll() is None:
        terminate(daemon)
    call(home, GATEWAY, "run --once")
    tap.ok(paused_by(home) == [f"uid {OPERATOR}"] and not waiting(home) and EMI not in os.listdir(home.inbox("mcc")),
           "after that chmod the order is carried out, and the file taken", paused_by(home))


def modes(home, *parts):
    """Of the files and folders in a drop's out, but claims: mode and group."""
    found = {}
    for root, folders, files in os.walk(home.path("drops", *parts)):
        for name in folders + [each for each in files if not each.startswith(".ecosgate-claim")]:
            st = os.lstat(os.path.join(root, name))
            found[name] = (st.st_mode & 0o7777, st.st_gid)
    return found


def under(umask):
    return ("sh", "-c", f'umask {umask:03o}; exec "$@"', "sh", *become(GATEWAY))


def send_as_partner(home, number):
    name = EMI.replace("000001", f"{number:06}")
    with open(os.path.join(SAMPLES, "good", EMI), "rb") as file:
        content = file.read().replace(EMI[:-4].encode(), name[:-4].encode())
    with open(os.path.join(home.inbox("mcc"), name), "wb") as file:
        file.write(content)
    os.chown(os.path.join(home.inbox("mcc"), name), GATEWAY, LOOK)


def test_outgoing(tap):
    """Of files that the gateway leaves in a drop."""
    for umask in (0o000, 0o027, 0o077):
        home = Home(f"drop mcc mode=0664\ndrop mcc group={ORDER}\n")
        for root, folders, files in os.walk(home.top):
            for name in [root] + [os.path.join(root, each) for each in folders + files]:
                os.chown(name, GATEWAY, LOOK)
        os.chmod(home.top, 0o755)
        send_as_partner(home, 1)
        done = home.command("run", "--once", prefix=under(umask))
        found = modes(home, "mcc", "out")
        tap.ok(found and set(found.values()) == {(0o664, ORDER)}, f"umask {umask:03o}: files have mode and group of "
               "their drop", found, done.stderr)
        others = modes(home, "tcos", "out")
        tap.ok({mode for mode, _ in others.values()} == {0o640 & ~umask}, "those of a drop without the settings the "
               "umask's", others)
        ledger = {name: os.stat(home.path("spool", name)).st_mode & 0o777 for name in
                  ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm")}
        tap.ok(set(ledger.values()) == {0o640}, "the ledger has 0640 from its creation on", ledger)
    home.set(f"drop mcc group={STRANGER}")
    rows = {row["probe"]: row for row in call_json(home, "doctor") if row["drop"] == "mcc"}
    tap.ok(rows["rights"]["result"] == "bad" and f"group gid {STRANGER}: Operation not permitted; make user" in
           rows["rights"]["text"], "doctor finds a group that the gateway's user is not in", rows.get("rights"))
    send_as_partner(home, 2)
    done = call(home, GATEWAY, "run --once")
    tap.ok(b"to group gid " in done.stderr and b"member of the group" in done.stderr and
           len(modes(home, "mcc", "out")) == len(found), "nothing is delivered with another group, and it is said",
           done.stderr)
    home.set(f"drop mcc group={LOOK}")
    call(home, GATEWAY, "run --once")
    found = modes(home, "mcc", "out")
    tap.ok({group for _, group in found.values()} == {ORDER, LOOK}, "with a group that it is in, it is delivered",
           found)


def json_lines(output):
    return [json.loads(line) for line in output.decode().splitlines()]


def call_json(home, words):
    return json_lines(call(home, GATEWAY, f"--json {words}").stdout)


def test_outgoing_sftp(tap):
    """SFTP knows groups by number; the server is OpenSSH, root's."""
    home = Estate()
    with Sshd(home.top) as server:
        home.over_sftp("suppliers", server, mode="0604", folder_mode="0751", group=str(LOOK))
        home.say("2028-01-03T10:00:00Z", "PTY", f"SET,{AAAA},SUPPLIER,AAAA,First,", f"SET,{BBBB},SUPPLIER,BBBB,Second,")
        done = home.run(now="2028-01-03T12:10:00Z", env=forgiving(server))
        found = modes(home, "suppliers", "out")
        files = {right for name, right in found.items() if name not in ("AAAA", "BBBB")}
        tap.ok(done.returncode in (0, 1) and found.get("AAAA") == (0o751, LOOK) and files == {(0o604, LOOK)},
               "over SFTP files and the folders of recipients have their rights", found, done.stderr.decode())
        rows = {row["probe"]: row for row in json_lines(home.command("--json", "doctor", env=forgiving(server)).stdout)
                if row["drop"] == "suppliers"}
        tap.ok(rows["rights"]["text"] == f"a file gets mode 0604 and gid {LOOK}", "doctor tries them", rows)


def test_start(tap):
    """What others may write is refused at the start."""
    home = made()
    for folder in ("spool/orders", "spool"):
        path = home.path(*folder.split("/"))
        mode = os.stat(path).st_mode & 0o7777
        os.chmod(path, mode | 0o2)
        done = call(home, GATEWAY, "run --once")
        tap.ok(done.returncode == 2 and f"everybody may write it; take that right away: chmod o-w {path}" in
               done.stderr.decode(), f"{folder} that everybody may write is refused at the start", done.stderr)
        done = subprocess.run(["chmod", "o-w", path], check=False)
        done = call(home, GATEWAY, "run --once")
        tap.ok(done.returncode == 0, "after that chmod it starts", done.stderr)


def main():
    with Tap() as tap:
        if os.getuid() != 0 or shutil.which("setpriv") is None:
            tap.ok(True, "rights # SKIP only root can become other users")
            return
        test_looking(tap)
        test_ordering(tap)
        test_unreadable(tap)
        test_outgoing(tap)
        test_outgoing_sftp(tap)
        test_start(tap)


main()
