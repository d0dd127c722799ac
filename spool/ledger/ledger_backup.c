/* SQLite's online backup interface, from a connection with an open read transaction. */
#include "spool/ledger/ledger_backup.h"

#include "spool/ledger/ledger_private.h"

enum { PAGES = 128 /* that one step copies: 1 MiB, so that a stop is seen soon */ };

bool ledger_snapshot_begin(struct ledger *reader, GError **error)
{
    if (!sqlite3_get_autocommit(reader->db) && !ledger_execute(reader, "ROLLBACK", error))
        return false;
    /* BEGIN alone reads nothing: the first question fixes the moment. */
    return ledger_execute(reader, "BEGIN;SELECT count(*) FROM sqlite_schema", error);
}

/* The connection does not have the error before the backup ends, and not its own code afterwards. */
static bool fail(int code, const char *path, GError **error)
{
    g_autofree char *reason = NULL;

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        reason = ledger_locked(path);
        break;
    case SQLITE_FULL:
        reason = g_strdup_printf("%s; make room on its disk", sqlite3_errstr(code));
        break;
    default:
        reason = g_strdup_printf("%s; check the disk, and owner and permissions of its folder", sqlite3_errstr(code));
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "the ledger cannot be copied to %s: %s", path, reason);
    return false;
}

static bool copy_pages(sqlite3_backup *backup, const char *path, const struct ledger_copying *copying, GError **error)
{
    int code = SQLITE_OK;

    while (code == SQLITE_OK) {
        if (copying->stop != NULL && *copying->stop) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "stopped by a signal; %s is not whole", path);
            return false;
        }
        code = sqlite3_backup_step(backup, PAGES);
        int total = sqlite3_backup_pagecount(backup);
        if (copying->on_progress != NULL)
            copying->on_progress(copying->user, (uint64_t)(total - sqlite3_backup_remaining(backup)), (uint64_t)total);
    }
    return code == SQLITE_DONE || fail(code, path, error);
}

static bool copy_to(struct ledger *reader, sqlite3 *to, const char *path, const struct ledger_copying *copying,
                    GError **error)
{
    /* Nobody else sees the file, and its maker syncs it: neither a journal nor syncs are of use. */
    int code = sqlite3_exec(to, "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fail(code, path, error);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", reader->db, "main");
    if (backup == NULL)
        return fail(sqlite3_errcode(to), path, error);
    bool good = copy_pages(backup, path, copying, error);
    code = sqlite3_backup_finish(backup);
    return good && (code == SQLITE_OK || fail(code, path, error));
}

bool ledger_snapshot_copy(struct ledger *reader, const char *path, const struct ledger_copying *copying, GError **error)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    bool good = code == SQLITE_OK ? copy_to(reader, to, path, copying, error) : fail(code, path, error);

    code = sqlite3_close(to);
    return good && (code == SQLITE_OK || fail(code, path, error));
}

struct ledger *ledger_open_copy(const char *path, GError **error)
{
    g_autoptr(ledger_t) ledger = ledger_open_immutable(path, error);

    if (ledger == NULL || !ledger_version_known(ledger, error))
        return NULL;
    return g_steal_pointer(&ledger);
}
