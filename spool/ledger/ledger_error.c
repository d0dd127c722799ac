/*
 * What a failed call of SQLite means: who has to act, and what to do.
 */
#include "spool/ledger/ledger_private.h"

#include "spool/disk.h"

#include <errno.h>

/* A full or failing disk and a busy database pass (RETRY). SQL that SQLite refuses, or a broken CHECK, is our mistake.
 */
static int who_acts(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return SPOOL_ERROR_CORRUPT;
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
    case SQLITE_RANGE:
        return SPOOL_ERROR_BUG;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? SPOOL_ERROR_EXISTS
                                                                                        : SPOOL_ERROR_BUG;
    default:
        return SPOOL_ERROR_RETRY;
    }
}

const char *ledger_path(const struct ledger *ledger)
{
    const char *path = sqlite3_db_filename(ledger->db, "main");
    if (path == NULL)
        return "(closed)";
    return *path != '\0' ? path : g_get_tmp_dir(); /* a scratch ledger has no name */
}

/* Has a call failed because the disk is full or a quota is used up? SQLite says FULL for one of the calls only and I/O
 * error for the others, and does not keep every errno: then a disk with nothing free tells. */
static bool has_no_room(struct ledger *ledger)
{
    int code = sqlite3_errcode(ledger->db) & 0xff, errnum = sqlite3_system_errno(ledger->db);
    g_autofree char *dir = g_path_get_dirname(ledger_path(ledger));
    struct disk_room room;

    if (code != SQLITE_FULL && code != SQLITE_IOERR && code != SQLITE_CANTOPEN)
        return false;
    return code == SQLITE_FULL || errnum == ENOSPC || errnum == EDQUOT ||
           (disk_room(dir, &room, NULL) && (room.bytes == 0 || room.names == 0));
}

/* who: n processes. */
static char *say_who_locks(const char *who, unsigned n)
{
    return g_strdup_printf("%s %s kept it locked for %d seconds; wait until %s ended, or end %s, then try again", who,
                           n == 1 ? "has" : "have", LEDGER_BUSY_WAIT / 1000,
                           n == 1 ? "that process has" : "these processes have", n == 1 ? "it" : "them");
}

char *ledger_locked(const char *path)
{
    g_autofree char *shared = g_strconcat(path, "-shm", NULL);
    bool alone, writing;
    unsigned n, n_writers;
    g_autofree char *owners = disk_lock_owners(path, &alone, &n);
    g_autofree char *writers = disk_lock_owners(shared, &writing, &n_writers);

    if (owners != NULL || writers != NULL)
        return say_who_locks(owners != NULL ? owners : writers, owners != NULL ? n : n_writers);
    if (alone) { /* a reader of this very command: open_alone */
        g_autofree char *disk = disk_mount_point(path);
        return g_strdup_printf("nothing can be written to it, for its -shm file cannot be made or grow on its disk "
                               "(%s): no room, a quota or a limit; free space there, or raise the quota or limit of "
                               "the gateway's user, then try again",
                               disk);
    }
    return g_strdup_printf(
        "another process has kept it locked for %d seconds, and /proc/locks does not say which; find "
        "it (fuser %s) and wait until it has ended, or end it, then try again",
        LEDGER_BUSY_WAIT / 1000, path);
}

char *ledger_reason(struct ledger *ledger)
{
    const char *advice = "";

    if (has_no_room(ledger)) {
        g_autofree char *disk = disk_mount_point(ledger_path(ledger));
        return g_strdup_printf("there is no room on its disk (%s): %s; free space there, or raise the quota of the "
                               "gateway's user",
                               disk, sqlite3_errmsg(ledger->db));
    }
    switch (sqlite3_errcode(ledger->db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* the locks changed again and again while it tried to read */
        return ledger_locked(ledger_path(ledger));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        advice = "; check the disk, and owner and permissions of the file, its -wal, its -shm and their folder";
        break;
    case SQLITE_IOERR:
        advice = "; check the disk in the system's log";
        break;
    default:
        break;
    }
    return g_strconcat(sqlite3_errmsg(ledger->db), advice, NULL);
}

bool ledger_fail(struct ledger *ledger, GError **error)
{
    g_autofree char *text = ledger_reason(ledger);
    g_set_error(error, SPOOL_ERROR, who_acts(sqlite3_extended_errcode(ledger->db)), "ledger %s: %s",
                ledger_path(ledger), text);
    return false;
}

bool ledger_usable(const struct ledger *ledger, GError **error)
{
    if (!ledger->unknown)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "ledger %s: a commit failed and may hold all the same; the ledger must be opened again",
                ledger_path(ledger));
    return false;
}
