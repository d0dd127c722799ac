/*
 * Fuzz target: any bytes as XML of the type that they name. Beside what reading.h asserts:
 * - each place is that of the tag that is meant,
 * - the fields of a good document are those that a parser which reads it as a whole finds,
 * - FAULT_NOT_WELL_FORMED is given only for what that parser refuses,
 * - padding that moves the borders of the reader's blocks changes nothing,
 * - what the scan reads of it (xml_reader_scan.c) is what libxml2 reads.
 */
#include "tests/fuzz/reading.h"
#include "formats/profile.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = 32 * 1024, LONG_BYTES = 16384 };

/* --- Places --------------------------------------------------------------------------------- */

/* True where a tag of that name, with any prefix, stands at the offset. opening: "<" or "</". */
static bool is_tag(const struct document *d, size_t at, const char *opening, const char *name)
{
    size_t end;

    if (at + strlen(opening) > d->len || memcmp(d->text + at, opening, strlen(opening)) != 0)
        return false;
    at += strlen(opening);
    end = at;
    while (end < d->len && (g_ascii_isalnum(d->text[end]) || strchr(".-_:", d->text[end]) || d->text[end] & 0x80))
        end++;
    for (size_t colon = at; colon < end; colon++)
        if (d->text[colon] == ':')
            at = colon + 1;
    return end - at == strlen(name) && memcmp(d->text + at, name, end - at) == 0;
}

/* True where the tag there is empty: "<a/>". */
static bool is_empty(const struct document *d, size_t at)
{
    char quote = '\0';

    for (; at < d->len && (quote || d->text[at] != '>'); at++)
        if (quote ? d->text[at] == quote : d->text[at] == '"' || d->text[at] == '\'')
            quote = quote ? '\0' : d->text[at];
    return at < d->len && d->text[at - 1] == '/';
}

static bool is_tag_at(const struct reading *reading, struct place at, const char *opening, const char *name)
{
    return is_tag(reading->document, document_offset(reading->document, at), opening, name);
}

static void check_record(const struct reading *reading, const struct layout_record *layout, const struct record *record)
{
    g_assert(is_tag_at(reading, record->at, "<", layout->element));
    for (size_t i = 0; i < layout->n_columns; i++)
        g_assert(!record->fields[i].text || is_tag_at(reading, record->fields[i].at, "<", layout->columns[i].name));
}

static void check_count(const struct reading *reading, const struct field *declared)
{
    g_assert(is_tag_at(reading, declared->at, "<", "DeviceCount"));
}

/* What a text of the form "expected …, found NAME" has found; "" for any other text. */
static const char *found_in(const struct fault *fault)
{
    const char *found = strstr(fault->text, ", found ");

    return found ? found + strlen(", found ") : "";
}

static void check_element_fault(const struct reading *reading, const struct fault *fault)
{
    const struct document *d = reading->document;
    size_t at = document_offset(d, fault->at);
    const char *found = found_in(fault);

    if (strcmp(found, "text") == 0) { /* a reference or a CDATA section may stand there too */
        g_assert(at < d->len && !g_ascii_isspace(d->text[at]) &&
                 (d->text[at] != '<' || (d->len - at > 9 && memcmp(d->text + at, "<![CDATA[", 9) == 0)));
        return;
    }
    g_assert(at < d->len && d->text[at] == '<');
    if (g_str_has_prefix(found, "the end of ")) {
        const char *container = found + strlen("the end of ");
        g_assert(is_tag(d, at, "</", container) || (is_tag(d, at, "<", container) && is_empty(d, at)));
    } else if (strcmp(found, "another") == 0 || strcmp(found, "an element") == 0) {
        g_assert(is_tag(d, at, "<", fault->field) || strstr(fault->field, "…"));
    }
}

static void check_fault(const struct reading *reading, const struct fault *fault)
{
    const struct document *d = reading->document;
    size_t at = document_offset(d, fault->at);

    if (fault->kind == FAULT_ELEMENT)
        check_element_fault(reading, fault);
    else if (fault->kind == FAULT_ROOT)
        g_assert(at < d->len && d->text[at] == '<');
    else if (fault->kind == FAULT_DOCTYPE && strstr(fault->text, "document type"))
        g_assert(d->len - at >= 9 && memcmp(d->text + at, "<!DOCTYPE", 9) == 0);
    else if (fault->kind == FAULT_TRUNCATED)
        g_assert(at == d->len);
}

/* --- The document as a whole ---------------------------------------------------------------- */

static xmlNode *next_element(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* Asserts that the texts of the node's children are those that the reader gave from *i on. Those of a Header are given
 * without the blanks around them. */
static void check_fields(const struct reading *reading, guint *i, xmlNode *node, const struct layout_record *layout)
{
    xmlNode *child = next_element(node->children);

    for (size_t k = 0; k < layout->n_columns; k++, (*i)++) {
        const char *given = reading->texts->pdata[*i];
        bool there = child && strcmp((const char *)child->name, layout->columns[k].name) == 0;
        xmlChar *content = there ? xmlNodeGetContent(child) : NULL;

        if (content && layout->letter == 'H') {
            char *text = (char *)content, *begin = text + strspn(text, " \t\r\n");
            size_t len = strlen(begin);
            while (len > 0 && strchr(" \t\r\n", begin[len - 1]))
                begin[--len] = '\0';
            g_assert_cmpstr(given, ==, begin);
        } else {
            g_assert_cmpstr(given, ==, (const char *)content);
        }
        xmlFree(content);
        if (there)
            child = next_element(child->next);
    }
}

static void check_content(const struct reading *reading, xmlDoc *tree)
{
    xmlNode *root = xmlDocGetRootElement(tree), *header = next_element(root->children);
    xmlNode *rows = next_element(header->next);
    guint i = 0;

    g_assert(strcmp((const char *)root->ns->href, profile_builtin()->namespace) == 0);
    check_fields(reading, &i, header, reading->type->header);
    for (xmlNode *row = next_element(rows->children); row; row = next_element(row->next))
        check_fields(reading, &i, row, reading->type->record);
    g_assert(i == reading->texts->len);
}

/* Not for long faulty documents: libxml2 goes on to find an error in each byte of a run of "<". */
static void compare_with_tree(const struct reading *reading)
{
    const struct document *d = reading->document;
    const unsigned not_well_formed = 1u << FAULT_NOT_WELL_FORMED | 1u << FAULT_TRUNCATED;
    size_t mark = g_array_index(d->lines, size_t, 0);
    xmlParserCtxtPtr parser;
    xmlDoc *tree;
    bool good;

    if (d->len > LONG_BYTES && reading->faults > 0)
        return;
    parser = xmlNewParserCtxt();
    tree = xmlCtxtReadMemory(parser, d->len ? d->text + mark : "", (int)(d->len - mark), NULL, "UTF-8",
                             XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    good = parser->wellFormed && parser->nsWellFormed && tree;

    if (reading->faults == 0 && !reading->stopped) {
        g_assert(good);
        check_content(reading, tree);
    }
    g_assert(!(good && reading->kinds & not_well_formed));
    xmlFreeDoc(tree);
    xmlFreeParserCtxt(parser);
}

/* --- Blocks ----------------------------------------------------------------------------------- */

/* Offset at which white space may be put: behind the XML declaration, or at the beginning. */
static size_t pad_offset(const struct document *d)
{
    const char *end =
        d->len > 5 && memcmp(d->text, "<?xml", 5) == 0 ? g_strstr_len(d->text, (gssize)d->len, "?>") : NULL;

    return end ? (size_t)(end - d->text) + 2 : 0;
}

/* Of two faults that would each end the reading, the borders of blocks decide which one is found first. All that comes
 * before it must be the same. */
static void assert_same_but_end(const struct reading *one, const struct reading *other)
{
    const struct reading *both[] = {one, other};
    gsize len = G_MAXSIZE;

    for (size_t i = 0; i < G_N_ELEMENTS(both); i++)
        len = MIN(len, both[i]->ends->len < 2 ? 0 : g_array_index(both[i]->ends, gsize, both[i]->ends->len - 2));
    g_assert(!one->whole && !other->whole && memcmp(one->events->str, other->events->str, len) == 0);
}

/* Reads the document behind a line of blanks, as many as put the border of a block into the document. */
static void compare_padded(const struct reading *reading)
{
    const struct document *d = reading->document;
    struct reading_options options = {.form = FORM_XML, .pad_at = {1, 1}};
    size_t at = pad_offset(d);
    uint32_t state = d->hash;
    struct document *padded;
    struct reading *other, *parsed;
    GString *text;
    size_t blanks;

    if (d->len - at < 16 || d->text[0] != '<' || d->len > BLOCK || (at == 0 && d->text[1] == '?'))
        return;
    for (size_t i = 0; i < at; i++) {
        options.pad_at.column += ((unsigned char)d->text[i] & 0xc0) != 0x80;
        if (d->text[i] == '\n')
            options.pad_at = (struct place){options.pad_at.line + 1, 1};
    }
    options.pad_lines = 1;
    blanks = BLOCK - at - 1 - document_random(&state) % (d->len - at);
    text = g_string_new_len(d->text, (gssize)at);
    g_string_append_printf(text, "%*s\n", (int)blanks, "");
    g_string_append_len(text, d->text + at, (gssize)(d->len - at));
    padded = document_of(text->str, text->len);
    other = reading_of(padded, &options);
    options.parse_all = true;
    parsed = reading_of(padded, &options);
    reading_assert_same(other, parsed);
    reading_free(parsed);
    if (reading->whole || other->whole)
        reading_assert_same(reading, other);
    else
        assert_same_but_end(reading, other);
    reading_free(other);
    document_free(padded);
    g_string_free(text, TRUE);
}

/* The same bytes in a layout of its own: no namespace, version, header or count; rows stand under the root, and the
 * first columns of a row in an element within another. Whatever that gives, it is sound. */
static void read_other_layout(const struct reading *reading)
{
    static const enum fact facts[HEADER_FIELDS];
    static const char *const paths[] = {"Row/Identity/Number", "Row/Identity/Device", "Row/Kind"};
    const struct layout_record header = {.n_fields = HEADER_FIELDS, .fields = facts};
    struct layout_column columns[LAYOUT_MAX_COLUMNS];
    struct layout_record record = *reading->type->record;
    struct profile profile = *reading->type->profile;
    struct file_type type = *reading->type;
    const struct reading_options options = {.form = FORM_XML, .type = &type};

    for (size_t i = 0; i < record.n_columns; i++) {
        columns[i] = record.columns[i];
        columns[i].xml = i < G_N_ELEMENTS(paths) ? paths[i] : NULL;
    }
    record.columns = columns;
    profile.namespace = profile.version_attribute = profile.xml_version = NULL;
    type.profile = &profile;
    type.header = &header;
    type.record = &record;
    type.rows_element = type.count_element = NULL;
    reading_free(reading_all_ways(reading->document, &options));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = document_new(data, size);
    const struct reading_options options = {
        .form = FORM_XML, .check_record = check_record, .check_count = check_count, .check_fault = check_fault};
    struct reading *reading = reading_all_ways(document, &options);

    compare_with_tree(reading);
    compare_padded(reading);
    read_other_layout(reading);
    reading_free(reading);
    document_free(document);
    return 0;
}
