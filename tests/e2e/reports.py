#!/usr/bin/env python3
"""Reports: the rows of a small estate over two months, worked out by hand; the calendar; what was issued (TAP).

The estate lives from the last days of 2027 to March 2028: a week over a year's end, a leap day.

    hub 1  ESME E1 (AAAA)  GSME G1 (BBBB)  GPF P1: follows the gas meter, BBBB
    hub 2  ESME E2 (AAAA)                  GPF P2: there is no gas meter, so it follows the electricity meter, AAAA
    hub 3                                  GPF P3: no meter and so no Supplier; C114 is a warning here: migrated
    hub 4  ESME E4 (AAAA, BBBB's from 15 February on)
    hub 5  ESME E5 (AAAA), of a Non-Migratable model    ESME E6 (BBBB), needs a second try
    hub 7  ESME E7 (CCCC), confirmed late, on the leap day
           ESME E8 (CCCC), from February on, which came with ECoS credentials
    G1, and P1 with it, are CCCC's from 20 February on
"""
import datetime
import hashlib
import json
import os
import re
import sqlite3
import tempfile

from home import SOURCE, Home, Tap, manual_members
from live import ECSP, GATEWAY, MCC, TCSP, send
from sshd import Sshd

DCC = "90-B3-D5-1F-30-00-00-02"
AAAA, BBBB, CCCC = (f"90-B3-D5-1F-30-05-00-0{n}" for n in (1, 2, 3))
MAPS = "90-B3-D5-1F-30-06-00-01"
SENDERS = {"EMI": ("MCC", MCC, "mcc"), "EMT": ("TCSP", TCSP, "tcos"), "EMC": ("ECSP", ECSP, "ecos"),
           **{kind: ("DCC", DCC, "dcc") for kind in ("INV", "COS", "NMM", "PTY")}}


def eui(group, n):
    return f"00-DB-12-00-00-00-{group}-0{n}"


E1, E2, E4, E5, E6, E7, E8 = (eui("E0", n) for n in (1, 2, 4, 5, 6, 7, 8))
G1, (P1, P2, P3) = eui("60", 1), (eui("F0", n) for n in (1, 2, 3))
GOOD, NON_MIGRATABLE = "AB01,010A030B,0002012F", "AB02,02010001,00010203"
POINT = {E1: "1000000000001", E2: "1000000000002", E4: "1000000000004", E5: "1000000000005", E6: "1000000000006",
         E7: "1000000000007", E8: "1000000000008", G1: "10000001", P1: "", P2: "", P3: ""}
HUB = {E1: 1, G1: 1, P1: 1, E2: 2, P2: 2, P3: 3, E4: 4, E5: 5, E6: 5, E7: 7, E8: 7}
SUPPLIER = {E1: AAAA, E2: AAAA, E4: AAAA, E5: AAAA, E6: BBBB, E7: CCCC, E8: CCCC, G1: BBBB, P1: "", P2: "", P3: ""}


def kind_of(device):
    return "GPF" if device in (P1, P2, P3) else "GSME" if device == G1 else "ESME"


def model_of(device):
    return NON_MIGRATABLE if device == E5 else GOOD


def hub(device):
    return eui("C0", HUB[device])


def described(device):
    """Device type to firmware, as INV and reports have it in the middle of their rows."""
    return f"{POINT[device]},{hub(device)}"


def inventory(device, commissioned="2021-04-06", credentials="TCOS"):
    return (f"SET,{device},{kind_of(device)},Commissioned,{model_of(device)},{described(device)},{SUPPLIER[device]},"
            f"{MAPS if device != E7 else ''},North,{commissioned},{commissioned},{credentials},")


class Estate(Home):
    """A home that numbers and dates the files that it sends."""

    def __init__(self, settings=""):
        super().__init__("gateway mpxn_check_digits=off\ngateway inventory_max_age=3650\nreview C114=warn\n" + settings)
        self.set("\n".join(f"drop {drop} complete=at-once" for drop in ("mcc", "tcos", "ecos", "dcc")))
        self.numbers = {}

    def say(self, at, kind, *rows, mode="FULL", batch=None):
        """Sends a file of that time and runs the pass that picks it up."""
        org, sender, drop = SENDERS[kind]
        number = self.numbers[kind] = self.numbers.get(kind, 0) + 1
        batch = batch or f"{kind}-{number}"
        last = f",{mode}" if drop == "dcc" else ""
        lines = [f"H,{kind},1.0,{sender},{GATEWAY},{number},{at},TEST,{batch},{last}"]
        lines += [f"D,{n},{row}" for n, row in enumerate(rows, 1)]
        compact = at.replace("-", "").replace(":", "").replace("T", "_").rstrip("Z")
        send(self, f"{kind}_{org}_{sender}_{compact}_{number:06d}.csv",
             ("\r\n".join(lines) + f"\r\nT,{len(rows)}\r\n").encode(), drop)
        self.pass_at(at)

    def pass_at(self, at):
        done = self.run(now=at)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{at}: exit {done.returncode}: {done.stderr.decode()}")
        return done

    def instruct(self, at, batch, *devices):
        rows = (f"{d},{kind_of(d)},{model_of(d)},{POINT[d]},{hub(d) if kind_of(d) == 'GPF' else ''},North,1"
                for d in devices)
        self.say(at, "EMI", *rows, batch=batch)

    def result(self, at, *said):
        self.say(at, "EMT", *said)

    def confirm(self, at, *said):
        self.say(at, "EMC", *said)

    def reference(self, at):
        self.say(at, "PTY", f"SET,{AAAA},SUPPLIER,AAAA,First,", f"SET,{BBBB},SUPPLIER,BBBB,Second,suppliers",
                 f"SET,{CCCC},SUPPLIER,CCCC,Third,dcc", f"SET,{MAPS},MAP,MMMM,Meters,")
        self.say(at, "INV", *(inventory(d) for d in POINT if d != E8))
        self.say(at, "COS", f"SET,{POINT[E4]},{AAAA},{BBBB},2028-02-15", f"SET,{POINT[G1]},{BBBB},{CCCC},2028-02-20")
        self.say(at, "NMM", f"SET,ESME,{NON_MIGRATABLE},2027-11-01,,=D117,00010204")

    def report(self, ref, mpid, start, drop="suppliers"):
        """The rows of a recipient's file in the drop, without title and count, which are checked."""
        party = {"AAAA": AAAA, "BBBB": BBBB, "CCCC": CCCC, "MMMM": MAPS, "TCOS": GATEWAY}[mpid]
        return self.lines(drop, folder_of(mpid), f"{ref}_{mpid}_{party}_{start}.csv", ref)

    def lines(self, drop, folder, name, ref):
        with open(self.path("drops", drop, "out", folder, name), "rb") as file:
            text = file.read().decode()
        lines = text.split("\r\n")
        if lines[-1] != "" or lines[-2] != f"#COUNT,{len(lines) - 3}" or lines[0] != ",".join(columns(ref)):
            raise RuntimeError(f"{name}: no report: {text}")
        return lines[1:-2]

    def listed(self, now):
        done = self.command("--json", "report", "list", now=now)
        return [json.loads(line) for line in done.stdout.decode().splitlines()]


def folder_of(mpid):
    """A file for everybody is in no folder of its own."""
    return "" if mpid == "TCOS" else mpid


def columns(ref):
    path = os.path.join(SOURCE, "formats", "profiles", "proposal-1.0", "reports", f"{ref}.json")
    with open(path, encoding="utf-8") as file:
        return [field["name"] for field in json.load(file)["fields"]]


def live(home):
    """Two months."""
    success = "SUCCESS,0,I0,,{},,,,,,AA,BB"
    home.reference("2027-12-30T10:00:00Z")
    home.instruct("2027-12-31T20:00:00Z", "B1", E1, G1, P1, E4, E5, P3)
    home.result("2027-12-31T21:00:00Z", f"MCC.B1.1,{E1},{success.format(1)}", f"MCC.B1.2,{G1},FAILED,17,I0,,1,,,,,,,",
                f"MCC.B1.3,{P1},{success.format(1)}", f"MCC.B1.4,{E4},FAILED,17,I0,,1,,,,,,,",
                f"MCC.B1.6,{P3},{success.format(1)}")
    home.confirm("2027-12-31T23:30:00Z", f"MCC.B1.1,{E1},Y,,AA,BB,", f"MCC.B1.3,{P1},Y,,AA,BB,",
                 f"MCC.B1.6,{P3},Y,,AA,BB,")
    home.instruct("2028-01-02T18:30:00Z", "B2", E6, E2, P2)
    home.result("2028-01-02T18:40:00Z", f"MCC.B2.1,{E6},FAILED,,E20,,1,,,,,,,", f"MCC.B2.2,{E2},{success.format(1)}")
    home.confirm("2028-01-02T18:41:00Z", f"MCC.B2.2,{E2},Y,,AA,BB,")
    home.pass_at("2028-01-02T18:45:00Z")
    home.result("2028-01-02T18:50:00Z", f"MCC.B2.1,{E6},{success.format(2)}")
    home.confirm("2028-01-03T00:00:00Z", f"MCC.B2.1,{E6},Y,,AA,BB,")
    home.pass_at("2028-01-03T18:30:00Z")
    home.instruct("2028-02-01T09:00:00Z", "B3", G1, E4)
    home.result("2028-02-01T10:00:00Z", f"MCC.B3.1,{G1},{success.format(1)}", f"MCC.B3.2,{E4},FAILED,17,,,1,,,,,,,")
    home.confirm("2028-02-01T10:00:00Z", f"MCC.B3.1,{G1},Y,,AA,BB,")
    home.say("2028-02-12T08:00:00Z", "INV", inventory(E8, "2028-02-10", "ECOS"), mode="DELTA")
    home.instruct("2028-02-28T09:00:00Z", "B4", E7)
    home.result("2028-02-28T10:00:00Z", f"MCC.B4.1,{E7},{success.format(1)}")
    home.confirm("2028-02-29T23:59:59Z", f"MCC.B4.1,{E7},Y,,AA,BB,")
    home.pass_at("2028-03-06T00:10:00Z")


def lead(ref, start, end, supplier, mpid, device):
    return (f"{ref},1.0,{start}Z,{end}Z,{supplier},{mpid},{device},{kind_of(device)},{described(device)},"
            f"{model_of(device)}")


def migrated(start, end, supplier, mpid, device, *rest):
    return ",".join((lead("ECOSMIG-001", f"{start}T00:00:00", f"{end}T00:00:00", supplier, mpid, device), *rest))


def failed(start, end, supplier, mpid, device, *rest):
    return ",".join((lead("ECOSMIG-002", start, end, supplier, mpid, device), *rest))


def monthly(ref, start, end, supplier, mpid, device, *rest):
    return ",".join((lead(ref, f"{start}T00:00:00", f"{end}T00:00:00", supplier, mpid, device), *rest))


def activity(start, end, supplier, mpid, **figures):
    """Instructed, Rejected, Deferred, Succeeded, Failed, InProgress, CumulativeMigrated, RemainingTCoS, by type."""
    return [f"ECOSMIG-005,1.0,{start}T00:00:00Z,{end}T00:00:00Z,{supplier},{mpid},{kind},{counts}"
            for kind, counts in figures.items()]


def non_migratable(monday):
    return [f"ECOSMIG-004,1.0,{monday}T00:00:00Z,{AAAA},AAAA,ESME,{NON_MIGRATABLE},2027-11-01,Supplier,1"]


def progress(start, end, **figures):
    """InScope, Migrated, FailedOnce, FailedMany, NonMigratable, Remaining, TopErrorCode, by type; all in the North."""
    return [f"{start}T00:00:00Z,{end}T00:00:00Z,{kind},North,{counts}" for kind, counts in figures.items()]


def asset(device, mpid, status, migrated_at="", commissioned="2021-04-06"):
    return (f"{MAPS},{POINT[device]},{device},{kind_of(device)},{model_of(device)},Commissioned,{commissioned},"
            f"{mpid},{status},{migrated_at}")


D117 = "d,D117,GBCS 17 insufficient memory"
EXPECTED = {
    ("ECOSMIG-001", "AAAA", "20271231_000000"): [
        migrated("2027-12-31", "2028-01-01", AAAA, "AAAA", E1,
                 "B1,MCC.B1.1,1,2027-12-31T23:30:00Z,2027-12-31T21:00:00Z,"
                 "2027-12-31T23:30:00Z,North")],
    ("ECOSMIG-001", "BBBB", "20271231_000000"): [
        migrated("2027-12-31", "2028-01-01", BBBB, "BBBB", P1,
                 "B1,MCC.B1.3,1,2027-12-31T23:30:00Z,2027-12-31T21:00:00Z,"
                 "2027-12-31T23:30:00Z,North")],
    ("ECOSMIG-001", "AAAA", "20280102_000000"): [
        migrated("2028-01-02", "2028-01-03", AAAA, "AAAA", E2,
                 "B2,MCC.B2.2,1,2028-01-02T18:41:00Z,2028-01-02T18:40:00Z,"
                 "2028-01-02T18:41:00Z,North")],
    # confirmed at midnight: the next day's
    ("ECOSMIG-001", "BBBB", "20280103_000000"): [
        migrated("2028-01-03", "2028-01-04", BBBB, "BBBB", E6,
                 "B2,MCC.B2.1,1,2028-01-03T00:00:00Z,2028-01-02T18:50:00Z,"
                 "2028-01-03T00:00:00Z,North")],
    ("ECOSMIG-001", "BBBB", "20280201_000000"): [
        migrated("2028-02-01", "2028-02-02", BBBB, "BBBB", G1,
                 "B3,MCC.B3.1,1,2028-02-01T10:00:00Z,2028-02-01T10:00:00Z,"
                 "2028-02-01T10:00:00Z,North")],
    ("ECOSMIG-001", "CCCC", "20280229_000000"): [
        migrated("2028-02-29", "2028-03-01", CCCC, "CCCC", E7,
                 "B4,MCC.B4.1,1,2028-02-29T23:59:59Z,2028-02-28T10:00:00Z,"
                 "2028-02-29T23:59:59Z,North")],
    ("ECOSMIG-002", "AAAA", "20271231_180000"): [
        failed("2027-12-31T18:00:00", "2028-01-01T00:00:00", AAAA, "AAAA", E4,
               f"B1,MCC.B1.4,1,2027-12-31T21:00:00Z,{D117},"
               "17,I0,1,Supplier,2028-01-31T20:00:00Z,North")],
    ("ECOSMIG-002", "BBBB", "20271231_180000"): [
        failed("2027-12-31T18:00:00", "2028-01-01T00:00:00", BBBB, "BBBB", G1,
               f"B1,MCC.B1.2,1,2027-12-31T21:00:00Z,{D117},"
               "17,I0,1,Supplier,2028-01-31T20:00:00Z,North")],
    # ended by the time alone: no status; the hub has no gas meter
    ("ECOSMIG-002", "AAAA", "20280103_180000"): [
        failed("2028-01-03T18:00:00", "2028-01-04T00:00:00", AAAA, "AAAA", P2,
               "B2,MCC.B2.3,1,2028-01-03T18:30:00Z,d,D103,"
               "session timed out,,,1,DCC,2028-02-02T18:30:00Z,North")],
    ("ECOSMIG-002", "AAAA", "20280201_060000"): [
        failed("2028-02-01T06:00:00", "2028-02-01T12:00:00", AAAA, "AAAA", E4,
               f"B3,MCC.B3.2,1,2028-02-01T10:00:00Z,{D117},"
               "17,,1,Supplier,2028-03-03T09:00:00Z,North")],
    ("ECOSMIG-003", "BBBB", "20280201_000000"): [
        monthly("ECOSMIG-003", "2028-02-01", "2028-03-01", BBBB, "BBBB", E4,
                "2028-02-15,2,2028-02-01T09:00:00Z,FAILED,D117,FAILED_RETRY")],
    ("ECOSMIG-003", "CCCC", "20280201_000000"): [
        monthly("ECOSMIG-003", "2028-02-01", "2028-03-01", CCCC, "CCCC", G1,
                "2028-02-20,2,2028-02-01T09:00:00Z,MIGRATED,D117,ECOS"),
        monthly("ECOSMIG-003", "2028-02-01", "2028-03-01", CCCC, "CCCC", P1,
                "2028-02-20,1,2027-12-31T20:00:00Z,MIGRATED,,ECOS")],
    ("ECOSMIG-006", "CCCC", "20280201_000000"): [
        monthly("ECOSMIG-006", "2028-02-01", "2028-03-01", CCCC, "CCCC", E8,
                "2028-02-10,2028-02-10,Commissioned,ECOS")],
    ("ECOSMIG-005", "AAAA", "20271227_000000"): activity(
        "2027-12-27", "2028-01-03", AAAA, "AAAA", ESME="4,1,0,2,1,0,2,2", GPF="1,0,0,0,0,1,0,1"),
    ("ECOSMIG-005", "BBBB", "20271227_000000"): activity(
        "2027-12-27", "2028-01-03", BBBB, "BBBB", ESME="1,0,0,0,0,1,0,1", GPF="1,0,0,1,0,0,1,0",
        GSME="1,0,0,0,1,0,0,1"),
    ("ECOSMIG-005", "CCCC", "20271227_000000"): activity(
        "2027-12-27", "2028-01-03", CCCC, "CCCC", ESME="0,0,0,0,0,0,0,1"),
    ("ECOSMIG-005", "AAAA", "20280103_000000"): activity(
        "2028-01-03", "2028-01-10", AAAA, "AAAA", ESME="0,0,0,0,0,0,2,2", GPF="0,0,0,0,1,0,0,1"),
    ("ECOSMIG-005", "BBBB", "20280103_000000"): activity(
        "2028-01-03", "2028-01-10", BBBB, "BBBB", ESME="0,0,0,1,0,0,1,0", GPF="0,0,0,0,0,0,1,0",
        GSME="0,0,0,0,0,0,0,1"),
    ("ECOSMIG-005", "AAAA", "20280131_000000"): activity(
        "2028-01-31", "2028-02-07", AAAA, "AAAA", ESME="1,0,0,0,1,0,2,2", GPF="0,0,0,0,0,0,0,1"),
    ("ECOSMIG-005", "BBBB", "20280131_000000"): activity(
        "2028-01-31", "2028-02-07", BBBB, "BBBB", ESME="0,0,0,0,0,0,1,0", GPF="0,0,0,0,0,0,1,0",
        GSME="1,0,0,1,0,0,1,0"),
    ("ECOSMIG-005", "AAAA", "20280228_000000"): activity(
        "2028-02-28", "2028-03-06", AAAA, "AAAA", ESME="0,0,0,0,0,0,2,1", GPF="0,0,0,0,0,0,0,1"),
    ("ECOSMIG-005", "BBBB", "20280228_000000"): activity(
        "2028-02-28", "2028-03-06", BBBB, "BBBB", ESME="0,0,0,0,0,0,1,1"),
    ("ECOSMIG-005", "CCCC", "20280228_000000"): activity(
        "2028-02-28", "2028-03-06", CCCC, "CCCC", ESME="1,0,0,1,0,0,1,0", GPF="0,0,0,0,0,0,1,0",
        GSME="0,0,0,0,0,0,1,0"),
}
EXPECTED.update({
    ("MGMT", "TCOS", "20271227_000000"): progress(
        "2027-12-27", "2028-01-03", ESME="6,2,1,0,1,4,D117", GPF="3,2,0,0,0,1,",
        GSME="1,0,1,0,0,1,D117"),
    ("MGMT", "TCOS", "20280131_000000"): progress(
        "2028-01-31", "2028-02-07", ESME="6,3,0,1,1,3,D117", GPF="3,2,1,0,0,1,",
        GSME="1,1,0,0,0,0,"),
    ("MGMT", "TCOS", "20280228_000000"): progress(
        "2028-02-28", "2028-03-06", ESME="7,5,0,1,1,2,", GPF="3,2,1,0,0,1,",
        GSME="1,1,0,0,0,0,"),
    ("MAPR", "MMMM", "20280228_000000"): [
        asset(G1, "CCCC", "ECOS", "2028-02-01"), asset(E1, "AAAA", "ECOS", "2027-12-31"),
        asset(E2, "AAAA", "ECOS", "2028-01-02"), asset(E4, "BBBB", "FAILED_RETRY"), asset(E5, "AAAA", "NON_MIGRATABLE"),
        asset(E6, "BBBB", "ECOS", "2028-01-03"), asset(E8, "CCCC", "ECOS", "", "2028-02-10"),
        asset(P1, "CCCC", "ECOS", "2027-12-31"), asset(P2, "AAAA", "FAILED_RETRY"),
        asset(P3, "", "ECOS", "2027-12-31")],
    # what a spreadsheet would run is neutralised
    ("NMDM", "TCOS", "20271230_100000"): [f"ESME,{NON_MIGRATABLE},2027-11-01,,'=D117,Supplier,00010204"],
})
MONDAYS = ("2027-12-27", "2028-01-03", "2028-01-10", "2028-01-17", "2028-01-24", "2028-01-31", "2028-02-07",
           "2028-02-14", "2028-02-21", "2028-02-28", "2028-03-06")
EXPECTED.update({("ECOSMIG-004", "AAAA", f"{monday.replace('-', '')}_000000"): non_migratable(end)
                 for monday, end in zip(MONDAYS, MONDAYS[1:])})
# From 30 December, when it first ran, to 6 March.
PERIODS = {"ECOSMIG-001": 67, "ECOSMIG-002": 4 * 67 - 1, "ECOSMIG-003": 3, "ECOSMIG-004": 10, "ECOSMIG-005": 10,
           "ECOSMIG-006": 3, "MGMT": 10, "MAPR": 10, "NMDM": 1}
DROPS = {"AAAA": "suppliers", "BBBB": "suppliers", "CCCC": "dcc", "MMMM": "maps", "TCOS": "dcc"}
SUPPLIERS = ("AAAA", "BBBB", "CCCC")
RECIPIENTS = {**{ref: SUPPLIERS for ref in PERIODS}, "MGMT": ("TCOS",), "NMDM": ("TCOS",), "MAPR": ("MMMM",)}
WEEKLY = ("ECOSMIG-005", "MGMT", "MGMT-PAGE", "MAPR")


def test_estate(tap, home):
    live(home)
    for (ref, mpid, start), expected in EXPECTED.items():
        found = home.report(ref, mpid, start, DROPS[mpid])
        tap.ok(found == expected, f"{ref} of {mpid}, {start}", *difference(expected, found))
    files = [row for row in home.listed("2028-03-06T00:10:00Z") if row["file"]]
    filled = {(row["ref"], row["mpid"], row["file"][-19:-4]) for row in files if row["rows"] > 0}
    # Of weekly summaries some weeks are worked out: something remains to be counted in the others too.
    filled = {key for key in filled if key[0] not in WEEKLY or key in EXPECTED}
    tap.ok(filled == set(EXPECTED), "all other files are empty", filled ^ set(EXPECTED))
    for ref, count in PERIODS.items():
        for mpid in RECIPIENTS[ref]:
            folder = home.path("drops", DROPS[mpid], "out", folder_of(mpid))
            names = [name for name in os.listdir(folder) if name.startswith(f"{ref}_") and name.endswith(".csv")]
            tap.ok(len(names) == count, f"{mpid} has a file of {ref} for each period", len(names))
            for name in names:
                home.lines(DROPS[mpid], folder_of(mpid), name, ref)
    unassigned = {row["period_start"]: row["unassigned"] for row in files if row["unassigned"]}
    tap.ok(unassigned == {"2027-12-31T00:00:00Z": 1, "2027-12-27T00:00:00Z": 1},
           "the GPF without meters is in no report, and counted as unassigned", unassigned)
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 0, "all is sound", done.stdout.decode())


def difference(expected, found):
    return ([f"- {line}" for line in expected if line not in found] +
            [f"+ {line}" for line in found if line not in expected])


def test_issued(tap, home):
    """An issued report is the stored bytes."""
    now = "2028-03-06T00:10:00Z"
    rows = [row for row in home.listed(now) if row["file"]]
    bad = []
    for row in rows:
        with open(home.path("drops", row["drop"], "out", folder_of(row["mpid"]), row["file"]), "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != row["sha256"] or row["state"] != "DELIVERED":
                bad.append(row)
    tap.ok(not bad, "report list tells digests and deliveries", *bad[:3])
    tap.ok(set(rows[0]) <= manual_members(), "ecosgate(1) names its members", set(rows[0]) - manual_members())
    again = home.command("report", "ECOSMIG-001", "--period", "2027-12-31T05:00:00Z", "--supplier", "AAAA", now=now)
    name = f"ECOSMIG-001_AAAA_{AAAA}_20271231_000000.csv"
    with open(home.path("drops", "suppliers", "out", "AAAA", name), "rb") as file:
        stored = file.read()
    tap.ok(again.returncode == 0 and again.stdout == stored and not again.stderr, "report REF gives it byte for byte",
           again.stderr)
    path = os.path.join(home.top, "again.csv")
    done = home.command("report", "ECOSMIG-001", "--period", "2027-12-31T05:00:00Z", "--supplier", AAAA, "--out", path,
                        now=now)
    with open(path, "rb") as file:
        tap.ok(done.returncode == 0 and not done.stdout and file.read() == stored, "to a file as well, by EUI-64")
    whole = home.command("report", "ECOSMIG-001", "--period", "2027-12-31T05:00:00Z", now=now)
    tap.ok(whole.stdout.count(b"#COUNT,") == 3 and stored in whole.stdout, "without --supplier all of them")
    none = home.command("report", "ECOSMIG-001", "--supplier", "ZZZZ", now=now)
    tap.ok(none.returncode == 1 and b"ZZZZ" in none.stderr, "nobody's is not there", none.stderr)
    early = home.command("report", "ECOSMIG-001", "--period", "2028-03-06T05:00:00Z", "--supplier", "AAAA", now=now)
    tap.ok(early.returncode == 0 and b"has not been issued" in early.stderr and early.stdout.endswith(b"#COUNT,0\r\n"),
           "what was not issued is built from what is known, and that is said", early.stderr)
    status = {row["ref"]: row for row in json.loads(home.command("--json", "status", now=now).stdout)["reports"]}
    tap.ok(status["ECOSMIG-001"] == {"ref": "ECOSMIG-001", "last": now, "period_start": "2028-03-05T00:00:00Z",
                                     "next": "2028-03-07T00:00:00Z"}, "status tells last and next times", status)
    tap.ok(home.command("report", "list", now=now).stdout.count(b"\n") == len(rows) + 1, "report list for people")


DAMAGES = {
    "a row more is said": "UPDATE outgoing SET rows=rows+1 WHERE kind='ECOSMIG-001' AND rows=1",
    "a failed session is forgotten": "UPDATE session SET ended=ended+86400 WHERE state=8 AND item=2",
    "a period is missing": "DELETE FROM report_period WHERE ref='ECOSMIG-002' AND starts=1830384000",
    "nobody's row is forgotten": "UPDATE report_period SET unassigned=0 WHERE ref='ECOSMIG-005'",
}


def expect_found(tap, home, damages, text, **when):
    """spool verify finds each damage of the ledger (what it is: its SQL), and says the text. Each is undone."""
    path = home.path("spool", "ledger.sqlite")
    with open(path, "rb") as file:
        whole = file.read()
    for what, damage in damages.items():
        with sqlite3.connect(path) as ledger:
            changed = ledger.execute(damage).rowcount
        ledger.close()
        done = home.command("spool", "verify", **when)
        tap.ok(changed > 0 and done.returncode == 1 and text in done.stdout, f"spool verify finds it: {what}",
               changed, done.stdout.decode())
        for end in ("-wal", "-shm"):
            if os.path.exists(path + end):
                os.unlink(path + end)
        with open(path, "wb") as file:
            file.write(whole)


def test_verify(tap, home):
    """spool verify finds sums that do not agree."""
    expect_found(tap, home, DAMAGES, b"ended in it")
    expect_found(tap, home, {"a week in which less remains": "UPDATE progress_week SET remaining=0"},
                 b"more than the Devices that MGMT says remain")
    expect_found(tap, home, {"a week that has lost Devices": "UPDATE progress_week SET in_scope=in_scope+1"},
                 b"not those that migrated and that remain")
    expect_found(tap, home, {"a Device that is another": "UPDATE work_item SET device_id=(SELECT w.device_id FROM "
                             "session s JOIN work_item w USING(item) WHERE s.state=7 ORDER BY item LIMIT 1) WHERE item "
                             "IN(SELECT item FROM session WHERE state=7)"},
                 b"more than the Devices that had migrated then")
    expect_found(tap, home, {"a session that has another Device": "UPDATE session SET device_id=device_id+1 "
                             "WHERE item=2"},
                 b"sessions that differ from their history 1;")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 0, "undone, all is sound", done.stdout.decode())


def test_redeliver(tap, home):
    """A file that its recipient lost is delivered again on an operator's order, which gives a reason."""
    now = "2028-03-06T03:00:00Z"
    name = f"ECOSMIG-001_AAAA_{AAAA}_20271231_000000.csv"
    path = home.path("drops", "suppliers", "out", "AAAA", name)
    with open(path, "rb") as file:
        bytes_of_it = file.read()
    job = next(row["job"] for row in home.listed(now) if row["file"] == name)
    for arguments, status in ((("nothing.csv", "--reason", "x"), 1), ((name,), 2), ((name, "--reason", " "), 2)):
        done = home.command("report", "redeliver", *arguments, now=now)
        tap.ok(done.returncode == status, f"refused: {arguments[1:]}")
    for crash in (None, "job-returned:after", "order-done:before", "order-done:after", "order-removed:before"):
        os.unlink(path)
        done = home.command("report", "redeliver", name, "--reason", f"lost {crash}", now=now,
                            env={"ECOSGATE_CRASH": crash} if crash else {})
        tap.ok(done.returncode == (0 if crash is None or done.returncode == 0 else -9), f"ordered, {crash}",
               done.stderr.decode())
        home.pass_at(now)
        with open(path, "rb") as file:
            tap.ok(file.read() == bytes_of_it, f"the same bytes are there again, {crash}")
        shown = json.loads(home.command("--json", "spool", "show", job, now=now).stdout)
        tap.ok(shown["state"] == "done" and shown["actions"][-1]["reason"] == f"{name}: lost {crash}",
               f"the reason is kept, {crash}", shown)
    done = home.command("report", "redeliver", name, "--reason", "again", now=now)
    tap.ok(done.returncode == 0, "one that is still in the drop")
    tap.ok(home.run(now=now).returncode == 0, "is no fault")
    tap.ok(home.command("spool", "verify").returncode == 0, "all is sound")


def test_damage(tap, home):
    """Changed bytes in the spool are not given out, and spool verify finds them."""
    row = next(row for row in home.listed("2028-03-06T00:10:00Z") if row["rows"])
    path = home.job(row["job"], row["file"])
    with open(path, "ab") as file:
        file.write(b"x")
    done = home.command("report", row["ref"], "--period", row["period_start"], "--supplier", row["mpid"])
    tap.ok(done.returncode == 2 and not done.stdout and b"SHA-256" in done.stderr, "a damaged one is not given out",
           done.stderr)
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and row["file"].encode() in done.stdout, "spool verify finds it", done.stdout)


def test_calendar(tap):
    home = Estate("gateway reports_from=2028-01-01T12:00:00Z")
    home.reference("2028-01-03T07:00:00Z")
    names = [(row["ref"], row["period_start"], row["mpid"]) for row in home.listed("2028-01-03T07:00:00Z")]
    tap.ok([name for name in names if name[0] == "ECOSMIG-001"] ==
           [("ECOSMIG-001", "2028-01-01T00:00:00Z", None), ("ECOSMIG-001", "2028-01-02T00:00:00Z", None)],
           "reports_from begins earlier; nobody is there yet to send to", names)
    home.pass_at("2028-01-04T00:00:00Z")
    names = [(row["period_start"], row["mpid"]) for row in home.listed("2028-01-04T00:00:00Z")
             if row["ref"] == "ECOSMIG-001"][2:]
    tap.ok(names == [("2028-01-03T00:00:00Z", mpid) for mpid in ("AAAA", "BBBB", "CCCC")],
           "at the very end of a period it is issued", names)
    before = home.state()
    home.pass_at("2028-01-04T00:00:01Z")
    tap.ok(home.state() == before, "and once")
    # A drop's folder that a recipient removed is made again.
    for name in os.listdir(home.path("drops", "suppliers", "out", "AAAA")):
        os.unlink(home.path("drops", "suppliers", "out", "AAAA", name))
    os.rmdir(home.path("drops", "suppliers", "out", "AAAA"))
    home.pass_at("2028-01-04T06:00:00Z")
    tap.ok(len(os.listdir(home.path("drops", "suppliers", "out", "AAAA"))) == 1,
           "a folder that was removed is made again")
    os.rename(home.path("drops", "suppliers", "out"), home.path("away"))
    done = home.run(now="2028-01-04T12:00:00Z")
    tap.ok(done.returncode == 2 and not os.path.exists(home.path("drops", "suppliers", "out")),
           "the drop's own folder never is: it is down", done.stderr.decode())
    os.rename(home.path("away"), home.path("drops", "suppliers", "out"))
    home.pass_at("2028-01-04T12:00:01Z")
    tap.ok(len(os.listdir(home.path("drops", "suppliers", "out", "AAAA"))) == 2, "when it is back they arrive")
    tap.ok(home.command("spool", "verify").returncode == 0, "all is sound")


def test_sums(tap, home):
    """The sums of 005 over all Suppliers are the rows of 001 and 002, and what remains in MGMT."""
    for start, end in zip(MONDAYS, MONDAYS[1:]):
        rows = [row.split(",") for mpid in SUPPLIERS
                for row in home.report("ECOSMIG-005", mpid, f"{start.replace('-', '')}_000000", DROPS[mpid])]
        mgmt = [row.split(",") for row in home.report("MGMT", "TCOS", f"{start.replace('-', '')}_000000", "dcc")]
        counted = {ref: sum(row["rows"] for row in home.listed("2028-03-06T00:10:00Z")
                            if row["ref"] == ref and f"{start}T" <= row["period_start"] < f"{end}T")
                   for ref in ("ECOSMIG-001", "ECOSMIG-002")}
        tap.ok(sum(int(row[10]) for row in rows) == counted["ECOSMIG-001"] and
               sum(int(row[11]) for row in rows) == counted["ECOSMIG-002"] and
               sum(int(row[14]) for row in rows) == sum(int(row[9]) for row in mgmt),
               f"sums agree in the week from {start} on", counted, rows, mgmt)


def cells(page, table):
    """The rows of a table of the page, as texts."""
    body = re.search(rf'<table id="{table}">.*?<tbody>(.*?)</tbody>', page, re.S)[1]
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)]


def test_pages(tap, home):
    """Each week's page has the figures of its MGMT, and for the weeks before those of their MGMT."""
    folder = home.path("drops", "dcc", "out")
    weeks, bad = [], []
    for name in sorted(name for name in os.listdir(folder) if name.startswith("MGMT_") and name.endswith(".csv")):
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            rows = [line.split(",") for line in file.read().split("\r\n")[1:-2]]
        with open(os.path.join(folder, name[:-4] + ".html"), encoding="utf-8") as file:
            page = file.read()
        end = re.search(r"_(\d{4})(\d\d)(\d\d)_", name)
        after = datetime.date(*map(int, end.groups())) + datetime.timedelta(days=7)
        weeks.append([after.isoformat()] + [str(sum(int(row[column]) for row in rows)) for column in (4, 5, 9)])
        if cells(page, "rows-table") != [row[2:] for row in rows] or cells(page, "progress-table") != weeks:
            bad.append((name, cells(page, "rows-table"), rows, cells(page, "progress-table"), weeks))
    tap.ok(len(weeks) == PERIODS["MGMT"] and not bad, "each page says what its MGMT says", len(weeks), *bad[:1])
    page = home.command("report", "MGMT-PAGE", now="2028-03-06T00:10:00Z")
    tap.ok(page.returncode == 0 and page.stdout.startswith(b"<!DOCTYPE html>") and not page.stderr,
           "report MGMT-PAGE gives the last one", page.stderr)


def test_models(tap, home):
    """NMDM is issued when the list of Non-Migratable models has changed, and only then."""
    def lists():
        return [name for name in home.out("dcc") if name.startswith("NMDM")]

    before = lists()
    home.say("2028-03-06T01:00:00Z", "NMM", f"SET,ESME,{NON_MIGRATABLE},2027-11-01,,=D117,00010204")
    tap.ok(lists() == before, "the same list again is no change", lists())
    home.say("2028-03-06T02:00:00Z", "NMM", "SET,GPF,AB03,02010001,,2028-01-01,2028-06-01,late,", mode="DELTA")
    new = f"NMDM_TCOS_{GATEWAY}_20280306_020000.csv"
    tap.ok(lists() == before + [new], "an entry more is one", lists())
    tap.ok(home.report("NMDM", "TCOS", "20280306_020000", "dcc") == [
        f"ESME,{NON_MIGRATABLE},2027-11-01,,'=D117,Supplier,00010204",
        "GPF,AB03,02010001,,2028-01-01,2028-06-01,late,DCC,"],
        "it lists all entries")
    home.say("2028-03-06T02:00:00Z", "NMM", "REMOVE,GPF,AB03,02010001,,2028-01-01,,,", mode="DELTA")
    tap.ok(lists() == before + [new, new.replace("0000.csv", "0001.csv")],
           "two changes of one second have two names", lists())
    older = home.command("report", "NMDM", "--period", "2028-03-06T01:30:00Z", now="2028-03-06T03:00:00Z")
    tap.ok(older.stdout == home.read_out("dcc", before[0]), "report NMDM gives the list of a time", older.stderr)
    exact = home.command("report", "NMDM", "--period", "2028-03-06T02:00:00Z", now="2028-03-06T03:00:00Z")
    tap.ok(exact.stdout == home.read_out("dcc", new), "and of the second from which on a list counts", exact.stderr)
    newest = home.command("report", "NMDM", now="2028-03-06T03:00:00Z")
    tap.ok(newest.stdout == home.read_out("dcc", lists()[-1]), "without a time the newest", newest.stderr)


def test_late(tap):
    """A106 is open from an hour after the issue until all files are delivered; a time without a run does not count."""
    home = Estate("drop suppliers complete=at-once")

    def incidents(now):
        found = json.loads(home.command("--json", "status", now=now).stdout)["incidents"]
        return [(i["subject"], i["begun"], i["cleared"]) for i in found if i["code"] == "A106"]

    home.reference("2028-01-03T07:00:00Z")
    os.rename(home.path("drops", "suppliers", "out"), home.path("away"))
    home.run(now="2028-01-03T18:30:00Z")
    home.run(now="2028-01-03T19:29:59Z")
    tap.ok(incidents("2028-01-03T19:29:59Z") == [], "an hour is granted from the issuing on")
    subjects = ["ECOSMIG-002 2028-01-03T06:00:00Z", "ECOSMIG-002 2028-01-03T12:00:00Z"]
    home.run(now="2028-01-03T19:30:00Z")
    late = "2028-01-03T19:30:00Z"
    tap.ok(incidents(late) == [(s, late, None) for s in subjects], "then each period is an incident", incidents(late))
    before = home.state()[1]
    home.run(now="2028-01-03T19:30:00Z")
    tap.ok(home.state()[1] == before, "which is one and stays as it is")
    home.command("drop", "pause", "suppliers", "--out", "--reason", "x", now=late)
    home.run(now=late)
    texts = [i["text"] for i in home.json("status", now=late)[0]["incidents"] if i["code"] == "A106"]
    home.command("drop", "resume", "suppliers", "--reason", "x", now=late)
    home.run(now=late)
    after = [i["text"] for i in home.json("status", now=late)[0]["incidents"] if i["code"] == "A106"]
    tap.ok(len(texts) == 2 and all("`ecosgate drop resume suppliers --out`" in text for text in texts) and
           len(after) == 2 and not any("paused" in text for text in after), "the text names a pause of the drop",
           texts, after)
    by_hand = "2028-01-03T19:31:00Z"
    listed = home.command("--json", "incident", "list", now=by_hand).stdout.decode().splitlines()
    first = next(row["id"] for row in map(json.loads, listed) if row["subject"] == subjects[0])
    home.command("incident", "close", first, "--reason", "seen", now=by_hand)
    home.run(now=by_hand)
    found = incidents(by_hand)
    tap.ok(len(found) == 3 and {(subjects[0], late, by_hand), (subjects[0], by_hand, None)} < set(found),
           "closed by hand while the files are late, it is opened again", found)
    os.rename(home.path("away"), home.path("drops", "suppliers", "out"))
    home.pass_at("2028-01-03T20:00:00Z")
    found = incidents("2028-01-03T20:00:00Z")
    delivered = "2028-01-03T20:00:00Z"
    tap.ok(len(found) == 3 and {(subjects[0], by_hand, delivered), (subjects[1], late, delivered)} < set(found),
           "delivered, they are closed", found)
    home.pass_at("2028-01-09T20:00:00Z")
    tap.ok(len(incidents("2028-01-09T20:00:00Z")) == 3, "what is made up is not late")


def test_over_sftp(tap):
    """Over SFTP each Supplier's folder is made too, and the same files arrive as in a local drop."""
    with Sshd(tempfile.gettempdir()) as server:
        homes = Estate(), Estate()
        homes[1].over_sftp("suppliers", server)
        for home in homes:
            home.reference("2028-01-03T07:00:00Z")
            home.pass_at("2028-01-04T00:00:00Z")
            home.pass_at("2028-01-04T06:00:00Z")
        trees = [{name: digest for name, digest in home.tree().items() if b"suppliers" in name} for home in homes]
        tap.ok(len(trees[0]) > 5 and trees[0] == trees[1], "over SFTP the same arrives", set(trees[0]) ^ set(trees[1]))
        folder = homes[1].path("drops", "suppliers", "out", "AAAA")
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
        homes[1].pass_at("2028-01-04T12:00:00Z")
        tap.ok(len(os.listdir(folder)) == 1, "a folder that was removed is made again there", os.listdir(folder))
        os.rename(homes[1].path("drops", "suppliers", "out"), homes[1].path("away"))
        done = homes[1].run(now="2028-01-04T18:00:00Z")
        tap.ok(done.returncode == 2 and b"A103" in done.stderr, "without the drop's own folder it is down", done.stderr)
        os.rename(homes[1].path("away"), homes[1].path("drops", "suppliers", "out"))
        homes[1].pass_at("2028-01-04T18:00:01Z")
        tap.ok(len(os.listdir(folder)) == 2, "when it is back it arrives")
        tap.ok(homes[1].command("spool", "verify").returncode == 0, "all is sound")


def main():
    with Tap() as tap:
        home = Estate()
        test_estate(tap, home)
        test_sums(tap, home)
        test_pages(tap, home)
        test_models(tap, home)
        test_issued(tap, home)
        test_redeliver(tap, home)
        test_verify(tap, home)
        test_damage(tap, home)
        test_calendar(tap)
        test_late(tap)
        test_over_sftp(tap)


if __name__ == "__main__":
    main()
