#include "gateway/answers/incident_file.h"

#include "formats/csv_cell.h"
#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/layout.h"
#include "gateway/answers/answer.h"
#include "gateway/answers/incidents.h"
#include "spool/ledger/ledger_incidents.h"

#include <inttypes.h>
#include <string.h>

enum { NUMBER_SIZE = 24 };

struct incident_file {
    struct writer *writer;
    int64_t rows;
};

/* Why a drop is down names folders, hosts and users: that stays at home, `incident show` tells it. */
static char *text_of(const struct ledger_incident *incident, const struct ledger_event *event)
{
    enum code code;

    if (event->closed)
        return csv_harmless(incident->reason);
    if (catalogue_find(incident->code, &code) && (code == A102 || code == A103))
        return g_strdup_printf("drop %s: %s", incident->subject, catalogue_entry(code)->name);
    return csv_harmless(incident->text);
}

static bool write_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                        GError **error)
{
    struct incident_file *file = user;
    struct incident_kind kind;
    char record[NUMBER_SIZE], id[INCIDENT_ID_SIZE], at[INSTANT_TEXT_SIZE], device[EUI64_TEXT_SIZE];
    g_autofree char *name = csv_harmless(incident->file);
    g_autofree char *text = text_of(incident, event);

    if (!incident_kind_of(incident, &kind)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "the incident %s has a code that there is not",
                    incident_id(incident->id, id));
        return false;
    }
    g_snprintf(record, sizeof record, "%" PRId64, ++file->rows);
    instant_print(event->closed ? incident->closed : incident->opened, at);
    if (incident->has_device)
        eui64_print(incident->device, device);
    const char *values[] = {record,
                            incident_id(incident->id, id),
                            event->closed ? "CLEARED" : "RAISED",
                            at,
                            kind.category,
                            incident->code,
                            kind.scope,
                            name,
                            incident->batch,
                            incident->has_device ? device : NULL,
                            incident->parties,
                            kind.resolver,
                            text};
    writer_row(file->writer, &layout_incident, values);
    return true;
}

bool incident_file_write(struct gateway *gateway, const struct ledger_outgoing *part, struct writer *writer,
                         int64_t *rows, GError **error)
{
    struct incident_file file = {.writer = writer};
    char batch[NUMBER_SIZE];

    g_snprintf(batch, sizeof batch, "INC-FILE-%06" PRId64, part->sequence);
    answer_write_header(writer, part, batch, part->rows);
    bool good = ledger_events_reported_by(gateway->ledger, part->job, write_event, &file, error);
    *rows = file.rows;
    return good;
}
