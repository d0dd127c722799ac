/*
 * Which task comes next: discard, then fetch, then list. A copy whose file is in custody leaves the drop before the
 * next file is picked up. A new listing comes only when everything that the last one showed is done.
 */
#include "formats/profile.h"
#include "gateway/pipeline/pickup/inbox_private.h"

#include "gateway/clock.h"
#include "gateway/pipeline/precedence.h"
#include "spool/ledger/ledger_holds.h"

#include <string.h>

static void free_listed(gpointer listed)
{
    struct listed *one = listed;

    if (one->order != one->name)
        g_free(one->order);
    g_free(one->name);
    g_free(listed);
}

static void clear_fetch(gpointer user)
{
    struct fetch *fetch = user;

    g_free(fetch->escaped);
    g_clear_error(&fetch->error);
}

static void free_error(gpointer error)
{
    if (error != NULL)
        g_error_free(error);
}

bool inbox_parse_name(const struct inbox *inbox, const char *name, struct filename *parsed)
{
    const struct config_arrival arrival = {inbox->drop->name, clock_now(), 0};

    return config_parse_name(inbox->gateway->config, &arrival, name, strlen(name), parsed);
}

/* Facts that come through another drop than their sender's are refused (B103). */
static bool carries_facts(const struct identity *identity, const char *drop)
{
    for (size_t i = 0; i < identity->n_parties; i++) {
        const struct party *party = &identity->parties[i];
        for (size_t t = 0; strcmp(party->drop, drop) == 0 && party->types[t] != NULL; t++) {
            if (precedence_of(profile_type(profile_builtin(), party->types[t], strlen(party->types[t]))) !=
                PRECEDENCE_LAST)
                return true;
        }
    }
    return false;
}

struct inbox *inbox_new(struct gateway *gateway, const struct drop *drop, int wake, GError **error)
{
    struct inbox *inbox = g_new0(struct inbox, 1);

    inbox->gateway = gateway;
    inbox->drop = drop;
    inbox->facts = carries_facts(&gateway->config->identity, drop->name);
    inbox->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    inbox->entries = g_ptr_array_new_with_free_func(free_listed);
    inbox->complete = g_array_new(FALSE, FALSE, sizeof(guint));
    inbox->fetches = g_array_new(FALSE, FALSE, sizeof(struct fetch));
    g_array_set_clear_func(inbox->fetches, clear_fetch);
    inbox->refused = g_ptr_array_new_with_free_func(free_error);
    inbox->signatures = g_ptr_array_new_with_free_func(g_free);
    inbox_faults_init(inbox);
    inbox->worker = transfer_worker_new(drop, CONNECTION_IN, wake);
    inbox->guard = claims_guard(gateway->claims, drop, CONNECTION_IN);
    if (outage_init(&inbox->outage, gateway, OUTAGE_IN, drop, error) && inbox_faults_load(inbox, error))
        return inbox;
    inbox_free(inbox);
    return NULL;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    transfer_worker_free(inbox->worker);
    g_hash_table_unref(inbox->known);
    g_ptr_array_unref(inbox->entries);
    g_array_unref(inbox->complete);
    g_array_unref(inbox->fetches);
    g_ptr_array_unref(inbox->refused);
    g_ptr_array_unref(inbox->signatures);
    inbox_faults_clear(inbox);
    if (inbox->discards != NULL)
        g_ptr_array_unref(inbox->discards);
    g_clear_error(&inbox->error);
    outage_clear(&inbox->outage);
    g_free(inbox);
}

const struct listed *inbox_next_complete(const struct inbox *inbox, guint ahead)
{
    guint i = inbox->next_complete + ahead;

    return i < inbox->complete->len ? inbox->entries->pdata[g_array_index(inbox->complete, guint, i)] : NULL;
}

/* Microseconds from now until `at`, a monotonic time; 0: it is past. */
static int64_t until(int64_t at)
{
    return MAX(at - clock_monotonic(), 0);
}

void inbox_set_full(struct inbox *inbox)
{
    inbox->full = true;
    inbox->look_again = clock_monotonic() + inbox->gateway->config->poll_interval * G_USEC_PER_SEC;
}

/* ---- from task to task ---- */

bool inbox_begin_task(struct inbox *inbox, enum task task, transfer_worker_task *run, GError **error)
{
    if (!claims_prepare(inbox->gateway->claims, inbox->guard, false, error))
        return false;
    inbox->task = task;
    inbox->task_since = clock_monotonic();
    transfer_worker_begin(inbox->worker, run, inbox);
    return true;
}

/* The drop belongs to another, or did when it was looked at: what the task did is not committed, and everything begins
 * with a new listing. */
static bool end_claimed(struct inbox *inbox, enum task task, GError *cause, GError **error)
{
    inbox->listing_wanted = true;
    g_array_set_size(inbox->complete, 0);
    if (!claims_settle(inbox->gateway->claims, inbox->guard, cause, error))
        return false;
    if (task == TASK_DISCARD)
        return inbox_end_discard(inbox, error); /* copies that were removed before it */
    return task != TASK_FETCH || inbox_abandon_fetch(inbox, error);
}

static bool end_task(struct inbox *inbox, GError **error)
{
    enum task task = inbox->task;
    GError *cause = g_steal_pointer(&inbox->error);

    inbox->task = TASK_NONE;
    if (g_error_matches(cause, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED))
        return end_claimed(inbox, task, cause, error);
    if (!claims_confirm(inbox->gateway->claims, inbox->guard, error)) {
        g_clear_error(&cause);
        return false;
    }
    /* The drop was down before the first fetch. */
    bool down = cause != NULL && cause->domain == TRANSPORT_ERROR;
    if (task == TASK_FETCH && !down)
        return inbox_end_fetch(inbox, cause, error);
    /* Copies that were discarded before the drop failed are recorded all the same. */
    if (task == TASK_DISCARD && !inbox_end_discard(inbox, error)) {
        g_clear_error(&cause);
        return false;
    }
    if (cause != NULL)
        return outage_record_failure(&inbox->outage, cause, error);
    return task != TASK_LIST || inbox_end_listing(inbox, error);
}

/* Microseconds until the drop may be used again; 0: now. */
static int64_t wait_of(const struct inbox *inbox)
{
    return MAX(outage_wait(&inbox->outage), claims_wait(inbox->gateway->claims, inbox->drop));
}

/* Starts the next task; *begun is false if there is none. */
static bool begin_task(struct inbox *inbox, bool *begun, GError **error)
{
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_IN, .drop = inbox->drop->name};
    GError *cause = NULL;

    *begun = false;
    if (!ledger_hold_exists(inbox->gateway->ledger, &hold, &inbox->paused, error))
        return false;
    if (inbox->paused || wait_of(inbox) > 0)
        return true;
    if (!transfer_worker_ready(inbox->worker, &cause))
        return outage_record_failure(&inbox->outage, cause, error);
    if (!inbox_begin_discard(inbox, begun, error))
        return false;
    if (*begun || inbox->full)
        return true;
    if (inbox_next_complete(inbox, 0) != NULL) {
        if (!inbox_begin_fetch(inbox, error))
            return false;
        *begun = inbox->task != TASK_NONE;
        if (*begun || inbox->full)
            return true;
    }
    inbox->shown = inbox->listed;
    *begun = inbox->listing_wanted;
    if (!inbox->listing_wanted)
        return outage_record_success(&inbox->outage, error); /* every task of this pass went well */
    return inbox_begin_listing(inbox, error);
}

void inbox_begin_pass(struct inbox *inbox)
{
    bool local = inbox->drop->transport->local_folders;

    inbox->full = false;
    if (inbox->gateway->no_room)
        inbox_set_full(inbox);
    inbox->listing_wanted |= local || inbox->outage.on || until(inbox->next_listing) == 0 ||
                             (inbox->settle_at != 0 && until(inbox->settle_at) == 0) || inbox_faults_due(inbox) == 0;
}

bool inbox_advance(struct inbox *inbox, GError **error)
{
    bool begun = true;

    while (begun && !gateway_stopping(inbox->gateway)) {
        if (inbox->task != TASK_NONE) {
            if (!transfer_worker_wait(inbox->worker, inbox->slow ? 0 : inbox->gateway->wait_until,
                                      inbox->gateway->stop)) {
                inbox->slow = true;
                return true;
            }
            if (!end_task(inbox, error))
                return false;
            inbox->slow = inbox->slow && wait_of(inbox) > 0;
        }
        if (!begin_task(inbox, &begun, error))
            return false;
    }
    return true;
}

bool inbox_is_of(const struct inbox *inbox, const char *drop)
{
    return strcmp(inbox->drop->name, drop) == 0;
}

bool inbox_has_facts(const struct inbox *inbox)
{
    return inbox->facts;
}

void inbox_list_again(struct inbox *inbox)
{
    inbox->listing_wanted = true;
}

bool inbox_has_shown(const struct inbox *inbox, int64_t since)
{
    /* A drop that hangs is waited for once, and not by each instruction that comes meanwhile. */
    int64_t longest = inbox->gateway->config->reference_wait * G_USEC_PER_SEC;
    bool hangs = inbox->task != TASK_NONE && clock_monotonic() - inbox->task_since > longest;

    return inbox->shown >= since || inbox->full || inbox->paused || hangs || wait_of(inbox) > 0;
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
    return inbox->full || inbox->paused || inbox->settle_at == 0 || wait_of(inbox) > 0
               ? 0
               : MAX(until(inbox->settle_at), 1);
}

int64_t inbox_due(const struct inbox *inbox)
{
    int64_t due = until(inbox->next_listing);

    if (inbox->task != TASK_NONE || inbox->paused)
        return G_MAXINT64; /* the end of the task wakes the gateway; so does the order that ends the pause */
    if (wait_of(inbox) > 0)
        return wait_of(inbox);
    if (inbox->full)
        return until(inbox->look_again);
    due = MIN(due, inbox_faults_due(inbox));
    return inbox->settle_at != 0 ? MIN(due, until(inbox->settle_at)) : due;
}
