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

/* *from: the end of the report's last issued period, or a moment of the first period that will be issued; 0: the
 * gateway has never run. */
bool report_schedule_from(struct gateway *gateway, const struct report_kind *kind, int64_t *from, GError **error);

/* *at: when the next period of any report ends. */
bool report_schedule_next(struct gateway *gateway, int64_t *at, GError **error);

/* *at: when reports were issued last, or when the gateway first ran; 0: it has never run. */
bool report_schedule_last_issue(struct gateway *gateway, int64_t *at, GError **error);

#endif
