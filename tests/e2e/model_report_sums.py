"""The reference of the model test: reports that count Devices (gateway/REPORTS.md)."""
import collections

from model_items import ENDS
from model_report_rows import ended, has_migrated, holds_ecos, is_gone, owner, remains
from model_rules import MODEL, is_non_migratable
from model_time import text_of

COUNTS = ("Instructed", "Rejected", "Deferred", "Succeeded", "Failed", "InProgress", "CumulativeMigrated",
          "RemainingTCoS")


def estate(model):
    """(DeviceID, what the inventory says), in order."""
    return sorted((model.inventory or {}).items())


# ---- ECOSMIG-004 and -005: each yields (party, None, row) ----

def non_migratable(model, _start, end):
    counts, since = collections.Counter(), {}
    for device, known in estate(model):
        entries = [entry for entry in model.models.values() if is_non_migratable(known, entry, end)]
        if entries and remains(model, known):
            key = owner(model, device, end), known["DeviceType"], *(known[name] for name in MODEL)
            counts[key] += 1
            since[key] = min(entry["NonMigratableFrom"] for entry in entries)
    for key, count in sorted(counts.items(), key=lambda one: one[0][1:]):
        party, kind, *values = key
        yield party, None, {"DeviceType": kind, **dict(zip(MODEL, values)), "NonMigratableSince": since[key],
                            "ResolvedBy": "DCC" if kind == "GPF" else "Supplier", "DeviceCount": str(count)}


def activity(model, start, end):
    counts = collections.Counter()
    for item in model.items:
        for name, n in activity_of(item, start, end):
            counts[owner(model, item.device, end), kind_of(model, item), name] += n
    for name, state in (("Succeeded", "MIGRATED"), ("Failed", "FAILED")):
        for item, _ in ended(model, state, start, end):
            counts[owner(model, item.device, end), kind_of(model, item), name] += 1
    for device, known in estate(model):
        kind = known["DeviceType"]
        counts[owner(model, device, end), kind, "RemainingTCoS"] += remains(model, known, end)
        counts[owner(model, device, end), kind, "CumulativeMigrated"] += has_migrated(model, device, end)
    for party, kind in sorted({key[:2] for key, n in counts.items() if n and key[0]}):
        yield party, None, {"DeviceType": kind, **{name: str(counts[party, kind, name]) for name in COUNTS}}


def kind_of(model, item):
    return (model.inventory or {}).get(item.device, item.row)["DeviceType"]


def activity_of(item, start, end):
    split = item.steps[0]
    if start <= split[2] < end:
        yield "Instructed", 1
    for state, name in (("REJECTED", "Rejected"), ("DEFERRED", "Deferred")):
        yield name, sum(start <= at < end for n, (now, _, at) in enumerate(item.steps)
                        if now == state and (n == 0 or item.steps[n - 1][0] != state))
    if split[0] == "READY" and split[2] < end and not any(state in ENDS and at < end for state, _, at in item.steps):
        yield "InProgress", 1


# ---- MGMT ----

def progress(model, start, end):
    counts, codes = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for _, known in [(device, known) for device, known in estate(model) if not is_gone(known)]:
        mine = counts[known["DeviceType"], known["CSPRegion"]]
        mine["InScope"] += 1
        mine["Migrated" if holds_ecos(model, known, end) else "Remaining"] += 1
        if not holds_ecos(model, known, end):
            failures = sum(item.state == "FAILED" for item in model.items if item.device == known["DeviceID"].upper())
            mine["FailedOnce"] += failures == 1
            mine["FailedMany"] += failures > 1
            mine["NonMigratable"] += any(is_non_migratable(known, entry, end) for entry in model.models.values())
    for item, _ in ended(model, "FAILED", start, end):
        known = (model.inventory or {}).get(item.device)
        if known and not is_gone(known):
            codes[known["DeviceType"], known["CSPRegion"]][item.failure[0]] += 1
    for key in sorted(counts):
        kind, region = key
        top = sorted(codes[key].items(), key=lambda one: (-one[1], one[0]))
        yield {"PeriodStart": text_of(start), "PeriodEnd": text_of(end), "DeviceType": kind, "CSPRegion": region,
               **{name: str(counts[key][name]) for name in ("InScope", "Migrated", "FailedOnce", "FailedMany",
                                                            "NonMigratable", "Remaining")},
               "TopErrorCode": top[0][0] if top else ""}
