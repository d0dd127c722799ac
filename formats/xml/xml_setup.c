#include "formats/xml/xml_setup.h"

#include <libxml/catalog.h>
#include <libxml/parser.h>

/* Replaces libxml2's loader of external entities, for the whole process. */
static xmlParserInputPtr refuse_entity(const char *url, const char *id, xmlParserCtxtPtr parser)
{
    (void)url, (void)id, (void)parser; /* libxml2's signature */
    return NULL;
}

void xml_setup(void)
{
    xmlInitParser();
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
    xmlSetExternalEntityLoader(refuse_entity);
}
