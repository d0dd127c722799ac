/* What a task found out about its files: rows of the ledger, incidents, messages. outbox.c says why in this order. */
#include "gateway/pipeline/delivery/outbox_private.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/recovery/mending.h"
#include "spool/ledger/ledger_incidents.h"

#include <string.h>

/* The subject of the A107 of an outgoing file; g_free. */
static char *subject_of(const struct outbox *outbox, const struct ledger_outgoing *file)
{
    return g_strdup_printf("%s/%s", outbox->drop->name, file->name);
}

bool outbox_is_ready(const struct outbox_transfer *transfer)
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
        log_event(LOG(EVENT_UPLOAD_GONE, .drop = outbox->drop->name, .file = file->name),
                  "drop %s: %s is gone from there and never got its name; it is uploaded again", outbox->drop->name,
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
    g_autofree char *bytes = text_count(file->size, "byte");
    log_event(LOG(EVENT_DELIVERED, .job = file->job, .file = file->name, .drop = outbox->drop->name,
                  .counts = LOG_COUNTS({"bytes", file->size}, {"rows", file->rows})),
              "drop %s: %s is delivered, %s", outbox->drop->name, file->name, bytes);
    if (concluded)
        log_event(LOG(EVENT_DELIVERED_UNSEEN, .drop = outbox->drop->name, .file = file->name),
                  "drop %s: %s counts as delivered, and nobody saw it: a rename was sent and not answered, and the "
                  "temporary file is gone; ask the recipient, and if it was lost: ecosgate redeliver %s --reason TEXT",
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

/* Nothing of the file is in the drop any more. Where the address is known, it goes there next. */
static bool record_withdrawal(struct outbox *outbox, struct outbox_transfer *transfer, GError **error)
{
    struct ledger_outgoing *file = transfer->file;

    file->state = LEDGER_STORED;
    file->upload_name = NULL;
    if (!ledger_outgoing_update(outbox->gateway->ledger, file, error))
        return false;
    if (transfer->address.waits)
        return g_hash_table_add(outbox->withdrawn, g_memdup2(&file->id, sizeof file->id));
    log_event(LOG(EVENT_READDRESSED, .drop = outbox->drop->name, .file = file->name),
              "drop %s: %s goes into the folder %s and no longer into %s, for PTY has given its recipient another "
              "MPID since it was issued",
              outbox->drop->name, file->name, transfer->address.folder, file->folder);
    return ledger_outgoing_readdress(outbox->gateway->ledger, file->id, transfer->address.folder, error);
}

/* Commits what a withdrawal has removed from the drop. */
static bool record_withdrawn(struct outbox *outbox, GError **error)
{
    struct ledger *ledger = outbox->gateway->ledger;
    bool good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < outbox->batch->len; i++) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        good = !transfer->done || record_withdrawal(outbox, transfer, error);
    }
    if (good)
        return ledger_commit(STEP_DELIVERY_WITHDRAWN, ledger, error);
    ledger_rollback(ledger);
    return false;
}

/* What a task found out about a file. publish: it is renamed next, if it is ready. */
static void record_transfer(const struct outbox *outbox, enum outbox_task task, struct outbox_transfer *transfer,
                            bool publish)
{
    struct ledger_outgoing *file = transfer->file;

    if (task == OUTBOX_UPLOAD && transfer->done)
        record_upload(outbox, file);
    file->rename_sent = transfer->publication.open || (publish && outbox_is_ready(transfer));
    if (task == OUTBOX_UPLOAD || !transfer->done || transfer->publication.state == PUBLICATION_READY)
        return;
    if (transfer->publication.state == PUBLICATION_MISSING)
        record_missing(outbox, file);
    else
        record_delivery(outbox, file, transfer->publication.state == PUBLICATION_CONCLUDED);
}

bool outbox_drop_changed(struct outbox *outbox, GError **error)
{
    for (guint i = outbox->batch->len; i-- > 0;) {
        const struct ledger_outgoing *file = g_array_index(outbox->batch, struct outbox_transfer, i).file;
        g_autofree struct ledger_outgoing *now = NULL;
        if (!g_str_has_prefix(file->kind, "EMW")) /* also its signature */
            continue;
        if (!ledger_outgoing_get(outbox->gateway->ledger, file->id, &now, error))
            return false;
        if (now->state != file->state || g_strcmp0(now->sha256, file->sha256) != 0)
            g_array_remove_index(outbox->batch, i);
    }
    return true;
}

/* The crash point of a task's commit. */
static enum step step_of(const struct outbox *outbox, enum outbox_task task)
{
    bool delivered = false, announced = false;

    for (guint i = 0; i < outbox->batch->len; i++) {
        const struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        delivered |= transfer->file->state == LEDGER_DELIVERED;
        announced |= task != OUTBOX_PUBLISH && transfer->file->rename_sent && outbox_is_ready(transfer);
    }
    if (announced)
        return STEP_DELIVERY_ANNOUNCED;
    if (task == OUTBOX_UPLOAD)
        return STEP_DELIVERY_STAGED;
    return delivered ? STEP_DELIVERY_SETTLED : STEP_DELIVERY_WITHDRAWN;
}

/* While its rename was announced, no recall saw a work order (ledger_orders_undelivered). If none was sent after all,
 * the order waits again, and facts may have come meanwhile: it is reviewed before it leaves. */
static void review_unsent(const struct outbox *outbox, const struct ledger_outgoing *file, bool announced)
{
    if (announced && !file->rename_sent && file->state != LEDGER_DELIVERED && g_str_has_prefix(file->kind, "EMW"))
        outbox->gateway->orders_reviewed = 0;
}

bool outbox_record_batch(struct outbox *outbox, enum outbox_task task, bool publish, GError **error)
{
    struct ledger *ledger = outbox->gateway->ledger;

    if (task == OUTBOX_WITHDRAW)
        return record_withdrawn(outbox, error);
    bool any = false, good = ledger_begin(ledger, error);
    if (!good)
        return false;
    for (guint i = 0; good && i < outbox->batch->len; i++) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        enum ledger_outgoing_state before = transfer->file->state;
        bool sent = transfer->file->rename_sent;
        record_transfer(outbox, task, transfer, publish);
        review_unsent(outbox, transfer->file, sent);
        publish = publish && (outbox_is_ready(transfer) || transfer->file->state == LEDGER_DELIVERED);
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
    gateway_fail(outbox->gateway, cause, LOG(EVENT_UNDELIVERED, .drop = outbox->drop->name, .file = file->name),
                 "drop %s: %s cannot be delivered; it waits in the spool and is tried again", outbox->drop->name,
                 file->name);
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

bool outbox_report_failures(struct outbox *outbox, enum outbox_task task, GError **error)
{
    for (guint i = 0; i < outbox->batch->len; i++) {
        struct outbox_transfer *transfer = &g_array_index(outbox->batch, struct outbox_transfer, i);
        GError *failure = g_steal_pointer(&transfer->error);
        if (task == OUTBOX_UPLOAD && transfer->done && transfer->publication.state == PUBLICATION_MISSING)
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
