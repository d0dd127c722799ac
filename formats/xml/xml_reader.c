/*
 * XML as it streams by, through libxml2's push parser, but for plain records (xml_reader_scan.c). Bytes are gathered
 * into blocks of one size, so that the size of the pieces pushed makes no difference to what is found. A block is
 * checked for UTF-8, parsed, and kept in the window for as long as the parser holds any of it back, because places are
 * looked up there (xml_reader_places.c). What the parser reports goes to the frame (xml_reader_frame.c); this file
 * handles what ends the reading.
 *
 * The structure is checked here and not by the published XSD: in a stream libxml2's validator reports wrong places
 * (2.9.14), and errors without a limit. tests/e2e/schema.py compares the verdicts of the two.
 *
 * The parser is given no way out: no network, no catalogue, no external entity, no document type. It runs without
 * XML_PARSE_HUGE (which switches off its check of entity expansion in 2.9.14) and without XML_PARSE_NOENT.
 */
#include "formats/text.h"
#include "formats/xml/xml_reader_private.h"
#include "formats/xml/xml_setup.h"

#include <string.h>

enum {
    MAX_NAMES = 16 * 1024, /* different names: the parser's dictionary is slow beyond that */
};

#define DOCTYPE "<!DOCTYPE"

/* --- The document ------------------------------------------------------------------------------------ */

static bool is_word(const char *text, size_t len, const char *name)
{
    return len == strlen(name) && g_ascii_strncasecmp(text, name, len) == 0;
}

/* Refuses a declared encoding other than UTF-8. XML_PARSE_IGNORE_ENC keeps the parser from switching to it, and from
 * reporting it; so it is read from the window. The parser has checked the declaration's grammar by now, and nothing
 * before the encoding can hold that word. */
static void on_start_document(void *user)
{
    struct xml *x = user;
    size_t end = xml_consumed(x);
    const char *p = g_strstr_len(x->window, (gssize)end, "encoding"), *close;

    if (!p || strncmp(x->window, "<?xml", 5) != 0 || x->stopped)
        return;
    p += strlen("encoding");
    while (*p != '"' && *p != '\'')
        p++;
    close = memchr(p + 1, *p, (size_t)(x->window + end - p - 1));
    if (!close || is_word(p + 1, (size_t)(close - p - 1), "UTF-8") ||
        is_word(p + 1, (size_t)(close - p - 1), "US-ASCII"))
        return;
    struct fault fault = {.kind = FAULT_ENCODING,
                          .at = xml_place_at(x, (size_t)(p + 1 - x->window)),
                          .field = "encoding",
                          .value = p + 1,
                          .value_len = (size_t)(close - p - 1)};
    reader_fault_with(x->reader, &fault, "expected the encoding UTF-8, found another declared");
    x->stopped = true;
}

static void stop_at_doctype(struct xml *x, size_t index)
{
    xml_stop(x, FAULT_DOCTYPE, xml_place_at(x, index), "expected no document type declaration, found one");
}

/* The parser calls this before it reads the subset, so that no entity of it is ever declared. */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    struct xml *x = user;
    size_t i = xml_consumed(x);

    (void)name, (void)public_id, (void)system_id; /* libxml2's signature */
    while (i > 0 && strncmp(x->window + i, DOCTYPE, strlen(DOCTYPE)) != 0)
        i--;
    stop_at_doctype(x, i);
    xml_parser_stop(x->parser);
}

/* The first error of the parser ends the reading: it may go on, but what it reports then is guesswork. */
#if LIBXML_VERSION >= 21200
static void on_error(void *user, const xmlError *error)
#else
static void on_error(void *user, xmlErrorPtr error)
#endif
{
    struct xml *x = user;

    /* XML_WAR_NS_URI: a namespace's name that is no URI. Namespaces allows that, the parser calls it an error. */
    if (x->stopped || error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    /* Whatever the parser says of a text that ends within its root element: it was cut short (B110, not B201). */
    if (x->text_ended && !x->root_closed) {
        xml_stop_truncated(x);
        return;
    }
    xml_fault_syntax(x, error);
}

/* --- Bytes ------------------------------------------------------------------------------------------ */

static void *xml_open(struct reader *reader, const struct file_type *type)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startDocument = on_start_document,
                         .internalSubset = on_doctype,
                         .startElementNs = xml_frame_on_start,
                         .endElementNs = xml_frame_on_end,
                         .characters = xml_frame_on_text,
                         .ignorableWhitespace = xml_frame_on_text, /* the same function spares the parser a test */
                         .cdataBlock = xml_frame_on_cdata,
                         .serror = on_error};
    struct xml *x = g_malloc(sizeof *x);

    memset(x, 0, offsetof(struct xml, window)); /* the window is written before it is read */
    x->reader = reader;
    x->mark_at = (struct place){1, 1};
    xml_setup();
    x->parser = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
    if (!x->parser)
        g_error("out of memory");
    xmlCtxtUseOptions(x->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    xml_frame_fill(x, type);
    xml_scan_fill(x);
    return x;
}

/* Drops so many bytes of the window. The mark does not stand before their end. */
static void drop(struct xml *x, size_t bytes)
{
    memmove(x->window, x->window + bytes, x->filled - bytes);
    x->mark -= bytes;
    x->block -= MIN(x->block, bytes);
    x->filled -= bytes;
}

/* Sets the mark to the parser's position and drops the window before it. */
static void drop_parsed(struct xml *x)
{
    size_t done = xml_consumed(x);

    if (x->count_places) {
        (void)xml_place_at(x, done); /* it sets the mark */
    } else {
        x->mark_at = xml_parser_place(x->parser);
        x->mark = done;
    }
    drop(x, done);
    x->window_at += done;
    x->fed -= done;
}

/* Refuses what would let the window, the places or the parser's dictionary grow without end. */
static void check_limits(struct xml *x)
{
    struct place at = xml_parser_place(x->parser);

    if (x->fed > XML_MAX_PENDING && memcmp(x->window, DOCTYPE, strlen(DOCTYPE)) == 0)
        stop_at_doctype(x, 0);
    else if (x->fed > XML_MAX_PENDING)
        xml_stop(x, FAULT_LIMIT, x->mark_at,
                 "expected a tag, comment, instruction or CDATA section of at most 128 KiB, found a longer one");
    else if (at.line > XML_MAX_PLACE || at.column > XML_MAX_PLACE)
        xml_stop(x, FAULT_LIMIT, x->mark_at,
                 "expected at most 2,147,000,000 lines and characters in a line, found more");
    else if (xml_parser_names(x->parser) > MAX_NAMES)
        xml_stop(x, FAULT_LIMIT, x->mark_at, "expected at most 16,384 different names of elements, found more");
}

/* True where the parser waits at a '&' that begins no reference. It would wait for a ';' until the end of the text, and
 * the window would grow. feed then ends the text for it, so that it reports the error at once. */
static bool is_bare_ampersand(const struct xml *x)
{
    const char *p = x->window;

    if (x->fed == 0 || *p != '&')
        return false;
    for (size_t i = 1; i < x->fed; i++)
        if (p[i] == '<' || p[i] == '&' || p[i] == '"' || xml_is_blank(p[i]))
            return true;
    return false;
}

/* Parses the window up to that index, as far as it is UTF-8. Returns how many bytes are not. */
static size_t parse(struct xml *x, size_t end)
{
    const char *data = x->window + x->fed;
    size_t have = end - x->fed, valid = text_valid_prefix(data, have);

    x->fed += valid;
    xmlParseChunk(x->parser, data, (int)valid, 0); /* errors come through on_error */
    if (!x->stopped)
        drop_parsed(x);
    return have - valid;
}

/* Parses what has been gathered. */
static void feed(struct xml *x)
{
    size_t left = parse(x, x->filled);
    bool bad = left > 0 && !text_is_cut_character(x->window + x->fed, left);

    if (!x->stopped)
        check_limits(x);
    if (!x->stopped && is_bare_ampersand(x))
        xmlParseChunk(x->parser, NULL, 0, 1);
    if (!x->stopped && bad)
        xml_stop(x, FAULT_ENCODING, xml_place_at(x, x->fed),
                 x->window[x->fed] == '\0' ? "expected UTF-8 text, found NUL" : "expected UTF-8, found other bytes");
}

/* Has the parser read up to the first record of the block. */
static void begin_scan(struct xml *x)
{
    size_t first = x->scan.foreign || x->count_places ? x->filled : xml_scan_first(x);

    if (first == x->filled)
        return;
    (void)parse(x, first); /* what is no UTF-8 is found by feed */
    x->scan.runs = xml_scan_can_begin(x);
}

/* Reads the plain records. If others follow, or the text has ended, the parser goes on behind them: first to the end of
 * the block before, if a record began there. */
static void scan(struct xml *x, bool last)
{
    x->mark = xml_scan_records(x);
    drop(x, x->mark);
    x->scan.runs = x->scan.runs && !last;
    if (x->scan.runs || x->stopped)
        return;
    xml_parser_set_place(x->parser, x->mark_at);
    if (x->block > 0)
        (void)parse(x, x->block); /* plain, so UTF-8 */
}

/* Reads a block that is full, or the last one. */
static void take_block(struct xml *x, bool last)
{
    if (!x->scan.runs && reader_scans(x->reader))
        begin_scan(x);
    if (x->scan.runs)
        scan(x, last);
    if (!x->scan.runs && !x->stopped && !reader_stopped(x->reader))
        feed(x);
    x->block = x->scan.runs ? x->filled : x->fed;
}

static bool xml_push(void *state, const char *data, size_t len)
{
    struct xml *x = state;

    while (len > 0 && !x->stopped && !reader_stopped(x->reader)) {
        size_t n = MIN(len, XML_BLOCK - (x->filled - x->block));

        memcpy(x->window + x->filled, data, n);
        x->filled += n;
        data += n;
        len -= n;
        if (x->filled - x->block == XML_BLOCK)
            take_block(x, false);
    }
    return !x->stopped && !reader_stopped(x->reader);
}

/* The parser may hold back a DOCTYPE that is cut short: that is refused like a whole one. */
static void xml_finish(void *state)
{
    struct xml *x = state;

    if (!x->stopped)
        take_block(x, true);
    if (!x->stopped && x->fed >= strlen(DOCTYPE) && memcmp(x->window, DOCTYPE, strlen(DOCTYPE)) == 0)
        stop_at_doctype(x, 0);
    x->text_ended = true;
    if (!x->stopped)
        xmlParseChunk(x->parser, NULL, 0, 1);
    if (!x->stopped && !x->root_closed)
        xml_stop_truncated(x);
    if (x->fed < x->filled)
        xml_stop(x, FAULT_ENCODING, xml_place_at(x, x->fed), "expected UTF-8, found a character cut off by the end");
    if (x->stopped)
        reader_stop(x->reader);
}

static void xml_close(void *state)
{
    struct xml *x = state;

    xmlFreeParserCtxt(x->parser);
    g_string_chunk_free(x->scan.texts);
    g_free(x);
}

const struct reader_form reader_form_xml = {xml_open, xml_push, xml_finish, xml_close};
