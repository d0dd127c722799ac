#!/usr/bin/env python3
"""device find, spool list with conditions, why of what lies in a drop: nothing is missed, nothing is too much (TAP).

What is found is compared with what `device show` and the whole list say of each thing, for each condition and each pair
of conditions, as one list and page by page. On a ledger of 120,000 Devices, where conditions have thousands each, with
what a plain scan of its tables finds.
"""
import itertools
import os
import re
import sqlite3
import sys

from home import SOURCE, Home, Tap
from reports import CCCC, E1, E2, E4, E5, E6, E7, E8, G1, GOOD, P1, P2, POINT, Estate, described, hub, kind_of

sys.path.insert(0, os.path.join(SOURCE, "tests", "bench"))
import large_ledger as large  # noqa: E402 (the path is set above)

NOW = "2028-02-25T12:00:00Z"
UNKNOWN = "00-DB-12-00-00-00-E0-09"  # not in the inventory
BEFORE = "2028-02-14T12:00:00Z"


def play():
    """Devices in many states, with and without work."""
    home = Estate("gateway cos_window=0\n")
    home.reference("2028-02-01T10:00:00Z")
    home.instruct("2028-02-01T11:00:00Z", "B1", E1, E2, E5, E6)
    home.say("2028-02-01T11:01:00Z", "EMI",
             f"{UNKNOWN},ESME,{GOOD},0001000000000099,,North,1", f"{UNKNOWN[:-2]}ZZ,ESME,{GOOD},1000000000098,,North,1",
             batch="B2")
    home.result("2028-02-01T11:10:00Z", f"MCC.B1.1,{E1},SUCCESS,0,I0,,1,,,,,,AA,BB",
                f"MCC.B1.2,{E2},FAILED,17,I0,,1,,,,,,,", f"MCC.B1.4,{E6},FAILED,,E20,,1,,,,,,,")
    home.confirm("2028-02-01T11:20:00Z", f"MCC.B1.1,{E1},Y,,AA,BB,")
    home.instruct("2028-02-02T10:00:00Z", "B3", E2, E4)
    home.set("gateway dispatch_hours=00-01")
    home.instruct("2028-02-25T11:00:00Z", "B4", G1, E7, P1)
    home.command("device", "hold", E7, "--reason", "asked", now=NOW)
    return home


def find(home, *conditions, limit="0", now=NOW):
    return home.json("device", "find", *conditions, "--limit", limit, now=now)


def pages(home, conditions, size=2):
    """The same list, read some rows at a time."""
    rows, after = [], ()
    while True:
        page = find(home, *conditions, *after, limit=str(size))
        rows += page
        if len(page) < size:
            return rows
        after = ("--after", page[-1]["after"])


def known(home):
    """What `device show` says of each Device that is instructed, and the inventory of the others."""
    facts = {}
    for device in POINT:
        done = home.command("--json", "device", "show", device, now=NOW)
        facts[device] = home.json("device", "show", device, now=NOW)[0] if done.returncode == 0 else None
    return facts


# Whose each Device is on NOW: G1 and E4 have changed, P1 and P2 go with their meters.
OWNER = {E1: "AAAA", E2: "AAAA", P2: "AAAA", E5: "AAAA", E4: "BBBB", E6: "BBBB", E7: "CCCC", G1: "CCCC", P1: "CCCC"}


def test_one_condition(tap, home, facts):
    on_hub = [device for device in POINT if hub(device) == hub(E1) and device != E8]
    of_batch = {"B1": [E1, E2, E5, E6], "B3": [E2, E4], "B4": [G1, E7, P1]}
    expected = {("--hub", hub(E1)): on_hub, ("--mpxn", POINT[E4]): [E4], ("--mpxn", "000" + POINT[G1]): [G1],
                ("--mpxn", "1000000000099"): [UNKNOWN], ("--mpxn", "0001000000000099"): [UNKNOWN],
                ("--mpxn", "1000000000088"): [], ("--model", "ab02/02010001"): [E5],
                ("--model", "AB02/02010001/00010203"): [E5], ("--model", "AB02/02010001/00010204"): [],
                ("--state", "MIGRATED"): [E1], ("--code", "C107"): [E5], ("--code", "C103"): [UNKNOWN],
                ("--code", "C101"): [UNKNOWN[:-2] + "ZZ"], ("--state", "FAILED"): [E4, E6],
                ("--supplier", CCCC): [E7, G1, P1],
                **{("--batch", batch): devices for batch, devices in of_batch.items()},
                **{("--supplier", mpid): [d for d, of in OWNER.items() if of == mpid]
                   for mpid in ("AAAA", "BBBB", "CCCC")}}
    for state in ("READY", "REJECTED", "DEFERRED", "DISPATCHED", "RETRY_WAIT", "CONFIRM_PENDING"):
        expected["--state", state] = [d for d, fact in facts.items() if fact and fact["state"] == state]
    expected["--state", "REJECTED"] = expected["--state", "REJECTED"] + [UNKNOWN, UNKNOWN[:-2] + "ZZ"]
    for conditions, devices in expected.items():
        rows = find(home, *conditions)
        found = [row["device"] for row in rows]
        tap.ok(sorted(found) == sorted(devices), f"device find {' '.join(conditions)}: {len(devices)}", found, devices)
        tap.ok(pages(home, conditions) == rows, f"device find {' '.join(conditions)}: page by page the same", rows)
    return expected


def test_facts(tap, home, facts):
    """A row of the list has what `device show` has, and the Supplier of that day."""
    for row in find(home, "--supplier", "AAAA") + find(home, "--supplier", "BBBB") + find(home, "--supplier", "CCCC"):
        fact = facts[row["device"]]
        same = ("device_type", "state", "code", "mpxn", "supplier", "hub", "manufacturer", "model", "firmware")
        tap.ok(row["supplier"] == OWNER[row["device"]] and row["hub"] == hub(row["device"]) and
               row["mpxn"] == (POINT[row["device"]] or None) and row["device_type"] == kind_of(row["device"]) and
               (row["work_item"] is None if fact is None else all(row[name] == fact[name] for name in same)),
               f"{row['device']}: whose it is, where and what", row, fact)
    before = [row["device"] for row in find(home, "--supplier", "BBBB", now=BEFORE)]
    tap.ok(sorted(before) == sorted([E6, G1, P1]), "on the day before both changes they are the losing Supplier's",
           before)
    fact = home.json("device", "show", UNKNOWN, now=NOW)[0]
    tap.ok(fact["mpxn"] == "0001000000000099" and fact["supplier"] is None and fact["instructed"] is None,
           "a Device that the inventory does not know: what the instruction says", fact)
    home.say("2028-02-25T12:01:00Z", "INV", f"SET,{E6},ESME,Commissioned,AB01,010A030B,00020130,{described(E4)},"
             f"{CCCC},,North,2021-04-06,2021-04-06,TCOS,", mode="DELTA")
    fact = home.json("device", "show", E6, now="2028-02-25T12:02:00Z")[0]
    tap.ok(fact["instructed"] == f"MPxN {POINT[E6]}, firmware 0002012F" and fact["mpxn"] == POINT[E4] and
           fact["firmware"] == "00020130" and fact["hub"] == hub(E4), "what the instruction says otherwise", fact)


def test_pairs(tap, home, expected):
    """Both must hold, whichever leads. With a batch the state is the one in it, so those pairs are not compared."""
    bad, pairs = [], 0
    for one, other in itertools.combinations(expected, 2):
        if one[0] == other[0] or "--batch" in (one[0], other[0]):
            continue
        pairs += 1
        rows = find(home, *one, *other)
        if sorted(row["device"] for row in rows) != sorted(set(expected[one]) & set(expected[other])):
            bad.append(f"{one} {other}: {[row['device'] for row in rows]}")
    tap.ok(pairs > 100 and not bad, f"{pairs} pairs of conditions find what both find", *bad[:20])
    rows = [(row["device"], row["state"], row["work_item"]) for row in find(home, "--batch", "B1", "--code", "D117")]
    tap.ok(rows == [(E2, "FAILED", "MCC.B1.2")], "with a batch state and code are those of the work item in it", rows)


# One of each kind of condition that many Devices fit, and one that few do.
KINDS_OF = (("--supplier", "AAAA"), ("--supplier", CCCC), ("--model", "AB01/010A030B"), ("--hub", hub(E1)),
            ("--mpxn", POINT[E4]), ("--state", "FAILED"), ("--state", "READY"), ("--code", "C107"))


def test_many(tap, home):
    """Three and more conditions, whichever leads, find what each of them finds."""
    found = {one: {row["device"] for row in find(home, *one)} for one in KINDS_OF}
    bad, many = [], 0
    for n in (3, 4, 5):
        for some in itertools.combinations(KINDS_OF, n):
            if len({one[0] for one in some}) < n:
                continue
            many += 1
            rows = [row["device"] for row in find(home, *(word for one in some for word in one))]
            if sorted(rows) != sorted(set.intersection(*(found[one] for one in some))):
                bad.append(f"{some}: {rows}")
    tap.ok(many > 50 and not bad, f"{many} lists of three to five conditions find what each of them finds", *bad[:20])


def test_text(tap, home):
    said = home.command("device", "find", "--batch", "B1", "--limit", "2", now=NOW).stdout.decode().splitlines()
    tap.ok(said[0].split()[:4] == ["device", "device_type", "state", "code"] and len(said) == 4 and
           said[-1].startswith("… perhaps more: the same call with --after "), "a page for people says how to go on",
           "\n".join(said))
    said = home.command("device", "find", "--model", "AB03/02010001", now=NOW)
    tap.ok(said.returncode == 0 and said.stdout == b"no Device was found\n", "nothing found", said.stdout)
    said = Home().command("device", "find", "--model", "AB03/02010001", now=NOW)
    tap.ok(said.returncode == 0 and b"no INV was accepted yet" in said.stdout, "without an inventory that is said",
           said.stdout)


# A call with a word that names nothing, and what its message has.
UNKNOWN_WORDS = {
    "spool list --type FOO": "--type 'FOO' is no type of files; did you mean EMO?; give one of EMI, EMA, EMD, EMW",
    "spool list --drop mc": "--drop 'mc' is no drop; did you mean mcc?",
    "spool list --drop nope": "--drop 'nope' is no drop; 'ecosgate status --all' lists the drops",
    "spool list --sender MCX": "--sender 'MCX' is no party; did you mean MCC?; give an EUI-64 or one of MCC, TCSP",
    "spool list --batch B99": "--batch 'B99' is the BatchId of no file that was judged; 'ecosgate batch list' lists",
    "spool list --state don": "--state 'don' is no state of a job; did you mean done?; give one of",
    "spool list --verdict OK": "--verdict 'OK' is no verdict; give one of AC, WN, PA, RJ",
    "redeliver --type EMX": "--type 'EMX' is no type of outgoing files; did you mean EMA?; give one of EMA, EMD",
    "redeliver --type EMI": "--type 'EMI' is no type of outgoing files",
    "redeliver --recipient TCS": "--recipient 'TCS' is no [party] of the configuration",
    "redeliver --batch B9": "--batch: no instruction that was judged has the BatchId, the job or the name 'B9'",
    "incident list --drop ddc": "--drop 'ddc' is no drop; did you mean dcc?",
    "incident list --code D99": "--code 'D99' is no code",
    "incident list --category e": "--category 'e' is no category of incidents; give one of a, b, c, d",
    "incident close --yes --drop nope": "--drop 'nope' is no drop",
    "device find --supplier DDDD": "--supplier 'DDDD' is no Supplier's MPID in the newest PTY, and no EUI-64",
    "device find --batch B9": "--batch: no instruction that was judged has",
    "device find --state MIGRATE": "--state 'MIGRATE' is no state of a Device; did you mean MIGRATED?",
    "device find --code C1O7": "--code 'C1O7' is no code; did you mean C107?; 'man ecosgate' lists the codes",
    "device find --mpxn abc": "--mpxn 'abc' is no supply point: expected the digits of an MPAN or MPRN",
    "sequence set MCC EMX 5": "'EMX' is no inbound file type; did you mean EMI?; give ",
    "today --date 2029-01-01": "expected a date such as 2028-01-10, which has begun, found '2029-01-01'",
    "device list --state nothing": "--state 'nothing' is no state of a Device; give one of READY",
}

# Calls that mean the same.
SAME_WORDS = (("spool list --type emi", "spool list --type EMI"),
              ("spool list --verdict ac", "spool list --verdict AC"),
              ("spool list --sender mcc", "spool list --sender MCC"),
              ("spool list --state DONE", "spool list --state done"),
              ("spool list --batch MCC.B1", "spool list --batch B1"),
              ("device find --code c107", "device find --code C107"),
              ("device find --state failed", "device find --state FAILED"),
              ("device list --state failed", "device list --state FAILED"),
              ("incident list --all --code c103", "incident list --all --code C103"),
              ("incident list --category D", "incident list --category d"))


def test_words(tap, home):
    """A word that names nothing is told with the one that was meant; words of closed lists are taken in any case."""
    for call, text in UNKNOWN_WORDS.items():
        order = call.startswith(("redeliver", "incident close", "sequence set"))
        words = call.split() + (["--reason", "x"] if order else [])
        said = home.command(*words, now=NOW)
        tap.ok(said.returncode == 2 and text in said.stderr.decode() and not said.stdout, f"{call}: told", said.stderr)
    said = home.command("sequence", "set", "MCX", "EMI", "5", "--reason", "x", now=NOW)
    tap.ok(said.returncode == 1 and b"no [party MCX]; did you mean MCC?; 'ecosgate sequence list' lists" in said.stderr,
           "a party that there is not: told", said.stderr)
    said = home.command("spool", "list", "--batch", "B\udcff", now=NOW)
    tap.ok(said.returncode == 2 and b"spool list: 'B\\xFF' is no UTF-8 text" in said.stderr,
           "bytes that are no text: told", said.stderr)
    for one, other in SAME_WORDS:
        rows = [home.json(*call.split(), now=NOW) for call in (one, other)]
        tap.ok(rows[0] == rows[1] != [] or "--category" in one, f"{one}: taken in any case", *rows)
    said = home.command("spool", "list", "--state", "corrupt", now=NOW)
    tap.ok(said.returncode == 0 and said.stdout == b"no job fits\n", "nothing fits, and it is said", said.stdout)


def test_widths(tap, home):
    """At a terminal no line is wider than it, but for a word that is; elsewhere a row is one line."""
    for call in ("spool list", "device find --batch B1", "incident list --all", f"why {E2}", f"device show {E2}",
                 "doctor mcc", "batch list", "sequence list", "report list", "claim list", "spool show 1"):
        whole = home.command(*call.split(), now=NOW).stdout.decode()
        for columns in (80, 100, 200):
            said = home.command(*call.split(), now=NOW, env={"COLUMNS": str(columns)}).stdout.decode()
            wide = [line for line in said.splitlines() if len(line) > columns and len(line.split()) > 2]
            # but clocks and disks, and further lines that have nothing
            words = [re.sub(r"\b\d{5,}\b| \d+ MiB", "N", " ".join(text.replace(" -", "").split()))
                     for text in (said, whole)]
            tap.ok(not wide and words[0] == words[1], f"{call}: fits {columns} columns, and has every word", *wide[:3],
                   said)


def spool(home, *conditions):
    return home.json("spool", "list", *conditions, now=NOW)


def test_spool_list(tap, home):
    """Each condition keeps of the whole list what it says, page by page, too."""
    home.say("2028-02-25T12:03:00Z", "EMI", batch="B5")
    everything = spool(home)
    drops = {"EMI": "mcc", "EMT": "tcos", "EMC": "ecos", "INV": "dcc", "COS": "dcc", "NMM": "dcc", "PTY": "dcc"}
    rj = [row["id"] for row in everything if row["verdict"] == "RJ"]
    tap.ok(len(everything) > 20 and len(rj) == 1, "there is much to choose from", everything)
    keeps = {("--type", "EMI"): lambda row: row["type"] == "EMI", ("--type", "EMW"): lambda row: row["type"] == "EMW",
             ("--sender", "MCC"): lambda row: row["type"] == "EMI", ("--verdict", "RJ"): lambda row: row["id"] in rj,
             ("--sender", everything[0]["sender"]): lambda row: row["sender"] == everything[0]["sender"],
             ("--drop", "dcc"): lambda row: row["drop"] == "dcc",
             ("--verdict", "AC"): lambda row: row["verdict"] == "AC",
             ("--batch", "B1"): lambda row: row["batch"] == "B1",
             ("--since", "2028-02-02"): lambda row: row["received"] >= "2028-02-02",
             ("--until", "2028-02-01T11:05:00Z"): lambda row: row["received"] < "2028-02-01T11:05:00Z",
             ("--state", "done"): lambda row: row["state"] == "done", ("--state", "held"): lambda row:
             row["state"] == "held"}
    pairs = [(one, one) for one in keeps] + [
        (one, other) for one in keeps for other in (("--verdict", "AC"), ("--since", "2028-02-02"))
        if one[0] != other[0]]
    for one, other in pairs:
        conditions = one if one == other else one + other
        wanted = [row for row in everything if keeps[one](row) and keeps[other](row)]
        rows, page, after = [], [None] * 30, ()
        while len(page) == 30:
            page = spool(home, *conditions, "--limit", "30", *after)
            rows += page
            after = ("--after", page[-1]["id"]) if page else ()
        tap.ok(spool(home, *conditions) == wanted == rows, f"spool list {' '.join(conditions)}: {len(wanted)}",
               [row["id"] for row in wanted], [row["id"] for row in rows])
    said = home.command("spool", "list", "--type", "EMI", "--limit", "1", now=NOW).stdout.decode().splitlines()
    tap.ok(len(said) == 3 and said[2] == f"… perhaps more: the same call with --after {said[1].split()[0]}",
           "a page for people says how to go on", "\n".join(said))


def test_in_drop(tap, home):
    """A file that lies in a drop, also under the name of one that was judged."""
    name = spool(home, "--type", "EMI", "--limit", "1")[0]["name"]
    home.set("drop mcc complete=marker")
    for file in (name, "EMI_unknown.csv"):
        with open(home.path("drops", "mcc", "in", file), "w", encoding="utf-8") as lying:
            lying.write("1234")
    before = home.json("why", name, now=NOW)[0]
    home.run(now="2028-02-25T13:00:00Z")
    again, fresh = (home.json("why", file, now=NOW)[0] for file in (name, "EMI_unknown.csv"))
    said = "drop mcc, wait: "
    tap.ok(before["in_drop"] is None and again["kind"] == "file" and again["in_drop"].startswith(said) and
           again["in_drop"].endswith(" (4 bytes, unchanged since 2028-02-25T13:00:00Z)") and again["state"] == "done",
           "a file that has come again: where it is, and what was decided about the one in the drop", before, again)
    tap.ok(fresh["kind"] == "entry" and fresh["state"] == "wait" and fresh["in_drop"].startswith(said),
           "a file that lies in a drop and was never taken", fresh)


# ---- many Devices ----

# Of each kind values that thousands of Devices have. No Device of the model 010A0005 was ever instructed, and none of
# S000 but two have migrated (large_home).
THOUSANDS = {"supplier": ["S000", "S001"], "model": ["AB01/010A0005", "AB01/010A0004", "AB01/010A0004/00020104"],
             "state": ["MIGRATED", "REJECTED", "READY", "FAILED", "DISPATCHED"], "code": ["C106", "D117"],
             "batch": ["B-2"]}


def large_home():
    """Two of S000's meters, and none else of it, have migrated. Of the model 010A0005 it has twenty GPFs alone. More
    sessions wait for a retry than there are Devices of the model 010A0004, of which some dozen wait."""
    home = Home()
    home.run(now="2023-07-03T12:00:00Z")
    ledger = home.path("spool", "ledger.sqlite")
    large.fill(ledger, 120_000, 20_000, 2_000)
    db = sqlite3.connect(ledger)
    db.execute("UPDATE inventory SET supplier=? WHERE supplier=? AND device_id IN(SELECT s.device_id FROM session s"
               " WHERE s.state=7 ORDER BY s.item LIMIT -1 OFFSET 2)",
               suppliers := [large.signed(large.FIRST_SUPPLIER + n) for n in (2, 0)])
    db.execute("UPDATE inventory SET supplier=?1 WHERE supplier=?2 AND chf IN(SELECT chf FROM inventory WHERE"
               " model='010A0005') AND chf NOT IN(SELECT g.chf FROM inventory g JOIN inventory m ON m.chf=g.chf AND"
               " m.supplier=?2 WHERE g.model='010A0005' AND g.device_type='GPF' GROUP BY 1 LIMIT 20)", suppliers)
    # Each tenth session that failed has not ended.
    n = db.execute("UPDATE session SET state=3,ended=NULL,code=NULL WHERE state=8 AND item%10=3").rowcount
    db.execute("UPDATE count_device SET n=n-? WHERE state=8", (n,))
    db.execute("INSERT INTO count_device VALUES(3,?1) ON CONFLICT DO UPDATE SET n=n+?1", (n,))
    n = db.execute("UPDATE session SET state=4,ended=NULL WHERE state=7 AND item>100 AND(item%10 IN(6,7,8) OR"
                   " item%2000=1)").rowcount
    db.execute("UPDATE count_device SET n=n-? WHERE state=7", (n,))
    db.execute("INSERT INTO count_device VALUES(4,?1) ON CONFLICT DO UPDATE SET n=n+?1", (n,))
    db.commit()
    db.close()
    return home


def owners(db):
    """Whose each Device is: by the last change of its meter, else the inventory; a GPF is that of the first meter."""
    gained = dict(db.execute("SELECT mpxn,gaining FROM cos WHERE starts<=? ORDER BY starts", (large.NOW,)))
    owner, of_hub, gpfs = {}, {}, []
    for device, kind, hub_id, point, supplier in db.execute("SELECT device_id,device_type,chf,mpxn,supplier FROM"
                                                            " inventory ORDER BY device_type='ESME',device_id"):
        if kind == "GPF":
            gpfs.append((device, hub_id))
            continue
        owner[device] = gained.get(point, supplier)
        of_hub.setdefault(hub_id, owner[device])
    return owner | {device: of_hub.get(hub_id) for device, hub_id in gpfs}


def scanned(home):
    """All that each value has, by tables that are read from end to end. A Device has one work item at most."""
    db = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    found = {}
    mpids = dict(db.execute("SELECT party_id,mpid FROM party WHERE role='SUPPLIER'"))
    for device, owner in owners(db).items():
        found.setdefault(("supplier", mpids.get(owner)), set()).add(device)
    for device, manufacturer, model, firmware in db.execute("SELECT device_id,manufacturer,model,firmware FROM"
                                                            " inventory"):
        for name in (f"{manufacturer}/{model}", f"{manufacturer}/{model}/{firmware}"):
            found.setdefault(("model", name), set()).add(device)
    states = ["READY", "REJECTED", "DEFERRED", "DISPATCHED", "RETRY_WAIT", "CONFIRM_PENDING", "CONFIRM_MISMATCH",
              "MIGRATED", "FAILED"]
    for device, job, state, code in db.execute("SELECT w.device_id,w.job,ifnull(s.state,w.outcome),"
                                               "iif(s.item IS NULL,w.code,s.code) FROM work_item w"
                                               " LEFT JOIN session s ON s.item=w.item"):
        for name in (("state", states[state]), ("code", code), ("batch", f"B-{job}")):
            found.setdefault(name, set()).add(device)
    db.close()
    return found


def is_part_of(rows, whole):
    """In the order of the whole."""
    rest = iter(whole)
    return all(row in rest for row in rows)


def test_thousands(tap):
    """Whatever is asked together, the answer is that of a plain scan, in the order of one condition alone."""
    home = large_home()
    found = scanned(home)
    asked = [(kind, value) for kind, values in THOUSANDS.items() for value in values]

    def of(some):
        words = [word for kind, value in some for word in (f"--{kind}", value)]
        return [row["device"] for row in home.json("device", "find", *words, "--limit", "0",
                                                   now="2023-07-03T12:00:00Z")]
    alone = {one: of([one]) for one in asked}
    bad = [f"{one}: {len(alone[one])}, scanned {len(found[one])}" for one in asked
           if sorted(alone[one]) != sorted(map(large.eui, found[one]))]
    some = [some for n in (2, 3, 4) for some in itertools.combinations(asked, n) if len(dict(some)) == n]
    none, many = 0, 0
    for one in some[::1 if os.environ.get("ALL") else 3] + [(("supplier", "S000"), other) for other in
                                                              (("state", "MIGRATED"), ("model", "AB01/010A0005"))]:
        wanted = set.intersection(*(found[condition] for condition in one))
        rows = of(one)
        none, many = none + (not wanted), many + (len(wanted) > 100)
        if sorted(rows) != sorted(map(large.eui, wanted)):
            bad.append(f"{one}: {len(rows)}, scanned {len(wanted)}")
        if not any(is_part_of(rows, alone[condition]) for condition in one):
            bad.append(f"{one}: in the order of none of them")
    tap.ok(not bad and none > 10 and many > 5, "120,000 Devices: what is asked together is what a scan finds",
           none, many, *bad[:20])
    paged = [row["device"] for row in pages(home, ("--state", "DISPATCHED"), 300)]
    tap.ok(len(paged) > 600 and paged == alone["state", "DISPATCHED"], "live sessions, some hundred at a time",
           len(paged))
    test_live_filter(tap, of, found)
    test_wrong_count(tap, home, of, found)


def test_live_filter(tap, of, found):
    """A model leads, and after some thousand looks all live sessions of the state are read: they hide no Device."""
    one = (("model", "AB01/010A0004"), ("state", "RETRY_WAIT"))
    model, waits = (found[condition] for condition in one)
    rows = of(one)
    tap.ok(sorted(rows) == sorted(map(large.eui, model & waits)) and len(waits) > len(model) and 5 < len(rows) < 20,
           "live sessions of a state that does not lead are found", len(rows), len(model & waits), len(model),
           len(waits))


def test_wrong_count(tap, home, of, found):
    """A search that leads by something else reads as many of a state as are counted. A wrong count hides none."""
    one = (("supplier", "S000"), ("state", "MIGRATED"))
    wanted = sorted(map(large.eui, set.intersection(*(found[condition] for condition in one))))
    db = sqlite3.connect(home.path("spool", "ledger.sqlite"))
    rows = {}
    for wrong in (-1, 1, -3000, 3000):
        db.execute("UPDATE count_device SET n=n+? WHERE state=7", (wrong,))
        db.commit()
        rows[wrong] = sorted(of(one))
        db.execute("UPDATE count_device SET n=n-? WHERE state=7", (wrong,))
        db.commit()
    db.close()
    tap.ok(wanted and all(found == wanted for found in rows.values()), "a wrong count of a state hides no Device",
           len(wanted), *(f"{wrong}: {len(found)}" for wrong, found in rows.items()))


def main():
    with Tap() as tap:
        test_thousands(tap)
        home = play()
        facts = known(home)
        expected = test_one_condition(tap, home, facts)
        test_pairs(tap, home, expected)
        test_many(tap, home)
        test_text(tap, home)
        test_words(tap, home)
        test_widths(tap, home)
        test_facts(tap, home, facts)
        test_spool_list(tap, home)
        test_in_drop(tap, home)


main()
