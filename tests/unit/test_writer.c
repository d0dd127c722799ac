/* Answers and work orders in both forms. With a folder as its argument the test keeps the files there, for
 * `xmllint --schema formats/schema/ecos-migration-1.xsd`. */
#include "formats/header_number.h"
#include "formats/profile.h"
#include "formats/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *keep_in;

static const char *const header[HEADER_FIELDS] = {
    "90-B3-D5-1F-30-00-00-04", "90-B3-D5-1F-30-0E-C0-01", "57", "2023-07-03T06:00:09Z", "TEST", "B20230703-0001", NULL};
static const char *const file_row[] = {"EMI_MCC_X.xml",
                                       "0011223344556677889900112233445566778899001122334455667788990011",
                                       "1234",
                                       "2023-07-03T06:00:09Z",
                                       "RJ",
                                       "B208",
                                       "9",
                                       "3",
                                       "3",
                                       "2",
                                       "0"};
static const char *const finding[] = {"B208", "FILE", "", "DeviceCount", "3", "declared 3, found 2"};
static const char *const response[] = {"1", "00-DB-12-34-56-78-90-A0", "ESME", "ACCEPTED", "", "", "",
                                       "",  "MCC.B20230703-0001.1",    "",     ""};
static const char *const work_order[] = {
    "1", "MCC.B20230703-0001.1", "00-DB-12-34-56-78-90-A0", "ESME", "AB01", "010A030B", "0002012F", NULL,
    "1", "2023-07-03T06:00:09Z", "2023-07-04T06:00:09Z"};
static const char *const outcome[] = {"1", "00-DB-12-34-56-78-90-A0", "MCC.B20230703-0001.1", "FAILED", "D117",
                                      "1", "2023-07-03T06:00:09Z",    "2023-08-03T06:00:09Z"};
static const char *const device[INSTRUCTION_FIELDS] = {
    "1", " <a & b>, \"c\" ", "ESME", "AB01", "010A030B", "0002012F", "", "x,y", "Line\nend", "1"};

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static const struct file_type *type_of(const char *code)
{
    return profile_type(profile_builtin(), code, strlen(code));
}

/* Values in the order of a record's columns, as facts. */
struct row {
    enum fact ids[LAYOUT_MAX_COLUMNS];
    struct facts facts;
};

static const struct facts *facts_of(const struct layout_record *record, const char *const *values, struct row *row)
{
    for (size_t i = 0; i < record->n_columns; i++)
        row->ids[i] = record->columns[i].fact;
    row->facts = (struct facts){row->ids, values, record->n_columns};
    return &row->facts;
}

static char *write_rows(enum form form, const char *code, const char *const *row, unsigned n)
{
    const struct file_type *type = type_of(code);
    GString *out = g_string_new(NULL);
    struct writer *w = writer_new(form, type, append, out);
    GError *error = NULL;
    struct row head, file, record;

    writer_header(w, facts_of(type->header, header, &head), n + (type->file != NULL));
    if (type->file != NULL)
        writer_file(w, facts_of(type->file, file_row, &file));
    for (unsigned i = 0; i < n; i++)
        writer_row(w, facts_of(type->record, row, &record));
    assert_true(writer_finish(w, &error));
    writer_free(w);
    if (keep_in != NULL) {
        g_autofree char *path = g_strdup_printf("%s/%s_%u.%s", keep_in, code, n, form_name(form));
        assert_true(g_file_set_contents(path, out->str, (gssize)out->len, NULL));
    }
    return g_string_free(out, FALSE);
}

#define H_REST                                                                                                         \
    "1.0,90-B3-D5-1F-30-00-00-04,90-B3-D5-1F-30-0E-C0-01,57,2023-07-03T06:00:09Z,TEST,"                                \
    "B20230703-0001,\r\n"

static void test_writer__csv__quotes_only_where_needed(void **state)
{
    g_autofree char *text = write_rows(FORM_CSV, "EMI", device, 1);

    (void)state; /* cmocka's signature */
    assert_string_equal(text, "H,EMI," H_REST "D,1,\" <a & b>, \"\"c\"\" \",ESME,AB01,010A030B,0002012F,,\"x,y\","
                              "\"Line\nend\",1\r\n"
                              "T,1\r\n");
}

static void test_writer__csv_value__is_quoted_where_a_reader_would_change_it(void **state)
{
    static const char *const values[][2] = {{"a b", "a b"},         {" a", "\" a\""},     {"a ", "\"a \""},
                                            {"a\rb", "\"a\rb\""},   {"a\nb", "\"a\nb\""}, {"a,b", "\"a,b\""},
                                            {"a\"b", "\"a\"\"b\""}, {"a'b;c", "a'b;c"},   {" ", "\" \""}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        const char *row[INSTRUCTION_FIELDS] = {"1", values[i][0]};
        g_autofree char *text = write_rows(FORM_CSV, "EMI", row, 1);
        g_autofree char *expected = g_strdup_printf("\r\nD,1,%s,,,,,,,,\r\nT,1\r\n", values[i][1]);
        assert_non_null(strstr(text, expected));
    }
}

static void test_writer__csv_acknowledgement__counts_f_and_e(void **state)
{
    g_autofree char *text = write_rows(FORM_CSV, "EMA", finding, 1);

    (void)state;
    assert_string_equal(text, "H,EMA," H_REST "F,EMI_MCC_X.xml,0011223344556677889900112233445566778899001122334455"
                              "667788990011,1234,2023-07-03T06:00:09Z,RJ,B208,9,3,3,2,0\r\n"
                              "E,B208,FILE,,DeviceCount,3,\"declared 3, found 2\"\r\n"
                              "T,2\r\n");
}

#define XML_START(root)                                                                                                \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                                     \
    "<" root " xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n"                                        \
    "  <Header>\n"                                                                                                     \
    "    <SenderId>90-B3-D5-1F-30-00-00-04</SenderId>\n"                                                               \
    "    <RecipientId>90-B3-D5-1F-30-0E-C0-01</RecipientId>\n"                                                         \
    "    <FileSequence>57</FileSequence>\n"                                                                            \
    "    <CreationDateTime>2023-07-03T06:00:09Z</CreationDateTime>\n"                                                  \
    "    <Environment>TEST</Environment>\n"                                                                            \
    "    <BatchId>B20230703-0001</BatchId>\n"

static void test_writer__xml__escapes_and_leaves_empty_values_out(void **state)
{
    g_autofree char *text = write_rows(FORM_XML, "EMI", device, 1);

    (void)state;
    assert_string_equal(text, XML_START("MigrationInstruction") //
                        "    <DeviceCount>1</DeviceCount>\n"
                        "  </Header>\n"
                        "  <Devices>\n"
                        "    <Device>\n"
                        "      <RecordNumber>1</RecordNumber>\n"
                        "      <DeviceID> &lt;a &amp; b&gt;, \"c\" </DeviceID>\n"
                        "      <DeviceType>ESME</DeviceType>\n"
                        "      <DeviceManufacturer>AB01</DeviceManufacturer>\n"
                        "      <DeviceModel>010A030B</DeviceModel>\n"
                        "      <FirmwareVersion>0002012F</FirmwareVersion>\n"
                        "      <CHFDeviceID>x,y</CHFDeviceID>\n"
                        "      <CSPRegion>Line\nend</CSPRegion>\n"
                        "      <Attempt>1</Attempt>\n"
                        "    </Device>\n"
                        "  </Devices>\n"
                        "</MigrationInstruction>\n");
}

/* Whatever a caller gives, the document is well-formed: what XML cannot hold becomes U+FFFD. */
static void test_writer__xml__never_has_a_character_that_xml_cannot_hold(void **state)
{
    static const char *const given[INSTRUCTION_FIELDS] = {
        "1", "a\x01z", "\x1f", "\xEF\xBF\xBE", "x\xEF\xBF\xBF", "\xEF\xBF\xBDy", "\xEF\xBB\xBF", "\x7f", "\t", ""};
    g_autofree char *text = write_rows(FORM_XML, "EMI", given, 1);

    (void)state;
    assert_non_null(strstr(text, "<DeviceID>a\xEF\xBF\xBDz</"));
    assert_non_null(strstr(text, "<DeviceType>\xEF\xBF\xBD</"));
    assert_non_null(strstr(text, "<DeviceManufacturer>\xEF\xBF\xBD</"));
    assert_non_null(strstr(text, "<DeviceModel>x\xEF\xBF\xBD</"));
    assert_non_null(strstr(text, "<FirmwareVersion>\xEF\xBF\xBDy</"));
    assert_non_null(strstr(text, "<MPxN>\xEF\xBB\xBF</"));
}

static void test_writer__xml_acknowledgement__has_rows_under_the_root(void **state)
{
    g_autofree char *text = write_rows(FORM_XML, "EMA", finding, 1);

    (void)state;
    assert_true(g_str_has_prefix(text, XML_START("FileAcknowledgement") //
                                 "    <RowCount>2</RowCount>\n"
                                 "  </Header>\n"
                                 "  <File>\n"
                                 "    <Name>EMI_MCC_X.xml</Name>\n"));
    assert_true(g_str_has_suffix(text, "  </File>\n"
                                       "  <Finding>\n"
                                       "    <Code>B208</Code>\n"
                                       "    <Scope>FILE</Scope>\n"
                                       "    <Field>DeviceCount</Field>\n"
                                       "    <Value>3</Value>\n"
                                       "    <Text>declared 3, found 2</Text>\n"
                                       "  </Finding>\n"
                                       "</FileAcknowledgement>\n"));
}

static void test_writer__no_rows__still_gives_a_whole_file(void **state)
{
    g_autofree char *xml = write_rows(FORM_XML, "EMD", NULL, 0);
    g_autofree char *csv = write_rows(FORM_CSV, "EMD", NULL, 0);

    (void)state;
    assert_true(g_str_has_suffix(xml, "  </Header>\n  <Devices/>\n</DeviceResponse>\n"));
    assert_string_equal(csv, "H,EMD," H_REST "T,0\r\n");
}

static void test_writer__every_outbound_type__writes_the_forms_it_has(void **state)
{
    static const struct {
        const char *code;
        const char *const *row;
    } cases[] = {{"EMA", finding}, {"EMD", response}, {"EMW", work_order}, {"EMO", outcome}};
    static const char *const incident[] = {
        "1", "INC-000001", "RAISED", "2023-07-03T06:00:00Z", "b", "B208", "FILE", "X.csv", "B-1",
        "",  "MCC",        "MCC",    "declared 3, found 2"};
    g_autofree char *csv_only = write_rows(FORM_CSV, "INC", incident, 1);
    size_t outbound = 0;

    (void)state;
    assert_true(g_str_has_suffix(csv_only, "\r\nD,1,INC-000001,RAISED,2023-07-03T06:00:00Z,b,B208,FILE,X.csv,B-1,,MCC,"
                                           "MCC,\"declared 3, found 2\"\r\nT,1\r\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = write_rows(FORM_XML, cases[i].code, cases[i].row, 2);
        g_autofree char *csv = write_rows(FORM_CSV, cases[i].code, cases[i].row, 2);
        g_autofree char *end = g_strdup_printf("</%s>\n", type_of(cases[i].code)->root);
        assert_true(g_str_has_suffix(xml, end));
        assert_true(g_str_has_prefix(csv, "H,"));
        assert_int_equal(header_number(type_of(cases[i].code), xml), 57);
        assert_int_equal(header_number(type_of(cases[i].code), csv), 57);
        assert_int_equal(header_number(type_of(cases[i].code), "H,EMD"), 0);
        assert_int_equal(header_number(type_of(cases[i].code), "<"), 0);
        assert_int_equal(header_number(type_of(cases[i].code), ""), 0);
    }
    for (size_t i = 0; i < profile_builtin()->n_types; i++)
        outbound += !profile_builtin()->types[i].inbound;
    assert_int_equal(outbound, G_N_ELEMENTS(cases) + 1);
}

static void test_writer__mode__only_where_the_type_has_one(void **state)
{
    static const char *const with_mode[HEADER_FIELDS] = {"s", "r", "1", "t", "TEST", "B", NULL, "FULL"};
    static const struct {
        const char *code, *csv;
    } cases[] = {{"EMO", "H,EMO,1.0,s,r,1,t,TEST,B,\r\nT,0\r\n"}, {"COS", "H,COS,1.0,s,r,1,t,TEST,B,,FULL\r\nT,0\r\n"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        const struct file_type *type = type_of(cases[i].code);
        struct writer *w = writer_new(FORM_CSV, type, append, out);
        struct row head;

        writer_header(w, facts_of(type->header, with_mode, &head), 0);
        assert_true(writer_finish(w, NULL));
        assert_string_equal(out->str, cases[i].csv);
        writer_free(w);
    }
}

static bool fail_second(void *user, const char *data, size_t len, GError **error)
{
    unsigned *calls = user;

    (void)data; /* only the number of calls matters */
    (void)len;
    assert_in_range(++*calls, 1, 2);
    if (*calls == 2)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "disk full");
    return *calls != 2;
}

static void test_writer__failing_bytes__is_remembered_and_returned(void **state)
{
    const struct file_type *emd = type_of("EMD");
    unsigned calls = 0;
    g_autoptr(GError) error = NULL;
    struct writer *w = writer_new(FORM_CSV, emd, fail_second, &calls);
    struct row head, row;

    (void)state;
    writer_header(w, facts_of(emd->header, header, &head), 100000);
    facts_of(emd->record, response, &row);
    for (int i = 0; i < 100000; i++)
        writer_row(w, &row.facts);
    assert_false(writer_finish(w, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC));
    assert_int_equal(calls, 2);
    writer_free(w);
}

static void test_writer__another_number_of_rows__is_an_error(void **state)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    const struct file_type *emd = type_of("EMD");
    struct writer *w = writer_new(FORM_XML, emd, append, out);
    struct row head, row;

    (void)state;
    writer_header(w, facts_of(emd->header, header, &head), 2);
    writer_row(w, facts_of(emd->record, response, &row));
    assert_false(writer_finish(w, &error));
    assert_string_equal(error->message, "EMD: 1 rows were written, expected 2 as its header says");
    writer_free(w);
}

/* Neither the order of the facts nor a fact that no column names changes the file. */
static void test_writer__facts_in_another_order__each_in_its_column(void **state)
{
    static const enum fact ids[] = {
        FACT_decision_outcome, FACT_count_devices,      FACT_decision_text,          FACT_record_number,
        FACT_decision_code,    FACT_decision_category,  FACT_decision_resolver,      FACT_device_id,
        FACT_device_type,      FACT_decision_transient, FACT_decision_next_eligible, FACT_work_item};
    static const char *const values[] = {"REJECTED", "nowhere", "why", "7", "C103", "c",
                                         "Supplier", "00-DB",   "GPF", "N", "then", "MCC.B.7"};
    const struct file_type *emd = type_of("EMD");
    g_autoptr(GString) out = g_string_new(NULL);
    struct writer *w = writer_new(FORM_CSV, emd, append, out);
    const struct facts row = {ids, values, G_N_ELEMENTS(values)};
    struct row head;

    (void)state;
    writer_header(w, facts_of(emd->header, header, &head), 1);
    writer_row(w, &row);
    assert_true(writer_finish(w, NULL));
    assert_string_equal(out->str,
                        "H,EMD," H_REST "D,7,00-DB,GPF,REJECTED,C103,c,N,Supplier,MCC.B.7,then,why\r\nT,1\r\n");
    writer_free(w);
}

/* With fewer facts than columns there is no file, but an error that names layout, column and fact. */
static void test_writer__column_without_a_value__is_an_error(void **state)
{
    const struct file_type *emd = type_of("EMD");
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct writer *w = writer_new(FORM_CSV, emd, append, out);
    struct row head, row;

    (void)state;
    writer_header(w, facts_of(emd->header, header, &head), 2);
    writer_row(w, facts_of(emd->record, response, &row));
    row.facts.n--;
    writer_row(w, &row.facts);
    assert_false(writer_finish(w, &error));
    assert_string_equal(error->message, "layout EMD, record D, column Text: no value of the fact decision.text");
    assert_string_equal(out->str, "");
    writer_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer__csv__quotes_only_where_needed),
        cmocka_unit_test(test_writer__csv_value__is_quoted_where_a_reader_would_change_it),
        cmocka_unit_test(test_writer__csv_acknowledgement__counts_f_and_e),
        cmocka_unit_test(test_writer__xml__escapes_and_leaves_empty_values_out),
        cmocka_unit_test(test_writer__xml__never_has_a_character_that_xml_cannot_hold),
        cmocka_unit_test(test_writer__xml_acknowledgement__has_rows_under_the_root),
        cmocka_unit_test(test_writer__no_rows__still_gives_a_whole_file),
        cmocka_unit_test(test_writer__every_outbound_type__writes_the_forms_it_has),
        cmocka_unit_test(test_writer__mode__only_where_the_type_has_one),
        cmocka_unit_test(test_writer__failing_bytes__is_remembered_and_returned),
        cmocka_unit_test(test_writer__another_number_of_rows__is_an_error),
        cmocka_unit_test(test_writer__facts_in_another_order__each_in_its_column),
        cmocka_unit_test(test_writer__column_without_a_value__is_an_error),
    };
    keep_in = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
