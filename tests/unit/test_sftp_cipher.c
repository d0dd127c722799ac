/* AES as the SFTP door has it done: the same bytes as libcrypto's own, however they are cut. */
#include "gateway/drops/sftp/sftp_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

enum { LEN = 20000, KEY = 16, IV = 16 };

static uint8_t plain[LEN], key[KEY], iv[IV];

static void expect(uint8_t out[LEN])
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-CTR", "provider=default");
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len = 0;

    assert_non_null(cipher);
    assert_int_equal(EVP_EncryptInit_ex2(context, cipher, key, iv, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(context, out, &len, plain, LEN), 1);
    assert_int_equal(len, LEN);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
}

static const char *provider_of(const EVP_CIPHER_CTX *context)
{
    return OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(EVP_CIPHER_CTX_get0_cipher(context)));
}

/* As libssh2 does. */
static EVP_CIPHER_CTX *begin(int encrypt)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    assert_int_equal(EVP_CipherInit(context, EVP_aes_128_ctr(), key, iv, encrypt), 1);
    assert_string_equal(provider_of(context), "ecosgate");
    return context;
}

static void check_cut(size_t cut, int encrypt)
{
    static uint8_t expected[LEN], bytes[LEN];
    EVP_CIPHER_CTX *context = begin(encrypt);

    expect(expected);
    memcpy(bytes, encrypt ? plain : expected, LEN);
    for (size_t at = 0; at < LEN; at += cut) {
        unsigned part = (unsigned)MIN(cut, LEN - at);
        assert_int_equal(EVP_Cipher(context, bytes + at, bytes + at, part), part);
    }
    assert_memory_equal(bytes, encrypt ? expected : plain, LEN);
    EVP_CIPHER_CTX_free(context);
}

static void test_cipher__pieces_of_any_size__the_same_bytes(void **state)
{
    static const size_t cuts[] = {1, 15, 16, 17, 48, 4095, 4096, 4097, 8192, LEN};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        check_cut(cuts[i], 1);
        check_cut(cuts[i], 0);
    }
}

static void test_cipher__counter_wraps__the_same_bytes(void **state)
{
    (void)state;
    memset(iv, 0xff, IV);
    iv[IV - 1] = 0xf0;
    check_cut(16, 0);
    memset(iv, 7, IV);
}

static void test_cipher__key_and_counter_one_by_one__the_same_bytes(void **state)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    static uint8_t expected[LEN], bytes[LEN];

    (void)state;
    expect(expected);
    assert_int_equal(EVP_CipherInit(context, EVP_aes_128_ctr(), NULL, NULL, 1), 1);
    assert_int_equal(EVP_CipherInit(context, NULL, key, NULL, 1), 1);
    assert_int_equal(EVP_CipherInit(context, NULL, NULL, iv, 1), 1);
    assert_int_equal(EVP_Cipher(context, bytes, plain, LEN), LEN);
    assert_memory_equal(bytes, expected, LEN);
    EVP_CIPHER_CTX_free(context);
}

/* The others, and among them the one that random numbers are made with, stay as they are. */
static void test_cipher__aes_256__is_left_alone(void **state)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    (void)state;
    assert_int_equal(EVP_CipherInit(context, EVP_aes_256_ctr(), NULL, NULL, 1), 1);
    assert_string_equal(provider_of(context), "default");
    EVP_CIPHER_CTX_free(context);
}

static void test_cipher__begun_again__from_the_first_byte(void **state)
{
    EVP_CIPHER_CTX *context = begin(1);
    uint8_t first[48], again[48];

    (void)state;
    assert_int_equal(EVP_Cipher(context, first, plain, sizeof first), sizeof first);
    assert_int_equal(EVP_CipherInit(context, NULL, NULL, iv, 1), 1);
    assert_int_equal(EVP_Cipher(context, again, plain, sizeof again), sizeof again);
    assert_memory_equal(first, again, sizeof first);
    EVP_CIPHER_CTX_free(context);
}

/* NIST SP 800-38A, F.5.1 */
static void test_cipher__published_vector__its_bytes(void **state)
{
    static const uint8_t its_key[] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                      0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t its_plain[] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                        0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const uint8_t expected[] = {0x87, 0x4d, 0x61, 0x91, 0xb6, 0x20, 0xe3, 0x26,
                                       0x1b, 0xef, 0x68, 0x64, 0x99, 0x0d, 0xb6, 0xce};
    EVP_CIPHER_CTX *context = begin(1);
    uint8_t its_counter[16], out[16];

    (void)state;
    for (size_t i = 0; i < sizeof its_counter; i++)
        its_counter[i] = (uint8_t)(0xf0 + i);
    assert_int_equal(EVP_CipherInit(context, NULL, its_key, its_counter, 1), 1);
    assert_int_equal(EVP_Cipher(context, out, its_plain, sizeof out), sizeof out);
    assert_memory_equal(out, expected, sizeof out);
    EVP_CIPHER_CTX_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cipher__pieces_of_any_size__the_same_bytes),
        cmocka_unit_test(test_cipher__counter_wraps__the_same_bytes),
        cmocka_unit_test(test_cipher__key_and_counter_one_by_one__the_same_bytes),
        cmocka_unit_test(test_cipher__aes_256__is_left_alone),
        cmocka_unit_test(test_cipher__begun_again__from_the_first_byte),
        cmocka_unit_test(test_cipher__published_vector__its_bytes),
    };

    for (size_t i = 0; i < LEN; i++)
        plain[i] = (uint8_t)(i * 31 + i / 251);
    memset(key, 42, KEY);
    memset(iv, 7, IV);
    if (!sftp_cipher_use()) {
        puts("1..0 # SKIP libcrypto is asked for FIPS");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
