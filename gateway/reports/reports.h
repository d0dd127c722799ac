/*
 * Issuing reports: every period that has ended is issued once, oldest first, also those that ended while the gateway
 * was down (gateway/REPORTS.md). An issued report is the bytes that were stored; nothing changes them any more.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORTS_H
#define ECOSGATE_GATEWAY_REPORTS_REPORTS_H

#include "gateway/gateway.h"
#include "gateway/reports/report.h"

/* At the start of a pass, before anything changes what reports tell of. False: a fault of spool or ledger. */
bool reports_pass(struct gateway *gateway, GError **error);
/* After the files of a pass: reports without a period, whose facts may have changed. */
bool reports_on_change(struct gateway *gateway, GError **error);
/* At the end of a pass: A106 begins for what is not delivered in time, and ends when it is (report_watch.c). */
bool reports_watch(struct gateway *gateway, GError **error);
/* When the next period ends. */
bool reports_next(struct gateway *gateway, int64_t *at, GError **error);
/* The end of the last period of a report that was issued, else a moment of the first one that will be; 0: the gateway
 * has never run. */
bool reports_from(struct gateway *gateway, const struct report_kind *kind, int64_t *from, GError **error);

/* When reports were issued last, else when the gateway first ran; 0: it never has. */
bool reports_issued(struct gateway *gateway, int64_t *at, GError **error);

/* Builds what is still PLANNED of the report that is that job, and stores it. */
bool reports_store(struct gateway *gateway, int64_t job, GError **error);

#endif
