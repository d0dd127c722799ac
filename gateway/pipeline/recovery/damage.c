/* The subject names a file and no path: a job moves from folder to folder while its incident is open. */
#include "gateway/pipeline/recovery/damage.h"

#include "gateway/clock.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"
#include "validators/catalogue.h"

#include <string.h>

static const char *code_id(void)
{
    return catalogue_entry(A111)->id;
}

/* g_free. */
static char *subject_of(int64_t job, const char *file)
{
    char id[JOB_ID_SIZE];

    job_id_print(job, id);
    return file != NULL ? g_strdup_printf("%s/%s", id, file) : g_strdup(id);
}

static bool is_open(struct gateway *gateway, const char *subject, bool *open, GError **error)
{
    return ledger_incident_is_open(gateway->ledger, code_id(), subject, open, error);
}

bool damage_open_within(struct gateway *gateway, int64_t job, const char *file, const char *text, GError **error)
{
    g_autofree char *subject = subject_of(job, file);
    const struct ledger_incident incident = {
        .code = code_id(), .subject = subject, .opened = clock_now(), .text = text};

    return ledger_incident_open(gateway->ledger, &incident, error);
}

bool damage_close_within(struct gateway *gateway, int64_t job, const char *file, GError **error)
{
    g_autofree char *subject = subject_of(job, file);
    bool open;

    if (!is_open(gateway, subject, &open, error))
        return false;
    return !open || ledger_incident_close(gateway->ledger, code_id(), subject, clock_now(), error);
}

/* Opens the incident with this text, or closes it if text is NULL. */
static bool change(struct gateway *gateway, int64_t job, const char *file, const char *text, GError **error)
{
    g_autofree char *subject = subject_of(job, file);
    bool open = false;

    if (!is_open(gateway, subject, &open, error))
        return false;
    return open == (text != NULL) || outage_commit_incident(gateway, code_id(), subject, text, error);
}

bool damage_open(struct gateway *gateway, int64_t job, const char *file, const char *text, GError **error)
{
    return change(gateway, job, file, text, error);
}

bool damage_close(struct gateway *gateway, int64_t job, const char *file, GError **error)
{
    return change(gateway, job, file, NULL, error);
}

/* ---- incidents whose file is whole again ---- */

/* The upload has compared the bytes: a file that has come further than STORED was whole. */
static bool review(struct gateway *gateway, const char *subject, GError **error)
{
    const char *name = strchr(subject, '/');
    g_autofree struct ledger_outgoing *file = NULL;

    if (name == NULL)
        return true;
    if (!ledger_outgoing_named(gateway->ledger, name + 1, &file, error))
        return false;
    return file == NULL || file->state < LEDGER_STAGED ||
           outage_commit_incident(gateway, code_id(), subject, NULL, error);
}

bool damage_review(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code_id(), &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (!review(gateway, subjects->pdata[i], error))
            return false;
    }
    return true;
}
