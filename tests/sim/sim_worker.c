/*
 * gateway/drops/transfer_worker.c without threads. The linker takes this object, so that of the archive is left out.
 *
 * The task runs as a whole at one of two times: when it is waited for first, or late. Between its requests the
 * simulator gets control (a drop of this build gives control back at each request), so what partners do in the
 * meantime is the same as beside a thread. Only the gateway's own work does not go on during a task.
 */
#include "gateway/drops/transfer_worker.h"

#include "gateway/clock.h"
#include "tests/sim/shared.h"
#include "tests/sim/worker.h"

#include <unistd.h>

struct transfer_worker {
    const char *name; /* of the drop */
    const struct transport *transport;
    struct connection *connection;
    int wake;
    transfer_worker_task *task; /* NULL: idle */
    void *user;
    int64_t due; /* true time: when the task runs */
    bool ready;  /* it has got its thread */
    bool awaited;
};

static GPtrArray *workers; /* of this process, in the order of their making */

struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake)
{
    struct transfer_worker *worker = g_new0(struct transfer_worker, 1);

    worker->name = drop->name;
    worker->transport = drop->transport;
    worker->connection = worker->transport->open(drop, direction);
    worker->wake = wake;
    if (workers == NULL)
        workers = g_ptr_array_new();
    g_ptr_array_add(workers, worker);
    return worker;
}

/* Now and then the system has no thread left for a worker that has none yet. */
bool transfer_worker_ready(struct transfer_worker *worker, GError **error)
{
    worker->ready = worker->ready || !shared->faults || !random_chance(shared_random("threads"), shared->no_thread);
    if (worker->ready)
        return true;
    shared_trace("drop %s gets no thread", worker->name);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no thread is left to work on the drop: simulated");
    return false;
}

/* How late the task runs: by the rate of hangs a second to an hour, else at once. */
static int64_t delay(void)
{
    struct random *random = shared_random("workers");

    if (!shared->faults || !random_chance(random, shared->late_task))
        return 0;
    return SIM_SECOND << random_below(random, 12);
}

void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user)
{
    g_assert(worker->task == NULL);
    worker->task = task;
    worker->user = user;
    worker->awaited = true;
    int64_t late = delay();
    worker->due = shared->now + late;
    if (late > 0)
        shared_trace("a transfer of drop %s hangs for %" G_GINT64_FORMAT " s", worker->name, late / SIM_SECOND);
}

static void run_task(struct transfer_worker *worker)
{
    const uint64_t one = 1;

    worker->task(worker->transport, worker->connection, worker->user);
    worker->task = NULL;
    if (!worker->awaited && worker->wake >= 0 && write(worker->wake, &one, sizeof one) < 0)
        return; /* the counter is full: the descriptor is readable already */
}

bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop)
{
    while (worker->task != NULL && (stop == NULL || !*stop)) {
        int64_t left = until - clock_monotonic();
        if (worker->due <= shared->now)
            run_task(worker);
        else if (left <= 0)
            break;
        else
            shared_sleep(MIN(left, worker->due - shared->now));
    }
    worker->awaited = false;
    return worker->task == NULL;
}

void transfer_worker_free(struct transfer_worker *worker)
{
    if (worker == NULL)
        return;
    worker->transport->interrupt(worker->connection);
    if (worker->task != NULL)
        run_task(worker);
    (void)g_ptr_array_remove(workers, worker);
    worker->transport->close(worker->connection);
    g_free(worker);
}

int64_t worker_due(void)
{
    int64_t due = INT64_MAX;

    for (guint i = 0; workers != NULL && i < workers->len; i++) {
        const struct transfer_worker *worker = workers->pdata[i];
        if (worker->task != NULL)
            due = MIN(due, worker->due);
    }
    return due;
}

void worker_run_due(void)
{
    for (guint i = 0; workers != NULL && i < workers->len; i++) {
        struct transfer_worker *worker = workers->pdata[i];
        if (worker->task != NULL && worker->due <= shared->now)
            run_task(worker);
    }
}
