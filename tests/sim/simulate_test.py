#!/usr/bin/env python3
"""The simulator (TAP): the same seed prints the same, faults reach the program, and fixed seeds break no promise."""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import mutants  # noqa: E402
from tap import Tap  # noqa: E402

BUILD = os.environ.get("top_builddir", ".")
SIMULATE = os.path.join(BUILD, "tests", "sim", "simulate")

# (seed, days, profile): a run each. A run that found a fault stays here; the text says which.
RUNS = [(1, 10, "calm"), (2, 10, "rough"), (3, 6, "hostile"), (4, 6, "hostile"), (29, 6, "hostile"),
        (5, 10, "rough")]
SANITIZED_RUNS = [(2, 2, "rough"), (3, 2, "hostile")]
TRACED = (3, 3, "hostile")
SANITIZED_TRACED = (3, 1, "hostile")

# What the traces of all runs must show: a fault that never comes proves nothing.
SEEN = {"kills": r"fault: kill", "power cuts": r"power cut at", "errors of the disk": r"fault: (late )?error",
        "orders to stop": r"signal 15 to", "waits": r"waits until", "commands beside the daemon": r"starts \d+ in home",
        "transfers of several drops at a time": r"turns from drop",
        "a standby that takes over": r"the standby \S+ takes over",
        "an old node that ends by itself": r"the old node's run ends with 2"}

# What the simulator replaces, and nothing else: a name that is also one of an archive would take its place unseen.
REPLACED = re.compile(r"(transfer_worker|sftp)_[a-z_]+")


def sanitized():
    with open(os.path.join(BUILD, "Makefile"), encoding="utf-8") as file:
        return "-fsanitize=" in file.read()


def simulate(seed, days, profile, *more):
    done = subprocess.run([SIMULATE, "--seed", str(seed), "--days", str(days), "--profile", profile, *more],
                          capture_output=True, text=True, errors="replace", check=False)
    return done.returncode, done.stdout + done.stderr


def names_of(*files):
    text = subprocess.run(["nm", "-g", "--defined-only", *files], capture_output=True, text=True, check=False).stdout
    return {line.split()[2] for line in text.splitlines() if len(line.split()) == 3}


def test_names(tap):
    objects = [os.path.join(BUILD, "tests", "sim", name) for name in os.listdir(os.path.join(BUILD, "tests", "sim"))
               if name.endswith(".o")]
    archives = [os.path.join(BUILD, name) for name in os.listdir(BUILD) if name.endswith(".a")]
    both = {name for name in names_of(*objects) & names_of(*archives) if not name.startswith(("__", "_"))}
    wrong = sorted(name for name in both if not REPLACED.fullmatch(name))
    tap.ok(both and not wrong, "only transfer workers and the SFTP session are replaced", "\n".join(wrong))


def traced(seed, *run):
    """Exit status and trace. Another run of the seed at the same time, as of a second build, has the folder of that
    seed; then this one's has another name."""
    status, text = simulate(seed, *run, "--trace")
    return status, re.sub(r"ecosgate-sim\.\w{6}", "ecosgate-sim", text)


def test_trace(tap, run):
    first, second = traced(*run), traced(*run)
    differing = next((f"{a}\n{b}" for a, b in zip(first[1].splitlines(), second[1].splitlines()) if a != b), "length")
    tap.ok(first == second, "the same seed prints the same trace, byte for byte", differing)
    other = traced(run[0] + 1, *run[1:])
    tap.ok(other[1] != first[1], "another seed prints another trace")


def test_mutants(tap):
    wrong = mutants.misfits()
    tap.ok(mutants.MUTANTS and not wrong, "each fault of mutants.py has its place", "\n".join(wrong))


def test_calls(tap):
    status, text = simulate(1, 1, "wild")
    tap.ok(status == 2 and "'wild' is not one of" in text, "a profile that does not exist is refused", text)
    status, text = simulate(1, 0, "calm")
    tap.ok(status == 2 and "--days" in text, "a run without a day is refused", text)


def main():
    tap, small = Tap(), sanitized()
    test_names(tap)
    test_mutants(tap)
    test_calls(tap)
    test_trace(tap, SANITIZED_TRACED if small else TRACED)
    runs = SANITIZED_RUNS if small else RUNS
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        played = list(pool.map(lambda run: simulate(*run, "--trace"), runs))
    for run, (status, text) in zip(runs, played):
        tap.ok(status == 0, f"seed {run[0]}, {run[1]} days, {run[2]}: every promise holds", text[-20000:])
    for what, pattern in SEEN.items() if not small else ():
        tap.ok(any(re.search(pattern, text) for _, text in played), f"the runs have {what}")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
