/*
 * What the operators of a gateway do with whole machines: backups, and once in a while a restore of an old one; a
 * gateway that is started once more beside itself; a second gateway that is set up on the same drops by mistake.
 * Partners' clean-up scripts are here, too. Standby nodes are in standby.c.
 */
#include "tests/sim/world_private.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct backup {
    struct world *world;
    char *dir;
    int64_t at;
    bool whole;
};

/* A restore or a recovery that is stopped, or that a fault fails, is given again so often. */
enum { MOST_TRIES = 60 };

struct restores {
    GPtrArray *backups; /* struct backup *, oldest first */
    unsigned tries;     /* of the restore or the recovery that is under way */
    int64_t back_to;    /* of the newest restore; 0: none */
    unsigned seconds;   /* homes of second gateways so far */
    GPtrArray *taken;   /* struct keeping *: the drop maps, whose claim second gateways were given by mistake */
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "restores");
}

static bool may_begin(const struct world *world)
{
    return !world->settling && sim_faults(world->sim);
}

/* ---- backups ---- */

static void free_backup(void *data)
{
    struct backup *backup = data;

    g_free(backup->dir);
    g_free(backup);
}

static void backup_ended(struct sim *sim, struct process *process, int status, void *user)
{
    struct backup *backup = user;

    backup->whole = status == 0;
    if (backup->whole)
        kinds_seen(SEEN_BACKUP);
    sim_say(sim, "backup %s ends with %d%s%s", backup->dir, status, status > 0 ? ": " : "",
            status > 0 ? process_output(process) : "");
}

static void back_up(struct sim *sim, void *user)
{
    struct world *world = user;
    struct restores *restores = world->restores;

    if (!may_begin(world))
        return;
    world_after(world, "restores", world->rates.backups, back_up);
    if (machines_are_down(world))
        return;
    struct backup *backup = g_new0(struct backup, 1);
    backup->world = world;
    backup->at = machine_clock(sim, world->home); /* as the gateway's files tell the time */
    backup->dir = g_strdup_printf("%s/backup-%u", sim_folder(sim), restores->backups->len + 1);
    g_ptr_array_add(restores->backups, backup);
    const char *const argv[] = {"backup", backup->dir, NULL};
    (void)process_start(sim, world->home, argv, backup_ended, backup);
}

/* ---- restores ---- */

/* What the lost ledger took from its senders is asked for again, in the order in which it was sent. */
static void send_lost(struct sim *sim, void *user)
{
    struct world *world = user;
    g_autoptr(GPtrArray) names = oracle_lost(world->oracle, world->restores->back_to);

    sim_say(sim, "partners send %u files again", names->len);
    for (unsigned i = 0; i < names->len; i++)
        world_send_again(world, g_hash_table_lookup(world->sent, names->pdata[i]));
}

/* A command has failed: it is given again. */
static void try_again(struct world *world, const char *what, struct process *process, sim_act *act, void *user)
{
    if (++world->restores->tries > MOST_TRIES)
        sim_broken(world->sim, "restore", "%s fails again and again: %s", what, process_output(process));
    sim_at(world->sim, sim_now(world->sim) + 10 * SIM_MINUTE, act, user);
}

static void recover(struct sim *sim, void *user);

static void recovered(struct sim *sim, struct process *process, int status, void *user)
{
    struct world *world = user;

    sim_say(sim, "recover ends with %d: %s", status, process_output(process));
    /* Where nothing newer is known, the answer says to start the gateway. */
    bool needless = status == 1 && strstr(process_output(process), "start the gateway") != NULL;
    if (status != 0 && !needless) {
        try_again(world, "recover", process, recover, world);
        return;
    }
    if (!needless)
        kinds_seen(SEEN_RECOVER);
    machines_go_on(world);
    sim_at(sim, sim_now(sim) + SIM_HOUR, send_lost, world);
}

static void recover(struct sim *sim, void *user)
{
    struct world *world = user;
    const char *const argv[] = {"recover", "--reason", "the newest spool is lost", NULL};

    (void)process_start(sim, world->home, argv, recovered, world);
}

static void restore_when_stopped(struct sim *sim, void *user);

static void restored(struct sim *sim, struct process *process, int status, void *user)
{
    struct backup *backup = user;
    struct world *world = backup->world;

    sim_say(sim, "restore of %s ends with %d: %s", backup->dir, status, process_output(process));
    if (status != 0) {
        try_again(world, "restore", process, restore_when_stopped, backup);
        return;
    }
    kinds_seen(SEEN_RESTORE);
    oracle_restored(world->oracle, backup->at);
    world->restores->back_to = backup->at;
    world->restores->tries = 0;
    recover(sim, world);
}

static void restore_when_stopped(struct sim *sim, void *user)
{
    struct backup *backup = user;
    struct world *world = backup->world;
    const char *const argv[] = {"restore", "--replace", backup->dir, NULL};

    bool stopped = machines_have_stopped(world); /* a command that reads may go on */
    if (!stopped &&
        (process_find(sim, world->home, "run") != NULL || process_find(sim, world->home, "backup") != NULL)) {
        sim_at(sim, sim_now(sim) + SIM_MINUTE, restore_when_stopped, backup);
        return;
    }
    if (random_chance(chance_of(world), 0.3)) {
        g_autofree char *witness = g_build_filename(world->home, "witness", NULL);
        (void)unlink(witness);
        kinds_seen(SEEN_RESTORE_BARE);
    }
    (void)process_start(sim, world->home, argv, restored, backup);
}

static struct backup *newest_backup(const struct restores *restores)
{
    for (unsigned i = restores->backups->len; i-- > 0;) {
        struct backup *backup = restores->backups->pdata[i];
        if (backup->whole && backup->at > restores->back_to)
            return backup;
    }
    return NULL;
}

bool restores_has_backup(const struct world *world)
{
    return newest_backup(world->restores) != NULL && sim_has(world->sim, "restores");
}

bool restores_newest(struct world *world)
{
    struct backup *backup = newest_backup(world->restores);

    if (backup == NULL || !sim_has(world->sim, "restores"))
        return false;
    sim_say(world->sim, "the spool is lost; %s is restored", backup->dir);
    world->restores->tries = 0;
    sim_at(world->sim, sim_now(world->sim) + SIM_MINUTE, restore_when_stopped, backup);
    return true;
}

static void restore(struct sim *sim, void *user)
{
    struct world *world = user;

    (void)sim;
    if (!may_begin(world))
        return;
    if (!machines_are_down(world) && restores_newest(world))
        machines_stay_down(world);
    world_after(world, "restores", world->rates.restored, restore);
}

int64_t restores_back_to(const struct world *world)
{
    return world->restores->back_to;
}

/* ---- a start beside the gateway that runs ---- */

static void beside_ended(struct sim *sim, struct process *process, int status, void *user)
{
    (void)user;
    kinds_seen(SEEN_BESIDE);
    sim_say(sim, "the start beside it ends with %d: %s", status, process_output(process));
}

static void start_beside(struct sim *sim, void *user)
{
    struct world *world = user;

    if (!may_begin(world))
        return;
    if (process_find(sim, world->home, "run") != NULL && sim_has(sim, "starts beside"))
        (void)process_start(sim, world->home, (const char *const[]){"run", NULL}, beside_ended, world);
    world_after(world, "restores", world->rates.beside, start_beside);
}

/* ---- a second gateway on the same drops ---- */

struct second {
    struct world *world;
    char *home;
    struct keeping *taken; /* of restores->taken; NULL: none */
};

static char *second_home(const struct world *world, unsigned number)
{
    return g_strdup_printf("%s/second-%u", sim_folder(world->sim), number);
}

static void end_second(struct sim *sim, void *user)
{
    struct second *second = user;
    struct process *process = process_find(sim, second->home, "run");

    if (process != NULL)
        process_signal(process, SIGTERM);
}

void restores_end_second(struct world *world)
{
    for (unsigned n = 1; n <= world->restores->seconds; n++) {
        g_autofree char *home = second_home(world, n);
        struct process *process = process_find(world->sim, home, "run");
        if (process != NULL)
            process_signal(process, SIGTERM);
    }
}

static void take_back(struct sim *sim, void *user)
{
    struct second *second = user;

    (void)sim;
    if (!machines_are_down(second->world) && !second->world->judged)
        restores_take_back(second->world, "maps");
}

/* Sooner than an operator sees the A110. */
static void second_ended(struct sim *sim, struct process *process, int status, void *user)
{
    struct second *second = user;
    struct world *world = second->world;

    if (second->taken != NULL)
        sim_at(sim, world_between(world, chance_of(world), SIM_MINUTE, 3 * SIM_HOUR), take_back, second);
    sim_say(sim, "the second gateway ends with %d: %s", status, process_output(process));
}

static void look_later(struct sim *sim, void *user)
{
    struct second *second = user;

    (void)sim;
    oracle_lay(second->taken, keeps_names(second->world, "maps", "out"));
}

/* From now on the first gateway does nothing in that drop; the second one has nothing to put into it. */
static void claim_taken(struct sim *sim, struct process *process, int status, void *user)
{
    struct second *second = user;
    struct oracle *oracle = second->world->oracle;

    sim_say(sim, "claim take maps of the second gateway ends with %d: %s", status, process_output(process));
    if (status != 0)
        return;
    kinds_seen(SEEN_CLAIM_TAKEN);
    second->taken = oracle_gave(oracle, ORACLE_PAUSED_OUT, "maps", NULL);
    g_ptr_array_add(second->world->restores->taken, second->taken);
    oracle_kept(oracle, second->taken);
    sim_at(sim, sim_now(sim) + SIM_HOUR, look_later, second);
}

static void take_claim(struct sim *sim, void *user)
{
    struct second *second = user;
    const char *const argv[] = {"claim", "take", "maps", "--reason", "it is ours", NULL};

    if (may_begin(second->world) && process_find(sim, second->home, "run") != NULL)
        (void)process_start(sim, second->home, argv, claim_taken, second);
}

void restores_take_back(struct world *world, const char *drop)
{
    g_autoptr(GHashTable) lying = keeps_names(world, drop, "out");

    for (unsigned n = 1; n <= world->restores->seconds; n++) {
        g_autofree char *home = second_home(world, n);
        if (process_find(world->sim, home, "run") != NULL)
            return;
    }
    for (unsigned i = 0; i < world->restores->taken->len; i++)
        oracle_ends(world->oracle, world->restores->taken->pdata[i], lying);
    sim_say(world->sim, "an operator takes the claim of %s back", drop);
    operators_run(world, NULL, NULL, NULL,
                  (const char *const[]){"claim", "take", drop, "--reason", "the other one was a mistake", NULL});
}

/* Its configuration names three drops of the first gateway. */
static void second_made(struct sim *sim, struct process *process, int status, void *user)
{
    struct second *second = user;
    struct world *world = second->world;
    static const char *const of_both[] = {"mcc", "tcos", "maps"};
    g_autofree char *path = g_build_filename(second->home, "ecosgate.conf", NULL), *text = NULL;

    (void)process;
    if (status != 0 || !g_file_get_contents(path, &text, NULL, NULL))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(of_both); i++) {
        g_autofree char *before = g_strdup_printf("=drops/%s/", of_both[i]);
        g_autofree char *after = g_strdup_printf("=%s/%s/", world->drops, of_both[i]);
        g_auto(GStrv) parts = g_strsplit(text, before, -1);
        g_free(text);
        text = g_strjoinv(after, parts);
    }
    g_autoptr(GString) conf = g_string_new(text);
    settings_set(conf, "gateway", "cells", "no"); /* no process but those of the simulator */
    if (!g_file_set_contents(path, conf->str, -1, NULL))
        g_error("%s cannot be written", path);
    sim_say(sim, "a second gateway is started on the drops mcc, tcos and maps");
    kinds_seen(SEEN_SECOND);
    (void)process_start(sim, second->home, (const char *const[]){"run", NULL}, second_ended, second);
    sim_at(sim, world_between(world, chance_of(world), SIM_MINUTE, SIM_HOUR), take_claim, second);
    sim_at(sim, world_between(world, chance_of(world), SIM_HOUR, 12 * SIM_HOUR), end_second, second);
}

static void start_second(struct sim *sim, void *user)
{
    struct world *world = user;

    if (!may_begin(world))
        return;
    world_after(world, "restores", world->rates.second, start_second);
    if (!sim_has(sim, "second gateway") || world->restores->seconds >= 3)
        return;
    struct second *second = world_keep(world, g_new0(struct second, 1));
    second->world = world;
    second->home = world_keep(world, second_home(world, ++world->restores->seconds));
    const char *const argv[] = {"init", second->home, NULL};
    (void)process_start(sim, sim_folder(sim), argv, second_made, second);
}

/* ---- clean-up scripts of partners ---- */

/* A temporary file is ".NAME.part". */
static void clean_file(struct world *world, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (!g_str_has_suffix(name, ".part") || unlink(path) != 0)
        return;
    sim_say(world->sim, "a clean-up removes %s", path + strlen(world->drops));
    kinds_seen(SEEN_CLEAN_UP);
}

static void clean_folder(struct world *world, const char *drop)
{
    g_autofree char *folder = g_strdup_printf("%s/%s/out", world->drops, drop);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        g_ptr_array_add(names, g_strdup(entry->d_name));
    if (dir != NULL)
        (void)closedir(dir);
    g_ptr_array_sort(names, world_by_name);
    for (unsigned i = 0; i < names->len; i++)
        clean_file(world, folder, names->pdata[i]);
}

static void clean_drops(struct sim *sim, void *user)
{
    struct world *world = user;
    static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc"};

    for (unsigned i = 0; i < G_N_ELEMENTS(drops) && may_begin(world) && sim_has(sim, "clean-ups"); i++)
        clean_folder(world, drops[i]);
}

static void clean_up(struct sim *sim, void *user)
{
    struct world *world = user;

    clean_drops(sim, world);
    if (may_begin(world))
        world_after(world, "clean-ups", world->rates.cleaned, clean_up);
}

void restores_clean_soon(struct world *world)
{
    struct random *random = sim_random(world->sim, "clean-ups");

    for (unsigned i = 0; i < 5 && world->rates.cleaned > 0; i++)
        sim_at(world->sim, world_between(world, random, 0, SIM_HOUR), clean_drops, world);
}

/* ---- */

void restores_begin(struct world *world)
{
    world->restores = g_new0(struct restores, 1);
    world->restores->backups = g_ptr_array_new_with_free_func(free_backup);
    world->restores->taken = g_ptr_array_new();
    world_after(world, "restores", world->rates.backups, back_up);
    world_after(world, "restores", world->rates.restored, restore);
    world_after(world, "restores", world->rates.beside, start_beside);
    world_after(world, "restores", world->rates.second, start_second);
    world_after(world, "clean-ups", world->rates.cleaned, clean_up);
}

void restores_free(struct world *world)
{
    g_ptr_array_free(world->restores->backups, TRUE);
    g_ptr_array_free(world->restores->taken, TRUE);
    g_free(world->restores);
}
