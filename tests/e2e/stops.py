#!/usr/bin/env python3
"""What happens between a stop and the next start: partners who go on meanwhile, signals (TAP; most of it needs a build
with --enable-crash-points). Bytes that were damaged meanwhile: damage.py."""
import os
import shutil
import signal
import sqlite3
import subprocess

from home import GATE, NOW, PATIENCE, Home, Tap, generate, wait_until
from live import NO_INC, answer, change, codes_of, flip, hold_in_judging, instruction, name_of, send, sound, states


def crash(home, point, *arguments):
    done = home.command(*(arguments or ("run", "--once")), env={"ECOSGATE_CRASH": point})
    return done.returncode == -signal.SIGKILL


def has_crash_points():
    home = Home()
    send(home, name_of(1), instruction(1))
    return crash(home, "custody-begun:before")


def test_sender_goes_on(tap):
    """The sender's copy is removed only where it is still the very file that was taken."""
    points = ("custody-noted:after", "custody-published:after", "source-taken:before", "source-taken:after",
              "source-removed:before")
    for point, in_place in [(point, in_place) for point in points for in_place in (False, True)]:
        home = Home()
        send(home, name_of(1), instruction(1))
        tap.ok(crash(home, point), f"stopped at {point}")
        other = instruction(1).replace(b"North", b"South")
        # As long as the first; in its own place (the same inode), or moved there.
        if in_place:
            there, = os.listdir(home.inbox("mcc"))  # a sender that has it open does not see how it is called now
            with open(os.path.join(home.inbox("mcc"), there), "r+b") as file:
                file.write(other)
        else:
            send(home, name_of(1), other)
        home.run()
        home.run()
        found = home.json("spool", "list")
        inbound = [job for job in found if job["type"] == "EMI"]
        tap.ok(len(inbound) == 2 and home.command("spool", "cat", inbound[0]["id"]).stdout == instruction(1) and
               home.command("spool", "cat", inbound[1]["id"]).stdout == other,
               "a file put in the place of the one taken is taken as well", found)
        tap.ok(codes_of(home, name_of(1), 2)[1][0] == "B106", "and answered for itself")
        sound(tap, home, f"after {point} and a new file")
    home = Home()
    send(home, name_of(1), instruction(1))
    crash(home, "custody-published:after")
    os.remove(os.path.join(home.inbox("mcc"), name_of(1)))
    tap.ok(home.run().returncode == 0 and len(home.out("mcc")) == 2,
           "a sender who has removed it himself disturbs nothing")


def test_order_after_a_stop(tap):
    """A fetch is stopped, and an order makes a job before the next start: it gets the id that the fetch had."""
    home = Home("gateway incident_party=NOBODY")
    home.command("dispatch", "pause", "--reason", "x")
    send(home, name_of(1), instruction(1))
    home.run()
    send(home, name_of(2), instruction(2, (2,)))
    tap.ok(crash(home, "custody-stored:after"), "stopped while a file is fetched")
    home.command("batch", "withdraw", "MCC.B-1-06", "--reason", "x")
    tap.ok([job["type"] for job in home.json("spool", "list")][-1:] == ["EMO"], "an order makes a job",
           home.json("spool", "list"))
    home.command("dispatch", "resume", "--reason", "x")
    done = home.run()
    found = home.json("spool", "list")
    tap.ok(done.returncode == 0 and sorted(job["type"] for job in found) == ["EMI", "EMI", "EMO", "EMW"] and
           len({job["id"] for job in found}) == 4 and os.listdir(home.path("spool", "corrupt")) == [],
           "each job has an id of its own, and the file is picked up again", done.stderr, found)
    sound(tap, home, "after an order between a stop and a start")


def test_recipient_goes_on(tap):
    home = Home()
    send(home, name_of(1), instruction(1))
    tap.ok(crash(home, "delivery-published:after"), "stopped when the first answer stands in the drop")
    taken = [name for name in home.out("mcc") if not name.startswith(".")]
    tap.ok(taken == [answer(name_of(1))], "it does", taken)
    os.remove(os.path.join(home.path("drops", "mcc", "out"), taken[0]))
    done = home.run()
    tap.ok(done.returncode == 0 and home.out("mcc") == [answer(name_of(1), "EMD")],
           "what the recipient has taken meanwhile is not delivered again", home.out("mcc"), done.stderr.decode())
    sound(tap, home, "after an early recipient")


def outgoing(home):
    """(state, rename_sent, concluded) of each file for mcc."""
    with sqlite3.connect(home.path("spool", "ledger.sqlite")) as ledger:
        rows = ledger.execute("SELECT state, rename_sent, concluded FROM outgoing WHERE drop_name='mcc' ORDER BY id")
        found = rows.fetchall()
    ledger.close()
    return found


def clear_drop(home):
    out = home.path("drops", "mcc", "out")
    for name in home.out("mcc"):
        os.remove(os.path.join(out, name))


DELIVERED, CONCLUDED = (3, 0, 0), (3, 1, 1)


def test_drop_is_cleared(tap):
    """Somebody clears the drop after a stop. What was never renamed is uploaded again; of what may have been renamed
    nobody knows more than that."""
    both = [answer(name_of(1)), answer(name_of(1), "EMD")]
    for point, cleared, kept in (("delivery-uploaded:after", [DELIVERED] * 2, both),
                                 ("delivery-announced:before", [DELIVERED] * 2, both),
                                 ("delivery-announced:after", [CONCLUDED] * 2, []),
                                 ("delivery-published:before", [CONCLUDED] * 2, []),
                                 ("delivery-published:after", [CONCLUDED] * 2, []),
                                 ("delivery-settled:before", [CONCLUDED] * 2, []),
                                 ("delivery-settled:after", [DELIVERED] * 2, [])):
        for clears in (True, False):
            home = Home()
            send(home, name_of(1), instruction(1))
            tap.ok(crash(home, point), f"stopped at {point}")
            if clears:
                clear_drop(home)
            statuses = [home.run().returncode, home.run().returncode]
            found = (outgoing(home), sorted(home.out("mcc")))
            wanted = (cleared, kept) if clears else ([DELIVERED] * 2, both)
            tap.ok(statuses == [0, 0] and found == wanted,
                   "the drop was cleared: what is called delivered without mark was there" if clears else
                   "the drop was left alone: both files are there and seen", statuses, found)
            sound(tap, home, f"after {point}")


def test_concluded_and_lost(tap):
    """An operator who learns that a file never arrived has it delivered once more, also one of a rejected file."""
    for content, folder in ((instruction(1), "done"), (instruction(1, environment="LIVE"), "rejected")):
        home = Home(NO_INC)
        send(home, name_of(1), content)
        crash(home, "delivery-announced:after")
        clear_drop(home)
        done = home.run()
        names = [part["name"] for part in home.json("spool", "show", "1")[0]["parts"] if part["concluded"]]
        tap.ok(answer(name_of(1)) in names and
               all(b"ecosgate redeliver " + name.encode() in done.stderr for name in names),
               f"{folder}: a message says what to do", names, done.stderr.decode())
        for name in names:
            tap.ok(b"nobody saw it" in home.command("why", name).stdout, f"{folder}: and why does, too")
            home.command("report", "redeliver", name, "--reason", "never came")
        home.run()
        tap.ok(sorted(home.out("mcc")) == sorted(names) and outgoing(home) == [DELIVERED] * len(names) and
               states(home)["00000001"] == folder, f"{folder}: delivered once more", home.out("mcc"), states(home))
        sound(tap, home, f"{folder}: after another delivery")


def test_other_temporary_name(tap):
    """upload_name= changes while a file stands in the drop under its temporary name."""
    home = Home()
    send(home, name_of(1), instruction(1))
    crash(home, "delivery-announced:after")
    tap.ok(all(name.startswith(".EM") and name.endswith(".part") for name in home.out("mcc")), "two files wait",
           home.out("mcc"))
    home.set("drop mcc upload_name=tmp_NAME.x")
    done = home.run()
    tap.ok(done.returncode == 0 and outgoing(home) == [DELIVERED] * 2 and
           sorted(home.out("mcc")) == [answer(name_of(1)), answer(name_of(1), "EMD")],
           "they get their names, and nothing stays behind", done.stderr.decode(), home.out("mcc"))
    clear_drop(home)
    send(home, name_of(2), instruction(2, (2,)))
    crash(home, "delivery-announced:before")
    tap.ok(sorted(home.out("mcc")) == [f"tmp_{answer(name_of(2))}.x", f"tmp_{answer(name_of(2), 'EMD')}.x"],
           "the next ones have the new temporary name", home.out("mcc"))
    clear_drop(home)
    home.set("drop mcc upload_name=.NAME.part")
    tap.ok(home.run().returncode == 0 and sorted(home.out("mcc")) == [answer(name_of(2)), answer(name_of(2), "EMD")],
           "cleared away before the setting is taken back: they are uploaded again", home.out("mcc"))
    sound(tap, home, "after changes of upload_name")


def test_staged(tap):
    """The first of two answers is in the drop under its temporary name, and the drop is down before its rename."""
    for moves, clears in ((False, False), (False, True), (True, False)):
        home = Home()
        out = home.path("drops", "mcc", "out")
        wall = os.path.join(out, f".{answer(name_of(1), 'EMD')}.part")
        os.mkdir(wall)
        send(home, name_of(1), instruction(1))
        done = home.run()
        tap.ok(done.returncode == 2 and outgoing(home) == [(2, 0, 0), (1, 0, 0)], "STAGED, and no rename was sent",
               done.stderr.decode(), outgoing(home))
        if moves:  # another folder in the place of the drop
            os.rename(out, out + ".away")
            tap.ok(home.run().returncode == 2 and outgoing(home) == [(2, 0, 0), (1, 0, 0)],
                   "the drop is gone: nothing is concluded", outgoing(home))
            os.mkdir(out)
        else:
            os.rmdir(wall)
            if clears:
                clear_drop(home)
        done = home.run()
        tap.ok(done.returncode == 0 and outgoing(home) == [DELIVERED] * 2 and
               sorted(home.out("mcc")) == [answer(name_of(1)), answer(name_of(1), "EMD")],
               "both files are delivered, and were seen", done.stderr.decode(), home.out("mcc"), outgoing(home))
        tap.ok((b"is uploaded again" in done.stderr) == (moves or clears), "a message says what is uploaded again",
               done.stderr.decode())
        sound(tap, home, "after a drop that was down between upload and rename")


def test_name_that_is_none(tap):
    home = Home()
    send(home, name_of(1), instruction(1))
    crash(home, "job-activated:after")
    change(home, "UPDATE job SET name='EMI\\q.xml'")  # no escape that the gateway writes
    done = home.run()
    tap.ok(done.returncode in (0, 2) and states(home) == {"00000001": "corrupt"} and
           "name" in home.json("spool", "show", "1")[0]["reason"], "a job whose name was damaged moves to corrupt/",
           done.returncode, states(home), done.stderr.decode())


def without_override():
    """As root nothing is forbidden: without this capability folders' modes count again."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        return None
    return ("setpriv", "--inh-caps=-dac_override,-dac_read_search", "--bounding-set=-dac_override,-dac_read_search")


def test_drop_not_ours_to_change(tap):
    prefix = without_override()
    if prefix is None:
        return
    home = Home("drop mcc complete=at-once\n" + NO_INC)
    send(home, name_of(1), instruction(1))
    os.chmod(home.inbox("mcc"), 0o555)
    for n in (1, 2):
        done = home.command("run", "--once", prefix=prefix)
        tap.ok(done.returncode == 2 and name_of(1).encode() in done.stderr and b"cannot remove" in done.stderr,
               f"a file that cannot be removed from its drop ends a pass with 2, {n}", done.returncode,
               done.stderr.decode())
        tap.ok([job["type"] for job in home.json("spool", "list")] == ["EMI", "EMW"] and len(home.out("mcc")) == 2,
               "it is taken and answered once", home.json("spool", "list"))
    tap.ok(home.json("spool", "show", "1")[0]["in_drop_still"], "spool show says that it is still there")
    os.chmod(home.inbox("mcc"), 0o755)
    tap.ok(home.command("run", "--once", prefix=prefix).returncode == 0 and os.listdir(home.inbox("mcc")) == [] and
           len(home.json("spool", "list")) == 2, "when it can be, it goes", os.listdir(home.inbox("mcc")))
    tap.ok(not home.json("spool", "show", "1")[0]["in_drop_still"], "and the ledger has recorded that")


def stopped_in_judging(home, number, once):
    """The signal comes for certain while it judges: it is held still meanwhile."""
    process = subprocess.Popen([GATE, "-c", home.conf, "--now", NOW, "run", *once], stderr=subprocess.DEVNULL)
    held = hold_in_judging(home, process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    return process.wait(timeout=PATIENCE) if held else "it was over before it could be held"


def test_signals(tap):
    for number in (signal.SIGTERM, signal.SIGINT):
        home = Home("gateway poll_interval=3600")
        daemon = home.daemon()
        wait_until(lambda: home.json("status")[0]["running"])
        daemon.send_signal(number)
        tap.ok(daemon.wait(timeout=PATIENCE) == 0, f"{number.name} ends a daemon that waits with 0")

    # More often than a file may end the program. Here a signal ends it, not the file.
    home = Home()
    home.drop("mcc", generate(home.top, "--form", "csv", "--devices", "300000"))
    send(home, name_of(2), instruction(2, (2,)))
    for number, once in ((signal.SIGTERM, ()), (signal.SIGINT, ()), (signal.SIGTERM, ("--once",)),
                         (signal.SIGINT, ("--once",))):
        status = stopped_in_judging(home, number, once)
        tap.ok(status == 0 and states(home) == {"00000001": "active", "00000002": "ready"} and
               not home.json("spool", "show", "1")[0]["verdicts"],
               f"{number.name} ends a judging of run {' '.join(once)}: nothing is decided, the exit status is 0",
               status,
               states(home))
    sound(tap, home, "after a judging was stopped")
    tap.ok(home.run().returncode == 0 and list(states(home).values()) == ["done"] * 4,
           "the next run judges it, however often it was stopped", states(home))


if __name__ == "__main__":
    with Tap() as report:
        test_signals(report)
        test_drop_not_ours_to_change(report)
        if has_crash_points():
            test_sender_goes_on(report)
            test_order_after_a_stop(report)
            test_recipient_goes_on(report)
            test_drop_is_cleared(report)
            test_concluded_and_lost(report)
            test_other_temporary_name(report)
            test_staged(report)
            test_name_that_is_none(report)
