/*
 * What the configuration has the gateway watch: [expect NAME], missing_number_after, taken_within; and partners who
 * give cause: numbers that their sender leaves out and that come late or never, recipients who leave their files for
 * days. DCC's mornings and MCC's days give files that come late. An operator closes what will never come.
 */
#include "tests/sim/world_private.h"

#include <stdio.h>
#include <string.h>

static const char *const types[] = {"EMI", "EMT", "EMC"};

/* The gateway looks into such a drop each five minutes, which is most of what a quiet day costs: few runs have one. */
static const double OF_DROPS = 0.3;

struct watches {
    int64_t closed_at;              /* when operators closed all A113 last */
    bool open[G_N_ELEMENTS(types)]; /* a number of that type is left out, and may still come */
};

/* A number that was left out. */
struct left_out {
    struct world *world;
    size_t type;
    unsigned number;
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "watches");
}

/* ---- the configuration ---- */

static unsigned choose_hours(struct world *world)
{
    static const unsigned hours[] = {6, 12, 24};

    return hours[random_below(chance_of(world), G_N_ELEMENTS(hours))];
}

/* One a day. Between `by` and `from` of the next one late files count. */
static void expect(struct world *world, GString *text, const char *party, const char *type)
{
    unsigned by = 6 + (unsigned)random_below(chance_of(world), 12);
    unsigned from = by + 2 + (unsigned)random_below(chance_of(world), 5);
    g_autofree char *name = g_ascii_strdown(type, -1);

    if (!random_chance(chance_of(world), world->rates.expected))
        return;
    g_string_append_printf(text, "\n[expect %s]\nparty=%s\ntype=%s\nby=%02u:00\nfrom=%02u:00\n", name, party, type, by,
                           from);
    oracle_expects(world->oracle, name, type, by, from);
}

void watches_choose(struct world *world, GString *text)
{
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};

    if (!sim_has(world->sim, "watches"))
        return;
    unsigned hours = choose_hours(world);
    if (random_chance(chance_of(world), world->rates.expected)) {
        g_autofree char *value = g_strdup_printf("%u", hours);
        settings_set(text, "gateway", "missing_number_after", value);
        oracle_missing_after(world->oracle, hours);
    }
    bool any = random_chance(sim_random(world->sim, "drops that are watched"), world->rates.watched);
    for (size_t i = 0; i < G_N_ELEMENTS(drops); i++) {
        hours = choose_hours(world);
        if (!random_chance(chance_of(world), OF_DROPS) || !any)
            continue;
        g_autofree char *group = g_strdup_printf("drop %s", drops[i]), *value = g_strdup_printf("%u", hours);
        settings_set(text, group, "taken_within", value);
        oracle_taken_within(world->oracle, drops[i], hours);
    }
    expect(world, text, "DCC", "INV");
    expect(world, text, "MCC", "EMI");
}

/* ---- numbers ---- */

/* It comes after all, and is out of date (B107). */
static void come_late(struct sim *sim, void *user)
{
    struct left_out *left_out = user;
    struct world *world = left_out->world;
    const struct device *device = world->estate->devices->pdata[0];

    world->watches->open[left_out->type] = false;
    if (world->settling)
        return;
    kinds_seen(SEEN_NUMBER_LATE);
    struct draft *draft = draft_new("EMI", left_out->number, sim_now(sim), false);
    const char *values[] = {device->id,
                            device_type(device),
                            device->manufacturer,
                            device->model,
                            device->firmware,
                            device->mpxn,
                            "",
                            device->region,
                            "1"};
    draft_add(draft, values);
    (void)world_send(world, draft);
}

static void never_comes(struct sim *sim, void *user)
{
    struct left_out *left_out = user;

    (void)sim;
    left_out->world->watches->open[left_out->type] = false;
}

/* A number that a gap has already is not left out: the gap would have two numbers behind it. */
static void leave_out(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *random = chance_of(world);
    size_t type = random_below(random, G_N_ELEMENTS(types));
    bool late = random_chance(random, 0.6) && strcmp(types[type], "EMI") == 0;
    int64_t at = world_between(world, random, SIM_HOUR, 4 * SIM_DAY);

    if (world->settling)
        return;
    world_after(world, "watches", world->rates.left_out, leave_out);
    if (world->watches->open[type] || !sim_has(sim, "numbers that are left out"))
        return;
    world->watches->open[type] = true;
    struct left_out *left_out = world_keep(world, g_new0(struct left_out, 1));
    *left_out = (struct left_out){world, type, world_skip(world, types[type])};
    sim_say(sim, "number %u of %s is left out%s", left_out->number, types[type], late ? " and comes late" : "");
    if (late)
        sim_at(sim, at, come_late, left_out);
    else
        sim_at(sim, at + 8 * SIM_DAY, never_comes, left_out);
}

/* ---- recipients ---- */

/* One that nobody waits for: what it takes changes nothing. */
static void leave_files(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *random = chance_of(world);
    struct recipient *recipient = world->recipients->pdata[random_below(random, world->recipients->len)];
    int64_t until = world_between(world, random, SIM_DAY, 4 * SIM_DAY);

    if (world->settling)
        return;
    world_after(world, "watches", world->rates.left_files, leave_files);
    if (recipient->read != NULL || !sim_has(sim, "recipients that leave files"))
        return;
    sim_say(sim, "%s takes nothing for some days", recipient->folder);
    kinds_seen(SEEN_RECIPIENT_ABSENT);
    recipient->absent_until = MAX(recipient->absent_until, until);
}

/* ---- operators ---- */

static void closed(struct world *world, int status, const char *what)
{
    (void)what;
    if (status != 0)
        return;
    kinds_seen(SEEN_CLOSE_MANY);
    oracle_closes(world->oracle, "A113");
}

void watches_close(struct world *world)
{
    if (world->watches->closed_at != 0 && sim_now(world->sim) < world->watches->closed_at + SIM_DAY)
        return;
    world->watches->closed_at = sim_now(world->sim);
    sim_say(world->sim, "an operator closes all A113: such numbers were never used");
    operators_run(
        world, NULL, closed, NULL,
        (const char *const[]){"incident", "close", "--code", "A113", "--yes", "--reason", "never used", NULL});
}

/* ---- */

void watches_begin(struct world *world)
{
    world->watches = world_keep(world, g_new0(struct watches, 1));
    world_after(world, "watches", world->rates.left_out, leave_out);
    world_after(world, "watches", world->rates.left_files, leave_files);
}
