"""The reference of the model test: the rows of reports as gateway/REPORTS.md tells them, computed anew for each period
from everything that the model knows.

    reports = Reports()
    reports.issue(model, now)     the periods that have ended; at the beginning of a pass
    reports.send(parties)         {(ref, start, MPID): [row, …]} of the files that may go now; when the first file of
                                  the pass is judged, or at its end
    reports.astray(parties)       whose folder is another party's now: they wait (A118)
"""
import datetime

import model_report_rows as rows
import model_report_sums as sums
from model_time import DAY, HOUR, text_of

WEEK = 7 * DAY
LENGTHS = {"ECOSMIG-001": DAY, "ECOSMIG-002": 6 * HOUR, "ECOSMIG-004": WEEK, "ECOSMIG-005": WEEK, "MAPR": WEEK,
           "MGMT": WEEK, "STRAND": WEEK}  # the others: a calendar month
REFS = (*LENGTHS, "ECOSMIG-003", "ECOSMIG-006")
STRANDED_WEEKS = 13  # the default of stranded_weeks
GRACE = HOUR  # the default of report_grace
MONDAY = 4 * DAY  # the first one after 1970-01-01


def start_of(ref, now):
    if ref not in LENGTHS:
        return month(now, 0)
    return now - (now - MONDAY) % LENGTHS[ref]


def end_of(ref, start):
    return start + LENGTHS[ref] if ref in LENGTHS else month(start, 1)


def month(at, later):
    """The beginning of the month of that time, or of a later one."""
    day = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    years, months = divmod(day.month - 1 + later, 12)
    return int(datetime.datetime(day.year + years, months + 1, 1, tzinfo=datetime.timezone.utc).timestamp())


class Reports:
    def __init__(self):
        self.first, self.following = {}, {}  # ref: start of its first period, and of the next one
        self.reported = set()                # (ref, what is in one report only)
        self.waiting = {}                    # (ref, start, MPID): rows, of files that are in no folder yet
        self.recipients = {}                 # the same: (PartyId, role)
        self.issued = {}                     # (ref, start): when
        self.tried = False                   # in this pass

    def issue(self, model, now):
        self.tried = False
        for ref in REFS:
            self.first.setdefault(ref, start_of(ref, now))
            start = self.following.setdefault(ref, self.first[ref])
            while end_of(ref, start) <= now:
                self.issued[ref, start] = now
                self.waiting.update(self.period(model, ref, start))
                start = self.following[ref] = end_of(ref, start)

    def send(self, parties):
        """Once in a pass."""
        astray = self.waiting if self.tried else self.astray(parties)
        self.tried = True
        gone = {key: rows for key, rows in self.waiting.items() if key not in astray}
        self.waiting = dict(astray)
        return gone

    def astray(self, parties):
        """Files whose recipient PTY names no longer, while another party has the MPID of their folder."""
        return {key: rows for key, rows in self.waiting.items() if key in self.recipients and
                self.recipients[key] not in parties and
                any(row["MPID"] == key[2] and party != self.recipients[key][0] for (party, _), row in parties.items())}

    def watch(self, model, now):
        """At the end of a pass: A106 and A118."""
        late = {("A106", f"{ref} {text_of(start)}") for ref, start, _ in self.waiting
                if now - self.issued[ref, start] >= GRACE}
        waits = {("A118", self.subject(key)) for key in self.astray(model.parties)}
        for code, subject, _, cleared in list(model.incidents):
            if code in ("A106", "A118") and cleared is None and (code, subject) not in late | waits:
                model.clear_incident(code, subject, now)
        for code, subject in sorted(late | waits):
            model.begin_incident(code, subject, now)
        model.came_to["a report that may go nowhere"] += bool(waits)

    def subject(self, key):
        party, role = self.recipients[key]
        return f"{role} {party}"

    def give_up(self, subject, parties):
        """An operator says that nobody is to get these files."""
        for key in [key for key in self.astray(parties) if self.subject(key) == subject]:
            del self.waiting[key]

    def period(self, model, ref, start):
        """The files of one period."""
        end = end_of(ref, start)
        if ref == "STRAND" and not self.strands(model, end):
            return {}
        if ref == "MGMT":
            return {(ref, start, ""): list(sums.progress(model, start, end))}
        role = "MAP" if ref == "MAPR" else "SUPPLIER"
        mpids = {party: row["MPID"] for (party, of), row in model.parties.items() if of == role}
        files = {(ref, start, mpid): [] for mpid in mpids.values()}
        self.recipients.update({(ref, start, mpid): (party, role) for party, mpid in mpids.items()})
        collect = {"ECOSMIG-001": rows.migrated, "ECOSMIG-002": rows.failed, "ECOSMIG-003": rows.gained,
                   "ECOSMIG-004": sums.non_migratable, "ECOSMIG-005": sums.activity, "ECOSMIG-006": rows.installed,
                   "STRAND": rows.stranded, "MAPR": rows.assets}[ref]
        first = start if ref not in ("ECOSMIG-003", "ECOSMIG-006") else self.first[ref]
        for party, once, row in collect(model, first, end):
            if party not in mpids or once and (ref, once) in self.reported:
                continue
            self.reported.update([(ref, once)] if once else [])
            files[ref, start, mpids[party]].append({**leading(ref, party, mpids, start, end), **row})
        return files

    @staticmethod
    def strands(model, end):
        closes = model.settings.tcos_closes
        return closes is not None and closes - STRANDED_WEEKS * WEEK < end <= closes


def leading(ref, party, mpids, start, end):
    if ref == "MAPR":
        return {"MAPId": party}
    period = {} if ref == "ECOSMIG-004" else {"PeriodStart": text_of(start)}
    return {"ReportRef": ref, "LayoutVersion": "1.0", **period, "PeriodEnd": text_of(end), "SupplierId": party,
            "SupplierMPID": mpids[party]}
