/*
 * The reading of a signature within a file. The first pass goes through the text without keeping it, so it costs what
 * reading costs, whatever the size is; the second makes the tree.
 */
#include "formats/xml/xml_signature_private.h"

#include "formats/text.h"
#include "formats/xml/xml_parser.h"
#include "formats/xml/xml_setup.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <string.h>

enum {
    PIECE = 64 * 1024,
    MOST_DEPTH = 32,                                  /* of elements; as of the XML reader, like those that follow */
    MOST_ATTRIBUTES = 32,                             /* of one tag, with namespaces */
    MOST_PENDING = 128 * 1024,                        /* bytes of one tag, comment or instruction */
    MOST_MESSAGE = 160,                               /* characters of a message of the parser */
    SIGNATURE_DEPTH = 2,                              /* a child of the root */
    NODES_OF_ATTRIBUTE = 2,                           /* itself and its text */
    OPTIONS = XML_PARSE_NONET | XML_PARSE_IGNORE_ENC, /* the text is UTF-8: no library of encodings is asked */
};

struct signing {
    struct reading reading; /* first */
    struct reading_request request;
    struct unpack *unpack;
    xmlParserCtxtPtr parser;
    GString *head; /* the first bytes, until the form is known; then NULL */
    uint64_t fed;  /* plain bytes that the parser was given */
    uint64_t nodes;
    size_t depth, inside;    /* open elements; the depth of the signature that is open, or 0 */
    size_t signatures;       /* so far */
    bool root_closed, ended; /* ended: the parser knows that the text does */
    bool faulty;             /* a fault was given */
    char piece[PIECE];
};

/* Gives a fault, if it is the first. kind counts as long as no signature was seen. */
static void __attribute__((format(printf, 3, 4))) give(struct signing *s, enum fault_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const struct fault fault = {.kind = s->signatures > 0 ? FAULT_SIGNATURE : kind, .text = text};
    if (!s->faulty)
        s->request.sink.on_fault(s->request.sink.user, &fault);
    s->faulty = true;
}

/* ---- the first pass ---- */

static void on_signature(struct signing *s)
{
    s->signatures++;
    if (s->inside > 0)
        give(s, FAULT_SIGNATURE, "a signature stands within the signature; expected one");
    else if (s->signatures > 1)
        give(s, FAULT_SIGNATURE, "the file has more than one signature; expected one");
    else if (s->depth != SIGNATURE_DEPTH)
        give(s, FAULT_SIGNATURE, "the signature stands at depth %zu; expected it as the last element of the root",
             s->depth);
    if (s->inside == 0)
        s->inside = s->depth;
}

/* Parameters: libxml2's startElementNs. */
static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                     const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    struct signing *s = user;

    (void)prefix, (void)namespaces, (void)n_defaulted, (void)attributes; /* libxml2's signature */
    s->nodes += 1 + (uint64_t)n_namespaces + NODES_OF_ATTRIBUTE * (uint64_t)n_attributes;
    if (++s->depth > MOST_DEPTH)
        give(s, FAULT_LIMIT, "expected at most %d elements in each other, found more", MOST_DEPTH);
    if (n_namespaces + n_attributes > MOST_ATTRIBUTES)
        give(s, FAULT_LIMIT, "expected at most %d attributes in a tag, found more", MOST_ATTRIBUTES);
    if (uri != NULL && strcmp((const char *)uri, XML_SIGNATURE_NAMESPACE) == 0 &&
        strcmp((const char *)name, XML_SIGNATURE_ELEMENT) == 0)
        on_signature(s);
    else if (s->signatures > 0 && s->inside == 0)
        give(s, FAULT_SIGNATURE, "the signature is not the last element of the root");
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct signing *s = user;

    (void)name, (void)prefix, (void)uri; /* libxml2's signature */
    if (s->inside == s->depth)
        s->inside = 0;
    s->depth--;
    s->root_closed = s->depth == 0;
}

/* Text, and CDATA sections. */
static void on_text(void *user, const xmlChar *text, int len)
{
    (void)text, (void)len; /* libxml2's signature */
    ((struct signing *)user)->nodes++;
}

static void on_comment(void *user, const xmlChar *text)
{
    (void)text; /* libxml2's signature */
    ((struct signing *)user)->nodes++;
}

static void on_instruction(void *user, const xmlChar *target, const xmlChar *data)
{
    (void)target, (void)data; /* libxml2's signature */
    ((struct signing *)user)->nodes++;
}

/* The parser calls this before it reads the subset: no entity of it is ever declared. */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    struct signing *s = user;

    (void)name, (void)public_id, (void)system_id; /* libxml2's signature */
    give(s, FAULT_DOCTYPE, "expected no document type declaration, found one");
    xml_parser_stop(s->parser);
}

#if LIBXML_VERSION >= 21200
static void on_error(void *user, const xmlError *error)
#else
static void on_error(void *user, xmlErrorPtr error)
#endif
{
    struct signing *s = user;

    /* XML_WAR_NS_URI: as in the XML reader. */
    if (s->faulty || error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    if (s->ended && !s->root_closed) {
        give(s, FAULT_TRUNCATED, "the text ends before its root element does");
        return;
    }
    g_autofree char *message = g_strchomp(g_strdup(error->message != NULL ? error->message : "not well formed"));
    g_autofree char *words = text_escape(message, strlen(message), MOST_MESSAGE);
    give(s, FAULT_NOT_WELL_FORMED, "expected well-formed XML; the parser says of line %d: %s", error->line, words);
}

static void make_parser(struct signing *s)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .internalSubset = on_doctype,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text,
                         .cdataBlock = on_text,
                         .comment = on_comment,
                         .processingInstruction = on_instruction,
                         .serror = on_error};

    xml_setup();
    s->parser = xmlCreatePushParserCtxt(&sax, s, NULL, 0, NULL);
    if (s->parser == NULL)
        g_error("out of memory");
    xmlCtxtUseOptions(s->parser, OPTIONS);
}

static void feed(struct signing *s, const char *bytes, size_t len)
{
    s->fed += len;
    (void)xmlParseChunk(s->parser, bytes, (int)len, 0); /* errors come through on_error */
    if (!s->faulty && s->fed - (uint64_t)xmlByteConsumed(s->parser) > MOST_PENDING)
        give(s, FAULT_LIMIT, "expected a tag, comment or instruction of at most 128 KiB, found a longer one");
}

/* The parser gets no bytes before it is known that it takes them for UTF-8: other encodings would have it load more. */
static void begin(struct signing *s, const char *bytes, size_t len)
{
    size_t at = 0;

    g_string_append_len(s->head, bytes, (gssize)len);
    while (at < s->head->len && strchr(" \t\r\n", s->head->str[at]) != NULL && s->head->str[at] != '\0')
        at++;
    if (s->head->len - at < 2 && at < MOST_PENDING)
        return;
    if (s->head->len - at < 2 || s->head->str[at] != '<' || s->head->str[at + 1] == '\0') {
        give(s, FAULT_FORM, "expected XML in UTF-8, without a byte order mark");
        return;
    }
    g_autoptr(GString) head = g_steal_pointer(&s->head);
    make_parser(s);
    feed(s, head->str, head->len);
}

/* ---- the second pass ---- */

struct source {
    struct unpack *unpack;
    GError *error;
};

static int read_source(void *user, char *buffer, int size)
{
    struct source *source = user;
    ssize_t n = unpack_read(source->unpack, buffer, (size_t)size, &source->error);

    return n < 0 ? -1 : (int)n;
}

static struct unpack *unpack_of(const struct reading_request *request)
{
    return unpack_new(request->fd, request->pack, request->stem, request->stem_len, request->unpack);
}

/* libxml2's canonical form says what it refuses to standard error, which a cell may not write to. */
#if LIBXML_VERSION >= 21200
static void ignore_error(void *user, const xmlError *error)
#else
static void ignore_error(void *user, xmlErrorPtr error)
#endif
{
    (void)user, (void)error;
}

static enum reading_state verify(struct signing *s, GError **error)
{
    struct source source = {.unpack = unpack_of(&s->request)};
    xmlSetStructuredErrorFunc(NULL, ignore_error); /* of this thread */
    xmlDocPtr document =
        xmlReadIO(read_source, NULL, &source, NULL, NULL, OPTIONS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    char *fault = NULL;
    bool good = source.error == NULL;

    if (!good)
        g_propagate_error(error, source.error);
    else if (document == NULL)
        fault = g_strdup("the file takes more memory than there is to verify a signature within it; sign it with a "
                         "file beside it, or send it in parts");
    else
        good = xml_signature_verify(document, &s->request, &fault, error);
    xmlFreeDoc(document);
    unpack_free(source.unpack);
    xmlSetStructuredErrorFunc(NULL, NULL);
    if (fault != NULL)
        give(s, FAULT_SIGNATURE, "%s", fault);
    g_free(fault);
    return !good ? READING_FAILED : s->faulty ? READING_CUT : READING_WHOLE;
}

/* The text has ended. */
static enum reading_state conclude(struct signing *s, GError **error)
{
    s->ended = true;
    if (s->head != NULL)
        give(s, FAULT_EMPTY, "expected XML, found nothing");
    else
        (void)xmlParseChunk(s->parser, NULL, 0, 1); /* as in feed */
    if (!s->faulty && !s->root_closed)
        give(s, FAULT_TRUNCATED, "the text ends before its root element does");
    if (s->signatures > 0 && (s->fed > XML_SIGNATURE_MAX_BYTES || s->nodes > XML_SIGNATURE_MAX_NODES))
        give(s, FAULT_SIGNATURE,
             "the file is too large for a signature within: it has %" PRIu64 " bytes, unpacked, and %" PRIu64
             " parts (elements, attributes, texts); expected at most %d and %d; send it in smaller files",
             s->fed, s->nodes, XML_SIGNATURE_MAX_BYTES, XML_SIGNATURE_MAX_NODES);
    if (s->faulty)
        return READING_CUT;
    return s->signatures > 0 ? verify(s, error) : READING_WHOLE;
}

/* ---- the reading ---- */

static enum reading_state step(struct reading *reading, GError **error)
{
    struct signing *s = (struct signing *)reading;
    ssize_t n = unpack_read(s->unpack, s->piece, sizeof s->piece, error);

    reading->packed = unpack_packed_bytes_read(s->unpack);
    if (n == 0)
        return conclude(s, error);
    if (n == UNPACK_REFUSED) {
        const struct fault *fault = unpack_fault(s->unpack);
        give(s, fault->kind, "%s", fault->text);
    } else if (n < 0) {
        return READING_FAILED;
    } else if (s->head != NULL) {
        begin(s, s->piece, (size_t)n);
    } else {
        feed(s, s->piece, (size_t)n);
    }
    return s->faulty ? READING_CUT : READING_MORE;
}

static void stop(struct reading *reading)
{
    (void)reading; /* it goes in steps, and takes no further one */
}

static void close_signing(struct reading *reading)
{
    struct signing *s = (struct signing *)reading;

    xmlFreeParserCtxt(s->parser);
    if (s->head != NULL)
        g_string_free(s->head, TRUE);
    unpack_free(s->unpack);
    g_free(s);
}

static const struct reading_calls signing_calls = {step, stop, close_signing};

struct reading *xml_signature_open(const struct reading_request *request)
{
    struct signing *s = g_new0(struct signing, 1);

    s->reading.calls = &signing_calls;
    s->request = *request;
    s->unpack = unpack_of(request);
    s->head = g_string_new(NULL);
    return &s->reading;
}
