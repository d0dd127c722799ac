#!/usr/bin/env python3
"""The condition of the gateway at a glance (TAP): `status` says what is wrong first, on one screen; `health` says it to
monitoring; `today` counts a day."""
import os
import pty
import re
import shutil
import subprocess

from gate import GATE
from home import Home, Tap, terminate, wait_until
from live import instruction, name_of, send
from parties import Parties, at, confirmed, device, instructed, said

COLUMNS, LINES = 100, 24


def screen(home, now):
    done = home.command("status", now=now)
    return done.stdout.decode().splitlines()


def alarms(home, now):
    return [(one["level"], one["code"], one["since"], one["command"])
            for one in home.json("status", now=now)[0]["alarms"]]


def fits(tap, text, lines, columns=COLUMNS):
    wide = [line for line in lines if len(line) > columns]
    tap.ok(not wide, f"no line is wider than {columns} columns: {text}", wide)


def fits_terminals(tap, text, home, now, commands):
    """At a terminal the screen is as wide as it, and has every alarm with its command."""
    for columns in (60, 80, 200):
        said = home.command("status", now=now, env={"COLUMNS": str(columns)}).stdout.decode()
        fits(tap, text, said.splitlines(), min(columns, COLUMNS))
        tap.ok(all(f"  {command}\n" in said for command in commands) and "Devices   " in said and
               "ledger generation " in said, f"with {columns} columns nothing is left out: {text}", said)


def heartbeat(home, **values):
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    with open(home.path("spool", "heartbeat"), "w", encoding="utf-8") as file:
        file.write("[heartbeat]\n" + lines)


def test_well(tap):
    home = Home()
    tap.ok(alarms(home, at(0)) == [("critical", None, None, "ecosgate run")], "a home in which nothing ran",
           alarms(home, at(0)))
    parties = Parties(home)
    parties.instruct(range(1, 40))
    home.run()
    lines = screen(home, at(1))
    tap.ok("nothing is wrong" in lines and len(lines) <= LINES and home.json("status", now=at(1))[0]["alarms"] == [],
           f"when all is well the screen says so in {LINES} lines", "\n".join(lines))
    fits(tap, "all is well", lines)
    fits_terminals(tap, "all is well", home, at(1), ())
    tap.ok(any("39 DISPATCHED" in line for line in lines) and any("last pass 60 s ago" in line for line in lines) and
           any(line.startswith("reports   ECOSMIG-002 ") for line in lines),
           "it has the Devices, the last pass and the next reports", "\n".join(lines))
    home.set("health max_age=3600")
    tap.ok(alarms(home, at(60)) == [] and alarms(home, at(61)) ==
           [("critical", None, at(0), "ecosgate run")], "no pass for longer than max_age", alarms(home, at(61)))


def test_wrong(tap):
    home = Home("health max_age=86400")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    send(home, name_of(7), b"no instruction\n")
    shutil.rmtree(home.path("drops", "suppliers", "in"))
    home.command("dispatch", "pause", "--reason", "wrong models", now=at(0))
    home.run(now=at(1))
    home.command("device", "hold", device(1), "--reason", "ask first", now=at(3))
    home.command("device", "hold", device(2), "--reason", "ask first", now=at(4))
    expected = [("warning", "A102", at(1), "ecosgate doctor suppliers"),
                ("note", None, at(0), "ecosgate dispatch resume --reason TEXT"),
                ("note", None, at(1), "ecosgate incident list"),
                ("note", None, at(3), "ecosgate status --all")]
    tap.ok(alarms(home, at(5)) == expected,
           "what is wrong, the worst first, the oldest first of one level; many of one kind are one",
           alarms(home, at(5)))
    lines = screen(home, at(5))
    fits(tap, "something is wrong", lines)
    fits_terminals(tap, "something is wrong", home, at(5), (
        "ecosgate doctor suppliers", "ecosgate dispatch resume", "ecosgate incident list", "ecosgate status --all"))
    first = next(line for line in lines if line.startswith("warning"))
    tap.ok(lines.index(first) == 3 and "A102 suppliers: " in first and first.endswith("…  ecosgate doctor suppliers"),
           "the first line after the head is the worst, with the command at its end", "\n".join(lines))
    tap.ok(any("2 times, the oldest: Device " in line for line in lines), "held Devices are one line", lines)
    tap.ok(any("suppliers" in line and "in: DOWN 4 min (A102)" in line for line in lines),
           "the drop says since when it is down", lines)
    tap.ok([one[0] for one in alarms(home, at(31))][:2] == ["critical", "note"], "a drop that is down for drop_down",
           alarms(home, at(31)))
    status = home.json("status", now=at(5))[0]
    down = next(drop for drop in status["drops"] if drop["name"] == "suppliers")
    tap.ok(down["in"]["down"] == at(1) and "cannot be listed" in down["in"]["why"] and down["out"]["down"] is None and
           (status["system_incidents"], status["file_incidents"], status["device_incidents"]) == (1, 1, 0),
           "--json has them", down)
    whole = home.command("status", "--all", now=at(5)).stdout.decode()
    tap.ok("gateway's user may use it  ecosgate doctor suppliers\n" in whole and "\nreference data" not in whole and
           "\nkept back by operators\n" in whole and "\nincidents\n" in whole, "--all has the texts and lists in full",
           whole)


def test_drops(tap):
    home = Home("drop mcc complete=marker")
    home.run()
    send(home, name_of(1), instruction(1))
    os.rename(home.path("drops", "mcc", "in", name_of(1)), home.path("drops", "mcc", "in", name_of(2)))
    came = os.stat(home.path("drops", "mcc", "in", name_of(2))).st_ctime
    home.command("drop", "pause", "tcos", "--in", "--reason", "ask", now=at(2))
    row = home.json("status", now=at(5))[0]["drops"]
    tap.ok(row[0]["waiting"] == 1 and row[0]["oldest_waiting"] is not None and row[1]["in"]["paused"] == at(2) and
           row[1]["out"]["paused"] is None, "what waits since when, and what is paused", row[:2])
    later = home.command("--json", "status", now="2126-01-01T00:00:00Z").stdout.decode()
    tap.ok(came > 0 and "drop mcc: files that wait and are not picked up: 1" in later and
           "ecosgate pickup mcc" in later, "a file that is never picked up is an alarm, and no incident says it", later)


def test_heartbeat(tap):
    home = Home()
    daemon = home.daemon(now=at(0))
    wait_until(lambda: home.json("status", now=at(0))[0]["last_pass"]["at"] is not None)
    last = home.json("status", now=at(1))[0]["last_pass"]
    tap.ok(last == {"at": at(0), "program_began": at(0), "once": False, "ended_early": None, "reports_building": None},
           "a pass of the daemon is known", last)
    tap.ok(alarms(home, at(10)) == [] and alarms(home, at(11)) == [("critical", None, at(0), "ecosgate run")],
           "one that hangs is found by its age", alarms(home, at(11)))
    terminate(daemon)
    tap.ok(alarms(home, at(0)) == [("critical", None, at(0), "ecosgate run")], "a daemon that has ended, at once",
           alarms(home, at(0)))
    heartbeat(home, **{"pass": at(0), "begun": at(0), "once": "true", "cause": "the disk is\\tfull"})
    text = "\n".join(screen(home, at(1)))
    tap.ok("CRITICAL    60 s  the last pass ended early: the disk is full  ecosgate doctor" in text,
           "a pass that ended early says why", text)
    heartbeat(home, **{"pass": at(60), "begun": at(60), "once": "true"})
    text = "\n".join(screen(home, at(0)))
    tap.ok(alarms(home, at(0)) == [("critical", None, at(0), "ecosgate run")] and
           "the last pass ended 60 min after now: the clock was or is wrong" in text,
           "a pass that is to come says nothing of how long ago it was", text)
    tap.ok(alarms(home, at(55)) == [], "a clock that was put back a little is no alarm", alarms(home, at(55)))
    heartbeat(home, **{"pass": at(0), "begun": at(60), "once": "true"})
    tap.ok(alarms(home, at(11)) == [("critical", None, at(0), "ecosgate run")],
           "a start that is to come hides no pass that hangs", alarms(home, at(11)))
    with open(home.path("spool", "heartbeat"), "wb") as file:
        file.write(b"\0nothing")
    tap.ok(alarms(home, at(1)) == [("critical", None, None, "ecosgate run")], "a torn heartbeat is none",
           alarms(home, at(1)))
    os.unlink(home.path("spool", "heartbeat"))
    os.mkdir(home.path("spool", "heartbeat"))
    done = home.run(now=at(2))
    tap.ok(done.returncode == 0, "one that cannot be written stops nothing", done.stderr)


def health(home, *options, now):
    done = home.command("health", *options, now=now)
    return done.returncode, done.stdout.decode()


def test_health(tap):
    home = Home()
    tap.ok(health(home, now=at(0))[0] == 2, "health of a home in which nothing ran", health(home, now=at(0)))
    home.run()
    good = health(home, now=at(1))
    tap.ok(good[0] == 0 and good[1].count("\n") == 1 and good[1].startswith(
        "OK: the last pass ended 60 s ago, 6 drops | pass_age=60s;;600 drops_down=0 waiting=0 owed=0 corrupt=0 held=0 "
        "incidents_system=0 incidents_files=0 incidents_devices=0 free_mib_spool="), "all is well: 0", good)
    late = health(home, "--max-age", "59", now=at(1))
    tap.ok(late[0] == 2 and "pass_age=60s;;59 " in late[1] and
           late[1].startswith("CRITICAL: no pass has ended for 60 s, and the gateway does not run |"),
           "no pass: 2; the option stands for the setting", late)
    os.rename(home.path("drops", "mcc", "in"), home.path("drops", "mcc", "away|"))
    home.run(now=at(2))
    found = health(home, now=at(3))
    tap.ok(found[0] == 1 and found[1].startswith("WARNING: A102 mcc: ") and found[1].count("|") == 1 and
           "drops_down=1" in found[1], "a drop is down: 1", found)
    worst = health(home, "--max-age", "1", now=at(3))[1]
    tap.ok(health(home, "--drop-down", "1", now=at(3))[0] == 2 and worst.startswith("CRITICAL: no pass ") and
           " (and 1 more: ecosgate status) |" in worst, "down for longer: 2, and the worst is said", worst)
    for words in (("--max-age", "x"), ("--nothing",), ("--max-age", "-1")):
        found = health(home, *words, now=at(3))
        tap.ok(found[0] == 3 and found[1].startswith("UNKNOWN: "), f"a wrong call is unknown: {words}", found)
    one = home.json("health", now=at(3))[0]
    tap.ok(one["health"] == "WARNING" and one["counts"]["drops_down"] == 1, "--json has the same", one)
    os.rename(home.path("spool"), home.path("away"))
    tap.ok(health(home, now=at(3))[0] == 3, "a home that cannot be read is unknown", health(home, now=at(3)))


def figures(home, *words, now):
    found = home.json("today", *words, now=now)[0]
    return {(row["section"], row["name"]): (row["n"], row["n_before"]) for row in found["figures"]
            if row["n"] or row["n_before"]}


def test_today(tap):
    """Every number is counted by hand: 2023-07-03 is a Monday, and so is the day a week later."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2, 3, instructed(4, model="010A030C")])
    home.run()
    parties.result(said(1), said(2, "FAILED", gbcs="17"))
    parties.confirm(confirmed(1))
    send(home, name_of(70), b"no instruction\n")
    home.run(now=at(1))
    monday = {("files in", "EMC AC"): (1, 0), ("files in", "EMI AC"): (1, 0), ("files in", "EMI RJ"): (1, 0),
              ("files in", "EMT AC"): (1, 0), ("Devices", "instructed"): (4, 0), ("Devices", "accepted"): (4, 0),
              ("Devices", "ordered"): (4, 0), ("Devices", "migrated"): (1, 0), ("Devices", "failed"): (1, 0),
              ("failed by code", "D117"): (1, 0), ("files out", "planned"): (7, 0),
              ("incidents opened", "of files"): (1, 0)}
    found = figures(home, now=at(2))
    planned = found[("files out", "planned")]
    monday[("files out", "planned")] = (len([n for d in ("mcc", "tcos", "ecos", "dcc") for n in home.out(d)]), 0)
    tap.ok(found == monday and planned[0] > 4, "a day", found)
    week = 7 * 24 * 60
    parties.instruct([5, 6])
    home.run(now=at(week))
    found, before = figures(home, now=at(week)), figures(home, "--date", "2023-07-03", now=at(week))
    tap.ok(found[("Devices", "instructed")] == (2, 4) and found[("files in", "EMI RJ")] == (0, 1) and
           found[("Devices", "migrated")] == (0, 1) and found[("reports", "issued")][0] > 0 and
           before == {**monday, **{key: (monday[key][0], 0) for key in monday}},
           "against the same weekday a week before; --date tells an earlier day", found, before)
    tap.ok(figures(home, "--date", "2023-07-04", now=at(week)).get(("Devices", "instructed")) is None,
           "nothing of another day")
    text = home.command("today", now=at(week)).stdout.decode()
    lines = text.splitlines()
    fits(tap, "today", lines)
    tap.ok(lines[0].split() == ["day", "(UTC)", "2023-07-10", "2023-07-03"] and "█" not in text and
           any(line.split() == ["Devices", "instructed", "2", "4"] for line in lines), "text without a terminal", text)
    drawn = on_terminal(home, "today", now=at(week))
    tap.ok(any("instructed" in line and line.rstrip().endswith("█" * 20 + "░" * 20) for line in drawn.splitlines()),
           "on a terminal with bars", drawn)


def page_of(home):
    with open(home.path("page", "status.html"), encoding="utf-8") as file:
        return file.read()


def test_page(tap):
    home = Home("page folder=page")
    done = home.run()
    tap.ok(done.returncode == 0 and done.stderr.count(b"the live page in ") == 1 and
           b"No such file or directory" in done.stderr, "a page that cannot be written is said, and stops nothing",
           done.stderr)
    broken = ("warning", None, at(0), "ecosgate doctor")
    told = home.json("status", now=at(1))[0]["alarms"]
    tap.ok(alarms(home, at(1)) == [broken] and "No such file or directory" in told[0]["text"],
           "status has it as a warning, with its cause and the command that helps", told)
    done = home.command("health", now=at(1))
    tap.ok(done.returncode == 1 and b"live page" in done.stdout, "and health", done.stdout)
    os.mkdir(home.path("page"))
    with open(home.path("page", ".status.html.part"), "wb") as file:
        file.write(b"half")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run(now=at(1))
    tap.ok(alarms(home, at(1)) == [], "which ends once the page is there", alarms(home, at(1)))
    home.command("device", "hold", device(1), "--reason", device(2), now=at(2))
    shutil.rmtree(home.path("drops", "suppliers", "in"))
    home.run(now=at(3))
    page = page_of(home)
    tap.ok(os.listdir(home.path("page")) == ["status.html"], "what a crash left there is replaced",
           os.listdir(home.path("page")))
    tap.ok(all(text in page for text in (at(3), "A102 suppliers", "ecosgate doctor suppliers", "a Device is held",
                                         "Not yet delivered",
                                         "ecosgate device release … --reason TEXT", "DISPATCHED", "ECOSMIG-002")),
           "it has what is wrong, what to do, and the figures", page)
    tap.ok(not re.search(r"<script|src=|href=|url\(|[0-9A-F]{2}(-[0-9A-F]{2}){7}|[0-9]{9}", page),
           "it runs and loads nothing, and names no Device and no supply point", page)
    daemon = home.daemon(now=at(4))
    wait_until(lambda: at(4) in page_of(home))
    os.rename(home.path("page"), home.path("away"))
    terminate(daemon)
    with open(home.path("away", "status.html"), encoding="utf-8") as file:
        tap.ok("the gateway does not run<" not in file.read(), "the daemon writes it, and knows that it runs")
    with open(home.path("ecosgate.conf"), "a", encoding="utf-8") as file:
        file.write("\n[expect early]\nparty=MCC\ntype=EMI\ncount=1\nby=06:00\n"
                   "\n[expect noon]\nparty=MCC\ntype=EMI\ncount=2\nby=12:30\n")
    os.rename(home.path("away"), home.path("page"))
    home.run(now="2023-07-04T12:00:00Z")
    rows = re.findall(r'<tr><th scope="row">(early|noon)</th>' + r'<td class="word[^"]*">([^<]*)</td>' * 5,
                      page_of(home))
    tap.ok(rows == [("early", "late", "0 of 1", "2023-07-04 06:00", "2023-07-05 06:00", "EMI from MCC"),
                    ("noon", "late", "1 of 2", "2023-07-03 12:30", "2023-07-04 12:30", "EMI from MCC")],
           "it shows what should have come, by when, and what has", rows, page_of(home))
    home.set("page folder=drops/mcc/in")
    done = home.run(now=at(5))
    tap.ok(done.returncode == 2 and b"the page would be picked up" in done.stderr,
           "a page where files are picked up is refused", done.stderr)


def on_terminal(home, *words, now):
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([GATE, "-c", home.conf, "--now", now, *words], stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        data = b""
        try:
            while part := os.read(ours, 65536):
                data += part
        except OSError:
            pass  # the other side is closed
        process.wait()
    os.close(ours)
    return data.decode()


if __name__ == "__main__":
    with Tap() as report:
        test_well(report)
        test_wrong(report)
        test_drops(report)
        test_heartbeat(report)
        test_health(report)
        test_today(report)
        test_page(report)
