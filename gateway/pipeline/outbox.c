#include "gateway/pipeline/outbox.h"

#include "gateway/clock.h"
#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_outgoing.h"

enum { BATCH_PARTS = 32 /* delivered under one commit */ };

enum task { TASK_NONE, TASK_UPLOAD, TASK_PUBLISH };

/* One part of a batch; error is filled by the courier's thread. */
struct errand {
    struct ledger_outgoing *part;
    char *path;   /* of the stored bytes */
    char *target; /* in the drop's `out` */
    bool done;
    GError *error;
};

struct outbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct transfer_worker *worker;
    struct outage outage;
    outbox_settled *settled;
    void *user;
    enum task task;    /* under way */
    bool slow;         /* it was waited for in vain, and has not done well since */
    GArray *batch;     /* struct errand */
    GHashTable *stuck; /* ids of parts that cannot go out in this pass */
};

static void clear_errand(gpointer user)
{
    struct errand *errand = user;

    g_free(errand->part);
    g_free(errand->path);
    g_free(errand->target);
    g_clear_error(&errand->error);
}

struct outbox *outbox_new(struct gateway *gateway, const struct drop *drop, int wake, outbox_settled *settled,
                          void *user, GError **error)
{
    struct outbox *outbox = g_new0(struct outbox, 1);

    outbox->gateway = gateway;
    outbox->drop = drop;
    outbox->settled = settled;
    outbox->user = user;
    outbox->batch = g_array_new(FALSE, FALSE, sizeof(struct errand));
    g_array_set_clear_func(outbox->batch, clear_errand);
    outbox->stuck = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
    if (outage_init(&outbox->outage, gateway, "A103", drop, error))
        return outbox;
    outbox_free(outbox);
    return NULL;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    transfer_worker_free(outbox->worker);
    g_array_unref(outbox->batch);
    g_hash_table_unref(outbox->stuck);
    g_free(outbox);
}

/* ---- in the courier's thread ---- */

/* False: the drop is down, the rest waits. */
static bool run_errand(const struct transport *transport, struct connection *connection, struct errand *errand,
                       bool upload)
{
    const struct ledger_outgoing *part = errand->part;

    errand->done =
        upload ? transport->upload(connection, errand->path, errand->target, part->size, part->sha256, &errand->error)
               : transport->publish(connection, errand->target, part->size, part->sha256, &errand->error);
    return errand->done || !g_error_matches(errand->error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN);
}

static void run_batch(const struct transport *transport, struct connection *connection, void *user)
{
    struct outbox *outbox = user;

    for (guint i = 0; i < outbox->batch->len; i++) {
        if (!run_errand(transport, connection, &g_array_index(outbox->batch, struct errand, i),
                        outbox->task == TASK_UPLOAD))
            break;
    }
}

/* ---- the ledger's side ---- */

static void add_errand(struct outbox *outbox, struct ledger_outgoing *part)
{
    struct errand errand = {.part = part};

    errand.path = job_path(outbox->gateway->spool, JOB_ACTIVE, part->job, part->name);
    errand.target = part->folder != NULL ? g_strconcat(part->folder, "/", part->name, NULL) : g_strdup(part->name);
    g_array_append_val(outbox->batch, errand);
}

/* The next parts in order that stand at the same point, so that one task and one commit serve them all. */
static bool begin_batch(struct outbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) due = NULL;
    int64_t limit = BATCH_PARTS + (int64_t)g_hash_table_size(outbox->stuck);
    enum ledger_outgoing_state state = LEDGER_STORED;

    g_array_set_size(outbox->batch, 0);
    if (!ledger_outgoing_files_deliverable(outbox->gateway->ledger, outbox->drop->name, limit, &due, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        struct ledger_outgoing *part = due->pdata[i];
        if (g_hash_table_contains(outbox->stuck, &part->id))
            continue;
        if (outbox->batch->len > 0 && part->state != state)
            break;
        state = part->state;
        due->pdata[i] = NULL; /* the errand's now */
        add_errand(outbox, part);
    }
    if (outbox->batch->len == 0)
        return outage_record_success(&outbox->outage, error); /* all that was due is there */
    outbox->task = state == LEDGER_STORED ? TASK_UPLOAD : TASK_PUBLISH;
    transfer_worker_begin(outbox->worker, run_batch, outbox);
    return true;
}

static bool note_batch(struct outbox *outbox, enum task task, GError **error)
{
    struct ledger *ledger = outbox->gateway->ledger;
    bool any = false, good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < outbox->batch->len; i++) {
        struct errand *errand = &g_array_index(outbox->batch, struct errand, i);
        if (!errand->done)
            continue;
        any = true;
        errand->part->state = task == TASK_UPLOAD ? LEDGER_STAGED : LEDGER_DELIVERED;
        errand->part->delivered_at = task == TASK_UPLOAD ? 0 : clock_now();
        good = ledger_outgoing_update(ledger, errand->part, error);
    }
    if (good && any)
        return ledger_commit(task == TASK_UPLOAD ? STEP_DELIVERY_STAGED : STEP_DELIVERY_SETTLED, ledger, error);
    ledger_rollback(ledger);
    return good;
}

static void stick(struct outbox *outbox, const struct ledger_outgoing *part, GError *fault)
{
    gateway_fail(outbox->gateway, fault, "drop %s: %s could not be delivered; it waits in the spool",
                 outbox->drop->name, part->name);
    g_hash_table_add(outbox->stuck, g_memdup2(&part->id, sizeof part->id));
}

static bool tell_failures(struct outbox *outbox, GError **error)
{
    for (guint i = 0; i < outbox->batch->len; i++) {
        struct errand *errand = &g_array_index(outbox->batch, struct errand, i);
        GError *fault = g_steal_pointer(&errand->error);
        if (fault == NULL)
            continue;
        if (g_error_matches(fault, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN))
            return outage_record_failure(&outbox->outage, fault, error);
        stick(outbox, errand->part, fault);
    }
    return true;
}

static bool end_task(struct outbox *outbox, GError **error)
{
    enum task task = outbox->task;

    outbox->task = TASK_NONE;
    if (!note_batch(outbox, task, error) || !tell_failures(outbox, error))
        return false;
    for (guint i = 0; task == TASK_PUBLISH && i < outbox->batch->len; i++) {
        const struct errand *errand = &g_array_index(outbox->batch, struct errand, i);
        if (errand->done)
            outbox->settled(outbox->user, errand->part->job);
    }
    return true;
}

void outbox_begin_pass(struct outbox *outbox)
{
    g_hash_table_remove_all(outbox->stuck);
}

bool outbox_advance(struct outbox *outbox, GError **error)
{
    do {
        if (outbox->task != TASK_NONE) {
            if (!transfer_worker_wait(outbox->worker, outbox->slow ? 0 : outbox->gateway->wait_until,
                                      outbox->gateway->stop)) {
                outbox->slow = true;
                return true;
            }
            if (!end_task(outbox, error))
                return false;
            outbox->slow = outbox->slow && outage_wait(&outbox->outage) > 0;
        }
        if (gateway_stopping(outbox->gateway) || outage_wait(&outbox->outage) > 0)
            return true;
        if (!begin_batch(outbox, error))
            return false;
    } while (outbox->task != TASK_NONE);
    return true;
}

bool outbox_is_busy(const struct outbox *outbox)
{
    return outbox->task != TASK_NONE;
}

int64_t outbox_due(const struct outbox *outbox)
{
    int64_t wait = outage_wait(&outbox->outage);

    return outbox->task != TASK_NONE || wait == 0 ? G_MAXINT64 : wait;
}
