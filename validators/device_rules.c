/*
 * The set keeps a Device ID in place of a pointer: a million Devices cost their 8 bytes each and no allocation. A
 * sender who knew the hash could make a file whose Devices all collide; hence the random seed.
 */
#include "validators/device_rules.h"

#include "formats/eui64.h"
#include "formats/profile.h"
#include "validators/field_rules.h"

#include <glib.h>
#include <string.h>

G_STATIC_ASSERT(sizeof(gpointer) == sizeof(uint64_t));

struct device_set {
    GHashTable *ids; /* of uint64_t, cast to pointers */
};

static uint64_t seed; /* of this process; 0: not chosen yet */

/* Mixes all 64 bits, because the first bytes of the ids of one manufacturer are the same. */
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

static uint64_t hash_text(const char *key)
{
    uint64_t hash = seed;

    for (size_t left = strlen(key), n; left > 0; left -= n, key += n) {
        uint64_t word = 0;
        n = MIN(left, sizeof word);
        memcpy(&word, key, n);
        hash = (hash ^ word ^ left << 56) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return hash;
}

bool device_set_add_key(struct device_set *set, const char *key)
{
    return device_set_add(set, hash_text(key));
}

bool device_set_has_key(const struct device_set *set, const char *key)
{
    return g_hash_table_contains(set->ids, (gpointer)(uintptr_t)hash_text(key));
}

/* C101, C102 */
static void judge_id(struct device *device)
{
    const struct field *field = row_field(&device->row, INSTRUCTION_DEVICE_ID);

    if (!eui64_parse(field->text, field->len, &device->id)) {
        row_error(&device->row, C101, INSTRUCTION_DEVICE_ID, "%s",
                  field->len ? "expected an EUI-64 of eight hex pairs joined by '-'"
                             : "expected an EUI-64, found nothing");
        return;
    }
    device->has_id = true;
    if (!device_set_add(device->row.file->seen, device->id))
        row_error(&device->row, C102, INSTRUCTION_DEVICE_ID,
                  "expected each Device once per file; an earlier record names it already");
}

/* C104, if the type is out of scope; whether it is the inventory's is for the review. */
static void judge_type(struct device *device)
{
    const struct field *field = row_field(&device->row, INSTRUCTION_DEVICE_TYPE);

    for (size_t i = 0; device->row.file->rules->device_types[i] != NULL; i++) {
        if (field_is(field, device->row.file->rules->device_types[i]))
            return;
    }
    g_autofree char *scope =
        profile_words(row_profile(&device->row), FACT_device_type, device->row.file->rules->device_types, ", ", ", ");
    row_error(&device->row, C104, INSTRUCTION_DEVICE_TYPE, "expected a Device type in scope: %s", scope);
}

/* C117. A GPF must name its hub, because its supplier is that of a meter on the same hub. */
static void judge_hub(struct device *device)
{
    const struct field *hub = row_field(&device->row, INSTRUCTION_CHF_DEVICE_ID);
    bool required = field_is(row_field(&device->row, INSTRUCTION_DEVICE_TYPE), "GPF");
    uint64_t id;

    if (hub->len == 0 ? !required : eui64_parse(hub->text, hub->len, &id))
        return;
    if (hub->len > 0)
        row_error(&device->row, C117, INSTRUCTION_CHF_DEVICE_ID,
                  "expected the EUI-64 of the Communications Hub Function");
    else
        row_error(&device->row, C117, INSTRUCTION_CHF_DEVICE_ID,
                  "expected the EUI-64 of the Communications Hub Function, which a %s must name",
                  row_word(&device->row, INSTRUCTION_DEVICE_TYPE, "GPF"));
}

/* C117 */
static void judge_attempt(struct device *device)
{
    if (field_number(row_field(&device->row, INSTRUCTION_ATTEMPT), 9) == 0 &&
        row_has_column(&device->row, INSTRUCTION_ATTEMPT))
        row_error(&device->row, C117, INSTRUCTION_ATTEMPT, "expected a whole number, 1 or more");
}

void device_rules_judge(const struct judged_file *file, const struct record *record, struct device *device)
{
    struct row *row = &device->row;

    *device = (struct device){.row = {.file = file, .record = record, .layout = file->filename->type->record}};
    judge_id(device);
    judge_type(device);
    field_rules_hex(row, INSTRUCTION_MANUFACTURER, 4, true);
    field_rules_hex(row, INSTRUCTION_MODEL, 8, true);
    field_rules_hex(row, INSTRUCTION_FIRMWARE, 8, true);
    field_rules_mpxn(row, INSTRUCTION_DEVICE_TYPE, INSTRUCTION_MPXN, true);
    judge_hub(device);
    field_rules_region(row, INSTRUCTION_CSP_REGION);
    judge_attempt(device);
}
