/*
 * What operators keep back (holds of a Device or a batch, pauses of dispatch or of a drop) and withdraw. From the
 * answer to the order on it is in force, until the operator gives the order that ends it. Work orders are judged by
 * their times, and not at all once the gateway's clock was wrong; drops by what lies in them. What a restore may have
 * lost is in force no more.
 */
#include "tests/sim/oracle_private.h"

#include <string.h>

/* A pass that has begun goes on with the time of its beginning: what it does around the end of a hold may look like
 * work within it. */
static const int64_t PASS = SIM_HOUR;

struct keeping *oracle_gave(struct oracle *oracle, enum oracle_keeping kind, const char *subject, const char *device)
{
    struct keeping *keeping = g_new0(struct keeping, 1);

    keeping->kind = kind;
    keeping->subject = g_strdup(subject);
    keeping->device = g_strdup(device);
    g_ptr_array_add(oracle->keepings, keeping);
    return keeping;
}

void oracle_free_keeping(void *data)
{
    struct keeping *keeping = data;

    g_clear_pointer(&keeping->names, g_hash_table_destroy);
    g_free(keeping->subject);
    g_free(keeping->device);
    g_free(keeping);
}

static bool is_withdrawal(const struct keeping *keeping)
{
    return keeping->kind == ORACLE_WITHDRAWN_ITEM || keeping->kind == ORACLE_WITHDRAWN_BATCH;
}

static bool is_in_force(const struct keeping *keeping)
{
    return keeping->from != 0 && keeping->until == 0;
}

void oracle_kept(struct oracle *oracle, struct keeping *keeping)
{
    keeping->from = sim_now(oracle->sim);
}

void oracle_withdrew(struct oracle *oracle, struct keeping *keeping, GHashTable *lying)
{
    keeping->from = sim_now(oracle->sim);
    keeping->names = lying;
}

void oracle_lay(struct keeping *keeping, GHashTable *lying)
{
    if (is_in_force(keeping))
        keeping->names = lying;
    else
        g_hash_table_destroy(lying);
}

/* What an operator has released, or a restore may have lost. */
static void end(struct oracle *oracle, struct keeping *keeping)
{
    if (is_in_force(keeping))
        keeping->until = sim_now(oracle->sim);
}

static void judge_lying(struct oracle *oracle, const struct keeping *keeping, GHashTable *lying)
{
    bool in = keeping->kind == ORACLE_PAUSED_IN;
    GHashTable *first = in ? keeping->names : lying, *second = in ? lying : keeping->names;
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(first), (GCompareFunc)strcmp);

    for (const GList *name = names; name != NULL; name = name->next)
        if (!g_hash_table_contains(second, name->data))
            sim_broken(oracle->sim, "kept", "%s %s drop %s, where an operator has paused what %s", (char *)name->data,
                       in ? "was taken from" : "was put into", keeping->subject, in ? "comes in" : "goes out");
}

void oracle_ends(struct oracle *oracle, struct keeping *keeping, GHashTable *lying)
{
    if (lying != NULL && is_in_force(keeping) && keeping->names != NULL)
        judge_lying(oracle, keeping, lying);
    end(oracle, keeping);
}

void oracle_keeps_restored(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->keepings->len; i++)
        if (!is_withdrawal(oracle->keepings->pdata[i]))
            end(oracle, oracle->keepings->pdata[i]);
}

void oracle_keeps_released(struct oracle *oracle, const char *device)
{
    for (unsigned i = 0; i < oracle->keepings->len; i++) {
        struct keeping *keeping = oracle->keepings->pdata[i];
        if (keeping->kind == ORACLE_HELD_ITEM && strcmp(keeping->device, device) == 0)
            end(oracle, keeping);
    }
}

/* ---- files ---- */

void oracle_keeps_put(struct oracle *oracle, const char *name, const char *type)
{
    const struct sender *sender = sender_of(type);

    for (unsigned i = 0; i < oracle->keepings->len && sender != NULL; i++) {
        struct keeping *keeping = oracle->keepings->pdata[i];
        if (keeping->kind == ORACLE_PAUSED_IN && is_in_force(keeping) && keeping->names != NULL &&
            strcmp(keeping->subject, sender->drop) == 0)
            g_hash_table_add(keeping->names, g_strdup(name));
    }
}

void oracle_keeps_took(struct oracle *oracle, const char *folder, const char *name)
{
    for (unsigned i = 0; i < oracle->keepings->len; i++) {
        const struct keeping *keeping = oracle->keepings->pdata[i];
        size_t length = strlen(keeping->subject);
        if (keeping->kind == ORACLE_PAUSED_OUT && is_in_force(keeping) && keeping->names != NULL &&
            strncmp(folder, keeping->subject, length) == 0 && strchr("/", folder[length]) != NULL &&
            !g_hash_table_contains(keeping->names, name))
            sim_broken(oracle->sim, "kept", "%s came to %s, where an operator has paused what goes out", name, folder);
    }
}

/* ---- work ---- */

static bool is_about(const struct keeping *keeping, const struct item *item)
{
    size_t length = strlen(keeping->subject);

    switch (keeping->kind) {
    case ORACLE_HELD_ITEM:
    case ORACLE_WITHDRAWN_ITEM:
        return strcmp(keeping->subject, item->id) == 0;
    case ORACLE_HELD_BATCH:
    case ORACLE_WITHDRAWN_BATCH:
        return strncmp(keeping->subject, item->id, length) == 0 && item->id[length] == '.';
    case ORACLE_PAUSED_DISPATCH:
        return true;
    default:
        return false;
    }
}

bool oracle_was_withdrawn(const struct oracle *oracle, const struct item *item)
{
    for (unsigned i = 0; i < oracle->keepings->len; i++) {
        const struct keeping *keeping = oracle->keepings->pdata[i];
        if (is_withdrawal(keeping) && is_about(keeping, item))
            return true;
    }
    return false;
}

/* The work order was made while the keeping was in force, and no clock had been wrong until it was taken. */
static bool covers(const struct oracle *oracle, const struct keeping *keeping, const struct order *order)
{
    bool wrong = oracle->clock_wrong && order->taken_at >= oracle->wrong_since;

    if (wrong || keeping->from == 0 || order->at <= keeping->from || oracle_was_lost(oracle, keeping->from, order->at))
        return false;
    return keeping->until == 0 || order->at < keeping->until - PASS;
}

/* The work ended at once, and this order was not in the drop then. */
static bool comes_after_end(const struct oracle *oracle, const struct keeping *keeping, const struct order *order)
{
    return keeping->names != NULL && oracle->restores == 0 && is_withdrawal(keeping) &&
           !g_hash_table_contains(keeping->names, order->file);
}

void oracle_keeps_ordered(struct oracle *oracle, const struct item *item, const struct order *order)
{
    for (unsigned i = 0; i < oracle->keepings->len; i++) {
        const struct keeping *keeping = oracle->keepings->pdata[i];
        if (!is_about(keeping, item) || (!covers(oracle, keeping, order) && !comes_after_end(oracle, keeping, order)))
            continue;
        bool withdrawn = is_withdrawal(keeping);
        oracle_broken(oracle, item, withdrawn ? "withdrawn" : "kept", "%s of %s: %s orders it; an operator has %s %s",
                      item->id, item->device, order->file, withdrawn ? "withdrawn" : "kept back",
                      *keeping->subject != '\0' ? keeping->subject : "all work orders");
    }
}

/* ---- the end ---- */

/* A side has stated a success of the Device: then it goes on. */
static bool has_success(struct oracle *oracle, const struct item *item)
{
    const struct device_facts *device = oracle_device(oracle, item->device);

    for (unsigned i = 0; i < device->items->len; i++)
        if (((const struct item *)device->items->pdata[i])->said_at != 0)
            return true;
    return false;
}

/* What was withdrawn and no side has called replaced ends as C123, which is no failure. */
static void judge_withdrawn(struct oracle *oracle, const struct item *item, const struct keeping *keeping)
{
    if (keeping->from == 0 || oracle->clock_wrong || oracle->restores > 0 || has_success(oracle, item) ||
        (item->ended_at != 0 && item->ended_at <= keeping->from))
        return;
    if (strcmp(item->outcome, "REJECTED") != 0 || strcmp(item->code, "C123") != 0)
        oracle_broken(oracle, item, "withdrawn", "%s of %s is withdrawn, and is %s %s", item->id, item->device,
                      item->outcome, item->code);
    if (item->rows_002 > 0)
        oracle_broken(oracle, item, "withdrawn", "%s of %s is withdrawn, and in an ECOSMIG-002", item->id,
                      item->device);
}

void oracle_judge_keeps(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        const struct item *item = oracle->order_of_items->pdata[i];
        bool asked = false;
        if (item->verdict == NULL || !item->accepted)
            continue;
        for (unsigned k = 0; k < oracle->keepings->len; k++) {
            const struct keeping *keeping = oracle->keepings->pdata[k];
            if (!is_withdrawal(keeping) || !is_about(keeping, item))
                continue;
            asked = true;
            judge_withdrawn(oracle, item, keeping);
        }
        if (strcmp(item->code, "C123") == 0 && !asked)
            oracle_broken(oracle, item, "withdrawn", "%s of %s is %s with C123, and no operator has withdrawn it",
                          item->id, item->device, item->outcome);
    }
}
