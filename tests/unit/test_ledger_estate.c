/* What reference data say: the Suppliers of Devices, their changes, Non-Migratable models. */
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_counts.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_survey_row.h"
#include "tests/unit/ledger_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void test_ledger_estate__supplier_of_a_meter__changes_with_time(void **state)
{
    (void)state;
    put(METER, "ESME", "Commissioned", HUB, "1012345678903", 1);
    put(METER + 1, "ESME", "Commissioned", HUB, NULL, 1);
    put(METER + 2, "ESME", "Commissioned", HUB, "1012345678903", 0);
    put_cos("1012345678903", 100, 2);
    put_cos("1012345678903", 200, 3);
    put_cos("1012345678904", 1, 4);
    assert_int_equal(supplier(METER, 99), 1);
    assert_int_equal(supplier(METER, 100), 2);
    assert_int_equal(supplier(METER, 199), 2);
    assert_int_equal(supplier(METER, 200), 3);
    assert_int_equal(supplier(METER + 1, 200), 1);
    assert_int_equal(supplier(METER + 2, 99), 0);
    assert_int_equal(supplier(METER + 2, 100), 2);
    assert_int_equal(supplier(METER + 3, 100), 0);
}

static void test_ledger_estate__supplier_of_a_gpf__by_what_is_on_its_hub(void **state)
{
    (void)state;
    put(GPF, "GPF", "Commissioned", HUB, NULL, 9);
    assert_int_equal(supplier(GPF, 50), 0);
    put(1, "PPMID", "Commissioned", HUB, NULL, 8);
    assert_int_equal(supplier(GPF, 50), 0);
    put(2, "ESME", "Commissioned", HUB, "1012345678903", 2);
    assert_int_equal(supplier(GPF, 50), 2);
    put(3, "GSME", "Commissioned", HUB + 1, "3938424403", 4);
    assert_int_equal(supplier(GPF, 50), 2);
    put(4, "GSME", "Commissioned", HUB, "3938424403", 3);
    assert_int_equal(supplier(GPF, 50), 3);
    put_cos("3938424403", 100, 5);
    assert_int_equal(supplier(GPF, 99), 3);
    assert_int_equal(supplier(GPF, 100), 5);
    put(4, "GSME", "Withdrawn", HUB, "3938424403", 3);
    assert_int_equal(supplier(GPF, 100), 2);
    put(4, "GSME", "Suspended", HUB, NULL, 0);
    assert_int_equal(supplier(GPF, 100), 2);
    put(2, "ESME", "Decommissioned", HUB, "1012345678903", 2);
    assert_int_equal(supplier(GPF, 100), 0);
    put(GPF, "GPF", "Commissioned", 0, NULL, 9);
    put(5, "ESME", "Commissioned", 0, NULL, 6);
    assert_int_equal(supplier(GPF, 100), 0);
}

static int64_t starts_of_gpf(int64_t after, int64_t until)
{
    int64_t starts = 999;

    assert_true(ledger_cos_last(ledger, &(struct ledger_cos_search){NULL, GPF, after, until}, &starts, NULL));
    return starts;
}

static void test_ledger_estate__cos_of_a_gpf__by_the_meter_that_says_whose_it_is(void **state)
{
    (void)state;
    put_cos("1012345678903", 100, 2);
    put_cos("3938424403", 200, 3);
    put_cos("3938424403", 300, 4);
    assert_int_equal(starts_of_gpf(50, 400), 0);
    put(GPF, "GPF", "Commissioned", HUB, "1012345678903", 9);
    assert_int_equal(starts_of_gpf(50, 400), 0);
    put(2, "ESME", "Commissioned", HUB, "1012345678903", 2);
    assert_int_equal(starts_of_gpf(50, 400), 100);
    assert_int_equal(starts_of_gpf(100, 400), 0);
    put(3, "GSME", "Commissioned", HUB, "3938424403", 0);
    assert_int_equal(starts_of_gpf(50, 400), 100); /* nobody's yet */
    assert_int_equal(starts_of_gpf(200, 400), 300);
    put(3, "GSME", "Commissioned", HUB, "3938424403", 1);
    assert_int_equal(starts_of_gpf(50, 400), 300);
    assert_int_equal(starts_of_gpf(50, 299), 200);
    assert_int_equal(starts_of_gpf(50, 199), 0);
    put(3, "GSME", "Decommissioned", HUB, "3938424403", 1);
    assert_int_equal(starts_of_gpf(50, 400), 100);
    put(2, "ESME", "Commissioned", HUB, NULL, 2);
    assert_int_equal(starts_of_gpf(50, 400), 0);
}

static void test_ledger_estate__cos_of_a_meter__the_last_one(void **state)
{
    static const struct {
        int64_t after, until, expected;
    } cases[] = {{99, 200, 200}, {99, 199, 100}, {100, 199, 0}, {100, 200, 200}, {200, 900, 0}, {0, 99, 0}};
    int64_t starts;

    (void)state;
    put_cos("1", 100, 2);
    put_cos("1", 200, 2);
    put_cos("2", 150, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(ledger_cos_last(ledger, &(struct ledger_cos_search){"1", 0, cases[i].after, cases[i].until},
                                    &starts, NULL));
        assert_int_equal(starts, cases[i].expected);
    }
}

static void test_ledger_estate__non_migratable_model__until_the_longest_ends(void **state)
{
    struct ledger_nmm row = {"ESME", "AB01", "010A030B", "0002012F", 100, 200, NULL, NULL};
    int64_t until;

    (void)state;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    row.firmware = "";
    row.since = 150;
    row.until = 300;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    row.since = 400;
    row.until = LEDGER_FOR_EVER;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    static const struct {
        int64_t at, until;
    } cases[] = {{99, 0}, {100, 200}, {149, 200}, {150, 300}, {299, 300}, {300, 0}, {399, 0}, {400, LEDGER_FOR_EVER}};
    row.firmware = "0002012F";
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(ledger_model_non_migratable_until(ledger, &row, cases[i].at, &until, NULL));
        assert_int_equal(until, cases[i].until);
    }
    row.firmware = "0002012E";
    assert_true(ledger_model_non_migratable_until(ledger, &row, 120, &until, NULL) && until == 0);
}

/* What a survey says of a Device is what the questions about one Device say. */
struct comparing {
    int64_t at;
    uint64_t last; /* Device */
    int seen;
};

static bool compare_one(void *user, const struct ledger_surveyed *device, GError **error)
{
    const struct ledger_inventory *d = &device->device;
    const struct ledger_nmm model = {.device_type = d->device_type,
                                     .manufacturer = d->manufacturer != NULL ? d->manufacturer : "",
                                     .model = d->model != NULL ? d->model : "",
                                     .firmware = d->firmware};
    struct comparing *comparing = user;
    int64_t since = 0;

    (void)error;
    assert_true(comparing->seen == 0 || d->device > comparing->last);
    comparing->last = d->device;
    comparing->seen++;
    assert_int_equal(device->supplier, supplier(d->device, comparing->at));
    assert_true(ledger_model_non_migratable_since(ledger, &model, comparing->at, &since, NULL));
    assert_int_equal(device->non_migratable_since, since);
    g_autofree struct ledger_inventory *row = NULL;
    assert_true(ledger_inventory_get(ledger, d->device, &row, NULL));
    assert_int_equal(row->map, d->map);
    assert_int_equal(row->installed, d->installed);
    assert_int_equal(row->commissioned, d->commissioned);
    assert_string_equal(row->device_type, d->device_type);
    assert_string_equal(row->status, d->status);
    assert_string_equal(row->credentials, d->credentials);
    assert_int_equal(g_strcmp0(row->region, d->region), 0);
    assert_int_equal(g_strcmp0(row->mpxn, d->mpxn), 0);
    assert_int_equal(g_strcmp0(row->model, d->model), 0);
    assert_int_equal(g_strcmp0(row->firmware, d->firmware), 0);
    return true;
}

/* Ids on both sides of 2^63, which SQLite orders as signed numbers. */
static void put_random(GRand *random)
{
    static const char *const types[] = {"ESME", "GSME", "GPF", "PPMID"},
                             *const statuses[] = {"Commissioned", "Recovered", "Suspended", "Withdrawn"},
                             *const models[] = {NULL, "M1", "M2"};
    static const int64_t times[] = {0, 86400 * 19000, 86400 * 19000 + 1, -86400, -1};
    const struct ledger_inventory row = {.device = (uint64_t)(int64_t)g_rand_int_range(random, -40, 40),
                                         .device_type = types[g_rand_int_range(random, 0, 4)],
                                         .status = statuses[g_rand_int_range(random, 0, 4)],
                                         .manufacturer = "A",
                                         .model = models[g_rand_int_range(random, 0, 3)],
                                         .firmware = models[g_rand_int_range(random, 0, 3)],
                                         .mpxn = g_rand_boolean(random) ? (g_rand_boolean(random) ? "11" : "12") : NULL,
                                         .chf = (uint64_t)(int64_t)g_rand_int_range(random, -3, 4),
                                         .supplier = (uint64_t)g_rand_int_range(random, 0, 4),
                                         .map = (uint64_t)(int64_t)g_rand_int_range(random, -2, 3),
                                         .region = models[g_rand_int_range(random, 0, 3)],
                                         .installed = times[g_rand_int_range(random, 0, 5)],
                                         .commissioned = times[g_rand_int_range(random, 0, 5)],
                                         .credentials = g_rand_boolean(random) ? "TCOS" : "ECOS"};

    assert_true(ledger_inventory_put(ledger, &row, NULL));
}

static void test_ledger_survey__any_estate__says_what_questions_about_one_device_say(void **state)
{
    const struct ledger_nmm entries[] = {{"ESME", "A", "M1", "", 10, 30, NULL, NULL},
                                         {"GPF", "A", "M2", "M1", 20, LEDGER_FOR_EVER, NULL, NULL}};
    g_autoptr(GRand) random = g_rand_new_with_seed(18);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
        assert_true(ledger_nmm_put(ledger, &entries[i], NULL));
    put_cos("11", 10, 7);
    put_cos("11", 20, 8);
    put_cos("12", 25, 9);
    for (int round = 0; round < 60; round++) {
        put_random(random);
        put_random(random);
        struct comparing comparing = {.at = round % 40};
        g_autoptr(ledger_survey_t) survey = ledger_survey_make(ledger, comparing.at, NULL);
        assert_non_null(survey);
        assert_true(ledger_survey_each(survey, compare_one, &comparing, NULL));
        int seen = comparing.seen;
        comparing.seen = 0;
        assert_true(ledger_survey_each(survey, compare_one, &comparing, NULL));
        assert_int_equal(seen, comparing.seen);
        assert_true(seen > 0);
    }
}

static void fill(struct dictionary *dictionary)
{
    g_autoptr(GByteArray) record = g_byte_array_new();

    for (guint i = 0; dictionary_put(dictionary, &i, sizeof i, record) != NULL;)
        i++;
}

static void assert_same(const struct ledger_surveyed *x, const struct ledger_surveyed *y)
{
    const struct ledger_inventory *d = &x->device, *e = &y->device;

    assert_true(d->device == e->device && d->map == e->map && x->supplier == y->supplier);
    assert_true(d->installed == e->installed && d->commissioned == e->commissioned);
    assert_int_equal(x->non_migratable_since, y->non_migratable_since);
    assert_string_equal(d->device_type, e->device_type);
    assert_string_equal(d->status, e->status);
    assert_int_equal(g_strcmp0(d->manufacturer, e->manufacturer), 0);
    assert_string_equal(d->model, e->model);
    assert_string_equal(d->firmware, e->firmware);
    assert_string_equal(d->mpxn, e->mpxn);
    assert_int_equal(g_strcmp0(d->region, e->region), 0);
    assert_string_equal(d->credentials, e->credentials);
}

/* More models, states and parties than a survey keeps. */
static void test_survey_row__dictionaries_full__texts_stand_in_the_row(void **state)
{
    const struct ledger_nmm entry = {"ESME", "", "M", "F", 10, 30, NULL, NULL};
    const struct ledger_surveyed device = {.device = {.device = UINT64_MAX - 4,
                                                      .device_type = "ESME",
                                                      .status = "Commissioned",
                                                      .model = "M",
                                                      .firmware = "F",
                                                      .mpxn = "1012345678901",
                                                      .map = UINT64_MAX - 1,
                                                      .region = "",
                                                      .installed = -86400,
                                                      .commissioned = 1688385601,
                                                      .credentials = "TCOS"},
                                           .supplier = UINT64_MAX - 2,
                                           .non_migratable_since = 10};
    struct survey_words *words = survey_words_new(ledger, 20);

    (void)state;
    assert_true(ledger_nmm_put(ledger, &entry, NULL));
    for (int full = 0; full < 2; full++) {
        g_autoptr(GByteArray) row = g_byte_array_new();
        struct ledger_surveyed got;
        assert_true(survey_row_put(words, &device, row, NULL));
        survey_row_get(words, device.device.device, row->data, &got);
        assert_same(&got, &device);
        assert_int_equal(row->len > 60, full);
        survey_words_free(words);
        words = survey_words_new(ledger, 20);
        fill(words->models);
        fill(words->states);
        fill(words->parties);
    }
    survey_words_free(words);
}

static bool join_unnamed(void *user, const struct ledger_unnamed *party, GError **error)
{
    (void)error; /* cannot fail */
    g_string_append_printf(user, "%s %d=%d ", party->role, (int)party->id, (int)party->devices);
    return true;
}

static void assert_unnamed(const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autofree char *wrong = NULL;

    assert_true(ledger_unnamed_each(ledger, join_unnamed, all, NULL));
    assert_string_equal(all->str, expected);
    assert_true(ledger_counts_wrong(ledger, &wrong, NULL));
    assert_null(wrong);
}

/* Supplier and Meter Asset Provider of the meter; the row may stay in place. */
static void name_parties(uint64_t supplier, uint64_t map, bool in_place)
{
    const struct ledger_inventory row = {.device = METER,
                                         .device_type = "ESME",
                                         .status = "Commissioned",
                                         .supplier = supplier,
                                         .map = map,
                                         .credentials = "TCOS"};
    bool renewed = true;

    if (in_place)
        assert_true(ledger_inventory_renew(ledger, &row, &renewed, NULL));
    else
        assert_true(ledger_inventory_put(ledger, &row, NULL));
    assert_true(renewed);
}

static void test_ledger_estate__parties_without_a_row__of_each_change_of_the_inventory(void **state)
{
    const struct ledger_party named = {1, "SUPPLIER", "SUP1", NULL, NULL};
    const struct ledger_inventory device = {.device = METER};

    (void)state;
    assert_unnamed("");
    name_parties(1, 0, false);
    assert_unnamed("SUPPLIER 1=1 ");
    assert_true(ledger_party_put(ledger, &named, NULL));
    assert_unnamed("");
    name_parties(1, 2, true);
    assert_unnamed("MAP 2=1 ");
    name_parties(1, 1, true);
    assert_unnamed("MAP 1=1 "); /* as a Supplier it is named */
    assert_true(ledger_savepoint(ledger, NULL));
    name_parties(3, 0, false);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_unnamed("MAP 1=1 ");
    name_parties(3, 0, false);
    assert_unnamed("SUPPLIER 3=1 "); /* although it was put before, and undone */
    assert_true(ledger_inventory_remove(ledger, &device, NULL));
    assert_unnamed("");
    name_parties(3, 0, false);
    assert_unnamed("SUPPLIER 3=1 ");
    assert_true(ledger_reference_load_begin(ledger, LEDGER_INVENTORY, false, NULL));
    name_parties(3, 0, false);
    assert_true(ledger_reference_load_end(ledger, LEDGER_INVENTORY, NULL));
    assert_unnamed("SUPPLIER 3=1 "); /* the new table says so anew */
    put(METER + 1, "ESME", "Commissioned", 0, NULL, 3 + LEDGER_PARTIES);
    put(METER + 2, "ESME", "Commissioned", 0, NULL, 3);
    assert_unnamed("SUPPLIER 3=2 SUPPLIER 131=1 ");
}

/* A row for nobody would have the whole inventory read after each file of reference data. */
static void test_ledger_estate__device_of_nobody__names_no_party(void **state)
{
    (void)state;
    name_parties(LEDGER_PARTIES, 2 * LEDGER_PARTIES, false);
    name_parties(0, 0, false);
    assert_true(ledger_execute(ledger, "INSERT INTO inventory_party VALUES(0,'SUPPLIER'),(0,'MAP')", NULL));
}

static void test_ledger_estate__party_that_is_not_recorded__is_found_by_the_proof(void **state)
{
    g_autofree char *wrong = NULL;

    (void)state;
    name_parties(1, 0x22, false);
    assert_true(ledger_execute(ledger, "DELETE FROM inventory_party WHERE role='MAP'", NULL));
    assert_true(ledger_counts_wrong(ledger, &wrong, NULL));
    assert_string_equal(wrong, "parties of the inventory: MAP 0000000000000022: 0 kept, 1 counted");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ledger_survey__any_estate__says_what_questions_about_one_device_say, enter,
                                        leave),
        T(test_survey_row__dictionaries_full__texts_stand_in_the_row),
        T(test_ledger_estate__supplier_of_a_meter__changes_with_time),
        T(test_ledger_estate__supplier_of_a_gpf__by_what_is_on_its_hub),
        T(test_ledger_estate__cos_of_a_gpf__by_the_meter_that_says_whose_it_is),
        T(test_ledger_estate__cos_of_a_meter__the_last_one),
        T(test_ledger_estate__non_migratable_model__until_the_longest_ends),
        T(test_ledger_estate__parties_without_a_row__of_each_change_of_the_inventory),
        T(test_ledger_estate__device_of_nobody__names_no_party),
        T(test_ledger_estate__party_that_is_not_recorded__is_found_by_the_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
