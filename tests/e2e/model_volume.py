"""The reference of the model test: thresholds (gateway/INCIDENTS.md, A116)."""
from model_time import DAY, HOUR

KINDS = ("sender", "supplier", "model")
LEAST_DAYS = 7  # with Devices, for a median
WEEKS = 4


def thresholds_of(kind, hour, day, times):
    """Lines of the configuration."""
    return [f"thresholds {kind}_{name}={n}" for name, n in (("hour", hour), ("day", day), ("usual", times))]


class Volumes:
    """Of Model. settings.thresholds: {kind: (an hour, a day, times the usual)}; 0: no limit."""

    def settle_volume(self, file, items, now):
        """Counts the Devices that an instruction brings; holds its batch if they are too many."""
        devices = [item for item in items if item.state == "READY"]
        brings = {}
        for item in devices:
            known = (self.inventory or {}).get(item.device) or {}
            for kind, subject in zip(KINDS, ("MCC", known.get("SupplierId"), item.device_model)):
                if subject:
                    brings[kind, subject] = brings.get((kind, subject), 0) + 1
        held = any(self.is_too_many(key, n, now) for key, n in brings.items())
        self.volumes += [(*key, now, n, held) for key, n in brings.items()]
        if held:
            self.held_batches.add(file.batch)
            self.over_threshold.add(file.batch)
            self.begin_incident("A116", f"MCC.{file.batch}", now)
            self.came_to["a batch over a threshold"] += 1

    def is_too_many(self, key, more, now):
        hour, day, times = self.settings.thresholds.get(key[0], (0, 0, 0))
        mine = [(at // HOUR, n, held) for kind, subject, at, n, held in self.volumes if (kind, subject) == key]
        this = now // HOUR
        in_hour = sum(n for at, n, held in mine if at == this and not held)
        in_day = sum(n for at, n, held in mine if this - 24 < at <= this and not held)
        usual = times * self.usual(mine, now // DAY)
        return bool(hour and in_hour + more > hour or day and in_day + more > day or usual and in_day + more > usual)

    @staticmethod
    def usual(mine, today):
        """The median of the days that had Devices, held ones too; 0: they are too few."""
        days = {}
        for at, n, _ in mine:
            if today - 7 * WEEKS <= at // 24 < today:
                days[at // 24] = days.get(at // 24, 0) + n
        counts = sorted(days.values())
        if len(counts) < LEAST_DAYS:
            return 0
        middle = len(counts) // 2
        return counts[middle] if len(counts) % 2 else (counts[middle - 1] + counts[middle]) // 2

    def watch_volume(self, now):
        """At the end of a pass."""
        held = {batch for batch in self.over_threshold & self.held_batches
                if any(item.batch == batch and item.live for item in self.items)}
        for code, subject, _, cleared in list(self.incidents):
            if code == "A116" and cleared is None and subject.split(".", 1)[1] not in held:
                self.clear_incident("A116", subject, now)
        for batch in sorted(held):
            self.begin_incident("A116", f"MCC.{batch}", now)
