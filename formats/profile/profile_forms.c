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
    (void)profile_member(form, "pattern", JSON_STRING, PROFILE_OPTIONAL, &member);
    (void)profile_member(form, "maxLength", JSON_INTEGER, PROFILE_OPTIONAL, &member);
    if (!profile_member(form, "enum", JSON_ARRAY, PROFILE_OPTIONAL, &member))
        return;
    for (size_t i = 0; i < json_array_size(member.value); i++) {
        struct profile_node item;
        (void)profile_item(&member, i, JSON_STRING, &item); /* it has told of a fault */
    }
}

static void check_complex(const struct profile_node *type, const char *part)
{
    struct profile_node node;
    const char *name;

    if (!profile_member(type, part, JSON_OBJECT, PROFILE_OPTIONAL, &node))
        return;
    profile_members_are(&node, "name", "description", NULL);
    name = profile_text(&node, "name", PROFILE_NEEDED);
    if (name != NULL && !is_type_name(name))
        profile_fault_at(&node, "name: expected one that a type of an XSD can have, found \"%s\"", name);
}

static void check_type(const struct profile_node *type)
{
    profile_members_are(type, "description", "header", "file", "row", NULL);
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
    each_object(&file, "forms", check_form);
    each_object(&file, "types", check_type);
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
