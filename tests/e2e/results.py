#!/usr/bin/env python3
"""Results and confirmations through files: what each says, what it changes, how it is answered, what comes of it
(TAP)."""
import os
import re
import signal
import subprocess

from home import GATE, NOW, PATIENCE, SANITIZED, SOURCE, Home, Tap, generate, wait_until
from parties import GATEWAY, MCC, SUBJECT, Parties, at, confirmed, device, instructed, said, sound, work


def begin(devices, settings="", **options):
    """A home whose first instruction is dispatched."""
    home = Home(settings)
    parties = Parties(home)
    name = parties.instruct(devices, **options)
    home.run()
    return home, parties, name


# ---- a whole way ----

def test_way(tap):
    for form in ("csv", "xml"):
        for pack in (None, "gz", "zip"):
            kind = f"{form}{'.' + pack if pack else ''}"
            home, parties, name = begin([1, 2, 3, instructed(4, "XSME")], form=form, pack=pack)
            first = parties.result(said(1), said(3, "FAILED", gbcs="17"), form=form, pack=pack)
            second = parties.confirm(confirmed(1), confirmed(2), form=form, pack=pack)
            home.run(now=at(10))
            tap.ok(parties.acknowledged(first) == ("AC", []) and parties.acknowledged(second) == ("AC", []),
                   f"{kind}: good results and confirmations are answered AC", parties.acknowledged(first))
            tap.ok(parties.states(1, 2, 3) == ["MIGRATED", "CONFIRM_PENDING", "FAILED D117"] and
                   parties.outcome(name) is None,
                   f"{kind}: no outcome while a Device is in work", parties.states(1, 2, 3))
            parties.result(said(2), form=form, pack=pack)
            home.run(now=at(20))
            rejected = [device(4), work(4), "REJECTED", "C104", "0", NOW, ""]
            tap.ok(parties.outcome(name) == [[device(1), work(1), "MIGRATED", "", "1", at(10), ""],
                                             [device(2), work(2), "MIGRATED", "", "1", at(20), ""],
                                             [device(3), work(3), "FAILED", "D117", "1", at(10),
                                              "2023-08-03T12:00:00Z"],
                                             rejected],
                   f"{kind}: the last end of a batch brings its outcome, in the instruction's form and order",
                   parties.outcome(name))
            text = parties.answer(name, "EMO").decode()
            tap.ok(all(item in text for item in (GATEWAY, MCC, "TEST", "B-1", at(20))),
                   f"{kind}: its header says from whom, to whom", text[:600])
            before = home.tree()
            home.run(now=at(30))
            tap.ok(home.tree() == before, f"{kind}: it comes once")
            sound(tap, home, kind)


# ---- what is said ----

def replies():
    """What is said of Devices whose ways differ, and how it is answered: (kind, record, outcome, finding, state then).
    The finding's record is 1. Device 1 is ordered, 2 CONFIRM_PENDING by its result, 3 by its confirmation, 4 MIGRATED,
    5 FAILED, 6 between two tries, 7 in its second try, 8 CONFIRM_MISMATCH, 9 was rejected."""
    yield "EMT", said(1, "SUCCESS", key=""), "PA", "C120 ReplacingKeyId", "DISPATCHED"
    yield "EMT", said(1, "OK"), "PA", "C120 Result", "DISPATCHED"
    yield "EMT", said(1, "SUCCESS", gbcs="17"), "PA", "C120 GBCSStatus", "DISPATCHED"
    yield "EMT", said(1, "FAILED", alert="8F"), "PA", "C120 AlertCode", "DISPATCHED"
    yield "EMT", said(1, "TIMEOUT", attempt="one"), "PA", "C120 Try", "DISPATCHED"
    yield "EMT", said(1, "TIMEOUT", LastTry="noon"), "PA", "C120 LastTry", "DISPATCHED"
    yield "EMT", said(1, DeviceID="1"), "PA", "C101 DeviceID", "DISPATCHED"
    yield "EMT", said(1, DeviceID=device(2)), "PA", "C118 DeviceID", "DISPATCHED"
    yield "EMT", said(1, record=77), "PA", "C118 WorkItemId", "DISPATCHED"
    yield "EMT", said(1, batch=77), "PA", "C118 WorkItemId", "DISPATCHED"
    yield "EMT", said(1, WorkItemId="x"), "PA", "C118 WorkItemId", "DISPATCHED"
    yield "EMT", said(1, attempt=2), "PA", "C118 Try", "DISPATCHED"
    yield "EMC", confirmed(1, "J"), "PA", "C120 Confirmed", "DISPATCHED"
    yield "EMC", confirmed(1, KeyId=""), "PA", "C120 KeyId", "DISPATCHED"
    yield "EMC", confirmed(1, ConfirmedAt="noon"), "PA", "C120 ConfirmedAt", "DISPATCHED"
    yield "EMC", confirmed(1, record=2), "PA", "C118 DeviceID", "DISPATCHED"
    yield "EMC", confirmed(9), "PA", "C118 WorkItemId", "REJECTED C104"
    yield "EMT", said(9), "PA", "C118 WorkItemId", "REJECTED C104"
    yield "EMT", said(2), "WN", "C119 Result", "CONFIRM_PENDING"
    yield "EMT", said(2, key="FFFF"), "PA", "C121 Result", "CONFIRM_PENDING"
    yield "EMT", said(2, "FAILED", gbcs="30"), "PA", "C121 Result", "CONFIRM_PENDING"
    yield "EMC", confirmed(3), "WN", "C119 Confirmed", "CONFIRM_PENDING"
    yield "EMC", confirmed(3, "N"), "PA", "C121 Confirmed", "CONFIRM_PENDING"
    yield "EMC", confirmed(3, key="FFFF"), "PA", "C121 Confirmed", "CONFIRM_PENDING"
    yield "EMT", said(4), "WN", "C119 Result", "MIGRATED"
    yield "EMT", said(4, key="FFFF"), "PA", "C121 Result", "MIGRATED"
    yield "EMT", said(4, "NOT_ATTEMPTED"), "PA", "C121 Result", "MIGRATED"
    yield "EMC", confirmed(4), "WN", "C119 Confirmed", "MIGRATED"
    yield "EMC", confirmed(4, "N"), "PA", "C121 Confirmed", "MIGRATED"
    yield "EMT", said(5, "TIMEOUT"), "WN", "C119 Result", "FAILED D105"
    yield "EMC", confirmed(5, "N"), "WN", "C119 Confirmed", "FAILED D105"
    yield "EMT", said(6, "FAILED", gbcs="30"), "WN", "C119 Result", "RETRY_WAIT D130"
    yield "EMT", said(7, "FAILED", gbcs="5"), "WN", "C119 Result", "DISPATCHED"
    yield "EMT", said(7, "FAILED", gbcs="5", attempt=3), "PA", "C118 Try", "DISPATCHED"
    yield "EMT", said(8), "WN", "C119 Result", "CONFIRM_MISMATCH D151"
    yield "EMC", confirmed(8, "N"), "WN", "C119 Confirmed", "CONFIRM_MISMATCH D151"


def test_replies(tap):
    """Nothing of it changes anything."""
    home, parties, _ = begin([1, 2, 3, 4, 5, 6, 7, 8, instructed(9, "XSME")])
    parties.result(said(7, "TIMEOUT"))
    home.run(now=at(1))
    home.run(now=at(6))
    parties.result(said(2), said(4), said(5, "FAILED", gbcs="5"), said(6, "FAILED", gbcs="30"), said(8))
    parties.confirm(confirmed(3), confirmed(4), confirmed(8, "N"))
    home.run(now=at(7))
    expected = ["DISPATCHED", "CONFIRM_PENDING", "CONFIRM_PENDING", "MIGRATED", "FAILED D105", "RETRY_WAIT D130",
                "DISPATCHED",
                "CONFIRM_MISMATCH D151", "REJECTED C104"]
    tap.ok(parties.states(*range(1, 10)) == expected, "Devices in every state", parties.states(*range(1, 10)))
    before = parties.work_so_far()
    names = []
    for kind, record, outcome, finding, state in replies():
        for form in ("csv", "xml"):
            names.append((parties.send(kind, [record], form=form), outcome, finding, state, record))
    home.run(now=at(8))
    for name, outcome, finding, state, record in names:
        tap.ok(parties.acknowledged(name) == (outcome, [f"{finding} 1"]),
               f"{name[:3]} {name.rsplit('.', 1)[1]}, {state}: {outcome} {finding}", parties.acknowledged(name), record)
    after = parties.work_so_far()
    tap.ok(before == after, "and none of it changes anything", [row for row in after[1] if row not in before[1]])
    verdicts = [verdict for job in home.json("spool", "list")
                for verdict in home.json("spool", "show", job["id"])[0]["verdicts"]]
    severities = {finding["severity"] for verdict in verdicts for finding in verdict["findings"]
                  if finding["code"] == "C119"}
    tap.ok(severities == {"warning"}, "C119 is a warning", severities)
    sound(tap, home, "after everything that may be said")


def test_credentials(tap):
    """Both sides must mean the new credentials; ids in hex are bytes, whatever their notation."""
    before = "90-B3-D5-1F-30-01-00-00"
    home, parties, _ = begin([1, 2, 3, 4], "gateway ecos_subject=90-b3-d5-1f-30-02-00-00")
    refused = parties.result(said(1, ReplacingSubjectId=before, ExistingSubjectId=SUBJECT),
                             said(2, ExistingSubjectId=SUBJECT.replace("-", "").lower()),
                             said(3, ExistingSubjectId=before, key="9A-07:12.c4"), said(4, ExistingSubjectId=before))
    home.run(now=at(1))
    tap.ok(parties.acknowledged(refused) == ("PA", ["C121 ReplacingSubjectId 1", "C121 ReplacingSubjectId 2"]) and
           parties.states(1, 2, 3) == ["DISPATCHED", "DISPATCHED", "CONFIRM_PENDING"],
           "swapped and equal SubjectIds are refused and change nothing", parties.acknowledged(refused))
    refused = parties.confirm(confirmed(1, SubjectId=before),
                              confirmed(3, key="9a0712C4", SubjectId="90B3D51F30020000"),
                              confirmed(4, SubjectId=before))
    home.run(now=at(2))
    tap.ok(parties.acknowledged(refused) == ("PA", ["C121 SubjectId 1", "C121 SubjectId 3"]) and
           parties.states(1, 3, 4) == ["DISPATCHED", "MIGRATED", "CONFIRM_PENDING"],
           "a confirmation is bound by the same rules", parties.acknowledged(refused), parties.states(1, 3, 4))
    home, parties, _ = begin([1, 2])
    parties.result(said(1, ExistingSubjectId=before))
    parties.confirm(confirmed(2, SubjectId=before))
    home.run(now=at(1))
    refused = parties.confirm(confirmed(1, SubjectId=before))
    parties.result(said(2, ExistingSubjectId=before))
    home.run(now=at(2))
    tap.ok(parties.acknowledged(refused)[1] == ["C121 SubjectId 1"] and
           parties.states(1, 2) == ["CONFIRM_PENDING", "CONFIRM_MISMATCH D151"],
           "without the setting the SubjectId before is refused, once it is known", parties.states(1, 2))
    sound(tap, home, "after statements about the credentials before")
    home, parties, _ = begin([1, 2, 3, 4, 5])
    parties.result(said(1, ExistingSubjectId=before), said(3, ReplacingSubjectId=before, ExistingSubjectId=SUBJECT))
    parties.confirm(confirmed(1))
    home.run(now=at(1))
    tap.ok(parties.states(1, 3) == ["MIGRATED", "CONFIRM_PENDING"],
           "without the setting swapped ids pass until a Device has migrated", parties.states(1, 3))
    results = parties.result(said(2, ReplacingSubjectId="90b3d51f30010000", ExistingSubjectId=SUBJECT),
                             said(4, ReplacingSubjectId=before), said(5))
    confirmations = parties.confirm(confirmed(2, SubjectId=before), confirmed(3, SubjectId=before), confirmed(5))
    home.run(now=at(2))
    tap.ok(parties.acknowledged(results)[1] == ["C121 ReplacingSubjectId 1", "C121 ReplacingSubjectId 2"] and
           parties.acknowledged(confirmations)[1] == ["C121 SubjectId 1", "C121 SubjectId 2"] and
           parties.states(2, 3, 4, 5) == ["DISPATCHED", "CONFIRM_PENDING", "DISPATCHED", "MIGRATED"],
           "then the SubjectId that it had before is known as that of TCoS, swapped or without an ExistingSubjectId",
           parties.acknowledged(results), parties.acknowledged(confirmations), parties.states(2, 3, 4, 5))
    text = parties.answer(results).decode()
    tap.ok(f"the Device {device(1)} had this one before it migrated" in text, "the finding says from where", text)
    home.set(f"gateway ecos_subject={before}")
    parties.confirm(confirmed(3, SubjectId=before))
    home.run(now=at(3))
    tap.ok(parties.states(3) == ["MIGRATED"], "the setting overrules what was learned", parties.states(3))
    home, parties, _ = begin([1, 2])
    parties.result(said(1, ExistingSubjectId=before))
    home.run(now=at(1))
    home.command("device", "end", device(1), "--as", "migrated", "--reason", "x", now=at(2))
    parties.confirm(confirmed(2, SubjectId=before))
    home.run(now=at(3))
    tap.ok(parties.states(1, 2) == ["MIGRATED", "CONFIRM_PENDING"], "an operator's order teaches no SubjectId",
           parties.states(1, 2))


def test_ordered_again(tap):
    """The try keeps its number after NOT_ATTEMPTED: what is said of its first order is not said of its second."""
    home, parties, _ = begin([1, 2])
    rows = [said(1, "NOT_ATTEMPTED", LastTry=at(1)), said(2, "NOT_ATTEMPTED", LastTry=at(1))]
    parties.result(*rows)
    home.run(now=at(2))
    home.run(now=at(7))
    for form in ("csv", "xml"):
        again = parties.result(*rows, form=form)
        home.run(now=at(8))
        tap.ok(parties.acknowledged(again) == ("WN", ["C119 Result 1", "C119 Result 2"]) and
               parties.states(1, 2) == ["DISPATCHED", "DISPATCHED"],
               f"{form}: sent again under another name it is a repeat",
               parties.acknowledged(again), parties.states(1, 2))
    tap.ok(b"about an earlier order" in parties.answer(again, "EMA"), "and its answer says why",
           parties.answer(again, "EMA"))
    parties.result(said(1, LastTry=at(1)), said(2, "NOT_ATTEMPTED", LastTry=at(7)))
    home.run(now=at(9))
    tap.ok(parties.states(1, 2) == ["CONFIRM_PENDING", "RETRY_WAIT"],
           "a SUCCESS counts, and what is said of the new order",
           parties.states(1, 2))
    sound(tap, home, "after a try that was ordered twice")


def test_times(tap):
    """Times that cannot be are told, and count nowhere; a fraction of a second is no fault."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2, 3, 4])
    home.run()
    parties.result(said(1, "FAILED", gbcs="30", LastTry=at(1)), said(2, "NOT_ATTEMPTED", LastTry=at(20)))
    home.run(now=at(1))
    home.run(now=at(6))
    found = {}
    for form, third in (("csv", 3), ("xml", 4)):
        for what, record in (("fraction", said(third, "FAILED", gbcs="30", LastTry="2023-07-03T12:07:00.123Z")),
                             ("before", said(1, "TIMEOUT", attempt=2, LastTry=at(0))),
                             ("future", said(third, LastTry=at(13), FirstTry=at(12))),
                             ("both", said(third, LastTry=at(6), FirstTry=at(7)))):
            name = parties.result(record, form=form)
            home.run(now=at(7))
            found[what, form] = parties.acknowledged(name)
    tap.ok(found["fraction", "csv"] == found["fraction", "xml"] == ("AC", []),
           "a time may have three digits after the seconds", found)
    tap.ok(found["before", "csv"] == ("WN", ["C120 LastTry 1"]), "a time before that very try was ordered", found)
    tap.ok(found["future", "csv"] == found["future", "xml"] == ("WN", ["C120 LastTry 1"]), "a time in the future",
           found)
    tap.ok(found["both", "csv"] == ("WN", ["C120 LastTry 1", "C119 Result 1"]), "a time before FirstTry", found)
    tap.ok(parties.states(1, 2, 3) == ["RETRY_WAIT D103", "DISPATCHED", "CONFIRM_PENDING"], "the records count",
           parties.states(1, 2, 3))
    # Device 2: what NOT_ATTEMPTED said of its time would make this result one of the first order
    name = parties.result(said(2, "TIMEOUT", LastTry=at(20)))
    home.run(now=at(20))
    tap.ok(parties.acknowledged(name) == ("AC", []) and parties.state(2) == "RETRY_WAIT D103",
           "a time that could not be compares with nothing", parties.acknowledged(name), parties.state(2))
    name = parties.confirm(confirmed(3, ConfirmedAt="2203-07-03T12:00:00Z"), confirmed(1, "N", ConfirmedAt=at(-60)))
    home.run(now=at(20))
    tap.ok(parties.acknowledged(name) == ("WN", ["C120 ConfirmedAt 1", "C120 ConfirmedAt 2"]),
           "a confirmation of another century, and one from before the order", parties.acknowledged(name))
    tap.ok(parties.state(3) == "MIGRATED", "counts all the same", parties.state(3))
    sound(tap, home, "after times that cannot be")


ORDERED, JUDGED = at(0), at(20)  # a clock may be five minutes ahead or behind
# (time, the finding about it: its code and severity; "": none)
TIMES = ((ORDERED, ""), (JUDGED, ""),
         ("2023-07-03T12:25:00Z", ""), ("2023-07-03T12:25:01Z", "warning"), ("2023-07-03T12:25:00.999Z", ""),
         ("2023-07-03T12:25:01.0Z", "warning"), ("2023-07-03T11:55:00Z", ""), ("2023-07-03T11:54:59Z", "warning"),
         ("1970-01-01T00:00:00Z", "warning"), ("1969-12-31T23:59:59Z", "warning"),
         ("2023-07-03T11:55:00.0Z", ""), ("2023-07-03T11:54:59.999Z", "warning"),
         ("2023-07-03T12:05:00.1Z", ""), ("2023-07-03T12:05:00.12Z", ""), ("2023-07-03T12:05:00.123Z", ""),
         ("2023-07-03T12:05:00.Z", "error"), ("2023-07-03T12:05:00.1234Z", "error"),
         ("2023-07-03T12:05:00,1Z", "error"), ("2023-07-03T12:05:00.1", "error"),
         ("2023-07-03T12:05:00.-1Z", "error"), ("2023-07-03T12:05:00.1+00:00", "error"),
         ("2023-07-03T12:05:60.1Z", "error"), ("2023-07-03T24:00:00.1Z", "error"))


def test_times_exactly(tap):
    """The last second that can be, and the first that cannot; digits after the seconds."""
    for form in ("csv", "xml"):
        home, parties, _ = begin(range(1, len(TIMES) + 1))
        results = parties.result(*(said(n, LastTry=time) for n, (time, _) in enumerate(TIMES, 1)), form=form)
        confirmations = parties.confirm(*(confirmed(n, ConfirmedAt=time) for n, (time, _) in enumerate(TIMES, 1)),
                                        form=form)
        home.run(now=JUDGED)
        numbers = [n for n, (_, finding) in enumerate(TIMES, 1) if finding]
        for name, column in ((results, "LastTry"), (confirmations, "ConfirmedAt")):
            tap.ok(parties.acknowledged(name) == ("PA", [f"C120 {column} {n}" for n in numbers]),
                   f"{form}: {column}: a finding for each time that is malformed, too early or too late",
                   parties.acknowledged(name))
        states = parties.states(*range(1, len(TIMES) + 1))
        for (time, finding), state in zip(TIMES, states):
            tap.ok(state == ("DISPATCHED" if finding == "error" else "MIGRATED"),
                   f"{form}: {time}: the record {'is refused' if finding == 'error' else 'counts'}", state)
        sound(tap, home, f"{form}: after times at their limits")


# The DUIS codes that another try cannot change (validators/duis.def), and those beside them that it may.
LASTING_DUIS = ("E1", "E2", "E3", "E4", "E5", "E11", "E12", "E13", "E17", "E19")
OTHER_DUIS = {"E20": "D101", "E21": "D102", "E6": "D127", "E10": "D127", "E14": "D127", "E18": "D127", "E30": "D127",
              "E100": "D127"}


def test_duis_codes(tap):
    """Each code of the table, by a Device of its own."""
    with open(os.path.join(SOURCE, "validators", "duis.def"), encoding="utf-8") as file:
        meanings = {code: (failure, text) for code, failure, text in
                    re.findall(r'^DUIS\("(\w+)", (\w+), "(.*)"\)$', file.read(), re.M)}
    tap.ok(tuple(code for code, (failure, _) in meanings.items() if failure == "D128") == LASTING_DUIS,
           "D128 stands for these DUIS codes and no other", meanings)
    expected = {**dict.fromkeys(LASTING_DUIS, "D128"), **OTHER_DUIS}
    home, parties, _ = begin(range(1, len(expected) + 1))
    parties.result(*(said(n, "FAILED", duis=code) for n, code in enumerate(expected, 1)))
    home.run(now=at(1))
    for number, (duis, code) in enumerate(expected.items(), 1):
        state = f"{'FAILED' if code == 'D128' else 'RETRY_WAIT'} {code}"
        fact = home.json("device", "show", device(number))[0]
        text = fact["history"][-1]["text"]
        told = f"DUIS {duis} ({meanings[duis][1]})" if duis in meanings else f"DUIS {duis}"
        tap.ok(parties.state(number) == state and text.startswith(told) and
               (code != "D128" or "DCC/SP" in fact["moved_by"]),
               f"DUIS {duis}: {state}, and device show says why, and who resolves it", fact)
    home.run(now=at(60))
    tried = {number for order in parties.orders()[1:] for number, code in enumerate(expected.values(), 1)
             if f"{work(number)} 2" in order}
    tap.ok(tried == {n for n, code in enumerate(expected.values(), 1) if code != "D128"},
           "only those that may change are tried again", tried, parties.orders())
    sound(tap, home, "after every DUIS code")


def test_order_of_words(tap):
    """Early, late, twice in one file: each has its effect once."""
    home, parties, name = begin([1, 2, 3, 4])
    parties.confirm(confirmed(1), confirmed(2, "N"), confirmed(3))
    home.run(now=at(1))
    tap.ok(parties.states(1, 2, 3) == ["CONFIRM_PENDING", "DISPATCHED", "CONFIRM_PENDING"],
           "confirmations may come first",
           parties.states(1, 2, 3))
    parties.result(said(1), said(2), said(3, "FAILED", gbcs="30"))
    home.run(now=at(2))
    tap.ok(parties.states(1, 2, 3) == ["MIGRATED", "CONFIRM_MISMATCH D151", "CONFIRM_MISMATCH D151"],
           "then the results",
           parties.states(1, 2, 3))
    both = parties.result(said(4, "FAILED", gbcs="30"), said(4), said(4, "TIMEOUT"), said(4, key="FFFF"))
    home.run(now=at(3))
    tap.ok(parties.acknowledged(both) == ("PA", ["C121 Result 3", "C121 Result 4"]) and
           parties.state(4) == "CONFIRM_PENDING",
           "rows of one file count one after the other", parties.acknowledged(both), parties.state(4))
    tap.ok(parties.orders() == [[f"{work(n)} 1" for n in (1, 2, 3, 4)]], "a success stops the next try",
           parties.orders())
    parties.confirm(confirmed(2), confirmed(4))
    parties.result(said(3))
    home.run(now=at(4))
    tap.ok(parties.states(2, 3, 4) == ["MIGRATED"] * 3 and len(parties.outcome(name)) == 4, "what disagreed is mended",
           parties.states(2, 3, 4))
    sound(tap, home, "after a disagreement")

    # Nothing was replaced, both say in the end; a success of an earlier try.
    home, parties, name = begin([1, 2])
    parties.result(said(1), said(2, "TIMEOUT"))
    parties.confirm(confirmed(1, "N"))
    home.run(now=at(1))
    home.run(now=at(6))
    parties.result(said(1, "TIMEOUT"), said(2))
    home.run(now=at(7))
    tap.ok(parties.states(1, 2) == ["FAILED D103", "CONFIRM_PENDING"], "a side may take back its word",
           parties.states(1, 2))
    other, same = parties.result(said(2, "TIMEOUT", attempt=2)), parties.result(said(2, "TIMEOUT", attempt=1))
    parties.confirm(confirmed(2))
    home.run(now=at(8))
    tap.ok(parties.acknowledged(other) == ("WN", ["C119 Result 1"]) and
           parties.acknowledged(same) == ("PA", ["C121 Result 1"]),
           "the failure of another try than the one that succeeded is no contradiction", parties.acknowledged(other))
    tap.ok([row[2:5] for row in parties.outcome(name)] == [["FAILED", "D103", "1"], ["MIGRATED", "", "2"]],
           "and all that is reported",
           parties.outcome(name))
    sound(tap, home, "after words were taken back")

    # Too late: recorded, so that the Device is never replaced twice.
    home, parties, name = begin([1, 2])
    parties.result(said(1, "FAILED", gbcs="5"), said(2, "FAILED", gbcs="5"))
    home.run(now=at(1))
    outcome = parties.answer(name, "EMO")
    late = parties.result(said(1))
    late_too = parties.confirm(confirmed(2))
    home.run(now=at(2))
    tap.ok(parties.acknowledged(late) == ("WN", ["C119 Result 1"]) and
           parties.acknowledged(late_too) == ("WN", ["C119 Confirmed 1"]) and
           parties.states(1, 2) == ["FAILED D105"] * 2,
           "a success after the end is recorded", parties.acknowledged(late))
    tap.ok(parties.answer(name, "EMO") == outcome and home.command("spool", "verify").returncode == 0,
           "and its outcome stays")
    again = parties.instruct([1, 2, 3])
    home.run(now="2023-09-01T12:00:00Z")
    tap.ok(parties.acknowledged(again)[1] == ["C108 DeviceID 1", "C108 DeviceID 2"], "the next instruction is C108",
           parties.acknowledged(again))


# ---- files that are wrong as a whole ----

def test_wrong_files(tap):
    home, parties, name = begin([1, 2])
    good = parties.result(said(1, "TIMEOUT"), number=5)
    home.run(now=at(1))
    before = parties.work_so_far()
    wrong = {
        "a wrong count": parties.result(said(2), count=2, number=6),
        "a BatchId used before": parties.result(said(2), batch="EMT-5", number=7),
        "a sequence below": parties.result(said(2), number=4),
        "a wrong count in XML": parties.result(said(2), count=3, number=8, form="xml"),
        "a count that is wrong behind a good and a bad record": parties.result(said(2), said(1, "x"), count=3,
                                                                               number=9),
        "no records": parties.result(number=10)}
    home.run(now=at(2))
    codes = {text: parties.acknowledged(file) for text, file in wrong.items()}
    for text, (outcome, findings) in codes.items():
        tap.ok(outcome == "RJ", f"{text}: the file is rejected whole", findings)
    tap.ok([codes[text][1][0].split()[0] for text in list(wrong)[:4]] == ["B208", "B210", "B107", "B208"],
           "by its own code",
           codes)
    tap.ok(parties.work_so_far() == before and parties.acknowledged(good) == ("AC", []), "and nothing changes",
           parties.work_so_far())
    parties.result(said(2), number=11)
    parties.confirm(confirmed(2))
    home.run(now=at(3))
    tap.ok(parties.state(2) == "MIGRATED" and parties.outcome(name) is None, "what is right comes next")
    sound(tap, home, "after files that were wrong")


# ---- outcomes ----

def test_outcomes(tap):
    home, parties, name = begin([instructed(1, "XSME"), instructed(2, "XSME")], form="xml")
    tap.ok([row[2:4] for row in parties.outcome(name)] == [["REJECTED", "C104"]] * 2 and parties.orders() == [],
           "nothing to replace: the outcome comes with the verdict", parties.outcome(name))
    wrong = parties.instruct([3], count=9)
    home.run()
    tap.ok(parties.answer(wrong, "EMO") is None and parties.acknowledged(wrong)[0] == "RJ",
           "a file rejected whole has none")
    one, two = parties.instruct([1, 2]), parties.instruct([2, 3])
    home.run(now=at(1))
    tap.ok([row[1:4] for row in parties.outcome(two) or []] == [], "the other batch's Device still waits",
           parties.outcome(two))
    parties.result(said(2, batch=3, record=2, result="FAILED", gbcs="5"),
                   said(3, batch=4, record=2, result="FAILED", gbcs="5"))
    home.run(now=at(2))
    tap.ok([row[1:5] for row in parties.outcome(two)] ==
           [["MCC.B-4.1", "DEFERRED", "C110", "0"], ["MCC.B-4.2", "FAILED", "D105", "1"]] and
           parties.outcome(one) is None,
           "each batch has its own", parties.outcome(two))
    home.run(now=at(3000))
    tap.ok([row[1:5] for row in parties.outcome(one)] ==
           [["MCC.B-3.1", "FAILED", "D103", "1"], ["MCC.B-3.2", "FAILED", "D105", "1"]],
           "a session's end ends a batch", parties.outcome(one))
    numbers = [parties.answer(file, "EMO") for file in (two, one)]
    tap.ok([text.decode().split(",")[5] for text in numbers] == ["2", "3"], "outcomes are numbered", numbers)
    sound(tap, home, "after outcomes")


def test_second_revision(tap):
    """An instruction that is accepted when it is judged again: its outcome is that of the second revision."""
    home = Home("gateway eui64=90-B3-D5-1F-30-00-00-05")
    parties = Parties(home)
    name = parties.instruct([1])
    home.run()
    home.set("gateway eui64=90-B3-D5-1F-30-00-00-04")
    home.command("spool", "requeue", "1", "--reason", "the identity was wrong")
    home.run()
    parties.result(said(1))
    parties.confirm(confirmed(1))
    home.run(now=at(1))
    outcome = f"EMO{name[3:-4]}_R2.csv"
    tap.ok([file for file in home.out("mcc") if file.startswith("EMO")] == [outcome] and
           b"MIGRATED" in home.read_out("mcc", outcome), "the second revision has the outcome", home.out("mcc"))
    sound(tap, home, "after an instruction was judged again")


def incidents(home):
    """Those of Device Models."""
    return [(item["code"], item["subject"], item["begun"], item["cleared"])
            for item in home.json("status")[0]["incidents"] if item["code"] == "D160"]


def test_model(tap):
    home, parties, _ = begin([1, 2, 3, instructed(4, model="010A030C")], "gateway model_failures=2")
    model = "ESME AB01 010A030B 0002012F"
    parties.result(said(1, "FAILED", gbcs="17"), said(4, "FAILED", gbcs="17"))
    home.run(now=at(1))
    tap.ok(incidents(home) == [], "one failure of a model is none of the model", incidents(home))
    parties.result(said(2, "FAILED", gbcs="17"))
    home.run(now=at(2))
    tap.ok(incidents(home) == [("D160", model, at(2), None)] and b"D160" in home.command("status").stdout,
           "when all that were tried have failed it is proposed as Non-Migratable", incidents(home))
    parties.result(said(3))
    parties.confirm(confirmed(3))
    home.run(now=at(3))
    tap.ok(incidents(home) == [("D160", model, at(2), at(3))], "the first that migrates ends that", incidents(home))
    parties.instruct([5, 6, 7])
    home.run(now=at(4))
    parties.result(*(said(n, "FAILED", batch=2, record=n - 4, gbcs="17") for n in (5, 6, 7)))
    home.run(now=at(5))
    tap.ok(len(incidents(home)) == 1, "and for ever", incidents(home))

    # A Device that fails twice is one; a file rejected whole counts nothing.
    home, parties, _ = begin([1], "gateway model_failures=2\ngateway next_session=0\ngateway session_length=1")
    parties.result(said(1, "FAILED", gbcs="17"))
    home.run(now=at(1))
    parties.instruct([1])
    home.run(now=at(70))
    parties.result(said(1, "FAILED", batch=2, gbcs="17"))
    home.run(now=at(71))
    tap.ok(parties.rows("SELECT count(*) FROM session WHERE state=8") == [(2,)] and incidents(home) == [],
           "a Device that fails again counts once", incidents(home))
    parties.instruct([2])
    home.run(now=at(72))
    parties.result(said(2, "FAILED", batch=3, record=1, gbcs="17"), count=7)
    home.run(now=at(73))
    tap.ok(incidents(home) == [], "what was rolled back counts nothing", incidents(home))
    parties.result(said(2, "FAILED", batch=3, record=1, gbcs="17"))
    home.run(now=at(74))
    tap.ok(len(incidents(home)) == 1, "the second Device does", incidents(home))


def test_model_refused(tap):
    """A session that ends because of the Device's data says nothing of its model."""
    home, parties, name = begin([1, 2], "gateway model_failures=1\ngateway next_session=0\ngateway session_length=1\n"
                                        "review C107=warn")
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    home.set("review C107=reject")
    parties.reference("NMM", "ESME,AB01,010A030B,,2023-06-01,2023-07-04,D117,")
    home.run(now=at(6))
    tap.ok(parties.state(1) == "FAILED C107" and incidents(home) == [],
           "C107 between two tries is no failure of the model",
           parties.state(1), incidents(home))
    tap.ok(parties.orders() == [[f"{work(1)} 1", f"{work(2)} 1"]], "nor is another try ordered", parties.orders())
    home.set("review C107=off")
    parties.instruct([1])
    home.run(now=at(70))
    tap.ok(len(incidents(home)) == 1, "the other Device's session that times out is", incidents(home))
    sound(tap, home, "after a session was refused")


# ---- stops and old ledgers ----

def reads(process, end):
    """It has a file open whose path ends so."""
    folder = f"/proc/{process.pid}/fd"
    try:
        return any(os.readlink(f"{folder}/{fd}").endswith(end) for fd in os.listdir(folder))
    except OSError:
        return False  # one of them was closed meanwhile


def test_stop(tap):
    devices = "2000" if SANITIZED else "50000"
    home = Home()
    home.drop("mcc", generate(home.top, "--form", "csv", "--devices", devices))
    home.run()
    result = generate(home.top, "--type", "EMT", "--form", "csv", "--devices", devices, "--time", at(4))
    home.drop("tcos", result)
    parties = Parties(home)
    before = parties.work_so_far()
    process = subprocess.Popen([GATE, "-c", home.conf, "--now", at(5), "run", "--once"], stderr=subprocess.DEVNULL)
    caught = wait_until(lambda: process.poll() is not None or reads(process, "/active/00000003/payload"))
    process.send_signal(signal.SIGTERM)
    status = process.wait(timeout=PATIENCE)
    answered = parties.acknowledged(os.path.basename(result)) is not None  # then the stop came too late
    tap.ok(caught and status == 0 and answered == (parties.work_so_far() != before),
           "a stop while results are judged applies none of them, unless it comes too late and all are applied", status)
    home.run(now=at(6))
    counts = parties.rows("SELECT state, count(*), min(transitions), max(transitions) FROM session GROUP BY state")
    tap.ok(counts == [(5, int(devices), 2, 2)] and parties.acknowledged(os.path.basename(result)) == ("AC", []),
           "the next run applies all of them, once", counts)
    sound(tap, home, "after a stop while results were judged")


if __name__ == "__main__":
    with Tap() as report:
        test_way(report)
        test_replies(report)
        test_credentials(report)
        test_ordered_again(report)
        test_times(report)
        test_times_exactly(report)
        test_duis_codes(report)
        test_order_of_words(report)
        test_wrong_files(report)
        test_outcomes(report)
        test_second_revision(report)
        test_model(report)
        test_model_refused(report)
        test_stop(report)
