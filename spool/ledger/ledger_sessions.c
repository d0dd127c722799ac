/*
 * Sessions and transitions. Transitions are appended in the order in which they happen, each names the one before it,
 * and a session names its newest one (last). So the history of an item is read backwards along that chain, and
 * transitions need no index by item. A session also names the transitions with the newest statement of each side (tcos,
 * ecos): what a side said is stored once.
 */
#include "spool/ledger/ledger_sessions.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* ---- transitions ---- */

void ledger_read_transition(sqlite3_stmt *q, int c, void *row)
{
    *(struct ledger_transition *)row = (struct ledger_transition){
        .n = sqlite3_column_int64(q, c),
        .at = sqlite3_column_int64(q, c + 1),
        .state = (enum ledger_state)sqlite3_column_int(q, c + 2),
        .try = sqlite3_column_int64(q, c + 3),
        .job = sqlite3_column_int64(q, c + 4),
        .record = sqlite3_column_int64(q, c + 5),
        .code = ledger_text(q, c + 6),
        .due = sqlite3_column_int64(q, c + 7),
        .gbcs = ledger_text(q, c + 8),
        .duis = ledger_text(q, c + 9),
        .alert = ledger_text(q, c + 10),
        .subject_id = ledger_text(q, c + 11),
        .key_id = ledger_text(q, c + 12),
        .said_at = sqlite3_column_int64(q, c + 13),
        .statement = (enum ledger_statement)sqlite3_column_int(q, c + 14),
        .hub = (uint64_t)sqlite3_column_int64(q, c + 15),
        .order_id = ledger_text(q, c + 16),
    };
}

/* Follows the chain back from the newest transition, then sorts: oldest first. */
bool ledger_transitions_each(struct ledger *ledger, int64_t item, ledger_transition_visit visit, void *user,
                             GError **error)
{
    LEDGER_SQL_BESIDE(chain, "WITH RECURSIVE back(id) AS(SELECT last FROM session WHERE item=? UNION ALL"
                             " SELECT t.before FROM back JOIN transition t USING(id) WHERE t.before IS NOT NULL)"
                             " SELECT " LEDGER_TRANSITION " FROM back CROSS JOIN transition t USING(id) ORDER BY t.n");
    sqlite3_stmt *q = ledger_query(ledger, &chain, LEDGER_VALUES(LEDGER_INT(item)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_transition transition;
        ledger_read_transition(q, 0, &transition);
        good = visit(user, &transition, error);
    }
    ledger_end(q);
    return good;
}

/* ---- changes ---- */

/* *id: of the new row. An order has the hub that the inventory names. */
static bool add_transition(struct ledger *ledger, const struct ledger_work *work, const struct ledger_transition *t,
                           int64_t *id, GError **error)
{
#define INSERT(hub)                                                                                                    \
    "INSERT INTO transition(item,n,before,at,state,try,job,record,code,due,gbcs,duis,alert,subject_id,key_id,said_at," \
    "statement,existing_id,order_id,hub)"                                                                              \
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19," hub ")"
    LEDGER_SQL_BESIDE(insert, INSERT("NULL"));
    LEDGER_SQL_BESIDE(insert_order, INSERT("(SELECT i.chf FROM work_item w JOIN inventory i USING(device_id)"
                                           " WHERE w.item=?1)"));
#undef INSERT
    if (!ledger_run(ledger, t->state == LEDGER_DISPATCHED ? &insert_order : &insert,
                    LEDGER_VALUES(LEDGER_INT(work->item.item), LEDGER_INT(t->n), LEDGER_INT_OR_NULL(work->session.last),
                                  LEDGER_INT(t->at), LEDGER_INT(t->state), LEDGER_INT(t->try),
                                  LEDGER_INT_OR_NULL(t->job), LEDGER_INT_OR_NULL(t->record), LEDGER_TEXT(t->code),
                                  LEDGER_INT_OR_NULL(t->due), LEDGER_TEXT(t->gbcs), LEDGER_TEXT(t->duis),
                                  LEDGER_TEXT(t->alert), LEDGER_TEXT(t->subject_id), LEDGER_TEXT(t->key_id),
                                  LEDGER_INT_OR_NULL(t->said_at), LEDGER_INT_OR_NULL(t->statement),
                                  LEDGER_TEXT(t->existing_id), LEDGER_TEXT(t->order_id)),
                    error))
        return false;
    *id = sqlite3_last_insert_rowid(ledger->db);
    return true;
}

/* The statements below number their placeholders alike, ?1 to ?15. */
#define SESSION_VALUES(item, s)                                                                                        \
    LEDGER_INT(item), LEDGER_INT((s)->state), LEDGER_INT((s)->transitions), LEDGER_INT((s)->last),                     \
        LEDGER_INT((s)->try), LEDGER_INT((s)->answered), LEDGER_INT((s)->unused), LEDGER_INT((s)->delays),             \
        LEDGER_INT_OR_NULL((s)->begun), LEDGER_INT_OR_NULL((s)->ends), LEDGER_TEXT((s)->code),                         \
        LEDGER_INT_OR_NULL((s)->next_eligible), LEDGER_INT_OR_NULL((s)->tcos.transition),                              \
        LEDGER_INT_OR_NULL((s)->ecos.transition), LEDGER_INT_OR_NULL((s)->due)
/* Changes no row if the session has gone on since it was read. */
#define SESSION_UPDATE(more)                                                                                           \
    "UPDATE session SET "                                                                                              \
    "state=?2,transitions=?3,last=?4,try=?5,answered=?6,unused=?7,delays=?8,begun=?9,ends=?10,code=?11,"               \
    "next_eligible=?12,tcos=?13,ecos=?14,due=?15" more " WHERE item=?1 AND transitions=?3-1"

/* The first transition. The unique key refuses it (SPOOL_ERROR_EXISTS) if there is a session by now. */
static bool insert_session(struct ledger *ledger, int64_t item, const struct ledger_session *s, GError **error)
{
    LEDGER_SQL_BESIDE(insert,
                      "INSERT INTO session(item,state,transitions,last,try,answered,unused,delays,begun,ends,"
                      "code,next_eligible,tcos,ecos,due,ended,wake,device_id)"
                      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?15," LEDGER_DEVICE_OF("?1") ")");
    return ledger_run(ledger, &insert, LEDGER_VALUES(SESSION_VALUES(item, s), LEDGER_INT_OR_NULL(s->ended)), error);
}

/* Changing an index entry costs more than changing the row. So no index has the state of a live session, wake stays as
 * it is unless the due time has come forward (ledger_due.h), and the index of ended sessions is touched by an end only.
 */
static bool update_session(struct ledger *ledger, int64_t item, const struct ledger_session *before,
                           const struct ledger_session *s, GError **error)
{
    LEDGER_SQL_BESIDE(update, SESSION_UPDATE(""));
    LEDGER_SQL_BESIDE(update_wake, SESSION_UPDATE(",wake=?15"));
    LEDGER_SQL_BESIDE(update_end, SESSION_UPDATE(",wake=?15,ended=?16"));
    bool same_wake = s->due == 0 || (before->due != 0 && before->due <= s->due);
    if (s->ended != before->ended)
        return ledger_run(ledger, &update_end, LEDGER_VALUES(SESSION_VALUES(item, s), LEDGER_INT_OR_NULL(s->ended)),
                          error);
    return ledger_run(ledger, same_wake ? &update : &update_wake, LEDGER_VALUES(SESSION_VALUES(item, s)), error);
}

/* The session itself, new or changed. SPOOL_ERROR_EXISTS if it has gone on since it was read. */
static bool store_session(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *s,
                          GError **error)
{
    int64_t item = work->item.item;
    if (s->transitions == 1 ? !insert_session(ledger, item, s, error)
                            : !update_session(ledger, item, &work->session, s, error))
        return false;
    if (sqlite3_changes(ledger->db) == 1)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
                "ledger: work item %" G_GINT64_FORMAT " has changed since it was read; transition %" G_GINT64_FORMAT
                " does not follow",
                item, s->transitions);
    return false;
}

/* The newest statement of a side is the one in this transition, if it has one. */
static void set_statement(struct ledger_session *session, enum ledger_statement statement)
{
    if (statement == LEDGER_REPLACED || statement == LEDGER_NOT_REPLACED || statement == LEDGER_NO_ANSWER)
        session->tcos.transition = session->last;
    if (statement == LEDGER_CONFIRMED || statement == LEDGER_NOT_CONFIRMED)
        session->ecos.transition = session->last;
}

/* Counts what a transition changes in the verdict of its instruction. A withheld item was counted as begun when it was
 * withheld. */
static bool count_in_verdict(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *next,
                             bool ends, GError **error)
{
    bool dispatched = next->transitions == 1, begins = next->begun != 0 && work->session.begun == 0;
    bool begun = !work->withheld && (begins || (ends && next->begun == 0));
    const struct ledger_pending_verdict more = {work->item.job, dispatched, ends, begun, next->ends};

    return (!dispatched && !ends && !begins) || ledger_pending_verdict(ledger, &more, error);
}

/* Keeps what the session was until this transition, if somebody may ask for it later: an end that is corrected counts
 * in the report of its period, and an EMO shows what was so when it was planned. An end that stays, of which only the
 * tries change, is no second end: the session has its time. */
static bool keep_session(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *next,
                         GError **error)
{
    LEDGER_SQL_BESIDE(keep, "INSERT INTO session_was(item,until,state,try,unused,code,next_eligible,ended)"
                            " VALUES(?,?,?,?,?,?,?,?)");
    const struct ledger_session *s = &work->session;
    bool same = s->state == next->state && s->try == next->try && s->unused == next->unused &&
                g_strcmp0(s->code, next->code) == 0 && s->next_eligible == next->next_eligible;

    bool corrected = s->ended != 0 && s->state != next->state;

    return same || (!corrected && !work->reported) ||
           ledger_run(ledger, &keep,
                      LEDGER_VALUES(LEDGER_INT(work->item.item), LEDGER_INT(next->last), LEDGER_INT(s->state),
                                    LEDGER_INT(s->try), LEDGER_INT(s->unused), LEDGER_TEXT(s->code),
                                    LEDGER_INT_OR_NULL(s->next_eligible), LEDGER_INT_OR_NULL(corrected ? s->ended : 0)),
                      error);
}

/* A further EMO is due: an end was corrected after the last one, or it showed Devices that had not ended, and now all
 * have. */
static bool report_again(struct ledger *ledger, int64_t job, bool corrected, GError **error)
{
    LEDGER_SQL(again,
               "UPDATE verdict SET reported=2 WHERE " LEDGER_THE_VERDICT " AND reported>0 AND (?2 OR ended=accepted)");
    return ledger_run(ledger, &again, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(corrected)), error);
}

/* In a review's outcome until its first transition. */
static void count_states(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *next)
{
    ledger_count_devices(ledger, next->transitions == 1 ? work->item.outcome : work->session.state, -1);
    ledger_count_devices(ledger, next->state, 1);
}

bool ledger_session_put(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *session,
                        const struct ledger_transition *transition, GError **error)
{
    const struct ledger_item *item = &work->item;
    bool ends = session->ended != 0 && !item->ended;
    bool corrects = item->ended && session->state != work->session.state; /* an end that a late success corrects */
    struct ledger_session next = *session;
    if (!add_transition(ledger, work, transition, &next.last, error))
        return false;
    set_statement(&next, transition->statement);
    if (!keep_session(ledger, work, &next, error) || !store_session(ledger, work, &next, error) ||
        !count_in_verdict(ledger, work, &next, ends, error) ||
        (ends && next.begun != 0 &&
         !ledger_pending_session(ledger, (int64_t)next.state, next.ended - next.begun, error)) ||
        ((ends || corrects) && work->reported && !report_again(ledger, item->job, corrects, error)))
        return false;
    count_states(ledger, work, &next);
    return true;
}

bool ledger_session_ended_by(struct ledger *ledger, int64_t item, const char *order_id, GError **error)
{
    LEDGER_SQL(insert, "INSERT OR REPLACE INTO operator_end(item,transition,order_id) SELECT item,last,?2 FROM session"
                       " WHERE item=?1");
    return ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_INT(item), LEDGER_TEXT(order_id)), error);
}

bool ledger_session_end_order(struct ledger *ledger, int64_t item, struct ledger_end_order *found, GError **error)
{
    LEDGER_SQL(get, "SELECT o.order_id,t.n,s.last=t.id FROM operator_end o JOIN transition t ON t.id=o.transition"
                    " JOIN session s ON s.item=o.item WHERE o.item=?");
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_INT(item)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *found = (struct ledger_end_order){0};
    if (good && row)
        *found = (struct ledger_end_order){g_strdup(ledger_text(q, 0)), sqlite3_column_int64(q, 1),
                                           sqlite3_column_int64(q, 2) != 0};
    ledger_end(q);
    return good;
}

/* ---- SubjectIds that are those of TCoS ---- */

bool ledger_subject_before_put(struct ledger *ledger, const char *subject, int64_t item, GError **error)
{
    LEDGER_SQL_BESIDE(put, "INSERT OR IGNORE INTO subject_before(subject,item) VALUES(?1,?2)");

    if (strcmp(ledger->new_subject, subject) == 0)
        ledger->new_subject[0] = '\0';
    if (*subject != '\0' && strcmp(ledger->old_subject, subject) == 0)
        return true; /* it is there, with an earlier item */
    if (!ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_TEXT(subject), LEDGER_INT(item)), error))
        return false;
    if (strlen(subject) < sizeof ledger->old_subject)
        (void)g_strlcpy(ledger->old_subject, subject, sizeof ledger->old_subject);
    return true;
}

bool ledger_subject_before(struct ledger *ledger, const char *subject, bool *known, uint64_t *device, GError **error)
{
    LEDGER_SQL_BESIDE(get,
                      "SELECT w.device_id FROM subject_before b JOIN work_item w ON w.item=b.item WHERE b.subject=?");
    bool inside = sqlite3_get_autocommit(ledger->db) == 0; /* of a transaction; outside others may write */

    *known = false;
    *device = 0;
    if (inside && *subject != '\0' && strcmp(ledger->new_subject, subject) == 0)
        return true;
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(subject)), error);
    bool good = q != NULL && ledger_row(ledger, q, known, error);

    if (good && *known)
        *device = (uint64_t)sqlite3_column_int64(q, 0);
    ledger->new_subject[0] = '\0';
    if (good && !*known && inside && strlen(subject) < sizeof ledger->new_subject)
        (void)g_strlcpy(ledger->new_subject, subject, sizeof ledger->new_subject);
    ledger_end(q);
    return good;
}
