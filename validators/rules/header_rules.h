/*
 * The header record of every inbound file: B206 (differs from the name), B207 (wrong recipient or environment), B211
 * (a value is malformed) (formats/FILES.md, 3). Nothing fails.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_HEADER_RULES_H
#define ECOSGATE_VALIDATORS_RULES_HEADER_RULES_H

#include "validators/judged_file.h"

enum { BATCH_ID_SIZE = 25 }; /* 24 characters and NUL */
enum { HEADER_ENVIRONMENT_SIZE = 5 };
/* Of ResubmissionOf: 128 characters, the limit of a header field, which may be four bytes each. */
enum { HEADER_NAME_BYTES = 512 };

/* Of reference data: FULL replaces everything that was known, DELTA changes what the file names. */
enum header_mode { HEADER_MODE_NONE, HEADER_MODE_FULL, HEADER_MODE_DELTA };

/* What later stages need of the header; empty or 0 where a value was malformed, or is not known. */
struct header {
    bool seen;                                   /* there was a header record */
    uint64_t sender;                             /* SenderId */
    uint64_t recipient;                          /* RecipientId */
    uint32_t sequence;                           /* FileSequence */
    char environment[HEADER_ENVIRONMENT_SIZE];   /* "LIVE" or "TEST" */
    int64_t created;                             /* CreationDateTime: seconds since 1970, UTC */
    char batch[BATCH_ID_SIZE];                   /* BatchId */
    char resubmission_of[HEADER_NAME_BYTES + 1]; /* ResubmissionOf, raw bytes of a name */
    enum header_mode mode;                       /* HEADER_MODE_NONE for files other than reference data */
};

/* Judges the header record, adds what it finds to file->findings, and fills header. A field for which the sender's
 * format has no column is not judged; header gets what the program knows instead (formats/record_kinds.h). */
void header_rules_judge(const struct judged_file *file, const struct record *record, struct header *header);

/* Adds an error about one field of the header record. */
void header_rules_add(const struct judged_file *file, const struct record *record, enum code code,
                      enum header_field column, const char *text);

#endif
