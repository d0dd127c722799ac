/*
 * The tables hold what was said last, not who said it when: the files themselves stay in the spool. A FULL file empties
 * its table first; a file that is rejected after that is undone by the savepoint of intake.c. The rows of an INV are
 * kept until the file is accepted, and change the inventory then: no rule looks at it for another Device than that of
 * the record, and of each Device at most one record is free of errors (C102).
 */
#include "gateway/pipeline/judging/reference.h"

#include "formats/eui64.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/judging/contradiction.h"
#include "gateway/pipeline/judging/device_watch.h"
#include "gateway/pipeline/judging/inventory.h"
#include "gateway/pipeline/outage.h"
#include "gateway/pipeline/judging/party_watch.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_shrink.h"

#include <inttypes.h>
#include <string.h>

/* ---- one file ---- */

/* *compare: what the FULL file removes must be counted. A first file removes nothing. */
static bool has_limit(struct gateway *gateway, enum ledger_reference table, int64_t job, bool *compare, GError **error)
{
    struct ledger_loaded newest;
    bool released;

    if (!ledger_reference_get(gateway->ledger, table, &newest, error) ||
        !ledger_shrink_is_released(gateway->ledger, job, &released, error))
        return false;
    *compare = newest.records > 0 && !released;
    return true;
}

bool reference_begin(struct gateway *gateway, const struct file_type *type, const struct header *header,
                     struct reference_file *file, GError **error)
{
    enum ledger_reference table;

    file->full = header->mode == HEADER_MODE_FULL;
    file->compares = false;
    return !reference_rules_table(type, &table) || !file->full ||
           (has_limit(gateway, table, file->job, &file->compares, error) &&
            ledger_reference_load_begin(gateway->ledger, table, file->compares, error));
}

/* The file has the key, and what it says of it is wrong. */
static bool keep_wrong(struct ledger *ledger, const struct reference *r, GError **error)
{
    switch (r->table) {
    case LEDGER_INVENTORY:
        return ledger_inventory_wrong(ledger, &r->inventory, error);
    case LEDGER_COS:
        return ledger_cos_wrong(ledger, &r->cos, error);
    case LEDGER_NMM:
        return ledger_nmm_wrong(ledger, &r->nmm, error);
    default:
        return ledger_party_wrong(ledger, &r->party, error);
    }
}

static bool take_device(struct gateway *gateway, struct reference_file *file, const struct reference *r, GError **error)
{
    if (file->rows == NULL)
        file->rows = ledger_inventory_rows_new(gateway->ledger);
    return ledger_inventory_rows_add(file->rows, &r->inventory, r->remove, error) &&
           (r->remove || contradiction_look(gateway, r, error));
}

bool reference_take(struct gateway *gateway, struct reference_file *file, const struct reference *r, GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (row_has_errors(&r->row))
        return !file->compares || keep_wrong(ledger, r, error);
    switch (r->table) {
    case LEDGER_INVENTORY:
        return take_device(gateway, file, r, error);
    case LEDGER_COS:
        return r->remove ? ledger_cos_remove(ledger, &r->cos, error) : ledger_cos_put(ledger, &r->cos, error);
    case LEDGER_NMM:
        return r->remove ? ledger_nmm_remove(ledger, &r->nmm, error) : ledger_nmm_put(ledger, &r->nmm, error);
    case LEDGER_PARTY:
        return r->remove ? ledger_party_remove(ledger, &r->party, error) : ledger_party_put(ledger, &r->party, error);
    case LEDGER_REFERENCES:
        break;
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "reference data without a table");
    return false;
}

/* Ends a FULL file. The counts of reference data are those before it, until ledger_reference_set. */
static bool end_full(struct gateway *gateway, enum ledger_reference table, struct reference_file *file, GError **error)
{
    struct ledger_shrink shrink = {0};
    int64_t limit = gateway->config->shrink_limit;
    bool compare;

    if (!has_limit(gateway, table, file->job, &compare, error) ||
        !ledger_reference_load_end(gateway->ledger, table, error))
        return false;
    if (!compare)
        return true;
    if (!ledger_reference_load_compare(gateway->ledger, table, &shrink, error))
        return false;
    if (shrink.removed > 0 && (shrink.removed == shrink.known || shrink.removed * 100 > limit * shrink.known))
        file->refusal = g_strdup_printf(
            "this file would remove %" PRId64 " of the %" PRId64 " records that are known (%" PRId64
            " are missing from it, %" PRId64 " are in it and wrong, which `ecosgate check` explains), over the %" PRId64
            " percent of shrink_limit; release it to have it judged all the same, or reject "
            "it%s",
            shrink.removed, shrink.known, shrink.removed - shrink.wrong, shrink.wrong, limit,
            table == LEDGER_PARTY ? "" : "; instructions and first tries wait until then");
    return true;
}

bool reference_end(struct gateway *gateway, struct reference_file *file, const struct verdict *verdict, int64_t loaded,
                   GError **error)
{
    const struct ledger_loaded of = {.job = file->job, .created = verdict->header.created, .loaded = loaded};
    enum ledger_reference table;

    if (!reference_rules_table(verdict->filename.type, &table))
        return true;
    if (file->rows != NULL && (!ledger_inventory_rows_apply(file->rows, file->full, gateway->stop, error) ||
                               (gateway_stopping(gateway) && !judge_stopped(error))))
        return false;
    g_clear_pointer(&file->rows, ledger_inventory_rows_free); /* its file, before SQLite has some for the indexes */
    if (file->full && !end_full(gateway, table, file, error))
        return false;
    if (file->refusal != NULL)
        return true;
    return ledger_reference_set(gateway->ledger, table, &of, error) &&
           (table != LEDGER_INVENTORY || contradiction_close(gateway, loaded, error)) &&
           ((table != LEDGER_INVENTORY && table != LEDGER_COS) || device_watch(gateway, loaded, error)) &&
           ((table != LEDGER_INVENTORY && table != LEDGER_PARTY) || party_watch(gateway, loaded, error));
}

void reference_clear(struct reference_file *file)
{
    g_clear_pointer(&file->rows, ledger_inventory_rows_free);
    g_clear_pointer(&file->refusal, g_free);
}

/* ---- A117 ---- */

static bool hold(struct gateway *gateway, const struct ledger_job *job, const char *refusal, int64_t now,
                 GError **error)
{
    g_autofree char *about = g_strdup_printf("%s/%s", job->drop, job->name);
    g_autofree char *parties = incidents_parties_of(gateway->config, job->type);
    const struct ledger_incident incident = {.code = "A117",
                                             .subject = about,
                                             .parties = parties,
                                             .job = job->id, /* no revision: its verdict, with a BatchId, comes later */
                                             .opened = now,
                                             .text = refusal};

    return ledger_job_set_reason(gateway->ledger, job->id, refusal, error) &&
           ledger_shrink_hold(gateway->ledger, job->id, error) &&
           ledger_incident_open(gateway->ledger, &incident, error) &&
           ledger_commit(STEP_JOB_REASONED, gateway->ledger, error);
}

bool reference_hold(struct gateway *gateway, const struct ledger_job *job, const char *refusal, int64_t now,
                    GError **error)
{
    gateway->failed = true;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    log_event(LOG(EVENT_JOB_HELD, .job = job->id, .file = job->name, .drop = job->drop, .code = "A117"),
              "job %08" PRId64 " moves to held (A117): %s", job->id, refusal);
    if (hold(gateway, job, refusal, now, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

bool reference_release_within(struct gateway *gateway, const struct ledger_job *job, GError **error)
{
    g_autofree char *about = g_strdup_printf("%s/%s", job->drop, job->name);
    bool held = false;

    return ledger_shrink_release(gateway->ledger, job->id, &held, error) &&
           (!held || ledger_incident_close(gateway->ledger, "A117", about, clock_now(), error));
}

bool reference_reject_within(struct gateway *gateway, const struct ledger_job *job,
                             const struct ledger_incident *closing, GError **error)
{
    g_autofree char *about = g_strdup_printf("%s/%s", job->drop, job->name);
    g_autofree struct ledger_incident *incident = NULL;

    if (!ledger_shrink_give_up(gateway->ledger, job->id, error) ||
        !ledger_incident_newest(gateway->ledger, "A117", about, &incident, error))
        return false;
    if (incident == NULL || incident->closed != 0 || incident->job != job->id)
        return true;
    struct ledger_incident closed = *closing;
    closed.id = incident->id;
    return ledger_incident_close_by_hand(gateway->ledger, &closed, error);
}

/* ---- A104 ---- */

static const char subject[] = "INV"; /* the incident's subject */

static bool state_problem(struct gateway *gateway, const char *problem, GError **error)
{
    const struct ledger_incident incident = {.code = "A104", .subject = subject, .text = problem};
    enum incidents_news news;

    gateway->failed = true;
    if (!outage_commit_cause(gateway, &incident, &news, error))
        return false;
    log_event(LOG(EVENT_INVENTORY_MISSING, .code = "A104"), "A104: %s", problem);
    return true;
}

bool reference_update_incident(struct gateway *gateway, GError **error)
{
    g_autofree char *problem = NULL;
    bool on;

    if (!inventory_find_problem(gateway, &problem, error) ||
        !ledger_incident_is_open(gateway->ledger, "A104", subject, &on, error))
        return false;
    if (problem != NULL)
        return state_problem(gateway, problem, error);
    log_over(LOG(EVENT_INVENTORY_MISSING, .code = "A104"));
    if (!on)
        return true;
    log_event(LOG(EVENT_INVENTORY_FRESH, .code = "A104"), "A104 is closed: the inventory is there and fresh enough");
    return outage_commit_incident(gateway, "A104", subject, NULL, error);
}
