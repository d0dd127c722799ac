/*
 * A daemon must outlive a full disk: when a pass fails because of spool or ledger, both are opened anew before the next
 * pass, which also settles what the failed call left undecided.
 *
 * A reload makes a new pipeline over the spool and ledger that are open (NOTES.md, Reading the configuration again).
 */
#include "gateway/commands/run/daemon.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/run/beat.h"
#include "gateway/commands/run/folder_watch.h"
#include "gateway/commands/kept_files.h"
#include "gateway/commands/run/manager.h"
#include "gateway/config/config_changes.h"
#include "gateway/drops/transport.h"
#include "gateway/pipeline/watches/cells_watch.h"
#include "gateway/pipeline/outage.h"
#include "gateway/pipeline/recovery/quick_check.h"
#include "gateway/profiles.h"
#include "spool/pulse.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Microseconds. */
enum {
    SECOND = 1000000,
    PATIENCE = SECOND / 5, /* that a pass waits for drops that do not answer; the other drops go on then */
};

struct daemon {
    struct gateway *gateway;
    struct pipeline **pipeline; /* *pipeline NULL: spool and ledger are closed, or have no pipeline yet */
    const volatile bool *stop;
    const struct run_log *log;
    struct folder_watch *watch;
    struct manager manager;
    char *early; /* why the last pass ended early, as it was told; NULL: it went well */
    struct kept_files files;
    bool refused; /* the configuration on the disk was not taken over */
};

static volatile bool reload; /* SIGHUP came */

static void on_reload(int signal_number)
{
    (void)signal_number;
    reload = true;
}

void daemon_catch_reload(void)
{
    struct sigaction action = {.sa_handler = on_reload};

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGHUP, &action, NULL); /* cannot fail for this one */
}

/* ---- waiting ---- */

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
    g_autofree char *orders = g_build_filename(gateway->config->spool, "orders", NULL);
    folder_watch_add(watch, "orders", orders);
    folder_watch_begin(watch, gateway->config->poll_interval);
    return watch;
}

/* Returns when something happened in a watched folder, a transfer ended, the time is over or a signal came. Signals are
 * blocked outside this wait, or one that came right before it would be noticed only after it. */
static void wait_for_work(struct daemon *d, int64_t microseconds, const sigset_t *unblocked)
{
    const struct pipeline *pipeline = *d->pipeline;
    int64_t until = clock_monotonic() + microseconds, patience = manager_patience(&d->manager);
    bool happened = false;
    int watched[2];

    for (int64_t left = microseconds; left > 0 && !happened; left = until - clock_monotonic()) {
        int64_t slice = MIN(left, patience);
        struct timespec limit = {slice / SECOND, slice % SECOND * 1000};
        folder_watch_fds(d->watch, watched);
        struct pollfd fds[] = {{.fd = pipeline ? pipeline_wake_fd(pipeline) : -1, .events = POLLIN},
                               {.fd = watched[0], .events = POLLIN},
                               {.fd = watched[1], .events = POLLIN}};
        int ready = ppoll(fds, G_N_ELEMENTS(fds), &limit, unblocked);
        if (ready < 0 || (ready == 0 && slice == left))
            return;
        pulse();
        happened = ready > 0 && (folder_watch_happened(d->watch) || fds[0].revents != 0);
    }
    if (pipeline != NULL)
        pipeline_woken(pipeline);
}

static void wait_between_passes(struct daemon *d, const sigset_t *unblocked)
{
    int64_t interval = d->gateway->config->poll_interval * SECOND;

    wait_for_work(d, *d->pipeline != NULL ? MIN(pipeline_due(*d->pipeline), interval) : interval, unblocked);
}

/* ---- the manager ---- */

static void append_outages(const struct gateway *gateway, GString *text)
{
    const char *last = NULL; /* both directions of a drop stand one behind the other or not at all */

    for (const GSList *at = gateway->outages; at != NULL; at = at->next) {
        const struct outage *outage = at->data;
        if (!outage->on || g_strcmp0(last, outage->drop->name) == 0)
            continue;
        g_string_append_printf(text, "%s%s (%s)", last == NULL ? "; drops that do not work: " : ", ",
                               outage->drop->name, outage->code);
        last = outage->drop->name;
    }
}

/* What `systemctl status` shows. g_free. */
static char *status_text(const struct daemon *d)
{
    GString *text = g_string_new(NULL);
    char now[INSTANT_TEXT_SIZE];

    instant_print(clock_now(), now);
    if (d->early != NULL)
        g_string_append_printf(text, "the pass of %s ended early: %s", now, d->early);
    else
        g_string_append_printf(text, "works; last pass %s", now);
    if (d->gateway->fault.kind != LEDGER_SOUND)
        g_string_append(text, "; does nothing (A109): see 'ecosgate status'");
    if (quick_check_runs(d->gateway))
        g_string_append(text, "; the ledger is checked, for the last run did not end by itself");
    append_outages(d->gateway, text);
    if (d->refused)
        g_string_append(text, "; the configuration on the disk was refused: see the log");
    for (char *at = text->str; *at != '\0'; at++)
        *at = g_ascii_iscntrl(*at) ? ' ' : *at; /* a line end would begin another variable */
    return g_string_free(text, FALSE);
}

static void tell_status(const struct daemon *d, void (*tell)(const struct manager *manager, const char *text))
{
    g_autofree char *text = status_text(d);

    tell(&d->manager, text);
}

/* ---- passes ---- */

/* Frees cause; NULL: the pass went well. */
static void report_early_end(struct daemon *d, GError *cause)
{
    struct gateway *gateway = d->gateway;
    g_autofree char *seconds = text_count(gateway->config->poll_interval, "second");

    if (cause == NULL)
        log_over(LOG(EVENT_PASS_FAILED));
    else
        log_event(LOG(EVENT_PASS_FAILED), "the pass ended early; the next one begins within %s: %s", seconds,
                  cause->message);
    gateway->failed |= cause != NULL;
    /* While another process has the lock, the heartbeat is its own. */
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED))
        beat(gateway->config, cause != NULL ? cause->message : NULL);
    g_free(d->early);
    d->early = cause != NULL ? g_strdup(cause->message) : NULL;
    g_clear_error(&cause);
}

/* After an error that may go away, *pipeline is NULL and the next pass opens spool and ledger anew; LOCKED belongs to
 * these, because reopening gives the lock up for a moment. False: any other error, which ends the daemon. */
static bool outlive(struct daemon *d, GError *cause, GError **error)
{
    pipeline_free(*d->pipeline);
    *d->pipeline = NULL;
    quick_check_stop(d->gateway); /* of the ledger that is closed now */
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
        !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_propagate_error(error, cause);
        return false;
    }
    report_early_end(d, cause);
    return true;
}

static bool pass_or_reopen(struct daemon *d, GError **error)
{
    GError *cause = NULL;

    if (*d->pipeline == NULL && gateway_reopen(d->gateway, &cause))
        *d->pipeline = pipeline_new(d->gateway, &cause);
    int64_t begun = clock_monotonic();
    bool good = *d->pipeline != NULL && pipeline_pass(*d->pipeline, PATIENCE, &cause);
    beat_pass(clock_monotonic() - begun);
    beat_building(d->gateway->building);
    if (!good)
        return outlive(d, cause, error);
    report_early_end(d, NULL);
    kept_files_write(&d->files, d->gateway, false);
    return true;
}

/* ---- reading the configuration again ---- */

static void tell_refused(const GError *cause)
{
    g_auto(GStrv) lines = g_strsplit(cause->message, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        log_event(LOG(EVENT_RELOAD_REFUSED),
                  "the configuration was not taken over, and the gateway works on with the old one: %s", *line);
}

/* Transfers under way are interrupted and begin again, as after a restart. */
static void replace_config(struct daemon *d, struct config *config)
{
    struct gateway *gateway = d->gateway;
    struct config *old = (struct config *)gateway->config; /* ours: daemon_run */

    pipeline_free(*d->pipeline);
    *d->pipeline = NULL;
    profiles_forget(gateway);
    gateway->config = config;
    run_log_begin(d->log, config);
    log_over_all(); /* as after a start, an operator sees all that does not work */
    gateway->outcome_waits = false;
    config_free(old);
    folder_watch_free(d->watch);
    d->watch = watch_folders(gateway);
}

static bool read_again(struct daemon *d, GError **error)
{
    struct gateway *gateway = d->gateway;
    g_autoptr(GError) cause = NULL;
    bool good = true;

    reload = false; /* first: a signal that comes from now on is another one */
    manager_reloading(&d->manager);
    struct config *config = config_replacement(gateway->config->path, gateway->config, &cause);
    d->refused = config == NULL;
    if (config != NULL) {
        g_autofree char *changes = config_changes(gateway->config, config);
        bool open = *d->pipeline != NULL;
        replace_config(d, config);
        log_event(LOG(EVENT_RELOADED), "the configuration was read again: %s",
                  changes != NULL ? changes : "no setting has changed");
        run_log_tell_away(config);
        if (open && (!cells_watch_begin(gateway, &cause) || !profiles_tell_changed(gateway, &cause) ||
                     (*d->pipeline = pipeline_new(gateway, &cause)) == NULL))
            good = outlive(d, g_steal_pointer(&cause), error);
    } else {
        tell_refused(cause);
    }
    tell_status(d, manager_ready);
    return good;
}

/* Reports that are being built are issued before: their bytes are those of the configuration at the period's end. */
static bool reload_now(const struct daemon *d)
{
    return reload && (*d->pipeline == NULL || !pipeline_keeps_config(*d->pipeline));
}

/* ---- the daemon ---- */

static bool work(struct daemon *d, GError **error)
{
    sigset_t blocked, unblocked;
    bool good = true;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    while (good && !*d->stop) {
        good = (!reload_now(d) || read_again(d, error)) && pass_or_reopen(d, error);
        pulse();
        tell_status(d, manager_status);
        (void)sigprocmask(SIG_BLOCK, &blocked, &unblocked); /* cannot fail: valid arguments */
        if (good && !*d->stop && !reload_now(d))
            wait_between_passes(d, &unblocked);
        (void)sigprocmask(SIG_SETMASK, &unblocked, NULL);
    }
    return good;
}

bool daemon_run(struct gateway *gateway, struct pipeline **pipeline, const struct run_log *log, GError **error)
{
    struct daemon d = {.gateway = gateway, .pipeline = pipeline, .stop = gateway->stop, .log = log};

    manager_init(&d.manager);
    pulse_listen(manager_feed, &d.manager);
    d.watch = watch_folders(gateway);
    log_event(LOG(EVENT_STARTED), "running; %u drops, process %ld", gateway->config->drops->len, (long)getpid());
    tell_status(&d, manager_ready);
    bool good = work(&d, error);
    manager_stopping(&d.manager);
    pulse_listen(NULL, NULL);
    folder_watch_free(d.watch);
    manager_close(&d.manager);
    g_free(d.early);
    kept_files_clear(&d.files);
    log_event(LOG(EVENT_STOPPED), "stopped");
    return good;
}
