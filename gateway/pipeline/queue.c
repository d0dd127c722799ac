/*
 * The queue is a snapshot: a file that is picked up while another one is judged belongs to the next pass. So what a
 * pass judges before an instruction is known when the pass begins, and a stop in the middle changes nothing about it:
 * facts that are not judged yet come first again.
 */
#include "formats/profile.h"
#include "gateway/pipeline/queue.h"

#include "gateway/clock.h"
#include "gateway/pipeline/precedence.h"
#include "gateway/pipeline/judging/inventory.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_shrink.h"
#include "spool/ledger/ledger_verdicts.h"

#include <inttypes.h>
#include <string.h>

/* In the order of their turns; the last two have the same rank. KIND_REJECTED: an operator has rejected it, whatever
 * its type; it changes nothing and waits for nothing. KIND_UNKNOWN: the name says no type, or none that anybody sends.
 * Most often it is a wrong name of an instruction. So it waits for facts like one, and a stop does not change the order
 * in which files are answered. */
enum kind { KIND_REJECTED, KIND_REFERENCE, KIND_STATEMENTS, KIND_TIME, KIND_INSTRUCTION, KIND_UNKNOWN };

/* A job that is to be judged, or the time. */
struct entry {
    int64_t job; /* or QUEUE_TIME */
    enum kind kind;
    bool waits; /* for facts; those from KIND_TIME on only */
};

struct queue {
    struct gateway *gateway;
    struct pickup *pickup;
    GArray *entries;    /* struct entry, in the order of judging */
    GHashTable *seen;   /* what may wait: job (int64_t) → when it was seen first (int64_t, monotonic) */
    int64_t waited_for; /* monotonic microseconds when the oldest wait for facts ends; 0: there is none */
    int64_t begun;      /* monotonic microseconds: this pass */
    bool wait_no_more;
    GArray *behind; /* struct inventory_ahead: of each file that waits behind another one, that one */
};

struct queue *queue_new(struct gateway *gateway, struct pickup *pickup)
{
    struct queue *queue = g_new0(struct queue, 1);

    queue->gateway = gateway;
    queue->pickup = pickup;
    queue->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    queue->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    queue->behind = g_array_new(FALSE, FALSE, sizeof(struct inventory_ahead));
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    g_array_unref(queue->entries);
    g_hash_table_unref(queue->seen);
    g_array_unref(queue->behind);
    g_free(queue);
}

/* ---- what is to be judged ---- */

static enum kind kind_of(const struct ledger_job *job)
{
    const struct file_type *type =
        job != NULL && job->type != NULL ? profile_type(profile_builtin(), job->type, strlen(job->type)) : NULL;

    switch (precedence_of(type)) {
    case PRECEDENCE_REFERENCE:
        return KIND_REFERENCE;
    case PRECEDENCE_STATEMENTS:
        return KIND_STATEMENTS;
    default:
        return type != NULL && strcmp(type->code, "EMI") == 0 ? KIND_INSTRUCTION : KIND_UNKNOWN;
    }
}

static int by_turn(gconstpointer a, gconstpointer b)
{
    const struct entry *x = a, *y = b;
    int rank = (int)MIN(x->kind, KIND_INSTRUCTION) - (int)MIN(y->kind, KIND_INSTRUCTION);

    return rank != 0 ? rank : (x->job > y->job) - (x->job < y->job);
}

/* A result that a lost ledger had judged may be about an instruction that is judged again with it. */
static bool rank_after_recovery(struct queue *queue, struct entry *entry, GError **error)
{
    bool lost = false;

    if (!ledger_number_was_lost(queue->gateway->ledger, entry->job, &lost, error))
        return false;
    entry->kind = lost ? KIND_UNKNOWN : KIND_STATEMENTS;
    return true;
}

/* In active/ stands also what has its verdict and waits for its answers' delivery, while a drop is down for weeks. */
static bool add_state(struct queue *queue, enum job_state state, GHashTable *rejected, GError **error)
{
    g_autoptr(GArray) ids = job_list(queue->gateway->spool, state, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        struct entry entry = {.job = g_array_index(ids, int64_t, i)};
        g_autofree struct ledger_job *job = NULL;
        bool judged = false;
        if (state == JOB_ACTIVE && !ledger_job_is_judged(queue->gateway->ledger, entry.job, &judged, error))
            return false;
        if (judged)
            continue;
        if (!ledger_job_get(queue->gateway->ledger, entry.job, &job, error))
            return false;
        if (job != NULL && profiles_stopped_sender(queue->gateway, job) != NULL)
            continue;
        entry.kind = g_hash_table_contains(rejected, &entry.job) ? KIND_REJECTED : kind_of(job);
        if (entry.kind == KIND_STATEMENTS && !rank_after_recovery(queue, &entry, error))
            return false;
        g_array_append_val(queue->entries, entry);
    }
    return ids != NULL;
}

static bool find_entries(struct queue *queue, bool time_due, GError **error)
{
    const struct entry time = {.job = QUEUE_TIME, .kind = KIND_TIME};
    g_autoptr(GHashTable) rejected = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GArray) jobs = NULL;

    g_array_set_size(queue->entries, 0);
    g_array_set_size(queue->behind, 0);
    if (!ledger_actions_rejected(queue->gateway->ledger, &jobs, error))
        return false;
    for (guint i = 0; i < jobs->len; i++)
        g_hash_table_add(rejected, &g_array_index(jobs, int64_t, i));
    if (time_due)
        g_array_append_val(queue->entries, time);
    if (!add_state(queue, JOB_ACTIVE, rejected, error) || !add_state(queue, JOB_READY, rejected, error))
        return false;
    g_array_sort(queue->entries, by_turn);
    return true;
}

/* ---- waiting for facts ---- */

static gboolean is_gone(gpointer job, gpointer seen, gpointer user)
{
    (void)seen;
    return !g_hash_table_contains(user, job);
}

/* Forgets what has had its turn, and enters what was not seen before. */
static void note_waiting(struct queue *queue)
{
    g_autoptr(GHashTable) present = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < queue->entries->len; i++) {
        struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        if (entry->kind < KIND_TIME)
            continue;
        g_hash_table_add(present, &entry->job);
        if (g_hash_table_contains(queue->seen, &entry->job))
            continue;
        int64_t now = entry->kind == KIND_TIME ? queue->begun : clock_monotonic();
        g_hash_table_insert(queue->seen, g_memdup2(&entry->job, sizeof entry->job), g_memdup2(&now, sizeof now));
    }
    (void)g_hash_table_foreach_remove(queue->seen, is_gone, present);
}

/* Whether what was seen then has to wait for facts. */
static bool waits(const struct queue *queue, int64_t seen)
{
    int64_t limit = seen + queue->gateway->config->reference_wait * G_USEC_PER_SEC;

    return !queue->wait_no_more && clock_monotonic() < limit && !pickup_has_facts(queue->pickup, seen);
}

/* Sets `waits` of each entry. The time comes before the instructions, which wait with it. True: one has to wait. */
static bool mark_waiting(struct queue *queue)
{
    bool any = false, time_waits = false;

    queue->waited_for = 0;
    for (guint i = 0; i < queue->entries->len; i++) {
        struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        const int64_t *seen = g_hash_table_lookup(queue->seen, &entry->job);
        entry->waits = seen != NULL && waits(queue, *seen);
        if (!entry->waits) {
            entry->waits = time_waits && seen != NULL;
            continue;
        }
        time_waits |= entry->kind == KIND_TIME;
        int64_t limit = *seen + queue->gateway->config->reference_wait * G_USEC_PER_SEC;
        queue->waited_for = any ? MIN(queue->waited_for, limit) : limit;
        any = true;
    }
    return any;
}

void queue_begin_pass(struct queue *queue)
{
    queue->begun = clock_monotonic();
}

bool queue_fill(struct queue *queue, bool time_due, GError **error)
{
    if (!find_entries(queue, time_due, error))
        return false;
    note_waiting(queue);
    if (!mark_waiting(queue))
        return true;
    if (!pickup_list_facts(queue->pickup, error) || !find_entries(queue, time_due, error))
        return false;
    note_waiting(queue);
    (void)mark_waiting(queue);
    return true;
}

/* ---- one after the other ---- */

static bool has_reference(const struct queue *queue)
{
    return queue->entries->len > 0 && g_array_index(queue->entries, struct entry, 0).kind == KIND_REFERENCE;
}

/* Reference data that wait behind an earlier file of the same sender and type are no entries of this pass. */
static bool leave_out_behind(struct queue *queue, GError **error)
{
    while (has_reference(queue)) {
        struct inventory_ahead ahead;
        if (!inventory_find_ahead(queue->gateway, g_array_index(queue->entries, struct entry, 0).job, &ahead, error))
            return false;
        if (ahead.job == 0)
            break;
        g_array_append_val(queue->behind, ahead);
        (void)g_array_remove_index(queue->entries, 0); /* returns the array itself */
    }
    return true;
}

/* While A104 is open, or an operator has to decide about reference data (A117), instructions wait and the other jobs go
 * on. When that is over, the search starts again with the oldest. */
bool queue_next(struct queue *queue, int64_t *job, GError **error)
{
    g_autofree char *problem = NULL;
    int64_t undecided = 0;

    *job = 0;
    if (!leave_out_behind(queue, error) || !inventory_find_problem(queue->gateway, &problem, error) ||
        !inventory_find_undecided(queue->gateway, &undecided, error))
        return false;
    for (guint i = 0; i < queue->entries->len; i++) {
        const struct entry *entry = &g_array_index(queue->entries, struct entry, i);
        if (entry->waits || (entry->kind == KIND_INSTRUCTION && (problem != NULL || undecided != 0)))
            continue;
        *job = entry->job;
        if (*job == QUEUE_TIME)
            (void)g_hash_table_remove(queue->seen, job); /* it is due anew in a later pass */
        (void)g_array_remove_index(queue->entries, i);   /* returns the array itself */
        return true;
    }
    return true;
}

/* ---- what waits for a decision ---- */

static guint count_behind(const struct queue *queue, int64_t ahead)
{
    guint n = 0;

    for (guint i = 0; i < queue->behind->len; i++)
        n += g_array_index(queue->behind, struct inventory_ahead, i).job == ahead;
    return n;
}

static guint count_instructions(const struct queue *queue)
{
    guint n = 0;

    for (guint i = 0; i < queue->entries->len; i++)
        n += g_array_index(queue->entries, struct entry, i).kind == KIND_INSTRUCTION;
    return n;
}

/* Says that an operator has to decide about a job. lost: a lost ledger had accepted its number, and only the files
 * behind it wait. */
static bool describe_undecided(const struct queue *queue, int64_t id, bool lost, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    guint behind = count_behind(queue, id), instructions = count_instructions(queue);

    if (!ledger_job_get(queue->gateway->ledger, id, &job, error))
        return false;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "%sjob %08" PRId64 " (%s/%s) waits for an operator's decision%s", lost ? "" : "A117: ", id,
                    job->drop, job->name, lost ? ", for a lost ledger had accepted its number" : "");
    if (behind > 0)
        g_string_append_printf(text, "; behind it %u file%s of its sender and type", behind, behind == 1 ? "" : "s");
    if (!lost && strcmp(job->type, "PTY") != 0)
        g_string_append_printf(text, "; %u instruction%s and all first tries of Devices wait, too", instructions,
                               instructions == 1 ? "" : "s");
    g_string_append_printf(text,
                           "; `ecosgate spool release %08" PRId64 "` has it judged, `ecosgate spool reject %08" PRId64
                           "` rejects it",
                           id, id);
    log_event(LOG(EVENT_UNDECIDED, .job = id, .file = job->name, .drop = job->drop), "%s", text->str);
    queue->gateway->failed = true;
    return true;
}

/* Says it of the files for which others wait, and whose numbers are lost. */
static bool describe_lost(const struct queue *queue, GError **error)
{
    int64_t described = 0;

    for (guint i = 0; i < queue->behind->len; i++) {
        const struct inventory_ahead *ahead = &g_array_index(queue->behind, struct inventory_ahead, i);
        if (!ahead->lost || ahead->job == described)
            continue;
        described = ahead->job;
        if (!describe_undecided(queue, described, true, error))
            return false;
    }
    return true;
}

bool queue_say_undecided(struct queue *queue, GError **error)
{
    int64_t job = 0;

    do {
        if (!ledger_shrink_undecided(queue->gateway->ledger, job, NULL, &job, error) ||
            (job != 0 && !describe_undecided(queue, job, false, error)))
            return false;
    } while (job != 0);
    return describe_lost(queue, error);
}

bool queue_holds_orders(const struct queue *queue)
{
    return queue->entries->len > 0 && g_array_index(queue->entries, struct entry, 0).kind <= KIND_TIME;
}

int64_t queue_due(const struct queue *queue)
{
    return queue->waited_for == 0 ? G_MAXINT64 : MAX(queue->waited_for - clock_monotonic(), 0);
}

void queue_wait_no_more(struct queue *queue)
{
    queue->wait_no_more = true;
}
