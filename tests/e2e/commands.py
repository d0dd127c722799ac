#!/usr/bin/env python3
"""Calls of the program: help, wrong calls, output that cannot be written, members and examples of the manuals (TAP)."""
import glob
import json
import os
import re
import subprocess

from home import GATE, PATIENCE, SAMPLES, SOURCE, Home, Tap, claim_text, manual_members

COMMANDS = [words.split() for words in (
    "init", "check", "run", "pickup", "doctor", "status", "health", "metrics", "today", "complete", "why",
    "archive", "archive list", "archive verify", "archive restore", "evidence", "spool", "spool list",
    "spool show", "spool cat", "spool verify", "spool hold", "spool release", "spool requeue", "spool reject", "device",
    "device show",
    "device list", "device find", "device hold", "device release", "device end", "device withdraw",
    "batch", "batch list",
    "batch show", "batch hold", "batch release", "batch withdraw", "dispatch", "dispatch pause",
    "dispatch resume", "drop",
    "drop pause", "drop resume", "incident",
    "incident list", "incident show", "incident close", "report", "report list", "report redeliver", "redeliver",
    "thresholds", "purge", "expect", "expect list",
    "sequence", "sequence list", "sequence set", "claim", "claim list", "claim take", "profile", "profile facts",
    "profile list", "profile show", "profile diff", "profile new", "profile check", "profile export",
    "config", "config check", "backup", "restore", "recover")]
WRONG = (("--bogus",), ("nothing",), ("init",), ("init", "a", "b"), ("init", "--ledger", "a"),
         ("init", "--ledger", "--system"),
         ("check",), ("check", "--max-findings", "-1", "a"), ("check", "-"), ("check", "a", "--name", "b"),
         ("check", "-", "-", "--name", "b"), ("check", "-", "--name", "a/b"), ("check", "-", "--name", ""),
         ("check", "--format", "xml", "a"), ("--json", "check", "--format", "sarif", "a"),
         ("check", "--answers", "/nowhere", "a"), ("check", "--answers", "/tmp", "--max-findings", "2", "a"),
         ("archive",), ("archive", "--before", "x"), ("archive", "--before", "2023-01-01", "--out", "a"),
         ("archive", "--before", "2023-01-01", "--reason", "a"), ("archive", "list"), ("archive", "list", "/nowhere"),
         ("archive", "list", "a", "--type", "x"), ("archive", "verify"), ("archive", "verify", "/nowhere"),
         ("archive", "restore"), ("archive", "restore", "a", "--reason", "x"), ("archive", "restore", "a", "1"),
         ("archive", "restore", "a", "1", "--all", "--reason", "x"),
         ("evidence",), ("evidence", "1"), ("evidence", "1", "2", "--out", "a"),
         ("run", "now"), ("pickup", "a", "b"), ("spool",), ("spool", "nothing"), ("spool", "list", "x"),
         ("spool", "list", "--state", "x"), ("spool", "list", "--verdict", "x"), ("spool", "list", "--since", "x"),
         ("spool", "list", "--limit", "-1"), ("spool", "list", "--after", "x"),
         ("device", "find"), ("device", "find", "x"), ("device", "find", "--hub", "x"),
         ("device", "find", "--state", "x"), ("device", "find", "--model", "x"),
         ("device", "find", "--code", "C101", "--after", "x"), ("device", "find", "--code", "C101", "--limit", "-1"),
         ("spool", "show"), ("spool", "show", "x"), ("spool", "cat"), ("spool", "verify", "x"), ("spool", "hold"),
         ("spool", "hold", "1"), ("device",), ("device", "show", "x"), ("incident",), ("incident", "nothing"),
         ("incident", "list", "x"), ("incident", "list", "--category", "x"), ("incident", "list", "--older-than", "x"),
         ("incident", "close", "--reason", "x"), ("incident", "close", "1", "--code", "A103", "--reason", "x"),
         ("incident", "show"), ("incident", "show", "x"), ("incident", "close", "1"),
         ("incident", "close", "x", "--reason", "y"), ("report",), ("report", "ECOSMIG-009"),
         ("report", "ECOSMIG-001", "--period", "x"),
         ("purge",), ("purge", "--reason", "x"), ("purge", "--before", "x", "--reason", "x"),
         ("purge", "--before", "2023-07-01"), ("purge", "x", "--before", "2023-07-01", "--reason", "x"),
         ("purge", "--before", "2999-01-01", "--reason", "x"), ("purge", "--before", "2023-02-30", "--dry-run"),
         ("purge", "--dry-run"),
         ("redeliver",), ("redeliver", "a"), ("redeliver", "--reason", "x"), ("redeliver", "a", "--type", "EMA"),
         ("redeliver", "--since", "x", "--reason", "x"), ("report", "redeliver"), ("report", "redeliver", "a"),
         ("report", "list", "x"), ("thresholds", "x"), ("sequence", "list", "x"), ("sequence", "set", "MCC", "EMI"),
         ("sequence", "set", "MCC", "EMA", "1", "--reason", "x"),
         ("sequence", "set", "MCC", "EMI", "1000000", "--reason", "x"),
         ("sequence", "set", "MCC", "EMI", "-1", "--reason", "x"), ("sequence", "set", "MCC", "EMI", "1"),
         ("config",), ("config", "nothing"), ("config", "check", "a", "b"),
         ("profile",), ("profile", "nothing"), ("profile", "facts", "x"), ("profile", "list", "x"),
         ("profile", "show"), ("profile", "diff", "proposal-1.0"), ("profile", "new", "/tmp/x"), ("profile", "check"),
         ("profile", "check", "/nowhere"), ("profile", "export"),
         ("claim", "list", "x"), ("claim", "take"), ("claim", "take", "mcc"),
         ("backup",), ("backup", "a", "b"), ("backup", "/nowhere/at/all"), ("restore",), ("restore", "/nowhere"),
         ("recover",), ("recover", "x", "--reason", "y"), ("recover", "--list", "x"), ("device", "release"),
         ("device", "release", "x", "--reason", "y"), ("device", "release", "all"),
         ("device", "end"), ("device", "end", "00-DB-12-34-56-78-90-A0", "--reason", "x"),
         ("device", "end", "00-DB-12-34-56-78-90-A0", "--as", "x", "--reason", "x"),
         ("device", "end", "x", "--as", "failed", "--reason", "x"),
         ("device", "end", "00-DB-12-34-56-78-90-A0", "--as", "failed"),
         ("batch",), ("batch", "list", "x"), ("batch", "show"), ("batch", "hold"), ("batch", "hold", "1"),
         ("batch", "release"), ("batch", "withdraw", "B-1"), ("device", "withdraw", "00-DB-12-34-56-78-90-A0"),
         ("device", "withdraw", "x", "--reason", "y"), ("device", "hold"), ("device", "hold", "x", "--reason", "y"),
         ("device", "hold", "00-DB-12-34-56-78-90-A0"), ("dispatch",), ("dispatch", "pause"),
         ("dispatch", "pause", "x", "--reason", "x"), ("dispatch", "resume"),
         ("drop", "pause", "mcc"), ("drop", "pause", "--reason", "x"), ("drop", "resume", "mcc"),
         ("status", "x"), ("status", "--watch"), ("today", "x"), ("today", "--date", "x"), ("--now", "today", "status"))
GOOD = sorted(glob.glob(os.path.join(SAMPLES, "good", "EMI_*")))
# Without these options the command cannot run: its help must not show them as optional.
REQUIRED = {"spool hold": "ID --reason TEXT", "spool release": "ID --reason TEXT", "spool requeue": "ID --reason TEXT",
            "spool reject": "ID --reason TEXT",
            "report redeliver": "FILE … --reason TEXT",
            "device list": "--state STATE|--withheld"}
REJECTED = sorted(glob.glob(os.path.join(SAMPLES, "codes", "B208", "EMI_*")))


def call(*arguments, **options):
    return subprocess.run([GATE, *arguments], capture_output=True, check=False, timeout=PATIENCE, **options)


def test_help(tap):
    whole = call("--help")
    tap.ok(whole.returncode == 0 and not whole.stderr, "--help goes to standard output")
    wide = [line for line in whole.stdout.decode().splitlines() if len(line) > 100]
    tap.ok(not wide, "--help: no line is over 100 columns", wide)
    for command in COMMANDS:
        done = call(*command, "--help")
        tap.ok(done.returncode == 0 and done.stdout.startswith(b"Usage:\n  ecosgate " + " ".join(command).encode())
               and not done.stderr, f"{' '.join(command)} --help", done.stdout, done.stderr)
        tap.ok(b"[OPTION" not in done.stdout and b"--help" in done.stdout, f"{' '.join(command)}: its own options only",
               done.stdout)
        done = call(*command, "--json")
        tap.ok(done.returncode == (3 if command == ["health"] else 2) and b"stand before" in done.stderr,
               f"{' '.join(command)} --json: the message says where it belongs",
               done.stderr)
        tap.ok(b"\n  " + " ".join(command).encode() in whole.stdout or
               command[0] in ("spool", "batch", "dispatch", "drop", "incident", "sequence", "claim", "profile"),
               f"--help names {' '.join(command)}")


    for command, rest in REQUIRED.items():
        said = call(*command.split(), "--help").stdout.decode()
        tap.ok(said.startswith(f"Usage:\n  ecosgate {command} {rest}\n\n"), f"{command}: options that must be given",
               said)
    said = call("spool", "hold", "--help").stdout.decode()
    tap.ok("\n\nkeep back a job that waits for its verdict\n\n" in said, "the help says what the command does", said)
    said = call("archive", "--help").stdout.decode()
    tap.ok("\n\nSee also: ecosgate archive list|verify|restore …\n\n" in said,
           "the help of a command that is a group too names the others", said)
    tap.ok(b"/etc/ecosgate/ecosgate.conf" in whole.stdout and b"ECOSGATE_CONF" in whole.stdout,
           "--help names the places of the configuration", whole.stdout)


def test_no_configuration(tap, home):
    env = {name: value for name, value in os.environ.items() if name != "ECOSGATE_CONF"}
    for command in (("run",), ("status",), ("doctor",)):
        done = call(*command, cwd=home.top, env=env)
        tap.ok(done.returncode == 2 and (b" error unable: " if command == ("run",) else b"ecosgate: ") +
               b"configuration: there is neither ./ecosgate.conf nor /etc/ecosgate/ecosgate.conf; " in done.stderr,
            f"{command[0]} in a folder without configuration: where it was looked for", done.stderr)


def test_refusals(tap, home):
    """Each is one sentence: what is wrong and what would be right."""
    jobs = {job["state"]: job["id"] for job in home.json("spool", "list") if job["name"].startswith("EMI_")}
    accepted = "done" if "done" in jobs else "active"
    for verb, state, right in (("hold", accepted, "in ready can be held"),
                               ("release", "rejected", "in held can be released"),
                               ("requeue", accepted, "in rejected, held or corrupt can be judged again")):
        done = home.command("spool", verb, jobs[state], "--reason", "x")
        wanted = f"ecosgate: spool {verb}: job {jobs[state]} is in {state}; only a job {right}\n"
        tap.ok(done.returncode == 1 and done.stderr.decode() == wanted, f"spool {verb} of a job in {state}",
               done.stderr)
    done = home.command("why", "INC-999999")
    tap.ok(done.returncode == 1 and b"; for a batch: 'ecosgate batch show'; for an incident: 'ecosgate incident show'"
           in done.stderr, "why of an incident", done.stderr)
    done = home.command("archive", "list", "/nowhere.tar.zst")
    tap.ok(done.returncode == 2 and done.stderr.decode() == "ecosgate: /nowhere.tar.zst cannot be read: No such file "
           "or directory; name an archive that your user may read\n", "an archive that is not there", done.stderr)


def test_wrong_calls(tap, home):
    for arguments in WRONG:
        done = home.command(*arguments)
        tap.ok(done.returncode == 2 and done.stderr.startswith(b"ecosgate: ") and not done.stdout,
               f"wrong call: {' '.join(arguments)}", done.returncode, done.stdout, done.stderr)


def test_output(tap, home):
    for arguments in (("check", *GOOD), ("--json", "check", *GOOD), ("check", "--format", "junit", *GOOD),
                      ("check", "--format", "sarif", *GOOD), ("status",), ("spool", "list"),
                      ("spool", "cat", "1")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([GATE, "-c", home.conf, *arguments], stdout=full, stderr=subprocess.PIPE, check=False)
        tap.ok(done.returncode == 2 and done.stderr.count(b"standard output") == 1,
               f"standard output on a full disk: {' '.join(arguments[:2])}", done.returncode, done.stderr)
    odd = os.path.join(os.fsencode(home.top), b"odd\xff")
    done = call("--json", "init", odd)
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["home"].endswith("odd\\xFF"),
           "a path that is no UTF-8 is escaped", done.stdout)


def members(value):
    """Names of all members. Objects that count by code or state are left out: their members are codes and states."""
    if isinstance(value, list):
        return set().union(*map(members, value))
    if isinstance(value, dict):
        return set(value).union(*(members(v) for k, v in value.items() if k not in ("counts", "jobs", "devices")))
    return set()


def test_members(tap, home):
    documented = manual_members()
    device = home.read_out("tcos", home.out("tcos")[0]).decode().split("\n")[1].split(",")[3]
    rejected = [job["id"] for job in home.json("spool", "list") if job["verdict"] == "RJ"][0]
    home.drop("mcc", GOOD[0])
    home.write_claim("mcc", claim_text())  # there must be something to take
    for arguments in (("check", *GOOD, *REJECTED), ("pickup",), ("spool", "list"),
                      ("spool", "requeue", rejected, "--reason", "again"),
                      ("spool", "show", rejected), ("spool", "verify"), ("device", "show", device),
                      ("incident", "list"), ("incident", "show", "1"),
                      ("incident", "close", "INC-000001", "--reason", "known"),
                      ("sequence", "set", "MCC", "EMI", "41", "--reason", "anew"), ("sequence", "list"),
                      ("claim", "list"), ("claim", "take", "mcc", "--reason", "mine"), ("why", device), ("status",),
                      ("evidence", device, "--out", os.path.join(home.top, "a.tar")),
                      ("archive", "--before", "2023-07-03T12:00:00Z", "--dry-run"),
                      ("health",), ("today",),
                      ("init", os.path.join(home.top, "other"))):
        facts = home.json(*arguments)
        missing = set().union(*map(members, facts)) - documented
        tap.ok(facts and not missing, f"ecosgate(1) names every member: {' '.join(arguments[:2])}", missing)


def test_example(tap, home):
    with open(os.path.join(SOURCE, "gateway", "ecosgate.conf.5"), encoding="utf-8") as file:
        example = re.search(r"^\.SH EXAMPLE\n.*?^\.nf\n(.*?)^\.fi", file.read(), re.MULTILINE | re.DOTALL).group(1)
    path = os.path.join(home.top, "example.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(example.replace("\\-", "-"))
    done = call("-c", path, "--now", "2023-07-03T12:00:00Z", "check", *GOOD)
    tap.ok(done.returncode == 0, "the example of ecosgate.conf(5) is a configuration", done.stderr)


if __name__ == "__main__":
    with Tap() as report:
        place = Home()
        for sample in GOOD + REJECTED:
            place.drop("mcc", sample)
        place.run()
        test_help(report)
        test_no_configuration(report, place)
        test_refusals(report, place)
        test_wrong_calls(report, place)
        test_output(report, place)
        test_members(report, place)
        test_example(report, place)
