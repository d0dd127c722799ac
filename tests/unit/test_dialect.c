/* CSV in other dialects and frames than the proposal's: what readers give and say, and what writers write. */
#include "formats/profile.h"
#include "formats/reader.h"
#include "formats/report_writer.h"
#include "formats/writer.h"
#include "tests/unit/fault_kinds.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* ---- three formats ---- */

static const struct profile profile = {.name = "other", .version = "2.4"};

static const struct layout_column columns[] = {{"Meter", FACT_device_id, .required = true},
                                               {"Kind", FACT_device_type, .required = true},
                                               {"Region", FACT_device_region, .required = false},
                                               {"No", FACT_record_number, .required = true}};
static const enum fact fields[] = {FACT_record_number, FACT_device_id, FACT_device_type, FACT_device_region};
static const struct layout_column header_columns[] = {{"From", FACT_header_sender, .required = true},
                                                      {"Batch", FACT_header_batch, .required = true}};
static const enum fact header_fields[] = {FACT_header_sender, FACT_header_batch, FACT_header_mode};

/* Semicolons, apostrophes, its own letters; the version stands behind the columns of the header, and no type. */
static const struct dialect semicolons = {';', '\'', "\n", FRAME_RECORDS, true};
static const struct frame_cells own_cells = {
    .letter = "Line", .version = "Release", .version_at = 3, .trailer = 'Z', .count = "Lines"};
static const struct layout_record own_header = {'A', "Header", 2, header_columns, 3, header_fields, 0, NULL};
static const struct layout_record own_record = {'B', "Device", 4, columns, 4, fields, 0, NULL};
static const struct file_type own_type = {.profile = &profile,
                                          .code = "EMI",
                                          .published = "EMI",
                                          .version = "r2",
                                          .inbound = true,
                                          .dialect = &semicolons,
                                          .cells = &own_cells,
                                          .header = &own_header,
                                          .record = &own_record};

/* The same without trailer. */
static const struct frame_cells open_cells = {.letter = "Line"};
static const struct file_type open_type = {.profile = &profile,
                                           .code = "EMI",
                                           .published = "EMI",
                                           .version = "r2",
                                           .inbound = true,
                                           .dialect = &semicolons,
                                           .cells = &open_cells,
                                           .header = &own_header,
                                           .record = &own_record};

/* Vertical bars and a title row; nothing of the header stands in the file. */
static const struct dialect bars = {'|', '"', "\n", FRAME_TITLE, false};
static const struct layout_record no_header = {'\0', NULL, 0, NULL, 3, header_fields, 0, NULL};
static const struct file_type title_type = {.profile = &profile,
                                            .code = "EMI",
                                            .published = "EMI",
                                            .version = "r2",
                                            .inbound = true,
                                            .dialect = &bars,
                                            .header = &no_header,
                                            .record = &own_record};

/* Tabs, and rows alone. */
static const struct dialect tabs = {'\t', '"', "\r\n", FRAME_ROWS, false};
static const struct file_type rows_type = {.profile = &profile,
                                           .code = "EMI",
                                           .published = "EMI",
                                           .version = "r2",
                                           .inbound = true,
                                           .dialect = &tabs,
                                           .header = &no_header,
                                           .record = &own_record};

/* ---- what the reader gives ---- */

static void add_record(GString *out, const char *what, const struct record *record)
{
    g_string_append(out, what);
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];

        g_string_append_printf(out, "|%.*s", f->text ? (int)f->len : 1, f->text ? f->text : "-");
    }
    g_string_append_c(out, '\n');
}

static void on_header(void *user, const struct record *record)
{
    add_record(user, "header", record);
}

static void on_record(void *user, const struct record *record)
{
    add_record(user, "row", record);
}

static void on_count(void *user, const struct field *declared)
{
    g_string_append_printf(user, "count %.*s\n", (int)declared->len, declared->text);
}

static void on_fault(void *user, const struct fault *fault)
{
    g_string_append_printf(user, "%s %u:%u %s: %s\n", fault_kinds[fault->kind], fault->at.line, fault->at.column,
                           fault->field ? fault->field : "-", fault->text);
}

static char *read_in_pieces(const struct file_type *type, const char *document, size_t piece)
{
    GString *heard = g_string_new(NULL);
    const struct reader_sink sink = {heard, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {10};
    struct reader *reader = reader_new(FORM_CSV, type, &limits, &sink);

    for (size_t len = strlen(document); len > 0 && reader_push(reader, document, MIN(piece, len));) {
        document += MIN(piece, len);
        len -= MIN(piece, len);
    }
    (void)reader_finish(reader); /* what is wrong is a fault */
    g_string_append_printf(heard, "= %u\n", reader_records(reader));
    reader_free(reader);
    return g_string_free(heard, FALSE);
}

static void expect(const struct file_type *type, const char *document, const char *expected)
{
    g_autofree char *whole = read_in_pieces(type, document, strlen(document));
    g_autofree char *bytes = read_in_pieces(type, document, 1);

    assert_string_equal(whole, expected);
    assert_string_equal(bytes, expected);
}

#define A "A;s;b;r2\n"
#define A_HEARD "header|s|b|-\n"

static void test_dialect__own_letters__fields_arrive(void **state)
{
    (void)state; /* cmocka's signature */
    expect(&own_type, A "B;m1;ESME;;1\nB;'m;''2';GPF;North;2\nZ;2\n",
           A_HEARD "row|1|m1|ESME|\nrow|2|m;'2|GPF|North\ncount 2\n= 2\n");
}

static void test_dialect__own_letters__faults_name_them(void **state)
{
    static const char *const cases[][2] = {
        {A "B;m;k;;1\n", A_HEARD "row|1|m|k|\nTRAILER 2:1 -: expected a Z record last, found the end after a B "
                                 "record\n= 1\n"},
        {"B;m;k;;1\nZ;1\n", "HEADER 1:1 -: expected the A record first, found a B record\nrow|1|m|k|\ncount 1\n"
                            "= 1\n"},
        {A "D;1\nZ;0\n", A_HEARD "FIELDS 2:1 -: expected a record A, B or Z, found \"D\"\ncount 0\n= 0\n"},
        {A "b;1\nZ;0\n",
         A_HEARD "FIELDS 2:1 -: expected a record A, B or Z, found \"b\"; write it in upper case\ncount 0\n= 0\n"},
        {"A;s;b;r1\nZ;0\n", "ROOT 1:7 Release: expected r2, found \"r1\"\n" A_HEARD "count 0\n= 0\n"},
        {A "B;m;k;;1", A_HEARD "row|1|m|k|\nTRAILER 2:1 -: expected a Z record last, found the end after a B "
                               "record\n= 1\n"},
        {A "B;m;k", A_HEARD "CUT 2:6 Kind: expected the Z record last, found the end of the file within a B "
                            "record, field 3 of 5; send the whole file\n= 1\n"},
        {A "Z;", A_HEARD "CUT 2:3 Lines: expected the number of B records and the line's end, found the end of "
                         "the file; send the whole file\n= 0\n"},
        {A "B;m;'k\nZ;1\n", A_HEARD "QUOTING 2:5 Kind: expected a closing quote, found none\ncount 1\n= 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(&own_type, cases[i][0], cases[i][1]);
}

static void test_dialect__semicolons__faults_name_them(void **state)
{
    static const char *const cases[][2] = {
        {A "B,m,k,,1\nB,n,k,,2\nZ;2\n",
         A_HEARD "FIELDS 2:2 -: fields are separated by commas (','), expected semicolons (';')\ncount 2\n= 2\n"},
        {A "B;m;k;;1;;\nZ;1\n",
         A_HEARD "FIELDS 2:10 -: expected 5 fields, found 7: expected the line's end after No; the fields behind "
                 "it are empty, as a spreadsheet adds them: remove their semicolons\ncount 1\n= 1\n"},
        {A "B;m;k;;1;x\nZ;1\n", A_HEARD "FIELDS 2:10 -: expected 5 fields, found 6: expected the line's end after "
                                        "No; a value that holds a semicolon stands in quotes\ncount 1\n= 1\n"},
        {A "B;m;k;1\nZ;1\n",
         A_HEARD "FIELDS 2:8 No: expected 5 fields, found 4: expected No here, found the line's end\n"
                 "count 1\n= 1\n"},
        {A "B;'m'x;k;;1\nZ;1\n", A_HEARD "QUOTING 2:6 Meter: expected a semicolon or the line's end after a closing "
                                         "quote, found \"x\"\ncount 1\n= 1\n"},
        {A "B; m; k;; 1\nZ;1\n", A_HEARD "QUOTING 2:3 -: a blank stands after each semicolon, which makes it part of "
                                         "the value; expected none\nrow|1|m|k|\ncount 1\n= 1\n"},
        {A "B;m,\"1\";k;;1\nZ;1\n", A_HEARD "row|1|m,\"1\"|k|\ncount 1\n= 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(&own_type, cases[i][0], cases[i][1]);
}

static void test_dialect__no_trailer__the_last_line_end_counts(void **state)
{
    (void)state;
    expect(&open_type, "A;s;b\nB;m;k;;1\n", A_HEARD "row|1|m|k|\n= 1\n");
    expect(&open_type, "A;s;b\nB;m;k;;1",
           A_HEARD "CUT 2:9 No: expected a line end after the last record, found "
                   "the end of the file in field 5 of 5; send the whole file\n= 1\n");
    expect(&open_type, "A;s;b\nZ;1\n", A_HEARD "FIELDS 2:1 -: expected a record A or B, found \"Z\"\n= 0\n");
}

#define NO_HEADER "header|-|-|-\n"

static void test_dialect__title__columns_in_any_order(void **state)
{
    (void)state;
    expect(&title_type, "No|Kind|Meter\n1|ESME|m1\n2|GPF|\"m|2\"\n",
           NO_HEADER "row|1|m1|ESME|-\nrow|2|m|2|GPF|-\n= 2\n");
    expect(&title_type, "\"Meter\"|Kind|Region|No\r\nm1|ESME|\"a\r\nb\"|1\r\n",
           NO_HEADER "row|1|m1|ESME|a\r\nb\n= 1\n");
    expect(&title_type, "No|Kind|Meter\n", NO_HEADER "= 0\n");
}

static void test_dialect__title_row_is_faulty__rows_are_counted_only(void **state)
{
    static const char *const cases[][2] = {
        {"Meter|Sort|Region|No\nm|k||1\n", "FIELDS 1:7 Kind: expected the column Kind in the title row, found "
                                           "\"Sort\"\n" NO_HEADER "= 1\n"},
        {"Meter|Kind|region|No\nm|k||1\n", "FIELDS 1:12 Region: expected the column Region in the title row, "
                                           "found \"region\"\n" NO_HEADER "= 1\n"},
        {"Meter|Region|No\nm||1\nm||2\n", "FIELDS 1:16 Kind: expected the column Kind in the title row, found the "
                                          "line's end\n" NO_HEADER "= 2\n"},
        {"Meter|Kind|No|Colour\nm|k|1|c\n",
         "FIELDS 1:15 -: expected a title of this layout, found \"Colour\"; remove this column\n" NO_HEADER "= 1\n"},
        {"Meter|Kind|No|Kind\nm|k|1|k\n",
         "FIELDS 1:15 Kind: expected one column Kind, found another\n" NO_HEADER "= 1\n"},
        {"m1|ESME||1\nm|k||2\n", "HEADER 1:1 -: expected the title row first, with the columns Meter to No, "
                                 "found a row that begins with \"m1\"\n" NO_HEADER "= 1\n"},
        {"Meter;Kind;Region;No\nm;k;;1\n",
         "FIELDS 1:1 -: fields are separated by semicolons (';'), expected vertical bars ('|')\n= 1\n"},
        {"Meter|\"Kind\nm|k||1\n", "QUOTING 1:7 -: expected a closing quote, found none\n= 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(&title_type, cases[i][0], cases[i][1]);
}

#define TITLE "Meter|Kind|Region|No\n"

static void test_dialect__rows_below_a_title__faults_name_its_columns(void **state)
{
    static const char *const cases[][2] = {
        {TITLE "m|k|1\n", NO_HEADER "FIELDS 2:6 No: expected 4 fields, found 3: expected No here, found the "
                                    "line's end\n= 1\n"},
        {"No|Kind|Meter\n1|k|m|x\n", NO_HEADER "FIELDS 2:7 -: expected 3 fields, found 4: expected the line's end "
                                               "after Meter; a value that holds a vertical bar stands in quotes\n"
                                               "= 1\n"},
        {TITLE "m;k;;1\nn;k;;2\n", NO_HEADER "FIELDS 2:1 -: fields are separated by semicolons (';'), expected "
                                             "vertical bars ('|')\n= 2\n"},
        {TITLE "\r",
         NO_HEADER "FIELDS 2:1 -: expected a row, found an empty line\nCUT 2:1 -: expected LF after the CR, "
                   "found the end of the file; send the whole file\n= 0\n"},
        {TITLE "\nm|k||1\n", NO_HEADER "FIELDS 2:1 -: expected a row, found an empty line\nrow|1|m|k|\n= 1\n"},
        {TITLE "m|k||1\nm|k||2", NO_HEADER "row|1|m|k|\nCUT 3:7 No: expected a line end after the last row, "
                                           "found the end of the file in field 4 of 4; send the whole file\n= 2\n"},
        {TITLE "m|\"k", NO_HEADER "CUT 2:5 Kind: expected a line end after the last row, found the end of the "
                                  "file in field 2 of 4; send the whole file\n= 1\n"},
        {TITLE "m|k||1\r", NO_HEADER "CUT 2:7 No: expected a line end after the last row, found the end of the file in "
                                     "field 4 of 4; send the whole file\n= 1\n"},
        {"Meter|Kind", "CUT 1:11 -: expected a line end after the last row, found the end of the file in field "
                       "2 of 4; send the whole file\n= 0\n"},
        {TITLE "m|\"k|1\nm|k||2\n", NO_HEADER "QUOTING 2:3 Kind: expected a closing quote, found none\nrow|2|m|k|\n"
                                              "= 2\n"},
        {"Meter|Kind|Region|No\rm|k||1\r", "QUOTING 1:21 -: expected CRLF or LF, found a lone CR\n= 0\n"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(&title_type, cases[i][0], cases[i][1]);
}

static void test_dialect__rows_alone__columns_as_in_the_layout(void **state)
{
    (void)state;
    expect(&rows_type, "m1\tESME\t\t1\nm2\tGPF\tNorth\t2\n", NO_HEADER "row|1|m1|ESME|\nrow|2|m2|GPF|North\n= 2\n");
    expect(&rows_type, "m1,ESME,,1\n",
           NO_HEADER "FIELDS 1:1 -: fields are separated by commas (','), expected tabs ('\\t')\n= 1\n");
}

/* Texts of columns without a fact stand behind the fields, those of the columns that are kept. */
static void test_dialect__column_without_fact__is_a_further_field(void **state)
{
    static const struct layout_column of_row[] = {{"Note", FACT_NONE, .required = false},
                                                  {"Meter", FACT_device_id, .required = true},
                                                  {"Dropped", FACT_NONE, .required = false},
                                                  {"Crew", FACT_NONE, .required = false}};
    static const enum fact ids[] = {FACT_record_number, FACT_device_id};
    static const char *const kept[] = {"Note", "Crew"};
    static const struct layout_record record = {'D', "Device", 4, of_row, 2, ids, 2, kept};
    struct file_type rows = rows_type, title = title_type;

    (void)state;
    rows.record = title.record = &record;
    expect(&rows, "n\tm1\td\tc\n\tm2\t\t\n", NO_HEADER "row|-|m1|n|c\nrow|-|m2||\n= 2\n");
    expect(&title, "Crew|Meter\nc|m1\n", NO_HEADER "row|-|m1|-|c\n= 1\n");
}

/* ---- what the writers write ---- */

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static char *write_two_rows(const struct file_type *type)
{
    static const enum fact header_ids[] = {FACT_header_batch, FACT_header_sender};
    static const char *const header_values[] = {"b;1", "s"};
    static const enum fact ids[] = {FACT_record_number, FACT_device_id, FACT_device_type, FACT_device_region};
    static const char *const values[][4] = {{"1", "m1", "ES;ME", NULL}, {"2", "m|2", "'G\tPF\"", "North"}};
    GString *out = g_string_new(NULL);
    struct writer *w = writer_new(FORM_CSV, type, append, out);
    GError *error = NULL;

    writer_header(w, &(struct facts){header_ids, header_values, 2}, 2);
    for (size_t i = 0; i < 2; i++)
        writer_row(w, &(struct facts){ids, values[i], 4});
    assert_true(writer_finish(w, &error));
    writer_free(w);
    return g_string_free(out, FALSE);
}

static void test_dialect__writer__what_the_reader_reads(void **state)
{
    static const struct {
        const struct file_type *type;
        const char *written, *read;
    } cases[] = {
        {&own_type, "A;s;'b;1';r2\nB;m1;'ES;ME';;1\nB;m|2;'''G\tPF\"';North;2\nZ;2\n", "header|s|b;1|-\n"},
        {&open_type, "A;s;'b;1'\nB;m1;'ES;ME';;1\nB;m|2;'''G\tPF\"';North;2\n", "header|s|b;1|-\n"},
        {&title_type, TITLE "m1|ES;ME||1\n\"m|2\"|\"'G\tPF\"\"\"|North|2\n", NO_HEADER},
        {&rows_type, "m1\tES;ME\t\t1\r\nm|2\t\"'G\tPF\"\"\"\tNorth\t2\r\n", NO_HEADER},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *written = write_two_rows(cases[i].type);
        g_autofree char *read = g_strconcat(cases[i].read, "row|1|m1|ES;ME|\nrow|2|m|2|'G\tPF\"|North\n",
                                            cases[i].type == &own_type ? "count 2\n" : "", "= 2\n", NULL);

        assert_string_equal(written, cases[i].written);
        expect(cases[i].type, written, read);
    }
}

static void test_dialect__writer__passes_texts_on_by_name(void **state)
{
    static const struct layout_column of_row[] = {{"Crew", FACT_NONE, .passed = "CrewRef"},
                                                  {"Meter", FACT_device_id, .required = true},
                                                  {"Site", FACT_NONE, .passed = "SiteNote"}};
    static const struct layout_record record = {'D', "Device", 3, of_row, 0, NULL, 0, NULL};
    static const enum fact ids[] = {FACT_device_id};
    const struct facts row = {ids, (const char *const[]){"m"}, 1};
    struct file_type type = title_type;
    g_autoptr(GString) out = g_string_new(NULL);

    (void)state;
    type.record = &record;
    struct writer *w = writer_new(FORM_CSV, &type, append, out);
    writer_header(w, &(struct facts){ids, (const char *const[]){"m"}, 1}, 4);
    writer_row_passing(w, &row, "{\"SiteNote\":\"a|b\",\"CrewRef\":\"c\"}");
    writer_row(w, &row);
    writer_row_passing(w, &row, "{\"CrewRef\":\"d\"}");
    writer_row_passing(w, &row, NULL);
    assert_true(writer_finish(w, NULL));
    writer_free(w);
    assert_string_equal(out->str, "Crew|Meter|Site\nc|m|\"a|b\"\n|m|\nd|m|\n|m|\n");
}

/* An acknowledgement with a title row has no F record: its first row is about the file, and each may name the batch. */
static void test_dialect__acknowledgement_with_a_title__file_stands_in_each_row(void **state)
{
    static const struct layout_column of_row[] = {{"Batch", FACT_header_batch, .required = true},
                                                  {"File", FACT_file_name, .required = true},
                                                  {"Code", FACT_finding_code, .required = false}};
    static const struct layout_record record = {'E', "Finding", 3, of_row, 0, NULL, 0, NULL};
    static const struct file_type type = {
        .profile = &profile, .code = "EMA", .dialect = &bars, .header = &no_header, .file = &record, .record = &record};
    static const enum fact of_header[] = {FACT_header_batch}, of_file[] = {FACT_file_name},
                           of_finding[] = {FACT_finding_code};
    struct file_type ema = type;
    const struct layout_record none = {'F', "File", 0, NULL, 0, NULL, 0, NULL};
    g_autoptr(GString) out = g_string_new(NULL);
    struct writer *w;

    (void)state;
    ema.file = &none;
    w = writer_new(FORM_CSV, &ema, append, out);
    writer_header(w, &(struct facts){of_header, (const char *const[]){"b"}, 1}, 2);
    writer_file(w, &(struct facts){of_file, (const char *const[]){"EMI_x"}, 1});
    writer_row(w, &(struct facts){of_finding, (const char *const[]){"B208"}, 1});
    assert_true(writer_finish(w, NULL));
    writer_free(w);
    assert_string_equal(out->str, "Batch|File|Code\nb|EMI_x|\nb|EMI_x|B208\n");
}

static void test_dialect__report__title_footer_and_line_ends_are_the_layouts(void **state)
{
    static const struct report_column of_report[] = {{"Meter;No", FACT_device_id, false},
                                                     {"Why", FACT_non_migratable_reason, true}};
    static const struct dialect titled = {';', '\'', "\n", FRAME_TITLE, false},
                                untitled = {';', '\'', "\r\n", FRAME_ROWS, false};
    static const struct {
        struct report_layout layout;
        const char *expected;
    } cases[] = {
        {{"X", "a test", "1", 2, of_report, &profile, &titled, NULL}, "'Meter;No';Why\nm;'''=1;2'\n"},
        {{"X", "a test", "1", 2, of_report, &profile, &titled, "END {rows} rows"},
         "'Meter;No';Why\nm;'''=1;2'\nEND 1 rows\n"},
        {{"X", "a test", "1", 2, of_report, &profile, &untitled, "END"}, "m;'''=1;2'\r\nEND\r\n"},
    };
    static const enum fact ids[] = {FACT_device_id, FACT_non_migratable_reason};
    static const char *const values[] = {"m", "=1;2"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        struct report_writer *w = report_writer_new(&cases[i].layout, append, out);

        report_writer_row(w, &(struct facts){ids, values, 2});
        assert_true(report_writer_finish(w, NULL));
        report_writer_free(w);
        assert_string_equal(out->str, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialect__own_letters__fields_arrive),
        cmocka_unit_test(test_dialect__own_letters__faults_name_them),
        cmocka_unit_test(test_dialect__semicolons__faults_name_them),
        cmocka_unit_test(test_dialect__no_trailer__the_last_line_end_counts),
        cmocka_unit_test(test_dialect__title__columns_in_any_order),
        cmocka_unit_test(test_dialect__title_row_is_faulty__rows_are_counted_only),
        cmocka_unit_test(test_dialect__rows_below_a_title__faults_name_its_columns),
        cmocka_unit_test(test_dialect__rows_alone__columns_as_in_the_layout),
        cmocka_unit_test(test_dialect__column_without_fact__is_a_further_field),
        cmocka_unit_test(test_dialect__writer__what_the_reader_reads),
        cmocka_unit_test(test_dialect__writer__passes_texts_on_by_name),
        cmocka_unit_test(test_dialect__acknowledgement_with_a_title__file_stands_in_each_row),
        cmocka_unit_test(test_dialect__report__title_footer_and_line_ends_are_the_layouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
