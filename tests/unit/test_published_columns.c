/*
 * The order of columns in every layout against the published XSD. A reader of our files goes by that; a writer goes by
 * the layouts. The Table Schemas cannot differ: the layouts are made of them.
 */
#include "formats/layout.h"
#include "formats/profile.h"

#include <glib.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_columns__xsd__those_of_the_layouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
