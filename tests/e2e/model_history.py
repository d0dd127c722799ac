"""Random histories for the model test: what partners send, when, and where the gateway is killed.

    history = make_history(seed)        history.settings, history.events
    event.at, event.files, event.crash

A history is plain data: whatever is left out of it, the rest still means the same. To be worth something its results
name work items that are there and its times lie where something is due, so it is made along a model of its own.
"""
import copy
import random
import re

from home import SOURCE
from model_expected import SENDERS, Expectation
from model_files import File
from model_items import DROPS, Settings
from model_reports import month
from model_senders import ECOS_SUBJECT, START, Senders, device_row
from model_speech import Speech
from model_state import Model
from model_time import DAY, HOUR, MINUTE, text_of
from model_volume import KINDS, thresholds_of

# Steps that `init` alone passes, or operators' orders, or drops that are down
NOT_HERE = re.compile(r"spool-made|ledger-made|outage|order-|job-returned|job-set|job-reasoned|mark|orphan|"
                      "pickup-noted")


class Event:
    """orders: (subject, what) as Model.carry_out has them, before the pass; an incident may be about a file, which has
    its name later. away: (drop, "in" or "out"), folders that are not there in a first pass. takes: drops whose
    recipients take their files before it."""

    def __init__(self, at, files=(), crash=None, orders=(), away=(), takes=()):
        self.at, self.files, self.crash, self.orders, self.away = at, list(files), crash, list(orders), tuple(away)
        self.takes = tuple(takes)

    def passes(self, files):
        """(files that can be picked up, folders that are away) of each pass. A folder that was away is there again in
        the second one, at the same time."""
        if not self.away:
            return [(files, ())]
        down = {drop for drop, side in self.away if side == "in"}
        return [([file for file in files if file.drop not in down], self.away),
                ([file for file in files if file.drop in down], ())]

    def given_orders(self):
        """With the names that files have now."""
        for subject, what in self.orders:
            if what == "close" and isinstance(subject[1], File):
                subject = subject[0], subject[1].subject
            yield subject, what

    def __str__(self):
        crash = f"  killed at {self.crash}" if self.crash else ""
        crash += "".join(f"  taken: {drop}" for drop in self.takes)
        crash += "".join(f"  away: {drop}/{side}" for drop, side in self.away)
        orders = "".join(f"\n    {what}: {self.named(subject)}" for subject, what in self.orders)
        files = "".join(f"\n    {file}" for file in self.files or ["nothing comes"])
        return f"{text_of(self.at)}{crash}{orders}{files}"

    @staticmethod
    def named(subject):
        if isinstance(subject, tuple) and subject[1] in ("in", "out"):
            return " ".join(subject)
        if isinstance(subject, tuple):
            return f"{subject[0]} of {Event.named(subject[1])}"
        return f"{subject.kind} {subject.batch}" if isinstance(subject, File) else subject


class History:
    def __init__(self, seed, settings, lines, events):
        self.seed, self.settings, self.lines, self.events = seed, settings, lines, events

    def without(self, events):
        return History(self.seed, self.settings, self.lines, events)

    def __str__(self):
        other = [f"{of} in another format" for of in self.settings.get("formats", ())]
        return "\n".join([f"seed {self.seed}", *self.lines, *other, *map(str, self.events)])


def steps():
    with open(f"{SOURCE}/spool/steps.def", encoding="utf-8") as file:
        names = re.findall(r'^STEP\(\w+, "([a-z-]+)"', file.read(), re.M)
    return [name for name in names if not NOT_HERE.match(name)]


def choose_formats(seed):
    """{drop, or "report": the format of its files} of those that have not the proposal's. Of three histories one has
    the proposal's only, one another for each, one another for some."""
    chance = random.Random(f"formats of {seed}")
    formats = {of: Speech() for of in (*DROPS, "report") if chance.random() < seed % 3 / 2}
    for speech in formats.values():
        speech.from_here = "mcc" in formats
    return formats


class Maker(Senders):
    def __init__(self, seed, length):
        self.random = random.Random(seed)
        self.operator = random.Random(f"operator {seed}")  # of its own: so the rest of a history stays what it was
        self.waits = random.Random(f"waits {seed}")  # likewise: what should come, and drops that operators pause
        self.hasty = random.Random(f"hasty {seed}")  # likewise
        self.volume = random.Random(f"volume {seed}")  # likewise: thresholds
        self.length = length
        self.settings, self.lines = self.choose_settings()
        self.settings["formats"] = choose_formats(seed)
        self.choose_expected()
        self.choose_thresholds()
        self.model = Model(Settings(**self.settings))
        self.devices = [device_row(n) for n in range(self.random.randint(6, 14))]
        self.is_long = self.random.random() < .6  # it lasts several periods of all reports
        self.inventory = {row["DeviceID"]: self.inventory_row(row) for row in self.devices}
        self.with_inventory = self.settings.get("inventory") == "required" or self.random.random() < .5
        self.with_inventory |= self.is_long
        self.now = START
        self.came = []        # files that have come,
        self.sent = []        # those of them that may come again,
        self.refused = []     # and those that were rejected
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
        choose(.4, "dispatch_hours", ("gateway dispatch_hours=13-23", (13, 23)),
               ("gateway dispatch_hours=22-13", (22, 13)))
        choose(.3, "work_order_devices", *((f"gateway work_order_devices={n}", n) for n in (1, 2)))
        choose(.3, "ecos_subject", (f"gateway ecos_subject={ECOS_SUBJECT}", ECOS_SUBJECT))
        choose(.4, "outcome_wait", *((f"gateway outcome_wait={n}", n * HOUR) for n in (1, 24)))
        choose(.3, "inventory_lag", *((f"gateway inventory_lag={n}", n * HOUR) for n in (0, 1, 24)))
        choose(.2, "session_length", ("gateway session_length=2", 2 * HOUR))
        choose(.5, "shrink_limit", *((f"gateway shrink_limit={n}", n) for n in (0, 50, 100)))
        choose(.4, "model_failures", *((f"gateway model_failures={n}", n) for n in (1, 2, 3)))
        choose(.2, "retry_delays", ("gateway retry_delays=5;7", [5 * MINUTE, 7 * MINUTE]))
        choose(.3, "tcos_closes", *((f"gateway tcos_closes={text_of(at)}", at) for at in (
            START + HOUR, START + 3 * HOUR, START + 26 * HOUR, START + 3 * DAY, START + 40 * DAY, START + 50 * DAY)))
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

    def choose_expected(self):
        """What should come, how long numbers may be missing, and how long files may stand in a drop."""
        chance = self.waits
        if chance.random() < .5:
            self.settings["expectations"] = [Expectation(
                name, chance.choice(list(SENDERS)), (chance.randrange(24), chance.choice((0, 30))),
                (chance.randrange(24), 0) if chance.random() < .4 else (0, 0), chance.choice((1, 1, 2)),
                chance.choice(("UTC", "Europe/London")), chance.choice((range(7), range(5), (1, 6))))
                for name in chance.choice((["nightly"], ["nightly", "other"]))]
        if chance.random() < .5:
            self.settings["missing_after"] = chance.choice((1, 24))
            self.lines.append(f"gateway missing_number_after={self.settings['missing_after']}")
        if chance.random() < .5:
            drops = chance.sample(("mcc", "tcos", "ecos"), chance.choice((1, 2)))
            self.settings["taken_within"] = {drop: chance.choice((1, 24)) for drop in drops}
            self.lines += [f"drop {drop} taken_within={hours}" for drop, hours in self.settings["taken_within"].items()]

    def choose_thresholds(self):
        """Small ones, so that some files cross them."""
        chance = self.volume
        for kind in KINDS if chance.random() < .4 else ():
            hour, day, times = chance.choice(((0, 0, 0), (0, 4, 0), (2, 6, 0), (3, 0, 0), (0, 0, 1), (0, 8, 2)))
            self.settings.setdefault("thresholds", {})[kind] = hour, day, times
            self.lines += thresholds_of(kind, hour, day, times)

    # ---- time ----

    def move_on(self):
        """Mostly a little, or to where something is due, now and then far."""
        items = self.model.items
        kept = [item.ends for item in items if item.state == "RETRY_WAIT" and self.model.is_kept_back(item)]
        if kept and self.operator.random() < .5:  # operators keep a try back until its session's end
            self.now = max(self.now, min(kept))
            return
        late = len(self.sent) > self.length / 2
        far = (3, 4, 4) if late else (1, 2, 0)
        far = (6, 10, 8) if self.is_long else far
        closes = self.model.settings.tcos_closes or 0
        is_near = self.now < closes <= self.now + DAY and any(item.state == "DISPATCHED" for item in items)
        kind = self.random.choices(("stay", "little", "due", "edge", "end", "far", "weeks", "closing"),
                                   (8, 40, 44, 2, *far, 40 if is_near else 6 if closes > self.now else 0))[0]
        due = {"due": [item.due for item in items if item.due and item.state != "CONFIRM_PENDING"],
               "edge": [self.last_call(item) for item in items if item.state == "DISPATCHED"],
               "end": [item.due or item.ends for item in items if item.live and item.ends],
               "weeks": [item.next_eligible for item in items if item.next_eligible],
               "closing": [closes - 5 * MINUTE, closes]}.get(kind, [])
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

    def orders(self):
        """What operators ask for, now and then."""
        makers = [(self.order_about_device, .08), (self.order_about_file, .5), (self.order_about_incident, .06)]
        orders = [order for make, share in makers if self.random.random() < share for order in make()]
        orders += self.order_about_work() if self.operator.random() < .15 else []
        return orders + self.order_about_drop()

    def order_about_drop(self):
        """Pauses a direction of a drop, or resumes one; DCC's `out` never: it gets the reports and incidents."""
        paused, chance = sorted(self.model.paused_drops), self.waits
        if paused:
            return [(chance.choice(paused), "resume drop")] if chance.random() < .3 else []
        if chance.random() > .06:
            return []
        place = chance.choice([(drop, "in") for drop in DROPS] + [(drop, "out") for drop in DROPS if drop != "dcc"])
        return [(place, "pause drop")]

    def takes(self):
        return [drop for drop in self.model.settings.taken_within if self.waits.random() < .3]

    def order_about_work(self):
        """Pauses and resumes dispatch; holds, releases or withdraws a batch or a Device, mostly one in work."""
        choose, model = self.operator.choice, self.model
        live = [item for item in model.items if item.live and item.device]
        if model.paused or not live:
            return [("dispatch", "resume" if model.paused else "pause")]
        held = sorted(model.held_batches)
        if held and self.operator.random() < .5:
            return [(choose(held), "release batch")]
        held = [item.device for item in model.held_items if item.live]
        if held and self.operator.random() < .5:
            return [(choose(held), "released")]
        item = choose(live if self.operator.random() < .9 else [one for one in model.items if one.device])
        return [choose((("dispatch", "pause"), (item.batch, "hold batch"), (item.batch, "withdraw batch"),
                        (item.device, "hold device"), (item.device, "withdraw device"),
                        (item.device, "withdraw device")))]

    def order_about_device(self):
        """Ends the work on a Device, mostly on one of which the sides have not agreed; or releases one whose work has
        ended."""
        known = [item for item in self.model.items if item.device]
        if not known:
            return []
        contradicted = [subject for code, subject, _, cleared in self.model.incidents if code == "D152" and not cleared]
        if contradicted and self.random.random() < .4:
            return [(self.random.choice(contradicted), "released")]
        ended = [item for item in known if item.state == "FAILED" or item.replaced and not item.live]
        if ended and self.random.random() < .4:
            return [(self.random.choice(ended if self.random.random() < .9 else known).device, "released")]
        unsettled = [item for item in known if item.state in ("CONFIRM_PENDING", "CONFIRM_MISMATCH") or
                     item.ended_in_vain and item.has_success]
        item = self.random.choice(unsettled if unsettled and self.random.random() < .9 else known)
        return [(item.device, self.random.choice(("migrated", "failed")))]

    def order_about_file(self):
        """Lets go, rejects or keeps back one that waits."""
        model, choices = self.model, []
        choices += [(file, "let go") for file in model.held * 2 + model.parked]
        choices += [(file, "refuse") for file in model.held + model.parked]
        choices += [(file, "judge again") for file in model.held + model.parked]
        choices += [(("A117", file), "close") for file in model.held]
        choices += [(file, "hold") for file in model.waiting + model.line if file in self.came]
        return [self.random.choice(choices)] if choices else []

    def order_about_incident(self):
        by_subject = {file.subject: file for file in self.came}
        is_open = [(code, by_subject.get(subject, subject)) for code, subject, _, cleared in self.model.incidents
                   if cleared is None]
        return [(self.random.choice(is_open), "close")] if is_open else []

    def folders_away(self):
        """Mostly none. DCC's `out` is always there: it gets the reports. So is that of the work orders: what is ordered
        depends on when in a pass the gateway finds it missing."""
        if self.random.random() > .08:
            return ()
        return self.random.sample([("mcc", "in"), ("tcos", "in"), ("ecos", "in"), ("dcc", "in"), ("mcc", "out"),
                                   ("ecos", "out")], self.random.choice((1, 1, 2)))

    # ---- the whole ----

    def files(self):
        if self.is_long and not self.model.now:
            return self.basis()
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

    def out_of_order(self, files):
        """Now and then a file leaves numbers out, which come later, or never."""
        for file in files:
            if file.again is None and file.fault is None:
                file.skips = self.random.randint(1, 2) if self.random.random() < .08 else 0
                file.behind = self.random.random() < .3

    def remember(self, files, answers):
        fresh = [file for file in files if file.again is None and file.name]
        waits = self.model.held + self.model.line + self.model.parked
        self.came += fresh
        self.sent += [file for file in fresh if file not in waits]
        self.refused += [file for file, outcome, _ in answers.ema if outcome == "RJ"]

    def make(self):
        events = []
        for _ in range(self.length):
            # Only after a pass that has recorded its time for sure, and never by more than is believed: it has picked
            # up a file. One that lies in a paused drop is not even listed.
            steps_back = bool(events) and bool(events[-1].files) and self.random.random() < .15 and \
                any(file.subject not in self.model.lying for file in events[-1].files)
            self.now = self.model.now if steps_back else self.now
            wall = self.now - self.random.choice((1, 30, 299, 600)) if steps_back else self.now
            files = self.files()
            if self.model.now:
                self.out_of_order(files)
                self.name_wrong(files)
            crash = None
            if self.random.random() < .2:
                step, side = self.random.choice(self.steps), self.random.choice(("before", "after"))
                crash = f"{step}:{side}:{self.random.choice((1, 1, 2, 3))}"
            events.append(Event(wall, files, crash, self.orders(), self.folders_away(), self.takes()))
            ready_files = ready_all(files, self.numbers, self.model.settings.formats)
            self.remember(files, self.model.play(events[-1], ready_files))
            self.now = self.model.now
            self.move_on()
        return History(None, self.settings, self.lines, events)


def ready_all(files, numbers, formats):
    """Those that are sent in one pass: each name once, and what comes again only if it came before. formats: drop: the
    format of its files, if it is not the proposal."""
    found = {}
    for file in files:
        if file.again is None:
            file.speech = formats.get(file.drop)
        if file.again is None or file.again.name:
            file = ready(file, numbers)
            found.setdefault(file.subject, file)
    return list(found.values())


def ready(file, numbers):
    """The file as it is sent: with the next number of its type, or as it was sent before."""
    if file.again is not None:
        return copy.copy(file.again)
    left_out = numbers.setdefault(("left out", file.kind), [])
    if file.behind and left_out:
        file.number(left_out.pop())
        return file
    number = numbers.get(file.kind, 0) + 1
    if file.misnamed:  # it uses no number up
        file.fault, file.skips = None, 0
        file.number(number)
        return file
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
