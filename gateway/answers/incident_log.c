/* The text of an incident of a file may quote the file, which may name a Device: the name of its code stands for it. */
#include "gateway/answers/incident_log.h"

#include "gateway/answers/incident_id.h"
#include "spool/ledger/ledger_incidents.h"
#include "validators/catalogue.h"

#include <string.h>

bool incident_log_begin(struct gateway *gateway, GError **error)
{
    return gateway->incident_events > 0 || ledger_events_newest(gateway->ledger, &gateway->incident_events, error);
}

/* What is wrong, without what a file or a Device says. */
static const char *safe_text(const struct ledger_incident *incident)
{
    enum code code;

    if (incident->job == 0)
        return incident->opened_for != NULL ? incident->opened_for : incident->text;
    return catalogue_find(incident->code, &code) ? catalogue_entry(code)->name : "";
}

static void log_device(const struct ledger_incident *incident, const struct ledger_event *event, const char *id)
{
    enum code code;

    if (catalogue_find(incident->code, &code))
        log_add(event->closed ? EVENT_DEVICE_INCIDENTS_CLOSED : EVENT_DEVICE_INCIDENTS_OPENED,
                catalogue_entry(code)->id, 1);
    log_event(LOG(EVENT_DEVICE_INCIDENT, .job = incident->job, .party = incident->parties, .batch = incident->batch,
                  .code = incident->code, .subject = incident->subject),
              "%s is %s: %s (%s)", id, event->closed ? "closed" : "opened", incident->subject, incident->code);
}

static bool log_one(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                    GError **error)
{
    struct gateway *gateway = user;
    char id[INCIDENT_ID_SIZE];

    (void)error; /* cannot fail */
    gateway->incident_events = event->id;
    (void)incident_id(incident->id, id);
    if (incident->has_device) {
        log_device(incident, event, id);
        return true;
    }
    const struct log_event about = {.id = event->closed ? EVENT_INCIDENT_CLOSED : EVENT_INCIDENT_OPENED,
                                    .job = incident->job,
                                    .file = incident->file,
                                    .party = incident->parties,
                                    .batch = incident->batch,
                                    .code = incident->code,
                                    .subject = incident->subject,
                                    .by = event->closed ? incident->who : NULL};
    if (event->closed)
        log_event(&about, "%s is closed%s%s: %s (%s)", id, incident->who != NULL ? " by " : "",
                  incident->who != NULL ? incident->who : "", incident->subject, incident->code);
    else
        log_event(&about, "%s is opened: %s (%s): %s", id, incident->subject, incident->code, safe_text(incident));
    return true;
}

bool incident_log_pass(struct gateway *gateway, GError **error)
{
    return ledger_events_after(gateway->ledger, gateway->incident_events, log_one, gateway, error);
}
