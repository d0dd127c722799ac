#!/usr/bin/env python3
"""A format with words of its own for values and codes (codes.json): files that arrive and leave, findings, reports, and
a ledger that keeps our values (TAP). tests/unit/test_profile_codes.c has the faults of such a file."""
import csv
import io
import json
import os
import re
import shutil

from home import SOURCE, Home, Tap
from parties import GATEWAY, SUBJECT, Parties, at, confirmed, device, instructed, said, sound

DAY = 24 * 60
PROPOSAL = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0")
RESOLVERS = {"MCC": "zentrale", "Supplier": "lieferant", "DCC": "netz", "DCC/SP": "netz+dienst", "SP": "dienst",
             "DCC incident": "netz-fall"}
CATEGORIES = dict(zip("abcd", "1234"))
OUTCOMES = dict(zip("READY REJECTED DEFERRED DISPATCHED RETRY_WAIT CONFIRM_PENDING CONFIRM_MISMATCH MIGRATED FAILED"
                    .split(), "bereit nein später unterwegs wartet einseitig strittig fertig misslungen".split()))
STATUSES = {"Commissioned": "in Betrieb", "Pending": "bestellt", "Suspended": "ruht", "Whitelisted": "bekannt",
            "InstalledNotCommissioned": "montiert", "Decommissioned": "außer Betrieb", "Withdrawn": "entfernt",
            "Recovery": "Rettung", "Recovered": "gerettet"}
WORDS = {
    "codes": {"C102": {"code": "E-102", "text": "zweimal genannt"}, "C117": {"code": "E-117"},
              "C120": {"code": "E-120"}, "D105": {"code": "E-805", "text": "schlechtes Zertifikat"},
              "B105": {"text": "schon da gewesen"}},
    "values": {"header.environment": {"TEST": "probe", "LIVE": "echt"},
               "header.mode": {"FULL": "alles", "DELTA": "neu"},
               "record.action": {"SET": "setze", "REMOVE": "lösche"},
               "device.type": {"ESME": ["strom", "strom2"], "GSME": "gas"},
               "device.region": {"North": "nord", "Central": "mitte", "South": "süd"},
               "device.status": STATUSES,
               "device.credentials": {"TCOS": "alt", "ECOS": "neu"}, "device.pending": {"USC": "u", "FW": "f"},
               "party.role": {"SUPPLIER": "lieferant", "MAP": "halter"},
               "result.outcome": {"SUCCESS": ["OK", "0"], "FAILED": "NOK", "TIMEOUT": "zu spät"},
               "confirmation.given": {"Y": "ja", "N": "nein"},
               "file.outcome": {"AC": "gut", "WN": "geht", "PA": "halb", "RJ": "nichts"},
               "finding.scope": {"FILE": "D", "RECORD": "S", "DEVICE": "G"},
               "decision.outcome": {"ACCEPTED": "ja", "REJECTED": "nein", "DEFERRED": "später"},
               "decision.category": CATEGORIES, "decision.transient": {"Y": "1", "N": "0"},
               "decision.resolver": RESOLVERS, "end.outcome": OUTCOMES,
               "incident.event": {"RAISED": "auf", "CLEARED": "zu"},
               "incident.category": CATEGORIES, "incident.resolver": RESOLVERS, "failure.category": CATEGORIES,
               "failure.resolver": RESOLVERS},
}


def columns(record):
    with open(os.path.join(PROPOSAL, "records", record + ".json"), encoding="utf-8") as file:
        return [field["name"] for field in json.load(file)["fields"]]


def speaking(settings=""):
    """A gateway whose parties all speak the format, and these parties."""
    home = Home(settings)
    shutil.copytree(PROPOSAL, home.path("words"))
    with open(home.path("words", "codes.json"), "w", encoding="utf-8") as file:
        json.dump(WORDS, file)
    with open(home.path("words", "profile.json"), encoding="utf-8") as file:
        about = json.load(file)
    with open(home.path("words", "profile.json"), "w", encoding="utf-8") as file:
        json.dump({**about, "profile": "words"}, file)
    for org in ("MCC", "TCSP", "ECSP", "DCC"):
        home.set(f"party {org} profile=words")
    with open(home.conf, encoding="utf-8") as file:
        text = file.read()
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(text + ("" if "\n[report]\n" in text else "\n[report]\n"))
    home.set("report profile=words")
    return home, Speakers(home)


class Speakers(Parties):
    """Parties whose files have the words."""

    def send(self, kind, rows, **options):
        place = self.home.drop

        def drop(name, path, file):
            with open(path, "rb") as stream:
                data = stream.read()
            data = re.sub(rb"(?<=[,>])TEST(?=[,<])", b"probe", data)
            with open(path, "wb") as stream:
                stream.write(data)
            place(name, path, file)
        self.home.drop = drop
        try:
            return super().send(kind, rows, **options)
        finally:
            del self.home.drop

    def facts(self, kind, *rows):
        number = self.numbers[kind] = self.numbers.get(kind, 0) + 1
        lines = [f"H,{kind},1.0,90-B3-D5-1F-30-00-00-02,{GATEWAY},{number},2023-07-03T06:00:00Z,probe,{kind}-{number},,"
                 "alles"]
        lines += [f"D,{n},setze,{row}" for n, row in enumerate(rows, 1)]
        path = os.path.join(self.home.top, "arriving")
        with open(path, "wb") as file:
            file.write(("\r\n".join(lines) + f"\r\nT,{len(rows)}\r\n").encode())
        name = f"{kind}_DCC_90-B3-D5-1F-30-00-00-02_20230703_060000_{number:06d}.csv"
        self.home.drop("dcc", path, name)
        return name


def order(number, kind="strom", region="nord"):
    return {**instructed(number), "DeviceType": kind, "CSPRegion": region}


def rows_of(data, record):
    """The rows of a CSV answer as objects."""
    return [dict(zip(columns(record), row)) for row in csv.reader(io.StringIO((data or b"").decode()))
            if row and row[0] == record[-1]]


def newest(home, drop, kind):
    return home.read_out(drop, [name for name in home.out(drop) if name.startswith(kind)][-1])


def test_instruction(tap):
    home, parties = speaking()
    name = parties.instruct([order(1), order(2, "strom2"), order(1), order(3, "GPF"), order(4, region="North"),
                             order(5, kind="ESME")])
    done = home.run()
    ema = parties.answer(name)
    file = rows_of(ema, "EMA-F")
    tap.ok(file and (file[0]["Outcome"], file[0]["Code"]) == ("halb", "E-102"),
           "the EMA has the words of the format for the verdict and its code", ema, done.stderr.decode())
    found = {(row["RecordNumber"], row["Field"]): row for row in rows_of(ema, "EMA-E")}
    region = found.get(("5", "CSPRegion"), {})
    tap.ok((region.get("Code"), region.get("Scope"), region.get("Value"), region.get("Text")) ==
           ("E-117", "G", "North", "expected nord, mitte, süd or nothing"),
           "a value of the proposal is no word of the format; the finding names those that are", region)
    kind = found.get(("6", "DeviceType"), {})
    tap.ok((kind.get("Code"), kind.get("Value"), kind.get("Text")) ==
           ("C104", "ESME", "expected a Device type in scope: strom, gas, GPF"),
           "so it is with an open list, where GPF has no word and is its own", kind)
    emd = rows_of(parties.answer(name, "EMD"), "EMD-D")
    tap.ok([row["DeviceType"] for row in emd] == ["strom", "strom", "strom", "GPF", "strom", "?"] and
           [row["Outcome"] for row in emd] == ["ja", "ja", "nein", "nein", "nein", "nein"],
           "the EMD has the first word of a value; a value of ours that is no word is unknown", emd)
    tap.ok((emd[2]["Code"], emd[2]["Category"], emd[2]["Transient"], emd[2]["ResolvedBy"], emd[2]["Text"]) ==
           ("E-102", "3", "0", "zentrale", "E-102 zweimal genannt"), "and its texts have the format's codes", emd[2])
    emw = newest(home, "tcos", "EMW").decode()
    tap.ok(emw.split(",")[7] == "probe" and {row["DeviceType"] for row in rows_of(emw.encode(), "EMW-D")} == {"strom"},
           "so does a work order", emw)
    kept = parties.rows("SELECT DISTINCT device_type, region FROM work_item WHERE record<3")
    tap.ok(kept == [("ESME", "North")], "the ledger keeps our values", kept)
    again = parties.instruct([order(1), order(2, "strom2"), order(1), order(3, "GPF"), order(4, region="North"),
                              order(5, kind="ESME")], number=1)
    home.run(now=at(1))
    ema = newest(home, "mcc", "EMA").decode()
    tap.ok("received before: " in ema and "(halb E-102, answered by" in ema, "an earlier verdict is told in words", ema,
           again)
    sound(tap, home, "an instruction in words")
    in_xml = parties.instruct([order(7)], form="xml")
    home.run(now=at(2))
    ema = (parties.answer(in_xml) or b"").decode()
    tap.ok("<Outcome>gut</Outcome>" in ema and "<Environment>probe</Environment>" in ema, "and in XML", ema)


def test_results(tap):
    home, parties = speaking("review C125_REGION=warn")
    row = ("{},strom,in Betrieb,AB01,010A030B,0002012F,1012345678903,,90-B3-D5-1F-30-05-00-01,,mitte,2020-01-01,"
           "2020-01-01,alt,")
    files = (parties.facts("PTY", "90-B3-D5-1F-30-05-00-01,lieferant,SUP1,First,"),
             parties.facts("INV", *(row.format(device(number)) for number in range(1, 5))))
    home.run()
    found = [rows_of(home.read_out("dcc", name), "EMA-F")[0]["Outcome"] for name in home.out("dcc")
             if name.startswith("EMA")]
    tap.ok(found == ["gut", "gut"], "reference data in words are accepted", found, files)
    kept = parties.rows("SELECT DISTINCT status, credentials, region FROM inventory")
    tap.ok(kept == [("Commissioned", "TCOS", "Central")], "and kept as our values", kept)
    name = parties.instruct([order(1, region="mitte"), order(2, region="mitte"), order(3, region="nord")])
    home.run(now=at(1))
    warned = [row for row in rows_of(parties.answer(name), "EMA-E") if row["Field"] == "CSPRegion"]
    tap.ok([row["Text"] for row in warned] == ["the inventory says mitte"],
           "what the inventory says is told in words", warned)
    wrong = parties.result(said(1, "SUCCESS"))
    home.run(now=at(2))
    told = rows_of(parties.answer(wrong), "EMA-E")
    tap.ok([(row["Code"], row["Field"], row["Value"], row["Text"]) for row in told] ==
           [("E-120", "Result", "SUCCESS", "expected OK, NOK or zu spät")],
           "an outcome that is no word is refused, with the words that there are", told)
    parties.result({**said(1), "Result": "0"}, said(2, "NOK", gbcs="5"))
    parties.confirm(confirmed(1, "ja", SubjectId=SUBJECT, KeyId="0001", Code=""))
    home.run(now=at(3))
    home.run(now=at(DAY + 10))
    emo = {row["DeviceID"]: row for row in rows_of(newest(home, "mcc", "EMO"), "EMO-D")}
    tap.ok([(emo[device(n)]["Outcome"], emo[device(n)]["Code"]) for n in (1, 2)] ==
           [("fertig", ""), ("misslungen", "E-805")], "the EMO tells how it ended in words", emo)
    inc = rows_of(b"".join(home.read_out("dcc", name) for name in home.out("dcc") if name.startswith("INC")), "INC-D")
    d105 = [row for row in inc if row["Code"] == "E-805"]
    tap.ok(len(d105) == 1 and (d105[0]["Event"], d105[0]["Category"], d105[0]["ResolvedBy"], d105[0]["Text"]) ==
           ("auf", "4", "netz+dienst", "schlechtes Zertifikat"), "the INC too, with the format's name of the code", inc)
    home.run(now=at(8 * DAY))
    reports = {}
    for root, _, names in os.walk(home.path("drops")):
        for report in names:
            if report.startswith(("ECOSMIG-001_SUP1", "ECOSMIG-002_SUP1")):
                with open(os.path.join(root, report), encoding="utf-8", newline="") as file:
                    reports.setdefault(report[:11], []).extend(row for row in csv.DictReader(file)
                                                               if row["ReportRef"] != "#COUNT")
    done, failed = reports.get("ECOSMIG-001", [{}]), reports.get("ECOSMIG-002", [{}])
    tap.ok([(row.get("DeviceType"), row.get("CSPRegion")) for row in done] == [("strom", "mitte")],
           "a report has words", reports)
    failed = [row for row in failed if row.get("DeviceID") == device(2)]
    tap.ok([(row.get("Category"), row.get("ErrorCode"), row.get("ErrorName"), row.get("ResolvedBy"))
            for row in failed] == [("4", "E-805", "schlechtes Zertifikat", "netz+dienst")],
           "and the format's code and name of a failure", reports)
    sound(tap, home, "results and reports in words")


def test_model(tap):
    home, parties = speaking("gateway model_failures=1")
    parties.instruct([order(1)])
    home.run()
    parties.result(said(1, "NOK", gbcs="17"))
    home.run(now=at(1))
    inc = rows_of(b"".join(home.read_out("dcc", name) for name in home.out("dcc") if name.startswith("INC")), "INC-D")
    found = [row["Text"] for row in inc if "Device of the model" in row["Text"]]
    tap.ok(len(found) == 1 and " model strom AB01 " in found[0] and "ESME" not in found[0],
           "the INC about a model has the format's word for the Device type", inc)


if __name__ == "__main__":
    with Tap() as report_of_all:
        test_instruction(report_of_all)
        test_results(report_of_all)
        test_model(report_of_all)
