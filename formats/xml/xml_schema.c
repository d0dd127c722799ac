/*
 * libxml2 opens what a schema includes by its entity loader, which is one for the whole process. While a schema is
 * compiled, ours takes its place: it knows the files of the profile's folder and no others. Nothing else of the program
 * parses XML meanwhile, as it has one thread for that.
 */
#include "formats/xml/xml_schema.h"

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FAULTS = 20 /* of one text: one mistake may give thousands */ };

struct xml_schema {
    xmlSchemaPtr schema;
};

struct told {
    xml_schema_fault_fn *on_fault;
    void *user;
    unsigned n;
    bool compiling; /* the mistakes are those of the XSD itself */
};

/* Whose files the entity loader gives: set while a schema is compiled. */
static struct {
    xml_schema_file_fn *file;
    void *user;
} loading;

/* The name that the node or the nearest one around it defines; xmlFree. NULL: none. */
static xmlChar *defined_name(const xmlNode *node)
{
    xmlChar *name = NULL;

    for (; node != NULL && node->type == XML_ELEMENT_NODE && name == NULL; node = node->parent)
        name = xmlGetNoNsProp(node, BAD_CAST "name");
    return name;
}

/* libxml2's signature: it is called with a full stop and a line's end behind the message. */
static void on_error(void *user, xmlErrorPtr error)
{
    struct told *told = user;
    const xmlNode *node = error->node;

    if (error->domain == XML_FROM_REGEXP) /* the schema says it again, and of which pattern */
        return;
    if (told->n++ >= MAX_FAULTS)
        return;
    g_autofree char *text = g_strdup(error->message != NULL ? error->message : "no reason given");
    if (g_str_has_suffix(g_strstrip(text), "."))
        text[strlen(text) - 1] = '\0';
    xmlChar *name = told->compiling ? defined_name(node) : node != NULL ? xmlStrdup(node->name) : NULL;
    told->on_fault(told->user, error->line, (const char *)name, text);
    xmlFree(name);
}

static xmlParserInputPtr load_entity(const char *url, const char *id, xmlParserCtxtPtr context)
{
    size_t len;

    (void)id; /* libxml2's signature */
    if (url == NULL)
        return NULL;
    g_autofree char *name = g_path_get_basename(url);
    const char *text = loading.file(loading.user, name, &len);
    if (text == NULL)
        return NULL;
    xmlParserInputBufferPtr buffer = xmlParserInputBufferCreateMem(text, (int)len, XML_CHAR_ENCODING_NONE);
    xmlParserInputPtr input = xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE);
    if (input != NULL)
        input->filename = (const char *)xmlStrdup((const xmlChar *)url); /* the input frees it */
    return input;
}

struct xml_schema *xml_schema_new(const char *name, xml_schema_file_fn *file, xml_schema_fault_fn *on_fault, void *user)
{
    xmlExternalEntityLoader before = xmlGetExternalEntityLoader();
    xmlStructuredErrorFunc handler = xmlStructuredError;
    void *context = xmlStructuredErrorContext;
    struct told told = {on_fault, user, 0, true};
    struct xml_schema *schema = NULL;

    loading.file = file;
    loading.user = user;
    xmlSetExternalEntityLoader(load_entity);
    xmlSetStructuredErrorFunc(&told, (xmlStructuredErrorFunc)on_error); /* of a text that is no XML */
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(name);
    if (parser != NULL) {
        xmlSchemaSetParserStructuredErrors(parser, on_error, &told);
        xmlSchemaPtr compiled = xmlSchemaParse(parser);
        xmlSchemaFreeParserCtxt(parser);
        if (compiled != NULL) {
            schema = g_new0(struct xml_schema, 1);
            schema->schema = compiled;
        }
    }
    xmlSetExternalEntityLoader(before);
    xmlSetStructuredErrorFunc(context, handler);
    if (schema == NULL && told.n == 0)
        on_fault(user, 0, NULL, "is no XML Schema");
    return schema;
}

bool xml_schema_validate(struct xml_schema *schema, const char *text, size_t len, xml_schema_fault_fn *on_fault,
                         void *user)
{
    struct told told = {on_fault, user, 0, false};
    xmlDocPtr document = xmlReadMemory(text, (int)len, "sample.xml", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    xmlSchemaValidCtxtPtr validator = document != NULL ? xmlSchemaNewValidCtxt(schema->schema) : NULL;
    int result = -1;

    if (validator != NULL) {
        xmlSchemaSetValidStructuredErrors(validator, on_error, &told);
        result = xmlSchemaValidateDoc(validator, document);
        xmlSchemaFreeValidCtxt(validator);
    }
    xmlFreeDoc(document);
    if (result != 0 && told.n == 0)
        on_fault(user, 0, NULL, "cannot be validated: it is no well-formed XML");
    return result == 0;
}

void xml_schema_free(struct xml_schema *schema)
{
    if (schema == NULL)
        return;
    xmlSchemaFree(schema->schema);
    g_free(schema);
}

char *xml_schema_library_version(void)
{
    int number = atoi(xmlParserVersion); /* "20914", and words behind it */

    return g_strdup_printf("%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
}
