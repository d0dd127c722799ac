/* EUI-64 identifiers: reading and writing. */
#include "formats/eui64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_eui64__either_letter_case__is_read(void **state)
{
    uint64_t id = 0;

    (void)state; /* cmocka's signature */
    assert_true(eui64_parse("00-DB-12-34-56-78-90-A0", 23, &id));
    assert_true(id == UINT64_C(0x00DB1234567890A0));
    assert_true(eui64_parse("ff-db-12-34-56-78-90-fF", 23, &id));
    assert_true(id == UINT64_C(0xFFDB1234567890FF));
}

static void test_eui64__other_text__is_refused_and_output_untouched(void **state)
{
    static const char *const cases[] = {
        "",
        "00-DB-12-34-56-78-90-A",
        "00-DB-12-34-56-78-90-A0 ",
        "00-DB-12-34-56-78-90-A0-",
        "00-DB-12-34-56-78-90-AG",
        "00:DB:12:34:56:78:90:A0",
        "00-DB-12-34-56-78-90_A0",
        "00DB1234567890A0",
        "-0-DB-12-34-56-78-90-A0",
        "0-0DB-12-34-56-78-90-A0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t id = 42;
        assert_false(eui64_parse(cases[i], strlen(cases[i]), &id));
        assert_true(id == 42);
    }
}

static void test_eui64__printed__is_upper_case_and_reads_back(void **state)
{
    static const struct {
        uint64_t id;
        const char *text;
    } cases[] = {
        {0, "00-00-00-00-00-00-00-00"},
        {UINT64_MAX, "FF-FF-FF-FF-FF-FF-FF-FF"},
        {UINT64_C(0x90B3D51F300EC001), "90-B3-D5-1F-30-0E-C0-01"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[EUI64_TEXT_SIZE];
        uint64_t id = 42;
        eui64_print(cases[i].id, text);
        assert_string_equal(text, cases[i].text);
        assert_true(eui64_parse(text, EUI64_TEXT_LENGTH, &id));
        assert_true(id == cases[i].id);
    }
}

/* Any byte in place of any other one. */
static void test_eui64__each_byte_changed__is_read_if_it_may_stand_there(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const uint64_t before = UINT64_C(0x90B3D51F300EC0A7);

    (void)state;
    for (size_t i = 0; i < EUI64_TEXT_LENGTH; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[EUI64_TEXT_SIZE] = "90-B3-D5-1F-30-0E-C0-A7";
            const char *found = byte != 0 ? strchr(digits, byte) : NULL;
            unsigned shift = 60 - 4 * (unsigned)(i - i / 3), at = found != NULL ? (unsigned)(found - digits) : 0;
            uint64_t id = 42, value = at < 16 ? at : at - 6;
            bool expected = i % 3 == 2 ? byte == '-' : found != NULL;

            text[i] = (char)byte;
            assert_int_equal(eui64_parse(text, EUI64_TEXT_LENGTH, &id), expected);
            if (i % 3 == 2)
                assert_true(id == (expected ? before : 42));
            else
                assert_true(id == (expected ? (before & ~(UINT64_C(15) << shift)) | value << shift : 42));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eui64__either_letter_case__is_read),
        cmocka_unit_test(test_eui64__each_byte_changed__is_read_if_it_may_stand_there),
        cmocka_unit_test(test_eui64__other_text__is_refused_and_output_untouched),
        cmocka_unit_test(test_eui64__printed__is_upper_case_and_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
