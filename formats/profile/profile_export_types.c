/* All names are chosen before anything is written, because an element names its type. */
#include "formats/profile/profile_export_types.h"

#include "formats/profile/profile_export_words.h"
#include "formats/profile/profile_place.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

const json_t *xsd_type_names(const struct xsd_types *types, const struct file_type *type)
{
    return json_object_get(json_object_get(types->json, "types"), type->code);
}

/* ---- names ---- */

/* Takes a name that is free, else the same with a number. g_free. */
static char *take(struct xsd_types *types, const char *name)
{
    char *taken = g_strdup(name);

    for (unsigned number = 2; g_hash_table_contains(types->taken, taken); number++) {
        g_free(taken);
        taken = g_strdup_printf("%s%u", name, number);
    }
    g_hash_table_add(types->taken, g_strdup(taken));
    return taken;
}

/* ---- simple types ---- */

/* The limits of a form as a column has them; the caller owns the reference. NULL: the field names no form. */
static json_t *limits_of_form(const struct xsd_types *types, const struct xsd_record *record, const json_t *field)
{
    const char *form = text_of(field, "form");
    json_t *plain = form != NULL ? json_object_get(json_object_get(types->json, "forms"), form) : NULL;

    return profile_export_limits(types->profile, profile_export_fact(field), record->type->inbound, plain);
}

static struct xsd_form *find_form(const struct xsd_types *types, const char *form, const json_t *limits)
{
    for (guint i = 0; i < types->forms->len; i++) {
        struct xsd_form *found = types->forms->pdata[i];
        if (strcmp(found->form, form) == 0 && json_equal(found->limits, limits))
            return found;
    }
    return NULL;
}

/* Takes the limits. */
static void add_form(struct xsd_types *types, const char *form, json_t *limits, const char *fact)
{
    struct xsd_form *added = g_new0(struct xsd_form, 1);

    *added = (struct xsd_form){.form = form, .limits = limits, .fact = fact};
    g_ptr_array_add(types->forms, added);
}

/* Adds the simple type of a field if the field has that form and the type is a new one. */
static void add_form_of(struct xsd_types *types, const char *form, const struct xsd_record *record, const json_t *field)
{
    json_t *limits = g_strcmp0(text_of(field, "form"), form) == 0 ? limits_of_form(types, record, field) : NULL;

    if (limits != NULL && find_form(types, form, limits) == NULL)
        add_form(types, form, limits, text_of(field, "fact"));
    else
        json_decref(limits);
}

/* Names the simple types of a form, which are those from the first on. One of them keeps its name: the one without
 * words, else the first. */
static void name_forms(struct xsd_types *types, guint first, const json_t *plain)
{
    struct xsd_form *keeper = types->forms->pdata[first];

    if (find_form(types, keeper->form, plain) != NULL)
        keeper = find_form(types, keeper->form, plain);
    for (guint i = first; i < types->forms->len; i++) {
        struct xsd_form *form = types->forms->pdata[i];
        g_autofree char *further = g_strdup_printf("%s-%s", form->form, form->fact);
        form->name = form == keeper ? g_strdup(form->form) : take(types, further);
    }
}

static void add_forms(struct xsd_types *types)
{
    json_t *forms = json_object_get(types->json, "forms"), *plain, *field;
    const char *form;
    size_t k;

    json_object_foreach(forms, form, plain) g_hash_table_add(types->taken, g_strdup(form));
    json_object_foreach(forms, form, plain)
    {
        guint first = types->forms->len;
        for (guint i = 0; i < types->records->len; i++) {
            const struct xsd_record *record = types->records->pdata[i];
            json_array_foreach(record->fields, k, field) add_form_of(types, form, record, field);
            add_form_of(types, form, record, record->count_field);
        }
        if (types->forms->len == first) /* no column has it */
            add_form(types, form, json_incref(plain), NULL);
        name_forms(types, first, plain);
    }
}

json_t *xsd_constraints(const struct xsd_types *types, const struct xsd_record *record, const json_t *field)
{
    json_t *limits = profile_export_limits(types->profile, profile_export_fact(field), record->type->inbound,
                                           json_object_get(field, "constraints"));

    if (record->type->inbound)
        limits = profile_export_cap(limits, record->layout == record->type->header ? LAYOUT_HEADER_MAX_CHARS
                                                                                   : LAYOUT_FIELD_MAX_CHARS);
    return limits;
}

const char *xsd_form_name(const struct xsd_types *types, const struct xsd_record *record, const json_t *field)
{
    json_t *limits = limits_of_form(types, record, field);
    const struct xsd_form *form = limits != NULL ? find_form(types, text_of(field, "form"), limits) : NULL;

    json_decref(limits);
    return form != NULL ? form->name : NULL;
}

/* ---- complex types ---- */

static const char *given_name(const struct xsd_record *record)
{
    return text_of(record->names, "name");
}

/* Finds who shares a complex type with whom. */
static void find_owners(struct xsd_types *types)
{
    for (guint i = 0; i < types->records->len; i++) {
        struct xsd_record *record = types->records->pdata[i];
        for (guint k = 0; record->owner == NULL; k++) {
            struct xsd_record *other = types->records->pdata[k]; /* the last one is the record itself */
            if (strcmp(other->body, record->body) == 0 && g_strcmp0(given_name(other), given_name(record)) == 0)
                record->owner = other->owner != NULL ? other->owner : other;
        }
        struct xsd_record *owner = record->owner;
        owner->n_sharing++;
        owner->inbound |= record->type->inbound;
        if (owner->description == NULL)
            owner->description = text_of(record->names, "description");
    }
}

/* Whether no other owner of the name that forms.json gives has more records, or as many and comes first. */
static bool keeps_name(const struct xsd_types *types, const struct xsd_record *record)
{
    bool behind = false;

    for (guint i = 0; i < types->records->len; i++) {
        const struct xsd_record *other = types->records->pdata[i];
        behind |= other == record;
        if (other->owner == other && other != record && g_strcmp0(given_name(other), given_name(record)) == 0 &&
            other->n_sharing + !behind > record->n_sharing)
            return false;
    }
    return true;
}

/* Names of forms.json come first: a name that is made must not take one. */
static void name_owners(struct xsd_types *types)
{
    for (guint i = 0; i < types->records->len; i++) {
        struct xsd_record *record = types->records->pdata[i];
        if (record->owner == record && given_name(record) != NULL && keeps_name(types, record))
            record->name = take(types, given_name(record));
    }
    for (guint i = 0; i < types->records->len; i++) {
        struct xsd_record *record = types->records->pdata[i];
        const char *element = record->layout->element;
        if (record->owner != record || record->name != NULL)
            continue;
        g_autofree char *whole = g_strconcat(record->type->root, element, NULL);
        record->name = take(types, given_name(record) == NULL && record->n_sharing > 1 ? element : whole);
    }
}

/* ---- records ---- */

/* The fields of a Table Schema of the folder; the caller owns the reference. NULL: there are none. */
static json_t *fields_of(const char *file, profile_export_read_fn *read, void *user)
{
    json_t *schema = read(user, file), *fields = json_incref(json_object_get(schema, "fields"));

    json_decref(schema);
    return fields;
}

/* The header, the file and the row of a type, those that it has. */
static void add_records(struct xsd_types *types, const struct file_type *type, profile_export_read_fn *read, void *user)
{
    const struct layout_record *const layouts[] = {type->header, type->file, type->record};
    static const char *const parts[] = {"header", "file", "row"};
    g_autofree char *trailer = g_strdup_printf("records/%s-T.json", type->code);

    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        if (layouts[i] == NULL || layouts[i]->element == NULL)
            continue;
        g_autofree char *file = profile_record_file(type, layouts[i]);
        struct xsd_record *record = g_new0(struct xsd_record, 1);
        record->type = type;
        record->layout = layouts[i];
        record->fields = fields_of(file, read, user);
        record->names = json_object_get(xsd_type_names(types, type), parts[i]);
        if (layouts[i] == type->header) {
            json_t *fields = fields_of(trailer, read, user);
            record->count_field = json_incref(json_array_get(fields, json_array_size(fields) - 1));
            json_decref(fields);
        }
        g_ptr_array_add(types->records, record);
    }
}

static void record_free(gpointer user)
{
    struct xsd_record *record = user;

    json_decref(record->fields);
    json_decref(record->count_field);
    g_free(record->body);
    g_free(record->name);
    g_free(record);
}

static void form_free(gpointer user)
{
    struct xsd_form *form = user;

    json_decref(form->limits);
    g_free(form->name);
    g_free(form);
}

struct xsd_types *xsd_types_new(const struct profile *profile, profile_export_read_fn *read, void *user,
                                xsd_render_fn *render)
{
    struct xsd_types *types = g_new0(struct xsd_types, 1);

    types->profile = profile;
    types->json = read(user, "forms.json");
    types->records = g_ptr_array_new_with_free_func(record_free);
    types->forms = g_ptr_array_new_with_free_func(form_free);
    types->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < profile->n_types; i++)
        if (profile->types[i].root != NULL)
            add_records(types, &profile->types[i], read, user);
    add_forms(types);
    for (guint i = 0; i < types->records->len; i++) {
        struct xsd_record *record = types->records->pdata[i];
        record->body = render(types, record);
    }
    find_owners(types);
    name_owners(types);
    return types;
}

void xsd_types_free(struct xsd_types *types)
{
    g_ptr_array_free(types->records, TRUE);
    g_ptr_array_free(types->forms, TRUE);
    g_hash_table_unref(types->taken);
    json_decref(types->json);
    g_free(types);
}
