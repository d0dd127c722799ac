/*
 * The settings about signatures. Anchors and revocation lists are read with the configuration, so that a
 * start and a reload (SIGHUP) tell what is wrong with them, and no file waits for a disk that hangs.
 */
#include "gateway/config/config_signature.h"

#include "formats/instant.h"
#include "gateway/signer/signer.h"
#include "validators/signature/signature_key.h"

/* A path, or NULL if it is not set. g_free. */
static char *optional_path(struct config_loading *l, const char *g, const char *key, const char *given)
{
    return *given != '\0' ? config_path_value(l, g, key, "") : NULL;
}

void config_load_party_signature(struct config_loading *l, struct config *c, const char *g, struct party *party)
{
    static const char *const policies[] = {"off", "accepted", "required", NULL};  /* as enum signature_policy */
    static const char *const forms[] = {"cms", "xmldsig", NULL};                  /* as enum signature_form */
    static const char *const places[] = {"subject", "serial", "cn", "san", NULL}; /* as enum signer_id */
    g_autofree char *ca_given = config_text_value(l, g, "signer_ca", "");
    g_autofree char *crl_given = config_text_value(l, g, "signer_crl", "");
    g_autofree char *eku = config_text_value(l, g, "signer_eku", "");
    g_autofree char *ca = optional_path(l, g, "signer_ca", ca_given);
    g_autofree char *crl = optional_path(l, g, "signer_crl", crl_given);
    enum signer_id where = (enum signer_id)config_choice_value(l, g, "signer_id", places);
    const struct signature_trust_files files = {ca, crl, *eku != '\0' ? eku : NULL, where};
    g_autoptr(GError) error = NULL;

    party->signature = (enum signature_policy)config_choice_value(l, g, "signature", policies);
    party->signature_form = (enum signature_form)config_choice_value(l, g, "signature_form", forms);
    party->signature_wait = 60 * config_number_value(l, g, "signature_wait", (struct config_range){60, 0, 10080});
    if (party->signature == SIGNATURE_OFF)
        return;
    if (ca == NULL) {
        config_problem(l, g, "signer_ca", "a file with the trust anchors (PEM) of those who sign for this party");
        return;
    }
    struct signature_trust *trust = signature_trust_load(&files, &error);
    if (trust == NULL) {
        config_problem_at(l, config_line_of(l, g, "signer_ca"), "[%s] signature: %s", g, error->message);
        return;
    }
    g_ptr_array_add(c->trusts, trust);
    party->trust = trust;
}

void config_mark_signed_drops(struct config *c)
{
    for (guint i = 0; i < c->parties->len; i++) {
        const struct party *party = &g_array_index(c->parties, struct party, i);
        for (guint d = 0; party->signature != SIGNATURE_OFF && d < c->drops->len; d++) {
            struct drop *drop = c->drops->pdata[d];
            drop->signatures |= g_strcmp0(drop->name, party->drop) == 0;
        }
    }
}

/* ---- the gateway's own keys ---- */

/* Both settings of a key, or none. keys: their names. */
static void load_certificate(struct config_loading *l, struct config_signing *signing, const char *const keys[2])
{
    g_autoptr(GError) error = NULL;
    const char *g = "gateway";

    if ((signing->key == NULL) != (signing->certificate == NULL))
        config_problem(l, g, keys[signing->key == NULL ? 0 : 1], "a file: a key and its certificate are set together");
    if (signing->key == NULL || signing->certificate == NULL)
        return;
    signing->loaded = signature_key_load(signing->certificate, &error);
    if (signing->loaded == NULL)
        config_problem_at(l, config_line_of(l, g, keys[1]), "[%s] %s: %s", g, keys[1], error->message);
    else
        signature_key_validity(signing->loaded, &signing->from, &signing->until);
}

/* A path, or the URI of a key in a token; NULL if it is not set. g_free. */
static char *key_place(struct config_loading *l, const char *key, const char *given)
{
    return g_str_has_prefix(given, SIGNATURE_TOKEN) ? g_strdup(given) : optional_path(l, "gateway", key, given);
}

void config_load_signing(struct config_loading *l, struct config *c)
{
    static const char *const present[] = {"signing_key", "signing_certificate"};
    static const char *const next[] = {"next_signing_key", "next_signing_certificate"};
    const char *g = "gateway";
    g_autofree char *key = config_text_value(l, g, "signing_key", "");
    g_autofree char *certificate = config_text_value(l, g, "signing_certificate", "");
    g_autofree char *next_key = config_text_value(l, g, "next_signing_key", "");
    g_autofree char *next_certificate = config_text_value(l, g, "next_signing_certificate", "");

    c->signing[0].key = key_place(l, "signing_key", key);
    c->signing[0].certificate = optional_path(l, g, "signing_certificate", certificate);
    c->signing[1].key = key_place(l, "next_signing_key", next_key);
    c->signing[1].certificate = optional_path(l, g, "next_signing_certificate", next_certificate);
    load_certificate(l, &c->signing[0], present);
    load_certificate(l, &c->signing[1], next);
    if (c->signing[0].key == NULL && c->signing[1].key != NULL)
        config_problem(l, g, "signing_key", "the present key, which the next one is to follow");
}

void config_clear_signing(struct config *c)
{
    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        g_free(c->signing[i].key);
        g_free(c->signing[i].certificate);
        signature_key_free(c->signing[i].loaded);
    }
}

/* Signs once, for that is what the key is to do later. A signer that was asked before keeps its pause, and does not try
 * a PIN again that was refused. */
static bool try_token(const struct config_signing *signing, GError **error)
{
    if (!signature_token_good_uri(signing->key, error)) {
        g_prefix_error(error, SIGNATURE_TOKEN " ");
        return false;
    }
    if (!signature_key_has_signer(signing->loaded))
        signer_give(signing->loaded, signing->key);
    bool good = signature_key_try(signing->loaded, error);
    signature_key_rest(signing->loaded);
    return good;
}

static bool open_key(const struct config_signing *signing, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!g_str_has_prefix(signing->key, SIGNATURE_TOKEN))
        return signature_key_open(signing->loaded, signing->key, error);
    if (try_token(signing, &cause) || g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_AGAIN))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

void config_open_keys(const struct config *c, void (*tell)(void *user, const char *problem), void *user)
{
    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        g_autoptr(GError) error = NULL;
        if (c->signing[i].loaded != NULL && !open_key(&c->signing[i], &error))
            tell(user, error->message);
    }
}

void config_each_away(const struct config *c, void (*tell)(void *user, const char *why), void *user)
{
    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        const char *why = c->signing[i].loaded != NULL ? signature_key_away(c->signing[i].loaded) : NULL;
        if (why != NULL)
            tell(user, why);
    }
}

void config_rest_keys(const struct config *c)
{
    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        if (c->signing[i].loaded != NULL)
            signature_key_rest(c->signing[i].loaded);
    }
}

const struct signature_key *config_signing_key(const struct config *c, int64_t now, GError **error)
{
    const struct config_signing *found = NULL;
    char until[INSTANT_TEXT_SIZE];

    for (size_t i = 0; i < CONFIG_SIGNING_KEYS; i++) {
        const struct config_signing *one = &c->signing[i];
        if (one->loaded != NULL && one->from <= now && now <= one->until && (found == NULL || one->from > found->from))
            found = one;
    }
    if (found != NULL)
        return found->loaded;
    instant_print(c->signing[0].until, until);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: no certificate to sign with is valid now; that one ends at %s; have one made, set signing_key and "
                "signing_certificate, and send SIGHUP",
                c->signing[0].certificate != NULL ? c->signing[0].certificate : "[gateway] signing_certificate",
                c->signing[0].loaded != NULL ? until : "no time: it is not set");
    return NULL;
}

bool config_signs(const struct config *c, const struct drop *drop)
{
    return c->signing[0].loaded != NULL && drop != NULL && drop->sign != DROP_SIGN_NO;
}
