/*
 * Batches: the instructions that were judged, each with how far its work is. A batch is named by its BatchId, by
 * SENDER.BATCHID, by its job or by the name of its file. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_BATCHES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_BATCHES_H

#include "spool/ledger/ledger.h"

struct ledger_batch {
    int64_t job, revision, judged_at;
    const char *name;    /* of the file, escaped */
    const char *org;     /* the sender's short code */
    const char *batch;   /* BatchId; NULL: the file did not say */
    const char *outcome; /* "AC", "WN", "PA", "RJ" */
    int64_t first_item, items;
    int64_t accepted, rejected, deferred; /* by the review */
    int64_t dispatched;                   /* accepted ones that have a session */
    int64_t ended;                        /* accepted ones that have ended */
    int64_t withdrawn; /* of these that have not: ordered ones that an operator has withdrawn (ledger_holds.h) */
    bool held;         /* by an operator */
};

typedef bool (*ledger_batch_visit)(void *user, const struct ledger_batch *batch, GError **error);
/* Visits the newest verdicts of all instructions, oldest first. open: those only with work that has not ended. */
bool ledger_batches_each(struct ledger *ledger, bool open, ledger_batch_visit visit, void *user, GError **error);
/* *batches: struct ledger_batch, those that the text may name, oldest first; g_ptr_array_unref. job: the text is the
 * number of a job; 0: it is none. */
bool ledger_batches_named(struct ledger *ledger, const char *text, int64_t job, GPtrArray **batches, GError **error);
/* Visits each present state of its work items by number, with its name and how many have it. */
bool ledger_batch_states_each(struct ledger *ledger, const struct ledger_batch *of, ledger_count_visit visit,
                              void *user, GError **error);
/* Visits the codes of its work items, with how many have each now. */
bool ledger_batch_codes_each(struct ledger *ledger, const struct ledger_batch *of, ledger_count_visit visit, void *user,
                             GError **error);

#endif
