/*
 * A work order is planned in one commit: its job, its row as a file to deliver, and the new state of every session on
 * it. Its bytes are built from these rows later, like any answer (delivery.c). A crash before the commit leaves
 * nothing; the next pass finds the same Devices due and gives out the same job number.
 *
 * Each Device is reviewed again right before it goes out, as the reference data may have changed since its file was
 * judged. The exception are Devices of a file judged in this same second, in which no reference data were judged: their
 * review would give the same result, and a large file would be reviewed twice.
 */
#include "gateway/pipeline/dispatch/dispatch.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/answers/incidents.h"
#include "gateway/answers/plan.h"
#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/dispatch_private.h"
#include "gateway/pipeline/judging/inventory.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"
#include "validators/retry/retry.h"

#include <string.h>

/* ---- which Devices are due ---- */

struct turn {
    int64_t now;
    int64_t by; /* later tries are not due yet */
};

/* The order of dispatch: due time, then work item. */
static int by_due(gconstpointer a, gconstpointer b)
{
    const struct ledger_due *x = a, *y = b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->item > y->item) - (x->item < y->item);
}

/* Whether Devices of a verdict of this very second need no second review. With a daily limit they do need it, for the
 * limit counts first tries at dispatch. So they do if reference data were judged in this second: a time does not tell
 * which of the two came first. */
static bool may_skip_review(struct gateway *gateway, int64_t now, bool *skips, GError **error)
{
    int64_t newest = 0;

    if (!ledger_reference_newest(gateway->ledger, &newest, error))
        return false;
    *skips = newest < now && gateway->config->daily_limit == 0;
    return true;
}

/* While an operator has to decide about reference data (A117), they may say that a Device must not be ordered: its
 * first try waits. A session that has begun goes on by what is known: it would end as a failure for want of tries. When
 * TCoS closes, no try is ordered any more, and READY Devices are refused all the same. */
static bool may_begin(struct gateway *gateway, bool closing, bool *may, GError **error)
{
    int64_t undecided = 0;

    if (!inventory_find_undecided(gateway, &undecided, error))
        return false;
    *may = closing || undecided == 0;
    return true;
}

/* Collects what the next work order may hold. due gets the items (struct ledger_due) to be reviewed again, in the order
 * of dispatch. *just_judged gets the verdicts (struct ledger_verdict) whose Devices need no second review. They are due
 * last: while a work order is full of others, it is empty. A Device that the review ends leaves its place free, and who
 * is due before them may stand in the next work order. */
static bool find_due(struct gateway *gateway, const struct turn *turn, GArray *due, GPtrArray **just_judged,
                     GError **error)
{
    int64_t now = turn->now;
    int64_t limit = gateway->config->work_order_devices;
    bool closing = !retry_may_try(&gateway->config->retry, now); /* those that wait for their turn get it never */
    g_autoptr(GPtrArray) undispatched = NULL;
    bool skips = false, begin = false;

    if (!may_skip_review(gateway, now, &skips, error) || !may_begin(gateway, closing, &begin, error) ||
        !(closing
              ? ledger_first_tries_put_off(gateway->ledger, limit, due, error)
              : (begin ? ledger_tries_due : ledger_later_tries_due)(gateway->ledger, turn->by, limit, due, error)) ||
        !ledger_undispatched_verdicts(gateway->ledger, closing, &undispatched, error))
        return false;
    if (!begin)
        g_ptr_array_set_size(undispatched, 0);
    guint tries = due->len;
    for (guint i = 0; i < undispatched->len;) {
        const struct ledger_verdict *verdict = undispatched->pdata[i];
        if (skips && verdict->judged_at == now) {
            i++;
            continue;
        }
        if (due->len - tries < limit &&
            !ledger_undispatched_items(gateway->ledger, verdict, limit - (due->len - tries), due, error))
            return false;
        (void)g_ptr_array_remove_index(undispatched, i); /* returns the verdict, which is freed with it */
    }
    g_array_sort(due, by_due);
    if (due->len >= limit) {
        g_array_set_size(due, (guint)limit);
        g_ptr_array_set_size(undispatched, 0);
    }
    *just_judged = g_steal_pointer(&undispatched);
    return true;
}

/* ---- one work order ---- */

/* A work order while it is filled. */
struct work_order {
    struct gateway *gateway;
    int64_t now;
    struct dispatch_review second;
    char *day;               /* the name of the ledger's counter of this day's first tries; g_free */
    int64_t first_tries;     /* of this day, before this work order */
    int64_t job;             /* 0 until a Device is on the work order */
    int64_t devices;         /* on the work order */
    int64_t new_first_tries; /* of these, Devices that are tried for the first time */
};

static bool work_order_open(struct work_order *order, GError **error)
{
    struct ledger *ledger = order->gateway->ledger;
    char at[INSTANT_TEXT_SIZE];

    instant_print(order->now, at);
    order->day = g_strdup_printf("first tries %.10s", at);
    return dispatch_review_open(&order->second, order->gateway, order->now, error) &&
           ledger_counter_get(ledger, order->day, &order->first_tries, error);
}

/* Opens the Device's incident: it was accepted, and now a permanent code refuses it. */
static bool open_incident(const struct work_order *order, const struct ledger_work *work, const struct row *row,
                          GError **error)
{
    const struct incidents_device of = {work->item.device, work->item.job, work->revision, work->org};

    return incidents_open_device(order->gateway, &of, row, order->now, error);
}

/* Gives the work order its job number with its first Device. An order that stays empty uses up no number, so that a run
 * that was stopped and one that was not give the same numbers. */
static bool work_order_reserve(struct work_order *order, GError **error)
{
    return order->job != 0 || ledger_job_reserve_ids(order->gateway->ledger, 1, &order->job, error);
}

/* Adds the Devices of a verdict, as many as there is room for, in one statement. */
static bool add_just_judged(struct work_order *order, const struct ledger_verdict *verdict, GError **error)
{
    const struct config *config = order->gateway->config;
    struct ledger_first_try first = {.of = verdict, .session = {.state = LEDGER_READY}};
    int64_t added = 0;

    if (order->devices >= config->work_order_devices)
        return true;
    if (!work_order_reserve(order, error))
        return false;
    retry_dispatch(&config->retry, order->now, &first.session, &first.transition);
    first.transition.job = order->job;
    first.transition.record = order->devices + 1;
    first.limit = config->work_order_devices - order->devices;
    if (!ledger_dispatch_items(order->gateway->ledger, &first, &added, error))
        return false;
    order->devices += added;
    order->new_first_tries += added;
    return true;
}

/* Adds a Device, or puts it off or defers it (transient codes only), or ends it (a permanent code). */
static bool add_device(struct work_order *order, int64_t item, GError **error)
{
    struct gateway *gateway = order->gateway;
    const struct retry_rules *retry = &gateway->config->retry;
    g_autofree struct ledger_work *work = NULL;
    struct ledger_transition transition;
    struct row row;

    if (!ledger_work_get(gateway->ledger, item, &work, error) ||
        !dispatch_review_again(&order->second, work, order->first_tries + order->new_first_tries, &row, error))
        return false;
    struct ledger_session session = work->session;
    if (!row_has_errors(&row)) {
        if (!work_order_reserve(order, error))
            return false;
        order->new_first_tries += session.try == 0;
        retry_dispatch(retry, order->now, &session, &transition);
        transition.job = order->job;
        transition.record = ++order->devices;
    } else if (row_is_deferred(&row)) {
        const struct retry_cause cause = dispatch_cause_of(&row);
        retry_put_off(retry, order->now, &cause, &session, &transition);
    } else {
        retry_refuse(retry, order->now, row_first_permanent(&row), &session, &transition);
        if (!open_incident(order, work, &row, error))
            return false;
    }
    return outcome_record(gateway, work, &session, &transition, error);
}

static bool plan_work_order(struct work_order *order, GError **error)
{
    const struct config *config = order->gateway->config;
    const struct party *party = rules_party(&config->identity, config->work_order_party);
    char recipient[EUI64_TEXT_SIZE];
    const struct ledger_outgoing file = {.job = order->job,
                                         .kind = "EMW",
                                         .form = form_name(config->work_order_form),
                                         .drop = party->drop,
                                         .recipient = recipient,
                                         .created = order->now,
                                         .rows = order->devices};

    g_autofree char *devices = text_count(order->devices, "Device");
    eui64_print(party->eui64, recipient);
    if (!plan_file(order->gateway, &file, &order->job, error) ||
        !ledger_counter_add(order->gateway->ledger, order->day, order->new_first_tries, error))
        return false;
    log_event(LOG(EVENT_ORDERED, .job = order->job, .drop = party->drop, .party = party->org,
                  .counts = LOG_COUNTS({"devices", order->devices}, {"first_tries", order->new_first_tries})),
              "job %08" G_GINT64_FORMAT ": work order of %s for %s, first tries %" G_GINT64_FORMAT, order->job, devices,
              party->org, order->new_first_tries);
    return true;
}

static bool make_work_order(struct work_order *order, const GArray *due, const GPtrArray *just_judged, GError **error)
{
    struct ledger *ledger = order->gateway->ledger;

    if (!work_order_open(order, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        if (!add_device(order, g_array_index(due, struct ledger_due, i).item, error))
            return false;
    }
    for (guint i = 0; i < just_judged->len; i++) {
        if (!add_just_judged(order, just_judged->pdata[i], error))
            return false;
    }
    return (order->devices == 0 || plan_work_order(order, error)) && outcome_plan(order->gateway, order->now, error) &&
           ledger_commit(STEP_DISPATCH_COMMITTED, ledger, error);
}

/* ---- hours of dispatch ---- */

/* The hours are UTC. From 22 until 06 goes over midnight. */
static bool is_open(const struct config *config, int64_t now)
{
    int64_t at = now % DISPATCH_DAY, from = config->dispatch_from, until = config->dispatch_until;

    return from < until ? at >= from && at < until : at >= from || at < until;
}

/* When TCoS closes, READY Devices are refused (C122) at any hour, whatever the drop: no order is made for them. */
bool dispatch_pass(struct gateway *gateway, int64_t by, GError **error)
{
    int64_t now = clock_now();
    const struct turn turn = {now, MIN(by, now)};
    bool waits = false;

    if (!dispatch_waits(gateway, &waits, error))
        return false;
    bool open = (is_open(gateway->config, now) && !waits) || !retry_may_try(&gateway->config->retry, now);
    while (open && !gateway_stopping(gateway)) {
        struct work_order order = {.gateway = gateway, .now = now};
        g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
        g_autoptr(GPtrArray) just_judged = NULL;
        if (!find_due(gateway, &turn, due, &just_judged, error))
            return false;
        if (due->len == 0 && just_judged->len == 0)
            break;
        if (!ledger_begin_grouped(gateway->ledger, error))
            return false;
        bool good = make_work_order(&order, due, just_judged, error);
        g_free(order.day);
        if (!good) {
            ledger_rollback(gateway->ledger);
            return false;
        }
    }
    return true;
}

/* Whether the hours of dispatch are open, nobody has paused it, and a try is due or a Device READY. */
static bool tries_are_due(struct gateway *gateway, int64_t by, bool *due, GError **error)
{
    bool closing = !retry_may_try(&gateway->config->retry, by);
    g_autoptr(GArray) tries = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
    g_autoptr(GPtrArray) undispatched = NULL;
    bool paused = false;

    *due = false;
    if (!dispatch_find_pause(gateway, &paused, error))
        return false;
    if (!closing && (paused || !is_open(gateway->config, by)))
        return true;
    if (!(closing ? ledger_first_tries_put_off(gateway->ledger, 1, tries, error)
                  : ledger_tries_due(gateway->ledger, by, 1, tries, error)) ||
        !ledger_undispatched_verdicts(gateway->ledger, closing, &undispatched, error))
        return false;
    *due = tries->len > 0 || undispatched->len > 0;
    return true;
}

bool dispatch_is_due(struct gateway *gateway, int64_t by, bool *due, GError **error)
{
    g_autoptr(GArray) timeouts = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
    g_autoptr(GPtrArray) overdue = NULL;

    *due = false;
    if (!dispatch_refresh_wake_times(gateway, by, error) || !dispatch_find_timeouts(gateway, by, timeouts, error) ||
        !ledger_outcomes_overdue(gateway->ledger, by - gateway->config->outcome_wait, &overdue, error))
        return false;
    *due = timeouts->len > 0 || overdue->len > 0;
    return *due || tries_are_due(gateway, by, due, error);
}

/* When the hours of dispatch begin next. Call it only outside of them. */
static int64_t opening(const struct config *config, int64_t now)
{
    int64_t today = now - now % DISPATCH_DAY + config->dispatch_from;

    return today > now ? today : today + DISPATCH_DAY;
}

/* The earlier of two times, of which 0 is none. */
static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || b == 0 ? MAX(a, b) : MIN(a, b);
}

/* When the closing of TCoS ends sessions next: those that wait for a try first, then those whose try is ordered. 0: it
 * does not. */
static int64_t closing_after(const struct retry_rules *retry, int64_t begun)
{
    int64_t last_order = retry->tcos_closes - RETRY_TRY_LENGTH;

    if (retry->tcos_closes <= begun)
        return 0;
    return last_order >= begun ? last_order + 1 : retry->tcos_closes;
}

bool dispatch_next(struct gateway *gateway, int64_t begun, int64_t *at, GError **error)
{
    int64_t outcome = 0;

    if (!ledger_next_due(gateway->ledger, begun, at, error) || !outcome_next(gateway, begun, &outcome, error))
        return false;
    *at = earlier(*at, outcome);
    if (!is_open(gateway->config, begun))
        *at = earlier(*at, opening(gateway->config, begun));
    *at = earlier(*at, closing_after(&gateway->config->retry, begun));
    return true;
}
