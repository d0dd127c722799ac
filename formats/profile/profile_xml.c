/* xml.json: the namespace, the version attribute, and the names of the elements that hold records. */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

enum { MAX_GROUPS = LAYOUT_MAX_COLUMNS }; /* elements between a record and its fields: the reader has so much room */

/* Bytes of the XML name that the text begins with: ASCII without a colon, because readers compare names byte by byte.
 * 0: there is none. */
static size_t name_bytes(const char *text)
{
    if (!g_ascii_isalpha(*text) && *text != '_')
        return 0;
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
}

static bool is_xml_name(const char *text)
{
    size_t len = name_bytes(text);

    return len > 0 && text[len] == '\0';
}

static const char *xml_name(const struct profile_node *object, const char *member, enum profile_need need)
{
    const char *text = profile_text(object, member, need);
    struct profile_node node;

    if (text != NULL && !is_xml_name(text) && profile_member(object, member, JSON_STRING, need, &node))
        profile_fault_at(&node, "%s: expected the name of an XML element, found \"%s\"", member, text);
    return text;
}

/* True for a URI with a scheme (RFC 3986). '&' is none here: libxml2 gives it to the reader as "&#38;". */
static bool is_uri(const char *text)
{
    size_t scheme = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-");

    return g_ascii_isalpha(*text) && text[scheme] == ':' && text[scheme + 1] != '\0' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$'()*+,;=%") ==
               strlen(text);
}

static void load_namespace(const struct profile_node *file, struct profile *profile)
{
    const char *text = profile_text(file, "namespace", PROFILE_OPTIONAL);
    struct profile_node node;

    profile->namespace = text;
    if (text == NULL || !profile_member(file, "namespace", JSON_STRING, PROFILE_OPTIONAL, &node))
        return;
    if (!is_uri(text))
        profile_fault_at(&node, "namespace: expected a URI such as urn:example:annex:2, found \"%s\"", text);
    else if (g_str_has_prefix(text, "http://www.w3.org/"))
        profile_fault_at(&node, "namespace: \"%s\" is one of the standards of XML; expected that of the format", text);
}

static void load_version(const struct profile_node *file, struct profile *profile)
{
    struct profile_node version;

    if (!profile_member(file, "version", JSON_OBJECT, PROFILE_OPTIONAL, &version))
        return;
    profile_members_are(&version, "attribute", "value", NULL);
    profile->version_attribute = xml_name(&version, "attribute", PROFILE_NEEDED);
    if (g_strcmp0(profile->version_attribute, "xmlns") == 0)
        profile_fault_at(&version, "attribute: xmlns is the namespace; expected the name of another attribute");
    profile->xml_version = profile_text(&version, "value", PROFILE_NEEDED);
    if (profile->xml_version != NULL && strpbrk(profile->xml_version, "&<>\"'") != NULL)
        profile_fault_at(&version, "value: expected a text without '&', '<', '>' and quotes, found \"%s\"",
                         profile->xml_version);
}

static void load_schema(const struct profile_node *file, struct profile *profile)
{
    struct profile_node schema;

    profile->schema = profile_text(file, "schema", PROFILE_OPTIONAL);
    if (profile->schema != NULL && !profile_file_is_there(file->loading, profile->schema) &&
        !profile_files_refused(file->loading->files, profile->schema) &&
        profile_member(file, "schema", JSON_STRING, PROFILE_NEEDED, &schema))
        profile_fault_at(&schema, "schema: there is no file %s beside this one", profile->schema);
}

static void set_element(const struct layout_record *record, const char *element)
{
    if (record != NULL)
        ((struct layout_record *)record)->element = element; /* it is being made */
}

/* One step of the path of a column's element, or more. */
static bool is_path(const char *path)
{
    for (size_t steps = 1; steps <= LAYOUT_MAX_STEPS; steps++) {
        size_t len = name_bytes(path);

        if (len == 0 || path[len] == '\0')
            return len > 0;
        if (path[len] != '/')
            return false;
        path += len + 1;
    }
    return false;
}

/* Whether the path a leads to or through the element of path b, which has len bytes. */
static bool leads_through(const char *a, const char *b, size_t len)
{
    return strncmp(a, b, len) == 0 && (a[len] == '\0' || a[len] == '/');
}

/* Gives a fault where the columns before column i have a group of its path, but not the one just before it: the element
 * would come twice. Adds the groups that are new to *groups. */
static void check_groups(const struct profile_node *type, const struct layout_record *record, size_t i, size_t *groups)
{
    const char *path = layout_path(&record->columns[i]);

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t len = (size_t)(slash - path);
        bool before = false, just_before = false;

        for (size_t k = 0; k < i; k++) {
            just_before = leads_through(layout_path(&record->columns[k]), path, len);
            before |= just_before;
        }
        *groups += !before;
        if (before && !just_before)
            profile_fault_at(type, "record %s: the columns within %.*s must stand together", record->element, (int)len,
                             path);
    }
}

/* The columns of a record are elements, each with a place of its own. */
static void check_columns(const struct profile_node *type, const struct layout_record *record)
{
    size_t groups = 0;

    for (size_t i = 0; record != NULL && record->element != NULL && i < record->n_columns; i++) {
        const char *path = layout_path(&record->columns[i]);

        if (!is_path(path)) {
            profile_fault_at(type,
                             "record %s: expected an element or a path of at most %d for the column %s, found \"%s\"",
                             record->element, LAYOUT_MAX_STEPS, record->columns[i].name, path);
            continue;
        }
        for (size_t k = 0; k < record->n_columns; k++)
            if (k != i && leads_through(layout_path(&record->columns[k]), path, strlen(path)) &&
                (k < i || strcmp(layout_path(&record->columns[k]), path) != 0) &&
                strcmp(record->columns[k].name, record->columns[i].name) != 0)
                profile_fault_at(type, "record %s: the element %s is that of another column, too", record->element,
                                 path);
        check_groups(type, record, i, &groups);
    }
    if (groups > MAX_GROUPS)
        profile_fault_at(type, "record %s: expected at most %d elements around the columns, found %zu", record->element,
                         MAX_GROUPS, groups);
}

static void load_elements(const struct profile_node *node, struct file_type *type)
{
    const char *file = xml_name(node, "file", type->file != NULL ? PROFILE_NEEDED : PROFILE_OPTIONAL);

    type->root = xml_name(node, "root", PROFILE_NEEDED);
    type->count_element = xml_name(node, "count", PROFILE_OPTIONAL);
    type->rows_element = xml_name(node, "rows", PROFILE_OPTIONAL);
    set_element(type->header, xml_name(node, "header", PROFILE_OPTIONAL));
    set_element(type->record, xml_name(node, "row", PROFILE_NEEDED));
    if (type->file != NULL)
        set_element(type->file, file);
}

/* Elements beside each other under the root are told apart by their names, and so are the children of the header. */
static void check_siblings(const struct profile_node *node, const struct file_type *type)
{
    const char *const elements[] = {type->header != NULL ? type->header->element : NULL,
                                    type->file != NULL ? type->file->element : NULL,
                                    type->rows_element != NULL ? type->rows_element
                                    : type->record != NULL     ? type->record->element
                                                               : NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++)
        for (size_t k = 0; k < i; k++)
            if (elements[i] != NULL && g_strcmp0(elements[i], elements[k]) == 0)
                profile_fault_at(node, "expected elements of different names below %s, found %s twice", type->root,
                                 elements[i]);
    for (size_t i = 0; elements[0] != NULL && type->count_element != NULL && i < type->header->n_columns; i++)
        if (leads_through(layout_path(&type->header->columns[i]), type->count_element, strlen(type->count_element)))
            profile_fault_at(node, "count: the element %s is that of a column, too", type->count_element);
}

static void load_type(const struct profile_node *node, struct file_type *type)
{
    profile_members_are(node, "root", "header", "count", "rows", "row", "file", NULL);
    load_elements(node, type);
    if (type->header != NULL && type->header->element == NULL && type->count_element != NULL)
        profile_fault_at(node, "count: it stands in the header, which this type does not have");
    if (type->file == NULL && type_kinds[type - node->loading->types].file != NULL)
        profile_fault_at(node, "the XML form needs records/%s-F.json", type->code);
    check_siblings(node, type);
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

/* The root element tells the types apart, in the XSD and to people. */
static void check_roots(const struct profile_node *types)
{
    struct profile_loading *loading = types->loading;
    struct profile_node node, root;

    for (size_t i = 0; i < n_type_kinds; i++)
        for (size_t k = 0; k < i; k++) {
            const struct file_type *type = &loading->types[i];
            if (type->root == NULL || g_strcmp0(type->root, loading->types[k].root) != 0 ||
                !profile_member(types, type->code, JSON_OBJECT, PROFILE_NEEDED, &node) ||
                !profile_member(&node, "root", JSON_STRING, PROFILE_NEEDED, &root))
                continue;
            profile_fault_at(&root, "root: %s is the root element of %s already; expected another one", type->root,
                             loading->types[k].code);
            break;
        }
}

/* A file gets its answers in its own form. */
static void check_answers(const struct profile_node *types)
{
    struct profile_loading *loading = types->loading;

    for (size_t a = 0; a < n_type_kinds; a++) {
        bool asked = false;
        for (size_t k = 0; k < n_type_kinds; k++)
            asked |= type_kinds[k].inbound && type_kind_answers(&type_kinds[a], type_kinds[k].code) &&
                     loading->types[k].root != NULL;
        if (asked && loading->types[a].root == NULL)
            profile_fault_at(types, "expected an entry %s: files in XML get their answers in XML", type_kinds[a].code);
    }
}

/* Of a frame without H and F records the profile has files for them only if the XML form has them. */
static void check_used(struct profile_loading *loading, const struct type_kind *kind, const struct file_type *type)
{
    const struct layout_record *const records[] = {type->header, type->file};

    if (type->dialect->frame == FRAME_RECORDS)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        g_autofree char *name = g_strdup_printf("records/%s-%c.json", kind->code, "HF"[i]);
        if (records[i] != NULL && (type->root == NULL || records[i]->element == NULL) &&
            profile_file_is_there(loading, name))
            profile_fault_of(loading, name,
                             "no file has this record: the frame has none in CSV, and xml.json has no element for it; "
                             "delete it, or name the element");
    }
}

static void load(struct profile_loading *loading)
{
    struct profile *profile = loading->profile;
    struct profile_node file, types, node;
    const char *name;
    json_t *value;

    if (!profile_file_open(loading, "xml.json", &file))
        return;
    profile_members_are(&file, "namespace", "version", "schema", "types", NULL);
    load_namespace(&file, profile);
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
    check_roots(&types);
    check_answers(&types);
}

void profile_load_xml(struct profile_loading *loading)
{
    load(loading);
    for (size_t i = 0; i < n_type_kinds; i++)
        check_used(loading, &type_kinds[i], &loading->types[i]);
}
