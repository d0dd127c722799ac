/*
 * What has come of what should have come (gateway/config/expectation.h): the one place that counts files for a due
 * time. Reads the ledger only.
 *
 * An accepted file has come. So has one that waits for its verdict, unless it is rejected later. A file that was
 * rejected whole has not: its sender has to send it again.
 *
 * A due time is not judged if files for it may have come while nobody recorded them: it is not after the first run, or
 * not after the newest `recover`.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_EXPECTED_H
#define ECOSGATE_GATEWAY_CONDITION_EXPECTED_H

#include "gateway/config/expectation.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_arrivals.h"

/* The newest due time of an expectation, and the one after it. */
struct expected {
    struct expectation_due last, next;  /* at 0: there is none */
    struct ledger_arrivals came, ahead; /* for the last one, and for the next one */
    bool judged;                        /* false: nobody knows whether files for the last one came */
};

/* Fills *found as it is at `now` (seconds UTC). False: the ledger's error. */
bool expected_find(struct gateway *gateway, const struct expectation *expect, int64_t now, struct expected *found,
                   GError **error);

/* Too few files have come for the last due time. */
bool expected_is_late(const struct expectation *expect, const struct expected *found);
/* How it is with the last due time: "come", "late", "not judged yet", "not known", "none yet"; a constant. */
const char *expected_state(const struct expectation *expect, const struct expected *found);
/* Enough files that were accepted have come for the last due time. */
bool expected_is_met(const struct expectation *expect, const struct expected *found);

/* The subject of the incident A112: the name and the day of the due time, "nightly 2023-07-03". g_free. */
char *expected_subject(const struct expectation *expect, const struct expectation_due *due);

#endif
