#!/usr/bin/env python3
"""Is the judge of the simulator awake? Puts one fault at a time into a copy of the gateway and plays seeds until a
promise is broken, five minutes of a processor at most for each. So it is not in `make check`. A seed in which the
sound program breaks a promise, too, proves nothing and is passed over.

    python3 tests/sim/mutants.py BUILD-FOLDER [WORD …]     all faults, or those whose names contain a word

A fault is a text of a source, which must stand there once, and what takes its place. The profile and the days are those
in which the fault should show.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LIMIT = 300  # seconds of a processor for one fault
OUTBOX, RETRY, RECOVER = "gateway/pipeline/outbox_record.c", "validators/retry.c", "gateway/pipeline/recover.c"
STATEMENTS, REVIEW = "validators/retry_statements.c", "validators/review_rules.c"
PROGRESS, INCIDENTS = "spool/ledger/ledger_progress.c", "spool/ledger/ledger_incidents.c"
ESTATE, RECOVERY = "gateway/reports/report_estate.c", "spool/ledger/ledger_recovery.c"
MUTANTS = [
    # name, file, text, what takes its place, profile, days
    ("a refused rename and a clean-up count as delivered", OUTBOX,
     "    if (transfer->publication.state == PUBLICATION_MISSING)\n        record_missing",
     "    if (transfer->publication.state > PUBLICATION_MISSING + 100)\n        record_missing", "hostile", 60),
    ("after a kill a work order that was taken goes out again", OUTBOX,
     "file->rename_sent = transfer->publication.open || (publish && outbox_is_ready(transfer));",
     "(void)publish;\n    file->rename_sent = false;", "hostile", 60),
    ("the same try is ordered again", RETRY, "session->unused ? session->try : session->try + 1",
     "MAX(session->try, 1)", "calm", 30),
    ("what was not attempted costs a try", RETRY, "session->unused ? session->try : session->try + 1",
     "session->try + 1", "rough", 30),
    ("a row is in two reports", PROGRESS, "s.ended>=?2 AND s.ended<?3\"", "s.ended>=?2-43200 AND s.ended<?3\"", "calm",
     30),
    ("a row is in no report", PROGRESS, "s.ended>=?2 AND s.ended<?3\"", "s.ended>=?2 AND s.ended<?3-3600\"", "calm",
     30),
    ("a late fact is in each month's report", ESTATE, "    if (!reported)\n", "    if (!reported || true)\n",
     "calm", 90),
    ("a late fact is in no report", ESTATE, "if (*from == 0 || *from > report->period.starts)", "if (*from >= 0)",
     "rough", 90),
    ("an incident is told twice", INCIDENTS, "\"SELECT first+events FROM", "\"SELECT first+events-1 FROM", "rough", 30),
    ("an incident is not told", INCIDENTS, "\"SELECT first+events FROM", "\"SELECT first+events+1 FROM", "rough", 30),
    ("a Device in work is accepted", "validators/history_rules.c", "if (!past->live ||",
     "if (past->live || !past->live ||", "rough", 60),
    ("a success is forgotten", REVIEW, "    if (past->replaced)\n", "    if (past->replaced && false)\n", "rough", 60),
    ("a change of supplier is ignored", REVIEW, "    if (starts == 0)\n        return true;\n    instant_print(starts",
     "    if (starts >= 0)\n        return true;\n    instant_print(starts", "calm", 90),
    ("instructions come before reference data", "gateway/pipeline/queue.c",
     "return rank != 0 ? rank :", "return rank != 0 ? -rank :", "calm", 90),
    ("a success does not count", STATEMENTS, "    default:\n        break;\n    }\n    session->tcos = side;",
     "    default:\n        return RETRY_NOTHING_NEW;\n    }\n    session->tcos = side;", "calm", 30),
    ("keys are not compared", STATEMENTS, "return a->good == b->good &&\n           (!a->good ||",
     "return a->good == b->good &&\n           (true || !a->good ||", "rough", 60),
    ("verify does not compare digests", "gateway/commands/verify_job.c", "if (g_strcmp0(hex, file->sha256) != 0)",
     "if (hex[0] == 0)", "calm", 10),
    ("a job is finished before its answers are delivered", "gateway/pipeline/delivery.c",
     "if (job == NULL || undelivered > 0 ||", "if (job == NULL || undelivered > 1 ||", "rough", 30),
    ("files are not synced", "spool/disk_file.c", "if (sync && fsync(file->fd) != 0)",
     "if (sync && file->fd < 0 && fsync(file->fd) != 0)", "hostile", 60),
    ("folders are not synced", "spool/disk.c", "int result = fsync(fd);", "int result = fd < 0 ? fsync(fd) : 0;",
     "hostile", 60),
    ("commits are not synced", "spool/ledger/ledger.c", "\"PRAGMA synchronous=FULL;PRAGMA wal",
     "\"PRAGMA synchronous=OFF;PRAGMA wal", "hostile", 60),
    ("another gateway's claim is ours", "gateway/drops/claim.c", "        return CLAIM_OTHER;",
     "        return CLAIM_OURS;", "hostile", 60),
    ("a node that was replaced goes on", "gateway/drops/claim.c",
     "    return found->generation < self->generation ? CLAIM_OLDER : CLAIM_NEWER;", "    return CLAIM_OLDER;",
     "hostile", 60),
    ("after a restore numbers are used again", RECOVER,
     ": ledger_number_raise(r->gateway->ledger, name, value, error);\n        if (!good)",
     ": true;\n        if (!good)", "hostile", 60),
    ("after a restore nothing is withheld", RECOVERY,
     "    return withhold(ledger, &(struct items){0, INT64_MAX}, recovery->id, recovery->at, error) &&",
     "    return (recovery->id > 0 || withhold(ledger, &(struct items){0, INT64_MAX}, recovery->id, 0, error)) &&",
     "hostile", 60),
    ("files of a lost ledger that come again withhold nothing", RECOVERY,
     "    if (recovery == 0 || verdict->accepted == 0)", "    if (recovery >= 0 || verdict->accepted == 0)",
     "hostile", 60),
    ("after a restore results of withheld Devices do not count", "validators/result_rules.c",
     "        retry_adopt_try(&file->rules->retry, file->rules->now, said.try, &result->session);",
     "        return true;", "hostile", 60),
    ("a failed Device waits longer than it was told", REVIEW, "if (c->rules->now >= past->next_eligible)",
     "if (past->next_eligible == 0 || c->rules->now >= past->next_eligible + 20 * RULES_DAY)", "calm", 90),
    ("a success of ECoS stops no try", STATEMENTS, "    if (side->good || session->state == LEDGER_CONFIRM_PENDING ||",
     "    if (session->tcos.good || session->state == LEDGER_CONFIRM_PENDING ||", "rough", 60),
    ("an outcome waits although all have ended", "spool/ledger/ledger_private.h", "AND((ended=accepted AND reported=0)",
     "AND((ended>accepted AND reported=0)", "calm", 30),
    ("what is in custody is picked up again", "gateway/pipeline/inbox_listing.c",
     "    if (job == NULL)\n        return false;\n    decided->stuck", "    if (job == NULL || job->id > 0)\n"
     "        return false;\n    decided->stuck", "hostile", 60),
    ("files of a lost ledger are judged at once", "gateway/pipeline/intake.c", "    if (recovery == 0)\n",
     "    if (recovery >= 0)\n", "hostile", 60),
    ("an outcome goes out too early", "spool/ledger/ledger_private.h", "AND((ended=accepted AND reported=0)",
     "AND((ended>=accepted-1 AND reported=0)", "calm", 30),
    ("an EMA counts what was deferred as rejected", "gateway/pipeline/recording.c",
     ".rejected = (int64_t)verdict->rejected,", ".rejected = (int64_t)(verdict->rejected + verdict->deferred),",
     "rough", 30),
    ("a session never ends", RETRY, "        if (now < retry_session_end(rules, session))\n",
     "        if (now > 0)\n", "calm", 60),
    ("a session ends days late", RETRY, "session->due = session->ends;", "session->due = session->ends + 8 * 86400;",
     "rough", 60),
    ("a session lasts two days", RETRY, "now + rules->session_length)", "now + 2 * rules->session_length)", "calm", 30),
    ("reports go to the first Supplier", "gateway/reports/reports.c",
     ".folder = kind->role != NULL ? to->mpid : NULL,",
     ".folder = kind->role != NULL ? report_recipient(report, 0)->mpid : NULL,", "calm", 30),
]

# A second text that a fault changes, for the ledger refuses what the first alone would do.
ALSO = {
    "a late fact is in each month's report": ("spool/ledger/ledger_reports.c", "\"INSERT INTO reported_row(",
                                              "\"INSERT OR IGNORE INTO reported_row("),
    "reports go to the first Supplier": ("gateway/reports/report_address.c",
                                         "named != NULL ? named->mpid : file->folder", "file->folder"),
    "an outcome waits although all have ended": ("gateway/config_groups.c", "c->outcome_wait = 3600 *",
                                                 "c->outcome_wait = 2 * 3600 *"),
    "a Device in work is accepted": ("spool/ledger/ledger_schema.c", "CREATE UNIQUE INDEX work_item_live",
                                     "CREATE INDEX work_item_live"),
}


def run(call, seconds):
    """Exit status (None: it took too long), output, seconds of a processor."""
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(call, stdout=output, start_new_session=True) as process:
            timer = threading.Timer(4 * seconds + 60, os.killpg, (process.pid, signal.SIGKILL))
            timer.start()
            _, status, used = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
        return process.returncode, lines, used.ru_utime + used.ru_stime


def call(program, seed, profile, days):
    return [program, "--seed", str(seed), "--days", str(days), "--profile", profile]


def seeds(program, sound, profile, days):
    """The columns of the table in README.md, for the first run that breaks a promise which the sound program keeps."""
    spent, runs, unsound = 0.0, 0, 0
    while spent < LIMIT:
        runs += 1
        status, lines, seconds = run(call(program, runs, profile, days), LIMIT - spent)
        spent += seconds
        if status < 0:
            break
        if status != 1:
            continue
        reason = next(line for line in lines if " BROKEN " in line).split(" BROKEN ", 1)[1]
        if run(call(sound, runs, profile, days), LIMIT)[0] == 0:
            return f"`{reason.split(':')[0]}` | {profile} | {runs - unsound} | {spent:.0f}"
        unsound += 1
    return f"NOT FOUND; in {unsound} runs the sound program breaks a promise, too | {profile} | {runs} | {spent:.0f}"


def build(folder):
    return subprocess.run(["make", "-s", "tests/sim/simulate"], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


def change(copy, edits):
    """Puts the texts in; what the files were, or an error."""
    before = {}
    for file, text, other in edits:
        path = os.path.join(copy, file)
        with open(path, encoding="utf-8") as source:
            whole = source.read()
        if whole.count(text) != 1:
            return before, f"the text stands {whole.count(text)} times in {file}"
        before[path] = whole
        with open(path, "w", encoding="utf-8") as source:
            source.write(whole.replace(text, other))
    return before, ""


def play(copy, made, sound, mutant):
    name, file, text, other, profile, days = mutant
    before, result = change(copy, [(file, text, other)] + ([ALSO[name]] if name in ALSO else []))
    done = build(made) if not result else None
    if done is not None and done.returncode != 0:
        result = "does not compile: " + done.stdout.decode(errors="replace")[-300:].replace("\n", " ")
    elif done is not None:
        result = seeds(os.path.join(made, "tests/sim/simulate"), sound, profile, days)
    for path, whole in before.items():
        with open(path, "w", encoding="utf-8") as source:
            source.write(whole)
    return f"| {name} | {result} |"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    top = tempfile.mkdtemp(prefix="ecosgate-mutants.")
    try:
        copy = os.path.join(top, "source")
        shutil.copytree(TOP, copy, symlinks=True,
                        ignore=lambda folder, names: [name for name in names if name in (".git", "build", "__pycache__")
                                                      or name.startswith("build-")])
        made = os.path.join(copy, "build")
        shutil.copytree(sys.argv[1], made, symlinks=True)
        if build(made).returncode != 0:
            sys.exit(f"{sys.argv[1]} does not build")
        bad, sound = 0, shutil.copy(os.path.join(made, "tests/sim/simulate"), os.path.join(top, "sound"))
        for mutant in MUTANTS:
            if len(sys.argv) > 2 and not any(word in mutant[0] for word in sys.argv[2:]):
                continue
            line = play(copy, made, sound, mutant)
            bad += " | `" not in line
            print(line, flush=True)
        sys.exit(bad > 0)
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
