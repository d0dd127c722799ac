/*
 * The fast way through the rows of CSV as programs write them. The slow way (csv_reader.c, csv_reader_record.c) goes
 * over each byte four times: for the line's end, for quotes, for UTF-8, for delimiters. The scan asks one question of
 * eight bytes at once, which of them may end a field, and looks at these alone. It gives the lengths of the fields of
 * many rows together (rows.h), because a record for each takes a cell longer to make than to say. A row is plain if it
 * is printable ASCII without quotes, has as many fields as its kind, none of them too long, and ends like the first
 * line.
 *
 * The scan finds no fault. A row that is not plain is left to the slow way as a whole, and the next one is tried again:
 * between two rows the slow way keeps nothing but what the scan counts, too. So faults have one source.
 * tests/unit/test_csv_scan.c and tests/fuzz/fuzz_csv.c compare the two ways.
 */
#include "formats/csv/csv_reader_private.h"

#include "formats/eight.h"

#include <limits.h>
#include <string.h>

enum {
    WORD = sizeof(uint64_t),
    BLOCK = 64,    /* bytes: one bit of ends each */
    MOST_EMPTY = 2 /* blocks without an end within one field: it is too long then */
};
_Static_assert(MOST_EMPTY *BLOCK > LAYOUT_FIELD_MAX_CHARS, "MOST_EMPTY");
_Static_assert(LAYOUT_FIELD_MAX_CHARS <= UCHAR_MAX, "lengths");

/* Where the scan stands in the buffer. */
struct cursor {
    const char *block;      /* the ends of its bytes are known */
    const char *next, *end; /* the next block; behind the last byte */
    uint64_t ends;          /* bit i: byte i of the block may end a field, and was not passed yet */
    unsigned char delimiter, quote;
};

/* A bit for each byte that may end a field: delimiter, quote, control characters, and each byte that is no ASCII. These
 * need no question of their own: such a byte is taken for no other one than itself without its highest bit (eight.h),
 * and that is not delimiter and quote at once. Behind it a sum may carry and hide a delimiter or quote, but no line
 * end. So its row is not plain in any case, and the next row is not touched. */
static inline uint64_t ends_of(const struct cursor *c, const char *bytes)
{
    uint64_t ends = 0;

    for (size_t i = 0; i < BLOCK; i += WORD) {
        uint64_t word = eight_load(bytes + i);
        uint64_t inside =
            eight_other_than(word, c->delimiter) & eight_other_than(word, c->quote) & eight_from(word, ' ');
        /* the highest bits of eight bytes, gathered in the lowest byte */
        ends |= ((~inside & EIGHT_HIGH) >> 7) * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return ends;
}

/* The same of the bytes before the end, fewer than a block; NUL stands behind them. */
static __attribute__((noinline)) uint64_t last_ends_of(const struct cursor *c)
{
    char rest[BLOCK] = {0};

    memcpy(rest, c->block, (size_t)(c->end - c->block));
    return ends_of(c, rest);
}

/* The next byte that may end a field; NULL: none is near. The NUL behind the last byte is one. */
static inline const char *next_end(struct cursor *c)
{
    for (int empty = 0; c->ends == 0; empty++) {
        if (empty > MOST_EMPTY || c->next > c->end)
            return NULL;
        c->block = c->next;
        c->next += BLOCK;
        c->ends = c->next <= c->end ? ends_of(c, c->block) : last_ends_of(c);
    }
    const char *at = c->block + __builtin_ctzll(c->ends);
    c->ends &= c->ends - 1;
    return at;
}

/* Passes the field at *at, which ends with that byte. */
static inline bool pass_field(struct cursor *cursor, const char **at, char last, unsigned char *len)
{
    const char *begin = *at, *end = next_end(cursor);

    if (end == NULL || *end != last || end - begin > LAYOUT_FIELD_MAX_CHARS)
        return false;
    *len = (unsigned char)(end - begin);
    *at = end + 1;
    return true;
}

/* True where blanks may stand behind the delimiters: that is for the slow way. field: behind the first of them. */
static bool may_have_blanks(const char *field, const unsigned char *lengths, size_t n)
{
    size_t i = 0;

    while (i < n && lengths[i] == 0)
        i++;
    return i < n && field[i] == ' ';
}

/* Passes letter and delimiter before the fields of a row. */
static inline bool pass_letter(const struct csv *c, struct cursor *cursor, const char **at)
{
    const char *row = *at;

    *at += 2;
    return row[0] == c->type->record->letter && next_end(cursor) == row + 1 && row[1] == c->delimiter;
}

/* Passes the row at *at. False: it is not plain, or not whole. */
static bool pass_row(const struct csv *c, struct cursor *cursor, const struct rows *rows, const char **at,
                     unsigned char *lengths)
{
    size_t n = rows->n_fields;
    bool lettered = rows->before > 0;

    if (lettered && !pass_letter(c, cursor, at))
        return false;
    const char *second = *at;
    for (size_t i = 0; i + 1 < n; i++)
        if (!pass_field(cursor, at, c->delimiter, &lengths[i]))
            return false;
    if (!pass_field(cursor, at, rows->behind > 1 ? '\r' : '\n', &lengths[n - 1]))
        return false;
    if (rows->behind > 1 && (next_end(cursor) != *at || *(*at)++ != '\n'))
        return false;
    return lettered ? !may_have_blanks(second, lengths, n)
                    : !may_have_blanks(second + lengths[0] + 1, lengths + 1, n - 1);
}

/* True where nothing but the row itself can be wrong with a row. */
static bool can_begin(const struct csv *c)
{
    return reader_scans(c->reader) && !c->skipping && c->any && !c->trailer && !c->no_title &&
           c->line_end != CSV_END_NONE && c->cells[CSV_ROW].n > 1;
}

size_t csv_scan_rows(struct csv *c, const char *s, size_t len)
{
    const struct csv_cells *cells = &c->cells[CSV_ROW];
    struct cursor cursor = {
        .next = s, .end = s + len, .delimiter = (unsigned char)c->delimiter, .quote = (unsigned char)c->quote};
    struct rows rows = {.line = c->line,
                        .n_fields = (uint32_t)(cells->n - cells->first),
                        .before = c->frame == FRAME_RECORDS ? 2 : 0,
                        .behind = c->line_end == CSV_END_CRLF ? 2 : 1,
                        .lengths = c->lengths,
                        .text = s};
    const char *at = s;

    if (!can_begin(c))
        return 0;
    size_t most = MIN(reader_room(c->reader), CSV_ROWS_FIELDS / rows.n_fields);
    while (rows.n < most && pass_row(c, &cursor, &rows, &at, c->lengths + rows.n * rows.n_fields)) {
        rows.n++;
        rows.len = (size_t)(at - s);
    }
    if (rows.n == 0)
        return 0;
    len = rows.len;
    c->scan = c->newline = 0;             /* of the bytes before: that record is done with */
    (void)csv_record_give_rows(c, &rows); /* whether the reading has stopped is asked before the next record */
    return len;
}
