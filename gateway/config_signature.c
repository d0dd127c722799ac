/*
 * The settings of a party about signatures. Anchors and revocation lists are read with the configuration, so that a
 * start and a reload (SIGHUP) tell what is wrong with them, and no file waits for a disk that hangs.
 */
#include "gateway/config_signature.h"

/* A path, or NULL if it is not set. g_free. */
static char *optional_path(struct config_loading *l, const char *g, const char *key, const char *given)
{
    return *given != '\0' ? config_path_value(l, g, key, "") : NULL;
}

void config_load_party_signature(struct config_loading *l, struct config *c, const char *g, struct party *party)
{
    static const char *const policies[] = {"off", "accepted", "required", NULL};  /* as enum signature_policy */
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
