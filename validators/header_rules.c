/*
 * One function for each field of the header record. A value is compared with the name of the file only if the name is
 * in the grammar: otherwise the name's segments are guesses.
 */
#include "validators/header_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* The header record under judgement. */
struct judging {
    const struct judged_file *file;
    const struct filename *name; /* what the values are compared with; NULL if the name is not in the grammar */
    const struct record *record;
    struct header *header; /* gets the values that are well formed */
};

void header_rules_add(const struct judged_file *file, const struct record *record, enum code code,
                      enum header_column column, const char *text)
{
    const struct field *field = &record->fields[column];

    findings_add(file->findings,
                 &(struct finding){.code = code,
                                   .at = field->at.line ? field->at : record->at,
                                   .field = layout_reference_header.columns[column].name,
                                   .text = text},
                 field->text ? field->text : "", field->len);
}

G_GNUC_PRINTF(4, 5)
static void add(struct judging *j, enum code code, enum header_column column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    header_rules_add(j->file, j->record, code, column, text);
}

static const struct field *value(const struct judging *j, enum header_column column)
{
    return &j->record->fields[column];
}

/* SenderId: B211, B206 */
static void judge_sender(struct judging *j)
{
    const struct field *sender = value(j, HEADER_SENDER_ID);
    uint64_t id;
    char named[EUI64_TEXT_SIZE];

    if (!eui64_parse(sender->text, sender->len, &id)) {
        add(j, B211, HEADER_SENDER_ID, "expected an EUI-64 of eight hex pairs joined by '-'");
    } else if (j->name != NULL && id != j->name->eui64) {
        eui64_print(j->name->eui64, named);
        add(j, B206, HEADER_SENDER_ID, "the name says %s", named);
    }
}

/* RecipientId: B211, B207 */
static void judge_recipient(struct judging *j)
{
    const struct field *recipient = value(j, HEADER_RECIPIENT_ID);
    const struct identity *identity = j->file->rules->identity;
    uint64_t id;
    char own[EUI64_TEXT_SIZE];

    if (!eui64_parse(recipient->text, recipient->len, &id)) {
        add(j, B211, HEADER_RECIPIENT_ID, "expected an EUI-64 of eight hex pairs joined by '-'");
    } else if (identity != NULL && id != identity->eui64) {
        eui64_print(identity->eui64, own);
        add(j, B207, HEADER_RECIPIENT_ID, "this gateway is %s", own);
    }
}

/* FileSequence: B211, B206 */
static void judge_sequence(struct judging *j)
{
    uint32_t sequence = field_number(value(j, HEADER_FILE_SEQUENCE), 6);

    if (sequence == 0)
        add(j, B211, HEADER_FILE_SEQUENCE, "expected a whole number from 1 to 999999 without leading zeros");
    else if (j->name != NULL && sequence != j->name->sequence)
        add(j, B206, HEADER_FILE_SEQUENCE, "the name says %" PRIu32, j->name->sequence);
}

/* CreationDateTime: B211, B206. A time in the future is B104 of the name; it is judged here if the name says none. */
static void judge_creation(struct judging *j)
{
    const struct field *created = value(j, HEADER_CREATION_DATE_TIME);
    int64_t at;
    char named[INSTANT_TEXT_SIZE];

    if (!instant_parse(created->text, created->len, &at)) {
        add(j, B211, HEADER_CREATION_DATE_TIME, "expected a real time in UTC as YYYY-MM-DDThh:mm:ssZ");
        return;
    }
    j->header->created = at;
    if (j->name != NULL && at != j->name->created) {
        instant_print(j->name->created, named);
        add(j, B206, HEADER_CREATION_DATE_TIME, "the name says %s", named);
    } else if (j->name == NULL && at > j->file->rules->now + j->file->rules->future_tolerance) {
        add(j, B211, HEADER_CREATION_DATE_TIME, "expected at most %" PRId64 " seconds ahead of the clock",
            j->file->rules->future_tolerance);
    }
}

/* Environment: B211, B207 */
static void judge_environment(struct judging *j)
{
    const struct field *environment = value(j, HEADER_ENVIRONMENT);
    const struct identity *identity = j->file->rules->identity;

    if (!field_is(environment, "LIVE") && !field_is(environment, "TEST"))
        add(j, B211, HEADER_ENVIRONMENT, "expected LIVE or TEST");
    else if (identity != NULL && !field_is(environment, identity->environment))
        add(j, B207, HEADER_ENVIRONMENT, "this gateway is %s", identity->environment);
}

/* BatchId: B211. Whether it was used before is for the history (B210). */
static void judge_batch(struct judging *j)
{
    const struct field *batch = value(j, HEADER_BATCH_ID);
    bool good = batch->len > 0 && batch->len < BATCH_ID_SIZE;

    for (size_t i = 0; good && i < batch->len; i++)
        good = g_ascii_isupper(batch->text[i]) || g_ascii_isdigit(batch->text[i]) || batch->text[i] == '-';
    if (good)
        memcpy(j->header->batch, batch->text, batch->len);
    else
        add(j, B211, HEADER_BATCH_ID, "expected 1 to 24 of A-Z, 0-9 and '-'");
}

/* ResubmissionOf: B211. Whether there is such a file is for the history (B210). */
static void judge_resubmission(struct judging *j)
{
    const struct field *earlier = value(j, HEADER_RESUBMISSION_OF);
    struct filename parsed;

    if (earlier->len == 0)
        return;
    /* The earlier name may be outside the grammar: that may be why its file was rejected. */
    if (earlier->len > FILENAME_MAX_BYTES || memchr(earlier->text, '/', earlier->len) ||
        !(filename_parse(earlier->text, earlier->len, &parsed, NULL, NULL) || parsed.type != NULL))
        add(j, B211, HEADER_RESUBMISSION_OF, "expected the name of an earlier file, or nothing");
    else
        memcpy(j->header->resubmission_of, earlier->text, earlier->len);
}

/* Mode, which reference data only have: B211 */
static void judge_mode(struct judging *j)
{
    if (field_is(value(j, HEADER_MODE), "FULL"))
        j->header->mode = HEADER_MODE_FULL;
    else if (field_is(value(j, HEADER_MODE), "DELTA"))
        j->header->mode = HEADER_MODE_DELTA;
    else
        add(j, B211, HEADER_MODE, "expected FULL or DELTA");
}

void header_rules_judge(const struct judged_file *file, const struct record *record, struct header *header)
{
    struct judging j = {file, file->name_is_known ? file->filename : NULL, record, header};

    *header = (struct header){.seen = true};
    judge_sender(&j);
    judge_recipient(&j);
    judge_sequence(&j);
    judge_creation(&j);
    judge_environment(&j);
    judge_batch(&j);
    judge_resubmission(&j);
    if (file->filename->type->header == &layout_reference_header)
        judge_mode(&j);
}
