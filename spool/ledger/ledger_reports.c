/* Issued reports: tables report_period, report (whose an outgoing file is), reported_row and progress_week. */
#include "spool/ledger/ledger_reports.h"

#include "spool/ledger/ledger_private.h"

/* An issued period `e`. */
#define PERIOD "e.ref,e.starts,e.ends,e.issued,e.job,e.unassigned"
enum { PERIOD_COLUMNS = 6 };

static void read_period(sqlite3_stmt *q, int c, void *row)
{
    *(struct ledger_period *)row = (struct ledger_period){
        .ref = ledger_text(q, c),
        .starts = sqlite3_column_int64(q, c + 1),
        .ends = sqlite3_column_int64(q, c + 2),
        .issued = sqlite3_column_int64(q, c + 3),
        .job = sqlite3_column_int64(q, c + 4),
        .unassigned = sqlite3_column_int64(q, c + 5),
    };
}

/* Columns: the period, recipient, MPID, the outgoing file. */
static void read_report(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_report *report = row;
    read_period(q, c, &report->period);
    report->recipient = (uint64_t)sqlite3_column_int64(q, c + PERIOD_COLUMNS);
    report->mpid = ledger_text(q, c + PERIOD_COLUMNS + 1);
    ledger_read_outgoing(q, c + PERIOD_COLUMNS + 2, &report->file);
}

/* ---- changes ---- */

bool ledger_period_issue(struct ledger *ledger, const struct ledger_period *period, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO report_period(ref,starts,ends,issued,job,unassigned) VALUES(?,?,?,?,?,?)");
    LEDGER_SQL(newest, "INSERT INTO counter VALUES('report '||?1,?2)"
                       " ON CONFLICT(name) DO UPDATE SET value=max(value,excluded.value)");
    return ledger_run(ledger, &newest, LEDGER_VALUES(LEDGER_TEXT(period->ref), LEDGER_INT(period->starts)), error) &&
           ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_TEXT(period->ref), LEDGER_INT(period->starts), LEDGER_INT(period->ends),
                                    LEDGER_INT(period->issued), LEDGER_INT_OR_NULL(period->job),
                                    LEDGER_INT(period->unassigned)),
                      error);
}

bool ledger_report_add(struct ledger *ledger, const struct ledger_report *report, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO report(outgoing,ref,starts,recipient,mpid) VALUES(?,?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(report->file.id), LEDGER_TEXT(report->period.ref),
                                    LEDGER_INT(report->period.starts), LEDGER_ID(report->recipient),
                                    LEDGER_TEXT(report->mpid)),
                      error);
}

bool ledger_reported_add(struct ledger *ledger, const struct ledger_reported *row, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO reported_row(ref,device_id,since,supplier,starts) VALUES(?,?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_TEXT(row->ref), LEDGER_ID(row->device), LEDGER_INT(row->since),
                                    LEDGER_ID(row->supplier), LEDGER_INT(row->starts)),
                      error);
}

/* ---- questions ---- */

/* The first row of PERIOD; ends the query. */
static bool one_period(struct ledger *ledger, sqlite3_stmt *query, struct ledger_period **period, GError **error)
{
    static const size_t strings[] = {offsetof(struct ledger_period, ref)};
    static const struct ledger_shape shape = {sizeof(struct ledger_period), read_period, strings,
                                              G_N_ELEMENTS(strings)};
    void *row = NULL;
    if (!ledger_one(ledger, query, &shape, &row, error))
        return false;
    *period = row;
    return true;
}

bool ledger_period_get(struct ledger *ledger, const char *ref, int64_t starts, struct ledger_period **period,
                       GError **error)
{
    LEDGER_SQL(by_key, "SELECT " PERIOD " FROM report_period e WHERE e.ref=? AND e.starts=?");
    return one_period(ledger, ledger_query(ledger, &by_key, LEDGER_VALUES(LEDGER_TEXT(ref), LEDGER_INT(starts)), error),
                      period, error);
}

bool ledger_period_of_job(struct ledger *ledger, int64_t job, struct ledger_period **period, GError **error)
{
    LEDGER_SQL(of_job, "SELECT " PERIOD " FROM report_period e WHERE e.job=?");
    return one_period(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), period, error);
}

bool ledger_period_last(struct ledger *ledger, const char *ref, int64_t at, struct ledger_period **period,
                        GError **error)
{
    LEDGER_SQL(newest, "SELECT " PERIOD " FROM report_period e WHERE e.ref=? AND e.starts<=?"
                       " ORDER BY e.starts DESC LIMIT 1");
    return one_period(ledger, ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_TEXT(ref), LEDGER_INT(at)), error),
                      period, error);
}

/* Visits rows of PERIOD; ends the query. */
static bool each_period(struct ledger *ledger, sqlite3_stmt *q, ledger_period_visit visit, void *user, GError **error)
{
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_period period;
        read_period(q, 0, &period);
        good = visit(user, &period, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_periods_each(struct ledger *ledger, ledger_period_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT " PERIOD " FROM report_period e ORDER BY e.ref,e.starts");
    return each_period(ledger, ledger_query(ledger, &walk, LEDGER_NO_VALUES, error), visit, user, error);
}

bool ledger_reports_of(struct ledger *ledger, const char *ref, int64_t starts, GPtrArray **reports, GError **error)
{
    LEDGER_SQL(of_period, "SELECT " PERIOD ",r.recipient,r.mpid," LEDGER_OUTGOING
                          " FROM report_period e JOIN report r ON r.ref=e.ref AND r.starts=e.starts"
                          " JOIN outgoing p ON p.id=r.outgoing WHERE e.ref=? AND e.starts=? ORDER BY r.recipient");
    static const size_t strings[] = {
        offsetof(struct ledger_report, period.ref),     offsetof(struct ledger_report, mpid),
        offsetof(struct ledger_report, file.kind),      offsetof(struct ledger_report, file.name),
        offsetof(struct ledger_report, file.form),      offsetof(struct ledger_report, file.drop),
        offsetof(struct ledger_report, file.recipient), offsetof(struct ledger_report, file.sha256),
        offsetof(struct ledger_report, file.sender),    offsetof(struct ledger_report, file.environment),
        offsetof(struct ledger_report, file.folder),    offsetof(struct ledger_report, file.upload_name),
        offsetof(struct ledger_report, file.profile)};
    static const struct ledger_shape shape = {sizeof(struct ledger_report), read_report, strings,
                                              G_N_ELEMENTS(strings)};
    return ledger_all(ledger,
                      ledger_query(ledger, &of_period, LEDGER_VALUES(LEDGER_TEXT(ref), LEDGER_INT(starts)), error),
                      &shape, reports, error);
}

/* Starts from the outgoing files that are not DELIVERED, which are few, and not from the periods. */
bool ledger_periods_undelivered(struct ledger *ledger, int64_t issued_until, ledger_undelivered_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(undelivered, "SELECT " PERIOD ",count(*) FROM outgoing p JOIN report r ON r.outgoing=p.id"
                            " JOIN report_period e ON e.ref=r.ref AND e.starts=r.starts"
                            " WHERE p.state<3 AND e.issued<=? GROUP BY e.ref,e.starts ORDER BY e.ends,e.ref");
    sqlite3_stmt *q = ledger_query(ledger, &undelivered, LEDGER_VALUES(LEDGER_INT(issued_until)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_period period;
        read_period(q, 0, &period);
        good = visit(user, &period, sqlite3_column_int64(q, PERIOD_COLUMNS), error);
    }
    ledger_end(q);
    return good;
}

bool ledger_period_undelivered_to(struct ledger *ledger, const struct ledger_period *period, const char *drop,
                                  int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM outgoing p JOIN report r ON r.outgoing=p.id WHERE p.state<3"
                      " AND p.drop_name=? AND r.ref=? AND r.starts=?");
    return ledger_number(
        ledger,
        ledger_query(ledger, &count,
                     LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_TEXT(period->ref), LEDGER_INT(period->starts)), error),
        n, error);
}

/* ---- rows that are in one period only ---- */

bool ledger_reported_exists(struct ledger *ledger, const struct ledger_reported *row, bool *reported, GError **error)
{
    LEDGER_SQL(by_key, "SELECT count(*) FROM reported_row WHERE ref=? AND device_id=? AND since=? AND supplier=?");
    int64_t n = 0;
    if (!ledger_number(ledger,
                       ledger_query(ledger, &by_key,
                                    LEDGER_VALUES(LEDGER_TEXT(row->ref), LEDGER_ID(row->device), LEDGER_INT(row->since),
                                                  LEDGER_ID(row->supplier)),
                                    error),
                       &n, error))
        return false;
    *reported = n > 0;
    return true;
}

/* From when on the rows of a report are recorded: version 8 of the tables keeps the end of the last period before. */
#define ROWS_SINCE "ifnull((SELECT value FROM counter WHERE name='rows since '||?1),0)"

bool ledger_reported_from(struct ledger *ledger, const char *ref, int64_t *from, GError **error)
{
    LEDGER_SQL(from_time, "SELECT max(min(starts)," ROWS_SINCE ") FROM report_period WHERE ref=?1");
    return ledger_number(ledger, ledger_query(ledger, &from_time, LEDGER_VALUES(LEDGER_TEXT(ref)), error), from, error);
}

bool ledger_reported_each(struct ledger *ledger, const struct ledger_period *period, ledger_reported_visit visit,
                          void *user, GError **error)
{
    LEDGER_SQL(of_period, "SELECT device_id,since,supplier FROM reported_row WHERE ref=? AND starts=?"
                          " ORDER BY device_id,since,supplier");
    sqlite3_stmt *q =
        ledger_query(ledger, &of_period, LEDGER_VALUES(LEDGER_TEXT(period->ref), LEDGER_INT(period->starts)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_reported reported = {period->ref, (uint64_t)sqlite3_column_int64(q, 0),
                                                 sqlite3_column_int64(q, 1), (uint64_t)sqlite3_column_int64(q, 2),
                                                 period->starts};
        good = visit(user, &reported, error);
    }
    ledger_end(q);
    return good;
}

/* ---- proof ---- */

/* Whether an issued period `e` starts elsewhere than where the one before it ends. A first one may start anywhere. */
#define AFTER_GAP                                                                                                      \
    "(e.starts>(SELECT min(f.starts) FROM report_period f WHERE f.ref=e.ref)"                                          \
    " AND e.starts<>(SELECT max(b.ends) FROM report_period b WHERE b.ref=e.ref AND b.starts<e.starts))"

/* How many rows the files of an issued period `e` have. */
#define ROWS_OF_FILES                                                                                                  \
    "ifnull((SELECT sum(p.rows) FROM report r JOIN outgoing p ON p.id=r.outgoing"                                      \
    " WHERE r.ref=e.ref AND r.starts=e.starts),0)"

bool ledger_reported_inconsistent(struct ledger *ledger, const char *ref, ledger_period_visit visit, void *user,
                                  GError **error)
{
    LEDGER_SQL(inconsistent,
               "SELECT " PERIOD " FROM report_period e WHERE e.ref=?1 AND ((e.starts>=" ROWS_SINCE " AND " ROWS_OF_FILES
               "<>(SELECT count(*) FROM reported_row w WHERE w.ref=e.ref AND w.starts=e.starts)) OR " AFTER_GAP ")"
               " ORDER BY e.starts");
    return each_period(ledger, ledger_query(ledger, &inconsistent, LEDGER_VALUES(LEDGER_TEXT(ref)), error), visit, user,
                       error);
}

bool ledger_reported_astray(struct ledger *ledger, const char *ref, int64_t *n, GError **error)
{
    LEDGER_SQL(astray, "SELECT count(*) FROM reported_row w WHERE w.ref=?"
                       " AND NOT EXISTS(SELECT 1 FROM report_period e WHERE e.ref=w.ref AND e.starts=w.starts)");
    return ledger_number(ledger, ledger_query(ledger, &astray, LEDGER_VALUES(LEDGER_TEXT(ref)), error), n, error);
}

bool ledger_periods_inconsistent(struct ledger *ledger, const struct ledger_listing *listing, ledger_period_visit visit,
                                 void *user, GError **error)
{
    LEDGER_SQL(inconsistent, "SELECT " PERIOD " FROM report_period e WHERE e.ref=?1 AND (e.unassigned+" ROWS_OF_FILES
                             "<>(SELECT count(*) FROM session s WHERE s.state=?2 AND s.ended>=e.starts"
                             " AND s.ended<e.ends)+(SELECT count(*) FROM session_was s WHERE s.state=?2 AND"
                             " s.ended>=e.starts AND s.ended<e.ends) OR " AFTER_GAP ") ORDER BY e.starts");
    return each_period(ledger,
                       ledger_query(ledger, &inconsistent,
                                    LEDGER_VALUES(LEDGER_TEXT(listing->ref), LEDGER_INT(listing->state)), error),
                       visit, user, error);
}

/* ---- weeks ---- */

bool ledger_week_put(struct ledger *ledger, const struct ledger_week *week, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO progress_week(ends,in_scope,migrated,remaining) VALUES(?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(week->ends), LEDGER_INT(week->in_scope), LEDGER_INT(week->migrated),
                                    LEDGER_INT(week->remaining)),
                      error);
}

bool ledger_weeks_each(struct ledger *ledger, int64_t before, ledger_week_visit visit, void *user, GError **error)
{
    LEDGER_SQL(before_time, "SELECT ends,in_scope,migrated,remaining FROM progress_week WHERE ends<? ORDER BY ends");
    sqlite3_stmt *q = ledger_query(ledger, &before_time, LEDGER_VALUES(LEDGER_INT(before)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_week week = {sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                                         sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3)};
        good = visit(user, &week, error);
    }
    ledger_end(q);
    return good;
}
