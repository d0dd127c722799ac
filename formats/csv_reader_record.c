/*
 * One record of CSV: whether it may stand where it does, its encoding, its quotes, its fields. A record is split whole:
 * the first mistake in its quotes makes all later fields doubtful, so it is the only one that gives a fault.
 *
 * NUL ends the reading, because such a file is no text at all. Other bytes that are not UTF-8 cost their record only.
 */
#include "formats/csv_reader_private.h"

#include "formats/text.h"

#include <string.h>

enum {
    MAX_OTHERS = 100000, /* records other than D: a flood of empty lines would cost a fault each */
    SHOWN_CHARS = 64,    /* of a value in a fault's text */
};

enum quoting {
    QUOTING_GOOD,
    QUOTING_OPEN,   /* the closing quote is missing */
    QUOTING_BEHIND, /* text stands after a closing quote */
    QUOTING_INSIDE, /* a quote stands inside an unquoted field */
    QUOTING_CR,     /* a CR stands there that no LF follows */
};

/* --- Places --------------------------------------------------------------------------------- */

/* Moves the place past len bytes. */
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

/* A fault without text about the record as a whole. */
static struct fault record_fault(const struct csv *c, enum fault_kind kind)
{
    return (struct fault){.kind = kind, .at = c->at, .ordinal = c->ordinal, .value = c->text, .value_len = c->len};
}

/* The name of field i's column; NULL: it has none. */
static const char *column_name(const struct csv *c, size_t i)
{
    static const char *const frame[CSV_FRAME_FIELDS] = {"RecordType", "Type", "LayoutVersion"};
    const struct layout_record *layout = c->type->record;
    size_t first = 1;

    if (i == 0)
        return frame[0];
    if (c->letter == 'T')
        return i == 1 ? "Count" : NULL;
    if (c->letter == 'H') {
        if (i < CSV_FRAME_FIELDS)
            return frame[i];
        layout = c->type->header;
        first = CSV_FRAME_FIELDS;
    }
    return c->letter && i - first < layout->n_columns ? layout->columns[i - first].name : NULL;
}

/* --- Splitting ------------------------------------------------------------------------------ */

/* Appends to scratch, which has room: see struct csv. */
static void keep(struct csv *c, const char *s, size_t len)
{
    memcpy(c->scratch + c->scratch_len, s, len);
    c->scratch_len += len;
}

/* Reads the quoted field at s[i] and undoes its doubled quotes. Returns the offset after its closing quote; len + 1
 * where there is none. */
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

/* Reads the field at *i, which begins with a quote; moves *i past it. */
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

/* Reads the field at *i, which does not; moves *i past it. */
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

/* Splits the record's first len bytes into fields, up to the first mistake in quotes. Fields beyond the greatest number
 * that a layout has are only counted. */
static enum quoting split(struct csv *c, size_t len)
{
    const char *s = c->text;

    c->here = c->at;
    c->scratch_len = c->n_fields = 0;
    for (size_t i = 0;; i++) {
        struct field spare, *f = c->n_fields < CSV_MAX_FIELDS ? &c->fields[c->n_fields] : &spare;
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

/* The record's letter, quoted or not; 0 for any other. Found without splitting, which may fail. */
static char letter_of(const char *s, size_t len)
{
    bool quoted = len > 0 && s[0] == '"';
    size_t end = quoted ? 3 : 1;

    if (len < end || (quoted && s[2] != '"') || (len > end && s[end] != ','))
        return 0;
    return strchr("HDT", s[quoted]) && s[quoted] != '\0' ? s[quoted] : 0;
}

/* --- Judging -------------------------------------------------------------------------------- */

/* What the record is, in words for a fault's text; g_free. */
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

/* Gives a fault about the record as a whole. */
static void fault_order(struct csv *c, enum fault_kind kind, const char *expected)
{
    struct fault fault = record_fault(c, kind);
    g_autofree char *found = describe(c);

    reader_fault_with(c->reader, &fault, "expected %s, found %s", expected, found);
}

/* Gives the fault of quotes: split has left the field and the place. */
static void fault_quoting(struct csv *c, enum quoting quoting)
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
    /* A field without a closing quote is shown up to the end of its line. */
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

/* True when the record is UTF-8 without NUL. NUL stops the reading. */
static bool check_encoding(struct csv *c)
{
    size_t valid = text_valid_prefix(c->text, c->len);
    struct fault fault;
    enum quoting quoting;

    if (valid == c->len)
        return true;
    quoting = split(c, valid); /* finds the field, and what is wrong before it */
    if (quoting != QUOTING_GOOD && quoting != QUOTING_OPEN)
        fault_quoting(c, quoting);
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

/* Bytes of the first so many characters. */
static size_t bytes_of(const char *s, size_t len, size_t characters)
{
    size_t i = 0;

    for (; i < len; i++)
        if ((s[i] & 0xc0) != 0x80 && characters-- == 0)
            break;
    return i;
}

/* Cuts fields that have more than max characters; each gives a fault. */
static void cap_fields(struct csv *c, size_t first, size_t max)
{
    for (size_t i = first; i < MIN(c->n_fields, CSV_MAX_FIELDS); i++) {
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

/* Gives a fault where field i is not the text expected. */
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
    const struct record record = {.at = c->at, .n_fields = HEADER_COLUMNS, .fields = c->fields + CSV_FRAME_FIELDS};
    size_t n = CSV_FRAME_FIELDS + c->type->header->n_columns;
    bool complete = expect_fields(c, n);

    expect_text(c, 1, FAULT_TYPE, c->type->code);
    expect_text(c, 2, FAULT_ROOT, LAYOUT_VERSION);
    if (!complete)
        return;
    cap_fields(c, CSV_FRAME_FIELDS, READER_HEADER_MAX_CHARS);
    for (; n < CSV_FRAME_FIELDS + HEADER_COLUMNS; n++)
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

bool csv_record_begin(struct csv *c, const char *s, size_t len)
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

/* Judges where the record stands: H first and once, nothing after T. False: its fields need no reading. */
static bool check_order(struct csv *c)
{
    bool first = !c->any, again = c->letter == 'H' && c->header, was_over = c->trailer;

    c->any = true;
    c->header |= c->letter == 'H';
    c->trailer |= c->letter == 'T';
    if (first && c->letter != 'H')
        fault_order(c, FAULT_HEADER_RECORD, "the H record first");
    if (again)
        fault_order(c, FAULT_HEADER_RECORD, "no second H record");
    if (was_over && !c->after_trailer) {
        c->after_trailer = true;
        fault_order(c, FAULT_TRAILER_RECORD, "nothing after the T record");
    }
    return !again && (!was_over || c->letter == 'D' || c->letter == 'H');
}

void csv_record_take(struct csv *c)
{
    bool wanted = check_order(c);
    enum quoting quoting;

    if (!check_encoding(c) || !wanted)
        return;
    quoting = split(c, c->len);
    if (quoting != QUOTING_GOOD)
        fault_quoting(c, quoting);
    else if (c->letter == 'H')
        take_header(c);
    else if (c->letter == 'D')
        take_device(c);
    else if (c->letter == 'T')
        take_trailer(c);
    else
        fault_order(c, FAULT_FIELD_COUNT, "a record H, D or T");
}

void csv_record_end(struct csv *c, enum csv_line_end found)
{
    static const char *const names[] = {[CSV_END_LF] = "LF", [CSV_END_CRLF] = "CRLF"};
    struct fault fault = record_fault(c, FAULT_QUOTING);

    if (c->line_end == CSV_END_NONE)
        c->line_end = found;
    if (found == CSV_END_NONE || found == c->line_end || c->mixed)
        return;
    c->mixed = true;
    fault.at = place_in_record(c, c->len);
    fault.value = c->text + c->len;
    fault.value_len = found == CSV_END_CRLF ? 2 : 1;
    reader_fault_with(c->reader, &fault, "expected %s as in the lines before, found %s", names[c->line_end],
                      names[found]);
}

void csv_record_give_up(struct csv *c)
{
    struct fault fault = record_fault(c, FAULT_LIMIT);
    enum quoting quoting;

    check_order(c);
    quoting = c->in_quotes ? split(c, c->len) : QUOTING_GOOD;
    if (quoting != QUOTING_GOOD)
        fault_quoting(c, quoting);
    else
        reader_fault_with(c->reader, &fault, "expected a record of at most %d bytes, found a longer one",
                          CSV_MAX_RECORD);
}
