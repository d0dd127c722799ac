/*
 * Counted by the functions that write the rows. Triggers were the other design: they would count the rows of a
 * migration or of an archive that is put back, too.
 */
#include "spool/ledger/ledger_tally.h"

#include "spool/ledger/ledger_private.h"

#define ADD " ON CONFLICT(what,a,b,c) DO UPDATE SET n=n+excluded.n,sum=sum+excluded.sum"

bool ledger_tally_add(struct ledger *ledger, const struct ledger_tally *tally, GError **error)
{
    LEDGER_SQL(add, "INSERT INTO tally VALUES(?,ifnull(?,''),ifnull(?,''),ifnull(?,''),?,?)" ADD);
    return ledger_run(ledger, &add,
                      LEDGER_VALUES(LEDGER_TEXT(tally->what), LEDGER_TEXT(tally->a), LEDGER_TEXT(tally->b),
                                    LEDGER_TEXT(tally->c), LEDGER_INT(tally->n), LEDGER_INT(tally->sum)),
                      error);
}

bool ledger_tally_each(struct ledger *ledger, const char *what, ledger_tally_visit visit, void *user, GError **error)
{
    LEDGER_SQL(of_kind, "SELECT a,b,c,n,sum FROM tally WHERE what=? ORDER BY a,b,c");
    sqlite3_stmt *q = ledger_query(ledger, &of_kind, LEDGER_VALUES(LEDGER_TEXT(what)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_tally tally = {.what = what,
                                           .a = ledger_text(q, 0),
                                           .b = ledger_text(q, 1),
                                           .c = ledger_text(q, 2),
                                           .n = sqlite3_column_int64(q, 3),
                                           .sum = sqlite3_column_int64(q, 4)};
        good = visit(user, &tally, error);
    }
    ledger_end(q);
    return good;
}

static bool count_review(struct ledger *ledger, const struct ledger_verdict *v, GError **error)
{
    const struct ledger_tally all[] = {{LEDGER_TALLY_REVIEW, "accepted", NULL, NULL, v->accepted, 0},
                                       {LEDGER_TALLY_REVIEW, "rejected", NULL, NULL, v->rejected, 0},
                                       {LEDGER_TALLY_REVIEW, "deferred", NULL, NULL, v->deferred, 0}};

    for (size_t i = 0; v->items > 0 && i < G_N_ELEMENTS(all); i++) {
        if (!ledger_tally_add(ledger, &all[i], error))
            return false;
    }
    return true;
}

/* A file that an operator has judged again took as long as the operator. */
bool ledger_tally_verdict(struct ledger *ledger, const struct ledger_verdict *v, GError **error)
{
    LEDGER_SQL(verdict, "INSERT INTO tally SELECT 'verdict',ifnull(type,'unknown'),?2,ifnull(?3,''),1,0 FROM job"
                        " WHERE id=?1" ADD);
    LEDGER_SQL(judged, "INSERT INTO tally SELECT 'judged'," LEDGER_TALLY_LE(
                           "?2-received") ",'','',1,"
                                          "max(?2-received,0) FROM job WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM "
                                          "verdict WHERE job=?1)" ADD);
    LEDGER_SQL(accepted, "INSERT INTO tally SELECT 'accepted',org,type,'',1,received FROM job WHERE id=?1"
                         " AND org IS NOT NULL AND type IS NOT NULL ON CONFLICT(what,a,b,c)"
                         " DO UPDATE SET n=n+1,sum=max(sum,excluded.sum)");
    return ledger_run(ledger, &verdict,
                      LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_TEXT(v->outcome), LEDGER_TEXT(v->code)), error) &&
           ledger_run(ledger, &judged, LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_INT(v->judged_at)), error) &&
           (g_str_equal(v->outcome, "RJ") || ledger_run(ledger, &accepted, LEDGER_VALUES(LEDGER_INT(v->job)), error)) &&
           count_review(ledger, v, error);
}

bool ledger_tally_findings(struct ledger *ledger, int64_t job, const char *code, int64_t n, GError **error)
{
    LEDGER_SQL(findings,
               "INSERT INTO tally SELECT 'finding',ifnull(type,'unknown'),?2,'',?3,0 FROM job WHERE id=?1" ADD);
    return ledger_run(ledger, &findings, LEDGER_VALUES(LEDGER_INT(job), LEDGER_TEXT(code), LEDGER_INT(n)), error);
}

/* A file that is delivered again was planned long ago. */
bool ledger_tally_delivery(struct ledger *ledger, const struct ledger_outgoing *file, GError **error)
{
    LEDGER_SQL(delivered, "INSERT INTO tally SELECT 'delivered',kind,'','',1,max(?2,0) FROM outgoing"
                          " WHERE id=?1 AND state<3" ADD);
    LEDGER_SQL(delivery, "INSERT INTO tally SELECT 'delivery'," LEDGER_TALLY_LE(
                             "?2-created") ",'','',1,"
                                           "max(?2-created,0) FROM outgoing WHERE id=?1 AND state<3"
                                           " AND NOT EXISTS(SELECT 1 FROM redelivered WHERE outgoing=?1)" ADD);
    return ledger_run(ledger, &delivered, LEDGER_VALUES(LEDGER_INT(file->id), LEDGER_INT(file->size)), error) &&
           ledger_run(ledger, &delivery, LEDGER_VALUES(LEDGER_INT(file->id), LEDGER_INT(file->delivered_at)), error);
}
