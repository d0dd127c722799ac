/*
 * What came before a file: duplicates (B105, B106, B112), BatchIds (B210) and the file that a resubmission names.
 * Questions only; validators/rules/history_rules.c turns the answers into findings. Sequence numbers:
 * ledger_numbering.h.
 *
 *   struct ledger_file self = the file that is judged;
 *   ledger_duplicates(ledger, &self, &found, &error), ledger_batch_used(ledger, &self, …) …
 *
 * Which other files count:
 *
 * - For duplicates and BatchIds: every other inbound job of the same sender and type that is older, or that was
 *   accepted. A younger accepted file counts because this one may have been held while that one was judged. Of a file
 *   whose name is outside the grammar: every such job of the same drop.
 *   A job that had ended and whose verdict was lost with its ledger (LEDGER_LOST_ENDED) does not count: it is never
 *   judged, so nobody could let its file in again.
 * - For sequence numbers: older jobs only, so that a file which is judged again (requeued) is compared with what was
 *   before it the first time. B107 compares with accepted files. B108 compares with all, for a rejected file has used
 *   its number up.
 * - A BatchId counts as used by a rejected file too: a resubmission has a new one.
 *
 * "Accepted" is a verdict AC, WN or PA. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_EARLIER_FILES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_EARLIER_FILES_H

#include "spool/ledger/ledger.h"

/* The file that is judged. "Others" are inbound jobs with another id. */
struct ledger_file {
    int64_t id;                      /* its job */
    const char *name;                /* escaped */
    const char *drop;                /* that it came through; NULL: not known */
    const char *type, *org, *sender; /* as in struct ledger_job */
    int64_t sequence;                /* 0: it has none */
    int64_t numbering;  /* files with the same sequence are duplicates only within this one (ledger_numbering.h), */
    int64_t since;      /* and only if their job is above this one */
    const char *sha256; /* hex digits */
    bool local;         /* its name does not say who sent it: the same name in another drop is another file's */
    bool again;         /* its name is given again and again: with other bytes it is another file */
    bool any_order;     /* of lost numbers (ledger_recovery.h), only lower ones come before it: it may come late */
    bool headless;      /* its bytes do not say which file it is: with another number the same bytes are another file */
};

/* Job ids of the oldest other that is older or accepted; 0: none. */
struct ledger_duplicates {
    int64_t name_and_bytes;       /* same name, same bytes: B105 */
    int64_t name_other_bytes;     /* same name, other bytes: B106 */
    int64_t sequence_other_bytes; /* same sender, type and sequence, other bytes: B106 */
    int64_t bytes_other_name;     /* same sender, type and bytes, other name: B112. headless: same sequence, too */
};

/* Searches for duplicates of all four kinds. */
bool ledger_duplicates(struct ledger *ledger, const struct ledger_file *self, struct ledger_duplicates *found,
                       GError **error);
/* *job: an older or accepted other of the same sender and type that has this BatchId; 0: none. */
bool ledger_batch_used(struct ledger *ledger, const struct ledger_file *self, const char *batch, int64_t *job,
                       GError **error);
/* How a file names the rejected file that it corrects. */
struct ledger_rejected {
    const char *given; /* as it stands there: the name, its escaped form as an EMA shows it, or the name of that EMA */
    const char *escaped; /* `given` escaped, as the ledger keeps names */
};
/* *job: the oldest of the older files that are named so, came through the same drop or from the same sender, and have
 * RJ as their latest verdict; 0: none. The drop counts because a name outside the grammar may say a wrong sender, or
 * none. */
bool ledger_rejected_file(struct ledger *ledger, const struct ledger_file *self, const struct ledger_rejected *named,
                          int64_t *job, GError **error);
/* *job: the oldest of those files, whatever its verdict; 0: none. */
bool ledger_named_file(struct ledger *ledger, const struct ledger_file *self, const struct ledger_rejected *named,
                       int64_t *job, GError **error);
/* *n: how many Devices were accepted in instructions judged at `since` or later. */
bool ledger_accepted_since(struct ledger *ledger, int64_t since, int64_t *n, GError **error);

#endif
