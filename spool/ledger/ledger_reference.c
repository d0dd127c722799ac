/* Reference data: tables inventory, cos, non_migratable, party; reference says which file each has last been read from.
 */
#include "spool/ledger/ledger_reference.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

/* The keys of a table before a FULL file, in a table that exists within the transaction only. It is no temporary one:
 * those lie in a folder of the system, which may be small. */
#define KEEP "CREATE TABLE IF NOT EXISTS known_before AS SELECT "

/* The file type of each table; the SQL that keeps its keys; the SQL before and after a FULL file. Tables that get many
 * rows lose their indexes for that time: making an index once, from sorted rows, is much cheaper than an insertion for
 * each row. */
static const struct {
    const char *type, *keep, *clear, *index;
} tables[LEDGER_REFERENCES] = {
    [LEDGER_INVENTORY] = {"INV", KEEP "device_id FROM inventory ORDER BY device_id;",
                          "DELETE FROM inventory;DELETE FROM inventory_party;DROP INDEX IF EXISTS inventory_device;"
                          "DROP INDEX IF EXISTS inventory_hub;DROP INDEX IF EXISTS inventory_point;"
                          "DROP INDEX IF EXISTS inventory_supplier;DROP INDEX IF EXISTS inventory_model;",
                          LEDGER_INVENTORY_INDEXES LEDGER_INVENTORY_FIND_INDEXES},
    [LEDGER_COS] = {"COS", KEEP "mpxn,starts FROM cos ORDER BY mpxn,starts;",
                    "DELETE FROM cos;DROP INDEX IF EXISTS cos_event;DROP INDEX IF EXISTS cos_gained;",
                    LEDGER_COS_INDEXES},
    [LEDGER_NMM] = {"NMM", KEEP "device_type,manufacturer,model,firmware,since FROM non_migratable;",
                    "DELETE FROM non_migratable;", ""},
    [LEDGER_PARTY] = {"PTY", KEEP "party_id,role FROM party;", "DELETE FROM party;", ""},
};

/* ---- the parties that the inventory names ---- */

void ledger_inventory_party_forget(struct ledger *ledger)
{
    memset(ledger->suppliers, 0, sizeof ledger->suppliers);
    memset(ledger->maps, 0, sizeof ledger->maps);
}

/* Devices by the million name a few parties: what was put in this transaction is remembered. id 0: none is named. */
static bool put_party(struct ledger *ledger, uint64_t *known, const char *role, uint64_t id, GError **error)
{
    LEDGER_SQL(put, "INSERT OR IGNORE INTO inventory_party(party_id,role) VALUES(?,?)");
    uint64_t *place = &known[id % LEDGER_PARTIES];

    if (id == 0 || id == *place)
        return true;
    *place = id;
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_ID(id), LEDGER_TEXT(role)), error);
}

static bool put_parties(struct ledger *ledger, const struct ledger_inventory *r, GError **error)
{
    return put_party(ledger, ledger->suppliers, "SUPPLIER", r->supplier, error) &&
           put_party(ledger, ledger->maps, "MAP", r->map, error);
}

/* ---- rows in ---- */

/* What the inventory keeps of the supply point of Device ?1, whose personal data may be purged. */
#define POINT(place) "iif(EXISTS(SELECT 1 FROM purged_device p WHERE p.device_id=?1),NULL," place ")"

/* The columns that no index has, ?2 to ?8, of the row that ?1 names. */
#define PLAIN "status=?2,map=?3,region=?4,installed=?5,commissioned=?6,credentials=?7,pending=?8"
#define PLAIN_VALUES(r)                                                                                                \
    LEDGER_TEXT((r)->status), LEDGER_ID_OR_NULL((r)->map), LEDGER_TEXT((r)->region),                                   \
        LEDGER_INT_OR_NULL((r)->installed), LEDGER_INT_OR_NULL((r)->commissioned), LEDGER_TEXT((r)->credentials),      \
        LEDGER_TEXT((r)->pending)

/* The row of a Device, and which values that an index has differ from the record's. */
struct changed {
    int64_t row; /* 0: there is none */
    bool model, point, owner;
};

static bool find_changed(struct ledger *ledger, const struct ledger_inventory *r, struct changed *changed,
                         GError **error)
{
    LEDGER_SQL(compare, "SELECT rowid,NOT(manufacturer IS ?2 AND model IS ?3 AND firmware IS ?4),mpxn IS NOT " POINT(
                            "?5") ",NOT(device_type=?6 AND chf IS ?7 AND supplier IS ?8) FROM inventory"
                                  " WHERE device_id=?1");
    sqlite3_stmt *q =
        ledger_query(ledger, &compare,
                     LEDGER_VALUES(LEDGER_ID(r->device), LEDGER_TEXT(r->manufacturer), LEDGER_TEXT(r->model),
                                   LEDGER_TEXT(r->firmware), LEDGER_TEXT(r->mpxn), LEDGER_TEXT(r->device_type),
                                   LEDGER_ID_OR_NULL(r->chf), LEDGER_ID_OR_NULL(r->supplier)),
                     error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *changed = (struct changed){0};
    if (good && row)
        *changed = (struct changed){sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1) != 0,
                                    sqlite3_column_int(q, 2) != 0, sqlite3_column_int(q, 3) != 0};
    ledger_end(q);
    return good;
}

/* By indexes: an UPDATE takes the row out of each index that has one of its columns, and puts it in again, also where
 * the value stays. */
static bool rewrite_indexed(struct ledger *ledger, const struct ledger_inventory *r, const struct changed *changed,
                            GError **error)
{
    LEDGER_SQL(point, "UPDATE inventory SET mpxn=" POINT("?3") " WHERE rowid=?2");
    LEDGER_SQL(owner, "UPDATE inventory SET device_type=?2,chf=?3,supplier=?4 WHERE rowid=?1");
    int64_t row = changed->row;

    return (!changed->point ||
            ledger_run(ledger, &point, LEDGER_VALUES(LEDGER_ID(r->device), LEDGER_INT(row), LEDGER_TEXT(r->mpxn)),
                       error)) &&
           (!changed->owner || ledger_run(ledger, &owner,
                                          LEDGER_VALUES(LEDGER_INT(row), LEDGER_TEXT(r->device_type),
                                                        LEDGER_ID_OR_NULL(r->chf), LEDGER_ID_OR_NULL(r->supplier)),
                                          error));
}

/* With the model, which changes most often of what indexes have: a new firmware. */
static bool rewrite_plain(struct ledger *ledger, const struct ledger_inventory *r, const struct changed *changed,
                          GError **error)
{
    LEDGER_SQL(plain, "UPDATE inventory SET " PLAIN " WHERE rowid=?1");
    LEDGER_SQL(model, "UPDATE inventory SET " PLAIN ",manufacturer=?9,model=?10,firmware=?11 WHERE rowid=?1");

    if (!changed->model)
        return ledger_run(ledger, &plain, LEDGER_VALUES(LEDGER_INT(changed->row), PLAIN_VALUES(r)), error);
    return ledger_run(ledger, &model,
                      LEDGER_VALUES(LEDGER_INT(changed->row), PLAIN_VALUES(r), LEDGER_TEXT(r->manufacturer),
                                    LEDGER_TEXT(r->model), LEDGER_TEXT(r->firmware)),
                      error);
}

/* The row is compared first. Most rows of a DELTA change no value that an index has, and one UPDATE could ask for that
 * in its WHERE; rows with a new firmware would then be looked for twice. */
bool ledger_inventory_renew(struct ledger *ledger, const struct ledger_inventory *r, bool *renewed, GError **error)
{
    struct changed changed;

    if (!find_changed(ledger, r, &changed, error))
        return false;
    *renewed = changed.row != 0;
    return !*renewed || (rewrite_plain(ledger, r, &changed, error) && rewrite_indexed(ledger, r, &changed, error) &&
                         put_parties(ledger, r, error));
}

bool ledger_inventory_put(struct ledger *ledger, const struct ledger_inventory *r, GError **error)
{
    LEDGER_SQL(put,
               "INSERT OR REPLACE INTO inventory(device_id,device_type,status,manufacturer,model,firmware,mpxn,"
               "chf,supplier,map,region,installed,commissioned,credentials,pending) VALUES(?1,?2,?3,?4,?5,?6," POINT(
                   "?7") ","
                         "?8,?9,?10,?11,?12,?13,?14,?15)");
    return put_parties(ledger, r, error) &&
           ledger_run(ledger, &put,
                      LEDGER_VALUES(LEDGER_ID(r->device), LEDGER_TEXT(r->device_type), LEDGER_TEXT(r->status),
                                    LEDGER_TEXT(r->manufacturer), LEDGER_TEXT(r->model), LEDGER_TEXT(r->firmware),
                                    LEDGER_TEXT(r->mpxn), LEDGER_ID_OR_NULL(r->chf), LEDGER_ID_OR_NULL(r->supplier),
                                    LEDGER_ID_OR_NULL(r->map), LEDGER_TEXT(r->region), LEDGER_INT_OR_NULL(r->installed),
                                    LEDGER_INT_OR_NULL(r->commissioned), LEDGER_TEXT(r->credentials),
                                    LEDGER_TEXT(r->pending)),
                      error);
}

bool ledger_cos_put(struct ledger *ledger, const struct ledger_cos *r, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO cos(mpxn,starts,losing,gaining) VALUES(?,?,?,?)");
    return ledger_run(
        ledger, &put,
        LEDGER_VALUES(LEDGER_TEXT(r->mpxn), LEDGER_INT(r->starts), LEDGER_ID_OR_NULL(r->losing), LEDGER_ID(r->gaining)),
        error);
}

bool ledger_nmm_put(struct ledger *ledger, const struct ledger_nmm *r, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO non_migratable(device_type,manufacturer,model,firmware,since,until,"
                    "reason,fixed_in) VALUES(?,?,?,?,?,nullif(?," LEDGER_FOR_EVER_SQL "),?,?)");
    return ledger_run(ledger, &put,
                      LEDGER_VALUES(LEDGER_TEXT(r->device_type), LEDGER_TEXT(r->manufacturer), LEDGER_TEXT(r->model),
                                    LEDGER_TEXT(r->firmware), LEDGER_INT(r->since), LEDGER_INT(r->until),
                                    LEDGER_TEXT(r->reason), LEDGER_TEXT(r->fixed_in)),
                      error);
}

bool ledger_party_put(struct ledger *ledger, const struct ledger_party *r, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO party(party_id,role,mpid,name,drop_name) VALUES(?,?,?,?,?)");
    return ledger_run(ledger, &put,
                      LEDGER_VALUES(LEDGER_ID(r->id), LEDGER_TEXT(r->role), LEDGER_TEXT(r->mpid), LEDGER_TEXT(r->name),
                                    LEDGER_TEXT(r->drop)),
                      error);
}

/* ---- rows by key ---- */

/* A key twice: as SQL, and as the values of its placeholders. */
#define INVENTORY_KEY "FROM inventory WHERE device_id=?"
#define INVENTORY_VALUES(row) LEDGER_VALUES(LEDGER_ID((row)->device))
#define COS_KEY "FROM cos WHERE mpxn=? AND starts=?"
#define COS_VALUES(row) LEDGER_VALUES(LEDGER_TEXT((row)->mpxn), LEDGER_INT((row)->starts))
#define NMM_KEY "FROM non_migratable WHERE device_type=? AND manufacturer=? AND model=? AND firmware=? AND since=?"
#define NMM_VALUES(row)                                                                                                \
    LEDGER_VALUES(LEDGER_TEXT((row)->device_type), LEDGER_TEXT((row)->manufacturer), LEDGER_TEXT((row)->model),        \
                  LEDGER_TEXT((row)->firmware), LEDGER_INT((row)->since))
#define PARTY_KEY "FROM party WHERE party_id=? AND role=?"
#define PARTY_VALUES(row) LEDGER_VALUES(LEDGER_ID((row)->id), LEDGER_TEXT((row)->role))

bool ledger_inventory_remove(struct ledger *ledger, const struct ledger_inventory *row, GError **error)
{
    LEDGER_SQL(by_key, "DELETE " INVENTORY_KEY);
    return ledger_run(ledger, &by_key, INVENTORY_VALUES(row), error);
}

bool ledger_cos_remove(struct ledger *ledger, const struct ledger_cos *row, GError **error)
{
    LEDGER_SQL(by_key, "DELETE " COS_KEY);
    return ledger_run(ledger, &by_key, COS_VALUES(row), error);
}

bool ledger_nmm_remove(struct ledger *ledger, const struct ledger_nmm *row, GError **error)
{
    LEDGER_SQL(by_key, "DELETE " NMM_KEY);
    return ledger_run(ledger, &by_key, NMM_VALUES(row), error);
}

bool ledger_party_remove(struct ledger *ledger, const struct ledger_party *row, GError **error)
{
    LEDGER_SQL(by_key, "DELETE " PARTY_KEY);
    return ledger_run(ledger, &by_key, PARTY_VALUES(row), error);
}

/* *exists: the query has a row; ends the query. */
static bool has_row(struct ledger *ledger, sqlite3_stmt *query, bool *exists, GError **error)
{
    int64_t n = 0;
    if (!ledger_number(ledger, query, &n, error))
        return false;
    *exists = n > 0;
    return true;
}

bool ledger_inventory_exists(struct ledger *ledger, const struct ledger_inventory *row, bool *exists, GError **error)
{
    LEDGER_SQL(by_key, "SELECT 1 " INVENTORY_KEY);
    return has_row(ledger, ledger_query(ledger, &by_key, INVENTORY_VALUES(row), error), exists, error);
}

bool ledger_cos_exists(struct ledger *ledger, const struct ledger_cos *row, bool *exists, GError **error)
{
    LEDGER_SQL(by_key, "SELECT 1 " COS_KEY);
    return has_row(ledger, ledger_query(ledger, &by_key, COS_VALUES(row), error), exists, error);
}

bool ledger_nmm_exists(struct ledger *ledger, const struct ledger_nmm *row, bool *exists, GError **error)
{
    LEDGER_SQL(by_key, "SELECT 1 " NMM_KEY);
    return has_row(ledger, ledger_query(ledger, &by_key, NMM_VALUES(row), error), exists, error);
}

bool ledger_party_exists(struct ledger *ledger, const struct ledger_party *row, bool *exists, GError **error)
{
    LEDGER_SQL(by_key, "SELECT 1 " PARTY_KEY);
    return has_row(ledger, ledger_query(ledger, &by_key, PARTY_VALUES(row), error), exists, error);
}

/* ---- whole files ---- */

/* The keys of a FULL file's wrong records, beside known_before. */
#define WRONG "INSERT INTO known_wrong "

bool ledger_inventory_wrong(struct ledger *ledger, const struct ledger_inventory *row, GError **error)
{
    LEDGER_SQL(insert, WRONG "VALUES(?)");
    return ledger_run(ledger, &insert, INVENTORY_VALUES(row), error);
}

bool ledger_cos_wrong(struct ledger *ledger, const struct ledger_cos *row, GError **error)
{
    LEDGER_SQL(insert, WRONG "VALUES(?,?)");
    return ledger_run(ledger, &insert, COS_VALUES(row), error);
}

bool ledger_nmm_wrong(struct ledger *ledger, const struct ledger_nmm *row, GError **error)
{
    LEDGER_SQL(insert, WRONG "VALUES(?,?,?,?,?)");
    return ledger_run(ledger, &insert, NMM_VALUES(row), error);
}

bool ledger_party_wrong(struct ledger *ledger, const struct ledger_party *row, GError **error)
{
    LEDGER_SQL(insert, WRONG "VALUES(?,?)");
    return ledger_run(ledger, &insert, PARTY_VALUES(row), error);
}

bool ledger_reference_load_begin(struct ledger *ledger, enum ledger_reference table, bool compare, GError **error)
{
    ledger_inventory_party_forget(ledger);
    return ledger_writing(ledger, error) &&
           (!compare ||
            (ledger_execute(ledger, tables[table].keep, error) &&
             ledger_execute(ledger, "CREATE TABLE known_wrong AS SELECT * FROM known_before WHERE 0", error))) &&
           ledger_execute(ledger, tables[table].clear, error);
}

bool ledger_reference_load_end(struct ledger *ledger, enum ledger_reference table, GError **error)
{
    return ledger_writing(ledger, error) && ledger_execute(ledger, tables[table].index, error);
}

/* Looks up the kept keys in their order, so that neighbours of the index are found in the cache. */
bool ledger_reference_load_compare(struct ledger *ledger, enum ledger_reference table, struct ledger_shrink *shrink,
                                   GError **error)
{
#define REMOVED "SELECT count(*) FROM known_before k WHERE NOT EXISTS(SELECT 1 FROM "
    static struct ledger_sql removed[LEDGER_REFERENCES] = {
        {REMOVED "inventory i WHERE i.device_id=k.device_id)"},
        {REMOVED "cos c WHERE c.mpxn=k.mpxn AND c.starts=k.starts)"},
        {REMOVED "non_migratable n WHERE n.device_type=k.device_type AND n.manufacturer=k.manufacturer"
                 " AND n.model=k.model AND n.firmware=k.firmware AND n.since=k.since)"},
        {REMOVED "party p WHERE p.party_id=k.party_id AND p.role=k.role)"}};
    static struct ledger_sql wrong[LEDGER_REFERENCES] = {
        {REMOVED "inventory i WHERE i.device_id=k.device_id) AND device_id IN(SELECT device_id FROM known_wrong)"},
        {REMOVED "cos c WHERE c.mpxn=k.mpxn AND c.starts=k.starts)"
                 " AND (mpxn,starts) IN(SELECT mpxn,starts FROM known_wrong)"},
        {REMOVED "non_migratable n WHERE n.device_type=k.device_type AND n.manufacturer=k.manufacturer"
                 " AND n.model=k.model AND n.firmware=k.firmware AND n.since=k.since)"
                 " AND (device_type,manufacturer,model,firmware,since)"
                 " IN(SELECT device_type,manufacturer,model,firmware,since FROM known_wrong)"},
        {REMOVED "party p WHERE p.party_id=k.party_id AND p.role=k.role)"
                 " AND (party_id,role) IN(SELECT party_id,role FROM known_wrong)"}};
    LEDGER_SQL(known, "SELECT count(*) FROM known_before");
    return ledger_number(ledger, ledger_query(ledger, &known, LEDGER_NO_VALUES, error), &shrink->known, error) &&
           ledger_number(ledger, ledger_query(ledger, &removed[table], LEDGER_NO_VALUES, error), &shrink->removed,
                         error) &&
           ledger_number(ledger, ledger_query(ledger, &wrong[table], LEDGER_NO_VALUES, error), &shrink->wrong, error) &&
           ledger_execute(ledger, "DROP TABLE known_before;DROP TABLE known_wrong", error);
}

/* A table of statements, for the table names cannot be values. */
static bool count_rows(struct ledger *ledger, enum ledger_reference table, int64_t *n, GError **error)
{
    static struct ledger_sql counts[LEDGER_REFERENCES] = {{"SELECT count(*) FROM inventory"},
                                                          {"SELECT count(*) FROM cos"},
                                                          {"SELECT count(*) FROM non_migratable"},
                                                          {"SELECT count(*) FROM party"}};
    return ledger_number(ledger, ledger_query(ledger, &counts[table], LEDGER_NO_VALUES, error), n, error);
}

bool ledger_reference_set(struct ledger *ledger, enum ledger_reference table, const struct ledger_loaded *loaded,
                          GError **error)
{
    LEDGER_SQL(set, "INSERT INTO reference(type,job,created,loaded,records) VALUES(?,?,?,?,?)"
                    " ON CONFLICT(type) DO UPDATE SET loaded=excluded.loaded,records=excluded.records,"
                    " created=iif(excluded.job>job,excluded.created,created),job=max(excluded.job,job)");
    int64_t records = 0;
    return count_rows(ledger, table, &records, error) &&
           ledger_run(ledger, &set,
                      LEDGER_VALUES(LEDGER_TEXT(tables[table].type), LEDGER_INT(loaded->job),
                                    LEDGER_INT(loaded->created), LEDGER_INT(loaded->loaded), LEDGER_INT(records)),
                      error);
}

bool ledger_reference_get(struct ledger *ledger, enum ledger_reference table, struct ledger_loaded *loaded,
                          GError **error)
{
    LEDGER_SQL(get, "SELECT job,created,loaded,records FROM reference WHERE type=?");
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(tables[table].type)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good)
        *loaded = (struct ledger_loaded){0};
    if (good && row)
        *loaded = (struct ledger_loaded){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                                         sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3)};
    ledger_end(q);
    return good;
}

bool ledger_reference_newest(struct ledger *ledger, int64_t *at, GError **error)
{
    LEDGER_SQL(newest, "SELECT max(loaded) FROM reference");
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), at, error);
}
