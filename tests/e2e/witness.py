#!/usr/bin/env python3
"""A ledger that went back in time: the gateway stands still (A109), an operator recovers, no number comes twice and no
Device is ordered twice by itself (TAP)."""
import collections
import csv
import glob
import hashlib
import io
import os
import shutil
import sqlite3

import gate
from home import PATIENCE, Home, Tap, claim_text, terminate, wait_until
from parties import CREATED, DCC, GATEWAY, Parties, at, confirmed, device, said, sound

SHIM = os.path.join(gate.FOLDER, "fault_shim.so")
REASON = ("--reason", "the disk was lost")


class Gateway(Home):
    """A home whose recipients fetch all that comes, and which remembers what they got."""

    def __init__(self, settings=""):
        super().__init__(settings)
        self.parties = Parties(self)
        self.fetched = []

    def fetch(self):
        """Takes everything out of the drops; what is new, by name."""
        new = []
        for drop in ("mcc", "tcos", "dcc"):
            for name in (name for name in self.out(drop) if not name.startswith(".")):
                new.append(name)
                self.fetched.append((name, self.read_out(drop, name)))
                os.remove(self.path("drops", drop, "out", name))
        return new

    def go(self, minutes):
        done = self.run(now=at(minutes))
        return done, self.fetch()

    def keep(self):
        """A copy of spool and ledger as they are."""
        place = os.path.join(self.top, "kept")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.path("spool"), place)

    def put_back(self):
        shutil.rmtree(self.path("spool"))
        shutil.copytree(os.path.join(self.top, "kept"), self.path("spool"))

    def lose_ledger(self):
        for path in glob.glob(self.path("spool", "ledger.sqlite*")):
            os.remove(path)

    def a109(self):
        return [row for row in self.json("incident", "list") if row["code"] == "A109"]

    def jobs(self, state):
        return [row for row in self.json("spool", "list", "--state", state)]

    def end(self):
        """What a recovery leaves, but what differs with each start."""
        shown = self.json("recover", "--list")
        files = {name: digest for name, digest in self.tree().items() if not name.endswith(b".part")}
        return (files, [{key: row[key] for key in ("jobs", "numbers", "withheld", "first_job")} for row in shown],
                [(row["id"], row["name"]) for row in self.jobs("held")], sequences(self),
                self.json("status")[0]["withheld"])

    def change(self, statement):
        with sqlite3.connect(self.path("spool", "ledger.sqlite")) as ledger:
            ledger.execute(statement)
        ledger.close()


def ordered(home):
    """How often each Device was ordered, in all files that were fetched."""
    count = collections.Counter()
    for name, data in home.fetched:
        if name.startswith("EMW"):
            count.update(row[3] for row in csv.reader(io.StringIO(data.decode())) if row[0] == "D")
    return count


def sequences(home):
    """The numbers of files of ours that were fetched, by kind; a file that came twice counts once."""
    found = collections.defaultdict(list)
    for name, data in dict(home.fetched).items():
        head = data.decode().split("\r\n")[0].split(",")
        if head[0] == "H":
            found[name[:3]].append(int(head[5]))
    return found


def once(tap, home, what):
    counts = ordered(home)
    tap.ok(counts and max(counts.values()) == 1, f"no Device is ordered twice: {what}", counts)
    repeated = {kind: numbers for kind, numbers in sequences(home).items() if len(numbers) != len(set(numbers))}
    tap.ok(not repeated and len({name for name, _ in home.fetched}) == len(set(home.fetched)),
           f"no number and no name of ours comes twice: {what}", repeated)


def lived():
    """Two instructions; the copy is of before the second one. Recipients have fetched everything."""
    home = Gateway()
    home.parties.instruct([1, 2])
    home.go(0)
    home.keep()
    home.second = home.parties.instruct([3, 4])
    home.go(60)
    return home


def stands_still(tap, home, what, minutes=120):
    """A pass changes nothing and says why once; a daemon, too."""
    before = home.tree()
    done, new = home.go(minutes)
    tap.ok(done.returncode == 2 and done.stderr.count(b" ledger-behind: ") == 1 and
           b"ecosgate recover" in done.stderr and not new,
           f"{what}: a pass ends with 2, says A109 once, and nothing leaves", done.stderr, new)
    tap.ok(home.tree() == before, f"{what}: no file of spool and drops has changed")


def test_restored(tap):
    home = lived()
    accounts = home.tree()
    home.put_back()
    home.parties.send("EMI", [], number=3)  # an empty file: it would be answered
    stands_still(tap, home, "an older spool was put back")
    incidents = home.a109()
    shown = home.json("status")[0]["ledger"]
    tap.ok(len(incidents) == 1 and incidents[0]["subject"] == "behind" and "EMW 2" in shown,
           "it is one A109, and status says which numbers are behind", incidents, shown)
    done, new = home.go(130)
    tap.ok(done.returncode == 2 and not new and len(home.a109()) == 1, "the next pass stands still, too", done.stderr)
    for start in range(4):
        home.go(140 + start)
    tap.ok(home.go(150)[0].returncode == 2, "starting it often does not let the ledger catch up")
    for command in (("status", "--all"), ("why", device(1)), ("doctor",)):
        done = home.command(*command)
        tap.ok(b"ecosgate recover --reason TEXT" in done.stdout + done.stderr, f"{command[0]} says what to do",
               done.stdout, done.stderr)
    done = home.command("sequence", "set", "MCC", "EMI", "9", "--reason", "x")
    tap.ok(done.returncode == 1 and b"A109" in done.stderr, "the last number cannot be set meanwhile", done.stderr)
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0 and done.stdout == b"ledger: recover done\n", "recover is an order", done.stdout,
           done.stderr)
    tap.ok(not home.a109(), "it closes the incident")
    shown = home.json("recover", "--list")
    tap.ok(len(shown) == 1 and shown[0]["reason"] == REASON[1] and shown[0]["withheld"] == 2 and
           shown[0]["numbers"] == 1 and "EMW 2" in shown[0]["cause"], "recover --list shows what it did", shown)
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 1 and b"nothing to recover" in done.stderr, "a sound ledger needs none", done.stderr)
    sound(tap, home, "after recover")
    return home, accounts


def test_after(tap, home):
    """The sender sends the lost file again and goes on; an operator releases the file, then the Devices."""
    home.parties.send("EMI", [dict(row) for row in ()], number=3)
    shutil.rmtree(home.inbox("mcc"))
    os.mkdir(home.inbox("mcc"))
    home.parties.numbers["EMI"] = 1
    again = home.parties.instruct([3, 4])
    fresh = home.parties.instruct([5], batch="B-3")
    done, new = home.go(200)
    held = home.jobs("held")
    tap.ok([row["name"] for row in held] == [again] and "is lost" in
           home.json("spool", "show", held[0]["id"])[0]["reason"],
           "a file whose number the lost ledger had accepted is held, with the reason", held, done.stderr)
    tap.ok(home.parties.numbers["EMI"] == 3 and f"EMA_{fresh[4:-4]}_R1.csv" in new and b"AC" in done.stderr,
           "the file after it is accepted, without a gap", done.stderr, new)
    tap.ok(ordered(home)[device(5)] == 1 and ordered(home)[device(1)] == 1,
           "only the new Device is ordered", ordered(home))
    tap.ok(int(held[0]["id"]) > 4, "jobs go on above the lost ones", held)
    fact = home.json("device", "show", device(1))[0]
    tap.ok(fact["withheld"] is True and "device release" in home.json("why", device(1))[0]["moved_by"],
           "device show and why say that a Device is withheld", fact)
    tap.ok(home.json("status")[0]["withheld"] == 2, "status counts them", home.json("status"))
    listed = [(row["device"], row["withheld"]) for row in home.json("device", "list", "--withheld")]
    text = home.command("device", "list", "--withheld").stdout.decode()
    tap.ok(listed == [(device(1), True), (device(2), True)] and device(1) in text and device(2) in text,
           "device list names them", listed, text)
    done = home.command("device", "list", "--withheld", "--state", "READY")
    tap.ok(done.returncode == 2 and b"--state and --withheld" in done.stderr, "not both of them", done.stderr)
    home.go(5000)
    once(tap, home, "days after recover")
    done = home.command("spool", "release", held[0]["id"], "--reason", "MCC asked for it")
    done, new = home.go(5010)
    tap.ok(b"AC" in done.stderr and any(name.startswith("EMA") and "_R101" in name for name in new),
           "a released file is judged as before the loss, and its answer has a name of its own", done.stderr, new)
    sound(tap, home, "after the release")


def test_results(tap):
    """A result and a confirmation of a Device that was ordered in the lost time."""
    home = Gateway()
    home.parties.instruct([1, 2, 3])
    home.set("gateway dispatch_hours=00-01")
    home.run(now=at(0), env={"ECOSGATE_CRASH": "group-committed:after"})
    home.set("gateway dispatch_hours=00-24")
    home.keep()
    home.go(1)
    home.put_back()
    home.go(2)
    home.command("recover", *REASON)
    done, new = home.go(10)
    tap.ok(ordered(home)[device(1)] == 1 and home.parties.states(1, 2) == ["READY A109", "READY A109"],
           "an instruction that was accepted and not ordered before the loss is not ordered by itself", new,
           home.parties.states(1, 2))
    home.parties.result(said(1), said(2, "FAILED", duis="E20"))
    home.parties.confirm(confirmed(1))
    done, _ = home.go(20)
    tap.ok(home.parties.states(1, 2, 3) == ["MIGRATED", "RETRY_WAIT D101", "READY A109"],
           "results and confirmations of Devices that were ordered in the lost time count",
           home.parties.states(1, 2, 3), done.stderr)
    home.go(40)
    tap.ok(ordered(home)[device(2)] == 1, "a try that failed is not ordered again by itself", ordered(home))
    done = home.command("device", "release", device(2), "--reason", "TCoS says one try")
    tap.ok(done.returncode == 0, "an operator releases one Device", done.stderr)
    home.go(50)
    counts = ordered(home)
    tap.ok(counts[device(2)] == 2 and counts[device(3)] == 1, "then it is ordered, and no other one", counts)
    done = home.command("device", "release", "all", "--reason", "checked")
    home.go(60)
    counts = ordered(home)
    tap.ok(done.returncode == 0 and counts[device(3)] == 2 and counts[device(1)] == 1,
           "all are released at once; what has ended stays", counts)
    done = home.command("device", "release", "all", "--reason", "again")
    tap.ok(done.returncode == 1 and b"no Device is withheld" in done.stderr, "then none is withheld", done.stderr)
    sound(tap, home, "after results of the lost time")


def test_undelivered(tap):
    """A work order that the copy has not delivered yet is taken for delivered."""
    for step in ("group-committed:after", "answer-noted:before", "delivery-uploaded:before"):
        home = Gateway()
        home.parties.instruct([1])
        home.run(now=at(0), env={"ECOSGATE_CRASH": step + (":3" if "answer" in step else "")})
        home.keep()
        home.go(1)
        home.put_back()
        home.go(2)
        home.command("recover", *REASON)
        home.go(3)
        once(tap, home, f"the copy was made at {step}")
        home.go(10)
        sound(tap, home, f"the copy was made at {step}")


def test_no_room(tap):
    """A work order that was only planned, and a full disk: recover waits for room, so that it gets its bytes."""
    home = Gateway("gateway cells=no")  # as wherever a library is preloaded
    home.parties.instruct([1])
    home.run(now=at(0), env={"ECOSGATE_CRASH": "group-committed:after"})
    home.keep()
    home.go(1)
    home.put_back()
    home.go(2)
    full = {**os.environ, "FAULT_UNDER": home.path("spool", "active"), "FAULT": "write:1:9:ENOSPC"}
    done = gate.run("-c", home.conf, "--now", at(2), "recover", *REASON, env=full, timeout=PATIENCE, preload=[SHIM])
    name = next(file for file, _ in home.fetched if file.startswith("EMW_"))
    tap.ok(done.returncode == 2 and f"recover waits, for {name} cannot be stored: ".encode() in done.stderr and
           b"No space left" in done.stderr and home.a109() and not home.json("recover", "--list"),
           "no room for a work order: recover waits, and says so", done.stderr)
    home.go(3)
    job = next(row["id"] for row in home.json("spool", "list") if row["name"] == name)
    shown = home.command("spool", "cat", job, name)
    tap.ok(not home.a109() and dict(home.fetched)[name] == shown.stdout,
           "with room it is recovered, and the work order can be read", shown.stderr)
    once(tap, home, "after a full disk")
    sound(tap, home, "after a full disk")


def test_redelivered(tap):
    """A work order that was delivered, and is to be delivered once more when the copy is made."""
    home = Gateway()
    home.parties.instruct([1])
    home.go(0)
    name = next(name for name, _ in home.fetched if name.startswith("EMW_"))
    done = home.command("redeliver", name, *REASON)
    home.keep()
    home.go(1)
    home.put_back()
    home.go(2)
    home.command("recover", *REASON)
    _, new = home.go(3)
    tap.ok(done.returncode == 0 and name not in new, "a work order to be delivered once more counts as delivered",
           done.stderr, new)
    sound(tap, home, "after a redelivery that was lost")


def test_deleted(tap):
    """The ledger is gone: nothing makes a new one but init --ledger, and no job is lost."""
    home = lived()
    home.lose_ledger()
    before = home.tree()
    home.parties.instruct([5])
    for command in (("run", "--once"), ("status",), ("why", device(1)), ("spool", "verify"), ("recover", *REASON)):
        done = home.command(*command)
        tap.ok(done.returncode == 2 and b"is missing" in done.stderr and b"init --ledger" in done.stderr,
               f"{command[0]} says that the ledger is missing, and what to do", done.stderr)
    open(home.path("spool", "ledger.sqlite"), "wb").close()
    done = home.run()
    tap.ok(done.returncode == 2 and b"is empty" in done.stderr and
           os.path.getsize(home.path("spool", "ledger.sqlite")) == 0, "an empty file is no ledger", done.stderr)
    done = home.command("init", "--ledger")
    tap.ok(done.returncode == 0, "init --ledger makes one", done.stderr)
    done = home.command("init", "--ledger")
    tap.ok(done.returncode == 2 and b"exists already" in done.stderr, "but none in place of another", done.stderr)
    stands_still(tap, home, "a new ledger")
    tap.ok([row["subject"] for row in home.a109()] == ["foreign"], "it belongs to another spool", home.a109())
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and done.stdout.count(b"`ecosgate recover` gives it a row") == 4,
           "spool verify says of each job what gives it a row", done.stdout)
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0, "recover binds spool and witness to it", done.stderr)
    payload = home.job(home.jobs("done")[0]["id"], "payload")
    os.rename(payload, payload + ".kept")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and b"from a backup" in done.stdout and b"sender" not in done.stdout,
           "a payload in done/ comes back from a backup only", done.stdout)
    os.rename(payload + ".kept", payload)
    jobs = home.json("spool", "list")
    tap.ok(home.json("recover", "--list")[0]["jobs"] == 4 and len(jobs) == 4 and
           all(home.json("spool", "show", row["id"])[0]["reason"] for row in jobs),
           "every job of the spool has a row and a reason", jobs)
    reasons = {row["name"]: home.json("spool", "show", row["id"])[0]["reason"] for row in jobs}
    because = {name: home.json("why", name)[0]["because"] for name in reasons}
    tap.ok(because == reasons, "why says of each what spool show says", because, reasons)
    sound(tap, home, "with a new ledger")
    done, new = home.go(300)
    tap.ok(ordered(home)[device(5)] == 1 and b"AC" in done.stderr, "the next file is accepted", done.stderr)
    home.parties.numbers["EMI"] = 0
    home.parties.instruct([1, 2])
    home.go(310)
    tap.ok(len(home.jobs("held")) == 1, "one that the lost ledger had accepted is held", home.jobs("held"))
    once(tap, home, "with a new ledger")
    again = home.jobs("held")[0]["id"]
    home.command("spool", "release", again, "--reason", "TCoS has no order for them")
    done, new = home.go(320)
    tap.ok(b"B105" not in done.stderr and home.json("spool", "show", again)[0]["verdicts"][-1]["outcome"] == "AC",
           "its release has it judged, although the spool still has the file of the lost ledger", done.stderr, new)
    tap.ok(b"2 Devices are withheld" in done.stderr and home.json("status")[0]["withheld"] == 2 and
           "device release" in home.json("why", device(1))[0]["moved_by"], "its Devices are withheld", done.stderr)
    once(tap, home, "a file was released that the lost ledger had accepted")
    home.parties.result(said(1), said(2, "FAILED", duis="E20"))
    done, _ = home.go(322)
    tap.ok(home.parties.states(1, 2) == ["CONFIRM_PENDING", "RETRY_WAIT D101"],
           "results of orders that the lost ledger gave count", home.parties.states(1, 2), done.stderr)
    home.go(325)
    once(tap, home, "a try that failed is not followed by another")
    sound(tap, home, "with a new ledger, Devices withheld")
    home.command("device", "release", device(2), "--reason", "TCoS has none")
    home.go(328)
    tap.ok(ordered(home)[device(2)] == 2 and ordered(home)[device(1)] == 1, "an operator releases one, it is ordered",
           ordered(home))
    home.parties.numbers["EMI"] = 0
    home.parties.instruct([1, 2])
    home.go(330)
    repeated = home.jobs("held")
    home.command("spool", "release", repeated[0]["id"] if repeated else "1", "--reason", "again")
    done, new = home.go(340)
    tap.ok(b"B105" in done.stderr, "once it was judged, the same file is B105 as ever", done.stderr, repeated)
    sound(tap, home, "with a new ledger, after a release")
    return before


def test_open_jobs(tap):
    """Jobs that the lost ledger had not finished wait for an operator."""
    for step, state in (("custody-published:after", "ready"), ("job-activated:after", "active"),
                        ("answer-stored:after", "active"), ("dispatch-made:after", "active")):
        home = Gateway()
        home.parties.instruct([1])
        home.run(now=at(0), env={"ECOSGATE_CRASH": step})
        home.lose_ledger()
        home.command("init", "--ledger")
        done = home.command("recover", *REASON)
        held = home.jobs("held")
        tap.ok(len(held) == 1 and not home.jobs("ready") and not home.jobs("active"),
               f"a job in {state}/ without a row is held: {step}", done.stderr, home.json("spool", "list"))
        home.go(10)
        home.command("spool", "release", held[0]["id"], "--reason", "judge it")
        done, new = home.go(20)
        tap.ok(b"AC" in done.stderr and any(name.startswith("EMA") for name in new), "its release has it judged",
               done.stderr, new)
        sound(tap, home, f"a job in {state}/ was released: {step}")


def test_no_envelope(tap):
    """A job of the lost ledger without an envelope cannot be judged: nobody knows whose file it is."""
    home = Gateway()
    home.parties.instruct([1])
    home.run(now=at(0), env={"ECOSGATE_CRASH": "custody-published:after"})
    os.remove(home.path("spool", "ready", "00000001", "envelope"))
    home.lose_ledger()
    home.command("init", "--ledger")
    home.command("recover", *REASON)
    tap.ok([row["id"] for row in home.jobs("corrupt")] == ["00000001"], "a job without an envelope is in corrupt/",
           home.json("spool", "list"))
    for number, verb in enumerate(("requeue", "release")):
        done = home.command("spool", verb, "1", "--reason", "judge it")
        done, _ = home.go(10 + number)
        order = home.json("spool", "show", "1")[0]["actions"][-1]
        tap.ok(b"CRITICAL" not in done.stderr and [row["id"] for row in home.jobs("corrupt")] == ["00000001"] and
               order["result"] != "done", f"spool {verb} of it is refused", done.stderr, order)
        if verb == "requeue":
            tap.ok("nobody knows its name" in order["result"] and "ask the sender" in order["result"],
                   "the refusal says why, and what to do", order)
    sound(tap, home, "a job without an envelope")


def test_foreign(tap):
    home, other = lived(), Gateway()
    other.change("UPDATE identity SET ledger='0123456789abcdef0123456789abcdef'")
    home.lose_ledger()
    shutil.copy(other.path("spool", "ledger.sqlite"), home.path("spool", "ledger.sqlite"))
    home.parties.instruct([5])
    os.mkdir(home.path("spool", "incoming", "00000099"))  # of which this ledger has no row, but its own may have
    with open(home.path("spool", "incoming", "00000099", "payload"), "wb") as file:
        file.write(b"a sender's file")
    stands_still(tap, home, "the ledger of another home")
    tap.ok([row["subject"] for row in home.a109()] == ["foreign"], "the incident says so", home.a109())


def test_numbers_only(tap):
    """The same generation, and numbers that are behind: the copy was made while the gateway ran."""
    home = lived()
    home.put_back()
    home.change("UPDATE identity SET generation=9")
    home.parties.instruct([5])
    stands_still(tap, home, "only numbers are behind")
    home.command("recover", *REASON)
    done, _ = home.go(200)
    tap.ok(ordered(home)[device(5)] == 1, "recover ends that, too", done.stderr)
    once(tap, home, "only numbers were behind")


def send_models(home, number, mode, *manufacturers):
    """DCC's list of Non-Migratable models, or a change of it; its name."""
    name = f"NMM_DCC_{DCC}_20230703_060000_{number:06d}.csv"
    lines = [f"H,NMM,1.0,{DCC},{GATEWAY},{number},{CREATED},TEST,NMM-{number},,{mode}"]
    lines += [f"D,{n},SET,GPF,{maker},02010001,,2023-06-01,,D117," for n, maker in enumerate(manufacturers, 1)]
    path = os.path.join(home.top, "arriving")
    with open(path, "wb") as file:
        file.write("\r\n".join([*lines, f"T,{len(manufacturers)}", ""]).encode())
    home.drop("dcc", path, name)
    return name


def test_list_without_period(tap):
    """The list of Non-Migratable models was issued before the copy was made, and changed in the lost time."""
    home = Gateway()
    home.parties.instruct([1])
    home.parties.reference("NMM", "GPF,AB02,02010001,,2023-06-01,,D117,")
    home.go(0)
    home.keep()
    send_models(home, 2, "DELTA", "AB03")
    home.go(60)
    home.put_back()
    done = home.command("recover", *REASON, now=at(100))
    tap.ok(done.returncode == 0, "recover knows that NMDM has no periods that follow each other", done.stderr)
    done, _ = home.go(110)
    tap.ok(done.returncode == 0, "the gateway goes on", done.stderr)
    sound(tap, home, "NMDM was issued in the lost time")
    once(tap, home, "NMDM was issued in the lost time")


def test_reference_in_order(tap):
    """A list of the lost time comes again, and a change of it follows before an operator has decided about the list."""
    home = Gateway()
    send_models(home, 1, "FULL", "AB02")
    home.go(0)
    home.keep()
    send_models(home, 2, "FULL", "AB02", "AB03")
    home.go(60)
    home.put_back()
    home.command("recover", *REASON, now=at(100))
    again = send_models(home, 2, "FULL", "AB02", "AB03")
    later = send_models(home, 3, "DELTA", "AB04")
    done, _ = home.go(110)
    held = home.jobs("held")
    tap.ok([row["name"] for row in held] == [again] and [row["name"] for row in home.jobs("ready")] == [later],
           "reference data wait behind a file of a lost number", home.json("spool", "list"))
    job = held[0]["id"]
    said = (f"job {job} (dcc/{again}) waits for an operator's decision, for a lost ledger had accepted its number; "
            f"behind it 1 file of its sender and type; `ecosgate spool release {job}` has it judged, "
            f"`ecosgate spool reject {job}` rejects it")
    tap.ok(done.returncode == 2 and f" undecided: {said}\n" in done.stderr.decode(), "and run says what moves them on",
           done.stderr)
    why = home.json("why", later)[0]
    tap.ok(f"job {job} has a lower number" in why["because"] and "lost ledger" in why["because"] and
           why["moved_by"] == f"`ecosgate spool release {job}`, or `ecosgate spool reject {job}`",
           "and so does why", why)
    home.parties.instruct([1])
    done, new = home.go(115)
    tap.ok(any(name.startswith("EMD") for name in new), "an instruction does not wait", done.stderr, new)
    done = home.command("spool", "release", job, "--reason", "DCC has sent it")
    done, _ = home.go(120)
    models = [row[0] for row in home.parties.rows("SELECT manufacturer FROM non_migratable ORDER BY 1")]
    tap.ok(done.returncode == 0 and models == ["AB02", "AB03", "AB04"], "after the release both count, in their order",
           done.stderr, models)
    tap.ok("withheld" not in done.stderr.decode() and home.json("status")[0]["withheld"] == 0,
           "the log counts no record of reference data as a Device that is withheld", done.stderr)
    sound(tap, home, "after a list of the lost time")


def test_witness_file(tap):
    """What is wrong with a witness, and what is done about it."""
    home = lived()
    path = home.path("witness")
    with open(path, "rb") as file:
        good = file.read()
    body = good[good.index(b"\n") + 1:]
    newer = b"ecosgate-witness,2," + hashlib.sha256(body.rstrip()).hexdigest().encode() + b"\n" + body
    for what, content, says in (("damaged", good.replace(b"job=", b"jub="), b"remove that file"),
                                ("cut", good[:100], b"remove that file"), ("empty", b"", b"remove that file"),
                                ("huge", good + b" " * 2000000, b"remove that file"),
                                ("foreign text", b"hello\n", b"remove that file"),
                                ("newer", newer, b"newer ecosgate")):
        with open(path, "wb") as file:
            file.write(content)
        done, new = home.go(300)
        tap.ok(done.returncode == 2 and not new and says in done.stderr and
               [row["subject"] for row in home.a109()] == ["witness"], f"a witness that is {what} is A109", done.stderr)
        with open(path, "rb") as file:
            tap.ok(file.read() == content, f"a witness that is {what} stays as it is")
    os.remove(path)
    done, _ = home.go(310)
    tap.ok(done.returncode == 0 and b"made anew" in done.stderr and not home.a109() and os.path.exists(path),
           "one that is missing is made anew, with a message", done.stderr)
    if os.geteuid() != 0:
        os.chmod(path, 0)
        done, _ = home.go(320)
        tap.ok(done.returncode == 2 and b"cannot be read" in done.stderr, "one that cannot be read is A109",
               done.stderr)
        os.chmod(path, 0o600)
    away = os.path.join(home.top, "away")
    home.set(f"gateway witness={away}/witness")
    home.parties.instruct([5])
    done, new = home.go(330)
    tap.ok(done.returncode == 2 and b"cannot be written" in done.stderr and not new,
           "one that cannot be written is A109, and nothing leaves", done.stderr, new)
    os.mkdir(away)
    done, new = home.go(340)
    tap.ok(done.returncode == 0 and not home.a109() and ordered(home)[device(5)] == 1, "until it can", done.stderr)
    with open(home.path("spool", "ledger-id"), "w", encoding="utf-8") as file:
        file.write("damaged\n")
    done, _ = home.go(350)
    tap.ok(done.returncode == 2 and b"ledger-id is damaged" in done.stderr, "a damaged ledger-id is A109", done.stderr)
    os.remove(home.path("spool", "ledger-id"))
    tap.ok(home.go(360)[0].returncode == 0, "until it is removed")


def test_damaged_and_older(tap):
    """A damaged witness, and a ledger that is older: recover asks the claims in the drops, and goes on above them."""
    home = lived()
    home.put_back()
    with open(home.path("witness"), "r+b") as file:
        file.truncate(50)
    home.go(100)
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0 and b"is not known" not in done.stderr, "recover replaces a damaged witness",
           done.stderr)
    home.parties.instruct([5])
    done, new = home.go(110)
    tap.ok(done.returncode == 0 and ordered(home)[device(5)] == 1, "it went on above the numbers of all claims",
           done.stderr, new)
    once(tap, home, "after a damaged witness")


def test_no_witness(tap):
    """The witness is lost as well, and nobody has looked into the drops: recover sees for itself."""
    home = lived()
    home.put_back()
    os.remove(home.path("witness"))
    done = home.command("recover", *REASON)
    shown = home.json("recover", "--list")
    tap.ok(done.returncode == 0 and len(shown) == 1 and "the claim in drop" in shown[0]["cause"],
           "recover finds that the ledger is behind by the claims in the drops", done.stderr, shown)
    tap.ok(not any(word in shown[0]["cause"] for word in ("ecosgate recover", "go on", "put the newest")),
           "the cause that is kept tells nobody what to do", shown)
    home.parties.instruct([5])
    tap.ok(home.go(110)[0].returncode == 0 and ordered(home)[device(5)] == 1, "one recover is enough")
    once(tap, home, "without a witness")


def test_unreadable_claim(tap):
    """A drop whose claim recover cannot read is named; a later pass finds what that claim knows."""
    home = lived()
    home.put_back()
    os.remove(home.path("witness"))
    kept = home.claim("tcos") + ".kept"
    os.rename(home.claim("tcos"), kept)
    os.mkdir(home.claim("tcos"))
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0 and b"the claim in drop tcos is not known" in done.stderr and
           b"is a folder" in done.stderr and b"drop mcc" not in done.stderr,
           "recover names the drop whose claim it cannot read", done.stderr)
    os.rmdir(home.claim("tcos"))
    os.rename(kept, home.claim("tcos"))
    tap.ok(home.go(110)[0].returncode == 0, "the others knew enough")


def test_first_drop_without_news(tap):
    """The claim of the first drop is an old one, that of another drop knows more: A109, and recover ends it."""
    home = lived()
    with open(home.claim("mcc"), "rb") as file:
        newest = file.read()
    home.put_back()
    os.remove(home.path("witness"))
    ledger = home.parties.rows("SELECT ledger FROM identity")[0][0]
    for drop in ("mcc", "tcos", "ecos", "dcc", "suppliers"):
        home.write_claim(drop, claim_text(ledger=ledger, generation=1))
    home.write_claim("maps", newest)
    home.parties.instruct([5])
    done, new = home.go(100)
    tap.ok(done.returncode == 2 and b"A109" in done.stderr and not new and
           [row["code"] for row in home.json("incident", "list")] == ["A109"],
           "a ledger that is behind one claim is A109, whatever the other drops know", done.stderr, new)
    before = home.parties.rows("SELECT generation FROM identity")
    home.go(101)
    tap.ok(home.parties.rows("SELECT generation FROM identity") == before, "no start raises the generation")
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0 and home.go(110)[0].returncode == 0 and ordered(home)[device(5)] == 1,
           "recover ends it", done.stderr)
    once(tap, home, "the first drop had no news")


def test_job_of_the_spool(tap):
    """Only the ledger is put back, without witness and claims: the folders of the spool know more."""
    home = lived()
    home.set("\n".join(f"drop {drop} claim=no" for drop in ("mcc", "tcos", "ecos", "dcc", "suppliers", "maps")))
    os.remove(home.path("witness"))
    home.lose_ledger()
    shutil.copy(os.path.join(home.top, "kept", "ledger.sqlite"), home.path("spool", "ledger.sqlite"))
    home.parties.instruct([5])
    stands_still(tap, home, "only the ledger was put back, and the spool has newer jobs")
    done = home.command("status", "--all")
    tap.ok(b"has job 0000000" in done.stdout and b"the newest job of the ledger is" in done.stdout,
           "status says which job the ledger does not know", done.stdout)
    done = home.command("recover", *REASON)
    ids = {int(row["id"]) for row in home.json("spool", "list")}
    tap.ok(done.returncode == 0 and home.go(130)[0].returncode == 0, "recover ends it", done.stderr)
    new = {int(row["id"]) for row in home.json("spool", "list")} - ids
    tap.ok(new and min(new) > max(ids), "no job ID is used twice", ids, new)
    sound(tap, home, "after a ledger that was behind the spool")


def test_daemon(tap):
    """The ledger is put back while the gateway runs; it stands still, and goes on when it is recovered."""
    home = lived()
    home.put_back()
    home.set("gateway poll_interval=1")
    process = home.daemon(now=at(100))
    wait_until(home.a109)
    home.parties.instruct([5])
    done = home.command("recover", *REASON, now=at(100))
    tap.ok(done.returncode == 0, "a running gateway carries recover out", done.stderr)
    wait_until(lambda: home.fetch() is not None and ordered(home)[device(5)] == 1)
    terminate(process)
    text = process.stderr.read()
    tap.ok(text.count(b" ledger-behind: ") == 1 and ordered(home)[device(5)] == 1,
           "it has said A109 once, and goes on", text)
    once(tap, home, "a daemon was recovered")


def test_removed_while_open(tap):
    home = Gateway("gateway poll_interval=1")
    process = home.daemon(now=at(0))
    wait_until(lambda: os.path.exists(home.path("witness")))
    home.lose_ledger()
    home.parties.instruct([1])
    code = process.wait(timeout=300)
    text = process.stderr.read()
    tap.ok(code == 2 and b"is missing" in text and not home.fetch() and
           not os.path.exists(home.path("spool", "ledger.sqlite")),
           "a daemon whose ledger is removed ends, and makes none", text)


def test_stopped(tap):
    """recover is stopped at each step that it passes, and carried out again."""
    home = lived()
    home.put_back()
    stray = home.path("spool", "ready", "00000009")
    shutil.copytree(home.job(1), stray)
    with open(os.path.join(stray, "envelope"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(stray, "envelope"), "w", encoding="utf-8") as file:
        file.write(text.replace("id=1\n", "id=9\n"))
    home.go(100)
    kept = os.path.join(home.top, "home.kept")
    shutil.copytree(home.dir, kept)
    steps = os.path.join(home.top, "steps")
    home.command("recover", *REASON, now=at(100), env={"ECOSGATE_STEPS": steps})
    with open(steps, encoding="utf-8") as file:
        passed = list(dict.fromkeys(line.strip() for line in file))
    tap.ok({"recovery-committed:after", "job-set-aside:before", "witness-written:before"} <= set(passed),
           "its steps are known", passed)
    home.go(100)
    end = home.end()
    for point in passed:
        shutil.rmtree(home.dir)
        shutil.copytree(kept, home.dir)
        done = home.command("recover", *REASON, now=at(100), env={"ECOSGATE_CRASH": point})
        tap.ok(done.returncode == -9, f"recover is killed: {point}", done.stderr)
        if not [name for name in os.listdir(home.path("spool", "orders")) if name[0] != "."] and home.a109():
            home.command("recover", *REASON, now=at(100))  # it was never given
        done, _ = home.go(100)
        tap.ok(not home.a109() and done.returncode == 0, f"the next pass makes it good: {point}", done.stderr)
        tap.ok(home.end() == end, f"as if it had not been stopped: {point}", end, home.end())


def test_far_behind(tap):
    """Many files and an incident were lost: the next file follows the last lost one, and so does the next incident."""
    home = Gateway("gateway sequence_gap_max=2")
    home.parties.instruct([1])
    home.go(0)
    home.keep()
    for number in range(2, 7):
        home.parties.instruct([number])
    home.parties.instruct([9], count=2, number=20)
    home.go(10)
    lost = {row["id"] for row in home.json("incident", "list", "--all")}
    home.put_back()
    home.go(20)
    ids = {row["id"] for row in home.json("incident", "list", "--all")}
    tap.ok(lost and ids and max(lost) < min(ids), "no incident gets the ID of a lost one", lost, ids)
    home.command("recover", *REASON)
    fresh = home.parties.instruct([7], number=7)
    done, new = home.go(30)
    tap.ok(f"EMA_{fresh[4:-4]}_R1.csv" in new and b"AC" in done.stderr,
           "numbers that were lost are no gap before the next file", done.stderr)
    shown = [row["last"] for row in home.json("sequence", "list") if row["type"] == "EMI"]
    tap.ok(shown == [7], "sequence list shows where they stand", shown)
    once(tap, home, "after many lost files")


def test_late_after_recover(tap):
    """A number was left out before the backup, and its file comes after the recovery. It follows an old file, but not
    the lost ones over the end: else it would begin a new numbering, and in that one no number would be lost."""
    home = Gateway()
    home.parties.instruct([1])
    home.go(0)
    home.parties.instruct([2], number=3)
    home.go(1)
    home.keep()
    lost = home.parties.instruct([4], number=4)
    home.go(10)
    home.put_back()
    home.go(20)
    home.command("recover", *REASON)
    late = home.parties.instruct([5], number=2)
    done, new = home.go(30)
    tap.ok(f"EMA_{late[4:-4]}_R1.csv" in new and b"B107" in done.stderr, "a late number stays a late one", done.stderr)
    home.parties.instruct([4], number=4)
    home.go(40)
    held = [row["name"] for row in home.jobs("held")]
    tap.ok(held == [lost], "and a lost file that comes again is held", held)
    once(tap, home, "a late number after recover")


def lose_instruction(home, order=None):
    """An instruction is accepted in the lost time; before that an order may have held it. Its name."""
    if order is None:
        home.parties.instruct([1])
        home.go(0)
        home.keep()
        name = home.parties.instruct([3, 4])
    else:
        name = home.parties.instruct([3, 4])
        home.run(now=at(0), env={"ECOSGATE_CRASH": "custody-published:after"})
        home.command("spool", "hold", name, "--reason", "wait")
        home.go(1)
        home.keep()
        home.command("spool", "release", name, "--reason", "go on")
    home.go(60)
    home.put_back()
    home.go(61)
    home.command("recover", *REASON)
    return name


def test_decided(tap):
    """An operator decides about a file whose number is lost: once, and its answer has a name of its own."""
    home = Gateway()
    name = lose_instruction(home)
    home.parties.numbers["EMI"] = 1
    home.parties.instruct([3, 4])
    home.go(70)
    before = home.jobs("held")
    home.command("spool", "reject", name, "--reason", "MCC sends it anew")
    _, new = home.go(80)
    tap.ok(len(before) == 1 and not home.jobs("held") and f"EMA_{name[4:-4]}_R101.csv" in new and
           [row["name"] for row in home.jobs("rejected")] == [name],
           "a rejected file is rejected, and held no longer", before, home.jobs("held"), new)
    sound(tap, home, "after a file of the lost time was rejected")
    for order in ("release", "reject"):
        home = Gateway()
        name = lose_instruction(home, "hold")
        home.command("spool", order, name, "--reason", "as before")
        _, new = home.go(80)
        tap.ok(f"EMA_{name[4:-4]}_R101.csv" in new and not home.jobs("held"),
               f"{order} of a file that was held before the backup: its EMA has a new name", new, home.jobs("held"))
        sound(tap, home, f"after {order} of a file that was held before the backup")


def test_kept_back(tap):
    """A lost file that comes again is held by an operator before it is judged, so nothing has said yet that its number
    is lost. He decides about his own hold; what the lost ledger had done with the file still counts."""
    for order, withheld in (("release", 3), ("reject", 1)):
        home = Gateway()
        name = lose_instruction(home)
        home.parties.numbers["EMI"] = 1
        home.parties.instruct([3, 4])
        home.run(now=at(70), env={"ECOSGATE_CRASH": "custody-published:after"})
        home.command("spool", "hold", name, "--reason", "wait")
        home.go(71)
        held = [row["name"] for row in home.jobs("held")]
        home.command("spool", order, name, "--reason", "decided")
        done, new = home.go(80)
        tap.ok((": 2 Devices are withheld: " in done.stderr.decode()) == (order == "release"),
               f"{order} of a lost file that an operator held: the log says whether its Devices are withheld",
               done.stderr)
        tap.ok(held == [name] and f"EMA_{name[4:-4]}_R101.csv" in new and
               home.json("status")[0]["withheld"] == withheld,
               f"{order} of a lost file that an operator held: its EMA has a new name, its Devices are withheld", held,
               new, home.json("status"))
        once(tap, home, f"{order} of a lost file that an operator held")
        sound(tap, home, f"{order} of a lost file that an operator held")


def lose_three():
    """A gateway that has recovered without its instructions 2, 3 and 4."""
    home = Gateway()
    home.parties.instruct([1])
    home.go(0)
    home.keep()
    for n in (2, 3, 4):
        home.parties.instruct([n])
    home.go(60)
    home.put_back()
    home.go(61)
    home.command("recover", *REASON)
    return home


def test_set_number(tap):
    """An operator sets the number back, so that the lost files can come again: that must not end their protection."""
    home = lose_three()
    home.parties.numbers["EMI"] = 1
    home.parties.instruct([2])
    home.go(70)
    home.command("spool", "release", home.jobs("held")[0]["id"], "--reason", "MCC has sent it")
    home.go(71)
    home.parties.instruct([3])
    home.go(72)
    done = home.command("sequence", "set", "MCC", "EMI", "1", *REASON)
    tap.ok(done.returncode == 1 and b"the numbers 000003 to 000004 of EMI of MCC (recovery 1)" in done.stderr and
           b"--forget-lost" in done.stderr,
           "sequence set is refused while a lost file has not come, or nobody has decided about it", done.stderr)
    home.command("spool", "release", home.jobs("held")[0]["id"], "--reason", "MCC has sent it")
    home.go(73)
    done = home.command("sequence", "set", "MCC", "EMI", "3", *REASON)
    tap.ok(done.returncode == 1 and b"the numbers 000004 of" in done.stderr, "a judged one counts no more", done.stderr)
    done = home.command("sequence", "set", "TCSP", "EMT", "7", *REASON)
    tap.ok(done.returncode == 0, "another type can be set", done.stderr)
    home.parties.instruct([4])
    home.go(74)
    home.command("spool", "release", home.jobs("held")[0]["id"], "--reason", "MCC has sent it")
    home.go(75)
    once(tap, home, "numbers that an operator has tried to set")
    done = home.command("sequence", "set", "MCC", "EMI", "10", *REASON)
    home.parties.numbers["EMI"] = 10
    home.parties.instruct([5])
    _, new = home.go(76)
    tap.ok(done.returncode == 0 and home.parties.states(5) == ["DISPATCHED"], "when all were judged it is set",
           done.stderr, home.parties.states(5), new)
    sound(tap, home, "a number was set after a recovery")


def test_any_order(tap):
    """The newest of the lost instructions comes first, and the operator releases all at once: none is late for that.
    A number counts once, whether it was lost or not."""
    home = lose_three()
    names = {}
    for number, after in ((4, 70), (2, 71), (3, 72)):
        home.parties.numbers["EMI"] = number - 1
        names[number] = home.parties.instruct([number])
        home.go(after)
    home.parties.numbers["EMI"] = 4
    home.parties.instruct([5])
    for name in names.values():
        home.command("spool", "release", name, "--reason", "MCC has sent it")
    done, new = home.go(73)
    tap.ok(home.parties.states(5) == ["DISPATCHED"] and b" RJ " not in done.stderr and
           {f"EMD_{name[4:-4]}_R101.csv" for name in names.values()} <= set(new),
           "lost instructions are judged in any order, and what was not lost goes on", done.stderr, new)
    once(tap, home, "lost instructions were released in any order")
    for number in (2, 1):
        home.parties.numbers["EMI"] = number - 1
        home.parties.instruct([6])
        done, _ = home.go(73 + number)
        for held in home.jobs("held"):
            home.command("spool", "release", held["id"], "--reason", "MCC has sent it")
            done, _ = home.go(76)
        tap.ok(b" RJ B106" in done.stderr, f"other bytes with the number {number} are B106", done.stderr)
    sound(tap, home, "lost instructions were released in any order")


def test_forget_lost(tap):
    """Nobody sends the lost files any more: the operator says so."""
    home = Gateway()
    lose_instruction(home)
    done = home.command("sequence", "set", "MCC", "EMI", "10", *REASON)
    tap.ok(done.returncode == 1, "sequence set is refused", done.stderr)
    done = home.command("sequence", "set", "MCC", "EMI", "10", "--forget-lost", *REASON)
    tap.ok(done.returncode == 0 and done.stdout == b"EMI of MCC, last number 000010: set done\n",
           "unless the operator says that none of them will come", done.stdout, done.stderr)
    home.parties.numbers["EMI"] = 10
    home.parties.instruct([7])
    home.go(80)
    tap.ok(home.parties.states(7) == ["DISPATCHED"] and not home.jobs("held"), "then no number is held any more",
           home.parties.states(7), home.jobs("held"))
    done = home.command("sequence", "set", "MCC", "EMI", "20", *REASON)
    tap.ok(done.returncode == 0, "and the next order needs no such word", done.stderr)
    sound(tap, home, "lost numbers were forgotten")


def test_judged_late(tap):
    """A file of the backup is judged in the lost time, after files with later numbers. No number tells that."""
    for order in ("release", "requeue"):
        home = Gateway()
        name = home.parties.instruct([3, 4])
        home.run(now=at(0), env={"ECOSGATE_CRASH": "custody-published:after"})
        home.command("spool", "hold", name, "--reason", "wait")
        home.go(1)
        if order == "requeue":
            home.command("spool", "reject", name, "--reason", "a mistake")
        home.parties.instruct([5])
        home.go(2)
        home.keep()
        for start, minutes in (("before", 60), ("after", 80)):
            if start == "after":
                home.put_back()
                home.go(61)
                home.command("recover", *REASON)
            done = home.command("spool", order, name, "--reason", "go on")
            tap.ok(done.returncode == 0, f"{order} {start} the recovery", done.stderr)
            home.go(minutes)
        tap.ok(home.json("status")[0]["withheld"] == 3, f"{order}: the Devices are withheld", home.json("status"))
        once(tap, home, f"{order} of a file of the backup, in the lost time and after it")
        sound(tap, home, f"after {order} of a file of the backup")


def test_reports(tap):
    """Reports of the lost time are not issued again: their names are in use, and their rows are not known."""
    def newest():
        return dict(home.parties.rows("SELECT ref, max(starts) FROM report_period GROUP BY ref"))

    home = Gateway("gateway reports_from=2023-07-03T00:00:00Z")
    home.parties.instruct([1])
    home.go(0)
    home.keep()
    home.go(2 * 1440)
    lost = newest()
    home.put_back()
    done, _ = home.go(2 * 1440 + 1)
    tap.ok(done.returncode == 2 and b"report ECOSMIG-001" in done.stderr and lost != newest(),
           "a ledger without the newest reports is behind", done.stderr, lost)
    said = home.command("recover", *REASON).stderr.decode()
    tap.ok("recovered: ECOSMIG-001 of the time from 2023-07-04T00:00:00Z to 2023-07-05T00:00:00Z was issued by the "
           "lost ledger and is not issued again" in said, "recover names the reports that may be lost", said)
    issued = home.parties.rows("SELECT count(*) FROM report_period")
    home.go(2 * 1440 + 2)
    tap.ok(newest() == lost and issued == home.parties.rows("SELECT count(*) FROM report_period"),
           "no report of the lost time is issued again", lost, newest())
    home.go(3 * 1440)
    tap.ok(newest()["ECOSMIG-001"] > lost["ECOSMIG-001"], "the next ones are issued", newest())
    sound(tap, home, "after reports of the lost time")


def test_backup(tap):
    """A backup is restored on a machine that has no witness: nobody knows what was done since."""
    home, fresh = Gateway(), Gateway()
    home.parties.instruct([1, 2])
    home.go(0)
    copy = os.path.join(home.top, "backup")
    done = home.command("backup", copy)
    tap.ok(done.returncode == 0, "a backup is made", done.stderr)
    done = fresh.command("restore", copy, "--replace")
    tap.ok(done.returncode == 0, "it is restored elsewhere, where no witness is", done.stderr)
    fresh.parties.numbers["EMI"] = 1
    fresh.parties.instruct([5])
    done, new = fresh.go(10)
    tap.ok(done.returncode == 2 and not new and len(fresh.a109()) == 1,
           "a restored ledger is A109 without a witness, too", done.stderr, new)
    done = fresh.command("recover", *REASON)
    tap.ok(done.returncode == 0 and fresh.go(20)[0].returncode == 0 and
           not os.path.exists(fresh.path("spool", "restored")), "until recover", done.stderr)
    done = home.command("restore", copy, "--replace")
    again = home.go(10)[0]
    tap.ok(done.returncode == 0 and again.returncode == 2 and b"if nothing was done since, remove" in again.stderr,
           "it is A109 also where the witness knows no more", done.stderr, again.stderr)
    os.remove(home.path("spool", "restored"))
    tap.ok(home.go(20)[0].returncode == 0 and not home.a109(), "who knows that nothing was done lets it go on")


def test_delivered_since(tap):
    """A work order that waited for its drop was delivered after the backup. No number tells that."""
    home = Gateway()
    home.parties.instruct([1, 2])
    out = home.path("drops", "tcos", "out")
    os.rename(out, out + ".away")
    home.run(now=at(0))
    copy = os.path.join(home.top, "backup")
    done = home.command("backup", copy)
    os.rename(out + ".away", out)
    _, new = home.go(1)
    orders = [name for name in new if name.startswith("EMW")]
    tap.ok(done.returncode == 0 and orders and max(ordered(home).values()) == 1,
           "a work order is delivered after the backup", done.stderr, new)
    done = home.command("restore", copy, "--replace")
    again, new = home.go(2)
    tap.ok(done.returncode == 0 and again.returncode == 2 and b"A109" in again.stderr and not new,
           "the restored ledger is A109, and nothing leaves", done.stderr, again.stderr, new)
    done = home.command("recover", *REASON)
    tap.ok(done.returncode == 0 and home.json("recover", "--list")[0]["work_orders"] == 1,
           "recover takes the work order for delivered", done.stderr)
    home.go(3)
    once(tap, home, "a backup with an order that waits")
    sound(tap, home, "a backup with an order that waits")


def test_numbering_begun(tap):
    """The lost ledger had accepted a file of a numbering that an operator's order had begun."""
    for copy_is, early in (("before the order", True), ("after the order", False)):
        home = Gateway()
        home.parties.instruct([1, 2])
        home.go(0)
        if early:
            home.keep()
        done = home.command("sequence", "set", "MCC", "EMI", "50", *REASON)
        tap.ok(done.returncode == 0, f"a number is set; the copy is {copy_is}", done.stderr)
        if not early:
            home.keep()
        home.parties.numbers["EMI"] = 50
        home.parties.instruct([3, 4])
        home.go(60)
        home.put_back()
        home.go(120)
        done = home.command("recover", *REASON)
        tap.ok(done.returncode == 0, f"the copy is {copy_is}: recover", done.stderr)
        sound(tap, home, f"after recover, the copy is {copy_is}")


def test_verify(tap):
    home = lived()
    home.change("INSERT INTO withheld VALUES(99,1)")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and b"withheld" in done.stdout, "spool verify finds withheld rows without a work item",
           done.stdout)
    home.put_back()
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and b"older than the newest one" in done.stdout,
           "spool verify finds a ledger that is behind its witness", done.stdout)
    home.change("UPDATE identity SET ledger='0123456789abcdef0123456789abcdef'")
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 1 and b"is not the one" in done.stdout, "and one of another spool", done.stdout)


if __name__ == "__main__":
    with Tap() as report:
        recovered, _ = test_restored(report)
        test_after(report, recovered)
        test_results(report)
        test_undelivered(report)
        test_no_room(report)
        test_redelivered(report)
        test_deleted(report)
        test_open_jobs(report)
        test_no_envelope(report)
        test_foreign(report)
        test_numbers_only(report)
        test_list_without_period(report)
        test_reference_in_order(report)
        test_witness_file(report)
        test_damaged_and_older(report)
        test_no_witness(report)
        test_unreadable_claim(report)
        test_first_drop_without_news(report)
        test_job_of_the_spool(report)
        test_daemon(report)
        test_removed_while_open(report)
        test_stopped(report)
        test_far_behind(report)
        test_late_after_recover(report)
        test_decided(report)
        test_kept_back(report)
        test_judged_late(report)
        test_set_number(report)
        test_any_order(report)
        test_forget_lost(report)
        test_reports(report)
        test_backup(report)
        test_delivered_since(report)
        test_numbering_begun(report)
        test_verify(report)
