/*
 * What is wrong with one record of CSV: the faults of csv_reader_record.c, and what a good file never needs. A wrong
 * separator gives one fault for the file and not one for each line: the sender has one mistake to mend.
 */
#include "formats/csv/csv_reader_private.h"

#include "formats/csv/csv_cell.h"
#include "formats/text.h"

#include <string.h>

enum {
    SHOWN_CHARS = 64,      /* of a value in a fault's text */
    NUMBER_MAX_BYTES = 20, /* of a number that a spreadsheet wrote with a decimal comma */
};

/* --- Places --------------------------------------------------------------------------------- */

void csv_advance(struct place *at, const char *s, size_t len)
{
    for (const char *end = s + len, *nl; (nl = memchr(s, '\n', (size_t)(end - s))); s = nl + 1) {
        len -= (size_t)(nl - s) + 1;
        *at = (struct place){at->line + 1, 1};
    }
    at->column += (uint32_t)text_characters(s, len);
}

struct place csv_place_in_record(const struct csv *c, size_t offset)
{
    struct place at = c->at;

    csv_advance(&at, c->text, offset);
    return at;
}

struct fault csv_record_fault(const struct csv *c, enum fault_kind kind)
{
    return (struct fault){.kind = kind, .at = c->at, .ordinal = c->ordinal, .value = c->text, .value_len = c->len};
}

const char *csv_column_name(const struct csv *c, size_t i)
{
    const struct csv_cells *cells = &c->cells[c->kind];

    if (c->kind == CSV_OTHER)
        return i == 0 && c->frame == FRAME_RECORDS ? c->type->cells->letter : NULL;
    return i < cells->n ? cells->names[i] : NULL;
}

char csv_letter(const struct csv *c, enum csv_kind kind)
{
    if (c->frame != FRAME_RECORDS)
        return '\0';
    switch (kind) {
    case CSV_HEADER:
        return c->type->header->letter;
    case CSV_ROW:
        return c->type->record->letter;
    case CSV_TRAILER:
        return c->type->cells->trailer;
    default:
        return '\0';
    }
}

const char *csv_article(char letter)
{
    return strchr("AEFHILMNORSX8", letter) ? "an" : "a";
}

/* True where the text is a letter of the frame in lower case. */
static bool is_lower_letter(const struct csv *c, const char *shown)
{
    char upper = g_ascii_toupper(*shown);

    return strlen(shown) == 1 && upper != *shown &&
           (upper == csv_letter(c, CSV_HEADER) || upper == csv_letter(c, CSV_ROW) ||
            upper == csv_letter(c, CSV_TRAILER));
}

/* What the record is, in words for a fault's text; g_free. */
static char *describe(const struct csv *c)
{
    static const char spreadsheet[] = "sep=";
    const char *delimiter = memchr(c->text, c->delimiter, c->len);
    char letter = csv_letter(c, c->kind);
    g_autofree char *shown = NULL;

    if (letter)
        return g_strdup_printf("%s %c record", csv_article(letter), letter);
    if (c->len == 0)
        return g_strdup("an empty line");
    shown = text_escape(c->text, delimiter ? (size_t)(delimiter - c->text) : c->len, SHOWN_CHARS);
    if (c->len > sizeof spreadsheet - 1 && memcmp(c->text, spreadsheet, sizeof spreadsheet - 1) == 0)
        return g_strdup_printf("\"%s\", which only a spreadsheet reads; remove this line", shown);
    return g_strdup_printf("\"%s\"%s", shown, is_lower_letter(c, shown) ? "; write it in upper case" : "");
}

void csv_fault_order(struct csv *c, enum fault_kind fault_kind, const char *expected, enum csv_kind of)
{
    struct fault fault = csv_record_fault(c, fault_kind);
    const char *letter = strstr(expected, "%c");
    g_autofree char *found = describe(c);

    reader_fault_with(c->reader, &fault, "expected %.*s%c%s, found %s", (int)(letter - expected), expected,
                      csv_letter(c, of), letter + strlen("%c"), found);
}

void csv_fault_other(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);
    char header = csv_letter(c, CSV_HEADER), row = csv_letter(c, CSV_ROW), trailer = csv_letter(c, CSV_TRAILER);
    g_autofree char *found = describe(c), *expected = NULL;

    if (c->frame != FRAME_RECORDS)
        expected = g_strdup("a row");
    else if (trailer != '\0')
        expected = g_strdup_printf("a record %c, %c or %c", header, row, trailer);
    else
        expected = g_strdup_printf("a record %c or %c", header, row);
    reader_fault_with(c->reader, &fault, "expected %s, found %s", expected, found);
}

void csv_fault_quoting(struct csv *c, enum csv_quoting quoting)
{
    static const struct {
        const char *expected, *found;
    } texts[] = {
        [CSV_QUOTING_OPEN] = {"a closing quote", "none"},
        [CSV_QUOTING_BEHIND] = {"or the line's end after a closing quote", NULL},
        [CSV_QUOTING_INSIDE] = {"no quote inside an unquoted field", "one"},
        [CSV_QUOTING_CR] = {"CRLF or LF", "a lone CR"},
    };
    struct fault fault = csv_record_fault(c, FAULT_QUOTING);
    const char *bad = c->text + c->fault_offset, *end = c->text + c->len;
    /* A field without a closing quote is shown up to the end of its line. */
    const char *stop = memchr(bad, quoting == CSV_QUOTING_OPEN ? '\n' : c->delimiter, (size_t)(end - bad));
    g_autofree char *shown = NULL, *found = NULL, *delimiter = NULL;

    end = stop ? stop : end;
    shown = text_escape(bad, (size_t)(end - bad), SHOWN_CHARS);
    found = g_strdup_printf("\"%s\"", shown);
    c->lone_cr |= quoting == CSV_QUOTING_CR;
    fault.at = csv_place_in_record(c, c->fault_offset);
    fault.field = csv_column_name(c, c->n_fields - 1);
    fault.value = c->text + c->field_offset;
    fault.value_len = (size_t)(end - fault.value);
    delimiter = quoting == CSV_QUOTING_BEHIND ? g_strdup_printf("a %s ", c->delimiter_name) : g_strdup("");
    reader_fault_with(c->reader, &fault, "expected %s%s, found %s", delimiter, texts[quoting].expected,
                      texts[quoting].found ? texts[quoting].found : found);
}

/* --- The separator ------------------------------------------------------------------------------ */

static size_t count_of(const char *s, size_t len, char wanted)
{
    size_t n = 0;

    for (const char *end = s + len; (s = memchr(s, wanted, (size_t)(end - s))); s++)
        n++;
    return n;
}

unsigned csv_wrong_separator(const struct csv *c, const char *s, size_t len, size_t at)
{
    for (size_t i = 0; at < len && i < CSV_SEPARATORS; i++)
        if (s[at] == csv_separators[i].c && s[at] != c->delimiter &&
            count_of(s, len, s[at]) >= count_of(s, len, c->delimiter))
            return 1u << i;
    return 0;
}

unsigned csv_row_separator(const struct csv *c, size_t expected)
{
    for (size_t i = 0; expected > 1 && i < CSV_SEPARATORS; i++)
        if (csv_separators[i].c != c->delimiter && count_of(c->text, c->len, c->delimiter) == 0 &&
            count_of(c->text, c->len, csv_separators[i].c) + 1 == expected)
            return 1u << i;
    return 0;
}

void csv_fault_separator(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);
    const struct csv_separator *wrong = csv_separators, *right = csv_separator(c->delimiter);

    if (c->separator & c->separators_known)
        return;
    c->separators_known |= c->separator;
    while (c->separator != 1u << (wrong - csv_separators))
        wrong++;
    if (c->frame == FRAME_RECORDS)
        fault.at.column += c->text[0] == c->quote ? 3 : 1;
    reader_fault_with(c->reader, &fault, "fields are separated by %ss (%s), expected %ss (%s)", wrong->name,
                      wrong->shown, right->name, right->shown);
}

/* --- Blanks after delimiters ----------------------------------------------------------------------------- */

/* True where a blank stands before each value behind a delimiter. One field alone may be a mistake in its value, unless
 * the lines before have such blanks. */
static bool has_blanks(const struct csv *c)
{
    size_t n = MIN(c->n_fields, CSV_MAX_FIELDS), blanks = 0;

    for (size_t i = 1; i < n; i++) {
        const struct field *f = &c->fields[i];
        if (f->len > 0 && f->text[0] != ' ')
            return false;
        blanks += f->len > 0;
    }
    return blanks > 1 || (blanks == 1 && c->blanks);
}

void csv_strip_blanks(struct csv *c)
{
    if (!has_blanks(c))
        return;
    if (!c->blanks) {
        struct fault fault = csv_record_fault(c, FAULT_QUOTING);
        size_t first = 1;
        while (c->fields[first].len == 0)
            first++;
        fault.at = c->fields[first].at;
        reader_fault_with(c->reader, &fault,
                          "a blank stands after each %s, which makes it part of the value; expected none",
                          c->delimiter_name);
    }
    c->blanks = true;
    for (size_t i = 1; i < MIN(c->n_fields, CSV_MAX_FIELDS); i++) {
        struct field *f = &c->fields[i];
        for (; f->len > 0 && f->text[0] == ' '; f->at.column++) {
            f->text++;
            f->len--;
        }
    }
}

/* --- Number of fields ----------------------------------------------------------------------------- */

size_t csv_expected_fields(const struct csv *c)
{
    return c->cells[c->kind].n;
}

/* True where the field is min to max digits. */
static bool is_digits(const char *s, size_t len, size_t min, size_t max)
{
    bool good = len >= min && len <= max;

    for (size_t i = 0; good && i < len; i++)
        good = g_ascii_isdigit(s[i]);
    return good;
}

/* True where field i and the next are one number that a spreadsheet has written: 1,01234567890E+12. */
static bool has_decimal_comma(const struct csv *c, size_t i)
{
    const struct field *f = &c->fields[i], *next = f + 1;
    const char *e = next->len > 0 ? memchr(next->text, 'E', next->len) : NULL;
    size_t behind = e ? (size_t)(next->text + next->len - e) : 0;

    return e && c->delimiter == ',' && is_digits(f->text, f->len, 1, 1) && next->len <= NUMBER_MAX_BYTES &&
           is_digits(next->text, (size_t)(e - next->text), 1, NUMBER_MAX_BYTES) && behind > 2 &&
           (e[1] == '+' || e[1] == '-') && is_digits(e + 2, behind - 2, 1, 3);
}

/* True where all fields that are too many are empty, so that the record ends with as many delimiters. */
static bool is_padded(const struct csv *c, size_t expected)
{
    size_t n = c->n_fields - expected;

    return c->len > n && count_of(c->text + c->len - n, n, c->delimiter) == n;
}

static void fault_too_many(struct csv *c, size_t expected)
{
    struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);
    size_t i = 1;

    while (i + 1 < MIN(c->n_fields, CSV_MAX_FIELDS) && !has_decimal_comma(c, i))
        i++;
    if (i + 1 < MIN(c->n_fields, CSV_MAX_FIELDS)) {
        const struct field *f = &c->fields[i];
        fault.at = f->at;
        fault.field = csv_column_name(c, i);
        reader_fault_with(c->reader, &fault,
                          "expected %zu fields, found %zu: \"%.*s,%.*s\" is a number with a decimal comma; "
                          "write all its digits, without a comma",
                          expected, c->n_fields, (int)f->len, f->text, (int)f[1].len, f[1].text);
        return;
    }
    fault.at = c->fields[expected].at;
    fault.value = c->fields[expected].text;
    fault.value_len = c->fields[expected].len;
    g_autofree char *advice =
        is_padded(c, expected)
            ? g_strdup_printf("the fields behind it are empty, as a spreadsheet adds them: remove their %ss",
                              c->delimiter_name)
            : g_strdup_printf("a value that holds a %s stands in quotes", c->delimiter_name);
    reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu: expected the line's end after %s; %s",
                      expected, c->n_fields, csv_column_name(c, expected - 1), advice);
}

bool csv_expect_fields(struct csv *c)
{
    size_t expected = csv_expected_fields(c);

    if (c->n_fields > expected) {
        fault_too_many(c, expected);
    } else if (c->n_fields < expected) {
        struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);
        fault.at = csv_place_in_record(c, c->len);
        fault.field = csv_column_name(c, c->n_fields);
        reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu: expected %s here, found the line's end",
                          expected, c->n_fields, fault.field);
    }
    return c->n_fields == expected;
}

/* --- A text that was cut ---------------------------------------------------------------------------- */

/* Without a T record the line's end of the last row is all that tells a whole file from one that was cut. */
static void fault_cut_row(struct csv *c, struct fault *fault)
{
    const char *rows = c->frame == FRAME_RECORDS ? "record" : "row";

    reader_fault_with(c->reader, fault,
                      "expected a line end after the last %s, found the end of the file in field %zu "
                      "of %zu; send the whole file",
                      rows, c->n_fields, csv_expected_fields(c));
}

void csv_fault_cut(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_CUT_RECORD);
    char trailer = csv_letter(c, CSV_TRAILER);
    g_autofree char *where = g_strdup_printf(", field %zu of %zu", c->n_fields, csv_expected_fields(c));
    g_autofree char *what = c->kind != CSV_OTHER ? describe(c) : g_strdup("a record");

    c->cut = true;
    fault.at = csv_place_in_record(c, text_valid_prefix(c->text, c->len));
    fault.field = csv_column_name(c, c->n_fields - 1);
    if (trailer == '\0')
        fault_cut_row(c, &fault);
    else if (c->kind == CSV_TRAILER && c->n_fields > 1)
        reader_fault_with(c->reader, &fault,
                          "expected the number of %c records and the line's end, found the end of the file; send the "
                          "whole file",
                          csv_letter(c, CSV_ROW));
    else
        reader_fault_with(c->reader, &fault,
                          "expected the %c record last, found the end of the file within %s%s; send the whole file",
                          trailer, what, c->kind != CSV_OTHER ? where : "");
}
