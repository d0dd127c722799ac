#!/usr/bin/env python3
"""An operator holds a batch or a Device, and releases it (TAP)."""
from home import Home, Tap
from parties import Parties, at, confirmed, device, instructed, said, sound, work
from pause import done, order, refused


def test_list(tap):
    """Which batches there are, and how an operator names one."""
    home = Home()
    parties = Parties(home)
    first = parties.instruct([1, 2, instructed(3, "XSME")])
    parties.send("EMI", [instructed(4)], batch="B-1A")
    parties.instruct([instructed(5, "XSME")])
    home.run()
    parties.result(said(1, "FAILED", gbcs="5"), said(2))
    parties.confirm(confirmed(2))
    home.run(now=at(1))
    found = [(row["batch"], row["verdict"], row["accepted"], row["ended"], row["open"], row["held"])
             for row in home.json("batch", "list")]
    tap.ok(found == [("MCC.B-1", "PA", 2, 2, 0, False), ("MCC.B-1A", "AC", 1, 0, 1, False),
                     ("MCC.B-3", "PA", 0, 0, 0, False)], "all batches that were judged", found)
    tap.ok([row["batch"] for row in home.json("batch", "list", "--open")] == ["MCC.B-1A"], "and those with open work")
    for name in ("B-1", "MCC.B-1", "1", "00000001", first):
        shown = home.json("batch", "show", name)
        tap.ok(len(shown) == 1 and shown[0]["batch"] == "MCC.B-1" and shown[0]["file"] == first, f"named by {name}",
               shown)
    fact = home.json("batch", "show", "B-1")[0]
    tap.ok([(row["state"], row["devices"], row["waits_for"]) for row in fact["states"]] ==
           [("REJECTED", 1, None), ("MIGRATED", 1, None), ("FAILED", 1, None)] and
           [(row["code"], row["devices"]) for row in fact["codes"]] == [("C104", 1), ("D105", 1)] and
           (fact["accepted"], fact["rejected"], fact["ended"], fact["open"]) == (2, 1, 2, 0),
           "by state and by code", fact)
    fact = home.json("batch", "show", "B-1A")[0]
    tap.ok(fact["states"] == [{"state": "DISPATCHED", "devices": 1,
                               "waits_for": "the result (EMT) of the TCoS Service Provider"}], "and what it waits for",
           fact)
    refused(tap, "no such batch", home.command("batch", "show", "B-9"), "'B-9'; 'ecosgate batch list'")
    text = home.command("batch", "show", "B-1").stdout.decode()
    tap.ok("\nDevices\n" in text and "FAILED" in text, "as text", text)


def test_names_of_two(tap):
    """What names two batches names none."""
    home = Home()
    parties = Parties(home)
    parties.send("EMI", [instructed(1)], batch="2")
    parties.send("EMI", [instructed(2)], batch="B-2")
    home.run()
    for words in (("show", "2"), ("hold", "2", "--reason", "x")):
        refused(tap, f"batch {words[0]}: a BatchId and a job", home.command("batch", *words),
                "'2' names several batches: MCC.2 (job 00000001, AC), MCC.B-2 (job 00000002, AC); give SENDER.BATCHID")
    tap.ok(home.json("batch", "show", "MCC.2")[0]["job"] == "00000001", "its whole name is one")


def test_batch(tap):
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(1, "TIMEOUT"))
    home.run(now=at(1))
    refused(tap, "what is not held is not released", order(home, "batch", "release", "B-1", now=at(2)),
            "batch MCC.B-1 is not held")
    done(tap, "a batch is held", order(home, "batch", "hold", "B-1", now=at(2), reason="wrong hub"),
         "batch MCC.B-1: hold done\n")
    refused(tap, "once", order(home, "batch", "hold", "B-1", now=at(2)), "batch MCC.B-1 is held already")
    parties.instruct([4])
    parties.result(said(2))
    home.run(now=at(10))
    tap.ok(parties.states(1, 2, 3, 4) == ["RETRY_WAIT D103", "CONFIRM_PENDING", "DISPATCHED", "DISPATCHED"],
           "its next tries wait; results count, and other batches go on", parties.states(1, 2, 3, 4))
    facts = [home.json("why", device(n), now=at(11))[0] for n in (1, 3)]
    tap.ok(facts[0]["waits_for"] == "an operator, who holds batch MCC.B-1" and "wrong hub" in facts[0]["because"] and
           facts[0]["moved_by"] == "`ecosgate batch release 00000001 --reason TEXT`" and
           "no further try is ordered, batch MCC.B-1: an operator" in facts[1]["because"], "why says so", facts)
    fact, status = home.json("batch", "show", "B-1", now=at(11))[0], home.json("status", now=at(11))[0]
    tap.ok("wrong hub" in fact["held"] and
           [row["waits_for"] for row in fact["states"] if row["state"] == "RETRY_WAIT"] == [fact["held"]] and
           [(row["verb"], row["result"]) for row in fact["actions"]][1:2] == [("hold batch", "done")],
           "batch show says so, with the orders", fact)
    tap.ok([(row["what"], row["reason"], row["ended_by"]) for row in status["kept_back"]] ==
           [("batch MCC.B-1", "wrong hub", "ecosgate batch release 00000001")], "and status", status["kept_back"])
    parties.result(said(3, "TIMEOUT"))
    home.run(now=at(12))
    done(tap, "it is released", order(home, "batch", "release", "MCC.B-1", now=at(30)),
         "batch MCC.B-1: release done\n")
    home.run(now=at(30))
    tap.ok(parties.orders()[2:] == [[f"{work(1)} 2", f"{work(3)} 2"]] and not home.json("status")[0]["kept_back"],
           "what was due is ordered", parties.orders())
    sound(tap, home, "after a batch was held")


def test_batch_before_dispatch(tap):
    """A batch that is held before its first order: no session begins; TCoS closes as ever."""
    home = Home("gateway dispatch_hours=13-14")
    parties = Parties(home)
    parties.instruct([1, 2])
    parties.instruct([3])
    home.run()
    order(home, "batch", "hold", "1", now=at(0))
    home.run(now=at(60))
    tap.ok(parties.states(1, 2, 3) == ["READY", "READY", "DISPATCHED"], "another batch overtakes it",
           parties.states(1, 2, 3))
    home.run(now=at(25 * 60))
    tap.ok(parties.states(1, 2) == ["READY", "READY"], "its Devices have all their time", parties.states(1, 2))
    order(home, "batch", "release", "1", now=at(25 * 60))
    home.run(now=at(25 * 60 + 1))
    tap.ok(parties.orders()[1:] == [[f"{work(1)} 1", f"{work(2)} 1"]], "after its release it is ordered",
           parties.orders())
    parties.instruct([4])
    home.run(now=at(27 * 60))
    order(home, "batch", "hold", "B-3", now=at(27 * 60))
    order(home, "device", "hold", device(4), now=at(27 * 60))
    home.set("gateway tcos_closes=2023-07-05T00:00:00Z")
    home.run(now="2023-07-04T23:59:00Z")
    tap.ok(parties.state(4) == "REJECTED C122" and not home.json("status")[0]["kept_back"],
           "when TCoS closes, a held Device is refused as ever", parties.state(4))
    home.command("batch", "release", "B-3", "--reason", "x", now="2023-07-05T00:00:00Z")
    refused(tap, "and the batch has nothing to be held",
            order(home, "batch", "hold", "MCC.B-3", now="2023-07-05T00:00:00Z"),
            "batch MCC.B-3: no Device of it is in work: accepted 1, all of them have ended")
    sound(tap, home, "after a batch was held before its first order")


def test_ends_held(tap):
    """A session ends at its time while it is held: a try that was kept back is no failure."""
    home = Home()
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    parties.result(said(1, "TIMEOUT"), said(2, "TIMEOUT"))
    home.run(now=at(1))
    order(home, "device", "hold", device(1), now=at(2))
    home.run(now=at(6))
    tap.ok(parties.states(1, 2) == ["RETRY_WAIT D103", "DISPATCHED"], "one is held", parties.states(1, 2))
    home.run(now=at(24 * 60))
    tap.ok(parties.states(1, 2, 3) == ["DEFERRED C126", "FAILED D103", "FAILED D103"],
           "it is deferred, and has not failed", parties.states(1, 2, 3))
    refused(tap, "what has ended is not held", order(home, "device", "hold", device(1), now=at(24 * 60)),
            f"no work item of the Device {device(1)} is live: it is DEFERRED")
    parties.instruct([1])
    home.run(now=at(24 * 60 + 1))
    tap.ok(parties.state(1) == "DISPATCHED" and not home.json("status")[0]["kept_back"],
           "new work of the Device is not held", parties.state(1))
    sound(tap, home, "after a session ended while it was held")


def test_device(tap):
    """One Device of many that were never ordered: those before and after it go out."""
    home = Home("gateway dispatch_hours=13-14\ngateway work_order_devices=1")
    parties = Parties(home)
    parties.instruct([1, 2, 3])
    home.run()
    done(tap, "a Device is held", order(home, "device", "hold", device(2), now=at(1), reason="its hub burns"),
         f"Device {device(2)}: hold done\n")
    refused(tap, "once", order(home, "device", "hold", device(2), now=at(1)), f"the Device {device(2)} is held already")
    refused(tap, "an unknown one", order(home, "device", "hold", device(9), now=at(1)), "is not known")
    home.run(now=at(60))
    tap.ok(parties.orders() == [[f"{work(1)} 1"], [f"{work(3)} 1"]] and parties.state(2) == "READY",
           "the others are ordered", parties.orders())
    shown = home.json("device", "show", device(2))[0]
    tap.ok(shown["held"] is True and "its hub burns" in shown["because"] and
           shown["moved_by"] == f"`ecosgate device release {device(2)} --reason TEXT`" and
           "its hub burns" in shown["history"][-1]["text"], "device show says so", shown)
    kept = [(row["what"], row["reason"], row["ended_by"]) for row in home.json("status")[0]["kept_back"]]
    tap.ok(kept == [(f"Device {device(2)}", "its hub burns", f"ecosgate device release {device(2)}")], "and status",
           kept)
    home.run(now=at(30 * 60))
    tap.ok(parties.states(1, 2) == ["FAILED D103", "READY"], "its session has not begun", parties.states(1, 2))
    done(tap, "it is released", order(home, "device", "release", device(2), now=at(49 * 60)),
         f"Device {device(2)}: release done\n")
    home.run(now=at(49 * 60))
    tap.ok(parties.orders()[2:] == [[f"{work(2)} 1"]] and not home.json("status")[0]["kept_back"],
           "and ordered", parties.orders())
    refused(tap, "there is nothing more to release", order(home, "device", "release", device(2), now=at(49 * 60)),
            "one is live")
    parties.result(said(2))
    home.run(now=at(49 * 60 + 1))
    refused(tap, "no try of it is to come", order(home, "device", "hold", device(2), now=at(49 * 60 + 1)),
            "is CONFIRM_PENDING: no try of it is to come")
    sound(tap, home, "after a Device was held")


if __name__ == "__main__":
    with Tap() as report:
        test_list(report)
        test_names_of_two(report)
        test_batch(report)
        test_batch_before_dispatch(report)
        test_ends_held(report)
        test_device(report)
