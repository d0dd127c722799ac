/*
 * Validates an XML text by an XSD, with libxml2: what `profile check` asks of the samples of a profile. The XSD is not
 * trusted. It may include other schemas of the profile's folder, and nothing else is opened for it: no file, no
 * network.
 */
#ifndef ECOSGATE_FORMATS_XML_XML_SCHEMA_H
#define ECOSGATE_FORMATS_XML_XML_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct xml_schema;

/* One mistake; line 0: it has no place. element: whose it is, without prefix; in the XSD itself the name that is
 * defined there; NULL: of none. The texts are valid during the call only. */
typedef void xml_schema_fault_fn(void *user, int line, const char *element, const char *text);

/* The text of a file of the folder by its name without a folder; *len: its bytes. NULL: there is none. Borrowed. */
typedef const char *xml_schema_file_fn(void *user, const char *name, size_t *len);

/* Compiles the XSD, which is the file of that name. NULL: each of its mistakes was given to on_fault. file is asked for
 * it and for what it includes. xml_schema_free. */
struct xml_schema *xml_schema_new(const char *name, xml_schema_file_fn *file, xml_schema_fault_fn *on_fault,
                                  void *user);

/* True if the XML text is valid; else each mistake was given to on_fault. */
bool xml_schema_validate(struct xml_schema *schema, const char *text, size_t len, xml_schema_fault_fn *on_fault,
                         void *user);

/* NULL is allowed. */
void xml_schema_free(struct xml_schema *schema);

/* The version of libxml2 that is loaded, "2.9.14". g_free. */
char *xml_schema_library_version(void);

#endif
