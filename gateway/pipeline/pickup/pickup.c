/*
 * All drops together. Also settles, at the start of a run, what a crash left in incoming/.
 *
 * Nothing in incoming/ counts before its row is committed. A folder without a row is removed: the sender's copy is
 * still in the drop and is picked up again. A folder with a row is ours, and only the rename to ready/ was missing. The
 * row of a job of our own is not that of the folder, for the ids of a fetch are given out again after a stop: unless
 * its files are in it, as those of reports that a thread has built (gateway/reports/report_build.h).
 */
#include "gateway/pipeline/pickup/pickup.h"

#include "gateway/pipeline/pickup/inbox.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"

struct pickup {
    struct gateway *gateway;
    bool recovered; /* incoming/ is settled; not while the ledger is not the newest (A109), which knows not all rows */
    GPtrArray *inboxes; /* struct inbox, in the configuration's order */
};

/* *is: the folder has files of that job of our own, which is a report, and not those of an unfinished fetch. */
static bool is_issued(struct gateway *gateway, const struct ledger_job *job, bool *is, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    *is = false;
    if (!ledger_outgoing_files_of(gateway->ledger, job->id, &files, error))
        return false;
    for (guint i = 0; i < files->len && !*is; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        g_autofree char *path = job_path(gateway->spool, JOB_INCOMING, job->id, file->name);
        if (file->state != LEDGER_PLANNED && path != NULL && !disk_exists(path, is, error))
            return false;
    }
    return true;
}

/* A folder whose row is committed goes on to its state; one without a row goes. */
static bool settle_one(struct gateway *gateway, int64_t id, GError **error)
{
    static const struct job_move publish = {STEP_CUSTODY_PUBLISHED, JOB_INCOMING, JOB_READY};
    static const struct job_move activate = {STEP_JOB_ACTIVATED, JOB_INCOMING, JOB_ACTIVE};
    g_autofree struct ledger_job *job = NULL;
    bool issued = false;

    if (!ledger_job_get(gateway->ledger, id, &job, error))
        return false;
    if (job != NULL && job->direction == LEDGER_IN)
        return job_move(gateway->spool, id, &publish, error);
    if (job != NULL && !is_issued(gateway, job, &issued, error))
        return false;
    return issued ? job_move(gateway->spool, id, &activate, error)
                  : job_drop(STEP_ORPHAN_DROPPED, gateway->spool, id, error);
}

bool pickup_settle_incoming(struct gateway *gateway, GError **error)
{
    g_autoptr(GArray) ids = job_list(gateway->spool, JOB_INCOMING, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        if (!settle_one(gateway, g_array_index(ids, int64_t, i), error))
            return false;
    }
    return ids != NULL;
}

/* Once in a run. */
static bool settle_incoming(struct pickup *pickup, GError **error)
{
    pickup->recovered = pickup->recovered || pickup_settle_incoming(pickup->gateway, error);
    return pickup->recovered;
}

static void free_inbox(gpointer inbox)
{
    inbox_free(inbox);
}

static bool add_inboxes(struct pickup *pickup, struct gateway *gateway, int wake, GError **error)
{
    for (guint i = 0; i < gateway->config->drops->len; i++) {
        struct inbox *inbox = inbox_new(gateway, gateway->config->drops->pdata[i], wake, error);
        if (inbox == NULL)
            return false;
        g_ptr_array_add(pickup->inboxes, inbox);
    }
    return true;
}

struct pickup *pickup_new(struct gateway *gateway, int wake, GError **error)
{
    struct pickup *pickup = g_new0(struct pickup, 1);

    pickup->gateway = gateway;
    pickup->inboxes = g_ptr_array_new_with_free_func(free_inbox);
    if ((gateway->fault.kind != LEDGER_SOUND || settle_incoming(pickup, error)) &&
        add_inboxes(pickup, gateway, wake, error))
        return pickup;
    pickup_free(pickup);
    return NULL;
}

void pickup_free(struct pickup *pickup)
{
    if (pickup == NULL)
        return;
    g_ptr_array_unref(pickup->inboxes);
    g_free(pickup);
}

/* The next file of this drop does not fit on the disk: a later drop's smaller file must not come before it. While
 * nothing at all is picked up (A108), each drop only discards, and keeps no other one back. */
static bool keeps_others_back(const struct pickup *pickup, const struct inbox *inbox)
{
    return inbox_is_full(inbox) && !pickup->gateway->no_room;
}

/* Serves the drops in the configuration's order, so that a run that was stopped gives the same job numbers to the same
 * files as one that was not. Stops at a drop that keeps others back. chosen: which drops; NULL: all. */
static bool advance(struct pickup *pickup, bool (*chosen)(const struct inbox *inbox), GError **error)
{
    for (guint i = 0; i < pickup->inboxes->len; i++) {
        if (chosen != NULL && !chosen(pickup->inboxes->pdata[i]))
            continue;
        if (!inbox_advance(pickup->inboxes->pdata[i], error))
            return false;
        pickup->gateway->failed |= inbox_is_failing(pickup->inboxes->pdata[i]);
        if (keeps_others_back(pickup, pickup->inboxes->pdata[i]))
            break;
    }
    return true;
}

bool pickup_pass(struct pickup *pickup, GError **error)
{
    if (!settle_incoming(pickup, error))
        return false;
    for (guint i = 0; i < pickup->inboxes->len; i++)
        inbox_begin_pass(pickup->inboxes->pdata[i]);
    return advance(pickup, NULL, error);
}

bool pickup_go_on(struct pickup *pickup, GError **error)
{
    return advance(pickup, inbox_is_busy, error);
}

bool pickup_list_facts(struct pickup *pickup, GError **error)
{
    for (guint i = 0; i < pickup->inboxes->len; i++) {
        if (inbox_has_facts(pickup->inboxes->pdata[i]))
            inbox_list_again(pickup->inboxes->pdata[i]);
    }
    return advance(pickup, inbox_has_facts, error);
}

bool pickup_has_facts(const struct pickup *pickup, int64_t since)
{
    for (guint i = 0; i < pickup->inboxes->len; i++) {
        const struct inbox *inbox = pickup->inboxes->pdata[i];
        if (inbox_has_facts(inbox) && !inbox_has_shown(inbox, since))
            return false;
    }
    return true;
}

static struct inbox *inbox_of(const struct pickup *pickup, const char *drop)
{
    for (guint i = 0; i < pickup->inboxes->len; i++) {
        if (inbox_is_of(pickup->inboxes->pdata[i], drop))
            return pickup->inboxes->pdata[i];
    }
    return NULL;
}

void pickup_list_again(struct pickup *pickup, const char *drop)
{
    struct inbox *inbox = inbox_of(pickup, drop);

    if (inbox != NULL)
        inbox_list_again(inbox);
}

bool pickup_has_shown(const struct pickup *pickup, const char *drop, int64_t since)
{
    const struct inbox *inbox = inbox_of(pickup, drop);

    return inbox == NULL || (inbox_has_shown(inbox, since) && inbox_settling(inbox) == 0);
}

int64_t pickup_settling(const struct pickup *pickup)
{
    int64_t shortest = 0;

    for (guint i = 0; i < pickup->inboxes->len; i++) {
        int64_t settling = inbox_settling(pickup->inboxes->pdata[i]);
        if (settling > 0)
            shortest = shortest == 0 ? settling : MIN(shortest, settling);
    }
    return shortest;
}

int64_t pickup_due(const struct pickup *pickup)
{
    int64_t due = G_MAXINT64;
    bool served = true; /* what a drop that is kept back has to do is due when the one before it has room */

    for (guint i = 0; served && i < pickup->inboxes->len; i++) {
        due = MIN(due, inbox_due(pickup->inboxes->pdata[i]));
        served = !keeps_others_back(pickup, pickup->inboxes->pdata[i]);
    }
    return due;
}
