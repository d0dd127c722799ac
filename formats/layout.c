/*
 * The tables of layouts. The columns of files that arrive stand here; those of files that leave stand in
 * outgoing_columns.h, because the code that fills such a record needs them at compile time.
 */
#include "formats/layout.h"

#include "formats/outgoing_columns.h"

#include <glib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RECORD(letter_, element_, columns_)                                                                            \
    {                                                                                                                  \
        .letter = (letter_), .element = (element_), .n_columns = COUNT(columns_), .columns = (columns_)                \
    }

/* A column of a file that arrives. Readers find it by its number in the enums of layout.h, so its fact is its name. */
#define REQ(name_)                                                                                                     \
    {                                                                                                                  \
        .name = (name_), .fact = (name_), .required = true                                                             \
    }
#define OPT(name_)                                                                                                     \
    {                                                                                                                  \
        .name = (name_), .fact = (name_)                                                                               \
    }

/* A column of a file that leaves. */
enum { NEED_OPTIONAL = false, NEED_REQUIRED = true };
#define OUTGOING(layout, need, name_, fact_) {.name = (name_), .fact = #fact_, .required = NEED_##need},

#define FITS(columns) _Static_assert(COUNT(columns) <= LAYOUT_MAX_COLUMNS, #columns ": LAYOUT_MAX_COLUMNS is too small")

static const struct layout_column header_columns[] = {FILE_HEADER_COLUMNS(OUTGOING) REQ("Mode")};
_Static_assert(COUNT(header_columns) == HEADER_COLUMNS, "enum header_column");
FITS(header_columns);

const struct layout_record layout_reference_header = RECORD('H', "Header", header_columns);
const struct layout_record layout_header = {'H', "Header", HEADER_MODE, header_columns};

static const struct layout_column emi_columns[] = {
    REQ("RecordNumber"),    REQ("DeviceID"), REQ("DeviceType"),  REQ("DeviceManufacturer"), REQ("DeviceModel"),
    REQ("FirmwareVersion"), OPT("MPxN"),     OPT("CHFDeviceID"), OPT("CSPRegion"),          REQ("Attempt"),
};
_Static_assert(COUNT(emi_columns) == INSTRUCTION_COLUMNS, "enum instruction_column");
FITS(emi_columns);
const struct layout_record layout_instruction = RECORD('D', "Device", emi_columns);

/* The frame of EMA and EMD requires only what every such file has: a sender's file that is faulty or cannot be read
 * leaves the gateway without a value for the other columns. */
static const struct layout_column ema_file_columns[] = {EMA_FILE_COLUMNS(OUTGOING)};
FITS(ema_file_columns);
static const struct layout_record ema_file = RECORD('F', "File", ema_file_columns);

static const struct layout_column ema_finding_columns[] = {EMA_FINDING_COLUMNS(OUTGOING)};
FITS(ema_finding_columns);
static const struct layout_record ema_finding = RECORD('E', "Finding", ema_finding_columns);

static const struct layout_column emd_columns[] = {EMD_COLUMNS(OUTGOING)};
FITS(emd_columns);
static const struct layout_record emd_record = RECORD('D', "Device", emd_columns);

static const struct layout_column emw_columns[] = {EMW_COLUMNS(OUTGOING)};
FITS(emw_columns);
static const struct layout_record emw_record = RECORD('D', "Device", emw_columns);

/* What a result or confirmation may leave empty depends on its values. The rules judge that, not the frame. */
static const struct layout_column emt_columns[] = {
    REQ("RecordNumber"),      REQ("WorkItemId"),
    REQ("DeviceID"),          REQ("Result"),
    OPT("GBCSStatus"),        OPT("DUISCode"),
    OPT("AlertCode"),         OPT("Try"),
    OPT("FirstTry"),          OPT("LastTry"),
    OPT("OriginatorCounter"), OPT("ExistingSubjectId"),
    OPT("ExistingKeyId"),     OPT("ReplacingSubjectId"),
    OPT("ReplacingKeyId"),
};
_Static_assert(COUNT(emt_columns) == RESULT_COLUMNS, "enum result_column");
FITS(emt_columns);
const struct layout_record layout_result = RECORD('D', "Device", emt_columns);

static const struct layout_column emc_columns[] = {
    REQ("RecordNumber"), REQ("WorkItemId"), REQ("DeviceID"), REQ("Confirmed"),
    OPT("ConfirmedAt"),  OPT("SubjectId"),  OPT("KeyId"),    OPT("Code"),
};
_Static_assert(COUNT(emc_columns) == CONFIRMATION_COLUMNS, "enum confirmation_column");
FITS(emc_columns);
const struct layout_record layout_confirmation = RECORD('D', "Device", emc_columns);

static const struct layout_column emo_columns[] = {EMO_COLUMNS(OUTGOING)};
FITS(emo_columns);
static const struct layout_record emo_record = RECORD('D', "Device", emo_columns);

static const struct layout_column inc_columns[] = {INC_COLUMNS(OUTGOING)};
FITS(inc_columns);
static const struct layout_record inc_record = RECORD('D', "Incident", inc_columns);

/* Reference data have the CSV form only, in which every column is present. */
static const struct layout_column inv_columns[] = {
    REQ("RecordNumber"), REQ("Action"),          REQ("DeviceID"),
    OPT("DeviceType"),   OPT("DeviceStatus"),    OPT("DeviceManufacturer"),
    OPT("DeviceModel"),  OPT("FirmwareVersion"), OPT("MPxN"),
    OPT("CHFDeviceID"),  OPT("SupplierId"),      OPT("MAPId"),
    OPT("CSPRegion"),    OPT("InstalledDate"),   OPT("CommissionedDate"),
    OPT("Credentials"),  OPT("Pending"),
};
_Static_assert(COUNT(inv_columns) == INVENTORY_COLUMNS, "enum inventory_column");
FITS(inv_columns);
const struct layout_record layout_inventory = RECORD('D', "Device", inv_columns);

static const struct layout_column cos_columns[] = {
    REQ("RecordNumber"),      REQ("Action"),          REQ("MPxN"), OPT("LosingSupplierId"),
    OPT("GainingSupplierId"), REQ("SupplyStartDate"),
};
_Static_assert(COUNT(cos_columns) == COS_COLUMNS, "enum cos_column");
FITS(cos_columns);
const struct layout_record layout_cos = RECORD('D', "Event", cos_columns);

static const struct layout_column nmm_columns[] = {
    REQ("RecordNumber"), REQ("Action"),          REQ("DeviceType"),        REQ("DeviceManufacturer"),
    REQ("DeviceModel"),  OPT("FirmwareVersion"), REQ("NonMigratableFrom"), OPT("NonMigratableTo"),
    OPT("ReasonCode"),   OPT("FixedInFirmware"),
};
_Static_assert(COUNT(nmm_columns) == NMM_COLUMNS, "enum nmm_column");
FITS(nmm_columns);
const struct layout_record layout_nmm = RECORD('D', "DeviceModel", nmm_columns);

static const struct layout_column pty_columns[] = {
    REQ("RecordNumber"), REQ("Action"), REQ("PartyId"), REQ("Role"), OPT("MPID"), OPT("Name"), OPT("Drop"),
};
_Static_assert(COUNT(pty_columns) == PARTY_COLUMNS, "enum party_column");
FITS(pty_columns);
const struct layout_record layout_party = RECORD('D', "Party", pty_columns);

#define HEADER .header = &layout_header
#define REFERENCE_HEADER .header = &layout_reference_header
#define DEVICES .rows_element = "Devices", .count_element = "DeviceCount"

const struct file_type layout_types[] = {
    {"EMI", "MigrationInstruction", .inbound = true, HEADER, .record = &layout_instruction, DEVICES},
    {"EMA", "FileAcknowledgement", HEADER, .file = &ema_file, .record = &ema_finding, .count_element = "RowCount"},
    {"EMD", "DeviceResponse", HEADER, .record = &emd_record, DEVICES},
    {"EMW", "WorkOrder", HEADER, .record = &emw_record, DEVICES},
    {"EMO", "MigrationOutcome", HEADER, .record = &emo_record, DEVICES},
    {"EMT", "MigrationResult", .inbound = true, HEADER, .record = &layout_result, DEVICES},
    {"EMC", "MigrationConfirmation", .inbound = true, HEADER, .record = &layout_confirmation, DEVICES},
    {"INV", .inbound = true, REFERENCE_HEADER, .record = &layout_inventory},
    {"COS", .inbound = true, REFERENCE_HEADER, .record = &layout_cos},
    {"NMM", .inbound = true, REFERENCE_HEADER, .record = &layout_nmm},
    {"PTY", .inbound = true, REFERENCE_HEADER, .record = &layout_party},
    {"INC", HEADER, .record = &inc_record},
};
const size_t layout_n_types = COUNT(layout_types);

const struct file_type *layout_find(const char *code, size_t len)
{
    for (size_t i = 0; i < layout_n_types; i++)
        if (strlen(layout_types[i].code) == len && memcmp(layout_types[i].code, code, len) == 0)
            return &layout_types[i];
    return NULL;
}

char *layout_inbound_codes(const char *joint, const char *last_joint)
{
    const struct file_type *last = NULL;
    GString *codes = g_string_new(NULL);

    for (size_t i = 0; i < layout_n_types; i++)
        if (layout_types[i].inbound)
            last = &layout_types[i];
    for (const struct file_type *type = layout_types; type <= last; type++)
        if (type->inbound)
            g_string_append_printf(codes, "%s%s", codes->len == 0 ? "" : type == last ? last_joint : joint, type->code);
    return g_string_free(codes, FALSE);
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
