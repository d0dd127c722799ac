/*
 * The home of a gateway whose orders are tested: a group of tests begins with enter and ends with leave. Jobs are made
 * by make_job; expect says where one must be. Include it first: it has cmocka and what cmocka needs.
 */
#ifndef ECOSGATE_TESTS_UNIT_ORDER_HOME_H
#define ECOSGATE_TESTS_UNIT_ORDER_HOME_H

#include "gateway/pipeline/orders/orders.h"

#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_verdicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct config config;
static struct gateway gateway;
static char *home;

static int enter(void **state)
{
    (void)state;
    home = g_dir_make_tmp("ecosgate-orders-XXXXXX", NULL);
    config.spool = home;
    config.ledger = g_build_filename(home, "ledger.sqlite", NULL);
    config.witness = g_build_filename(home, "witness", NULL);
    g_autoptr(ledger_t) ledger = spool_create(home, NULL) ? ledger_make(config.ledger, NULL) : NULL;
    return ledger == NULL || !gateway_open(&gateway, &config, GATEWAY_WRITER, NULL);
}

static int leave(void **state)
{
    (void)state;
    gateway_close(&gateway);
    g_auto(GStrv) folders = disk_names(home, NULL);
    for (char **folder = folders; *folder != NULL; folder++) {
        g_autofree char *path = g_build_filename(home, *folder, NULL);
        g_auto(GStrv) names = disk_names(path, NULL);
        for (char **name = names; name != NULL && *name != NULL; name++) {
            g_autofree char *inner = g_build_filename(path, *name, NULL);
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, inner, NULL);
        }
        if (names != NULL)
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, path, NULL);
    }
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, home, NULL);
    g_free(config.ledger);
    g_free(config.witness);
    g_free(home);
    return 0;
}

/* Makes a job in that folder. outcome NULL: it is not judged. */
static void make_job(int64_t id, enum job_state folder, enum ledger_direction direction, const char *outcome,
                     const char *reason)
{
    g_autofree char *name = g_strdup_printf("file%d", (int)id);
    struct ledger_job job = {.id = id, .direction = direction, .name = name, .sha256 = "", .reason = reason};
    struct ledger_verdict verdict = {.job = id, .revision = 1};

    assert_true(ledger_begin(gateway.ledger, NULL));
    assert_true(ledger_job_insert(gateway.ledger, &job, NULL, NULL));
    if (outcome != NULL) {
        (void)g_strlcpy(verdict.outcome, outcome, sizeof verdict.outcome);
        assert_true(ledger_verdict_insert(gateway.ledger, &verdict, NULL));
    }
    assert_true(ledger_commit(STEP_CUSTODY_NOTED, gateway.ledger, NULL));
    assert_true(job_make(STEP_DISPATCH_MADE, gateway.spool, folder, id, NULL));
}

static void expect(int64_t id, enum job_state folder, int64_t revision, const char *reason)
{
    g_autofree struct ledger_job *job = NULL;
    enum job_state state;

    assert_true(job_find(gateway.spool, id, &state, NULL));
    assert_true(ledger_job_get(gateway.ledger, id, &job, NULL));
    assert_int_equal(state, folder);
    assert_int_equal(job->revision, revision);
    assert_int_equal(g_strcmp0(job->reason, reason), 0);
}

#endif
