/* Recoveries: tables recovery, lost_number, withheld, replaced_ledger, drop_claim, and floors in counter. */
#include "spool/ledger/ledger_recovery.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_identity.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_private.h"

#include <string.h>

/* ---- claims of drops ---- */

bool ledger_claim_put(struct ledger *ledger, const char *drop, const char *text, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO drop_claim VALUES(?,?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_TEXT(text)), error);
}

bool ledger_claim_remove(struct ledger *ledger, const char *drop, GError **error)
{
    LEDGER_SQL(remove, "DELETE FROM drop_claim WHERE drop_name=?");
    return ledger_run(ledger, &remove, LEDGER_VALUES(LEDGER_TEXT(drop)), error);
}

bool ledger_claims_each(struct ledger *ledger, ledger_claim_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT drop_name,claim FROM drop_claim ORDER BY 1");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_text(q, 0), ledger_text(q, 1), error);
    ledger_end(q);
    return good;
}

/* ---- a recovery ---- */

bool ledger_recovery_begin(struct ledger *ledger, struct ledger_recovery *recovery, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO recovery(order_id,at,who,reason,cause,generation,first_job,jobs,numbers,withheld,"
                       "work_orders) VALUES(?,?,?,?,?,0,0,0,0,0,0)");

    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_TEXT(recovery->order_id), LEDGER_INT(recovery->at), LEDGER_TEXT(recovery->who),
                                  LEDGER_TEXT(recovery->reason), LEDGER_TEXT(recovery->cause)),
                    error))
        return false;
    recovery->id = sqlite3_last_insert_rowid(ledger->db);
    return true;
}

bool ledger_recovery_end(struct ledger *ledger, const struct ledger_recovery *recovery, GError **error)
{
    LEDGER_SQL(update, "UPDATE recovery SET generation=?2,first_job=?3,jobs=?4,numbers=?5,withheld=?6,work_orders=?7"
                       " WHERE id=?1");
    LEDGER_SQL(generation, "UPDATE identity SET generation=?");

    return ledger_run(ledger, &update,
                      LEDGER_VALUES(LEDGER_INT(recovery->id), LEDGER_INT(recovery->generation),
                                    LEDGER_INT(recovery->first_job), LEDGER_INT(recovery->jobs),
                                    LEDGER_INT(recovery->numbers), LEDGER_INT(recovery->withheld),
                                    LEDGER_INT(recovery->work_orders)),
                      error) &&
           ledger_run(ledger, &generation, LEDGER_VALUES(LEDGER_INT(recovery->generation)), error);
}

bool ledger_recoveries_each(struct ledger *ledger, ledger_recovery_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT id,order_id,at,who,reason,cause,generation,first_job,jobs,numbers,withheld,work_orders"
                     " FROM recovery ORDER BY id");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_recovery recovery = {
            .id = sqlite3_column_int64(q, 0),
            .order_id = ledger_text(q, 1),
            .at = sqlite3_column_int64(q, 2),
            .who = ledger_text(q, 3),
            .reason = ledger_text(q, 4),
            .cause = ledger_text(q, 5),
            .generation = sqlite3_column_int64(q, 6),
            .first_job = sqlite3_column_int64(q, 7),
            .jobs = sqlite3_column_int64(q, 8),
            .numbers = sqlite3_column_int64(q, 9),
            .withheld = sqlite3_column_int64(q, 10),
            .work_orders = sqlite3_column_int64(q, 11),
        };
        good = visit(user, &recovery, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_number_raise(struct ledger *ledger, const char *name, int64_t value, GError **error)
{
    LEDGER_SQL(raise,
               "INSERT INTO counter VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=max(value,excluded.value)");
    return ledger_run(ledger, &raise, LEDGER_VALUES(LEDGER_TEXT(name), LEDGER_INT(value)), error);
}

bool ledger_recovery_replace(struct ledger *ledger, int64_t recovery, const char *id, int64_t generation,
                             GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO replaced_ledger VALUES(?,?,?) ON CONFLICT(ledger,recovery) DO UPDATE SET"
                       " generation=max(generation,excluded.generation)");
    return ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_TEXT(id), LEDGER_INT(recovery), LEDGER_INT(generation)),
                      error);
}

bool ledger_replaced(struct ledger *ledger, const char *id, int64_t *generation, GError **error)
{
    LEDGER_SQL(get, "SELECT ifnull(max(generation),-1) FROM replaced_ledger WHERE ledger=?");
    return ledger_number(ledger, ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(id)), error), generation, error);
}

/* ---- lost numbers ---- */

/* What the counter of accepted numbers says of self: numbering * 1000000 + number; 0: none. */
static bool accepted_so_far(struct ledger *ledger, const struct ledger_file *self, int64_t *value, GError **error)
{
    g_autofree char *name = g_strdup_printf("accepted %s %s %s", self->sender, self->type, self->org);

    return ledger_counter_get(ledger, name, value, error);
}

/* `newest`: while no later numbering has begun, the numbers are lost. When the lost ledger had begun another numbering,
 * this one begins one too, above it and with its last number. */
bool ledger_recovery_lose_number(struct ledger *ledger, struct ledger_recovery *recovery,
                                 const struct ledger_file *self, GError **error)
{
    LEDGER_SQL(lose, "INSERT INTO lost_number(sender,type,org,recovery,numbering,last,number,newest)"
                     " VALUES(?1,?2,?3,?4,?5,?6,?7,ifnull((SELECT max(id) FROM numbering WHERE sender=?1 AND type=?2"
                     " AND org=?3),0))");
    int64_t value = 0;

    if (!accepted_so_far(ledger, self, &value, error))
        return false;
    int64_t numbering = value / 1000000, last = value % 1000000;
    if (self->numbering * 1000000 + self->sequence <= value)
        return true;
    recovery->numbers++;
    if (self->numbering > numbering && (!ledger_number_raise(ledger, "numbering", self->numbering, error) ||
                                        !ledger_numbering_set(ledger, self, self->sequence, recovery->order_id, error)))
        return false;
    return ledger_run(ledger, &lose,
                      LEDGER_VALUES(LEDGER_TEXT(self->sender), LEDGER_TEXT(self->type), LEDGER_TEXT(self->org),
                                    LEDGER_INT(recovery->id), LEDGER_INT(numbering), LEDGER_INT(last),
                                    LEDGER_INT(self->sequence)),
                      error);
}

bool ledger_recovery_raise_revision(struct ledger *ledger, int64_t recovery, int64_t job, GError **error)
{
    LEDGER_SQL(raise, "UPDATE job SET revision=100*?2+revision WHERE id=?1 AND revision<100*?2");
    return ledger_count_job(ledger, job, -1, error) &&
           ledger_run(ledger, &raise, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(recovery)), error) &&
           ledger_count_job(ledger, job, 1, error);
}

/* The recoveries that have lost the number of the job ?1. */
#define LOST_NUMBERS                                                                                                   \
    " FROM job j JOIN lost_number l ON l.sender=j.sender AND l.type=j.type AND l.org=j.org"                            \
    " WHERE j.id=?1 AND j.direction=0 AND " LEDGER_IS_LOST(                                                            \
        "j.sequence") " AND l.newest>=(SELECT ifnull(max(id),0) FROM numbering n WHERE n.sender=j.sender"              \
                      " AND n.type=j.type AND n.org=j.org)"

static bool find_lost(struct ledger *ledger, int64_t job, int64_t *recovery, GError **error)
{
    LEDGER_SQL(find, "SELECT ifnull(max(l.recovery),0)" LOST_NUMBERS);

    return ledger_number(ledger, ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error), recovery, error);
}

bool ledger_number_was_lost(struct ledger *ledger, int64_t job, bool *lost, GError **error)
{
    int64_t recovery = 0;

    if (!find_lost(ledger, job, &recovery, error))
        return false;
    *lost = recovery != 0;
    return true;
}

/* The recovery has raised the counter of accepted numbers to that of the lost ledger, which had accepted none above. */
bool ledger_recovery_unraised(struct ledger *ledger, int64_t job, int64_t *recovery, GError **error)
{
    LEDGER_SQL(find, "SELECT ifnull(max(id),0) FROM(SELECT r.id FROM recovery r JOIN job j ON j.id=?1"
                     " AND j.id<r.first_job WHERE j.revision<100*r.id AND (j.sequence IS NULL OR"
                     " j.numbering*1000000+j.sequence<="
                     "(SELECT value FROM counter WHERE name='accepted '||j.sender||' '||j.type||' '||j.org))"
                     " UNION ALL SELECT l.recovery" LOST_NUMBERS " AND j.revision<100*l.recovery)");
    return ledger_number(ledger, ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error), recovery, error);
}

/* A release counts if it was carried out after the recovery: a held job may have been released before, too. */
bool ledger_number_lost(struct ledger *ledger, int64_t job, int64_t *recovery, GError **error)
{
    LEDGER_SQL(find, "SELECT max(l.recovery)" LOST_NUMBERS
                     " AND NOT EXISTS(SELECT 1 FROM operator_action a WHERE a.job=j.id AND a.result='done'"
                     " AND a.verb IN('release','requeue','reject','close') AND a.id>(SELECT b.id FROM recovery r JOIN "
                     "operator_action b"
                     " USING(order_id) WHERE r.id=l.recovery))");
    return ledger_number(ledger, ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error), recovery, error);
}

/* Marks the numbers of which a file was judged since that recovery: its revision is raised. */
static bool mark_judged(struct ledger *ledger, const struct ledger_file *self, int64_t recovery, GByteArray *judged,
                        GError **error)
{
    LEDGER_SQL(find, "SELECT sequence FROM job j WHERE sender=?1 AND type=?2 AND org=?3 AND direction=0"
                     " AND revision>=100*?4 AND sequence>0"
                     " AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=j.id AND v.revision=j.revision)");
    sqlite3_stmt *q = ledger_query(
        ledger, &find,
        LEDGER_VALUES(LEDGER_TEXT(self->sender), LEDGER_TEXT(self->type), LEDGER_TEXT(self->org), LEDGER_INT(recovery)),
        error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        int64_t number = sqlite3_column_int64(q, 0);
        if (number < judged->len)
            judged->data[number] = 1;
    }
    ledger_end(q);
    return good;
}

/* The lost numbers of one recovery: those after `last`, up to `number`. */
struct lost_range {
    int64_t recovery, last, number;
    int64_t most; /* the greatest number, after which 1 comes */
};

static bool add_missing(struct ledger *ledger, const struct ledger_file *self, const struct lost_range *range,
                        GArray *missing, GError **error)
{
    g_autoptr(GByteArray) judged = g_byte_array_new();

    g_byte_array_set_size(judged, (guint)range->most + 1);
    memset(judged->data, 0, judged->len);
    if (!mark_judged(ledger, self, range->recovery, judged, error))
        return false;
    int64_t number = range->last;
    for (int64_t n = 0; n < range->most && (n == 0 || number != range->number); n++) {
        number = number % range->most + 1;
        if (!judged->data[number])
            g_array_append_val(missing, number);
    }
    return true;
}

static bool find_missing(struct ledger *ledger, const struct ledger_file *self, int64_t most, struct ledger_lost *lost,
                         GError **error)
{
    LEDGER_SQL(next, "SELECT recovery,last,number FROM lost_number WHERE sender=?1 AND type=?2 AND org=?3"
                     " AND newest>=(SELECT ifnull(max(id),0) FROM numbering WHERE sender=?1 AND type=?2 AND org=?3)"
                     " AND recovery<?4 ORDER BY recovery DESC LIMIT 1");
    struct lost_range range = {.recovery = INT64_MAX, .most = most};
    bool row = true, good = true;

    while (good && row && lost->missing->len == 0) {
        sqlite3_stmt *q = ledger_query(ledger, &next,
                                       LEDGER_VALUES(LEDGER_TEXT(self->sender), LEDGER_TEXT(self->type),
                                                     LEDGER_TEXT(self->org), LEDGER_INT(range.recovery)),
                                       error);
        good = q != NULL && ledger_row(ledger, q, &row, error);
        if (good && row)
            range = (struct lost_range){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                                        sqlite3_column_int64(q, 2), most};
        ledger_end(q);
        good = good && (!row || add_missing(ledger, self, &range, lost->missing, error));
    }
    lost->recovery = lost->missing->len > 0 ? range.recovery : 0;
    return good;
}

bool ledger_lost_missing(struct ledger *ledger, const struct ledger_file *self, int64_t most, struct ledger_lost *lost,
                         GError **error)
{
    *lost = (struct ledger_lost){.missing = g_array_new(FALSE, FALSE, sizeof(int64_t))};
    if (find_missing(ledger, self, most, lost, error))
        return true;
    g_array_unref(lost->missing);
    lost->missing = NULL;
    return false;
}

/* ---- withheld work items ---- */

/* Work items by their numbers, both included. */
struct items {
    int64_t first, last;
};

/* READY items without a session get one that is never due by itself. The code says why. */
static bool begin_sessions(struct ledger *ledger, const struct items *of, int64_t at, GError **error)
{
    LEDGER_SQL(newest, "SELECT ifnull(max(id),0) FROM transition");
    LEDGER_SQL(transitions,
               "INSERT INTO transition(item,n,at,state,try,code) SELECT item,1,?3,0,0,'A109' FROM work_item w"
               " WHERE item BETWEEN ?1 AND ?2 AND outcome=0"
               " AND NOT EXISTS(SELECT 1 FROM session s WHERE s.item=w.item) ORDER BY item");
    LEDGER_SQL(sessions, "INSERT INTO session(item,state,transitions,last,try,answered,unused,delays,code,device_id)"
                         " SELECT item,0,1,id,0,0,0,0,code," LEDGER_DEVICE_OF(
                             "transition.item") " FROM transition WHERE id>? ORDER BY id");
    LEDGER_SQL(counts, "UPDATE verdict SET dispatched=accepted WHERE items>0 AND accepted>dispatched"
                       " AND first_item BETWEEN ?1 AND ?2");
    struct ledger_values range = LEDGER_VALUES(LEDGER_INT(of->first), LEDGER_INT(of->last));
    int64_t before = 0;

    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), &before, error) &&
           ledger_run(ledger, &transitions, LEDGER_VALUES(LEDGER_INT(of->first), LEDGER_INT(of->last), LEDGER_INT(at)),
                      error) &&
           ledger_run(ledger, &sessions, LEDGER_VALUES(LEDGER_INT(before)), error) &&
           ledger_run(ledger, &counts, range, error);
}

static bool withhold(struct ledger *ledger, const struct items *of, int64_t recovery, int64_t at, GError **error)
{
    LEDGER_SQL(insert, "INSERT OR REPLACE INTO withheld SELECT item,?3 FROM work_item w"
                       " WHERE item BETWEEN ?1 AND ?2 AND " LEDGER_IS_LIVE("w"));
    /* No outcome waits for them longer than from now on. */
    LEDGER_SQL(counts, "UPDATE verdict SET begun=accepted,last_end=max(last_end,?3) WHERE items>0 AND ended<accepted"
                       " AND first_item BETWEEN ?1 AND ?2");

    return begin_sessions(ledger, of, at, error) &&
           ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_INT(of->first), LEDGER_INT(of->last), LEDGER_INT(recovery)),
                      error) &&
           ledger_run(ledger, &counts, LEDGER_VALUES(LEDGER_INT(of->first), LEDGER_INT(of->last), LEDGER_INT(at)),
                      error);
}

bool ledger_recovery_withhold(struct ledger *ledger, const struct ledger_recovery *recovery, int64_t *n, GError **error)
{
    return withhold(ledger, &(struct items){0, INT64_MAX}, recovery->id, recovery->at, error) &&
           ledger_withheld_count(ledger, n, error);
}

bool ledger_recovery_withhold_file(struct ledger *ledger, const struct ledger_verdict *verdict, int64_t *n,
                                   GError **error)
{
    LEDGER_SQL(newest, "SELECT ifnull(max(id),0) FROM recovery WHERE id<=?");
    const struct items of = {verdict->first_item, verdict->first_item + verdict->items - 1};
    int64_t recovery = verdict->revision / LEDGER_LOST_REVISIONS;

    *n = 0;
    if (recovery == 0 || verdict->items == 0 || verdict->accepted == 0)
        return true; /* what other files accept are records, not work items */
    *n = verdict->accepted;
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_INT(recovery)), error), &recovery,
                         error) &&
           withhold(ledger, &of, recovery, verdict->judged_at, error);
}

/* A signature that was never made, for no certificate is valid, does not count as delivered: it has no bytes. Its work
 * order, which nobody is to get any more, needs none. One that is to be made anew belongs to an order that was
 * delivered before, and follows it. */
static bool forget_unmade_signatures(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(forget, "DELETE FROM outgoing WHERE state=0 AND kind='EMW" LEDGER_SIGNATURE "'"
                       " AND NOT EXISTS(SELECT 1 FROM redelivered r WHERE r.outgoing=outgoing.id)");

    return ledger_run(ledger, &forget, LEDGER_NO_VALUES, error);
}

/* Each has its link of the evidence, as any delivery: one that was to be delivered once more has an older one. */
static bool conclude_kind(struct ledger *ledger, const char *kind, int64_t at, int64_t *n, GError **error)
{
    LEDGER_SQL(next, "SELECT ifnull(min(id),0) FROM outgoing WHERE state<3 AND kind=?1"
                     " AND(state>0 OR kind NOT LIKE '%" LEDGER_SIGNATURE "')");
    LEDGER_SQL(conclude, "UPDATE outgoing SET state=3,rename_sent=1,concluded=1,delivered_at=? WHERE id=?");
    int64_t id = 0;

    for (*n = 0;; ++*n) {
        if (!ledger_number(ledger, ledger_query(ledger, &next, LEDGER_VALUES(LEDGER_TEXT(kind)), error), &id, error))
            return false;
        if (id == 0)
            return true;
        if (!ledger_run(ledger, &conclude, LEDGER_VALUES(LEDGER_INT(at), LEDGER_INT(id)), error) ||
            !ledger_evidence_add(ledger, LEDGER_EVIDENCE_DELIVERED, id, 0, error))
            return false;
    }
}

bool ledger_recovery_conclude_work_orders(struct ledger *ledger, const struct ledger_recovery *recovery, int64_t *n,
                                          GError **error)
{
    int64_t signatures = 0;

    return forget_unmade_signatures(ledger, error) &&
           conclude_kind(ledger, "EMW" LEDGER_SIGNATURE, recovery->at, &signatures, error) &&
           conclude_kind(ledger, "EMW", recovery->at, n, error);
}

/* Released items `h`. Those whose first try waits without a due time get one: a transition and the session's row.
 * CROSS, as below: else SQLite walks all work items and looks for each in withheld. */
#define RELEASED                                                                                                       \
    "withheld h CROSS JOIN work_item w USING(item) WHERE (?1 OR (w.device_id=?2 AND " LEDGER_IS_LIVE("w") "))"
#define PUT_OFF "s.state=0 AND s.due IS NULL AND s.ended IS NULL"
static bool make_due(struct ledger *ledger, const struct ledger_withheld *which, GError **error)
{
    LEDGER_SQL(newest, "SELECT ifnull(max(id),0) FROM transition");
    LEDGER_SQL(transitions,
               "INSERT INTO transition(item,n,before,at,state,try,due) SELECT s.item,s.transitions+1,s.last,"
               "?3,0,0,?3 FROM session s WHERE " PUT_OFF " AND s.item IN(SELECT h.item FROM " RELEASED
               ") ORDER BY s.item");
    /* An EMO may show them as they are now (ledger_work_of_outcome_each). */
    LEDGER_SQL(keep, "INSERT INTO session_was(item,until,state,try,unused,code,next_eligible)"
                     " SELECT s.item,t.id,s.state,s.try,s.unused,s.code,s.next_eligible FROM transition t"
                     " JOIN session s ON s.item=t.item WHERE t.id>?");
    LEDGER_SQL(sessions, "UPDATE session SET transitions=t.n,last=t.id,due=t.due,wake=t.due,code=NULL"
                         " FROM transition t WHERE t.id>? AND t.item=session.item");
    int64_t before = 0;

    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), &before, error) &&
           ledger_run(ledger, &transitions,
                      LEDGER_VALUES(LEDGER_INT(which->all), LEDGER_ID(which->device), LEDGER_INT(which->at)), error) &&
           ledger_run(ledger, &keep, LEDGER_VALUES(LEDGER_INT(before)), error) &&
           ledger_run(ledger, &sessions, LEDGER_VALUES(LEDGER_INT(before)), error);
}

bool ledger_withheld_release(struct ledger *ledger, const struct ledger_withheld *which, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM " RELEASED " AND " LEDGER_IS_LIVE("w"));
    LEDGER_SQL(counts, "UPDATE verdict SET begun=begun-n FROM(SELECT w.job AS of,count(*) AS n FROM withheld h"
                       " CROSS JOIN work_item w USING(item) CROSS JOIN session s USING(item) WHERE " LEDGER_IS_LIVE_IN(
                           "w", "s") " AND s.begun IS NULL"
                                     " AND (?1 OR w.device_id=?2) GROUP BY 1) WHERE job=of AND items>0");
    LEDGER_SQL(remove, "DELETE FROM withheld WHERE item IN(SELECT h.item FROM " RELEASED ")");
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(which->all), LEDGER_ID(which->device));

    return ledger_number(ledger, ledger_query(ledger, &count, values, error), n, error) &&
           make_due(ledger, which, error) && ledger_run(ledger, &counts, values, error) &&
           ledger_run(ledger, &remove, values, error);
}

bool ledger_withheld_count(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM withheld h CROSS JOIN work_item w USING(item) WHERE " LEDGER_IS_LIVE("w"));
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}

bool ledger_withheld_orphans(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM withheld h WHERE NOT EXISTS(SELECT 1 FROM work_item w WHERE w.item=h.item)"
                      " OR NOT EXISTS(SELECT 1 FROM recovery r WHERE r.id=h.recovery)");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}
