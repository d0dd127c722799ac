/*
 * Fuzz target: any bytes as CSV of the type that they begin with. Beside what reading.h asserts:
 * - each field is the text at its place in the document, with its quotes undone; the fields of a record follow each
 *   other,
 * - what a fault says of a byte is true of it,
 * - the same values, each quoted, give the same fields,
 * - in another dialect the same bytes, with its delimiter and quote, give the same,
 * - the same bytes are read below a title row, and as rows alone,
 * - what the scan reads of it (csv_reader_scan.c) is what the slow way reads, in all frames.
 */
#include "tests/fuzz/reading.h"

#include "formats/reader_private.h"
#include "formats/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char byte_at(const struct document *d, size_t at)
{
    return at < d->len ? d->text[at] : '\0';
}

/* Reads the field at offset i by RFC 4180, byte by byte. Returns the offset behind it. A text may be cut between CR and
 * LF. */
static size_t read_field(const struct document *d, size_t i, GString *field)
{
    bool quoted = byte_at(d, i) == '"';

    g_string_truncate(field, 0);
    if (!quoted) {
        for (; i < d->len && d->text[i] != ',' && d->text[i] != '\n'; i++)
            g_string_append_c(field, d->text[i]);
        if ((byte_at(d, i) == '\n' || i == d->len) && field->len > 0 && field->str[field->len - 1] == '\r') {
            g_string_truncate(field, field->len - 1);
            i--;
        }
        return i;
    }
    for (i++; i < d->len; i++) {
        if (d->text[i] == '"' && byte_at(d, i + 1) != '"')
            return i + 1;
        i += d->text[i] == '"';
        g_string_append_c(field, d->text[i]);
    }
    g_assert_not_reached(); /* the reader gave a record without its closing quote */
}

static void check_field(const struct document *d, const struct field *f, size_t *i, GString *expected)
{
    g_assert(document_offset(d, f->at) == *i);
    *i = read_field(d, *i, expected);
    g_assert(f->len <= expected->len && memcmp(f->text, expected->str, f->len) == 0);
    /* A field is cut at a limit only, and then FAULT_LIMIT was given. */
    g_assert(f->len == expected->len || text_characters(f->text, f->len) == LAYOUT_FIELD_MAX_CHARS ||
             text_characters(f->text, f->len) == 2 * LAYOUT_FIELD_MAX_CHARS);
}

static void check_record(const struct reading *reading, const struct layout_record *layout, const struct record *record)
{
    const struct document *d = reading->document;
    size_t begin = document_offset(d, record->at), i = begin;
    g_autoptr(GString) expected = g_string_new(NULL);

    g_assert(record->at.column == 1);
    for (size_t skip = layout->letter == 'H' ? 3 : 1; skip > 0; skip--) {
        i = read_field(d, i, expected);
        if (i > begin && skip == (layout->letter == 'H' ? 3 : 1))
            g_assert(expected->len == 1 && expected->str[0] == layout->letter);
        g_assert(byte_at(d, i++) == ',');
    }
    for (size_t k = 0; k < layout->n_columns; k++) {
        check_field(d, &record->fields[k], &i, expected);
        if (k + 1 < layout->n_columns)
            g_assert(byte_at(d, i++) == ',');
    }
    i += byte_at(d, i) == '\r';
    g_assert(i >= d->len || d->text[i] == '\n');
}

static void check_count(const struct reading *reading, const struct field *declared)
{
    const struct document *d = reading->document;
    size_t at = document_offset(d, declared->at), i = at;
    g_autoptr(GString) expected = g_string_new(NULL);

    check_field(d, declared, &i, expected);
    g_assert((at >= 2 && memcmp(d->text + at - 2, "T,", 2) == 0) ||
             (at >= 4 && memcmp(d->text + at - 4, "\"T\",", 4) == 0));
}

/* True where one of the bytes at the place is this one: continuation bytes without a character share a place. */
static bool is_byte_at(const struct document *d, struct place place, char byte)
{
    size_t at = document_offset(d, place), i = at;

    while (i > 0 && (d->text[i - 1] & 0xc0) == 0x80)
        i--;
    for (; i < d->len && d->text[i] != byte; i++)
        if (i >= at && (d->text[i] & 0xc0) != 0x80)
            return false;
    return i < d->len;
}

static bool is_behind_quote(const struct document *d, size_t at)
{
    while (at > 0 && (d->text[at - 1] & 0xc0) == 0x80)
        at--;
    return at > 0 && d->text[at - 1] == '"' && byte_at(d, at) != ',' && byte_at(d, at) != '"';
}

static char wrong_byte(const struct fault *fault)
{
    if (fault->kind == FAULT_ENCODING)
        return fault->value[0];
    if (strstr(fault->text, "lone CR") || (fault->value_len == 2 && strstr(fault->text, "found CRLF")))
        return '\r';
    return strstr(fault->text, "as in the lines before") ? '\n' : '"';
}

static void check_fault(const struct reading *reading, const struct fault *fault)
{
    const struct document *d = reading->document;
    size_t at = document_offset(d, fault->at);

    g_assert(fault->at.column <= 1 || fault->kind == FAULT_FORM || fault->kind == FAULT_ENCODING ||
             fault->kind == FAULT_LIMIT || fault->kind == FAULT_QUOTING || fault->kind == FAULT_TYPE ||
             fault->kind == FAULT_ROOT || fault->kind == FAULT_FIELD_COUNT || fault->kind == FAULT_CUT_RECORD);
    if (fault->kind == FAULT_CUT_RECORD)
        g_assert(at == d->len || d->len - at < READER_MAX_CHARACTER_BYTES);
    if (fault->kind == FAULT_QUOTING && strstr(fault->text, "after a closing quote"))
        g_assert(is_behind_quote(d, at));
    else if (fault->kind == FAULT_QUOTING && strstr(fault->text, "a blank stands"))
        g_assert(is_byte_at(d, fault->at, ' ') || is_byte_at(d, fault->at, '"'));
    else if (fault->value && (fault->kind == FAULT_ENCODING || fault->kind == FAULT_QUOTING))
        g_assert(is_byte_at(d, fault->at, wrong_byte(fault)));
}

/* A good text without quotes has as many lines as records. */
static void check_lines(const struct reading *reading)
{
    const struct document *d = reading->document;
    size_t lines = d->lines->len;

    if (reading->faults > 0 || reading->stopped || memchr(d->text, '"', d->len))
        return;
    g_assert(lines - (d->text[d->len - 1] == '\n') == reading->records + 2);
}

/* Reads the same values again, each quoted. */
static void check_requoted(const struct reading *reading)
{
    const struct file_type *type = reading->type;
    const guint in_header = (guint)type->header->n_columns, in_record = (guint)type->record->n_columns;
    const struct reading_options options = {.form = FORM_CSV, .type = type};
    GString *text = g_string_new(NULL);
    struct document *document;
    struct reading *again;

    g_string_append_printf(text, "H,%s,1.0", type->code);
    for (guint i = 0; i < reading->texts->len; i++) {
        g_auto(GStrv) parts = g_strsplit(reading->texts->pdata[i], "\"", -1);
        g_autofree char *doubled = g_strjoinv("\"\"", parts);
        if (i >= in_header && (i - in_header) % in_record == 0)
            g_string_append(text, "\r\nD");
        g_string_append_printf(text, ",\"%s\"", doubled);
    }
    g_string_append_printf(text, "\r\nT,%u", reading->records);
    document = document_of(text->str, text->len);
    again = reading_of(document, &options);
    g_assert(again->faults == 0 && again->records == reading->records && again->texts->len == reading->texts->len);
    for (guint i = 0; i < again->texts->len; i++)
        g_assert_cmpstr(again->texts->pdata[i], ==, reading->texts->pdata[i]);
    reading_free(again);
    document_free(document);
    g_string_free(text, TRUE);
}

/* ---- other dialects and frames ---- */

static const struct dialect semicolons = {';', '\'', "\n", FRAME_RECORDS, true},
                            bars = {'|', '"', "\n", FRAME_TITLE, false}, tabs = {'\t', '"', "\n", FRAME_ROWS, false};

/* A copy of the bytes in which two of them have changed places. g_free. */
static char *exchange(const char *text, size_t len, char one, char other)
{
    char *copy = g_malloc(len + 1); /* the bytes end in no NUL of their own, and may be none at all */

    for (size_t i = 0; i < len; i++)
        copy[i] = text[i] == one ? other : text[i] == other ? one : text[i];
    copy[len] = '\0';
    return copy;
}

static void check_same_text(const char *given, const char *expected)
{
    if (given == NULL || expected == NULL) {
        g_assert(given == expected);
        return;
    }
    g_autofree char *commas = exchange(given, strlen(given), ';', ','),
                    *quotes = exchange(commas, strlen(commas), '\'', '"');
    g_assert_cmpstr(quotes, ==, expected);
}

static void check_exchanged(const struct reading *reading)
{
    const struct document *d = reading->document;
    struct file_type type = *reading->type;
    const struct reading_options options = {.form = FORM_CSV, .type = &type};
    g_autofree char *commas = exchange(d->text, d->len, ',', ';'), *text = exchange(commas, d->len, '"', '\'');
    struct document *document = document_of(text, d->len);
    struct reading *other;

    type.dialect = &semicolons;
    other = reading_of(document, &options);
    g_assert(other->faults == reading->faults && other->kinds == reading->kinds && other->found == reading->found &&
             other->whole == reading->whole && other->texts->len == reading->texts->len);
    for (guint i = 0; i < other->texts->len; i++)
        check_same_text(other->texts->pdata[i], reading->texts->pdata[i]);
    reading_free(other);
    document_free(document);
}

/* Reads it again, without the scan. */
static void compare_slow(const struct reading *reading, const struct reading_options *options)
{
    struct reading_options slowly = *options;
    struct reading *slow;

    slowly.parse_all = true;
    slow = reading_of(reading->document, &slowly);
    reading_assert_same(reading, slow);
    reading_free(slow);
}

/* The same bytes with other delimiters, behind a title row or not: whatever that gives, it is sound. */
static void read_frame(const struct reading *reading, const struct dialect *dialect, const char *before)
{
    static const enum fact facts[HEADER_FIELDS];
    const struct layout_record header = {.element = "Header", .n_fields = HEADER_FIELDS, .fields = facts};
    const struct document *d = reading->document;
    struct file_type type = *reading->type;
    const struct reading_options options = {.form = FORM_CSV, .type = &type};
    g_autofree char *rows = exchange(d->text, d->len, ',', dialect->delimiter);
    g_autoptr(GString) text = g_string_new(before);
    struct document *document;

    type.dialect = dialect;
    type.header = &header;
    g_string_append_len(text, rows, (gssize)d->len);
    document = document_of(text->str, text->len);
    struct reading *other = reading_all_ways(document, &options);
    compare_slow(other, &options);
    reading_free(other);
    document_free(document);
}

static void read_frames(const struct reading *reading)
{
    const struct layout_record *layout = reading->type->record;
    g_autoptr(GString) title = g_string_new(NULL);

    for (size_t i = layout->n_columns; i-- > 0;)
        g_string_append_printf(title, "%s%s", layout->columns[i].name, i > 0 ? "|" : "\n");
    read_frame(reading, &bars, title->str);
    read_frame(reading, &bars, "");
    read_frame(reading, &tabs, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = document_new(data, size);
    const struct reading_options options = {
        .form = FORM_CSV, .check_record = check_record, .check_count = check_count, .check_fault = check_fault};
    struct reading *reading = reading_all_ways(document, &options);
    compare_slow(reading, &options);
    check_lines(reading);
    check_exchanged(reading);
    read_frames(reading);
    if (reading->faults == 0 && !reading->stopped)
        check_requoted(reading);
    reading_free(reading);
    document_free(document);
    return 0;
}
