"""The reference of the model test: what opens and closes incidents (gateway/INCIDENTS.md)."""
from model_rules import PARTNERS_D


class Incidents:
    """Of Model. An incident is [code, subject, begun, cleared]."""

    def begin_incident(self, code, subject, now):
        if not any(one[:2] == [code, subject] and one[3] is None for one in self.incidents):
            self.incidents.append([code, subject, now, None])
            self.reported.append(("RAISED", code, subject))

    def clear_incident(self, codes, subject, now):
        """Of this code, or of all that begin so."""
        for one in self.incidents:
            if one[0].startswith(codes) and one[1] == subject and one[3] is None:
                one[3] = now
                self.reported.append(("CLEARED", *one[:2]))

    def tell_partners(self, item, code, now):
        """Codes of the migration that DCC and the Service Providers resolve; nothing if the Device has migrated."""
        if self.has_migrated_otherwise(item):
            return
        if code == "D151":
            self.clear_incident("D150", item.device, now)
        if code in PARTNERS_D:
            self.begin_incident(code, item.device, now)

    def tell_dcc(self, item, found, now):
        """Codes that last and that DCC has to look into."""
        for code, passes, _ in found:
            if item.device and not passes and code in ("C103", "C104", "C105", "C114"):
                self.begin_incident(code, item.device, now)

    def close(self, code, subject, now):
        """An operator closes an incident by hand; whether it was open."""
        if not any(one[:2] == [code, subject] and one[3] is None for one in self.incidents):
            return False
        for file in [one for one in self.held + self.parked if code == "A117" and one.subject == subject]:
            self.refuse(file, now)
        if code == "A118":
            self.reports.give_up(subject, self.parties)
        self.clear_incident(code, subject, now)
        return True

    def count_failure(self, item, now):
        """D160: a Device counts once."""
        subject = item.device_model
        self.failed[subject] = self.failed.get(subject, 0) + 1
        self.judge_model(subject, now)

    def judge_model(self, subject, now):
        if not self.migrated.get(subject) and self.failed.get(subject, 0) >= self.settings.model_failures:
            self.begin_incident("D160", subject, now)
