"""SIGKILL at random moments, many times over, while files of thousands of Devices go through: the end state
is that of an undisturbed run. ECOSGATE_SEED repeats a run."""
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


def killed_often(home, chance, longest):
    """Starts again and again; returns how often it was killed before it came to its end."""
    kills = 0
    for _ in range(KILLS * 4):
        process = start(home)
        try:
            process.wait(timeout=chance.uniform(0, longest))
            return kills
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        if kills == KILLS:
            break
    return kills


def main():
    with Tap() as tap, tempfile.TemporaryDirectory() as folder:
        seed = int(os.environ.get("ECOSGATE_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"# seed {seed}")
        chance = random.Random(seed)
        paths = files(folder)
        undisturbed = filled(paths)
        begun = time.monotonic()
        start(undisturbed).wait()
        took = time.monotonic() - begun
        expected = undisturbed.state()
        tap.ok(undisturbed.command("spool", "verify").returncode == 0, "undisturbed: sound")
        total = 0
        number = 0
        while number < 3 or (total < KILLS // 2 and number < 30):  # sooner each time, until enough were in time
            number += 1
            home = filled(paths)
            kills = killed_often(home, chance, took / (4 * number))
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
