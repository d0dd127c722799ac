/*
 * A report in the making, for the sources that collect its rows and write them (report*.c).
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_REPORT_PRIVATE_H
#define ECOSGATE_GATEWAY_REPORTS_REPORT_PRIVATE_H

#include "formats/report_writer.h"
#include "gateway/answers/answer.h"
#include "gateway/answers/cells.h"
#include "gateway/reports/mgmt_page.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_reference.h"

struct report_row {
    uint32_t recipient; /* index */
    int64_t key;        /* what the kind finds it by */
};

struct report {
    struct gateway *gateway;
    const struct report_kind *kind;
    const struct report_layout *layout;
    struct period period;
    char starts[INSTANT_TEXT_SIZE], ends[INSTANT_TEXT_SIZE];
    GArray *recipients; /* struct report_recipient, by id */
    GArray *rows;       /* struct report_row, by recipient and key */
    GArray *first;      /* guint: where the rows of each recipient begin, and the end of all */
    int64_t unassigned;
    GArray *things; /* what keys are indexes of, for kinds whose keys are */
    /* While a file is written: */
    const struct report_recipient *to;
    struct report_writer *writer;
    struct cell_instant instants[4]; /* one for each column of times */
};

/* Whose row it is; nobody's where that party is no recipient. */
void report_assign(struct report *report, uint64_t party, int64_t key);

/* Is that party a recipient? */
bool report_knows(const struct report *report, uint64_t party);

/* Texts of a row that have to be made. */
struct report_texts {
    char device[EUI64_TEXT_SIZE], chf[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];
};

/* Fills the leading columns. What the inventory says of a Device counts; where it is silent (known may be NULL), what
 * the instruction said. */
void report_lead(const struct report *report, const struct ledger_item *item, const struct ledger_inventory *known,
                 struct report_texts *texts, const char **values);

/* "2023-07-03" of a time, NULL for 0; into text, which is at least that long. */
const char *report_date(int64_t at, char text[INSTANT_TEXT_SIZE]);

/* Sessions that ended (report_devices.c). */
bool report_collect_migrated(struct report *report, GError **error);
bool report_write_migrated(struct report *report, int64_t key, GError **error);
bool report_collect_failed(struct report *report, GError **error);
bool report_write_failed(struct report *report, int64_t key, GError **error);

/* Devices of the inventory (report_estate.c). */
bool report_collect_gained(struct report *report, GError **error);
bool report_write_gained(struct report *report, int64_t key, GError **error);
bool report_collect_installed(struct report *report, GError **error);
bool report_write_installed(struct report *report, int64_t key, GError **error);

bool report_collect_assets(struct report *report, GError **error);
bool report_write_assets(struct report *report, int64_t key, GError **error);

/* Non-Migratable Device Models (report_models.c). */
bool report_collect_models(struct report *report, GError **error);
bool report_write_models(struct report *report, int64_t key, GError **error);

/* Counts (report_sums.c). */
bool report_collect_non_migratable(struct report *report, GError **error);
bool report_write_non_migratable(struct report *report, int64_t key, GError **error);
bool report_collect_activity(struct report *report, GError **error);
bool report_write_activity(struct report *report, int64_t key, GError **error);
bool report_collect_progress(struct report *report, GError **error);
bool report_write_progress(struct report *report, int64_t key, GError **error);
/* Row i of MGMT; false: there are no more. Its texts are the report's. */
bool report_progress_row(const struct report *report, guint i, struct mgmt_row *row);

/* MGMT as a page (report_page.c). */
bool report_write_page(struct report *report, writer_bytes_fn *bytes, void *user, GError **error);
bool report_note_week(const struct report *report, GError **error);

#endif
