/*
 * A112: fewer files than expected have come by a due time (gateway/config/expectation.h). There is one incident for
 * each due time: its subject is the name of the expectation and the day. It is closed
 *
 *   when enough files that were accepted have come for that due time, however late,
 *   when the next due time has come: nobody waits for those files any more,
 *   when the configuration no longer expects them.
 *
 * The text then says which. An incident that was closed, by hand too, is not opened again for the same due time.
 *
 *   expect_watch_begin_pass                before pickup: a due time that is new makes its drop be listed
 *   expect_watch                           once what stood in the drop then is picked up, or after `reference_wait`
 *
 * Only the newest due time is looked at. Of those that passed while no gateway ran, nobody knows when files came.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_EXPECT_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_EXPECT_WATCH_H

#include "gateway/pipeline/pickup/pickup.h"

struct expect_watch;

/* gateway and pickup are borrowed. The caller frees the result with expect_watch_free. */
struct expect_watch *expect_watch_new(struct gateway *gateway, struct pickup *pickup);
/* NULL is allowed. */
void expect_watch_free(struct expect_watch *watch);

/* now: the time of the pass (seconds UTC), which is that of expect_watch, too. */
void expect_watch_begin_pass(struct expect_watch *watch, int64_t now);
/* Opens and closes incidents, each in a transaction of its own. False: the ledger failed. */
bool expect_watch(struct expect_watch *watch, int64_t now, GError **error);

/* The first due time after `now`; G_MAXINT64: there is none. */
int64_t expect_watch_next(const struct expect_watch *watch, int64_t now);
/* Microseconds until a due time that waits for a drop is judged by what is known. G_MAXINT64: none waits. */
int64_t expect_watch_due(const struct expect_watch *watch);
/* From now on nothing waits for a drop. */
void expect_watch_wait_no_more(struct expect_watch *watch);

#endif
