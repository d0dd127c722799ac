/*
 * The command `run`: one pass over all work with --once, else a daemon (daemon.h).
 *
 * A signal ends both at the next safe point, and transfers are interrupted. A disk, a network file system or a library
 * may hold the process all the same. STOP_SECONDS after the signal it ends as by a kill, which loses nothing.
 */
#include "gateway/cells/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/run/beat.h"
#include "gateway/commands/command.h"
#include "gateway/commands/run/daemon.h"
#include "gateway/commands/kept_files.h"
#include "gateway/commands/run/progress.h"
#include "gateway/commands/run/run_log.h"
#include "gateway/config/config_rights.h"
#include "gateway/pipeline/watches/cells_watch.h"
#include "gateway/pipeline/recovery/quick_check.h"
#include "gateway/profiles.h"
#include "gateway/pipeline/pipeline.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Microseconds. */
enum {
    SECOND = 1000000,
    ONCE_PATIENCE = 60 * SECOND, /* that --once waits for files to become whole */
    SETTLING_PAUSE = SECOND / 5, /* between two passes of --once */
};

enum { STOP_SECONDS = 8 };

static volatile bool stop; /* a signal came */

static void on_signal(int signal_number)
{
    (void)signal_number; /* both mean: end at the next safe point */
    if (!stop)
        (void)alarm(STOP_SECONDS); /* there was none before */
    stop = true;
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    log_last_words("something holds the process that does not end within the time for a stop; it ends as by a kill, "
                   "and nothing is lost: the next start goes on");
    _exit(EXIT_UNABLE);
}

/* A core dump would hold keys and personal data. Where a filter of system calls refuses this, as in the package's unit,
 * whoever starts the gateway sets the limit. */
static void leave_no_core(void)
{
    static const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL); /* cannot fail for these */
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    (void)sigaction(SIGALRM, &action, NULL);
}

static void on_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    progress_show(user, what, done, total);
}

/* Each drop is waited for until it has answered or is down; its transport limits that. */
static bool pass(struct pipeline *pipeline, GError **error)
{
    int64_t begun = clock_monotonic();
    bool good = pipeline_pass(pipeline, PIPELINE_PATIENT, error);

    beat_pass(clock_monotonic() - begun);
    return good;
}

/* Passes until no file is settling and no instruction waits for reference data. A file under the rule `stable` must be
 * seen twice, and only this process remembers the first time, so that one pass would never pick it up. */
static bool run_once(struct pipeline *pipeline, GError **error)
{
    int64_t settling, end = clock_monotonic() + ONCE_PATIENCE;

    do {
        if (!pass(pipeline, error))
            return false;
        settling = pipeline_settling(pipeline);
        if (settling > 0 && clock_monotonic() + settling > end) {
            log_event(LOG(EVENT_FILE_UNSETTLED),
                      "a file in a drop needs longer to be whole than the %d seconds that --once waits; the next run "
                      "picks it up",
                      ONCE_PATIENCE / SECOND);
            pipeline_wait_no_more(pipeline);
            return pass(pipeline, error);
        }
        if (settling > 0 && !stop)
            g_usleep((gulong)MIN(settling, SETTLING_PAUSE));
    } while (settling > 0 && !stop);
    return true;
}

static void write_files(struct gateway *gateway)
{
    struct kept_files files = {0};

    kept_files_write(&files, gateway, true);
    kept_files_clear(&files);
}

/* Frees the configuration, or the one that has taken its place. */
static int run(const struct config *config, struct cells *cells, const struct run_log *log, bool once)
{
    struct gateway gateway;
    struct progress progress;
    GError *error = NULL;

    catch_signals();
    leave_no_core();
    if (!once)
        daemon_catch_reload();
    clock_compare();
    if (!gateway_open(&gateway, config, GATEWAY_WRITER, &error)) {
        config_free((struct config *)config);
        cells_end(cells);
        return command_unable(error);
    }
    gateway.cells = cells;
    progress_init(&progress);
    gateway.stop = &stop;
    gateway.yields = !once;
    gateway.on_progress = on_progress;
    gateway.progress_user = &progress;
    beat_begin(config, once);
    bool checked = cells_watch_begin(&gateway, &error) && profiles_tell_changed(&gateway, &error) &&
                   quick_check_begin(&gateway, &error);
    struct pipeline *pipeline = checked ? pipeline_new(&gateway, &error) : NULL;
    bool good = pipeline != NULL && (once ? run_once(pipeline, &error) : daemon_run(&gateway, &pipeline, log, &error));
    progress_clear(&progress);
    pipeline_free(pipeline);
    quick_check_stop(&gateway);
    if (once)
        beat(config, good ? NULL : error->message);
    if (once && good)
        write_files(&gateway);
    beat_end();
    quick_check_end(&gateway, good ? NULL : error);
    gateway_close(&gateway);
    cells_end(gateway.cells);
    config_free((struct config *)gateway.config); /* ours: command_run */
    if (!good)
        return command_unable(error);
    if (!once)
        return EXIT_GOOD;
    /* A script that calls --once must see both: that work is left to do, and that a file was not wholly accepted. */
    return gateway.failed ? EXIT_UNABLE : gateway.refused ? EXIT_REFUSED : EXIT_GOOD;
}

static int load_and_run(struct invocation *invocation, const struct run_log *log, bool once)
{
    GError *error = NULL;

    g_autoptr(config_t) config = command_config(invocation);
    if (config == NULL || command_refuses_now(invocation, config))
        return EXIT_UNABLE;
    /* Before anything is opened that it must not have: it is a copy of this process. */
    struct cells *cells = cells_start(config->cells, &error);
    if (error != NULL)
        return command_unable(error);
    run_log_begin(log, config);
    g_autofree char *rights = config_rights_problems(config, config->path);
    if (rights != NULL)
        g_set_error_literal(&error, CONFIG_ERROR, 0, rights);
    if (rights != NULL || !config_check_folders(config, &error)) {
        cells_end(cells);
        return command_unable(error);
    }
    run_log_tell_away(config);
    return run(g_steal_pointer(&config), cells, log, once);
}

int command_run(struct invocation *invocation)
{
    gboolean once = FALSE;
    g_autofree char *format = NULL, *level = NULL;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "make one pass over all work, then end", NULL},
        {"log-format", 0, 0, G_OPTION_ARG_STRING, &format, "write the log as text, json or journal; auto chooses",
         "FORMAT"},
        {"log-level", 0, 0, G_OPTION_ARG_STRING, &level,
         "write events of error, warning, notice, info or debug and above", "LEVEL"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct run_log log;

    if (!command_arguments(invocation, entries, 0, 0) || !run_log_parse(format, level, &log))
        return EXIT_UNABLE;
    run_log_begin(&log, NULL);
    int status = load_and_run(invocation, &log, once);
    log_end();
    return status;
}
