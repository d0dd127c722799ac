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
 * A file whose folder is no longer its recipient's (report_address.h) is not renamed there. Once it is certain that no
 * rename was sent, its temporary file is removed, and one commit says that it is STORED and has another folder:
 *
 *   withdraw  the temporary file is removed                                         STORED, STAGED → STORED
 *
 * A file that is STORED may have a temporary file too, from an upload that a crash kept out of the ledger.
 *
 * Files that stand at the same step share a task and a commit.
 */
#include "gateway/pipeline/delivery/outbox_private.h"

#include "gateway/pipeline/watches/ledger_watch.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_incidents.h"

#include <string.h>

enum { BATCH_FILES = 64 /* files that one commit serves, and one sync of a drop that can do that */ };

static void clear_transfer(gpointer user)
{
    struct outbox_transfer *transfer = user;

    g_free(transfer->file);
    g_free(transfer->path);
    g_free(transfer->target);
    g_free(transfer->temporary);
    g_free(transfer->address.folder);
    g_clear_error(&transfer->error);
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
    outbox->batch = g_array_new(FALSE, FALSE, sizeof(struct outbox_transfer));
    g_array_set_clear_func(outbox->batch, clear_transfer);
    outbox->failed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->withdrawn = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->mended = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    outbox->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    outbox->worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
    outbox->guard = claims_guard(gateway->claims, drop, CONNECTION_OUT);
    outbox_taken_init(outbox);
    if (outage_init(&outbox->outage, gateway, OUTAGE_OUT, drop, error) &&
        ledger_incidents_with_code(gateway->ledger, "A107", load_taken, outbox, error))
        return outbox;
    outbox_free(outbox);
    return NULL;
}

/* ---- in the transfer worker's thread ---- */

static bool run_transfer(const struct transport *transport, struct connection *connection,
                         struct outbox_transfer *transfer, enum outbox_task task)
{
    const struct outgoing_file file = {
        transfer->target, transfer->temporary, {transfer->file->size, transfer->file->sha256}};

    if (task == OUTBOX_UPLOAD)
        return transport->upload(connection, transfer->path, &file, &transfer->publication.state, &transfer->error);
    if (task == OUTBOX_WITHDRAW)
        return transport->withdraw(connection, &file, &transfer->publication, &transfer->error);
    return (task == OUTBOX_LOOK ? transport->look : transport->publish)(connection, &file, &transfer->publication,
                                                                        &transfer->error);
}

/* The rest of the batch waits if the drop is down, or if a file is to be uploaded again before those after it get their
 * names. Uploads go on even if the drop does not show them: it may show them late. */
static void run_transfers(const struct transport *transport, struct connection *connection, struct outbox *outbox)
{
    bool go_on = true;

    for (guint i = 0; go_on && i < outbox->batch->len; i++) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        if (!claim_still(outbox->guard, transport, connection, &outbox->error))
            break;
        transfer->done = run_transfer(transport, connection, transfer, outbox->task);
        go_on = transfer->done ? outbox->task == OUTBOX_UPLOAD || outbox->task == OUTBOX_WITHDRAW ||
                                     transfer->publication.state != PUBLICATION_MISSING
                               : !g_error_matches(transfer->error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN);
    }
}

/* Nothing of a batch counts whose end failed. A rename that was sent may hold all the same. Frees cause. */
static void undo_batch(struct outbox *outbox, GError *cause)
{
    for (guint i = 0; i < outbox->batch->len; i++) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
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
    bool batch = (outbox->task == OUTBOX_UPLOAD || outbox->task == OUTBOX_PUBLISH) && transport->begin_batch != NULL;
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

/* Takes the file. Moves the folder out of the address. */
static void add_transfer(struct outbox *outbox, struct ledger_outgoing *file, struct report_address *address)
{
    struct outbox_transfer transfer = {.file = file, .address = *address, .publication = {.open = file->rename_sent}};
    const char *form = file->upload_name != NULL ? file->upload_name : DROP_UPLOAD_NAME;

    address->folder = NULL;
    if (file->state == LEDGER_STORED)
        form = outbox->drop->upload_name;
    transfer.path = job_path(outbox->gateway->spool, JOB_ACTIVE, file->job, file->name);
    transfer.target = file->folder != NULL ? g_strconcat(file->folder, "/", file->name, NULL) : g_strdup(file->name);
    transfer.temporary = transport_temporary_name(form, transfer.target);
    g_array_append_val(outbox->batch, transfer);
}

/* A work order that was left by an earlier pass waits until the facts of this one are judged: they may forbid it. */
static bool is_held(const struct outbox *outbox, const struct ledger_outgoing *file)
{
    return outbox->gateway->orders_wait && g_str_has_prefix(file->kind, "EMW"); /* also its signature */
}

/* What comes next for a file; OUTBOX_NONE: it waits, and the drop holds nothing of it. */
static enum outbox_task task_of(const struct outbox *outbox, const struct ledger_outgoing *file,
                                const struct report_address *address)
{
    if (report_address_holds(address, file))
        return file->state == LEDGER_STORED ? OUTBOX_UPLOAD : OUTBOX_LOOK;
    if (file->state == LEDGER_STAGED && file->rename_sent)
        return OUTBOX_LOOK; /* it may have got its name before */
    return address->waits && g_hash_table_contains(outbox->withdrawn, &file->id) ? OUTBOX_NONE : OUTBOX_WITHDRAW;
}

/* Adds the file to the batch if its next task is that of the batch: then *due is NULL afterwards. *more: files after it
 * may be added too. */
static bool add_due(struct outbox *outbox, gpointer *due, enum outbox_task *task, bool *more, GError **error)
{
    struct ledger_outgoing *file = *due;
    struct report_address address;

    *more = true;
    if (is_held(outbox, file)) {
        outbox->held = true;
        return true;
    }
    if (g_hash_table_contains(outbox->failed, &file->id))
        return true;
    if (!report_address_find(outbox->gateway, file, &address, error))
        return false;
    enum outbox_task next = task_of(outbox, file, &address);
    if (next == OUTBOX_NONE) {
        outbox->gateway->failed = true;
        g_hash_table_add(outbox->failed, g_memdup2(&file->id, sizeof file->id));
    } else if (outbox->batch->len > 0 && next != *task) {
        *more = false;
    } else {
        *task = next;
        *due = NULL; /* transfer owns it now */
        add_transfer(outbox, file, &address);
    }
    g_free(address.folder);
    return true;
}

/* Fills the batch with the next files, in order, whose next task is the same. */
static bool fill_batch(struct outbox *outbox, enum outbox_task *task, GError **error)
{
    guint left_out;

    outbox->held = false;
    g_array_set_size(outbox->batch, 0);
    do {
        g_autoptr(GPtrArray) due = NULL;
        bool more = true;
        left_out = g_hash_table_size(outbox->failed);
        if (!ledger_outgoing_files_deliverable(outbox->gateway->ledger, outbox->drop->name,
                                               BATCH_FILES + (int64_t)left_out, &due, error))
            return false;
        for (guint i = 0; more && i < due->len; i++) {
            if (!add_due(outbox, &due->pdata[i], task, &more, error))
                return false;
        }
        /* Files that wait may have filled the list before one that can go. */
    } while (outbox->batch->len == 0 && g_hash_table_size(outbox->failed) > left_out);
    return true;
}

/* Starts a task with the next files. Without any, the drop has all that it should have. */
static bool begin_batch(struct outbox *outbox, GError **error)
{
    enum outbox_task task = OUTBOX_NONE;
    GError *cause = NULL;

    if (!fill_batch(outbox, &task, error))
        return false;
    if (outbox->batch->len == 0)
        return outbox->held || outage_record_success(&outbox->outage, error); /* nothing is left to deliver */
    if (!transfer_worker_ready(outbox->worker, &cause))
        return outage_record_failure(&outbox->outage, cause, error);
    /* Before numbers leave that no witness knows. */
    if (task == OUTBOX_UPLOAD && !ledger_watch_renew(outbox->gateway, error))
        return false;
    if (!claims_prepare(outbox->gateway->claims, outbox->guard, task == OUTBOX_UPLOAD, error))
        return false;
    outbox->task = task;
    transfer_worker_begin(outbox->worker, run_batch, outbox);
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
static bool may_publish(const struct outbox *outbox, enum outbox_task task)
{
    if (task == OUTBOX_PUBLISH || task == OUTBOX_WITHDRAW || gateway_stopping(outbox->gateway) || wait_of(outbox) > 0)
        return false;
    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        if (is_held(outbox, transfer->file))
            return false;
        if (transfer->done
                ? transfer->publication.state == PUBLICATION_MISSING
                : transfer->error == NULL || g_error_matches(transfer->error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN))
            return false;
    }
    return true;
}

/* *hold: every file of the batch may go where it was uploaded. A PTY may have been accepted in the meantime. */
static bool addresses_hold(const struct outbox *outbox, bool *hold, GError **error)
{
    *hold = true;
    for (guint i = 0; *hold && i < outbox->batch->len; i++) {
        const struct ledger_outgoing *file = g_array_index(outbox->batch, struct outbox_transfer, i).file;
        struct report_address address;
        if (!report_address_find(outbox->gateway, file, &address, error))
            return false;
        *hold = report_address_holds(&address, file);
        g_free(address.folder);
    }
    return true;
}

/* Renames the files that outbox_record_batch has marked. */
static bool begin_publishing(struct outbox *outbox, GError **error)
{
    guint n = 0;

    while (n < outbox->batch->len) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, n);
        if (transfer->file->state == LEDGER_DELIVERED) {
            g_array_remove_index(outbox->batch, n);
            continue;
        }
        if (!outbox_is_ready(transfer))
            break;
        transfer->done = false;
        n++;
    }
    g_array_set_size(outbox->batch, n);
    if (n == 0)
        return true;
    if (!claims_prepare(outbox->gateway->claims, outbox->guard, false, error))
        return false;
    outbox->task = OUTBOX_PUBLISH;
    transfer_worker_begin(outbox->worker, run_batch, outbox);
    return true;
}

static bool end_task(struct outbox *outbox, GError **error)
{
    enum outbox_task task = outbox->task;
    bool publish = false;

    outbox->task = OUTBOX_NONE;
    if (task == OUTBOX_TAKEN)
        return outbox_taken_end(outbox, error);
    if (!settle_claim(outbox, error) || !outbox_drop_changed(outbox, error) ||
        (may_publish(outbox, task) && !addresses_hold(outbox, &publish, error)))
        return false;
    if (!outbox_record_batch(outbox, task, publish, error) || !outbox_report_failures(outbox, task, error))
        return false;
    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct ledger_outgoing *file = g_array_index(outbox->batch, struct outbox_transfer, i).file;
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
    if (outbox->task != OUTBOX_NONE && outbox->task != OUTBOX_TAKEN && outbox_drop_changed(outbox, NULL))
        (void)outbox_record_batch(outbox, outbox->task, false, NULL);
    g_array_unref(outbox->batch);
    g_hash_table_unref(outbox->failed);
    g_hash_table_unref(outbox->withdrawn);
    g_hash_table_unref(outbox->mended);
    g_hash_table_unref(outbox->taken);
    outbox_taken_clear(outbox);
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
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_OUT, .drop = outbox->drop->name};

    do {
        if (outbox->task != OUTBOX_NONE) {
            if (!transfer_worker_wait(outbox->worker, outbox->slow ? 0 : outbox->gateway->wait_until,
                                      outbox->gateway->stop)) {
                outbox->slow = true;
                return true;
            }
            if (!end_task(outbox, error))
                return false;
            outbox->slow = outbox->slow && wait_of(outbox) > 0;
        }
        bool paused = outbox->paused;
        if (!ledger_hold_exists(outbox->gateway->ledger, &hold, &outbox->paused, error) ||
            (outbox->paused != paused && !outbox_taken_tell_pause(outbox, error)))
            return false;
        if (gateway_stopping(outbox->gateway) || (outbox->paused && outbox->task == OUTBOX_NONE) || wait_of(outbox) > 0)
            return true;
        if (outbox->task == OUTBOX_NONE && !begin_batch(outbox, error))
            return false;
        if (outbox->task == OUTBOX_NONE && outbox_taken_wait(outbox) == 0 && wait_of(outbox) == 0 &&
            !outbox_taken_begin(outbox, error))
            return false;
    } while (outbox->task != OUTBOX_NONE);
    return true;
}

int64_t outbox_due(const struct outbox *outbox)
{
    int64_t wait = wait_of(outbox);

    if (outbox->task != OUTBOX_NONE || outbox->paused)
        return G_MAXINT64;
    int64_t look = outbox_taken_wait(outbox); /* 0: in the next pass, whenever that is */
    return wait > 0 ? wait : look > 0 ? look : G_MAXINT64;
}
