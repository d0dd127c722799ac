/*
 * A file reaches its drop in two steps, each with a commit after it:
 *
 *   upload    the bytes go under a temporary name, as durable as the drop can make them      STORED → STAGED
 *   publish   a rename to the final name, which never replaces a file                        STAGED → DELIVERED
 *
 * A crash between a step and its commit repeats the step, which is harmless as long as the drop shows what was done.
 * It does not when both names are gone: the file was renamed and the recipient took it, or it was cleared away and
 * never arrived. So the last commit before the renames says that they may be sent (rename_sent), and an answer clears
 * that. Only if it is set, a file whose names are gone counts as delivered (concluded); else its bytes are uploaded
 * again.
 *
 * Only files that were seen under their temporary names are marked so: by the upload or, after a stop or a failure, by
 * a task that only looks. Otherwise a stop after the commit would conclude the delivery of a file that was gone before.
 * STAGED and the mark are one commit where the renames follow at once. With a commit of its own for the mark, each
 * batch would cost one more, and a stop would be no safer: before the mark is durable the bytes are uploaded again in
 * either design.
 *
 * A temporary file that is missing right after its upload makes the drop down (A103): the server hides such names, or
 * shows new files late. The next try looks again, and then uploads again.
 *
 * The final name with the same bytes counts as delivered. With other bytes it is left alone: that is an incident (A107)
 * until the file is delivered. The name that an operator moves away is looked at again in each pass.
 *
 * Files that stand at the same step share a task and a commit.
 */
#include "gateway/pipeline/outbox.h"

#include "gateway/clock.h"
#include "gateway/drops/transfer_worker.h"
#include "gateway/pipeline/claims.h"
#include "gateway/pipeline/ledger_watch.h"
#include "gateway/pipeline/mending.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"

#include <string.h>

enum { BATCH_FILES = 64 /* files that one commit serves, and one sync of a drop that can do that */ };

enum task {
    TASK_NONE,
    TASK_UPLOAD,  /* files that are STORED */
    TASK_LOOK,    /* files that are STAGED: what has become of them? */
    TASK_PUBLISH, /* the files of one of those tasks that are ready */
};

/* One file of a batch. The transfer worker's thread fills done, publication and error. */
struct transfer {
    struct ledger_outgoing *file;
    char *path;               /* of the stored bytes */
    char *target, *temporary; /* relative to the drop's `out` */
    struct publication publication;
    bool done;
    GError *error;
};

struct outbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct transfer_worker *worker;
    struct outage outage;
    struct claim_guard *guard; /* each task asks it first */
    GError *error;             /* of the task as a whole: the claim */
    struct outbox_listener listener;
    enum task task;     /* under way */
    bool slow;          /* The last task outlived its pass. No pass waits for this drop until a task ends in time. */
    GArray *batch;      /* struct transfer */
    GHashTable *failed; /* ids of files that cannot be delivered in this pass */
    GHashTable *mended; /* ids of files that were built again in this pass */
    GHashTable *taken;  /* subjects of open A107 incidents of this drop; those of its `in` never match a file's */
};

static void clear_transfer(gpointer user)
{
    struct transfer *transfer = user;

    g_free(transfer->file);
    g_free(transfer->path);
    g_free(transfer->target);
    g_free(transfer->temporary);
    g_clear_error(&transfer->error);
}

/* The subject of the A107 of an outgoing file; g_free. */
static char *subject_of(const struct outbox *outbox, const struct ledger_outgoing *file)
{
    return g_strdup_printf("%s/%s", outbox->drop->name, file->name);
}

/* Feeds outbox->taken with the incidents that an earlier run left open. */
static bool load_taken(void *user, const struct ledger_incident *incident, GError **error)
{
    struct outbox *outbox = user;
    size_t len = strlen(outbox->drop->name);

    (void)error; /* nothing here can fail */
    if (strncmp(incident->subject, outbox->drop->name, len) == 0 && incident->subject[len] == '/')
        g_hash_table_add(outbox->taken, g_strdup(incident->subject));
    return true;
}

struct outbox *outbox_new(struct gateway *gateway, const struct drop *drop, int wake,
                          const struct outbox_listener *listener, GError **error)
{
    struct outbox *outbox = g_new0(struct outbox, 1);

    outbox->gateway = gateway;
    outbox->drop = drop;
    outbox->listener = *listener;
    outbox->batch = g_array_new(FALSE, FALSE, sizeof(struct transfer));
    g_array_set_clear_func(outbox->batch, clear_transfer);
    outbox->failed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->mended = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    outbox->worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
    outbox->guard = claims_guard(gateway->claims, drop, CONNECTION_OUT);
    if (outage_init(&outbox->outage, gateway, OUTAGE_OUT, drop, error) &&
        ledger_incidents_with_code(gateway->ledger, "A107", load_taken, outbox, error))
        return outbox;
    outbox_free(outbox);
    return NULL;
}

/* ---- in the transfer worker's thread ---- */

static bool run_transfer(const struct transport *transport, struct connection *connection, struct transfer *transfer,
                         enum task task)
{
    const struct outgoing_file file = {
        transfer->target, transfer->temporary, {transfer->file->size, transfer->file->sha256}};

    if (task == TASK_UPLOAD)
        return transport->upload(connection, transfer->path, &file, &transfer->publication.state, &transfer->error);
    return (task == TASK_LOOK ? transport->look : transport->publish)(connection, &file, &transfer->publication,
                                                                      &transfer->error);
}

/* The rest of the batch waits if the drop is down, or if a file is to be uploaded again before those after it get their
 * names. Uploads go on even if the drop does not show them: it may show them late. */
static void run_transfers(const struct transport *transport, struct connection *connection, struct outbox *outbox)
{
    bool go_on = true;

    for (guint i = 0; go_on && i < outbox->batch->len; i++) {
        struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        if (!claim_still(outbox->guard, transport, connection, &outbox->error))
            break;
        transfer->done = run_transfer(transport, connection, transfer, outbox->task);
        go_on = transfer->done ? outbox->task == TASK_UPLOAD || transfer->publication.state != PUBLICATION_MISSING
                               : !g_error_matches(transfer->error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN);
    }
}

/* Nothing of a batch counts whose end failed. A rename that was sent may hold all the same. Frees cause. */
static void undo_batch(struct outbox *outbox, GError *cause)
{
    for (guint i = 0; i < outbox->batch->len; i++) {
        struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        if (!transfer->done)
            continue;
        transfer->done = false;
        transfer->publication.open = transfer->file->rename_sent;
        if (cause != NULL)
            transfer->error = g_steal_pointer(&cause);
    }
    g_clear_error(&cause);
}

static void run_batch(const struct transport *transport, struct connection *connection, void *user)
{
    struct outbox *outbox = user;
    bool batch = outbox->task != TASK_LOOK && transport->begin_batch != NULL;
    GError *cause = NULL;

    if (!claim_look(outbox->guard, transport, connection, &outbox->error))
        return;
    if (batch)
        transport->begin_batch(connection, outbox->batch->len);
    run_transfers(transport, connection, outbox);
    if (batch && !transport->end_batch(connection, &cause))
        undo_batch(outbox, cause);
}

/* ---- in the gateway's thread ---- */

static void add_transfer(struct outbox *outbox, struct ledger_outgoing *file)
{
    struct transfer transfer = {.file = file, .publication = {.open = file->rename_sent}};
    const char *form = file->upload_name != NULL ? file->upload_name : DROP_UPLOAD_NAME;

    if (file->state == LEDGER_STORED)
        form = outbox->drop->upload_name;
    transfer.path = job_path(outbox->gateway->spool, JOB_ACTIVE, file->job, file->name);
    transfer.target = file->folder != NULL ? g_strconcat(file->folder, "/", file->name, NULL) : g_strdup(file->name);
    transfer.temporary = transport_temporary_name(form, transfer.target);
    g_array_append_val(outbox->batch, transfer);
}

/* Starts a task with the next files, in order, that stand at the same step. Without any, the drop has all that it
 * should have. */
static bool begin_batch(struct outbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) due = NULL;
    int64_t limit = BATCH_FILES + (int64_t)g_hash_table_size(outbox->failed);
    enum ledger_outgoing_state state = LEDGER_STORED;
    GError *cause = NULL;

    g_array_set_size(outbox->batch, 0);
    if (!ledger_outgoing_files_deliverable(outbox->gateway->ledger, outbox->drop->name, limit, &due, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        struct ledger_outgoing *file = due->pdata[i];
        if (g_hash_table_contains(outbox->failed, &file->id))
            continue;
        if (outbox->batch->len > 0 && file->state != state)
            break;
        state = file->state;
        due->pdata[i] = NULL; /* transfer owns it now */
        add_transfer(outbox, file);
    }
    if (outbox->batch->len == 0)
        return outage_record_success(&outbox->outage, error); /* nothing is left to deliver */
    if (!transfer_worker_ready(outbox->worker, &cause))
        return outage_record_failure(&outbox->outage, cause, error);
    /* Before numbers leave that no witness knows. */
    if (state == LEDGER_STORED && !ledger_watch_renew(outbox->gateway, error))
        return false;
    if (!claims_prepare(outbox->gateway->claims, outbox->guard, state == LEDGER_STORED, error))
        return false;
    outbox->task = state == LEDGER_STORED ? TASK_UPLOAD : TASK_LOOK;
    transfer_worker_begin(outbox->worker, run_batch, outbox);
    return true;
}

/* Seen under its temporary name, by an upload or a look. */
static bool is_ready(const struct transfer *transfer)
{
    return transfer->done && transfer->publication.state == PUBLICATION_READY;
}

static void record_upload(const struct outbox *outbox, struct ledger_outgoing *file)
{
    file->state = LEDGER_STAGED;
    /* The default is no value, as in ledgers from before the setting. */
    file->upload_name = strcmp(outbox->drop->upload_name, DROP_UPLOAD_NAME) != 0 ? outbox->drop->upload_name : NULL;
}

/* While the drop is down because it does not show what was uploaded, its incident says so. */
static void record_missing(const struct outbox *outbox, struct ledger_outgoing *file)
{
    if (outbox->outage.told == NULL)
        gateway_note("drop %s: %s is gone from there and never got its name; it is uploaded again", outbox->drop->name,
                     file->name);
    file->state = LEDGER_STORED;
    file->upload_name = NULL;
}

static void record_delivery(const struct outbox *outbox, struct ledger_outgoing *file, bool concluded)
{
    file->state = LEDGER_DELIVERED;
    file->delivered_at = clock_now();
    file->upload_name = NULL;
    file->concluded = file->rename_sent = concluded;
    if (concluded)
        gateway_note(
            "drop %s: %s counts as delivered, and nobody saw it: a rename was sent and not answered, and the "
            "temporary file is gone; ask the recipient, and if it was lost: ecosgate report redeliver %s --reason TEXT",
            outbox->drop->name, file->name, file->name);
}

/* Another file stands under the name of an outgoing one. The incident says so as long as that is so. */
static bool open_taken(struct outbox *outbox, const struct ledger_outgoing *file, const char *text, GError **error)
{
    g_autofree char *subject = subject_of(outbox, file);
    g_autofree char *parties = incidents_parties_of(outbox->gateway->config, outbox->drop->name);
    const struct ledger_incident incident = {.code = "A107", .subject = subject, .parties = parties, .text = text};
    enum incidents_news news;

    if (!outage_commit_cause(outbox->gateway, &incident, &news, error))
        return false;
    g_hash_table_add(outbox->taken, g_steal_pointer(&subject));
    return true;
}

/* In the transaction that says that the file is delivered. */
static bool close_taken(struct outbox *outbox, const struct ledger_outgoing *file, GError **error)
{
    g_autofree char *subject = subject_of(outbox, file);

    return !g_hash_table_remove(outbox->taken, subject) ||
           ledger_incident_close(outbox->gateway->ledger, "A107", subject, clock_now(), error);
}

/* What a task found out about a file. publish: it is renamed next, if it is ready. */
static void record_transfer(const struct outbox *outbox, enum task task, struct transfer *transfer, bool publish)
{
    struct ledger_outgoing *file = transfer->file;

    if (task == TASK_UPLOAD && transfer->done)
        record_upload(outbox, file);
    file->rename_sent = transfer->publication.open || (publish && is_ready(transfer));
    if (task == TASK_UPLOAD || !transfer->done || transfer->publication.state == PUBLICATION_READY)
        return;
    if (transfer->publication.state == PUBLICATION_MISSING)
        record_missing(outbox, file);
    else
        record_delivery(outbox, file, transfer->publication.state == PUBLICATION_CONCLUDED);
}

/* The crash point of a task's commit. */
static enum step step_of(const struct outbox *outbox, enum task task)
{
    bool delivered = false, announced = false;

    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        delivered |= transfer->file->state == LEDGER_DELIVERED;
        announced |= task != TASK_PUBLISH && transfer->file->rename_sent && is_ready(transfer);
    }
    if (announced)
        return STEP_DELIVERY_ANNOUNCED;
    if (task == TASK_UPLOAD)
        return STEP_DELIVERY_STAGED;
    return delivered ? STEP_DELIVERY_SETTLED : STEP_DELIVERY_WITHDRAWN;
}

/* Commits how far each file of the batch has come, and which of them are renamed next: those that are ready up to the
 * first that is neither that nor delivered, so that the order is kept. */
static bool record_batch(struct outbox *outbox, enum task task, bool publish, GError **error)
{
    struct ledger *ledger = outbox->gateway->ledger;
    bool any = false, good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < outbox->batch->len; i++) {
        struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        enum ledger_outgoing_state before = transfer->file->state;
        bool sent = transfer->file->rename_sent;
        record_transfer(outbox, task, transfer, publish);
        publish = publish && (is_ready(transfer) || transfer->file->state == LEDGER_DELIVERED);
        if (transfer->file->state == before && transfer->file->rename_sent == sent)
            continue;
        any = true;
        good = ledger_outgoing_update(ledger, transfer->file, error) &&
               (transfer->file->state != LEDGER_DELIVERED || close_taken(outbox, transfer->file, error));
    }
    if (good && any)
        return ledger_commit(step_of(outbox, task), ledger, error);
    ledger_rollback(ledger);
    return good;
}

/* Leaves a file out for the rest of this pass. cause is freed. */
static void leave_out(struct outbox *outbox, const struct ledger_outgoing *file, GError *cause)
{
    gateway_fail(outbox->gateway, cause, "drop %s: %s cannot be delivered; it waits in the spool and is tried again",
                 outbox->drop->name, file->name);
    g_hash_table_add(outbox->failed, g_memdup2(&file->id, sizeof file->id));
}

/* Builds a damaged stored file again, once in a pass; then it is tried at once. Else it is left out. Takes failure. */
static bool mend_or_leave_out(struct outbox *outbox, const struct ledger_outgoing *file, GError *failure,
                              GError **error)
{
    bool mended = false;

    if (file->state == LEDGER_STORED && !g_hash_table_contains(outbox->mended, &file->id) &&
        !mending_outgoing(outbox->gateway, file, &mended, error)) {
        g_error_free(failure);
        return false;
    }
    if (mended) {
        g_hash_table_add(outbox->mended, g_memdup2(&file->id, sizeof file->id));
        g_error_free(failure);
    } else {
        leave_out(outbox, file, failure);
    }
    return true;
}

static GError *missing_error(const struct outbox *outbox)
{
    return g_error_new(
        TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN,
        "a file that was uploaded under a temporary name (%s) is not there afterwards: the drop hides such "
        "names or shows new files late, or somebody removes them; `ecosgate doctor %s` finds out, and "
        "upload_name= of [drop %s] chooses other names",
        outbox->drop->upload_name, outbox->drop->name, outbox->drop->name);
}

static bool report_failures(struct outbox *outbox, enum task task, GError **error)
{
    for (guint i = 0; i < outbox->batch->len; i++) {
        struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        GError *failure = g_steal_pointer(&transfer->error);
        if (task == TASK_UPLOAD && transfer->done && transfer->publication.state == PUBLICATION_MISSING)
            failure = missing_error(outbox);
        if (failure == NULL)
            continue;
        if (g_error_matches(failure, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN))
            return outage_record_failure(&outbox->outage, failure, error);
        if (g_error_matches(failure, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN) &&
            !open_taken(outbox, transfer->file, failure->message, error)) {
            g_error_free(failure);
            return false;
        }
        if (!mend_or_leave_out(outbox, transfer->file, failure, error))
            return false;
    }
    return true;
}

/* Reports what the look at the claim came to: the drop belongs to another (A110), or it is down. Files that were done
 * before it are recorded all the same. False: the ledger failed, or the process must end. */
static bool settle_claim(struct outbox *outbox, GError **error)
{
    struct claims *claims = outbox->gateway->claims;
    GError *cause = g_steal_pointer(&outbox->error);

    if (g_error_matches(cause, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED))
        return claims_settle(claims, outbox->guard, cause, error);
    if (!claims_confirm(claims, outbox->guard, error)) {
        g_clear_error(&cause);
        return false;
    }
    return cause == NULL || outage_record_failure(&outbox->outage, cause, error);
}

/* Microseconds until the drop may be used again; 0: now. */
static int64_t wait_of(const struct outbox *outbox)
{
    return MAX(outage_wait(&outbox->outage), claims_wait(outbox->gateway->claims, outbox->drop));
}

/* Whether the files of the batch that are ready are renamed at once. */
static bool may_publish(const struct outbox *outbox, enum task task)
{
    if (task == TASK_PUBLISH || gateway_stopping(outbox->gateway) || wait_of(outbox) > 0)
        return false;
    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, i);
        if (transfer->done
                ? transfer->publication.state == PUBLICATION_MISSING
                : transfer->error == NULL || g_error_matches(transfer->error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN))
            return false;
    }
    return true;
}

/* Renames the files that record_batch has marked. */
static bool begin_publishing(struct outbox *outbox, GError **error)
{
    guint n = 0;

    while (n < outbox->batch->len) {
        struct transfer *transfer = &g_array_index(outbox->batch, struct transfer, n);
        if (transfer->file->state == LEDGER_DELIVERED) {
            g_array_remove_index(outbox->batch, n);
            continue;
        }
        if (!is_ready(transfer))
            break;
        transfer->done = false;
        n++;
    }
    g_array_set_size(outbox->batch, n);
    if (n == 0)
        return true;
    if (!claims_prepare(outbox->gateway->claims, outbox->guard, false, error))
        return false;
    outbox->task = TASK_PUBLISH;
    transfer_worker_begin(outbox->worker, run_batch, outbox);
    return true;
}

static bool end_task(struct outbox *outbox, GError **error)
{
    enum task task = outbox->task;

    outbox->task = TASK_NONE;
    if (!settle_claim(outbox, error))
        return false;
    bool publish = may_publish(outbox, task);
    if (!record_batch(outbox, task, publish, error) || !report_failures(outbox, task, error))
        return false;
    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct ledger_outgoing *file = g_array_index(outbox->batch, struct transfer, i).file;
        if (file->state == LEDGER_DELIVERED)
            outbox->listener.delivered(outbox->listener.user, file->job);
    }
    return !publish || begin_publishing(outbox, error);
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    transfer_worker_free(outbox->worker);
    /* A stop interrupts the task: no rename was sent for the rest of its batch, and that must not be forgotten. If it
     * cannot be recorded, the next start does what it does after a crash. */
    if (outbox->task != TASK_NONE)
        (void)record_batch(outbox, outbox->task, false, NULL);
    g_array_unref(outbox->batch);
    g_hash_table_unref(outbox->failed);
    g_hash_table_unref(outbox->mended);
    g_hash_table_unref(outbox->taken);
    outage_clear(&outbox->outage);
    g_clear_error(&outbox->error);
    g_free(outbox);
}

void outbox_begin_pass(struct outbox *outbox)
{
    g_hash_table_remove_all(outbox->failed);
    g_hash_table_remove_all(outbox->mended);
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
            outbox->slow = outbox->slow && wait_of(outbox) > 0;
        }
        if (gateway_stopping(outbox->gateway) || wait_of(outbox) > 0)
            return true;
        if (outbox->task == TASK_NONE && !begin_batch(outbox, error))
            return false;
    } while (outbox->task != TASK_NONE);
    return true;
}

int64_t outbox_due(const struct outbox *outbox)
{
    int64_t wait = wait_of(outbox);

    return outbox->task != TASK_NONE || wait == 0 ? G_MAXINT64 : wait;
}
