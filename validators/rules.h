/*
 * What the rules must know besides the file: the gateway's settings and parties, the time, and, in the
 * live run, the ledger and the drop that the file came through. gateway/ fills it; nothing here owns it.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_H
#define ECOSGATE_VALIDATORS_RULES_H

#include "formats/unpack.h"
#include "validators/catalogue.h"
#include "validators/retry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

enum check_digits { CHECK_DIGITS_OFF, CHECK_DIGITS_WARN, CHECK_DIGITS_REJECT };

/* What becomes of a Device that the review finds something about (DEVICES.md, Review). */
enum review_mode { REVIEW_REJECT, REVIEW_WARN, REVIEW_OFF };

enum { RULES_DAY = 86400 };

struct party {
    const char *org;
    uint64_t eui64;
    const char *const *types; /* NULL-terminated codes of file types that it may send */
    const char *drop;
};

/* What only a configuration knows; absent in a bare `check`. */
struct identity {
    const char *org;
    uint64_t eui64;
    const char *environment; /* "LIVE" or "TEST" */
    const struct party *parties;
    size_t n_parties;
};

struct rules {
    const struct identity *identity; /* NULL: B103 and B207 are not judged */
    struct ledger *ledger;           /* NULL: duplicates, sequence, batches, C110 are not judged */
    int64_t job;                     /* the file's own job in the ledger */
    const char *drop;                /* the drop that it came through; NULL: not judged */
    int64_t now;
    int64_t future_tolerance;        /* seconds */
    const char *const *device_types; /* NULL-terminated scope */
    enum check_digits check_digits;
    const char *const *drops; /* NULL-terminated names of all drops; NULL: not judged */
    int64_t cos_window;       /* seconds before a change of supplier (C109) */
    int64_t daily_limit;      /* Devices accepted a day (C116), 0: any number */
    enum review_mode review[CODE_COUNT];
    uint32_t max_devices;
    struct unpack_limits unpack;
    struct retry_rules retry;
};

/* The defaults of ecosgate.conf(5); identity, ledger and now are left empty. */
void rules_init(struct rules *rules);

const struct party *rules_party(const struct identity *identity, const char *org);
bool rules_may_send(const struct party *party, const char *type);

#endif
