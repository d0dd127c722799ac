/*
 * The command `run`: passes once, or as a daemon that wakes for new files, for orders and by interval.
 */
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/commands/progress.h"
#include "gateway/drops/transport.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Microseconds: drops that do not answer sooner hold up the others no longer than that; `--once` waits so long
 * for files to become whole. */
enum { DAEMON_PATIENCE = 200000, ONCE_PATIENCE = 60000000 };

static volatile bool stop;

static void on_signal(int signal_number)
{
    (void)signal_number; /* all of them mean: end at the next safe point */
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

/* A descriptor that becomes readable when a local drop gets a whole file or an operator gives an order. What
 * cannot be watched is still seen by the interval. */
static int watch(const struct gateway *gateway)
{
    const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    for (guint i = 0; fd >= 0 && i < gateway->config->drops->len; i++) {
        const struct drop *drop = gateway->config->drops->pdata[i];
        if (transport_is_local(drop) && inotify_add_watch(fd, drop->in, events) < 0)
            gateway_note("drop %s: %s cannot be watched (%s); it is looked at every %" G_GINT64_FORMAT " seconds",
                         drop->name, drop->in, g_strerror(errno), gateway->config->poll_interval);
    }
    if (fd >= 0)
        (void)inotify_add_watch(fd, spool_orders_dir(gateway->spool), events); /* else by interval */
    return fd;
}

/* Until something happened in a watched folder, a drop's task ended, the time is over or a signal came.
 * SIGTERM is blocked outside the wait, so that none is slept through. pipeline may be NULL. */
static void wait_for_work(const struct pipeline *pipeline, int watched, int64_t microseconds, const sigset_t *unblocked)
{
    struct timespec limit = {microseconds / 1000000, microseconds % 1000000 * 1000};
    struct pollfd fds[] = {{.fd = pipeline ? pipeline_wake_fd(pipeline) : -1, .events = POLLIN},
                           {.fd = watched, .events = POLLIN}};
    char events[4096];

    if (ppoll(fds, G_N_ELEMENTS(fds), &limit, unblocked) <= 0)
        return;
    if (pipeline != NULL)
        pipeline_woken(pipeline);
    while (watched >= 0 && read(watched, events, sizeof events) > 0)
        ; /* which folder it was does not matter: a pass looks at all */
}

/* A pass that ended because spool or ledger failed, a full disk for one, is not the end: the next finds all opened
 * anew, which settles what the failure left open. NULL in *pipeline: that could not be done yet. */
static bool pass_and_outlast(struct gateway *gateway, struct pipeline **pipeline, GError **error)
{
    GError *fault = NULL;

    if (*pipeline == NULL && gateway_reopen(gateway, &fault))
        *pipeline = pipeline_new(gateway, &fault);
    if (*pipeline != NULL && pipeline_pass(*pipeline, DAEMON_PATIENCE, &fault))
        return true;
    pipeline_free(*pipeline);
    *pipeline = NULL;
    if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
        !g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_propagate_error(error, fault);
        return false;
    }
    gateway_fail(gateway, fault, "the pass ended early, the next comes within %" G_GINT64_FORMAT " seconds",
                 gateway->config->poll_interval);
    return true;
}

static bool run_daemon(struct gateway *gateway, struct pipeline **pipeline, GError **error)
{
    int64_t interval = gateway->config->poll_interval * 1000000;
    sigset_t blocked, unblocked;
    int fd = watch(gateway);
    bool good = true;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    gateway_note("running; %u drops, process %ld", gateway->config->drops->len, (long)getpid());
    while (good && !stop) {
        good = pass_and_outlast(gateway, pipeline, error);
        (void)sigprocmask(SIG_BLOCK, &blocked, &unblocked); /* cannot fail: valid arguments */
        if (good && !stop)
            wait_for_work(*pipeline, fd, *pipeline ? MIN(pipeline_due(*pipeline), interval) : interval, &unblocked);
        (void)sigprocmask(SIG_SETMASK, &unblocked, NULL);
    }
    if (fd >= 0)
        (void)close(fd); /* nothing was written to it */
    gateway_note("stopped");
    return good;
}

/* Files that are settling by the rule `stable` are waited for, as far as that is not long: the looks are in
 * one process only. */
static bool run_once(struct pipeline *pipeline, GError **error)
{
    int64_t settling, end = clock_monotonic() + ONCE_PATIENCE;

    do {
        /* Drops have limits of their own: each is waited for until it has answered or is down. */
        if (!pipeline_pass(pipeline, PIPELINE_PATIENT, error))
            return false;
        settling = pipeline_settling(pipeline);
        if (clock_monotonic() + settling > end) {
            gateway_note("a file in a drop needs longer than this run waits to count as whole; it is left to the next");
            break;
        }
        if (settling > 0 && !stop)
            g_usleep((gulong)MIN(settling, 200000));
    } while (settling > 0 && !stop);
    return true;
}

static int run(const struct config *config, bool once)
{
    struct gateway gateway;
    struct progress progress;
    GError *error = NULL;

    catch_signals();
    if (!gateway_open(&gateway, config, GATEWAY_WRITER, &error))
        return command_unable(error);
    progress_init(&progress);
    gateway.stop = &stop;
    gateway.on_progress = on_progress;
    gateway.progress_user = &progress;
    struct pipeline *pipeline = pipeline_new(&gateway, &error);
    bool good = pipeline != NULL && (once ? run_once(pipeline, &error) : run_daemon(&gateway, &pipeline, &error));
    progress_clear(&progress);
    pipeline_free(pipeline);
    gateway_close(&gateway);
    if (!good)
        return command_unable(error);
    if (!once)
        return EXIT_GOOD;
    return gateway.failed ? EXIT_UNABLE : gateway.refused ? EXIT_REFUSED : EXIT_GOOD;
}

int command_run(const struct invocation *invocation)
{
    gboolean once = FALSE;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "do all that is due, then end", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct invocation own = *invocation;
    GError *error = NULL;

    if (command_options(&own, "run", entries) < 0)
        return EXIT_UNABLE;
    if (own.argc > 0) {
        g_printerr("ecosgate: run: expected no argument, found '%s'\n", own.argv[0]);
        return EXIT_UNABLE;
    }
    g_autoptr(config_t) config = config_load(own.config_path, &error);
    return config ? run(config, once) : command_unable(error);
}
