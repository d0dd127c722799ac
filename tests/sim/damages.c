/*
 * Damage on the gateway's disk while the gateway is down: pages of the ledger, or a byte of a stored file. `spool
 * verify` must not call that sound. Then the newest backup is restored, or the good bytes come back from the mirrored
 * disk. Now and then the gateway is started on the damaged ledger before.
 */
#include "tests/sim/world_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct damage {
    struct world *world;
    char *path, *bytes; /* the file that is damaged, and what it had before */
    gsize size;
    bool ledger;
    unsigned waits;
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "damage");
}

static void put_back(struct damage *damage)
{
    if (!g_file_set_contents(damage->path, damage->bytes, (gssize)damage->size, NULL))
        g_error("%s cannot be written", damage->path);
    g_free(damage->path);
    g_free(damage->bytes);
    damage->path = damage->bytes = NULL;
}

/* done/ has jobs, and folders of jobs. */
static void add_payloads(GPtrArray *paths, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            add_payloads(paths, path);
        else if (strcmp(name, "payload") == 0)
            g_ptr_array_add(paths, g_strdup(path));
    }
}

GPtrArray *damages_payloads(const struct world *world)
{
    g_autofree char *folder = g_build_filename(world->home, "spool", "done", NULL);
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

    add_payloads(paths, folder);
    g_ptr_array_sort(paths, world_by_name);
    return paths;
}

/* NULL: there is none. */
static char *choose_payload(struct world *world)
{
    g_autoptr(GPtrArray) paths = damages_payloads(world);

    return paths->len > 0 ? g_strdup(paths->pdata[random_below(chance_of(world), paths->len)]) : NULL;
}

static bool damage_payload(struct damage *damage)
{
    damage->path = choose_payload(damage->world);
    if (damage->path == NULL || !g_file_get_contents(damage->path, &damage->bytes, &damage->size, NULL) ||
        damage->size == 0)
        return false;
    g_autofree char *bytes = g_memdup2(damage->bytes, damage->size);
    bytes[random_below(chance_of(damage->world), damage->size)] ^= 1;
    sim_say(damage->world->sim, "a byte of %s is damaged", damage->path);
    kinds_seen(SEEN_FILE_DAMAGED);
    return g_file_set_contents(damage->path, bytes, (gssize)damage->size, NULL);
}

static bool has_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > 0;
}

/* What a kill has left in the write-ahead log would hide the damage. */
static bool damage_ledger(struct damage *damage)
{
    struct world *world = damage->world;
    g_autofree char *log = g_build_filename(world->home, "spool", "ledger.sqlite-wal", NULL);

    damage->path = g_build_filename(world->home, "spool", "ledger.sqlite", NULL);
    return !has_bytes(log) && g_file_get_contents(damage->path, &damage->bytes, &damage->size, NULL) &&
           power_damage_ledger(world->sim, world->home);
}

/* ---- what must happen then ---- */

static void mend(struct damage *damage)
{
    struct world *world = damage->world;

    /* The newest backup replaces all of the spool. */
    if (damage->ledger && random_chance(chance_of(world), 0.3) && restores_newest(world))
        return;
    sim_say(world->sim, "%s is read from the mirrored disk", damage->path);
    put_back(damage);
    machines_go_on(world);
}

/* ---- a gateway that is started on it ---- */

static void end_run(struct sim *sim, void *user)
{
    struct damage *damage = user;
    struct process *run = process_find(sim, damage->world->home, "run");

    if (run != NULL)
        process_signal(run, SIGTERM);
}

/* Whatever it has done since is lost with the ledger. */
static void run_ended(struct sim *sim, struct process *process, int status, void *user)
{
    struct damage *damage = user;

    sim_say(sim, "run on the damaged ledger ends with %d: %.300s", status, process_output(process));
    if (!restores_newest(damage->world))
        mend(damage);
}

/* Nobody has looked at what verify says. Only where a backup can replace the ledger afterwards. */
static bool start_on_damage(struct damage *damage)
{
    struct world *world = damage->world;
    struct random *random = sim_random(world->sim, "starts on damage");

    if (!damage->ledger || !restores_has_backup(world) || !random_chance(random, 0.5))
        return false;
    sim_say(world->sim, "run is started on the damaged ledger");
    kinds_seen(SEEN_RUN_ON_DAMAGE);
    (void)process_start(world->sim, world->home, (const char *const[]){"run", NULL}, run_ended, damage);
    sim_at(world->sim, world_between(world, random, SIM_MINUTE, 6 * SIM_HOUR), end_run, damage);
    return true;
}

static void verified(struct sim *sim, struct process *process, int status, void *user)
{
    struct damage *damage = user;

    sim_say(sim, "spool verify of the damaged spool ends with %d: %.300s", status, process_output(process));
    if (status == 0)
        sim_broken(sim, "verify", "%s was damaged, and spool verify calls all sound", damage->path);
    if (!start_on_damage(damage))
        mend(damage);
}

static void damage_when_stopped(struct sim *sim, void *user)
{
    struct damage *damage = user;
    struct world *world = damage->world;

    if (!machines_have_stopped(world) && ++damage->waits < 60) {
        sim_at(sim, sim_now(sim) + SIM_MINUTE, damage_when_stopped, damage);
        return;
    }
    bool damaged =
        processes_of(sim, world->home) == 0 && (damage->ledger ? damage_ledger(damage) : damage_payload(damage));
    if (damaged) {
        const char *const argv[] = {"spool", "verify", NULL};
        (void)process_start(sim, world->home, argv, verified, damage);
    } else {
        g_clear_pointer(&damage->path, g_free);
        g_clear_pointer(&damage->bytes, g_free);
        machines_go_on(world);
    }
}

static void stop_to_damage(struct world *world, bool ledger)
{
    if (machines_are_down(world) || !sim_has(world->sim, ledger ? "damages" : "damages of files"))
        return;
    struct damage *damage = world_keep(world, g_new0(struct damage, 1));
    damage->world = world;
    damage->ledger = ledger;
    machines_stay_down(world);
    sim_at(world->sim, sim_now(world->sim) + SIM_MINUTE, damage_when_stopped, damage);
}

static void begin_damage(struct sim *sim, void *user)
{
    struct world *world = user;
    bool ledger = random_chance(chance_of(world), 0.7);

    if (world->settling || !sim_faults(sim))
        return;
    stop_to_damage(world, ledger);
    world_after(world, "damage", world->rates.damaged, begin_damage);
}

/* As often again, so that a run of some days has one. */
static void begin_file_damage(struct sim *sim, void *user)
{
    struct world *world = user;

    if (world->settling || !sim_faults(sim))
        return;
    stop_to_damage(world, false);
    world_after(world, "damages of files", world->rates.damaged, begin_file_damage);
}

void damages_begin(struct world *world)
{
    world_after(world, "damages of files", world->rates.damaged, begin_file_damage);
    world_after(world, "damage", world->rates.damaged, begin_damage);
}
