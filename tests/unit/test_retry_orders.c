/* To which order of its try a result belongs, and what that means for the session. */
#include "tests/unit/retry_story.h"

/* Ordered again at minute 6 after NOT_ATTEMPTED, LastTry minute 1, that came at minute 2. The event comes at minute 7.
 */
static void expect_again(const char *event, const char *expected)
{
    g_autofree char *story = g_strconcat("@0 W @2 N@1 @6 W @7 ", event, NULL);

    expect_story(story, expected);
}

static void test_retry_orders__same_try_ordered_again__results_of_the_first_order_are_nothing_new(void **state)
{
    (void)state;
    expect_again("N@1", "+++r DISPATCHED try1 due1440");
    expect_again("N@2", "+++r DISPATCHED try1 due1440");
    expect_again("N@3", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("T@1", "+++r DISPATCHED try1 due1440");
    expect_again("F@0", "+++r DISPATCHED try1 due1440");
    expect_again("F@7", "++++ RETRY_WAIT D127 try1 due12 used1 answered");
    expect_again("S@1", "++++ CONFIRM_PENDING try1 due1447 T:B");
    /* no LastTry, or one before the try: the creation of the file counts */
    expect_again("N", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N%2", "+++r DISPATCHED try1 due1440");
    expect_again("N%3", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N@-1", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N@-1%1", "+++r DISPATCHED try1 due1440");
    expect_again("N@-1%-1", "++++ RETRY_WAIT try1 due12 answered unused");
    /* an outdated result takes nothing back */
    expect_again("S T@1", "++++r CONFIRM_PENDING try1 due1447 T:B");
    expect_again("S n N@1", "+++++r CONFIRM_MISMATCH D151 try1 T:B E:no");
    expect_again("S n N@7", "++++++ FAILED D103 try1 ended7 next44640 T:no E:no");
    expect_again("Y N@1", "++++r CONFIRM_PENDING try1 due1447 E:B");
    /* from a sender whose clock is ahead, and then again */
    expect_story("W @2 N@4 @7 W @8 N@4", "+++r DISPATCHED try1 due1440");
    expect_story("W @2 N@4 @7 W @8 N@5", "++++ RETRY_WAIT try1 due13 answered unused");
    /* each order is told from the one before it */
    expect_again("N@7 @12 W @13 N@7", "+++++r DISPATCHED try1 due1440");
    expect_again("N@7 @12 W @13 N@1", "+++++r DISPATCHED try1 due1440");
    expect_again("N@7 @12 W @13 N@8", "++++++ RETRY_WAIT try1 due18 answered unused");
    expect_story("W T@1 @5 W @6 T@1", "++++ RETRY_WAIT D103 try2 due11 used2 answered");
    expect_story("W T @5 W @6 N@5 @11 W @12 N@4", "++++++ RETRY_WAIT try2 due17 used1 answered unused");
    expect_story("W T @5 W @6 N@5 @11 W @12 N@5", "+++++r DISPATCHED try2 due1440 used1");
    expect_story("W T@9 @5 W @9 T@9", "++++ RETRY_WAIT D103 try2 due14 used2 answered");
    /* a confirmation N is neither an order nor an answer to one */
    expect_story("W n @2 N@1 n @6 W @7 N@2", "+++r+r DISPATCHED try1 due1440 E:no");
    expect_story("W @2 N@1 @4 n @6 W @7 N@3", "+++++ RETRY_WAIT try1 due12 answered unused E:no");
    expect_story("W @1 n @2 T@1", "+++ RETRY_WAIT D103 try1 due7 used1 answered E:no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_orders__same_try_ordered_again__results_of_the_first_order_are_nothing_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
