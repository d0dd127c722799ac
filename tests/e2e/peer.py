"""An SFTP server that misbehaves on command. It runs as a process of its own; peer_server.py lists what it can do.

    with Peer(folder) as peer:
        home.over_sftp("mcc", peer)
        peer.arm("rename", "cut-after", nth=2)      adds a fault
        peer.behave()                               removes all faults
        peer.met()                                  how many faults were met since the last arming
"""
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from sshd import HOST, PATIENCE, answers, die_with_parent, free_port, make_key, send_signal, write_known_hosts

import signal

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_server.py")


def find_python():
    """A Python that has paramiko, or None. Debian's own may have it where another one before it in PATH has not."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import paramiko"], capture_output=True, check=False).returncode == 0:
            return python
    return None


PYTHON = find_python()


class Peer:
    def __init__(self, folder, host_key="ed25519", start=True):
        self.scratch = tempfile.mkdtemp(prefix="ecosgate-peer.")
        self.process = None
        atexit.register(self.close)
        self.folder = os.path.abspath(folder)
        self.host, self.port, self.user = HOST, free_port(), "partner"
        self.identity, self.passphrase_file = make_key(self.at("user_key")), None
        self.host_key = make_key(self.at(f"host_{host_key}"), host_key)
        self.known_hosts = write_known_hosts(self.at("known_hosts"), self.port, [self.host_key])
        self.settings = {}
        self.mark = 0
        self.behave()
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def at(self, name):
        return os.path.join(self.scratch, name)

    def remote(self, path):
        """The path by which clients name a local path inside the folder."""
        return "/" + os.path.relpath(path, self.folder)

    def start(self):
        command = [PYTHON, SERVER, "--folder", self.folder, "--port", str(self.port), "--host-key", self.host_key,
                   "--user-key", self.identity + ".pub", "--control", self.at("control"), "--log", self.at("log")]
        with open(self.at("errors"), "ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            preexec_fn=die_with_parent, env={**os.environ, "LC_ALL": "C.UTF-8"})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if answers(self.port):
                return self
            time.sleep(0.01)
        errors = self.errors()
        self.stop()
        raise RuntimeError(f"the peer does not answer on port {self.port}:\n{errors}")

    def errors(self):
        with open(self.at("errors"), encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- what it shall do ----

    def write_control(self):
        self.mark = len(self.log_lines())
        with open(self.at("control.new"), "w", encoding="utf-8") as file:
            json.dump(self.settings, file)
        os.rename(self.at("control.new"), self.at("control"))

    def set(self, **settings):
        self.settings.update(settings)
        self.write_control()

    def arm(self, op, action, nth=1, times=1, match=None, **more):
        """Adds a fault. times=None: it is met from then on, for ever."""
        fault = {"op": op, "action": action, "nth": nth, "times": times, "match": match, **more}
        self.settings["faults"] = self.settings.get("faults", []) + [fault]
        self.write_control()

    def behave(self):
        self.settings = {}
        self.write_control()

    # ---- what it did ----

    def log_lines(self):
        try:
            with open(self.at("log"), encoding="utf-8") as file:
                return [line.split("\t") for line in file.read().splitlines()]
        except FileNotFoundError:
            return []

    def since(self):
        """The requests since the last arming: lists of op, name and more."""
        return self.log_lines()[self.mark:]

    def met(self):
        return sum(line[0] == "fault" for line in self.since())

    def count(self, op):
        return sum(line[0] == op for line in self.since())

    # ---- outages ----

    def change_host_key(self):
        """Makes a new key, used from the next start. known_hosts keeps the old one."""
        make_key(self.host_key, os.path.basename(self.host_key).removeprefix("host_"))

    def freeze(self):
        send_signal(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        send_signal(self.process.pid, signal.SIGCONT)

    def stop(self):
        if self.process is not None:
            send_signal(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)
        atexit.unregister(self.close)
