/*
 * The XSD of a profile. Elements and their order are those of the compiled profile, by which files are read and
 * written. Names of types and their descriptions come from forms.json, the form of a column from its Table Schema.
 *
 * Elements of files that arrive have types without a name, which extend the named ones: xsi:type fits none of them, so
 * the schema refuses that attribute as the reader does.
 */
#include "formats/profile/profile_export.h"
#include "formats/profile/profile_export_types.h"

#include <glib.h>
#include <string.h>

enum { LINE = 120, WRAP_AT = 104, STEP = 2 };

struct xsd {
    GString *out;
    struct xsd_types *types;
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

static void length(struct xsd *x, int depth, const char *name, const json_t *limits)
{
    const json_t *number = json_object_get(limits, name);

    if (json_is_integer(number))
        tag(x, depth, "<xs:%s value=\"%lld\"/>", name, (long long)json_integer_value(number));
}

static void bound(struct xsd *x, int depth, const char *facet, const json_t *number)
{
    if (json_is_integer(number))
        tag(x, depth, "<xs:%s value=\"%lld\"/>", facet, (long long)json_integer_value(number));
    else if (json_is_real(number))
        tag(x, depth, "<xs:%s value=\"%.12g\"/>", facet, json_real_value(number));
}

/* The restriction that a form or the constraints of a field say. Of numbers with a minimum or maximum XML Schema knows
 * no length. */
static void restriction(struct xsd *x, int depth, const char *base, const json_t *limits)
{
    const json_t *values = json_object_get(limits, "enum");
    const json_t *least = json_object_get(limits, "minimum"), *most = json_object_get(limits, "maximum");
    const char *pattern = text_of(limits, "pattern");
    bool number = json_is_number(least) || json_is_number(most);
    const json_t *value;
    size_t i;

    if (number)
        base = json_is_real(least) || json_is_real(most) ? "decimal" : "integer";
    tag(x, depth, "<xs:restriction base=\"xs:%s\">", base);
    json_array_foreach(values, i, value) if (json_is_string(value))
        tag(x, depth + 1, "<xs:enumeration value=\"%s\"/>", json_string_value(value));
    if (pattern != NULL) {
        g_autofree char *shown = schema_pattern(pattern);
        tag(x, depth + 1, "<xs:pattern value=\"%s\"/>", shown);
    }
    if (!number) {
        length(x, depth + 1, "minLength", limits);
        length(x, depth + 1, "maxLength", limits);
    }
    bound(x, depth + 1, "minInclusive", least);
    bound(x, depth + 1, "maxInclusive", most);
    line(x, depth, "</xs:restriction>");
}

static void simple_types(struct xsd *x)
{
    for (guint i = 0; i < x->types->forms->len; i++) {
        const struct xsd_form *form = x->types->forms->pdata[i];
        const char *base = text_of(form->limits, "base");
        tag(x, 1, "<xs:simpleType name=\"%s\">", form->name);
        annotation(x, 2, text_of(form->limits, "description"));
        restriction(x, 2, base != NULL ? base : "string", form->limits);
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
           json_object_get(limits, "minLength") || json_object_get(limits, "maxLength") ||
           json_is_number(json_object_get(limits, "minimum")) || json_is_number(json_object_get(limits, "maximum"));
}

/* How an element with a value is written. */
struct shown {
    const char *name; /* without the elements around it */
    bool required, inbound;
};

static void named_type(struct xsd *x, int depth, const struct shown *shown, const char *type, bool direct)
{
    const char *occurs = shown->required ? "" : " minOccurs=\"0\"";

    indent(x, depth);
    if (direct) {
        g_string_append_printf(x->out, "<xs:element name=\"%s\" type=\"%s\"%s/>\n", shown->name, type, occurs);
        return;
    }
    g_string_append_printf(x->out, "<xs:element name=\"%s\"%s>\n", shown->name, occurs);
    tag(x, depth + 1, "<xs:simpleType><xs:restriction base=\"%s\"/></xs:simpleType>", type);
    line(x, depth, "</xs:element>");
}

/* One element with a value. The type that is named by the form of its field has its limits; without a form they stand
 * here. A file that arrives has no types that have a name. Blanks around a value count in rows only. */
static void element(struct xsd *x, int depth, const struct xsd_record *record, const struct shown *shown,
                    const json_t *field)
{
    const char *form = xsd_form_name(x->types, record, field);
    json_t *limits = form == NULL ? xsd_constraints(x->types, record, field) : NULL;

    if (form != NULL) {
        named_type(x, depth, shown, form, !shown->inbound);
    } else if (!has_limits(limits)) {
        named_type(x, depth, shown, "xs:string", true);
    } else {
        indent(x, depth);
        g_string_append_printf(x->out, "<xs:element name=\"%s\"%s>\n", shown->name,
                               shown->required ? "" : " minOccurs=\"0\"");
        line(x, depth + 1, "<xs:simpleType>");
        restriction(x, depth + 2, record->layout == record->type->header ? "token" : "string", limits);
        line(x, depth + 1, "</xs:simpleType>");
        line(x, depth, "</xs:element>");
    }
    json_decref(limits);
}

/* Columns of a record, from the one up to the other, whose paths have the first `skip` bytes in common. */
struct span {
    size_t from, to, skip;
    bool inbound; /* they are written as in a file that arrives */
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
        const struct shown shown = {layout_path(column) + span.skip, column->required, span.inbound};
        size_t end = group_end(record, span, i);

        if (end == i) {
            element(x, depth, record, &shown, field_of(record, column->name));
            i++;
            continue;
        }
        size_t len = strcspn(shown.name, "/");
        indent(x, depth);
        g_string_append_printf(x->out, "<xs:element name=\"%.*s\"%s>\n", (int)len, shown.name,
                               any_required(record, i, end) ? "" : " minOccurs=\"0\"");
        line(x, depth + 1, "<xs:complexType>");
        line(x, depth + 2, "<xs:sequence>");
        elements(x, depth + 3, record, (struct span){i, end, span.skip + len + 1, span.inbound});
        line(x, depth + 2, "</xs:sequence>");
        line(x, depth + 1, "</xs:complexType>");
        line(x, depth, "</xs:element>");
        i = end;
    }
}

/* ---- complex types ---- */

static void all_elements(struct xsd *x, const struct xsd_record *record, bool inbound)
{
    const struct file_type *type = record->type;
    const struct shown count = {type->count_element, true, inbound};

    elements(x, 3, record, (struct span){0, record->layout->n_columns, 0, inbound});
    if (record->layout == type->header && type->count_element != NULL)
        element(x, 3, record, &count, record->count_field);
}

static char *render(struct xsd_types *types, const struct xsd_record *record)
{
    struct xsd x = {.out = g_string_new(NULL), .types = types};

    all_elements(&x, record, true);
    return g_string_free(x.out, FALSE);
}

static void complex_type(struct xsd *x, const struct xsd_record *record)
{
    if (record->owner != record)
        return;
    tag(x, 1, "<xs:complexType name=\"%s\">", record->name);
    annotation(x, 2, record->description);
    line(x, 2, "<xs:sequence>");
    all_elements(x, record, record->inbound);
    line(x, 2, "</xs:sequence>");
    g_string_append(x->out, "  </xs:complexType>\n\n");
}

/* An element of a complex type. */
static void child(struct xsd *x, int depth, const struct xsd_record *record, const char *occurs)
{
    const char *name = record->owner->name;

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

/* Calls visit for the header, the file and the row of a type. type NULL: of all types. */
static void each_record(struct xsd *x, const struct file_type *type,
                        void (*visit)(struct xsd *x, const struct xsd_record *record))
{
    for (guint i = 0; i < x->types->records->len; i++) {
        const struct xsd_record *record = x->types->records->pdata[i];
        if (type == NULL || record->type == type)
            visit(x, record);
    }
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
    const struct profile *profile = x->types->profile;

    tag(x, 1, "<xs:element name=\"%s\">", type->root);
    annotation(x, 2, text_of(xsd_type_names(x->types, type), "description"));
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
    const struct profile *profile = x->types->profile;
    g_autofree char *namespace =
        profile->namespace != NULL ? g_markup_escape_text(profile->namespace, -1) : NULL; /* g_free takes NULL */

    g_string_append(x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"");
    if (namespace != NULL)
        g_string_append_printf(x->out, " xmlns=\"%s\"\n           targetNamespace=\"%s\"", namespace, namespace);
    g_string_append_printf(x->out, " elementFormDefault=\"qualified\" version=\"%s\">\n", profile->version);
    const char *text = text_of(x->types->json, "description");
    if (text != NULL) {
        g_string_append(x->out, "  <xs:annotation>\n    <xs:documentation xml:lang=\"en\">\n");
        wrapped(x, 3, text);
        g_string_append(x->out, "    </xs:documentation>\n  </xs:annotation>\n\n");
    }
}

char *profile_export_xsd(const struct profile *profile, profile_export_read_fn *read, void *user)
{
    struct xsd x = {.out = g_string_new(NULL), .types = xsd_types_new(profile, read, user, render)};
    size_t n = 0;

    begin(&x);
    simple_types(&x);
    each_record(&x, NULL, complex_type);
    for (size_t i = 0; i < profile->n_types; i++) {
        if (profile->types[i].root == NULL)
            continue;
        g_string_append(x.out, n++ > 0 ? "\n" : "");
        root(&x, &profile->types[i]);
    }
    g_string_append(x.out, "</xs:schema>\n");
    xsd_types_free(x.types);
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
