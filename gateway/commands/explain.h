/*
 * Why a work item is where it is, what it waits for, and what would move it: in words, for `why` and
 * `device show`. From the ledger's row and the configuration alone.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_H
#define ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_sessions.h"

struct explanation {
    char *because, *waits_for, *moves; /* NULL: nothing */
    int64_t at;                        /* when it goes on by itself or may come again, 0: it does not */
};

/* False: the ledger's error. explanation_clear frees the texts. */
bool explain_work(struct gateway *gateway, const struct ledger_work *work, struct explanation *explanation,
                  GError **error);
void explanation_clear(struct explanation *explanation);

/* The state of a work item: its session's, else what its split made of it. */
enum ledger_state explain_state(const struct ledger_work *work);
/* It can still move. A Device has one such work item at most; where it has none, the newest says how it is. */
bool explain_is_live(const struct ledger_work *work);

#endif
