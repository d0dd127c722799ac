/* Records what the reader gives as text, and asserts what must hold for both forms. */
#include "tests/fuzz/reading.h"

#include "formats/text.h"

#include <string.h>

enum {
    HEADER_CHARS = 128, /* the limits that the reader has to keep, in characters */
    FIELD_NAME_CHARS = 64,
    TEXT_CHARS = 400,
    VALUE_CHARS = 200, /* of a fault's value that are compared */
    LONG_BYTES = 16384 /* longer documents give fewer events: finding a place in them takes long */
};

void assert_printable(const char *text)
{
    g_assert(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        g_assert(!g_unichar_iscntrl(g_utf8_get_char(p)));
}

/* The place as it would be without the lines of padding. */
static struct place unpadded(const struct reading *reading, struct place at)
{
    const struct reading_options *l = reading->options;

    if (at.line < l->pad_at.line || l->pad_lines == 0 || (at.line == l->pad_at.line && at.column < l->pad_at.column))
        return at;
    if (at.line < l->pad_at.line + l->pad_lines)
        return l->pad_at;
    at.line -= l->pad_lines;
    if (at.line == l->pad_at.line)
        at.column += l->pad_at.column - 1;
    return at;
}

static void add_place(struct reading *reading, struct place at)
{
    struct place place = unpadded(reading, at);

    g_string_append_printf(reading->events, " %u:%u", place.line, place.column);
}

static void end_event(struct reading *reading)
{
    unsigned most = reading->document->len > LONG_BYTES ? READING_LONG_EVENTS : READING_MAX_EVENTS;
    unsigned stop_after = reading->options->stop_after;

    g_assert(!reading->stopped); /* nothing is given after a stop */
    g_array_append_val(reading->ends, reading->events->len);
    reading->stopped = reading->ends->len == (stop_after ? stop_after : most);
    if (reading->stopped)
        reader_stop(reading->reader);
}

static void add_field(struct reading *reading, const struct field *f, size_t max)
{
    char *text = f->text ? g_strndup(f->text, f->len) : NULL;

    if (f->text == NULL) {
        g_assert(f->len == 0 && f->at.line == 0 &&
                 (reading->options->form == FORM_XML || reading->type->dialect->frame == FRAME_TITLE));
    } else {
        g_assert(g_utf8_validate_len(f->text, f->len, NULL));
        g_assert(text_valid_prefix(f->text, f->len) == f->len);
        g_assert(text_characters(f->text, f->len) == (size_t)g_utf8_strlen(f->text, (gssize)f->len));
        g_assert(text_characters(f->text, f->len) <= max);
        g_assert(document_offset(reading->document, f->at) <= reading->document->len);
    }
    add_place(reading, f->at);
    g_string_append_printf(reading->events, " [%s]", text ? text : "-");
    g_ptr_array_add(reading->texts, text);
}

static void add_record(struct reading *reading, const struct layout_record *layout, const struct record *record,
                       size_t max)
{
    g_assert(document_offset(reading->document, record->at) < reading->document->len);
    g_string_append_printf(reading->events, "\n%s #%u", layout->element ? layout->element : "Header", record->ordinal);
    add_place(reading, record->at);
    for (size_t i = 0; i < layout->n_columns; i++)
        add_field(reading, &record->fields[i], max);
    if (reading->options->check_record)
        reading->options->check_record(reading, layout, record);
    end_event(reading);
}

static void on_header(void *user, const struct record *record)
{
    struct reading *reading = user;

    g_assert(reading->headers++ == 0 && record->n_fields == HEADER_FIELDS);
    for (size_t i = reading->type->header->n_columns; i < HEADER_FIELDS; i++)
        g_assert(record->fields[i].text == NULL && record->fields[i].len == 0);
    add_record(reading, reading->type->header, record, HEADER_CHARS);
}

/* A faulty record keeps its ordinal, so that no number is left out. A wrong separator is told once for many records,
 * and so is a faulty title row. */
static void add_ordinal(struct reading *reading, uint32_t ordinal)
{
    bool below_fault = reading->faults > 0 && reading->type->dialect->frame == FRAME_TITLE;

    g_assert(ordinal == reading->ordinal || ordinal == reading->ordinal + 1 || reading->separator || below_fault);
    g_assert(ordinal <= reader_records(reading->reader) && ordinal <= READING_MAX_RECORDS);
    reading->ordinal = ordinal;
}

static void on_record(void *user, const struct record *record)
{
    struct reading *reading = user;

    g_assert(record->ordinal > 0 && record->ordinal == reader_records(reading->reader));
    add_ordinal(reading, record->ordinal);
    g_assert(record->at.line > reading->last.line ||
             (record->at.line == reading->last.line && record->at.column > reading->last.column));
    reading->last = record->at;
    reading->records++;
    g_assert(record->n_fields == reading->type->record->n_columns);
    add_record(reading, reading->type->record, record, LAYOUT_FIELD_MAX_CHARS);
}

static void on_count(void *user, const struct field *declared)
{
    struct reading *reading = user;

    g_assert(reading->counts++ == 0 && declared->text != NULL);
    g_string_append(reading->events, "\ncount");
    add_field(reading, declared, HEADER_CHARS);
    g_ptr_array_remove_index(reading->texts, reading->texts->len - 1);
    if (reading->options->check_count)
        reading->options->check_count(reading, declared);
    end_event(reading);
}

/* libxml2's messages may name the line of a start tag, which padding moves. */
static void add_text(struct reading *reading, const char *text)
{
    const char *line = strstr(text, " line ");
    size_t len = line ? (size_t)(line - text) + strlen(" line ") : strlen(text);

    g_string_append_len(reading->events, text, (gssize)len);
    g_string_append(reading->events, text + len + strspn(text + len, "0123456789"));
}

static void on_fault(void *user, const struct fault *fault)
{
    struct reading *reading = user;
    g_autofree char *value = fault->value ? text_escape(fault->value, fault->value_len, VALUE_CHARS) : NULL;

    reading->faults++;
    reading->kinds |= 1u << fault->kind;
    g_assert(fault->kind <= FAULT_QUOTING && fault->text[0] != '\0');
    assert_printable(fault->text);
    g_assert(g_utf8_strlen(fault->text, -1) <= TEXT_CHARS);
    if (fault->field) {
        assert_printable(fault->field);
        g_assert(fault->field[0] != '\0' && g_utf8_strlen(fault->field, -1) <= FIELD_NAME_CHARS);
    }
    g_assert(fault->kind == FAULT_EMPTY ? fault->at.line == 0
                                        : document_offset(reading->document, fault->at) <= reading->document->len);
    reading->separator |= g_str_has_prefix(fault->text, "fields are separated by");
    if (fault->ordinal)
        add_ordinal(reading, fault->ordinal);
    g_string_append_printf(reading->events, "\n!%d #%u %s [%s]%zu ", (int)fault->kind, fault->ordinal,
                           fault->field ? fault->field : "-", value ? value : "-", fault->value_len);
    add_text(reading, fault->text);
    add_place(reading, fault->at);
    if (reading->options->check_fault)
        reading->options->check_fault(reading, fault);
    end_event(reading);
}

static void judge_end(const struct reading *reading)
{
    bool xml = reading->options->form == FORM_XML;
    bool has_records = xml || reading->type->dialect->frame == FRAME_RECORDS;
    bool has_count = xml ? reading->type->count_element != NULL : has_records;
    bool marked = g_array_index(reading->document->lines, size_t, 0) > 0;

    g_assert(reading->ordinal <= reading->found && reading->records <= reading->found);
    g_assert(!marked || reading->kinds & 1u << FAULT_ENCODING); /* a byte order mark gives a fault */
    g_assert(reading->whole ? !reading->stopped : reading->stopped || reading->faults > 0);
    /* A record that was not given has given a fault, but below a title row that is faulty. */
    g_assert(!reading->whole || reading->ordinal == reading->found || reading->separator ||
             (!has_records && reading->faults > 0));
    if (reading->faults == 0 && !reading->stopped)
        g_assert(reading->whole && reading->headers == 1 && reading->counts == has_count &&
                 reading->records == reading->found);
}

struct reading *reading_of(const struct document *document, const struct reading_options *options)
{
    struct reading *reading = g_new0(struct reading, 1);
    const struct reader_limits limits = {READING_MAX_RECORDS};
    const struct reader_sink sink = {reading, on_header, on_record, on_count, on_fault};

    reading->document = document;
    reading->options = options;
    reading->events = g_string_new(NULL);
    reading->ends = g_array_new(FALSE, FALSE, sizeof(gsize));
    reading->texts = g_ptr_array_new_with_free_func(g_free);
    reading->type = options->type ? options->type : document_type(document, options->form);
    reading->reader = reader_new(options->form, reading->type, &limits, &sink);
    if (options->parse_all)
        reader_parse_all(reading->reader);
    reading->whole = document_push(document, reading->reader, options->in_pieces);
    reading->found = reader_records(reading->reader);
    reader_free(reading->reader);
    reading->reader = NULL;
    judge_end(reading);
    return reading;
}

void reading_free(struct reading *reading)
{
    g_string_free(reading->events, TRUE);
    g_array_free(reading->ends, TRUE);
    g_ptr_array_free(reading->texts, TRUE);
    g_free(reading);
}

void reading_assert_same(const struct reading *one, const struct reading *other)
{
    if (g_string_equal(one->events, other->events) && one->whole == other->whole && one->found == other->found)
        return;
    g_printerr("one:%s\n= %d %u\nother:%s\n= %d %u\n", one->events->str, one->whole, one->found, other->events->str,
               other->whole, other->found);
    g_assert_not_reached();
}

static void stop_somewhere(const struct reading *reading)
{
    uint32_t state = reading->document->hash;
    struct reading_options options = *reading->options;
    struct reading *stopped;
    gsize len;

    if (reading->ends->len == 0)
        return;
    options.stop_after = 1 + document_random(&state) % reading->ends->len;
    len = g_array_index(reading->ends, gsize, options.stop_after - 1);
    stopped = reading_of(reading->document, &options);
    g_assert(!stopped->whole && stopped->events->len == len &&
             memcmp(stopped->events->str, reading->events->str, len) == 0);
    reading_free(stopped);
}

static void compare(const struct reading *reading, const struct reading_options *options)
{
    struct reading *other = reading_of(reading->document, options);

    reading_assert_same(reading, other);
    reading_free(other);
}

struct reading *reading_all_ways(const struct document *document, const struct reading_options *options)
{
    struct reading *reading = reading_of(document, options);
    struct reading_options in_pieces = *options, parsed = *options;

    in_pieces.in_pieces = true;
    parsed.parse_all = true;
    compare(reading, &in_pieces);
    if (options->form == FORM_XML)
        compare(reading, &parsed);
    stop_somewhere(reading);
    return reading;
}
