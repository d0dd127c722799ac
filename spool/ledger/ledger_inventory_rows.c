/* A row in the sorter: a bit for each text that is not NULL, and one for `remove`; the numbers; each text with its NUL.
 * The Device is the key. */
#include "spool/ledger/ledger_inventory_rows.h"

#include "spool/ledger/ledger_survey.h"
#include "spool/pulse.h"
#include "spool/varint.h"

#include <string.h>

struct ledger_inventory_rows {
    struct ledger *ledger;
    struct sorter *sorter;
    GByteArray *row; /* the one that is added */
};

static const size_t texts[] = {
    offsetof(struct ledger_inventory, device_type),  offsetof(struct ledger_inventory, status),
    offsetof(struct ledger_inventory, manufacturer), offsetof(struct ledger_inventory, model),
    offsetof(struct ledger_inventory, firmware),     offsetof(struct ledger_inventory, mpxn),
    offsetof(struct ledger_inventory, region),       offsetof(struct ledger_inventory, credentials),
    offsetof(struct ledger_inventory, pending)};

enum { TEXTS = G_N_ELEMENTS(texts), REMOVE = 1 << TEXTS, NUMBERS = 5, PULSE_ROWS = 4096 /* some milliseconds */ };

static const char *const *text_of(const struct ledger_inventory *row, size_t i)
{
    return (const char *const *)(const void *)((const char *)row + texts[i]);
}

struct ledger_inventory_rows *ledger_inventory_rows_new(struct ledger *ledger)
{
    struct ledger_inventory_rows *rows = g_new(struct ledger_inventory_rows, 1);

    *rows = (struct ledger_inventory_rows){ledger, ledger_sorter_new(ledger), g_byte_array_new()};
    return rows;
}

void ledger_inventory_rows_free(struct ledger_inventory_rows *rows)
{
    if (rows == NULL)
        return;
    sorter_free(rows->sorter);
    g_byte_array_unref(rows->row);
    g_free(rows);
}

/* ---- a row as bytes ---- */

static void pack(GByteArray *to, const struct ledger_inventory *row, bool remove)
{
    size_t sizes[TEXTS], all = (1 + NUMBERS) * VARINT64_SIZE;
    uint64_t head = remove ? REMOVE : 0;

    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = *text_of(row, i);
        sizes[i] = text != NULL ? strlen(text) + 1 : 0;
        head |= (uint64_t)(text != NULL) << i;
        all += sizes[i];
    }
    g_byte_array_set_size(to, (guint)all);
    uint8_t *at = varint_put(to->data, head);
    at = varint_put(at, row->chf);
    at = varint_put(at, row->supplier);
    at = varint_put(at, row->map);
    at = varint_put(at, varint_fold(row->installed));
    at = varint_put(at, varint_fold(row->commissioned));
    for (size_t i = 0; i < TEXTS; i++) {
        if (sizes[i] > 0)
            memcpy(at, *text_of(row, i), sizes[i]);
        at += sizes[i];
    }
    g_byte_array_set_size(to, (guint)(at - to->data));
}

/* The texts are the record's. */
static void unpack(const struct sorter_record *record, struct ledger_inventory *row, bool *remove)
{
    const uint8_t *at = record->data;
    uint64_t head = varint_get(&at);

    *row = (struct ledger_inventory){.device = record->a};
    *remove = (head & REMOVE) != 0;
    row->chf = varint_get(&at);
    row->supplier = varint_get(&at);
    row->map = varint_get(&at);
    row->installed = varint_unfold(varint_get(&at));
    row->commissioned = varint_unfold(varint_get(&at));
    for (size_t i = 0; i < TEXTS; i++) {
        if ((head >> i & 1) == 0)
            continue;
        *(const char **)(void *)((char *)row + texts[i]) = (const char *)at;
        at += strlen((const char *)at) + 1;
    }
}

bool ledger_inventory_rows_add(struct ledger_inventory_rows *rows, const struct ledger_inventory *row, bool remove,
                               GError **error)
{
    pack(rows->row, row, remove);
    return sorter_add(rows->sorter, &(struct sorter_record){row->device, 0, rows->row->data, rows->row->len}, error);
}

/* ---- changes ---- */

static bool apply_one(struct ledger *ledger, const struct ledger_inventory *row, bool full, GError **error)
{
    bool renewed = false;

    return (full || ledger_inventory_renew(ledger, row, &renewed, error)) &&
           (renewed || ledger_inventory_put(ledger, row, error));
}

bool ledger_inventory_rows_apply(struct ledger_inventory_rows *rows, bool full, const volatile bool *stop,
                                 GError **error)
{
    const struct sorter_record *record;
    bool good = sorter_rewind(rows->sorter, error);

    for (int64_t n = 1; good && (stop == NULL || !*stop) && (record = sorter_peek(rows->sorter)) != NULL; n++) {
        struct ledger_inventory row;
        bool remove;
        unpack(record, &row, &remove);
        good = (remove ? ledger_inventory_remove(rows->ledger, &row, error)
                       : apply_one(rows->ledger, &row, full, error)) &&
               sorter_skip(rows->sorter, error);
        if (n % PULSE_ROWS == 0)
            pulse();
    }
    return good;
}
