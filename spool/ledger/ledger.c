#include "spool/ledger/ledger_private.h"

#include "spool/disk.h"

#include <stdarg.h>
#include <string.h>

static enum spool_error who_acts(int code)
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

static const char *path_of(const struct ledger *ledger)
{
    const char *path = sqlite3_db_filename(ledger->db, "main");
    return path != NULL ? path : "(closed)";
}

/* SQLite's text, and what to look at. Why the system refused it does not always tell rightly. */
static char *reason(struct ledger *ledger)
{
    const char *advice = "";
    switch (sqlite3_errcode(ledger->db) & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        advice = "; see the disk, and the owner and permissions of it, its -wal, its -shm and their folder";
        break;
    case SQLITE_IOERR:
        advice = "; see the system's log for its disk";
        break;
    case SQLITE_FULL:
        advice = "; make room";
        break;
    default:
        break;
    }
    return g_strconcat(sqlite3_errmsg(ledger->db), advice, NULL);
}

bool ledger_fail(struct ledger *ledger, GError **error)
{
    g_autofree char *text = reason(ledger);
    g_set_error(error, SPOOL_ERROR, who_acts(sqlite3_extended_errcode(ledger->db)), "ledger %s: %s", path_of(ledger),
                text);
    return false;
}

/* False, RETRY, from a COMMIT of unknown outcome on. */
static bool is_known(const struct ledger *ledger, GError **error)
{
    if (!ledger->unknown)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "ledger %s: whether the last commit holds is not known until the ledger is opened again",
                path_of(ledger));
    return false;
}

bool ledger_execute(struct ledger *ledger, const char *sql, GError **error)
{
    return is_known(ledger, error) &&
           (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK || ledger_fail(ledger, error));
}

bool ledger_writing(struct ledger *ledger, GError **error)
{
    if (ledger->writer && sqlite3_get_autocommit(ledger->db) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: a change outside a transaction");
    return false;
}

sqlite3_stmt *ledger_prepare(struct ledger *ledger, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(ledger->statements, sql);
    if (!is_known(ledger, error))
        return NULL;
    if (statement != NULL) {
        (void)sqlite3_reset(statement); /* repeats an error that was told before */
        return statement;
    }
    if (sqlite3_prepare_v3(ledger->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
        (void)ledger_fail(ledger, error);
        return NULL;
    }
    g_hash_table_insert(ledger->statements, (gpointer)sql, statement);
    return statement;
}

/* keep: SQLITE_STATIC where the texts stay until the statement has run, SQLITE_TRANSIENT makes copies. */
static sqlite3_stmt *bind(struct ledger *ledger, GError **error, const char *sql, sqlite3_destructor_type keep,
                          const char *types, va_list values)
{
    sqlite3_stmt *statement = ledger_prepare(ledger, sql, error);
    for (int i = 1; statement != NULL && types[i - 1] != '\0'; i++) {
        int result;
        if (types[i - 1] == 't') {
            result = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, keep);
        } else {
            int64_t value = va_arg(values, int64_t);
            bool null = types[i - 1] == 'z' && value == 0;
            result = null ? sqlite3_bind_null(statement, i) : sqlite3_bind_int64(statement, i, value);
        }
        if (result != SQLITE_OK) {
            (void)ledger_fail(ledger, error);
            return NULL;
        }
    }
    return statement;
}

sqlite3_stmt *ledger_query(struct ledger *ledger, GError **error, const char *sql, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    sqlite3_stmt *statement = bind(ledger, error, sql, SQLITE_TRANSIENT, types, values);
    va_end(values);
    return statement;
}

bool ledger_row(struct ledger *ledger, sqlite3_stmt *query, bool *row, GError **error)
{
    int result = sqlite3_step(query);
    *row = result == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE || ledger_fail(ledger, error);
}

void ledger_end(sqlite3_stmt *query)
{
    if (query != NULL)
        (void)sqlite3_reset(query); /* repeats an error that was told before */
}

bool ledger_run(struct ledger *ledger, GError **error, const char *sql, const char *types, ...)
{
    if (!ledger_writing(ledger, error))
        return false;
    va_list values;
    va_start(values, types);
    sqlite3_stmt *statement = bind(ledger, error, sql, SQLITE_STATIC, types, values);
    va_end(values);
    bool row;
    bool good = statement != NULL && ledger_row(ledger, statement, &row, error);
    ledger_end(statement);
    return good;
}

bool ledger_number(struct ledger *ledger, sqlite3_stmt *query, int64_t *number, GError **error)
{
    bool row = false;
    bool good = query != NULL && ledger_row(ledger, query, &row, error);
    if (good)
        *number = row ? sqlite3_column_int64(query, 0) : 0;
    ledger_end(query);
    return good;
}

const char *ledger_text(sqlite3_stmt *query, int column)
{
    return (const char *)sqlite3_column_text(query, column);
}

void *ledger_pack(const void *row, size_t size, const size_t *strings, size_t n)
{
    size_t total = size;
    for (size_t i = 0; i < n; i++) {
        const char *text = *(const char *const *)((const char *)row + strings[i]);
        total += text != NULL ? strlen(text) + 1 : 0;
    }
    char *block = g_malloc(total), *end = block + size;
    memcpy(block, row, size);
    for (size_t i = 0; i < n; i++) {
        const char **text = (const char **)(void *)(block + strings[i]);
        if (*text == NULL)
            continue;
        size_t len = strlen(*text) + 1;
        *text = memcpy(end, *text, len);
        end += len;
    }
    return block;
}

bool ledger_all(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, GPtrArray **rows,
                GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    g_autofree void *row = g_malloc0(shape->size);
    bool more = true;
    bool good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &more, error)) && more) {
        memset(row, 0, shape->size);
        shape->read(query, 0, row);
        g_ptr_array_add(list, ledger_pack(row, shape->size, shape->strings, shape->n));
    }
    ledger_end(query);
    if (good)
        *rows = g_steal_pointer(&list);
    return good;
}

bool ledger_one(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, void **row,
                GError **error)
{
    bool found = false;
    bool good = query != NULL && ledger_row(ledger, query, &found, error);
    *row = NULL;
    if (good && found) {
        void *read = g_alloca(shape->size);
        memset(read, 0, shape->size);
        shape->read(query, 0, read);
        *row = ledger_pack(read, shape->size, shape->strings, shape->n);
    }
    ledger_end(query);
    return good;
}

static void finalize(gpointer statement)
{
    (void)sqlite3_finalize(statement); /* repeats an error that was told before */
}

static struct ledger *open_at(const char *path, int flags, GError **error)
{
    g_autoptr(ledger_t) ledger = g_new0(struct ledger, 1);
    ledger->statements = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize);
    static bool configured;
    /* Nobody asks SQLite how much memory it uses: counting that costs a lock for each allocation. */
    if (!configured)
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* where it is refused, it counts */
    configured = true;
    int result = sqlite3_open_v2(path, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (ledger->db == NULL)
        g_error("SQLite is out of memory");
    (void)sqlite3_extended_result_codes(ledger->db, 1); /* cannot fail on an open connection */
    (void)sqlite3_busy_timeout(ledger->db, 10000);      /* the same */
    if (result == SQLITE_OK)
        return g_steal_pointer(&ledger);
    g_autofree char *text = reason(ledger);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot open the ledger %s: %s", path, text);
    return NULL;
}

/* What is sorted when indexes are made goes to files without a name beyond some memory, and /tmp may be memory, too. */
static void keep_temporary_files_in(const char *dir)
{
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", dir);
}

/* A file gets rid of its name right after it was made: a kill in between leaves it. */
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

struct ledger *ledger_open_writer(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    bool network = false;
    if (!disk_is_network_fs(dir, &network, error))
        return NULL;
    if (network) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s lies on a network file system: the ledger needs a local one", path);
        return NULL;
    }
    g_autoptr(ledger_t) ledger = open_at(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
    if (ledger == NULL)
        return NULL;
    ledger->writer = true;
    keep_temporary_files_in(dir);
    if (!remove_temporary_files(dir, error))
        return NULL;
    static const char settings[] = "PRAGMA page_size=8192;PRAGMA journal_mode=WAL;"
                                   "PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=0;"
                                   "PRAGMA cache_size=-32768;PRAGMA temp_store=FILE;"
                                   "PRAGMA mmap_size=0;";
    if (!ledger_version_known(ledger, error) || !ledger_execute(ledger, settings, error) ||
        !ledger_migrate(ledger, error))
        return NULL;
    /* What a writer left in the WAL may be there only as long as the system runs: its last sync may have failed.
     * Nothing is concluded from it before it is in the database itself, written and synced anew. */
    if (!ledger_checkpoint(ledger, error))
        return NULL;
    return g_steal_pointer(&ledger);
}

struct ledger *ledger_open_reader(const char *path, GError **error)
{
    g_autoptr(ledger_t) ledger = open_at(path, SQLITE_OPEN_READONLY, error);
    if (ledger == NULL)
        return NULL;
    g_autoptr(GError) fault = NULL;
    if (!ledger_version_current(ledger, &fault)) {
        if ((sqlite3_errcode(ledger->db) & 0xff) != SQLITE_CANTOPEN) {
            g_propagate_error(error, g_steal_pointer(&fault));
            return NULL;
        }
        /* A WAL database without its -shm in a folder we may not write to: nobody writes now. */
        g_autofree char *full = g_canonicalize_filename(path, NULL);
        g_autofree char *uri = g_filename_to_uri(full, NULL, NULL);
        g_autofree char *still = g_strconcat(uri, "?immutable=1", NULL);
        ledger_close(g_steal_pointer(&ledger));
        ledger = open_at(still, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
        if (ledger == NULL || !ledger_version_current(ledger, error))
            return NULL;
    }
    return g_steal_pointer(&ledger);
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    ledger_rollback(ledger);
    g_hash_table_unref(ledger->statements);
    (void)sqlite3_close(ledger->db); /* no statement is left; the WAL keeps what is not moved */
    g_free(ledger);
}

/* What is remembered of the tables holds for as long as nothing is taken back. */
static void forget(struct ledger *ledger)
{
    ledger->next_item = 0;
    ledger->recent_batch.items = 0;
}

bool ledger_begin(struct ledger *ledger, GError **error)
{
    forget(ledger);
    ledger->savepoint = false;
    return ledger_execute(ledger, "BEGIN IMMEDIATE", error);
}

void ledger_rollback(struct ledger *ledger)
{
    forget(ledger);
    ledger->savepoint = false;
    if (sqlite3_get_autocommit(ledger->db) == 0)
        (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL); /* SQLite did it if this fails */
}

/* After a COMMIT that failed: its frames may stand whole in the WAL, and whoever opens that next would take them
 * for committed, while this connection does not see them. A transaction that says what is said already takes
 * their place. On a full disk none is needed, for then the frame that commits was not written. */
static void settle(struct ledger *ledger)
{
    int code = sqlite3_errcode(ledger->db) & 0xff;
    ledger_rollback(ledger);
    if (code == SQLITE_FULL || code == SQLITE_BUSY)
        return;
    ledger->unknown = sqlite3_exec(ledger->db, "BEGIN IMMEDIATE;PRAGMA application_id=" LEDGER_APPLICATION_ID ";COMMIT",
                                   NULL, NULL, NULL) != SQLITE_OK;
    ledger_rollback(ledger);
}

bool ledger_commit(enum step step, struct ledger *ledger, GError **error)
{
    if (!ledger_writing(ledger, error))
        return false;
    step_before(step);
    if (!ledger_execute(ledger, "COMMIT", error)) {
        settle(ledger);
        return false;
    }
    step_after(step);
    return true;
}

bool ledger_savepoint(struct ledger *ledger, GError **error)
{
    if (!ledger_writing(ledger, error))
        return false;
    if (ledger->savepoint) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: a savepoint within a savepoint");
        return false;
    }
    ledger->savepoint = ledger_execute(ledger, "SAVEPOINT work", error);
    return ledger->savepoint;
}

bool ledger_release(struct ledger *ledger, GError **error)
{
    ledger->savepoint = false;
    return ledger_writing(ledger, error) && ledger_execute(ledger, "RELEASE work", error);
}

bool ledger_roll_back_to(struct ledger *ledger, GError **error)
{
    forget(ledger);
    return ledger_writing(ledger, error) && ledger_execute(ledger, "ROLLBACK TO work", error) &&
           ledger_release(ledger, error);
}

bool ledger_checkpoint(struct ledger *ledger, GError **error)
{
    if (!is_known(ledger, error))
        return false;
    int result = sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return result == SQLITE_OK || result == SQLITE_BUSY || ledger_fail(ledger, error);
}

bool ledger_counter_next(struct ledger *ledger, const char *name, int64_t *value, GError **error)
{
    return ledger_writing(ledger, error) &&
           ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "INSERT INTO counter VALUES(?1,1) ON CONFLICT(name)"
                                      " DO UPDATE SET value=value+1 RETURNING value",
                                      "t", name),
                         value, error);
}

bool ledger_counter_add(struct ledger *ledger, const char *name, int64_t n, GError **error)
{
    return ledger_run(ledger, error, "INSERT INTO counter VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=value+?2",
                      "ti", name, n);
}

bool ledger_counter_get(struct ledger *ledger, const char *name, int64_t *value, GError **error)
{
    return ledger_number(ledger, ledger_query(ledger, error, "SELECT value FROM counter WHERE name=?", "t", name),
                         value, error);
}
