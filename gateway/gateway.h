/*
 * One opened gateway home: what the stages of the pipeline share. A stage takes what it needs from here,
 * works on the spool and the ledger, and never calls another stage (NOTES.md, The way of a file).
 *
 *   struct gateway gateway;
 *   if (gateway_open(&gateway, config, GATEWAY_WRITER, &error)) … gateway_close(&gateway);
 */
#ifndef ECOSGATE_GATEWAY_GATEWAY_H
#define ECOSGATE_GATEWAY_GATEWAY_H

#include "gateway/config.h"
#include "spool/job.h"
#include "spool/ledger/ledger.h"

#include <glib.h>
#include <stdbool.h>

enum gateway_mode { GATEWAY_READER, GATEWAY_WRITER };

struct gateway {
    const struct config *config;
    struct spool *spool;
    struct ledger *ledger;
    const volatile bool *stop; /* set from outside: end at the next safe point; may be NULL */
    int64_t wait_until;        /* monotonic: so long this pass waits for drops in all */
    bool failed;               /* something due could not be done: I/O, a drop that is down */
    bool wanting;              /* it was said that the inventory is missing or stale (A104) */
    bool unreported_said;      /* it was said that nobody is told of incidents */
    bool held;                 /* it was said that the clock is not believed (A105) */
    bool refused;              /* a file of this run was RJ or PA */
    void (*on_progress)(void *user, const char *what, uint64_t done, uint64_t total); /* may be NULL */
    void *progress_user;
};

/* A writer takes the spool's lock (SPOOL_ERROR_LOCKED when another has it). Nothing to close on false. */
bool gateway_open(struct gateway *gateway, const struct config *config, enum gateway_mode mode, GError **error);
/* A writer closes spool and ledger and opens them again: what a failed call left undecided is decided then. On
 * false they stay closed; it may be tried again. */
bool gateway_reopen(struct gateway *gateway, GError **error);
void gateway_close(struct gateway *gateway);

/* True when *stop was set. */
bool gateway_stopping(const struct gateway *gateway);

/* Messages for people, on standard error: a fact of the run, and a failure of something due (which also
 * sets gateway->failed and frees error). */
void gateway_note(const char *format, ...) G_GNUC_PRINTF(1, 2);
void gateway_fail(struct gateway *gateway, GError *error, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
