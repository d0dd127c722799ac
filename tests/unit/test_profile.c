/* The loader of profiles: the built-in one, the same as a folder, and what it says of folders with faults. */
#include "formats/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers: they need them */
#include <cmocka.h>

#include "tests/unit/profile_folder.h"

static void test_profile__builtin__has_every_type_and_report(void **state)
{
    const struct profile *profile = profile_builtin();

    (void)state; /* cmocka's signature */
    assert_string_equal(profile->name, "proposal");
    assert_string_equal(profile->version, "1.0");
    assert_int_equal(profile->n_types, 12);
    assert_int_equal(profile->n_reports, 10);
    assert_string_equal(profile->namespace, "urn:ecos-gateway:migration:1");
    assert_string_equal(profile_type(profile, "EMI", 3)->root, "MigrationInstruction");
    assert_string_equal(profile_type(profile, "EMA", 3)->record->element, "Finding");
    assert_null(profile_type(profile, "INV", 3)->root);
    assert_true(profile_type(profile, "INV", 3)->reference);
    assert_string_equal(profile_type(profile, "EMI", 3)->record->columns[1].name, "DeviceID");
    assert_true(profile_report(profile, "NMDM")->columns[6].text);
    assert_false(profile_report(profile, "NMDM")->columns[5].text);
    assert_ptr_equal(profile_builtin(), profile);
}

static void same_record(const struct layout_record *a, const struct layout_record *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_int_equal(a->letter, b->letter);
    assert_int_equal(g_strcmp0(a->element, b->element), 0);
    assert_int_equal(a->n_columns, b->n_columns);
    for (size_t i = 0; i < a->n_columns; i++) {
        const struct layout_column *x = &a->columns[i], *y = &b->columns[i];
        assert_string_equal(x->name, y->name);
        assert_true(x->fact == y->fact && x->required == y->required && g_strcmp0(x->xml, y->xml) == 0 &&
                    g_strcmp0(x->passed, y->passed) == 0);
    }
}

/* The program reads leaner texts of the files (embed.sh), without the checks that only find faults. */
static void same_tables(const struct profile *a, const struct profile *b)
{
    assert_string_equal(a->title, b->title);
    assert_string_equal(a->namespace, b->namespace);
    assert_int_equal(a->n_types, b->n_types);
    for (size_t i = 0; i < a->n_types; i++) {
        const struct file_type *x = &a->types[i], *y = &b->types[i];
        assert_string_equal(x->published, y->published);
        assert_string_equal(x->version, y->version);
        assert_int_equal(g_strcmp0(x->root, y->root), 0);
        same_record(x->header, y->header);
        same_record(x->file, y->file);
        same_record(x->record, y->record);
    }
    for (size_t i = 0; i < a->n_reports; i++) {
        const struct report_layout *x = &profile_reports(a)[i], *y = &profile_reports(b)[i];
        assert_string_equal(x->ref, y->ref);
        assert_string_equal(x->version, y->version);
        assert_string_equal(x->title, y->title);
        assert_int_equal(x->n_columns, y->n_columns);
        for (size_t k = 0; k < x->n_columns; k++)
            assert_true(strcmp(x->columns[k].name, y->columns[k].name) == 0 &&
                        x->columns[k].fact == y->columns[k].fact);
    }
    assert_int_equal(a->names->n_inbound, b->names->n_inbound);
    assert_int_equal(a->names->n_own, b->names->n_own);
}

static void test_profile__folder_of_the_proposal__is_the_builtin_profile(void **state)
{
    char *folder = folder_copy();
    GString *faults = g_string_new(NULL);
    struct profile *profile = profile_load(folder, folder_hear_fault, faults);

    (void)state;
    assert_string_equal(faults->str, "");
    assert_string_equal(profile->digest, profile_builtin()->digest);
    assert_int_equal(strlen(profile->digest), 64);
    assert_int_equal(profile->valid_from, INT64_MIN);
    assert_int_equal(profile->valid_until, INT64_MAX);
    same_tables(profile_builtin(), profile);
    profile_free(profile);
    g_string_free(faults, TRUE);
    folder_remove(folder);
}

/* What an editor leaves behind belongs to no profile; any other change is another digest. */
static void test_profile__digest__is_over_names_and_bytes(void **state)
{
    char *folder = folder_copy();
    struct profile *profile;

    (void)state;
    folder_write(folder, ".profile.json.swp", "x");
    folder_write(folder, "profile.json~", "x");
    profile = profile_load(folder, folder_hear_fault, NULL);
    assert_string_equal(profile->digest, profile_builtin()->digest);
    profile_free(profile);
    folder_write(folder, "README.md", "What this is.\n");
    profile = profile_load(folder, folder_hear_fault, NULL);
    assert_string_not_equal(profile->digest, profile_builtin()->digest);
    profile_free(profile);
    folder_remove(folder);
}

static void test_profile__other_names_and_order__are_those_of_the_folder(void **state)
{
    char *folder = folder_copy();
    struct profile *profile;
    const struct file_type *type;

    (void)state;
    folder_change(folder, "profile.json", "\"from\": null", "\"from\": \"2024-01-01T00:00:00Z\"");
    folder_change(folder, "records/EMI-D.json", "\"DeviceID\"", "\"Meter\"");
    folder_change(folder, "records/EMI-D.json", "\"fact\": \"device.id\",", "\"fact\": \"device.firmware\",");
    folder_change(folder, "records/EMI-D.json", "\"FirmwareVersion\",\n      \"fact\": \"device.firmware\",",
                  "\"Gerät\",\n      \"fact\": \"device.id\",");
    folder_change(folder, "records/EMI-H.json", "\"EMI\"", "\"INST\"");
    folder_change(folder, "records/EMI-H.json", "\"1.0\"", "\"3.1\"");
    folder_change(folder, "xml.json", "\"EMI\": {", "\"EMI\": {\n \"file\": null,");
    folder_change(folder, "records/EMI-D.json", "\"Gerät\"", "\"Device-Id\"");
    folder_change(folder, "records/EMI-D.json", "\"fact\": \"device.region\",", "");
    profile = profile_load(folder, folder_hear_fault, NULL);
    type = profile_type(profile, "EMI", 3);
    assert_int_equal(profile->valid_from, 1704067200);
    assert_string_equal(type->published, "INST");
    assert_string_equal(type->version, "3.1");
    assert_string_equal(layout_column_of(type->record, INSTRUCTION_DEVICE_ID), "Device-Id");
    assert_string_equal(layout_column_of(type->record, INSTRUCTION_FIRMWARE), "Meter");
    assert_null(layout_column_of(type->record, INSTRUCTION_CSP_REGION));
    assert_int_equal(type->record->columns[8].fact, FACT_NONE);
    assert_int_equal(type->record->n_kept, 1);
    assert_string_equal(type->record->kept[0], "CSPRegion");
    assert_int_equal(layout_field_of(type->record, 8), INSTRUCTION_FIELDS);
    profile_free(profile);
    folder_remove(folder);
}

/* A change of one file, and all that the loader says then. */
static const struct wrong {
    const char *file, *old, *new, *faults;
} wrongs[] = {
    {"profile.json", "\"title\"", "\"titel\"", "profile.json:4: unknown member \"titel\"; did you mean \"title\"?\n"},
    {"profile.json", "\"version\": \"1.0\",\n", "", "profile.json:1: the member \"version\" is missing\n"},
    {"profile.json", "\"1.0\"", "1.0", "profile.json:3: version: expected a text, \"…\", found a number\n"},
    {"profile.json", "\"1.0\"", "\"1/0\"",
     "profile.json:3: version: expected letters, digits, '.', '_' and '-', found \"1/0\"\n"},
    {"profile.json", "\"1.0\"", "\"\"", "profile.json:3: version: expected a text, found an empty one\n"},
    {"profile.json", "\"from\": null", "\"from\": \"2023-02-30T00:00:00Z\"",
     "profile.json:6: from: expected a time of the form 2026-01-31T00:00:00Z, found \"2023-02-30T00:00:00Z\"\n"},
    {"profile.json", "\"from\": null,\n    \"until\": null",
     "\"from\": \"2024-01-01T00:00:00Z\",\n    \"until\": \"2024-01-01T00:00:00Z\"",
     "profile.json:5: valid: expected an until later than from\n"},
    {"names.json", "\"EMI\": \"EMI_{org}_{eui64}", "\"EMI\": \"EMI_{sender}_{eui64}",
     "names.json:3: EMI: character 5: expected {type}, {org}, {eui64}, {date}, {time}, {instant}, {sequence} or "
     "{form}, "
     "of files that the gateway writes also {revision}, {answered.type}, {answered.name}, {hash} or {mpid}; found "
     "{sender}\n"},
    {"names.json", "\"EMI\": \"EMI_{org}_", "\"EMI\": \"EMI_{org}",
     "names.json:3: EMI: character 5: this part has 2 to 8 characters, and what follows it may be taken for more of "
     "it; "
     "expected a separator after it, or a fixed width\n"},
    {"names.json", "\"EMT\": \"EMT_", "\"EMT\": \"{type:EMI}_",
     "names.json:4: EMT: character 1: a file with such a name may be of the type EMI too; expected another word for "
     "the "
     "type, or another grammar\n"},
    {"names.json", "\"INC\": ", "\"INK\": ",
     "names.json:11: there is no type or report INK\nnames.json:2: expected the names of INC\n"},
    {"names.json", "\"EMW\": ", "\"EMA\": ",
     "names.json:10: EMA answers other files; expected its names in \"answers\"\n"
     "names.json:2: expected the names of EMW\n"},
    {"names.json", "\"INV\": \"INV_{org}_", "\"INV\": \"INV_",
     "names.json:27: *: character 1: answers to INV: the name of the answered file has no {org}; expected only parts "
     "that it has, or {answered.name} or {hash}\n"},
    {"names.json", "\"EMD\": {", "\"EMD\": {\"INV\": \"EMD-{hash}-{revision}.csv\",",
     "names.json:30: EMD answers EMI alone: no such name is ever given; delete the line\n"},
    {"names.json", "\"EMO\": {", "\"EMO\": {\"unknown\": \"EMO-{hash}-{revision}.csv\",",
     "names.json:33: EMO answers EMI alone: no such name is ever given; delete the line\n"},
    /* Of a line for all types only those count that get the answer. */
    {"names.json", "\"EMD\": {", "\"EMD\": {\"*\": \"EMD-{hash}.csv\",", ""},
    {"names.json", "\"*\": \"EMA_{org}_", "\"*\": \"EMA_{sender}_",
     "names.json:27: *: character 5: expected {type}, {org}, {eui64}, {date}, {time}, {instant}, {sequence} or "
     "{form}, of files that the gateway writes also {revision}, {answered.type}, {answered.name}, {hash} or {mpid}; "
     "found {sender}\n"},
    {"names.json", "\"*\": \"EMA_{org}_{eui64}_{date}_{time}_{sequence}_{answered.type}_R{revision}.{form}\"",
     "\"*\": \"{type:INV}_{org}_{eui64}_{date}_{time}_00000{revision}.{form}\"",
     "names.json:27: *: character 1: a file that arrives may have such a name too; expected another grammar\n"},
    {"names.json", "\"unknown\": \"EMA_UNKNOWN_{hash}_R{revision}.csv\"", "\"unknown\": \"EMA_UNKNOWN_{hash}.csv\"",
     "names.json:28: unknown: character 1: expected {revision}: a file may be answered again, and no name is given "
     "twice\n"},
    {"records/EMI-D.json", "\"device.id\"", "\"device.idd\"",
     "records/EMI-D.json:34: there is no fact \"device.idd\"; did you mean device.id?\n"
     "records/EMI-D.json:6: no column carries the fact device.id, which the program needs\n"},
    {"records/EMI-D.json", "\"device.region\"", "\"supply.start\"",
     "records/EMI-D.json:116: column CSPRegion: this record cannot carry the fact supply.start\n"},
    {"records/EMI-D.json", "\"device.hub\"", "\"device.mpxn\"",
     "records/EMI-D.json:104: columns MPxN and CHFDeviceID carry the same fact, device.mpxn\n"
     "records/EMI-D.json:6: no column carries the fact device.hub, which the program needs\n"},
    {"records/EMI-D.json", "\"CSPRegion\"", "\"MPxN\"", "records/EMI-D.json:116: two columns have the name MPxN\n"},
    {"records/EMI-D.json", "\"fact\": \"device.mpxn\"", "\"fakt\": \"device.mpxn\"",
     "records/EMI-D.json:94: unknown member \"fakt\"; did you mean \"fact\"?\n"
     "records/EMI-D.json:6: no column carries the fact device.mpxn, which the program needs\n"},
    {"records/EMI-D.json", "\"MPxN\"", "\"MPxN \"",
     "records/EMI-D.json:93: name: expected a text without blanks at its ends, found \"MPxN \"\n"},
    {"records/EMI-D.json", "\"required\": true", "\"required\": 1",
     "records/EMI-D.json:14: required: expected true or false, found a number\n"},
    {"records/EMI-D.json", "\"name\": \"CSPRegion\",\n", "",
     "records/EMI-D.json:116: the member \"name\" is missing\n"},
    {"records/EMI-D.json", "\"type\": \"string\"", "\"type\": \"text\"",
     "records/EMI-D.json:10: type: expected one of Table Schema, such as string or integer, found \"text\"\n"},
    {"records/EMI-D.json", "\"D\"", "\"E\"", ""},
    {"records/EMI-D.json", "\"D\"", "\"DD\"", "records/EMI-D.json:7: expected one letter, found \"DD\"\n"},
    {"records/EMI-D.json", "\"D\"", "\",\"", "records/EMI-D.json:7: expected one letter, found \",\"\n"},
    {"records/EMI-D.json", "\"D\"", "\"T\"", "records/EMI-D.json:0: two records of this type have the letter T\n"},
    {"records/EMI-D.json", "\"device.id\"", "\"header.type\"",
     "records/EMI-D.json:32: the fact header.type has no place in field 3 of this record\n"},
    {"records/EMI-H.json", "\"fields\"", "\"dialect\": {}, \"fields\"",
     "records/EMI-H.json:6: unknown member \"dialect\"\n"},
    {"profile.json", "\"delimiter\": \",\"", "\"delimiter\": \"x\"",
     "profile.json:10: delimiter: expected one of ',', ';', '|', '^', '~' and a tab\n"},
    {"profile.json", "\"\\\"\"", "\"`\"", "profile.json:11: quoteChar: expected '\"' or \"'\"\n"},
    {"profile.json", "\\r\\n", "\\r", "profile.json:12: lineTerminator: expected CRLF or LF\n"},
    {"profile.json", "\"records\"", "\"lines\"",
     "profile.json:14: frame: expected records, title or rows, found \"lines\"\n"},
    {"profile.json", "false,", "true,",
     "profile.json:13: header: true goes with the frame title, false with records and rows\n"},
    {"records/EMI-D.json", "\"fields\"", "\"dialect\": {\"trailer\": false}, \"fields\"",
     "records/EMI-T.json:1: the dialect says that there is no such record\n"},
    {"records/EMI-D.json", "\"fields\"", "\"dialect\": {\"trailer\": 0}, \"fields\"",
     "records/EMI-D.json:6: trailer: expected true or false, found a number\n"},
    {"reports/MAPR.json", "\"footer\"", "\"dialect\": {\"trailer\": true}, \"footer\"",
     "reports/MAPR.json:7: trailer: only the frame records has such a record\n"},
    {"profile.json", "\"header\"", "\"doubleQuote\": false, \"header\"",
     "profile.json:13: doubleQuote: expected true\n"},
    {"reports/MAPR.json", "\"footer\"", "\"dialect\": {\"frame\": \"records\"}, \"footer\"",
     "reports/MAPR.json:1: dialect: a report has the frame title or rows\n"},
    {"records/EMI-D.json", "\"fields\"", "\"dialect\": {\"header\": true}, \"fields\"",
     "records/EMI-D.json:7: the fact record.letter has no place in field 1 of this record\n"
     "records/EMI-T.json:1: only the frame records has such a record\n"},
    {"records/EMI-D.json", "\"record.letter\"", "\"device.pending\"",
     "records/EMI-D.json:7: expected the fact record.letter in field 1\n"},
    {"records/EMI-H.json", "\"EMI\"\n", "\"EMI\", \"EMX\"\n",
     "records/EMI-H.json:28: enum: expected one text, found 2\n"},
    {"records/INV-H.json", "\"header.mode\"", "\"header.batch\"",
     "records/INV-H.json:126: columns BatchId and Mode carry the same fact, header.batch\n"},
    {"records/EMI-T.json", "\"header.count\"", "\"file.parsed\"",
     "records/EMI-T.json:6: expected two fields, with the facts record.letter and header.count\n"},
    {"records/EMW-D.json", "\"fact\": \"work.try\",", "",
     "records/EMW-D.json:117: the column has no fact: the program has no value for it\n"},
    {"records/EMW-D.json", "\"fact\": \"work.try\",", "\n\"passed\": \"Crew\",",
     "records/EMW-D.json:120: EMI-D has no column \"Crew\" without a fact\n"},
    {"records/EMW-D.json", "\"fact\": \"work.try\",", "\"passed\": \"DeviceID\",",
     "records/EMW-D.json:119: EMI-D has no column \"DeviceID\" without a fact\n"},
    {"records/EMI-D.json", "\"device.region\",", "\"device.region\", \"passed\": \"MPxN\",",
     "records/EMI-D.json:116: the column CSPRegion has both fact and passed, expected one of them\n"
     "records/EMI-D.json:118: passed: expected only in the rows of EMD, EMW and EMO\n"},
    {"reports/MAPR.json", "\"type\"", "\"passed\": \"MPxN\", \"type\"",
     "reports/MAPR.json:9: the column MAPId has both fact and passed, expected one of them\n"
     "reports/MAPR.json:12: passed: expected only in the rows of EMD, EMW and EMO\n"},
    {"records/EMW-D.json", "\"work.try\"", "\"device.credentials\"",
     "records/EMW-D.json:117: column Try: this record cannot carry the fact device.credentials\n"},
    {"records/EMW-D.json", "\"device.id\"", "\"work.item\"",
     "records/EMW-D.json:6: no column carries the fact device.id, which the program needs\n"},
    {"reports/MAPR.json", "\"map.id\"", "\"party.drop\"",
     "reports/MAPR.json:9: column MAPId: this record cannot carry the fact party.drop\n"},
    {"reports/MAPR.json", "\"MAPId\"", "\"=MAPId\"",
     "reports/MAPR.json:10: name: a spreadsheet runs \"=MAPId\" as a formula; expected another first character\n"},
    {"records/INC-D.json", "\"Event\"", "\"@Event\"",
     "records/INC-D.json:44: name: a spreadsheet runs \"@Event\" as a formula; expected another first character\n"},
    {"reports/MAPR.json", "#COUNT,{rows}", "#COUNT,{row}",
     "reports/MAPR.json:7: footer: expected {rows} once and no other brace, found \"#COUNT,{row}\"\n"},
    {"reports/MAPR.json", "#COUNT,{rows}", "#COUNT,{rows},{rows}",
     "reports/MAPR.json:7: footer: expected {rows} once and no other brace, found \"#COUNT,{rows},{rows}\"\n"},
    {"reports/MAPR.json", "#COUNT,{rows}", "#END}",
     "reports/MAPR.json:7: footer: expected {rows} once and no other brace, found \"#END}\"\n"},
    {"reports/MAPR.json", "#COUNT,{rows}", " {rows} ", ""},
    {"reports/MAPR.json", "\"version\": \"1.0\",", "", "reports/MAPR.json:1: the member \"version\" is missing\n"},
    {"xml.json", "\"EMT\"", "\"EMX\"", "xml.json:45: there is no type EMX\n"},
    {"xml.json", "\"EMD\"", "\"EMX\"",
     "xml.json:24: there is no type EMX\nxml.json:8: expected an entry EMD: files in XML get their answers in XML\n"},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"migration 1\"",
     "xml.json:2: namespace: expected a URI such as urn:example:annex:2, found \"migration 1\"\n"},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"urn:a\\\"b\"",
     "xml.json:2: namespace: expected a URI such as urn:example:annex:2, found \"urn:a\"b\"\n"},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"urn:\"",
     "xml.json:2: namespace: expected a URI such as urn:example:annex:2, found \"urn:\"\n"},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"http://www.w3.org/XML/1998/namespace\"",
     "xml.json:2: namespace: \"http://www.w3.org/XML/1998/namespace\" is one of the standards of XML; expected that of "
     "the format\n"},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"urn:a'b\"", ""},
    {"xml.json", "\"urn:ecos-gateway:migration:1\"", "\"urn:a&b\"",
     "xml.json:2: namespace: expected a URI such as urn:example:annex:2, found \"urn:a&b\"\n"},
    {"xml.json", "\"value\": \"1.0\"", "\"value\": \"1<0\"",
     "xml.json:3: value: expected a text without '&', '<', '>' and quotes, found \"1<0\"\n"},
    {"xml.json", "\"attribute\": \"schemaVersion\"", "\"attribute\": \"xmlns\"",
     "xml.json:3: attribute: xmlns is the namespace; expected the name of another attribute\n"},
    {"xml.json", "\"value\": \"1.0\"", "\"value\": \"\\uFFFE\"",
     "xml.json:5: value: the text has control characters\n"},
    {"xml.json", "\"WorkOrder\"", "\"MigrationOutcome\"",
     "xml.json:39: root: MigrationOutcome is the root element of EMW already; expected another one\n"},
    {"xml.json", "\"Devices\"", "\"Header\"",
     "xml.json:9: expected elements of different names below MigrationInstruction, found Header twice\n"},
    {"xml.json", "\"count\": \"DeviceCount\"", "\"count\": \"BatchId\"",
     "xml.json:9: count: the element BatchId is that of a column, too\n"},
    {"forms.json", "\"ecos-migration-1.xsd\"", "\"../annex.xsd\"",
     "forms.json:3: xsd: expected the name of a file such as annex-2.0.xsd, found \"../annex.xsd\"\n"},
    {"forms.json", "\"ecos-migration-1.xsd\"", "\"COLUMNS.md\"",
     "forms.json:3: xsd: expected the name of a file such as annex-2.0.xsd, found \"COLUMNS.md\"\n"},
    {"forms.json", "\"maxLength\": ", "\"maxLength\": -", "forms.json:32: maxLength: expected 0 or more, found -128\n"},
    {"forms.json", "\"pattern\": \"", "\"pattern\": \"\\u0001",
     "forms.json:8: pattern: the text has control characters\n"},
    {"forms.json", "\"enum\": [", "\"enum\": [\"\\uFFFF\",",
     "forms.json:21: a text: the text has control characters\n"},
    {"forms.json", "\"description\": \"", "\"description\": \"\\u0007",
     "forms.json:2: description: the text has control characters\n"},
    {"xml.json", "\"WorkOrder\"", "\"Work Order\"",
     "xml.json:32: root: expected the name of an XML element, found \"Work Order\"\n"},
    {"xml.json", "\"file\": \"File\",", "", "xml.json:16: the member \"file\" is missing\n"},
    {"xml.json", "\"schema\": null", "\"schema\": \"annex.xsd\"",
     "xml.json:7: schema: there is no file annex.xsd beside this one\n"},
    {"xml.json", "\"namespace\"", "\"namespace\": \"a\", \"namespace\"",
     "xml.json:2: duplicate object key near '\"namespace\"'\n"},
    {"records/EMI-D.json", "\"MPxN\"", "\"MP xN\"",
     "xml.json:9: record Device: expected an element or a path of at most 4 for the column MP xN, found \"MP xN\"\n"},
    {"records/EMI-D.json", "\"fields\": [", "\"fields\": [ 7,",
     "records/EMI-D.json:6: expected an object, {…}, found a number\n"},
};

static void test_profile__fault__is_told_with_file_and_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        char *folder = folder_copy();
        folder_change(folder, wrongs[i].file, wrongs[i].old, wrongs[i].new);
        g_autofree char *faults = folder_faults(folder);
        assert_string_equal(faults, wrongs[i].faults);
        folder_remove(folder);
    }
}

/* The faults of a copy in which one file has another text; NULL: no such file. g_free. */
static char *faults_with(const char *name, const char *text)
{
    char *folder = folder_copy(), *faults;

    folder_write(folder, name, text);
    faults = folder_faults(folder);
    folder_remove(folder);
    return faults;
}

static void expect_with(const char *name, const char *text, const char *expected)
{
    g_autofree char *faults = faults_with(name, text);

    assert_string_equal(faults, expected);
}

static void test_profile__file_that_is_no_json__is_one_fault(void **state)
{
    g_autoptr(GString) deep = g_string_new("{\"namespace\": ");

    (void)state;
    for (int i = 0; i < 16; i++)
        g_string_append_c(deep, '[');
    for (int i = 0; i < 16; i++)
        g_string_append_c(deep, ']');
    g_string_append_c(deep, '}');
    expect_with("xml.json", "{\n  \"a\": 1,\n}\n", "xml.json:3: string or '}' expected near '}'\n");
    expect_with("xml.json", "", "xml.json:1: '[' or '{' expected near end of file\n");
    expect_with("xml.json", "[]", "xml.json:1: expected an object, '{'\n");
    expect_with("xml.json", "\xEF\xBB\xBF{}",
                "xml.json:1: begins with a byte order mark; save it as UTF-8 without one\n");
    expect_with("xml.json", "{\n\"\xE4\": 1}", "xml.json:2: unable to decode byte 0xe4 near '\"'\n");
    expect_with("records/EMD-D.json", "", "records/EMD-D.json:1: '[' or '{' expected near end of file\n");
    expect_with("xml.json", deep->str, "xml.json:0: has objects and arrays in more than 16 levels\n");
}

static void test_profile__files__are_those_of_a_profile(void **state)
{
    g_autofree char *large = g_strnfill(256 * 1024 + 1, ' ');

    (void)state;
    expect_with("records/EMX-D.json", "{}", "records/EMX-D.json:0: is no file of a profile\n");
    expect_with("records/EMI-H.json", NULL, "records/EMI-H.json:0: is missing\n");
    expect_with("records/EMI-T.json", NULL,
                "records/EMI-T.json:0: is missing: without this record nobody notices a file that has lost its end; if "
                "the format has none, say so in the dialect: \"trailer\": false\n");
    expect_with("reports/MGMT.json", NULL, "reports/MGMT.json:0: is missing\n");
    expect_with("profile.json", NULL, "profile.json:0: is missing\n");
    expect_with("reports/MGMT.json", large, "reports/MGMT.json:0: has more than 262144 bytes, expected at most that\n");
    expect_with("annex 1.xsd", "",
                ".:0: has a file whose name has characters other than letters, digits, '.', '_' and '-', or more than "
                "64\n");
}

static void link_to(const char *target, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_int_equal(symlink(target, path), 0);
}

/* A profile is what stands in its folder: the digest, and a copy, have nothing else. The folder itself may be reached
 * by a link. */
static void test_profile__link_out_of_the_folder__is_a_fault(void **state)
{
    char *folder = folder_copy(), *other = folder_copy();
    g_autofree char *link = g_strconcat(folder, ".link", NULL), *there = g_build_filename(other, "xml.json", NULL);

    (void)state;
    folder_write(folder, "xml.json", NULL);
    folder_write(folder, "forms.json", NULL);
    link_to(there, folder, "xml.json");
    link_to("../../../../../../etc/hostname", folder, "forms.json");
    link_to("profile.json", folder, "profile.md"); /* it stays in the folder */
    assert_int_equal(symlink(folder, link), 0);
    g_autofree char *faults = folder_faults(link);
    g_auto(GStrv) lines = g_strsplit(faults, "\n", -1);
    assert_int_equal(g_strv_length(lines), 3);
    assert_non_null(
        strstr(faults, "xml.json:0: is a symbolic link that leads out of the folder; copy the file into it\n"));
    assert_non_null(strstr(faults, "forms.json:0: is a symbolic link that leads out of the folder"));
    folder_write(folder, "xml.json", NULL);
    folder_write(folder, "forms.json", NULL);
    folder_write(folder, "profile.md", NULL);
    folder_remove(folder);
    g_unlink(link);
    assert_int_equal(symlink(other, link), 0);
    g_autofree char *sound = folder_faults(link);
    assert_string_equal(sound, "");
    g_unlink(link);
    folder_remove(other);
}

static void test_profile__folder_that_is_none__is_a_fault(void **state)
{
    g_autofree char *faults = folder_faults("/nonexistent/profile");

    (void)state;
    assert_true(g_str_has_prefix(faults, ".:0: Error opening directory"));
}

/* Every fault of every file, not the first only. */
static void test_profile__several_faults__are_all_told(void **state)
{
    char *folder = folder_copy();

    (void)state;
    folder_change(folder, "profile.json", "\"title\"", "\"titel\"");
    folder_change(folder, "records/EMI-D.json", "\"device.id\"", "\"device.idd\"");
    folder_change(folder, "records/EMI-D.json", "\"device.region\"", "\"supply.start\"");
    folder_change(folder, "xml.json", "\"EMT\"", "\"EMX\"");
    folder_change(folder, "reports/MAPR.json", "\"map.id\"", "\"party.drop\"");
    folder_write(folder, "records/EMX-D.json", "{}");
    g_autofree char *faults = folder_faults(folder);
    g_auto(GStrv) lines = g_strsplit(faults, "\n", -1);
    assert_int_equal(g_strv_length(lines) - 1, 7);
    folder_remove(folder);
}

/* What a hostile profile says goes to a terminal, and must not take hours. */
static void test_profile__hostile_texts__are_shown_escaped_and_counted(void **state)
{
    GString *text = g_string_new("{");

    (void)state;
    for (int i = 0; i < 10000; i++)
        g_string_append_printf(text, "%s\"\\u001b[%d\": 1", i > 0 ? ",\n" : "", i);
    g_string_append(text, "}");
    g_autofree char *faults = faults_with("codes.json", text->str);
    g_auto(GStrv) lines = g_strsplit(faults, "\n", -1);
    assert_int_equal(g_strv_length(lines) - 1, 101);
    assert_string_equal(lines[1], "codes.json:2: unknown member \"\\x1B[1\"");
    assert_string_equal(lines[100], ".:0: has 9900 more faults; mend those above first");
    g_string_free(text, TRUE);
}

/* More columns than the readers and writers have room for, and more files. */
static void test_profile__too_many__is_a_fault(void **state)
{
    char *folder = folder_copy();
    GString *fields = g_string_new("\"fields\": [");

    (void)state;
    for (int i = 0; i < 53; i++)
        g_string_append_printf(fields, "{\"name\": \"X%d\", \"fact\": \"map.id\"},", i);
    folder_change(folder, "reports/MAPR.json", "\"fields\": [", fields->str);
    g_string_truncate(fields, 0);
    for (int i = 0; i < 31; i++)
        g_string_append_printf(fields, ",{\"name\": \"X%d\"}", i);
    g_string_prepend(fields, "}");
    folder_change(folder, "records/COS-D.json", "}\n  ],\n  \"missingValues\"", fields->str);
    folder_change(folder, "records/COS-D.json", "\"X30\"}", "\"X30\"}\n  ],\n  \"missingValues\"");
    for (int i = 0; i < 250; i++) {
        g_autofree char *name = g_strdup_printf("annex-%d.md", i);
        folder_write(folder, name, "");
    }
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults, ".:0: has more than 256 files; a profile has at most that\n");
    for (int i = 0; i < 250; i++) {
        g_autofree char *name = g_strdup_printf("annex-%d.md", i);
        folder_write(folder, name, NULL);
    }
    g_autofree char *fewer = folder_faults(folder);
    assert_non_null(strstr(fewer, "records/COS-D.json:6: expected at most 31 fields, found 38\n"));
    assert_non_null(strstr(fewer, "reports/MAPR.json:8: fields: expected 1 to 64, found 65\n"));
    g_string_free(fields, TRUE);
    folder_remove(folder);
}

/* Columns without a fact that are kept: 20 of an instruction. Those of other files are not kept, and not counted. */
static void test_profile__kept_columns__are_at_most_20(void **state)
{
    char *folder = folder_copy();
    GString *fields = g_string_new("\"fields\": [");
    const struct file_type *type;

    (void)state;
    folder_change(folder, "records/EMI-D.json", "\"device.region\"", "\"device.credentials\"");
    folder_change(folder, "records/EMI-D.json", "\"fact\": \"device.credentials\",", "");
    folder_change(folder, "records/EMI-D.json", "\"fact\": \"work.attempt\",", "");
    folder_change(folder, "records/EMI-D.json", "  \"fields\": [\n    {", "\"fields\": [{");
    for (int i = 3; i <= 20; i++)
        g_string_append_printf(fields, "%s{\"name\": \"X%d\"}", i > 3 ? ", " : "", i);
    g_autofree char *letter = g_strconcat("}, ", fields->str + strlen("\"fields\": ["), ", {", NULL);
    folder_change(folder, "records/EMI-D.json", "},\n    {", letter);
    struct profile *profile = profile_load(folder, folder_hear_fault, fields);
    type = profile_type(profile, "EMI", 3);
    assert_int_equal(type->record->n_kept, 20);
    assert_int_equal(type->record->n_columns, 28);
    profile_free(profile);
    folder_change(folder, "records/EMI-D.json", "{\"name\": \"X3\"}", "{\"name\": \"X2\"}, {\"name\": \"X3\"}");
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults, "records/EMI-D.json:6: expected at most 20 columns without a fact, found 21\n");
    g_string_free(fields, TRUE);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile__builtin__has_every_type_and_report),
        cmocka_unit_test(test_profile__folder_of_the_proposal__is_the_builtin_profile),
        cmocka_unit_test(test_profile__digest__is_over_names_and_bytes),
        cmocka_unit_test(test_profile__other_names_and_order__are_those_of_the_folder),
        cmocka_unit_test(test_profile__fault__is_told_with_file_and_line),
        cmocka_unit_test(test_profile__file_that_is_no_json__is_one_fault),
        cmocka_unit_test(test_profile__files__are_those_of_a_profile),
        cmocka_unit_test(test_profile__link_out_of_the_folder__is_a_fault),
        cmocka_unit_test(test_profile__folder_that_is_none__is_a_fault),
        cmocka_unit_test(test_profile__several_faults__are_all_told),
        cmocka_unit_test(test_profile__hostile_texts__are_shown_escaped_and_counted),
        cmocka_unit_test(test_profile__too_many__is_a_fault),
        cmocka_unit_test(test_profile__kept_columns__are_at_most_20),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
