/*
 * Layouts of reports as data: which columns, in which order, and which of them are free text (FILES.md, 10). The
 * loader of profiles makes the tables (profile.h); columns are filled by their facts (facts.h). When a change of
 * columns is a new layout version: README.md, "When a layout gets a new version". All tables are constant and live as
 * long as their profile.
 */
#ifndef ECOSGATE_FORMATS_REPORT_LAYOUT_H
#define ECOSGATE_FORMATS_REPORT_LAYOUT_H

#include "formats/facts.h"
#include "formats/layout.h"

#include <stdbool.h>
#include <stddef.h>

enum { REPORT_MAX_COLUMNS = 60 };

struct report_column {
    const char *name; /* in the title row, and the Table Schema field */
    enum fact fact;   /* that it carries */
    bool text;        /* free text of others: made harmless for spreadsheets */
};

struct profile;

struct report_layout {
    const char *ref;     /* "ECOSMIG-001" */
    const char *title;   /* a line for people */
    const char *version; /* of its columns; it stands in the rows */
    size_t n_columns;
    const struct report_column *columns;
    const struct profile *profile; /* whose report this is (profile.h) */
    const struct dialect *dialect; /* its frame says whether there is a title row */
    const char *footer;            /* the last line, with {rows} for their number: "#COUNT,{rows}"; NULL: none */
};

#endif
