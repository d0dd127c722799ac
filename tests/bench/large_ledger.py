"""Makes the ledger of a home large: DEVICES of the inventory, SESSIONS with their history, JOBS.

The rows are written by SQL, not by the gateway, which would take hours; they have the columns and the spread that its
own rows would have. Nothing but commands that read should be given such a home: its spool has no files.
"""
import os
import sqlite3

DEVICES, SESSIONS, JOBS = 6_000_000, 1_000_000, 200_000
BATCH = 5_000  # Devices of an instruction
FIRST_DEVICE = 0x00DB000000000000
FIRST_HUB = 0x00DC000000000000
FIRST_SUPPLIER = 0x90B3D51F30050000
NOW = 1688385600  # 2023-07-03T12:00:00Z
DAY = 86400
RARE = "0B0B0B0B"  # a model that twenty Devices have
SUPPLIERS = 100
FIRST_MAP = 0x90B3D51F30060000
MAPS = 5
READY, REJECTED, DEFERRED, DISPATCHED, RETRY_WAIT, CONFIRM_PENDING, MISMATCH, MIGRATED, FAILED = range(9)


def signed(number):
    return number - (1 << 64) if number >= 1 << 63 else number


def device_of(n):
    """In the order of the file neighbours are far apart."""
    return FIRST_DEVICE + (n * 2654435761 & 0xFFFFFFFFFF)


def eui(number):
    text = f"{number & (1 << 64) - 1:016X}"
    return "-".join(text[i:i + 2] for i in range(0, 16, 2))


def home_of(n):
    """Three Devices, ESME, GSME and GPF, are on one hub."""
    return n // 3


def supplier_of(house):
    """Large ones and small ones; the last one has a handful of homes."""
    share = house * 7919 % 100_003
    if share == 0 or house % 400_000 == 17:
        return SUPPLIERS - 1
    return min(share * share // 100_003 * (SUPPLIERS - 1) // 100_003, SUPPLIERS - 2)


def map_of(house):
    """The Devices of one home of five belong to no Meter Asset Provider."""
    return None if house % 5 == 4 else signed(FIRST_MAP + house // 5 % MAPS)


def mpan(house):
    return f"{10 + house % 14}{house:011d}"


def mprn(house):
    return f"{3_000_000_000 + house}"


def inventory(devices):
    for n in range(devices):
        house = home_of(n)
        kind = ("ESME", "GSME", "GPF")[n % 3]
        model = RARE if n % (devices // 20) == 3 else f"010A{n % 40:04X}"
        yield (device_of(n), kind, "Commissioned", "AB01", model, f"000201{n % 7:02X}",
               (mpan(house), mprn(house), None)[n % 3], FIRST_HUB + house,
               None if kind == "GPF" else signed(FIRST_SUPPLIER + supplier_of(house)), map_of(house), "North",
               NOW - 900 * DAY, NOW - 890 * DAY, "TCOS", None)


def changes(devices):
    """A meter of ten has another Supplier since."""
    for house in range(0, devices // 3, 10):
        yield (mpan(house), NOW - (house % 400 + 1) * DAY, signed(FIRST_SUPPLIER + supplier_of(house)),
               signed(FIRST_SUPPLIER + (supplier_of(house) + 1) % SUPPLIERS))


def outcome_of(n):
    """Of a work item: one of six is refused, the last ones are not dispatched."""
    return (READY, READY, READY, READY, READY, REJECTED if n % 4 else DEFERRED)[n % 6]


def state_of(n):
    """Of a session, and its code."""
    if n % 100_000 == 7:
        return MISMATCH, "D151"
    part = n % 100
    if part < 84:
        return MIGRATED, None
    if part < 88:
        return FAILED, ("D117", "D101", "D130", "D102")[n % 4]
    if part < 90:
        return (DEFERRED, "C126") if n % 2 else (REJECTED, "C123")
    if part < 96:
        return DISPATCHED, None
    return (CONFIRM_PENDING, None) if part < 99 else (RETRY_WAIT, "D130")


def items(sessions):
    """Work items; every third Device is a GPF, which is instructed as well."""
    for item in range(1, sessions * 6 // 5 + sessions // 20 + 1):
        n, outcome = item * 4, outcome_of(item)
        yield (item, (item - 1) // BATCH + 1, (item - 1) % BATCH + 1, device_of(n), outcome,
               None if outcome == READY else NOW + DAY, None, None, ("ESME", "GSME", "GPF")[n % 3], "AB01",
               f"010A{n % 40:04X}", f"000201{n % 7:02X}", (mpan(home_of(n)), mprn(home_of(n)), None)[n % 3],
               eui(FIRST_HUB + home_of(n)), "North", "1",
               None if outcome == READY else ("C103", "C106", "C109", "C105")[item % 4],
               None if outcome == READY else "Device not in the inventory", None)


def sessions_of(sessions):
    transition = 0
    for item in range(1, sessions * 6 // 5 + 1):
        if outcome_of(item) != READY:
            continue
        state, code = state_of(item)
        transition += 2
        live = state in (DISPATCHED, RETRY_WAIT, CONFIRM_PENDING, MISMATCH)
        at = NOW - (sessions * 6 // 5 - item) // 20
        due = at + 3 * DAY if live and state != MISMATCH else None
        yield (item, state, 2, transition, 1, 1, 0, 0, at - DAY, at + 2 * DAY, due, code, None, None if live else at,
               transition if state >= CONFIRM_PENDING else None, None, due, device_of(item * 4))


def transitions(sessions):
    number = 0
    for item in range(1, sessions * 6 // 5 + 1):
        if outcome_of(item) != READY:
            continue
        at = NOW - (sessions * 6 // 5 - item) // 20
        state, code = state_of(item)
        yield number + 1, item, 1, None, at - DAY, DISPATCHED, 1, None, 1, None, None, None
        yield number + 2, item, 2, number + 1, at, state, 1, None, 1, code, None, 1 if state >= CONFIRM_PENDING else 2
        number += 2


TYPES = (("EMI", "MCC", "mcc"), ("EMT", "TCSP", "tcos"), ("EMC", "ECSP", "ecos"), ("INV", "DCC", "dcc"))


def jobs(count, batches):
    """The first ones are the instructions of the work items; then all types, three of four outgoing."""
    for job in range(1, count + 1):
        at = NOW - (count - job) * 60
        if job <= batches or job % 4 == 0:
            kind, org, drop = TYPES[0] if job <= batches else TYPES[job // 4 % 4]
            yield (job, 0, f"{kind}_{org}_90-B3-D5-1F-30-0E-C0-01_20230703_060000_{job:06d}.csv", kind, "csv", org,
                   "90-B3-D5-1F-30-0E-C0-01", job, drop, at, 1000, f"{job:064x}", 1)
        else:
            kind, drop = (("EMW", "tcos"), ("EMO", "mcc"), ("INC", "dcc"))[job % 3]
            yield (job, 1, f"{kind}_GATE_{job:06d}.csv", kind, "csv", "GATE", "90-B3-D5-1F-30-00-00-04", job, drop, at,
                   -1, None, 1)


def verdicts(count, batches, last_item):
    for job in range(1, count + 1):
        at = NOW - (count - job) * 60
        if job <= batches:
            first = (job - 1) * BATCH + 1
            n = min(BATCH, last_item - first + 1)
            accepted = sum(outcome_of(item) == READY for item in range(first, first + n))
            yield job, 1, at, "PA", f"B-{job}", n, n, accepted, n - accepted, 0, "C103", first, n, accepted, 0
        elif job % 4 == 0:
            outcome = "RJ" if job % 1000 == 0 else "AC"
            yield job, 1, at, outcome, f"F-{job}", 5, 5, 5, 0, 0, None, 0, 0, 0, 0


def outgoing(count, batches):
    number = 0
    for job in range(batches + 1, count + 1):
        number += 1
        kind, drop = (("EMA", "mcc") if job % 4 == 0 else (("EMW", "tcos"), ("EMO", "mcc"), ("INC", "dcc"))[job % 3])
        at = NOW - (count - job) * 60
        yield (number, job, 1, kind, f"{kind}_GATE_{job:06d}.csv", "csv", drop, "90-B3-D5-1F-30-0E-C0-01", None,
               "TEST", job, at, 1, 3, 100, f"{job:064x}", at)


TABLES = {
    "inventory": "device_id,device_type,status,manufacturer,model,firmware,mpxn,chf,supplier,map,region,installed,"
                 "commissioned,credentials,pending",
    "cos": "mpxn,starts,losing,gaining",
    "work_item": "item,job,record,device_id,outcome,next_eligible,passes,device_text,device_type,manufacturer,"
                 "model,firmware,mpxn,chf,region,attempt,code,text,kept",
    "session": "item,state,transitions,last,try,answered,unused,delays,begun,ends,due,code,next_eligible,ended,tcos,"
               "ecos,wake,device_id",
    "transition": "id,item,n,before,at,state,try,job,record,code,due,statement",
    "job": "id,direction,name,type,form,org,sender,sequence,drop_name,received,size,sha256,revision",
    "verdict": "job,revision,judged_at,outcome,batch,declared,parsed,accepted,rejected,deferred,code,first_item,items,"
               "dispatched,truncated",
    "outgoing": "id,job,revision,kind,name,form,drop_name,recipient,sender,environment,sequence,created,rows,state,"
                "size,sha256,delivered_at",
}


# What the gateway keeps as it goes (spool/ledger/ledger_counts.h).
COUNTS = ("INSERT INTO count_device SELECT ifnull(s.state,w.outcome),count(*) FROM work_item w LEFT JOIN session s"
          " ON s.item=w.item GROUP BY 1",
          "INSERT INTO count_job SELECT j.direction,ifnull(j.type,''),ifnull(v.outcome,''),count(*) FROM job j"
          " LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision GROUP BY 1,2,3")


def fill(ledger, devices=DEVICES, sessions=SESSIONS, count=JOBS):
    """The path of a ledger that has tables. Indexes are made when the rows are there."""
    last_item = sessions * 6 // 5 + sessions // 20
    batches = -(-last_item // BATCH)
    rows = {"inventory": inventory(devices), "cos": changes(devices), "work_item": items(sessions),
            "session": sessions_of(sessions), "transition": transitions(sessions), "job": jobs(count, batches),
            "verdict": verdicts(count, batches, last_item), "outgoing": outgoing(count, batches)}
    db = sqlite3.connect(ledger, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-400000")
    made = db.execute("SELECT name,sql FROM sqlite_master WHERE type='index' AND sql IS NOT NULL AND tbl_name IN"
                      f"({','.join(repr(name) for name in TABLES)})").fetchall()
    db.execute("BEGIN")
    for name, _ in made:
        db.execute(f"DROP INDEX {name}")
    for table, columns in TABLES.items():
        places = ",".join("?" * len(columns.split(",")))
        db.executemany(f'INSERT INTO "{table}"({columns}) VALUES({places})', rows[table])
    db.executemany("INSERT INTO party(party_id,role,mpid,name) VALUES(?,'SUPPLIER',?,?)",
                   ((signed(FIRST_SUPPLIER + n), f"S{n:03d}", f"Supplier {n}") for n in range(SUPPLIERS)))
    db.executemany("INSERT INTO party(party_id,role,mpid,name) VALUES(?,'MAP',?,?)",
                   ((signed(FIRST_MAP + n), f"M{n:03d}", f"Provider {n}") for n in range(MAPS)))
    # All firmware of one model of each type of forty, and one firmware of another one.
    db.executemany("INSERT INTO non_migratable(device_type,manufacturer,model,firmware,since,until)"
                   " VALUES(?,?,?,?,?,?)",
                   ((kind, "AB01", model, firmware, NOW - 30 * DAY, None) for kind in ("ESME", "GSME", "GPF")
                    for model, firmware in (("010A0003", ""), ("010A0007", "00020102"))))
    for _, sql in made:
        db.execute(sql)
    # The last instructions are not dispatched; of the others some are not wholly ended.
    db.execute("UPDATE verdict SET dispatched=(SELECT count(*) FROM session s WHERE s.item>=first_item AND"
               " s.item<first_item+items) WHERE items>0")
    for table in ("count_device", "count_job"):
        db.execute(f"DELETE FROM {table}")
    for sql in COUNTS:
        db.execute(sql)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return os.path.getsize(ledger)
