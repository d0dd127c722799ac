/* One look at the claim of a drop, on a connection of its own. */
#include "gateway/commands/claim_seen.h"

#include "spool/ledger/ledger_claims.h"

#include <string.h>

/* For people and programs, by enum claim_owner. takable: an order may replace it. */
static const struct {
    const char *word;
    bool good, takable;
} words[] = {
    [CLAIM_NOBODY] = {"none", true, false},     [CLAIM_OURS] = {"ours", true, false},
    [CLAIM_OLDER] = {"older", true, false},     [CLAIM_TWIN] = {"other", false, true},
    [CLAIM_NEWER] = {"newer", false, false},    [CLAIM_OTHER] = {"other", false, true},
    [CLAIM_EMPTY] = {"damaged", true, false},   [CLAIM_TORN] = {"damaged", true, false},
    [CLAIM_DAMAGED] = {"damaged", false, true}, [CLAIM_UNKNOWN] = {"unknown", false, true},
};

/* The witness file names the process that last wrote this ledger. Without it nobody can tell a copy of this home from
 * the home itself: then an equal generation is ours. */
void claim_viewer_init(struct claim_viewer *viewer, struct gateway *gateway)
{
    g_autoptr(witness_t) witness = NULL;
    struct ledger_fault fault = {0};

    *viewer = (struct claim_viewer){.gateway = gateway};
    if (gateway == NULL)
        return;
    viewer->behind = !ledger_check(gateway, &fault, NULL) || fault.kind != LEDGER_SOUND;
    ledger_fault_clear(&fault);
    if (witness_read(gateway->config->witness, &witness, NULL) && witness != NULL &&
        strcmp(witness->ledger, gateway->identity.ledger) == 0 && witness->generation == gateway->identity.generation)
        g_strlcpy(viewer->instance, witness->instance, sizeof viewer->instance);
}

static void say(struct claim_seen *seen, const char *word, bool good, char *text)
{
    seen->word = word;
    seen->good = good;
    seen->text = text;
}

/* A claim of a ledger whose place ours took is as good as one of an earlier start. */
static enum claim_owner owner_of(const struct claim_viewer *viewer, const struct claim_text *claim,
                                 struct witness **witness)
{
    struct gateway *gateway = viewer->gateway;
    const struct claim_self self = {gateway != NULL ? gateway->identity.ledger : "",
                                    gateway != NULL ? gateway->identity.generation : 0, viewer->instance};
    enum claim_owner owner = claim_owner_of(&self, claim->text, claim->len, witness);
    g_autofree char *ahead = NULL;
    bool foreign = true;

    if (owner == CLAIM_OTHER && gateway != NULL && ledger_check_witness(gateway, *witness, &foreign, &ahead, NULL) &&
        !foreign)
        return CLAIM_OLDER;
    return owner;
}

/* What to do about the claim; NULL: nothing. g_free. */
static char *advice(const struct claim_viewer *viewer, enum claim_owner owner, const struct drop *drop)
{
    if (words[owner].good)
        return NULL;
    if (viewer->gateway == NULL)
        return g_strdup("this gateway has no ledger to compare it with; see 'ecosgate status'");
    if (viewer->behind)
        return g_strdup("the ledger of this gateway is not the newest one (A109); settle that first, see 'ecosgate "
                        "status'");
    return claim_advice(owner, drop);
}

static void say_owner(struct claim_seen *seen, const struct claim_viewer *viewer, const struct drop *drop,
                      const struct claim_text *claim)
{
    enum claim_owner owner = owner_of(viewer, claim, &seen->witness);
    g_autofree char *whose = claim_describe(owner, seen->witness), *what = advice(viewer, owner, drop);

    seen->key = claim_key(claim, seen->witness);
    seen->takable = words[owner].takable && viewer->gateway != NULL && !viewer->behind;
    if (viewer->gateway != NULL)
        (void)ledger_claim_take_get(viewer->gateway->ledger, drop->name, &seen->order, NULL); /* NULL: none is known */
    const char *waits = seen->order == NULL                      ? ""
                        : g_strcmp0(seen->order, seen->key) == 0 ? "; an order to take it waits for 'ecosgate run'"
                                                                 : "; an order to take it was for another claim";
    say(seen, words[owner].word, words[owner].good,
        g_strdup_printf("%s%s%s%s", whose, what != NULL ? "; " : "", what != NULL ? what : "", waits));
}

void claim_seen_look(struct claim_seen *seen, const struct drop *drop, const struct claim_viewer *viewer)
{
    struct claim_text claim;
    GError *error = NULL;

    *seen = (struct claim_seen){0};
    if (!drop->claim) {
        say(seen, "off", true, g_strdup("claim=no: nothing protects it from a second gateway"));
        return;
    }
    struct connection *connection = drop->transport->open(drop, CONNECTION_OUT);
    if (!drop->transport->claim_read(connection, &claim, &error)) {
        say(seen, "unreadable", false, g_strdup(error->message));
        g_error_free(error);
    } else if (!claim.folder) {
        say(seen, "", true, g_strdup_printf("nobody claims it: there is no folder %s", drop->out));
    } else {
        say_owner(seen, viewer, drop, &claim);
        g_free(claim.text);
    }
    drop->transport->close(connection);
}

void claim_seen_clear(struct claim_seen *seen)
{
    witness_free(seen->witness);
    g_free(seen->text);
    g_free(seen->order);
    g_free(seen->key);
}
