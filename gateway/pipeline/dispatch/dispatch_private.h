/* What the files of dispatch share: the review of a Device before a try, and what may stop all tries. */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_DISPATCH_PRIVATE_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_DISPATCH_PRIVATE_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_work.h"
#include "validators/retry/retry.h"
#include "validators/rules/review_rules.h"

enum { DISPATCH_DAY = 24 * 3600 /* seconds */ };

/* ---- the review before a try (dispatch_review.c) ---- */

/* What the review of many Devices at one moment needs. */
struct dispatch_review {
    struct gateway *gateway;
    struct rules rules;
    struct review review;
    GHashTable *undelivered; /* work orders; NULL: nobody asks */
};

/* Prepares it for the moment `now`. False: the ledger failed. */
bool dispatch_review_open(struct dispatch_review *second, struct gateway *gateway, int64_t now, GError **error);

/* Reviews a Device by the rules that its file was judged by, for what they look at may have changed. first_tries: of
 * this day; the daily limit counts them here, and holds back no later try. */
bool dispatch_review_again(struct dispatch_review *second, const struct ledger_work *work, int64_t first_tries,
                           struct row *row, GError **error);

/* What a row with transient codes only says against the next try. */
struct retry_cause dispatch_cause_of(const struct row *row);

/* *paused: by an operator: dispatch, or what goes out to the drop of the work orders. */
bool dispatch_find_pause(struct gateway *gateway, bool *paused, GError **error);

/* ---- what the time alone brings (dispatch_timeouts.c) ---- */

/* A session's wake time is the index that finds it, and may be earlier than its due time (gateway/DEVICES.md, History).
 * Those that woke too early get their due time here. */
bool dispatch_refresh_wake_times(struct gateway *gateway, int64_t now, GError **error);

/* Items whose session the time has ended: its own end, or the closing of TCoS. */
bool dispatch_find_timeouts(struct gateway *gateway, int64_t by, GArray *due, GError **error);

#endif
