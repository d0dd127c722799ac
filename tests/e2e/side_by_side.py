#!/usr/bin/env python3
"""Several profiles at once: two partners on two profiles, a change-over at a date with files in flight, and files that
are built again after somebody has removed the folder of their profile (TAP).

A second profile is made here from the built-in one: other names of columns, another order, another namespace and
version. tests/e2e/profiles.py tests the commands about profiles, and what a folder may hold.
"""
import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3

import parties
from home import SOURCE, Home, Tap, wait_until
from parties import CREATED, GATEWAY, MCC, Parties, at, confirmed, device, instructed, said, sound

MCX = "90-B3-D5-1F-30-0E-C0-77"
PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
RENAMED = {"DeviceID": "UnitId", "WorkItemId": "OrderLine", "Outcome": "Verdict"}
NAMESPACE = "urn:annex:"


def load(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def save(value, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def annex(path, version="2.0", name="annex", since=None, until=None):
    """Writes a profile that differs from the proposal: the columns of rows stand in the opposite order."""
    shutil.copytree(PROPOSAL, path)
    about = load(path, "profile.json")
    about.update(profile=name, version=version, valid={"from": since, "until": until})
    save(about, path, "profile.json")
    xml = load(path, "xml.json")
    xml["namespace"] = NAMESPACE + version
    xml["version"]["value"] = version
    save(xml, path, "xml.json")
    for folder in ("records", "reports"):
        for file in os.listdir(os.path.join(path, folder)):
            table = load(path, folder, file)
            for field in table["fields"]:
                field["name"] = RENAMED.get(field["name"], field["name"])
                if field["fact"] == "header.layout":
                    field["constraints"]["enum"] = [version]
            if file.endswith(("-D.json", "-E.json", "-F.json")):
                table["fields"] = table["fields"][:1] + table["fields"][:0:-1]
            save(table, path, folder, file)
    return path


def columns(path, record):
    return [field["name"] for field in load(path, "records", record + ".json")["fields"]]


class Annexed:
    """A partner that speaks the annex: instructions from MCX through the drop mcx."""

    def __init__(self, home, settings, types="EMI"):
        self.home, self.numbers = home, 0
        for side in ("in", "out"):
            os.makedirs(home.path("drops", "mcx", side))
        with open(home.conf, "a", encoding="utf-8") as file:
            file.write(f"\n[drop mcx]\nin=drops/mcx/in\nout=drops/mcx/out\ncomplete=at-once\n"
                       f"\n[party MCX]\neui64={MCX}\ntypes={types}\ndrop=mcx\n{settings}\n")

    def instruct(self, devices, version="2.0", form="csv", name=None, more=None):
        """more: further columns, each with the texts of all rows."""
        self.numbers += 1
        more = more or {}
        head = [MCX, GATEWAY, str(self.numbers), CREATED, "TEST", f"B-{self.numbers}", ""]
        rows = [{**(instructed(one) if isinstance(one, int) else one), "RecordNumber": str(n)}
                for n, one in enumerate(devices, 1)]
        for column, texts in more.items():
            for row, text in zip(rows, texts):
                row[column] = text
        order = ["RecordNumber", *parties.COLUMNS["EMI"]][::-1] + list(more)
        if form == "csv":
            text = io.StringIO()
            lines = [["H", "EMI", version, *head]]
            lines += [["D", *(row.get(column, "") for column in order)] for row in rows]
            csv.writer(text).writerows(lines + [["T", str(len(rows))]])
            data = text.getvalue()
        else:
            names = ["SenderId", "RecipientId", "FileSequence", "CreationDateTime", "Environment", "BatchId"]
            fields = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, head))
            records = "".join("<Device>" + "".join(f"<{RENAMED.get(c, c)}>{row[c]}</{RENAMED.get(c, c)}>"
                                                   for c in order if row.get(c)) + "</Device>" for row in rows)
            data = (f'<MigrationInstruction xmlns="{NAMESPACE}{version}" schemaVersion="{version}"><Header>{fields}'
                    f"<DeviceCount>{len(rows)}</DeviceCount></Header><Devices>{records}</Devices>"
                    "</MigrationInstruction>")
        name = name or f"EMI_MCX_{MCX}_20230703_060000_{self.numbers:06d}.{form}"
        path = os.path.join(self.home.top, "arriving")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(data)
        self.home.drop("mcx", path, name)
        return name

    def answer(self, name, kind="EMA"):
        """The text of an answer; None where there is none."""
        answer = f"{kind}{name[3:-4]}_R1{name[-4:]}"
        return self.home.read_out("mcx", answer).decode() if answer in self.home.out("mcx") else None


def rows_of(text, letter="D"):
    return [row for row in csv.reader(io.StringIO(text or "")) if row and row[0] == letter]


def version_of(text):
    """That of a CSV answer, as its H record says."""
    return rows_of(text, "H")[0][2] if text else None


def test_two_partners(tap):
    home = Home()
    folder = annex(home.path("annex"))
    other = Annexed(home, "profile=annex")
    here = Parties(home)
    ours, theirs = here.instruct([1, 2]), other.instruct([3, 4])
    in_xml = other.instruct([5], form="xml")
    done = home.run()
    tap.ok(here.acknowledged(ours) == ("AC", []), "a file of a party without profile= is read with the built-in one",
           done.stderr.decode())
    file = dict(zip(columns(folder, "EMA-F"), (rows_of(other.answer(theirs), "F") or [[]])[0]))
    tap.ok(version_of(other.answer(theirs)) == "2.0" and file.get("Verdict") == "AC",
           "a file of a party on another profile is read with it, and its EMA is written with it",
           other.answer(theirs))
    response = rows_of(other.answer(theirs, "EMD"))
    at_place = columns(folder, "EMD-D").index("UnitId")
    tap.ok([row[at_place] for row in response] == [device(3), device(4)], "so is its EMD", response)
    tap.ok(f'xmlns="{NAMESPACE}2.0"' in (other.answer(in_xml, "EMD") or "") and
           f"<UnitId>{device(5)}</UnitId>" in other.answer(in_xml, "EMD"), "and in XML", other.answer(in_xml, "EMD"))
    jobs = {job["name"]: job for job in home.json("spool", "list")}
    shown = [home.json("spool", "show", jobs[name]["id"])[0] for name in (ours, theirs)]
    tap.ok([one["verdicts"][0]["profile"] for one in shown] == [None, "annex-2.0"] and
           {row["profile"] for row in shown[1]["parts"]} == {"annex-2.0"}, "spool show names the foreign profile",
           shown)
    names = ours, theirs, f"EMA{theirs[3:-4]}_R1.csv"
    tap.ok([home.json("why", name)[0].get("profile") for name in names] == [None, "annex-2.0", "annex-2.0"],
           "so does why", home.json("why", theirs))
    tap.ok([home.json("device", "show", device(number))[0]["profile"] for number in (1, 3)] == [None, "annex-2.0"],
           "and device show")
    tap.ok(version_of(home.read_out("tcos", home.out("tcos")[0]).decode()) == "1.0",
           "the work order is in the profile of its own recipient")
    sound(tap, home, "two profiles at once")
    return home, here, other, theirs, folder


def test_removed_folder(tap, home, here, other, theirs, folder):
    """The folder is gone and the party is back on the built-in profile: what was begun with the annex ends with it."""
    at_place, verdict_at = columns(folder, "EMO-D").index("UnitId"), columns(folder, "EMO-D").index("Verdict")
    shutil.rmtree(folder)
    looked = home.command("status")
    tap.ok(looked.returncode == 0 and b"annex" in looked.stderr and b"ecosgate.conf:" in looked.stderr and
           b"the files of MCX, and those for it, wait" in looked.stderr,
           "a setting that names a folder which is gone is told with its line", looked.stderr.decode())
    sound(tap, home, "while the folder of a profile is gone")
    home.set("party MCX profile=proposal-1.0")
    sound(tap, home, "stored answers of a profile whose folder is gone")
    here.result(*(said(number, batch=1, record=number - 2, WorkItemId=f"MCX.B-1.{number - 2}") for number in (3, 4)))
    here.confirm(*(confirmed(number, WorkItemId=f"MCX.B-1.{number - 2}") for number in (3, 4)))
    os.rename(home.path("drops", "mcx", "out"), home.path("drops", "mcx", "away"))
    home.run(now=at(1))
    stored = [os.path.join(root, name) for root, _, names in os.walk(home.path("spool", "active")) for name in names
              if name.startswith("EMO_MCX")]
    tap.ok(len(stored) == 1, "the EMO waits in the spool", stored)
    with open(stored[0], "r+b") as file:
        file.write(b"rotten")
    os.rename(home.path("drops", "mcx", "away"), home.path("drops", "mcx", "out"))
    home.run(now=at(90))
    home.run(now=at(91))
    outcome = other.answer(theirs, "EMO")
    tap.ok(version_of(outcome) == "2.0" and
           [(row[at_place], row[verdict_at]) for row in rows_of(outcome)] ==
           [(device(3), "MIGRATED"), (device(4), "MIGRATED")],
           "an answer is mended with the profile that it was written with", outcome)
    sound(tap, home, "after it was mended")
    with open(other.home.conf, encoding="utf-8") as file:
        tap.ok("profile=annex" not in file.read(), "the configuration does not name it any more")


def test_change_over(tap):
    """From one hour after the beginning on, version 2.0 replaces version 1.5."""
    home = Home("gateway inventory=required")
    annex(home.path("old"), "1.5")
    annex(home.path("new"), "2.0", since=at(60))
    other = Annexed(home, "profile=new;old")
    here = Parties(home)
    early = other.instruct([1], "1.5")
    too_early = other.instruct([2], "2.0")
    home.run(now=at(59))
    tap.ok(other.answer(early) is None, "both files wait for the inventory before the date")
    late = other.instruct([1], "1.5"), other.instruct([3], "2.0")
    home.run(now=at(60))
    row = "{},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,{},,North,2020-01-01,2020-01-01,TCOS,"
    here.references("INV", *(row.format(device(number), parties.SUBJECT) for number in (1, 2, 3)))
    home.run(now=at(61))
    home.run(now=at(62))
    found = [version_of(other.answer(name)) for name in (early, too_early, *late)]
    tap.ok(found == ["1.5", "1.5", "2.0", "2.0"],
           "a file is read with the profile that was valid when it was received, although it is judged later", found)
    verdicts = [rows_of(other.answer(name), "F")[0][::-1][4] for name in (early, too_early, *late)]
    tap.ok([verdict == "RJ" for verdict in verdicts] == [False, True, True, False],
           "the other version is refused on either side of the date", verdicts,
           *(other.answer(name) for name in (early, too_early, *late)))
    sound(tap, home, "after a change-over")


def renamed(folder, marks):
    """Instructions of the profile have names of their own."""
    names = load(folder, "names.json")
    names["names"]["EMI"] = "{org}_INSTRUCTION_{eui64}_{date}_{time}_{sequence}.{form}"
    names["answers"]["EMA"]["EMI"] = "ACK-{org}-{sequence}-{revision}.{form}"
    names["answers"]["EMD"]["EMI"] = f"{marks[0]}-{{org}}-{{sequence}}-{{revision}}.{{form}}"
    names["answers"]["EMO"]["EMI"] = f"{marks[1]}-{{org}}-{{sequence}}-{{revision}}.{{form}}"
    save(names, folder, "names.json")


OWN = f"MCX_INSTRUCTION_{MCX}_20230703_060000_{{:06d}}.csv"


def findings(text):
    """Code and text of each."""
    return [(row[-1], row[1]) for row in rows_of(text, "E")]


def outcome_of(text):
    file = (rows_of(text, "F") or [[]])[0]
    return "".join(one for one in file if one in ("AC", "WN", "PA", "RJ"))


def acks(home):
    """The texts of EMAs of names that no valid profile reads, and of those that it reads."""
    return [home.read_out("mcx", name).decode() for name in home.out("mcx") if name.startswith(("EMA", "ACK"))]


def test_too_early(tap):
    """A file of the new format, names included, comes before the date. It has a way on."""
    home = Home("gateway incident_party=NOBODY\ngateway inventory=required")
    annex(home.path("old"), "1.5")
    renamed(annex(home.path("new"), "2.0", since=at(60)), ("RESPONSE", "OUTCOME"))
    other, here = Annexed(home, "profile=new;old"), Parties(home)
    row = "{},ESME,Commissioned,AB01,010A030B,0002012F,1012345678903,,{},,North,2020-01-01,2020-01-01,TCOS,"
    name = other.instruct([1], name=OWN.format(1))
    home.run()
    first = acks(home)
    tap.ok(len(first) == 1 and version_of(first[0]) == "1.5" and [one[0] for one in findings(first[0])] == ["B115"] and
           f"annex-2.0, which is valid from {at(60)}" in findings(first[0])[0][1] and
           "expected the format annex-1.5" in findings(first[0])[0][1] and
           "send the same file again from then on" in findings(first[0])[0][1],
           "a file that comes too early is told its format, the date, and what to do, and nothing else", first)
    why = home.json("why", name)[0]
    tap.ok(at(60) in why["because"] and "spool requeue 00000001" in why["moved_by"], "why says it, too", why)
    sound(tap, home, "a file that came too early")
    home.command("spool", "requeue", name, "--reason", "too soon", now=at(59))
    home.run(now=at(59))
    tap.ok([[one[0] for one in findings(text)] for text in acks(home)] == [["B115"], ["B115"]],
           "judged again before the date, it is still too early", acks(home))
    for side in ("before", "after"):
        home.command("spool", "requeue", name, "--reason", "now", now=at(61),
                     env={"ECOSGATE_CRASH": f"job-returned:{side}:1"})
    home.command("spool", "requeue", name, "--reason", "now", now=at(61),
                 env={"ECOSGATE_CRASH": "order-done:after:1"})
    sound(tap, home, "stopped while it is judged again")
    home.run(now=at(61))
    tap.ok("A104" in home.json("why", name)[0]["because"] and len(acks(home)) == 2,
           "judged again from the date on, it waits for the inventory as any instruction", home.json("why", name))
    sound(tap, home, "a file that is about to be judged by another profile")
    here.references("INV", *(row.format(device(number), parties.SUBJECT) for number in (1, 2)))
    home.run(now=at(62), env={"ECOSGATE_CRASH": "verdict-committed:before:1"})
    home.run(now=at(63))
    ack = home.read_out("mcx", "ACK-MCX-000001-3.csv").decode() if "ACK-MCX-000001-3.csv" in home.out("mcx") else ""
    tap.ok(outcome_of(ack) == "AC" and version_of(ack) == "2.0" and
           any(one.startswith("RESPONSE-MCX-000001") for one in home.out("mcx")),
           "it is read, and answered, with the profile that was valid when an operator asked", home.out("mcx"),
           *acks(home))
    job = home.json("spool", "show", "1")[0]
    tap.ok((job["type"], job["org"], job["sequence"]) == ("EMI", "MCX", 1) and
           [one["profile"] for one in job["verdicts"]][-1] == "annex-2.0", "spool show knows its sender and type", job)
    sound(tap, home, "a file that was read with another profile the second time")
    again = other.instruct([2], name=OWN.format(2))
    home.run(now=at(64))
    tap.ok(home.json("spool", "show", "3")[0]["state"] == "done", "the next number follows", again, *acks(home))


def test_sent_again(tap):
    """The same bytes come again from the date on, under the same name; formats differ in namespace and version only."""
    home = Home("gateway incident_party=NOBODY")
    annex(home.path("old"), "1.5")
    annex(home.path("new"), "2.0", since=at(60))
    other = Annexed(home, "profile=new;old")
    early, in_xml = other.instruct([1]), other.instruct([2], form="xml")
    copies = [shutil.copy(os.path.join(home.inbox("mcx"), name), os.path.join(home.top, name))
              for name in (early, in_xml)]
    home.run()
    tap.ok([one[0] for one in findings(other.answer(early))] == ["B115"] and "B115" in other.answer(in_xml),
           "the frame tells formats whose names are the same, in CSV and XML", other.answer(early),
           other.answer(in_xml))
    for path in copies:
        home.drop("mcx", path)
    home.run(now=at(60))
    answers = [home.read_out("mcx", f"EMA{name[3:-4]}_R2{name[-4:]}").decode() for name in (early, in_xml)
               if f"EMA{name[3:-4]}_R2{name[-4:]}" in home.out("mcx")]
    tap.ok(len(answers) == 2 and outcome_of(answers[0]) == "AC" and ">AC<" in answers[1],
           "the very same files are accepted from the date on", *answers)
    late = other.instruct([3], "1.5")
    home.run(now=at(61))
    told = findings(other.answer(late))
    tap.ok([one[0] for one in told] == ["B115"] and f"annex-1.5, which was valid until {at(60)}" in told[0][1] and
           "send its content in the valid format under a new name" in told[0][1],
           "a file that comes too late is told so", told)
    requeued = home.command("spool", "requeue", early, "--reason", "a mistake", now=at(62))
    tap.ok(requeued.returncode != 0, "what is accepted is not judged again", requeued.stderr.decode())
    broken = other.instruct([], "1.5")
    home.run(now=at(63))
    tap.ok("B115" in other.answer(broken), "also one that is wrong in its own format", other.answer(broken))
    sound(tap, home, "files that came at the wrong time")


def test_requeued_after(tap):
    """A file that was right when it came is judged again after the change-over: it is still what it was."""
    home = Home("gateway incident_party=NOBODY")
    annex(home.path("old"), "1.5")
    annex(home.path("new"), "2.0", since=at(60))
    other = Annexed(home, "profile=new;old", types="EMT")
    name = other.instruct([1], "1.5")
    home.run()
    tap.ok([one[0] for one in findings(other.answer(name))][:1] == ["B103"], "its sender may not send instructions",
           other.answer(name))
    home.set("party MCX types=EMI")
    home.command("spool", "requeue", name, "--reason", "types= was wrong", now=at(90))
    home.run(now=at(90))
    second = home.read_out("mcx", f"EMA{name[3:-4]}_R2.csv").decode()
    tap.ok((outcome_of(second), version_of(second)) == ("AC", "1.5"),
           "judged again after the change-over, it is read with the profile of its arrival", second)
    sound(tap, home, "judged again after a change-over")


def test_told_by_content(tap):
    """Profiles of other names are valid side by side: the file decides. Names do not differ here."""
    home = Home()
    annex(home.path("annex"))
    other = Annexed(home, "profile=annex;proposal-1.0")
    new = other.instruct([1])
    there = Parties(home)
    parties.SENDERS["EMI"] = ("MCX", MCX, "mcx")
    other.numbers += 1
    old = there.instruct([2], number=other.numbers)
    old_xml = there.instruct([3], number=other.numbers + 1, form="xml")
    other.numbers += 1
    new_xml = other.instruct([4], form="xml")
    parties.SENDERS["EMI"] = ("MCC", MCC, "mcc")
    home.run()
    found = [version_of(other.answer(name)) for name in (new, old)]
    tap.ok(found == ["2.0", "1.0"], "the H record tells the profiles apart", found)
    found = [re.search(r'xmlns="([^"]*)"', other.answer(name) or "").group(1) for name in (old_xml, new_xml)]
    tap.ok(found == [parties.NAMESPACE, NAMESPACE + "2.0"], "and so does the namespace", found)
    strange = other.instruct([5], "7.0")
    home.run(now=at(1))
    tap.ok(version_of(other.answer(strange)) == "2.0", "a file that fits none is told what the newest expects",
           other.answer(strange))
    sound(tap, home, "files told apart by their content")


def test_directions(tap):
    home = Home("gateway incident_party=NOBODY")
    folder = annex(home.path("annex"))
    home.set("party TCSP profile_out=annex")
    other = Annexed(home, "profile_in=annex\nprofile_out=proposal-1.0")
    here = Parties(home)
    name = other.instruct([1])
    home.run()
    order = home.read_out("tcos", home.out("tcos")[0]).decode()
    line = dict(zip(columns(folder, "EMW-D"), rows_of(order)[0]))
    tap.ok(version_of(order) == "2.0" and line.get("OrderLine") == "MCX.B-1.1",
           "a work order is written with the profile_out of its recipient", order)
    tap.ok(version_of(other.answer(name)) == "2.0", "an answer with the profile of the file that it answers")
    result = here.result(said(1, WorkItemId="MCX.B-1.1"))
    home.run(now=at(1))
    tap.ok(here.acknowledged(result) == ("AC", []), "what that party sends is read with profile_in, here the default")
    sound(tap, home, "a profile for each direction")


def with_passed(folder):
    """Two columns that the gateway does not know, which EMD, EMW and EMO pass on."""
    for record, fields in (("EMI-D", [{"name": "SiteNote"}, {"name": "CrewRef"}]),
                           ("EMD-D", [{"name": "Crew", "passed": "CrewRef"}]),
                           ("EMW-D", [{"name": "Site", "passed": "SiteNote"}, {"name": "Crew", "passed": "CrewRef"}]),
                           ("EMO-D", [{"name": "Site", "passed": "SiteNote"}])):
        table = load(folder, "records", record + ".json")
        table["fields"] += fields
        save(table, folder, "records", record + ".json")


def test_passed_on(tap):
    """Columns that the gateway does not know are kept with the Device, and passed on."""
    home = Home("gateway incident_party=NOBODY")
    folder = annex(home.path("annex"))
    with_passed(folder)
    home.set("party TCSP profile_out=annex")
    other, here = Annexed(home, "profile=annex"), Parties(home)
    more = {"SiteNote": ['by "the" gate; left', "", "a\tb<c&"], "CrewRef": ["C-7", "", "C-9"]}
    name = other.instruct([1, 2, instructed(3, "XSME")], more=more)
    in_xml = other.instruct([4], form="xml", more={"SiteNote": ["Haus &amp; Hof"]})
    here.instruct([5])
    home.run()

    def passed(text, record, *names):
        rows = [dict(zip(columns(folder, record), row)) for row in rows_of(text)]
        return {row["UnitId"]: [row[one] for one in names] for row in rows}

    found = passed(other.answer(name, "EMD"), "EMD-D", "Crew")
    tap.ok(found == {device(1): ["C-7"], device(2): [""], device(3): ["C-9"]}, "the EMD passes a column on", found)
    orders = "".join(home.read_out("tcos", order).decode() for order in home.out("tcos"))
    found = passed(orders, "EMW-D", "Site", "Crew")
    tap.ok(found == {device(1): ['by "the" gate; left', "C-7"], device(2): ["", ""], device(4): ["Haus & Hof", ""],
                     device(5): ["", ""]}, "the work order passes columns on, of CSV and XML; empty without one", found)
    kept = [json.loads(row[0]) for row in here.rows("SELECT kept FROM work_item WHERE kept IS NOT NULL")]
    tap.ok(len(kept) == 3 and {"SiteNote": 'by "the" gate; left', "CrewRef": "C-7"} in kept,
           "only Devices with such texts have them in the ledger", kept)
    shown = home.json("device", "show", device(1))[0]["kept"]
    tap.ok(shown == [{"column": "SiteNote", "value": 'by "the" gate; left'}, {"column": "CrewRef", "value": "C-7"}],
           "device show shows them", shown)
    tap.ok([home.json("device", "show", device(n))[0]["kept"] for n in (2, 5)] == [[], []], "of others it shows none")
    sound(tap, home, "work orders with columns that were passed on")
    os.rename(home.path("drops", "mcx", "out"), home.path("drops", "mcx", "away"))
    here.result(*(said(n, WorkItemId=f"MCX.B-1.{n}") for n in (1, 2)))
    here.confirm(*(confirmed(n, WorkItemId=f"MCX.B-1.{n}") for n in (1, 2)))
    home.run(now=at(1))
    stored = [os.path.join(root, file) for root, _, files in os.walk(home.path("spool", "active")) for file in files
              if file.startswith("EMO_MCX")]
    tap.ok(len(stored) == 1, "the EMO waits in the spool", stored)
    with open(stored[0], "r+b") as file:
        file.write(b"rotten")
    os.rename(home.path("drops", "mcx", "away"), home.path("drops", "mcx", "out"))
    home.run(now=at(90))
    home.run(now=at(91))
    found = passed(other.answer(name, "EMO"), "EMO-D", "Site")
    tap.ok(found == {device(1): ['by "the" gate; left'], device(2): [""], device(3): ["a\\x09b<c&"]},
           "an EMO that is mended has them; what no rule has judged is escaped", found)
    sound(tap, home, "an EMO with a column that was passed on")
    tap.ok(other.answer(in_xml, "EMD") is not None, "the instruction in XML is answered")


def test_crash(tap):
    """The files of a profile are kept in the commit that needs them first."""
    home = Home()
    annex(home.path("annex"))
    other = Annexed(home, "profile=annex")
    name = other.instruct([1])
    kept = "SELECT count(*)>0 FROM profile_file"
    for side, expected in (("before", 0), ("after", 1)):
        home.run(env={"ECOSGATE_CRASH": f"group-committed:{side}:1"})
        found = Parties(home).rows(kept)
        tap.ok(found == [(expected,)], f"killed {side} the commit of the verdict: all of the profile or nothing", found)
    home.run(now=at(1))
    tap.ok(version_of(other.answer(name)) == "2.0", "the next start answers", other.answer(name))
    sound(tap, home, "after kills around the first verdict with a profile")
    with_copy = Parties(home).rows("SELECT digest FROM profile_file LIMIT 1")[0][0]
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("UPDATE profile_file SET content='{}' WHERE name='records/EMI-D.json'")
    ledger.close()
    found = home.command("spool", "verify")
    tap.ok(found.returncode != 0 and with_copy in found.stdout.decode(), "spool verify finds a copy that was changed",
           found.stdout.decode())


def test_changed_folder(tap):
    home = Home()
    folder = annex(home.path("annex"))
    other = Annexed(home, "profile=annex")
    other.instruct([1])
    home.run()
    about = load(folder, "profile.json")
    about["title"] = "changed"
    save(about, folder, "profile.json")
    done = home.run(now=at(1))
    tap.ok(b"the profile annex-2.0 has changed" in done.stderr, "a profile that changed under its name is told",
           done.stderr.decode())
    sound(tap, home, "after a profile was changed")


def test_own_names(tap):
    """The names differ, too: they decide before the content does. All EMDs have one name but for the number."""
    home = Home()
    folder = annex(home.path("annex"))
    names = load(folder, "names.json")
    names["names"]["EMI"] = "{org}_INSTRUCTION_{eui64}_{date}_{time}_{sequence}.{form}"
    names["answers"]["EMA"]["EMI"] = "ACK-{org}-{sequence}-{revision}.{form}"
    names["answers"]["EMD"]["EMI"] = "RESPONSE-{org}-{revision}.{form}"
    names["answers"]["EMO"]["EMI"] = "OUTCOME-{org}-{sequence}-{revision}.{form}"
    save(names, folder, "names.json")
    other = Annexed(home, "profile=annex;proposal-1.0")
    here = Parties(home)
    own = f"MCX_INSTRUCTION_{MCX}_20230703_060000_{{:06d}}.csv"
    first = other.instruct([1], name=own.format(1))
    other.instruct([2], name=own.format(2))
    unfit = other.instruct([3])
    home.run()
    responses = [name for name in home.out("mcx") if name.startswith("RESPONSE")]
    tap.ok(responses == ["RESPONSE-MCX-1.csv", "RESPONSE-MCX-2.csv"], "a name that is taken gets the next number",
           home.out("mcx"))
    tap.ok(version_of(home.read_out("mcx", "ACK-MCX-000001-1.csv").decode()) == "2.0", "a name of the annex is read so",
           home.out("mcx"))
    tap.ok(version_of(other.answer(unfit)) == "1.0", "a name of the proposal is read so, whatever the content is",
           home.out("mcx"))
    here.result(*(said(n, WorkItemId=f"MCX.B-{n}.1") for n in (1, 2)))
    here.confirm(*(confirmed(n, WorkItemId=f"MCX.B-{n}.1") for n in (1, 2)))
    home.run(now=at(1))
    outcomes = [name for name in home.out("mcx") if name.startswith("OUTCOME")]
    tap.ok(outcomes == ["OUTCOME-MCX-000001-1.csv", "OUTCOME-MCX-000002-2.csv"],
           "the EMO has its own name, with the EMD's number", home.out("mcx"))
    tap.ok(home.json("why", first)[0]["profile"] == "annex-2.0", "why knows the file by its name")
    sound(tap, home, "names of its own")


def test_reports(tap):
    home = Home("gateway incident_party=NOBODY")
    folder = annex(home.path("annex"))
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[report]\nprofile=annex\n\n[report BBBB]\nprofile=proposal-1.0\n")
    here = Parties(home)
    here.references("PTY", *(f"90-B3-D5-1F-30-05-00-0{n},SUPPLIER,{mpid},,"
                             for n, mpid in enumerate(("AAAA", "BBBB"), 1)))
    home.run()
    home.run(now=at(24 * 60))

    def titles(mpid):
        place = home.path("drops", "suppliers", "out", mpid)
        name = next(one for one in os.listdir(place) if one.startswith("ECOSMIG-001"))
        with open(os.path.join(place, name), encoding="utf-8") as file:
            return file.readline().split(",")

    tap.ok("UnitId" in titles("AAAA") and "DeviceID" in titles("BBBB"),
           "each recipient gets its reports in its own profile", titles("AAAA"), titles("BBBB"))
    sound(tap, home, "reports in two profiles")
    printed = home.command("report", "ECOSMIG-001", "--supplier", "AAAA", now=at(24 * 60)).stdout.decode()
    tap.ok("UnitId" in printed, "the command report prints what was issued", printed)
    shutil.rmtree(folder)
    home.set("report profile=proposal-1.0")
    sound(tap, home, "reports of a profile whose folder is gone")


def test_check(tap):
    """A dry run with the configuration reads and answers as `run` does."""
    home = Home()
    annex(home.path("annex"))
    other = Annexed(home, "profile=annex")
    name = other.instruct([1])
    os.makedirs(home.path("answers"))
    done = home.command("check", "--answers", home.path("answers"), os.path.join(home.inbox("mcx"), name))
    answer = f"EMA{name[3:-4]}_R1.csv"
    found = os.listdir(home.path("answers"))
    tap.ok(done.returncode == 0 and answer in found, "check judges a file by the profile of its sender",
           done.stdout.decode(), done.stderr.decode(), found)
    home.run()
    with open(home.path("answers", answer), "rb") as file:
        content = file.read()
    tap.ok(content == home.read_out("mcx", answer), "and answers with the bytes that run sends", content,
           other.answer(name))


def refusal(home):
    done = home.run()
    return done.returncode, done.stderr.decode()


def test_refused(tap):
    """Every fault of a profile is told at the start, with file and line."""
    home = Home()
    folder = annex(home.path("annex"))
    Annexed(home, "profile=annex")
    with open(home.conf, encoding="utf-8") as file:
        line = next(n for n, text in enumerate(file, 1) if text == "profile=annex\n")
    good = load(folder, "records", "EMI-D.json")
    bad = load(folder, "records", "EMI-D.json")
    bad["fields"][-1]["fact"] = "device.colour"
    save(bad, folder, "records", "EMI-D.json")
    about = load(folder, "profile.json")
    save({**about, "colour": "red"}, folder, "profile.json")
    status, text = refusal(home)
    tap.ok(status == 2 and f"ecosgate.conf:{line}: [party MCX] profile: annex/profile.json:" in text and
           f"ecosgate.conf:{line}: [party MCX] profile: annex/records/EMI-D.json:" in text and "device.colour" in text,
           "each fault of a profile is told with its file and line", text)
    save(good, folder, "records", "EMI-D.json")
    for value, told in (("nowhere", "there is no such folder"), ("annex;annex", "in the list twice"),
                        ("annex;twin", "give it another name or version"), ("twin;annex", "another name or version"),
                        ("old;annex", "newest version first"), ("annex;until", "do not overlap"),
                        ("claimed", "as the built-in profile does")):
        save({**about, "valid": {"from": at(0), "until": None}}, folder, "profile.json")
        for other, more in (("twin", {"title": "a twin"}), ("old", {"version": "1.0", "valid": {}}),
                            ("until", {"version": "1.1", "valid": {"until": at(60)}}),
                            ("claimed", {"profile": "proposal", "version": "1.0"})):
            shutil.rmtree(home.path(other), ignore_errors=True)
            shutil.copytree(folder, home.path(other))
            save({**about, **more}, home.path(other), "profile.json")
        home.set(f"party MCX profile={value}")
        status, text = refusal(home)
        tap.ok(status == 2 and told in text and text.count(f"ecosgate.conf:{line}:") == 1,
               f"profile={value} is refused, in one line", text)
    home.set("party MCX profile=annex;old")
    status, text = refusal(home)
    tap.ok(status == 0, "an open end of the older version ends where the newer one begins", text)


def test_stopped(tap):  # pylint: disable=too-many-locals
    """The folder of one partner's profile is not there when the gateway starts: his files wait, all others go on."""
    home = Home()
    folder = annex(home.path("annex"))
    other, here = Annexed(home, "profile=annex"), Parties(home)
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[party MCY]\neui64=90-B3-D5-1F-30-0E-C0-78\ntypes=EMI\ndrop=mcx\n")
    begun = other.instruct([1])
    home.run(env={"ECOSGATE_CRASH": "job-activated:before:1"})
    os.rename(folder, folder + ".away")
    waiting, ours = other.instruct([2]), here.instruct([3])
    beside = "EMI_MCY_90-B3-D5-1F-30-0E-C0-78_20230703_060000_000001.csv"
    shutil.copy(home.path("drops", "mcc", "in", ours), home.path("drops", "mcx", "in", beside))
    done = home.run(now=at(1))
    tap.ok(done.returncode == 2 and b"warning" in done.stderr and b"there is no such folder" in done.stderr,
           "the gateway starts without a folder of one party, and says so", done.stderr.decode())
    tap.ok(here.acknowledged(ours) == ("AC", []) and len(here.orders()) == 1, "the other parties' files are read")
    tap.ok(os.listdir(home.inbox("mcx")) == [waiting] and any(MCX not in name for name in home.out("mcx")),
           "its own wait in the drop, and those of another party in the same drop do not", home.out("mcx"))
    why = [home.json("why", name, now=at(2))[0] for name in (begun, waiting)]
    tap.ok(all("A119" in one["because"] and "no such folder" in one["because"] for one in why) and
           why[0]["waits_for"] == "profiles without a fault", "why names the profile for both", why)
    status = home.json("status", now=at(2))[0]
    found = [one["subject"] for one in status["incidents"] if one["code"] == "A119" and one["cleared"] is None]
    tap.ok(found == ["MCX"], "so does status, as an incident", status["incidents"])
    row = next(one for one in home.json("pickup", "mcx", now=at(2)) if one["name"] == waiting)
    tap.ok(row["decision"] == "wait" and "A119" in row["reason"], "and pickup", row)
    told = [text for text in (home.read_out("dcc", name).decode() for name in home.out("dcc")) if "A119" in text]
    tap.ok(len(told) == 1, "the incident is reported once", home.out("dcc"))
    for command in (("spool", "verify"), ("spool", "list"), ("incident", "list"), ("sequence", "list"),
                    ("device", "show", device(3)), ("profile", "list"), ("backup", home.path("copy"))):
        looked = home.command(*command, now=at(2))
        tap.ok(looked.returncode == 0 and b"warning" in looked.stderr, f"{' '.join(command[:2])} goes on, and warns",
               looked.stdout.decode(), looked.stderr.decode())
    found = [row for row in home.json("doctor", now=at(2)) if row["probe"] == "profiles"]
    tap.ok([row["result"] for row in found] == ["bad"] and "no such folder" in found[0]["text"],
           "doctor finds the fault", found)
    for command in (("check", home.path("drops", "mcx", "in", waiting)), ("recover", "--reason", "no")):
        refused = home.command(*command, now=at(2))
        tap.ok(refused.returncode == 2 and b"needs every profile" in refused.stderr,
               f"{command[0]} reads names, and is refused", refused.stderr.decode())
    os.rename(folder + ".away", folder)
    home.run(now=at(3))
    tap.ok([outcome_of(other.answer(name)) for name in (begun, waiting)] == ["AC", "AC"] and
           [one["cleared"] for one in home.json("status", now=at(3))[0]["incidents"]
            if one["code"] == "A119"] == [at(3)],
           "with the folder back the next start reads them, and closes the incident",
           home.json("status", now=at(3))[0]["incidents"])
    found = [row["result"] for row in home.json("doctor", now=at(3)) if row["probe"] == "profiles"]
    tap.ok(found == ["good"], "and none any more", found)
    sound(tap, home, "after a profile was not there")


def test_stopped_writing(tap):
    """What the gateway writes for such a party waits, too, and reports do."""
    home = Home()
    folder = annex(home.path("annex"))
    home.set("party TCSP profile_out=annex")
    home.set("party DCC profile_out=annex")
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[report BBBB]\nprofile=annex\n")
    here = Parties(home)
    here.references("PTY", "90-B3-D5-1F-30-05-00-01,SUPPLIER,AAAA,,")
    home.run()
    os.rename(folder, folder + ".away")
    name = here.instruct([1])
    home.run(now=at(1))
    home.run(now=at(24 * 60))
    reports = lambda: [name for _, _, names in os.walk(home.path("drops", "suppliers", "out")) for name in names
                       if not name.startswith(".")]
    tap.ok(here.acknowledged(name) == ("AC", []) and here.orders() == [] and reports() == [] and
           not any(one.startswith("INC") for one in home.out("dcc")),
           "work orders, incidents and reports wait", home.out("dcc"), home.out("tcos"), reports())
    subjects = sorted(one["subject"] for one in home.json("status", now=at(24 * 60))[0]["incidents"]
                      if one["code"] == "A119")
    tap.ok(subjects == ["DCC", "TCSP", "reports"], "each has its incident", subjects)
    os.rename(folder + ".away", folder)
    home.run(now=at(24 * 60 + 1))
    tap.ok(len(home.out("tcos")) == 1 and reports() and any(one.startswith("INC") for one in home.out("dcc")),
           "and leave after the next start with the folder", home.out("tcos"), reports())
    sound(tap, home, "after what it writes has waited for a profile")


def test_lost_while_running(tap):
    """A daemon goes on with what it has loaded."""
    home = Home("drop mcc complete=at-once")
    folder = annex(home.path("annex"))
    other = Annexed(home, "profile=annex")
    with home.daemon() as process:
        first = other.instruct([1])
        wait_until(lambda: other.answer(first) is not None)
        shutil.rmtree(folder)
        second = other.instruct([2])
        wait_until(lambda: other.answer(second) is not None)
        process.terminate()
        said_last = process.communicate()[1].decode()
    tap.ok(outcome_of(other.answer(second)) == "AC" and process.returncode == 0,
           "a daemon that loses the folder goes on with what it has loaded", said_last)
    home.set("party MCX profile=proposal-1.0")
    sound(tap, home, "a folder was lost while the gateway ran")


def demanding(home):
    """Makes the ledger's copy one that this release cannot use, as if an earlier release had asked for less: a column
    carries a fact that there is not. All its digests are right."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        old = ledger.execute("SELECT DISTINCT digest FROM profile_file").fetchone()[0]
        table = ledger.execute("SELECT content FROM profile_file WHERE name='records/EMO-D.json'").fetchone()[0]
        table = bytes(table, "utf-8") if isinstance(table, str) else table
        ledger.execute("UPDATE profile_file SET content=? WHERE name='records/EMO-D.json'",
                       (table.replace(b"device.id", b"device.identity"),))
        sums = b"".join(hashlib.sha256(bytes(content, "utf-8") if isinstance(content, str) else content).hexdigest()
                        .encode() + b"  " + name.encode() + b"\n"
                        for name, content in sorted(ledger.execute("SELECT name,content FROM profile_file")))
        new = hashlib.sha256(sums).hexdigest()
        ledger.execute("PRAGMA foreign_keys=OFF")
        for name, column in (("profile", "digest"), ("profile_file", "digest"), ("verdict", "profile"),
                             ("outgoing", "profile")):
            ledger.execute(f"UPDATE {name} SET {column}=? WHERE {column}=?", (new, old))
    ledger.close()


def test_stricter_release(tap):
    """The copy in the ledger is whole, but this release asks more of a profile."""
    home = Home("gateway incident_party=NOBODY")
    folder = annex(home.path("annex"))
    other, here = Annexed(home, "profile=annex"), Parties(home)
    name = other.instruct([1])
    home.run()
    demanding(home)
    home.set("party MCX profile=proposal-1.0")
    found = home.command("spool", "verify").stdout.decode()
    tap.ok(found.count("annex-2.0") == 1 and "this release cannot use the profile annex-2.0" in found and
           "records/EMO-D.json:" in found and "name it in the configuration: it stands in" in found and
           "restore" not in found, "spool verify says once what this release misses, and what to do", found)
    here.result(said(1, WorkItemId="MCX.B-1.1"))
    here.confirm(confirmed(1, WorkItemId="MCX.B-1.1"))
    ours = here.instruct([2])
    done = home.run(now=at(1))
    tap.ok(done.returncode == 2 and b"its outcome (EMO) waits" in done.stderr and other.answer(name, "EMO") is None and
           here.acknowledged(ours) == ("AC", []) and home.json("device", "show", device(1))[0]["state"] == "MIGRATED",
           "what needs the profile waits, and nothing else", done.stderr.decode())
    home.set("party MCX profile=proposal-1.0;annex")
    home.run(now=at(2))
    outcome = other.answer(name, "EMO")
    tap.ok(version_of(outcome) == "2.0" and
           rows_of(outcome)[0][columns(folder, "EMO-D").index("Verdict")] == "MIGRATED",
           "a profile of the same name and version in the configuration stands in", outcome)
    sound(tap, home, "a profile stands in for its copy")


def test_stricter_release_reports(tap):
    """A report of the annex was planned and not written when the gateway was stopped; then came this release."""
    home = Home("gateway incident_party=NOBODY")
    annex(home.path("annex"))
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[report BBBB]\nprofile=annex\n")
    here = Parties(home)
    here.references("PTY", *(f"90-B3-D5-1F-30-05-00-0{n},SUPPLIER,{mpid},,"
                             for n, mpid in enumerate(("AAAA", "BBBB"), 1)))
    home.run()
    home.run(now=at(24 * 60), env={"ECOSGATE_CRASH": "report-issued:after"})
    demanding(home)
    home.set("report BBBB profile=proposal-1.0")

    def issued(mpid):
        place = home.path("drops", "suppliers", "out", mpid)
        return {name[:11] for name in (os.listdir(place) if os.path.exists(place) else [])}

    def a119(minutes):
        return [one for one in home.json("status", now=at(minutes))[0]["incidents"] if one["code"] == "A119"]

    ours = here.instruct([2])
    done = home.run(now=at(24 * 60 + 1))
    found = a119(24 * 60 + 1)
    tap.ok(done.returncode == 2 and here.acknowledged(ours) == ("AC", []) and "ECOSMIG-001" in issued("AAAA") and
           not issued("BBBB"), "a planned report whose profile cannot be used waits, and nothing else",
           done.stderr.decode(), issued("AAAA"), issued("BBBB"))
    tap.ok([one["subject"] for one in found] == ["reports"] and "a file of a report waits: ECOSMIG-00" in
           found[0]["text"] and "this release cannot use the profile annex-2.0" in found[0]["text"],
           "an A119 says which, and what to do", found)
    home.run(now=at(48 * 60))
    tap.ok("ECOSMIG-002" in issued("BBBB"), "the next reports of the recipient are issued", issued("BBBB"))
    home.set("report BBBB profile=proposal-1.0;annex")
    done = home.run(now=at(48 * 60 + 1))
    tap.ok(done.returncode == 0 and [one["cleared"] is not None for one in a119(48 * 60 + 1)] == [True] and
           here.rows("SELECT name FROM outgoing WHERE state<3") == [],
           "a profile of the same name and version stands in: it is written, and the incident is closed",
           done.stderr.decode(), a119(48 * 60 + 1))
    sound(tap, home, "a report that waited for its profile")


if __name__ == "__main__":
    with Tap() as report:
        test_removed_folder(report, *test_two_partners(report))
        test_change_over(report)
        test_too_early(report)
        test_sent_again(report)
        test_requeued_after(report)
        test_told_by_content(report)
        test_directions(report)
        test_passed_on(report)
        test_own_names(report)
        test_reports(report)
        test_check(report)
        test_crash(report)
        test_changed_folder(report)
        test_refused(report)
        test_stopped(report)
        test_stopped_writing(report)
        test_lost_while_running(report)
        test_stricter_release(report)
        test_stricter_release_reports(report)
