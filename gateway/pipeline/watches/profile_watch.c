/*
 * Why the gateway starts with such a fault, and only this partner waits: after a restart in the night a share that is
 * not mounted would stop all partners. A name server does the same with a zone that it cannot load. To read the files
 * with another profile of the list would refuse for ever what the missing one allows.
 */
#include "gateway/pipeline/watches/profile_watch.h"

#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"

#include <string.h>

static const char code[] = "A119", of_reports[] = "reports";

/* Why no report is issued, or else why one of them is not written; NULL: all is well. */
static const char *reports_stopped(const struct gateway *gateway)
{
    if (gateway->config->reports_stopped != NULL)
        return gateway->config->reports_stopped;
    return gateway->reports_wait != NULL ? gateway->reports_wait : gateway->report_waits;
}

/* What stands still for it. */
static const char *consequence(const struct gateway *gateway, const char *subject)
{
    if (strcmp(subject, of_reports) != 0)
        return "its files wait, both ways";
    return reports_stopped(gateway) != gateway->report_waits ? "no report is issued" : "a file of a report waits";
}

/* The subject is that of a party, or of reports, that can be used now, or that are no more in the configuration. */
static bool is_mended(const struct gateway *gateway, const char *subject)
{
    const struct party *party = rules_party(&gateway->config->identity, subject);

    return strcmp(subject, of_reports) == 0 ? reports_stopped(gateway) == NULL
                                            : party == NULL || party->stopped == NULL;
}

static bool close_mended(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (is_mended(gateway, subjects->pdata[i]) &&
            !outage_commit_incident(gateway, code, subjects->pdata[i], NULL, error))
            return false;
    }
    return true;
}

static bool state(struct gateway *gateway, const char *subject, const char *stopped, GError **error)
{
    enum incidents_news news;

    if (stopped == NULL)
        return true;
    g_autofree char *text = g_strdup_printf(
        "its profiles cannot be used, so %s: %s; mend that, then reload the gateway (SIGHUP) or start it anew",
        consequence(gateway, subject), stopped);
    const struct ledger_incident incident = {.code = code, .subject = subject, .parties = subject, .text = text};
    gateway->failed = true;
    return outage_commit_cause(gateway, &incident, &news, error);
}

static bool state_all(struct gateway *gateway, GError **error)
{
    const struct identity *identity = &gateway->config->identity;

    for (size_t i = 0; i < identity->n_parties; i++) {
        if (!state(gateway, identity->parties[i].org, identity->parties[i].stopped, error))
            return false;
    }
    return state(gateway, of_reports, reports_stopped(gateway), error);
}

bool profile_watch(struct gateway *gateway, GError **error)
{
    return close_mended(gateway, error) && state_all(gateway, error);
}
