/*
 * The order of columns in every layout against what is published: the Table Schemas
 * (formats/schema/<type>-<letter>.json and <report>.json) and the XSD. A reader of our files goes by those; a writer
 * goes by the layouts.
 */
#include "formats/layout.h"
#include "formats/profile.h"
#include "formats/report_layout.h"

#include <glib.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char *schema_path(const char *name)
{
    const char *source = g_getenv("top_srcdir");

    return g_build_filename(source != NULL ? source : ".", "formats", "schema", name, NULL);
}

/* ---- what is published ---- */

/* The names of a Table Schema's fields, each with a blank behind it. g_free. */
static char *fields_of(const char *name)
{
    g_autofree char *path = schema_path(name);
    json_error_t error;
    json_t *schema = json_load_file(path, 0, &error);
    GString *names = g_string_new(NULL);
    json_t *field;
    size_t i;

    if (schema == NULL)
        fail_msg("%s: %s", path, error.text);
    json_array_foreach(json_object_get(schema, "fields"), i, field)
        g_string_append_printf(names, "%s ", json_string_value(json_object_get(field, "name")));
    json_decref(schema);
    return g_string_free(names, FALSE);
}

/* The first element of that kind ("element", "complexType") and name at or below node; NULL: none. */
static xmlNode *find_named(xmlNode *node, const char *kind, const char *name)
{
    for (; node != NULL; node = xmlNextElementSibling(node)) {
        xmlChar *found = xmlGetProp(node, BAD_CAST "name");
        bool same = strcmp((const char *)node->name, kind) == 0 && g_strcmp0((const char *)found, name) == 0;
        xmlFree(found);
        xmlNode *below = same ? node : find_named(xmlFirstElementChild(node), kind, name);
        if (below != NULL)
            return below;
    }
    return NULL;
}

/* The name of an element's type, or of the type that its own one without a name extends. xmlFree. */
static xmlChar *type_of(xmlNode *element)
{
    xmlChar *type = xmlGetProp(element, BAD_CAST "type");

    for (xmlNode *node = element; type == NULL && node != NULL; node = xmlFirstElementChild(node))
        type = xmlGetProp(node, BAD_CAST "base");
    return type;
}

/* The names of the elements in the type that the element `name` of the root has, each with a blank behind it. g_free.
 */
static char *elements_of(xmlNode *xsd, const char *root, const char *name)
{
    xmlNode *of_root = find_named(xmlFirstElementChild(xsd), "element", root);
    xmlNode *element = of_root != NULL ? find_named(xmlFirstElementChild(of_root), "element", name) : NULL;
    GString *names = g_string_new(NULL);

    assert_non_null(element);
    xmlChar *type = type_of(element);
    xmlNode *complex = find_named(xmlFirstElementChild(xsd), "complexType", (const char *)type);
    xmlFree(type);
    assert_non_null(complex);
    xmlNode *sequence = xmlLastElementChild(complex);
    for (xmlNode *child = xmlFirstElementChild(sequence); child != NULL; child = xmlNextElementSibling(child)) {
        xmlChar *of_child = xmlGetProp(child, BAD_CAST "name");
        g_string_append_printf(names, "%s ", (const char *)of_child);
        xmlFree(of_child);
    }
    return g_string_free(names, FALSE);
}

/* ---- what is written ---- */

/* The columns of a record, each with a blank behind it, between what stands before and behind them. g_free. */
static char *columns_of(const char *before, const struct layout_record *record, const char *behind)
{
    GString *names = g_string_new(before);

    for (size_t i = 0; i < record->n_columns; i++)
        g_string_append_printf(names, "%s ", record->columns[i].name);
    g_string_append(names, behind);
    return g_string_free(names, FALSE);
}

static void compare_csv(const struct file_type *type, const struct layout_record *record, const char *before)
{
    g_autofree char *name = g_strdup_printf("%s-%c.json", type->code, record->letter);
    g_autofree char *published = fields_of(name), *written = columns_of(before, record, "");

    assert_string_equal(written, published);
}

static void test_published_columns__table_schemas__those_of_the_layouts(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        const struct file_type *type = &profile_builtin()->types[i];
        g_autofree char *trailer = g_strdup_printf("%s-T.json", type->code), *published = fields_of(trailer);

        compare_csv(type, type->header, "RecordType Type LayoutVersion ");
        if (type->file != NULL)
            compare_csv(type, type->file, "RecordType ");
        compare_csv(type, type->record, "RecordType ");
        assert_string_equal(published, "RecordType Count ");
    }
}

static void compare_xml(xmlNode *xsd, const struct file_type *type, const struct layout_record *record,
                        const char *behind)
{
    g_autofree char *published = elements_of(xsd, type->root, record->element);
    g_autofree char *written = columns_of("", record, behind);

    assert_string_equal(written, published);
}

static void test_published_columns__xsd__those_of_the_layouts(void **state)
{
    g_autofree char *path = schema_path("ecos-migration-1.xsd");
    xmlDoc *tree = xmlReadFile(path, NULL, XML_PARSE_NONET);
    size_t n = 0;

    (void)state;
    assert_non_null(tree);
    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        const struct file_type *type = &profile_builtin()->types[i];
        if (type->root == NULL)
            continue;
        g_autofree char *count = g_strdup_printf("%s ", type->count_element);
        compare_xml(xmlDocGetRootElement(tree), type, type->header, count);
        if (type->file != NULL)
            compare_xml(xmlDocGetRootElement(tree), type, type->file, "");
        compare_xml(xmlDocGetRootElement(tree), type, type->record, "");
        n++;
    }
    assert_int_equal(n, 7);
    xmlFreeDoc(tree);
}

static void test_published_columns__reports__those_of_the_layouts(void **state)
{
    (void)state;
    assert_int_equal(profile_builtin()->n_reports, 10);
    for (size_t i = 0; i < profile_builtin()->n_reports; i++) {
        g_autofree char *name = g_strdup_printf("%s.json", profile_builtin()->reports[i].ref),
                        *published = fields_of(name);
        g_autoptr(GString) written = g_string_new(NULL);

        for (size_t k = 0; k < profile_builtin()->reports[i].n_columns; k++)
            g_string_append_printf(written, "%s ", profile_builtin()->reports[i].columns[k].name);
        assert_string_equal(written->str, published);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_columns__table_schemas__those_of_the_layouts),
        cmocka_unit_test(test_published_columns__xsd__those_of_the_layouts),
        cmocka_unit_test(test_published_columns__reports__those_of_the_layouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
