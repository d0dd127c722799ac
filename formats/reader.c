/*
 * What both forms have in common: the first bytes decide whether the content can be of the form that the name says, and
 * records and faults are counted and limited here.
 *
 * Content of another form gives one fault and ends the reading: it would be nothing but faults. So does UTF-16. A UTF-8
 * byte order mark gives a fault, and the reading goes on after it.
 *
 * This is also the one place where the words of a format become the values of this program: the readers of both forms
 * give out what stands in the file, and rules see values.
 */
#include "formats/content.h"
#include "formats/profile.h"
#include "formats/reader_private.h"
#include "formats/rows.h"
#include "formats/text.h"

#include <glib.h>
#include <stdarg.h>
#include <string.h>

enum {
    MAX_BLANKS = 65536, /* bytes */
    MAGIC_BYTES = 4,    /* that the form is recognised by; CONTENT_HEAD_BYTES where they may be of HTML */
    /* A fault costs the gateway far more than the few bytes that make one cost the sender. So a file may have this many
     * and MAX_RECORD_FAULTS more for each record. */
    MAX_FAULTS = 200000,
    MAX_RECORD_FAULTS = 16,
};

/* The fields of one kind of record for whose values the profile has words of its own. */
struct translation {
    size_t n;                          /* of the maps */
    size_t fields[LAYOUT_MAX_COLUMNS]; /* their fields */
    const struct value_map *maps[LAYOUT_MAX_COLUMNS];
};

struct reader {
    const struct reader_form *form;
    enum form form_id;
    const struct file_type *type;
    void *state;
    struct reader_sink sink;
    void (*on_rows)(void *user, const struct rows *rows); /* NULL: on_record gets them */
    struct reader_limits limits;
    uint32_t records;
    uint64_t faults;
    bool stopped;      /* nothing more is read or given to the sink */
    bool head_is_read; /* the form was looked at */
    bool skips_signature;
    bool parses_all;
    size_t first;  /* offset in head of the first byte that is not blank, and one more; 0: none has come */
    GString *head; /* the first bytes, until then */
    struct translation of_header, of_record;
    struct field values[LAYOUT_MAX_COLUMNS]; /* of the record that the sink is given, if it has words of its own */
};

static void fill_translation(struct translation *translation, const struct profile *profile,
                             const struct layout_record *layout)
{
    for (size_t i = 0; i < layout->n_fields; i++) {
        const struct value_map *map = profile->values[layout->fields[i]];

        if (map == NULL)
            continue;
        translation->fields[translation->n] = i;
        translation->maps[translation->n++] = map;
    }
}

struct reader *reader_new(enum form form, const struct file_type *type, const struct reader_limits *limits,
                          const struct reader_sink *sink)
{
    struct reader *reader = g_new0(struct reader, 1);

    reader->form = form == FORM_XML && type->root ? &reader_form_xml : &reader_form_csv;
    reader->form_id = form;
    reader->type = type;
    reader->sink = *sink;
    reader->limits = *limits;
    reader->head = g_string_new(NULL);
    fill_translation(&reader->of_header, type->profile, type->header);
    fill_translation(&reader->of_record, type->profile, type->record);
    reader->state = reader->form->open(reader, type);
    return reader;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t bom_bytes(const GString *head)
{
    return head->len >= 3 && memcmp(head->str, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Offset of the first byte that is neither byte order mark nor blank; head->len if there is none. */
static size_t first_byte(const GString *head)
{
    size_t i = bom_bytes(head);

    while (i < head->len && is_blank(head->str[i]))
        i++;
    return i;
}

static struct place place_after(const char *text, size_t len)
{
    struct place at = {1, 1};

    for (size_t i = 0; i < len; i++) {
        at.column++;
        if (text[i] == '\n')
            at = (struct place){at.line + 1, 1};
    }
    return at;
}

/* UTF-16 and UTF-32 are recognised by their marks, by NUL as the very first byte, or by every second byte being NUL: a
 * spreadsheet's "Unicode text" may come without a mark. */
static bool is_wide(const GString *head)
{
    const char *s = head->str;

    if (head->len >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
        return true;
    return head->len >= MAGIC_BYTES && (s[0] == '\0' || (s[1] == '\0' && s[3] == '\0'));
}

/* Stops the reading when the first bytes belong to another form than the name's. */
static void check_form(struct reader *reader, const char *text, size_t len, struct place at)
{
    const char *found = content_name(text, len);
    bool want_xml = reader->form_id == FORM_XML;
    struct fault fault = {.kind = FAULT_FORM, .at = at, .value = text, .value_len = MIN(len, MAGIC_BYTES)};
    g_autofree char *shown = NULL;

    if (want_xml && !reader->type->root) {
        reader_fault_with(reader, &fault, "expected CSV, the only form of %s, found a name that says XML",
                          layout_type_name(reader->type));
        reader->stopped = true;
        return;
    }
    if (want_xml ? g_strcmp0(found, "XML") == 0 : !found || strcmp(found, "CSV") == 0)
        return;
    shown = text_escape(text, fault.value_len, 0); /* no more of it: thousands of blanks may follow */
    reader_fault_with(reader, &fault, "expected %s, found %s, which begins with \"%s\"", want_xml ? "XML" : "CSV",
                      found ? found : "something else", shown);
    reader->stopped = true;
}

/* Judges the first bytes and gives them to the form. False: the reading stops. */
static bool judge_head(struct reader *reader)
{
    const GString *head = reader->head;
    size_t bom = bom_bytes(head), first = first_byte(head);

    reader->head_is_read = true;
    if (is_wide(head)) {
        reader_fault(reader, FAULT_ENCODING, (struct place){1, 1},
                     "expected UTF-8, found the first bytes of UTF-16 or UTF-32; save the file as UTF-8");
        reader->stopped = true;
    }
    if (bom > 0)
        reader_fault(reader, FAULT_ENCODING, (struct place){1, 1},
                     "expected UTF-8 without byte order mark, found a byte order mark");
    if (first < head->len && !reader->stopped)
        check_form(reader, head->str + first, head->len - first, place_after(head->str + bom, first - bom));
    else if (!reader->stopped) {
        reader_fault(reader, FAULT_EMPTY, (struct place){0, 0},
                     head->len > bom ? "expected content, found nothing but white space"
                                     : "expected content, found an empty file");
        reader->stopped = true;
    }
    return !reader->stopped && reader->form->push(reader->state, head->str + bom, head->len - bom);
}

/* Collects the first bytes, until as many are there that are not blank as the form is recognised by. One by one, so
 * that the size of the pieces makes no difference. Returns how many bytes it took. */
static size_t collect_head(struct reader *reader, const char *data, size_t len)
{
    GString *head = reader->head;
    size_t used = 0;

    while (used < len && !reader->head_is_read) {
        g_string_append_c(head, data[used++]);
        if (reader->first == 0 && is_blank(data[used - 1]) && head->len > MAGIC_BYTES && head->len <= MAX_BLANKS)
            continue; /* not through all blanks of a long run again for each */
        if (reader->first == 0 && head->len >= MAGIC_BYTES && first_byte(head) < head->len)
            reader->first = first_byte(head) + 1;
        size_t have = reader->first ? head->len - reader->first + 1 : 0;
        size_t want = reader->first && head->str[reader->first - 1] == '<' ? CONTENT_HEAD_BYTES : MAGIC_BYTES;
        reader->head_is_read = have >= want || (reader->first == 0 && head->len > MAX_BLANKS);
    }
    return used;
}

bool reader_push(struct reader *reader, const char *data, size_t len)
{
    if (reader->stopped)
        return false;
    if (!reader->head_is_read) {
        size_t used = collect_head(reader, data, len);

        if (!reader->head_is_read)
            return true;
        if (first_byte(reader->head) >= reader->head->len) {
            reader_fault(reader, FAULT_LIMIT, (struct place){1, 1},
                         "expected content, found more than %d bytes of white space", MAX_BLANKS);
            reader->stopped = true;
        } else if (!judge_head(reader)) {
            reader->stopped = true;
        }
        if (reader->stopped)
            return false;
        data += used;
        len -= used;
    }
    if (len > 0 && !reader->form->push(reader->state, data, len))
        reader->stopped = true;
    return !reader->stopped;
}

bool reader_finish(struct reader *reader)
{
    if (!reader->stopped && !reader->head_is_read && !judge_head(reader))
        reader->stopped = true;
    if (!reader->stopped)
        reader->form->finish(reader->state);
    bool whole = !reader->stopped;
    reader->stopped = true;
    return whole;
}

void reader_stop(struct reader *reader)
{
    reader->stopped = true;
}

uint32_t reader_records(const struct reader *reader)
{
    return reader->records;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    reader->form->close(reader->state);
    g_string_free(reader->head, TRUE);
    g_free(reader);
}

uint32_t reader_count_record(struct reader *reader, struct place at)
{
    if (reader->stopped)
        return 0;
    if (reader->records >= reader->limits.max_records) {
        reader_fault(reader, FAULT_LIMIT, at, "expected at most %u records, found more", reader->limits.max_records);
        reader->stopped = true;
        return 0;
    }
    return ++reader->records;
}

uint32_t reader_room(const struct reader *reader)
{
    return reader->stopped ? 0 : reader->limits.max_records - reader->records;
}

/* The record with the values of its words; it lives until the next one. */
static struct record translate(struct reader *reader, const struct translation *translation,
                               const struct record *record)
{
    struct record translated = *record;

    memcpy(reader->values, record->fields, record->n_fields * sizeof *record->fields);
    for (size_t i = 0; i < translation->n; i++) {
        struct field *field = &reader->values[translation->fields[i]];
        const char *value = field->len > 0 ? value_inner(translation->maps[i], field->text, field->len) : NULL;

        if (value == NULL)
            continue;
        field->text = value;
        field->len = strlen(value);
    }
    translated.fields = reader->values;
    translated.words = record->fields;
    return translated;
}

void reader_emit_header(struct reader *reader, const struct record *header)
{
    if (reader->stopped)
        return;
    if (reader->of_header.n == 0) {
        reader->sink.on_header(reader->sink.user, header);
        return;
    }
    const struct record translated = translate(reader, &reader->of_header, header);
    reader->sink.on_header(reader->sink.user, &translated);
}

void reader_emit_record(struct reader *reader, const struct record *record)
{
    if (reader->stopped)
        return;
    if (reader->of_record.n == 0) {
        reader->sink.on_record(reader->sink.user, record);
        return;
    }
    const struct record translated = translate(reader, &reader->of_record, record);
    reader->sink.on_record(reader->sink.user, &translated);
}

void reader_emit_rows(struct reader *reader, struct rows *rows)
{
    rows->ordinal = reader->records + 1;
    reader->records += rows->n;
    reader->on_rows(reader->sink.user, rows);
}

void reader_emit_count(struct reader *reader, const struct field *declared)
{
    if (!reader->stopped)
        reader->sink.on_count(reader->sink.user, declared);
}

void reader_emit_fault(struct reader *reader, const struct fault *fault)
{
    static const char too_many[] =
        "expected at most 200,000 faults and 16 for each record, found more; the rest was not read";
    struct fault last = {.kind = FAULT_LIMIT, .at = fault->at, .text = too_many};

    if (reader->stopped)
        return;
    reader->sink.on_fault(reader->sink.user, fault);
    if (++reader->faults < MAX_FAULTS + (uint64_t)MAX_RECORD_FAULTS * reader->records || reader->stopped)
        return;
    reader->sink.on_fault(reader->sink.user, &last);
    reader->stopped = true;
}

static void emit_fault_v(struct reader *reader, struct fault *fault, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void emit_fault_v(struct reader *reader, struct fault *fault, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    fault->text = text;
    reader_emit_fault(reader, fault);
    fault->text = NULL;
}

void reader_fault_with(struct reader *reader, struct fault *fault, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit_fault_v(reader, fault, format, args);
    va_end(args);
}

void reader_fault(struct reader *reader, enum fault_kind kind, struct place at, const char *format, ...)
{
    struct fault fault = {.kind = kind, .at = at};
    va_list args;

    va_start(args, format);
    emit_fault_v(reader, &fault, format, args);
    va_end(args);
}

void reader_skip_signature(struct reader *reader)
{
    reader->skips_signature = true;
}

bool reader_skips_signature(const struct reader *reader)
{
    return reader->skips_signature;
}

void reader_give_rows(struct reader *reader, void (*on_rows)(void *user, const struct rows *rows))
{
    reader->on_rows = on_rows;
}

bool reader_gives_rows(const struct reader *reader)
{
    return reader->on_rows != NULL && reader->of_record.n == 0;
}

void reader_parse_all(struct reader *reader)
{
    reader->parses_all = true;
}

bool reader_scans(const struct reader *reader)
{
    return !reader->parses_all;
}

bool reader_stopped(const struct reader *reader)
{
    return reader->stopped;
}
