"""Stop before and after every durable step, resume, and find the end state of an undisturbed run.

Every step of spool/steps.def is stopped at each of its passings in one script of work; needs a build with
--enable-crash-points. The names must be the same in steps.def, in the code and in spool/README.md.
"""
import collections
import concurrent.futures
import functools
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile

from home import GATE, MODIFIED, NOW, SAMPLES, SANITIZED, SOURCE, Home, Tap, difference
from live import DEVICE, ECSP, GATEWAY, TCSP, instruction, name_of, replies, send
from sshd import Sshd

GOOD = sorted(glob.glob(f"{SAMPLES}/good/*"))
DCC = "90-B3-D5-1F-30-00-00-02"
BAD_NAME = "EMI MCC\n\x01.xml"
RESULT = "EMT_TCSP_90-B3-D5-1F-30-0E-C0-02_20230703_060000_000001.csv"
SIDES = ("before", "after")
MOST_PASSINGS = 1 if SANITIZED else 40
# Over SFTP each takes some handshakes: only steps that have to do with a drop, the first passings of each.
MOST_OVER_SFTP = 1 if SANITIZED else 3
OF_DROPS = ("custody-", "source-", "delivery-")
SERVER = None
TALLY = None  # a file that gets the steps passed, of one script alone


class Crashing:
    """Runs the program until the named passing of a step; afterwards it behaves."""

    def __init__(self, point=None):
        self.point = point
        self.hit = False
        self.allowed = (0, 1)

    def run(self, *arguments):
        env = {} if self.hit or self.point is None else {"ECOSGATE_CRASH": self.point}
        if TALLY:
            env["ECOSGATE_STEPS"] = TALLY
        return subprocess.run([GATE, *arguments], capture_output=True, env={**os.environ, **env}, check=False)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        if done.returncode == -signal.SIGKILL:
            self.hit = True
            return self(*arguments)
        if b"exists already" in done.stderr:
            return done  # the home was whole when `init` was killed
        if done.returncode not in self.allowed:
            raise RuntimeError(f"{arguments}: exit {done.returncode}: {done.stderr.decode()}")
        return done


class Script(Home):
    """The work: files of every kind, operators' orders, two passes, a drop with a file in the way."""

    def __init__(self, point=None):
        self.gate = Crashing(point)
        super().__init__()
        self.take_at_once()

    def take_at_once(self):
        """Children that other threads of this test begin hold its descriptors for a moment: to the rule `closed` a file
        just handed over may look as if somebody still wrote it."""
        self.set("drop mcc complete=at-once\ndrop tcos complete=at-once")

    def pass_once(self):
        self.gate("-c", self.conf, "--now", NOW, "run", "--once")

    def pass_at(self, time, day=3):
        self.gate("-c", self.conf, "--now", f"2023-07-0{day}T{time}Z", "run", "--once")

    def order(self, verb, number, what="spool"):
        """An order that was killed is given again by the operator, who looks first."""
        arguments = ("-c", self.conf, "--now", NOW, what, verb, str(number), "--reason", "a test")
        done = self.gate.run(*arguments)
        if done.returncode == -signal.SIGKILL:
            self.gate.hit = True
            self.pass_over_orders()
            shown = self.gate("-c", self.conf, "--now", NOW, what, "show", str(number))
            if b"a test" not in shown.stdout:
                self.gate(*arguments)

    def pass_over_orders(self):
        """What is left in orders/ is carried out by whoever writes next."""
        if os.listdir(self.path("spool", "orders")):
            subprocess.run([GATE, "-c", self.conf, "--now", NOW, "spool", "hold", "99999999", "--reason", "x"],
                           capture_output=True, check=False)

    def work(self):
        for path in GOOD[:2]:
            self.drop("mcc", path)
        rejected = f"{SAMPLES}/codes/B208/" + sorted(
            name for name in os.listdir(f"{SAMPLES}/codes/B208") if name.endswith(".csv"))[0]
        self.drop("mcc", rejected, "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000003.csv")
        self.drop("mcc", glob.glob(f"{SAMPLES}/codes/C101/EMI*")[0],
                  "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000004.xml")
        self.drop("mcc", GOOD[0], BAD_NAME)
        self.drop("tcos", GOOD[1], RESULT)
        self.pass_once()
        return self

    def end(self):
        verdict = self.gate("-c", self.conf, "--now", NOW, "spool", "verify")
        files, rows = self.state()
        # An order given again is another one, and one that was never published is none at all.
        rows = [row for row in rows if not row.startswith("operator_action")]
        files = {name: digest for name, digest in files.items() if not name.startswith(b"spool/orders/.")}
        return (files, rows), verdict.returncode == 0


def plain(point):
    return Script(point).work()


def orders(point):
    """A file is held before it is judged, released, judged again."""
    home = Script(point)
    rejected = glob.glob(f"{SAMPLES}/codes/B208/*.csv")[0]
    home.drop("mcc", rejected)
    home.pass_once()
    home.order("requeue", 1)
    home.order("hold", 1)
    home.pass_once()
    home.order("release", 1)
    home.pass_once()
    return home


def closing(point):
    """An incident is told, closed by hand, and that is told."""
    home = Script(point)
    home.drop("mcc", glob.glob(f"{SAMPLES}/codes/B208/*.csv")[0])
    home.pass_once()
    home.order("close", 1, "incident")
    home.pass_once()
    return home


def in_the_way(point):
    """The answer's name is taken in the drop by the very bytes that are due: it counts as delivered."""
    first = Script().work()
    home = Script(point)
    for drop in ("mcc", "tcos"):
        for name in first.out(drop):
            shutil.copy(first.path("drops", drop, "out", name), home.path("drops", drop, "out", name))
    return home.work()


def over_sftp(point, server=True):
    """Less of the work, with the drops behind an SFTP server, one of which holds the very bytes that are due;
    without a server it is its local twin."""
    home = Script(point)
    for drop in ("mcc", "tcos"):
        if server:
            home.over_sftp(drop, SERVER)
    for name in few().out("tcos"):
        shutil.copy(few().path("drops", "tcos", "out", name), home.path("drops", "tcos", "out"))
    return fill_few(home)


def fill_few(home):
    home.drop("mcc", GOOD[0])
    home.drop("mcc", GOOD[0], BAD_NAME)
    home.drop("tcos", GOOD[1], RESULT)
    home.pass_once()
    return home


@functools.lru_cache
def few():
    return fill_few(Script())


def orphan(point):
    """A stop in the middle of custody leaves a directory that the next start drops."""
    home = Script(point)
    home.drop("mcc", GOOD[0])
    subprocess.run([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], capture_output=True, check=False,
                   env={**os.environ, "ECOSGATE_CRASH": "custody-payload:after"})
    return home.work()


def set_aside(point):
    """A file whose judging has ended the program three times is set aside."""
    home = Script(point)
    home.drop("mcc", GOOD[0])
    subprocess.run([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], capture_output=True, check=False,
                   env={**os.environ, "ECOSGATE_CRASH": "job-activated:before"})
    with open(home.path("spool", "ready", "00000001", ".crashes"), "wb") as file:
        file.write(b"xxx")
    home.pass_once()
    return home


def trouble(point):
    """A drop that is down and comes back, and an entry that is no file."""
    home = Script(point)
    home.gate.allowed = (0, 1, 2)
    os.symlink("nowhere", os.path.join(home.inbox("tcos"), "link.csv"))
    os.utime(os.path.join(home.inbox("tcos"), "link.csv"), (MODIFIED, MODIFIED), follow_symlinks=False)
    os.rename(home.path("drops", "mcc", "out"), home.path("away"))
    home.drop("mcc", GOOD[0])
    home.pass_once()
    os.rename(home.path("away"), home.path("drops", "mcc", "out"))
    home.pass_once()
    return home


def made(point):
    """A home that was stopped in its making is made again."""
    home = Script()
    shutil.rmtree(home.dir)
    home.gate = Crashing(point)
    home.gate("init", home.dir)
    home.take_at_once()
    return home.work()


def reference(point):
    """Reference data, whole and in part, and an instruction that waits for an inventory."""
    home = Script(point)
    home.gate.allowed = (0, 1, 2)
    home.set("gateway inventory=required\ndrop dcc complete=at-once")
    home.drop("mcc", GOOD[0])
    home.pass_once()
    for path in sorted(glob.glob(f"{SAMPLES}/codes/C119/INV*") + glob.glob(f"{SAMPLES}/codes/C107/NMM*")):
        home.drop("dcc", path)
    home.pass_once()
    return home


def life(point):
    """Devices go their whole way: a try that fails and is made again, a success that both sides confirm, one that only
    one side does for long, one that ends by time; the batch has its outcome."""
    home = Script(point)
    home.set("drop ecos complete=at-once")

    def say(kind, org, sender, drop, sequence, time, *said):
        send(home, name_of(sequence, kind=kind, org=org, eui64=sender, time=time.replace(":", "")),
             replies(kind, sender, said, sequence, time), drop)

    send(home, name_of(1), instruction(1, (1, 2, 3)))
    home.pass_at("12:00:00")
    say("EMT", "TCSP", TCSP, "tcos", 1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},SUCCESS,,,,1,,,,,,AA,BB",
        f"MCC.B-1-06.2,{DEVICE % 2},FAILED,,E20,,1,,,,,,,")
    say("EMC", "ECSP", ECSP, "ecos", 1, "06:00:00", f"MCC.B-1-06.1,{DEVICE % 1},Y,,AA,BB,")
    home.pass_at("12:01:00")
    home.pass_at("12:06:00")
    say("EMT", "TCSP", TCSP, "tcos", 2, "12:07:00", f"MCC.B-1-06.2,{DEVICE % 2},SUCCESS,,,,2,,,,,,CC,DD")
    home.pass_at("12:08:00")
    home.pass_at("13:00:00", day=5)  # D103 for the third, D150 for the second
    say("EMC", "ECSP", ECSP, "ecos", 2, "12:09:00", f"MCC.B-1-06.2,{DEVICE % 2},Y,,CC,DD,")
    home.pass_at("13:01:00", day=5)
    return home


def reporting(point):
    """Days are reported. What comes in the pass that issues a report takes its only Device from the Supplier: a report
    that was planned is built as if that had not come yet."""
    home = Script(point)
    home.set("drop ecos complete=at-once\ndrop dcc complete=at-once\ngateway mpxn_check_digits=off")
    supplier = "90-B3-D5-1F-30-05-00-0"
    device = f"{DEVICE % 1},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,%s,,North,2021-04-06,2021-04-06,TCOS,"

    def tell(kind, sequence, time, mode, *records):
        lines = [f"H,{kind},1.0,{DCC},{GATEWAY},{sequence},2023-07-03T{time}Z,TEST,{kind}-{sequence},,{mode}"]
        lines += [f"D,{n},{row}" for n, row in enumerate(records, 1)]
        send(home, name_of(sequence, kind=kind, org="DCC", eui64=DCC, time=time.replace(":", "")),
             ("\r\n".join(lines) + f"\r\nT,{len(records)}\r\n").encode(), "dcc")

    tell("PTY", 1, "06:00:00", "FULL", f"SET,{supplier}1,SUPPLIER,AAAA,First,", f"SET,{supplier}2,SUPPLIER,BBBB,Second,")
    tell("INV", 1, "06:00:00", "FULL", "SET," + device % f"{supplier}1")
    tell("NMM", 1, "06:00:00", "FULL", "SET,GPF,AB02,02010001,00010203,2023-06-01,,D117,00010204")
    home.pass_at("12:00:00")
    send(home, name_of(1), instruction(1, (1,)))
    home.pass_at("12:01:00")
    send(home, name_of(1, kind="EMT", org="TCSP", eui64=TCSP), replies(
        "EMT", TCSP, [f"MCC.B-1-06.1,{DEVICE % 1},FAILED,17,,,1,,,,,,,"], 1), "tcos")
    home.pass_at("12:02:00")
    tell("INV", 2, "18:00:00", "DELTA", "SET," + device % f"{supplier}2")
    home.pass_at("18:00:00")
    home.pass_at("00:00:00", day=4)
    return home


SCRIPTS = (plain, orders, closing, in_the_way, orphan, set_aside, trouble, made, reference, life, reporting, over_sftp)


def steps():
    with open(f"{SOURCE}/spool/steps.def", encoding="utf-8") as file:
        return re.findall(r'^STEP\((\w+), "([a-z-]+)"', file.read(), re.M)


def undisturbed(script):
    """The end of a script, whether it is sound, and how often it passed each step."""
    global TALLY
    with tempfile.NamedTemporaryFile("r") as tally:
        TALLY = tally.name
        state, sound = script(None).end()
        TALLY = None
        return state, sound, collections.Counter(tally.read().split())


def passings(script, name, side, expected):
    """Stops at passing 1, 2, … of a step until none is left: (how many, what went wrong)."""
    most = MOST_OVER_SFTP if script is over_sftp else MOST_PASSINGS
    for n in range(1, most + 1):
        home = script(f"{name}:{side}:{n}")
        if not home.gate.hit:
            shutil.rmtree(home.top, ignore_errors=True)
            return n - 1, None
        state, sound = home.end()
        if state != expected or not sound:
            return n, (f"{script.__name__}, {name}:{side}:{n}, in {home.top}\n" + difference(expected, state) +
                       ("" if sound else "\nspool verify finds it unsound"))
        shutil.rmtree(home.top, ignore_errors=True)
    return most, None


def compare_lists(tap):
    names = [name for _, name in steps()]
    with open(f"{SOURCE}/spool/README.md", encoding="utf-8") as file:
        told = re.findall(r"^\| `([a-z-]+)` \|", file.read(), re.M)
    tap.ok(told == names, "spool/README.md lists the steps of steps.def", f"{set(told) ^ set(names)}")
    used = set()
    for path in glob.glob(f"{SOURCE}/spool/*.c") + glob.glob(f"{SOURCE}/gateway/*.c"):
        with open(path, encoding="utf-8") as file:
            used |= set(re.findall(r"\bSTEP_([A-Z_]+)\b", file.read()))
    used.discard("COUNT")
    idents = {ident for ident, _ in steps()}
    tap.ok(used == idents, "the code passes every step of steps.def and no other", f"{used ^ idents}")


def has_crash_points():
    home = Home()
    done = home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-begun:before"})
    home.drop("mcc", GOOD[0])
    done = home.command("run", "--once", env={"ECOSGATE_CRASH": "custody-begun:before"})
    return done.returncode == -signal.SIGKILL


def test_killer(tap):
    """A file that ends the program by a signal of its own is set aside, and only then."""
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
               "after the third time it is set aside and the next file goes on", jobs, done.stderr.decode())
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
    global SERVER
    with Tap() as tap, Sshd(tempfile.gettempdir()) as SERVER:
        compare_lists(tap)
        test_killer(tap)
        expected, passed = {}, {}
        for script in SCRIPTS:
            expected[script], sound, passed[script] = undisturbed(script)
            tap.ok(sound, f"{script.__name__}: undisturbed it ends sound")
        twin, _ = over_sftp(None, server=False).end()
        tap.ok(expected[over_sftp] == twin, "over SFTP the end is that of local drops",
               difference(twin, expected[over_sftp]))
        jobs = [(name, side, script) for _, name in steps() for side in SIDES for script in SCRIPTS
                if passed[script][f"{name}:{side}"] and (script is not over_sftp or name.startswith(OF_DROPS))]
        with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
            results = list(pool.map(lambda job: passings(job[2], job[0], job[1], expected[job[2]]), jobs))
        for _, name in steps():
            for side in SIDES:
                mine = [result for job, result in zip(jobs, results) if job[:2] == (name, side)]
                faults = [fault for _, fault in mine if fault]
                count = sum(n for n, _ in mine)
                tap.ok(not faults, f"{name}, {side}: stopped {count} times, each time the same end", *faults)
                tap.ok(count > 0, f"{name}, {side}: was passed at least once")


main()
