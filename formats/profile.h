/*
 * A profile: everything that is data about the formats of files, in one version. It says which columns each record has
 * and which fact each of them carries, what the elements of the XML form are called, and what each report contains.
 * The project's own proposal is the built-in profile.
 *
 *   const struct file_type *type = profile_type(profile_builtin(), "EMI", 3);
 *   … type->profile …                                    whoever has a type has its profile
 *
 * The codes of types and the references of reports are those of this program, the same in every profile: code that
 * asks for the kind of a type only may ask the built-in profile. A profile is constant once it is made and lives as
 * long as the program, and so does all that it points to.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_H
#define ECOSGATE_FORMATS_PROFILE_H

#include "formats/layout.h"
#include "formats/report_layout.h"
#include "formats/values.h"

#include <stddef.h>

struct profile {
    const char *name;              /* "proposal" */
    const char *version;           /* "1.0": of its layouts */
    const char *namespace;         /* of the XML forms */
    const char *version_attribute; /* of their root: it holds the version */
    size_t n_types;
    const struct file_type *types;
    size_t n_reports;
    const struct report_layout *reports;
    /* Words of its own for values and codes (values.h). */
    const struct value_map *values[FACT_COUNT]; /* by fact; NULL: the values are the words */
    size_t n_codes;
    const struct code_words *codes; /* those that have a code or a text of its own */
};

/* The profile that is part of the program. */
const struct profile *profile_builtin(void);

/* The type of that code ("EMI"), which is len bytes long and needs no terminator. NULL: there is no such type. */
const struct file_type *profile_type(const struct profile *profile, const char *code, size_t len);

/* The layout of the report of that ref. NULL: there is none, also of MGMT-PAGE, which has no columns. */
const struct report_layout *profile_report(const struct profile *profile, const char *ref);

/* The codes of all inbound types for a message, such as "EMI, EMT or EMC": joint stands between two of them, last_joint
 * before the last. g_free the result. */
char *profile_inbound_codes(const struct profile *profile, const char *joint, const char *last_joint);

#endif
