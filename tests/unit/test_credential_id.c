/* Ids of credentials: which notations mean the same. */
#include "validators/credential_id.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void expect(const char *a, const char *b, bool same)
{
    if (credential_id_same(a, b) != same || credential_id_same(b, a) != same)
        fail_msg("'%s' and '%s': expected %s", a, b, same ? "the same" : "different ones");
    if (a == NULL || b == NULL)
        return;
    g_autofree char *x = credential_id_key(a), *y = credential_id_key(b);
    if ((strcmp(x, y) == 0) != same)
        fail_msg("the keys of '%s' and '%s': expected %s, found '%s' and '%s'", a, b, same ? "one" : "two", x, y);
}

static void test_credential_id__bytes__are_compared_whatever_their_notation(void **state)
{
    static const char *const same[] = {"9A0712C4",    "9a0712c4",  "9A-07-12-C4", "9a:07:12:c4",
                                       "9A.07.12.C4", "9A07-12C4", "0x9A0712C4",  "0X9a-0712-c4"};
    static const char *const others[] = {"9A0712C5", "9A0712",    "9A0712C400", "A90712C4",
                                         "9A0712C",  "9A07 12C4", "x9A0712C4",  "-9A0712C4"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(same); j++)
            expect(same[i], same[j], true);
        for (size_t j = 0; j < G_N_ELEMENTS(others); j++)
            expect(same[i], others[j], false);
    }
}

static void test_credential_id__other_texts__are_compared_as_they_are(void **state)
{
    (void)state;
    expect("key-1", "key-1", true);
    expect("key-1", "KEY-1", false);
    expect("ABC", "ABC", true);
    expect("ABC", "abc", false); /* no whole bytes */
    expect("", "", true);
    expect("", "00", false);
    expect(NULL, NULL, true);
    expect(NULL, "", false);
    expect("-", "-", true);
    expect("-", ":", false);
    expect("0x", "0x", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credential_id__bytes__are_compared_whatever_their_notation),
        cmocka_unit_test(test_credential_id__other_texts__are_compared_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
