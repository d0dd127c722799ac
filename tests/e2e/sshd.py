"""A real OpenSSH server for tests, on a free port of the loopback, with keys of its own.

    with Sshd(folder) as server:
        home.over_sftp("mcc", server)
        server.stop(); server.start()       the same keys and the same port
        server.freeze(); server.thaw()      keeps its connections, but sends nothing

It runs as the user who runs the test, root or not, and serves the whole file system to that user. Relative
paths begin at `folder`. For other programs, from the shell:

    python3 sshd.py FOLDER COMMAND …        COMMAND finds SSHD_HOST, SSHD_PORT, SSHD_USER, SSHD_IDENTITY,
                                            SSHD_KNOWN_HOSTS and SSHD_FOLDER in its environment
"""
import atexit
import ctypes
import getpass
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
PATIENCE = 120
SETTINGS = """\
ListenAddress {host}
Port {port}
PidFile none
AuthorizedKeysFile {scratch}/authorized_keys
StrictModes no
UsePAM no
UseDNS no
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowAgentForwarding no
AllowTcpForwarding no
X11Forwarding no
PrintMotd no
MaxStartups 200
MaxSessions 50
LoginGraceTime 0
LogLevel VERBOSE
Subsystem sftp internal-sftp -d {folder}
"""


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise FileNotFoundError(f"{program} is not installed (packages openssh-server, openssh-client)")
    return path


def free_port():
    """A port below those of outgoing connections: one of them could take it while the server is down."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test leaves no server behind


def make_key(path, kind="ed25519", passphrase=""):
    bits = {"rsa": ["-b", "2048"], "ecdsa": ["-b", "256"]}.get(kind, [])
    for old in (path, path + ".pub"):
        if os.path.exists(old):
            os.remove(old)
    subprocess.run([find("ssh-keygen"), "-q", "-t", kind, *bits, "-N", passphrase, "-C", "test", "-f", path],
                   check=True, stdin=subprocess.DEVNULL)
    return path


def public_key(path):
    """Algorithm and base64 of a key that make_key made."""
    with open(path + ".pub", encoding="ascii") as file:
        return file.read().split()[:2]


def write_known_hosts(path, port, keys, hashed=False, host=HOST):
    """`keys` are files of host keys."""
    with open(path, "w", encoding="ascii") as file:
        for key in keys:
            algorithm, blob = public_key(key)
            file.write(f"[{host}]:{port} {algorithm} {blob}\n")
    if hashed:
        subprocess.run([find("ssh-keygen"), "-q", "-H", "-f", path], check=True, capture_output=True)
        os.remove(path + ".old")
    return path


def answers(port, seconds=1.0):
    """True if an SSH server listens: it sends its banner at once."""
    try:
        with socket.create_connection((HOST, port), timeout=seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(8).startswith(b"SSH-")
    except OSError:
        return False


def descendants(pid):
    """All processes below one. Sessions of a server have process groups of their own: its group does not hold them."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found = list(children.get(pid, []))
    for process in found:
        found += children.get(process, [])
    return found


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def forgiving(server):
    """An environment that hides leaks of libssh2: 1.10 loses two numbers of each ECDSA key that it loads."""
    with open(server.at("suppressions"), "w", encoding="ascii") as file:
        file.write("leak:libcrypto.so\nleak:libssh2.so\n")
    return {"LSAN_OPTIONS": f"suppressions={server.at('suppressions')}:print_suppressions=0"}


class Sshd:
    def __init__(self, folder, host_keys=("ed25519",), user_key="ed25519", passphrase="", hashed=False, settings="",
                 start=True):
        self.scratch = tempfile.mkdtemp(prefix="ecosgate-sshd.")
        self.process = None
        atexit.register(self.close)
        self.folder = os.path.abspath(folder)
        self.host, self.port, self.user = HOST, free_port(), getpass.getuser()
        self.settings = settings
        self.hashed = hashed
        self.identity = make_key(self.at("user_key"), user_key, passphrase)
        self.passphrase_file = None
        if passphrase:
            self.passphrase_file = self.at("passphrase")
            with open(self.passphrase_file, "w", encoding="utf-8") as file:
                file.write(passphrase + "\n")
            os.chmod(self.passphrase_file, 0o600)
        shutil.copy(self.identity + ".pub", self.at("authorized_keys"))
        self.host_keys = [make_key(self.at(f"host_{kind}"), kind) for kind in host_keys]
        self.known_hosts = self.at("known_hosts")
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def at(self, name):
        return os.path.join(self.scratch, name)

    def remote(self, path):
        """The path by which clients name a local path."""
        return os.path.abspath(path)

    def log(self):
        with open(self.at("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def configure(self):
        text = SETTINGS.format(host=HOST, port=self.port, scratch=self.scratch, folder=self.folder)
        text += "".join(f"HostKey {key}\n" for key in self.host_keys) + self.settings
        # OpenSSH 9.8 and later shut out an address that fails often. Here that would be every client.
        for more in ("PerSourcePenalties no\n", ""):
            with open(self.at("config"), "w", encoding="utf-8") as file:
                file.write(text + more)
            tested = subprocess.run([find("sshd"), "-t", "-f", self.at("config")], capture_output=True, check=False)
            if tested.returncode == 0:
                return
        raise RuntimeError(f"sshd refuses its configuration: {tested.stderr.decode()}")

    def start(self):
        """Returns when the server answers. The first start chooses another port if its own is in use."""
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # sshd of root wants it for privilege separation
        first = not os.path.exists(self.known_hosts)
        for _ in range(10):
            self.configure()
            self.process = subprocess.Popen([find("sshd"), "-D", "-f", self.at("config"), "-E", self.at("log")],
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and self.process.poll() is None:
                if answers(self.port):
                    if first:
                        self.write_known_hosts()
                    return self
                time.sleep(0.005)
            if self.process.poll() is None or not (first and re.search("in use|Cannot bind", self.log())):
                break
            self.port = free_port()
        log = self.log()
        self.stop()
        raise RuntimeError(f"sshd does not answer on port {self.port}:\n{log}")

    def write_known_hosts(self, keys=None, hashed=None):
        return write_known_hosts(self.known_hosts, self.port, keys or self.host_keys,
                                 self.hashed if hashed is None else hashed)

    def change_host_keys(self):
        """Makes new keys under the old names, used from the next start. known_hosts keeps the old ones."""
        for path in self.host_keys:
            make_key(path, os.path.basename(path).removeprefix("host_"))

    def processes(self):
        return [self.process.pid, *descendants(self.process.pid)] if self.process else []

    def sessions(self):
        return len(descendants(self.process.pid)) if self.process else 0

    def cut(self):
        """Breaks every connection; the server itself keeps running."""
        for pid in descendants(self.process.pid):
            send_signal(pid, signal.SIGKILL)

    def unread(self):
        """Connections with bytes that the server has not read: those in use, once it is frozen."""
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        return sum(row[1].endswith(f":{self.port:04X}") and int(row[4].split(":")[1], 16) > 0 for row in rows)

    def freeze(self):
        """A login under way may break at the thaw: its sandbox kills a process whose system call is restarted."""
        for pid in self.processes():
            send_signal(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.processes()):
            send_signal(pid, signal.SIGCONT)

    def stop(self):
        if self.process is None:
            return
        send_signal(self.process.pid, signal.SIGSTOP)  # so that it accepts no connection while its sessions end
        for pid in [*descendants(self.process.pid), self.process.pid]:
            send_signal(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)
        atexit.unregister(self.close)


def main(folder, *command):
    with Sshd(folder) as server:
        names = ("host", "port", "user", "identity", "known_hosts", "folder")
        own = {f"SSHD_{name.upper()}": str(getattr(server, name)) for name in names}
        return subprocess.run(command, env={**os.environ, **own}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
