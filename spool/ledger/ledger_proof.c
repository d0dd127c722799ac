/*
 * Proof: what the ledger keeps as a number is counted anew from its rows, for `ecosgate spool verify`. A wrong count is
 * a result and no error: the caller shows it beside everything else that it finds.
 */
#include "spool/ledger/ledger_proof.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

bool ledger_integrity_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(check, "PRAGMA integrity_check");
    sqlite3_stmt *query = ledger_query(ledger, &check, LEDGER_NO_VALUES, error);
    bool row = true, good = query != NULL;
    for (int64_t n = 1; good && (good = ledger_row(ledger, query, &row, error)) && row; n++)
        if (strcmp(ledger_text(query, 0), "ok") != 0)
            good = visit(user, ledger_text(query, 0), n, error);
    ledger_end(query);
    return good;
}

bool ledger_tables(struct ledger *ledger, GPtrArray **names, GError **error)
{
    LEDGER_SQL(all, "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY rootpage");
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *query = ledger_query(ledger, &all, LEDGER_NO_VALUES, error);
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row)
        g_ptr_array_add(found, g_strdup(ledger_text(query, 0)));
    ledger_end(query);
    if (good)
        *names = g_steal_pointer(&found);
    return good;
}

bool ledger_bytes(struct ledger *ledger, int64_t *bytes, GError **error)
{
    LEDGER_SQL(pages, "SELECT page_count*page_size FROM pragma_page_count,pragma_page_size");

    return ledger_number(ledger, ledger_query(ledger, &pages, LEDGER_NO_VALUES, error), bytes, error);
}

bool ledger_table_check(struct ledger *ledger, const char *table, char **complaint, GError **error)
{
    LEDGER_SQL(check, "SELECT quick_check FROM pragma_quick_check(?)");
    sqlite3_stmt *query = ledger_query(ledger, &check, LEDGER_VALUES(LEDGER_TEXT(table)), error);
    bool row = false, good = query != NULL && ledger_row(ledger, query, &row, error);
    if (good && row && strcmp(ledger_text(query, 0), "ok") != 0)
        *complaint = g_strdup(ledger_text(query, 0));
    ledger_end(query);
    return good;
}

/* Items of a verdict, and their sessions, in one walk. */
static bool count_items(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    LEDGER_SQL(count, "SELECT sum(w.outcome=0),sum(w.outcome=1),sum(w.outcome=2),"
                      "count(s.item),sum(w.outcome=0 AND s.ended IS NOT NULL),sum(s.begun IS NOT NULL OR s.ended IS "
                      "NOT NULL OR EXISTS"
                      "(SELECT 1 FROM withheld h WHERE h.item=w.item)) FROM work_item w LEFT JOIN session s ON"
                      " s.item=w.item"
                      " WHERE w.item>=?1 AND w.item<?1+?2 AND w.job=?3");
    const struct ledger_verdict *v = &proof->verdict;
    sqlite3_stmt *q = ledger_query(
        ledger, &count, LEDGER_VALUES(LEDGER_INT(v->first_item), LEDGER_INT(v->items), LEDGER_INT(v->job)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good && row) {
        proof->ready = sqlite3_column_int64(q, 0);
        proof->rejected = sqlite3_column_int64(q, 1);
        proof->deferred = sqlite3_column_int64(q, 2);
        proof->sessions = sqlite3_column_int64(q, 3);
        proof->ended = sqlite3_column_int64(q, 4);
        proof->begun = sqlite3_column_int64(q, 5);
    }
    ledger_end(q);
    return good;
}

/*
 * Sessions that are not what their transitions say. The transitions of a session form a chain from its last one back to
 * its first (transition.before), numbered without gaps. The session must have as many as the chain; state, try and due
 * time of the last one; a wake time no later than the due time; the Device of its work item; and name the newest
 * statement of each side (1, 2, 6: TCoS; 3, 4: ECoS).
 */
static bool count_mismatched_sessions(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM session s LEFT JOIN transition t ON t.id=s.last"
                      " WHERE s.item>=?1 AND s.item<?1+?2 AND (t.n IS NULL OR t.state<>s.state OR t.try>s.try"
                      " OR ifnull(t.due,0)<>ifnull(s.due,0) OR s.wake>ifnull(s.due,s.wake)"
                      " OR (s.due IS NOT NULL AND s.wake IS NULL)"
                      " OR s.device_id IS NOT(SELECT w.device_id FROM work_item w WHERE w.item=s.item)"
                      " OR (s.transitions,s.tcos,s.ecos) IS NOT ("
                      "WITH RECURSIVE back(id,n) AS(VALUES(s.last,s.transitions) UNION ALL"
                      " SELECT t.before,t.n-1 FROM back JOIN transition t USING(id,n) WHERE t.item=s.item AND t.n>1)"
                      " SELECT count(*),max(iif(t.statement IN(1,2,6),id,NULL)),max(iif(t.statement IN(3,4),id,NULL))"
                      " FROM back JOIN transition t USING(id,n) WHERE t.item=s.item))");
    const struct ledger_verdict *v = &proof->verdict;
    return ledger_number(
        ledger, ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_INT(v->first_item), LEDGER_INT(v->items)), error),
        &proof->mismatched_sessions, error);
}

/* The answers of a verdict: EMA and EMD files planned, D records of the EMD, files whose time is not the verdict's. */
static bool count_outgoing(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    LEDGER_SQL(count, "SELECT sum(kind='EMA'),sum(kind='EMD'),"
                      "ifnull(sum(CASE WHEN kind='EMD' AND rows>=0 THEN rows END),-1),"
                      "sum(created<>?3) FROM outgoing WHERE job=?1 AND revision=?2");
    sqlite3_stmt *q = ledger_query(ledger, &count,
                                   LEDGER_VALUES(LEDGER_INT(proof->verdict.job), LEDGER_INT(proof->verdict.revision),
                                                 LEDGER_INT(proof->verdict.judged_at)),
                                   error);
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

/* Findings that are kept, and the sum of the counts: more were counted than kept if the verdict is truncated. */
static bool count_findings(struct ledger *ledger, struct ledger_proof *proof, GError **error)
{
    LEDGER_SQL(listed, "SELECT count(*) FROM finding WHERE job=? AND revision=?");
    LEDGER_SQL(counted, "SELECT ifnull(sum(n),0) FROM finding_count WHERE job=? AND revision=?");
    const struct ledger_verdict *v = &proof->verdict;
    return ledger_number(
               ledger, ledger_query(ledger, &listed, LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_INT(v->revision)), error),
               &proof->findings, error) &&
           ledger_number(
               ledger,
               ledger_query(ledger, &counted, LEDGER_VALUES(LEDGER_INT(v->job), LEDGER_INT(v->revision)), error),
               &proof->finding_counts, error);
}

/* A rejected file (RJ) has no items and no EMD. Neither has a file of another type than EMI, but its records are
 * counted. The E and F records of an EMA are not checked here: building the file again finds what is wrong with them.
 */
static bool is_sound(const struct ledger_proof *p)
{
    const struct ledger_verdict *v = &p->verdict;
    bool rejected_whole = strcmp(v->outcome, "RJ") == 0;
    if (p->ema_files != 1 || p->wrong_times > 0 || p->mismatched_sessions > 0)
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
           p->ended == v->ended && p->begun == v->begun && p->emd_files == 1 &&
           (p->emd_rows == -1 || p->emd_rows == v->items);
}

bool ledger_proofs_each(struct ledger *ledger, ledger_proof_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT " LEDGER_VERDICT ",j.name,ifnull(j.type='EMI',0) FROM verdict v JOIN job j ON j.id=v.job"
                     " ORDER BY v.job,v.revision");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
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
    /* NOT INDEXED: it is to find what the index, if it is damaged, hides. */
    LEDGER_SQL(count, "SELECT count(*) FROM (SELECT 1 FROM work_item w NOT INDEXED WHERE " LEDGER_IS_LIVE(
                          "w") " AND device_id IS NOT NULL GROUP BY device_id"
                               " HAVING count(*)>1)");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}

bool ledger_sequences_above_counter(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM outgoing p WHERE p.sequence>"
                      "ifnull((SELECT value FROM counter c WHERE c.name=p.kind),0)");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}

/* An inbound job belongs to the first numbering, to none, or to one of its own sender and type. */
#define WRONG_MEMBERS                                                                                                  \
    "(SELECT count(*) FROM job j WHERE j.direction=0 AND j.numbering>0 AND NOT EXISTS(SELECT 1 FROM numbering n"       \
    " WHERE n.id=j.numbering AND n.sender=j.sender AND n.type=j.type AND n.org=j.org))"

/* A numbering was begun either by a job of its own or by an operator's order: a number that he set, or a recovery of a
 * ledger that knew less numberings (ledger_recovery_lose_number). */
#define WRONG_BEGINNINGS                                                                                               \
    "(SELECT count(*) FROM numbering n WHERE n.number NOT BETWEEN 0 AND 999999 OR iif(n.job=0,"                        \
    "NOT EXISTS(SELECT 1 FROM operator_action a WHERE a.order_id=n.order_id AND "                                      \
    "a.verb IN('sequence','sequence forget','recover')),"                                                              \
    "n.order_id IS NOT NULL OR NOT EXISTS(SELECT 1 FROM job j WHERE j.id=n.job AND j.numbering=n.id)))"

/* A number that was accepted in a lost time comes late if it is accepted again. */
#define IS_LATE(file)                                                                                                  \
    "EXISTS(SELECT 1 FROM lost_number l WHERE l.sender=" file ".sender AND l.type=" file ".type AND l.org=" file       \
    ".org AND l.numbering=" file ".numbering AND " LEDGER_IS_LOST(file ".sequence") ")"

/* When a file was accepted first, as a number that goes up from verdict to verdict; NULL: it was not. */
#define ACCEPTED_AT(file)                                                                                              \
    "(SELECT min(p.id) FROM verdict v JOIN outgoing p ON p.job=v.job AND p.revision=v.revision AND p.kind='EMA'"       \
    " WHERE v.job=" file ".id AND v.outcome<>'RJ')"

/* The numbers of accepted files go up within one numbering, in the order of their jobs. A file that was held while a
 * later one was accepted does not count against that one. The window finds the few files to ask this of. */
#define WRONG_ORDER                                                                                                    \
    "(SELECT count(*) FROM (SELECT id,sender,type,org,numbering,sequence,max(sequence) OVER (PARTITION BY"             \
    " sender,type,org,numbering ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM job j"    \
    " WHERE direction=0 AND sequence IS NOT NULL AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=j.id AND"              \
    " v.outcome<>'RJ') AND NOT " IS_LATE("j") ") f WHERE sequence<=before AND EXISTS(SELECT 1 FROM job o WHERE"        \
                                              " o.sender=f.sender AND o.type=f.type AND o.org=f.org AND "              \
                                              "o.numbering=f.numbering AND o.sequence>=f.sequence"                     \
                                              " AND o.direction=0 AND o.id<f.id AND NOT " IS_LATE(                     \
                                                  "o") " AND " ACCEPTED_AT("o") "<" ACCEPTED_AT("f") "))"

bool ledger_numberings_inconsistent(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT " WRONG_MEMBERS "+" WRONG_BEGINNINGS "+" WRONG_ORDER);
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}

/* Each incident has one opening event, one closing event if it is closed, in this order; event ids have no gaps. */
#define WRONG_EVENTS                                                                                                   \
    "(SELECT count(*) FROM incident i LEFT JOIN incident_event b ON b.incident=i.id AND b.event=0"                     \
    " LEFT JOIN incident_event c ON c.incident=i.id AND c.event=1 WHERE b.id IS NULL OR c.id<b.id"                     \
    " OR (c.id IS NULL)<>(i.cleared IS NULL))"                                                                         \
    " +(SELECT count(*) FROM incident_event e WHERE e.event NOT IN(0,1)"                                               \
    " OR NOT EXISTS(SELECT 1 FROM incident i WHERE i.id=e.incident))"                                                  \
    " +(SELECT ifnull(max(id),0)<>count(*) FROM incident_event)"

/* The INC files report ranges of events, each from where the last one ended, and no event that does not exist. */
#define WRONG_RANGES                                                                                                   \
    "(SELECT count(*) FROM (SELECT first,events,lag(first+events,1,1) OVER (ORDER BY job) AS due"                      \
    " FROM incident_reported) WHERE first<>due OR events<1)"                                                           \
    " +(SELECT ifnull(max(first+events),1)>(SELECT ifnull(max(id),0)+1 FROM incident_event) FROM "                     \
    "incident_reported)"

/* Each range has its INC file with as many records, and each INC file has its range. */
#define WRONG_FILES                                                                                                    \
    "(SELECT count(*) FROM incident_reported t WHERE NOT EXISTS"                                                       \
    "(SELECT 1 FROM outgoing p WHERE p.job=t.job AND p.kind='INC' AND p.rows=t.events))"                               \
    " +(SELECT count(*) FROM outgoing p WHERE p.kind='INC' AND NOT EXISTS"                                             \
    "(SELECT 1 FROM incident_reported t WHERE t.job=p.job))"

bool ledger_incidents_inconsistent(struct ledger *ledger, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT " WRONG_EVENTS "+" WRONG_RANGES "+" WRONG_FILES);
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), n, error);
}
