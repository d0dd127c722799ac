/*
 * What is wrong with one record of CSV: the faults of csv_reader_record.c, and what a good file never needs. A wrong
 * separator gives one fault for the file and not one for each line: the sender has one mistake to mend.
 */
#include "formats/csv_reader_private.h"

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

/* What the record is, in words for a fault's text; g_free. */
static char *describe(const struct csv *c)
{
    static const char spreadsheet[] = "sep=";
    const char *comma = memchr(c->text, ',', c->len);
    g_autofree char *shown = NULL;

    if (c->letter)
        return g_strdup_printf("%s %c record", c->letter == 'H' ? "an" : "a", c->letter);
    if (c->len == 0)
        return g_strdup("an empty line");
    shown = text_escape(c->text, comma ? (size_t)(comma - c->text) : c->len, SHOWN_CHARS);
    if (c->len > sizeof spreadsheet - 1 && memcmp(c->text, spreadsheet, sizeof spreadsheet - 1) == 0)
        return g_strdup_printf("\"%s\", which only a spreadsheet reads; remove this line", shown);
    return g_strdup_printf("\"%s\"%s", shown,
                           strlen(shown) == 1 && strchr("hdt", *shown) ? "; write it in upper case" : "");
}

void csv_fault_order(struct csv *c, enum fault_kind kind, const char *expected)
{
    struct fault fault = csv_record_fault(c, kind);
    g_autofree char *found = describe(c);

    reader_fault_with(c->reader, &fault, "expected %s, found %s", expected, found);
}

void csv_fault_quoting(struct csv *c, enum csv_quoting quoting)
{
    static const struct {
        const char *expected, *found;
    } texts[] = {
        [CSV_QUOTING_OPEN] = {"a closing quote", "none"},
        [CSV_QUOTING_BEHIND] = {"a comma or the line's end after a closing quote", NULL},
        [CSV_QUOTING_INSIDE] = {"no quote inside an unquoted field", "one"},
        [CSV_QUOTING_CR] = {"CRLF or LF", "a lone CR"},
    };
    struct fault fault = csv_record_fault(c, FAULT_QUOTING);
    const char *bad = c->text + c->fault_offset, *end = c->text + c->len;
    /* A field without a closing quote is shown up to the end of its line. */
    const char *stop = memchr(bad, quoting == CSV_QUOTING_OPEN ? '\n' : ',', (size_t)(end - bad));
    g_autofree char *shown = NULL, *found = NULL;

    end = stop ? stop : end;
    shown = text_escape(bad, (size_t)(end - bad), SHOWN_CHARS);
    found = g_strdup_printf("\"%s\"", shown);
    c->lone_cr |= quoting == CSV_QUOTING_CR;
    fault.at = csv_place_in_record(c, c->fault_offset);
    fault.field = csv_column_name(c, c->n_fields - 1);
    fault.value = c->text + c->field_offset;
    fault.value_len = (size_t)(end - fault.value);
    reader_fault_with(c->reader, &fault, "expected %s, found %s", texts[quoting].expected,
                      texts[quoting].found ? texts[quoting].found : found);
}

/* --- The separator ------------------------------------------------------------------------------ */

static const struct separator {
    char c;
    const char *name, *shown;
} separators[] = {{';', "semicolons", "';'"}, {'\t', "tabs", "'\\t'"}, {'|', "vertical bars", "'|'"},
                  {'^', "carets", "'^'"},     {'~', "tildes", "'~'"},  {':', "colons", "':'"},
                  {' ', "blanks", "' '"}};

static size_t count_of(const char *s, size_t len, char wanted)
{
    size_t n = 0;

    for (const char *end = s + len; (s = memchr(s, wanted, (size_t)(end - s))); s++)
        n++;
    return n;
}

unsigned csv_wrong_separator(const char *s, size_t len, size_t at)
{
    for (size_t i = 0; at < len && i < G_N_ELEMENTS(separators); i++)
        if (s[at] == separators[i].c && count_of(s, len, s[at]) >= count_of(s, len, ','))
            return 1u << i;
    return 0;
}

void csv_fault_separator(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);
    size_t i = 0;

    if (c->separator & c->separators_known)
        return;
    c->separators_known |= c->separator;
    while (c->separator != 1u << i)
        i++;
    fault.at.column += c->text[0] == '"' ? 3 : 1;
    reader_fault_with(c->reader, &fault, "fields are separated by %s (%s), expected commas (',')", separators[i].name,
                      separators[i].shown);
}

/* --- Blanks after commas ----------------------------------------------------------------------------- */

/* True where a blank stands before each value behind a comma. One field alone may be a mistake in its value, unless the
 * lines before have such blanks. */
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
    struct fault fault = csv_record_fault(c, FAULT_QUOTING);

    if (!has_blanks(c))
        return;
    if (!c->blanks) {
        size_t first = 1;
        while (c->fields[first].len == 0)
            first++;
        fault.at = c->fields[first].at;
        reader_fault_with(c->reader, &fault,
                          "a blank stands after each comma, which makes it part of the value; expected "
                          "none");
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
    return c->letter == 'T'   ? 2
           : c->letter == 'H' ? CSV_FRAME_FIELDS + c->type->header->n_columns
                              : 1 + c->type->record->n_columns;
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

    return e && is_digits(f->text, f->len, 1, 1) && next->len <= NUMBER_MAX_BYTES &&
           is_digits(next->text, (size_t)(e - next->text), 1, NUMBER_MAX_BYTES) && behind > 2 &&
           (e[1] == '+' || e[1] == '-') && is_digits(e + 2, behind - 2, 1, 3);
}

/* True where all fields that are too many are empty, so that the record ends with as many commas. */
static bool is_padded(const struct csv *c, size_t expected)
{
    size_t n = c->n_fields - expected;

    return c->len > n && count_of(c->text + c->len - n, n, ',') == n;
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
    const char *advice = is_padded(c, expected)
                             ? "the fields behind it are empty, as a spreadsheet adds them: remove their commas"
                             : "a value that holds a comma stands in quotes";
    reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu: expected the line's end after %s; %s",
                      expected, c->n_fields, csv_column_name(c, expected - 1), advice);
}

bool csv_expect_fields(struct csv *c)
{
    size_t expected = csv_expected_fields(c);
    struct fault fault = csv_record_fault(c, FAULT_FIELD_COUNT);

    if (c->n_fields > expected) {
        fault_too_many(c, expected);
    } else if (c->n_fields < expected) {
        fault.at = csv_place_in_record(c, c->len);
        fault.field = csv_column_name(c, c->n_fields);
        reader_fault_with(c->reader, &fault, "expected %zu fields, found %zu: expected %s here, found the line's end",
                          expected, c->n_fields, fault.field);
    }
    return c->n_fields == expected;
}

/* --- A text that was cut ---------------------------------------------------------------------------- */

void csv_fault_cut(struct csv *c)
{
    struct fault fault = csv_record_fault(c, FAULT_CUT_RECORD);
    g_autofree char *where = g_strdup_printf(", field %zu of %zu", c->n_fields, csv_expected_fields(c));
    g_autofree char *what = c->letter ? describe(c) : g_strdup("a record");

    c->cut = true;
    fault.at = csv_place_in_record(c, text_valid_prefix(c->text, c->len));
    fault.field = csv_column_name(c, c->n_fields - 1);
    if (c->letter == 'T' && c->n_fields > 1)
        reader_fault_with(c->reader, &fault,
                          "expected the number of D records and the line's end, found the end of the file; send the "
                          "whole file");
    else
        reader_fault_with(c->reader, &fault,
                          "expected the T record last, found the end of the file within %s%s; send the whole file",
                          what, c->letter ? where : "");
}
