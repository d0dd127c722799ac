/*
 * A ledger in a temporary folder of its own, which is the working folder until it is closed.
 *
 *   static int enter(void **state) { ledger = ledger_home_open(state); return ledger == NULL; }
 *   static int leave(void **state) { return ledger_home_close(state, ledger); }
 */
#ifndef ECOSGATE_TESTS_LEDGER_HOME_H
#define ECOSGATE_TESTS_LEDGER_HOME_H

#include "spool/disk.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_verdicts.h"

#include <glib/gstdio.h>

#define LEDGER_HOME_FILE "ledger.db"

/* NULL where it cannot be made. The folder's name goes to *state. */
static inline struct ledger *ledger_home_open(void **state)
{
    *state = g_dir_make_tmp("ecosgate-ledger-XXXXXX", NULL);
    return *state != NULL && g_chdir(*state) == 0 ? ledger_make(LEDGER_HOME_FILE, NULL) : NULL;
}

/* What cmocka wants to hear of it: 0. */
static inline int ledger_home_close(void **state, struct ledger *ledger)
{
    ledger_close(ledger);
    (void)g_chdir("/");
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(*state);
    return 0;
}

/* An inbound instruction of MCC in the drop mcc, as ledger_job_insert takes it. */
static inline struct ledger_job ledger_home_job(int64_t id, const char *name, int64_t sequence, const char *sha256)
{
    return (struct ledger_job){.id = id,
                               .name = name,
                               .type = "EMI",
                               .form = "xml",
                               .org = "MCC",
                               .sender = "90-B3-D5-1F-30-0E-C0-01",
                               .sequence = sequence,
                               .drop = "mcc",
                               .received = 1688364000,
                               .size = 5,
                               .sha256 = sha256};
}

/* Inserts that job. A failure ends the program: the test could prove nothing then. */
static inline void ledger_home_add_job(struct ledger *ledger, int64_t id, const char *name, int64_t sequence,
                                       const char *sha256)
{
    struct ledger_job job = ledger_home_job(id, name, sequence, sha256);
    g_assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
}

/* Inserts the first verdict of a job, in the same way. */
static inline void ledger_home_add_verdict(struct ledger *ledger, int64_t job, const char *outcome, const char *batch)
{
    struct ledger_verdict v = {.job = job, .revision = 1, .judged_at = 1688364009, .batch = batch, .declared = -1};
    (void)g_strlcpy(v.outcome, outcome, sizeof v.outcome);
    g_assert_true(ledger_verdict_insert(ledger, &v, NULL));
}

#endif
