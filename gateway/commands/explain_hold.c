/* What operators keep back: who, since when, why, and the command that ends it. */
#include "gateway/commands/explain.h"

#include "formats/instant.h"

#include <string.h>

char *explain_hold_end(const struct ledger_hold *hold)
{
    switch (hold->kind) {
    case LEDGER_HOLD_DISPATCH:
        return g_strdup("ecosgate dispatch resume");
    case LEDGER_HOLD_IN:
        return g_strdup_printf("ecosgate drop resume %s --in", hold->drop);
    case LEDGER_HOLD_OUT:
        return g_strdup_printf("ecosgate drop resume %s --out", hold->drop);
    case LEDGER_HOLD_BATCH:
    case LEDGER_HOLD_DEVICE:
    case LEDGER_HOLD_KINDS:
        break;
    }
    return NULL;
}

const char *explain_hold_reason(const struct ledger_held *held)
{
    size_t len = held->hold.drop != NULL ? strlen(held->hold.drop) : 0;

    if (len > 0 && strncmp(held->reason, held->hold.drop, len) == 0 && strncmp(held->reason + len, ": ", 2) == 0)
        return held->reason + len + 2;
    return held->reason;
}

bool explain_hold(struct gateway *gateway, const struct ledger_hold *hold, char **text, GError **error)
{
    g_autofree struct ledger_held *held = NULL;
    g_autofree char *end = explain_hold_end(hold);
    char since[INSTANT_TEXT_SIZE];

    *text = NULL;
    if (!ledger_hold_get(gateway->ledger, hold, &held, error))
        return false;
    if (held == NULL)
        return true;
    instant_print(held->at, since);
    *text = g_strdup_printf("an operator (%s, since %s) has paused it: %s; `%s --reason TEXT` ends that", held->who,
                            since, explain_hold_reason(held), end);
    return true;
}
