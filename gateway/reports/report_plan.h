/*
 * Steps of issuing reports: their files, and their rows within the transaction that issues them. Nothing outside this
 * folder includes it.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_PLAN_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_PLAN_H

#include "gateway/reports/report.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_reports.h"

/* False: SPOOL_ERROR_EXISTS if a file of the report would have a name that another file had, or the ledger failed. */
bool report_names_are_new(struct gateway *gateway, const struct report *report, const struct ledger_period *period,
                          GError **error);
/* Adds the rows of a report: the period, its job, and its files, PLANNED. period has all but `unassigned` and `job`,
 * which are set; job 0 is replaced by a new id, and is 0 afterwards if there are no recipients. Logs the report as
 * issued. SPOOL_ERROR_EXISTS as above. */
bool report_plan(struct gateway *gateway, const struct report *report, struct ledger_period *period, GError **error);

/* Writes the file of recipient i to path; it is not durable yet. Returns the closed file, of which answer_placed_add
 * makes a row; disk_file_free. NULL: an error. */
struct disk_file *report_place(struct report *report, size_t i, const char *path, GError **error);
/* That of a recipient among the files of a period (struct ledger_report); NULL: it has none. */
const struct ledger_outgoing *report_file_of(const GPtrArray *issued, uint64_t recipient);

#endif
