/* The layout of every inbound type, read by the readers: its columns are those of FILES.md, which stand here again. */
#include "formats/profile.h"
#include "formats/reader.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* A column marked with '?' may be missing in XML. */
static const struct known {
    const char *code, *root, *columns;
    bool has_mode;
} known[] = {
    {"EMI", "MigrationInstruction",
     "RecordNumber DeviceID DeviceType DeviceManufacturer DeviceModel FirmwareVersion MPxN? CHFDeviceID? CSPRegion? "
     "Attempt",
     false},
    {"EMT", "MigrationResult",
     "RecordNumber WorkItemId DeviceID Result GBCSStatus? DUISCode? AlertCode? Try? FirstTry? LastTry? "
     "OriginatorCounter? ExistingSubjectId? ExistingKeyId? ReplacingSubjectId? ReplacingKeyId?",
     false},
    {"EMC", "MigrationConfirmation", "RecordNumber WorkItemId DeviceID Confirmed ConfirmedAt? SubjectId? KeyId? Code?",
     false},
    {"INV", NULL,
     "RecordNumber Action DeviceID DeviceType DeviceStatus DeviceManufacturer DeviceModel FirmwareVersion MPxN "
     "CHFDeviceID SupplierId MAPId CSPRegion InstalledDate CommissionedDate Credentials Pending",
     true},
    {"COS", NULL, "RecordNumber Action MPxN LosingSupplierId GainingSupplierId SupplyStartDate", true},
    {"NMM", NULL,
     "RecordNumber Action DeviceType DeviceManufacturer DeviceModel FirmwareVersion NonMigratableFrom NonMigratableTo "
     "ReasonCode FixedInFirmware",
     true},
    {"PTY", NULL, "RecordNumber Action PartyId Role MPID Name Drop", true},
};

#define HEADER_NAMES "SenderId RecipientId FileSequence CreationDateTime Environment BatchId ResubmissionOf?"

/* What the reader gave out: the fields' texts joined by '|', missing ones as '-'; the faults one a line. */
struct heard {
    GString *header, *records, *faults;
    char *count;
};

static void append_record(GString *out, const struct record *record)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];

        g_string_append_printf(out, "%s%.*s", i ? "|" : "", f->text ? (int)f->len : 1, f->text ? f->text : "-");
    }
    g_string_append_c(out, '\n');
}

static void on_header(void *user, const struct record *record)
{
    append_record(((struct heard *)user)->header, record);
}

static void on_record(void *user, const struct record *record)
{
    append_record(((struct heard *)user)->records, record);
}

static void on_count(void *user, const struct field *declared)
{
    ((struct heard *)user)->count = g_strndup(declared->text, declared->len);
}

static void on_fault(void *user, const struct fault *fault)
{
    g_string_append_printf(((struct heard *)user)->faults, "%d %s: %s\n", (int)fault->kind,
                           fault->field ? fault->field : "-", fault->text);
}

static struct heard hear_type(const struct file_type *type, enum form form, const char *document)
{
    struct heard heard = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL), NULL};
    const struct reader_sink sink = {&heard, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {10};
    struct reader *reader = reader_new(form, type, &limits, &sink);

    (void)reader_push(reader, document, strlen(document)); /* reader_finish says the same */
    (void)reader_finish(reader);
    reader_free(reader);
    return heard;
}

static struct heard hear(const char *code, enum form form, const char *document)
{
    return hear_type(profile_type(profile_builtin(), code, strlen(code)), form, document);
}

static void heard_clear(struct heard *heard)
{
    g_string_free(heard->header, TRUE);
    g_string_free(heard->records, TRUE);
    g_string_free(heard->faults, TRUE);
    g_free(heard->count);
}

static char **columns_of(const struct known *type)
{
    return g_strsplit(type->columns, " ", -1);
}

/* A whole document with that many fields in its header, and columns in its record: "v0", "v1" … g_free. */
static char *csv_document(const struct known *type, guint header_fields, guint columns)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "H,%s,1.0", type->code);
    for (guint i = 3; i < header_fields; i++)
        g_string_append_printf(text, ",h%u", i - 3);
    g_string_append(text, "\nD");
    for (guint i = 0; i < columns; i++)
        g_string_append_printf(text, ",v%u", i);
    g_string_append(text, "\nT,1\n");
    return g_string_free(text, FALSE);
}

static void test_layout__types__are_those_known(void **state)
{
    size_t inbound = 0;

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < profile_builtin()->n_types; i++)
        inbound += profile_builtin()->types[i].inbound;
    assert_int_equal(inbound, G_N_ELEMENTS(known));
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        const struct file_type *type = profile_type(profile_builtin(), known[i].code, 3);
        g_auto(GStrv) columns = columns_of(&known[i]);

        assert_true(type->inbound);
        assert_true(g_strcmp0(type->root, known[i].root) == 0);
        assert_int_equal(type->record->n_columns, g_strv_length(columns));
        for (size_t k = 0; k < type->record->n_columns; k++) {
            g_auto(GStrv) name = g_strsplit(columns[k], "?", 2);
            assert_string_equal(type->record->columns[k].name, name[0]);
        }
        assert_string_equal(type->record->columns[RECORD_NUMBER_FIELD].name, "RecordNumber");
    }
}

static void test_layout__csv__has_the_fields_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_auto(GStrv) columns = columns_of(&known[i]);
        guint n = g_strv_length(columns), header_fields = known[i].has_mode ? 11 : 10;
        g_autofree char *document = csv_document(&known[i], header_fields, n);
        struct heard heard = hear(known[i].code, FORM_CSV, document);
        g_autofree char *last = g_strdup_printf("|v%u\n", n - 1);

        assert_string_equal(heard.faults->str, "");
        assert_string_equal(heard.header->str,
                            known[i].has_mode ? "h0|h1|h2|h3|h4|h5|h6|h7\n" : "h0|h1|h2|h3|h4|h5|h6|-\n");
        assert_true(g_str_has_prefix(heard.records->str, "v0|v1|v2|"));
        assert_true(g_str_has_suffix(heard.records->str, last));
        assert_string_equal(heard.count, "1");
        heard_clear(&heard);
    }
}

/* What an earlier record left in the reader's buffer is not taken for a Mode. */
static void test_layout__csv_header_behind_a_record__has_no_mode(void **state)
{
    struct heard heard = hear("EMI", FORM_CSV, "D,1,b,c,d,e,f,g,h,i,j\nH,EMI,1.0,h0,h1,h2,h3,h4,h5,h6\nT,1\n");

    (void)state;
    assert_string_equal(heard.header->str, "h0|h1|h2|h3|h4|h5|h6|-\n");
    heard_clear(&heard);
}

/* What a record of one field less or more than n gives: the last column is missing, or the field behind it too much. */
static char *field_fault(guint n, guint found, const char *last)
{
    if (found < n)
        return g_strdup_printf("%d %s: expected %u fields, found %u: expected %s here, found the line's end\n",
                               FAULT_FIELD_COUNT, last, n, found, last);
    return g_strdup_printf("%d -: expected %u fields, found %u: expected the line's end after %s; "
                           "a value that holds a comma stands in quotes\n",
                           FAULT_FIELD_COUNT, n, found, last);
}

static void test_layout__csv_with_another_number_of_fields__is_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_auto(GStrv) columns = columns_of(&known[i]);
        guint n = g_strv_length(columns), header_fields = known[i].has_mode ? 11 : 10;

        for (guint off = 0; off < 3; off += 2) {
            g_autofree char *document = csv_document(&known[i], header_fields + off - 1, n + off - 1);
            g_autofree char *header =
                field_fault(header_fields, header_fields + off - 1, known[i].has_mode ? "Mode" : "ResubmissionOf");
            g_autofree char *last = g_strdelimit(g_strdup(columns[n - 1]), "?", '\0');
            g_autofree char *record = field_fault(n + 1, n + off, last);
            g_autofree char *expected = g_strconcat(header, record, NULL);
            struct heard heard = hear(known[i].code, FORM_CSV, document);

            assert_string_equal(heard.faults->str, expected);
            assert_string_equal(heard.header->str, "");
            assert_string_equal(heard.records->str, "");
            heard_clear(&heard);
        }
    }
}

/* Each element has its number and then `fill` characters of four bytes. */
static void append_elements(GString *text, char **names, const char *without, guint fill)
{
    for (guint i = 0; names[i]; i++) {
        g_auto(GStrv) name = g_strsplit(names[i], "?", 2);

        if (names[i] == without)
            continue;
        g_string_append_printf(text, "<%s>v%u", name[0], i);
        for (guint k = 0; k < fill; k++)
            g_string_append(text, "😀");
        g_string_append_printf(text, "</%s>", name[0]);
    }
}

/* A whole document; without: a column that is left out, or NULL. g_free. */
static char *xml_document(const struct known *type, char **columns, const char *without, guint fill)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) header = g_strsplit(HEADER_NAMES, " ", -1);

    g_string_append_printf(text, "<%s xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\"><Header>",
                           type->root);
    append_elements(text, header, NULL, 2 * fill);
    g_string_append(text, "<DeviceCount>1</DeviceCount></Header><Devices><Device>");
    append_elements(text, columns, without, fill);
    g_string_append_printf(text, "</Device></Devices></%s>", type->root);
    return g_string_free(text, FALSE);
}

static void test_layout__xml__has_the_elements_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_auto(GStrv) columns = columns_of(&known[i]);

        if (!known[i].root)
            continue;
        g_autofree char *document = xml_document(&known[i], columns, NULL, 0);
        g_autofree char *last = g_strdup_printf("|v%u\n", g_strv_length(columns) - 1);
        struct heard heard = hear(known[i].code, FORM_XML, document);

        assert_string_equal(heard.faults->str, "");
        assert_string_equal(heard.header->str, "v0|v1|v2|v3|v4|v5|v6|-\n");
        assert_true(g_str_has_suffix(heard.records->str, last));
        assert_string_equal(heard.count, "1");
        heard_clear(&heard);
    }
}

/* Without one element: an optional one is a missing field, a required one a fault that names it. */
static void expect_without(const struct known *type, char **columns, guint column)
{
    bool optional = g_str_has_suffix(columns[column], "?");
    g_autofree char *document = xml_document(type, columns, columns[column], 0);
    g_autofree char *fault = g_strdup_printf("%d %s: ", FAULT_ELEMENT, columns[column]);
    struct heard heard = hear(type->code, FORM_XML, document);

    if (optional) {
        g_auto(GStrv) fields = g_strsplit(heard.records->str, "|", -1);
        assert_string_equal(heard.faults->str, "");
        assert_int_equal(fields[column][0], '-');
    } else {
        assert_true(g_str_has_prefix(heard.faults->str, fault));
        assert_string_equal(heard.records->str, "");
    }
    heard_clear(&heard);
}

static void test_layout__xml_without_an_element__is_a_fault_where_it_is_required(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_auto(GStrv) columns = columns_of(&known[i]);

        for (guint k = 0; known[i].root && columns[k]; k++)
            expect_without(&known[i], columns, k);
    }
}

/* All fields at once have as many bytes as a field may have. */
static void test_layout__longest_fields__are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_auto(GStrv) columns = columns_of(&known[i]);
        guint n = g_strv_length(columns);

        if (!known[i].root)
            continue;
        g_autofree char *document = xml_document(&known[i], columns, NULL, 61);
        struct heard heard = hear(known[i].code, FORM_XML, document);

        assert_string_equal(heard.faults->str, "");
        assert_int_equal(heard.records->len, 3 * n + (n > 10 ? n - 10 : 0) + 61 * 4 * n); /* "v0|", "v10|" */
        heard_clear(&heard);
    }
}

static void test_layout__form_that_the_type_does_not_have__is_one_fault(void **state)
{
    static const char *const documents[] = {"<Inventory/>", "H,INV,1.0,a,b,1,c,TEST,B,,FULL\nT,0\n"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(documents); i++) {
        struct heard heard = hear("INV", FORM_XML, documents[i]);

        assert_string_equal(heard.faults->str, "0 -: expected CSV, the only form of INV, found a name that says XML\n");
        assert_string_equal(heard.header->str, "");
        heard_clear(&heard);
    }
}

/* An instruction as nobody sends it: its own names, another order, a column that the gateway has no field for, and no
 * column for most fields. */
static const struct layout_column other_columns[] = {
    {"Kind", FACT_device_type, .required = true},
    {"Colour", FACT_supply_mpxn, .required = false},
    {"No", FACT_record_number, .required = true},
    {"Meter", FACT_device_id, .required = false},
};
static const enum fact other_fields[] = {FACT_record_number, FACT_device_id, FACT_device_type, FACT_device_region};
static const struct layout_record other_record = {'D', "Device", 4, other_columns, 4, other_fields, 0, NULL};
static const struct layout_column other_header_columns[] = {{"Batch", FACT_header_batch, .required = true},
                                                            {"From", FACT_header_sender, .required = true}};
static const enum fact other_header_fields[] = {FACT_header_sender, FACT_header_mode, FACT_header_batch};
static const struct layout_record other_header = {'H', "Header", 2, other_header_columns, 3, other_header_fields,
                                                  0,   NULL};
static const struct profile other = {.name = "other",
                                     .version = "1.0",
                                     .namespace = "urn:ecos-gateway:migration:1",
                                     .version_attribute = "schemaVersion",
                                     .xml_version = "1.0"};
static const struct frame_cells other_cells = {.letter = "Line",
                                               .type = "Type",
                                               .type_at = 1,
                                               .version = "Version",
                                               .version_at = 2,
                                               .trailer = 'T',
                                               .count = "Count"};
static const struct file_type other_type = {.profile = &other,
                                            .dialect = &layout_dialect,
                                            .cells = &other_cells,
                                            .code = "EMI",
                                            .published = "EMI",
                                            .version = "1.0",
                                            .root = "Other",
                                            .inbound = true,
                                            .header = &other_header,
                                            .record = &other_record,
                                            .rows_element = "Devices",
                                            .count_element = "Count"};

static void test_layout__csv_columns_in_another_order__reach_their_fields(void **state)
{
    struct heard heard = hear_type(&other_type, FORM_CSV, "H,EMI,1.0,b,s\nD,GPF,red,1,m1\nD,ESME,,2,\nT,2\n");

    (void)state;
    assert_string_equal(heard.faults->str, "");
    assert_string_equal(heard.header->str, "s|-|b\n");
    assert_string_equal(heard.records->str, "1|m1|GPF|-\n2||ESME|-\n");
    heard_clear(&heard);
}

static void test_layout__xml_elements_in_another_order__reach_their_fields(void **state)
{
    struct heard heard = hear_type(&other_type, FORM_XML,
                                   "<Other xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">"
                                   "<Header><Batch>b</Batch><From>s</From><Count>2</Count></Header><Devices>"
                                   "<Device><Kind>GPF</Kind><Colour>red</Colour><No>1</No><Meter>m1</Meter></Device>"
                                   "<Device><Kind>ESME</Kind><No>2</No></Device></Devices></Other>");

    (void)state;
    assert_string_equal(heard.faults->str, "");
    assert_string_equal(heard.header->str, "s|-|b\n");
    assert_string_equal(heard.records->str, "1|m1|GPF|-\n2|-|ESME|-\n");
    assert_string_equal(heard.count, "2");
    heard_clear(&heard);
}

/* What is wrong is told with the names of the sender's columns. */
static void test_layout__fault_in_other_columns__has_their_names(void **state)
{
    struct heard heard = hear_type(&other_type, FORM_CSV, "H,EMI,1.0,b,s\nD,GPF,red\nT,1\n");

    (void)state;
    assert_non_null(strstr(heard.faults->str, "expected No here, found the line's end"));
    assert_string_equal(layout_column_of(&other_record, 1), "Meter");
    assert_null(layout_column_of(&other_record, 3));
    assert_int_equal(layout_field_of(&other_record, 1), LAYOUT_NO_FIELD);
    heard_clear(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout__types__are_those_known),
        cmocka_unit_test(test_layout__csv__has_the_fields_of_its_type),
        cmocka_unit_test(test_layout__csv_header_behind_a_record__has_no_mode),
        cmocka_unit_test(test_layout__csv_with_another_number_of_fields__is_a_fault),
        cmocka_unit_test(test_layout__xml__has_the_elements_of_its_type),
        cmocka_unit_test(test_layout__xml_without_an_element__is_a_fault_where_it_is_required),
        cmocka_unit_test(test_layout__longest_fields__are_whole),
        cmocka_unit_test(test_layout__form_that_the_type_does_not_have__is_one_fault),
        cmocka_unit_test(test_layout__csv_columns_in_another_order__reach_their_fields),
        cmocka_unit_test(test_layout__xml_elements_in_another_order__reach_their_fields),
        cmocka_unit_test(test_layout__fault_in_other_columns__has_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
