#!/usr/bin/env python3
"""Is the judge of the simulator awake? Puts one fault at a time into a copy of the gateway, and plays the seed in
which that fault broke a promise before. If it breaks none there, seeds from 1 on are played, until five minutes of a
processor are spent. A seed in which the sound program breaks a promise, too, proves nothing and is passed over.

    make mutants                                           all faults, one after the other
    make mutants FAULTS="session report"                   those whose names contain one of the words
    python3 tests/sim/mutants.py BUILD-FOLDER [WORD …]     the same

    LIMIT=300                                              seconds of a processor for each fault

The rows that it prints are those of the table in README.md. The exit status is 1 if a fault was not found or, when
all were played, if README.md has a promise that none of them breaks. It is no part of `make check`: simulate_test.py
asks only whether each fault still has its place (misfits).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
README = os.path.join(TOP, "tests", "sim", "README.md")
LIMIT = float(os.environ.get("LIMIT") or 300)  # seconds of a processor for one fault

# A text that stands once in a file, and what takes its place.
Edit = namedtuple("Edit", "file text other")
# A fault, and the run in which it breaks a promise.
Mutant = namedtuple("Mutant", "name profile seed days edits")

MUTANTS = [
    Mutant("the same try is ordered again", "calm", 1, 26, [
        Edit("validators/retry/retry.c",
             "session->unused ? session->try : session->try + 1",
             "MAX(session->try, 1)")]),
    Mutant("files of a lost ledger are judged at once", "rough", 4213, 3, [
        Edit("gateway/pipeline/judging/intake.c",
             "    if (recovery == 0)\n        return true;\n    *held",
             "    if (recovery >= 0)\n        return true;\n    *held"),
        Edit("spool/ledger/ledger_recovery.c",
             "\" AND j.revision<100*l.recovery)\"",
             "\" AND j.revision<0)\"")]),
    Mutant("a row is in two reports", "calm", 1, 26, [
        Edit("spool/ledger/ledger_progress.c",
             "s.ended>=?2 AND s.ended<?3\"",
             "s.ended>=?2-43200 AND s.ended<?3\"")]),
    Mutant("a row is in no report", "calm", 1, 26, [
        Edit("spool/ledger/ledger_progress.c",
             "s.ended>=?2 AND s.ended<?3\"",
             "s.ended>=?2 AND s.ended<?3-3600\"")]),
    Mutant("an incident is told twice", "rough", 891, 14, [
        Edit("spool/ledger/ledger_incidents.c",
             "\"SELECT first+events FROM",
             "\"SELECT first+events-1 FROM")]),
    Mutant("an incident is not told", "rough", 891, 14, [
        Edit("spool/ledger/ledger_incidents.c",
             "\"SELECT first+events FROM",
             "\"SELECT first+events+1 FROM")]),
    Mutant("a Device in work is accepted", "rough", 891, 14, [
        Edit("validators/rules/history_rules.c",
             "if (!past->live ||",
             "if (past->live || !past->live ||"),
        Edit("spool/ledger/ledger_devices.c",
             "    return n == 0;",
             "    return true;")]),
    Mutant("a change of supplier is ignored", "rough", 6377, 8, [
        Edit("validators/rules/review_rules.c",
             "    if (starts == 0)\n        return true;\n    instant_print(starts",
             "    if (starts >= 0)\n        return true;\n    instant_print(starts")]),
    Mutant("instructions come before reference data", "calm", 1, 26, [
        Edit("gateway/pipeline/queue.c",
             "return rank != 0 ? rank :",
             "return rank != 0 ? -rank :")]),
    Mutant("a success does not count", "calm", 1, 26, [
        Edit("validators/retry/retry_statements.c",
             "    default:\n        break;\n    }\n    session->tcos = side;",
             "    default:\n        return RETRY_NOTHING_NEW;\n    }\n    session->tcos = side;")]),
    Mutant("keys are not compared", "rough", 3, 14, [
        Edit("validators/retry/retry_statements.c",
             "return a->good == b->good &&\n           (!a->good ||",
             "return a->good == b->good &&\n           (true || !a->good ||")]),
    Mutant("a success of ECoS stops no try", "rough", 891, 14, [
        Edit("validators/retry/retry_statements.c",
             "    if (side->good || session->state == LEDGER_CONFIRM_PENDING ||",
             "    if (session->tcos.good || session->state == LEDGER_CONFIRM_PENDING ||")]),
    Mutant("verify does not compare digests", "calm", 1, 26, [
        Edit("gateway/commands/verify/verify_job.c",
             "if (g_strcmp0(hex, file->sha256) != 0)",
             "if (hex[0] == 0)")]),
    Mutant("a job is finished before its answers are delivered", "rough", 891, 14, [
        Edit("gateway/pipeline/delivery/delivery.c",
             "    if (undelivered > 0)\n        return true;",
             "    if (undelivered > 1)\n        return true;")]),
    Mutant("files are not synced", "hostile", 18749, 6, [
        Edit("spool/disk_file.c",
             "if ((sync || !disk_fs_can_sync_file(file->fd)) && fsync(file->fd) != 0)",
             "if (sync && file->fd < 0 && fsync(file->fd) != 0)")]),
    Mutant("another gateway's claim is ours", "hostile", 7, 10, [
        Edit("gateway/drops/claim.c",
             "        return CLAIM_OTHER;",
             "        return CLAIM_OURS;")]),
    Mutant("a node that was replaced goes on", "rough", 891, 14, [
        Edit("gateway/drops/claim.c",
             "    return found->generation < self->generation ? CLAIM_OLDER : CLAIM_NEWER;",
             "    return CLAIM_OLDER;")]),
    Mutant("a failed Device waits longer than it was told", "calm", 1, 56, [
        Edit("validators/rules/review_rules.c",
             "if (c->rules->now >= past->next_eligible)",
             "if (past->next_eligible == 0 || c->rules->now >= past->next_eligible + 20 * RULES_DAY)")]),
    Mutant("an outcome waits a week although all have ended", "calm", 1, 26, [
        Edit("spool/ledger/ledger_private.h",
             "AND((ended=accepted AND reported=0)",
             "AND((ended>accepted AND reported=0)"),
        Edit("spool/ledger/ledger_private.h",
             "AND begun>=accepted AND ended<accepted\"",
             "AND begun>=accepted AND ended<=accepted\"")]),
    Mutant("after a kill a work order that was taken goes out again", "kills", 1, 4, [
        Edit("gateway/pipeline/delivery/outbox_record.c",
             "file->rename_sent = transfer->publication.open || (publish && outbox_is_ready(transfer));",
             "(void)publish;\n    file->rename_sent = false;")]),
    Mutant("a rename that was refused counts as delivered", "hostile", 9, 6, [
        Edit("gateway/drops/publication.c",
             "    p->publication->open = false;\n    if (p->publication->state == PUBLICATION_READY) {",
             "    p->publication->open = false;\n    p->publication->state = PUBLICATION_SEEN;\n    if "
             "(p->publication->state == PUBLICATION_READY) {")]),
    Mutant("an upload counts as delivery", "calm", 1, 26, [
        Edit("gateway/pipeline/delivery/outbox_record.c",
             "        record_upload(outbox, file);\n",
             "        record_upload(outbox, file);\n    if (task == OUTBOX_UPLOAD && transfer->done && "
             "file->id % 40 == 39)\n        record_delivery(outbox, file, false);\n")]),
    Mutant("an EMA counts what was deferred as rejected", "rough", 891, 14, [
        Edit("gateway/pipeline/judging/recording.c",
             ".rejected = (int64_t)verdict->rejected,",
             ".rejected = (int64_t)(verdict->rejected + verdict->deferred),")]),
    Mutant("a session ends days late", "rough", 891, 14, [
        Edit("validators/retry/retry.c",
             "session->due = session->ends;",
             "session->due = session->ends + 8 * 86400;")]),
    Mutant("a session lasts two days", "calm", 1, 26, [
        Edit("validators/retry/retry.c",
             "now + rules->session_length)",
             "now + 2 * rules->session_length)")]),
    Mutant("of the hours of dispatch only the beginning counts", "rough", 5, 4, [
        Edit("gateway/config/config_groups.c",
             "    c->dispatch_until = 3600 * until;",
             "    c->dispatch_until = from > 0 ? 86400 : 3600 * until;")]),
    Mutant("a session never ends", "calm", 1, 26, [
        Edit("validators/retry/retry.c",
             "        if (now < retry_session_end(rules, session))\n",
             "        if (now > 0)\n")]),
    Mutant("an acknowledgement names other bytes", "calm", 1, 26, [
        Edit("gateway/answers/ema.c",
             "    FACT(EMA_FILE, file_sha256, job->sha256) ",
             "    FACT(EMA_FILE, file_sha256, job->sha256 + (job->id % 50 == 49)) ")]),
    Mutant("what was not attempted costs a try", "rough", 520, 4, [
        Edit("validators/retry/retry.c",
             "session->unused ? session->try : session->try + 1",
             "session->try + 1")]),
    Mutant("after a restore numbers are used again", "rough", 4213, 3, [
        Edit("gateway/pipeline/recovery/recover.c",
             ": ledger_number_raise(r->gateway->ledger, name, value, error);\n        if (!good)",
             ": true;\n        if (!good)")]),
    Mutant("after a restore results of withheld Devices do not count", "rough", 4213, 3, [
        Edit("validators/rules/result_rules.c",
             "        retry_adopt_try(&file->rules->retry, file->rules->now, said.try, &result->session);",
             "        return true;")]),
    Mutant("a late fact is in each month's report", "calm", 1, 56, [
        Edit("gateway/reports/report_estate.c",
             "    if (!reported)\n        g_array_append_val(report->subjects, *once);",
             "    if (!reported || true)\n        g_array_append_val(report->subjects, *once);"),
        Edit("spool/ledger/ledger_reports.c",
             "\"INSERT INTO reported_row(",
             "\"INSERT OR IGNORE INTO reported_row(")]),
    Mutant("a success is forgotten", "rough", 891, 14, [
        Edit("validators/rules/review_rules.c",
             "    if (past->replaced)\n",
             "    if (past->replaced && false)\n")]),
    Mutant("a restore takes no backup", "rough", 4213, 3, [
        Edit("gateway/commands/restore.c",
             "identity.generation == facts->generation)",
             "identity.generation > facts->generation)")]),
    Mutant("init ends with an error", "calm", 1, 26, [
        Edit("gateway/commands/init.c",
             "        g_print(\"made %s\\n\", dir);\n    return EXIT_GOOD;",
             "        g_print(\"made %s\\n\", dir);\n    return EXIT_REFUSED;")]),
    Mutant("a drop that is paused is read", "dense", 3, 4, [
        Edit("gateway/pipeline/pickup/inbox.c",
             "if (inbox->paused || wait_of(inbox) > 0)",
             "if (wait_of(inbox) > 0)")]),
    Mutant("a drop that is paused gets files", "dense", 1, 4, [
        Edit("gateway/pipeline/delivery/outbox.c",
             "if (!ledger_hold_exists(outbox->gateway->ledger, &hold, &outbox->paused, error) ||",
             "outbox->paused = hold.kind == LEDGER_HOLD_KINDS;\n        if ("),
        Edit("gateway/pipeline/delivery/outbox.c",
             "            (outbox->paused != paused && !outbox_taken_tell_pause(outbox, error)))",
             "            outbox->paused != paused && !outbox_taken_tell_pause(outbox, error))")]),
    Mutant("a withdrawal is answered and not done", "dense", 3, 4, [
        Edit("gateway/pipeline/orders/order_withdraw.c",
             "        return end_item(w, work, NULL, error);\n    case LEDGER_DISPATCHED:",
             "        w->ended++;\n        return true;\n    case LEDGER_DISPATCHED:")]),
    Mutant("an expected file that is late is not told", "calm", 1, 14, [
        Edit("gateway/pipeline/watches/expect_watch.c",
             "return watch->slots[i].waits || state(",
             "return found.came.accepted >= 0 || watch->slots[i].waits || state(")]),
    Mutant("a file that comes late does not close its incident", "calm", 1, 14, [
        Edit("gateway/pipeline/watches/expect_watch.c",
             "if (known != NULL && expected_is_met(expect, &found))",
             "if (known != NULL && expect->count > 1 && expected_is_met(expect, &found))")]),
    Mutant("redeliver takes files of other types", "dense", 1, 4, [
        Edit("spool/ledger/ledger_outgoing.c",
             "(?1 IS NULL OR kind=?1) AND(?2",
             "(?1 IS NULL OR kind>=?1) AND(?2")]),
    Mutant("a configuration is not read again", "dense", 1, 4, [
        Edit("gateway/commands/run/daemon.c",
             "    reload = true;",
             "    reload = false;")]),
    Mutant("a missing number is told too soon", "calm", 3, 14, [
        Edit("gateway/pipeline/watches/missing_watch.c",
             "gap->since + l->watch->gateway->config->missing_number_after;",
             "gap->since + l->watch->gateway->config->missing_number_after / 24;")]),
    Mutant("after a restore nothing is withheld", "restores", 1, 8, [
        Edit("spool/ledger/ledger_recovery.c",
             "withhold(ledger, &(struct items){0, INT64_MAX}, recovery->id, recovery->at, error) &&",
             "recovery->id >= 0 &&")]),
    Mutant("files of a lost ledger that come again withhold nothing", "restores", 1, 8, [
        Edit("spool/ledger/ledger_recovery.c",
             "           withhold(ledger, &of, recovery, verdict->judged_at, error);",
             "           (recovery >= 0 || withhold(ledger, &of, recovery, verdict->judged_at, error));")]),
    Mutant("dispatch that is paused goes on", "dense", 5, 4, [
        Edit("gateway/pipeline/dispatch/dispatch_review.c",
             "(*paused || ledger_hold_exists(",
             "(ledger_hold_exists(")]),
    Mutant("a file that is not taken is not told", "calm", 23, 6, [
        Edit("gateway/pipeline/delivery/outbox_taken.c",
             "if (at == 0 || clock_now() - at <",
             "if (at >= 0 || clock_now() - at <")]),
    Mutant("rows go to the first recipient", "calm", 1, 26, [
        Edit("gateway/reports/report.c",
             "struct report_row row = {at, key};",
             "struct report_row row = {0, key};")]),
    Mutant("an outcome goes out although work has not ended", "calm", 1, 26, [
        Edit("spool/ledger/ledger_private.h",
             "AND((ended=accepted AND reported=0)",
             "AND((ended<=accepted AND reported=0)")]),
    Mutant("redeliver leaves a file out", "dense", 3, 4, [
        Edit("gateway/pipeline/orders/order_outgoing.c",
             "    for (guint i = 0; i < r->files->len; i++) {\n        const struct ledger_outgoing *file = "
             "r->files->pdata[i];\n        if (!ledger_outgoing_deliver_again(",
             "    for (guint i = r->files->len > 1; i < r->files->len; i++) {\n        const struct ledger_outgoing "
             "*file = r->files->pdata[i];\n        if (!ledger_outgoing_deliver_again(")]),
    Mutant("a Device that is held is ordered again", "operators", 1, 4, [
        Edit("spool/ledger/ledger_due.c",
             "AND NOT \" HELD \"",
             "AND(1 OR \" HELD \")")]),
    Mutant("a batch that is held is ordered", "operators", 1, 4, [
        Edit("spool/ledger/ledger_due.c",
             "(?1 OR NOT EXISTS(",
             "(1 OR ?1 OR NOT EXISTS(")]),
    Mutant("a withdrawal does not stop what is ordered", "operators", 1, 4, [
        Edit("gateway/pipeline/dispatch/outcome.c",
             "if (!work->withdrawn || work->session.state",
             "if (work->item.item > 0 || !work->withdrawn || work->session.state")]),
    Mutant("redeliver takes older files, too", "operators", 1, 4, [
        Edit("spool/ledger/ledger_outgoing.c",
             "delivered_at>=?3\"",
             "delivered_at>=0*?3\"")]),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def misfits():
    """Faults whose text does not stand once in its file, and rows of the table that are of no fault or missing."""
    wrong = []
    for mutant in MUTANTS:
        for edit in mutant.edits:
            count = read(os.path.join(TOP, edit.file)).count(edit.text)
            if count != 1:
                wrong.append(f"'{mutant.name}': its text stands {count} times in {edit.file}, not once; write into "
                             "tests/sim/mutants.py where the fault is now")
    names, rows = {mutant.name for mutant in MUTANTS}, set(re.findall(r"^\| (.+?) \| `", read(README), re.MULTILINE))
    return wrong + [f"'{name}': one of tests/sim/mutants.py and the table of tests/sim/README.md does not have it"
                    for name in sorted(names ^ rows)]


# ---- runs ----

class Spent:
    """Seconds of a processor."""
    builds = faulty = sound = 0.0


def spent_by(process):
    """Seconds of a processor of the simulator and the processes that it has started. One process runs at a time, so
    waiting for a processor costs nothing."""
    ticks = 0
    try:
        children = read(f"/proc/{process}/task/{process}/children").split()
        for one in [str(process)] + children:
            ticks += sum(int(word) for word in read(f"/proc/{one}/stat").rsplit(")", 1)[1].split()[11:15])
    except OSError:
        pass  # it has just ended
    return ticks / os.sysconf("SC_CLK_TCK")


def run(command, limit, **more):
    """Exit status (-9: it took too long), output, seconds of a processor."""
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                              **more) as process:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            while not ended:
                time.sleep(0.3)
                if spent_by(process.pid) > limit:
                    os.killpg(process.pid, signal.SIGKILL)
                    limit = float("inf")
                ended, status, used = os.wait4(process.pid, os.WNOHANG)
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace"), used.ru_utime + used.ru_stime


def play(program, seed, profile, days, limit):
    """Exit status, the promise that was broken ("": none), seconds of a processor."""
    status, text, seconds = run([program, "--seed", str(seed), "--days", str(days), "--profile", profile], limit)
    broken = re.search(r" BROKEN (\w+):", text)
    return status, broken[1] if status == 1 and broken else "", seconds


def is_sound(sound, known, *which):
    """Whether the sound program holds every promise in that run; each run is played once."""
    if which not in known:
        status, _, seconds = play(sound, *which, 2 * LIMIT + 60)
        known[which] = status == 0
        Spent.sound += seconds
    return known[which]


def find(program, sound, known, mutant):
    """The promise that the fault breaks ("": none in its time), and the columns of the table."""
    spent, passed, seeds = 0.0, 0, [mutant.seed] + [seed for seed in range(1, 1000) if seed != mutant.seed]
    for seed in seeds:
        if spent >= LIMIT:
            break
        status, promise, seconds = play(program, seed, mutant.profile, mutant.days, LIMIT - spent)
        spent += seconds
        Spent.faulty += seconds
        if status not in (0, 1, -signal.SIGKILL):
            sys.exit(f"'{mutant.name}' cannot be played: exit status {status}")
        if promise and is_sound(sound, known, seed, mutant.profile, mutant.days):
            return promise, f"`{promise}` | {mutant.profile} | {seed} | {mutant.days} | {spent:.1f}"
        passed += bool(promise)
    return "", (f"NOT FOUND; in {passed} runs the sound program breaks a promise, too | {mutant.profile} | | "
                f"{mutant.days} | {spent:.1f}")


# ---- faults ----

def build(folder):
    """What make says if it fails."""
    status, text, seconds = run(["make", "-s", "tests/sim/simulate"], float("inf"), cwd=folder)
    Spent.builds += seconds
    return text if status != 0 else ""


def try_fault(copy, sound, known, mutant):
    """Builds the copy with the fault, plays it, and takes the fault out again. As find."""
    before = {edit.file: read(os.path.join(copy, edit.file)) for edit in mutant.edits}
    after = dict(before)
    for edit in mutant.edits:
        after[edit.file] = after[edit.file].replace(edit.text, edit.other)
    try:
        put(copy, after)
        failure = build(os.path.join(copy, "build"))
        if failure:
            return "", "does not compile: " + failure[-300:].replace("\n", " ")
        return find(os.path.join(copy, "build", "tests", "sim", "simulate"), sound, known, mutant)
    finally:
        put(copy, before)


def put(copy, texts):
    for name, text in texts.items():
        with open(os.path.join(copy, name), "w", encoding="utf-8") as file:
            file.write(text)


def make_copy(top, built):
    """A copy of the sources with its build folder, and the sound program beside it."""
    copy = os.path.join(top, "source")
    shutil.copytree(TOP, copy, symlinks=True,
                    ignore=lambda folder, names: [name for name in names if name in (".git", "build", "__pycache__")
                                                  or name.startswith("build-")])
    shutil.copytree(built, os.path.join(copy, "build"), symlinks=True)
    failure = build(os.path.join(copy, "build"))
    if failure:
        sys.exit(f"{built} does not build: {failure}")
    return copy, shutil.copy(os.path.join(copy, "build", "tests", "sim", "simulate"), os.path.join(top, "sound"))


def play_all(built, mutants):
    """The promises that were broken, and how many faults were found."""
    broken, found, known = set(), 0, {}
    top = tempfile.mkdtemp(prefix="ecosgate-mutants.")
    try:
        copy, sound = make_copy(top, built)
        for mutant in mutants:
            promise, columns = try_fault(copy, sound, known, mutant)
            broken.add(promise)
            found += promise != ""
            print(f"| {mutant.name} | {columns} |", flush=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return broken, found


def main():
    if len(sys.argv) < 2 or misfits():
        sys.exit("\n".join(misfits()) or __doc__)
    words = sys.argv[2:]
    mutants = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    broken, found = play_all(sys.argv[1], mutants)
    promises = re.findall(r"`(\w+)`", "".join(re.findall(r"^- (`.+?):", read(README), re.MULTILINE)))
    missing = [] if words else [promise for promise in promises if promise not in broken]
    print(f"{found} of {len(mutants)} faults were found; seconds of a processor: {Spent.faulty:.0f} for programs with "
          f"a fault, {Spent.sound:.0f} for the sound one, {Spent.builds:.0f} to build")
    if missing:
        print(f"no fault breaks: {', '.join(missing)}")
    sys.exit(found < len(mutants) or len(missing) > 0)


if __name__ == "__main__":
    main()
