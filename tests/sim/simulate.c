/*
 * A year of the gateway and its world in virtual time, from a seed.
 *
 *   simulate --seed N [--days D] [--profile NAME] [--trace] [--count]
 *            [--shrink] [--without PART,…] [--break PART]
 *
 * Exit status: 0 every promise held; 1 one was broken, the story is printed with the call that repeats it; 2 the
 * simulator could not run. The same call prints the same, byte for byte, but for the seconds in the last line of a run
 * without a trace.
 */
#include "formats/profile.h"
#include "tests/sim/play.h"
#include "tests/sim/shared.h"
#include "tests/sim/shrink.h"
#include "tests/sim/sim_private.h"
#include "tests/sim/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_HELD, EXIT_BROKEN, EXIT_UNABLE };

/* The sanitizers end a process by a signal, so that the simulator sees a crash. A run ends without freeing everything.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static const char *const profiles[] = {"calm", "rough", "hostile", "dense", "restores", "operators", "kills"};

char *play_call(const struct sim_options *options)
{
    g_autofree char *without = options->without != NULL ? g_strjoinv(",", (char **)options->without) : g_strdup("");

    return g_strdup_printf(
        "tests/sim/simulate --seed %" G_GUINT64_FORMAT " --days %" G_GINT64_FORMAT " --profile %s%s%s%s%s%s%s",
        options->seed, options->days, profiles[options->profile], *without != '\0' ? " --without '" : "", without,
        *without != '\0' ? "'" : "", options->breaks != NULL ? " --break '" : "",
        options->breaks != NULL ? options->breaks : "", options->breaks != NULL ? "'" : "");
}

static void print_story(const struct sim *sim)
{
    guint first = sim->story->len > SIM_STORY ? sim->story->len - SIM_STORY : 0, before = sim->told - sim->story->len;

    if (before + first > 0)
        printf("… %u lines before\n", before + first);
    for (guint i = first; i < sim->story->len; i++)
        puts(sim->story->pdata[i]);
}

/* Plays the run to its end. */
static void play(struct sim *sim, struct play_result *result)
{
    struct world *world = world_begin(sim);

    sim_run(sim, sim->calm_from);
    if (!sim_is_broken(sim)) {
        sim_stop_faults(sim);
        sim_run(sim, shared->now + world_settle(world));
    }
    if (!sim_is_broken(sim))
        world_judge(world);
    processes_end(sim);
    result->files = world_files(world);
    result->devices = world_devices(world);
    world_free(world);
}

void play_run(const struct sim_options *options, bool tell, struct play_result *result)
{
    struct sim *sim = sim_new(options);

    play(sim, result);
    result->promise = g_strdup(sim->promise);
    result->days = (shared->now - sim->begun) / SIM_DAY + 1;
    result->parts = g_ptr_array_ref(sim->parts);
    memcpy(result->seen, shared->seen, sizeof result->seen);
    if (tell && sim->promise != NULL)
        print_story(sim);
    sim_free(sim, false);
}

void play_clear(struct play_result *result)
{
    g_free(result->promise);
    g_ptr_array_unref(result->parts);
}

/* ---- the call ---- */

struct call {
    gint64 seed, days;
    char *profile, *without, *breaks;
    gboolean trace, shrink, count;
};

static bool parse(struct call *call, int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_INT64, &call->seed, "what all choices of the run come from (1)", "N"},
        {"days", 0, 0, G_OPTION_ARG_INT64, &call->days, "days until faults stop (30)", "D"},
        {"profile", 0, 0, G_OPTION_ARG_STRING, &call->profile, "how much goes wrong (rough)",
         "calm|rough|hostile|dense|restores|operators|kills"},
        {"without", 0, 0, G_OPTION_ARG_STRING, &call->without, "parts of the world to switch off", "PART,…"},
        {"break", 0, 0, G_OPTION_ARG_STRING, &call->breaks, "break a promise when that part acts first (for --shrink)",
         "PART"},
        {"trace", 0, 0, G_OPTION_ARG_NONE, &call->trace, "print every wait, fault and request", NULL},
        {"count", 0, 0, G_OPTION_ARG_NONE, &call->count, "print how often each fault and act has happened", NULL},
        {"shrink", 0, 0, G_OPTION_ARG_NONE, &call->shrink, "look for a shorter run that breaks the same promise", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        (void)fprintf(stderr, "simulate: %s\n", error->message);
    else if (argc > 1)
        (void)fprintf(stderr, "simulate: '%s' is no option; 'simulate --help' lists them\n", argv[1]);
    else if (call->days < 1 || call->days > 36500)
        (void)fprintf(stderr, "simulate: --days must be between 1 and 36500\n");
    else
        return true;
    return false;
}

static bool find_profile(const char *name, enum sim_profile *profile)
{
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
        if (strcmp(profiles[i], name) == 0) {
            *profile = (enum sim_profile)i;
            return true;
        }
    }
    (void)fprintf(stderr, "simulate: --profile '%s' is not one of calm, rough, hostile, dense, restores, operators\n",
                  name);
    return false;
}

/* Of this process and those that have ended. */
static double seconds_used(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double seconds = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(whose); i++) {
        struct rusage used;
        if (getrusage(whose[i], &used) == 0)
            seconds += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    }
    return seconds;
}

/* Traces are compared byte for byte, so they have no seconds of a processor. */
static void print_held(const struct sim_options *options, const struct play_result *result, const char *call)
{
    g_autofree char *used = options->trace ? g_strdup("") : g_strdup_printf(", %.1f s of a processor", seconds_used());

    printf("held; %" G_GINT64_FORMAT " days, %u files, %u Devices%s; %s\n", result->days, result->files,
           result->devices, used, call);
}

/* Runs once, and tells what came of it. */
static int run(const struct sim_options *options, bool shrink, bool count)
{
    g_autofree char *call = play_call(options);
    struct play_result result;

    if (shrink)
        return shrink_run(options) ? EXIT_BROKEN : EXIT_HELD;
    play_run(options, true, &result);
    if (count)
        kinds_print(result.seen);
    if (result.promise != NULL)
        printf("BROKEN %s; again: %s\n", result.promise, call);
    else
        print_held(options, &result, call);
    int status = result.promise != NULL ? EXIT_BROKEN : EXIT_HELD;
    play_clear(&result);
    return status;
}

int main(int argc, char **argv)
{
    struct call call = {.seed = 1, .days = 30};
    struct sim_options options;

    if (!parse(&call, argc, argv) || !find_profile(call.profile ? call.profile : "rough", &options.profile))
        return EXIT_UNABLE;
    /* Processes write the trace themselves, through a descriptor of this number. */
    (void)fflush(stdout);
    if (dup2(STDOUT_FILENO, SHARED_TRACE) < 0)
        return EXIT_UNABLE;
    (void)setenv("TZ", "UTC", 1);
    (void)unsetenv("ECOSGATE_CONF");
    g_auto(GStrv) without = g_strsplit(call.without ? call.without : "", ",", -1);
    options.seed = (uint64_t)call.seed;
    options.days = call.days;
    options.trace = call.trace;
    options.breaks = call.breaks;
    options.without = *without != NULL ? (const char *const *)without : NULL;
    (void)profile_builtin(); /* each process would load it anew: a tenth of all work */
    int status = run(&options, call.shrink, call.count);
    g_free(call.profile);
    g_free(call.without);
    g_free(call.breaks);
    return fflush(stdout) == 0 ? status : EXIT_UNABLE;
}
