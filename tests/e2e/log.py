#!/usr/bin/env python3
"""The log of `run`: its forms, each event once, no Device; names that are hostile; a full or closed standard error
(TAP)."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess

from home import GATE, LOGGED, NOW, PATIENCE, SOURCE, Home, Tap, said_so_far, terminate, wait_until
from parties import Parties, at, confirmed, device, said

JOURNAL = re.compile(r"<([3-7])>[a-z-]+: .+")
JOURNAL_JSON = re.compile(r'<[3-7]>\{"time":.+\}')
HOSTILE = (b"EMI_\n2023-07-03T12:00:00.000Z info verdict: job 99999999: AC.csv", b"EMI_\x1b[2J\xff\xfe.csv",
           "EMI_\u202e\u2028\u0085.csv".encode(), b'EMI_"}\\n{"event":"verdict"}.csv', b"EMI_" + b"\\" * 200 + b".csv")
EVENTS = dict(re.findall(r'^EVENT\(\w+, "([a-z-]+)", (\w+)',
                         open(os.path.join(SOURCE, "gateway", "log", "events.def"), encoding="utf-8").read(), re.M))


def lines_of(done):
    return [json.loads(line) for line in done.stderr.decode().splitlines()]


def logged(home, *options, now=NOW, **more):
    """The lines of a pass as objects."""
    return lines_of(home.command("run", "--once", "--log-format", "json", *options, now=now, **more))


def count(home, question):
    with contextlib.closing(sqlite3.connect(home.path("spool", "ledger.sqlite"))) as ledger:
        return ledger.execute(question).fetchone()[0]


# ---- forms ----

def test_forms(tap):
    home = Home()
    parties = Parties(home)
    parties.instruct([1])
    done = home.run()
    lines = done.stderr.decode().splitlines()
    tap.ok(lines and all(LOGGED.fullmatch(line) for line in lines), "a pipe gets time, level and event", *lines)
    parties.instruct([2], batch=2)
    lines = logged(home)
    verdict = [line for line in lines if line["event"] == "verdict"]
    tap.ok([(line["job"], line["party"], line["drop"], line["batch"], line["verdict"], line["counts"]["accepted"],
             line["level"], line["time"]) for line in verdict] ==
           [("00000003", "MCC", "mcc", "2", "AC", 1, "info", "2023-07-03T12:00:00.000Z")],
           "an object has what the event is about", verdict)
    tap.ok(all(EVENTS.get(line["event"], "").lower() == line["level"] for line in lines),
           "event and level are those of the table", lines)
    parties.instruct([3], batch=3)
    reading, writing = os.pipe()
    status = os.fstat(writing)
    journal = f"{status.st_dev}:{status.st_ino}"
    for batch, (stream, form, pattern) in enumerate(
            ((journal, "auto", JOURNAL), (journal, "json", JOURNAL_JSON), (f"{status.st_dev}:1", "auto", LOGGED),
             (f"{status.st_dev}", "auto", LOGGED)), 4):
        subprocess.run([GATE, "-c", home.conf, "--now", NOW, "run", "--once", "--log-format", form], stderr=writing,
                       check=False, timeout=PATIENCE, env={**os.environ, "JOURNAL_STREAM": stream})
        lines = os.read(reading, 65536).decode().splitlines()
        tap.ok(lines and all(pattern.fullmatch(line) for line in lines),
               "the journal gets priorities, and who is not the journal does not", stream, form, *lines)
        parties.instruct([batch], batch=batch)
    os.close(reading)
    os.close(writing)


def test_settings(tap):
    home = Home("log format=json\nlog level=warning")
    parties = Parties(home)
    parties.instruct([1])
    tap.ok(home.run().stderr == b"", "a level of the configuration leaves out what is below")
    parties.instruct([2], batch=2)
    found = logged(home, "--log-level", "info")
    tap.ok(any(line["event"] == "verdict" for line in found), "an option comes before it", found)
    parties.instruct([3], batch=3)
    done = home.command("run", "--once", "--log-format", "text", "--log-level", "debug")
    tap.ok(LOGGED.match(done.stderr.decode()) is not None, "for the form as well", done.stderr)
    for option, value in (("--log-format", "syslog"), ("--log-level", "warn")):
        done = home.command("run", "--once", option, value)
        tap.ok(done.returncode == 2 and option.encode() in done.stderr and done.stderr.startswith(b"ecosgate: run: "),
               f"{option} {value} is refused", done.stderr)
    home.set("log level=loud")
    done = home.run()
    tap.ok(done.returncode == 2 and b"[log] level" in done.stderr and b"error unable: " in done.stderr,
           "so is a setting, in the form of a log", done.stderr)
    done = home.command("status")
    tap.ok(done.stderr.startswith(b"ecosgate: "), "other commands print as ever", done.stderr)


def test_reload(tap):
    home = Home("gateway poll_interval=3600")
    parties = Parties(home)
    daemon = home.daemon()
    wait_until(lambda: "started" in said_so_far(daemon))
    home.set("log level=warning\nlog format=json")
    daemon.send_signal(signal.SIGHUP)
    home.set("log level=notice")
    daemon.send_signal(signal.SIGHUP)
    tap.ok(wait_until(lambda: '"event":"reloaded"' in said_so_far(daemon)), "a reload changes form and level",
           said_so_far(daemon))
    parties.instruct([1])
    wait_until(lambda: len(home.out("mcc")) == 2)
    terminate(daemon)
    said_then = said_so_far(daemon)
    tap.ok("verdict" not in said_then and '"event":"stopped"' in said_then, "from then on", said_then)


# ---- every event, once ----

def orders(home, *options):
    """The lines of a daemon that makes some passes and carries out two orders."""
    with open(os.path.join(home.top, "orders"), "w+b") as log:
        daemon = subprocess.Popen([GATE, "-c", home.conf, "--now", at(11), "run", "--log-format", "json", *options],
                                  stderr=log)
        wait_until(lambda: b'"started"' in open(log.name, "rb").read())
        home.command("device", "hold", device(4), "--reason", "it is looked at", now=at(11))
        home.command("batch", "withdraw", "B-1", "--reason", "no longer wanted", now=at(11))
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=PATIENCE)
        log.seek(0)
        return [json.loads(line) for line in log]


def whole_demo(home, *options):
    """Instructions, results, confirmations, orders, an outage, reports: all lines of their passes."""
    parties, lines = Parties(home), []
    parties.instruct([1, 2, 3])
    lines += logged(home, *options)
    parties.instruct([2, 4], batch=2)  # Device 2 is in work (C110)
    parties.result(said(1), said(2, "FAILED", gbcs="17"), said(3))
    lines += logged(home, *options, now=at(5))
    parties.confirm(confirmed(1), confirmed(3, "N"))  # D151
    lines += logged(home, *options, now=at(10))
    os.rename(home.inbox("dcc"), home.inbox("dcc") + ".away")
    lines += orders(home, *options)
    os.rename(home.inbox("dcc") + ".away", home.inbox("dcc"))
    parties.instruct([5], count=7)  # B208
    lines += logged(home, *options, now=at(20))
    lines += logged(home, *options, now=at(8 * 24 * 60))
    return lines


def test_once(tap):
    home = Home()
    lines = whole_demo(home)
    of = {event: [line for line in lines if line["event"] == event] for event in EVENTS}
    sums = {}
    for event in ("sessions-ended", "device-incidents-opened", "device-incidents-closed"):
        sums[event] = sum(sum(line["counts"].values()) for line in of[event])
    incidents = ("SELECT count(*) FROM incident_event e JOIN incident i ON i.id=e.incident "
                 "WHERE e.event=%d AND i.device_id IS %s NULL")
    expected = {
        "picked-up": "SELECT count(*) FROM job WHERE direction=0", "verdict": "SELECT count(*) FROM verdict",
        "delivered": "SELECT count(*) FROM outgoing WHERE delivered_at IS NOT NULL",
        "ordered": "SELECT count(*) FROM outgoing WHERE kind='EMW'",
        "report-issued": "SELECT count(*) FROM report_period", "operator": "SELECT count(*) FROM operator_action",
        "incident-opened": incidents % (0, ""), "incident-closed": incidents % (1, "")}
    for event, question in expected.items():
        tap.ok(len(of[event]) == count(home, question) > 0, f"{event}: as often as the ledger says", len(of[event]),
               count(home, question), *of[event][:20])
    for event, question in (("device-incidents-opened", incidents % (0, "NOT")),
                            ("device-incidents-closed", incidents % (1, "NOT"))):
        tap.ok(sums[event] == count(home, question), f"{event}: the sums of the passes", sums[event])
    tap.ok(sums["device-incidents-opened"] > 0, "one was opened", lines)
    tap.ok(sums["sessions-ended"] >= 2 and len(of["sessions-ended"]) >= 1, "ended sessions are summed",
           of["sessions-ended"])
    tap.ok([line["counts"] for line in of["results"]] == [{"successes": 2, "failures": 1}] and
           [line["counts"] for line in of["confirmations"]] == [{"successes": 1, "failures": 1}],
           "results and confirmations say what they state", of["results"], of["confirmations"])
    tap.ok([line["code"] for line in of["drop-down"] + of["drop-works"]] == ["A102", "A102"],
           "an outage and its end", of["drop-down"], of["drop-works"])
    tap.ok(all(line["time"] and line["message"] for line in lines), "every line has time and message")


def test_devices(tap):
    home = Home()
    ids = {device(number) for number in range(1, 8)} | {"1012345678903"}
    told = json.dumps(whole_demo(home))
    tap.ok(not any(name in told for name in ids), "no line up to info names a Device or an MPxN",
           [name for name in ids if name in told])
    told = json.dumps(whole_demo(Home(), "--log-level", "debug"))
    tap.ok(device(4) in told, "one of debug does")


def test_codes(tap):
    """Each sample of each code: whatever is wrong with a file, its ids stay out of the log."""
    home, found = Home(), set()
    for folder, _, names in os.walk(os.path.join(SOURCE, "samples", "codes")):
        for name in names:
            drop = {"EMI": "mcc", "EMT": "tcos", "EMC": "ecos"}.get(name[:3], "dcc")
            if name[3:4] == "_":
                home.drop(drop, os.path.join(folder, name))
    lines = home.run().stderr.decode()
    found.update(re.findall(r"\b00-DB-(?:[0-9A-F]{2}-){5}[0-9A-F]{2}\b", lines, re.I))
    found.update(re.findall(r"(?<![0-9_])[0-9]{10,13}(?![0-9_])", lines))
    tap.ok(lines.count(" verdict: ") > 20 and not found, "nor do files with any fault", found,
           lines.count(" verdict: "))


# ---- commit and line ----

def test_commit(tap):
    for point, said_so, recorded in (("verdict-committed:before", False, 0), ("verdict-committed:after", False, 0),
                                     ("group-committed:before", False, 0), ("group-committed:after", False, 1)):
        home = Home()
        Parties(home).instruct([1])
        done = home.command("run", "--once", env={"ECOSGATE_CRASH": point})
        tap.ok(done.returncode < 0 and (b" verdict: " in done.stderr) == said_so and
               count(home, "SELECT count(*) FROM verdict") == recorded, f"killed at {point}: no line without a commit",
               done.returncode, done.stderr)
        done = home.run()
        tap.ok(done.stderr.count(b" verdict: ") == 1 - recorded, "the next run does not log it again", done.stderr)


# ---- hostile names ----

def test_hostile(tap):
    for form in ("text", "json", "journal"):
        home = Home()
        for name in HOSTILE:
            with open(os.path.join(os.fsencode(home.inbox("mcc")), name), "wb") as file:
                file.write(b"\xff\x00nothing\n")
        with open(os.path.join(home.inbox("mcc"), "x" * 255), "wb") as file:
            file.write(b"\x01")
        done = home.command("run", "--once", "--log-format", form)
        lines = done.stderr.split(b"\n")
        pattern = {"text": LOGGED, "journal": JOURNAL}.get(form)
        good = [pattern.fullmatch(line.decode()) is not None if pattern else isinstance(json.loads(line), dict)
                for line in lines[:-1]]
        tap.ok(len(lines) > 10 and all(good) and lines[-1] == b"" and max(map(len, lines)) < 4096,
               f"{form}: names cannot forge or break a line", *lines)
        bare = re.sub(rb"\n", b"", done.stderr).decode()
        tap.ok(bare.isprintable() and "99999999: AC.csv" not in
               [line.split(b"verdict: job ")[-1].decode() for line in lines if line.startswith(b"2023")],
               f"{form}: nor bring a control character in")


# ---- a standard error that takes nothing ----

def test_full_pipe(tap):
    home = Home("gateway poll_interval=3600")
    parties = Parties(home)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    daemon = subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run"], stderr=writing)
    os.close(writing)
    parties.instruct([1])
    tap.ok(wait_until(lambda: len(home.out("mcc")) == 2), "a full pipe does not hold the gateway up", home.out("mcc"))
    os.set_blocking(reading, False)
    with contextlib.suppress(BlockingIOError):
        while os.read(reading, 65536):
            pass
    parties.instruct([2], batch=2)
    wait_until(lambda: len(home.out("mcc")) == 4)
    daemon.send_signal(signal.SIGTERM)
    status = daemon.wait(timeout=PATIENCE)
    said_then = os.read(reading, 65536).decode()
    os.close(reading)
    tap.ok(status == 0 and re.match(r"\S+ warning log-lost: \d+ lines of the log could not be written: nobody read",
                                    said_then) and said_then.count("log-lost") == 1 and " verdict: " in said_then,
           "the first line that finds room says how many were lost", status, said_then)


def test_no_output(tap):
    def closed_pipe():
        reading, writing = os.pipe()
        os.close(reading)
        return writing
    for what, make in (("closed pipe", closed_pipe), ("full device", lambda: os.open("/dev/full", os.O_WRONLY)),
                       ("read-only descriptor", lambda: os.open("/dev/null", os.O_RDONLY))):
        home = Home()
        Parties(home).instruct([1])
        descriptor = make()
        done = subprocess.run([GATE, "-c", home.conf, "--now", NOW, "run", "--once"], stderr=descriptor, check=False,
                              timeout=PATIENCE)
        os.close(descriptor)
        tap.ok(done.returncode == 0 and len(home.out("mcc")) == 2, f"a {what} ends nothing", done.returncode)


def main():
    with Tap() as tap:
        for test in (test_forms, test_settings, test_reload, test_once, test_devices, test_codes, test_commit,
                     test_hostile, test_full_pipe, test_no_output):
            if not os.environ.get("ONLY") or os.environ["ONLY"] in test.__name__:
                test(tap)


if __name__ == "__main__":
    main()
