#include "spool/ledger_private.h"

const char *ledger_outcome_name(enum ledger_outcome outcome)
{
    static const char *const names[] = {"READY", "REJECTED", "DEFERRED"};
    return (size_t)outcome < G_N_ELEMENTS(names) ? names[outcome] : NULL;
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
    item->outcome = (enum ledger_outcome)sqlite3_column_int(q, c + 13);
    item->code = ledger_text(q, c + 14);
    item->text = ledger_text(q, c + 15);
    item->next_eligible = sqlite3_column_int64(q, c + 16);
}

bool ledger_device_is_live(struct ledger *ledger, uint64_t device, bool *live, GError **error)
{
    static const char sql[] = "SELECT 1 FROM work_item WHERE device_id=? AND slot=0";
    sqlite3_stmt *query = ledger_prepare(ledger, sql, error);
    bool row = false;
    bool good = query != NULL &&
                (sqlite3_bind_int64(query, 1, (int64_t)device) == SQLITE_OK || ledger_fail(ledger, error)) &&
                ledger_row(ledger, query, &row, error);
    ledger_end(query);
    if (good)
        *live = row;
    return good;
}

bool ledger_device_past(struct ledger *ledger, uint64_t device, struct ledger_past *past, GError **error)
{
    struct ledger_past found = {0};
    if (!ledger_device_is_live(ledger, device, &found.live, error))
        return false;
    *past = found;
    return true;
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
    return result == SQLITE_OK ? bind_texts(s, 8, texts, G_N_ELEMENTS(texts)) : result;
}

bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error)
{
    static const char sql[] = "INSERT INTO work_item(item,job,record,device_id,slot,outcome,"
                              "next_eligible,device_text,device_type,manufacturer,model,firmware,mpxn,"
                              "chf,region,attempt,code,text)"
                              " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
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
