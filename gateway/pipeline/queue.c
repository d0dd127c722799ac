/*
 * The queue is a snapshot: a file that is picked up while another one is judged belongs to the next pass. So what a
 * pass judges before an instruction is known when the pass begins, and a stop in the middle changes nothing about it:
 * reference data that are not judged yet come first again.
 */
#include "gateway/pipeline/queue.h"

#include "gateway/clock.h"
#include "gateway/pipeline/inventory.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_shrink.h"
#include "validators/reference_rules.h"

#include <string.h>

/* KIND_UNKNOWN: the name says no type. Most often it is a wrong name of an instruction. So it waits for reference data
 * like one, and a stop does not change the order in which files are answered. */
enum kind { KIND_REFERENCE, KIND_INSTRUCTION, KIND_UNKNOWN, KIND_OTHER };

/* A job that is to be judged. */
struct entry {
    int64_t job;
    enum kind kind;
    bool waits; /* for reference data; instructions and files of unknown type only */
};

struct queue {
    struct gateway *gateway;
    struct pickup *pickup;
    GArray *entries;    /* struct entry, in the order of judging */
    GHashTable *seen;   /* instructions in the spool: job (int64_t) → when it was seen first (int64_t, monotonic) */
    int64_t waited_for; /* monotonic microseconds when the oldest wait for reference data ends; 0: there is none */
    bool wait_no_more;
};

struct queue *queue_new(struct gateway *gateway, struct pickup *pickup)
{
    struct queue *queue = g_new0(struct queue, 1);

    queue->gateway = gateway;
    queue->pickup = pickup;
    queue->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    queue->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    g_array_unref(queue->entries);
    g_hash_table_unref(queue->seen);
    g_free(queue);
}

/* ---- what is to be judged ---- */

static enum kind kind_of(const struct ledger_job *job)
{
    const struct file_type *type = job != NULL && job->type != NULL ? layout_find(job->type, strlen(job->type)) : NULL;
    enum ledger_reference table;

    if (type == NULL)
        return KIND_UNKNOWN;
    if (strcmp(type->code, "EMI") == 0)
        return KIND_INSTRUCTION;
    return reference_rules_table(type, &table) ? KIND_REFERENCE : KIND_OTHER;
}

static int by_turn(gconstpointer a, gconstpointer b)
{
    const struct entry *x = a, *y = b;
    bool x_first = x->kind == KIND_REFERENCE, y_first = y->kind == KIND_REFERENCE;

    return x_first != y_first ? y_first - x_first : (x->job > y->job) - (x->job < y->job);
}

static bool add_state(struct queue *queue, enum job_state state, GError **error)
{
    g_autoptr(GArray) ids = job_list(queue->gateway->spool, state, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        struct entry entry = {.job = g_array_index(ids, int64_t, i)};
        g_autofree struct ledger_job *job = NULL;
        if (!ledger_job_get(queue->gateway->ledger, entry.job, &job, error))
            return false;
        entry.kind = kind_of(job);
        g_array_append_val(queue->entries, entry);
    }
    return ids != NULL;
}

static bool find_entries(struct queue *queue, GError **error)
{
    g_array_set_size(queue->entries, 0);
    if (!add_state(queue, JOB_ACTIVE, error) || !add_state(queue, JOB_READY, error))
        return false;
    g_array_sort(queue->entries, by_turn);
    return true;
}

/* ---- waiting for reference data ---- */

static gboolean is_gone(gpointer job, gpointer seen, gpointer user)
{
    (void)seen;
    return !g_hash_table_contains(user, job);
}

/* Forgets the instructions that are judged, and enters those that were not seen before. */
static void note_instructions(struct queue *queue)
{
    g_autoptr(GHashTable) present = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < queue->entries->len; i++) {
        struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        if (entry->kind != KIND_INSTRUCTION && entry->kind != KIND_UNKNOWN)
            continue;
        g_hash_table_add(present, &entry->job);
        if (g_hash_table_contains(queue->seen, &entry->job))
            continue;
        int64_t now = clock_monotonic();
        g_hash_table_insert(queue->seen, g_memdup2(&entry->job, sizeof entry->job), g_memdup2(&now, sizeof now));
    }
    (void)g_hash_table_foreach_remove(queue->seen, is_gone, present);
}

/* Whether an instruction has to wait for reference data. */
static bool waits(const struct queue *queue, int64_t seen)
{
    int64_t limit = seen + queue->gateway->config->reference_wait * G_USEC_PER_SEC;

    return !queue->wait_no_more && clock_monotonic() < limit && !pickup_has_reference(queue->pickup, seen);
}

/* Sets `waits` of each instruction. True: one has to wait. */
static bool mark_waiting(struct queue *queue)
{
    bool any = false;

    queue->waited_for = 0;
    for (guint i = 0; i < queue->entries->len; i++) {
        struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        const int64_t *seen = g_hash_table_lookup(queue->seen, &entry->job);
        entry->waits = seen != NULL && waits(queue, *seen);
        if (!entry->waits)
            continue;
        int64_t limit = *seen + queue->gateway->config->reference_wait * G_USEC_PER_SEC;
        queue->waited_for = any ? MIN(queue->waited_for, limit) : limit;
        any = true;
    }
    return any;
}

bool queue_fill(struct queue *queue, GError **error)
{
    if (!find_entries(queue, error))
        return false;
    note_instructions(queue);
    if (!mark_waiting(queue))
        return true;
    if (!pickup_list_reference(queue->pickup, error) || !find_entries(queue, error))
        return false;
    note_instructions(queue);
    (void)mark_waiting(queue);
    return true;
}

/* ---- one after the other ---- */

/* Reference data of the same sender and type as a file that an operator has to decide about (A117) are no entries of
 * this pass: their numbers are higher, and a DELTA would change what that file replaces. */
static bool leave_out_behind(struct queue *queue, GError **error)
{
    while (queue_has_reference(queue)) {
        int64_t ahead = 0;
        if (!ledger_shrink_ahead(queue->gateway->ledger, g_array_index(queue->entries, struct entry, 0).job, &ahead,
                                 error))
            return false;
        if (ahead == 0)
            break;
        queue->gateway->failed = true;
        (void)g_array_remove_index(queue->entries, 0); /* returns the array itself */
    }
    return true;
}

/* While A104 is open, instructions wait and the other jobs go on. When an INV has closed it, the search starts again
 * with the oldest. */
bool queue_next(struct queue *queue, int64_t *job, GError **error)
{
    g_autofree char *problem = NULL;

    *job = 0;
    if (!leave_out_behind(queue, error) || !inventory_find_problem(queue->gateway, &problem, error))
        return false;
    for (guint i = 0; i < queue->entries->len; i++) {
        const struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        if (entry->waits || (entry->kind == KIND_INSTRUCTION && problem != NULL))
            continue;
        *job = entry->job;
        (void)g_array_remove_index(queue->entries, i); /* returns the array itself */
        return true;
    }
    return true;
}

bool queue_has_reference(const struct queue *queue)
{
    return queue->entries->len > 0 && g_array_index(queue->entries, struct entry, 0).kind == KIND_REFERENCE;
}

int64_t queue_due(const struct queue *queue)
{
    return queue->waited_for == 0 ? G_MAXINT64 : MAX(queue->waited_for - clock_monotonic(), 0);
}

void queue_wait_no_more(struct queue *queue)
{
    queue->wait_no_more = true;
}
