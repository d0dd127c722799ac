/* What ends is known from the loaded configuration. The files may have been renewed since: only SIGHUP reads them. */
#include "gateway/condition/expiry.h"

#include "formats/instant.h"

enum { DAY = 86400, CERTIFICATE_DAYS = 30, LIST_DAYS = 1 };

struct telling {
    int64_t now;
    expiry_tell *tell;
    void *user;
};

/* until 0: it has no end. days: from how many before it on. */
static void tell_end(const struct telling *telling, int64_t until, int64_t days, const char *what, const char *todo)
{
    bool ended = telling->now > until;
    char at[INSTANT_TEXT_SIZE];

    if (until == 0 || until - telling->now > days * DAY)
        return;
    instant_print(until, at);
    g_autofree char *text = g_strdup_printf("%s %s at %s; %s", what, ended ? "ended" : "ends", at, todo);
    telling->tell(telling->user, ended ? ALARM_CRITICAL : ALARM_WARNING, until, text);
}

/* With a gap between the two keys, the end of the first one counts. */
static void tell_own(const struct telling *telling, const struct config *config)
{
    const struct config_signing *present = &config->signing[0], *next = &config->signing[1];
    int64_t until = present->until;

    if (present->loaded == NULL)
        return;
    if (next->loaded != NULL && (next->from <= MAX(present->until, telling->now)))
        until = MAX(until, next->until);
    if (telling->now < present->from && (next->loaded == NULL || telling->now < next->from)) {
        telling->tell(telling->user, ALARM_CRITICAL, present->from,
                      "[gateway] signing_certificate is not valid yet, and outgoing files wait; check the clock, or "
                      "set one that is valid");
        return;
    }
    tell_end(telling, until, CERTIFICATE_DAYS, "[gateway] signing_certificate: the last certificate to sign with",
             "after that outgoing files wait: have one made, set next_signing_key and next_signing_certificate, and "
             "send SIGHUP");
}

void expiry_each(const struct config *config, int64_t now, expiry_tell *tell, void *user)
{
    const struct telling telling = {now, tell, user};

    tell_own(&telling, config);
    for (guint i = 0; i < config->parties->len; i++) {
        const struct party *party = &g_array_index(config->parties, struct party, i);
        int64_t anchors, lists;
        if (party->trust == NULL)
            continue;
        signature_trust_ends(party->trust, &anchors, &lists);
        g_autofree char *ca = g_strdup_printf("[party %s] signer_ca: a trust anchor", party->org);
        g_autofree char *crl = g_strdup_printf("[party %s] signer_crl: a revocation list", party->org);
        tell_end(&telling, anchors, CERTIFICATE_DAYS, ca,
                 "signatures that lead to it are refused after that (B209): renew the file, or take it out, and send "
                 "SIGHUP");
        tell_end(&telling, lists, LIST_DAYS, crl,
                 "files whose signers it is about are refused after that (B209): renew the file, and send SIGHUP");
    }
}
