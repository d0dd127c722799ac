"""The reference of the model test: one inbound file, from its turn to its verdict (formats/FILES.md, 2;
gateway/DEVICES.md)."""
import functools

from model_files import LAST_NUMBER
from model_items import REFERENCE

GAP = 1000  # the default of sequence_gap_max


def in_turn(files, drops):
    """In the order in which one pass judges them: reference data first, then by drop and name. Of files that were made
    in one second the numbers decide; 999999 comes before 1. drops: in the order of the configuration."""
    def compare(one, other):
        mine, theirs = ((file.kind not in REFERENCE, drops.index(file.drop), file.name[:-10]) for file in (one, other))
        if mine != theirs:
            return -1 if mine < theirs else 1
        ahead = one.sequence - other.sequence
        return -ahead if abs(ahead) > LAST_NUMBER // 2 else ahead

    return sorted(files, key=functools.cmp_to_key(compare))


class Intake:
    """Of Model."""

    def take(self, file, now, answers):
        if file.kind == "EMI" and (self.waiting or self.inventory_is_stale(now)):
            self.waiting.append(file)
            return
        self.judge(file, now, answers)

    # ---- FULL files that would remove too much ----

    def release(self, now):
        """An operator lets all through that are held."""
        for file in self.held:
            self.released.append(file)
            self.clear_incident("A117", f"{file.drop}/{file.name}", now)
        self.line = [*self.held, *self.line]
        self.held = []

    def judge_reference(self, files, now, answers):
        """Reference data before all others, and no work order in between. Behind a file that is held those of its type
        wait. True: some were judged, or held."""
        line, self.line = [*self.line, *files], []
        for file in line:
            if any(file.kind == other.kind for other in self.held):
                self.line.append(file)
            else:
                self.judge(file, now, answers)
        return len(self.line) < len(line)

    def must_wait(self, file, now):
        """For an operator: it would remove too much."""
        if file.kind not in REFERENCE or file.mode != "FULL" or file in self.released:
            return False
        before = self.known_of(file.kind) or {}
        removed = len(set(before) - set(self.refer_to(file)[0]))
        if removed == 0 or removed < len(before) and removed * 100 <= self.settings.shrink_limit * len(before):
            return False
        self.held.append(file)
        self.seen.discard(file.name)
        self.begin_incident("A117", f"{file.drop}/{file.name}", now)
        return True

    def inventory_is_stale(self, now):
        if self.inventory is None:
            return self.settings.inventory == "required"
        return now - self.inventory_at > self.settings.inventory_max_age

    def judge(self, file, now, answers):
        if file.name in self.seen:
            self.reject(file, ["B105"], now, answers)
            return
        self.seen.add(file.name)
        faults, gaps = self.judged_numbers.pop(file.name, None) or self.number_faults(file)
        if not faults:
            self.good.setdefault(file.kind, []).append(file.sequence)
        faults += self.content_faults(file)
        if faults:
            self.reject(file, faults, now, answers, gaps)
            return
        if self.must_wait(file, now):
            self.held_now, self.judged_numbers[file.name] = True, (faults, gaps)
            return
        take = {"EMI": self.instruct, "EMT": self.take_records, "EMC": self.take_records}.get(file.kind, self.refer)
        errors, warnings = take(file, now, answers)
        warnings += [(None, code) for code in gaps]
        self.accept_number(file)
        outcome = "PA" if errors else "WN" if warnings else "AC"
        answers.ema.append((file, outcome, set(errors) | set(warnings)))
        self.settle(now, answers)

    def number_before(self, file):
        """The number that came before the file, accepted or not. One that is not above the last accepted one can only
        follow over the end: then only files after that one have come before it."""
        good, last = self.good.get(file.kind, []), self.last[file.kind]
        if file.sequence > last:
            return max([number for number in good if number < file.sequence] + [last])
        after = good[good.index(last) + 1:] if last in good else []
        return max([number for number in after if number < file.sequence] or [*good, last])

    def number_faults(self, file):
        """Too far ahead, or too far behind to be one that follows over the end; and the warning if it skips some."""
        if file.kind not in self.last:
            return [], []
        skips = (file.sequence - self.number_before(file) - 1) % LAST_NUMBER
        if skips > GAP or file.sequence == self.last[file.kind]:
            return ["B113"] if file.sequence > self.last[file.kind] else ["B107"], []
        return [], ["B108"] if skips else []

    def accept_number(self, file):
        if file.sequence < self.last.get(file.kind, 0):  # over the end
            self.good[file.kind] = [file.sequence]
        self.last[file.kind] = file.sequence

    def content_faults(self, file):
        faults = ["B208"] if file.fault == "B208" else []
        if not file.rows and file.kind not in ("COS", "NMM", "PTY"):
            faults.append("B306")
        if file.kind not in ("EMI", "EMT", "EMC") and file.rows:
            _, errors, _ = self.refer_to(file)
            if len({record for record, _ in errors}) == len(file.rows):  # one slip in all must not empty a table
                faults.append("B306")
        return faults
