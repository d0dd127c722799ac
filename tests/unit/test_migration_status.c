/* A Device's MigrationStatus: one case for each status, and for the order in which they are tried. */
#include "gateway/reports/migration_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *types[] = {(char *)"ESME", (char *)"GSME", (char *)"GPF", NULL};
static const struct config config = {.device_types = types, .max_sessions = 5};

static const struct {
    const char *type, *device_status, *credentials;
    struct ledger_past past;
    bool non_migratable;
    const char *status;
} cases[] = {
    {"ESME", "Commissioned", "TCOS", {0}, false, "TCOS"},
    {"PPMID", "Commissioned", "TCOS", {0}, false, "OUT_OF_SCOPE"},
    {"ESME", "Withdrawn", "TCOS", {0}, false, "OUT_OF_SCOPE"},
    {"ESME", "Decommissioned", "ECOS", {0}, false, "OUT_OF_SCOPE"},
    {"ESME", "Suspended", "TCOS", {0}, false, "TCOS"},
    {"ESME", "Commissioned", "ECOS", {0}, true, "ECOS"},
    {"ESME", "Commissioned", "TCOS", {.migrated_at = 1}, false, "ECOS"},
    {"ESME", "Commissioned", "TCOS", {.live = true, .state = LEDGER_READY}, false, "INSTRUCTED"},
    {"ESME", "Commissioned", "TCOS", {.live = true, .state = LEDGER_DISPATCHED}, false, "IN_SESSION"},
    {"ESME", "Commissioned", "TCOS", {.live = true, .state = LEDGER_RETRY_WAIT, .failed = 2}, true, "IN_SESSION"},
    {"ESME", "Commissioned", "TCOS", {.live = true, .state = LEDGER_CONFIRM_PENDING}, false, "CONFIRM_PENDING"},
    {"ESME", "Commissioned", "TCOS", {.live = true, .state = LEDGER_CONFIRM_MISMATCH}, false, "CONFIRM_MISMATCH"},
    {"ESME", "Commissioned", "TCOS", {.failed = 4}, false, "FAILED_RETRY"},
    {"ESME", "Commissioned", "TCOS", {.failed = 5}, false, "FAILED_ACTION"},
    {"GPF", "Commissioned", "TCOS", {.failed = 5}, true, "NON_MIGRATABLE"},
};

static void test_migration_status__several_fit__first_one_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct ledger_inventory device = {
            .device_type = cases[i].type, .status = cases[i].device_status, .credentials = cases[i].credentials};
        assert_string_equal(migration_status(&config, &device, &cases[i].past, cases[i].non_migratable),
                            cases[i].status);
    }
}

static void test_migration_status__work_items__are_added_up(void **state)
{
    const struct ledger_work works[] = {
        {.item = {.outcome = LEDGER_REJECTED, .ended = true}},
        {.item = {.outcome = LEDGER_READY, .ended = true}, .has_session = true, .session = {.state = LEDGER_FAILED}},
        {.item = {.outcome = LEDGER_READY, .ended = true}, .has_session = true, .session = {.state = LEDGER_FAILED}},
        {.item = {.outcome = LEDGER_READY, .ended = true},
         .has_session = true,
         .session = {.state = LEDGER_MIGRATED, .ended = 7}},
        {.item = {.outcome = LEDGER_READY}, .has_session = true, .session = {.state = LEDGER_DISPATCHED}},
    };
    struct ledger_past past = {0};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(works); i++)
        ledger_past_add(&past, &works[i]);
    assert_int_equal(past.failed, 2);
    assert_int_equal(past.migrated_at, 7);
    assert_true(past.live);
    assert_int_equal(past.state, LEDGER_DISPATCHED);
}

static void test_migration_status__not_dispatched_yet__is_ready(void **state)
{
    const struct ledger_work work = {.item = {.outcome = LEDGER_READY}};
    struct ledger_past past = {0};

    (void)state;
    ledger_past_add(&past, &work);
    assert_true(past.live);
    assert_int_equal(past.state, LEDGER_READY);
}

static void test_migration_status__overruled_migration__counts_no_more(void **state)
{
    const struct ledger_work work = {
        .has_session = true, .overruled = true, .session = {.state = LEDGER_MIGRATED, .begun = 1, .ended = 7}};
    struct ledger_past past = {0};

    (void)state;
    ledger_past_add(&past, &work);
    assert_int_equal(past.migrated_at, 0);
    assert_true(past.begun);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migration_status__several_fit__first_one_counts),
        cmocka_unit_test(test_migration_status__work_items__are_added_up),
        cmocka_unit_test(test_migration_status__not_dispatched_yet__is_ready),
        cmocka_unit_test(test_migration_status__overruled_migration__counts_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
