/*
 * FULL files of reference data that would remove too much of what is known. They are held until an operator decides
 * (gateway/DEVICES.md, Reference data).
 *
 *   ledger_shrink_hold → ledger_shrink_release | ledger_shrink_give_up → ledger_shrink_ask_again   one file
 *   ledger_shrink_undecided, ledger_shrink_ahead, ledger_shrink_is_released   questions
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SHRINK_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SHRINK_H

#include "spool/ledger/ledger.h"

/* The job waits for a decision. */
bool ledger_shrink_hold(struct ledger *ledger, int64_t job, GError **error);
/* An operator lets the job through. *held: it was held because it would remove too much; else nothing is changed. */
bool ledger_shrink_release(struct ledger *ledger, int64_t job, bool *held, GError **error);
/* An operator gives the job up, if it waits for a decision. */
bool ledger_shrink_give_up(struct ledger *ledger, int64_t job, GError **error);
/* The job is judged again: a release counts no more. */
bool ledger_shrink_ask_again(struct ledger *ledger, int64_t job, GError **error);

/* *released: the job may remove whatever it removes. */
bool ledger_shrink_is_released(struct ledger *ledger, int64_t job, bool *released, GError **error);
/* A job waits for a decision until it has one and its verdict, or as long as an operator keeps it back by "hold"
 * (ledger_actions.h), whatever was decided before. */
/* *job: the first one after the job `after` that waits for a decision; 0: none. Jobs of the file type leave_out do not
 * count; NULL: all do. */
bool ledger_shrink_undecided(struct ledger *ledger, int64_t after, const char *leave_out, int64_t *job, GError **error);
/* *ahead: the first earlier job of the same sender and type that waits for a decision; 0: none. */
bool ledger_shrink_ahead(struct ledger *ledger, int64_t job, int64_t *ahead, GError **error);

#endif
