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

static void test_sftp_algorithms__ciphers_of_each_version__cheapest_first_and_no_old_one(void **state)
{
    static const struct order orders[] = {
        /* 1.10.0 */
        {"aes128-ctr,aes192-ctr,aes256-ctr,aes256-cbc,3des-cbc", "aes128-ctr,aes256-ctr,aes192-ctr"},
        /* 1.11.0 */
        {"aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
         "aes128-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes192-ctr"},
        /* 1.11.1 */
        {"aes256-gcm@openssh.com,aes128-ctr,chacha20-poly1305@openssh.com",
         "chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com"},
        {"", ""},
    };

    (void)state;
    check(sftp_good_ciphers, orders, G_N_ELEMENTS(orders));
}

static void test_sftp_algorithms__macs_of_each_version__encrypt_then_mac_first(void **state)
{
    static const struct order orders[] = {
        {"hmac-sha1,hmac-sha2-512,hmac-sha2-256", "hmac-sha2-256,hmac-sha2-512"},
        {"hmac-sha2-256,hmac-sha2-256-etm@openssh.com,hmac-sha1", "hmac-sha2-256-etm@openssh.com,hmac-sha2-256"},
        {"hmac-sha1,hmac-md5", ""},
    };

    (void)state;
    check(sftp_good_macs, orders, G_N_ELEMENTS(orders));
}

static void test_sftp_algorithms__key_exchanges__none_with_sha1(void **state)
{
    static const struct order orders[] = {
        {"ecdh-sha2-nistp256,curve25519-sha256,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
         "curve25519-sha256,ecdh-sha2-nistp256"},
        {"diffie-hellman-group-exchange-sha1", ""},
    };

    (void)state;
    check(sftp_good_kex, orders, G_N_ELEMENTS(orders));
}

static void test_sftp_algorithms__old_ones_in_use__are_named(void **state)
{
    struct sftp_server server = {
        .kex = "curve25519-sha256", .key = "ssh-ed25519", .ciphers = "aes128-ctr", .macs = "INTEGRATED-AES-GCM"};

    (void)state;
    assert_null(sftp_old_algorithms(&server));
    server = (struct sftp_server){.kex = "diffie-hellman-group14-sha1",
                                  .key = "ssh-rsa",
                                  .ciphers = "aes128-ctr/aes128-cbc",
                                  .macs = "hmac-sha1"};
    g_autofree char *old = sftp_old_algorithms(&server);
    assert_string_equal(old,
                        "key exchange diffie-hellman-group14-sha1, host key ssh-rsa, cipher aes128-cbc, MAC hmac-sha1");
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
        cmocka_unit_test(test_sftp_algorithms__ciphers_of_each_version__cheapest_first_and_no_old_one),
        cmocka_unit_test(test_sftp_algorithms__macs_of_each_version__encrypt_then_mac_first),
        cmocka_unit_test(test_sftp_algorithms__key_exchanges__none_with_sha1),
        cmocka_unit_test(test_sftp_algorithms__old_ones_in_use__are_named),
        cmocka_unit_test(test_sftp_algorithms__list_with_blanks__whole_names_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
