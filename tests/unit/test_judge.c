/* The verdict on a whole file: outcome, counts, what decided, and what is said of totals. */
#include "formats/profile.h"
#include "validators/judge.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define STEM "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000001"
#define NOW INT64_C(1688364000) /* 2023-07-03T06:00:00Z */
#define LATER ",90-B3-D5-1F-30-0E-C0-01,90-B3-D5-1F-30-00-00-04,1,2023-07-03T06:00:00Z,TEST,B-1,\n"
#define TAIL ",1.0" LATER
#define H "H,EMI" TAIL
#define DEVICE(id) ",00-DB-12-34-56-78-90-" id ",ESME,AB01,010A030B,0002012F,1012345678903,,North,1\n"
#define WARNED(id) ",00-DB-12-34-56-78-90-" id ",ESME,AB01,010A030B,0002012F,1012345678904,,North,1\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define E16 "éééééééééééééééé"
#define BAD ",x,ESME,AB01,010A030B,0002012F,1012345678903,,North,1\n"

static struct rules rules;
static struct verdict verdict;
static struct judge_request request;
static int devices;

static int enter(void **state)
{
    (void)state;
    rules_init(&rules);
    rules.now = NOW;
    devices = 0;
    request = (struct judge_request){.rules = &rules, .max_findings = 100};
    return 0;
}

static int leave(void **state)
{
    (void)state;
    verdict_clear(&verdict);
    return 0;
}

static bool try_judge(const char *name, const char *text, GError **error)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    request.name = name;
    request.name_len = strlen(name);
    request.fd = fd;
    verdict_clear(&verdict);
    bool good = judge_file(&request, &verdict, error);
    (void)close(fd);
    return good;
}

static void judge(const char *name, const char *text)
{
    GError *error = NULL;

    if (!try_judge(name, text, &error))
        fail_msg("%s", error->message);
}

/* The verdict as "PA 2=1+1+0 C101@2:3#1": outcome, records = accepted + rejected + deferred, findings as
 * code@line:column#record. */
static char *verdict_line(void)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s %u=%u+%u+%u", outcome_code(verdict.outcome), (unsigned)verdict.parsed,
                           (unsigned)verdict.accepted, (unsigned)verdict.rejected, (unsigned)verdict.deferred);
    for (size_t i = 0; i < findings_kept(verdict.findings); i++) {
        const struct finding *f = findings_at(verdict.findings, i);
        g_string_append_printf(text, " %s@%u:%u", catalogue_entry(f->code)->id, f->at.line, f->at.column);
        if (f->ordinal)
            g_string_append_printf(text, "#%u", f->ordinal);
    }
    return g_string_free(text, FALSE);
}

static void expect(const char *name, const char *text, const char *expected)
{
    judge(name, text);
    g_autofree char *found = verdict_line();
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", text, expected, found);
}

static void test_judge__csv__outcome_counts_and_places(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {H "D,1" DEVICE("A0") "T,1\n", "AC 1=1+0+0"},
        {H "D,1" WARNED("A0") "T,1\n", "WN 1=1+0+0 C113@2:57#1"},
        {H "D,1" DEVICE("A0") "D,2" BAD "T,2\n", "PA 2=1+1+0 C101@3:5#2"},
        {H "D,1" DEVICE("A0") "D,2" BAD "T,3\n", "RJ 2=0+2+0 C101@3:5#2 B208@4:3"},
        {H "D,1" DEVICE("A0") "T,\n", "RJ 1=0+1+0 B208@3:3"},
        {H "D,1" DEVICE("A0") "T,x\n", "RJ 1=0+1+0 B208@3:3"},
        {H "D,1" DEVICE("A0") "T,0000000001\n", "RJ 1=0+1+0 B208@3:3"},
        {H "D,1" DEVICE("A0"), "RJ 1=0+1+0 B302@2:1"},
        {H "D,1" DEVICE("A0") "D,2,00-DB", "RJ 2=0+2+0 B302@3:10#2"},
        {"H,EMI,1.0,90-B3", "RJ 0=0+0+0 B302@1:16"}, /* its consequences are not told */
        {H "T,0\n", "RJ 0=0+0+0 B306@0:0"},
        {H "T,1\n", "RJ 0=0+0+0 B208@2:3 B306@0:0"},
        {H "D,01" DEVICE("A0") "T,1\n", "RJ 1=0+1+0 B305@2:3#1"},
        {H "D,0" DEVICE("A0") "T,1\n", "RJ 1=0+1+0 B305@2:3#1"},
        {H "D," DEVICE("A0") "T,1\n", "RJ 1=0+1+0 B305@2:3#1"},
        {H "D,1" DEVICE("A0") "D,3" DEVICE("A1") "D,4" DEVICE("A2") "T,3\n", "RJ 3=0+3+0 B305@3:3#2"},
        {H "D,1" DEVICE("A0") "D,1" DEVICE("A1") "D,2" DEVICE("A2") "T,3\n", "RJ 3=0+3+0 B305@3:3#2"},
        {H "D,1" DEVICE("A0") "D,2\nD,3" DEVICE("A1") "T,3\n", "RJ 3=0+3+0 B303@3:4#2"},
        {"H,EMD" TAIL "D,1" DEVICE("A0") "T,1\n", "RJ 1=0+1+0 B206@1:3"},
        {"H,EMI,1.1" LATER "D,1" DEVICE("A0") "T,1\n", "RJ 1=0+1+0 B202@1:7"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(STEM ".csv", cases[i].text, cases[i].expected);
}

static void test_judge__declared_count__shown_like_any_value(void **state)
{
    static const char *const counts[] = {X16 X16 X16 X16, E16 E16 E16 "é" /* more than 64 bytes */};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *text = g_strconcat(H "D,1" DEVICE("A0") "T,", counts[i], "\n", NULL);
        judge(STEM ".csv", text);
        assert_string_equal(findings_at(verdict.findings, 0)->value, counts[i]);
    }
}

static void test_judge__cut_short__totals_are_not_judged(void **state)
{
    (void)state;
    expect(STEM ".xml",
           "<MigrationInstruction xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\">\n<Header>"
           "<SenderId>90-B3-D5-1F-30-0E-C0-01</SenderId><RecipientId>90-B3-D5-1F-30-00-00-04</RecipientId>"
           "<FileSequence>1</FileSequence><CreationDateTime>2023-07-03T06:00:00Z</CreationDateTime>"
           "<Environment>TEST</Environment><BatchId>B-1</BatchId><DeviceCount>1</DeviceCount></Header><Devices>\n",
           "RJ 0=0+0+0 B110@3:1");
    assert_int_equal(verdict.declared, 1);
}

/* The acknowledgement shows the finding that decided as its first error. */
static void test_judge__several_categories__deciding_finding(void **state)
{
    (void)state;
    judge(STEM ".csv", H "D,1" DEVICE("A0") "T,1\n");
    assert_null(verdict_deciding(&verdict));
    judge(STEM ".csv", H "D,1" WARNED("A0") "T,1\n");
    assert_int_equal(verdict_deciding(&verdict)->code, C113);
    judge(STEM ".csv", H "D,1" WARNED("A0") "D,2" BAD "T,2\n");
    assert_int_equal(verdict_deciding(&verdict)->code, C101);
    judge(STEM ".csv", H "D,1" WARNED("A0") "D,2" BAD "T,3\n");
    assert_int_equal(verdict_deciding(&verdict)->code, B208);
}

static void test_judge__count_is_no_number__finding_says_so(void **state)
{
    static const char *const counts[] = {"", "x", "-1", "1.0", "1000000000"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *text = g_strconcat(H "D,1" DEVICE("A0") "T,", counts[i], "\n", NULL);
        judge(STEM ".csv", text);
        assert_int_equal(verdict.declared, -1);
        assert_string_equal(findings_at(verdict.findings, 0)->text, "expected a whole number, found 1 Device records");
        assert_string_equal(findings_at(verdict.findings, 0)->value, counts[i]);
    }
    judge(STEM ".csv", H "D,1" DEVICE("A0") "T,2\n");
    assert_int_equal(verdict.declared, 2);
    assert_string_equal(findings_at(verdict.findings, 0)->text, "declared 2, found 1");
}

static bool on_device(void *user, const struct file_type *type, const struct row *row, GError **error)
{
    assert_string_equal(type->code, "EMI");
    assert_ptr_equal(row->layout, type->record);
    if (++devices < 2)
        return true;
    *(bool *)user = true;
    g_set_error_literal(error, JUDGE_ERROR, 77, "no room");
    return false;
}

static void test_judge__callback_fails__judging_ends(void **state)
{
    g_autoptr(GError) error = NULL;
    bool called = false;

    (void)state;
    request.on_row = on_device;
    request.user = &called;
    assert_false(try_judge(STEM ".csv", H "D,1" DEVICE("A0") "D,2" DEVICE("A1") "D,3" DEVICE("A2") "T,3\n", &error));
    assert_true(called);
    assert_int_equal(devices, 2);
    assert_true(g_error_matches(error, JUDGE_ERROR, 77));
    assert_null(verdict.findings);
}

#define REFERENCE(type, mode)                                                                                          \
    "H," type ",1.0,90-B3-D5-1F-30-00-00-02,90-B3-D5-1F-30-00-00-04,1,2023-07-03T06:00:00Z,TEST,R-1,," mode "\n"
#define METER(id, status) ",SET,00-DB-12-34-56-78-90-" id ",ESME," status ",,,,,,,,,,,TCOS,\n"
#define EVENT(date) ",SET,1012345678903,,90-B3-D5-1F-30-05-00-02," date "\n"

static void test_judge__reference_data__some_may_be_empty(void **state)
{
    static const struct {
        const char *type, *text, *expected;
    } cases[] = {
        {"INV", REFERENCE("INV", "FULL") "D,1" METER("A0", "Commissioned") "T,1\n", "AC 1=1+0+0"},
        {"INV", REFERENCE("INV", "FULL") "T,0\n", "RJ 0=0+0+0 B306@0:0"},
        {"INV", REFERENCE("INV", "DELTA") "T,0\n", "RJ 0=0+0+0 B306@0:0"},
        {"COS", REFERENCE("COS", "FULL") "T,0\n", "AC 0=0+0+0"},
        {"NMM", REFERENCE("NMM", "DELTA") "T,0\n", "AC 0=0+0+0"},
        {"PTY", REFERENCE("PTY", "FULL") "T,0\n", "AC 0=0+0+0"},
        {"PTY", REFERENCE("PTY", "FULL") "T,1\n", "RJ 0=0+0+0 B208@2:3"},
        {"INV", REFERENCE("INV", "FULL") "D,1" METER("A0", "New") "D,2" METER("A1", "Commissioned") "T,2\n",
         "PA 2=1+1+0 C120@2:38#1"},
        {"INV", REFERENCE("INV", "FULL") "D,1" METER("A0", "New") "T,1\n", "RJ 1=0+1+0 C120@2:38#1 B306@0:0"},
        {"COS", REFERENCE("COS", "DELTA") "D,1" EVENT("2023-07-32") "T,1\n", "RJ 1=0+1+0 C120@2:48#1 B306@0:0"},
        {"COS", REFERENCE("COS", "FULL") "D,1" EVENT("2023-07-31") "D,2" EVENT("2023-07-31") "T,2\n",
         "PA 2=1+1+0 C102@3:9#2"},
        {"COS", REFERENCE("COS", "ALL") "T,0\n", "RJ 0=0+0+0 B211@1:92"},
        {"COS", REFERENCE("COS", "FULL") "D,2" EVENT("2023-07-31") "T,1\n", "RJ 1=0+1+0 B305@2:3#1"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name =
            g_strdup_printf("%s_DCC_90-B3-D5-1F-30-00-00-02_20230703_060000_000001.csv", cases[i].type);
        expect(name, cases[i].text, cases[i].expected);
    }
}

static void test_judge__stop__nothing_is_decided(void **state)
{
    static volatile bool stop;
    g_autoptr(GError) error = NULL;

    (void)state;
    request.stop = &stop;
    judge(STEM ".csv", H "D,1" DEVICE("A0") "T,1\n");
    stop = true;
    assert_false(try_judge(STEM ".csv", H "D,1" DEVICE("A0") "T,1\n", &error));
    assert_true(g_error_matches(error, JUDGE_ERROR, JUDGE_ERROR_STOPPED));
    assert_null(verdict.findings);
}

static void add_code(void *user, const char *code)
{
    g_string_append_printf(user, " %s", code);
}

static void test_judge__not_judged__depends_on_ledger_and_configuration(void **state)
{
    static const char device_codes[] = " C103 C104 C105 C106 C107 C108 C109 C110 C111 C112 C114 C115 C116";
    static const char work_codes[] = " C118 C119 C120 C121";
    static const char *const types[] = {NULL, "EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY"};
    const char *const of_type[] = {device_codes, device_codes, work_codes, work_codes,
                                   " C119",      " C119 C124", " C119",    " C119 C120"};
    static const struct identity identity = {"TCOS", 1, "TEST", NULL, 0};

    (void)state;
    for (int known = 0; known < 32; known++) {
        GString *codes = g_string_new(NULL);
        const char *type = types[known / 4];
        rules.identity = known & 1 ? &identity : NULL;
        rules.ledger = known & 2 ? (struct ledger *)&devices : NULL; /* only its presence counts */
        judge_each_not_judged(&rules, type ? profile_type(profile_builtin(), type, 3) : NULL, add_code, codes);
        g_autofree char *expected =
            g_strconcat(known & 1 ? "" : " B103", known & 2 ? "" : " B105 B106 B107 B108 B112 B113",
                        known & 1 ? "" : " B207 B209", known & 2 ? "" : " B210", known & 2 ? "" : of_type[known / 4],
                        known & 1 || known >= 8 ? "" : " C122", known & 2 || known >= 8 ? "" : " C125", NULL);
        assert_string_equal(codes->str, expected);
        g_string_free(codes, TRUE);
    }
}

/* Each line of inbound_types.def, and nothing else, is a type that formats/layout.c calls inbound. */
static void test_inbound_types__compared_with_layouts__the_same(void **state)
{
    static const char *const codes[] = {
#define INBOUND_TYPE(code, about, begin, judge, take, may_be_empty) #code,
#include "validators/inbound_types.def"
#undef INBOUND_TYPE
    };
    size_t inbound = 0;

    (void)state;
    for (size_t i = 0; i < profile_builtin()->n_types; i++)
        inbound += profile_builtin()->types[i].inbound;
    assert_int_equal(inbound, G_N_ELEMENTS(codes));
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        const struct file_type *type = profile_type(profile_builtin(), codes[i], strlen(codes[i]));
        assert_non_null(type);
        assert_true(type->inbound);
    }
}

static void test_rules__defaults__those_of_the_interface(void **state)
{
    (void)state;
    assert_int_equal(rules.max_devices, 1000000);
    assert_int_equal(rules.unpack.max_bytes, UINT64_C(1) << 30);
    assert_int_equal(rules.unpack.max_ratio, 200);
    assert_int_equal(rules.future_tolerance, 300);
    assert_int_equal(rules.check_digits, CHECK_DIGITS_WARN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_judge__csv__outcome_counts_and_places),
        T(test_judge__declared_count__shown_like_any_value),
        T(test_judge__cut_short__totals_are_not_judged),
        T(test_judge__several_categories__deciding_finding),
        T(test_judge__count_is_no_number__finding_says_so),
        T(test_judge__callback_fails__judging_ends),
        T(test_judge__reference_data__some_may_be_empty),
        T(test_judge__stop__nothing_is_decided),
        T(test_judge__not_judged__depends_on_ledger_and_configuration),
        T(test_rules__defaults__those_of_the_interface),
        T(test_inbound_types__compared_with_layouts__the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
