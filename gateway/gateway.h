/*
 * One opened gateway home: configuration, spool and ledger, and what all folders of gateway/ share about the run. A
 * stage of the pipeline works on spool and ledger and never calls another stage (NOTES.md, The route of a file).
 *
 *   struct gateway gateway;
 *   if (gateway_open(&gateway, config, GATEWAY_WRITER, &error)) … gateway_close(&gateway);
 *
 * One thread uses a gateway. It owns spool and ledger; the configuration is borrowed.
 */
#ifndef ECOSGATE_GATEWAY_GATEWAY_H
#define ECOSGATE_GATEWAY_GATEWAY_H

#include "gateway/config/config.h"
#include "gateway/log/log.h"
#include "gateway/room.h"
#include "gateway/ledger_check.h"
#include "spool/job.h"
#include "spool/ledger/ledger_identity.h"
#include "spool/witness.h"

#include <glib.h>
#include <stdbool.h>

/* A home has one writer (`run`) and any number of readers (commands with read-only access). */
enum gateway_mode { GATEWAY_READER, GATEWAY_WRITER };

#define GATEWAY_INSTANCE_SIZE 33 /* 32 random hex digits and NUL */

/* How far the withdrawal of a large batch is that goes on in the next pass (pipeline/orders/order_withdraw.c). */
struct gateway_withdrawing {
    char *order_id;      /* of the order; NULL: none is under way; owned */
    int64_t next, slice; /* the first work item of the next slice, and how many it has */
    int64_t ended, awaited, known, confirmed;
};

struct gateway {
    const struct config *config;
    struct spool *spool;
    struct ledger *ledger;
    struct ledger_identity identity; /* of the ledger; a writer's generation is the one that it began */
    bool unchecked; /* the writer before did not end by itself, and the ledger is not checked yet (quick_check.h) */
    struct quick_check *check;            /* of a daemon (quick_check.h); NULL: none yet */
    char instance[GATEWAY_INSTANCE_SIZE]; /* of this process as a writer; "" for a reader */
    bool writing;                         /* a writer's: has it begun a generation? false: A109, orders only */
    struct ledger_fault fault;            /* a writer's: what is wrong with the ledger (A109) */
    struct witness *witness;              /* that a writer wrote last (home_witness.h); NULL: none yet */
    struct witness *own;                  /* what home_witness_now has found last; NULL: nothing yet */
    int64_t own_changes;                  /* ledger_changes then */
    struct witness_kept witness_read;     /* a writer's: the witness as its last check found it (ledger_check.h) */
    GHashTable *profiles;                 /* of profiles.h: those that were loaded from the ledger, by digest */
    GHashTable *held;                     /* of claims.h: drops that were ours since the home was opened; NULL: none */
    struct claims *claims;                /* of the pipeline (claims.h), borrowed; NULL: there is none */
    GSList *outages;                      /* struct outage, of the pipeline (outage.h), borrowed */
    struct cells *cells;                  /* that parse files (cells/cells.h), of `run`; NULL: this process does */
    const volatile bool *stop;            /* when it becomes true, work ends at the next safe point; may be NULL */
    int64_t wait_until;                   /* monotonic microseconds: until then this pass waits for drops */
    bool clock_recalled;                  /* a jump of the clock that an earlier process saw was taken up */
    bool disbelieved;       /* the ledger holds later times that an operator has called wrong (clock_watch.h) */
    int64_t reported_until; /* if so, the end of the newest report period; else 0 */
    bool low[ROOM_DISKS];   /* below the reserve, as of this pass (pipeline/watches/room_watch.h) */
    bool no_room;           /* one of them is: nothing is picked up (A108) */
    bool file_waits;        /* in this pass a file did not fit beside the reserve */
    bool yields;            /* an order that takes long goes on in the next pass: in a daemon */
    struct gateway_withdrawing withdrawing;
    int64_t incident_events; /* the newest event of the table that is logged (answers/incident_log.h) */
    bool orders_wait; /* until the facts of this pass are judged no work order leaves (pipeline/dispatch/dispatch.h) */
    int64_t orders_reviewed; /* seconds UTC: when those that wait for their drop were reviewed last; 0: they must be */
    struct {
        int64_t pid;    /* -1: not known; 0: none */
        int64_t until;  /* monotonic microseconds */
    } slow_backup;      /* it has kept the gateway waiting too long, and is not waited for (backup_pause.h) */
    int64_t building;   /* seconds UTC: the moment of the reports that a thread builds (reports.h); 0: none are built */
    char *reports_wait; /* why no more reports can be issued in this pass (reports.c); NULL: they can; owned */
    char *unsigned_for; /* why signatures could not be made in this pass (signing.c); NULL: all were; owned */
    char *report_waits; /* which planned file of a report cannot be written in this pass, and why; NULL: none; owned */
    bool failed;        /* something that was due could not be done: I/O, a drop that is down, A104, A105, A108 */
    bool refused;       /* a file of this run was RJ or PA */
    bool outcome_waits; /* for a profile, since the last start or reload (outcome.c) */
    /* Called while `done` of `total` units of what are done. May be NULL. */
    void (*on_progress)(void *user, const char *what, uint64_t done, uint64_t total);
    void *progress_user;
};

/* Opens spool and ledger of the configured home. A writer takes the spool's lock (SPOOL_ERROR_LOCKED if another process
 * has it). If the ledger is the newest one, it begins a generation; if not (A109), gateway->fault says why, and nothing
 * but operators' orders may be carried out. On false there is nothing to close. */
bool gateway_open(struct gateway *gateway, const struct config *config, enum gateway_mode mode, GError **error);
/* For a writer after a failed call of spool or ledger: closes both and opens them again, which settles what the call
 * left undecided. On false they stay closed; it may be tried again. */
bool gateway_reopen(struct gateway *gateway, GError **error);
/* For a writer: compares the ledger with what is known outside of it, sets gateway->fault, and begins a generation if
 * it has none and may have one. False: spool or ledger failed. */
bool gateway_check_ledger(struct gateway *gateway, GError **error);
/* Closes spool and ledger and releases the lock. Allowed on a closed gateway. */
void gateway_close(struct gateway *gateway);

/* True if *stop is set. */
bool gateway_stopping(const struct gateway *gateway);
/* True if *stop is set, or the time `until` has come: monotonic microseconds; 0: never. */
bool gateway_time_is_up(const struct gateway *gateway, int64_t until);

/* Logs the failure of something that was due. Appends error's text if error is not NULL, frees error, and sets
 * gateway->failed. */
void gateway_fail(struct gateway *gateway, GError *error, const struct log_event *event, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#endif
