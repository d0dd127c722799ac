#!/usr/bin/env python3
"""device show, device list and why: what they say about Devices, work items and files in every state (TAP)."""
import os
import re
import sqlite3

from home import NOW, SOURCE, Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound, work

DAY = 24 * 60
METER = {**instructed(12, "GSME"), "MPxN": "3938424403"}
NEXT = "2023-08-05T12:00:00Z"  # after a session of 72 hours that began at NOW


def every_state():
    """A home with Devices in every state, and for each what `why` says: state, code, words of because, of waits_for and
    of moved_by, next_at."""
    home = Home("gateway dispatch_hours=12-13\ngateway session_length=72\ngateway max_sessions=1")
    parties = Parties(home)
    parties.instruct([*range(1, 11), instructed(15, "XSME")])
    home.run()
    parties.result(said(5), said(9, "FAILED", gbcs="17"), said(10, "FAILED", gbcs="5"))
    home.run(now=at(1))
    parties.result(said(10))
    parties.instruct([11, METER, instructed(13, model="010A030D"), 1])
    home.run(now=at(90))
    parties.reference("COS", "3938424403,90-B3-D5-1F-30-05-00-01,90-B3-D5-1F-30-05-00-02,2023-07-08")
    parties.reference("NMM", "ESME,AB01,010A030D,,2023-06-01,,D117,")
    home.run(now=at(DAY - 1))
    home.run(now=at(DAY))
    parties.result(said(2, "FAILED", gbcs="30"), said(3, "NOT_ATTEMPTED"), said(4), said(7), said(8))
    parties.confirm(confirmed(6), confirmed(7, "N"), confirmed(8))
    home.run(now=at(DAY + 5))
    parties.instruct([14])
    home.run(now=at(DAY + 90))
    tomorrow = at(2 * DAY + 5)
    rows = {
        1: ("DISPATCHED", None, "try 1 is ordered", "result (EMT)", "D103", at(3 * DAY)),
        2: ("RETRY_WAIT", "D130", "try 1 failed: D130", "until 2023-07-06T12:00:00Z", "work order", at(DAY + 10)),
        3: ("RETRY_WAIT", None, "try 1 was not attempted", "next try", "work order", at(DAY + 10)),
        4: ("CONFIRM_PENDING", None, "only the TCoS side", "confirmation (EMC)", "that file", tomorrow),
        5: ("CONFIRM_PENDING", "D150", "D150", "confirmation (EMC)", "that file", None),
        6: ("CONFIRM_PENDING", None, "only the ECoS side", "result (EMT)", "that file", tomorrow),
        7: ("CONFIRM_MISMATCH", "D151", "SUCCESS 90-B3-D5-1F-30-02-00-00 0007; ECoS side: N", "correct itself",
            "Service Providers", None),
        8: ("MIGRATED", None, "both sides", None, None, None),
        9: ("FAILED", "D117", "D117", None, "Supplier resolves", NEXT),
        10: ("FAILED", "D105", "succeeded all the same", None, "C108", NEXT),
        11: ("DISPATCHED", None, "try 1 is ordered", "result (EMT)", "D103", at(4 * DAY)),
        12: ("DEFERRED", "C109", "right before its dispatch", None, "passes by itself", "2023-07-09T00:00:00Z"),
        13: ("REJECTED", "C107", "right before its dispatch", None, "Supplier resolves", None),
        14: ("READY", None, "no work order has it yet", "next dispatch", "dispatch_hours", None),
        15: ("REJECTED", "C104", "C104", None, "resolves", None)}
    return home, parties, rows


def says(fact, row):
    state, code, because, waits, moves, then = row
    return (fact["state"] == state and because in fact["because"] and (waits or "") in (fact["waits_for"] or "") and
            (waits is None) == (fact["waits_for"] is None) and (moves is None) == (fact["moved_by"] is None) and
            (moves or "") in (fact["moved_by"] or "") and fact["next_at"] == then)


def test_devices(tap):
    home, parties, rows = every_state()
    for number, row in rows.items():
        fact = home.json("why", device(number))[0]
        item = work(*{11: (1, 2), 12: (2, 2), 13: (3, 2), 14: (1, 3), 15: (11,)}.get(number, (number,)))
        tap.ok(says(fact, row) and fact["kind"] == "device" and fact["id"] == device(number) and
               fact["work_item"] == item and fact["file"].startswith("EMI_"),
               f"why of a Device that is {row[0]} {row[1]}", fact)
        other = home.json("why", item)[0]
        tap.ok(other == {**fact, "kind": "work item", "id": item}, f"why of its work item {item} gives the same answer",
               other)
        shown = home.json("device", "show", device(number))[0]
        tap.ok(says(shown, row) and shown["code"] == row[1] and
               [step["state"] for step in shown["history"] if step["work_item"] == item][-1] == row[0],
               f"device show {row[0]} {row[1]}", shown)
        text = "".join(home.command(*words, device(number).lower()).stdout.decode()
                       for words in (("why",), ("device", "show")))
        tap.ok(text.count(row[0]) >= 3 and text.count(row[2]) >= 2, f"the text shows {row[0]} {row[1]}", text)
    listed = {}
    for state in {row[0] for row in rows.values()}:
        for fact in home.json("device", "list", "--state", state):
            listed.setdefault(state, []).append(fact["device"])
        people = home.command("device", "list", "--state", state).stdout.decode()
        tap.ok(people.count("\n") == len(listed[state]) + 1 and all(item in people for item in listed[state]),
               f"the text of device list has the same rows: {state}", people)
    expected = {}
    for number in (1, 11, 2, 3, 4, 6, 5, 7, 8, 9, 10, 13, 14, 12, 15):
        expected.setdefault(rows[number][0], []).append(device(number))
    expected["DEFERRED"].append(device(1))
    tap.ok(all(sorted(listed[state]) == sorted(expected[state]) for state in {*listed, *expected}),
           "each Device is in the list of its state", listed)
    tap.ok(listed["READY"] == expected["READY"] and listed["DISPATCHED"] == expected["DISPATCHED"],
           "the work item that goes on first is listed first", listed)
    failed = home.json("device", "list", "--state", "FAILED")[0]
    tap.ok((failed["code"], failed["tries"], failed["due"], failed["next_eligible"]) == ("D117", 1, None, NEXT),
           "code, tries, next eligible", failed)

    history = home.json("device", "show", device(2))[0]
    tap.ok([(step["state"], step["try"], step["code"], step["text"], step["due"]) for step in history["history"]] ==
           [("READY", None, None, None, None), ("DISPATCHED", 1, None, None, at(3 * DAY)),
            ("RETRY_WAIT", 1, "D130", "GBCS 30", at(DAY + 10))] and history["tries"] == 1,
           "the history has each change of state", history)
    causes = [((step["work_order"] or "")[:4], step["file"][:4]) for step in history["history"]]
    tap.ok(causes == [("", "EMI_"), ("EMW_", "EMW_"), ("", "EMT_")], "each change names the file that caused it",
           causes)
    waiting = home.json("device", "show", device(3))[0]
    tap.ok(waiting["tries"] == 0 and waiting["live_work_item"] == work(3),
           "a try that was not attempted does not count", waiting)
    tap.ok(waiting["history"][-1]["record"] == 2 and waiting["history"][-1]["file"].startswith("EMT_"),
           "a change names the record that caused it", waiting["history"][-1])
    twice = home.json("device", "show", device(1))[0]
    tap.ok((twice["state"], twice["live_work_item"]) == ("DISPATCHED", work(1)) and
           twice["history"][-1]["state"] == "DEFERRED" and
           home.json("why", "MCC.B-2.4")[0]["state"] == "DEFERRED",
           "an instruction that was deferred meanwhile is only in the history", twice)
    tap.ok("(FAILED_ACTION)" in home.json("why", device(9))[0]["because"],
           "max_sessions failed sessions: somebody has to act")
    home.set("gateway max_sessions=2")
    tap.ok("(FAILED_ACTION)" not in home.json("why", device(9))[0]["because"], "one fewer: nobody has to act yet")
    sound(tap, home, "with Devices in every state")
    deferred = home.json("why", "MCC.B-2.4")[0]
    tap.ok(says(deferred, ("DEFERRED", "C110", "C110", None, "passes by itself", "2023-07-04T13:30:00Z")),
           "a deferred work item", deferred)


def test_put_off(tap):
    """Between two tries: a transient cause postpones the next try, but not beyond the session."""
    home = Home("gateway session_length=720")
    parties = Parties(home)
    parties.instruct([METER])
    home.run()
    parties.result(said(12, "FAILED", gbcs="30", record=1))
    home.run(now=at(1))
    parties.reference("COS", "3938424403,90-B3-D5-1F-30-05-00-01,90-B3-D5-1F-30-05-00-02,2023-07-08")
    home.run(now=at(6))
    row = ("RETRY_WAIT", "D130", "try 1 failed: D130 GBCS 30 resources busy; judged again before the next one: C109",
           "next try",
           "work order", "2023-07-09T00:00:00Z")
    for command in (("why", device(12)), ("device", "show", device(12))):
        fact = home.json(*command)[0]
        tap.ok(says(fact, row), f"{command[0]}: what failed, and what postponed the next try", fact)
    step = home.json("device", "show", device(12))[0]["history"][-1]
    tap.ok((step["state"], step["code"], step["file"]) == ("RETRY_WAIT", "C109", None), "the history has the cause",
           step)
    home.run(now="2023-07-08T23:59:59Z")
    tap.ok(len(parties.orders()) == 1, "before that time no try is ordered")
    home.run(now="2023-07-09T00:00:00Z")
    tap.ok(parties.orders()[1:] == [[f"{work(1)} 2"]], "at that time it is", parties.orders())
    sound(tap, home, "after a try was put off")


def test_deferred(tap):
    """Between two tries: a transient cause that lasts longer than the session ends it, and it has not failed."""
    home = Home()
    parties = Parties(home)
    parties.instruct([METER, 1])
    home.run()
    parties.result(said(12, "FAILED", gbcs="30", record=1))
    home.run(now=at(1))
    parties.reference("COS", "3938424403,90-B3-D5-1F-30-05-00-01,90-B3-D5-1F-30-05-00-02,2023-07-08")
    home.run(now=at(6))
    row = ("DEFERRED", "C109", "found right before its next try: no failed session", None,
           "at next_at or later; the cause passes by itself", "2023-07-09T00:00:00Z")
    for command in (("why", device(12)), ("device", "show", device(12))):
        fact = home.json(*command)[0]
        tap.ok(says(fact, row), f"{command[0]}: what ended the session, and when the Device may come again", fact)
    shown = home.json("device", "show", device(12))[0]
    tap.ok((shown["next_eligible"], shown["tries"], shown["history"][-1]["code"]) == (row[-1], 1, "C109"),
           "it keeps its tries, and NextEligible is when the cause is gone", shown)
    parties.result(said(12, record=1))
    home.run(now=at(7))
    tap.ok("succeeded all the same" in home.json("why", device(12))[0]["because"],
           "a success that comes after that is told")
    parties.instruct([METER])
    home.run(now="2023-07-09T00:00:00Z")
    tap.ok(home.json("why", "MCC.B-2.1")[0]["state"] == "REJECTED", "and the Device is never ordered again")
    sound(tap, home, "after a session ended DEFERRED")


def test_closing(tap):
    """Close to tcos_closes, and after it."""
    home = Home("gateway tcos_closes=2023-07-03T14:00:00Z")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(2, "FAILED", gbcs="30"), said(3, "FAILED", gbcs="17"))
    home.run(now=at(5))
    closes = "2023-07-03T14:00:00Z"
    for number, row in {
            1: ("DISPATCHED", None, "try 1 is ordered", "result (EMT)", "D103", closes),
            2: ("RETRY_WAIT", "D130", "try 1 failed: D130", f"until {closes}", "work order", at(10)),
            3: ("FAILED", "D117", "D117", None, "which make it MIGRATED: TCoS closes at " + closes,
                "2023-08-02T14:00:00Z")}.items():
        fact = home.json("why", device(number))[0]
        tap.ok(says(fact, row), f"why, shortly before TCoS closes: {row[0]}", fact)
    status = home.json("status", now="2023-07-03T11:00:00Z")[0]
    tap.ok((status["tcos_closes"], status["tcos_left"]) == (closes, "0 days 3 hours"), "status says how long is left",
           status)
    status = home.json("status", now="2023-07-05T13:59:59Z")[0]
    tap.ok(status["tcos_left"] == "none: closed for 1 day 23 hours", "or for how long it has been closed", status)
    for now, result in (("2023-06-03T11:00:00Z", "good"), ("2023-07-05T13:59:59Z", "note")):
        found = [row for row in home.json("doctor", now=now) if row["probe"] == "closing"]
        tap.ok(len(found) == 1 and found[0]["result"] == result and closes in found[0]["text"], "doctor, too", found)
    home.set("gateway tcos_closes=")
    status = home.json("status")[0]
    tap.ok((status["tcos_closes"], status["tcos_left"]) == (None, None), "nothing where the setting is not set", status)


def device_codes():
    """Each code of a Device in the catalogue: whether it is transient, and who resolves it for a meter."""
    with open(os.path.join(SOURCE, "validators", "catalogue.def"), encoding="utf-8") as file:
        found = re.findall(r'^CODE\((\w+), ".*?",\s*SCOPE_DEVICE, (\w+), "([^"]*)"', file.read(), re.M)
    return {code: (transient == "true", resolver.replace(" incident", "")) for code, transient, resolver in found}


def asked(home, statements, number=1):
    """What `why` says of the Device after these changes of the ledger."""
    connection = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return home.json("why", device(number), now=at(2))[0]


def test_ways(tap):
    """Every end with every code has a way on."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, instructed(2, "XSME")])
    home.run()
    parties.result(said(1, "FAILED", gbcs="17"))
    home.run(now=at(1))
    release = f"`ecosgate device release {device(1)} --reason TEXT`"
    codes = device_codes()
    tap.ok({"C103", "C109", "C125", "D101", "D151"} < {*codes} and len(codes) > 35, "the codes of Devices", codes)
    wrong = []
    for code, (_, resolver) in codes.items():
        end = f"the end of a work item: {code}"
        fact = asked(home, [f"UPDATE session SET code='{code}',next_eligible=unixepoch('{NOW}')"])
        if "a new instruction (EMI)" not in fact["moved_by"] or not (
                fact["moved_by"].startswith(f"{resolver} resolves") or resolver == "" or code == "C108"):
            wrong.append((end, "FAILED", fact))
        fact = asked(home, [f"UPDATE session SET code='{code}',next_eligible=unixepoch('{NEXT}')"])
        passes = "" if resolver else "; the cause passes by itself"
        tail = f"at next_at or later{passes}; or at once after {release}, or when an INV shows another model, " \
               "firmware or hub"
        if code != "C108" and not (fact["next_at"] == NEXT and fact["moved_by"].endswith(tail)):
            wrong.append((end, "FAILED, too early", fact))
        for number, outcome in ((1, "REJECTED"), (2, "DEFERRED")):
            fact = asked(home, [f"UPDATE work_item SET code='{code}',outcome={number},"
                                f"next_eligible={f'unixepoch({chr(39)}{NEXT}{chr(39)})' if number == 2 else 'NULL'}"
                                " WHERE item=2"], 2)
            if fact["state"] != outcome or "a new instruction (EMI)" not in fact["moved_by"] or resolver != "" and \
                    code != "C108" and not fact["moved_by"].startswith(f"{resolver} resolves"):
                wrong.append((end, outcome, fact))
    tap.ok(wrong == [], f"each of {len(codes)} codes has a way on in FAILED, REJECTED and DEFERRED", *wrong)


def test_ways_after_success(tap):
    """A Device of which a success is known needs an operator's word before it can be instructed again (C108)."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    parties.result(said(1), said(2, "FAILED", gbcs="17"))
    parties.confirm(confirmed(1))
    home.run(now=at(1))
    parties.result(said(2))
    home.run(now=at(2))
    release = {n: f"`ecosgate device release {device(n)} --reason TEXT`" for n in (1, 2)}
    fact = home.json("why", device(2))[0]
    tap.ok(release[2] in fact["moved_by"] and "(C108)" in fact["moved_by"] and
           "other side's EMT SUCCESS or EMC Y" in fact["moved_by"], "FAILED, and one side succeeded late",
           fact)
    tap.ok(home.json("why", device(1))[0]["moved_by"] is None, "one that has migrated needs nothing")
    parties.instruct([1, 2])
    home.run(now=at(40 * DAY))
    tap.ok(home.json("why", device(1))[0]["state"] == "MIGRATED", "instructed again, one that has migrated stays so")
    one, two = home.json("why", work(1, 2))[0], home.json("why", device(2))[0]
    tap.ok(one["state"] == two["state"] == "REJECTED" and "C108" in one["because"] and "C108" in two["because"],
           "both work items are rejected with C108", one, two)
    tap.ok(one["moved_by"] == f"nothing if it holds ECoS credentials, as both sides have confirmed; if not, "
           f"{release[1]}, then a new instruction (EMI)", "the one that has migrated", one)
    tap.ok(two["moved_by"] == fact["moved_by"], "the other one as before", two)
    for n in (1, 2):
        home.command("device", "release", device(n), "--reason", "looked at it", now=at(40 * DAY + 1))
        tap.ok(home.json("why", device(n), now=at(40 * DAY + 2))[0]["moved_by"] == "a new instruction (EMI)",
               f"after that order a new instruction is the way on, {n}", home.json("why", device(n)))
    parties.instruct([1, 2])
    home.run(now=at(40 * DAY + 3))
    tap.ok(parties.states(1, 2) == ["DISPATCHED", "DISPATCHED"], "and it is", parties.states(1, 2))


def test_ways_by_inventory(tap):
    """C108 because of the inventory, and an inventory that contradicts a migration (D152)."""
    home = Home("gateway inventory_lag=1\nreview C106=off\nreview C114=off")
    parties = Parties(home)
    row = "{},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,,,North,,,{},"
    parties.reference("INV", row.format(device(1), "ECOS"))
    parties.instruct([1])
    home.run()
    fact = home.json("why", device(1))[0]
    tap.ok(fact["state"] == "REJECTED" and fact["moved_by"] ==
           "nothing if it holds ECoS credentials, as the inventory says; if not, DCC corrects the inventory (INV); "
           "then a new instruction (EMI)", "C108 by the inventory alone", fact)
    fact = asked(home, ["UPDATE inventory SET credentials='TCOS'"])
    tap.ok(fact["moved_by"] == "a new instruction (EMI)", "a corrected inventory", fact)
    parties.instruct([1])
    home.run(now=at(2))
    parties.result(said(1, batch=2))
    parties.confirm(confirmed(1, batch=2))
    home.run(now=at(3))
    fact = asked(home, [f"INSERT INTO incident(code,subject,begun,text) VALUES('D152','{device(1)}',0,'x')"])
    tap.ok(fact["state"] == "MIGRATED" and fact["moved_by"] == "DCC corrects the inventory (D152); or, if it holds "
           f"TCoS credentials, `ecosgate device release {device(1)} --reason TEXT`, then a new instruction (EMI)",
           "MIGRATED, and the inventory says TCoS credentials", fact)


def test_odd_ids(tap):
    home = Home()
    parties = Parties(home)
    name = parties.instruct([1])
    odd = b"EMI_\xff\x1b[31m_odd.csv"
    home.drop("mcc", "/dev/null", odd)
    home.run()
    for text in ("", "x", "%s%n", "0", "99", "99999999999999999999", "MCC.B-1.2", "MCC.B-1.0", "MCC.B-1.-1",
                 "MCC.B-1.1.1", "MCC..1", "..", device(9), "00-DB", "x" * 5000, "../../etc/passwd", b"\xff\xfe",
                 "\x1b[2J", "EMI_\n", "é"):
        done = home.command("why", "--", text)
        tap.ok(done.returncode == 1 and done.stdout == b"" and b"\x1b" not in done.stderr and
               b"\xff" not in done.stderr and done.stderr.count(b"\n") == 1 and len(done.stderr) < 1000,
               f"why of {text[:20]!r}: not known", done)
    for text in (b"\xff\xfe", "\x1b[2J", "x" * 5000):
        for call in (("device", "show"), ("device", "list", "--state"), ("spool", "show")):
            done = home.command(*call, text)
            tap.ok(done.returncode == 2 and b"\x1b" not in done.stderr and b"\xff" not in done.stderr and
                   len(done.stderr) < 1000,
                   f"{' '.join(call)} of {text[:20]!r} is a wrong call", done)
    shown = home.json("spool", "list")
    escaped = next(job["name"] for job in shown if "odd" in job["name"])
    for text in (odd, escaped):
        fact = home.json("why", text)
        tap.ok(len(fact) == 1 and fact[0]["file"] == escaped and "RJ" in fact[0]["because"],
               f"a file is found by its name, raw or escaped: {text!r}", fact)
    tap.ok(home.json("why", name)[0]["state"] == "done" and home.json("why", "1")[0]["file"] == name,
           "a file is found by its job's ID")
    for arguments in (("why",), ("why", "1", "2"), ("device", "list"), ("device", "list", "--state", "X"),
                      ("device", "list", "--state", "READY", "x")):
        done = home.command(*arguments)
        tap.ok(done.returncode == 2 and done.stdout == b"" and done.stderr, f"{' '.join(arguments)} is a wrong call",
               done)
    done = home.command("device", "list", "--state", "MIGRATED")
    tap.ok(done.returncode == 0 and done.stdout == b"no Device is MIGRATED\n" and
           home.json("device", "list", "--state", "MIGRATED") == [], "an empty list is no error", done)


def file_why(tap, home, name, state, because, waits, moves, text, kind="file"):
    fact = home.json("why", name)[0]
    people = home.command("why", name).stdout.decode()
    tap.ok(fact["kind"] == kind and fact["state"] == state and because in fact["because"] and
           (waits or "") in (fact["waits_for"] or "") and (moves or "") in (fact["moved_by"] or "") and
           (moves is None) == (fact["moved_by"] is None) and because in people,
           f"why of a file: {text}", fact)


def test_files(tap):
    home = Home("gateway inventory=required")
    parties = Parties(home)
    name = parties.instruct([1, 2])
    home.run()
    file_why(tap, home, name, "ready", "not judged yet; A104", "an INV", "DCC sends one", "in custody")
    home.command("spool", "hold", "1", "--reason", "ask MCC first")
    file_why(tap, home, name, "held", "ask MCC first", "an operator", "spool release", "held")
    home.command("spool", "release", "1", "--reason", "asked")
    home.set("gateway inventory=auto")
    out = home.path("drops", "mcc", "out")
    os.rename(out, out + ".away")
    home.run()
    file_why(tap, home, name, "active", "not yet delivered to the drop mcc; that drop is down (A103)", "the drop mcc",
             "doctor", "not delivered: the drop is away")
    os.rename(out + ".away", out)
    home.run(now=at(10))
    file_why(tap, home, name, "done", "its verdict is AC", "2 of its Devices to end", "of such a Device",
             "done, its Devices are in work")
    order = next(job["id"] for job in home.json("spool", "list") if job["type"] == "EMW")
    file_why(tap, home, order, "done", "written by the gateway", None, None, "a work order, by its job")
    result = parties.result(said(1, "FAILED", gbcs="5"), said(2, "X"))
    home.run(now=at(11))
    file_why(tap, home, result, "done", "its verdict is PA, C120", None, None, "results, one of which is wrong")
    file_why(tap, home, name, "done", "its verdict is AC", "1 of its Devices", "of such a Device",
             "one Device has ended")
    parties.result(said(2, "FAILED", gbcs="5"))
    home.run(now=at(12))
    file_why(tap, home, name, "done", "its verdict is AC", None, None, "all have ended")
    outcome = next(job["id"] for job in home.json("spool", "list") if job["type"] == "EMO")
    file_why(tap, home, outcome, "done", "written by the gateway", None, None, "an outcome, by its job")
    wrong = parties.result(said(1), count=5)
    home.run(now=at(13))
    file_why(tap, home, wrong, "rejected", "its verdict is RJ, B208", None, f"ResubmissionOf is {wrong}", "rejected")

    home = Home("gateway inventory=required")
    parties = Parties(home)
    name = parties.instruct([1])
    home.run()
    with open(home.path("spool", "ready", "00000001", "payload"), "ab") as file:
        file.write(b"x")
    home.set("gateway inventory=auto")
    home.run()
    file_why(tap, home, name, "corrupt", "not what was received", "an operator", "spool requeue", "corrupt")


def parts(home):
    """The newest file of each type that jobs write: type → name and the job's ID."""
    found = {}
    for job in home.json("spool", "list"):
        for part in home.json("spool", "show", job["id"])[0]["parts"]:
            found[part["kind"]] = part["name"], job["id"]
    return found


def test_parts(tap):
    """Every file that the gateway writes is known by its name from the moment when it is planned."""
    home = Home("gateway reports_from=2023-07-03T06:00:00Z")
    parties = Parties(home)
    parties.reference("PTY", "90-B3-D5-1F-30-05-00-01,SUPPLIER,AAAA,First,")
    parties.instruct([1])
    drops = [home.path("drops", drop, "out") for drop in ("mcc", "tcos", "dcc", "suppliers")]
    home.run(env={"ECOSGATE_CRASH": "answer-stored:before:1"})
    name, number = parts(home)["EMA"]
    file_why(tap, home, name, "PLANNED", "not yet delivered", "the next pass", "ecosgate run",
             "an EMA that is not built yet", "part")
    for out in drops:
        os.rename(out, out + ".away")
    home.run()
    parties.result(said(1, "FAILED", gbcs="5"))
    parties.result(said(1), count=5)
    home.run(now="2023-07-04T00:00:00Z")
    kinds = {"EMA": "mcc", "EMD": "mcc", "EMW": "tcos", "EMO": "mcc", "INC": "dcc", "ECOSMIG-002": "suppliers",
             "MGMT": "dcc"}
    away = parts(home)
    for kind, drop in kinds.items():
        if kind not in away:
            continue
        name, number = away[kind]
        file_why(tap, home, name, "STORED", f"{name} is STORED and not yet delivered to the drop", "the drop", "doctor",
                 f"{kind} that is not delivered", "part")
        tap.ok(f"drop {drop}; that drop is down (A103)" in home.json("why", name)[0]["because"] or kind == "EMA",
               f"{kind}: the cause is that the drop is down", home.json("why", name))
    for out in drops:
        os.rename(out + ".away", out)
    home.run(now="2023-07-10T00:00:00Z")
    for kind in kinds:
        name, number = parts(home)[kind]
        file_why(tap, home, name, "DELIVERED", "it was delivered to the drop", None, None, f"{kind} that is delivered",
                 "part")
        fact = home.json("why", name)[0]
        tap.ok(fact["id"] == number and fact["file"] == name and "at 2023-07-10T00:00:00Z" in fact["because"],
               f"{kind}: its job, and when it was delivered", fact)
    issued = home.json("report", "list")[0]["job"]
    file_why(tap, home, issued, "done", "all its files are delivered", None, None, "reports of a period, by their job")


if __name__ == "__main__":
    with Tap() as report:
        test_devices(report)
        test_put_off(report)
        test_deferred(report)
        test_closing(report)
        test_ways(report)
        test_ways_after_success(report)
        test_ways_by_inventory(report)
        test_odd_ids(report)
        test_files(report)
        test_parts(report)
