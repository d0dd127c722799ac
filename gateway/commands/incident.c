/*
 * How an incident and its ID are shown and read.
 */
#include "gateway/commands/incident.h"

#include "formats/eui64.h"
#include "gateway/answers/incident_id.h"
#include "gateway/commands/output.h"

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
