/* The XML reader: events and places of good and bad documents, whatever the size of the pieces. */
#include "formats/reader.h"
#include "formats/text.h"
#include "tests/unit/fault_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                                                         \
    "  <Header>\n"                                                                                                     \
    "    <SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId>\n"                                                               \
    "    <RecipientId>90-B3-D5-1F-30-00-00-04</RecipientId>\n"                                                         \
    "    <FileSequence> 1\n </FileSequence>\n"                                                                         \
    "    <CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime>\n"                                                  \
    "    <Environment>TEST</Environment>\n"                                                                            \
    "    <BatchId>B1</BatchId>\n"                                                                                      \
    "    <DeviceCount>2</DeviceCount>\n"                                                                               \
    "  </Header>\n"
#define DEVICE_1                                                                                                       \
    "    <Device>\n"                                                                                                   \
    "      <RecordNumber>1</RecordNumber>\n"                                                                           \
    "      <DeviceID>00-DB-12-34-56-78-90-A0</DeviceID>\n"                                                             \
    "      <DeviceType>ESME</DeviceType>\n"                                                                            \
    "      <DeviceManufacturer>AB01</DeviceManufacturer>\n"                                                            \
    "      <DeviceModel>010A030B</DeviceModel>\n"                                                                      \
    "      <FirmwareVersion>0002012F</FirmwareVersion>\n"                                                              \
    "      <MPxN>1012345678903</MPxN>\n"                                                                               \
    "      <CSPRegion>Central</CSPRegion>\n"                                                                           \
    "      <Attempt>1</Attempt>\n"                                                                                     \
    "    </Device>\n"
#define DEVICE_2                                                                                                       \
    "    <Device><RecordNumber>2</RecordNumber><DeviceID> é </DeviceID><DeviceType/>"                                 \
    "<DeviceManufacturer>a&amp;b&#33;</DeviceManufacturer><DeviceModel>m</DeviceModel>"                                \
    "<FirmwareVersion>f</FirmwareVersion><CHFDeviceID>c</CHFDeviceID><Attempt>2</Attempt>"                             \
    "</Device>\n"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define ROOT "<MigrationInstruction xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n"
#define END "  </Devices>\n</MigrationInstruction>\n"
#define GOOD DECLARATION ROOT HEADER "  <Devices>\n" DEVICE_1 DEVICE_2 END

/* All events as text, and the faults alone as "KIND field #ordinal", joined by "|". */
struct heard {
    GString *all, *faults;
    struct place first_fault;
    unsigned n_headers, n_records, n_faults;
    const char *places_of; /* the document in which every place must be that of a '<', or NULL */
};

static struct place brute_place(const char *doc, const char *p)
{
    struct place at = {1, 1};

    for (; doc < p; doc++) {
        at.column += (*doc & 0xc0) != 0x80;
        if (*doc == '\n')
            at = (struct place){at.line + 1, 1};
    }
    return at;
}

static const char *at_place(const char *doc, struct place at)
{
    for (; at.line > 1; at.line--)
        doc = strchr(doc, '\n') + 1;
    for (; at.column > 1; at.column--)
        for (doc++; (*doc & 0xc0) == 0x80;)
            doc++;
    return doc;
}

/* The element that stands at the place is the one expected. */
static void assert_element_at(const struct heard *heard, struct place at, const char *name)
{
    const char *p = heard->places_of ? at_place(heard->places_of, at) : NULL;

    if (!p)
        return;
    assert_int_equal(*p, '<');
    assert_memory_equal(p + 1, name, strlen(name));
    assert_non_null(strchr("> \n/", p[1 + strlen(name)]));
}

static void hear_record(struct heard *heard, const struct record *record, const struct layout_record *layout)
{
    assert_element_at(heard, record->at, layout->element);
    g_string_append_printf(heard->all, "%s #%u @%u:%u", layout->element, record->ordinal, record->at.line,
                           record->at.column);
    for (size_t i = 0; i < layout->n_columns; i++) {
        const struct field *f = &record->fields[i];

        if (f->text)
            assert_element_at(heard, f->at, layout->columns[i].name);
        g_string_append_printf(heard->all, " [%.*s]@%u:%u", f->text ? (int)f->len : 1, f->text ? f->text : "-",
                               f->at.line, f->at.column);
    }
    g_string_append_c(heard->all, '\n');
}

static void on_header(void *user, const struct record *header)
{
    struct heard *heard = user;

    heard->n_headers++;
    assert_int_equal(header->n_fields, HEADER_COLUMNS);
    assert_null(header->fields[HEADER_MODE].text);
    hear_record(heard, header, &layout_header);
}

static void on_record(void *user, const struct record *record)
{
    struct heard *heard = user;

    heard->n_records++;
    assert_int_equal(record->n_fields, INSTRUCTION_COLUMNS);
    hear_record(heard, record, layout_find("EMI", 3)->record);
}

static void on_count(void *user, const struct field *declared)
{
    struct heard *heard = user;

    g_string_append_printf(heard->all, "count [%.*s]@%u:%u\n", (int)declared->len, declared->text, declared->at.line,
                           declared->at.column);
}

static void on_fault(void *user, const struct fault *fault)
{
    struct heard *heard = user;
    g_autofree char *value = fault->value ? text_escape(fault->value, fault->value_len, 64) : NULL;

    assert_true(fault->kind <= FAULT_ENCODING); /* the others are CSV's */
    assert_non_null(fault->text);
    assert_null(strchr(fault->text, '\n'));
    assert_true(g_utf8_validate(fault->text, -1, NULL));
    if (heard->n_faults++ == 0)
        heard->first_fault = fault->at;
    g_string_append_printf(heard->all, "fault %s @%u:%u #%u %s [%s] %s\n", fault_kinds[fault->kind], fault->at.line,
                           fault->at.column, fault->ordinal, fault->field ? fault->field : "-", value ? value : "-",
                           fault->text);
    g_string_append_printf(heard->faults, "%s%s %s #%u", heard->faults->len ? "|" : "", fault_kinds[fault->kind],
                           fault->field ? fault->field : "-", fault->ordinal);
}

static void heard_clear(struct heard *heard)
{
    g_string_free(heard->all, TRUE);
    g_string_free(heard->faults, TRUE);
}

static uint32_t max_records = 1000000;

static struct reader *start(struct heard *heard)
{
    const struct reader_sink sink = {heard, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {max_records};

    heard->all = g_string_new(NULL);
    heard->faults = g_string_new(NULL);
    return reader_new(FORM_XML, layout_find("EMI", 3), &limits, &sink);
}

/* step 0: whole. Every piece is a copy of its exact size, for the sanitizer's sake. */
static struct heard hear_checked(const char *doc, size_t len, size_t step, bool check_places)
{
    struct heard heard = {.places_of = check_places ? doc : NULL};
    struct reader *reader = start(&heard);
    bool more = true;

    for (size_t i = 0; i < len && more; i += step ? step : len) {
        size_t n = step && step < len - i ? step : len - i;
        g_autofree char *piece = g_memdup2(doc + i, n);

        more = reader_push(reader, piece, n);
        assert_true(more || heard.n_faults > 0);
    }
    reader_finish(reader);
    reader_free(reader);
    heard.places_of = NULL;
    return heard;
}

/* Whole, byte-wise and in odd pieces: must be the same. */
static struct heard hear(const char *doc, size_t len, bool check_places)
{
    static const size_t steps[] = {1, 7, 4099, 32768, 40000};
    struct heard whole = hear_checked(doc, len, 0, check_places);

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct heard again = hear_checked(doc, len, steps[i], check_places);

        assert_string_equal(again.all->str, whole.all->str);
        heard_clear(&again);
    }
    return whole;
}

/* GOOD with the first find replaced; both may be NULL. Owned by the caller. */
static char *edit(const char *find, const char *replacement)
{
    const char *p = find ? strstr(GOOD, find) : GOOD;

    assert_non_null(p);
    return g_strdup_printf("%.*s%s%s", (int)(p - GOOD), GOOD, replacement ? replacement : "",
                           p + (find ? strlen(find) : 0));
}

static void test_xml_reader__good_file__gives_all_fields(void **state)
{
    struct heard heard = hear(GOOD, strlen(GOOD), true);

    (void)state; /* cmocka's signature */
    assert_string_equal(
        heard.all->str,
        "Header #0 @3:3 [90-B3-D5-1F-30-0E-C0-01]@4:5 [90-B3-D5-1F-30-00-00-04]@5:5 [1]@6:5"
        " [2023-07-03T06:00:00Z]@8:5 [TEST]@9:5 [B1]@10:5 [-]@0:0\n"
        "count [2]@11:5\n"
        "Device #1 @14:5 [1]@15:7 [00-DB-12-34-56-78-90-A0]@16:7 [ESME]@17:7 [AB01]@18:7 [010A030B]@19:7"
        " [0002012F]@20:7 [1012345678903]@21:7 [-]@0:0 [Central]@22:7 [1]@23:7\n"
        "Device #2 @25:5 [2]@25:13 [ é ]@25:43 []@25:67 [a&b!]@25:80 [m]@25:133 [f]@25:161 [-]@0:0"
        " [c]@25:197 [-]@0:0 [2]@25:225\n");
    heard_clear(&heard);
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
        struct heard heard = hear(doc, strlen(doc), i + 1 < G_N_ELEMENTS(edits));

        assert_string_equal(heard.faults->str, "");
        assert_int_equal(heard.n_headers, 1);
        heard_clear(&heard);
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
    {"ESME", LONG_64 "<![CDATA[ ]]>", "LIMIT DeviceType #1", "<DeviceType", 2},
    {"ESME", LONG_64, "", NULL, 2},
    /* documents */
    {"<Devices>", "<!DOCTYPE x><Devices>", "NOT_WELL_FORMED - #0", NULL, 0},
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
        struct heard heard = hear(doc, strlen(doc), false);

        if (strcmp(heard.faults->str, slip->faults) != 0 || heard.n_records != slip->n_records)
            print_message("slip %zu, %s:\n%s\n", i, slip->replacement, heard.all->str);
        assert_string_equal(heard.faults->str, slip->faults);
        assert_int_equal(heard.n_records, slip->n_records);
        if (slip->place) {
            const char *p = strstr(doc, slip->place);
            struct place at;

            if (!p)
                print_message("slip %zu\n", i);
            assert_non_null(p);
            at = brute_place(doc, p);

            if (at.line != heard.first_fault.line || at.column != heard.first_fault.column)
                print_message("slip %zu, expected %u:%u\n%s\n", i, at.line, at.column, heard.all->str);
            assert_int_equal(heard.first_fault.line, at.line);
            assert_int_equal(heard.first_fault.column, at.column);
        }
        heard_clear(&heard);
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
        struct heard heard = hear(doc, strlen(doc), false);

        if (!strstr(heard.all->str, cases[i].text))
            print_message("%s\n", heard.all->str);
        assert_non_null(strstr(heard.all->str, cases[i].text));
        heard_clear(&heard);
    }
}

static void test_xml_reader__nesting__is_limited_to_32(void **state)
{
    (void)state;                                    /* cmocka's signature */
    for (size_t inner = 30; inner <= 31; inner++) { /* within two elements */
        GString *nest = g_string_new("<Devices>");
        g_autofree char *doc = NULL;
        struct heard heard;

        for (size_t i = 0; i < inner; i++)
            g_string_append(nest, "<a>");
        for (size_t i = 0; i < inner; i++)
            g_string_append(nest, "</a>");
        doc = edit("<Devices>", nest->str);
        heard = hear(doc, strlen(doc), false);
        assert_string_equal(heard.faults->str, inner == 30 ? "ELEMENT a #0" : "ELEMENT a #0|LIMIT - #0");
        heard_clear(&heard);
        g_string_free(nest, TRUE);
    }
}

static void test_xml_reader__header_with_gaps__is_still_given(void **state)
{
    g_autofree char *doc = edit("    <SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId>\n", "");
    struct heard heard = hear(doc, strlen(doc), true);

    (void)state; /* cmocka's signature */
    assert_int_equal(heard.n_headers, 1);
    assert_non_null(strstr(heard.all->str, "Header #0 @3:3 [-]@0:0 [90-B3-D5-1F-30-00-00-04]@4:5"));
    heard_clear(&heard);
}

static void test_xml_reader__faulty_record__keeps_later_ordinals(void **state)
{
    g_autofree char *doc = edit("      <Attempt>1</Attempt>\n", "");
    struct heard heard = hear(doc, strlen(doc), true);

    (void)state; /* cmocka's signature */
    assert_int_equal(heard.n_records, 1);
    assert_non_null(strstr(heard.all->str, "Device #2 "));
    heard_clear(&heard);
}

static void test_xml_reader__too_many_records__stops_with_limit(void **state)
{
    struct heard heard;

    (void)state; /* cmocka's signature */
    max_records = 1;
    heard = hear(GOOD, strlen(GOOD), true);
    max_records = 1000000;
    assert_string_equal(heard.faults->str, "LIMIT - #0");
    assert_int_equal(heard.n_records, 1);
    heard_clear(&heard);
}

static void cut_everywhere(const char *doc, size_t root)
{
    for (size_t len = 0; doc[len + 1] != '\0'; len++) {
        struct heard heard = hear_checked(doc, len, 0, false), again = hear_checked(doc, len, 1, false);

        assert_string_equal(heard.all->str, again.all->str);
        if (heard.n_faults != 1 || (len > root && !g_str_has_prefix(heard.faults->str, "TRUNCATED")))
            print_message("%zu: %s\n", len, heard.all->str);
        assert_int_equal(heard.n_faults, 1);
        if (len > root)
            assert_true(g_str_has_prefix(heard.faults->str, "TRUNCATED"));
        heard_clear(&heard);
        heard_clear(&again);
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
        struct heard heard;
        struct place at = brute_place(GOOD, GOOD + i);

        if ((doc[i] & 0x80) != 0)
            continue;
        doc[i] = '\0';
        heard = hear_checked(doc, strlen(GOOD), i % 50 + 1, false);
        assert_true(g_str_has_prefix(heard.faults->str, "ENCODING - #"));
        assert_int_equal(heard.n_faults, 1);
        assert_int_equal(heard.first_fault.line, at.line);
        assert_int_equal(heard.first_fault.column, at.column);
        heard_clear(&heard);
    }
}

/* --- Long and hostile: head, a piece many times, tail ---------------------------------------------- */

static size_t resident_kib(void)
{
    g_autofree char *text = NULL;
    const char *p;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) || !(p = strstr(text, "VmRSS:")))
        return 0;
    return (size_t)g_ascii_strtoull(p + strlen("VmRSS:"), NULL, 10);
}

static struct heard hear_long(const char *head, const char *piece, size_t bytes, const char *tail)
{
    struct heard heard = {0};
    struct reader *reader = start(&heard);
    GString *block = g_string_new(NULL);
    size_t before = resident_kib();
    bool more = reader_push(reader, head, strlen(head));

    while (block->len < 60000)
        g_string_append(block, piece);
    for (size_t n = 0; n < bytes && more; n += block->len)
        more = reader_push(reader, block->str, block->len);
#ifdef __SANITIZE_ADDRESS__
    (void)before; /* the sanitizer keeps freed memory */
#else
    assert_true(resident_kib() < before + 64 * 1024);
#endif
    if (more)
        (void)reader_push(reader, tail, strlen(tail)); /* finish says what there is to say */
    reader_finish(reader);
    reader_free(reader);
    g_string_free(block, TRUE);
    return heard;
}

enum { TEN_MB = 10 * 1024 * 1024 };

static void test_xml_reader__hostile_text__is_refused_in_bounded_memory(void **state)
{
    static const char *const heads[] = {"\"1.0\">\n", "ESME"};
    static const struct {
        int head; /* GOOD up to and including heads[head] … */
        const char *then, *piece, *tail, *faults;
    } cases[] = {
        {1, "", "0123456789 é", "</DeviceType>", "LIMIT DeviceType #1|TRUNCATED Device #1"},
        {1, "", "&#65;", "</DeviceType>", "LIMIT DeviceType #1|TRUNCATED Device #1"},
        {1, "", "<!-- x -->", "</DeviceType>", "TRUNCATED Device #1"},
        {1, "<![CDATA[", "x", "]]></DeviceType>", "LIMIT - #1"},
        {1, "<!--", " x ", "-->", "LIMIT - #1"},
        {1, "<?pi ", " x ", "?>", "LIMIT - #1"},
        {1, "<a b='", " x ", "'/>", "LIMIT - #1"},
        {1, "<a ", " x\n", "'/>", "LIMIT - #1"},
        {1, "<", "aé", "/>", "LIMIT - #1"},
        {1, "</", "x", ">", "LIMIT - #1"},
        {1, "&", "x", ";", "LIMIT - #1"},
        {1, "&", " ", ";", "NOT_WELL_FORMED - #1"},
        {0, "", "x ", "", "ELEMENT MigrationInstruction #0|TRUNCATED MigrationInstruction #0"},
        {0, "", " \n", "", "TRUNCATED MigrationInstruction #0"},
        {0, "", "<a>", "", "ELEMENT a #0|LIMIT - #0"},
        {0, "", "<Header>", "", "ELEMENT Header #0|LIMIT - #0"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *p = strstr(GOOD, heads[cases[i].head]);
        g_autofree char *head =
            g_strdup_printf("%.*s%s", (int)(p - GOOD) + (int)strlen(heads[cases[i].head]), GOOD, cases[i].then);
        struct heard heard = hear_long(head, cases[i].piece, TEN_MB, cases[i].tail);

        if (strcmp(heard.faults->str, cases[i].faults) != 0)
            print_message("case %zu: %s\n", i, heard.all->str);
        assert_string_equal(heard.faults->str, cases[i].faults);
        heard_clear(&heard);
    }
}

/* Faults are counted without limit otherwise, which costs far more than to write them. */
static void test_xml_reader__flood_of_faults__stops_with_limit(void **state)
{
    static const char *const pieces[] = {"<a/>", "x<a/>", "<a b='' c='' d=''/>"};

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        struct heard heard = hear_long(ROOT HEADER "<Devices>", pieces[i], TEN_MB, "");

        assert_int_equal(heard.n_faults, 200001);
        assert_true(g_str_has_suffix(heard.faults->str, "|LIMIT - #0"));
        heard_clear(&heard);
    }
}

/* Each record may have its own 16, and no more are kept from being told. */
static void test_xml_reader__faults_of_many_records__are_all_told(void **state)
{
    struct heard heard = hear_long(ROOT HEADER "<Devices>", "<Device/>", (size_t)9 * 60000, "");

    (void)state;                          /* cmocka's signature */
    assert_true(heard.n_faults > 400000); /* 7 elements missing in each */
    assert_null(strstr(heard.faults->str, "LIMIT"));
    heard_clear(&heard);
}

static void test_xml_reader__many_attributes__are_limited_to_32(void **state)
{
    static const struct {
        const char *declarations;
        int attributes;
        bool limited;
    } cases[] = {{"", 32, false}, {"", 33, true}, {" xmlns:a='a' xmlns:b='b'", 30, false}, {" xmlns:a='a'", 32, true}};

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *tag = g_string_new("<Devices><x");
        g_string_append(tag, cases[i].declarations);
        for (int k = 0; k < cases[i].attributes; k++)
            g_string_append_printf(tag, " a%d=''", k);
        g_string_append(tag, "/>");
        g_autofree char *doc = edit("<Devices>", tag->str);
        struct heard heard = hear(doc, strlen(doc), false);
        assert_string_equal(heard.faults->str, cases[i].limited ? "LIMIT - #0" : "ELEMENT x #0");
        assert_int_equal(heard.n_records, cases[i].limited ? 0 : 2);
        heard_clear(&heard);
        g_string_free(tag, TRUE);
    }
}

/* Names may be of any length; what is told of them is not. */
static void test_xml_reader__long_names__are_cut_in_faults(void **state)
{
    g_autofree char *name = g_strnfill(70, 'n'), *shown = g_strnfill(63, 'n');
    g_autofree char *cut = g_strdup_printf("%s…", shown);
    const struct {
        const char *find, *before, *after, *faults;
    } cases[] = {
        {"<Devices>", "<Devices><", "/>", "ELEMENT %s #0"},
        {"ESME", "<", "/>", "ELEMENT %s #1"},
        {"<Devices>", "<Devices ", "=''>", "ELEMENT %s #0"},
        {END, "<", ">", "ELEMENT %s #0|TRUNCATED %s #0"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(cases[i].before, name, cases[i].after, NULL);
        g_autofree char *doc = edit(cases[i].find, text);
        g_auto(GStrv) parts = g_strsplit(cases[i].faults, "%s", -1);
        g_autofree char *faults = g_strjoinv(cut, parts);
        struct heard heard = hear(doc, strlen(doc), false);
        assert_string_equal(heard.faults->str, faults);
        heard_clear(&heard);
    }
}

static void test_xml_reader__document_type__stops_before_anything_is_expanded(void **state)
{
    static const struct {
        const char *head, *piece;
        size_t bytes;
        const char *tail;
    } cases[] = {
        {"<!DOCTYPE lolz [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
         "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>"
         "<lolz>",
         "&d;", 100000, "</lolz>"},
        {"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>", " ", 1, ""},
        {"<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\"><x/>", " ", 1, ""},
        {"<!DOCTYPE x PUBLIC \"a\" \"http://127.0.0.1:9/x.dtd\"><x/>", " ", 1, ""},
        {"<!DOCTYPE x [", "<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;", 200000, ""},
        {"<!DOCTYPE x ", " ", TEN_MB, ""},
        {"<!DOCTYPE x", "x", 100, ""},
        {"<!DOCTYPE x SYSTEM '", "x", TEN_MB, "'>"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct heard heard = hear_long(cases[i].head, cases[i].piece, cases[i].bytes, cases[i].tail);

        if (strcmp(heard.faults->str, "DOCTYPE - #0") != 0)
            print_message("case %zu: %s\n", i, heard.all->str);
        assert_string_equal(heard.faults->str, "DOCTYPE - #0");
        assert_int_equal(heard.first_fault.line, 1);
        assert_int_equal(heard.first_fault.column, 1);
        heard_clear(&heard);
    }
}

static void test_xml_reader__wide_encodings__are_refused_at_once(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *faults;
    } cases[] = {
        {"\xff\xfe<\0?\0x\0", 8, "ENCODING - #0"},
        {"\xfe\xff\0<\0?\0x", 8, "ENCODING - #0"},
        {"\0<\0?\0x\0m", 8, "ENCODING - #0"},
        {"<\0?\0x\0m\0", 8, "ENCODING - #0"},
        {"", 0, "EMPTY - #0"},
        {" \n ", 3, "EMPTY - #0"},
        {"H,EMI,1.0\n", 10, "FORM - #0"},
        {"<", 1, "TRUNCATED MigrationInstruction #0"},
        {"<!-- \xc3", 6, "TRUNCATED MigrationInstruction #0"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct heard heard = hear(cases[i].bytes, cases[i].len, false);

        if (strcmp(heard.faults->str, cases[i].faults) != 0)
            print_message("case %zu: %s\n", i, heard.all->str);
        assert_string_equal(heard.faults->str, cases[i].faults);
        heard_clear(&heard);
    }
}

/* Many blocks, on few and on many lines: places and characters across the borders of blocks. */
static void test_xml_reader__long_document__places_hold_across_blocks(void **state)
{
    static const char *const fillers[] = {
        "", "é", "<!-- é€😀 -->", "<?pi €?>", "\r\n\r", "<![CDATA[  ]]>", "&#32;", "   <!--\n\n é-->",
    };
    static const char *const types[] = {"ESME", "é€😀", "<![CDATA[é]]>", "&lt;\né", "a\r\nb", "é &amp; <!--é-->é"};

    (void)state; /* cmocka's signature */
    for (unsigned seed = 1; seed <= 12; seed++) {
        GString *doc = g_string_new(DECLARATION ROOT HEADER "<Devices>");
        GRand *random = g_rand_new_with_seed(seed);
        struct heard heard;

        for (unsigned n = 1; doc->len < 200000; n++) {
            int filler = seed < 3 ? 0 : g_rand_int_range(random, 0, seed < 8 ? 5 : G_N_ELEMENTS(fillers));
            int type = g_rand_int_range(random, 0, seed < 5 ? 2 : G_N_ELEMENTS(types));

            g_string_append_printf(
                doc,
                "%s%s<Device%s><RecordNumber>%u</RecordNumber><DeviceID>é</DeviceID><DeviceType%s>%s</DeviceType>"
                "<DeviceManufacturer/><DeviceModel>m</DeviceModel>%s<FirmwareVersion>f</FirmwareVersion>"
                "<Attempt>1</Attempt></Device>",
                filler == 1 ? "" : fillers[filler], seed % 2 ? "\n" : "", n % 5 ? "" : "\n xmlns:a='é'\n", n,
                n % 7 ? "" : "\n xmlns:a='é'", types[type], n % 3 ? "" : "<!-- é -->");
        }
        g_string_append(doc, END);
        heard = hear(doc->str, doc->len, true);
        assert_string_equal(heard.faults->str, "");
        heard_clear(&heard);
        g_rand_free(random);
        g_string_free(doc, TRUE);
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
        cmocka_unit_test(test_xml_reader__hostile_text__is_refused_in_bounded_memory),
        cmocka_unit_test(test_xml_reader__flood_of_faults__stops_with_limit),
        cmocka_unit_test(test_xml_reader__faults_of_many_records__are_all_told),
        cmocka_unit_test(test_xml_reader__many_attributes__are_limited_to_32),
        cmocka_unit_test(test_xml_reader__long_names__are_cut_in_faults),
        cmocka_unit_test(test_xml_reader__document_type__stops_before_anything_is_expanded),
        cmocka_unit_test(test_xml_reader__wide_encodings__are_refused_at_once),
        cmocka_unit_test(test_xml_reader__long_document__places_hold_across_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
