#include "spool/ledger_private.h"

static void read_incident(sqlite3_stmt *q, struct ledger_incident *incident)
{
    incident->id = sqlite3_column_int64(q, 0);
    incident->code = ledger_text(q, 1);
    incident->subject = ledger_text(q, 2);
    incident->begun = sqlite3_column_int64(q, 3);
    incident->cleared = sqlite3_column_int64(q, 4);
    incident->text = ledger_text(q, 5);
}

bool ledger_incident_begin(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    return ledger_run(ledger, error, "INSERT OR IGNORE INTO incident(code,subject,begun,text) VALUES(?,?,?,?)", "ttit",
                      incident->code, incident->subject, incident->begun, incident->text);
}

bool ledger_incident_clear(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error)
{
    return ledger_run(ledger, error, "UPDATE incident SET cleared=?3 WHERE code=?1 AND subject=?2 AND cleared IS NULL",
                      "tti", code, subject, at);
}

bool ledger_incident_is_open(struct ledger *ledger, const char *code, const char *subject, bool *open, GError **error)
{
    int64_t n = 0;
    if (!ledger_number(ledger,
                       ledger_query(ledger, error,
                                    "SELECT count(*) FROM incident WHERE code=? AND subject=? AND cleared IS NULL",
                                    "tt", code, subject),
                       &n, error))
        return false;
    *open = n > 0;
    return true;
}

bool ledger_incidents_each(struct ledger *ledger, int64_t cleared_limit, ledger_incident_visit visit, void *user,
                           GError **error)
{
    sqlite3_stmt *q = ledger_query(ledger, error,
                                   "SELECT id,code,subject,begun,cleared,text FROM incident WHERE cleared IS NULL OR"
                                   " id IN(SELECT id FROM incident WHERE cleared IS NOT NULL ORDER BY id DESC LIMIT ?)"
                                   " ORDER BY id",
                                   "i", cleared_limit);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_incident incident;
        read_incident(q, &incident);
        good = visit(user, &incident, error);
    }
    ledger_end(q);
    return good;
}
