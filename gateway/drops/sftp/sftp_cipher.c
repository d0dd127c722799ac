#include "gateway/drops/sftp/sftp_private.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

#define OWN "ecosgate"
#define NAME "AES-128-CTR"

enum { KEY = 16, BLOCK = 16, AHEAD = 256 * BLOCK };

static EVP_CIPHER *own_aes;         /* libcrypto's own, which makes the keystream */
static OSSL_PROVIDER *own_provider; /* NULL: not in use; else until the process ends */

/* ---- one direction of one connection ---- */

struct stream {
    EVP_CIPHER_CTX *aes;
    size_t used; /* bytes of what follows */
    uint8_t ahead[AHEAD];
};

static void free_stream(void *user)
{
    struct stream *stream = user;

    if (stream == NULL)
        return;
    EVP_CIPHER_CTX_free(stream->aes);
    explicit_bzero(stream, sizeof *stream);
    g_free(stream);
}

static void *new_stream(void *provider)
{
    struct stream *stream = g_new0(struct stream, 1);

    (void)provider;
    stream->aes = EVP_CIPHER_CTX_new();
    stream->used = AHEAD;
    if (stream->aes != NULL && EVP_EncryptInit_ex2(stream->aes, own_aes, NULL, NULL, NULL) == 1)
        return stream;
    free_stream(stream);
    return NULL;
}

/* To encrypt is the same as to decrypt. What is NULL stays as it was. */
static int begin(void *user, const unsigned char *key, size_t key_len, const unsigned char *iv, size_t iv_len,
                 const OSSL_PARAM params[])
{
    struct stream *stream = user;

    (void)params; /* this mode has none */
    if ((key != NULL && key_len != KEY) || (iv != NULL && iv_len != BLOCK))
        return 0;
    stream->used = AHEAD;
    return EVP_EncryptInit_ex2(stream->aes, NULL, key, iv, NULL);
}

static bool make_ahead(struct stream *stream)
{
    static const uint8_t nothing[AHEAD];
    int len = 0;

    if (EVP_EncryptUpdate(stream->aes, stream->ahead, &len, nothing, AHEAD) != 1 || len != AHEAD)
        return false;
    stream->used = 0;
    return true;
}

/* A block is written by one store: the library reads it back at once, which would wait for two. */
static void mix(unsigned char *out, const unsigned char *in, const uint8_t *keys, size_t len)
{
    uint8_t block[BLOCK];

    for (; len >= BLOCK; len -= BLOCK, out += BLOCK, in += BLOCK, keys += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            block[i] = in[i] ^ keys[i];
        memcpy(out, block, BLOCK);
    }
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] ^ keys[i];
}

static int apply(void *user, unsigned char *out, size_t *out_len, size_t room, const unsigned char *in, size_t len)
{
    struct stream *stream = user;

    if (room < len)
        return 0;
    *out_len = len;
    while (len > 0) {
        if (stream->used == AHEAD && !make_ahead(stream))
            return 0;
        size_t part = MIN(len, AHEAD - stream->used);
        mix(out, in, stream->ahead + stream->used, part);
        stream->used += part;
        out += part;
        in += part;
        len -= part;
    }
    return 1;
}

/* Nothing is held back. */
static int finish(void *user, unsigned char *out, size_t *out_len, size_t room)
{
    (void)user;
    (void)out;
    (void)room;
    *out_len = 0;
    return 1;
}

/* ---- the provider ---- */

static bool tell(OSSL_PARAM params[], const char *name, size_t value)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

    return param == NULL || OSSL_PARAM_set_size_t(param, value) == 1;
}

static int tell_sizes(OSSL_PARAM params[])
{
    OSSL_PARAM *mode = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);

    return (mode == NULL || OSSL_PARAM_set_uint(mode, EVP_CIPH_CTR_MODE) == 1) &&
           tell(params, OSSL_CIPHER_PARAM_KEYLEN, KEY) && tell(params, OSSL_CIPHER_PARAM_IVLEN, BLOCK) &&
           tell(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1);
}

static int tell_of_stream(void *user, OSSL_PARAM params[])
{
    (void)user; /* they are all alike */
    return tell_sizes(params);
}

#define FUNCTION(number, function)                                                                                     \
    {                                                                                                                  \
        (number), (void (*)(void))(function)                                                                           \
    }

static const OSSL_ALGORITHM *offer(void *provider, int operation, int *no_cache)
{
    static const OSSL_DISPATCH functions[] = {
        FUNCTION(OSSL_FUNC_CIPHER_NEWCTX, new_stream),     FUNCTION(OSSL_FUNC_CIPHER_FREECTX, free_stream),
        FUNCTION(OSSL_FUNC_CIPHER_GET_PARAMS, tell_sizes), FUNCTION(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, tell_of_stream),
        FUNCTION(OSSL_FUNC_CIPHER_ENCRYPT_INIT, begin),    FUNCTION(OSSL_FUNC_CIPHER_DECRYPT_INIT, begin),
        FUNCTION(OSSL_FUNC_CIPHER_CIPHER, apply),          FUNCTION(OSSL_FUNC_CIPHER_UPDATE, apply),
        FUNCTION(OSSL_FUNC_CIPHER_FINAL, finish),          {0, NULL},
    };
    static const OSSL_ALGORITHM ciphers[] = {{NAME, "provider=" OWN, functions, NULL}, {NULL, NULL, NULL, NULL}};

    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static int provide(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *theirs, const OSSL_DISPATCH **ours,
                   void **provider)
{
    static const OSSL_DISPATCH functions[] = {FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, offer), {0, NULL}};

    (void)core;
    (void)theirs;
    *provider = &own_aes; /* anything but NULL */
    *ours = functions;
    return 1;
}

bool sftp_cipher_use(void)
{
    if (own_provider != NULL)
        return true;
    if (EVP_default_properties_is_fips_enabled(NULL))
        return false;
    own_aes = EVP_CIPHER_fetch(NULL, NAME, NULL);
    if (own_aes == NULL || OSSL_PROVIDER_add_builtin(NULL, OWN, provide) != 1)
        return false;
    own_provider = OSSL_PROVIDER_try_load(NULL, OWN, 1);
    return own_provider != NULL && EVP_set_default_properties(NULL, "?provider=" OWN) == 1;
}
