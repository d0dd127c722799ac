/*
 * Work items with their sessions. A session has the present state and names the transitions with the newest statement
 * of each side, which are joined to it here.
 */
#include "spool/ledger/ledger_work.h"

#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* A session `s` with the newest statement of the TCoS side (`a`) and of the ECoS side (`b`). */
#define SESSION                                                                                                        \
    "s.item,s.state,s.transitions,s.last,s.try,s.answered,s.unused,s.delays,s.begun,s.ends,s.due,s.code,s.next_"       \
    "eligible,"                                                                                                        \
    "s.ended,s.tcos,a.statement,a.at,a.try,a.subject_id,a.key_id,s.ecos,b.statement,b.at,b.try,b.subject_id,b.key_id," \
    "a.existing_id,a.gbcs,a.duis,a.alert"
#define SESSION_FROM                                                                                                   \
    " LEFT JOIN session s ON s.item=w.item LEFT JOIN transition a ON a.id=s.tcos LEFT JOIN transition b ON "           \
    "b.id=s.ecos"
/* A work item `w` with its instruction's verdict `v` and job `j`, and its session if it has one. */
/* A row of `table` that fits. These tables are nearly always empty, which a statement asks once: without a condition on
 * the row. A search in each was a fifth of what reading a work item costs. */
#define ANY(table, fits) "iif(EXISTS(SELECT 1 FROM " table "),EXISTS(SELECT 1 FROM " table " x WHERE " fits "),0)"
#define WITHHELD ANY("withheld", "x.item=w.item")
#define OVERRULED ANY("device_release", "x.device_id=w.device_id AND x.transition>=s.last")
#define TAKEN_BACK ANY("withdrawn", "x.item=w.item")
#define HELD ANY("operator_hold", "(x.kind='device' AND x.subject=w.item)OR(x.kind='batch' AND x.subject=w.job)")
#define WORK                                                                                                           \
    "SELECT " LEDGER_ITEM ",j.org,v.batch,j.name,v.revision,v.judged_at," WITHHELD "," OVERRULED                       \
    ",v.reported," TAKEN_BACK "," HELD ",c.state,"                                                                     \
    "c.ended,c.code,c.next_eligible,c.try-c.unused," SESSION
#define OF_INSTRUCTION                                                                                                 \
    " JOIN job j ON j.id=w.job JOIN verdict v ON v.job=w.job AND w.item>=v.first_item"                                 \
    " AND w.item<v.first_item+v.items" CORRECTED
/* c: one row at most, also in ledgers of releases that kept an end once more for each change of its tries. */
#define CORRECTED                                                                                                      \
    " LEFT JOIN session_was c ON c.item=w.item AND c.ended IS NOT NULL"                                                \
    " AND NOT EXISTS(SELECT 1 FROM session_was d WHERE d.item=c.item AND d.until>c.until AND d.ended IS NOT NULL)"
#define WORK_FROM OF_INSTRUCTION SESSION_FROM
enum { WORK_CORRECTED = LEDGER_ITEM_COLUMNS + 10, WORK_SESSION = WORK_CORRECTED + 5, SESSION_COLUMNS = 30 };
enum { WORK_COLUMNS = WORK_SESSION + SESSION_COLUMNS };

/* ---- reading ---- */

/* Six columns of a statement's transition; all NULL if the side has made none. A negative statement has no identifiers
 * that count, even if its record had some. */
static void read_side(sqlite3_stmt *q, int c, struct ledger_side *side)
{
    enum ledger_statement statement = (enum ledger_statement)sqlite3_column_int(q, c + 1);
    side->transition = sqlite3_column_int64(q, c);
    if (side->transition == 0)
        return;
    side->good = statement == LEDGER_REPLACED || statement == LEDGER_CONFIRMED;
    side->at = sqlite3_column_int64(q, c + 2);
    if (!side->good)
        return;
    side->try = sqlite3_column_int64(q, c + 3);
    side->subject_id = ledger_text(q, c + 4);
    side->key_id = ledger_text(q, c + 5);
}

static void read_session(sqlite3_stmt *q, int c, struct ledger_session *session)
{
    session->state = (enum ledger_state)sqlite3_column_int(q, c + 1);
    session->transitions = sqlite3_column_int64(q, c + 2);
    session->last = sqlite3_column_int64(q, c + 3);
    session->try = sqlite3_column_int64(q, c + 4);
    session->answered = sqlite3_column_int(q, c + 5) != 0;
    session->unused = sqlite3_column_int(q, c + 6) != 0;
    session->delays = sqlite3_column_int64(q, c + 7);
    session->begun = sqlite3_column_int64(q, c + 8);
    session->ends = sqlite3_column_int64(q, c + 9);
    session->due = sqlite3_column_int64(q, c + 10);
    session->code = ledger_text(q, c + 11);
    session->next_eligible = sqlite3_column_int64(q, c + 12);
    session->ended = sqlite3_column_int64(q, c + 13);
    read_side(q, c + 14, &session->tcos);
    read_side(q, c + 20, &session->ecos);
    session->tcos.existing_id = session->tcos.good ? ledger_text(q, c + 26) : NULL;
    if (session->tcos.at == 0 || session->tcos.good)
        return;
    session->tcos.no_answer = sqlite3_column_int(q, c + 15) == LEDGER_NO_ANSWER;
    session->tcos.gbcs = ledger_text(q, c + 27);
    session->tcos.duis = ledger_text(q, c + 28);
    session->tcos.alert = ledger_text(q, c + 29);
}

static bool has_ended(const struct ledger_work *work)
{
    return work->item.outcome != LEDGER_READY || work->session.ended != 0;
}

static void read_work(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_work *work = row;
    enum { C = LEDGER_ITEM_COLUMNS };
    ledger_read_item(q, c, &work->item);
    work->org = ledger_text(q, c + C);
    work->batch = ledger_text(q, c + C + 1);
    work->name = ledger_text(q, c + C + 2);
    work->revision = sqlite3_column_int64(q, c + C + 3);
    work->judged_at = sqlite3_column_int64(q, c + C + 4);
    work->withheld = sqlite3_column_int(q, c + C + 5) != 0;
    work->overruled = sqlite3_column_int(q, c + C + 6) != 0;
    work->reported = sqlite3_column_int(q, c + C + 7) != 0;
    work->withdrawn = sqlite3_column_int(q, c + C + 8) != 0;
    work->held = sqlite3_column_int(q, c + C + 9) != 0;
    work->corrected = (struct ledger_end){.state = (enum ledger_state)sqlite3_column_int(q, c + WORK_CORRECTED),
                                          .ended = sqlite3_column_int64(q, c + WORK_CORRECTED + 1),
                                          .code = ledger_text(q, c + WORK_CORRECTED + 2),
                                          .next_eligible = sqlite3_column_int64(q, c + WORK_CORRECTED + 3),
                                          .tries = sqlite3_column_int64(q, c + WORK_CORRECTED + 4)};
    work->has_session = sqlite3_column_type(q, c + WORK_SESSION) != SQLITE_NULL;
    read_session(q, c + WORK_SESSION, &work->session);
    work->item.ended = has_ended(work);
}

static const size_t work_strings[] = {
    offsetof(struct ledger_work, item.device_text),
    offsetof(struct ledger_work, item.device_type),
    offsetof(struct ledger_work, item.manufacturer),
    offsetof(struct ledger_work, item.model),
    offsetof(struct ledger_work, item.firmware),
    offsetof(struct ledger_work, item.mpxn),
    offsetof(struct ledger_work, item.chf),
    offsetof(struct ledger_work, item.region),
    offsetof(struct ledger_work, item.attempt),
    offsetof(struct ledger_work, item.code),
    offsetof(struct ledger_work, item.text),
    offsetof(struct ledger_work, item.kept),
    offsetof(struct ledger_work, org),
    offsetof(struct ledger_work, batch),
    offsetof(struct ledger_work, name),
    offsetof(struct ledger_work, corrected.code),
    offsetof(struct ledger_work, session.code),
    offsetof(struct ledger_work, session.tcos.subject_id),
    offsetof(struct ledger_work, session.tcos.key_id),
    offsetof(struct ledger_work, session.tcos.existing_id),
    offsetof(struct ledger_work, session.tcos.gbcs),
    offsetof(struct ledger_work, session.tcos.duis),
    offsetof(struct ledger_work, session.tcos.alert),
    offsetof(struct ledger_work, session.ecos.subject_id),
    offsetof(struct ledger_work, session.ecos.key_id),
};
static const struct ledger_shape work_shape = {sizeof(struct ledger_work), read_work, work_strings,
                                               G_N_ELEMENTS(work_strings)};

/* ---- one work item ---- */

/* The records of a result file nearly all name the same instruction, so the last one found is kept. What is kept holds
 * within a transaction only: outside of one another process may change the ledger. */
static bool find_batch(struct ledger *ledger, const struct ledger_work_item_id *id, GError **error)
{
    LEDGER_SQL_BESIDE(of_batch, "SELECT v.job,v.first_item,v.items,v.revision,v.judged_at,v.reported FROM verdict v"
                                " JOIN job j ON j.id=v.job WHERE v.batch=?2 AND j.org=?1 AND v.items>0");
    struct ledger_recent_batch *recent = &ledger->recent_batch;
    bool known = recent->items > 0 && strcmp(recent->batch, id->batch) == 0 && strcmp(recent->org, id->org) == 0;
    if (known && sqlite3_get_autocommit(ledger->db) == 0)
        return true;
    *recent = (struct ledger_recent_batch){0};
    sqlite3_stmt *q =
        ledger_query(ledger, &of_batch, LEDGER_VALUES(LEDGER_TEXT(id->org), LEDGER_TEXT(id->batch)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good && row) {
        (void)g_strlcpy(recent->org, id->org, sizeof recent->org);
        (void)g_strlcpy(recent->batch, id->batch, sizeof recent->batch);
        recent->job = sqlite3_column_int64(q, 0);
        recent->first_item = sqlite3_column_int64(q, 1);
        recent->items = sqlite3_column_int64(q, 2);
        recent->revision = sqlite3_column_int64(q, 3);
        recent->judged_at = sqlite3_column_int64(q, 4);
        recent->reported = sqlite3_column_int(q, 5) != 0;
    }
    ledger_end(q);
    return good;
}

/* Without the texts of the item, which would be most of the cost. */
static void read_work_by_id(sqlite3_stmt *q, struct ledger_work *work)
{
    work->item.item = sqlite3_column_int64(q, 0);
    work->item.record = sqlite3_column_int64(q, 1);
    work->item.has_device = sqlite3_column_type(q, 2) != SQLITE_NULL;
    work->item.device = (uint64_t)sqlite3_column_int64(q, 2);
    work->item.outcome = (enum ledger_state)sqlite3_column_int(q, 3);
    work->withheld = sqlite3_column_int(q, 4) != 0;
    work->overruled = sqlite3_column_int(q, 5) != 0;
    work->withdrawn = sqlite3_column_int(q, 6) != 0;
    work->item.no_earlier = sqlite3_column_int(q, 7) != 0;
    work->has_session = sqlite3_column_type(q, 8) != SQLITE_NULL;
    read_session(q, 8, &work->session);
    work->item.ended = has_ended(work);
}

bool ledger_work_by_id(struct ledger *ledger, const struct ledger_work_item_id *id, struct ledger_work **work,
                       GError **error)
{
    LEDGER_SQL_BESIDE(from,
                      "SELECT w.item,w.record,w.device_id,w.outcome," WITHHELD "," OVERRULED "," TAKEN_BACK
                      ",w.no_earlier," SESSION " FROM work_item w" SESSION_FROM " WHERE w.item>=? ORDER BY w.item");
    const struct ledger_recent_batch *recent = &ledger->recent_batch;
    bool row = false;
    *work = NULL;
    ledger->work_walk.from = &from;
    if (!find_batch(ledger, id, error))
        return false;
    if (id->record <= 0 || id->record > recent->items)
        return true;
    bool good = ledger_walk_to(ledger, &ledger->work_walk, recent->first_item + id->record - 1, &row, error);
    if (good && row) {
        struct ledger_work found = {.item.job = recent->job,
                                    .revision = recent->revision,
                                    .judged_at = recent->judged_at,
                                    .reported = recent->reported};
        read_work_by_id(ledger->work_walk.query, &found);
        *work = ledger_pack(&found, sizeof found, work_strings, G_N_ELEMENTS(work_strings));
    }
    if (!row || sqlite3_get_autocommit(ledger->db) != 0)
        ledger_walk_end(ledger);
    return good;
}

bool ledger_work_get(struct ledger *ledger, int64_t item, struct ledger_work **work, GError **error)
{
    LEDGER_SQL(of_item, WORK " FROM work_item w" WORK_FROM " WHERE w.item=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_item, LEDGER_VALUES(LEDGER_INT(item)), error), &work_shape, &row,
                    error))
        return false;
    *work = row;
    return true;
}

bool ledger_work_of_device(struct ledger *ledger, uint64_t device, struct ledger_work **work, GError **error)
{
    /* State 7 is LEDGER_MIGRATED. */
    LEDGER_SQL(present, WORK " FROM work_item w" WORK_FROM " WHERE w.device_id=? ORDER BY NOT " LEDGER_IS_LIVE_IN(
                            "w", "s") ","
                                      "ifnull(s.state,0)<>7 OR " OVERRULED ",w.item DESC LIMIT 1");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &present, LEDGER_VALUES(LEDGER_ID(device)), error), &work_shape, &row,
                    error))
        return false;
    *work = row;
    return true;
}

bool ledger_work_open_beside(struct ledger *ledger, uint64_t device, int64_t item, GArray *items, GError **error)
{
    LEDGER_SQL_BESIDE(open,
                      "SELECT w.item FROM work_item w LEFT JOIN session s ON s.item=w.item WHERE w.device_id=?1"
                      " AND w.item<>?2 AND(" LEDGER_IS_LIVE_IN("w", "s") " OR s.due IS NOT NULL) ORDER BY w.item");
    sqlite3_stmt *q = ledger_query(ledger, &open, LEDGER_VALUES(LEDGER_ID(device), LEDGER_INT(item)), error);

    return ledger_numbers(ledger, q, items, error);
}

bool ledger_work_live(struct ledger *ledger, int64_t first_item, int64_t n, GArray *items, GError **error)
{
    LEDGER_SQL(live,
               "SELECT item FROM work_item w WHERE item>=?1 AND item<?1+?2 AND " LEDGER_IS_LIVE("w") " ORDER BY item");
    sqlite3_stmt *q = ledger_query(ledger, &live, LEDGER_VALUES(LEDGER_INT(first_item), LEDGER_INT(n)), error);

    return ledger_numbers(ledger, q, items, error);
}

bool ledger_ended_by_order(struct ledger *ledger, const struct ledger_verdict *of, const char *order_id, int64_t *n,
                           GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM session s JOIN transition t ON t.id=s.last WHERE s.item>=?1 AND"
                      " s.item<?1+?2 AND t.order_id=?3");
    return ledger_number(
        ledger,
        ledger_query(ledger, &count,
                     LEDGER_VALUES(LEDGER_INT(of->first_item), LEDGER_INT(of->items), LEDGER_TEXT(order_id)), error),
        n, error);
}

/* Of each session back to its newest transition with a code. Within a second the work items' order decides. */
bool ledger_work_newest_code(struct ledger *ledger, uint64_t device, char **code, GError **error)
{
    LEDGER_SQL(newest,
               "WITH RECURSIVE back(item,n,at,code,before) AS(SELECT t.item,t.n,t.at,t.code,t.before FROM work_item w"
               " JOIN session s ON s.item=w.item JOIN transition t ON t.id=s.last WHERE w.device_id=?1 UNION ALL"
               " SELECT t.item,t.n,t.at,t.code,t.before FROM back b JOIN transition t ON t.id=b.before"
               " WHERE b.code IS NULL) SELECT code FROM(SELECT item,n,at,code FROM back UNION ALL"
               " SELECT w.item,0,v.judged_at,w.code FROM work_item w JOIN verdict v ON v.job=w.job AND"
               " w.item>=v.first_item AND w.item<v.first_item+v.items WHERE w.device_id=?1)"
               " WHERE code IS NOT NULL ORDER BY at DESC,item DESC,n DESC LIMIT 1");
    sqlite3_stmt *q = ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_ID(device)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *code = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    ledger_end(q);
    return good;
}

bool ledger_work_with_inventory(struct ledger *ledger, int64_t item, ledger_work_inventory_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(of_item, WORK "," LEDGER_INVENTORY_ROW " FROM work_item w" WORK_FROM
                             " LEFT JOIN inventory i ON i.device_id=w.device_id WHERE w.item=?");
    sqlite3_stmt *q = ledger_query(ledger, &of_item, LEDGER_VALUES(LEDGER_INT(item)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good && row) {
        struct ledger_work work = {0};
        struct ledger_inventory device;
        read_work(q, 0, &work);
        ledger_read_inventory(q, WORK_COLUMNS, &device);
        good = visit(user, &work, sqlite3_column_type(q, WORK_COLUMNS) != SQLITE_NULL ? &device : NULL, error);
    }
    ledger_end(q);
    return good;
}

/* ---- many work items ---- */

/* Visits WORK rows; ends the query. */
static bool each(struct ledger *ledger, sqlite3_stmt *query, ledger_work_visit visit, void *user, GError **error)
{
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_work work = {0};
        read_work(query, 0, &work);
        good = visit(user, &work, error);
    }
    ledger_end(query);
    return good;
}

bool ledger_work_of_device_each(struct ledger *ledger, uint64_t device, ledger_work_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(of_device, WORK " FROM work_item w" WORK_FROM " WHERE w.device_id=? ORDER BY w.item");
    return each(ledger, ledger_query(ledger, &of_device, LEDGER_VALUES(LEDGER_ID(device)), error), visit, user, error);
}

/* What a session was when the EMO was planned: the oldest row of session_was that a later transition replaced. A row
 * that was no corrected end does not say when the session ended: that is in the corrected end of that state, or in the
 * session, for a session ends in a state once. */
static void read_session_then(sqlite3_stmt *q, int c, struct ledger_work *work)
{
    struct ledger_session *session = &work->session;
    const struct ledger_end *corrected = &work->corrected;
    enum ledger_state state = (enum ledger_state)sqlite3_column_int(q, c);

    if (sqlite3_column_type(q, c) == SQLITE_NULL)
        return; /* it has not changed since */
    if (sqlite3_column_type(q, c + 5) != SQLITE_NULL)
        session->ended = sqlite3_column_int64(q, c + 5);
    else if (corrected->ended != 0 && corrected->state == state)
        session->ended = corrected->ended;
    else if (session->state != state)
        session->ended = 0;
    session->state = state;
    session->try = sqlite3_column_int64(q, c + 1);
    session->unused = sqlite3_column_int(q, c + 2) != 0;
    session->code = ledger_text(q, c + 3);
    session->next_eligible = sqlite3_column_int64(q, c + 4);
}

/* Columns of OF_OUTCOME below. Those of read_work, of which an EMO shows a third, and the statements of both sides were
 * half of what its rows cost. */
static void read_outcome(sqlite3_stmt *q, struct ledger_work *work)
{
    work->item.item = sqlite3_column_int64(q, 0);
    work->item.record = sqlite3_column_int64(q, 1);
    work->item.has_device = sqlite3_column_type(q, 2) != SQLITE_NULL;
    work->item.device = (uint64_t)sqlite3_column_int64(q, 2);
    work->item.device_text = ledger_text(q, 3);
    work->item.outcome = (enum ledger_state)sqlite3_column_int(q, 4);
    work->item.code = ledger_text(q, 5);
    work->item.next_eligible = sqlite3_column_int64(q, 6);
    work->item.kept = ledger_text(q, 7);
    work->org = ledger_text(q, 8);
    work->batch = ledger_text(q, 9);
    work->judged_at = sqlite3_column_int64(q, 10);
    work->corrected.state = (enum ledger_state)sqlite3_column_int(q, 11);
    work->corrected.ended = sqlite3_column_int64(q, 12);
    work->has_session = sqlite3_column_type(q, 13) != SQLITE_NULL;
    work->session.state = (enum ledger_state)sqlite3_column_int(q, 13);
    work->session.try = sqlite3_column_int64(q, 14);
    work->session.unused = sqlite3_column_int(q, 15) != 0;
    work->session.code = ledger_text(q, 16);
    work->session.next_eligible = sqlite3_column_int64(q, 17);
    work->session.ended = sqlite3_column_int64(q, 18);
    read_session_then(q, 19, work);
}

bool ledger_work_of_outcome_each(struct ledger *ledger, int64_t job, ledger_work_visit visit, void *user,
                                 GError **error)
{
#define OF_OUTCOME                                                                                                     \
    "w.item,w.record,w.device_id,w.device_text,w.outcome,w.code,w.next_eligible,w.kept,j.org,v.batch,v.judged_at,"     \
    "c.state,c.ended,s.state,s.try,s.unused,s.code,s.next_eligible,s.ended,"                                           \
    "p.state,p.try,p.unused,p.code,p.next_eligible,p.ended"
    LEDGER_SQL(
        of_outcome,
        "SELECT " OF_OUTCOME " FROM outcome_file f CROSS JOIN job j ON j.id=f.instruction CROSS JOIN verdict v"
        " ON v.job=f.instruction AND v.revision=(SELECT revision FROM verdict WHERE job=f.instruction AND items>0)"
        " CROSS JOIN work_item w ON w.job=f.instruction AND w.item>=f.first_item AND "
        "w.item<f.first_item+f.items" CORRECTED
        " LEFT JOIN session s ON s.item=w.item LEFT JOIN session_was p ON p.item=w.item AND p.until="
        "(SELECT min(o.until) FROM session_was o WHERE o.item=w.item AND o.until>f.last)"
        " WHERE f.job=? ORDER BY w.item");
#undef OF_OUTCOME
    sqlite3_stmt *q = ledger_query(ledger, &of_outcome, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_work work = {0};
        read_outcome(q, &work);
        good = visit(user, &work, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_work_in_state_each(struct ledger *ledger, const struct ledger_in_state *which, ledger_work_visit visit,
                               void *user, GError **error)
{
#define BY_DUE_TIME " ORDER BY ifnull(s.due,v.judged_at),w.item LIMIT CASE ?2 WHEN 0 THEN -1 ELSE ?2 END"
    LEDGER_SQL(in_state, WORK " FROM work_item w" WORK_FROM " WHERE ifnull(s.state,w.outcome)=?1" BY_DUE_TIME);
    LEDGER_SQL(withheld, WORK " FROM withheld k CROSS JOIN work_item w USING(item)" WORK_FROM
                              " WHERE " LEDGER_IS_LIVE_IN("w", "s") " AND ?1 IS NOT NULL" BY_DUE_TIME);
#undef BY_DUE_TIME
    return each(ledger,
                ledger_query(ledger, which->withheld ? &withheld : &in_state,
                             LEDGER_VALUES(LEDGER_INT(which->state), LEDGER_INT(which->limit)), error),
                visit, user, error);
}

/* Whether a Device was withdrawn from an order is in a later transition of its item (7: LEDGER_WITHDRAWN). No index
 * leads to it, so only an order with less records than it had is asked. */
#define WITHDRAWN                                                                                                      \
    "EXISTS(WITH RECURSIVE back(id) AS(VALUES(s.last) UNION ALL SELECT x.before FROM back JOIN transition x USING(id)" \
    " WHERE x.before>t.id) SELECT 1 FROM back JOIN transition x USING(id) WHERE x.statement=7 AND x.job=t.job)"

/* state=3 (DISPATCHED) is the condition of the index by work order. */
bool ledger_work_order_each(struct ledger *ledger, int64_t job, ledger_work_order_visit visit, void *user,
                            GError **error)
{
    LEDGER_SQL(of_order, WORK
               "," LEDGER_TRANSITION " FROM transition t CROSS JOIN work_item w ON w.item=t.item" WORK_FROM
               " WHERE t.job=?1 AND t.state=3 AND((SELECT max(rows) FROM outgoing WHERE job=?1)>="
               "(SELECT max(record) FROM transition WHERE job=?1 AND state=3) OR NOT " WITHDRAWN ") ORDER BY t.record");
    sqlite3_stmt *q = ledger_query(ledger, &of_order, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_work work = {0};
        struct ledger_transition transition;
        read_work(q, 0, &work);
        ledger_read_transition(q, WORK_COLUMNS, &transition);
        good = visit(user, &work, &transition, error);
    }
    ledger_end(q);
    return good;
}

/* The signature of a work order `outgoing` may stand in the drop before it. Then the order stays as it is. */
#define UNSIGNED                                                                                                       \
    " AND NOT EXISTS(SELECT 1 FROM outgoing s WHERE s.name=outgoing.name||'" LEDGER_SIGNATURE "'"                      \
    " AND(s.state=3 OR s.rename_sent<>0))"

bool ledger_orders_undelivered(struct ledger *ledger, GArray *jobs, GError **error)
{
    LEDGER_SQL(find,
               "SELECT job FROM outgoing WHERE state<3 AND rename_sent=0 AND kind='EMW'"
               " AND NOT EXISTS(SELECT 1 FROM redelivered r WHERE r.outgoing=outgoing.id)" UNSIGNED " ORDER BY id");
    return ledger_numbers(ledger, ledger_query(ledger, &find, LEDGER_NO_VALUES, error), jobs, error);
}

bool ledger_order_shorten(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(shorten, "UPDATE outgoing SET state=0,rows=rows-1,size=-1,sha256=NULL,upload_name=NULL WHERE job=?"
                        " AND state<3 AND rename_sent=0 AND kind='EMW' AND rows>0"
                        " AND NOT EXISTS(SELECT 1 FROM redelivered r WHERE r.outgoing=outgoing.id)" UNSIGNED);
    LEDGER_SQL(unsign, "UPDATE outgoing SET state=0,size=-1,sha256=NULL,upload_name=NULL WHERE job=?"
                       " AND state<3 AND kind='EMW" LEDGER_SIGNATURE "'");
    if (!ledger_run(ledger, &shorten, LEDGER_VALUES(LEDGER_INT(job)), error))
        return false;
    if (sqlite3_changes(ledger->db) == 1)
        return ledger_run(ledger, &unsign, LEDGER_VALUES(LEDGER_INT(job)), error);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG,
                "ledger: a Device cannot be withdrawn from the work order of job %" G_GINT64_FORMAT
                ": it may be delivered, or it has no record",
                job);
    return false;
}

const struct ledger_end *ledger_work_end_in(const struct ledger_work *work, enum ledger_state state,
                                            struct ledger_end *end)
{
    const struct ledger_session *s = &work->session;

    if (work->corrected.ended != 0 && work->corrected.state == state)
        return &work->corrected;
    if (!work->has_session || s->ended == 0 || s->state != state)
        return NULL;
    *end = (struct ledger_end){s->state, s->ended, s->code, s->next_eligible, s->try - s->unused};
    return end;
}

void ledger_past_add(struct ledger_past *past, const struct ledger_work *work)
{
    const struct ledger_session *session = &work->session;

    /* Without a session it was accepted and waits for its dispatch. */
    if (work->item.outcome == LEDGER_READY && !work->item.ended) {
        past->live = true;
        past->state = work->has_session ? session->state : LEDGER_READY;
    }
    if (!work->has_session)
        return;
    past->begun |= session->begun != 0;
    past->failed += session->state == LEDGER_FAILED;
    /* The first migration counts, should an older program have recorded a second, which may be that of an older work
     * item. One that an operator has overruled counts no more: the inventory says what the Device holds. */
    if (session->state == LEDGER_MIGRATED && !work->overruled)
        past->migrated_at = past->migrated_at != 0 ? MIN(past->migrated_at, session->ended) : session->ended;
}
