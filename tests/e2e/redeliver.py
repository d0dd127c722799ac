#!/usr/bin/env python3
"""redeliver: every kind of file again, by name, batch, recipient, type and time; what is refused; crashes (TAP)."""
import glob
import os

from dispatch import away, back
from home import Home, Tap
from parties import MCC, TCSP, Parties, at, confirmed, device, instructed, said, sound
from pause import done, refused

OUT = "drops/*/out/**"


def standing(home):
    """Name and bytes of each file that stands in a drop."""
    found = {}
    for path in glob.glob(os.path.join(home.dir, OUT), recursive=True):
        if os.path.isfile(path) and not os.path.basename(path).startswith("."):
            with open(path, "rb") as file:
                found[os.path.basename(path)] = file.read()
    return found


def collect(home):
    """The recipients take all files."""
    for path in glob.glob(os.path.join(home.dir, OUT), recursive=True):
        if os.path.isfile(path) and not os.path.basename(path).startswith("."):
            os.remove(path)


def redeliver(home, *words, now=at(60), reason="lost", **options):
    return home.command("redeliver", *words, "--reason", reason, now=now, **options)


def life():
    """Files of every kind, delivered at several times and taken by their recipients."""
    home = Home("gateway model_failures=2")
    parties = Parties(home)
    names = [parties.instruct([1, 2, instructed(3, "XSME")])]
    home.run()
    parties.result(said(1), said(2, "FAILED", gbcs="17"))
    parties.confirm(confirmed(1))
    names.append(parties.instruct([4], count=3))
    home.run(now=at(10))
    names.append(parties.instruct([5, 6]))
    home.run(now=at(20))
    home.run(now="2023-07-05T00:00:00Z")
    files = standing(home)
    collect(home)
    return home, parties, files


def test_each_kind(tap):
    home, _, files = life()
    kinds = {name.split("_")[0] for name in files}
    tap.ok(kinds >= {"EMA", "EMD", "EMW", "EMO", "INC", "MGMT"} or kinds >= {"EMA", "EMD", "EMW", "EMO", "INC"},
           "there are files of every kind", sorted(files))
    for name in sorted(files):
        told = redeliver(home, name, now="2023-07-05T01:00:00Z")
        tap.ok(told.returncode == 0, f"{name} is ordered", told.stderr)
    home.run(now="2023-07-05T01:00:01Z")
    tap.ok(standing(home) == files, "every one comes again, byte for byte", sorted(standing(home)), sorted(files))
    sound(tap, home, "after each kind was delivered again")
    collect(home)
    told = redeliver(home, *sorted(files), now="2023-07-05T02:00:00Z")
    first = sorted(files)[0]
    done(tap, "one order names all of them", told,
         f"{first} and {len(files) - 1} more: redeliver done: files delivered again {len(files)}, Devices on work "
         "orders that have ended since 4\n")
    home.run(now="2023-07-05T02:00:01Z")
    tap.ok(standing(home) == files, "and all come again", sorted(standing(home)))
    fact = home.json("why", first, now="2023-07-05T02:00:02Z")[0]
    tap.ok(fact["redelivered"].startswith("2 times, by order of an operator, the newest of ") and
           fact["redelivered"].endswith(" more: lost"), "why says how often, who and why", fact)
    again = home.json("redeliver", first, "--reason", "x", now="2023-07-05T03:00:00Z")[0]
    tap.ok(again["list"] == [first] and again["verb"] == "redeliver" and again["result"] == "done", "as JSON", again)
    refused(tap, "one that is under way", redeliver(home, first, now="2023-07-05T03:00:00Z"),
            f"{first} is not delivered yet; it needs no order")
    sound(tap, home, "after all were delivered again at once")


def test_choices(tap):
    """What each choice names, and that the order names nothing else. The time is that of the newest delivery."""
    home, _, files = life()
    kind = {name: name.split("_")[0] for name in files}
    cases = {("--type", "EMA", "--since", at(10), "--until", at(11)):
             [name for name in files if kind[name] == "EMA" and ("_000002_" in name or "_MCC_" not in name)],
             ("--recipient", MCC.lower(), "--until", at(5)): [name for name in files if "_MCC_" in name and
                                                      "_000001_" in name and kind[name] in ("EMA", "EMD")],
             ("--type", "EMW"): [name for name in files if kind[name] == "EMW"],
             ("--batch", "B-1"): [name for name in files if "_000001_" in name and kind[name] in ("EMA", "EMD", "EMO")
                                  and "MCC" in name] + [min(name for name in files if kind[name] == "EMW")],
             ("--batch", "MCC.B-3", "--type", "EMD"): [name for name in files if kind[name] == "EMD" and
                                                       "_000003_" in name],
             ("--recipient", "TCSP"): [name for name in files if kind[name] == "EMW" or "_TCSP_" in name],
             ("--recipient", TCSP, "--type", "EMA"): [name for name in files if "EMA_TCSP_" in name]}
    now = 7 * 24 * 60
    home.run(now=at(now))
    collect(home)
    for words, expected in cases.items():
        now += 10
        told = redeliver(home, *words, now=at(now))
        home.run(now=at(now + 1))
        tap.ok(told.returncode == 0 and {n: b for n, b in standing(home).items() if n in files} ==
               {name: files[name] for name in expected} and expected,
               f"redeliver {' '.join(words)}: {len(expected)}", told.stderr, sorted(standing(home)), sorted(expected))
        collect(home)
    for words, status, expected in ((("--type", "EMX"), 2, "is no type of outgoing files"),
                                    (("--recipient", "XXXX"), 2, "no [party] of the configuration"),
                                    (("--batch", "B-9"), 2, "no instruction that was judged"),
                                    (("a", "--type", "EMW"), 2, "files are named, and others are chosen"),
                                    (("--since", "x"), 2, "is no time"), ((), 2, "nothing is chosen")):
        told = redeliver(home, *words, now=at(now))
        tap.ok(told.returncode == status and expected in told.stderr.decode(), f"redeliver {' '.join(words)}: refused",
               told.stderr)


def test_damage(tap):
    """What was stored is damaged: the bytes are built again, and are the same."""
    home, _, files = life()
    names = sorted(name for name in files if name.startswith(("EMW", "EMA", "EMO")))
    for name in names:
        path = glob.glob(home.path("spool", "**", name), recursive=True)[0]
        with open(path, "r+b") as file:
            file.write(b"#")
    told = redeliver(home, *names, now=at(7 * 24 * 60))
    home.command("run", "--once", now=at(7 * 24 * 60 + 1))
    home.command("run", "--once", now=at(7 * 24 * 60 + 2))
    again = standing(home)
    home.run(now=at(7 * 24 * 60 + 3))
    twice = redeliver(home, names[0], names[0], now=at(7 * 24 * 60 + 3)).stdout.decode()
    tap.ok(twice == f"{names[0]}: redeliver done\n", "a file that is named twice counts once", twice)
    tap.ok(told.returncode == 0 and all(again.get(name) == files[name] for name in names),
           "damaged files are built again from rows, with the same bytes", told.stderr,
           [name for name in names if again.get(name) != files[name]])


def test_waiting_order(tap):
    """A work order that waits to be delivered again is with TCoS: nothing is taken off it."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2])
    home.run()
    name = [one for one in home.out("tcos") if one.startswith("EMW")][0]
    files = standing(home)
    collect(home)
    away(home)
    told = redeliver(home, name, now=at(1))
    done(tap, "a work order is ordered again", told,
         f"{name}: redeliver done: Devices on work orders that have ended since 0\n")
    home.command("run", "--once", now=at(2))
    told = home.command("device", "withdraw", device(1), "--reason", "x", now=at(3))
    tap.ok(b"ended at once 0, answer awaited 1" in told.stdout, "its Devices count as ordered",
           told.stdout, told.stderr)
    refused(tap, "again while it waits", redeliver(home, name, now=at(4)),
            f"{name} is not delivered yet; it needs no order")
    home.command("run", "--once", now=at(30 * 60))
    tap.ok(parties.states(1, 2) == ["REJECTED C123", "FAILED D103"], "and end as such", parties.states(1, 2))
    back(home)
    home.run(now=at(31 * 60))
    tap.ok(standing(home)[name] == files[name], "the same bytes leave when the drop is back")
    sound(tap, home, "after a work order that waited")


def test_empty_order(tap):
    """An order from which every Device was withdrawn before it left is not given again."""
    home = Home()
    parties = Parties(home)
    home.run()
    away(home)
    parties.instruct([1])
    home.command("run", "--once", now=at(1))
    home.command("device", "withdraw", device(1), "--reason", "x", now=at(2))
    back(home)
    home.run(now=at(3))
    name = [one for one in home.out("tcos") if one.startswith("EMW")][0]
    refused(tap, "a work order without a Device", redeliver(home, name, now=at(4)),
            f"{name} orders nothing: every Device was withdrawn from it before it left")


def test_crashes(tap):
    """Stopped at any step, the order is carried out once, and the same files come."""
    home, _, files = life()
    names = sorted(name for name in files if name.startswith(("EMA", "EMW", "EMO")))
    now = 7 * 24 * 60
    for crash in ("job-returned:before", "job-returned:after", "order-done:before", "order-done:after",
                  "order-removed:before", "order-removed:after"):
        now += 10
        redeliver(home, *names, now=at(now), reason=crash, env={"ECOSGATE_CRASH": crash})
        home.run(now=at(now + 1))
        again = {name: data for name, data in standing(home).items() if name in files}
        shown = home.json("why", names[-1], now=at(now + 2))[0]
        tap.ok(again == {name: files[name] for name in names} and shown["redelivered"].endswith(crash),
               f"a crash at {crash}: the order is carried out, and all files come", shown, sorted(again))
        tap.ok(not os.listdir(home.path("spool", "orders")), f"a crash at {crash}: the order is gone")
        collect(home)
    count = home.json("why", names[0], now=at(now + 2))[0]["redelivered"]
    tap.ok(count.startswith("6 times"), "and once each", count)
    sound(tap, home, "after crashes")


if __name__ == "__main__":
    with Tap() as report:
        test_each_kind(report)
        test_choices(report)
        test_damage(report)
        test_waiting_order(report)
        test_empty_order(report)
        test_crashes(report)
