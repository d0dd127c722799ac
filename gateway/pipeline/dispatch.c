#include "gateway/pipeline/dispatch.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/answers/incidents.h"
#include "gateway/pipeline/outcome.h"
#include "gateway/answers/plan.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/retry.h"
#include "validators/review_rules.h"

enum { TIMES_AT_ONCE = 10000, HOUR = 3600, DAY = 24 * HOUR };

/* ---- time ---- */

static bool end_one(struct gateway *gateway, const struct retry_rules *rules, int64_t item, int64_t now, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    struct ledger_transition transition;

    if (!ledger_work_get(gateway->ledger, item, &work, error))
        return false;
    struct ledger_session session = work->session;
    return retry_take_time(rules, now, &session, &transition) != RETRY_APPLIES ||
           outcome_note(gateway, work, &session, &transition, error);
}

static bool end_some(struct gateway *gateway, const GArray *due, int64_t now, GError **error)
{
    for (guint i = 0; i < due->len; i++) {
        if (!end_one(gateway, &gateway->config->retry, g_array_index(due, struct ledger_due, i).item, now, error))
            return false;
    }
    return outcome_plan(gateway, now, error) && ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error);
}

static bool put_off_wakes(struct gateway *gateway, int64_t now, GError **error)
{
    bool stale;

    if (!ledger_wake_times_stale(gateway->ledger, now, &stale, error))
        return false;
    if (!stale || (ledger_begin(gateway->ledger, error) && ledger_wake_times_refresh(gateway->ledger, now, error) &&
                   ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error)))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

bool dispatch_take_times(struct gateway *gateway, GError **error)
{
    int64_t now = clock_now();
    g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));

    if (!put_off_wakes(gateway, now, error))
        return false;
    do {
        g_array_set_size(due, 0);
        if (!ledger_timeouts_due(gateway->ledger, now, TIMES_AT_ONCE, due, error))
            return false;
        if (due->len > 0 && (!ledger_begin(gateway->ledger, error) || !end_some(gateway, due, now, error))) {
            ledger_rollback(gateway->ledger);
            return false;
        }
    } while (due->len == TIMES_AT_ONCE && !gateway_stopping(gateway));
    return true;
}

/* ---- tries ---- */

static int by_due(gconstpointer a, gconstpointer b)
{
    const struct ledger_due *x = a, *y = b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->item > y->item) - (x->item < y->item);
}

/* Judged in this pass, right before: its Devices are due last, and need not be judged once more, but for a limit that
 * counts tries. */
static bool is_just_judged(const struct gateway *gateway, const struct ledger_verdict *verdict, int64_t now)
{
    return verdict->judged_at == now && gateway->config->daily_limit == 0;
}

/* What goes into the next work order: items to be judged again, in its order, and behind them verdicts (struct
 * ledger_verdict) of which none needs to be. */
static bool gather(struct gateway *gateway, int64_t now, GArray *due, GPtrArray **just_judged, GError **error)
{
    int64_t limit = gateway->config->work_order_devices;
    g_autoptr(GPtrArray) fresh = NULL;

    if (!ledger_tries_due(gateway->ledger, now, limit, due, error) ||
        !ledger_undispatched_verdicts(gateway->ledger, &fresh, error))
        return false;
    guint tries = due->len;
    for (guint i = 0; i < fresh->len;) {
        if (is_just_judged(gateway, fresh->pdata[i], now)) {
            i++;
            continue;
        }
        if (due->len - tries < limit &&
            !ledger_undispatched_items(gateway->ledger, fresh->pdata[i], limit - (due->len - tries), due, error))
            return false;
        (void)g_ptr_array_remove_index(fresh, i); /* the array stays the same */
    }
    g_array_sort(due, by_due);
    if (due->len > limit)
        g_array_set_size(due, (guint)limit);
    *just_judged = g_steal_pointer(&fresh);
    return true;
}

/* One work order in the making; it gets its job only when a Device is on it. */
struct order {
    struct gateway *gateway;
    int64_t now;
    struct rules rules;
    struct review review;
    char *day;       /* the counter of this day's first tries */
    int64_t first;   /* how many there were before this order */
    int64_t job, n;  /* Devices on it, */
    int64_t n_first; /* of them for the first time */
};

static bool order_open(struct order *order, GError **error)
{
    struct ledger *ledger = order->gateway->ledger;
    char at[INSTANT_TEXT_SIZE];

    config_rules(order->gateway->config, order->now, &order->rules);
    order->rules.ledger = ledger;
    instant_print(order->now, at);
    order->day = g_strdup_printf("first tries %.10s", at);
    return review_open(&order->review, &order->rules, error) &&
           ledger_counter_get(ledger, order->day, &order->first, error);
}

/* The same rules as at the split: what they found out about the Device may be so no more. daily_limit counts first
 * tries here. */
static bool judge_again(struct order *order, const struct ledger_work *work, struct row *row, GError **error)
{
    const struct ledger_item *item = &work->item;
    const struct review_subject subject = {item->device, item->device_type, item->manufacturer,
                                           item->model,  item->firmware,    item->mpxn};
    struct ledger_earlier_work past;

    *row = (struct row){0};
    order->review.counted = work->session.try > 0 ? 0 : order->first + order->n_first;
    return ledger_earlier_work(order->gateway->ledger, item->device, &past, error) &&
           review_judge(&order->review, &subject, &past, row, NULL, error);
}

/* What was true at the split is so no more, and lasts. */
static bool note_refusal(const struct order *order, const struct ledger_work *work, const struct row *row,
                         GError **error)
{
    const struct incidents_device of = {work->item.device, work->item.job, work->revision, work->org};

    return incidents_open_device(order->gateway, &of, row, order->now, error);
}

/* Its number is given out only where it is used: after a stop it is the same again. */
static bool order_begin(struct order *order, GError **error)
{
    return order->job != 0 || ledger_job_reserve_ids(order->gateway->ledger, 1, &order->job, error);
}

static bool add_just_judged(struct order *order, const struct ledger_verdict *verdict, GError **error)
{
    const struct config *config = order->gateway->config;
    struct ledger_first_try first = {.of = verdict, .session = {.state = LEDGER_READY}};
    int64_t n = 0;

    if (order->n >= config->work_order_devices)
        return true;
    if (!order_begin(order, error))
        return false;
    retry_dispatch(&config->retry, order->now, &first.session, &first.transition);
    first.transition.job = order->job;
    first.transition.record = order->n + 1;
    first.limit = config->work_order_devices - order->n;
    if (!ledger_dispatch_items(order->gateway->ledger, &first, &n, error))
        return false;
    order->n += n;
    order->n_first += n;
    return true;
}

static bool add_device(struct order *order, int64_t item, GError **error)
{
    struct gateway *gateway = order->gateway;
    const struct retry_rules *retry = &gateway->config->retry;
    g_autofree struct ledger_work *work = NULL;
    struct ledger_transition transition;
    struct row row;

    if (!ledger_work_get(gateway->ledger, item, &work, error) || !judge_again(order, work, &row, error))
        return false;
    struct ledger_session session = work->session;
    if (!row_has_errors(&row)) {
        if (!order_begin(order, error))
            return false;
        order->n_first += session.try == 0;
        retry_dispatch(retry, order->now, &session, &transition);
        transition.job = order->job;
        transition.record = ++order->n;
    } else if (row_is_deferred(&row)) {
        retry_put_off(order->now, catalogue_entry(row_first_code(&row))->id, row.next_eligible, &session, &transition);
    } else {
        retry_refuse(retry, order->now, catalogue_entry(row_first_permanent(&row))->id, &session, &transition);
        if (!note_refusal(order, work, &row, error))
            return false;
    }
    return outcome_note(gateway, work, &session, &transition, error);
}

static bool note_order(struct order *order, GError **error)
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
                                         .rows = order->n};

    eui64_print(party->eui64, recipient);
    return plan_file(order->gateway, &file, &order->job, error) &&
           ledger_counter_add(order->gateway->ledger, order->day, order->n_first, error);
}

static bool make_order(struct order *order, const GArray *due, const GPtrArray *just_judged, GError **error)
{
    struct ledger *ledger = order->gateway->ledger;

    if (!order_open(order, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        if (!add_device(order, g_array_index(due, struct ledger_due, i).item, error))
            return false;
    }
    for (guint i = 0; i < just_judged->len; i++) {
        if (!add_just_judged(order, just_judged->pdata[i], error))
            return false;
    }
    return (order->n == 0 || note_order(order, error)) && outcome_plan(order->gateway, order->now, error) &&
           ledger_commit(STEP_DISPATCH_COMMITTED, ledger, error);
}

/* ---- hours ---- */

static bool is_open(const struct config *config, int64_t now)
{
    int64_t at = now % DAY, from = config->dispatch_from, until = config->dispatch_until;

    return from < until ? at >= from && at < until : at >= from || at < until;
}

bool dispatch_pass(struct gateway *gateway, GError **error)
{
    int64_t now = clock_now();

    while (is_open(gateway->config, now) && !gateway_stopping(gateway)) {
        struct order order = {.gateway = gateway, .now = now};
        g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
        g_autoptr(GPtrArray) just_judged = NULL;
        if (!gather(gateway, now, due, &just_judged, error))
            return false;
        if (due->len == 0 && just_judged->len == 0)
            break;
        if (!ledger_begin(gateway->ledger, error))
            return false;
        bool good = make_order(&order, due, just_judged, error);
        g_free(order.day);
        if (!good) {
            ledger_rollback(gateway->ledger);
            return false;
        }
    }
    return true;
}

/* When they open next, where they are closed now. */
static int64_t opening(const struct config *config, int64_t now)
{
    int64_t today = now - now % DAY + config->dispatch_from;

    return today > now ? today : today + DAY;
}

bool dispatch_next(struct gateway *gateway, int64_t *at, GError **error)
{
    int64_t now = clock_now();

    if (!ledger_next_due(gateway->ledger, now, at, error))
        return false;
    if (!is_open(gateway->config, now))
        *at = *at != 0 ? MIN(*at, opening(gateway->config, now)) : opening(gateway->config, now);
    return true;
}
