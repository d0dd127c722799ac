/*
 * The frame is data: four containers made from the layout (root, header, rows, record), each a list of names. Names are
 * compared as pointers into the parser's dictionary. Nothing is allocated per element.
 */
#include "formats/text.h"
#include "formats/xml_reader_private.h"

#include <string.h>

enum {
    MAX_DEPTH = 32,
    MAX_ATTRIBUTES = 32, /* of one tag, with namespaces: the parser compares each with all others */
    MAX_SHOWN = 64,      /* characters of a name in a message */
};

#define XSI_NAMESPACE "http://www.w3.org/2001/XMLSchema-instance"

/* --- Faults ------------------------------------------------------------------------------------- */

static char *shown(const xmlChar *name)
{
    return text_escape((const char *)name, strlen((const char *)name), MAX_SHOWN);
}

static uint32_t ordinal_here(const struct xml *x)
{
    return x->depth >= XML_LEVELS && x->levels[XML_LEVELS].container == &x->record ? x->ordinal : 0;
}

void xml_die(struct xml *x, enum fault_kind kind, struct place at, const char *text)
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
static size_t first_missing(const struct xml_level *level, size_t begin, size_t end)
{
    uint32_t missing = level->container->required & ~level->seen & ~level->reported;

    while (begin < end && !(missing & 1u << begin))
        begin++;
    return begin < end ? begin : level->container->n;
}

XML_OFF_THE_WAY static void report_missing(struct xml *x, const struct xml_level *level)
{
    const struct xml_container *c = level->container;
    g_autofree char *found = g_strdup_printf("the end of %s", c->element);

    for (size_t i = 0; (i = first_missing(level, i, c->n)) < c->n; i++)
        element_fault(x, xml_place_at(x, xml_tag_index(x)), (const char *)c->names[i], NULL, (const char *)c->names[i],
                      found);
}

void xml_die_of_end(struct xml *x)
{
    const xmlChar *name = x->depth > 0 ? x->parser->name : NULL;
    g_autofree char *element = name ? shown(name) : g_strdup(x->root.element);
    struct fault fault = {
        .kind = FAULT_TRUNCATED, .at = xml_place_at(x, x->filled), .ordinal = ordinal_here(x), .field = element};

    reader_fault_with(x->reader, &fault, "expected %s%s, found the end of the text",
                      x->depth > 0 ? "the end of " : "the root element ", element);
    x->dead = true;
}

/* --- Elements between their siblings --------------------------------------------------------------- */

XML_OFF_THE_WAY static void report_child_of_field(struct xml *x, const xmlChar *name, struct place at)
{
    g_autofree char *found = shown(name);

    element_fault(x, at, found, name, "text", "an element");
}

/* An element that has no business here. What was due counts as reported: most likely it is meant. */
static void report_unknown(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri,
                           struct place at)
{
    const struct xml_container *c = level->container;
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
static bool accept_out_of_turn(struct xml *x, struct xml_level *level, size_t i, struct place at)
{
    const struct xml_container *c = level->container;
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
static inline size_t find_due(const struct xml *x, const struct xml_level *level, const xmlChar *name,
                              const xmlChar *uri)
{
    const struct xml_container *c = level->container;

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
XML_OFF_THE_WAY static size_t accept_slip(struct xml *x, struct xml_level *level, const xmlChar *name,
                                          const xmlChar *uri, struct place at)
{
    const struct xml_container *c = level->container;
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

static void open_container(struct xml *x, const struct xml_container *container)
{
    x->levels[x->depth] = (struct xml_level){.container = container};
}

static void open_record(struct xml *x, const struct xml_container *container, size_t max_chars, struct place at)
{
    open_container(x, container);
    x->text_len = 0;
    x->max_chars = max_chars;
    x->at = at;
}

/* The child i of a known container begins. */
static inline void enter(struct xml *x, size_t i, struct place at)
{
    const struct xml_container *parent = x->levels[x->depth - 1].container;

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
XML_OFF_THE_WAY static void check_attributes(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    for (; n > 0; n--, a += 5) {
        bool location = a[2] == x->xsi && (a[0] == x->schema_location || a[0] == x->no_namespace_schema_location);

        if (!location && !(x->depth == 1 && a[2] == NULL && a[0] == x->schema_version))
            attribute_fault(x, a, at);
    }
}

XML_OFF_THE_WAY static void check_version(struct xml *x, int n, const xmlChar *const *a, struct place at)
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

XML_OFF_THE_WAY static bool open_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at)
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
    struct xml_level *level = &x->levels[x->depth - 1];
    const struct xml_container *c = level->container;
    size_t i = find_due(x, level, name, uri);
    struct place at = xml_place_of_tag(x, i < c->n ? c->lengths[i] : 0);

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

void xml_frame_on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
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
        xml_die_of_end(x);
        return;
    }
    if (++x->depth > MAX_DEPTH)
        xml_die(x, FAULT_LIMIT, xml_place_of_tag(x, 0), "expected at most 32 elements in each other, found more");
    if (n_attributes + n_namespaces > MAX_ATTRIBUTES)
        xml_die(x, FAULT_LIMIT, xml_place_of_tag(x, 0), "expected at most 32 attributes in a tag, found more");
    if (x->skip || x->dead)
        return;
    if (x->depth == 1) {
        at = xml_place_of_tag(x, 0);
        if (open_root(x, name, uri, at))
            check_version(x, n_attributes, a, at);
    } else if (x->field) {
        report_child_of_field(x, name, xml_place_of_tag(x, 0));
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

XML_OFF_THE_WAY static void report_excess(struct xml *x, const struct field *f)
{
    struct fault fault = {.kind = FAULT_LIMIT,
                          .at = f->at,
                          .ordinal = ordinal_here(x),
                          .field = (const char *)x->levels[x->depth - 1].container->names[f - x->fields],
                          .value = f->text,
                          .value_len = f->len};

    reader_fault_with(x->reader, &fault, "expected at most %zu characters, found %zu", x->max_chars,
                      text_characters(f->text, f->len) + x->excess);
}

static inline void close_field(struct xml *x)
{
    struct field *f = x->field;

    x->field = NULL;
    while (in_header(x) && f->len > 0 && xml_is_blank(f->text[f->len - 1]))
        f->len--;
    if (x->excess > 0)
        report_excess(x, f);
}

/* The container's last child is the count, which is no field of the header. */
XML_OFF_THE_WAY static void emit_header(struct xml *x)
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
    const struct xml_level *level = &x->levels[x->depth];
    const struct xml_container *c = level->container;
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

void xml_frame_on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
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
XML_OFF_THE_WAY static void append_near_limit(struct xml *x, const char *text, size_t len)
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
        if (in_header(x) && xml_is_blank(text[i])) {
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
        for (; f->len == 0 && len > 0 && xml_is_blank(*text); text++)
            len--;
    if (f->len + len > x->max_chars) {
        append_near_limit(x, text, len);
        return;
    }
    memcpy(x->text + x->text_len, text, len);
    x->text_len += len;
    f->len += len;
}

XML_OFF_THE_WAY static void report_stray(struct xml *x, const char *text, size_t len)
{
    struct fault fault = {.kind = FAULT_ELEMENT,
                          .at = xml_place_of_text(x, text),
                          .ordinal = ordinal_here(x),
                          .field = x->levels[x->depth].container->element,
                          .value = text,
                          .value_len = len};

    x->stray = true;
    reader_fault_with(x->reader, &fault, "expected elements in %s, found text", fault.field);
}

void xml_frame_on_text(void *user, const xmlChar *data, int length)
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
    for (; len > 0 && xml_is_blank(*text); text++)
        len--;
    if (len > 0 && !x->stray && x->depth > 0)
        report_stray(x, text, len);
}

void xml_frame_on_cdata(void *user, const xmlChar *data, int length)
{
    /* Behind such a section the parser's columns have counted bytes. */
    ((struct xml *)user)->own_places = true;
    xml_frame_on_text(user, data, length);
}

/* --- Names ----------------------------------------------------------------------------------------- */

static void fill(struct xml *x, struct xml_container *c, const char *element, const struct layout_record *layout)
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

static void add(struct xml *x, struct xml_container *c, const char *name, bool required)
{
    c->names[c->n] = xmlDictLookup(x->parser->dict, (const xmlChar *)name, -1);
    c->lengths[c->n] = strlen(name);
    c->required |= (required ? 1u : 0u) << c->n;
    c->n++;
}

void xml_frame_fill(struct xml *x, const struct file_type *type)
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
