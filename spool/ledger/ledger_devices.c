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
    item->passes = sqlite3_column_int(q, c + 17) != 0;
    item->ended = sqlite3_column_int64(q, c + 18) != 0;
}

/* Contiguous because only this transaction adds items. */
static bool next_item(struct ledger *ledger, int64_t *item, GError **error)
{
    if (ledger->next_item == 0 &&
        !ledger_number(ledger, ledger_query(ledger, error, "SELECT ifnull(max(item),0)+1 FROM work_item", ""),
                       &ledger->next_item, error))
        return false;
    *item = ledger->next_item;
    return true;
}

/* The text stays where it is until the statement has run: no copy. Absent text is a NULL. */
static int bind_texts(sqlite3_stmt *statement, int first, const char *const *texts, int n)
{
    int result = SQLITE_OK;
    for (int i = 0; i < n && result == SQLITE_OK; i++)
        result = sqlite3_bind_text(statement, first + i, texts[i], -1, SQLITE_STATIC);
    return result;
}

static int bind_item(sqlite3_stmt *s, const struct ledger_item *w)
{
    const char *const texts[] = {w->device_text, w->device_type, w->manufacturer, w->model, w->firmware, w->mpxn,
                                 w->chf,         w->region,      w->attempt,      w->code,  w->text};
    int64_t slot = w->outcome == LEDGER_READY ? 0 : w->item;
    int result = sqlite3_bind_int64(s, 1, w->item);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int64(s, 2, w->job);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int64(s, 3, w->record);
    if (result == SQLITE_OK)
        result = w->has_device ? sqlite3_bind_int64(s, 4, (int64_t)w->device) : sqlite3_bind_null(s, 4);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int64(s, 5, slot);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int(s, 6, (int)w->outcome);
    if (result == SQLITE_OK)
        result = w->next_eligible != 0 ? sqlite3_bind_int64(s, 7, w->next_eligible) : sqlite3_bind_null(s, 7);
    if (result == SQLITE_OK)
        result = w->passes ? sqlite3_bind_int(s, 8, 1) : sqlite3_bind_null(s, 8);
    return result == SQLITE_OK ? bind_texts(s, 9, texts, G_N_ELEMENTS(texts)) : result;
}

bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error)
{
    static const char sql[] = "INSERT INTO work_item(item,job,record,device_id,slot,outcome,"
                              "next_eligible,passes,device_text,device_type,manufacturer,model,firmware,mpxn,"
                              "chf,region,attempt,code,text)"
                              " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    struct ledger_item full = *item;
    if (!ledger_writing(ledger, error) || !next_item(ledger, &full.item, error))
        return false;
    sqlite3_stmt *statement = ledger_prepare(ledger, sql, error);
    bool row;
    bool good = statement != NULL && (bind_item(statement, &full) == SQLITE_OK || ledger_fail(ledger, error)) &&
                ledger_row(ledger, statement, &row, error);
    ledger_end(statement);
    if (!good)
        return false;
    ledger->next_item = full.item + 1;
    item->item = full.item;
    return true;
}

bool ledger_items_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_item_visit visit, void *user,
                       GError **error)
{
    sqlite3_stmt *query = ledger_query(ledger, error,
                                       "SELECT " LEDGER_ITEM " FROM work_item w"
                                       " WHERE item>=?1 AND item<?1+?2 ORDER BY item",
                                       "ii", of->first_item, of->items);
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_item item;
        ledger_read_item(query, 0, &item);
        good = visit(user, &item, error);
    }
    ledger_end(query);
    return good;
}

bool ledger_earlier_work(struct ledger *ledger, uint64_t device, struct ledger_earlier_work *past, GError **error)
{
    static const char sql[] =
        "SELECT w.slot=0,s.state,s.next_eligible,EXISTS(SELECT 1 FROM transition t WHERE t.id IN(s.tcos,s.ecos)"
        " AND t.statement IN(1,3)),s.code GLOB 'D*'"
        " FROM work_item w LEFT JOIN session s ON s.item=w.item WHERE w.device_id=? ORDER BY w.item";
    sqlite3_stmt *q = ledger_query(ledger, error, sql, "i", (int64_t)device);
    bool row = true, good = q != NULL;

    *past = (struct ledger_earlier_work){0};
    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        past->live |= sqlite3_column_int(q, 0) != 0;
        past->replaced |= sqlite3_column_int(q, 3) != 0;
        if (sqlite3_column_type(q, 1) == SQLITE_NULL || sqlite3_column_int(q, 1) != LEDGER_FAILED)
            continue;
        past->failed_sessions++;
        past->failed_migrations += sqlite3_column_int(q, 4) != 0;
        past->next_eligible = sqlite3_column_int64(q, 2);
    }
    ledger_end(q);
    return good;
}
