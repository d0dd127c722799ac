/*
 * Building reports in a thread of its own, from a snapshot of the ledger, while the writer goes on with passes
 * (gateway/REPORTS.md, How a report is issued). Nothing outside this folder includes it.
 *
 *   report_build_begin → … passes … → report_build_state → report_build_issue | report_build_again → report_build_free
 *
 * The gateway's thread calls all of this. The building thread reads the snapshot, the configuration and the list of
 * recipients of the beginning, and writes into folders of incoming/ whose ids are reserved. Until report_build_issue
 * nothing counts: a stop leaves folders without a row, which the next start removes, and the reports due. The
 * configuration must not be replaced before report_build_free.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_BUILD_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_BUILD_H

#include "gateway/reports/report.h"

struct report_build;

/* A period that is due. */
struct report_due {
    const struct report_kind *kind;
    struct period period;
};

/* FAILED: report_build_take_cause tells why. READY: it may be issued. */
enum report_build_state { REPORT_BUILD_WORKS, REPORT_BUILD_FAILED, REPORT_BUILD_READY };

/* Begins to build the reports of these periods (struct report_due), which end at the same time, from the ledger as it
 * is now. wake: an eventfd that becomes readable at the end; borrowed. *build is NULL if the system has no thread left.
 * False: as report_names_are_new (report_plan.h), or the ledger failed. */
bool report_build_begin(struct gateway *gateway, const GArray *due, int wake, struct report_build **build,
                        GError **error);
/* Seconds UTC: the moment that the reports tell of, and at which they count as issued. */
int64_t report_build_at(const struct report_build *build);
/* How far the thread is. */
enum report_build_state report_build_state(const struct report_build *build);
/* Why it failed; the caller's. NULL: it did not, or the cause was taken before. */
GError *report_build_take_cause(struct report_build *build);
/* Builds once more after it failed, from the same snapshot. False: the ledger failed, or no thread is left. */
bool report_build_again(struct report_build *build, GError **error);
/* Of one that is READY: one commit records the periods and their files, STORED; then their folders move to active/. On
 * false the reports may be issued: the gateway must settle incoming/ (pickup_settle_incoming) before it goes on, unless
 * the error is SPOOL_ERROR_EXISTS. */
bool report_build_issue(struct report_build *build, GError **error);
/* Interrupts the thread, waits for its end, and removes the files that are not issued. NULL is allowed. */
void report_build_free(struct report_build *build);

#endif
