/*
 * The order of the stages, and what ends a pass.
 *
 * What one job leads to in the ledger (verdict, work orders) is done before the next job is judged, and durable with
 * its group (NOTES.md, A group of jobs). A crash anywhere then resumes in the same order and gives out the same
 * numbers. For the same reason a pass ends when our own disk or ledger fails: nothing is picked up or judged before
 * what failed, so that sequence numbers (B107) and work in progress (C110) are judged as in an undisturbed run. A drop
 * that is down, or a payload that cannot be read, stops nothing else.
 *
 * The files that follow from small jobs are built, and leave, together: each step of a delivery has a sync or a
 * commit, and serves many files as well as one. Nothing waits long for it, for a group of jobs is small in number and
 * bytes. The first job of a pass is a group by itself, and the next groups have twice as many jobs each: if a delivery
 * shows that the drop of work orders is down, few orders were made for it.
 *
 * Checkpoints of the ledger are made here, at the end of a pass, and nowhere else: readers never wait for one.
 */
#include "gateway/pipeline/pipeline.h"

#include "gateway/answers/incident_log.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/watches/cells_watch.h"
#include "gateway/pipeline/pickup/claims.h"
#include "gateway/pipeline/watches/clock_watch.h"
#include "gateway/pipeline/recovery/damage.h"
#include "gateway/pipeline/delivery/delivery.h"
#include "gateway/pipeline/dispatch/dispatch.h"
#include "gateway/pipeline/watches/expect_watch.h"
#include "gateway/pipeline/judging/intake.h"
#include "gateway/pipeline/watches/ledger_watch.h"
#include "gateway/pipeline/watches/missing_watch.h"
#include "gateway/pipeline/orders/orders.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "gateway/pipeline/pickup/pickup.h"
#include "gateway/pipeline/recovery/places.h"
#include "gateway/pipeline/recovery/quick_check.h"
#include "gateway/pipeline/watches/profile_watch.h"
#include "gateway/pipeline/retention/purge.h"
#include "gateway/pipeline/queue.h"
#include "gateway/pipeline/judging/reference.h"
#include "gateway/pipeline/retention/archiving.h"
#include "gateway/pipeline/retention/retention.h"
#include "gateway/pipeline/watches/room_watch.h"
#include "gateway/pipeline/watches/signing_watch.h"
#include "gateway/pipeline/judging/volume.h"
#include "gateway/reports/report_schedule.h"
#include "gateway/reports/report_address.h"
#include "gateway/reports/reports.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/judge.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    MAX_SECONDS = 1000000,               /* the longest time that pipeline_due gives */
    LISTING_PAUSE = G_USEC_PER_SEC / 10, /* until a drop is listed once more for an instruction */
    GROUP_JOBS = 64,                     /* whose files leave together, at most, */
    GROUP_BYTES = 1 << 20                /* and what their payloads have */
};

struct pipeline {
    struct gateway *gateway;
    struct claims *claims;
    struct pickup *pickup;
    struct queue *queue;
    struct delivery *delivery;
    struct reports *reports;
    struct expect_watch *expect;
    struct missing_watch *missing;
    struct retention *retention;
    struct purging *purging;
    int64_t next_archiving; /* archiving_pass */
    int wake;               /* event descriptor */
    unsigned group_jobs;    /* since the last delivery, */
    int64_t group_bytes;    /* and the bytes of their payloads */
    unsigned group_most;    /* jobs of this group */
    bool blocked;           /* by the last pass (A105, A109): nothing is due by itself */
    bool behind;            /* by A109: no drop is looked at, and nothing is delivered */
    int64_t begun;          /* seconds UTC: the pass */
    int64_t next_dispatch;  /* seconds UTC when a session is due by itself; 0: none is */
    int64_t next_report;    /* seconds UTC when the period of a report ends */
    int64_t next_expected;  /* seconds UTC when files should have come */
};

struct pipeline *pipeline_new(struct gateway *gateway, GError **error)
{
    struct pipeline *pipeline = g_new0(struct pipeline, 1);

    pipeline->gateway = gateway;
    pipeline->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pipeline->wake < 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "an event descriptor cannot be made: %s; raise the limit of open files", g_strerror(errno));
    else if (incident_log_begin(gateway, error) && places_heal(gateway, error) &&
             (pipeline->claims = claims_new(gateway, error)) != NULL &&
             (pipeline->pickup = pickup_new(gateway, pipeline->wake, error)) != NULL &&
             (pipeline->delivery = delivery_new(gateway, pipeline->wake, error)) != NULL) {
        pipeline->queue = queue_new(gateway, pipeline->pickup);
        pipeline->reports = reports_new(gateway, pipeline->wake);
        pipeline->expect = expect_watch_new(gateway, pipeline->pickup);
        pipeline->missing = missing_watch_new(gateway);
        pipeline->retention = retention_new(gateway);
        pipeline->purging = purging_new(gateway);
        quick_check_attach(gateway, pipeline->wake);
        return pipeline;
    }
    pipeline_free(pipeline);
    return NULL;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    reports_free(pipeline->reports);       /* its thread writes to the wake descriptor */
    quick_check_detach(pipeline->gateway); /* the same */
    delivery_free(pipeline->delivery);
    queue_free(pipeline->queue);
    expect_watch_free(pipeline->expect);
    missing_watch_free(pipeline->missing);
    retention_free(pipeline->retention);
    purging_free(pipeline->purging);
    pickup_free(pipeline->pickup);
    claims_free(pipeline->claims); /* its guards belong to the workers that have ended now */
    if (pipeline->wake >= 0)
        (void)close(pipeline->wake); /* an event descriptor holds nothing that could be lost */
    g_free(pipeline);
}

/* A work order must not be made by facts that the next file changes. */
static bool order_work(struct pipeline *pipeline, GError **error)
{
    /* While a large batch is withdrawn, its Devices would be ordered that are not withdrawn yet. */
    if (queue_holds_orders(pipeline->queue) || pipeline->gateway->withdrawing.order_id != NULL)
        return true;
    pipeline->gateway->orders_wait = false;
    return dispatch_recall(pipeline->gateway, error) && dispatch_pass(pipeline->gateway, pipeline->begun, error);
}

/* Makes durable what the group has led to. */
static bool settle(const struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    return pipeline->group_jobs > 0 ? intake_settle(gateway, error) : ledger_settle(gateway->ledger, error);
}

static bool deliver(struct pipeline *pipeline, GError **error)
{
    bool settled = settle(pipeline, error);

    pipeline->group_jobs = 0;
    pipeline->group_bytes = 0;
    return settled && delivery_advance(pipeline->delivery, error);
}

/* Counts a job into the group. What does not fit comes after the group has left. */
static bool group(struct pipeline *pipeline, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(pipeline->gateway->ledger, id, &job, error))
        return false;
    int64_t bytes = job != NULL ? job->size : 0;
    bool fits = pipeline->group_jobs < pipeline->group_most && pipeline->group_bytes + bytes <= GROUP_BYTES;
    if (!fits && pipeline->group_jobs > 0) {
        pipeline->group_most = MIN(pipeline->group_most * 2, GROUP_JOBS);
        if (!deliver(pipeline, error))
            return false;
    }
    pipeline->group_jobs++;
    pipeline->group_bytes += bytes;
    return true;
}

/* Judges one job and orders the work that follows. A job whose own bytes cannot be read is reported and skipped;
 * false is a failure that ends the pass. */
static bool process(struct pipeline *pipeline, int64_t id, GError **error)
{
    struct gateway *gateway = pipeline->gateway;
    GError *cause = NULL;

    if (!group(pipeline, id, error))
        return false;
    if (!intake_process(gateway, id, &cause)) {
        if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_BUG) ||
            g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
            g_propagate_prefixed_error(
                error, cause, "job %08" G_GINT64_FORMAT " was not judged; it is tried again in the next pass: ", id);
            return false;
        }
        if (!g_error_matches(cause, JUDGE_ERROR, JUDGE_ERROR_STOPPED))
            gateway_fail(gateway, cause, LOG(EVENT_NOT_JUDGED, .job = id),
                         "job %08" G_GINT64_FORMAT " was not judged; it is tried again in the next pass", id);
        else
            g_clear_error(&cause);
        return true;
    }
    return order_work(pipeline, error);
}

/* What the time alone brings, and the tries that are due. What a stop left READY is ordered here, too, and not together
 * with the next instruction: so a stop changes no work order. */
static bool take_time(struct pipeline *pipeline, GError **error)
{
    return dispatch_timeouts(pipeline->gateway, pipeline->begun, error) && order_work(pipeline, error) &&
           deliver(pipeline, error);
}

static bool process_due(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;
    bool time_due;
    int64_t job;

    if (!dispatch_is_due(gateway, pipeline->begun, &time_due, error) || !queue_fill(pipeline->queue, time_due, error) ||
        !queue_next(pipeline->queue, &job, error))
        return false;
    while (job != 0 && !gateway_stopping(gateway)) {
        /* Between two jobs: operators' orders, or `hold` would come too late for a file after many others; and pickup,
         * so that files need not wait in their drops for the judging of earlier ones. */
        if (!orders_carry_out(gateway, error) || !pickup_go_on(pipeline->pickup, error) ||
            !(job == QUEUE_TIME ? take_time(pipeline, error) : process(pipeline, job, error)) ||
            !queue_next(pipeline->queue, &job, error))
            return false;
    }
    return settle(pipeline, error) && (gateway_stopping(gateway) || (queue_say_undecided(pipeline->queue, error) &&
                                                                     reference_update_incident(gateway, error)));
}

/* Comes last, so that one INC reports everything that this pass found, and is delivered in this pass. */
static bool report_incidents(struct pipeline *pipeline, GError **error)
{
    bool reported;

    return damage_review(pipeline->gateway, error) && profile_watch(pipeline->gateway, error) &&
           signing_watch(pipeline->gateway, error) && volume_watch(pipeline->gateway, error) &&
           incidents_report(pipeline->gateway, &reported, error) && (!reported || deliver(pipeline, error));
}

/* If the drop of the work orders turns out to work again, what has waited for it is ordered in the same pass. After a
 * restart only the delivery finds out, for the open incident may be old. */
static bool dispatch_and_deliver(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;
    bool waited = false, waits = false;

    do {
        if (!dispatch_waits(gateway, &waited, error) || !order_work(pipeline, error) || !deliver(pipeline, error) ||
            !dispatch_waits(gateway, &waits, error))
            return false;
    } while (waited && !waits && !gateway_stopping(gateway));
    return true;
}

/* Everything that depends on the time. A wrong clock leaves it out. */
static bool work(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    pipeline->begun = clock_now();
    pipeline->next_expected = expect_watch_next(pipeline->expect, pipeline->begun);
    gateway->orders_wait = true;
    pipeline->group_most = 1;
    queue_begin_pass(pipeline->queue);
    expect_watch_begin_pass(pipeline->expect, pipeline->begun);
    /* A drop's claim may have shown that the ledger is not the newest: nothing more may use its numbers. */
    if (!room_watch(gateway, error) || !pickup_pass(pipeline->pickup, error) ||
        !ledger_watch_blocks(gateway, &pipeline->behind, error))
        return false;
    if (pipeline->behind) {
        reports_interrupt(pipeline->reports);
        return true;
    }
    return room_settle(gateway, error) && reports_pass(pipeline->reports, error) &&
           outcome_catch_up(gateway, pipeline->begun, error) && process_due(pipeline, error) &&
           reports_on_change(gateway, error) && dispatch_and_deliver(pipeline, error) &&
           reports_watch(gateway, error) && report_address_watch(gateway, error) &&
           expect_watch(pipeline->expect, pipeline->begun, error) &&
           missing_watch(pipeline->missing, pipeline->begun, error) &&
           retention_pass(pipeline->retention, pipeline->begun, error) &&
           archiving_pass(gateway, &pipeline->next_archiving, error) &&
           purging_pass(pipeline->purging, pipeline->begun, error) &&
           dispatch_next(gateway, pipeline->begun, &pipeline->next_dispatch, error) &&
           report_schedule_next(gateway, &pipeline->next_report, error) && clock_watch_keep(gateway, error);
}

/* While A109 was found before, operators' orders come first, for one of them ends it. */
static bool watch_ledger(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    return (gateway->fault.kind == LEDGER_SOUND || orders_carry_out(gateway, error)) &&
           ledger_watch_blocks(gateway, &pipeline->behind, error);
}

static bool pass(struct pipeline *pipeline, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    if (!clock_watch(gateway, error) || !orders_carry_out(gateway, error) ||
        !clock_watch_blocks(gateway, &pipeline->blocked, error) || !claims_begin_pass(pipeline->claims, error) ||
        !delivery_begin_pass(pipeline->delivery, error))
        return false;
    return (pipeline->blocked ? deliver(pipeline, error) : work(pipeline, error)) &&
           (pipeline->behind || report_incidents(pipeline, error));
}

/* A pass that ended because of A109, found by a claim or right before something left, says so like one that found it at
 * its beginning. Frees cause. */
static bool end_early(struct pipeline *pipeline, GError *cause, GError **error)
{
    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
        ledger_watch_blocks(pipeline->gateway, &pipeline->behind, NULL) && pipeline->behind) {
        g_error_free(cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

static bool whole_pass(struct pipeline *pipeline, GError **error)
{
    GError *cause = NULL;

    if (!watch_ledger(pipeline, error))
        return false;
    if (!pipeline->behind && !pass(pipeline, &cause) && !end_early(pipeline, cause, error))
        return false;
    pipeline->blocked |= pipeline->behind;
    return ledger_checkpoint(pipeline->gateway->ledger, error);
}

bool pipeline_pass(struct pipeline *pipeline, int64_t patience, GError **error)
{
    struct gateway *gateway = pipeline->gateway;

    gateway->wait_until = clock_monotonic() + patience;
    cells_watch(gateway);
    if (!quick_check_pass(gateway, error))
        return false;
    ledger_look_begin(gateway->ledger);
    bool good = whole_pass(pipeline, error);
    /* Of a pass that ended early: what could be done holds, and the job that could not does not undo it. */
    good = ledger_settle(gateway->ledger, good ? error : NULL) && good;
    ledger_look_end(gateway->ledger);
    /* Also of a pass that ended early: its commits hold. */
    good = incident_log_pass(gateway, good ? error : NULL) && good;
    log_tick();
    return good;
}

int pipeline_wake_fd(const struct pipeline *pipeline)
{
    return pipeline->wake;
}

void pipeline_woken(const struct pipeline *pipeline)
{
    uint64_t count;

    while (read(pipeline->wake, &count, sizeof count) > 0)
        ; /* the number of tasks that ended does not matter: a pass asks all of them */
}

int64_t pipeline_settling(const struct pipeline *pipeline)
{
    if (pipeline->behind)
        return 0;
    int64_t settling = pickup_settling(pipeline->pickup);

    /* An instruction, the time, or a due time waits for a listing that the next pass begins. */
    bool waits = queue_due(pipeline->queue) != G_MAXINT64 || expect_watch_due(pipeline->expect) != G_MAXINT64;
    return settling == 0 && waits ? LISTING_PAUSE : settling;
}

bool pipeline_keeps_config(const struct pipeline *pipeline)
{
    return !pipeline->blocked && reports_building(pipeline->reports);
}

void pipeline_wait_no_more(struct pipeline *pipeline)
{
    queue_wait_no_more(pipeline->queue);
    expect_watch_wait_no_more(pipeline->expect);
}

int64_t pipeline_due(const struct pipeline *pipeline)
{
    if (pipeline->gateway->withdrawing.order_id != NULL)
        return 0;
    if (pipeline->blocked)
        return delivery_due(pipeline->delivery);
    int64_t due = MIN(pickup_due(pipeline->pickup), delivery_due(pipeline->delivery));
    due = MIN(due, MIN(queue_due(pipeline->queue), expect_watch_due(pipeline->expect)));
    due = MIN(due, retention_due(pipeline->retention));
    due = MIN(due, MAX(pipeline->next_archiving - clock_monotonic(), 0));
    due = MIN(due, purging_due(pipeline->purging));
    int64_t next =
        pipeline->next_dispatch == 0 ? pipeline->next_report : MIN(pipeline->next_dispatch, pipeline->next_report);
    next = MIN(next, MIN(pipeline->next_expected, missing_watch_next(pipeline->missing)));
    /* By the machine's clock: while it stands a little before the newest recorded time, clock_now stands still. */
    int64_t seconds = MIN(MAX(next - clock_wall(), 0), MAX_SECONDS);

    return MIN(due, seconds * G_USEC_PER_SEC);
}
