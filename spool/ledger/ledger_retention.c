/* Columns stored and removed of job, removed of outgoing. */
#include "spool/ledger/ledger_retention.h"

#include "spool/ledger/ledger_private.h"

/* stored<3 stands here word for word as in the index job_stored. */
bool ledger_retention_due(struct ledger *ledger, const struct ledger_retention_choice *choice, int64_t limit,
                          GArray *places, GError **error)
{
    LEDGER_SQL(due,
               "SELECT received,id FROM job INDEXED BY job_stored WHERE stored<3 AND stored=?1 AND type IS ?2"
               " AND received<?3 AND received>=?4 AND(received>?4 OR id>?5) AND(?7=2 OR ?7=ifnull((SELECT full"
               " FROM verdict v WHERE v.job=job.id AND v.revision=job.revision),0)) ORDER BY received,id LIMIT ?6");
    sqlite3_stmt *q =
        ledger_query(ledger, &due,
                     LEDGER_VALUES(LEDGER_INT(choice->stored), LEDGER_TEXT(choice->type), LEDGER_INT(choice->before),
                                   LEDGER_INT(choice->after.received), LEDGER_INT(choice->after.job), LEDGER_INT(limit),
                                   LEDGER_INT(choice->mode)),
                     error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_retention_place place = {sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
        g_array_append_val(places, place);
    }
    ledger_end(q);
    return good;
}

bool ledger_retention_look(struct ledger *ledger, int64_t job, struct ledger_retention_look *look, GError **error)
{
    LEDGER_SQL(of_job,
               "SELECT max(j.received,ifnull(v.judged_at,0),(SELECT ifnull(max(delivered_at),0) FROM outgoing p"
               " WHERE p.job=j.id)),j.source_ino IS NOT NULL OR EXISTS(SELECT 1 FROM outgoing p WHERE p.job=j.id"
               " AND p.state<3),ifnull(v.full,0),EXISTS(SELECT 1 FROM reference r WHERE r.job=j.id),"
               "j.direction=1 OR j.healed IS NOT NULL OR v.job IS NOT NULL,max(ifnull(j.removed,0),"
               "(SELECT ifnull(max(p.removed),0) FROM outgoing p WHERE p.job=j.id)) FROM job j"
               " LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision WHERE j.id=?");
    sqlite3_stmt *q = ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *look = (struct ledger_retention_look){.job = job};
    if (good && row)
        *look = (struct ledger_retention_look){
            .job = job,
            .ended = sqlite3_column_int64(q, 0),
            .owed = sqlite3_column_int(q, 1) != 0,
            .full = sqlite3_column_int(q, 2) != 0,
            .newest = sqlite3_column_int(q, 3) != 0,
            .judged = sqlite3_column_int(q, 4) != 0,
            .removed = sqlite3_column_int64(q, 5),
        };
    ledger_end(q);
    return good;
}

bool ledger_retention_set(struct ledger *ledger, int64_t job, enum ledger_stored stored, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET stored=?2 WHERE id=?1 AND stored<3");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(stored)), error);
}

bool ledger_retention_remove(struct ledger *ledger, int64_t job, int64_t at, GError **error)
{
    LEDGER_SQL(payload, "UPDATE job SET stored=2,removed=iif(direction=0,ifnull(removed,?2),NULL) WHERE id=?1");
    LEDGER_SQL(files, "UPDATE outgoing SET removed=?2 WHERE job=?1 AND state>0 AND removed IS NULL");
    return ledger_run(ledger, &payload, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(at)), error) &&
           ledger_run(ledger, &files, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(at)), error);
}

bool ledger_retention_restored(struct ledger *ledger, int64_t outgoing, GError **error)
{
    LEDGER_SQL(file, "UPDATE outgoing SET removed=NULL WHERE id=?");
    LEDGER_SQL(of_job, "UPDATE job SET stored=0 WHERE id=(SELECT job FROM outgoing WHERE id=?)");
    return ledger_run(ledger, &file, LEDGER_VALUES(LEDGER_INT(outgoing)), error) &&
           ledger_run(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(outgoing)), error);
}

bool ledger_retention_removing(struct ledger *ledger, int64_t limit, GArray *jobs, GError **error)
{
    LEDGER_SQL(removing, "SELECT id FROM job INDEXED BY job_stored WHERE stored<3 AND stored=2 LIMIT ?");
    return ledger_numbers(ledger, ledger_query(ledger, &removing, LEDGER_VALUES(LEDGER_INT(limit)), error), jobs,
                          error);
}
