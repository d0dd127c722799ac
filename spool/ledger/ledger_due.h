/*
 * What is due: items for the next work order, sessions whose time is over, outcomes to be reported.
 *
 *   ledger_undispatched_verdicts → ledger_undispatched_items | ledger_dispatch_items     items without a session
 *   ledger_wake_times_stale → ledger_wake_times_refresh                                  before the next two
 *   ledger_tries_due, ledger_timeouts_due, ledger_closing_due → ledger_session_put       items with a session
 *   ledger_incidents_due → ledger_incident_open … → ledger_incidents_due_clear           once after an update
 *   ledger_outcomes_due → an outgoing file of kind EMO → ledger_outcome_mark_planned
 *
 * The due time of a session is set by validators/retry/retry.h. Every question says what time it is (`now`).
 *
 * Wake times: an index on due times would change at nearly every transition. The index is on `wake` instead, a time no
 * later than the due time. A transition that puts the due time off leaves `wake` as it is, and the session then comes
 * up once too early. ledger_wake_times_refresh sets it to the due time when that happens.
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DUE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DUE_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_sessions.h"

struct ledger_item;
struct ledger_verdict;

/* A work item and the time from which it is due. */
struct ledger_due {
    int64_t at, item;
};

/* ---- items without a session ---- */

/* *verdicts: struct ledger_verdict, oldest first, of instructions with READY items that have no session yet. held: also
 * of batches that an operator holds (ledger_holds.h). */
bool ledger_undispatched_verdicts(struct ledger *ledger, bool held, GPtrArray **verdicts, GError **error);
/* Appends the first `limit` of these items of a verdict (struct ledger_due) to `due`. */
bool ledger_undispatched_items(struct ledger *ledger, const struct ledger_verdict *of, int64_t limit, GArray *due,
                               GError **error);

/* The item gets its first session by something else than dispatch, in this transaction: earlier items of its
 * instruction may have none yet. */
bool ledger_item_out_of_turn(struct ledger *ledger, int64_t item, GError **error);

/* The first try of many items at once. */
struct ledger_first_try {
    const struct ledger_verdict *of;     /* whose items */
    struct ledger_session session;       /* what each session is afterwards */
    struct ledger_transition transition; /* the first of each; record: RecordNumber of the first item in the work order,
                                            the next items get the next numbers */
    int64_t limit;                       /* at most so many items */
};
/* Starts sessions for the first `limit` items that have none, without reading them one by one. *n: how many. */
bool ledger_dispatch_items(struct ledger *ledger, const struct ledger_first_try *first, int64_t *n, GError **error);

/* ---- items with a session ---- */

/* *stale: the wake time of some session has come, but not its due time. */
bool ledger_wake_times_stale(struct ledger *ledger, int64_t now, bool *stale, GError **error);
/* Sets the wake time of these sessions to their due time. */
bool ledger_wake_times_refresh(struct ledger *ledger, int64_t now, GError **error);
/* Appends the first `limit` items that wait for a try, whose due time has come, whose session's time is not over, and
 * which are neither withheld (ledger_recovery.h) nor held by an operator (ledger_holds.h). */
bool ledger_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* The same without first tries that were put off. */
bool ledger_later_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* Appends the first `limit` items whose first try was put off, whenever it is due, and also those that an operator
 * holds: when TCoS closes, they get none. */
bool ledger_first_tries_put_off(struct ledger *ledger, int64_t limit, GArray *due, GError **error);
/* Appends the first `limit` items whose session's time is over, or whose confirmation did not come in time. */
bool ledger_timeouts_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* When TCoS closes: appends the first `limit` items whose session waits for its next try, and, if `closed`, those whose
 * try is ordered, whatever their due time. */
bool ledger_closing_due(struct ledger *ledger, bool closed, int64_t limit, GArray *due, GError **error);
/* The earliest wake time after `now`; 0: there is none. */
bool ledger_next_due(struct ledger *ledger, int64_t now, int64_t *at, GError **error);

/* ---- incidents that an older program did not open ---- */

/* Appends the items (int64_t) of sessions that had a code for DCC and the Service Providers before the ledger got
 * version 8, and whose Devices have no incident for it yet. Left out are those that an operator has ended or released
 * since. None once ledger_incidents_due_clear was committed, and none in a ledger that was made by this version. */
bool ledger_incidents_due(struct ledger *ledger, GArray *items, GError **error);
/* Their incidents are open now: in the same transaction. */
bool ledger_incidents_due_clear(struct ledger *ledger, GError **error);

/* ---- outcomes ---- */

/* *verdicts: struct ledger_verdict of accepted instructions whose outcome file is due: all sessions have ended and none
 * is planned yet, or an end was corrected since the last one. */
bool ledger_outcomes_due(struct ledger *ledger, GPtrArray **verdicts, GError **error);
/* *verdicts: the same of instructions that have no outcome file yet and wait only for Devices whose session should have
 * ended, the last of them at `at` or before. A Device that is withheld is not waited for. */
bool ledger_outcomes_overdue(struct ledger *ledger, int64_t at, GPtrArray **verdicts, GError **error);
/* *at: the earliest time after `after` at which the last session of such an instruction should end; 0: none. */
bool ledger_next_outcome(struct ledger *ledger, int64_t after, int64_t *at, GError **error);
/* `job` has an outcome file of this verdict: none is due any more. The file shows what is recorded so far, whenever it
 * is built (ledger_work_of_outcome_each). */
bool ledger_outcome_mark_planned(struct ledger *ledger, const struct ledger_verdict *of, int64_t job, GError **error);

/* How many Devices of one model have ended so far, by their end. A migration that an operator has overruled is none. */
struct ledger_model {
    const char *device_type, *manufacturer, *model, *firmware;
    int64_t migrated, failed;
};
enum ledger_model_change { LEDGER_MODEL_MIGRATED, LEDGER_MODEL_FAILED, LEDGER_MODEL_OVERRULED };
/* Counts one Device more for the item's model, or one less that has migrated. *now: the counts after that; its strings
 * are the item's. */
bool ledger_model_count(struct ledger *ledger, const struct ledger_item *item, enum ledger_model_change change,
                        struct ledger_model *now, GError **error);

#endif
