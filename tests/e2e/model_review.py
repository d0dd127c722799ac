"""The reference of the model test: the review of a Device, before its split and before each work order
(gateway/DEVICES.md, Review)."""
from model_items import Batch, Item
from model_rules import MODEL, TYPES, by_itself, elsewhere, is_hex, is_non_migratable, supply_point
from model_time import DAY, midnight, text_of, time_of

PASSING_STATUS = ("InstalledNotCommissioned", "Suspended", "Recovery")
MODES = {"C114_GPF": "off", "C125": "warn", "C125_REGION": "off"}  # settings [review] whose default is not reject


class Review:
    """Of Model."""

    def instruct(self, file, now, answers):
        errors, warnings, items, seen, rows = [], [], [], set(), []
        for record, row in enumerate(file.rows, 1):
            item = Item(len(self.items) + 1, file.batch, record, row)
            found, warned = by_itself(row)
            if item.device:
                more, reported = self.review(item, now, at_split=True, again=item.device in seen)
                found, warned = found + more, warned + reported
                seen.add(item.device)
            self.split(item, now, sorted(found))
            errors += [(record, code) for code, _, _ in found]
            warnings += [(record, code) for code in warned]
            self.items.append(item)
            items.append(item)
            rows.append(self.response(item, found))
        answers.emd.append((file, rows))
        self.batches.append(Batch(file, items))
        self.settle_volume(file, items, now)
        return errors, warnings

    def split(self, item, now, found):
        item.codes = sorted({code for code, _, _ in found})
        self.tell_dcc(item, found, now)
        if not found:
            item.become("READY", now)
            item.due = now
            self.accepted.append(now)
            self.clear_incident(("C", "D"), item.device, now)
        elif all(passes for _, passes, _ in found):
            item.become("DEFERRED", now, item.codes[0])
            item.next_eligible = max(then for _, _, then in found)
        else:
            item.become("REJECTED", now, item.codes[0])

    @staticmethod
    def response(item, found):
        passes = {code: passes for code, passes, _ in found}
        return {"RecordNumber": str(item.record), "DeviceID": item.device or item.row["DeviceID"],
                "DeviceType": item.row["DeviceType"],
                "Outcome": "ACCEPTED" if item.state == "READY" else item.state, "Code": item.code,
                "Category": "c" if found else "", "Transient": ("Y" if passes[item.code] else "N") if found else "",
                "WorkItemId": item.work_item, "NextEligible": text_of(item.next_eligible), "codes": item.codes}

    def review(self, item, now, at_split, again=False):
        """What the Device breaks now: [(code, passes, NextEligible)], and the codes that only warn. What its past says
        is said of its first record in a file, not again."""
        past = [] if again else self.earlier(item)
        found = [("C102", False, None)] if again else []
        found += self.review_inventory(item, past, now) + self.review_past(item, past, now, at_split)
        counted, warned = [], []
        for code, passes, then in found:
            mode = "reject" if code in ("C102", "C110") else self.settings.review.get(code, MODES.get(code, "reject"))
            code = code[:4]
            if mode == "reject":
                counted.append((code, passes, then))
            elif mode == "warn":
                warned.append(code)
        return counted, warned

    def review_inventory(self, item, past, now):
        row, found = item.row, []
        known = (self.inventory or {}).get(item.device)
        if known is not None:
            if row["DeviceType"] in TYPES and row["DeviceType"] != known["DeviceType"]:
                found.append(("C104", False, None))
            if known["DeviceStatus"] not in ("Commissioned", "Recovered"):
                passes = known["DeviceStatus"] in PASSING_STATUS
                found.append(("C105", passes, now + DAY if passes else None))
            if any(is_hex(row, name) and row[name].upper() != known[name].upper() for name in MODEL):
                found.append(("C106", True, now + DAY))
            if known["Pending"]:
                found.append(("C111" if known["Pending"] == "USC" else "C112", True, now + DAY))
            if known["DeviceType"] != "GPF" and self.responsible(known, now) is None:
                found.append(("C114", False, None))
            elif known["DeviceType"] == "GPF" and self.responsible(known, now) is None:
                found.append(("C114_GPF", False, None))
            found += [("C125_REGION" if name == "CSPRegion" else "C125", False, None) for name in elsewhere(row, known)]
        elif self.inventory is not None:
            found.append(("C103", False, None))
        if self.is_non_migratable(item, now):
            found.append(("C107", False, None))
        if (known or {}).get("Credentials") == "ECOS" or \
                any(other.replaced and not other.live for other in past):
            found.append(("C108", False, None))
        mpxn = supply_point(self.supply_point(known, now) if known is not None else row["MPxN"])
        starts = [time_of(start) for of, start in self.events if of == mpxn and mpxn]
        near = [start for start in starts if now < start <= now + self.settings.cos_window]
        if near:
            found.append(("C109", True, max(near) + DAY))
        return found

    def earlier(self, item):
        return [other for other in self.items if other.device == item.device and other.number < item.number]

    def review_past(self, item, past, now, at_split):
        found = []
        if at_split and any(other.live for other in past):
            found.append(("C110", True, now + DAY))
        failed = self.unresolved(past, now)
        if failed:
            found.append(("C115", True, failed.next_eligible))
        times = self.accepted if at_split else self.first_tries
        today = sum(1 for at in times if at >= midnight(now))
        if self.settings.daily_limit and today >= self.settings.daily_limit and item.trial == 0:
            found.append(("C116", True, midnight(now) + DAY))
        if not self.settings.may_try(now):
            found.append(("C122", False, None))
        return found

    def unresolved(self, past, now):
        """The newest failed session, if it stands against a new one."""
        failed = [other for other in past if other.state == "FAILED"]
        if not failed or now >= failed[-1].next_eligible:
            return None
        if failed[-1].released is not None:
            self.came_to["resolved by an operator"] += 1
            return None
        then, known = failed[-1].failed_as, (self.inventory or {}).get(failed[-1].device, {})
        other = any(known.get(name) and then[name] and known[name].upper() != then[name].upper()
                    for name in (*MODEL, "CHFDeviceID"))
        ended = then["non migratable"] and not self.is_non_migratable(failed[-1], now)
        self.came_to["resolved by the inventory"] += other
        self.came_to["resolved by the end of an entry"] += bool(ended)
        return None if other or ended else failed[-1]

    def is_non_migratable(self, item, now):
        return any(is_non_migratable(item.row, entry, now) for entry in self.models.values())

    def responsible(self, known, now):
        meter = self.meter_of(known, now)
        return self.supplier_of(meter, now) if meter else None

    def supply_point(self, known, now):
        meter = self.meter_of(known, now)
        return meter["MPxN"] if meter else ""

    def meter_of(self, known, now):
        """Itself; of a GPF the one on its hub that says whose it is."""
        if known["DeviceType"] != "GPF":
            return known
        there = [meter for _, meter in sorted(self.inventory.items()) if meter["CHFDeviceID"] == known["CHFDeviceID"]]
        meters = [meter for meter in there if meter["DeviceStatus"] in ("Commissioned", "Recovered")]
        self.came_to["a meter that is not connected"] += any(meter["DeviceType"] != "GPF" and meter not in meters
                                                             for meter in there)
        counting = [meter for kind in ("GSME", "ESME") for meter in meters
                    if meter["DeviceType"] == kind and self.supplier_of(meter, now)]
        return counting[0] if counting else None

    def supplier_of(self, meter, now):
        begun = [(time_of(start), row["GainingSupplierId"]) for (mpxn, start), row in self.events.items()
                 if mpxn == supply_point(meter["MPxN"]) and mpxn and time_of(start) <= now]
        return max(begun)[1] if begun else meter["SupplierId"] or None
