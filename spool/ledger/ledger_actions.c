#include "spool/ledger/ledger_actions.h"

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
    return ledger_run(ledger, error, "INSERT INTO operator_action(" COLUMNS ") VALUES(?,?,?,?,?,?,?,?)", "titttitz",
                      action->order_id, action->job, action->verb, action->reason, action->who, action->at,
                      action->result, action->incident);
}

bool ledger_action_exists(struct ledger *ledger, const char *order_id, bool *exists, GError **error)
{
    int64_t n = 0;
    if (!ledger_number(
            ledger, ledger_query(ledger, error, "SELECT count(*) FROM operator_action WHERE order_id=?", "t", order_id),
            &n, error))
        return false;
    *exists = n > 0;
    return true;
}

bool ledger_action_get(struct ledger *ledger, const char *order_id, struct ledger_action **action, GError **error)
{
    void *row = NULL;
    if (!ledger_one(
            ledger,
            ledger_query(ledger, error, "SELECT " COLUMNS " FROM operator_action WHERE order_id=?", "t", order_id),
            &shape, &row, error))
        return false;
    *action = row;
    return true;
}

bool ledger_actions_of(struct ledger *ledger, int64_t job, GPtrArray **actions, GError **error)
{
    return ledger_all(ledger,
                      ledger_query(ledger, error,
                                   "SELECT " COLUMNS " FROM operator_action"
                                   " WHERE ?1=0 OR job=?1 ORDER BY id",
                                   "i", job),
                      &shape, actions, error);
}
