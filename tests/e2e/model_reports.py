"""The reference of the model test: the rows of reports as gateway/REPORTS.md tells them, computed anew for each period
from everything that the model knows.

    reports = Reports()
    reports.issue(model, now)     {(ref, start, MPID): [row, …]} of the periods that have ended
"""
import datetime

from model_rules import is_non_migratable
from model_time import DAY, HOUR, text_of

LENGTHS = {"ECOSMIG-001": DAY, "ECOSMIG-002": 6 * HOUR, "MAPR": 7 * DAY}  # the others: a calendar month
REFS = (*LENGTHS, "ECOSMIG-003", "ECOSMIG-006")
MONDAY = 4 * DAY  # the first one after 1970-01-01
MAX_SESSIONS = 5  # the default of max_sessions
LIVE = {"READY": "INSTRUCTED", "DISPATCHED": "IN_SESSION", "RETRY_WAIT": "IN_SESSION"}


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
        role = "MAP" if ref == "MAPR" else "SUPPLIER"
        mpids = {party: row["MPID"] for (party, of), row in model.parties.items() if of == role}
        files = {(ref, start, mpid): [] for mpid in mpids.values()}
        collect = {"ECOSMIG-001": self.migrated, "ECOSMIG-002": self.failed, "ECOSMIG-003": self.gained,
                   "ECOSMIG-006": self.installed, "MAPR": self.assets}[ref]
        for party, once, row in collect(model, start, end_of(ref, start)):
            if party not in mpids or once and (ref, once) in self.reported:
                continue
            self.reported.update([(ref, once)] if once else [])
            files[ref, start, mpids[party]].append(row)
        return files

    # ---- sessions that ended: each yields (party, None, row) ----

    @staticmethod
    def ended(model, state, start, end):
        """By work item; a session that failed and turned out to have succeeded ended twice."""
        for item in model.items:
            before = None
            for now, _, at in item.steps:
                if now == state != before and start <= at < end:
                    yield item, at
                before = now

    def migrated(self, model, start, end):
        for item, at in self.ended(model, "MIGRATED", start, end):
            tcos = item.tcos_at if isinstance(item.tcos, tuple) else None
            ecos = item.ecos_at if (item.ecos or "N")[0] == "Y" else None
            yield owner(model, item.device, end), None, {
                **lead(model, item), "MigratedAt": text_of(at), "TCoSConfirmedAt": text_of(tcos),
                "ECoSConfirmedAt": text_of(ecos)}

    def failed(self, model, start, end):
        for item, at in self.ended(model, "FAILED", start, end):
            code, tries, following = item.failure
            yield owner(model, item.device, end), None, {
                **lead(model, item), "FailedAt": text_of(at), "Category": code[0].lower(), "ErrorCode": code,
                "Tries": str(tries), "NextAttemptFrom": text_of(following)}

    # ---- Devices of the inventory: each yields (party, what is in one report only, row) ----

    def gained(self, model, _start, end):
        """By a change of supplier that has begun, also one of an earlier period that is known since then."""
        found = {}
        for event, since in begun(model, self.first["ECOSMIG-003"], end):
            for meter in at_point(model, event["MPxN"]):
                gpfs = [gpf for gpf in (model.inventory or {}).values() if meter["CHFDeviceID"] and
                        gpf["DeviceType"] == "GPF" and gpf["CHFDeviceID"] == meter["CHFDeviceID"] and
                        changes_hands(model, gpf, event, since)]
                for known in (meter, *gpfs):
                    if not is_gone(known) and since_when(known) <= text_of(since)[:10]:
                        found[device_of(known), since, event["GainingSupplierId"]] = known
        for (device, since, party), known in sorted(found.items(), key=lambda one: one[0]):
            yield party, (device, since, party), {
                "DeviceID": device, "SupplyStartDate": text_of(since)[:10], **past(model, device, since),
                "MigrationStatus": status(model, known, end)}

    def installed(self, model, _start, end):
        first = text_of(self.first["ECOSMIG-006"])[:10]
        for device, known in sorted((model.inventory or {}).items()):
            if known["Credentials"] == "ECOS" and first <= since_when(known) < text_of(end)[:10] and \
                    not any(item.begun for item in model.items if item.device == device):
                yield owner(model, device, end), (device,), {
                    "DeviceID": device, "InstalledDate": known["InstalledDate"],
                    "DeviceStatus": known["DeviceStatus"], "SecurityState": status(model, known, end)}

    def assets(self, model, _start, end):
        for device, known in sorted((model.inventory or {}).items()):
            days = [item.ended_at for item in model.items if item.device == device and item.state == "MIGRATED"]
            supplier = model.parties.get((owner(model, device, end), "SUPPLIER"), {"MPID": ""})
            yield known["MAPId"], None, {
                "DeviceID": device, "DeviceStatus": known["DeviceStatus"], "SupplierMPID": supplier["MPID"],
                "ECoSMigrationStatus": status(model, known, end),
                "ECoSMigrationDate": text_of(days[0])[:10] if days else ""}


def device_of(known):
    return known["DeviceID"].upper()


def owner(model, device, at):
    known = (model.inventory or {}).get(device)
    return model.responsible(known, at) if known is not None else None


def lead(model, item):
    """The inventory's values; where it has none, those of the instruction."""
    known = (model.inventory or {}).get(item.device, {})
    named = {name: known.get(name) or item.row[name] for name in ("DeviceType", "MPxN", "CSPRegion")}
    return {"DeviceID": item.device, **named, "BatchId": item.batch, "WorkItemId": item.work_item,
            "Attempt": item.row["Attempt"]}


def is_gone(known):
    return known["DeviceStatus"] in ("Decommissioned", "Withdrawn")


def since_when(known):
    """The day, or nothing."""
    return known["InstalledDate"] or known["CommissionedDate"]


def begun(model, start, end):
    for (_, day), event in model.events.items():
        since = int(datetime.datetime.strptime(day + "+0000", "%Y-%m-%d%z").timestamp())
        if start <= since < end:
            yield event, since


def at_point(model, mpxn):
    return [known for known in (model.inventory or {}).values() if mpxn and known["DeviceType"] != "GPF" and
            known["MPxN"].lstrip("0") == mpxn.lstrip("0")]


def changes_hands(model, gpf, event, since):
    after = model.responsible(gpf, since)
    return after == event["GainingSupplierId"] and after != model.responsible(gpf, since - 1)


def past(model, device, since):
    """The sessions that began before the supply start, as they were then."""
    sessions = [item for item in model.items if item.device == device and item.begun and item.begun < since]
    outcomes, codes = [], []
    for item in sessions:
        ends = [(state, code) for state, code, at in item.steps if at < since and
                state in ("MIGRATED", "FAILED", "DEFERRED")]
        outcomes.append(ends[-1][0] if ends else "IN_PROGRESS")
        codes += [item.failure[0]] if ends and ends[-1][0] == "FAILED" else []
    return {"PreviousAttempts": str(len(sessions)), "LastAttemptAt": text_of(sessions[-1].begun) if sessions else "",
            "LastOutcome": outcomes[-1] if outcomes else "", "LastErrorCode": codes[-1] if codes else ""}


def status(model, known, at):
    """The Device's MigrationStatus."""
    mine = [item for item in model.items if item.device == device_of(known)]
    live = [item.state for item in mine if item.live]
    failures = sum(item.state == "FAILED" for item in mine)
    if is_gone(known):
        return "OUT_OF_SCOPE"
    if known["Credentials"] == "ECOS" or any(item.state == "MIGRATED" for item in mine):
        return "ECOS"
    if live:
        return LIVE.get(live[-1], live[-1])
    if any(is_non_migratable(known, entry, at) for entry in model.models.values()):
        return "NON_MIGRATABLE"
    return ("FAILED_ACTION" if failures >= MAX_SESSIONS else "FAILED_RETRY") if failures else "TCOS"
