/*
 * Files that an operator has delivered once more. What is chosen is not known before the answer, which names it: until
 * then each file that may fit may come once more; afterwards those that the answer names, and no others.
 */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <string.h>

struct redelivery {
    int64_t at;
    GHashTable *may;  /* names that were taken before and may be chosen */
    GHashTable *must; /* names of which the choice is sure */
};

static bool has_type(const char *name, const char *type)
{
    size_t len = strlen(type);

    return strncmp(name, type, len) == 0 && name[len] == '_';
}

/* A file that was taken was delivered between its creation and that time. */
static bool may_fit(const struct redelivery_choice *choice, const char *name, const struct taken *taken)
{
    static const char *const of_batch[] = {"EMA", "EMD", "EMW", "EMO"};
    bool fits = choice->batch == NULL;

    if (choice->names != NULL)
        return g_ptr_array_find_with_equal_func(choice->names, name, g_str_equal, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(of_batch); i++)
        fits |= has_type(name, of_batch[i]);
    return fits && (choice->type == NULL || has_type(name, choice->type)) &&
           (choice->folder == NULL || strcmp(taken->folder, choice->folder) == 0) &&
           (taken->at >= choice->since || taken->times < taken->may_come); /* it may lie there once more */
}

/* Not where its delivery and a bound may be in either order, nor while it comes once more already. */
static bool must_fit(const struct redelivery_choice *choice, const char *name, const struct taken *taken)
{
    bool quiet = taken->times == 1 && taken->may_come == 1;

    if (choice->names != NULL || choice->batch != NULL || !quiet || !may_fit(choice, name, taken))
        return false;
    return taken->made_at >= choice->since + SIM_HOUR &&
           (choice->until == INT64_MAX || taken->at + SIM_HOUR < choice->until);
}

struct redelivery *oracle_asks_again(struct oracle *oracle, const struct redelivery_choice *choice)
{
    struct redelivery *redelivery = g_new0(struct redelivery, 1);
    GHashTableIter iter;
    gpointer name, data;

    redelivery->at = sim_now(oracle->sim);
    redelivery->may = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    redelivery->must = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_iter_init(&iter, oracle->taken);
    while (g_hash_table_iter_next(&iter, &name, &data)) {
        struct taken *taken = data;
        if (!may_fit(choice, name, taken))
            continue;
        g_hash_table_add(redelivery->may, g_strdup(name));
        if (must_fit(choice, name, taken))
            g_hash_table_add(redelivery->must, g_strdup(name));
        oracle_redelivered(oracle, name);
        taken->put_away = true;
    }
    return redelivery;
}

/* A file that lay in its drop when the order was given comes twice, if it is taken before the order is carried out. */
static void check_named(struct oracle *oracle, const struct redelivery *redelivery, const char *name)
{
    struct taken *taken = g_hash_table_lookup(oracle->taken, name);

    (void)g_hash_table_remove(redelivery->must, name);
    if (taken != NULL && g_hash_table_remove(redelivery->may, name))
        oracle_comes_again(oracle, name);
    else if (taken != NULL && taken->first_at < redelivery->at)
        sim_broken(oracle->sim, "redelivered", "%s is delivered once more, and nobody has asked for it", name);
    else if (taken != NULL)
        oracle_redelivered(oracle, name);
    else
        g_hash_table_add(oracle->lying, g_strdup(name));
}

void oracle_redelivery_first(const struct oracle *oracle, const char *name, struct taken *taken)
{
    bool unknown = taken->made_at <= oracle->unanswered_at && oracle->unanswered_at != 0;

    taken->put_away = unknown || g_hash_table_contains(oracle->lying, name);
    taken->may_come = taken->put_away ? 2 : 1;
}

/* What is not named does not come. If nobody has seen the answer, it may. */
static void forget(struct oracle *oracle, const struct redelivery *redelivery)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, redelivery->may);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        struct taken *taken = g_hash_table_lookup(oracle->taken, name);
        taken->may_come--;
    }
}

void oracle_redelivered_all(struct oracle *oracle, struct redelivery *redelivery, int status, const GPtrArray *names)
{
    for (unsigned i = 0; i < names->len && status == 0; i++)
        check_named(oracle, redelivery, names->pdata[i]);
    g_autoptr(GList) missing = g_list_sort(g_hash_table_get_keys(redelivery->must), (GCompareFunc)strcmp);
    if (status == 0 && missing != NULL && oracle->restores == 0 && !oracle->clock_wrong)
        sim_broken(oracle->sim, "redelivered", "%s was asked for once more, and the answer does not name it",
                   (const char *)missing->data);
    if (status == 0 || status == 1)
        forget(oracle, redelivery);
    else /* the order may have been carried out, and may still be */
        oracle->unanswered_at = sim_now(oracle->sim);
    g_hash_table_destroy(redelivery->may);
    g_hash_table_destroy(redelivery->must);
    g_free(redelivery);
}

GPtrArray *oracle_taken(const struct oracle *oracle)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(oracle->taken), (GCompareFunc)strcmp);
    GPtrArray *all = g_ptr_array_new();

    for (const GList *name = names; name != NULL; name = name->next)
        g_ptr_array_add(all, name->data);
    return all;
}

bool oracle_was_put_away(const struct oracle *oracle, const char *name)
{
    const struct taken *taken = g_hash_table_lookup(oracle->taken, name);

    return taken != NULL && taken->put_away;
}

bool oracle_came_again(const struct oracle *oracle, const char *type)
{
    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        const struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        bool lost = false, again = false;
        for (unsigned v = 0; v < inbound->verdicts->len; v++) {
            lost |= ((const struct verdict *)inbound->verdicts->pdata[v])->lost;
            again |= !((const struct verdict *)inbound->verdicts->pdata[v])->lost;
        }
        if (strcmp(inbound->type, type) == 0 && !again && (lost || inbound->verdicts->len == 0))
            return false;
    }
    return true;
}

unsigned oracle_answered(const struct oracle *oracle, const char *type)
{
    unsigned highest = 0;

    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        const struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        const char *number = strrchr(inbound->name, '_');
        if (strcmp(inbound->type, type) != 0 || number == NULL)
            continue;
        for (unsigned v = 0; v < inbound->verdicts->len; v++)
            if (strcmp(((const struct verdict *)inbound->verdicts->pdata[v])->outcome, "RJ") != 0)
                highest = MAX(highest, oracle_number(number + 1));
    }
    return highest;
}
