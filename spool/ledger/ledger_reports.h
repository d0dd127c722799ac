/*
 * Reports that were issued: which period, to whom (gateway/REPORTS.md). The bytes in the spool are the report.
 *
 *   ledger_outgoing_plan → ledger_report_add …, ledger_period_issue                   one transaction
 *   ledger_period_get | ledger_period_last → ledger_reports_of
 *
 * A period is known by its report's ref ("ECOSMIG-001") and its beginning. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_REPORTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_REPORTS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_outgoing.h"

/* A period of a report, [starts, ends). */
struct ledger_period {
    const char *ref; /* with starts the key */
    int64_t starts, ends;
    int64_t issued;
    int64_t job;        /* its files are parts of that job; 0: there was nobody to send one to */
    int64_t unassigned; /* rows that are in nobody's file */
};

/* The file of one recipient, as it is now. */
struct ledger_report {
    struct ledger_period period;
    uint64_t recipient;
    const char *mpid;
    struct ledger_outgoing file;
};

bool ledger_period_issue(struct ledger *ledger, const struct ledger_period *period, GError **error);
/* Says whose file a part is. */
bool ledger_report_add(struct ledger *ledger, const struct ledger_report *report, GError **error);
/* *period is NULL when that one was not issued. */
bool ledger_period_get(struct ledger *ledger, const char *ref, int64_t starts, struct ledger_period **period,
                       GError **error);
/* The period whose files are parts of that job. */
bool ledger_period_of_job(struct ledger *ledger, int64_t job, struct ledger_period **period, GError **error);
/* The newest one issued that had begun by then. */
bool ledger_period_last(struct ledger *ledger, const char *ref, int64_t at, struct ledger_period **period,
                        GError **error);
typedef bool (*ledger_period_visit)(void *user, const struct ledger_period *period, GError **error);
/* In the order of ref and time. */
bool ledger_periods_each(struct ledger *ledger, ledger_period_visit visit, void *user, GError **error);
/* Periods that were issued by then and of which n files are still owed, oldest first. */
typedef bool (*ledger_undelivered_visit)(void *user, const struct ledger_period *period, int64_t n, GError **error);
bool ledger_periods_undelivered(struct ledger *ledger, int64_t issued_until, ledger_undelivered_visit visit, void *user,
                                GError **error);
/* What MGMT said of a week when it was issued: Devices. */
struct ledger_week {
    int64_t ends, in_scope, migrated, remaining;
};
bool ledger_week_put(struct ledger *ledger, const struct ledger_week *week, GError **error);
typedef bool (*ledger_week_visit)(void *user, const struct ledger_week *week, GError **error);
/* Those that ended before that time, oldest first. */
bool ledger_weeks_each(struct ledger *ledger, int64_t before, ledger_week_visit visit, void *user, GError **error);
/* struct ledger_report, by recipient. */
bool ledger_reports_of(struct ledger *ledger, const char *ref, int64_t starts, GPtrArray **reports, GError **error);

/* A report that has one row for each session that ended in a state. */
struct ledger_listing {
    const char *ref;
    enum ledger_state state;
};
/* Issued periods of a report whose files' rows, with those that are nobody's, are not as many as the sessions that
 * ended in that state in the period; and those that neither follow the one before nor are the first. */
bool ledger_periods_inconsistent(struct ledger *ledger, const struct ledger_listing *listing, ledger_period_visit visit,
                                 void *user, GError **error);

#endif
