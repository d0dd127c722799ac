#!/usr/bin/env python3
"""Is the judge of the simulator awake? Puts one fault at a time into a copy of the gateway and plays seeds until a
promise is broken, five minutes at most for each. Not in `make check`: it takes some minutes for each fault.

    python3 tests/sim/mutants.py BUILD-FOLDER [WORD …]     all faults, or those whose names contain a word

A fault is a text of a source, which must stand there once, and what takes its place. The profile and the days are those
in which the fault should show.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LIMIT = 300  # seconds for one fault
OUTBOX, RETRY, RECOVER = "gateway/pipeline/outbox_record.c", "validators/retry.c", "gateway/pipeline/recover.c"
STATEMENTS, REVIEW = "validators/retry_statements.c", "validators/review_rules.c"
PROGRESS, INCIDENTS = "spool/ledger/ledger_progress.c", "spool/ledger/ledger_incidents.c"
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
    ("a late fact is in each month's report", "gateway/reports/report_estate.c", "    if (!reported)\n",
     "    if (!reported || true)\n", "calm", 90),
    ("an incident is told twice", INCIDENTS, "\"SELECT first+events FROM", "\"SELECT first+events-1 FROM", "rough", 30),
    ("an incident is not told", INCIDENTS, "\"SELECT first+events FROM", "\"SELECT first+events+1 FROM", "rough", 30),
    ("a Device in work is accepted", "validators/history_rules.c", "if (!past->live ||",
     "if (past->live || !past->live ||", "rough", 60),
    ("a success is forgotten", REVIEW, "    if (past->replaced)\n", "    if (past->replaced && false)\n", "rough", 60),
    ("a change of supplier is ignored", REVIEW, "    if (starts == 0)\n        return true;\n    instant_print(starts",
     "    if (starts >= 0)\n        return true;\n    instant_print(starts", "calm", 90),
    ("instructions come before reference data", "gateway/pipeline/queue.c", "? y_first - x_first :",
     "? x_first - y_first :", "calm", 90),
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
    ("after a restore numbers are used again", RECOVER,
     ": ledger_number_raise(r->gateway->ledger, name, value, error);\n        if (!good)",
     ": true;\n        if (!good)", "hostile", 60),
    ("after a restore nothing is withheld", "spool/ledger/ledger_recovery.c", "    return begin_sessions(ledger, of,",
     "    return (recovery > 0 && at > 0) || begin_sessions(ledger, of,", "hostile", 60),
    ("files of a lost ledger are judged at once", "gateway/pipeline/intake.c", "    if (recovery == 0)\n",
     "    if (recovery >= 0)\n", "hostile", 60),
    ("an outcome goes out too early", "spool/ledger/ledger_private.h", "AND((ended=accepted AND reported=0)",
     "AND((ended>=accepted-1 AND reported=0)", "calm", 30),
    ("an EMA counts what was deferred as rejected", "gateway/pipeline/recording.c",
     ".rejected = (int64_t)verdict->rejected,", ".rejected = (int64_t)(verdict->rejected + verdict->deferred),",
     "rough", 30),
    ("a session never ends", RETRY, "        if (now < retry_session_end(rules, session))\n",
     "        if (now > 0)\n", "rough", 30),
    ("reports go to the first Supplier", "gateway/reports/reports.c",
     ".folder = kind->role != NULL ? to->mpid : NULL,",
     ".folder = kind->role != NULL ? report_recipient(report, 0)->mpid : NULL,", "calm", 30),
]


def seeds(program, profile, days, until):
    """The first seed that breaks a promise, with its last lines, and how many were played."""
    for seed in range(1, 10000):
        left = until - time.monotonic()
        if left <= 0:
            return None, seed - 1
        try:
            done = subprocess.run([program, "--seed", str(seed), "--days", str(days), "--profile", profile],
                                  stdout=subprocess.PIPE, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            return None, seed - 1
        if done.returncode == 1:
            lines = [line for line in done.stdout.decode(errors="replace").splitlines() if "BROKEN" in line]
            return (seed, lines[0].split("BROKEN ", 1)[1]), seed
    return None, 0


def build(folder):
    return subprocess.run(["make", "-s", "tests/sim/simulate"], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


def play(copy, made, mutant):
    name, file, text, other, profile, days = mutant
    path = os.path.join(copy, file)
    with open(path, encoding="utf-8") as source:
        before = source.read()
    if before.count(text) != 1:
        return f"| {name} | the text stands {before.count(text)} times in {file} |"
    with open(path, "w", encoding="utf-8") as source:
        source.write(before.replace(text, other))
    begun = time.monotonic()
    done = build(made)
    if done.returncode != 0:
        result = "does not compile: " + done.stdout.decode(errors="replace")[-300:].replace("\n", " ")
    else:
        begun = time.monotonic()
        found, played = seeds(os.path.join(made, "tests/sim/simulate"), profile, days, begun + LIMIT)
        seconds = time.monotonic() - begun
        result = f"{profile} seed {found[0]}, {seconds:.0f} s: {found[1][:90]}" if found else \
            f"NOT FOUND in {played} runs, {seconds:.0f} s"
    with open(path, "w", encoding="utf-8") as source:
        source.write(before)
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
        bad = 0
        for mutant in MUTANTS:
            if len(sys.argv) > 2 and not any(word in mutant[0] for word in sys.argv[2:]):
                continue
            line = play(copy, made, mutant)
            bad += " seed " not in line
            print(line, flush=True)
        sys.exit(bad > 0)
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
