/*
 * Entries of a drop that cannot be taken, and copies of files in custody that cannot be removed: A107.
 *
 * Such an entry is a fault of its own and no outage of the drop. It is tried again after 2, 4, 8 … 60 s. From the
 * second failure on, in this run or over several, an incident is open, until the entry is taken, gone or something
 * else. Only files that completeness_waits_behind names wait for it. Rejected: to let the whole drop wait, as an outage
 * does. One unreadable file then stopped all senders.
 *
 * A file that changed while it was read is still being written, and one in whose fetch the connection broke may only
 * have met an outage. Neither is told, nor keeps another one waiting, before it has happened to the same file two or
 * three times in a row: then the server tells wrong sizes or times, or breaks at this file.
 *
 * The number of failures is in the ledger (pickup.failures), so that `run --once` by a timer finds an incident too.
 * Delays are not: a new start tries at once.
 */
#include "formats/text.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/pickup/completeness.h"
#include "gateway/pipeline/pickup/inbox_private.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_pickups.h"

#include <string.h>

enum { FEW = 2, FEW_CUTS = 3 };                           /* failures in a row */
enum { FIRST_DELAY = 2000000, LONGEST_DELAY = 60000000 }; /* microseconds */

static void free_fault(gpointer user)
{
    struct entry_fault *fault = user;

    g_free(fault->name);
    g_free(fault->text);
    g_free(fault);
}

void inbox_faults_init(struct inbox *inbox)
{
    inbox->faults = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_fault);
    inbox->stuck = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_fault);
}

void inbox_faults_clear(struct inbox *inbox)
{
    g_hash_table_unref(inbox->faults);
    g_hash_table_unref(inbox->stuck);
}

static struct entry_fault *new_fault(const struct inbox *inbox, const char *escaped)
{
    struct entry_fault *fault = g_new0(struct entry_fault, 1);

    fault->name = g_strdup(escaped);
    if (!inbox_parse_name(inbox, escaped, &fault->parsed))
        fault->parsed = (struct filename){0}; /* nobody waits for a number that is only guessed */
    return fault;
}

/* A copy that could not be removed. Its row has the name that it is removed under: a newer file may have its own. */
static bool load_stuck(struct inbox *inbox, const struct ledger_pickup *row, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(inbox->gateway->ledger, row->job, &job, error))
        return false;
    if (job == NULL || !job->source.set)
        return true;
    struct entry_fault *fault = new_fault(inbox, job->name);
    fault->failures = row->failures;
    fault->firm = true;
    g_hash_table_insert(inbox->stuck, g_memdup2(&job->id, sizeof job->id), fault);
    return true;
}

static void load_fault(struct inbox *inbox, const struct ledger_pickup *row)
{
    size_t len;
    g_autofree char *name = text_unescape(row->name, &len);

    if (name == NULL)
        return; /* not a name that this program wrote */
    struct entry_fault *fault = new_fault(inbox, row->name);
    fault->failures = row->failures;
    fault->identity.size = row->size;
    fault->modified = row->modified;
    fault->firm = strcmp(row->decision, pickup_decision_name(PICKUP_WAIT)) != 0 || row->failures >= FEW_CUTS;
    g_hash_table_insert(inbox->faults, g_strdup(name), fault);
}

bool inbox_faults_load(struct inbox *inbox, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!ledger_pickups_failing(inbox->gateway->ledger, inbox->drop->name, &rows, error))
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const struct ledger_pickup *row = rows->pdata[i];
        if (strcmp(row->decision, pickup_decision_name(PICKUP_LEAVE)) != 0)
            load_fault(inbox, row);
        else if (!load_stuck(inbox, row, error))
            return false;
    }
    return true;
}

/* ---- asking ---- */

struct entry_fault *inbox_fault(const struct inbox *inbox, const char *name)
{
    return g_hash_table_lookup(inbox->faults, name);
}

const struct entry_fault *inbox_fault_ahead(const struct inbox *inbox, const char *name)
{
    struct filename parsed;
    GHashTableIter iter;
    gpointer fault;

    if (g_hash_table_size(inbox->faults) == 0 || !inbox_parse_name(inbox, name, &parsed))
        return NULL;
    g_hash_table_iter_init(&iter, inbox->faults);
    while (g_hash_table_iter_next(&iter, NULL, &fault)) {
        if (((struct entry_fault *)fault)->firm &&
            completeness_waits_behind(&parsed, &((struct entry_fault *)fault)->parsed))
            return fault;
    }
    return NULL;
}

int64_t inbox_fault_wait(const struct entry_fault *fault)
{
    return fault->retry_at == 0 ? 0 : MAX(fault->retry_at - clock_monotonic(), 0);
}

bool inbox_is_failing(const struct inbox *inbox)
{
    GHashTableIter iter;
    gpointer fault;

    g_hash_table_iter_init(&iter, inbox->faults);
    while (g_hash_table_iter_next(&iter, NULL, &fault)) {
        if (((struct entry_fault *)fault)->firm)
            return true;
    }
    return g_hash_table_size(inbox->stuck) > 0;
}

static int64_t shortest(GHashTable *faults, int64_t due)
{
    GHashTableIter iter;
    gpointer fault;

    g_hash_table_iter_init(&iter, faults);
    while (g_hash_table_iter_next(&iter, NULL, &fault)) {
        if (((struct entry_fault *)fault)->firm && !((struct entry_fault *)fault)->waits)
            due = MIN(due, inbox_fault_wait(fault));
    }
    return due;
}

int64_t inbox_faults_due(const struct inbox *inbox)
{
    return shortest(inbox->stuck, shortest(inbox->faults, G_MAXINT64));
}

/* ---- failures, in a transaction of the caller ---- */

static void put_off(struct entry_fault *fault)
{
    fault->delay = fault->delay == 0 ? FIRST_DELAY : MIN(fault->delay * 2, LONGEST_DELAY);
    fault->retry_at = clock_monotonic() + fault->delay;
}

/* Says once in a run what is wrong, and opens the incident after a few failures. */
static bool tell(struct inbox *inbox, struct entry_fault *fault, const char *what, const char *text, GError **error)
{
    struct gateway *gateway = inbox->gateway;
    g_autofree char *subject = g_strdup_printf("%s/%s", inbox->drop->name, fault->name);
    g_autofree char *parties = incidents_parties_of(gateway->config, inbox->drop->name);
    const struct ledger_incident incident = {
        .code = "A107", .subject = subject, .parties = parties, .opened = clock_now(), .text = text};
    enum incidents_news news;

    gateway->failed = true;
    if (fault->text == NULL || !incidents_same_cause(fault->text, text))
        log_event(LOG(EVENT_ENTRY_FAULT, .drop = inbox->drop->name, .file = fault->name),
                  "drop %s: %s cannot be %s and is tried again, other files go on: %s", inbox->drop->name, fault->name,
                  what, text);
    g_free(fault->text);
    fault->text = g_strdup(text);
    return fault->failures < FEW || incidents_state(gateway, &incident, &news, error);
}

/* How many failures of that kind in a row make a fault of the entry. */
static int64_t enough(enum failure_kind kind)
{
    return kind == FAILURE_ENTRY ? 1 : kind == FAILURE_CHANGED ? FEW : FEW_CUTS;
}

static struct entry_fault *fault_of(struct inbox *inbox, const struct listed *listed)
{
    struct entry_fault *fault = inbox_fault(inbox, listed->name);

    if (fault == NULL) {
        g_autofree char *escaped = text_escape(listed->name, strlen(listed->name), 0);
        fault = new_fault(inbox, escaped);
        g_hash_table_insert(inbox->faults, g_strdup(listed->name), fault);
    }
    if (!fault->firm &&
        (fault->identity.size != listed->entry.identity.size || fault->modified != listed->entry.modified))
        fault->failures = 0; /* another file by now */
    fault->identity = listed->entry.identity;
    fault->modified = listed->entry.modified;
    return fault;
}

bool inbox_fault_count(struct inbox *inbox, const struct listed *listed, enum failure_kind kind, const char *text,
                       GError **error)
{
    struct entry_fault *fault = fault_of(inbox, listed);
    g_autofree char *each_time = g_strdup_printf("it is listed unchanged each time, but not read: %s", text);

    fault->failures++;
    fault->firm = fault->firm || fault->failures >= enough(kind);
    if (kind == FAILURE_CHANGED && fault->firm)
        text = each_time;
    const struct ledger_pickup pickup = {.drop = inbox->drop->name,
                                         .name = fault->name,
                                         .size = listed->entry.identity.size,
                                         .modified = listed->entry.modified,
                                         .since = clock_now(),
                                         .decision = pickup_decision_name(fault->firm ? PICKUP_FAULT : PICKUP_WAIT),
                                         .reason = text,
                                         .failures = fault->failures};
    if (!ledger_pickup_put(inbox->gateway->ledger, &pickup, error))
        return false;
    if (!fault->firm)
        return true;
    put_off(fault);
    return tell(inbox, fault, "taken", text, error);
}

/* The row of a copy that cannot be removed, or of one that is gone at last. */
static bool put_stuck(struct inbox *inbox, const struct ledger_job *job, int64_t failures, const char *reason,
                      GError **error)
{
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);
    g_autofree char *taken = name != NULL ? transport_taken_name(job->id, name) : NULL;
    g_autofree char *escaped = taken != NULL ? text_escape(taken, strlen(taken), 0) : NULL;
    const struct ledger_pickup pickup = {.drop = job->drop,
                                         .name = escaped,
                                         .size = job->size,
                                         .since = clock_now(),
                                         .decision = failures > 0 ? pickup_decision_name(PICKUP_LEAVE) : "gone",
                                         .reason = reason,
                                         .job = job->id,
                                         .failures = failures};

    return escaped == NULL || ledger_pickup_put(inbox->gateway->ledger, &pickup, error);
}

bool inbox_stuck_count(struct inbox *inbox, const struct ledger_job *job, const char *text, GError **error)
{
    struct entry_fault *fault = g_hash_table_lookup(inbox->stuck, &job->id);
    g_autofree char *reason = NULL;

    if (fault == NULL) {
        fault = new_fault(inbox, job->name);
        fault->firm = true;
        g_hash_table_insert(inbox->stuck, g_memdup2(&job->id, sizeof job->id), fault);
    }
    fault->failures++;
    put_off(fault);
    reason = g_strdup_printf("it is in the spool as job %08" G_GINT64_FORMAT ", but its copy cannot be removed: %s",
                             job->id, text);
    return put_stuck(inbox, job, fault->failures, reason, error) && tell(inbox, fault, "removed", reason, error);
}

/* ---- the end of a fault, in a transaction of the caller ---- */

static bool close_incident(struct inbox *inbox, const char *escaped, const char *how, GError **error)
{
    g_autofree char *subject = g_strdup_printf("%s/%s", inbox->drop->name, escaped);

    if (how != NULL)
        log_event(LOG(EVENT_ENTRY_WORKS, .drop = inbox->drop->name, .file = escaped), "drop %s: %s %s",
                  inbox->drop->name, escaped, how);
    return ledger_incident_close(inbox->gateway->ledger, "A107", subject, clock_now(), error);
}

bool inbox_fault_end(struct inbox *inbox, const char *name, const char *how, GError **error)
{
    struct entry_fault *fault = inbox_fault(inbox, name);
    bool good = fault == NULL || close_incident(inbox, fault->name, fault->firm ? how : NULL, error);

    if (good)
        g_hash_table_remove(inbox->faults, name);
    return good;
}

bool inbox_stuck_end(struct inbox *inbox, const struct ledger_job *job, GError **error)
{
    if (!g_hash_table_contains(inbox->stuck, &job->id))
        return true;
    if (!close_incident(inbox, job->name, "is removed now", error) || !put_stuck(inbox, job, 0, "removed", error))
        return false;
    g_hash_table_remove(inbox->stuck, &job->id);
    return true;
}

void inbox_faults_begin_listing(struct inbox *inbox)
{
    GHashTableIter iter;
    gpointer fault;

    g_hash_table_iter_init(&iter, inbox->faults);
    while (g_hash_table_iter_next(&iter, NULL, &fault))
        ((struct entry_fault *)fault)->seen = false;
}

bool inbox_faults_unseen(const struct inbox *inbox)
{
    GHashTableIter iter;
    gpointer fault;

    g_hash_table_iter_init(&iter, inbox->faults);
    while (g_hash_table_iter_next(&iter, NULL, &fault)) {
        if (!((struct entry_fault *)fault)->seen)
            return true;
    }
    return false;
}

bool inbox_faults_end_unseen(struct inbox *inbox, GError **error)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name, fault;

    g_hash_table_iter_init(&iter, inbox->faults);
    while (g_hash_table_iter_next(&iter, &name, &fault)) {
        if (!((struct entry_fault *)fault)->seen)
            g_ptr_array_add(gone, g_strdup(name));
    }
    for (guint i = 0; i < gone->len; i++) {
        if (!inbox_fault_end(inbox, gone->pdata[i], "is gone", error))
            return false;
    }
    return true;
}
