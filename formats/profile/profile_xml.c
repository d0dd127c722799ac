/* xml.json: the namespace, the version attribute, and the names of the elements that hold records. */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* ASCII names without a colon: the readers compare names byte by byte. */
static bool is_xml_name(const char *text)
{
    return (g_ascii_isalpha(*text) || *text == '_') &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text);
}

static const char *xml_name(const struct profile_node *object, const char *member, enum profile_need need)
{
    const char *text = profile_text(object, member, need);
    struct profile_node node;

    if (text != NULL && !is_xml_name(text) && profile_member(object, member, JSON_STRING, need, &node))
        profile_fault_at(&node, "%s: expected the name of an XML element, found \"%s\"", member, text);
    return text;
}

static void load_version(const struct profile_node *file, struct profile *profile)
{
    struct profile_node version;

    if (!profile_member(file, "version", JSON_OBJECT, PROFILE_NEEDED, &version))
        return;
    profile_members_are(&version, "attribute", "value", NULL);
    profile->version_attribute = xml_name(&version, "attribute", PROFILE_NEEDED);
    profile->xml_version = profile_text(&version, "value", PROFILE_NEEDED);
}

static void load_schema(const struct profile_node *file, struct profile *profile)
{
    struct profile_node schema;

    profile->schema = profile_text(file, "schema", PROFILE_OPTIONAL);
    if (profile->schema != NULL && !profile_file_is_there(file->loading, profile->schema) &&
        profile_member(file, "schema", JSON_STRING, PROFILE_NEEDED, &schema))
        profile_fault_at(&schema, "schema: there is no file %s beside this one", profile->schema);
}

static void set_element(const struct layout_record *record, const char *element)
{
    if (record != NULL)
        ((struct layout_record *)record)->element = element; /* it is being made */
}

/* The columns of a record are elements. */
static void check_columns(const struct profile_node *type, const struct layout_record *record)
{
    for (size_t i = 0; record != NULL && i < record->n_columns; i++)
        if (record->columns[i].name != NULL && !is_xml_name(record->columns[i].name))
            profile_fault_at(type, "record %c: the column %s has no name that an XML element can have", record->letter,
                             record->columns[i].name);
}

static void load_type(const struct profile_node *node, struct file_type *type)
{
    const struct type_kind *kind = &type_kinds[type - node->loading->types];

    profile_members_are(node, "root", "header", "count", "rows", "row", "file", NULL);
    type->root = xml_name(node, "root", PROFILE_NEEDED);
    type->count_element = xml_name(node, "count", PROFILE_NEEDED);
    type->rows_element = xml_name(node, "rows", PROFILE_OPTIONAL);
    set_element(type->header, xml_name(node, "header", PROFILE_NEEDED));
    set_element(type->record, xml_name(node, "row", PROFILE_NEEDED));
    if (kind->file != NULL)
        set_element(type->file, xml_name(node, "file", PROFILE_NEEDED));
    check_columns(node, type->header);
    check_columns(node, type->file);
    check_columns(node, type->record);
}

static struct file_type *type_of(struct profile_loading *loading, const char *code)
{
    for (size_t i = 0; i < n_type_kinds; i++)
        if (strcmp(type_kinds[i].code, code) == 0)
            return &loading->types[i];
    return NULL;
}

/* A file gets its answers in its own form: each inbound type has its EMA, an instruction its EMD and EMO. */
static void check_answers(const struct profile_node *types)
{
    static const struct {
        const char *answered, *answer;
    } needed[] = {{"EMI", "EMD"}, {"EMI", "EMO"}, {NULL, "EMA"}};
    struct profile_loading *loading = types->loading;

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        bool asked = needed[i].answered != NULL && type_of(loading, needed[i].answered)->root != NULL;
        for (size_t k = 0; needed[i].answered == NULL && k < n_type_kinds; k++)
            asked |= type_kinds[k].inbound && loading->types[k].root != NULL;
        if (asked && type_of(loading, needed[i].answer)->root == NULL)
            profile_fault_at(types, "expected an entry %s: files in XML get their answers in XML", needed[i].answer);
    }
}

void profile_load_xml(struct profile_loading *loading)
{
    struct profile *profile = loading->profile;
    struct profile_node file, types, node;
    const char *name;
    json_t *value;

    if (!profile_file_open(loading, "xml.json", &file))
        return;
    profile_members_are(&file, "namespace", "version", "schema", "types", NULL);
    profile->namespace = profile_text(&file, "namespace", PROFILE_NEEDED);
    load_version(&file, profile);
    load_schema(&file, profile);
    if (!profile_member(&file, "types", JSON_OBJECT, PROFILE_NEEDED, &types))
        return;
    json_object_foreach(types.value, name, value)
    {
        struct file_type *type = type_of(loading, name);
        if (!profile_member(&types, name, JSON_OBJECT, PROFILE_NEEDED, &node))
            continue;
        if (type == NULL)
            profile_fault_at(&node, "there is no type %s", name);
        else
            load_type(&node, type);
    }
    check_answers(&types);
}
