/*
 * What the files of an inbox share: inbox.c (life, and from task to task), inbox_look.c (access at the drop and
 * deciding about what was seen), inbox_custody.c (taking into custody, discarding the sender's copies). A task is
 * begun by one function, runs in the courier's thread, and is ended by another; what it fills belongs to that thread
 * between the two.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INBOX_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_INBOX_PRIVATE_H

#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/inbox.h"
#include "gateway/pipeline/outage.h"
#include "spool/custody.h"

/* An entry of the newest look. */
struct seen {
    char *name;
    struct drop_entry entry;
};

/* One file on its way into custody; filled by the courier's thread. */
struct fetch {
    const struct seen *seen;
    char *escaped;
    struct job_envelope envelope;
    char sha256[DIGEST_HEX_SIZE];
    bool stored;
    GError *error;
};

enum task { TASK_NONE, TASK_LOOK, TASK_FETCH, TASK_DISCARD };

struct inbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct transfer_worker *worker;
    struct outage outage;
    enum task task;               /* under way */
    bool slow;                    /* it was waited for in vain, and has not done well since */
    bool wanted;                  /* a look */
    bool full;                    /* no room for the next file: no more in this pass */
    int64_t next_look, settle_at; /* monotonic; settle_at 0: nothing settles */

    GHashTable *sights; /* raw name → struct sight of inbox_look.c */
    GPtrArray *entries; /* struct seen, by name */
    GArray *takes;      /* guint: which of them are to be taken */
    guint next_take;
    GArray *fetches;     /* struct fetch */
    GPtrArray *discards; /* struct ledger_job */
    guint discarded;     /* so many of them are done */
    GError *error;       /* of the task */
};

/* ---- inbox.c ---- */

/* The file to be taken behind so many others; NULL: there is none. */
const struct seen *inbox_next_take(const struct inbox *inbox, guint ahead);

/* ---- inbox_look.c ---- */

void inbox_begin_look(struct inbox *inbox);
bool inbox_end_look(struct inbox *inbox, GError **error);

/* ---- inbox_custody.c ---- */

/* Takes the next batch, or finds that there is no room for it (then no task is begun). */
bool inbox_begin_fetch(struct inbox *inbox, GError **error);
/* fault: of the batch as a whole, whose files are on disk otherwise; taken. */
bool inbox_end_fetch(struct inbox *inbox, GError *fault, GError **error);
/* *begun: there was something to discard. */
bool inbox_begin_discard(struct inbox *inbox, bool *begun, GError **error);
bool inbox_end_discard(struct inbox *inbox, GError **error);

#endif
