/*
 * The ways through a file: with the scan of plain records, without (reader_parse_all), and with rows that the scan
 * gives together (reader_give_rows). All must give the same, with the same places. Include it after cmocka.
 */
#ifndef ECOSGATE_TESTS_UNIT_BOTH_WAYS_H
#define ECOSGATE_TESTS_UNIT_BOTH_WAYS_H

#include "formats/rows.h"

#include <glib.h>

enum { MAX_RECORDS = 1000 };

static uint32_t state = 20231;

static uint32_t random_below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

/* ---- readings ---- */

static void add_fields(GString *out, const struct record *record)
{
    g_string_append_printf(out, " #%u @%u:%u", record->ordinal, record->at.line, record->at.column);
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *field = &record->fields[i];
        g_string_append_printf(out, field->text ? " [%.*s]@%u:%u" : " -", (int)field->len, field->text, field->at.line,
                               field->at.column);
    }
    g_string_append_c(out, '\n');
}

static void on_record(void *user, const struct record *record)
{
    add_fields(user, record);
}

static void on_rows(void *user, const struct rows *given)
{
    struct rows rows = *given;
    struct field fields[LAYOUT_MAX_COLUMNS];

    assert_true(rows.n > 0 && rows.n_fields <= LAYOUT_MAX_COLUMNS);
    while (rows.n > 0) {
        const struct record record = {
            .ordinal = rows.ordinal, .at = {rows.line, 1}, .n_fields = rows.n_fields, .fields = fields};
        rows_take(&rows, fields);
        add_fields(user, &record);
    }
    assert_int_equal(rows.len, 0);
}

static void on_count(void *user, const struct field *declared)
{
    g_string_append_printf(user, "count %.*s\n", (int)declared->len, declared->text);
}

static void on_fault(void *user, const struct fault *fault)
{
    g_string_append_printf(user, "!%d #%u @%u:%u %s [%.*s] %s\n", (int)fault->kind, fault->ordinal, fault->at.line,
                           fault->at.column, fault->field ? fault->field : "-", (int)fault->value_len,
                           fault->value ? fault->value : "", fault->text);
}

enum way { BY_SCAN, BY_PARSER, BY_ROWS };

/* The parser gets all bytes at once; else they come in pieces of any size. */
static GString *read_all(enum form form, const struct file_type *type, const GString *text, enum way way)
{
    GString *out = g_string_new(NULL);
    const struct reader_limits limits = {MAX_RECORDS};
    const struct reader_sink sink = {out, on_record, on_record, on_count, on_fault};
    struct reader *reader = reader_new(form, type, &limits, &sink);

    if (way == BY_PARSER)
        reader_parse_all(reader);
    else if (way == BY_ROWS)
        reader_give_rows(reader, on_rows);
    for (size_t at = 0, piece; at < text->len; at += piece) {
        piece = way == BY_PARSER ? text->len : random_below((uint32_t)(text->len - at)) + 1;
        if (!reader_push(reader, text->str + at, piece))
            break;
    }
    bool whole = reader_finish(reader);
    g_string_append_printf(out, "= %d %u\n", whole, reader_records(reader));
    reader_free(reader);
    return out;
}

/* The first lines that differ. */
static void print_different(const char *scanned, const char *parsed)
{
    size_t same = 0, begin;

    while (scanned[same] != '\0' && scanned[same] == parsed[same])
        same++;
    for (begin = same; begin > 0 && scanned[begin - 1] != '\n'; begin--)
        ;
    print_error("scanned: %.300s\nparsed: %.300s\n", scanned + begin, parsed + begin);
}

static void assert_same(enum form form, const struct file_type *type, const GString *text)
{
    static const enum way ways[] = {BY_SCAN, BY_ROWS};
    GString *parsed = read_all(form, type, text, BY_PARSER);

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        GString *scanned = read_all(form, type, text, ways[i]);
        if (!g_string_equal(scanned, parsed))
            print_different(scanned->str, parsed->str);
        assert_true(g_string_equal(scanned, parsed));
        g_string_free(scanned, TRUE);
    }
    g_string_free(parsed, TRUE);
}

/* ---- changes ---- */

/* Changes some bytes, or puts a snippet in. */
static void change(GString *text, const char *const *snippets, size_t n)
{
    gssize at = random_below((uint32_t)text->len);
    size_t len = random_below((uint32_t)MIN(40, text->len - (size_t)at));
    g_autofree char *span = g_strndup(text->str + at, len);

    switch (random_below(6)) {
    case 0:
        text->str[at] = (char)random_below(256);
        break;
    case 1:
        g_string_erase(text, at, (gssize)len);
        break;
    case 2:
        g_string_insert(text, random_below((uint32_t)text->len), span);
        break;
    case 3:
        if (random_below(4) == 0)
            g_string_truncate(text, (gsize)at + 1);
        break;
    default:
        g_string_insert(text, at, snippets[random_below((uint32_t)n)]);
    }
}

#endif
