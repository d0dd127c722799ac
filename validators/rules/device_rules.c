/*
 * The set is one array of keys, at most four fifths full; a key stands at the slot of its hash, or behind it where
 * others stand there. So a key costs one access to memory, and 11 bytes if the number of keys was foreseen (10 to 20 if
 * not). The number of slots is no power of two: 16 million keys would take 256 MiB then. A GHashTable keeps hashes
 * beside the keys and divides to find a slot: it took a third of the gateway's time for a million Devices in CSV.
 *
 * A sender who knew the hash could make a file whose Devices all collide; hence the random seed.
 */
#include "validators/rules/device_rules.h"

#include "formats/eui64.h"
#include "formats/profile.h"
#include "validators/rules/field_rules.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FIRST_SLOTS = 1024,
    HUGE_PAGE = 2 << 20, /* bytes; a larger one of another machine does as well */
    SOME_GROWTH = 4,
    MOST_GROWTH = 64, /* times as many at once: what is foreseen is what a sender's bytes make of it */
};

struct device_set {
    uint64_t *slots; /* 0: free */
    size_t n;        /* slots, below 2^32 */
    size_t used;
    uint64_t foreseen; /* keys, below 2^32 */
    bool has_zero;     /* the key 0 is in the set: it has no slot */
};

static uint64_t seed; /* of this process; 0: not chosen yet */

/* Mixes all 64 bits, because the first bytes of the ids of one manufacturer are the same. The high bits are best. */
static inline uint64_t hash_id(uint64_t id)
{
    uint64_t x = (id ^ seed) * UINT64_C(0x9E3779B97F4A7C15);

    x ^= x >> 29;
    return x * (seed | 1);
}

/* A large table stands in huge pages, if the kernel has them. Each key is in another page, and with small ones to find
 * the page took the processor longer than to fetch the key. */
static uint64_t *new_slots(size_t n)
{
    size_t bytes = n * sizeof(uint64_t);
    uint64_t *slots = g_aligned_alloc(1, bytes, bytes < HUGE_PAGE ? sizeof *slots : HUGE_PAGE);

    if (bytes >= HUGE_PAGE)
        (void)madvise(slots, bytes, MADV_HUGEPAGE); /* before the first byte; without them it is slower, and good */
    return memset(slots, 0, bytes);
}

struct device_set *device_set_new(void)
{
    struct device_set *set = g_new0(struct device_set, 1);

    while (seed == 0)
        seed = ((uint64_t)g_random_int() << 32) | g_random_int();
    set->n = FIRST_SLOTS;
    set->slots = new_slots(set->n);
    return set;
}

void device_set_free(struct device_set *set)
{
    if (set == NULL)
        return;
    g_aligned_free(set->slots);
    g_free(set);
}

/* The hash's high half as a fraction of all slots: a multiplication in place of a division. */
static inline size_t first_slot(const struct device_set *set, uint64_t id)
{
    return (size_t)((hash_id(id) >> 32) * set->n >> 32);
}

void device_set_expect(const struct device_set *set, uint64_t id)
{
    __builtin_prefetch(&set->slots[first_slot(set, id)], 1);
}

/* The slot that has the id, or the free one that it would get. */
static inline uint64_t *find_slot(const struct device_set *set, uint64_t id)
{
    size_t i = first_slot(set, id);

    while (set->slots[i] != 0 && set->slots[i] != id)
        if (++i == set->n)
            i = 0;
    return &set->slots[i];
}

static inline bool device_set_has(const struct device_set *set, uint64_t id)
{
    return id == 0 ? set->has_zero : *find_slot(set, id) == id;
}

void device_set_foresee(struct device_set *set, uint64_t n)
{
    set->foreseen = MIN(n, UINT32_MAX);
}

/* Twice the size each time, a set of a million keys would grow eleven times: one key and a half are put in again for
 * each key, and as much memory again is cleared as it has in the end. So it grows at once to what is foreseen (which
 * may be a fifteenth too low). Far below that it takes a small step first: the old slots are there until the new ones
 * have the keys, and before the last step they must not be a large part of the memory. */
static size_t next_size(const struct device_set *set)
{
    uint64_t wanted = set->foreseen / 3 * 4;

    return wanted > MOST_GROWTH * set->n ? SOME_GROWTH * set->n : MAX(2 * set->n, (size_t)wanted);
}

static void grow(struct device_set *set)
{
    uint64_t *old = set->slots;
    size_t n = set->n;

    set->n = next_size(set);
    set->slots = new_slots(set->n);
    for (size_t i = 0; i < n; i++)
        if (old[i] != 0)
            *find_slot(set, old[i]) = old[i];
    g_aligned_free(old);
}

bool device_set_add(struct device_set *set, uint64_t id)
{
    if (id == 0) {
        bool is_new = !set->has_zero;
        set->has_zero = true;
        return is_new;
    }
    uint64_t *slot = find_slot(set, id);
    if (*slot == id)
        return false;
    *slot = id;
    if (++set->used > set->n / 5 * 4)
        grow(set);
    return true;
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
    return device_set_has(set, hash_text(key));
}

/* C101, C102 */
static void judge_id(struct device *device)
{
    const struct field *field = row_field(&device->row, INSTRUCTION_DEVICE_ID);

    device->id = device->row.record->ahead;
    if (device->id == 0 && !eui64_parse(field->text, field->len, &device->id)) {
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
    uint64_t word, *known = field_rules_known(&device->row, KNOWN_DEVICE_TYPE, INSTRUCTION_DEVICE_TYPE, &word);

    if (known != NULL && *known == word)
        return;
    for (size_t i = 0; device->row.file->rules->device_types[i] != NULL; i++) {
        if (field_is(field, device->row.file->rules->device_types[i])) {
            if (known != NULL)
                *known = word;
            return;
        }
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

    if (hub->len == 0 ? !required : eui64_is_one(hub->text, hub->len))
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
