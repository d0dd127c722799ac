#!/usr/bin/env python3
"""Files that have not come (A112), their numbers (A113), files that are not taken (A114), `expect list` (TAP)."""
import os
import sqlite3
import tempfile

from dispatch import start
from home import SANITIZED, Home, Tap, answer, terminate, wait_until
from parties import Parties, sound
from sshd import Sshd

NIGHTLY = {"party": "MCC", "type": "EMI", "by": "18:00"}


def expect(home, name="nightly", **settings):
    """Adds a group to the configuration."""
    with open(home.conf, "a", encoding="utf-8") as file:
        file.write(f"\n[expect {name}]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))


def incidents(home, code="A112", all_of_them=False):
    listed = home.json("incident", "list", *(["--all"] if all_of_them else []))
    return [row for row in listed if row["code"] == code]


def subjects(home, **options):
    return [row["subject"] for row in incidents(home, **options)]


def day(number, hour, minute=0):
    return f"2023-07-{number:02d}T{hour:02d}:{minute:02d}:00Z"


def listed(home, now):
    return home.json("expect", "list", now=now)[0]


def test_late(tap):
    home = Home()
    parties = Parties(home)
    expect(home, count=2, **NIGHTLY)
    home.run()
    parties.instruct([1])
    home.run(now=day(3, 17))
    row = listed(home, day(3, 17))
    tap.ok((row["state"], row["last_due"], row["next_due"], row["next_accepted"]) ==
           ("not known", day(2, 18), day(3, 18), 1), "a due time before the first run is not judged", row)
    tap.ok(not incidents(home), "before the due time nothing is late")
    home.run(now=day(3, 18))
    found = incidents(home)
    tap.ok([row["subject"] for row in found] == ["nightly 2023-07-03"] and
           found[0]["text"] == "expected 2 EMI of MCC by 2023-07-03T18:00:00Z (18:00 UTC); accepted: 1; ask MCC to "
           "send what is missing" and found[0]["parties"] == "MCC", "at the due time it is", found)
    row = listed(home, day(3, 19))
    tap.ok((row["state"], row["last_due"], row["accepted"], row["incident"]) == ("late", day(3, 18), 1, found[0]["id"]),
           "expect list shows it", row)
    told = [name for name in home.out("dcc") if name.startswith("INC")]
    tap.ok(len(told) == 1 and b"A112" in home.read_out("dcc", told[0]), "an INC reports it", told)
    home.run(now=day(3, 20))
    parties.instruct([2])
    home.run(now=day(3, 21))
    over = incidents(home, all_of_them=True)
    tap.ok(not incidents(home) and [(row["cleared"], row["text"]) for row in over] ==
           [(day(3, 21), "all files have come, late")], "it is over when the files have come", over)
    tap.ok(listed(home, day(3, 22))["state"] == "come", "and expect list says so")
    sound(tap, home, "after a late file")


def test_never(tap):
    home = Home()
    parties = Parties(home)
    expect(home, **NIGHTLY)
    home.run()
    home.run(now=day(3, 18))
    home.run(now=day(4, 17))
    tap.ok(subjects(home) == ["nightly 2023-07-03"], "what never comes stays late", incidents(home))
    parties.instruct([1])
    home.run(now=day(4, 17, 30))
    tap.ok(subjects(home) == ["nightly 2023-07-03"], "a file of the next day is none of this one", incidents(home))
    home.run(now=day(4, 18))
    over = incidents(home, all_of_them=True)
    tap.ok(len(over) == 1 and over[0]["text"] == "not all files have come until the next due time, that of 2023-07-04",
           "until the next due time, which is met here", over)
    home.run(now=day(7, 12))
    tap.ok(subjects(home) == ["nightly 2023-07-06"], "of several due times that nobody saw, the newest counts",
           incidents(home))
    closed = home.command("incident", "close", incidents(home)[0]["id"], "--reason", "a feast", now=day(7, 13))
    home.run(now=day(7, 13))
    tap.ok(closed.returncode == 0 and not incidents(home), "closed by hand it is not opened again", closed.stderr)
    home.run(now=day(7, 18))
    tap.ok(subjects(home) == ["nightly 2023-07-07"], "the next one is another")
    sound(tap, home, "after files that never came")


def test_what_counts(tap):
    home = Home()
    parties = Parties(home)
    expect(home, count=2, **{**NIGHTLY, "from": "18:00"})
    home.run()
    name = parties.instruct([1])
    home.run(now=day(3, 19))
    row = listed(home, day(3, 20))
    tap.ok(row["next_accepted"] == 1 and row["next_due"] == day(4, 18), "a file of the evening before counts", row)
    home.drop("mcc", os.path.join(home.top, "arriving"), name)
    parties.instruct([2], count=7)
    home.run(now=day(4, 17))
    home.run(now=day(4, 18))
    text = incidents(home)[0]["text"]
    tap.ok("accepted: 1, rejected whole: 2; ask MCC" in text, "one sent twice, or rejected, does not", text)
    parties.instruct([3])
    home.run(now=day(4, 20))
    tap.ok(subjects(home) == ["nightly 2023-07-04"], "what comes from `from` on is of the next day", incidents(home))


def test_not_judged(tap):
    """Instructions wait for an inventory: they have come."""
    home = Home("gateway inventory=required")
    parties = Parties(home)
    expect(home, **NIGHTLY)
    home.run()
    parties.instruct([1], count=7)
    home.run(now=day(3, 17))
    home.run(now=day(3, 18))
    row = listed(home, day(3, 18))
    tap.ok(not incidents(home) and (row["state"], row["waiting"]) == ("not judged yet", 1),
           "a file that waits for its verdict has come", row)
    home.set("gateway inventory=auto")
    home.run(now=day(3, 19))
    tap.ok(subjects(home) == ["nightly 2023-07-03"], "once it is rejected it is missing",
           incidents(home, all_of_them=True))


def test_causes(tap):
    home = Home()
    parties = Parties(home)
    expect(home, **NIGHTLY)
    home.run()
    home.command("drop", "pause", "mcc", "--in", "--reason", "secret", now=day(3, 13))
    parties.instruct([1])
    home.run(now=day(3, 18))
    text = incidents(home)[0]["text"]
    tap.ok("; an operator has paused drop mcc, in, since 2023-07-03T13:00:00Z: `ecosgate drop resume mcc --in`" in text
           and "secret" not in text, "the text names a pause", text)
    home.command("drop", "resume", "mcc", "--reason", "x", now=day(3, 19))
    os.rename(home.path("drops", "mcc", "in"), home.path("away"))
    home.run(now=day(3, 19))
    text = incidents(home)[0]["text"]
    tap.ok("paused" not in text and text.endswith("; nothing can be picked up from drop mcc (A102)"),
           "or that the drop is down", text)
    os.rename(home.path("away"), home.path("drops", "mcc", "in"))
    home.run(now=day(3, 20))
    tap.ok(not incidents(home), "and is closed by what lay there", incidents(home))


def test_configuration(tap):
    """An expectation that is removed or changed while its incident is open."""
    home = Home()
    expect(home, name="a", **NIGHTLY)
    home.run()
    with open(home.conf, encoding="utf-8") as file:
        before = file.read()
    home.run(now=day(3, 18))
    with open(home.path("dates"), "wb") as file:
        file.write(b"\xef\xbb\xbf2023-07-03\r\n# as an editor of Windows writes it\r\n")
    home.set("expect a except=dates")
    home.run(now=day(3, 19))
    for wrong in ("/dev/zero", "pipe"):
        if wrong == "pipe":
            os.mkfifo(home.path(wrong))
        home.set(f"expect a except={wrong}")
        told = home.command("config", "check").stdout.decode()
        tap.ok("expected a file with a text of dates" in told, f"except={wrong} is refused, and not read", told)
    home.set("expect a except=")
    home.run(now=day(4, 18))
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write(before.split("\n[expect")[0])
    home.run(now=day(4, 19))
    over = [(row["subject"], row["cleared"], row["text"]) for row in incidents(home, all_of_them=True)]
    tap.ok(over == [("a 2023-07-03", day(3, 19), "[expect a] expects no file of that day any more"),
                    ("a 2023-07-04", day(4, 19), "the configuration has no such [expect NAME] any more")],
           "its incident ends by itself and says why", over)
    tap.ok(home.command("expect", "list").stdout.startswith(b"the configuration has no [expect NAME]: what should"),
           "expect list says so")


def test_restored(tap):
    """What came in the time that a lost ledger knew, nobody knows."""
    home = Home()
    parties = Parties(home)
    expect(home, **NIGHTLY)
    home.run()
    backup = home.path("backup")
    home.command("backup", backup, now=day(3, 13))
    parties.instruct([1])
    home.run(now=day(3, 17))
    put_back = home.command("restore", "--replace", backup, now=day(3, 18))
    home.run(now=day(3, 19))
    home.command("recover", "--reason", "lost", now=day(3, 19))
    home.run(now=day(3, 20))
    tap.ok(put_back.returncode == 0 and not incidents(home) and listed(home, day(3, 21))["state"] == "not known",
           "a due time before `recover` is not judged", put_back.stderr, listed(home, day(3, 21)))
    home.run(now=day(4, 18))
    tap.ok(subjects(home) == ["nightly 2023-07-04"], "the next one is", incidents(home))


def missing(home):
    """Subject and first words of each open A113."""
    return [(row["subject"], row["text"].split(";")[0]) for row in incidents(home, "A113")]


def test_missing(tap):
    home = Home("gateway missing_number_after=24")
    parties = Parties(home)
    for number in (3, 4, 8):
        parties.instruct([number], number=number)
    home.run()
    parties.instruct([9], number=9)
    home.run(now=day(4, 11, 59))
    tap.ok(not missing(home), "numbers may come for some hours", missing(home))
    home.run(now=day(4, 12))
    tap.ok(missing(home) == [("MCC EMI 8", "EMI of MCC with these numbers have not come: 5 to 7")],
           "then they are missing; those before the first file are not", incidents(home, "A113"))
    late = parties.instruct([6], number=6)
    home.run(now=day(4, 13))
    tap.ok(parties.acknowledged(late)[0] == "RJ" and
           missing(home) == [("MCC EMI 8", "EMI of MCC with these numbers have not come: 5, 7")],
           "one that comes is rejected, and has come", missing(home))
    parties.instruct([5], number=5)
    parties.instruct([7], number=7)
    home.run(now=day(4, 14))
    over = incidents(home, "A113", all_of_them=True)
    tap.ok([(row["subject"], row["cleared"]) for row in over] == [("MCC EMI 8", day(4, 14))],
           "when all have come, it ends", over)
    parties.instruct([11], number=11)
    parties.confirm(number=2)
    home.run(now=day(4, 15))
    parties.confirm(number=4)
    home.run(now=day(5, 14))
    home.run(now=day(5, 15))
    tap.ok([subject for subject, _ in missing(home)] == ["MCC EMI 11"], "the next gap is another", missing(home))
    home.command("incident", "close", incidents(home, "A113")[0]["id"], "--reason", "never used", now=day(5, 16))
    home.run(now=day(5, 16))
    tap.ok("MCC EMI 11" not in dict(missing(home)), "closed by hand it is not opened again", missing(home))
    parties.instruct([20], number=20)
    home.run(now=day(5, 17))
    home.run(now=day(6, 17))
    before = dict(missing(home))
    home.command("sequence", "set", "MCC", "EMI", "30", "--reason", "anew", now=day(6, 18))
    home.run(now=day(6, 18))
    tap.ok(set(before) == {"MCC EMI 20", "ECSP EMC 4"}, "each sender has its own", before)
    tap.ok( "MCC EMI 20" not in dict(missing(home)),
           "when the numbers begin anew, it ends", before, missing(home))
    parties.instruct([33], number=33)
    home.run(now=day(6, 19))
    home.run(now=day(8, 19))
    tap.ok(dict(missing(home)).get("MCC EMI 33", "").endswith(": 31 to 32"), "and they count from the order's",
           missing(home))
    home.set("gateway missing_number_after=0")
    home.run(now=day(8, 20))
    tap.ok(not missing(home), "without the setting it ends", missing(home))
    sound(tap, home, "after numbers that did not come")


def late_names(home):
    """Subject and text of each open A114."""
    return [(row["subject"], row["text"]) for row in incidents(home, "A114")]


def test_taken(tap):
    home = Home("drop mcc taken_within=24")
    parties = Parties(home)
    name = parties.instruct([1])
    home.run()
    for other in ("README", ".hidden", "EMA_of_nobody.csv", ".ecosgate-claim"):
        with open(home.path("drops", "mcc", "out", other), "ab"):
            pass
    home.run(now=day(4, 11, 59))
    tap.ok(not late_names(home), "files that stand for less than the hours are no incident", late_names(home))
    home.run(now=day(4, 12))
    found = late_names(home)
    tap.ok(found == [("mcc", f"files that stand in drop mcc for 24 hours or longer: 2; the oldest is {answer(name)}, "
                      "delivered at 2023-07-03T12:00:00Z; ask its recipient to take them")], "then they are", found)
    os.remove(home.path("drops", "mcc", "out", answer(name)))
    home.command("drop", "pause", "mcc", "--out", "--reason", "x", now=day(4, 13))
    home.run(now=day(4, 13))
    tap.ok("stand in drop mcc for 24 hours or longer: 2" in late_names(home)[0][1],
           "nobody looks into a drop that is paused", late_names(home))
    home.command("drop", "resume", "mcc", "--reason", "x", now=day(4, 13))
    home.run(now=day(4, 13))
    tap.ok(len(late_names(home)) == 1, "it is open until the last one is taken", late_names(home))
    out = home.path("drops", "mcc", "out")
    os.rename(os.path.join(out, answer(name, "EMD")), os.path.join(out, "taken.csv"))
    home.run(now=day(4, 14))
    over = incidents(home, "A114", all_of_them=True)
    tap.ok(not late_names(home) and [row["cleared"] for row in over] == [day(4, 14)], "one that is renamed is taken",
           over)
    parties.instruct([2])
    home.run(now=day(4, 15))
    os.rename(out, home.path("away"))
    home.run(now=day(6, 15))
    tap.ok(not late_names(home), "a drop that is down is no such incident", late_names(home))
    os.rename(home.path("away"), out)
    home.run(now=day(6, 15))
    os.rename(out, home.path("away"))
    home.run(now=day(6, 16))
    tap.ok(len(late_names(home)) == 1 and not incidents(home, "A103"),
           "and ends none; a look that fails is no outage", late_names(home), incidents(home, "A103"))
    os.rename(home.path("away"), out)
    home.run(now=day(6, 16))
    closed = home.command("incident", "close", incidents(home, "A114")[0]["id"], "--reason", "x", now=day(6, 16))
    home.run(now=day(6, 17))
    tap.ok(closed.returncode == 0 and len(late_names(home)) == 1, "closed by hand it is opened again")
    home.set("drop mcc taken_within=0")
    home.run(now=day(6, 18))
    tap.ok(not late_names(home), "without the setting it ends", late_names(home))
    sound(tap, home, "after files that were not taken")


def test_taken_over_sftp(tap):
    with Sshd(tempfile.gettempdir()) as server:
        home = Home("drop mcc taken_within=1")
        home.over_sftp("mcc", server)
        parties = Parties(home)
        name = parties.instruct([1])
        home.run()
        os.mkdir(home.path("drops", "mcc", "out", "ABCD"))
        home.run(now=day(3, 14))
        found = late_names(home)
        for kind in ("EMA", "EMD"):
            os.remove(home.path("drops", "mcc", "out", answer(name, kind)))
        home.run(now=day(3, 15))
        tap.ok(len(found) == 1 and answer(name) in found[0][1] and not late_names(home),
               "the same over SFTP, with a folder of a recipient", found, late_names(home))


def test_taken_by_folder(tap):
    """Each recipient of reports has a folder."""
    home = Home("drop suppliers taken_within=1")
    home.run()
    for mpid in ("ABCD", "EFGH"):
        os.mkdir(home.path("drops", "suppliers", "out", mpid))
        with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
            ledger.execute("INSERT INTO outgoing(job,revision,kind,name,drop_name,folder,created,rows,state,size,"
                           "delivered_at) VALUES(1,1,'MAPR',?,'suppliers',?,1,1,3,1,1688385600)", (mpid, mpid))
        with open(home.path("drops", "suppliers", "out", mpid, mpid), "wb"):
            pass
    home.run(now=day(3, 14))
    found = [row["subject"] for row in incidents(home, "A114")]
    os.remove(home.path("drops", "suppliers", "out", "ABCD", "ABCD"))
    home.run(now=day(3, 15))
    tap.ok(found == ["suppliers/ABCD", "suppliers/EFGH"] and
           [row["subject"] for row in incidents(home, "A114")] == ["suppliers/EFGH"], "each is its own incident", found)


def test_taken_in_a_pause(tap):
    """A gateway that runs: an open one names the pause as long as there is one."""
    home = Home("drop mcc taken_within=1\ngateway poll_interval=1\ngateway clock_leap=0")
    parties = Parties(home)
    parties.instruct([1])
    home.run()
    daemon = start(home, day(3, 14))
    wait_until(lambda: late_names(home))
    home.command("drop", "pause", "mcc", "--out", "--reason", "x")
    wait_until(lambda: "ecosgate drop resume mcc --out" in late_names(home)[0][1])
    home.command("drop", "resume", "mcc", "--reason", "x")
    wait_until(lambda: "paused" not in late_names(home)[0][1])
    terminate(daemon)
    tap.ok(len(incidents(home, "A114", all_of_them=True)) == 1, "an open one names a pause while it lasts")


def test_daemon(tap):
    """Nothing but the time wakes it."""
    home = Home("gateway poll_interval=3600\ngateway clock_leap=0")
    expect(home, **NIGHTLY)
    home.run()
    daemon = start(home, day(3, 17, 59).replace("59:00Z", "59:57Z"))
    wait_until(lambda: subjects(home) == ["nightly 2023-07-03"])
    terminate(daemon)
    tap.ok(incidents(home)[0]["begun"] >= day(3, 18), "a gateway that runs wakes at the due time", incidents(home))


def test_text(tap):
    home = Home()
    expect(home, name="a-very-long-name-of-what-should-come", zone="Europe/London", days="mon-fri", **NIGHTLY)
    expect(home, name="b", party="DCC", type="INV", by="06:00", days="sun")
    home.run()
    lines = home.command("expect", "list", now=day(3, 18)).stdout.decode().splitlines()
    tap.ok(len(lines) == 3 and "2023-07-03T17:00:00Z" in lines[1] and "2023-07-09T06:00:00Z" in lines[2] and
           len({line.index(word) for line, word in zip(lines, ("party", "MCC", "DCC"))}) == 1,
           "expect list is a table for people", *lines)


def main():
    with Tap() as tap:
        for test in (test_late, test_never, test_what_counts, test_not_judged, test_causes, test_configuration,
                     test_restored, test_text, test_missing, test_taken, test_taken_over_sftp, test_taken_by_folder):
            test(tap)
        if not SANITIZED:  # it takes no preloaded library
            test_daemon(tap)
            test_taken_in_a_pause(tap)


if __name__ == "__main__":
    main()
