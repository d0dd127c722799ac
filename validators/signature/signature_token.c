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
#include <unistd.h>

#define PIN_SOURCE "pin-source="
#define PIN_SCHEME "file:"
#define MALFORMED                                                                                                      \
    "is no URI of a key in a token; expected pkcs11:token=NAME;object=NAME;type=private?pin-source=file:/PATH, and "   \
    "%XX for a blank or another such sign"

struct signature_token {
    EVP_PKEY *key;
    bool rsa;
};

static bool fail(GError **error, GFileError code, const char *reason)
{
    g_set_error_literal(error, G_FILE_ERROR, code, reason);
    ERR_clear_error();
    return false;
}

/* For what does not become right by waiting. */
static bool refuse(GError **error, const char *reason)
{
    return fail(error, G_FILE_ERROR_INVAL, reason);
}

/* NULL: there is none. It is kept until the process ends. */
static ENGINE *the_engine(GError **error)
{
    ENGINE_load_dynamic();
    ENGINE *engine = ENGINE_by_id("pkcs11");
    if (engine == NULL) {
        (void)refuse(error, "OpenSSL has no engine for PKCS#11; install libengine-pkcs11-openssl");
        return NULL;
    }
    if (ENGINE_init(engine) == 1)
        return engine;
    ENGINE_free(engine);
    (void)fail(error, G_FILE_ERROR_AGAIN, "OpenSSL's engine for PKCS#11 does not start; look at p11-kit's modules");
    return NULL;
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

/* Names as the engine knows them, values as they are written in a URI. The engine itself looks only once a token is
 * there. */
static bool good_attributes(const char *uri)
{
    static const char *const names[] = {"token=", "serial=", "model=",       "manufacturer=", "object=",
                                        "id=",    "type=",   "object-type=", PIN_SOURCE,      "pin-value="};
    g_auto(GStrv) all = g_strsplit_set(uri + strlen(SIGNATURE_TOKEN), ";?&", -1);

    for (char **one = all; *one != NULL; one++) {
        g_autoptr(GBytes) value = g_uri_unescape_bytes(*one, -1, NULL, NULL);
        bool known = false;
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
            known = known || g_str_has_prefix(*one, names[i]);
        if (!known || value == NULL)
            return false;
    }
    return all[0] != NULL;
}

bool signature_token_good_uri(const char *uri, GError **error)
{
    g_autofree char *pin = signature_token_pin(uri);

    if (!good_attributes(uri))
        return refuse(error, MALFORMED);
    if (strstr(uri, "pin-value=") != NULL)
        return refuse(error, "the PIN stands in the configuration (pin-value), which others may read; put "
                             "it into a file of its own, and name that with pin-source=file:/PATH");
    if (pin != NULL && !g_path_is_absolute(pin))
        return refuse(error, "pin-source is no absolute path; expected pin-source=file:/PATH");
    if (pin != NULL && !g_file_test(pin, G_FILE_TEST_IS_REGULAR))
        return refuse(error, "there is no file that pin-source names; put the PIN into it");
    return pin == NULL || access(pin, R_OK) == 0 ||
           refuse(error, "the file that pin-source names cannot be read; make the gateway's user its owner");
}

/* What libp11 calls its own errors and those of modules, and which of these are meant: a URI that it cannot read, and
 * a PIN, incorrect to locked. */
#define ENGINE_ERRORS "pkcs11 engine"
#define MODULE_ERRORS "PKCS#11 module"
enum { ENGINE_INVALID_ID = 100, CKR_PIN_FIRST = 0xA0, CKR_PIN_LAST = 0xA4 };

struct told {
    const char *pin;  /* the module's own word for what is wrong with the PIN; NULL: it is not that */
    bool no_pin, uri; /* the token asks for a PIN; the URI is malformed */
};

/* Empties the queue of errors. */
static struct told what_is_told(void)
{
    struct told told = {0};
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        const char *library = ERR_lib_error_string(code);
        int reason = ERR_GET_REASON(code);
        if (g_strcmp0(library, MODULE_ERRORS) == 0 && reason >= CKR_PIN_FIRST && reason <= CKR_PIN_LAST)
            told.pin = ERR_reason_error_string(code);
        told.uri = told.uri || (g_strcmp0(library, ENGINE_ERRORS) == 0 && reason == ENGINE_INVALID_ID);
        told.no_pin = told.no_pin || ERR_GET_LIB(code) == ERR_LIB_UI;
    }
    return told;
}

/* A token that is away and one without that key look alike. */
static bool refuse_key(GError **error)
{
    const struct told told = what_is_told();

    if (told.uri)
        return refuse(error, MALFORMED);
    if (told.pin == NULL && told.no_pin)
        return refuse(error, "the token asks for a PIN; name a file with it by pin-source=file:/PATH");
    if (told.pin == NULL)
        return fail(error, G_FILE_ERROR_AGAIN,
                    "no token that can be reached has that private key; look at the token and its service, then at "
                    "what `p11tool --list-all` shows");
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_PERM,
        "the PIN is wrong (%s), and is not tried again, for a token locks after a few wrong ones; put the right "
        "one into the file of pin-source, then start the gateway or send SIGHUP",
        told.pin);
    return false;
}

static int ask_nobody(UI *ui)
{
    (void)ui;
    return 0;
}

/* A daemon has no terminal. UI_null would leave no error that tells of the question. NULL, which asks by the default
 * method, only without memory. */
static UI_METHOD *nobody(void)
{
    UI_METHOD *method = UI_create_method("nobody");

    if (method != NULL)
        (void)UI_method_set_opener(method, ask_nobody); /* cannot fail for a method */
    return method;
}

struct signature_token *signature_token_open(const char *uri, GError **error)
{
    ENGINE *engine = signature_token_good_uri(uri, error) ? the_engine(error) : NULL;
    if (engine == NULL)
        return NULL;
    EVP_PKEY *key = ENGINE_load_private_key(engine, uri, nobody(), NULL);
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
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "the token made no signature (%s)",
                    ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    return good;
}
