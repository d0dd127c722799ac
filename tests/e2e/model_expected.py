"""The reference of the model test: what should come, and be taken (gateway/INCIDENTS.md, A112 to A114)."""
import datetime
import zoneinfo

from model_intake import GAP
from model_time import HOUR

SENDERS = {"EMI": "MCC", "EMT": "TCSP", "EMC": "ECSP", "INV": "DCC", "COS": "DCC", "NMM": "DCC", "PTY": "DCC"}
UTC = datetime.timezone.utc


class Expectation:
    """A group [expect NAME]. since, by: (hour, minute); weekdays: those of datetime, 0 is Monday."""

    def __init__(self, name, kind, by, since=(0, 0), count=1, zone="UTC", weekdays=range(7)):
        self.name, self.kind, self.by, self.since, self.count = name, kind, by, since, count
        self.zone, self.weekdays = zoneinfo.ZoneInfo(zone), weekdays

    def lines(self):
        names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        return (f"[expect {self.name}]\nparty={SENDERS[self.kind]}\ntype={self.kind}\ncount={self.count}\n"
                f"from={self.since[0]:02}:{self.since[1]:02}\nby={self.by[0]:02}:{self.by[1]:02}\n"
                f"zone={self.zone.key}\ndays={';'.join(names[day] for day in self.weekdays)}\n")

    def moment(self, day, time):
        """Of a time that comes twice the first; of one that does not exist the first that does."""
        local = datetime.datetime.combine(day, datetime.time(*time), self.zone)
        at = local.astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            at = at.replace(minute=0)
        return int(at.timestamp())

    def due(self, day):
        """(day, due time, from when on files count) of a day."""
        before = day if self.since < self.by else day - datetime.timedelta(days=1)
        return day, self.moment(day, self.by), self.moment(before, self.since)

    def around(self, now):
        """The newest due time, and the one after it."""
        today = datetime.datetime.fromtimestamp(now, self.zone).date()
        days = [today + datetime.timedelta(days=n) for n in range(-8, 9)]
        all_due = [self.due(day) for day in days if day.weekday() in self.weekdays]
        return [one for one in all_due if one[1] <= now][-1], [one for one in all_due if one[1] > now][0]


class Expected:
    """Of Model."""

    def watch_expected(self, away, now):
        """At the end of a pass, after its deliveries. away: folders that are not there."""
        self.first_run = self.first_run or now
        for expectation in self.settings.expectations:
            self.watch_due(expectation, now)
        for kind in SENDERS:
            self.watch_numbers(kind, now)
        for drop, within in self.settings.taken_within.items():
            self.watch_taken(drop, within * HOUR, away, now)

    # ---- A112 ----

    def watch_due(self, expectation, now):
        last, following = expectation.around(now)
        subject = f"{expectation.name} {last[0].isoformat()}"
        for code, other, _, cleared in list(self.incidents):
            if code == "A112" and cleared is None and other.split()[0] == expectation.name and other != subject:
                self.clear_incident("A112", other, now)
                self.came_to["a due time that was missed"] += 1
        came = [file for file in self.arrived if file.kind == expectation.kind and not file.misnamed and
                last[2] <= file.arrived < following[2] and file.outcome != "RJ"]
        accepted = [file for file in came if file.outcome]
        known = [one[3] for one in self.incidents if one[:2] == ["A112", subject]]
        if known:
            if known[-1] is None and len(accepted) >= expectation.count:
                self.clear_incident("A112", subject, now)
                self.came_to["a late file"] += 1
        elif last[1] > self.first_run and len(came) < expectation.count:
            self.begin_incident("A112", subject, now)

    # ---- A113 ----

    def watch_numbers(self, kind, now):
        """Of the numbers since they began with 1 again; before 1 there is a gap, too."""
        after = self.settings.missing_after
        used = sorted(self.numbers.get(kind, {}).items())
        over = [number for number, (_, state) in used if state == "over the end"]
        current = {sequence: number for number, (sequence, _) in reversed(used) if not over or number >= over[-1]}
        by_id = {file.id: file for file in self.arrived}
        missing = set()
        numbers = sorted(current)
        for below, above in zip([0] * bool(over) + numbers, numbers if over else numbers[1:]):
            gap = set(range(below + 1, above)) if above - below - 1 <= GAP else set()
            gap -= {file.sequence for file in self.arrived if file.kind == kind and not file.misnamed and
                    file.id not in self.numbers[kind] and file.id > current.get(below, 0)}
            since = by_id[current[above]].arrived
            if gap and after and now >= since + after * HOUR:
                missing.add((f"{SENDERS[kind]} {kind} {above}", since))
        for code, subject, _, cleared in list(self.incidents):
            if code == "A113" and cleared is None and subject.split()[1] == kind and \
                    subject not in {one for one, _ in missing}:
                self.clear_incident("A113", subject, now)
        for subject, since in sorted(missing):
            if not any(one[:2] == ["A113", subject] and one[2] >= since for one in self.incidents):
                self.begin_incident("A113", subject, now)

    # ---- A114 ----

    def take_all(self, drop):
        """The recipient takes what stands in its folder."""
        self.standing.pop(drop, None)

    def watch_taken(self, drop, within, away, now):
        if (drop, "out") in away or (drop, "out") in self.paused_drops:
            return
        if now - self.standing.get(drop, now) >= within:
            self.begin_incident("A114", drop, now)
        else:
            self.clear_incident("A114", drop, now)


