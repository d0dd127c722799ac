#!/usr/bin/env python3
"""The daemon as a service: what it tells its manager, the configuration read again, a stop whatever holds it (TAP).

A datagram socket stands for the manager (sd_notify(3))."""
import contextlib
import os
import signal
import socket
import threading

from home import PATIENCE, SANITIZED, Home, Tap, answer, claim_text, generate, said_so_far, wait_until
from live import NO_INC, hold_in_judging, instruction, name_of, send, sound, states
from sshd import Sshd, forgiving

SHIM = os.path.abspath("tests/e2e/fault_shim.so")
PARSED_HERE = "\ngateway cells=no"  # the preloaded library makes calls that end a cell


class Manager:
    """Takes what the daemon says, message by message, in their order."""

    def __init__(self, home, name=None):
        self.name = name or os.path.join(home.top, f"notify{len(os.listdir(home.top))}")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name.replace("@", "\0"))
        self.messages = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        with contextlib.suppress(OSError):
            while True:
                self.messages.append(self.socket.recv(65536).decode())

    def environment(self, watchdog=0, **more):
        watched = {"WATCHDOG_USEC": str(watchdog)} if watchdog else {}
        return {"NOTIFY_SOCKET": self.name, **watched, **more}

    def heard(self, word, since=0):
        """How many messages have a line that begins with it."""
        return sum(any(line.startswith(word) for line in message.splitlines()) for message in self.messages[since:])

    def state(self):
        """The last status."""
        found = [line[7:] for message in self.messages for line in message.splitlines() if line.startswith("STATUS=")]
        return found[-1] if found else ""


def started(home, watchdog=0, name=None, **environment):
    """A manager and the daemon, which is ready."""
    manager = Manager(home, name)
    daemon = home.daemon(env=manager.environment(watchdog, **environment))
    wait_until(lambda: manager.heard("READY=1") or daemon.poll() is not None)
    return manager, daemon


def ended(daemon):
    """Its exit status, and what it said."""
    daemon.send_signal(signal.SIGTERM)
    _, said = daemon.communicate(timeout=PATIENCE)
    return daemon.returncode, getattr(daemon, "said", b"").decode() + said.decode()


def read_again(manager, daemon):
    """Has it read its configuration; returns what it said until it was ready again."""
    before, ready = len(said_so_far(daemon)), manager.heard("READY=1")
    daemon.send_signal(signal.SIGHUP)
    wait_until(lambda: manager.heard("READY=1") > ready or daemon.poll() is not None)
    return said_so_far(daemon)[before:]


# ---- the manager ----

def test_manager(tap):
    for name in (None, "@ecosgate-test-%d" % os.getpid()):
        home = Home("gateway poll_interval=3600")
        manager, daemon = started(home, name=name)
        tap.ok(manager.messages[0].startswith("READY=1\nSTATUS=works"), f"the first word is READY, {name or 'a path'}",
               manager.messages)
        send(home, name_of(1), instruction(1))
        wait_until(lambda: len(home.out("mcc")) == 2)
        passes = manager.heard("STATUS=works; last pass 2023-07-03T12:00:00Z")
        os.rename(home.path("drops", "dcc", "in"), home.path("drops", "dcc", "away"))
        send(home, name_of(2), instruction(2, (2,)))
        tap.ok(passes > 0 and wait_until(lambda: manager.state().endswith("drops that do not work: dcc (A102)")),
               "each pass tells the state, with the drops that do not work", manager.messages)
        status, said = ended(daemon)
        tap.ok(status == 0 and manager.messages[-1].startswith("STOPPING=1") and manager.heard("STOPPING=1") == 1,
               "the last word is STOPPING", status, said, manager.messages)
        tap.ok(manager.heard("WATCHDOG") == 0, "who does not watch is not told of progress")
    home = Home()
    daemon = home.daemon(env={"NOTIFY_SOCKET": home.path("nobody")})
    wait_until(lambda: "nobody" in said_so_far(daemon))
    status, said = ended(daemon)
    tap.ok(status == 0 and "NOTIFY_SOCKET" in said and "expected" in said,
           "a manager that is not there is told, and hinders nothing", status, said)


def test_watchdog(tap):
    home = Home("gateway poll_interval=3600")
    manager, daemon = started(home, watchdog=4000)
    tap.ok(wait_until(lambda: manager.heard("WATCHDOG=1") > 3), "a daemon that waits is alive")
    daemon.send_signal(signal.SIGSTOP)
    wait_until(lambda: "T" in open(f"/proc/{daemon.pid}/stat", encoding="ascii").read().rpartition(")")[2][:3])
    wait_until(lambda: False, .1)  # what was said before the stop is heard
    heard = manager.heard("WATCHDOG=1")
    wait_until(lambda: False, .2)
    tap.ok(manager.heard("WATCHDOG=1") == heard, "one that is stopped is not")
    daemon.send_signal(signal.SIGCONT)
    tap.ok(wait_until(lambda: manager.heard("WATCHDOG=1") > heard), "until it goes on")
    # A large file is one long piece of work: no message but signs of progress while it is judged.
    home.drop("mcc", generate(home.top, "--form", "csv", "--devices", "300000"))
    held = hold_in_judging(home, daemon)
    before = len(manager.messages)
    daemon.send_signal(signal.SIGCONT)
    wait_until(lambda: manager.heard("WATCHDOG=1", before) > 10 or manager.heard("STATUS=", before))
    tap.ok(held and manager.heard("STATUS=", before) == 0, "a long file that goes on is alive", held,
           manager.messages[before:])
    daemon.kill()


def hangs(log):
    """A call has come to its fault."""
    with contextlib.suppress(FileNotFoundError), open(log, encoding="utf-8") as file:
        return "fault" in file.read()
    return False


def test_hang(tap):
    """A write of the ledger that never returns: threads of transfers and the process itself live on."""
    home = Home(NO_INC + PARSED_HERE)
    log = os.path.join(home.top, "log")
    send(home, name_of(1), instruction(1))
    manager, daemon = started(home, watchdog=4000, LD_PRELOAD=SHIM, FAULT_UNDER=home.path("spool", "active"),
                              FAULT="write:1:0:HANG", FAULT_LOG=log)
    tap.ok(wait_until(lambda: hangs(log)), "the writer hangs", said_so_far(daemon))
    wait_until(lambda: False, .1)
    heard = manager.heard("WATCHDOG=1")
    wait_until(lambda: False, .3)
    tap.ok(manager.heard("WATCHDOG=1") == heard and daemon.poll() is None, "and its manager hears nothing")
    status, said = ended(daemon)
    tap.ok(status == 2 and "ends as by a kill" in said, "a stop ends it all the same", status, said)
    done = home.run()
    tap.ok(done.returncode == 0 and len(home.out("mcc")) == 2, "the next start goes on", done.stderr.decode())
    sound(tap, home, "after a writer that hung")


def test_folder_hangs(tap):
    """A transfer worker that hangs in a call of the system."""
    home = Home(NO_INC + PARSED_HERE)
    log = os.path.join(home.top, "log")
    send(home, name_of(1), instruction(1))
    _, daemon = started(home, LD_PRELOAD=SHIM, FAULT_UNDER=home.path("drops", "mcc", "out"),
                        FAULT="write:1:0:HANG", FAULT_LOG=log)
    tap.ok(wait_until(lambda: hangs(log)), "a drop's folder hangs", said_so_far(daemon))
    status, said = ended(daemon)
    tap.ok(status == 2 and "ends as by a kill" in said, "a stop does not wait for it", status, said)
    tap.ok(home.run().returncode == 0 and len(home.out("mcc")) == 2, "the next start delivers", home.out("mcc"))
    sound(tap, home, "after a folder that hung")


def test_server_hangs(tap):
    """A server that does not answer."""
    home = Home(NO_INC)
    with Sshd(home.top) as server:
        home.over_sftp("mcc", server)
        manager, daemon = started(home, **forgiving(server))
        wait_until(lambda: server.sessions() > 0)
        server.freeze()
        send(home, name_of(1), instruction(1))
        home.command("drop", "pause", "maps", "--reason", "a pass")
        status, said = ended(daemon)
        tap.ok(status in (0, 2) and manager.heard("STOPPING=1") == 1, "nor for a server that does not answer", status,
               said)
        server.thaw()
        tap.ok(home.run(env=forgiving(server)).returncode == 0 and len(home.out("mcc")) == 2,
               "the next start takes up what waited", home.out("mcc"))
    sound(tap, home, "after stops")


# ---- the configuration ----

def test_reload(tap):
    home = Home("gateway poll_interval=3600\n" + NO_INC)
    manager, daemon = started(home)
    wait_until(lambda: os.path.exists(home.claim("tcos")))
    generation = home.json("claim", "list")
    send(home, name_of(1), instruction(1))
    wait_until(lambda: len(home.out("mcc")) == 2)
    wait_until(lambda: not os.listdir(home.inbox("mcc")))
    os.makedirs(home.path("other", "in"))
    os.makedirs(home.path("other", "out"))
    home.set("gateway poll_interval=1800\ndrop mcc in=other/in\ndrop mcc out=other/out")
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[drop more]\nin=more/in\nout=more/out\n")
    before = len(manager.messages)
    said = read_again(manager, daemon)
    told = [message for message in manager.messages[before:] if not message.startswith("STATUS=")]
    tap.ok([message.split("=")[0] for message in told] == ["RELOADING", "READY"] and
           told[0].splitlines()[1].removeprefix("MONOTONIC_USEC=").isdigit(),
           "the manager hears of a reload and its end", told)
    tap.ok("the configuration was read again: [gateway] poll_interval, [drop mcc] in, [drop mcc] out, [drop more] (new)"
           in said and "poll_interval=" not in said, "one line names the settings that differ, and no value", said)
    with open(os.path.join(home.top, "arriving"), "wb") as file:
        file.write(instruction(2, (2,)))
    os.rename(os.path.join(home.top, "arriving"), home.path("other", "in", name_of(2)))
    tap.ok(wait_until(lambda: answer(name_of(2), "EMD") in os.listdir(home.path("other", "out"))),
           "the new folders are watched and used at once", said_so_far(daemon))
    wait_until(lambda: "more (A102)" in manager.state())
    said = read_again(manager, daemon)
    tap.ok("no setting has changed" in said and "drop more (A102)" in said_so_far(daemon),
           "a configuration that is as before is read, too; what does not work is told again", said)
    again = home.json("claim", "list")
    tap.ok({row["drop"]: row["generation"] for row in again if row["drop"] == "tcos"} ==
           {row["drop"]: row["generation"] for row in generation if row["drop"] == "tcos"} and
           home.json("status")[0]["running"], "it is the same start all the time", generation, again)
    status, said = ended(daemon)
    tap.ok(status == 0, "it stops as ever", status, said)
    sound(tap, home, "after reloads")


def test_refused(tap):
    home = Home("gateway poll_interval=3600\n" + NO_INC)
    manager, daemon = started(home)
    with open(home.conf, encoding="utf-8") as file:
        good = file.read()
    home.set("gateway poll_interval=often\ngateway org=tcos\ndrop mcc colour=red")
    said = read_again(manager, daemon)
    lines = [line for line in said.splitlines() if "was not taken over" in line]
    tap.ok(len(lines) == 3 and all(f"{home.conf}:" in line for line in lines) and
           "poll_interval: expected a whole number" in said and "colour: there is no such setting" in said,
           "each fault is told with file and line", said)
    send(home, name_of(1), instruction(1))
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 2) and
           wait_until(lambda: manager.state().endswith("refused: see the log")), "the old one goes on, and the state "
           "says so", manager.state(), said_so_far(daemon))
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(good)
    for setting, text in (("spool=elsewhere", "move the file"), ("ledger=other.sqlite", "move the file"),
                          ("witness=other", "move the file"), ("org=ELSE", "start it again"),
                          ("eui64=90-B3-D5-1F-30-00-00-05", "start it again"), ("environment=LIVE", "start it again")):
        home.set(f"gateway {setting}")
        said = read_again(manager, daemon)
        key, value = setting.split("=")
        tap.ok(f"[gateway] {key} cannot change while the gateway runs: expected '" in said and value in said and
               text in said and f"{home.conf}:" in said, f"{key} needs a new start", said)
        with open(home.conf, "w", encoding="utf-8") as file:
            file.write(good)
    home.set("drop tcos out=drops/mcc/in")
    said = read_again(manager, daemon)
    tap.ok("are the same folder" in said and "was not taken over" in said, "folders that lead back are refused", said)
    os.remove(home.conf)
    said = read_again(manager, daemon)
    tap.ok("was not taken over" in said and home.conf in said, "a configuration that is gone is refused", said)
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(good)
    said = read_again(manager, daemon)
    tap.ok("was read again" in said and wait_until(lambda: "refused" not in manager.state()),
           "a good one is taken over", said, manager.state())
    status, said = ended(daemon)
    tap.ok(status == 0, "it stops as ever", status, said)


def test_profiles(tap):
    home = Home("gateway poll_interval=3600\n" + NO_INC)
    home.command("profile", "new", home.path("annex"), "--from", "proposal-1.0")
    head = home.path("annex", "profile.json")
    with open(head, encoding="utf-8") as file:
        text = file.read().replace('"1.0"', '"1.1"', 1)
    with open(head, "w", encoding="utf-8") as file:
        file.write(text)
    home.set("party MCC profile=annex;proposal-1.0")
    manager, daemon = started(home)
    tap.ok("A119" not in said_so_far(daemon), "a profile of our own", said_so_far(daemon))
    with open(head, "w", encoding="utf-8") as file:
        file.write(text.replace('"1.1"', '"1.2"', 1))
    said = read_again(manager, daemon)
    tap.ok(f"read again: profile {home.path('annex')}" in said, "a profile that has changed is read again", said)
    with open(head, "w", encoding="utf-8") as file:
        file.write(text.replace('"1.1"', "", 1))
    said = read_again(manager, daemon)
    tap.ok("was not taken over" in said and "profile.json" in said and f"{home.conf}:" in said,
           "one that cannot be used is refused, with its fault", said)
    send(home, name_of(1), instruction(1))
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 2), "the party goes on with the one before", said_so_far(daemon))
    ended(daemon)
    daemon = home.daemon(env=manager.environment())
    wait_until(lambda: manager.heard("READY=1") > 3)
    home.set("gateway poll_interval=60")
    said = read_again(manager, daemon)
    tap.ok("read again: [gateway] poll_interval" in said, "a fault that was there at the start hinders no reload", said)
    send(home, name_of(2), instruction(2, (2,)))
    tap.ok(wait_until(lambda: "MCC (A119)" in said_so_far(daemon)) and "reload the gateway (SIGHUP)" in
           said_so_far(daemon), "the files of the party wait, and the incident says what to do", said_so_far(daemon))
    with open(head, "w", encoding="utf-8") as file:
        file.write(text)
    read_again(manager, daemon)
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 4), "once it is mended, a reload lets them go on",
           said_so_far(daemon))
    ended(daemon)


def test_claims(tap):
    """A newer start of the same gateway: who has held the drop knows that it was superseded, also after a reload."""
    home = Home("gateway poll_interval=1\n" + NO_INC)
    manager, daemon = started(home)
    wait_until(lambda: os.path.exists(home.claim("tcos")))
    read_again(manager, daemon)
    with open(home.claim("tcos"), encoding="utf-8") as file:
        ledger = next(line[7:].strip() for line in file if line.startswith("ledger="))
    home.write_claim("tcos", claim_text(ledger, generation=99))
    home.set("gateway poll_interval=2")
    daemon.send_signal(signal.SIGHUP)
    _, said = daemon.communicate(timeout=PATIENCE)
    said = getattr(daemon, "said", b"").decode() + said.decode()
    tap.ok(daemon.returncode == 2 and "A110" in said and "has taken over, so this process ends" in said,
           "a drop that was ours before the reload shows that another one has taken over", daemon.returncode, said)


def test_transfer(tap):
    """A reload while an upload hangs: the file is delivered once."""
    home = Home("gateway poll_interval=1\n" + NO_INC)
    with Sshd(home.top) as server:
        home.over_sftp("mcc", server)
        manager, daemon = started(home, **forgiving(server))
        wait_until(lambda: server.sessions() > 1 and os.path.exists(home.claim("mcc")))
        server.freeze()
        send(home, name_of(1), instruction(1))
        send(home, name_of(2), instruction(2, (2,)))
        wait_until(lambda: server.unread() > 0)
        home.set("drop mcc listed_max=30000")
        said = read_again(manager, daemon)
        tap.ok("read again: [drop mcc] listed_max" in said, "a reload does not wait for a server", said)
        server.thaw()
        tap.ok(wait_until(lambda: len(home.out("mcc")) == 4), "what waited is taken up and answered once",
               home.out("mcc"), said_so_far(daemon))
        status, said = ended(daemon)
        tap.ok(status == 0 and list(states(home).values()).count("done") >= 2, "and ended", states(home), status, said)
    sound(tap, home, "after a reload within transfers")


def test_check(tap):
    home = Home(NO_INC)
    done = home.command("config", "check")
    tap.ok(done.returncode == 0 and b"every setting of it can be used" in done.stdout and b"mcc (local): fit" in
           done.stdout, "config check judges the configuration and the drops", done.stdout.decode(),
           done.stderr.decode())
    rows = home.json("config", "check")
    tap.ok(rows[0] == {"drop": None, "probe": "config", "result": "good", "text": "every setting of it can be used"} and
           {row["drop"] for row in rows} > {"mcc", "dcc"}, "the same as JSON", rows[:2])
    os.makedirs(os.path.join(home.top, "new"))
    new = os.path.join(home.top, "new", "next.conf")
    with open(home.conf, encoding="utf-8") as file:
        text = file.read()

    def judged(old, changed, *words, status):
        with open(new, "w", encoding="utf-8") as file:
            file.write(text.replace(old, changed, 1))
        done = home.command("config", "check", new)
        said = done.stdout.decode()
        tap.ok(done.returncode == status and all(word in said for word in words), f"config check FILE: {words[0]}",
               done.returncode, said, done.stderr.decode())

    judged("poll_interval=30", "poll_interval=31", "a reload would change: [gateway] poll_interval",
           "mcc (local): fit", status=0)
    judged("poll_interval=30", "poll_interval=30", "no setting differs", status=0)
    judged("poll_interval=30", "poll_interval=no", f"{new}:", "expected a whole number", status=1)
    judged("org=TCOS", "org=OTHER", "cannot change while the gateway runs", status=1)
    judged("in=drops/mcc/in", "in=drops/mcc/gone", "mcc (local): unfit", status=1)
    done = home.command("config", "check", os.path.join(home.top, "none"))
    tap.ok(done.returncode == 2 and b"cannot be read" in done.stderr, "a file that is not there ends with 2",
           done.stderr.decode())
    home.set("gateway poll_interval=no")
    done = home.command("config", "check")
    tap.ok(done.returncode == 1 and b"expected a whole number" in done.stdout, "faults of it end with 1",
           done.stdout.decode(), done.stderr.decode())


def test_rights(tap):
    """What others may write, or read where it is secret, is not trusted."""
    home = Home(NO_INC)
    secret, known = home.path("key"), home.path("known_hosts")
    for path, mode in ((secret, 0o600), (known, 0o664)):
        with open(path, "w", encoding="ascii"):
            os.chmod(path, mode)
    home.set("drop maps transport=sftp\ndrop maps host=127.0.0.1\ndrop maps port=1\ndrop maps user=x\n"
             "drop maps identity=key\ndrop maps known_hosts=known_hosts\ndrop maps complete=at-once")
    manager, daemon = started(home)
    tap.ok(daemon.poll() is None, "a key for its owner alone, and files that a group may write", said_so_far(daemon))
    for path, mode, good, help_text in ((home.conf, 0o646, 0o644, "chmod o-w"), (known, 0o666, 0o664, "chmod o-w"),
                                        (secret, 0o640, 0o600, "chmod go=")):
        os.chmod(path, mode)
        text = f"{path} has mode {mode:04o}"
        said = read_again(manager, daemon)
        tap.ok(text in said and f"{help_text} {path}" in said and "was not taken over" in said,
               f"a reload refuses {os.path.basename(path)} with mode {mode:o}", said)
        done = home.run()
        checked = home.command("config", "check")
        tap.ok(done.returncode == 2 and text in done.stderr.decode() and checked.returncode == 1 and
               f"{help_text} {path}" in checked.stdout.decode(), "so do a start and config check", done.stderr.decode(),
               checked.stdout.decode())
        os.chmod(path, good)
    ended(daemon)


if __name__ == "__main__":
    with Tap() as report:
        wanted = os.environ.get("ONLY", "")
        preloading = () if SANITIZED else (test_hang, test_folder_hangs)  # it takes no preloaded library
        for test in (test_manager, test_watchdog, *preloading, test_server_hangs, test_reload, test_refused,
                     test_profiles, test_claims, test_transfer, test_check, test_rights):
            if wanted in test.__name__:
                test(report)
