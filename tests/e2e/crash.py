"""Stops the program before and after every durable step, resumes it, and expects the end of an undisturbed run.

A script is a list of acts. An act hands files over, runs the program, or has an operator give an order. Every script
first runs undisturbed: that shows its end, and how often each run of the program passes each step of spool/steps.def.
Then each passing is stopped once (SIGKILL), the act is resumed, and the remaining acts follow. The files and the
ledger's rows must then be those of the undisturbed end, and `spool verify` must find them sound. Left out are passings
that another script has in the same surroundings: see OF_STARTS, OF_SEVERAL, and what a script says of `only`, `most`
and `since`.

Three things are done once instead of in each case. What happens before the stop is the same in all: the undisturbed run
keeps a copy of the home before each act, and a case begins with the copy before the act in which it stops. What follows
a stop is played to its end in the first script that passes the step; in others, and for a later passing, the case ends
after the resumed act, if files and rows are then those that the undisturbed run had at that moment. And `spool verify`
is asked at the first passing of each script.

Needs a build with --enable-crash-points. The steps of steps.def, of the code and of spool/README.md must be the same.
"""
import collections
import concurrent.futures
import fcntl
import functools
import glob
import os
import re
import shutil
import signal
import socket
import tempfile
import threading

import gate
from home import DISK, MODIFIED, NOW, SAMPLES, SANITIZED, SOURCE, Copy, Home, Tap, claim_text, difference
from live import DEVICE, ECSP, GATEWAY, MCC, TCSP, answer, flip, instruction, name_of, replies, send
from signer import Authority
from sshd import Sshd

GOOD = sorted(glob.glob(f"{SAMPLES}/good/*"))
REJECTED = sorted(glob.glob(f"{SAMPLES}/codes/B208/*.csv"))[0]
DCC = "90-B3-D5-1F-30-00-00-02"
BAD_NAME = "EMI MCC\n\x01.xml"
RESULT = "EMT_TCSP_90-B3-D5-1F-30-0E-C0-02_20230703_060000_000001.csv"
SIDES = ("before", "after")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_PASSINGS = 1 if SANITIZED else 4  # of a sanitized program: see FIRST_SCRIPTS
PASSINGS = (1, 2, 4)  # that are stopped: the later ones are more of the same kind
# These have several files, Devices, orders and reports, and so later passings of nearly every step. So have scripts
# that are there for some steps alone (`only`). In all others the first passing is enough: what a kill at any call does
# in any surroundings, the simulator asks.
OF_SEVERAL = ("plain", "orders", "life", "reporting")
# A case over SFTP takes several handshakes: only steps that concern a drop, and their first passings.
MOST_OVER_SFTP = 1 if SANITIZED else 3
OF_DROPS = ("custody-", "source-", "delivery-", "claim-")
# Every start and end passes them, and every look at a drop, whatever the files and Devices are. They are stopped in
# the scripts of STARTING, most of which start in another way or find other drops, and where a script names them in
# `only`.
OF_STARTS = ("spool-made", "generation-noted", "first-run-noted", "heartbeat-placed", "run-ended", "witness-written",
             "claim-made", "claim-written")
STARTING = ("plain", "orders", "made", "claimed", "clock", "orphan", "trouble", "freeze", "recovering", "life",
            "hanging", "reporting", "over SFTP")
# Steps that each start and each drop pass alike: the first passings of each script are enough.
MOST_ALIKE = {"heartbeat-placed": 1, "verified-placed": 1, "witness-written": 2, "claim-made": 2, "claim-written": 2}
SERVER = None  # the SFTP server
MUTE = None  # an SFTP server that says nothing
# A sanitizer sees what code does, not how often. Each step and side is stopped in the first script that passes it (and
# over SFTP); the other scripts only run undisturbed. That what follows is right in every script, the other build
# proves.
FIRST_SCRIPTS = SANITIZED
WORKERS = os.cpu_count() + 1  # one more than processors, for a case may wait for a server


class Crashing:
    """Runs the program, until one run is killed at the point (step:side:passing); later runs are not disturbed."""

    def __init__(self, point, allowed):
        self.point, self.allowed = point, allowed
        self.hit = False
        self.passed = []  # of each run: how often it passed each step:side; only where there is no point

    def run(self, *arguments):
        if self.point is not None:
            env = {} if self.hit else {"ECOSGATE_CRASH": self.point}
            return gate.run(*arguments, env={**os.environ, **env})
        with tempfile.NamedTemporaryFile("r") as tally:
            done = gate.run(*arguments, env={**os.environ, "ECOSGATE_STEPS": tally.name, "LEAKS": "yes"})
            self.passed.append(collections.Counter(tally.read().split()))
            return done

    def __call__(self, *arguments):
        done = self.run(*arguments)
        if done.returncode == -signal.SIGKILL:
            self.hit = True
            return self(*arguments)
        if b"exists already" in done.stderr:
            return done  # `init` was killed when the home was whole
        if done.returncode not in self.allowed:
            raise RuntimeError(f"{arguments}: exit {done.returncode}: {done.stderr.decode()}")
        return done


class Stage(Home):
    """A home in which a script is played; a fresh one, or one from the copy of another."""

    def __init__(self, copy=None, point=None, allowed=(0, 1), place=None):  # pylint: disable=super-init-not-called
        self.place = place
        self.gate = Crashing(point, allowed)
        if copy is None:
            super().__init__()
            self.take_at_once()
        else:
            self.new_folder()
            copy.write(self.dir)

    def take_at_once(self):
        """A child process that another thread of this test starts holds our open files for a moment. To the rule
        `closed` a file that was just handed over could then look as if somebody still wrote it."""
        self.set("drop mcc complete=at-once\ndrop tcos complete=at-once")

    def pass_once(self, now=NOW):
        self.gate("-c", self.conf, "--now", now, "run", "--once")

    def order(self, verb, number, what="spool", *more, now=NOW):
        """An operator whose order is killed looks first whether it was taken, and gives it again if not."""
        arguments = ("-c", self.conf, "--now", now, what, verb, str(number), *more, "--reason", "a test")
        done = self.gate.run(*arguments)
        if done.returncode == -signal.SIGKILL:
            self.gate.hit = True
            self.carry_out_orders()
            shown = self.gate("-c", self.conf, "--now", now, what, "show", str(number))
            if b"a test" not in shown.stdout:
                self.gate(*arguments)

    def set_sequence(self, number):
        """The same, for an order that is about no job. One whose file is there is carried out by the next run."""
        arguments = ("-c", self.conf, "--now", NOW, "sequence", "set", "MCC", "EMI", str(number), "--reason", "a test")
        if self.gate.run(*arguments).returncode == -signal.SIGKILL:
            self.gate.hit = True
            waiting = [name for name in os.listdir(self.path("spool", "orders")) if not name.startswith(".")]
            shown = self.gate("-c", self.conf, "sequence", "list")
            if not waiting and f"{number:06}: a test" not in shown.stdout.decode():
                self.gate(*arguments)

    def take(self, drop):
        """The same; an operator who is not sure gives it again."""
        arguments = ("-c", self.conf, "--now", NOW, "claim", "take", drop, "--reason", "a test")
        if self.gate.run(*arguments).returncode == -signal.SIGKILL:
            self.gate.hit = True
            self.carry_out_orders()
            self.gate(*arguments)

    def give(self, words, now):
        """The same, for an order that is refused when it was carried out before."""
        arguments = ("-c", self.conf, "--now", now, *words.split(), "--reason", "a test")
        if self.gate.run(*arguments).returncode == -signal.SIGKILL:
            self.gate.hit = True
            self.gate(*arguments)

    def recover(self):
        """The same."""
        arguments = ("-c", self.conf, "--now", NOW, "recover", "--reason", "a test")
        if self.gate.run(*arguments).returncode == -signal.SIGKILL:
            self.gate.hit = True
            waiting = [name for name in os.listdir(self.path("spool", "orders")) if not name.startswith(".")]
            if not waiting and b"a test" not in self.gate("-c", self.conf, "recover", "--list").stdout:
                self.gate(*arguments)

    def carry_out_orders(self):
        """The next command that writes carries out the files in orders/."""
        if os.listdir(self.path("spool", "orders")):
            self.command("spool", "hold", "99999999", "--reason", "x")

    def killed_before(self, point):
        """A pass that ends at a point is part of the script."""
        done = self.command("run", "--once", env={"ECOSGATE_CRASH": point})
        if done.returncode != -signal.SIGKILL:
            raise RuntimeError(f"{point}: exit {done.returncode}")

    def exists(self, *parts):
        return os.path.exists(self.path(*parts))

    def is_sound(self):
        """A restored ledger that is not the newest one (A109) is what `restore` has to leave."""
        said = self.gate("-c", self.conf, "--now", NOW, "spool", "verify").stdout.decode().splitlines()
        return all(line.startswith(("sound: ", "NOT SOUND, faults: 1; ")) or "ecosgate recover --reason" in line
                   for line in said) and said[-1].startswith("sound: ") == (len(said) == 1)

    def found(self):
        """Files and rows that must be the same with and without a stop."""
        files, rows = self.state()
        # An order that is given again is another one, and one that was never published does not exist.
        rows = [row for row in rows if not row.startswith("operator_action")]
        # A recovery says which generation it found, and that depends on how often the gateway was started.
        rows = [row.split(":")[0] if row.startswith("recovery") else row for row in rows]
        # A purge that is ordered again finds nothing. A stop loses the size of files that were removed before it.
        rows = [re.sub(r", \d+\)$", "", UUID.sub("", row)) if row.startswith("purge:") else row
                for row in rows if not (row.startswith("purge:") and row.endswith(", 3, 0, 0, 0, 0, 0, 0, 0)"))]
        of_orders = ("numbering", "claim_take", "operator_end", "device_release", "transition", "operator_hold",
                     "withdrawn", "redelivered")
        rows = [UUID.sub("", row) if row.startswith(of_orders) else row for row in rows]
        files = {name: digest for name, digest in files.items()
                 if not name.startswith(b"spool/orders/.") and name != b"spool/freeze"}
        return files, rows


class Script:
    """Its acts, and what an undisturbed run shows: a copy before each act, what is found after it and
    whether it is sound, what its runs pass."""

    def __init__(self, name, *acts, allowed=(0, 1), most=None, only="", place=None, since=0):
        self.name, self.acts, self.allowed, self.only, self.place = name, acts, allowed, only, place
        self.most = most or (MOST_PASSINGS if only or name in OF_SEVERAL else 1)
        self.since = since  # the first act in which it is stopped; the acts before it are those of an earlier script
        self.copies, self.found, self.passed, self.sound = [], [], [], []

    def play_undisturbed(self):
        """Whether the end is sound."""
        stage = Stage(allowed=self.allowed, place=self.place)
        for act in self.acts:
            self.copies.append(Copy(stage.dir))
            stage.gate.passed = []
            act(stage)
            self.passed.append(stage.gate.passed)
            self.found.append(stage.found())
            self.sound.append(stage.is_sound())
        return self.sound[-1]

    def points(self, name, side):
        """(the act in which one run passes the step for the nth time, n), for n = 1, 2, …"""
        if not name.startswith(self.only) or (name in OF_STARTS and not self.only and self.name not in STARTING):
            return
        for n in range(1, min(self.most, MOST_ALIKE.get(name, self.most)) + 1):
            act = next((number for number, runs in enumerate(self.passed)
                        if number >= self.since and any(run[f"{name}:{side}"] >= n for run in runs)), None)
            if act is None:
                return
            if n in PASSINGS:
                yield act, n

    def stop(self, point, first, whole):
        """Stops at one passing, in the first of the acts that are played; what went wrong, or None. whole: it is played
        to its end; else only until all is as it was at that moment of the undisturbed run."""
        stage = Stage(self.copies[first], point, self.allowed, self.place)
        for number, act in enumerate(self.acts[first:], first):
            act(stage)
            found = stage.found() if not whole or number == len(self.acts) - 1 else None
            if found == self.found[number]:
                break
        sound = stage.is_sound() if point.endswith(":1") else self.sound[number]
        if stage.gate.hit and found == self.found[number] and sound == self.sound[number]:
            stage.remove()
            return None
        return (f"{self.name}, {point}, in {stage.top}\n" + difference(self.found[number], found) +
                ("" if sound == self.sound[number] else f"\nspool verify finds it {'' if sound else 'un'}sound") +
                ("" if stage.gate.hit else "\nwas not stopped"))


# ---- acts ----


def once(stage):
    stage.pass_once()


def at(time, day=3):
    return lambda stage: stage.pass_once(f"2023-07-0{day}T{time}Z")


def set_sequence(number):
    return lambda stage: stage.set_sequence(number)


def forge_order(stage):
    """Orders that others may have written; of one name another file was refused before."""
    for folder in ("orders", "refused"):
        os.makedirs(stage.path("spool", folder), exist_ok=True)
    for parts in (("orders", "again"), ("refused", "again"), ("orders", "forged")):
        with open(stage.path("spool", *parts), "w", encoding="ascii") as file:
            file.write("[order]\nverb=hold\njob=1\nreason=x\nat=1\n")
        os.chmod(stage.path("spool", *parts), 0o666)  # a copy of the home would lose it
    stage.pass_once()


def claimed_by_another(stage):
    stage.write_claim("mcc", claim_text())


def take(drop):
    return lambda stage: stage.take(drop)


def order(verb, number, what="spool"):
    return lambda stage: stage.order(verb, number, what)


def give(words, time, day=3):
    return lambda stage: stage.give(words, f"2023-07-0{day}T{time}Z")


def end_device(number, as_what, time, day):
    return lambda stage: stage.order("end", DEVICE % number, "device", "--as", as_what, now=f"2023-07-0{day}T{time}Z")


def collect(stage):
    """The recipients take what lies in their drops."""
    for path in glob.glob(stage.path("drops", "*", "out", "[!.]*")):
        if os.path.isfile(path):
            os.remove(path)


def hand_over(*files):
    """(drop, path) or (drop, path, name) each."""
    def act(stage):
        for file in files:
            stage.drop(*file)
    return act


@functools.lru_cache
def signed():
    """(trust anchor, signature of the first file); openssl makes them once."""
    with tempfile.TemporaryDirectory() as folder:
        root = Authority(folder, "root")
        with open(root.pem, "rb") as pem, open(GOOD[0], "rb") as file:
            return pem.read(), root.signer("mcc", f"/CN={MCC}").sign(file.read())


def hand_over_signed(stage):
    """A file with its signature. The anchor stands beside the configuration."""
    root, signature = signed()
    with open(os.path.join(os.path.dirname(stage.conf), "root.pem"), "wb") as file:
        file.write(root)
    stage.set("party MCC signature=required\nparty MCC signer_ca=root.pem")
    send(stage, os.path.basename(GOOD[0]) + ".p7s", signature)
    stage.drop("mcc", GOOD[0])


@functools.lru_cache
def own_pair():
    """Certificate and key of the gateway. RSA: a signature that is made again has the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        made = Authority(folder, "root").signer("own", "/CN=gateway", kind="rsa2048")
        with open(made.pem, "rb") as pem, open(made.key, "rb") as key:
            return pem.read(), key.read()


def sign_outgoing(stage):
    for name, content in zip(("own.pem", "own.key"), own_pair()):
        path = os.path.join(os.path.dirname(stage.conf), name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o600)
    stage.set("gateway signing_key=own.key\ngateway signing_certificate=own.pem")


FILES = (("mcc", GOOD[0]), ("mcc", GOOD[1]),
         ("mcc", REJECTED, "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000003.csv"),
         ("mcc", glob.glob(f"{SAMPLES}/codes/C101/EMI*")[0],
          "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000004.xml"),
         ("mcc", GOOD[0], BAD_NAME), ("tcos", GOOD[1], RESULT))
FEW_FILES = (("mcc", GOOD[0]), ("mcc", GOOD[0], BAD_NAME), ("tcos", GOOD[1], RESULT))


@functools.lru_cache
def answered(files):
    """A home in which the files were judged and answered without a stop."""
    home = Stage()
    hand_over(*files)(home)
    home.run()
    return home


def answers_there(files, *drops):
    """The answers' names are taken in the drops by the very bytes that are due: they count as delivered."""
    def act(stage):
        for drop in drops:
            for name in answered(files).out(drop):
                shutil.copy(answered(files).path("drops", drop, "out", name), stage.path("drops", drop, "out", name))
    return act


def leave_orphan(stage):
    """A stop in the middle of custody leaves a folder that the next start removes."""
    stage.drop("mcc", GOOD[0])
    stage.killed_before("custody-payload:after")


def block_second_upload(stage):
    """A folder has the temporary name of the second answer: the first is uploaded, and then the drop is down."""
    os.mkdir(stage.path("drops", "mcc", "out", f".{answer(os.path.basename(GOOD[0]), 'EMD')}.part"))


def unblock_second_upload(stage):
    os.rmdir(stage.path("drops", "mcc", "out", f".{answer(os.path.basename(GOOD[0]), 'EMD')}.part"))


def clear_first_upload(stage):
    """Somebody clears away what was never renamed: it is uploaded again. After a stop it may have its name already."""
    path = stage.path("drops", "mcc", "out", f".{answer(os.path.basename(GOOD[0]))}.part")
    if os.path.exists(path):
        os.remove(path)


def newer_taken(stage):
    """While the gateway was stopped with a copy that it had taken away, a newer file came to stand in its place, as it
    may between the look and the rename. It gets its name back, and is picked up."""
    stage.drop("mcc", GOOD[0])
    stage.killed_before("source-taken:after")
    taken, = glob.glob(stage.path("drops", "mcc", "in", ".ecosgate-taken-*"))
    shutil.copy(GOOD[1], taken)
    os.utime(taken, (MODIFIED, MODIFIED))


def newer_marked(stage):
    """The same with a marker, which is taken first."""
    marker = os.path.join(stage.inbox("mcc"), os.path.basename(GOOD[0]) + ".done")
    with open(marker, "wb"):
        pass
    os.utime(marker, (MODIFIED, MODIFIED))
    stage.drop("mcc", GOOD[0])
    stage.killed_before("source-taken:after:2")
    taken, = (path for path in glob.glob(stage.path("drops", "mcc", "in", ".ecosgate-taken-*"))
              if not path.endswith(".done"))
    shutil.copy(GOOD[1], taken)
    os.utime(taken, (MODIFIED, MODIFIED))


def end_judging_thrice(stage):
    """The program has ended three times while it judged a file: the file moves to corrupt/."""
    stage.drop("mcc", GOOD[0])
    stage.killed_before("job-activated:before")
    with open(stage.path("spool", "ready", "00000001", ".crashes"), "wb") as file:
        file.write(b"xxx")


def rot(state, name, stop):
    """A pass ends at `stop`; then a byte of the file, in the only folder of that state that has it, changes."""
    def act(stage):
        stage.killed_before(stop)
        path, = glob.glob(stage.path("spool", state, "*", name))
        flip(path)
        if name == "payload":
            os.remove(os.path.join(os.path.dirname(path), "envelope"))
    return act


def stand_twice(stage):
    """A job stands in two folders, neither of them the one that the ledger says, and one copy has lost a file."""
    job = stage.job(1)
    shutil.copytree(job, stage.path("spool", "held", "00000001"))
    shutil.move(job, stage.path("spool", "ready", "00000001"))
    os.remove(stage.path("spool", "ready", "00000001", "payload"))


def stand_flat(stage):
    """As an earlier release has left the ended jobs."""
    for path in glob.glob(stage.path("spool", "done", "*", "0*")):
        if os.path.isdir(path):
            os.rename(path, stage.path("spool", "done", os.path.basename(path)))


def take_drop_away(stage):
    """One drop is down, and another holds an entry that is no file."""
    link = os.path.join(stage.inbox("tcos"), "link.csv")
    os.symlink("nowhere", link)
    os.utime(link, (MODIFIED, MODIFIED), follow_symlinks=False)
    os.rename(stage.path("drops", "mcc", "out"), stage.path("away"))
    stage.drop("mcc", GOOD[0])


def take_orders_drop_away(stage):
    os.rename(stage.path("drops", "tcos", "out"), stage.path("away"))


def bring_orders_drop_back(stage):
    os.rename(stage.path("away"), stage.path("drops", "tcos", "out"))


def bring_drop_back(stage):
    os.rename(stage.path("away"), stage.path("drops", "mcc", "out"))


def make_home(stage):
    """A home whose making was stopped is made again."""
    shutil.rmtree(stage.dir)
    stage.gate("init", stage.dir)
    stage.take_at_once()


def leave_backup(stage):
    """A backup that was stopped leaves its unfinished folder."""
    done = stage.command("backup", stage.path("copy"), env={"ECOSGATE_CRASH": "backup-synced:before"})
    if done.returncode != -signal.SIGKILL:
        raise RuntimeError(f"backup: exit {done.returncode}")


def back_up(stage):
    stage.gate("-c", stage.conf, "--now", NOW, "backup", stage.path("copy"))


def verify(stage):
    stage.gate("-c", stage.conf, "--now", NOW, "spool", "verify")


def answer_dry(stage):
    """A dry run that was stopped leaves whole answers and a temporary file; it is made again in an empty folder."""
    target = stage.path("answers")
    os.mkdir(target)
    arguments = ("-c", stage.conf, "--now", NOW, "check", "--answers", target, GOOD[0])
    if stage.gate.run(*arguments).returncode == -signal.SIGKILL:
        stage.gate.hit = True
        shutil.rmtree(target)
        os.mkdir(target)
        stage.gate(*arguments)


def collect_evidence(stage):
    """One that was stopped leaves a temporary file or the whole archive, which then has to be removed by hand."""
    out = stage.path("evidence.tar")
    arguments = ("-c", stage.conf, "--now", NOW, "evidence", "1", "--out", out)
    if stage.gate.run(*arguments).returncode == -signal.SIGKILL:
        stage.gate.hit = True
        if os.path.exists(out):
            os.remove(out)
        stage.gate(*arguments)


def move_to_archive(stage):
    """One that was stopped is given again: the order may have been taken by then, and a whole archive is taken up."""
    arguments = ("-c", stage.conf, "--now", "2023-07-05T12:00:00Z", "archive", "--before", "2023-07-05", "--out",
                 stage.path("old.tar.zst"), "--reason", "a test")
    if stage.gate.run(*arguments).returncode == -signal.SIGKILL:
        stage.gate.hit = True
        stage.carry_out_orders()
        stage.gate.run(*arguments)
    at("12:00:30", day=5)(stage)  # what a stop has left in leaving/ goes


def bring_back(stage):
    """The same."""
    arguments = ("-c", stage.conf, "--now", "2023-07-05T12:01:00Z", "archive", "restore", stage.path("old.tar.zst"),
                 "--all", "--reason", "a test")
    if stage.gate.run(*arguments).returncode == -signal.SIGKILL:
        stage.gate.hit = True
        stage.carry_out_orders()
        stage.gate.run(*arguments)


def restore(stage):
    """One that was stopped at its very end has nothing left to do; given again, it would replace what it restored."""
    arguments = ("-c", stage.conf, "--now", NOW, "restore", stage.path("copy"), "--replace")
    replaces = stage.exists("spool")
    if stage.gate.run(*arguments).returncode == -signal.SIGKILL:
        stage.gate.hit = True
        at_its_end = stage.exists("spool", "before-20230703_120000" if replaces else "incoming")
        if stage.exists("spool", "restoring") or not at_its_end:
            stage.gate(*arguments)


def lose_and_restore(stage):
    shutil.rmtree(stage.path("spool"))
    restore(stage)


def freeze(stage):
    """A backup asks the writer to stand still; it holds its lock until the writer does."""
    with open(stage.path("spool", "freeze"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = threading.Event()

        def release():
            while not ended.is_set() and not os.path.exists(stage.path("spool", "frozen")):
                ended.wait(0.002)
            fcntl.flock(lock, fcntl.LOCK_UN)

        thread = threading.Thread(target=release)
        thread.start()
        try:
            stage.pass_once()
        finally:
            ended.set()
            thread.join()


def keep(stage):
    shutil.copytree(stage.path("spool"), stage.path("kept"))


def put_back(stage):
    """The spool and the ledger are again as they were when they were kept."""
    shutil.rmtree(stage.path("spool"))
    shutil.move(stage.path("kept"), stage.path("spool"))


def recover(stage):
    stage.recover()


def settings(lines):
    return lambda stage: stage.set(lines)


def say(kind, org, sender, drop, sequence, time, *said):
    """A result or a confirmation is handed over."""
    return lambda stage: send(stage, name_of(sequence, kind=kind, org=org, eui64=sender, time=time.replace(":", "")),
                              replies(kind, sender, said, sequence, time), drop)


def result(sequence, time, *said):
    return say("EMT", "TCSP", TCSP, "tcos", sequence, time, *said)


def confirmation(sequence, time, *said):
    return say("EMC", "ECSP", ECSP, "ecos", sequence, time, *said)


def instruct(*devices, sequence=1):
    return lambda stage: send(stage, name_of(sequence), instruction(sequence, devices))


def release_device(number, time, day=3):
    return lambda stage: stage.order("release", DEVICE % number, "device", now=f"2023-07-0{day}T{time}Z")


def make_page_folder(stage):
    """What a stop leaves there is the temporary file, which the next pass replaces: tree() would show it."""
    os.mkdir(os.path.join(stage.dir, "page"))


def hang(stage):
    """A drop is at a server that takes connections and says nothing."""
    shutil.copy(stage.conf, stage.conf + ".kept")
    stage.over_sftp("ecos", MUTE, timeout=1)


def hang_no_more(stage):
    os.replace(stage.conf + ".kept", stage.conf)


def open_now(*codes):
    """The incidents that are open at this moment of the script, stopped or not."""
    def act(stage):
        found = [row["code"] for row in stage.json("incident", "list")]
        if found != list(codes):
            raise RuntimeError(f"open incidents: {found}, expected {list(codes)}")
    return act


def tell(kind, sequence, time, mode, *records):
    """A file of reference data is handed over."""
    lines = [f"H,{kind},1.0,{DCC},{GATEWAY},{sequence},2023-07-03T{time}Z,TEST,{kind}-{sequence},,{mode}"]
    lines += [f"D,{n},{row}" for n, row in enumerate(records, 1)]
    content = ("\r\n".join(lines) + f"\r\nT,{len(records)}\r\n").encode()
    return lambda stage: send(stage, name_of(sequence, kind=kind, org="DCC", eui64=DCC, time=time.replace(":", "")),
                              content, "dcc")


def over_sftp(stage):
    for drop in ("mcc", "tcos"):
        stage.over_sftp(drop, SERVER)


def pass_files(*files):
    """One act, so that a case begins before it: the settings of an SFTP drop hold the path of its home."""
    def act(stage):
        over_sftp(stage)
        answers_there(files, "tcos")(stage)
        hand_over(*files)(stage)
        stage.pass_once()
    return act


# ---- scripts ----

SUPPLIER = "90-B3-D5-1F-30-05-00-0%d"
OWNED = (f"SET,{DEVICE % 1},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,{SUPPLIER},,North,"
         "2021-04-06,2021-04-06,TCOS,")


def inventory(number):
    return OWNED.replace(DEVICE % 1, DEVICE % number) % 1


TAKING = ("custody-", "source-", "pickup-", "claim-", "orphan-")
KEEPING = ("file-packed", "plain-removed", "packing-", "removal-", "file-removed", "file-unpacked", "packed-removed",
           "order-done", "job-spread")
SCRIPTS = (
    # Files of every kind. On a disk, as the proof that memory makes no difference.
    Script("plain", hand_over(*FILES), once, place=DISK),
    # A file is held before it is judged, released, judged again.
    Script("orders", hand_over(("mcc", REJECTED)), once, order("requeue", 1), order("hold", 1), once,
           order("release", 1), once, forge_order),
    # Numbers are set, and a file follows over the end.
    Script("numbers", set_sequence(999999), hand_over(*FILES), once),
    # Another gateway claims a drop; the operator gives it to this one.
    Script("claimed", claimed_by_another, hand_over(*FEW_FILES), once, take("mcc"), once, allowed=(0, 1, 2)),
    # An incident is reported, closed by hand, and its end is reported.
    Script("page", settings("page folder=page\nmetrics file=page/ecosgate.prom"), make_page_folder,
           hand_over(("mcc", GOOD[0])), once, only=("page-", "metrics-")),
    # Whoever asks for the check may be stopped, too.
    Script("verified", hand_over(("mcc", GOOD[0])), once, verify, only="verified-"),
    Script("closing", hand_over(("mcc", REJECTED)), once, order("close", 1, "incident"), once),
    # One order closes several.
    Script("closing many", hand_over(("mcc", REJECTED), ("mcc", GOOD[0], BAD_NAME)), once,
           give("incident close --category b --yes", "12:01:00"), at("12:02:00")),
    # A clock that was ahead: an operator says that the recorded time was wrong.
    Script("clock", once, at("11:00:00"), order("close", 1, "incident"), at("11:00:00"), at("11:01:00")),
    # Only what becomes of answers differs from "plain", and only the first passings after an orphan.
    Script("in the way", answers_there(FILES, "mcc", "tcos"), hand_over(*FILES), once,
           only=("answer-", "delivery-", "dispatch-", "job-finished")),
    Script("orphan", leave_orphan, hand_over(*FILES), once),
    Script("half", block_second_upload, hand_over(("mcc", GOOD[0])), once, unblock_second_upload, once,
           allowed=(0, 1, 2)),
    Script("cleared", block_second_upload, hand_over(("mcc", GOOD[0])), once, clear_first_upload,
           unblock_second_upload, once, allowed=(0, 1, 2)),
    # Once its jobs are in ready/ they are like others.
    Script("newer", newer_taken, once, only=TAKING),
    Script("newer with a marker", settings("drop mcc complete=marker"), newer_marked, once, only=TAKING),
    # A file comes with its signature, and both leave the drop.
    Script("signed", hand_over_signed, once, only=("custody-", "source-")),
    # Outgoing files are signed; then a signature rots before its delivery.
    Script("signing", sign_outgoing, hand_over(("mcc", GOOD[0])), once, hand_over(("mcc", GOOD[1])),
           rot("active", answer(os.path.basename(GOOD[1])) + ".p7s", "delivery-uploaded:before"), once, once,
           only="signature", allowed=(0, 1, 2)),
    Script("crashes", end_judging_thrice, once),
    # A payload rots in ready/, an envelope is lost; the same bytes come again; then an answer rots before its delivery.
    Script("mending", hand_over(("mcc", GOOD[0])), rot("ready", "payload", "job-activated:before"), once,
           hand_over(("mcc", GOOD[0])), once, hand_over(("mcc", GOOD[1])),
           rot("active", answer(os.path.basename(GOOD[1])), "delivery-uploaded:before"), once, allowed=(0, 1, 2)),
    Script("two folders", hand_over(("mcc", GOOD[0])), once, stand_twice, once),
    Script("trouble", take_drop_away, once, bring_drop_back, once, allowed=(0, 1, 2)),
    # A copy of the home is made beside another that was stopped, and comes back in the place of a later one. The
    # ledger's copy depends on how often a writer has started, so only stops of these commands have the same end.
    Script("backup", hand_over(*FEW_FILES), once, leave_backup, back_up, only="backup-"),
    Script("restore", hand_over(*FEW_FILES), once, back_up, hand_over(("mcc", GOOD[1])), once, restore,
           recover, only="restore-"),
    Script("restore of a lost spool", hand_over(*FEW_FILES), once, back_up, lose_and_restore, only="restore-"),
    Script("dry run", answer_dry, once, only="dry-"),
    Script("evidence", hand_over(("mcc", GOOD[0])), once, collect_evidence, only="evidence-"),
    # The archive's bytes depend on when the writer starts in between, so only stops of these commands have one end.
    Script("archived", hand_over(*FEW_FILES), once, move_to_archive, at("13:00:00", day=5), bring_back,
           at("13:01:00", day=5), only=("archive-", "job-left", "left-", "return-", "job-back"), allowed=(0, 1, 2)),
    Script("freeze", hand_over(("mcc", GOOD[0])), freeze),
    # An older spool is put back, and an operator recovers.
    Script("recovering", hand_over(("mcc", GOOD[0])), once, keep, hand_over(("mcc", GOOD[1])), once, put_back, once,
           recover, once, allowed=(0, 1, 2)),
    # What follows is "plain".
    Script("made", make_home, hand_over(*FILES), once, only=("spool-", "ledger-")),
    # Reference data, whole and in part, and an instruction that waits for an inventory.
    Script("reference", settings("gateway inventory=required\ndrop dcc complete=at-once"), hand_over(("mcc", GOOD[0])),
           once,
           hand_over(*(("dcc", path) for path in
                       sorted(glob.glob(f"{SAMPLES}/codes/C119/INV*") + glob.glob(f"{SAMPLES}/codes/C107/NMM*")))),
           once, allowed=(0, 1, 2)),
    # Devices go their whole way: a try that fails and is made again; a success that both sides confirm; one that only
    # one side confirms for long; one that ends by time. The batch has its outcome. The pass of the 5th brings D103 for
    # the third Device and D150 for the second. Then the third succeeds late, and the batch has a second outcome.
    Script("life", settings("drop ecos complete=at-once"), instruct(1, 2, 3), at("12:00:00"),
           result(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},SUCCESS,,,,1,,,,,,AA,BB",
                  f"MCC.B-1-06.2,{DEVICE % 2},FAILED,,E20,,1,,,,,,,"),
           confirmation(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},Y,,AA,BB,"), at("12:01:00"), at("12:06:00"),
           result(2, "12:07:00", f"MCC.B-1-06.2,{DEVICE % 2},SUCCESS,,,,2,,,,,,CC,DD"), at("12:08:00"),
           at("13:00:00", day=5),
           confirmation(2, "12:09:00", f"MCC.B-1-06.2,{DEVICE % 2},Y,,CC,DD,"), at("13:01:00", day=5),
           result(3, "12:10:00", f"MCC.B-1-06.3,{DEVICE % 3},SUCCESS,,,,1,,,,,,EE,FF"), at("13:02:00", day=5),
           confirmation(3, "12:11:00", f"MCC.B-1-06.3,{DEVICE % 3},Y,,EE,FF,"), at("13:03:00", day=5)),
    # A Device fails for good, an operator says that the cause is resolved, and it is instructed and ordered again.
    Script("released", instruct(1), at("12:00:00"),
           result(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},FAILED,30,,,1,,,,,,,"), at("12:01:00"),
           at("12:00:00", day=5), release_device(1, "12:01:00", 5), instruct(1, sequence=2), at("12:02:00", day=5)),
    # A FULL file that would remove too much is held, and a DELTA waits behind it. It is let through, or rejected.
    *(Script(f"shrinking, {what}", settings("drop dcc complete=at-once\ngateway mpxn_check_digits=off"),
             tell("INV", 1, "06:00:00", "FULL", *(inventory(n) for n in (1, 2, 3, 4))), once,
             tell("INV", 2, "07:00:00", "FULL", inventory(1)),
             tell("INV", 3, "08:00:00", "DELTA", inventory(5)), once, open_now("A117"), decision, once, open_now(*then),
             allowed=(0, 1, 2), since=since)
      for what, decision, then, since in (("let through", order("release", 2), (), 0),
                                          ("rejected", order("reject", 2), ("B114",), 7),
                                          ("given up", order("close", 1, "incident"), ("B114",), 7))),
    # One drop hangs: what the others bring is done, the drop is an outage, and works again when it answers.
    Script("hanging", hang, instruct(1), once, open_now("A102"), hang_no_more, once, open_now(), allowed=(0, 1, 2)),
    # One side is silent, and the outcome is not waited for any longer; an operator ends the work.
    Script("unsettled", settings("drop ecos complete=at-once\ngateway confirmation_wait=1\ngateway outcome_wait=1"),
           instruct(1, 2), at("12:00:00"),
           result(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},SUCCESS,,,,1,,,,,,AA,BB",
                  f"MCC.B-1-06.2,{DEVICE % 2},SUCCESS,,,,1,,,,,,CC,DD"), at("12:01:00"), at("13:01:00"),
           at("13:00:00", day=4), end_device(1, "failed", "13:01:00", 4), end_device(2, "migrated", "13:02:00", 4),
           at("13:03:00", day=4)),
    # Dispatch and drops are paused and resumed, with work in between.
    Script("pauses", give("dispatch pause", "12:00:00"), instruct(1, 2), at("12:01:00"),
           give("drop pause tcos --in", "12:02:00"), give("dispatch resume", "12:02:00"), at("12:02:00"),
           result(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},FAILED,25,,,1,,,,,,,"), give("drop pause mcc", "12:03:00"),
           at("12:03:00"), give("drop resume tcos", "12:04:00"), at("12:04:00"), give("drop resume mcc", "12:05:00"),
           at("12:05:00")),
    # A batch and a Device of another one are held before their first orders, and released.
    Script("holds", settings("gateway dispatch_hours=13-14"), instruct(1, 2), once,
           give("batch hold B-1-06", "12:00:00"), give("device hold " + DEVICE % 2, "12:00:00"),
           give("batch release B-1-06", "12:01:00"), at("13:00:00"), give("device release " + DEVICE % 2, "13:01:00"),
           at("13:01:00")),
    # Devices are withdrawn: before their first order, from an order that cannot leave, and while they are ordered.
    Script("withdrawals", take_orders_drop_away, instruct(1, 2, 3, 4), at("12:00:00"),
           give("device withdraw " + DEVICE % 1, "12:00:10"), bring_orders_drop_back,
           at("12:01:10"), give("batch withdraw B-1-06", "12:02:00"),
           result(1, "06:00:00", f"MCC.B-1-06.2,{DEVICE % 2},FAILED,25,,,1,,,,,,,",
                  f"MCC.B-1-06.3,{DEVICE % 3},SUCCESS,,,,1,,,,,,AA,BB"), at("12:03:00"), at("12:03:00", day=4),
           at("12:04:00", day=4), allowed=(0, 1, 2)),
    # Files of a rejected job, of one in work and of our own, which their recipients have lost, are delivered again.
    Script("redelivered", instruct(1, 2), hand_over(("mcc", REJECTED)), at("12:00:00"), collect,
           give("redeliver --type EMA", "12:01:00"), give("redeliver --batch B-1-06 --type EMW", "12:01:10"),
           at("12:02:00")),
    # Files are packed a day after the end of their jobs, delivered again, removed, and built again for a recipient.
    Script("kept", settings("retention instructions=1;3\nretention work_orders=1;3"), instruct(*range(1, 61)),
           at("12:00:00"), stand_flat, at("13:00:00", day=4), collect, give("redeliver --type EMW", "13:01:00", day=4),
           at("13:02:00", day=4), at("14:00:00", day=7), collect, give("redeliver --type EMW", "14:01:00", day=7),
           at("14:02:00", day=7), only=KEEPING, most=3),
    # The personal data of what ended yesterday are removed: of an instruction in which every Device was refused, of one
    # whose Device migrated, and of a file that was rejected whole.
    Script("purged", settings("gateway reports_from=2023-09-01T00:00:00Z\ndrop ecos complete=at-once\n"
                              "retention instructions=1;never"),
           hand_over(("mcc", REJECTED)), instruct(*range(1, 61), sequence=7), at("12:00:00"),
           result(1, "06:00:00", *(f"MCC.B-7-06.{n},{DEVICE % n},FAILED,25,,,1,,,,,,," for n in range(1, 61))),
           at("12:01:00"), at("13:00:00", day=5), give("purge --before 2023-07-05", "13:01:00", day=5),
           at("13:02:00", day=5), only=("purge-", "file-purged", "ledger-scrubbed", "order-"), most=3),
    # A large batch is withdrawn in slices; the first one has 64 Devices.
    Script("a large batch", settings("gateway dispatch_hours=13-14"), instruct(*range(1, 71)), once,
           give("batch withdraw B-1-06", "12:00:00"), at("12:01:00"), only=("batch-slice", "order-")),
    # Days are reported. The file of 18:00 comes in the pass that issues a report, and takes the only Device from its
    # Supplier: a report that was planned is built as if that file had not come yet.
    # The last pass makes up so many reports that their delivery is one batch.
    Script("reporting",
           settings("drop ecos complete=at-once\ndrop dcc complete=at-once\ngateway mpxn_check_digits=off"),
           tell("PTY", 1, "06:00:00", "FULL", f"SET,{SUPPLIER % 1},SUPPLIER,AAAA,First,",
                f"SET,{SUPPLIER % 2},SUPPLIER,BBBB,Second,"),
           tell("INV", 1, "06:00:00", "FULL", OWNED % 1),
           tell("NMM", 1, "06:00:00", "FULL", "SET,GPF,AB02,02010001,00010203,2023-06-01,,D117,00010204"),
           at("12:00:00"),
           instruct(1), at("12:01:00"), result(1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},FAILED,17,,,1,,,,,,,"),
           at("12:02:00"),
           tell("INV", 2, "18:00:00", "DELTA", OWNED % 2), at("18:00:00"), at("00:00:00", day=5),
           most=6),
    Script("over SFTP", pass_files(*FEW_FILES), most=MOST_OVER_SFTP, only=OF_DROPS),
)
OVER_SFTP = SCRIPTS[-1]


def local_twin():
    """The end of the script over SFTP when its drops are local folders."""
    stage = Stage()
    answers_there(FEW_FILES, "tcos")(stage)
    hand_over(*FEW_FILES)(stage)
    stage.pass_once()
    return stage.found()


def steps():
    with open(f"{SOURCE}/spool/steps.def", encoding="utf-8") as file:
        return re.findall(r'^STEP\((\w+), "([a-z-]+)"', file.read(), re.M)


def compare_lists(tap):
    names = [name for _, name in steps()]
    with open(f"{SOURCE}/spool/README.md", encoding="utf-8") as file:
        listed = re.findall(r"^\| `([a-z-]+)` \|", file.read(), re.M)
    tap.ok(names and listed == names, "spool/README.md lists the steps of steps.def", f"{set(listed) ^ set(names)}")
    used = set()
    for path in (path for folder in ("spool", "gateway")
                 for path in glob.glob(f"{SOURCE}/{folder}/**/*.c", recursive=True)):
        with open(path, encoding="utf-8") as file:
            used |= set(re.findall(r"\bSTEP_([A-Z_]+)\b", file.read()))
    used.discard("COUNT")
    idents = {ident for ident, _ in steps()}
    tap.ok(used == idents, "the code passes every step of steps.def and no other", f"{used ^ idents}")


def cases_of(name, side):
    """(script, point, the act that is stopped, whether all that follows is played)"""
    cases = [(script, f"{name}:{side}:{n}", act, False) for script in SCRIPTS for act, n in script.points(name, side)]
    cases[:1] = [(*case[:3], True) for case in cases[:1]]
    return cases[:1] + [case for case in cases[1:] if case[0] is OVER_SFTP] if FIRST_SCRIPTS else cases


class Mute:
    """What Home.over_sftp asks of a server, with the keys of another one. The kernel takes the connections; nobody
    reads what comes."""

    def __init__(self, other):
        self.identity, self.known_hosts, self.user = other.identity, other.known_hosts, other.user
        self.passphrase_file, self.remote = other.passphrase_file, other.remote
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.host, self.port = self.socket.getsockname()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.socket.close()


def has_crash_points():
    home = Home()
    done = home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-begun:before"})
    home.drop("mcc", GOOD[0])
    done = home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-begun:before"})
    return done.returncode == -signal.SIGKILL


def test_killer(tap):
    """A file that ends the program by a signal of its own moves to corrupt/, and no other."""
    for signal_number, text in ((signal.SIGABRT, "an abort"), (signal.SIGSEGV, "a memory fault")):
        home = Home()
        home.drop("mcc", GOOD[0])
        deadly = {"ECOSGATE_CRASH": f"verdict-committed:before:1:{int(signal_number)}"}
        for n in range(1, 4):
            done = home.run(env=deadly)
            tap.ok(done.returncode == -signal_number, f"{text} in the judging ends the program, {n}", done.returncode)
            tap.ok(home.json("spool", "list")[0]["state"] == "active", "the file stays where it is")
        home.drop("mcc", GOOD[1])
        done = home.run()
        jobs = {job["id"]: job["state"] for job in home.json("spool", "list")}
        tap.ok(done.returncode == 0 and jobs["00000001"] == "corrupt" and jobs["00000002"] == "done",
               "after the third time it moves to corrupt/ and the next file goes on", jobs, done.stderr.decode())
        tap.ok("fatal signal" in home.json("spool", "show", "1")[0]["reason"], "the reason says why")
        tap.ok(home.command("spool", "requeue", "1", "--reason", "mended").returncode == 0, "an operator requeues it")
        home.run()
        tap.ok(home.json("spool", "list")[0]["state"] == "done", "then it is judged like any other")
        tap.ok(home.command("spool", "verify").returncode == 0, "and all is sound")


def main():
    if not has_crash_points():
        print("1..0 # SKIP built without crash points")
        Home.clean(keep=False)
        return
    global SERVER, MUTE
    with Tap() as tap, Sshd(tempfile.gettempdir()) as SERVER, Mute(SERVER) as MUTE:
        compare_lists(tap)
        test_killer(tap)
        for script in SCRIPTS:
            tap.ok(script.play_undisturbed(), f"{script.name}: undisturbed it ends sound")
        twin = local_twin()
        tap.ok(OVER_SFTP.found[-1] == twin, "over SFTP the end is that of local drops",
               difference(twin, OVER_SFTP.found[-1]))
        cases = [case for _, name in steps() for side in SIDES for case in cases_of(name, side)]
        with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
            results = list(pool.map(lambda case: case[0].stop(*case[1:]), cases))
        for _, name in steps():
            for side in SIDES:
                mine = [fault for case, fault in zip(cases, results) if case[1].startswith(f"{name}:{side}:")]
                bad = [fault for fault in mine if fault]
                tap.ok(mine and not bad, f"{name}, {side}: stopped {len(mine)} times, each time the same end", *bad)


if __name__ == "__main__":
    main()
