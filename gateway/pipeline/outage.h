/*
 * One direction of a drop that may be down: an incident in the ledger when it begins and when it ends (A102
 * in, A103 out; ecosgate(1), CODES), one message each, and the time of the next try, which moves
 * further off with every failure, by chance a little more or less, so that many drops do not try at once.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_OUTAGE_H
#define ECOSGATE_GATEWAY_PIPELINE_OUTAGE_H

#include "gateway/gateway.h"

struct outage {
    struct gateway *gateway;
    const char *code; /* "A102" or "A103" */
    const struct drop *drop;
    bool on;
    int64_t delay;    /* microseconds until the next try */
    int64_t retry_at; /* monotonic; 0: at once */
};

/* An incident in the ledger, in a transaction of its own: it begins, or with text NULL ends, now. */
bool outage_note(struct gateway *gateway, const char *code, const char *subject, const char *text, GError **error);

/* Takes up an outage that the ledger knows from an earlier run. */
bool outage_init(struct outage *outage, struct gateway *gateway, const char *code, const struct drop *drop,
                 GError **error);
/* fault is freed. False: the ledger failed. */
bool outage_begin(struct outage *outage, GError *fault, GError **error);
/* All that there was to do in the drop went well; without an outage it does nothing. */
bool outage_end(struct outage *outage, GError **error);
/* Microseconds until the drop is to be tried again, 0: now. */
int64_t outage_wait(const struct outage *outage);

#endif
