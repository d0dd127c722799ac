/*
 * CSV as it streams by (RFC 4180, UTF-8). Bytes are collected until a record is whole; then csv_reader_record.c judges
 * it and splits it. A record may have line ends within quotes, so only the quotes before a newline tell whether it ends
 * one.
 *
 * A quote that is never closed would make the rest of the file one record. So a record that is too long is given up,
 * and reading goes on after the line where its open quote stands: one forgotten quote costs one record. CSV that is
 * cut short has no T record; that is how it is recognised. In a frame without T record its last line has no line end.
 */
#include "formats/csv/csv_reader_private.h"

#include <string.h>

enum {
    MAX_LINE = 2147000000, /* as in XML; it is checked once for each piece, which has far fewer lines */
    PIECE = 65536,         /* bytes: bounds the buffer */
};

/* --- Cutting -------------------------------------------------------------------------------- */

/* Goes over the quote at offset at. False: the bytes after it must be known first. */
static bool pass_quote(struct csv *c, const char *s, size_t len, size_t at, bool final)
{
    c->scan = at;
    if (!c->in_quotes) {
        c->in_quotes = at == 0 || s[at - 1] == c->delimiter;
        c->quote_at = at;
    } else if (at + 1 == len && !final) {
        return false; /* the next byte shows whether it is a doubled quote or a closing one */
    } else if (at + 1 < len && s[at + 1] == c->quote) {
        c->scan++;
    } else {
        c->in_quotes = false;
    }
    c->scan++;
    return true;
}

/* Offset of the first newline from scan on, len if there is none. It is kept until scan has passed it: a record of
 * nothing but quotes would otherwise be searched to its end for each of them. */
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

/* Searches for the newline that ends the record at s, from where the last search ended. False: it is not within len
 * bytes. */
static bool cut(struct csv *c, const char *s, size_t len, bool final, size_t *end)
{
    while (c->scan < len) {
        size_t stop = c->in_quotes ? len : next_newline(c, s, len);
        const char *q = memchr(s + c->scan, c->quote, stop - c->scan);

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

/* --- The stream ----------------------------------------------------------------------------- */

static uint32_t newlines(const char *s, size_t len)
{
    uint32_t n = 0;

    for (const char *end = s + len; (s = memchr(s, '\n', (size_t)(end - s))); s++)
        n++;
    return n;
}

/* The text ends between CR and LF. */
static void fault_cut_line_end(struct csv *c)
{
    struct place at = {c->at.line, c->at.column};

    char letter = csv_letter(c, CSV_TRAILER);

    csv_advance(&at, c->text, c->len);
    c->cut = true;
    if (letter == '\0')
        reader_fault(c->reader, FAULT_CUT_RECORD, at,
                     "expected LF after the CR, found the end of the file; send the whole file");
    else if (c->trailer)
        reader_fault(c->reader, FAULT_CUT_RECORD, at,
                     "expected LF after the CR of the %c record, found the end of the file; send the whole file",
                     letter);
    else
        reader_fault(c->reader, FAULT_CUT_RECORD, at,
                     "expected the %c record last, found the end of the file within a line end; send the whole file",
                     letter);
}

/* Reads a whole record. ended: by a newline, not by the end of the text. */
static void take_line(struct csv *c, const char *s, size_t len, bool ended)
{
    bool cr = len > 0 && s[len - 1] == '\r';

    if (!csv_record_begin(c, s, len - cr))
        return;
    if (ended)
        csv_record_take(c);
    else
        csv_record_take_last(c);
    csv_record_end(c, !ended ? CSV_END_NONE : cr ? CSV_END_CRLF : CSV_END_LF);
    if (!ended && cr && !c->cut && !c->lone_cr)
        fault_cut_line_end(c);
    c->line += newlines(s, len) + 1;
}

/* True where a record of that letter begins at p. */
static bool begins_with(const struct csv *c, char letter, const char *p, const char *end)
{
    return (end - p >= 2 && p[0] == letter && p[1] == c->delimiter) ||
           (end - p >= 3 && p[0] == c->quote && p[1] == letter && p[2] == c->quote);
}

/* True where the text was cut within the open quote, and the quote was not forgotten: no T record stands behind it.
 * Without T records the end of its line decides. */
static bool is_cut_in_quotes(const struct csv *c, const char *s, size_t len)
{
    const char *p = s + c->quote_at, *end = s + len;
    char letter = csv_letter(c, CSV_TRAILER);
    size_t lines = 0;

    while ((p = memchr(p, '\n', (size_t)(end - p)))) {
        p++;
        lines++;
        if (letter == '\0' || begins_with(c, letter, p, end))
            return false;
    }
    return lines == 0 || s[0] != letter;
}

/* Gives up a record whose end is not within the limit. Returns how many bytes are done with: up to the end of the line
 * in which its quote was opened, if there is one. */
static size_t give_up(struct csv *c, const char *s, size_t len)
{
    const char *nl = c->in_quotes ? memchr(s + c->quote_at, '\n', len - c->quote_at) : NULL;
    size_t used = nl ? (size_t)(nl - s) + 1 : len;

    if (!csv_record_begin(c, s, len))
        return used;
    csv_record_give_up(c);
    c->skipping = !nl;
    c->line += newlines(s, used);
    return used;
}

/* Passes over the rest of a line whose record was given up. Returns how many bytes. */
static size_t skip(struct csv *c, const char *s, size_t len)
{
    const char *nl = memchr(s, '\n', len);

    c->skipping = !nl;
    c->line += nl != NULL;
    return nl ? (size_t)(nl - s) + 1 : len;
}

/* Reads one record of the bytes at s, or passes over what skip does. Returns how many bytes that was, 0 when more are
 * needed. final: the text ends after them. */
static size_t read_one(struct csv *c, const char *s, size_t have, bool final)
{
    size_t reach = MIN(have, CSV_MAX_RECORD + 1), used, end;

    if (c->skipping)
        return skip(c, s, have);
    if (cut(c, s, reach, final && reach == have, &end)) {
        take_line(c, s, end, true);
        used = end + 1;
    } else if (reach > CSV_MAX_RECORD || (final && c->in_quotes && !is_cut_in_quotes(c, s, have))) {
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

/* Reads all records that are whole. False: the reading has stopped. */
static bool process(struct csv *c, bool final)
{
    size_t done = 0, used = 1;

    while (used > 0 && done < c->buffer->len && !reader_stopped(c->reader)) {
        used = csv_scan_rows(c, c->buffer->str + done, c->buffer->len - done);
        if (used == 0)
            used = read_one(c, c->buffer->str + done, c->buffer->len - done, final);
        done += used;
    }
    if (done > 0)
        g_string_erase(c->buffer, 0, (gssize)done);
    return !reader_stopped(c->reader);
}

/* Stops before line numbers can overflow. */
static bool check_lines(struct csv *c)
{
    if (c->line <= MAX_LINE)
        return true;
    reader_fault(c->reader, FAULT_LIMIT, (struct place){c->line, 1},
                 "expected at most 2,147,000,000 lines, found more");
    reader_stop(c->reader);
    return false;
}

static void *csv_open(struct reader *reader, const struct file_type *type)
{
    struct csv *c = g_new(struct csv, 1);

    memset(c, 0, offsetof(struct csv, scratch)); /* that is large, and written before it is read */
    c->reader = reader;
    c->type = type;
    csv_cells_fill(c);
    c->line = 1;
    c->buffer = g_string_new(NULL);
    return c;
}

static bool csv_push(void *state, const char *data, size_t len)
{
    struct csv *c = state;

    while (len > 0) {
        size_t piece = MIN(len, PIECE);

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
    char trailer = csv_letter(c, CSV_TRAILER), letter;

    if (!process(c, true) || c->trailer || c->cut)
        return;
    /* All lines end in CR alone: neither the records nor T are missing. */
    if (c->lone_cr && c->line_end == CSV_END_NONE) {
        reader_stop(c->reader);
        return;
    }
    if (trailer == '\0')
        return;
    letter = csv_letter(c, c->kind);
    if (letter)
        reader_fault(c->reader, FAULT_TRAILER_RECORD, c->at,
                     "expected %s %c record last, found the end after %s %c "
                     "record",
                     csv_article(trailer), trailer, csv_article(letter), letter);
    else
        reader_fault(c->reader, FAULT_TRAILER_RECORD, c->at, "expected %s %c record last, found the end",
                     csv_article(trailer), trailer);
}

static void csv_close(void *state)
{
    struct csv *c = state;

    g_string_free(c->buffer, TRUE);
    g_free(c);
}

const struct reader_form reader_form_csv = {csv_open, csv_push, csv_finish, csv_close};
