/* The defaults of the settings, which a bare `check` uses, and questions about parties. */
#include "validators/rules/rules.h"

#include <string.h>

static const char *const default_scope[] = {"ESME", "GSME", "GPF", NULL};

void rules_init(struct rules *rules)
{
    *rules = (struct rules){
        .sequence_gap_max = 1000,
        .future_tolerance = 5 * 60,
        .device_types = default_scope,
        .check_digits = CHECK_DIGITS_WARN,
        .cos_window = 7 * RULES_DAY,
        .review = {[C125] = REVIEW_WARN},
        .gpf_supplier = REVIEW_OFF,
        .region = REVIEW_OFF,
        .max_devices = 1000000,
        .unpack = {.max_bytes = (uint64_t)1 << 30, .max_ratio = 200},
    };
    retry_rules_init(&rules->retry);
}

const struct party *rules_party(const struct identity *identity, const char *org)
{
    for (size_t i = 0; i < identity->n_parties; i++) {
        if (strcmp(identity->parties[i].org, org) == 0)
            return &identity->parties[i];
    }
    return NULL;
}

const struct party *rules_party_of_id(const struct identity *identity, uint64_t eui64)
{
    for (size_t i = 0; i < identity->n_parties; i++) {
        if (identity->parties[i].eui64 == eui64)
            return &identity->parties[i];
    }
    return NULL;
}

const struct party *rules_party_of_drop(const struct identity *identity, const char *drop)
{
    const struct party *only = NULL;

    for (size_t i = 0; drop != NULL && i < identity->n_parties; i++) {
        if (strcmp(identity->parties[i].drop, drop) != 0)
            continue;
        if (only != NULL)
            return NULL;
        only = &identity->parties[i];
    }
    return only;
}

bool rules_may_send(const struct party *party, const char *type)
{
    for (size_t i = 0; party->types[i] != NULL; i++) {
        if (strcmp(party->types[i], type) == 0)
            return true;
    }
    return false;
}
