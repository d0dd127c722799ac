/*
 * Reports that were issued: which period, and to whom (gateway/REPORTS.md). The bytes in the spool are the report.
 *
 *   ledger_outgoing_plan → ledger_report_add …, ledger_period_issue, ledger_reported_add …   one transaction
 *   ledger_period_get | ledger_period_last → ledger_reports_of
 *
 * A period is identified by its report's ref ("ECOSMIG-001") and its start. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_REPORTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_REPORTS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_outgoing.h"

/* One issued period of a report, [starts, ends). */
struct ledger_period {
    const char *ref; /* with starts the key */
    int64_t starts, ends;
    int64_t issued;
    int64_t job;        /* the job that has its files; 0: no recipient was known */
    int64_t unassigned; /* rows that belong to no recipient's file */
};

/* The file of one recipient, with its present state. */
struct ledger_report {
    struct ledger_period period;
    uint64_t recipient; /* EUI-64 */
    const char *mpid;   /* the recipient's */
    struct ledger_outgoing file;
};

/* ---- changes ---- */

/* Adds an issued period, and keeps its start as a number for a witness (ledger_identity.h).
 * SPOOL_ERROR_EXISTS if it was issued before. */
bool ledger_period_issue(struct ledger *ledger, const struct ledger_period *period, GError **error);
/* Says whose file an outgoing file is: reads period.ref, period.starts, recipient, mpid and file.id. */
bool ledger_report_add(struct ledger *ledger, const struct ledger_report *report, GError **error);

/* A row of a report whose rows are in one period only, whenever the gateway learns of them (gateway/REPORTS.md). */
struct ledger_reported {
    const char *ref;
    uint64_t device;
    int64_t since;     /* ECOSMIG-003: the supply start; else 0 */
    uint64_t supplier; /* ECOSMIG-003: who gains the Device; else 0. These four are the key */
    int64_t starts;    /* of the period whose report has the row */
};
/* Records that a period has the row. SPOOL_ERROR_EXISTS if a period has it already. */
bool ledger_reported_add(struct ledger *ledger, const struct ledger_reported *row, GError **error);

/* ---- questions ---- */

/* *period is NULL if that one was not issued; g_free it. */
bool ledger_period_get(struct ledger *ledger, const char *ref, int64_t starts, struct ledger_period **period,
                       GError **error);
/* The period whose files a job has. *period is NULL if there is none; g_free it. */
bool ledger_period_of_job(struct ledger *ledger, int64_t job, struct ledger_period **period, GError **error);
/* The newest issued period of a report that starts at `at` or before. *period is NULL if there is none; g_free it. */
bool ledger_period_last(struct ledger *ledger, const char *ref, int64_t at, struct ledger_period **period,
                        GError **error);
typedef bool (*ledger_period_visit)(void *user, const struct ledger_period *period, GError **error);
/* Visits all issued periods by ref and start. */
bool ledger_periods_each(struct ledger *ledger, ledger_period_visit visit, void *user, GError **error);
/* *reports: struct ledger_report of a period by recipient. */
bool ledger_reports_of(struct ledger *ledger, const char *ref, int64_t starts, GPtrArray **reports, GError **error);

/* n: how many of its files are not DELIVERED. */
typedef bool (*ledger_undelivered_visit)(void *user, const struct ledger_period *period, int64_t n, GError **error);
/* Visits the periods issued at `issued_until` or before that have undelivered files, by their end. */
bool ledger_periods_undelivered(struct ledger *ledger, int64_t issued_until, ledger_undelivered_visit visit, void *user,
                                GError **error);
/* *n: how many files of a period (its ref and starts) for that drop are not DELIVERED. */
bool ledger_period_undelivered_to(struct ledger *ledger, const struct ledger_period *period, const char *drop,
                                  int64_t *n, GError **error);

/* *reported: a period has the row with this key. */
bool ledger_reported_exists(struct ledger *ledger, const struct ledger_reported *row, bool *reported, GError **error);
/* *from: what happened before this time is in no later report: the start of the first issued period whose rows are
 * recorded. 0: none was issued. */
bool ledger_reported_from(struct ledger *ledger, const char *ref, int64_t *from, GError **error);
typedef bool (*ledger_reported_visit)(void *user, const struct ledger_reported *row, GError **error);
/* Visits the rows that a period has, by key. Reads period->ref and period->starts. */
bool ledger_reported_each(struct ledger *ledger, const struct ledger_period *period, ledger_reported_visit visit,
                          void *user, GError **error);
/* Visits the issued periods of such a report in which something is wrong: the rows of its files are not as many as the
 * recorded ones; or the period does not start where the one before ends. */
bool ledger_reported_inconsistent(struct ledger *ledger, const char *ref, ledger_period_visit visit, void *user,
                                  GError **error);
/* *n: recorded rows that belong to no issued period. */
bool ledger_reported_astray(struct ledger *ledger, const char *ref, int64_t *n, GError **error);

/* A report that has one row for each session that ended in a state. */
struct ledger_listing {
    const char *ref;
    enum ledger_state state;
};
/* Visits the issued periods of such a report in which something is wrong: the rows of its files, with those of no
 * recipient, are not as many as the sessions; or the period does not start where the one before ends. */
bool ledger_periods_inconsistent(struct ledger *ledger, const struct ledger_listing *listing, ledger_period_visit visit,
                                 void *user, GError **error);

/* ---- weeks ---- */

/* What the management report MGMT said of the week that ends at `ends`, in Devices. Kept so that its later issues show
 * the same for this week. */
struct ledger_week {
    int64_t ends; /* the key */
    int64_t in_scope, migrated, remaining;
};
/* Adds a week. SPOOL_ERROR_EXISTS if it is there. */
bool ledger_week_put(struct ledger *ledger, const struct ledger_week *week, GError **error);
typedef bool (*ledger_week_visit)(void *user, const struct ledger_week *week, GError **error);
/* Visits the weeks that end before a time, oldest first. */
bool ledger_weeks_each(struct ledger *ledger, int64_t before, ledger_week_visit visit, void *user, GError **error);

#endif
