#!/usr/bin/env python3
"""Devices of which one side does not speak, or of which the sides disagree: incidents, outcomes, and an operator who
ends the work (TAP)."""
import csv
import io
import json
import os
import re

from home import SOURCE, Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound, work

DAY = 24 * 60


def begin(*devices, settings=""):
    home = Home(settings)
    parties = Parties(home)
    name = parties.instruct(devices)
    home.run()
    return home, parties, name


def told(home):
    """(Event, Code, DeviceID, Parties, ResolvedBy) of each row of the INC files."""
    found = []
    for name in sorted(one for one in home.out("dcc") if one.startswith("INC")):
        rows = csv.reader(io.StringIO(home.read_out("dcc", name).decode()))
        found += [(row[3], row[6], row[10], row[11], row[12]) for row in rows if row[0] == "D"]
    return found


def outcomes(home):
    """"Outcome Code EndedAt" of each Device in each EMO, by its number behind R."""
    found = {}
    for name in home.out("mcc"):
        if name.startswith("EMO"):
            rows = csv.reader(io.StringIO(home.read_out("mcc", name).decode()))
            found[int(name.rsplit("_R", 1)[1].split(".")[0])] = [" ".join(filter(None, (row[4], row[5], row[7])))
                                                                 for row in rows if row[0] == "D"]
    return found


def test_incidents(tap):
    home, parties, _ = begin(1, 2, 3, 4, 5, 6)
    parties.result(said(1), said(3), said(4, "FAILED", gbcs="5"), said(5, "FAILED", alert="8F1E"),
                   said(6, "FAILED", gbcs="17"))
    parties.confirm(confirmed(2), confirmed(3, "N"))
    home.run(now=at(10))
    home.run(now=at(DAY + 10))
    raised = sorted(told(home))
    tap.ok(raised == [("RAISED", "D105", device(4), "TCSP", "DCC/SP"), ("RAISED", "D140", device(5), "TCSP", "DCC/SP"),
                      ("RAISED", "D150", device(1), "ECSP", "DCC/SP"), ("RAISED", "D150", device(2), "TCSP", "DCC/SP"),
                      ("RAISED", "D151", device(3), "TCSP;ECSP", "DCC/SP")],
           "what DCC and the Service Providers resolve is told, with who has to act; a failure of the Device is not",
           raised)
    texts = {one["code"] + one["subject"][-2:]: one["text"] for one in home.json("incident", "list")}
    tap.ok("TCoS side states success, the ECoS side says nothing" in texts["D15001"] and
           "ECoS side states success, the TCoS side says nothing" in texts["D15002"] and
           "TCoS side says that the credentials were replaced, the ECoS side does not confirm it" in texts["D15103"],
           "the text says which side says what", texts)
    why = home.json("why", device(1))[0]
    tap.ok("(D150)" in why["incidents_open"], "`why` names the incident of the Device", why)
    parties.confirm(confirmed(1), confirmed(2, "N"), confirmed(3))
    again = parties.acknowledged
    refused = parties.confirm(confirmed(2, "N"))
    home.run(now=at(DAY + 20))
    tap.ok(again(refused)[1] == ["C121 Confirmed 1"], "a side takes nothing back while the other is silent")
    cleared = [row[:3] for row in told(home) if row[0] == "CLEARED"]
    tap.ok(sorted(cleared) == [("CLEARED", "D150", device(1)), ("CLEARED", "D151", device(3))],
           "a migration closes the incident", cleared)
    parties.result(said(2, "FAILED", gbcs="30"))
    home.run(now=at(DAY + 30))
    codes = sorted(one["code"] for one in home.json("incident", "list") if one["subject"] == device(2))
    tap.ok(codes == ["D151"], "a side that speaks and disagrees makes D151 of D150", codes)
    home.run(now=at(40 * DAY))
    name = parties.instruct([4, 5, 2])
    home.run(now=at(40 * DAY + 1))
    left = sorted((one["code"], one["subject"]) for one in home.json("incident", "list") if one["code"][0] == "D")
    tap.ok(left == [("D151", device(2))], "an accepted instruction closes it, one that is deferred (C110) does not",
           left, parties.answer(name, "EMD"))
    sound(tap, home, "after incidents of Devices")


def test_closed_by_hand(tap):
    """An incident that an operator has closed is not opened again by what says nothing new."""
    home, parties, _ = begin(1)
    parties.result(said(1))
    home.run(now=at(1))
    parties.confirm(confirmed(1, "N"))
    home.run(now=at(2))
    home.command("incident", "close", "1", "--reason", "known", now=at(3))
    parties.confirm(confirmed(1, key="FFFF"))
    home.run(now=at(4))
    tap.ok(home.json("incident", "list") == [] and parties.state(1) == "CONFIRM_MISMATCH D151",
           "a further statement that disagrees opens no second incident")


def rows_of(home, code):
    """(Event, DeviceID, Parties, ResolvedBy, Text) of each row of the INC files with this code."""
    found = []
    for name in sorted(one for one in home.out("dcc") if one.startswith("INC")):
        rows = csv.reader(io.StringIO(home.read_out("dcc", name).decode()))
        found += [(row[3], row[10], row[11], row[12], row[13]) for row in rows if row[0] == "D" and row[6] == code]
    return found


def test_text(tap):
    """A row of an INC says what its reader needs to act."""
    hub = "00-DB-12-34-56-78-90-C1"
    home, parties, _ = begin(1, 2, 3, 4, {**instructed(5, "GPF"), "CHFDeviceID": hub},
                             settings="gateway model_failures=1")
    parties.reference("INV", f"{device(5)},GPF,Commissioned,AB01,010A030B,0002012F,,{hub},"
                             "90-B3-D5-1F-30-05-00-01,,North,2021-04-06,2021-04-06,TCOS,")
    parties.result(said(1), said(2, "FAILED", alert="8F1E"), said(3, "FAILED", duis="E19"),
                   said(4, "FAILED", gbcs="5"), said(5, "FAILED", gbcs="17"))
    home.run(now=at(2))
    home.run(now=at(DAY + 10))
    tap.ok(rows_of(home, "D140")[0][4] == "integrity or authority alert (8F1E, 8F30, 8F3D): the result has the "
           "alert 8F1E", "D140 names the alert", rows_of(home, "D140"))
    tap.ok(rows_of(home, "D128")[0][4].endswith(": the result has the DUIS code E19"), "D128 names the code",
           rows_of(home, "D128"))
    models = {row[4]: (row[2], row[3]) for row in rows_of(home, "D160")}
    gpf = models.get("the only Device of the model GPF AB01 010A030B 0002012F that was tried has failed: proposed as "
                     "Non-Migratable")
    tap.ok(gpf == ("", "DCC"), "D160 names the model; that of a GPF has no Supplier, whatever the inventory says",
           models)
    end(home, 1, "migrated", DAY + 11)
    home.command("device", "release", device(4), "--reason", "the certificate was replaced", now=at(DAY + 12))
    home.run(now=at(DAY + 13))
    cleared = {code: [row[4] for row in rows_of(home, code) if row[0] == "CLEARED"] for code in ("D150", "D105")}
    tap.ok(cleared == {"D150": ["looked at it"], "D105": ["the certificate was replaced"]},
           "what an operator ended by `device end` or `device release` is closed with the reason", cleared)
    sound(tap, home, "after rows with reasons")


def row(number, kind="ESME", status="Commissioned", supplier="90-B3-D5-1F-30-05-00-01"):
    """Of an INV, without the action."""
    mpxn = "1012345678903" if kind == "ESME" else ""
    return (f"{device(number)},{kind},{status},AB01,010A030B,0002012F,{mpxn},,{supplier},,North,2021-04-06,2021-04-06,"
            "TCOS,")


# By code: the inventory, what the TCoS side says, and the inventory that ends the incident without a hand. Device 9
# is in all of them. None: nothing is said, or the Device is in no inventory.
GONE = None
ENDINGS = {
    "C103": (None, None, row(1)),
    "C104": (row(1, "GSME"), None, row(1)),
    "C105": (row(1, status="Withdrawn"), None, row(1)),
    "C114": (row(1, supplier=""), None, row(1)),
    "D105": (row(1), said(1, "FAILED", gbcs="5"), GONE),
    "D128": (row(1), said(1, "FAILED", duis="E19"), GONE),
    "D140": (row(1), said(1, "FAILED", alert="8F1E"), row(1, status="Decommissioned")),
    "D150": (row(1), said(1), GONE),
    "D151": (row(1), said(1), GONE),
}


def documented():
    """The codes in the table of INCIDENTS.md that says what closes an incident of a Device."""
    with open(os.path.join(SOURCE, "gateway", "INCIDENTS.md"), encoding="utf-8") as file:
        text = file.read().split("**What closes an incident of a Device**")[1].split("\n\n")[1]
    return re.findall(r"^\| ([A-D]\d+) \|", text, re.M)


def opening():
    """The codes of the catalogue that open an incident of a Device or of a Device Model."""
    with open(os.path.join(SOURCE, "validators", "catalogue.def"), encoding="utf-8") as file:
        rows = re.findall(r'^CODE\((\w+), ".*?",\s*SCOPE_(DEVICE|MODEL), \w+, "([^"]*)"', file.read(), re.M)
    return [code for code, scope, resolver in rows
            if scope == "MODEL" or resolver == "DCC incident" or code[0] == "D" and resolver == "DCC/SP"]


def test_endings(tap):
    """Each incident of a Device has an end without a hand."""
    tap.ok(documented() == opening(), "INCIDENTS.md says of each code what closes its incident", documented(),
           opening())
    tap.ok(set(ENDINGS) | {"D152", "D160"} == set(opening()), "each has its test here; D152 and D160 have others",
           set(opening()) - set(ENDINGS))
    for code, (before, result, after) in ENDINGS.items():
        home = Home("gateway incident_party=NOBODY\ngateway shrink_limit=50\nreview C114=reject")
        parties = Parties(home)
        parties.references("INV", *filter(None, (before, row(9))))
        home.run()
        parties.instruct([1])
        home.run()
        if result:
            parties.result(result)
        if code == "D151":
            parties.confirm(confirmed(1, "N"))
        home.run(now=at(1))
        home.run(now=at(DAY + 10))
        if code in ("D150", "D151"):
            parties.references("INV", row(9))
            home.run(now=at(DAY + 20))
            tap.ok(parties.state(1).endswith(code) and [one["code"] for one in home.json("incident", "list")] == [code],
                   f"{code}: while the work is live, a side still has to speak", home.json("incident", "list"))
            end(home, 1, "failed", DAY + 30)
            parties.result(said(1, key="EEEE"))
            home.run(now=at(DAY + 40))
            home.run(now=at(3 * DAY))
        opened = [one["code"] for one in home.json("incident", "list")]
        parties.references("INV", *filter(None, (after, row(9))))
        home.run(now=at(3 * DAY + 1))
        left = home.json("incident", "list")
        tap.ok((opened == [code] or code in ("D150", "D151")) and not left, f"{code} ends with the inventory", opened,
               left)
        home.remove()


def test_outcome(tap):
    home, parties, _ = begin(1, 2, 3, settings="gateway outcome_wait=48\ngateway incident_party=NOBODY")
    parties.result(said(1), said(2, "FAILED", gbcs="17"), said(3))
    parties.confirm(confirmed(3, "N"))
    home.run(now=at(10))
    home.run(now=at(3 * DAY - 1))
    tap.ok(outcomes(home) == {}, "the outcome waits for Devices that have not ended", outcomes(home))
    home.run(now=at(3 * DAY))
    first = ["CONFIRM_PENDING D150", f"FAILED D117 {at(10)}", "CONFIRM_MISMATCH D151"]
    tap.ok(outcomes(home) == {1: first}, "but not longer than outcome_wait after the session should have ended",
           outcomes(home))
    home.run(now=at(4 * DAY))
    parties.confirm(confirmed(1))
    home.run(now=at(5 * DAY))
    tap.ok(outcomes(home) == {1: first}, "one that ends then brings no further outcome while another is live",
           outcomes(home))
    parties.confirm(confirmed(3))
    home.run(now=at(6 * DAY))
    second = [f"MIGRATED {at(5 * DAY)}", first[1], f"MIGRATED {at(6 * DAY)}"]
    tap.ok(outcomes(home) == {1: first, 2: second}, "a further one follows when all have ended", outcomes(home))
    sound(tap, home, "each outcome can be built again as it was")


def end(home, number, as_what, minutes, *options):
    return home.command(*options, "device", "end", device(number), "--as", as_what, "--reason", "looked at it",
                        now=at(minutes))


def test_end(tap):
    home, parties, _ = begin(1, 2, 3, 4, 5, 6, 7, settings="gateway incident_party=NOBODY")
    parties.result(said(1), said(3), said(4), said(5, "FAILED", gbcs="17"), said(6, "FAILED", gbcs="30"))
    parties.confirm(confirmed(2), confirmed(3, "N"), confirmed(4))
    home.run(now=at(2))
    for number, state in ((7, "DISPATCHED"), (6, "RETRY_WAIT"), (5, "FAILED"), (4, "MIGRATED")):
        done = end(home, number, "failed", 3)
        tap.ok(done.returncode == 1 and f"{device(number)} is {state}; only one that is CONFIRM_PENDING or "
               "CONFIRM_MISMATCH, or of which one side has stated a late success, can be ended; `ecosgate why "
               f"{device(number)}` says" in done.stderr.decode(), f"a Device that is {state} is refused",
               done.stderr.decode())
    done = end(home, 9, "failed", 3)
    tap.ok(done.returncode == 1 and b"is not known: no instruction that was judged names it" in done.stderr,
           "so is one that nobody has instructed", done.stderr)
    for number in (1, 2, 3):
        moved = home.json("why", device(number))[0]["moved_by"]
        shown = home.json("device", "show", device(number))[0]["moved_by"]
        tap.ok(f"`ecosgate device end {device(number)} --as migrated|failed --reason TEXT`" in moved == shown,
               f"`why` and `device show` name the way on, {number}", moved, shown)
    done = end(home, 1, "failed", 4, "--json")
    row = json.loads(done.stdout)
    tap.ok(done.returncode == 0 and (row["device"], row["verb"], row["result"]) == (device(1), "end device", "done"),
           "the order is carried out", done.stdout, done.stderr)
    end(home, 2, "migrated", 5)
    end(home, 3, "migrated", 6)
    home.run(now=at(7))
    states = parties.states(1, 2, 3)
    tap.ok(states == ["FAILED D150", "MIGRATED", "MIGRATED"], "the Devices have ended so", states)
    tap.ok([one for one in home.json("incident", "list") if one["code"][0] == "D"] == [], "no incident is left")
    shown = home.json("device", "show", device(1))[0]
    text = shown["history"][-1]["text"]
    tap.ok(text.startswith("an operator has ended it (") and text.endswith("as failed: looked at it") and
           text in shown["because"] and "afterwards" not in shown["because"],
           "the history says who ended it, and why", shown)
    confirmation = parties.confirm(confirmed(1))
    known = parties.result(said(2))
    against = parties.result(said(2, key="FFFF"))
    home.run(now=at(8))
    tap.ok(parties.states(1, 2) == ["MIGRATED", "MIGRATED"] and parties.acknowledged(confirmation) == ("AC", []),
           "the missing statement still makes a Device migrate that was ended as failed", parties.states(1, 2))
    because = [home.json("device", "show", device(number))[0]["because"] for number in (1, 2)]
    tap.ok(because[0] == "both sides have confirmed the same credentials" and
           because[1].endswith("as migrated: looked at it"),
           "what made each of them MIGRATED is said: the two sides, or the order", because)
    tap.ok(parties.acknowledged(known) == ("WN", ["C119 Result 1"]) and
           parties.acknowledged(against) == ("PA", ["C121 Result 1"]),
           "of one that was ended as migrated the same is known and another contradicts", parties.acknowledged(known),
           parties.acknowledged(against))
    sound(tap, home, "after ends by order")


def test_end_late(tap):
    """One side states its success after the end, and the other one stays silent: an operator settles that."""
    home, parties, _ = begin(1, 2)
    parties.result(said(1, "FAILED", gbcs="17"), said(2, "FAILED", gbcs="17"))
    home.run(now=at(1))
    parties.result(said(1))
    parties.confirm(confirmed(2))
    home.run(now=at(2))
    home.run(now=at(2 + DAY))
    left = sorted((one["code"], one["subject"]) for one in home.json("incident", "list"))
    tap.ok(left == [("D150", device(1)), ("D150", device(2))], "both have failed, and one side of each is silent", left)
    moved = home.json("why", device(1))[0]["moved_by"]
    tap.ok(f"`ecosgate device end {device(1)} --as migrated --reason TEXT`" in moved, "`why` names the way on", moved)
    done = [end(home, 1, "migrated", 3 + DAY).returncode, end(home, 2, "failed", 3 + DAY).returncode]
    home.run(now=at(4 + DAY))
    tap.ok(done == [0, 0] and parties.states(1, 2) == ["MIGRATED", "FAILED D117"] and
           home.json("incident", "list") == [], "an operator ends one as migrated, the other as failed", done,
           parties.states(1, 2))
    first = [f"FAILED D117 {at(1)}"] * 2
    tap.ok(outcomes(home) == {1: first, 2: [f"MIGRATED {at(3 + DAY)}", first[1]]}, "the outcome follows once",
           outcomes(home))
    shown = [home.json("device", "show", device(number))[0] for number in (1, 2)]
    tap.ok("as migrated: looked at it" in shown[0]["because"] and "as failed: looked at it" in shown[1]["because"] and
           "GBCS 17" in shown[1]["because"] and "afterwards" in shown[1]["because"], "who did it is said", shown)
    again = end(home, 2, "migrated", 5 + DAY)
    texts = [row["text"] for row in home.json("device", "show", device(2))[0]["history"][-2:]]
    tap.ok(again.returncode == 0 and "as failed" in texts[0] and "as migrated" in texts[1],
           "an order that was wrong is corrected by another", again.stderr, texts)
    sound(tap, home, "after late ends by order")


def test_end_and_again(tap):
    """Ended as failed, the Device may be instructed again: what was stated before does not stand against it."""
    home, parties, _ = begin(1, settings="gateway next_session=0")
    parties.result(said(1))
    home.run(now=at(1))
    end(home, 1, "failed", 2)
    home.run(now=at(3))
    tap.ok(outcomes(home) == {1: [f"FAILED D150 {at(2)}"]}, "the end brings the outcome", outcomes(home))
    parties.instruct([1])
    home.run(now=at(2 * DAY))
    tap.ok(parties.orders()[1:] == [[f"{work(1, 2)} 1"]], "a Device that was ended as failed is ordered anew",
           parties.orders())
    sound(tap, home, "after a new order")


def test_waiting_order(tap):
    """An order file as another program would write it; one that names no end is no order."""
    home, parties, _ = begin(1, 2)
    parties.result(said(1), said(2))
    home.run(now=at(1))
    for name, number, as_what in (("a", 1, "as=migrated"), ("b", 2, "as=perhaps"), ("c", 2, "")):
        with open(home.path("spool", "orders", name), "w", encoding="utf-8") as file:
            file.write(f"[order]\nverb=end device\ndevice={device(number)}\n{as_what}\nreason=x\nwho=me\n"
                       "at=1688385600\n")
    home.run(now=at(2))
    tap.ok(parties.states(1, 2) == ["MIGRATED", "CONFIRM_PENDING"], "only a whole order is carried out",
           parties.states(1, 2))
    results = [row[0] for row in parties.rows("SELECT result FROM operator_action ORDER BY order_id")]
    tap.ok(results[0] == "done" and all("is no order: its key 'as'" in result and "'ecosgate device end'" in result
                                        for result in results[1:]) and
           sorted(os.listdir(home.path("spool", "refused"))) == ["b", "c"],
           "the others are refused and kept, and the message names the key and the command", results)


def test_release(tap):
    """A Device whose failure is resolved, by an operator's word or by the inventory, may be instructed again."""
    home, parties, _ = begin(1, 2)
    parties.result(said(1, "FAILED", gbcs="5"), said(2, "FAILED", gbcs="17"))
    refused = home.command("device", "release", device(1), "--reason", "x", now=at(1))
    tap.ok(refused.returncode == 1 and b"one is live; see 'ecosgate why" in refused.stderr,
           "a Device in work is not released", refused.stderr)
    home.run(now=at(2))
    done = home.command("device", "release", device(1), "--reason", "mended", now=at(3))
    again = home.command("device", "release", device(1), "--reason", "mended", now=at(3))
    tap.ok(done.returncode == 0 and again.returncode == 1 and b"needs no order" in again.stderr,
           "one that has failed is, and once only", done.stderr, again.stderr)
    left = [one["code"] for one in home.json("incident", "list")]
    tap.ok(left == [], "that closes its incident", left)
    first, second = (home.json("why", device(n), now=at(4))[0] for n in (1, 2))
    tap.ok((first["moved_by"], first["next_at"]) == ("a new instruction (EMI)", None) and
           second["moved_by"].startswith("Supplier resolves the cause"), "`why` knows it", first, second)
    name = parties.instruct([1, 2])
    home.run(now=at(5))
    tap.ok(parties.states(1, 2) == ["DISPATCHED", "DEFERRED C115"], "it is ordered, and no other one",
           parties.states(1, 2), parties.answer(name, "EMD"))
    sound(tap, home, "after a release")


def main():
    with Tap() as tap:
        test_incidents(tap)
        test_closed_by_hand(tap)
        test_text(tap)
        test_endings(tap)
        test_outcome(tap)
        test_end(tap)
        test_end_late(tap)
        test_end_and_again(tap)
        test_waiting_order(tap)
        test_release(tap)


if __name__ == "__main__":
    main()
