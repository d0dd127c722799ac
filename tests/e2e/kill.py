"""Kills the program at random moments, many times over, while files of thousands of Devices go through.

The end must be that of an undisturbed run. A moment is an amount of work, in processor time of the program itself: on a
busy machine it comes later. ECOSGATE_SEED repeats a run.
"""
import os
import random
import signal
import subprocess
import tempfile
import time

from home import GATE, NOW, SANITIZED, Home, Tap, difference, generate

KILLS = 8 if SANITIZED else 30
DEVICES = 400 if SANITIZED else 6000


def files(folder):
    paths = []
    for number in range(1, 5):
        paths.append(generate(folder, "--form", "xml" if number % 2 else "csv", "--devices", str(DEVICES), "--sequence",
                              str(number), "--batch", f"B-{number}", "--seed", str(number), "--bad",
                              str((number % 3) * 5)))
    return paths


def filled(paths):
    home = Home()
    for path in paths:
        home.drop("mcc", path)
    return home


def start(home):
    return subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], stderr=subprocess.DEVNULL)


def worked(process):
    """Seconds of a processor that all its threads have used so far; None when it has ended."""
    try:
        return time.clock_gettime(~process.pid << 3 | 2)  # as clock_getcpuclockid(3) makes it
    except OSError:
        return None


def killed_after(process, work):
    """Kills it when it has done so much; whether it was in time."""
    while process.poll() is None:
        done = worked(process)
        if done is not None and done >= work:
            process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        time.sleep(0.0005)
    return False


def work_of(process):
    """All that it does before it ends, undisturbed."""
    work = 0
    while process.poll() is None:
        work = worked(process) or work
        time.sleep(0.0005)
    return work


def killed_often(home, chance, longest):
    """Starts again and again; how often it was killed before it came to its end."""
    for kills in range(KILLS):
        if not killed_after(start(home), chance.uniform(0, longest)):
            return kills
    return KILLS


def main():
    with Tap() as tap, tempfile.TemporaryDirectory() as folder:
        seed = int(os.environ.get("ECOSGATE_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"# seed {seed}")
        chance = random.Random(seed)
        paths = files(folder)
        undisturbed = filled(paths)
        work = work_of(start(undisturbed))
        expected = undisturbed.state()
        tap.ok(undisturbed.command("spool", "verify").returncode == 0, "undisturbed: sound")
        total = 0
        for number in range(1, 4):  # sooner each time
            home = filled(paths)
            kills = killed_often(home, chance, work / (4 * number))
            total += kills
            for _ in range(3):
                start(home).wait()
            state = home.state()
            tap.ok(state == expected, f"round {number}: {kills} kills, the end state is that of an undisturbed run",
                   f"seed {seed}", difference(expected, state))
            verified = home.command("spool", "verify")
            tap.ok(verified.returncode == 0, f"round {number}: sound", verified.stdout.decode())
        tap.ok(total >= KILLS // 2, f"{total} kills in all")


main()
