/* The numbers come from the ledger in one short query, and are kept as long as no row changes. */
#include "gateway/home_witness.h"

#include "gateway/clock.h"
#include "spool/ledger/ledger_evidence.h"

#include <string.h>

static bool raise_number(void *user, const char *name, int64_t value, GError **error)
{
    (void)error; /* nothing here can fail */
    (void)witness_raise(user, name, value);
    return true;
}

static struct witness *ask_ledger(struct gateway *gateway, GError **error)
{
    g_autoptr(witness_t) witness = witness_new();
    struct ledger_evidence_head head;

    g_free(witness->ledger);
    g_free(witness->instance);
    witness->ledger = g_strdup(gateway->identity.ledger);
    witness->instance = g_strdup(gateway->instance);
    witness->generation = gateway->identity.generation;
    if (!ledger_numbers_each(gateway->ledger, raise_number, witness, error) ||
        !ledger_evidence_head(gateway->ledger, &head, error))
        return NULL;
    g_free(witness->evidence);
    witness->evidence = g_strdup_printf("%" G_GINT64_FORMAT " %s", head.n, head.digest);
    return g_steal_pointer(&witness);
}

/* Only one process writes to the ledger, and it does so by one connection. Another process has to ask each time. */
static bool is_kept(const struct gateway *gateway)
{
    const struct witness *own = gateway->own;

    return own != NULL && *gateway->instance != '\0' && gateway->own_changes == ledger_changes(gateway->ledger) &&
           own->generation == gateway->identity.generation && strcmp(own->ledger, gateway->identity.ledger) == 0 &&
           strcmp(own->instance, gateway->instance) == 0;
}

const struct witness *home_witness_now(struct gateway *gateway, GError **error)
{
    /* A witness must know no number that a power cut could take from the ledger. */
    if (!ledger_settle(gateway->ledger, error))
        return NULL;
    if (!is_kept(gateway)) {
        g_clear_pointer(&gateway->own, witness_free);
        gateway->own = ask_ledger(gateway, error);
        gateway->own_changes = ledger_changes(gateway->ledger);
    }
    if (gateway->own != NULL)
        gateway->own->written = clock_now();
    return gateway->own;
}

struct witness *home_witness_of(struct gateway *gateway, GError **error)
{
    const struct witness *own = home_witness_now(gateway, error);

    return own != NULL ? witness_copy(own) : NULL;
}

/* Do both say the same of the ledger? Who wrote it when does not count. */
static bool says_the_same(const struct witness *a, const struct witness *b)
{
    GHashTableIter iter;
    gpointer name, value;
    bool same = a->generation == b->generation && strcmp(a->ledger, b->ledger) == 0 &&
                strcmp(a->instance, b->instance) == 0 && strcmp(a->evidence, b->evidence) == 0 &&
                g_hash_table_size(a->numbers) == g_hash_table_size(b->numbers);

    g_hash_table_iter_init(&iter, a->numbers);
    while (same && g_hash_table_iter_next(&iter, &name, &value))
        same = witness_number(b, name) == *(const int64_t *)value;
    return same;
}

/* A home of an older configuration goes on without a witness where the default cannot be made; doctor says so too.
 * True: it may go on. */
static bool excuse_missing(const struct gateway *gateway, const GError *cause)
{
    bool exists = true;

    if (gateway->config->witness_given || !disk_exists(gateway->config->witness, &exists, NULL) || exists)
        return false;
    log_event(LOG(EVENT_WITNESS_MISSING),
              "there is no witness, so that a restored older ledger would not be recognised: %s; set witness= of "
              "[gateway] to a file that the gateway's user can write",
              cause->message);
    return true;
}

/* Says that the witness is gone, unless it never was there. */
static void note_missing(const struct gateway *gateway)
{
    bool exists = true;

    if (gateway->witness == NULL && gateway->identity.generation > 1 && gateway->config->witness_given &&
        disk_exists(gateway->config->witness, &exists, NULL) && !exists)
        log_event(LOG(EVENT_WITNESS_MADE),
                  "the witness %s is missing and is made anew: an older ledger would not have been recognised",
                  gateway->config->witness);
}

bool home_witness_keep(struct gateway *gateway, GError **error)
{
    const struct witness *witness = home_witness_now(gateway, error);

    if (witness == NULL)
        return false;
    note_missing(gateway);
    if (gateway->witness != NULL && says_the_same(witness, gateway->witness))
        return true;
    GError *cause = NULL;
    if (!witness_write(STEP_WITNESS_WRITTEN, gateway->config->witness, witness, &cause) &&
        !excuse_missing(gateway, cause)) {
        g_propagate_prefixed_error(error, cause, "the witness cannot be written, and without it nothing leaves: ");
        return false;
    }
    g_clear_error(&cause);
    witness_free(gateway->witness);
    gateway->witness = witness_copy(witness);
    return true;
}
