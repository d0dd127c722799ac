#!/usr/bin/env python3
"""Incidents: what raises one, what clears it, the INC files that tell of both, and orders that close one (TAP)."""
import os
import shutil
import sqlite3

from home import NOW, SANITIZED, Home, Tap, answer, generate, said_so_far, terminate, wait_until
from live import DEVICE, ECSP, GATEWAY, MCC, TCSP, change, codes_of, instruction, name_of, replies, rows, send, sound

DCC = "90-B3-D5-1F-30-00-00-02"
SUPPLIER = "90-B3-D5-1F-30-05-00-01"


def inc_names(home):
    return [name for name in home.out("dcc") if name.startswith("INC")]


def reported(home, name=None):
    """The events of a file, or of all in order: (ID, event, code, what it is about)."""
    found = []
    for file in [name] if name else inc_names(home):
        for row in rows(home.read_out("dcc", file)):
            if row[0] == "D":
                found.append((row[2], row[3], row[6], row[10] or row[8] or row[13]))
    return found


def new(home, before):
    """The events of the files that were not there before."""
    return [event for name in inc_names(home) if name not in before for event in reported(home, name)]


def open_incidents(home):
    return [(row["id"], row["code"], row["subject"]) for row in home.json("incident", "list")]


def inventory(sequence, devices, time="05:00:00"):
    """A FULL INV of CSV; a Device is (number, status, supplier)."""
    lines = [f"H,INV,1.0,{DCC},{GATEWAY},{sequence},2023-07-03T{time}Z,TEST,INV-{sequence},,FULL"]
    for number, (device, status, supplier) in enumerate(devices, 1):
        lines.append(f"D,{number},SET,{DEVICE % device},ESME,{status},AB01,010A030B,"
                     f"0002012F,1012345678903,,{supplier},,North,,,TCOS,")
    return ("\r\n".join(lines) + f"\r\nT,{len(devices)}\r\n").encode()


def send_inventory(home, sequence, devices):
    """In a pass of its own: instructions come through a drop that is looked at before."""
    send(home, name_of(sequence, kind="INV", org="DCC", eui64=DCC, time="050000"), inventory(sequence, devices), "dcc")
    home.run()


def bad(sequence, **more):
    return instruction(sequence, **more).replace(b"\r\nT,1", b"\r\nT,3")


def test_files(tap):
    home = Home()
    send(home, name_of(1), bad(1))
    send(home, name_of(2), instruction(2))
    tap.ok(home.run().returncode == 1, "a pass with a rejected file")
    names = inc_names(home)
    tap.ok(names == [f"INC_TCOS_{GATEWAY}_20230703_120000_000001.csv"], "one INC, named after the gateway", names)
    found = home.read_out("dcc", names[0]).decode()
    expected = (f"H,INC,1.0,{GATEWAY},{DCC},1,{NOW},TEST,INC-FILE-000001,\r\n"
                f"D,1,INC-000001,RAISED,{NOW},b,B208,FILE,{name_of(1)},B-1-06,,MCC,MCC,")
    tap.ok(found.startswith(expected) and
           found.endswith("\r\nT,1\r\n"), "header, the row that raises it, trailer", found)
    home.run()
    tap.ok(inc_names(home) == names, "a further pass tells nothing", inc_names(home))
    home.command("spool", "requeue", "1", "--reason", "again")
    home.run()
    tap.ok(inc_names(home) == names and len(open_incidents(home)) == 1,
           "judged again and as bad it is the same incident",
           open_incidents(home))
    send(home, name_of(1), bad(1))
    home.run()
    tap.ok(new(home, names) == [("INC-000002", "RAISED", "B105", name_of(1))], "received again it is another cause",
           new(home, names))
    names = inc_names(home)
    send(home, name_of(3), instruction(3, (3,), resubmission=name_of(9)))
    send(home, name_of(4), bad(4, resubmission=name_of(1)))
    home.run()
    events = new(home, names)
    tap.ok([event[1] for event in events] == ["RAISED", "RAISED"] and len(open_incidents(home)) == 4,
           "a resubmission that is rejected ends nothing", events)
    names = inc_names(home)
    send(home, name_of(5), instruction(5, (5,), resubmission=name_of(1)))
    home.run()
    tap.ok(new(home, names) == [("INC-000001", "CLEARED", "B208", name_of(1)),
                                ("INC-000002", "CLEARED", "B105", name_of(1))],
           "one that is accepted ends those of the file it corrects", new(home, names))
    tap.ok([row[6] for row in rows(home.read_out("dcc", inc_names(home)[-1]))[1:2]] == ["B208"] and
           rows(home.read_out("dcc", inc_names(home)[-1]))[1][13] == "", "without a text: it ended by itself")
    sequences = [rows(home.read_out("dcc", name))[0][5] for name in inc_names(home)]
    tap.ok(sequences == [str(n) for n in range(1, len(sequences) + 1)], "files count up from 1", sequences)
    sound(tap, home, "after incidents of files")


def test_bad_names(tap):
    """A file is rejected for its name, whatever is wrong with it. Its correction names it and closes its incident."""
    good = name_of(1)
    cases = {"case": (good.replace("_MCC_", "_mcc_"),) * 2, "separator": (good.replace("EMI_", "EMI-"),) * 2,
             "date": (good.replace("20230703", "20230230"),) * 2, "no name of ours": ("list (1).csv",) * 2,
             "a backslash": ("a\\b.csv",) * 2, "a byte that is not UTF-8": (b"caf\xe9.csv", "caf\\xE9.csv"),
             "too long": (good[:-4] + "x" * 100 + ".csv", None)}
    for what, (bad_name, given) in cases.items():
        home = Home()
        send(home, bad_name, instruction(1, batch="B-BAD"))
        home.run()
        given = given or [name for name in home.out("mcc") if name.startswith("EMA_UNKNOWN_")][0]
        before = len(open_incidents(home))
        send(home, name_of(2), instruction(2, resubmission=given))
        home.run()
        tap.ok(before == 1 and codes_of(home, name_of(2)) == ("AC", []) and not open_incidents(home),
               f"{what}: the correction is accepted and closes the incident", given, codes_of(home, name_of(2)))
    home = Home()
    send(home, "list.csv", b"x", "tcos")
    home.run()
    send(home, name_of(1), instruction(1, resubmission="list.csv"))
    home.run()
    tap.ok(codes_of(home, name_of(1)) == ("RJ", ["B210"]) and len(open_incidents(home)) == 2,
           "a file of another drop is not corrected", codes_of(home, name_of(1)))
    tap.ok(b"there is none" in home.read_out("mcc", answer(name_of(1))), "nor is it named to somebody else")


def test_not_rejected(tap):
    """ResubmissionOf names a file that was not rejected."""
    for what, records, outcome in (("accepted", (1,), "AC"), ("accepted in part", (1, "xx,ESME,,,,,,North,1"), "PA")):
        home = Home("review C103=off")
        send(home, name_of(1), instruction(1, records))
        home.run()
        for n, given in ((2, name_of(1)), (3, answer(name_of(1)))):
            send(home, name_of(n), instruction(n, (2,), resubmission=given))
            home.run()
            said = home.read_out("mcc", answer(name_of(n))).decode()
            tap.ok(f"found {name_of(1)} of {NOW} ({outcome}" in said and codes_of(home, name_of(n))[1] == ["B210"],
                   f"{what}, named as {given[:3]}: the answer names it with its time and verdict", said)


def test_at(tap):
    """Each event tells when it happened: not when its incident was raised, nor when its file was made."""
    home = Home()
    send(home, name_of(1), bad(1))
    send(home, name_of(2), bad(2))
    home.run()
    home.command("incident", "close", "1", "--reason", "known", now="2023-07-03T12:01:00Z")
    home.run(now="2023-07-03T12:02:00Z")
    send(home, name_of(3), instruction(3, resubmission=name_of(2)))
    home.run(now="2023-07-03T12:03:00Z")
    found = [row[2:5] for name in inc_names(home) for row in rows(home.read_out("dcc", name)) if row[0] == "D"]
    tap.ok(found == [["INC-000001", "RAISED", NOW], ["INC-000002", "RAISED", NOW],
                     ["INC-000001", "CLEARED", "2023-07-03T12:01:00Z"],
                     ["INC-000002", "CLEARED", "2023-07-03T12:03:00Z"]],
           "raised, closed by hand, ended by itself: At of each is its own time", found)


def test_judged_again_and_accepted(tap):
    """What was wrong was the configuration: the same file, judged again, ends its incident."""
    home = Home("party MCC types=EMT")
    send(home, name_of(1), instruction(1))
    home.run()
    names = inc_names(home)
    tap.ok([event[2] for event in reported(home)] == ["B103"], "a sender who may not is an incident", reported(home))
    home.set("party MCC types=EMI")
    home.command("spool", "requeue", "1", "--reason", "mended")
    home.run()
    tap.ok(new(home, names) == [("INC-000001", "CLEARED", "B103", name_of(1))], "accepted later, it is over",
           new(home, names))


def test_names(tap):
    """Whatever a name is, a spreadsheet runs none of it, and two drops have two subjects."""
    home = Home()
    for drop in ("mcc", "tcos"):
        send(home, "=cmd|1.csv", b"x", drop)
    home.run()
    found = rows(home.read_out("dcc", inc_names(home)[0]))
    tap.ok([row[8] for row in found[1:3]] == ["'=cmd|1.csv"] * 2 and
           sorted(row[11] for row in found[1:3]) == ["MCC", "TCSP"],
           "a name like a formula is harmless; the party is that of the drop", found)


def test_devices(tap):
    home = Home()
    send_inventory(home, 1, [(1, "Commissioned", SUPPLIER), (2, "Decommissioned", SUPPLIER), (3, "Suspended", SUPPLIER),
                             (4, "Commissioned", "")])
    tap.ok(not inc_names(home), "nothing is wrong yet", reported(home))
    send(home, name_of(1), instruction(1, (1, 2, 3, 4, 5, 5, "xx,ESME,AB01,010A030B,0002012F,,,North,1",
                                           f"{DEVICE % 6},CAD,AB01,010A030B,0002012F,,,North,1")))
    home.run()
    events = reported(home)
    tap.ok(events == [("INC-000001", "RAISED", "C105", DEVICE % 2), ("INC-000002", "RAISED", "C114", DEVICE % 4),
                      ("INC-000003", "RAISED", "C103", DEVICE % 5), ("INC-000004", "RAISED", "C103", DEVICE % 6),
                      ("INC-000005", "RAISED", "C104", DEVICE % 6)] or
           events == [("INC-000001", "RAISED", "C105", DEVICE % 2), ("INC-000002", "RAISED", "C114", DEVICE % 4),
                      ("INC-000003", "RAISED", "C103", DEVICE % 5), ("INC-000004", "RAISED", "C104", DEVICE % 6)],
           "each permanent code that is DCC's, once a Device; none for what passes or is the sender's", events)
    row = rows(home.read_out("dcc", inc_names(home)[0]))[1]
    tap.ok(row[5:13] == ["c", "C105", "DEVICE", name_of(1), "B-1-06", DEVICE % 2, "MCC", "DCC incident"],
           "category, scope, file, batch, Device, party, resolver", row)
    names = inc_names(home)
    send(home, name_of(2), instruction(2, (2, 4, 5)))
    home.run()
    tap.ok(inc_names(home) == names, "the same cause on the same Device is not reported again", new(home, names))
    why = home.json("why", DEVICE % 5)[0]
    tap.ok(why["incidents_open"] == "INC-000003 (C103)", "why names it", why)
    status = home.json("status")[0]
    tap.ok(status["device_incidents"] == len(events) and not status["incidents"], "status counts them", status)
    send_inventory(home, 2,
                   [(1, "Commissioned", SUPPLIER), (2, "Commissioned", SUPPLIER), (3, "Suspended", SUPPLIER),
                    (4, "Decommissioned", SUPPLIER), (5, "Commissioned", SUPPLIER)])
    send(home, name_of(3), instruction(3, (2, 4)))
    home.run()
    ended = [(code, device) for _, event, code, device in new(home, names) if event == "CLEARED"]
    tap.ok(ended == [("C103", DEVICE % 5), ("C104", DEVICE % 6), ("C105", DEVICE % 2), ("C114", DEVICE % 4)] and
           new(home, names)[-1] == (f"INC-{len(events) + 1:06d}", "RAISED", "C105", DEVICE % 4),
           "an inventory ends what it no longer says; another cause is another incident", new(home, names))
    tap.ok(home.json("why", DEVICE % 2)[0]["incidents_open"] is None, "why names none any more")
    sound(tap, home, "after incidents of Devices")


def test_before_dispatch(tap):
    """What is found when the work order is written, hours after the split."""
    home = Home("gateway dispatch_hours=20-22")
    send_inventory(home, 1, [(n, "Commissioned", SUPPLIER) for n in range(1, 7)])
    send(home, name_of(1), instruction(1, (1,)))
    home.run()
    send_inventory(home, 2, [(n, "Commissioned", SUPPLIER) for n in range(2, 7)])
    tap.ok(not inc_names(home), "accepted, and nothing is reported", reported(home))
    home.run(now="2023-07-03T20:00:00Z")
    tap.ok(reported(home) == [("INC-000001", "RAISED", "C103", DEVICE % 1)],
           "gone from the inventory before its dispatch",
           reported(home))
    sound(tap, home, "after a refusal before dispatch")


def test_migrated(tap):
    """A Device that has migrated after all needs nobody."""
    home = Home()
    send(home, name_of(1), instruction(1, (1,)))
    home.run()
    send_inventory(home, 1, [(2, "Commissioned", SUPPLIER)])
    send(home, name_of(2), instruction(2, (1,)))
    home.run()
    tap.ok(reported(home) == [("INC-000001", "RAISED", "C103", DEVICE % 1)], "instructed again while it is away",
           reported(home))
    names = inc_names(home)
    send(home, name_of(1, kind="EMT", org="TCSP", eui64=TCSP),
         replies("EMT", TCSP, [f"MCC.B-1-06.1,{DEVICE % 1},SUCCESS,,,,1,,,,,,AA,BB"]), "tcos")
    home.run()
    tap.ok(inc_names(home) == names, "one side is not enough", new(home, names))
    send(home, name_of(1, kind="EMC", org="ECSP", eui64=ECSP),
         replies("EMC", ECSP, [f"MCC.B-1-06.1,{DEVICE % 1},Y,,AA,BB,"]), "ecos")
    home.run()
    tap.ok(new(home, names) == [("INC-000001", "CLEARED", "C103", DEVICE % 1)], "migrated: it is over",
           new(home, names))


def test_model(tap):
    home = Home("gateway model_failures=2")
    other = SUPPLIER[:-1] + "2"
    parties = [f"D,1,SET,{other},SUPPLIER,SUPB,,", f"D,2,SET,{SUPPLIER},SUPPLIER,SUPA,,", "T,2", ""]
    send(home, name_of(1, kind="PTY", org="DCC", eui64=DCC, time="050000"),
         inventory(1, []).split(b"\r\n")[0].replace(b"INV", b"PTY") + b"\r\n" + "\r\n".join(parties).encode(), "dcc")
    send_inventory(home, 1, [(1, "Commissioned", other), (2, "Commissioned", SUPPLIER), (3, "Commissioned", other)])
    send(home, name_of(1), instruction(1, (1, 2, 3)))
    home.run()
    send(home, name_of(1, kind="EMT", org="TCSP", eui64=TCSP),
         replies("EMT", TCSP, [f"MCC.B-1-06.{n},{DEVICE % n},FAILED,17,,,1,,,,,,," for n in (1, 2)]), "tcos")
    home.run()
    found = [row for row in rows(home.read_out("dcc", inc_names(home)[0])) if row[0] == "D"]
    tap.ok([row[5:8] for row in found] == [["d", "D160", "MODEL"]] and found[0][11:13] == ["SUPA;SUPB", "Supplier"],
           "D160 is reported, with the Suppliers of the model", found)
    names = inc_names(home)
    send(home, name_of(2, kind="EMT", org="TCSP", eui64=TCSP),
         replies("EMT", TCSP, [f"MCC.B-1-06.3,{DEVICE % 3},SUCCESS,,,,1,,,,,,AA,BB"], 2), "tcos")
    send(home, name_of(1, kind="EMC", org="ECSP", eui64=ECSP),
         replies("EMC", ECSP, [f"MCC.B-1-06.3,{DEVICE % 3},Y,,AA,BB,"]), "ecos")
    home.run()
    tap.ok([event[:3] for event in new(home, names)] == [("INC-000001", "CLEARED", "D160")],
           "the first that migrates ends it",
           new(home, names))


def test_drops(tap):
    """Also the very drop that INC goes to: it waits there like any file."""
    home = Home()
    out = home.path("drops", "dcc", "out")
    os.rename(out, out + ".away")
    send(home, name_of(1), bad(1))
    home.run()
    home.run()
    home.run()
    tap.ok([row[1:] for row in open_incidents(home)] == [("B208", f"mcc/{name_of(1)}"), ("A103", "dcc")],
           "the drop of the INC is down",
           open_incidents(home))
    os.rename(out + ".away", out)
    home.run()
    home.run()
    tap.ok(reported(home) == [("INC-000001", "RAISED", "B208", name_of(1)),
                          ("INC-000002", "RAISED", "A103", "drop dcc: outbound drop unwritable or full"),
                          ("INC-000002", "CLEARED", "A103", "")], "when it is back it learns all, in order",
           reported(home))
    tap.ok(home.dir.encode() not in b"".join(home.read_out("dcc", name) for name in inc_names(home)),
           "no folder of ours is named")
    tap.ok(rows(home.read_out("dcc", inc_names(home)[1]))[1][11] == "DCC", "the party is that of the drop")
    os.rename(home.inbox("tcos"), home.inbox("tcos") + ".away")
    home.run()
    os.rename(home.inbox("tcos") + ".away", home.inbox("tcos"))
    home.run()
    tap.ok([event[1:3] for event in reported(home)[3:]] == [("RAISED", "A102"), ("CLEARED", "A102")],
           "a drop that cannot be read",
           reported(home))
    sound(tap, home, "after outages")


def away(home, drop, *folders):
    for folder in folders:
        os.rename(home.path("drops", drop, folder), home.path("drops", drop, folder) + ".away")


def back(home, drop, *folders):
    for folder in folders:
        os.rename(home.path("drops", drop, folder) + ".away", home.path("drops", drop, folder))


def test_share(tap):
    """A document share (share=yes) has one incident for both directions, A101."""
    home = Home("drop tcos share=yes")
    home.run()
    away(home, "tcos", "in", "out")
    send(home, name_of(1), instruction(1))
    tap.ok(home.run().returncode == 2 and [row[1:] for row in open_incidents(home)] == [("A101", "tcos")],
           "a document share is gone: A101, and nothing else", open_incidents(home))
    tap.ok(reported(home) == [("INC-000001", "RAISED", "A101", "drop tcos: document share unavailable")] and
           rows(home.read_out("dcc", inc_names(home)[0]))[1][11:13] == ["TCSP", "DCC"], "INC says so, without a folder",
           reported(home))
    told = home.json("why", f"EMW_TCOS_{GATEWAY}_20230703_120000_000001.csv")[0]["because"]
    tap.ok("that drop is down (A101): it cannot be read: " in told and "; it cannot be written: " in told,
           "`why` says so of a file that waits for it, with both causes", told)
    back(home, "tcos", "out")
    home.run()
    shown = home.json("status")[0]["incidents"][-1]
    tap.ok([row[1:] for row in open_incidents(home)] == [("A101", "tcos")] and len(reported(home)) == 1 and
           shown["text"].startswith("it cannot be read: ") and home.out("tcos") != [],
           "it can be written again: the order is there, and the incident goes on", shown, home.out("tcos"))
    back(home, "tcos", "in")
    tap.ok(home.run().returncode == 0 and not open_incidents(home) and
           [event[:3] for event in reported(home)[1:]] == [("INC-000001", "CLEARED", "A101")],
           "it can be read again: that closes it, once", reported(home))
    away(home, "tcos", "in")
    home.run()
    home.set("drop tcos share=no")
    home.run()
    tap.ok([row[1:] for row in open_incidents(home)] == [("A102", "tcos")],
           "share=no while it lasts: A102 takes its place", open_incidents(home))
    home.set("drop tcos share=yes")
    back(home, "tcos", "in")
    home.run()
    tap.ok(not open_incidents(home) and [event[1:3] for event in reported(home)[2:]] ==
           [("RAISED", "A101"), ("CLEARED", "A101"), ("RAISED", "A102"), ("CLEARED", "A102")],
           "share=yes again, and it works: nothing stays open", reported(home))
    sound(tap, home, "after a document share was down")


def test_inventory(tap):
    home = Home("gateway inventory=required")
    home.run()
    tap.ok([event[1:3] for event in reported(home)] == [("RAISED", "A104")], "no inventory", reported(home))
    tap.ok(rows(home.read_out("dcc", inc_names(home)[0]))[1][11] == "DCC", "the party is who sends INV")
    number = reported(home)[0][0]
    done = home.command("incident", "close", number, "--reason", "we know")
    tap.ok(done.returncode == 0 and not open_incidents(home), "closed by hand", done.stderr)
    home.run()
    tap.ok([event[1:3] for event in reported(home)[1:]] == [("CLEARED", "A104"), ("RAISED", "A104")] and
           reported(home)[1][3] == "we know",
           "it lasts, so it begins anew", reported(home))
    send_inventory(home, 1, [(1, "Commissioned", SUPPLIER)])
    tap.ok(reported(home)[-1][1:3] == ("CLEARED", "A104"), "an INV ends it", reported(home))


def test_clock(tap):
    home = Home()
    send(home, name_of(1), instruction(1))
    home.run()
    home.run(now="2023-07-03T11:50:00Z")
    tap.ok(not inc_names(home), "a step back of ten minutes is none", reported(home))
    home.run(now="2023-07-03T11:49:59Z")
    home.run(now="2023-07-03T11:49:59Z")
    events = reported(home)
    tap.ok([event[1:3] for event in events] == [("RAISED", "A105")] and "2023-07-03T12:00:00Z" in events[0][3],
           "beyond it: raised, once", events)
    home.run()
    tap.ok([event[1] for event in reported(home)] == ["CLEARED", "RAISED"] or
           [event[1] for event in reported(home)] == ["RAISED", "CLEARED"], "it is over when the clock is back",
           reported(home))
    home.run(now="2023-07-03T11:00:00Z")
    tap.ok(open_incidents(home)[0][0] == "INC-000002", "the next time it is another one", open_incidents(home))
    home.command("incident", "close", "2", "--reason", "the other time was wrong", now="2023-07-03T11:00:00Z")
    home.run(now="2023-07-03T11:00:00Z")
    tap.ok(not open_incidents(home), "closed by hand, it stays closed", open_incidents(home))
    sound(tap, home, "after clock faults")


def issued(home):
    """How many periods of reports, and the last of those of a day."""
    rows = home.json("report", "list")
    return len(rows), max((row["period_start"] for row in rows if row["ref"] == "ECOSMIG-001"), default=None)


def test_leap(tap):
    """Nothing is done at a time that cannot be."""
    home = Home("gateway clock_leap=60")
    home.run()
    home.run(now="2023-09-01T12:00:00Z")
    known = issued(home)
    tap.ok(known[1] == "2023-08-31T00:00:00Z" and not inc_names(home), "sixty days of a downtime are made up", known,
           reported(home))
    send(home, name_of(1), instruction(1))
    before = home.ledger(), home.out("mcc")
    done = home.run(now="2023-10-31T12:00:01Z")
    tap.ok(done.returncode == 2 and b"2023-10-31T12:00:01Z" in done.stderr and
           b"incident close INC-000001" in done.stderr,
           "a second more is not believed, and the message says what to do", done.returncode, done.stderr)
    tap.ok(issued(home) == known and not home.json("spool", "list", "--state", "ready") and
           os.listdir(home.inbox("mcc")) == [name_of(1)], "no report is issued, no file is taken", issued(home))
    tap.ok([(event[1], event[2]) for event in reported(home)] == [("RAISED", "A105")], "service management gets it",
           reported(home))
    home.run(now="2033-10-31T12:00:01Z")
    tap.ok(issued(home) == known and len(reported(home)) == 1, "later it is the same incident", reported(home))
    done = home.run(now="2023-09-01T12:05:00Z")
    tap.ok(done.returncode == 0 and not open_incidents(home) and home.out("mcc") != before[1],
           "with the clock back all goes on",
           done.stderr, open_incidents(home))
    tap.ok(sorted(event[1] for event in reported(home)) == ["CLEARED", "RAISED"], "and the incident is over",
           reported(home))
    home.run(now="2024-01-01T00:00:00Z")
    tap.ok([code for _, code, _ in open_incidents(home)] == ["A105"], "the next time it is another one",
           open_incidents(home))
    number = open_incidents(home)[0][0]
    done = home.command("incident", "close", number, "--reason", "closed for the winter", now="2024-01-01T00:00:00Z")
    done = home.run(now="2024-01-01T00:00:00Z", env={"ECOSGATE_CRASH": "report-issued:after:1"})
    tap.ok(done.returncode < 0 and issued(home)[0] > known[0], "closed by hand it goes on; killed on the way",
           done.stderr)
    done = home.run(now="2024-01-01T00:00:00Z")
    tap.ok(done.returncode == 0 and issued(home)[1] == "2023-12-31T00:00:00Z" and not open_incidents(home),
           "it goes on with the rest and asks no more", done.stderr, issued(home))
    sound(tap, home, "after leaps of the clock")

    home = Home("gateway clock_leap=0")
    home.run()
    tap.ok(home.run(now="2023-12-31T12:00:00Z").returncode == 0 and issued(home)[1] == "2023-12-30T00:00:00Z",
           "clock_leap=0: any clock is believed", issued(home))
    home = Home("gateway clock_leap=1\ngateway reports_from=2023-01-01T00:00:00Z")
    tap.ok(home.run(env={"ECOSGATE_CRASH": "report-issued:after:1"}).returncode < 0 and home.run().returncode == 0 and
           issued(home)[1] == "2023-07-02T00:00:00Z", "what reports_from asks for is no leap", issued(home))


def test_leap_daemon(tap):
    """It waits for the operator, who is heard."""
    home = Home()
    home.run()
    daemon = home.daemon(now="2025-01-01T00:00:00Z")
    # The incident is opened first; an order that comes before the message ends its reason.
    wait_until(lambda: "nothing is done" in said_so_far(daemon))
    home.command("incident", "close", "1", "--reason", "it is right", now="2025-01-01T00:00:00Z")
    tap.ok(wait_until(lambda: issued(home)[1] == "2024-12-31T00:00:00Z"),
           "an order is carried out, and what is due comes",
           issued(home), open_incidents(home))
    tap.ok(terminate(daemon) == 0, "it stops when it is asked to")
    said = said_so_far(daemon)
    tap.ok(said.count("nothing is done while the clock is not believed") == 1, "it is said once a run", said)
    daemon.stderr.close()


def test_nobody(tap):
    home = Home("gateway incident_party=NOBODY")
    send(home, name_of(1), bad(1))
    done = home.run()
    tap.ok(not inc_names(home) and done.stderr.decode().count("incident_party") == 1,
           "without the party nothing is reported, and the message says so",
           done.stderr.decode())
    daemon = home.daemon()
    wait_until(lambda: home.json("status")[0]["running"])
    for sequence in (2, 3):
        send(home, name_of(sequence), bad(sequence))
        wait_until(lambda n=sequence: len(open_incidents(home)) == n)
    wait_until(lambda: "incident_party" in said_so_far(daemon))  # it is said at the end of a pass
    terminate(daemon)
    tap.ok(said_so_far(daemon).count("incident_party") == 1, "once a run", said_so_far(daemon))
    daemon.stderr.close()
    home.set("gateway incident_party=DCC")
    home.run()
    tap.ok(len(reported(home)) == 3 and len(inc_names(home)) == 1, "once it is there it learns all", reported(home))


def test_close(tap):
    home = Home()
    send(home, name_of(1), bad(1))
    home.run()
    names = inc_names(home)
    for arguments, status in ((("close", "1"), 2), (("close", "1", "--reason", " "), 2),
                              (("close", "INC-1x", "--reason", "x"), 2),
                              (("close", "7", "--reason", "x"), 1), (("show", "7"), 1)):
        tap.ok(home.command("incident", *arguments).returncode == status,
               f"incident {' '.join(arguments)} ends with {status}")
    done = home.command("incident", "close", "INC-000001", "--reason", "=agreed by telephone")
    tap.ok(done.returncode == 0 and done.stdout == b"incident INC-000001: close done\n", "close", done.stdout,
           done.stderr)
    done = home.command("incident", "close", "INC-000001", "--reason", "again")
    tap.ok(done.returncode == 1 and b"closed already" in done.stderr, "a second close is refused", done.stderr)
    home.run()
    row = rows(home.read_out("dcc", [name for name in inc_names(home) if name not in names][0]))[1]
    tap.ok(row[2:4] == ["INC-000001", "CLEARED"] and row[13] == "'=agreed by telephone", "reported, with the reason",
           row)
    shown = home.json("incident", "show", "1")[0]
    tap.ok(shown["reason"] == "=agreed by telephone" and shown["who"] and
           [e["event"] for e in shown["events"]] == ["RAISED", "CLEARED"] and
           [e["told_in"] for e in shown["events"]] == inc_names(home) and shown["events"][1]["delivered_at"] == NOW,
           "show: reason, who, and which files reported it", shown)
    tap.ok(b"agreed by telephone" in home.command("incident", "show", "1").stdout and not open_incidents(home) and
           [row["id"] for row in home.json("incident", "list", "--all")] == ["INC-000001"], "list shows it with --all")
    daemon = home.daemon()
    wait_until(lambda: home.json("status")[0]["running"])
    send(home, name_of(2), bad(2))
    wait_until(lambda: len(inc_names(home)) == 3)  # one pass would report its opening and its closing in one file
    done = home.command("--json", "incident", "close", "2", "--reason", "known")
    tap.ok(done.returncode == 0 and b'"incident":"INC-000002"' in done.stdout.replace(b": ", b":"),
           "the running daemon closes it",
           done.stdout, done.stderr)
    tap.ok(wait_until(lambda: len(inc_names(home)) == 4), "and tells it", inc_names(home))
    terminate(daemon)
    daemon.stderr.close()
    sound(tap, home, "after closing")


def test_verify(tap):
    """A change of what was reported is found."""
    def made():
        home = Home()
        send(home, name_of(1), bad(1))
        home.run()
        home.command("incident", "close", "1", "--reason", "known")
        send(home, name_of(2), instruction(2, (f"{DEVICE % 6},CAD,AB01,010A030B,0002012F,,,North,1",)))
        home.run()
        return home

    sound(tap, made(), "undamaged")
    for table, sets in (("incident WHERE id=1",
                         ("code='B302'", "text='x'", "reason='x'", "begun=begun+1", "cleared=cleared+1",
                                                 "cleared=NULL", "parties='TCSP'", "job=3", "device_id=1")),
                        ("incident WHERE id=2",
                         ("device_id=NULL", "device_id=9", "cleared=5", "job=NULL", "revision=2")),
                        ("incident_event WHERE id=1", ("event=1", "event=2", "incident=2", "incident=9", "id=9")),
                        ("incident_event WHERE id=2", ("event=0", "incident=2", "id=9")),
                        ("incident_reported WHERE first=1", ("events=2", "first=2", "job=99")),
                        ("incident_reported WHERE first=2", ("events=1", "events=3", "first=1", "first=3"))):
        for text in sets:
            home = made()
            try:
                change(home, f"UPDATE {table.split(' WHERE ')[0]} SET {text} WHERE {table.split(' WHERE ')[1]}")
            except sqlite3.IntegrityError:
                continue  # the ledger itself forbids it
            tap.ok(home.command("spool", "verify").returncode == 1, f"verify finds {text} of {table}")
        home = made()
        change(home, f"DELETE FROM {table}")
        tap.ok(home.command("spool", "verify").returncode == 1, f"verify finds a lost row of {table}")
    home = made()
    change(home, "INSERT INTO incident(code,subject,begun,text) VALUES('B101','mcc/x',1,'x')")
    tap.ok(home.command("spool", "verify").returncode == 1, "verify finds an incident that never began")
    home = made()
    (job,) = [job["id"] for job in home.json("spool", "list") if job["name"] == inc_names(home)[0]]
    for table, column in (("job", "id"), ("outgoing", "job"), ("incident_reported", "job")):
        change(home, f"DELETE FROM {table} WHERE {column}={int(job)}")
    shutil.rmtree(home.job(job))
    tap.ok(home.command("spool", "verify").returncode == 1, "verify finds events whose file is gone without a trace")


def test_many(tap):
    """Of thousands of bad Devices each is one row, and the pass stays one pass."""
    count = 500 if SANITIZED else 5000
    home = Home()
    send_inventory(home, 1, [(1, "Commissioned", SUPPLIER)])
    home.drop("mcc", generate(home.top, "--form", "csv", "--devices", str(count)))
    home.run()
    events = reported(home)
    tap.ok(len(events) == count and len(inc_names(home)) == 1 and len(set(event[0] for event in events)) == count,
           "one file, an incident for each Device", len(events), inc_names(home))
    shown = home.command("incident", "list").stdout.decode().splitlines()
    tap.ok(shown[1].startswith("INC-000001") and (count < 1000 or (len(shown) == 1002 and "more" in shown[-1])),
           "people see a thousand", shown[:2], shown[-1])
    sound(tap, home, "after many")


if __name__ == "__main__":
    with Tap() as report:
        test_files(report)
        test_bad_names(report)
        test_not_rejected(report)
        test_at(report)
        test_judged_again_and_accepted(report)
        test_names(report)
        test_devices(report)
        test_before_dispatch(report)
        test_migrated(report)
        test_model(report)
        test_drops(report)
        test_share(report)
        test_inventory(report)
        test_clock(report)
        test_leap(report)
        test_leap_daemon(report)
        test_nobody(report)
        test_close(report)
        test_verify(report)
        test_many(report)
