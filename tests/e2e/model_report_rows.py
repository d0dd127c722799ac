"""The reference of the model test: rows of reports about one Device each (gateway/REPORTS.md). start: of the period; of
ECOSMIG-003 and -006 of the first one."""
import datetime

from model_rules import MODEL, is_non_migratable, supply_point
from model_time import text_of

COMMON = ("DeviceType", "MPxN", "CHFDeviceID", *MODEL)
MAX_SESSIONS = 5  # the default of max_sessions
LIVE = {"READY": "INSTRUCTED", "DISPATCHED": "IN_SESSION", "RETRY_WAIT": "IN_SESSION"}


# ---- sessions that ended: each yields (party, None, row) ----

def ended(model, state, start, end):
    """By work item; a session that failed and turned out to have succeeded ended twice."""
    for item in model.items:
        before = None
        for now, _, at in item.steps:
            if now == state != before and start <= at < end:
                yield item, at
            before = now


def migrated(model, start, end):
    for item, at in ended(model, "MIGRATED", start, end):
        tcos = item.tcos_at if isinstance(item.tcos, tuple) else None
        ecos = item.ecos_at if (item.ecos or "N")[0] == "Y" else None
        yield owner(model, item.device, end), None, {
            **lead(model, item), "MigratedAt": text_of(at), "TCoSConfirmedAt": text_of(tcos),
            "ECoSConfirmedAt": text_of(ecos)}


def failed(model, start, end):
    for item, at in ended(model, "FAILED", start, end):
        code, tries, following = item.failure
        yield owner(model, item.device, end), None, {
            **lead(model, item), "FailedAt": text_of(at), "Category": code[0].lower(), "ErrorCode": code,
            "Tries": str(tries), "NextAttemptFrom": text_of(following)}


# ---- Devices of the inventory: each yields (party, what is in one report only, row) ----

def gained(model, start, end):
    """By a change of supplier that has begun, also one of an earlier period that is known since then."""
    found = {}
    for event, since in begun(model, start, end):
        for meter in at_point(model, event["MPxN"]):
            gpfs = [gpf for gpf in (model.inventory or {}).values() if meter["CHFDeviceID"] and
                    gpf["DeviceType"] == "GPF" and gpf["CHFDeviceID"] == meter["CHFDeviceID"] and
                    changes_hands(model, gpf, event, since)]
            for known in (meter, *gpfs):
                model.came_to["a gained Device that is gone"] += is_gone(known)
                if not is_gone(known) and since_when(known) <= text_of(since)[:10]:
                    found[device_of(known), since, event["GainingSupplierId"]] = known
    for (device, since, party), known in sorted(found.items(), key=lambda one: one[0]):
        yield party, (device, since, party), {
            **place(known), "SupplyStartDate": text_of(since)[:10], **past(model, device, since),
            "MigrationStatus": status(model, known, end)}


def installed(model, start, end):
    first = text_of(start)[:10]
    for device, known in sorted((model.inventory or {}).items()):
        if known["Credentials"] == "ECOS" and first <= since_when(known) < text_of(end)[:10] and \
                not any(item.begun for item in model.items if item.device == device):
            yield owner(model, device, end), (device,), {
                **place(known), "InstalledDate": known["InstalledDate"],
                "CommissionedDate": known["CommissionedDate"], "DeviceStatus": known["DeviceStatus"],
                "SecurityState": status(model, known, end)}


def assets(model, _start, end):
    for device, known in sorted((model.inventory or {}).items()):
        days = [item.ended_at for item in model.items if item.device == device and item.has_migrated]
        supplier = model.parties.get((owner(model, device, end), "SUPPLIER"), {"MPID": ""})
        yield known["MAPId"], None, {
            "DeviceID": device, "MPxN": supply_point(known["MPxN"]), "DeviceType": known["DeviceType"],
            **{name: known[name] for name in MODEL}, "DeviceStatus": known["DeviceStatus"],
            "CommissionedDate": known["CommissionedDate"], "SupplierMPID": supplier["MPID"],
            "ECoSMigrationStatus": status(model, known, end),
            "ECoSMigrationDate": text_of(min(days))[:10] if days else ""}


def stranded(model, _start, end):
    for device, known in sorted((model.inventory or {}).items()):
        if not remains(model, known, end):
            continue
        mine = [item for item in model.items if item.device == device]
        begun_ones = [item for item in mine if item.begun]
        yield owner(model, device, end), None, {
            **place(known), "CSPRegion": known["CSPRegion"], "DeviceStatus": known["DeviceStatus"],
            "MigrationStatus": status(model, known, end), "LastErrorCode": newest_code(mine),
            "Sessions": str(len(begun_ones)), "Tries": str(sum(item.tries for item in begun_ones))}


def newest_code(items):
    """Of a review or of what happened in a session."""
    codes = [(at, item.number, n, code) for item in items for n, (_, code, at) in enumerate(item.steps) if code]
    return max(codes)[-1] if codes else ""


def remains(model, known, before=None):
    """In scope, holds TCoS credentials and was not migrated before that time, or at all."""
    return not is_gone(known) and not holds_ecos(model, known, before)


def holds_ecos(model, known, before=None):
    return known["Credentials"] == "ECOS" or has_migrated(model, device_of(known), before)


def has_migrated(model, device, before=None):
    """A Device, however often; what an operator has overruled does not count."""
    return any(item.has_migrated and (before is None or item.ended_at < before) for item in model.items
               if item.device == device)


def device_of(known):
    return known["DeviceID"].upper()


def owner(model, device, at):
    known = (model.inventory or {}).get(device)
    return model.responsible(known, at) if known is not None else None


def lead(model, item):
    """The inventory's values; where it has none, those of the instruction."""
    known = (model.inventory or {}).get(item.device, {})
    return {**place({"DeviceID": item.device, **{name: known.get(name) or item.row[name] for name in COMMON}}),
            "CSPRegion": known.get("CSPRegion") or item.row["CSPRegion"], "BatchId": item.batch,
            "WorkItemId": item.work_item, "Attempt": item.row["Attempt"]}


def place(known):
    """The leading columns about a Device."""
    return {"DeviceID": device_of(known), **{name: known[name].upper() for name in COMMON},
            "MPxN": supply_point(known["MPxN"])}


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
            supply_point(known["MPxN"]) == supply_point(mpxn)]


def changes_hands(model, gpf, event, since):
    after = model.responsible(gpf, since)
    return after == event["GainingSupplierId"] and after != model.responsible(gpf, since - 1)


def past(model, device, since):
    """The sessions that began before the supply start, as they were then."""
    sessions = [item for item in model.items if item.device == device and item.begun and item.begun < since]
    outcomes, codes = [], []
    for item in sessions:
        ends = [(state, code) for state, code, at in item.steps if at < since and
                state in ("MIGRATED", "FAILED", "DEFERRED", "REJECTED")]
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
    if holds_ecos(model, known):
        return "ECOS"
    if live:
        return LIVE.get(live[-1], live[-1])
    if any(is_non_migratable(known, entry, at) for entry in model.models.values()):
        return "NON_MIGRATABLE"
    return ("FAILED_ACTION" if failures >= MAX_SESSIONS else "FAILED_RETRY") if failures else "TCOS"
