/* The reason of the pause is left out: an INC file repeats the text, and the reason may be for operators only. */
#include "gateway/pauses.h"

#include "formats/instant.h"

bool pauses_append(struct gateway *gateway, enum ledger_hold_kind kind, const char *drop, GString *text, GError **error)
{
    const struct ledger_hold hold = {.kind = kind, .drop = kind == LEDGER_HOLD_DISPATCH ? NULL : drop};
    const char *way = kind == LEDGER_HOLD_IN ? "in" : "out";
    g_autofree struct ledger_held *held = NULL;
    char since[INSTANT_TEXT_SIZE];

    if (!ledger_hold_get(gateway->ledger, &hold, &held, error))
        return false;
    if (held == NULL)
        return true;
    instant_print(held->at, since);
    if (kind == LEDGER_HOLD_DISPATCH)
        g_string_append_printf(text, "; an operator has paused dispatch since %s: `ecosgate dispatch resume` ends that",
                               since);
    else
        g_string_append_printf(
            text, "; an operator has paused drop %s, %s, since %s: `ecosgate drop resume %s --%s` ends that", drop, way,
            since, drop, way);
    return true;
}
