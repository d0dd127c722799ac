/* The XML reader's messages: for each mistake its place, what was found and what was expected. */
#include "tests/unit/xml_document.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeé"
#define NESTED "<a><a><a><a><a><a><a><a>"

/* find and replacement: an edit of GOOD; find NULL: the replacement is the whole document. */
static const struct slip {
    const char *find, *replacement, *faults;
} slips[] = {
    /* not well-formed */
    {"ESME", "a & b", "NOT_WELL_FORMED @17:21 #1 - [-] expected &amp; for the character \"&\", found \"&\"\n"},
    {"ESME", "a&b", "NOT_WELL_FORMED @17:20 #1 - [-] expected &amp; for the character \"&\", found \"&b\"\n"},
    {"ESME", "a < b",
     "NOT_WELL_FORMED @17:21 #1 - [-] expected &lt; for the character \"<\", or an element's name behind it, found "
     "\"<\"\n"},
    {"ESME", "&eacute;",
     "DOCTYPE @17:27 #1 - [-] expected &amp;, &lt;, &gt;, &quot;, &apos; or the number of a character as in &#233;, "
     "found the entity &eacute;\n"},
    {"ESME", "&#1;", "NOT_WELL_FORMED @17:23 #1 - [-] expected only characters that XML allows\n"},
    {"ESME", "&#x;", "NOT_WELL_FORMED @17:23 #1 - [-] expected only characters that XML allows\n"},
    {"ESME", "&#;", "NOT_WELL_FORMED @17:22 #1 - [-] expected only characters that XML allows\n"},
    {"ESME", "]]>", "NOT_WELL_FORMED @17:19 #1 - [-] expected ]]&gt; for the characters \"]]>\" in text\n"},
    {"ESME", "\x01", "NOT_WELL_FORMED @17:19 #1 - [-] expected only characters that XML allows\n"},
    {"ESME</DeviceType>", "ESME</DeviceTyp>", "NOT_WELL_FORMED @17:35 #1 - [-] expected the end tag </DeviceType>\n"},
    {"<DeviceType>", "<DeviceType a>",
     "NOT_WELL_FORMED @17:20 #1 - [-] expected = and a value behind an attribute's name\n"},
    {"<DeviceType>", "<DeviceType a=b>", "NOT_WELL_FORMED @17:21 #1 - [-] expected an attribute's value in quotes\n"},
    {"<DeviceType>", "<DeviceType a='<'>",
     "NOT_WELL_FORMED @17:22 #1 - [-] expected &lt; for the character \"<\" in an attribute's value\n"},
    {"<DeviceType>", "<DeviceType a='1' a='2'>",
     "NOT_WELL_FORMED @17:30 #1 - [-] expected each attribute once in a tag\n"},
    {"<DeviceType>", "<DeviceType a='1'b='2'>",
     "NOT_WELL_FORMED @17:24 #1 - [-] expected a blank before the next attribute\n"},
    {"<DeviceType>", "<x:DeviceType>",
     "NOT_WELL_FORMED @17:20 #1 - [-] expected a prefix that an xmlns attribute declares\n"},
    {"    <Device>\n", "<!-- a -- b --><Device>\n", "NOT_WELL_FORMED @14:8 #0 - [-] expected no -- within a comment\n"},
    {"    <Device>\n", "<?xml version='1.0'?><Device>\n",
     "NOT_WELL_FORMED @14:6 #0 - [-] expected the XML declaration at the very beginning of the file only\n"},
    {END, END "<Again/>", "NOT_WELL_FORMED @28:1 #0 - [-] expected nothing after the root element\n"},
    {"</Device>", "</Device", "NOT_WELL_FORMED @25:5 #1 - [-] expected > at the end of a tag\n"},
    /* the root */
    {ROOT, "<Order xmlns='urn:ecos-gateway:migration:1' schemaVersion='1.0'>",
     "ROOT @2:1 #0 MigrationInstruction [Order] expected the root element MigrationInstruction, found Order\n"},
    {"migration:1", "migration:2",
     "ROOT @2:1 #0 MigrationInstruction [urn:ecos-gateway:migration:2] expected the namespace "
     "urn:ecos-gateway:migration:1, found another\n"},
    {" xmlns=\"urn:ecos-gateway:migration:1\"", "",
     "ROOT @2:1 #0 MigrationInstruction [] expected the namespace urn:ecos-gateway:migration:1, found none\n"},
    {"schemaVersion=\"1.0\"", "schemaVersion=\"2.0\"",
     "ROOT @2:1 #0 schemaVersion [2.0] expected schemaVersion=\"1.0\", found another\n"},
    {" schemaVersion=\"1.0\"", "", "ROOT @2:1 #0 schemaVersion [-] expected schemaVersion=\"1.0\", found none\n"},
    /* elements */
    {"<SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId>", "",
     "ELEMENT @5:5 #0 SenderId [-] expected SenderId, found RecipientId\n"},
    {"    <DeviceCount>2</DeviceCount>\n", "",
     "ELEMENT @11:3 #0 DeviceCount [-] expected DeviceCount, found the end of Header\n"},
    {"  </Header>\n", "  </Header><Header></Header>\n",
     "ELEMENT @12:12 #0 Header [Header] expected one Header, found another\n"},
    {"<MPxN>", "<MPxN/><MPxN>", "ELEMENT @21:14 #1 MPxN [MPxN] expected one MPxN, found another\n"},
    {"<DeviceType>", "<Type/><DeviceType>", "ELEMENT @17:7 #1 Type [Type] expected DeviceType, found Type\n"},
    {"<DeviceType>", "<DeviceType a='1'>", "ELEMENT @17:7 #1 a [1] expected no attribute a here, found one\n"},
    {"<Device>\n", "<Device>text\n",
     "ELEMENT @14:13 #1 Device [text\\x0A      ] expected elements in Device, found text\n"},
    {"ESME", LONG_64 "x",
     "LIMIT @17:7 #1 DeviceType [0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeé] expected at most 64 "
     "characters, found 65\n"},
    {"ESME", NESTED NESTED NESTED NESTED,
     "ELEMENT @17:19 #1 a [a] expected text, found an element\n"
     "LIMIT @17:103 #1 - [-] expected at most 32 elements in each other, found more\n"},
    /* documents that are something else, empty, cut, in another encoding, there twice */
    {NULL, "", "EMPTY @0:0 #0 - [-] expected content, found an empty file\n"},
    {NULL, " \r\n\t", "EMPTY @0:0 #0 - [-] expected content, found nothing but white space\n"},
    {NULL, DECLARATION,
     "TRUNCATED @2:1 #0 MigrationInstruction [-] expected the root element MigrationInstruction, found the end of the "
     "text\n"},
    {NULL, "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>",
     "FORM @1:1 #0 - [<!DO] expected XML, found a page of HTML, which begins with \"<!DO\"\n"},
    {NULL, "{\"error\": 502}", "FORM @1:1 #0 - [{\"er] expected XML, found JSON, which begins with \"{\"er\"\n"},
    {NULL, "H,EMI,1.0\r\n", "FORM @1:1 #0 - [H,EM] expected XML, found CSV, which begins with \"H,EM\"\n"},
    {NULL, "PK\3\4zz",
     "FORM @1:1 #0 - [PK\\x03\\x04] expected XML, found a zip archive, which begins with \"PK\\x03\\x04\"\n"},
    {NULL, "\x1f\x8b\x08zz",
     "FORM @1:1 #0 - [\\x1F\\x8B\\x08z] expected XML, found gzip data, which begins with \"\\x1F\\x8B\\x08z\"\n"},
    {NULL, "%PDF-1.7", "FORM @1:1 #0 - [%PDF] expected XML, found a PDF document, which begins with \"%PDF\"\n"},
    {NULL, "hello", "FORM @1:1 #0 - [hell] expected XML, found something else, which begins with \"hell\"\n"},
    {NULL, "\xef\xbb\xbf" GOOD,
     "ENCODING @1:1 #0 - [-] expected UTF-8 without byte order mark, found a byte order mark\n"},
    {NULL, "\xff\xfe<",
     "ENCODING @1:1 #0 - [-] expected UTF-8, found the first bytes of UTF-16 or UTF-32; save the file as UTF-8\n"},
    {NULL, "\xfe\xff",
     "ENCODING @1:1 #0 - [-] expected UTF-8, found the first bytes of UTF-16 or UTF-32; save the file as UTF-8\n"},
    {"encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"",
     "ENCODING @1:31 #0 encoding [ISO-8859-1] expected the encoding UTF-8, found another declared\n"},
    {"encoding=\"UTF-8\"", "encoding='UTF-16'",
     "ENCODING @1:31 #0 encoding [UTF-16] expected the encoding UTF-8, found another declared\n"},
    {"ESME", "\xe9t\xe9", "ENCODING @17:19 #1 - [-] expected UTF-8, found other bytes\n"},
    {"ESME", "<!-- \xe9 -->", "ENCODING @17:24 #1 - [-] expected UTF-8, found other bytes\n"},
    {NULL, GOOD GOOD,
     "NOT_WELL_FORMED @28:6 #0 - [-] expected the XML declaration at the very beginning of the file only\n"},
    {ROOT, "<!DOCTYPE x [<!ENTITY e 'e'>]>" ROOT,
     "DOCTYPE @2:1 #0 - [-] expected no document type declaration, found one\n"},
};

/* The lines about faults alone, without the words of the parser, which depend on its version. g_string_free. */
static GString *faults_of(const char *all)
{
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    GString *faults = g_string_new(NULL);

    for (char **line = lines; *line != NULL; line++) {
        const char *words = strstr(*line, "; the parser says: ");
        size_t begin = strlen("fault "), len = words != NULL ? (size_t)(words - *line) : strlen(*line);

        if (g_str_has_prefix(*line, "fault "))
            g_string_append_printf(faults, "%.*s\n", (int)(len - begin), *line + begin);
    }
    return faults;
}

static void test_xml_reader__each_mistake__message_says_where_what_and_what_was_expected(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(slips); i++) {
        const struct slip *slip = &slips[i];
        g_autofree char *doc = slip->find ? edit(slip->find, slip->replacement) : g_strdup(slip->replacement);
        struct reading reading = read_document(doc, strlen(doc), false);
        GString *faults = faults_of(reading.all->str);

        assert_string_equal(faults->str, slip->faults);
        g_string_free(faults, TRUE);
        reading_clear(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_reader__each_mistake__message_says_where_what_and_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
