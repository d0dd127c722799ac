/*
 * An MPxN is an MPAN (electricity, 13 digits) or an MPRN (gas, 6 to 10 digits); the number of digits tells which. Their
 * check digits: formats/FILES.md, 4.
 */
#include "validators/rules/field_rules.h"

#include "formats/eight.h"

/* Each Device has such a number, of 8 to 13 digits in most cases: the first eight at once, and the last eight. */
static bool all_digits(const struct field *field)
{
    if (field->len >= 8 && field->len <= 16)
        return eight_are_digits(eight_load(field->text)) && eight_are_digits(eight_load(field->text + field->len - 8));
    for (size_t i = 0; i < field->len; i++) {
        if (!g_ascii_isdigit(field->text[i]))
            return false;
    }
    return true;
}

void field_rules_no_hex(struct row *row, size_t column, size_t digits)
{
    row_error(row, C117, column, "expected %zu hex digits", digits);
}

static unsigned digit(const struct field *field, size_t i)
{
    return (unsigned)(field->text[i] - '0');
}

/* Four weights of every second one of eight digits, the first one lowest. */
#define WEIGHTS(a, b, c, d) ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (uint64_t)(d))

/* The sum of eight digits, each times its weight: those of the first, third … and those of the second, fourth …. The
 * highest 16 bits of a product of four numbers of 16 bits are the sum of four products; the sums below do not reach
 * them. A loop over the digits took three times as long, mostly because their number changes from record to record. */
static unsigned weigh(const char *text, uint64_t odd, uint64_t even)
{
    const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t digits = eight_load(text) - EIGHT('0');

    return (unsigned)(((digits & low) * odd >> 48) + ((digits >> 8 & low) * even >> 48));
}

/* Each of the first 12 digits times its weight; the sum mod 11 mod 10 is the 13th digit. The weights: 3, 5, 7, 13, 17,
 * 19, 23, 29, 31, 37, 41, 43. */
static bool mpan_check_digit_is_right(const struct field *mpan)
{
    unsigned sum = weigh(mpan->text, WEIGHTS(3, 7, 17, 23), WEIGHTS(5, 13, 19, 29)) +
                   weigh(mpan->text + 5, WEIGHTS(0, 0, 37, 43), WEIGHTS(0, 31, 41, 0));

    return sum % 11 % 10 == digit(mpan, 12);
}

/* Each of the first n digits times n … 1; the sum mod 11 is the number that the last two digits form. */
static bool mprn_check_digits_are_right(const struct field *mprn)
{
    size_t n = mprn->len - 2;
    unsigned sum = 0;

    if (mprn->len >= 8) { /* up to two, and eight */
        sum = weigh(mprn->text + mprn->len - 8, WEIGHTS(6, 4, 2, 0), WEIGHTS(5, 3, 1, 0));
        sum += mprn->len > 8 ? digit(mprn, 0) * (unsigned)n : 0;
        sum += mprn->len > 9 ? digit(mprn, 1) * (unsigned)(n - 1) : 0;
    } else {
        for (size_t i = 0; i < n; i++)
            sum += digit(mprn, i) * (unsigned)(n - i);
    }
    return sum % 11 == digit(mprn, n) * 10 + digit(mprn, n + 1);
}

static bool is_mpan(const struct field *mpxn)
{
    return mpxn->len == 13 && all_digits(mpxn);
}

static bool is_mprn(const struct field *mpxn)
{
    return mpxn->len >= 6 && mpxn->len <= 10 && all_digits(mpxn);
}

/* C113, of an MPxN that has the right number of digits. */
static void judge_check_digits(struct row *row, size_t column)
{
    const struct field *mpxn = row_field(row, column);
    bool electricity = mpxn->len == 13;
    const char *text = electricity ? "the MPAN's check digit (the 13th) does not fit the digits before it"
                                   : "the MPRN's check digits (the last two) do not fit the digits before them";

    if (electricity ? mpan_check_digit_is_right(mpxn) : mprn_check_digits_are_right(mpxn))
        return;
    switch (row->file->rules->check_digits) {
    case CHECK_DIGITS_OFF:
        break;
    case CHECK_DIGITS_WARN:
        row_warning(row, C113, column, "%s", text);
        break;
    case CHECK_DIGITS_REJECT:
        row_error(row, C113, column, "%s", text);
        break;
    }
}

void field_rules_mpxn(struct row *row, size_t type_column, size_t column, bool required)
{
    const struct field *type = row_field(row, type_column);
    const struct field *mpxn = row_field(row, column);

    if (field_is(type, "GPF")) {
        if (mpxn->len > 0)
            row_error(row, C113, column, "expected none: a %s has no %s", row_word(row, type_column, "GPF"),
                      row_name(row, column));
    } else if (mpxn->len == 0 && !required) {
        return;
    } else if (field_is(type, "ESME")) {
        if (is_mpan(mpxn))
            judge_check_digits(row, column);
        else
            row_error(row, C113, column, "expected the MPAN's 13 digits");
    } else if (field_is(type, "GSME")) {
        if (is_mprn(mpxn))
            judge_check_digits(row, column);
        else
            row_error(row, C113, column, "expected the MPRN's 6 to 10 digits");
    }
}

void field_rules_supply_point(struct row *row, size_t column)
{
    const struct field *mpxn = row_field(row, column);

    if (is_mpan(mpxn) || is_mprn(mpxn))
        judge_check_digits(row, column);
    else
        row_error(row, C113, column, "expected an MPAN's 13 digits or an MPRN's 6 to 10");
}

const char *field_rules_point_value(const char *mpxn)
{
    while (mpxn[0] == '0' && mpxn[1] != '\0')
        mpxn++;
    return mpxn;
}

void field_rules_region(struct row *row, size_t column)
{
    uint64_t word, *known = field_rules_known(row, KNOWN_REGION, column, &word);

    if ((known != NULL && *known == word) || row_field(row, column)->len == 0)
        return;
    if (row_choice(row, column) >= 0) {
        if (known != NULL)
            *known = word;
        return;
    }
    g_autofree char *words = row_words(row, column, ", ", ", ");
    row_error(row, C117, column, "expected %s or nothing", words);
}
