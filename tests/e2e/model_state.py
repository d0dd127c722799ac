"""The reference of the model test: a Device's way as gateway/DEVICES.md tells it, plain and slow.

    model = Model(Settings(daily_limit=3))
    answers = model.run_pass(now, [file, …])     what one pass at that time must write
    model.items                                  every Device of every batch, in the ledger's order

It shares no code with the gateway. Times are seconds UTC; a `file` is what model_files.py makes.
"""
import functools

from model_rules import (EUI64, LASTING_D, MODEL, PARTNERS_D, TYPES, as_bytes, by_itself, code_of, faults_of,
                         has_impossible_time, elsewhere, is_hex, is_non_migratable, last_try,
                         model_of, reference_key)
from model_files import LAST_NUMBER
from model_reports import Reports
from model_time import DAY, HOUR, MINUTE, midnight, text_of, time_of

GAP = 1000  # the default of sequence_gap_max

LIVE = ("READY", "DISPATCHED", "RETRY_WAIT", "CONFIRM_PENDING", "CONFIRM_MISMATCH")
ENDS = ("MIGRATED", "FAILED", "REJECTED", "DEFERRED")
PASSING_STATUS = ("InstalledNotCommissioned", "Suspended", "Recovery")


REFERENCE = ("INV", "COS", "NMM", "PTY")
MODES = {"C114_GPF": "off", "C125": "warn", "C125_REGION": "off"}  # settings [review] whose default is not reject
DROPS = ("mcc", "tcos", "ecos", "dcc")  # in the order in which `init` configures them


def in_turn(files, drops):
    """In the order in which one pass judges them: reference data first, then by drop and name. Of files that were made
    in one second the numbers decide; 999999 comes before 1. drops: in the order of the configuration."""
    def compare(one, other):
        mine, theirs = ((file.kind not in REFERENCE, drops.index(file.drop), file.name[:-10]) for file in (one, other))
        if mine != theirs:
            return -1 if mine < theirs else 1
        ahead = one.sequence - other.sequence
        return -ahead if abs(ahead) > LAST_NUMBER // 2 else ahead

    return sorted(files, key=functools.cmp_to_key(compare))


class Settings:
    """ecosgate.conf as far as a Device's way depends on it."""

    def __init__(self, **given):
        self.drops = DROPS
        self.session_length = 24 * HOUR
        self.retry_delays = [n * MINUTE for n in (5, 5, 10, 20, 40, 80, 160, 320)]
        self.confirmation_wait = 24 * HOUR
        self.tcos_closes = None
        self.outcome_wait = 7 * DAY
        self.inventory_lag = 2 * DAY
        self.ecos_subject = ""
        self.next_session = 30 * DAY
        self.cos_window = 7 * DAY
        self.daily_limit = 0
        self.dispatch_hours = (0, 24)
        self.work_order_devices = 1000000
        self.inventory = "auto"
        self.inventory_max_age = 8 * DAY
        self.shrink_limit = 20
        self.model_failures = 10
        self.review = {}  # code: reject (else), warn, off
        for name, value in given.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    def dispatches_at(self, now):
        begin, end = self.dispatch_hours
        hour = now % DAY // HOUR
        return begin <= hour < end if begin < end else hour >= begin or hour < end


    def may_try(self, at):
        """A try needs five minutes."""
        return self.tcos_closes is None or at + 5 * MINUTE <= self.tcos_closes

    def not_after_closing(self, at):
        return at if self.tcos_closes is None else min(at, self.tcos_closes)


class Item:
    """A Device of a batch: what the split made of it, and its session once it is dispatched."""

    def __init__(self, number, batch, record, row):
        self.number, self.batch, self.record, self.row = number, batch, record, row
        self.work_item = f"MCC.{batch}.{record}"
        good = EUI64.fullmatch(row["DeviceID"])
        self.device = row["DeviceID"].upper() if good else None
        self.state = self.code = self.next_eligible = self.due = self.ended_at = None
        self.codes = []            # all that applied at the split
        self.trial = 0             # the newest try ordered
        self.unattempted = False   # that try was said to be NOT_ATTEMPTED, and is not ordered again yet
        self.not_attempted = None  # when that was recorded, and its LastTry
        self.orders = {}           # try: its first order, and the NOT_ATTEMPTED before its newest one
        self.begun = self.ends = None
        self.delays = 0            # delays used
        self.answered = False      # a result other than SUCCESS came since it was ordered last
        self.tcos = None           # (SubjectId, KeyId) of the success that counts, or "FAILED"
        self.succeeded = None      # the try of it
        self.replaced_id = ""      # the SubjectId that it says was there before
        self.ecos = None           # ("Y", SubjectId, KeyId) or ("N",)
        self.tcos_at = self.ecos_at = None  # when that was recorded
        self.failure = None        # code, tries and NextEligible of a session that failed, whatever came of it later
        self.reported = False          # D150
        self.corrected = False     # its end was corrected by a late success
        self.overruled = None, None  # what the sides had stated when an operator ended it as failed, or released it
        self.released = None       # how many steps it had when an operator released the Device
        self.failed_as = {}        # what reference data said of the Device when it failed
        self.steps = []            # (state, code, time)

    def become(self, state, now, code=""):
        self.state, self.code = state, code
        self.due = None
        if state in ENDS:
            self.ended_at = now
        self.note(now)

    def note(self, now, code=None):
        """Something was said or judged that is kept, though the state may be the same."""
        self.steps.append((self.state, self.code if code is None else code, now))

    @property
    def live(self):
        return self.state in LIVE

    @property
    def replaced(self):
        """By what was stated, or by an operator's order; what it has overruled does not count."""
        tcos, ecos = self.overruled
        return self.has_migrated or \
            isinstance(self.tcos, tuple) and self.tcos is not tcos or \
            (self.ecos or "N")[0] == "Y" and self.ecos is not ecos

    def says_again_what_was_released(self, of_tcos):
        """The statement of that side that counts is still the one that an operator has overruled by a release."""
        side = 0 if of_tcos else 1
        return self.released is not None and (self.tcos, self.ecos)[side] is self.overruled[side]

    @property
    def has_migrated(self):
        """And no operator has overruled it."""
        return self.state == "MIGRATED" and self.released != len(self.steps)

    @property
    def has_success(self):
        return isinstance(self.tcos, tuple) or (self.ecos or "N")[0] == "Y"

    @property
    def ended_in_vain(self):
        """FAILED, or DEFERRED after a try."""
        return self.state == "FAILED" or self.state == "DEFERRED" and self.trial > 0

    @property
    def existing(self):
        """The SubjectId before, by the success that counts."""
        return self.replaced_id if isinstance(self.tcos, tuple) else ""

    @property
    def device_model(self):
        return " ".join([self.row["DeviceType"], *model_of(self.row)])

    @property
    def tries(self):
        return self.trial - self.unattempted

    def agrees(self):
        return isinstance(self.tcos, tuple) and self.ecos == ("Y", *self.tcos)


class Batch:
    """The Devices of an accepted instruction, and the outcome files (EMO) that it has had."""

    def __init__(self, file, items):
        self.file, self.items = file, items
        self.told = 0           # how many EMOs
        self.open = False       # the last one showed Devices that had not ended
        self.corrected = 0      # ends that were corrected, as of the last one

    @property
    def corrections(self):
        return sum(item.corrected for item in self.items)

    @property
    def live(self):
        return any(item.live for item in self.items)

    @property
    def is_due(self):
        if self.told:
            return self.corrections > self.corrected or self.open and not self.live
        return not self.live

    def is_overdue(self, now, wait):
        """Its last session should have ended so long ago, and it waits for no first try."""
        if self.told or any(item.live and not item.ends for item in self.items):
            return False
        return now >= max((item.ends or 0 for item in self.items), default=0) + wait


class Answers:
    """What one pass writes, in order."""

    def __init__(self):
        self.ema = []  # (file, outcome, {(record, code), …})
        self.emd = []  # (file, [row, …])
        self.emw = []  # rows of all work orders, one after another
        self.emo = []  # (file, [row, …], number of the file: 1, 2, …)
        self.inc = []  # (event, code, subject), what began and ended
        self.orders = []  # of each order of an operator: whether it was carried out
        self.reports = {}  # (ref, start of the period, MPID): [row, …]


class Model:
    def __init__(self, settings=None):
        self.settings = settings or Settings()
        self.items = []
        self.batches = []       # of the accepted instructions
        self.waiting = []       # instructions that wait for an inventory
        self.held = []          # files that would remove too much,
        self.released = []      # those that an operator has let through,
        self.line = []          # and reference data that wait behind them
        self.held_now = False   # in the last pass
        self.inventory = None   # DeviceID: row; None before the first accepted INV
        self.inventory_at = None
        self.events = {}        # (MPxN, SupplyStartDate): row
        self.models = {}        # key: row
        self.parties = {}
        self.with_parties = False  # a PTY was accepted
        self.first_tries = []   # times
        self.accepted = []      # times
        self.seen = set()       # names of files taken
        self.last = {}          # type of an inbound file: number of its last accepted file,
        self.good = {}          # and those of all whose number was good, since they began with 1 again
        self.judged_numbers = {}  # name of a file that is held: what its number was found to be
        self.incidents = []     # [code, subject, begun, cleared]
        self.reports = Reports()
        self.now = 0            # when the last pass acted
        self.reported = []          # what began and ended in this pass
        self.failed = {}        # Device Model: Devices of it that failed
        self.migrated = set()   # Device Models of which one has migrated

    # ---- one pass ----

    def run_pass(self, wall, files=(), orders=(), release=False):
        """wall: what the clock says. orders: (Device, "migrated", "failed" or "released"), before the pass. A pass acts
        at no earlier time than the one before. The gateway goes by the newest time that it has recorded; a pass that
        files came to has recorded its own."""
        self.now = now = max(self.now, wall)
        answers = Answers()
        self.reported = answers.inc
        self.held_now = False
        for device, as_what in orders:
            answers.orders.append(self.release_device(device, now) if as_what == "released" else
                                  self.end_by_order(device, as_what, now, answers))
        if release:
            self.release(now)
        answers.reports = self.reports.issue(self, now)
        self.pass_time(now, answers)
        files = in_turn(files, self.settings.drops)
        first = [file for file in files if file.kind in REFERENCE]
        if self.judge_reference(first, now, answers):
            self.dispatch(now, answers)
        while self.waiting and not self.inventory_is_stale(now):
            self.judge(self.waiting.pop(0), now, answers)
            self.dispatch(now, answers)
        for file in files[len(first):]:
            self.take(file, now, answers)
            self.dispatch(now, answers)
        if self.inventory_is_stale(now):
            self.begin_incident("A104", "INV", now)
        else:
            self.clear_incident("A104", "INV", now)
        self.dispatch(now, answers)
        return answers

    def begin_incident(self, code, subject, now):
        if not any(one[:2] == [code, subject] and one[3] is None for one in self.incidents):
            self.incidents.append([code, subject, now, None])
            self.reported.append(("RAISED", code, subject))

    def clear_incident(self, codes, subject, now):
        """Of this code, or of all that begin so."""
        for one in self.incidents:
            if one[0].startswith(codes) and one[1] == subject and one[3] is None:
                one[3] = now
                self.reported.append(("CLEARED", *one[:2]))

    def tell_partners(self, item, code, now):
        """Codes of the migration that DCC and the Service Providers resolve."""
        if code == "D151":
            self.clear_incident("D150", item.device, now)
        if code in PARTNERS_D:
            self.begin_incident(code, item.device, now)

    def tell_dcc(self, item, found, now):
        """Codes that last and that DCC has to look into."""
        for code, passes, _ in found:
            if item.device and not passes and code in ("C103", "C104", "C105", "C114"):
                self.begin_incident(code, item.device, now)

    def reject(self, file, codes, now, answers, warned=()):
        answers.ema.append((file, "RJ", {(None, code) for code in [*codes, *warned]}))
        self.begin_incident(sorted(codes)[0], f"{file.drop}/{file.name}", now)

    def take(self, file, now, answers):
        if file.kind == "EMI" and (self.waiting or self.inventory_is_stale(now)):
            self.waiting.append(file)
            return
        self.judge(file, now, answers)

    # ---- FULL files that would remove too much ----

    def release(self, now):
        """An operator lets all through that are held."""
        for file in self.held:
            self.released.append(file)
            self.clear_incident("A117", f"{file.drop}/{file.name}", now)
        self.line = [*self.held, *self.line]
        self.held = []

    def judge_reference(self, files, now, answers):
        """Reference data before all others, and no work order in between. Behind a file that is held those of its type
        wait. True: some were judged, or held."""
        line, self.line = [*self.line, *files], []
        for file in line:
            if any(file.kind == other.kind for other in self.held):
                self.line.append(file)
            else:
                self.judge(file, now, answers)
        return len(self.line) < len(line)

    def must_wait(self, file, now):
        """For an operator: it would remove too much."""
        if file.kind not in REFERENCE or file.mode != "FULL" or file in self.released:
            return False
        before = self.known_of(file.kind) or {}
        removed = len(set(before) - set(self.refer_to(file)[0]))
        if removed == 0 or removed < len(before) and removed * 100 <= self.settings.shrink_limit * len(before):
            return False
        self.held.append(file)
        self.seen.discard(file.name)
        self.begin_incident("A117", f"{file.drop}/{file.name}", now)
        return True

    def inventory_is_stale(self, now):
        if self.inventory is None:
            return self.settings.inventory == "required"
        return now - self.inventory_at > self.settings.inventory_max_age

    def judge(self, file, now, answers):
        if file.name in self.seen:
            self.reject(file, ["B105"], now, answers)
            return
        self.seen.add(file.name)
        faults, gaps = self.judged_numbers.pop(file.name, None) or self.number_faults(file)
        if not faults:
            self.good.setdefault(file.kind, []).append(file.sequence)
        faults += self.content_faults(file)
        if faults:
            self.reject(file, faults, now, answers, gaps)
            return
        if self.must_wait(file, now):
            self.held_now, self.judged_numbers[file.name] = True, (faults, gaps)
            return
        take = {"EMI": self.instruct, "EMT": self.take_records, "EMC": self.take_records}.get(file.kind, self.refer)
        errors, warnings = take(file, now, answers)
        warnings += [(None, code) for code in gaps]
        self.accept_number(file)
        outcome = "PA" if errors else "WN" if warnings else "AC"
        answers.ema.append((file, outcome, set(errors) | set(warnings)))
        self.settle(now, answers)

    def number_before(self, file):
        """The number that came before the file, accepted or not. One that is not above the last accepted one can only
        follow over the end: then only files after that one have come before it."""
        good, last = self.good.get(file.kind, []), self.last[file.kind]
        if file.sequence > last:
            return max([number for number in good if number < file.sequence] + [last])
        after = good[good.index(last) + 1:] if last in good else []
        return max([number for number in after if number < file.sequence] or [*good, last])

    def number_faults(self, file):
        """Too far ahead, or too far behind to be one that follows over the end; and the warning if it skips some."""
        if file.kind not in self.last:
            return [], []
        skips = (file.sequence - self.number_before(file) - 1) % LAST_NUMBER
        if skips > GAP or file.sequence == self.last[file.kind]:
            return ["B113"] if file.sequence > self.last[file.kind] else ["B107"], []
        return [], ["B108"] if skips else []

    def accept_number(self, file):
        if file.sequence < self.last.get(file.kind, 0):  # over the end
            self.good[file.kind] = [file.sequence]
        self.last[file.kind] = file.sequence

    def content_faults(self, file):
        faults = ["B208"] if file.fault == "B208" else []
        if not file.rows and file.kind not in ("COS", "NMM", "PTY"):
            faults.append("B306")
        if file.kind not in ("EMI", "EMT", "EMC") and file.rows:
            _, errors, _ = self.refer_to(file)
            if len({record for record, _ in errors}) == len(file.rows):  # one slip in all must not empty a table
                faults.append("B306")
        return faults

    def pass_time(self, now, answers):
        for item in self.items:
            if item.state == "RETRY_WAIT" and not self.may_try_again(item, now):
                self.end_waiting(item, now)
            elif item.state == "DISPATCHED" and now >= self.settings.not_after_closing(item.ends):
                self.fail(item, now, "D103")
            elif item.state == "CONFIRM_PENDING" and now >= item.due and not item.reported:
                item.reported, item.code = True, "D150"
                item.note(now)
                self.tell_partners(item, "D150", now)
            elif item.ended_in_vain and item.due and now >= item.due:
                item.due = None
                item.note(now, "D150")
                self.tell_partners(item, "D150", now)
        self.settle(now, answers)
        for batch in [one for one in self.batches if one.is_overdue(now, self.settings.outcome_wait)]:
            self.tell_outcome(batch, answers)

    def may_try_again(self, item, at):
        return at < item.ends and self.settings.may_try(at)

    def end_waiting(self, item, now):
        """No try follows. If what stands against one passes, the Device has not failed."""
        found, _ = self.review(item, now, at_split=False)
        if found and all(passes for _, passes, _ in found):
            self.defer(item, now, found)
        else:
            self.fail(item, now, "D103" if item.unattempted else item.code)

    @staticmethod
    def defer(item, now, found):
        item.become("DEFERRED", now, min(code for code, _, _ in found))
        item.next_eligible = max(then for _, _, then in found)

    def settle(self, now, answers):
        """EMO for every batch whose last live Device has ended, and a further one when an end was corrected."""
        for batch in [one for one in self.batches if one.is_due]:
            self.tell_outcome(batch, answers)

    def tell_outcome(self, batch, answers):
        batch.told += 1
        batch.open, batch.corrected = batch.live, batch.corrections
        answers.emo.append((batch.file, [self.outcome(item) for item in batch.items], batch.told))

    @staticmethod
    def outcome(item):
        return {"RecordNumber": str(item.record), "DeviceID": item.device or item.row["DeviceID"],
                "WorkItemId": item.work_item, "Outcome": item.state, "Code": item.code, "Tries": str(item.tries),
                "EndedAt": text_of(item.ended_at), "NextEligible": text_of(item.next_eligible)}

    # ---- instructions ----

    def instruct(self, file, now, answers):
        errors, warnings, items, seen, rows = [], [], [], set(), []
        for record, row in enumerate(file.rows, 1):
            item = Item(len(self.items) + 1, file.batch, record, row)
            found, warned = by_itself(row)
            if item.device:
                more, reported = self.review(item, now, at_split=True, again=item.device in seen)
                found, warned = found + more, warned + reported
                seen.add(item.device)
            self.split(item, now, sorted(found))
            errors += [(record, code) for code, _, _ in found]
            warnings += [(record, code) for code in warned]
            self.items.append(item)
            items.append(item)
            rows.append(self.response(item, found))
        answers.emd.append((file, rows))
        self.batches.append(Batch(file, items))
        return errors, warnings

    def split(self, item, now, found):
        item.codes = sorted({code for code, _, _ in found})
        self.tell_dcc(item, found, now)
        if not found:
            item.become("READY", now)
            item.due = now
            self.accepted.append(now)
            self.clear_incident(("C", "D"), item.device, now)
        elif all(passes for _, passes, _ in found):
            item.become("DEFERRED", now, item.codes[0])
            item.next_eligible = max(then for _, _, then in found)
        else:
            item.become("REJECTED", now, item.codes[0])

    @staticmethod
    def response(item, found):
        passes = {code: passes for code, passes, _ in found}
        return {"RecordNumber": str(item.record), "DeviceID": item.device or item.row["DeviceID"],
                "DeviceType": item.row["DeviceType"],
                "Outcome": "ACCEPTED" if item.state == "READY" else item.state, "Code": item.code,
                "Category": "c" if found else "", "Transient": ("Y" if passes[item.code] else "N") if found else "",
                "WorkItemId": item.work_item, "NextEligible": text_of(item.next_eligible), "codes": item.codes}

    def review(self, item, now, at_split, again=False):
        """What the Device breaks now: [(code, passes, NextEligible)], and the codes that only warn. What its past says
        is said of its first record in a file, not again."""
        past = [] if again else self.earlier(item)
        found = [("C102", False, None)] if again else []
        found += self.review_inventory(item, past, now) + self.review_past(item, past, now, at_split)
        counted, warned = [], []
        for code, passes, then in found:
            mode = "reject" if code in ("C102", "C110") else self.settings.review.get(code, MODES.get(code, "reject"))
            code = code[:4]
            if mode == "reject":
                counted.append((code, passes, then))
            elif mode == "warn":
                warned.append(code)
        return counted, warned

    def review_inventory(self, item, past, now):
        row, found = item.row, []
        known = (self.inventory or {}).get(item.device)
        if known is not None:
            if row["DeviceType"] in TYPES and row["DeviceType"] != known["DeviceType"]:
                found.append(("C104", False, None))
            if known["DeviceStatus"] not in ("Commissioned", "Recovered"):
                passes = known["DeviceStatus"] in PASSING_STATUS
                found.append(("C105", passes, now + DAY if passes else None))
            if any(is_hex(row, name) and row[name].upper() != known[name].upper() for name in MODEL):
                found.append(("C106", True, now + DAY))
            if known["Pending"]:
                found.append(("C111" if known["Pending"] == "USC" else "C112", True, now + DAY))
            if known["DeviceType"] != "GPF" and self.responsible(known, now) is None:
                found.append(("C114", False, None))
            elif known["DeviceType"] == "GPF" and self.responsible(known, now) is None:
                found.append(("C114_GPF", False, None))
            found += [("C125_REGION" if name == "CSPRegion" else "C125", False, None) for name in elsewhere(row, known)]
        elif self.inventory is not None:
            found.append(("C103", False, None))
        if self.is_non_migratable(item, now):
            found.append(("C107", False, None))
        if (known or {}).get("Credentials") == "ECOS" or \
                any(other.replaced and not other.live for other in past):
            found.append(("C108", False, None))
        mpxn = self.supply_point(known, now) if known is not None else row["MPxN"]
        starts = [time_of(start) for of, start in self.events if of == mpxn and mpxn]
        near = [start for start in starts if now < start <= now + self.settings.cos_window]
        if near:
            found.append(("C109", True, max(near) + DAY))
        return found

    def earlier(self, item):
        return [other for other in self.items if other.device == item.device and other.number < item.number]

    def review_past(self, item, past, now, at_split):
        found = []
        if at_split and any(other.live for other in past):
            found.append(("C110", True, now + DAY))
        failed = self.unresolved(past, now)
        if failed:
            found.append(("C115", True, failed.next_eligible))
        times = self.accepted if at_split else self.first_tries
        today = sum(1 for at in times if at >= midnight(now))
        if self.settings.daily_limit and today >= self.settings.daily_limit and item.trial == 0:
            found.append(("C116", True, midnight(now) + DAY))
        if not self.settings.may_try(now):
            found.append(("C122", False, None))
        return found

    def unresolved(self, past, now):
        """The newest failed session, if it stands against a new one."""
        failed = [other for other in past if other.state == "FAILED"]
        if not failed or now >= failed[-1].next_eligible or failed[-1].released is not None:
            return None
        then, known = failed[-1].failed_as, (self.inventory or {}).get(failed[-1].device, {})
        other = any(known.get(name) and then[name] and known[name].upper() != then[name].upper()
                    for name in (*MODEL, "CHFDeviceID"))
        ended = then["non migratable"] and not self.is_non_migratable(failed[-1], now)
        return None if other or ended else failed[-1]

    def is_non_migratable(self, item, now):
        return any(is_non_migratable(item.row, entry, now) for entry in self.models.values())

    def responsible(self, known, now):
        meter = self.meter_of(known, now)
        return self.supplier_of(meter, now) if meter else None

    def supply_point(self, known, now):
        meter = self.meter_of(known, now)
        return meter["MPxN"] if meter else ""

    def meter_of(self, known, now):
        """Itself; of a GPF the one on its hub that says whose it is."""
        if known["DeviceType"] != "GPF":
            return known
        meters = [meter for _, meter in sorted(self.inventory.items())
                  if meter["CHFDeviceID"] == known["CHFDeviceID"] and
                  meter["DeviceStatus"] in ("Commissioned", "Recovered")]
        counting = [meter for kind in ("GSME", "ESME") for meter in meters
                    if meter["DeviceType"] == kind and self.supplier_of(meter, now)]
        return counting[0] if counting else None

    def supplier_of(self, meter, now):
        begun = [(time_of(start), row["GainingSupplierId"]) for (mpxn, start), row in self.events.items()
                 if mpxn == meter["MPxN"] and mpxn and time_of(start) <= now]
        return max(begun)[1] if begun else meter["SupplierId"] or None

    # ---- dispatch ----

    def dispatch(self, now, answers):
        closing = not self.settings.may_try(now)
        if not self.settings.dispatches_at(now) and not closing:
            return
        due = [item for item in self.items if item.state in ("READY", "RETRY_WAIT") and
               (item.due <= now or closing and item.state == "READY")]
        for item in sorted(due, key=lambda item: (item.due, item.number)):
            if self.may_go(item, now):
                answers.emw.append(self.order(item, now))
        self.settle(now, answers)

    def may_go(self, item, now):
        """Judged again, before every try; else it waits, or ends."""
        found, _ = self.review(item, now, at_split=False)
        if not found:
            return True
        self.tell_dcc(item, found, now)
        permanent = [code for code, passes, _ in found if not passes]
        code = min(permanent or [code for code, _, _ in found])
        until = max((then or 0) for _, _, then in found)
        if permanent and item.state == "READY":
            item.become("REJECTED", now, code)
        elif permanent:
            self.fail(item, now, code)
        elif item.state == "READY" and code == "C116":
            item.code, item.due = code, until
            item.note(now)
        elif item.state == "READY" or not self.may_try_again(item, until):
            self.defer(item, now, found)
        else:
            item.due = until
            item.note(now, code)
        return False

    def order(self, item, now):
        if item.state == "READY":
            item.begun, item.ends = now, self.settings.not_after_closing(now + self.settings.session_length)
            self.first_tries.append(now)
        if item.unattempted:
            item.orders[item.trial][1] = item.not_attempted
        else:
            item.trial += 1
            item.orders[item.trial] = [now, None]
        item.unattempted = item.answered = False
        item.become("DISPATCHED", now)
        row = item.row
        return {"WorkItemId": item.work_item, "DeviceID": item.device, "DeviceType": row["DeviceType"],
                **{name: row[name].upper() for name in MODEL}, "CHFDeviceID": self.hub_of(item),
                "Try": str(item.trial), "SessionStart": text_of(item.begun), "SessionEnd": text_of(item.ends)}

    def hub_of(self, item):
        known = (self.inventory or {}).get(item.device, {})
        return known.get("CHFDeviceID") or item.row["CHFDeviceID"].upper()

    # ---- results and confirmations ----

    def take_records(self, file, now, _answers):
        errors, warnings = [], []
        by_id = {item.work_item: item for item in self.items}
        for record, row in enumerate(file.rows, 1):
            item = by_id.get(row["WorkItemId"])
            codes = faults_of(file.kind, row, item, self.settings.ecos_subject)
            if has_impossible_time(row, now, 0 if codes else self.ordered(item, row)):
                warnings.append((record, "C120"))
            if not codes:
                code = self.result(item, row, file.created, now) if file.kind == "EMT" else self.confirm(item, row, now)
                codes = {code} if code else set()
            for code in codes:
                (warnings if code == "C119" else errors).append((record, code))
        return errors, warnings

    @staticmethod
    def ordered(item, row):
        """When what the row speaks about was ordered first; 0: never."""
        return item.orders.get(int(row["Try"]), [0])[0] if "Try" in row else item.begun or 0

    def result(self, item, row, created, now):
        """What an EMT row that is good by itself does; its finding, or None."""
        trial, ids = int(row["Try"]), (as_bytes(row["ReplacingSubjectId"]), as_bytes(row["ReplacingKeyId"]))
        if trial > item.trial:
            return "C118"
        if row["Result"] == "SUCCESS":
            before = item.tcos
            code = self.success(item, trial, ids, now)
            if item.tcos is not before:
                item.tcos_at = now
                item.replaced_id = row["ExistingSubjectId"]
            return code
        if self.is_outdated(item, row, created, now):
            return "C119"
        if isinstance(item.tcos, tuple) and trial == item.succeeded:
            if item.ended_in_vain:
                item.tcos = "FAILED"
                return self.compare_late(item, now)
            if item.state != "CONFIRM_MISMATCH":
                return "C121"
            item.tcos = "FAILED"
            self.compare(item, now)
            return None
        if item.state == "MIGRATED" and not isinstance(item.tcos, tuple):  # by an order
            return "C121" if trial == item.trial else "C119"
        if trial < item.trial or item.tcos is not None:
            return "C119"
        if item.state == "CONFIRM_PENDING" and not item.answered:
            item.tcos = "FAILED"
            self.compare(item, now)
            return None
        if item.state != "DISPATCHED":
            return "C119"
        self.unsuccessful(item, row, now)
        return None

    @staticmethod
    def is_outdated(item, row, created, now):
        """About an earlier order of its try, by what time it gives; by none, it is about the newest one."""
        first, not_attempted = item.orders[int(row["Try"])]
        times = [at for at in (last_try(row, now, first), created) if at >= first]
        return not_attempted is not None and times != [] and \
            (times[0] <= not_attempted[0] or times[0] == not_attempted[1])

    def unsuccessful(self, item, row, now):
        item.answered = True
        if row["Result"] == "NOT_ATTEMPTED":
            item.unattempted = True
            item.not_attempted = now, last_try(row, now, item.orders[item.trial][0])
            self.wait(item, now, self.settings.retry_delays[0], "D103")
            return
        code = code_of(row)
        if code in LASTING_D or item.delays >= len(self.settings.retry_delays):
            self.fail(item, now, code)
            return
        delay = self.settings.retry_delays[item.delays]
        item.delays += 1
        self.wait(item, now, delay, code)

    def wait(self, item, now, delay, code):
        if not self.may_try_again(item, now + delay):
            self.fail(item, now, code)
            return
        item.become("RETRY_WAIT", now, "" if item.unattempted else code)
        item.due = now + delay

    def fail(self, item, now, code, by_order=False):
        item.become("FAILED", now, code)
        known = (self.inventory or {}).get(item.device)
        item.failed_as = {**(known or {**item.row, "CHFDeviceID": ""}),
                          "non migratable": self.is_non_migratable(item, now)}
        if not by_order:
            self.tell_partners(item, code, now)
        item.next_eligible = item.ends + self.settings.next_session
        item.failure = code, item.tries, item.next_eligible
        before = any(other.state == "FAILED" for other in self.earlier(item))
        if code[0] == "D" and not before:
            self.count_failure(item, now)

    def count_failure(self, item, now):
        """D160: a Device counts once."""
        subject = item.device_model
        self.failed[subject] = self.failed.get(subject, 0) + 1
        if subject not in self.migrated and self.failed[subject] >= self.settings.model_failures:
            self.begin_incident("D160", subject, now)

    def success(self, item, trial, ids, now):
        if item.tcos == ids or item.state == "MIGRATED" and item.ecos == ("Y", *ids):
            return "C119"
        if item.ended_in_vain:
            item.tcos, item.succeeded = ids, trial
            return self.compare_late(item, now)
        if item.state == "MIGRATED" or isinstance(item.tcos, tuple) and item.state != "CONFIRM_MISMATCH":
            return "C121"
        item.tcos, item.succeeded = ids, trial
        if trial == item.trial:
            item.unattempted = False
        self.compare(item, now)
        return None

    def confirm(self, item, row, now):
        """The same for an EMC row."""
        if item.trial == 0:
            return "C118"
        said = ("Y", as_bytes(row["SubjectId"]), as_bytes(row["KeyId"])) if row["Confirmed"] == "Y" else ("N",)
        if item.state == "MIGRATED" and said[0] == "Y" and item.tcos == said[1:]:
            return "C119"
        if item.ecos == said and (said[0] == "Y" or item.state != "MIGRATED"):
            return "C119"
        if item.ended_in_vain:
            if said == ("N",) and not item.has_success:
                return "C119"
            item.ecos, item.ecos_at = said, now
            return self.compare_late(item, now)
        if item.state == "MIGRATED" or item.state == "CONFIRM_PENDING" and item.tcos is None:
            return "C121"
        item.ecos, item.ecos_at = said, now
        if item.state in ("DISPATCHED", "RETRY_WAIT") and said == ("N",):
            item.note(now)
            return None
        self.compare(item, now)
        return None

    def compare(self, item, now):
        """One side has spoken, or spoken anew."""
        if item.tcos is None or item.ecos is None:
            item.become("CONFIRM_PENDING", now)
            item.due = now + self.settings.confirmation_wait
        elif item.agrees():
            self.migrate(item, now)
        elif item.tcos == "FAILED" and item.ecos == ("N",):
            self.fail(item, now, "D151")
        else:
            item.become("CONFIRM_MISMATCH", now, "D151")
            self.tell_partners(item, "D151", now)

    def compare_late(self, item, now):
        """One side has spoken after an end without success; the finding that it gets."""
        if item.agrees():
            item.unattempted = item.unattempted and item.succeeded != item.trial
            item.corrected, item.next_eligible = True, None
            self.migrate(item, now)
            return None
        one_sided = item.tcos is None or item.ecos is None
        item.due = now + self.settings.confirmation_wait if item.has_success and one_sided else None
        item.note(now, "D151" if item.has_success and not one_sided else None)
        if item.has_success and not one_sided:
            self.tell_partners(item, "D151", now)
        return "C119"

    def end_by_order(self, device, as_what, now, answers):
        """An operator ends the work on a Device of which the sides have not agreed; whether he may."""
        item = next((one for one in self.items if one.device == device and one.live), None)
        if item is None or item.state not in ("CONFIRM_PENDING", "CONFIRM_MISMATCH"):
            return False
        if as_what == "migrated":
            self.migrate(item, now)
        else:
            self.fail(item, now, "D150" if item.state == "CONFIRM_PENDING" else "D151", by_order=True)
            self.clear_incident(("C", "D"), item.device, now)
            item.overruled = item.tcos, item.ecos
        self.settle(now, answers)
        return True

    def release_device(self, device, now):
        """An operator says that nothing stands against a new instruction; whether something did."""
        mine = [item for item in self.items if item.device == device]
        if any(item.live for item in mine) or not (self.unresolved(mine, now) or any(item.replaced for item in mine)):
            return False
        for item in mine:
            item.overruled, item.released = (item.tcos, item.ecos), len(item.steps)
        self.clear_incident(("C", "D"), device, now)
        return True

    def migrate(self, item, now):
        item.become("MIGRATED", now)
        self.migrated.add(item.device_model)
        self.clear_incident("D160", item.device_model, now)
        self.clear_incident(("C", "D"), item.device, now)

    # ---- reference data ----

    def known_of(self, kind):
        return {"INV": self.inventory, "COS": self.events, "NMM": self.models, "PTY": self.parties}[kind]

    def refer_to(self, file):
        """What is known of the type after the file, and its findings."""
        known = self.known_of(file.kind)
        known = {} if file.mode == "FULL" or known is None else dict(known)
        errors, warnings, seen = [], [], set()
        for record, row in enumerate(file.rows, 1):
            key = reference_key(file.kind, row)
            wrong = row["Action"] not in ("SET", "REMOVE") or file.mode == "FULL" and row["Action"] == "REMOVE"
            codes = ["C120"] if wrong else []
            if file.kind == "INV" and not EUI64.fullmatch(row["DeviceID"]):
                codes.append("C101")
            elif file.kind == "INV" or not wrong:  # a key of another type is compared if nothing else is wrong
                codes += ["C102"] if key in seen else []
                seen.add(key)
            errors += [(record, code) for code in codes]
            if not codes and row["Action"] == "SET":
                known[key] = row
            elif not codes and known.pop(key, None) is None:
                warnings.append((record, "C119"))
        return known, errors, warnings

    def strange_events(self, file, wrong, now):
        """C124: events that meet no Device, or cannot be."""
        points = {row["MPxN"].lstrip("0") for row in (self.inventory or {}).values()}
        return [(record, "C124") for record, row in enumerate(file.rows, 1)
                if record not in wrong and row["Action"] == "SET" and
                (points and row["MPxN"].lstrip("0") not in points or
                 row["LosingSupplierId"].upper() == row["GainingSupplierId"].upper() or
                 not "2010-01-01" <= row["SupplyStartDate"] <= text_of(now + 366 * DAY)[:10])]

    def contradict(self, file, wrong, now):
        """D152: TCoS credentials so long after a migration."""
        for record, row in enumerate(file.rows, 1):
            device = row["DeviceID"].upper()
            migrated = [item for item in self.items if item.device == device and item.has_migrated and
                        item.ended_at < file.created - self.settings.inventory_lag]
            if record not in wrong and row["Action"] == "SET" and row["Credentials"] == "TCOS" and migrated:
                self.begin_incident("D152", device, now)
        for code, device, _, _ in self.incidents:
            if code == "D152" and self.inventory.get(device, {}).get("Credentials") != "TCOS":
                self.clear_incident("D152", device, now)

    def refer(self, file, now, _answers):
        known, errors, warnings = self.refer_to(file)
        if file.kind == "INV":
            self.inventory = known
            self.inventory_at = file.created
            for device in known:
                self.clear_incident("C103", device, now)
            self.contradict(file, {record for record, _ in errors}, now)
        elif file.kind == "COS":
            self.events = known
            warnings += self.strange_events(file, {record for record, _ in errors}, now)
        elif file.kind == "NMM":
            self.models = known
        else:
            self.parties = known
            self.with_parties = True
        if file.kind in ("INV", "PTY"):
            self.watch_parties(now)
        return errors, warnings

    def watch_parties(self, now):
        """Who has Devices in the inventory and gets no reports. Before the first PTY nobody is asked about."""
        named = {f"{role} {row[column].upper()}" for row in (self.inventory or {}).values()
                 for role, column in (("SUPPLIER", "SupplierId"), ("MAP", "MAPId")) if row[column]}
        unnamed = named - {f"{row['Role']} {row['PartyId'].upper()}" for row in self.parties.values()}
        unnamed = unnamed if self.with_parties else set()
        for code, subject, _, cleared in list(self.incidents):
            if code == "A115" and cleared is None and subject not in unnamed:
                self.clear_incident("A115", subject, now)
        for subject in sorted(unnamed):
            self.begin_incident("A115", subject, now)
