"""Hand-worked cases of the model: what the documents of gateway/ say, said once more as histories of a line each. The
cases stand in model_cases_devices.py, model_cases_files.py and model_cases_operators.py.

A history is steps joined by " | ", a step is a time, a verb and its arguments:

    0 instruct a b         an instruction for the Devices a and b, one batch each time
    1m result a FAILED E20          E20, GBCS status 10 or alert 8F1E; "try 1" for a try that is not the newest
    5m result a SUCCESS k           with the key k of the subject S; "on T": T was there before
    7m result a TIMEOUT at 1m       its LastTry; "of 1m": in a file that was made then
    1h confirm a Y k                k; N has none; "of T": of the subject T
    9m pass                         nothing comes, time alone
    9m end a failed                 an operator ends its work, as migrated or failed
    9m pause                        an operator pauses dispatch; resume
    9m holdbatch a                  he holds the batch of the newest work item of a; releasebatch, withdrawbatch
    9m holddevice a                 he holds the Device, which release ends; withdraw
    9m release a                    an operator says that nothing stands against it
    1d late a k            success of the first work item of a; lateconfirm: its confirmation
    0 instruct a & event 2023-07-10 both come in one pass
    0 misname instruct a            under a wrong name; correct: it names the first file in ResubmissionOf,
                                    correctema: the EMA of that one
    0 skip instruct a               it leaves a number out; behind: it has the number that the newest one left out
    1h letgo INV                    an operator releases the newest held file of that type; giveup: closes its A117;
                                    refuse: has it rejected; again: has it judged again; hold: keeps back the newest
                                    one that waits, or that another order of the step lets go on
    1h close D152                   an operator closes that incident
    0 parties A=SUP0 B=SUP1         the Suppliers, and their MPIDs; B=SUP1/MAP: a Meter Asset Provider; moreparties: a
                                    DELTA
    0 event 2023-07-10 39000109 B   its MPxN, and the losing Supplier; noevents: an empty FULL

Times count from 2023-07-03T12:00:00Z. What must be so in the end: the state of the newest work item of each Device, its
code, the newest try, what is due and NextEligible, findings of the last file, how many tries were ordered in all, and
in the last pass for which Devices. "003=ab": which Devices all ECOSMIG-003 named so far;
"005.Failed=1": the sum of that column in the newest period, or its texts.
"""
import collections
import re

from model_cases_devices import DEVICE_CASES, START
from model_cases_files import FILE_CASES
from model_cases_operators import OPERATOR_CASES
from model_files import File
from model_history import Event, History
from model_rules import MODEL
from model_items import Settings
from model_state import Model
from model_time import DAY, HOUR, MINUTE, text_of
from model_volume import thresholds_of

ORDERS = ("end", "release", "close", "letgo", "giveup", "hold", "refuse", "again", "pause", "resume", "holdbatch",
          "releasebatch", "withdrawbatch", "holddevice", "withdraw")
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
DEVICES = {name: f"00-DB-12-34-56-78-00-{0xA0 + n:02X}" for n, name in enumerate("abcdefgh")}
EMI = {"DeviceType": "ESME", "DeviceManufacturer": "AB01", "DeviceModel": "010A030B", "FirmwareVersion": "0002012F",
       "MPxN": "1012345678903", "CHFDeviceID": "00-DB-12-34-56-78-90-C0", "CSPRegion": "Central", "Attempt": "1"}
EMT = dict.fromkeys(("GBCSStatus", "DUISCode", "AlertCode", "FirstTry", "LastTry", "OriginatorCounter",
                     "ExistingSubjectId",
                     "ExistingKeyId", "ReplacingSubjectId", "ReplacingKeyId"), "")
PARTIES = {"A": "90-B3-D5-1F-30-05-00-01", "B": "90-B3-D5-1F-30-05-00-02"}
INV = {**EMI, "Action": "SET", "DeviceStatus": "Commissioned", "SupplierId": "90-B3-D5-1F-30-05-00-01", "MAPId": "",
       "InstalledDate": "2023-01-01", "CommissionedDate": "2023-01-01", "Credentials": "TCOS", "Pending": ""}

class Play:
    """One history, with what the model answered last."""

    def __init__(self, settings):
        self.model = Model(Settings(**settings))
        self.now = START
        self.batches = 0
        self.numbers = collections.Counter()  # of each type
        self.ordered = 0
        self.emos = 0
        self.last = ""
        self.found = set()
        self.events = []
        self.first = None
        self.reports = {}  # last three characters of its name: the rows of each file

    def newest(self, name):
        return next((item for item in reversed(self.model.items) if item.device == DEVICES[name]), None)

    def order(self, verb, words):
        """What an operator asks for."""
        if verb in ("pause", "resume"):
            return "dispatch", verb
        if verb in ("holddevice", "withdraw"):
            return DEVICES[words[0]], "hold device" if verb == "holddevice" else "withdraw device"
        if verb.endswith("batch"):
            return self.newest(words[0]).batch, f"{verb[:-5]} batch"
        if verb in ("end", "release"):
            return DEVICES[words[0]], [*words, "released"][1]
        if verb == "close":
            return next(((code, subject), "close") for code, subject, _, cleared in self.model.incidents
                        if code == words[0] and cleared is None)
        model = self.model
        queues = {"giveup": model.held, **dict.fromkeys(("letgo", "refuse", "again"), model.parked + model.held)}
        queue = queues.get(verb, model.held + model.parked + model.waiting + model.line)
        file = next(file for file in reversed(queue) if file.kind == words[0])
        what = {"letgo": "let go", "again": "judge again"}.get(verb, verb)
        return (("A117", file), "close") if verb == "giveup" else (file, what)

    def file(self, verb, words):
        if verb in ("skip", "behind"):
            file = self.file(words[0], words[1:])
            file.skips, file.behind = int(verb == "skip"), verb == "behind"
            return file
        if verb in ("misname", "correct", "correctema"):
            file = self.file(*[words[0], words[1:]])
            file.misnamed = "separator" if verb == "misname" else None
            file.corrects = {"correct": (self.first, "name"), "correctema": (self.first, "EMA")}.get(verb)
            return file
        self.batches += 1
        batch = f"B-{self.batches}"
        if verb == "instruct":
            return File("EMI", [described(EMI, word) for word in words], batch=batch)
        if verb == "inventory":
            return File("INV", [described(INV, word) for word in words], batch=batch, mode="FULL", created=self.now)
        if verb == "models":
            action, begin, end = ["REMOVE", *words[1:], ""] if words[0] == "without" else ["SET", *words]
            row = {"Action": action, **{name: EMI[name] for name in ("DeviceType", *MODEL)},
                   "NonMigratableFrom": begin, "NonMigratableTo": end, "ReasonCode": "R1", "FixedInFirmware": ""}
            return File("NMM", [row], batch=batch, mode="DELTA")
        if verb in ("event", "noevents"):
            start, mpxn, losing = [*words, *("", EMI["MPxN"], "")[len(words):]]
            row = {"Action": "SET", "MPxN": mpxn, "LosingSupplierId": PARTIES.get(losing, ""),
                   "GainingSupplierId": PARTIES["B"], "SupplyStartDate": start}
            return File("COS", [row] if words else [], batch=batch, mode="DELTA" if words else "FULL")
        if verb.endswith("parties"):
            rows = [{"Action": "SET", "PartyId": PARTIES[word[0]], "Role": word[7:] or "SUPPLIER", "MPID": word[2:6],
                     "Name": "", "Drop": ""} for word in words]
            return File("PTY", rows, batch=batch, mode="FULL" if verb == "parties" else "DELTA")
        item = self.newest(words[0])
        if verb.startswith("late"):  # of its first work item
            item = next(one for one in self.model.items if one.device == DEVICES[words[0]])
            verb = verb[4:]
            words = [words[0], "Y" if verb else "SUCCESS", words[1]]
        about = {"WorkItemId": item.work_item if item else "MCC.B-9.9", "DeviceID": DEVICES[words[0]]}
        if verb == "confirm":
            key = words[2] if len(words) > 2 else ""
            subject = words[4] if len(words) > 4 else "S"
            return File("EMC",
                        [{**about, "Confirmed": words[1], "ConfirmedAt": "", "SubjectId": key and subject, "KeyId": key,
                                 "Code": ""}], batch=batch)
        row = {**EMT, **about, **result(words[1:], item)}
        return File("EMT", [row], batch=batch, created=row.pop("made", 0))

    def step(self, text):
        at, first = text.split(" ", 1)
        self.now = moment(at)
        parts = [part.split() for part in first.split(" & ")]
        orders = [self.order(verb, words) for verb, *words in parts if verb in ORDERS]
        files = [self.file(verb, words) for verb, *words in parts if verb not in (*ORDERS, "pass")]
        for file in files:
            file.created = file.created or self.now
            file.speech = self.model.settings.formats.get(file.drop)
            self.first = self.first or file
            self.give_number(file)
        self.events.append(Event(self.now, files, orders=orders))
        answers = self.model.run_pass(self.now, files, list(self.events[-1].given_orders()))
        self.ordered += len(answers.emw)
        self.last = "".join(named(row) for row in answers.emw)
        self.found = {code for _, _, findings in answers.ema for _, code in findings}
        self.emos += len(answers.emo)
        for (ref, _, _), rows in sorted(answers.reports.items()):
            self.reports.setdefault(ref[-3:], []).append(rows)

    def give_number(self, file):
        """The next one of its type, or the one that the newest file left out."""
        if file.behind:
            file.number(self.numbers[file.kind] - 1)
            return
        self.numbers[file.kind] += file.skips + (not file.misnamed)
        file.number(self.numbers[file.kind] + bool(file.misnamed))

    def reported(self, name):
        """Which Devices all reports of that name named, or the sum, or the texts, of a column in the newest period."""
        ref, _, column = name.partition(".")
        files = self.reports.get(ref, [])
        if not column:
            return "".join(named(row) for rows in files for row in rows)
        newest = max((row["PeriodEnd"] for rows in files for row in rows), default="")
        values = [row[column] for rows in files for row in rows if row["PeriodEnd"] == newest and row[column]]
        return str(sum(map(int, values))) if all(value.isdigit() for value in values) else ",".join(values)

    def differences(self, expected):
        lines = []
        for part in expected.split("; "):
            words = part.split()
            item = self.newest(words[0]) if words[0] in DEVICES else None
            if item and item.state != words[1]:
                lines.append(f"{words[0]}: {item.state}, expected {words[1]}")
            for word in words[2 if item else 0:]:
                name, value = word.split("=")
                if re.fullmatch(r"\d+[smhd]", value):
                    value = text_of(moment(value))
                values = {"ordered": lambda: str(self.ordered), "last": lambda: self.last,
                         "emos": lambda: str(self.emos),
                         "open": lambda: ",".join(sorted(one[0] for one in self.model.incidents if one[3] is None)),
                         "found": lambda: ",".join(sorted(self.found)),
                         "code": lambda item=item: item.code, "try": lambda item=item: str(item.trial),
                         "tries": lambda item=item: str(item.tries), "due": lambda item=item: text_of(item.due),
                         "next": lambda item=item: text_of(item.next_eligible)}
                found = values[name]() if name in values else self.reported(name)
                if found != value:
                    lines.append(f"{part}: {name} is {found}, expected {value}")
        return lines


def named(row):
    return next((name for name, device in DEVICES.items() if device == row["DeviceID"]), "?")


def described(row, word):
    """A Device by its name, with what it has of its own: a:DeviceStatus=Suspended."""
    name, *changes = word.split(":")
    return {**row, "DeviceID": DEVICES[name], **dict(change.split("=") for change in changes)}


def moment(text):
    return START + int(text.rstrip("smhd")) * UNITS.get(text[-1], 1)


def result(words, item):
    row = {"Result": words[0], "Try": str(item.trial if item else 1)}
    words = words[1:]
    while words:
        word = words.pop(0)
        if word == "try":
            row["Try"] = words.pop(0)
        elif word == "at":
            row["LastTry"] = text_of(moment(words.pop(0)))
        elif word == "on":
            row["ExistingSubjectId"] = words.pop(0)
        elif word == "of":
            row["made"] = moment(words.pop(0))
        elif re.fullmatch(r"E\d+", word):
            row["DUISCode"] = word
        elif word.isdigit():
            row["GBCSStatus"] = word
        elif word[:1] == "8" and len(word) == 4:
            row["AlertCode"] = word
        else:
            row.update(ReplacingSubjectId="S", ReplacingKeyId=word)
    return row


def lines_of(settings):
    """The same in ecosgate.conf."""
    lines = [f"gateway {name}={settings[name]}" for name in ("daily_limit", "inventory", "shrink_limit", "ecos_subject",
                                                            "model_failures", "work_order_devices") if name in settings]
    lines += [f"drop {drop} taken_within={hours}" for drop, hours in settings.get("taken_within", {}).items()]
    for kind, limits in settings.get("thresholds", {}).items():
        lines += thresholds_of(kind, *limits)
    if "missing_after" in settings:
        lines.append(f"gateway missing_number_after={settings['missing_after']}")
    if "inventory_lag" in settings:
        lines.append(f"gateway inventory_lag={settings['inventory_lag'] // HOUR}")
    if "outcome_wait" in settings:
        lines.append(f"gateway outcome_wait={settings['outcome_wait'] // HOUR}")
    lines += [f"review {code}={mode}" for code, mode in settings.get("review", {}).items()]
    if "session_length" in settings:
        lines.append(f"gateway session_length={settings['session_length'] // HOUR}")
    if "tcos_closes" in settings:
        lines.append(f"gateway tcos_closes={text_of(settings['tcos_closes'])}")
    if "dispatch_hours" in settings:
        lines.append("gateway dispatch_hours={:02}-{:02}".format(*settings["dispatch_hours"]))
    return lines


def check_cases(tap, play_to_program=None):
    """The model, and then the program, given how a history is played to it: what differs, or None."""
    for title, history, expected, *more in [*DEVICE_CASES, *FILE_CASES, *OPERATOR_CASES]:
        settings = more[0] if more else {}
        play = Play(settings)
        for step in [*history.split(" | "), *more[1:]]:
            play.step(step)
        lines = play.differences(expected)
        if not lines and play_to_program is not None:
            _, lines = play_to_program(History(None, settings, lines_of(settings), play.events)) or (0, [])
        tap.ok(not lines, f"by hand: {title}", history, *lines)
