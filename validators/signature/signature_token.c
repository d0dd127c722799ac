/*
 * A private key that never leaves its token. OpenSSL 3.0 reaches PKCS#11 by an engine (Debian's package
 * libengine-pkcs11-openssl), for it has no provider of it yet; the engine finds the tokens through p11-kit. It is
 * loaded only where a setting names a token.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines are, since 3.0 */
#include "validators/signature/signature_key.h"
#include "validators/signature/signature_private.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <string.h>

#define PIN_SOURCE "pin-source="
#define PIN_SCHEME "file:"

/* Loaded once and kept: what it knows of tokens is the process's. NULL: it is not there. */
static ENGINE *the_engine(void)
{
    static ENGINE *engine;

    if (engine != NULL)
        return engine;
    ENGINE_load_dynamic();
    engine = ENGINE_by_id("pkcs11");
    if (engine != NULL && ENGINE_init(engine) != 1) {
        ENGINE_free(engine);
        engine = NULL;
    }
    return engine;
}

static bool refuse(GError **error, const char *uri, const char *reason)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", uri, reason);
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
        return refuse(error, "pkcs11:",
                      "the PIN stands in the configuration (pin-value), which others may read; put "
                      "it into a file of its own, and name that with pin-source=file:/PATH");
    if (pin != NULL && !g_path_is_absolute(pin))
        return refuse(error, uri, "pin-source is no absolute path; expected pin-source=file:/PATH");
    return pin == NULL || g_file_test(pin, G_FILE_TEST_IS_REGULAR) ||
           refuse(error, uri, "there is no file that pin-source names; put the PIN into it");
}

EVP_PKEY *signature_token_key(const char *uri, GError **error)
{
    if (!good_uri(uri, error))
        return NULL;
    ENGINE *engine = the_engine();
    if (engine == NULL) {
        (void)refuse(error, uri, "OpenSSL has no engine for PKCS#11; install libengine-pkcs11-openssl");
        return NULL;
    }
    /* UI_null asks nobody: a daemon has no terminal. */
    EVP_PKEY *key = ENGINE_load_private_key(engine, uri, (UI_METHOD *)UI_null(), NULL);
    if (key == NULL)
        (void)refuse(error, uri,
                     "no token has that private key, or the PIN is wrong or missing; `p11tool --list-all` shows what "
                     "there is, and pin-source=file:/PATH names a file with the PIN");
    return key;
}
