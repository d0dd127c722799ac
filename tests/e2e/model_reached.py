"""How often histories of the model test came to what they are to show."""
import collections

# what the histories of one `make check` must have come to, each
NEEDED = ("B101", "B108", "B115", "B210", "C108", "C109", "C110", "C115", "C119", "C124", "A104 opened", "A115 opened",
          "A117 opened", "A117 closed", "D150 opened", "a file corrected", "a wrong name corrected", "a file let go",
          "a file rejected by its A117", "a file rejected by an order", "an incident closed", "a Device ended",
          "a Device released", "an MPRN with zeros", "an outcome after the first", "ECOSMIG-003 rows",
          "resolved by the end of an entry", "a try that operators kept back to the end",
          "files that a pause kept back")

# what a hundred histories must have come to, each: the rules about the migration, by what they are about
RULES = {
    "reference data first": ("reference data before instructions", "refused before its first try",
                             "a first try put off"),
    "late facts": ("ECOSMIG-003 late", "ECOSMIG-006 late"),
    "wrong names": ("a wrong name corrected", "B210"),
    "who disagrees": ("D105 opened", "D140 opened", "D150 opened", "D150 closed", "D151 opened", "D151 closed",
                      "a Device ended", "an outcome with live Devices", "an outcome after the first", "C110"),
    "put off": ("a session put off",),
    "resolved": ("C115", "resolved by the inventory", "resolved by the end of an entry", "resolved by an operator"),
    "TCoS closes": ("C122", "STRAND rows", "a session that closing ended"),
    "a GPF without meters": ("a GPF of nobody ordered",),
    "late successes": ("a late success", "a late success beside newer work"),
    "new credentials": ("credentials that cannot be new",),
    "files that empty a table": ("A117 opened", "A117 closed", "a file let go", "a file rejected by its A117",
                                 "a file rejected by an order", "a file judged again", "reference data out of date"),
    "connected": ("a meter that is not connected",),
    "gained": ("ECOSMIG-003 rows", "a gained Device that is gone"),
    "one MPID": ("an MPID of another",),
    "supply points": ("an MPRN with zeros", "C124"),
    "instruction against inventory": ("C125", "a hub of the inventory ordered"),
    "contradictions": ("D152 opened", "D152 closed", "a contradiction released"),
    "thresholds": ("A116 opened", "A116 closed", "a batch over a threshold"),
    "operators in command": ("a pause", "the end of a pause", "a batch held", "a batch released", "a batch withdrawn",
                             "a Device held", "a Device withdrawn", "a try of a withdrawn Device that came to nothing",
                             "a try that operators kept back to the end"),
    "drops that operators pause": ("a drop paused", "a drop resumed", "a file that lay in a paused drop",
                                   "files that a pause kept back"),
    "what should come": ("A112 opened", "A112 closed", "a late file", "a due time that was missed", "A113 opened",
                         "A113 closed", "A114 opened", "A114 closed"),
    "outages": ("A102 opened", "A102 closed", "A103 opened", "A103 closed"),
}


class Reached(collections.Counter):
    def add(self, answers, orders):
        """What one pass wrote, by the model."""
        for file, outcome, codes in answers.ema:
            self.update({code for _, code in codes})
            self["an MPID of another"] += file.kind == "PTY" and any(code == "C120" for _, code in codes)
            if outcome != "RJ":
                self.add_accepted(file)
        self.update(f"{code} {'opened' if event == 'RAISED' else 'closed'}" for event, code, _ in answers.inc)
        self.update({name: n for name, n in answers.came_to.items() if n})
        self["an outcome after the first"] += sum(number > 1 for _, _, number in answers.emo)
        for (subject, what), done in zip(orders, answers.orders):
            self[self.name_of(subject, what)] += done
        self.add_reports(answers.reports)

    def add_accepted(self, file):
        self["an MPRN with zeros"] += any(row.get("MPxN", "").startswith("0") for row in file.rows)
        if file.corrects and file.corrects[0]:
            self["a file corrected"] += 1
            self["a wrong name corrected"] += bool(file.corrects[0].misnamed)

    @staticmethod
    def name_of(subject, what):
        if what == "close":
            return "a file rejected by its A117" if subject[0] == "A117" else "an incident closed"
        return {"hold": "a file held", "judge again": "a file judged again", "let go": "a file let go",
                "refuse": "a file rejected by an order", "released": "a Device released", "pause": "a pause",
                "resume": "the end of a pause", "pause drop": "a drop paused", "resume drop": "a drop resumed",
                "hold batch": "a batch held", "release batch": "a batch released",
                "withdraw batch": "a batch withdrawn", "hold device": "a Device held",
                "withdraw device": "a Device withdrawn"}.get(what, "a Device ended")

    def add_reports(self, reports):
        for (ref, _, _), rows in reports.items():
            self[f"{ref} rows"] += len(rows)
            for row in rows:
                since = row.get("SupplyStartDate") or row.get("InstalledDate") or row.get("CommissionedDate")
                if ref in ("ECOSMIG-003", "ECOSMIG-006") and since < row["PeriodStart"][:10]:
                    self[f"{ref} late"] += 1

    def missing(self):
        return [name for name in NEEDED if not self[name]]

    def rules_missing(self):
        return [f"{rule}: {name}" for rule, names in RULES.items() for name in names if not self[name]]
