/* The loader of profiles: dialects, letters and frames of a folder, as readers and writers meet them. */
#include "formats/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: they need them */
#include <cmocka.h>

#include "tests/unit/heard_lines.h"
#include "tests/unit/profile_folder.h"

static void expect(const struct profile *profile, const char *code, const char *document, const char *expected)
{
    heard_expect(profile_type(profile, code, strlen(code)), FORM_CSV, document, expected);
}

static struct profile *load(const char *folder)
{
    g_autoptr(GString) faults = g_string_new(NULL);
    struct profile *profile = profile_load(folder, folder_hear_fault, faults);

    assert_string_equal(faults->str, "");
    return profile;
}

static void test_profile_dialect__letters_and_places__are_those_of_the_folder(void **state)
{
    char *folder = folder_copy();
    struct profile *profile;

    (void)state; /* cmocka's signature */
    folder_change(folder, "profile.json", "\"delimiter\": \",\"", "\"delimiter\": \";\"");
    folder_change(folder, "profile.json", "\"\\\"\"", "\"'\"");
    folder_change(folder, "records/COS-H.json", "\"H\"", "\"1\"");
    folder_change(folder, "records/COS-D.json", "\"D\"", "\"2\"");
    folder_change(folder, "records/COS-T.json", "\"T\"", "\"9\"");
    folder_change(folder, "records/COS-T.json", "\"Count\"", "\"Lines\"");
    folder_change(folder, "records/COS-H.json", "header.layout", "header.sender");
    folder_change(folder, "records/COS-H.json", "\"SenderId\",\n      \"fact\": \"header.sender\"",
                  "\"SenderId\",\n      \"fact\": \"header.layout\"");
    folder_change(folder, "records/COS-H.json",
                  "\"required\": true,\n        \"pattern\": \"(?:[0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}\"",
                  "\"enum\": [\"v7\"]");
    folder_write(folder, "records/NMM-T.json", NULL);
    folder_change(folder, "records/NMM-D.json", "\"fields\"", "\"dialect\": {\"trailer\": false}, \"fields\"");
    profile = load(folder);
    expect(profile, "COS", "1;COS;me;v7;r;2;w;TEST;b;;FULL\n2;1;SET;'m';;g;2026-01-01\n9;1\n",
           "header|me|r|2|w|TEST|b||FULL\nrow|1|SET|m||g|2026-01-01\ncount 1\n");
    expect(profile, "COS", "1;COX;me;v1;r;2;w;TEST;b;;FULL\n2;1;SET;m\n9;x;\n",
           "Type: expected COS, found \"COX\"\nSenderId: expected v7, found \"v1\"\n"
           "header|me|r|2|w|TEST|b||FULL\n"
           "LosingSupplierId: expected 7 fields, found 4: expected LosingSupplierId here, found the line's end\n"
           "-: expected 2 fields, found 3: expected the line's end after Lines; the fields behind it are empty, as a "
           "spreadsheet adds them: remove their semicolons\ncount x\n");
    expect(profile, "NMM", "H;NMM;1.0;s;r;2;w;TEST;b;;FULL\nT;0\n",
           "header|s|r|2|w|TEST|b||FULL\n-: expected a record H or D, found \"T\"\n");
    profile_free(profile);
    folder_remove(folder);
}

#define PARTIES                                                                                                        \
    "{\"dialect\": {\"delimiter\": \"|\", %s}, \"fields\": [{\"name\": \"Who\", \"fact\": \"party.id\","               \
    " \"constraints\": {\"required\": true}}, {\"name\": \"Is\", \"fact\": \"party.role\"},"                           \
    " {\"name\": \"MPID\", \"fact\": \"party.mpid\"}]}"

static struct profile *load_parties(char *folder, const char *frame)
{
    g_autofree char *rows = g_strdup_printf(PARTIES, frame);

    folder_write(folder, "records/PTY-D.json", rows);
    folder_write(folder, "records/PTY-H.json", NULL);
    folder_write(folder, "records/PTY-T.json", NULL);
    return load(folder);
}

static void test_profile_dialect__title_row__needs_no_header_and_trailer(void **state)
{
    static const char header[] = "header|-|-|-|-|-|-|-|-\n";
    char *folder = folder_copy();
    struct profile *profile = load_parties(folder, "\"header\": true");
    g_autofree char *read = g_strconcat(header, "row|-|-|id|MAP|-|-|-\n", NULL);

    (void)state;
    expect(profile, "PTY", "Is|Who\nMAP|id\n", read);
    assert_string_equal(profile_type(profile, "PTY", 3)->published, "PTY");
    assert_false(layout_header_has(profile_type(profile, "PTY", 3), FORM_CSV, HEADER_SENDER_ID));
    assert_true(layout_header_has(profile_type(profile, "COS", 3), FORM_CSV, HEADER_SENDER_ID));
    assert_true(layout_header_has(profile_type(profile, "EMI", 3), FORM_XML, HEADER_SENDER_ID));
    assert_false(layout_header_has(profile_type(profile, "EMI", 3), FORM_XML, HEADER_MODE));
    profile_free(profile);
    folder_remove(folder);
}

/* CSV with a title row beside XML with a header: EMI-H.json is that of the XML form. Without that form, or without the
 * element, no file would have the record. */
static void test_profile_dialect__title_row_beside_an_xml_header__both_are_read(void **state)
{
    static const char gone[] =
        "no file has this record: the frame has none in CSV, and xml.json has no element for it; "
        "delete it, or name the element";
    char *folder = folder_copy();
    struct profile *profile;
    const struct file_type *type;

    (void)state;
    folder_change(folder, "records/EMI-D.json", "\"fields\": [", "\"dialect\": {\"frame\": \"title\"}, \"fields\": [");
    folder_change(folder, "records/EMI-D.json", "\"record.letter\"", "\"device.region\"");
    folder_change(folder, "records/EMI-D.json", "\"CSPRegion\",\n      \"fact\": \"device.region\"", "\"CSPRegion\"");
    folder_write(folder, "records/EMI-T.json", NULL);
    profile = load(folder);
    type = profile_type(profile, "EMI", 3);
    assert_true(layout_has_header(type, FORM_XML) && layout_header_has(type, FORM_XML, HEADER_BATCH_ID));
    assert_false(layout_has_header(type, FORM_CSV) || layout_header_has(type, FORM_CSV, HEADER_BATCH_ID));
    profile_free(profile);
    folder_change(folder, "xml.json", "\"header\": \"Header\",\n      \"count\": \"DeviceCount\",", "");
    g_autofree char *faults = folder_faults(folder), *expected = g_strdup_printf("records/EMI-H.json:0: %s\n", gone);
    assert_string_equal(faults, expected);
    folder_write(folder, "records/EMI-H.json", NULL);
    g_autofree char *none = folder_faults(folder);
    assert_string_equal(none, "");
    folder_remove(folder);
}

static void test_profile_dialect__rows_alone__are_read_by_place(void **state)
{
    char *folder = folder_copy();
    struct profile *profile = load_parties(folder, "\"frame\": \"rows\", \"header\": false");

    (void)state;
    expect(profile, "PTY", "id|MAP|M1\n", "header|-|-|-|-|-|-|-|-\nrow|-|-|id|MAP|M1|-|-\n");
    profile_free(profile);
    folder_remove(folder);
}

/* What the proposal says of the file in its F record stands in the rows, and a row may name the batch. */
static void test_profile_dialect__acknowledgement_with_a_title__has_the_facts_of_the_file(void **state)
{
    static const char rows[] = "{\"dialect\": {\"frame\": \"title\"}, \"fields\": [{\"name\": \"Batch\", \"fact\": "
                               "\"header.batch\"}, {\"name\": \"File\", \"fact\": \"file.name\"}, {\"name\": \"Is\", "
                               "\"fact\": \"file.outcome\"}, {\"name\": \"Code\", \"fact\": \"finding.code\"}, "
                               "{\"name\": \"Of\", \"fact\": \"finding.scope\"}]}";
    static const char *const gone[] = {"records/EMA-H.json", "records/EMA-F.json", "records/EMA-T.json"};
    char *folder = folder_copy();
    struct profile *profile;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(gone); i++)
        folder_write(folder, gone[i], NULL);
    folder_write(folder, "records/EMA-E.json", rows);
    folder_write(folder, "xml.json", NULL);
    profile = load(folder);
    assert_null(profile_type(profile, "EMA", 3)->file);
    assert_int_equal(profile_type(profile, "EMA", 3)->record->n_columns, 5);
    profile_free(profile);
    folder_change(folder, "records/EMA-E.json", "file.outcome", "file.size");
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults,
                        "records/EMA-E.json:1: no column carries the fact file.outcome, which the program needs\n");
    folder_remove(folder);
}

static void test_profile_dialect__report__has_that_of_the_files_and_a_title(void **state)
{
    char *folder = folder_copy();
    struct profile *profile;

    (void)state;
    folder_change(folder, "profile.json", "\\r\\n", "\\n");
    folder_change(folder, "reports/MAPR.json", "\"footer\": \"#COUNT,{rows}\"",
                  "\"dialect\": {\"delimiter\": \"\\t\", \"header\": false}");
    profile = load(folder);
    assert_string_equal(profile_report(profile, "NMDM")->footer, "#COUNT,{rows}");
    assert_string_equal(profile_report(profile, "NMDM")->dialect->line_end, "\n");
    assert_int_equal(profile_report(profile, "NMDM")->dialect->frame, FRAME_TITLE);
    assert_null(profile_report(profile, "MAPR")->footer);
    assert_int_equal(profile_report(profile, "MAPR")->dialect->delimiter, '\t');
    assert_int_equal(profile_report(profile, "MAPR")->dialect->frame, FRAME_ROWS);
    profile_free(profile);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_dialect__letters_and_places__are_those_of_the_folder),
        cmocka_unit_test(test_profile_dialect__title_row__needs_no_header_and_trailer),
        cmocka_unit_test(test_profile_dialect__title_row_beside_an_xml_header__both_are_read),
        cmocka_unit_test(test_profile_dialect__rows_alone__are_read_by_place),
        cmocka_unit_test(test_profile_dialect__acknowledgement_with_a_title__has_the_facts_of_the_file),
        cmocka_unit_test(test_profile_dialect__report__has_that_of_the_files_and_a_title),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
