/*
 * Statements, their values and their rows: the only source that prepares and binds.
 *
 * A statement is prepared once for each connection and kept, for preparing costs more than running most of them. After
 * each use it is reset at once: a statement that still stands on a row keeps a read transaction open, and the WAL could
 * not be moved into the database. Two do so on purpose: see "one moment" and struct ledger_walk.
 */
#include "spool/ledger/ledger_private.h"

#include <string.h>

/* ---- statements ---- */

/* From the cache, reset, or prepared and put there. */
static sqlite3_stmt *prepare(struct ledger *ledger, const struct ledger_sql *statement, GError **error)
{
    sqlite3_stmt *prepared = g_hash_table_lookup(ledger->statements, statement);
    if (prepared != NULL) {
        (void)sqlite3_reset(prepared); /* repeats an error that was reported before */
        return prepared;
    }
    if (sqlite3_prepare_v3(ledger->db, statement->sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL) != SQLITE_OK) {
        (void)ledger_fail(ledger, error);
        return NULL;
    }
    g_hash_table_insert(ledger->statements, (gpointer)statement, prepared);
    return prepared;
}

/* ---- one moment ---- */

/*
 * A question outside of a transaction is a read transaction of its own, for which SQLite locks a byte of the WAL's
 * index and unlocks it again. In a pass that finds nothing to do these calls were 23 % of the processor time. A
 * statement that stands on a row keeps the transaction open, so that the questions after it need no lock.
 */
static void hold_moment(struct ledger *ledger)
{
    LEDGER_SQL(hold, "SELECT 1 FROM sqlite_schema");

    if (!ledger->one_moment || ledger->moment != NULL || sqlite3_get_autocommit(ledger->db) == 0)
        return;
    ledger->moment = prepare(ledger, &hold, NULL);
    if (ledger->moment != NULL && sqlite3_step(ledger->moment) != SQLITE_ROW)
        ledger_let_go(ledger); /* the question itself tells what fails */
}

/*
 * Result files have their records in the order of the work order, which is that of the items, but for Devices that were
 * not ordered: a few rows ahead are passed by. Begun anew for each record, the search was half of the cost. To read
 * some rows ahead into memory was the other design: what is kept there would have to follow each change. A walk
 * outlives no transaction: outside of one another process may change the ledger.
 */
bool ledger_walk_to(struct ledger *ledger, struct ledger_walk *walk, int64_t item, bool *row, GError **error)
{
    enum { AHEAD = 4 };

    if (walk->query == NULL || item <= walk->item || item > walk->item + AHEAD) {
        ledger_end(g_steal_pointer(&walk->query));
        walk->query = ledger_query(ledger, walk->from, LEDGER_VALUES(LEDGER_INT(item)), error);
    }
    bool good = walk->query != NULL;
    *row = good;
    do {
        good = good && ledger_row(ledger, walk->query, row, error);
        walk->item = good && *row ? sqlite3_column_int64(walk->query, 0) : item;
    } while (good && *row && walk->item < item);
    *row = *row && walk->item == item;
    return good;
}

void ledger_walk_end(struct ledger *ledger)
{
    ledger_end(g_steal_pointer(&ledger->work_walk.query));
    ledger_end(g_steal_pointer(&ledger->model_walk.query));
}

void ledger_let_go(struct ledger *ledger)
{
    ledger_walk_end(ledger);
    ledger_end(g_steal_pointer(&ledger->moment));
}

void ledger_look_begin(struct ledger *ledger)
{
    ledger->one_moment = true;
}

void ledger_look_end(struct ledger *ledger)
{
    ledger->one_moment = false;
    ledger_let_go(ledger);
}

/* ---- values ---- */

/* Positions count from 1. */
static int bind_one(sqlite3_stmt *prepared, int position, const struct ledger_value *value,
                    sqlite3_destructor_type keep)
{
    switch (value->kind) {
    case LEDGER_VALUE_NUMBER:
        return sqlite3_bind_int64(prepared, position, value->number);
    case LEDGER_VALUE_TEXT:
        return sqlite3_bind_text(prepared, position, value->text, -1, keep);
    case LEDGER_VALUE_BYTES:
        return sqlite3_bind_blob64(prepared, position, value->text, value->len, keep);
    case LEDGER_VALUE_NULL:
    default:
        return sqlite3_bind_null(prepared, position);
    }
}

/* What stands before other statements than those that run for each Device of a file. */
static bool settle(struct ledger *ledger, const struct ledger_sql *statement, GError **error)
{
    if (statement->sql[0] == LEDGER_BESIDE[0])
        return true;
    ledger_walk_end(ledger);
    return ledger_pending_store(ledger, error);
}

/*
 * keep: SQLITE_STATIC if the texts outlive the running of the statement, SQLITE_TRANSIENT makes copies.
 * Every placeholder gets a value, so that a pointer which was bound with SQLITE_STATIC in an earlier call is never
 * read again.
 */
static sqlite3_stmt *bind(struct ledger *ledger, const struct ledger_sql *statement, struct ledger_values values,
                          sqlite3_destructor_type keep, GError **error)
{
    if (!ledger_usable(ledger, error) || !settle(ledger, statement, error))
        return NULL;
    sqlite3_stmt *prepared = prepare(ledger, statement, error);
    if (prepared == NULL)
        return NULL;
    int placeholders = sqlite3_bind_parameter_count(prepared);
    if (placeholders != values.n) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: %d values are given, %d expected, for: %s", values.n,
                    placeholders, statement->sql);
        return NULL;
    }
    for (int i = 0; i < values.n; i++) {
        if (bind_one(prepared, i + 1, &values.values[i], keep) != SQLITE_OK) {
            (void)ledger_fail(ledger, error);
            return NULL;
        }
    }
    return prepared;
}

sqlite3_stmt *ledger_query(struct ledger *ledger, const struct ledger_sql *statement, struct ledger_values values,
                           GError **error)
{
    hold_moment(ledger);
    return bind(ledger, statement, values, SQLITE_TRANSIENT, error);
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
        (void)sqlite3_reset(query); /* repeats an error that was reported before */
}

bool ledger_run(struct ledger *ledger, const struct ledger_sql *statement, struct ledger_values values, GError **error)
{
    if (!ledger_writing(ledger, error))
        return false;
    sqlite3_stmt *prepared = bind(ledger, statement, values, SQLITE_STATIC, error);
    bool row;
    bool good = prepared != NULL && ledger_row(ledger, prepared, &row, error);
    ledger_end(prepared);
    return good;
}

/* ---- columns ---- */

bool ledger_number(struct ledger *ledger, sqlite3_stmt *query, int64_t *number, GError **error)
{
    bool row = false;
    bool good = query != NULL && ledger_row(ledger, query, &row, error);
    if (good)
        *number = row ? sqlite3_column_int64(query, 0) : 0;
    ledger_end(query);
    return good;
}

bool ledger_numbers(struct ledger *ledger, sqlite3_stmt *query, GArray *numbers, GError **error)
{
    bool row = true, good = query != NULL;

    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        int64_t number = sqlite3_column_int64(query, 0);
        g_array_append_val(numbers, number);
    }
    ledger_end(query);
    return good;
}

const char *ledger_text(sqlite3_stmt *query, int column)
{
    return (const char *)sqlite3_column_text(query, column);
}

/* ---- rows ---- */

/* One block, so that a row has one owner and is freed by one g_free. Strings need no alignment and follow the struct.
 */
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

bool ledger_counts(struct ledger *ledger, sqlite3_stmt *query, ledger_count_visit visit, void *user, GError **error)
{
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row)
        good = visit(user, ledger_text(query, 0), sqlite3_column_int64(query, 1), error);
    ledger_end(query);
    return good;
}
