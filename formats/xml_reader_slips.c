/* What is wrong with an element, an attribute or a text, and whether it is taken all the same. */
#include "formats/xml_reader_private.h"

#include "formats/text.h"

#include <string.h>

enum { MAX_SHOWN = 64 }; /* characters of a name in a message */

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

void xml_report_missing(struct xml *x, const struct xml_level *level)
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

/* --- Elements ------------------------------------------------------------------------------------- */

void xml_report_child_of_field(struct xml *x, const xmlChar *name, struct place at)
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

size_t xml_accept_slip(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri, struct place at)
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

/* --- The root, attributes ------------------------------------------------------------------------- */

bool xml_check_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at)
{
    struct fault fault = {.kind = FAULT_ROOT, .at = at, .field = x->root.element};
    g_autofree char *found = shown(name);

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
void xml_check_attributes(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    for (; n > 0; n--, a += 5) {
        bool location = a[2] == x->xsi && (a[0] == x->schema_location || a[0] == x->no_namespace_schema_location);

        if (!location && !(x->depth == 1 && a[2] == NULL && a[0] == x->schema_version))
            attribute_fault(x, a, at);
    }
}

void xml_check_version(struct xml *x, int n, const xmlChar *const *a, struct place at)
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

/* --- Text ----------------------------------------------------------------------------------------- */

void xml_report_excess(struct xml *x, const struct field *f)
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

void xml_report_stray(struct xml *x, const char *text, size_t len)
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
