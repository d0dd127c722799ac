#!/usr/bin/env python3
"""The command doctor: what it finds at drops on a real sshd and at local ones, what it says of unfit ones, and that
it leaves nothing behind (TAP)."""
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

from home import GATE, Home, Tap, try_limits
from sshd import Sshd, find, forgiving, make_key, write_known_hosts

PROBES = ["reachable", "host-key", "algorithms", "login", "extensions", "list", "write", "read-back", "temporary",
          "rename", "rename-onto", "space", "clock", "remove", "strategy", "claim"]
HOST = ["user", "modes", "umask", "core", "swap", "disk", "random", "time", "libraries"]
LOCAL = ["list", "write", "read-back", "rename", "rename-onto", "space", "clock", "writers", "remove", "strategy",
         "claim"]


def doctor(home, *arguments, env=None, now=None):
    done = home.command("--json", "doctor", *arguments, env=env, **({"now": now} if now else {}))
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return done, rows


def far(server, **keys):
    home = Home()
    home.over_sftp("mcc", server, **keys)
    return home


def drops_tree(home):
    found = []
    for root, folders, files in os.walk(home.path("drops")):
        found += [os.path.join(root, name) for name in folders + files]
    return sorted(found)


def fingerprint(key):
    done = subprocess.run([find("ssh-keygen"), "-l", "-f", key + ".pub"], capture_output=True, check=True)
    return done.stdout.decode().split()[1]


def find_row(rows, probe):
    return next((row for row in rows if row["probe"] == probe), {"result": None, "text": ""})


def test_fit(tap, server):
    home = far(server)
    home.drop("mcc", os.environ["GENERATE"], "something.bin")
    before = drops_tree(home)
    now = subprocess.run(["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"], capture_output=True, check=True).stdout.decode().strip()
    done, rows = doctor(home, "mcc", now=now)
    tap.ok(done.returncode == 0 and done.stderr == b"", "a fit drop: exit 0 and no message", done.stderr)
    tap.ok([row["probe"] for row in rows] == PROBES[:6] + ["read"] + PROBES[6:],
           "a fit drop: every probe once, in order",
           [row["probe"] for row in rows])
    tap.ok(all(set(row) == {"drop", "probe", "result", "text"} and row["drop"] == "mcc" for row in rows),
           "a fit drop: the members of a row", rows[:1])
    tap.ok(all(row["result"] == "good" for row in rows), "a fit drop: all is good", rows)
    key = find_row(rows, "host-key")["text"]
    tap.ok(fingerprint(server.host_keys[0]) in key and "ssh-ed25519" in key,
           "its fingerprint as ssh-keygen prints it", key)
    agreed = find_row(rows, "algorithms")["text"]
    tap.ok(re.fullmatch(r"SSH-2.0-OpenSSH.*: (curve|ecdh).*, ssh-ed25519, .*(aes|chacha).*, .*hmac.*", agreed),
           "the algorithms agreed on", agreed)
    offers = find_row(rows, "extensions")["text"]
    tap.ok(all(f"has {name}@openssh.com" in offers for name in ("posix-rename", "fsync", "statvfs")),
           "the extensions that it offers", offers)
    tap.ok("refused" in find_row(rows, "rename-onto")["text"], "what renaming onto a name does", rows)
    tap.ok(drops_tree(home) == before, "nothing is left behind", drops_tree(home))
    text = home.command("doctor", "mcc", now=now).stdout.decode()
    tap.ok(text.startswith("mcc (sftp): fit\n") and all(re.search(rf"^ +{p} ", text, re.M) for p in PROBES),
           "the same as text", text)
    _, rows = doctor(home, "mcc")
    tap.ok(find_row(rows, "clock")["result"] == "note", "a clock that is far from ours is a note", rows)
    done, rows = doctor(home)
    drops = {row["drop"] for row in rows}
    tap.ok(drops == {None, "mcc", "tcos", "ecos", "dcc", "suppliers", "maps"} and done.returncode == 0,
           "without a name: all drops, and the gateway itself", drops)
    noted = find_row(rows, "credentials")
    tap.ok([row["probe"] for row in rows if row["drop"] is None and row["probe"] not in HOST] ==
           ["cells", "credentials", "room", "ledger", "orders"] and
           noted["result"] == "note" and "set ecos_subject" in noted["text"],
           "the gateway itself: a note while ecos_subject is not set", rows)
    home.set("gateway ecos_subject=90-B3-D5-1F-30-02-00-00\ngateway tcos_closes=2030-01-01T00:00:00Z")
    home.run()
    _, rows = doctor(home)
    tap.ok([row["probe"] + " " + row["result"] for row in rows if row["drop"] is None and row["probe"] not in HOST] ==
           ["cells good", "closing good", "credentials good", "room good", "ledger good", "orders good"],
           "and good when it is set", rows)
    with open(home.conf, encoding="utf-8") as file:
        before = file.read()
    home.set("page folder=page")
    lost = find_row(doctor(home)[1], "page")
    os.mkdir(home.path("page"))
    found = find_row(doctor(home)[1], "page")
    tap.ok((lost["result"], found["result"]) == ("bad", "good") and "it is no folder" in lost["text"],
           "the folder of the live page", lost, found)
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(before)
    text = home.command("doctor").stdout.decode()
    tap.ok(re.findall("^(?:host|gateway).*$", text, re.M) == ["host: fit", "gateway: fit"] and
           text.startswith("host: fit\n  probe"), "the text has one block for the machine, one for the gateway", text)
    os.mkdir(home.path("drops", "mcc", "taken"))
    home.set(f"drop mcc taken={server.remote(home.path('drops', 'mcc', 'taken'))}")
    done, rows = doctor(home, "mcc")
    tap.ok(find_row(rows, "taken")["result"] == "good" and "moved" in find_row(rows, "strategy")["text"],
           "with taken=: a file can be moved there", rows)
    tap.ok(not any("doctor" in name for name in drops_tree(home)), "nothing is left behind there either",
           drops_tree(home))


def test_local(tap):
    home = Home()
    before = drops_tree(home)
    done, rows = doctor(home, "mcc")
    tap.ok(done.returncode == 0 and [row["probe"] for row in rows] == LOCAL, "a local drop: its probes", rows)
    tap.ok(all(row["result"] != "bad" for row in rows), "a local drop: fit", rows)
    tap.ok(drops_tree(home) == before, "a local drop: nothing is left behind", drops_tree(home))
    os.rmdir(home.path("drops", "mcc", "out"))
    done, rows = doctor(home, "mcc")
    tap.ok(done.returncode == 1 and find_row(rows, "write")["result"] == "bad", "a local drop without its out: exit 1",
           rows)
    tap.ok(find_row(rows, "write")["text"].endswith("mcc/out cannot be written: there is no such folder; make it, or "
                                                    "correct out= of [drop mcc]"), "and what to do", rows)
    tap.ok([row["probe"] for row in rows] == ["list", "write", "writers", "remove", "strategy"],
           "and no test of out that depends on the failed one", rows)
    os.rmdir(home.path("drops", "mcc", "in"))
    done, rows = doctor(home, "mcc")
    tap.ok([row["probe"] for row in rows] == ["list", "write", "strategy"] and
           "in cannot be listed: there is no such folder" in find_row(rows, "list")["text"],
           "without in and out: nothing is tried in either", rows)
    done = home.command("doctor", "nosuch")
    tap.ok(done.returncode == 1 and b"[drop nosuch]; 'ecosgate status --all' lists the drops" in done.stderr,
           "a drop that is not configured: exit 1", done.stderr)
    tap.ok(home.command("doctor", "a", "b").returncode == 2, "called wrongly: exit 2")
    home.set("drop mcc complete=nonsense")
    tap.ok(home.command("doctor").returncode == 2, "a faulty configuration: exit 2")


def unfit(tap, text, home, probe, words, env=None):
    done, rows = doctor(home, "mcc", env=env)
    row = find_row(rows, probe)
    tap.ok(done.returncode == 1 and row["result"] == "bad" and all(word in row["text"] for word in words),
           f"{text}: exit 1, and {probe} says so", done.returncode, rows, done.stderr)
    return rows


def test_unfit(tap, server):
    scratch = server.at("other")
    os.makedirs(scratch, exist_ok=True)
    other = make_key(os.path.join(scratch, "key"))
    wrong = write_known_hosts(os.path.join(scratch, "wrong"), server.port, [other])
    home = far(server, known_hosts=wrong)
    rows = unfit(tap, "a changed host key", home, "host-key", ["CHANGED", fingerprint(server.host_keys[0]), wrong])
    tap.ok(find_row(rows, "reachable")["result"] == "good" and find_row(rows, "login")["result"] is None,
           "a changed host key: reachable, and no login is tried", rows)
    home = far(server, identity=other)
    rows = unfit(tap, "a key that is not admitted", home, "login", ["authorized_keys", other])
    tap.ok(find_row(rows, "host-key")["result"] == "good", "a key that is not admitted: the host key is good", rows)
    home = far(server)
    os.rmdir(home.path("drops", "mcc", "out"))
    unfit(tap, "no folder out", home, "write", ["no such file"])
    os.rmdir(home.path("drops", "mcc", "in"))
    unfit(tap, "no folder in", home, "list", ["no such file"])
    home = far(server, timeout=1)
    server.freeze()
    unfit(tap, "a server that says nothing", home, "reachable", ["1 second "])
    server.thaw()
    server.stop()
    unfit(tap, "a server that is down", home, "reachable", ["cannot connect"])
    server.start()
    done, rows = doctor(home, "mcc")
    tap.ok(done.returncode == 0, "and when it is back it is fit", rows)


def test_servers(tap, top):
    """Servers that keep to themselves."""
    with Sshd(top, settings="ForceCommand internal-sftp -R\n") as server:
        home = far(server)
        rows = unfit(tap, "a server that lets nothing be written", home, "write", ["permission denied"])
        tap.ok(find_row(rows, "list")["result"] == "good" and find_row(rows, "remove")["result"] == "note",
               "a server that lets nothing be written: the rest is probed", rows)
    for request, probe, words in (("rename", "rename", ["no answer can get its name", "right to rename"]),
                                  ("remove", "remove", ["no file can leave", "taken="])):
        with Sshd(top, settings=f"ForceCommand internal-sftp -P {request}\n") as server:
            home = far(server)
            rows = unfit(tap, f"a server that refuses {request}", home, probe, words)
            tap.ok(find_row(rows, "write")["result"] == "good" and find_row(rows, "temporary")["result"] == "good",
                   f"a server that refuses {request}: it takes files, and shows them", rows)
    with Sshd(top, settings="ForceCommand /bin/echo Welcome to this host\n") as server:
        home = far(server)
        unfit(tap, "a login that prints text", home, "extensions", ["'Welc'", "login script"])
    with Sshd(top, settings="Ciphers chacha20-poly1305@openssh.com\n") as server:
        home = far(server, ciphers="aes128-ctr")
        unfit(tap, "no cipher in common", home, "algorithms", ["cannot agree"])


def test_old_algorithms(tap, top):
    """A server that has only old ones: no connection, unless the drop's settings name them; then they are bad."""
    for server_key, key, old, what in (("Ciphers", "ciphers", "aes128-cbc", "cipher"),
                                       ("MACs", "macs", "hmac-sha1", "MAC"),
                                       ("KexAlgorithms", "kex", "diffie-hellman-group14-sha1", "key exchange")):
        with Sshd(top, settings=f"{server_key} {old}\n") as server:
            unfit(tap, f"{old} is not offered", far(server), "algorithms", ["cannot agree", f"{key}="])
            rows = unfit(tap, f"{old} in use", far(server, **{key: old}), "algorithms",
                         [f"in use and old: {what} {old};"])
            tap.ok(find_row(rows, "write")["result"] == "good", f"with {key}={old} it works", rows)


def test_logins(tap, top):
    """Each kind of identity and of host key that there is."""
    with Sshd(top, host_keys=("ecdsa",), user_key="ecdsa", hashed=True) as server:
        home = far(server)
        done, rows = doctor(home, "mcc", env=forgiving(server))
        tap.ok(done.returncode == 0 and "ecdsa-sha2-nistp256" in find_row(rows, "host-key")["text"],
               "ECDSA on both sides, known_hosts with hashed names", rows)
    with Sshd(top, host_keys=("ed25519", "ecdsa", "rsa")) as server:
        home = far(server)
        server.write_known_hosts([server.at("host_ecdsa")])
        done, rows = doctor(home, "mcc")
        tap.ok(done.returncode == 0 and "ecdsa" in find_row(rows, "host-key")["text"],
               "the kind of key is asked for that known_hosts holds", rows)
        server.write_known_hosts([server.at("host_rsa")])
        done, rows = doctor(home, "mcc")
        tap.ok(find_row(rows, "reachable")["result"] == "good" and
               (done.returncode == 0 or "Ed25519 or ECDSA" in find_row(rows, "host-key")["text"]),
               "known_hosts holds an RSA key only: it is used, or the message says what to add", rows)
    with Sshd(top, passphrase="correct horse") as server:
        home = far(server)
        done, rows = doctor(home, "mcc")
        tap.ok(done.returncode == 0, "an identity with a passphrase", rows)
        with open(server.at("wrong"), "w", encoding="ascii") as file:
            file.write("wrong\n")
        home.set(f"drop mcc passphrase_file={server.at('wrong')}")
        unfit(tap, "a wrong passphrase", home, "login", ["passphrase"])
    with Sshd(top, user_key="rsa") as server:
        home = far(server)
        done, rows = doctor(home, "mcc")
        login = find_row(rows, "login")["text"]
        tap.ok(done.returncode == 0 or "RSA" in login and "ssh-keygen -t ed25519" in login,
               "an RSA identity: it is used, or the message says what to do", rows)


def test_agent(tap, top):
    with Sshd(top) as server:
        home = far(server, identity="")
        socket = server.at("agent")
        # in the foreground, so that it is ours to end
        agent = subprocess.Popen([find("ssh-agent"), "-D", "-a", socket], stdout=subprocess.PIPE)
        try:
            agent.stdout.readline()
            env = {"SSH_AUTH_SOCK": socket}
            unfit(tap, "an agent without keys", home, "login", ["no key that can be used"], env)
            for key in (make_key(server.at("stranger")), server.identity):
                subprocess.run([find("ssh-add"), "-q", key], env={**os.environ, **env}, capture_output=True, check=True)
            done, rows = doctor(home, "mcc", env=env)
            tap.ok(done.returncode == 0 and "ssh-agent" in find_row(rows, "login")["text"],
                   "ssh-agent: the key that is admitted is found among others", rows)
            os.kill(agent.pid, 19)  # SIGSTOP

            def mute(trial, limit):
                home.set(f"drop mcc timeout={limit}")
                unfit(trial, "an agent that does not answer", home, "login", ["ssh-agent"], env)
            try_limits(tap, (1, 10, 60), mute)
            os.kill(agent.pid, 18)  # SIGCONT
        finally:
            agent.kill()
            agent.wait()
        unfit(tap, "no agent and no identity", home, "login", ["SSH_AUTH_SOCK"], {"SSH_AUTH_SOCK": "/nonexistent"})


def host_rows(home):
    return [row for row in doctor(home)[1] if row["drop"] is None and row["probe"] in HOST]


def test_host(tap):
    """The machine: each finding against what this test reads from the kernel itself."""
    home = Home()
    rows = host_rows(home)
    tap.ok([probe for probe, _ in itertools.groupby(row["probe"] for row in rows)] == HOST, "every probe, in order",
           rows)
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        piped = file.read().startswith("|")
    tap.ok(find_row(rows, "core")["result"] == ("note" if piped else "good"), "core dumps: who takes them", rows)
    with open("/proc/swaps", encoding="utf-8") as file:
        areas = [line.split()[0] for line in file.readlines()[1:]]
    told = [row["text"].split()[0] for row in rows if row["probe"] == "swap" and row["result"] == "note"]
    tap.ok(set(told) <= set(areas) and (told or all(re.match("/dev/(dm-|zram)", area) for area in areas)),
           "swap: each area that is not encrypted", rows, areas)
    for name in ("SQLite", "libxml2", "libarchive", "zlib", "OpenSSL", "libssh2"):
        tap.ok(re.search(rf"{name} \d+\.\d+\.\d+", " ".join(row["text"] for row in rows)), f"the version of {name}",
               rows)
    packed = subprocess.run(["python3", "-c", "import sqlite3; print(sqlite3.sqlite_version)"], check=False,
                            capture_output=True, env={"PATH": "/usr/bin"}).stdout.decode().strip()
    tap.ok(not packed or f"SQLite {packed}" in find_row(rows, "libraries")["text"], "which is the loaded one", packed)


def test_owner_and_disk(tap):
    """Whose the home is and where it lies: a note, and bad in service."""
    home = Home()
    for environment, result, status in (("TEST", "note", 0), ("LIVE", "bad", 1)):
        home.set(f"gateway environment={environment}")
        os.chown(home.path("spool"), 0, 0)
        done, rows = doctor(home)
        row = find_row(rows, "user")
        tap.ok(row["result"] == result and "belongs to root" in row["text"] and done.returncode == status,
               f"{environment}: a spool of root is {result}", row, done.stderr)
        os.chown(home.path("spool"), 65534, 65534)
        row = find_row(host_rows(home), "user")
        tap.ok(row["result"] == "good", f"{environment}: a spool of another user is good", row)
    os.chown(home.path("spool"), 0, 0)
    for folder, memory in (("/dev/shm", True), ("/var/tmp", False)):
        kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, check=True).stdout.strip()
        if (kind == b"tmpfs") != memory or (not memory and kind not in (b"ext2/ext3", b"xfs", b"btrfs")):
            print(f"# {folder} is {kind.decode()} here: left out")
            continue
        with tempfile.TemporaryDirectory(dir=folder) as top:
            home.set(f"gateway spool={top}/spool\ngateway ledger={top}/ledger.sqlite")
            os.mkdir(f"{top}/spool")
            rows = [row for row in host_rows(home) if row["probe"] == "disk"]
            tap.ok([row["result"] for row in rows] == (["bad", "bad"] if memory else ["good"]),
                   f"spool and ledger in {folder}", rows)


def test_overlay(tap):
    """A container's own layer: its syncs do not tell of failed writes; mounted volatile they reach no disk at all."""
    for options, result, word in (("", "note", "each file is synced by itself"), (",volatile", "bad", "volatile")):
        home = Home()
        with tempfile.TemporaryDirectory() as top:
            for name in ("lower", "upper", "work", "spool"):
                os.mkdir(f"{top}/{name}")
            home.set(f"gateway spool={top}/spool\ngateway ledger={top}/spool/ledger.sqlite")
            layers = f"lowerdir={top}/lower,upperdir={top}/upper,workdir={top}/work{options}"
            script = (f"mount -t overlay overlay -o {layers} "
                      f"{top}/spool || exit 77; '{GATE}' -c '{home.conf}' --json doctor")
            done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, check=False)
            if done.returncode in (1, 77) and not done.stdout:
                print(f"# no overlay can be mounted here: left out: {done.stderr.decode().strip()}")
                continue
            rows = [row for row in map(json.loads, done.stdout.splitlines()) if row["probe"] == "disk"]
            tap.ok([row["result"] for row in rows] == [result, result] and all(word in row["text"] for row in rows),
                   f"spool and ledger on an overlay{options} are {result}", rows, done.stderr)


def test_modes(tap):
    """What others may read or write, and what a umask would take away, before `run` refuses or writes it."""
    home = Home()
    with open(home.path("pass"), "w", encoding="ascii"):
        pass
    home.set(f"drop mcc transport=sftp\ndrop mcc complete=stable\ndrop mcc host=127.0.0.1\ndrop mcc port=1\n"
             f"drop mcc user=x\ndrop mcc known_hosts={home.path('pass')}\ndrop mcc identity={home.path('pass')}")
    for path, mode, back, words in ((home.conf, 0o666, 0o640, ("everybody may write it", "chmod o-w")),
                                    (home.path("pass"), 0o640, 0o600, ("others than its owner", "chmod go="))):
        os.chmod(path, mode)
        row = find_row(host_rows(home), "modes")
        tap.ok(row["result"] == "bad" and path in row["text"] and all(word in row["text"] for word in words),
               f"{os.path.basename(path)} with mode {mode:o} is bad", row)
        os.chmod(path, back)
    tap.ok(find_row(host_rows(home), "modes")["result"] == "good", "then it is good", host_rows(home))
    for mask, result in ((0o000, "good"), (0o027, "good"), (0o077, "note"), (0o200, "bad")):
        done = subprocess.run([GATE, "-c", home.conf, "--json", "doctor"], umask=mask, capture_output=True,
                              check=False)
        row = find_row([json.loads(line) for line in done.stdout.splitlines()], "umask")
        tap.ok(row["result"] == result and f"{mask:04o}" in row["text"], f"umask {mask:04o} is {result}", row)


def main():
    top = tempfile.gettempdir()
    with Tap() as tap:
        test_local(tap)
        test_host(tap)
        test_owner_and_disk(tap)
        test_overlay(tap)
        test_modes(tap)
        with Sshd(top) as server:
            test_fit(tap, server)
            test_unfit(tap, server)
        test_servers(tap, top)
        test_old_algorithms(tap, top)
        test_logins(tap, top)
        test_agent(tap, top)


if __name__ == "__main__":
    sys.exit(main())
