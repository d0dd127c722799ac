/* The quick check of the ledger: when it is made, and what a stop leaves for the next start. */
#include "gateway/pipeline/recovery/quick_check.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct config config;
static struct gateway gateway;
static volatile bool stop;
static char *home;

/* A small ledger whose last writer did not end by itself. */
static int enter(void **state)
{
    (void)state;
    home = g_dir_make_tmp("ecosgate-quick-XXXXXX", NULL);
    config.spool = home;
    config.ledger = g_build_filename(home, "ledger.sqlite", NULL);
    config.witness = g_build_filename(home, "witness", NULL);
    g_autoptr(ledger_t) ledger = spool_create(home, NULL) ? ledger_make(config.ledger, NULL) : NULL;
    if (ledger == NULL || !gateway_open(&gateway, &config, GATEWAY_WRITER, NULL))
        return 1;
    stop = false;
    gateway.stop = &stop;
    gateway.unchecked = true;
    return 0;
}

static int leave(void **state)
{
    (void)state;
    quick_check_stop(&gateway);
    gateway_close(&gateway);
    g_auto(GStrv) names = disk_names(home, NULL);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(home, *name, NULL);
        (void)disk_remove_dir(STEP_ORPHAN_DROPPED, path, NULL);
    }
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, home, NULL);
    g_free(config.ledger);
    g_free(config.witness);
    g_free(home);
    gateway = (struct gateway){0};
    return 0;
}

static void test_quick_check__asked_to_stop__the_next_start_checks(void **state)
{
    (void)state;
    stop = true;
    assert_true(quick_check_begin(&gateway, NULL));
    assert_true(gateway.unchecked);
}

static void test_quick_check__daemon_with_small_ledger__checks_before_it_works(void **state)
{
    (void)state;
    gateway.yields = true;
    assert_true(quick_check_begin(&gateway, NULL));
    assert_false(gateway.unchecked);
}

static void test_quick_check__pass_of_a_daemon_that_stops__starts_no_thread(void **state)
{
    (void)state;
    gateway.yields = true;
    quick_check_attach(&gateway, -1);
    stop = true;
    assert_true(quick_check_pass(&gateway, NULL));
    assert_false(quick_check_runs(&gateway));
    stop = false;
    assert_true(quick_check_pass(&gateway, NULL));
    assert_true(quick_check_runs(&gateway));
    for (int i = 0; i < 10000 && quick_check_runs(&gateway); i++) {
        g_usleep(1000);
        assert_true(quick_check_pass(&gateway, NULL));
    }
    assert_false(gateway.unchecked);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_quick_check__asked_to_stop__the_next_start_checks),
        T(test_quick_check__daemon_with_small_ledger__checks_before_it_works),
        T(test_quick_check__pass_of_a_daemon_that_stops__starts_no_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
