/*
 * The files of the built-in profile, in the order of their names. The build makes the table of profiles/proposal-1.0/
 * (embed.sh).
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_EMBEDDED_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_EMBEDDED_H

#include <stddef.h>

struct profile_embedded {
    const char *name; /* "records/EMI-D.json" */
    const char *text; /* len bytes and a NUL behind them */
    size_t len;
    const char *lean; /* the same for the loader (struct profile_file) */
    size_t lean_len;
};

extern const struct profile_embedded profile_embedded[];
extern const size_t profile_n_embedded;

/* What profile_files_digest makes of them. Computed at each start it was a sixth of the start. */
extern const char profile_embedded_digest[];

#endif
