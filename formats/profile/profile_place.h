/*
 * Where a profile says something: for messages about a sample, which tell its author what to change.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_PLACE_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_PLACE_H

#include "formats/profile.h"

#include <stdbool.h>

/* The file of the folder that has the columns of a record of the type, "records/EMI-D.json"; g_free. Its letter says
 * which record it is; the letter in the partner's files may be another one. */
char *profile_record_file(const struct file_type *type, const struct layout_record *layout);

/* What to change where an element of a file of the type is not as an XSD wants it: "the form Eui64 in forms.json:9 or
 * the words of header.environment in codes.json:4"; g_free. element: its name without prefix. made: the XSD is the one
 * that is made of the profile; else it is the partner's own. */
char *profile_place_of_element(const struct file_type *type, const char *element, bool made);

/* The same where the XSD that is made of the profile is none, in the definition of that name, of a simple type or of an
 * element; g_free. NULL: no file of the folder is known to say it. */
char *profile_place_of_definition(const struct profile *profile, const char *name);

#endif
