/*
 * Shared by the files of the XML reader: its state, places in the text, and the frame of elements.
 *
 *   xml_reader.c          gathers bytes, feeds the parser, stops the reading
 *   xml_reader_frame.c    what the parser reports: elements and text, compared with the layout
 *   xml_reader_faults.c   what is wrong with them; not on the path of a good file
 *   xml_reader_syntax.c   what to say of a text that is not well formed
 *   xml_reader_places.c   line and column of what was reported
 *   xml_reader_scan.c     the fast way through plain records, which the parser is not given
 *   xml_parser.h          the members of libxml2's structs that all this needs
 *
 * "The window" is the part of the text that is kept: from the first byte that the parser has not consumed.
 */
#ifndef ECOSGATE_FORMATS_XML_XML_READER_PRIVATE_H
#define ECOSGATE_FORMATS_XML_XML_READER_PRIVATE_H

#include "formats/reader_private.h"
#include "formats/xml/xml_parser.h"

#include <glib.h>
#include <libxml/parser.h>

/* For what a good file never needs. Kept out of the functions that run for each element, so that these stay short. */
#define XML_COLD __attribute__((cold, noinline))

enum {
    XML_BLOCK = 32 * 1024,               /* bytes that are parsed at once */
    XML_MAX_PENDING = 128 * 1024,        /* bytes of one tag, comment, instruction or CDATA section */
    XML_MAX_GROUPS = LAYOUT_MAX_COLUMNS, /* elements between a record or Header and its fields, of one of them */
    XML_LEVELS = 3 + LAYOUT_MAX_STEPS,   /* depth of elements that hold elements: root, rows, record, groups */
    XML_MAX_DEPTH = 32,                  /* of any element */
    XML_MAX_CHILDREN = LAYOUT_MAX_COLUMNS + 1,
    XML_MAX_STEPS = XML_MAX_CHILDREN + 2 * XML_MAX_GROUPS + 2,
    XML_HABIT_BYTES = 88,                  /* an end tag, a line end and blanks */
    XML_COUNT_FIELD = LAYOUT_NO_FIELD + 1, /* of the Header's last child */
    XML_MAX_PLACE = 2147000000, /* lines, or columns of one: the parser counts in int, and one block more must fit */
    /* A record of as many fields as any has; the Header and its count need less. */
    XML_TEXT_BYTES = LAYOUT_MAX_COLUMNS * LAYOUT_FIELD_MAX_CHARS * READER_MAX_CHARACTER_BYTES,
};
_Static_assert(XML_MAX_CHILDREN <= 32, "bits of a set");
_Static_assert((HEADER_FIELDS + 1) * LAYOUT_HEADER_MAX_CHARS * READER_MAX_CHARACTER_BYTES <= XML_TEXT_BYTES,
               "XML_TEXT_BYTES");

/* An element that holds elements, made from the layout: the root, the Header, the rows, a record, or a group: a step of
 * the path to a field. Bit i of a set of children stands for names[i]. */
struct xml_container {
    const char *element;
    size_t n;                                            /* children that it may have */
    const xmlChar *names[XML_MAX_CHILDREN];              /* the parser's copies: equal names are equal pointers */
    size_t lengths[XML_MAX_CHILDREN];                    /* bytes of names[i] */
    const struct xml_container *inner[XML_MAX_CHILDREN]; /* the container that names[i] is; NULL: it is a field */
    size_t fields[XML_MAX_CHILDREN];                     /* of a field: where its text goes (layout_field_of) */
    const char *columns[XML_MAX_CHILDREN];               /* of a field: the name of its column */
    size_t n_fields;                                     /* of a record or Header */
    size_t repeated;                                     /* index of the child that may come again; n: none may */
    uint32_t required;                                   /* set of children */
};

/* The Header or a record, and the groups within it. */
struct xml_tree {
    struct xml_container top;
    size_t n_groups;
    struct xml_container groups[XML_MAX_GROUPS];
};

/* An open container. The sets see to it that one mistake in a file gives one fault. */
struct xml_level {
    const struct xml_container *container;
    size_t next;            /* index of the child that comes next in a good file */
    uint32_t seen;          /* children that were there */
    uint32_t absence_known; /* children whose absence has given a fault */
    uint32_t may_be_late;   /* children that a later one overtook, which has given a fault */
};

struct xml_tag {
    const char *text; /* NULL: there is none */
    size_t len;
};

/* How a field was written in the record before: most likely it is so again. */
struct xml_habit {
    size_t len;                  /* of its text */
    size_t behind;               /* bytes of its end tag and the blanks behind; 0: not known */
    char bytes[XML_HABIT_BYTES]; /* these */
    uint32_t lines;              /* that end in them */
    uint32_t newline;            /* index of the last line end */
};

/* One step of the scan through a record: a field, or the tag of a container. */
struct xml_step {
    struct xml_tag tag;   /* of a field "<Name": ">" or "/>" follows */
    struct xml_tag close; /* of a field: "</Name>" */
    size_t field;         /* where its text goes */
    size_t absent;        /* the step that follows where the tag is not there; 0: it must be */
    struct xml_habit habit;
};

struct xml_scan {
    size_t n;
    struct xml_step steps[XML_MAX_STEPS];
    GStringChunk *texts;      /* of the tags */
    unsigned char plain[256]; /* 1: a byte that text may have */
    bool foreign;             /* names without a prefix may not be ours within the root or the rows */
    bool runs;                /* the parser waits between two records; the window begins behind the last of them */
};

struct xml {
    struct reader *reader;
    xmlParserCtxtPtr parser;
    const struct profile *profile;
    struct xml_container root, rows;
    struct xml_tree header, record;
    size_t record_depth;                      /* of a record's element */
    bool incomplete;                          /* a required element within a group of this record was not there */
    const xmlChar *our_namespace, *namespace; /* as it should be; as the root has it */
    const xmlChar *xsi, *schema_location, *no_namespace_schema_location, *schema_version;

    struct xml_level levels[XML_LEVELS + 1]; /* by depth; 0 is not used */
    const xmlChar *open[XML_MAX_DEPTH + 1];  /* names of the open elements, by depth; 0 is not used */
    size_t depth;                            /* number of open elements */
    size_t skip;                             /* depth of the unknown element whose content is skipped, or 0 */
    struct field *field;                     /* the open one, or NULL */
    bool stopped;                            /* nothing further is read: a fault has said why */
    bool stray;                              /* text between elements has given a fault since the last tag */
    bool signature_skipped;                  /* the one that the root may have */
    bool root_closed, text_ended;            /* text_ended: the parser knows that it has */

    uint32_t ordinal;                            /* of the record */
    struct place at;                             /* of the record or Header */
    struct field fields[LAYOUT_MAX_COLUMNS + 2]; /* the layout's, LAYOUT_NO_FIELD, XML_COUNT_FIELD */
    size_t max_chars;                            /* of a field of this record or Header */
    size_t excess, excess_blanks; /* characters of the open field beyond max_chars; blanks that may yet be of them */
    size_t text_len;
    char text[XML_TEXT_BYTES]; /* of all fields of the record or Header */

    struct xml_scan scan;

    /* The window: window_at is the offset of its first byte in the text. Up to fed the parser has been given its bytes,
     * up to filled they wait. mark is an index whose place is known. */
    size_t window_at, fed, filled;
    size_t block; /* index at which the block begins that is being filled; while the parser is given all, that is fed */
    size_t mark;
    struct place mark_at;
    bool count_places; /* the parser's columns cannot be trusted any more: count in the window */
    char window[XML_MAX_PENDING + 2 * XML_BLOCK + 1];
};

/* Blank, tab, CR or LF: well-formed XML has no other characters up to the blank. */
static inline bool xml_is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* ---- xml_reader_places.c ---- */

/* The place of an index of the window, not before the mark; moves the mark there. */
struct place xml_place_at(struct xml *x, size_t index);

/* How far the parser has come, as an index of the window. */
size_t xml_consumed(const struct xml *x);

/* Index of the tag that the parser reports or has just reported; the next tag may follow at once. */
XML_COLD size_t xml_tag_index(const struct xml *x);

/* The place of text that the parser reports. */
XML_COLD struct place xml_place_of_text(struct xml *x, const char *text);

/* The place of the start tag that the parser reports, whose name is len bytes of ASCII; len 0: not known. The parser's
 * own position is right for nearly every tag, and far cheaper than a search in the window. */
static inline struct place xml_place_of_tag(struct xml *x, size_t len)
{
    if (len > 0 && !x->count_places && xml_parser_tag_is_before(x->parser, len)) {
        struct place at = xml_parser_place(x->parser);

        at.column -= (uint32_t)len + 1;
        return at;
    }
    return xml_place_at(x, xml_tag_index(x));
}

/* ---- xml_reader_scan.c ---- */

/* Makes the steps from the containers, which are filled. */
void xml_scan_fill(struct xml *x);

/* The index of the window, from fed on, behind the tag before the first record that begins in what is not parsed yet.
 * filled: there is none. */
size_t xml_scan_first(const struct xml *x);

/* True: the parser has consumed all that it was given, and a record may come next. */
bool xml_scan_can_begin(const struct xml *x);

/* Gives the plain records at the beginning of the window to the sink, and sets the mark's place behind them. Returns
 * how many bytes they are. scan.runs is false then if what follows is for the parser, or nothing more is read. */
size_t xml_scan_records(struct xml *x);

/* ---- xml_reader_faults.c ---- */

/* Gives the fault that ends the reading, unless it has stopped already. */
XML_COLD void xml_stop(struct xml *x, enum fault_kind kind, struct place at, const char *text);

/* The same for a text that ends before its root element does. */
XML_COLD void xml_stop_truncated(struct xml *x);

/* Gives the fault of a child that may not stand here. Returns its index where its content is read all the same, else
 * the container's n. */
XML_COLD size_t xml_fault_misplaced(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri,
                                    struct place at);

/* Whether the child, which no layout has, is the signature that the root may have here. */
XML_COLD bool xml_skips_signature(struct xml *x, const xmlChar *name, const xmlChar *uri);

/* Checks the root element's name and namespace. False: the reading has stopped. */
XML_COLD bool xml_check_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at);

/* Checks the root's schemaVersion. n attributes as SAX2 has them, five pointers each: name, prefix, namespace, value,
 * end of the value. */
XML_COLD void xml_check_version(struct xml *x, int n, const xmlChar *const *attributes, struct place at);

/* Gives a fault for each attribute that a tag may not have; n and attributes as above. */
XML_COLD void xml_check_attributes(struct xml *x, int n, const xmlChar *const *attributes, struct place at);

/* Gives a fault for each required child that was not there when the container ended. */
XML_COLD void xml_fault_missing(struct xml *x, const struct xml_level *level);

/* Gives the fault of an element within a field. */
XML_COLD void xml_fault_child_of_field(struct xml *x, const xmlChar *name, struct place at);

/* Gives the fault of a field that was cut to max_chars. */
XML_COLD void xml_fault_excess(struct xml *x, const struct field *field);

/* Gives the fault of text between elements. */
XML_COLD void xml_fault_stray(struct xml *x, const char *text, size_t len);

/* ---- xml_reader_syntax.c ---- */

/* Gives the fault of an error of the parser, which ends the reading. */
XML_COLD void xml_fault_syntax(struct xml *x, const xmlError *error);

/* ---- xml_reader_frame.c ---- */

/* Makes the containers from the type's layout. The parser must be there: it keeps the names. */
void xml_frame_fill(struct xml *x, const struct file_type *type);

/* The start of an element, as the parser reports it; user is the struct xml.
 * Parameters: libxml2's startElementNs. */
void xml_frame_on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                        const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes);

/* The end of an element, likewise. */
void xml_frame_on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);

/* Text: length bytes, perhaps only a part of it. */
void xml_frame_on_text(void *user, const xmlChar *data, int length);

/* A CDATA section. */
void xml_frame_on_cdata(void *user, const xmlChar *data, int length);

#endif
