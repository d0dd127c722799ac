/* RFC 4180 as it streams by: records are cut first (cut), then judged and split whole (take). */
#include "formats/reader_private.h"
#include "formats/text.h"

#include <glib.h>
#include <string.h>

enum {
    MAX_RECORD = 65536,
    FRAME_FIELDS = 3, /* of H before the layout's columns: letter, type, version */
    MAX_FIELDS = LAYOUT_MAX_COLUMNS + FRAME_FIELDS,
    MAX_OTHERS = 100000,   /* a flood of empty lines would cost a fault each */
    MAX_LINE = 2147000000, /* as in XML; a piece has far fewer */
    PIECE = 65536,
    SHOWN_CHARS = 64,
};

enum line_end { END_NONE, END_LF, END_CRLF };

enum quoting {
    QUOTING_GOOD,
    QUOTING_OPEN,   /* no closing quote */
    QUOTING_BEHIND, /* text behind a closing quote */
    QUOTING_INSIDE, /* a quote inside an unquoted field */
    QUOTING_CR,     /* a CR that no LF follows */
};

struct csv {
    struct reader *reader;
    const struct file_type *type;
    GString *buffer;
    size_t scan;    /* how far the record at the buffer's start was searched */
    size_t newline; /* the first one from scan on, or how far there is none; behind scan it is not known */
    size_t quote;   /* where the open quote is */
    bool in_quotes, skipping;
    bool any, header, trailer, after_trailer, mixed;
    enum line_end line_end; /* of the first line */
    uint32_t line, others;  /* of the next record; records that are not D */

    /* The record at hand */
    const char *text;
    size_t len;
    struct place at;
    char letter; /* H, D, T or 0 for any other */
    uint32_t ordinal;
    struct place here; /* of the field that split has come to */
    size_t n_fields, field_offset, fault_offset;
    struct field fields[MAX_FIELDS];
    size_t scratch_len;
    char scratch[MAX_RECORD]; /* fields whose doubled quotes were undone: never more than the record
                               */
};

static void *csv_open(struct reader *reader, const struct file_type *type)
{
    struct csv *c = g_new0(struct csv, 1);

    c->reader = reader;
    c->type = type;
    c->line = 1;
    c->buffer = g_string_new(NULL);
    return c;
}

/* --- Places --------------------------------------------------------------------------------- */

static void advance(struct place *at, const char *s, size_t len)
{
    for (const char *end = s + len, *nl; (nl = memchr(s, '\n', (size_t)(end - s))); s = nl + 1) {
        len -= (size_t)(nl - s) + 1;
        *at = (struct place){at->line + 1, 1};
    }
    at->column += (uint32_t)text_characters(s, len);
}

static struct place place_in_record(const struct csv *c, size_t offset)
{
    struct place at = c->at;

    advance(&at, c->text, offset);
    return at;
}

static struct fault record_fault(const struct csv *c, enum fault_kind kind)
{
    return (struct fault){.kind = kind, .at = c->at, .ordinal = c->ordinal, .value = c->text, .value_len = c->len};
}

/* The column's name of field i, NULL where there is none. */
static const char *column_name(const struct csv *c, size_t i)
{
    static const char *const frame[FRAME_FIELDS] = {"RecordType", "Type", "LayoutVersion"};
    const struct layout_record *layout = c->type->record;
    size_t first = 1;

    if (i == 0)
        return frame[0];
    if (c->letter == 'T')
        return i == 1 ? "Count" : NULL;
    if (c->letter == 'H') {
        if (i < FRAME_FIELDS)
            return frame[i];
        layout = c->type->header;
        first = FRAME_FIELDS;
    }
    return c->letter && i - first < layout->n_columns ? layout->columns[i - first].name : NULL;
}

/* --- Cutting -------------------------------------------------------------------------------- */

/* Takes the quote at offset at into account; false: more must be seen first. */
static bool pass_quote(struct csv *c, const char *s, size_t len, size_t at, bool final)
{
    c->scan = at;
    if (!c->in_quotes) {
        c->in_quotes = at == 0 || s[at - 1] == ',';
        c->quote = at;
    } else if (at + 1 == len && !final) {
        return false; /* the next byte tells a doubled quote from a closing one */
    } else if (at + 1 < len && s[at + 1] == '"') {
        c->scan++;
    } else {
        c->in_quotes = false;
    }
    c->scan++;
    return true;
}

/* The first newline from scan on, len if there is none. Searched for once, however many quotes stand before it: a
 * record of nothing but quotes would cost its length for each of them. */
static size_t next_newline(struct csv *c, const char *s, size_t len)
{
    size_t from = MAX(c->newline, c->scan);
    const char *nl;

    if (from > c->scan && from < len && s[from] == '\n')
        return from;
    nl = from < len ? memchr(s + from, '\n', len - from) : NULL;
    c->newline = nl ? (size_t)(nl - s) : len;
    return c->newline;
}

/* Searches for the newline that ends the record at s; false: it is not within len bytes. */
static bool cut(struct csv *c, const char *s, size_t len, bool final, size_t *end)
{
    while (c->scan < len) {
        size_t stop = c->in_quotes ? len : next_newline(c, s, len);
        const char *q = memchr(s + c->scan, '"', stop - c->scan);

        if (!q && stop < len) {
            *end = stop;
            return true;
        }
        if (!q)
            c->scan = len;
        else if (!pass_quote(c, s, len, (size_t)(q - s), final))
            return false;
    }
    return false;
}

/* --- Splitting ------------------------------------------------------------------------------ */

static void keep(struct csv *c, const char *s, size_t len)
{
    memcpy(c->scratch + c->scratch_len, s, len);
    c->scratch_len += len;
}

/* Undoes the quoted field at s[i]; returns the offset behind its closing quote, len + 1 if none. */
static size_t unquote(struct csv *c, const char *s, size_t len, size_t i, struct field *field)
{
    size_t from = i + 1, begin = c->scratch_len;
    const char *q;

    while ((q = memchr(s + from, '"', len - from))) {
        size_t at = (size_t)(q - s);

        if (at + 1 == len || s[at + 1] != '"') {
            *field = (struct field){s + from, at - from, field->at};
            if (c->scratch_len == begin) /* the common case: nothing to undo */
                return at + 1;
            keep(c, s + from, at - from);
            *field = (struct field){c->scratch + begin, c->scratch_len - begin, field->at};
            return at + 1;
        }
        keep(c, s + from, at + 1 - from); /* with one of the two quotes */
        from = at + 2;
    }
    return len + 1;
}

static enum quoting split_quoted(struct csv *c, const char *s, size_t len, size_t *i, struct field *field)
{
    size_t begin = *i, stop = unquote(c, s, len, begin, field);

    c->fault_offset = stop > len ? begin : stop;
    if (stop > len)
        return QUOTING_OPEN;
    if (stop < len && s[stop] != ',')
        return QUOTING_BEHIND;
    advance(&c->here, s + begin, stop - begin);
    *i = stop;
    return QUOTING_GOOD;
}

static enum quoting split_plain(struct csv *c, const char *s, size_t len, size_t *i, struct field *field)
{
    size_t begin = *i, k = begin;
    uint32_t characters = 0;

    for (; k < len && s[k] != ','; k++) {
        if (s[k] == '"' || s[k] == '\r') {
            c->fault_offset = k;
            return s[k] == '"' ? QUOTING_INSIDE : QUOTING_CR;
        }
        characters += (s[k] & 0xc0) != 0x80;
    }
    c->here.column += characters;
    field->text = s + begin;
    field->len = k - begin;
    *i = k;
    return QUOTING_GOOD;
}

/* Splits the record's first len bytes into fields, up to the first quoting fault. Fields past the
 * greatest number that a layout has are counted only. */
static enum quoting split(struct csv *c, size_t len)
{
    const char *s = c->text;

    c->here = c->at;
    c->scratch_len = c->n_fields = 0;
    for (size_t i = 0;; i++) {
        struct field spare, *f = c->n_fields < MAX_FIELDS ? &c->fields[c->n_fields] : &spare;
        enum quoting quoting;

        f->at = c->here;
        c->field_offset = i;
        c->n_fields++;
        quoting = i < len && s[i] == '"' ? split_quoted(c, s, len, &i, f) : split_plain(c, s, len, &i, f);
        if (quoting != QUOTING_GOOD || i >= len)
            return quoting;
        c->here.column++; /* the comma */
    }
}

/* The record's letter, quoted or not; 0 for any other. Needs no splitting, which may fail. */
static char letter_of(const char *s, size_t len)
{
    bool quoted = len > 0 && s[0] == '"';
    size_t end = quoted ? 3 : 1;

    if (len < end || (quoted && s[2] != '"') || (len > end && s[end] != ','))
        return 0;
    return strchr("HDT", s[quoted]) && s[quoted] != '\0' ? s[quoted] : 0;
}

/* --- Judging -------------------------------------------------------------------------------- */

/* What the record is, for people; owned by the caller. */
static char *describe(const struct csv *c)
{
    const char *comma = memchr(c->text, ',', c->len);
    g_autofree char *shown = NULL;

    if (c->letter)
        return g_strdup_printf("%s %c record", c->letter == 'H' ? "an" : "a", c->letter);
    if (c->len == 0)
        return g_strdup("an empty line");
    shown = text_escape(c->text, comma ? (size_t)(comma - c->text) : c->len, SHOWN_CHARS);
    return g_strdup_printf("\"%s\"", shown);
}

static void report_record(struct csv *c, enum fault_kind kind, const char *expected)
{
    struct fault fault = record_fault(c, kind);
    g_autofree char *found = describe(c);

    reader_fault_with(c->reader, &fault, "expected %s, found %s", expected, found);
}

static void report_quoting(struct csv *c, enum quoting quoting)
{
    static const struct {
        const char *expected, *found;
    } texts[] = {
        [QUOTING_OPEN] = {"a closing quote", "none"},
        [QUOTING_BEHIND] = {"a comma or the line's end after a closing quote", NULL},
        [QUOTING_INSIDE] = {"no quote inside an unquoted field", "one"},
        [QUOTING_CR] = {"CRLF or LF", "a lone CR"},
    };
    struct fault fault = record_fault(c, FAULT_QUOTING);
    const char *bad = c->text + c->fault_offset, *end = c->text + c->len;
    /* A field without closing quote is shown to the end of its line. */
    const char *stop = memchr(bad, quoting == QUOTING_OPEN ? '\n' : ',', (size_t)(end - bad));
    g_autofree char *shown = NULL, *found = NULL;

    end = stop ? stop : end;
    shown = text_escape(bad, (size_t)(end - bad), SHOWN_CHARS);
    found = g_strdup_printf("\"%s\"", shown);
    fault.at = place_in_record(c, c->fault_offset);
    fault.field = column_name(c, c->n_fields - 1);
    fault.value = c->text + c->field_offset;
    fault.value_len = (size_t)(end - fault.value);
    reader_fault_with(c->reader, &fault, "expected %s, found %s", texts[quoting].expected,
                      texts[quoting].found ? texts[quoting].found : found);
}

/* True when the record is UTF-8 without NUL. NUL ends the reading: such a file is no text at all.
 */
static bool check_encoding(struct csv *c)
{
    size_t valid = text_valid_prefix(c->text, c->len);
    struct fault fault;
    enum quoting quoting;

    if (valid == c->len)
        return true;
    quoting = split(c, valid); /* tells the field, and what is wrong before it */
    if (quoting != QUOTING_GOOD && quoting != QUOTING_OPEN)
        report_quoting(c, quoting);
    fault = record_fault(c, FAULT_ENCODING);
    fault.at = place_in_record(c, valid);
    fault.field = quoting == QUOTING_GOOD || quoting == QUOTING_OPEN ? column_name(c, c->n_fields - 1) : NULL;
    fault.value = c->text + valid;
    fault.value_len = 1;
    reader_fault_with(c->reader, &fault, "expected UTF-8 without NUL, found byte %02X", (unsigned char)c->text[valid]);
    if (c->text[valid] == '\0')
        reader_stop(c->reader);
    return false;
}

static bool expect_fields(struct csv *c, size_t expected)
{
    struct fault fault = record_fault(c, FAULT_FIELD_COUNT);

    if (c->n_fields != expected)
        reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu", expected, c->n_fields);
    return c->n_fields == expected;
}

static size_t bytes_of(const char *s, size_t len, size_t characters)
{
    size_t i = 0;

    for (; i < len; i++)
        if ((s[i] & 0xc0) != 0x80 && characters-- == 0)
            break;
    return i;
}

/* Cuts fields that are too long, after having said so. */
static void cap_fields(struct csv *c, size_t first, size_t max)
{
    for (size_t i = first; i < MIN(c->n_fields, MAX_FIELDS); i++) {
        struct field *f = &c->fields[i];
        struct fault fault = record_fault(c, FAULT_LIMIT);

        if (f->len <= max || text_characters(f->text, f->len) <= max)
            continue;
        fault.at = f->at;
        fault.field = column_name(c, i);
        fault.value = f->text;
        fault.value_len = f->len;
        reader_fault_with(c->reader, &fault, "expected at most %zu characters, found %zu", max,
                          text_characters(f->text, f->len));
        f->len = bytes_of(f->text, f->len, max);
    }
}

static void expect_text(struct csv *c, size_t i, enum fault_kind kind, const char *expected)
{
    const struct field *f = &c->fields[i];
    struct fault fault = {kind, f->at, 0, column_name(c, i), f->text, f->len, NULL};
    g_autofree char *shown = NULL;

    if (c->n_fields <= i || field_is(f, expected))
        return;
    shown = text_escape(f->text, f->len, SHOWN_CHARS);
    reader_fault_with(c->reader, &fault, "expected %s, found \"%s\"", expected, shown);
}

static void take_header(struct csv *c)
{
    const struct record record = {.at = c->at, .n_fields = HEADER_COLUMNS, .fields = c->fields + FRAME_FIELDS};
    size_t n = FRAME_FIELDS + c->type->header->n_columns;
    bool complete = expect_fields(c, n);

    expect_text(c, 1, FAULT_TYPE, c->type->code);
    expect_text(c, 2, FAULT_ROOT, LAYOUT_VERSION);
    if (!complete)
        return;
    cap_fields(c, FRAME_FIELDS, READER_HEADER_MAX_CHARS);
    for (; n < FRAME_FIELDS + HEADER_COLUMNS; n++)
        c->fields[n] = (struct field){0};
    reader_emit_header(c->reader, &record);
}

static void take_device(struct csv *c)
{
    size_t n = c->type->record->n_columns;
    const struct record record = {.ordinal = c->ordinal, .at = c->at, .n_fields = n, .fields = c->fields + 1};

    if (!expect_fields(c, n + 1))
        return;
    cap_fields(c, 1, LAYOUT_FIELD_MAX_CHARS);
    reader_emit_record(c->reader, &record);
}

static void take_trailer(struct csv *c)
{
    expect_fields(c, 2);
    if (c->n_fields < 2)
        return;
    c->n_fields = 2;
    cap_fields(c, 1, LAYOUT_FIELD_MAX_CHARS);
    reader_emit_count(c->reader, &c->fields[1]);
}

/* Sets the record at hand and counts it before anything can be found wrong with it. */
static bool begin_record(struct csv *c, const char *s, size_t len)
{
    c->text = s;
    c->len = len;
    c->at = (struct place){c->line, 1};
    c->letter = letter_of(s, len);
    c->ordinal = c->letter == 'D' ? reader_count_record(c->reader, c->at) : 0;
    if (c->letter != 'D' && c->others++ >= MAX_OTHERS) {
        reader_fault(c->reader, FAULT_LIMIT, c->at, "expected at most %d records other than D, found more", MAX_OTHERS);
        reader_stop(c->reader);
    }
    return !reader_stopped(c->reader);
}

/* The order of the records; false: the record is not worth splitting. */
static bool check_order(struct csv *c)
{
    bool first = !c->any, again = c->letter == 'H' && c->header, was_over = c->trailer;

    c->any = true;
    c->header |= c->letter == 'H';
    c->trailer |= c->letter == 'T';
    if (first && c->letter != 'H')
        report_record(c, FAULT_HEADER_RECORD, "the H record first");
    if (again)
        report_record(c, FAULT_HEADER_RECORD, "no second H record");
    if (was_over && !c->after_trailer) {
        c->after_trailer = true;
        report_record(c, FAULT_TRAILER_RECORD, "nothing after the T record");
    }
    return !again && (!was_over || c->letter == 'D' || c->letter == 'H');
}

static void take(struct csv *c)
{
    bool wanted = check_order(c);
    enum quoting quoting;

    if (!check_encoding(c) || !wanted)
        return;
    quoting = split(c, c->len);
    if (quoting != QUOTING_GOOD)
        report_quoting(c, quoting);
    else if (c->letter == 'H')
        take_header(c);
    else if (c->letter == 'D')
        take_device(c);
    else if (c->letter == 'T')
        take_trailer(c);
    else
        report_record(c, FAULT_FIELD_COUNT, "a record H, D or T");
}

static void check_line_end(struct csv *c, enum line_end found)
{
    static const char *const names[] = {[END_LF] = "LF", [END_CRLF] = "CRLF"};
    struct fault fault = record_fault(c, FAULT_QUOTING);

    if (c->line_end == END_NONE)
        c->line_end = found;
    if (found == END_NONE || found == c->line_end || c->mixed)
        return;
    c->mixed = true;
    fault.at = place_in_record(c, c->len);
    fault.value = c->text + c->len;
    fault.value_len = found == END_CRLF ? 2 : 1;
    reader_fault_with(c->reader, &fault, "expected %s as in the lines before, found %s", names[c->line_end],
                      names[found]);
}

/* --- The stream ----------------------------------------------------------------------------- */

static uint32_t newlines(const char *s, size_t len)
{
    uint32_t n = 0;

    for (const char *end = s + len; (s = memchr(s, '\n', (size_t)(end - s))); s++)
        n++;
    return n;
}

static void take_line(struct csv *c, const char *s, size_t len, bool ended)
{
    bool crlf = ended && len > 0 && s[len - 1] == '\r';

    if (!begin_record(c, s, len - crlf))
        return;
    take(c);
    check_line_end(c, !ended ? END_NONE : crlf ? END_CRLF : END_LF);
    c->line += newlines(s, len) + 1;
}

/* A record without an end in reach: reports it and goes on after the line where it went wrong. */
static size_t give_up(struct csv *c, const char *s, size_t len)
{
    const char *nl = c->in_quotes ? memchr(s + c->quote, '\n', len - c->quote) : NULL;
    size_t used = nl ? (size_t)(nl - s) + 1 : len;
    enum quoting quoting;
    struct fault fault;

    if (!begin_record(c, s, len))
        return used;
    check_order(c);
    quoting = c->in_quotes ? split(c, len) : QUOTING_GOOD;
    fault = record_fault(c, FAULT_LIMIT);
    if (quoting != QUOTING_GOOD)
        report_quoting(c, quoting);
    else
        reader_fault_with(c->reader, &fault, "expected a record of at most %d bytes, found a longer one", MAX_RECORD);
    c->skipping = !nl;
    c->line += newlines(s, used);
    return used;
}

/* Passes over the rest of a record that was given up; returns how many bytes. */
static size_t skip(struct csv *c, const char *s, size_t len)
{
    const char *nl = memchr(s, '\n', len);

    c->skipping = !nl;
    c->line += nl != NULL;
    return nl ? (size_t)(nl - s) + 1 : len;
}

/* Takes what it can of the bytes at s; returns how many, 0 when more are needed. */
static size_t step(struct csv *c, const char *s, size_t have, bool final)
{
    size_t reach = MIN(have, MAX_RECORD + 1), used, end;

    if (c->skipping)
        return skip(c, s, have);
    if (cut(c, s, reach, final && reach == have, &end)) {
        take_line(c, s, end, true);
        used = end + 1;
    } else if (reach > MAX_RECORD || (final && c->in_quotes)) {
        used = give_up(c, s, reach);
    } else if (final) {
        take_line(c, s, have, false);
        used = have;
    } else {
        return 0;
    }
    c->scan = c->newline = 0;
    c->in_quotes = false;
    return used;
}

static bool process(struct csv *c, bool final)
{
    size_t done = 0, used = 1;

    while (used > 0 && done < c->buffer->len && !reader_stopped(c->reader)) {
        used = step(c, c->buffer->str + done, c->buffer->len - done, final);
        done += used;
    }
    if (done > 0)
        g_string_erase(c->buffer, 0, (gssize)done);
    return !reader_stopped(c->reader);
}

static bool check_lines(struct csv *c)
{
    if (c->line <= MAX_LINE)
        return true;
    reader_fault(c->reader, FAULT_LIMIT, (struct place){c->line, 1},
                 "expected at most 2,147,000,000 lines, found more");
    reader_stop(c->reader);
    return false;
}

static bool csv_push(void *state, const char *data, size_t len)
{
    struct csv *c = state;

    while (len > 0) {
        size_t piece = MIN(len, PIECE); /* bounds the buffer */

        g_string_append_len(c->buffer, data, (gssize)piece);
        if (!process(c, false) || !check_lines(c))
            return false;
        data += piece;
        len -= piece;
    }
    return true;
}

static void csv_finish(void *state)
{
    struct csv *c = state;

    if (!process(c, true) || c->trailer)
        return;
    if (c->letter)
        reader_fault(c->reader, FAULT_TRAILER_RECORD, c->at,
                     "expected a T record last, found the end after %s %c record", c->letter == 'H' ? "an" : "a",
                     c->letter);
    else
        reader_fault(c->reader, FAULT_TRAILER_RECORD, c->at, "expected a T record last, found the end");
}

static void csv_close(void *state)
{
    struct csv *c = state;

    g_string_free(c->buffer, TRUE);
    g_free(c);
}

const struct reader_form reader_form_csv = {csv_open, csv_push, csv_finish, csv_close};
