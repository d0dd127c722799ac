/*
 * Is the ledger the newest that this gateway has had (A109)? What is known outside of it is compared with it:
 *
 *   the witness                 `witness=`, spool/witness.h: a generation or a number that is above the ledger's
 *   claims found in drops       the same, kept in the ledger's table drop_claim (ledger_recovery.h)
 *   the folders of jobs         a job whose ID is above all that the ledger gave out. Before a generation begins only:
 *                               from then on no folder is made without its row
 *   <spool>/ledger-id           the id of the ledger that the spool belongs to
 *   <spool>/restored            `restore` has put this ledger in place: nobody knows all that was done since the
 *                               backup, for deliveries and operators' orders raise no number
 *
 * A ledger that took the place of another one (`recover`) may be found with what names that other one.
 *
 * What cannot be compared is decided here:
 *
 *   no witness                  It is made anew, and nothing is compared. It is so after an update from an older
 *                               version and in a home that was moved, and a gateway that stood still for that would
 *                               need an operator each time. A message says it.
 *   a damaged one               A109, as it may have held more than the ledger: an operator removes the file, or
 *                               recovers.
 *   one of a newer program      A109: the newer program has to be used.
 *   one that cannot be read,    A109 until it can be: without it nobody knows whether the ledger is the newest, and
 *   or not be written           what leaves must be in it first.
 *   a damaged ledger-id         A109: an operator removes the file.
 *
 * Rejected: to compare the contents of jobs and rows. It would take long, and a restored spool agrees with its ledger.
 *
 *   struct ledger_fault fault = {0};
 *   if (ledger_check(gateway, &fault, &error) && fault.kind != LEDGER_SOUND) … fault.text …
 *   ledger_fault_clear(&fault);
 */
#ifndef ECOSGATE_GATEWAY_LEDGER_CHECK_H
#define ECOSGATE_GATEWAY_LEDGER_CHECK_H

#include "spool/spool_error.h"
#include "spool/step.h"

#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct witness;

enum ledger_fault_kind {
    LEDGER_SOUND,
    LEDGER_BEHIND,          /* older than the witness, than a claim or than the spool */
    LEDGER_RESTORED,        /* of a backup, and nothing is known that is newer */
    LEDGER_FOREIGN,         /* of another spool or witness */
    LEDGER_WITHOUT_WITNESS, /* the witness, or ledger-id, cannot be used */
};

struct ledger_fault {
    enum ledger_fault_kind kind;
    char *cause; /* what is wrong, and where; NULL if the ledger is sound */
    char *text;  /* the same, and what to do */
};

/* Compares, and changes nothing. False: spool or ledger failed. *fault is zeroed or of an earlier call. */
bool ledger_check(struct gateway *gateway, struct ledger_fault *fault, GError **error);
/* The fault of a witness that could not be written. Takes cause. */
void ledger_check_unwritable(struct ledger_fault *fault, GError *cause);
/* Frees the text; sound afterwards. */
void ledger_fault_clear(struct ledger_fault *fault);

/* The subject of the incident: "behind", "restored", "foreign", "witness". NULL for a sound ledger. */
const char *ledger_fault_subject(enum ledger_fault_kind kind);

/* *ahead: what the ledger is behind of in this witness, as a text; NULL: it is not behind, or the witness is of a
 * ledger whose place this one took. *foreign: it is of another ledger. */
bool ledger_check_witness(struct gateway *gateway, const struct witness *witness, bool *foreign, char **ahead,
                          GError **error);

/* *id: of the ledger that the spool belongs to; NULL: the spool does not say yet. *damaged: the file says something
 * else. g_free. */
bool ledger_check_spool_id(struct gateway *gateway, char **id, bool *damaged, GError **error);
/* Makes the spool belong to the gateway's ledger, if it does not say so yet. */
bool ledger_check_bind_spool(struct gateway *gateway, GError **error);

/* Says of a spool that its ledger, of this generation, was restored from a backup of that time, until a recovery or a
 * later generation. */
bool ledger_check_mark_restored(const char *spool, const char *time, int64_t generation, GError **error);
/* Takes that back. */
bool ledger_check_unmark_restored(const char *spool, GError **error);

/* What to do about a missing ledger, appended to the error. */
void ledger_check_missing(struct gateway *gateway, GError **error);

#endif
