"""Files of the model test: written as partners would write them, answers read as they would read them."""
import csv
import hashlib
import io
import os
import re
import xml.etree.ElementTree as ElementTree

import model_speech
from home import MODIFIED, answer as answer_name
from model_time import text_of

GATEWAY = "90-B3-D5-1F-30-00-00-04"
NAMESPACE = "urn:ecos-gateway:migration:1"
DCC = ("DCC", "90-B3-D5-1F-30-00-00-02", "dcc")
LAST_NUMBER = 999999  # then comes 1
JUMP = 5000  # numbers that a file with the fault B113 skips
# type: sender's code, EUI-64 and drop, and the number before the first; those of one sender
# derive no two names that are the same
SENDERS = {
    "EMI": ("MCC", "90-B3-D5-1F-30-0E-C0-01", "mcc", 999995),
    "EMT": ("TCSP", "90-B3-D5-1F-30-0E-C0-02", "tcos", 0),
    "EMC": ("ECSP", "90-B3-D5-1F-30-0E-C0-03", "ecos", 0),
    "INV": (*DCC, 0),
    "COS": (*DCC, 100000),
    "NMM": (*DCC, 200000),
    "PTY": (*DCC, 300000),
}
# how a name may be outside the grammar: the code, and the name
MISNAMED = {
    "separator": ("B101", lambda name: name.replace("_", "-", 1)),
    "case": ("B101", lambda name: name[:3].lower() + name[3:]),
    "form": ("B101", lambda name: name[:-3] + "txt"),
    "plain": ("B101", lambda name: "Devices of today.csv"),
    "type": ("B102", lambda name: "XYZ" + name[3:]),
    "month": ("B104", lambda name: name[:-22] + "13" + name[-20:]),
    "early": ("B115", lambda name: model_speech.early_name(name)),  # pylint: disable=unnecessary-lambda
}
ROOTS = {"EMI": "MigrationInstruction", "EMT": "MigrationResult", "EMC": "MigrationConfirmation"}
# without RecordNumber, which every record has first
COLUMNS = {
    "EMI": "DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion MPxN CHFDeviceID CSPRegion Attempt",
    "EMT": "WorkItemId DeviceID Result GBCSStatus DUISCode AlertCode Try FirstTry LastTry OriginatorCounter"
           " ExistingSubjectId ExistingKeyId ReplacingSubjectId ReplacingKeyId",
    "EMC": "WorkItemId DeviceID Confirmed ConfirmedAt SubjectId KeyId Code",
    "INV": "Action DeviceID DeviceType DeviceStatus DeviceManufacturer DeviceModel FirmwareVersion MPxN CHFDeviceID"
           " SupplierId MAPId CSPRegion InstalledDate CommissionedDate Credentials Pending",
    "COS": "Action MPxN LosingSupplierId GainingSupplierId SupplyStartDate",
    "NMM": "Action DeviceType DeviceManufacturer DeviceModel FirmwareVersion NonMigratableFrom NonMigratableTo "
           "ReasonCode"
           " FixedInFirmware",
    "PTY": "Action PartyId Role MPID Name Drop",
    "EMD": "DeviceID DeviceType Outcome Code Category Transient ResolvedBy WorkItemId NextEligible Text",
    "EMW": "WorkItemId DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion CHFDeviceID Try SessionStart"
           " SessionEnd",
    "EMO": "DeviceID WorkItemId Outcome Code Tries EndedAt NextEligible",
    "INC": "IncidentId Event At Category Code Scope FileName BatchId DeviceID Parties ResolvedBy Text",
}
COLUMNS = {kind: tuple(names.split()) for kind, names in COLUMNS.items()}
HEADER = ("SenderId", "RecipientId", "FileSequence", "CreationDateTime", "Environment", "BatchId", "ResubmissionOf",
          "Mode")
FILE = ("Name", "SHA256", "Size", "ReceivedAt", "Outcome", "Code", "Line", "Column", "DeclaredCount", "ParsedCount",
        "RejectedCount")
FINDING = ("Code", "Scope", "RecordNumber", "Field", "Value", "Text")


class File:
    """One that is sent. `again` is an earlier one, sent once more as it was."""

    def __init__(self, kind, rows=(), form="csv", created=0, batch="", mode="", fault=None, again=None):
        self.kind, self.rows, self.form, self.created = kind, list(rows), form, created
        self.batch, self.mode, self.fault, self.again = batch, mode, fault, again
        self.skips = 0       # numbers that it leaves out
        self.behind = False  # it has a number that one before it left out
        self.misnamed = None  # one of MISNAMED
        self.speech = None  # the format that its sender writes, if it is not the proposal (model_speech.py)
        self.corrects = None  # (a file, "name" or "EMA"): what its ResubmissionOf says; or ("", a text)
        self.sequence = None  # given with the name
        self.id = 0           # given by the model: in the order in which files came
        self.name = None  # given when it is sent first
        self.data = b""

    @property
    def drop(self):
        return SENDERS[self.kind][2]

    @property
    def is_reference(self):
        """By its name: one that says no type is none."""
        return self.kind in ("INV", "COS", "NMM", "PTY") and not self.misnamed

    @property
    def is_statement(self):
        """Results and confirmations, by its name."""
        return self.kind in ("EMT", "EMC") and not self.misnamed

    @property
    def subject(self):
        """What an incident about it is about."""
        return f"{self.drop}/{self.name}"

    def acknowledgement(self, revision=1):
        """The name of its EMA."""
        return self.answer("EMA", revision)

    def answer(self, kind, revision=1):
        """The name of an answer to it."""
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:16]
        if self.speech:
            return self.speech.answer_name(self, kind, revision, digest)
        return f"EMA_UNKNOWN_{digest}_R{revision}.csv" if self.misnamed else answer_name(self.name, kind, revision)

    @property
    def misname_code(self):
        return (model_speech.MISNAMED if self.speech else MISNAMED)[self.misnamed][0]

    @property
    def greatest(self):
        """The greatest number of its type; then comes 1."""
        return self.speech.profile.greatest(self.kind) if self.speech else LAST_NUMBER

    @property
    def order(self):
        """Files of a drop are picked up in this order; of those that have the same the numbers decide."""
        if self.misnamed == "early" or self.speech and self.misnamed:
            return self.name
        if not self.speech:
            return self.name[:-10]
        told = re.findall(r"\{(date|time|instant)", self.speech.profile.names["names"][self.kind])
        stamp = text_of(self.created).translate(str.maketrans("", "", "-:Z")).split("T")
        if "{time:HHMM}" in self.speech.profile.names["names"][self.kind]:
            stamp[1] = stamp[1][:4]
        date, clock = (part if {"instant", what} & set(told) else "" for part, what in zip(stamp, ("date", "time")))
        return f"{self.kind}_{SENDERS[self.kind][0]}__{date}_{clock}"

    @property
    def resubmission_of(self):
        if self.corrects is None:
            return ""
        file, what = self.corrects
        if not file:
            return what
        return "" if file.name is None else file.acknowledgement() if what == "EMA" else file.name

    def number(self, sequence):
        """Takes the next number of its sender and type, and becomes bytes."""
        org, eui64, _, first = SENDERS[self.kind]
        if self.speech:
            self.speech.fit(self)
            first = self.greatest - 4 if self.kind == "EMI" else 0
        stamp = text_of(self.created)
        jump = min(JUMP, self.greatest // 4)  # so that it is ahead of all that came before
        self.sequence = (first + sequence + (jump if self.fault == "B113" else 0) - 1) % self.greatest + 1
        header = [eui64, GATEWAY, str(self.sequence), stamp, "TEST", self.batch, self.resubmission_of,
                  self.mode]
        declared = len(self.rows) + (self.fault == "B208")
        if self.speech:
            self.name = self.speech.name(self, org, eui64, stamp)
            self.data = self.speech.data(self, header, declared)
            return
        self.name = f"{self.kind}_{org}_{eui64}_{stamp[:10].replace('-', '')}_{stamp[11:19].replace(':', '')}_" \
                    f"{self.sequence:06}.{self.form}"
        self.name = MISNAMED[self.misnamed][1](self.name) if self.misnamed else self.name
        self.data = (self.xml if self.form == "xml" else self.csv)(header, declared)

    def csv(self, header, declared):
        lines = [["H", self.kind, "1.0", *header[:8 if self.mode else 7]]]
        lines += [["D", n, *(row[name] for name in COLUMNS[self.kind])] for n, row in enumerate(self.rows, 1)]
        lines.append(["T", declared])
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(lines)
        return out.getvalue().encode()

    def xml(self, header, declared):
        root = ElementTree.Element(ROOTS[self.kind], xmlns=NAMESPACE, schemaVersion="1.0")
        head = ElementTree.SubElement(root, "Header")
        for name, value in [*zip(HEADER, header[:7]), ("DeviceCount", str(declared))]:
            if value:
                ElementTree.SubElement(head, name).text = value
        devices = ElementTree.SubElement(root, "Devices")
        for n, row in enumerate(self.rows, 1):
            device = ElementTree.SubElement(devices, "Device")
            for name, value in [("RecordNumber", str(n)), *((name, row[name]) for name in COLUMNS[self.kind])]:
                if value:
                    ElementTree.SubElement(device, name).text = value
        return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def send(self, home):
        """Whole at once, as a careful sender does."""
        folder = home.inbox(self.drop)
        hidden = os.path.join(folder, ".arriving")
        with open(hidden, "wb") as file:
            file.write(self.data)
        os.utime(hidden, (MODIFIED, MODIFIED))
        os.rename(hidden, os.path.join(folder, self.name))

    def __str__(self):
        if self.again is not None:
            return f"{self.kind} again: {self.again.batch}"
        rows = "".join("\n        " + " ".join(f"{name}={value}" for name, value in row.items() if value)
                       for row in self.rows)
        return f"{self.kind} {self.form} {self.batch} {self.mode}{' broken: ' + self.fault if self.fault else ''}" \
               f"{f' leaves out {self.skips} numbers' if self.skips else ''}{' is late' if self.behind else ''}" \
               f"{f' misnamed: {self.misnamed}' if self.misnamed else ''}{self.correction()}{rows}"

    def correction(self):
        if self.corrects is None:
            return ""
        file, what = self.corrects
        return f" corrects {file.kind} {file.batch} by its {what}" if file else f" corrects {what}"


class Answer:
    """One that was written: type, header, rows; an EMA's file row besides."""

    wrongly_passed = ()

    def __init__(self, name, data):
        self.name = name
        self.first = re.sub(r"_R[0-9]+", "_R1", name)
        self.is_unknown = name.startswith("EMA_UNKNOWN")
        if data.startswith(b"<"):
            self.read_xml(data)
        else:
            self.read_csv(data)

    def columns(self):
        return FINDING if self.kind == "EMA" else ("RecordNumber", *COLUMNS[self.kind])

    def read_csv(self, data):
        records = list(csv.reader(io.StringIO(data.decode(), newline="")))
        self.kind = records[0][1]
        self.header = dict(zip(HEADER, records[0][3:]))
        self.file = next((dict(zip(FILE, record[1:])) for record in records if record[0] == "F"), None)
        self.rows = [dict(zip(self.columns(), record[1:])) for record in records if record[0] in ("D", "E")]
        counted = len(self.rows) + (self.file is not None)
        assert records[-1] == ["T", str(counted)], f"trailer {records[-1]}, {counted} rows"

    def read_xml(self, data):
        root = ElementTree.fromstring(data)
        kinds = {"FileAcknowledgement": "EMA", "DeviceResponse": "EMD", "WorkOrder": "EMW", "MigrationOutcome": "EMO"}
        self.kind = kinds[local(root)]
        parts = {local(part): part for part in root}
        self.header = fields(parts["Header"])
        self.file = {**dict.fromkeys(FILE, ""), **fields(parts["File"])} if "File" in parts else None
        rows = [part for part in root if local(part) == "Finding"] if self.kind == "EMA" else parts["Devices"]
        self.rows = [{**dict.fromkeys(self.columns(), ""), **fields(row)} for row in rows]


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def fields(element):
    return {local(child): child.text or "" for child in element}
