/*
 * Decides whether an entry of a drop is a complete file, by the drop's rule (setting `complete`, ecosgate.conf(5)).
 * A pure function of what listings showed and of a duration; it opens nothing. inbox_listing.c calls it for each entry
 * before pickup, and the command `pickup` calls it to explain.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_COMPLETENESS_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_COMPLETENESS_H

#include "formats/name/filename.h"
#include "gateway/config/config.h"
#include "gateway/drops/transport.h"

enum pickup_decision {
    PICKUP_TAKE,  /* complete: pick it up */
    PICKUP_WAIT,  /* a file that is not complete yet */
    PICKUP_FAULT, /* it cannot be taken, and somebody has to act (A107) */
    PICKUP_LEAVE, /* nothing to pick up: a folder, a link, a marker, a temporary name, a file of the gateway's own */
};

struct completeness_result {
    enum pickup_decision decision;
    char *reason; /* one line for people; g_free */
    int64_t wait; /* microseconds until the rule `stable` can be met; 0 for every other rule and decision */
};

/* Fills *result. unchanged: microseconds since the entry is known to have this size and time; 0: seen for the first
 * time. marked: the listing holds an entry with its name and DROP_MARKER. */
void completeness_decide(const struct drop *drop, const struct drop_entry *entry, bool marked, int64_t unchanged,
                         struct completeness_result *result);

/* The same for the signature of a file, by what it is and by the drop's rule. The rule `marker` has no say: the file's
 * marker is the last to come. */
void completeness_decide_signature(const struct drop *drop, const struct drop_entry *entry, int64_t unchanged,
                                   struct completeness_result *result);

/* True, and *result filled with PICKUP_LEAVE, if the entry's name is one that this gateway writes (config_is_own_name).
 * Picking such a file up would begin a loop: its answer could come back just as it did. To be called before
 * completeness_decide, which is not needed then. */
bool completeness_is_own(const struct drop_entry *entry, const struct config *config,
                         struct completeness_result *result);

/* True if the entry, which has the name of a file in custody, is taken for its copy, which is still to be removed:
 * the identity is that of the copy as it was fetched, or may be (source_identity_may_be). In the second case the next
 * attempt to remove the copy compares its bytes. */
bool completeness_is_copy(const struct source_identity *fetched, const struct drop_entry *entry);

/* The reason of PICKUP_LEAVE for a file that is in custody as this job, while its copy is still in the drop. g_free. */
char *completeness_in_custody(int64_t job);
/* The reason of PICKUP_WAIT for a file of a party whose profiles cannot be used (config_stopped_sender). g_free. */
char *completeness_awaits(const struct party *party);

/* The reason of PICKUP_WAIT for a file that completeness_waits_behind the one of this (escaped) name. g_free. */
char *completeness_behind(const char *ahead);

/* True if the file has to wait while `fault`, a file that cannot be taken, lies in the same drop: both names are in the
 * grammar, sender and type are the same, and the number of `file` is the higher one, counted on over the end as in
 * by_name of inbox_listing.c. If it came first, the number of the other would be stale (B107). */
bool completeness_waits_behind(const struct filename *file, const struct filename *fault);

/* True, and *result filled with PICKUP_FAULT, if the name is a transport_taken_name. To be called only for a name of
 * which the ledger knows no job whose copy is to be removed: such a file was left by another ledger, or by one that was
 * restored. */
bool completeness_is_stray(const struct drop_entry *entry, struct completeness_result *result);

/* "take", "wait", "fault" or "leave", as the ledger and `pickup --json` have it. */
const char *pickup_decision_name(enum pickup_decision decision);

#endif
