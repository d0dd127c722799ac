/*
 * Incidents and their events: tables incident, incident_event, incident_reported.
 *
 * The ids of events have no gaps: an INC file reports a range of them, and the next one goes on where it ended. So an
 * event is inserted only together with the change that it stands for.
 */
#include "spool/ledger/ledger_incidents.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_tally.h"

/* An incident `i` with the name and BatchId of its file. */
#define COLUMNS                                                                                                        \
    "i.id,i.code,i.subject,i.parties,i.job,i.revision,i.device_id,i.begun,i.cleared,ifnull(i.cause,i.text),i.reason,"  \
    "i.who,(SELECT j.name FROM job j WHERE j.id=i.job),"                                                               \
    "(SELECT v.batch FROM verdict v WHERE v.job=i.job AND v.revision=i.revision),i.text"
enum { N_COLUMNS = 15 };

static const size_t strings[] = {offsetof(struct ledger_incident, code),      offsetof(struct ledger_incident, subject),
                                 offsetof(struct ledger_incident, parties),   offsetof(struct ledger_incident, text),
                                 offsetof(struct ledger_incident, reason),    offsetof(struct ledger_incident, who),
                                 offsetof(struct ledger_incident, file),      offsetof(struct ledger_incident, batch),
                                 offsetof(struct ledger_incident, opened_for)};

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
    incident->opened_for = ledger_text(q, c + 14);
}

static const struct ledger_shape shape = {sizeof(struct ledger_incident), read_incident, strings,
                                          G_N_ELEMENTS(strings)};

/* ---- opening and closing ---- */

/* More of a code in count_incident, or less. */
#define COUNT_THEM " ON CONFLICT(code,of_device) DO UPDATE SET n=n+excluded.n"

/* incident_event.event */
enum { OPENED, CLOSED };

/* The unique index on open incidents makes a second one with the same cause do nothing; then there is no event either.
 */
bool ledger_incident_open(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    LEDGER_SQL_BESIDE(open, "INSERT INTO incident(id,code,subject,parties,job,revision,device_id,begun,text)"
                            " VALUES((SELECT max((SELECT ifnull(max(id),0) FROM incident),"
                            "ifnull((SELECT value FROM counter WHERE name='incident'),0))+1),?,?,?,?,?,?,?,?)"
                            " ON CONFLICT(code,subject) WHERE cleared IS NULL DO NOTHING");
    LEDGER_SQL_BESIDE(event, "INSERT INTO incident_event(incident,event) VALUES(?,?)");
    LEDGER_SQL_BESIDE(count, "INSERT INTO count_incident(code,of_device,n) VALUES(?,?,1)" COUNT_THEM);
    if (!ledger_run(ledger, &open,
                    LEDGER_VALUES(LEDGER_TEXT(incident->code), LEDGER_TEXT(incident->subject),
                                  LEDGER_TEXT(incident->parties), LEDGER_INT_OR_NULL(incident->job),
                                  LEDGER_INT_OR_NULL(incident->revision),
                                  LEDGER_ID_IF(incident->has_device, incident->device), LEDGER_INT(incident->opened),
                                  LEDGER_TEXT(incident->text)),
                    error))
        return false;
    if (sqlite3_changes(ledger->db) == 0)
        return true; /* one is open already */
    if (incident->has_device)
        ledger->device_incidents = LEDGER_INCIDENTS_SOME;
    int64_t id = sqlite3_last_insert_rowid(ledger->db);
    const struct ledger_tally opened = {.what = LEDGER_TALLY_INCIDENT, .a = incident->code, .n = 1};
    return ledger_tally_add(ledger, &opened, error) &&
           ledger_run(ledger, &event, LEDGER_VALUES(LEDGER_INT(id), LEDGER_INT(OPENED)), error) &&
           ledger_run(ledger, &count, LEDGER_VALUES(LEDGER_TEXT(incident->code), LEDGER_INT(incident->has_device)),
                      error);
}

bool ledger_incident_change(struct ledger *ledger, int64_t id, const char *text, GError **error)
{
    LEDGER_SQL(change, "UPDATE incident SET cause=? WHERE id=? AND cleared IS NULL");
    return ledger_run(ledger, &change, LEDGER_VALUES(LEDGER_TEXT(text), LEDGER_INT(id)), error);
}

/* Closing is three statements with the same placeholders, for incidents that are still open: first the events and the
 * counts, then the incidents. ?1 is the time, ?3 and ?4 what an operator says; the first two do not use them. */
struct closing {
    struct ledger_sql events, counts, close;
};
#define OPEN(which_) " FROM incident WHERE " which_ " AND cleared IS NULL"
#define CLOSING(name, which_, set)                                                                                     \
    static struct closing name = {                                                                                     \
        {LEDGER_BESIDE "INSERT INTO incident_event(incident,event) SELECT id,1" OPEN(which_) " ORDER BY id"},          \
        {LEDGER_BESIDE                                                                                                 \
         "INSERT INTO count_incident(code,of_device,n) SELECT code,device_id IS NOT NULL,-count(*)" OPEN(              \
             which_) " GROUP BY 1,2" COUNT_THEM},                                                                      \
        {LEDGER_BESIDE "UPDATE incident SET cleared=?1" set " WHERE " which_ " AND cleared IS NULL"}}
#define BY_HAND ",reason=?3,who=?4"

/* which: the values of the first two statements; all: those of the last one. */
static bool run_closing(struct ledger *ledger, const struct closing *closing, struct ledger_values which,
                        struct ledger_values all, GError **error)
{
    if (!ledger_run(ledger, &closing->events, which, error))
        return false;
    return sqlite3_changes(ledger->db) == 0 ||
           (ledger_run(ledger, &closing->counts, which, error) && ledger_run(ledger, &closing->close, all, error));
}

bool ledger_incident_close(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error)
{
    CLOSING(closing, "code=?2 AND subject=?3", "");
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(at), LEDGER_TEXT(code), LEDGER_TEXT(subject));
    return run_closing(ledger, &closing, values, values, error);
}

/* Asks the table once in a transaction. */
static bool find_device_incidents(struct ledger *ledger, GError **error)
{
    LEDGER_SQL_BESIDE(any, "SELECT EXISTS(SELECT 1 FROM incident WHERE cleared IS NULL AND device_id IS NOT NULL)");
    int64_t some = 0;

    if (ledger->device_incidents != LEDGER_INCIDENTS_UNKNOWN)
        return true;
    if (!ledger_number(ledger, ledger_query(ledger, &any, LEDGER_NO_VALUES, error), &some, error))
        return false;
    if (sqlite3_get_autocommit(ledger->db) == 0)
        ledger->device_incidents = some != 0 ? LEDGER_INCIDENTS_SOME : LEDGER_INCIDENTS_NONE;
    return true;
}

/* Called for every Device that migrates, and for every accepted one while any incident is open. Nearly always there is
 * nothing to close: that costs nothing if no Device has an incident, else one look into the index of open ones. */
#define BY_DEVICE "device_id=?2"
bool ledger_incident_close_device(struct ledger *ledger, uint64_t device, int64_t at, GError **error)
{
    LEDGER_SQL_BESIDE(any, "SELECT 1 FROM incident WHERE device_id=? AND cleared IS NULL");
    CLOSING(closing, BY_DEVICE, "");
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(at), LEDGER_ID(device));
    int64_t n = 0;
    if (!find_device_incidents(ledger, error))
        return false;
    if (ledger->device_incidents == LEDGER_INCIDENTS_NONE)
        return true;
    if (!ledger_number(ledger, ledger_query(ledger, &any, LEDGER_VALUES(LEDGER_ID(device)), error), &n, error))
        return false;
    return n == 0 || run_closing(ledger, &closing, values, values, error);
}

/* Of the file itself: incidents of its Devices are closed with the Devices. The plus has SQLite find the files of that
 * name by their name: by the drop it would walk all files that ever came from it, for each file. */
bool ledger_incident_close_file(struct ledger *ledger, int64_t job, int64_t at, GError **error)
{
    CLOSING(closing,
            "device_id IS NULL AND job IN(SELECT o.id FROM job n JOIN job o ON o.name=n.name"
            " AND +o.drop_name=n.drop_name WHERE n.id=?2)",
            "");
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(at), LEDGER_INT(job));
    return run_closing(ledger, &closing, values, values, error);
}

bool ledger_incident_close_by_hand(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    CLOSING(closing, "id=?2", BY_HAND);
    return run_closing(ledger, &closing, LEDGER_VALUES(LEDGER_INT(incident->closed), LEDGER_INT(incident->id)),
                       LEDGER_VALUES(LEDGER_INT(incident->closed), LEDGER_INT(incident->id),
                                     LEDGER_TEXT(incident->reason), LEDGER_TEXT(incident->who)),
                       error);
}

bool ledger_incident_close_device_by_hand(struct ledger *ledger, const struct ledger_incident *incident, GError **error)
{
    CLOSING(closing, BY_DEVICE, BY_HAND);
    return run_closing(ledger, &closing, LEDGER_VALUES(LEDGER_INT(incident->closed), LEDGER_ID(incident->device)),
                       LEDGER_VALUES(LEDGER_INT(incident->closed), LEDGER_ID(incident->device),
                                     LEDGER_TEXT(incident->reason), LEDGER_TEXT(incident->who)),
                       error);
}

/* ---- asking ---- */

bool ledger_incident_get(struct ledger *ledger, int64_t id, struct ledger_incident **row, GError **error)
{
    LEDGER_SQL(of_id, "SELECT " COLUMNS " FROM incident i WHERE i.id=?");
    void *found = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_id, LEDGER_VALUES(LEDGER_INT(id)), error), &shape, &found, error))
        return false;
    *row = found;
    return true;
}

bool ledger_incident_newest(struct ledger *ledger, const char *code, const char *subject, struct ledger_incident **row,
                            GError **error)
{
    LEDGER_SQL(newest, "SELECT " COLUMNS " FROM incident i WHERE i.code=? AND i.subject=?"
                       " ORDER BY i.id DESC LIMIT 1");
    void *found = NULL;
    if (!ledger_one(ledger,
                    ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_TEXT(code), LEDGER_TEXT(subject)), error),
                    &shape, &found, error))
        return false;
    *row = found;
    return true;
}

bool ledger_incident_is_open(struct ledger *ledger, const char *code, const char *subject, bool *open, GError **error)
{
    LEDGER_SQL(open_one, "SELECT count(*) FROM incident WHERE code=? AND subject=? AND cleared IS NULL");
    int64_t n = 0;
    if (!ledger_number(ledger,
                       ledger_query(ledger, &open_one, LEDGER_VALUES(LEDGER_TEXT(code), LEDGER_TEXT(subject)), error),
                       &n, error))
        return false;
    *open = n > 0;
    return true;
}

/* With limit 1 it says whether there is any, however many there are. */
bool ledger_device_incidents_count(struct ledger *ledger, int64_t limit, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM (SELECT 1 FROM incident WHERE cleared IS NULL"
                      " AND device_id IS NOT NULL LIMIT ?)");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_INT(limit)), error), n, error);
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
    LEDGER_SQL(walk, "SELECT " COLUMNS " FROM incident i WHERE ?1 OR i.cleared IS NULL ORDER BY i.id");
    return visit_all(ledger, ledger_query(ledger, &walk, LEDGER_VALUES(LEDGER_INT(all)), error), visit, user, error);
}

bool ledger_incidents_recent(struct ledger *ledger, int64_t closed_limit, ledger_incident_visit visit, void *user,
                             GError **error)
{
    LEDGER_SQL(recent, "SELECT " COLUMNS " FROM incident i WHERE i.device_id IS NULL AND"
                       " (i.cleared IS NULL OR i.id IN(SELECT id FROM incident WHERE cleared IS NOT NULL"
                       " AND device_id IS NULL ORDER BY id DESC LIMIT ?))"
                       " ORDER BY i.id");
    return visit_all(ledger, ledger_query(ledger, &recent, LEDGER_VALUES(LEDGER_INT(closed_limit)), error), visit, user,
                     error);
}

bool ledger_incidents_with_code(struct ledger *ledger, const char *code, ledger_incident_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(with_code, "SELECT " COLUMNS " FROM incident i WHERE i.code=? AND i.cleared IS NULL"
                          " ORDER BY i.id");
    return visit_all(ledger, ledger_query(ledger, &with_code, LEDGER_VALUES(LEDGER_TEXT(code)), error), visit, user,
                     error);
}

static bool add_subject(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error; /* nothing here can fail */
    g_ptr_array_add(user, g_strdup(incident->subject));
    return true;
}

bool ledger_incident_subjects(struct ledger *ledger, const char *code, GPtrArray **subjects, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    if (!ledger_incidents_with_code(ledger, code, add_subject, all, error))
        return false;
    *subjects = g_steal_pointer(&all);
    return true;
}

static bool add_device(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error; /* nothing here can fail */
    if (incident->has_device)
        g_array_append_val((GArray *)user, incident->device);
    return true;
}

bool ledger_incident_devices(struct ledger *ledger, const char *code, GArray **devices, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    if (!ledger_incidents_with_code(ledger, code, add_device, all, error))
        return false;
    *devices = g_steal_pointer(&all);
    return true;
}

bool ledger_incidents_of_device(struct ledger *ledger, uint64_t device, ledger_incident_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(of_device, "SELECT " COLUMNS " FROM incident i WHERE i.device_id=? AND i.cleared IS NULL"
                          " ORDER BY i.id");
    return visit_all(ledger, ledger_query(ledger, &of_device, LEDGER_VALUES(LEDGER_ID(device)), error), visit, user,
                     error);
}

/* ---- events ---- */

bool ledger_events_newest(struct ledger *ledger, int64_t *id, GError **error)
{
    LEDGER_SQL(newest, "SELECT max(id) FROM incident_event");
    *id = 0;
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), id, error);
}

/* The next event to report is the one after the last range; event ids start at 1. */
bool ledger_events_unreported(struct ledger *ledger, int64_t *first, int64_t *n, GError **error)
{
    LEDGER_SQL(next, "SELECT first+events FROM incident_reported ORDER BY job DESC LIMIT 1");
    int64_t last = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &next, LEDGER_NO_VALUES, error), first, error) ||
        !ledger_events_newest(ledger, &last, error))
        return false;
    *first = MAX(*first, 1);
    *n = MAX(last - *first + 1, 0);
    return true;
}

bool ledger_events_mark_reported(struct ledger *ledger, int64_t job, int64_t first, int64_t n, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO incident_reported(job,first,events) VALUES(?,?,?)");
    return ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(first), LEDGER_INT(n)), error);
}

/* Columns after the incident's: the event, and the job that reports it. Visits the rows of a query; ends it. */
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
    LEDGER_SQL(of_job, "SELECT " COLUMNS EVENT "t.job FROM incident_reported t CROSS JOIN incident_event e"
                       " CROSS JOIN incident i WHERE t.job=? AND e.id>=t.first"
                       " AND e.id<t.first+t.events AND i.id=e.incident ORDER BY e.id");
    return visit_events(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), visit, user,
                        error);
}

bool ledger_events_of(struct ledger *ledger, int64_t incident, ledger_event_visit visit, void *user, GError **error)
{
    LEDGER_SQL(of_incident, "SELECT " COLUMNS EVENT
                            "(SELECT t.job FROM incident_reported t WHERE e.id>=t.first AND e.id<t.first+t.events)"
                            " FROM incident i CROSS JOIN incident_event e WHERE i.id=? AND e.incident=i.id"
                            " ORDER BY e.id");
    return visit_events(ledger, ledger_query(ledger, &of_incident, LEDGER_VALUES(LEDGER_INT(incident)), error), visit,
                        user, error);
}

bool ledger_events_after(struct ledger *ledger, int64_t id, ledger_event_visit visit, void *user, GError **error)
{
    LEDGER_SQL(after, "SELECT " COLUMNS EVENT
                      "0 FROM incident_event e CROSS JOIN incident i WHERE e.id>? AND i.id=e.incident ORDER BY e.id");
    return visit_events(ledger, ledger_query(ledger, &after, LEDGER_VALUES(LEDGER_INT(id)), error), visit, user, error);
}
