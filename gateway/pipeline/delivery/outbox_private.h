/*
 * Shared by outbox.c, which moves files, outbox_record.c, which records what came of it, and outbox_taken.c, which
 * looks for what its recipient has not taken; not for other files.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DELIVERY_OUTBOX_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_DELIVERY_OUTBOX_PRIVATE_H

#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/pickup/claims.h"
#include "gateway/pipeline/outage.h"
#include "gateway/pipeline/delivery/outbox.h"
#include "gateway/reports/report_address.h"
#include "spool/ledger/ledger_outgoing.h"

enum outbox_task {
    OUTBOX_NONE,
    OUTBOX_UPLOAD,   /* files that are STORED */
    OUTBOX_LOOK,     /* files that are STAGED: what has become of them? */
    OUTBOX_PUBLISH,  /* the files of one of those tasks that are ready */
    OUTBOX_TAKEN,    /* look what stands in the drop (outbox_taken.c) */
    OUTBOX_WITHDRAW, /* files that must not get their name where they were uploaded, or may have been */
};

/* One file of a batch. The transfer worker's thread fills done, publication and error. */
struct outbox_transfer {
    struct ledger_outgoing *file;
    char *path;                    /* of the stored bytes */
    char *target, *temporary;      /* relative to the drop's `out` */
    struct report_address address; /* where the file may go */
    struct publication publication;
    bool done;
    GError *error;
};

/* What a look at the names in `out` has shown. The transfer worker's thread fills names, more and error. */
struct outbox_untaken {
    int64_t next;     /* monotonic microseconds: the next look */
    GPtrArray *names; /* char *: "NAME" and "FOLDER/NAME" */
    bool more;        /* there are more than are kept */
    GError *error;
    GHashTable *standing; /* subject of an A114 → its text without a pause, as of the last look */
};

struct outbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct transfer_worker *worker;
    struct outage outage;
    struct claim_guard *guard; /* each task asks it first */
    GError *error;             /* of the task as a whole: the claim */
    struct outbox_listener listener;
    enum outbox_task task; /* under way */
    bool slow;             /* The last task outlived its pass. No pass waits for this drop until a task ends in time. */
    bool paused;           /* by an operator, as of the last look for a task: nothing begins */
    bool held;             /* the last look for files has left out work orders (gateway->orders_wait) */
    GArray *batch;         /* struct outbox_transfer */
    struct outbox_untaken untaken;
    GHashTable *failed;    /* ids of files that cannot be delivered in this pass */
    GHashTable *withdrawn; /* ids of files that wait, and of which the drop is known to hold nothing */
    GHashTable *mended;    /* ids of files that were built again in this pass */
    GHashTable *taken;     /* subjects of open A107 incidents of this drop; those of its `in` never match a file's */
};

/* Seen under its temporary name, by an upload or a look. */
bool outbox_is_ready(const struct outbox_transfer *transfer);

/* Leaves out the work orders of which a Device was withdrawn while their task was under way: what it did is void.
 * False: the ledger failed. */
bool outbox_drop_changed(struct outbox *outbox, GError **error);

/* Commits how far each file of the batch has come, and which of them are renamed next: those that are ready up to the
 * first that is neither that nor delivered, so that the order is kept. False: the ledger failed. */
bool outbox_record_batch(struct outbox *outbox, enum outbox_task task, bool publish, GError **error);

/* Says what could not be delivered: the drop is down (A103), another file has the name (A107), or a stored file is
 * damaged (A111), which is built again once in a pass. False: the ledger failed. */
bool outbox_report_failures(struct outbox *outbox, enum outbox_task task, GError **error);

/* ---- A114 (outbox_taken.c) ---- */

/* The first look comes with the first pass. */
void outbox_taken_init(struct outbox *outbox);
/* Frees what it holds. */
void outbox_taken_clear(struct outbox *outbox);
/* Microseconds until the next look at the names in `out`; 0: now; G_MAXINT64: there is none. */
int64_t outbox_taken_wait(const struct outbox *outbox);
/* Begins the look, unless the system has no thread left. False: the ledger failed. */
bool outbox_taken_begin(struct outbox *outbox, GError **error);
/* Ends it: opens and closes incidents. False: the ledger failed. */
bool outbox_taken_end(struct outbox *outbox, GError **error);
/* The drop is paused, or no longer: the texts of open incidents say so. False: the ledger failed. */
bool outbox_taken_tell_pause(struct outbox *outbox, GError **error);

#endif
