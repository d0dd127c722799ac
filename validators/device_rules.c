#include "validators/device_rules.h"

#include "formats/eui64.h"

#include <glib.h>
#include <string.h>

/* A Device ID is kept in the place of a pointer: 8 bytes each, no allocation. */
G_STATIC_ASSERT(sizeof(gpointer) == sizeof(uint64_t));

struct device_set {
    GHashTable *ids;
};

static uint64_t seed;

static guint hash_id(gconstpointer id)
{
    uint64_t x = ((uint64_t)(uintptr_t)id ^ seed) * UINT64_C(0x9E3779B97F4A7C15);

    x ^= x >> 29;
    x *= seed | 1;
    return (guint)(x >> 32);
}

struct device_set *device_set_new(void)
{
    struct device_set *set = g_new0(struct device_set, 1);

    while (seed == 0)
        seed = ((uint64_t)g_random_int() << 32) | g_random_int();
    set->ids = g_hash_table_new(hash_id, NULL);
    return set;
}

void device_set_free(struct device_set *set)
{
    if (set == NULL)
        return;
    g_hash_table_unref(set->ids);
    g_free(set);
}

/* What the rules of one record share. */
struct judging {
    const struct rules *rules;
    const struct record *record;
    struct findings *findings;
    struct device *device;
};

#define say(j, code, column, warning, ...) row_say(&(j)->device->row, (j)->findings, code, column, warning, __VA_ARGS__)

static bool all_digits(const struct field *field)
{
    for (size_t i = 0; i < field->len; i++) {
        if (!g_ascii_isdigit(field->text[i]))
            return false;
    }
    return true;
}

static void judge_id(struct judging *j, struct device_set *seen)
{
    const struct field *field = &j->record->fields[INSTRUCTION_DEVICE_ID];

    if (!eui64_parse(field->text, field->len, &j->device->id)) {
        say(j, C101, INSTRUCTION_DEVICE_ID, false,
            field->len ? "expected an EUI-64 of eight hex pairs joined by '-'" : "expected an EUI-64, found nothing");
        return;
    }
    j->device->has_id = true;
    if (!g_hash_table_add(seen->ids, (gpointer)(uintptr_t)j->device->id))
        say(j, C102, INSTRUCTION_DEVICE_ID, false,
            "expected each Device once per file; an earlier record names it already");
}

static void judge_type(struct judging *j)
{
    const struct field *field = &j->record->fields[INSTRUCTION_DEVICE_TYPE];

    for (size_t i = 0; j->rules->device_types[i] != NULL; i++) {
        if (field_is(field, j->rules->device_types[i]))
            return;
    }
    g_autofree char *scope = g_strjoinv(", ", (char **)j->rules->device_types);
    say(j, C104, INSTRUCTION_DEVICE_TYPE, false, "expected a Device type in scope: %s", scope);
}

static void judge_hex(struct judging *j, size_t column, size_t digits)
{
    const struct field *field = &j->record->fields[column];
    bool good = field->len == digits;

    for (size_t i = 0; good && i < digits; i++)
        good = g_ascii_isxdigit(field->text[i]);
    if (!good)
        say(j, C117, column, false, "expected %zu hex digits", digits);
}

static unsigned digit(const struct field *field, size_t i)
{
    return (unsigned)(field->text[i] - '0');
}

/* Digits 1 to 12 weighted, sum mod 11 mod 10 is the last digit (formats/FILES.md, 4). */
static bool mpan_check_digit_is_right(const struct field *mpan)
{
    static const unsigned weights[12] = {3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};
    unsigned sum = 0;

    for (size_t i = 0; i < 12; i++)
        sum += digit(mpan, i) * weights[i];
    return sum % 11 % 10 == digit(mpan, 12);
}

/* The last two digits are the sum of the others weighted n…1, mod 11. */
static bool mprn_check_digits_are_right(const struct field *mprn)
{
    size_t n = mprn->len - 2;
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += digit(mprn, i) * (unsigned)(n - i);
    return sum % 11 == digit(mprn, n) * 10 + digit(mprn, n + 1);
}

static void judge_check_digits(struct judging *j, const struct field *mpxn, bool electricity)
{
    if (j->rules->check_digits == CHECK_DIGITS_OFF)
        return;
    if (electricity ? mpan_check_digit_is_right(mpxn) : mprn_check_digits_are_right(mpxn))
        return;
    say(j, C113, INSTRUCTION_MPXN, j->rules->check_digits == CHECK_DIGITS_WARN,
        electricity ? "the MPAN's check digit (the 13th) does not fit the digits before it"
                    : "the MPRN's check digits (the last two) do not fit the digits before them");
}

static void judge_mpxn(struct judging *j)
{
    const struct field *type = &j->record->fields[INSTRUCTION_DEVICE_TYPE];
    const struct field *mpxn = &j->record->fields[INSTRUCTION_MPXN];

    if (field_is(type, "GPF")) {
        if (mpxn->len > 0)
            say(j, C113, INSTRUCTION_MPXN, false, "expected none: a GPF has no MPxN");
    } else if (field_is(type, "ESME")) {
        if (mpxn->len != 13 || !all_digits(mpxn))
            say(j, C113, INSTRUCTION_MPXN, false, "expected the MPAN's 13 digits");
        else
            judge_check_digits(j, mpxn, true);
    } else if (field_is(type, "GSME")) {
        if (mpxn->len < 6 || mpxn->len > 10 || !all_digits(mpxn))
            say(j, C113, INSTRUCTION_MPXN, false, "expected the MPRN's 6 to 10 digits");
        else
            judge_check_digits(j, mpxn, false);
    }
}

static void judge_hub(struct judging *j)
{
    const struct field *hub = &j->record->fields[INSTRUCTION_CHF_DEVICE_ID];
    bool required = field_is(&j->record->fields[INSTRUCTION_DEVICE_TYPE], "GPF");
    uint64_t id;

    if (hub->len == 0 ? !required : eui64_parse(hub->text, hub->len, &id))
        return;
    say(j, C117, INSTRUCTION_CHF_DEVICE_ID, false,
        hub->len ? "expected the EUI-64 of the Communications Hub Function"
                 : "expected the EUI-64 of the Communications Hub Function, which a GPF must name");
}

static void judge_region(struct judging *j)
{
    const struct field *region = &j->record->fields[INSTRUCTION_CSP_REGION];

    if (region->len > 0 && !field_is(region, "North") && !field_is(region, "Central") && !field_is(region, "South"))
        say(j, C117, INSTRUCTION_CSP_REGION, false, "expected North, Central, South or nothing");
}

static void judge_attempt(struct judging *j)
{
    if (field_number(&j->record->fields[INSTRUCTION_ATTEMPT], 9) == 0)
        say(j, C117, INSTRUCTION_ATTEMPT, false, "expected a whole number, 1 or more");
}

void device_rules_judge(const struct rules *rules, struct device_set *seen, const struct record *record,
                        struct findings *findings, struct device *device)
{
    struct judging j = {rules, record, findings, device};

    *device = (struct device){.row = {.record = record, .layout = &layout_instruction}};
    judge_id(&j, seen);
    judge_type(&j);
    judge_hex(&j, INSTRUCTION_MANUFACTURER, 4);
    judge_hex(&j, INSTRUCTION_MODEL, 8);
    judge_hex(&j, INSTRUCTION_FIRMWARE, 8);
    judge_mpxn(&j);
    judge_hub(&j);
    judge_region(&j);
    judge_attempt(&j);
}
