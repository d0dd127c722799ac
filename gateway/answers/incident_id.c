/*
 * Nothing here reads or writes the ledger: the ID is the number of the row, the rest is in the catalogue.
 */
#include "gateway/answers/incident_id.h"

#include "spool/job.h"
#include "validators/catalogue.h"

#include <string.h>

#define PREFIX "INC-"

const char *incident_id(int64_t id, char text[INCIDENT_ID_SIZE])
{
    g_snprintf(text, INCIDENT_ID_SIZE, PREFIX "%06" G_GINT64_FORMAT, id);
    return text;
}

bool incident_id_parse(const char *text, int64_t *id)
{
    return job_id_parse(g_str_has_prefix(text, PREFIX) ? text + strlen(PREFIX) : text, id);
}

bool incident_kind_of(const struct ledger_incident *incident, struct incident_kind *kind)
{
    enum code code;

    if (incident->code == NULL || !catalogue_find(incident->code, &code))
        return false;
    const struct code_entry *entry = catalogue_entry(code);
    /* The subject of a Device Model begins with its Device type: "GPF AB02 02010001 00010203". */
    g_autofree char *device_type =
        entry->scope == SCOPE_MODEL ? g_strndup(incident->subject, strcspn(incident->subject, " ")) : NULL;
    kind->category[0] = catalogue_category(code);
    kind->category[1] = '\0';
    kind->scope = catalogue_scope_name(entry->scope);
    kind->resolver = catalogue_resolver(code, device_type);
    return true;
}
