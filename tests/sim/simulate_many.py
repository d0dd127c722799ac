#!/usr/bin/env python3
"""Runs of the simulator with new seeds on all processors (`make simulate MINUTES=10`).

    MINUTES=10   how long runs are begun; each is played to its end
    SEED=N       the first seed; without it the time decides
    DAYS=30      days until faults stop, of each run
    PROFILE=     calm, rough or hostile; without it in turn

The first lines of each failure say what was broken; its story stands in sim-SEED.log in the build folder. The last line
is the sum. The exit status is 1 if a promise was broken, 2 if a run could not be played.
"""
import concurrent.futures
import itertools
import os
import re
import resource
import subprocess
import sys
import threading
import time

SIMULATE = os.path.join(os.environ.get("top_builddir", "."), "tests", "sim", "simulate")
MINUTES = float(os.environ.get("MINUTES") or 10)
SEED = int(os.environ.get("SEED") or time.time())
DAYS = int(os.environ.get("DAYS") or 30)
PROFILES = [os.environ["PROFILE"]] if os.environ.get("PROFILE") else ["rough", "hostile", "rough", "calm"]

lock = threading.Lock()
sums = {"runs": 0, "days": 0, "broken": 0, "unable": 0}


def play(seed, profile):
    call = [SIMULATE, "--seed", str(seed), "--days", str(DAYS), "--profile", profile]
    done = subprocess.run(call, capture_output=True, text=True, errors="replace", check=False)
    last = done.stdout.splitlines()[-1] if done.stdout else done.stderr.strip()
    days = re.match(r"held; (\d+) days", last)
    with lock:
        sums["runs"] += 1
        sums["days"] += int(days[1]) if days else 0
        if done.returncode == 0:
            return
        sums["broken" if done.returncode == 1 else "unable"] += 1
        name = f"sim-{seed}.log"
        with open(name, "w", encoding="utf-8") as file:
            file.write(done.stdout + done.stderr)
        reason = next((line for line in done.stdout.splitlines() if " BROKEN " in line), "")
        print(f"{last}\n  {reason[:300]}\n  story: {name}", flush=True)


def work(seeds, end):
    while time.monotonic() < end:
        with lock:
            seed = next(seeds)
        play(seed, PROFILES[seed % len(PROFILES)])


def main():
    seeds, end = itertools.count(SEED), time.monotonic() + 60 * MINUTES
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(work, seeds, end) for _ in range(os.cpu_count())]:
            done.result()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{sums['runs']} runs from seed {SEED} on, {sums['days'] / 365.25:.1f} simulated years, "
          f"{(used.ru_utime + used.ru_stime) / 60:.1f} minutes of a processor: {sums['broken']} broken, "
          f"{sums['unable']} unable")
    return 1 if sums["broken"] else 2 if sums["unable"] else 0


if __name__ == "__main__":
    sys.exit(main())
