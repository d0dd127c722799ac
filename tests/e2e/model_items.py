"""The reference of the model test: the configuration, each Device of an instruction, and the answers of a pass."""
import collections

from model_rules import EUI64, model_of
from model_time import DAY, HOUR, MINUTE

LIVE = ("READY", "DISPATCHED", "RETRY_WAIT", "CONFIRM_PENDING", "CONFIRM_MISMATCH")
ENDS = ("MIGRATED", "FAILED", "REJECTED", "DEFERRED")
REFERENCE = ("INV", "COS", "NMM", "PTY")
STATEMENTS = ("EMT", "EMC")  # results and confirmations
DROPS = ("mcc", "tcos", "ecos", "dcc")  # in the order in which `init` configures them


class Settings:
    """ecosgate.conf as far as a Device's way depends on it."""

    def __init__(self, **given):
        self.drops = DROPS
        self.formats = {}  # drop: the format that its partner speaks, if it is not the proposal; "report"
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
        self.thresholds = {}  # kind: (an hour, a day, times the usual), model_volume.py
        self.model_failures = 10
        self.review = {}  # code: reject (else), warn, off
        self.expectations = []  # what should come (model_expected.py)
        self.missing_after = 0  # hours for which a number may be missing; 0: it may be
        self.taken_within = {}  # drop: hours within which its recipient takes files
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
        self.denied = None         # the code of the result that is "FAILED"
        self.replaced_id = ""      # the SubjectId that it says was there before
        self.ecos = None           # ("Y", SubjectId, KeyId) or ("N",)
        self.tcos_at = self.ecos_at = None  # when that was recorded
        self.failure = None        # code, tries and NextEligible of a session that failed, whatever came of it later
        self.reported = False          # D150
        self.withdrawn = False     # by an operator, while its try was ordered
        self.corrected = False     # its end was corrected by a late success
        self.overruled = None, None  # what the sides had stated when an operator ended it as failed, or released it
        self.released = None       # how many steps it had when an operator released the Device
        self.ended_as_failed = None    # how many steps it had when an operator ended it as failed
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

    def says_again_what_was_overruled(self, of_tcos):
        """The statement of that side that counts is still the one that an operator has overruled."""
        side = 0 if of_tcos else 1
        return self.overruled[side] is not None and (self.tcos, self.ecos)[side] is self.overruled[side]

    @property
    def has_migrated(self):
        """And no operator has overruled it."""
        return self.state == "MIGRATED" and self.released != len(self.steps)

    @property
    def has_success(self):
        return isinstance(self.tcos, tuple) or (self.ecos or "N")[0] == "Y"

    @property
    def ended_in_vain(self):
        """FAILED, or DEFERRED or REJECTED after a try."""
        return self.state in ("FAILED", "DEFERRED", "REJECTED") and self.trial > 0

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
        self.judged = []  # as ema, whether its EMA goes out now or later
        self.reports = {}  # (ref, start of the period, MPID): [row, …]
        self.came_to = collections.Counter()  # rules that decided something, in words

    def add(self, later):
        """What a later pass wrote."""
        for mine, more in ((self.ema, later.ema), (self.emd, later.emd), (self.emw, later.emw), (self.emo, later.emo),
                           (self.inc, later.inc), (self.orders, later.orders), (self.judged, later.judged)):
            mine += more
        self.reports.update(later.reports)
        self.came_to.update(later.came_to)

    def has_for(self, drop):
        """Whether a file goes to the drop of a partner."""
        return any(file.drop == drop for file, _, _ in self.ema) or drop == "mcc" and bool(self.emd or self.emo) or \
            drop == "tcos" and bool(self.emw)

    def split(self, drops):
        """Takes out what goes to these drops, but for work orders: they are not made while their drop is paused."""
        other = Answers()
        for mine, taken in ((self.ema, other.ema), (self.emd, other.emd), (self.emo, other.emo)):
            taken += [one for one in mine if one[0].drop in drops]
            mine[:] = [one for one in mine if one[0].drop not in drops]
        return other

    def numbers_of(self, kind):
        """How many files of a type."""
        return len({"EMA": self.ema, "EMD": self.emd, "EMO": self.emo}.get(kind, ()))
