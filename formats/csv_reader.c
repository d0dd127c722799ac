/* RFC 4180 as it streams by: records are cut first (cut), then judged and split whole (take). */
#include "formats/reader_private.h"
#include "formats/text.h"

#include <glib.h>
#include <string.h>

enum { MAX_RECORD = 65536, MAX_FIELDS = LAYOUT_MAX_COLUMNS + 3 };

struct csv {
    struct reader *reader;
    const struct file_type *type;
    GString *buffer, *scratch; /* scratch: fields whose doubled quotes were undone */
    size_t scan;               /* how far the record at the buffer's start was searched */
    size_t quote;              /* where the open quote is */
    bool in_quotes, skipping, any, header, trailer, crlf, lf, mixed;
    uint32_t line, ordinal;
    size_t n_fields;
    struct field fields[MAX_FIELDS];
};

static void *csv_open(struct reader *reader, const struct file_type *type)
{
    struct csv *c = g_new0(struct csv, 1);

    *c = (struct csv){.reader = reader, .type = type, .line = 1};
    c->buffer = g_string_new(NULL);
    c->scratch = g_string_new(NULL);
    return c;
}

static struct place place_of(const struct csv *c, const char *record, size_t offset)
{
    struct place at = {c->line, 1};
    const char *p = record, *end = record + offset, *nl;

    for (; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
        at.line++;
    at.column += (uint32_t)text_characters(p, (size_t)(end - p));
    return at;
}

static void record_fault(struct csv *c, enum fault_kind kind, struct place at, const char *text)
{
    struct fault fault = {.kind = kind, .at = at, .ordinal = c->ordinal};

    reader_fault_with(c->reader, &fault, "%s", text);
}

/* Searches for the newline that ends the record at s; false: it is not within len bytes. */
static bool cut(struct csv *c, const char *s, size_t len, bool final, size_t *end)
{
    while (c->scan < len) {
        const char *from = s + c->scan;
        const char *nl = c->in_quotes ? NULL : memchr(from, '\n', len - c->scan);
        const char *q = memchr(from, '"', nl ? (size_t)(nl - from) : len - c->scan);
        size_t at = q ? (size_t)(q - s) : len;

        if (!q && nl) {
            *end = (size_t)(nl - s);
            return true;
        }
        c->scan = at;
        if (!q)
            break;
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
    }
    return false;
}

/* Undoes one quoted field at s; returns the offset behind its closing quote. */
static size_t unquote(struct csv *c, const char *s, size_t len, struct field *field)
{
    size_t begin = c->scratch->len, i = 1;

    for (; i < len; i++) {
        if (s[i] == '"' && (i + 1 == len || s[++i] != '"'))
            break;
        g_string_append_c(c->scratch, s[i]);
    }
    field->text = c->scratch->str + begin;
    field->len = c->scratch->len - begin;
    return i < len ? i : len;
}

/* Splits the record into fields; false after a quoting fault. */
static bool split(struct csv *c, const char *s, size_t len)
{
    size_t i = 0;

    g_string_set_size(c->scratch, MAX_RECORD + 1); /* never moves below: fields point into it */
    g_string_truncate(c->scratch, 0);
    for (c->n_fields = 0;; c->n_fields++, i++) {
        struct field spare, *f = c->n_fields < MAX_FIELDS ? &c->fields[c->n_fields] : &spare;
        const char *comma;
        size_t stop;

        *f = (struct field){.text = s + i, .at = place_of(c, s, i)};
        if (i < len && s[i] == '"') {
            stop = i + unquote(c, s + i, len - i, f);
            if (stop == len && s[len - 1] != '"') {
                record_fault(c, FAULT_QUOTING, f->at, "expected a closing quote, found none");
                return false;
            }
            if (stop < len && s[stop] != ',') {
                record_fault(c, FAULT_QUOTING, place_of(c, s, stop),
                             "expected a comma or the line's end after a closing quote, found text");
                return false;
            }
        } else {
            comma = memchr(s + i, ',', len - i);
            stop = comma ? (size_t)(comma - s) : len;
            f->len = stop - i;
            for (size_t k = i; k < stop; k++)
                if (s[k] == '"' || s[k] == '\r') {
                    record_fault(c, FAULT_QUOTING, place_of(c, s, k),
                                 s[k] == '"' ? "expected no quote inside an unquoted field, found one"
                                             : "expected CRLF or LF, found a lone CR");
                    return false;
                }
        }
        i = stop;
        if (i >= len)
            break;
    }
    c->n_fields++;
    return true;
}

static bool is_text(const struct field *f, const char *text)
{
    return f->len == strlen(text) && memcmp(f->text, text, f->len) == 0;
}

static bool expect_fields(struct csv *c, size_t expected)
{
    struct fault fault = {.kind = FAULT_FIELD_COUNT, .at = c->fields[0].at, .ordinal = c->ordinal};

    if (c->n_fields != expected)
        reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu", expected, c->n_fields);
    return c->n_fields == expected;
}

static void cap_fields(struct csv *c, struct field *f, const struct layout_record *layout, size_t max)
{
    for (size_t i = 0; i < layout->n_columns; i++, f++) {
        struct fault fault = {.kind = FAULT_LIMIT, .at = f->at, .ordinal = c->ordinal,
                              .field = layout->columns[i].name, .value = f->text, .value_len = f->len};

        if (f->len <= max || text_characters(f->text, f->len) <= max)
            continue;
        reader_fault_with(c->reader, &fault, "expected at most %zu characters, found %zu", max,
                          text_characters(f->text, f->len));
        for (f->len = max; text_characters(f->text, f->len) < max || (f->text[f->len] & 0xc0) == 0x80;)
            f->len++;
    }
}

static void take_header(struct csv *c)
{
    struct record record = {.at = c->fields[0].at, .n_fields = HEADER_COLUMNS, .fields = c->fields + 3};

    if (c->header) {
        record_fault(c, FAULT_HEADER_RECORD, record.at, "expected one H record, found another");
        return;
    }
    c->header = true;
    if (!expect_fields(c, HEADER_COLUMNS + 3))
        return;
    if (!is_text(&c->fields[1], c->type->code))
        record_fault(c, FAULT_TYPE, c->fields[1].at, "expected the type of the file's name");
    if (!is_text(&c->fields[2], LAYOUT_VERSION))
        record_fault(c, FAULT_ROOT, c->fields[2].at, "expected layout version " LAYOUT_VERSION);
    cap_fields(c, c->fields + 3, &layout_header, READER_HEADER_MAX_CHARS);
    reader_emit_header(c->reader, &record);
}

static void take_device(struct csv *c)
{
    const struct layout_record *layout = c->type->record;
    struct record record = {.ordinal = c->ordinal, .at = c->fields[0].at,
                            .n_fields = layout->n_columns, .fields = c->fields + 1};

    if (!expect_fields(c, layout->n_columns + 1))
        return;
    cap_fields(c, c->fields + 1, layout, LAYOUT_FIELD_MAX_CHARS);
    reader_emit_record(c->reader, &record);
}

/* Letter and order of the record; counts D records before anything else can be wrong with them. */
static void take(struct csv *c, const char *s, size_t len)
{
    struct place at = {c->line, 1};
    size_t valid = text_valid_prefix(s, len);
    bool first = !c->any, is_d = len > 1 && s[0] == 'D' && s[1] == ',', is_h = len > 0 && s[0] == 'H';

    c->any = true;
    c->ordinal = is_d ? reader_count_record(c->reader, at) : 0;
    if (reader_stopped(c->reader))
        return;
    if (first && !is_h)
        record_fault(c, FAULT_HEADER_RECORD, at, "expected the H record first, found another record");
    if (c->trailer)
        record_fault(c, FAULT_TRAILER_RECORD, at, "expected nothing after the T record, found a record");
    if (valid < len) {
        record_fault(c, FAULT_ENCODING, place_of(c, s, valid), "expected UTF-8, found other bytes or NUL");
        if (s[valid] == '\0')
            reader_stop(c->reader);
        return;
    }
    if (!split(c, s, len))
        return;
    if (is_text(&c->fields[0], "H")) {
        take_header(c);
    } else if (is_d) {
        take_device(c);
    } else if (is_text(&c->fields[0], "T")) {
        if (expect_fields(c, 2) && !c->trailer)
            reader_emit_count(c->reader, &c->fields[1]);
        c->trailer = true;
    } else {
        record_fault(c, FAULT_FIELD_COUNT, at, "expected a record H, D or T, found another or an empty line");
    }
}

static void take_line(struct csv *c, const char *s, size_t len, bool ended)
{
    bool crlf = ended && len > 0 && s[len - 1] == '\r';

    c->ordinal = 0;
    c->crlf |= crlf;
    c->lf |= ended && !crlf;
    if (c->crlf && c->lf && !c->mixed) {
        c->mixed = true;
        record_fault(c, FAULT_QUOTING, place_of(c, s, len - crlf), "expected one kind of line end, found CRLF and LF");
    }
    take(c, s, len - crlf);
    c->line = place_of(c, s, len).line + 1;
}

/* A record without an end in reach: reports it and goes on after the line where it went wrong. */
static size_t give_up(struct csv *c, const char *s, size_t len)
{
    const char *nl = c->in_quotes ? memchr(s + c->quote, '\n', len - c->quote) : NULL;
    size_t used = nl ? (size_t)(nl - s) + 1 : len;

    c->any = true;
    c->ordinal = s[0] == 'D' && s[1] == ',' ? reader_count_record(c->reader, (struct place){c->line, 1}) : 0;
    if (c->in_quotes)
        record_fault(c, FAULT_QUOTING, place_of(c, s, c->quote), "expected a closing quote, found none");
    else
        record_fault(c, FAULT_LIMIT, (struct place){c->line, 1}, "expected a record of at most 65536 bytes, found a longer one");
    c->skipping = !nl;
    c->line = nl ? place_of(c, s, used).line : place_of(c, s, len).line;
    return used;
}

static bool process(struct csv *c, bool final)
{
    size_t done = 0, end;

    while (done < c->buffer->len && !reader_stopped(c->reader)) {
        const char *s = c->buffer->str + done;
        size_t have = c->buffer->len - done, reach = MIN(have, MAX_RECORD + 1);

        if (c->skipping) {
            const char *nl = memchr(s, '\n', have);

            c->skipping = !nl;
            c->line += nl != NULL;
            done += nl ? (size_t)(nl - s) + 1 : have;
            continue;
        }
        if (cut(c, s, reach, final && reach == have, &end)) {
            take_line(c, s, end, true);
            done += end + 1;
        } else if (reach > MAX_RECORD || (final && c->in_quotes)) {
            done += give_up(c, s, reach);
        } else if (final) {
            take_line(c, s, have, false);
            done += have;
        } else {
            break;
        }
        c->scan = 0;
        c->in_quotes = false;
    }
    g_string_erase(c->buffer, 0, (gssize)done);
    return !reader_stopped(c->reader);
}

static bool csv_push(void *state, const char *data, size_t len)
{
    struct csv *c = state;

    g_string_append_len(c->buffer, data, (gssize)len);
    return process(c, false);
}

static void csv_finish(void *state)
{
    struct csv *c = state;

    if (process(c, true) && !c->trailer) {
        c->ordinal = 0;
        record_fault(c, FAULT_TRAILER_RECORD, (struct place){c->line, 1}, "expected a T record last, found the end");
    }
}

static void csv_close(void *state)
{
    struct csv *c = state;

    g_string_free(c->buffer, TRUE);
    g_string_free(c->scratch, TRUE);
    g_free(c);
}

const struct reader_form reader_form_csv = {csv_open, csv_push, csv_finish, csv_close};
