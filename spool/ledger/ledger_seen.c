/*
 * A Bloom filter, as in ledger_find_filter.c: three bits for each Device, in one word, for most words are in no cache.
 * With eight bits for each Device it takes one of 30 for one that it may have.
 *
 * To read a Device costs an eighth of a query that finds none, or less. So it is read when as many queries were made as
 * reading costs: what is lost is at most what was spent until then. A file of a few Devices reads nothing of a large
 * ledger, and a large file of a new one reads at once.
 */
#include "spool/ledger/ledger_seen.h"

#include "spool/ledger/ledger_private.h"

enum {
    COST = 8,              /* Devices read in the time of a query */
    BITS_EACH = 8,         /* of the filter, at least */
    FEWEST_WORD_BITS = 13, /* 64 KiB, for 65536 Devices */
    ROOM = 4               /* for so many times the Devices that there are */
};
/* With more work items nothing is read: it would hold up a pass for half a second. */
#define MOST_ITEMS 4000000

struct place {
    size_t word;
    uint64_t bits;
};

static struct place place_of(const struct ledger_seen *seen, uint64_t device)
{
    uint64_t hash = device * 0x9E3779B97F4A7C15;

    return (struct place){hash >> (64 - seen->word_bits), (uint64_t)1 << (hash >> 22 & 63) |
                                                              (uint64_t)1 << (hash >> 28 & 63) |
                                                              (uint64_t)1 << (hash >> 34 & 63)};
}

/* Of a reader another process may add work items, and outside of a transaction nobody may rely on what was found. */
static bool is_in_use(const struct ledger *ledger)
{
    return ledger->seen.bits != NULL && ledger->writer && sqlite3_get_autocommit(ledger->db) == 0;
}

bool ledger_seen_not(const struct ledger *ledger, uint64_t device)
{
    if (!is_in_use(ledger))
        return false;
    struct place at = place_of(&ledger->seen, device);

    return (ledger->seen.bits[at.word] & at.bits) != at.bits;
}

static void set_bits(struct ledger_seen *seen, uint64_t device)
{
    struct place at = place_of(seen, device);

    seen->bits[at.word] |= at.bits;
    seen->devices++;
}

/* Too full, it would say of many that they may have one. The next query that finds none reads all into a larger one. */
void ledger_seen_add(struct ledger *ledger, uint64_t device)
{
    struct ledger_seen *seen = &ledger->seen;

    if (seen->bits == NULL)
        return;
    set_bits(seen, device);
    if (seen->devices <= ((int64_t)64 << seen->word_bits) / BITS_EACH)
        return;
    g_clear_pointer(&seen->bits, g_free);
    seen->asked = seen->devices;
}

static bool read_all(struct ledger *ledger, int64_t items, GError **error)
{
    LEDGER_SQL_BESIDE(all, "SELECT device_id FROM work_item WHERE device_id IS NOT NULL");
    struct ledger_seen *seen = &ledger->seen;
    sqlite3_stmt *q = ledger_query(ledger, &all, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    for (seen->word_bits = FEWEST_WORD_BITS; (int64_t)64 << seen->word_bits < ROOM * BITS_EACH * items;)
        seen->word_bits++;
    seen->bits = g_new0(uint64_t, (size_t)1 << seen->word_bits);
    seen->devices = 0;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        set_bits(seen, (uint64_t)sqlite3_column_int64(q, 0));
    ledger_end(q);
    if (!good)
        g_clear_pointer(&seen->bits, g_free);
    return good;
}

bool ledger_seen_asked(struct ledger *ledger, GError **error)
{
    LEDGER_SQL_BESIDE(newest, "SELECT ifnull(max(item),0) FROM work_item");
    struct ledger_seen *seen = &ledger->seen;
    int64_t items = 0;

    if (seen->bits != NULL || !ledger->writer || sqlite3_get_autocommit(ledger->db) != 0)
        return true;
    if (++seen->asked < seen->enough)
        return true;
    if (!ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), &items, error))
        return false;
    seen->enough = items > MOST_ITEMS ? INT64_MAX : items / COST;
    return seen->asked < seen->enough || read_all(ledger, items, error);
}

void ledger_seen_clear(struct ledger_seen *seen)
{
    g_clear_pointer(&seen->bits, g_free);
}
