/*
 * The command `run`: one pass over all work with --once, else a daemon. The daemon waits between two passes until a
 * local drop gets a file, an operator gives an order, a transfer ends, or the interval is over.
 *
 * A daemon must outlive a full disk: when a pass fails because of spool or ledger, both are opened anew before the next
 * pass, which also settles what the failed call left undecided.
 */
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/folder_watch.h"
#include "gateway/commands/progress.h"
#include "gateway/condition/heartbeat.h"
#include "gateway/drops/transport.h"
#include "gateway/pipeline/quick_check.h"
#include "gateway/profiles.h"
#include "gateway/pipeline/pipeline.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Microseconds. */
enum {
    SECOND = 1000000,
    DAEMON_PATIENCE = SECOND / 5, /* that a pass waits for drops that do not answer; the other drops go on then */
    ONCE_PATIENCE = 60 * SECOND,  /* that --once waits for files to become whole */
    SETTLING_PAUSE = SECOND / 5,  /* between two passes of --once */
};

static volatile bool stop; /* a signal came */

static void on_signal(int signal_number)
{
    (void)signal_number; /* both mean: end at the next safe point */
    stop = true;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL); /* cannot fail for these */
    (void)sigaction(SIGINT, &action, NULL);
}

static void on_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    progress_show(user, what, done, total);
}

/* Watches the local drops and the orders. A folder that cannot be watched is still looked at by the interval. */
static struct folder_watch *watch_folders(const struct gateway *gateway)
{
    struct folder_watch *watch = folder_watch_new();

    for (guint i = 0; i < gateway->config->drops->len; i++) {
        const struct drop *drop = gateway->config->drops->pdata[i];
        g_autofree char *label = g_strconcat("drop ", drop->name, NULL);
        if (drop->transport->local_folders)
            folder_watch_add(watch, label, drop->in);
    }
    folder_watch_add(watch, "orders", spool_orders_dir(gateway->spool));
    folder_watch_begin(watch, gateway->config->poll_interval);
    return watch;
}

/* Returns when something happened in a watched folder, a transfer ended, the time is over or a signal came. Signals are
 * blocked outside this wait, or one that came right before it would be noticed only after it. pipeline may be NULL. */
static void wait_for_work(const struct pipeline *pipeline, struct folder_watch *watch, int64_t microseconds,
                          const sigset_t *unblocked)
{
    int64_t until = clock_monotonic() + microseconds;
    bool happened = false;
    int watched[2];

    for (int64_t left = microseconds; left > 0 && !happened; left = until - clock_monotonic()) {
        struct timespec limit = {left / SECOND, left % SECOND * 1000};
        folder_watch_fds(watch, watched);
        struct pollfd fds[] = {{.fd = pipeline ? pipeline_wake_fd(pipeline) : -1, .events = POLLIN},
                               {.fd = watched[0], .events = POLLIN},
                               {.fd = watched[1], .events = POLLIN}};
        if (ppoll(fds, G_N_ELEMENTS(fds), &limit, unblocked) <= 0)
            return;
        happened = folder_watch_happened(watch) || fds[0].revents != 0;
    }
    if (pipeline != NULL)
        pipeline_woken(pipeline);
}

/* ---- the heartbeat ---- */

static struct heartbeat heartbeat;
static int64_t written; /* monotonic microseconds: when the file was written last; 0: not yet */

/* A heartbeat that cannot be written stops nothing: its age will show it. */
static void write_heartbeat(const struct config *config)
{
    g_autoptr(GError) ignored = NULL;

    (void)heartbeat_write(config->spool, &heartbeat, &ignored);
    written = clock_monotonic();
}

/* The program has begun; what is known of the last pass stays. */
static void begin_heartbeat(const struct config *config, bool once)
{
    heartbeat_read(config->spool, &heartbeat);
    heartbeat.begun = clock_now();
    heartbeat.once = once;
    if (!once)
        write_heartbeat(config);
}

/* A pass has ended. cause: why it ended early; NULL: it did not. Busy passes follow each other closely, and one write a
 * second tells enough. */
static void beat(const struct config *config, const char *cause)
{
    bool news = g_strcmp0(heartbeat.cause, cause) != 0 || heartbeat.at == 0;

    heartbeat.at = clock_now();
    if (news) {
        g_free(heartbeat.cause);
        heartbeat.cause = g_strdup(cause);
    }
    if (news || heartbeat.once || clock_monotonic() - written >= SECOND)
        write_heartbeat(config);
}

/* Says once why passes end early, and again when the reason changes. Frees cause; NULL: the pass went well. */
static void report_early_end(struct gateway *gateway, GError *cause)
{
    static char *told; /* the last reason; NULL: the last pass went well */

    if (cause != NULL && g_strcmp0(told, cause->message) != 0)
        gateway_note("the pass ended early; the next one begins within %" G_GINT64_FORMAT " seconds: %s",
                     gateway->config->poll_interval, cause->message);
    gateway->failed |= cause != NULL;
    /* While another process has the lock, the heartbeat is its own. */
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED))
        beat(gateway->config, cause != NULL ? cause->message : NULL);
    g_free(told);
    told = cause != NULL ? g_strdup(cause->message) : NULL;
    g_clear_error(&cause);
}

/* One pass. After an error that may go away, *pipeline is NULL and the next call opens spool and ledger anew; LOCKED
 * belongs to these, because reopening gives the lock up for a moment. False: any other error, which ends the daemon. */
static bool pass_or_reopen(struct gateway *gateway, struct pipeline **pipeline, GError **error)
{
    GError *cause = NULL;

    if (*pipeline == NULL && gateway_reopen(gateway, &cause))
        *pipeline = pipeline_new(gateway, &cause);
    if (*pipeline != NULL && pipeline_pass(*pipeline, DAEMON_PATIENCE, &cause)) {
        report_early_end(gateway, NULL);
        return true;
    }
    pipeline_free(*pipeline);
    *pipeline = NULL;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
        !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_propagate_error(error, cause);
        return false;
    }
    report_early_end(gateway, cause);
    return true;
}

static bool run_daemon(struct gateway *gateway, struct pipeline **pipeline, GError **error)
{
    int64_t interval = gateway->config->poll_interval * SECOND;
    sigset_t blocked, unblocked;
    struct folder_watch *watch = watch_folders(gateway);
    bool good = true;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    gateway_note("running; %u drops, process %ld", gateway->config->drops->len, (long)getpid());
    while (good && !stop) {
        good = pass_or_reopen(gateway, pipeline, error);
        (void)sigprocmask(SIG_BLOCK, &blocked, &unblocked); /* cannot fail: valid arguments */
        if (good && !stop)
            wait_for_work(*pipeline, watch, *pipeline ? MIN(pipeline_due(*pipeline), interval) : interval, &unblocked);
        (void)sigprocmask(SIG_SETMASK, &unblocked, NULL);
    }
    folder_watch_free(watch);
    gateway_note("stopped");
    return good;
}

/* Passes until no file is settling and no instruction waits for reference data. A file under the rule `stable` must be
 * seen twice, and only this process remembers the first time, so that one pass would never pick it up. */
static bool run_once(struct pipeline *pipeline, GError **error)
{
    int64_t settling, end = clock_monotonic() + ONCE_PATIENCE;

    do {
        /* Each drop is waited for until it has answered or is down; its transport limits that. */
        if (!pipeline_pass(pipeline, PIPELINE_PATIENT, error))
            return false;
        settling = pipeline_settling(pipeline);
        if (settling > 0 && clock_monotonic() + settling > end) {
            gateway_note(
                "a file in a drop needs longer to be whole than the %d seconds that --once waits; the next run "
                "picks it up",
                ONCE_PATIENCE / SECOND);
            pipeline_wait_no_more(pipeline);
            return pipeline_pass(pipeline, PIPELINE_PATIENT, error);
        }
        if (settling > 0 && !stop)
            g_usleep((gulong)MIN(settling, SETTLING_PAUSE));
    } while (settling > 0 && !stop);
    return true;
}

static int run(const struct config *config, bool once)
{
    struct gateway gateway;
    struct progress progress;
    GError *error = NULL;

    catch_signals();
    clock_compare();
    if (!gateway_open(&gateway, config, GATEWAY_WRITER, &error))
        return command_unable(error);
    progress_init(&progress);
    gateway.stop = &stop;
    gateway.on_progress = on_progress;
    gateway.progress_user = &progress;
    begin_heartbeat(config, once);
    bool checked = profiles_tell_changed(&gateway, &error) && quick_check_begin(&gateway, &error);
    struct pipeline *pipeline = checked ? pipeline_new(&gateway, &error) : NULL;
    bool good = pipeline != NULL && (once ? run_once(pipeline, &error) : run_daemon(&gateway, &pipeline, &error));
    progress_clear(&progress);
    pipeline_free(pipeline);
    if (once)
        beat(config, good ? NULL : error->message);
    heartbeat_clear(&heartbeat);
    if (good)
        quick_check_end(&gateway);
    gateway_close(&gateway);
    if (!good)
        return command_unable(error);
    if (!once)
        return EXIT_GOOD;
    /* A script that calls --once must see both: that work is left to do, and that a file was not wholly accepted. */
    return gateway.failed ? EXIT_UNABLE : gateway.refused ? EXIT_REFUSED : EXIT_GOOD;
}

int command_run(struct invocation *invocation)
{
    gboolean once = FALSE;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "make one pass over all work, then end", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GError *error = NULL;

    if (!command_arguments(invocation, entries, 0, 0))
        return EXIT_UNABLE;
    g_autoptr(config_t) config = command_config(invocation);
    if (config == NULL || command_refuses_now(invocation, config))
        return EXIT_UNABLE;
    return config_check_folders(config, &error) ? run(config, once) : command_unable(error);
}
