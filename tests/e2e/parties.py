"""The parties of a migration as a test plays them: instructions, results and confirmations in both forms, numbered by
themselves; and what came of them, read from answers and ledger.

    parties = Parties(home)
    parties.instruct([1, 2])                            Devices 1 and 2; batch B-1
    home.run()
    name = parties.result(said(1), said(2, "FAILED", gbcs="17"), form="xml", pack="gz")
    home.run(now=at(5))
    parties.acknowledged(name) == ("AC", [])
"""
import csv
import gzip
import io
import os
import sqlite3
import zipfile
from datetime import datetime, timedelta
from xml.etree import ElementTree

from home import answer as answer_name

MCC = "90-B3-D5-1F-30-0E-C0-01"
TCSP = "90-B3-D5-1F-30-0E-C0-02"
ECSP = "90-B3-D5-1F-30-0E-C0-03"
DCC = "90-B3-D5-1F-30-00-00-02"
GATEWAY = "90-B3-D5-1F-30-00-00-04"
SUBJECT = "90-B3-D5-1F-30-02-00-00"
CREATED = "2023-07-03T06:00:00Z"
BEGINNING = datetime(2023, 7, 3, 12)
NAMESPACE = "urn:ecos-gateway:migration:1"
SENDERS = {"EMI": ("MCC", MCC, "mcc"), "EMT": ("TCSP", TCSP, "tcos"), "EMC": ("ECSP", ECSP, "ecos")}
ROOTS = {"EMI": "MigrationInstruction", "EMT": "MigrationResult", "EMC": "MigrationConfirmation"}
COLUMNS = {
    "EMI": ("DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion MPxN CHFDeviceID CSPRegion "
            "Attempt").split(),
    "EMT": ("WorkItemId DeviceID Result GBCSStatus DUISCode AlertCode Try FirstTry LastTry OriginatorCounter "
            "ExistingSubjectId ExistingKeyId ReplacingSubjectId ReplacingKeyId").split(),
    "EMC": "WorkItemId DeviceID Confirmed ConfirmedAt SubjectId KeyId Code".split()}
MAY_BE_ABSENT = {"EMI": COLUMNS["EMI"][5:8], "EMT": COLUMNS["EMT"][3:], "EMC": COLUMNS["EMC"][3:]}


def at(minutes):
    """The time so many minutes after the beginning, which is home.NOW."""
    return (BEGINNING + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def device(number):
    return f"00-DB-12-34-56-78-9{number // 256:X}-{number % 256:02X}"


def stamp():
    """CREATED as names of files have it."""
    return CREATED.translate({ord("-"): None, ord(":"): None, ord("T"): "_", ord("Z"): None})


def work(number, batch=1):
    return f"MCC.B-{batch}.{number}"


def instructed(number, kind="ESME", model="010A030B"):
    return {"DeviceID": device(number), "DeviceType": kind, "DeviceManufacturer": "AB01", "DeviceModel": model,
            "FirmwareVersion": "0002012F", "MPxN": "1012345678903" if kind == "ESME" else "", "CSPRegion": "North",
            "Attempt": "1"}


def said(number, result="SUCCESS", attempt=1, batch=1, record=None, **others):
    """A record of an EMT about Device `number`, by default its batch's record of that number."""
    good = result == "SUCCESS"
    short = {"gbcs": "GBCSStatus", "duis": "DUISCode", "alert": "AlertCode", "key": "ReplacingKeyId"}
    return {"WorkItemId": work(record or number, batch), "DeviceID": device(number), "Result": result,
            "Try": str(attempt), "LastTry": "", "ReplacingSubjectId": SUBJECT if good else "",
            "ReplacingKeyId": f"{number:04X}" if good else "", **{short.get(k, k): v for k, v in others.items()}}


def confirmed(number, word="Y", batch=1, record=None, **others):
    """A record of an EMC."""
    good = word == "Y"
    short = {"key": "KeyId"}
    return {"WorkItemId": work(record or number, batch), "DeviceID": device(number), "Confirmed": word,
            "ConfirmedAt": "", "SubjectId": SUBJECT if good else "", "KeyId": f"{number:04X}" if good else "",
            "Code": "" if good else "why not", **{short.get(k, k): v for k, v in others.items()}}


def text_of(kind, head, rows, form, count):
    """A file's plain bytes."""
    if form == "csv":
        lines = [["H", kind, "1.0", *head.values()]]
        lines += [["D", str(n), *(row.get(column, "") for column in COLUMNS[kind])] for n, row in enumerate(rows, 1)]
        text = io.StringIO()
        csv.writer(text).writerows(lines + [["T", str(count)]])
        return text.getvalue().encode()
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in head.items() if value)
    devices = ""
    for n, row in enumerate(rows, 1):
        values = "".join(f"<{column}>{row.get(column, '')}</{column}>" for column in COLUMNS[kind]
                         if row.get(column) or column not in MAY_BE_ABSENT[kind])
        devices += f"<Device><RecordNumber>{n}</RecordNumber>{values}</Device>\n"
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<{ROOTS[kind]} xmlns="{NAMESPACE}" schemaVersion="1.0">\n'
            f"<Header>{fields}<DeviceCount>{count}</DeviceCount></Header>\n<Devices>\n{devices}</Devices>\n"
            f"</{ROOTS[kind]}>\n").encode()


def packed(data, name, pack):
    if pack == "gz":
        return gzip.compress(data)
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return text.getvalue()


class Parties:
    def __init__(self, home):
        self.home = home
        self.numbers = dict.fromkeys(SENDERS, 0)

    def send(self, kind, rows, form="csv", pack=None, number=None, batch=None, count=None):
        """Puts the next file of a sender into its drop; its name."""
        org, eui64, drop = SENDERS[kind]
        if number is None:
            number = self.numbers[kind] = self.numbers[kind] + 1
        head = {"SenderId": eui64, "RecipientId": GATEWAY, "FileSequence": str(number), "CreationDateTime": CREATED,
                "Environment": "TEST", "BatchId": batch or f"{'B' if kind == 'EMI' else kind}-{number}",
                "ResubmissionOf": ""}
        name = f"{kind}_{org}_{eui64}_{stamp()}_{number:06d}.{form}"
        data = text_of(kind, head, rows, form, len(rows) if count is None else count)
        if pack:
            data, name = packed(data, name, pack), f"{name}.{pack}"
        path = os.path.join(self.home.top, "arriving")
        with open(path, "wb") as file:
            file.write(data)
        self.home.drop(drop, path, name)
        return name

    def instruct(self, devices, **options):
        return self.send("EMI", [row if isinstance(row, dict) else instructed(row) for row in devices], **options)

    def result(self, *rows, **options):
        return self.send("EMT", list(rows), **options)

    def confirm(self, *rows, **options):
        return self.send("EMC", list(rows), **options)

    def reference(self, kind, row):
        """A DELTA file of one record from DCC, the first of its type."""
        name = f"{kind}_DCC_{DCC}_{stamp()}_000001.csv"
        path = os.path.join(self.home.top, "arriving")
        with open(path, "wb") as file:
            file.write((f"H,{kind},1.0,{DCC},{GATEWAY},1,{CREATED},TEST,{kind}-1,,DELTA\r\n"
                        f"D,1,SET,{row}\r\nT,1\r\n").encode())
        self.home.drop("dcc", path, name)

    def references(self, kind, *rows):
        """A FULL file of records that are set, from DCC."""
        number = self.numbers[kind] = self.numbers.get(kind, 0) + 1
        name = f"{kind}_DCC_{DCC}_{stamp()}_{number:06d}.csv"
        lines = [f"H,{kind},1.0,{DCC},{GATEWAY},{number},{CREATED},TEST,{kind}-{number},,FULL"]
        lines += [f"D,{n},SET,{row}" for n, row in enumerate(rows, 1)]
        path = os.path.join(self.home.top, "arriving")
        with open(path, "wb") as file:
            file.write(("\r\n".join(lines) + f"\r\nT,{len(rows)}\r\n").encode())
        self.home.drop("dcc", path, name)

    def answer(self, name, kind="EMA"):
        """The bytes of the first answer of a kind; None where there is none."""
        drop = SENDERS[name[:3]][2]
        answer = answer_name(name, kind)
        return self.home.read_out(drop, answer) if answer in self.home.out(drop) else None

    def acknowledged(self, name):
        """Outcome of a file and "CODE column record" of each finding, from its EMA; None where there is none yet."""
        data = self.answer(name)
        if data is None:
            return None
        if ".xml" in name:
            root = ElementTree.fromstring(data)
            text = lambda item, column: item.findtext(f"{{{NAMESPACE}}}{column}") or ""
            outcome = text(root.find(f"{{{NAMESPACE}}}File"), "Outcome")
            return outcome, [" ".join(filter(None,
                                             (text(item, "Code"), text(item, "Field"), text(item, "RecordNumber"))))
                             for item in root.findall(f"{{{NAMESPACE}}}Finding")]
        rows = list(csv.reader(io.StringIO(data.decode())))
        return rows[1][5], [" ".join(filter(None, (row[1], row[4], row[3]))) for row in rows if row[0] == "E"]

    def outcome(self, name):
        """Rows of an instruction's EMO without the RecordNumber; None where there is none yet."""
        data = self.answer(name, "EMO")
        if data is None:
            return None
        if ".xml" in name:
            devices = ElementTree.fromstring(data).find(f"{{{NAMESPACE}}}Devices")
            columns = "DeviceID WorkItemId Outcome Code Tries EndedAt NextEligible".split()
            return [[item.findtext(f"{{{NAMESPACE}}}{column}") or "" for column in columns] for item in devices]
        return [row[2:] for row in csv.reader(io.StringIO(data.decode())) if row[0] == "D"]

    def orders(self):
        """For each work order, in order: its "WorkItemId try" list."""
        found = []
        for name in self.home.out("tcos"):
            if name.startswith("EMW"):
                rows = csv.reader(io.StringIO(self.home.read_out("tcos", name).decode()))
                found.append([f"{row[2]} {row[9]}" for row in rows if row[0] == "D"])
        return found

    def rows(self, statement):
        connection = sqlite3.connect(self.home.path("spool", "ledger.sqlite"))
        found = connection.execute(statement).fetchall()
        connection.close()
        return found

    def work_so_far(self):
        """All sessions and steps: what must stay where nothing changes."""
        return self.rows("SELECT * FROM session ORDER BY item"), self.rows("SELECT * FROM transition ORDER BY item, n")

    def state(self, number):
        """ "STATE CODE" of a Device."""
        fact = self.home.json("device", "show", device(number))[0]
        return " ".join(filter(None, (fact["state"], fact["code"])))

    def states(self, *numbers):
        return [self.state(number) for number in numbers]


def sound(tap, home, situation):
    done = home.command("spool", "verify")
    # Sessions have the Device of their work item for the indexes of `device find` alone.
    strays = Parties(home).rows("SELECT s.item FROM session s LEFT JOIN work_item w ON w.item=s.item"
                                " WHERE s.device_id IS NOT w.device_id")
    tap.ok(done.returncode == 0 and strays == [], f"spool verify finds all sound: {situation}", done.stdout.decode(),
           strays)
