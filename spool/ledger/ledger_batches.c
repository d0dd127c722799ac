/* Batches: verdicts of instructions. */
#include "spool/ledger/ledger_batches.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_sessions.h"

/* The work items of a batch that an operator has withdrawn, and that have not ended. CROSS JOIN: by itself SQLite walks
 * all work items of each batch. */
#define WITHDRAWN                                                                                                      \
    "(SELECT count(*) FROM withdrawn d CROSS JOIN work_item w ON w.item=d.item AND " LEDGER_IS_LIVE(                   \
        "w") " WHERE "                                                                                                 \
             "d.item>=v.first_item"                                                                                    \
             " AND d.item<v.first_item+v.items)"
#define BATCH                                                                                                          \
    "SELECT v.job,v.revision,v.judged_at,j.name,j.org,v.batch,v.outcome,v.first_item,v.items,v.accepted,v.rejected,"   \
    "v.deferred,v.dispatched,v.ended," WITHDRAWN ",EXISTS(SELECT 1 FROM operator_hold h WHERE h.kind='batch'"          \
    " AND h.subject=v.job) FROM verdict v JOIN job j ON j.id=v.job AND j.revision=v.revision WHERE j.type='EMI'"

static const size_t strings[] = {offsetof(struct ledger_batch, name), offsetof(struct ledger_batch, org),
                                 offsetof(struct ledger_batch, batch), offsetof(struct ledger_batch, outcome)};

static void read_batch(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_batch *batch = row;
    int64_t *const numbers[] = {&batch->first_item, &batch->items,      &batch->accepted, &batch->rejected,
                                &batch->deferred,   &batch->dispatched, &batch->ended,    &batch->withdrawn};

    batch->job = sqlite3_column_int64(q, c);
    batch->revision = sqlite3_column_int64(q, c + 1);
    batch->judged_at = sqlite3_column_int64(q, c + 2);
    batch->name = ledger_text(q, c + 3);
    batch->org = ledger_text(q, c + 4);
    batch->batch = ledger_text(q, c + 5);
    batch->outcome = ledger_text(q, c + 6);
    for (int i = 0; i < (int)G_N_ELEMENTS(numbers); i++)
        *numbers[i] = sqlite3_column_int64(q, c + 7 + i);
    batch->held = sqlite3_column_int(q, c + 15) != 0;
}

static const struct ledger_shape shape = {sizeof(struct ledger_batch), read_batch, strings, G_N_ELEMENTS(strings)};

bool ledger_batches_each(struct ledger *ledger, bool open, ledger_batch_visit visit, void *user, GError **error)
{
    LEDGER_SQL(all, BATCH " AND (NOT ?1 OR v.ended<v.accepted) ORDER BY v.judged_at,v.job");
    g_autoptr(GPtrArray) batches = NULL;

    if (!ledger_all(ledger, ledger_query(ledger, &all, LEDGER_VALUES(LEDGER_INT(open)), error), &shape, &batches,
                    error))
        return false;
    for (guint i = 0; i < batches->len; i++)
        if (!visit(user, batches->pdata[i], error))
            return false;
    return true;
}

bool ledger_batches_named(struct ledger *ledger, const char *text, int64_t job, GPtrArray **batches, GError **error)
{
    LEDGER_SQL(named, BATCH " AND v.job IN(SELECT ?2 UNION SELECT b.job FROM verdict b WHERE b.batch=?1 UNION"
                            " SELECT f.id FROM job f WHERE f.name=?1 UNION SELECT b.job FROM verdict b JOIN job s"
                            " ON s.id=b.job WHERE instr(?1,'.')>1 AND b.batch=substr(?1,instr(?1,'.')+1)"
                            " AND s.org=substr(?1,1,instr(?1,'.')-1)) ORDER BY v.judged_at,v.job");
    return ledger_all(ledger, ledger_query(ledger, &named, LEDGER_VALUES(LEDGER_TEXT(text), LEDGER_INT(job)), error),
                      &shape, batches, error);
}

bool ledger_batch_states_each(struct ledger *ledger, const struct ledger_batch *of, ledger_count_visit visit,
                              void *user, GError **error)
{
    LEDGER_SQL(states, "SELECT ifnull(s.state,w.outcome),count(*) FROM work_item w LEFT JOIN session s"
                       " ON s.item=w.item WHERE w.item>=?1 AND w.item<?1+?2 GROUP BY 1 ORDER BY 1");
    sqlite3_stmt *q =
        ledger_query(ledger, &states, LEDGER_VALUES(LEDGER_INT(of->first_item), LEDGER_INT(of->items)), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_state_name((enum ledger_state)sqlite3_column_int(q, 0)), sqlite3_column_int64(q, 1),
                     error);
    ledger_end(q);
    return good;
}

bool ledger_batch_codes_each(struct ledger *ledger, const struct ledger_batch *of, ledger_count_visit visit, void *user,
                             GError **error)
{
    LEDGER_SQL(codes, "SELECT iif(s.item IS NULL,w.code,s.code),count(*) FROM work_item w LEFT JOIN session s"
                      " ON s.item=w.item WHERE w.item>=?1 AND w.item<?1+?2 GROUP BY 1 HAVING"
                      " iif(s.item IS NULL,w.code,s.code) IS NOT NULL ORDER BY 1");
    sqlite3_stmt *q =
        ledger_query(ledger, &codes, LEDGER_VALUES(LEDGER_INT(of->first_item), LEDGER_INT(of->items)), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_text(q, 0), sqlite3_column_int64(q, 1), error);
    ledger_end(q);
    return good;
}
