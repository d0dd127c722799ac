"""Random histories for the model test: what partners send, when, and where the gateway is killed.

    history = make_history(seed)        history.settings, history.events
    event.at, event.files, event.crash

A history is plain data: whatever is left out of it, the rest still means the same. To be worth something its results
name work items that are there and its times lie where something is due, so it is made along a model of its own.
"""
import random
import re

from home import SOURCE
from model_files import File
from model_reports import month
from model_items import DROPS, Settings
from model_state import Model
from model_time import DAY, HOUR, MINUTE, midnight, text_of, time_of

START = time_of("2023-07-03T12:00:00Z")
INSTALLED = [{"InstalledDate": installed, "CommissionedDate": commissioned} for installed, commissioned in
             (("2023-01-01", "2023-01-02"), ("2023-06-30", ""), ("2023-07-01", "2023-07-02"), ("", "2023-07-31"),
              ("2023-07-31", "2023-08-01"), ("2023-08-01", ""), ("", ""))]
HUBS = ("00-DB-12-34-56-78-90-C0", "00-DB-12-34-56-78-90-C1")
SUPPLIERS = ("90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02")
TCOS_SUBJECT, ECOS_SUBJECT = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-02-00-00"
MODELS = (("AB01", "010A030B", "0002012F"), ("AB02", "02010001", "00010203"))
STATUSES = ("Pending", "Whitelisted", "InstalledNotCommissioned", "Decommissioned", "Withdrawn", "Suspended",
            "Recovery",
            "Recovered")
# Steps that `init` alone passes, or operators' orders, or drops that are down
NOT_HERE = re.compile(r"spool-made|ledger-made|outage|order-|job-returned|job-set|job-reasoned|mark|orphan|"
                      "pickup-noted")


def order_words(device, as_what):
    """What stands after `device` on the command line."""
    return f"release {device}" if as_what == "released" else f"end {device} --as {as_what}"


class Event:
    def __init__(self, at, files=(), crash=None, orders=(), release=False):
        self.at, self.files, self.crash, self.orders = at, list(files), crash, list(orders)
        self.release = release  # before it an operator lets through what is held

    def __str__(self):
        crash = f"  killed at {self.crash}" if self.crash else ""
        crash += "  what is held is released" if self.release else ""
        orders = "".join(f"\n    device {order_words(device, as_what)}" for device, as_what in self.orders)
        files = "".join(f"\n    {file}" for file in self.files or ["nothing comes"])
        return f"{text_of(self.at)}{crash}{orders}{files}"


class History:
    def __init__(self, seed, settings, lines, events):
        self.seed, self.settings, self.lines, self.events = seed, settings, lines, events

    def without(self, events):
        return History(self.seed, self.settings, self.lines, events)

    def __str__(self):
        return "\n".join([f"seed {self.seed}", *self.lines, *map(str, self.events)])


def steps():
    with open(f"{SOURCE}/spool/steps.def", encoding="utf-8") as file:
        names = re.findall(r'^STEP\(\w+, "([a-z-]+)"', file.read(), re.M)
    return [name for name in names if not NOT_HERE.match(name)]


def mpan(n):
    digits = f"10{n:010}"
    total = sum(int(a) * b for a, b in zip(digits, (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)))
    return digits + str(total % 11 % 10)


def mprn(n):
    digits = f"39{n:06}"
    return digits + f"{sum(int(digits[i]) * (8 - i) for i in range(8)) % 11:02}"


def device_row(n):
    kind = ("ESME", "GSME", "GPF")[n % 3]
    manufacturer, model, firmware = MODELS[n % 2]
    return {"DeviceID": f"00-DB-12-34-56-78-0A-{n:02X}", "DeviceType": kind, "DeviceManufacturer": manufacturer,
            "DeviceModel": model, "FirmwareVersion": firmware,
            "MPxN": mpan(n) if kind == "ESME" else mprn(n) if kind == "GSME" else "", "CHFDeviceID": HUBS[n // 3 % 2],
            "CSPRegion": "Central", "Attempt": "1"}


class Maker:
    def __init__(self, seed, length):
        self.random = random.Random(seed)
        self.length = length
        self.settings, self.lines = self.choose_settings()
        self.model = Model(Settings(**self.settings))
        self.devices = [device_row(n) for n in range(self.random.randint(6, 14))]
        self.is_long = self.random.random() < .5  # it lasts several periods of all reports
        self.inventory = {row["DeviceID"]: self.inventory_row(row) for row in self.devices}
        self.with_inventory = self.settings.get("inventory") == "required" or self.random.random() < .5
        self.with_inventory |= self.is_long
        self.now = START
        self.sent = []        # files
        self.rows = []        # (type, row) of results and confirmations
        self.numbers = {}
        self.batches = 0
        self.steps = steps()

    # ---- settings ----

    def choose_settings(self):
        chosen, lines = {}, []

        def choose(share, name, *pairs):
            if self.random.random() < share:
                line, value = self.random.choice(pairs)
                chosen[name] = value
                lines.append(line)

        choose(.3, "inventory", ("gateway inventory=required", "required"))
        choose(.12, "daily_limit", *((f"gateway daily_limit={n}", n) for n in (2, 4)))
        choose(.3, "dispatch_hours", ("gateway dispatch_hours=13-23", (13, 23)),
               ("gateway dispatch_hours=22-13", (22, 13)))
        choose(.3, "work_order_devices", *((f"gateway work_order_devices={n}", n) for n in (1, 2)))
        choose(.3, "ecos_subject", (f"gateway ecos_subject={ECOS_SUBJECT}", ECOS_SUBJECT))
        choose(.4, "outcome_wait", *((f"gateway outcome_wait={n}", n * HOUR) for n in (1, 24)))
        choose(.3, "inventory_lag", *((f"gateway inventory_lag={n}", n * HOUR) for n in (0, 1, 24)))
        choose(.2, "session_length", ("gateway session_length=2", 2 * HOUR))
        choose(.5, "shrink_limit", *((f"gateway shrink_limit={n}", n) for n in (0, 50, 100)))
        choose(.4, "model_failures", *((f"gateway model_failures={n}", n) for n in (1, 2, 3)))
        choose(.2, "retry_delays", ("gateway retry_delays=5;7", [5 * MINUTE, 7 * MINUTE]))
        choose(.15, "tcos_closes", *((f"gateway tcos_closes={text_of(at)}", at) for at in
                                     (START + HOUR, START + 26 * HOUR, START + 3 * DAY, START + 40 * DAY)))
        if self.random.random() < .5:
            chosen["drops"] = self.random.sample(DROPS, len(DROPS))
        if self.random.random() < .3:
            lines.append("gateway work_order_form=xml")
        if self.random.random() < .2:
            code = self.random.choice(("C103", "C105", "C106", "C107", "C109", "C112", "C114", "C115", "C114_GPF",
                                       "C125", "C125_REGION"))
            mode = self.random.choice(("warn", "reject" if code.startswith(("C114_", "C125")) else "off"))
            chosen["review"] = {code: mode}
            lines.append(f"review {code}={mode}")
        return chosen, lines

    # ---- time ----

    def move_on(self):
        """Mostly a little, or to where something is due, now and then far."""
        items = self.model.items
        late = len(self.sent) > self.length / 2
        far = (3, 4, 4) if late else (1, 2, 0)
        far = (6, 10, 8) if self.is_long else far
        kind = self.random.choices(("stay", "little", "due", "edge", "end", "far", "weeks"), (8, 40, 44, 2, *far))[0]
        due = {"due": [item.due for item in items if item.due and item.state != "CONFIRM_PENDING"],
               "edge": [self.last_call(item) for item in items if item.state == "DISPATCHED"],
               "end": [item.due or item.ends for item in items if item.live and item.ends],
               "weeks": [item.next_eligible for item in items if item.next_eligible]}.get(kind, [])
        due = sorted(at for at in due if at > self.now)
        if due:
            near = due[0] if self.random.random() < .7 else self.random.choice(due[:3])
            self.now = max(self.now, near + self.random.choice((-1, 0, 0, 0, 1, 30)))
        elif kind == "far":
            self.now += self.random.choice((DAY, 2 * DAY, 7 * DAY + HOUR, 9 * DAY, 6 * HOUR - self.now % (6 * HOUR),
                                            DAY - self.now % DAY, month(self.now, 1) - self.now))
        elif kind == "weeks":
            self.now += 31 * DAY
        elif kind != "stay":
            self.now += self.random.choice((1, 60, 2 * MINUTE, 4 * MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR))

    def last_call(self, item):
        """When the next delay would just reach the session's end."""
        delays = self.model.settings.retry_delays
        return item.ends - delays[min(item.delays, len(delays) - 1)]

    # ---- files ----

    def batch(self):
        self.batches += 1
        return f"B-{self.batches}"

    def form(self):
        return self.random.choice(("csv", "xml"))

    def fault(self):
        chance = self.random.random()
        return "B208" if chance < .05 else "B113" if chance < .08 else None

    def instruction(self):
        known = {item.device for item in self.model.items}
        fresh = [row for row in self.devices if row["DeviceID"] not in known]
        some = fresh if fresh and self.random.random() < .6 else self.devices
        rows = [dict(row) for row in self.random.sample(some, min(self.random.randint(1, 5), len(some)))]
        if self.random.random() < .1:
            rows.append(dict(rows[0]))
        for row in rows:
            if self.random.random() < .1:
                name, value = self.random.choice((("DeviceID", "00-DB-12"), ("DeviceType", "IHD"),
                                                  ("DeviceModel", "010A"),
                                                  ("MPxN", "123"), ("CSPRegion", "East"), ("Attempt", "0")))
                row[name] = value
            elif self.random.random() < .05:
                row["DeviceID"] = row["DeviceID"].lower()
        return File("EMI", rows, self.form(), self.now, self.batch(), fault=self.fault())

    def wanted(self, kind):
        """Whose result or confirmation is to come."""
        return [item for item in self.model.items if item.state in ("DISPATCHED", "CONFIRM_MISMATCH") or
                (item.state == "CONFIRM_PENDING" or item.ended_in_vain and item.has_success) and
                (item.tcos if kind == "EMT" else item.ecos) is None]

    def pick_items(self, kind):
        """Mostly those that are wanted, each once."""
        wanted = self.wanted(kind)
        self.random.shuffle(wanted)
        begun = [item for item in self.model.items if item.trial]
        for _ in range(self.random.randint(1, 4)):
            if wanted and self.random.random() < .85:
                yield wanted.pop()
            else:
                yield self.random.choice(begun if self.random.random() < .95 else self.model.items)

    def about(self, item):
        """The work item of a record; now and then not right."""
        chance = self.random.random()
        device = item.device or "00-DB-12-34-56-78-0A-00"
        if chance < .015:
            return {"WorkItemId": "MCC.B-99.1", "DeviceID": device}
        if chance < .03:
            return {"WorkItemId": item.work_item, "DeviceID": "00-DB-12-34-56-78-0A-FF"}
        return {"WorkItemId": item.work_item, "DeviceID": "nothing" if chance < .045 else device}

    def ids(self, item):
        """SubjectId and KeyId, in one notation or another; now and then not those of the Device."""
        other = "77" if self.random.random() < .08 else f"{item.number:02X}"
        key = f"9A0712C40000AA{other}"
        subjects = ECOS_SUBJECT, TCOS_SUBJECT, ECOS_SUBJECT.replace("-", "").lower()
        subject = self.random.choices(subjects, (20, 1, 2))[0]
        return subject, self.random.choices((key, key.lower(), ":".join(re.findall("..", key))), (10, 2, 2))[0]

    def last_try(self, item):
        """Mostly now; or of before, as from a clock that is not right, or nothing."""
        noted = item.steps[-1][2]
        at = text_of(self.random.choice((*[self.now] * 5, None, noted, noted - MINUTE, self.now - 4 * MINUTE,
                                         self.now + 300, self.now + 301, self.now - 2 * HOUR, self.now + 366 * DAY)))
        return at.replace("Z", ".250Z") if self.random.random() < .2 else at

    def first_try(self):
        return self.random.choice(("", "", "", text_of(self.now - 2 * MINUTE), text_of(self.now + 2 * MINUTE),
                                   text_of(self.now + HOUR)))

    def result_row(self, item):
        row = dict.fromkeys(("GBCSStatus", "DUISCode", "AlertCode", "OriginatorCounter", "ExistingSubjectId",
                             "ExistingKeyId",
                             "ReplacingSubjectId", "ReplacingKeyId"), "")
        trial = item.trial or 1
        if self.random.random() < .1:
            trial = max(1, trial - 1)
        elif self.random.random() < .03:
            trial += 1
        row.update(self.about(item), Try=str(trial), FirstTry=self.first_try(), LastTry=self.last_try(item))
        row["Result"] = self.random.choices(("SUCCESS", "FAILED", "TIMEOUT", "NOT_ATTEMPTED"), (4, 5, 2, 2))[0]
        if row["Result"] == "SUCCESS":
            row["ReplacingSubjectId"], row["ReplacingKeyId"] = self.ids(item)
            row["ExistingSubjectId"] = self.random.choices(("", TCOS_SUBJECT, ECOS_SUBJECT), (10, 10, 1))[0]
        elif row["Result"] == "FAILED":
            name, values = self.random.choice((("DUISCode", ("E20", "E21", "E99", "I0", "E5", "E19")),
                                               ("DUISCode", ("E20", "E21")),
                                               ("GBCSStatus", ("0", "30", "127", "10", "17")),
                                               ("AlertCode", ("819D", "8F84")),
                                               ("AlertCode", ("8F1E", "8FFF"))))
            row[name] = self.random.choice(values)
        if self.random.random() < .04:
            name, value = self.random.choice((("Result", "MAYBE"), ("Try", "one"), ("FirstTry", "yesterday"),
                                              ("LastTry", "x"),
                                               ("GBCSStatus", "010"), ("AlertCode", "8F1E")))
            row[name] = value
        return row

    def confirmation_row(self, item):
        row = {**self.about(item), "Confirmed": self.random.choices("YN", (5, 1))[0],
               "ConfirmedAt": text_of(self.now + self.random.choice((0, 0, 0, 300, 301, -HOUR, 180 * 365 * DAY))),
               "SubjectId": "", "KeyId": "", "Code": ""}
        if row["Confirmed"] == "Y":
            row["SubjectId"], row["KeyId"] = self.ids(item)
        if self.random.random() < .04:
            name, value = self.random.choice((("Confirmed", "P"), ("ConfirmedAt", "yesterday"), ("KeyId", "")))
            row[name] = value
        return row

    def spoken(self, kind, make):
        """A file of results or confirmations; now and then a record says again what an earlier one said."""
        if not any(item.trial for item in self.model.items):
            return self.instruction()
        rows = []
        for item in self.pick_items(kind):
            old = [row for of, row in self.rows if of == kind]
            rows.append(dict(self.random.choice(old)) if old and self.random.random() < .1 else make(item))
        self.rows += [(kind, row) for row in rows]
        return File(kind, rows, self.form(), self.now, self.batch(), fault=self.fault())

    def inventory_row(self, row):
        return {"Action": "SET", **{name: row[name] for name in row if name != "Attempt"},
                "DeviceStatus": "Commissioned",
                "SupplierId": self.random.choice(SUPPLIERS),
                "MAPId": self.random.choice((*SUPPLIERS, "")), **self.random.choice(INSTALLED),
                "Credentials": "ECOS" if self.is_long and self.random.random() < .15 else "TCOS", "Pending": ""}

    def changed(self, row):
        row = dict(row)
        name, values = self.random.choice((
            ("DeviceStatus", STATUSES), ("DeviceStatus", STATUSES), ("Pending", ("USC", "FW")),
            ("Credentials", ("ECOS",)),
            ("FirmwareVersion", ("0002013A",)), ("SupplierId", ("",)), ("CHFDeviceID", (*HUBS, "")),
            ("CSPRegion", ("South",))))
        row[name] = self.random.choice(values)
        return row

    def inventory_file(self):
        if self.model.inventory is None or self.random.random() < .5:
            known = [row for row in self.inventory.values() if self.random.random() < .93]
            rows = [self.changed(row) if self.random.random() < .15 else row for row in known]
            mode = "FULL"
        else:
            rows = [self.random.choice(list(self.inventory.values())) for _ in range(self.random.randint(1, 3))]
            rows = [self.random.choice((row, self.changed(row), {**row, "Action": "REMOVE"})) for row in rows]
            mode = "DELTA"
        if self.random.random() < .1 and rows:
            rows.append({**rows[0], **self.random.choice(({"DeviceID": "00-DB"}, {"Action": "KEEP"}, {}))})
        created = self.now - self.random.choice((0, 0, 0, HOUR, 2 * DAY))
        return File("INV", rows, "csv", created, self.batch(), mode, self.fault())

    def reference(self, kind, make):
        """COS, NMM or PTY."""
        mode = self.random.choice(("FULL", "DELTA", "DELTA"))
        rows = [make() for _ in range(self.random.randint(0, 2))]
        known = list({"COS": self.model.events, "NMM": self.model.models, "PTY": self.model.parties}[kind].values())
        if known and self.random.random() < .5:
            rows.append(self.random.choice(known))
        for row in rows:
            if self.random.random() < (.4 if mode == "DELTA" else .05):
                rows[rows.index(row)] = {**row, "Action": "REMOVE"}
        return File(kind, rows, "csv", self.now, self.batch(), mode, self.fault())

    def cos_row(self):
        day = midnight(self.now) + self.random.choice((0, 1, 3, 7, 8, 30)) * DAY
        metered = [row["MPxN"] for row in self.devices if row["MPxN"]]
        return {"Action": "SET", "MPxN": self.random.choice(metered), "LosingSupplierId": SUPPLIERS[0],
                "GainingSupplierId": SUPPLIERS[1], "SupplyStartDate": text_of(day)[:10]}

    def nmm_row(self):
        device = self.random.choice(self.devices)
        begin = midnight(self.now) + self.random.choice((-10, 0, 1)) * DAY
        end = begin + self.random.choice((1, 5, 20)) * DAY
        return {"Action": "SET", **{name: device[name] for name in ("DeviceType", "DeviceManufacturer", "DeviceModel")},
                "FirmwareVersion": self.random.choice((device["FirmwareVersion"], "", "0009999A")),
                "NonMigratableFrom": text_of(begin)[:10],
                "NonMigratableTo": self.random.choice((text_of(end)[:10], "")),
                "ReasonCode": "R1", "FixedInFirmware": ""}

    def party_row(self):
        n = self.random.randint(0, 1)
        return {"Action": "SET", "PartyId": SUPPLIERS[n], "Role": self.random.choice(("SUPPLIER", "MAP")),
                "MPID": f"SUP{n}",
                "Name": f"Supplier {n}", "Drop": "suppliers"}

    def again(self):
        if not self.sent:
            return self.instruction()
        earlier = self.random.choice(self.sent)
        return File(earlier.kind, again=earlier)

    def file(self):
        if self.with_inventory and self.model.inventory is None and self.random.random() < .4:
            return self.inventory_file()
        makers = [(self.instruction, 4),
                  (lambda: self.spoken("EMT", self.result_row), 12 if self.wanted("EMT") else 2),
                  (lambda: self.spoken("EMC", self.confirmation_row), 6 if self.wanted("EMC") else 1),
                  (lambda: self.reference("COS", self.cos_row), 1), (lambda: self.reference("NMM", self.nmm_row), 1),
                  (lambda: self.reference("PTY", self.party_row), .5), (self.again, .7)]
        if self.with_inventory:
            makers.append((self.inventory_file, 2))
        make, = self.random.choices([make for make, _ in makers], [weight for _, weight in makers])
        return make()

    def orders(self):
        """Now and then an operator ends the work on a Device, mostly on one of which the sides have not agreed; or
        releases one whose work has ended."""
        known = [item for item in self.model.items if item.device]
        if not known or self.random.random() > .08:
            return []
        ended = [item for item in known if item.state == "FAILED" or item.replaced and not item.live]
        if ended and self.random.random() < .4:
            return [(self.random.choice(ended if self.random.random() < .9 else known).device, "released")]
        unsettled = [item for item in known if item.state in ("CONFIRM_PENDING", "CONFIRM_MISMATCH")]
        item = self.random.choice(unsettled if unsettled and self.random.random() < .9 else known)
        return [(item.device, self.random.choice(("migrated", "failed")))]

    # ---- the whole ----

    def files(self):
        if self.is_long and not self.model.now:
            changes = File("COS", [self.cos_row() for _ in range(3)], "csv", self.now, self.batch(), "FULL")
            return [self.all_parties(), self.inventory_file(), changes]
        if self.random.random() < .2:
            return []
        if self.random.random() < .15:
            return self.everything()
        first = self.file()
        files = [first]
        while self.random.random() < .15 and first.again is None and first.kind in ("EMI", "EMT", "EMC"):
            files.append(self.instruction() if first.kind == "EMI" else
                         self.spoken(first.kind, self.result_row if first.kind == "EMT" else self.confirmation_row))
        files = [file for file in files if file.kind == first.kind]
        if self.random.random() < .25:
            files += self.other_kinds(files)
        return files

    def all_parties(self):
        """So that each report has recipients."""
        rows = [{**self.party_row(), "PartyId": party, "MPID": f"SUP{n}", "Name": f"Supplier {n}", "Role": role}
                for n, party in enumerate(SUPPLIERS) for role in ("SUPPLIER", "MAP")]
        return File("PTY", rows, "csv", self.now, self.batch(), "FULL")

    def everything(self):
        """Files of all types and drops in one pass, some twice, some that came before."""
        makers = [self.instruction, lambda: self.spoken("EMT", self.result_row),
                  lambda: self.spoken("EMC", self.confirmation_row), lambda: self.reference("COS", self.cos_row),
                  lambda: self.reference("NMM", self.nmm_row), lambda: self.reference("PTY", self.party_row)]
        if self.with_inventory:
            makers.append(self.inventory_file)
        makers += [make for make in makers if self.random.random() < .2]
        self.random.shuffle(makers)
        files = [make() for make in makers]
        earlier = [file for file in self.sent if file.again is None]
        again = self.random.sample(earlier, min(len(earlier), self.random.choice((0, 0, 1, 2))))
        return files + [File(file.kind, again=file) for file in again]

    def out_of_order(self, files):
        """Now and then a file leaves numbers out, which come later, or never."""
        for file in files:
            if file.again is None and file.fault is None:
                file.skips = self.random.randint(1, 2) if self.random.random() < .08 else 0
                file.behind = self.random.random() < .3

    def other_kinds(self, files):
        """Files of other types that come in the same pass. They are made by what was known before it."""
        there, more = {(file.again or file).kind for file in files}, []
        for _ in range(self.random.randint(1, 3)):
            file = self.file()
            if file.again is None and file.kind not in there:
                there.add(file.kind)
                more.append(file)
        return more

    def make(self):
        events = []
        for _ in range(self.length):
            # Only after a pass that has recorded its time for sure, and never by more than is believed.
            steps_back = bool(events) and bool(events[-1].files) and self.random.random() < .15
            self.now = self.model.now if steps_back else self.now
            wall = self.now - self.random.choice((1, 30, 299, 600)) if steps_back else self.now
            files = self.files()
            self.out_of_order(files)
            crash = None
            if self.random.random() < .2:
                step, side = self.random.choice(self.steps), self.random.choice(("before", "after"))
                crash = f"{step}:{side}:{self.random.choice((1, 1, 2, 3))}"
            orders = self.orders()
            release = bool(self.model.held) and self.random.random() < .6
            events.append(Event(wall, files, crash, orders, release))
            self.model.run_pass(wall, [ready(file, self.numbers) for file in files], orders, release)
            waits = self.model.held + self.model.line
            self.sent += [file for file in files if file.again is None and file not in waits]
            self.now = self.model.now
            self.move_on()
        return History(None, self.settings, self.lines, events)


def ready(file, numbers):
    """The file as it is sent: with the next number of its type, or as it was sent before."""
    if file.again is not None:
        return file.again
    left_out = numbers.setdefault(("left out", file.kind), [])
    if file.behind and left_out:
        file.number(left_out.pop())
        return file
    number = numbers.get(file.kind, 0) + 1
    left_out += range(number, number + file.skips)
    number += file.skips
    if file.fault == "B113" and (number == 1 or numbers.get(("skipped", file.kind)) == number):
        file.fault = None  # a first file may have any number, and a second one would have the same one
    file.number(number)
    if file.fault != "B113":  # the next file gets the number that this one should have had
        numbers[file.kind] = number
    else:
        numbers["skipped", file.kind] = number
    return file


def make_history(seed, length=26):
    history = Maker(seed, length).make()
    history.seed = seed
    return history
