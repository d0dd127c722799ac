/* The XML reader: long and hostile documents end soon and in bounded memory, and places hold across blocks. */
#include "tests/unit/xml_document.h"

static size_t resident_kib(void)
{
    g_autofree char *text = NULL;
    const char *p;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) || !(p = strstr(text, "VmRSS:")))
        return 0;
    return (size_t)g_ascii_strtoull(p + strlen("VmRSS:"), NULL, 10);
}

static struct reading read_long(const char *head, const char *piece, size_t bytes, const char *tail)
{
    struct reading reading = {0};
    struct reader *reader = start(&reading);
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
        (void)reader_push(reader, tail, strlen(tail)); /* reader_finish gives the faults */
    reader_finish(reader);
    reader_free(reader);
    g_string_free(block, TRUE);
    return reading;
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
        struct reading reading = read_long(head, cases[i].piece, TEN_MB, cases[i].tail);

        if (strcmp(reading.faults->str, cases[i].faults) != 0)
            print_message("case %zu: %s\n", i, reading.all->str);
        assert_string_equal(reading.faults->str, cases[i].faults);
        reading_clear(&reading);
    }
}

/* Without a limit a fault costs us far more than the few bytes that make it cost the sender. */
static void test_xml_reader__flood_of_faults__stops_with_limit(void **state)
{
    static const char *const pieces[] = {"<a/>", "x<a/>", "<a b='' c='' d=''/>"};

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        struct reading reading = read_long(ROOT HEADER "<Devices>", pieces[i], TEN_MB, "");

        assert_int_equal(reading.n_faults, 200001);
        assert_true(g_str_has_suffix(reading.faults->str, "|LIMIT - #0"));
        reading_clear(&reading);
    }
}

/* The limit grows by 16 faults with each record, so that a long file of faulty records is read to its end. */
static void test_xml_reader__faults_of_many_records__are_all_given(void **state)
{
    struct reading reading = read_long(ROOT HEADER "<Devices>", "<Device/>", (size_t)9 * 60000, "");

    (void)state;                            /* cmocka's signature */
    assert_true(reading.n_faults > 400000); /* 7 elements missing in each */
    assert_null(strstr(reading.faults->str, "LIMIT"));
    reading_clear(&reading);
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
        struct reading reading = read_document(doc, strlen(doc), false);
        assert_string_equal(reading.faults->str, cases[i].limited ? "LIMIT - #0" : "ELEMENT x #0");
        assert_int_equal(reading.n_records, cases[i].limited ? 0 : 2);
        reading_clear(&reading);
        g_string_free(tag, TRUE);
    }
}

/* A name may be of any length, but not in a fault. */
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
        struct reading reading = read_document(doc, strlen(doc), false);
        assert_string_equal(reading.faults->str, faults);
        reading_clear(&reading);
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
        struct reading reading = read_long(cases[i].head, cases[i].piece, cases[i].bytes, cases[i].tail);

        if (strcmp(reading.faults->str, "DOCTYPE - #0") != 0)
            print_message("case %zu: %s\n", i, reading.all->str);
        assert_string_equal(reading.faults->str, "DOCTYPE - #0");
        assert_int_equal(reading.first_fault.line, 1);
        assert_int_equal(reading.first_fault.column, 1);
        reading_clear(&reading);
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
        struct reading reading = read_document(cases[i].bytes, cases[i].len, false);

        if (strcmp(reading.faults->str, cases[i].faults) != 0)
            print_message("case %zu: %s\n", i, reading.all->str);
        assert_string_equal(reading.faults->str, cases[i].faults);
        reading_clear(&reading);
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
        struct reading reading;

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
        reading = read_document(doc->str, doc->len, true);
        assert_string_equal(reading.faults->str, "");
        reading_clear(&reading);
        g_rand_free(random);
        g_string_free(doc, TRUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_reader__hostile_text__is_refused_in_bounded_memory),
        cmocka_unit_test(test_xml_reader__flood_of_faults__stops_with_limit),
        cmocka_unit_test(test_xml_reader__faults_of_many_records__are_all_given),
        cmocka_unit_test(test_xml_reader__many_attributes__are_limited_to_32),
        cmocka_unit_test(test_xml_reader__long_names__are_cut_in_faults),
        cmocka_unit_test(test_xml_reader__document_type__stops_before_anything_is_expanded),
        cmocka_unit_test(test_xml_reader__wide_encodings__are_refused_at_once),
        cmocka_unit_test(test_xml_reader__long_document__places_hold_across_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
