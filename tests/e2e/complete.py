#!/usr/bin/env python3
"""Completion by a real bash: commands, verbs, options, and what the home knows; and which word was meant (TAP)."""
import glob
import os
import pty
import re
import select
import shlex
import shutil
import subprocess

from home import GATE, SAMPLES, SOURCE, Home, PATIENCE, Tap

SCRIPT = os.path.join(SOURCE, "gateway", "completion", "ecosgate")
DEVICE = "00-DB-12-34-56-78-01-A0"
# A line up to the cursor, behind `ecosgate -c CONF`; words that must be offered, and one that must not.
LINES = (("", "spool status why", "show"), ("sp", "spool", "status"), ("spool ", "list show release", "withdraw"),
         ("batch w", "withdraw", "hold"), ("spool list --", "--state --verdict --limit", "--reason"),
         ("device list --state ", "READY RETRY_WAIT", "ready"), ("spool list --state h", "held", "HELD"),
         ("spool list --verdict ", "AC WN PA RJ", "ready"), ("device end x --as ", "migrated failed", "held"),
         ("spool hold 1 --r", "--reason", "--help"), ("spool show ", "00000001 00000002", "EMI"),
         ("spool show EMI", "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml", "00000001"),
         ("batch hold ", "MCC.B20230703-0001", "MCC"), ("incident close ", "INC-000001", "00000001"),
         ("drop pause ", "mcc tcos", "--reason"), ("device show 00-DB", DEVICE, "00000001"),
         ("why 00", f"{DEVICE} 00000001", "why"), ("device find --code C1", "C103 C115", "B208"),
         ("report ", "list ECOSMIG-001 MGMT-PAGE", "ready"), ("report redeliver EMD", "EMD_MCC_90-B3-D5-1F-30-0E-C0-01_"
          "20230703_060000_000001_R1.xml", "EMA"),
         ("redeliver x EMD", "EMD_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001_R1.xml", "EMA"),
         ("incident close INC-000001 ", "INC-000001", "00000001"), ("--js", "--json", "--now"))
MEANT = (("spol list", "did you mean spool?"), ("withdraw X", "did you mean batch withdraw or device withdraw?"),
         ("spool realease 1", "did you mean release?"), ("spool hold 1 --reson x", "did you mean --reason?"),
         ("--josn status", "did you mean --json?"), ("drop pause mmc --reason x", "did you mean mcc?"),
         ("doctor mc", "did you mean mcc?"), ("pickup mc", "did you mean mcc?"),
         ("spool list --state redy", "did you mean ready?"), ("device list --state MIGRATD", "did you mean MIGRATED?"),
         ("device find --code C1O3", "did you mean C10"), ("device find --state REDY", "did you mean READY?"),
         ("report ECOSMIG-01", "did you mean ECOSMIG-001?"),
         ("batch show MCC.B20230703-001", "did you mean MCC.B20230703-0001?"))


def bash(lines, conf, ecosgate=GATE):
    """What bash would offer for each line."""
    text = [f". {shlex.quote(SCRIPT)}"]
    for line in lines:
        words = ["ecosgate", "-c", conf, *line.split(" ")]
        text += [f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}",
                 f"_ecosgate {shlex.quote(ecosgate)} 2>&1; echo \"${{COMPREPLY[*]}}\""]
    done = subprocess.run(["bash", "-c", "\n".join(text)], capture_output=True, timeout=PATIENCE, check=False)
    return done.stdout.decode().split("\n")[:-1], done.stderr.decode()


def test_lines(tap, home):
    offered, said = bash([line for line, _, _ in LINES], home.conf)
    tap.ok(len(offered) == len(LINES) and not said, "bash: a line of candidates for each", said, offered)
    for (line, wanted, other), found in zip(LINES, offered):
        tap.ok(set(wanted.split()) <= set(found.split()) and other not in found.split(),
               f"bash: 'ecosgate {line}'", found)


def test_all_commands(tap, home):
    """Every option that the help of a command shows is offered, and every command."""
    listed = home.command("--help").stdout.decode().split("Commands:\n")[1]
    calls = re.findall(r"^  ([a-z][a-z ]*[a-z])(?: .*)?$", listed, re.M)
    calls = [call for call in calls if home.command(*call.split(), "--help").returncode == 0]
    offered, _ = bash([f"{call} --" for call in calls], home.conf)
    for call, found in zip(calls, offered):
        own = set(re.findall(r"(--[a-z-]+)", home.command(*call.split(), "--help").stdout.decode().split("\n\n", 1)[0]))
        tap.ok(own - {"--help"} <= set(found.split()) and "--help" in found.split(), f"options of {call}", own, found)
    tap.ok(len(calls) > 45, "all commands were looked at", calls)


def test_silent(tap, home):
    offered, said = bash(("spool show ", "drop pause ", "spool sh"), "/nowhere")
    tap.ok(offered == ["", "", "show"] and not said, "without a home the commands are offered", offered,
           said)
    ledger = home.path("spool", "ledger.sqlite")
    os.rename(ledger, ledger + ".away")
    offered, said = bash(("spool show ", "drop pause m"), home.conf)
    os.rename(ledger + ".away", ledger)
    tap.ok(offered == ["", "mcc maps"] and not said, "without a ledger the configuration is offered, silently",
           offered, said)


def test_terminal(tap, home):
    """A bash at a terminal: TAB completes the word."""
    folder = os.path.join(home.top, "bin")
    os.mkdir(folder)
    os.symlink(os.path.abspath(GATE), os.path.join(folder, "ecosgate"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home.dir)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"],
                   {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PS1": "> ", "TERM": "dumb"})
    os.write(terminal, f"bind 'set bell-style none'; . {SCRIPT}; ec''ho there\n".encode())
    shown = read_until(terminal, r"\nthere")
    os.write(terminal, b"ecosgate spool req\t 00000001 --rea\t")
    shown = read_until(terminal, r"--reason ")
    tap.ok(re.search("ecosgate spool requeue  ?00000001 --reason ", shown),
           "a terminal: TAB completes verb and option", shown)
    os.write(terminal, b"\x15exit\n")
    os.waitpid(pid, 0)
    os.close(terminal)


def read_until(terminal, pattern):
    shown = ""
    while not re.search(pattern, shown):
        if not select.select([terminal], [], [], PATIENCE)[0]:
            break
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_meant(tap, home):
    for call, text in MEANT:
        done = home.command(*call.split())
        tap.ok(done.returncode in (1, 2) and text in done.stderr.decode(), f"'{call}': {text}", done.stderr)
    done = home.command("xyzzy")
    tap.ok(b"did you mean" not in done.stderr, "a word that is near none suggests nothing", done.stderr)


def main():
    with Tap() as tap:
        if shutil.which("bash") is None:
            tap.ok(True, "bash # SKIP there is none")
            return
        home = Home()
        home.drop("mcc", os.path.join(SAMPLES, "good", "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml"))
        home.drop("mcc", sorted(glob.glob(os.path.join(SAMPLES, "codes", "B208", "*.csv")))[0])
        home.run()
        test_lines(tap, home)
        test_all_commands(tap, home)
        test_silent(tap, home)
        test_terminal(tap, home)
        test_meant(tap, home)


main()
