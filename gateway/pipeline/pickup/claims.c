/* One guard for each direction of each drop, and one A110 for each drop. */
#include "gateway/pipeline/pickup/claims.h"

#include "gateway/pipeline/watches/ledger_watch.h"
#include "gateway/pipeline/outage.h"
#include "gateway/clock.h"
#include "gateway/drops/transport.h"
#include "spool/ledger/ledger_claims.h"

#include <string.h>

G_DEFINE_QUARK(ecosgate - claims - error, claims_error)

struct drop_claim {
    const struct drop *drop;
    struct claim_guard guards[2]; /* by enum connection_direction */
    struct outage outage;         /* A110 */
    char *place;                  /* of its `out`: a drop with another one is another drop */
    bool held;                    /* the drop was ours since the home was opened; as gateway->held says */
    bool foreign;                 /* the last look found a claim that is not ours */
    bool held_back;               /* the last look found none, and none is made while another drop is foreign */
};

struct claims {
    struct gateway *gateway;
    GPtrArray *drops; /* struct drop_claim, in the configuration's order */
};

static void free_drop(gpointer user)
{
    struct drop_claim *of = user;

    for (size_t i = 0; i < G_N_ELEMENTS(of->guards); i++)
        claim_guard_clear(&of->guards[i]);
    outage_clear(&of->outage);
    g_free(of->place);
    g_free(of);
}

/* Kept in the gateway, so that a pipeline which takes the place of another one knows it too. */
static void set_held(struct claims *claims, struct drop_claim *of, bool held)
{
    struct gateway *gateway = claims->gateway;

    of->held = held;
    if (gateway->held == NULL)
        gateway->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (held)
        g_hash_table_add(gateway->held, g_strdup(of->place));
    else
        (void)g_hash_table_remove(gateway->held, of->place); /* false: it was not ours before */
}

static bool add_drop(struct claims *claims, const struct drop *drop, GError **error)
{
    struct drop_claim *of = g_new0(struct drop_claim, 1);

    of->drop = drop;
    of->place = drop->transport->folder_key(drop, drop->out);
    of->held = claims->gateway->held != NULL && g_hash_table_contains(claims->gateway->held, of->place);
    for (size_t i = 0; i < G_N_ELEMENTS(of->guards); i++)
        claim_guard_init(&of->guards[i], drop);
    g_ptr_array_add(claims->drops, of);
    return outage_init(&of->outage, claims->gateway, OUTAGE_CLAIM, drop, error);
}

struct claims *claims_new(struct gateway *gateway, GError **error)
{
    struct claims *claims = g_new0(struct claims, 1);

    claims->gateway = gateway;
    claims->drops = g_ptr_array_new_with_free_func(free_drop);
    for (guint i = 0; i < gateway->config->drops->len; i++) {
        if (!add_drop(claims, gateway->config->drops->pdata[i], error)) {
            claims_free(claims);
            return NULL;
        }
    }
    gateway->claims = claims;
    return claims;
}

void claims_free(struct claims *claims)
{
    if (claims == NULL)
        return;
    claims->gateway->claims = NULL;
    g_ptr_array_unref(claims->drops);
    g_free(claims);
}

static struct drop_claim *find(const struct claims *claims, const struct drop *drop)
{
    guint i = 0;

    while (((struct drop_claim *)claims->drops->pdata[i])->drop != drop)
        i++; /* every drop of the configuration has one */
    return claims->drops->pdata[i];
}

struct claim_guard *claims_guard(struct claims *claims, const struct drop *drop, enum connection_direction direction)
{
    return &find(claims, drop)->guards[direction];
}

/* ---- before a task ---- */

/* Another drop that belongs to another gateway; NULL: none does. */
static const struct drop_claim *pending(const struct claims *claims, const struct drop_claim *besides)
{
    for (guint i = 0; i < claims->drops->len; i++) {
        const struct drop_claim *of = claims->drops->pdata[i];
        if (of != besides && of->foreign)
            return of;
    }
    return NULL;
}

bool claims_prepare(struct claims *claims, struct claim_guard *guard, bool leaving, GError **error)
{
    struct drop_claim *of = find(claims, guard->drop);

    if (!guard->drop->claim)
        return true;
    g_clear_pointer(&guard->taking, g_free);
    if (!of->held && !ledger_claim_take_get(claims->gateway->ledger, guard->drop->name, &guard->taking, error))
        return false;
    guard->leaving = leaving;
    const struct drop_claim *other = of->held ? NULL : pending(claims, of);
    guard->pending = other != NULL ? other->drop->name : NULL;
    if (!leaving && guard->own != NULL) {
        guard->own->written = clock_now(); /* no number need be known */
        return true;
    }
    struct witness *own = home_witness_of(claims->gateway, error);
    if (own == NULL)
        return false;
    claim_guard_set(guard, own, leaving);
    return true;
}

/* ---- after a task ---- */

/* What the claim means to us, decided with the ledger. One that was approved and is still there cannot be replaced. */
enum meaning { MEANS_APPROVED, MEANS_BEHIND, MEANS_SUPERSEDED, MEANS_FOREIGN };

static bool judge(const struct claims *claims, const struct drop_claim *of, const struct claim_guard *guard,
                  enum meaning *meaning, GError **error)
{
    struct gateway *gateway = claims->gateway;
    bool behind = false, replaced = false;

    *meaning = MEANS_FOREIGN;
    if (guard->found == NULL)
        return true;
    /* Without `held` the ledger itself may be an older one: then a newer start has not taken over, but came before. */
    if (of->held && (guard->owner == CLAIM_NEWER || guard->owner == CLAIM_TWIN)) {
        *meaning = MEANS_SUPERSEDED;
        return true;
    }
    if (!ledger_watch_drop_witness(gateway, guard->drop->name, guard->found, &behind, error) ||
        (guard->owner == CLAIM_OTHER && !ledger_watch_replaces(gateway, guard->found, &replaced, error)))
        return false;
    if (behind)
        *meaning = MEANS_BEHIND;
    else if ((guard->owner == CLAIM_OLDER || replaced || (guard->owner == CLAIM_TWIN && claim_is_given(guard))) &&
             g_strcmp0(guard->approved, guard->found->instance) != 0)
        *meaning = MEANS_APPROVED;
    return true;
}

/* Tells A110 and ends the process. Nothing else is committed: what the ledger says is old. */
static bool end_superseded(struct claims *claims, const struct drop_claim *of, const struct claim_guard *guard,
                           GError **error)
{
    g_autofree char *who = claim_describe(guard->owner, guard->found);

    claims->gateway->failed = true;
    if (!outage_commit_incident(claims->gateway, "A110", of->drop->name, who, error))
        g_prefix_error(error, "drop %s: %s; A110 cannot be recorded: ", of->drop->name, who);
    else
        g_set_error(error, CLAIMS_ERROR, CLAIMS_ERROR_SUPERSEDED,
                    "drop %s (A110): %s. It has taken over, so this process ends; it has delivered and "
                    "removed nothing since. Start the gateway on one machine only",
                    of->drop->name, who);
    return false;
}

/* No incident of its own: the drop that is foreign has one. It no longer holds back others itself: else two drops whose
 * foreign claims were removed would wait for each other. */
static void hold_back(struct claims *claims, struct drop_claim *of, const GError *cause)
{
    claims->gateway->failed = true;
    of->foreign = false;
    log_event(LOG(EVENT_CLAIM_HELD_BACK, .drop = of->drop->name), "drop %s: %s", of->drop->name, cause->message);
    of->held_back = true;
}

/* The order to take the drop was for another claim: a gateway that came back after it is not pushed aside by it. */
static bool end_order(struct claims *claims, const struct claim_guard *guard, GError **error)
{
    if (guard->taking == NULL || guard->key == NULL || claim_is_given(guard))
        return true;
    log_event(LOG(EVENT_CLAIM_KEPT, .drop = guard->drop->name),
              "drop %s: its claim is not the one that 'claim take' was given for, and is not replaced; see 'ecosgate "
              "claim list', end the other gateway, and give 'claim take' again",
              guard->drop->name);
    return ledger_claim_take_clear(claims->gateway->ledger, guard->drop->name, error);
}

bool claims_settle(struct claims *claims, struct claim_guard *guard, GError *cause, GError **error)
{
    struct drop_claim *of = find(claims, guard->drop);
    enum meaning meaning;

    if (guard->owner == CLAIM_NOBODY && guard->pending != NULL && guard->taking == NULL) {
        hold_back(claims, of, cause);
        g_error_free(cause);
        return true;
    }
    if (!judge(claims, of, guard, &meaning, error)) {
        g_error_free(cause);
        return false;
    }
    switch (meaning) {
    case MEANS_FOREIGN:
        set_held(claims, of, false);
        of->foreign = true;
        return outage_record_failure(&of->outage, cause, error) && end_order(claims, guard, error);
    case MEANS_APPROVED:
        g_free(guard->approved);
        guard->approved = g_strdup(guard->found->instance);
        break;
    case MEANS_SUPERSEDED:
        (void)end_superseded(claims, of, guard, error); /* false: *error is set */
        break;
    case MEANS_BEHIND:
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "drop %s: its claim knows more of this ledger than the ledger itself (A109); see 'ecosgate status'",
                    of->drop->name);
        break;
    }
    g_error_free(cause);
    return meaning == MEANS_APPROVED;
}

/* The order to take the drop is carried out, or there was nothing left to take. */
static bool clear_order(const struct claims *claims, const struct drop_claim *of, GError **error)
{
    g_autofree char *given = NULL;

    return ledger_claim_take_get(claims->gateway->ledger, of->drop->name, &given, error) &&
           (given == NULL || ledger_claim_take_clear(claims->gateway->ledger, of->drop->name, error));
}

bool claims_confirm(struct claims *claims, struct claim_guard *guard, GError **error)
{
    struct drop_claim *of = find(claims, guard->drop);

    if (!guard->held)
        return true;
    if (guard->replaced != NULL)
        log_event(LOG(EVENT_CLAIM_TAKEN, .drop = of->drop->name),
                  "drop %s: 'claim take' has replaced its claim; before, %s", of->drop->name, guard->replaced);
    g_clear_pointer(&guard->replaced, g_free);
    g_clear_pointer(&guard->approved, g_free);
    if (!of->held && !clear_order(claims, of, error))
        return false;
    set_held(claims, of, true);
    of->foreign = of->held_back = false;
    log_over(LOG(EVENT_CLAIM_HELD_BACK, .drop = of->drop->name));
    return outage_record_success(&of->outage, error);
}

bool claims_holds(const struct claims *claims, const struct drop *drop)
{
    return find(claims, drop)->held;
}

int64_t claims_wait(const struct claims *claims, const struct drop *drop)
{
    const struct drop_claim *of = find(claims, drop);
    const struct drop_claim *other = of->held_back ? pending(claims, of) : NULL;

    return other != NULL ? MAX(outage_wait(&other->outage), G_USEC_PER_SEC) : outage_wait(&of->outage);
}

bool claims_begin_pass(struct claims *claims, GError **error)
{
    for (guint i = 0; i < claims->drops->len; i++) {
        struct drop_claim *of = claims->drops->pdata[i];
        g_autofree char *given = NULL;
        if (outage_wait(&of->outage) > 0 &&
            !ledger_claim_take_get(claims->gateway->ledger, of->drop->name, &given, error))
            return false;
        if (given != NULL)
            of->outage.retry_at = 0;
    }
    return true;
}
