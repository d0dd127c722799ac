/*
 * The only file that uses what libxml2 does not promise to keep: members of its parser context and of its input, its
 * dictionary, and the stop of a running parser. tests/lint.sh proves that no other file does. Include it only from
 * formats/xml_reader*.[ch] and formats/xml/xml_signature.c.
 *
 * Why the XML reader needs them: the place of each fault and field, in a file that streams by. The functions that
 * libxml2 offers instead (xmlCtxtGetInputPosition, xmlCtxtGetInputWindow, xmlCtxtGetDict) came with 2.14; Debian 12 has
 * 2.9.14. They are inline to stand in one file with their reasons; as calls they make `ecosgate check` 0.1 % dearer.
 *
 * What was checked: the unit test and the fuzz target of the XML reader, linked with 2.9.14, 2.12.10 and 2.15.3. The
 * one difference: 2.12 reports a long CDATA section in pieces, so that its 128 KiB are no limit there. In all three the
 * members below are public and compile without a warning; the comments of 2.15 call those of the input deprecated.
 */
#ifndef ECOSGATE_FORMATS_XML_XML_PARSER_H
#define ECOSGATE_FORMATS_XML_XML_PARSER_H

#include "formats/reader.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

/*
 * Bytes of the text that the parser has consumed, from the first byte that it was given.
 *
 * Uses parser->input: consumed, base, cur. Any version. Holds because parser->input is the only input: the reader
 * refuses entities and document types, and XML_PARSE_IGNORE_ENC keeps the declared encoding from having an effect, so
 * that the buffer holds our bytes unchanged. xmlByteConsumed computes the same, but is deprecated since 2.14.
 * If this breaks: every place is wrong, and the window of xml_reader.c loses bytes too early or never.
 */
static inline size_t xml_parser_consumed(const xmlParserCtxt *parser)
{
    const xmlParserInput *input = parser->input;

    return (size_t)input->consumed + (size_t)(input->cur - input->base);
}

/*
 * Line and column of the next character, both from 1; columns count characters, lines end with LF.
 *
 * Uses parser->input: line, col. Any version, not after a CDATA section: there 2.9.14 counts bytes as columns (the
 * reader then counts for itself). Both are int and the parser does not guard them: the reader stops long before.
 * If this breaks: places of elements are wrong where nothing else is.
 */
static inline struct place xml_parser_place(const xmlParserCtxt *parser)
{
    return (struct place){(uint32_t)parser->input->line, (uint32_t)parser->input->col};
}

/*
 * Sets that place: the reader has read on without the parser. Uses the same members.
 * If this breaks: every place behind the first plain records is wrong.
 */
static inline void xml_parser_set_place(xmlParserCtxt *parser, struct place at)
{
    parser->input->line = (int)at.line;
    parser->input->col = (int)at.column;
}

/*
 * True where the parser stands directly after `<` and a name of len bytes: a start tag with nothing else in it, as
 * nearly all of a good file. Called while the parser reports a start tag, before it consumes the closing `>`.
 *
 * Uses parser->input: base, cur. Any version; len bytes before cur are in the buffer because the tag that is being
 * reported still is.
 * If this breaks: it returns false and the place is searched in the window instead, which is slower and right.
 */
static inline bool xml_parser_tag_is_before(const xmlParserCtxt *parser, size_t len)
{
    const xmlParserInput *input = parser->input;

    return input->cur - input->base > (ptrdiff_t)len && input->cur[-(ptrdiff_t)len - 1] == '<';
}

/*
 * True where the parser handed over this text right from its buffer, without a copy. *ahead is then how many bytes it
 * stands after the parser's position (negative: before it).
 *
 * Uses parser->input: base, cur, end. Any version. Whether text is a copy differs between versions and texts; both
 * answers are right.
 */
static inline bool xml_parser_holds(const xmlParserCtxt *parser, const char *text, ptrdiff_t *ahead)
{
    const xmlParserInput *input = parser->input;

    if ((const xmlChar *)text < input->base || (const xmlChar *)text >= input->end)
        return false;
    *ahead = (const xmlChar *)text - input->cur;
    return true;
}

/*
 * The parser's own copy of a name: names of elements and attributes and URIs of namespaces that it reports are equal
 * exactly when the pointers are. Lives as long as the parser.
 *
 * Uses parser->dict. Any version: SAX2 interns these three unless XML_PARSE_NODICT is set.
 * If this breaks: every element is unknown, and no file in XML is accepted.
 */
static inline const xmlChar *xml_parser_intern(xmlParserCtxt *parser, const char *name)
{
    return xmlDictLookup(parser->dict, (const xmlChar *)name, -1);
}

/* How many different names the parser has seen. Uses parser->dict, any version. */
static inline int xml_parser_names(const xmlParserCtxt *parser)
{
    return xmlDictSize(parser->dict);
}

/*
 * From within a report of the parser: it reports nothing more and reads nothing more.
 *
 * Uses xmlStopParser. Any version. 2.9.14 throws its buffer away with that: ask for a place before, not afterwards.
 * If this breaks: a document type declaration is parsed before it is refused. Its entities are still never expanded:
 * the reader has stopped and reads no reference.
 */
static inline void xml_parser_stop(xmlParserCtxt *parser)
{
    xmlStopParser(parser);
}

#endif
