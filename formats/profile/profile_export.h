/*
 * What a profile publishes for its partners, made from its folder: the XSD of its XML forms, the Table Schemas of its
 * CSV forms, and lists for people. The folder is the only source of all three.
 *
 *   g_autofree char *xsd = profile_export_xsd(profile, read, user);
 *
 * forms.json of the folder, which may be missing, names what the XSD needs besides:
 *
 *   description    what the schema is about
 *   xsd            the name of its file; else NAME-VERSION.xsd
 *   forms          by name: the simple types; each has a base (token, string, dateTime …), a description, and one of
 *                  pattern, enum and maxLength. A field of a Table Schema names its form by the property "form"
 *   types          by file type: description, and of its header, file and row the name and description of the complex
 *                  type. Records with one name and the same elements share a type (profile_export_types.h)
 *
 * All texts are UTF-8 and end with a newline. The caller frees them (g_free). Nothing here fails: a file of the folder
 * that is missing leaves out its names and descriptions.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_H

#include "formats/profile.h"

#include <jansson.h>

/* A JSON file of the profile's folder by its name there, "records/EMI-D.json"; NULL: there is none. The caller owns
 * the reference. */
typedef json_t *profile_export_read_fn(void *user, const char *name);

/* The XSD. NULL: no type has an XML form. */
char *profile_export_xsd(const struct profile *profile, profile_export_read_fn *read, void *user);

/* The name of the file for it. */
char *profile_export_xsd_name(const struct profile *profile, profile_export_read_fn *read, void *user);

/* A Table Schema of the folder, which is the file of that name there, without the properties that only the gateway
 * needs. It has the dialect of its files, and enums and patterns in the words of codes.json. table NULL: NULL. */
char *profile_export_table(const struct profile *profile, const char *name, const json_t *table);

/* The columns of all files and reports, as lists in Markdown. */
char *profile_export_columns(const struct profile *profile, profile_export_read_fn *read, void *user);

#endif
