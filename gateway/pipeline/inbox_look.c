#include "gateway/pipeline/inbox_private.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/completeness.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_pickups.h"

#include <string.h>

/* MAX_ENTRIES: of one look; the rest is seen when these have left the drop. */
enum { SECOND = 1000000, MAX_ENTRIES = 200000 };

/* What is known of a name from looks so far. */
struct sight {
    struct ledger_source identity;
    int64_t modified;
    int64_t since; /* monotonic: it has been like that */
    int noted;     /* the decision in the ledger's journal, -1: none */
};

/* ---- looking: in the courier's thread ---- */

static bool keep_entry(void *user, const struct drop_entry *entry)
{
    struct inbox *inbox = user;
    struct seen *seen = g_new(struct seen, 1);

    seen->name = g_strdup(entry->name);
    seen->entry = *entry;
    seen->entry.name = seen->name;
    g_ptr_array_add(inbox->entries, seen);
    return inbox->entries->len < MAX_ENTRIES;
}

static void look_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;

    (void)transport->list(connection, keep_entry, inbox, &inbox->error); /* the error says it */
}

void inbox_begin_look(struct inbox *inbox)
{
    inbox->wanted = false;
    inbox->task = TASK_LOOK;
    g_ptr_array_set_size(inbox->entries, 0);
    g_array_set_size(inbox->takes, 0);
    inbox->next_take = 0;
    inbox->settle_at = 0;
    inbox->next_look = clock_monotonic() + inbox->gateway->config->poll_interval * SECOND;
    transfer_worker_begin(inbox->worker, look_task, inbox);
}

/* ---- deciding about what was seen ---- */

/* A look being judged: what else must be known for that. */
struct judging {
    GHashTable *markers; /* names without DROP_MARKER, by the rule `marker` */
    GHashTable *custody; /* escaped name → struct ledger_job: in the spool already, the copy could not be removed */
    GHashTable *sights;  /* of this look */
    GPtrArray *jobs;
    bool noting; /* a transaction is open */
};

static bool same_file(const struct ledger_source *a, const struct ledger_source *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime_ns == b->ctime_ns && a->size == b->size;
}

static bool note_decision(struct inbox *inbox, struct judging *j, const char *name, const struct sight *sight,
                          const char *decision, const char *reason, GError **error)
{
    g_autofree char *escaped = text_escape(name, strlen(name), 0);
    const struct ledger_pickup pickup = {.drop = inbox->drop->name,
                                         .name = escaped,
                                         .size = sight->identity.size,
                                         .modified = sight->modified,
                                         .since = clock_now(),
                                         .decision = decision,
                                         .reason = reason};

    if (!j->noting && !ledger_begin(inbox->gateway->ledger, error))
        return false;
    j->noting = true;
    return ledger_pickup_put(inbox->gateway->ledger, &pickup, error);
}

/* A file that is in the spool already but could not be removed from its drop is not taken again. */
static bool is_in_custody(const struct judging *j, const struct seen *seen, struct completeness_result *result)
{
    g_autofree char *escaped = text_escape(seen->name, strlen(seen->name), 0);
    const struct ledger_job *job = g_hash_table_lookup(j->custody, escaped);

    if (job == NULL || !same_file(&job->source, &seen->entry.identity))
        return false;
    *result = (struct completeness_result){.decision = PICKUP_LEAVE,
                                           .reason = g_strdup_printf("in the spool already as job %08" G_GINT64_FORMAT
                                                                     "; its removal from the drop is due",
                                                                     job->id)};
    return true;
}

/* The sight of this look, with what the one before knew where the file is unchanged. */
static struct sight *sight_of(struct inbox *inbox, struct judging *j, const struct seen *seen)
{
    const struct sight *before = g_hash_table_lookup(inbox->sights, seen->name);
    struct sight *sight = g_new(struct sight, 1);

    *sight = (struct sight){seen->entry.identity, seen->entry.modified, clock_monotonic(), -1};
    if (before != NULL && same_file(&before->identity, &seen->entry.identity) &&
        before->modified == seen->entry.modified)
        *sight = *before;
    g_hash_table_insert(j->sights, g_strdup(seen->name), sight);
    return sight;
}

static bool judge_entry(struct inbox *inbox, struct judging *j, guint index, GError **error)
{
    const struct seen *seen = inbox->entries->pdata[index];
    struct sight *sight = sight_of(inbox, j, seen);
    struct completeness_result result;
    bool good = true;

    if (!is_in_custody(j, seen, &result))
        completeness_decide(inbox->drop, &seen->entry, g_hash_table_contains(j->markers, seen->name),
                            clock_monotonic() - sight->since, &result);
    if (result.decision == PICKUP_TAKE)
        g_array_append_val(inbox->takes, index); /* the journal learns of it with its custody */
    else if (sight->noted != (int)result.decision)
        good = note_decision(inbox, j, seen->name, sight, pickup_decision_name(result.decision), result.reason, error);
    sight->noted = (int)result.decision;
    if (result.wait > 0) {
        int64_t at = clock_monotonic() + result.wait;
        inbox->settle_at = inbox->settle_at == 0 ? at : MIN(inbox->settle_at, at);
    }
    g_free(result.reason);
    return good;
}

/* Names that were seen before, were not taken, and are there no more. */
static bool note_gone(struct inbox *inbox, struct judging *j, GError **error)
{
    GHashTableIter iter;
    gpointer name, sight;

    g_hash_table_iter_init(&iter, inbox->sights);
    while (g_hash_table_iter_next(&iter, &name, &sight)) {
        if (!g_hash_table_contains(j->sights, name) &&
            !note_decision(inbox, j, name, sight, "gone", "it left the drop without having been taken", error))
            return false;
    }
    return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const struct seen *x = *(struct seen *const *)a, *y = *(struct seen *const *)b;

    return strcmp(x->name, y->name);
}

static void collect_markers(const struct inbox *inbox, struct judging *j)
{
    for (guint i = 0; inbox->drop->complete == COMPLETE_MARKER && i < inbox->entries->len; i++) {
        const struct seen *seen = inbox->entries->pdata[i];
        if (seen->entry.regular && g_str_has_suffix(seen->name, DROP_MARKER))
            g_hash_table_add(j->markers, g_strndup(seen->name, strlen(seen->name) - strlen(DROP_MARKER)));
    }
}

static bool judge_entries(struct inbox *inbox, struct judging *j, GError **error)
{
    if (!ledger_jobs_with_source(inbox->gateway->ledger, inbox->drop->name, &j->jobs, error))
        return false;
    for (guint i = 0; i < j->jobs->len; i++)
        g_hash_table_insert(j->custody, (gpointer)((struct ledger_job *)j->jobs->pdata[i])->name, j->jobs->pdata[i]);
    collect_markers(inbox, j);
    for (guint i = 0; i < inbox->entries->len; i++) {
        if (!judge_entry(inbox, j, i, error))
            return false;
    }
    return note_gone(inbox, j, error) &&
           (!j->noting || ledger_commit(STEP_PICKUP_NOTED, inbox->gateway->ledger, error));
}

bool inbox_end_look(struct inbox *inbox, GError **error)
{
    struct judging j = {.markers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .custody = g_hash_table_new(g_str_hash, g_str_equal),
                        .sights = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};

    g_ptr_array_sort(inbox->entries, by_name);
    bool good = judge_entries(inbox, &j, error);
    if (!good)
        ledger_rollback(inbox->gateway->ledger);
    g_hash_table_unref(inbox->sights);
    inbox->sights = j.sights;
    g_hash_table_unref(j.custody);
    g_hash_table_unref(j.markers);
    if (j.jobs != NULL)
        g_ptr_array_unref(j.jobs);
    return good;
}
