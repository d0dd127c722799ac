/*
 * The header record: B206 (against the name), B207 (recipient, environment), B211 (values)
 * (formats/FILES.md, 3).
 */
#ifndef ECOSGATE_VALIDATORS_HEADER_RULES_H
#define ECOSGATE_VALIDATORS_HEADER_RULES_H

#include "formats/filename.h"
#include "validators/findings.h"
#include "validators/rules.h"

enum { BATCH_ID_SIZE = 25 };

/* Of reference data: the file replaces all that was known, or changes what it names. */
enum header_mode { HEADER_MODE_NONE, HEADER_MODE_FULL, HEADER_MODE_DELTA };

/* What later stages need of the header; empty or 0 where it was malformed. */
struct header {
    bool seen;
    int64_t created;
    char batch[BATCH_ID_SIZE];
    char resubmission_of[FILENAME_MAX_BYTES + 1];
    enum header_mode mode;
};

/* name_is_known: the name was in the grammar, so the header can be compared with it. */
void header_rules_judge(const struct rules *rules, const struct filename *filename, bool name_is_known,
                        const struct record *record, struct findings *findings, struct header *header);

/* A header finding; column names the field. */
void header_rules_say(struct findings *findings, enum code code, const struct record *record, enum header_column column,
                      const char *text);

#endif
