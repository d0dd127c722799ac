"""The reference of the model test: the rows of reports as gateway/REPORTS.md tells them, computed anew for each period
from everything that the model knows.

    reports = Reports()
    reports.issue(model, now)     {(ref, start, MPID): [row, …]} of the periods that have ended
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

    def issue(self, model, now):
        files = {}
        for ref in REFS:
            self.first.setdefault(ref, start_of(ref, now))
            start = self.following.setdefault(ref, self.first[ref])
            while end_of(ref, start) <= now:
                files.update(self.period(model, ref, start))
                start = self.following[ref] = end_of(ref, start)
        return files

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
