/*
 * One report of one period: to whom it goes, and which bytes each of them gets, from what the ledger knows now
 * (gateway/REPORTS.md).
 *
 *   struct report *report = report_new(gateway, report_kind_find("ECOSMIG-001"), period);
 *   report_to_parties(report, &error) | report_to_issued(report, reports);            to whom
 *   report_collect(report, &error);                                                   one walk for all recipients
 *   report_write(report, i, bytes, user, &error) …                                    the file of each
 *   report_free(report);
 *
 * Between report_collect and the last report_write nothing may change in the ledger that the report tells of. A report
 * holds 16 bytes of memory for each row, or keeps its rows in a temporary file (MAPR). All functions that can fail
 * return false with *error set: the ledger cannot be read, or the byte function failed.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_H

#include "formats/eui64.h"
#include "formats/profile.h"
#include "formats/writer.h"
#include "gateway/reports/calendar.h"
#include "gateway/gateway.h"
#include "spool/sorter.h"

struct report;
struct report_shared;

/* Calls report_assign (report_private.h) for each row of the report. */
typedef bool report_collect_fn(struct report *report, GError **error);
/* Writes the row that was assigned with that key. */
typedef bool report_row_fn(struct report *report, int64_t key, GError **error);
/* Writes the rows of the file of recipient i. */
typedef bool report_rows_fn(struct report *report, size_t i, GError **error);
/* Writes the whole file of a report that has no rows. */
typedef bool report_page_fn(struct report *report, writer_bytes_fn *bytes, void *user, GError **error);
/* Records what later reports need, in the transaction of that ledger which issues this one. */
typedef bool report_record_fn(const struct report *report, struct ledger *ledger, GError **error);

/* What a report is: one line in the table of report.c. */
struct report_kind {
    const char *ref;            /* also the type of its jobs and the kind of its outgoing files */
    const char *form;           /* what its files' names end with: "csv", "html" */
    bool on_change;             /* it has no period: it is issued whenever its content has changed */
    bool closing;               /* it is issued only in the last weeks before TCoS closes (setting stranded_weeks) */
    enum calendar_length every; /* its period, if not on_change */
    const char *role;           /* of its recipients in PTY; NULL: it is one file, for everybody */
    const char *drop;           /* where it goes, unless PTY names another drop */
    report_collect_fn *collect;
    /* One of these three is set: */
    report_row_fn *row;
    report_rows_fn *rows; /* instead of row, of reports with a row for nearly every Device: nothing is read again */
    report_page_fn *page;
    report_record_fn *record; /* NULL: nothing is recorded */
    bool once;                /* each row is in one period only, the first that is issued after the gateway knew it */
};

/* All reports. */
extern const struct report_kind report_kinds[];
extern const size_t report_n_kinds;
/* The report of that ref ("MGMT-PAGE"). NULL: there is none. */
const struct report_kind *report_kind_find(const char *ref);

struct report_recipient {
    uint64_t id; /* of the party: its EUI-64 */
    char eui64[EUI64_TEXT_SIZE];
    char mpid[16]; /* of a file for everybody: the gateway's own org */
    char *drop;
    const struct profile *profile; /* that its file is written with */
};

/* A report without recipients and rows. period: in seconds UTC. report_free. */
struct report *report_new(struct gateway *gateway, const struct report_kind *kind, struct period period);
/* NULL is allowed. */
void report_free(struct report *report);
typedef struct report report_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(report_t, report_free)

/* What several reports share, while nothing changes in the ledger that reports tell of: reports of the same period's
 * end then walk the same survey of the estate. report_shared_free, after the reports. */
struct report_shared *report_shared_new(void);
/* NULL is allowed. */
void report_shared_free(struct report_shared *shared);
/* When *stop becomes true, reports that share this fail with SPOOL_ERROR_RETRY while they are collected or written. */
void report_shared_stop(struct report_shared *shared, const volatile bool *stop);
/* To be called before report_collect; without it the report shares nothing. Borrowed. */
void report_share(struct report *report, struct report_shared *shared);

/* Sets the recipients: the parties of the kind's role that PTY names now, or everybody. */
bool report_to_parties(struct report *report, GError **error);
/* Sets the recipients: those to whom the report was issued, whose rows are collected then, each with the profile of
 * that time. reports: struct ledger_report. */
bool report_to_issued(struct report *report, const GPtrArray *reports, GError **error);
/* How many recipients there are. */
size_t report_n_recipients(const struct report *report);
/* Recipient i, in the order of ids; borrowed. */
const struct report_recipient *report_recipient(const struct report *report, size_t i);

/* Finds all rows of all recipients. */
bool report_collect(struct report *report, GError **error);
/* How many rows recipient i has; of MGMT-PAGE those of MGMT. */
int64_t report_rows(const struct report *report, size_t i);
/* How many rows belong to no recipient. */
int64_t report_unassigned(const struct report *report);
/* Writes all bytes of the file of recipient i. */
bool report_write(struct report *report, size_t i, writer_bytes_fn *bytes, void *user, GError **error);

/* Frees the rows of a report whose files are written; their numbers stay. */
void report_forget_rows(struct report *report);

/* The name of a recipient's file, ECOSMIG-002_<MPID>_<EUI-64>_<date>_<time>.csv with date and time of the period's
 * start; with to NULL the name of the report's job, ECOSMIG-002_<date>_<time>. g_free. */
char *report_name(const struct report_kind *kind, const struct report_recipient *to, struct period period);

#endif
