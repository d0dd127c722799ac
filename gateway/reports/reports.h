/*
 * Issuing reports (gateway/REPORTS.md): every period that has ended is issued once, oldest first, also those that ended
 * while the gateway was down. An issued report is the bytes that were stored; nothing changes them afterwards.
 *
 *   reports_new → reports_pass → … the pass … → reports_on_change → reports_watch → … → reports_free
 *
 * Times are seconds UTC. All functions return false with *error set when spool or ledger fail.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORTS_H
#define ECOSGATE_GATEWAY_REPORTS_REPORTS_H

#include "gateway/gateway.h"
#include "gateway/reports/report.h"

struct reports;

/* wake: an eventfd that becomes readable when a thread has built reports; both are borrowed. Never NULL. */
struct reports *reports_new(struct gateway *gateway, int wake);
/* Interrupts what is being built. NULL is allowed. */
void reports_free(struct reports *reports);
/* Ends what is being built; it is due still. */
void reports_interrupt(struct reports *reports);
/* True: reports are being built, or are built and not issued yet: the configuration must not be replaced. False, too,
 * while that fails. */
bool reports_building(const struct reports *reports);

/* Issues all periods that have ended. At the start of a pass, before the pass changes anything that reports tell of. A
 * daemon with a large ledger begins to build them, and a later pass issues them (report_build.h). */
bool reports_pass(struct reports *reports, GError **error);
/* Issues reports without a period (NMDM) whose content has changed. After the files of a pass were judged. */
bool reports_on_change(struct gateway *gateway, GError **error);
/* Opens an A106 incident for each period whose files are not delivered in time, and closes those whose files are
 * delivered (report_watch.c). At the end of a pass. */
bool reports_watch(struct gateway *gateway, GError **error);
/* Builds and stores the files of that job, which is a report, that are still PLANNED. */
bool reports_store(struct gateway *gateway, int64_t job, GError **error);

#endif
