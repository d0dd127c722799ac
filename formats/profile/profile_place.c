#include "formats/profile/profile_place.h"

#include "formats/profile/profile_files.h"
#include "formats/profile/profile_json.h"

#include <glib.h>
#include <string.h>

char *profile_record_file(const struct file_type *type, const struct layout_record *layout)
{
    char letter = layout == type->header ? 'H' : layout == type->file ? 'F' : type->file != NULL ? 'E' : 'D';

    return g_strdup_printf("records/%s-%c.json", type->code, letter);
}

/* A line in a file of the folder: of the member inner of the object outer, or of the item of an array if inner is NULL.
 */
struct place {
    const char *file, *outer, *inner;
    size_t item;
};

static void append_place(GString *out, const struct profile *profile, const struct place *place)
{
    const struct profile_file *file = profile_files_find(profile->files, place->file);
    const struct profile_node whole = {.file = file}, outer = {.file = file, .above = &whole, .member = place->outer},
                              inner = {.file = file, .above = &outer, .member = place->inner, .item = place->item};

    g_string_append(out, place->file);
    if (file != NULL)
        g_string_append_printf(out, ":%u", profile_node_line(&inner));
}

/* Whether the element is the column's or one around it. */
static bool is_on_path(const struct layout_column *column, const char *element)
{
    g_auto(GStrv) steps = g_strsplit(layout_path(column), "/", -1);

    return g_strv_contains((const char *const *)steps, element);
}

/* The field of a column in its Table Schema; the caller owns the reference. *item: its index. NULL: there is none. */
static json_t *field_of(const struct profile *profile, const char *name, const char *column, size_t *item)
{
    const struct profile_file *file = profile_files_find(profile->files, name);
    json_t *table = file != NULL ? json_loadb(file->text, file->len, 0, NULL) : NULL, *field, *found = NULL;
    size_t i;

    json_array_foreach(json_object_get(table, "fields"), i, field)
    {
        if (g_strcmp0(json_string_value(json_object_get(field, "name")), column) != 0)
            continue;
        found = json_incref(field);
        *item = i;
        break;
    }
    json_decref(table);
    return found;
}

/* The words for the values of the column, if it may have some. */
static void append_words(GString *out, const struct profile *profile, enum fact fact)
{
    if (fact == FACT_NONE)
        return;
    const char *name = fact_entry(fact)->name;
    if (fact_is_code(fact)) {
        g_string_append(out, " or the codes in ");
        append_place(out, profile, &(struct place){"codes.json", "codes", "", 0}); /* all of them: no code is "" */
    } else if (fact_entry(fact)->type == FACT_TYPE_CODE) {
        g_string_append_printf(out, " or the words of %s in ", name);
        append_place(out, profile, &(struct place){"codes.json", "values", name, 0});
    }
}

static void append_column(GString *out, const struct file_type *type, const struct layout_record *layout,
                          const struct layout_column *column, bool made)
{
    const struct profile *profile = type->profile;
    g_autofree char *file = profile_record_file(type, layout);
    size_t item = 0;
    json_t *field = field_of(profile, file, column->name, &item);
    const char *form = json_string_value(json_object_get(field, "form"));

    if (made && form != NULL) {
        g_string_append_printf(out, "the form %s in ", form);
        append_place(out, profile, &(struct place){"forms.json", "forms", form, 0});
    } else {
        g_string_append_printf(out, "%s%s in ", made ? "the constraints of " : "the column ", column->name);
        append_place(out, profile, &(struct place){file, "fields", NULL, item});
    }
    append_words(out, profile, column->fact);
    json_decref(field);
}

/* Appends the column of an element. Leaves out as it is, empty, if the type has none. */
static void append_element(GString *out, const struct file_type *type, const char *element, bool made)
{
    const struct layout_record *const layouts[] = {type->header, type->file, type->record};

    for (size_t i = 0; i < G_N_ELEMENTS(layouts) && out->len == 0; i++)
        for (size_t k = 0; layouts[i] != NULL && k < layouts[i]->n_columns && out->len == 0; k++)
            if (is_on_path(&layouts[i]->columns[k], element))
                append_column(out, type, layouts[i], &layouts[i]->columns[k], made);
}

char *profile_place_of_element(const struct file_type *type, const char *element, bool made)
{
    GString *out = g_string_new(NULL);

    append_element(out, type, element, made);
    if (out->len == 0) {
        g_string_append_printf(out, "%s in ", type->code);
        append_place(out, type->profile, &(struct place){"xml.json", "types", type->code, 0});
    }
    return g_string_free(out, FALSE);
}

static bool has_form(const struct profile *profile, const char *name)
{
    const struct profile_file *file = profile_files_find(profile->files, "forms.json");
    json_t *json = file != NULL ? json_loadb(file->text, file->len, 0, NULL) : NULL;
    bool found = json_object_get(json_object_get(json, "forms"), name) != NULL;

    json_decref(json);
    return found;
}

char *profile_place_of_definition(const struct profile *profile, const char *name)
{
    g_autofree char *form = g_strdup(name);
    GString *out = g_string_new(NULL);

    if (!has_form(profile, form) && strrchr(form, '-') != NULL)
        *strrchr(form, '-') = '\0'; /* the fact whose words the simple type has stands behind it */
    if (has_form(profile, form)) {
        g_string_append_printf(out, "the form %s in ", form);
        append_place(out, profile, &(struct place){"forms.json", "forms", form, 0});
    }
    for (size_t i = 0; i < profile->n_types && out->len == 0; i++)
        if (profile->types[i].root != NULL)
            append_element(out, &profile->types[i], name, true);
    return g_string_free(out, out->len == 0);
}
