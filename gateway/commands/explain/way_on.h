/*
 * What brings a Device on whose work item has ended: the only place that decides it, for `why` and `device show`.
 *
 *   struct way_on way = {.code = …, .at = …};
 *   if (way_on_find(gateway, work, &way, error)) … way.text, way.at …
 *   g_free(way.text);
 *
 * What stands against a new instruction now comes first, whatever the code of the work item's end: a success that
 * counts (C108), then TCoS that closes (C122), then a failed session (C115). Only then the code says who acts.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_WAY_ON_H
#define ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_WAY_ON_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_sessions.h"

struct way_on {
    const char *code; /* in: why the work item has ended; NULL: nobody has to act */
    int64_t at;       /* in: NextEligible of that end. out: when a new instruction may come, seconds UTC; 0: at once */
    char *text;       /* out: the party, file or command that brings the Device on. g_free. */
};

/* Finds it for a work item that is REJECTED, DEFERRED, FAILED or MIGRATED. text is NULL if nothing is left to do: it
 * has migrated, and nothing contradicts that. False: the ledger's error, and there is nothing to free. */
bool way_on_find(struct gateway *gateway, const struct ledger_work *work, struct way_on *way, GError **error);

#endif
