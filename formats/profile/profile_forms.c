/*
 * forms.json: the names of types and the descriptions that the XSD made of a profile has (profile_export.h). No file is
 * read or written by them, so that the rest of the loader only asks whether a form exists.
 */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* The types of XML Schema that a form may restrict. */
static bool is_base(const char *text)
{
    static const char *const bases[] = {"string", "token", "date", "dateTime", "integer", "nonNegativeInteger"};

    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++)
        if (strcmp(bases[i], text) == 0)
            return true;
    return false;
}

/* A name of XML Schema without a prefix. */
static bool is_type_name(const char *text)
{
    return g_ascii_isalpha(*text) &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text);
}

static void check_description(const struct profile_node *object)
{
    struct profile_node member;

    if (profile_member(object, "description", JSON_STRING, PROFILE_OPTIONAL, &member))
        profile_check_shown(&member);
}

void profile_check_limits(const struct profile_node *limits)
{
    struct profile_node member, item;

    if (profile_member(limits, "pattern", JSON_STRING, PROFILE_OPTIONAL, &member))
        profile_check_shown(&member);
    if (profile_member(limits, "maxLength", JSON_INTEGER, PROFILE_OPTIONAL, &member) &&
        json_integer_value(member.value) < 0)
        profile_fault_at(&member, "maxLength: expected 0 or more, found %" JSON_INTEGER_FORMAT,
                         json_integer_value(member.value));
    if (!profile_member(limits, "enum", JSON_ARRAY, PROFILE_OPTIONAL, &member))
        return;
    for (size_t i = 0; i < json_array_size(member.value); i++)
        if (!json_is_number(json_array_get(member.value, i)) && profile_item(&member, i, JSON_STRING, &item))
            profile_check_shown(&item);
}

static void check_form(const struct profile_node *form)
{
    struct profile_node member;
    const char *base = profile_text(form, "base", PROFILE_OPTIONAL);

    profile_members_are(form, "description", "base", "pattern", "enum", "maxLength", NULL);
    if (!is_type_name(form->member))
        profile_fault_at(form, "the form \"%s\" has no name that a type of an XSD can have", form->member);
    if (base != NULL && !is_base(base) && profile_member(form, "base", JSON_STRING, PROFILE_NEEDED, &member))
        profile_fault_at(
            &member, "base: expected string, token, date, dateTime, integer or nonNegativeInteger, found \"%s\"", base);
    profile_check_limits(form);
    check_description(form);
}

static void check_complex(const struct profile_node *type, const char *part)
{
    struct profile_node node;
    const char *name;

    if (!profile_member(type, part, JSON_OBJECT, PROFILE_OPTIONAL, &node))
        return;
    profile_members_are(&node, "name", "description", NULL);
    check_description(&node);
    name = profile_text(&node, "name", PROFILE_NEEDED);
    if (name != NULL && !is_type_name(name))
        profile_fault_at(&node, "name: expected one that a type of an XSD can have, found \"%s\"", name);
}

/* The name of the file that `profile export` writes beside its others. */
static void check_xsd(const struct profile_node *file)
{
    const char *name = profile_text(file, "xsd", PROFILE_OPTIONAL);
    struct profile_node member;

    if (name != NULL && !(is_type_name(name) && g_str_has_suffix(name, ".xsd")) &&
        profile_member(file, "xsd", JSON_STRING, PROFILE_OPTIONAL, &member))
        profile_fault_at(&member, "xsd: expected the name of a file such as annex-2.0.xsd, found \"%s\"", name);
}

static void check_type(const struct profile_node *type)
{
    profile_members_are(type, "description", "header", "file", "row", NULL);
    check_description(type);
    check_complex(type, "header");
    check_complex(type, "file");
    check_complex(type, "row");
}

/* Calls check for each member of a member, which must be objects. */
static void each_object(const struct profile_node *file, const char *member,
                        void (*check)(const struct profile_node *node))
{
    struct profile_node objects, node;
    const char *name;
    json_t *value;

    if (!profile_member(file, member, JSON_OBJECT, PROFILE_OPTIONAL, &objects))
        return;
    json_object_foreach(objects.value, name, value)
    {
        if (profile_member(&objects, name, JSON_OBJECT, PROFILE_NEEDED, &node))
            check(&node);
    }
}

void profile_load_forms(struct profile_loading *loading)
{
    struct profile_node file;

    if (!profile_file_open(loading, "forms.json", &file))
        return;
    profile_members_are(&file, "description", "xsd", "forms", "types", NULL);
    check_description(&file);
    each_object(&file, "forms", check_form);
    each_object(&file, "types", check_type);
    check_xsd(&file);
    loading->forms = json_object_get(file.value, "forms");
}

void profile_check_form(const struct profile_node *field)
{
    const char *form = profile_text(field, "form", PROFILE_OPTIONAL);
    struct profile_node member;

    if (form != NULL && json_object_get(field->loading->forms, form) == NULL &&
        !profile_files_refused(field->loading->files, "forms.json") &&
        profile_member(field, "form", JSON_STRING, PROFILE_NEEDED, &member))
        profile_fault_at(&member, "form: forms.json has no form \"%s\"", form);
}
