/* A file waits only if its name or its drop says that its sender signs. Who says so by a header alone is in the drop of
 * somebody who has to sign (sender_signing), or need not. */
#include "gateway/pipeline/pickup/signature_wait.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "spool/ledger/ledger_pickups.h"
#include "validators/rules/sender_rules.h"

#include <string.h>

/* MOST_NAME_BYTES: the name of a copy that is removed (transport_taken_name) must have room for the suffix.
 * LEAST_ALONE: seconds; senders put signatures first, and a large file takes its time. */
enum { MOST_NAME_BYTES = 200, LEAST_ALONE = 3600 };

bool signature_wait_is_one(const struct drop *drop, const char *name)
{
    return drop->signatures && g_str_has_suffix(name, SIGNATURE_SUFFIX);
}

/* NULL: the file needs no signature beside it. */
static const struct party *signing(const struct signature_wait *wait)
{
    const struct config *config = wait->gateway->config;
    const struct config_arrival arrival = {wait->drop->name, clock_now(), 0};
    const char *name = wait->file->name;
    struct filename parsed;

    if (!wait->drop->signatures || strlen(name) > MOST_NAME_BYTES ||
        !config_parse_name(config, &arrival, name, strlen(name), &parsed))
        return NULL;
    const struct party *party = sender_signing(&config->identity, wait->drop->name, &parsed);
    return sender_signs_within(party, &parsed) ? NULL : party;
}

static void wait_with(struct completeness_result *result, char *reason, int64_t microseconds)
{
    g_free(result->reason);
    *result = (struct completeness_result){.decision = PICKUP_WAIT, .reason = reason, .wait = microseconds};
}

/* *since: when the entry was first seen with its size and time. False: the ledger failed. */
static bool find_first_seen(const struct gateway *gateway, const struct drop *drop, const struct drop_entry *entry,
                            int64_t *since, GError **error)
{
    g_autofree char *escaped = text_escape(entry->name, strlen(entry->name), 0);
    g_autofree struct ledger_pickup *seen = NULL;

    *since = clock_now();
    if (!ledger_pickup_get(gateway->ledger, drop->name, escaped, &seen, error))
        return false;
    if (seen != NULL && seen->size == entry->identity.size && seen->modified == entry->modified &&
        strcmp(seen->decision, "gone") != 0 && strcmp(seen->decision, "taken") != 0)
        *since = seen->since;
    return true;
}

/* There is none. *result says until when it is waited for; after that the file is taken without. */
static bool decide_missing(const struct signature_wait *wait, const struct party *party,
                           struct completeness_result *result, GError **error)
{
    char until[INSTANT_TEXT_SIZE];
    int64_t since;

    if (!find_first_seen(wait->gateway, wait->drop, wait->file, &since, error))
        return false;
    if (clock_now() >= since + party->signature_wait)
        return true;
    instant_print(since + party->signature_wait, until);
    wait_with(result,
              g_strdup_printf("its signature, the same name with " SIGNATURE_SUFFIX ", is missing; it is waited for "
                              "until %s, then the file is judged without (B209)",
                              until),
              0);
    return true;
}

bool signature_wait_decide(const struct signature_wait *wait, struct completeness_result *result, bool *taken,
                           GError **error)
{
    const struct party *party = signing(wait);
    struct completeness_result of_signature;

    *taken = false;
    if (party == NULL || (wait->signature == NULL && party->signature == SIGNATURE_ACCEPTED))
        return true;
    if (wait->signature == NULL)
        return decide_missing(wait, party, result, error);
    completeness_decide_signature(wait->drop, wait->signature, wait->unchanged, &of_signature);
    *taken = of_signature.decision == PICKUP_TAKE;
    if (*taken) {
        g_free(of_signature.reason);
        return true;
    }
    wait_with(result, g_strdup_printf("its signature is not whole: %s", of_signature.reason), of_signature.wait);
    g_free(of_signature.reason);
    return true;
}

bool signature_wait_alone(const struct gateway *gateway, const struct drop *drop, const struct drop_entry *signature,
                          struct completeness_result *result, GError **error)
{
    const struct identity *identity = &gateway->config->identity;
    int64_t most = LEAST_ALONE, since;

    if (result->decision != PICKUP_LEAVE || !signature_wait_is_one(drop, signature->name) || !signature->regular ||
        g_str_has_prefix(signature->name, FILENAME_GATEWAY_PREFIX) ||
        filename_is_temporary(signature->name, drop->temporary))
        return true;
    for (size_t i = 0; i < identity->n_parties; i++)
        if (g_strcmp0(identity->parties[i].drop, drop->name) == 0)
            most = MAX(most, identity->parties[i].signature_wait);
    if (!find_first_seen(gateway, drop, signature, &since, error))
        return false;
    if (clock_now() < since + most)
        return true;
    g_free(result->reason);
    *result = (struct completeness_result){
        .decision = PICKUP_FAULT,
        .reason = g_strdup_printf("the file that it signs, the same name without " SIGNATURE_SUFFIX
                                  ", has not come within %" G_GINT64_FORMAT " minutes, or was judged without it; have "
                                  "the sender send both again, or move the signature away",
                                  most / 60)};
    return true;
}
