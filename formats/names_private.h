/* What names.c asks of names_check.c. */
#ifndef ECOSGATE_FORMATS_NAMES_PRIVATE_H
#define ECOSGATE_FORMATS_NAMES_PRIVATE_H

#include "formats/filename.h"

/* The names of one type, or one of the gateway's own. */
struct names_reading {
    const struct name_grammar *grammar;
    const char *word; /* for the type */
    bool packed;      /* such a file may be packed */
};

/* True when there may be a name that is both. */
bool names_may_meet(const struct names_reading *a, const struct names_reading *b);

#endif
