/* The catalogue of codes: ids and categories, and who resolves each code for each Device type. */
#include "validators/catalogue.h"

#include "formats/facts.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* The lines of catalogue.def, read once more without the code under test. */
static const struct line {
    const char *id, *resolver, *resolver_of_gpf;
} lines[] = {
#define CODE(id, name, scope, transient, resolver, resolver_of_gpf) {#id, resolver, resolver_of_gpf},
#include "validators/catalogue.def"
#undef CODE
};

static void test_catalogue__every_code__is_found_by_its_id(void **state)
{
    (void)state;
    for (int i = 0; i < CODE_COUNT; i++) {
        const struct code_entry *entry = catalogue_entry((enum code)i);
        enum code found;
        assert_true(catalogue_find(entry->id, &found));
        assert_int_equal(found, i);
        assert_int_equal(catalogue_category(found), g_ascii_tolower(entry->id[0]));
        assert_true(i == 0 || strcmp(catalogue_entry((enum code)(i - 1))->id, entry->id) < 0 || entry->id[0] == 'B');
        assert_true(strlen(entry->name) > 0);
    }
}

/* A profile may have words for every code, and for no other (formats/fact_values.def). */
static void test_catalogue__codes_that_may_have_words__are_all_codes(void **state)
{
    const char *const *ids = fact_values(FACT_finding_code);

    (void)state;
    for (int i = 0; i < CODE_COUNT; i++, ids++) {
        assert_non_null(*ids);
        assert_string_equal(*ids, catalogue_entry((enum code)i)->id);
    }
    assert_null(*ids);
    assert_true(fact_is_code(FACT_end_code));
    assert_false(fact_is_code(FACT_end_outcome));
}

static void test_catalogue__unknown_id__is_not_found_and_leaves_the_output(void **state)
{
    enum code code = B208;

    (void)state;
    assert_false(catalogue_find("B999", &code));
    assert_false(catalogue_find("", &code));
    assert_false(catalogue_find("b208", &code));
    assert_int_equal(code, B208);
}

static void test_catalogue__each_code_and_device_type__has_the_resolver_of_catalogue_def(void **state)
{
    static const char *const others[] = {"ESME", "GSME", "CHF", "", "gpf", "GPF ", NULL};

    (void)state;
    assert_int_equal(G_N_ELEMENTS(lines), CODE_COUNT);
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_string_equal(catalogue_entry((enum code)i)->id, lines[i].id);
        assert_string_equal(catalogue_resolver((enum code)i, "GPF"), lines[i].resolver_of_gpf);
        for (size_t n = 0; n < G_N_ELEMENTS(others); n++)
            assert_string_equal(catalogue_resolver((enum code)i, others[n]), lines[i].resolver);
    }
}

static void test_catalogue__gpf__has_the_dcc_in_place_of_the_supplier(void **state)
{
    /* Of a model, of the hub and of the WAN: all that a Supplier resolves for other Devices. */
    static const enum code of_dcc[] = {C107, D101, D102, D103, D110, D117, D125, D127, D141, D160};

    (void)state;
    for (int i = 0; i < CODE_COUNT; i++) {
        bool by_dcc = false;
        for (size_t n = 0; n < G_N_ELEMENTS(of_dcc); n++)
            by_dcc = by_dcc || of_dcc[n] == (enum code)i;
        assert_string_equal(catalogue_resolver((enum code)i, "GPF"),
                            by_dcc ? "DCC" : catalogue_resolver((enum code)i, "ESME"));
        if (by_dcc)
            assert_string_equal(catalogue_resolver((enum code)i, "ESME"), "Supplier");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue__every_code__is_found_by_its_id),
        cmocka_unit_test(test_catalogue__codes_that_may_have_words__are_all_codes),
        cmocka_unit_test(test_catalogue__unknown_id__is_not_found_and_leaves_the_output),
        cmocka_unit_test(test_catalogue__each_code_and_device_type__has_the_resolver_of_catalogue_def),
        cmocka_unit_test(test_catalogue__gpf__has_the_dcc_in_place_of_the_supplier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
