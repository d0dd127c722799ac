/* Table Schemas as a partner gets them, and the same columns as lists for people. */
#include "formats/profile/profile_export.h"
#include "formats/profile/profile_export_words.h"

#include <glib.h>
#include <string.h>

/* Properties of a field that say how the gateway reads and publishes it. */
static const char *const own_properties[] = {"fact", "passed", "form", "xml"};

/* Whose columns a file of the folder has. */
struct owner {
    const struct dialect *dialect; /* NULL: it is no file of columns */
    bool inbound;
    json_int_t characters; /* that a field of a file that arrives may have */
};

/* The owner of records/EMI-D.json or reports/MAPR.json. */
static struct owner owner_of(const struct profile *profile, const char *name)
{
    g_autofree char *base = g_path_get_basename(name);

    if (g_str_has_prefix(name, "records/")) {
        const struct file_type *type = profile_type(profile, base, strcspn(base, "-"));
        return type != NULL ? (struct owner){type->dialect, type->inbound,
                                             g_str_has_suffix(name, "-H.json") ? LAYOUT_HEADER_MAX_CHARS
                                                                               : LAYOUT_FIELD_MAX_CHARS}
                            : (struct owner){0};
    }
    base[strcspn(base, ".")] = '\0';
    const struct report_layout *report = profile_report(profile, base);
    return (struct owner){.dialect = report != NULL ? report->dialect : NULL};
}

/* All of it, by the names of Frictionless CSV Dialect, and the frame. */
static json_t *dialect_json(const struct dialect *dialect)
{
    const char delimiter[] = {dialect->delimiter, '\0'}, quote[] = {dialect->quote, '\0'};

    return json_pack("{s:s, s:s, s:b, s:s, s:b, s:b, s:b, s:s}", "delimiter", delimiter, "quoteChar", quote,
                     "doubleQuote", 1, "lineTerminator", dialect->line_end, "skipInitialSpace", 0, "header",
                     dialect->frame == FRAME_TITLE, "caseSensitiveHeader", 1, "frame",
                     layout_frame_name(dialect->frame));
}

static void publish_field(const struct profile *profile, const struct owner *owner, json_t *field)
{
    json_t *limits = profile_export_limits(profile, profile_export_fact(field), owner->inbound,
                                           json_object_get(field, "constraints"));

    if (owner->inbound)
        limits = profile_export_cap(limits, owner->characters);
    if (limits != NULL)
        json_object_set_new(field, "constraints", limits);
    for (size_t k = 0; k < G_N_ELEMENTS(own_properties); k++)
        json_object_del(field, own_properties[k]); /* it may have none */
}

char *profile_export_table(const struct profile *profile, const char *name, const json_t *table)
{
    const struct owner owner = owner_of(profile, name);
    json_t *copy = json_deep_copy(table), *field;
    size_t i;

    if (copy == NULL)
        return NULL;
    json_array_foreach(json_object_get(copy, "fields"), i, field) publish_field(profile, &owner, field);
    if (owner.dialect != NULL)
        json_object_set_new(copy, "dialect", dialect_json(owner.dialect));
    char *dumped = json_dumps(copy, JSON_INDENT(2));
    char *text = g_strconcat(dumped, "\n", NULL);
    g_free(dumped);
    json_decref(copy);
    return text;
}

/* ---- for people ---- */

enum { WIDTH = 120 };

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

/* Appends words, in lines of at most WIDTH characters; a further line is indented. */
static void append_words(GString *out, glong *width, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        glong len = g_utf8_strlen(*word, -1);
        bool fits = *width + 1 + len <= WIDTH;
        g_string_append(out, fits ? " " : "\n  ");
        g_string_append(out, *word);
        *width = (fits ? *width + 1 : 2) + len;
    }
}

static void field_line(GString *out, const json_t *field)
{
    bool required = json_is_true(json_object_get(json_object_get(field, "constraints"), "required"));
    const char *fact = text_of(field, "fact"), *passed = text_of(field, "passed"),
               *meaning = text_of(field, "description");
    g_autofree char *carries = *fact != '\0'     ? g_strdup_printf(", `%s`", fact)
                               : *passed != '\0' ? g_strdup_printf(", passed on from %s of EMI", passed)
                                                 : g_strdup("");
    g_autofree char *line = g_strdup_printf("**%s**%s%s%s%s", text_of(field, "name"), carries,
                                            required ? ", required" : "", *meaning != '\0' ? ": " : "", meaning);
    glong width = 1;

    g_string_append_c(out, '-');
    append_words(out, &width, line);
    g_string_append_c(out, '\n');
}

/* The columns of one Table Schema. */
static void table(GString *out, const char *name, json_t *schema)
{
    json_t *field;
    size_t i;

    if (schema == NULL)
        return;
    g_string_append_printf(out, "\n### %s: %s\n\n", name, text_of(schema, "title"));
    json_array_foreach(json_object_get(schema, "fields"), i, field) field_line(out, field);
    json_decref(schema);
}

static void type_lists(GString *out, const struct file_type *type, profile_export_read_fn *read, void *user)
{
    static const char letters[] = "HFEDT";

    g_string_append_printf(out, "\n## %s\n", type->code);
    if (type->root != NULL)
        g_string_append_printf(out, "\nIn XML the root element is `%s`.\n", type->root);
    for (const char *letter = letters; *letter != '\0'; letter++) {
        g_autofree char *name = g_strdup_printf("%s-%c", type->code, *letter);
        g_autofree char *file = g_strdup_printf("records/%s.json", name);
        table(out, name, read(user, file));
    }
}

char *profile_export_columns(const struct profile *profile, profile_export_read_fn *read, void *user)
{
    GString *out = g_string_new("# Columns of all files and reports\n\n");

    g_string_append_printf(
        out,
        "`ecosgate profile export` has made this of the profile %s-%s. What a fact is says `ecosgate "
        "profile facts`.\n",
        profile->name, profile->version);
    for (size_t i = 0; i < profile->n_types; i++)
        type_lists(out, &profile->types[i], read, user);
    g_string_append(out, "\n## Reports\n");
    for (size_t i = 0; i < profile->n_reports; i++) {
        g_autofree char *file = g_strdup_printf("reports/%s.json", profile_reports(profile)[i].ref);
        table(out, profile_reports(profile)[i].ref, read(user, file));
    }
    return g_string_free(out, FALSE);
}
