/*
 * Operators who have files of the gateway delivered once more, as `redeliver` offers it: files that they name, those of
 * a batch, of a recipient, of a type, of a time. The answer names the files; the judge asks for each that it names, and
 * that it names what was asked for. Recipients put a file away that they have read before.
 *
 * After a recovery they set a sender's number: the program refuses it while lost files have not come again; once they
 * have, its sender says so.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

enum { MOST_NAMED = 3, LOST_NUMBERS = 20 };

struct redeliveries {
    struct redelivery *asked; /* that which waits for its answer; NULL: none. The oracle's. */
    GPtrArray *named;         /* char *: the answer's */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "redeliveries");
}

/* ---- the answer ---- */

static void read_answer(struct world *world, json_t *order)
{
    json_t *name;
    size_t i;

    json_array_foreach(json_object_get(order, "list"), i, name)
        g_ptr_array_add(world->redeliveries->named, g_strdup(json_string_value(name)));
    const char *file = json_string_value(json_object_get(order, "file"));
    if (world->redeliveries->named->len == 0 && file != NULL)
        g_ptr_array_add(world->redeliveries->named, g_strdup(file));
}

static void answered(struct world *world, int status, const char *kind)
{
    struct redeliveries *redeliveries = world->redeliveries;

    if (status == 0)
        kinds_seen((enum kind)strtoul(kind, NULL, 10));
    oracle_redelivered_all(world->oracle, redeliveries->asked, status, redeliveries->named);
    g_ptr_array_set_size(redeliveries->named, 0);
    redeliveries->asked = NULL;
}

static void give(struct world *world, enum kind kind, const struct redelivery_choice *choice, GPtrArray *argv)
{
    g_autofree char *number = g_strdup_printf("%d", (int)kind);
    static const char *const reason[] = {"--reason", "its recipient has lost it"};

    g_ptr_array_add(argv, (char *)reason[0]);
    g_ptr_array_add(argv, (char *)reason[1]);
    g_ptr_array_add(argv, NULL);
    g_autofree char *words = g_strjoinv(" ", (char **)argv->pdata);
    sim_say(world->sim, "an operator orders: %s", words);
    world->redeliveries->asked = oracle_asks_again(world->oracle, choice);
    operators_run(world, read_answer, answered, number, (const char *const *)argv->pdata);
}

/* ---- which ---- */

/* Files that were named: some that their recipients have taken. */
static void ask_by_name(struct world *world, GPtrArray *argv)
{
    g_autoptr(GPtrArray) taken = oracle_taken(world->oracle);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (unsigned n = 1 + (unsigned)random_below(chance_of(world), MOST_NAMED); n > 0 && taken->len > 0; n--)
        g_ptr_array_add(names, taken->pdata[random_below(chance_of(world), taken->len)]);
    for (unsigned i = 0; i < names->len; i++)
        g_ptr_array_add(argv, names->pdata[i]);
    if (names->len > 0)
        give(world, SEEN_REDELIVER_NAMES, &(struct redelivery_choice){.names = names}, argv);
}

static void ask_by_batch(struct world *world, GPtrArray *argv)
{
    unsigned last = GPOINTER_TO_UINT(g_hash_table_lookup(world->sequences, "EMI"));
    g_autofree char *batch = g_strdup_printf("B-%u", 1 + (unsigned)random_below(chance_of(world), last + 1));
    g_autofree char *whole = g_strdup_printf("MCC.%s", batch);

    g_ptr_array_add(argv, (char *)"--batch");
    g_ptr_array_add(argv, whole);
    give(world, SEEN_REDELIVER_BATCH, &(struct redelivery_choice){.batch = batch}, argv);
}

/* The recipient or the type, or one of them with a time. */
static void ask_by_kind(struct world *world, GPtrArray *argv)
{
    static const struct {
        const char *word, *folder;
    } recipients[] = {{"MCC", "mcc"}, {"TCSP", "tcos"}, {"ECSP", "ecos"}, {"DCC", "dcc"}};
    static const char *const types[] = {"EMA", "EMD", "EMW", "EMO", "INC", "ECOSMIG-001", "ECOSMIG-002"};
    char since[WHEN_SIZE], until[WHEN_SIZE];
    uint64_t way = random_below(chance_of(world), 3);
    size_t which = random_below(chance_of(world), way == 0 ? G_N_ELEMENTS(recipients) : G_N_ELEMENTS(types));
    int64_t span = SIM_HOUR * (1 + (int64_t)random_below(chance_of(world), 48));
    struct redelivery_choice choice = {.until = sim_now(world->sim) - (int64_t)random_below(chance_of(world), SIM_DAY)};

    choice.since = choice.until - span;
    choice.folder = way == 0 ? recipients[which].folder : NULL;
    choice.type = way != 0 ? types[which] : NULL;
    g_ptr_array_add(argv, (char *)(way == 0 ? "--recipient" : "--type"));
    g_ptr_array_add(argv, (char *)(way == 0 ? recipients[which].word : types[which]));
    g_ptr_array_add(argv, (char *)"--since");
    g_ptr_array_add(argv, (char *)when_text(choice.since, since));
    if (way == 2) {
        g_ptr_array_add(argv, (char *)"--until");
        g_ptr_array_add(argv, (char *)when_text(choice.until, until));
    } else {
        choice.until = INT64_MAX;
    }
    give(world,
         way == 0   ? SEEN_REDELIVER_RECIPIENT
         : way == 1 ? SEEN_REDELIVER_TYPE
                    : SEEN_REDELIVER_TIME,
         &choice, argv);
}

static void redeliver(struct sim *sim, void *user)
{
    struct world *world = user;
    uint64_t way = random_below(chance_of(world), 5);

    if (world->settling)
        return;
    world_after(world, "redeliveries", world->rates.redelivered, redeliver);
    if (machines_are_down(world) || world->redeliveries->asked != NULL || !sim_has(sim, "redeliveries"))
        return;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)"--json");
    g_ptr_array_add(argv, (char *)"redeliver");
    if (way == 0)
        ask_by_name(world, argv);
    else if (way == 1)
        ask_by_batch(world, argv);
    else
        ask_by_kind(world, argv);
}

/* ---- a number after a recovery ---- */

static void was_set(struct world *world, int status, const char *type)
{
    if (status == 0)
        kinds_seen(SEEN_SEQUENCE_AFTER);
    if (status == 0 && !oracle_came_again(world->oracle, type))
        sim_say(world->sim, "not all lost files of %s have come again", type);
}

static void set_number(struct sim *sim, void *user)
{
    static const char *const types[] = {"EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY"};
    struct world *world = user;
    const char *type = types[random_below(chance_of(world), G_N_ELEMENTS(types))];
    unsigned last = GPOINTER_TO_UINT(g_hash_table_lookup(world->sequences, type));
    unsigned back = (unsigned)random_below(chance_of(world), LOST_NUMBERS);

    if (world->settling)
        return;
    world_after(world, "numbers after recoveries", world->rates.redelivered, set_number);
    if (restores_back_to(world) == 0 || machines_are_down(world) || last <= back + 1 ||
        !sim_has(sim, "numbers after recoveries"))
        return;
    g_autofree char *number = g_strdup_printf("%u", last - back);
    bool came = oracle_came_again(world->oracle, type);
    sim_say(sim, "an operator sets the number of %s to %s%s", type, number,
            came ? "; its sender says that all lost files have come" : "");
    const char *const argv[] = {"sequence", "set",      sender_of(type)->org,     type,
                                number,     "--reason", "its numbers begin anew", came ? "--forget-lost" : NULL,
                                NULL};
    operators_run(world, NULL, was_set, type, argv);
}

/* ---- */

void redeliveries_begin(struct world *world)
{
    world->redeliveries = world_keep(world, g_new0(struct redeliveries, 1));
    world->redeliveries->named = g_ptr_array_new_with_free_func(g_free);
    world_after(world, "redeliveries", world->rates.redelivered, redeliver);
    world_after(world, "numbers after recoveries", world->rates.redelivered, set_number);
}

void redeliveries_free(struct world *world)
{
    g_ptr_array_free(world->redeliveries->named, TRUE);
}
