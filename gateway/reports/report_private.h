/*
 * A report while it is made: for the sources that collect its rows and write them (report*.c). Nothing outside this
 * folder includes it.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_PRIVATE_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_PRIVATE_H

#include "formats/outgoing_facts.h"
#include "formats/report_writer.h"
#include "gateway/answers/cells.h"
#include "gateway/reports/mgmt_page.h"
#include "gateway/reports/migration_status.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_survey.h"

struct report_row {
    uint32_t recipient; /* index in recipients */
    int64_t key;        /* by which the kind's row function finds what it tells of */
};

struct report {
    struct gateway *gateway;
    const struct report_kind *kind;
    struct period period;
    bool issued;                                             /* it was issued before: its rows are recorded */
    char starts[INSTANT_TEXT_SIZE], ends[INSTANT_TEXT_SIZE]; /* the period, as text */
    GArray *recipients;                                      /* struct report_recipient, by id */
    guint last;                                              /* index of the one that was found last */
    GArray *rows;                                            /* struct report_row, by recipient and key */
    GArray *first;      /* guint: the index of each recipient's first row, and after them the number of all rows */
    int64_t unassigned; /* rows that belong to no recipient */
    GArray *subjects;   /* of kinds whose keys are indexes: what they are indexes of; else NULL */
    struct report_assets *assets; /* of MAPR: its rows; else NULL */
    struct report_shared *shared; /* what reports of the same time share; */
    bool own_shared;              /* freed with this report */
    /* While a file is written: */
    const struct report_recipient *to;
    const struct report_layout *layout; /* in its profile; NULL: a page, which has no columns */
    struct report_writer *writer;
    struct cell_instant instants[3]; /* one for each column of times */
};

/* Gives a row to the recipient that is this party; without such a recipient it counts as unassigned. */
void report_assign(struct report *report, uint64_t party, int64_t key);

/* True: that party is a recipient. */
bool report_knows(struct report *report, uint64_t party);

/* "2023-07-03" of a time in seconds UTC, in text, which is returned; NULL for 0. */
const char *report_date(int64_t at, char text[INSTANT_TEXT_SIZE]);

/* A row visitor of the ledger: adds the work item to the struct ledger_past that is user. Cannot fail. */
bool report_add_past(void *user, const struct ledger_work *work, GError **error);

/* ---- the survey of the period's end (report_survey.c) ---- */

/* The reports of sums; MGMT-PAGE has those of MGMT. */
enum report_sums { SUMS_NON_MIGRATABLE, SUMS_ACTIVITY, SUMS_PROGRESS, REPORT_SUMS };

/* What reports of one time have in common, made by the first of them that needs it. */
struct report_shared {
    struct ledger_survey *survey; /* NULL: none yet */
    GArray *sums[REPORT_SUMS];    /* their tallies (report_sums.c), of this period; NULL: none yet */
    struct report_assets *assets; /* made by the same walk, of this period; NULL: none yet, or taken by MAPR */
    struct period period;
    const volatile bool *stop; /* when it becomes true, collecting and writing fail; NULL: they go on */
};

/* True: the reports share what a walk has made for this report's period. */
bool report_shares_period(const struct report *report);
/* False with SPOOL_ERROR_RETRY once the report shall not be made any more. */
bool report_goes_on(const struct report *report, GError **error);
/* The survey; it is made where it does not exist yet. NULL on an error. */
struct ledger_survey *report_survey(struct report *report, GError **error);
/* Visits all Devices of the inventory in the order of their ids, as they were at the period's end. */
bool report_survey_each(struct report *report, ledger_survey_visit visit, void *user, GError **error);
/* True: at the period's end the Device is in scope, holds TCoS credentials and was not migrated by this gateway. One
 * that migrated at the very end still remains: the end does not belong to the period. */
bool report_remains(const struct report *report, const struct ledger_surveyed *device);

/* ---- the columns that reports about single Devices begin with ---- */

/* The values that are not the report's own. Pointers are borrowed from the two rows given to report_lead. */
struct report_lead {
    char device[EUI64_TEXT_SIZE];
    const char *device_type, *mpxn;
    char chf_text[EUI64_TEXT_SIZE];
    const char *chf; /* chf_text, or what the instruction says */
    const char *manufacturer, *model, *firmware;
};

/* Fills *lead. What the inventory says of a Device counts; where it is silent (known may be NULL), what the
 * instruction said. */
void report_lead(const struct ledger_item *item, const struct ledger_inventory *known, struct report_lead *lead);

/* The version of the layout of the report. A function: in a list of facts `->layout` would be taken for the
 * parameter of that name. */
static inline const char *report_version(const struct report *report)
{
    return report->layout->version;
}

/* Their facts (formats/facts.h), of a struct report *report and a struct report_lead lead. */
#define LEADING_FACTS(FACT, layout)                                                                                    \
    FACT(layout, report_ref, report->kind->ref)                                                                        \
    FACT(layout, report_layout, report_version(report))                                                                \
    FACT(layout, period_start, report->starts)                                                                         \
    FACT(layout, period_end, report->ends)                                                                             \
    FACT(layout, supplier_id, report->to->eui64)                                                                       \
    FACT(layout, supplier_mpid, report->to->mpid)                                                                      \
    FACT(layout, device_id, lead.device)                                                                               \
    FACT(layout, device_type, lead.device_type)                                                                        \
    FACT(layout, device_mpxn, lead.mpxn)                                                                               \
    FACT(layout, device_hub, lead.chf)                                                                                 \
    FACT(layout, device_manufacturer, lead.manufacturer)                                                               \
    FACT(layout, device_model, lead.model)                                                                             \
    FACT(layout, device_firmware, lead.firmware)

/* ---- the functions in the table of report.c (report_collect_fn and report_row_fn: report.h) ---- */

/* Sessions that ended (report_devices.c): ECOSMIG-001 and -002. */
report_collect_fn report_collect_migrated, report_collect_failed;
report_row_fn report_write_migrated, report_write_failed;

/* Devices that still hold TCoS credentials (report_stranded.c): STRAND. */
report_collect_fn report_collect_stranded;
report_row_fn report_write_stranded;

/* What a row says of a Device's own migration. */
struct report_device {
    const char *status;  /* MigrationStatus */
    int64_t migrated_at; /* 0: not migrated by this gateway */
};
/* Fills *now (report_estate.c). */
bool report_look_at(const struct report *report, const struct ledger_inventory *device, struct report_device *now,
                    GError **error);

/* Devices of the inventory (report_estate.c): ECOSMIG-003 and -006. */
report_collect_fn report_collect_gained, report_collect_installed;
report_row_fn report_write_gained, report_write_installed;

/* All Devices of Meter Asset Providers (report_assets.c): MAPR. Its rows are kept with their values. */
struct report_assets;
/* No rows yet, of the Devices of that survey. report_assets_free. */
struct report_assets *report_assets_new(struct ledger *ledger, struct ledger_survey *survey);
/* A visitor of the survey. user: struct report_assets. */
bool report_assets_add(void *user, const struct ledger_surveyed *device, GError **error);
/* NULL is allowed. */
void report_assets_free(struct report_assets *assets);
report_collect_fn report_collect_assets;
/* Writes the rows of the file of recipient i. */
bool report_write_assets(struct report *report, size_t i, GError **error);

/* Records the rows of a report whose rows are in one period only (kind->once). */
report_record_fn report_record_once;

/* Non-Migratable Device Models (report_models.c): NMDM. */
report_collect_fn report_collect_models;
report_row_fn report_write_models;

/* Counts (report_sums.c): ECOSMIG-004, -005 and MGMT. */
report_collect_fn report_collect_non_migratable, report_collect_activity, report_collect_progress;
report_row_fn report_write_non_migratable, report_write_activity, report_write_progress;

/* Row i of MGMT for the page. False: there are no more rows. Its texts are borrowed from the report. */
bool report_progress_row(const struct report *report, guint i, struct mgmt_row *row);

/* MGMT as a page (report_page.c). */
report_page_fn report_write_page;
report_record_fn report_record_week;

#endif
