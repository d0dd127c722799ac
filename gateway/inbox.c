#include "gateway/inbox.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/completeness.h"
#include "gateway/courier.h"
#include "gateway/outage.h"
#include "gateway/relay.h"

#include <string.h>

enum {
    SECOND = 1000000,
    MAX_ENTRIES = 200000,      /* of one look: the rest is seen when these have left the drop */
    BATCH_FILES = 64,          /* taken into custody under one commit … */
    BATCH_BYTES = 64 * 1048576 /* … unless they are large */
};

/* An entry of the newest look. */
struct seen {
    char *name;
    struct drop_entry entry;
};

/* What is known of a name from looks so far. */
struct sight {
    struct ledger_source identity;
    int64_t modified;
    int64_t since; /* monotonic: it has been like that */
    int noted;     /* the decision in the ledger's journal, -1: none */
};

/* One file on its way into custody; filled by the courier's thread. */
struct fetch {
    const struct seen *seen;
    char *escaped;
    struct job_envelope envelope;
    char sha256[DIGEST_HEX_SIZE];
    bool stored;
    GError *error;
};

enum task { TASK_NONE, TASK_LOOK, TASK_FETCH, TASK_DISCARD };

struct inbox {
    struct gateway *gateway;
    const struct drop *drop;
    struct courier *courier;
    struct outage outage;
    enum task task;               /* under way */
    bool slow;                    /* it was waited for in vain, and has not done well since */
    bool wanted;                  /* a look */
    bool full;                    /* no room for the next file: no more in this pass */
    int64_t next_look, settle_at; /* monotonic; settle_at 0: nothing settles */

    GHashTable *sights; /* raw name → struct sight */
    GPtrArray *entries; /* struct seen, by name */
    GArray *takes;      /* guint: which of them are to be taken */
    guint next_take;
    GArray *fetches;     /* struct fetch */
    GPtrArray *discards; /* struct ledger_job */
    guint discarded;     /* so many of them are done */
    GError *error;       /* of the task */
};

static void free_seen(gpointer seen)
{
    g_free(((struct seen *)seen)->name);
    g_free(seen);
}

static void clear_fetch(gpointer user)
{
    struct fetch *fetch = user;

    g_free(fetch->escaped);
    g_clear_error(&fetch->error);
}

struct inbox *inbox_new(struct gateway *gateway, const struct drop *drop, int wake, GError **error)
{
    struct inbox *inbox = g_new0(struct inbox, 1);

    inbox->gateway = gateway;
    inbox->drop = drop;
    inbox->sights = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    inbox->entries = g_ptr_array_new_with_free_func(free_seen);
    inbox->takes = g_array_new(FALSE, FALSE, sizeof(guint));
    inbox->fetches = g_array_new(FALSE, FALSE, sizeof(struct fetch));
    g_array_set_clear_func(inbox->fetches, clear_fetch);
    inbox->courier = courier_new(drop, CARRIER_IN, wake);
    if (outage_init(&inbox->outage, gateway, "A102", drop, error))
        return inbox;
    inbox_free(inbox);
    return NULL;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    courier_free(inbox->courier);
    g_hash_table_unref(inbox->sights);
    g_ptr_array_unref(inbox->entries);
    g_array_unref(inbox->takes);
    g_array_unref(inbox->fetches);
    if (inbox->discards != NULL)
        g_ptr_array_unref(inbox->discards);
    g_clear_error(&inbox->error);
    g_free(inbox);
}

static int64_t until(int64_t at)
{
    return MAX(at - clock_monotonic(), 0);
}

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

static void look_task(const struct transport *transport, struct carrier *carrier, void *user)
{
    struct inbox *inbox = user;

    (void)transport->list(carrier, keep_entry, inbox, &inbox->error); /* the error says it */
}

static void begin_look(struct inbox *inbox)
{
    inbox->wanted = false;
    inbox->task = TASK_LOOK;
    g_ptr_array_set_size(inbox->entries, 0);
    g_array_set_size(inbox->takes, 0);
    inbox->next_take = 0;
    inbox->settle_at = 0;
    inbox->next_look = clock_monotonic() + inbox->gateway->config->poll_interval * SECOND;
    courier_begin(inbox->courier, look_task, inbox);
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
    return ledger_pickup_note(inbox->gateway->ledger, &pickup, error);
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
    if (!ledger_jobs_to_discard(inbox->gateway->ledger, inbox->drop->name, &j->jobs, error))
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

static bool end_look(struct inbox *inbox, GError **error)
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

/* ---- taking into custody: in the courier's thread ---- */

static bool fetch_one(struct inbox *inbox, const struct transport *transport, struct carrier *carrier,
                      struct fetch *fetch)
{
    const struct drop_entry *entry = &fetch->seen->entry;
    g_autoptr(job_custody_t) custody =
        job_custody_begin(inbox->gateway->spool, fetch->envelope.id, (uint64_t)entry->identity.size, &fetch->error);

    if (custody == NULL)
        return false;
    g_autoptr(relay_t) relay = relay_new(job_custody_write, custody);
    if (!transport->fetch(carrier, entry->name, &entry->identity, relay_write, relay, &fetch->error) ||
        !relay_end(relay, &fetch->error) || !job_custody_store(custody, &fetch->envelope, &fetch->error))
        return false;
    g_strlcpy(fetch->sha256, fetch->envelope.sha256, sizeof fetch->sha256);
    fetch->envelope.sha256 = fetch->sha256; /* the custody's own goes with it */
    fetch->stored = true;
    return true;
}

static void fetch_task(const struct transport *transport, struct carrier *carrier, void *user)
{
    struct inbox *inbox = user;
    g_autoptr(job_batch_t) batch = job_batch_begin(inbox->gateway->spool, &inbox->error);
    bool go_on = batch != NULL, any = false;

    for (guint i = 0; go_on && i < inbox->fetches->len; i++) {
        struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        any |= fetch_one(inbox, transport, carrier, fetch);
        /* What follows in the drop's order waits with a file that failed. */
        go_on = fetch->stored || g_error_matches(fetch->error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED);
    }
    if (any)
        (void)job_batch_settle(batch, &inbox->error); /* the error says it */
}

/* ---- taking into custody: the ledger's side ---- */

/* Bytes that a batch may take from the disk; 0: not even the reserve is left. */
static bool room(struct gateway *gateway, int64_t *bytes, GError **error)
{
    uint64_t free_bytes;

    if (!disk_free_bytes(gateway->config->spool, &free_bytes, error))
        return false;
    *bytes = MAX((int64_t)MIN(free_bytes, (uint64_t)G_MAXINT64) - gateway->config->reserve, 0);
    return true;
}

/* When our own disk or ledger fails the pass ends: files are judged in the order in which they are taken, and a
 * later sequence first would cost the earlier one its place. Always false. */
static bool not_picked_up(const struct inbox *inbox, GError *fault, const char *name, GError **error)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_propagate_prefixed_error(
        error, fault, "drop %s: %s was not picked up; it stays there for the next pass: ", inbox->drop->name, shown);
    return false;
}

static void no_room(struct inbox *inbox, const char *name)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    gateway_fail(inbox->gateway, NULL,
                 "drop %s: %s was not picked up: the spool's disk has less room left than the file and the reserve of "
                 "%" G_GINT64_FORMAT " MiB; make room and it is",
                 inbox->drop->name, shown, inbox->gateway->config->reserve >> 20);
    inbox->full = true;
}

static const struct seen *next_take(const struct inbox *inbox, guint ahead)
{
    guint i = inbox->next_take + ahead;

    return i < inbox->takes->len ? inbox->entries->pdata[g_array_index(inbox->takes, guint, i)] : NULL;
}

/* How many of the next files make a batch: as many as fit its limits and the disk. */
static guint batch_size(const struct inbox *inbox, int64_t bytes_free)
{
    const struct seen *seen;
    int64_t bytes = 0;
    guint n = 0;

    while (n < BATCH_FILES && (seen = next_take(inbox, n)) != NULL) {
        int64_t size = seen->entry.identity.size;
        if (bytes + size > bytes_free || (n > 0 && bytes + size > BATCH_BYTES))
            break;
        bytes += size;
        n++;
    }
    return n;
}

static bool begin_fetch(struct inbox *inbox, GError **error)
{
    struct gateway *gateway = inbox->gateway;
    int64_t bytes, id, now = clock_now();
    GError *fault = NULL;

    if (!room(gateway, &bytes, &fault))
        return not_picked_up(inbox, fault, next_take(inbox, 0)->name, error);
    guint n = batch_size(inbox, bytes);
    if (n == 0) {
        no_room(inbox, next_take(inbox, 0)->name);
        return true;
    }
    if (!ledger_job_reserve_ids(gateway->ledger, n, &id, error))
        return false;
    g_array_set_size(inbox->fetches, 0);
    for (guint i = 0; i < n; i++) {
        const struct seen *seen = next_take(inbox, i);
        struct fetch fetch = {.seen = seen, .escaped = text_escape(seen->name, strlen(seen->name), 0)};
        fetch.envelope =
            (struct job_envelope){.id = id + i, .received = now, .name = fetch.escaped, .drop = inbox->drop->name};
        g_array_append_val(inbox->fetches, fetch);
    }
    inbox->next_take += n;
    inbox->task = TASK_FETCH;
    courier_begin(inbox->courier, fetch_task, inbox);
    return true;
}

/* The job's row as far as the name tells; texts are borrowed from the fetch, parsed and sender. */
static void describe(struct ledger_job *job, const struct fetch *fetch, struct filename *parsed,
                     char sender[EUI64_TEXT_SIZE])
{
    const char *raw = fetch->seen->name;

    *job = (struct ledger_job){.id = fetch->envelope.id,
                               .direction = LEDGER_IN,
                               .name = fetch->escaped,
                               .drop = fetch->envelope.drop,
                               .received = fetch->envelope.received,
                               .size = (int64_t)fetch->envelope.size,
                               .sha256 = fetch->sha256,
                               .source = fetch->seen->entry.identity};
    if (!filename_parse(raw, strlen(raw), parsed, NULL, NULL))
        return;
    eui64_print(parsed->eui64, sender);
    job->type = parsed->type->code;
    job->form = form_name(parsed->form);
    job->org = parsed->org;
    job->sender = sender;
    job->sequence = parsed->sequence;
}

static bool note_fetch(struct inbox *inbox, const struct fetch *fetch, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    const struct drop_entry *entry = &fetch->seen->entry;
    struct ledger_job job;
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE];

    describe(&job, fetch, &parsed, sender);
    const struct ledger_pickup pickup = {.drop = inbox->drop->name,
                                         .name = fetch->escaped,
                                         .size = entry->identity.size,
                                         .modified = entry->modified,
                                         .since = job.received,
                                         .decision = "taken",
                                         .reason = "in custody",
                                         .job = job.id};
    return ledger_job_insert(ledger, &job, NULL, error) && ledger_pickup_note(ledger, &pickup, error);
}

static bool note_custody(struct inbox *inbox, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    bool any = false, good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        any |= fetch->stored;
        good = !fetch->stored || note_fetch(inbox, fetch, error);
    }
    if (good && any)
        return ledger_commit(STEP_CUSTODY_NOTED, ledger, error);
    ledger_rollback(ledger);
    return good;
}

static bool publish(struct inbox *inbox, GError **error)
{
    int64_t ids[BATCH_FILES];
    size_t n = 0;

    for (guint i = 0; i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (fetch->stored)
            ids[n++] = fetch->envelope.id;
    }
    return n == 0 || job_publish(inbox->gateway->spool, ids, n, error);
}

/* The first thing that went wrong in a batch, told according to whose fault it is. */
static bool tell_failures(struct inbox *inbox, GError **error)
{
    for (guint i = 0; i < inbox->fetches->len; i++) {
        struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        GError *fault = g_steal_pointer(&fetch->error);
        if (fault == NULL)
            continue;
        if (g_error_matches(fault, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED)) {
            gateway_note("drop %s: %s", inbox->drop->name, fault->message);
            g_error_free(fault);
            g_hash_table_remove(inbox->sights, fetch->seen->name); /* it has to become stable anew */
        } else if (fault->domain == TRANSPORT_ERROR) {
            return outage_begin(&inbox->outage, fault, error);
        } else {
            return not_picked_up(inbox, fault, fetch->seen->name, error);
        }
    }
    return true;
}

/* fault: of the batch as a whole, whose files are on disk otherwise; taken. */
static bool end_fetch(struct inbox *inbox, GError *fault, GError **error)
{
    if (fault != NULL || !note_custody(inbox, &fault))
        return not_picked_up(inbox, fault, g_array_index(inbox->fetches, struct fetch, 0).seen->name, error);
    for (guint i = 0; i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (fetch->stored)
            g_hash_table_remove(inbox->sights, fetch->seen->name); /* taken, not gone */
    }
    return publish(inbox, error) && tell_failures(inbox, error);
}

/* ---- discarding the sender's copies ---- */

static bool discard_one(const struct transport *transport, struct carrier *carrier, const struct ledger_job *job,
                        GError **error)
{
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);

    return name == NULL || transport->discard(carrier, name, &job->source, job->sha256, error);
}

static void discard_task(const struct transport *transport, struct carrier *carrier, void *user)
{
    struct inbox *inbox = user;

    while (inbox->discarded < inbox->discards->len &&
           discard_one(transport, carrier, inbox->discards->pdata[inbox->discarded], &inbox->error))
        inbox->discarded++;
}

/* *begun: there was something to discard. */
static bool begin_discard(struct inbox *inbox, bool *begun, GError **error)
{
    g_clear_pointer(&inbox->discards, g_ptr_array_unref);
    if (!ledger_jobs_to_discard(inbox->gateway->ledger, inbox->drop->name, &inbox->discards, error))
        return false;
    *begun = inbox->discards->len > 0;
    if (!*begun)
        return true;
    inbox->discarded = 0;
    inbox->task = TASK_DISCARD;
    courier_begin(inbox->courier, discard_task, inbox);
    return true;
}

static bool end_discard(struct inbox *inbox, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    bool good = inbox->discarded == 0 || ledger_begin(ledger, error);

    for (guint i = 0; good && i < inbox->discarded; i++)
        good = ledger_job_clear_source(ledger, ((struct ledger_job *)inbox->discards->pdata[i])->id, error);
    if (good && inbox->discarded > 0)
        good = ledger_commit(STEP_SOURCE_CLEARED, ledger, error);
    if (!good)
        ledger_rollback(ledger);
    return good;
}

/* ---- from task to task ---- */

static bool end_task(struct inbox *inbox, GError **error)
{
    enum task task = inbox->task;
    GError *fault = g_steal_pointer(&inbox->error);

    inbox->task = TASK_NONE;
    if (task == TASK_FETCH)
        return end_fetch(inbox, fault, error);
    /* What was discarded before the drop failed is noted all the same. */
    if (task == TASK_DISCARD && !end_discard(inbox, error)) {
        g_clear_error(&fault);
        return false;
    }
    if (fault != NULL)
        return outage_begin(&inbox->outage, fault, error);
    return task != TASK_LOOK || end_look(inbox, error);
}

/* *begun: a task is under way. */
static bool begin_task(struct inbox *inbox, bool *begun, GError **error)
{
    *begun = false;
    if (inbox->full || outage_wait(&inbox->outage) > 0)
        return true;
    if (!begin_discard(inbox, begun, error))
        return false;
    if (*begun)
        return true;
    if (next_take(inbox, 0) != NULL) {
        bool good = begin_fetch(inbox, error);
        *begun = inbox->task != TASK_NONE;
        return good;
    }
    *begun = inbox->wanted;
    if (!inbox->wanted)
        return outage_end(&inbox->outage, error); /* all that there was to do went well */
    begin_look(inbox);
    return true;
}

void inbox_begin_pass(struct inbox *inbox)
{
    bool local = transport_is_local(inbox->drop);

    inbox->full = false;
    inbox->wanted |= local || inbox->outage.on || until(inbox->next_look) == 0 ||
                     (inbox->settle_at != 0 && until(inbox->settle_at) == 0);
}

bool inbox_advance(struct inbox *inbox, GError **error)
{
    bool begun = true;

    while (begun && !gateway_stopping(inbox->gateway)) {
        if (inbox->task != TASK_NONE) {
            if (!courier_wait(inbox->courier, inbox->slow ? 0 : inbox->gateway->wait_until, inbox->gateway->stop)) {
                inbox->slow = true;
                return true;
            }
            if (!end_task(inbox, error))
                return false;
            inbox->slow = inbox->slow && outage_wait(&inbox->outage) > 0;
        }
        if (!begin_task(inbox, &begun, error))
            return false;
    }
    return true;
}

bool inbox_is_full(const struct inbox *inbox)
{
    return inbox->full;
}

bool inbox_is_busy(const struct inbox *inbox)
{
    return inbox->task != TASK_NONE;
}

int64_t inbox_settling(const struct inbox *inbox)
{
    return inbox->settle_at == 0 || outage_wait(&inbox->outage) > 0 ? 0 : MAX(until(inbox->settle_at), 1);
}

int64_t inbox_due(const struct inbox *inbox)
{
    int64_t due = until(inbox->next_look);

    if (inbox->task != TASK_NONE)
        return G_MAXINT64; /* its end wakes the gateway */
    if (outage_wait(&inbox->outage) > 0)
        return outage_wait(&inbox->outage);
    return inbox->settle_at != 0 ? MIN(due, until(inbox->settle_at)) : due;
}
