/* One look at the claim of a drop, on a connection of its own. */
#include "gateway/commands/claim_seen.h"

#include "spool/ledger/ledger_identity.h"

/* For people and programs, by enum claim_owner. An equal generation is ours: a command with read-only access does not
 * know the instance of the gateway that runs. */
static const struct {
    const char *word;
    bool good;
} words[] = {
    [CLAIM_NOBODY] = {"none", true},      [CLAIM_OURS] = {"ours", true},    [CLAIM_OLDER] = {"older", true},
    [CLAIM_TWIN] = {"other", false},      [CLAIM_NEWER] = {"newer", false}, [CLAIM_OTHER] = {"other", false},
    [CLAIM_EMPTY] = {"damaged", true},    [CLAIM_TORN] = {"damaged", true}, [CLAIM_DAMAGED] = {"damaged", false},
    [CLAIM_UNKNOWN] = {"unknown", false},
};

static void say(struct claim_seen *seen, const char *word, bool good, char *text)
{
    seen->word = word;
    seen->good = good;
    seen->text = text;
}

/* What to do about a claim that is not ours. g_free. */
static char *advice(enum claim_owner owner, const char *whose, const char *drop)
{
    if (words[owner].good)
        return g_strdup(whose);
    if (owner == CLAIM_NEWER)
        return g_strdup_printf("%s; if it runs elsewhere, do not start this one; if this ledger was restored, see "
                               "'ecosgate recover'",
                               whose);
    return g_strdup_printf("%s; end one of the two gateways, or give this one the drop with 'ecosgate claim take %s "
                           "--reason TEXT'",
                           whose, drop);
}

void claim_seen_look(struct claim_seen *seen, const struct drop *drop, const char *ledger, int64_t generation)
{
    const struct claim_self self = {ledger != NULL ? ledger : "", generation, ""};
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
        enum claim_owner owner = claim_owner_of(&self, claim.text, claim.len, &seen->witness);
        g_autofree char *whose = claim_describe(owner, seen->witness);
        say(seen, words[owner].word, words[owner].good, advice(owner, whose, drop->name));
        g_free(claim.text);
    }
    drop->transport->close(connection);
}

void claim_seen_clear(struct claim_seen *seen)
{
    witness_free(seen->witness);
    g_free(seen->text);
}
