/*
 * Layouts of reports as data: which columns, in which order, and which of them are free text (FILES.md, 8). The Table
 * Schemas in schema/ say the same for those who read the files; tests compare both with what is written. A change of
 * columns is a new version and needs the industry's consultation. All tables are constant.
 */
#ifndef ECOSGATE_FORMATS_REPORT_LAYOUT_H
#define ECOSGATE_FORMATS_REPORT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define REPORT_LAYOUT_VERSION "1.0"
enum { REPORT_MAX_COLUMNS = 28 };

struct report_column {
    const char *name;
    bool text; /* free text of others: neutralised for spreadsheets */
};

struct report_layout {
    const char *ref; /* "ECOSMIG-001" */
    const char *title;
    size_t n_columns;
    const struct report_column *columns;
};

/* The columns that reports about single Devices begin with. */
enum report_leading_column {
    LEADING_REPORT_REF,
    LEADING_LAYOUT_VERSION,
    LEADING_PERIOD_START,
    LEADING_PERIOD_END,
    LEADING_SUPPLIER_ID,
    LEADING_SUPPLIER_MPID,
    LEADING_DEVICE_ID,
    LEADING_DEVICE_TYPE,
    LEADING_MPXN,
    LEADING_CHF_DEVICE_ID,
    LEADING_MANUFACTURER,
    LEADING_MODEL,
    LEADING_FIRMWARE,
    LEADING_COLUMNS,
};

/* NULL where there is no such report. */
const struct report_layout *report_layout_find(const char *ref);

/* The table itself, for tests and listings. */
extern const struct report_layout report_layouts[];
extern const size_t report_n_layouts;

#endif
