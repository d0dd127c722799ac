/*
 * What judging does with the records of each inbound file type. judge.c calls `begin` once and `judge` for each record,
 * through the table that inbound_types.def fills. Which codes need a ledger stands here too, as it follows from the
 * same rules.
 */
#include "validators/judge_private.h"

#include "formats/eui64.h"
#include "spool/ledger/ledger_devices.h"
#include "validators/rules/field_rules.h"
#include "validators/rules/history_rules.h"
#include "validators/rules/reference_rules.h"
#include "validators/rules/result_rules.h"

#include <string.h>

/* ---- instructions (EMI) ---- */

/* Room for each value of struct review_subject: a field at its limit, each character of 4 bytes. */
enum { SUBJECT_TEXTS = 6, SUBJECT_TEXT_SIZE = LAYOUT_FIELD_MAX_CHARS * 4 + 1 };

/* A field as the review compares it: hex digits in upper case. NULL if it is empty or malformed. */
static const char *comparable(const struct record *record, size_t column, bool well_formed, char *copy)
{
    const struct field *field = &record->fields[column];

    if (!well_formed || field->len == 0)
        return NULL;
    for (size_t i = 0; i < field->len; i++)
        copy[i] = g_ascii_toupper(field->text[i]);
    copy[field->len] = '\0';
    return copy;
}

static const char *comparable_hex(const struct record *record, size_t column, size_t digits, char *copy)
{
    return comparable(record, column, field_rules_is_hex(&record->fields[column], digits), copy);
}

static bool review_device(struct judging *j, struct device *device, const struct ledger_earlier_work *past,
                          GError **error)
{
    const struct record *record = device->row.record;
    bool typed = !row_has_code(&device->row, C104);
    const struct field *hub = &record->fields[INSTRUCTION_CHF_DEVICE_ID];
    uint64_t hub_id = 0;
    char texts[SUBJECT_TEXTS][SUBJECT_TEXT_SIZE];
    const struct review_subject subject = {
        .device = device->id,
        .type = comparable(record, INSTRUCTION_DEVICE_TYPE, typed, texts[0]),
        .manufacturer = comparable_hex(record, INSTRUCTION_MANUFACTURER, 4, texts[1]),
        .model = comparable_hex(record, INSTRUCTION_MODEL, 8, texts[2]),
        .firmware = comparable_hex(record, INSTRUCTION_FIRMWARE, 8, texts[3]),
        .mpxn = comparable(record, INSTRUCTION_MPXN, !row_has_code(&device->row, C113), texts[4]),
        .hub = eui64_parse(hub->text, hub->len, &hub_id) ? hub_id : 0,
        .region = comparable(record, INSTRUCTION_CSP_REGION, true, texts[5]),
    };

    return review_judge(&j->review, &subject, past, &device->row, error);
}

/* A Device that an earlier record of the file names already is not looked up again: a file may name one Device a
 * million times, and each look-up would read the work items of all records before it. */
static bool past_of(struct judging *j, const struct device *device, struct ledger_earlier_work *past, GError **error)
{
    const struct rules *rules = j->file.rules;

    *past = (struct ledger_earlier_work){0};
    return row_has_code(&device->row, C102) || ledger_earlier_work(rules->ledger, device->id, rules->now, past, error);
}

static bool begin_instruction(struct judging *j, GError **error)
{
    return j->file.rules->ledger == NULL || review_open(&j->review, j->file.rules, error);
}

static bool judge_device(struct judging *j, const struct record *record, GError **error)
{
    struct device device;
    struct ledger_earlier_work past;

    device_rules_judge(&j->file, record, &device);
    if (j->file.rules->ledger != NULL && device.has_id) {
        if (!past_of(j, &device, &past, error))
            return false;
        history_rules_judge_device(&past, &device);
        if (!review_device(j, &device, &past, error))
            return false;
    } else if (device.has_id) {
        review_judge_closing(j->file.rules, &device.row);
    }
    j->review.counted += !row_has_errors(&device.row); /* for the daily limit (C116) of the records that follow */
    return judge_count_and_pass_on(j, &device.row, error);
}

/* ---- results and confirmations (EMT, EMC) ---- */

static bool begin_nothing(struct judging *j, GError **error)
{
    (void)j, (void)error; /* the rules of results need no preparation */
    return true;
}

static bool judge_result(struct judging *j, const struct record *record, GError **error)
{
    struct result result;
    bool good =
        result_rules_judge_result(&j->file, record, &result, error) && judge_count_and_pass_on(j, &result.row, error);

    result_clear(&result);
    return good;
}

static bool judge_confirmation(struct judging *j, const struct record *record, GError **error)
{
    struct result result;
    bool good = result_rules_judge_confirmation(&j->file, record, &result, error) &&
                judge_count_and_pass_on(j, &result.row, error);

    result_clear(&result);
    return good;
}

/* ---- reference data (INV, COS, NMM, PTY) ---- */

static bool begin_reference(struct judging *j, GError **error)
{
    (void)error; /* a type that begins like this has a table */
    return reference_rules_table(j->verdict->filename.type, &j->table);
}

static bool judge_reference(struct judging *j, const struct record *record, GError **error)
{
    struct reference reference;

    return reference_rules_judge(&j->file, j->table, record, &reference, error) &&
           judge_count_and_pass_on(j, &reference.row, error);
}

/* ---- the table ---- */

static const struct inbound_type inbound_types[] = {
#define INBOUND_TYPE(code, about, begin, judge, take, may_be_empty) {#code, about, begin, judge, may_be_empty},
#include "validators/inbound_types.def"
#undef INBOUND_TYPE
};

const struct inbound_type *judge_inbound_type(const struct file_type *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(inbound_types); i++) {
        if (strcmp(inbound_types[i].code, type->code) == 0)
            return &inbound_types[i];
    }
    return NULL;
}

/* ---- what needs a ledger or a configuration ---- */

/* The codes about single records that only a ledger can tell, of at least one of their causes: C104 also says that a
 * type is out of scope, which needs none. `types`: the types of files that have the code; "": all of that kind. */
struct needs_ledger {
    enum code code;
    enum inbound_about about;
    const char *types;
};

static const struct needs_ledger need_ledger_records[] = {
    {C103, ABOUT_DEVICES, ""},   {C104, ABOUT_DEVICES, ""},      {C105, ABOUT_DEVICES, ""},
    {C106, ABOUT_DEVICES, ""},   {C107, ABOUT_DEVICES, ""},      {C108, ABOUT_DEVICES, ""},
    {C109, ABOUT_DEVICES, ""},   {C110, ABOUT_DEVICES, ""},      {C111, ABOUT_DEVICES, ""},
    {C112, ABOUT_DEVICES, ""},   {C114, ABOUT_DEVICES, ""},      {C115, ABOUT_DEVICES, ""},
    {C116, ABOUT_DEVICES, ""},   {C125, ABOUT_DEVICES, ""},      {C118, ABOUT_WORK, ""},
    {C119, ABOUT_WORK, ""},      {C120, ABOUT_WORK, ""},         {C121, ABOUT_WORK, ""},
    {C119, ABOUT_REFERENCE, ""}, {C120, ABOUT_REFERENCE, "PTY"}, {C124, ABOUT_REFERENCE, "COS"},
};

static bool needs_ledger(const struct needs_ledger *rule, const struct file_type *type)
{
    const struct inbound_type *inbound = type != NULL ? judge_inbound_type(type) : NULL;

    return rule->about == (inbound != NULL ? inbound->about : ABOUT_DEVICES) &&
           (*rule->types == '\0' || strcmp(rule->types, type->code) == 0);
}

void judge_each_not_judged(const struct rules *rules, const struct file_type *type,
                           void (*visit)(void *user, const char *code), void *user)
{
    static const enum code need_identity[] = {B103, B207};
    static const enum code need_ledger[] = {B105, B106, B107, B108, B112, B113, B210};
    bool missing[CODE_COUNT] = {false};

    for (size_t i = 0; rules->identity == NULL && i < G_N_ELEMENTS(need_identity); i++)
        missing[need_identity[i]] = true;
    missing[B209] = rules->identity == NULL && rules->trust == NULL;
    missing[C122] = rules->identity == NULL && (type == NULL || judge_inbound_type(type)->about == ABOUT_DEVICES);
    for (size_t i = 0; rules->ledger == NULL && i < G_N_ELEMENTS(need_ledger); i++)
        missing[need_ledger[i]] = true;
    for (size_t i = 0; rules->ledger == NULL && i < G_N_ELEMENTS(need_ledger_records); i++)
        missing[need_ledger_records[i].code] |= needs_ledger(&need_ledger_records[i], type);
    for (size_t code = 0; code < CODE_COUNT; code++) {
        if (missing[code])
            visit(user, catalogue_entry((enum code)code)->id);
    }
}
