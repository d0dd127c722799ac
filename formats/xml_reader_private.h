/*
 * Between the parts of the XML reader: its state, the places in the text, the frame of elements. xml_reader.c says how
 * they work together.
 */
#ifndef ECOSGATE_FORMATS_XML_READER_PRIVATE_H
#define ECOSGATE_FORMATS_XML_READER_PRIVATE_H

#include "formats/reader_private.h"

#include <glib.h>
#include <libxml/parser.h>

/* Off the way of a good file: kept out of the functions that every element passes, which stay short. */
#define XML_OFF_THE_WAY __attribute__((cold, noinline))

enum {
    XML_BLOCK = 32 * 1024,        /* what is parsed at once */
    XML_MAX_PENDING = 128 * 1024, /* of one tag, comment, instruction or CDATA section */
    XML_LEVELS = 3,               /* of elements that hold elements: root, rows, record */
    XML_MAX_CHILDREN = LAYOUT_MAX_COLUMNS + 1,
    /* A record of as many fields as any has; the Header and its count need less. */
    XML_TEXT_BYTES = LAYOUT_MAX_COLUMNS * LAYOUT_FIELD_MAX_CHARS * READER_MAX_CHARACTER_BYTES,
};
_Static_assert(XML_MAX_CHILDREN <= 32, "bits of a set");
_Static_assert((HEADER_COLUMNS + 1) * READER_HEADER_MAX_CHARS * READER_MAX_CHARACTER_BYTES <= XML_TEXT_BYTES,
               "XML_TEXT_BYTES");

/* An element that holds elements. Bit i of a set stands for names[i]. */
struct xml_container {
    const char *element;
    size_t n;
    const xmlChar *names[XML_MAX_CHILDREN];
    size_t lengths[XML_MAX_CHILDREN];
    uint32_t required;
};

struct xml_level {
    const struct xml_container *container;
    size_t next;       /* the child that is due */
    uint32_t seen;     /* children that were there */
    uint32_t reported; /* children whose absence was reported: one slip, one fault */
    uint32_t passed;   /* children that another came before, which was reported: they may come late */
};

struct xml {
    struct reader *reader;
    xmlParserCtxtPtr parser;
    struct xml_container root, header, rows, record;
    const xmlChar *our_namespace, *namespace; /* as it should be; as the root has it */
    const xmlChar *xsi, *schema_location, *no_namespace_schema_location, *schema_version;

    struct xml_level levels[XML_LEVELS + 1]; /* by depth; 0 is not used */
    size_t depth;
    size_t skip;         /* depth of the unknown element that is being skipped, or 0 */
    struct field *field; /* the open one, or NULL */
    bool dead;           /* nothing further can be read */
    bool stray;          /* text between elements was reported, up to the next tag */
    bool root_closed, ending;

    uint32_t ordinal;
    struct place at; /* of the record or Header */
    struct field fields[XML_MAX_CHILDREN];
    size_t text_len, max_chars, excess, excess_blanks;
    char text[XML_TEXT_BYTES];

    /* Bytes window_at … of the text: those that the parser holds back or is parsing, up to fed, and
     * those still to be fed, up to filled. mark is a known place in it. */
    size_t window_at, fed, filled;
    size_t mark;
    struct place mark_at;
    bool own_places; /* the parser's columns can be wrong */
    char window[XML_MAX_PENDING + 2 * XML_BLOCK];
};

/* XML text has no other characters up to the blank. */
static inline bool xml_is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* ---- xml_reader_places.c ---- */

/* Moves the mark on to an index of the window. Columns count characters, lines end with LF. */
struct place xml_place_at(struct xml *x, size_t index);

/* How far the parser has come in the window. */
size_t xml_consumed(const struct xml *x);

/* Index of the tag that the parser has come to the end of; the next one may follow at once. */
XML_OFF_THE_WAY size_t xml_tag_index(const struct xml *x);

/* Of text that the parser has handed over. */
struct place xml_place_of_text(struct xml *x, const char *text);

/* Of a start tag whose name is len bytes of ASCII. Nearly always there is nothing else in it, and the
 * parser's position is right behind. len 0: not known. */
static inline struct place xml_place_of_tag(struct xml *x, size_t len)
{
    const xmlParserInput *input = x->parser->input;

    if (len > 0 && !x->own_places && input->cur - input->base > (ptrdiff_t)len &&
        input->cur[-(ptrdiff_t)len - 1] == '<')
        return (struct place){(uint32_t)input->line, (uint32_t)input->col - (uint32_t)len - 1};
    return xml_place_at(x, xml_tag_index(x));
}

/* ---- xml_reader_slips.c: faults ---- */

/* The fault that ends the reading; only the first one is told. */
XML_OFF_THE_WAY void xml_die(struct xml *x, enum fault_kind kind, struct place at, const char *text);
XML_OFF_THE_WAY void xml_die_of_end(struct xml *x);

/* Index of a child that may not stand here but is taken all the same, else the container's n. */
XML_OFF_THE_WAY size_t xml_accept_slip(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri,
                                       struct place at);
/* The root element's name and namespace; false: nothing further can be read. */
XML_OFF_THE_WAY bool xml_check_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at);
/* n attributes of SAX2, which come in fives: name, prefix, namespace, value, end of the value. */
XML_OFF_THE_WAY void xml_check_version(struct xml *x, int n, const xmlChar *const *attributes, struct place at);
XML_OFF_THE_WAY void xml_check_attributes(struct xml *x, int n, const xmlChar *const *attributes, struct place at);
/* Children that a container ends without; an element in a field; a field that was cut; text between elements. */
XML_OFF_THE_WAY void xml_report_missing(struct xml *x, const struct xml_level *level);
XML_OFF_THE_WAY void xml_report_child_of_field(struct xml *x, const xmlChar *name, struct place at);
XML_OFF_THE_WAY void xml_report_excess(struct xml *x, const struct field *field);
XML_OFF_THE_WAY void xml_report_stray(struct xml *x, const char *text, size_t len);

/* ---- xml_reader_frame.c ---- */

/* The names of the frame's elements, known to the parser's dictionary. */
void xml_frame_fill(struct xml *x, const struct file_type *type);

/* What the parser tells, in libxml2's signatures; user is the struct xml. */
void xml_frame_on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                        const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes);
void xml_frame_on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);
void xml_frame_on_text(void *user, const xmlChar *data, int length);
void xml_frame_on_cdata(void *user, const xmlChar *data, int length);

#endif
