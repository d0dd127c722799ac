/*
 * Lists a drop and decides about each entry. Complete files are fetched by the tasks that follow (inbox_custody.c).
 * What is not picked up is recorded in the ledger's journal whenever the decision about it changes, so that `pickup`,
 * `why` and `status` can say why a file is still in its drop. A crash before that commit loses nothing: the next
 * listing decides again.
 *
 * What earlier listings showed (struct known) is kept in memory only. After a restart a file must be stable anew.
 */
#include "gateway/pipeline/pickup/inbox_private.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/pickup/completeness.h"
#include "gateway/pipeline/pickup/pickup_order.h"
#include "gateway/pipeline/precedence.h"
#include "gateway/pipeline/pickup/signature_wait.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_pickups.h"

#include <string.h>

/* MAX_ENTRIES bounds the memory of one listing. Further entries are seen when these have left the drop. */
enum { SECOND = 1000000, MAX_ENTRIES = 200000 };

/* What listings so far showed of a name. */
struct known {
    struct source_identity identity;
    int64_t modified; /* seconds UTC */
    int64_t since;    /* monotonic microseconds: it has been unchanged since then */
    int decided;      /* enum pickup_decision in the ledger's journal; -1: none */
    guint reason;     /* hash of the reason there */
};

/* ---- listing: in the transfer worker's thread ---- */

static bool keep_entry(void *user, const struct drop_entry *entry)
{
    struct inbox *inbox = user;
    struct listed *listed = g_new0(struct listed, 1);

    listed->name = listed->order = g_strdup(entry->name);
    listed->entry = *entry;
    listed->entry.name = listed->name;
    g_ptr_array_add(inbox->entries, listed);
    return inbox->entries->len < MAX_ENTRIES;
}

static void list_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;

    if (claim_look(inbox->guard, transport, connection, &inbox->error))
        (void)transport->list(connection, keep_entry, inbox, &inbox->error); /* inbox->error says whether it failed */
}

bool inbox_begin_listing(struct inbox *inbox, GError **error)
{
    inbox->listing_wanted = false;
    g_ptr_array_set_size(inbox->entries, 0);
    g_array_set_size(inbox->complete, 0);
    inbox->next_complete = 0;
    inbox->settle_at = 0;
    inbox->settling = false;
    inbox->begun = clock_monotonic();
    inbox->next_listing = clock_monotonic() + inbox->gateway->config->poll_interval * SECOND;
    return inbox_begin_task(inbox, TASK_LIST, list_task, error);
}

/* ---- deciding about what was listed ---- */

enum {
    JOURNAL_AGE = 7 * 24 * 3600, /* seconds */
    JOURNAL_ROWS = 50000,
    JOURNAL_AT_ONCE = 50000, /* rows that are removed in one transaction: less than a second */
};
static const int64_t JOURNAL_PAUSE = INT64_C(3600) * 1000000; /* microseconds */

/* The decision about an entry, as far as the entry alone decides. */
struct decided {
    guint index; /* in inbox->entries */
    struct known *known;
    struct completeness_result result;
    bool stuck; /* its copy cannot be removed: the ledger's journal says so */
};

/* One listing while its entries are decided about. */
struct listing {
    struct inbox *inbox;
    GHashTable *marked;  /* names that have a marker, by the rule `marker` */
    GHashTable *signed_; /* name of a file → struct listed: its signature */
    GHashTable *custody; /* escaped name → struct ledger_job: in the spool, but its copy is still in the drop */
    GHashTable *taken;   /* raw name that a copy has before it is removed → the same struct ledger_job */
    GHashTable *known;   /* as of this listing */
    GPtrArray *jobs;     /* owns the values of custody */
    GArray *decided;     /* struct decided */
    bool recording;      /* a transaction is open */
};

/* The first change of a listing opens the transaction. */
static bool begin_recording(struct listing *l, GError **error)
{
    if (!l->recording && !ledger_begin(l->inbox->gateway->ledger, error))
        return false;
    l->recording = true;
    return true;
}

/* Records a decision, with its reason, in the ledger's journal. */
static bool record_decision(struct listing *l, const char *name, const struct known *known,
                            const char *const decided[2], GError **error)
{
    const struct entry_fault *fault = inbox_fault(l->inbox, name);
    g_autofree char *escaped = text_escape(name, strlen(name), 0);
    const struct ledger_pickup pickup = {.drop = l->inbox->drop->name,
                                         .name = escaped,
                                         .size = known->identity.size,
                                         .modified = known->modified,
                                         .since = clock_now(),
                                         .decision = decided[0],
                                         .reason = decided[1],
                                         .failures = fault != NULL ? fault->failures : 0};

    return begin_recording(l, error) && ledger_pickup_put(l->inbox->gateway->ledger, &pickup, error);
}

/* A file that is in the spool, but could not be removed from its drop, is not picked up again. */
static bool is_in_custody(const struct listing *l, const struct listed *listed, struct decided *decided)
{
    g_autofree char *escaped = text_escape(listed->name, strlen(listed->name), 0);
    const struct ledger_job *job = g_hash_table_lookup(l->custody, escaped);

    if (job != NULL && !completeness_is_copy(&job->source, &listed->entry))
        job = NULL;
    if (job == NULL)
        job = g_hash_table_lookup(l->taken, listed->name);
    if (job == NULL)
        return false;
    decided->stuck = g_hash_table_contains(l->inbox->stuck, &job->id);
    decided->result =
        (struct completeness_result){.decision = PICKUP_LEAVE, .reason = completeness_in_custody(job->id)};
    return true;
}

/* Enters the file into what is known as of this listing, with what earlier ones showed if it is unchanged. */
static struct known *know(struct listing *l, const struct listed *listed)
{
    const struct known *before = g_hash_table_lookup(l->inbox->known, listed->name);
    struct known *known = g_new(struct known, 1);

    *known = (struct known){listed->entry.identity, listed->entry.modified, clock_monotonic(), -1, 0};
    if (before != NULL && source_identity_same(&before->identity, &listed->entry.identity) &&
        before->modified == listed->entry.modified)
        *known = *before;
    g_hash_table_insert(l->known, g_strdup(listed->name), known);
    return known;
}

/* Decides about an entry by what it is. */
static void classify(struct listing *l, guint index)
{
    struct inbox *inbox = l->inbox;
    const struct config *config = inbox->gateway->config;
    const struct listed *listed = inbox->entries->pdata[index];
    struct decided decided = {.index = index};

    if (g_hash_table_contains(l->known, listed->name))
        return; /* a server that names it twice has it once */
    decided.known = know(l, listed);
    if (!is_in_custody(l, listed, &decided) && !completeness_is_stray(&listed->entry, &decided.result) &&
        !completeness_is_own(&listed->entry, config, &decided.result))
        completeness_decide(inbox->drop, &listed->entry, g_hash_table_contains(l->marked, listed->name),
                            clock_monotonic() - decided.known->since, &decided.result);
    g_array_append_val(l->decided, decided);
}

/* A signature beside its file is a part of it, and the journal tells of the file alone. */
static bool is_beside_file(const struct listing *l, const char *name)
{
    g_autofree char *file = g_strndup(name, strlen(name) - MIN(strlen(name), strlen(SIGNATURE_SUFFIX)));

    return signature_wait_is_one(l->inbox->drop, name) && g_hash_table_contains(l->known, file);
}

/* A signature without its file is a fault after some time. */
static bool classify_alone(const struct listing *l, struct decided *decided, GError **error)
{
    const struct listed *listed = l->inbox->entries->pdata[decided->index];

    return is_beside_file(l, listed->name) ||
           signature_wait_alone(l->inbox->gateway, l->inbox->drop, &listed->entry, &decided->result, error);
}

/* Brings the fault of an entry up to date: an unknown kind is one, and a name that is left alone has none. */
static bool follow_fault(struct listing *l, const struct decided *decided, GError **error)
{
    const struct listed *listed = l->inbox->entries->pdata[decided->index];
    struct entry_fault *fault = inbox_fault(l->inbox, listed->name);

    if (decided->result.decision == PICKUP_FAULT && (fault == NULL || inbox_fault_wait(fault) == 0)) {
        if (!begin_recording(l, error) ||
            !inbox_fault_count(l->inbox, listed, FAILURE_ENTRY, decided->result.reason, error))
            return false;
        fault = inbox_fault(l->inbox, listed->name);
    }
    if (fault == NULL)
        return true;
    fault->seen = true;
    if (decided->result.decision == PICKUP_LEAVE)
        return begin_recording(l, error) && inbox_fault_end(l->inbox, listed->name, "is left alone now", error);
    if (fault->identity.set && !source_identity_same(&fault->identity, &listed->entry.identity)) {
        fault->retry_at = 0; /* somebody has done something about it */
        fault->identity = listed->entry.identity;
    }
    return true;
}

/* What keeps back a file that is complete by itself. */
static void keep_back(const struct listing *l, const char *name, struct completeness_result *result)
{
    const struct entry_fault *fault = inbox_fault(l->inbox, name), *ahead = inbox_fault_ahead(l->inbox, name);
    const struct config_arrival arrival = {l->inbox->drop->name, clock_now(), 0};
    const struct party *stopped = config_stopped_sender(l->inbox->gateway->config, &arrival, name, strlen(name));

    if (stopped != NULL) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_WAIT, .reason = completeness_awaits(stopped)};
    } else if (ahead != NULL) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_WAIT, .reason = completeness_behind(ahead->name)};
    } else if (fault != NULL && fault->firm && inbox_fault_wait(fault) > 0) {
        g_free(result->reason);
        *result = (struct completeness_result){.decision = PICKUP_FAULT, .reason = g_strdup(fault->text)};
    }
}

static bool tells_facts(const struct inbox *inbox, const char *name)
{
    struct filename parsed;

    return inbox_parse_name(inbox, name, &parsed) && precedence_of(parsed.type) != PRECEDENCE_LAST;
}

/* A file that would be taken may have to wait for its signature, or is taken with it. */
static bool await_signature(const struct listing *l, struct listed *listed, struct completeness_result *result,
                            GError **error)
{
    const struct listed *signature = g_hash_table_lookup(l->signed_, listed->name);
    const struct known *known = signature != NULL ? g_hash_table_lookup(l->known, signature->name) : NULL;
    const struct signature_wait wait = {.gateway = l->inbox->gateway,
                                        .drop = l->inbox->drop,
                                        .file = &listed->entry,
                                        .signature = signature != NULL ? &signature->entry : NULL,
                                        .unchanged = known != NULL ? clock_monotonic() - known->since : 0};
    bool taken;

    if (!signature_wait_decide(&wait, result, &taken, error))
        return false;
    listed->signature = taken ? signature : NULL;
    return true;
}

/* Decides about an entry by all that is known of the drop, and records what is new. */
static bool decide(struct listing *l, struct decided *decided, GError **error)
{
    struct inbox *inbox = l->inbox;
    struct listed *listed = inbox->entries->pdata[decided->index];
    struct completeness_result *result = &decided->result;
    struct known *known = decided->known;

    if (result->decision == PICKUP_TAKE)
        keep_back(l, listed->name, result);
    if (result->decision == PICKUP_TAKE && !await_signature(l, listed, result, error))
        return false;
    if (is_beside_file(l, listed->name))
        return true;
    struct entry_fault *fault = inbox_fault(inbox, listed->name);
    if (fault != NULL)
        fault->waits = result->decision == PICKUP_WAIT; /* else the drop would be listed again at once, for ever */
    guint reason = g_str_hash(result->reason);
    bool new = known->decided != (int)result->decision || known->reason != reason;
    known->decided = (int)result->decision;
    known->reason = reason;
    if (result->wait > 0) {
        inbox->settling = inbox->settling || tells_facts(inbox, listed->name);
        int64_t at = clock_monotonic() + result->wait;
        inbox->settle_at = inbox->settle_at == 0 ? at : MIN(inbox->settle_at, at);
    }
    if (result->decision == PICKUP_TAKE) {
        g_array_append_val(inbox->complete, decided->index); /* the commit of its custody writes the journal */
        return true;
    }
    return !new || decided->stuck ||
           record_decision(l, listed->name, known,
                           (const char *[]){pickup_decision_name(result->decision), result->reason}, error);
}

/* Records names that an earlier listing showed, that were not picked up, and that are missing from this listing. */
static bool record_gone(struct listing *l, GError **error)
{
    GHashTableIter iter;
    gpointer name, known;

    g_hash_table_iter_init(&iter, l->inbox->known);
    while (g_hash_table_iter_next(&iter, &name, &known)) {
        if (!g_hash_table_contains(l->known, name) && ((const struct known *)known)->decided != -1 &&
            !record_decision(l, name, known, (const char *[]){"gone", "it left the drop before it was picked up"},
                             error))
            return false;
    }
    return true;
}

/* The journal keeps files that are no longer in the drop for JOURNAL_AGE, and at most JOURNAL_ROWS of them for each
 * drop: a sender whose names come and go must not fill the ledger. Asked at the first listing and once an hour. */
static bool prune_journal(struct listing *l, GError **error)
{
    struct inbox *inbox = l->inbox;
    const struct ledger_pickups_old old = {inbox->drop->name, clock_now() - JOURNAL_AGE, JOURNAL_ROWS};
    int64_t now = clock_monotonic();
    bool any;

    if (inbox->pruned != 0 && now - inbox->pruned < JOURNAL_PAUSE)
        return true;
    if (!ledger_pickups_prunable(inbox->gateway->ledger, &old, &any, error) ||
        (any &&
         (!begin_recording(l, error) || !ledger_pickups_prune(inbox->gateway->ledger, &old, JOURNAL_AT_ONCE, error))))
        return false;
    inbox->pruned = now;
    return true;
}

/* The names of other profiles need not begin with what their order is: it is put together as in the built-in one. */
static void find_order(struct inbox *inbox)
{
    struct filename f;

    for (guint i = 0; inbox->gateway->config->profiles->len > 0 && i < inbox->entries->len; i++) {
        struct listed *listed = inbox->entries->pdata[i];
        if (!inbox_parse_name(inbox, listed->name, &f))
            continue;
        listed->most = filename_sequence_max(&f);
        listed->order = g_strdup_printf("%s_%s_%016" G_GINT64_MODIFIER "X_%s_%s_%06" G_GUINT32_FORMAT ".%s",
                                        f.type->code, f.org, f.eui64, f.date, f.time, f.sequence, listed->name);
    }
}

static void collect_signatures(struct listing *l)
{
    const GPtrArray *entries = l->inbox->entries;

    for (guint i = 0; l->inbox->drop->signatures && i < entries->len; i++) {
        struct listed *listed = entries->pdata[i];
        if (signature_wait_is_one(l->inbox->drop, listed->name))
            g_hash_table_insert(l->signed_, g_strndup(listed->name, strlen(listed->name) - strlen(SIGNATURE_SUFFIX)),
                                listed);
    }
}

static void collect_markers(struct listing *l)
{
    const GPtrArray *entries = l->inbox->entries;

    for (guint i = 0; l->inbox->drop->complete == COMPLETE_MARKER && i < entries->len; i++) {
        const struct listed *listed = entries->pdata[i];
        if (listed->entry.regular && g_str_has_suffix(listed->name, DROP_MARKER))
            g_hash_table_add(l->marked, g_strndup(listed->name, strlen(listed->name) - strlen(DROP_MARKER)));
    }
}

/* A file whose copy is still to be removed: by its name, and by the name that the copy gets first. */
static void enter_custody(struct listing *l, struct ledger_job *job)
{
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);

    g_hash_table_insert(l->custody, (gpointer)job->name, job);
    if (name == NULL)
        return;
    char *taken = transport_taken_name(job->id, name);
    g_hash_table_insert(l->taken, transport_taken_marker(taken), job);
    g_hash_table_insert(l->taken, taken, job);
    g_autofree char *signature = g_strconcat(name, SIGNATURE_SUFFIX, NULL);
    g_hash_table_insert(l->taken, transport_taken_name(job->id, signature), job);
}

static bool decide_all(struct listing *l, GError **error)
{
    struct ledger *ledger = l->inbox->gateway->ledger;

    if (!ledger_jobs_with_source(ledger, l->inbox->drop->name, &l->jobs, error))
        return false;
    for (guint i = 0; i < l->jobs->len; i++)
        enter_custody(l, l->jobs->pdata[i]);
    collect_markers(l);
    collect_signatures(l);
    for (guint i = 0; i < l->inbox->entries->len; i++)
        classify(l, i);
    inbox_faults_begin_listing(l->inbox);
    for (guint i = 0; i < l->decided->len; i++) {
        struct decided *decided = &g_array_index(l->decided, struct decided, i);
        if (!classify_alone(l, decided, error) || !follow_fault(l, decided, error))
            return false;
    }
    if (inbox_faults_unseen(l->inbox) && (!begin_recording(l, error) || !inbox_faults_end_unseen(l->inbox, error)))
        return false;
    for (guint i = 0; i < l->decided->len; i++) {
        if (!decide(l, &g_array_index(l->decided, struct decided, i), error))
            return false;
    }
    return record_gone(l, error) && prune_journal(l, error) &&
           (!l->recording || ledger_commit(STEP_PICKUP_NOTED, ledger, error));
}

static void clear_decided(gpointer decided)
{
    g_free(((struct decided *)decided)->result.reason);
}

bool inbox_end_listing(struct inbox *inbox, GError **error)
{
    struct listing l = {.inbox = inbox,
                        .marked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .signed_ = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .custody = g_hash_table_new(g_str_hash, g_str_equal),
                        .taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                        .decided = g_array_new(FALSE, FALSE, sizeof(struct decided))};

    g_array_set_clear_func(l.decided, clear_decided);
    find_order(inbox);
    pickup_order_sort(inbox->entries);
    bool good = decide_all(&l, error);
    if (!good)
        ledger_rollback(inbox->gateway->ledger);
    else if (!inbox->settling)
        inbox->listed = inbox->begun;
    g_hash_table_unref(inbox->known);
    inbox->known = l.known;
    g_hash_table_unref(l.custody);
    g_hash_table_unref(l.taken);
    g_hash_table_unref(l.marked);
    g_hash_table_unref(l.signed_);
    g_array_unref(l.decided);
    if (l.jobs != NULL)
        g_ptr_array_unref(l.jobs);
    return good;
}
