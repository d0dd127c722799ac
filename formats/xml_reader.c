/*
 * XML as it streams by, through libxml2's push parser. Bytes are gathered into blocks of one size, so
 * that the size of the pieces makes no difference; a block is checked for UTF-8, parsed, and kept for as
 * long as the parser holds any of it back, because places are looked up in it (window, place_of).
 *
 * The frame is data: four containers made from the layout (root, header, rows, record), each a list of
 * names. Names are compared as pointers into the parser's dictionary. Nothing is allocated per element.
 */
#include "formats/reader_private.h"
#include "formats/text.h"

#include <glib.h>
#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

enum {
    BLOCK = 32 * 1024,
    MAX_PENDING = 128 * 1024, /* of one tag, comment, instruction or CDATA section */
    MAX_DEPTH = 32,
    MAX_NAMES = 16 * 1024, /* different ones: the parser's dictionary is slow beyond that */
    MAX_ATTRIBUTES = 32,   /* of one tag, with namespaces: the parser compares each with all others */
    LEVELS = 3,            /* of elements that hold elements: root, rows, record */
    MAX_CHILDREN = LAYOUT_MAX_COLUMNS + 1,
    MAX_PLACE = 2147000000, /* the parser counts in int, a block at a time */
    MAX_SHOWN = 64,         /* characters of a name in a message */
    MAX_MESSAGE = 256,      /* characters of the parser's own */
    /* A record of as many fields as any has; the Header and its count need less. */
    TEXT_BYTES = LAYOUT_MAX_COLUMNS * LAYOUT_FIELD_MAX_CHARS * READER_MAX_CHARACTER_BYTES,
};
_Static_assert(MAX_CHILDREN <= 32, "bits of a set");
_Static_assert((HEADER_COLUMNS + 1) * READER_HEADER_MAX_CHARS * READER_MAX_CHARACTER_BYTES <= TEXT_BYTES, "TEXT_BYTES");

#define XSI_NAMESPACE "http://www.w3.org/2001/XMLSchema-instance"
#define DOCTYPE "<!DOCTYPE"

/* An element that holds elements. Bit i of a set stands for names[i]. */
struct container {
    const char *element;
    size_t n;
    const xmlChar *names[MAX_CHILDREN];
    size_t lengths[MAX_CHILDREN];
    uint32_t required;
};

struct level {
    const struct container *container;
    size_t next;       /* the child that is due */
    uint32_t seen;     /* children that were there */
    uint32_t reported; /* children whose absence was reported: one slip, one fault */
    uint32_t passed;   /* children that another came before, which was reported: they may come late */
};

struct xml {
    struct reader *reader;
    xmlParserCtxtPtr parser;
    struct container root, header, rows, record;
    const xmlChar *our_namespace, *namespace; /* as it should be; as the root has it */
    const xmlChar *xsi, *schema_location, *no_namespace_schema_location, *schema_version;

    struct level levels[LEVELS + 1]; /* by depth; 0 is not used */
    size_t depth;
    size_t skip;         /* depth of the unknown element that is being skipped, or 0 */
    struct field *field; /* the open one, or NULL */
    bool dead;           /* nothing further can be read */
    bool stray;          /* text between elements was reported, up to the next tag */
    bool root_closed, ending;

    uint32_t ordinal;
    struct place at; /* of the record or Header */
    struct field fields[MAX_CHILDREN];
    size_t text_len, max_chars, excess, excess_blanks;
    char text[TEXT_BYTES];

    /* Bytes window_at … of the text: those that the parser holds back or is parsing, up to fed, and
     * those still to be fed, up to filled. mark is a known place in it. */
    size_t window_at, fed, filled;
    size_t mark;
    struct place mark_at;
    bool own_places; /* the parser's columns can be wrong */
    char window[MAX_PENDING + 2 * BLOCK];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* --- Places ------------------------------------------------------------------------------------- */

/* Moves the mark on to an index of the window. Columns count characters, lines end with LF. */
static struct place place_at(struct xml *x, size_t index)
{
    const char *p = x->window + x->mark, *end, *nl;

    index = MIN(index, x->filled);
    if (index <= x->mark)
        return x->mark_at;
    end = x->window + index;
    for (; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
        x->mark_at = (struct place){x->mark_at.line + 1, 1};
    x->mark_at.column += (uint32_t)text_characters(p, (size_t)(end - p));
    x->mark = index;
    return x->mark_at;
}

/* How far the parser has come in the window. */
static size_t consumed(const struct xml *x)
{
    const xmlParserInput *input = x->parser->input;
    size_t offset = (size_t)input->consumed + (size_t)(input->cur - input->base);

    return offset > x->window_at ? MIN(offset - x->window_at, x->fed) : 0;
}

/* Index of the last '<' before end, 0 if there is none: of a tag, since attribute values cannot hold one. */
static size_t last_opening(const struct xml *x, size_t end)
{
    for (size_t i = end; i > 0; i--)
        if (x->window[i - 1] == '<')
            return i - 1;
    return 0;
}

/* Of the tag that the parser has come to the end of; the next one may follow at once. */
static size_t tag_index(const struct xml *x)
{
    return last_opening(x, consumed(x));
}

/* Index behind the markup that begins at i: the text begins there. */
static size_t markup_end(const struct xml *x, size_t i, size_t end)
{
    const char *p = x->window + i, *stop = x->window + end, *close = NULL;
    char quote = '\0';

    if (stop - p >= 4 && memcmp(p, "<!--", 4) == 0)
        close = g_strstr_len(p + 4, stop - p - 4, "-->");
    else if (stop - p >= 2 && (p[1] == '!' || p[1] == '?'))
        close = g_strstr_len(p, stop - p, p[1] == '!' ? "]]>" : "?>");
    if (close)
        return (size_t)(strchr(close, '>') + 1 - x->window);
    for (; p < stop; p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? '\0' : *p;
        else if (!quote && *p == '>')
            return (size_t)(p + 1 - x->window);
    }
    return i;
}

/* Of a start tag whose name is len bytes of ASCII. Nearly always there is nothing else in it, and the
 * parser's position is right behind. len 0: not known. */
static inline struct place place_of_tag(struct xml *x, size_t len)
{
    const xmlParserInput *input = x->parser->input;

    if (len > 0 && !x->own_places && input->cur - input->base > (ptrdiff_t)len &&
        input->cur[-(ptrdiff_t)len - 1] == '<')
        return (struct place){(uint32_t)input->line, (uint32_t)input->col - (uint32_t)len - 1};
    return place_at(x, tag_index(x));
}

/* Of text that the parser has handed over. What it had to decode (characters, references) is a copy:
 * then it is the first character behind the last tag that is not blank. A '>' may stand in text, too. */
static struct place place_of_text(struct xml *x, const char *text)
{
    const xmlParserInput *input = x->parser->input;
    size_t end = consumed(x), i;

    if ((const xmlChar *)text >= input->base && (const xmlChar *)text < input->end)
        return place_at(x, (size_t)((ptrdiff_t)end + ((const xmlChar *)text - input->cur)));
    i = last_opening(x, end);
    if (i < end && x->window[i] == '<')
        i = markup_end(x, i, end);
    while (i < end && is_blank(x->window[i]))
        i++;
    return place_at(x, i);
}

/* --- Faults ------------------------------------------------------------------------------------- */

static char *shown(const xmlChar *name)
{
    return text_escape((const char *)name, strlen((const char *)name), MAX_SHOWN);
}

static uint32_t ordinal_here(const struct xml *x)
{
    return x->depth >= LEVELS && x->levels[LEVELS].container == &x->record ? x->ordinal : 0;
}

static void die(struct xml *x, enum fault_kind kind, struct place at, const char *text)
{
    struct fault fault = {.kind = kind, .at = at, .ordinal = ordinal_here(x)};

    if (!x->dead)
        reader_fault_with(x->reader, &fault, "%s", text);
    x->dead = true;
}

/* FAULT_ELEMENT about the element named, or about the one found where none is named. */
static void element_fault(struct xml *x, struct place at, const char *field, const xmlChar *value, const char *expected,
                          const char *found)
{
    struct fault fault = {.kind = FAULT_ELEMENT,
                          .at = at,
                          .ordinal = ordinal_here(x),
                          .field = field,
                          .value = (const char *)value,
                          .value_len = value ? strlen((const char *)value) : 0};

    reader_fault_with(x->reader, &fault, "expected %s, found %s", expected, found);
}

/* First required child that is due and was not reported, container->n if there is none. */
static size_t first_missing(const struct level *level, size_t begin, size_t end)
{
    uint32_t missing = level->container->required & ~level->seen & ~level->reported;

    while (begin < end && !(missing & 1u << begin))
        begin++;
    return begin < end ? begin : level->container->n;
}

static void report_missing(struct xml *x, const struct level *level)
{
    const struct container *c = level->container;
    g_autofree char *found = g_strdup_printf("the end of %s", c->element);

    for (size_t i = 0; (i = first_missing(level, i, c->n)) < c->n; i++)
        element_fault(x, place_at(x, tag_index(x)), (const char *)c->names[i], NULL, (const char *)c->names[i], found);
}

static void die_of_end(struct xml *x)
{
    const xmlChar *name = x->depth > 0 ? x->parser->name : NULL;
    g_autofree char *element = name ? shown(name) : g_strdup(x->root.element);
    struct fault fault = {
        .kind = FAULT_TRUNCATED, .at = place_at(x, x->filled), .ordinal = ordinal_here(x), .field = element};

    reader_fault_with(x->reader, &fault, "expected %s%s, found the end of the text",
                      x->depth > 0 ? "the end of " : "the root element ", element);
    x->dead = true;
}

/* --- Elements between their siblings --------------------------------------------------------------- */

static void report_child_of_field(struct xml *x, const xmlChar *name, struct place at)
{
    g_autofree char *found = shown(name);

    element_fault(x, at, found, name, "text", "an element");
}

/* An element that has no business here. What was due counts as reported: most likely it is meant. */
static void report_unknown(struct xml *x, struct level *level, const xmlChar *name, const xmlChar *uri, struct place at)
{
    const struct container *c = level->container;
    size_t due = first_missing(level, level->next, c->n);
    g_autofree char *found = shown(name), *found_at = NULL, *end = NULL;

    if (due == c->n && level->next < c->n)
        due = level->next;
    end = g_strdup_printf("the end of %s", c->element);
    found_at = g_strdup_printf("%s%s", found, uri == x->namespace ? "" : " of another namespace");
    element_fault(x, at, found, name, due < c->n ? (const char *)c->names[due] : end, found_at);
    if (due < c->n) {
        level->reported |= 1u << due;
        level->passed |= 1u << due;
    }
}

/* A known element that is not the next one: repeated, late, or some before it were left out. */
static bool accept_out_of_turn(struct xml *x, struct level *level, size_t i, struct place at)
{
    const struct container *c = level->container;
    const char *name = (const char *)c->names[i];
    g_autofree char *end = g_strdup_printf("the end of %s", c->element);
    size_t due = first_missing(level, level->next, i > level->next ? i : c->n);

    if (level->seen & 1u << i) {
        g_autofree char *once = g_strdup_printf("one %s", name);

        element_fault(x, at, name, c->names[i], once, "another");
        return false;
    }
    level->seen |= 1u << i;
    if (i < level->next) {
        if (!(level->passed & 1u << i))
            element_fault(x, at, name, c->names[i], due < c->n ? (const char *)c->names[due] : end, name);
        return true;
    }
    if (due < c->n) {
        element_fault(x, at, (const char *)c->names[due], NULL, (const char *)c->names[due], name);
        level->reported |= 1u << due;
        for (size_t k = level->next; k < i; k++)
            level->passed |= 1u << k;
    }
    level->next = i + 1;
    return true;
}

/* Index of the child where it may stand here, else the container's n. */
static inline size_t find_due(const struct xml *x, const struct level *level, const xmlChar *name, const xmlChar *uri)
{
    const struct container *c = level->container;

    if (uri == x->namespace)
        for (size_t i = level->next; i < c->n; i++) {
            if (c->names[i] == name)
                return i;
            if (c->required & 1u << i)
                break;
        }
    return c->n;
}

/* Index of a child that may not stand here but is taken all the same, else the container's n. */
static size_t accept_slip(struct xml *x, struct level *level, const xmlChar *name, const xmlChar *uri, struct place at)
{
    const struct container *c = level->container;
    size_t i = 0;

    while (i < c->n && (c->names[i] != name || uri != x->namespace))
        i++;
    if (i == c->n)
        report_unknown(x, level, name, uri, at);
    else if (!accept_out_of_turn(x, level, i, at))
        i = c->n;
    return i;
}

/* --- Opening and closing -------------------------------------------------------------------------- */

static void open_container(struct xml *x, const struct container *container)
{
    x->levels[x->depth] = (struct level){.container = container};
}

static void open_record(struct xml *x, const struct container *container, size_t max_chars, struct place at)
{
    open_container(x, container);
    x->text_len = 0;
    x->max_chars = max_chars;
    x->at = at;
}

/* The child i of a known container begins. */
static inline void enter(struct xml *x, size_t i, struct place at)
{
    const struct container *parent = x->levels[x->depth - 1].container;

    if (parent == &x->record || parent == &x->header) {
        x->field = &x->fields[i];
        *x->field = (struct field){.text = x->text + x->text_len, .at = at};
        x->excess = x->excess_blanks = 0;
    } else if (parent == &x->rows) {
        open_record(x, &x->record, LAYOUT_FIELD_MAX_CHARS, at);
        x->ordinal = reader_count_record(x->reader, at);
        x->dead = x->ordinal == 0;
    } else if (i == 0) {
        open_record(x, &x->header, READER_HEADER_MAX_CHARS, at);
    } else {
        open_container(x, &x->rows);
    }
}

static void attribute_fault(struct xml *x, const xmlChar *const *attribute, struct place at)
{
    g_autofree char *name = shown(attribute[0]);
    struct fault fault = {.kind = FAULT_ELEMENT,
                          .at = at,
                          .ordinal = ordinal_here(x),
                          .field = name,
                          .value = (const char *)attribute[3],
                          .value_len = (size_t)(attribute[4] - attribute[3])};

    reader_fault_with(x->reader, &fault, "expected no attribute %s here, found one", name);
}

/* SAX2 attributes come in fives: name, prefix, namespace, value, end of the value. */
static void check_attributes(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    for (; n > 0; n--, a += 5) {
        bool location = a[2] == x->xsi && (a[0] == x->schema_location || a[0] == x->no_namespace_schema_location);

        if (!location && !(x->depth == 1 && a[2] == NULL && a[0] == x->schema_version))
            attribute_fault(x, a, at);
    }
}

static void check_version(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    struct fault fault = {.kind = FAULT_ROOT, .at = at, .field = "schemaVersion"};

    for (; n > 0; n--, a += 5)
        if (a[2] == NULL && a[0] == x->schema_version) {
            fault.value = (const char *)a[3];
            fault.value_len = (size_t)(a[4] - a[3]);
            break;
        }
    if (fault.value && fault.value_len == strlen(LAYOUT_VERSION) &&
        memcmp(fault.value, LAYOUT_VERSION, fault.value_len) == 0)
        return;
    reader_fault_with(x->reader, &fault, "expected schemaVersion=\"" LAYOUT_VERSION "\", found %s",
                      fault.value ? "another" : "none");
}

static bool open_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at)
{
    struct fault fault = {.kind = FAULT_ROOT, .at = at, .field = x->root.element};
    g_autofree char *found = shown(name);

    open_container(x, &x->root);
    x->namespace = uri;
    if (strcmp(x->root.element, (const char *)name) != 0) {
        fault.value = (const char *)name;
        fault.value_len = strlen(fault.value);
        reader_fault_with(x->reader, &fault, "expected the root element %s, found %s", x->root.element, found);
        x->dead = true;
    } else if (uri != x->our_namespace) {
        fault.value = uri ? (const char *)uri : "";
        fault.value_len = strlen(fault.value);
        reader_fault_with(x->reader, &fault, "expected the namespace %s, found %s", LAYOUT_NAMESPACE,
                          uri ? "another" : "none");
    }
    return !x->dead;
}

/* A child of a known container: the usual case. */
static inline struct place start_child(struct xml *x, const xmlChar *name, const xmlChar *uri)
{
    struct level *level = &x->levels[x->depth - 1];
    const struct container *c = level->container;
    size_t i = find_due(x, level, name, uri);
    struct place at = place_of_tag(x, i < c->n ? c->lengths[i] : 0);

    if (i < c->n) {
        level->seen |= 1u << i;
        level->next = i + (c != &x->rows);
    } else {
        i = accept_slip(x, level, name, uri, at);
    }
    if (i < c->n)
        enter(x, i, at);
    else
        x->skip = x->depth;
    return at;
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                     const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    struct xml *x = user;
    const xmlChar *const *a = (const xmlChar *const *)attributes;
    struct place at = {0, 0};

    (void)prefix, (void)namespaces, (void)n_defaulted; /* libxml2's signature */
    if (x->dead)
        return;
    x->stray = false;
    if (x->ending) { /* what is left then is no whole tag */
        die_of_end(x);
        return;
    }
    if (++x->depth > MAX_DEPTH)
        die(x, FAULT_LIMIT, place_of_tag(x, 0), "expected at most 32 elements in each other, found more");
    if (n_attributes + n_namespaces > MAX_ATTRIBUTES)
        die(x, FAULT_LIMIT, place_of_tag(x, 0), "expected at most 32 attributes in a tag, found more");
    if (x->skip || x->dead)
        return;
    if (x->depth == 1) {
        at = place_of_tag(x, 0);
        if (open_root(x, name, uri, at))
            check_version(x, n_attributes, a, at);
    } else if (x->field) {
        report_child_of_field(x, name, place_of_tag(x, 0));
        x->skip = x->depth;
    } else {
        at = start_child(x, name, uri);
    }
    if (n_attributes > 0 && !x->skip && !x->dead)
        check_attributes(x, n_attributes, a, at);
}

static bool in_header(const struct xml *x)
{
    return x->max_chars == READER_HEADER_MAX_CHARS;
}

static inline void close_field(struct xml *x)
{
    struct field *f = x->field;

    x->field = NULL;
    while (in_header(x) && f->len > 0 && is_blank(f->text[f->len - 1]))
        f->len--;
    if (x->excess > 0) {
        struct fault fault = {.kind = FAULT_LIMIT,
                              .at = f->at,
                              .ordinal = ordinal_here(x),
                              .field = (const char *)x->levels[x->depth - 1].container->names[f - x->fields],
                              .value = f->text,
                              .value_len = f->len};

        reader_fault_with(x->reader, &fault, "expected at most %zu characters, found %zu", x->max_chars,
                          text_characters(f->text, f->len) + x->excess);
    }
}

/* The container's last child is the count, which is no field of the header. */
static void emit_header(struct xml *x)
{
    const struct record record = {.at = x->at, .n_fields = HEADER_COLUMNS, .fields = x->fields};
    const struct field count = x->fields[x->header.n - 1];

    for (size_t i = x->header.n - 1; i < HEADER_COLUMNS; i++)
        x->fields[i] = (struct field){0};
    reader_emit_header(x->reader, &record);
    if (count.text)
        reader_emit_count(x->reader, &count);
}

static void close_container(struct xml *x)
{
    const struct level *level = &x->levels[x->depth];
    const struct container *c = level->container;
    uint32_t missing = c->required & ~level->seen;
    struct record record = {.ordinal = x->ordinal, .at = x->at, .n_fields = c->n, .fields = x->fields};

    if (missing)
        report_missing(x, level);
    for (size_t i = 0; i < c->n; i++) /* what the record before left there */
        if (!(level->seen & 1u << i))
            x->fields[i] = (struct field){0};
    if (c == &x->record) {
        if (!missing)
            reader_emit_record(x->reader, &record);
    } else if (c == &x->header) {
        emit_header(x);
    }
    x->root_closed = c == &x->root;
    x->levels[x->depth].container = NULL;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml *x = user;

    (void)name, (void)prefix, (void)uri; /* libxml2's signature */
    if (x->dead)
        return;
    x->stray = false;
    if (x->skip)
        x->skip = x->skip == x->depth ? 0 : x->skip;
    else if (x->field)
        close_field(x);
    else
        close_container(x);
    x->depth--;
}

/* --- Text ----------------------------------------------------------------------------------------- */

/* Text that may not fit: takes what does, character by character, and counts the rest. Blanks at the
 * end of a Header field are no part of it. */
static void append_near_limit(struct xml *x, const char *text, size_t len)
{
    struct field *f = x->field;
    size_t chars = text_characters(f->text, f->len), i = 0;

    for (; i < len; i++) {
        bool begins = (text[i] & 0xc0) != 0x80;

        if (begins && chars == x->max_chars)
            break;
        chars += begins;
        x->text[x->text_len++] = text[i];
        f->len++;
    }
    for (; i < len; i++) {
        if (in_header(x) && is_blank(text[i])) {
            x->excess_blanks++;
        } else if ((text[i] & 0xc0) != 0x80) {
            x->excess += x->excess_blanks + 1;
            x->excess_blanks = 0;
        }
    }
}

static inline void append(struct xml *x, const char *text, size_t len)
{
    struct field *f = x->field;

    if (in_header(x))
        for (; f->len == 0 && len > 0 && is_blank(*text); text++)
            len--;
    if (f->len + len > x->max_chars) {
        append_near_limit(x, text, len);
        return;
    }
    memcpy(x->text + x->text_len, text, len);
    x->text_len += len;
    f->len += len;
}

static void report_stray(struct xml *x, const char *text, size_t len)
{
    struct fault fault = {.kind = FAULT_ELEMENT,
                          .at = place_of_text(x, text),
                          .ordinal = ordinal_here(x),
                          .field = x->levels[x->depth].container->element,
                          .value = text,
                          .value_len = len};

    x->stray = true;
    reader_fault_with(x->reader, &fault, "expected elements in %s, found text", fault.field);
}

static void on_text(void *user, const xmlChar *data, int length)
{
    struct xml *x = user;
    const char *text = (const char *)data;
    size_t len = (size_t)length;

    if (x->dead || x->skip)
        return;
    if (x->field) {
        append(x, text, len);
        return;
    }
    for (; len > 0 && is_blank(*text); text++)
        len--;
    if (len > 0 && !x->stray && x->depth > 0)
        report_stray(x, text, len);
}

static void on_cdata(void *user, const xmlChar *data, int length)
{
    /* Behind such a section the parser's columns have counted bytes. */
    ((struct xml *)user)->own_places = true;
    on_text(user, data, length);
}

/* --- The document ------------------------------------------------------------------------------------ */

static bool says(const char *text, size_t len, const char *name)
{
    return len == strlen(name) && g_ascii_strncasecmp(text, name, len) == 0;
}

/* The parser was told to ignore the declared encoding, which it would switch to; it has checked the
 * declaration's grammar by now, and no part before the encoding can hold that word. */
static void on_start_document(void *user)
{
    struct xml *x = user;
    size_t end = consumed(x);
    const char *p = g_strstr_len(x->window, (gssize)end, "encoding"), *close;

    if (!p || strncmp(x->window, "<?xml", 5) != 0 || x->dead)
        return;
    p += strlen("encoding");
    while (*p != '"' && *p != '\'')
        p++;
    close = memchr(p + 1, *p, (size_t)(x->window + end - p - 1));
    if (!close || says(p + 1, (size_t)(close - p - 1), "UTF-8") || says(p + 1, (size_t)(close - p - 1), "US-ASCII"))
        return;
    struct fault fault = {.kind = FAULT_ENCODING,
                          .at = place_at(x, (size_t)(p + 1 - x->window)),
                          .field = "encoding",
                          .value = p + 1,
                          .value_len = (size_t)(close - p - 1)};
    reader_fault_with(x->reader, &fault, "expected the encoding UTF-8, found another declared");
    x->dead = true;
}

static void die_of_doctype(struct xml *x, size_t index)
{
    die(x, FAULT_DOCTYPE, place_at(x, index), "expected no document type declaration, found one");
}

/* Called before the subset is read, so that nothing in it is looked at. */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    struct xml *x = user;
    size_t i = consumed(x);

    (void)name, (void)public_id, (void)system_id; /* libxml2's signature */
    while (i > 0 && strncmp(x->window + i, DOCTYPE, strlen(DOCTYPE)) != 0)
        i--;
    die_of_doctype(x, i);
    xmlStopParser(x->parser);
}

#if LIBXML_VERSION >= 21200
static void on_error(void *user, const xmlError *error)
#else
static void on_error(void *user, xmlErrorPtr error)
#endif
{
    struct xml *x = user;
    g_autofree char *message = NULL, *text = NULL;

    /* A name of a namespace may be anything: the parser only grumbles. */
    if (x->dead || error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    if (x->ending && !x->root_closed) {
        die_of_end(x);
        return;
    }
    message = g_strchomp(g_strdup(error->message ? error->message : "not well formed"));
    text = text_escape(message, strlen(message), MAX_MESSAGE);
    die(x, error->code == XML_ERR_UNDECLARED_ENTITY ? FAULT_DOCTYPE : FAULT_NOT_WELL_FORMED, place_at(x, consumed(x)),
        text);
}

/* --- Bytes ------------------------------------------------------------------------------------------ */

static xmlParserInputPtr refuse_entity(const char *url, const char *id, xmlParserCtxtPtr parser)
{
    (void)url, (void)id, (void)parser; /* libxml2's signature */
    return NULL;
}

static void fill(struct xml *x, struct container *c, const char *element, const struct layout_record *layout)
{
    c->element = element;
    for (; layout && c->n < layout->n_columns; c->n++) {
        c->names[c->n] = (const xmlChar *)layout->columns[c->n].name;
        c->required |= (layout->columns[c->n].required ? 1u : 0u) << c->n;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->names[i] = xmlDictLookup(x->parser->dict, c->names[i], -1);
        c->lengths[i] = strlen((const char *)c->names[i]);
    }
}

static void add(struct xml *x, struct container *c, const char *name, bool required)
{
    c->names[c->n] = xmlDictLookup(x->parser->dict, (const xmlChar *)name, -1);
    c->lengths[c->n] = strlen(name);
    c->required |= (required ? 1u : 0u) << c->n;
    c->n++;
}

static void fill_containers(struct xml *x, const struct file_type *type)
{
    xmlDictPtr dict = x->parser->dict;

    fill(x, &x->header, type->header->element, type->header);
    add(x, &x->header, type->count_element, true);
    fill(x, &x->record, type->record->element, type->record);
    fill(x, &x->rows, type->rows_element, NULL);
    add(x, &x->rows, type->record->element, false); /* that there is one is a rule, not the frame */
    fill(x, &x->root, type->root, NULL);
    add(x, &x->root, type->header->element, true);
    add(x, &x->root, type->rows_element, true);
    x->our_namespace = xmlDictLookup(dict, (const xmlChar *)LAYOUT_NAMESPACE, -1);
    x->xsi = xmlDictLookup(dict, (const xmlChar *)XSI_NAMESPACE, -1);
    x->schema_location = xmlDictLookup(dict, (const xmlChar *)"schemaLocation", -1);
    x->no_namespace_schema_location = xmlDictLookup(dict, (const xmlChar *)"noNamespaceSchemaLocation", -1);
    x->schema_version = xmlDictLookup(dict, (const xmlChar *)"schemaVersion", -1);
}

static void *xml_open(struct reader *reader, const struct file_type *type)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startDocument = on_start_document,
                         .internalSubset = on_doctype,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text, /* the same: spares the parser a search */
                         .cdataBlock = on_cdata,
                         .serror = on_error};
    struct xml *x = g_malloc(sizeof *x);

    memset(x, 0, offsetof(struct xml, window));
    x->reader = reader;
    x->mark_at = (struct place){1, 1};
    xmlInitParser();
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
    xmlSetExternalEntityLoader(refuse_entity);
    x->parser = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
    if (!x->parser)
        g_error("out of memory");
    xmlCtxtUseOptions(x->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    fill_containers(x, type);
    return x;
}

/* Drops what the parser is done with; what it holds back may not grow without end. */
static void settle(struct xml *x)
{
    size_t done = consumed(x), pending = x->fed - done;
    const char *p = x->window + done;

    if (x->own_places) {
        (void)place_at(x, done); /* sets the mark */
    } else {
        x->mark_at = (struct place){(uint32_t)x->parser->input->line, (uint32_t)x->parser->input->col};
        x->mark = done;
    }
    if (pending > MAX_PENDING && memcmp(p, DOCTYPE, strlen(DOCTYPE)) == 0)
        die_of_doctype(x, done);
    else if (pending > MAX_PENDING)
        die(x, FAULT_LIMIT, x->mark_at,
            "expected a tag, comment, instruction or CDATA section of at most 128 KiB, found a longer one");
    else if (x->parser->input->line > MAX_PLACE || x->parser->input->col > MAX_PLACE)
        die(x, FAULT_LIMIT, x->mark_at, "expected at most 2,147,000,000 lines and characters in a line, found more");
    else if (xmlDictSize(x->parser->dict) > MAX_NAMES)
        die(x, FAULT_LIMIT, x->mark_at, "expected at most 16,384 different names of elements, found more");
    memmove(x->window, p, x->filled - done);
    x->mark -= done;
    x->window_at += done;
    x->fed -= done;
    x->filled -= done;
}

/* A lone '&': the parser would wait for its ';' until the end of the text. */
static bool is_bare_ampersand(const struct xml *x)
{
    const char *p = x->window;

    if (x->fed == 0 || *p != '&')
        return false;
    for (size_t i = 1; i < x->fed; i++)
        if (p[i] == '<' || p[i] == '&' || p[i] == '"' || is_blank(p[i]))
            return true;
    return false;
}

/* Parses what has been gathered, as far as it is UTF-8. */
static void feed(struct xml *x)
{
    const char *data = x->window + x->fed;
    size_t have = x->filled - x->fed, valid = text_valid_prefix(data, have);
    bool bad = valid < have && !text_is_cut_character(data + valid, have - valid);

    x->fed += valid;
    xmlParseChunk(x->parser, data, (int)valid, 0); /* errors come through on_error */
    if (!x->dead)
        settle(x);
    if (!x->dead && is_bare_ampersand(x))
        xmlParseChunk(x->parser, NULL, 0, 1);
    if (!x->dead && bad)
        die(x, FAULT_ENCODING, place_at(x, x->fed),
            x->window[x->fed] == '\0' ? "expected UTF-8 text, found NUL" : "expected UTF-8, found other bytes");
}

static bool xml_push(void *state, const char *data, size_t len)
{
    struct xml *x = state;

    while (len > 0 && !x->dead && !reader_stopped(x->reader)) {
        size_t n = MIN(len, BLOCK - (x->filled - x->fed));

        memcpy(x->window + x->filled, data, n);
        x->filled += n;
        data += n;
        len -= n;
        if (x->filled - x->fed == BLOCK)
            feed(x);
    }
    return !x->dead && !reader_stopped(x->reader);
}

static void xml_finish(void *state)
{
    struct xml *x = state;

    if (!x->dead)
        feed(x);
    if (!x->dead && x->fed >= strlen(DOCTYPE) && memcmp(x->window, DOCTYPE, strlen(DOCTYPE)) == 0)
        die_of_doctype(x, 0);
    x->ending = true;
    if (!x->dead)
        xmlParseChunk(x->parser, NULL, 0, 1);
    if (!x->dead && !x->root_closed)
        die_of_end(x);
    if (x->fed < x->filled)
        die(x, FAULT_ENCODING, place_at(x, x->fed), "expected UTF-8, found a character cut off by the end");
    if (x->dead)
        reader_stop(x->reader);
}

static void xml_close(void *state)
{
    struct xml *x = state;

    xmlFreeParserCtxt(x->parser);
    g_free(x);
}

const struct reader_form reader_form_xml = {xml_open, xml_push, xml_finish, xml_close};
