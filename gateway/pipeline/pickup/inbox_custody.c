/*
 * Fetches files into custody, then discards the sender's copies. In this order, for a batch of files:
 *
 *   1. fetch into incoming/<id>, then one sync of the file system for the whole batch       (custody-synced)
 *   2. one commit: a `job` row for each file, with the identity of the sender's copy        (custody-noted)
 *   3. rename to ready/, which from now on decides where the job is                         (custody-published)
 *   4. rename the sender's copy to a name of ours                                             (source-taken)
 *      and remove it, if it is still the very same file                                      (source-removed)
 *   5. one commit: the rows no longer name a sender's copy                                  (source-cleared)
 *
 * A crash before 2 leaves folders without a row: pickup.c removes them, and the sender's copy is fetched again.
 * A crash after 2 leaves a row: pickup.c does the rename, and the discard task finds the row by its identity.
 *
 * One sync for a batch is why nothing in incoming/ counts before its row. A sync for each file and folder made the
 * pickup of many small files four times as slow. The sync also flushes what other programs write to the same file
 * system, so the spool should have one of its own.
 */
#include "gateway/pipeline/pickup/inbox_private.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/watches/room_watch.h"
#include "gateway/pipeline/pickup/completeness.h"
#include "gateway/pipeline/watches/ledger_watch.h"
#include "gateway/pipeline/judging/recording.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_pickups.h"

#include <string.h>

/* Limits of a batch, which one commit takes into custody. A larger file is a batch by itself. */
enum { BATCH_FILES = 64, BATCH_BYTES = 64 * 1048576 };

/* ---- fetching: in the transfer worker's thread ---- */

static bool append_bytes(void *bytes, const char *data, size_t len, GError **error)
{
    (void)error; /* as many as were listed, at most SIGNATURE_MAX_BYTES: no more are handed over */
    g_byte_array_append(bytes, (const guint8 *)data, (guint)len);
    return true;
}

/* The signature goes first: if it changes until the file has come, it does not fit it, which B209 says. One that is too
 * large stays in the drop; its size is all that the verdict needs. */
static bool fetch_signature(const struct transport *transport, struct connection *connection,
                            struct job_custody *custody, struct fetch *fetch)
{
    const struct listed *listed = fetch->listed->signature;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const struct byte_sink sink = {append_bytes, bytes};

    if (listed == NULL)
        return true;
    fetch->signature = (struct ledger_signature){.job = fetch->envelope.id, .size = listed->entry.identity.size};
    if (fetch->signature.size > SIGNATURE_MAX_BYTES)
        return true;
    if (!transport->fetch(connection, listed->name, &listed->entry.identity, &sink, &fetch->error) ||
        !job_custody_sign(custody, bytes->data, bytes->len, fetch->signature_sha256, &fetch->error))
        return false;
    fetch->signature.source = listed->entry.identity;
    return true;
}

static bool fetch_one(struct inbox *inbox, const struct transport *transport, struct connection *connection,
                      struct fetch *fetch)
{
    const struct drop_entry *entry = &fetch->listed->entry;
    g_autoptr(job_custody_t) custody =
        job_custody_begin(inbox->gateway->spool, fetch->envelope.id, (uint64_t)entry->identity.size, &fetch->error);

    if (custody == NULL)
        return false;
    const struct byte_sink sink = {job_custody_write, custody};
    if (!fetch_signature(transport, connection, custody, fetch) ||
        !transport_fetch(transport, connection, entry, &sink, &fetch->error) ||
        !job_custody_store(custody, &fetch->envelope, &fetch->error))
        return false;
    g_strlcpy(fetch->sha256, fetch->envelope.sha256, sizeof fetch->sha256);
    fetch->envelope.sha256 = fetch->sha256; /* the one before is freed with custody */
    fetch->stored = true;
    return true;
}

/* A copy is ours only if the drop still is: another gateway may have taken the same files meanwhile. A drop that is
 * down has no other gateway that we know of. */
static bool still_ours(struct inbox *inbox, const struct transport *transport, struct connection *connection)
{
    GError *cause = NULL;

    if (claim_still(inbox->guard, transport, connection, &cause))
        return true;
    if (g_error_matches(cause, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED)) {
        g_propagate_error(&inbox->error, cause);
        return false;
    }
    g_error_free(cause);
    return true;
}

/* True if the file waits behind one of the first n of the batch, which failed. */
static bool waits(const struct inbox *inbox, guint n)
{
    const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, n);

    for (guint i = 0; i < n; i++) {
        const struct fetch *before = &g_array_index(inbox->fetches, struct fetch, i);
        if (before->error != NULL && !g_error_matches(before->error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED) &&
            completeness_waits_behind(&fetch->parsed, &before->parsed))
            return true;
    }
    return false;
}

static void fetch_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;
    if (!claim_look(inbox->guard, transport, connection, &inbox->error))
        return;
    g_autoptr(job_batch_t) batch = job_batch_begin(inbox->gateway->spool, &inbox->error);
    bool go_on = batch != NULL, any = false;

    for (guint i = 0; go_on && still_ours(inbox, transport, connection) && i < inbox->fetches->len; i++) {
        struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (waits(inbox, i))
            continue;
        any |= fetch_one(inbox, transport, connection, fetch);
        /* A file that changed since the listing is still being written and does not hold up the others. */
        go_on = fetch->stored || g_error_matches(fetch->error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED) ||
                g_error_matches(fetch->error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY);
    }
    if (any && inbox->error == NULL && still_ours(inbox, transport, connection))
        (void)job_batch_settle(batch, &inbox->error); /* inbox->error says whether it failed */
}

/* ---- fetching: in the gateway's thread ---- */

/* *bytes: how much a batch may use of the disk without touching the reserve. */
static bool room(struct gateway *gateway, int64_t *bytes, GError **error)
{
    uint64_t free_bytes;

    if (!disk_free_bytes(gateway->config->spool, &free_bytes, error))
        return false;
    *bytes = MAX((int64_t)MIN(free_bytes, (uint64_t)G_MAXINT64) - gateway->config->reserve, 0);
    return true;
}

/* Sets *error from cause, which it frees; returns false. Our own disk or ledger failed, so the pass ends here: files
 * are judged in the order of their pickup, and a later sequence number judged first would make the earlier one stale.
 */
static bool fail_pickup(const struct inbox *inbox, GError *cause, const char *name, GError **error)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_propagate_prefixed_error(error, cause,
                               "drop %s: %s was not picked up; it stays there and is tried again in the next pass: ",
                               inbox->drop->name, shown);
    return false;
}

static bool report_no_room(struct inbox *inbox, const struct listed *listed, GError **error)
{
    g_autofree char *shown = text_escape(listed->name, strlen(listed->name), 0);

    inbox_set_full(inbox);
    return room_report_file(inbox->gateway, inbox->drop->name, shown, listed->entry.identity.size, error);
}

/* How many of the next files make a batch: as many as fit its limits and the disk. */
static guint batch_size(const struct inbox *inbox, int64_t bytes_free)
{
    const struct listed *listed;
    int64_t bytes = 0;
    guint n = 0;

    while (n < BATCH_FILES && (listed = inbox_next_complete(inbox, n)) != NULL) {
        int64_t size = listed->entry.identity.size;
        if (bytes + size > bytes_free || (n > 0 && bytes + size > BATCH_BYTES))
            break;
        bytes += size;
        n++;
    }
    return n;
}

/* Drops what waits behind a fault from the files that are still to be fetched. The next listing, which is asked for,
 * records it. */
static void drop_waiting(struct inbox *inbox)
{
    for (guint i = inbox->next_complete; i < inbox->complete->len;) {
        const struct listed *listed = inbox->entries->pdata[g_array_index(inbox->complete, guint, i)];
        if (inbox_fault_ahead(inbox, listed->name) != NULL)
            g_array_remove_index(inbox->complete, i);
        else
            i++;
    }
    inbox->listing_wanted = true;
}

/* Counts a failure to take an entry, in a transaction of its own. */
static bool count_failure(struct inbox *inbox, const struct listed *listed, enum failure_kind kind, const char *text,
                          GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (inbox_fault_count(inbox, listed, kind, text, error) && ledger_commit(STEP_PICKUP_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* The next file is larger than what the disk can take, which is not nearly full by itself: the fault is the file's. */
static bool refuse_large(struct inbox *inbox, int64_t bytes, GError **error)
{
    const struct listed *listed = inbox_next_complete(inbox, 0);
    g_autofree char *text = g_strdup_printf(
        "it has %" G_GINT64_FORMAT " bytes, and the spool's disk has room for %" G_GINT64_FORMAT
        " beside the reserve of %" G_GINT64_FORMAT " MiB; make room, or ask the sender for smaller files",
        listed->entry.identity.size, bytes, inbox->gateway->config->reserve >> 20);

    inbox->next_complete++;
    if (!count_failure(inbox, listed, FAILURE_ENTRY, text, error))
        return false;
    drop_waiting(inbox);
    return true;
}

static bool fill_batch(struct inbox *inbox, guint n, GError **error)
{
    int64_t id, now = clock_now();

    if (!ledger_job_reserve_ids(inbox->gateway->ledger, n, &id, error))
        return false;
    g_array_set_size(inbox->fetches, 0);
    for (guint i = 0; i < n; i++) {
        const struct listed *listed = inbox_next_complete(inbox, i);
        struct fetch fetch = {.listed = listed, .escaped = text_escape(listed->name, strlen(listed->name), 0)};
        fetch.envelope =
            (struct job_envelope){.id = id + i, .received = now, .name = fetch.escaped, .drop = inbox->drop->name};
        if (!inbox_parse_name(inbox, listed->name, &fetch.parsed))
            fetch.parsed = (struct filename){0}; /* what is only guessed counts for nothing */
        g_array_append_val(inbox->fetches, fetch);
    }
    inbox->next_complete += n;
    return true;
}

bool inbox_begin_fetch(struct inbox *inbox, GError **error)
{
    const struct listed *listed;
    int64_t bytes;
    GError *cause = NULL;

    if (!room(inbox->gateway, &bytes, &cause))
        return fail_pickup(inbox, cause, inbox_next_complete(inbox, 0)->name, error);
    while (bytes > 0 && (listed = inbox_next_complete(inbox, 0)) != NULL && listed->entry.identity.size > bytes) {
        if (!refuse_large(inbox, bytes, error))
            return false;
    }
    if (inbox_next_complete(inbox, 0) == NULL)
        return true;
    guint n = batch_size(inbox, bytes);
    if (n == 0)
        return report_no_room(inbox, inbox_next_complete(inbox, 0), error);
    if (!fill_batch(inbox, n, error))
        return false;
    return inbox_begin_task(inbox, TASK_FETCH, fetch_task, error);
}

/* Fills the job's row as far as the name tells. Its texts are borrowed from fetch and sender. */
static void describe(struct ledger_job *job, const struct fetch *fetch, char sender[EUI64_TEXT_SIZE])
{
    *job = (struct ledger_job){.id = fetch->envelope.id,
                               .direction = LEDGER_IN,
                               .name = fetch->escaped,
                               .drop = fetch->envelope.drop,
                               .received = fetch->envelope.received,
                               .size = (int64_t)fetch->envelope.size,
                               .sha256 = fetch->sha256,
                               .source = fetch->listed->entry.identity};
    recording_describe(job, &fetch->parsed, sender);
}

/* Its texts are borrowed from fetch. */
static bool record_signature(struct ledger *ledger, const struct fetch *fetch, GError **error)
{
    struct ledger_signature signature = fetch->signature;

    signature.sha256 = fetch->signature_sha256[0] != '\0' ? fetch->signature_sha256 : NULL;
    return fetch->listed->signature == NULL || ledger_signature_insert(ledger, &signature, error);
}

/* What waited behind the file is listed anew, and taken in this pass. */
static bool end_fault(struct inbox *inbox, const char *name, GError **error)
{
    const struct entry_fault *fault = inbox_fault(inbox, name);

    if (fault == NULL)
        return true;
    inbox->listing_wanted |= fault->firm;
    return inbox_fault_end(inbox, name, "is taken now", error);
}

static bool record_fetch(struct inbox *inbox, const struct fetch *fetch, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    const struct drop_entry *entry = &fetch->listed->entry;
    struct ledger_job job;
    char sender[EUI64_TEXT_SIZE];

    describe(&job, fetch, sender);
    const struct ledger_pickup pickup = {.drop = inbox->drop->name,
                                         .name = fetch->escaped,
                                         .size = entry->identity.size,
                                         .modified = entry->modified,
                                         .since = job.received,
                                         .decision = "taken",
                                         .reason = "in custody",
                                         .job = job.id};
    g_autofree char *bytes = text_count(job.size, "byte");
    log_event(LOG(EVENT_PICKED_UP, .job = job.id, .file = job.name, .drop = job.drop, .party = job.org,
                  .counts = LOG_COUNTS({"bytes", job.size})),
              "job %08" G_GINT64_FORMAT ": %s of drop %s is picked up, %s", job.id, job.name, job.drop, bytes);
    return ledger_job_insert(ledger, &job, NULL, error) && record_signature(ledger, fetch, error) &&
           ledger_pickup_put(ledger, &pickup, error) && end_fault(inbox, fetch->listed->name, error);
}

static bool record_custody(struct inbox *inbox, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    bool any = false, good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        any |= fetch->stored;
        good = !fetch->stored || record_fetch(inbox, fetch, error);
    }
    if (good && any)
        return ledger_commit(STEP_CUSTODY_NOTED, ledger, error);
    ledger_rollback(ledger);
    return good;
}

/* Moves the files that are complete from incoming/ to ready/. */
static bool publish(struct inbox *inbox, GError **error)
{
    static const struct job_move move = {STEP_CUSTODY_PUBLISHED, JOB_INCOMING, JOB_READY};
    int64_t ids[BATCH_FILES];
    size_t n = 0;

    for (guint i = 0; i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (fetch->stored)
            ids[n++] = fetch->envelope.id;
    }
    return n == 0 || job_move_all(inbox->gateway->spool, ids, n, &move, error);
}

/* The connection failed while a file was fetched. That is an outage, unless it happens each time at this file: then the
 * drop is looked at anew in this pass, and the file is put off. */
static bool report_cut(struct inbox *inbox, const struct fetch *fetch, GError *failure, GError **error)
{
    const struct entry_fault *fault;

    if (!count_failure(inbox, fetch->listed, FAILURE_DOWN, failure->message, error)) {
        g_error_free(failure);
        return false;
    }
    fault = inbox_fault(inbox, fetch->listed->name);
    if (!fault->firm)
        return outage_record_failure(&inbox->outage, failure, error);
    g_error_free(failure);
    drop_waiting(inbox);
    return true;
}

static bool report_failure(struct inbox *inbox, const struct fetch *fetch, GError *failure, GError **error)
{
    bool changed = g_error_matches(failure, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED);

    if (failure->domain != TRANSPORT_ERROR)
        return fail_pickup(inbox, failure, fetch->listed->name, error);
    if (!changed && !g_error_matches(failure, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY))
        return report_cut(inbox, fetch, failure, error);
    if (changed) {
        log_event(LOG(EVENT_ENTRY_CHANGED, .drop = inbox->drop->name), "drop %s: %s", inbox->drop->name,
                  failure->message);
        g_hash_table_remove(inbox->known, fetch->listed->name); /* it must become stable anew */
    }
    bool good = count_failure(inbox, fetch->listed, changed ? FAILURE_CHANGED : FAILURE_ENTRY, failure->message, error);
    g_error_free(failure);
    if (good && inbox_fault(inbox, fetch->listed->name)->firm)
        drop_waiting(inbox);
    return good;
}

/* Reports what went wrong in a batch by who has to act: an entry that cannot be taken, a drop that is down, which
 * becomes an outage, and our own disk, whose failure ends the pass. The last two end the batch too. */
static bool report_failures(struct inbox *inbox, GError **error)
{
    for (guint i = 0; i < inbox->fetches->len; i++) {
        struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        GError *failure = g_steal_pointer(&fetch->error);
        if (failure != NULL && !report_failure(inbox, fetch, failure, error))
            return false;
    }
    return true;
}

bool inbox_abandon_fetch(struct inbox *inbox, GError **error)
{
    for (guint i = 0; i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (fetch->stored && !job_drop(STEP_ORPHAN_DROPPED, inbox->gateway->spool, fetch->envelope.id, error))
            return false;
    }
    return true;
}

bool inbox_end_fetch(struct inbox *inbox, GError *cause, GError **error)
{
    if (cause != NULL || !record_custody(inbox, &cause))
        return fail_pickup(inbox, cause, g_array_index(inbox->fetches, struct fetch, 0).listed->name, error);
    for (guint i = 0; i < inbox->fetches->len; i++) {
        const struct fetch *fetch = &g_array_index(inbox->fetches, struct fetch, i);
        if (fetch->stored)
            g_hash_table_remove(inbox->known, fetch->listed->name); /* or the next listing would record it as gone */
        if (fetch->stored && fetch->listed->signature != NULL)
            g_hash_table_remove(inbox->known, fetch->listed->signature->name);
    }
    return publish(inbox, error) && report_failures(inbox, error);
}

/* ---- discarding the sender's copies ---- */

/* A copy of a job that is to go. */
struct discarding {
    const struct transport *transport;
    struct connection *connection;
    const struct ledger_job *job;
    const struct ledger_signature *signature; /* NULL: it came without one */
};

static bool discard_signature(const struct discarding *d, const char *file, GError **error)
{
    g_autofree char *name = g_strconcat(file, SIGNATURE_SUFFIX, NULL);
    g_autofree char *taken = transport_taken_name(d->job->id, name);

    return d->transport->discard(d->connection,
                                 &(struct drop_copy){name, taken, &d->signature->source, d->signature->sha256}, error);
}

/* The signature first, as a marker: if it stayed alone, it would be that of the next file of the name. A name that
 * cannot be unescaped was not written by this program: there is nothing to look for in the drop. */
static bool discard_one(const struct discarding *d, GError **error)
{
    const struct ledger_job *job = d->job;
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);

    if (name == NULL)
        return true;
    if (d->signature != NULL && d->signature->source.set && !discard_signature(d, name, error))
        return false;
    g_autofree char *taken = transport_taken_name(job->id, name);
    return d->transport->discard(d->connection, &(struct drop_copy){name, taken, &job->source, job->sha256}, error);
}

/* A copy that cannot be removed keeps no other one in the drop. */
static void discard_all(const struct transport *transport, struct connection *connection, struct inbox *inbox)
{
    while (inbox->error == NULL && inbox->discarded < inbox->discards->len &&
           claim_still(inbox->guard, transport, connection, &inbox->error)) {
        GError *failure = NULL;
        const struct discarding copy = {transport, connection, inbox->discards->pdata[inbox->discarded],
                                        inbox->signatures->pdata[inbox->discarded]};
        if (!discard_one(&copy, &failure) && !g_error_matches(failure, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY)) {
            inbox->error = failure;
        } else {
            g_ptr_array_add(inbox->refused, failure);
            inbox->discarded++;
        }
    }
}

static void discard_task(const struct transport *transport, struct connection *connection, void *user)
{
    struct inbox *inbox = user;
    g_autoptr(GError) cause = NULL;

    if (!claim_look(inbox->guard, transport, connection, &inbox->error))
        return;
    if (transport->begin_batch != NULL)
        transport->begin_batch(connection, inbox->discards->len);
    discard_all(transport, connection, inbox);
    if (transport->end_batch == NULL || transport->end_batch(connection, &cause))
        return;
    inbox->discarded = 0; /* nothing of it counts */
    g_ptr_array_set_size(inbox->refused, 0);
    if (inbox->error == NULL)
        inbox->error = g_steal_pointer(&cause);
}

/* Leaves out copies that could not be removed lately. */
static void leave_out_stuck(struct inbox *inbox)
{
    for (guint i = 0; i < inbox->discards->len;) {
        const struct ledger_job *job = inbox->discards->pdata[i];
        const struct entry_fault *fault = g_hash_table_lookup(inbox->stuck, &job->id);
        if (fault != NULL && inbox_fault_wait(fault) > 0)
            g_ptr_array_remove_index(inbox->discards, i);
        else
            i++;
    }
}

static bool find_signatures(struct inbox *inbox, GError **error)
{
    g_ptr_array_set_size(inbox->signatures, 0);
    for (guint i = 0; i < inbox->discards->len; i++) {
        const struct ledger_job *job = inbox->discards->pdata[i];
        struct ledger_signature *signature = NULL;
        if (!ledger_signature_get(inbox->gateway->ledger, job->id, &signature, error))
            return false;
        g_ptr_array_add(inbox->signatures, signature);
    }
    return true;
}

bool inbox_begin_discard(struct inbox *inbox, bool *begun, GError **error)
{
    g_clear_pointer(&inbox->discards, g_ptr_array_unref);
    if (!ledger_jobs_with_source(inbox->gateway->ledger, inbox->drop->name, &inbox->discards, error))
        return false;
    leave_out_stuck(inbox);
    if (!find_signatures(inbox, error))
        return false;
    g_ptr_array_set_size(inbox->refused, 0);
    *begun = inbox->discards->len > 0;
    if (!*begun)
        return true;
    /* Once the copy is gone, only spool, ledger and witness know that this job was given out. */
    if (!ledger_watch_renew(inbox->gateway, error))
        return false;
    inbox->discarded = 0;
    return inbox_begin_task(inbox, TASK_DISCARD, discard_task, error);
}

/* Records what became of one copy. */
static bool record_discard(struct inbox *inbox, guint i, GError **error)
{
    const struct ledger_job *job = inbox->discards->pdata[i];
    const GError *refused = inbox->refused->pdata[i];

    if (refused != NULL)
        return inbox_stuck_count(inbox, job, refused->message, error);
    return ledger_job_clear_source(inbox->gateway->ledger, job->id, error) &&
           (inbox->signatures->pdata[i] == NULL ||
            ledger_signature_clear_source(inbox->gateway->ledger, job->id, error)) &&
           inbox_stuck_end(inbox, job, error);
}

bool inbox_end_discard(struct inbox *inbox, GError **error)
{
    struct ledger *ledger = inbox->gateway->ledger;
    bool good = inbox->discarded == 0 || ledger_begin(ledger, error);

    for (guint i = 0; good && i < inbox->discarded; i++)
        good = record_discard(inbox, i, error);
    if (good && inbox->discarded > 0)
        good = ledger_commit(STEP_SOURCE_CLEARED, ledger, error);
    if (!good)
        ledger_rollback(ledger);
    return good;
}
