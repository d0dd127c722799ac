/*
 * Counts of a Device Model, closed incidents and the session's row are written together. Which instructions have ended
 * is no list in memory: the ledger counts the ended items of each verdict, and outcome_plan asks for those whose EMO is
 * due. So a crash before the commit loses no EMO, and none is planned twice.
 */
#include "gateway/pipeline/outcome.h"

#include "gateway/answers/incidents.h"
#include "gateway/answers/plan.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"
#include "validators/retry.h"

#include <string.h>

/* ---- D160: a Device Model that always fails ---- */

static char *model_name(const struct ledger_model *model)
{
    return g_strdup_printf("%s %s %s %s", model->device_type, model->manufacturer, model->model, model->firmware);
}

static bool propose_non_migratable(struct gateway *gateway, const struct ledger_model *model, int64_t now,
                                   GError **error)
{
    g_autofree char *subject = model_name(model);
    g_autofree char *text = g_strdup_printf("all %" G_GINT64_FORMAT " Devices of this model that were tried have "
                                            "failed: proposed as Non-Migratable",
                                            model->failed);
    const struct ledger_incident incident = {
        .code = catalogue_entry(D160)->id, .subject = subject, .opened = now, .text = text};

    return ledger_incident_open(gateway->ledger, &incident, error);
}

static bool is_migration_error(const char *id)
{
    enum code code;

    return id != NULL && catalogue_find(id, &code) && catalogue_category(code) == 'd';
}

/* Counts an end for the Device Model. Each Device counts once: as migrated, or as failed when its migration fails for
 * the first time. Only migration errors (category d) count, for they say something about the model. */
static bool count_end(struct gateway *gateway, int64_t item, const struct ledger_session *session, int64_t now,
                      GError **error)
{
    bool migrated = session->state == LEDGER_MIGRATED;
    g_autofree struct ledger_work *work = NULL;
    struct ledger_model model;
    struct ledger_earlier_work past = {0};

    if (!migrated && (session->state != LEDGER_FAILED || !is_migration_error(session->code)))
        return true;
    if (!ledger_work_get(gateway->ledger, item, &work, error) ||
        (!migrated && !ledger_earlier_work(gateway->ledger, work->item.device, &past, error)))
        return false;
    if (past.failed_migrations > 0)
        return true;
    if (!ledger_model_count(gateway->ledger, &work->item, migrated, &model, error))
        return false;
    if (migrated && model.migrated == 1) {
        g_autofree char *subject = model_name(&model);
        return ledger_incident_close(gateway->ledger, catalogue_entry(D160)->id, subject, now, error);
    }
    return migrated || model.migrated > 0 || model.failed < gateway->config->model_failures ||
           propose_non_migratable(gateway, &model, now, error);
}

bool outcome_record(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                    const struct ledger_transition *transition, GError **error)
{
    bool ends = retry_has_ended(session) && session->state != work->session.state; /* for the first time, or anew */
    /* A report period that ends later than this was issued at a wrong time: the end counts in the next period, or it
     * would be in no report. */
    struct ledger_session reported = *session;
    if (ends)
        reported.ended = MAX(session->ended, gateway->reported_until);
    bool migrates = session->state == LEDGER_MIGRATED && work->session.state != LEDGER_MIGRATED;

    return (!migrates || incidents_close_device(gateway, work->item.device, transition->at, error)) &&
           (!ends || count_end(gateway, work->item.item, session, transition->at, error)) &&
           ledger_session_put(gateway->ledger, work, &reported, transition, error);
}

/* ---- the outcome of an instruction (EMO) ---- */

/* Finds the response (EMD) to the instruction. The outcome has the same name but for the type, and goes to the same
 * recipient and drop. */
static bool find_response(struct gateway *gateway, const struct ledger_verdict *of, struct ledger_outgoing **response,
                          GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_outgoing_files_of(gateway->ledger, of->job, &files, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        if (strcmp(file->kind, "EMD") == 0 && file->revision == of->revision)
            return ledger_outgoing_get(gateway->ledger, file->id, response, error);
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "the ledger has no response (EMD) for job %08" G_GINT64_FORMAT "; run ecosgate spool verify", of->job);
    return false;
}

/* The name of the response, but for the type; for a further outcome, the next number behind R that is free. *name:
 * g_free. */
static bool name_outcome(struct gateway *gateway, const char *response, char **name, GError **error)
{
    const char *dot = strrchr(response, '.'), *r = g_strrstr(response, "_R");
    g_autofree char *stem = g_strndup(response + strlen("EMD"), (size_t)(r - response) - strlen("EMD"));
    g_autofree struct ledger_outgoing *before = NULL;
    int64_t number = g_ascii_strtoll(r + strlen("_R"), NULL, 10);

    do {
        g_free(*name);
        g_clear_pointer(&before, g_free);
        *name = g_strdup_printf("EMO%s_R%" G_GINT64_FORMAT "%s", stem, number++, dot);
        if (!ledger_outgoing_named(gateway->ledger, *name, &before, error))
            return false;
    } while (before != NULL);
    return true;
}

static bool plan(struct gateway *gateway, const struct ledger_verdict *of, int64_t now, GError **error)
{
    g_autofree struct ledger_outgoing *response = NULL;
    g_autofree char *name = NULL;
    int64_t job;

    if (!find_response(gateway, of, &response, error) || !name_outcome(gateway, response->name, &name, error))
        return false;
    const struct ledger_outgoing file = {.revision = of->revision,
                                         .about = of->job,
                                         .kind = "EMO",
                                         .name = name,
                                         .form = response->form,
                                         .drop = response->drop,
                                         .recipient = response->recipient,
                                         .created = now,
                                         .rows = of->items};
    return plan_file(gateway, &file, &job, error) && ledger_outcome_mark_planned(gateway->ledger, of, job, error);
}

bool outcome_plan(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) due = NULL;

    if (!ledger_outcomes_due(gateway->ledger, &due, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        if (!plan(gateway, due->pdata[i], now, error))
            return false;
    }
    return true;
}
