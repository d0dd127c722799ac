/*
 * One thread, one task at a time. The lock guards the hand-over only; it is not held while a task runs.
 */
#include "gateway/drops/transfer_worker.h"

#include "gateway/clock.h"

#include <signal.h>
#include <unistd.h>

enum { SLICE = 100000 }; /* microseconds */

struct transfer_worker {
    const char *name; /* of the drop */
    const struct transport *transport;
    struct connection *connection;
    int wake;        /* -1: none */
    GThread *thread; /* NULL: not started yet */
    GMutex lock;     /* guards what follows */
    GCond changed;
    transfer_worker_task *task; /* NULL: idle */
    void *user;
    bool awaited; /* the gateway's thread waits for the end of the task, or will come to that: no wake */
    bool ending;  /* the thread shall end */
};

/* Wakes the gateway's thread. */
static void wake_gateway(const struct transfer_worker *worker)
{
    const uint64_t one = 1;

    if (worker->wake >= 0 && write(worker->wake, &one, sizeof one) < 0)
        return; /* the counter is full: the descriptor is readable already */
}

static void *work(void *user)
{
    struct transfer_worker *worker = user;

    g_mutex_lock(&worker->lock);
    while (!worker->ending) {
        if (worker->task == NULL) {
            g_cond_wait(&worker->changed, &worker->lock);
            continue;
        }
        g_mutex_unlock(&worker->lock);
        worker->task(worker->transport, worker->connection, worker->user);
        g_mutex_lock(&worker->lock);
        worker->task = NULL;
        g_cond_broadcast(&worker->changed);
        if (!worker->awaited)
            wake_gateway(worker);
    }
    g_mutex_unlock(&worker->lock);
    return NULL;
}

struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake)
{
    struct transfer_worker *worker = g_new0(struct transfer_worker, 1);

    worker->name = drop->name;
    worker->transport = drop->transport;
    worker->connection = worker->transport->open(drop, direction);
    worker->wake = wake;
    g_mutex_init(&worker->lock);
    g_cond_init(&worker->changed);
    return worker;
}

bool transfer_worker_ready(struct transfer_worker *worker, GError **error)
{
    g_autoptr(GError) cause = NULL;
    sigset_t all, before;

    if (worker->thread != NULL)
        return true;
    /* Signals must reach the gateway's thread, which waits for them. The new thread inherits a mask that blocks all. */
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    worker->thread = g_thread_try_new(worker->name, work, worker, &cause);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (worker->thread != NULL)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN,
                "no thread is left to work on the drop: %s; raise the limit of processes of the gateway's user "
                "(ulimit -u, pids.max)",
                cause->message);
    return false;
}

void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user)
{
    g_mutex_lock(&worker->lock);
    g_assert(worker->task == NULL && worker->thread != NULL);
    worker->task = task;
    worker->user = user;
    worker->awaited = true;
    g_cond_broadcast(&worker->changed);
    g_mutex_unlock(&worker->lock);
}

bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop)
{
    int64_t now = clock_monotonic();

    g_mutex_lock(&worker->lock);
    while (worker->task != NULL && now < until && (stop == NULL || !*stop)) {
        /* A signal sets *stop, but does not end this wait. So it is cut into slices. */
        (void)g_cond_wait_until(&worker->changed, &worker->lock, MIN(until, now + SLICE));
        now = clock_monotonic();
    }
    bool idle = worker->task == NULL;
    worker->awaited = false;
    g_mutex_unlock(&worker->lock);
    return idle;
}

void transfer_worker_free(struct transfer_worker *worker)
{
    if (worker == NULL)
        return;
    worker->transport->interrupt(worker->connection);
    g_mutex_lock(&worker->lock);
    worker->ending = true;
    g_cond_broadcast(&worker->changed);
    g_mutex_unlock(&worker->lock);
    if (worker->thread != NULL)
        (void)g_thread_join(worker->thread); /* gives back NULL */
    worker->transport->close(worker->connection);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->changed);
    g_free(worker);
}
