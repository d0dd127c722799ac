/*
 * What is due: work for the next order, sessions whose time is over, outcomes to be told.
 *
 *   ledger_undispatched_verdicts → ledger_undispatched_items | ledger_dispatch_items         never ordered yet
 *   ledger_wake_times_stale → ledger_wake_times_refresh                             before either of:
 *   ledger_tries_due, ledger_timeouts_due → ledger_session_put               another try; the time is over
 *   ledger_outcomes_due → a part of kind EMO
 *
 * Due times are those of the sessions (ledger_sessions.h), set by validators/retry.h. Whoever asks says what time it
 * is. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DUE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DUE_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_sessions.h"

struct ledger_item;
struct ledger_verdict;

/* A work item and since when it is due. */
struct ledger_due {
    int64_t at, item;
};

/* Verdicts (struct ledger_verdict, oldest first) with READY items that have no session yet. */
bool ledger_undispatched_verdicts(struct ledger *ledger, GPtrArray **verdicts, GError **error);
/* Appends the first `limit` such items of a verdict (struct ledger_due). */
bool ledger_undispatched_items(struct ledger *ledger, const struct ledger_verdict *of, int64_t limit, GArray *due,
                               GError **error);
/* The first try of items that have no session yet. */
struct ledger_first_try {
    const struct ledger_verdict *of;
    struct ledger_session session;
    struct ledger_transition transition;
    int64_t limit;
};
/* The first `limit` of them take the first transition of `session`, without being looked at one by one: transition is
 * theirs but for its record, which goes on from transition->record. *n is how many. */
bool ledger_dispatch_items(struct ledger *ledger, const struct ledger_first_try *first, int64_t *n, GError **error);
/* A session is noted to wake no later than it is due, and where that was put off keeps its earlier time: so an index
 * seldom changes. Whether there are such whose time to wake has come, and then, before the questions below: from now on
 * they wake when they are due. */
bool ledger_wake_times_stale(struct ledger *ledger, int64_t now, bool *stale, GError **error);
bool ledger_wake_times_refresh(struct ledger *ledger, int64_t now, GError **error);
/* Appends the first `limit` that wait for a dispatch whose time has come and whose session has not ended. */
bool ledger_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* Appends the first `limit` whose session is over or whose confirmation is missing for too long. */
bool ledger_timeouts_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* The earliest time after now at which one of them goes on, 0: none does. */
bool ledger_next_due(struct ledger *ledger, int64_t now, int64_t *at, GError **error);

/* Accepted instructions (struct ledger_verdict) whose work has all ended and whose outcome is not planned yet. */
bool ledger_outcomes_due(struct ledger *ledger, GPtrArray **verdicts, GError **error);
bool ledger_outcome_mark_planned(struct ledger *ledger, const struct ledger_verdict *of, GError **error);

/* How the Devices of one model have ended so far. */
struct ledger_model {
    const char *device_type, *manufacturer, *model, *firmware;
    int64_t migrated, failed; /* Devices */
};
/* Counts one Device more, and gives out what it is then (strings are the caller's). */
bool ledger_model_count(struct ledger *ledger, const struct ledger_item *item, bool migrated, struct ledger_model *now,
                        GError **error);

#endif
