#include "gateway/courier.h"

#include "gateway/clock.h"

#include <signal.h>
#include <unistd.h>

enum { SLICE = 100000 };

struct courier {
    const struct transport *transport;
    struct carrier *carrier;
    int wake;
    GThread *thread;
    GMutex lock; /* of what follows */
    GCond changed;
    courier_task *task; /* NULL: idle */
    void *user;
    bool awaited; /* whoever began the task waits for its end, or has yet to come to that */
    bool ending;
};

static void tell(const struct courier *courier)
{
    const uint64_t one = 1;

    if (courier->wake >= 0 && write(courier->wake, &one, sizeof one) < 0)
        return; /* full: it is readable already */
}

static void *work(void *user)
{
    struct courier *courier = user;

    g_mutex_lock(&courier->lock);
    while (!courier->ending) {
        if (courier->task == NULL) {
            g_cond_wait(&courier->changed, &courier->lock);
            continue;
        }
        g_mutex_unlock(&courier->lock);
        courier->task(courier->transport, courier->carrier, courier->user);
        g_mutex_lock(&courier->lock);
        courier->task = NULL;
        g_cond_broadcast(&courier->changed);
        if (!courier->awaited)
            tell(courier);
    }
    g_mutex_unlock(&courier->lock);
    return NULL;
}

struct courier *courier_new(const struct drop *drop, enum carrier_direction direction, int wake)
{
    struct courier *courier = g_new0(struct courier, 1);
    sigset_t all, before;

    courier->transport = transport_of(drop);
    courier->carrier = courier->transport->open(drop, direction);
    courier->wake = wake;
    g_mutex_init(&courier->lock);
    g_cond_init(&courier->changed);
    /* Signals are for the gateway's thread: it is the one that waits for them. */
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    courier->thread = g_thread_new(drop->name, work, courier);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return courier;
}

void courier_begin(struct courier *courier, courier_task *task, void *user)
{
    g_mutex_lock(&courier->lock);
    g_assert(courier->task == NULL);
    courier->task = task;
    courier->user = user;
    courier->awaited = true;
    g_cond_broadcast(&courier->changed);
    g_mutex_unlock(&courier->lock);
}

bool courier_wait(struct courier *courier, int64_t until, const volatile bool *stop)
{
    int64_t now = clock_monotonic();

    g_mutex_lock(&courier->lock);
    while (courier->task != NULL && now < until && (stop == NULL || !*stop)) {
        /* A signal does not end the wait, so it is cut into slices. */
        (void)g_cond_wait_until(&courier->changed, &courier->lock, MIN(until, now + SLICE));
        now = clock_monotonic();
    }
    bool idle = courier->task == NULL;
    courier->awaited = false;
    g_mutex_unlock(&courier->lock);
    return idle;
}

void courier_free(struct courier *courier)
{
    if (courier == NULL)
        return;
    courier->transport->interrupt(courier->carrier);
    g_mutex_lock(&courier->lock);
    courier->ending = true;
    g_cond_broadcast(&courier->changed);
    g_mutex_unlock(&courier->lock);
    (void)g_thread_join(courier->thread); /* gives back NULL */
    courier->transport->close(courier->carrier);
    g_mutex_clear(&courier->lock);
    g_cond_clear(&courier->changed);
    g_free(courier);
}
