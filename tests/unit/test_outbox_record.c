/* What a task that ended says of a work order which no recall could see meanwhile. */
#include "gateway/pipeline/delivery/outbox_private.h"

#include "spool/ledger/ledger_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>
/* it has assertions of its own */
#include "tests/unit/ledger_home.h"

enum { REVIEWED = 1688364000 };

static struct gateway gateway;
static struct drop drop = {.name = (char[]){"tcos"}};

static int enter(void **state)
{
    gateway = (struct gateway){.ledger = ledger_home_open(state), .orders_reviewed = REVIEWED};
    return gateway.ledger == NULL;
}

static int leave(void **state)
{
    return ledger_home_close(state, gateway.ledger);
}

/* A file that was uploaded. */
static struct ledger_outgoing *upload(const char *kind)
{
    g_autofree char *name = g_strconcat(kind, ".csv", NULL);
    const struct ledger_outgoing file = {.job = 1,
                                         .revision = 1,
                                         .kind = kind,
                                         .name = name,
                                         .form = "csv",
                                         .drop = drop.name,
                                         .created = REVIEWED,
                                         .rows = 1};
    struct ledger_outgoing *found = NULL;

    assert_true(ledger_begin(gateway.ledger, NULL) && ledger_outgoing_plan(gateway.ledger, &file, NULL, NULL) &&
                ledger_execute(gateway.ledger, "UPDATE outgoing SET state=2,size=1,sha256='a'", NULL) &&
                ledger_commit(STEP_DISPATCH_MADE, gateway.ledger, NULL));
    assert_true(ledger_outgoing_named(gateway.ledger, name, &found, NULL));
    return found;
}

/* A task ends whose file was announced or not; open: its rename may have been sent. */
static void end(const char *kind, bool announced, bool open)
{
    struct outbox outbox = {.gateway = &gateway, .drop = &drop};
    struct outbox_transfer transfer = {.file = upload(kind), .publication = {.open = open}};

    transfer.file->rename_sent = announced;
    outbox.batch = g_array_new(FALSE, FALSE, sizeof transfer);
    g_array_append_val(outbox.batch, transfer);
    assert_true(outbox_record_batch(&outbox, OUTBOX_PUBLISH, false, NULL));
    g_array_unref(outbox.batch);
    g_free(transfer.file);
}

static void test_outbox_record__announced_and_not_sent__orders_are_reviewed_again(void **state)
{
    (void)state;
    end("EMW", true, false);
    assert_int_equal(gateway.orders_reviewed, 0);
}

static void test_outbox_record__signature_not_sent__its_order_is_reviewed_again(void **state)
{
    (void)state;
    end("EMW.p7s", true, false);
    assert_int_equal(gateway.orders_reviewed, 0);
}

static void test_outbox_record__others__no_review(void **state)
{
    (void)state;
    end("EMW", true, true);
    end("EMW.p7s", false, false);
    end("EMA", true, false);
    assert_int_equal(gateway.orders_reviewed, REVIEWED);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_outbox_record__announced_and_not_sent__orders_are_reviewed_again),
        T(test_outbox_record__signature_not_sent__its_order_is_reviewed_again),
        T(test_outbox_record__others__no_review),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
