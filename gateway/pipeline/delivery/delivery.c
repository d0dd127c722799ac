/*
 * A planned file exists as a row of the ledger only (state PLANNED). Here its bytes are built from ledger rows alone
 * and stored in the job's folder (STORED); outbox.c does the rest. A crash anywhere repeats the step that was not
 * committed: building again gives the same bytes. Many files share one sync of the spool's file system and one commit;
 * a few are synced one by one, for the other sync also waits for what others write there.
 *
 * A job stays in active/ until all its files are delivered. The move to done/ or rejected/ needs no commit of its own,
 * for the folder is the state; a crash before the move is made good by delivery_begin_pass.
 */
#include "gateway/pipeline/delivery/delivery.h"

#include "gateway/answers/answer.h"
#include "gateway/pipeline/delivery/outbox.h"
#include "gateway/pipeline/delivery/signing.h"
#include "gateway/reports/reports.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* So many answers and work orders are stored together, at least and at most. */
enum { TOGETHER = 4, BATCH_FILES = 256 };

struct delivery {
    struct gateway *gateway;
    GPtrArray *outboxes; /* struct outbox, in the configuration's order */
    GArray *delivered;   /* int64_t: jobs of which a file was delivered, and which may be finished */
};

static void free_outbox(gpointer outbox)
{
    outbox_free(outbox);
}

static void on_delivered(void *user, int64_t job)
{
    struct delivery *delivery = user;

    g_array_append_val(delivery->delivered, job);
}

static bool add_outboxes(struct delivery *delivery, int wake, GError **error)
{
    const struct config *config = delivery->gateway->config;
    const struct outbox_listener listener = {on_delivered, delivery};

    for (guint i = 0; i < config->drops->len; i++) {
        struct outbox *outbox = outbox_new(delivery->gateway, config->drops->pdata[i], wake, &listener, error);
        if (outbox == NULL)
            return false;
        g_ptr_array_add(delivery->outboxes, outbox);
    }
    return true;
}

struct delivery *delivery_new(struct gateway *gateway, int wake, GError **error)
{
    struct delivery *delivery = g_new0(struct delivery, 1);

    delivery->gateway = gateway;
    delivery->outboxes = g_ptr_array_new_with_free_func(free_outbox);
    delivery->delivered = g_array_new(FALSE, FALSE, sizeof(int64_t));
    if (add_outboxes(delivery, wake, error))
        return delivery;
    delivery_free(delivery);
    return NULL;
}

void delivery_free(struct delivery *delivery)
{
    if (delivery == NULL)
        return;
    g_ptr_array_unref(delivery->outboxes);
    g_array_unref(delivery->delivered);
    g_free(delivery);
}

/* ---- PLANNED → STORED ---- */

/* Frees cause. */
static void report_unstored(struct delivery *delivery, const char *name, GError *cause)
{
    delivery->gateway->failed = true;
    log_event(LOG(EVENT_UNSTORED, .file = name), "%s cannot be stored; it is tried again in each pass: %s", name,
              cause->message);
    g_error_free(cause);
}

static void report_stored(const char *name)
{
    log_over(LOG(EVENT_UNSTORED, .file = name));
}

/* The folder of an inbound job came with its payload. A job of our own (EMW, EMO, INC) gets its one here. */
static bool make_folder(struct gateway *gateway, int64_t id, bool synced, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(gateway->ledger, id, &job, error))
        return false;
    return job->direction == LEDGER_IN ||
           (synced ? job_make : job_make_unsynced)(STEP_DISPATCH_MADE, gateway->spool, JOB_ACTIVE, id, error);
}

static void store_alone(struct delivery *delivery, const struct ledger_outgoing *file)
{
    struct gateway *gateway = delivery->gateway;
    GError *cause = NULL;

    if (make_folder(gateway, file->job, true, &cause) && answer_store(gateway, file, &cause))
        report_stored(file->name);
    else
        report_unstored(delivery, file->name, cause);
}

/* Makes durable and records what was built. What fails here concerns all of it. */
static void end_batch(struct delivery *delivery, int fs, const GPtrArray *placed)
{
    struct gateway *gateway = delivery->gateway;
    g_autoptr(GError) cause = NULL;
    bool good = placed->len == 0 || (disk_fs_sync(STEP_ANSWERS_SYNCED, fs, spool_dir(gateway->spool), &cause) &&
                                     answer_note(gateway, placed, &cause));

    for (guint i = 0; i < placed->len; i++) {
        const struct ledger_outgoing *file = placed->pdata[i];
        if (good)
            report_stored(file->name);
        else
            report_unstored(delivery, file->name, g_error_copy(cause));
    }
}

/* Stores files[from …], at most BATCH_FILES of them. False: the file system cannot be synced as a whole. */
static bool store_together(struct delivery *delivery, const GPtrArray *files, guint from)
{
    struct gateway *gateway = delivery->gateway;
    int fs = disk_fs_open(spool_dir(gateway->spool), NULL);

    if (fs < 0)
        return false;
    g_autoptr(GPtrArray) placed = answer_placed_new();
    for (guint i = from; i < MIN(files->len, from + BATCH_FILES) && !gateway_stopping(gateway); i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        GError *cause = NULL;
        if (!make_folder(gateway, file->job, false, &cause) || !answer_place(gateway, file, placed, &cause))
            report_unstored(delivery, file->name, cause);
    }
    end_batch(delivery, fs, placed);
    disk_fs_close(fs);
    return true;
}

/* files: struct ledger_outgoing. */
static void store_all(struct delivery *delivery, const GPtrArray *files)
{
    struct gateway *gateway = delivery->gateway;
    bool together = files->len >= TOGETHER && disk_fs_can_sync(spool_dir(gateway->spool));
    guint next = 0;

    for (; together && next < files->len; next += together ? BATCH_FILES : 0)
        together = store_together(delivery, files, next);
    for (; next < files->len && !gateway_stopping(gateway); next++)
        store_alone(delivery, files->pdata[next]);
}

static bool build_planned(struct delivery *delivery, GError **error)
{
    struct gateway *gateway = delivery->gateway;
    g_autoptr(GPtrArray) planned = NULL, files = g_ptr_array_new();

    if (!ledger_outgoing_files_planned(gateway->ledger, &planned, error))
        return false;
    for (guint i = 0; i < planned->len && !gateway_stopping(gateway); i++) {
        struct ledger_outgoing *file = planned->pdata[i];
        GError *cause = NULL;
        if (ledger_outgoing_is_signature(file))
            continue;
        if (report_kind_find(file->kind) == NULL)
            g_ptr_array_add(files, file);
        else if (reports_store(gateway, file->job, &cause))
            report_stored(file->name);
        else
            report_unstored(delivery, file->name, cause);
    }
    store_all(delivery, files);
    return signing_store(gateway, error);
}

/* ---- jobs whose files are all delivered ---- */

/* *to: where the job goes if it is in active/, has its verdict and all its files are delivered; else JOB_ACTIVE.
 * Thousands may wait for a drop that is down, and each pass asks for all of them: one question has to do. */
static bool place_of(struct gateway *gateway, int64_t id, enum job_state *to, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    enum job_state state;
    int64_t undelivered = 0;

    *to = JOB_ACTIVE;
    if (!ledger_outgoing_files_undelivered(gateway->ledger, id, &undelivered, error))
        return false;
    if (undelivered > 0)
        return true;
    if (!ledger_job_get(gateway->ledger, id, &job, error) || !job_find(gateway->spool, id, &state, error))
        return false;
    if (job == NULL || state != JOB_ACTIVE)
        return true;
    if (job->direction == LEDGER_IN && !ledger_verdict_get(gateway->ledger, id, job->revision, &verdict, error))
        return false;
    if (job->direction == LEDGER_IN && verdict == NULL)
        return true; /* not judged yet */
    *to = verdict != NULL && strcmp(verdict->outcome, "RJ") == 0 ? JOB_REJECTED : JOB_DONE;
    return true;
}

/* Moves jobs out of active/; does nothing if there are none. */
static bool move_to(struct gateway *gateway, const GArray *ids, enum job_state to, GError **error)
{
    const struct job_move move = {STEP_JOB_FINISHED, JOB_ACTIVE, to};

    return ids->len == 0 || job_move_all(gateway->spool, &g_array_index(ids, int64_t, 0), ids->len, &move, error);
}

/* Moves those jobs out of active/ that are finished. A job may be named several times: each file of it that was
 * delivered names it. */
static bool finish_all(struct gateway *gateway, const GArray *ids, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GArray) rejected = g_array_new(FALSE, FALSE, sizeof(int64_t));

    for (guint i = 0; i < ids->len; i++) {
        int64_t *id = &g_array_index(ids, int64_t, i);
        enum job_state to;
        if (!g_hash_table_add(seen, id))
            continue;
        if (!place_of(gateway, *id, &to, error))
            return false;
        if (to != JOB_ACTIVE)
            g_array_append_vals(to == JOB_DONE ? done : rejected, id, 1);
    }
    return move_to(gateway, done, JOB_DONE, error) && move_to(gateway, rejected, JOB_REJECTED, error);
}

/* ---- drops that are no longer configured ---- */

static bool report_unknown_drop(void *user, const char *name, int64_t n, GError **error)
{
    struct gateway *gateway = user;

    (void)error; /* nothing can fail here */
    if (config_drop(gateway->config, name) == NULL)
        gateway_fail(gateway, NULL, LOG(EVENT_DROP_REMOVED, .drop = name),
                     "drop %s is no longer configured, but files for it wait in the spool: %" G_GINT64_FORMAT
                     "; put [drop %s] back into the configuration",
                     name, n, name);
    return true;
}

/* ---- all drops ---- */

bool delivery_begin_pass(struct delivery *delivery, GError **error)
{
    g_autoptr(GArray) active = job_list(delivery->gateway->spool, JOB_ACTIVE, error);

    for (guint i = 0; i < delivery->outboxes->len; i++)
        outbox_begin_pass(delivery->outboxes->pdata[i]);
    return active != NULL && outbox_close_unasked(delivery->gateway, error) &&
           finish_all(delivery->gateway, active, error) &&
           ledger_undelivered_by_drop_each(delivery->gateway->ledger, report_unknown_drop, delivery->gateway, error);
}

bool delivery_advance(struct delivery *delivery, GError **error)
{
    if (!build_planned(delivery, error))
        return false;
    for (guint i = 0; i < delivery->outboxes->len; i++) {
        if (!outbox_advance(delivery->outboxes->pdata[i], error))
            return false;
    }
    bool good = finish_all(delivery->gateway, delivery->delivered, error);
    g_array_set_size(delivery->delivered, 0);
    return good;
}

int64_t delivery_due(const struct delivery *delivery)
{
    int64_t due = G_MAXINT64;

    for (guint i = 0; i < delivery->outboxes->len; i++)
        due = MIN(due, outbox_due(delivery->outboxes->pdata[i]));
    return due;
}
