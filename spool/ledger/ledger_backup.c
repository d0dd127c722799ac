/* SQLite's online backup interface, from a connection with an open read transaction. */
#include "spool/ledger/ledger_backup.h"

#include "spool/ledger/ledger_private.h"

enum { PAGES = 128 /* that one step copies: 1 MiB, so that a stop is seen soon */ };

bool ledger_snapshot_begin(struct ledger *reader, GError **error)
{
    /* BEGIN alone reads nothing: the first question fixes the moment. */
    return ledger_execute(reader, "BEGIN;SELECT count(*) FROM sqlite_schema", error);
}

static bool fail(sqlite3 *to, const char *path, GError **error)
{
    int code = sqlite3_errcode(to) & 0xff;

    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "the ledger cannot be copied to %s: %s%s", path,
                sqlite3_errmsg(to), code == SQLITE_FULL ? "; make room on its disk" : "");
    return false;
}

static bool copy_pages(sqlite3_backup *backup, sqlite3 *to, const char *path, const struct ledger_copying *copying,
                       GError **error)
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
    return code == SQLITE_DONE || fail(to, path, error);
}

static bool copy_to(struct ledger *reader, sqlite3 *to, const char *path, const struct ledger_copying *copying,
                    GError **error)
{
    /* Nobody else sees the file, and its maker syncs it: neither a journal nor syncs are of use. */
    if (sqlite3_exec(to, "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK)
        return fail(to, path, error);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", reader->db, "main");
    if (backup == NULL)
        return fail(to, path, error);
    bool good = copy_pages(backup, to, path, copying, error);
    return (sqlite3_backup_finish(backup) == SQLITE_OK || !good) ? good : fail(to, path, error);
}

bool ledger_snapshot_copy(struct ledger *reader, const char *path, const struct ledger_copying *copying, GError **error)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    bool good = code == SQLITE_OK ? copy_to(reader, to, path, copying, error) : fail(to, path, error);

    if (sqlite3_close(to) != SQLITE_OK && good)
        good = fail(to, path, error);
    return good;
}

struct ledger *ledger_open_copy(const char *path, GError **error)
{
    g_autoptr(ledger_t) ledger = ledger_open_immutable(path, error);

    if (ledger == NULL || !ledger_version_known(ledger, error))
        return NULL;
    return g_steal_pointer(&ledger);
}
