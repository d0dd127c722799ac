"""The reference of the model test: a Device's way as gateway/DEVICES.md tells it, plain and slow.

    model = Model(Settings(daily_limit=3))
    answers = model.run_pass(now, [file, …])     what one pass at that time must write
    model.items                                  every Device of every batch, in the ledger's order

It shares no code with the gateway. Times are seconds UTC; a `file` is what model_files.py makes. Each base class of
Model has one subject.
"""
from model_dispatch import Dispatch
from model_incidents import Incidents
from model_intake import Intake, in_turn
from model_items import REFERENCE, Answers, Settings
from model_reference import ReferenceData
from model_reports import Reports
from model_review import Review
from model_sessions import Sessions


class Model(Intake, Incidents, Review, Dispatch, Sessions, ReferenceData):
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
