/*
 * The parts of a list are the walks over one index each. All of them select the same columns and take the same values,
 * so that one loop reads them. CROSS JOIN keeps SQLite from walking another table first: it has no statistics, and an
 * index that leads by mistake costs seconds.
 *
 * A place of a Device in a part are up to three numbers, by which the part is ordered.
 *
 * Where two conditions have many Devices each and few or none together, one that leads would be walked to its end, at 3
 * to 10 us a Device. So the walk asks find_may_fit (ledger_find_filter.h) first, of the Device's number, which every
 * index that leads has beside its key, but for that of live sessions: that costs 0.1 us and reads no row.
 */
#include "spool/ledger/ledger_find.h"

#include "spool/ledger/ledger_find_filter.h"
#include "spool/ledger/ledger_private.h"

/* How far Devices are counted, to choose what leads: at first, and if all have as many. One is counted in 0.05 us. */
enum { FIRST_COUNTED = 5000, MOST_COUNTED = FIRST_COUNTED * 64 };

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
    " ORDER BY NOT " LEDGER_IS_LIVE_IN(                                                                                \
        "p", "q") ",ifnull(q.state,0)<>7 OR EXISTS(SELECT 1 FROM device_release r WHERE r.device_id=p.device_id"       \
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
#define AND_FITS " AND find_may_fit(i.device_id) AND " MAY_FIT " AND " FITS
/* of: the table that leads, `w` or `s`; an item outside the batch costs no row. */
#define AND_FITS_ITEM(of)                                                                                              \
    " AND(?8 IS NULL OR(" of ".item>=?14 AND " of ".item<?14+?15))AND find_may_fit(" of ".device_id) AND " FITS        \
    " AND " COUNTS
#define FIRST " LIMIT ?16"
#define BY_ITEM FOUND("w.device_id", "w.item", "0", "0")
#define BY_DEVICE FOUND("i.device_id", "i.device_id", "0", "0")

/* A change of supplier `c` that is the last one of its meter. */
#define GAINED                                                                                                         \
    "c.gaining=?3 AND c.starts<=?4 AND(c.starts,c.rowid)>=(?11,?12) AND NOT EXISTS(SELECT 1 FROM cos l WHERE"          \
    " l.mpxn=c.mpxn AND l.starts>c.starts AND l.starts<=?4)"
/* Its place in the list, and that of a Device `i`. */
#define AFTER_GAINED " AND(c.starts,c.rowid,i.device_id)>(?11,?12,?13) ORDER BY c.starts,c.rowid,i.device_id"

/* Sessions that have not ended, of all states: their index has none, for a result would change it twice. There are as
 * many as are worked on in some days, and to look at the state of one takes 0.2 us. */
#define LIVE "session s INDEXED BY session_live"

/* READY work items without a session: of an instruction all after the last one that was dispatched in its turn, and
 * from `place` on. */
#define FRESH(place)                                                                                                   \
    "verdict v INDEXED BY verdict_fresh CROSS JOIN work_item w NOT INDEXED" REST_OF_ITEM                               \
    "?9=0 AND v.items>0 AND v.accepted>v.dispatched AND v.job>=?11 AND w.item>=max(v.first_item," place                \
    ",ifnull((SELECT x.item+1 FROM session x WHERE x.item>=v.first_item AND x.item<v.first_item+v.items AND x.item"    \
    " NOT IN(SELECT item FROM out_of_turn) ORDER BY x.item DESC LIMIT 1),0)) AND w.item<v.first_item+v.items"          \
    " AND w.outcome=0 AND s.item IS NULL"

/* The firmware of the Device after which the part of a model goes on. */
#define LAST_FIRMWARE "(SELECT k.firmware FROM inventory k WHERE k.device_id=?11)"
#define BY_MODEL FOUND("i.device_id", "i.device_id", "1", "0")
#define OF_MODEL " FROM inventory i" REST_OF_DEVICE "i.model=?6 AND i.manufacturer=?5"

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
    SUPPLIER_NO_HUB,
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
                               "NOT ?1 AND w.item>?11" AND_FITS_ITEM("w") " ORDER BY w.item" FIRST},
    [HUB] = {BY_DEVICE " FROM inventory i" REST_OF_DEVICE "i.chf=?2 AND i.device_id>?11" AND_FITS
                       " ORDER BY i.device_id" FIRST},
    [BATCH] = {BY_ITEM " FROM work_item w" REST_OF_ITEM
                       "w.item>=max(?14,?11+1) AND w.item<?14+?15" AND_FITS_ITEM("w") " ORDER BY w.item" FIRST},
    [STATE_LIVE] = {BY_ITEM " FROM " LIVE REST_OF_SESSION "s.state=?9 AND s.ended IS NULL AND s.item>?11" AND_FITS_ITEM(
        "s") " ORDER BY s.item" FIRST},
    [STATE_ENDED] = {FOUND("w.device_id", "s.ended", "w.item",
                           "0") " FROM session s" REST_OF_SESSION "s.state=?9 AND s.ended IS NOT NULL AND s.ended>=?11 "
                                "AND(s.ended,s.item)>(?11,?12)" AND_FITS_ITEM("s") " ORDER BY s.ended,s.item" FIRST},
    [STATE_REFUSED] = {BY_ITEM
                       " FROM work_item w" REST_OF_ITEM
                       "w.outcome=?9 AND w.outcome<>0 AND w.item>?11" AND_FITS_ITEM("w") " ORDER BY w.item" FIRST},
    /* The order follows from the two loops. */
    [STATE_FRESH] = {FOUND("w.device_id", "v.job", "w.item", "0") " FROM " FRESH("iif(v.job=?11,?12+1,0)")
                         AND_FITS_ITEM("w") FIRST},
    [CODE_SESSION] = {BY_ITEM " FROM session s" REST_OF_SESSION
                              "s.code=?10 AND s.item>?11" AND_FITS_ITEM("s") " ORDER BY s.item" FIRST},
    [CODE_REFUSED] = {BY_ITEM
                      " FROM work_item w" REST_OF_ITEM
                      "w.code=?10 AND s.item IS NULL AND w.item>?11" AND_FITS_ITEM("w") " ORDER BY w.item" FIRST},
    [MODEL_UNKNOWN] = {BY_MODEL OF_MODEL " AND ?7 IS NULL AND i.firmware IS NULL AND i.device_id>?11" AND_FITS
                                         " ORDER BY i.device_id" FIRST},
    [MODEL_ANY] = {BY_MODEL OF_MODEL " AND ?7 IS NULL AND i.firmware>=ifnull(" LAST_FIRMWARE ",'') AND(?12<0 OR"
                                     "(i.firmware,i.device_id)>(" LAST_FIRMWARE ",?11))" AND_FITS
                                     " ORDER BY i.firmware,i.device_id" FIRST},
    [MODEL_FIRMWARE] = {BY_MODEL OF_MODEL " AND i.firmware=?7 AND i.device_id>?11" AND_FITS
                                          " ORDER BY i.device_id" FIRST},
    [SUPPLIER_NO_HUB] = {BY_DEVICE
                         " FROM inventory i" REST_OF_DEVICE
                         "i.supplier=?3 AND i.chf IS NULL AND i.device_id>?11 AND i.device_type<>'GPF'" AND_FITS
                         " ORDER BY i.device_id" FIRST},
    [SUPPLIER_OWN] = {FOUND("i.device_id", "i.chf", "i.device_id",
                            "0") " FROM inventory i" REST_OF_DEVICE
                                 "i.supplier=?3 AND i.chf>=?11 AND(i.chf,i.device_id)>(?11,?12)"
                                 " AND i.device_type<>'GPF'" AND_FITS " ORDER BY i.chf,i.device_id" FIRST},
    [SUPPLIER_GAINED] = {FOUND(
        "i.device_id", "c.starts", "c.rowid",
        "i.device_id") " FROM cos c CROSS JOIN inventory i"
                       " ON i.mpxn=c.mpxn" REST_OF_DEVICE GAINED
                       " AND i.supplier IS NOT ?3 AND i.device_type<>'GPF'" AND_FITS AFTER_GAINED FIRST},
    /* A GPF stands where the meter stands that says whose it is. */
    [SUPPLIER_OWN_GPF] = {FOUND(
        "i.device_id", "m.chf", "m.device_id",
        "i.device_id") " FROM inventory m CROSS JOIN inventory i ON i.chf=m.chf AND i.device_type='GPF'" REST_OF_DEVICE
                       "m.supplier=?3 AND m.chf>=?11 AND(m.chf,m.device_id)>=(?11,?12) AND m.device_id=" METER_OF_GPF(
                           "h.device_id") AND_FITS " AND(m.chf,m.device_id,i.device_id)>(?11,?12,?13)"
                                                   " ORDER BY m.chf,m.device_id,i.device_id" FIRST},
    [SUPPLIER_GAINED_GPF] = {FOUND(
        "i.device_id", "c.starts",
        "c.rowid", "i.device_id") " FROM cos c CROSS JOIN"
                                  " inventory m ON m.mpxn=c.mpxn CROSS JOIN inventory i ON i.chf=m.chf AND"
                                  " i.device_type='GPF'" REST_OF_DEVICE GAINED " AND m.supplier IS NOT ?3 AND"
                                  " m.device_type<>'GPF' AND m.device_id=" METER_OF_GPF("h.device_id")
                                      AND_FITS AFTER_GAINED FIRST},
};

/* ---- what the walk asks first ---- */

/* Keeps each Device (ledger_find_filter.h), and finds no row. */
#define KEEP(device, from)                                                                                             \
    {                                                                                                                  \
        "SELECT 1 FROM " from " AND ?16 AND find_keep(" device ")"                                                     \
    }
#define GPF_OF(hub) " CROSS JOIN inventory g ON g.chf=" hub " AND g.device_type='GPF'"
#define GAINED_METERS "cos c CROSS JOIN inventory m ON m.mpxn=c.mpxn"
#define GAINED_BY " WHERE c.gaining=?3 AND c.starts<=?4"

/* For each condition all Devices that it may have, and few others. None reads a row where there are many, but for live
 * sessions. */
static struct ledger_sql of_batch[] = {KEEP("device_id", "work_item WHERE item>=?14 AND item<?14+?15"), {NULL}};
static struct ledger_sql of_state[] = {KEEP("s.device_id", LIVE " WHERE s.state=?9 AND s.ended IS NULL"),
                                       KEEP("device_id", "work_item WHERE outcome=?9 AND outcome<>0"),
                                       KEEP("w.device_id", FRESH("0")),
                                       {NULL}};
/* And those of ended sessions. How many they are is known, so the index is read from the first one on without asking of
 * each whether it is still of that state, which takes a third of the time. */
static struct ledger_sql of_ended = KEEP("device_id", "session WHERE state>=?9 AND ended IS NOT NULL");
static struct ledger_sql last_ended = {"SELECT ifnull((SELECT device_id FROM session WHERE state=?9 AND ended IS NOT "
                                       "NULL ORDER BY ended DESC,item DESC LIMIT 1),0) WHERE ?16"};
static struct ledger_sql of_ended_surely = KEEP("device_id", "session WHERE state=?9 AND ended IS NOT NULL");
static struct ledger_sql of_code[] = {
    KEEP("device_id", "session WHERE code=?10"), KEEP("device_id", "work_item WHERE code=?10"), {NULL}};
static struct ledger_sql of_model[] = {KEEP("device_id", "inventory WHERE model=?6 AND ?7 IS NULL"),
                                       KEEP("device_id", "inventory WHERE model=?6 AND firmware=?7"),
                                       {NULL}};
static struct ledger_sql of_supplier[] = {
    KEEP("device_id", "inventory WHERE supplier=?3"),
    KEEP("g.device_id",
         "(SELECT DISTINCT chf AS hub FROM inventory WHERE supplier=?3 AND chf IS NOT NULL) m" GPF_OF("m.hub")),
    KEEP("m.device_id", GAINED_METERS GAINED_BY),
    KEEP("g.device_id", GAINED_METERS GPF_OF("m.chf") GAINED_BY),
    {NULL}};

/* ---- what leads ---- */

/* A condition that can lead: its parts, how its Devices are counted, and all that it may have. */
struct lead {
    enum part first, last;
    bool (*given)(const struct ledger_find *find);
    int64_t few; /* it has no more than so many, and is not counted; 0: it is counted */
    struct ledger_sql count;
    struct ledger_sql *all; /* the last one's text is NULL; NULL: there is none, it leads */
    int64_t keeping;        /* what keeping one of them costs, in 0.1 us */
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

/* In the order in which what they have is kept: first what few of the others' Devices fit. A state has its count
 * (ledger_counts.h). */
static struct lead leads[] = {
    {POINT, POINT_REFUSED, has_mpxn, 1, {NULL}, NULL, 0},
    {HUB, HUB, has_hub, 2, {NULL}, NULL, 0},
    {MODEL_UNKNOWN,
     MODEL_FIRMWARE,
     has_model,
     0,
     {"SELECT iif(?7 IS NULL," COUNT("inventory WHERE model=?6") "," COUNT(
         "inventory WHERE model=?6 AND firmware=?7") ")"},
     of_model,
     1},
    {CODE_SESSION,
     CODE_REFUSED,
     has_code,
     0,
     {"SELECT " COUNT("session WHERE code=?10") "+" COUNT("work_item WHERE code=?10")},
     of_code,
     1},
    {STATE_LIVE, STATE_FRESH, has_state, 0, {"SELECT min(n,?16) FROM count_device WHERE state=?9"}, of_state, 1},
    {BATCH, BATCH, has_batch, 0, {"SELECT min(?15,?16)"}, of_batch, 3},
    {SUPPLIER_NO_HUB,
     SUPPLIER_GAINED_GPF,
     has_supplier,
     0,
     {"SELECT " COUNT("inventory WHERE supplier=?3") "+" COUNT("cos WHERE gaining=?3")},
     of_supplier,
     3},
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
        const struct range range = {beginning, MIN(most, fewest->n)};
        int64_t n = leads[i].few;
        if (!leads[i].given(find))
            continue;
        if (n == 0 && !ledger_number(ledger, ask(ledger, &leads[i].count, find, range, error), &n, error))
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

/* n of a later page: as many as are counted at most. */
static bool choose(struct ledger *ledger, const struct ledger_find *find, struct choice *choice, GError **error)
{
    *choice = (struct choice){lead_of_page(find), MOST_COUNTED};
    if (choice->lead != NULL)
        return true;
    return fewest_of(ledger, find, FIRST_COUNTED, choice, error) &&
           (choice->n < FIRST_COUNTED || fewest_of(ledger, find, MOST_COUNTED, choice, error));
}

/* ---- the walk ---- */

/* A list that is being read. */
struct walk {
    const struct ledger_find *find;
    const struct ledger_find_visitor *visitor;
    struct ledger_find_filter *filter;
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
        walk->filter->found++;
        if (walk->left > 0)
            walk->left--;
    }
    ledger_end(q);
    return good;
}

/* What the filter keeps: the conditions that do not lead. */
struct others {
    struct ledger *ledger;
    struct ledger_find_filter *filter;
    const struct ledger_find *find;
    const struct lead *all[G_N_ELEMENTS(leads)];
    int64_t looks; /* what looking at all Devices that lead costs, in 0.1 us */
};

/* Looking at a Device of the inventory costs little if it can be seen that none of its work fits. */
static int64_t cost_of_looks(const struct ledger_find *find, const struct choice *choice)
{
    bool work = has_batch(find) || has_state(find) || has_code(find);

    return choice->n * (work && choice->lead->first >= MODEL_UNKNOWN ? 10 : 50);
}

/* n: the Devices of the state, by its count. If the last one that was read is not the last one of the state, the count
 * is wrong, and all are read once more: a set may have too many, but never too few. */
static bool keep_ended(const struct others *o, int64_t n, GError **error)
{
    struct ledger_find_filter *filter = o->filter;
    const struct range all = {beginning, true};
    GError *cause = NULL;
    int64_t last, ignored;

    filter->most = n;
    bool good = ledger_number(o->ledger, ask(o->ledger, &of_ended, o->find, all, &cause), &ignored, &cause);
    filter->most = INT64_MAX;
    if (!good && !filter->enough) {
        g_propagate_error(error, cause);
        return false;
    }
    g_clear_error(&cause);
    filter->enough = false;
    if (!ledger_number(o->ledger, ask(o->ledger, &last_ended, o->find, all, error), &last, error))
        return false;
    return last == filter->newest ||
           ledger_number(o->ledger, ask(o->ledger, &of_ended_surely, o->find, all, error), &ignored, error);
}

static bool keep_all(void *user, size_t condition, bool *kept, GError **error)
{
    const struct others *o = user;
    const struct lead *lead = o->all[condition];
    const struct range all = {beginning, true};
    int64_t ignored, n = 0, worth = o->looks / lead->keeping;
    const struct range counted = {beginning, lead->all == of_state ? worth : MIN(worth, MOST_COUNTED)};

    if (!ledger_number(o->ledger, ask(o->ledger, &lead->count, o->find, counted, error), &n, error))
        return false;
    *kept = n < worth;
    for (struct ledger_sql *sql = lead->all; *kept && sql->sql != NULL; sql++)
        if (!ledger_number(o->ledger, ask(o->ledger, sql, o->find, all, error), &ignored, error))
            return false;
    return !*kept || lead->all != of_state || keep_ended(o, n, error);
}

bool ledger_find_each(struct ledger *ledger, const struct ledger_find *find, const struct ledger_find_visitor *visitor,
                      GError **error)
{
    struct ledger_find_filter filter = {.keep = keep_all};
    struct others others = {.ledger = ledger, .filter = &filter, .find = find};
    struct walk walk = {find, visitor, &filter, find->limit > 0 ? find->limit : -1}; /* SQLite's LIMIT -1 is none */
    int64_t first = find->after.part;
    struct choice choice;

    if (!choose(ledger, find, &choice, error))
        return false;
    const struct lead *lead = choice.lead;
    if (lead == NULL || (first != 0 && (first < lead->first || first > lead->last)))
        return true;
    filter.user = &others;
    others.looks = cost_of_looks(find, &choice);
    for (size_t i = 0; i < G_N_ELEMENTS(leads); i++)
        if (&leads[i] != lead && leads[i].all != NULL && leads[i].given(find))
            others.all[filter.conditions++] = &leads[i];
    bool good = ledger_find_filter_begin(ledger, &filter, error);
    if (!good)
        return false;
    for (enum part part = first != 0 ? (enum part)first : lead->first; good && part <= lead->last && walk.left != 0;
         part++)
        good = walk_part(ledger, &walk, part, error);
    return ledger_find_filter_end(ledger, good, error);
}
