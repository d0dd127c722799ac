/* Jobs: table job. The identity of the sender's copy (source_…) is NULL in all but the newest rows; the index
 * job_discard finds them. */
#include "spool/ledger/ledger_jobs.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_tally.h"

#include <string.h>

#define COLUMNS                                                                                                        \
    "id,direction,name,type,form,org,sender,sequence,drop_name,received,size,sha256,revision,"                         \
    "source_dev,source_ino,source_ctime_ns,source_size,reason,healed,removed,"                                         \
    "purged"

static const size_t strings[] = {offsetof(struct ledger_job, name),   offsetof(struct ledger_job, type),
                                 offsetof(struct ledger_job, form),   offsetof(struct ledger_job, org),
                                 offsetof(struct ledger_job, sender), offsetof(struct ledger_job, drop),
                                 offsetof(struct ledger_job, sha256), offsetof(struct ledger_job, reason)};

static void read_job(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_job *job = row;
    job->id = sqlite3_column_int64(q, c);
    job->direction = sqlite3_column_int(q, c + 1) == LEDGER_IN ? LEDGER_IN : LEDGER_OUT;
    job->name = ledger_text(q, c + 2);
    job->type = ledger_text(q, c + 3);
    job->form = ledger_text(q, c + 4);
    job->org = ledger_text(q, c + 5);
    job->sender = ledger_text(q, c + 6);
    job->sequence = sqlite3_column_int64(q, c + 7);
    job->drop = ledger_text(q, c + 8);
    job->received = sqlite3_column_int64(q, c + 9);
    job->size = sqlite3_column_int64(q, c + 10);
    job->sha256 = ledger_text(q, c + 11);
    job->revision = sqlite3_column_int64(q, c + 12);
    job->source.set = sqlite3_column_type(q, c + 14) != SQLITE_NULL;
    job->source.dev = sqlite3_column_int64(q, c + 13);
    job->source.ino = sqlite3_column_int64(q, c + 14);
    job->source.ctime_ns = sqlite3_column_int64(q, c + 15);
    job->source.size = sqlite3_column_int64(q, c + 16);
    job->reason = ledger_text(q, c + 17);
    job->healed = sqlite3_column_int64(q, c + 18);
    job->removed = sqlite3_column_int64(q, c + 19);
    job->purged = sqlite3_column_int64(q, c + 20);
}

static const struct ledger_shape shape = {sizeof(struct ledger_job), read_job, strings, G_N_ELEMENTS(strings)};

/* The ids given out are remembered, for their rows come later: first the folders in incoming/ have to be on disk.
 */
bool ledger_job_reserve_ids(struct ledger *ledger, int64_t n, int64_t *first, GError **error)
{
    LEDGER_SQL(next_id, "SELECT max((SELECT ifnull(max(id),0) FROM job),"
                        "ifnull((SELECT value FROM counter WHERE name='job'),0))+1");
    int64_t next = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &next_id, LEDGER_NO_VALUES, error), &next, error))
        return false;
    *first = MAX(next, ledger->next_job);
    ledger->next_job = *first + n;
    return true;
}

/* Apart from the insertion, for most jobs (all of our own) have no sender's copy. */
static bool set_source(struct ledger *ledger, const struct ledger_job *job, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET source_dev=?2,source_ino=?3,source_ctime_ns=?4,source_size=?5"
                    " WHERE id=?1");
    return ledger_run(ledger, &set,
                      LEDGER_VALUES(LEDGER_INT(job->id), LEDGER_INT(job->source.dev), LEDGER_INT(job->source.ino),
                                    LEDGER_INT(job->source.ctime_ns), LEDGER_INT(job->source.size)),
                      error);
}

static bool count_received(struct ledger *ledger, const struct ledger_job *job, GError **error)
{
    return ledger_tally_add(
        ledger,
        &(const struct ledger_tally){
            .what = LEDGER_TALLY_RECEIVED, .a = job->type != NULL ? job->type : "unknown", .n = 1, .sum = job->size},
        error);
}

/* Revisions are counted by file name, so that answers to two files of one name have different names. */
bool ledger_job_insert(struct ledger *ledger, const struct ledger_job *job, int64_t *revision, GError **error)
{
    LEDGER_SQL(next_revision, "SELECT ifnull(max(revision),0)+1 FROM job WHERE name=?1");
    LEDGER_SQL(insert,
               "INSERT INTO job(id,direction,name,type,form,org,sender,sequence,drop_name,"
               "received,size,sha256,revision,reason,removed,numbering)"
               " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,(SELECT ifnull(max(id),0) FROM numbering"
               " WHERE sender=?7 AND type=?4 AND org=?6))");
    int64_t next = 0;
    sqlite3_stmt *last = ledger_query(ledger, &next_revision, LEDGER_VALUES(LEDGER_TEXT(job->name)), error);
    if (!ledger_number(ledger, last, &next, error))
        return false;
    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_INT(job->id), LEDGER_INT(job->direction), LEDGER_TEXT(job->name),
                                  LEDGER_TEXT(job->type), LEDGER_TEXT(job->form), LEDGER_TEXT(job->org),
                                  LEDGER_TEXT(job->sender), LEDGER_INT_OR_NULL(job->sequence), LEDGER_TEXT(job->drop),
                                  LEDGER_INT(job->received), LEDGER_INT(job->size), LEDGER_TEXT(job->sha256),
                                  LEDGER_INT(next), LEDGER_TEXT(job->reason), LEDGER_INT_OR_NULL(job->removed)),
                    error))
        return false;
    ledger_number_changes(ledger, job->sender, job->type, job->sequence);
    if ((job->source.set && !set_source(ledger, job, error)) || !ledger_count_job(ledger, job->id, 1, error))
        return false;
    if (job->direction == LEDGER_IN && !count_received(ledger, job, error))
        return false;
    if (revision != NULL)
        *revision = next;
    return true;
}

bool ledger_job_describe(struct ledger *ledger, const struct ledger_job *job, GError **error)
{
    LEDGER_SQL(describe, "UPDATE job SET org=?2,sender=?3,sequence=?4,type=?5,form=?6 WHERE id=?1");
    ledger_number_changes(ledger, job->sender, job->type, job->sequence);
    return ledger_number_of_job_changes(ledger, job->id, error) && ledger_count_job(ledger, job->id, -1, error) &&
           ledger_run(ledger, &describe,
                      LEDGER_VALUES(LEDGER_INT(job->id), LEDGER_TEXT(job->org), LEDGER_TEXT(job->sender),
                                    LEDGER_INT_OR_NULL(job->sequence), LEDGER_TEXT(job->type), LEDGER_TEXT(job->form)),
                      error) &&
           ledger_count_job(ledger, job->id, 1, error);
}

bool ledger_job_get(struct ledger *ledger, int64_t id, struct ledger_job **job, GError **error)
{
    LEDGER_SQL(of_id, "SELECT " COLUMNS " FROM job WHERE id=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_id, LEDGER_VALUES(LEDGER_INT(id)), error), &shape, &row, error))
        return false;
    *job = row;
    return true;
}

bool ledger_job_named(struct ledger *ledger, const char *name, struct ledger_job **job, GError **error)
{
    LEDGER_SQL(newest, "SELECT " COLUMNS " FROM job WHERE name=? ORDER BY id DESC LIMIT 1");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_TEXT(name)), error), &shape, &row,
                    error))
        return false;
    *job = row;
    return true;
}

bool ledger_jobs_each(struct ledger *ledger, ledger_job_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT " COLUMNS " FROM job ORDER BY id");
    sqlite3_stmt *query = ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_job job = {0};
        read_job(query, 0, &job);
        good = visit(user, &job, error);
    }
    ledger_end(query);
    return good;
}

/* ---- jobs that are looked for ---- */

/* ?1 … ?8: the conditions; ?9: the job after which the list begins. */
#define FITS                                                                                                           \
    " AND(?1 IS NULL OR id=?1) AND(?2 IS NULL OR type=?2) AND(?3 IS NULL OR drop_name=?3) AND(?4 IS NULL OR org=?4"    \
    " OR sender=?4) AND((?5 IS NULL AND ?6 IS NULL) OR EXISTS(SELECT 1 FROM verdict v WHERE v.job=job.id"              \
    " AND v.revision=job.revision AND(?5 IS NULL OR v.batch=?5) AND(?6 IS NULL OR v.outcome=?6)))"                     \
    " AND received>=?7 AND(?8=0 OR received<?8)"                                                                       \
    " AND(?9=0 OR(received,id)>(SELECT l.received,l.id FROM job l WHERE l.id=?9)) ORDER BY received,id"
/* Walks the rest of the list only. */
#define LATER " AND received>=max(?7,ifnull((SELECT l.received FROM job l WHERE l.id=?9),0))"

enum lead { BY_ID, BY_BATCH, BY_OUTCOME, BY_TYPE, BY_ORG, BY_DROP, BY_TIME, JOB_LEADS };

static struct ledger_sql walks[JOB_LEADS] = {
    [BY_ID] = {"SELECT " COLUMNS " FROM job WHERE id=?1" FITS},
    [BY_BATCH] = {"SELECT " COLUMNS " FROM job WHERE id IN(SELECT b.job FROM verdict b WHERE b.batch=?5)" FITS},
    [BY_OUTCOME] = {"SELECT " COLUMNS " FROM job WHERE id IN(SELECT b.job FROM verdict b WHERE b.outcome=?6)" FITS},
    [BY_TYPE] = {"SELECT " COLUMNS " FROM job INDEXED BY job_type WHERE type=?2" LATER FITS},
    [BY_ORG] = {"SELECT " COLUMNS " FROM job INDEXED BY job_org WHERE org=?4" LATER FITS},
    [BY_DROP] = {"SELECT " COLUMNS " FROM job INDEXED BY job_drop WHERE drop_name=?3" LATER FITS},
    [BY_TIME] = {"SELECT " COLUMNS " FROM job INDEXED BY job_received WHERE 1" LATER FITS},
};

/* How many verdicts of an outcome are few enough to be sorted. */
enum { FEW = 5000 };

/* A verdict of few files leads; else what a file is, in the order of the list. A sender is found by its short code. */
static bool choose(struct ledger *ledger, const struct ledger_job_find *find, enum lead *lead, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM(SELECT 1 FROM verdict WHERE outcome=?1 LIMIT ?2)");
    int64_t n = FEW;

    if (find->outcome != NULL &&
        !ledger_number(ledger,
                       ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_TEXT(find->outcome), LEDGER_INT(FEW)), error),
                       &n, error))
        return false;
    *lead = find->id != 0                                               ? BY_ID
            : find->batch != NULL                                       ? BY_BATCH
            : n < FEW                                                   ? BY_OUTCOME
            : find->sender != NULL && strchr(find->sender, '-') == NULL ? BY_ORG
            : find->type != NULL                                        ? BY_TYPE
            : find->drop != NULL                                        ? BY_DROP
                                                                        : BY_TIME;
    return true;
}

bool ledger_jobs_find(struct ledger *ledger, const struct ledger_job_find *find, ledger_job_visit visit, void *user,
                      GError **error)
{
    enum lead lead;

    if (!choose(ledger, find, &lead, error))
        return false;
    sqlite3_stmt *q =
        ledger_query(ledger, &walks[lead],
                     LEDGER_VALUES(LEDGER_INT_OR_NULL(find->id), LEDGER_TEXT(find->type), LEDGER_TEXT(find->drop),
                                   LEDGER_TEXT(find->sender), LEDGER_TEXT(find->batch), LEDGER_TEXT(find->outcome),
                                   LEDGER_INT(find->since), LEDGER_INT(find->until), LEDGER_INT(find->after)),
                     error);
    bool row = true, good = q != NULL;
    while (good && (find->enough == NULL || !*find->enough) && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_job job = {0};
        read_job(q, 0, &job);
        good = visit(user, &job, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_jobs_with_source(struct ledger *ledger, const char *drop, GPtrArray **jobs, GError **error)
{
    LEDGER_SQL(with_source, "SELECT " COLUMNS " FROM job WHERE drop_name=? AND source_ino IS NOT NULL"
                            " ORDER BY id");
    return ledger_all(ledger, ledger_query(ledger, &with_source, LEDGER_VALUES(LEDGER_TEXT(drop)), error), &shape, jobs,
                      error);
}

bool ledger_job_clear_source(struct ledger *ledger, int64_t id, GError **error)
{
    LEDGER_SQL(clear, "UPDATE job SET source_dev=NULL,source_ino=NULL,source_ctime_ns=NULL,"
                      "source_size=NULL WHERE id=?");
    return ledger_run(ledger, &clear, LEDGER_VALUES(LEDGER_INT(id)), error);
}

bool ledger_job_set_reason(struct ledger *ledger, int64_t id, const char *reason, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET reason=?2 WHERE id=?1");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(id), LEDGER_TEXT(reason)), error);
}

bool ledger_job_set_healed(struct ledger *ledger, int64_t id, int64_t healed, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET healed=?2 WHERE id=?1");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(id), LEDGER_INT_OR_NULL(healed)), error);
}

bool ledger_jobs_unjudged_with_bytes(struct ledger *ledger, const struct ledger_job *of, GPtrArray **jobs,
                                     GError **error)
{
    LEDGER_SQL(same, "SELECT " COLUMNS " FROM job WHERE name=?1 AND drop_name=?2 AND sha256=?3 AND size=?4 AND id<?5"
                     " AND direction=0 AND healed IS NULL AND NOT EXISTS"
                     "(SELECT 1 FROM verdict v WHERE v.job=job.id AND v.revision=job.revision) ORDER BY id");
    return ledger_all(ledger,
                      ledger_query(ledger, &same,
                                   LEDGER_VALUES(LEDGER_TEXT(of->name), LEDGER_TEXT(of->drop), LEDGER_TEXT(of->sha256),
                                                 LEDGER_INT(of->size), LEDGER_INT(of->id)),
                                   error),
                      &shape, jobs, error);
}

/* One statement, which gives out what it set. */
bool ledger_job_requeue(struct ledger *ledger, int64_t id, int64_t *revision, GError **error)
{
    LEDGER_SQL(next_revision, "UPDATE job SET reason=NULL,stored=0,revision="
                              "(SELECT max(revision)+1 FROM job o WHERE o.name=job.name)"
                              " WHERE id=? RETURNING revision");
    return ledger_count_job(ledger, id, -1, error) &&
           ledger_number(ledger, ledger_query(ledger, &next_revision, LEDGER_VALUES(LEDGER_INT(id)), error), revision,
                         error) &&
           ledger_count_job(ledger, id, 1, error);
}
