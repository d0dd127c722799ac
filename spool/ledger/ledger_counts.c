/*
 * Tables count_device, count_job, count_incident.
 *
 * A result file changes the state of each of its Devices. A trigger would add a statement to each of them; so the
 * changes of a transaction are summed in memory, and its commit stores them in one statement for each state. Jobs
 * and incidents are few, and their counts are rows that change with them.
 */
#include "spool/ledger/ledger_counts.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

/* ---- changes ---- */

void ledger_count_devices(struct ledger *ledger, enum ledger_state state, int64_t n)
{
    ledger->counted[state] += n;
}

bool ledger_count_store(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(add, "INSERT INTO count_device(state,n) VALUES(?1,?2) ON CONFLICT(state) DO UPDATE SET n=n+?2");

    for (int state = 0; state < LEDGER_STATES; state++) {
        int64_t n = ledger->counted[state];
        if (n != 0 && !ledger_run(ledger, &add, LEDGER_VALUES(LEDGER_INT(state), LEDGER_INT(n)), error))
            return false;
    }
    memset(ledger->counted, 0, sizeof ledger->counted);
    return true;
}

bool ledger_count_job(struct ledger *ledger, int64_t job, int n, GError **error)
{
    LEDGER_SQL(add, "INSERT INTO count_job(direction,type,outcome,n) SELECT j.direction,ifnull(j.type,''),"
                    "ifnull(v.outcome,''),?2 FROM job j LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision"
                    " WHERE j.id=?1 ON CONFLICT(direction,type,outcome) DO UPDATE SET n=n+?2");
    return ledger_run(ledger, &add, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(n)), error);
}

/* ---- asking ---- */

/* What the transaction that is open has changed is not stored yet. */
bool ledger_state_counts_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(all, "SELECT state,n FROM count_device");
    int64_t n[LEDGER_STATES];
    sqlite3_stmt *q = ledger_query(ledger, &all, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    memcpy(n, ledger->counted, sizeof n);
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        int64_t state = sqlite3_column_int64(q, 0);
        if (state >= 0 && state < LEDGER_STATES)
            n[state] += sqlite3_column_int64(q, 1);
    }
    ledger_end(q);
    for (int state = 0; good && state < LEDGER_STATES; state++)
        good = n[state] == 0 || visit(user, ledger_state_name((enum ledger_state)state), n[state], error);
    return good;
}

/* '' stands for NULL, which a primary key does not compare. */
static const char *text_or_null(sqlite3_stmt *q, int column)
{
    const char *text = ledger_text(q, column);

    return text != NULL && *text != '\0' ? text : NULL;
}

bool ledger_job_counts_each(struct ledger *ledger, ledger_job_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(all, "SELECT direction,type,outcome,n FROM count_job WHERE n<>0 ORDER BY direction,type,outcome");
    sqlite3_stmt *q = ledger_query(ledger, &all, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_job_count count = {(enum ledger_direction)sqlite3_column_int(q, 0), text_or_null(q, 1),
                                               text_or_null(q, 2), sqlite3_column_int64(q, 3)};
        good = visit(user, &count, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_incident_counts_each(struct ledger *ledger, ledger_incident_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(all, "SELECT code,of_device,n FROM count_incident WHERE n<>0 ORDER BY code,of_device");
    sqlite3_stmt *q = ledger_query(ledger, &all, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_incident_count count = {ledger_text(q, 0), sqlite3_column_int(q, 1) != 0,
                                                    sqlite3_column_int64(q, 2)};
        good = visit(user, &count, error);
    }
    ledger_end(q);
    return good;
}

/* ---- proof ---- */

/* Counts that differ: a name, what is kept, what the rows say. `kept` and `rows` have the same columns, the last is the
 * number. */
#define DIFFERENT(name, columns, kept, rows)                                                                           \
    "SELECT " name ",ifnull(k.n,0),ifnull(r.n,0) FROM(" kept ") k FULL JOIN(" rows ") r USING(" columns ") WHERE"      \
    " ifnull(k.n,0)<>ifnull(r.n,0)"

bool ledger_counts_wrong(struct ledger *ledger, char **text, GError **error)
{
    LEDGER_SQL(different, DIFFERENT("'work items in state '||state", "state", "SELECT state,n FROM count_device",
                                    LEDGER_COUNTED_DEVICES) //
               " UNION ALL " DIFFERENT("'jobs '||iif(direction,'out ','in ')||type||' '||outcome",
                                       "direction,type,outcome", "SELECT direction,type,outcome,n FROM count_job",
                                       LEDGER_COUNTED_JOBS) //
               " UNION ALL " DIFFERENT("'open incidents '||code||iif(of_device,' of Devices','')", "code,of_device",
                                       "SELECT code,of_device,n FROM count_incident", LEDGER_COUNTED_INCIDENTS) //
               " UNION ALL " DIFFERENT("'Devices of '||subject||' in the hour '||hour", "subject,hour",
                                       "SELECT subject,hour,devices AS n FROM volume WHERE kind='sender'",
                                       LEDGER_COUNTED_VOLUMES " AND v.judged_at/3600>=(SELECT min(hour) FROM volume)"
                                                              " GROUP BY 1,2") //
               " UNION ALL SELECT 'parties of the inventory: '||role||printf(' %016X',party_id),0,1 "
               "FROM(" LEDGER_PARTIES_OF_INVENTORY ")i WHERE NOT EXISTS(SELECT 1 FROM inventory_party n"
               " WHERE n.party_id=i.party_id AND n.role=i.role)");
    g_autoptr(GString) found = g_string_new(NULL);
    sqlite3_stmt *q = ledger_query(ledger, &different, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        g_string_append_printf(found, "%s%s: %" G_GINT64_FORMAT " kept, %" G_GINT64_FORMAT " counted",
                               found->len > 0 ? "; " : "", ledger_text(q, 0), (int64_t)sqlite3_column_int64(q, 1),
                               (int64_t)sqlite3_column_int64(q, 2));
    ledger_end(q);
    if (good)
        *text = found->len > 0 ? g_strdup(found->str) : NULL;
    return good;
}
