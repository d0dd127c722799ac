#include "spool/ledger/ledger_proof.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

bool ledger_integrity_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    sqlite3_stmt *query = ledger_query(ledger, error, "PRAGMA integrity_check", "");
    bool row = true, good = query != NULL;
    for (int64_t n = 1; good && (good = ledger_row(ledger, query, &row, error)) && row; n++)
        if (strcmp(ledger_text(query, 0), "ok") != 0)
            good = visit(user, ledger_text(query, 0), n, error);
    ledger_end(query);
    return good;
}

/* Items and sessions of a verdict's range, counted in one walk. */
static bool count_items(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    const struct ledger_verdict *v = &proof->verdict;
    sqlite3_stmt *q =
        ledger_query(ledger, error,
                     "SELECT sum(w.outcome=0),sum(w.outcome=1),sum(w.outcome=2),"
                     "count(s.item),sum(CASE WHEN w.outcome=0 THEN"
                     " w.slot<>iif(s.ended IS NULL,0,w.item) ELSE w.slot<>w.item END),"
                     "sum(w.outcome=0 AND w.slot<>0) FROM work_item w LEFT JOIN session s ON s.item=w.item"
                     " WHERE w.item>=?1 AND w.item<?1+?2 AND w.job=?3",
                     "iii", v->first_item, v->items, v->job);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good && row) {
        proof->ready = sqlite3_column_int64(q, 0);
        proof->rejected = sqlite3_column_int64(q, 1);
        proof->deferred = sqlite3_column_int64(q, 2);
        proof->sessions = sqlite3_column_int64(q, 3);
        proof->wrong_slots = sqlite3_column_int64(q, 4);
        proof->ended = sqlite3_column_int64(q, 5);
    }
    ledger_end(q);
    return good;
}

/* A session is what its transitions made of it: as many, one behind the other, the last one's state, try and time to go
 * on, no later than which it wakes, and the newest words of both sides. */
static bool count_mismatched_sessions(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    const struct ledger_verdict *v = &proof->verdict;
    return ledger_number(
        ledger,
        ledger_query(ledger, error,
                     "SELECT count(*) FROM session s LEFT JOIN transition t ON t.id=s.last"
                     " WHERE s.item>=?1 AND s.item<?1+?2 AND (t.n IS NULL OR t.state<>s.state OR t.try>s.try"
                     " OR ifnull(t.due,0)<>ifnull(s.due,0) OR s.wake>ifnull(s.due,s.wake)"
                     " OR (s.due IS NOT NULL AND s.wake IS NULL) OR (s.transitions,s.tcos,s.ecos) IS NOT ("
                     "WITH RECURSIVE back(id,n) AS(VALUES(s.last,s.transitions) UNION ALL"
                     " SELECT t.before,t.n-1 FROM back JOIN transition t USING(id,n) WHERE t.item=s.item AND t.n>1)"
                     " SELECT count(*),max(iif(t.statement IN(1,2),id,NULL)),max(iif(t.statement IN(3,4),id,NULL))"
                     " FROM back JOIN transition t USING(id,n) WHERE t.item=s.item))",
                     "ii", v->first_item, v->items),
        &proof->mismatched_sessions, error);
}

static bool count_outgoing(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    sqlite3_stmt *q = ledger_query(ledger, error,
                                   "SELECT sum(kind='EMA'),sum(kind='EMD'),"
                                   "ifnull(sum(CASE WHEN kind='EMD' AND rows>=0 THEN rows END),-1),"
                                   "sum(created<>?3) FROM outgoing WHERE job=?1 AND revision=?2",
                                   "iii", proof->verdict.job, proof->verdict.revision, proof->verdict.judged_at);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good && row) {
        proof->ema_files = sqlite3_column_int64(q, 0);
        proof->emd_files = sqlite3_column_int64(q, 1);
        proof->emd_rows = sqlite3_column_int64(q, 2);
        proof->wrong_times = sqlite3_column_int64(q, 3);
    }
    ledger_end(q);
    return good;
}

static bool count_findings(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    const struct ledger_verdict *v = &proof->verdict;
    return ledger_number(ledger,
                         ledger_query(ledger, error, "SELECT count(*) FROM finding WHERE job=? AND revision=?", "ii",
                                      v->job, v->revision),
                         &proof->findings, error) &&
           ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT ifnull(sum(n),0) FROM finding_count WHERE job=? AND revision=?", "ii",
                                      v->job, v->revision),
                         &proof->finding_counts, error);
}

static bool is_sound(const struct ledger_proof *p)
{
    const struct ledger_verdict *v = &p->verdict;
    bool rejected_whole = strcmp(v->outcome, "RJ") == 0;
    if (p->ema_files != 1 || p->wrong_times > 0 || p->wrong_slots > 0 || p->mismatched_sessions > 0)
        return false;
    if (v->truncated ? p->findings >= p->finding_counts : p->findings != p->finding_counts)
        return false;
    if (rejected_whole)
        return v->items == 0 && v->accepted == 0 && p->emd_files == 0 && p->sessions == 0;
    if (!p->instruction)
        return v->parsed == v->accepted + v->rejected + v->deferred && v->items == 0 && p->emd_files == 0 &&
               p->sessions == 0;
    return v->parsed == v->accepted + v->rejected + v->deferred && v->items == v->parsed && p->ready == v->accepted &&
           p->rejected == v->rejected && p->deferred == v->deferred && p->sessions == v->dispatched &&
           p->ended == v->ended && p->emd_files == 1 && (p->emd_rows == -1 || p->emd_rows == v->items);
}

bool ledger_proofs_each(struct ledger *ledger, ledger_proof_visit visit, void *user, GError **error)
{
    sqlite3_stmt *q =
        ledger_query(ledger, error,
                     "SELECT " LEDGER_VERDICT ",j.name,ifnull(j.type='EMI',0) FROM verdict v JOIN job j ON j.id=v.job"
                     " ORDER BY v.job,v.revision",
                     "");
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_proof proof = {0};
        ledger_read_verdict(q, 0, &proof.verdict);
        proof.name = ledger_text(q, LEDGER_VERDICT_COLUMNS);
        proof.instruction = sqlite3_column_int(q, LEDGER_VERDICT_COLUMNS + 1) != 0;
        good = count_items(ledger, &proof, error) && count_mismatched_sessions(ledger, &proof, error) &&
               count_outgoing(ledger, &proof, error) && count_findings(ledger, &proof, error);
        proof.sound = good && is_sound(&proof);
        good = good && visit(user, &proof, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_live_duplicates(struct ledger *ledger, int64_t *n, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT count(*) FROM (SELECT 1 FROM work_item NOT INDEXED WHERE"
                                      " slot=0 AND device_id IS NOT NULL GROUP BY device_id"
                                      " HAVING count(*)>1)",
                                      ""),
                         n, error);
}

bool ledger_sequences_above_counter(struct ledger *ledger, int64_t *n, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT count(*) FROM outgoing p WHERE p.sequence>"
                                      "ifnull((SELECT value FROM counter c WHERE c.name=p.kind),0)",
                                      ""),
                         n, error);
}

bool ledger_incidents_inconsistent(struct ledger *ledger, int64_t *n, GError **error)
{
    return ledger_number(
        ledger,
        ledger_query(
            ledger, error,
            /* each incident has begun once, and ended once when it is over, in that order */
            "SELECT (SELECT count(*) FROM incident i LEFT JOIN incident_event b ON b.incident=i.id AND b.event=0"
            " LEFT JOIN incident_event c ON c.incident=i.id AND c.event=1 WHERE b.id IS NULL OR c.id<b.id"
            " OR (c.id IS NULL)<>(i.cleared IS NULL))"
            " +(SELECT count(*) FROM incident_event e WHERE e.event NOT IN(0,1)"
            " OR NOT EXISTS(SELECT 1 FROM incident i WHERE i.id=e.incident))"
            " +(SELECT ifnull(max(id),0)<>count(*) FROM incident_event)"
            /* files tell them without gap, no more than there are */
            " +(SELECT count(*) FROM (SELECT first,events,lag(first+events,1,1) OVER (ORDER BY job) AS due"
            " FROM incident_reported) WHERE first<>due OR events<1)"
            " +(SELECT ifnull(max(first+events),1)>(SELECT ifnull(max(id),0)+1 FROM incident_event) FROM "
            "incident_reported)"
            " +(SELECT count(*) FROM incident_reported t WHERE NOT EXISTS"
            "(SELECT 1 FROM outgoing p WHERE p.job=t.job AND p.kind='INC' AND p.rows=t.events))"
            " +(SELECT count(*) FROM outgoing p WHERE p.kind='INC' AND NOT EXISTS"
            "(SELECT 1 FROM incident_reported t WHERE t.job=p.job))",
            ""),
        n, error);
}
