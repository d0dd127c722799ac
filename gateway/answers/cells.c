#include "gateway/answers/cells.h"

#include <stddef.h>

const char *cell_number(int64_t n, char text[CELL_NUMBER_SIZE])
{
    char *p = text + CELL_NUMBER_SIZE - 1;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    *p = '\0';
    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (n < 0)
        *--p = '-';
    return p;
}

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
