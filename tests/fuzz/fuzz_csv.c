/* Any bytes as a CSV instruction, the first byte being the size of the pieces: every fault has a
 * text and a place, fields keep to their limits, and pieces make no difference to what is told. */
#include "formats/reader.h"
#include "formats/text.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_RECORDS = 100 };

struct told {
    GString *events;
    uint32_t ordinal, counts, headers;
};

static void tell_place(struct told *told, struct place at)
{
    g_string_append_printf(told->events, " %u:%u", at.line, at.column);
}

static void tell_field(struct told *told, const struct field *f)
{
    g_assert(text_valid_prefix(f->text, f->len) == f->len);
    g_assert(f->at.line > 0 && f->at.column > 0);
    tell_place(told, f->at);
    g_string_append_len(told->events, f->text, (gssize)f->len);
}

static void tell_record(struct told *told, const struct record *record, size_t max)
{
    tell_place(told, record->at);
    for (size_t i = 0; i < record->n_fields; i++) {
        g_assert(text_characters(record->fields[i].text, record->fields[i].len) <= max);
        tell_field(told, &record->fields[i]);
    }
}

static void on_header(void *user, const struct record *record)
{
    struct told *told = user;

    g_assert(told->headers++ == 0 && record->n_fields == HEADER_COLUMNS);
    tell_record(told, record, 128);
}

static void on_record(void *user, const struct record *record)
{
    struct told *told = user;

    g_assert(record->ordinal > told->ordinal && record->ordinal <= MAX_RECORDS);
    g_assert(record->n_fields == INSTRUCTION_COLUMNS);
    told->ordinal = record->ordinal;
    tell_record(told, record, LAYOUT_FIELD_MAX_CHARS);
}

static void on_count(void *user, const struct field *declared)
{
    struct told *told = user;

    g_assert(told->counts++ == 0);
    tell_field(told, declared);
}

static void on_fault(void *user, const struct fault *fault)
{
    struct told *told = user;

    g_assert(fault->text[0] != '\0' && !strchr(fault->text, '\n'));
    g_assert(g_utf8_validate(fault->text, -1, NULL));
    g_assert((fault->at.line > 0 && fault->at.column > 0) || fault->kind == FAULT_EMPTY);
    g_assert(fault->ordinal == 0 || fault->ordinal >= told->ordinal);
    g_string_append_printf(told->events, "!%d %u %s %s", (int)fault->kind, fault->ordinal,
                           fault->field ? fault->field : "-", fault->text);
    tell_place(told, fault->at);
    if (fault->value)
        g_string_append_len(told->events, fault->value, (gssize)fault->value_len);
}

static GString *read_all(const uint8_t *data, size_t size, size_t piece)
{
    struct told told = {.events = g_string_new(NULL)};
    const struct reader_limits limits = {MAX_RECORDS};
    const struct reader_sink sink = {&told, on_header, on_record, on_count, on_fault};
    struct reader *reader = reader_new(FORM_CSV, layout_find("EMI", 3), &limits, &sink);

    for (size_t i = 0; i < size; i += piece) {
        size_t len = MIN(piece, size - i);
        g_autofree char *copy = g_memdup2(data + i, len);
        if (!reader_push(reader, copy, len))
            break;
    }
    reader_finish(reader);
    g_string_append_printf(told.events, "=%u", reader_records(reader));
    reader_free(reader);
    return told.events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GString *whole, *pieces;

    if (size == 0)
        return 0;
    whole = read_all(data + 1, size - 1, size);
    pieces = read_all(data + 1, size - 1, MAX(data[0], 1));
    g_assert(g_string_equal(whole, pieces));
    g_string_free(whole, TRUE);
    g_string_free(pieces, TRUE);
    return 0;
}
