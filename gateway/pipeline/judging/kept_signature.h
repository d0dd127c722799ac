/*
 * The signature that came with a file, as it is kept in the job's folder.
 *
 *   g_auto(kept_signature_t) kept = {.damaged = false};
 *   if (kept_signature_read(gateway, id, &kept, &error) && kept.there) … kept.file
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_KEPT_SIGNATURE_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_KEPT_SIGNATURE_H

#include "gateway/gateway.h"
#include "validators/signature/signature.h"

typedef struct kept_signature {
    bool there;   /* the file came with one */
    bool damaged; /* the spool has other bytes, or none */
    char *bytes;  /* what file.der points to */
    struct signature_file file;
} kept_signature_t;

/* What an operator has to do about a damaged one. */
#define KEPT_SIGNATURE_DAMAGED                                                                                         \
    "its " JOB_SIGNATURE " is missing in the spool, or is not what was received; put it back from a backup and "       \
    "requeue the job, or reject it and ask the sender for a new file"

/* Reads the signature of a job in active/. False: the ledger failed. */
bool kept_signature_read(const struct gateway *gateway, int64_t job, struct kept_signature *kept, GError **error);
/* Frees the bytes and empties it. */
void kept_signature_clear(struct kept_signature *kept);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(kept_signature_t, kept_signature_clear)

#endif
