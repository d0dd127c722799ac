#include "formats/report_layout.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define CODE(name)                                                                                                     \
    {                                                                                                                  \
        name, false                                                                                                    \
    }
#define TEXT(name)                                                                                                     \
    {                                                                                                                  \
        name, true                                                                                                     \
    }

#define LEADING                                                                                                        \
    CODE("ReportRef"), CODE("LayoutVersion"), CODE("PeriodStart"), CODE("PeriodEnd"), CODE("SupplierId"),              \
        CODE("SupplierMPID"), CODE("DeviceID"), CODE("DeviceType"), CODE("MPxN"), CODE("CHFDeviceID"),                 \
        CODE("DeviceManufacturer"), CODE("DeviceModel"), CODE("FirmwareVersion")

static const struct report_column migrated[] = {
    LEADING,
    CODE("BatchId"),
    CODE("WorkItemId"),
    CODE("Attempt"),
    CODE("MigratedAt"),
    CODE("TCoSConfirmedAt"),
    CODE("ECoSConfirmedAt"),
    CODE("CSPRegion"),
};

static const struct report_column failed[] = {
    LEADING,          CODE("BatchId"),    CODE("WorkItemId"),      CODE("Attempt"),    CODE("FailedAt"),
    CODE("Category"), CODE("ErrorCode"),  CODE("ErrorName"),       CODE("GBCSStatus"), CODE("DUISCode"),
    CODE("Tries"),    CODE("ResolvedBy"), CODE("NextAttemptFrom"), CODE("CSPRegion"),
};

_Static_assert(COUNT(migrated) <= REPORT_MAX_COLUMNS && COUNT(failed) <= REPORT_MAX_COLUMNS, "REPORT_MAX_COLUMNS");

#define COLUMNS(array) COUNT(array), array

const struct report_layout report_layouts[] = {
    {"ECOSMIG-001", "Detail Report: ECoS Migrations Completed Successfully", COLUMNS(migrated)},
    {"ECOSMIG-002", "Detail Report: ECoS Migrations Completed Unsuccessfully", COLUMNS(failed)},
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
