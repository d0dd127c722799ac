/*
 * The Device records of an instruction (EMI), as far as the file alone can tell: C101, C102, C104 (type out of scope),
 * C113, C117 (formats/FILES.md, 4). What the ledger and reference data tell: history_rules.h, review_rules.h.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_DEVICE_RULES_H
#define ECOSGATE_VALIDATORS_RULES_DEVICE_RULES_H

#include "validators/row.h"

/* ---- the keys seen so far in one file ---- */

/* A set of 64-bit keys. Its hash is seeded at random, so that no sender can choose keys that collide. */
struct device_set;

/* An empty set; device_set_free. */
struct device_set *device_set_new(void);

/* NULL is allowed. */
void device_set_free(struct device_set *set);

/* Adds a Device ID. False: the set has it already. */
bool device_set_add(struct device_set *set, uint64_t id);

/* So many keys will probably be added: it grows to that size at once. A wrong number costs time, or memory: at most 64
 * times what the keys so far need. */
void device_set_foresee(struct device_set *set, uint64_t n);

/* Has the memory fetched that adding the ID will need: with a million Devices that takes as long as judging one. */
void device_set_expect(const struct device_set *set, uint64_t id);

/* Adds a key of any text. False: the set has it already. A 64-bit hash stands for the text: among a million different
 * keys, two are taken for one in 1 of 30 million files. */
bool device_set_add_key(struct device_set *set, const char *key);

/* True: the set has that key. The same limit of the hash applies. */
bool device_set_has_key(const struct device_set *set, const char *key);

/* ---- one record ---- */

/* One Device of an instruction. */
struct device {
    struct row row;
    bool has_id; /* DeviceID is an EUI-64: */
    uint64_t id;
};

/* The Device of which row is the first member. */
static inline const struct device *device_of(const struct row *row)
{
    return (const struct device *)row;
}

/* Fills device and adds everything that is wrong with the record. file->seen gets the Device ID. Never fails. */
void device_rules_judge(const struct judged_file *file, const struct record *record, struct device *device);

#endif
