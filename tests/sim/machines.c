/*
 * The gateway's machine and those who run it: a home is made, and the daemon is kept running. Settings are in
 * settings.c, what goes wrong with the machine in faults.c, restores in restores.c.
 */
#include "tests/sim/world_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* So many starts in a row that end with an error, while no fault is possible, are too many. */
enum { VAIN_STARTS = 40 };

struct machines {
    unsigned vain; /* starts in a row that ended with an error */
    bool stopped;  /* on purpose: nobody starts the daemon meanwhile */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "machines");
}

/* ---- the daemon ---- */

static void start(struct sim *sim, void *user);

static void daemon_ended(struct sim *sim, struct process *process, int status, void *user)
{
    struct world *world = user;

    operators_read_log(world, process);
    if (strcmp(process_home(process), world->home) != 0) {
        standby_old_ended(world, process, status);
        return;
    }
    sim_say(sim, "run ends with %d%s%s", status, status > 0 ? ": " : "", status > 0 ? process_output(process) : "");
    if (status < 0)
        decisions_killed(world);
    world->machines->vain = status > 0 ? world->machines->vain + 1 : 0;
    if (world->machines->vain > VAIN_STARTS && (world->settling || sim_profile(sim) == SIM_CALM))
        sim_broken(sim, "daemon", "it ends again and again: %s", process_output(process));
    if (!world->judged)
        sim_at(sim, world_between(world, chance_of(world), SIM_SECOND, world->settling ? SIM_MINUTE : 20 * SIM_MINUTE),
               start, world);
}

void machines_start_node(struct world *world, const char *home)
{
    (void)process_start(world->sim, home, (const char *const[]){"run", NULL}, daemon_ended, world);
}

static void start(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->judged || world->machines->stopped || process_find(sim, world->home, "run") != NULL)
        return;
    sim_say(sim, "run is started");
    machines_start_node(world, world->home);
}

/* ---- the home ---- */

static void make_home(struct world *world)
{
    g_autofree char *path = g_build_filename(world->home, "ecosgate.conf", NULL), *text = NULL;
    g_autoptr(GString) output = g_string_new(NULL);
    g_autofree char *made = g_build_filename(world->home, "drops", NULL);
    const char *const argv[] = {"init", world->home, NULL};
    int status = process_run(world->sim, sim_folder(world->sim), argv, output);

    if (status != 0 || !g_file_get_contents(path, &text, NULL, NULL)) {
        sim_broken(world->sim, "init", "init ends with %d: %s", status, output->str);
        return;
    }
    /* Each node reaches the drops, whatever disk it has. */
    g_auto(GStrv) parts = g_strsplit(text, "=drops/", -1);
    g_autofree char *folder = g_strdup_printf("=%s/", world->drops), *moved = g_strjoinv(folder, parts);
    if (rename(made, world->drops) != 0)
        g_error("%s cannot be renamed", made);
    g_autoptr(GString) settings = g_string_new(moved);
    settings_choose(world, settings);
    settings_write(world, settings);
    start(world->sim, world);
}

/* ---- an operator restarts it ---- */

static void restart(struct sim *sim, void *user)
{
    struct world *world = user;
    struct process *daemon = process_find(sim, world->home, "run");

    if (world->settling || !sim_faults(sim))
        return;
    if (daemon != NULL) {
        kinds_seen(SEEN_RESTART);
        process_signal(daemon, SIGTERM);
    }
    world_after(world, "machines", world->rates.restarted, restart);
}

/* ---- */

bool machines_are_down(const struct world *world)
{
    return world->machines->stopped;
}

void machines_lose(struct world *world)
{
    world->machines->stopped = true;
}

void machines_stay_down(struct world *world)
{
    struct process *daemon = process_find(world->sim, world->home, "run");

    world->machines->stopped = true;
    if (daemon != NULL)
        process_signal(daemon, SIGTERM);
}

bool machines_have_stopped(struct world *world)
{
    struct process *daemon = process_find(world->sim, world->home, "run");

    if (daemon != NULL)
        process_signal(daemon, SIGTERM);
    return processes_of(world->sim, world->home) == 0;
}

void machines_go_on(struct world *world)
{
    world->machines->stopped = false;
    start(world->sim, world);
}

void machines_begin(struct world *world)
{
    world->machines = g_new0(struct machines, 1);
    make_home(world);
    world_after(world, "machines", world->rates.restarted, restart);
}

void machines_free(struct world *world)
{
    g_free(world->machines);
}
