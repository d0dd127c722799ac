/*
 * One file from its name to its verdict. The reading (formats/reading.h) calls back for the header, each record, the
 * declared count and each fault; what it calls a fault becomes a code here (code_of). Records are judged in
 * judge_records.c.
 *
 * Reading goes on after a wrong name if its type and form can be guessed, so that one answer tells the sender
 * everything. It ends early only if the file is one that came before (B105), cannot be read on, or would cost too much
 * (the reader's limits, B111).
 */
#include "validators/judge_private.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/reading.h"
#include "formats/text.h"
#include "spool/ledger/ledger_numbering.h"
#include "validators/rules/history_rules.h"
#include "validators/rules/name_rules.h"
#include "validators/profile_choice.h"
#include "validators/rules/sender_rules.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

G_DEFINE_QUARK(ecosgate - judge - error, judge_error)

bool judge_stopped(GError **error)
{
    g_set_error_literal(error, JUDGE_ERROR, JUDGE_ERROR_STOPPED, "stopped while judging; nothing was decided");
    return false;
}

/* ---- what the reader reports ---- */

/* Keeps the first error and ends the reading: callbacks of the reader have no result of their own. */
static void fail(struct judging *j, GError *error)
{
    if (j->error == NULL)
        j->error = error;
    else
        g_error_free(error);
    if (j->reading != NULL)
        reading_stop(j->reading);
}

/* The code for each kind of fault that a reader finds. */
static enum code code_of(enum fault_kind kind)
{
    static const enum code codes[] = {
        [FAULT_FORM] = B109,       [FAULT_EMPTY] = B110,           [FAULT_TRUNCATED] = B110,
        [FAULT_LIMIT] = B111,      [FAULT_NOT_WELL_FORMED] = B201, [FAULT_ROOT] = B202,
        [FAULT_ELEMENT] = B203,    [FAULT_DOCTYPE] = B204,         [FAULT_ENCODING] = B205,
        [FAULT_TYPE] = B206,       [FAULT_HEADER_RECORD] = B301,   [FAULT_TRAILER_RECORD] = B302,
        [FAULT_CUT_RECORD] = B302, [FAULT_FIELD_COUNT] = B303,     [FAULT_QUOTING] = B304,
    };
    return codes[kind];
}

static void on_fault(void *user, const struct fault *fault)
{
    struct judging *j = user;

    if (fault->kind == FAULT_TRUNCATED || fault->kind == FAULT_CUT_RECORD)
        j->cut_short = true;
    findings_add(j->file.findings,
                 &(struct finding){.code = code_of(fault->kind),
                                   .at = fault->at,
                                   .ordinal = fault->ordinal,
                                   .field = fault->field,
                                   .text = fault->text},
                 fault->value, fault->value_len);
}

/* Whether nothing in such files differs from one to the next. Then a list that did not change has the same bytes again.
 */
static bool is_headless(const struct filename *name)
{
    return !layout_header_has(name->type, name->form, HEADER_FILE_SEQUENCE) &&
           !layout_header_has(name->type, name->form, HEADER_CREATION_DATE_TIME) &&
           !layout_header_has(name->type, name->form, HEADER_BATCH_ID);
}

/* How the ledger is asked about earlier files: by sender, type and number, as far as they are known. Outside the
 * grammar only the name itself can be compared. */
static void fill_subject(struct judging *j)
{
    const struct filename *name = &j->verdict->filename;

    if (!j->verdict->name_is_known)
        return;
    j->subject.local = !filename_tells(name, NAME_ORG) && !filename_tells(name, NAME_EUI64);
    j->subject.headless = is_headless(name);
    j->subject.again = filename_precision(name) == 0 && !filename_tells(name, NAME_SEQUENCE);
    if (name->org[0] == '\0' || name->eui64 == 0)
        return;
    eui64_print(name->eui64, j->sender);
    j->subject.type = name->type->code;
    j->subject.org = name->org;
    j->subject.sender = j->sender;
    j->subject.sequence = name->sequence;
}

/* The header may tell sender and number where the name does not. Then they are judged now. */
static bool judge_sender(struct judging *j, const struct record *record, GError **error)
{
    struct history history = {0};

    if (!j->verdict->name_is_known || !sender_rules_judge_header(&j->file, record, &j->verdict->filename))
        return true;
    fill_subject(j);
    if (j->file.rules->ledger == NULL || j->subject.type == NULL)
        return true;
    if (!history_rules_judge_number(&j->file, &j->subject, &history, error))
        return false;
    j->verdict->numbering = history.numbering;
    j->verdict->wraps = history.wraps;
    return true;
}

static void on_header(void *user, const struct record *record)
{
    struct judging *j = user;
    GError *error = NULL;

    header_rules_judge(&j->file, record, &j->verdict->header);
    if (!judge_sender(j, record, &error) ||
        (j->file.rules->ledger != NULL &&
         !history_rules_judge_header(&j->file, &j->subject, record, &j->verdict->corrects, &error)) ||
        (j->request->on_header != NULL &&
         !j->request->on_header(j->request->user, j->verdict->filename.type, &j->verdict->header, &error)))
        fail(j, error);
}

/* B305: RecordNumber counts up from 1 without a gap. A format without this column has nothing to be wrong. */
static void judge_number(struct judging *j, const struct record *record)
{
    const struct field *number = &record->fields[RECORD_NUMBER_FIELD];
    uint32_t found = field_number(number, 9);

    /* Records between this one and the last could not be read; each had a number too. */
    j->expected_number += record->ordinal - j->last_ordinal - 1;
    j->last_ordinal = record->ordinal;
    if (found == j->expected_number ||
        layout_column_of(j->verdict->filename.type->record, RECORD_NUMBER_FIELD) == NULL) {
        j->expected_number++;
        return;
    }
    g_autofree char *text = g_strdup_printf("expected %" PRIu32, j->expected_number);
    findings_add(j->file.findings,
                 &(struct finding){.code = B305,
                                   .at = number->at.line ? number->at : record->at,
                                   .ordinal = record->ordinal,
                                   .field = layout_column_of(j->verdict->filename.type->record, RECORD_NUMBER_FIELD),
                                   .text = text},
                 number->text ? number->text : "", number->len);
    /* After a gap the count goes on from the number found, so that one slip is one finding. */
    j->expected_number = (found ? found : j->expected_number) + 1;
}

bool judge_count_and_pass_on(struct judging *j, const struct row *row, GError **error)
{
    struct verdict *verdict = j->verdict;

    if (!row_has_errors(row))
        verdict->accepted++;
    else if (row_is_deferred(row))
        verdict->deferred++;
    else
        verdict->rejected++;
    return j->request->on_row == NULL || j->request->on_row(j->request->user, verdict->filename.type, row, error);
}

static void on_record(void *user, const struct record *record)
{
    struct judging *j = user;
    GError *error = NULL;

    judge_number(j, record);
    if (!j->type->judge(j, record, &error))
        fail(j, error);
}

/* The id of the Device that the record is about, so that it is read once; 0: it has none, or that one. */
static uint64_t on_ahead(void *user, const struct record *record)
{
    const struct judging *j = user;
    const struct field *id = &record->fields[INSTRUCTION_DEVICE_ID];
    uint64_t device = 0;

    if (j->type->about == ABOUT_DEVICES && eui64_parse(id->text, id->len, &device))
        device_set_expect(j->file.seen, device);
    return device;
}

/* The count that the file states: DeviceCount of XML, the trailer of CSV. More than 9 digits is no number, as no file
 * may have so many records. */
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

static void add_empty(struct judging *j, const char *text)
{
    findings_add(j->file.findings, &(struct finding){.code = B306, .text = text}, NULL, 0);
}

/* What the sender's format calls the number that the file declares. */
static const char *count_name(const struct file_type *type)
{
    return type->count_element != NULL || type->cells == NULL ? type->count_element : type->cells->count;
}

/* B208 and B306. A file of reference data whose records are all wrong is refused as if it were empty: one slip in all
 * of them (a new status, another notation) must not empty a table. */
static void judge_totals(struct judging *j)
{
    const struct verdict *verdict = j->verdict;

    if (j->counted && (verdict->declared < 0 || (uint64_t)verdict->declared != verdict->parsed)) {
        g_autofree char *text =
            verdict->declared < 0
                ? g_strdup_printf("expected a whole number, found %" PRIu64 " Device records", verdict->parsed)
                : g_strdup_printf("declared %" PRId64 ", found %" PRIu64, verdict->declared, verdict->parsed);
        findings_add(j->file.findings,
                     &(struct finding){
                         .code = B208, .at = j->count_at, .field = count_name(verdict->filename.type), .text = text},
                     j->count_text, j->count_len);
    }
    if (verdict->parsed == 0 && !j->type->may_be_empty)
        add_empty(j, "expected at least one Device record, found none");
    else if (verdict->parsed > 0 && verdict->accepted == 0 && j->type->about == ABOUT_REFERENCE)
        add_empty(j, "expected at least one record without errors, found none; what was known before stays");
}

/* How many records the file will have, by what its bytes so far had. size: of the file; 0: not known. */
static void foresee(struct judging *j, uint64_t size)
{
    const struct reading *reading = j->reading;
    double records = reading->packed > 0 ? (double)reading->records / (double)reading->packed * (double)size : 0;

    device_set_foresee(j->file.seen, (uint64_t)MIN(records, (double)j->file.rules->max_devices));
}

/* Reads until the end, a refusal or an error. */
static void read_through(struct judging *j)
{
    struct stat file;
    uint64_t size = fstat(j->request->fd, &file) == 0 ? (uint64_t)file.st_size : 0;
    enum reading_state state = READING_MORE;
    GError *error = NULL;

    while (state == READING_MORE || state == READING_WAITS) {
        if (j->request->stop != NULL && *j->request->stop) {
            (void)judge_stopped(&error);
            fail(j, error);
            return;
        }
        state = reading_step(j->reading, &error);
        foresee(j, size);
        if (state == READING_MORE && j->request->on_progress != NULL)
            j->request->on_progress(j->request->user, j->reading->packed);
    }
    if (state == READING_FAILED)
        fail(j, error);
    else if (state == READING_CUT)
        j->cut_short = true;
}

/* How the content is read. Who gets what is for the caller. */
static struct reading_request content_of(const struct judging *j, const struct filename *name, bool known)
{
    return (struct reading_request){
        .fd = j->request->fd,
        .pack = name->pack,
        .stem = known ? j->request->name : NULL,
        .stem_len = name->stem_len,
        .unpack = &j->file.rules->unpack,
    };
}

static void read_content(struct judging *j)
{
    const struct filename *name = &j->verdict->filename;
    const struct rules *rules = j->file.rules;
    struct reading_request request = content_of(j, name, j->verdict->name_is_known);

    request.form = name->form;
    request.type = name->type;
    request.max_records = rules->max_devices;
    request.signature = j->verdict->signature.within ? READING_SIGNATURE_SKIPPED : READING_SIGNATURE_NONE;
    request.on_ahead = on_ahead;
    request.sink = (struct reader_sink){j, on_header, on_record, on_count, on_fault};
    j->verdict->content_read = true;
    j->type = judge_inbound_type(name->type);
    j->expected_number = 1;
    j->file.seen = device_set_new();
    j->reading = reading_open(rules->readings, &request);
    if (j->type->begin == NULL || j->type->begin(j, &j->error))
        read_through(j);
    j->verdict->parsed = j->reading->records;
    if (!j->cut_short && j->error == NULL)
        judge_totals(j);
    reading_close(j->reading);
    device_set_free(j->file.seen);
}

/* Any error of category b rejects the file whole; its records then count as rejected, whatever their own codes. */
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

/* An operator has decided about the file: that comes first, and the content only gives the counts. */
static void add_rejection(struct judging *j)
{
    g_autofree char *text = g_strdup_printf("an operator of the gateway has rejected this file: %s; expected what is "
                                            "right in a new file with a new number",
                                            j->request->rejection);

    findings_add(j->file.findings, &(struct finding){.code = B114, .text = text}, NULL, 0);
}

/* B115. All else that could be said of the file would be by the wrong format. */
static void add_untimely(struct judging *j, const struct profile_untimely *untimely)
{
    const struct profile *found = untimely->profile, *expected = j->file.profile;
    const struct rules *rules = j->file.rules;
    int64_t at = rules->received != 0 ? rules->received : rules->now;
    bool early = untimely->from > at;
    char limit[INSTANT_TEXT_SIZE], received[INSTANT_TEXT_SIZE];

    instant_print(early ? untimely->from : untimely->until, limit);
    instant_print(at, received);
    g_autofree char *text = g_strdup_printf(
        "expected the format %s-%s, found %s-%s, which %s %s; the file was received %s; %s", expected->name,
        expected->version, found->name, found->version, early ? "is valid from" : "was valid until", limit, received,
        early ? "send the same file again from then on" : "send its content in the valid format under a new name");
    findings_add(j->file.findings, &(struct finding){.code = B115, .text = text}, NULL, 0);
}

/* Chooses the profile. *timely false: the file is in the format of one that is not valid, which is said. */
static bool choose_profile(struct judging *j, bool *timely, GError **error)
{
    const struct judge_request *request = j->request;
    const struct profile_choice choice = profile_choice_of(request->rules);
    const struct profile_file_content file = {request->name, request->name_len, request->fd, &request->rules->unpack,
                                              request->rules->readings};
    struct verdict *verdict = j->verdict;
    struct profile_untimely untimely;

    verdict->profile = j->file.profile = profile_choose(&choice, &file, error);
    if (verdict->profile == NULL || !profile_find_untimely(&choice, &file, verdict->profile, &untimely, error))
        return false;
    *timely = untimely.profile == NULL;
    if (*timely)
        return true;
    add_untimely(j, &untimely);
    verdict->name_is_known =
        filename_parse(verdict->profile, request->name, request->name_len, &verdict->filename, NULL, NULL);
    verdict->numbering = LEDGER_NUMBERING_NONE;
    return true;
}

/* Whose signature is looked for, and where. */
struct signing {
    struct filename name;
    bool known; /* the name is in the grammar */
    const struct profile *profile;
    const struct party *party; /* whose settings hold; NULL: none's */
    bool within;
};

/* g_free */
static char *missing_text(const struct signing *signing, const char *unreadable)
{
    const struct party *party = signing->party;
    const char *reason = unreadable != NULL ? unreadable : "it has none";

    if (signing->within && party == NULL)
        return g_strdup_printf(
            "no signature was found beside the file or within: %s; expected <Signature> (XML-DSig) as "
            "the last element of the root, one beside it, of its name and " SIGNATURE_SUFFIX ", or --signature FILE",
            reason);
    if (signing->within)
        return g_strdup_printf("no signature was found within the file, and %s has to sign its files: %s; expected "
                               "<Signature> (XML-DSig) as the last element of the root; send the file again under the "
                               "same name: the number is not used up",
                               party->org, reason);
    if (party == NULL)
        return g_strdup("it has no signature; expected one beside it, of its name and " SIGNATURE_SUFFIX
                        ", or --signature FILE");
    return g_strdup_printf(
        "no signature came, and %s has to sign its files; expected a file of this name and " SIGNATURE_SUFFIX
        " within %" PRId64 " minutes; send both again under the same name: the number is not used up",
        party->org, party->signature_wait / 60);
}

/* B209 instead of anything that the content would say. */
static void refuse_unread(struct judging *j, const struct signing *signing)
{
    findings_add(j->file.findings,
                 &(struct finding){.code = B209, .field = "signature", .text = j->verdict->signature.fault}, NULL, 0);
    j->verdict->numbering = LEDGER_NUMBERING_NONE;
    j->verdict->profile = j->file.profile = signing->profile;
    j->verdict->filename = signing->name;
    j->verdict->name_is_known = signing->known;
}

/* Who has to sign, by all that is known before the content. */
static void find_signing(const struct judging *j, struct signing *signing)
{
    const struct rules *rules = j->request->rules;
    const struct profile_choice choice = profile_choice_of(rules);

    signing->known =
        profile_choose_by_name(&choice, j->request->name, j->request->name_len, &signing->name, &signing->profile);
    signing->party =
        signing->known && rules->identity != NULL ? sender_signing(rules->identity, rules->drop, &signing->name) : NULL;
    signing->within = rules->trust != NULL /* of --trust: what is there tells */
                          ? signing->known && signing->name.form == FORM_XML && j->request->signature == NULL
                          : sender_signs_within(signing->party, &signing->name);
}

/* What is found of the signature: verdict->signature. It is not checked if none is there and none is needed. */
static bool verify_signature(struct judging *j, const struct signing *signing, const struct signature_trust *trust,
                             GError **error)
{
    const struct rules *rules = j->request->rules;
    const struct reading_request content = content_of(j, &signing->name, signing->known);
    struct signature_check *check = &j->verdict->signature;
    const struct signature_request request = {
        .trust = trust,
        .file = j->request->signature,
        .fd = j->request->fd,
        .content = &content,
        .by = rules->readings,
        .signer = signing->party != NULL ? signing->party->eui64
                  : signing->known       ? signing->name.eui64
                                         : 0,
        .now = rules->now,
        .tolerance = rules->future_tolerance,
        .stop = j->request->stop,
    };
    bool needed = rules->trust != NULL || signing->party->signature == SIGNATURE_REQUIRED;

    if (signing->within && !signature_verify_within(&request, check, error))
        return false;
    if (!signing->within && request.file != NULL)
        return signature_verify(&request, check, error);
    if (check->checked)
        return true;
    g_autofree char *unreadable = g_steal_pointer(&check->fault); /* without a signature the reader says the same */
    if (needed)
        *check =
            (struct signature_check){.checked = true, .at = rules->now, .fault = missing_text(signing, unreadable)};
    return true;
}

/* The signature, before any byte of the content is judged. *good: the file may be read. */
static bool judge_signature(struct judging *j, bool *good, GError **error)
{
    const struct rules *rules = j->request->rules;
    struct signing signing = {.known = false};

    *good = true;
    find_signing(j, &signing);
    const struct party *party = signing.party;
    const struct signature_trust *trust = rules->trust != NULL ? rules->trust : party != NULL ? party->trust : NULL;
    if (trust == NULL)
        return true;
    if (!verify_signature(j, &signing, trust, error))
        return false;
    *good = j->verdict->signature.fault == NULL;
    if (!*good)
        refuse_unread(j, &signing);
    return true;
}

static bool judge_all(struct judging *j, GError **error)
{
    g_autofree char *escaped = text_escape(j->request->name, j->request->name_len, 0);
    struct verdict *verdict = j->verdict;
    struct history history = {0};
    bool authentic, timely = false;

    if (j->request->rejection != NULL)
        add_rejection(j);
    if (!judge_signature(j, &authentic, error))
        return false;
    if (authentic && !choose_profile(j, &timely, error))
        return false;
    if (!authentic || !timely) {
        conclude(verdict);
        return true;
    }
    verdict->name_is_known = j->file.name_is_known =
        name_rules_judge(&j->file, j->request->name, j->request->name_len, &verdict->filename);
    j->subject = (struct ledger_file){
        .id = j->file.rules->job, .name = escaped, .drop = j->file.rules->drop, .sha256 = j->request->sha256};
    fill_subject(j);
    if (j->file.rules->ledger != NULL && !history_rules_judge_name(&j->file, &j->subject, &history, error))
        return false;
    verdict->numbering = history.numbering;
    verdict->wraps = history.wraps;
    if (!history.repeated && verdict->filename.form != FORM_UNKNOWN && verdict->filename.type != NULL &&
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
    struct judging j = {.request = request, .verdict = verdict};

    *verdict = (struct verdict){.declared = -1};
    verdict->findings = findings_new(request->max_findings);
    j.file = (struct judged_file){.rules = request->rules,
                                  .filename = &verdict->filename,
                                  .header = &verdict->header,
                                  .known = &j.known,
                                  .findings = verdict->findings};
    if (judge_all(&j, error))
        return true;
    verdict_clear(verdict);
    return false;
}
