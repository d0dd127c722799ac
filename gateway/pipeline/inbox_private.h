/*
 * What the files of an inbox share: inbox.c (which task comes next), inbox_listing.c (list the drop, decide about each
 * entry) and inbox_custody.c (fetch files, discard the sender's copies).
 *
 * Each task has a function that begins it, one that runs in the transfer worker's thread, and one that ends it in the
 * gateway's thread. Between begin and end, the members that the task fills belong to the transfer worker's thread.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INBOX_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_INBOX_PRIVATE_H

#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/claims.h"
#include "gateway/pipeline/inbox.h"
#include "gateway/pipeline/outage.h"
#include "spool/custody.h"

/* An entry of the newest listing. */
struct listed {
    char *name;
    struct drop_entry entry; /* entry.name is name */
};

/* One file on its way into custody. The fetch task fills envelope.size, sha256, stored and error. */
struct fetch {
    const struct listed *listed;
    char *escaped; /* the name as the ledger has it */
    struct job_envelope envelope;
    char sha256[DIGEST_HEX_SIZE];
    bool stored; /* complete in incoming/<id> */
    GError *error;
};

enum task { TASK_NONE, TASK_LIST, TASK_FETCH, TASK_DISCARD };

struct inbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct transfer_worker *worker;
    struct outage outage;
    struct claim_guard *guard; /* each task asks it first */
    enum task task;            /* under way */
    bool slow;            /* The last task outlived its pass. No pass waits for this drop until a task ends in time. */
    bool listing_wanted;  /* by this pass */
    bool full;            /* no room for the next file: copies are discarded, but no more is picked up in this pass */
    int64_t look_again;   /* monotonic microseconds: when there may be room; only if full */
    int64_t next_listing; /* monotonic microseconds */
    int64_t settle_at;    /* monotonic microseconds when a file may be complete; 0: none is waited for */

    GHashTable *known;   /* raw name → struct known (inbox_listing.c): what earlier listings showed */
    GPtrArray *entries;  /* struct listed, in the order of names */
    GArray *complete;    /* guint: indexes of the entries to pick up */
    guint next_complete; /* of these, the first that is not fetched yet */
    GArray *fetches;     /* struct fetch */
    GPtrArray *discards; /* struct ledger_job */
    guint discarded;     /* the first so many of discards are done */
    GError *error;       /* of the task as a whole */
};

/* ---- inbox.c ---- */

/* Begins a task, which looks at the claim first. False: the ledger failed. */
bool inbox_begin_task(struct inbox *inbox, enum task task, transfer_worker_task *run, GError **error);
/* The next complete file to fetch, after skipping `ahead` of them. NULL: there is none. Borrowed until the next
 * listing. */
const struct listed *inbox_next_complete(const struct inbox *inbox, guint ahead);

/* There is no room: nothing is picked up in this pass, and the next one that is due by itself is an interval away. */
void inbox_set_full(struct inbox *inbox);

/* ---- inbox_listing.c ---- */

/* Starts the task that lists the drop. False: the ledger failed. */
bool inbox_begin_listing(struct inbox *inbox, GError **error);
/* Decides about each entry and commits decisions that changed. False: the ledger failed. */
bool inbox_end_listing(struct inbox *inbox, GError **error);

/* ---- inbox_custody.c ---- */

/* Starts the task that fetches the next batch. If the disk has no room for it, no task is started and inbox->full is
 * set. */
bool inbox_begin_fetch(struct inbox *inbox, GError **error);
/* Removes the folders of a batch that must not be committed: the drop belongs to another. */
bool inbox_abandon_fetch(struct inbox *inbox, GError **error);
/* Commits the batch's files and moves them to ready/. cause: why the batch as a whole failed, or NULL; it is freed. */
bool inbox_end_fetch(struct inbox *inbox, GError *cause, GError **error);
/* Starts the task that discards sender's copies. *begun is false if there was none to discard. */
bool inbox_begin_discard(struct inbox *inbox, bool *begun, GError **error);
/* Commits which copies are gone. False: the ledger failed. */
bool inbox_end_discard(struct inbox *inbox, GError **error);

#endif
