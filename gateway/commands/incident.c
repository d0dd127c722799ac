/*
 * How an incident and its ID are shown and read.
 */
#include "gateway/commands/incident.h"

#include "formats/eui64.h"
#include "gateway/answers/incident_id.h"
#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
#include "spool/ledger/ledger_jobs.h"

#include <string.h>

json_t *incident_row(const struct ledger_incident *incident)
{
    struct incident_kind kind = {.scope = NULL};
    char id[INCIDENT_ID_SIZE], device[EUI64_TEXT_SIZE];
    json_t *row = json_object();
    bool known = incident_kind_of(incident, &kind);

    if (incident->has_device)
        eui64_print(incident->device, device);
    output_set_text(row, "id", incident_id(incident->id, id));
    output_set_text(row, "code", incident->code);
    output_set_text(row, "category", known ? kind.category : NULL);
    output_set_text(row, "scope", kind.scope);
    output_set_text(row, "subject", incident->subject);
    output_set_text(row, "file", incident->file);
    output_set_text(row, "batch", incident->batch);
    output_set_text(row, "device", incident->has_device ? device : NULL);
    output_set_text(row, "parties", incident->parties);
    output_set_text(row, "resolved_by", known ? kind.resolver : NULL);
    output_set(row, "begun", command_json_instant(incident->opened));
    output_set(row, "cleared", command_json_instant(incident->closed));
    output_set_text(row, "text", incident->text);
    output_set_text(row, "reason", incident->reason);
    output_set_text(row, "who", incident->who);
    return row;
}

bool incident_parse(const char *text, int64_t *id)
{
    if (incident_id_parse(text, id))
        return true;
    g_autofree char *shown = command_shown(text);
    g_printerr("ecosgate: '%s' is no incident's ID: expected one such as INC-000012; 'ecosgate incident list --all' "
               "lists them\n",
               shown);
    return false;
}

int incident_none(int64_t id)
{
    char text[INCIDENT_ID_SIZE];

    g_printerr("ecosgate: there is no incident %s; 'ecosgate incident list --all' lists them\n", incident_id(id, text));
    return EXIT_REFUSED;
}

/* ---- filters ---- */

void incident_filter_options(struct incident_filter *filter, void *entries)
{
    const GOptionEntry own[INCIDENT_FILTER_OPTIONS] = {
        {"code", 0, 0, G_OPTION_ARG_STRING, &filter->code, "with this code", "CODE"},
        {"drop", 0, 0, G_OPTION_ARG_STRING, &filter->drop, "of this drop, or of a file that came through it", "DROP"},
        {"category", 0, 0, G_OPTION_ARG_STRING, &filter->category, "of this category", "a|b|c|d"},
        {"older-than", 0, 0, G_OPTION_ARG_STRING, &filter->age, "begun so long ago or longer: 12h, 2d", "AGE"},
    };

    memcpy(entries, own, sizeof own);
}

bool incident_filter_read(struct incident_filter *filter, const char *command)
{
    const struct selection code = {command, "code"}, category = {command, "category"};
    int64_t age = -1;

    if (!selection_code(&code, &filter->code) ||
        !selection_word(&category, "category of incidents", words_categories(), &filter->category) ||
        !selection_age(command, "older-than", filter->age, &age))
        return false;
    filter->begun_until = age >= 0 ? clock_now() - age : 0;
    return true;
}

bool incident_filter_find(struct read_access *access, const struct incident_filter *filter, const char *command,
                          GError **error)
{
    const struct selection drop = {command, "drop"};

    return selection_drop(access, &drop, filter->drop, error);
}

bool incident_filter_asks(const struct incident_filter *filter)
{
    return filter->code != NULL || filter->drop != NULL || filter->category != NULL || filter->age != NULL;
}

void incident_filter_clear(struct incident_filter *filter)
{
    g_free(filter->code);
    g_free(filter->drop);
    g_free(filter->category);
    g_free(filter->age);
}

/* The subject is the drop, or "DROP/FILE"; or the incident is about a file that came through it. */
static bool is_of_drop(struct ledger *ledger, const char *drop, const struct ledger_incident *incident, bool *is,
                       GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    size_t len = strlen(drop);

    *is =
        strncmp(incident->subject, drop, len) == 0 && (incident->subject[len] == '\0' || incident->subject[len] == '/');
    if (*is || incident->job == 0)
        return true;
    if (!ledger_job_get(ledger, incident->job, &job, error))
        return false;
    *is = job != NULL && g_strcmp0(job->drop, drop) == 0;
    return true;
}

bool incident_fits(struct ledger *ledger, const struct incident_filter *filter, const struct ledger_incident *incident,
                   bool *fits, GError **error)
{
    struct incident_kind kind;

    *fits =
        (filter->code == NULL || strcmp(filter->code, incident->code) == 0) &&
        (filter->age == NULL || incident->opened <= filter->begun_until) &&
        (filter->category == NULL || (incident_kind_of(incident, &kind) && filter->category[0] == kind.category[0]));
    return !*fits || filter->drop == NULL || is_of_drop(ledger, filter->drop, incident, fits, error);
}
