/*
 * One report of one period: to whom it goes and which bytes each of them gets, from what the ledger knows now
 * (gateway/REPORTS.md).
 *
 *   struct report *report = report_new(gateway, report_kind_find("ECOSMIG-001"), period);
 *   report_to_parties(report, &error) | report_to_issued(report, reports);            to whom
 *   report_collect(report, &error);                                                   one walk for all of them
 *   report_write(report, i, bytes, user, &rows, &error) …                             the file of each
 *   report_free(report);
 *
 * Between report_collect and the last report_write nothing may change in the ledger that the report tells of. It holds
 * 16 bytes for each row.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_H

#include "formats/eui64.h"
#include "formats/writer.h"
#include "gateway/reports/calendar.h"
#include "gateway/gateway.h"

struct report;

/* What a report is: one line in the table of report.c. */
struct report_kind {
    const char *ref;            /* also the type of its jobs and the kind of their parts */
    const char *name;           /* what its files begin with; NULL: ref */
    const char *form;           /* what they end with: "csv", "html" */
    bool on_change;             /* it has no period: it is issued whenever what it says has changed */
    enum calendar_length every; /* else */
    const char *role;           /* of its recipients in PTY; NULL: one file, for everybody */
    const char *drop;           /* where it goes, unless PTY names another */
    bool (*collect)(struct report *report, GError **error);
    /* Writes one row that was collected under that key. */
    bool (*row)(struct report *report, int64_t key, GError **error);
    /* Instead of rows: the whole of it, and what is to be kept for later ones, within the transaction that issues it.
     */
    bool (*page)(struct report *report, writer_bytes_fn *bytes, void *user, GError **error);
    bool (*note)(const struct report *report, GError **error);
};

extern const struct report_kind report_kinds[];
extern const size_t report_n_kinds;
/* NULL where there is no such report. */
const struct report_kind *report_kind_find(const char *ref);

struct report_recipient {
    uint64_t id;
    char eui64[EUI64_TEXT_SIZE];
    char mpid[16]; /* the gateway's own org in a file for everybody */
    char *drop;
};

struct report *report_new(struct gateway *gateway, const struct report_kind *kind, struct period period);
/* NULL is fine. */
void report_free(struct report *report);
typedef struct report report_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(report_t, report_free)

/* The parties that PTY names now (or everybody), or those (struct ledger_report) that it was issued to. */
bool report_to_parties(struct report *report, GError **error);
void report_to_issued(struct report *report, const GPtrArray *reports);
/* By id; borrowed. */
size_t report_n_recipients(const struct report *report);
const struct report_recipient *report_recipient(const struct report *report, size_t i);

bool report_collect(struct report *report, GError **error);
/* How many rows recipient i has, and how many are nobody's. */
int64_t report_rows(const struct report *report, size_t i);
int64_t report_unassigned(const struct report *report);
/* All bytes of the file of recipient i. */
bool report_write(struct report *report, size_t i, writer_bytes_fn *bytes, void *user, GError **error);

/* ECOSMIG-002_<MPID>_<EUI-64>_<period start date>_<period start time>.csv, and that of its job, without the recipient
 * (to NULL). g_free. */
char *report_name(const struct report_kind *kind, const struct report_recipient *to, struct period period);

#endif
