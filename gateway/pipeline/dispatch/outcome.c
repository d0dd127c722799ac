/*
 * Counts of a Device Model, closed incidents and the session's row are written together. Which instructions have ended
 * is no list in memory: the ledger counts the ended items of each verdict, and outcome_plan asks for those whose EMO is
 * due. So a crash before the commit loses no EMO, and none is planned twice.
 */
#include "gateway/pipeline/dispatch/outcome.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/text.h"
#include "gateway/answers/incidents.h"
#include "gateway/answers/plan.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_resolved.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"
#include "validators/credential_id.h"
#include "validators/retry/retry.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_NAMES = 1000 /* files of one name but for their packing */ };

/* ---- D160: a Device Model that always fails ---- */

static char *model_name(const struct ledger_model *model)
{
    return g_strdup_printf("%s %s %s %s", model->device_type, model->manufacturer, model->model, model->firmware);
}

/* g_free. */
static char *failed_text(int64_t failed, const char *model)
{
    return failed == 1
               ? g_strdup_printf("the only Device of the model %s that was tried has failed: proposed as "
                                 "Non-Migratable",
                                 model)
               : g_strdup_printf("all %" G_GINT64_FORMAT " Devices of the model %s that were tried have failed: "
                                 "proposed as Non-Migratable",
                                 failed, model);
}

static bool propose_non_migratable(struct gateway *gateway, const struct ledger_model *model, int64_t now,
                                   GError **error)
{
    const struct ledger_nmm owned = {.device_type = model->device_type,
                                     .manufacturer = model->manufacturer,
                                     .model = model->model,
                                     .firmware = model->firmware};
    struct ledger_incident incident = {.code = catalogue_entry(D160)->id, .opened = now};
    g_autofree char *subject = model_name(model);
    g_autofree char *suppliers = NULL;
    g_autofree char *text = failed_text(model->failed, subject);
    bool owned_by_suppliers = strcmp(catalogue_resolver(D160, model->device_type), "Supplier") == 0;
    bool open = false;

    /* Asked before the walk over the inventory, for this is called for each further failure of the model. */
    if (!ledger_incident_is_open(gateway->ledger, incident.code, subject, &open, error) || open)
        return open;
    if (owned_by_suppliers && !ledger_model_suppliers(gateway->ledger, &owned, now, &suppliers, error))
        return false;
    incident.subject = subject;
    incident.parties = suppliers;
    incident.text = text;
    return ledger_incident_open(gateway->ledger, &incident, error);
}

/* D160: enough Devices of the model have failed, and none has migrated. */
static bool judge_model(struct gateway *gateway, const struct ledger_model *model, int64_t now, GError **error)
{
    return model->migrated > 0 || model->failed < gateway->config->model_failures ||
           propose_non_migratable(gateway, model, now, error);
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
    g_autofree struct ledger_item *of = NULL;
    struct ledger_model model;
    struct ledger_earlier_work past = {0};

    if (!migrated && (session->state != LEDGER_FAILED || !is_migration_error(session->code)))
        return true;
    if (!ledger_item_model(gateway->ledger, item, &of, error) ||
        (!migrated && !ledger_earlier_work(gateway->ledger, of->device, now, &past, error)))
        return false;
    if (past.failed_migrations > 0)
        return true;
    if (!ledger_model_count(gateway->ledger, of, migrated ? LEDGER_MODEL_MIGRATED : LEDGER_MODEL_FAILED, &model, error))
        return false;
    if (migrated && model.migrated == 1) {
        g_autofree char *subject = model_name(&model);
        return ledger_incident_close(gateway->ledger, catalogue_entry(D160)->id, subject, now, error);
    }
    return migrated || judge_model(gateway, &model, now, error);
}

bool outcome_overrule(struct gateway *gateway, uint64_t device, int64_t now, GError **error)
{
    struct ledger_migrated found;
    g_autofree struct ledger_work *work = NULL;
    struct ledger_model model;

    if (!ledger_migrated_before(gateway->ledger, device, G_MAXINT64, &found, error))
        return false;
    return found.at == 0 || (ledger_work_get(gateway->ledger, found.item, &work, error) &&
                             ledger_model_count(gateway->ledger, &work->item, LEDGER_MODEL_OVERRULED, &model, error) &&
                             judge_model(gateway, &model, now, error));
}

/* ---- incidents of a Device in work ---- */

/* Codes of the migration that DCC and the Service Providers resolve: D105, D140, D150, D151 and others. */
static bool is_for_partners(const char *id, enum code *code)
{
    return id != NULL && catalogue_find(id, code) && catalogue_category(*code) == 'd' &&
           catalogue_entry(*code)->scope == SCOPE_DEVICE && strcmp(catalogue_resolver(*code, NULL), "DCC/SP") == 0;
}

/* What is wrong: of a missing or contradictory statement, which side says what; of a failure, the value of the result
 * that brought the code. g_free. */
static char *incident_text(enum code code, const struct ledger_session *session,
                           const struct ledger_transition *transition)
{
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;
    const char *name = catalogue_entry(code)->name;

    if (code == D150)
        return g_strdup_printf("%s: the %s side states success, the %s side says nothing", name,
                               tcos->good ? "TCoS" : "ECoS", tcos->good ? "ECoS" : "TCoS");
    if (code == D151)
        return g_strdup_printf("%s: the TCoS side says that the credentials were %s, the ECoS side %s", name,
                               tcos->good ? "replaced" : "not replaced",
                               !ecos->good  ? "does not confirm it"
                               : tcos->good ? "confirms others"
                                            : "confirms that they were");
    if (code == D140 && transition->alert != NULL)
        return g_strdup_printf("%s: the result has the alert %s", name, transition->alert);
    if (code == D128 && transition->duis != NULL)
        return g_strdup_printf("%s: the result has the DUIS code %s", name, transition->duis);
    return g_strdup(name);
}

/* Who has to act: of a missing statement the side that owes it, of a contradiction both. g_free. */
static char *incident_parties(const struct config *config, enum code code, const struct ledger_session *session)
{
    g_autofree char *tcos = incidents_parties_of(config, "EMT"), *ecos = incidents_parties_of(config, "EMC");

    if (code == D151 && tcos != NULL && ecos != NULL)
        return g_strconcat(tcos, ";", ecos, NULL);
    return g_strdup(code == D150 && session->tcos.good ? ecos : tcos);
}

/* The transition's code is one for the partners. */
static bool open_incident(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                          const struct ledger_transition *transition, GError **error)
{
    enum code code = CODE_COUNT;
    char subject[EUI64_TEXT_SIZE];

    (void)catalogue_find(transition->code, &code); /* is_for_partners has found it */
    g_autofree char *text = incident_text(code, session, transition);
    g_autofree char *parties = incident_parties(gateway->config, code, session);
    const struct ledger_incident incident = {.code = catalogue_entry(code)->id,
                                             .subject = subject,
                                             .parties = parties,
                                             .job = work->item.job,
                                             .revision = work->revision,
                                             .has_device = true,
                                             .device = work->item.device,
                                             .opened = transition->at,
                                             .text = text};

    eui64_print(work->item.device, subject);
    /* A side that was silent has spoken: what is wrong now is that the two disagree. */
    return (code != D151 ||
            ledger_incident_close(gateway->ledger, catalogue_entry(D150)->id, subject, transition->at, error)) &&
           ledger_incident_open(gateway->ledger, &incident, error);
}

/* Whether the transition brings its code. One that says only what the session has said before does not, for an operator
 * may have closed the incident meanwhile. After the end it is a late success that the other side does not share. */
static bool is_news(const struct ledger_session *before, const struct ledger_session *session,
                    const struct ledger_transition *transition)
{
    if (transition->state != before->state)
        return true;
    if (retry_has_ended(before))
        return (session->tcos.good || session->ecos.good) && session->due == 0;
    return g_strcmp0(transition->code, before->code) != 0;
}

/* No side states a success any more: what was missing (D150) or contradicted (D151) is not. */
static bool close_settled(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                          int64_t now, GError **error)
{
    const struct ledger_session *before = &work->session;
    char subject[EUI64_TEXT_SIZE];

    if (session->tcos.good || session->ecos.good || (!before->tcos.good && !before->ecos.good))
        return true;
    eui64_print(work->item.device, subject);
    return ledger_incident_close(gateway->ledger, catalogue_entry(D150)->id, subject, now, error) &&
           ledger_incident_close(gateway->ledger, catalogue_entry(D151)->id, subject, now, error);
}

/* Whether the Device has its new credentials by this transition. A migration that an operator has overruled may stand
 * again by what a side states. */
static bool migrates(const struct ledger_work *work, const struct ledger_session *session,
                     const struct ledger_transition *transition)
{
    bool stated = transition->statement == LEDGER_REPLACED || transition->statement == LEDGER_CONFIRMED;

    return session->state == LEDGER_MIGRATED && (work->session.state != LEDGER_MIGRATED || (work->overruled && stated));
}

/* A transition that brings a code for the partners opens the Device's incident; a migration and an order close all. If
 * the Device has migrated by another work item, nobody has to act. */
static bool follow_incidents(struct gateway *gateway, const struct ledger_work *work,
                             const struct ledger_session *session, const struct ledger_transition *transition,
                             GError **error)
{
    const struct ledger_session *before = &work->session;
    struct ledger_migrated other;
    enum code code;

    if (migrates(work, session, transition) || transition->statement == LEDGER_ENDED_BY_ORDER)
        return incidents_close_device(gateway, work->item.device, transition->at, error);
    if (!close_settled(gateway, work, session, transition->at, error))
        return false;
    if (!is_for_partners(transition->code, &code) || !is_news(before, session, transition))
        return true;
    return ledger_migrated_before(gateway->ledger, work->item.device, G_MAXINT64, &other, error) &&
           (other.at != 0 || open_incident(gateway, work, session, transition, error));
}

/* Both sides agree about the new credentials of a Device: those which it had before are TCoS's, and another Device
 * cannot get them (C121). An operator's order says nothing about ids. */
static bool keep_subject(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                         const struct ledger_transition *transition, GError **error)
{
    const char *before = session->tcos.existing_id;

    if (!migrates(work, session, transition) || transition->statement == LEDGER_ENDED_BY_ORDER || before == NULL)
        return true;
    g_autofree char *key = credential_id_key(before);
    return ledger_subject_before_put(gateway->ledger, key, work->item.item, error);
}

/* The Device has migrated: other work of it ends, and is never ordered again; work of it that has ended waits for no
 * side any more. cause: the transition of the one that has migrated, whose file it is. */
static bool supersede(struct gateway *gateway, const struct ledger_work *migrated,
                      const struct ledger_transition *cause, GError **error)
{
    const struct ledger_item *item = &migrated->item;
    g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(int64_t));

    /* While this work was live, no other was accepted. To search for one was a seventh of what a confirmation cost. */
    if (item->no_earlier && !item->ended)
        return true;
    if (!ledger_work_open_beside(gateway->ledger, item->device, item->item, others, error))
        return false;
    for (guint i = 0; i < others->len; i++) {
        g_autofree struct ledger_work *work = NULL;
        struct ledger_transition transition;
        if (!ledger_work_get(gateway->ledger, g_array_index(others, int64_t, i), &work, error))
            return false;
        struct ledger_session session = work->session;
        if (retry_supersede(&gateway->config->retry, cause->at, &session, &transition) != RETRY_APPLIES)
            continue;
        if (!work->has_session && !ledger_item_out_of_turn(gateway->ledger, work->item.item, error))
            return false;
        transition.job = cause->job;
        transition.record = cause->record;
        if (!outcome_record(gateway, work, &session, &transition, error))
            return false;
    }
    return true;
}

static bool record(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                   const struct ledger_transition *transition, GError **error)
{
    bool migrated = migrates(work, session, transition);
    bool ends = retry_has_ended(session) && session->state != work->session.state; /* for the first time, or anew */
    if (work->session.state == LEDGER_DISPATCHED && session->state != LEDGER_DISPATCHED)
        gateway->orders_reviewed = 0; /* the Device may be on an order that has not left (dispatch_recall) */
    /* A report period that ends later than this was issued at a wrong time: the end counts in the next period, or it
     * would be in no report. */
    struct ledger_session reported = *session;
    if (ends) {
        reported.ended = MAX(session->ended, gateway->reported_until);
        log_add(EVENT_SESSIONS_ENDED, ledger_state_name(session->state), 1);
    }
    return follow_incidents(gateway, work, session, transition, error) &&
           (!(ends || migrated) || count_end(gateway, work->item.item, session, transition->at, error)) &&
           ledger_session_put(gateway->ledger, work, &reported, transition, error) &&
           keep_subject(gateway, work, session, transition, error) &&
           (!ends || session->state != LEDGER_FAILED ||
            ledger_failure_put(gateway->ledger, work->item.item, transition->at, error)) &&
           (!migrated || supersede(gateway, work, transition, error));
}

/* What an operator has withdrawn while its try was ordered ends where it would go on or fail. */
bool outcome_record(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                    const struct ledger_transition *transition, GError **error)
{
    struct ledger_session next = *session;
    struct ledger_transition changed = *transition;
    g_autofree char *order_id = NULL;

    if (!work->withdrawn || work->session.state != LEDGER_DISPATCHED || !retry_end_taken_back(&next, &changed))
        return record(gateway, work, session, transition, error);
    if (!ledger_withdrawn_get(gateway->ledger, work->item.item, &order_id, error))
        return false;
    changed.order_id = order_id;
    return record(gateway, work, &next, &changed, error);
}

/* ---- incidents that an older program did not open ---- */

/* Opens the incident of the transition that brought the code of a session. */
struct missing {
    struct gateway *gateway;
    const struct ledger_work *work;
    int64_t now;
};

static bool open_of_last(void *user, const struct ledger_transition *transition, GError **error)
{
    const struct missing *m = user;
    struct ledger_transition dated = *transition;

    dated.at = m->now;
    return transition->n != m->work->session.transitions ||
           open_incident(m->gateway, m->work, &m->work->session, &dated, error);
}

static bool open_missing(struct gateway *gateway, int64_t item, int64_t now, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    enum code code;

    if (!ledger_work_get(gateway->ledger, item, &work, error))
        return false;
    if (work == NULL || !is_for_partners(work->session.code, &code))
        return true;
    struct missing m = {gateway, work, now};
    return ledger_transitions_each(gateway->ledger, item, open_of_last, &m, error);
}

static bool open_all_missing(struct gateway *gateway, const GArray *items, int64_t now, GError **error)
{
    for (guint i = 0; i < items->len; i++)
        if (!open_missing(gateway, g_array_index(items, int64_t, i), now, error))
            return false;
    return ledger_incidents_due_clear(gateway->ledger, error) &&
           ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error);
}

/* Incidents that the time opens. */
static bool open_due(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(int64_t));

    if (!ledger_incidents_due(gateway->ledger, items, error))
        return false;
    if (items->len == 0 || (ledger_begin(gateway->ledger, error) && open_all_missing(gateway, items, now, error)))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
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

/* The number behind R of the response: the outcome begins with it, so that the names show that both belong together. A
 * name that a program of another release gave may have none by this profile: then the revision. */
static unsigned response_number(const struct profile *profile, const char *raw_name, const struct ledger_verdict *of,
                                const char *response)
{
    for (unsigned ahead = 0; ahead < MOST_NAMES; ahead++) {
        g_autofree char *name = filename_answer(profile, raw_name, "EMD", (unsigned)of->revision + ahead);
        if (g_strcmp0(name, response) == 0)
            return (unsigned)of->revision + ahead;
    }
    return (unsigned)of->revision;
}

/* The name that an answer to the instruction has in the profile of the response; for a further outcome, with the next
 * number that is free. NULL: the ledger's error. g_free. */
static char *name_outcome(struct gateway *gateway, const struct profile *profile, const struct ledger_verdict *of,
                          const struct ledger_outgoing *response, GError **error)
{
    g_autofree struct ledger_outgoing *before = NULL;
    g_autofree struct ledger_job *job = NULL;
    g_autofree char *name = NULL;
    size_t len;

    if (!ledger_job_get(gateway->ledger, of->job, &job, error))
        return NULL;
    g_autofree char *raw = text_unescape(job->name, &len);
    unsigned number = response_number(profile, raw, of, response->name);
    do {
        g_free(name);
        g_clear_pointer(&before, g_free);
        name = filename_answer(profile, raw, "EMO", number++);
        if (!ledger_outgoing_named(gateway->ledger, name, &before, error))
            return NULL;
    } while (before != NULL);
    return g_steal_pointer(&name);
}

/* Without the profile of its response an outcome waits; nothing else does. Frees cause. */
static bool wait_for_profile(struct gateway *gateway, const struct ledger_verdict *of, GError *cause, GError **error)
{
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        g_propagate_error(error, cause);
        return false;
    }
    if (!gateway->outcome_waits)
        log_event(LOG(EVENT_OUTCOME_WAITS, .job = of->job), "job %08" PRId64 ": its outcome (EMO) waits: %s", of->job,
                  cause->message);
    gateway->outcome_waits = gateway->failed = true;
    g_error_free(cause);
    return true;
}

static bool plan(struct gateway *gateway, const struct ledger_verdict *of, int64_t now, GError **error)
{
    g_autofree struct ledger_outgoing *response = NULL;
    g_autofree char *name = NULL;
    GError *cause = NULL;
    int64_t job;

    if (!find_response(gateway, of, &response, error))
        return false;
    const struct profile *profile = profiles_find(gateway, response->profile, &cause);
    if (profile == NULL)
        return wait_for_profile(gateway, of, cause, error);
    name = name_outcome(gateway, profile, of, response, error);
    if (name == NULL)
        return false;
    const struct ledger_outgoing file = {.revision = of->revision,
                                         .about = of->job,
                                         .kind = "EMO",
                                         .name = name,
                                         .form = response->form,
                                         .drop = response->drop,
                                         .recipient = response->recipient,
                                         .created = now,
                                         .rows = of->items,
                                         .profile = response->profile};
    return plan_file(gateway, &file, &job, error) && ledger_outcome_mark_planned(gateway->ledger, of, job, error);
}

static bool plan_all(struct gateway *gateway, const GPtrArray *verdicts, int64_t now, GError **error)
{
    for (guint i = 0; i < verdicts->len; i++) {
        if (!plan(gateway, verdicts->pdata[i], now, error))
            return false;
    }
    return true;
}

bool outcome_plan(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) due = NULL;

    return ledger_outcomes_due(gateway->ledger, &due, error) && plan_all(gateway, due, now, error);
}

/* In a transaction of its own. */
static bool commit_plans(struct gateway *gateway, const GPtrArray *verdicts, int64_t now, GError **error)
{
    if (verdicts->len == 0)
        return true;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (plan_all(gateway, verdicts, now, error) && ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

bool outcome_plan_overdue(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) overdue = NULL;

    return ledger_outcomes_overdue(gateway->ledger, now - gateway->config->outcome_wait, &overdue, error) &&
           commit_plans(gateway, overdue, now, error);
}

/* An outcome that is due at the beginning of a pass has waited for a profile in an earlier run. */
bool outcome_catch_up(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) due = NULL;

    return open_due(gateway, now, error) &&
           (gateway->outcome_waits ||
            (ledger_outcomes_due(gateway->ledger, &due, error) && commit_plans(gateway, due, now, error)));
}

bool outcome_next(struct gateway *gateway, int64_t now, int64_t *at, GError **error)
{
    int64_t wait = gateway->config->outcome_wait;

    if (!ledger_next_outcome(gateway->ledger, now - wait, at, error))
        return false;
    *at += *at != 0 ? wait : 0;
    return true;
}
