#include "formats/layout.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RECORD(letter_, element_, columns_)                                                                            \
    {                                                                                                                  \
        .letter = (letter_), .element = (element_), .n_columns = COUNT(columns_), .columns = (columns_)                \
    }

/* "required" is about the frame: a column is optional wherever a file that is faulty, refused or
 * unreadable leaves the gateway without a value for it. */
#define REQ(name_)                                                                                                     \
    {                                                                                                                  \
        .name = (name_), .required = true                                                                              \
    }
#define OPT(name_)                                                                                                     \
    {                                                                                                                  \
        .name = (name_)                                                                                                \
    }

static const struct layout_column header_columns[] = {
    REQ("SenderId"),    REQ("RecipientId"), REQ("FileSequence"),   REQ("CreationDateTime"),
    REQ("Environment"), REQ("BatchId"),     OPT("ResubmissionOf"),
};
_Static_assert(COUNT(header_columns) == HEADER_COLUMNS, "enum header_column");

const struct layout_record layout_header = RECORD('H', "Header", header_columns);

static const struct layout_column emi_columns[] = {
    REQ("RecordNumber"),    REQ("DeviceID"), REQ("DeviceType"),  REQ("DeviceManufacturer"), REQ("DeviceModel"),
    REQ("FirmwareVersion"), OPT("MPxN"),     OPT("CHFDeviceID"), OPT("CSPRegion"),          REQ("Attempt"),
};
_Static_assert(COUNT(emi_columns) == INSTRUCTION_COLUMNS, "enum instruction_column");
const struct layout_record layout_instruction = RECORD('D', "Device", emi_columns);

static const struct layout_column ema_file_columns[] = {
    REQ("Name"), REQ("SHA256"), REQ("Size"),          REQ("ReceivedAt"),  REQ("Outcome"),       OPT("Code"),
    OPT("Line"), OPT("Column"), OPT("DeclaredCount"), OPT("ParsedCount"), OPT("RejectedCount"),
};
static const struct layout_record ema_file = RECORD('F', "File", ema_file_columns);

static const struct layout_column ema_finding_columns[] = {
    REQ("Code"), REQ("Scope"), OPT("RecordNumber"), OPT("Field"), OPT("Value"), OPT("Text"),
};
static const struct layout_record ema_finding = RECORD('E', "Finding", ema_finding_columns);

static const struct layout_column emd_columns[] = {
    REQ("RecordNumber"), OPT("DeviceID"),   OPT("DeviceType"), REQ("Outcome"),      OPT("Code"), OPT("Category"),
    OPT("Transient"),    OPT("ResolvedBy"), OPT("WorkItemId"), OPT("NextEligible"), OPT("Text"),
};
static const struct layout_record emd_record = RECORD('D', "Device", emd_columns);

static const struct layout_column emw_columns[] = {
    REQ("RecordNumber"), REQ("WorkItemId"),      REQ("DeviceID"),    REQ("DeviceType"), REQ("DeviceManufacturer"),
    REQ("DeviceModel"),  REQ("FirmwareVersion"), OPT("CHFDeviceID"), REQ("Try"),        REQ("SessionStart"),
    REQ("SessionEnd"),
};
static const struct layout_record emw_record = RECORD('D', "Device", emw_columns);

_Static_assert(COUNT(ema_file_columns) <= LAYOUT_MAX_COLUMNS && COUNT(emd_columns) <= LAYOUT_MAX_COLUMNS &&
                   COUNT(emw_columns) <= LAYOUT_MAX_COLUMNS && COUNT(emi_columns) <= LAYOUT_MAX_COLUMNS,
               "LAYOUT_MAX_COLUMNS");

const struct file_type layout_types[] = {
    {.code = "EMI",
     .root = "MigrationInstruction",
     .inbound = true,
     .readable = true,
     .record = &layout_instruction,
     .rows_element = "Devices",
     .count_element = "DeviceCount"},
    {.code = "EMA",
     .root = "FileAcknowledgement",
     .file = &ema_file,
     .record = &ema_finding,
     .count_element = "RowCount"},
    {.code = "EMD",
     .root = "DeviceResponse",
     .record = &emd_record,
     .rows_element = "Devices",
     .count_element = "DeviceCount"},
    {.code = "EMW",
     .root = "WorkOrder",
     .record = &emw_record,
     .rows_element = "Devices",
     .count_element = "DeviceCount"},
    /* Known by name, so that they are held and not refused; no layout until they are read. */
    {.code = "EMT", .root = "MigrationResult", .inbound = true},
    {.code = "EMC", .root = "MigrationConfirmation", .inbound = true},
    {.code = "INV", .inbound = true},
    {.code = "COS", .inbound = true},
    {.code = "NMM", .inbound = true},
    {.code = "PTY", .inbound = true},
};
const size_t layout_n_types = COUNT(layout_types);

const struct file_type *layout_find(const char *code, size_t len)
{
    for (size_t i = 0; i < layout_n_types; i++)
        if (strlen(layout_types[i].code) == len && memcmp(layout_types[i].code, code, len) == 0)
            return &layout_types[i];
    return NULL;
}

const char *form_name(enum form form)
{
    switch (form) {
    case FORM_XML:
        return "xml";
    case FORM_CSV:
        return "csv";
    case FORM_UNKNOWN:
        break;
    }
    return "unknown";
}
