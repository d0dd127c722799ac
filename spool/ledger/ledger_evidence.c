/*
 * The chain of evidence: table evidence. The line of a fact comes from one SQL statement for each kind, so that what is
 * added and what is verified cannot differ. SQLite's json_array escapes all that could end a line.
 */
#include "spool/ledger/ledger_evidence.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

static const char NOTHING_BEFORE[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* The line of a fact as its rows say it now, and its newest link: NULL where there is none. ?1 is the subject, ?2 the
 * part. Both in one query, for half of the cost of a link was that of running statements. */
#define BOTH_LINES(kind, line)                                                                                         \
    "SELECT(" line "),(SELECT line FROM evidence WHERE kind='" kind "' AND subject=?1 AND part=?2 ORDER BY n DESC"     \
    " LIMIT 1)"
#define VERDICT_LINE                                                                                                   \
    "SELECT json_array('verdict',v.job,v.revision,j.name,j.drop_name,j.received,j.size,j.sha256,v.judged_at,"          \
    "v.outcome,v.batch,v.declared,v.parsed,v.accepted,v.rejected,v.deferred,v.code,v.line,v.col,v.first_item,v.items," \
    "(SELECT count(*) FROM finding f WHERE f.job=v.job AND f.revision=v.revision),"                                    \
    "(SELECT group_concat(c.code||' '||c.n,',') FROM(SELECT code,n FROM finding_count WHERE job=v.job"                 \
    " AND revision=v.revision ORDER BY code) c)) FROM verdict v JOIN job j ON j.id=v.job"                              \
    " WHERE v.job=?1 AND v.revision=?2"
#define STORED_LINE                                                                                                    \
    "SELECT json_array('stored',p.id,p.job,p.revision,p.kind,p.name,p.drop_name,p.recipient,p.created,p.rows,p.size,"  \
    "p.sha256) FROM outgoing p WHERE p.id=?1 AND p.sha256 IS NOT NULL"
#define DELIVERED_LINE                                                                                                 \
    "SELECT json_array('delivered',p.id,p.job,p.name,p.drop_name,p.delivered_at,p.concluded,p.sha256)"                 \
    " FROM outgoing p WHERE p.id=?1 AND p.state=3"
#define ORDER_LINE                                                                                                     \
    "SELECT json_array('order',a.order_id,a.job,a.incident,a.verb,a.reason,a.who,a.at,a.result)"                       \
    " FROM operator_action a WHERE a.id=?1"
#define SIGNATURE_LINE                                                                                                 \
    "SELECT json_array('signature',c.job,c.revision,s.size,s.sha256,c.checked_at,c.fault,c.signer,c.serial,c.chain)"   \
    " FROM signature_check c LEFT JOIN signature s ON s.job=c.job WHERE c.job=?1 AND c.revision=?2"

static struct fact {
    const char *kind;
    struct ledger_sql lines;
    const char *what;           /* in a fault */
    const char *members;        /* of the line after the kind, one name after the other */
    struct ledger_sql unlinked; /* the job of each fact without a link, and what it is called */
} facts[] = {
    [LEDGER_EVIDENCE_VERDICT] = {"verdict",
                                 {BOTH_LINES("verdict", VERDICT_LINE)},
                                 "the verdict",
                                 "job revision name drop received size sha256 judged_at verdict batch declared parsed "
                                 "accepted rejected deferred code line column first_item items findings codes",
                                 {"SELECT v.job,'verdict, revision '||v.revision FROM verdict v WHERE NOT EXISTS("
                                  "SELECT 1 FROM evidence e WHERE e.kind='verdict' AND e.subject=v.job"
                                  " AND e.part=v.revision)"}},
    [LEDGER_EVIDENCE_STORED] = {"stored",
                                {BOTH_LINES("stored", STORED_LINE)},
                                "the row of an outgoing file",
                                "id job revision kind name drop recipient created rows size sha256",
                                {"SELECT p.job,'outgoing file '||p.name FROM outgoing p WHERE p.sha256 IS NOT NULL"
                                 " AND NOT EXISTS(SELECT 1 FROM evidence e WHERE e.kind='stored' AND e.subject=p.id)"}},
    [LEDGER_EVIDENCE_DELIVERED] = {"delivered",
                                   {BOTH_LINES("delivered", DELIVERED_LINE)},
                                   "the delivery of an outgoing file",
                                   "id job name drop delivered_at concluded sha256",
                                   {NULL}},
    [LEDGER_EVIDENCE_ORDER] = {"order",
                               {BOTH_LINES("order", ORDER_LINE)},
                               "an operator's order",
                               "order_id job incident verb reason who at result",
                               {"SELECT a.job,'operator''s order '||a.order_id FROM operator_action a WHERE NOT EXISTS("
                                "SELECT 1 FROM evidence e WHERE e.kind='order' AND e.subject=a.id)"}},
    [LEDGER_EVIDENCE_SIGNATURE] = {"signature",
                                   {BOTH_LINES("signature", SIGNATURE_LINE)},
                                   "the check of a signature",
                                   "job revision size sha256 checked_at fault signer serial chain",
                                   {"SELECT c.job,'check of the signature, revision '||c.revision FROM signature_check "
                                    "c WHERE NOT EXISTS(SELECT 1 FROM evidence e WHERE e.kind='signature'"
                                    " AND e.subject=c.job AND e.part=c.revision)"}},
};

/* ---- the chain ---- */

static void link_digest(struct ledger *ledger, const char *before, const char *line, char digest[DIGEST_HEX_SIZE])
{
    if (ledger->links == NULL)
        ledger->links = digest_new();
    else
        digest_again(ledger->links);
    digest_update(ledger->links, before, strlen(before));
    digest_update(ledger->links, "\n", 1);
    digest_update(ledger->links, line, strlen(line));
    digest_update(ledger->links, "\n", 1);
    digest_hex(ledger->links, digest);
}

bool ledger_evidence_head(struct ledger *ledger, struct ledger_evidence_head *head, GError **error)
{
    LEDGER_SQL(newest, "SELECT n,digest FROM evidence ORDER BY n DESC LIMIT 1");

    if (ledger->chain.n > 0) {
        *head = ledger->chain;
        return true;
    }
    sqlite3_stmt *q = ledger_query(ledger, &newest, LEDGER_NO_VALUES, error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good) {
        head->n = row ? sqlite3_column_int64(q, 0) : 0;
        g_strlcpy(head->digest, row ? ledger_text(q, 1) : NOTHING_BEFORE, sizeof head->digest);
    }
    ledger_end(q);
    return good;
}

bool ledger_evidence_digest(struct ledger *ledger, int64_t n, char digest[DIGEST_HEX_SIZE], GError **error)
{
    LEDGER_SQL(of_number, "SELECT digest FROM evidence WHERE n=?");
    sqlite3_stmt *q = ledger_query(ledger, &of_number, LEDGER_VALUES(LEDGER_INT(n)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good)
        g_strlcpy(digest, row ? ledger_text(q, 0) : "", DIGEST_HEX_SIZE);
    ledger_end(q);
    return good;
}

static bool append(struct ledger *ledger, const struct ledger_evidence_link *link, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO evidence(n,kind,subject,part,line,digest) VALUES(?,?,?,?,?,?)");
    struct ledger_evidence_head before, head;

    if (!ledger_evidence_head(ledger, &before, error))
        return false;
    head.n = before.n + 1;
    link_digest(ledger, before.digest, link->line, head.digest);
    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_INT(head.n), LEDGER_TEXT(link->kind), LEDGER_INT(link->subject),
                                  LEDGER_INT(link->part), LEDGER_TEXT(link->line),
                                  LEDGER_TEXT((const char *)head.digest)),
                    error))
        return false;
    ledger->chain = head;
    return true;
}

/* *text: the first column of the first row, or NULL; g_free. */
static bool one_text(struct ledger *ledger, sqlite3_stmt *q, char **text, GError **error)
{
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *text = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    ledger_end(q);
    return good;
}

/* *now: as the rows say it; *newest: as the newest link does. NULL: there is none; g_free. */
static bool both_lines(struct ledger *ledger, sqlite3_stmt *q, char **now, char **newest, GError **error)
{
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *now = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    *newest = good && row ? g_strdup(ledger_text(q, 1)) : NULL;
    ledger_end(q);
    return good;
}

bool ledger_evidence_add(struct ledger *ledger, enum ledger_evidence_kind kind, int64_t subject, int64_t part,
                         GError **error)
{
    struct ledger_evidence_link link = {.kind = facts[kind].kind, .subject = subject, .part = part};
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(subject), LEDGER_INT(part));
    g_autofree char *line = NULL;
    g_autofree char *before = NULL;

    if (!both_lines(ledger, ledger_query(ledger, &facts[kind].lines, values, error), &line, &before, error))
        return false;
    link.line = line;
    return line == NULL || g_strcmp0(line, before) == 0 || append(ledger, &link, error);
}

bool ledger_evidence_note(struct ledger *ledger, const char *kind, int64_t subject, const char *text, GError **error)
{
    LEDGER_SQL(make, "SELECT iif(?3 IS NULL,json_array(?1,?2),json_array(?1,?2,?3))");
    g_autofree char *line = NULL;

    if (!one_text(ledger,
                  ledger_query(ledger, &make, LEDGER_VALUES(LEDGER_TEXT(kind), LEDGER_INT(subject), LEDGER_TEXT(text)),
                               error),
                  &line, error))
        return false;
    const struct ledger_evidence_link link = {.kind = kind, .subject = subject, .line = line};
    return append(ledger, &link, error);
}

/* ---- walks ---- */

bool ledger_evidence_each(struct ledger *ledger, int64_t from, ledger_evidence_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT n,kind,subject,part,line,digest FROM evidence WHERE n>=? ORDER BY n");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_VALUES(LEDGER_INT(from)), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_evidence_link link = {.n = sqlite3_column_int64(q, 0),
                                                  .kind = ledger_text(q, 1),
                                                  .subject = sqlite3_column_int64(q, 2),
                                                  .part = sqlite3_column_int64(q, 3),
                                                  .line = ledger_text(q, 4),
                                                  .digest = ledger_text(q, 5)};
        good = visit(user, &link, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_evidence_first_of_job(struct ledger *ledger, int64_t job, int64_t *n, GError **error)
{
    LEDGER_SQL(first, "SELECT min(n) FROM(SELECT min(n) AS n FROM evidence WHERE kind='verdict' AND subject=?1"
                      " UNION ALL SELECT min(n) FROM evidence WHERE kind='stored' AND subject IN(SELECT id FROM"
                      " outgoing WHERE job=?1) UNION ALL SELECT min(n) FROM evidence WHERE kind='order' AND subject IN("
                      "SELECT id FROM operator_action WHERE job=?1))");
    return ledger_number(ledger, ledger_query(ledger, &first, LEDGER_VALUES(LEDGER_INT(job)), error), n, error);
}

/* ---- the beginning ---- */

/* Links for all facts of a kind that were there before the chain, in the order of their jobs. */
static bool link_all(struct ledger *ledger, enum ledger_evidence_kind kind, struct ledger_sql *all, GError **error)
{
    sqlite3_stmt *q = ledger_query(ledger, all, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = ledger_evidence_add(ledger, kind, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), error);
    ledger_end(q);
    return good;
}

static bool add_old_facts(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(jobs, "SELECT max(id) FROM job");
    LEDGER_SQL(verdicts, "SELECT job,revision FROM verdict ORDER BY job,revision");
    LEDGER_SQL(files, "SELECT id,0 FROM outgoing WHERE sha256 IS NOT NULL ORDER BY id");
    LEDGER_SQL(orders, "SELECT id,0 FROM operator_action ORDER BY id");
    int64_t newest = 0;

    return ledger_number(ledger, ledger_query(ledger, &jobs, LEDGER_NO_VALUES, error), &newest, error) &&
           ledger_evidence_note(ledger, "begin", newest, NULL, error) &&
           link_all(ledger, LEDGER_EVIDENCE_VERDICT, &verdicts, error) &&
           link_all(ledger, LEDGER_EVIDENCE_STORED, &files, error) &&
           link_all(ledger, LEDGER_EVIDENCE_DELIVERED, &files, error) &&
           link_all(ledger, LEDGER_EVIDENCE_ORDER, &orders, error);
}

bool ledger_evidence_begin(struct ledger *ledger, GError **error)
{
    struct ledger_evidence_head head;

    if (!ledger_evidence_head(ledger, &head, error))
        return false;
    if (head.n > 0)
        return true;
    if (!ledger_begin(ledger, error))
        return false;
    if (add_old_facts(ledger, error) && ledger_commit(STEP_LEDGER_MADE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* ---- verify ---- */

struct verifying {
    struct ledger *ledger;
    ledger_evidence_fault fault;
    void *user;
    int64_t expected; /* the number of the next link */
    char before[DIGEST_HEX_SIZE];
};

static void G_GNUC_PRINTF(3, 4) say(const struct verifying *v, int64_t job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    v->fault(v->user, job, text);
}

/* The job that a line of this kind is about. */
static bool job_of(const struct verifying *v, const struct ledger_evidence_link *link, int64_t *job, GError **error)
{
    LEDGER_SQL(of_line, "SELECT CASE ?1 WHEN 'order' THEN ?2->>2 WHEN 'stored' THEN ?2->>2 WHEN 'delivered'"
                        " THEN ?2->>2 ELSE ?2->>1 END WHERE json_valid(?2)");

    return ledger_number(
        v->ledger,
        ledger_query(v->ledger, &of_line, LEDGER_VALUES(LEDGER_TEXT(link->kind), LEDGER_TEXT(link->line)), error), job,
        error);
}

static struct fact *fact_of(const char *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (strcmp(facts[i].kind, kind) == 0)
            return &facts[i];
    }
    return NULL;
}

/* "judged_at was 1688371200 and is 1688371201": the first member in which two lines of a fact differ. g_free. */
static bool difference(const struct verifying *v, const struct ledger_evidence_link *link, const char *is, char **text,
                       GError **error)
{
    LEDGER_SQL(compare, "SELECT a.key,ifnull(a.value,'null'),ifnull(b.value,'null') FROM json_each(?1) a"
                        " JOIN json_each(?2) b ON b.key=a.key WHERE a.value IS NOT b.value LIMIT 1");
    sqlite3_stmt *q = ledger_query(v->ledger, &compare, LEDGER_VALUES(LEDGER_TEXT(link->line), LEDGER_TEXT(is)), error);
    g_auto(GStrv) names = g_strsplit(fact_of(link->kind)->members, " ", -1);
    bool row = false, good = q != NULL && ledger_row(v->ledger, q, &row, error);
    int64_t key = good && row ? sqlite3_column_int64(q, 0) : 0;

    *text = key < 1 || key > g_strv_length(names)
                ? g_strdup("the link is of another fact")
                : g_strdup_printf("%s was %s and is %s", names[key - 1], ledger_text(q, 1), ledger_text(q, 2));
    ledger_end(q);
    return good;
}

/* now: NULL if the fact has no row any more. */
static bool tell_difference(const struct verifying *v, const struct ledger_evidence_link *link, const char *now,
                            GError **error)
{
    const struct fact *fact = fact_of(link->kind);
    g_autofree char *how = NULL;
    int64_t job = 0;

    if (!job_of(v, link, &job, error) || (now != NULL && !difference(v, link, now, &how, error)))
        return false;
    say(v, job, "%s differs from link %" G_GINT64_FORMAT " of the evidence: %s", fact->what, link->n,
        how != NULL ? how : "its row is gone");
    return true;
}

/* Compares the rows with the link, if it is the newest one of its fact. */
static bool compare_rows(const struct verifying *v, const struct ledger_evidence_link *link, GError **error)
{
    const struct fact *fact = fact_of(link->kind);
    struct ledger_values values = LEDGER_VALUES(LEDGER_INT(link->subject), LEDGER_INT(link->part));
    g_autofree char *now = NULL;
    g_autofree char *newest = NULL;

    if (fact == NULL)
        return true;
    if (!both_lines(v->ledger, ledger_query(v->ledger, &fact->lines, values, error), &now, &newest, error))
        return false;
    bool open = now == NULL && fact != &facts[LEDGER_EVIDENCE_VERDICT] && fact != &facts[LEDGER_EVIDENCE_ORDER] &&
                fact != &facts[LEDGER_EVIDENCE_SIGNATURE];
    return open || g_strcmp0(now, link->line) == 0 || g_strcmp0(newest, link->line) != 0 ||
           tell_difference(v, link, now, error);
}

static bool verify_link(void *user, const struct ledger_evidence_link *link, GError **error)
{
    struct verifying *v = user;
    char digest[DIGEST_HEX_SIZE];

    if (link->n != v->expected)
        say(v, 0, "evidence: links %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " are missing", v->expected, link->n - 1);
    link_digest(v->ledger, v->before, link->line, digest);
    if (link->n == v->expected && strcmp(digest, link->digest) != 0)
        say(v, 0,
            "evidence: link %" G_GINT64_FORMAT " was changed, or the one before it: its digest is %s, expected %s",
            link->n, link->digest, digest);
    g_strlcpy(v->before, link->digest, sizeof v->before);
    v->expected = link->n + 1;
    return compare_rows(v, link, error);
}

static bool say_unlinked(const struct verifying *v, struct fact *fact, GError **error)
{
    if (fact->unlinked.sql == NULL)
        return true;
    sqlite3_stmt *q = ledger_query(v->ledger, &fact->unlinked, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(v->ledger, q, &row, error)) && row)
        say(v, sqlite3_column_int64(q, 0), "%s has no link in the evidence: the row was put in by another program",
            ledger_text(q, 1));
    ledger_end(q);
    return good;
}

bool ledger_evidence_verify(struct ledger *ledger, ledger_evidence_fault fault, void *user, GError **error)
{
    struct verifying v = {.ledger = ledger, .fault = fault, .user = user, .expected = 1};
    bool good;

    g_strlcpy(v.before, NOTHING_BEFORE, sizeof v.before);
    good = ledger_evidence_each(ledger, 1, verify_link, &v, error);
    for (size_t i = 0; good && i < G_N_ELEMENTS(facts); i++)
        good = say_unlinked(&v, &facts[i], error);
    return good;
}
