/*
 * How the migration has gone: what was reviewed and what ended within an interval, and what had not ended at a time.
 * For reports. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PROGRESS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PROGRESS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"

/* Sessions that ended in a state within an interval. An end that was corrected later stays one: a session that failed
 * in one week and turned out to have succeeded in the next failed in the first and migrated in the second. */
struct ledger_ended {
    enum ledger_state state;
    struct ledger_interval when;
};
/* code: why it ended so; NULL: none. */
typedef bool (*ledger_ended_visit)(void *user, int64_t item, uint64_t device, const char *code, GError **error);
/* Visits them by their end and number. */
bool ledger_ended_sessions_each(struct ledger *ledger, const struct ledger_ended *which, ledger_ended_visit visit,
                                void *user, GError **error);
/* *n: how many there are. */
bool ledger_ended_sessions_count(struct ledger *ledger, const struct ledger_ended *which, int64_t *n, GError **error);

/* *n: how many Devices had migrated before `at`, with those that an operator has overruled since. */
bool ledger_migrated_devices_count(struct ledger *ledger, int64_t at, int64_t *n, GError **error);

/* outcome: of the review. */
typedef bool (*ledger_review_visit)(void *user, uint64_t device, enum ledger_state outcome, GError **error);
/* Visits the work items of instructions judged within an interval, in no order. */
bool ledger_reviews_each(struct ledger *ledger, const struct ledger_interval *judged, ledger_review_visit visit,
                         void *user, GError **error);
/* Visits the work items that were accepted before `at` and whose session had not ended then, in no order. */
bool ledger_unfinished_each(struct ledger *ledger, int64_t at, ledger_review_visit visit, void *user, GError **error);

#endif
