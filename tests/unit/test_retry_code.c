/* The code of a failed try. */
#include "validators/retry/retry_code.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static const struct {
    enum retry_result_kind kind;
    const char *gbcs, *duis, *alert;
    enum code expected;
} tries[] = {
    {RESULT_FAILED, NULL, NULL, NULL, D127},
    {RESULT_TIMEOUT, NULL, NULL, NULL, D103},
    {RESULT_FAILED, "0", "I0", NULL, D127},
    {RESULT_TIMEOUT, "0", "0", NULL, D103},
    {RESULT_FAILED, "5", NULL, NULL, D105},
    {RESULT_FAILED, "10", NULL, NULL, D110},
    {RESULT_FAILED, "17", NULL, NULL, D117},
    {RESULT_FAILED, "25", NULL, NULL, D125},
    {RESULT_FAILED, "30", NULL, NULL, D130},
    {RESULT_FAILED, "127", NULL, NULL, D127},
    {RESULT_FAILED, "1", NULL, NULL, D127},
    {RESULT_TIMEOUT, "99", NULL, NULL, D127},
    {RESULT_FAILED, NULL, "E20", NULL, D101},
    {RESULT_FAILED, NULL, "E21", NULL, D102},
    {RESULT_TIMEOUT, NULL, "E20", NULL, D101},
    {RESULT_FAILED, NULL, "E49", NULL, D127},
    {RESULT_TIMEOUT, NULL, "E1", NULL, D128},
    {RESULT_FAILED, NULL, "E4", NULL, D128},
    {RESULT_FAILED, NULL, "E5", NULL, D128},
    {RESULT_FAILED, NULL, "E19", NULL, D128},
    {RESULT_FAILED, "30", "E13", "8F84", D128},
    {RESULT_FAILED, "17", "E4", NULL, D117},
    {RESULT_FAILED, NULL, "E14", NULL, D127},
    {RESULT_FAILED, NULL, "E40", NULL, D127},
    {RESULT_FAILED, NULL, "E062301", NULL, D127},
    {RESULT_TIMEOUT, NULL, "I99", NULL, D103},
    {RESULT_FAILED, NULL, NULL, "8F1E", D140},
    {RESULT_FAILED, NULL, NULL, "8F30", D140},
    {RESULT_FAILED, NULL, NULL, "8F3D", D140},
    {RESULT_FAILED, NULL, NULL, "819D", D141},
    {RESULT_FAILED, NULL, NULL, "8F84", D141},
    {RESULT_FAILED, NULL, NULL, "8F2F", D127},
    {RESULT_TIMEOUT, NULL, NULL, "8F2F", D103},
    /* several: the first permanent one, else the first */
    {RESULT_FAILED, "30", NULL, "8F84", D130},
    {RESULT_FAILED, "30", "E21", "8F84", D102},
    {RESULT_FAILED, "1", "E20", NULL, D101},
    {RESULT_FAILED, "1", NULL, "819D", D127},
    {RESULT_FAILED, "30", "E20", "8F1E", D140},
    {RESULT_FAILED, "17", "E20", "8F1E", D117},
    {RESULT_TIMEOUT, "17", "E20", "8F84", D117},
    {RESULT_FAILED, "0", "E20", NULL, D101},
};

static void test_retry_code__status_code_and_alert__give_the_code_of_the_catalogue(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        const struct retry_result said = {
            .kind = tries[i].kind, .gbcs = tries[i].gbcs, .duis = tries[i].duis, .alert = tries[i].alert};
        enum code found = retry_code(&said);
        if (found != tries[i].expected)
            fail_msg("row %zu: expected %s, found %s", i, catalogue_entry(tries[i].expected)->id,
                     catalogue_entry(found)->id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_code__status_code_and_alert__give_the_code_of_the_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
