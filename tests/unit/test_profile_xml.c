/* The loader of profiles: XML forms of a folder with paths, and without namespace, version, header or count. */
#include "formats/profile.h"
#include "formats/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: they need them */
#include <cmocka.h>

#include "tests/unit/heard_lines.h"
#include "tests/unit/profile_folder.h"

#define COLUMN(name, fact, more) "{\"name\": \"" name "\", \"fact\": \"" fact "\"" more "}"
#define NEEDED ", \"constraints\": {\"required\": true}"
#define LETTER "{\"name\": \"Letter\", \"fact\": \"record.letter\", \"constraints\": {\"enum\": [\"D\"]}}, "

/* The rows of an instruction: two groups, one within the other, and one whose fields may all be missing. */
static const char rows[] = "{\"fields\": [" LETTER COLUMN("DeviceID", "device.id", ", \"xml\": \"Identity/Id\"" NEEDED)
",\n" COLUMN("Kind", "device.type", ", \"xml\": \"Identity/Model/Kind\"" NEEDED)
",\n" COLUMN("Maker", "device.manufacturer",
             ", \"xml\": "
             "\"Identity/Model/Maker\"" NEEDED)
",\n" COLUMN("Model", "device.model", ", \"xml\": \"Identity/Model/Name\"" NEEDED)
",\n" COLUMN("Firmware", "device.firmware", NEEDED)
",\n" COLUMN("MPxN", "device.mpxn", ", \"xml\": \"Site/MPxN\"")
",\n" COLUMN("Hub", "device.hub", ", \"xml\": \"Site/Hub\"")
"]}";

/* Whoever sends XML gets XML. */
#define ANSWERS                                                                                                        \
    "\"EMA\": {\"root\": \"Said\", \"file\": \"File\", \"row\": \"Finding\"}, \"EMD\": {\"root\": \"Seen\", "          \
    "\"row\": \"Device\"}, \"EMO\": {\"root\": \"Done\", \"row\": \"Device\"}"

static const char without[] = "{\"types\": {\"EMI\": {\"root\": \"Orders\", \"row\": \"Order\"}, " ANSWERS "}}";
static const char with[] =
    "{\"namespace\": \"urn:x\", \"types\": {\"EMI\": {\"root\": \"Orders\", \"header\": \"Head\", "
    "\"rows\": \"All\", \"row\": \"Order\"}, " ANSWERS "}}";

static struct profile *load(char *folder, const char *xml)
{
    g_autoptr(GString) faults = g_string_new(NULL);
    struct profile *profile;

    folder_write(folder, "records/EMI-D.json", rows);
    folder_write(folder, "xml.json", xml);
    profile = profile_load(folder, folder_hear_fault, faults);
    assert_string_equal(faults->str, "");
    return profile;
}

#define NO_HEADER "header|-|-|-|-|-|-|-|-\n"
#define FULL                                                                                                           \
    "  <Order>\n    <Identity>\n      <Id>m1</Id>\n      <Model>\n        <Kind>ESME</Kind>\n"                         \
    "        <Maker>AB</Maker>\n        <Name>x&amp;y</Name>\n      </Model>\n    </Identity>\n"                       \
    "    <Firmware>f</Firmware>\n    <Site>\n      <Hub>h</Hub>\n    </Site>\n  </Order>\n"
#define SHORT                                                                                                          \
    "  <Order>\n    <Identity>\n      <Id>m2</Id>\n      <Model>\n        <Kind>GPF</Kind>\n"                          \
    "        <Maker>AB</Maker>\n        <Name>z</Name>\n      </Model>\n    </Identity>\n"                             \
    "    <Firmware>f</Firmware>\n  </Order>\n"
#define ROWS_READ "row|-|m1|ESME|AB|x&y|f|-|h|-|-\nrow|-|m2|GPF|AB|z|f|-|-|-|-\n"

static void test_profile_xml__paths__reach_their_fields(void **state)
{
    char *folder = folder_copy();
    struct profile *profile = load(folder, without);
    const struct file_type *type = profile_type(profile, "EMI", 3);

    (void)state; /* cmocka's signature */
    heard_expect(type, FORM_XML, "<Orders>\n" FULL SHORT "</Orders>", NO_HEADER ROWS_READ);
    heard_expect(type, FORM_XML, "<Orders/>", NO_HEADER);
    profile_free(profile);
    folder_remove(folder);
}

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static void test_profile_xml__writer__what_the_reader_reads(void **state)
{
    static const enum fact ids[] = {FACT_device_id,       FACT_device_type, FACT_device_manufacturer, FACT_device_model,
                                    FACT_device_firmware, FACT_device_mpxn, FACT_device_hub};
    static const char *const values[][7] = {{"m1", "ESME", "AB", "x&y", "f", NULL, "h"},
                                            {"m2", "GPF", "AB", "z", "f", "", NULL}};
    char *folder = folder_copy();
    struct profile *profile = load(folder, without);
    g_autoptr(GString) out = g_string_new(NULL);
    struct writer *w = writer_new(FORM_XML, profile_type(profile, "EMI", 3), append, out);
    const enum fact of_header[] = {FACT_header_sender,  FACT_header_recipient,   FACT_header_sequence,
                                   FACT_header_created, FACT_header_environment, FACT_header_batch,
                                   FACT_header_corrects};
    const char *const header[7] = {"s"};

    (void)state;
    writer_header(w, &(struct facts){of_header, header, 7}, 2);
    for (size_t i = 0; i < 2; i++)
        writer_row(w, &(struct facts){ids, values[i], 7});
    assert_true(writer_finish(w, NULL));
    writer_free(w);
    assert_string_equal(out->str, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Orders>\n" FULL SHORT "</Orders>\n");
    profile_free(profile);
    folder_remove(folder);
}

static void test_profile_xml__faults__name_the_elements_of_the_sender(void **state)
{
    static const char *const cases[][2] = {
        {"<Orders xmlns=\"urn:x\"/>", "Orders: expected no namespace, found one\n" NO_HEADER},
        {"<Orders schemaVersion=\"1.0\"/>",
         NO_HEADER "schemaVersion: expected no attribute schemaVersion here, found one\n"},
        {"<Orders><Order><Identity><Id>m</Id></Identity><Firmware>f</Firmware></Order></Orders>",
         NO_HEADER "Model: expected Model, found the end of Identity\n"},
        {"<Orders><Order><Identity><Id>m</Id><Model><Kind>k</Kind><Name>n</Name></Model></Identity>"
         "<Firmware>f</Firmware></Order></Orders>",
         NO_HEADER "Maker: expected Maker, found Name\n"},
        {"<Orders><Order><Firmware>f</Firmware></Order></Orders>",
         NO_HEADER "Identity: expected Identity, found Firmware\n"},
        {"<Orders><Order><Identity>x<Id>m</Id></Identity></Order></Orders>",
         NO_HEADER "Identity: expected elements in Identity, found text\n"
                   "Model: expected Model, found the end of Identity\n"
                   "Firmware: expected Firmware, found the end of Order\n"},
    };
    char *folder = folder_copy();
    struct profile *profile = load(folder, without);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        heard_expect(profile_type(profile, "EMI", 3), FORM_XML, cases[i][0], cases[i][1]);
    profile_free(profile);
    folder_remove(folder);
}

static void test_profile_xml__header_without_count__gives_no_count(void **state)
{
    char *folder = folder_copy();
    struct profile *profile = load(folder, with);

    (void)state;
    heard_expect(profile_type(profile, "EMI", 3), FORM_XML,
                 "<Orders xmlns=\"urn:x\"><Head><SenderId>s</SenderId><RecipientId>r</RecipientId>"
                 "<FileSequence>1</FileSequence><CreationDateTime>c</CreationDateTime><Environment>TEST</Environment>"
                 "<BatchId>b</BatchId></Head><All>" FULL "</All></Orders>",
                 "header|s|r|1|c|TEST|b|-|-\nrow|-|m1|ESME|AB|x&y|f|-|h|-|-\n");
    profile_free(profile);
    folder_remove(folder);
}

/* Texts of columns without a fact stand behind those with one, wherever their elements stand. */
static void test_profile_xml__columns_without_a_fact__are_kept(void **state)
{
    static const char order[] = "<Orders><Order><Identity><Id>m1</Id><Model><Kind>ESME</Kind><Maker>AB</Maker>"
                                "<Name>n</Name></Model></Identity><Firmware>f</Firmware><Site><Colour>%s</Colour>"
                                "<MPxN>1</MPxN></Site><Crew>%s</Crew></Order></Orders>";
    char *folder = folder_copy();
    struct profile *profile;

    (void)state;
    profile_free(load(folder, without));
    folder_change(folder, "records/EMI-D.json", "{\"name\": \"MPxN\"",
                  "{\"name\": \"Paint\", \"xml\": \"Site/Colour\"}, {\"name\": \"MPxN\"");
    folder_change(folder, "records/EMI-D.json", "\"Site/Hub\"}", "\"Site/Hub\"}, {\"name\": \"Crew\"}");
    profile = profile_load(folder, folder_hear_fault, NULL);
    const struct file_type *type = profile_type(profile, "EMI", 3);
    assert_int_equal(type->record->n_kept, 2);
    g_autofree char *both = g_strdup_printf(order, "red &amp; blue", " a "), *none = g_strdup_printf(order, "", "b");
    heard_expect(type, FORM_XML, both, NO_HEADER "row|-|m1|ESME|AB|n|f|1|-|-|-|red & blue| a \n");
    heard_expect(type, FORM_XML, none, NO_HEADER "row|-|m1|ESME|AB|n|f|1|-|-|-||b\n");
    profile_free(profile);
    folder_remove(folder);
}

static void expect_faults(const char *xml, const char *old, const char *new, const char *expected)
{
    char *folder = folder_copy();

    folder_write(folder, "records/EMI-D.json", rows);
    folder_write(folder, "xml.json", xml);
    folder_change(folder, old[0] == '{' ? "xml.json" : "records/EMI-D.json", old, new);
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults, expected);
    folder_remove(folder);
}

static void test_profile_xml__fault_of_the_folder__is_told(void **state)
{
    (void)state;
    expect_faults(without, "{\"root\"", "{\"count\": \"N\", \"root\"",
                  "xml.json:1: count: it stands in the header, which this type does not have\n");
    expect_faults(without, "Site/Hub", "Site//Hub",
                  "xml.json:1: record Order: expected an element or a path of at most 4 for the column Hub, found "
                  "\"Site//Hub\"\n");
    expect_faults(without, "Site/Hub", "a/b/c/d/e",
                  "xml.json:1: record Order: expected an element or a path of at most 4 for the column Hub, found "
                  "\"a/b/c/d/e\"\n");
    expect_faults(without, "Site/Hub", "Identity/Hub",
                  "xml.json:1: record Order: the columns within Identity must stand together\n");
    expect_faults(without, "Site/Hub", "Site/MPxN",
                  "xml.json:1: record Order: the element Site/MPxN is that of another column, too\n");
    expect_faults(without, "Site/Hub", "Site",
                  "xml.json:1: record Order: the element Site is that of another column, too\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_xml__paths__reach_their_fields),
        cmocka_unit_test(test_profile_xml__writer__what_the_reader_reads),
        cmocka_unit_test(test_profile_xml__faults__name_the_elements_of_the_sender),
        cmocka_unit_test(test_profile_xml__columns_without_a_fact__are_kept),
        cmocka_unit_test(test_profile_xml__header_without_count__gives_no_count),
        cmocka_unit_test(test_profile_xml__fault_of_the_folder__is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
