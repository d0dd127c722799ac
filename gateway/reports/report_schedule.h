/*
 * When reports are issued. These functions only read the ledger and the configuration, so that commands which change
 * nothing can ask too. Times are seconds UTC. All return false with *error set when the ledger fails.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_SCHEDULE_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_SCHEDULE_H

#include "gateway/gateway.h"
#include "gateway/reports/report.h"

/* The ledger's counter that keeps the time of the first run; reports_pass sets it. */
#define REPORT_FIRST_RUN "first run"

/* Whether a period of this kind can be issued at all: kinds without a calendar have none, and those of the last weeks
 * before TCoS closes (kind->closing) only such that end in these weeks. */
bool report_schedule_has(const struct config *config, const struct report_kind *kind, const struct period *period);

/* *next: the period that is issued next; ends is G_MAXINT64 before the first run, and where report_schedule_has says
 * that there is none. */
bool report_schedule_period(struct gateway *gateway, const struct report_kind *kind, struct period *next,
                            GError **error);

/* *at: when the next period of any report ends; G_MAXINT64: none will. */
bool report_schedule_next(struct gateway *gateway, int64_t *at, GError **error);

/* *at: when reports were issued last, or when the gateway first ran; 0: it has never run. */
bool report_schedule_last_issue(struct gateway *gateway, int64_t *at, GError **error);

#endif
