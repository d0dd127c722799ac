/*
 * What the files of an inbox share: inbox.c (which task comes next), inbox_listing.c (list the drop, decide about each
 * entry), inbox_custody.c (fetch files, discard the sender's copies) and inbox_faults.c (entries that cannot be taken).
 *
 * Each task has a function that begins it, one that runs in the transfer worker's thread, and one that ends it in the
 * gateway's thread. Between begin and end, the members that the task fills belong to the transfer worker's thread.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_INBOX_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_INBOX_PRIVATE_H

#include "formats/name/filename.h"
#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/pickup/claims.h"
#include "gateway/pipeline/pickup/inbox.h"
#include "gateway/pipeline/outage.h"
#include "spool/custody.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_signatures.h"

/* An entry of the newest listing. */
struct listed {
    char *name;
    char *order;             /* by which it is picked up: its name, or what it says in that order (pickup_order.h) */
    uint32_t most;           /* with that: the greatest number of such names; 0: they have none */
    struct drop_entry entry; /* entry.name is name */
    const struct listed *signature; /* to be taken with it; NULL: none */
};

/* An entry that cannot be taken, or a copy that cannot be removed (inbox_faults.c). */
struct entry_fault {
    char *name;                      /* escaped */
    struct filename parsed;          /* all zeros: the name is not in the grammar */
    struct source_identity identity; /* as it was when it failed; after a restart size alone */
    int64_t modified;                /* likewise */
    int64_t failures;                /* looks in a row */
    int64_t delay, retry_at;         /* microseconds; monotonic microseconds of the next try, 0: at once */
    char *text;                      /* the newest cause; NULL: none in this run */
    bool firm;                       /* it is a fault of the entry; false: it may only have been unlucky */
    bool seen;                       /* by the listing that is being decided about */
    bool waits;                      /* by the newest listing, for something else: no try is due */
};

/* Why a fetch failed. */
enum failure_kind {
    FAILURE_ENTRY,   /* this entry cannot be read */
    FAILURE_CHANGED, /* it changed while it was read */
    FAILURE_DOWN,    /* the drop failed while it was read */
};

/* One file on its way into custody. The fetch task fills envelope.size, sha256, stored and error. Neither stored
 * nor error: it waits behind another one that failed. */
struct fetch {
    const struct listed *listed;
    char *escaped;          /* the name as the ledger has it */
    struct filename parsed; /* all zeros: the name is not in the grammar */
    struct job_envelope envelope;
    char sha256[DIGEST_HEX_SIZE];
    struct ledger_signature signature; /* size 0: none */
    char signature_sha256[DIGEST_HEX_SIZE];
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
    int64_t task_since;        /* monotonic microseconds when the newest task began */
    bool slow;            /* The last task outlived its pass. No pass waits for this drop until a task ends in time. */
    bool listing_wanted;  /* by this pass */
    bool paused;          /* by an operator, as of the last look for a task: nothing begins */
    bool full;            /* no room for the next file: copies are discarded, but no more is picked up in this pass */
    int64_t look_again;   /* monotonic microseconds: when there may be room; only if full */
    int64_t next_listing; /* monotonic microseconds */
    int64_t settle_at;    /* monotonic microseconds when a file may be complete; 0: none is waited for */
    bool facts;           /* facts (facts.h) may come through this drop */
    bool settling;        /* the newest listing shows facts that settle */
    int64_t begun;        /* monotonic microseconds: the newest listing; of the last one that went well; */
    int64_t listed;       /* and of the last one whose files are all in the spool and whose facts had settled. */
    int64_t shown;        /* Of the last two: 0, none yet */

    int64_t pruned; /* monotonic microseconds when the journal was pruned last; 0: not since the start */

    GHashTable *known;     /* raw name → struct known (inbox_listing.c): what earlier listings showed */
    GPtrArray *entries;    /* struct listed, in the order of names */
    GArray *complete;      /* guint: indexes of the entries to pick up */
    guint next_complete;   /* of these, the first that is not fetched yet */
    GArray *fetches;       /* struct fetch */
    GPtrArray *discards;   /* struct ledger_job */
    GPtrArray *signatures; /* for each of these, struct ledger_signature; NULL: it came without one */
    guint discarded;       /* the first so many of discards are done, or failed: */
    GPtrArray *refused;    /* for each of these, GError: why its copy cannot be removed; NULL: it is gone */
    GHashTable *faults;    /* raw name → struct entry_fault: entries that cannot be taken */
    GHashTable *stuck; /* job's id (int64_t) → struct entry_fault: files in custody whose copies cannot be removed */
    GError *error;     /* of the task as a whole */
};

/* ---- inbox.c ---- */

/* Reads a name by the profiles of those who send through this drop, as of now (config_parse_name). */
bool inbox_parse_name(const struct inbox *inbox, const char *name, struct filename *parsed);

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

/* ---- inbox_faults.c ---- */

void inbox_faults_init(struct inbox *inbox);  /* makes empty tables */
void inbox_faults_clear(struct inbox *inbox); /* frees them */
/* Takes up what earlier runs recorded. False: the ledger failed. */
bool inbox_faults_load(struct inbox *inbox, GError **error);

/* The fault of an entry, or NULL. */
struct entry_fault *inbox_fault(const struct inbox *inbox, const char *name);
/* A fault that the file of this (raw) name has to wait behind, or NULL. */
const struct entry_fault *inbox_fault_ahead(const struct inbox *inbox, const char *name);
/* Microseconds until an entry is tried again; 0: now. */
int64_t inbox_fault_wait(const struct entry_fault *fault);
/* Microseconds until the first of all is tried again; G_MAXINT64: there is none. One that waits for something else is
 * not tried: the next listing decides about it. */
int64_t inbox_faults_due(const struct inbox *inbox);

/* Before a listing is decided about: no entry has been seen by it. */
void inbox_faults_begin_listing(struct inbox *inbox);
/* True if there is an entry whose `seen` the listing has not set. */
bool inbox_faults_unseen(const struct inbox *inbox);

/* The rest is done in a transaction of the caller. False: the ledger failed. */
/* Counts a failure to take the entry. text: the cause. */
bool inbox_fault_count(struct inbox *inbox, const struct listed *listed, enum failure_kind kind, const char *text,
                       GError **error);
/* Counts a failure to remove the copy of a job's file. */
bool inbox_stuck_count(struct inbox *inbox, const struct ledger_job *job, const char *text, GError **error);
/* The entry has no fault any more; `how` says why, for a message: "is gone". Without a fault nothing is done. */
bool inbox_fault_end(struct inbox *inbox, const char *name, const char *how, GError **error);
/* The copy is gone. */
bool inbox_stuck_end(struct inbox *inbox, const struct ledger_job *job, GError **error);
/* Ends the faults of entries whose `seen` the listing has not set. */
bool inbox_faults_end_unseen(struct inbox *inbox, GError **error);

#endif
