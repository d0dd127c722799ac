/*
 * Orders of operators that take a decision back, or that their partners do not expect: a rejected file is judged again,
 * an instruction is held and rejected, a report is delivered once more, a sender's number is set back, an incident is
 * closed although its cause exists. Which order, and about what, is drawn; the program may refuse it.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

/* What a list had, of which one is chosen when it is complete. */
struct decisions {
    GPtrArray *found; /* names or IDs, char * */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "decisions");
}

/* One of what was found, and forgets the others; NULL: nothing was. g_free. */
static char *choose(struct world *world)
{
    GPtrArray *found = world->decisions->found;
    char *chosen = found->len > 0 ? g_strdup(found->pdata[random_below(chance_of(world), found->len)]) : NULL;

    g_ptr_array_set_size(found, 0);
    return chosen;
}

static void keep(struct world *world, const char *text)
{
    g_ptr_array_add(world->decisions->found, g_strdup(text));
}

/* ---- a file is judged again ---- */

static void keep_job(struct world *world, json_t *job)
{
    keep(world, json_string_value(json_object_get(job, "name")));
}

static void requeued(struct world *world, int status, const char *name)
{
    if (status == 0)
        oracle_requeued(world->oracle, name, true);
}

static void requeue(struct world *world, int status, const char *what)
{
    g_autofree char *name = status == 0 ? choose(world) : NULL;

    (void)what;
    if (name == NULL)
        return;
    sim_say(world->sim, "an operator has %s judged again", name);
    oracle_requeued(world->oracle, name, false);
    operators_run(world, NULL, requeued, name,
                  (const char *const[]){"spool", "requeue", name, "--reason", "it was right", NULL});
}

static void requeue_one(struct world *world)
{
    operators_run(world, keep_job, requeue, NULL,
                  (const char *const[]){"--json", "spool", "list", "--state", "rejected", NULL});
}

/* ---- an instruction is rejected ---- */

static void keep_instruction(struct world *world, json_t *job)
{
    const char *type = json_string_value(json_object_get(job, "type"));

    if (type != NULL && strcmp(type, "EMI") == 0)
        keep_job(world, job);
}

static void reject(struct world *world, int status, const char *what)
{
    g_autofree char *name = status == 0 ? choose(world) : NULL;

    (void)what;
    if (name == NULL)
        return;
    sim_say(world->sim, "an operator holds and rejects %s", name);
    operators_run(world, NULL, NULL, NULL, (const char *const[]){"spool", "hold", name, "--reason", "wait", NULL});
    operators_run(world, NULL, NULL, NULL,
                  (const char *const[]){"spool", "reject", name, "--reason", "send it again", NULL});
}

static void reject_one(struct world *world)
{
    operators_run(world, keep_instruction, reject, NULL,
                  (const char *const[]){"--json", "spool", "list", "--state", "ready", NULL});
}

/* ---- what a killed gateway left unjudged ---- */

static void hold(struct world *world, int status, const char *what)
{
    g_autofree char *name = status == 0 ? choose(world) : NULL;

    (void)what;
    if (name == NULL)
        return;
    sim_say(world->sim, "an operator holds %s", name);
    operators_run(world, NULL, NULL, NULL, (const char *const[]){"spool", "hold", name, "--reason", "wait", NULL});
}

void decisions_killed(struct world *world)
{
    if (world->settling || world->rates.decided <= 0 || !sim_has(world->sim, "decisions") || machines_are_down(world))
        return;
    if (random_chance(chance_of(world), 0.5))
        reject_one(world);
    else
        operators_run(world, keep_job, hold, NULL,
                      (const char *const[]){"--json", "spool", "list", "--state", "ready", NULL});
}

/* ---- a report is delivered once more ---- */

static void keep_report(struct world *world, json_t *file)
{
    const char *name = json_string_value(json_object_get(file, "file"));
    const char *state = json_string_value(json_object_get(file, "state"));

    if (name != NULL && state != NULL && strcmp(state, "DELIVERED") == 0 && oracle_has_reached(world->oracle, name))
        keep(world, name);
}

static void redeliver(struct world *world, int status, const char *what)
{
    g_autofree char *name = status == 0 ? choose(world) : NULL;

    (void)what;
    if (name == NULL)
        return;
    oracle_redelivered(world->oracle, name);
    operators_redeliver(world, name);
}

static void redeliver_one(struct world *world)
{
    operators_run(world, keep_report, redeliver, NULL, (const char *const[]){"--json", "report", "list", NULL});
}

/* ---- a sender's number ---- */

/* Never beyond what the gateway has answered: it would call the files between outdated. Nor after a restore: in a new
 * numbering no number is lost (OPERATIONS.md). */
static void set_sequence(struct world *world)
{
    static const char *const types[] = {"EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY"};
    const char *type = types[random_below(chance_of(world), G_N_ELEMENTS(types))];
    unsigned last = GPOINTER_TO_UINT(g_hash_table_lookup(world->sequences, type));
    unsigned back = 2 + (unsigned)random_below(chance_of(world), 20);

    if (last <= 2 || restores_back_to(world) != 0)
        return;
    back = MIN(back, last - 1);
    if (last - back > oracle_answered(world->oracle, type))
        return;
    g_autofree char *number = g_strdup_printf("%u", last - back);
    sim_say(world->sim, "an operator sets the number of %s back to %s", type, number);
    operators_run(world, NULL, NULL, NULL,
                  (const char *const[]){"sequence", "set", sender_of(type)->org, type, number, "--reason",
                                        "the sender has lost its counter", NULL});
}

/* ---- an incident is closed ---- */

/* Not those whose closing is a decision that only their partners can make: the clock, a file that removes too much,
 * reports that nobody gets. */
static void keep_incident(struct world *world, json_t *incident)
{
    static const char *const not_these[] = {"A105", "A109", "A110", "A117", "A118", "D152", NULL};
    const char *code = json_string_value(json_object_get(incident, "code"));

    if (!json_is_string(json_object_get(incident, "cleared")) && code != NULL && !g_strv_contains(not_these, code))
        keep(world, json_string_value(json_object_get(incident, "id")));
}

static void close_it(struct world *world, int status, const char *what)
{
    g_autofree char *id = status == 0 ? choose(world) : NULL;

    (void)what;
    if (id == NULL)
        return;
    sim_say(world->sim, "an operator closes %s", id);
    operators_run(world, NULL, NULL, NULL, (const char *const[]){"incident", "close", id, "--reason", "known", NULL});
}

static void close_one(struct world *world)
{
    operators_run(world, keep_incident, close_it, NULL, (const char *const[]){"--json", "incident", "list", NULL});
}

/* ---- */

static void decide(struct sim *sim, void *user)
{
    static void (*const ways[])(struct world * world) = {requeue_one, reject_one, redeliver_one, set_sequence,
                                                         close_one};
    struct world *world = user;
    size_t way = random_below(chance_of(world), G_N_ELEMENTS(ways));

    if (world->settling)
        return;
    if (sim_has(sim, "decisions") && !machines_are_down(world))
        ways[way](world);
    world_after(world, "decisions", world->rates.decided, decide);
}

void decisions_begin(struct world *world)
{
    world->decisions = g_new0(struct decisions, 1);
    world->decisions->found = g_ptr_array_new_with_free_func(g_free);
    world_after(world, "decisions", world->rates.decided, decide);
}

void decisions_free(struct world *world)
{
    g_ptr_array_free(world->decisions->found, TRUE);
    g_free(world->decisions);
}
