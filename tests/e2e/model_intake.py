"""The reference of the model test: one inbound file, from its turn to its verdict (formats/FILES.md, 2;
gateway/DEVICES.md)."""
import functools

ACCEPTED = ("accepted", "over the end")
GAP = 1000  # the default of sequence_gap_max


def in_turn(files, drops):
    """In the order in which they are picked up: by drop and name. Of files that were made in one second the numbers
    decide; the greatest one comes before 1. drops: in the order of the configuration."""
    def compare(one, other):
        mine, theirs = ((drops.index(file.drop), file.order) for file in (one, other))
        if mine != theirs:
            return -1 if mine < theirs else 1
        ahead = one.sequence - other.sequence
        return -ahead if abs(ahead) > one.greatest // 2 else ahead

    return sorted(files, key=functools.cmp_to_key(compare))


class Intake:
    """Of Model."""

    def pick_up(self, files):
        """From now on they are in the spool, in this order."""
        files = in_turn(files, self.settings.drops)
        for file in files:
            self.picked_up += 1
            file.id, file.arrived, file.outcome = self.picked_up, self.now, None
            self.arrived.append(file)
            self.copies.setdefault(file.subject, []).append(file)
            if not file.misnamed:
                self.numbers.setdefault(file.kind, {})[file.id] = file.sequence, "came"
        return files

    def take(self, file, now, answers):
        if file.kind == "EMI" and not file.misnamed and (self.waiting or self.instructions_wait(now)):
            self.waiting.append(file)
            return
        self.judge(file, now, answers)

    # ---- what an operator decides about a file ----

    def hold(self, file):
        """One that waits for its verdict; whether it does."""
        for queue in (self.waiting, self.line, self.refused_now):
            if file in queue:
                queue.remove(file)
                self.parked.append(file)
                return True
        return False

    def release(self, file, now):
        """Lets a file go on; whether it may. One that an operator held back goes on by what was decided before."""
        if file in self.parked:
            self.parked.remove(file)
        elif file in self.held:
            self.clear_incident("A117", file.subject, now)
            self.held.remove(file)
            self.released.append(file)
        else:
            return False
        self.go_on(file)
        return True

    def go_on(self, file):
        queue = self.refused_now if file in self.refused else self.line if file.is_reference else self.waiting
        queue.append(file)
        queue.sort(key=lambda one: one.id)

    def judge_again(self, file):
        """As if it had just come; whether it may. Of files that have a verdict only those that are held."""
        if file not in self.parked + self.held:
            return False
        for decided in (self.held, self.parked, self.released, self.refused):
            if file in decided:
                decided.remove(file)
        self.go_on(file)
        return True

    def is_overtaken(self, file):
        """A later file of its type was accepted."""
        return any(number > file.id and state in ACCEPTED for number, (_, state) in self.numbers[file.kind].items())

    def refuse(self, file, now):
        """An operator has a file rejected that is held; whether it is. Closing its A117 does the same."""
        if file not in self.parked + self.held:
            return False
        self.clear_incident("A117", file.subject, now)
        for held in (self.held, self.parked, self.refused):
            if file in held:
                held.remove(file)
        self.refused.append(file)
        self.go_on(file)
        return True

    def judge_refused(self, now, answers):
        """They come first and wait for nothing."""
        files, self.refused_now = sorted(self.refused_now, key=lambda one: one.id), []
        for file in files:
            self.judge(file, now, answers)

    # ---- FULL files that would remove too much ----

    def judge_reference(self, files, now, answers):
        """Reference data before all others. Behind a file that is held those of its type wait."""
        line, self.line = [*self.line, *files], []
        for file in line:
            if any(file.kind == other.kind and other.id < file.id for other in self.undecided()):
                self.line.append(file)
            else:
                self.judge(file, now, answers)

    def must_wait(self, file, now):
        """For an operator: it would remove too much."""
        if not file.is_reference or file.mode != "FULL" or file in self.released:
            return False
        before = self.known_of(file.kind) or {}
        removed = len(set(before) - set(self.refer_to(file)[0]))
        if removed == 0 or removed < len(before) and removed * 100 <= self.settings.shrink_limit * len(before):
            return False
        self.held.append(file)
        self.asked.append(file)
        self.begin_incident("A117", file.subject, now)
        return True

    def undecided(self):
        """Files that an operator has to decide about, or holds back whatever was decided."""
        return self.held + [file for file in self.parked if file in self.asked]

    def is_undecided(self):
        """They may say that a Device must not be ordered."""
        return any(file.kind != "PTY" for file in self.undecided())

    def instructions_wait(self, now):
        return self.inventory_is_stale(now) or self.is_undecided()

    def inventory_is_stale(self, now):
        if self.inventory is None:
            return self.settings.inventory == "required"
        return now - self.inventory_at > self.settings.inventory_max_age

    # ---- one file ----

    def judge(self, file, now, answers):
        self.judge_file(file, now, answers)
        answers.reports.update(self.reports.send(self.parties))

    def judge_file(self, file, now, answers):
        faults = [file.misname_code] if file.misnamed else []
        is_early = "B115" in faults  # it counts as not received
        older = [] if is_early else [other for other in self.copies[file.subject] if other.id < file.id]
        is_repeated = file.data in [other.data for other in older]
        faults += ["B105" if is_repeated else "B106"] if older else []
        refused = ["B114"] * (file in self.refused)
        if file.misnamed or is_repeated:
            self.use_no_number(file)
            self.reject(file, refused + faults, now, answers)
            return
        wrong, gaps = ([], []) if file.sequence in [other.sequence for other in older] else self.number_faults(file)
        if wrong or file.sequence in [other.sequence for other in older]:
            self.use_no_number(file)
        else:
            self.numbers[file.kind][file.id] = file.sequence, "good"
        faults += wrong
        faults = refused + faults + self.content_faults(file)
        if faults:
            self.reject(file, faults, now, answers, gaps)
        elif not self.must_wait(file, now):
            self.accept(file, now, answers, gaps)

    def accept(self, file, now, answers, gaps):
        take = {"EMI": self.instruct, "EMT": self.take_records, "EMC": self.take_records}.get(file.kind, self.refer)
        errors, warnings = take(file, now, answers)
        warnings += [(None, code) for code in gaps]
        last, _ = self.numbers_before(file)
        over_end = last is not None and file.sequence < last
        self.numbers[file.kind][file.id] = file.sequence, "over the end" if over_end else "accepted"
        outcome = "PA" if errors else "WN" if warnings else "AC"
        self.acknowledge(file, outcome, set(errors) | set(warnings), answers)
        self.clear_incident("B", file.subject, now)
        if file.resubmission_of:
            self.clear_incident("B", self.rejected[file.drop, file.resubmission_of], now)
        self.settle(now, answers)

    def reject(self, file, codes, now, answers, warned=()):
        name = self.acknowledge(file, "RJ", {(None, code) for code in [*codes, *warned]}, answers)
        for named in (file.name, name):
            self.rejected[file.drop, named] = file.subject
        self.begin_incident(codes[0], file.subject, now)

    def acknowledge(self, file, outcome, codes, answers):
        file.outcome = outcome
        answers.ema.append((file, outcome, codes))
        first = file.acknowledgement()
        self.revisions[first] = self.revisions.get(first, 0) + 1
        return file.acknowledgement(self.revisions[first])

    # ---- numbers ----

    def use_no_number(self, file):
        self.numbers.get(file.kind, {}).pop(file.id, None)

    def numbers_before(self, file):
        """Of its type: the greatest accepted number of the files that came before it, and all that came since they
        began with 1 again, (number, state). Files that came later do not count, however late this one is judged."""
        before, last = [], None
        for number, (sequence, state) in sorted(self.numbers[file.kind].items()):
            if number < file.id:
                before = [(sequence, state)] if state == "over the end" else [*before, (sequence, state)]
                if state in ACCEPTED:
                    last = sequence if state == "over the end" else max(last or 0, sequence)
        return last, before

    @staticmethod
    def number_before(file, last, before):
        """The number that came before the file, judged or not. One that is not above the last accepted one can only
        follow over the end: then only files after that one, whose number was good, have come before it."""
        if file.sequence > last:
            return max([number for number, _ in before if number < file.sequence] + [last])
        good = [number for number, state in before if state != "came"]
        after = good[good.index(last) + 1:] if last in good else []
        return max([number for number in after if number < file.sequence] or [*good, last])

    def number_faults(self, file):
        """Too far ahead, or too far behind to be one that follows over the end; and the warning if it skips some."""
        last, before = self.numbers_before(file)
        if last is None:
            return [], []
        skips = (file.sequence - self.number_before(file, last, before) - 1) % file.greatest
        if skips > GAP or file.sequence == last:
            return ["B113"] if file.sequence > last else ["B107"], []
        return [], ["B108"] if skips else []

    def content_faults(self, file):
        """In the order in which they are found: header, count, records."""
        if not file.data:
            return ["B110"]
        known = not file.resubmission_of or (file.drop, file.resubmission_of) in self.rejected
        faults = ["B107"] if file.is_reference and self.is_overtaken(file) else []
        self.came_to["reference data out of date"] += bool(faults)
        faults += ([] if known else ["B210"]) + (["B208"] if file.fault == "B208" else [])
        if not file.rows and file.kind not in ("COS", "NMM", "PTY"):
            faults.append("B306")
        if file.is_reference and file.rows:
            _, errors, _ = self.refer_to(file)
            if len({record for record, _ in errors}) == len(file.rows):  # one slip in all must not empty a table
                faults.append("B306")
        return faults
