/*
 * Going on with a ledger that is not the newest one: what is known from outside about the
 * time that it has lost, and what that means for its rows.
 *
 *   ledger_claim_put …                                                claims of drops that know more than this ledger
 *   ledger_recovery_begin → ledger_number_raise, ledger_recovery_replace, ledger_recovery_lose_number …
 *     → ledger_recovery_withhold → ledger_recovery_end                in one transaction
 *   ledger_number_lost                                                at the intake of each file
 *   ledger_recovery_withhold_file                                     when a file is judged that was held for that
 *   ledger_withheld_release                                           an operator's order
 *
 * A number is lost if the lost ledger had accepted it: it lies after `last`, the last one that this ledger had
 * accepted, and up to `number`, where 1 comes after the greatest one. Once a new numbering of that sender and type
 * begins, none is lost any more.
 *
 * A work item that was live at a recovery is withheld: in the lost time it may have been ordered, and how often nobody
 * knows. So are the items of a file that the lost ledger may have accepted, once an operator has it judged again. One
 * that had no session gets one, READY without a due time, so that the search for fresh items, which begins after the
 * last item with a session, does not pass over it; on its release it becomes due. Rejected: a condition on the table in
 * that search, which reads millions of rows.
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_RECOVERY_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_RECOVERY_H

#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_verdicts.h"

/* ---- claims of drops ---- */

/* Keeps the text of the claim that was found in a drop, in place of an older one. */
bool ledger_claim_put(struct ledger *ledger, const char *drop, const char *text, GError **error);
/* Forgets it. */
bool ledger_claim_remove(struct ledger *ledger, const char *drop, GError **error);
typedef bool (*ledger_claim_visit)(void *user, const char *drop, const char *text, GError **error);
/* Visits all that are kept. */
bool ledger_claims_each(struct ledger *ledger, ledger_claim_visit visit, void *user, GError **error);

/* ---- a recovery ---- */

struct ledger_recovery {
    int64_t id;
    const char *order_id, *who, *reason; /* of the operator's order */
    int64_t at;
    const char *cause;   /* what was wrong with the ledger */
    int64_t generation;  /* that the ledger went on with */
    int64_t first_job;   /* the first id that was given out afterwards */
    int64_t jobs;        /* folders that had no row, and got one */
    int64_t numbers;     /* senders and types of which numbers are lost */
    int64_t withheld;    /* work items */
    int64_t work_orders; /* that were not delivered yet, and are taken for delivered */
};

/* Adds a row with what is known so far and sets recovery->id. */
bool ledger_recovery_begin(struct ledger *ledger, struct ledger_recovery *recovery, GError **error);
/* Stores the members that are counts, first_job and generation. */
bool ledger_recovery_end(struct ledger *ledger, const struct ledger_recovery *recovery, GError **error);
typedef bool (*ledger_recovery_visit)(void *user, const struct ledger_recovery *recovery, GError **error);
/* Visits all, oldest first. */
bool ledger_recoveries_each(struct ledger *ledger, ledger_recovery_visit visit, void *user, GError **error);

/* Raises a number of ledger_numbers_each to value if it is below: later ones are above. */
bool ledger_number_raise(struct ledger *ledger, const char *name, int64_t value, GError **error);
/* This ledger takes the place of that one, up to that generation. */
bool ledger_recovery_replace(struct ledger *ledger, int64_t recovery, const char *id, int64_t generation,
                             GError **error);
/* *generation: up to which this ledger has taken the place of that one; -1: it has not. */
bool ledger_replaced(struct ledger *ledger, const char *id, int64_t *generation, GError **error);

/* self: sender, type, org, and the last accepted number that is known, with its numbering. If this ledger has accepted
 * less, records which numbers are lost and counts that in recovery->numbers. */
bool ledger_recovery_lose_number(struct ledger *ledger, struct ledger_recovery *recovery,
                                 const struct ledger_file *self, GError **error);
/* How the reason of a job begins that had no row and got one: the ledger that knew it is lost. */
#define LEDGER_LOST_REASON "the ledger that knew it is lost: "
/* The same of a job that stands in done/ or rejected/: the whole text. */
#define LEDGER_LOST_ENDED LEDGER_LOST_REASON "it had ended"
enum { LEDGER_LOST_REVISIONS = 100 /* revisions from here on are of files that a lost ledger may have answered */ };

/* Raises the job's revision above those that the lost ledger may have used for a file of that name: 100 for each
 * recovery. Once for a job and recovery. */
bool ledger_recovery_raise_revision(struct ledger *ledger, int64_t recovery, int64_t job, GError **error);
/* *recovery: the newest one whose lost ledger may have judged the job, or a file of its number, if the job's revision
 * is not raised for that yet; 0: there is none. Of what the recovery found in the spool, the lost ledger may have
 * judged whatever has no number, or one that is not above all that are accepted. */
bool ledger_recovery_unraised(struct ledger *ledger, int64_t job, int64_t *recovery, GError **error);
/* *recovery: the one by which the number of this job is lost; 0: it is not, or an operator has released or rejected
 * the job since. */
bool ledger_number_lost(struct ledger *ledger, int64_t job, int64_t *recovery, GError **error);
/* *lost: the same, whether an operator has released the job since or not. */
bool ledger_number_was_lost(struct ledger *ledger, int64_t job, bool *lost, GError **error);

/* Numbers of a sender and type that a lost ledger may have accepted, and of which no file was judged since. */
struct ledger_lost {
    int64_t recovery; /* the newest that has lost some of them; 0: there are none */
    GArray *missing;  /* int64_t, in their order; never NULL; g_array_unref */
};
/* self: sender, type and org alone. most: the greatest number that its names have. *lost: nothing to free when it
 * returns false. */
bool ledger_lost_missing(struct ledger *ledger, const struct ledger_file *self, int64_t most, struct ledger_lost *lost,
                         GError **error);

/* ---- withheld work items ---- */

/* Withholds every live work item. *n: how many are withheld now. */
bool ledger_recovery_withhold(struct ledger *ledger, const struct ledger_recovery *recovery, int64_t *n,
                              GError **error);
/* Withholds the Devices that a verdict accepts, if a lost ledger may have accepted the file before: its revision is one
 * that ledger_recovery_raise_revision has raised. The verdict has its row. *n: how many; 0 of a file that makes no work
 * items. */
bool ledger_recovery_withhold_file(struct ledger *ledger, const struct ledger_verdict *verdict, int64_t *n,
                                   GError **error);
/* Takes work orders that are not delivered yet for delivered, without having seen it (outgoing.concluded): their
 * Devices may have been ordered in the lost time. *n: how many. */
bool ledger_recovery_conclude_work_orders(struct ledger *ledger, const struct ledger_recovery *recovery, int64_t *n,
                                          GError **error);

/* Which withheld work items, and when they become due. */
struct ledger_withheld {
    uint64_t device; /* of this Device; */
    bool all;        /* or all */
    int64_t at;
};
/* Releases them: they are ordered like others again. *n: how many were live. */
bool ledger_withheld_release(struct ledger *ledger, const struct ledger_withheld *which, int64_t *n, GError **error);
/* *n: how many live work items are withheld. */
bool ledger_withheld_count(struct ledger *ledger, int64_t *n, GError **error);
/* *n: rows of withheld work items that do not exist, for `spool verify`. */
bool ledger_withheld_orphans(struct ledger *ledger, int64_t *n, GError **error);

#endif
