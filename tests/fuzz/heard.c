#include "tests/fuzz/heard.h"

#include "formats/text.h"

#include <string.h>

enum {
    HEADER_CHARS = 128,
    FIELD_NAME_CHARS = 64,
    TEXT_CHARS = 400,
    VALUE_CHARS = 200,
    LONG_BYTES = 16384
}; /* where a place costs a long line */

void heard_assert_printable(const char *text)
{
    g_assert(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        g_assert(!g_unichar_iscntrl(g_utf8_get_char(p)));
}

/* The place as it would be without the lines of padding. */
static struct place unpadded(const struct heard *heard, struct place at)
{
    const struct listening *l = heard->listening;

    if (at.line < l->pad_at.line || l->pad_lines == 0 || (at.line == l->pad_at.line && at.column < l->pad_at.column))
        return at;
    if (at.line < l->pad_at.line + l->pad_lines)
        return l->pad_at;
    at.line -= l->pad_lines;
    if (at.line == l->pad_at.line)
        at.column += l->pad_at.column - 1;
    return at;
}

static void tell_place(struct heard *heard, struct place at)
{
    struct place told = unpadded(heard, at);

    g_string_append_printf(heard->events, " %u:%u", told.line, told.column);
}

static void end_event(struct heard *heard)
{
    unsigned most = heard->document->len > LONG_BYTES ? HEARD_LONG_EVENTS : HEARD_MAX_EVENTS;
    unsigned stop_after = heard->listening->stop_after;

    g_assert(!heard->stopped); /* nothing is told after a stop */
    g_array_append_val(heard->ends, heard->events->len);
    heard->stopped = heard->ends->len == (stop_after ? stop_after : most);
    if (heard->stopped)
        reader_stop(heard->reader);
}

static void tell_field(struct heard *heard, const struct field *f, size_t max)
{
    char *text = f->text ? g_strndup(f->text, f->len) : NULL;

    if (f->text == NULL) {
        g_assert(f->len == 0 && f->at.line == 0 && heard->listening->form == FORM_XML);
    } else {
        g_assert(g_utf8_validate_len(f->text, f->len, NULL));
        g_assert(text_valid_prefix(f->text, f->len) == f->len);
        g_assert(text_characters(f->text, f->len) == (size_t)g_utf8_strlen(f->text, (gssize)f->len));
        g_assert(text_characters(f->text, f->len) <= max);
        g_assert(document_offset(heard->document, f->at) <= heard->document->len);
    }
    tell_place(heard, f->at);
    g_string_append_printf(heard->events, " [%s]", text ? text : "-");
    g_ptr_array_add(heard->texts, text);
}

static void tell_record(struct heard *heard, const struct layout_record *layout, const struct record *record,
                        size_t max)
{
    g_assert(document_offset(heard->document, record->at) < heard->document->len);
    g_string_append_printf(heard->events, "\n%s #%u", layout->element, record->ordinal);
    tell_place(heard, record->at);
    for (size_t i = 0; i < layout->n_columns; i++)
        tell_field(heard, &record->fields[i], max);
    if (heard->listening->look_at_record)
        heard->listening->look_at_record(heard, layout, record);
    end_event(heard);
}

static void on_header(void *user, const struct record *record)
{
    struct heard *heard = user;

    g_assert(heard->headers++ == 0 && record->n_fields == HEADER_COLUMNS);
    for (size_t i = heard->type->header->n_columns; i < HEADER_COLUMNS; i++)
        g_assert(record->fields[i].text == NULL && record->fields[i].len == 0);
    tell_record(heard, heard->type->header, record, HEADER_CHARS);
}

/* A faulty record keeps its ordinal, so that none is passed over. */
static void tell_ordinal(struct heard *heard, uint32_t ordinal)
{
    g_assert(ordinal == heard->ordinal || ordinal == heard->ordinal + 1);
    g_assert(ordinal <= reader_records(heard->reader) && ordinal <= HEARD_MAX_RECORDS);
    heard->ordinal = ordinal;
}

static void on_record(void *user, const struct record *record)
{
    struct heard *heard = user;

    g_assert(record->ordinal > 0 && record->ordinal == reader_records(heard->reader));
    tell_ordinal(heard, record->ordinal);
    g_assert(record->at.line > heard->last.line ||
             (record->at.line == heard->last.line && record->at.column > heard->last.column));
    heard->last = record->at;
    heard->records++;
    g_assert(record->n_fields == heard->type->record->n_columns);
    tell_record(heard, heard->type->record, record, LAYOUT_FIELD_MAX_CHARS);
}

static void on_count(void *user, const struct field *declared)
{
    struct heard *heard = user;

    g_assert(heard->counts++ == 0 && declared->text != NULL);
    g_string_append(heard->events, "\ncount");
    tell_field(heard, declared, HEADER_CHARS);
    g_ptr_array_remove_index(heard->texts, heard->texts->len - 1);
    if (heard->listening->look_at_count)
        heard->listening->look_at_count(heard, declared);
    end_event(heard);
}

/* libxml2's messages may name the line of a start tag, which padding moves. */
static void tell_text(struct heard *heard, const char *text)
{
    const char *line = strstr(text, " line ");
    size_t len = line ? (size_t)(line - text) + strlen(" line ") : strlen(text);

    g_string_append_len(heard->events, text, (gssize)len);
    g_string_append(heard->events, text + len + strspn(text + len, "0123456789"));
}

static void on_fault(void *user, const struct fault *fault)
{
    struct heard *heard = user;
    g_autofree char *value = fault->value ? text_escape(fault->value, fault->value_len, VALUE_CHARS) : NULL;

    heard->faults++;
    heard->kinds |= 1u << fault->kind;
    g_assert(fault->kind <= FAULT_QUOTING && fault->text[0] != '\0');
    heard_assert_printable(fault->text);
    g_assert(g_utf8_strlen(fault->text, -1) <= TEXT_CHARS);
    if (fault->field) {
        heard_assert_printable(fault->field);
        g_assert(fault->field[0] != '\0' && g_utf8_strlen(fault->field, -1) <= FIELD_NAME_CHARS);
    }
    g_assert(fault->kind == FAULT_EMPTY ? fault->at.line == 0
                                        : document_offset(heard->document, fault->at) <= heard->document->len);
    if (fault->ordinal)
        tell_ordinal(heard, fault->ordinal);
    g_string_append_printf(heard->events, "\n!%d #%u %s [%s]%zu ", (int)fault->kind, fault->ordinal,
                           fault->field ? fault->field : "-", value ? value : "-", fault->value_len);
    tell_text(heard, fault->text);
    tell_place(heard, fault->at);
    if (heard->listening->look_at_fault)
        heard->listening->look_at_fault(heard, fault);
    end_event(heard);
}

static void judge_end(const struct heard *heard)
{
    bool marked = g_array_index(heard->document->lines, size_t, 0) > 0;

    g_assert(heard->ordinal <= heard->found && heard->records <= heard->found);
    g_assert(!marked || heard->kinds & 1u << FAULT_ENCODING); /* a byte order mark is told */
    g_assert(heard->whole ? !heard->stopped : heard->stopped || heard->faults > 0);
    /* Whatever was wrong with a record, something was said about it. */
    g_assert(!heard->whole || heard->ordinal == heard->found);
    if (heard->faults == 0 && !heard->stopped)
        g_assert(heard->whole && heard->headers == 1 && heard->counts == 1 && heard->records == heard->found);
}

struct heard *hear(const struct document *document, const struct listening *listening)
{
    struct heard *heard = g_new0(struct heard, 1);
    const struct reader_limits limits = {HEARD_MAX_RECORDS};
    const struct reader_sink sink = {heard, on_header, on_record, on_count, on_fault};

    heard->document = document;
    heard->listening = listening;
    heard->events = g_string_new(NULL);
    heard->ends = g_array_new(FALSE, FALSE, sizeof(gsize));
    heard->texts = g_ptr_array_new_with_free_func(g_free);
    heard->type = listening->type ? listening->type : document_type(document, listening->form);
    heard->reader = reader_new(listening->form, heard->type, &limits, &sink);
    heard->whole = document_push(document, heard->reader, listening->in_pieces);
    heard->found = reader_records(heard->reader);
    reader_free(heard->reader);
    heard->reader = NULL;
    judge_end(heard);
    return heard;
}

void heard_free(struct heard *heard)
{
    g_string_free(heard->events, TRUE);
    g_array_free(heard->ends, TRUE);
    g_ptr_array_free(heard->texts, TRUE);
    g_free(heard);
}

void heard_assert_same(const struct heard *one, const struct heard *other)
{
    if (g_string_equal(one->events, other->events) && one->whole == other->whole && one->found == other->found)
        return;
    g_printerr("one:%s\n= %d %u\nother:%s\n= %d %u\n", one->events->str, one->whole, one->found, other->events->str,
               other->whole, other->found);
    g_assert_not_reached();
}

static void stop_somewhere(const struct heard *heard)
{
    uint32_t lot = heard->document->hash;
    struct listening listening = *heard->listening;
    struct heard *stopped;
    gsize len;

    if (heard->ends->len == 0)
        return;
    listening.stop_after = 1 + document_draw(&lot) % heard->ends->len;
    len = g_array_index(heard->ends, gsize, listening.stop_after - 1);
    stopped = hear(heard->document, &listening);
    g_assert(!stopped->whole && stopped->events->len == len &&
             memcmp(stopped->events->str, heard->events->str, len) == 0);
    heard_free(stopped);
}

struct heard *hear_all_ways(const struct document *document, const struct listening *listening)
{
    struct heard *heard = hear(document, listening);
    struct listening in_pieces = *listening;
    struct heard *cut;

    in_pieces.in_pieces = true;
    cut = hear(document, &in_pieces);
    heard_assert_same(heard, cut);
    heard_free(cut);
    stop_somewhere(heard);
    return heard;
}
