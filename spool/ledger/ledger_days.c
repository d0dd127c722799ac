/* Rows of one table may differ from the order of time by the seconds that a pass takes: no figure here is a proof. */
#include "spool/ledger/ledger_days.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_progress.h"

/* A table whose rows are only added: how to find the first row from a number on, and its time. */
struct appended {
    struct ledger_sql first; /* ?: the number → the row's number and its time */
    struct ledger_sql last;  /* the greatest number */
};

static struct appended jobs = {{"SELECT id,received FROM job WHERE id>=? ORDER BY id LIMIT 1"},
                               {"SELECT max(id) FROM job"}};
static struct appended outgoing = {{"SELECT id,created FROM outgoing WHERE id>=? ORDER BY id LIMIT 1"},
                                   {"SELECT max(id) FROM outgoing"}};

static struct appended events_of = {{"SELECT e.id,iif(e.event=0,i.begun,i.cleared) FROM incident_event e"
                                     " JOIN incident i ON i.id=e.incident WHERE e.id>=? ORDER BY e.id LIMIT 1"},
                                    {"SELECT max(id) FROM incident_event"}};

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

/* *rows: the numbers of the rows of an interval, [from, until). */
static bool rows_within(struct ledger *ledger, struct appended *table, const struct ledger_interval *when,
                        struct ledger_interval *rows, GError **error)
{
    return first_since(ledger, table, when->from, &rows->from, error) &&
           first_since(ledger, table, when->until, &rows->until, error);
}

/* The values of a question about such rows. */
#define ROWS(rows) LEDGER_VALUES(LEDGER_INT((rows).from), LEDGER_INT((rows).until))
/* A verdict that no later one of the same job has replaced. */
#define NEWEST "v.revision=(SELECT max(revision) FROM verdict n WHERE n.job=v.job)"

bool ledger_files_in_each(struct ledger *ledger, const struct ledger_interval *when, ledger_files_visit visit,
                          void *user, GError **error)
{
    LEDGER_SQL(files, "SELECT j.type,v.outcome,count(*) FROM job j LEFT JOIN verdict v ON v.job=j.id AND " NEWEST
                      " WHERE j.id>=? AND j.id<? AND j.direction=0 GROUP BY 1,2 ORDER BY 1,2");
    struct ledger_interval rows;

    if (!rows_within(ledger, &jobs, when, &rows, error))
        return false;
    sqlite3_stmt *q = ledger_query(ledger, &files, ROWS(rows), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_text(q, 0), ledger_text(q, 1), sqlite3_column_int64(q, 2), error);
    ledger_end(q);
    return good;
}

/* The first `n` columns of the one row of a question. Ends it. */
static bool numbers(struct ledger *ledger, sqlite3_stmt *q, int64_t *const *into, int n, GError **error)
{
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    for (int c = 0; good && row && c < n; c++)
        *into[c] = sqlite3_column_int64(q, c);
    ledger_end(q);
    return good;
}

bool ledger_day_work(struct ledger *ledger, const struct ledger_interval *when, struct ledger_day_work *work,
                     GError **error)
{
    LEDGER_SQL(reviewed, "SELECT sum(v.items),sum(v.accepted),sum(v.rejected),sum(v.deferred) FROM verdict v"
                         " WHERE v.judged_at>=? AND v.judged_at<? AND v.items>0 AND " NEWEST);
    /* A work order is a job, made when its Devices are ordered. The index alone has the answer (state 3: DISPATCHED);
     * the transitions of a day are many, and their rows long. */
    LEDGER_SQL(ordered, "SELECT count(*) FROM transition INDEXED BY transition_work_order WHERE state=3 AND job>=?"
                        " AND job<?");
    int64_t *const of_review[] = {&work->instructed, &work->accepted, &work->rejected, &work->deferred};
    const struct ledger_ended migrated = {LEDGER_MIGRATED, *when}, failed = {LEDGER_FAILED, *when};
    struct ledger_interval rows;

    *work = (struct ledger_day_work){0};
    return numbers(ledger, ledger_query(ledger, &reviewed, ROWS(*when), error), of_review, 4, error) &&
           rows_within(ledger, &jobs, when, &rows, error) &&
           ledger_number(ledger, ledger_query(ledger, &ordered, ROWS(rows), error), &work->ordered, error) &&
           ledger_ended_sessions_count(ledger, &migrated, &work->migrated, error) &&
           ledger_ended_sessions_count(ledger, &failed, &work->failed, error);
}

bool ledger_failed_codes_each(struct ledger *ledger, const struct ledger_interval *when, ledger_count_visit visit,
                              void *user, GError **error)
{
#define FAILED_OF(table) "SELECT code FROM " table " WHERE state=?3 AND ended>=?1 AND ended<?2 AND ended IS NOT NULL"
    LEDGER_SQL(codes, "SELECT ifnull(code,'-'),count(*) FROM (" FAILED_OF("session") " UNION ALL " FAILED_OF(
                          "session_was") ") GROUP BY 1 ORDER BY 2 DESC,1");
#undef FAILED_OF
    return ledger_counts(
        ledger,
        ledger_query(ledger, &codes,
                     LEDGER_VALUES(LEDGER_INT(when->from), LEDGER_INT(when->until), LEDGER_INT(LEDGER_FAILED)), error),
        visit, user, error);
}

bool ledger_day_events(struct ledger *ledger, const struct ledger_interval *when, struct ledger_day_events *events,
                       GError **error)
{
#define EVENTS(event)                                                                                                  \
    "sum(e.event=" event " AND i.device_id IS NULL AND i.code NOT LIKE 'B%'),"                                         \
    "sum(e.event=" event " AND i.device_id IS NULL AND i.code LIKE 'B%'),"                                             \
    "sum(e.event=" event " AND i.device_id IS NOT NULL)"
    LEDGER_SQL(files, "SELECT count(*),sum(state<3) FROM outgoing WHERE id>=? AND id<?");
    LEDGER_SQL(incidents, "SELECT " EVENTS("0") "," EVENTS("1") " FROM incident_event e JOIN incident i"
                                                                " ON i.id=e.incident WHERE e.id>=? AND e.id<?");
#undef EVENTS
    LEDGER_SQL(reports, "SELECT count(*) FROM report_period WHERE issued>=? AND issued<?");
    int64_t *const of_files[] = {&events->planned, &events->owed};
    int64_t *const of_incidents[] = {&events->opened.system, &events->opened.files, &events->opened.devices,
                                     &events->closed.system, &events->closed.files, &events->closed.devices};
    struct ledger_interval rows;

    *events = (struct ledger_day_events){0};
    return rows_within(ledger, &outgoing, when, &rows, error) &&
           numbers(ledger, ledger_query(ledger, &files, ROWS(rows), error), of_files, 2, error) &&
           rows_within(ledger, &events_of, when, &rows, error) &&
           numbers(ledger, ledger_query(ledger, &incidents, ROWS(rows), error), of_incidents, 6, error) &&
           ledger_number(ledger, ledger_query(ledger, &reports, ROWS(*when), error), &events->reports, error);
}
