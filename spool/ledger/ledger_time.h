/*
 * The newest time that the ledger has recorded. A pass acts at no earlier one
 * (gateway/pipeline/watches/clock_watch.h), so that what it records comes after what stands there: a report period that
 * was issued gets no more rows.
 *
 * The question looks at each column that keeps a "now": jobs, verdicts, transitions, ends of sessions, outgoing files
 * and their delivery, incidents, orders, report periods (issue and end), what was seen in drops, recoveries, the first
 * run. Rows that are only ever added are asked for the last one; the others have an index. A counter that each commit
 * keeps would answer faster, but it would not see a row that was changed by hand, and each commit would write one page
 * more.
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_TIME_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_TIME_H

#include "spool/ledger/ledger.h"

/* *at: the newest recorded time; 0: nothing is recorded yet. A few index look-ups, whatever the number of rows. */
bool ledger_newest_time(struct ledger *ledger, int64_t *at, GError **error);
/* *at: the end of the newest report period that was issued, of any report; 0: none was. */
bool ledger_reported_until(struct ledger *ledger, int64_t *at, GError **error);

#endif
