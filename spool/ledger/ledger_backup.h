/*
 * Copying the ledger as of one moment, while its writer goes on.
 *
 *   ledger_open_reader → ledger_snapshot_begin → ledger_snapshot_copy → ledger_close          what goes into a backup
 *   ledger_open_copy → questions → ledger_close                                         such a copy, or a restored one
 *
 * The moment is that of ledger_snapshot_begin, however long the copying takes: SQLite's backup interface reads within
 * the transaction that the connection has open, so a commit of the writer neither changes nor restarts it
 * (tests/unit/test_ledger_backup.c). Until ledger_close the writer's WAL grows, because readers keep it; so the ledger
 * is the first thing that a backup copies.
 *
 * Not chosen: VACUUM INTO, which writes the same rows as other pages and takes three times as long; and a copy of the
 * database and its WAL as files while the writer waits, which makes the gateway stand still for as long as that takes.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_BACKUP_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_BACKUP_H

#include "spool/ledger/ledger.h"

/* Fixes what this reader sees until it is closed, or until this is called again. */
bool ledger_snapshot_begin(struct ledger *reader, GError **error);

struct ledger_copying {
    const volatile bool *stop; /* when it becomes true the copying fails; or NULL */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* pages; may be NULL */
    void *user;
};

/* Copies the ledger as the reader sees it to a new file at path, without a sync. On an error a part of the file may
 * stay. */
bool ledger_snapshot_copy(struct ledger *reader, const char *path, const struct ledger_copying *copying,
                          GError **error);

/* Opens a file that nobody changes, without a lock and without files beside it. A copy of an older version is opened
 * too: only ledger_integrity_each and ledger_identity_get may be asked of that. NULL on an error. */
struct ledger *ledger_open_copy(const char *path, GError **error);

#endif
