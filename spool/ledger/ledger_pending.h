/*
 * Counts that change with each Device of a file, and are written once for many of them.
 *
 *   ledger_pending_verdict | ledger_pending_session | ledger_pending_model …      as each transition is stored
 *   ledger_pending_store          before a commit, a savepoint, and any statement that may see the counts
 *
 * Who reads the counts sees them whole: ledger_sql.c stores what is pending before it binds a statement, but for those
 * that are declared with LEDGER_SQL_BESIDE. So a new statement is right without knowing of this, only slower.
 *
 * Two designs were compared: (a) this one; (b) sums that the pipeline keeps for a file and stores at its end. With (b)
 * each caller that ends a session (time, orders, an operator, supersession) would have to store them, too, and a
 * question in between (which outcomes are due) would see old counts if one forgot it.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PENDING_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PENDING_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ledger;
struct ledger_model;

enum { LEDGER_PENDING_SESSIONS = 16 /* kinds of ends: a state, and how long it took */ };

struct ledger_pending_verdict {
    int64_t job; /* 0: nothing is pending */
    int64_t dispatched, ended, begun, last_end;
};

struct ledger_pending {
    bool any;
    struct ledger_pending_verdict verdict;
    struct ledger_pending_session {
        int64_t state, seconds, n;
    } sessions[LEDGER_PENDING_SESSIONS];
    int n_sessions;
    GHashTable *models; /* struct pending_model, which is key and value; NULL: none was asked for */
};

/* Adds to the counts of the verdict of that job that has the items. */
bool ledger_pending_verdict(struct ledger *ledger, const struct ledger_pending_verdict *more, GError **error);
/* A session has ended in that state after so many seconds (ledger_tally.h). */
bool ledger_pending_session(struct ledger *ledger, int64_t state, int64_t seconds, GError **error);
/* Adds to the counts of a model; model: its names, and then its counts. They never go below 0. */
bool ledger_pending_model(struct ledger *ledger, int64_t migrated, int64_t failed, struct ledger_model *model,
                          GError **error);

/* Writes what is pending. */
bool ledger_pending_store(struct ledger *ledger, GError **error);
/* The transaction, or what it did since its savepoint, is rolled back. */
void ledger_pending_forget(struct ledger *ledger);

#endif
