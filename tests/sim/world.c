/* A world with one gateway and nobody else: it runs, and an operator looks at it each day. */
#include "tests/sim/world.h"
#include "tests/sim/machine.h"
#include "tests/sim/power.h"
#include "tests/sim/process.h"

#include <signal.h>

struct world {
    struct sim *sim;
    char *home;
    struct process *daemon;
    int starts;
};

static void start_daemon(struct sim *sim, void *user);

static void on_daemon(struct sim *sim, struct process *process, int status, void *user)
{
    struct world *world = user;

    sim_say(sim, "daemon ended: %d: %s", status, process_output(process));
    world->daemon = NULL;
    if (status == 2 && sim_faults(sim) == false)
        sim_broken(sim, "daemon", "it cannot run");
    sim_at(sim, sim_now(sim) + SIM_MINUTE, start_daemon, world);
}

static void start_daemon(struct sim *sim, void *user)
{
    struct world *world = user;

    world->starts++;
    world->daemon = process_start(sim, world->home, (const char *const[]){"run", NULL}, on_daemon, world);
}

static void on_status(struct sim *sim, struct process *process, int status, void *user)
{
    (void)user;
    sim_say(sim, "status %d: %s", status, status != 0 ? process_output(process) : "");
}

static void look(struct sim *sim, void *user)
{
    struct world *world = user;
    struct random *random = sim_random(sim, "look");

    (void)process_start(sim, world->home, (const char *const[]){"status", NULL}, on_status, world);
    (void)process_start(sim, world->home, (const char *const[]){"spool", "verify", NULL}, on_status, world);
    if (random_chance(random, .3) && world->daemon != NULL)
        process_signal(world->daemon, SIGTERM);
    if (sim_profile(sim) != SIM_CALM && random_chance(random, .5))
        machine_fault(sim, world->home,
                      &(struct machine_fault){CALL_ANY, 1 + random_below(random, 300), 1,
                                              random_chance(random, .5) ? FAULT_KILL_BEFORE : FAULT_POWER, 0});
    if (sim_profile(sim) != SIM_CALM && random_chance(random, .3) && world->daemon != NULL)
        process_kill(world->daemon);
    sim_at(sim, sim_now(sim) + SIM_HOUR + (int64_t)random_below(random, 2 * SIM_DAY), look, user);
}

struct world *world_begin(struct sim *sim)
{
    struct world *world = g_new0(struct world, 1);

    world->sim = sim;
    world->home = g_build_filename(sim_folder(sim), "home", NULL);
    power_record(sim);
    g_autoptr(GString) output = g_string_new(NULL);
    int status = process_run(sim, sim_folder(sim), (const char *const[]){"init", world->home, NULL}, output);
    if (status != 0)
        sim_broken(sim, "init", "status %d: %s", status, output->str);
    start_daemon(sim, world);
    sim_at(sim, sim_now(sim) + SIM_HOUR, look, world);
    return world;
}

int64_t world_settle(struct world *world)
{
    (void)world;
    return SIM_DAY;
}

void world_judge(struct world *world)
{
    g_autoptr(GString) output = g_string_new(NULL);
    int status = process_run(world->sim, world->home, (const char *const[]){"spool", "verify", NULL}, output);
    if (status != 0)
        sim_broken(world->sim, "verify", "status %d: %s", status, output->str);
}

void world_free(struct world *world)
{
    g_free(world->home);
    g_free(world);
}
