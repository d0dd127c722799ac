/* Table shrink_hold: one row for each file that was held; decided is 0 until an operator releases it (1) or gives it up
 * (2). A release that "requeue" takes back is 2, too: the file is judged next, and held again if it must be. */
#include "spool/ledger/ledger_shrink.h"

#include "spool/ledger/ledger_private.h"

/* Condition: the row h makes others wait: nobody has decided, or an operator keeps the job back all the same. A
 * verdict ends that, whatever brought it: a higher shrink_limit, or a recovery that has the job judged again. */
#define WAITS                                                                                                          \
    "NOT EXISTS(SELECT 1 FROM verdict v JOIN job k ON k.id=v.job AND k.revision=v.revision WHERE v.job=h.job)"         \
    " AND (h.decided=0 OR " LEDGER_KEPT_BACK("h.job") ")"

bool ledger_shrink_hold(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(hold, "INSERT OR REPLACE INTO shrink_hold(job,decided) VALUES(?,0)");
    return ledger_run(ledger, &hold, LEDGER_VALUES(LEDGER_INT(job)), error);
}

bool ledger_shrink_release(struct ledger *ledger, int64_t job, bool *held, GError **error)
{
    LEDGER_SQL(release, "UPDATE shrink_hold SET decided=1 WHERE job=?");
    if (!ledger_run(ledger, &release, LEDGER_VALUES(LEDGER_INT(job)), error))
        return false;
    *held = sqlite3_changes64(ledger->db) > 0;
    return true;
}

bool ledger_shrink_give_up(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(give_up, "UPDATE shrink_hold SET decided=2 WHERE job=? AND decided=0");
    return ledger_run(ledger, &give_up, LEDGER_VALUES(LEDGER_INT(job)), error);
}

bool ledger_shrink_ask_again(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(ask, "UPDATE shrink_hold SET decided=2 WHERE job=? AND decided=1");
    return ledger_run(ledger, &ask, LEDGER_VALUES(LEDGER_INT(job)), error);
}

bool ledger_shrink_is_released(struct ledger *ledger, int64_t job, bool *released, GError **error)
{
    LEDGER_SQL(find, "SELECT 1 FROM shrink_hold WHERE job=? AND decided=1");
    int64_t found = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error), &found, error))
        return false;
    *released = found != 0;
    return true;
}

bool ledger_shrink_undecided(struct ledger *ledger, int64_t after, const char *leave_out, int64_t *job, GError **error)
{
    LEDGER_SQL(find, "SELECT min(h.job) FROM shrink_hold h JOIN job j ON j.id=h.job WHERE " WAITS " AND h.job>?1"
                     " AND j.type IS NOT ?2");
    return ledger_number(ledger,
                         ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(after), LEDGER_TEXT(leave_out)), error),
                         job, error);
}

bool ledger_shrink_ahead(struct ledger *ledger, int64_t job, int64_t *ahead, GError **error)
{
    LEDGER_SQL(find, "SELECT min(h.job) FROM shrink_hold h JOIN job a ON a.id=h.job JOIN job b ON b.id=?1"
                     " WHERE " WAITS " AND h.job<?1 AND a.sender=b.sender AND a.type=b.type AND a.org=b.org");
    return ledger_number(ledger, ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error), ahead, error);
}
