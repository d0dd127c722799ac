/*
 * The two ways through CSV: with the scan of plain rows, and each row by the slow way. Files of every type that
 * arrives, in all frames, with other delimiters and line ends, are changed at random and by each byte; both ways must
 * give the same, with the same places.
 */
#include "formats/csv/csv_reader_private.h"
#include "formats/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#include "tests/unit/both_ways.h"

enum { CHANGES = 5, MAX_ROWS = 1200 };
/* A sanitizer sees what code does, not how often. */
#ifdef __SANITIZE_ADDRESS__
enum { FILES = 4, EVERY = 97 };
#else
enum { FILES = 20, EVERY = 17 };
#endif

/* What is put into files: what the scan must leave to the slow way, or must read as that does. */
static const char *const snippets[] = {
    "\"",
    "\"\"",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    ",\n",
    "D,",
    "T,1",
    "T,",
    "H,",
    "D",
    "\"x\"",
    ",\"x\",",
    ",\"a\"\"b\",",
    ", a, b",
    "\xc3\xa9",
    "\xff",
    "\x01",
    "\x7f",
    " ",
    "'",
    "\xef\xbb\xbf",
    "|",
    "\n\"",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL",  /* 64 */
    "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM", /* 65 */
};

/* ---- files ---- */

static const struct dialect dialects[] = {
    {',', '"', "\n", FRAME_RECORDS, true},  {',', '"', "\r\n", FRAME_RECORDS, true},
    {';', '\'', "\n", FRAME_RECORDS, true}, {'|', '"', "\n", FRAME_TITLE, false},
    {'\t', '"', "\r\n", FRAME_ROWS, false},
};

/* The type in another dialect. Below a title row and of rows alone the header has no columns. */
struct other {
    struct file_type type;
    struct layout_record header;
};

static const struct file_type *in_dialect(struct other *other, const struct file_type *type,
                                          const struct dialect *dialect)
{
    static const enum fact facts[HEADER_FIELDS];

    other->type = *type;
    other->type.dialect = dialect;
    other->header = (struct layout_record){.element = "Header", .n_fields = HEADER_FIELDS, .fields = facts};
    if (dialect->frame != FRAME_RECORDS)
        other->type.header = &other->header;
    return &other->type;
}

/* Adds the columns, last first where they shall not be in the order of the layout. titles: their names. */
static void add_columns(GString *out, const struct file_type *type, bool titles, bool turned)
{
    const struct layout_record *layout = type->record;

    for (size_t i = 0; i < layout->n_columns; i++) {
        const char *name = layout->columns[turned ? layout->n_columns - 1 - i : i].name;
        if (i > 0)
            g_string_append_c(out, type->dialect->delimiter);
        if (titles)
            g_string_append(out, name);
        else if (random_below(4) > 0)
            g_string_append_printf(out, "%.*x", (int)random_below(20) + 1, random_below(1u << 31));
    }
    g_string_append(out, type->dialect->line_end);
}

static GString *make_file(const struct file_type *type, size_t rows, bool turned)
{
    const struct dialect *d = type->dialect;
    GString *out = g_string_new(NULL);

    if (d->frame == FRAME_RECORDS)
        g_string_append_printf(out, "%c%c%s%c1.0%c1%c2%c3%c4%c5%c6%c%s", type->header->letter, d->delimiter,
                               type->published, d->delimiter, d->delimiter, d->delimiter, d->delimiter, d->delimiter,
                               d->delimiter, d->delimiter, d->delimiter, d->line_end);
    else if (d->frame == FRAME_TITLE)
        add_columns(out, type, true, turned);
    for (size_t i = 0; i < rows; i++) {
        if (d->frame == FRAME_RECORDS)
            g_string_append_printf(out, "%c%c", type->record->letter, d->delimiter);
        add_columns(out, type, false, turned);
    }
    if (d->frame == FRAME_RECORDS)
        g_string_append_printf(out, "T%c%zu%s", d->delimiter, rows, d->line_end);
    return out;
}

static void for_each_type(void (*visit)(const struct file_type *type, bool turned))
{
    const struct profile *profile = profile_builtin();
    struct other other;

    for (size_t i = 0; i < profile->n_types; i++)
        for (size_t k = 0; profile->types[i].inbound && k < G_N_ELEMENTS(dialects); k++) {
            visit(in_dialect(&other, &profile->types[i], &dialects[k]), false);
            if (dialects[k].frame == FRAME_TITLE)
                visit(&other.type, true);
        }
}

/* ---- tests ---- */

static void change_large(const struct file_type *type, bool turned)
{
    for (size_t i = 0; i < FILES; i++) {
        GString *text = make_file(type, random_below(i % 8 == 0 ? MAX_ROWS : 20), turned);
        uint32_t changes = random_below(CHANGES);

        if (i % 5 == 1) { /* a blank stands after each delimiter */
            const char delimiter[] = {type->dialect->delimiter, '\0'}, blank[] = {type->dialect->delimiter, ' ', '\0'};
            g_string_replace(text, delimiter, blank, 0);
        }
        if (i % 5 == 2 && type->dialect->frame == FRAME_RECORDS) { /* rows stand behind a T record */
            g_autofree char *trailer = g_strdup_printf("T%c1%s", type->dialect->delimiter, type->dialect->line_end);
            g_string_insert(text, strchr(text->str, '\n') + 1 - text->str, trailer);
        }
        for (uint32_t n = 0; n < changes && text->len > 0; n++)
            change(text, snippets, G_N_ELEMENTS(snippets));
        assert_same(FORM_CSV, type, text);
        g_string_free(text, TRUE);
    }
}

static void test_csv_scan__changed_files__as_the_slow_way_reads_them(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(change_large);
}

/* Each byte at each place of the last rows. */
static void change_bytes(const struct file_type *type, bool turned)
{
    GString *text = make_file(type, 3, turned);

    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t i = text->len / 2 + byte % EVERY; i < text->len; i += EVERY) {
            char kept = text->str[i];
            text->str[i] = (char)byte;
            assert_same(FORM_CSV, type, text);
            text->str[i] = kept;
        }
    g_string_free(text, TRUE);
}

static void test_csv_scan__each_byte__as_the_slow_way_reads_it(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(change_bytes);
}

static void cut(const struct file_type *type, bool turned)
{
    GString *text = make_file(type, 4, turned);

    while (text->len > 0) {
        g_string_truncate(text, text->len - 1);
        assert_same(FORM_CSV, type, text);
    }
    g_string_free(text, TRUE);
}

static void test_csv_scan__cut_at_each_byte__as_the_slow_way_reads_it(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(cut);
}

/* How many bytes of the rows the scan reads behind what stands before them. */
static size_t scanned(const struct file_type *type, const GString *before, const char *rows)
{
    GString *out = g_string_new(NULL);
    const struct reader_limits limits = {MAX_RECORDS};
    const struct reader_sink sink = {out, on_record, on_record, on_count, on_fault};
    struct reader *reader = reader_new(FORM_CSV, type, &limits, &sink);
    struct csv *csv = reader_form_csv.open(reader, type);

    assert_true(reader_form_csv.push(csv, before->str, before->len));
    size_t used = csv_scan_rows(csv, rows, strlen(rows));
    reader_form_csv.close(csv);
    reader_free(reader);
    g_string_free(out, TRUE);
    return used;
}

static void scan_plain(const struct file_type *type, bool turned)
{
    GString *before = make_file(type, 1, turned), *rows = g_string_new(NULL);

    if (type->dialect->frame == FRAME_RECORDS) /* without the T record */
        g_string_truncate(before, before->len - 3 - strlen(type->dialect->line_end));
    for (size_t i = 0; i < 20; i++) {
        if (type->dialect->frame == FRAME_RECORDS)
            g_string_append_printf(rows, "%c%c", type->record->letter, type->dialect->delimiter);
        add_columns(rows, type, false, turned);
    }
    assert_int_equal(scanned(type, before, rows->str), rows->len);
    size_t plain = rows->len;
    g_string_append(rows, "odd\n");
    g_string_append_len(rows, rows->str, (gssize)plain);
    assert_int_equal(scanned(type, before, rows->str), plain);
    assert_int_equal(scanned(type, before, rows->str + plain), 0);
    g_string_free(before, TRUE);
    g_string_free(rows, TRUE);
}

static void test_csv_scan__plain_rows__are_scanned(void **data)
{
    (void)data; /* cmocka's signature */
    for_each_type(scan_plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_scan__plain_rows__are_scanned),
        cmocka_unit_test(test_csv_scan__each_byte__as_the_slow_way_reads_it),
        cmocka_unit_test(test_csv_scan__cut_at_each_byte__as_the_slow_way_reads_it),
        cmocka_unit_test(test_csv_scan__changed_files__as_the_slow_way_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
