/*
 * One inbound file while it is judged: what all rules about it share. judge_file() fills it and owns what it points to;
 * the rules only borrow it.
 */
#ifndef ECOSGATE_VALIDATORS_JUDGED_FILE_H
#define ECOSGATE_VALIDATORS_JUDGED_FILE_H

#include "formats/name/filename.h"
#include "validators/findings.h"
#include "validators/rules/rules.h"

struct device_set;
struct header;

/* Short values that stood in their lists, as numbers (eight_short): each is looked up once, and not for each record. A
 * value that meets another one at its place takes that place. */
enum known_kind { KNOWN_DEVICE_TYPE, KNOWN_REGION, KNOWN_KINDS };
enum { KNOWN_BITS = 3 };
struct known_values {
    uint64_t words[KNOWN_KINDS][1 << KNOWN_BITS]; /* 0: none */
};

struct judged_file {
    const struct rules *rules;
    const struct profile *profile;   /* that the file is read with */
    const struct filename *filename; /* as far as it could be read; its type is set before any record is judged */
    bool name_is_known;              /* the name is in the grammar: filename is complete */
    const struct header *header;     /* as header_rules_judge left it; all zero before that */
    struct device_set *seen;         /* Device IDs, or keys of reference data, of the records so far */
    struct known_values *known;      /* NULL: all values are looked up */
    struct findings *findings;       /* where the rules add what they find */
};

#endif
