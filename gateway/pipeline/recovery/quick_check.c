/* Table by table, for a large ledger on a slow disk takes minutes. */
#include "gateway/pipeline/recovery/quick_check.h"

#include "gateway/clock.h"
#include "spool/ledger/ledger_proof.h"

#include <signal.h>
#include <unistd.h>

/* Microseconds. PAUSE: until the thread is interrupted once more. */
enum { SECOND = 1000000, PAUSE = 5000 };

struct quick_check {
    struct gateway *gateway; /* not for the thread */
    struct ledger *snapshot;
    char *path; /* of the ledger */
    GMutex lock;
    int wake; /* under the lock; -1: no pipeline waits */
    volatile bool stop;
    int64_t begun;   /* monotonic microseconds */
    GThread *thread; /* NULL: none runs */
    gint ended;      /* atomic: the thread has nothing more to do */
    GError *cause;   /* set before `ended`; NULL: the ledger is whole */
};

static bool check_table(struct ledger *ledger, const char *path, const char *table, GError **error)
{
    g_autofree char *complaint = NULL;

    if (!ledger_table_check(ledger, table, &complaint, error))
        return false;
    if (complaint == NULL)
        return true;
    g_set_error(
        error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
        "ledger %s is damaged, found after the last run did not end by itself: table %s: %s; restore ledger and "
        "spool from one backup, then look at the disk",
        path, table, complaint);
    return false;
}

static void succeed(struct gateway *gateway, int64_t begun)
{
    gateway->unchecked = false;
    log_event(LOG(EVENT_LEDGER_CHECKED),
              "the last run did not end by itself (kill, crash or power failure); the ledger was checked and is "
              "whole, %.1f s",
              (double)(clock_monotonic() - begun) / SECOND);
}

/* ---- before any work ---- */

static bool check_now(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) tables = NULL;
    int64_t begun = clock_monotonic();

    if (!ledger_tables(gateway->ledger, &tables, error))
        return false;
    for (guint i = 0; i < tables->len; i++) {
        if (gateway_stopping(gateway))
            return true; /* the mark stays: the next start checks */
        if (gateway->on_progress != NULL)
            gateway->on_progress(gateway->progress_user, "check of the ledger, tables", i, tables->len);
        if (!check_table(gateway->ledger, gateway->config->ledger, tables->pdata[i], error))
            return false;
    }
    succeed(gateway, begun);
    return true;
}

bool quick_check_begin(struct gateway *gateway, GError **error)
{
    int64_t bytes = 0;

    if (!gateway->unchecked)
        return true;
    if (!ledger_bytes(gateway->ledger, &bytes, error))
        return false;
    if (gateway->yields && !gateway->identity.damaged && bytes >= QUICK_CHECK_LONG)
        return true;
    return check_now(gateway, error);
}

/* ---- beside the work ---- */

static bool check_snapshot(const struct quick_check *check, GError **error)
{
    g_autoptr(GPtrArray) tables = NULL;
    bool good = ledger_tables(check->snapshot, &tables, error);

    for (guint i = 0; good && i < tables->len && !check->stop; i++)
        good = check_table(check->snapshot, check->path, tables->pdata[i], error);
    return good;
}

static void wake_up(struct quick_check *check)
{
    const uint64_t one = 1;

    g_mutex_lock(&check->lock);
    bool woken = check->wake >= 0 && write(check->wake, &one, sizeof one) > 0;
    g_mutex_unlock(&check->lock);
    (void)woken; /* false: no pipeline waits, or the counter is full and the descriptor is readable already */
}

static void *work(void *user)
{
    struct quick_check *check = user;

    (void)check_snapshot(check, &check->cause);
    g_atomic_int_set(&check->ended, 1);
    wake_up(check);
    return NULL;
}

static struct quick_check *check_new(struct gateway *gateway)
{
    struct quick_check *check = g_new0(struct quick_check, 1);

    check->gateway = gateway;
    check->path = g_strdup(gateway->config->ledger);
    g_mutex_init(&check->lock);
    return check;
}

static void set_wake(struct quick_check *check, int wake)
{
    g_mutex_lock(&check->lock);
    check->wake = wake;
    g_mutex_unlock(&check->lock);
}

void quick_check_attach(struct gateway *gateway, int wake)
{
    if (gateway->check == NULL)
        gateway->check = check_new(gateway);
    set_wake(gateway->check, wake);
    if (gateway->check->thread != NULL)
        log_event(LOG(EVENT_LEDGER_CHECKING), "the check of the ledger goes on, %.1f s until now",
                  (double)(clock_monotonic() - gateway->check->begun) / SECOND);
}

void quick_check_detach(struct gateway *gateway)
{
    if (gateway->check != NULL)
        set_wake(gateway->check, -1);
}

bool quick_check_runs(const struct gateway *gateway)
{
    return gateway->check != NULL && gateway->check->thread != NULL;
}

static void join(struct quick_check *check)
{
    if (check->thread != NULL)
        (void)g_thread_join(g_steal_pointer(&check->thread)); /* gives back NULL */
    g_clear_pointer(&check->snapshot, ledger_close);
}

/* Signals must reach the gateway's thread, which waits for them: the new thread blocks them all. */
static bool start_thread(struct quick_check *check, GError **error)
{
    sigset_t all, before;

    check->snapshot = ledger_open_snapshot(check->gateway->ledger, &check->stop, error);
    if (check->snapshot == NULL)
        return false;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    check->thread = g_thread_try_new("ledger-check", work, check, error);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return check->thread != NULL;
}

static bool start(struct quick_check *check, GError **error)
{
    g_autoptr(GError) cause = NULL;

    check->begun = clock_monotonic();
    if (start_thread(check, &cause)) {
        log_event(LOG(EVENT_LEDGER_CHECKING), "the last run did not end by itself (kill, crash or power failure); the "
                                              "ledger is checked while the gateway works");
        return true;
    }
    join(check);
    log_event(LOG(EVENT_LEDGER_CHECK_ALONE),
              "the ledger cannot be checked while the gateway works: %s; the work waits until it is checked",
              cause->message);
    return check_now(check->gateway, error);
}

static bool take_result(struct quick_check *check, GError **error)
{
    join(check);
    g_atomic_int_set(&check->ended, 0);
    if (check->cause == NULL) {
        succeed(check->gateway, check->begun);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&check->cause));
    return false;
}

bool quick_check_pass(struct gateway *gateway, GError **error)
{
    struct quick_check *check = gateway->check;

    if (check->thread == NULL)
        return !gateway->unchecked || !gateway->yields || gateway_stopping(gateway) || start(check, error);
    return g_atomic_int_get(&check->ended) == 0 || take_result(check, error);
}

void quick_check_stop(struct gateway *gateway)
{
    struct quick_check *check = g_steal_pointer(&gateway->check);

    if (check == NULL)
        return;
    check->stop = true;
    /* Again and again: what is interrupted between two tables goes on with the next one. */
    while (check->thread != NULL && g_atomic_int_get(&check->ended) == 0) {
        ledger_snapshot_interrupt(check->snapshot);
        g_usleep(PAUSE);
    }
    join(check);
    g_clear_error(&check->cause);
    g_mutex_clear(&check->lock);
    g_free(check->path);
    g_free(check);
}

/* ---- the end ---- */

void quick_check_end(struct gateway *gateway, const GError *cause)
{
    g_autoptr(GError) error = NULL;

    if (gateway->ledger == NULL || !gateway->writing)
        return;
    if (cause != NULL && gateway->unchecked && g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT))
        (void)ledger_identity_damaged(gateway->ledger, NULL); /* one that cannot even be written tells it by itself */
    else if (cause == NULL && !gateway->unchecked && !ledger_identity_end(gateway->ledger, &error))
        log_event(LOG(EVENT_END_UNRECORDED), "the end of this run is not in the ledger, and the next one checks it: %s",
                  error->message);
}
