/*
 * The tables. Of records that arrive the facts stand here, in the order of the enums of layout.h; those of records that
 * leave are the lists of outgoing_facts.h.
 */
#include "formats/record_kinds.h"

#include "formats/layout.h"
#include "formats/outgoing_facts.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- records that arrive ---- */

#define FIELD_FACT(field, need, fact) [field] = FACT_##fact,
#define FIELD_NEED(field, need, fact) [field] = FACT_##need,

/* INBOUND(cos, COS_TAKES) makes cos_kind of the list COS_TAKES. */
#define INBOUND(name, list)                                                                                            \
    static const enum fact name##_facts[] = {list(FIELD_FACT)};                                                        \
    static const enum fact_need name##_needs[] = {list(FIELD_NEED)};                                                   \
    static const struct record_kind name##_kind = {COUNT(name##_facts), name##_facts, name##_needs}

#define HEADER_TAKES(FIELD)                                                                                            \
    FIELD(HEADER_SENDER_ID, SUPPLIED, header_sender)                                                                   \
    FIELD(HEADER_RECIPIENT_ID, SUPPLIED, header_recipient)                                                             \
    FIELD(HEADER_FILE_SEQUENCE, SUPPLIED, header_sequence)                                                             \
    FIELD(HEADER_CREATION_DATE_TIME, SUPPLIED, header_created)                                                         \
    FIELD(HEADER_ENVIRONMENT, SUPPLIED, header_environment)                                                            \
    FIELD(HEADER_BATCH_ID, SUPPLIED, header_batch)                                                                     \
    FIELD(HEADER_RESUBMISSION_OF, OPTIONAL, header_corrects)                                                           \
    FIELD(HEADER_MODE, OPTIONAL, header_mode)
INBOUND(header, HEADER_TAKES);
_Static_assert(COUNT(header_facts) == HEADER_FIELDS, "enum header_field");

/* Of reference data: a file must say whether it replaces all data or changes some. */
#define REFERENCE_HEADER_TAKES(FIELD)                                                                                  \
    FIELD(HEADER_SENDER_ID, SUPPLIED, header_sender)                                                                   \
    FIELD(HEADER_RECIPIENT_ID, SUPPLIED, header_recipient)                                                             \
    FIELD(HEADER_FILE_SEQUENCE, SUPPLIED, header_sequence)                                                             \
    FIELD(HEADER_CREATION_DATE_TIME, SUPPLIED, header_created)                                                         \
    FIELD(HEADER_ENVIRONMENT, SUPPLIED, header_environment)                                                            \
    FIELD(HEADER_BATCH_ID, SUPPLIED, header_batch)                                                                     \
    FIELD(HEADER_RESUBMISSION_OF, OPTIONAL, header_corrects)                                                           \
    FIELD(HEADER_MODE, SUPPLIED, header_mode)
INBOUND(reference_header, REFERENCE_HEADER_TAKES);
_Static_assert(COUNT(reference_header_facts) == HEADER_FIELDS, "enum header_field");

#define INSTRUCTION_TAKES(FIELD)                                                                                       \
    FIELD(INSTRUCTION_RECORD_NUMBER, SUPPLIED, record_number)                                                          \
    FIELD(INSTRUCTION_DEVICE_ID, NEEDED, device_id)                                                                    \
    FIELD(INSTRUCTION_DEVICE_TYPE, NEEDED, device_type)                                                                \
    FIELD(INSTRUCTION_MANUFACTURER, NEEDED, device_manufacturer)                                                       \
    FIELD(INSTRUCTION_MODEL, NEEDED, device_model)                                                                     \
    FIELD(INSTRUCTION_FIRMWARE, NEEDED, device_firmware)                                                               \
    FIELD(INSTRUCTION_MPXN, NEEDED, device_mpxn)                                                                       \
    FIELD(INSTRUCTION_CHF_DEVICE_ID, NEEDED, device_hub)                                                               \
    FIELD(INSTRUCTION_CSP_REGION, OPTIONAL, device_region)                                                             \
    FIELD(INSTRUCTION_ATTEMPT, SUPPLIED, work_attempt)
INBOUND(instruction, INSTRUCTION_TAKES);
_Static_assert(COUNT(instruction_facts) == INSTRUCTION_FIELDS, "enum instruction_field");

#define RESULT_TAKES(FIELD)                                                                                            \
    FIELD(RESULT_RECORD_NUMBER, SUPPLIED, record_number)                                                               \
    FIELD(RESULT_WORK_ITEM_ID, NEEDED, work_item)                                                                      \
    FIELD(RESULT_DEVICE_ID, NEEDED, device_id)                                                                         \
    FIELD(RESULT_RESULT, NEEDED, result_outcome)                                                                       \
    FIELD(RESULT_GBCS_STATUS, OPTIONAL, result_gbcs)                                                                   \
    FIELD(RESULT_DUIS_CODE, OPTIONAL, result_duis)                                                                     \
    FIELD(RESULT_ALERT_CODE, OPTIONAL, result_alert)                                                                   \
    FIELD(RESULT_TRY, NEEDED, work_try)                                                                                \
    FIELD(RESULT_FIRST_TRY, OPTIONAL, result_first_try)                                                                \
    FIELD(RESULT_LAST_TRY, OPTIONAL, result_last_try)                                                                  \
    FIELD(RESULT_ORIGINATOR_COUNTER, OPTIONAL, result_counter)                                                         \
    FIELD(RESULT_EXISTING_SUBJECT_ID, OPTIONAL, result_existing_subject)                                               \
    FIELD(RESULT_EXISTING_KEY_ID, OPTIONAL, result_existing_key)                                                       \
    FIELD(RESULT_REPLACING_SUBJECT_ID, NEEDED, result_replacing_subject)                                               \
    FIELD(RESULT_REPLACING_KEY_ID, NEEDED, result_replacing_key)
INBOUND(result, RESULT_TAKES);
_Static_assert(COUNT(result_facts) == RESULT_FIELDS, "enum result_field");

#define CONFIRMATION_TAKES(FIELD)                                                                                      \
    FIELD(CONFIRMATION_RECORD_NUMBER, SUPPLIED, record_number)                                                         \
    FIELD(CONFIRMATION_WORK_ITEM_ID, NEEDED, work_item)                                                                \
    FIELD(CONFIRMATION_DEVICE_ID, NEEDED, device_id)                                                                   \
    FIELD(CONFIRMATION_CONFIRMED, NEEDED, confirmation_given)                                                          \
    FIELD(CONFIRMATION_CONFIRMED_AT, OPTIONAL, confirmation_at)                                                        \
    FIELD(CONFIRMATION_SUBJECT_ID, NEEDED, confirmation_subject)                                                       \
    FIELD(CONFIRMATION_KEY_ID, NEEDED, confirmation_key)                                                               \
    FIELD(CONFIRMATION_CODE, OPTIONAL, confirmation_code)
INBOUND(confirmation, CONFIRMATION_TAKES);
_Static_assert(COUNT(confirmation_facts) == CONFIRMATION_FIELDS, "enum confirmation_field");

#define INVENTORY_TAKES(FIELD)                                                                                         \
    FIELD(INVENTORY_RECORD_NUMBER, SUPPLIED, record_number)                                                            \
    FIELD(INVENTORY_ACTION, SUPPLIED, record_action)                                                                   \
    FIELD(INVENTORY_DEVICE_ID, NEEDED, device_id)                                                                      \
    FIELD(INVENTORY_DEVICE_TYPE, NEEDED, device_type)                                                                  \
    FIELD(INVENTORY_DEVICE_STATUS, NEEDED, device_status)                                                              \
    FIELD(INVENTORY_MANUFACTURER, OPTIONAL, device_manufacturer)                                                       \
    FIELD(INVENTORY_MODEL, OPTIONAL, device_model)                                                                     \
    FIELD(INVENTORY_FIRMWARE, OPTIONAL, device_firmware)                                                               \
    FIELD(INVENTORY_MPXN, OPTIONAL, device_mpxn)                                                                       \
    FIELD(INVENTORY_CHF_DEVICE_ID, OPTIONAL, device_hub)                                                               \
    FIELD(INVENTORY_SUPPLIER_ID, OPTIONAL, supplier_id)                                                                \
    FIELD(INVENTORY_MAP_ID, OPTIONAL, map_id)                                                                          \
    FIELD(INVENTORY_CSP_REGION, OPTIONAL, device_region)                                                               \
    FIELD(INVENTORY_INSTALLED_DATE, OPTIONAL, device_installed)                                                        \
    FIELD(INVENTORY_COMMISSIONED_DATE, OPTIONAL, device_commissioned)                                                  \
    FIELD(INVENTORY_CREDENTIALS, NEEDED, device_credentials)                                                           \
    FIELD(INVENTORY_PENDING, OPTIONAL, device_pending)
INBOUND(inventory, INVENTORY_TAKES);
_Static_assert(COUNT(inventory_facts) == INVENTORY_FIELDS, "enum inventory_field");

#define COS_TAKES(FIELD)                                                                                               \
    FIELD(COS_RECORD_NUMBER, SUPPLIED, record_number)                                                                  \
    FIELD(COS_ACTION, SUPPLIED, record_action)                                                                         \
    FIELD(COS_MPXN, NEEDED, supply_mpxn)                                                                               \
    FIELD(COS_LOSING_SUPPLIER_ID, OPTIONAL, supply_losing)                                                             \
    FIELD(COS_GAINING_SUPPLIER_ID, NEEDED, supply_gaining)                                                             \
    FIELD(COS_SUPPLY_START_DATE, NEEDED, supply_start)
INBOUND(cos, COS_TAKES);
_Static_assert(COUNT(cos_facts) == COS_FIELDS, "enum cos_field");

#define NMM_TAKES(FIELD)                                                                                               \
    FIELD(NMM_RECORD_NUMBER, SUPPLIED, record_number)                                                                  \
    FIELD(NMM_ACTION, SUPPLIED, record_action)                                                                         \
    FIELD(NMM_DEVICE_TYPE, NEEDED, device_type)                                                                        \
    FIELD(NMM_MANUFACTURER, NEEDED, device_manufacturer)                                                               \
    FIELD(NMM_MODEL, NEEDED, device_model)                                                                             \
    FIELD(NMM_FIRMWARE, OPTIONAL, device_firmware)                                                                     \
    FIELD(NMM_NON_MIGRATABLE_FROM, NEEDED, non_migratable_from)                                                        \
    FIELD(NMM_NON_MIGRATABLE_TO, OPTIONAL, non_migratable_to)                                                          \
    FIELD(NMM_REASON_CODE, OPTIONAL, non_migratable_reason)                                                            \
    FIELD(NMM_FIXED_IN_FIRMWARE, OPTIONAL, non_migratable_fixed_in)
INBOUND(nmm, NMM_TAKES);
_Static_assert(COUNT(nmm_facts) == NMM_FIELDS, "enum nmm_field");

#define PARTY_TAKES(FIELD)                                                                                             \
    FIELD(PARTY_RECORD_NUMBER, SUPPLIED, record_number)                                                                \
    FIELD(PARTY_ACTION, SUPPLIED, record_action)                                                                       \
    FIELD(PARTY_PARTY_ID, NEEDED, party_id)                                                                            \
    FIELD(PARTY_ROLE, NEEDED, party_role)                                                                              \
    FIELD(PARTY_MPID, NEEDED, party_mpid)                                                                              \
    FIELD(PARTY_NAME, OPTIONAL, party_name)                                                                            \
    FIELD(PARTY_DROP, OPTIONAL, party_drop)
INBOUND(party, PARTY_TAKES);
_Static_assert(COUNT(party_facts) == PARTY_FIELDS, "enum party_field");

/* ---- records that leave ---- */

#define GIVEN_FACT(record, need, fact) FACT_##fact,
#define GIVEN_NEED(record, need, fact) FACT_##need,

/* OUTGOING(EMW) makes EMW_kind of the list EMW_GIVES. */
#define OUTGOING(name)                                                                                                 \
    static const enum fact name##_facts[] = {name##_GIVES(GIVEN_FACT)};                                                \
    static const enum fact_need name##_needs[] = {name##_GIVES(GIVEN_NEED)};                                           \
    static const struct record_kind name##_kind = {COUNT(name##_facts), name##_facts, name##_needs}

OUTGOING(FILE_HEADER);
OUTGOING(EMA_FILE);
OUTGOING(EMA_FINDING);
OUTGOING(EMD);
OUTGOING(EMW);
OUTGOING(EMO);
OUTGOING(INC);
OUTGOING(ECOSMIG_001);
OUTGOING(ECOSMIG_002);
OUTGOING(ECOSMIG_003);
OUTGOING(ECOSMIG_004);
OUTGOING(ECOSMIG_005);
OUTGOING(ECOSMIG_006);
OUTGOING(STRAND);
OUTGOING(NMDM);
OUTGOING(MGMT);
OUTGOING(MAPR);

/* ---- types and reports ---- */

#define ARRIVES .inbound = true, .row_letter = 'D'
#define REFERENCE ARRIVES, .reference = true, .header = &reference_header_kind
#define LEAVES .header = &FILE_HEADER_kind

const struct type_kind type_kinds[] = {
    {.code = "EMI", ARRIVES, .header = &header_kind, .row = &instruction_kind, .keeps = true},
    {.code = "EMA", LEAVES, .file = &EMA_FILE_kind, .row = &EMA_FINDING_kind, .row_letter = 'E', .answers = true},
    {.code = "EMD", LEAVES, .row = &EMD_kind, .row_letter = 'D', .passes = true, .answers = true, .answered = "EMI"},
    {.code = "EMW", LEAVES, .row = &EMW_kind, .row_letter = 'D', .passes = true},
    {.code = "EMO", LEAVES, .row = &EMO_kind, .row_letter = 'D', .passes = true, .answers = true, .answered = "EMI"},
    {.code = "EMT", ARRIVES, .header = &header_kind, .row = &result_kind},
    {.code = "EMC", ARRIVES, .header = &header_kind, .row = &confirmation_kind},
    {.code = "INV", REFERENCE, .row = &inventory_kind},
    {.code = "COS", REFERENCE, .row = &cos_kind},
    {.code = "NMM", REFERENCE, .row = &nmm_kind},
    {.code = "PTY", REFERENCE, .row = &party_kind},
    {.code = "INC", LEAVES, .row = &INC_kind, .row_letter = 'D'},
};
const size_t n_type_kinds = COUNT(type_kinds);

const struct report_record report_records[] = {
    {"ECOSMIG-001", &ECOSMIG_001_kind},
    {"ECOSMIG-002", &ECOSMIG_002_kind},
    {"ECOSMIG-003", &ECOSMIG_003_kind},
    {"ECOSMIG-004", &ECOSMIG_004_kind},
    {"ECOSMIG-005", &ECOSMIG_005_kind},
    {"ECOSMIG-006", &ECOSMIG_006_kind},
    {"STRAND", &STRAND_kind},
    {"NMDM", &NMDM_kind},
    {"MGMT", &MGMT_kind},
    {"MAPR", &MAPR_kind},
};
const size_t n_report_records = COUNT(report_records);

const struct type_kind *type_kind_of(const char *code)
{
    for (size_t i = 0; i < n_type_kinds; i++)
        if (strcmp(type_kinds[i].code, code) == 0)
            return &type_kinds[i];
    return NULL;
}

bool type_kind_answers(const struct type_kind *answer, const char *type)
{
    return answer->answers && (answer->answered == NULL || strcmp(answer->answered, type) == 0);
}

bool record_kind_has(const struct record_kind *kind, enum fact fact)
{
    size_t at;

    return facts_find(kind->facts, kind->n, fact, &at);
}
