"""The reference of the model test: what results, confirmations and operators' orders make of a session
(gateway/DEVICES.md, States)."""
from model_rules import LASTING_D, as_bytes, code_of, faults_of, has_impossible_time, last_try


class Sessions:
    """Of Model."""

    def take_records(self, file, now, _answers):
        errors, warnings = [], []
        by_id = {item.work_item: item for item in self.items}
        for record, row in enumerate(file.rows, 1):
            item = by_id.get(row["WorkItemId"])
            codes = faults_of(file.kind, row, item, self.settings.ecos_subject, self.subjects_before)
            self.came_to["credentials that cannot be new"] += "C121" in codes
            if has_impossible_time(row, now, 0 if codes else self.ordered(item, row)):
                warnings.append((record, "C120"))
            if not codes:
                before = item.has_success
                code = self.result(item, row, file.created, now) if file.kind == "EMT" else self.confirm(item, row, now)
                if before and not item.has_success:
                    self.clear_incident(("D150", "D151"), item.device, now)
                codes = {code} if code else set()
                if item.state == "MIGRATED" and not code and item.existing:
                    self.subjects_before.add(as_bytes(item.existing))
            for code in codes:
                (warnings if code == "C119" else errors).append((record, code))
        return errors, warnings

    @staticmethod
    def ordered(item, row):
        """When what the row speaks about was ordered first; 0: never."""
        return item.orders.get(int(row["Try"]), [0])[0] if "Try" in row else item.begun or 0

    def result(self, item, row, created, now):
        """What an EMT row that is good by itself does; its finding, or None."""
        trial, ids = int(row["Try"]), (as_bytes(row["ReplacingSubjectId"]), as_bytes(row["ReplacingKeyId"]))
        if trial > item.trial:
            return "C118"
        if row["Result"] == "SUCCESS":
            before = item.tcos
            code = self.success(item, trial, ids, now)
            if item.tcos is not before:
                item.tcos_at = now
                item.replaced_id = row["ExistingSubjectId"]
            return code
        if self.is_outdated(item, row, created, now):
            return "C119"
        return self.no_success(item, row, trial, now)

    def no_success(self, item, row, trial, now):
        denied = code_of({**row, "Result": "FAILED" if row["Result"] == "FAILED" else "TIMEOUT"})
        if isinstance(item.tcos, tuple) and trial == item.succeeded:
            if item.ended_in_vain:
                item.tcos, item.denied = "FAILED", denied
                return self.compare_late(item, now)
            if item.state != "CONFIRM_MISMATCH":
                return "C121"
            item.tcos, item.denied = "FAILED", denied
            self.compare(item, now)
            return None
        if item.state == "MIGRATED" and not isinstance(item.tcos, tuple):  # by an order
            return "C121" if trial == item.trial else "C119"
        if trial < item.trial or item.tcos is not None:
            return "C119"
        if item.state == "REJECTED" and not item.answered:  # kept, once
            item.answered = True
            item.note(now)
            return "C119"
        if item.state == "CONFIRM_PENDING" and not item.answered:
            item.tcos, item.denied = "FAILED", denied
            self.compare(item, now)
            return None
        if item.state != "DISPATCHED":
            return "C119"
        self.unsuccessful(item, row, now)
        return None

    @staticmethod
    def is_outdated(item, row, created, now):
        """About an earlier order of its try, by what time it gives; by none, it is about the newest one."""
        first, not_attempted = item.orders[int(row["Try"])]
        times = [at for at in (last_try(row, now, first), created) if at >= first]
        return not_attempted is not None and times != [] and \
            (times[0] <= not_attempted[0] or times[0] == not_attempted[1])

    def unsuccessful(self, item, row, now):
        item.answered = True
        if row["Result"] == "NOT_ATTEMPTED":
            item.unattempted = True
            item.not_attempted = now, last_try(row, now, item.orders[item.trial][0])
            self.wait(item, now, self.settings.retry_delays[0], "D103")
            return
        code = code_of(row)
        if code in LASTING_D or item.delays >= len(self.settings.retry_delays):
            self.fail(item, now, code)
            return
        delay = self.settings.retry_delays[item.delays]
        item.delays += 1
        self.wait(item, now, delay, code)

    def wait(self, item, now, delay, code):
        if self.ends_withdrawn(item, now):
            return
        if not self.may_try_again(item, now + delay):
            self.fail(item, now, code)
            return
        item.become("RETRY_WAIT", now, "" if item.unattempted else code)
        item.due = now + delay

    def fail(self, item, now, code, by_order=False):
        if self.ends_withdrawn(item, now):
            return
        item.become("FAILED", now, code)
        known = (self.inventory or {}).get(item.device)
        item.failed_as = {**(known or {**item.row, "CHFDeviceID": ""}),
                          "non migratable": self.is_non_migratable(item, now)}
        if not by_order:
            self.tell_partners(item, code, now)
        item.next_eligible = item.ends + self.settings.next_session
        item.failure = code, item.tries, item.next_eligible
        before = any(other.state == "FAILED" for other in self.earlier(item))
        if code[0] == "D" and not before:
            self.count_failure(item, now)

    def success(self, item, trial, ids, now):
        if self.makes_stand_again(item, item.tcos == ids, item.ecos == ("Y", *ids)):
            item.tcos, item.succeeded = ids, trial
            return self.stand_again(item, now)
        if item.tcos == ids or item.state == "MIGRATED" and item.ecos == ("Y", *ids):
            return "C119"
        if item.ended_in_vain:
            item.tcos, item.succeeded = ids, trial
            return self.compare_late(item, now)
        if item.state == "MIGRATED" or isinstance(item.tcos, tuple) and item.state != "CONFIRM_MISMATCH":
            return "C121"
        item.tcos, item.succeeded = ids, trial
        if trial == item.trial:
            item.unattempted = False
        self.compare(item, now)
        return None

    def confirm(self, item, row, now):
        """The same for an EMC row."""
        if item.trial == 0:
            return "C118"
        said = ("Y", as_bytes(row["SubjectId"]), as_bytes(row["KeyId"])) if row["Confirmed"] == "Y" else ("N",)
        if self.makes_stand_again(item, item.ecos == said, said[0] == "Y" and item.tcos == said[1:]):
            item.ecos, item.ecos_at = said, now
            return self.stand_again(item, now)
        if item.state == "MIGRATED" and said[0] == "Y" and item.tcos == said[1:]:
            return "C119"
        if item.ecos == said and (said[0] == "Y" or item.state != "MIGRATED"):
            return "C119"
        if item.ended_in_vain:
            if said == ("N",) and not item.has_success and item.state != "REJECTED":
                return "C119"
            item.ecos, item.ecos_at = said, now
            return self.compare_late(item, now)
        if item.state == "MIGRATED" or item.state == "CONFIRM_PENDING" and item.tcos is None:
            return "C121"
        item.ecos, item.ecos_at = said, now
        if item.state in ("DISPATCHED", "RETRY_WAIT") and said == ("N",):
            item.note(now)
            return None
        self.compare(item, now)
        return None

    def compare(self, item, now):
        """One side has spoken, or spoken anew."""
        if item.tcos is None or item.ecos is None:
            item.become("CONFIRM_PENDING", now)
            item.due = now + self.settings.confirmation_wait
        elif item.agrees():
            self.migrate(item, now)
        elif item.tcos == "FAILED" and item.ecos == ("N",):
            self.fail(item, now, item.denied)
        else:
            goes_on = item.state == "CONFIRM_MISMATCH"  # an operator may have closed the incident
            item.become("CONFIRM_MISMATCH", now, "D151")
            if not goes_on:
                self.tell_partners(item, "D151", now)

    def compare_late(self, item, now):
        """One side has spoken after an end without success; the finding that it gets."""
        if self.has_migrated_otherwise(item):
            item.due = None
            item.note(now)
            return "C119"
        if item.agrees():
            self.migrate_late(item, now)
            return None
        one_sided = item.tcos is None or item.ecos is None
        item.due = now + self.settings.confirmation_wait if item.has_success and one_sided else None
        item.note(now, "D151" if item.has_success and not one_sided else None)
        if item.has_success and not one_sided:
            self.tell_partners(item, "D151", now)
        return "C119"

    def migrate_late(self, item, now):
        """What succeeded was attempted."""
        item.unattempted = item.unattempted and not (isinstance(item.tcos, tuple) and item.succeeded == item.trial)
        item.corrected, item.next_eligible = True, None
        self.migrate(item, now)

    def makes_stand_again(self, item, said_before, other_says_so):
        """Whether a side's success makes a migration stand again that an operator has overruled."""
        return item.state == "MIGRATED" and not item.has_migrated and not said_before and other_says_so and \
            not self.has_migrated_otherwise(item)

    def stand_again(self, item, now):
        """With the end that it has; no finding."""
        item.note(now)
        self.came_to["a migration that stands again"] += 1
        self.hold_new_credentials(item, now)

    def end_by_order(self, device, as_what, now, answers):
        """An operator ends the work on a Device of which the sides have not agreed; whether he may."""
        mine = [one for one in self.items if one.device == device]
        item = next((one for one in mine if one.live or one.has_migrated), None) or \
            next((one for one in reversed(mine) if one.ended_in_vain and one.has_success), None)
        if item is None or not (item.state in ("CONFIRM_PENDING", "CONFIRM_MISMATCH") or item.ended_in_vain):
            return False
        beside = [one for one in mine if one is not item and one.ended_in_vain and one.has_success and one.replaced]
        repeated = as_what == "failed" and item.ended_as_failed == len(item.steps)
        if repeated and not beside:
            return False
        if as_what == "failed":
            for one in beside:
                self.overrule(one, now)
        if repeated:
            pass
        elif as_what == "migrated":
            if item.ended_in_vain:
                self.migrate_late(item, now)
            else:
                self.migrate(item, now)
        elif item.ended_in_vain:
            self.overrule(item, now)
        else:
            self.fail(item, now, "D150" if item.state == "CONFIRM_PENDING" else "D151", by_order=True)
            self.clear_incident(("C", "D"), item.device, now)
            item.overruled = item.tcos, item.ecos
            item.ended_as_failed = len(item.steps)
        self.settle(now, answers)
        return True

    def overrule(self, item, now):
        """What one side has stated of work that has ended."""
        item.due = None
        item.note(now)
        self.clear_incident(("C", "D"), item.device, now)
        item.overruled, item.ended_as_failed = (item.tcos, item.ecos), len(item.steps)
        self.came_to["a late success overruled"] += 1

    def release_device(self, device, now):
        """An operator says that nothing stands against a new instruction; whether something did."""
        mine = [item for item in self.items if item.device == device]
        contradicts = any(one[:2] == ["D152", device] and one[3] is None for one in self.incidents)
        if any(item.live for item in mine) or not (self.unresolved(mine, now) or any(item.replaced for item in mine)):
            return False
        overruled = next((item for item in reversed(mine) if item.has_migrated), None)
        if overruled:
            self.migrated[overruled.device_model] -= 1
            self.judge_model(overruled.device_model, now)
        for item in mine:
            item.overruled, item.released = (item.tcos, item.ecos), len(item.steps)
        self.clear_incident(("C", "D"), device, now)
        self.came_to["a contradiction released"] += contradicts
        return True

    def others(self, item):
        return [other for other in self.items if other.device == item.device and other is not item]

    def has_migrated_otherwise(self, item):
        """By another work item, which no operator has overruled."""
        return any(other.has_migrated for other in self.others(item))

    def migrate(self, item, now):
        """The Device has: its other work ends, or waits for no side any more."""
        item.become("MIGRATED", now)
        self.hold_new_credentials(item, now)

    def hold_new_credentials(self, item, now):
        self.came_to["a late success"] += item.corrected
        self.came_to["a late success beside newer work"] += item.corrected and any(
            one.device == item.device and one.number > item.number for one in self.items)
        for other in self.others(item):
            if other.live:
                other.become("REJECTED", now, "C108")
            elif other.due:
                other.due = None
                other.note(now)
        self.migrated[item.device_model] = self.migrated.get(item.device_model, 0) + 1
        self.clear_incident("D160", item.device_model, now)
        self.clear_incident(("C", "D"), item.device, now)
