/* Whose claim a text is (gateway/drops/claim.h). */
#include "gateway/drops/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define US "0123456789abcdef0123456789abcdef"
#define THEM "ffffffffffffffffffffffffffffffff"

static const struct claim_self self = {US, 7, "aaaa"};

static char *text_of(const char *ledger, int64_t generation, const char *instance)
{
    g_autoptr(witness_t) witness = witness_new();

    g_free(witness->ledger);
    g_free(witness->instance);
    witness->ledger = g_strdup(ledger);
    witness->instance = g_strdup(instance);
    witness->generation = generation;
    (void)witness_raise(witness, "EMW", 12);
    return witness_print(witness);
}

static enum claim_owner owner_of(const struct claim_self *who, const char *text, size_t len)
{
    g_autoptr(witness_t) witness = NULL;

    return claim_owner_of(who, text, len, &witness);
}

static void test_claim_owner_of__whole_text__by_ledger_generation_instance(void **state)
{
    static const struct {
        const char *ledger;
        int64_t generation;
        const char *instance;
        enum claim_owner expected;
    } cases[] = {
        {US, 7, "aaaa", CLAIM_OURS},    {US, 6, "bbbb", CLAIM_OLDER},   {US, 7, "bbbb", CLAIM_TWIN},
        {US, 8, "bbbb", CLAIM_NEWER},   {THEM, 7, "aaaa", CLAIM_OTHER}, {THEM, 1, "bbbb", CLAIM_OTHER},
        {THEM, 9, "bbbb", CLAIM_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = text_of(cases[i].ledger, cases[i].generation, cases[i].instance);
        assert_int_equal(owner_of(&self, text, strlen(text)), cases[i].expected);
    }
}

static void test_claim_owner_of__reader_without_instance__equal_generation_is_ours(void **state)
{
    static const struct claim_self reader = {US, 7, ""};
    g_autofree char *text = text_of(US, 7, "bbbb");

    (void)state;
    assert_int_equal(owner_of(&reader, text, strlen(text)), CLAIM_OURS);
}

static void test_claim_owner_of__no_whole_text__says_why(void **state)
{
    g_autofree char *ours = text_of(US, 6, "aaaa"), *later = text_of(US, 8, "bbbb"), *theirs = text_of(THEM, 6, "bbbb");

    (void)state;
    assert_int_equal(owner_of(&self, NULL, 0), CLAIM_NOBODY);
    assert_int_equal(owner_of(&self, "", 0), CLAIM_EMPTY);
    assert_int_equal(owner_of(&self, "x", 1), CLAIM_DAMAGED);
    assert_int_equal(owner_of(&self, ours, strlen(ours) - 5), CLAIM_TORN);
    assert_int_equal(owner_of(&self, later, strlen(later) - 5), CLAIM_DAMAGED);
    assert_int_equal(owner_of(&self, theirs, strlen(theirs) - 5), CLAIM_DAMAGED);
    ours[strlen("ecosgate-witness ")] = '2';
    assert_int_equal(owner_of(&self, ours, strlen(ours)), CLAIM_UNKNOWN);
}

static void test_claim_owner_of__line_ends_after_it__do_not_count(void **state)
{
    g_autofree char *text = text_of(US, 6, "bbbb"), *longer = g_strconcat(text, "\n\n\n\n", NULL);

    (void)state;
    assert_int_equal(owner_of(&self, longer, strlen(longer)), CLAIM_OLDER);
}

static void test_claim_describe__text_from_outside__is_escaped(void **state)
{
    g_autoptr(witness_t) witness = witness_new();

    (void)state;
    g_free(witness->host);
    witness->host = g_strdup("a\x1b[2Jb\n");
    g_autofree char *text = claim_describe(CLAIM_OTHER, witness);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_owner_of__whole_text__by_ledger_generation_instance),
        cmocka_unit_test(test_claim_owner_of__reader_without_instance__equal_generation_is_ours),
        cmocka_unit_test(test_claim_owner_of__no_whole_text__says_why),
        cmocka_unit_test(test_claim_owner_of__line_ends_after_it__do_not_count),
        cmocka_unit_test(test_claim_describe__text_from_outside__is_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
