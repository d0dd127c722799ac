"""Races over SFTP, against a private sshd on the loopback; see run.sh.

What is measured, and why that is fair:

sftp_get_vs_openssh   ours: `run --once` on a fresh home with one big file in an SFTP drop, until the pass ends.
                      rival: `sftp` with one `get` of the same file to the same disk. The file is an instruction
                      that waits for an inventory, so that no judging is measured. Ours also lists the folder,
                      computes the SHA-256, syncs file and folder, writes the ledger and removes the sender's copy.
                      There is no target: the result shows mostly the ciphers of libssh2
                      (gateway/drops/sftp/sftp_algorithms.c).
sftp_put_vs_openssh   ours: `run --once` when a drop is back after an outage. The answers to a big instruction are
                      stored (EMA and EMD; in XML, so that they are as big as the file of the first race), and
                      nothing else is to do. rival: one `sftp` session that puts the same files under temporary
                      names and renames them. Judging and building the answers are not measured. Ours also computes
                      the SHA-256, has the server sync the files, and writes the ledger.
sftp_small_vs_lftp    ours: from the start of `run` on a fresh home until the drop's folder is empty, that is, until
                      each file is in durable custody. rival: `lftp` with one `mirror` of the same folder, which
                      keeps the sources and syncs nothing.

Both sides use their default algorithms and one connection. The server's files are in the page cache.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from bench import GATE, GENERATE, NOW, TOP, fresh, race, run

sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
from sshd import Sshd  # noqa: E402 (found only now)

MEGABYTES = int(os.environ.get("SFTP_MB", "350"))
FILES = int(os.environ.get("SFTP_FILES", "5000"))
DEVICES = int(os.environ.get("SFTP_DEVICES", "1000000"))
EMI = "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_%06d.csv"
KEYS = "transport=sftp\nhost={0.host}\nport={0.port}\nuser={0.user}\nidentity={0.identity}\n" \
       "known_hosts={0.known_hosts}\ncomplete=at-once\nin={1}/in\nout={1}/out\n"


def make_home(folder, server, drop):
    """A fresh home with one drop on the server."""
    home = fresh(os.path.join(folder, "home"))
    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    path = os.path.join(home, "ecosgate.conf")
    with open(path, encoding="utf-8") as file:
        groups = file.read().split("\n[")
    groups = [f"drop {drop}]\n" + KEYS.format(server, os.path.join(home, "drops", drop))
              if group.startswith(f"drop {drop}]") else group for group in groups]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n[".join(groups))
    return home


def waiting_home(folder, server):
    """A fresh home in which instructions are picked up and not judged."""
    home = make_home(folder, server, "mcc")
    with open(os.path.join(home, "ecosgate.conf"), "r+", encoding="utf-8") as conf:
        text = conf.read().replace("inventory=auto", "inventory=required")
        conf.seek(0)
        conf.write(text)
        conf.truncate()
    return home


def gate(home, *arguments):
    return [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", NOW, *arguments]


def batch(server, folder, commands, *options):
    """One session of OpenSSH's sftp."""
    path = os.path.join(folder, "batch")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(commands) + "\n")
    return run(["sftp", "-q", "-b", path, "-P", str(server.port), "-i", server.identity, "-o",
                f"UserKnownHostsFile={server.known_hosts}", "-o", "StrictHostKeyChecking=yes", *options,
                f"{server.user}@{server.host}"])


# ---- one big file in ----

def get_ours(folder, server, source):
    home = waiting_home(folder, server)
    inbox = os.path.join(home, "drops/mcc/in")
    os.link(source, os.path.join(inbox, EMI % 1))
    os.sync()
    took = run(gate(home, "run", "--once"), allowed=(2,))
    if os.listdir(inbox) or not os.path.exists(os.path.join(home, "spool/ready/00000001/payload")):
        sys.exit("run --once did not take the file")
    return took


def get_rival(folder, server, source):
    target = os.path.join(folder, "got")
    if os.path.exists(target):
        os.remove(target)
    os.sync()
    return batch(server, folder, [f"get {source} {target}"])


def get_race(folder, server):
    source = os.path.join(folder, "big")
    with open(source, "wb") as file:
        block = os.urandom(1000000)
        for _ in range(MEGABYTES):
            file.write(block)
    race("sftp_get_vs_openssh", lambda: get_ours(folder, server, source),
         lambda: get_rival(folder, server, source), None)
    os.remove(source)


# ---- big files out ----

def put_prepare(folder, server):
    """Makes a home whose answers wait for a drop that is away. Returns a copy of it, and the answers."""
    home = make_home(folder, server, "mcc")
    subprocess.run([GENERATE, "--form", "xml", "--devices", str(DEVICES), "-o", os.path.join(home, "drops/mcc/in")],
                   check=True, stdout=subprocess.DEVNULL)
    os.rename(os.path.join(home, "drops/mcc/out"), os.path.join(home, "away"))
    run(gate(home, "run", "--once"), allowed=(2,))
    os.rename(os.path.join(home, "away"), os.path.join(home, "drops/mcc/out"))
    kept = os.path.join(folder, "kept")
    os.rename(home, kept)
    job = os.path.join(kept, "spool/active/00000001")
    answers = [os.path.join(job, name) for name in sorted(os.listdir(job)) if name.startswith(("EMA_", "EMD_"))]
    if len(answers) != 2:
        sys.exit(f"{job}: no EMA and EMD wait there")
    return kept, answers


def put_ours(folder, kept, answers):
    home = fresh(os.path.join(folder, "home"))
    subprocess.run(["cp", "-a", kept, home], check=True)
    os.sync()
    took = run(gate(home, "run", "--once"))
    out = os.path.join(home, "drops/mcc/out")
    found = sorted(name for name in os.listdir(out) if not name.startswith("."))  # without the claim
    if found != [os.path.basename(path) for path in answers]:
        sys.exit("run --once did not deliver the answers")
    return took


def put_rival(folder, server, answers):
    out = fresh(os.path.join(folder, "out"))
    os.mkdir(out)
    os.sync()
    commands = []
    for path in answers:
        name = os.path.basename(path)
        commands += [f"put {path} {out}/.{name}.part", f"rename {out}/.{name}.part {out}/{name}"]
    return batch(server, folder, commands)


def put_race(folder, server):
    kept, answers = put_prepare(folder, server)
    print(f"# sftp_put_vs_openssh: {sum(map(os.path.getsize, answers)) / 1e6:.0f} MB in {len(answers)} files",
          file=sys.stderr)
    race("sftp_put_vs_openssh", lambda: put_ours(folder, kept, answers),
         lambda: put_rival(folder, server, answers), 0.8)


# ---- many small files in ----

def is_empty(folder):
    with os.scandir(folder) as entries:
        return next(entries, None) is None


# The files of each run stay until the race is over: ext4 does not reuse an inode that was freed in the last
# seconds, and searches long for another one when there are many of them.
def small_ours(folder, server, pool):
    home = waiting_home(tempfile.mkdtemp(dir=folder), server)
    inbox = os.path.join(home, "drops/mcc/in")
    subprocess.run(["cp", "-al", os.path.join(pool, "."), inbox], check=True)
    os.sync()
    begun = time.monotonic()
    daemon = subprocess.Popen(gate(home, "run"), stderr=subprocess.DEVNULL)
    while not is_empty(inbox):
        if daemon.poll() is not None:
            sys.exit("run ended before the drop was empty")
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    daemon.send_signal(signal.SIGTERM)
    _, _, usage = os.wait4(daemon.pid, 0)
    daemon.returncode = 0
    found = sum(len(os.listdir(os.path.join(home, "spool", state))) for state in ("ready", "active", "held"))
    if found < FILES:  # an incident of the pass may stand there, too
        sys.exit(f"{found} of {FILES} files are in the spool")
    return seconds, usage.ru_maxrss


def small_rival(folder, server, pool):
    target = tempfile.mkdtemp(dir=folder)
    os.sync()
    took = run(["lftp", "-c", f"set sftp:connect-program \"ssh -a -x -i {server.identity} -o UserKnownHostsFile="
                f"{server.known_hosts} -o StrictHostKeyChecking=yes\"; open -p {server.port} -u {server.user},none "
                f"sftp://{server.host}; mirror {pool} {target}"])
    if len(os.listdir(target)) != FILES:
        sys.exit("lftp did not mirror the folder")
    return took


def small_race(folder, server):
    pool = os.path.join(folder, "pool")
    os.mkdir(pool)
    for number in range(1, FILES + 1):
        with open(os.path.join(pool, EMI % number), "wb") as file:
            file.write(os.urandom(2048))
    race("sftp_small_vs_lftp", lambda: small_ours(folder, server, pool), lambda: small_rival(folder, server, pool), 0.5)


def main(*names):
    races = {"sftp_get_vs_openssh": get_race, "sftp_put_vs_openssh": put_race, "sftp_small_vs_lftp": small_race}
    folder = tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    try:
        with Sshd(folder) as server:
            for name, one in races.items():
                if not names or name in names:
                    one(folder, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
