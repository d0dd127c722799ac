/* Archives: tables archive, archive_range. Ranges do not overlap: a job is in one archive at most. */
#include "spool/ledger/ledger_archive.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_retention.h"

#define COLUMNS "a.id,a.name,a.sha256,a.ended_before,a.at,a.upto,a.settled"

static const size_t strings[] = {offsetof(struct ledger_archive, name), offsetof(struct ledger_archive, sha256)};

static void read_archive(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_archive *archive = row;

    archive->id = sqlite3_column_int64(q, c);
    archive->name = ledger_text(q, c + 1);
    archive->sha256 = ledger_text(q, c + 2);
    archive->before = sqlite3_column_int64(q, c + 3);
    archive->at = sqlite3_column_int64(q, c + 4);
    archive->upto = sqlite3_column_int64(q, c + 5);
    archive->settled = sqlite3_column_int(q, c + 6) != 0;
}

static const struct ledger_shape shape = {sizeof(struct ledger_archive), read_archive, strings, G_N_ELEMENTS(strings)};

static bool one(struct ledger *ledger, sqlite3_stmt *query, struct ledger_archive **archive, GError **error)
{
    void *row = NULL;

    if (!ledger_one(ledger, query, &shape, &row, error))
        return false;
    *archive = row;
    return true;
}

static bool add_range(struct ledger *ledger, int64_t archive, const struct ledger_archive_range *range, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO archive_range(first,last,archive) VALUES(?,?,?)");
    return range->first > range->last ||
           ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(range->first), LEDGER_INT(range->last), LEDGER_INT(archive)), error);
}

bool ledger_archive_add(struct ledger *ledger, const struct ledger_archive *archive, const GArray *ranges,
                        GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO archive(name,sha256,ended_before,at) VALUES(?,?,?,?)");
    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_TEXT(archive->name), LEDGER_TEXT(archive->sha256), LEDGER_INT(archive->before),
                                  LEDGER_INT(archive->at)),
                    error))
        return false;
    int64_t id = sqlite3_last_insert_rowid(ledger->db);
    for (guint i = 0; i < ranges->len; i++)
        if (!add_range(ledger, id, &g_array_index(ranges, struct ledger_archive_range, i), error))
            return false;
    return true;
}

bool ledger_archive_taken(struct ledger *ledger, const struct ledger_archive_range *range, int64_t *taken,
                          GError **error)
{
    LEDGER_SQL(overlap, "SELECT max(first,?1) FROM archive_range WHERE first<=?2 AND last>=?1 ORDER BY first LIMIT 1");
    return ledger_number(
        ledger, ledger_query(ledger, &overlap, LEDGER_VALUES(LEDGER_INT(range->first), LEDGER_INT(range->last)), error),
        taken, error);
}

bool ledger_archive_of(struct ledger *ledger, int64_t job, struct ledger_archive **archive, GError **error)
{
    LEDGER_SQL(of_job, "SELECT " COLUMNS " FROM (SELECT archive,last FROM archive_range WHERE first<=?1"
                       " ORDER BY first DESC LIMIT 1) r CROSS JOIN archive a ON a.id=r.archive WHERE r.last>=?1");
    return one(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), archive, error);
}

bool ledger_archive_with_digest(struct ledger *ledger, const char *sha256, struct ledger_archive **archive,
                                GError **error)
{
    LEDGER_SQL(get, "SELECT " COLUMNS " FROM archive a WHERE a.sha256=?");
    return one(ledger, ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(sha256)), error), archive, error);
}

bool ledger_archive_unsettled(struct ledger *ledger, struct ledger_archive **archive, GError **error)
{
    LEDGER_SQL(next, "SELECT " COLUMNS " FROM archive a WHERE a.settled=0 ORDER BY a.id LIMIT 1");
    return one(ledger, ledger_query(ledger, &next, LEDGER_NO_VALUES, error), archive, error);
}

bool ledger_archive_next(struct ledger *ledger, const struct ledger_archive *archive, guint limit, GArray *jobs,
                         GError **error)
{
    LEDGER_SQL(walk, "SELECT first,last FROM archive_range WHERE archive=?1 AND last>?2 ORDER BY last");
    sqlite3_stmt *q =
        ledger_query(ledger, &walk, LEDGER_VALUES(LEDGER_INT(archive->id), LEDGER_INT(archive->upto)), error);
    bool row = true, good = q != NULL;
    guint most = jobs->len + limit;

    while (good && jobs->len < most && (good = ledger_row(ledger, q, &row, error)) && row) {
        int64_t first = MAX(sqlite3_column_int64(q, 0), archive->upto + 1), last = sqlite3_column_int64(q, 1);
        for (int64_t job = first; job <= last && jobs->len < most; job++)
            g_array_append_val(jobs, job);
    }
    ledger_end(q);
    return good;
}

bool ledger_archive_left(struct ledger *ledger, int64_t *jobs, GError **error)
{
    LEDGER_SQL(left, "SELECT ifnull(sum(min(r.last,a.upto)-r.first+1),0) FROM archive_range r JOIN archive a"
                     " ON a.id=r.archive WHERE r.first<=a.upto");
    return ledger_number(ledger, ledger_query(ledger, &left, LEDGER_NO_VALUES, error), jobs, error);
}

static bool set_stored(struct ledger *ledger, int64_t job, enum ledger_stored stored, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET stored=?2 WHERE id=?1");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(stored)), error);
}

bool ledger_archive_gone(struct ledger *ledger, int64_t job, GError **error)
{
    return set_stored(ledger, job, LEDGER_STORED_REMOVED, error);
}

/* *range: the one that the job is in; *archive 0: it is in none. */
static bool range_of(struct ledger *ledger, int64_t job, struct ledger_archive_range *range, int64_t *archive,
                     GError **error)
{
    LEDGER_SQL(of_job, "SELECT first,last,archive FROM archive_range WHERE first<=?1 ORDER BY first DESC LIMIT 1");
    sqlite3_stmt *q = ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *archive = 0;
    if (good && row && sqlite3_column_int64(q, 1) >= job) {
        *range = (struct ledger_archive_range){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
        *archive = sqlite3_column_int64(q, 2);
    }
    ledger_end(q);
    return good;
}

bool ledger_archive_take_out(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(cut, "DELETE FROM archive_range WHERE first=?");
    LEDGER_SQL(purged, "UPDATE job SET stored=?2 WHERE id=?1 AND purged IS NOT NULL"); /* it has no files to pack */
    struct ledger_archive_range range = {0};
    int64_t archive;

    if (!range_of(ledger, job, &range, &archive, error))
        return false;
    if (archive == 0)
        return true;
    return ledger_run(ledger, &cut, LEDGER_VALUES(LEDGER_INT(range.first)), error) &&
           add_range(ledger, archive, &(const struct ledger_archive_range){range.first, job - 1}, error) &&
           add_range(ledger, archive, &(const struct ledger_archive_range){job + 1, range.last}, error) &&
           set_stored(ledger, job, LEDGER_STORED_PLAIN, error) &&
           ledger_run(ledger, &purged, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(LEDGER_STORED_REMOVED)), error);
}

bool ledger_archive_settle(struct ledger *ledger, const struct ledger_archive *archive, int64_t upto, bool settled,
                           GError **error)
{
    LEDGER_SQL(set, "UPDATE archive SET upto=?2,settled=?3 WHERE id=?1");
    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(archive->id), LEDGER_INT(upto), LEDGER_INT(settled)),
                      error);
}
