/*
 * On a disk that is wholly full the incident cannot be committed. That must not end the pass, which may free room or
 * deliver what is due: the message stands in the log, and a later pass opens the incident. Only then is it reported.
 */
#include "gateway/pipeline/watches/room_watch.h"

#include "gateway/answers/incidents.h"
#include "gateway/pipeline/outage.h"
#include "gateway/room.h"
#include "spool/ledger/ledger_incidents.h"

static const char *const code = "A108";

/* Opens the incident, or corrects its text. A ledger that has no room for it is left for a later pass. */
static bool open_incident(struct gateway *gateway, const char *subject, const char *text, GError **error)
{
    GError *cause = NULL;

    gateway->failed = true;
    if (outage_commit_incident(gateway, code, subject, text, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause);
    return true;
}

static bool look(struct gateway *gateway, enum room_disk which, GError **error)
{
    g_auto(room_t) room = {0};

    if (!room_look(gateway->config, which, &room, error))
        return false;
    gateway->low[which] = room.low && !room.shared;
    if (!gateway->low[which]) {
        log_over(LOG(EVENT_DISK_LOW, .code = code, .subject = room.subject));
        return true;
    }
    g_autofree char *text = room_problem(&room);
    log_event(LOG(EVENT_DISK_LOW, .code = code, .subject = room.subject), "%s: %s; %" G_GINT64_FORMAT " MiB are free",
              code, text, room.free >> 20);
    return open_incident(gateway, room.subject, text, error);
}

bool room_watch(struct gateway *gateway, GError **error)
{
    gateway->file_waits = false;
    for (int which = 0; which < ROOM_DISKS; which++) {
        if (!look(gateway, (enum room_disk)which, error))
            return false;
    }
    gateway->no_room = gateway->low[ROOM_SPOOL] || gateway->low[ROOM_LEDGER];
    return true;
}

bool room_report_file(struct gateway *gateway, const char *drop, const char *name, int64_t size, GError **error)
{
    int64_t mib = gateway->config->reserve >> 20;
    g_autofree char *text = g_strdup_printf("drop %s: %s of %" G_GINT64_FORMAT " bytes was not picked up: the spool's "
                                            "disk has less room than the file and the reserve of %" G_GINT64_FORMAT
                                            " MiB; make room, and the next pass picks it up",
                                            drop, name, size, mib);

    gateway->file_waits = true;
    log_event(LOG(EVENT_FILE_WAITS, .code = code), "%s: %s", code, text);
    return open_incident(gateway, "spool", text, error);
}

static bool close_incident(struct gateway *gateway, const char *subject, GError **error)
{
    bool open;

    if (!ledger_incident_is_open(gateway->ledger, code, subject, &open, error))
        return false;
    if (!open)
        return true;
    log_event(LOG(EVENT_DISK_FREE, .code = code, .subject = subject), "%s: the %s's disk has room again", code,
              subject);
    return outage_commit_incident(gateway, code, subject, NULL, error);
}

bool room_settle(struct gateway *gateway, GError **error)
{
    if (!gateway->file_waits)
        log_over(LOG(EVENT_FILE_WAITS, .code = code));
    return (gateway->low[ROOM_SPOOL] || gateway->file_waits || close_incident(gateway, "spool", error)) &&
           (gateway->low[ROOM_LEDGER] || close_incident(gateway, "ledger", error));
}
