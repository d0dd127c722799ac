/*
 * What to say of a text that is not well-formed XML. The parser's own words are made for programmers
 * ("xmlParseEntityRef: no name"). A sender is told what was expected and what to write instead. The parser's words
 * follow only where they say more.
 */
#include "formats/xml/xml_reader_private.h"

#include "formats/text.h"

#include <string.h>

enum {
    MAX_MESSAGE = 160,   /* characters of a message of the parser's own */
    MAX_SHOWN = 32,      /* of what stands in the text */
    MAX_REFERENCE = 256, /* bytes between an & and the place at which the parser gives up */
};

static const struct {
    int code;
    const char *expected;
} errors[] = {
    {XML_ERR_LT_IN_ATTRIBUTE, "expected &lt; for the character \"<\" in an attribute's value"},
    {XML_ERR_ATTRIBUTE_NOT_STARTED, "expected an attribute's value in quotes"},
    {XML_ERR_ATTRIBUTE_NOT_FINISHED, "expected the closing quote of an attribute's value"},
    {XML_ERR_ATTRIBUTE_WITHOUT_VALUE, "expected = and a value behind an attribute's name"},
    {XML_ERR_ATTRIBUTE_REDEFINED, "expected each attribute once in a tag"},
    {XML_ERR_SPACE_REQUIRED, "expected a blank before the next attribute"},
    {XML_ERR_GT_REQUIRED, "expected > at the end of a tag"},
    {XML_ERR_DOCUMENT_END, "expected nothing after the root element"},
    {XML_ERR_DOCUMENT_EMPTY, "expected the root element"},
    {XML_ERR_INVALID_CHAR, "expected only characters that XML allows"},
    {XML_ERR_INVALID_CHARREF, "expected the number of a character that XML allows"},
    {XML_ERR_INVALID_DEC_CHARREF, "expected a decimal number and ; behind &#"},
    {XML_ERR_INVALID_HEX_CHARREF, "expected a hex number and ; behind &#x"},
    {XML_ERR_RESERVED_XML_NAME, "expected the XML declaration at the very beginning of the file only"},
    {XML_ERR_MISPLACED_CDATA_END, "expected ]]&gt; for the characters \"]]>\" in text"},
    {XML_ERR_HYPHEN_IN_COMMENT, "expected no -- within a comment"},
    {XML_NS_ERR_UNDEFINED_NAMESPACE, "expected a prefix that an xmlns attribute declares"},
};

static char *shown(const char *text, size_t len)
{
    return text_escape(text, len, MAX_SHOWN);
}

/* Index of the '&' (or '<', which wanted then names as well) at which the parser gave up, and which stands at most
 * MAX_REFERENCE bytes before end; end if there is none. */
static size_t opening_before(const struct xml *x, const char *wanted, size_t end)
{
    size_t least = end > MAX_REFERENCE ? end - MAX_REFERENCE : 0;

    for (size_t i = end; i > least; i--)
        if (x->window[i - 1] != '\0' && strchr(wanted, x->window[i - 1]))
            return i - 1;
    return end;
}

/* A bare '&' or '<', which begins no reference and no tag; NULL for any other mistake. *index is set to its place. */
static char *bare_character(const struct xml *x, int code, size_t *index)
{
    size_t at = opening_before(x, code == XML_ERR_NAME_REQUIRED ? "&<" : "&", *index);
    size_t len = MIN(x->fed - at, MAX_SHOWN / 2), word = 1;
    const char *p = x->window + at;

    if ((code != XML_ERR_NAME_REQUIRED && code != XML_ERR_ENTITYREF_SEMICOL_MISSING) || at == *index)
        return NULL;
    while (word < len && !xml_is_blank(p[word]) && !strchr("<&;\"", p[word]))
        word++;
    g_autofree char *found = shown(p, word);
    *index = at;
    return *p == '&' ? g_strdup_printf("expected &amp; for the character \"&\", found \"%s\"", found)
                     : g_strdup_printf("expected &lt; for the character \"<\", or an element's name behind it, "
                                       "found \"%s\"",
                                       found);
}

static char *expectation(const struct xml *x, int code)
{
    if (code == XML_ERR_TAG_NAME_MISMATCH && x->depth > 0) {
        const char *name = (const char *)x->open[x->depth];
        g_autofree char *open = shown(name, strlen(name));
        return g_strdup_printf("expected the end tag </%s>", open);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++)
        if (errors[i].code == code)
            return g_strdup(errors[i].expected);
    return g_strdup("expected well-formed XML");
}

/* A declaration within the root element, which begins at the index; NULL: none does. Before the root element the parser
 * reports a document type declaration by itself. */
static char *misplaced_declaration(const struct xml *x, size_t index)
{
    static const char *const names[] = {"<!DOCTYPE", "<!ENTITY", "<!ELEMENT", "<!ATTLIST", "<!NOTATION"};
    size_t len = x->fed - index;

    for (size_t i = 0; x->fed > index && i < G_N_ELEMENTS(names); i++)
        if (len >= strlen(names[i]) && strncmp(x->window + index, names[i], strlen(names[i])) == 0)
            return g_strdup_printf("expected no declaration within the document, found %s; remove it, or write &lt; if "
                                   "the character \"<\" belongs to a value",
                                   names[i]);
    return NULL;
}

void xml_fault_syntax(struct xml *x, const xmlError *error)
{
    g_autofree char *message = g_strchomp(g_strdup(error->message ? error->message : "not well formed"));
    size_t index = xml_consumed(x);
    g_autofree char *declaration = misplaced_declaration(x, index);
    g_autofree char *text = bare_character(x, error->code, &index);

    if (declaration) {
        xml_stop(x, FAULT_DOCTYPE, xml_place_at(x, index), declaration);
        return;
    }
    if (!text && error->code == XML_ERR_UNDECLARED_ENTITY) {
        g_autofree char *name = error->str1 ? shown(error->str1, strlen(error->str1)) : g_strdup("");
        text = g_strdup_printf("expected &amp;, &lt;, &gt;, &quot;, &apos; or the number of a character as in &#233;, "
                               "found the entity &%s;",
                               name);
    } else if (!text) {
        g_autofree char *expected = expectation(x, error->code);
        g_autofree char *words = text_escape(message, strlen(message), MAX_MESSAGE);
        text = g_strdup_printf("%s; the parser says: %s", expected, words);
    }
    xml_stop(x, error->code == XML_ERR_UNDECLARED_ENTITY ? FAULT_DOCTYPE : FAULT_NOT_WELL_FORMED,
             xml_place_at(x, index), text);
}
