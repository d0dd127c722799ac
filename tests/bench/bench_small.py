"""Many small files: SMALL_FILES instructions of 20 Devices from one drop, `run --once`; see run.sh.

Prints files a second, and how often the program asks the disk for a sync for one of them: custody, verdict, answers,
work order and deliveries together. The syncs are counted in a run of their own, for strace slows a run down.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from bench import GATE, GENERATE, NOW, PAIRS, run, say

FILES = int(os.environ.get("SMALL_FILES", "2000"))
SYNC = re.compile(r"^.*\s(\d+)\s+(?:\d+\s+)?(?:fsync|fdatasync|syncfs|sync)$", re.M)


def make_pool(folder):
    pool = os.path.join(folder, "pool")
    os.mkdir(pool)
    for number in range(1, FILES + 1):
        subprocess.run([GENERATE, "--form", "csv", "--devices", "20", "--seed", str(number), "--sequence", str(number),
                        "-o", pool], check=True, stdout=subprocess.DEVNULL)
    return pool


def prepare(folder, pool):
    """A home whose drop has the files. It stays until the end: ext4 searches long for an inode while many were freed in
    the last seconds."""
    home = tempfile.mkdtemp(dir=folder)
    subprocess.run([GATE, "init", home], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cp", "-a", os.path.join(pool, "."), os.path.join(home, "drops/mcc/in")], check=True)
    os.sync()
    return home


def command(home):
    return [GATE, "-c", os.path.join(home, "ecosgate.conf"), "--now", NOW, "run", "--once"]


def look(home):
    """Each file has its two answers, and its Devices are ordered: counted in the drops."""
    for drop, pattern, wanted in (("mcc", "EMA_*", FILES), ("mcc", "EMD_*", FILES), ("tcos", "EMW_*", 1)):
        found = len(glob.glob(os.path.join(home, "drops", drop, "out", pattern)))
        if found < wanted:
            sys.exit(f"run --once left {found} {pattern} in drops/{drop}/out, wanted {wanted}")


def measure(folder, pool):
    home = prepare(folder, pool)
    took = run(command(home))
    look(home)
    return took


def count_syncs(folder, pool):
    home, counts = prepare(folder, pool), os.path.join(folder, "syncs")
    run(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,syncfs,sync", "-o", counts, *command(home)])
    look(home)
    with open(counts, encoding="utf-8") as file:
        return sum(int(n) for n in SYNC.findall(file.read()))


def main(*names):
    if names and "small_files" not in names:
        return
    folder = tempfile.mkdtemp(prefix="ecosgate-bench.", dir=os.environ.get("BENCH_DIR"))
    try:
        pool = make_pool(folder)
        took = sorted((measure(folder, pool) for _ in range(PAIRS)), key=lambda one: one.seconds)[PAIRS // 2]
        say("small_files_per_second", FILES / took.seconds, took)
        say("small_file_syncs", count_syncs(folder, pool) / FILES)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
