/*
 * Putting a backup in the place of spool and ledger.
 *
 *   restore_new → restore_lock → restore_begun?
 *      no:  restore_stage → (the caller proves the ledger at restore_staged_ledger) → restore_settle ┐
 *      yes: ─────────────────────────────────────────────────────────────────────────────────────────┴→ restore_switch
 *   → restore_free
 *
 * Everything is first copied beside its place, to <spool>/restoring and <ledger>.restoring, and proved while it is
 * copied: nothing has changed if the backup turns out to be damaged. Then the folders of the old spool move to
 * <spool>/before-<time>, `incoming` first, and the new ones move in, `incoming` last. A gateway does not start on a
 * spool without `incoming`, so a stop anywhere leaves the old spool, the new one, or one that says how to go on:
 * restore_begun is true then, and restore_switch goes on where it was stopped.
 *
 * The other design was to rename the whole folder of the spool twice. It is shorter. But a spool is to have a file
 * system of its own, and the folder where a file system is mounted cannot be renamed; beside it is another disk. And
 * the lock of the writer, which is in the folder, would move away with the old spool.
 *
 * Errors are those of disk.h. SPOOL_ERROR_CORRUPT: the backup is not what it was.
 */
#ifndef ECOSGATE_SPOOL_RESTORE_H
#define ECOSGATE_SPOOL_RESTORE_H

#include "spool/backup.h"

struct restore;
typedef struct restore restore_t;

struct restore_options {
    const char *dir, *spool, *ledger; /* the backup, and where it goes: absolute paths, borrowed until restore_free */
    const char *time;                 /* for the name of the folder that the old spool moves to */
    const volatile bool *stop;        /* as in struct backup_options */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *user;
};

/* Reads BACKUP of the backup. */
struct restore *restore_new(const struct restore_options *options, GError **error);
/* What BACKUP says. */
const struct backup_facts *restore_facts(const struct restore *restore);
/* Makes the spool's folder if it is missing and takes the writer's lock. SPOOL_ERROR_LOCKED if a gateway runs. */
bool restore_lock(struct restore *restore, GError **error);
/* *replaces: a folder of a spool or a ledger stands where the backup is to go. */
bool restore_replaces(const struct restore *restore, bool *replaces, GError **error);
/* *begun: an earlier restore was stopped while it moved folders; restore_switch has to come next, and it puts the
 * backup of that restore in place. */
bool restore_begun(struct restore *restore, bool *begun, GError **error);
/* Copies the backup beside its place and proves it: each file is in MANIFEST with its digest, and none is missing. */
bool restore_stage(struct restore *restore, GError **error);
/* The path of the ledger that was copied; the restore's. */
const char *restore_staged_ledger(const struct restore *restore);
/* Makes what was copied durable. From now on it counts as proved. */
bool restore_settle(struct restore *restore, GError **error);
/* Moves the old folders out and the new ones in. */
bool restore_switch(struct restore *restore, GError **error);
/* The folder that the old spool moved to; the restore's. NULL: there was none. */
const char *restore_before(const struct restore *restore);
/* Removes what was copied if it was not put in place, and gives up the lock. NULL is allowed. */
void restore_free(struct restore *restore);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(restore_t, restore_free)

#endif
