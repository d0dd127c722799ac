/*
 * Signatures of inbound files: which file came with one, and what each check of it found. The bytes stand in the job's
 * folder (JOB_SIGNATURE).
 *
 *   ledger_signature_insert → ledger_signature_clear_source         with the job's row, and when the copies are gone
 *   ledger_signature_check_insert                                   in the transaction of the verdict
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SIGNATURES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SIGNATURES_H

#include "spool/ledger/ledger.h"
#include "spool/source.h"

/* A signature that came with a file. */
struct ledger_signature {
    int64_t job;
    int64_t size;                  /* bytes */
    const char *sha256;            /* NULL: it was too large, and its bytes were not fetched */
    struct source_identity source; /* of the sender's copy, while it may still be in the drop */
};

/* What was found when a revision was judged. */
struct ledger_signature_check {
    int64_t job, revision;
    int64_t checked_at; /* seconds UTC: the time for which certificates had to be valid */
    const char *fault;  /* what was wrong; NULL: it was good */
    const char *signer; /* the subject of the certificate; NULL: not known */
    const char *serial; /* its serial number, hex digits; NULL: not known */
    const char *chain;  /* SHA-256 of the certificates from the signer's to the anchor; NULL: there was no path */
};

/* Adds the row of a signature that is in the job's folder, or was too large. */
bool ledger_signature_insert(struct ledger *ledger, const struct ledger_signature *signature, GError **error);
/* *signature is NULL if the job's file came without one; g_free it. */
bool ledger_signature_get(struct ledger *ledger, int64_t job, struct ledger_signature **signature, GError **error);
/* The sender's copy is gone. A job without a signature is no error. */
bool ledger_signature_clear_source(struct ledger *ledger, int64_t job, GError **error);

/* Adds what was found, and its link to the chain of evidence. */
bool ledger_signature_check_insert(struct ledger *ledger, const struct ledger_signature_check *check, GError **error);
/* Of a revision; 0: the newest. *check is NULL if there is none; g_free it. */
bool ledger_signature_check_get(struct ledger *ledger, int64_t job, int64_t revision,
                                struct ledger_signature_check **check, GError **error);

#endif
