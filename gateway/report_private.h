/*
 * A report in the making, for the sources that collect its rows and write them (report*.c).
 */
#ifndef ECOSGATE_GATEWAY_REPORT_PRIVATE_H
#define ECOSGATE_GATEWAY_REPORT_PRIVATE_H

#include "formats/report_writer.h"
#include "gateway/cells.h"
#include "gateway/report.h"

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
    /* While a file is written: */
    const struct report_recipient *to;
    struct report_writer *writer;
    struct cell_instant instants[4]; /* one for each column of times */
};

/* Whose row it is; nobody's where that party is no recipient. */
void report_assign(struct report *report, uint64_t party, int64_t key);

/* Rows of single Devices (report_devices.c). */
bool report_collect_migrated(struct report *report, GError **error);
bool report_write_migrated(struct report *report, int64_t key, GError **error);
bool report_collect_failed(struct report *report, GError **error);
bool report_write_failed(struct report *report, int64_t key, GError **error);

#endif
