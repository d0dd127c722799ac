#include "gateway/drops/transfer_worker.h"

#include "gateway/clock.h"

#include <signal.h>
#include <unistd.h>

enum { SLICE = 100000 };

struct transfer_worker {
    const struct transport *transport;
    struct connection *connection;
    int wake;
    GThread *thread;
    GMutex lock; /* of what follows */
    GCond changed;
    transfer_worker_task *task; /* NULL: idle */
    void *user;
    bool awaited; /* whoever began the task waits for its end, or has yet to come to that */
    bool ending;
};

static void tell(const struct transfer_worker *worker)
{
    const uint64_t one = 1;

    if (worker->wake >= 0 && write(worker->wake, &one, sizeof one) < 0)
        return; /* full: it is readable already */
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
            tell(worker);
    }
    g_mutex_unlock(&worker->lock);
    return NULL;
}

struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake)
{
    struct transfer_worker *worker = g_new0(struct transfer_worker, 1);
    sigset_t all, before;

    worker->transport = transport_of(drop);
    worker->connection = worker->transport->open(drop, direction);
    worker->wake = wake;
    g_mutex_init(&worker->lock);
    g_cond_init(&worker->changed);
    /* Signals are for the gateway's thread: it is the one that waits for them. */
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    worker->thread = g_thread_new(drop->name, work, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return worker;
}

void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user)
{
    g_mutex_lock(&worker->lock);
    g_assert(worker->task == NULL);
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
        /* A signal does not end the wait, so it is cut into slices. */
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
    (void)g_thread_join(worker->thread); /* gives back NULL */
    worker->transport->close(worker->connection);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->changed);
    g_free(worker);
}
