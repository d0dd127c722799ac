/* What the tables inventory, cos, non_migratable and party say together. */
#include "spool/ledger/ledger_estate.h"

#include "spool/ledger/ledger_private.h"

#include <string.h>

/* uint64_t ids are stored as the int64_t with the same bits (LEDGER_ID). */
void ledger_read_inventory(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_inventory *r = row;
    r->device = (uint64_t)sqlite3_column_int64(q, c);
    r->device_type = ledger_text(q, c + 1);
    r->status = ledger_text(q, c + 2);
    r->manufacturer = ledger_text(q, c + 3);
    r->model = ledger_text(q, c + 4);
    r->firmware = ledger_text(q, c + 5);
    r->mpxn = ledger_text(q, c + 6);
    r->chf = (uint64_t)sqlite3_column_int64(q, c + 7);
    r->supplier = (uint64_t)sqlite3_column_int64(q, c + 8);
    r->map = (uint64_t)sqlite3_column_int64(q, c + 9);
    r->region = ledger_text(q, c + 10);
    r->installed = sqlite3_column_int64(q, c + 11);
    r->commissioned = sqlite3_column_int64(q, c + 12);
    r->credentials = ledger_text(q, c + 13);
    r->pending = ledger_text(q, c + 14);
}

bool ledger_inventory_get(struct ledger *ledger, uint64_t device, struct ledger_inventory **row, GError **error)
{
    LEDGER_SQL(by_key, "SELECT " LEDGER_INVENTORY_ROW " FROM inventory i WHERE i.device_id=?");
    static const size_t strings[] = {
        offsetof(struct ledger_inventory, device_type),  offsetof(struct ledger_inventory, status),
        offsetof(struct ledger_inventory, manufacturer), offsetof(struct ledger_inventory, model),
        offsetof(struct ledger_inventory, firmware),     offsetof(struct ledger_inventory, mpxn),
        offsetof(struct ledger_inventory, region),       offsetof(struct ledger_inventory, credentials),
        offsetof(struct ledger_inventory, pending)};
    static const struct ledger_shape shape = {sizeof(struct ledger_inventory), ledger_read_inventory, strings,
                                              G_N_ELEMENTS(strings)};
    void *found = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &by_key, LEDGER_VALUES(LEDGER_ID(device)), error), &shape, &found,
                    error))
        return false;
    *row = found;
    return true;
}

/* firmware NULL leaves IN('',NULL), which is true for entries for any firmware only. */
bool ledger_model_non_migratable_until(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
                                       int64_t *until, GError **error)
{
    LEDGER_SQL(longest, "SELECT max(ifnull(until," LEDGER_FOR_EVER_SQL ")) FROM non_migratable WHERE device_type=?1"
                        " AND manufacturer=?2 AND model=?3 AND firmware IN('',?4) AND since<=?5"
                        " AND ifnull(until," LEDGER_FOR_EVER_SQL ")>?5");
    return ledger_number(
        ledger,
        ledger_query(ledger, &longest,
                     LEDGER_VALUES(LEDGER_TEXT(model->device_type), LEDGER_TEXT(model->manufacturer),
                                   LEDGER_TEXT(model->model), LEDGER_TEXT(model->firmware), LEDGER_INT(at)),
                     error),
        until, error);
}

/* The supplier of a meter `m` at the time ?2: the gaining one of the last change until then, else the inventory's. */
#define SUPPLIER                                                                                                       \
    "ifnull((SELECT gaining FROM cos c WHERE c.mpxn=m.mpxn AND c.starts<=?2 ORDER BY c.starts DESC LIMIT 1),"          \
    "m.supplier)"

/* The meter `m` on the hub of a GPF ?1 that says whose it is: a GSME first, then the one with the lowest id. CROSS JOIN
 * makes SQLite look up the GPF first. */
#define METER_ON_HUB                                                                                                   \
    " FROM inventory g CROSS JOIN inventory m ON m.chf=g.chf WHERE g.device_id=?1 AND m.device_type IN('GSME','ESME')" \
    " AND m.status IN('Commissioned','Recovered') AND " SUPPLIER " IS NOT NULL"                                        \
    " ORDER BY m.device_type='ESME',m.device_id LIMIT 1"

/* A GPF has no supplier of its own: it goes with a meter on its hub (gateway/DEVICES.md). */
static bool supplier_on_hub(struct ledger *ledger, uint64_t gpf, int64_t at, int64_t *supplier, GError **error)
{
    LEDGER_SQL(of_gpf, "SELECT " SUPPLIER METER_ON_HUB);
    return ledger_number(ledger, ledger_query(ledger, &of_gpf, LEDGER_VALUES(LEDGER_ID(gpf), LEDGER_INT(at)), error),
                         supplier, error);
}

bool ledger_supplier_of(struct ledger *ledger, uint64_t device, int64_t at, uint64_t *supplier, GError **error)
{
    LEDGER_SQL(of_device, "SELECT m.device_type='GPF'," SUPPLIER " FROM inventory m WHERE m.device_id=?1");
    sqlite3_stmt *q = ledger_query(ledger, &of_device, LEDGER_VALUES(LEDGER_ID(device), LEDGER_INT(at)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    bool is_gpf = row && sqlite3_column_int(q, 0) != 0;
    int64_t found = row && !is_gpf ? sqlite3_column_int64(q, 1) : 0;
    ledger_end(q);
    if (!good || (is_gpf && !supplier_on_hub(ledger, device, at, &found, error)))
        return false;
    *supplier = (uint64_t)found;
    return true;
}

/* The meter is chosen at `after` (?2): who is responsible before the change says whose change it is. */
static bool last_cos_of_gpf(struct ledger *ledger, const struct ledger_cos_search *search, int64_t *starts,
                            GError **error)
{
    LEDGER_SQL(last, "SELECT max(e.starts) FROM cos e WHERE e.starts>?2 AND e.starts<=?3"
                     " AND e.mpxn=(SELECT m.mpxn" METER_ON_HUB ")");
    return ledger_number(
        ledger,
        ledger_query(ledger, &last,
                     LEDGER_VALUES(LEDGER_ID(search->gpf), LEDGER_INT(search->after), LEDGER_INT(search->until)),
                     error),
        starts, error);
}

bool ledger_cos_last(struct ledger *ledger, const struct ledger_cos_search *search, int64_t *starts, GError **error)
{
    LEDGER_SQL(last, "SELECT max(starts) FROM cos WHERE mpxn=? AND starts>? AND starts<=?");
    if (search->mpxn == NULL)
        return last_cos_of_gpf(ledger, search, starts, error);
    return ledger_number(
        ledger,
        ledger_query(ledger, &last,
                     LEDGER_VALUES(LEDGER_TEXT(search->mpxn), LEDGER_INT(search->after), LEDGER_INT(search->until)),
                     error),
        starts, error);
}

/* The inner query names each Supplier once before the outer one asks for its MPID. */
bool ledger_model_suppliers(struct ledger *ledger, const struct ledger_nmm *model, int64_t at, char **suppliers,
                            GError **error)
{
    LEDGER_SQL(of_model,
               "SELECT group_concat(name,';')FROM(SELECT ifnull((SELECT mpid FROM party p WHERE p.party_id=s.id AND "
               "p.role='SUPPLIER'),printf('%016X',s.id))AS name FROM(SELECT DISTINCT " SUPPLIER
               " AS id FROM inventory m WHERE m.device_type=?1 AND m.manufacturer=?3 AND m.model=?4 AND m.firmware=?5)s"
               " WHERE s.id<>0 ORDER BY name)");
    sqlite3_stmt *q =
        ledger_query(ledger, &of_model,
                     LEDGER_VALUES(LEDGER_TEXT(model->device_type), LEDGER_INT(at), LEDGER_TEXT(model->manufacturer),
                                   LEDGER_TEXT(model->model), LEDGER_TEXT(model->firmware)),
                     error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    *suppliers = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    ledger_end(q);
    return good;
}

static void read_party(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_party *party = row;
    party->id = (uint64_t)sqlite3_column_int64(q, c);
    party->role = ledger_text(q, c + 1);
    party->mpid = ledger_text(q, c + 2);
    party->name = ledger_text(q, c + 3);
    party->drop = ledger_text(q, c + 4);
}

bool ledger_point_met(struct ledger *ledger, const char *mpxn, bool *met, GError **error)
{
    LEDGER_SQL(devices, "SELECT EXISTS(SELECT 1 FROM inventory WHERE mpxn=?) OR NOT EXISTS(SELECT 1 FROM inventory)");
    int64_t found = 0;
    bool good =
        ledger_number(ledger, ledger_query(ledger, &devices, LEDGER_VALUES(LEDGER_TEXT(mpxn)), error), &found, error);
    *met = found != 0;
    return good;
}

bool ledger_party_mpid_taken(struct ledger *ledger, const struct ledger_party *party, bool *taken, GError **error)
{
    LEDGER_SQL(others, "SELECT EXISTS(SELECT 1 FROM party WHERE mpid=? AND party_id<>?)");
    int64_t found = 0;
    bool good = ledger_number(
        ledger, ledger_query(ledger, &others, LEDGER_VALUES(LEDGER_TEXT(party->mpid), LEDGER_ID(party->id)), error),
        &found, error);
    *taken = found != 0;
    return good;
}

bool ledger_party_get(struct ledger *ledger, uint64_t id, const char *role, struct ledger_party **row, GError **error)
{
    LEDGER_SQL(by_key, "SELECT party_id,role,mpid,name,drop_name FROM party WHERE party_id=? AND role=?");
    static const size_t strings[] = {offsetof(struct ledger_party, role), offsetof(struct ledger_party, mpid),
                                     offsetof(struct ledger_party, name), offsetof(struct ledger_party, drop)};
    static const struct ledger_shape shape = {sizeof(struct ledger_party), read_party, strings, G_N_ELEMENTS(strings)};
    void *found = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &by_key, LEDGER_VALUES(LEDGER_ID(id), LEDGER_TEXT(role)), error),
                    &shape, &found, error))
        return false;
    *row = found;
    return true;
}

bool ledger_parties_each(struct ledger *ledger, const char *role, ledger_party_visit visit, void *user, GError **error)
{
    LEDGER_SQL(with_role, "SELECT party_id,role,mpid,name,drop_name FROM party WHERE role=? ORDER BY party_id");
    sqlite3_stmt *q = ledger_query(ledger, &with_role, LEDGER_VALUES(LEDGER_TEXT(role)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_party party;
        read_party(q, 0, &party);
        good = visit(user, &party, error);
    }
    ledger_end(q);
    return good;
}

/* A party of the inventory has no row. To find which, and of how many Devices, the whole inventory is read. */
static bool any_unnamed(struct ledger *ledger, bool *any, GError **error)
{
    LEDGER_SQL(exists, "SELECT EXISTS(SELECT 1 FROM inventory_party n WHERE NOT EXISTS(SELECT 1 FROM party p"
                       " WHERE p.party_id=n.party_id AND p.role=n.role))");
    int64_t found = 0;
    bool good = ledger_number(ledger, ledger_query(ledger, &exists, LEDGER_NO_VALUES, error), &found, error);

    *any = found != 0;
    return good;
}

/* Only the Devices of parties without a row are sorted. */
#define UNNAMED(role_, column_)                                                                                        \
    "SELECT " column_ ",'" role_ "',count(*) FROM inventory i WHERE " column_ " IS NOT NULL AND NOT EXISTS(SELECT 1"   \
    " FROM party p WHERE p.party_id=i." column_ " AND p.role='" role_ "') GROUP BY " column_

bool ledger_unnamed_each(struct ledger *ledger, ledger_unnamed_visit visit, void *user, GError **error)
{
    LEDGER_SQL(unnamed, UNNAMED("SUPPLIER", "supplier") " UNION ALL " UNNAMED("MAP", "map"));
    bool row = false;

    if (!any_unnamed(ledger, &row, error))
        return false;
    if (!row)
        return true;
    sqlite3_stmt *q = ledger_query(ledger, &unnamed, LEDGER_NO_VALUES, error);
    bool good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_unnamed party = {.id = (uint64_t)sqlite3_column_int64(q, 0),
                                             .role = ledger_text(q, 1),
                                             .devices = sqlite3_column_int64(q, 2)};
        good = visit(user, &party, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_nmm_each(struct ledger *ledger, ledger_nmm_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT device_type,manufacturer,model,firmware,since,ifnull(until," LEDGER_FOR_EVER_SQL "),"
                     "reason,fixed_in FROM non_migratable"
                     " ORDER BY device_type,manufacturer,model,firmware,since");
    sqlite3_stmt *q = ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_nmm entry = {.device_type = ledger_text(q, 0),
                                         .manufacturer = ledger_text(q, 1),
                                         .model = ledger_text(q, 2),
                                         .firmware = ledger_text(q, 3),
                                         .since = sqlite3_column_int64(q, 4),
                                         .until = sqlite3_column_int64(q, 5),
                                         .reason = ledger_text(q, 6),
                                         .fixed_in = ledger_text(q, 7)};
        good = visit(user, &entry, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_model_non_migratable_since(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
                                       int64_t *since, GError **error)
{
    LEDGER_SQL(earliest, "SELECT min(since) FROM non_migratable WHERE device_type=?1 AND manufacturer=?2"
                         " AND model=?3 AND firmware IN('',?4) AND since<=?5"
                         " AND ifnull(until," LEDGER_FOR_EVER_SQL ")>?5");
    return ledger_number(
        ledger,
        ledger_query(ledger, &earliest,
                     LEDGER_VALUES(LEDGER_TEXT(model->device_type), LEDGER_TEXT(model->manufacturer),
                                   LEDGER_TEXT(model->model), LEDGER_TEXT(model->firmware), LEDGER_INT(at)),
                     error),
        since, error);
}

/* Visits rows of LEDGER_INVENTORY_ROW; ends the query. */
static bool each_device(struct ledger *ledger, sqlite3_stmt *q, ledger_inventory_visit visit, void *user,
                        GError **error)
{
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_inventory device;
        ledger_read_inventory(q, 0, &device);
        good = visit(user, &device, error);
    }
    ledger_end(q);
    return good;
}

bool ledger_inventory_each(struct ledger *ledger, ledger_inventory_visit visit, void *user, GError **error)
{
    LEDGER_SQL(walk, "SELECT " LEDGER_INVENTORY_ROW " FROM inventory i");
    return each_device(ledger, ledger_query(ledger, &walk, LEDGER_NO_VALUES, error), visit, user, error);
}

bool ledger_devices_at_point_each(struct ledger *ledger, const char *mpxn, ledger_inventory_visit visit, void *user,
                                  GError **error)
{
    LEDGER_SQL(at_point, "SELECT " LEDGER_INVENTORY_ROW " FROM inventory i WHERE i.mpxn=? ORDER BY i.device_id");
    return each_device(ledger, ledger_query(ledger, &at_point, LEDGER_VALUES(LEDGER_TEXT(mpxn)), error), visit, user,
                       error);
}

bool ledger_devices_on_hub_each(struct ledger *ledger, uint64_t chf, ledger_inventory_visit visit, void *user,
                                GError **error)
{
    LEDGER_SQL(on_hub, "SELECT " LEDGER_INVENTORY_ROW " FROM inventory i WHERE i.chf=? ORDER BY i.device_id");
    return each_device(ledger, ledger_query(ledger, &on_hub, LEDGER_VALUES(LEDGER_ID(chf)), error), visit, user, error);
}

bool ledger_cos_each(struct ledger *ledger, const struct ledger_interval *starts, ledger_cos_visit visit, void *user,
                     GError **error)
{
    LEDGER_SQL(within, "SELECT mpxn,starts,losing,gaining FROM cos WHERE starts>=? AND starts<?"
                       " ORDER BY mpxn,starts");
    sqlite3_stmt *q =
        ledger_query(ledger, &within, LEDGER_VALUES(LEDGER_INT(starts->from), LEDGER_INT(starts->until)), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        const struct ledger_cos event = {ledger_text(q, 0), sqlite3_column_int64(q, 1),
                                         (uint64_t)sqlite3_column_int64(q, 2), (uint64_t)sqlite3_column_int64(q, 3)};
        good = visit(user, &event, error);
    }
    ledger_end(q);
    return good;
}
