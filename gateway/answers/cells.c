/* Texts of cells. Everything is written into buffers of the caller: a file of a million rows allocates nothing here. */
#include "gateway/answers/cells.h"

#include <glib.h>

enum { MAX_ORG = 8, MAX_BATCH = 24 };
_Static_assert(MAX_ORG + MAX_BATCH + CELL_NUMBER_SIZE + 2 <= WORK_ITEM_ID_SIZE, "WORK_ITEM_ID_SIZE");

const char *cell_number(int64_t n, char text[CELL_NUMBER_SIZE])
{
    char *p = text + CELL_NUMBER_SIZE - 1;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; /* also of INT64_MIN, whose negative is no int64_t */

    *p = '\0';
    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (n < 0)
        *--p = '-';
    return p;
}

const char *cell_positive(int64_t n, char text[CELL_NUMBER_SIZE])
{
    return n > 0 ? cell_number(n, text) : NULL;
}

const char *cell_time(int64_t at, char text[INSTANT_TEXT_SIZE])
{
    instant_print(at, text);
    return text;
}

/* A million rows of a work order have the same two times: each is printed once. */
const char *cell_instant(int64_t at, struct cell_instant *shown)
{
    if (at == 0)
        return NULL;
    if (shown->at != at) {
        instant_print(at, shown->text);
        shown->at = at;
    }
    return shown->text;
}

const char *cell_category(enum code code)
{
    static const char *const categories[] = {"a", "b", "c", "d"};

    return categories[catalogue_category(code) - 'a'];
}

/* Appends at most n bytes of text. Returns where they end. */
static char *append(char *p, const char *text, size_t n)
{
    for (; text != NULL && *text != '\0' && n > 0; n--)
        *p++ = *text++;
    return p;
}

const char *work_item_id(const char *org, const char *batch, int64_t record, char text[WORK_ITEM_ID_SIZE])
{
    char digits[CELL_NUMBER_SIZE];
    char *p = append(text, org, MAX_ORG);

    *p++ = '.';
    p = append(p, batch, MAX_BATCH);
    *p++ = '.';
    (void)g_stpcpy(p, cell_number(record, digits)); /* where the text ends is not needed */
    return text;
}
