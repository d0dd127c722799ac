/* Hours are the smallest unit: who has an hour left looks at the time itself. */
#include "gateway/condition/closing.h"

#include "formats/text.h"

#include <glib.h>

enum { HOUR = 3600, DAY = 24 * HOUR };

char *closing_left(int64_t closes, int64_t now)
{
    int64_t left = closes - now;
    int64_t span = left > 0 ? left : -left;

    if (closes == 0)
        return NULL;
    g_autofree char *days = text_count(span / DAY, "day"), *hours = text_count(span % DAY / HOUR, "hour");
    return g_strdup_printf("%s%s %s", left > 0 ? "" : "none: closed for ", days, hours);
}
