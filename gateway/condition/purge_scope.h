/*
 * Which work a purge before a time may take: what has ended by the ledger's rows, by its folder in the spool, and by
 * the reports that are to come. Only reads; `purge --dry-run` asks the same as the gateway.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_PURGE_SCOPE_H
#define ECOSGATE_GATEWAY_CONDITION_PURGE_SCOPE_H

#include "gateway/gateway.h"
#include "spool/job.h"
#include "spool/ledger/ledger_purge.h"

/* *refusal: why nothing can be purged that ended before that time; NULL: it can; g_free. */
bool purge_scope_refusal(struct gateway *gateway, int64_t before, int64_t now, char **refusal, GError **error);

/* False of the files of a job that a purge leaves: the envelope, and the signature with which it came, which name no
 * supply point. Those of our own files go with them: without its file a signature proves nothing that the chain of
 * evidence does not. */
bool purge_scope_removes(const char *name);

/* The jobs of a purge, one after the other. */
struct purge_walk {
    int64_t before;
    int64_t job;   /* looked at last; 0 at the beginning */
    int64_t asked; /* up to this one the ledger was asked */
    GArray *page;
    guint at;
    struct ledger_purge_items items; /* those of the job that is being looked at; items 0: none is */
    int64_t looked;                  /* how many of them were */
    struct ledger_purge_look look;
    enum job_state state;
};

/* after: the last job that needs no look any more. */
void purge_walk_begin(struct purge_walk *walk, int64_t before, int64_t after);
/* Frees what it has. */
void purge_walk_end(struct purge_walk *walk);
/* One piece of work. *found: walk->job may be purged; walk->items and walk->look say what it has, walk->state where it
 * stands. *end: there are no more. */
bool purge_walk_step(struct purge_walk *walk, struct gateway *gateway, bool *found, bool *end, GError **error);

#endif
