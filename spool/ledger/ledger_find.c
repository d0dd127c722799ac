/*
 * The parts of a list are the walks over one index each. All of them select the same columns and take the same values,
 * so that one loop reads them. CROSS JOIN keeps SQLite from walking another table first: it has no statistics, and an
 * index that leads by mistake costs seconds.
 *
 * A place of a Device in a part are up to three numbers, by which the part is ordered.
 */
#include "spool/ledger/ledger_find.h"

#include "spool/ledger/ledger_private.h"

/* How far Devices are counted, to choose what leads: further while all have as many. A Device is counted in 0.05 us
 * and walked over in 3 to 10. */
enum { FIRST_COUNTED = 5000, MOST_COUNTED = FIRST_COUNTED * 64, FURTHER = 8 };

/* ---- what is asked of each Device ---- */

/* Whose a meter is at the time ?4: the gaining Supplier of the last change until then, else the inventory's. */
#define SUPPLIER(meter)                                                                                                \
    "ifnull((SELECT gaining FROM cos x WHERE x.mpxn=" meter                                                            \
    ".mpxn AND x.starts<=?4 ORDER BY x.starts DESC LIMIT 1)," meter ".supplier)"
/* The meter `h` on the hub of a GPF `i` that says whose it is (ledger_estate.c). */
#define METER_OF_GPF(what)                                                                                             \
    "(SELECT " what " FROM inventory h WHERE h.chf=i.chf AND h.device_type IN('GSME','ESME') AND h.status"             \
    " IN('Commissioned','Recovered') AND " SUPPLIER("h") " IS NOT NULL ORDER BY h.device_type='ESME',h.device_id"      \
                                                         " LIMIT 1)"
/* Whether a meter on that hub may be the Supplier's ?3: it is cheaper to ask than whose the GPF is. */
#define MAY_OWN_GPF                                                                                                    \
    "EXISTS(SELECT 1 FROM inventory g WHERE g.chf=i.chf AND(g.supplier=?3 OR EXISTS(SELECT 1 FROM cos y WHERE"         \
    " y.mpxn=g.mpxn AND y.gaining=?3)))"
#define IS_RESPONSIBLE                                                                                                 \
    "iif(i.device_type='GPF'," MAY_OWN_GPF " AND ?3=" METER_OF_GPF(SUPPLIER("h")) ",?3=" SUPPLIER("i") ")"

/* The work item that stands for a Device (ledger_work_of_device). State 7 is LEDGER_MIGRATED. */
#define PRESENT(device)                                                                                                \
    "(SELECT p.item FROM work_item p LEFT JOIN session q ON q.item=p.item WHERE p.device_id=" device                   \
    " ORDER BY p.slot<>0,ifnull(q.state,0)<>7 OR EXISTS(SELECT 1 FROM device_release r WHERE r.device_id=p.device_id"  \
    " AND r.transition>=q.last),p.item DESC LIMIT 1)"
/* Of the batch that is named, else the one that stands for its Device. Asking the inventory's device_id keeps SQLite
 * from asking this before the conditions that cost less. */
#define COUNTS "(?8 IS NOT NULL OR w.device_id IS NULL OR w.item=" PRESENT("ifnull(i.device_id,w.device_id)") ")"
#define OF_DEVICE                                                                                                      \
    "iif(?8 IS NULL," PRESENT(                                                                                         \
        "i.device_id") ",(SELECT b.item FROM work_item b WHERE b.device_id=i.device_id AND b.job=?8"                   \
                       " ORDER BY b.item DESC LIMIT 1))"

/* Whether any work item of the Device `i` fits: it is cheaper to ask than which one stands for it. */
#define MAY_FIT                                                                                                        \
    "((?8 IS NULL AND ?9<0 AND ?10 IS NULL) OR EXISTS(SELECT 1 FROM work_item b LEFT JOIN session t ON t.item=b.item"  \
    " WHERE b.device_id=i.device_id AND(?8 IS NULL OR b.job=?8) AND(?9<0 OR ifnull(t.state,b.outcome)=?9)"             \
    " AND(?10 IS NULL OR iif(t.item IS NULL,b.code,t.code)=?10)))"

/* Conditions without a subquery are asked first, the others in this order. */
#define FITS                                                                                                           \
    "(?1 IS NULL OR i.mpxn=?1 OR ltrim(w.mpxn,'0')=ltrim(?1,'0')) AND(?2 IS NULL OR i.chf=?2)"                         \
    " AND(?5 IS NULL OR(i.manufacturer=?5 AND i.model=?6 AND(?7 IS NULL OR i.firmware=?7)))"                           \
    " AND(?8 IS NULL OR w.job=?8) AND(?9<0 OR ifnull(s.state,w.outcome)=?9)"                                           \
    " AND(?10 IS NULL OR iif(s.item IS NULL,w.code,s.code)=?10) AND(?3 IS NULL OR " IS_RESPONSIBLE ")"

/* ---- the parts ---- */

#define FOUND(device, a, b, c) "SELECT " device ",w.item," a "," b "," c
/* From work items, from sessions, from Devices of the inventory. */
#define REST_OF_ITEM " LEFT JOIN session s ON s.item=w.item LEFT JOIN inventory i ON i.device_id=w.device_id WHERE "
#define REST_OF_SESSION                                                                                                \
    " CROSS JOIN work_item w ON w.item=s.item LEFT JOIN inventory i ON i.device_id=w.device_id WHERE "
#define REST_OF_DEVICE " LEFT JOIN work_item w ON w.item=" OF_DEVICE " LEFT JOIN session s ON s.item=w.item WHERE "
#define AND_FITS " AND " MAY_FIT " AND " FITS
#define AND_FITS_ITEM " AND " FITS " AND " COUNTS
#define FIRST " LIMIT ?16"
#define BY_ITEM FOUND("w.device_id", "w.item", "0", "0")
#define BY_DEVICE FOUND("i.device_id", "i.device_id", "0", "0")
#define BY_ROW FOUND("i.device_id", "i.rowid", "0", "0")

/* A change of supplier `c` that is the last one of its meter. */
#define GAINED                                                                                                         \
    "c.gaining=?3 AND c.starts<=?4 AND(c.starts,c.rowid)>=(?11,?12) AND NOT EXISTS(SELECT 1 FROM cos l WHERE"          \
    " l.mpxn=c.mpxn AND l.starts>c.starts AND l.starts<=?4)"
/* Its place in the list, and that of a Device `i`. */
#define AFTER_GAINED " AND(c.starts,c.rowid,i.device_id)>(?11,?12,?13) ORDER BY c.starts,c.rowid,i.device_id"

/* Of the Device after which a part of Devices goes on. */
#define LAST(what) "(SELECT " what " FROM inventory k WHERE k.rowid=?11)"

enum part {
    NO_PART,
    POINT,
    POINT_REFUSED,
    HUB,
    BATCH,
    STATE_LIVE,
    STATE_ENDED,
    STATE_REFUSED,
    STATE_FRESH,
    CODE_SESSION,
    CODE_REFUSED,
    MODEL_UNKNOWN,
    MODEL_ANY,
    MODEL_FIRMWARE,
    SUPPLIER_OWN,
    SUPPLIER_GAINED,
    SUPPLIER_OWN_GPF,
    SUPPLIER_GAINED_GPF,
    PARTS,
};

/* ?1 … ?10: the conditions; ?11 to ?13: the place after which the part begins; ?14, ?15: the batch's items; ?16: how
 * many. Every one has ?16, so that all take as many values. */
static struct ledger_sql parts[PARTS] = {
    [POINT] = {BY_DEVICE " FROM inventory i" REST_OF_DEVICE "i.mpxn=?1 AND i.device_id>?11" AND_FITS
                         " ORDER BY i.device_id" FIRST},
    [POINT_REFUSED] = {BY_ITEM " FROM work_item w" REST_OF_ITEM
                               "ltrim(w.mpxn,'0')=ltrim(?1,'0') AND w.outcome<>0 AND w.mpxn IS NOT NULL AND i.mpxn IS "
                               "NOT ?1 AND w.item>?11" AND_FITS_ITEM " ORDER BY w.item" FIRST},
    [HUB] = {BY_DEVICE " FROM inventory i" REST_OF_DEVICE "i.chf=?2 AND i.device_id>?11" AND_FITS
                       " ORDER BY i.device_id" FIRST},
    [BATCH] = {BY_ITEM " FROM work_item w" REST_OF_ITEM "w.item>=max(?14,?11+1) AND w.item<?14+?15" AND_FITS_ITEM
                       " ORDER BY w.item" FIRST},
    [STATE_LIVE] = {BY_ITEM " FROM session s" REST_OF_SESSION
                            "s.state=?9 AND s.ended IS NULL AND s.item>?11" AND_FITS_ITEM " ORDER BY s.item" FIRST},
    [STATE_ENDED] = {FOUND(
        "w.device_id", "s.ended", "w.item",
        "0") " FROM session s" REST_OF_SESSION
             "s.state=?9 AND s.ended IS NOT NULL AND s.ended>=?11 AND(s.ended,s.item)>(?11,?12)" AND_FITS_ITEM
             " ORDER BY s.ended,s.item" FIRST},
    [STATE_REFUSED] = {BY_ITEM " FROM work_item w" REST_OF_ITEM
                               "w.outcome=?9 AND w.outcome<>0 AND w.item>?11" AND_FITS_ITEM " ORDER BY w.item" FIRST},
    /* READY ones without a session: of an instruction all after the last one that was dispatched in its turn. The order
     * follows from the two loops. */
    [STATE_FRESH] = {FOUND(
        "w.device_id", "v.job", "w.item",
        "0") " FROM verdict v INDEXED BY verdict_fresh"
             " CROSS JOIN work_item w NOT INDEXED" REST_OF_ITEM "?9=0 AND v.items>0 AND v.accepted>v.dispatched"
             " AND v.job>=?11 AND w.item>=max(v.first_item,iif(v.job=?11,?12+1,0),ifnull((SELECT x.item+1 FROM"
             " session x WHERE x.item>=v.first_item AND x.item<v.first_item+v.items AND x.item NOT IN(SELECT"
             " item FROM out_of_turn) ORDER BY x.item DESC LIMIT 1),0)) AND w.item<v.first_item+v.items"
             " AND w.outcome=0 AND s.item IS NULL" AND_FITS_ITEM FIRST},
    [CODE_SESSION] = {BY_ITEM " FROM session s" REST_OF_SESSION "s.code=?10 AND s.item>?11" AND_FITS_ITEM
                              " ORDER BY s.item" FIRST},
    [CODE_REFUSED] = {BY_ITEM " FROM work_item w" REST_OF_ITEM
                              "w.code=?10 AND s.item IS NULL AND w.item>?11" AND_FITS_ITEM " ORDER BY w.item" FIRST},
    [MODEL_UNKNOWN] = {BY_ROW
                       " FROM inventory i" REST_OF_DEVICE
                       "?7 IS NULL AND i.model=?6 AND i.firmware IS NULL AND i.manufacturer=?5 AND i.rowid>?11" AND_FITS
                       " ORDER BY i.rowid" FIRST},
    [MODEL_ANY] = {BY_ROW " FROM inventory i" REST_OF_DEVICE "?7 IS NULL AND i.model=?6 AND i.firmware>=ifnull(" LAST(
        "k.firmware") ",'') AND(?11<0 OR"
                      "(i.firmware,i.rowid)>" LAST("k.firmware,k.rowid") ") AND i.manufacturer=?5" AND_FITS
                                                                         " ORDER BY i.firmware,i.rowid" FIRST},
    [MODEL_FIRMWARE] = {BY_ROW " FROM inventory i" REST_OF_DEVICE
                               "i.model=?6 AND i.firmware=?7 AND i.manufacturer=?5 AND i.rowid>?11" AND_FITS
                               " ORDER BY i.rowid" FIRST},
    [SUPPLIER_OWN] = {BY_ROW " FROM inventory i" REST_OF_DEVICE
                             "i.supplier=?3 AND i.rowid>?11 AND i.device_type<>'GPF'" AND_FITS
                             " ORDER BY i.rowid" FIRST},
    [SUPPLIER_GAINED] = {FOUND(
        "i.device_id", "c.starts", "c.rowid",
        "i.device_id") " FROM cos c CROSS JOIN inventory i"
                       " ON i.mpxn=c.mpxn" REST_OF_DEVICE GAINED
                       " AND i.supplier IS NOT ?3 AND i.device_type<>'GPF'" AND_FITS AFTER_GAINED FIRST},
    /* A GPF stands where the meter stands that says whose it is. */
    [SUPPLIER_OWN_GPF] = {FOUND(
        "i.device_id", "m.rowid", "i.device_id",
        "0") " FROM inventory m CROSS JOIN"
             " inventory i ON i.chf=m.chf AND i.device_type='GPF'" REST_OF_DEVICE
             "m.supplier=?3 AND m.rowid>=?11 AND m.device_type<>'GPF' AND m.device_id=" METER_OF_GPF("h.device_id")
                              AND_FITS " AND(m.rowid,i.device_id)>(?11,?12)"
                                       " ORDER BY m.rowid,i.device_id" FIRST},
    [SUPPLIER_GAINED_GPF] = {FOUND(
        "i.device_id", "c.starts", "c.rowid",
        "i.device_id") " FROM cos c CROSS JOIN"
                       " inventory m ON m.mpxn=c.mpxn CROSS JOIN inventory i ON i.chf=m.chf AND"
                       " i.device_type='GPF'" REST_OF_DEVICE GAINED " AND m.supplier IS NOT ?3 AND"
                       " m.device_type<>'GPF' AND m.device_id=" METER_OF_GPF("h.device_id")
                                 AND_FITS AFTER_GAINED FIRST},
};

/* ---- what leads ---- */

/* A condition that can lead: its parts, and how its Devices are counted. */
struct lead {
    enum part first, last;
    bool (*given)(const struct ledger_find *find);
    int64_t few; /* it has no more than so many, and is not counted; 0: it is counted */
    struct ledger_sql count;
};

static bool has_mpxn(const struct ledger_find *find)
{
    return find->mpxn != NULL;
}

static bool has_hub(const struct ledger_find *find)
{
    return find->hub != 0;
}

static bool has_batch(const struct ledger_find *find)
{
    return find->job != 0;
}

static bool has_state(const struct ledger_find *find)
{
    return find->state >= 0;
}

static bool has_code(const struct ledger_find *find)
{
    return find->code != NULL;
}

static bool has_model(const struct ledger_find *find)
{
    return find->model != NULL;
}

static bool has_supplier(const struct ledger_find *find)
{
    return find->supplier != 0;
}

/* Up to ?16 of them. */
#define COUNT(from) "(SELECT count(*) FROM(SELECT 1 FROM " from " LIMIT ?16))"

static struct lead leads[] = {
    {POINT, POINT_REFUSED, has_mpxn, 1, {NULL}},
    {HUB, HUB, has_hub, 2, {NULL}},
    {BATCH, BATCH, has_batch, 0, {"SELECT min(?15,?16)"}},
    {STATE_LIVE,
     STATE_FRESH,
     has_state,
     0,
     {"SELECT " COUNT("session WHERE state=?9 AND ended IS NULL") "+" COUNT(
         "session WHERE state=?9 AND ended IS NOT "
         "NULL") "+" COUNT("work_item WHERE outcome=?9 AND outcome<>0") "+iif(?9=0,(SELECT "
                                                                        "ifnull(sum(accepted-dispatched),0) FROM "
                                                                        "verdict WHERE items>0 AND "
                                                                        "accepted>dispatched),0)"}},
    {CODE_SESSION,
     CODE_REFUSED,
     has_code,
     0,
     {"SELECT " COUNT("session WHERE code=?10") "+" COUNT("work_item WHERE code=?10")}},
    {MODEL_UNKNOWN,
     MODEL_FIRMWARE,
     has_model,
     0,
     {"SELECT " COUNT("inventory WHERE model=?6 AND(?7 IS NULL OR firmware=?7)")}},
    {SUPPLIER_OWN,
     SUPPLIER_GAINED_GPF,
     has_supplier,
     0,
     {"SELECT " COUNT("inventory WHERE supplier=?3") "+" COUNT("cos WHERE gaining=?3")}},
};

/* Where a walk or a count begins, and how far it goes. */
struct range {
    const int64_t *after; /* LEDGER_FIND_PLACES of them */
    int64_t limit;
};

/* The values of all statements. */
static sqlite3_stmt *ask(struct ledger *ledger, const struct ledger_sql *sql, const struct ledger_find *find,
                         struct range range, GError **error)
{
    const int64_t *after = range.after;

    return ledger_query(
        ledger, sql,
        LEDGER_VALUES(LEDGER_TEXT(find->mpxn), LEDGER_ID_OR_NULL(find->hub), LEDGER_ID_OR_NULL(find->supplier),
                      LEDGER_INT(find->now), LEDGER_TEXT(find->manufacturer), LEDGER_TEXT(find->model),
                      LEDGER_TEXT(find->firmware), LEDGER_INT_OR_NULL(find->job), LEDGER_INT(find->state),
                      LEDGER_TEXT(find->code), LEDGER_INT(after[0]), LEDGER_INT(after[1]), LEDGER_INT(after[2]),
                      LEDGER_INT(find->first_item), LEDGER_INT(find->items), LEDGER_INT(range.limit)),
        error);
}

static const int64_t beginning[LEDGER_FIND_PLACES] = {INT64_MIN, INT64_MIN, INT64_MIN};

/* The condition that leads, and how many Devices it has. */
struct choice {
    const struct lead *lead; /* NULL: nothing is asked */
    int64_t n;
};

/* The one with the fewest Devices, counted up to `most`. Of several that have as many the first one. */
static bool fewest_of(struct ledger *ledger, const struct ledger_find *find, int64_t most, struct choice *fewest,
                      GError **error)
{
    *fewest = (struct choice){NULL, INT64_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(leads); i++) {
        int64_t n = leads[i].few;
        if (!leads[i].given(find))
            continue;
        if (n == 0 && !ledger_number(ledger, ask(ledger, &leads[i].count, find, (struct range){beginning, most}, error),
                                     &n, error))
            return false;
        if (n < fewest->n)
            *fewest = (struct choice){&leads[i], n};
    }
    return true;
}

/* The part that the page before ended in; NULL: this is the first page. */
static const struct lead *lead_of_page(const struct ledger_find *find)
{
    for (size_t i = 0; i < G_N_ELEMENTS(leads); i++)
        if (leads[i].given(find) && find->after.part >= (int64_t)leads[i].first &&
            find->after.part <= (int64_t)leads[i].last)
            return &leads[i];
    return NULL;
}

static size_t n_given(const struct ledger_find *find)
{
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(leads); i++)
        n += leads[i].given(find);
    return n;
}

static bool choose(struct ledger *ledger, const struct ledger_find *find, const struct lead **lead, GError **error)
{
    int64_t most = FIRST_COUNTED;
    struct choice fewest;

    *lead = lead_of_page(find);
    if (*lead != NULL)
        return true;
    do {
        if (!fewest_of(ledger, find, most, &fewest, error))
            return false;
    } while (n_given(find) > 1 && fewest.n >= most && (most *= FURTHER) <= MOST_COUNTED);
    *lead = fewest.lead;
    return true;
}

/* ---- the walk ---- */

/* A list that is being read. */
struct walk {
    const struct ledger_find *find;
    const struct ledger_find_visitor *visitor;
    int64_t left; /* Devices that the page has room for; below 0: it has no end */
};

static bool walk_part(struct ledger *ledger, struct walk *walk, enum part part, GError **error)
{
    const struct ledger_find_key *key = &walk->find->after;
    const int64_t *after = key->part == (int64_t)part ? key->places : beginning;
    sqlite3_stmt *q = ask(ledger, &parts[part], walk->find, (struct range){after, walk->left}, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        struct ledger_found found = {.has_device = sqlite3_column_type(q, 0) != SQLITE_NULL,
                                     .device = (uint64_t)sqlite3_column_int64(q, 0),
                                     .item = sqlite3_column_int64(q, 1),
                                     .key = {.part = part}};
        for (int i = 0; i < LEDGER_FIND_PLACES; i++)
            found.key.places[i] = sqlite3_column_int64(q, 2 + i);
        good = walk->visitor->visit(walk->visitor->user, &found, error);
        if (walk->left > 0)
            walk->left--;
    }
    ledger_end(q);
    return good;
}

bool ledger_find_each(struct ledger *ledger, const struct ledger_find *find, const struct ledger_find_visitor *visitor,
                      GError **error)
{
    struct walk walk = {find, visitor, find->limit > 0 ? find->limit : -1}; /* SQLite's LIMIT -1 is none */
    int64_t first = find->after.part;
    const struct lead *lead;

    if (!choose(ledger, find, &lead, error))
        return false;
    if (lead == NULL || (first != 0 && (first < lead->first || first > lead->last)))
        return true;
    for (enum part part = first != 0 ? (enum part)first : lead->first; part <= lead->last && walk.left != 0; part++)
        if (!walk_part(ledger, &walk, part, error))
            return false;
    return true;
}
