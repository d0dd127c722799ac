/* Which profile a file is read with: the dates of a list, and the names of files by drop and party. */
#include "validators/profile_choice.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define NAME_OF(org, eui64) "EMI_" org "_" eui64 "_20230703_060000_000001.csv"
#define MCC "90-B3-D5-1F-30-0E-C0-01"
#define MCX "90-B3-D5-1F-30-0E-C0-77"

/* A profile with the names of the built-in one. */
static struct profile named(const char *name, const char *version, int64_t from, int64_t until)
{
    struct profile profile = *profile_builtin();

    profile.name = name;
    profile.version = version;
    profile.valid_from = from;
    profile.valid_until = until;
    return profile;
}

static void test_profile_list__dates__decide_which_are_valid(void **state)
{
    const struct profile old = named("a", "1", INT64_MIN, INT64_MAX), ended = named("a", "1", INT64_MIN, 100);
    const struct profile new = named("a", "2", 100, INT64_MAX), brief = named("a", "2", 100, 200);
    const struct profile other = named("b", "1", 100, INT64_MAX);
    const struct {
        const struct profile *list[3];
        int64_t at;
        bool valid[2];
        size_t newest;
    } cases[] = {
        {{&new, &old}, 99, {false, true}, 1},       /* the newer one has not begun */
        {{&new, &old}, 100, {true, false}, 0},      /* its date closes the older one */
        {{&other, &old}, 100, {true, true}, 0},     /* profiles of other names stand side by side */
        {{&other, &old}, 99, {false, true}, 1},     /* from their dates on */
        {{&new, &ended}, 99, {false, true}, 1},     /* `until` is no part of the time */
        {{&new, &ended}, 100, {true, false}, 0},    /* `from` is */
        {{&brief, &ended}, 200, {false, false}, 0}, /* none is: the newest that has begun */
        {{&brief}, 99, {false}, 0},                 /* none has begun: the oldest */
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (size_t k = 0; cases[i].list[k] != NULL; k++) {
            if (profile_list_valid(cases[i].list, k, cases[i].at) != cases[i].valid[k])
                fail_msg("case %zu: profile %zu", i, k);
        }
        if (profile_list_newest(cases[i].list, cases[i].at) != cases[i].list[cases[i].newest])
            fail_msg("case %zu: the newest", i);
    }
}

static void test_profile_choice__drop_and_name__say_whose_list_it_is(void **state)
{
    const struct profile annex = named("annex", "1", INT64_MIN, INT64_MAX), late = named("late", "1", 100, INT64_MAX);
    const struct profile *const mcx_reads[] = {&late, &annex, NULL}, *const strangers[] = {&annex, NULL};
    const struct party parties[] = {{.org = "MCC", .drop = "mcc"}, {.org = "MCX", .drop = "mcx", .reads = mcx_reads}};
    const struct identity identity = {.parties = parties, .n_parties = 2};
    const struct {
        const char *drop, *name;
        bool others;
        int64_t at;
        const struct profile *expected;
    } cases[] = {
        {"mcc", NAME_OF("MCC", MCC), false, 50, profile_builtin()},
        {"mcx", NAME_OF("MCX", MCX), false, 50, &annex},
        {"mcx", NAME_OF("MCX", MCX), false, 100, &late}, /* two fit: the first in the list */
        {"mcx", NAME_OF("MCC", MCC), false, 50, &annex}, /* the drop proves who sent it */
        {"mcx", "instruction.csv", false, 50, &annex},   /* its findings are for whoever uses the drop */
        {NULL, NAME_OF("MCX", MCX), false, 50, &annex},  /* a dry run knows the name only */
        {NULL, NAME_OF("MCC", MCC), false, 50, profile_builtin()},
        {NULL, "EMI_MCX_x", false, 50, &annex},                     /* who it is can be guessed */
        {"dcc", NAME_OF("MCC", MCC), false, 50, profile_builtin()}, /* nobody sends through that drop */
        {"dcc", NAME_OF("MCC", MCC), true, 50, &annex},             /* … then the list for such senders */
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct profile_choice choice = {&identity, cases[i].drop, cases[i].others ? strangers : NULL, cases[i].at,
                                              0};
        const struct profile *found = NULL;
        struct filename parsed;
        bool known = profile_choose_by_name(&choice, cases[i].name, strlen(cases[i].name), &parsed, &found);
        if (found != cases[i].expected)
            fail_msg("case %zu: %s is read with %s-%s", i, cases[i].name, found->name, found->version);
        assert_int_equal(known, g_str_has_suffix(cases[i].name, "_000001.csv"));
    }
}

static void test_profile_choice__judged_again__profiles_of_both_times_are_tried(void **state)
{
    struct names elsewhere = *profile_builtin()->names;
    struct profile old = named("a", "1", INT64_MIN, INT64_MAX), late = named("a", "2", 100, 200);
    struct names_inbound only = elsewhere.inbound[0];
    only.types += only.n_types - 1; /* the last type, which is not EMI */
    only.n_types = 1;
    elsewhere.inbound = &only;
    late.names = &elsewhere;
    const struct profile *const reads[] = {&late, &old, NULL};
    const struct party parties[] = {{.org = "MCX", .drop = "mcx", .reads = reads}};
    const struct identity identity = {.parties = parties, .n_parties = 1};
    const struct unpack_limits limits = {1024, 100};
    static const char name[] = NAME_OF("MCX", MCX);
    FILE *empty = tmpfile(); /* names alone decide here */
    const struct {
        int64_t at, again;
        const struct profile *expected, *untimely;
        int64_t from, until;
    } cases[] = {
        {50, 0, &old, NULL, 0, 0},
        {150, 0, &late, &old, INT64_MIN, 100}, /* the newer one has closed it */
        {150, 160, &late, &old, INT64_MIN, 100},
        {150, 50, &old, NULL, 0, 0}, /* what was valid at either time is tried */
        {50, 150, &old, NULL, 0, 0}, /* what it was when it arrived, it is still */
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct profile_choice choice = {&identity, "mcx", NULL, cases[i].at, cases[i].again};
        const struct profile_file_content file = {name, strlen(name), fileno(empty), &limits, NULL};
        const struct profile *found = NULL;
        struct profile_untimely untimely = {0};
        struct filename parsed;
        (void)profile_choose_by_name(&choice, file.name, file.len, &parsed, &found);
        if (found != cases[i].expected)
            fail_msg("case %zu: read with %s-%s", i, found->name, found->version);
        assert_true(profile_find_untimely(&choice, &file, found, &untimely, NULL));
        bool any = untimely.profile != NULL;
        if (any != (cases[i].untimely != NULL) || untimely.profile != cases[i].untimely)
            fail_msg("case %zu: another profile than expected fits at another time", i);
        if (any && (untimely.from != cases[i].from || untimely.until != cases[i].until))
            fail_msg("case %zu: its dates", i);
    }
    assert_int_equal(fclose(empty), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_list__dates__decide_which_are_valid),
        cmocka_unit_test(test_profile_choice__drop_and_name__say_whose_list_it_is),
        cmocka_unit_test(test_profile_choice__judged_again__profiles_of_both_times_are_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
