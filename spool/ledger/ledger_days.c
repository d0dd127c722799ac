/* Rows of one table may differ from the order of time by the seconds that a pass takes: no figure here is a proof. */
#include "spool/ledger/ledger_days.h"

#include "spool/ledger/ledger_private.h"

/* A table whose rows are only added: how to find the first row from a number on, and its time. */
struct appended {
    struct ledger_sql first; /* ?: the number → the row's number and its time */
    struct ledger_sql last;  /* the greatest number */
};

static struct appended jobs = {{"SELECT id,received FROM job WHERE id>=? ORDER BY id LIMIT 1"},
                               {"SELECT max(id) FROM job"}};
static struct appended outgoing = {{"SELECT id,created FROM outgoing WHERE id>=? ORDER BY id LIMIT 1"},
                                   {"SELECT max(id) FROM outgoing"}};

/* A row of such a table; INT64_MAX twice: there is none. */
struct row {
    int64_t id, at;
};

/* *row: the first one from the number `from` on. */
static bool row_from(struct ledger *ledger, struct appended *table, int64_t from, struct row *row, GError **error)
{
    sqlite3_stmt *q = ledger_query(ledger, &table->first, LEDGER_VALUES(LEDGER_INT(from)), error);
    bool any = false, good = q != NULL && ledger_row(ledger, q, &any, error);

    *row = (struct row){INT64_MAX, INT64_MAX};
    if (good && any)
        *row = (struct row){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    ledger_end(q);
    return good;
}

/* *id: the number from which on all rows are of the time `since` or later. */
static bool first_since(struct ledger *ledger, struct appended *table, int64_t since, int64_t *id, GError **error)
{
    int64_t low = 0, high = 0;
    struct row row;

    if (!ledger_number(ledger, ledger_query(ledger, &table->last, LEDGER_NO_VALUES, error), &high, error))
        return false;
    for (high++; low < high;) {
        int64_t middle = low + (high - low) / 2;
        if (!row_from(ledger, table, middle, &row, error))
            return false;
        if (row.at >= since)
            high = middle;
        else
            low = row.id + 1;
    }
    *id = low;
    return true;
}

bool ledger_growth_since(struct ledger *ledger, int64_t since, struct ledger_growth *growth, GError **error)
{
    LEDGER_SQL(first, "SELECT received FROM job ORDER BY id LIMIT 1");
    LEDGER_SQL(bytes, "SELECT (SELECT ifnull(sum(size),0) FROM job WHERE id>=?1 AND size>0)"
                      "+(SELECT ifnull(sum(size),0) FROM outgoing WHERE id>=?2 AND size>0)");
    LEDGER_SQL(items, "SELECT ifnull(sum(items),0) FROM verdict WHERE judged_at>=?");
    LEDGER_SQL(all_items, "SELECT max(item) FROM work_item");
    int64_t job, file;

    return first_since(ledger, &jobs, since, &job, error) && first_since(ledger, &outgoing, since, &file, error) &&
           ledger_number(ledger, ledger_query(ledger, &first, LEDGER_NO_VALUES, error), &growth->first, error) &&
           ledger_number(ledger, ledger_query(ledger, &bytes, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(file)), error),
                         &growth->bytes, error) &&
           ledger_number(ledger, ledger_query(ledger, &items, LEDGER_VALUES(LEDGER_INT(since)), error), &growth->items,
                         error) &&
           ledger_number(ledger, ledger_query(ledger, &all_items, LEDGER_NO_VALUES, error), &growth->all_items, error);
}
