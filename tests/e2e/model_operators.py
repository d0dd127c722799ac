"""The reference of the model test: what operators keep back and withdraw (gateway/DEVICES.md, Dispatch and States)."""


class Operators:
    """Of Model."""

    def order_about_work(self, subject, what, now, answers):
        """subject: "dispatch", a BatchId or a Device; whether the order is carried out."""
        orders = {"pause": self.pause, "resume": self.resume, "hold batch": self.hold_batch,
                  "release batch": self.release_batch, "hold device": self.hold_device,
                  "pause drop": self.pause_drop, "resume drop": self.resume_drop}
        if what in orders:
            return orders[what](subject, now)
        if what == "withdraw device":
            items = [item for item in self.items if item.device == subject and item.live]
        else:
            items = [item for item in self.items if item.batch == subject and item.live]
        done = [self.withdraw(item, now) for item in items]
        self.settle(now, answers)
        return any(done)

    def pause(self, _dispatch, _now):
        before, self.paused = self.paused, True
        return not before

    def resume(self, _dispatch, _now):
        before, self.paused = self.paused, False
        return before

    def pause_drop(self, place, _now):
        """place: (drop, "in" or "out")."""
        before = place in self.paused_drops
        self.paused_drops.add(place)
        return not before

    def resume_drop(self, place, _now):
        before = place in self.paused_drops
        self.paused_drops.discard(place)
        return before

    def hold_batch(self, batch, _now):
        if batch in self.held_batches or not any(item.batch == batch and item.live for item in self.items):
            return False
        self.held_batches.add(batch)
        return True

    def release_batch(self, batch, _now):
        if batch not in self.held_batches:
            return False
        self.held_batches.remove(batch)
        self.over_threshold.discard(batch)
        return True

    def hold_device(self, device, now):
        """One of which a try is to come. One that nothing was recorded of since its split gets its first record."""
        item = next((one for one in self.items if one.device == device and one.live), None)
        if item is None or item in self.held_items or item.state not in ("READY", "RETRY_WAIT", "DISPATCHED"):
            return False
        self.held_items.append(item)
        if item.state == "READY" and len(item.steps) == 1:
            item.note(now, "")
        return True

    def end_hold(self, device):
        """Of the Device's live work; whether it was held."""
        item = next((one for one in self.held_items if one.device == device and one.live), None)
        if item is None:
            return False
        self.held_items.remove(item)
        self.ended_holds.add(device)
        return True

    def is_kept_back(self, item):
        return self.paused or ("tcos", "out") in self.paused_drops or item.batch in self.held_batches or \
            item in self.held_items

    def withdraw(self, item, now):
        """Whether it is. What waits for a try ends at once; what is ordered ends where it does not succeed."""
        if item.state in ("READY", "RETRY_WAIT"):
            item.become("REJECTED", now, "C123")
            return True
        if item.state != "DISPATCHED" or item.withdrawn:
            return False
        item.withdrawn = True
        return True

    def ends_withdrawn(self, item, now):
        """In place of going on without a success: whether it was withdrawn while its try was ordered."""
        if not item.withdrawn or item.state != "DISPATCHED":
            return False
        item.become("REJECTED", now, "C123")
        self.came_to["a try of a withdrawn Device that came to nothing"] += 1
        return True
