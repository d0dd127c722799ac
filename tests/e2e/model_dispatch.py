"""The reference of the model test: work orders, what ends by time, and outcomes (gateway/DEVICES.md, Dispatch and
Outcomes)."""
from model_rules import MODEL
from model_time import text_of


class Dispatch:
    """Of Model."""

    def pass_time(self, now, answers):
        for item in self.items:
            if item.state == "RETRY_WAIT" and not self.may_try_again(item, now):
                self.end_waiting(item, now)
            elif item.state == "DISPATCHED" and now >= self.settings.not_after_closing(item.ends) and \
                    not self.ends_withdrawn(item, now):
                self.came_to["a session that closing ended"] += item.ends < item.begun + self.settings.session_length
                self.fail(item, now, "D103")
            elif item.state == "CONFIRM_PENDING" and now >= item.due and not item.reported:
                item.reported, item.code = True, "D150"
                item.note(now)
                self.tell_partners(item, "D150", now)
            elif item.ended_in_vain and item.due and now >= item.due:
                item.due = None
                item.note(now, "D150")
                self.tell_partners(item, "D150", now)
        self.settle(now, answers)
        for batch in [one for one in self.batches if one.is_overdue(now, self.settings.outcome_wait)]:
            self.came_to["an outcome with live Devices"] += batch.live
            self.tell_outcome(batch, answers)

    def may_try_again(self, item, at):
        return at < item.ends and self.settings.may_try(at)

    def end_waiting(self, item, now):
        """No try follows. If what stands against one passes, or is that it has migrated, the Device has not failed."""
        found, _ = self.review(item, now, at_split=False)
        if found and all(passes for _, passes, _ in found):
            self.defer(item, now, found)
        elif min((code for code, passes, _ in found if not passes), default="") == "C108":
            item.become("REJECTED", now, "C108")
        elif not found and item.due <= now and self.is_kept_back(item):
            self.came_to["a try that operators kept back to the end"] += 1
            item.become("DEFERRED", now, "C126")
            item.next_eligible = now
        else:
            self.fail(item, now, "D103" if item.unattempted else item.code)

    def defer(self, item, now, found):
        self.came_to["a session put off" if item.trial else "a first try put off"] += 1
        item.become("DEFERRED", now, min(code for code, _, _ in found))
        item.next_eligible = max(then for _, _, then in found)

    def settle(self, now, answers):
        """EMO for every batch whose last live Device has ended, and a further one when an end was corrected."""
        for batch in [one for one in self.batches if one.is_due]:
            self.tell_outcome(batch, answers)

    def tell_outcome(self, batch, answers):
        batch.told += 1
        batch.open, batch.corrected = batch.live, batch.corrections
        answers.emo.append((batch.file, [self.outcome(item) for item in batch.items], batch.told))

    @staticmethod
    def outcome(item):
        return {"RecordNumber": str(item.record), "DeviceID": item.device or item.row["DeviceID"],
                "WorkItemId": item.work_item, "Outcome": item.state, "Code": item.code, "Tries": str(item.tries),
                "EndedAt": text_of(item.ended_at), "NextEligible": text_of(item.next_eligible)}

    def dispatch(self, now, answers):
        closing = not self.settings.may_try(now)
        if not self.settings.dispatches_at(now) and not closing:
            return
        due = [item for item in self.items if item.state in ("READY", "RETRY_WAIT") and
               (item.due <= now or closing and item.state == "READY") and
               (closing or not self.is_kept_back(item)) and
               (closing or item.state != "READY" or not self.is_undecided())]
        for item in sorted(due, key=lambda item: (item.due, item.number)):
            if self.may_go(item, now):
                answers.emw.append(self.order(item, now))
        self.settle(now, answers)

    def may_go(self, item, now):
        """Judged again, before every try; else it waits, or ends."""
        found, _ = self.review(item, now, at_split=False)
        if not found:
            return True
        self.tell_dcc(item, found, now)
        permanent = [code for code, passes, _ in found if not passes]
        code = min(permanent or [code for code, _, _ in found])
        until = max((then or 0) for _, _, then in found)
        if permanent and (item.state == "READY" or code == "C108"):
            self.came_to["refused before its first try"] += code != "C122" and item.trial == 0
            item.become("REJECTED", now, code)
        elif permanent:
            self.fail(item, now, code)
        elif item.state == "READY" and code == "C116":
            item.code, item.due = code, until
            item.note(now)
        elif item.state == "READY" or not self.may_try_again(item, until):
            self.defer(item, now, found)
        else:
            item.due = until
            item.note(now, code)
        return False

    def order(self, item, now):
        if item.state == "READY":
            item.begun, item.ends = now, self.settings.not_after_closing(now + self.settings.session_length)
            self.first_tries.append(now)
        if item.unattempted:
            item.orders[item.trial][1] = item.not_attempted
        else:
            item.trial += 1
            item.orders[item.trial] = [now, None]
        item.unattempted = item.answered = False
        item.become("DISPATCHED", now)
        row = item.row
        self.note_order(item, now)
        return {"WorkItemId": item.work_item, "DeviceID": item.device, "DeviceType": row["DeviceType"],
                **{name: row[name].upper() for name in MODEL}, "CHFDeviceID": self.hub_of(item),
                "Try": str(item.trial), "SessionStart": text_of(item.begun), "SessionEnd": text_of(item.ends)}

    def note_order(self, item, now):
        known = (self.inventory or {}).get(item.device)
        self.came_to["a GPF of nobody ordered"] += known is not None and known["DeviceType"] == "GPF" and \
            self.responsible(known, now) is None
        self.came_to["a hub of the inventory ordered"] += self.hub_of(item) != item.row["CHFDeviceID"].upper()

    def hub_of(self, item):
        known = (self.inventory or {}).get(item.device, {})
        return known.get("CHFDeviceID") or item.row["CHFDeviceID"].upper()
