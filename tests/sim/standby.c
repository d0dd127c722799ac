/*
 * A standby, as OPERATIONS.md has it under "Two nodes": when the node that works dies or stands still, its disk is
 * mounted on another machine, and the gateway starts there. The drops are the same. A node that only stood still wakes
 * up later, with its own copy of the disk, for nobody has fenced it: it must do nothing in the drops, and end.
 */
#include "tests/sim/world_private.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Each node is a machine, of which a run has some more. */
enum { MOST_NODES = 8 };

/* How long a freeze is waited for, and how long a node that woke up may take to see that it was replaced. */
static const int64_t FREEZE_WAIT = 2 * SIM_DAY, END_WAIT = 3 * SIM_DAY;

static const char *const drops[] = {"mcc", "tcos", "ecos", "dcc", "suppliers", "maps"};

/* The node that stood still. */
struct old_node {
    char *home;                        /* NULL: there is none */
    char *claims[G_N_ELEMENTS(drops)]; /* what stood in the drops when it was replaced */
    int64_t since;                     /* when the freeze was planted, then when it woke up; 0: not yet */
    uint64_t drop_changes;             /* that it had made when it woke up */
    bool awake;
    bool again; /* it has ended with another error, and was started again */
};

struct standby {
    unsigned nodes; /* so far, with the first one */
    bool pending;   /* a freeze is planted, or a takeover is under way */
    struct old_node old;
};

static struct random *chance_of(struct world *world)
{
    return sim_random(world->sim, "standby");
}

/* ---- the other node gets the disk ---- */

static const char *copy_from, *copy_to; /* while nftw runs */

/* A machine's shared memory is not on its disk. */
static int copy_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    g_autofree char *to = g_strconcat(copy_to, path + strlen(copy_from), NULL), *bytes = NULL;
    gsize size;

    (void)place;
    if (type == FTW_D)
        return g_mkdir_with_parents(to, st->st_mode & 0777);
    if (g_str_has_suffix(path, "-shm"))
        return 0;
    return g_file_get_contents(path, &bytes, &size, NULL) && g_file_set_contents(to, bytes, (gssize)size, NULL) ? 0
                                                                                                                : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

/* The world's home is that of the new node from now on. */
static void mount_disk(struct world *world)
{
    char *home = g_strdup_printf("%s/node-%u", sim_folder(world->sim), ++world->standby->nodes);

    copy_from = world->home;
    copy_to = home;
    if (nftw(world->home, copy_one, 20, FTW_PHYS) != 0)
        g_error("%s cannot be copied", world->home);
    g_free(world->home);
    world->home = home;
}

static void remove_disk(const char *home)
{
    (void)nftw(home, remove_one, 20, FTW_DEPTH | FTW_PHYS);
}

static void start_there(struct sim *sim, void *user)
{
    struct world *world = user;

    sim_say(sim, "the standby %s takes over", strrchr(world->home, '/') + 1);
    machines_go_on(world);
    world->standby->pending = world->standby->old.home != NULL;
}

/* ---- the node is dead ---- */

/* What it had not synced is on neither disk. */
static void lose_node(struct world *world)
{
    g_autofree char *old = g_strdup(world->home);

    machines_lose(world);
    power_cut(world->sim, old);
    kinds_seen(SEEN_STANDBY_DEAD);
    mount_disk(world);
    remove_disk(old);
    sim_at(world->sim, world_between(world, chance_of(world), 30 * SIM_SECOND, 20 * SIM_MINUTE), start_there, world);
}

/* ---- the node stood still, and wakes up ---- */

static char *claim_of(const struct world *world, unsigned drop)
{
    g_autofree char *path = g_strdup_printf("%s/%s/out/.ecosgate-claim", world->drops, drops[drop]);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static void forget_old(struct world *world)
{
    struct old_node *old = &world->standby->old;

    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++)
        g_clear_pointer(&old->claims[i], g_free);
    g_clear_pointer(&old->home, g_free);
    old->again = false;
    world->standby->pending = false;
}

/* What it changed in drops since it woke up. */
static void judge_changes(struct world *world)
{
    const struct old_node *old = &world->standby->old;
    uint64_t n = old->awake ? machine_drop_changes(world->sim, old->home) - old->drop_changes : 0;

    if (n > 0)
        sim_broken(world->sim, "standby",
                   "%s woke up after a standby had taken over, and changed drops %" G_GUINT64_FORMAT " times",
                   old->home, n);
}

void standby_old_ended(struct world *world, struct process *process, int status)
{
    struct old_node *old = &world->standby->old;
    const char *said = process_output(process);

    sim_say(world->sim, "the old node's run ends with %d: %s", status, said);
    if (old->home == NULL || strcmp(process_home(process), old->home) != 0)
        return;
    judge_changes(world);
    /* It may have met a fault before it stood still, and end with that. Its manager starts it again. */
    if (status > 0 && strstr(said, "A110") == NULL && !old->again) {
        old->again = true;
        machines_start_node(world, old->home);
        return;
    }
    /* 0: it was told to stop, before it stood still or because it did nothing. */
    bool replaced = status > 0 && strstr(said, "A110") != NULL;
    if (status > 0 && !replaced && !settings_mistaken(said))
        sim_broken(world->sim, "standby", "%s ends with %d, and does not say A110: %s", old->home, status, said);
    if (replaced)
        kinds_seen(SEEN_STANDBY_A110);
    processes_end_others(world->sim, old->home, process);
    remove_disk(old->home);
    forget_old(world);
}

/* One of these incidents is open: the daemon does nothing until its operator ends it. A105 is older than the freeze. */
static bool does_nothing(const char *incidents)
{
    g_auto(GStrv) lines = g_strsplit(incidents, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++)
        if (strstr(lines[i], "\"cleared\":null") != NULL && strstr(lines[i], "\"code\":\"A1") != NULL &&
            (strstr(lines[i], "A105") != NULL || strstr(lines[i], "A109") != NULL))
            return true;
    return false;
}

static void watch_old(struct sim *sim, void *user);

static void asked_old(struct sim *sim, struct process *process, int status, void *user)
{
    struct world *world = user;
    struct old_node *old = &world->standby->old;
    struct process *daemon = old->home != NULL ? process_find(sim, old->home, "run") : NULL;
    bool idle = status >= 0 && does_nothing(process_output(process));

    if (daemon == NULL)
        return;
    judge_changes(world);
    if (sim_now(sim) > old->since + END_WAIT && !idle)
        sim_broken(sim, "standby", "%s has not seen for three days that it was replaced: %s", old->home,
                   process_output(daemon));
    if (idle)
        process_signal(daemon, SIGTERM);
    sim_at(sim, sim_now(sim) + 6 * SIM_HOUR, watch_old, world);
}

static void watch_old(struct sim *sim, void *user)
{
    struct world *world = user;
    const struct old_node *old = &world->standby->old;

    if (old->home != NULL && process_find(sim, old->home, "run") != NULL)
        (void)process_start(sim, old->home, (const char *const[]){"--json", "incident", "list", NULL}, asked_old,
                            world);
}

static void wake_old(struct sim *sim, void *user)
{
    struct world *world = user;
    struct old_node *old = &world->standby->old;

    sim_say(sim, "%s wakes up", old->home);
    kinds_seen(SEEN_STANDBY_WAKES);
    old->awake = true;
    old->since = sim_now(sim);
    old->drop_changes = machine_drop_changes(sim, old->home);
    machine_mend_disk(sim, old->home);
    machine_set_clock(sim, old->home, 0);
    machine_set_drift(sim, old->home, 0);
    processes_wake(sim, old->home);
    sim_at(sim, sim_now(sim) + SIM_HOUR, watch_old, world);
}

/* Before the standby has claimed a drop, the old node cannot know of it. */
static void wake_when_claimed(struct sim *sim, void *user)
{
    struct world *world = user;
    const struct old_node *old = &world->standby->old;

    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++) {
        g_autofree char *now = claim_of(world, i);
        if (strcmp(now, old->claims[i]) == 0) {
            sim_at(sim, sim_now(sim) + SIM_MINUTE, wake_when_claimed, world);
            return;
        }
    }
    sim_at(sim, world_between(world, chance_of(world), 0, 6 * SIM_HOUR), wake_old, world);
}

static void replace_frozen(struct world *world)
{
    struct old_node *old = &world->standby->old;
    struct process *daemon = process_find(world->sim, world->home, "run");

    machines_lose(world);
    kinds_seen(machine_is_suspended(world->sim, world->home) ? SEEN_STANDBY_SUSPENDED : SEEN_STANDBY_FROZEN);
    old->home = g_strdup(world->home);
    for (unsigned i = 0; i < G_N_ELEMENTS(drops); i++)
        old->claims[i] = claim_of(world, i);
    mount_disk(world);
    processes_end_others(world->sim, old->home, daemon);
    sim_at(world->sim, world_between(world, chance_of(world), 0, 20 * SIM_MINUTE), start_there, world);
    if (daemon != NULL)
        sim_at(world->sim, sim_now(world->sim) + SIM_MINUTE, wake_when_claimed, world);
    else
        forget_old(world);
}

/* The cluster looks once a minute whether the node answers. */
static void look_at_node(struct sim *sim, void *user)
{
    struct world *world = user;
    struct standby *standby = world->standby;

    bool frozen = machine_is_frozen(sim, world->home);

    if (frozen && !machines_are_down(world)) {
        sim_say(sim, "%s stands still", world->home);
        replace_frozen(world);
    } else if (frozen || sim_now(sim) > standby->old.since + FREEZE_WAIT || !sim_faults(sim)) {
        machine_mend_disk(sim, world->home);
        processes_wake(sim, world->home);
        standby->pending = false;
    } else {
        sim_at(sim, sim_now(sim) + SIM_MINUTE, look_at_node, world);
    }
}

static void freeze_node(struct world *world)
{
    static const enum machine_event ways[] = {FAULT_FREEZE, FAULT_SUSPEND};
    struct machine_fault fault = {.calls = CALL_ANY,
                                  .first = 1 + random_below(chance_of(world), 300),
                                  .count = 1,
                                  .event = ways[random_below(chance_of(world), G_N_ELEMENTS(ways))]};

    sim_say(world->sim, "fault: the machine %s from call %" G_GUINT64_FORMAT " on",
            fault.event == FAULT_SUSPEND ? "is suspended" : "stands still", fault.first);
    machine_fault(world->sim, world->home, &fault);
    world->standby->pending = true;
    world->standby->old.since = sim_now(world->sim);
    world->standby->old.awake = false;
    sim_at(world->sim, sim_now(world->sim) + SIM_MINUTE, look_at_node, world);
}

/* ---- */

static void take_over(struct sim *sim, void *user)
{
    struct world *world = user;
    struct standby *standby = world->standby;
    bool dead = random_chance(chance_of(world), 0.4);

    if (world->settling || !sim_faults(sim))
        return;
    if (sim_has(sim, "standby") && !machines_are_down(world) && !standby->pending && standby->nodes < MOST_NODES) {
        if (dead)
            lose_node(world);
        else
            freeze_node(world);
    }
    world_after(world, "standby", world->rates.taken_over, take_over);
}

bool standby_is_pending(const struct world *world)
{
    return world->standby->pending || world->standby->old.home != NULL;
}

void standby_judge(struct world *world)
{
    const struct old_node *old = &world->standby->old;

    if (old->home != NULL)
        sim_broken(world->sim, "standby", "%s was replaced by a standby, and %s", old->home,
                   old->awake ? "has not ended" : "the standby has not claimed all drops");
}

void standby_begin(struct world *world)
{
    world->standby = g_new0(struct standby, 1);
    world->standby->nodes = 1;
    world_after(world, "standby", world->rates.taken_over, take_over);
}

void standby_free(struct world *world)
{
    forget_old(world);
    g_free(world->standby);
}
