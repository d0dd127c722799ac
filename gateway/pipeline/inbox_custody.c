#include "gateway/pipeline/inbox_private.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/drops/write_behind.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_pickups.h"

#include <string.h>

/* Files that are taken into custody under one commit, unless they are large. */
enum { BATCH_FILES = 64, BATCH_BYTES = 64 * 1048576 };

/* ---- taking into custody: in the courier's thread ---- */

static bool fetch_one(struct inbox *inbox, const struct transport *transport, struct connection *connection,
                      struct fetch *fetch)
{
    const struct drop_entry *entry = &fetch->seen->entry;
    g_autoptr(job_custody_t) custody =
        job_custody_begin(inbox->gateway->spool, fetch->envelope.id, (uint64_t)entry->identity.size, &fetch->error);

    if (custody == NULL)
        return false;
    g_autoptr(write_behind_t) write_behind = write_behind_new(job_custody_write, custody);
    if (!transport->fetch(connection, entry->name, &entry->identity, write_behind_write, write_behind, &fetch->error) ||
        !write_behind_end(write_behind, &fetch->error) || !job_custody_store(custody, &fetch->envelope, &fetch->error))
        return false;
    g_strlcpy(fetch->sha256, fetch->envelope.sha256, sizeof fetch->sha256);
    fetch->envelope.sha256 = fetch->sha256; /* the custody's own goes with it */
    fetch->stored = true;
    return true;
}

static void fetch_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;
    g_autoptr(job_batch_t) batch = job_batch_begin(inbox->gateway->spool, &inbox->error);
    bool go_on = batch != NULL, any = false;

    for (guint i = 0; go_on && i < inbox->fetches->len; i++) {
        struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        any |= fetch_one(inbox, transport, connection, fetch);
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

/* How many of the next files make a batch: as many as fit its limits and the disk. */
static guint batch_size(const struct inbox *inbox, int64_t bytes_free)
{
    const struct seen *seen;
    int64_t bytes = 0;
    guint n = 0;

    while (n < BATCH_FILES && (seen = inbox_next_take(inbox, n)) != NULL) {
        int64_t size = seen->entry.identity.size;
        if (bytes + size > bytes_free || (n > 0 && bytes + size > BATCH_BYTES))
            break;
        bytes += size;
        n++;
    }
    return n;
}

bool inbox_begin_fetch(struct inbox *inbox, GError **error)
{
    struct gateway *gateway = inbox->gateway;
    int64_t bytes, id, now = clock_now();
    GError *fault = NULL;

    if (!room(gateway, &bytes, &fault))
        return not_picked_up(inbox, fault, inbox_next_take(inbox, 0)->name, error);
    guint n = batch_size(inbox, bytes);
    if (n == 0) {
        no_room(inbox, inbox_next_take(inbox, 0)->name);
        return true;
    }
    if (!ledger_job_reserve_ids(gateway->ledger, n, &id, error))
        return false;
    g_array_set_size(inbox->fetches, 0);
    for (guint i = 0; i < n; i++) {
        const struct seen *seen = inbox_next_take(inbox, i);
        struct fetch fetch = {.seen = seen, .escaped = text_escape(seen->name, strlen(seen->name), 0)};
        fetch.envelope =
            (struct job_envelope){.id = id + i, .received = now, .name = fetch.escaped, .drop = inbox->drop->name};
        g_array_append_val(inbox->fetches, fetch);
    }
    inbox->next_take += n;
    inbox->task = TASK_FETCH;
    transfer_worker_begin(inbox->worker, fetch_task, inbox);
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
    return ledger_job_insert(ledger, &job, NULL, error) && ledger_pickup_put(ledger, &pickup, error);
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

bool inbox_end_fetch(struct inbox *inbox, GError *fault, GError **error)
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

static bool discard_one(const struct transport *transport, struct connection *connection, const struct ledger_job *job,
                        GError **error)
{
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);

    return name == NULL || transport->discard(connection, name, &job->source, job->sha256, error);
}

static void discard_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;

    while (inbox->discarded < inbox->discards->len &&
           discard_one(transport, connection, inbox->discards->pdata[inbox->discarded], &inbox->error))
        inbox->discarded++;
}

bool inbox_begin_discard(struct inbox *inbox, bool *begun, GError **error)
{
    g_clear_pointer(&inbox->discards, g_ptr_array_unref);
    if (!ledger_jobs_with_source(inbox->gateway->ledger, inbox->drop->name, &inbox->discards, error))
        return false;
    *begun = inbox->discards->len > 0;
    if (!*begun)
        return true;
    inbox->discarded = 0;
    inbox->task = TASK_DISCARD;
    transfer_worker_begin(inbox->worker, discard_task, inbox);
    return true;
}

bool inbox_end_discard(struct inbox *inbox, GError **error)
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
