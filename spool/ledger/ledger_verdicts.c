/* Verdicts and findings: tables verdict, finding, finding_count. */
#include "spool/ledger/ledger_verdicts.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_tally.h"

static const size_t strings[] = {offsetof(struct ledger_verdict, batch), offsetof(struct ledger_verdict, code),
                                 offsetof(struct ledger_verdict, profile)};
/* Shared: ledger_due.c gives out verdicts too. */
const struct ledger_shape ledger_verdict_shape = {sizeof(struct ledger_verdict), ledger_read_verdict, strings,
                                                  G_N_ELEMENTS(strings)};

void ledger_read_verdict(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_verdict *verdict = row;
    verdict->job = sqlite3_column_int64(q, c);
    verdict->revision = sqlite3_column_int64(q, c + 1);
    verdict->judged_at = sqlite3_column_int64(q, c + 2);
    (void)g_strlcpy(verdict->outcome, ledger_text(q, c + 3), sizeof verdict->outcome);
    verdict->batch = ledger_text(q, c + 4);
    verdict->declared = sqlite3_column_int64(q, c + 5);
    verdict->parsed = sqlite3_column_int64(q, c + 6);
    verdict->accepted = sqlite3_column_int64(q, c + 7);
    verdict->rejected = sqlite3_column_int64(q, c + 8);
    verdict->deferred = sqlite3_column_int64(q, c + 9);
    verdict->code = ledger_text(q, c + 10);
    verdict->line = sqlite3_column_int64(q, c + 11);
    verdict->column = sqlite3_column_int64(q, c + 12);
    verdict->first_item = sqlite3_column_int64(q, c + 13);
    verdict->items = sqlite3_column_int64(q, c + 14);
    verdict->dispatched = sqlite3_column_int64(q, c + 15);
    verdict->truncated = sqlite3_column_int(q, c + 16) != 0;
    verdict->ended = sqlite3_column_int64(q, c + 17);
    verdict->begun = sqlite3_column_int64(q, c + 18);
    verdict->profile = ledger_text(q, c + 19);
}

bool ledger_verdict_insert(struct ledger *ledger, const struct ledger_verdict *v, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO verdict(job,revision,judged_at,outcome,batch,declared,parsed,accepted,"
                       "rejected,deferred,code,line,col,first_item,items,truncated,profile,full)"
                       " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    return ledger_tally_verdict(ledger, v, error) && ledger_count_job(ledger, v->job, -1, error) &&
           ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_INT(v->revision), LEDGER_INT(v->judged_at),
                                    LEDGER_TEXT(v->outcome), LEDGER_TEXT(v->batch), LEDGER_INT(v->declared),
                                    LEDGER_INT(v->parsed), LEDGER_INT(v->accepted), LEDGER_INT(v->rejected),
                                    LEDGER_INT(v->deferred), LEDGER_TEXT(v->code), LEDGER_INT_OR_NULL(v->line),
                                    LEDGER_INT_OR_NULL(v->column), LEDGER_INT(v->first_item), LEDGER_INT(v->items),
                                    LEDGER_INT(v->truncated), LEDGER_TEXT(v->profile), LEDGER_INT(v->full)),
                      error) &&
           ledger_count_job(ledger, v->job, 1, error);
}

/* Revision 0 stands for any: the newest comes first. */
bool ledger_verdict_get(struct ledger *ledger, int64_t job, int64_t revision, struct ledger_verdict **verdict,
                        GError **error)
{
    LEDGER_SQL(newest, "SELECT " LEDGER_VERDICT " FROM verdict v WHERE job=?1"
                       " AND (?2=0 OR revision=?2) ORDER BY revision DESC LIMIT 1");
    void *row = NULL;
    sqlite3_stmt *query = ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(revision)), error);
    if (!ledger_one(ledger, query, &ledger_verdict_shape, &row, error))
        return false;
    *verdict = row;
    return true;
}

bool ledger_job_is_judged(struct ledger *ledger, int64_t job, bool *judged, GError **error)
{
    LEDGER_SQL(exists, "SELECT EXISTS(SELECT 1 FROM job j WHERE j.id=? AND(j.direction<>0 OR EXISTS(SELECT 1 FROM"
                       " verdict v WHERE v.job=j.id AND v.revision=j.revision)))");
    int64_t n = 0;

    if (!ledger_number(ledger, ledger_query(ledger, &exists, LEDGER_VALUES(LEDGER_INT(job)), error), &n, error))
        return false;
    *judged = n != 0;
    return true;
}

bool ledger_finding_insert(struct ledger *ledger, int64_t job, int64_t revision, const struct ledger_finding *f,
                           GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO finding(job,revision,code,scope,severity,line,col,record,field,value,"
                       "text) VALUES(?,?,?,?,?,?,?,?,?,?,?)");
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(revision), LEDGER_TEXT(f->code), LEDGER_TEXT(f->scope),
                                    LEDGER_TEXT(f->severity), LEDGER_INT_OR_NULL(f->line),
                                    LEDGER_INT_OR_NULL(f->column), LEDGER_INT_OR_NULL(f->record), LEDGER_TEXT(f->field),
                                    LEDGER_TEXT(f->value), LEDGER_TEXT(f->text)),
                      error);
}

bool ledger_findings_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_finding_visit visit,
                          void *user, GError **error)
{
    LEDGER_SQL(of_verdict, "SELECT code,scope,severity,line,col,record,field,value,text"
                           " FROM finding WHERE job=? AND revision=? ORDER BY id");
    sqlite3_stmt *q =
        ledger_query(ledger, &of_verdict, LEDGER_VALUES(LEDGER_INT(of->job), LEDGER_INT(of->revision)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_finding finding = {
            .code = ledger_text(q, 0),
            .scope = ledger_text(q, 1),
            .severity = ledger_text(q, 2),
            .line = sqlite3_column_int64(q, 3),
            .column = sqlite3_column_int64(q, 4),
            .record = sqlite3_column_int64(q, 5),
            .field = ledger_text(q, 6),
            .value = ledger_text(q, 7),
            .text = ledger_text(q, 8),
        };
        good = visit(user, &finding, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_finding_count_insert(struct ledger *ledger, const struct ledger_verdict *of, const char *code, int64_t n,
                                 GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO finding_count VALUES(?,?,?,?)");
    return ledger_tally_findings(ledger, of->job, code, n, error) &&
           ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(of->job), LEDGER_INT(of->revision), LEDGER_TEXT(code), LEDGER_INT(n)),
                      error);
}

bool ledger_finding_counts_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_count_visit visit,
                                void *user, GError **error)
{
    LEDGER_SQL(of_verdict, "SELECT code,n FROM finding_count WHERE job=? AND revision=?"
                           " ORDER BY code");
    return ledger_counts(
        ledger, ledger_query(ledger, &of_verdict, LEDGER_VALUES(LEDGER_INT(of->job), LEDGER_INT(of->revision)), error),
        visit, user, error);
}
