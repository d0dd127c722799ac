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

static const struct report_column gained[] = {
    LEADING,
    CODE("SupplyStartDate"),
    CODE("PreviousAttempts"),
    CODE("LastAttemptAt"),
    CODE("LastOutcome"),
    CODE("LastErrorCode"),
    CODE("MigrationStatus"),
};

static const struct report_column non_migratable[] = {
    CODE("ReportRef"),       CODE("LayoutVersion"),      CODE("PeriodEnd"),          CODE("SupplierId"),
    CODE("SupplierMPID"),    CODE("DeviceType"),         CODE("DeviceManufacturer"), CODE("DeviceModel"),
    CODE("FirmwareVersion"), CODE("NonMigratableSince"), CODE("ResolvedBy"),         CODE("DeviceCount"),
};

static const struct report_column activity[] = {
    CODE("ReportRef"),    CODE("LayoutVersion"), CODE("PeriodStart"), CODE("PeriodEnd"),          CODE("SupplierId"),
    CODE("SupplierMPID"), CODE("DeviceType"),    CODE("Instructed"),  CODE("Rejected"),           CODE("Deferred"),
    CODE("Succeeded"),    CODE("Failed"),        CODE("InProgress"),  CODE("CumulativeMigrated"), CODE("RemainingTCoS"),
};

static const struct report_column installed[] = {
    LEADING, CODE("InstalledDate"), CODE("CommissionedDate"), CODE("DeviceStatus"), CODE("SecurityState"),
};

static const struct report_column models[] = {
    CODE("DeviceType"),      CODE("DeviceManufacturer"), CODE("DeviceModel"),
    CODE("FirmwareVersion"), CODE("NonMigratableFrom"),  CODE("NonMigratableTo"),
    TEXT("ReasonCode"),      CODE("ResolvedBy"),         TEXT("FixedInFirmware"),
};

static const struct report_column progress[] = {
    CODE("PeriodStart"),   CODE("PeriodEnd"), CODE("DeviceType"),   CODE("CSPRegion"),
    CODE("InScope"),       CODE("Migrated"),  CODE("FailedOnce"),   CODE("FailedMany"),
    CODE("NonMigratable"), CODE("Remaining"), CODE("TopErrorCode"),
};

static const struct report_column assets[] = {
    CODE("MAPId"),
    CODE("MPxN"),
    CODE("DeviceID"),
    CODE("DeviceType"),
    CODE("DeviceManufacturer"),
    CODE("DeviceModel"),
    CODE("FirmwareVersion"),
    CODE("DeviceStatus"),
    CODE("CommissionedDate"),
    CODE("SupplierMPID"),
    CODE("ECoSMigrationStatus"),
    CODE("ECoSMigrationDate"),
};

_Static_assert(COUNT(migrated) <= REPORT_MAX_COLUMNS && COUNT(failed) <= REPORT_MAX_COLUMNS &&
                   COUNT(gained) <= REPORT_MAX_COLUMNS && COUNT(non_migratable) <= REPORT_MAX_COLUMNS &&
                   COUNT(activity) <= REPORT_MAX_COLUMNS && COUNT(installed) <= REPORT_MAX_COLUMNS,
               "REPORT_MAX_COLUMNS");

#define COLUMNS(array) COUNT(array), array

const struct report_layout report_layouts[] = {
    {"ECOSMIG-001", "Detail Report: ECoS Migrations Completed Successfully", COLUMNS(migrated)},
    {"ECOSMIG-002", "Detail Report: ECoS Migrations Completed Unsuccessfully", COLUMNS(failed)},
    {"ECOSMIG-003", "Detail Report: Gaining Supplier Devices History", COLUMNS(gained)},
    {"ECOSMIG-004", "Summary Report: Device Count by Non Migratable Device Model", COLUMNS(non_migratable)},
    {"ECOSMIG-005", "Summary Report: ECoS Migration Activity for the Previous Week", COLUMNS(activity)},
    {"ECOSMIG-006", "Detailed Report: Newly Installed ECoS Devices", COLUMNS(installed)},
    {"NMDM", "Non-Migratable Device Models", COLUMNS(models)},
    {"MGMT", "Overall progress of the migration", COLUMNS(progress)},
    {"MAPR", "H17.5 items with ECoS Migration status", COLUMNS(assets)},
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
