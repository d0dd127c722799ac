#!/usr/bin/env python3
"""Ledgers of older versions: commands that only read refuse them, run brings them up to date, and no row is lost (TAP).

A ledger of this release is copied into tables of an older version. The SQL of those tables is read from
spool/ledger/ledger_schema.c, so a released version must not be edited there.
"""
import csv
import io
import os
import re
import sqlite3
import subprocess

from home import SOURCE, Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound, work
from reference import SUPPLIER, Sender, inv


def source(name):
    with open(os.path.join(SOURCE, "spool", "ledger", name), encoding="utf-8") as file:
        return file.read()


def old_tables(version):
    """The statements of the ledger's versions up to this one, as the source has them."""
    text = source("ledger_schema.c")
    text = text[text.index("versions[] = {"):text.index(f"PRAGMA user_version={version};")]
    text = text.replace("LEDGER_APPLICATION_ID", f'"{0x45434753}"').replace("LEDGER_TALLY_TOOK", '"took"')
    for name, lines in re.findall(r"#define (LEDGER_\w+_INDEXES)((?:.*\\\n)+.*)", source("ledger_private.h")):
        text = text.replace(name, lines.replace("\\\n", ""))
    for name, line in re.findall(r'#define (LEDGER_OUTCOME_\w+) (".*")', source("ledger_private.h")):
        text = text.replace(name, line)
    counted = r"#define (LEDGER_(?:COUNTED|PARTIES)_\w+)((?:.*\\\n)+.*)"
    for name, lines in re.findall(counted, source("ledger_private.h")):
        text = text.replace(name, lines.replace("\\\n", ""))
    side = re.search(r"#define LEDGER_SIDE_4\(type, side\)((?:.*\\\n)+.*)", source("ledger_schema.c")).group(1)
    side = side.replace("\\\n", "")
    text = re.sub(r'LEDGER_SIDE_4\(\s*"(\w+)",\s*"(\w+)"\)',
                  lambda use: side.replace('" type "', use[1]).replace('" side "', use[2]), text)
    statements = re.findall(r'"([^"]*)"', re.sub(r"/\*.*?\*/", "", text, flags=re.S))
    return "".join(statements) + f"PRAGMA user_version={version};"


# Tables of an older version whose rows are stored in another way now: how to make the old rows from the new tables.
CHANGED = {
    2: {"session": "SELECT s.item, t.job, t.record, s.try, s.begun, s.ends, 'DISPATCHED' FROM new.session s"
                   " JOIN new.transition t ON t.id=s.last"},
    4: {"session": "SELECT s.item, s.state, s.transitions, s.try, s.answered, s.unused, s.delays, s.begun, s.ends,"
                   " s.due, s.code, s.next_eligible, s.ended, a.at, ifnull(a.statement=1, 0),"
                   " iif(a.statement=1, a.subject_id, NULL), iif(a.statement=1, a.key_id, NULL), b.at,"
                   " ifnull(b.statement=3, 0), b.subject_id, b.key_id, iif(a.statement=1, a.try, NULL)"
                   " FROM new.session s LEFT JOIN new.transition a ON a.id=s.tcos"
                   " LEFT JOIN new.transition b ON b.id=s.ecos",
        "step": "SELECT item, n, at, state, try, job, record, code, due, gbcs, duis, alert, subject_id, key_id,"
                " said_at FROM new.transition"},
    8: {"transition": "SELECT id, item, n, before, at, state, try, job, record, code, due, gbcs, duis, alert,"
                      " subject_id, key_id, said_at, statement, ifnull(order_id, existing_id), hub"
                      " FROM new.transition"},
}

# Columns of versions 1 to 14 that follow from others now.
DERIVED = {("work_item", "slot"): "iif(outcome=0 AND NOT EXISTS(SELECT 1 FROM new.session s WHERE s.item=work_item.item"
                                  " AND s.ended IS NOT NULL), 0, item)"}

# Names of versions 1 to 5, and what they are called since version 6.
RENAMED = {"part": "outgoing", "step": "transition", "incident_told": "incident_reported", "receipt": "revision",
           "word": "statement", "steps": "transitions", "told": "reported"}


def newer_name(column, there):
    return column if column in there else RENAMED.get(column, column)


def make_old(home, version):
    """Puts a ledger of an older version in place of the home's: the same rows, with that version's columns."""
    path = home.path("spool", "ledger.sqlite")
    os.rename(path, path + ".new")
    for newer in (home.path("witness"), home.path("spool", "ledger-id")):
        os.remove(newer)
    with sqlite3.connect(path) as old:
        old.executescript(old_tables(version))
        old.execute("ATTACH ? AS new", (path + ".new",))
        for (table,) in old.execute("SELECT name FROM main.sqlite_master WHERE type='table'").fetchall():
            if table in CHANGED.get(version, {}):
                old.execute(f"INSERT INTO main.{table} {CHANGED[version][table]}")
                continue
            columns = [row[1] for row in old.execute(f"PRAGMA main.table_info({table})")]
            table_now = RENAMED.get(table, table)
            there = {row[1] for row in old.execute(f"PRAGMA new.table_info({table_now})")}
            newer = {column: newer_name(column, there) for column in columns}
            kept = {column: now for column, now in newer.items() if now in there}
            kept.update((column, DERIVED[table, column]) for column in columns if (table, column) in DERIVED)
            old.execute(f"INSERT INTO main.{table}({','.join(kept)})"
                        f" SELECT {','.join(kept.values())} FROM new.{table_now}")
    old.close()
    home.remove_claims()  # older versions made none


def test_version_2(tap):
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    name = parties.instruct([1, 2, instructed(3, "XSME"), 4])
    home.run()
    refused = parties.instruct([instructed(5, "XSME"), instructed(6, "XSME")])
    home.run()
    rows = home.ledger(UNKNOWN)
    tap.ok(parties.outcome(refused) is not None, "a batch without work has its outcome")
    for file in home.out("mcc"):
        if file.startswith("EMO"):
            os.remove(home.path("drops", "mcc", "out", file))
    # Version 2 wrote no outcomes: their jobs and files are removed.
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        (job,) = ledger.execute("SELECT job FROM outgoing WHERE kind='EMO'").fetchone()
        ledger.execute("DELETE FROM outgoing WHERE kind='EMO'")
        ledger.execute("DELETE FROM job WHERE type='EMO'")
        ledger.execute("DELETE FROM counter WHERE name='EMO' OR name LIKE 'first tries%'")
    ledger.close()
    subprocess.run(["rm", "-r", home.job(job)], check=True)
    make_old(home, 2)
    refusal = b"its tables have version 2, this program needs 16; `ecosgate run` brings them up to date"
    for command in (("status",), ("spool", "list"), ("device", "show", device(1)), ("why", device(1)),
                    ("spool", "verify")):
        done = home.command(*command)
        tap.ok(done.returncode == 2 and refusal in done.stderr,
               f"{command[0]} {command[1] if len(command) > 1 else ''} of an older ledger says what to do",
               done.stderr.decode())
    home.run()
    kept = [row for row in rows if row.startswith(("work_item", "session", "transition"))]
    tap.ok(kept == [row for row in home.ledger(UNKNOWN) if row.startswith(("work_item", "session", "transition"))],
           "run brings items and sessions to this version, with a transition for each dispatch", "\n".join(kept),
           "\n".join(home.ledger()))
    sound(tap, home, "after an older ledger was brought up to date")
    parties.result(said(1), said(2, "TIMEOUT"), said(4))
    parties.confirm(confirmed(1), confirmed(4))
    home.run(now=at(2))
    home.run(now=at(7))
    tap.ok(len(parties.outcome(refused) or []) == 2,
           "a batch that ended under version 2 gets its outcome with the next verdict",
           home.out("mcc"))
    tap.ok(parties.states(1, 2, 4) == ["MIGRATED", "DISPATCHED", "MIGRATED"] and
           parties.orders()[-1] == [f"{work(2)} 2"],
           "its sessions go on", parties.states(1, 2, 4))
    home.run(now=at(2000))
    tap.ok([row[2] for row in parties.outcome(name)] == ["MIGRATED", "FAILED", "REJECTED", "MIGRATED"], "to their ends",
           parties.outcome(name))
    sound(tap, home, "after their ends")


# Sessions with the transitions that they name, and all transitions; compared without their ids, which may differ.
SESSIONS = ("SELECT s.item, s.state, s.transitions, l.item, l.n, s.try, s.answered, s.unused, s.delays, s.begun,"
            " s.ends, s.due, s.code, s.next_eligible, s.ended, a.item, a.n, a.statement, b.item, b.n, b.statement,"
            " ifnull(s.wake<=s.due, s.due IS NULL) FROM session s JOIN transition l ON l.id=s.last"
            " LEFT JOIN transition a ON a.id=s.tcos LEFT JOIN transition b ON b.id=s.ecos"
            " ORDER BY s.item")
TRANSITIONS = ("SELECT t.item, t.n, b.item, b.n, t.at, t.state, t.try, t.job, t.record, t.code, t.due, t.gbcs, t.duis,"
               " t.alert, t.subject_id, t.key_id, t.said_at FROM transition t LEFT JOIN transition b ON b.id=t.before"
               " ORDER BY t.item, t.n")


def test_sessions_of_version(tap, version):
    """Devices in every state: 1 migrated; 2 waits for the ECoS side, 3 for the TCoS side; 4 waits for another try;
    5 failed and was replaced after that; 6 failed by both sides; on 7 and 8 the sides contradict each other; 9 was not
    confirmed, then confirmed; 10 has no result."""
    home = Home()
    parties = Parties(home)
    parties.instruct(list(range(1, 11)))
    home.run()
    parties.result(said(1), said(2), said(4, "TIMEOUT"), said(5, "FAILED", gbcs="5"), said(6), said(7), said(8))
    parties.confirm(confirmed(1), confirmed(3), confirmed(6, "N"), confirmed(7, "N"), confirmed(8, key="FFFF"),
                    confirmed(9, "N"))
    home.run(now=at(1))
    parties.result(said(5), said(6, "FAILED", gbcs="5"), said(8, key="FFFE"), said(9))
    parties.confirm(confirmed(9))
    home.run(now=at(2))
    states = parties.states(*range(1, 11))
    tap.ok(states == ["MIGRATED", "CONFIRM_PENDING", "CONFIRM_PENDING", "RETRY_WAIT D103", "FAILED D105", "FAILED D105",
                      "CONFIRM_MISMATCH D151", "CONFIRM_MISMATCH D151", "MIGRATED", "DISPATCHED"],
           "Devices in every state", states)
    sessions, transitions = parties.rows(SESSIONS), parties.rows(TRANSITIONS)
    make_old(home, version)
    home.run(now=at(2))
    tap.ok(parties.rows(SESSIONS) == sessions,
           "sessions are what they were, each with its newest transition and its sides' transitions",
           "\n".join(map(str, sessions)), "\n".join(map(str, parties.rows(SESSIONS))))
    tap.ok(parties.rows(TRANSITIONS) == transitions, "transitions are what they were, each with the one before it",
           "\n".join(map(str, transitions)),
           "\n".join(map(str, parties.rows(TRANSITIONS))))
    sound(tap, home, f"after version {version} was brought up to date")
    parties.result(said(3), said(10))
    parties.confirm(confirmed(2), confirmed(7), confirmed(8, key="FFFE"), confirmed(10, "N"))
    home.run(now=at(6))
    states = parties.states(*range(1, 11))
    tap.ok(states == ["MIGRATED", "MIGRATED", "MIGRATED", "DISPATCHED", "FAILED D105", "FAILED D105", "MIGRATED",
                      "MIGRATED", "MIGRATED", "CONFIRM_MISMATCH D151"], "they go on from there", states)
    sound(tap, home, "after they went on")


def forget_incidents(home):
    """Versions before 8 opened no incidents of Devices in work."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        for table in ("incident", "incident_event", "incident_reported"):
            ledger.execute(f"DELETE FROM {table}")
        ledger.execute("DELETE FROM counter WHERE name='incident'")
    ledger.close()


def told(home):
    """Event, code and subject of each row of the INC files."""
    found = []
    for name in sorted(one for one in home.out("dcc") if one.startswith("INC")):
        rows = csv.reader(io.StringIO(home.read_out("dcc", name).decode()))
        found += [(row[3], row[6], row[10]) for row in rows if row[0] == "D"]
    return found


def test_incidents_of_version(tap, version):
    """Devices 1 to 5 stand in D105, D140, D150 and D151 when the ledger is brought up to date. 6 failed with D105 and
    was instructed again, 7 migrated, 8 failed with a code that the Supplier resolves."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct(list(range(1, 9)))
    home.run()
    parties.result(said(1, "FAILED", gbcs="5"), said(2, "FAILED", alert="8F1E"), said(3), said(4),
                   said(6, "FAILED", gbcs="5"), said(7), said(8, "FAILED", gbcs="17"))
    parties.confirm(confirmed(4, "N"), confirmed(5), confirmed(7))
    home.run(now=at(1))
    parties.instruct([6])
    home.run(now=at(40 * 24 * 60))
    tap.ok(parties.states(*range(1, 9)) == ["FAILED D105", "FAILED D140", "CONFIRM_PENDING D150",
                                            "CONFIRM_MISMATCH D151", "CONFIRM_PENDING D150", "DISPATCHED", "MIGRATED",
                                            "FAILED D117"], "Devices with codes for the partners",
           parties.states(*range(1, 9)))
    forget_incidents(home)
    make_old(home, version)
    home.set("gateway incident_party=DCC")
    expected = [("D105", device(1)), ("D140", device(2)), ("D150", device(3)), ("D151", device(4)), ("D150", device(5))]
    for side in ("before", "after"):
        home.run(now=at(40 * 24 * 60 + 1), env={"ECOSGATE_CRASH": f"time-committed:{side}:1"})
        found = parties.rows("SELECT code,subject FROM incident ORDER BY id")
        tap.ok(found == (expected if side == "after" else []), f"killed {side} their commit: all or none", found)
    for minutes in (2, 3):
        home.run(now=at(40 * 24 * 60 + minutes))
    tap.ok(told(home) == [("RAISED", *one) for one in expected],
           f"after version {version} each such Device has its incident, once, and an INC tells it", told(home))
    tap.ok([row["parties"] for row in home.json("incident", "list")] == ["TCSP", "TCSP", "ECSP", "TCSP;ECSP", "TCSP"],
           "with who has to act", home.json("incident", "list"))
    home.command("incident", "close", "1", "--reason", "known", now=at(40 * 24 * 60 + 3))
    parties.confirm(confirmed(3), confirmed(4))
    home.run(now=at(40 * 24 * 60 + 4))
    tap.ok(told(home)[5:] == [("CLEARED", *expected[n]) for n in (0, 2, 3)],
           "an operator and a migration close it, and no later pass opens it again", told(home)[5:])
    sound(tap, home, "after the incidents that were missing")


def test_orders_before_the_first_pass(tap):
    """What an operator ends or releases before the first pass needs no incident."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(1, "FAILED", gbcs="5"), said(2), said(3))
    parties.confirm(confirmed(2, "N"), confirmed(3, "N"))
    home.run(now=at(1))
    forget_incidents(home)
    make_old(home, 6)
    home.run(now=at(2), env={"ECOSGATE_CRASH": "generation-noted:after:1"})  # the tables have this version
    tap.ok(parties.rows("SELECT count(*) FROM incident_due") == [(3,)], "three incidents are missing")
    for words in (("release", device(1)), ("end", device(2), "--as", "failed")):
        home.command("device", *words, "--reason", "x", now=at(3))
    home.run(now=at(4))
    found = parties.rows("SELECT code,subject FROM incident ORDER BY id")
    tap.ok(found == [("D151", device(3))], "an order before the first pass makes its incident needless", found)


# What an upgrade does not find out: whether a Device had work before.
UNKNOWN = ("no_earlier",)


def rows_kept(home, leave_out=()):
    """All rows but those that an upgrade does not make: counts that have become 0, volumes of models and Suppliers."""
    return [row for row in home.ledger((*UNKNOWN, *leave_out))
            if not (row.startswith("count_") and row.endswith(", 0)")) and
            not row.startswith(("volume: ('model'", "volume: ('supplier'"))]


def rows_without_profiles(home):
    """Versions before 9 knew one profile, and their rows name none."""
    return [row for row in rows_kept(home, ("profile",)) if not row.startswith("profile")]


def test_numbers_of_version_6(tap):
    """Version 6 had no numberings: every file belongs to the first one."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    for number in (1, 2, 3):
        parties.instruct([number])
    home.run()
    rows, numbers = rows_without_profiles(home), home.json("sequence", "list")
    tap.ok([(row["type"], row["last"], row["next"]) for row in numbers] == [("EMI", 3, 4)], "the last number is known",
           numbers)
    make_old(home, 6)
    home.run()
    now = rows_without_profiles(home)
    tap.ok(now == rows, "no row changes", "\n".join(rows), "\n".join(now))
    tap.ok(home.json("sequence", "list") == numbers, "nor does the last number", home.json("sequence", "list"))
    parties.instruct([4])
    home.run()
    tap.ok(home.json("sequence", "list")[0]["last"] == 4, "numbers go on")
    tap.ok(home.command("sequence", "set", "MCC", "EMI", "4", "--reason", "x").returncode == 0, "and can be set")
    sound(tap, home, "after version 6 was brought up to date")


def test_orders_of_version_8(tap):
    """Version 8 kept the order that ended a session in the column of the SubjectId that a SUCCESS replaced."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1))
    home.run(now=at(1))
    home.command("device", "end", device(1), "--as", "failed", "--reason", "looked at it", now=at(2))
    home.run(now=at(3))
    ended = "SELECT item, existing_id, order_id IS NOT NULL FROM transition WHERE statement=5"
    tap.ok(parties.rows(ended) == [(1, None, 1)], "an order has a column of its own", parties.rows(ended))
    rows, shown = rows_without_profiles(home), home.command("device", "show", device(1)).stdout
    tap.ok(b"looked at it" in shown, "the history of the Device names the order", shown.decode())
    make_old(home, 8)
    tap.ok(parties.rows("SELECT count(*) FROM transition WHERE statement=5 AND existing_id IS NOT NULL") == [(1,)],
           "version 8 had it elsewhere")
    home.run(now=at(3))
    now = rows_without_profiles(home)
    tap.ok(now == rows, "no row of version 8 is lost", "\n".join(rows), "\n".join(now))
    tap.ok(home.command("device", "show", device(1)).stdout == shown, "nor does the history change")
    sound(tap, home, "after version 8 was brought up to date")


def test_turns_of_version_9(tap):
    """Version 9 did not keep which sessions began before those of earlier Devices: the Devices before one that had
    ended by a late success stayed READY."""
    home = Home("gateway incident_party=NOBODY\ngateway next_session=0\ngateway dispatch_hours=12-13")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    home.run(now=at(24 * 60))
    parties.instruct([2, 1])
    home.run(now=at(26 * 60))
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(27 * 60))
    make_old(home, 9)
    home.run(now=at(27 * 60))
    tap.ok(parties.rows("SELECT item FROM out_of_turn") == [(3,)], "the Device that ended before its turn is known",
           parties.rows("SELECT * FROM out_of_turn"))
    home.run(now=at(48 * 60))
    tap.ok(parties.orders()[1:] == [["MCC.B-2.1 1"]], "the one before it is ordered", parties.orders())
    sound(tap, home, "after version 9 was brought up to date")


def test_indexes_of_version_10(tap):
    """Version 10 had no indexes that find Devices and jobs."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, instructed(2, "XSME")])
    home.run()
    rows = rows_without_profiles(home)
    indexes = parties.rows("SELECT name, sql FROM sqlite_master WHERE type='index' ORDER BY name")
    found = home.json("device", "find", "--code", "C104"), home.json("spool", "list", "--type", "EMI")
    make_old(home, 10)
    tap.ok(home.command("device", "find", "--code", "C104").returncode == 2, "it is not searched before")
    home.run(now=at(1))
    tap.ok(parties.rows("SELECT name, sql FROM sqlite_master WHERE type='index' ORDER BY name") == indexes,
           "a ledger of version 10 gets the indexes of a new one", indexes)
    now = rows_without_profiles(home)
    tap.ok(now == rows, "no row of version 10 is lost", "\n".join(rows), "\n".join(now))
    tap.ok((home.json("device", "find", "--code", "C104"), home.json("spool", "list", "--type", "EMI")) == found and
           [row["device"] for row in found[0]] == [device(2)], "and finds the same", found)
    sound(tap, home, "after version 10 was brought up to date")


def test_counts_of_version_11(tap):
    """Version 11 kept no counts of Devices, jobs and open incidents."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, 2, instructed(3, "XSME"), 4])
    home.run()
    parties.result(said(1), said(2, "FAILED", gbcs="5"))
    home.run(now=at(1))
    rows = rows_kept(home)
    make_old(home, 11)
    home.run(now=at(1), env={"ECOSGATE_CRASH": "ledger-made:before:1"})
    home.run(now=at(1))
    now = rows_kept(home)
    tap.ok(now == rows and "count_device: (8, 1)" in now and "count_incident: ('D105', 1, 1)" in now and
           "count_job: (0, 'EMI', 'PA', 1)" in now, "an upgrade counts what is there", "\n".join(rows), "\n".join(now))
    sound(tap, home, "after version 11 was brought up to date")


def test_stored_files_of_version_11(tap):
    """Version 11 packed and removed nothing: all its jobs are looked at."""
    home = Home("gateway incident_party=NOBODY\nretention results=1;2")
    parties = Parties(home)
    parties.instruct(list(range(1, 61)))
    home.run()
    parties.result(*(said(n) for n in range(1, 61)))
    home.run(now=at(1))
    make_old(home, 11)
    home.run(now=at(3 * 24 * 60))
    tap.ok(parties.rows("SELECT type,stored,removed IS NULL FROM job WHERE type IN('EMI','EMT') ORDER BY id") ==
           [("EMI", 1, 1), ("EMT", 3, 0)], "files of version 11 are packed and removed",
           parties.rows("SELECT id,type,stored,removed FROM job"))
    sound(tap, home, "after version 11 was brought up to date")


def test_totals_of_version_11(tap):
    """Version 11 counted nothing: what is found in its rows is what was counted while they were written."""
    home = Home("gateway incident_party=NOBODY\ngateway session_length=1")
    parties = Parties(home)
    parties.instruct([1, instructed(2, "XSME"), 3, 4])
    home.run()
    parties.result(said(1), said(3, "TIMEOUT"), said(4))
    parties.result(said(1), count=7)
    home.run(now=at(2))
    parties.confirm(confirmed(1))
    home.run(now=at(7))
    parties.instruct([4])
    home.run(now=at(100))
    rows = parties.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4")
    kinds = {row[0] for row in rows}
    make_old(home, 11)
    home.run(now=at(100))
    found = parties.rows("SELECT * FROM tally ORDER BY 1, 2, 3, 4")
    tap.ok(found == rows and len(kinds) == 11, "a ledger of version 11 gets the totals of a new one",
           *(sorted(set(rows) ^ set(found)) or [kinds]))
    sound(tap, home, "after version 11 was brought up to date")


def test_evidence_of_version_11(tap):
    """What was there gets its links with the first start."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, instructed(2, "XSME")])
    home.run()
    home.command("dispatch", "pause", "--reason", "a test")
    count = "SELECT kind, count(*) FROM evidence WHERE kind NOT IN('begin', 'generation') GROUP BY kind ORDER BY kind"
    before, rows = parties.rows(count), rows_kept(home)
    make_old(home, 11)
    home.run(now=at(1))
    kinds = [kind for kind, _ in before]
    tap.ok(parties.rows(count) == before and kinds == ["delivered", "order", "stored", "verdict"],
           "a ledger of version 11 gets links for all that it has", before, parties.rows(count))
    tap.ok(rows_kept(home) == rows, "no row of version 11 is lost", "\n".join(rows))
    sound(tap, home, "after version 11 was brought up to date")


def test_live_of_version_14(tap):
    """A column said which work items are live; now their sessions do."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, 2, instructed(3, "XSME")])
    home.run()
    parties.result(said(2))
    parties.confirm(confirmed(2))
    home.run(now=at(1))
    rows = rows_kept(home)
    make_old(home, 14)
    slots = parties.rows("SELECT slot FROM work_item ORDER BY item")
    tap.ok(slots == [(0,), (2,), (3,)], "one of three work items is live", slots)
    home.run(now=at(1))
    tap.ok(rows_kept(home) == rows, "no row of version 14 is lost", "\n".join(rows), "\n".join(rows_kept(home)))
    parties.instruct([1, 2, 3])
    home.run(now=at(2))
    found = parties.rows("SELECT outcome, code FROM work_item WHERE job=(SELECT max(job) FROM work_item) ORDER BY item")
    tap.ok(found == [(2, "C110"), (1, "C108"), (0, None)], "the same Devices are live as before", found)
    sound(tap, home, "after version 14 was brought up to date")


def test_live_of_version_15(tap):
    """The index of live sessions had the state, and nothing said which Devices had no work before."""
    home = Home("gateway incident_party=NOBODY\ngateway session_length=1\ngateway next_session=0")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    tap.ok(parties.rows("SELECT no_earlier FROM work_item") == [(1,)] * 3, "three Devices have no work before")
    home.run(now=at(100))
    parties.instruct([1, 4, instructed(5, "XSME"), 5])
    home.run(now=at(101))
    work_before = "SELECT record,no_earlier FROM work_item WHERE job=(SELECT max(job) FROM work_item) ORDER BY item"
    found = parties.rows(work_before)
    tap.ok(found[:2] == [(1, None), (2, 1)] and found[3] == (4, None), "then one of them has", found)
    rows, indexes = rows_kept(home), parties.rows("SELECT name,sql FROM sqlite_master WHERE type='index' ORDER BY name")
    states = [[row["device"] for row in home.json("device", "find", "--state", state)]
              for state in ("DISPATCHED", "CONFIRM_PENDING", "FAILED")]
    make_old(home, 15)
    tap.ok(parties.rows("SELECT sql FROM sqlite_master WHERE name='session_live'") != [one[1:] for one in indexes
                                                                                       if one[0] == "session_live"],
           "version 15 had another index")
    home.run(now=at(101), env={"ECOSGATE_CRASH": "ledger-made:before:1"})
    home.run(now=at(101))
    tap.ok(rows_kept(home) == rows and
           parties.rows("SELECT name,sql FROM sqlite_master WHERE type='index' ORDER BY name") == indexes,
           "no row of version 15 is lost, and it gets the indexes of a new ledger", "\n".join(rows),
           "\n".join(rows_kept(home)))
    tap.ok(parties.rows("SELECT count(*) FROM work_item WHERE no_earlier IS NOT NULL") == [(0,)],
           "of its Devices nobody knows whether they had work before")
    tap.ok([[row["device"] for row in home.json("device", "find", "--state", state)]
            for state in ("DISPATCHED", "CONFIRM_PENDING", "FAILED")] == states and len(states[0]) == 2,
           "the same Devices are found", states)
    parties.result(said(1), said(4))
    parties.confirm(confirmed(1), confirmed(4))
    home.run(now=at(102))
    sound(tap, home, "after version 15 was brought up to date")


def test_parties_of_version_15(tap):
    """What the inventory names, version 15 asked the inventory."""
    home = Home("gateway incident_party=NOBODY")
    sender = Sender(home)
    with_map = inv(3).replace(",,Central", f",{SUPPLIER % 3},Central")
    sender.reference("INV", [inv(1), inv(2, supplier=SUPPLIER % 2), with_map])
    sender.reference("PTY", [f"SET,{SUPPLIER % 1},SUPPLIER,SUP1,First,"])
    home.run()
    parties = Parties(home)
    rows = "SELECT role, printf('%016X', party_id) FROM inventory_party ORDER BY 1, 2"
    ids = [(SUPPLIER % n).replace("-", "") for n in (1, 2, 3)]
    tap.ok(parties.rows(rows) == [("MAP", ids[2]), ("SUPPLIER", ids[0]), ("SUPPLIER", ids[1])],
           "the ledger has the parties that the inventory names", parties.rows(rows))
    before = parties.rows(rows)
    make_old(home, 15)
    home.run(now=at(1))
    tap.ok(parties.rows(rows) == before, "a ledger of version 15 gets them", parties.rows(rows))
    sound(tap, home, "after version 15 was brought up to date")


def refuse_without_room(tap, home, path):
    """A ledger that is as large as all that is free: a sparse file, and its header says so (bytes 28 to 31: pages)."""
    disk = os.statvfs(os.path.dirname(path))
    with open(path, "r+b") as file:
        before = file.read()
        page = int.from_bytes(before[16:18], "big")
        pages = disk.f_bavail * disk.f_frsize // page
        file.seek(28)
        file.write(pages.to_bytes(4, "big"))
        file.truncate(pages * page)
    done = home.run(now=at(1))
    with open(path, "r+b") as file:
        after = file.read(len(before))
        file.seek(28)
        file.write(before[28:32])
        file.truncate(len(before))
    tap.ok(done.returncode == 2 and b"nothing was changed, and the older ecosgate can still open it; free space" in
           done.stderr and after[:28] + before[28:32] + after[32:] == before,
           "without the room an upgrade is refused, and the ledger has the bytes that it had", done.returncode,
           done.stderr.decode())


def test_room_and_kills(tap):
    """Before an upgrade run says what it takes, and begins none for which there is no room; each version is a commit of
    its own, after which it goes on."""
    home = Home("gateway incident_party=NOBODY")
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    rows = rows_kept(home)
    make_old(home, 10)
    refuse_without_room(tap, home, home.path("spool", "ledger.sqlite"))
    for version in (10, 11, 12, 13, 14, 15):
        done = home.run(now=at(1), env={"ECOSGATE_CRASH": "ledger-made:after:1"})
        tap.ok(f"the ledger's tables go from version {version} to 16: it has".encode() in done.stderr,
               f"run says that it goes on from version {version}, and what it takes", done.stderr.decode())
        found = parties.rows("PRAGMA user_version")
        tap.ok(found == [(version + 1,)], "killed after the next version: that one is kept", found)
    done = home.run(now=at(1))
    tap.ok(b"tables go from" not in done.stderr and rows_kept(home) == rows,
           "then nothing is left to do, and no row is lost", done.stderr.decode())
    sound(tap, home, "after an upgrade that was killed six times")


if __name__ == "__main__":
    with Tap() as report:
        test_version_2(report)
        test_sessions_of_version(report, 4)
        test_sessions_of_version(report, 5)
        test_sessions_of_version(report, 6)
        for older in (4, 6, 7):
            test_incidents_of_version(report, older)
        test_orders_before_the_first_pass(report)
        test_numbers_of_version_6(report)
        test_orders_of_version_8(report)
        test_turns_of_version_9(report)
        test_indexes_of_version_10(report)
        test_counts_of_version_11(report)
        test_stored_files_of_version_11(report)
        test_totals_of_version_11(report)
        test_evidence_of_version_11(report)
        test_live_of_version_14(report)
        test_live_of_version_15(report)
        test_parties_of_version_15(report)
        test_room_and_kills(report)
