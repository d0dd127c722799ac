/*
 * Samples of a profile: a file of each type in each form that it has, and each report. The profile's own writers make
 * them of the examples of facts (fact_example). `profile check` tries a profile on them; an author of a profile reads
 * them.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_SAMPLES_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_SAMPLES_H

#include "formats/profile.h"

#include <glib.h>

struct profile_sample {
    char *name;                   /* of the file */
    const struct file_type *type; /* NULL: it is a report */
    enum form form;
    GString *text;
    char *fault; /* why it could not be written; NULL: it is whole */
};

/* The samples (struct profile_sample), inbound types first; the array owns them. */
GPtrArray *profile_samples_new(const struct profile *profile);

/* The value of a fact in the samples of a type; "": none. Borrowed, constant. */
const char *profile_samples_value(const struct layout_record *record, enum fact fact);

#endif
