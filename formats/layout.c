/*
 * The tables of layouts. The columns of files that arrive stand here; those of files that leave stand in
 * outgoing_columns.h, because the code that fills such a record needs them at compile time.
 */
#include "formats/layout.h"

#include "formats/outgoing_columns.h"
#include "formats/profile.h"

#include <glib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RECORD(letter_, element_, columns_)                                                                            \
    {                                                                                                                  \
        .letter = (letter_), .element = (element_), .n_columns = COUNT(columns_), .columns = (columns_)                \
    }
#define INBOUND(letter_, element_, columns_, fields_)                                                                  \
    {                                                                                                                  \
        .letter = (letter_), .element = (element_), .n_columns = COUNT(columns_), .columns = (columns_),               \
        .n_fields = COUNT(fields_), .fields = (fields_)                                                                \
    }

/* A column of a file that arrives. */
#define REQ(name_, fact_) {.name = (name_), .fact = FACT_##fact_, .required = true},
#define OPT(name_, fact_) {.name = (name_), .fact = FACT_##fact_},

/* A column of a file that leaves. */
enum { NEED_OPTIONAL = false, NEED_REQUIRED = true };
#define OUTGOING(layout, need, name_, fact_) {.name = (name_), .fact = FACT_##fact_, .required = NEED_##need},

#define FITS(columns) _Static_assert(COUNT(columns) <= LAYOUT_MAX_COLUMNS, #columns ": LAYOUT_MAX_COLUMNS is too small")

static const enum fact header_fields[] = {
    [HEADER_SENDER_ID] = FACT_header_sender,         [HEADER_RECIPIENT_ID] = FACT_header_recipient,
    [HEADER_FILE_SEQUENCE] = FACT_header_sequence,   [HEADER_CREATION_DATE_TIME] = FACT_header_created,
    [HEADER_ENVIRONMENT] = FACT_header_environment,  [HEADER_BATCH_ID] = FACT_header_batch,
    [HEADER_RESUBMISSION_OF] = FACT_header_corrects, [HEADER_MODE] = FACT_header_mode,
};
_Static_assert(COUNT(header_fields) == HEADER_FIELDS, "enum header_field");
static const struct layout_column header_columns[] = {FILE_HEADER_COLUMNS(OUTGOING)};
static const struct layout_column reference_header_columns[] = {FILE_HEADER_COLUMNS(OUTGOING) REQ("Mode", header_mode)};
FITS(reference_header_columns);

static const struct layout_record layout_header = INBOUND('H', "Header", header_columns, header_fields);
static const struct layout_record layout_reference_header =
    INBOUND('H', "Header", reference_header_columns, header_fields);

static const enum fact instruction_fields[] = {
    [INSTRUCTION_RECORD_NUMBER] = FACT_record_number,
    [INSTRUCTION_DEVICE_ID] = FACT_device_id,
    [INSTRUCTION_DEVICE_TYPE] = FACT_device_type,
    [INSTRUCTION_MANUFACTURER] = FACT_device_manufacturer,
    [INSTRUCTION_MODEL] = FACT_device_model,
    [INSTRUCTION_FIRMWARE] = FACT_device_firmware,
    [INSTRUCTION_MPXN] = FACT_device_mpxn,
    [INSTRUCTION_CHF_DEVICE_ID] = FACT_device_hub,
    [INSTRUCTION_CSP_REGION] = FACT_device_region,
    [INSTRUCTION_ATTEMPT] = FACT_work_attempt,
};
_Static_assert(COUNT(instruction_fields) == INSTRUCTION_FIELDS, "enum instruction_field");
static const struct layout_column emi_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("DeviceID", device_id)
    REQ("DeviceType", device_type)
    REQ("DeviceManufacturer", device_manufacturer)
    REQ("DeviceModel", device_model)
    REQ("FirmwareVersion", device_firmware)
    OPT("MPxN", device_mpxn)
    OPT("CHFDeviceID", device_hub)
    OPT("CSPRegion", device_region)
    REQ("Attempt", work_attempt)
    /* clang-format on */
};
FITS(emi_columns);
static const struct layout_record layout_instruction = INBOUND('D', "Device", emi_columns, instruction_fields);

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
static const enum fact result_fields[] = {
    [RESULT_RECORD_NUMBER] = FACT_record_number,
    [RESULT_WORK_ITEM_ID] = FACT_work_item,
    [RESULT_DEVICE_ID] = FACT_device_id,
    [RESULT_RESULT] = FACT_result_outcome,
    [RESULT_GBCS_STATUS] = FACT_result_gbcs,
    [RESULT_DUIS_CODE] = FACT_result_duis,
    [RESULT_ALERT_CODE] = FACT_result_alert,
    [RESULT_TRY] = FACT_work_try,
    [RESULT_FIRST_TRY] = FACT_result_first_try,
    [RESULT_LAST_TRY] = FACT_result_last_try,
    [RESULT_ORIGINATOR_COUNTER] = FACT_result_counter,
    [RESULT_EXISTING_SUBJECT_ID] = FACT_result_existing_subject,
    [RESULT_EXISTING_KEY_ID] = FACT_result_existing_key,
    [RESULT_REPLACING_SUBJECT_ID] = FACT_result_replacing_subject,
    [RESULT_REPLACING_KEY_ID] = FACT_result_replacing_key,
};
_Static_assert(COUNT(result_fields) == RESULT_FIELDS, "enum result_field");
static const struct layout_column emt_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("WorkItemId", work_item)
    REQ("DeviceID", device_id)
    REQ("Result", result_outcome)
    OPT("GBCSStatus", result_gbcs)
    OPT("DUISCode", result_duis)
    OPT("AlertCode", result_alert)
    OPT("Try", work_try)
    OPT("FirstTry", result_first_try)
    OPT("LastTry", result_last_try)
    OPT("OriginatorCounter", result_counter)
    OPT("ExistingSubjectId", result_existing_subject)
    OPT("ExistingKeyId", result_existing_key)
    OPT("ReplacingSubjectId", result_replacing_subject)
    OPT("ReplacingKeyId", result_replacing_key)
    /* clang-format on */
};
FITS(emt_columns);
static const struct layout_record layout_result = INBOUND('D', "Device", emt_columns, result_fields);

static const enum fact confirmation_fields[] = {
    [CONFIRMATION_RECORD_NUMBER] = FACT_record_number,  [CONFIRMATION_WORK_ITEM_ID] = FACT_work_item,
    [CONFIRMATION_DEVICE_ID] = FACT_device_id,          [CONFIRMATION_CONFIRMED] = FACT_confirmation_given,
    [CONFIRMATION_CONFIRMED_AT] = FACT_confirmation_at, [CONFIRMATION_SUBJECT_ID] = FACT_confirmation_subject,
    [CONFIRMATION_KEY_ID] = FACT_confirmation_key,      [CONFIRMATION_CODE] = FACT_confirmation_code,
};
_Static_assert(COUNT(confirmation_fields) == CONFIRMATION_FIELDS, "enum confirmation_field");
static const struct layout_column emc_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("WorkItemId", work_item)
    REQ("DeviceID", device_id)
    REQ("Confirmed", confirmation_given)
    OPT("ConfirmedAt", confirmation_at)
    OPT("SubjectId", confirmation_subject)
    OPT("KeyId", confirmation_key)
    OPT("Code", confirmation_code)
    /* clang-format on */
};
FITS(emc_columns);
static const struct layout_record layout_confirmation = INBOUND('D', "Device", emc_columns, confirmation_fields);

static const struct layout_column emo_columns[] = {EMO_COLUMNS(OUTGOING)};
FITS(emo_columns);
static const struct layout_record emo_record = RECORD('D', "Device", emo_columns);

static const struct layout_column inc_columns[] = {INC_COLUMNS(OUTGOING)};
FITS(inc_columns);
static const struct layout_record inc_record = RECORD('D', "Incident", inc_columns);

/* Reference data have the CSV form only, in which every column is present. */
static const enum fact inventory_fields[] = {
    [INVENTORY_RECORD_NUMBER] = FACT_record_number,
    [INVENTORY_ACTION] = FACT_record_action,
    [INVENTORY_DEVICE_ID] = FACT_device_id,
    [INVENTORY_DEVICE_TYPE] = FACT_device_type,
    [INVENTORY_DEVICE_STATUS] = FACT_device_status,
    [INVENTORY_MANUFACTURER] = FACT_device_manufacturer,
    [INVENTORY_MODEL] = FACT_device_model,
    [INVENTORY_FIRMWARE] = FACT_device_firmware,
    [INVENTORY_MPXN] = FACT_device_mpxn,
    [INVENTORY_CHF_DEVICE_ID] = FACT_device_hub,
    [INVENTORY_SUPPLIER_ID] = FACT_supplier_id,
    [INVENTORY_MAP_ID] = FACT_map_id,
    [INVENTORY_CSP_REGION] = FACT_device_region,
    [INVENTORY_INSTALLED_DATE] = FACT_device_installed,
    [INVENTORY_COMMISSIONED_DATE] = FACT_device_commissioned,
    [INVENTORY_CREDENTIALS] = FACT_device_credentials,
    [INVENTORY_PENDING] = FACT_device_pending,
};
_Static_assert(COUNT(inventory_fields) == INVENTORY_FIELDS, "enum inventory_field");
static const struct layout_column inv_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("Action", record_action)
    REQ("DeviceID", device_id)
    OPT("DeviceType", device_type)
    OPT("DeviceStatus", device_status)
    OPT("DeviceManufacturer", device_manufacturer)
    OPT("DeviceModel", device_model)
    OPT("FirmwareVersion", device_firmware)
    OPT("MPxN", device_mpxn)
    OPT("CHFDeviceID", device_hub)
    OPT("SupplierId", supplier_id)
    OPT("MAPId", map_id)
    OPT("CSPRegion", device_region)
    OPT("InstalledDate", device_installed)
    OPT("CommissionedDate", device_commissioned)
    OPT("Credentials", device_credentials)
    OPT("Pending", device_pending)
    /* clang-format on */
};
FITS(inv_columns);
static const struct layout_record layout_inventory = INBOUND('D', "Device", inv_columns, inventory_fields);

static const enum fact cos_fields[] = {
    [COS_RECORD_NUMBER] = FACT_record_number,
    [COS_ACTION] = FACT_record_action,
    [COS_MPXN] = FACT_supply_mpxn,
    [COS_LOSING_SUPPLIER_ID] = FACT_supply_losing,
    [COS_GAINING_SUPPLIER_ID] = FACT_supply_gaining,
    [COS_SUPPLY_START_DATE] = FACT_supply_start,
};
_Static_assert(COUNT(cos_fields) == COS_FIELDS, "enum cos_field");
static const struct layout_column cos_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("Action", record_action)
    REQ("MPxN", supply_mpxn)
    OPT("LosingSupplierId", supply_losing)
    OPT("GainingSupplierId", supply_gaining)
    REQ("SupplyStartDate", supply_start)
    /* clang-format on */
};
FITS(cos_columns);
static const struct layout_record layout_cos = INBOUND('D', "Event", cos_columns, cos_fields);

static const enum fact nmm_fields[] = {
    [NMM_RECORD_NUMBER] = FACT_record_number,
    [NMM_ACTION] = FACT_record_action,
    [NMM_DEVICE_TYPE] = FACT_device_type,
    [NMM_MANUFACTURER] = FACT_device_manufacturer,
    [NMM_MODEL] = FACT_device_model,
    [NMM_FIRMWARE] = FACT_device_firmware,
    [NMM_NON_MIGRATABLE_FROM] = FACT_non_migratable_from,
    [NMM_NON_MIGRATABLE_TO] = FACT_non_migratable_to,
    [NMM_REASON_CODE] = FACT_non_migratable_reason,
    [NMM_FIXED_IN_FIRMWARE] = FACT_non_migratable_fixed_in,
};
_Static_assert(COUNT(nmm_fields) == NMM_FIELDS, "enum nmm_field");
static const struct layout_column nmm_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("Action", record_action)
    REQ("DeviceType", device_type)
    REQ("DeviceManufacturer", device_manufacturer)
    REQ("DeviceModel", device_model)
    OPT("FirmwareVersion", device_firmware)
    REQ("NonMigratableFrom", non_migratable_from)
    OPT("NonMigratableTo", non_migratable_to)
    OPT("ReasonCode", non_migratable_reason)
    OPT("FixedInFirmware", non_migratable_fixed_in)
    /* clang-format on */
};
FITS(nmm_columns);
static const struct layout_record layout_nmm = INBOUND('D', "DeviceModel", nmm_columns, nmm_fields);

static const enum fact party_fields[] = {
    [PARTY_RECORD_NUMBER] = FACT_record_number,
    [PARTY_ACTION] = FACT_record_action,
    [PARTY_PARTY_ID] = FACT_party_id,
    [PARTY_ROLE] = FACT_party_role,
    [PARTY_MPID] = FACT_party_mpid,
    [PARTY_NAME] = FACT_party_name,
    [PARTY_DROP] = FACT_party_drop,
};
_Static_assert(COUNT(party_fields) == PARTY_FIELDS, "enum party_field");
static const struct layout_column pty_columns[] = {
    /* clang-format off */
    REQ("RecordNumber", record_number)
    REQ("Action", record_action)
    REQ("PartyId", party_id)
    REQ("Role", party_role)
    OPT("MPID", party_mpid)
    OPT("Name", party_name)
    OPT("Drop", party_drop)
    /* clang-format on */
};
FITS(pty_columns);
static const struct layout_record layout_party = INBOUND('D', "Party", pty_columns, party_fields);

#define HEADER .header = &layout_header, .profile = &proposal
#define REFERENCE_HEADER .reference = true, .header = &layout_reference_header, .profile = &proposal
#define DEVICES .rows_element = "Devices", .count_element = "DeviceCount"

static const struct profile proposal;

static const struct file_type types[] = {
    {.code = "EMI", .root = "MigrationInstruction", .inbound = true, HEADER, .record = &layout_instruction, DEVICES},
    {.code = "EMA",
     .root = "FileAcknowledgement",
     HEADER,
     .file = &ema_file,
     .record = &ema_finding,
     .count_element = "RowCount"},
    {.code = "EMD", .root = "DeviceResponse", HEADER, .record = &emd_record, DEVICES},
    {.code = "EMW", .root = "WorkOrder", HEADER, .record = &emw_record, DEVICES},
    {.code = "EMO", .root = "MigrationOutcome", HEADER, .record = &emo_record, DEVICES},
    {.code = "EMT", .root = "MigrationResult", .inbound = true, HEADER, .record = &layout_result, DEVICES},
    {.code = "EMC", .root = "MigrationConfirmation", .inbound = true, HEADER, .record = &layout_confirmation, DEVICES},
    {.code = "INV", .inbound = true, REFERENCE_HEADER, .record = &layout_inventory},
    {.code = "COS", .inbound = true, REFERENCE_HEADER, .record = &layout_cos},
    {.code = "NMM", .inbound = true, REFERENCE_HEADER, .record = &layout_nmm},
    {.code = "PTY", .inbound = true, REFERENCE_HEADER, .record = &layout_party},
    {.code = "INC", HEADER, .record = &inc_record},
};

/* ---- reports ---- */

enum { KIND_PLAIN = false, KIND_FREE_TEXT = true };
#define REPORTED(layout, kind, name_, fact_) {.name = (name_), .fact = FACT_##fact_, .text = KIND_##kind},

/* One layout's columns: "REPORT(MAPR)" makes MAPR_columns of MAPR_COLUMNS. */
#define REPORT(layout)                                                                                                 \
    static const struct report_column layout##_columns[] = {layout##_COLUMNS(REPORTED)};                               \
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

#define COLUMNS(layout) "1.0", COUNT(layout##_columns), layout##_columns, &proposal

static const struct report_layout reports[] = {
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
/* ---- the profile ---- */

static const struct profile proposal = {
    .name = "proposal",
    .version = "1.0",
    .namespace = "urn:ecos-gateway:migration:1",
    .version_attribute = "schemaVersion",
    .n_types = COUNT(types),
    .types = types,
    .n_reports = COUNT(reports),
    .reports = reports,
};

const struct profile *profile_builtin(void)
{
    return &proposal;
}

size_t layout_field_of(const struct layout_record *layout, size_t column)
{
    size_t field = LAYOUT_NO_FIELD;

    (void)facts_find(layout->fields, layout->n_fields, layout->columns[column].fact, &field);
    return field;
}

const char *layout_column_of(const struct layout_record *layout, size_t field)
{
    for (size_t i = 0; i < layout->n_columns; i++)
        if (layout->columns[i].fact == layout->fields[field])
            return layout->columns[i].name;
    return NULL;
}

const char *layout_name_of(const struct layout_record *layout, size_t field)
{
    const char *name = layout_column_of(layout, field);

    return name != NULL ? name : fact_entry(layout->fields[field])->name;
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
