/*
 * INC, the file of incidents (formats/FILES.md, 9): one row for each event that the ledger assigns to its job. The
 * header declares what was planned; the writer refuses the file when the ledger has another number of events.
 */
#include "gateway/answers/answer_private.h"

#include "formats/csv/csv_cell.h"
#include "formats/eui64.h"
#include "formats/outgoing_facts.h"
#include "formats/values.h"
#include "gateway/answers/answer_header.h"
#include "gateway/answers/incidents.h"
#include "spool/ledger/ledger_incidents.h"

#include <inttypes.h>
#include <string.h>

/* A row: an event of the incident `incident`, whose code the catalogue describes by `kind`. */
#define INC_FACTS(FACT)                                                                                                \
    FACT(INC, record_number, cell_number(a->rows, record))                                                             \
    FACT(INC, incident_id, incident_id(incident->id, id))                                                              \
    FACT(INC, incident_event, event->closed ? "CLEARED" : "RAISED")                                                    \
    FACT(INC, incident_at, cell_time(event->closed ? incident->closed : incident->opened, at))                         \
    FACT(INC, incident_category, kind.category)                                                                        \
    FACT(INC, incident_code, incident->code)                                                                           \
    FACT(INC, incident_scope, kind.scope)                                                                              \
    FACT(INC, incident_file, name)                                                                                     \
    FACT(INC, work_batch, incident->batch)                                                                             \
    FACT(INC, device_id, incident->has_device ? device : NULL)                                                         \
    FACT(INC, incident_parties, incident->parties)                                                                     \
    FACT(INC, incident_resolver, kind.resolver)                                                                        \
    FACT(INC, incident_text, text)
FACTS_DECLARE(INC);

/* The text of an incident begins with the catalogue's name of its code, or is it: the profile's text takes its place.
 * g_free. */
static char *in_words(const struct profile *profile, const char *id, const char *text)
{
    enum code code;
    const char *name = catalogue_find(id, &code) ? catalogue_entry(code)->name : "";
    const char *own = profile_code_text(profile, id, name);

    return own != name && text != NULL && g_str_has_prefix(text, name) ? g_strconcat(own, text + strlen(name), NULL)
                                                                       : g_strdup(text);
}

/* The text of a D160 names the model as its subject does, by the Device type first (incident_id.c): the profile's word
 * takes its place. Takes the text. g_free. */
static char *model_in_words(const struct profile *profile, const struct ledger_incident *incident, char *text)
{
    g_auto(GStrv) parts = g_strsplit(incident->subject, " ", 2);
    char *at = text != NULL ? strstr(text, incident->subject) : NULL;

    if (at == NULL || parts[0] == NULL)
        return text;
    g_autofree char *before = text;
    *at = '\0';
    at += strlen(parts[0]);
    return g_strconcat(before, profile_word(profile, FACT_device_type, parts[0]), at, NULL);
}

/* g_free. Why a drop is down, or what is wrong with the spool, names folders, hosts and users, which service management
 * need not know: the row gives the subject only. `incident show` has the whole text. */
static char *text_of(const struct answer *a, const struct ledger_incident *incident, const struct ledger_event *event)
{
    enum code code;

    if (event->closed)
        return csv_harmless(incident->reason);
    bool known = catalogue_find(incident->code, &code);
    bool drop = known && (code == A101 || code == A102 || code == A103 || code == A107 || code == A110);
    bool spool = known && (code == A108 || code == A109 || code == A111);
    g_autofree char *line =
        !drop && !spool ? in_words(a->profile, incident->code, incident->opened_for)
                        : g_strdup_printf("%s%s: %s", drop ? "drop " : "", incident->subject,
                                          profile_code_text(a->profile, incident->code, catalogue_entry(code)->name));
    if (known && code == D160)
        line = model_in_words(a->profile, incident, line);
    return csv_harmless(line);
}

static bool write_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                        GError **error)
{
    struct answer *a = user;
    struct incident_kind kind;
    char record[CELL_NUMBER_SIZE], id[INCIDENT_ID_SIZE], at[INSTANT_TEXT_SIZE], device[EUI64_TEXT_SIZE];
    g_autofree char *name = csv_harmless(incident->file);
    g_autofree char *text = text_of(a, incident, event);

    if (!incident_kind_of(incident, &kind)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "ledger, incident %s: code %s is not in the catalogue",
                    incident_id(incident->id, id), incident->code != NULL ? incident->code : "(none)");
        return false;
    }
    a->rows++;
    if (incident->has_device)
        eui64_print(incident->device, device);
    FACTS_FILL(INC, row);
    writer_row(a->writer, &row);
    return true;
}

bool incident_file_write(struct answer *a, GError **error)
{
    char batch[CELL_NUMBER_SIZE + sizeof "INC-FILE-"];

    g_snprintf(batch, sizeof batch, "INC-FILE-%06" PRId64, a->outgoing->sequence);
    answer_header_write(a->writer, a->outgoing, batch, a->outgoing->rows);
    return ledger_events_reported_by(a->ledger, a->outgoing->job, write_event, a, error);
}
