/*
 * Which types the XSD of a profile has, and what they are called. profile_export_xsd.c writes them.
 *
 *   struct xsd_types *types = xsd_types_new(profile, read, user, render);
 *   types->forms      a simple type each
 *   types->records    a complex type for each record that is its own owner: that of all records it is the owner of
 *   xsd_types_free(types);
 *
 * Records whose elements are the same share one complex type, unless forms.json gives them different names. Where
 * records with one name differ, most of them keep it, and the others are called after their root and element:
 * MigrationResultsHeader. A form whose columns have different words in codes.json becomes several simple types:
 * YesNo, YesNo-decision.transient.
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_TYPES_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_EXPORT_TYPES_H

#include "formats/profile/profile_export.h"

#include <glib.h>

/* A record of a file type that has an XML form. All members are the struct's own or live as long as the profile. */
struct xsd_record {
    const struct file_type *type;
    const struct layout_record *layout;
    json_t *fields;           /* of its Table Schema; NULL: there is none */
    json_t *count_field;      /* of a header: the field of the trailer that has the count; NULL: there is none */
    const json_t *names;      /* of its complex type, by forms.json; NULL: there are none */
    char *body;               /* its elements as render has written them */
    struct xsd_record *owner; /* the first record with the same complex type; it may be this one */
    /* Of an owner: */
    size_t n_sharing;        /* records that have its type */
    bool inbound;            /* the file of one of them arrives */
    char *name;              /* of the complex type */
    const char *description; /* NULL: none */
};

/* A simple type. */
struct xsd_form {
    const char *form; /* its name in forms.json */
    json_t *limits;   /* base, pattern, enum …, in the words of codes.json */
    const char *fact; /* whose words these are; NULL: of none */
    char *name;
};

struct xsd_types {
    const struct profile *profile;
    json_t *json;       /* forms.json; NULL: there is none */
    GPtrArray *records; /* struct xsd_record, in the order of the types; header, file, row */
    GPtrArray *forms;   /* struct xsd_form, in the order of forms.json */
    GHashTable *taken;  /* names of types */
};

/* The elements of a record as XSD, whichever way its file goes: what is compared. Forms have their names by then. */
typedef char *xsd_render_fn(struct xsd_types *types, const struct xsd_record *record);

/* Reads forms.json and the Table Schemas, and names all types. xsd_types_free. */
struct xsd_types *xsd_types_new(const struct profile *profile, profile_export_read_fn *read, void *user,
                                xsd_render_fn *render);

/* Frees the types and all that they own. */
void xsd_types_free(struct xsd_types *types);

/* What forms.json says of a file type; NULL: nothing. */
const json_t *xsd_type_names(const struct xsd_types *types, const struct file_type *type);

/* What a field may contain by its own constraints, in the words of codes.json, and by the limits of the reader. NULL:
 * nothing limits it. The caller owns the reference. */
json_t *xsd_constraints(const struct xsd_types *types, const struct xsd_record *record, const json_t *field);

/* The name of the simple type of a field; NULL: it names no form. */
const char *xsd_form_name(const struct xsd_types *types, const struct xsd_record *record, const json_t *field);

#endif
