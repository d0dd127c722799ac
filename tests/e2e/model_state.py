"""The reference of the model test: a Device's way as gateway/DEVICES.md tells it, plain and slow.

    model = Model(Settings(daily_limit=3))
    answers = model.run_pass(now, [file, …])     what one pass at that time must write
    model.items                                  every Device of every batch, in the ledger's order

It shares no code with the gateway. Times are seconds UTC; a `file` is what model_files.py makes. Each base class of
Model has one subject.
"""
import collections

from model_dispatch import Dispatch
from model_expected import Expected
from model_incidents import Incidents
from model_intake import Intake
from model_items import REFERENCE, Answers, Settings
from model_operators import Operators
from model_reference import ReferenceData
from model_reports import Reports
from model_review import Review
from model_sessions import Sessions
from model_volume import Volumes

WORK_ORDERS = ("pause", "resume", "hold batch", "release batch", "withdraw batch", "hold device",
               "withdraw device", "pause drop", "resume drop")


class Model(Intake, Incidents, Review, Dispatch, Sessions, ReferenceData, Operators, Expected,
            Volumes):
    def __init__(self, settings=None):
        self.settings = settings or Settings()
        self.items = []
        self.batches = []       # of the accepted instructions
        self.waiting = []       # instructions that wait for an inventory
        self.held = []          # files that would remove too much,
        self.asked = []         # those that ever were,
        self.released = []      # those of them that an operator has let through,
        self.refused = []       # files that an operator has had rejected
        self.refused_now = []   # those that the next pass judges,
        self.line = []          # and reference data that wait behind those that are held
        self.parked = []        # files that an operator holds back
        self.inventory = None   # DeviceID: row; None before the first accepted INV
        self.inventory_at = None
        self.events = {}        # (MPxN, SupplyStartDate): row
        self.models = {}        # key: row
        self.parties = {}
        self.with_parties = False  # a PTY was accepted
        self.first_tries = []   # times
        self.accepted = []      # times
        self.picked_up = 0      # how many files
        self.copies = {}        # drop and name: files that came so
        self.revisions = {}     # name of an EMA: how many have it, but for the number at its end
        self.rejected = {}      # (drop, name of a rejected file or of the EMA that says so): drop and name of the file
        self.numbers = {}       # type: {id of a file: (number, "came", "good" or one of ACCEPTED)}; no bad ones
        self.incidents = []     # [code, subject, begun, cleared]
        self.reports = Reports()
        self.now = 0            # when the last pass acted
        self.reported = []          # what began and ended in this pass
        self.came_to = collections.Counter()  # rules that decided something in it, in words
        self.failed = {}        # Device Model: Devices of it that failed
        self.migrated = {}      # Device Model: Devices of it that migrated, and no operator has overruled
        self.paused = False         # dispatch, by an operator
        self.held_batches = set()   # BatchIds, by an operator or a threshold
        self.over_threshold = set()  # those by a threshold
        self.volumes = []           # Devices that instructions brought: (kind, subject, time, Devices, held)
        self.held_items = []        # the work of single Devices, by an operator
        self.ended_holds = set()    # Devices whose hold an order has ended in this event
        self.paused_drops = set()   # (drop, "in" or "out"), by an operator
        self.lying = {}             # drop and name: file that lies in a drop that is paused
        self.owed = Answers()       # what drops get that are paused
        self.undelivered = set()    # drops that have to get something
        self.standing = {}          # drop: since when files stand there
        self.arrived = []           # all files
        self.first_run = 0
        self.subjects_before = set()  # SubjectIds that Devices had before they migrated

    # ---- one pass, or two ----

    def play(self, event, files):
        """What all passes of an event write."""
        answers, orders = Answers(), list(event.given_orders())
        self.ended_holds = set()
        for drop in event.takes:
            self.take_all(drop)
        for some, away in event.passes(files):
            answers.add(self.run_pass(event.at, some, orders, away))
            orders = []
        answers.judged = list(answers.ema)
        later = answers.split({drop for drop, side in self.paused_drops if side == "out"})
        now = self.owed.split({drop for drop in self.settings.drops if (drop, "out") not in self.paused_drops})
        answers.add(now)
        self.owed.add(later)
        answers.came_to["files that a pause kept back"] += bool(now.ema or now.emd or now.emo)
        return answers

    def run_pass(self, wall, files=(), orders=(), away=()):
        """wall: what the clock says. orders: see carry_out, before the pass. away: (drop, "in" or "out"), folders that
        are not there. A pass acts at no earlier time than the one before. The gateway goes by the newest time that it
        has recorded; a pass that has picked up a file has recorded its own."""
        self.now = now = max(self.now, wall)
        answers = Answers()
        self.reported, self.came_to = answers.inc, answers.came_to
        answers.orders = [self.carry_out(subject, what, now, answers) for subject, what in orders]
        self.reports.issue(self, now)
        self.look_at_drops(away, now)
        files = self.lie_in_drops(files, away)
        self.note_turns(files)
        files = self.pick_up(files)
        self.judge_refused(now, answers)
        self.judge_reference([file for file in files if file.is_reference], now, answers)
        for file in [one for one in files if one.is_statement]:
            self.take(file, now, answers)
        self.pass_time(now, answers)
        self.dispatch(now, answers)
        while self.waiting and not self.instructions_wait(now):
            self.judge(self.waiting.pop(0), now, answers)
            self.dispatch(now, answers)
        for file in [one for one in files if not (one.is_reference or one.is_statement)]:
            self.take(file, now, answers)
            self.dispatch(now, answers)
        if self.inventory_is_stale(now):
            self.begin_incident("A104", "INV", now)
        else:
            self.clear_incident("A104", "INV", now)
        self.dispatch(now, answers)
        self.deliver(away, answers, now)
        answers.reports.update(self.reports.send(self.parties))
        self.reports.watch(self, now)
        self.watch_expected(away, now)
        self.watch_volume(now)
        return answers

    def lie_in_drops(self, files, away):
        """Those that can be picked up; the others lie in drops that are paused. The same name comes once."""
        self.lying.update({file.subject: file for file in files if (file.drop, "in") in self.paused_drops})
        come = [file for file in files if file.subject not in self.lying]
        for subject, file in list(self.lying.items()):
            if (file.drop, "in") not in self.paused_drops and (file.drop, "in") not in away:
                come.append(self.lying.pop(subject))
                self.came_to["a file that lay in a paused drop"] += 1
        return come

    def deliver(self, away, answers, now):
        """What a drop cannot get, it gets later."""
        self.undelivered |= {drop for drop in self.settings.drops if answers.has_for(drop)}
        for drop in sorted(self.undelivered):
            if (drop, "out") in self.paused_drops:
                continue
            if (drop, "out") in away:
                self.begin_incident("A103", drop, now)
                continue
            self.undelivered.remove(drop)
            self.standing.setdefault(drop, now)

    def look_at_drops(self, away, now):
        for drop in self.settings.drops:
            self.clear_incident("A103", drop, now)
            if (drop, "in") in away and (drop, "in") not in self.paused_drops:
                self.begin_incident("A102", drop, now)
            else:
                self.clear_incident("A102", drop, now)

    def note_turns(self, files):
        """Whether reference data come before instructions, though their drop stands behind."""
        kinds = {file.kind for file in files}
        behind = self.settings.drops.index("dcc") > self.settings.drops.index("mcc")
        self.came_to["reference data before instructions"] += behind and "EMI" in kinds and bool(kinds & set(REFERENCE))

    def carry_out(self, subject, what, now, answers):
        """An operator's order; whether it is carried out. subject: a Device to be "migrated", "failed" or "released"; a
        file to "hold", to "let go", to "refuse" or to "judge again"; (code, what it is about) of an incident to
        "close". About work: order_about_work."""
        if what == "close":
            return self.close(*subject, now)
        if what == "judge again":
            return self.judge_again(subject)
        if what in ("hold", "let go"):
            return self.hold(subject) if what == "hold" else self.release(subject, now)
        if what == "refuse":
            return self.refuse(subject, now)
        if what == "released":
            return self.end_hold(subject) or self.release_device(subject, now)
        if what in WORK_ORDERS:
            return self.order_about_work(subject, what, now, answers)
        return self.end_by_order(subject, what, now, answers)
