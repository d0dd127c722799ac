/*
 * Why something is where it is, what it waits for, and what moves it on: the texts of `why` and `device show`. They are
 * made from the ledger's rows, the spool's folders and the configuration; nothing is changed.
 *
 *   struct explanation explanation;
 *   if (explain_work(gateway, work, &explanation, error)) …
 *   explanation_clear(&explanation);
 *
 * Each text names states, file types and commands by the names that the manual gives them.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_EXPLAIN_H
#define ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_EXPLAIN_H

#include "gateway/condition/explain_hold.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_work.h"

#include <jansson.h>

struct explanation {
    char *because;   /* why it is in its state */
    char *waits_for; /* NULL: it waits for nothing */
    char *moves;     /* the command, file or party that moves it on; NULL: it has reached its end */
    int64_t at;      /* seconds UTC when it goes on by itself or may come again; 0: never */
};

/* ---- work items (explain.c) ---- */

/* Explains a work item. False: the ledger's error, and there is nothing to clear. */
bool explain_work(struct gateway *gateway, const struct ledger_work *work, struct explanation *explanation,
                  GError **error);

/* *text: who has ended the work item by an order, and why; NULL: nobody has; g_free it. *n: which of its transitions
 * that was; of several orders, the newest. False: the ledger's error. */
bool explain_order(struct gateway *gateway, int64_t item, char **text, int64_t *n, GError **error);
/* The same for the order with that ID. */
bool explain_order_named(struct gateway *gateway, const char *order_id, char **text, GError **error);

/* The state of a work item: its session's, else the one that its review gave it. */
enum ledger_state explain_state(const struct ledger_work *work);

/* True if the work item can still change its state. A Device has one live work item at most. */
bool explain_is_live(const struct ledger_work *work);

/* ---- files (explain_file.c) ---- */

/* Explains a job that is in the folder `state`. False: an error of ledger or spool, and there is nothing to clear. */
bool explain_job(struct gateway *gateway, const struct ledger_job *job, enum job_state state,
                 struct explanation *explanation, GError **error);

/* Explains a file that the gateway writes. False: the ledger's error, and there is nothing to clear. */
bool explain_outgoing(struct gateway *gateway, const struct ledger_outgoing *file, struct explanation *explanation,
                      GError **error);

/* ---- outages ---- */

/* *text: "that drop is down (A103): …; see INC-000001" while the drop cannot be written, is not ours or is paused; else
 * NULL; g_free it. False: the ledger's error. */
bool explain_outage(struct gateway *gateway, const char *drop, char **text, GError **error);
/* Why no work order is made: the same of the drop that they are for, or of dispatch as a whole. */
bool explain_orders_outage(struct gateway *gateway, char **text, GError **error);

/* ---- the texts ---- */

/* Says that the decision about a FULL file (A117) is waited for: replaces waits_for and moves. */
void explain_decision(int64_t job, struct explanation *explanation);

/* Sets the members because, waits_for, moved_by and next_at. */
void explanation_set(const struct explanation *explanation, json_t *object);
/* Frees the texts. */
void explanation_clear(struct explanation *explanation);

#endif
