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

struct judged_file {
    const struct rules *rules;
    const struct profile *profile;   /* that the file is read with */
    const struct filename *filename; /* as far as it could be read; its type is set before any record is judged */
    bool name_is_known;              /* the name is in the grammar: filename is complete */
    const struct header *header;     /* as header_rules_judge left it; all zero before that */
    struct device_set *seen;         /* Device IDs, or keys of reference data, of the records so far */
    struct findings *findings;       /* where the rules add what they find */
};

#endif
