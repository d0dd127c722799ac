#!/usr/bin/env python3
"""The gateway as its operators and partners see it: passes, the daemon, orders, history, drops (TAP)."""
import csv
import gzip
import hashlib
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

from home import (GATE, NOW, PATIENCE, Home, Tap, answer, generate, terminate, threads_of, try_limits, use_disk,
                  wait_until)

MCC = "90-B3-D5-1F-30-0E-C0-01"
TCSP = "90-B3-D5-1F-30-0E-C0-02"
ECSP = "90-B3-D5-1F-30-0E-C0-03"
GATEWAY = "90-B3-D5-1F-30-00-00-04"
OTHER = "90-B3-D5-1F-30-00-00-05"  # another gateway
DEVICE = "00-DB-12-34-56-78-90-%02X"
# Incidents are reported to nobody, so that jobs are those of the files alone. incidents.py tests how they are reported.
NO_INC = "gateway incident_party=NOBODY"


def name_of(sequence, form="csv", time="060000", kind="EMI", org="MCC", eui64=MCC):
    return f"{kind}_{org}_{eui64}_20230703_{time}_{sequence:06d}.{form}"


def instruction(sequence, devices=(1,), time="06:00:00", batch=None, resubmission="", recipient=GATEWAY,
                environment="TEST", sender=MCC):
    """The CSV form; a Device is a number, or a whole row after its RecordNumber."""
    lines = [f"H,EMI,1.0,{sender},{recipient},{sequence},2023-07-03T{time}Z,{environment},"
             f"{batch or f'B-{sequence}-{time[:2]}'},{resubmission}"]
    for number, device in enumerate(devices, 1):
        row = device if isinstance(device, str) else f"{DEVICE % device},ESME,AB01,010A030B,0002012F,,,North,1"
        lines.append(f"D,{number},{row.replace(',0002012F,,', ',0002012F,1012345678903,', 1)}")
    return ("\r\n".join(lines) + f"\r\nT,{len(devices)}\r\n").encode()


def replies(kind, sender, said, sequence=1, time="06:00:00"):
    """An EMT or EMC in CSV; what is said stands behind the RecordNumber."""
    lines = [f"H,{kind},1.0,{sender},{GATEWAY},{sequence},2023-07-03T{time}Z,TEST,R-{sequence}-{time[:2]},"]
    lines += [f"D,{number},{row}" for number, row in enumerate(said, 1)]
    return ("\r\n".join(lines) + f"\r\nT,{len(said)}\r\n").encode()


def send(home, name, content, drop="mcc"):
    path = os.path.join(home.top, "arriving")
    with open(path, "wb") as file:
        file.write(content)
    home.drop(drop, path, name)


def rows(data):
    return list(csv.reader(io.StringIO(data.decode())))


def codes_of(home, name, receipt=1, drop="mcc"):
    """Outcome and codes in the order of an EMA in CSV."""
    found = rows(home.read_out(drop, answer(name, revision=receipt)))
    return found[1][5], [row[1] for row in found if row[0] == "E"]


def states(home):
    return {job["id"]: job["state"] for job in home.json("spool", "list")}


def sound(tap, home, situation):
    done = home.command("spool", "verify")
    tap.ok(done.returncode == 0, f"spool verify finds all sound: {situation}", done.stdout.decode())


def test_pass(tap):
    home = Home()
    tap.ok(home.run().returncode == 0, "a pass over empty drops is good")
    good = name_of(1)
    send(home, good, instruction(1, (1, 2)))
    done = home.run()
    tap.ok(done.returncode == 0, "a pass with an accepted file is good", done.stderr.decode())
    work = f"EMW_TCOS_{GATEWAY}_20230703_120000_000001.csv"
    tap.ok(home.out("mcc") == [answer(good, "EMA"), answer(good, "EMD")], "one EMA and one EMD answer it",
           home.out("mcc"))
    tap.ok(home.out("tcos") == [work], "one work order leaves", home.out("tcos"))
    tap.ok(os.listdir(home.inbox("mcc")) == [], "the sender's copy is gone")
    session = "2023-07-03T12:00:00Z,2023-07-04T12:00:00Z"
    expected = (f"H,EMW,1.0,{GATEWAY},90-B3-D5-1F-30-0E-C0-02,1,{NOW},TEST,EMW-000001,\r\n"
                f"D,1,MCC.B-1-06.1,{DEVICE % 1},ESME,AB01,010A030B,0002012F,,1,{session}\r\n"
                f"D,2,MCC.B-1-06.2,{DEVICE % 2},ESME,AB01,010A030B,0002012F,,1,{session}\r\nT,2\r\n")
    tap.ok(home.read_out("tcos", work).decode() == expected, "the work order holds what was instructed",
           home.read_out("tcos", work).decode())
    emd = rows(home.read_out("mcc", answer(good, "EMD")))
    tap.ok([row[1:5] for row in emd[1:-1]] == [["1", DEVICE % 1, "ESME", "ACCEPTED"],
                                              ["2", DEVICE % 2, "ESME", "ACCEPTED"]], "one EMD row for each Device",
           emd)
    send(home, name_of(2), instruction(2, (3, f"{DEVICE % 4},XSME,AB01,010A030B,0002012F,,,North,1")))
    tap.ok(home.run().returncode == 1, "a pass with a rejected Device ends with 1")
    tap.ok(codes_of(home, name_of(2))[0] == "PA", "its EMA says PA", codes_of(home, name_of(2)))
    order = rows(home.read_out("tcos", f"EMW_TCOS_{GATEWAY}_20230703_120000_000002.csv"))
    tap.ok([row[3] for row in order if row[0] == "D"] == [DEVICE % 3], "only the accepted Device is ordered", order)
    send(home, name_of(3), b"H,EMI\r\n")
    tap.ok(home.run().returncode == 1, "a pass with a rejected file ends with 1")
    tap.ok(home.out("mcc")[-1] != answer(name_of(3), "EMD") and answer(name_of(3)) in home.out("mcc"),
           "a file rejected whole gets no EMD")
    tap.ok(home.run().returncode == 0, "a further pass finds nothing to do")
    tap.ok(len(home.out("tcos")) == 2 and len(home.out("mcc")) == 5, "and leaves nothing more in the drops")
    before = home.state()
    with open(home.conf, "ab") as file:
        file.write(b"# ours\n")
    again = subprocess.run([GATE, "init", home.dir], capture_output=True, check=False)
    with open(home.conf, "rb") as file:
        tap.ok(again.returncode == 2 and b"exists already" in again.stderr and file.read().endswith(b"# ours\n") and
               home.state() == before, "init of a home that is there ends with 2 and changes nothing", again.stderr)
    tap.ok(home.command("run", "--twice").returncode == 2, "an unknown option ends with 2")
    tap.ok(Home().command("run", "--once", "x").returncode == 2, "an argument too many ends with 2")
    lost = subprocess.run([GATE, "-c", "/nonexistent.conf", "run", "--once"], capture_output=True, check=False)
    tap.ok(lost.returncode == 2 and b"/nonexistent.conf" in lost.stderr, "no configuration ends with 2", lost.stderr)
    sound(tap, home, "after passes")


def test_answers(tap):
    """What the rows of answers and orders hold."""
    home = Home("gateway work_order_devices=2")
    low = f"{(DEVICE % 0xA).lower()},GPF,ab0c,0a0b0c0d,0000000e,,{(DEVICE % 0xF0).lower()},South,12"
    send(home, name_of(1), instruction(1, (1, 2, low, 4, 5)))
    tap.ok(home.run().returncode == 0, "small letters are as good as great ones")
    orders = [rows(home.read_out("tcos", name)) for name in home.out("tcos")]
    tap.ok([[row[2] for row in order if row[0] == "D"] for order in orders] ==
           [["MCC.B-1-06.1", "MCC.B-1-06.2"], ["MCC.B-1-06.3", "MCC.B-1-06.4"], ["MCC.B-1-06.5"]],
           "no work order holds more Devices than are set, none is left out", orders)
    tap.ok(orders[1][1][1:9] == ["1", "MCC.B-1-06.3", DEVICE % 0xA, "GPF", "AB0C", "0A0B0C0D", "0000000E",
                                 DEVICE % 0xF0],
           "in a work order they are great ones", orders[1])
    tap.ok([order[0][5] for order in orders] == ["1", "2", "3"] and [order[0][8] for order in orders] ==
           ["EMW-000001", "EMW-000002", "EMW-000003"], "each has a number and a batch of its own", orders)
    sound(tap, home, "after several work orders of one batch")

    many = [f"x{n},ESME,AB01,010A030B,0002012F,,,North,1"
            for n in range(1001)] + [f"{DEVICE % 9},XSME,A,010A030B,0002012F,,,North,0"]
    send(home, name_of(2), instruction(2, many).replace(b"T,1002", b"T,7"))
    home.run()
    ema = rows(home.read_out("mcc", answer(name_of(2))))
    tap.ok(ema[1][5:] == ["RJ", "B208", "1004", "3", "7", "1002", "1002"],
           "F: what decided, where, declared, parsed, rejected",
           ema[1])
    tap.ok(len(ema) == 1 + 1 + 1000 + 1 + 1 and ema[-1] == ["T", "1002"] and
           ema[-2] == ["E", "B199", "FILE", "", "", "", "… more findings: B208 ×1, C101 ×1001, C104 ×1, C117 ×2"],
           "1,000 findings, then the totals of each code; T counts F and E", ema[-3:])
    tap.ok(ema[2] == ["E", "C101", "DEVICE", "1", "DeviceID", "x0",
                      "expected an EUI-64 of eight hex pairs joined by '-'"],
           "E: code, scope, record, field, value, text", ema[2])
    send(home, name_of(4), instruction(4, ("x,XSME,AB01,010A030B,0002012F,,,North,0",
                                           f"{DEVICE % 7},GPF,AB01,010A030B,0002012F,,,,1", 8)))
    home.run()
    ema, emd = (rows(home.read_out("mcc", answer(name_of(4), kind))) for kind in ("EMA", "EMD"))
    tap.ok(ema[1][5:] == ["PA", "C101", "2", "5", "3", "3", "2"], "F of one in part accepted", ema[1])
    tap.ok(emd[1:] == [
        ["D", "1", "x", "XSME", "REJECTED", "C101", "c", "N", "MCC", "MCC.B-4-06.1", "",
         "C101 id of the Device not an EUI-64; C104 type of the Device out of scope, or not the inventory's; "
         "C117 manufacturer, model, firmware, hub, region or attempt malformed or missing"],
        ["D", "2", DEVICE % 7, "GPF", "REJECTED", "C113", "c", "N", "MCC", "MCC.B-4-06.2", "",
         "C113 MPAN or MPRN missing, malformed, not allowed, or check digits wrong; "
         "C117 manufacturer, model, firmware, hub, region or attempt malformed or missing"],
        ["D", "3", DEVICE % 8, "ESME", "ACCEPTED", "", "", "", "", "MCC.B-4-06.3", "", ""], ["T", "3"]],
           "EMD: every code that applies, the first one in its column", emd[1:])
    send(home, name_of(5), b"H,EMI\r\n")
    home.run()
    tap.ok(rows(home.read_out("mcc", answer(name_of(5))))[1][9:] == ["", "0", "0"],
           "a count that was not declared is empty")
    sound(tap, home, "after answers of every kind")


def test_answer_names(tap):
    """Two names may lead to one answer's name: the number behind R goes on."""
    home = Home()
    send(home, name_of(1), instruction(1))
    home.run()
    send(home, name_of(1) + ".gz", gzip.compress(instruction(1, (2,)), mtime=0))
    send(home, name_of(2, "xml"), b"<x/>")
    home.run()
    tap.ok(codes_of(home, name_of(1), 2) == ("RJ", ["B106", "B210"]), "R2 answers the packed one", home.out("mcc"))
    send(home, name_of(1) + ".gz", gzip.compress(instruction(1, (2,)), mtime=0))
    home.run()
    tap.ok(codes_of(home, name_of(1), 3)[1] == ["B105"], "R3 answers it again", home.out("mcc"))
    home.set("gateway max_devices=1")
    send(home, name_of(3), instruction(3, (5, 6)))
    home.run()
    home.set("gateway max_devices=2")
    send(home, name_of(3) + ".gz", gzip.compress(b"H"))
    home.run()
    job = [job["id"] for job in home.json("spool", "list") if job["name"] == name_of(3)][0]
    home.command("spool", "requeue", job, "--reason", "the limit was raised")
    home.run()
    emd = [name for name in home.out("mcc") if name.startswith("EMD") and "000003" in name]
    tap.ok(emd == [answer(name_of(3), "EMD", 3)] and codes_of(home, name_of(3), 3)[0] == "AC",
           "EMA and EMD of one revision bear one number", home.out("mcc"))
    send(home, "hello.xml", b"<x/>")
    home.run()
    unknown = [name for name in home.out("mcc") if "UNKNOWN" in name]
    tap.ok(unknown == [f"EMA_UNKNOWN_{hashlib.sha256(b'hello.xml').hexdigest()[:16]}_R1.csv"] and
           rows(home.read_out("mcc", unknown[0]))[0][4] == MCC,
           "a name that says nothing is answered in CSV to the party of the drop", unknown)
    sound(tap, home, "after answers of one name")


def test_looks(tap):
    """What the commands that only look say."""
    home = Home(NO_INC)
    inbox = home.inbox("mcc")
    for name in (".hidden", "a.tmp", "a.part"):
        with open(os.path.join(inbox, name), "wb") as file:
            file.write(b"x")
    for sequence in (1, 2):
        send(home, name_of(sequence), instruction(sequence, (sequence, 7)))
    tap.ok([(drop["name"], drop["waiting"], drop["owed"]) for drop in home.json("status")[0]["drops"]][:2] ==
           [("mcc", 2, 0), ("tcos", 0, 0)], "status: what waits in a drop is what would be taken", home.json("status"))
    os.rename(home.path("drops", "tcos", "out"), home.path("away"))
    home.run()
    status = home.json("status")[0]
    tap.ok([drop["owed"] for drop in status["drops"]] == [0, 1, 0, 0, 0, 0], "status: each drop's own debt",
           status["drops"])
    tap.ok(status["jobs"] == {"incoming": 0, "ready": 0, "active": 1, "held": 0, "done": 2, "rejected": 0,
                              "corrupt": 0, "archived": 0} and
           status["devices"] == {"READY": 1, "DISPATCHED": 2, "DEFERRED": 1},
           "status: jobs and Devices by state", status)
    os.rename(home.path("away"), home.path("drops", "tcos", "out"))
    home.run()
    send(home, name_of(3), b"H\r\n")
    home.run()
    tap.ok([job["id"] for job in home.json("spool", "list", "--state", "rejected")] == ["00000005"] and
           len(home.json("spool", "list", "--state", "done")) == 4 and
           home.json("spool", "list", "--state", "held") == [],
           "spool list --state: only those")
    tap.ok(home.command("spool", "list", "--state", "nowhere").returncode == 2, "a state that is none ends with 2")
    job = home.json("spool", "list")[0]
    tap.ok(list(job) == "id name type state received size sha256 sender drop batch verdict".split() and
           job == {"id": "00000001", "name": name_of(1), "type": "EMI", "state": "done", "received": NOW,
                   "size": len(instruction(1, (1, 7))), "sha256": hashlib.sha256(instruction(1, (1, 7))).hexdigest(),
                   "sender": MCC, "drop": "mcc", "batch": "B-1-06", "verdict": "AC"},
           "spool list: all there is to say of a job", job)
    order = [job for job in home.json("spool", "list") if job["type"] == "EMW"][0]
    sent = home.read_out("tcos", order["name"])
    tap.ok(home.command("spool", "cat", order["id"]).stdout == sent and order["size"] == len(sent) and
           order["sha256"] == hashlib.sha256(sent).hexdigest(), "spool cat of a work order gives its bytes", order)
    home.command("spool", "requeue", "5", "--reason", "again")
    home.run()
    shown = home.json("spool", "show", "5")[0]
    tap.ok([v["receipt"] for v in shown["verdicts"]] == [1, 2] and
           all(v["outcome"] == "RJ" and v["findings"] for v in shown["verdicts"])
           and
           [len(v["findings"]) for v in shown["verdicts"]] == [sum(v["counts"].values()) for v in shown["verdicts"]],
           "spool show: a verdict for each revision, with its own findings", shown["verdicts"])
    tap.ok([(part["name"], part["state"], part["delivered_at"]) for part in shown["parts"]] ==
           [(answer(name_of(3), revision=n), "DELIVERED", NOW) for n in (1, 2)], "and what was delivered when",
           shown["parts"])
    device = home.json("device", "show", DEVICE % 7)[0]
    tap.ok((device["state"], device["next_eligible"], device["live_work_item"], device["tries"]) ==
           ("DISPATCHED", None, "MCC.B-1-06.2", 1) and
           [event["state"] for event in device["history"]] == ["READY", "DISPATCHED", "DEFERRED"],
           "device show: what is so of the work item that is live still", device)
    send(home, name_of(4), instruction(4, (f"{DEVICE % 9},XSME,AB01,010A030B,0002012F,,,North,1",)))
    home.run()
    device = home.json("device", "show", (DEVICE % 9).lower())[0]
    tap.ok((device["state"], device["live_work_item"], device["tries"]) == ("REJECTED", None, 0),
           "device show: of one that was never accepted none is live", device)


def test_daemon(tap):
    home = Home("gateway poll_interval=3600")
    daemon = home.daemon()
    tap.ok(wait_until(lambda: home.json("status")[0]["running"]), "status says that the daemon runs")
    second = home.command("run")
    tap.ok(second.returncode == 2 and str(daemon.pid).encode() in second.stderr,
           "a second run refuses with 2 and names the process", second.returncode, second.stderr.decode())
    once = home.run()
    tap.ok(once.returncode == 2 and str(daemon.pid).encode() in once.stderr, "so does a second run --once")
    send(home, name_of(1), instruction(1))
    tap.ok(wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc") and
                      any(name.startswith("EMW") for name in home.out("tcos"))),
           "a new file is noticed long before the interval is over")
    tap.ok(wait_until(lambda: list(states(home).values()) == ["done", "done"]), "its jobs are done")
    looks = [("spool", "list"), ("spool", "show", "1"), ("spool", "cat", "1"), ("spool", "cat", "2"),
             ("spool", "verify"), ("device", "show", DEVICE % 1), ("status",), ("spool", "list", "--state", "done")]
    for look in looks:
        text = home.command(*look)
        facts = home.command("--json", *look)
        tap.ok(text.returncode == 0 and text.stdout and facts.returncode == 0 and facts.stdout,
               f"{' '.join(look)} works beside the daemon", text.stderr.decode(), facts.stderr.decode())
    tap.ok(home.command("spool", "cat", "1").stdout == instruction(1), "spool cat gives the bytes received")
    tap.ok(home.command("spool", "cat", "1", answer(name_of(1))).stdout == home.read_out("mcc", answer(name_of(1))),
           "spool cat gives the bytes of an answer")
    tap.ok(home.command("spool", "cat", "1", "../2/payload").returncode == 1, "spool cat stays in the job's folder")
    shown = home.json("device", "show", DEVICE % 1)[0]
    tap.ok(shown["state"] == "DISPATCHED" and shown["live_work_item"] == "MCC.B-1-06.1" and shown["tries"] == 1,
           "device show tells state, work item and tries", shown)
    tap.ok(home.command("device", "show", DEVICE % 9).returncode == 1, "an unknown Device ends with 1")
    tap.ok(home.command("spool", "show", "77").returncode == 1, "an unknown job ends with 1")
    tap.ok(home.command("device", "show", "x").returncode == 2, "a Device ID that is none ends with 2")
    outside = os.path.join(home.top, "outside")
    with open(outside, "wb") as file:
        file.write(instruction(2, (2,)))
    os.link(outside, os.path.join(home.inbox("mcc"), name_of(2)))
    tap.ok(wait_until(lambda: answer(name_of(2), "EMD") in home.out("mcc")), "a file that is linked into the drop, too")
    wait_until(lambda: states(home)["00000003"] == "done")
    wal = home.path("spool", "ledger.sqlite-wal")
    for sequence in range(3, 40):
        send(home, name_of(sequence), b"H\r\n")
        if not wait_until(lambda sequence=sequence: answer(name_of(sequence)) in home.out("mcc")):
            break
    tap.ok(answer(name_of(39)) in home.out("mcc") and os.path.getsize(wal) < 2 << 20,
           "the write-ahead log does not grow with the number of passes", os.path.getsize(wal))
    tap.ok(terminate(daemon) == 0, "SIGTERM ends the daemon with 0", daemon.stderr.read().decode())
    tap.ok(not home.json("status")[0]["running"], "status says that none runs")
    sound(tap, home, "after the daemon")


def test_orders(tap):
    home = Home("gateway poll_interval=3600\ngateway inventory=required")
    held = name_of(1)
    send(home, held, instruction(1))
    tap.ok(home.run().returncode == 2, "an instruction that waits for an inventory ends a pass with 2")
    tap.ok(home.command("spool", "hold", "1", "--reason", "ask MCC").returncode == 0, "meanwhile it is held")
    home.set("gateway inventory=auto")
    send(home, name_of(5), instruction(5, recipient=OTHER))
    tap.ok(home.run().returncode == 1, "a held file does not end a pass with 2")
    found = {job["name"]: job for job in home.json("spool", "list")}
    tap.ok(found[held]["state"] == "held" and found[held]["verdict"] is None, "it stays held", found)
    tap.ok(answer(held) not in home.out("mcc") and
           home.command("spool", "cat", found[held]["id"]).stdout == instruction(1),
           "it is not answered and its bytes are kept")
    tap.ok(home.json("spool", "show", found[held]["id"])[0]["reason"] == "ask MCC", "its reason is shown")
    tap.ok(home.command("spool", "release", found[held]["id"]).returncode == 2, "an order without a reason is refused")
    tap.ok(home.command("spool", "release", found[held]["id"], "--reason", " ").returncode == 2,
           "an order with an empty reason is refused")
    wrong = home.command("spool", "hold", found[held]["id"], "--reason", "twice")
    tap.ok(wrong.returncode == 1 and b"in held" in wrong.stderr, "hold of what is held ends with 1", wrong.stderr)
    tap.ok(home.command("spool", "requeue", "99", "--reason", "x").returncode == 1, "an order for no job ends with 1")

    rejected = found[name_of(5)]["id"]
    home.set(f"gateway eui64={OTHER}")
    tap.ok(home.command("spool", "requeue", rejected, "--reason", "identity was wrong: now the other").returncode == 0,
           "a rejected file is requeued without a daemon")
    tap.ok(home.run().returncode == 0, "and accepted by the next pass")
    tap.ok(home.out("mcc") == sorted([answer(name_of(5)), *(answer(name_of(5), kind, 2) for kind in ("EMA", "EMD"))]),
           "R2 counts the second revision", home.out("mcc"))
    tap.ok(codes_of(home, name_of(5), 1) == ("RJ", ["B207"]) and codes_of(home, name_of(5), 2) == ("AC", []),
           "both answers say their own verdict")
    shown = home.json("spool", "show", rejected)[0]
    tap.ok([action["reason"] for action in shown["actions"]] == ["identity was wrong: now the other"]
           and shown["actions"][0]["who"], "reason and who are kept", shown["actions"])
    text = home.command("spool", "show", rejected).stdout.decode()
    tap.ok("identity was wrong: now the other" in text, "and shown to people", text)
    again = home.command("spool", "requeue", rejected, "--reason", "once more")
    tap.ok(again.returncode == 1, "an accepted file is not requeued")
    send(home, name_of(7), b"H,EMI\r\n")
    home.run()
    job = [job["id"] for job in home.json("spool", "list") if job["name"] == name_of(7)][0]
    for n in range(2, 7):
        home.command("spool", "requeue", job, "--reason", f"receipt {n}")
        home.run()
    tap.ok(states(home)[job] == "rejected" and answer(name_of(7), revision=6) in home.out("mcc"),
           "a file may be requeued more often than its judging may end the program", states(home)[job], home.out("mcc"))
    home.set(f"gateway eui64={GATEWAY}")
    sound(tap, home, "after orders")

    daemon = home.daemon()
    wait_until(lambda: home.json("status")[0]["running"])
    order = home.command("--json", "spool", "release", found[held]["id"], "--reason", "try it")
    tap.ok(order.returncode == 0, "release is carried out by the running daemon", order.stderr.decode())
    tap.ok(wait_until(lambda: states(home)[found[held]["id"]] == "done"), "the file released is judged and done")
    send(home, name_of(6), b"H,EMI\n")
    tap.ok(wait_until(lambda: answer(name_of(6)) in home.out("mcc")), "a file is rejected")
    job = [job["id"] for job in home.json("spool", "list") if job["name"] == name_of(6)][0]
    wait_until(lambda: states(home)[job] == "rejected")
    tap.ok(home.command("spool", "requeue", job, "--reason", "again").returncode == 0, "requeue beside the daemon")
    tap.ok(wait_until(lambda: answer(name_of(6), revision=2) in home.out("mcc")), "it is judged again, R2")
    tap.ok(terminate(daemon) == 0, "the daemon ends well")
    sound(tap, home, "after orders to the daemon")


def hold_in_judging(home, process):
    """Stops it (SIGSTOP) while it reads the payload of job 1, which is large; false: it was over already."""
    def is_judging():
        folder = f"/proc/{process.pid}/fd"
        try:
            return any(os.readlink(f"{folder}/{fd}").endswith("/active/00000001/payload") for fd in os.listdir(folder))
        except OSError:
            return False  # one of them was closed meanwhile
    wait_until(lambda: is_judging() or process.poll() is not None)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process.poll() is not None or
               {state for _, state, _, _ in threads_of(process).values()} == {"T"})
    return is_judging()


def backlog():
    """A home and its daemon, which is stopped (SIGSTOP) in the first of two files, so that the second one waits in
    ready. On a busy machine the stop may come after the first one was judged: then a larger one is tried."""
    for devices in ("30000", "300000", "1000000"):
        home = Home()
        with tempfile.TemporaryDirectory(dir=home.top) as folder:
            for sequence, count in ((1, devices), (2, "1")):
                made = generate(folder, "--form", "csv", "--devices", count, "--sequence", str(sequence),
                                "--seed", str(sequence))
                home.drop("mcc", made)
        daemon = home.daemon()
        if hold_in_judging(home, daemon):
            break
        daemon.kill()
        daemon.wait()
    return home, daemon


def test_hold(tap):
    home, daemon = backlog()
    tap.ok(states(home) == {"00000001": "active", "00000002": "ready"}, "the second file waits", states(home))
    order = subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "spool", "hold", "2", "--reason", "ask MCC first"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tap.ok(wait_until(lambda: [n for n in os.listdir(home.path("spool", "orders")) if not n.startswith(".")]),
           "the order waits in the spool")
    os.kill(daemon.pid, signal.SIGCONT)
    out, err = order.communicate(timeout=PATIENCE)
    # The command itself waits for 30 seconds only, which is too short on a busy machine: then it says that the order
    # waits.
    tap.ok(order.returncode == 0 or (order.returncode == 2 and b"the order waits in" in err),
           "hold reaches a file that waits behind another one, or says that the order waits", out.decode(),
           err.decode())
    tap.ok(wait_until(lambda: states(home).get("00000001") == "done"), "the first one is done")
    shown = home.json("spool", "show", "2")[0]
    tap.ok(shown["state"] == "held" and shown["reason"] == "ask MCC first", "the second one is held", shown)
    done = home.command("spool", "release", "2", "--reason", "asked")
    tap.ok(done.returncode == 0 and wait_until(lambda: states(home)["00000002"] == "done"), "released, it is done",
           done.stderr.decode())
    tap.ok([a["reason"] for a in home.json("spool", "show", "2")[0]["actions"]] == ["ask MCC first", "asked"],
           "both reasons are kept")
    terminate(daemon)
    sound(tap, home, "after hold and release")

    home, daemon = backlog()
    daemon.kill()
    daemon.wait()
    tap.ok(home.command("spool", "hold", "2", "--reason", "no daemon").returncode == 0, "hold works without a daemon")
    home.run()
    tap.ok(states(home)["00000002"] == "held", "a pass leaves what is held")
    sound(tap, home, "after a kill and a hold")


def test_history(tap):
    home = Home()

    def expect(code, outcome, name, content, text, receipt=1, status=1):
        send(home, name, content)
        done = home.run()
        try:
            found = codes_of(home, name, receipt)
        except OSError as fault:
            found = (str(fault), home.out("mcc"))
        tap.ok(found == (outcome, code) and done.returncode == status, text, found, done.returncode,
               done.stderr.decode())

    expect([], "AC", name_of(10), instruction(10, (1,)), "a sender's first file may bear any number", status=0)
    expect(["B105"], "RJ", name_of(10), instruction(10, (1,)), "B105: the same file again", receipt=2)
    expect(["B106", "B210", "C110"], "RJ", name_of(10), instruction(10, (1,)).replace(b"North", b"South"),
           "B106: the same name, other bytes", receipt=3)
    # The time is another one, and with it the name; the number is not.
    expect(["B106"], "RJ", name_of(10, time="070000"), instruction(10, (2,), "07:00:00"),
           "B106: the same sequence, other bytes")
    expect(["B107"], "RJ", name_of(9), instruction(9, (3,)), "B107: below the last accepted one")
    expect(["B108"], "WN", name_of(12), instruction(12, (4,)), "B108: a gap is only warned of", status=0)
    expect(["B112", "B206", "B210", "C110"], "RJ", name_of(13), instruction(12, (4,)), "B112: other name, same bytes")
    expect(["B112", "B206", "B210", "C110"], "RJ", name_of(12, time="070000"), instruction(12, (4,)),
           "B112 alone: same sequence, same bytes, a name of another time")
    expect(["B210"], "RJ", name_of(14), instruction(14, (5,), batch="B-12-06"), "B210: a BatchId used before")
    expect(["B210"], "RJ", name_of(15), instruction(15, (6,), resubmission=name_of(12)),
           "B210: ResubmissionOf names an accepted file")
    expect([], "AC", name_of(16), instruction(16, (7,), resubmission=name_of(14)),
           "a rejected file has used its number up; ResubmissionOf may name it", status=0)
    expect(["C110"], "PA", name_of(17), instruction(17, (8, 7)), "C110: a Device in progress is deferred")
    told = {code: text for receipt in (2, 3) for _, code, _, _, _, _, text in
            [row[:7] for row in rows(home.read_out("mcc", answer(name_of(10), revision=receipt))) if row[0] == "E"]}
    before = f"{name_of(10)} of {NOW} (AC, answered by {answer(name_of(10))})"
    tap.ok(all(before in told[code] for code in ("B105", "B106", "B210")),
           "what a sender is told of an earlier file: its name, its time, its verdict and its answer", told)
    emd = rows(home.read_out("mcc", answer(name_of(17), "EMD")))
    tap.ok(emd[2][4:8] == ["DEFERRED", "C110", "c", "Y"] and emd[2][10] == "2023-07-04T12:00:00Z",
           "EMD: deferred, transient, eligible a day later", emd)
    tap.ok(home.json("device", "show", DEVICE % 7)[0]["history"][-1]["state"] == "DEFERRED", "device show says so",
           home.json("device", "show", DEVICE % 7))
    expect(["C102"], "PA", name_of(18), instruction(18, (9, 9)), "C102, not C110, within one file")
    sound(tap, home, "after all cases of duplicates and sequence")


def test_repeated(tap):
    """A file that comes again is not the newest one: it lets no stale file follow over the end."""
    home = Home(NO_INC)
    for sequence, again in ((1, 1), (4, 1), (1, 2)):
        send(home, name_of(sequence), instruction(sequence, (sequence,)))
        home.run()
        if again == 2:
            tap.ok(codes_of(home, name_of(1), 2) == ("RJ", ["B105"]), "the first file again: B105")
    send(home, name_of(3), instruction(3, (3,)))
    home.run()
    found = codes_of(home, name_of(3))
    tap.ok(found == ("RJ", ["B107"]), "a number that was left out is stale after that, too: B107", found)


def test_numbers(tap):
    """Numbers that go too far, that an operator sets, and that begin anew after 999999."""
    home = Home(NO_INC + "\ngateway sequence_gap_max=10")
    device = iter(range(1, 100))

    def expect(wanted, sequence, text, time="06:00:00"):
        name = name_of(sequence, time=time.replace(":", ""))
        send(home, name, instruction(sequence, (next(device),), time, batch=f"B-{sequence}-{time[:2]}"))
        done = home.run()
        found = codes_of(home, name)
        tap.ok(found == wanted, text, found, done.stderr.decode())

    def last():
        return {row["type"]: row for row in home.json("sequence", "list")}["EMI"]

    tap.ok(home.json("sequence", "list") == [], "before any file no number is known")
    expect(("AC", []), 999990, "the first file")
    expect(("RJ", ["B107"]), 999001, "a number far below is stale")
    expect(("AC", []), 999991, "the next one")
    expect(("WN", ["B108"]), 2, "over the end, within the limit: B108")
    expect(("RJ", ["B113"]), 14, "one more than may be skipped: B113")
    expect(("AC", []), 3, "B113 used no number up")
    expect(("AC", []), 4, "and so on")
    tap.ok((last()["last"], last()["next"], last()["set"]) == (4, 5, None), "sequence list shows the last one", last())
    expect(("RJ", ["B113"]), 500, "a sender that goes on elsewhere", "07:00:00")
    job = [job["id"] for job in home.json("spool", "list") if "_000500" in job["name"]][0]
    for sender, kind in (("NONE", "EMI"), ("MCC", "EMT")):
        done = home.command("sequence", "set", sender, kind, "499", "--reason", "x")
        tap.ok(done.returncode == 1 and b"party" in done.stderr, f"sequence set {sender} {kind}: no such sender",
               done.stderr)
    done = home.command("--json", "sequence", "set", "MCC", "EMI", "499", "--reason", "MCC has a new system")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["last"] == 499, "an operator sets the last number",
           done.stderr)
    shown = last()
    tap.ok((shown["last"], shown["set"], shown["job"]) == (499, 499, None) and shown["who"] and
           shown["reason"] == "MCC EMI 000499: MCC has a new system", "sequence list shows who set it, and why", shown)
    home.command("spool", "requeue", job, "--reason", "its number was right")
    home.run()
    name = name_of(500, time="070000")
    tap.ok(codes_of(home, name, 2) == ("AC", []), "the rejected file is judged again and accepted",
           codes_of(home, name, 2))
    expect(("AC", []), 501, "the sender goes on")
    home.command("sequence", "set", "MCC", "EMI", "0", "--reason", "anew")
    expect(("AC", []), 1, "the sender begins anew", "08:00:00")
    expect(("AC", []), 2, "with numbers that it used before", "08:00:00")
    tap.ok(b"MCC EMI 000000: anew" in home.command("sequence", "list").stdout, "people see it too")
    sound(tap, home, "after numbers began anew")
    home.command("sequence", "set", "MCC", "EMI", "999997", "--reason", "to the end")
    numbers = (999998, 999999, 1, 2)
    for sequence in numbers:
        send(home, name_of(sequence, time="090000"), instruction(sequence, (next(device),), "09:00:00",
                                                                 batch=f"B-{sequence}-09"))
    home.run()
    found = [codes_of(home, name_of(sequence, time="090000")) for sequence in numbers]
    tap.ok(found == [("AC", [])] * 4, "files of one second over the end are taken in their order", found)


def test_senders(tap):
    home = Home()
    send(home, name_of(1), instruction(1), "tcos")
    other = name_of(1, org="XYZ")
    send(home, other, instruction(1))
    late = name_of(1, org="TCSP", eui64="90-B3-D5-1F-30-0E-C0-02")
    send(home, late, instruction(1, sender="90-B3-D5-1F-30-0E-C0-02"), "tcos")
    send(home, "hello.txt", b"hello")
    tap.ok(home.run().returncode == 1, "a pass with unknown senders ends with 1")
    outcome, found = codes_of(home, name_of(1), drop="tcos")
    tap.ok(outcome == "RJ" and found == ["B103"], "B103: through another drop than its own", found)
    tap.ok("B103" in codes_of(home, other)[1], "B103: an unknown party", codes_of(home, other))
    tap.ok(codes_of(home, late, drop="tcos")[1][0] == "B103", "B103: not entitled to the type")
    unknown = [name for name in home.out("mcc") if name.startswith("EMA_UNKNOWN_")]
    tap.ok(len(unknown) == 1 and rows(home.read_out("mcc", unknown[0]))[1][1] == "hello.txt",
           "a name outside the grammar is answered by EMA_UNKNOWN", home.out("mcc"))
    home = Home()
    send(home, name_of(1), instruction(1, recipient=OTHER, environment="LIVE"))
    home.run()
    tap.ok(codes_of(home, name_of(1)) == ("RJ", ["B207", "B207"]), "B207: recipient and environment of another gateway")


def test_left_alone(tap):
    home = Home(NO_INC)
    inbox = home.inbox("mcc")
    for name in (".hidden", "a.tmp", "a.part", "a.filepart", "a.incomplete", "a.PARTIAL", "a~"):
        with open(os.path.join(inbox, name), "wb") as file:
            file.write(b"not yet")
    os.mkdir(os.path.join(inbox, "folder.csv"))
    os.mkfifo(os.path.join(inbox, name_of(1)))
    target = os.path.join(home.top, "secret")
    with open(target, "wb") as file:
        file.write(instruction(2))
    os.symlink(target, os.path.join(inbox, name_of(2)))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(inbox, "s.csv"))
    before = sorted(os.listdir(inbox))
    done = home.run()
    tap.ok(done.returncode == 0, "temporary names, links, pipes, sockets and folders are no error",
           done.stderr.decode())
    tap.ok(sorted(os.listdir(inbox)) == before and os.path.exists(target), "they are left alone")
    tap.ok(home.json("spool", "list") == [], "nothing of them is in the spool")
    os.rename(os.path.join(inbox, "a.tmp"), os.path.join(inbox, name_of(3)))
    home.run()
    tap.ok(len(home.json("spool", "list")) == 1, "renamed to its name, a file is taken")


def test_own_names(tap):
    """What the gateway writes comes back to it: it stays where it is, and is never answered."""
    home = Home(NO_INC)
    names = [answer(name_of(1)), answer(name_of(1), "EMD"), answer(name_of(1), "EMO"),
             "EMA_UNKNOWN_0123456789abcdef_R1.csv",
             name_of(1, kind="EMW", org="TCOS", eui64=GATEWAY), name_of(1, kind="INC", org="TCOS", eui64=GATEWAY),
             f"ECOSMIG-001_ABCD_{MCC}_20230703_000000.csv", f"MGMT_TCOS_{GATEWAY}_20230703_000000.html"]
    for name in names:
        send(home, name, b"H,EMA,1.0\r\n")
    send(home, name_of(1, kind="EMW"), b"H,EMW,1.0\r\n")
    done = home.run()
    tap.ok(sorted(os.listdir(home.inbox("mcc"))) == sorted(names),
           "files with names of the gateway's own stay in the drop",
           os.listdir(home.inbox("mcc")), done.stderr)
    tap.ok({job["name"] for job in home.json("spool", "list")}.isdisjoint(names) and home.out("mcc") != [],
           "they are not in the spool; an EMW of another gateway is, and is refused")
    shown = {row["name"]: row for row in home.json("pickup", "mcc")}
    tap.ok(all(shown[name]["decision"] == "leave" and "this gateway writes" in shown[name]["reason"] for name in names),
           "pickup says why", shown)


def test_folders(tap):
    """An out that is also an in: nothing is taken, and every command that looks at drops says so."""
    for label, out, other in (("its own in", "drops/mcc/in", "mcc"), ("another drop's in", "drops/tcos/in", "tcos"),
                              ("a link to another drop's in", "drops/mcc/link", "tcos"),
                              ("above an in that reports go into", "drops/mcc/top", "tcos")):
        home = Home(NO_INC)
        os.symlink(home.path("drops", "tcos", "in"), home.path("drops", "mcc", "link"))
        if out.endswith("top"):
            os.makedirs(home.path(out, "ABCD"))
            home.set(f"drop tcos in={out}/ABCD")
        send(home, name_of(1), instruction(1))
        home.set(f"drop mcc out={out}")
        wanted = [b"[drop mcc] out=" + os.fsencode(home.path(out)), b"[drop " + other.encode() + b"] in="]
        for command in (("run", "--once"), ("run",), ("pickup",)):
            done = home.command(*command)
            tap.ok(done.returncode == 2 and not done.stdout and all(text in done.stderr for text in wanted),
                   f"out is {label}: {' '.join(command)} ends with 2 and names both", done.returncode, done.stderr)
        tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1)] and home.json("spool", "list") == [],
               f"out is {label}: nothing is taken")
        done = home.command("--json", "doctor", "mcc")
        bad = [json.loads(line) for line in done.stdout.decode().splitlines()]
        bad = [row for row in bad if row["result"] == "bad"]
        tap.ok(done.returncode == 1 and [row["probe"] for row in bad] == ["folders"]
               and all(text.decode() in bad[0]["text"] for text in wanted), f"out is {label}: doctor says it", bad)


def test_completeness(tap):
    home = Home()
    with open(os.path.join(home.inbox("mcc"), name_of(1)), "wb") as file:
        file.write(instruction(1)[:50])
        file.flush()
        tap.ok(home.run().returncode == 0 and home.json("spool", "list") == [], "closed: a file being written is left")
        daemon = home.daemon()
        wait_until(lambda: home.json("status")[0]["running"])
        file.write(instruction(1)[50:])
    tap.ok(wait_until(lambda: answer(name_of(1), "EMD") in home.out("mcc")), "closed: its closing wakes the daemon")
    terminate(daemon)

    home = Home("drop mcc complete=at-once")
    with open(os.path.join(home.inbox("mcc"), name_of(1)), "wb") as file:
        file.write(instruction(1))
        file.flush()
        home.run()
        tap.ok(answer(name_of(1), "EMD") in home.out("mcc"), "at-once: a file is taken as it is seen")

    home = Home("drop mcc complete=marker")
    send(home, name_of(1), instruction(1))
    home.run()
    os.mkdir(os.path.join(home.inbox("mcc"), name_of(1) + ".done"))
    home.run()
    tap.ok(home.json("spool", "list") == [], "marker: without one a file is left, and a folder is none")
    os.rmdir(os.path.join(home.inbox("mcc"), name_of(1) + ".done"))
    send(home, name_of(2) + ".done", b"")
    send(home, name_of(1) + ".done", b"")
    home.run()
    tap.ok([job["name"] for job in home.json("spool", "list") if job["type"] == "EMI"] == [name_of(1)],
           "marker: with one it is taken, and the marker is no file")
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(2) + ".done"], "marker: it goes with its file, another stays",
           os.listdir(home.inbox("mcc")))

    home = Home("drop mcc complete=stable\ndrop mcc stable_seconds=1")
    send(home, name_of(1), instruction(1))
    home.run()
    tap.ok(answer(name_of(1), "EMD") in home.out("mcc"), "stable: a pass waits until a file has settled")
    try_limits(tap, (2, 10, 60), growing)


def growing(tap, rest):
    """The rule `stable` with so many seconds, longer than a busy machine keeps this test from writing."""
    home = Home(f"drop mcc complete=stable\ndrop mcc stable_seconds={rest}")
    send(home, name_of(2), instruction(2, (2,))[:-3])
    daemon = home.daemon()
    wait_until(lambda: home.json("status")[0]["running"])
    with open(os.path.join(home.inbox("mcc"), name_of(2)), "ab") as file:
        file.write(b"1\r\n")
    tap.ok(wait_until(lambda: answer(name_of(2), "EMD") in home.out("mcc")), "stable: a file that grows is waited for",
           home.out("mcc"))
    path = os.path.join(home.inbox("mcc"), name_of(3))
    content, written = instruction(3, range(3, 255)), 0
    open(path, "wb").close()

    def taken_while_growing():
        nonlocal written
        if os.path.exists(path):
            with open(path, "ab") as file:
                file.write(content[written:written + 1])
            written += 1
        return not os.path.exists(path)

    # Longer than it must rest, and never at rest for so long.
    tap.ok(not wait_until(taken_while_growing, rest * 1.25), "stable: one that goes on growing is left alone")
    with open(path, "ab") as file:
        file.write(content[written:])
    tap.ok(wait_until(lambda: answer(name_of(3), "EMD") in home.out("mcc")) and codes_of(home, name_of(3))[0] == "AC",
           "stable: and taken whole", home.out("mcc"))
    terminate(daemon)


def test_outage(tap):
    home = Home()
    out, away = home.path("drops", "mcc", "out"), home.path("away")
    os.rename(out, away)
    for sequence in (1, 2, 3):
        send(home, name_of(sequence), instruction(sequence, (sequence,)))
    done = home.run()
    tap.ok(done.returncode == 2 and b"drop mcc" in done.stderr, "a drop that is down ends a pass with 2",
           done.returncode, done.stderr.decode())
    tap.ok(len(home.out("tcos")) == 3, "the other drops go on", home.out("tcos"))
    tap.ok(home.json("status")[0]["drops"][0]["owed"] == 6, "status says what is owed", home.json("status"))
    tap.ok([job["state"] for job in home.json("spool", "list") if job["type"] == "EMI"] == ["active"] * 3,
           "what is owed waits in the spool")
    sound(tap, home, "while a drop is down")
    os.rename(away, out)
    done = home.run()
    tap.ok(done.returncode == 0 and len(home.out("mcc")) == 6, "it is delivered once the drop is back", home.out("mcc"))
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        parts = [n for (n,) in ledger.execute("SELECT name FROM outgoing WHERE drop_name='mcc' ORDER BY id")]
    stamps = [os.stat(os.path.join(out, name)).st_ctime_ns for name in parts]
    tap.ok(stamps == sorted(stamps), "in the order in which it was made", parts, stamps)

    home = Home()
    os.rename(home.inbox("dcc"), home.path("away"))
    send(home, name_of(1), instruction(1))
    done = home.run()
    tap.ok(done.returncode == 2 and answer(name_of(1), "EMD") in home.out("mcc"),
           "an in-folder that is down stops no other drop")


def test_taken_names(tap):
    home = Home(NO_INC)
    target = os.path.join(home.path("drops", "mcc", "out"), answer(name_of(1)))
    content = instruction(1)
    twin = Home(NO_INC)
    send(twin, name_of(1), content)
    twin.run()
    with open(target, "wb") as file:
        file.write(twin.read_out("mcc", answer(name_of(1))))
    send(home, name_of(1), content)
    tap.ok(home.run().returncode == 0 and list(states(home).values()) == ["done", "done"],
           "a target with the same bytes counts as delivered", states(home))
    tap.ok(not [n for n in home.out("mcc") if not n.startswith("EM")], "no temporary file is left", home.out("mcc"))

    home = Home(NO_INC)
    target = os.path.join(home.path("drops", "mcc", "out"), answer(name_of(1)))
    with open(target, "wb") as file:
        file.write(twin.read_out("mcc", answer(name_of(1))).replace(b"TEST", b"LIVE"))
    send(home, name_of(1), content)
    done = home.run()
    tap.ok(done.returncode == 2 and b"other bytes" in done.stderr, "other bytes of the same length are others",
           done.returncode, done.stderr.decode())

    home = Home(NO_INC)
    target = os.path.join(home.path("drops", "mcc", "out"), answer(name_of(1)))
    with open(target, "wb") as file:
        file.write(b"somebody else's")
    send(home, name_of(1), content)
    done = home.run()
    tap.ok(done.returncode == 2 and b"other bytes" in done.stderr, "a target with other bytes ends a pass with 2",
           done.stderr.decode())
    with open(target, "rb") as file:
        tap.ok(file.read() == b"somebody else's", "it is left alone")
    found = [(row["code"], row["subject"], row["cleared"]) for row in home.json("incident", "list", "--all")]
    tap.ok(found == [("A107", f"mcc/{answer(name_of(1))}", None)], "it is an incident", found)
    tap.ok([n for n in home.out("mcc") if n.startswith("EM")] == [answer(name_of(1)), answer(name_of(1), "EMD")] and
           len(home.out("tcos")) == 1, "what comes after it goes on, in this drop and in others", home.out("mcc"))
    send(home, name_of(9), b"H\r\n")
    tap.ok(home.run().returncode == 2, "what could not be done comes before what was rejected: 2")
    tap.ok(home.run().returncode == 2, "as long as it is there")
    found = [row["code"] for row in home.json("incident", "list", "--all")].count("A107")
    tap.ok(found == 1, "it is opened once, whatever the number of runs", found)
    sound(tap, home, "while a name is taken")
    os.remove(target)
    tap.ok(home.run().returncode == 0 and home.read_out("mcc", answer(name_of(1))) ==
           twin.read_out("mcc", answer(name_of(1))), "moved away, the delivery goes on")
    found = [row["code"] for row in home.json("incident", "list")]
    tap.ok("A107" not in found, "and the incident is closed", found)
    tap.ok(sorted(states(home).values()) == ["done", "done", "rejected"], "and the job is done")
    sound(tap, home, "after a name was taken")


def test_many_taken_names(tap):
    """More names are taken than two batches of the outbox hold: those files keep their places at the front."""
    home = Home(NO_INC)
    last = 34
    taken = [answer(name_of(n), kind) for n in range(1, last) for kind in ("EMA", "EMD")]
    for name in taken:
        with open(os.path.join(home.path("drops", "mcc", "out"), name), "wb") as file:
            file.write(b"somebody else's")
    for n in range(1, last + 1):
        send(home, name_of(n), instruction(n, (n,)))
    done = home.run()
    tap.ok(done.returncode == 2 and done.stderr.count(b" undelivered: ") == len(taken),
           f"{len(taken)} names are taken, and each is told", done.returncode, done.stderr.count(b" undelivered: "))
    found = [name for name in home.out("mcc") if name.startswith("EM") and name not in taken]
    tap.ok(found == [answer(name_of(last)), answer(name_of(last), "EMD")], "what comes after all of them is delivered",
           found)
    for name in taken:
        os.remove(os.path.join(home.path("drops", "mcc", "out"), name))
    tap.ok(home.run().returncode == 0 and set(states(home).values()) == {"done"} and
           home.out("mcc") == sorted(taken + found), "moved away, all are delivered", states(home), home.out("mcc"))


def test_reserve(tap):
    home = Home(f"gateway reserve={1 << 30}\n{NO_INC}")
    send(home, name_of(1), instruction(1))
    done = home.run()
    tap.ok(done.returncode == 2 and b"reserve" in done.stderr, "below the reserve nothing is picked up",
           done.returncode, done.stderr.decode())
    tap.ok(os.listdir(home.inbox("mcc")) == [name_of(1)] and home.json("spool", "list") == [],
           "the sender's copy stays")
    home.set("gateway reserve=0")
    tap.ok(home.run().returncode == 0 and len(home.out("mcc")) == 2, "with room it is")
    disk = os.statvfs(home.path("spool"))
    free = disk.f_bavail * disk.f_frsize >> 20
    if free > 2048:
        home.set(f"gateway reserve={free - 512}")
        with open(os.path.join(home.inbox("mcc"), name_of(2)), "wb") as file:
            file.truncate(1 << 30)
        done = home.run()
        tap.ok(done.returncode == 2 and b"reserve" in done.stderr and os.listdir(home.inbox("mcc")) == [name_of(2)],
               "the file itself must fit beside the reserve", done.returncode, done.stderr.decode())


def test_newer_ledger(tap):
    home = Home()
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        ledger.execute("PRAGMA user_version=99")
    for command in (("run", "--once"), ("spool", "list"), ("status",)):
        done = home.command(*command)
        tap.ok(done.returncode == 2 and b"99" in done.stderr, f"{command[0]}: a newer ledger is refused",
               done.stderr.decode())


def flip(path):
    with open(path, "r+b") as file:
        byte = file.read(1)
        file.seek(0)
        file.write(bytes([byte[0] ^ 1]))


def change(home, statement):
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        changed = ledger.execute(statement).rowcount
    ledger.close()
    assert changed > 0, statement


def edit(path, old, new):
    with open(path, "rb") as file:
        data = file.read()
    assert old in data, (path, old)
    with open(path, "wb") as file:
        file.write(data.replace(old, new, 1))


if __name__ == "__main__":
    use_disk()
    with Tap() as report:
        test_pass(report)
        test_answers(report)
        test_answer_names(report)
        test_looks(report)
        test_daemon(report)
        test_orders(report)
        test_hold(report)
        test_history(report)
        test_repeated(report)
        test_numbers(report)
        test_senders(report)
        test_left_alone(report)
        test_own_names(report)
        test_folders(report)
        test_completeness(report)
        test_outage(report)
        test_taken_names(report)
        test_many_taken_names(report)
        test_reserve(report)
        test_newer_ledger(report)
