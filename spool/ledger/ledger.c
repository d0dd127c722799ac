/*
 * The connection: opening, closing, checkpoints, and the named counters.
 *
 * WAL with synchronous=FULL: a committed transaction survives a power cut. Readers never block the writer and open
 * the file read-only. Only the writer moves the WAL into the database, at the end of a pass (wal_autocheckpoint=0):
 * SQLite 3.7.0 to 3.51.2 can damage a database when one connection checkpoints while another one writes.
 * mmap_size=0: a disk error would otherwise be a signal, not a result code.
 */
#include "spool/ledger/ledger_private.h"

#include "spool/disk.h"
#include "spool/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PULSE_STEPS = 100000 }; /* of SQLite's machine, between two signs of progress: below a millisecond */

bool ledger_execute(struct ledger *ledger, const char *sql, GError **error)
{
    ledger_let_go(ledger);
    return ledger_usable(ledger, error) &&
           (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK || ledger_fail(ledger, error));
}

static void finalize(gpointer statement)
{
    (void)sqlite3_finalize(statement); /* repeats an error that was reported before */
}

static int on_steps(void *user)
{
    (void)user;
    pulse();
    return 0; /* go on */
}

struct ledger *ledger_open_at(const char *path, int flags, GError **error)
{
    g_autoptr(ledger_t) ledger = g_new0(struct ledger, 1);
    ledger->statements = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize);
    ledger->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    static bool configured;
    /* SQLite counts its memory under a lock at each allocation; we never ask for that number. */
    if (!configured)
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a refusal costs time only */
    configured = true;
    /* NOMUTEX: one thread uses a connection. */
    int result = sqlite3_open_v2(path, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (ledger->db == NULL)
        g_error("SQLite is out of memory");
    (void)sqlite3_extended_result_codes(ledger->db, 1);       /* cannot fail on an open connection */
    (void)sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_WAIT); /* cannot fail either */
    sqlite3_progress_handler(ledger->db, PULSE_STEPS, on_steps, NULL);
    if (result == SQLITE_OK)
        return g_steal_pointer(&ledger);
    g_autofree char *text = ledger_reason(ledger);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "ledger %s cannot be opened: %s", path, text);
    return NULL;
}

/* SQLite sorts what does not fit its cache in temporary files, as when the indexes of a FULL file are made. Beside the
 * ledger they cost no memory, whatever the number of records; /tmp may be a file system in memory. */
static void keep_temporary_files_in(const char *dir)
{
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", dir);
}

/* SQLite unlinks a temporary file right after it created it. A kill in between leaves the file. */
static bool remove_temporary_files(const char *dir, GError **error)
{
    g_auto(GStrv) names = disk_names(dir, error);

    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        if (g_str_has_prefix(*name, "etilqs_") && !disk_unlink(STEP_ORPHAN_DROPPED, path, error))
            return false;
    }
    return names != NULL;
}

/* Locks of files over a network are not reliable, and the WAL's shared memory needs one machine. */
static bool refuse_network(const char *path, const char *dir, GError **error)
{
    bool network = false;
    if (!disk_is_network_fs(dir, &network, error))
        return false;
    if (network)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "ledger %s lies on a network file system; move the spool to a local one", path);
    return !network;
}

bool ledger_in_place(const struct ledger *ledger)
{
    struct stat st;

    return stat(ledger_path(ledger), &st) == 0 && st.st_dev == ledger->dev && st.st_ino == ledger->ino;
}

static struct ledger *missing(const char *path, const char *what, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_MISSING, "ledger %s %s", path, what);
    return NULL;
}

/* SQLite would take an empty file for a new database, and drop the WAL beside it. A file that cannot be looked at is
 * left to SQLite, which says why. */
static bool is_missing(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_size > 0)
        return false;
    if (stat(path, &st) != 0 && errno != ENOENT)
        return false;
    (void)missing(path, stat(path, &st) == 0 ? "is empty" : "is missing", error);
    return true;
}

/* SQLite would let everybody read the file that it makes, and gives its -wal and -shm the same mode. A file that exists
 * keeps its mode; one that cannot be made is SQLite's error. */
static void make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd >= 0 && fchmod(fd, 0640) != 0) /* whatever the umask: the group may look */
        errno = 0;
    if (fd >= 0)
        (void)close(fd); /* empty, which is a new database to SQLite */
}

/* A reader that may not write into the folder cannot make -wal and -shm, and SQLite reads no WAL database without them.
 * So the last writer leaves both, the WAL empty (ledger_close). */
static bool keep_wal(struct ledger *ledger, GError **error)
{
    int keep = 1;

    return sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep) == SQLITE_OK ||
           ledger_fail(ledger, error);
}

/* tell is NULL for a new ledger. */
static struct ledger *open_writer(const char *path, bool make, ledger_upgrade_tell *tell, GError **error)
{
    static const char settings[] = "PRAGMA page_size=8192;PRAGMA journal_mode=WAL;"
                                   "PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=0;"
                                   "PRAGMA cache_size=-32768;PRAGMA temp_store=FILE;" /* KiB */
                                   "PRAGMA mmap_size=0;PRAGMA secure_delete=ON;";     /* for purge: no old bytes */
    g_autofree char *dir = g_path_get_dirname(path);
    int64_t version = 0;
    struct stat st;

    if (!refuse_network(path, dir, error))
        return NULL;
    if (make)
        make_file(path);
    g_autoptr(ledger_t) ledger = ledger_open_at(path, SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0), error);
    if (ledger == NULL)
        return NULL;
    ledger->writer = true;
    keep_temporary_files_in(dir);
    if (!remove_temporary_files(dir, error) || !ledger_version(ledger, &version, error))
        return NULL;
    if (version == 0 && !make)
        return missing(path, "has no tables", error);
    if (!ledger_version_known(ledger, error) || !ledger_upgrade_possible(ledger, tell, error) ||
        !ledger_execute(ledger, settings, error) || !keep_wal(ledger, error) || !ledger_migrate(ledger, error) ||
        !ledger_evidence_begin(ledger, error))
        return NULL;
    /* The last writer's WAL may be in the page cache only: its last sync may have failed. A checkpoint writes and syncs
     * the frames anew, so that what we conclude from them survives a power cut. */
    if (!ledger_checkpoint(ledger, error))
        return NULL;
    if (stat(path, &st) == 0) {
        ledger->dev = st.st_dev;
        ledger->ino = st.st_ino;
    }
    return g_steal_pointer(&ledger);
}

struct ledger *ledger_make(const char *path, GError **error)
{
    return open_writer(path, true, NULL, error);
}

/* The empty path is SQLite's name for a temporary database. */
struct ledger *ledger_make_scratch(GError **error)
{
    g_autoptr(ledger_t) ledger = ledger_open_at("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);

    if (ledger == NULL)
        return NULL;
    ledger->writer = true;
    keep_temporary_files_in(g_get_tmp_dir());
    if (!ledger_execute(ledger, "PRAGMA synchronous=OFF;PRAGMA journal_mode=MEMORY;PRAGMA cache_size=-32768", error) ||
        !ledger_migrate(ledger, error))
        return NULL;
    return g_steal_pointer(&ledger);
}

struct ledger *ledger_open_writer(const char *path, ledger_upgrade_tell *tell, GError **error)
{
    return is_missing(path, error) ? NULL : open_writer(path, false, tell, error);
}

/* SQLite skips locks and WAL: for a file that does not change. */
struct ledger *ledger_open_immutable(const char *path, GError **error)
{
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    g_autofree char *uri = g_filename_to_uri(full, NULL, NULL);
    g_autofree char *immutable = g_strconcat(uri, "?immutable=1", NULL);
    return ledger_open_at(immutable, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
}

/* On a full disk the -shm cannot be made or grow, and no reader gets in. Alone (locking_mode=EXCLUSIVE before the first
 * question) SQLite keeps the index of the WAL in memory and needs none. It takes a lock that a writer and other readers
 * wait for until the command ends. Such a connection could write: query_only forbids it, and closing it moves nothing
 * out of the WAL. NULL: that fails too, and nothing is said. */
static struct ledger *open_alone(const char *path)
{
    g_autoptr(ledger_t) ledger = ledger_open_at(path, SQLITE_OPEN_READWRITE, NULL);

    if (ledger == NULL || sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK ||
        !ledger_execute(ledger, "PRAGMA locking_mode=EXCLUSIVE;PRAGMA query_only=1", NULL) ||
        !ledger_version_current(ledger, NULL))
        return NULL;
    return g_steal_pointer(&ledger);
}

/* A WAL database without its -shm cannot be opened in a folder that we may not write to. Then no writer is there
 * either, for it would keep the -shm, and the file does not change. A WAL with content would be missed. */
static bool is_at_rest(const struct ledger *ledger, const char *path)
{
    g_autofree char *shared = g_strconcat(path, "-shm", NULL);
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    int code = sqlite3_errcode(ledger->db) & 0xff;
    struct stat st;

    return (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) && lstat(shared, &st) != 0 &&
           (lstat(wal, &st) != 0 || st.st_size == 0);
}

/* The code of the connection's last error is one that a full disk gives. */
static bool may_be_full(const struct ledger *ledger)
{
    int code = sqlite3_errcode(ledger->db) & 0xff;

    return code == SQLITE_IOERR || code == SQLITE_FULL;
}

struct ledger *ledger_open_reader(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!disk_may_read(path, error) || is_missing(path, error))
        return NULL;
    g_autoptr(ledger_t) ledger = ledger_open_at(path, SQLITE_OPEN_READONLY, error);
    if (ledger == NULL)
        return NULL;
    /* SQLite opens lazily: the first question shows whether it can read. */
    if (ledger_version_current(ledger, &cause))
        return g_steal_pointer(&ledger);
    if (may_be_full(ledger)) {
        ledger_close(g_steal_pointer(&ledger));
        ledger = open_alone(path);
        if (ledger != NULL)
            return g_steal_pointer(&ledger);
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (!is_at_rest(ledger, path)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    ledger_close(g_steal_pointer(&ledger));
    ledger = ledger_open_immutable(path, error);
    if (ledger == NULL || !ledger_version_current(ledger, error))
        return NULL;
    return g_steal_pointer(&ledger);
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    ledger->group = ledger->member = ledger->alone = false;
    ledger_rollback(ledger);
    g_hash_table_unref(ledger->statements);
    g_hash_table_unref(ledger->numbers);
    /* Only now: in use, a WAL that keeps its size is written faster. */
    if (ledger->writer)
        (void)sqlite3_exec(ledger->db, "PRAGMA journal_size_limit=0", NULL, NULL, NULL);
    (void)sqlite3_close(ledger->db); /* no statement is left; what is in the WAL stays there */
    digest_free(ledger->links);
    g_free(ledger);
}

bool ledger_checkpoint(struct ledger *ledger, GError **error)
{
    if (!ledger_usable(ledger, error))
        return false;
    ledger_let_go(ledger);
    /* PASSIVE waits for no reader: what a reader still needs stays in the WAL until the next pass. */
    int result = sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return result == SQLITE_OK || result == SQLITE_BUSY || ledger_fail(ledger, error);
}

/* ---- counters ---- */

bool ledger_counter_next(struct ledger *ledger, const char *name, int64_t *value, GError **error)
{
    LEDGER_SQL(next, "INSERT INTO counter VALUES(?1,1) ON CONFLICT(name)"
                     " DO UPDATE SET value=value+1 RETURNING value");
    return ledger_writing(ledger, error) &&
           ledger_number(ledger, ledger_query(ledger, &next, LEDGER_VALUES(LEDGER_TEXT(name)), error), value, error);
}

bool ledger_counter_next_sequence(struct ledger *ledger, const char *kind, int64_t *sequence, GError **error)
{
    int64_t value;

    if (!ledger_counter_next(ledger, kind, &value, error))
        return false;
    *sequence = (value - 1) % LEDGER_SEQUENCE_MAX + 1;
    return true;
}

bool ledger_counter_add(struct ledger *ledger, const char *name, int64_t n, GError **error)
{
    LEDGER_SQL(add, "INSERT INTO counter VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=value+?2");
    return ledger_run(ledger, &add, LEDGER_VALUES(LEDGER_TEXT(name), LEDGER_INT(n)), error);
}

bool ledger_counter_set(struct ledger *ledger, const char *name, int64_t value, GError **error)
{
    LEDGER_SQL(set, "INSERT OR REPLACE INTO counter VALUES(?1,?2)");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_TEXT(name), LEDGER_INT(value)), error);
}

bool ledger_counter_get(struct ledger *ledger, const char *name, int64_t *value, GError **error)
{
    LEDGER_SQL(get, "SELECT value FROM counter WHERE name=?");
    return ledger_number(ledger, ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(name)), error), value, error);
}

int64_t ledger_changes(const struct ledger *ledger)
{
    return sqlite3_total_changes64(ledger->db) + ledger->undone;
}

const char *ledger_engine_version(void)
{
    return sqlite3_libversion();
}
