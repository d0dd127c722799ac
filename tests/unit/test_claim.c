/* Whose claim a text is (gateway/drops/claim.h). */
#include "gateway/drops/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

/* ---- a look, with a transport that gives what the test says ---- */

static struct {
    const char *text; /* under the claim's name; NULL: there is none */
    bool down;
} there;

static time_t suspended; /* seconds that the machine was */

/* Before the C library's. A count that stands still while the machine is suspended does not see `suspended`. */
int clock_gettime(clockid_t id, struct timespec *at)
{
    long result = syscall(SYS_clock_gettime, id, at);

    if (id == CLOCK_BOOTTIME || id == CLOCK_REALTIME)
        at->tv_sec += suspended;
    return (int)result;
}

static bool fake_read(struct connection *connection, struct claim_text *claim, GError **error)
{
    (void)connection; /* there is one drop */
    *claim = (struct claim_text){true, g_strdup(there.text), there.text != NULL ? strlen(there.text) : 0};
    if (!there.down)
        return true;
    g_clear_pointer(&claim->text, g_free);
    g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "down");
    return false;
}

static bool fake_write(struct connection *connection, const char *text, GError **error)
{
    static char kept[4096];

    (void)connection, (void)error; /* it works always */
    g_strlcpy(kept, text, sizeof kept);
    there.text = kept;
    return true;
}

static const struct transport fake = {.claim_read = fake_read, .claim_make = fake_write, .claim_write = fake_write};
static const struct drop mcc = {.name = "mcc", .out = "out", .claim = true};

static void init_guard(struct claim_guard *guard, const char *text)
{
    g_autofree char *own = text_of(US, 7, "aaaa");

    there.text = text;
    there.down = false;
    claim_guard_init(guard, &mcc);
    claim_guard_set(guard, witness_parse(own, strlen(own), NULL), false);
}

static bool look(struct claim_guard *guard)
{
    g_autoptr(GError) error = NULL;

    return claim_look(guard, &fake, NULL, &error);
}

static void test_claim_look__drop_down_after_a_good_look__it_is_not_held(void **state)
{
    struct claim_guard guard;

    (void)state;
    init_guard(&guard, NULL);
    assert_true(look(&guard));
    assert_true(guard.held);
    there.down = true;
    assert_false(look(&guard));
    assert_false(guard.held);
    there.down = false;
    there.text = "torn by a machine that stopped";
    assert_true(look(&guard)); /* what was ours is written again */
    assert_true(guard.held);
    claim_guard_clear(&guard);
}

static void test_claim_look__order_for_a_claim__replaces_that_one_only(void **state)
{
    g_autofree char *theirs = text_of(THEM, 6, "bbbb"), *renewed = text_of(THEM, 7, "bbbb");
    g_autofree char *back = text_of(THEM, 8, "cccc");
    struct claim_guard guard;

    (void)state;
    init_guard(&guard, theirs);
    assert_false(look(&guard));
    guard.taking = g_strdup(guard.key);
    there.text = back;
    assert_false(look(&guard));
    assert_false(claim_is_given(&guard));
    there.text = renewed;
    assert_true(look(&guard));
    assert_true(guard.held);
    assert_non_null(strstr(guard.replaced, "generation 7"));
    claim_guard_clear(&guard);
}

static void test_claim_look__none_there_and_another_drop_foreign__only_an_order_makes_it(void **state)
{
    struct claim_guard guard;

    (void)state;
    init_guard(&guard, NULL);
    guard.pending = "tcos";
    assert_false(look(&guard));
    guard.taking = g_strdup("a claim that has gone");
    assert_true(look(&guard));
    assert_true(guard.held);
    claim_guard_clear(&guard);
}

static void test_claim_still__machine_was_suspended__looks_again(void **state)
{
    g_autofree char *newer = text_of(US, 8, "bbbb");
    g_autoptr(GError) error = NULL;
    struct claim_guard guard;

    (void)state;
    suspended = 0;
    init_guard(&guard, NULL);
    assert_true(look(&guard));
    there.text = newer; /* a standby takes over while the machine sleeps */
    suspended = 3600;
    assert_false(claim_still(&guard, &fake, NULL, &error));
    assert_int_equal(guard.owner, CLAIM_NEWER);
    claim_guard_clear(&guard);
    suspended = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_owner_of__whole_text__by_ledger_generation_instance),
        cmocka_unit_test(test_claim_owner_of__reader_without_instance__equal_generation_is_ours),
        cmocka_unit_test(test_claim_owner_of__no_whole_text__says_why),
        cmocka_unit_test(test_claim_owner_of__line_ends_after_it__do_not_count),
        cmocka_unit_test(test_claim_describe__text_from_outside__is_escaped),
        cmocka_unit_test(test_claim_look__drop_down_after_a_good_look__it_is_not_held),
        cmocka_unit_test(test_claim_look__order_for_a_claim__replaces_that_one_only),
        cmocka_unit_test(test_claim_look__none_there_and_another_drop_foreign__only_an_order_makes_it),
        cmocka_unit_test(test_claim_still__machine_was_suspended__looks_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
