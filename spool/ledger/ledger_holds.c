/* Tables operator_hold and withdrawn. A batch of a million Devices is held by one row. */
#include "spool/ledger/ledger_holds.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

static const char *const kinds[LEDGER_HOLD_KINDS] = {"batch", "device", "dispatch", "in", "out"};

static struct ledger_value subject(const struct ledger_hold *hold)
{
    return hold->drop != NULL ? LEDGER_TEXT(hold->drop) : LEDGER_INT(hold->number);
}

bool ledger_hold_put(struct ledger *ledger, const struct ledger_hold *hold, const char *order_id, GError **error)
{
    LEDGER_SQL(put, "INSERT INTO operator_hold(kind,subject,order_id) VALUES(?,?,?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_TEXT(kinds[hold->kind]), subject(hold), LEDGER_TEXT(order_id)),
                      error);
}

bool ledger_hold_end(struct ledger *ledger, const struct ledger_hold *hold, GError **error)
{
    LEDGER_SQL(end, "DELETE FROM operator_hold WHERE kind=? AND subject=?");
    return ledger_run(ledger, &end, LEDGER_VALUES(LEDGER_TEXT(kinds[hold->kind]), subject(hold)), error);
}

bool ledger_hold_exists(struct ledger *ledger, const struct ledger_hold *hold, bool *held, GError **error)
{
    LEDGER_SQL(find, "SELECT count(*) FROM operator_hold WHERE kind=? AND subject=?");
    int64_t n = 0;

    if (!ledger_number(ledger,
                       ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_TEXT(kinds[hold->kind]), subject(hold)), error),
                       &n, error))
        return false;
    *held = n > 0;
    return true;
}

/* ---- with the order ---- */

#define HELD                                                                                                           \
    "SELECT h.kind,h.subject,h.order_id,a.who,a.reason,a.at,j.org,v.batch,w.device_id,a.verb FROM operator_hold h"     \
    " JOIN operator_action a USING(order_id) LEFT JOIN job j ON h.kind='batch' AND j.id=h.subject"                     \
    " LEFT JOIN verdict v ON h.kind='batch' AND v.job=j.id AND v.items>0"                                              \
    " LEFT JOIN work_item w ON h.kind='device' AND w.item=h.subject"

static const size_t strings[] = {offsetof(struct ledger_held, hold.drop), offsetof(struct ledger_held, order_id),
                                 offsetof(struct ledger_held, who),       offsetof(struct ledger_held, reason),
                                 offsetof(struct ledger_held, org),       offsetof(struct ledger_held, batch)};

static void read_held(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_held *held = row;
    const char *kind = ledger_text(q, c);

    for (int i = 0; i < LEDGER_HOLD_KINDS; i++)
        if (g_strcmp0(kinds[i], kind) == 0)
            held->hold.kind = (enum ledger_hold_kind)i;
    if (sqlite3_column_type(q, c + 1) == SQLITE_TEXT)
        held->hold.drop = ledger_text(q, c + 1);
    else
        held->hold.number = sqlite3_column_int64(q, c + 1);
    held->order_id = ledger_text(q, c + 2);
    held->who = ledger_text(q, c + 3);
    held->reason = ledger_text(q, c + 4);
    held->at = sqlite3_column_int64(q, c + 5);
    held->org = ledger_text(q, c + 6);
    held->batch = ledger_text(q, c + 7);
    held->device = (uint64_t)sqlite3_column_int64(q, c + 8);
    held->threshold = g_strcmp0(ledger_text(q, c + 9), LEDGER_HOLD_THRESHOLD) == 0;
}

static const struct ledger_shape shape = {sizeof(struct ledger_held), read_held, strings, G_N_ELEMENTS(strings)};

bool ledger_hold_get(struct ledger *ledger, const struct ledger_hold *hold, struct ledger_held **held, GError **error)
{
    LEDGER_SQL(find, HELD " WHERE h.kind=? AND h.subject=?");
    void *row = NULL;

    if (!ledger_one(ledger,
                    ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_TEXT(kinds[hold->kind]), subject(hold)), error),
                    &shape, &row, error))
        return false;
    *held = row;
    return true;
}

/* The batches are few, and no other kind is read. */
bool ledger_holds_of_thresholds(struct ledger *ledger, GPtrArray **held, GError **error)
{
    LEDGER_SQL(all, HELD " WHERE h.kind='batch' AND a.verb='" LEDGER_HOLD_THRESHOLD "' AND v.ended<v.accepted"
                         " ORDER BY a.id");
    return ledger_all(ledger, ledger_query(ledger, &all, LEDGER_NO_VALUES, error), &shape, held, error);
}

bool ledger_holds_each(struct ledger *ledger, ledger_held_visit visit, void *user, GError **error)
{
    LEDGER_SQL(all, HELD " WHERE CASE h.kind WHEN 'device' THEN " LEDGER_IS_LIVE(
                        "w") " WHEN 'batch' THEN v.ended<v.accepted ELSE 1 END"
                             " ORDER BY h.kind,a.id");
    g_autoptr(GPtrArray) rows = NULL;

    if (!ledger_all(ledger, ledger_query(ledger, &all, LEDGER_NO_VALUES, error), &shape, &rows, error))
        return false;
    for (guint i = 0; i < rows->len; i++)
        if (!visit(user, rows->pdata[i], error))
            return false;
    return true;
}

/* ---- withdrawn ---- */

bool ledger_withdrawn_put(struct ledger *ledger, int64_t item, const char *order_id, GError **error)
{
    LEDGER_SQL(put, "INSERT INTO withdrawn(item,order_id) VALUES(?,?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_INT(item), LEDGER_TEXT(order_id)), error);
}

bool ledger_withdrawn_get(struct ledger *ledger, int64_t item, char **order_id, GError **error)
{
    LEDGER_SQL(get, "SELECT order_id FROM withdrawn WHERE item=?");
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_INT(item)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *order_id = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    ledger_end(q);
    return good;
}

/* ---- proof ---- */

bool ledger_hold_orphans(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT (SELECT count(*) FROM operator_hold h WHERE NOT EXISTS(SELECT 1 FROM operator_action a"
                      " WHERE a.order_id=h.order_id) OR (h.kind='batch' AND NOT EXISTS(SELECT 1 FROM job j WHERE"
                      " j.id=h.subject)) OR (h.kind='device' AND NOT EXISTS(SELECT 1 FROM work_item w WHERE"
                      " w.item=h.subject)))+(SELECT count(*) FROM withdrawn d WHERE NOT EXISTS(SELECT 1 FROM"
                      " operator_action a WHERE a.order_id=d.order_id) OR NOT EXISTS(SELECT 1 FROM session s WHERE"
                      " s.item=d.item))");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}
