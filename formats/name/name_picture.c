/*
 * Pictures: what the digits of a date, a time or an EUI-64 look like. In a date YYYY or YY is the year, MM the month,
 * DD the day; in a time HH, MM and SS. In {instant} MM is the month before HH and the minute after it. X or x is a hex
 * digit, upper or lower case. All other characters stand in the name as they are: separators, and T and Z of {instant}.
 *
 * Printing stands here too, because it is the inverse.
 */
#include "formats/name/name_grammar_private.h"

#include "formats/eui64.h"

#include <string.h>

/* Where the digits of one field go: 'M' after hours is the minute. */
enum field { FIELD_YEAR, FIELD_MONTH, FIELD_DAY, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND, FIELDS };

/* What a picture tells: the digits of each field in the order in which they stand. */
struct telling {
    size_t digits[FIELDS];
};

bool name_picture_is_digit(char c)
{
    return c != '\0' && strchr("YMDHSXx", c) != NULL;
}

size_t name_picture_digits(const char *picture)
{
    size_t n = 0;

    for (; *picture != '\0'; picture++)
        n += name_picture_is_digit(*picture);
    return n;
}

/* The field of a digit. *hours: hours have been seen, or the part is a time. */
static enum field field_of(char c, bool *hours)
{
    switch (c) {
    case 'Y':
        return FIELD_YEAR;
    case 'D':
        return FIELD_DAY;
    case 'H':
        *hours = true;
        return FIELD_HOUR;
    case 'S':
        return FIELD_SECOND;
    default:
        return *hours ? FIELD_MINUTE : FIELD_MONTH;
    }
}

static struct telling telling_of(enum name_part_kind kind, const char *picture)
{
    struct telling told = {0};
    bool hours = kind == NAME_TIME;

    for (; *picture != '\0'; picture++)
        if (name_picture_is_digit(*picture))
            told.digits[field_of(*picture, &hours)]++;
    return told;
}

/* ---- what is wrong with a picture ---- */

/* Each field stands in one place. */
static bool fields_are_whole(const char *picture, bool hours)
{
    bool seen[FIELDS] = {false};
    enum field last = FIELDS;

    for (; *picture != '\0'; picture++) {
        if (!name_picture_is_digit(*picture)) {
            last = FIELDS;
            continue;
        }
        enum field field = field_of(*picture, &hours);
        if (field != last && seen[field])
            return false;
        seen[field] = true;
        last = field;
    }
    return true;
}

/* Letters that stand for themselves: T and Z in {instant}. */
static bool letters_fit(enum name_part_kind kind, const char *picture)
{
    const char *digits = kind == NAME_EUI64 ? "Xx" : kind == NAME_DATE ? "YMD" : kind == NAME_TIME ? "HMS" : "YMDHSTZ";
    size_t len = strlen(picture);

    for (size_t i = 0; i < len; i++) {
        bool separator = picture[i] > ' ' && picture[i] <= '~' && picture[i] != '/' && picture[i] != '\\';
        if (g_ascii_isalnum(picture[i]) ? strchr(digits, picture[i]) == NULL : !separator)
            return false;
    }
    return len > 0 && g_ascii_isalnum(picture[0]) && g_ascii_isalnum(picture[len - 1]);
}

const char *name_picture_fault(enum name_part_kind kind, const char *picture)
{
    struct telling t = telling_of(kind, picture);
    bool date = (t.digits[FIELD_YEAR] == 4 || t.digits[FIELD_YEAR] == 2) && t.digits[FIELD_MONTH] == 2 &&
                t.digits[FIELD_DAY] == 2;
    bool minutes = t.digits[FIELD_MINUTE] == 2 || (t.digits[FIELD_MINUTE] == 0 && t.digits[FIELD_SECOND] == 0);
    bool time = t.digits[FIELD_HOUR] == 2 && minutes && (t.digits[FIELD_SECOND] == 2 || t.digits[FIELD_SECOND] == 0);
    bool whole = letters_fit(kind, picture) && (kind == NAME_EUI64 || fields_are_whole(picture, kind == NAME_TIME));

    switch (kind) {
    case NAME_EUI64:
        whole = whole && name_picture_digits(picture) == 16 && (!strchr(picture, 'x') || !strchr(picture, 'X'));
        return whole ? NULL : "16 X, or 16 x for lower case, with separators between them";
    case NAME_DATE:
        return whole && date ? NULL : "YYYY or YY, MM and DD, with separators between them";
    case NAME_TIME:
        return whole && time ? NULL : "HH, MM and SS, with separators between them; SS or MM and SS may be missing";
    default:
        return whole && date && time ? NULL : "YYYY, MM, DD, HH, MM and SS, with separators, T and Z between them";
    }
}

/* ---- what it tells ---- */

int64_t name_picture_precision(const struct name_part *part)
{
    struct telling t = telling_of(part->kind, part->text);

    if (t.digits[FIELD_SECOND] > 0)
        return 1;
    return t.digits[FIELD_MINUTE] > 0 ? 60 : t.digits[FIELD_HOUR] > 0 ? 3600 : 86400;
}

void name_picture_expect(struct name_part *part)
{
    static const char *const numbers[] = {[2] = "two", [4] = "four", [6] = "six", [8] = "eight"};
    static const char *const things[] = {
        [NAME_DATE] = "a date", [NAME_TIME] = "a time", [NAME_INSTANT] = "date and time"};
    size_t digits = name_picture_digits(part->text), size = sizeof part->expected;

    if (part->kind == NAME_EUI64 && strcmp(part->text, "XX-XX-XX-XX-XX-XX-XX-XX") == 0)
        (void)g_strlcpy(part->expected, "eight upper-case hex pairs joined by \"-\"", size);
    else if (part->kind == NAME_EUI64)
        (void)g_snprintf(part->expected, size, "16 %s-case hex digits as %s",
                         strchr(part->text, 'x') != NULL ? "lower" : "upper", part->text);
    else if (digits == strlen(part->text) && digits < G_N_ELEMENTS(numbers) && numbers[digits] != NULL)
        (void)g_snprintf(part->expected, size, "%s digits, %s", numbers[digits], part->text);
    else
        (void)g_snprintf(part->expected, size, "%s as %s", things[part->kind], part->text);
}

void name_picture_take(const struct name_part *part, const char *digits, char date[9], char time[7])
{
    static const size_t places[FIELDS] = {0, 4, 6, 0, 2, 4};
    struct telling told = telling_of(part->kind, part->text);
    size_t taken[FIELDS] = {0};
    bool hours = part->kind == NAME_TIME;

    if (told.digits[FIELD_YEAR] > 0)
        memcpy(date, "20000000", 9);
    if (told.digits[FIELD_HOUR] > 0)
        memcpy(time, "000000", 7);
    taken[FIELD_YEAR] = told.digits[FIELD_YEAR] == 2 ? 2 : 0; /* YY: of this century */
    for (const char *p = part->text; *p != '\0'; p++) {
        if (!name_picture_is_digit(*p))
            continue;
        enum field field = field_of(*p, &hours);
        (field < FIELD_HOUR ? date : time)[places[field] + taken[field]++] = *digits++;
    }
}

/* ---- writing ---- */

void name_picture_eui64(const char *picture, uint64_t id, char out[NAME_TEXT_SIZE])
{
    static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";
    int shift = 64;
    size_t n = 0;

    for (; picture[n] != '\0' && n < NAME_TEXT_SIZE - 1; n++) {
        if (picture[n] == 'X' || picture[n] == 'x')
            shift -= 4;
        out[n] = picture[n] == 'X'   ? upper[id >> shift & 0xF]
                 : picture[n] == 'x' ? lower[id >> shift & 0xF]
                                     : picture[n];
    }
    out[n] = '\0';
}

static void print_calendar(GString *out, const struct name_part *part, const char *date, const char *time)
{
    static const size_t places[FIELDS] = {0, 4, 6, 0, 2, 4};
    struct telling told = telling_of(part->kind, part->text);
    size_t taken[FIELDS] = {0};
    bool hours = part->kind == NAME_TIME;

    taken[FIELD_YEAR] = told.digits[FIELD_YEAR] == 2 ? 2 : 0;
    for (const char *p = part->text; *p != '\0'; p++) {
        if (!name_picture_is_digit(*p)) {
            g_string_append_c(out, *p);
            continue;
        }
        enum field field = field_of(*p, &hours);
        g_string_append_c(out, (field < FIELD_HOUR ? date : time)[places[field] + taken[field]++]);
    }
}

static void print_part(GString *out, const struct name_part *part, const struct name_values *values)
{
    char eui64[NAME_TEXT_SIZE];

    switch (part->kind) {
    case NAME_SEPARATOR:
    case NAME_WORD:
        g_string_append(out, part->text);
        break;
    case NAME_TYPE:
        g_string_append(out, values->type);
        break;
    case NAME_ORG:
    case NAME_MPID:
        g_string_append(out, values->org);
        break;
    case NAME_EUI64:
        name_picture_eui64(part->text, values->eui64, eui64);
        g_string_append(out, eui64);
        break;
    case NAME_DATE:
    case NAME_TIME:
    case NAME_INSTANT:
        print_calendar(out, part, values->date, values->time);
        break;
    case NAME_SEQUENCE:
        g_string_append_printf(out, "%0*" G_GUINT32_FORMAT, (int)part->min, values->sequence);
        break;
    case NAME_FORM:
        g_string_append(out, values->form);
        break;
    case NAME_REVISION:
        g_string_append_printf(out, "%u", values->revision);
        break;
    case NAME_HASH:
        g_string_append_len(out, values->hash, 16);
        break;
    }
}

char *name_grammar_print(const struct name_grammar *grammar, const struct name_values *values)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < grammar->n; i++)
        print_part(out, &grammar->parts[i], values);
    return g_string_free(out, FALSE);
}
