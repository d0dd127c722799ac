/* The order in which ciphers and MACs are offered, for what each version of libssh2 supports. */
#include "gateway/drops/sftp/sftp_algorithms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

struct order {
    const char *supported, *expected;
};

static void check(char *(*order)(const char *supported), const struct order *orders, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *list = order(orders[i].supported);
        assert_string_equal(list, orders[i].expected);
    }
}

static void test_sftp_algorithms__ciphers_of_each_version__cheapest_first_and_none_lost(void **state)
{
    static const struct order orders[] = {
        /* 1.10.0 */
        {"aes128-ctr,aes192-ctr,aes256-ctr,aes256-cbc,3des-cbc",
         "aes128-ctr,aes192-ctr,aes256-ctr,aes256-cbc,3des-cbc"},
        /* 1.11.0 */
        {"aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
         "aes128-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes192-ctr"},
        /* 1.11.1 */
        {"aes256-gcm@openssh.com,aes128-ctr,chacha20-poly1305@openssh.com",
         "chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com"},
        {"", ""},
    };

    (void)state;
    check(sftp_order_ciphers, orders, G_N_ELEMENTS(orders));
}

static void test_sftp_algorithms__macs_of_each_version__encrypt_then_mac_first(void **state)
{
    static const struct order orders[] = {
        {"hmac-sha1,hmac-sha2-512,hmac-sha2-256", "hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
        {"hmac-sha2-256,hmac-sha2-256-etm@openssh.com,hmac-sha1",
         "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha1"},
    };

    (void)state;
    check(sftp_order_macs, orders, G_N_ELEMENTS(orders));
}

static void test_sftp_algorithms__list_with_blanks__whole_names_are_found(void **state)
{
    (void)state;
    assert_true(sftp_is_listed("aes128-ctr, aes256-ctr", "aes256-ctr"));
    assert_false(sftp_is_listed("aes128-ctr,aes256-ctr", "aes256"));
    assert_false(sftp_is_listed("", "aes256-ctr"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sftp_algorithms__ciphers_of_each_version__cheapest_first_and_none_lost),
        cmocka_unit_test(test_sftp_algorithms__macs_of_each_version__encrypt_then_mac_first),
        cmocka_unit_test(test_sftp_algorithms__list_with_blanks__whole_names_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
