/* The queue is a balanced tree, so that an event costs a logarithm whatever its time is. */
#include "tests/sim/sim_private.h"

#include "tests/sim/shared.h"
#include "tests/sim/when.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct event {
    int64_t at;
    uint64_t number;
    sim_act *act;
    void *user;
};

/* ---- life ---- */

/* 2023-01-02T00:00:00Z. A run begins within a year of it: months, leap days and changes of the clock come by chance. */
static const int64_t FIRST = INT64_C(1672617600) * SIM_SECOND;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

/* The name comes from the seed, for paths stand in messages. Another run of that seed at the same time gets another
 * name. What a run left that was killed is removed. */
static char *make_folder(uint64_t seed, int *lock)
{
    char *folder = g_strdup_printf("/dev/shm/ecosgate-sim.%06" G_GUINT64_FORMAT, seed);
    bool made = mkdir(folder, 0700) == 0;

    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!made && *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0) {
        (void)nftw(folder, remove_one, 20, FTW_DEPTH | FTW_PHYS);
        (void)close(*lock);
        made = mkdir(folder, 0700) == 0;
        *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (made && *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return folder;
    g_free(folder);
    folder = g_strdup("/dev/shm/ecosgate-sim.XXXXXX");
    if (mkdtemp(folder) == NULL)
        g_error("%s cannot be made: %s", folder, g_strerror(errno));
    return folder;
}

/* A dense run ends soon after its faults: its reports of the month are due then. */
static int64_t first_day(const struct sim_options *options, int64_t at)
{
    if (options->profile != SIM_DENSE)
        return at;
    return when_next_month(at) - (options->days + SIM_SETTLING) * SIM_DAY - SIM_HOUR - at % (12 * SIM_HOUR);
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = g_new0(struct sim, 1);
    struct random random;

    sim->options = *options;
    sim->folder = make_folder(options->seed, &sim->lock);
    random_seed(&random, options->seed, "begin");
    sim->begun = first_day(options, FIRST + (int64_t)random_below(&random, 365 * 24 * 60) * SIM_MINUTE);
    sim->calm_from = sim->begun + options->days * SIM_DAY;
    sim->events = g_sequence_new(g_free);
    sim->streams = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    sim->parts = g_ptr_array_new_with_free_func(g_free);
    sim->story = g_ptr_array_new_with_free_func(g_free);
    sim->running = g_ptr_array_new();
    shared_begin(options->seed, sim->folder);
    shared->now = sim->begun;
    shared->next = INT64_MAX;
    shared->trace = options->trace;
    shared->faults = true;
    return sim;
}

void sim_free(struct sim *sim, bool keep)
{
    processes_end(sim);
    shared_end();
    if (!keep && nftw(sim->folder, remove_one, 20, FTW_DEPTH | FTW_PHYS) != 0)
        (void)fprintf(stderr, "simulate: %s cannot be removed; remove it\n", sim->folder);
    if (sim->lock >= 0)
        (void)close(sim->lock);
    g_sequence_free(sim->events);
    g_hash_table_unref(sim->streams);
    g_ptr_array_unref(sim->parts);
    g_ptr_array_unref(sim->story);
    g_ptr_array_unref(sim->running);
    g_free(sim->folder);
    g_free(sim->promise);
    g_free(sim);
}

/* ---- time ---- */

int64_t sim_now(const struct sim *sim)
{
    (void)sim; /* one run at a time */
    return shared->now;
}

int64_t sim_begun(const struct sim *sim)
{
    return sim->begun;
}

int64_t sim_calm_from(const struct sim *sim)
{
    return sim->calm_from;
}

static int compare(const void *first, const void *second, void *user)
{
    const struct event *a = first, *b = second;

    (void)user;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* The time of the first event, for the process that runs. */
static void tell_next(const struct sim *sim)
{
    GSequenceIter *first = g_sequence_get_begin_iter(sim->events);

    shared->next = g_sequence_iter_is_end(first) ? INT64_MAX : ((const struct event *)g_sequence_get(first))->at;
}

void sim_at(struct sim *sim, int64_t at, sim_act *act, void *user)
{
    struct event *event = g_new(struct event, 1);

    *event = (struct event){MAX(at, shared->now), sim->scheduled++, act, user};
    (void)g_sequence_insert_sorted(sim->events, event, compare, NULL);
    tell_next(sim);
}

bool sim_step(struct sim *sim, int64_t until)
{
    GSequenceIter *first = g_sequence_get_begin_iter(sim->events);

    if (g_sequence_iter_is_end(first))
        return false;
    struct event event = *(const struct event *)g_sequence_get(first);
    if (event.at > until)
        return false;
    g_sequence_remove(first);
    tell_next(sim);
    shared->now = MAX(shared->now, event.at);
    event.act(sim, event.user);
    processes_notice(sim);
    return true;
}

void sim_run(struct sim *sim, int64_t until)
{
    shared->stop = until;
    while (sim->promise == NULL && sim_step(sim, until))
        ;
    if (sim->promise == NULL)
        shared->now = MAX(shared->now, until);
}

/* ---- the story ---- */

static void add_line(struct sim *sim, char *text)
{
    char at[32];

    shared_trace("%s", text);
    g_ptr_array_add(sim->story, g_strconcat(shared_time(shared->now, at), " ", text, NULL));
    sim->told++;
    if (sim->story->len >= 2 * SIM_STORY) /* what is not printed would make each fork dearer */
        g_ptr_array_remove_range(sim->story, 0, SIM_STORY);
    g_free(text);
}

void sim_say(struct sim *sim, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    add_line(sim, g_strdup_vprintf(format, list));
    va_end(list);
}

void sim_broken(struct sim *sim, const char *promise, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    add_line(sim, g_strdup_printf("BROKEN %s: %s", promise, text));
    if (sim->promise == NULL)
        sim->promise = g_strdup(promise);
}

bool sim_is_broken(const struct sim *sim)
{
    return sim->promise != NULL;
}

/* ---- choices ---- */

struct random *sim_random(struct sim *sim, const char *name)
{
    struct random *random = g_hash_table_lookup(sim->streams, name);

    if (random == NULL) {
        random = g_new(struct random, 1);
        random_seed(random, sim->options.seed, name);
        g_hash_table_insert(sim->streams, g_strdup(name), random);
    }
    return random;
}

bool sim_has(struct sim *sim, const char *part)
{
    bool known = false;

    g_assert(strchr(part, ',') == NULL); /* --without has commas between names */
    for (guint i = 0; i < sim->parts->len; i++)
        known = known || strcmp(sim->parts->pdata[i], part) == 0;
    if (!known)
        g_ptr_array_add(sim->parts, g_strdup(part));
    bool on = sim->options.without == NULL || !g_strv_contains(sim->options.without, part);
    if (on && g_strcmp0(sim->options.breaks, part) == 0)
        sim_broken(sim, "asked", "%s acts, and --break names it", part);
    return on;
}

enum sim_profile sim_profile(const struct sim *sim)
{
    return sim->options.profile;
}

bool sim_faults(const struct sim *sim)
{
    (void)sim; /* one run at a time */
    return shared->faults;
}

void sim_stop_faults(struct sim *sim)
{
    shared->faults = false;
    for (int i = 0; i < SHARED_MACHINES; i++)
        shared->machines[i].faults = 0;
    for (int i = 0; i < SHARED_SERVERS; i++)
        shared->servers[i].gone_until = shared->servers[i].other_key_until = 0;
    sim_say(sim, "no fault begins from here on");
}

const char *sim_folder(const struct sim *sim)
{
    return sim->folder;
}
