"""Runs the program under test; one start of it serves many runs.

    done = run("--version")                          a subprocess.CompletedProcess; what it printed is bytes
    done.work, done.peak                             seconds of a processor that it used; the most memory, in bytes
    done.written                                     bytes that it gave to calls that write
    done = run(..., env={...}, timeout=60)           env: the whole environment of the run; timeout: seconds
    done = run(..., preload=[SHIM])                  libraries that the run loads first

tests/e2e/fork_server.c, preloaded, stops the program before its main and forks for each run. That spares the loading of
two dozen libraries, which is four fifths of a short run. Each thread has a server of its own, so runs of several
threads go on side by side. ECOSGATE_TEST_EXEC=1 starts the program anew for each run, as does a build folder without
the library.

A sanitized run looks for leaks at its end, which takes a third of a short run. What leaks is decided by the way through
the program, so the first runs of each place in a test look for them (LOOKS), and all whose environment has LEAKS=yes.
"""
import atexit
import collections
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

GATE = os.environ.get("ECOSGATE", "./ecosgate")
FOLDER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "e2e"))
LIBRARY = os.path.join(FOLDER, "fork_server.so")
HAS_SERVER = os.path.exists(LIBRARY) and "ECOSGATE_TEST_EXEC" not in os.environ
LOOKS = 3  # for leaks, of each place in a test and each command
WORD = re.compile("[a-z-]+")
PID, ENDED = struct.Struct("=i"), struct.Struct("=qqqq")  # what fork_server.c sends


class Server:
    """One started program that waits before its main."""

    def __init__(self, preload=()):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A sanitizer insists on being the first library. Ours replaces nothing that a sanitizer replaces.
        sanitizer = os.environ.get("ASAN_OPTIONS", "").split(":") + ["verify_asan_link_order=0"]
        with theirs:
            self.process = subprocess.Popen([GATE], pass_fds=[theirs.fileno()], env={
                **os.environ, "LD_PRELOAD": " ".join([LIBRARY, *preload]), "FORK_SERVER": str(theirs.fileno()),
                "ASAN_OPTIONS": ":".join(filter(None, sanitizer))})
        atexit.register(self.close)

    def close(self):
        self.socket.close()
        self.process.wait()

    def run(self, arguments, env, timeout):
        request = [str(len(arguments)), *arguments, *(f"{name}={value}" for name, value in env.items())]
        output, errors = os.memfd_create("output"), os.memfd_create("errors")
        try:
            socket.send_fds(self.socket, [b"\0".join(map(os.fsencode, request)) + b"\0"], [output, errors])
            status, work, peak, written = self.wait(arguments, timeout)
            done = subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(status), content(output),
                                               content(errors))
            done.work, done.peak, done.written = work / 1e6, peak << 10, written
            return done
        finally:
            os.close(output)
            os.close(errors)

    def wait(self, arguments, timeout):
        pid, = self.receive(PID)
        self.socket.settimeout(timeout)
        try:
            return self.receive(ENDED)
        except TimeoutError:
            self.socket.settimeout(None)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return self.receive(ENDED)  # it ended at that very moment
            self.receive(ENDED)
            raise subprocess.TimeoutExpired(arguments, timeout) from None
        finally:
            self.socket.settimeout(None)

    def receive(self, form):
        answer = self.socket.recv(form.size)
        if len(answer) != form.size:
            raise RuntimeError(f"the server of the program has ended with {self.process.wait()}")
        return form.unpack(answer)


def content(descriptor):
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


class Servers(threading.local):
    """The servers of one thread, by what they load first."""

    def __init__(self):
        self.by_preload = {}

    def get(self, preload):
        if preload not in self.by_preload:
            self.by_preload[preload] = Server(preload)
        return self.by_preload[preload]


SERVERS = Servers()


def place(arguments):
    """From where in a test a run is asked for, through whichever functions, and its command."""
    lines, frame = [], sys._getframe(2)  # pylint: disable=protected-access
    while frame is not None:
        lines.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return *lines, *filter(WORD.fullmatch, map(os.fsdecode, arguments))


def looks_for_leaks(arguments, seen=collections.Counter()):  # pylint: disable=dangerous-default-value
    here = place(arguments)
    seen[here] += 1
    return "yes" if seen[here] <= LOOKS else "no"


def run(*arguments, env=None, timeout=None, preload=()):
    env = dict(os.environ if env is None else env)
    env.setdefault("LEAKS", looks_for_leaks(arguments))
    if HAS_SERVER:
        return SERVERS.get(tuple(preload)).run([GATE, *arguments], env, timeout)
    return run_anew([GATE, *arguments], env, timeout, preload)


def run_anew(arguments, env, timeout, preload):
    if preload:
        env["LD_PRELOAD"] = " ".join(preload)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(arguments, stdout=output, stderr=errors, env=env)
        timer = threading.Timer(timeout, process.kill) if timeout else None
        if timer:
            timer.start()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
            written = next(int(line.split()[1]) for line in file if line.startswith("wchar:"))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if timer and not timer.is_alive():
            raise subprocess.TimeoutExpired(arguments, timeout)
        if timer:
            timer.cancel()
        done = subprocess.CompletedProcess(arguments, process.returncode, content(output.fileno()),
                                           content(errors.fileno()))
        done.work, done.peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10
        done.written = written
        return done
