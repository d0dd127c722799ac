/*
 * What is wrong with an element, an attribute or a text, and whether it is read all the same.
 *
 * One mistake in a file gives one fault, so that a sender reads a list of mistakes and not of their consequences. Where
 * an unknown element stands in the place of a required one, the latter is most likely meant and is not missed again.
 */
#include "formats/xml/xml_reader_private.h"

#include "formats/profile.h"
#include "formats/text.h"
#include "formats/xml/xml_signature.h"

#include <string.h>

enum { MAX_SHOWN = 64 }; /* characters of a name in a fault's text */

static char *shown(const xmlChar *name)
{
    return text_escape((const char *)name, strlen((const char *)name), MAX_SHOWN);
}

/* A fault without text: of the record that is open, or of none. field and value may be NULL. */
static struct fault new_fault(const struct xml *x, enum fault_kind kind, struct place at, const char *field,
                              const xmlChar *value)
{
    bool in_record = x->depth >= x->record_depth && x->levels[x->record_depth].container == &x->record.top;

    return (struct fault){.kind = kind,
                          .at = at,
                          .ordinal = in_record ? x->ordinal : 0,
                          .field = field,
                          .value = (const char *)value,
                          .value_len = value ? strlen((const char *)value) : 0};
}

static void give(struct xml *x, struct fault *fault, const char *expected, const char *found)
{
    reader_fault_with(x->reader, fault, "expected %s, found %s", expected, found);
}

/* --- The end of the reading ------------------------------------------------------------------------ */

void xml_stop(struct xml *x, enum fault_kind kind, struct place at, const char *text)
{
    struct fault fault = new_fault(x, kind, at, NULL, NULL);

    if (!x->stopped)
        reader_fault_with(x->reader, &fault, "%s", text);
    x->stopped = true;
}

void xml_stop_truncated(struct xml *x)
{
    g_autofree char *element = x->depth > 0 ? shown(x->open[x->depth]) : g_strdup(x->root.element);
    struct fault fault = new_fault(x, FAULT_TRUNCATED, xml_place_at(x, x->filled), element, NULL);

    reader_fault_with(x->reader, &fault, "expected %s%s, found the end of the text",
                      x->depth > 0 ? "the end of " : "the root element ", element);
    x->stopped = true;
}

/* --- Elements ------------------------------------------------------------------------------------- */

/* Index of the first required child from begin to end that was not there and has given no fault; the container's n if
 * there is none. */
static size_t first_missing(const struct xml_level *level, size_t begin, size_t end)
{
    uint32_t missing = level->container->required & ~level->seen & ~level->absence_known;

    while (begin < end && !(missing & 1u << begin))
        begin++;
    return begin < end ? begin : level->container->n;
}

void xml_fault_missing(struct xml *x, const struct xml_level *level)
{
    const struct xml_container *c = level->container;
    g_autofree char *found = g_strdup_printf("the end of %s", c->element);

    for (size_t i = 0; (i = first_missing(level, i, c->n)) < c->n; i++) {
        const char *name = (const char *)c->names[i];
        struct fault fault = new_fault(x, FAULT_ELEMENT, xml_place_at(x, xml_tag_index(x)), name, NULL);

        give(x, &fault, name, found);
    }
}

void xml_fault_child_of_field(struct xml *x, const xmlChar *name, struct place at)
{
    g_autofree char *field = shown(name);
    struct fault fault = new_fault(x, FAULT_ELEMENT, at, field, name);

    give(x, &fault, "text", "an element");
}

static bool is_signature(const xmlChar *name, const xmlChar *uri)
{
    return uri && strcmp((const char *)uri, XML_SIGNATURE_NAMESPACE) == 0 &&
           strcmp((const char *)name, XML_SIGNATURE_ELEMENT) == 0;
}

/* Gives the fault of an element that the container does not know. Most likely the child that comes next is meant. */
static void fault_unknown(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri,
                          struct place at)
{
    const struct xml_container *c = level->container;
    size_t due = first_missing(level, level->next, c->n);
    g_autofree char *field = shown(name), *found = NULL, *end = NULL;
    struct fault fault = new_fault(x, FAULT_ELEMENT, at, field, name);

    if (due == c->n && level->next < c->n)
        due = level->next;
    end = g_strdup_printf("the end of %s", c->element);
    found = g_strdup_printf("%s%s", field,
                            is_signature(name, uri) ? " (a signature within a file is read only from senders whose "
                                                      "setting signature_form allows it, and once)"
                            : uri == x->namespace   ? ""
                                                    : " of another namespace");
    give(x, &fault, due < c->n ? (const char *)c->names[due] : end, found);
    if (due < c->n) {
        level->absence_known |= 1u << due;
        level->may_be_late |= 1u << due;
    }
}

/* A known child that stands after a later one. A fault of the later one may have said so. */
static void take_late(struct xml *x, struct xml_level *level, size_t i, struct place at)
{
    const struct xml_container *c = level->container;
    const char *name = (const char *)c->names[i];
    size_t due = first_missing(level, level->next, c->n);
    g_autofree char *end = g_strdup_printf("the end of %s", c->element);
    struct fault fault = new_fault(x, FAULT_ELEMENT, at, name, c->names[i]);

    if (!(level->may_be_late & 1u << i))
        give(x, &fault, due < c->n ? (const char *)c->names[due] : end, name);
}

/* A known child that comes although a required one before it has not been there. */
static void take_early(struct xml *x, struct xml_level *level, size_t i, struct place at)
{
    const struct xml_container *c = level->container;
    size_t due = first_missing(level, level->next, i);

    if (due < c->n) {
        const char *missing = (const char *)c->names[due];
        struct fault fault = new_fault(x, FAULT_ELEMENT, at, missing, NULL);

        give(x, &fault, missing, (const char *)c->names[i]);
        level->absence_known |= 1u << due;
        for (size_t k = level->next; k < i; k++)
            level->may_be_late |= 1u << k;
    }
    level->next = i + 1;
}

static void fault_repeated(struct xml *x, const xmlChar *name, struct place at)
{
    g_autofree char *once = g_strdup_printf("one %s", (const char *)name);
    struct fault fault = new_fault(x, FAULT_ELEMENT, at, (const char *)name, name);

    give(x, &fault, once, "another");
}

bool xml_skips_signature(struct xml *x, const xmlChar *name, const xmlChar *uri)
{
    if (x->depth != 2 || x->signature_skipped || !reader_skips_signature(x->reader) || !is_signature(name, uri))
        return false;
    x->signature_skipped = true;
    return true;
}

size_t xml_fault_misplaced(struct xml *x, struct xml_level *level, const xmlChar *name, const xmlChar *uri,
                           struct place at)
{
    const struct xml_container *c = level->container;
    size_t i = 0;

    while (i < c->n && (c->names[i] != name || uri != x->namespace))
        i++;
    if (i == c->n) {
        fault_unknown(x, level, name, uri, at);
        return c->n;
    }
    if (level->seen & 1u << i) {
        fault_repeated(x, name, at);
        return c->n;
    }
    level->seen |= 1u << i;
    if (i < level->next)
        take_late(x, level, i, at);
    else
        take_early(x, level, i, at);
    return i;
}

/* --- The root, attributes ------------------------------------------------------------------------- */

bool xml_check_root(struct xml *x, const xmlChar *name, const xmlChar *uri, struct place at)
{
    g_autofree char *found = shown(name);

    if (strcmp(x->root.element, (const char *)name) != 0) {
        struct fault fault = new_fault(x, FAULT_ROOT, at, x->root.element, name);

        reader_fault_with(x->reader, &fault, "expected the root element %s, found %s", x->root.element, found);
        x->stopped = true;
    } else if (uri != x->our_namespace) {
        struct fault fault = new_fault(x, FAULT_ROOT, at, x->root.element, uri ? uri : (const xmlChar *)"");

        const char *namespace = x->profile->namespace;
        g_autofree char *expected = namespace ? g_strconcat("the namespace ", namespace, NULL) : NULL;
        give(x, &fault, expected ? expected : "no namespace", !uri ? "none" : namespace ? "another" : "one");
    }
    return !x->stopped;
}

static void fault_attribute(struct xml *x, const xmlChar *const *attribute, struct place at)
{
    g_autofree char *name = shown(attribute[0]);
    struct fault fault = new_fault(x, FAULT_ELEMENT, at, name, NULL);

    fault.value = (const char *)attribute[3];
    fault.value_len = (size_t)(attribute[4] - attribute[3]);
    reader_fault_with(x->reader, &fault, "expected no attribute %s here, found one", name);
}

void xml_check_attributes(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    for (; n > 0; n--, a += 5) {
        bool location = a[2] == x->xsi && (a[0] == x->schema_location || a[0] == x->no_namespace_schema_location);

        if (!location && !(x->depth == 1 && a[2] == NULL && x->schema_version && a[0] == x->schema_version))
            fault_attribute(x, a, at);
    }
}

/* The attribute is an xs:token: blanks around it are no part of it. */
static bool is_version(const struct xml *x, const char *text, size_t len)
{
    for (; len > 0 && xml_is_blank(*text); len--)
        text++;
    while (len > 0 && xml_is_blank(text[len - 1]))
        len--;
    return len == strlen(x->profile->xml_version) && memcmp(text, x->profile->xml_version, len) == 0;
}

void xml_check_version(struct xml *x, int n, const xmlChar *const *a, struct place at)
{
    struct fault fault = new_fault(x, FAULT_ROOT, at, x->profile->version_attribute, NULL);

    if (!x->schema_version)
        return;
    for (; n > 0; n--, a += 5)
        if (a[2] == NULL && a[0] == x->schema_version) {
            fault.value = (const char *)a[3];
            fault.value_len = (size_t)(a[4] - a[3]);
            break;
        }
    if (fault.value && is_version(x, fault.value, fault.value_len))
        return;
    g_autofree char *expected = g_strdup_printf("%s=\"%s\"", x->profile->version_attribute, x->profile->xml_version);
    give(x, &fault, expected, fault.value ? "another" : "none");
}

/* --- Text ----------------------------------------------------------------------------------------- */

void xml_fault_excess(struct xml *x, const struct field *f)
{
    const struct xml_container *container = x->levels[x->depth - 1].container;
    size_t i = 0;

    while (i + 1 < container->n && (container->inner[i] || container->fields[i] != (size_t)(f - x->fields)))
        i++;
    const char *name = container->columns[i];
    struct fault fault = new_fault(x, FAULT_LIMIT, f->at, name, NULL);

    fault.value = f->text;
    fault.value_len = f->len;
    reader_fault_with(x->reader, &fault, "expected at most %zu characters, found %zu", x->max_chars,
                      text_characters(f->text, f->len) + x->excess);
}

void xml_fault_stray(struct xml *x, const char *text, size_t len)
{
    const char *element = x->levels[x->depth].container->element;
    struct fault fault = new_fault(x, FAULT_ELEMENT, xml_place_of_text(x, text), element, NULL);

    fault.value = text;
    fault.value_len = len;
    x->stray = true;
    reader_fault_with(x->reader, &fault, "expected elements in %s, found text", element);
}
