#include "spool/ledger/ledger_incidents.h"

#include "spool/ledger/ledger_private.h"

#define COLUMNS                                                                                                        \
    "i.id,i.code,i.subject,i.parties,i.job,i.revision,i.device_id,i.begun,i.cleared,i.text,i.reason,i.who,"            \
    "(SELECT j.name FROM job j WHERE j.id=i.job),"                                                                     \
    "(SELECT v.batch FROM verdict v WHERE v.job=i.job AND v.revision=i.revision)"
enum { N_COLUMNS = 14 };

static const size_t strings[] = {offsetof(struct ledger_incident, code),    offsetof(struct ledger_incident, subject),
                                 offsetof(struct ledger_incident, parties), offsetof(struct ledger_incident, text),
                                 offsetof(struct ledger_incident, reason),  offsetof(struct ledger_incident, who),
                                 offsetof(struct ledger_incident, file),    offsetof(struct ledger_incident, batch)};

static void read_incident(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_incident *incident = row;
    incident->id = sqlite3_column_int64(q, c);
    incident->code = ledger_text(q, c + 1);
    incident->subject = ledger_text(q, c + 2);
    incident->parties = ledger_text(q, c + 3);
    incident->job = sqlite3_column_int64(q, c + 4);
    incident->revision = sqlite3_column_int64(q, c + 5);
    incident->has_device = sqlite3_column_type(q, c + 6) != SQLITE_NULL;
    incident->device = (uint64_t)sqlite3_column_int64(q, c + 6);
    incident->opened = sqlite3_column_int64(q, c + 7);
    incident->closed = sqlite3_column_int64(q, c + 8);
    incident->text = ledger_text(q, c + 9);
    incident->reason = ledger_text(q, c + 10);
    incident->who = ledger_text(q, c + 11);
    incident->file = ledger_text(q, c + 12);
    incident->batch = ledger_text(q, c + 13);
}

static const struct ledger_shape shape = {sizeof(struct ledger_incident), read_incident, strings,
                                          G_N_ELEMENTS(strings)};

/* ---- opening and closing ---- */

enum { OPENED, CLOSED };

bool ledger_incident_open(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    if (!ledger_run(ledger, error,
                    "INSERT INTO incident(code,subject,parties,job,revision,device_id,begun,text)"
                    " VALUES(?1,?2,?3,?4,?5,iif(?6,?7,NULL),?8,?9)"
                    " ON CONFLICT(code,subject) WHERE cleared IS NULL DO NOTHING",
                    "tttzziiit", incident->code, incident->subject, incident->parties, incident->job,
                    incident->revision, (int64_t)incident->has_device, (int64_t)incident->device, incident->opened,
                    incident->text))
        return false;
    return sqlite3_changes(ledger->db) == 0 ||
           ledger_run(ledger, error, "INSERT INTO incident_event(incident,event) VALUES(?,?)", "ii",
                      (int64_t)sqlite3_last_insert_rowid(ledger->db), (int64_t)OPENED);
}

/* Events first, for they are of those that last; ?1 is the time, unused there. */
#define EVENTS_OF(which_)                                                                                              \
    "INSERT INTO incident_event(incident,event) SELECT id,1 FROM incident WHERE " which_ " AND cleared IS NULL"        \
    " ORDER BY id"
#define CLOSE_OF(which_) "UPDATE incident SET cleared=?1 WHERE " which_ " AND cleared IS NULL"

#define BY_CAUSE "code=?2 AND subject=?3"
bool ledger_incident_close(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error)
{
    return ledger_run(ledger, error, EVENTS_OF(BY_CAUSE), "itt", at, code, subject) &&
           ledger_run(ledger, error, CLOSE_OF(BY_CAUSE), "itt", at, code, subject);
}

#define BY_DEVICE "device_id=?2"
bool ledger_incident_close_device(struct ledger *ledger, uint64_t device, int64_t at, GError **error)
{
    int64_t n = 0;
    if (!ledger_number(ledger,
                       ledger_query(ledger, error, "SELECT 1 FROM incident WHERE device_id=? AND cleared IS NULL", "i",
                                    (int64_t)device),
                       &n, error))
        return false;
    return n == 0 || (ledger_run(ledger, error, EVENTS_OF(BY_DEVICE), "ii", at, (int64_t)device) &&
                      ledger_run(ledger, error, CLOSE_OF(BY_DEVICE), "ii", at, (int64_t)device));
}

#define BY_FILE "device_id IS NULL AND job IN(SELECT id FROM job WHERE name=?2 AND sender=?3)"
bool ledger_incident_close_file(struct ledger *ledger, const char *sender, const char *name, int64_t at, GError **error)
{
    return ledger_run(ledger, error, EVENTS_OF(BY_FILE), "itt", at, name, sender) &&
           ledger_run(ledger, error, CLOSE_OF(BY_FILE), "itt", at, name, sender);
}

#define BY_ID "id=?2"
bool ledger_incident_close_by_hand(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    return ledger_run(ledger, error, EVENTS_OF(BY_ID), "ii", incident->closed, incident->id) &&
           ledger_run(ledger, error, "UPDATE incident SET cleared=?1,reason=?3,who=?4 WHERE id=?2 AND cleared IS NULL",
                      "iitt", incident->closed, incident->id, incident->reason, incident->who);
}

/* ---- asking ---- */

bool ledger_incident_get(struct ledger *ledger, int64_t id, struct ledger_incident **row, GError **error)
{
    void *found = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, error, "SELECT " COLUMNS " FROM incident i WHERE i.id=?", "i", id),
                    &shape, &found, error))
        return false;
    *row = found;
    return true;
}

bool ledger_incident_newest(struct ledger *ledger, const char *code, const char *subject, struct ledger_incident **row,
                            GError **error)
{
    void *found = NULL;
    if (!ledger_one(ledger,
                    ledger_query(ledger, error,
                                 "SELECT " COLUMNS " FROM incident i WHERE i.code=? AND i.subject=?"
                                 " ORDER BY i.id DESC LIMIT 1",
                                 "tt", code, subject),
                    &shape, &found, error))
        return false;
    *row = found;
    return true;
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

bool ledger_device_incidents_count(struct ledger *ledger, int64_t limit, int64_t *n, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT count(*) FROM (SELECT 1 FROM incident WHERE cleared IS NULL"
                                      " AND device_id IS NOT NULL LIMIT ?)",
                                      "i", limit),
                         n, error);
}

/* Visits the rows of a query; ends it. */
static bool visit_all(struct ledger *ledger, sqlite3_stmt *q, ledger_incident_visit visit, void *user, GError **error)
{
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_incident incident = {0};
        read_incident(q, 0, &incident);
        good = visit(user, &incident, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_incidents_each(struct ledger *ledger, bool all, ledger_incident_visit visit, void *user, GError **error)
{
    return visit_all(ledger,
                     ledger_query(ledger, error,
                                  "SELECT " COLUMNS " FROM incident i WHERE ?1 OR i.cleared IS NULL ORDER BY i.id", "i",
                                  (int64_t)all),
                     visit, user, error);
}

bool ledger_incidents_recent(struct ledger *ledger, int64_t closed_limit, ledger_incident_visit visit, void *user,
                             GError **error)
{
    return visit_all(ledger,
                     ledger_query(ledger, error,
                                  "SELECT " COLUMNS " FROM incident i WHERE i.device_id IS NULL AND"
                                  " (i.cleared IS NULL OR i.id IN(SELECT id FROM incident WHERE cleared IS NOT NULL"
                                  " AND device_id IS NULL ORDER BY id DESC LIMIT ?))"
                                  " ORDER BY i.id",
                                  "i", closed_limit),
                     visit, user, error);
}

bool ledger_incidents_with_code(struct ledger *ledger, const char *code, ledger_incident_visit visit, void *user,
                                GError **error)
{
    return visit_all(ledger,
                     ledger_query(ledger, error,
                                  "SELECT " COLUMNS " FROM incident i WHERE i.code=? AND i.cleared IS NULL"
                                  " ORDER BY i.id",
                                  "t", code),
                     visit, user, error);
}

bool ledger_incidents_of_device(struct ledger *ledger, uint64_t device, ledger_incident_visit visit, void *user,
                                GError **error)
{
    return visit_all(ledger,
                     ledger_query(ledger, error,
                                  "SELECT " COLUMNS " FROM incident i WHERE i.device_id=? AND i.cleared IS NULL"
                                  " ORDER BY i.id",
                                  "i", (int64_t)device),
                     visit, user, error);
}

/* ---- events ---- */

bool ledger_events_unreported(struct ledger *ledger, int64_t *first, int64_t *n, GError **error)
{
    int64_t last = 0;
    if (!ledger_number(
            ledger,
            ledger_query(ledger, error, "SELECT first+events FROM incident_reported ORDER BY job DESC LIMIT 1", ""),
            first, error) ||
        !ledger_number(ledger, ledger_query(ledger, error, "SELECT max(id) FROM incident_event", ""), &last, error))
        return false;
    *first = MAX(*first, 1);
    *n = MAX(last - *first + 1, 0);
    return true;
}

bool ledger_events_mark_reported(struct ledger *ledger, int64_t job, int64_t first, int64_t n, GError **error)
{
    return ledger_run(ledger, error, "INSERT INTO incident_reported(job,first,events) VALUES(?,?,?)", "iii", job, first,
                      n);
}

#define EVENT ",e.id,e.event,"
static bool visit_events(struct ledger *ledger, sqlite3_stmt *q, ledger_event_visit visit, void *user, GError **error)
{
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_incident incident = {0};
        read_incident(q, 0, &incident);
        const struct ledger_event event = {.id = sqlite3_column_int64(q, N_COLUMNS),
                                           .closed = sqlite3_column_int(q, N_COLUMNS + 1) == CLOSED,
                                           .reported_by = sqlite3_column_int64(q, N_COLUMNS + 2)};
        good = visit(user, &incident, &event, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_events_reported_by(struct ledger *ledger, int64_t job, ledger_event_visit visit, void *user, GError **error)
{
    return visit_events(ledger,
                        ledger_query(ledger, error,
                                     "SELECT " COLUMNS EVENT
                                     "t.job FROM incident_reported t CROSS JOIN incident_event e"
                                     " CROSS JOIN incident i WHERE t.job=? AND e.id>=t.first"
                                     " AND e.id<t.first+t.events AND i.id=e.incident ORDER BY e.id",
                                     "i", job),
                        visit, user, error);
}

bool ledger_events_of(struct ledger *ledger, int64_t incident, ledger_event_visit visit, void *user, GError **error)
{
    return visit_events(
        ledger,
        ledger_query(ledger, error,
                     "SELECT " COLUMNS EVENT
                     "(SELECT t.job FROM incident_reported t WHERE e.id>=t.first AND e.id<t.first+t.events)"
                     " FROM incident i CROSS JOIN incident_event e WHERE i.id=? AND e.incident=i.id"
                     " ORDER BY e.id",
                     "i", incident),
        visit, user, error);
}
