/*
 * When an entry of a drop is a file that is whole, by the drop's rule (ecosgate.conf(5)). A pure
 * function of what looks have seen and of a time; it opens nothing.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_COMPLETENESS_H
#define ECOSGATE_GATEWAY_PIPELINE_COMPLETENESS_H

#include "gateway/drops/transport.h"

enum pickup_decision {
    PICKUP_TAKE,
    PICKUP_WAIT,  /* a file that is not whole yet */
    PICKUP_LEAVE, /* not ours to take */
};

struct completeness_result {
    enum pickup_decision decision;
    char *reason; /* one line for people; g_free */
    int64_t wait; /* PICKUP_WAIT by the rule `stable`: microseconds still to go, else 0 */
};

/* unchanged: microseconds since which the entry is known to have had this size and time (0: first seen now).
 * marked: the look found an entry of its name and DROP_MARKER. */
void completeness_decide(const struct drop *drop, const struct drop_entry *entry, bool marked, int64_t unchanged,
                         struct completeness_result *result);

const char *pickup_decision_name(enum pickup_decision decision); /* "take", "wait", "leave" */

#endif
