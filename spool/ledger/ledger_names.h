/*
 * Names and ids that somebody at a terminal may mean: the newest ones, for completion. The rules of all subjects:
 * ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_NAMES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_NAMES_H

#include "spool/ledger/ledger.h"

enum ledger_names {
    LEDGER_NAMES_JOB,           /* the id is that of the job, the name that of its file, escaped */
    LEDGER_NAMES_OUTGOING,      /* the name of an outgoing file */
    LEDGER_NAMES_BATCH,         /* SENDER.BATCHID; the id is that of its job */
    LEDGER_NAMES_INCIDENT,      /* the id is that of the incident, the name its code */
    LEDGER_NAMES_OPEN_INCIDENT, /* the same of those that are open */
    LEDGER_NAMES_DEVICE,        /* the id is that of a Device with a work item, as an integer; there is no name */
};

/* Visits them, the newest first. Only the newest 5000 rows of a table are looked at, so that it never takes long. */
bool ledger_names_each(struct ledger *ledger, enum ledger_names kind, ledger_count_visit visit, void *user,
                       GError **error);

#endif
