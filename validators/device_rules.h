/*
 * Category c, as far as the file alone can tell: C101, C102, C104 (scope), C113, C117 (formats/FILES.md,
 * 4). One call judges one Device record and says everything that is wrong with it.
 */
#ifndef ECOSGATE_VALIDATORS_DEVICE_RULES_H
#define ECOSGATE_VALIDATORS_DEVICE_RULES_H

#include "formats/reader.h"
#include "validators/findings.h"
#include "validators/rules.h"

/* The Device IDs seen in one file; seeded, so that no sender can choose colliding ones. */
struct device_set;

struct device_set *device_set_new(void);
void device_set_free(struct device_set *set);

/* One Device of an instruction as judged. Fields point into the record and live as long as it. */
struct device {
    const struct record *record;
    bool has_id;
    uint64_t id;
    uint64_t codes; /* bit (code - C101): errors only */
    bool warned;
};

/* Adds findings; fills device. */
void device_rules_judge(const struct rules *rules, struct device_set *seen, const struct record *record,
                        struct findings *findings, struct device *device);

void device_add_code(struct device *device, enum code code);
bool device_has_errors(const struct device *device);

/* Only transient codes: it is deferred rather than rejected. */
bool device_is_deferred(const struct device *device);

/* The first in the catalogue's order; call only when it has errors. */
enum code device_first_code(const struct device *device);

#endif
