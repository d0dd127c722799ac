"""Plays a history of the model test to the program, and compares what it says with what the model says."""
import csv
import glob
import json
import os
import random
import re
import signal

from home import Home
from model_files import GATEWAY, Answer
from model_history import ready_all
from model_items import DROPS, ENDS, Settings
from model_reached import Reached
from model_reports import REFS
from model_rules import PARTNERS_D, is_malformed_confirmation, is_malformed_result
from model_speech import CONTRAST, early
from model_state import Model
from model_time import text_of, time_of

PARTIES = {"mcc": "MCC", "tcos": "TCSP", "ecos": "ECSP", "dcc": "DCC"}
ANSWERS = ("EMA", "EMD", "EMW", "EMO", "INC")  # what else is written is not the model's


class Played:
    """One history in the playing: a home, a model, and what both have said so far."""

    kills = 0  # of all that were played
    back = 0  # passes for which the clock was set back
    again = 0  # files that an operator has had delivered again
    reached = Reached()

    def __init__(self, history):
        self.home = Home("\n".join([*history.lines, *(f"drop {drop} complete=at-once" for drop in
                                                      DROPS)]))
        self.model = Model(Settings(**history.settings))
        configure_drops(self.home, self.model.settings.drops)
        self.formats = self.model.settings.formats
        configure_formats(self.home, self.formats)
        with open(self.home.conf, "a", encoding="utf-8") as file:
            file.write("".join("\n" + one.lines() for one in self.model.settings.expectations))
        self.numbers = {}
        for event in history.events:
            for file in event.files:
                (file.again or file).name = None
        self.known = set()      # names of answers
        self.sequences = {}     # type of an answer: its numbers
        self.owed_since = []    # times of events after which drops were owed answers that a pause kept back
        self.replaced = set()   # (Device, work item, side) that said that it was replaced
        self.ordered = {}       # Device: work item that it was ordered for last
        self.outcomes = {}      # work item: its outcome in an EMO
        self.lost = {}          # (drop, name): bytes of a file that its recipient lost and is to get again
        self.past = {}          # work item: the history that `device show` reported of it before
        self.raised = []        # (code, what it is about) of each incident that an INC has reported, by its number

    def play(self, event):
        """What differs after one event, a line each."""
        files = ready_all(event.files, self.numbers, self.formats)
        for file in files:
            file.send(self.home)
        for drop in event.takes:
            self.take_all(drop)
        orders = list(event.given_orders())
        expected = self.model.play(event, files)
        Played.reached.add(expected, orders)
        now = self.model.now
        carried_out = self.give_orders(orders, text_of(event.at))
        lines = self.lose_files(event)
        done = self.run_passes(event)
        found = self.new_answers()
        lines += self.compare_lost() if done is None or done.returncode != 2 else []
        lines += [] if carried_out == expected.orders else [f"orders: {carried_out}, expected {expected.orders}"]
        lines += self.compare_status(done, expected, now)
        lines += compare_acknowledgements(files, expected, found)
        lines += compare_rows("EMD", expected.emd, found)
        lines += compare_orders(expected, found, self.model.settings)
        lines += compare_rows("EMO", expected.emo, found)
        lines += self.compare_incident_files(expected, found, now)
        lines += self.compare_reports(expected.reports)
        lines += self.compare_headers(found, now) + self.invariants(expected.judged, found)
        return lines or self.compare_devices(now, everything=False)

    def give_orders(self, orders, now):
        """Whether each order was carried out. What was stated before one that ends a Device as failed, or releases it,
        is overruled."""
        failed = {subject for subject, what in orders if what == "failed"}
        self.replaced = {said for said in self.replaced if said[0] not in failed or self.is_settled(said[1])}
        carried_out = [self.give_order(subject, what, now) for subject, what in orders]
        released = {subject for (subject, what), done in zip(orders, carried_out)
                    if what == "released" and done and subject not in self.model.ended_holds}
        self.replaced = {said for said in self.replaced if said[0] not in released}
        return carried_out

    def give_order(self, subject, what, now):
        if what == "close":
            found = [one["id"] for one in self.home.json("incident", "list", now=now)
                     if (one["code"], one["subject"]) == subject]
            words = ["incident", "close"]
        elif what in ("hold", "let go", "refuse", "judge again"):
            found = sorted(job["id"] for job in self.home.json("spool", "list", now=now)
                           if job["name"] == subject.name)[:1]  # the others are the same file once more
            words = ["spool", {"let go": "release", "refuse": "reject", "judge again": "requeue"}.get(what, what)]
        elif what in ("pause", "resume"):
            found, words = ["--reason"], ["dispatch", what]
        elif what.endswith(" drop"):
            found, words = ["--reason"], ["drop", what.split()[0], subject[0], f"--{subject[1]}"]
        elif what.endswith(" batch"):  # the name of a batch may be that of a rejected one, too
            found = [row["job"] for row in self.home.json("batch", "list", now=now)
                     if row["batch"] == f"MCC.{subject}" and row["accepted"]]
            words = ["batch", what.split()[0]]
        elif what.endswith(" device"):
            found, words = [subject], ["device", what.split()[0]]
        else:
            found = [subject]
            words = ["device", "release"] if what == "released" else ["device", "end", "--as", what]
        done = [self.home.command(*words, *([str(one), "--reason"] if one != "--reason" else [one]), "told",
                                  now=now).returncode == 0 for one in found]
        return done == [True]

    def lose_files(self, event):
        """Before some passes recipients lose files that they had, and an operator has them delivered again. The model
        has no word for it: nothing else may change. A folder that is away for the pass loses none, or the drop would
        be down (A103); nor does one whose files are not taken, or the loss would close its A114."""
        chance = random.Random(event.at)
        untaken = {subject for code, subject, _, cleared in self.model.incidents if code == "A114" and cleared is None}
        pairs = sorted(one for one in self.known if isinstance(one, tuple) and len(one) == 2 and one[0] in DROPS)
        here = [(drop, name) for drop, name in pairs if (drop, name) not in self.lost
                and (drop, "out") not in event.away and drop not in untaken and name in self.home.out(drop)]
        if not here or chance.random() > .1:
            return []
        names = chance.sample(here, min(len(here), chance.randint(1, 3)))
        for drop, name in names:
            self.lost[drop, name] = self.home.read_out(drop, name)
            os.remove(self.home.path("drops", drop, "out", name))
        told = self.home.command("redeliver", *(name for _, name in names), "--reason", "lost", now=text_of(event.at))
        return [] if told.returncode == 0 else [f"redeliver {names}: {told.stderr.decode()}"]

    def compare_lost(self):
        """Which files that were to come again did not, or came with other bytes. A pause keeps them back."""
        lines = []
        for drop, name in [one for one in self.lost if (one[0], "out") not in self.model.paused_drops]:
            content = self.lost.pop((drop, name))
            if name not in self.home.out(drop):
                lines.append(f"{name} was to be delivered again, and is not in drop {drop}")
            elif self.home.read_out(drop, name) != content:
                lines.append(f"{name} was delivered again with other bytes")
            Played.again += 1
        return lines

    def is_settled(self, work_item):
        return any(item.work_item == work_item and item.state == "MIGRATED" for item in self.model.items)

    def run_passes(self, event):
        """How the pass ended; None: there was more than one."""
        if not event.away:
            return self.pass_once(event)
        for drop, side in event.away:
            os.rename(self.home.path("drops", drop, side), self.home.path(f"away-{drop}-{side}"))
        self.pass_once(event)
        for drop, side in event.away:
            os.rename(self.home.path(f"away-{drop}-{side}"), self.home.path("drops", drop, side))
        self.home.run(now=text_of(event.at))
        return None

    def pass_once(self, event):
        now = text_of(event.at)
        Played.back += event.at < self.model.now
        if event.crash:
            done = self.home.run(now=now, env={"ECOSGATE_CRASH": event.crash})
            if done.returncode != -signal.SIGKILL:
                return done
            Played.kills += 1
            self.home.run(now=now)
            return None
        return self.home.run(now=now)

    def compare_status(self, done, expected, now):
        if done is None:
            return []
        refused = any(outcome in ("PA", "RJ") for _, outcome, _ in expected.judged)
        waits = self.model.inventory_is_stale(now) or self.model.undecided() or self.model.reports.waiting
        status = 2 if waits else int(refused)
        if done.returncode == status:
            return []
        return [f"run: exit {done.returncode}, expected {status}: {done.stderr.decode()[-600:]}"]

    def new_answers(self):
        found = []
        for drop in DROPS:
            for name in self.home.out(drop):
                answer = None if (drop, name) in self.known else self.answer_in(drop, name)
                if answer:
                    self.known.add((drop, name))
                    found.append(answer)
        return sorted(found, key=lambda answer: int(answer.header["FileSequence"]))

    def answer_in(self, drop, name):
        """None: it is a report, or a folder of reports."""
        if drop in self.formats:
            return None if os.path.isdir(self.home.path("drops", drop, "out", name)) else \
                self.formats[drop].answer(name, self.home.read_out(drop, name))
        return Answer(name, self.home.read_out(drop, name)) if name[:3] in ANSWERS else None

    def take_all(self, drop):
        """The recipient takes what stands in its folder."""
        for name in self.home.out(drop):
            path = self.home.path("drops", drop, "out", name)
            if os.path.isfile(path):
                os.remove(path)
                self.lost.pop((drop, name), None)  # it has come again in a pass that was not compared

    def compare_headers(self, found, now):
        """Whose they are, from when, and that their numbers have no gap but of those that a pause keeps back."""
        lines, times = [], {text_of(at) for at in (*self.owed_since, now)}
        for answer in found:
            header = answer.header
            self.sequences.setdefault(answer.kind, set()).add(int(header["FileSequence"]))
            expected = {"SenderId": GATEWAY, "Environment": "TEST"}
            reported = {name: header[name] for name in expected}
            if reported != expected or header["CreationDateTime"] not in times:
                lines.append(f"header of {answer.name}: {reported}, {header['CreationDateTime']}, expected {expected}, "
                             f"{sorted(times)}")
            lines += [f"{answer.name}: a column passed on has another text: {row}" for row in answer.wrongly_passed]
        owed = self.model.owed
        for kind, numbers in self.sequences.items():
            if max(numbers) - len(numbers) > owed.numbers_of(kind):
                lines.append(f"{kind}: numbers are left out: {sorted(set(range(1, max(numbers))) - numbers)}")
        self.owed_since = [*self.owed_since, now] if owed.ema or owed.emd or owed.emo else []
        return lines

    def new_reports(self):
        """{(ref, start of the period, MPID, or nothing for everybody's): rows} of those that the model knows."""
        found = {}
        if "report" in self.formats:
            return self.spoken_reports()
        for path in [*glob.glob(self.home.path("drops", "*", "out", "SUP*", "*.csv")),
                     *glob.glob(self.home.path("drops", "dcc", "out", "MGMT_*.csv"))]:
            ref, mpid, _, date, time = os.path.basename(path)[:-4].split("_")
            mpid = "" if ref == "MGMT" else mpid
            key = ref, time_of(f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}Z"), mpid
            if ref in REFS and key not in self.known:
                self.known.add(key)
                with open(path, encoding="utf-8", newline="") as file:
                    found[key] = list(csv.DictReader(line for line in file if not line.startswith("#COUNT")))
        return found

    def spoken_reports(self):
        found = {}
        for path in [*glob.glob(self.home.path("drops", "*", "out", "SUP*", "*")), *glob.glob(
                self.home.path("drops", "dcc", "out", "*"))]:
            for ref in REFS if path not in self.known and os.path.isfile(path) else ():
                with open(path, "rb") as file:
                    report = self.formats["report"].report(ref, os.path.basename(path), file.read())
                if report:
                    self.known.add(path)
                    start, mpid, rows = report
                    found[ref, time_of(start), "" if ref == "MGMT" else mpid] = rows
        return found

    def compare_reports(self, expected):
        """Every file of every period, with its rows in their order."""
        found, lines = self.new_reports(), []
        for key in sorted({*found, *expected}):
            ref, start, mpid = key
            what = f"{ref} of {mpid}, {text_of(start)}"
            if key in found and key in expected:
                lines += compare_each(what, expected[key], found[key])
            else:
                lines.append(f"{what}, is {'missing' if key in expected else 'not expected'}")
        return lines

    def compare_incident_files(self, expected, found, now):
        """Every beginning and end once, in the pass in which it came; IDs count up and stay the incident's."""
        lines, reported = [], []
        for row in [row for answer in found if answer.kind == "INC" for row in answer.rows]:
            about = row["Code"], row["FileName"] if row["Category"] == "b" else row["DeviceID"]
            reported.append((row["Event"], *about))
            if row["Event"] == "RAISED":
                self.raised.append(about)
                number = len(self.raised)
            else:
                number = int(row["IncidentId"][4:])
            if row["IncidentId"] != f"INC-{number:06}" or self.raised[number - 1:number] != [about] or \
                    (row["At"], row["Category"]) != (text_of(now), row["Code"][0].lower()):
                lines.append(f"INC: a row that does not fit: {row}")
        wanted = [(event, code, subject.partition("/")[2] if code[0] == "B" else
                   subject if code[0] == "C" or code in PARTNERS_D else "")
                  for event, code, subject in expected.inc]
        return lines if sorted(reported) == sorted(wanted) else [*lines, f"INC: {reported}, expected {wanted}"]

    # ---- what holds whatever the model says ----

    def invariants(self, judged, found):
        self.record_statements(judged)
        lines = []
        for answer in found:
            for row in answer.rows if answer.kind == "EMW" else []:
                device, item = row["DeviceID"], row["WorkItemId"]
                if device in {one for one, _, _ in self.replaced}:
                    lines.append(f"{device} is ordered though its replacement was confirmed before")
                before = self.ordered.get(device)
                if before not in (None, item) and before not in self.ended():
                    lines.append(f"{device} is ordered for {item} while {before} is live")
                self.ordered[device] = item
            for row in answer.rows if answer.kind == "EMO" else []:
                before = self.outcomes.get(row["WorkItemId"], row["Outcome"])
                if before != row["Outcome"] and (before == "MIGRATED" or
                                                 before in ENDS and row["Outcome"] != "MIGRATED"):
                    lines.append(f"{row['WorkItemId']} has the outcome {row['Outcome']} after {before}")
                self.outcomes[row["WorkItemId"]] = row["Outcome"]
        return lines

    def record_statements(self, judged):
        """What came in this pass counts before its work orders. judged: as Answers.ema, which is compared."""
        for file, outcome, reported in judged:
            for record, row in enumerate(file.rows, 1):
                codes = {code for of, code in reported if of in (None, record)}
                if outcome != "RJ" and file.kind in ("EMT", "EMC") and codes - warnings_of(file.kind, row) <= {"C119"}:
                    self.record_statement(row, codes & {"C119"})

    def record_statement(self, row, codes):
        """Records an accepted statement. One that is only reported (C119) takes nothing back, unless the work has ended
        in vain: then the newest statement of a side counts."""
        said = (row["DeviceID"], row["WorkItemId"], "Result" in row)
        item = next((one for one in self.model.items if one.work_item == row["WorkItemId"]), None)
        if row.get("Result") == "SUCCESS" or row.get("Confirmed") == "Y":
            if item is None or not item.says_again_what_was_overruled("Result" in row):
                self.replaced.add(said)
        elif not codes or item is not None and item.ended_in_vain and not item.replaced:
            self.replaced.discard(said)

    def ended(self):
        return {item.work_item for item in self.model.items if item.state in ENDS}

    # ---- every Device's state ----

    def compare_devices(self, now, everything):
        """Those that changed, or all."""
        lines = []
        for device in sorted({item.device for item in self.model.items if item.device}):
            mine = [item for item in self.model.items if item.device == device]
            if not everything and all(item.steps[-1][2] < now for item in mine):
                continue
            done = self.home.command("--json", "device", "show", device, now=text_of(now))
            if done.returncode != 0:
                return [f"device show {device}: exit {done.returncode}: {done.stderr.decode()}"]
            shown = json.loads(done.stdout)
            live = next((item for item in mine if item.live), None)
            item = live or next((one for one in reversed(mine) if one.has_migrated), mine[-1])
            facts = {"state": item.state, "code": item.code or None, "live_work_item": live and live.work_item,
                     "tries": sum(item.tries for item in mine), "next_eligible": text_of(item.next_eligible) or None}
            lines += [f"device show {device}: {name} is {shown[name]}, expected {value}" for name,
                      value in facts.items()
                      if shown[name] != value]
            for item in mine:
                lines += self.compare_history(item,
                                              [row for row in shown["history"] if row["work_item"] == item.work_item])
        return lines

    def compare_history(self, item, reported):
        past = self.past.get(item.work_item, [])
        self.past[item.work_item] = reported
        if reported[:len(past)] != past:
            return [f"the history of {item.work_item} has changed: it was", *past, "and is now", *reported]
        steps = [(row["state"], row["code"] or "", row["at"]) for row in reported]
        expected = [(state, code, text_of(at)) for state, code, at in item.steps]
        return [] if steps == expected else [f"the history of {item.work_item} is {steps}", f"expected {expected}"]


    def at_the_end(self, now):
        verified = self.home.command("spool", "verify", now=text_of(now))
        lines = []
        if verified.returncode != 0:
            lines.append(f"spool verify: {verified.stdout.decode()}{verified.stderr.decode()}")
        return lines + self.compare_incidents(now) + self.compare_devices(now, everything=True)

    def compare_incidents(self, now):
        done = self.home.command("--json", "incident", "list", "--all", now=text_of(now))
        reported = [json.loads(line) for line in done.stdout.decode().splitlines()]
        reported = sorted([one["code"], one["subject"], one["begun"], one["cleared"] or ""] for one in reported)
        expected = sorted([*names, text_of(begun), text_of(cleared)] for *names, begun, cleared in self.model.incidents)
        return [] if reported == expected else ["incident list: there are", *reported, "expected", *expected]


def warnings_of(kind, row):
    """Codes with which a record counts all the same: numbers left out, and a time that cannot be."""
    malformed = is_malformed_result(row) if kind == "EMT" else is_malformed_confirmation(row)
    return {"B108"} if malformed else {"B108", "C120"}


def configure_drops(home, drops):
    """Puts the groups of these drops into this order, where the first of them is."""
    with open(home.conf, encoding="utf-8") as file:
        groups = re.split(r"^(?=\[)", file.read(), flags=re.M)
    mine = {f"[drop {drop}]": drop for drop in drops}
    places = [n for n, group in enumerate(groups) if group.split("\n")[0] in mine]
    moved = sorted((groups[n] for n in places), key=lambda group: drops.index(mine[group.split("\n")[0]]))
    for n, group in zip(places, moved):
        groups[n] = group
    with open(home.conf, "w", encoding="utf-8") as file:
        file.write("".join(groups))


def configure_formats(home, formats):
    if not formats:
        return
    coming = early(home)  # all that have the proposal's are to have another one some day
    home.set("\n".join(f"party {party} profile={CONTRAST if of in formats else coming + ';proposal-1.0'}"
                       for of, party in PARTIES.items()))
    if "report" in formats:
        with open(home.conf, "a", encoding="utf-8") as file:
            file.write(f"\n[report]\nprofile={CONTRAST}\n")


def compare_acknowledgements(files, expected, found):
    """Each file's EMA: outcome, and which codes which records have."""
    reported, names = {}, []
    for ema in found:
        if ema.kind == "EMA":
            codes = {(int(row["RecordNumber"]) if row["RecordNumber"] else None, row["Code"]) for row in ema.rows}
            if ema.file["Outcome"] == "RJ":  # what its records have besides does not matter
                codes = {code for code in codes if code[0] is None}
            if ema.is_unknown:  # nor what is in a file with a wrong name
                codes = {code for code in codes if code[1] < "B107" or code[1] == "B115"}
            reported.setdefault(ema.file["Name"], []).append((ema.file["Outcome"], codes))
            names.append(ema.first)
    lines = []
    for file, outcome, codes in expected.ema:
        mine = reported.get(file.name, [])
        if (outcome, codes) in mine and file.acknowledgement() in names:
            mine.remove((outcome, codes))
        else:
            lines.append(f"EMA of {file.name}: {mine}, expected {(outcome, codes)}")
    return lines + [f"EMA of {name} that is not expected: {mine}" for name, mine in reported.items()
                    if mine and name not in {file.name for file, _, _ in expected.ema}]


def compare_rows(kind, expected, found):
    """expected: (file, rows), and the number behind R if it is not 1."""
    reported = {answer.name: answer for answer in found if answer.kind == kind}
    lines = []
    for file, rows, *number in expected:
        name = file.answer(kind, *number)
        mine = reported.pop(name, None)
        if mine is None or mine.header["BatchId"] != file.batch:
            lines.append(f"{kind} of {file.batch}, {name}, is missing")
        else:
            lines += compare_each(f"{kind} of {file.batch}, {name}", rows, mine.rows)
    return lines + [f"{kind} {name} is not expected: {answer.rows}" for name, answer in reported.items()]


def compare_each(what, rows, reported):
    lines = [] if len(rows) == len(reported) else [f"{what}: {len(reported)} rows, expected {len(rows)}"]
    for n, (row, mine) in enumerate(zip(rows, reported), 1):
        for name, value in row.items():
            shown = sorted({part.split()[0] for part in mine["Text"].split("; ")
                            if part}) if name == "codes" else mine.get(name, value)  # a format may leave it out
            if shown != value:
                lines.append(f"{what}, row {n}: {name} is {shown!r}, expected {value!r}")
    return lines


def compare_orders(expected, found, settings):
    orders = [answer for answer in found if answer.kind == "EMW"]
    lines = [f"EMW {order.header['FileSequence']}: {len(order.rows)} Devices are too many" for order in orders
             if len(order.rows) > settings.work_order_devices]
    lines += [f"EMW {order.header['FileSequence']}: its records are not numbered 1, 2, 3 …" for order in orders
              if [row["RecordNumber"] for row in order.rows] != [str(n) for n in range(1, len(order.rows) + 1)]]
    return lines + compare_each("work orders", expected.emw, [row for order in orders for row in order.rows])
