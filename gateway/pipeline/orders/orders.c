/*
 * All orders: they are read, carried out one by one, oldest first, and removed. What each verb does: order_table.c.
 *
 * A crash after the commit of an order leaves its file. Its id is in the ledger then, and the file is only removed.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/text.h"
#include "gateway/pipeline/recovery/backup_pause.h"
#include "spool/disk.h"

#include <string.h>

enum { MOST_NAME = 240 /* bytes of the name of a file in refused/, before a number */ };

/* ---- the commit ---- */

struct ledger_action order_action(const struct order *order, const char *reason, const char *result)
{
    const char *verb = order_verb_name(order->verb);

    return (struct ledger_action){.order_id = order->id,
                                  .job = order->job,
                                  .incident = order->incident,
                                  .verb = verb != NULL ? verb : "(unreadable)",
                                  .reason = reason,
                                  .who = order->who,
                                  .at = order->at,
                                  .result = result};
}

bool order_is_done(const char *result)
{
    return g_str_has_prefix(result, ORDER_DONE);
}

char *order_refuse_behind(const struct gateway *gateway)
{
    return gateway->fault.kind != LEDGER_SOUND
               ? g_strdup("the ledger is not the newest one (A109); see 'ecosgate status'")
               : NULL;
}

/* The reason and the result may name a Device. */
static void log_order(const struct ledger_action *action)
{
    const char *outcome = order_is_done(action->result) ? "is carried out" : "is refused";
    const struct log_event about = {.job = action->job, .subject = action->verb, .by = action->who};
    struct log_event order = about, object = about;

    order.id = EVENT_OPERATOR;
    object.id = EVENT_OPERATOR_OBJECT;
    if (action->job != 0)
        log_event(&order, "order `%s` of %s about job %08" G_GINT64_FORMAT " %s", action->verb, action->who,
                  action->job, outcome);
    else
        log_event(&order, "order `%s` of %s %s", action->verb, action->who, outcome);
    log_event(&object, "order `%s` of %s: %s: %s", action->verb, action->who, action->reason, action->result);
}

bool order_insert(struct gateway *gateway, const struct ledger_action *action, GError **error)
{
    if (!ledger_action_insert(gateway->ledger, action, error))
        return false;
    log_order(action);
    return true;
}

bool order_commit(struct gateway *gateway, const struct ledger_action *action, const struct order_change *change,
                  GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (order_insert(gateway, action, error) &&
        (change == NULL || !order_is_done(action->result) ||
         change->make(gateway, change->order, change->subject, error)) &&
        ledger_commit(STEP_ORDER_DONE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool order_refuse(struct gateway *gateway, const struct order *order, const char *refusal, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, refusal);

    return order_commit(gateway, &action, NULL, error);
}

/* ---- all orders ---- */

static bool do_order(struct gateway *gateway, const struct order *order, GError **error)
{
    return order->refusal != NULL ? order_refuse(gateway, order, order->refusal, error)
                                  : order_kind(order->verb)->carry_out(gateway, order, error);
}

/* The first of NAME, NAME.2, NAME.3 … that does not stand in the folder: what came first stays. */
static char *free_path(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);
    struct stat st;

    for (unsigned n = 2; lstat(path, &st) == 0; n++) {
        g_autofree char *other = g_strdup_printf("%.*s.%u", MOST_NAME, name, n);
        g_free(path);
        path = g_build_filename(dir, other, NULL);
    }
    return path;
}

/* Moves the file to <spool>/refused. */
static bool keep_file(const struct gateway *gateway, const struct order *order, const char *path, GError **error)
{
    g_autofree char *dir = g_build_filename(spool_dir(gateway->spool), "refused", NULL);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *to = free_path(dir, name);
    GError *cause = NULL;

    if (!disk_make_dirs(STEP_SPOOL_MADE, dir, error))
        return false;
    if (disk_rename_noreplace(STEP_ORDER_KEPT, path, to, &cause)) {
        log_event(LOG(EVENT_ORDER_REFUSED, .by = order->who), "an order of %s was refused; its file is kept: %s: %s",
                  order->who, to, order->refusal);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* It goes on in the next pass, and has no result yet. */
static bool is_unfinished(const struct gateway *gateway, const struct order *order)
{
    return g_strcmp0(gateway->withdrawing.order_id, order->id) == 0;
}

static bool carry_out(struct gateway *gateway, const struct order *order, const char *path, GError **error)
{
    bool known = false;
    GError *cause = NULL;

    if (!ledger_action_exists(gateway->ledger, order->id, &known, error))
        return false;
    if (!known && !do_order(gateway, order, error))
        return false;
    if (is_unfinished(gateway, order))
        return true;
    /* The result is in the ledger: a file that stays is not carried out again. */
    if (order->refusal != NULL ? !keep_file(gateway, order, path, &cause)
                               : !disk_unlink(STEP_ORDER_REMOVED, path, &cause))
        gateway_fail(gateway, cause, LOG(EVENT_ORDER_STAYS, .subject = path),
                     "the file of an order that was carried out cannot be removed; remove it by hand");
    return true;
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct order *x = *(struct order *const *)a, *y = *(struct order *const *)b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->id, y->id);
}

/* All orders (struct order), oldest first. NULL: the folder or one order cannot be read; a later order must not be
 * carried out before it. */
static GPtrArray *read_orders(const char *dir, GError **error)
{
    g_auto(GStrv) names = disk_names(dir, error);
    struct stat st;

    if (names == NULL)
        return NULL;
    g_autofree char *fault = order_rights_of_folder(dir);
    g_autoptr(GPtrArray) orders = g_ptr_array_new_with_free_func((GDestroyNotify)order_free);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        /* A leading dot is an order that is being written; what has gone is none any more. */
        if (**name == '.' || lstat(path, &st) != 0)
            continue;
        struct order *order = order_read(path, *name, error);
        if (order == NULL)
            return NULL;
        if (fault != NULL && order->refusal == NULL)
            order->refusal = order_rights_refusal(order, fault);
        g_ptr_array_add(orders, order);
    }
    g_ptr_array_sort(orders, by_time);
    return g_steal_pointer(&orders);
}

bool orders_are_given(const struct gateway *gateway, bool *given, GError **error)
{
    g_auto(GStrv) names = disk_names(spool_orders_dir(gateway->spool), error);

    *given = false;
    for (char **name = names; name != NULL && *name != NULL; name++)
        *given |= **name != '.'; /* as in read_orders */
    return names != NULL;
}

bool orders_carry_out(struct gateway *gateway, GError **error)
{
    const char *dir = spool_orders_dir(gateway->spool);

    backup_pause(gateway);
    g_autoptr(GPtrArray) orders = read_orders(dir, error);
    if (orders == NULL)
        return false;
    for (guint i = 0; i < orders->len && !gateway_stopping(gateway); i++) {
        const struct order *order = orders->pdata[i];
        size_t len = 0;
        g_autofree char *name = text_unescape(order->id, &len);
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (!carry_out(gateway, order, path, error))
            return false;
        if (is_unfinished(gateway, order))
            break; /* later ones wait for it */
    }
    return true;
}
