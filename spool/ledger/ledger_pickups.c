/* What was seen in the drops: table pickup, one row for each drop and name. */
#include "spool/ledger/ledger_pickups.h"

#include "spool/ledger/ledger_private.h"

#define COLUMNS "drop_name,name,size,modified,since,decision,reason,job,failures"

static const size_t strings[] = {offsetof(struct ledger_pickup, drop), offsetof(struct ledger_pickup, name),
                                 offsetof(struct ledger_pickup, decision), offsetof(struct ledger_pickup, reason)};

static void read_pickup(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_pickup *pickup = row;
    pickup->drop = ledger_text(q, c);
    pickup->name = ledger_text(q, c + 1);
    pickup->size = sqlite3_column_int64(q, c + 2);
    pickup->modified = sqlite3_column_int64(q, c + 3);
    pickup->since = sqlite3_column_int64(q, c + 4);
    pickup->decision = ledger_text(q, c + 5);
    pickup->reason = ledger_text(q, c + 6);
    pickup->job = sqlite3_column_int64(q, c + 7);
    pickup->failures = sqlite3_column_int64(q, c + 8);
}

static const struct ledger_shape shape = {sizeof(struct ledger_pickup), read_pickup, strings, G_N_ELEMENTS(strings)};

/* A file of the same name that comes after one that was gone is a new file, whatever its size and time. */
bool ledger_pickup_put(struct ledger *ledger, const struct ledger_pickup *pickup, GError **error)
{
    LEDGER_SQL(put, "INSERT INTO pickup(drop_name,name,size,modified,since,decision,reason,job,failures)"
                    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT DO UPDATE SET since="
                    "CASE WHEN size=?3 AND modified=?4 AND decision<>'gone' THEN since ELSE ?5 END,"
                    "size=?3,modified=?4,decision=?6,reason=?7,job=ifnull(?8,job),failures=?9");
    return ledger_run(ledger, &put,
                      LEDGER_VALUES(LEDGER_TEXT(pickup->drop), LEDGER_TEXT(pickup->name), LEDGER_INT(pickup->size),
                                    LEDGER_INT(pickup->modified), LEDGER_INT(pickup->since),
                                    LEDGER_TEXT(pickup->decision), LEDGER_TEXT(pickup->reason),
                                    LEDGER_INT_OR_NULL(pickup->job), LEDGER_INT(pickup->failures)),
                      error);
}

bool ledger_pickup_get(struct ledger *ledger, const char *drop, const char *name, struct ledger_pickup **pickup,
                       GError **error)
{
    LEDGER_SQL(of_name, "SELECT " COLUMNS " FROM pickup WHERE drop_name=? AND name=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_name, LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_TEXT(name)), error),
                    &shape, &row, error))
        return false;
    *pickup = row;
    return true;
}

bool ledger_pickups_failing(struct ledger *ledger, const char *drop, GPtrArray **rows, GError **error)
{
    LEDGER_SQL(failing, "SELECT " COLUMNS " FROM pickup WHERE drop_name=? AND failures>0 ORDER BY name");
    return ledger_all(ledger, ledger_query(ledger, &failing, LEDGER_VALUES(LEDGER_TEXT(drop)), error), &shape, rows,
                      error);
}

bool ledger_pickups_waiting(struct ledger *ledger, const char *drop, struct ledger_waiting *waiting, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*),ifnull(min(since),0) FROM pickup WHERE drop_name=?"
                      " AND decision IN('take','wait','fault')");
    sqlite3_stmt *q = ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_TEXT(drop)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good)
        *waiting = (struct ledger_waiting){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    ledger_end(q);
    return good;
}

/* Rows of a drop (?1) that may go, by the index on `since`. ?2: before; ?3: how many to keep. */
#define MAY_GO "drop_name=?1 AND failures=0 AND decision IN('taken','gone')"
#define OLD                                                                                                            \
    "SELECT name FROM pickup WHERE " MAY_GO " AND since<=max(?2,ifnull((SELECT since FROM pickup WHERE " MAY_GO        \
    " ORDER BY since DESC LIMIT 1 OFFSET ?3),0)) ORDER BY since"

bool ledger_pickups_prunable(struct ledger *ledger, const struct ledger_pickups_old *old, bool *any, GError **error)
{
    LEDGER_SQL(some, "SELECT EXISTS(" OLD ")");
    int64_t n = 0;
    bool good = ledger_number(
        ledger,
        ledger_query(ledger, &some,
                     LEDGER_VALUES(LEDGER_TEXT(old->drop), LEDGER_INT(old->before), LEDGER_INT(old->keep)), error),
        &n, error);

    *any = n != 0;
    return good;
}

bool ledger_pickups_prune(struct ledger *ledger, const struct ledger_pickups_old *old, int64_t limit, GError **error)
{
    LEDGER_SQL(prune, "DELETE FROM pickup WHERE drop_name=?1 AND name IN(" OLD " LIMIT ?4)");
    return ledger_run(
        ledger, &prune,
        LEDGER_VALUES(LEDGER_TEXT(old->drop), LEDGER_INT(old->before), LEDGER_INT(old->keep), LEDGER_INT(limit)),
        error);
}
