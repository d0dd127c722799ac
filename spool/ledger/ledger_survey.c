/*
 * Three sorted streams are walked side by side: the Devices, their work items, and the Suppliers of GPFs.
 *
 * Two designs were compared. (a) Cursors of SQLite in the order of Device ids: short, but each row is then looked up at
 * its place in the table, 2 µs for each Device and far more where the ledger is not in memory; and a GPF, whose
 * Supplier is that of a meter on its hub, still costs a query of its own. (b) Scans in the order of the tables, whose
 * rows are sorted by Device or by hub in a sorter (this one).
 */
#include "spool/ledger/ledger_survey.h"

#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_survey_row.h"
#include "spool/pulse.h"

#include <string.h>

struct ledger_survey {
    int64_t at;
    struct survey_words *words;
    struct sorter *devices;   /* a: the Device; data: survey_row_put */
    struct sorter *items;     /* a: the Device; data: survey_past_put */
    struct sorter *suppliers; /* a: a GPF, b: its Supplier */
};

/* A survey while it is made. */
struct making {
    struct ledger *ledger;
    struct ledger_survey *survey;
    struct sorter *hubs; /* a: a hub, b: a Device on it; data: struct on_hub */
    guint8 *changed;     /* a bit for each hash of an MPxN; 0: no change of supplier until then has that hash */
    guint changed_mask;  /* of the hashes */
    GByteArray *row;     /* the data of a Device */
};

/* A GPF, or a meter that may say whose the GPF on its hub is. */
struct on_hub {
    uint8_t gpf, esme;
    uint8_t supplier[sizeof(uint64_t)]; /* its bytes, as in memory */
};

enum { PULSE_DEVICES = 4096 /* between two signs of progress: some milliseconds */ };

struct sorter *ledger_sorter_new(const struct ledger *ledger)
{
    bool beside = ledger->writer || ledger->snapshot;
    g_autofree char *folder = beside ? g_path_get_dirname(ledger_path(ledger)) : g_strdup(g_get_tmp_dir());

    return sorter_new(folder, SORTER_MEMORY);
}

bool ledger_survey_is_long(struct ledger *ledger, bool *is_long, GError **error)
{
    LEDGER_SQL(one_more, "SELECT 1 FROM inventory LIMIT 1 OFFSET ?");
    LEDGER_SQL(newest, "SELECT max(item) FROM work_item");
    const int64_t most = LEDGER_SURVEY_SHORT;
    int64_t any = 0, items = 0;

    if (!ledger_number(ledger, ledger_query(ledger, &one_more, LEDGER_VALUES(LEDGER_INT(most)), error), &any, error) ||
        !ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), &items, error))
        return false;
    *is_long = any != 0 || items > most;
    return true;
}

/* ---- changes of supplier ---- */

/* Most meters have had no change of supplier: the bits say so of nearly all of them without a query, and take no more
 * memory for texts of any length. */
enum { BITS_FOR_EACH = 16, LEAST_BITS = 1 << 10, MOST_BITS = 1 << 28 };

static bool read_changed(struct making *m, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM cos");
    LEDGER_SQL(changed, "SELECT mpxn FROM cos WHERE starts<=?");
    int64_t n = 0, bits = LEAST_BITS;
    bool row = true;

    if (!ledger_number(m->ledger, ledger_query(m->ledger, &count, LEDGER_NO_VALUES, error), &n, error))
        return false;
    while (bits < n * BITS_FOR_EACH && bits < MOST_BITS)
        bits *= 2;
    m->changed = g_malloc0((gsize)bits / 8);
    m->changed_mask = (guint)bits - 1;
    sqlite3_stmt *q = ledger_query(m->ledger, &changed, LEDGER_VALUES(LEDGER_INT(m->survey->at)), error);
    bool good = q != NULL;
    while (good && (good = ledger_row(m->ledger, q, &row, error)) && row) {
        guint hash = g_str_hash(ledger_text(q, 0)) & m->changed_mask;
        m->changed[hash / 8] |= (guint8)(1U << hash % 8);
    }
    ledger_end(q);
    return good;
}

/* Of a meter: the gaining Supplier of the last change until then, else the inventory's. *known: there is one. */
static bool supplier_of_meter(struct making *m, const struct ledger_inventory *device, uint64_t *supplier, bool *known,
                              GError **error)
{
    LEDGER_SQL(last, "SELECT gaining FROM cos WHERE mpxn=? AND starts<=? ORDER BY starts DESC LIMIT 1");
    guint hash = device->mpxn != NULL ? g_str_hash(device->mpxn) & m->changed_mask : 0;

    *supplier = device->supplier;
    *known = device->supplier != 0; /* 0 is stored as NULL */
    if (device->mpxn == NULL || (m->changed[hash / 8] >> hash % 8 & 1) == 0)
        return true;
    sqlite3_stmt *q =
        ledger_query(m->ledger, &last, LEDGER_VALUES(LEDGER_TEXT(device->mpxn), LEDGER_INT(m->survey->at)), error);
    bool row = false, good = q != NULL && ledger_row(m->ledger, q, &row, error);
    if (good && row) {
        *supplier = (uint64_t)sqlite3_column_int64(q, 0);
        *known = true;
    }
    ledger_end(q);
    return good;
}

/* ---- Devices ---- */

/* A meter tells the Supplier of a GPF if it is in use (METER_ON_HUB in ledger_estate.c). */
static bool add_on_hub(struct making *m, const struct ledger_inventory *device, uint64_t supplier, bool known,
                       GError **error)
{
    bool gpf = strcmp(device->device_type, "GPF") == 0, esme = strcmp(device->device_type, "ESME") == 0;
    bool in_use = strcmp(device->status, "Commissioned") == 0 || strcmp(device->status, "Recovered") == 0;
    struct on_hub on_hub = {.gpf = gpf, .esme = esme};

    memcpy(on_hub.supplier, &supplier, sizeof supplier);
    if (device->chf == 0 || (!gpf && (!known || !in_use || (!esme && strcmp(device->device_type, "GSME") != 0))))
        return true;
    return sorter_add(m->hubs, &(struct sorter_record){device->chf, device->device, &on_hub, sizeof on_hub}, error);
}

static bool add_device(void *user, const struct ledger_inventory *device, GError **error)
{
    struct making *m = user;
    struct ledger_surveyed surveyed = {.device = *device};
    bool known = false;

    g_byte_array_set_size(m->row, 0);
    if (!supplier_of_meter(m, device, &surveyed.supplier, &known, error) ||
        !add_on_hub(m, device, surveyed.supplier, known, error) ||
        !survey_row_put(m->survey->words, &surveyed, m->row, error))
        return false;
    return sorter_add(m->survey->devices, &(struct sorter_record){device->device, 0, m->row->data, m->row->len}, error);
}

/* The first meter on the hub counts: a GSME before an ESME, of several that with the lowest id, as SQLite orders them:
 * as signed numbers. */
static bool comes_first(const struct sorter_record *meter, const struct on_hub *best, int64_t best_id)
{
    const struct on_hub *m = meter->data;

    return m->esme != best->esme ? m->esme < best->esme : (int64_t)meter->b < best_id;
}

/* The Devices of one hub: gives each GPF the Supplier of the meter that counts. gpfs: room for their ids. */
static bool settle_hub(struct making *m, GArray *gpfs, GError **error)
{
    const struct sorter_record *record = sorter_peek(m->hubs);
    uint64_t hub = record->a, supplier;
    struct on_hub best = {0};
    int64_t best_id = 0;
    bool found = false;

    g_array_set_size(gpfs, 0);
    for (; record != NULL && record->a == hub; record = sorter_peek(m->hubs)) {
        const struct on_hub *one = record->data;
        if (one->gpf != 0)
            g_array_append_val(gpfs, record->b);
        else if (!found || comes_first(record, &best, best_id)) {
            best = *one;
            best_id = (int64_t)record->b;
            found = true;
        }
        if (!sorter_skip(m->hubs, error))
            return false;
    }
    memcpy(&supplier, best.supplier, sizeof supplier);
    for (guint i = 0; found && i < gpfs->len; i++) {
        const struct sorter_record gpf = {g_array_index(gpfs, uint64_t, i), supplier, NULL, 0};
        if (!sorter_add(m->survey->suppliers, &gpf, error))
            return false;
    }
    return true;
}

static bool settle_hubs(struct making *m, GError **error)
{
    g_autoptr(GArray) gpfs = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    if (!sorter_rewind(m->hubs, error))
        return false;
    while (sorter_peek(m->hubs) != NULL) {
        if (!settle_hub(m, gpfs, error))
            return false;
    }
    return true;
}

/* ---- work items ---- */

/* Adds a row for each of the query's: Device, state, whether the session began, its end, and whether an operator has
 * overruled it. Ends the query. */
static bool add_each(struct making *m, sqlite3_stmt *q, bool have_session, GError **error)
{
    bool more = true, good = q != NULL;
    uint8_t row[SURVEY_PAST_SIZE];

    while (good && (good = ledger_row(m->ledger, q, &more, error)) && more) {
        const struct ledger_work work = {.item = {.outcome = LEDGER_READY, .ended = sqlite3_column_int64(q, 3) != 0},
                                         .has_session = have_session,
                                         .session = {.state = (enum ledger_state)sqlite3_column_int(q, 1),
                                                     .begun = sqlite3_column_int64(q, 2),
                                                     .ended = sqlite3_column_int64(q, 3)},
                                         .overruled = sqlite3_column_int(q, 4) != 0};
        struct ledger_past one = {0};
        ledger_past_add(&one, &work);
        const struct sorter_record record = {.a = (uint64_t)sqlite3_column_int64(q, 0),
                                             .data = row,
                                             .len = (uint32_t)(survey_past_put(&one, row) - row)};
        good = sorter_add(m->survey->items, &record, error);
    }
    ledger_end(q);
    return good;
}

/* The work items that were accepted; others say nothing of a migration. Those without a session are few: their verdicts
 * are in an index, and the table of work items is not read. Of a Device one item at most is live, and what ended ones
 * say is added up in any order. Only of a session that is MIGRATED (7) it matters that an operator has overruled it.
 * CASE: SQLite asks both sides of an AND for every row. */
static bool add_items(struct making *m, GError **error)
{
    LEDGER_SQL(sessions, "SELECT device_id,state,begun,ended,CASE WHEN state=7 AND EXISTS(SELECT 1 FROM device_release)"
                         " THEN EXISTS(SELECT 1 FROM device_release r WHERE r.device_id=s.device_id"
                         " AND r.transition>=s.last) END FROM session s");
    LEDGER_SQL(fresh, "SELECT w.device_id,0,NULL,NULL,NULL FROM verdict v INDEXED BY verdict_fresh CROSS JOIN work_item"
                      " w NOT INDEXED ON w.item>=v.first_item AND w.item<v.first_item+v.items"
                      " LEFT JOIN session s ON s.item=w.item"
                      " WHERE v.items>0 AND v.accepted>v.dispatched AND w.outcome=0 AND s.item IS NULL");

    return add_each(m, ledger_query(m->ledger, &sessions, LEDGER_NO_VALUES, error), true, error) &&
           add_each(m, ledger_query(m->ledger, &fresh, LEDGER_NO_VALUES, error), false, error);
}

/* ---- making ---- */

static bool make(struct making *m, GError **error)
{
    return read_changed(m, error) && ledger_inventory_each(m->ledger, add_device, m, error) && settle_hubs(m, error) &&
           add_items(m, error);
}

struct ledger_survey *ledger_survey_make(struct ledger *ledger, int64_t at, GError **error)
{
    g_autoptr(ledger_survey_t) survey = g_new0(struct ledger_survey, 1);
    struct making m = {.ledger = ledger, .survey = survey};

    survey->at = at;
    survey->words = survey_words_new(ledger, at);
    survey->devices = ledger_sorter_new(ledger);
    survey->items = ledger_sorter_new(ledger);
    survey->suppliers = ledger_sorter_new(ledger);
    m.hubs = ledger_sorter_new(ledger);
    m.row = g_byte_array_new();
    bool good = make(&m, error);
    sorter_free(m.hubs);
    g_free(m.changed);
    g_byte_array_unref(m.row);
    return good ? g_steal_pointer(&survey) : NULL;
}

int64_t ledger_survey_at(const struct ledger_survey *survey)
{
    return survey->at;
}

struct survey_words *ledger_survey_words(struct ledger_survey *survey)
{
    return survey_words_share(survey->words);
}

void ledger_survey_free(struct ledger_survey *survey)
{
    if (survey == NULL)
        return;
    survey_words_free(survey->words);
    sorter_free(survey->devices);
    sorter_free(survey->items);
    sorter_free(survey->suppliers);
    g_free(survey);
}

/* ---- walking ---- */

/* Goes to the first record whose key is that Device, or comes after it. */
static bool go_to(struct sorter *sorter, uint64_t device, const struct sorter_record **record, GError **error)
{
    while ((*record = sorter_peek(sorter)) != NULL && (*record)->a < device) {
        if (!sorter_skip(sorter, error))
            return false;
    }
    return true;
}

/* Work items of Devices that the inventory does not have are passed over. */
static bool read_work(struct ledger_survey *survey, struct ledger_surveyed *to, GError **error)
{
    const struct sorter_record *record;

    if (!go_to(survey->items, to->device.device, &record, error))
        return false;
    for (; record != NULL && record->a == to->device.device; record = sorter_peek(survey->items)) {
        (void)survey_past_add(record->data, &to->past);
        if (!sorter_skip(survey->items, error))
            return false;
    }
    return true;
}

/* A GPF has no Supplier of its own. */
static bool read_supplier(struct ledger_survey *survey, struct ledger_surveyed *to, GError **error)
{
    const struct sorter_record *record;

    if (strcmp(to->device.device_type, "GPF") != 0)
        return true;
    if (!go_to(survey->suppliers, to->device.device, &record, error))
        return false;
    to->supplier = record != NULL && record->a == to->device.device ? record->b : 0;
    return true;
}

bool ledger_survey_each(struct ledger_survey *survey, ledger_survey_visit visit, void *user, GError **error)
{
    const struct sorter_record *record;
    struct ledger_surveyed device;
    int64_t seen = 0;

    if (!sorter_rewind(survey->devices, error) || !sorter_rewind(survey->items, error) ||
        !sorter_rewind(survey->suppliers, error))
        return false;
    while ((record = sorter_peek(survey->devices)) != NULL) {
        survey_row_get(survey->words, record->a, record->data, &device);
        device.row = record->data;
        device.row_len = record->len;
        if (!read_work(survey, &device, error) || !read_supplier(survey, &device, error) ||
            !visit(user, &device, error) || !sorter_skip(survey->devices, error))
            return false;
        if (++seen % PULSE_DEVICES == 0)
            pulse();
    }
    return true;
}
