/*
 * Numbers go round: after the greatest one comes 1. So the numbers of one second have no least one, and a comparison of
 * two of them is no order once they are half a ring apart. The files of one second are sorted as text first, and begin
 * then behind the widest gap between their numbers. Rejected: beginning at the number that the ledger expects next. A
 * file that jumps would be picked up before those that it jumps over.
 */
#include "gateway/pipeline/pickup/pickup_order.h"

#include "spool/ledger/ledger.h"

#include <string.h>

enum { DIGITS = 6 /* of a number in `order` */ };

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp((*(struct listed *const *)a)->order, (*(struct listed *const *)b)->order);
}

/* The offset of the number, which stands between '_' and '.'. 0: there is none. */
static size_t find_number(const char *order)
{
    for (const char *at = strchr(order, '_'); at != NULL; at = strchr(at + 1, '_'))
        if (strspn(at + 1, G_CSET_DIGITS) == DIGITS && at[1 + DIGITS] == '.')
            return (size_t)(at + 1 - order);
    return 0;
}

static int64_t number_at(const GPtrArray *files, guint i, size_t offset)
{
    return g_ascii_strtoll(((const struct listed *)files->pdata[i])->order + offset, NULL, 10);
}

/* The greatest number of such names; the widest one if they have different ones. */
static int64_t most_of(const GPtrArray *files)
{
    const struct listed *first = files->pdata[0];
    bool one = first->most != 0;

    for (guint i = 1; i < files->len; i++)
        one = one && ((const struct listed *)files->pdata[i])->most == first->most;
    return one ? first->most : LEDGER_SEQUENCE_MAX;
}

/* Which of the files comes first: they are in the order of their numbers. Of gaps that are as wide as each other the
 * one over the end counts. */
static guint find_first(const GPtrArray *files, size_t offset)
{
    int64_t widest = number_at(files, 0, offset) + most_of(files) - number_at(files, files->len - 1, offset);
    guint first = 0;

    for (guint i = 1; i < files->len; i++) {
        int64_t gap = number_at(files, i, offset) - number_at(files, i - 1, offset);
        if (gap <= widest)
            continue;
        widest = gap;
        first = i;
    }
    return first;
}

/* Orders the files whose names are those of the file at `begin` up to the number. Between them may stand names that
 * have no number there, which keep their places. Returns where the next ones begin. */
static guint order_second(GPtrArray *listed, guint begin)
{
    const char *prefix = ((const struct listed *)listed->pdata[begin])->order;
    size_t offset = find_number(prefix);
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    guint end = begin;

    if (offset == 0)
        return begin + 1;
    for (; end < listed->len; end++) {
        const char *order = ((const struct listed *)listed->pdata[end])->order;
        if (strncmp(order, prefix, offset) != 0)
            break;
        if (find_number(order) == offset)
            g_ptr_array_add(files, listed->pdata[end]);
    }
    guint next = find_first(files, offset);
    for (guint i = begin; next != 0 && i < end; i++) {
        if (find_number(((const struct listed *)listed->pdata[i])->order) != offset)
            continue;
        listed->pdata[i] = files->pdata[next % files->len];
        next++;
    }
    return end;
}

void pickup_order_sort(GPtrArray *listed)
{
    g_ptr_array_sort(listed, by_text);
    for (guint i = 0; i < listed->len;)
        i = order_second(listed, i);
}
