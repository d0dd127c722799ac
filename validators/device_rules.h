/*
 * Category c, as far as the file alone can tell: C101, C102, C104 (scope), C113, C117 (formats/FILES.md,
 * 4). One call judges one Device record of an instruction and says everything that is wrong with it.
 */
#ifndef ECOSGATE_VALIDATORS_DEVICE_RULES_H
#define ECOSGATE_VALIDATORS_DEVICE_RULES_H

#include "validators/row.h"
#include "validators/rules.h"

/* The Device IDs seen in one file; seeded, so that no sender can choose colliding ones. */
struct device_set;

struct device_set *device_set_new(void);
void device_set_free(struct device_set *set);
/* False when it was there already. */
bool device_set_add(struct device_set *set, uint64_t id);
/* The same for any text: 64 bits of a hash stand for it, so that two different ones among a million may be taken for
 * one in one of 30 million files. */
bool device_set_add_key(struct device_set *set, const char *key);

/* One Device of an instruction. */
struct device {
    struct row row;
    bool has_id;
    uint64_t id;
};

static inline const struct device *device_of(const struct row *row)
{
    return (const struct device *)row;
}

/* Adds findings; fills device. */
void device_rules_judge(const struct rules *rules, struct device_set *seen, const struct record *record,
                        struct findings *findings, struct device *device);

#endif
