/*
 * One record of CSV: whether it may stand where it does, its encoding, its quotes, its fields. A record is split whole:
 * the first mistake in its quotes makes all later fields doubtful, so it is the only one that gives a fault.
 *
 * NUL ends the reading, because such a file is no text at all. Other bytes that are not UTF-8 cost their record only.
 */
#include "formats/csv/csv_reader_private.h"

#include "formats/profile.h"
#include "formats/text.h"

#include <string.h>

enum {
    MAX_OTHERS = 100000, /* records other than D: a flood of empty lines would cost a fault each */
    SHOWN_CHARS = 64,    /* of a value in a fault's text */
};

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

    while ((q = memchr(s + from, c->quote, len - from))) {
        size_t at = (size_t)(q - s);

        if (at + 1 == len || s[at + 1] != c->quote) {
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
static enum csv_quoting split_quoted(struct csv *c, const char *s, size_t len, size_t *i, struct field *field)
{
    size_t begin = *i, stop = unquote(c, s, len, begin, field);

    c->fault_offset = stop > len ? begin : stop;
    if (stop > len)
        return CSV_QUOTING_OPEN;
    if (stop < len && s[stop] != c->delimiter)
        return CSV_QUOTING_BEHIND;
    csv_advance(&c->here, s + begin, stop - begin);
    *i = stop;
    return CSV_QUOTING_GOOD;
}

/* Reads the field at *i, which does not; moves *i past it. By a table: comparing each byte with delimiter, quote and CR
 * costs 12 % more instructions of `check`, and 4 % more time. */
static enum csv_quoting split_plain(struct csv *c, const char *s, size_t len, size_t *i, struct field *field)
{
    size_t begin = *i, k = begin, continued = 0;

    for (unsigned byte; k < len && (byte = c->bytes[(unsigned char)s[k]]) != CSV_BYTE_STOP; k++)
        continued += byte;
    if (k < len && s[k] != c->delimiter) {
        c->fault_offset = k;
        return s[k] == c->quote ? CSV_QUOTING_INSIDE : CSV_QUOTING_CR;
    }
    c->here.column += (uint32_t)(k - begin - continued);
    field->text = s + begin;
    field->len = k - begin;
    *i = k;
    return CSV_QUOTING_GOOD;
}

enum csv_quoting csv_split(struct csv *c, size_t len)
{
    const char *s = c->text;

    c->here = c->at;
    c->scratch_len = c->n_fields = 0;
    for (size_t i = 0;; i++) {
        struct field spare, *f = c->n_fields < CSV_MAX_FIELDS ? &c->fields[c->n_fields] : &spare;
        enum csv_quoting quoting;

        f->at = c->here;
        c->field_offset = i;
        c->n_fields++;
        quoting = i < len && s[i] == c->quote ? split_quoted(c, s, len, &i, f) : split_plain(c, s, len, &i, f);
        if (quoting != CSV_QUOTING_GOOD || i >= len)
            return quoting;
        c->here.column++; /* the delimiter */
    }
}

/* The kind of record that the letter stands for. */
static enum csv_kind kind_of(const struct csv *c, char letter)
{
    if (letter == c->type->record->letter)
        return CSV_ROW;
    if (letter == c->type->header->letter)
        return CSV_HEADER;
    return letter != '\0' && letter == c->type->cells->trailer ? CSV_TRAILER : CSV_OTHER;
}

/* Sets the record's kind by its letter, quoted or not. Found without splitting, which may fail. What stands behind the
 * letter is the separator that the record was written with. */
static void find_letter(struct csv *c)
{
    const char *s = c->text;
    bool quoted = c->len > 0 && s[0] == c->quote;
    size_t end = quoted ? 3 : 1;
    enum csv_kind kind;

    if (c->len < end || (quoted && s[2] != c->quote) || (kind = kind_of(c, s[quoted])) == CSV_OTHER)
        return;
    if (c->len > end && s[end] != c->delimiter)
        c->separator = csv_wrong_separator(c, s, c->len, end);
    if (c->len == end || s[end] == c->delimiter || c->separator)
        c->kind = kind;
}

/* Sets what kind of record it is. */
static void find_kind(struct csv *c)
{
    c->kind = CSV_OTHER;
    c->separator = 0;
    if (c->frame == FRAME_RECORDS)
        find_letter(c);
    else if (c->frame == FRAME_TITLE && !c->any)
        c->kind = CSV_TITLE;
    else if (c->len > 0)
        c->kind = CSV_ROW;
}

/* --- Judging -------------------------------------------------------------------------------- */

/* True when the record is UTF-8 without NUL. NUL stops the reading. */
static bool check_encoding(struct csv *c)
{
    size_t valid = text_valid_prefix(c->text, c->len);
    struct fault fault;
    enum csv_quoting quoting;

    if (valid == c->len)
        return true;
    quoting = csv_split(c, valid); /* finds the field, and what is wrong before it */
    if (quoting != CSV_QUOTING_GOOD && quoting != CSV_QUOTING_OPEN)
        csv_fault_quoting(c, quoting);
    fault = csv_record_fault(c, FAULT_ENCODING);
    fault.at = csv_place_in_record(c, valid);
    fault.field =
        quoting == CSV_QUOTING_GOOD || quoting == CSV_QUOTING_OPEN ? csv_column_name(c, c->n_fields - 1) : NULL;
    fault.value = c->text + valid;
    fault.value_len = 1;
    reader_fault_with(c->reader, &fault, "expected UTF-8 without NUL, found byte %02X", (unsigned char)c->text[valid]);
    if (c->text[valid] == '\0')
        reader_stop(c->reader);
    return false;
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

        if (f->len <= max || text_characters(f->text, f->len) <= max)
            continue;
        struct fault fault = csv_record_fault(c, FAULT_LIMIT);
        fault.at = f->at;
        fault.field = csv_column_name(c, i);
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
    struct fault fault = {kind, f->at, 0, csv_column_name(c, i), f->text, f->len, NULL};
    g_autofree char *shown = NULL;

    if (c->n_fields <= i || field_is(f, expected))
        return;
    shown = text_escape(f->text, f->len, SHOWN_CHARS);
    reader_fault_with(c->reader, &fault, "expected %s, found \"%s\"", expected, shown);
}

/* Puts the cells into the fields of the layout. */
static struct record arrange(struct csv *c, const struct layout_record *layout)
{
    const struct csv_cells *cells = &c->cells[c->kind];
    size_t n_fields = layout->n_fields + layout->n_kept;
    const struct field *fields = c->given;

    if (cells->in_order) {
        fields = c->fields + cells->first; /* most files; copying them costs 4 % of `check` */
    } else {
        memset(c->given, 0, n_fields * sizeof *c->given);
        for (size_t i = cells->first; i < cells->n; i++)
            c->given[cells->fields[i]] = c->fields[i];
    }
    return (struct record){.ordinal = c->ordinal, .at = c->at, .n_fields = n_fields, .fields = fields};
}

static void take_header(struct csv *c)
{
    const struct frame_cells *cells = c->type->cells;
    bool complete = csv_expect_fields(c);
    struct record record;

    if (cells->type_at > 0)
        expect_text(c, cells->type_at, FAULT_TYPE, c->type->published);
    if (cells->version_at > 0)
        expect_text(c, cells->version_at, FAULT_ROOT, c->type->version);
    if (!complete)
        return;
    cap_fields(c, c->cells[CSV_HEADER].first, LAYOUT_HEADER_MAX_CHARS);
    record = arrange(c, c->type->header);
    reader_emit_header(c->reader, &record);
}

/* A file without H record has a header all the same: none of its facts stands in the file. */
static void give_empty_header(struct csv *c)
{
    struct record record = {.at = c->at, .n_fields = c->type->header->n_fields, .fields = c->given};

    c->header = true;
    memset(c->given, 0, sizeof c->given);
    reader_emit_header(c->reader, &record);
}

static void take_title(struct csv *c)
{
    c->no_title = !csv_cells_read_title(c);
    give_empty_header(c);
}

static void give_row(struct csv *c)
{
    struct record record = arrange(c, c->type->record);

    reader_emit_record(c->reader, &record);
}

static void take_row(struct csv *c)
{
    if (!csv_expect_fields(c))
        return;
    cap_fields(c, c->cells[CSV_ROW].first, LAYOUT_FIELD_MAX_CHARS);
    give_row(c);
}

bool csv_record_give_rows(struct csv *c, struct rows *rows)
{
    c->kind = CSV_ROW;
    if (reader_gives_rows(c->reader) && c->cells[CSV_ROW].in_order) {
        c->line += rows->n;
        c->at = (struct place){c->line - 1, 1};
        reader_emit_rows(c->reader, rows);
        c->ordinal = rows->ordinal + rows->n - 1;
        return !reader_stopped(c->reader);
    }
    while (rows->n > 0 && !reader_stopped(c->reader)) {
        c->at = (struct place){c->line++, 1};
        c->ordinal = reader_count_record(c->reader, c->at);
        rows_take(rows, c->fields + c->cells[CSV_ROW].first);
        give_row(c);
    }
    return !reader_stopped(c->reader);
}

static void take_trailer(struct csv *c)
{
    csv_expect_fields(c);
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
    find_kind(c);
    c->ordinal = c->kind == CSV_ROW ? reader_count_record(c->reader, c->at) : 0;
    if (c->kind != CSV_ROW && c->others++ >= MAX_OTHERS) {
        char letter = csv_letter(c, CSV_ROW);

        if (letter)
            reader_fault(c->reader, FAULT_LIMIT, c->at, "expected at most %d records other than %c, found more",
                         MAX_OTHERS, letter);
        else
            reader_fault(c->reader, FAULT_LIMIT, c->at, "expected at most %d empty lines, found more", MAX_OTHERS);
        reader_stop(c->reader);
    }
    return !reader_stopped(c->reader);
}

/* Judges where the record stands: H first and once, nothing after T. False: its fields need no reading, as those of a
 * title before the H record, which is one mistake. */
static bool check_letters(struct csv *c)
{
    bool first = !c->any, again = c->kind == CSV_HEADER && c->header, was_over = c->trailer;

    c->any = true;
    c->header |= c->kind == CSV_HEADER;
    c->trailer |= c->kind == CSV_TRAILER;
    if (first && c->kind != CSV_HEADER)
        csv_fault_order(c, FAULT_HEADER_RECORD, "the %c record first", CSV_HEADER);
    if (again)
        csv_fault_order(c, FAULT_HEADER_RECORD, "no second %c record", CSV_HEADER);
    if (was_over && !c->after_trailer) {
        c->after_trailer = true;
        csv_fault_order(c, FAULT_TRAILER_RECORD, "nothing after the %c record", CSV_TRAILER);
    }
    return !again && (!was_over || c->kind == CSV_ROW || c->kind == CSV_HEADER) && (!first || c->kind != CSV_OTHER);
}

/* The same for each frame. */
static bool check_order(struct csv *c)
{
    if (c->frame == FRAME_RECORDS)
        return check_letters(c);
    if (c->frame == FRAME_ROWS && !c->any)
        give_empty_header(c);
    c->any = true;
    return !c->no_title;
}

/* Finds the separator that a row or title was written with where its fields are too few for the delimiter. */
static void find_row_separator(struct csv *c)
{
    size_t expected = c->kind == CSV_TITLE ? c->type->record->n_columns : csv_expected_fields(c);

    if (c->n_fields == 1 && (c->kind == CSV_TITLE || c->kind == CSV_ROW))
        c->separator = csv_row_separator(c, expected);
}

/* The record has been split into fields. */
static void take_fields(struct csv *c)
{
    switch (c->kind) {
    case CSV_HEADER:
        take_header(c);
        break;
    case CSV_ROW:
        take_row(c);
        break;
    case CSV_TRAILER:
        take_trailer(c);
        break;
    case CSV_TITLE:
        take_title(c);
        break;
    default:
        csv_fault_other(c);
    }
}

void csv_record_take(struct csv *c)
{
    bool wanted = check_order(c);
    enum csv_quoting quoting = CSV_QUOTING_GOOD;

    if (!check_encoding(c) || !wanted) {
        c->no_title |= c->kind == CSV_TITLE;
        return;
    }
    if (!c->separator) {
        quoting = csv_split(c, c->len);
        if (c->frame != FRAME_RECORDS && quoting == CSV_QUOTING_GOOD)
            find_row_separator(c);
    }
    if (c->separator || quoting != CSV_QUOTING_GOOD)
        c->no_title |= c->kind == CSV_TITLE;
    if (c->separator) {
        csv_fault_separator(c);
    } else if (quoting != CSV_QUOTING_GOOD) {
        csv_fault_quoting(c, quoting);
    } else {
        csv_strip_blanks(c);
        take_fields(c);
    }
}

/* True where the record that the text ends with, without a line end, is not all there. Without a T record no such
 * record is. */
static bool is_cut(struct csv *c)
{
    size_t valid = text_valid_prefix(c->text, c->len);
    enum csv_quoting quoting;

    if (c->trailer || c->separator || (valid < c->len && !text_is_cut_character(c->text + valid, c->len - valid)))
        return false;
    quoting = csv_split(c, valid);
    if (quoting == CSV_QUOTING_OPEN || (quoting == CSV_QUOTING_GOOD && c->kind != CSV_OTHER && valid < c->len))
        return true;
    if (quoting == CSV_QUOTING_GOOD && csv_letter(c, CSV_TRAILER) == '\0')
        return c->kind != CSV_OTHER;
    return quoting == CSV_QUOTING_GOOD && c->kind != CSV_OTHER &&
           (c->n_fields < csv_expected_fields(c) || (c->kind == CSV_TRAILER && c->fields[1].len == 0));
}

void csv_record_take_last(struct csv *c)
{
    if (!is_cut(c)) {
        csv_record_take(c);
        return;
    }
    check_order(c);
    csv_fault_cut(c);
}

void csv_record_end(struct csv *c, enum csv_line_end found)
{
    static const char *const names[] = {[CSV_END_LF] = "LF", [CSV_END_CRLF] = "CRLF"};

    if (c->line_end == CSV_END_NONE)
        c->line_end = found;
    if (found == CSV_END_NONE || found == c->line_end || c->mixed)
        return;
    c->mixed = true;
    struct fault fault = csv_record_fault(c, FAULT_QUOTING);
    fault.at = csv_place_in_record(c, c->len);
    fault.value = c->text + c->len;
    fault.value_len = found == CSV_END_CRLF ? 2 : 1;
    reader_fault_with(c->reader, &fault, "expected %s as in the lines before, found %s", names[c->line_end],
                      names[found]);
}

void csv_record_give_up(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_LIMIT);
    enum csv_quoting quoting;

    check_order(c);
    c->no_title |= c->kind == CSV_TITLE;
    quoting = csv_split(c, c->len);
    /* Lines that end in CR alone make a file one record. */
    if (c->in_quotes ? quoting != CSV_QUOTING_GOOD : quoting == CSV_QUOTING_CR)
        csv_fault_quoting(c, quoting);
    else
        reader_fault_with(c->reader, &fault, "expected a record of at most %d bytes, found a longer one",
                          CSV_MAX_RECORD);
}
