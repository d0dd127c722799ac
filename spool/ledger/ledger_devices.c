/* Work items: table work_item. A row is written once: whether an item is live follows from its outcome and its session.
 *
 * Up to version 14 a column said so, by which a unique index allowed one live item for each Device. The end of a
 * session then wrote the item's wide row and two entries of that index, at a random place of it: a fifth of what a
 * confirmation cost. Now ledger_item_insert asks, which costs nothing where the review has asked before. A table of
 * live items with the Device as its key was the other design: a second search at a random place for each Device that
 * comes or ends. */
#include "spool/ledger/ledger_devices.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

static const char *const state_names[] = {
    [LEDGER_READY] = "READY",
    [LEDGER_REJECTED] = "REJECTED",
    [LEDGER_DEFERRED] = "DEFERRED",
    [LEDGER_DISPATCHED] = "DISPATCHED",
    [LEDGER_RETRY_WAIT] = "RETRY_WAIT",
    [LEDGER_CONFIRM_PENDING] = "CONFIRM_PENDING",
    [LEDGER_CONFIRM_MISMATCH] = "CONFIRM_MISMATCH",
    [LEDGER_MIGRATED] = "MIGRATED",
    [LEDGER_FAILED] = "FAILED",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_names) == LEDGER_STATES);

const char *ledger_state_name(enum ledger_state state)
{
    return (size_t)state < LEDGER_STATES ? state_names[state] : NULL;
}

bool ledger_state_find(const char *name, enum ledger_state *state)
{
    for (size_t i = 0; i < LEDGER_STATES; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum ledger_state)i;
            return true;
        }
    }
    return false;
}

/* A malformed DeviceId has no number; its text is kept. */
void ledger_read_item(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_item *item = row;
    item->item = sqlite3_column_int64(q, c);
    item->job = sqlite3_column_int64(q, c + 1);
    item->record = sqlite3_column_int64(q, c + 2);
    item->has_device = sqlite3_column_type(q, c + 3) != SQLITE_NULL;
    item->device = (uint64_t)sqlite3_column_int64(q, c + 3);
    item->device_text = ledger_text(q, c + 4);
    item->device_type = ledger_text(q, c + 5);
    item->manufacturer = ledger_text(q, c + 6);
    item->model = ledger_text(q, c + 7);
    item->firmware = ledger_text(q, c + 8);
    item->mpxn = ledger_text(q, c + 9);
    item->chf = ledger_text(q, c + 10);
    item->region = ledger_text(q, c + 11);
    item->attempt = ledger_text(q, c + 12);
    item->outcome = (enum ledger_state)sqlite3_column_int(q, c + 13);
    item->code = ledger_text(q, c + 14);
    item->text = ledger_text(q, c + 15);
    item->next_eligible = sqlite3_column_int64(q, c + 16);
    item->transient = sqlite3_column_int(q, c + 17) != 0;
    item->kept = ledger_text(q, c + 18);
    item->no_earlier = sqlite3_column_int(q, c + 19) != 0;
}

/* Only this transaction adds items, so the table is asked once and the numbers go on from there. */
static bool next_item(struct ledger *ledger, int64_t *item, GError **error)
{
    LEDGER_SQL(next, "SELECT ifnull(max(item),0)+1 FROM work_item");
    if (ledger->next_item == 0 &&
        !ledger_number(ledger, ledger_query(ledger, &next, LEDGER_NO_VALUES, error), &ledger->next_item, error))
        return false;
    *item = ledger->next_item;
    return true;
}

/* SPOOL_ERROR_EXISTS if the Device has a live work item. */
static bool is_free(struct ledger *ledger, const struct ledger_item *item, GError **error)
{
    LEDGER_SQL(live, "SELECT count(*) FROM work_item w WHERE w.device_id=? AND " LEDGER_IS_LIVE("w"));
    int64_t n = 0;

    if (item->outcome != LEDGER_READY || !item->has_device ||
        (ledger->has_free_device && ledger->free_device == item->device))
        return true;
    if (!ledger_number(ledger, ledger_query(ledger, &live, LEDGER_VALUES(LEDGER_ID(item->device)), error), &n, error))
        return false;
    if (n > 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
                    "ledger: the Device of record %" G_GINT64_FORMAT " of job %08" G_GINT64_FORMAT
                    " has a live work item",
                    item->record, item->job);
    return n == 0;
}

bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO work_item(item,job,record,device_id,outcome,"
                       "next_eligible,passes,device_text,device_type,manufacturer,model,firmware,mpxn,"
                       "chf,region,attempt,code,text,kept,no_earlier)"
                       " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    const struct ledger_item *w = item;
    int64_t number;
    if (!ledger_writing(ledger, error) || !is_free(ledger, item, error) || !next_item(ledger, &number, error))
        return false;
    item->no_earlier = item->has_device && ledger->has_new_device && ledger->free_device == item->device;
    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_INT(number), LEDGER_INT(w->job), LEDGER_INT(w->record),
                                  LEDGER_ID_IF(w->has_device, w->device), LEDGER_INT(w->outcome),
                                  LEDGER_INT_OR_NULL(w->next_eligible), LEDGER_INT_OR_NULL(w->transient),
                                  LEDGER_TEXT(w->device_text), LEDGER_TEXT(w->device_type),
                                  LEDGER_TEXT(w->manufacturer), LEDGER_TEXT(w->model), LEDGER_TEXT(w->firmware),
                                  LEDGER_TEXT(w->mpxn), LEDGER_TEXT(w->chf), LEDGER_TEXT(w->region),
                                  LEDGER_TEXT(w->attempt), LEDGER_TEXT(w->code), LEDGER_TEXT(w->text),
                                  LEDGER_TEXT(w->kept), LEDGER_INT_OR_NULL(item->no_earlier)),
                    error))
        return false;
    ledger->next_item = number + 1;
    ledger->has_free_device = ledger->has_new_device = false;
    item->item = number;
    ledger_count_devices(ledger, item->outcome, 1);
    return true;
}

static void read_model(sqlite3_stmt *q, int c, struct ledger_item *item)
{
    *item = (struct ledger_item){.device = (uint64_t)sqlite3_column_int64(q, c),
                                 .device_type = ledger_text(q, c + 1),
                                 .manufacturer = ledger_text(q, c + 2),
                                 .model = ledger_text(q, c + 3),
                                 .firmware = ledger_text(q, c + 4)};
}

bool ledger_item_model(struct ledger *ledger, int64_t item, struct ledger_item **model, GError **error)
{
    LEDGER_SQL_BESIDE(from, "SELECT item,device_id,device_type,manufacturer,model,firmware FROM work_item"
                            " WHERE item>=? ORDER BY item");
    static const size_t strings[] = {offsetof(struct ledger_item, device_type),
                                     offsetof(struct ledger_item, manufacturer), offsetof(struct ledger_item, model),
                                     offsetof(struct ledger_item, firmware)};
    struct ledger_item found;
    bool row = false;

    *model = NULL;
    ledger->model_walk.from = &from;
    bool good = ledger_walk_to(ledger, &ledger->model_walk, item, &row, error);
    if (good && row) {
        read_model(ledger->model_walk.query, 1, &found);
        *model = ledger_pack(&found, sizeof found, strings, G_N_ELEMENTS(strings));
    }
    if (!row || sqlite3_get_autocommit(ledger->db) != 0)
        ledger_walk_end(ledger);
    return good;
}

bool ledger_items_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_item_visit visit, void *user,
                       GError **error)
{
    LEDGER_SQL(of_verdict, "SELECT " LEDGER_ITEM " FROM work_item w WHERE item>=?1 AND item<?1+?2 ORDER BY item");
    sqlite3_stmt *query =
        ledger_query(ledger, &of_verdict, LEDGER_VALUES(LEDGER_INT(of->first_item), LEDGER_INT(of->items)), error);
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_item item;
        ledger_read_item(query, 0, &item);
        good = visit(user, &item, error);
    }
    ledger_end(query);
    return good;
}

/* What resolves a failed session `s` of a work item `w`: `f` is what reference data said then, `i` what the inventory
 * says now. Where the inventory did not know the Device then, the instruction says what it was. */
#define IS_ANOTHER                                                                                                     \
    "ifnull(i.manufacturer<>ifnull(f.manufacturer,w.manufacturer) OR i.model<>ifnull(f.model,w.model)"                 \
    " OR i.firmware<>ifnull(f.firmware,w.firmware) OR i.chf<>f.chf,0)"
#define IS_MIGRATABLE_AGAIN "ifnull(f.non_migratable AND NOT " LEDGER_IS_NON_MIGRATABLE("?2") ",0)"
/* Whether a transition came after the last release `r` of the Device. */
#define STANDS(transition) "(r.transition IS NULL OR " transition ">r.transition)"
/* State 7 is LEDGER_MIGRATED, statements 1 and 3 are LEDGER_REPLACED and LEDGER_CONFIRMED. An operator who ended the
 * work as failed has overruled what was stated before. */
#define IS_REPLACED                                                                                                    \
    "(s.state=7 AND " STANDS(                                                                                          \
        "s.last") ")OR EXISTS(SELECT 1 FROM transition t WHERE t.id IN(s.tcos,s.ecos)"                                 \
                  " AND t.statement IN(1,3) AND " STANDS(                                                              \
                      "t.id") " AND t.id>ifnull((SELECT o.transition FROM operator_end o WHERE o.item=s.item),0))"
#define NEXT_ELIGIBLE                                                                                                  \
    "iif(" IS_ANOTHER " OR " IS_MIGRATABLE_AGAIN " OR NOT " STANDS("ifnull(f.transition,s.last)") ",0,s.next_"         \
                                                                                                  "eligible)"

/* Of most Devices of an instruction there is none. Asking that first spares them the statement below, which opens seven
 * tables before it finds nothing. */
static bool has_work(struct ledger *ledger, uint64_t device, bool *has, GError **error)
{
    LEDGER_SQL_BESIDE(any, "SELECT EXISTS(SELECT 1 FROM work_item WHERE device_id=?)");
    int64_t found = 0;
    bool good =
        ledger_number(ledger, ledger_query(ledger, &any, LEDGER_VALUES(LEDGER_ID(device)), error), &found, error);

    *has = found != 0;
    return good;
}

/* Sums up the rows of the Device's work items. */
static bool sum_up_work(struct ledger *ledger, uint64_t device, int64_t at, struct ledger_earlier_work *earlier,
                        GError **error)
{
    LEDGER_SQL_BESIDE(of_device,
                      "SELECT " LEDGER_IS_LIVE_IN(
                          "w", "s") ",s.state," NEXT_ELIGIBLE "," IS_REPLACED ",s.code GLOB 'D*' FROM work_item w"
                                    " LEFT JOIN session s ON s.item=w.item LEFT JOIN failure f ON f.item=w.item"
                                    " LEFT JOIN inventory i ON i.device_id=w.device_id LEFT JOIN device_release r ON "
                                    "r.device_id=w.device_id"
                                    " WHERE w.device_id=?1 ORDER BY w.item");
    sqlite3_stmt *q = ledger_query(ledger, &of_device, LEDGER_VALUES(LEDGER_ID(device), LEDGER_INT(at)), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        earlier->live |= sqlite3_column_int(q, 0) != 0;
        earlier->replaced |= sqlite3_column_int(q, 0) == 0 && sqlite3_column_int(q, 3) != 0;
        if (sqlite3_column_type(q, 1) == SQLITE_NULL || sqlite3_column_int(q, 1) != LEDGER_FAILED)
            continue;
        earlier->failed_sessions++;
        earlier->failed_migrations += sqlite3_column_int(q, 4) != 0;
        earlier->next_eligible = sqlite3_column_int64(q, 2);
    }
    ledger_end(q);
    return good;
}

bool ledger_earlier_work(struct ledger *ledger, uint64_t device, int64_t at, struct ledger_earlier_work *earlier,
                         GError **error)
{
    bool has = false;

    *earlier = (struct ledger_earlier_work){0};
    bool good = has_work(ledger, device, &has, error) && (!has || sum_up_work(ledger, device, at, earlier, error));
    ledger->has_free_device = good && !earlier->live && sqlite3_get_autocommit(ledger->db) == 0;
    ledger->has_new_device = ledger->has_free_device && !has;
    ledger->free_device = device;
    return good;
}

bool ledger_work_stated_beside(struct ledger *ledger, uint64_t device, int64_t item, GArray *items, GError **error)
{
    LEDGER_SQL(stated, "SELECT w.item FROM work_item w JOIN session s ON s.item=w.item LEFT JOIN device_release r"
                       " ON r.device_id=w.device_id WHERE w.device_id=?1 AND w.item<>?2 AND NOT " LEDGER_IS_LIVE_IN(
                           "w", "s") " AND s.state<>7"
                                     " AND(" IS_REPLACED ") ORDER BY w.item");
    sqlite3_stmt *q = ledger_query(ledger, &stated, LEDGER_VALUES(LEDGER_ID(device), LEDGER_INT(item)), error);

    return ledger_numbers(ledger, q, items, error);
}
