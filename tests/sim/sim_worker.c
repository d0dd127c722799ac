/*
 * gateway/drops/transfer_worker.c without threads. The linker takes this object, so that of the archive is left out.
 *
 * Each task has a stack of its own (ucontext). One of the stacks runs at any moment: the gateway's own or that of a
 * task. A task stops at its requests, and now and then at a call of the system; which task goes on, the stream "turns"
 * decides. Tasks get turns while the gateway waits, and now and then at one of its own calls. So transfers of different
 * drops, and the gateway's work, mix as they would with threads.
 */
#include "gateway/drops/transfer_worker.h"

#include "gateway/clock.h"
#include "tests/sim/shared.h"
#include "tests/sim/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

enum { STACK = 1 << 20, TASK_STOPS = 8, GATEWAY_STOPS = 16 /* one of so many calls */ };

struct transfer_worker {
    const char *name; /* of the drop */
    const struct transport *transport;
    struct connection *connection;
    int wake;
    transfer_worker_task *task; /* NULL: idle */
    void *user;
    int64_t due; /* true time: when the task goes on */
    bool ready;  /* it has got its thread */
    bool awaited;
    bool begun; /* the task has a stack */
    char *stack;
    ucontext_t context;
};

/* The stack of the gateway's own work, as the address sanitizer wants it. */
struct own_stack {
    ucontext_t context;
    const void *bottom;
    size_t size;
};

static struct own_stack own;
static struct transfer_worker *present; /* whose task runs; NULL: the gateway's own work */
static struct transfer_worker *last;    /* whose task ran last */
static GPtrArray *workers;              /* of this process, in the order of their making */

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
    kinds_seen(SEEN_NO_THREAD);
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
    if (late == 0)
        return;
    shared_trace("a transfer of drop %s hangs for %" G_GINT64_FORMAT " s", worker->name, late / SIM_SECOND);
    kinds_seen(SEEN_TRANSFER_HANGS);
}

/* ---- turns ---- */

static struct random *turns(void)
{
    static struct random *stream;

    if (stream == NULL)
        stream = shared_random("turns");
    return stream;
}

/* The address sanitizer follows the change of stacks. */
static void leave(void **kept, const void *bottom, size_t size)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(kept, bottom, size);
#else
    (void)kept;
    (void)bottom;
    (void)size;
#endif
}

static void arrive(void *kept, const void **bottom, size_t *size)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(kept, bottom, size);
#else
    (void)kept;
    (void)bottom;
    (void)size;
#endif
}

static void run_task(void)
{
    struct transfer_worker *worker = present;

    arrive(NULL, &own.bottom, &own.size);
    worker->task(worker->transport, worker->connection, worker->user);
    worker->task = NULL;
    leave(NULL, own.bottom, own.size); /* this stack is left for good */
}

/* Lets the task go on until it stops or ends. */
static void give_turn(struct transfer_worker *worker)
{
    const uint64_t one = 1;
    void *kept = NULL;
    int error = errno;

    if (last != worker && last != NULL && last->task != NULL && last->begun) {
        shared_trace("turns from drop %s to drop %s", last->name, worker->name);
        kinds_seen(SEEN_TRANSFERS_MIX);
    }
    if (!worker->begun) {
        if (worker->stack == NULL)
            worker->stack = g_malloc(STACK);
        (void)getcontext(&worker->context);
        worker->context.uc_stack = (stack_t){.ss_sp = worker->stack, .ss_size = STACK};
        worker->context.uc_link = &own.context;
        makecontext(&worker->context, run_task, 0);
        worker->begun = true;
    }
    present = last = worker;
    leave(&kept, worker->stack, STACK);
    (void)swapcontext(&own.context, &worker->context);
    arrive(kept, NULL, NULL);
    present = NULL;
    errno = error;
    worker->begun = worker->task != NULL;
    if (worker->task == NULL && !worker->awaited && worker->wake >= 0 && write(worker->wake, &one, sizeof one) < 0)
        return; /* the counter is full: the descriptor is readable already */
}

bool worker_stop(int64_t until)
{
    struct transfer_worker *worker = present;
    void *kept = NULL;
    int error = errno;

    if (worker == NULL)
        return false;
    worker->due = until;
    leave(&kept, own.bottom, own.size);
    (void)swapcontext(&worker->context, &own.context);
    arrive(kept, &own.bottom, &own.size);
    errno = error;
    return true;
}

/* One of the tasks that can go on now; NULL: there is none. */
static struct transfer_worker *choose(void)
{
    struct transfer_worker *chosen = NULL;
    uint64_t n = 0;

    for (guint i = 0; workers != NULL && i < workers->len; i++)
        n += ((const struct transfer_worker *)workers->pdata[i])->task != NULL &&
             ((const struct transfer_worker *)workers->pdata[i])->due <= shared->now;
    uint64_t which = n > 1 ? random_below(turns(), n) : 0;
    for (guint i = 0; n > 0 && chosen == NULL; i++) {
        struct transfer_worker *worker = workers->pdata[i];
        if (worker->task != NULL && worker->due <= shared->now && which-- == 0)
            chosen = worker;
    }
    return chosen;
}

void worker_call(void)
{
    if (present != NULL) {
        if (shared->now >= shared->next || random_below(turns(), TASK_STOPS) == 0)
            (void)worker_stop(shared->now);
        return;
    }
    if (workers == NULL || worker_due() > shared->now || random_below(turns(), GATEWAY_STOPS) != 0)
        return;
    give_turn(choose());
}

bool worker_runs(void)
{
    return present != NULL;
}

bool worker_is_within(void)
{
    for (guint i = 0; workers != NULL && i < workers->len; i++) {
        const struct transfer_worker *worker = workers->pdata[i];
        if (worker->begun && worker->due <= shared->now)
            return true;
    }
    return false;
}

/* ---- what the gateway calls ---- */

bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop)
{
    bool over = false;

    while (worker->task != NULL && !over && (stop == NULL || !*stop)) {
        int64_t left = until - clock_monotonic();
        struct transfer_worker *next = worker->task != NULL ? choose() : NULL;
        if (next != NULL)
            give_turn(next);
        over = left <= 0;
        if (!over && next == NULL && worker->task != NULL)
            shared_sleep(MIN(left, worker_due() - shared->now));
    }
    worker->awaited = false;
    return worker->task == NULL;
}

void transfer_worker_free(struct transfer_worker *worker)
{
    if (worker == NULL)
        return;
    worker->transport->interrupt(worker->connection);
    while (worker->task != NULL) {
        give_turn(worker);
        (void)clock_monotonic(); /* the simulator gets its turn when an event is due */
    }
    (void)g_ptr_array_remove(workers, worker);
    last = last == worker ? NULL : last;
    worker->transport->close(worker->connection);
    g_free(worker->stack);
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
    for (struct transfer_worker *worker; present == NULL && (worker = choose()) != NULL;)
        give_turn(worker);
}
