/* What restore.c and restore_stage.c share; not for other files. */
#ifndef ECOSGATE_SPOOL_RESTORE_PRIVATE_H
#define ECOSGATE_SPOOL_RESTORE_PRIVATE_H

#include "spool/restore.h"

enum { RESTORE_ENTRIES = JOB_STATE_COUNT + 2 };

struct restore {
    struct restore_options options;
    struct backup_facts facts;
    char *staging;                        /* <spool>/restoring */
    char *staged_ledger;                  /* <ledger>.restoring */
    char *before;                         /* the folder that the old spool moves to */
    const char *entries[RESTORE_ENTRIES]; /* of the spool's folder, `incoming` first */
    int lock;                             /* -1: not taken */
    bool keep;                            /* `restoring` is proved: it must not be removed */
    bool moved;                           /* something stands in `before` */
    struct manifest *manifest;            /* while the backup is walked, */
    const char *next_path, *next_sha256;  /* its next line; next_path is NULL at the end */
    int64_t jobs, files, bytes;           /* seen so far */
};

/* Removes what an earlier restore has copied and not put in place. */
bool restore_clear_staging(const struct restore *restore, GError **error);

#endif
