/*
 * The two ways through XML: with the scan of plain records, and by libxml2 alone. Files of every type that arrives in
 * XML, and of a layout with groups, are changed at random and by each byte; both ways must give the same, with the same
 * places. The files have several blocks of the reader, so that the ways change within them.
 */
#include "formats/profile.h"
#include "formats/xml/xml_reader_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#include "tests/unit/both_ways.h"

enum { CHANGES = 4, MAX_ROWS = 250, WITHIN = 17 };
/* A sanitizer sees what code does, not how often: files, and each so many-th place of a record. */
#ifdef __SANITIZE_ADDRESS__
enum { LARGE_FILES = 30, EVERY = 23 };
#else
enum { LARGE_FILES = 150, EVERY = 5 };
#endif

/* What is put into files: what the scan must leave to libxml2, or must read as libxml2 does. */
static const char *const snippets[] = {
    "<!-- <Device> -->",
    "<![CDATA[x]]>",
    "<?p?>",
    "&amp;",
    "&#65;",
    "&x;",
    "<b/>",
    "<Device>",
    "</Device>",
    "</Devices>",
    " a=\"b\"",
    "\r\n",
    "\t\n  ",
    "<Device/>",
    "]]>",
    "<!DOCTYPE a>",
    "\xc3\xa9",
    "\xef\xbb\xbf",
    "\xff",
    "xmlns=\"u\"",
    "<x:Device>",
    " xmlns:x=\"urn:y\"",
    "<Attempt/>",
    "<Attempt />",
    "<",
    ">",
    "/",
    "\n",
    "                                                                 ",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN",
};

/* ---- files ---- */

/* Writes the columns from *i on that stand below the path of so many bytes. */
static void add_columns(GString *out, const struct layout_record *layout, size_t *i, const char *path, size_t len)
{
    while (*i < layout->n_columns && strncmp(layout_path(&layout->columns[*i]), path, len) == 0) {
        const struct layout_column *column = &layout->columns[*i];
        const char *name = layout_path(column) + len, *slash = strchr(name, '/');

        if (slash != NULL) {
            size_t deeper = (size_t)(slash + 1 - layout_path(column));
            g_string_append_printf(out, "\n  <%.*s>", (int)(slash - name), name);
            add_columns(out, layout, i, layout_path(column), deeper);
            g_string_append_printf(out, "\n  </%.*s>", (int)(slash - name), name);
            continue;
        }
        if (column->required || random_below(3) > 0)
            g_string_append_printf(out, "\n      <%s>%x</%s>", name, random_below(1u << 31), name);
        ++*i;
    }
}

static void add_record(GString *out, const struct layout_record *layout)
{
    size_t i = 0;

    if (layout->element == NULL)
        return;
    g_string_append_printf(out, "\n    <%s>", layout->element);
    add_columns(out, layout, &i, "", 0);
    g_string_append_printf(out, "\n    </%s>", layout->element);
}

static GString *make_file(const struct file_type *type, size_t rows)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

    g_string_append_printf(out, "<%s", type->root);
    if (type->profile->namespace != NULL)
        g_string_append_printf(out, " xmlns=\"%s\" schemaVersion=\"1.0\"", type->profile->namespace);
    g_string_append_c(out, '>');
    add_record(out, type->header);
    if (type->rows_element != NULL)
        g_string_append_printf(out, "\n  <%s>", type->rows_element);
    for (size_t i = 0; i < rows; i++)
        add_record(out, type->record);
    if (type->rows_element != NULL)
        g_string_append_printf(out, "\n  </%s>", type->rows_element);
    g_string_append_printf(out, "\n</%s>\n", type->root);
    return out;
}

/* A layout without namespace and header; the first columns stand in groups, one of which may be missing. */
struct other {
    struct profile profile;
    struct file_type type;
    struct layout_record header, record;
    struct layout_column columns[LAYOUT_MAX_COLUMNS];
};

static const struct file_type *make_other(struct other *other)
{
    static const enum fact facts[HEADER_FIELDS];
    static const char *const paths[] = {"Row/Identity/Number", "Row/Identity/Device", "Row/Kind", "Made/By"};
    const struct file_type *type = profile_type(profile_builtin(), "EMI", 3);

    other->profile = *type->profile;
    other->type = *type;
    other->record = *type->record;
    other->header = (struct layout_record){.n_fields = HEADER_FIELDS, .fields = facts};
    for (size_t i = 0; i < other->record.n_columns; i++) {
        other->columns[i] = type->record->columns[i];
        other->columns[i].required = i != 3 && other->columns[i].required;
        other->columns[i].xml = i < G_N_ELEMENTS(paths) ? paths[i] : NULL;
    }
    other->record.columns = other->columns;
    other->profile.namespace = other->profile.version_attribute = other->profile.xml_version = NULL;
    other->type.profile = &other->profile;
    other->type.header = &other->header;
    other->type.record = &other->record;
    other->type.rows_element = other->type.count_element = NULL;
    return &other->type;
}

static void for_each_type(void (*visit)(const struct file_type *type))
{
    const struct profile *profile = profile_builtin();
    struct other other;

    for (size_t i = 0; i < profile->n_types; i++)
        if (profile->types[i].inbound && profile->types[i].root != NULL)
            visit(&profile->types[i]);
    visit(make_other(&other));
}

/* ---- tests ---- */

static void change_large(const struct file_type *type)
{
    for (size_t i = 0; i < LARGE_FILES; i++) {
        GString *text = make_file(type, random_below(MAX_ROWS));
        uint32_t changes = random_below(CHANGES);

        if (i % 3 == 0)
            g_string_replace(text, "\n", "\r\n", 0);
        if (i % 3 == 1)
            g_string_replace(text, "\n", "\n\n", 0);
        for (uint32_t n = 0; n < changes; n++)
            change(text, snippets, G_N_ELEMENTS(snippets));
        assert_same(FORM_XML, type, text);
        g_string_free(text, TRUE);
    }
}

static void test_xml_scan__changed_files__as_libxml2_reads_them(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(change_large);
}

/* Each byte at each place of the second record. */
static void change_bytes(const struct file_type *type)
{
    GString *text = make_file(type, 3);
    const char *record = strstr(strstr(text->str, "<Device>") + 1, "<Device>");
    size_t begin = (size_t)(record - text->str), end = (size_t)(strstr(record, "</Device>") - text->str) + WITHIN;

    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t i = begin - 1 + byte % EVERY; i < end; i += EVERY) {
            char kept = text->str[i];
            text->str[i] = (char)byte;
            assert_same(FORM_XML, type, text);
            text->str[i] = kept;
        }
    g_string_free(text, TRUE);
}

static void test_xml_scan__each_byte__as_libxml2_reads_it(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(change_bytes);
}

static void cut(const struct file_type *type)
{
    GString *text = make_file(type, 4);

    while (text->len > 0) {
        g_string_truncate(text, text->len - 1);
        assert_same(FORM_XML, type, text);
    }
    g_string_free(text, TRUE);
}

static void test_xml_scan__cut_at_each_byte__as_libxml2_reads_it(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(cut);
}

/* Whether the scan reads the text behind so many blocks. */
static bool scans(const struct file_type *type, const GString *text)
{
    GString *out = g_string_new(NULL);
    const struct reader_limits limits = {MAX_RECORDS};
    const struct reader_sink sink = {out, on_record, on_record, on_count, on_fault};
    struct reader *reader = reader_new(FORM_XML, type, &limits, &sink);
    struct xml *xml = reader_form_xml.open(reader, type);

    assert_true(reader_form_xml.push(xml, text->str, text->len / XML_BLOCK * XML_BLOCK));
    bool runs = xml->scan.runs;
    reader_form_xml.close(xml);
    reader_free(reader);
    g_string_free(out, TRUE);
    return runs;
}

static void scan_plain(const struct file_type *type)
{
    GString *text = make_file(type, MAX_ROWS), *odd = g_string_new_len(text->str, (gssize)text->len);

    assert_true(text->len > 2 * XML_BLOCK);
    assert_true(scans(type, text));
    g_string_insert(odd, strstr(odd->str, "<Device>") - odd->str, "<!-- odd -->"); /* in the first block alone */
    assert_true(scans(type, odd));
    g_string_replace(odd, "\n", "\r\n", 0);
    assert_true(scans(type, odd));
    g_string_replace(odd, "\r\n", "\r", 0);
    assert_false(scans(type, odd));
    g_string_free(text, TRUE);
    g_string_free(odd, TRUE);
}

static void test_xml_scan__plain_file__is_scanned(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(scan_plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_scan__plain_file__is_scanned),
        cmocka_unit_test(test_xml_scan__each_byte__as_libxml2_reads_it),
        cmocka_unit_test(test_xml_scan__cut_at_each_byte__as_libxml2_reads_it),
        cmocka_unit_test(test_xml_scan__changed_files__as_libxml2_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
