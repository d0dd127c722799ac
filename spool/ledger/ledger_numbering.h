/*
 * Numberings: within which files of one sender and type a sequence number stands for itself. Numbers go from 1 to
 * 999999 and then to 1 again, and an operator may set them back, so that a number comes more than once. Within one
 * numbering each comes once. An accepted one is above those of older files that were accepted before it: a file that is
 * held does not count until it is accepted. Tables numbering, and job.numbering.
 *
 * A sender and type begin with numbering 0, which has no row. A new one begins
 *
 * - with the first accepted file whose number follows over the end (row.job: that job). Files picked up earlier, which
 *   may have been held meanwhile, stay in the numbering before. If one of them is judged afterwards and follows over
 *   the end with a lower number, it becomes the first of that numbering;
 * - with an operator's order, which says the last number (row.job 0). Every file that is judged after that belongs to
 *   it, so that a file which was rejected can be requeued.
 *
 * A job gets the newest numbering when it is picked up, and its own when it is judged. A file that is rejected for its
 * number (B107, B113) has used none up: its numbering is LEDGER_NUMBERING_NONE.
 *
 * After a recovery (ledger_recovery.h) the numbers that were lost are judged among themselves, as before the loss, and
 * others from the last lost one on. self->any_order: of those that were lost, higher ones count as later.
 *
 * Rejected: an ever growing number in place of sequence and numbering. It would have to be guessed at pickup, before
 * earlier files are judged, and a far jump would be taken for a late file of the round before.
 *
 *   ledger_numbering_find → the rules → ledger_numbering_assign or ledger_numbering_wrap      in the verdict's commit
 *   ledger_numbering_set                                                                      in the order's commit
 *
 * The rules of all subjects: ledger.h. What follows from a number: validators/rules/history_rules.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_NUMBERING_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_NUMBERING_H

#include "spool/ledger/ledger_earlier_files.h"

enum { LEDGER_NUMBERING_NONE = -1 };

struct ledger_numbering {
    int64_t id;    /* 0: the first */
    bool known;    /* false: nothing is accepted yet, so that the next number may be any */
    int64_t last;  /* the greatest number of an older accepted file; else the one that an operator set, 0 to 999999 */
    int64_t job;   /* that has it; 0: an operator's order */
    int64_t since; /* what follows over the end is a job above this one */
};

/* Numbers that are asked for. */
struct ledger_numbers {
    int64_t numbering;
    int64_t since; /* of jobs above this one */
    int64_t below; /* lower than this number */
    bool judged;   /* not of files that wait for their verdict */
};

/* An operator's order that set the last number. */
struct ledger_numbering_order {
    int64_t number;
    int64_t at; /* seconds UTC */
    const char *who, *reason;
};

/* How many numbers it is from one to another, forwards and over the end, where 1 comes after `most`: 0 to most - 1. */
int64_t ledger_numbering_distance(int64_t from, int64_t to, int64_t most);

/* The numbering that self is judged in. Only older files count: self->id may be above all ids. */
bool ledger_numbering_find(struct ledger *ledger, const struct ledger_file *self, struct ledger_numbering *numbering,
                           GError **error);
/* *number: the greatest of an older file, accepted or not, of those asked for; 0: none. */
bool ledger_numbering_before(struct ledger *ledger, const struct ledger_file *self, const struct ledger_numbers *asked,
                             int64_t *number, GError **error);
/* Sets the numbering of a job that is judged. */
bool ledger_numbering_assign(struct ledger *ledger, int64_t job, int64_t numbering, GError **error);
/* Begins a new numbering with this job, which is in the numbering `before`. Jobs above it that are in that one go
 * along. If a job above it has begun the numbering after `before`, with a higher number, this job begins that one. */
bool ledger_numbering_wrap(struct ledger *ledger, int64_t job, int64_t before, GError **error);
/* Records that the file's number is accepted, in the numbering that the job has: in the counter from which a witness
 * knows the last accepted one of each sender and type (ledger_identity.h). A job without a number changes nothing. */
bool ledger_numbering_accept(struct ledger *ledger, int64_t job, GError **error);
/* Begins a new numbering after `number`, 0 to 999999. self: sender, type and org alone. */
bool ledger_numbering_set(struct ledger *ledger, const struct ledger_file *self, int64_t number, const char *order_id,
                          GError **error);
/* The newest order for that sender and type. *order is NULL if there is none; g_free it. */
bool ledger_numbering_last_order(struct ledger *ledger, const struct ledger_file *self,
                                 struct ledger_numbering_order **order, GError **error);

#endif
