#!/usr/bin/env python3
"""The systemd unit of the package: how exposed it is; the gateway works behind its filter of system calls (TAP).

systemd-analyze says what the sets of the filter hold, and libseccomp applies them as systemd does; but a call that the
unit refuses with an error ends the program here. Where one of the two is missing, the test says so and is skipped."""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys

from home import GATE, NOW, PATIENCE, SANITIZED, SOURCE, Home, Tap, wait_until
from live import NO_INC, instruction, name_of, send, sound
from sshd import Sshd, forgiving

UNITS = os.path.join(SOURCE, "gateway", "debian", "units")
MOST = 1.5
ALLOW, KILL, ERRNO = 0x7fff0000, 0x80000000, 0x00050000
EQUAL, EPERM, EAFNOSUPPORT = 4, 1, 97
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
MDWE = 65  # prctl(2): memory that was writable never becomes executable


def settings(name):
    """Of a unit: each setting's values, in their order."""
    found = {}
    with open(os.path.join(UNITS, name), encoding="utf-8") as file:
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.MULTILINE):
            found.setdefault(key, []).append(value)
    return found


def members(word):
    """The system calls of a set, those of sets within it too."""
    if not word.startswith("@"):
        return {word}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    inner = [line.strip() for line in listed.stdout.splitlines()[1:] if line.strip() and "#" not in line]
    return set().union(*(members(name) for name in inner))


def allowed(unit):
    """As systemd reads SystemCallFilter: the first list allows, one with ~ takes away, the next one adds."""
    calls = set()
    for value in unit["SystemCallFilter"]:
        named = set().union(*(members(word) for word in value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    return calls | members("@default")


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


def confine(calls, families):
    """From now on this process has only these calls, and sockets of these families."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL)))
    for name in sorted(calls - {"socket"}):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != -1:
            library.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), number, 0)
    # SQLite calls fchown when the user is root. The unit allows it, for group= of a drop; without that it is refused.
    number = library.seccomp_syscall_resolve_name(b"fchown")
    library.seccomp_rule_add(context, ctypes.c_uint32(ERRNO | EPERM), number, 0)
    number = library.seccomp_syscall_resolve_name(b"socket")
    for name, family in FAMILIES.items():
        action = ALLOW if name in families else ERRNO | EAFNOSUPPORT
        compared = (Comparison * 1)(Comparison(0, EQUAL, family, 0))
        library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, 1, compared)
    ctypes.CDLL(None).prctl(MDWE, 1, 0, 0, 0)  # older kernels do not know it
    if library.seccomp_load(context) != 0:
        raise OSError("the filter was not taken")


def behind_filter(arguments):
    """What this script does when it is called with arguments: it becomes the program."""
    families, calls, command = arguments[0].split(), arguments[1].split(), arguments[2:]
    os.umask(0o027)
    confine(set(calls), families)
    os.execv(command[0], command)


def test_exposure(tap):
    for name in ("ecosgate.service", "ecosgate-verify.service"):
        path = os.path.abspath(os.path.join(UNITS, name))
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                              capture_output=True, text=True, check=False)
        level = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
        tap.ok(level is not None and float(level.group(1)) <= MOST, f"{name} is exposed at most {MOST}: "
               f"{level.group(1) if level else '?'}", done.stdout[-300:], done.stderr)
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *(os.path.join(UNITS, name) for name in
                              sorted(os.listdir(UNITS)) if "@" not in name)], capture_output=True, text=True,
                             check=False)
    wrong = [line for line in checked.stderr.splitlines() if "ecosgate" in line and "is not executable" not in line and
             "not found" not in line]
    tap.ok(not wrong, "systemd understands every line of the units", *wrong)


def test_filter(tap):
    unit = settings("ecosgate.service")
    prefix = (sys.executable, os.path.abspath(__file__), unit["RestrictAddressFamilies"][0], " ".join(allowed(unit)))
    refused = subprocess.run([*prefix, sys.executable, "-c", "import os; os.chroot('/')"], capture_output=True,
                             check=False)
    tap.ok(refused.returncode == -signal.SIGSYS, "the filter holds: a call that is not in it ends the program",
           refused.returncode, refused.stderr.decode())
    home = Home(NO_INC)
    with Sshd(home.top) as server:
        home.over_sftp("mcc", server)
        env = forgiving(server)
        for number in (1, 2):
            send(home, name_of(number), instruction(number, (number,)))
            done = home.command("run", "--once", prefix=prefix, env=env)
            tap.ok(done.returncode == 0 and len(home.out("mcc")) == 2 * number and len(home.out("tcos")) == number,
                   f"a pass over local drops and SFTP works behind it, {number}", done.returncode, done.stderr.decode())
        # What `doctor` asks of the clock is not in the filter; the unit never runs it.
        for words in (("doctor", "mcc"), ("status",), ("spool", "verify"),
                      ("backup", os.path.join(home.top, "backup"))):
            done = home.command(*words, prefix=prefix, env=env)
            tap.ok(done.returncode in (0, 1) and b"Bad system call" not in done.stderr, f"{words[0]} too",
                   done.returncode, done.stderr.decode())
        daemon = subprocess.Popen([*prefix, GATE, "-c", home.conf, "--now", NOW, "run"], stderr=subprocess.PIPE,
                                  env={**os.environ, **env})
        send(home, name_of(3), instruction(3, (3,)))
        tap.ok(wait_until(lambda: len(home.out("mcc")) == 6 or daemon.poll() is not None), "so does the daemon")
        daemon.send_signal(signal.SIGHUP)
        send(home, name_of(4), instruction(4, (4,)))
        wait_until(lambda: len(home.out("mcc")) == 8 or daemon.poll() is not None)
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=PATIENCE)
        tap.ok(daemon.returncode == 0 and b"read again" in said and len(home.out("mcc")) == 8,
               "with a reload and a stop", daemon.returncode, said.decode())
    modes = {path: os.stat(home.path("spool", path)).st_mode & 0o777 for path in ("ledger.sqlite", "done")}
    tap.ok(all(mode & 0o007 == 0 for mode in modes.values()), "nothing of the spool is open to everybody", modes)
    sound(tap, home, "after passes behind the filter")


def missing():
    """What this test needs and the machine has not."""
    if shutil.which("systemd-analyze") is None:
        return "systemd-analyze (package systemd)"
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return "libseccomp.so.2 (package libseccomp2)"
    return None


if __name__ == "__main__":
    if len(sys.argv) > 1:
        behind_filter(sys.argv[1:])
    with Tap() as report:
        lacks = missing()
        if lacks:
            report.ok(True, f"skipped: this machine has no {lacks} # SKIP")
        else:
            test_exposure(report)
            if SANITIZED:
                report.ok(True, "skipped: a sanitizer makes system calls of its own # SKIP")
            else:
                test_filter(report)
