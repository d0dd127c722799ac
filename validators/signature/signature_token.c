/*
 * A private key that never leaves its token. OpenSSL 3.0 reaches PKCS#11 by an engine (Debian's package
 * libengine-pkcs11-openssl), for it has no provider of it yet; the engine finds the tokens through p11-kit.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines are, since 3.0 */
#include "validators/signature/signature_token.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/ui.h>
#include <string.h>

#define PIN_SOURCE "pin-source="
#define PIN_SCHEME "file:"

struct signature_token {
    EVP_PKEY *key;
    bool rsa;
};

/* NULL: it is not there. It is kept until the process ends. */
static ENGINE *the_engine(void)
{
    ENGINE_load_dynamic();
    ENGINE *engine = ENGINE_by_id("pkcs11");
    if (engine != NULL && ENGINE_init(engine) != 1) {
        ENGINE_free(engine);
        engine = NULL;
    }
    return engine;
}

static bool refuse(GError **error, const char *reason)
{
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, reason);
    ERR_clear_error();
    return false;
}

char *signature_token_pin(const char *uri)
{
    const char *query = strchr(uri, '?');
    const char *source = query != NULL ? strstr(query, PIN_SOURCE) : NULL;

    if (source == NULL)
        return NULL;
    source += strlen(PIN_SOURCE);
    g_autofree char *given = g_strndup(source, strcspn(source, "&"));
    return g_uri_unescape_string(g_str_has_prefix(given, PIN_SCHEME) ? given + strlen(PIN_SCHEME) : given, NULL);
}

static bool good_uri(const char *uri, GError **error)
{
    g_autofree char *pin = signature_token_pin(uri);

    if (strstr(uri, "pin-value=") != NULL)
        return refuse(error, "the PIN stands in the configuration (pin-value), which others may read; put "
                             "it into a file of its own, and name that with pin-source=file:/PATH");
    if (pin != NULL && !g_path_is_absolute(pin))
        return refuse(error, "pin-source is no absolute path; expected pin-source=file:/PATH");
    return pin == NULL || g_file_test(pin, G_FILE_TEST_IS_REGULAR) ||
           refuse(error, "there is no file that pin-source names; put the PIN into it");
}

/* What libp11 calls the errors of modules, and which of these are about the PIN: incorrect to locked. */
#define MODULE_ERRORS "PKCS#11 module"
enum { CKR_PIN_FIRST = 0xA0, CKR_PIN_LAST = 0xA4 };

/* Empties the queue of errors. *reason: the module's own word for what is wrong with the PIN; NULL: it is not that. */
static bool pin_is_refused(const char **reason)
{
    unsigned long code;

    *reason = NULL;
    while ((code = ERR_get_error()) != 0) {
        if (g_strcmp0(ERR_lib_error_string(code), MODULE_ERRORS) == 0 && ERR_GET_REASON(code) >= CKR_PIN_FIRST &&
            ERR_GET_REASON(code) <= CKR_PIN_LAST)
            *reason = ERR_reason_error_string(code);
    }
    return *reason != NULL;
}

static bool refuse_key(GError **error)
{
    const char *reason;

    if (!pin_is_refused(&reason))
        return refuse(error, "no token has that private key, or the PIN is missing; `p11tool --list-all` shows what "
                             "there is, and pin-source=file:/PATH names a file with the PIN");
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_PERM,
        "the PIN is wrong (%s), and is not tried again, for a token locks after a few wrong ones; put the right "
        "one into the file of pin-source, then start the gateway or send SIGHUP",
        reason);
    return false;
}

struct signature_token *signature_token_open(const char *uri, GError **error)
{
    if (!good_uri(uri, error))
        return NULL;
    ENGINE *engine = the_engine();
    if (engine == NULL) {
        (void)refuse(error, "OpenSSL has no engine for PKCS#11; install libengine-pkcs11-openssl");
        return NULL;
    }
    /* UI_null asks nobody: a daemon has no terminal. */
    EVP_PKEY *key = ENGINE_load_private_key(engine, uri, (UI_METHOD *)UI_null(), NULL);
    if (key == NULL) {
        (void)refuse_key(error);
        return NULL;
    }
    struct signature_token *token = g_new0(struct signature_token, 1);
    token->key = key;
    token->rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    return token;
}

bool signature_token_sign(const struct signature_token *token, const unsigned char sha256[SIGNATURE_DIGEST_BYTES],
                          unsigned char value[SIGNATURE_VALUE_MOST], size_t *len, GError **error)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(token->key, NULL);

    *len = SIGNATURE_VALUE_MOST;
    bool good = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                (!token->rsa || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
                EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_get_size(token->key) <= SIGNATURE_VALUE_MOST &&
                EVP_PKEY_sign(context, value, len, sha256, SIGNATURE_DIGEST_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    if (!good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the token made no signature (%s)",
                    ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    return good;
}
