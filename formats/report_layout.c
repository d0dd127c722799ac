/* The tables of report layouts, made of the lists of outgoing_columns.h. */
#include "formats/report_layout.h"

#include "formats/outgoing_columns.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { KIND_PLAIN = false, KIND_FREE_TEXT = true };
#define OUTGOING(layout, kind, name_, fact_) {.name = (name_), .fact = FACT_##fact_, .text = KIND_##kind},

/* One layout's columns: "REPORT(MAPR)" makes MAPR_columns of MAPR_COLUMNS. */
#define REPORT(layout)                                                                                                 \
    static const struct report_column layout##_columns[] = {layout##_COLUMNS(OUTGOING)};                               \
    _Static_assert(COUNT(layout##_columns) <= REPORT_MAX_COLUMNS, "layout " #layout ": REPORT_MAX_COLUMNS is too "     \
                                                                  "small")

REPORT(ECOSMIG_001);
REPORT(ECOSMIG_002);
REPORT(ECOSMIG_003);
REPORT(ECOSMIG_004);
REPORT(ECOSMIG_005);
REPORT(ECOSMIG_006);
REPORT(STRAND);
REPORT(NMDM);
REPORT(MGMT);
REPORT(MAPR);

#define COLUMNS(layout) COUNT(layout##_columns), layout##_columns

const struct report_layout report_layouts[] = {
    {"ECOSMIG-001", "Detail Report: ECoS Migrations Completed Successfully", COLUMNS(ECOSMIG_001)},
    {"ECOSMIG-002", "Detail Report: ECoS Migrations Completed Unsuccessfully", COLUMNS(ECOSMIG_002)},
    {"ECOSMIG-003", "Detail Report: Gaining Supplier Devices History", COLUMNS(ECOSMIG_003)},
    {"ECOSMIG-004", "Summary Report: Device Count by Non Migratable Device Model", COLUMNS(ECOSMIG_004)},
    {"ECOSMIG-005", "Summary Report: ECoS Migration Activity for the Previous Week", COLUMNS(ECOSMIG_005)},
    {"ECOSMIG-006", "Detailed Report: Newly Installed ECoS Devices", COLUMNS(ECOSMIG_006)},
    {"STRAND", "Devices that still hold TCoS credentials", COLUMNS(STRAND)},
    {"NMDM", "Non-Migratable Device Models", COLUMNS(NMDM)},
    {"MGMT", "Overall progress of the migration", COLUMNS(MGMT)},
    {"MAPR", "H17.5 items with ECoS Migration status", COLUMNS(MAPR)},
};
const size_t report_n_layouts = COUNT(report_layouts);

const struct report_layout *report_layout_find(const char *ref)
{
    for (size_t i = 0; i < report_n_layouts; i++) {
        if (strcmp(report_layouts[i].ref, ref) == 0)
            return &report_layouts[i];
    }
    return NULL;
}
