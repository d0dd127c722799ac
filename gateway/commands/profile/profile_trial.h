/*
 * Tries a profile on its samples (profile_samples.h): what its writers write, its readers must read, the rules must
 * accept, and the schemas must find valid.
 *
 *   XML of every type      valid by the XSD that is made of the profile, and by the partner's own if the profile names
 *                          one
 *   files that arrive      each field comes back as it was given; judged as `check` judges, no finding
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_TRIAL_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_TRIAL_H

#include "gateway/commands/profile/profile_samples.h"
#include "formats/profile/profile_export.h"
#include "formats/xml/xml_schema.h"

/* Something that went wrong with a sample; line 0: it has no place. text: one line, valid during the call only. */
typedef void profile_trial_fault_fn(void *user, const struct profile_sample *sample, unsigned line, const char *text);

/* The files of the profile's folder, and whom to tell. */
struct profile_trial {
    const struct profile *profile;
    profile_export_read_fn *read; /* of JSON files */
    xml_schema_file_fn *file;     /* of schemas */
    const char *own_schema;       /* the partner's XSD in the folder; NULL: there is none */
    profile_trial_fault_fn *on_fault;
    void *user; /* of all three functions */
};

/* Tries all samples. Returns the number of faults. */
size_t profile_trial(const struct profile_trial *trial, const GPtrArray *samples);

#endif
