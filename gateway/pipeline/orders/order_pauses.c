/*
 * Orders that pause and resume dispatch, or a drop. A pause is a row (ledger_holds.h), which is looked at right before
 * what it stops begins: inbox.c and outbox.c ask for each task, dispatch.c for each work order. What is under way ends
 * as if there were no pause.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "spool/ledger/ledger_holds.h"

#include <string.h>

/* What one order pauses or resumes: dispatch, or the directions of a drop. */
struct pause {
    struct ledger_hold holds[2];
    bool held[2];         /* before the order */
    const char *names[2]; /* for people */
    guint n;
    bool begins;
};

static bool look(struct gateway *gateway, struct pause *pause, GError **error)
{
    for (guint i = 0; i < pause->n; i++)
        if (!ledger_hold_exists(gateway->ledger, &pause->holds[i], &pause->held[i], error))
            return false;
    return true;
}

/* Why there is nothing to do; NULL: there is. g_free. */
static char *refuse(const struct pause *pause)
{
    guint held = (pause->held[0] ? 1U : 0U) + (pause->held[1] ? 1U : 0U);
    g_autofree char *what =
        pause->n > 1 ? g_strdup_printf("%s and %s", pause->names[0], pause->names[1]) : g_strdup(pause->names[0]);

    if (pause->begins ? held < pause->n : held > 0)
        return NULL;
    return pause->begins ? g_strdup_printf("%s: paused already; see 'ecosgate status'", what)
                         : g_strdup_printf("%s: not paused; there is nothing to resume", what);
}

static bool change(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct pause *pause = subject;

    for (guint i = 0; i < pause->n; i++) {
        if (pause->held[i] == pause->begins)
            continue;
        if (!(pause->begins ? ledger_hold_put(gateway->ledger, &pause->holds[i], order->id, error)
                            : ledger_hold_end(gateway->ledger, &pause->holds[i], error)))
            return false;
    }
    return true;
}

/* about: put before the reason; NULL: nothing. */
static bool settle(struct gateway *gateway, const struct order *order, const struct pause *pause, const char *about,
                   GError **error)
{
    g_autofree char *refusal = refuse(pause);
    g_autofree char *reason = about != NULL ? g_strdup_printf("%s: %s", about, order->reason) : g_strdup(order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){change, order, pause}, error);
}

bool order_dispatch_pause(struct gateway *gateway, const struct order *order, GError **error)
{
    struct pause pause = {.holds = {{.kind = LEDGER_HOLD_DISPATCH}},
                          .names = {"dispatch"},
                          .n = 1,
                          .begins = order->verb == ORDER_PAUSE_DISPATCH};

    return look(gateway, &pause, error) && settle(gateway, order, &pause, NULL, error);
}

static void add_direction(struct pause *pause, enum ledger_hold_kind kind, const char *drop, const char *name)
{
    pause->holds[pause->n] = (struct ledger_hold){.kind = kind, .drop = drop};
    pause->names[pause->n++] = name;
}

/* A drop that is no longer configured may still be resumed. */
bool order_drop_pause(struct gateway *gateway, const struct order *order, GError **error)
{
    struct pause pause = {.begins = order->verb == ORDER_PAUSE_DROP};
    g_autofree char *in = g_strdup_printf("drop %s, in", order->drop);
    g_autofree char *out = g_strdup_printf("drop %s, out", order->drop);

    if (pause.begins && config_drop(gateway->config, order->drop) == NULL) {
        g_autofree char *refusal = g_strdup_printf("there is no [drop %s] in the configuration", order->drop);
        return order_refuse(gateway, order, refusal, error);
    }
    if (strcmp(order->direction, "out") != 0)
        add_direction(&pause, LEDGER_HOLD_IN, order->drop, in);
    if (strcmp(order->direction, "in") != 0)
        add_direction(&pause, LEDGER_HOLD_OUT, order->drop, out);
    return look(gateway, &pause, error) && settle(gateway, order, &pause, order->drop, error);
}
