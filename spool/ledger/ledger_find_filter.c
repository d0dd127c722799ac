/*
 * A set has three of 8 million bits for each Device (a Bloom filter), so it says of a Device that is not in it that it
 * may be: of 1,000,000 Devices, at one of 30. The walk looks at those. A table of numbers was tried: with 840,000 of
 * them it took 100 ms more, for its memory and its growth.
 */
#include "spool/ledger/ledger_find_filter.h"

#include "spool/ledger/ledger_private.h"

/* A condition is read when LOOKED_AT Devices were looked at, and FOR_EACH more for each that fitted; of a page of 100
 * none, if one of 50 fits. MOST_KEPT: one with more Devices is not worth reading. */
enum { LOOKED_AT = 1500, FOR_EACH = 50, MOST_KEPT = 1500000, WORD_BITS = 17 };

/* ---- sets ---- */

/* The bits of a Device stand in one word, for most words are in no cache. Numbers of Devices differ in few bits. */
struct place {
    size_t word;
    uint64_t bits;
};

static struct place place_of(int64_t device)
{
    uint64_t hash = (uint64_t)device * 0x9E3779B97F4A7C15;

    return (struct place){hash >> (64 - WORD_BITS), (uint64_t)1 << (hash >> 28 & 63) |
                                                        (uint64_t)1 << (hash >> 34 & 63) |
                                                        (uint64_t)1 << (hash >> 40 & 63)};
}

/* ---- the functions ---- */

static void set_bits(uint64_t *set, int64_t device)
{
    struct place at = place_of(device);

    set[at.word] |= at.bits;
}

/* False: the condition could not be read. */
static bool read_next(struct ledger_find_filter *filter)
{
    g_autofree uint64_t *set = g_new0(uint64_t, 1U << WORD_BITS);

    filter->filling = set;
    filter->kept = filter->looked_at = 0;
    filter->most = INT64_MAX;
    bool kept = false, good = filter->keep(filter->user, filter->read++, &kept, &filter->error);
    for (int64_t i = 0; i < MIN(filter->kept, FIND_LATE); i++)
        set_bits(set, filter->late[i]);
    filter->filling = NULL;
    if (filter->kept > MOST_KEPT) {
        g_clear_error(&filter->error);
        return true;
    }
    if (good && kept)
        filter->sets[filter->n_sets++] = g_steal_pointer(&set);
    return good;
}

static bool may_be_in_all(const struct ledger_find_filter *filter, int64_t device)
{
    struct place at = place_of(device);

    for (size_t i = 0; i < filter->n_sets; i++)
        if ((filter->sets[i][at.word] & at.bits) != at.bits)
            return false;
    return true;
}

/* Those that a set lets pass by mistake must not have the next one read: it waits for four times as many. */
static bool is_time(const struct ledger_find_filter *filter)
{
    return filter->read < filter->conditions &&
           filter->looked_at > (LOOKED_AT << 2 * filter->read) + FOR_EACH * filter->found;
}

static void may_fit(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct ledger_find_filter *filter = ((const struct ledger *)sqlite3_user_data(context))->find_filter;
    bool known = n == 1 && filter != NULL && sqlite3_value_type(values[0]) != SQLITE_NULL;
    int64_t device = known ? sqlite3_value_int64(values[0]) : 0;
    bool looked = known && may_be_in_all(filter, device);

    if (looked)
        filter->looked_at++;
    if (looked && is_time(filter)) {
        if (!read_next(filter)) {
            sqlite3_result_error(context, "a condition could not be read", -1);
            return;
        }
        looked = may_be_in_all(filter, device);
    }
    sqlite3_result_int(context, looked || !known);
}

/* Most words are in no cache: they are asked for, and their bits set some Devices later. */
static void keep(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct ledger_find_filter *filter = ((const struct ledger *)sqlite3_user_data(context))->find_filter;

    sqlite3_result_int(context, 0);
    if (n != 1 || filter == NULL || filter->filling == NULL)
        return;
    if (filter->kept == filter->most) {
        filter->enough = true;
        sqlite3_result_error(context, "enough", -1);
        return;
    }
    /* Work items without a Device count as well; 0 is nobody's. */
    int64_t device = sqlite3_value_int64(values[0]), *late = &filter->late[filter->kept % FIND_LATE];
    if (filter->kept++ >= FIND_LATE)
        set_bits(filter->filling, *late);
    __builtin_prefetch(&filter->filling[place_of(device).word], 1);
    *late = filter->newest = device;
    if (filter->kept > MOST_KEPT)
        sqlite3_result_error(context, "more Devices than are worth to keep", -1);
}

bool ledger_find_filter_begin(struct ledger *ledger, struct ledger_find_filter *filter, GError **error)
{
    enum { FLAGS = SQLITE_UTF8 | SQLITE_DIRECTONLY };

    g_assert(filter->conditions <= FIND_SETS && ledger->find_filter == NULL);
    if (!ledger->finds &&
        (sqlite3_create_function(ledger->db, "find_may_fit", 1, FLAGS, ledger, may_fit, NULL, NULL) != SQLITE_OK ||
         sqlite3_create_function(ledger->db, "find_keep", 1, FLAGS, ledger, keep, NULL, NULL) != SQLITE_OK))
        return ledger_fail(ledger, error);
    ledger->finds = true;
    ledger->find_filter = filter;
    return true;
}

bool ledger_find_filter_end(struct ledger *ledger, bool good, GError **error)
{
    struct ledger_find_filter *filter = g_steal_pointer(&ledger->find_filter);

    for (size_t i = 0; i < FIND_SETS; i++)
        g_free(filter->sets[i]);
    if (filter->error == NULL)
        return good;
    g_clear_error(error);
    g_propagate_error(error, filter->error);
    return false;
}
