#include "validators/device_rules.h"

#include "formats/eui64.h"
#include "validators/field_rules.h"

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

bool device_set_add(struct device_set *set, uint64_t id)
{
    return g_hash_table_add(set->ids, (gpointer)(uintptr_t)id);
}

bool device_set_add_key(struct device_set *set, const char *key)
{
    uint64_t hash = seed;

    for (size_t left = strlen(key), n; left > 0; left -= n, key += n) {
        uint64_t word = 0;
        n = MIN(left, sizeof word);
        memcpy(&word, key, n);
        hash = (hash ^ word ^ left << 56) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return device_set_add(set, hash);
}

/* What the rules of one record share. */
struct judging {
    const struct rules *rules;
    const struct record *record;
    struct findings *findings;
    struct device *device;
};

#define say(j, code, column, warning, ...) row_say(&(j)->device->row, (j)->findings, code, column, warning, __VA_ARGS__)

static void judge_id(struct judging *j, struct device_set *seen)
{
    const struct field *field = &j->record->fields[INSTRUCTION_DEVICE_ID];

    if (!eui64_parse(field->text, field->len, &j->device->id)) {
        say(j, C101, INSTRUCTION_DEVICE_ID, false,
            field->len ? "expected an EUI-64 of eight hex pairs joined by '-'" : "expected an EUI-64, found nothing");
        return;
    }
    j->device->has_id = true;
    if (!device_set_add(seen, j->device->id))
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
    field_rules_hex(&device->row, findings, INSTRUCTION_MANUFACTURER, 4, true);
    field_rules_hex(&device->row, findings, INSTRUCTION_MODEL, 8, true);
    field_rules_hex(&device->row, findings, INSTRUCTION_FIRMWARE, 8, true);
    field_rules_mpxn(rules, &device->row, findings, INSTRUCTION_DEVICE_TYPE, INSTRUCTION_MPXN, true);
    judge_hub(&j);
    field_rules_region(&device->row, findings, INSTRUCTION_CSP_REGION);
    judge_attempt(&j);
}
