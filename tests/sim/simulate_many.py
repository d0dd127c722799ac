#!/usr/bin/env python3
"""Runs of the simulator with new seeds on all processors (`make simulate MINUTES=10`).

    MINUTES=10   how long runs are begun; each is played to its end
    SEED=N       the first seed; without it the time decides
    DAYS=30      days until faults stop, of each run; several with commas between them in turn
    PROFILE=     calm, rough or hostile; without it in turn
    JOBS=N       runs at once; without it one for each processor

The first line says what is played. The first lines of each failure say what was broken; its story stands in
sim-SEED.log in the build folder. The last lines are the sums of each profile and of all (simulated years, minutes of a
processor), and the seeds that failed with the call that repeats each. The exit status is 1 if a promise was broken, 2
if a run could not be played.
"""
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

SIMULATE = os.path.join(os.environ.get("top_builddir", "."), "tests", "sim", "simulate")
MINUTES = float(os.environ.get("MINUTES") or 10)
SEED = int(os.environ.get("SEED") or time.time())
DAYS = [int(days) for days in (os.environ.get("DAYS") or "30").split(",")]
PROFILES = [os.environ["PROFILE"]] if os.environ.get("PROFILE") else ["rough", "hostile", "rough", "calm"]
JOBS = int(os.environ.get("JOBS") or os.cpu_count())

lock = threading.Lock()


class Sum:
    """What runs came to."""

    def __init__(self):
        self.runs = self.days = self.broken = self.unable = 0
        self.seconds = 0.0

    def add(self, status, days, seconds):
        self.runs += 1
        self.days += days
        self.seconds += seconds
        self.broken += status == 1
        self.unable += status not in (0, 1)

    def __str__(self):
        return (f"{self.runs} runs, {self.days / 365.25:.1f} simulated years, {self.seconds / 60:.1f} minutes of a "
                f"processor: {self.broken} broken, {self.unable} unable")


sums, total = {profile: Sum() for profile in sorted(set(PROFILES))}, Sum()
failed = []  # (seed, what came of it)


def run(call):
    """Exit status, output, seconds of a processor."""
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(call, stdout=output, stderr=subprocess.STDOUT) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace"), used.ru_utime + used.ru_stime


def play(seed, days, profile):
    status, text, seconds = run([SIMULATE, "--seed", str(seed), "--days", str(days), "--profile", profile])
    last = text.splitlines()[-1] if text else ""
    held = re.match(r"held; (\d+) days", last)
    with lock:
        for each in (sums[profile], total):
            each.add(status, int(held[1]) if held else 0, seconds)
        if status == 0:
            return
        failed.append((seed, last))
        name = f"sim-{seed}.log"
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
        reason = next((line for line in text.splitlines() if " BROKEN " in line), "")
        print(f"{last}\n  {reason[:300]}\n  story: {name}", flush=True)


def work(seeds, end):
    while time.monotonic() < end:
        with lock:
            seed = next(seeds)
        turn = seed - SEED
        play(seed, DAYS[turn // len(PROFILES) % len(DAYS)], PROFILES[turn % len(PROFILES)])


def main():
    seeds, end = itertools.count(SEED), time.monotonic() + 60 * MINUTES
    print(f"runs are begun for {MINUTES:g} minutes, {JOBS} at a time, from seed {SEED} on; a broken promise is told at "
          "once", flush=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for done in [pool.submit(work, seeds, end) for _ in range(JOBS)]:
            done.result()
    for profile, each in sums.items():
        print(f"{profile}: {each}")
    print(f"all, from seed {SEED} on: {total}")
    print("seeds that failed:" if failed else "no seed failed")
    for seed, last in sorted(failed):
        print(f"  {seed}: {last or 'it could not be played'}; story: sim-{seed}.log")
    return 1 if total.broken else 2 if total.unable else 0


if __name__ == "__main__":
    sys.exit(main())
