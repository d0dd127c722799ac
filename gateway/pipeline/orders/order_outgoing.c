/*
 * The order to deliver outgoing files again: one, or many at once. The same bytes go out: the upload compares their
 * digest with the ledger's, and what is damaged is built again from rows (mending.h).
 */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/answers/answer.h"
#include "gateway/archived.h"
#include "gateway/pipeline/recovery/mending.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_retention.h"
#include "spool/packed.h"

#include <string.h>

/* What one order delivers again. */
struct redelivery {
    GPtrArray *files;        /* struct ledger_outgoing */
    GArray *done, *rejected; /* int64_t: jobs that go back to active/ from there, each once */
    GHashTable *seen;        /* int64_t *: all jobs */
    int64_t ended;           /* Devices on work orders among them whose work has ended since */
    guint chosen;            /* files without their signatures */
    bool work_orders;        /* there are such */
    char *refusal;           /* why none is; NULL: all are */
};

static void redelivery_begin(struct redelivery *r)
{
    *r = (struct redelivery){.files = g_ptr_array_new_with_free_func(g_free),
                             .done = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                             .rejected = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                             .seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL)};
}

static void redelivery_clear(struct redelivery *r)
{
    g_ptr_array_unref(r->files);
    g_array_unref(r->done);
    g_array_unref(r->rejected);
    g_hash_table_unref(r->seen);
    g_free(r->refusal);
}

/* NULL: it can be delivered again. g_free. */
static char *refuse(const char *name, const struct ledger_outgoing *file, enum job_state state)
{
    if (file == NULL)
        return g_strdup_printf("there is no outgoing file %s", name);
    if (file->state != LEDGER_DELIVERED && file->state != LEDGER_GIVEN_UP)
        return g_strdup_printf("%s is not delivered yet; it needs no order", name);
    if (strcmp(file->kind, "EMW") == 0 && file->rows == 0)
        return g_strdup_printf("%s orders nothing: every Device was withdrawn from it before it left", name);
    if (state == JOB_NOWHERE)
        return g_strdup_printf("%s is no longer in the spool", name);
    if (state != JOB_DONE && state != JOB_REJECTED && state != JOB_ACTIVE)
        return g_strdup_printf("%s cannot be delivered now: job %08" G_GINT64_FORMAT ", which has it, is in %s", name,
                               file->job, job_state_name(state));
    return NULL;
}

/* The same of a file whose bytes were removed: it is built again from rows, which a purge has changed. g_free. */
static char *refuse_removed(struct gateway *gateway, const struct ledger_outgoing *file, bool purged)
{
    if (purged)
        return g_strdup_printf("the bytes of %s, and the rows that made them, were removed for good by an operator's "
                               "purge; a backup made before has the file",
                               file->name);
    g_autofree char *obstacle = mending_obstacle(gateway, file);

    return obstacle == NULL ? NULL
                            : g_strdup_printf("the bytes of %s were removed from the spool ([retention]). %s; a backup "
                                              "made before has the file",
                                              file->name, obstacle);
}

static bool add_file(struct gateway *gateway, struct redelivery *r, const char *name, GError **error)
{
    g_autofree struct ledger_outgoing *file = NULL;
    g_autofree char *archived = NULL;
    g_autofree struct ledger_job *job = NULL;
    enum job_state state = JOB_NOWHERE;
    int64_t ended = 0;

    if (!ledger_outgoing_named(gateway->ledger, name, &file, error) ||
        (file != NULL && !ledger_job_get(gateway->ledger, file->job, &job, error)) ||
        (file != NULL && !job_find(gateway->spool, file->job, &state, error)))
        return false;
    if (file != NULL && !archived_text(gateway, file->job, &archived, error))
        return false;
    r->refusal = archived != NULL ? g_strdup_printf("%s: %s", name, archived) : refuse(name, file, state);
    if (r->refusal == NULL && file->removed != 0)
        r->refusal = refuse_removed(gateway, file, job != NULL && job->purged != 0);
    if (r->refusal != NULL)
        return true;
    if (strcmp(file->kind, "EMW") == 0) {
        r->work_orders = true;
        if (!ledger_outgoing_ended_since(gateway->ledger, file->job, &ended, error))
            return false;
        r->ended += ended;
    }
    if (g_hash_table_add(r->seen, g_memdup2(&file->job, sizeof file->job)) && state != JOB_ACTIVE)
        g_array_append_val(state == JOB_DONE ? r->done : r->rejected, file->job);
    g_ptr_array_add(r->files, g_steal_pointer(&file));
    return true;
}

/* The signature of a file goes with it. One that was not delivered needs no order. */
static bool add_signature(struct gateway *gateway, struct redelivery *r, const char *name, GError **error)
{
    g_autofree char *signature = g_strconcat(name, LEDGER_SIGNATURE, NULL);
    g_autofree struct ledger_outgoing *file = NULL;

    if (r->refusal != NULL)
        return true;
    r->chosen++;
    if (!ledger_outgoing_named(gateway->ledger, signature, &file, error))
        return false;
    if (file != NULL && (file->state == LEDGER_DELIVERED || file->state == LEDGER_GIVEN_UP))
        g_ptr_array_add(r->files, g_steal_pointer(&file));
    return true;
}

static bool add_files(struct gateway *gateway, const struct order *order, struct redelivery *r, GError **error)
{
    if (order->list == NULL)
        return add_file(gateway, r, order->file, error) && add_signature(gateway, r, order->file, error);
    for (char **name = order->list; *name != NULL && r->refusal == NULL; name++)
        if (!add_file(gateway, r, *name, error) || !add_signature(gateway, r, *name, error))
            return false;
    return true;
}

static bool deliver_again(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct redelivery *r = subject;

    for (guint i = 0; i < r->files->len; i++) {
        const struct ledger_outgoing *file = r->files->pdata[i];
        if (!ledger_outgoing_deliver_again(gateway->ledger, file->id, order->id, error) ||
            !ledger_retention_restored(gateway->ledger, file->id, error))
            return false;
        if (file->removed != 0 && ledger_outgoing_is_signature(file) &&
            !ledger_outgoing_sign_again(gateway->ledger, file->id, error))
            return false;
    }
    return true;
}

/* ORDER_DONE with what was done; g_free. */
static char *result_of(const struct redelivery *r)
{
    GString *text = g_string_new(ORDER_DONE);

    if (r->chosen > 1)
        g_string_append_printf(text, ": files delivered again %u", r->chosen);
    if (r->work_orders)
        g_string_append_printf(text, "%sDevices on work orders that have ended since %" G_GINT64_FORMAT,
                               r->chosen > 1 ? ", " : ": ", r->ended);
    return g_string_free(text, FALSE);
}

static bool move_back(struct gateway *gateway, const GArray *jobs, enum job_state from, GError **error)
{
    const struct job_move move = {STEP_JOB_RETURNED, from, JOB_ACTIVE};

    return jobs->len == 0 || job_move_all(gateway->spool, &g_array_index(jobs, int64_t, 0), jobs->len, &move, error);
}

/* A packed file that is damaged stays as it is: its delivery finds no plain one, and mends it or opens an A111. */
static bool unpack(const char *path, GError **error)
{
    GError *cause = NULL;

    if (packed_unpack(path, &cause))
        return true;
    bool damaged = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT);
    if (!damaged)
        g_propagate_error(error, g_steal_pointer(&cause));
    g_clear_error(&cause);
    return damaged;
}

/* Puts the bytes of each file into active/, in plain form: built from rows if they were removed. */
static bool make_plain(struct gateway *gateway, const struct redelivery *r, GError **error)
{
    for (guint i = 0; i < r->files->len; i++) {
        const struct ledger_outgoing *file = r->files->pdata[i];
        g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, file->job, file->name);
        if (path == NULL || (file->removed != 0 && ledger_outgoing_is_signature(file)))
            continue; /* such a signature is made anew */
        if (!(file->removed != 0 ? answer_mend(gateway, file, JOB_ACTIVE, error) : unpack(path, error)))
            return false;
    }
    return true;
}

/* The moves come before the commit here too. A crash in between leaves jobs in active/ whose files are all delivered:
 * delivery.c moves them back, and the order is carried out again. */
static bool redeliver(struct gateway *gateway, const struct order *order, const struct redelivery *r, GError **error)
{
    const struct ledger_outgoing *first = r->files->pdata[0];
    g_autofree char *about = order_kind(order->verb)->about(order);
    g_autofree char *reason = g_strdup_printf("%s: %s", about, order->reason);
    g_autofree char *result = result_of(r);
    struct ledger_action action = order_action(order, reason, result);

    action.job = first->job;
    return move_back(gateway, r->done, JOB_DONE, error) && move_back(gateway, r->rejected, JOB_REJECTED, error) &&
           make_plain(gateway, r, error) &&
           order_commit(gateway, &action, &(struct order_change){deliver_again, order, r}, error);
}

bool order_redeliver(struct gateway *gateway, const struct order *order, GError **error)
{
    struct redelivery r;

    redelivery_begin(&r);
    bool good = add_files(gateway, order, &r, error);
    if (good && r.refusal == NULL && r.files->len == 0)
        r.refusal = g_strdup("the order names no file");
    if (good)
        good =
            r.refusal != NULL ? order_refuse(gateway, order, r.refusal, error) : redeliver(gateway, order, &r, error);
    redelivery_clear(&r);
    return good;
}
