/*
 * Counts that are kept: work items by state, jobs by type and verdict, open incidents by code. Asking for them costs
 * some rows, however large the ledger is. They are changed in the transaction of what they count, so that a crash or a
 * rollback cannot part them; `ecosgate spool verify` counts the rows anew. The rules of all subjects: ledger.h.
 *
 *   ledger_state_counts_each(ledger, visit, user, &error)
 *
 * A subject that adds, removes or changes a row that is counted calls a ledger_count_… function of ledger_private.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_COUNTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_COUNTS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_jobs.h"

/* Visits each present state by number, with its name and how many work items have it, if any has. A constant name. */
bool ledger_state_counts_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* Jobs that are alike. */
struct ledger_job_count {
    enum ledger_direction direction;
    const char *type;    /* "EMI" …; NULL: not known */
    const char *outcome; /* of the verdict of the job's present revision; NULL: there is none */
    int64_t n;
};
typedef bool (*ledger_job_count_visit)(void *user, const struct ledger_job_count *count, GError **error);
/* Visits them by direction, type and outcome. */
bool ledger_job_counts_each(struct ledger *ledger, ledger_job_count_visit visit, void *user, GError **error);

/* Open incidents that are alike. */
struct ledger_incident_count {
    const char *code;
    bool of_device; /* they are about a Device */
    int64_t n;
};
typedef bool (*ledger_incident_count_visit)(void *user, const struct ledger_incident_count *count, GError **error);
/* Visits them by code. */
bool ledger_incident_counts_each(struct ledger *ledger, ledger_incident_count_visit visit, void *user, GError **error);

/* *text: "Devices READY: 3 kept, 2 counted; …", every count that is not what its rows say, also those of
 * ledger_volume.h; NULL: all are; g_free it. Walks all work items and jobs. */
bool ledger_counts_wrong(struct ledger *ledger, char **text, GError **error);

#endif
