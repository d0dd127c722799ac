#include "gateway/pipeline/pipeline.h"

#include "gateway/clock.h"
#include "gateway/pipeline/clock_watch.h"
#include "gateway/pipeline/delivery.h"
#include "gateway/pipeline/dispatch.h"
#include "gateway/answers/incidents.h"
#include "gateway/pipeline/intake.h"
#include "gateway/pipeline/orders.h"
#include "gateway/pipeline/pickup.h"
#include "gateway/pipeline/reference.h"
#include "gateway/reports/reports.h"
#include "validators/judge.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAX_SECONDS = 1000000 };

struct pipeline {
    struct gateway *gateway;
    struct pickup *pickup;
    struct delivery *delivery;
    int wake;
    bool holds;     /* the clock is not believed: nothing comes by itself */
    int64_t next;   /* when a session goes on by itself; 0: none does */
    int64_t report; /* when the period of a report ends */
};

struct pipeline *pipeline_new(struct gateway *gateway, GError **error)
{
    struct pipeline *pipeline = g_new0(struct pipeline, 1);

    pipeline->gateway = gateway;
    pipeline->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pipeline->wake < 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot make an event descriptor: %s", g_strerror(errno));
    else if ((pipeline->pickup = pickup_new(gateway, pipeline->wake, error)) != NULL &&
             (pipeline->delivery = delivery_new(gateway, pipeline->wake, error)) != NULL)
        return pipeline;
    pipeline_free(pipeline);
    return NULL;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    delivery_free(pipeline->delivery);
    pickup_free(pipeline->pickup);
    if (pipeline->wake >= 0)
        (void)close(pipeline->wake); /* nothing is kept in it */
    g_free(pipeline);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Jobs that a stop left in active/, and new ones, oldest first. */
static GArray *jobs_due(struct gateway *gateway, GError **error)
{
    g_autoptr(GArray) active = job_list(gateway->spool, JOB_ACTIVE, error);
    g_autoptr(GArray) ready = active ? job_list(gateway->spool, JOB_READY, error) : NULL;

    if (ready == NULL)
        return NULL;
    g_array_append_vals(active, ready->data, ready->len);
    g_array_sort(active, by_id);
    return g_steal_pointer(&active);
}

/* What one job leads to is finished before the next is begun: a crash anywhere then resumes in the same
 * order, with the same numbers. So does a pass that ended because spool or ledger failed; a job whose own bytes
 * cannot be read holds up no other. */
static bool process(struct pipeline *pipeline, int64_t id, GError **error)
{
    struct gateway *gateway = pipeline->gateway;
    GError *fault = NULL;

    if (!intake_process(gateway, id, &fault)) {
        if (g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_BUG) ||
            g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
            g_propagate_prefixed_error(error, fault,
                                       "job %08" G_GINT64_FORMAT " was not judged; it is tried again: ", id);
            return false;
        }
        if (!g_error_matches(fault, JUDGE_ERROR, JUDGE_ERROR_STOPPED))
            gateway_fail(gateway, fault, "job %08" G_GINT64_FORMAT " was not judged; it is tried again", id);
        else
            g_clear_error(&fault);
        return true;
    }
    return dispatch_pass(gateway, error) && delivery_advance(pipeline->delivery, error);
}

/* The next job that need not wait: instructions do while the inventory is wanting, and come when it has come. Where
 * *next is beyond the last, there is none. */
static bool find_next(struct gateway *gateway, const GArray *due, guint *next, GError **error)
{
    g_autofree char *fault = NULL;
    bool waits = true;

    if (!reference_find_problem(gateway, &fault, error))
        return false;
    if (fault == NULL)
        *next = 0;
    for (; fault != NULL && *next < due->len; ++*next) {
        if (!reference_waits(gateway, g_array_index(due, int64_t, *next), &waits, error))
            return false;
        if (!waits)
            break;
    }
    return true;
}

static bool process_due(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;
    g_autoptr(GArray) due = jobs_due(gateway, error);
    guint next = 0;

    if (due == NULL || !find_next(gateway, due, &next, error))
        return false;
    while (next < due->len && !gateway_stopping(gateway)) {
        /* Orders in between, or `hold` would never reach a file that waits behind others; and drops, whose files
         * need not wait in them for the judging of those before. */
        if (!orders_carry_out(gateway, error) || !pickup_go_on(pipeline->pickup, error) ||
            !process(pipeline, g_array_index(due, int64_t, next), error))
            return false;
        (void)g_array_remove_index(due, next); /* the array stays the same */
        if (!find_next(gateway, due, &next, error))
            return false;
    }
    return gateway_stopping(gateway) || reference_update_incident(gateway, error);
}

/* Last of all, so that what this pass found is told in one file, and delivered in this pass. */
static bool tell_incidents(struct pipeline *pipeline, GError **error)
{
    bool told;

    return incidents_report(pipeline->gateway, &told, error) && (!told || delivery_advance(pipeline->delivery, error));
}

/* All that asks what time it is. */
static bool work(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    return pickup_pass(pipeline->pickup, error) && reports_pass(gateway, error) && dispatch_timeouts(gateway, error) &&
           process_due(pipeline, error) && reports_on_change(gateway, error) && dispatch_pass(gateway, error) &&
           delivery_advance(pipeline->delivery, error) && reports_watch(gateway, error) &&
           dispatch_next(gateway, &pipeline->next, error) && reports_next(gateway, &pipeline->report, error);
}

bool pipeline_pass(struct pipeline *pipeline, int64_t patience, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    gateway->wait_until = clock_monotonic() + patience;
    if (!clock_watch(gateway, error) || !orders_carry_out(gateway, error) ||
        !clock_watch_holds(gateway, &pipeline->holds, error) || !delivery_begin_pass(pipeline->delivery, error))
        return false;
    return (pipeline->holds ? delivery_advance(pipeline->delivery, error) : work(pipeline, error)) &&
           tell_incidents(pipeline, error) && ledger_checkpoint(gateway->ledger, error);
}

bool pipeline_is_busy(const struct pipeline *pipeline)
{
    return pickup_is_busy(pipeline->pickup) || delivery_is_busy(pipeline->delivery);
}

int pipeline_wake_fd(const struct pipeline *pipeline)
{
    return pipeline->wake;
}

void pipeline_woken(const struct pipeline *pipeline)
{
    uint64_t count;

    while (read(pipeline->wake, &count, sizeof count) > 0)
        ; /* how many tasks ended does not matter: a pass looks at all */
}

int64_t pipeline_settling(const struct pipeline *pipeline)
{
    return pickup_settling(pipeline->pickup);
}

int64_t pipeline_due(const struct pipeline *pipeline)
{
    if (pipeline->holds)
        return delivery_due(pipeline->delivery);
    int64_t due = MIN(pickup_due(pipeline->pickup), delivery_due(pipeline->delivery));
    int64_t next = pipeline->next == 0 ? pipeline->report : MIN(pipeline->next, pipeline->report);
    int64_t seconds = MIN(MAX(next - clock_now(), 0), MAX_SECONDS);

    return MIN(due, seconds * G_USEC_PER_SEC);
}
