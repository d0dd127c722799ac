/* The XML reader: what good and faulty documents give, and where, whatever the size of the pieces. */
#include "tests/unit/xml_document.h"

static void test_xml_reader__good_file__gives_all_fields(void **state)
{
    struct reading reading = read_document(GOOD, strlen(GOOD), true);

    (void)state; /* cmocka's signature */
    assert_string_equal(
        reading.all->str,
        "Header #0 @3:3 [90-B3-D5-1F-30-0E-C0-01]@4:5 [90-B3-D5-1F-30-00-00-04]@5:5 [1]@6:5"
        " [2023-07-03T06:00:00Z]@8:5 [TEST]@9:5 [B1]@10:5 [-]@0:0\n"
        "count [2]@11:5\n"
        "Device #1 @14:5 [1]@15:7 [00-DB-12-34-56-78-90-A0]@16:7 [ESME]@17:7 [AB01]@18:7 [010A030B]@19:7"
        " [0002012F]@20:7 [1012345678903]@21:7 [-]@0:0 [Central]@22:7 [1]@23:7\n"
        "Device #2 @25:5 [2]@25:13 [ é ]@25:43 []@25:67 [a&b!]@25:80 [m]@25:133 [f]@25:161 [-]@0:0"
        " [c]@25:197 [-]@0:0 [2]@25:225\n");
    reading_clear(&reading);
}

static void test_xml_reader__allowed_variations__no_fault(void **state)
{
    static const struct {
        const char *find, *replacement;
    } edits[] = {
        {DECLARATION, ""},
        {"encoding=\"UTF-8\"", ""},
        {"encoding=\"UTF-8\"", "encoding = 'us-ascii' standalone='yes'"},
        {"\"UTF-8\"?>", "\"utf-8\"?><!-- é > < --><?pi x?>\n<!-- - -->"},
        {"<Device>", "<!-- é --><?pi é?><Device>"},
        {">ESME<", "><![CDATA[ES]]>M<!-- é --><![CDATA[E]]><"},
        {">ESME<", "\n>E<?pi?>S&#77;<![CDATA[éé]]></DeviceType><DeviceManufacturer>AB01</DeviceManufacturer>"
                   "<DeviceModel>x</DeviceModel><FirmwareVersion>f</FirmwareVersion><Attempt>1</Attempt>"
                   "</Device><Device><RecordNumber>7</RecordNumber><DeviceID>x</DeviceID><DeviceType><"},
        {"<Device>", "<Device\n   xmlns:é='urn:é'\n\n  >"},
        {"schemaVersion=\"1.0\"", "schemaVersion='\t 1.0&#10; '"},
        {ROOT, "<m:MigrationInstruction xmlns:m='urn:ecos-gateway:migration:1' schemaVersion='1.0' "
               "xmlns='urn:ecos-gateway:migration:1'\nxmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
               " xsi:schemaLocation='a b' xsi:noNamespaceSchemaLocation='>'><m:Header>"
               "<m:SenderId/><RecipientId/><FileSequence/><CreationDateTime/><Environment/><BatchId/>"
               "<DeviceCount/></m:Header><Devices></Devices></m:MigrationInstruction><!-- \n"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_autofree char *edited = edit(edits[i].find, edits[i].replacement);
        g_autofree char *doc = i + 1 < G_N_ELEMENTS(edits) ? g_strdup(edited) : g_strconcat(edited, "-->", NULL);
        /* A prefix hides the name from the check of places. */
        struct reading reading = read_document(doc, strlen(doc), i + 1 < G_N_ELEMENTS(edits));

        assert_string_equal(reading.faults->str, "");
        assert_int_equal(reading.n_headers, 1);
        reading_clear(&reading);
    }
}

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeé"
#define LONG_128 LONG_64 LONG_64

/* The place is that of the first `place` in the edited document; NULL: its end. */
static const struct slip {
    const char *find, *replacement, *faults, *place;
    unsigned n_records;
} slips[] = {
    /* root */
    {ROOT, "<Order xmlns='urn:ecos-gateway:migration:1' schemaVersion='1.0'>", "ROOT MigrationInstruction #0", "<Order",
     0},
    {"migration:1", "migration:2", "ROOT MigrationInstruction #0", "<Migr", 2},
    {" xmlns=\"urn:ecos-gateway:migration:1\"", "", "ROOT MigrationInstruction #0", "<Migr", 2},
    {"schemaVersion=\"1.0\"", "schemaVersion=\"1.1\"", "ROOT schemaVersion #0", "<Migr", 2},
    {"schemaVersion=\"1.0\"", "schemaVersion=\"1. 0\"", "ROOT schemaVersion #0", "<Migr", 2},
    {"schemaVersion=\"1.0\"", "\n", "ROOT schemaVersion #0", "<Migr", 2},
    {"schemaVersion", "a='x' schemaVersion", "ELEMENT a #0", "<Migr", 2},
    /* header */
    {HEADER, "", "ELEMENT Header #0", "<Devices>", 2},
    {"  </Header>\n", "  </Header><Header ></Header>\n", "ELEMENT Header #0", "<Header >", 2},
    {"    <BatchId>B1</BatchId>\n", "", "ELEMENT BatchId #0", "<DeviceCount", 2},
    {"    <DeviceCount>2</DeviceCount>\n", "", "ELEMENT DeviceCount #0", "</Header", 2},
    {"<SenderId>", "<SenderId>" LONG_128 "é", "LIMIT SenderId #0", "<SenderId", 2},
    {"<SenderId>90-B3-D5-1F-30-0E-C0-01", "<SenderId> \n\t" LONG_128 "    \n", "", NULL, 2},
    {"  </Header>\n  <Devices>", "  </Header>\n  <Devices x='1'>", "ELEMENT x #0", "<Devices", 2},
    /* rows */
    {"    <Device>\n", "<Divice/>    <Device>\n", "ELEMENT Divice #0", "<Divice", 2},
    {"    <Device>\n", "&#32; é <Device>\n", "ELEMENT Devices #0", "&#32", 2},
    {"    <Device>\n", "<!-- x -->x<!-- y -->x<?z?>x<Device>\n", "ELEMENT Devices #0", "x<!-- y", 2},
    {"    <Device>\n", "<![CDATA[x]]><Device>\n", "ELEMENT Devices #0", "x]]", 2},
    {"    <Device>\n", "<Header/><Device>\n", "ELEMENT Header #0", "<Header/>", 2},
    {"  </Devices>\n", "  </Devices><Devices><Device/></Devices>\n", "ELEMENT Devices #0", "<Devices><", 2},
    {"  </Devices>\n", "  </Devices><Foo><Device/>x<Foo/></Foo>\n", "ELEMENT Foo #0", "<Foo><", 2},
    /* a record */
    {"      <RecordNumber>1</RecordNumber>\n", "", "ELEMENT RecordNumber #1", "<DeviceID", 1},
    {"      <Attempt>1</Attempt>\n", "", "ELEMENT Attempt #1", "</Device>", 1},
    {"      <Attempt>1</Attempt>\n    </Device>\n", "</Device><!-- -->\n", "ELEMENT Attempt #1", "</Device><!", 1},
    {"<CSPRegion>", "<MPxN/><CSPRegion>", "ELEMENT MPxN #1", "<MPxN/>", 2},
    {"<CSPRegion>", "<CHFDeviceId/><CSPRegion>", "ELEMENT CHFDeviceId #1", "<CHFDeviceId/>", 2},
    {"<MPxN>", "<DeviceModel/><MPxN>", "ELEMENT DeviceModel #1", "<DeviceModel/>", 2},
    {"<CSPRegion>Central</CSPRegion>\n      <Attempt>1</Attempt>", "<Attempt>1</Attempt><CSPRegion/>",
     "ELEMENT CSPRegion #1", "<CSPRegion/>", 2},
    {"<DeviceType>ESME</DeviceType>\n      <DeviceManufacturer>AB01</DeviceManufacturer>",
     "<DeviceManufacturer/>\n<DeviceType/>", "ELEMENT DeviceType #1", "<DeviceManufacturer/>", 2},
    {"<DeviceType>ESME</DeviceType>\n      <DeviceManufacturer>AB01</DeviceManufacturer>\n"
     "      <DeviceModel>010A030B</DeviceModel>",
     "<DeviceModel/><DeviceType/><DeviceManufacturer/>", "ELEMENT DeviceType #1", "<DeviceModel/>", 2},
    {"<DeviceType>ESME</DeviceType>", "<Type>ESME</Type>", "ELEMENT Type #1", "<Type", 1},
    {"<DeviceType>ESME</DeviceType>", "<x:DeviceType xmlns:x='y'/>", "ELEMENT DeviceType #1", "<x:", 1},
    {"<DeviceType>ESME</DeviceType>\n      <DeviceManufacturer>AB01</DeviceManufacturer>", "",
     "ELEMENT DeviceType #1|ELEMENT DeviceManufacturer #1", "<DeviceModel", 1},
    {"ESME", "ES<Device>x</Device>ME", "ELEMENT Device #1", "<Device>x", 2},
    {"<DeviceType>", "<DeviceType\n  a='>'\n  b='é'>", "ELEMENT a #1|ELEMENT b #1", "<DeviceType\n", 2},
    {"<DeviceType>", "<!-- é --><![CDATA[\n  ]]><DeviceType a=''>", "ELEMENT a #1", "<DeviceType a", 2},
    {"<Device>\n", "<Device>\n\n  hello", "ELEMENT Device #1", "hello", 2},
    {"<Device>\n", "<Device>\r\n &#32;a>b", "ELEMENT Device #1", "a>b", 2},
    {"<Device>\n", "<Device>\r é > b", "ELEMENT Device #1", "é >", 2},
    {"<Device>\n", "<!-- '<a> --><Device a='>'\r>\ré > b", "ELEMENT a #1|ELEMENT Device #1", "<Device a", 2},
    {"<Device>\n", "<Device><!-- '>\" --><?pi '>\" ?><![CDATA[ ]]>\ré > b", "ELEMENT Device #1", "é >", 2},
    {"<Device>\n", "<Device>&gt;\r\n é", "ELEMENT Device #1", "&gt;", 2},
    {"ESME</DeviceType>\n      <DeviceManufacturer>", "<![CDATA[\n é€ ]]></DeviceType><DeviceManufacturer a=''>",
     "ELEMENT a #1", "<DeviceManufacturer a", 2},
    {"ESME", LONG_64 "x", "LIMIT DeviceType #1", "<DeviceType", 2},
    {"<DeviceCount>", "<DeviceCount>" LONG_64 LONG_64, "LIMIT DeviceCount #0", "<DeviceCount", 2},
    {"ESME", LONG_64 "<![CDATA[ ]]>", "LIMIT DeviceType #1", "<DeviceType", 2},
    {"ESME", LONG_64, "", NULL, 2},
    /* documents */
    {"<Devices>", "<!DOCTYPE x><Devices>", "DOCTYPE - #0", "<!DOC", 0},
    {"<Migration", "<!DOCTYPE x SYSTEM \"http://127.0.0.1/\"><Migration", "DOCTYPE - #0", "<!DOC", 0},
    {"<Migration", "<!-- é --> <!DOCTYPE x [ <!ENTITY e 'f'> ]>\n<Migration", "DOCTYPE - #0", "<!DOC", 0},
    {"ESME", "&nbsp;", "DOCTYPE - #1", NULL, 0},
    {"ESME", "A & B", "NOT_WELL_FORMED - #1", NULL, 0},
    {"ESME", "A \001 B", "NOT_WELL_FORMED - #1", "\001", 0},
    {"</DeviceType>", "</Devicetype>", "NOT_WELL_FORMED - #1", NULL, 0},
    {"  </Devices>\n</MigrationInstruction>\n", "  </Devices>\n</MigrationInstruction>\nx", "NOT_WELL_FORMED - #0",
     NULL, 2},
    {"<DeviceType>", "<q:DeviceType>", "NOT_WELL_FORMED - #1", NULL, 0},
    {"<DeviceType>", "<DeviceType a='1' a='2'>", "NOT_WELL_FORMED - #1", NULL, 0},
    {"  </Devices>\n</MigrationInstruction>\n", "", "TRUNCATED Devices #0", NULL, 2},
    /* encodings */
    {"\"UTF-8\"", "'ISO-8859-1'", "ENCODING encoding #0", "ISO", 0},
    {"\"UTF-8\"", "\"UTF-16\"", "ENCODING encoding #0", "UTF-16", 0},
    {"\"UTF-8\"", "\"x-none\"", "ENCODING encoding #0", "x-none", 0},
    {"<Devices>", "<Devices>   \xe9", "ENCODING - #0", "\xe9", 0},
    {"ESME", "é\xc3<", "ENCODING - #1", "\xc3<", 0},
    {"ESME", "\xed\xa0\x80", "ENCODING - #1", "\xed", 0},
    {DECLARATION, "\xef\xbb\xbf" DECLARATION, "ENCODING - #0", "\xef\xbb\xbf", 2},
};

static void test_xml_reader__one_slip__one_fault_at_its_place(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(slips); i++) {
        const struct slip *slip = &slips[i];
        g_autofree char *doc = edit(slip->find, slip->replacement);
        struct reading reading = read_document(doc, strlen(doc), false);

        if (strcmp(reading.faults->str, slip->faults) != 0 || reading.n_records != slip->n_records)
            print_message("slip %zu, %s:\n%s\n", i, slip->replacement, reading.all->str);
        assert_string_equal(reading.faults->str, slip->faults);
        assert_int_equal(reading.n_records, slip->n_records);
        if (slip->place) {
            const char *p = strstr(doc, slip->place);
            struct place at;

            if (!p)
                print_message("slip %zu\n", i);
            assert_non_null(p);
            at = brute_place(doc, p);

            if (at.line != reading.first_fault.line || at.column != reading.first_fault.column)
                print_message("slip %zu, expected %u:%u\n%s\n", i, at.line, at.column, reading.all->str);
            assert_int_equal(reading.first_fault.line, at.line);
            assert_int_equal(reading.first_fault.column, at.column);
        }
        reading_clear(&reading);
    }
}

static void test_xml_reader__missing_element__says_what_was_expected(void **state)
{
    static const struct {
        const char *find, *replacement, *text;
    } cases[] = {
        {"      <Attempt>1</Attempt>\n", "", "expected Attempt, found the end of Device"},
        {"    <BatchId>B1</BatchId>\n", "", "expected BatchId, found DeviceCount"},
        {"    <Device>\n", "<Foo/><Device>\n", "expected Device, found Foo"},
        {"<DeviceID>", "<RecordNumber/><DeviceID>", "expected one RecordNumber, found another"},
        {"<DeviceType>", "<DeviceType xmlns='x'>", "expected DeviceType, found DeviceType of another namespace"},
        {"ESME", LONG_64 "x", "expected at most 64 characters, found 65"},
        {END, "", "expected the end of Devices, found the end of the text"},
        {"</Attempt>", "", "Opening and ending tag mismatch: Attempt line 23 and Device"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *doc = edit(cases[i].find, cases[i].replacement);
        struct reading reading = read_document(doc, strlen(doc), false);

        if (!strstr(reading.all->str, cases[i].text))
            print_message("%s\n", reading.all->str);
        assert_non_null(strstr(reading.all->str, cases[i].text));
        reading_clear(&reading);
    }
}

static void test_xml_reader__nesting__is_limited_to_32(void **state)
{
    (void)state;                                    /* cmocka's signature */
    for (size_t inner = 30; inner <= 31; inner++) { /* within two elements */
        GString *nest = g_string_new("<Devices>");
        g_autofree char *doc = NULL;
        struct reading reading;

        for (size_t i = 0; i < inner; i++)
            g_string_append(nest, "<a>");
        for (size_t i = 0; i < inner; i++)
            g_string_append(nest, "</a>");
        doc = edit("<Devices>", nest->str);
        reading = read_document(doc, strlen(doc), false);
        assert_string_equal(reading.faults->str, inner == 30 ? "ELEMENT a #0" : "ELEMENT a #0|LIMIT - #0");
        reading_clear(&reading);
        g_string_free(nest, TRUE);
    }
}

static void test_xml_reader__header_with_gaps__is_still_given(void **state)
{
    g_autofree char *doc = edit("    <SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId>\n", "");
    struct reading reading = read_document(doc, strlen(doc), true);

    (void)state; /* cmocka's signature */
    assert_int_equal(reading.n_headers, 1);
    assert_non_null(strstr(reading.all->str, "Header #0 @3:3 [-]@0:0 [90-B3-D5-1F-30-00-00-04]@4:5"));
    reading_clear(&reading);
}

static void test_xml_reader__faulty_record__keeps_later_ordinals(void **state)
{
    g_autofree char *doc = edit("      <Attempt>1</Attempt>\n", "");
    struct reading reading = read_document(doc, strlen(doc), true);

    (void)state; /* cmocka's signature */
    assert_int_equal(reading.n_records, 1);
    assert_non_null(strstr(reading.all->str, "Device #2 "));
    reading_clear(&reading);
}

static void test_xml_reader__too_many_records__stops_with_limit(void **state)
{
    struct reading reading;

    (void)state; /* cmocka's signature */
    max_records = 1;
    reading = read_document(GOOD, strlen(GOOD), true);
    max_records = 1000000;
    assert_string_equal(reading.faults->str, "LIMIT - #0");
    assert_int_equal(reading.n_records, 1);
    reading_clear(&reading);
}

static void cut_everywhere(const char *doc, size_t root)
{
    for (size_t len = 0; doc[len + 1] != '\0'; len++) {
        struct reading reading = read_in_pieces(doc, len, 0, false), again = read_in_pieces(doc, len, 1, false);

        assert_string_equal(reading.all->str, again.all->str);
        if (reading.n_faults != 1 || (len > root && !g_str_has_prefix(reading.faults->str, "TRUNCATED")))
            print_message("%zu: %s\n", len, reading.all->str);
        assert_int_equal(reading.n_faults, 1);
        if (len > root)
            assert_true(g_str_has_prefix(reading.faults->str, "TRUNCATED"));
        reading_clear(&reading);
        reading_clear(&again);
    }
}

static void test_xml_reader__cut_at_every_byte__is_truncated(void **state)
{
    g_autofree char *odd = edit("<DeviceType>ESME",
                                "<!-- - ' \" > é --><?pi '> ? é?><DeviceType\n xmlns:a = 'b>\"' xmlns:é=\"'&lt;>&#60;\""
                                " >&amp;<![CDATA[ ]] é ]]>&#x20;");

    (void)state; /* cmocka's signature */
    cut_everywhere(GOOD, strlen(DECLARATION));
    cut_everywhere(odd, strlen(DECLARATION));
}

static void test_xml_reader__nul_at_every_byte__encoding_at_its_place(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 4; i < strlen(GOOD); i++) {
        g_autofree char *doc = g_strdup(GOOD);
        struct reading reading;
        struct place at = brute_place(GOOD, GOOD + i);

        if ((doc[i] & 0x80) != 0)
            continue;
        doc[i] = '\0';
        reading = read_in_pieces(doc, strlen(GOOD), i % 50 + 1, false);
        assert_true(g_str_has_prefix(reading.faults->str, "ENCODING - #"));
        assert_int_equal(reading.n_faults, 1);
        assert_int_equal(reading.first_fault.line, at.line);
        assert_int_equal(reading.first_fault.column, at.column);
        reading_clear(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_reader__good_file__gives_all_fields),
        cmocka_unit_test(test_xml_reader__allowed_variations__no_fault),
        cmocka_unit_test(test_xml_reader__one_slip__one_fault_at_its_place),
        cmocka_unit_test(test_xml_reader__missing_element__says_what_was_expected),
        cmocka_unit_test(test_xml_reader__nesting__is_limited_to_32),
        cmocka_unit_test(test_xml_reader__header_with_gaps__is_still_given),
        cmocka_unit_test(test_xml_reader__faulty_record__keeps_later_ordinals),
        cmocka_unit_test(test_xml_reader__too_many_records__stops_with_limit),
        cmocka_unit_test(test_xml_reader__cut_at_every_byte__is_truncated),
        cmocka_unit_test(test_xml_reader__nul_at_every_byte__encoding_at_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
