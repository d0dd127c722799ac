"""The reference of the model test: reference data and what they contradict (gateway/DEVICES.md, Reference data;
gateway/INCIDENTS.md)."""
from model_rules import EUI64, TYPES, reference_key, supply_point
from model_time import DAY, text_of


class ReferenceData:
    """Of Model."""

    def known_of(self, kind):
        return {"INV": self.inventory, "COS": self.events, "NMM": self.models, "PTY": self.parties}[kind]

    def refer_to(self, file):
        """What is known of the type after the file, and its findings."""
        known = self.known_of(file.kind)
        known = {} if file.mode == "FULL" or known is None else dict(known)
        errors, warnings, seen = [], [], set()
        for record, row in enumerate(file.rows, 1):
            key = reference_key(file.kind, row)
            wrong = row["Action"] not in ("SET", "REMOVE") or file.mode == "FULL" and row["Action"] == "REMOVE"
            codes = ["C120"] if wrong else []
            if file.kind == "INV" and not EUI64.fullmatch(row["DeviceID"]):
                codes.append("C101")
            elif file.kind == "INV" or not wrong:  # a key of another type is compared if nothing else is wrong
                codes += ["C102"] if key in seen else []
                seen.add(key)
                codes += ["C120"] if file.kind == "PTY" and not codes and self.takes_mpid(row, known) else []
            errors += [(record, code) for code in codes]
            if not codes and row["Action"] == "SET":
                known[key] = row
            elif not codes and known.pop(key, None) is None:
                warnings.append((record, "C119"))
        return known, errors, warnings

    @staticmethod
    def takes_mpid(row, known):
        """It gives a party the MPID of another one."""
        return row["Action"] == "SET" and any(other["MPID"] == row["MPID"] and party != row["PartyId"]
                                              for (party, _), other in known.items())

    def strange_events(self, file, wrong, now):
        """C124: events that meet no Device, or cannot be."""
        points = {supply_point(row["MPxN"]) for row in (self.inventory or {}).values()}
        return [(record, "C124") for record, row in enumerate(file.rows, 1)
                if record not in wrong and row["Action"] == "SET" and
                (points and supply_point(row["MPxN"]) not in points or
                 row["LosingSupplierId"].upper() == row["GainingSupplierId"].upper() or
                 not "2010-01-01" <= row["SupplyStartDate"] <= text_of(now + 366 * DAY)[:10])]

    def contradict(self, file, wrong, now):
        """D152: TCoS credentials so long after a migration."""
        for record, row in enumerate(file.rows, 1):
            device = row["DeviceID"].upper()
            migrated = [item for item in self.items if item.device == device and item.has_migrated and
                        item.ended_at < file.created - self.settings.inventory_lag]
            if record not in wrong and row["Action"] == "SET" and row["Credentials"] == "TCOS" and migrated:
                self.begin_incident("D152", device, now)
        for code, device, _, _ in self.incidents:
            if code == "D152" and self.inventory.get(device, {}).get("Credentials") != "TCOS":
                self.clear_incident("D152", device, now)

    def is_over(self, code, device, now):
        """What the inventory says of the Device is no longer what its incident was opened for."""
        known = (self.inventory or {}).get(device)
        items = [item for item in self.items if item.device == device]
        if code == "C103":
            return known is not None
        if code[0] == "D":
            return ((known is None or known["DeviceStatus"] in ("Decommissioned", "Withdrawn")) and
                    not any(item.live for item in items))
        if known is None:
            return True
        if code == "C105":
            return known["DeviceStatus"] in ("Commissioned", "Recovered")
        if code == "C114":
            return self.responsible(known, now) is not None
        meant = ([item for item in items if item.live] or [item for item in items if item.has_migrated] or items)[-1]
        return meant.row["DeviceType"] == known["DeviceType"] and known["DeviceType"] in TYPES

    def end_incidents(self, now):
        for code in ("C103", "C104", "C105", "C114", "D105", "D128", "D140", "D150", "D151"):
            for device in [one[1] for one in self.incidents if one[0] == code and one[3] is None]:
                if self.is_over(code, device, now):
                    self.clear_incident(code, device, now)

    def refer(self, file, now, _answers):
        known, errors, warnings = self.refer_to(file)
        if file.kind == "INV":
            self.inventory = known
            self.inventory_at = file.created
            self.contradict(file, {record for record, _ in errors}, now)
        elif file.kind == "COS":
            self.events = known
            warnings += self.strange_events(file, {record for record, _ in errors}, now)
        elif file.kind == "NMM":
            self.models = known
        else:
            self.parties = known
            self.with_parties = True
        if file.kind in ("INV", "COS"):
            self.end_incidents(now)
        if file.kind in ("INV", "PTY"):
            self.watch_parties(now)
        return errors, warnings

    def watch_parties(self, now):
        """Who has Devices in the inventory and gets no reports. Before the first PTY nobody is asked about."""
        named = {f"{role} {row[column].upper()}" for row in (self.inventory or {}).values()
                 for role, column in (("SUPPLIER", "SupplierId"), ("MAP", "MAPId")) if row[column]}
        unnamed = named - {f"{row['Role']} {row['PartyId'].upper()}" for row in self.parties.values()}
        unnamed = unnamed if self.with_parties else set()
        for code, subject, _, cleared in list(self.incidents):
            if code == "A115" and cleared is None and subject not in unnamed:
                self.clear_incident("A115", subject, now)
        for subject in sorted(unnamed):
            self.begin_incident("A115", subject, now)
