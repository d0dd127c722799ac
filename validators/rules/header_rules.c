/*
 * One function for each field of the header record. A value is compared with the name of the file only if the name is
 * in the grammar: otherwise the name's segments are guesses.
 */
#include "validators/rules/header_rules.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/profile.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* The header record while it is judged. */
struct judged_header {
    const struct judged_file *file;
    const struct filename *name; /* what the values are compared with; NULL if the name is not in the grammar */
    const struct record *record;
    struct header *header; /* gets the values that are well formed */
};

void header_rules_add(const struct judged_file *file, const struct record *record, enum code code,
                      enum header_field column, const char *text)
{
    const struct field *field = record_words(record, column);

    findings_add(file->findings,
                 &(struct finding){.code = code,
                                   .at = field->at.line ? field->at : record->at,
                                   .field = layout_column_of(file->filename->type->header, column),
                                   .text = text},
                 field->text ? field->text : "", field->len);
}

G_GNUC_PRINTF(4, 5)
static void add(struct judged_header *h, enum code code, enum header_field column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    header_rules_add(h->file, h->record, code, column, text);
}

/* Whether the sender's format has a column for a field. What it has none for, is supplied (record_kinds.h). */
static bool has(const struct judged_header *h, enum header_field column)
{
    return layout_header_has(h->file->filename->type, h->file->filename->form, column);
}

static const struct field *value(const struct judged_header *h, enum header_field column)
{
    return &h->record->fields[column];
}

/* The sender's word for a value of the header. */
static const char *word(const struct judged_header *h, enum fact fact, const char *value)
{
    return profile_word(h->file->filename->type->profile, fact, value);
}

/* The number of the column's value in the list of fact_values.def. -1, with B211: it is none of them. */
static int choice(struct judged_header *h, enum header_field column, enum fact fact)
{
    const char *const *list = fact_values(fact);

    for (int i = 0; list[i] != NULL; i++) {
        if (field_is(value(h, column), list[i]))
            return i;
    }
    g_autofree char *words = profile_words(h->file->filename->type->profile, fact, list, ", ", " or ");
    add(h, B211, column, "expected %s", words);
    return -1;
}

/* SenderId: B211, B206 */
static void judge_sender(struct judged_header *h)
{
    const struct field *sender = value(h, HEADER_SENDER_ID);
    uint64_t id;
    char named[EUI64_TEXT_SIZE];

    if (!eui64_parse(sender->text, sender->len, &id)) {
        add(h, B211, HEADER_SENDER_ID, "expected an EUI-64 of eight hex pairs joined by '-'");
        return;
    }
    h->header->sender = id;
    if (h->name == NULL || h->name->eui64 == 0 || id == h->name->eui64)
        return;
    eui64_print(h->name->eui64, named);
    if (filename_tells(h->name, NAME_EUI64))
        add(h, B206, HEADER_SENDER_ID, "the name says %s", named);
    else
        add(h, B206, HEADER_SENDER_ID, "expected %s, the identity of %s", named, h->name->org);
}

/* RecipientId: B211, B207 */
static void judge_recipient(struct judged_header *h)
{
    const struct field *recipient = value(h, HEADER_RECIPIENT_ID);
    const struct identity *identity = h->file->rules->identity;
    uint64_t id;
    char own[EUI64_TEXT_SIZE];

    if (!eui64_parse(recipient->text, recipient->len, &id)) {
        add(h, B211, HEADER_RECIPIENT_ID, "expected an EUI-64 of eight hex pairs joined by '-'");
        return;
    }
    h->header->recipient = id;
    if (identity != NULL && id != identity->eui64) {
        eui64_print(identity->eui64, own);
        add(h, B207, HEADER_RECIPIENT_ID, "this gateway is %s", own);
    }
}

/* FileSequence: B211, B206 */
static void judge_sequence(struct judged_header *h)
{
    uint32_t sequence = field_number(value(h, HEADER_FILE_SEQUENCE), 6);

    h->header->sequence = sequence;
    if (sequence == 0)
        add(h, B211, HEADER_FILE_SEQUENCE, "expected a whole number from 1 to 999999 without leading zeros");
    else if (h->name != NULL && filename_tells(h->name, NAME_SEQUENCE) && sequence != h->name->sequence)
        add(h, B206, HEADER_FILE_SEQUENCE, "the name says %" PRIu32, h->name->sequence);
}

/* CreationDateTime: B211, B206. A time in the future is B104 of the name; it is judged here if the name says none. */
static void judge_creation(struct judged_header *h)
{
    const struct field *created = value(h, HEADER_CREATION_DATE_TIME);
    int64_t at;
    char named[INSTANT_TEXT_SIZE];

    if (!instant_parse(created->text, created->len, &at)) {
        add(h, B211, HEADER_CREATION_DATE_TIME, "expected a real time in UTC as YYYY-MM-DDThh:mm:ssZ");
        return;
    }
    h->header->created = at;
    int64_t precision = h->name != NULL ? filename_precision(h->name) : 0; /* of the time that the name tells */
    if (precision != 0 && (at < h->name->created || at >= h->name->created + precision)) {
        instant_print(h->name->created, named);
        add(h, B206, HEADER_CREATION_DATE_TIME, "the name says %s", named);
    } else if (precision != 1 && at > h->file->rules->now + h->file->rules->future_tolerance) {
        add(h, B211, HEADER_CREATION_DATE_TIME, "expected at most %" PRId64 " seconds ahead of the clock",
            h->file->rules->future_tolerance);
    }
}

/* Environment: B211, B207 */
static void judge_environment(struct judged_header *h)
{
    const struct field *environment = value(h, HEADER_ENVIRONMENT);
    const struct identity *identity = h->file->rules->identity;

    if (choice(h, HEADER_ENVIRONMENT, FACT_header_environment) < 0)
        return;
    memcpy(h->header->environment, environment->text, environment->len);
    if (identity != NULL && !field_is(environment, identity->environment))
        add(h, B207, HEADER_ENVIRONMENT, "this gateway is %s", word(h, FACT_header_environment, identity->environment));
}

/* BatchId: B211. Whether it was used before is for the history (B210). */
static void judge_batch(struct judged_header *h)
{
    const struct field *batch = value(h, HEADER_BATCH_ID);
    bool good = batch->len > 0 && batch->len < BATCH_ID_SIZE;

    for (size_t i = 0; good && i < batch->len; i++)
        good = g_ascii_isupper(batch->text[i]) || g_ascii_isdigit(batch->text[i]) || batch->text[i] == '-';
    if (good)
        memcpy(h->header->batch, batch->text, batch->len);
    else
        add(h, B211, HEADER_BATCH_ID, "expected 1 to 24 of A-Z, 0-9 and '-'");
}

/* ResubmissionOf: B211. Whether there is such a file is for the history (B210). */
static void judge_resubmission(struct judged_header *h)
{
    const struct field *earlier = value(h, HEADER_RESUBMISSION_OF);

    if (earlier->len == 0)
        return;
    /* The earlier name may be outside the grammar: that may be why its file was rejected. */
    if (earlier->len >= sizeof h->header->resubmission_of || memchr(earlier->text, '/', earlier->len))
        add(h, B211, HEADER_RESUBMISSION_OF, "expected the name of an earlier file without its folder, or nothing");
    else
        memcpy(h->header->resubmission_of, earlier->text, earlier->len);
}

G_STATIC_ASSERT(HEADER_MODE_NONE == 0 && HEADER_MODE_FULL == 1 && HEADER_MODE_DELTA == 2); /* as in fact_values.def */

/* Mode, which reference data only have: B211 */
static void judge_mode(struct judged_header *h)
{
    h->header->mode = (enum header_mode)(choice(h, HEADER_MODE, FACT_header_mode) + 1);
}

/* ---- what the sender's format has no column for ---- */

static void supply_identity(struct judged_header *h, enum header_field column)
{
    const struct identity *identity = h->file->rules->identity;

    if (identity == NULL)
        return; /* a bare `check` */
    if (column == HEADER_RECIPIENT_ID)
        h->header->recipient = identity->eui64;
    else
        g_strlcpy(h->header->environment, identity->environment, sizeof h->header->environment);
}

static void supply_creation(struct judged_header *h)
{
    h->header->created = h->name != NULL && h->name->created != 0 ? h->name->created : h->file->rules->now;
}

/* A batch of its own for each file. It follows sequence and creation, of which it is made. A file without a sequence
 * has the number of its job. */
static void supply_batch(struct judged_header *h)
{
    char date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    uint32_t sequence = h->header->sequence != 0 ? h->header->sequence : h->name != NULL ? h->name->sequence : 0;
    instant_print_name(h->header->created, date, time);
    if (sequence != 0 || h->file->rules->job == 0)
        g_snprintf(h->header->batch, sizeof h->header->batch, "%s-%s-%06" PRIu32, date, time, sequence);
    else
        g_snprintf(h->header->batch, sizeof h->header->batch, "%s-J%" PRId64, date, h->file->rules->job);
}

/* The sender and the sequence are those of the name: whoever needs them asks there. */
static void supply(struct judged_header *h, enum header_field column)
{
    switch (column) {
    case HEADER_RECIPIENT_ID:
    case HEADER_ENVIRONMENT:
        supply_identity(h, column);
        break;
    case HEADER_CREATION_DATE_TIME:
        supply_creation(h);
        break;
    case HEADER_BATCH_ID:
        supply_batch(h);
        break;
    case HEADER_MODE:
        h->header->mode = HEADER_MODE_FULL;
        break;
    case HEADER_SENDER_ID:
    case HEADER_FILE_SEQUENCE:
    case HEADER_RESUBMISSION_OF:
    case HEADER_FIELDS:
        break;
    }
}

void header_rules_judge(const struct judged_file *file, const struct record *record, struct header *header)
{
    static void (*const judges[HEADER_FIELDS])(struct judged_header *) = {
        [HEADER_SENDER_ID] = judge_sender,
        [HEADER_RECIPIENT_ID] = judge_recipient,
        [HEADER_FILE_SEQUENCE] = judge_sequence,
        [HEADER_CREATION_DATE_TIME] = judge_creation,
        [HEADER_ENVIRONMENT] = judge_environment,
        [HEADER_BATCH_ID] = judge_batch,
        [HEADER_RESUBMISSION_OF] = judge_resubmission,
        [HEADER_MODE] = judge_mode,
    };
    struct judged_header h = {file, file->name_is_known ? file->filename : NULL, record, header};

    *header = (struct header){.seen = true};
    for (enum header_field column = 0; column < HEADER_FIELDS; column++) {
        if (column == HEADER_MODE && !file->filename->type->reference)
            continue;
        if (has(&h, column))
            judges[column](&h);
        else
            supply(&h, column);
    }
}
