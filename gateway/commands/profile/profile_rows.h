/*
 * A profile as rows of output: what `profile list`, `show` and `diff` print. Rows are JSON objects (output.h).
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_ROWS_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_ROWS_H

#include "formats/profile.h"

#include <glib.h>
#include <jansson.h>

/* The profile as a whole: name, title, validity, folder (NULL: it is built in), digest. A new reference. */
json_t *profile_row(const struct profile *profile, const char *folder);

/* The columns of a record ("EMI-D") or report ("MAPR") in their order: position, column, fact, required, element. NULL:
 * the profile has none of that name. A new reference. */
json_t *profile_rows_of(const struct profile *profile, const char *record);

/* The names of all records and reports; the array owns them. */
GPtrArray *profile_rows_names(const struct profile *profile);

#endif
