/*
 * How far a purge is that is under way, and what it waits for, for `status`, `health` and the live page. Only reads.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_PURGE_STATE_H
#define ECOSGATE_GATEWAY_CONDITION_PURGE_STATE_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_purge.h"

enum { PURGE_STATE_STEPS = LEDGER_PURGE_PAGES + 1 };

struct purge_state {
    struct ledger_purge *row; /* NULL: none is under way, and nothing below is set */
    int64_t newest;           /* the newest job: row->job goes up to it */
    char *waits;              /* why it does not go on; NULL: it does */
    char *text;               /* all that, one line without names of files or Devices */
    const char *command;      /* that helps, or shows what is left */
    char *shows;              /* holds the latter */
};

/* Who copies what a purge would remove, so that it waits; NULL: nobody; g_free. of_writer: what cannot be found out is
 * taken for a copy; for anybody else it is none, for the writer may see more than he does. */
char *purge_state_copy(const struct spool *spool, bool of_writer);
/* pid: of the writer; 0: none runs. False: the ledger failed, and there is nothing to clear. */
bool purge_state_look(struct gateway *gateway, int64_t pid, struct purge_state *state, GError **error);
/* Frees what it holds. */
void purge_state_clear(struct purge_state *state);
/* What is removed in this step: "files and work items"; a constant. */
const char *purge_state_step(const struct ledger_purge *row);

#endif
