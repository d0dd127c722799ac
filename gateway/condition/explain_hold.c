/* What operators and thresholds keep back: what it is, who said so, since when, why, and the command that ends it. */
#include "gateway/condition/explain_hold.h"

#include "formats/eui64.h"
#include "formats/instant.h"

#include <string.h>

char *explain_hold_end(const struct ledger_held *held)
{
    const struct ledger_hold *hold = &held->hold;
    char device[EUI64_TEXT_SIZE];

    switch (hold->kind) {
    case LEDGER_HOLD_BATCH:
        return g_strdup_printf("ecosgate batch release %08" G_GINT64_FORMAT, hold->number);
    case LEDGER_HOLD_DEVICE:
        eui64_print(held->device, device);
        return g_strdup_printf("ecosgate device release %s", device);
    case LEDGER_HOLD_DISPATCH:
        return g_strdup("ecosgate dispatch resume");
    case LEDGER_HOLD_IN:
        return g_strdup_printf("ecosgate drop resume %s --in", hold->drop);
    case LEDGER_HOLD_OUT:
        return g_strdup_printf("ecosgate drop resume %s --out", hold->drop);
    case LEDGER_HOLD_KINDS:
        break;
    }
    return NULL;
}

char *explain_hold_subject(const struct ledger_held *held)
{
    const struct ledger_hold *hold = &held->hold;
    char device[EUI64_TEXT_SIZE];

    switch (hold->kind) {
    case LEDGER_HOLD_BATCH:
        return g_strdup_printf("batch %s.%s", held->org != NULL ? held->org : "?",
                               held->batch != NULL ? held->batch : "?");
    case LEDGER_HOLD_DEVICE:
        eui64_print(held->device, device);
        return g_strdup_printf("Device %s", device);
    case LEDGER_HOLD_DISPATCH:
        return g_strdup("dispatch");
    case LEDGER_HOLD_IN:
        return g_strdup_printf("drop %s, in", hold->drop);
    case LEDGER_HOLD_OUT:
        return g_strdup_printf("drop %s, out", hold->drop);
    case LEDGER_HOLD_KINDS:
        break;
    }
    return NULL;
}

const char *explain_hold_reason(const struct ledger_held *held)
{
    char device[EUI64_TEXT_SIZE];
    const char *prefix = held->hold.drop;

    if (held->hold.kind == LEDGER_HOLD_DEVICE) {
        eui64_print(held->device, device);
        prefix = device;
    }
    size_t len = prefix != NULL ? strlen(prefix) : 0;
    if (len > 0 && g_ascii_strncasecmp(held->reason, prefix, len) == 0 && strncmp(held->reason + len, ": ", 2) == 0)
        return held->reason + len + 2;
    return held->reason;
}

bool explain_hold(struct gateway *gateway, const struct ledger_hold *hold, char **text, GError **error)
{
    g_autofree struct ledger_held *held = NULL;
    char since[INSTANT_TEXT_SIZE];

    *text = NULL;
    if (!ledger_hold_get(gateway->ledger, hold, &held, error))
        return false;
    if (held == NULL)
        return true;
    g_autofree char *end = explain_hold_end(held);
    bool holds = hold->kind == LEDGER_HOLD_BATCH || hold->kind == LEDGER_HOLD_DEVICE;
    instant_print(held->at, since);
    if (held->threshold)
        *text = g_strdup_printf("a threshold holds it since %s: %s; `%s --reason TEXT` ends that", since,
                                explain_hold_reason(held), end);
    else
        *text = g_strdup_printf("an operator (%s, since %s) %s it: %s; `%s --reason TEXT` ends that", held->who, since,
                                holds ? "holds" : "has paused", explain_hold_reason(held), end);
    return true;
}
