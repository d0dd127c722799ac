/* Operators' orders that were carried out: table operator_action. */
#include "spool/ledger/ledger_actions.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_private.h"

#define COLUMNS "order_id,job,verb,reason,who,at,result,incident"

static const size_t strings[] = {offsetof(struct ledger_action, order_id), offsetof(struct ledger_action, verb),
                                 offsetof(struct ledger_action, reason), offsetof(struct ledger_action, who),
                                 offsetof(struct ledger_action, result)};

static void read_action(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_action *action = row;
    action->order_id = ledger_text(q, c);
    action->job = sqlite3_column_int64(q, c + 1);
    action->verb = ledger_text(q, c + 2);
    action->reason = ledger_text(q, c + 3);
    action->who = ledger_text(q, c + 4);
    action->at = sqlite3_column_int64(q, c + 5);
    action->result = ledger_text(q, c + 6);
    action->incident = sqlite3_column_int64(q, c + 7);
}

static const struct ledger_shape shape = {sizeof(struct ledger_action), read_action, strings, G_N_ELEMENTS(strings)};

bool ledger_action_insert(struct ledger *ledger, const struct ledger_action *action, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO operator_action(" COLUMNS ") VALUES(?,?,?,?,?,?,?,?)");
    bool good =
        ledger_run(ledger, &insert,
                   LEDGER_VALUES(LEDGER_TEXT(action->order_id), LEDGER_INT(action->job), LEDGER_TEXT(action->verb),
                                 LEDGER_TEXT(action->reason), LEDGER_TEXT(action->who), LEDGER_INT(action->at),
                                 LEDGER_TEXT(action->result), LEDGER_INT_OR_NULL(action->incident)),
                   error);

    return good && ledger_evidence_add(ledger, LEDGER_EVIDENCE_ORDER, sqlite3_last_insert_rowid(ledger->db), 0, error);
}

bool ledger_action_exists(struct ledger *ledger, const char *order_id, bool *exists, GError **error)
{
    LEDGER_SQL(of_id, "SELECT count(*) FROM operator_action WHERE order_id=?");
    int64_t n = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &of_id, LEDGER_VALUES(LEDGER_TEXT(order_id)), error), &n, error))
        return false;
    *exists = n > 0;
    return true;
}

bool ledger_action_get(struct ledger *ledger, const char *order_id, struct ledger_action **action, GError **error)
{
    LEDGER_SQL(of_id, "SELECT " COLUMNS " FROM operator_action WHERE order_id=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_id, LEDGER_VALUES(LEDGER_TEXT(order_id)), error), &shape, &row,
                    error))
        return false;
    *action = row;
    return true;
}

bool ledger_actions_of(struct ledger *ledger, int64_t job, GPtrArray **actions, GError **error)
{
    LEDGER_SQL(of_job, "SELECT " COLUMNS " FROM operator_action WHERE ?1=0 OR job=?1 OR order_id IN(SELECT r.order_id"
                       " FROM outgoing o JOIN redelivered r ON r.outgoing=o.id WHERE o.job=?1) ORDER BY id");
    return ledger_all(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), &shape, actions,
                      error);
}

/* The newest decision about each job; "hold" keeps it back only, and "release" lets it go on. SQLite takes the other
 * columns from the row with the greatest id. */
#define DECISIONS                                                                                                      \
    "(SELECT job,verb,reason,max(id) FROM operator_action"                                                             \
    " WHERE job>0 AND (?1=0 OR job=?1) AND result='done' AND verb IN('requeue','reject','close')"                      \
    " GROUP BY job) WHERE verb IN('reject','close')"

bool ledger_action_rejection(struct ledger *ledger, int64_t job, char **reason, GError **error)
{
    LEDGER_SQL(of_job, "SELECT reason FROM " DECISIONS);
    sqlite3_stmt *query = ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = false, good = query != NULL && ledger_row(ledger, query, &row, error);

    *reason = good && row ? g_strdup(ledger_text(query, 0)) : NULL;
    ledger_end(query);
    return good;
}

bool ledger_action_requeued(struct ledger *ledger, int64_t job, int64_t *at, GError **error)
{
    LEDGER_SQL(newest, "SELECT max(at) FROM operator_action WHERE job=?1 AND result='done' AND verb='requeue'");
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_INT(job)), error), at, error);
}

bool ledger_actions_rejected(struct ledger *ledger, GArray **jobs, GError **error)
{
    LEDGER_SQL(all, "SELECT job FROM " DECISIONS);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(int64_t));
    sqlite3_stmt *query = ledger_query(ledger, &all, LEDGER_VALUES(LEDGER_INT(0)), error);
    bool row = true, good = query != NULL;

    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        int64_t job = sqlite3_column_int64(query, 0);
        g_array_append_val(found, job);
    }
    ledger_end(query);
    if (good)
        *jobs = g_steal_pointer(&found);
    return good;
}

bool ledger_action_keeps_back(struct ledger *ledger, int64_t job, bool *keeps, GError **error)
{
    LEDGER_SQL(held, "SELECT " LEDGER_KEPT_BACK("?1"));
    int64_t found = 0;

    if (!ledger_number(ledger, ledger_query(ledger, &held, LEDGER_VALUES(LEDGER_INT(job)), error), &found, error))
        return false;
    *keeps = found != 0;
    return true;
}
