"""A gateway home for end-to-end tests, and a TAP report of what was found.

    with Tap() as tap:
        home = Home()
        home.drop("mcc", path)
        home.run()
        tap.ok(home.out("mcc") == [...], "what is expected")

The folder of a home is kept when a test of the program failed.

Homes stand in memory (/dev/shm) where there is room: a kill loses nothing that a file system holds, so a disk would
only be slower. A test whose subject is the disk or real time on it says use_disk() first: live.py, kill.py, order.py,
hostile.py (its files are large) and one script of crash.py. TMPDIR names another place for all.
"""
import contextlib
import hashlib
import json
import mmap
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import gate
from gate import GATE

GENERATE = os.environ.get("GENERATE", "samples/generate")
SOURCE = os.environ.get("top_srcdir", ".")
SAMPLES = os.path.join(SOURCE, "samples")
QUERY_SHIM = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e", "query_shim.so"))
NOW = "2023-07-03T12:00:00Z"
PATIENCE = 300  # seconds until a wait is called hopeless: no limit for anything that goes on, however slowly
MODIFIED = 1688378400  # an hour before: the time of every file that is dropped
DISK = tempfile.gettempdir()
CLAIM = ".ecosgate-claim"  # the file in `out` that says whose drop it is; claims.py looks at it, other tests do not
FOLDER = "ecosgate-test."  # how the name of a home's folder begins
HOME = re.compile(rf"/[^ '\"]*{re.escape(FOLDER)}\w+")
LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|notice|info|debug) [a-z-]+: .+")  # by `run`
MEMORY = "/dev/shm"
ROOM = 1 << 30  # bytes that must be free there, so that no test fills it


def sanitized():
    """The program is built with a sanitizer: it is several times slower, and its memory says nothing."""
    with open(GATE, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(b"__asan_init") >= 0 or data.find(b"__ubsan_handle") >= 0


def use_memory():
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK):
        memory = os.statvfs(MEMORY)
        if memory.f_bavail * memory.f_frsize > ROOM:
            tempfile.tempdir = MEMORY


def use_disk():
    tempfile.tempdir = None


SANITIZED = sanitized()  # tests do less with such a program
use_memory()


def children_of(pid):
    """The processes that its threads have started. Threads and processes end while they are looked at."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                yield from file.read().split()


def kill_children(pid="self"):
    """Ends what a test that failed has left running. It holds the test's output, for whose end its caller waits."""
    for child in children_of(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            kill_children(child)
            os.kill(int(child), signal.SIGKILL)


class Tap:
    """Counts results; the exit status is 1 when one was bad."""

    def __init__(self):
        self.count = 0
        self.bad = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not SystemExit:
            self.ok(False, f"no exception: {kind.__name__}: {value}")
            import traceback
            traceback.print_exception(kind, value, trace)
        print(f"1..{self.count}", flush=True)
        kill_children()
        Home.clean(keep=self.bad > 0)
        sys.exit(1 if self.bad else 0)

    def ok(self, good, text, *details):
        self.count += 1
        if not good:
            self.bad += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        if not good:
            for detail in details:
                for line in str(detail).splitlines()[:60]:
                    print(f"# {line}", flush=True)
        return good


class Trial:
    """Takes the place of a Tap for what may fail because the machine is busy."""

    def __init__(self):
        self.results = []

    def ok(self, good, *text):
        self.results.append((good, *text))
        return good


def try_limits(tap, limits, test):
    """test(trial, limit) with the first limit under which all is good, or the last one: what fails for want of time
    succeeds when it has more, what is wrong fails always."""
    for limit in limits:
        trial = Trial()
        test(trial, limit)
        if all(good for good, *_ in trial.results):
            break
    for result in trial.results:
        tap.ok(*result)


class Copy:
    """A folder in memory: its folders and files with their modes, to be written elsewhere as often as wanted."""

    def __init__(self, source):
        self.folders, self.files = [], []
        for root, _, names in os.walk(source):
            self.folders.append((os.path.relpath(root, source), os.stat(root).st_mode & 0o7777))
            for name in names:
                path = os.path.join(root, name)
                status = os.lstat(path)
                with open(path, "rb") if not os.path.islink(path) else contextlib.nullcontext() as file:
                    content = file.read() if file else os.readlink(path)
                self.files.append((os.path.relpath(path, source), content, status))

    def write(self, target):
        for name, mode in self.folders:
            os.mkdir(os.path.normpath(os.path.join(target, name)), mode)
        for name, content, status in self.files:
            path = os.path.join(target, name)
            if isinstance(content, str):
                os.symlink(content, path)
            else:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, status.st_mode & 0o7777)
                os.write(descriptor, content)
                os.close(descriptor)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


class Home:
    """A home as `ecosgate init` makes it. The first one of a test is made by the program, the others are its copies."""

    made = []
    fresh = None  # a Copy of the first one
    place = None  # the folder that it stands in; None: where homes stand

    def __init__(self, settings=""):
        self.new_folder()
        if Home.fresh is None:
            done = gate.run("init", self.dir)
            if done.returncode != 0:
                raise RuntimeError(f"ecosgate init: {done.stderr.decode()}")
            Home.fresh = Copy(self.dir)
        else:
            Home.fresh.write(self.dir)
        if settings:
            self.set(settings)

    @staticmethod
    def made_copy():
        if Home.fresh is None:
            Home().remove()
        return Home.fresh

    def new_folder(self):
        self.top = tempfile.mkdtemp(prefix=FOLDER, dir=self.place)
        Home.made.append(self.top)
        self.dir = os.path.join(self.top, "home")
        self.conf = os.path.join(self.dir, "ecosgate.conf")

    @staticmethod
    def clean(keep):
        for top in Home.made:
            if keep:
                print(f"# kept: {top}")
            else:
                shutil.rmtree(top, ignore_errors=True)

    def remove(self):
        """Of use where a test makes many."""
        Home.made.remove(self.top)
        shutil.rmtree(self.top, ignore_errors=True)

    def set(self, settings):
        """Lines "group key=value", one each."""
        with open(self.conf, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for setting in settings.strip().splitlines():
            group, assignment = setting.strip().rsplit(" ", 1)
            key = assignment.split("=")[0]
            at = lines.index(f"[{group}]")
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("[")), len(lines))
            for i in range(at + 1, end):
                if lines[i].startswith(key + "="):
                    lines[i] = assignment
                    break
            else:
                lines.insert(at + 1, assignment)
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def over_sftp(self, drop, server, **keys):
        """Makes it an SFTP drop of a running server (sshd.py, peer.py) over the folders that it has."""
        values = {"transport": "sftp", "host": server.host, "port": server.port, "user": server.user,
                  "identity": server.identity, "known_hosts": server.known_hosts,
                  "in": server.remote(self.path("drops", drop, "in")),
                  "out": server.remote(self.path("drops", drop, "out")), "complete": "at-once", "timeout": PATIENCE}
        if server.passphrase_file:
            values["passphrase_file"] = server.passphrase_file
        values.update(keys)
        self.set("\n".join(f"drop {drop} {key}={value}" for key, value in values.items()))

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def job(self, number, *parts, state="done"):
        """The folder of a job that stands in a state, or a file in it."""
        folder = (f"{int(number) // 1000:05d}xxx",) if state == "done" else ()
        return self.path("spool", state, *folder, f"{int(number):08d}", *parts)

    def inbox(self, drop):
        return self.path("drops", drop, "in")

    def drop(self, drop, source, name=None):
        """Puts a copy of a file into a drop, whole at once, as a careful sender does."""
        target = os.path.join(os.fsencode(self.inbox(drop)), os.fsencode(name or os.path.basename(source)))
        hidden = os.path.join(os.path.dirname(target), b".arriving")
        shutil.copy(source, hidden)
        os.utime(hidden, (MODIFIED, MODIFIED))
        os.rename(hidden, target)

    def out(self, drop):
        return sorted(name for name in os.listdir(self.path("drops", drop, "out")) if name != CLAIM)

    def claim(self, drop):
        """The path of its claim."""
        return self.path("drops", drop, "out", CLAIM)

    def write_claim(self, drop, content):
        with open(self.claim(drop), "wb") as file:
            file.write(content)

    def remove_claims(self):
        """As if no gateway had ever worked on its drops."""
        for drop in os.listdir(self.path("drops")):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.claim(drop))

    def read_out(self, drop, name):
        with open(self.path("drops", drop, "out", name), "rb") as file:
            return file.read()

    def command(self, *arguments, now=NOW, env=None, timeout=PATIENCE, prefix=()):
        """prefix: a command that starts the program, such as setpriv."""
        if not prefix:
            return gate.run("-c", self.conf, "--now", now, *arguments, env={**os.environ, **(env or {})},
                            timeout=timeout)
        return subprocess.run([*prefix, GATE, "-c", self.conf, "--now", now, *arguments], capture_output=True,
                              timeout=timeout, env={**os.environ, **(env or {})}, check=False)

    def run(self, **options):
        return self.command("run", "--once", **options)

    def json(self, *arguments, now=NOW):
        done = self.command("--json", *arguments, now=now)
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def questions(self, now):
        """How often a pass asks the ledger. A home of `gateway cells=no` alone."""
        count = os.path.join(self.top, "count")
        subprocess.run([GATE, "-c", self.conf, "--now", now, "run", "--once"], check=False, capture_output=True,
                       env={**os.environ, "LD_PRELOAD": QUERY_SHIM, "QUERY_COUNT": count})
        with open(count, encoding="ascii") as file:
            return int(file.read())

    def daemon(self, now=NOW, env=None):
        return subprocess.Popen([GATE, "-c", self.conf, "--now", now, "run"], stderr=subprocess.PIPE,
                                env={**os.environ, **(env or {})})

    def tree(self):
        """Every file of drops and spool but the ledger's own, with its digest. The witness changes with each start, and
        each `init` gives another ledger-id. A temporary file of SQLite that it could not unlink goes with the next
        start."""
        found = {}
        for root, folders, files in os.walk(os.fsencode(self.dir)):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(root, name)
                short = os.path.relpath(path, os.fsencode(self.dir))
                if name.startswith((b"ledger.sqlite", b"etilqs_")) or name in (
                        b"lock", b"ecosgate.conf", b"witness", b"ledger-id", b"heartbeat", b"verified", b"status.html",
                        b"ecosgate.prom", os.fsencode(CLAIM)) or short == b"spool/backup":  # the lock of `backup`
                    continue
                if os.path.islink(path):
                    found[short] = os.readlink(path)
                    continue
                with open(path, "rb") as file:
                    found[short] = hashlib.sha256(file.read()).hexdigest()
        return found

    def ledger(self, leave_out=()):
        """All rows of all tables, as text, without the columns named."""
        connection = sqlite3.connect(self.path("spool", "ledger.sqlite"))
        try:
            return rows_of(connection, leave_out)
        finally:
            connection.close()

    def state(self):
        return self.tree(), self.ledger()


def rows_of(connection, leave_out=()):
    """All rows of all tables of a ledger, as text that says nothing of where the home stands; but identity and
    evidence, which differ with each start of a writer."""
    rows = []
    for table, made in connection.execute("SELECT name, sql FROM sqlite_master WHERE type='table' "
                                          "AND name NOT LIKE 'sqlite_%' AND name NOT IN('identity', 'evidence') "
                                          "ORDER BY name").fetchall():
        columns = [name for name in columns_of(connection, table, made) if name not in leave_out]
        order = "1, 2" if len(columns) > 1 else "1"
        for row in connection.execute(f"SELECT {','.join(columns)} FROM {table} ORDER BY {order}"):
            text = f"{table}: {row}"
            rows.append(HOME.sub("", text) if FOLDER in text else text)
    return rows


def columns_of(connection, table, made, known={}):  # pylint: disable=dangerous-default-value
    """Asked once for each statement that makes a table: a test looks at thousands of ledgers."""
    if made not in known:
        known[made] = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return known[made]


def claim_text(ledger="f" * 32, generation=1, instance="e" * 32, **numbers):
    """A claim as a gateway writes it (spool/witness.h); by default one of another gateway."""
    body = (f"[witness]\nledger={ledger}\ngeneration={generation}\ninstance={instance}\nhost=elsewhere\npid=4711\n"
            "written=1688385600")
    if numbers:
        body += "\n\n[numbers]\n" + "\n".join(f"{name}={value}" for name, value in sorted(numbers.items()))
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f"ecosgate-witness,1,{digest},{ledger},{instance},{generation}\n{body}\n".encode()


def answer(name, kind="EMA", revision=1):
    """The name of an answer to a file. Before the revision stands the file's type, unless it is an EMI."""
    stem, form = name.split("_", 1)[1].split(".")[:2]
    answered = "" if name.startswith("EMI") else f"_{name[:3]}"
    return f"{kind}_{stem}{answered}_R{revision}.{form}"


def wait_until(condition, seconds=PATIENCE):
    """Looks often until the condition holds; the limit only ends a hopeless wait."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def difference(expected, found):
    """What differs between two states of a home, a line each."""
    lines = []
    (files, rows), (other_files, other_rows) = expected, found
    for name in sorted(set(files) | set(other_files)):
        if files.get(name) != other_files.get(name):
            where = "missing" if name not in other_files else "extra" if name not in files else "differs"
            lines.append(f"{where}: {os.fsdecode(name)}")
    here, there = set(rows), set(other_rows)  # a ledger may have 100,000 rows
    lines += [f"row missing: {row}" for row in rows if row not in there][:10]
    lines += [f"row extra: {row}" for row in other_rows if row not in here][:10]
    return "\n".join(lines)


def generate(folder, *arguments):
    done = subprocess.run([GENERATE, "-o", folder, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


def manual_members():
    """The words that ecosgate(1) sets in italics: all of a line .I, every second one of a line .IR."""
    words = set()
    with open(os.path.join(SOURCE, "gateway", "ecosgate.1"), encoding="utf-8") as file:
        for macro, line in re.findall(r"^\.(IR?) (.*)", file.read(), re.MULTILINE):
            words.update(shlex.split(line)[::len(macro)])
    return words


def said_so_far(process):
    """The messages of a daemon that runs or has ended, without waiting for one."""
    os.set_blocking(process.stderr.fileno(), False)
    process.said = getattr(process, "said", b"") + (process.stderr.read() or b"")
    return process.said.decode()


def threads_of(process):
    """Of each thread: what it does now, and how often it has been put to sleep and woken so far."""
    found = {}
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        try:
            with open(f"/proc/{process.pid}/task/{thread}/status", encoding="ascii") as file:
                facts = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        found[thread] = (facts["Name"], facts["State"][0], int(facts["voluntary_ctxt_switches"]),
                         int(facts["nonvoluntary_ctxt_switches"]))
    return found


def rests(process):
    """Every thread sleeps, and slept on while longer time passed than a pass waits for its drops."""
    first = threads_of(process)
    time.sleep(.3)
    return first == threads_of(process) and all(state == "S" for _, state, _, _ in first.values())


def terminate(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=PATIENCE)

