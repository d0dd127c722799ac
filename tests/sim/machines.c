/*
 * The gateway's machine and those who run it: a home is made and its settings are chosen, and the daemon is kept
 * running. What goes wrong with the machine is in faults.c, restores are in restores.c.
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

    if (strcmp(process_home(process), world->home) != 0) {
        standby_old_ended(world, process, status);
        return;
    }
    sim_say(sim, "run ends with %d%s%s", status, status > 0 ? ": " : "", status > 0 ? process_output(process) : "");
    world->machines->vain = status > 0 ? world->machines->vain + 1 : 0;
    if (world->machines->vain > VAIN_STARTS && (world->settling || sim_profile(sim) == SIM_CALM))
        sim_broken(sim, "daemon", "it ends again and again: %s", process_output(process));
    if (!world->judged)
        sim_at(sim, world_between(world, chance_of(world), SIM_SECOND, world->settling ? SIM_MINUTE : 20 * SIM_MINUTE),
               start, world);
}

static void start(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->judged || world->machines->stopped || process_find(sim, world->home, "run") != NULL)
        return;
    sim_say(sim, "run is started");
    (void)process_start(sim, world->home, (const char *const[]){"run", NULL}, daemon_ended, world);
}

/* ---- the home ---- */

/* Replaces "name=…" in the first line of the group that begins so; appends nothing: `init` writes every setting. */
static void set(GString *text, const char *group, const char *name, const char *value)
{
    g_autofree char *head = g_strdup_printf("[%s]\n", group), *key = g_strdup_printf("\n%s=", name);
    char *at = strstr(text->str, head), *line = at != NULL ? strstr(at, key) : NULL;

    if (line == NULL)
        g_error("the configuration has no %s in [%s]", name, group);
    size_t from = (size_t)(line - text->str) + strlen(key), length = strcspn(text->str + from, "\n");
    g_string_erase(text, (gssize)from, (gssize)length);
    g_string_insert(text, (gssize)from, value);
}

/* Some drops stand on a server, with the same folders. Nothing wakes the gateway for these: it looks at intervals. */
static void move_to_server(const struct world *world, GString *text, const char *group)
{
    const char *drop = strchr(group, ' ') + 1;
    g_autofree char *in = g_strdup_printf("%s/%s/in", world->drops, drop);
    g_autofree char *out = g_strdup_printf("%s/%s/out", world->drops, drop);
    g_autofree char *head = g_strdup_printf("[%s]\n", group);
    g_autofree char *more = g_strdup_printf("host=%s.example.org\nuser=gateway\n"
                                            "known_hosts=known_hosts\n",
                                            drop);

    set(text, group, "transport", "sftp");
    set(text, group, "in", in);
    set(text, group, "out", out);
    g_string_insert(text, strstr(text->str, head) - text->str + (gssize)strlen(head), more);
}

static void choose_settings(struct world *world, GString *text)
{
    struct random *random = sim_random(world->sim, "settings");
    static const char *const drops[] = {"drop mcc", "drop tcos",      "drop ecos",
                                        "drop dcc", "drop suppliers", "drop maps"};
    static const char *const days[] = {"30", "7", "2"}, *const forms[] = {"csv", "xml"};

    set(text, "gateway", "next_session", days[random_below(random, G_N_ELEMENTS(days))]);
    set(text, "gateway", "work_order_form", forms[random_below(random, G_N_ELEMENTS(forms))]);
    set(text, "gateway", "inventory", random_chance(random, 0.5) ? "required" : "auto");
    set(text, "gateway", "poll_interval", "3600");
    if (random_chance(random, 0.2))
        set(text, "gateway", "dispatch_hours", "22-06");
    if (random_chance(random, 0.2))
        set(text, "gateway", "work_order_devices", "2");
    if (random_chance(random, 0.2))
        set(text, "gateway", "ecos_subject", ECOS_SUBJECT);
    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++) {
        bool server = random_chance(random, 0.3) && sim_has(world->sim, "servers");
        if (server)
            move_to_server(world, text, drops[i]);
        if (server || random_chance(random, 0.3))
            set(text, drops[i], "complete", "at-once");
    }
}

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
    choose_settings(world, settings);
    if (!g_file_set_contents(path, settings->str, (gssize)settings->len, NULL))
        g_error("%s cannot be written", path);
    start(world->sim, world);
}

/* ---- an operator restarts it ---- */

static void restart(struct sim *sim, void *user)
{
    struct world *world = user;
    struct process *daemon = process_find(sim, world->home, "run");

    if (world->settling || !sim_faults(sim))
        return;
    if (daemon != NULL)
        process_signal(daemon, SIGTERM);
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
