#!/usr/bin/env python3
"""Files whose names are those of another profile: no sender, another order, dots, numbers of four digits or none (TAP).

The profile is the built-in one with another names.json, so that nothing but the names differs.
"""
import csv
import io
import os
import shutil

import parties
from home import Home, Tap
from parties import CREATED, GATEWAY, at, confirmed, device, instructed, said, sound
from side_by_side import MCX, PROPOSAL, Annexed, load, rows_of, save

NAMES = {
    "EMI": "{instant:YYYY-MM-DDTHHMMSSZ}.{type:INSTR}.{sequence:4}.{form:csv=txt}",
    "EMT": "RSLT-{date:DD-MM-YYYY}.csv",
    "EMC": "CONF.csv",
    "EMW": "{type:ORDER}.{sequence:1}.{instant:YYYYMMDDTHHMMSSZ}.csv",
}
ANSWERS = {
    "EMA": {"EMI": "ACK.{answered.name}.{revision}.txt", "*": "ACK.{hash}.{revision}.csv",
            "unknown": "ACK.{hash}.{revision}.txt"},
    "EMD": {"EMI": "RSP.{answered.name}.{revision}.txt"},
    "EMO": {"EMI": "OUT.{answered.name}.{revision}.txt"},
}
WHEN = "2023-07-03T060000Z"


def renamed(path):
    """Writes the profile."""
    shutil.copytree(PROPOSAL, path)
    about = load(path, "profile.json")
    about.update(profile="renamed", version="1")
    save(about, path, "profile.json")
    names = load(path, "names.json")
    names["names"].update(NAMES)
    names["answers"] = ANSWERS
    save(names, path, "names.json")


class Named(Annexed):
    """MCX, whose names do not say who it is, and the two sides, whose names say nothing but the type."""

    def send(self, name, kind, rows, number, drop="mcx", **head):  # pylint: disable=too-many-arguments
        sender = {"mcx": MCX, "tcos": parties.TCSP, "ecos": parties.ECSP}[drop]
        line = ["H", kind, "1.0", sender, GATEWAY, str(number), head.get("created", CREATED), "TEST",
                head.get("batch", f"{kind[1:]}-{number}"), ""]
        order = ["RecordNumber", *parties.COLUMNS[kind]]
        lines = [["D", *(row.get(column, "") for column in order)]
                 for row in ({**row, "RecordNumber": str(n)} for n, row in enumerate(rows, 1))]
        text = io.StringIO()
        csv.writer(text).writerows([line, *lines, ["T", str(len(rows))]])
        path = os.path.join(self.home.top, "arriving")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        self.home.drop(drop, path, name)

    def order_of(self, devices, number, second=0):
        """An instruction that was made in that second; its name without the form."""
        name = f"2023-07-03T0600{second:02d}Z.INSTR.{number:04d}"
        self.send(f"{name}.txt", "EMI", [instructed(one) for one in devices], number,
                  created=f"2023-07-03T06:00:{second:02d}Z", batch=f"B-{number}-{second}")
        return name

    def text(self, name, drop="mcx"):
        """Of a file that the gateway wrote; "" where there is none."""
        return self.home.read_out(drop, name).decode() if name in self.home.out(drop) else ""

    def verdict(self, name, drop="mcx"):
        """Outcome and codes of an EMA."""
        text = self.text(name, drop)
        codes = {row[1] for row in rows_of(text, "E") if row[1][0] == "B"}
        return [row[5] for row in rows_of(text, "F")] + sorted(codes)


def begun():
    home = Home("gateway incident_party=NOBODY")
    renamed(home.path("renamed"))
    home.set("party TCSP profile=renamed")
    home.set("party ECSP profile=renamed")
    return home, Named(home, "profile=renamed")


def test_instructions(tap):
    home, other = begun()
    first = other.order_of([1], 9998)
    done = home.run()
    tap.ok(other.verdict(f"ACK.{first}.1.txt") == ["AC"] and other.text(f"RSP.{first}.1.txt"),
           "the answers have the names that the profile gives them", home.out("mcx"), done.stderr.decode())
    row = home.json("spool", "show", home.json("spool", "list")[0]["id"])[0]
    tap.ok((row["org"], row["sender"], row["sequence"]) == ("MCX", MCX, 9998),
           "the drop says who sent a file whose name does not", row)
    again = other.order_of([2], 9998, 1)
    home.run(now=at(1))
    tap.ok(other.verdict(f"ACK.{again}.1.txt") == ["RJ", "B106"], "a number that came before is refused",
           other.text(f"ACK.{again}.1.txt"))
    last = other.order_of([3], 9999, 2)
    home.run(now=at(2))
    over = other.order_of([4], 2, 3)
    home.run(now=at(3))
    tap.ok([other.verdict(f"ACK.{name}.1.txt") for name in (last, over)] == [["AC"], ["WN", "B108"]] and
           "expected 0001, found 0002" in other.text(f"ACK.{over}.1.txt"),
           "1 comes after the greatest number of four digits", home.out("mcx"))
    refused = home.command("sequence", "set", "MCX", "EMI", "10000", "--reason", "too many digits", now=at(3))
    tap.ok(refused.returncode == 1 and b"go up to 9999, found 10000" in refused.stderr,
           "sequence set knows how many digits the sender's names have", refused.stderr.decode())
    home.command("sequence", "set", "MCX", "EMI", "9999", "--reason", "begins anew", now=at(3))
    row = next(one for one in home.json("sequence", "list", now=at(3)) if one["sender"] == "MCX")
    tap.ok((row["last"], row["next"]) == (9999, 1), "so does sequence list", row)
    home.command("sequence", "set", "MCX", "EMI", "2", "--reason", "as it was", now=at(3))
    other.send(f"{WHEN}.instr.12.txt", "EMI", [instructed(5)], 4)
    home.run(now=at(4))
    texts = [other.text(name) for name in home.out("mcx") if name.startswith("ACK.") and "INSTR" not in name]
    tap.ok(len(texts) == 1 and "(type): expected upper case: INSTR" in texts[0] and
           "(seq): expected four digits, 0001 to 9999" in texts[0], "a wrong name is told part by part", texts)
    own = home.path("drops", "mcx", "in", f"ACK.{first}.1.txt")
    shutil.copy(home.path("drops", "mcx", "out", f"ACK.{first}.1.txt"), own)
    home.run(now=at(5))
    tap.ok(os.path.exists(own), "a file with a name that the gateway gives is left alone")
    os.unlink(own)
    sound(tap, home, "names without a sender")


def counters(home):
    """Of our own files, by type."""
    return {name: value for name, value in parties.Parties(home).rows("SELECT name, value FROM counter")
            if name.isupper()}


def held(home):
    return sorted(row["name"] for row in home.json("spool", "list", "--state", "held"))


def test_lost(tap):
    """The ledger is lost, with the witness and the claims: only the files in the spool know our numbers, and only their
    profile knows where."""
    home, other = begun()
    home.set("gateway work_order_devices=1")
    here = home.path("renamed")
    head = load(here, "records", "EMD-H.json")
    head["fields"].insert(3, head["fields"].pop([one["fact"] for one in head["fields"]].index("header.sequence")))
    save(head, here, "records", "EMD-H.json")
    rows = load(here, "records", "EMD-D.json")
    rows["dialect"] = {"delimiter": ";", "quoteChar": "'"}
    save(rows, here, "records", "EMD-D.json")
    for number, devices in ((1, [1, 2]), (2, [3])):
        other.order_of(devices, number, number)
        home.run(now=at(number))
    before = counters(home)
    for path in ["witness", *(f"spool/{name}" for name in os.listdir(home.path("spool")) if "ledger.sqlite" in name)]:
        os.unlink(home.path(path))
    for drop in os.listdir(home.path("drops")):
        if os.path.exists(home.claim(drop)):
            os.unlink(home.claim(drop))
    home.command("init", "--ledger")
    done = home.command("recover", "--reason", "the disk was lost", now=at(3))
    tap.ok(before["EMW"] == 3 and counters(home) == before, "recover finds our numbers where the profile has them",
           before, counters(home), done.stderr.decode())
    sound(tap, home, "files of another profile without a ledger")


def test_lost_over_the_end(tap):
    """The lost time began before 9999, the greatest number, and ended after it."""
    home, other = begun()
    other.order_of([1], 9998)
    home.run()
    shutil.copytree(home.path("spool"), home.path("kept"))
    lost = {number: other.order_of([number % 7], number, number % 50) for number in (9999, 1)}
    home.run(now=at(1))
    shutil.rmtree(home.path("spool"))
    os.rename(home.path("kept"), home.path("spool"))
    home.run(now=at(2))
    home.command("recover", "--reason", "the disk was lost", now=at(2))
    for number in lost:
        other.order_of([number % 7], number, number % 50)
    fresh = {number: other.order_of([number], number, number % 50) for number in (2, 5000)}
    home.run(now=at(3))
    found = {number: other.verdict(f"ACK.{name}.1.txt") for number, name in fresh.items()}
    tap.ok(held(home) == sorted(f"{name}.txt" for name in lost.values()) and
           found == {2: ["AC"], 5000: ["RJ", "B113"]},
           "numbers of four digits that were lost over the end are held, and no others", held(home), found)
    sound(tap, home, "numbers of four digits that were lost")


def answered(home, drop):
    return sorted(name for name in home.out(drop) if name.startswith("ACK."))


def test_many_orders(tap):
    """More work orders than numbers: one of a second whose numbers are used up is dated one second later."""
    home, other = begun()
    home.set("gateway work_order_devices=1")
    other.order_of(range(1, 13), 1)
    home.run()
    names = [name for name in home.out("tcos") if name.startswith("ORDER.")]
    tap.ok(len(names) == 12 and len({name.split(".")[2] for name in names}) == 2,
           "twelve orders of names with one digit: all are delivered", names)
    sound(tap, home, "more orders than numbers")


def test_work(tap):
    """A Device through all files. Results are named after a day, confirmations have always the same name."""
    home, other = begun()
    first = other.order_of([1, 2], 1)
    home.run()
    expected = f"ORDER.1.20230703T{at(0)[11:19].replace(':', '')}Z.csv"
    tap.ok([name for name in home.out("tcos") if name.startswith("ORDER.")] == [expected],
           "a work order is named by the profile of its recipient", home.out("tcos"))
    item = "MCX.B-1-0.{}".format
    other.send("RSLT-03-07-2023.csv", "EMT", [said(1, WorkItemId=item(1)), said(2, WorkItemId=item(2))], 1, "tcos")
    other.send("CONF.csv", "EMC", [confirmed(1, WorkItemId=item(1))], 1, "ecos")
    home.run(now=at(1))
    found = [other.verdict(name, drop) for drop in ("tcos", "ecos") for name in answered(home, drop)]
    tap.ok(found == [["AC"], ["AC"]], "the header says the number where the name does not", found)
    other.send("RSLT-03-07-2023.csv", "EMT", [said(2, WorkItemId=item(2), attempt=2)], 2, "tcos")
    other.send("CONF.csv", "EMC", [confirmed(1, WorkItemId=item(1))], 1, "ecos")
    home.run(now=at(2))
    found = [other.verdict(name, drop) for drop in ("tcos", "ecos") for name in answered(home, drop)]
    tap.ok(["RJ", "B106"] in found and ["RJ", "B105"] in found,
           "the name of a day comes once, and the very same file is never processed again", found)
    other.send("CONF.csv", "EMC", [confirmed(2, WorkItemId=item(2))], 3, "ecos")
    home.run(now=at(3))
    texts = [other.verdict(name, "ecos") for name in answered(home, "ecos")]
    tap.ok(["WN", "B108"] in texts, "a name that is always the same comes again with other bytes", texts)
    home.run(now=at(4))
    outcome = other.text(f"OUT.{first}.1.txt")
    tap.ok([row[2] for row in rows_of(outcome)] == [device(1), device(2)], "the outcome has a name of its own", outcome,
           home.out("mcx"))
    sound(tap, home, "names without a number")


def test_order(tap):
    """By what the names say, not by their text: the 30th of June comes before the 2nd of July."""
    home, other = begun()
    for number, day in ((1, "30-06"), (2, "02-07")):
        month, date = day[3:], day[:2]
        other.send(f"RSLT-{day}-2023.csv", "EMT", [said(number)], number, "tcos",
                   created=f"2023-{month}-{date}T06:00:00Z")
    home.run()
    found = [other.verdict(name, "tcos") for name in answered(home, "tcos")]
    tap.ok(len(found) == 2 and all(len(one) == 1 for one in found), "files are picked up in the order of their dates",
           found)


def reports_named(folder, first, second, since=None, version="1"):
    """A profile that calls two reports so."""
    shutil.copytree(PROPOSAL, folder)
    about = load(folder, "profile.json")
    about.update(profile="reported", version=version, valid={"from": since, "until": None})
    save(about, folder, "profile.json")
    names = load(folder, "names.json")
    names["names"].update({"ECOSMIG-001": first + "_{mpid}_{date}_{time}.csv",
                           "ECOSMIG-002": second + "_{mpid}_{date}_{time}.csv"})
    save(names, folder, "names.json")


def test_reports_change_names(tap):
    """From noon on, ECOSMIG-001 has the name that ECOSMIG-002 had before."""
    home = Home("gateway incident_party=NOBODY")
    reports_named(home.path("old"), "DAY", "SLOT")
    reports_named(home.path("new"), "SLOT", "DAY", since="2023-07-04T12:00:00Z", version="2")
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write("\n[report]\nprofile=new;old\n")
    here = parties.Parties(home)
    here.references("PTY", "90-B3-D5-1F-30-05-00-01,SUPPLIER,AAAA,,")
    home.run()
    home.run(now="2023-07-04T12:00:00Z")

    def issued():
        place = home.path("drops", "suppliers", "out", "AAAA")
        return sorted(name for name in os.listdir(place) if "_20230704_000000" in name)

    tap.ok(issued() == ["SLOT_AAAA_20230704_000000.csv"], "a report has its name by the profile of its period",
           issued())
    file = here.instruct([1])
    for now in ("2023-07-05T00:00:00Z", "2023-07-05T00:01:00Z"):
        done = home.run(now=now)
    tap.ok(done.returncode == 2 and here.acknowledged(file) == ("AC", []) and len(here.orders()) == 1,
           "a report whose name another one has stops nothing else", done.stderr.decode())
    found = [one for one in home.json("status", now=now)[0]["incidents"] if one["code"] == "A119"]
    tap.ok([one["subject"] for one in found] == ["reports"] and
           "ECOSMIG-001 of reported-2 would have the name SLOT_AAAA_20230704_000000.csv, which a ECOSMIG-002 of "
           in found[0]["text"] and "names.json" in found[0]["text"], "an incident says who must act", found)
    sound(tap, home, "while a report has no name")
    reports_named(home.path("newer"), "DAYS", "SLOTS", since="2023-07-04T12:00:00Z", version="3")
    home.set("report profile=newer;old")
    done = home.run(now="2023-07-05T00:02:00Z")
    tap.ok(issued() == ["DAYS_AAAA_20230704_000000.csv", "SLOT_AAAA_20230704_000000.csv"] and
           [one["cleared"] for one in home.json("status", now=now)[0]["incidents"]
            if one["code"] == "A119"] == ["2023-07-05T00:02:00Z"],
           "with other names it is issued, and the incident is closed", issued(), done.stderr.decode())
    sound(tap, home, "after reports have changed their names")


def test_upload_names(tap):
    """Work orders that are uploaded as NAME.inc would look like the INC files of this profile."""
    home = begun()[0]
    names = load(home.path("renamed"), "names.json")
    names["names"]["INC"] = NAMES["EMW"] + ".inc"
    save(names, home.path("renamed"), "names.json")
    home.set("drop tcos upload_name=NAME.tmp")
    good = home.run()
    home.set("drop tcos upload_name=NAME.inc")
    done = home.run()
    tap.ok(good.returncode == 0 and done.returncode == 2 and b"[drop tcos] upload_name: NAME.inc makes ORDER.1." in
           done.stderr and b".csv.inc of ORDER.1." in done.stderr and b"the profile renamed-1" in done.stderr,
           "a temporary name that a profile takes for a file is refused", done.stderr.decode())


if __name__ == "__main__":
    with Tap() as report:
        test_instructions(report)
        test_many_orders(report)
        test_lost(report)
        test_lost_over_the_end(report)
        test_work(report)
        test_order(report)
        test_reports_change_names(report)
        test_upload_names(report)
