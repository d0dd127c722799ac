"""Random files for the model test: what partners write, mostly right, now and then not."""
import re

from model_files import MISNAMED, File
from model_reports import month
from model_rules import supply_point
from model_time import DAY, HOUR, MINUTE, midnight, text_of, time_of

START = time_of("2023-07-03T12:00:00Z")
INSTALLED = [{"InstalledDate": installed, "CommissionedDate": commissioned} for installed, commissioned in
             (("2023-01-01", "2023-01-02"), ("2023-06-30", ""), ("2023-07-01", "2023-07-02"), ("", "2023-07-31"),
              ("2023-07-31", "2023-08-01"), ("2023-08-01", ""), ("", ""))]
WRONG_NAMES = [name for name in MISNAMED if name != "early"]
HUBS = ("00-DB-12-34-56-78-90-C0", "00-DB-12-34-56-78-90-C1")
SUPPLIERS = ("90-B3-D5-1F-30-05-00-01", "90-B3-D5-1F-30-05-00-02")
TCOS_SUBJECT, ECOS_SUBJECT = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-02-00-00"
MODELS = (("AB01", "010A030B", "0002012F"), ("AB02", "02010001", "00010203"))
STATUSES = ("Pending", "Whitelisted", "InstalledNotCommissioned", "Decommissioned", "Withdrawn", "Suspended",
            "Recovery", "Recovered")


def mpan(n):
    digits = f"10{n:010}"
    total = sum(int(a) * b for a, b in zip(digits, (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)))
    return digits + str(total % 11 % 10)


def mprn(n):
    digits = f"39{n:04}"
    return digits + f"{sum(int(digits[i]) * (6 - i) for i in range(6)) % 11:02}"


def device_row(n):
    kind = ("ESME", "GSME", "GPF")[n % 3]
    manufacturer, model, firmware = MODELS[n % 2]
    return {"DeviceID": f"00-DB-12-34-56-78-0A-{n:02X}", "DeviceType": kind, "DeviceManufacturer": manufacturer,
            "DeviceModel": model, "FirmwareVersion": firmware,
            "MPxN": mpan(n) if kind == "ESME" else mprn(n) if kind == "GSME" else "",
            "CHFDeviceID": HUBS[n // 3 % 2] if n != 8 else "00-DB-12-34-56-78-90-C2",  # no meter is on the last one
            "CSPRegion": "Central", "Attempt": "1"}


class Senders:
    """Of Maker (model_history.py)."""

    def batch(self):
        self.batches += 1
        return f"B-{self.batches}"

    def form(self):
        return self.random.choice(("csv", "xml"))

    def fault(self):
        chance = self.random.random()
        return "B208" if chance < .05 else "B113" if chance < .08 else None

    def spelled(self, row):
        """An MPRN with leading zeros or without is the same."""
        return {**row, "MPxN": row["MPxN"].zfill(10) if len(row["MPxN"]) == 8 and self.random.random() < .3 else
                row["MPxN"]}

    def correction(self):
        """The content of a file that was rejected, once more."""
        old = self.random.choice(self.refused + 3 * [file for file in self.refused if file.misnamed])
        file = File(old.kind, old.rows, old.form, self.now, self.batch(), old.mode)
        file.corrects = old, self.random.choice(("name", "name", "EMA"))
        return file

    def name_wrong(self, files):
        """Now and then a file has a wrong name, or names one that nobody rejected."""
        for file in files:
            if file.again is None and file.corrects is None:
                file.misnamed = self.random.choice(WRONG_NAMES) if self.random.random() < .06 else None
                if self.may_be_early(file) and self.hasty.random() < (.8 if file.misnamed else .04):
                    file.misnamed = "early"
                if self.random.random() < .015:
                    file.corrects = (self.random.choice(self.sent), "name") if self.sent else ("", "Devices.csv")

    def may_be_early(self, file):
        """Where there are two formats, a sender of the proposal's may write in the coming one too early."""
        formats = self.settings["formats"]
        return bool(formats) and file.drop not in formats

    def instruction(self):
        known = {item.device for item in self.model.items}
        fresh = [row for row in self.devices if row["DeviceID"] not in known]
        some = fresh if fresh and self.random.random() < .6 else self.devices
        if self.failed() and self.random.random() < .3:
            some = self.failed()
        rows = [self.spelled(row) for row in self.random.sample(some, min(self.random.randint(1, 5), len(some)))]
        if self.random.random() < .1:
            rows.append(dict(rows[0]))
        for row in rows:
            if self.random.random() < .1:
                name, value = self.random.choice((("DeviceID", "00-DB-12"), ("DeviceType", "IHD"),
                                                  ("DeviceModel", "010A"),
                                                  ("MPxN", "123"), ("CSPRegion", "East"), ("Attempt", "0"),
                                                  *[("CHFDeviceID", hub) for hub in HUBS]))
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
                                               ("GBCSStatus", ("0", "30", "127", "10", "17", "5", "5")),
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
        return {"Action": "SET", **{name: value for name, value in self.spelled(row).items() if name != "Attempt"},
                "DeviceStatus": "Commissioned",
                "SupplierId": self.random.choice(SUPPLIERS),
                "MAPId": self.random.choice((*SUPPLIERS, "")), **self.random.choice(INSTALLED),
                "Credentials": "ECOS" if self.is_long and self.random.random() < .25 else "TCOS", "Pending": ""}

    def changed(self, row):
        row = dict(row)
        name, values = self.random.choice((
            ("DeviceStatus", STATUSES), ("DeviceStatus", STATUSES), ("Pending", ("USC", "FW")),
            ("Credentials", ("ECOS",)),
            ("FirmwareVersion", ("0002013A",)), ("SupplierId", ("",)), ("CHFDeviceID", (*HUBS, "")),
            ("CSPRegion", ("South",))))
        row[name] = self.random.choice(values)
        return row

    def told_late(self):
        """A Device that came with ECoS credentials in the month that is over."""
        begun = {item.device for item in self.model.items if item.begun}
        fresh = [row for device, row in self.inventory.items() if device not in begun]
        if month(START, 1) > self.now or not fresh or self.random.random() < .2:
            return []
        return [{**self.random.choice(fresh), "Credentials": "ECOS", "InstalledDate": "2023-07-31"}]

    def gained(self):
        """Meters whose change of supplier is known."""
        points = {point for point, _ in self.model.events}
        return [row for row in self.inventory.values() if row["MPxN"] and supply_point(row["MPxN"]) in points]

    def gone(self, row):
        return {**row, "DeviceStatus": self.random.choice(("Decommissioned", "Withdrawn"))}

    def failed(self):
        """The Devices of which a session has failed."""
        failed = {item.device for item in self.model.items if item.state == "FAILED"}
        return [row for row in self.devices if row["DeviceID"] in failed]

    def waiting(self):
        """The Devices that wait for a try."""
        waits = {item.device for item in self.model.items if item.state in ("READY", "RETRY_WAIT")}
        return [row for row in self.devices if row["DeviceID"] in waits]

    def inventory_file(self):
        if self.model.inventory is None or self.random.random() < .5:
            share = .93 if self.model.inventory else .75  # what comes later may be late for a report
            known = [row for row in self.inventory.values() if self.random.random() < share]
            rows = [self.changed(row) if self.random.random() < .15 else row for row in known]
            mode = "FULL"
        else:
            rows = [self.random.choice(list(self.inventory.values())) for _ in range(self.random.randint(1, 3))]
            rows = [self.random.choice((row, self.changed(row), {**row, "Action": "REMOVE"})) for row in rows]
            rows += [self.gone(row) for row in self.gained() if self.random.random() < .3]
            rows += [{**self.inventory[row["DeviceID"]], "CHFDeviceID": self.random.choice(HUBS)} for row in
                     self.failed() if self.random.random() < .3]
            mode = "DELTA"
        rows += self.told_late() if mode == "DELTA" else []
        if self.random.random() < .1 and rows:
            rows.append({**rows[0], **self.random.choice(({"DeviceID": "00-DB"}, {"Action": "KEEP"}, {}))})
        created = self.now - self.random.choice((0, 0, 0, HOUR, 2 * DAY))
        return File("INV", rows, "csv", created, self.batch(), mode, self.fault())

    def reference(self, kind, make):
        """COS, NMM or PTY."""
        mode = self.random.choice(("FULL", "DELTA", "DELTA"))
        waits = bool(self.waiting())  # what comes now may stop a try
        rows = [make() for _ in range(self.random.randint(waits, 2))]
        known = list({"COS": self.model.events, "NMM": self.model.models, "PTY": self.model.parties}[kind].values())
        if known and self.random.random() < .5:
            rows.append(self.random.choice(known))
        for row in rows:
            if self.random.random() < (.05 if mode == "FULL" or waits or kind == "PTY" and self.is_long else .4):
                rows[rows.index(row)] = {**row, "Action": "REMOVE"}
        if kind == "NMM" and mode == "DELTA" and any(item.failed_as.get("non migratable") for item in self.model.items):
            rows += [{**row, "Action": "REMOVE"} for row in known if row not in rows and self.random.random() < .5]
        return File(kind, rows, "csv", self.now, self.batch(), mode, self.fault())

    def cos_row(self):
        day = midnight(self.now) + self.random.choice((0, 1, 3, 7, 8, 30, -2, -20, -40)) * DAY
        day = day if self.random.random() < .9 else self.random.choice((time_of("2009-12-31"), day + 400 * DAY))
        meters = [row for row in self.devices if row["MPxN"]]
        waiting = [row for row in self.waiting() if row["MPxN"]]
        if month(START, 1) <= self.now and self.random.random() < .3:
            day = midnight(START) + self.random.randint(1, 28) * DAY  # too late for the report of that month
        elif waiting and self.random.random() < .7:
            day, meters = midnight(self.now) + self.random.choice((1, 3, 7)) * DAY, waiting
        device = self.spelled(self.random.choice(meters))
        losing = self.random.choices((SUPPLIERS[0], "", SUPPLIERS[1]), (8, 1, 1))[0]
        return {"Action": "SET", "MPxN": device["MPxN"] if self.random.random() < .93 else mpan(99),
                "LosingSupplierId": losing, "GainingSupplierId": SUPPLIERS[1], "SupplyStartDate": text_of(day)[:10]}

    def nmm_row(self):
        device = self.random.choice(self.waiting() if self.waiting() and self.random.random() < .8 else self.devices)
        begin = midnight(self.now) + self.random.choice((-10, 0, 1)) * DAY
        end = begin + self.random.choice((1, 5, 20)) * DAY
        return {"Action": "SET", **{name: device[name] for name in ("DeviceType", "DeviceManufacturer", "DeviceModel")},
                "FirmwareVersion": self.random.choice((device["FirmwareVersion"], "", "0009999A")),
                "NonMigratableFrom": text_of(begin)[:10],
                "NonMigratableTo": self.random.choice((text_of(end)[:10], "")),
                "ReasonCode": "R1", "FixedInFirmware": ""}

    def party_row(self):
        n = self.random.randint(0, 1)
        mpid = f"SUP{n if self.random.random() < .7 else 1 - n}"
        return {"Action": "SET", "PartyId": SUPPLIERS[n], "Role": self.random.choice(("SUPPLIER", "MAP")),
                "MPID": mpid, "Name": f"Supplier {n}", "Drop": "suppliers"}

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
                  (lambda: self.reference("COS", self.cos_row), 2 if self.is_long or self.waiting() else 1),
                  (lambda: self.reference("NMM", self.nmm_row), 3 if self.waiting() else 1),
                  (lambda: self.reference("PTY", self.party_row), .5), (self.again, .7),
                  (self.correction, 2 if self.refused else 0)]
        if self.with_inventory:
            makers.append((self.inventory_file, 2))
        make, = self.random.choices([make for make, _ in makers], [weight for _, weight in makers])
        return make()

    def basis(self):
        """What reports need, without a fault."""
        changes = File("COS", [self.cos_row() for _ in range(3)], "csv", self.now, self.batch(), "FULL")
        files = [self.all_parties(), self.inventory_file(), changes]
        for file in files:
            file.fault = None
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

    def other_kinds(self, files):
        """Files of other types that come in the same pass. They are made by what was known before it."""
        there, more = {(file.again or file).kind for file in files}, []
        for _ in range(self.random.randint(1, 3)):
            file = self.file()
            if file.again is None and file.kind not in there:
                there.add(file.kind)
                more.append(file)
        return more
