/*
 * The command `profile diff`: what differs between two profiles. Of each it makes an object of things, each with its
 * properties as texts:
 *
 *   "names.json"           {"names.EMI": "EMI_{org}_…", …}      each member of a JSON file that is no table
 *   "EMI-D device.id"      {"column": "DeviceID", "required": "yes", …}     each column, by its fact
 *
 * Columns are compared by the fact that they carry, so that a renamed or moved one is shown as such. Of a column that
 * one profile has no other property is shown.
 */
#include "formats/text.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_rows.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>
#include <string.h>

/* ---- the things of one profile ---- */

static json_t *thing(json_t *things, const char *name)
{
    json_t *found = json_object_get(things, name);

    if (found == NULL) {
        found = json_object();
        json_object_set_new(things, name, found);
    }
    return found;
}

/* Members that say nothing about files. */
static bool is_for_people(const char *member)
{
    static const char *const members[] = {"$schema", "title", "description", "fields", "name", "missingValues"};

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (strcmp(members[i], member) == 0)
            return true;
    return false;
}

/* Adds the values in a JSON value, each under the path that leads to it. */
static void add_values(json_t *properties, const char *path, json_t *value)
{
    const char *member;
    json_t *inner;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach(value, member, inner)
        {
            g_autofree char *below = *path != '\0' ? g_strconcat(path, ".", member, NULL) : g_strdup(member);
            if (*path != '\0' || !is_for_people(member))
                add_values(properties, below, inner);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, inner)
        {
            g_autofree char *below = g_strdup_printf("%s[%zu]", path, i);
            add_values(properties, below, inner);
        }
    } else if (json_is_string(value)) {
        output_set(properties, path, json_incref(value));
    } else if (!json_is_null(value)) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        output_set_text(properties, path, text);
        g_free(text);
    }
}

static void add_files(json_t *things, const struct profile_source *source)
{
    for (size_t i = 0; i < profile_files_count(source->profile->files); i++) {
        const struct profile_file *file = profile_files_at(source->profile->files, i);
        json_t *root = g_str_has_suffix(file->name, ".json") ? json_loadb(file->text, file->len, 0, NULL) : NULL;
        if (root != NULL && strcmp(file->name, "forms.json") != 0) /* names of types in the XSD */
            add_values(thing(things, file->name), "", root);
        json_decref(root);
    }
}

/* The name of the thing that a column is. */
static char *column_thing(const char *record, json_t *row)
{
    const char *fact = json_string_value(json_object_get(row, "fact"));

    return fact != NULL ? g_strdup_printf("%s %s", record, fact)
                        : g_strdup_printf("%s column %s", record, json_string_value(json_object_get(row, "column")));
}

static void add_record(json_t *things, const struct profile *profile, const char *record)
{
    json_t *rows = profile_rows_of(profile, record), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        g_autofree char *name = column_thing(record, row);
        json_t *properties = thing(things, name);
        output_set(properties, "column", json_incref(json_object_get(row, "column")));
        output_set_text(properties, "required", json_is_true(json_object_get(row, "required")) ? "yes" : "no");
        if (json_is_string(json_object_get(row, "element")))
            output_set(properties, "element", json_incref(json_object_get(row, "element")));
        if (json_is_string(json_object_get(row, "passed")))
            output_set(properties, "passed", json_incref(json_object_get(row, "passed")));
    }
    json_decref(rows);
}

static json_t *things_of(const struct profile_source *source)
{
    json_t *things = json_object();
    g_autoptr(GPtrArray) records = profile_rows_names(source->profile);

    add_files(things, source);
    for (guint i = 0; i < records->len; i++)
        add_record(things, source->profile, records->pdata[i]);
    return things;
}

/* ---- the order of columns ---- */

/* Says of each column of a record that both have behind which other one of them it stands. */
static void add_order(json_t *things, const json_t *others, const struct profile *profile, const char *record)
{
    json_t *rows = profile_rows_of(profile, record), *row;
    g_autofree char *before = g_strdup("(first)");
    size_t i;

    json_array_foreach(rows, i, row)
    {
        char *name = column_thing(record, row);
        if (json_object_get(others, name) == NULL) {
            g_free(name);
            continue;
        }
        output_set_text(thing(things, name), "behind", before);
        g_free(before);
        before = name;
    }
    json_decref(rows);
}

static void add_orders(json_t *things, const json_t *others, const struct profile *profile)
{
    g_autoptr(GPtrArray) records = profile_rows_names(profile);

    for (guint i = 0; i < records->len; i++)
        add_order(things, others, profile, records->pdata[i]);
}

/* ---- the differences ---- */

/* A text of a profile may be a line end, or anything in a description. JSON has it as it is. */
static void set_shown(json_t *row, const char *column, const char *text, bool json)
{
    g_autofree char *shown = json || text == NULL ? g_strdup(text) : text_escape(text, strlen(text), 0);

    output_set_text(row, column, shown);
}

static void add_row(struct output_list *rows, const char *where, const char *what, const json_t *a, const json_t *b)
{
    json_t *row = json_object();

    set_shown(row, "where", where, rows->json);
    set_shown(row, "what", what, rows->json);
    set_shown(row, "first", json_string_value(a), rows->json);
    set_shown(row, "second", json_string_value(b), rows->json);
    output_list_add(rows, row);
}

/* Of one thing. Returns how many properties differ. */
static size_t compare(struct output_list *rows, const char *where, json_t *a, json_t *b)
{
    const char *what;
    const json_t *value;
    size_t n = 0;
    bool one_only = (a == NULL || b == NULL) && json_object_get(a != NULL ? a : b, "column") != NULL;

    json_object_foreach(a, what, value)
    {
        const json_t *other = json_object_get(b, what);
        if ((one_only && strcmp(what, "column") != 0) || (other != NULL && json_equal(value, other)))
            continue;
        add_row(rows, where, what, value, other);
        n++;
    }
    json_object_foreach(b, what, value)
    {
        if ((one_only && strcmp(what, "column") != 0) || json_object_get(a, what) != NULL)
            continue;
        add_row(rows, where, what, NULL, value);
        n++;
    }
    return n;
}

static size_t compare_all(struct output_list *rows, json_t *a, json_t *b)
{
    const char *where;
    json_t *properties;
    size_t n = 0;

    json_object_foreach(a, where, properties) n += compare(rows, where, properties, json_object_get(b, where));
    json_object_foreach(b, where, properties) if (json_object_get(a, where) == NULL) n +=
        compare(rows, where, NULL, properties);
    return n;
}

static int diff(const struct invocation *invocation, const struct profile_source *a, const struct profile_source *b)
{
    static const char *const columns[] = {"where", "what", "first", "second", NULL};
    json_t *first = things_of(a), *second = things_of(b);
    struct output_list rows;

    add_orders(first, second, a->profile);
    add_orders(second, first, b->profile);
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    size_t n = compare_all(&rows, first, second);
    output_list_end(&rows, columns, "no difference");
    json_decref(first);
    json_decref(second);
    return n == 0 ? EXIT_GOOD : EXIT_REFUSED;
}

int command_profile_diff(struct invocation *invocation)
{
    struct profile_source a, b;
    int status = EXIT_UNABLE;

    if (!command_arguments(invocation, NULL, 2, 2) || !profile_source_sound(&a, invocation, invocation->argv[0]))
        return EXIT_UNABLE;
    if (profile_source_sound(&b, invocation, invocation->argv[1])) {
        status = diff(invocation, &a, &b);
        profile_source_close(&b);
    }
    profile_source_close(&a);
    return status;
}
