/*
 * The XSD of a profile. Elements and their order are those of the compiled profile, by which files are read and
 * written. Names of types and their descriptions come from forms.json, the form of a column from its Table Schema.
 *
 * Elements of files that arrive have types without a name, which extend the named ones: xsi:type fits none of them, so
 * the schema refuses that attribute as the reader does.
 */
#include "formats/profile/profile_export.h"

#include <glib.h>
#include <string.h>

enum { LINE = 120, WRAP_AT = 104, STEP = 2 };

struct xsd {
    GString *out;
    const struct profile *profile;
    profile_export_read_fn *read;
    void *user;
    json_t *forms;       /* forms.json; NULL: there is none */
    GHashTable *written; /* names of the complex types that stand in out */
};

/* A record type of a file type, with what names its complex type. */
struct xsd_record {
    const struct file_type *type;
    const struct layout_record *layout;
    json_t *fields;            /* of its Table Schema; NULL: there is none */
    const json_t *names;       /* of its complex type, by forms.json; NULL: there are none */
    const json_t *count_field; /* of a header: the field of the trailer that has the count */
};

/* ---- text ---- */

static void indent(struct xsd *x, int depth)
{
    g_string_append_printf(x->out, "%*s", depth * STEP, "");
}

static void line(struct xsd *x, int depth, const char *text)
{
    indent(x, depth);
    g_string_append(x->out, text);
    g_string_append_c(x->out, '\n');
}

static void G_GNUC_PRINTF(3, 4) tag(struct xsd *x, int depth, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_markup_vprintf_escaped(format, arguments);
    va_end(arguments);
    line(x, depth, text);
}

/* A text between two tags. Unlike GLib's escaping it leaves quotes as they are, which people read more easily. */
static char *escaped(const char *text)
{
    GString *out = g_string_new(text);

    g_string_replace(out, "&", "&amp;", 0);
    g_string_replace(out, "<", "&lt;", 0);
    g_string_replace(out, ">", "&gt;", 0);
    return g_string_free(out, FALSE);
}

/* The words of a text, in lines of at most WRAP_AT characters. */
static void wrapped(struct xsd *x, int depth, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    glong width = 0;

    for (char **word = words; *word != NULL; word++) {
        g_autofree char *shown = escaped(*word);
        glong len = g_utf8_strlen(shown, -1);
        if (len == 0)
            continue;
        if (width > 0 && width + 1 + len <= WRAP_AT) {
            g_string_append_printf(x->out, " %s", shown);
            width += 1 + len;
            continue;
        }
        if (width > 0)
            g_string_append_c(x->out, '\n');
        indent(x, depth);
        g_string_append(x->out, shown);
        width = depth * STEP + len;
    }
    g_string_append_c(x->out, '\n');
}

/* The annotation, on as few lines as it fits on. NULL: none. */
static void annotation(struct xsd *x, int depth, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    g_autofree char *shown = escaped(text);
    g_autofree char *inner = g_strdup_printf("<xs:documentation>%s</xs:documentation>", shown);
    g_autofree char *whole = g_strdup_printf("<xs:annotation>%s</xs:annotation>", inner);

    if (depth * STEP + g_utf8_strlen(whole, -1) <= LINE) {
        line(x, depth, whole);
        return;
    }
    line(x, depth, "<xs:annotation>");
    if ((depth + 1) * STEP + g_utf8_strlen(inner, -1) <= LINE) {
        line(x, depth + 1, inner);
    } else {
        line(x, depth + 1, "<xs:documentation>");
        wrapped(x, depth + 2, text);
        line(x, depth + 1, "</xs:documentation>");
    }
    line(x, depth, "</xs:annotation>");
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* ---- simple types ---- */

/* A pattern as XML Schema writes it: it knows no group that is not kept. */
static char *schema_pattern(const char *pattern)
{
    g_auto(GStrv) parts = g_strsplit(pattern, "(?:", -1);

    return g_strjoinv("(", parts);
}

/* The restriction that a form or the constraints of a field say. */
static void restriction(struct xsd *x, int depth, const char *base, const json_t *limits)
{
    const json_t *values = json_object_get(limits, "enum"), *longest = json_object_get(limits, "maxLength");
    const char *pattern = text_of(limits, "pattern");
    const json_t *value;
    size_t i;

    tag(x, depth, "<xs:restriction base=\"xs:%s\">", base);
    json_array_foreach(values, i, value) tag(x, depth + 1, "<xs:enumeration value=\"%s\"/>", json_string_value(value));
    if (pattern != NULL) {
        g_autofree char *shown = schema_pattern(pattern);
        tag(x, depth + 1, "<xs:pattern value=\"%s\"/>", shown);
    }
    if (json_is_integer(longest))
        tag(x, depth + 1, "<xs:maxLength value=\"%lld\"/>", (long long)json_integer_value(longest));
    line(x, depth, "</xs:restriction>");
}

static void simple_types(struct xsd *x)
{
    const char *name;
    json_t *form;

    json_object_foreach(json_object_get(x->forms, "forms"), name, form)
    {
        const char *base = text_of(form, "base");
        tag(x, 1, "<xs:simpleType name=\"%s\">", name);
        annotation(x, 2, text_of(form, "description"));
        restriction(x, 2, base != NULL ? base : "string", form);
        g_string_append(x->out, "  </xs:simpleType>\n\n");
    }
}

/* ---- elements ---- */

static const json_t *field_of(const struct xsd_record *record, const char *name)
{
    const json_t *field;
    size_t i;

    json_array_foreach(record->fields, i, field)
    {
        const char *found = text_of(field, "name");
        if (found != NULL && strcmp(found, name) == 0)
            return field;
    }
    return NULL;
}

static bool has_limits(const json_t *limits)
{
    return json_object_get(limits, "enum") || json_object_get(limits, "pattern") ||
           json_object_get(limits, "maxLength");
}

/* One element with a value. The type that is named by the form of its field has its limits; without a form they stand
 * here. A file that arrives has no types that have a name. */
static void element(struct xsd *x, int depth, bool inbound, const struct layout_column *column, const json_t *field)
{
    const json_t *limits = json_object_get(field, "constraints");
    const char *form = text_of(field, "form"), *type = form == NULL && !has_limits(limits) ? "xs:string" : form;

    indent(x, depth);
    g_string_append_printf(x->out, "<xs:element name=\"%s\"", column->name);
    if (type != NULL && (!inbound || form == NULL)) {
        g_string_append_printf(x->out, " type=\"%s\"%s/>\n", type, column->required ? "" : " minOccurs=\"0\"");
        return;
    }
    g_string_append_printf(x->out, "%s>\n", column->required ? "" : " minOccurs=\"0\"");
    if (form != NULL) {
        tag(x, depth + 1, "<xs:simpleType><xs:restriction base=\"%s\"/></xs:simpleType>", form);
    } else {
        line(x, depth + 1, "<xs:simpleType>");
        restriction(x, depth + 2, "string", limits);
        line(x, depth + 1, "</xs:simpleType>");
    }
    line(x, depth, "</xs:element>");
}

/* Columns of a record, from the one up to the other, whose paths have the first `skip` bytes in common. */
struct span {
    size_t from, to, skip;
};

/* The end of the columns from i on that stand within the same element; i: column i stands alone. */
static size_t group_end(const struct xsd_record *record, struct span span, size_t i)
{
    const char *path = layout_path(&record->layout->columns[i]), *slash = strchr(path + span.skip, '/');

    if (slash == NULL)
        return i;
    while (i < span.to && strncmp(layout_path(&record->layout->columns[i]), path, (size_t)(slash - path) + 1) == 0)
        i++;
    return i;
}

static bool any_required(const struct xsd_record *record, size_t from, size_t to)
{
    for (; from < to; from++)
        if (record->layout->columns[from].required)
            return true;
    return false;
}

/* The elements of the columns. Those whose paths begin alike stand within one element. */
static void elements(struct xsd *x, int depth, const struct xsd_record *record, struct span span)
{
    for (size_t i = span.from; i < span.to;) {
        const struct layout_column *column = &record->layout->columns[i];
        struct layout_column shown = *column;
        size_t end = group_end(record, span, i);

        shown.name = layout_path(column) + span.skip;
        if (end == i) {
            element(x, depth, record->type->inbound, &shown, field_of(record, column->name));
            i++;
            continue;
        }
        size_t len = strcspn(shown.name, "/");
        indent(x, depth);
        g_string_append_printf(x->out, "<xs:element name=\"%.*s\"%s>\n", (int)len, shown.name,
                               any_required(record, i, end) ? "" : " minOccurs=\"0\"");
        line(x, depth + 1, "<xs:complexType>");
        line(x, depth + 2, "<xs:sequence>");
        elements(x, depth + 3, record, (struct span){i, end, span.skip + len + 1});
        line(x, depth + 2, "</xs:sequence>");
        line(x, depth + 1, "</xs:complexType>");
        line(x, depth, "</xs:element>");
        i = end;
    }
}

/* ---- complex types ---- */

/* The name of the complex type of a record; g_free. */
static char *type_name(const struct xsd_record *record)
{
    const char *name = text_of(record->names, "name");

    return name != NULL ? g_strdup(name) : g_strconcat(record->type->root, record->layout->element, NULL);
}

static void complex_type(struct xsd *x, const struct xsd_record *record)
{
    char *name = type_name(record);
    bool inbound = record->type->inbound;

    if (!g_hash_table_add(x->written, name)) /* it frees a name that it has */
        return;
    tag(x, 1, "<xs:complexType name=\"%s\">", name);
    annotation(x, 2, text_of(record->names, "description"));
    line(x, 2, "<xs:sequence>");
    elements(x, 3, record, (struct span){0, record->layout->n_columns, 0});
    if (record->layout == record->type->header && record->type->count_element != NULL)
        element(x, 3, inbound, &(struct layout_column){.name = record->type->count_element, .required = true},
                record->count_field);
    line(x, 2, "</xs:sequence>");
    g_string_append(x->out, "  </xs:complexType>\n\n");
}

/* An element of a complex type. */
static void child(struct xsd *x, int depth, const struct xsd_record *record, const char *occurs)
{
    g_autofree char *name = type_name(record);

    indent(x, depth);
    g_string_append_printf(x->out, "<xs:element name=\"%s\"", record->layout->element);
    if (!record->type->inbound) {
        g_string_append_printf(x->out, " type=\"%s\"%s/>\n", name, occurs);
        return;
    }
    g_string_append_printf(x->out, "%s>\n", occurs);
    line(x, depth + 1, "<xs:complexType>");
    tag(x, depth + 2, "<xs:complexContent><xs:extension base=\"%s\"/></xs:complexContent>", name);
    line(x, depth + 1, "</xs:complexType>");
    line(x, depth, "</xs:element>");
}

/* ---- file types ---- */

/* What is known of the record type of that letter. part: its names in forms.json, "header", "file" or "row". */
static struct xsd_record record_of(struct xsd *x, const struct file_type *type, const struct layout_record *layout,
                                   const char *part)
{
    const json_t *names = json_object_get(json_object_get(json_object_get(x->forms, "types"), type->code), part);
    g_autofree char *file = g_strdup_printf("records/%s-%c.json", type->code, layout->letter);
    json_t *schema = x->read(x->user, file);
    struct xsd_record record = {.type = type, .layout = layout, .names = names};

    record.fields = json_incref(json_object_get(schema, "fields"));
    json_decref(schema);
    return record;
}

/* The last field of the trailer, which has the count. */
static json_t *count_field(struct xsd *x, const struct file_type *type)
{
    g_autofree char *file = g_strdup_printf("records/%s-T.json", type->code);
    json_t *schema = x->read(x->user, file), *fields = json_object_get(schema, "fields");
    json_t *field = json_incref(json_array_get(fields, json_array_size(fields) - 1));

    json_decref(schema);
    return field;
}

/* Calls visit for the header, the file and the row of a type. */
static void each_record(struct xsd *x, const struct file_type *type,
                        void (*visit)(struct xsd *x, const struct xsd_record *record))
{
    const struct layout_record *const layouts[] = {type->header, type->file, type->record};
    static const char *const parts[] = {"header", "file", "row"};
    json_t *count = count_field(x, type);

    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        if (layouts[i] == NULL || layouts[i]->element == NULL)
            continue;
        struct xsd_record record = record_of(x, type, layouts[i], parts[i]);
        record.count_field = count;
        visit(x, &record);
        json_decref(record.fields);
    }
    json_decref(count);
}

/* A record's element where it stands under the root. */
static void root_child(struct xsd *x, const struct xsd_record *record)
{
    const struct file_type *type = record->type;
    const char *rows =
        type->inbound ? " minOccurs=\"1\" maxOccurs=\"unbounded\"" : " minOccurs=\"0\" maxOccurs=\"unbounded\"";

    if (record->layout != type->record || type->rows_element == NULL) {
        child(x, 4, record, record->layout == type->record ? rows : "");
        return;
    }
    tag(x, 4, "<xs:element name=\"%s\">", type->rows_element);
    line(x, 5, "<xs:complexType>");
    line(x, 6, "<xs:sequence>");
    child(x, 7, record, rows);
    line(x, 6, "</xs:sequence>");
    line(x, 5, "</xs:complexType>");
    line(x, 4, "</xs:element>");
}

static void root(struct xsd *x, const struct file_type *type)
{
    const struct profile *profile = x->profile;

    tag(x, 1, "<xs:element name=\"%s\">", type->root);
    annotation(x, 2, text_of(json_object_get(json_object_get(x->forms, "types"), type->code), "description"));
    line(x, 2, "<xs:complexType>");
    line(x, 3, "<xs:sequence>");
    each_record(x, type, root_child);
    line(x, 3, "</xs:sequence>");
    if (profile->version_attribute != NULL)
        tag(x, 3, "<xs:attribute name=\"%s\" type=\"xs:token\" use=\"required\" fixed=\"%s\"/>",
            profile->version_attribute, profile->xml_version);
    line(x, 2, "</xs:complexType>");
    line(x, 1, "</xs:element>");
}

static void begin(struct xsd *x)
{
    const struct profile *profile = x->profile;

    g_string_append(x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"");
    if (profile->namespace != NULL)
        g_string_append_printf(x->out, " xmlns=\"%s\"\n           targetNamespace=\"%s\"", profile->namespace,
                               profile->namespace);
    g_string_append_printf(x->out, " elementFormDefault=\"qualified\" version=\"%s\">\n", profile->version);
    const char *text = text_of(x->forms, "description");
    if (text != NULL) {
        g_string_append(x->out, "  <xs:annotation>\n    <xs:documentation xml:lang=\"en\">\n");
        wrapped(x, 3, text);
        g_string_append(x->out, "    </xs:documentation>\n  </xs:annotation>\n\n");
    }
    simple_types(x);
}

char *profile_export_xsd(const struct profile *profile, profile_export_read_fn *read, void *user)
{
    struct xsd x = {.out = g_string_new(NULL), .profile = profile, .read = read, .user = user};
    size_t n = 0;

    x.forms = read(user, "forms.json");
    x.written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    begin(&x);
    for (size_t i = 0; i < profile->n_types; i++)
        if (profile->types[i].root != NULL)
            each_record(&x, &profile->types[i], complex_type);
    for (size_t i = 0; i < profile->n_types; i++) {
        if (profile->types[i].root == NULL)
            continue;
        g_string_append(x.out, n++ > 0 ? "\n" : "");
        root(&x, &profile->types[i]);
    }
    g_string_append(x.out, "</xs:schema>\n");
    g_hash_table_unref(x.written);
    json_decref(x.forms);
    return g_string_free(x.out, n == 0);
}

char *profile_export_xsd_name(const struct profile *profile, profile_export_read_fn *read, void *user)
{
    json_t *forms = read(user, "forms.json");
    const char *name = text_of(forms, "xsd");
    char *result =
        name != NULL ? g_path_get_basename(name) : g_strdup_printf("%s-%s.xsd", profile->name, profile->version);

    json_decref(forms);
    return result;
}
