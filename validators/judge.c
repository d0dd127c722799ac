#include "validators/judge.h"

#include "formats/eui64.h"
#include "formats/text.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_earlier.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/field_rules.h"
#include "validators/history_rules.h"
#include "validators/name_rules.h"
#include "validators/reference_rules.h"
#include "validators/result_rules.h"
#include "validators/review_rules.h"

#include <inttypes.h>
#include <string.h>

enum { READ_SIZE = 64 * 1024, COUNT_BYTES = 512 /* a Header field: 128 characters */ };

G_DEFINE_QUARK(ecosgate - judge - error, judge_error)

struct content;

struct judging {
    const struct judge_request *request;
    const struct rules *rules;
    const struct content *content;
    struct verdict *verdict;
    struct findings *findings;
    struct device_set *seen;
    struct reader *reader;
    struct ledger_subject subject;
    struct review review; /* of instructions, where there is a ledger */
    enum ledger_reference table;
    uint32_t expected_number; /* RecordNumber of the next record */
    uint32_t last_ordinal;
    struct place count_at;
    char count_text[COUNT_BYTES];
    size_t count_len;
    bool counted;   /* the declared count was there */
    bool cut_short; /* the end was not reached: nothing can be said about totals */
    GError *error;  /* first fault of ledger or callback; ends the reading */
};

static void fail(struct judging *j, GError *error)
{
    if (j->error == NULL)
        j->error = error;
    else
        g_error_free(error);
    reader_stop(j->reader);
}

static enum code code_of(enum fault_kind kind)
{
    static const enum code codes[] = {
        [FAULT_FORM] = B109,        [FAULT_EMPTY] = B110,           [FAULT_TRUNCATED] = B110,
        [FAULT_LIMIT] = B111,       [FAULT_NOT_WELL_FORMED] = B201, [FAULT_ROOT] = B202,
        [FAULT_ELEMENT] = B203,     [FAULT_DOCTYPE] = B204,         [FAULT_ENCODING] = B205,
        [FAULT_TYPE] = B206,        [FAULT_HEADER_RECORD] = B301,   [FAULT_TRAILER_RECORD] = B302,
        [FAULT_FIELD_COUNT] = B303, [FAULT_QUOTING] = B304,
    };
    return codes[kind];
}

static void on_fault(void *user, const struct fault *fault)
{
    struct judging *j = user;

    if (fault->kind == FAULT_TRUNCATED)
        j->cut_short = true;
    findings_add(j->findings,
                 &(struct finding){.code = code_of(fault->kind),
                                   .at = fault->at,
                                   .ordinal = fault->ordinal,
                                   .field = fault->field,
                                   .text = fault->text},
                 fault->value, fault->value_len);
}

static void on_header(void *user, const struct record *record)
{
    struct judging *j = user;
    GError *error = NULL;

    header_rules_judge(j->rules, &j->verdict->filename, j->verdict->name_is_known, record, j->findings,
                       &j->verdict->header);
    if ((j->rules->ledger != NULL &&
         !history_rules_judge_header(j->rules, &j->subject, record, &j->verdict->header, j->findings, &error)) ||
        (j->request->on_header != NULL &&
         !j->request->on_header(j->request->user, j->verdict->filename.type, &j->verdict->header, &error)))
        fail(j, error);
}

static void judge_number(struct judging *j, const struct record *record)
{
    const struct field *number = &record->fields[RECORD_NUMBER_COLUMN];
    uint32_t found = field_number(number, 9);

    /* Records that could not be read bore a number too. */
    j->expected_number += record->ordinal - j->last_ordinal - 1;
    j->last_ordinal = record->ordinal;
    if (found == j->expected_number) {
        j->expected_number++;
        return;
    }
    g_autofree char *text = g_strdup_printf("expected %" PRIu32, j->expected_number);
    findings_add(j->findings,
                 &(struct finding){.code = B305,
                                   .at = number->at.line ? number->at : record->at,
                                   .ordinal = record->ordinal,
                                   .field = layout_instruction.columns[RECORD_NUMBER_COLUMN].name,
                                   .text = text},
                 number->text ? number->text : "", number->len);
    /* After a gap the count goes on from the number found, so that one slip is one finding. */
    j->expected_number = (found ? found : j->expected_number) + 1;
}

static bool hand_on(struct judging *j, const struct row *row, GError **error)
{
    struct verdict *verdict = j->verdict;

    if (!row_has_errors(row))
        verdict->accepted++;
    else if (row_is_deferred(row))
        verdict->deferred++;
    else
        verdict->rejected++;
    return j->request->on_row == NULL || j->request->on_row(j->request->user, row, &verdict->header, error);
}

/* ---- what each type's records are judged by ---- */

/* What the review compares, in one form: hex digits in upper case. NULL where the record's own rules found it wrong. */
static const char *plain(const struct record *record, size_t column, bool good, char *copy)
{
    const struct field *field = &record->fields[column];

    if (!good || field->len == 0)
        return NULL;
    for (size_t i = 0; i < field->len; i++)
        copy[i] = g_ascii_toupper(field->text[i]);
    copy[field->len] = '\0';
    return copy;
}

static const char *plain_hex(const struct record *record, size_t column, size_t digits, char *copy)
{
    return plain(record, column, field_rules_is_hex(&record->fields[column], digits), copy);
}

static bool review_device(struct judging *j, struct device *device, const struct ledger_past *past, GError **error)
{
    const struct record *record = device->row.record;
    bool typed = !row_has_code(&device->row, C104);
    char texts[5][LAYOUT_FIELD_MAX_CHARS * 4 + 1];
    const struct review_subject subject = {
        .device = device->id,
        .type = plain(record, INSTRUCTION_DEVICE_TYPE, typed, texts[0]),
        .manufacturer = plain_hex(record, INSTRUCTION_MANUFACTURER, 4, texts[1]),
        .model = plain_hex(record, INSTRUCTION_MODEL, 8, texts[2]),
        .firmware = plain_hex(record, INSTRUCTION_FIRMWARE, 8, texts[3]),
        .mpxn = plain(record, INSTRUCTION_MPXN, true, texts[4]),
    };

    return review_judge(&j->review, &subject, past, &device->row, j->findings, error);
}

/* Of a Device that an earlier record names already nothing is asked: its work items may be as many as the records. */
static bool past_of(struct judging *j, const struct device *device, struct ledger_past *past, GError **error)
{
    *past = (struct ledger_past){0};
    return row_has_code(&device->row, C102) || ledger_device_past(j->rules->ledger, device->id, past, error);
}

static bool judge_device(struct judging *j, const struct record *record, GError **error)
{
    struct device device;
    struct ledger_past past;

    device_rules_judge(j->rules, j->seen, record, j->findings, &device);
    if (j->rules->ledger != NULL && device.has_id) {
        if (!past_of(j, &device, &past, error))
            return false;
        history_rules_judge_device(j->rules, &past, &device, j->findings);
        if (!review_device(j, &device, &past, error))
            return false;
    }
    j->review.counted += !row_has_errors(&device.row);
    return hand_on(j, &device.row, error);
}

static bool judge_reference(struct judging *j, const struct record *record, GError **error)
{
    struct reference reference;

    return reference_rules_judge(j->rules, j->table, j->verdict->header.mode, j->seen, record, j->findings, &reference,
                                 error) &&
           hand_on(j, &reference.row, error);
}

static bool begin_instruction(struct judging *j, GError **error)
{
    return j->rules->ledger == NULL || review_open(&j->review, j->rules, error);
}

static bool begin_reference(struct judging *j, GError **error)
{
    (void)error; /* the types of the table `contents` that begin so are reference data */
    return reference_rules_table(j->verdict->filename.type, &j->table);
}

static bool judge_result(struct judging *j, const struct record *record, GError **error)
{
    struct result result;
    bool good = result_rules_judge_result(j->rules, j->verdict->header.created, record, j->findings, &result, error) &&
                hand_on(j, &result.row, error);

    result_clear(&result);
    return good;
}

static bool judge_confirmation(struct judging *j, const struct record *record, GError **error)
{
    struct result result;
    bool good = result_rules_judge_confirmation(j->rules, record, j->findings, &result, error) &&
                hand_on(j, &result.row, error);

    result_clear(&result);
    return good;
}

static const struct content {
    const char *type;
    bool (*begin)(struct judging *j, GError **error); /* before the first record; may be NULL */
    bool (*judge)(struct judging *j, const struct record *record, GError **error);
    bool may_be_empty; /* no B306 */
} contents[] = {
    {"EMI", begin_instruction, judge_device, false}, {"EMT", NULL, judge_result, false},
    {"EMC", NULL, judge_confirmation, false},        {"INV", begin_reference, judge_reference, false},
    {"COS", begin_reference, judge_reference, true}, {"NMM", begin_reference, judge_reference, true},
    {"PTY", begin_reference, judge_reference, true},
};

static const struct content *content_of(const struct file_type *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
        if (strcmp(contents[i].type, type->code) == 0)
            return &contents[i];
    }
    return NULL;
}

static void on_record(void *user, const struct record *record)
{
    struct judging *j = user;
    GError *error = NULL;

    judge_number(j, record);
    if (!j->content->judge(j, record, &error))
        fail(j, error);
}

static void on_count(void *user, const struct field *declared)
{
    struct judging *j = user;
    int64_t number = declared->len > 0 && declared->len <= 9 ? 0 : -1;

    j->counted = true;
    j->count_at = declared->at;
    j->count_len = MIN(declared->len, sizeof j->count_text);
    if (j->count_len > 0)
        memcpy(j->count_text, declared->text, j->count_len);
    for (size_t i = 0; number >= 0 && i < declared->len; i++)
        number = g_ascii_isdigit(declared->text[i]) ? number * 10 + (declared->text[i] - '0') : -1;
    j->verdict->declared = number;
}

static void say_empty(struct judging *j, const char *text)
{
    findings_add(j->findings, &(struct finding){.code = B306, .text = text}, NULL, 0);
}

static void judge_totals(struct judging *j)
{
    const struct verdict *verdict = j->verdict;

    if (j->counted && (verdict->declared < 0 || (uint64_t)verdict->declared != verdict->parsed)) {
        g_autofree char *text =
            verdict->declared < 0
                ? g_strdup_printf("expected a whole number, found %" PRIu64 " Device records", verdict->parsed)
                : g_strdup_printf("declared %" PRId64 ", found %" PRIu64, verdict->declared, verdict->parsed);
        findings_add(j->findings,
                     &(struct finding){
                         .code = B208, .at = j->count_at, .field = verdict->filename.type->count_element, .text = text},
                     j->count_text, j->count_len);
    }
    if (verdict->parsed == 0 && !j->content->may_be_empty)
        say_empty(j, "expected at least one Device record, found none");
    else if (verdict->parsed > 0 && verdict->accepted == 0 && j->content->judge == judge_reference)
        say_empty(j, "expected at least one record without errors, found none; what was known before stays");
}

static GError *stopped(void)
{
    return g_error_new_literal(JUDGE_ERROR, JUDGE_ERROR_STOPPED, "stopped while judging; nothing was decided");
}

/* Feeds the reader until the end, a refusal or an error. */
static void read_through(struct judging *j, struct unpack *unpack)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);
    ssize_t n;
    GError *error = NULL;

    while ((n = unpack_read(unpack, buffer, READ_SIZE, &error)) > 0) {
        if (j->request->stop != NULL && *j->request->stop) {
            fail(j, stopped());
            return;
        }
        if (!reader_push(j->reader, buffer, (size_t)n)) {
            j->cut_short = true;
            return;
        }
        if (j->request->on_progress != NULL)
            j->request->on_progress(j->request->user, unpack_packed_bytes_read(unpack));
    }
    if (n == UNPACK_ERROR) {
        fail(j, error);
    } else if (n == UNPACK_REFUSED) {
        j->cut_short = true;
        on_fault(j, unpack_fault(unpack));
    } else if (!reader_finish(j->reader)) {
        j->cut_short = true;
    }
}

static void read_content(struct judging *j)
{
    const struct filename *name = &j->verdict->filename;
    const struct reader_sink sink = {j, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {j->rules->max_devices};
    const char *stem = j->verdict->name_is_known ? j->request->name : NULL;
    struct unpack *unpack = unpack_new(j->request->fd, name->pack, stem, name->stem_len, &j->rules->unpack);

    j->verdict->content_read = true;
    j->content = content_of(name->type);
    j->expected_number = 1;
    j->seen = device_set_new();
    j->reader = reader_new(name->form, name->type, &limits, &sink);
    if (j->content->begin == NULL || j->content->begin(j, &j->error))
        read_through(j, unpack);
    j->verdict->parsed = reader_records(j->reader);
    if (!j->cut_short && j->error == NULL)
        judge_totals(j);
    reader_free(j->reader);
    device_set_free(j->seen);
    unpack_free(unpack);
}

static void conclude(struct verdict *verdict)
{
    const struct findings *findings = verdict->findings;

    if (findings_has_errors(findings, 'b')) {
        verdict->outcome = OUTCOME_RJ;
        verdict->accepted = verdict->deferred = 0;
        verdict->rejected = verdict->parsed;
    } else if (findings_has_errors(findings, 'c')) {
        verdict->outcome = OUTCOME_PA;
    } else {
        verdict->outcome = findings_total(findings) > 0 ? OUTCOME_WN : OUTCOME_AC;
    }
}

static void fill_subject(struct judging *j, const char *escaped, char *sender)
{
    const struct filename *name = &j->verdict->filename;

    j->subject = (struct ledger_subject){.id = j->rules->job, .name = escaped, .sha256 = j->request->sha256};
    if (!j->verdict->name_is_known)
        return;
    eui64_print(name->eui64, sender);
    j->subject.type = name->type->code;
    j->subject.org = name->org;
    j->subject.sender = sender;
    j->subject.sequence = name->sequence;
}

static bool judge_all(struct judging *j, GError **error)
{
    g_autofree char *escaped = text_escape(j->request->name, j->request->name_len, 0);
    struct verdict *verdict = j->verdict;
    char sender[EUI64_TEXT_SIZE];
    bool repeated = false;

    verdict->name_is_known =
        name_rules_judge(j->rules, j->request->name, j->request->name_len, &verdict->filename, j->findings);
    fill_subject(j, escaped, sender);
    if (j->rules->ledger != NULL && !history_rules_judge_name(j->rules, &j->subject, j->findings, &repeated, error))
        return false;
    if (!repeated && verdict->filename.form != FORM_UNKNOWN && verdict->filename.type != NULL &&
        verdict->filename.type->inbound)
        read_content(j);
    if (j->error != NULL) {
        g_propagate_error(error, j->error);
        return false;
    }
    conclude(verdict);
    return true;
}

bool judge_file(const struct judge_request *request, struct verdict *verdict, GError **error)
{
    struct judging j = {.request = request, .rules = request->rules, .verdict = verdict};

    *verdict = (struct verdict){.declared = -1};
    verdict->findings = j.findings = findings_new(request->max_findings);
    if (judge_all(&j, error))
        return true;
    verdict_clear(verdict);
    return false;
}

void verdict_clear(struct verdict *verdict)
{
    findings_free(verdict->findings);
    *verdict = (struct verdict){.declared = -1};
}

const char *outcome_code(enum outcome outcome)
{
    static const char *const codes[] = {"AC", "WN", "PA", "RJ"};

    return codes[outcome];
}

bool verdict_is_of_devices(const struct verdict *verdict)
{
    enum ledger_reference table;

    return verdict->filename.type == NULL || !reference_rules_table(verdict->filename.type, &table);
}

const struct finding *verdict_deciding(const struct verdict *verdict)
{
    switch (verdict->outcome) {
    case OUTCOME_RJ:
        return findings_first(verdict->findings, 'b', false);
    case OUTCOME_PA:
        return findings_first(verdict->findings, 'c', false);
    case OUTCOME_WN:
        return findings_kept(verdict->findings) ? findings_at(verdict->findings, 0) : NULL;
    case OUTCOME_AC:
        break;
    }
    return NULL;
}

/* Rules about what a file's records are about, which only a ledger knows. */
static const enum code *need_past(const struct file_type *type, size_t *n)
{
    static const enum code devices[] = {C103, C105, C106, C107, C108, C109, C110, C111, C112, C114, C115, C116};
    static const enum code results[] = {C118, C119, C121};
    static const enum code reference[] = {C119};
    const struct content *content = type != NULL ? content_of(type) : NULL;
    enum ledger_reference table;

    if (content != NULL && (content->judge == judge_result || content->judge == judge_confirmation)) {
        *n = G_N_ELEMENTS(results);
        return results;
    }
    if (type != NULL && reference_rules_table(type, &table)) {
        *n = G_N_ELEMENTS(reference);
        return reference;
    }
    *n = G_N_ELEMENTS(devices);
    return devices;
}

void judge_each_not_judged(const struct rules *rules, const struct file_type *type,
                           void (*visit)(void *user, const char *code), void *user)
{
    static const enum code need_identity[] = {B103, B207};
    static const enum code need_ledger[] = {B105, B106, B107, B108, B112, B210};
    bool missing[CODE_COUNT] = {false};
    size_t n;
    const enum code *past = need_past(type, &n);

    for (size_t i = 0; rules->identity == NULL && i < G_N_ELEMENTS(need_identity); i++)
        missing[need_identity[i]] = true;
    for (size_t i = 0; rules->ledger == NULL && i < G_N_ELEMENTS(need_ledger); i++)
        missing[need_ledger[i]] = true;
    for (size_t i = 0; rules->ledger == NULL && i < n; i++)
        missing[past[i]] = true;
    for (size_t code = 0; code < CODE_COUNT; code++) {
        if (missing[code])
            visit(user, catalogue_entry((enum code)code)->id);
    }
}
