/*
 * Compares the elements and texts that the parser reports with the layout. The frame is data: containers (root, header,
 * rows, record, and groups of fields), each a list of the children that it may have, made from the layout when the
 * reader is opened. A layout may have no Header, no element around the rows, and no count.
 *
 * These functions run for each element and text of a file, so they are written for speed: names are compared as
 * pointers to the parser's copies, fields are collected in one array, nothing is allocated per element, and what a good
 * file never needs stands in xml_reader_faults.c.
 *
 * Text of a Header field is read without the blanks around it; a Device's field is read as it stands (xs:string).
 */
#include "formats/xml/xml_reader_private.h"

#include "formats/profile.h"
#include "formats/text.h"

#include <string.h>

enum {
    MAX_ATTRIBUTES = 32, /* of one tag, with namespaces: the parser compares each with all others */
};

#define XSI_NAMESPACE "http://www.w3.org/2001/XMLSchema-instance"

/* --- Elements between their siblings --------------------------------------------------------------- */

/* Index of the child where it may stand here: it is the next one, or only optional ones are left out before it. Else
 * the container's n. */
static inline size_t find_allowed(const struct xml *x, const struct xml_level *level, const xmlChar *name,
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

/* --- Opening and closing -------------------------------------------------------------------------- */

static void open_container(struct xml *x, const struct xml_container *container)
{
    x->levels[x->depth] = (struct xml_level){.container = container};
}

static void open_record(struct xml *x, const struct xml_container *container, size_t max_chars, struct place at)
{
    open_container(x, container);
    memset(x->fields, 0, sizeof x->fields); /* they still hold the record before */
    x->incomplete = false;
    x->text_len = 0;
    x->max_chars = max_chars;
    x->at = at;
}

/* The child i of a known container begins: a field, or a container. */
static inline void enter(struct xml *x, size_t i, struct place at)
{
    const struct xml_container *parent = x->levels[x->depth - 1].container, *inner = parent->inner[i];

    if (!inner) {
        x->field = &x->fields[parent->fields[i]];
        *x->field = (struct field){.text = x->text + x->text_len, .at = at};
        x->excess = x->excess_blanks = 0;
    } else if (inner == &x->record.top) {
        open_record(x, inner, LAYOUT_FIELD_MAX_CHARS, at);
        x->ordinal = reader_count_record(x->reader, at);
        x->stopped = x->ordinal == 0;
    } else if (inner == &x->header.top) {
        open_record(x, inner, LAYOUT_HEADER_MAX_CHARS, at);
    } else {
        open_container(x, inner);
    }
}

/* A layout without Header has one all the same: none of its facts stands in the file. */
XML_COLD static void give_empty_header(struct xml *x, struct place at)
{
    const struct record record = {.at = at, .n_fields = x->header.top.n_fields, .fields = x->fields};

    memset(x->fields, 0, sizeof x->fields);
    reader_emit_header(x->reader, &record);
}

XML_COLD static bool open_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at)
{
    open_container(x, &x->root);
    x->namespace = uri;
    if (!xml_check_root(x, name, uri, at))
        return false;
    if (!x->header.top.element)
        give_empty_header(x, at);
    return true;
}

/* A child of a known container: the usual case. Returns its place. */
static inline struct place start_child(struct xml *x, const xmlChar *name, const xmlChar *uri)
{
    struct xml_level *level = &x->levels[x->depth - 1];
    const struct xml_container *c = level->container;
    size_t i = find_allowed(x, level, name, uri);
    struct place at = xml_place_of_tag(x, i < c->n ? c->lengths[i] : 0);

    if (i == c->n && xml_skips_signature(x, name, uri)) {
        x->skip = x->depth;
        return at;
    }
    if (i < c->n) {
        level->seen |= 1u << i;
        level->next = i + (i != c->repeated);
    } else {
        i = xml_fault_misplaced(x, level, name, uri, at);
    }
    if (i < c->n)
        enter(x, i, at);
    else
        x->skip = x->depth;
    return at;
}

/* Parameters: libxml2's startElementNs. */
void xml_frame_on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                        const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    struct xml *x = user;
    const xmlChar *const *a = (const xmlChar *const *)attributes;
    struct place at = {0, 0};

    (void)namespaces, (void)n_defaulted; /* libxml2's signature */
    if (x->stopped)
        return;
    x->stray = false;
    if (x->text_ended) { /* 2.9.14 reports the tag although the text ends within it */
        xml_stop_truncated(x);
        return;
    }
    if (++x->depth > XML_MAX_DEPTH) {
        xml_stop(x, FAULT_LIMIT, xml_place_of_tag(x, 0), "expected at most 32 elements in each other, found more");
        return;
    }
    x->open[x->depth] = name;
    if (x->depth < x->record_depth && (prefix != NULL || (x->depth > 1 && n_namespaces > 0)))
        x->scan.foreign = true;
    if (n_attributes + n_namespaces > MAX_ATTRIBUTES)
        xml_stop(x, FAULT_LIMIT, xml_place_of_tag(x, 0), "expected at most 32 attributes in a tag, found more");
    if (x->skip || x->stopped)
        return;
    if (x->depth == 1) {
        at = xml_place_of_tag(x, 0);
        if (open_root(x, name, uri, at))
            xml_check_version(x, n_attributes, a, at);
    } else if (x->field) {
        xml_fault_child_of_field(x, name, xml_place_of_tag(x, 0));
        x->skip = x->depth;
    } else {
        at = start_child(x, name, uri);
    }
    if (n_attributes > 0 && !x->skip && !x->stopped)
        xml_check_attributes(x, n_attributes, a, at);
}

/* True when the open field, or the field just closed, is one of the Header. */
static bool in_header(const struct xml *x)
{
    return x->max_chars == LAYOUT_HEADER_MAX_CHARS;
}

static inline void close_field(struct xml *x)
{
    struct field *f = x->field;

    x->field = NULL;
    while (in_header(x) && f->len > 0 && xml_is_blank(f->text[f->len - 1]))
        f->len--;
    if (x->excess > 0)
        xml_fault_excess(x, f);
}

/* Gives the Header to the sink, and apart from it the number of records, which is the Header's last child. */
XML_COLD static void emit_header(struct xml *x)
{
    const struct record record = {.at = x->at, .n_fields = x->header.top.n_fields, .fields = x->fields};
    const struct field count = x->fields[XML_COUNT_FIELD];

    reader_emit_header(x->reader, &record);
    if (count.text)
        reader_emit_count(x->reader, &count);
}

static void close_container(struct xml *x)
{
    const struct xml_level *level = &x->levels[x->depth];
    const struct xml_container *c = level->container;
    uint32_t missing = c->required & ~level->seen;
    struct record record = {.ordinal = x->ordinal, .at = x->at, .n_fields = c->n_fields, .fields = x->fields};

    if (missing) {
        xml_fault_missing(x, level);
        x->incomplete = true;
    }
    if (c == &x->record.top) {
        if (!x->incomplete)
            reader_emit_record(x->reader, &record);
    } else if (c == &x->header.top) {
        emit_header(x);
    }
    x->root_closed = c == &x->root;
    x->levels[x->depth].container = NULL;
}

void xml_frame_on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml *x = user;

    (void)name, (void)prefix, (void)uri; /* libxml2's signature */
    if (x->stopped)
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

/* Appends text that may not fit: takes what does, character by character, and counts the rest for the fault. Blanks at
 * the end of a Header field are no part of it, so they count only when other characters follow. */
XML_COLD static void append_near_limit(struct xml *x, const char *text, size_t len)
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

void xml_frame_on_text(void *user, const xmlChar *data, int length)
{
    struct xml *x = user;
    const char *text = (const char *)data;
    size_t len = (size_t)length;

    if (x->stopped || x->skip)
        return;
    if (x->field) {
        append(x, text, len);
        return;
    }
    for (; len > 0 && xml_is_blank(*text); text++)
        len--;
    if (len > 0 && !x->stray && x->depth > 0)
        xml_fault_stray(x, text, len);
}

void xml_frame_on_cdata(void *user, const xmlChar *data, int length)
{
    /* From here on the parser's columns cannot be trusted: within such a section 2.9.14 counts bytes. */
    ((struct xml *)user)->count_places = true;
    xml_frame_on_text(user, data, length);
}

/* --- Names ----------------------------------------------------------------------------------------- */

/* Adds a child after those that are there. Returns its index. */
static size_t add(struct xml *x, struct xml_container *c, const char *name, size_t len, bool required)
{
    g_autofree char *text = g_strndup(name, len);

    c->names[c->n] = xml_parser_intern(x->parser, text);
    c->lengths[c->n] = len;
    c->required |= (required ? 1u : 0u) << c->n;
    return c->n++;
}

static void add_container(struct xml *x, struct xml_container *c, const struct xml_container *inner, bool required)
{
    size_t i = add(x, c, inner->element, strlen(inner->element), required);

    c->inner[i] = inner;
}

/* The group of that name in c, made where it is not there yet. It is required where one of its fields is. */
static struct xml_container *find_group(struct xml *x, struct xml_tree *tree, struct xml_container *c, const char *name,
                                        size_t len)
{
    size_t i = 0;

    while (i < c->n &&
           (!c->inner[i] || strlen(c->inner[i]->element) != len || memcmp(c->inner[i]->element, name, len) != 0))
        i++;
    if (i == c->n) {
        struct xml_container *group = &tree->groups[tree->n_groups++];

        add(x, c, name, len, false);
        *group = (struct xml_container){.element = (const char *)c->names[i], .repeated = XML_MAX_CHILDREN};
        c->inner[i] = group;
    }
    return (struct xml_container *)c->inner[i];
}

/* Adds the field of a column at the end of its path. */
static void add_column(struct xml *x, struct xml_tree *tree, const struct layout_record *layout, size_t column)
{
    const char *path = layout_path(&layout->columns[column]), *slash;
    bool required = layout->columns[column].required;
    struct xml_container *c = &tree->top;

    for (; (slash = strchr(path, '/')); path = slash + 1) {
        struct xml_container *group = find_group(x, tree, c, path, (size_t)(slash - path));

        for (size_t i = 0; required && i < c->n; i++)
            c->required |= (c->inner[i] == group ? 1u : 0u) << i;
        c = group;
    }
    size_t i = add(x, c, path, strlen(path), required);
    c->fields[i] = layout_field_of(layout, column);
    c->columns[i] = layout->columns[column].name;
}

static void fill(struct xml *x, struct xml_tree *tree, const struct layout_record *layout)
{
    tree->top.element = layout->element;
    tree->top.n_fields = layout->n_fields + layout->n_kept;
    tree->top.repeated = XML_MAX_CHILDREN;
    for (size_t i = 0; i < layout->n_columns && layout->element; i++)
        add_column(x, tree, layout, i);
}

/* The count is the Header's last child. */
static void add_count(struct xml *x, const char *name)
{
    struct xml_container *header = &x->header.top;
    size_t i = add(x, header, name, strlen(name), true);

    header->fields[i] = XML_COUNT_FIELD;
    header->columns[i] = name;
}

void xml_frame_fill(struct xml *x, const struct file_type *type)
{
    struct xml_container *holder = type->rows_element ? &x->rows : &x->root;

    x->profile = type->profile;
    fill(x, &x->header, type->header);
    fill(x, &x->record, type->record);
    if (type->header->element && type->count_element)
        add_count(x, type->count_element);
    x->root.element = type->root;
    x->root.repeated = x->rows.repeated = XML_MAX_CHILDREN;
    if (type->header->element)
        add_container(x, &x->root, &x->header.top, true);
    x->rows.element = type->rows_element;
    if (type->rows_element)
        add_container(x, &x->root, &x->rows, true);
    holder->repeated = holder->n;
    add_container(x, holder, &x->record.top, false); /* that there is one is for a rule to say (B306) */
    x->record_depth = type->rows_element ? 3 : 2;
    x->our_namespace = type->profile->namespace ? xml_parser_intern(x->parser, type->profile->namespace) : NULL;
    x->xsi = xml_parser_intern(x->parser, XSI_NAMESPACE);
    x->schema_location = xml_parser_intern(x->parser, "schemaLocation");
    x->no_namespace_schema_location = xml_parser_intern(x->parser, "noNamespaceSchemaLocation");
    if (type->profile->version_attribute)
        x->schema_version = xml_parser_intern(x->parser, type->profile->version_attribute);
}
