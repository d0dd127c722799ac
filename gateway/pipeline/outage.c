/*
 * The message comes with the first failure of a run, even if the incident is open already from an earlier run: who
 * starts the gateway must see why nothing moves.
 */
#include "gateway/pipeline/outage.h"

#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "spool/ledger/ledger_incidents.h"

enum { FIRST_DELAY = 1000000, LONGEST_DELAY = 60000000 }; /* microseconds */

bool outage_init(struct outage *outage, struct gateway *gateway, const char *code, const struct drop *drop,
                 GError **error)
{
    *outage = (struct outage){.gateway = gateway, .code = code, .drop = drop};
    return ledger_incident_is_open(gateway->ledger, code, drop->name, &outage->on, error);
}

bool outage_commit_incident(struct gateway *gateway, const char *code, const char *subject, const char *text,
                            GError **error)
{
    struct ledger *ledger = gateway->ledger;
    int64_t now = clock_now();
    g_autofree char *parties = incidents_parties_of(gateway->config, subject);
    const struct ledger_incident incident = {
        .code = code, .subject = subject, .parties = parties, .opened = now, .text = text};

    if (!ledger_begin(ledger, error))
        return false;
    bool good = text != NULL ? ledger_incident_open(ledger, &incident, error)
                             : ledger_incident_close(ledger, code, subject, now, error);
    if (good && ledger_commit(text != NULL ? STEP_OUTAGE_NOTED : STEP_OUTAGE_CLEARED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

static void put_off(struct outage *outage)
{
    outage->delay = outage->delay == 0 ? FIRST_DELAY : MIN(outage->delay * 2, LONGEST_DELAY);
    outage->retry_at = clock_monotonic() + (int64_t)((double)outage->delay * g_random_double_range(0.75, 1.25));
}

bool outage_record_failure(struct outage *outage, GError *cause, GError **error)
{
    g_autofree char *text = g_strdup(cause->message);
    bool first = outage->delay == 0, good = true;

    put_off(outage);
    outage->gateway->failed = true;
    if (first)
        gateway_note("drop %s (%s) is down and tried again, other drops go on: %s", outage->drop->name, outage->code,
                     text);
    g_error_free(cause);
    if (!outage->on)
        good = outage_commit_incident(outage->gateway, outage->code, outage->drop->name, text, error);
    outage->on = true;
    return good;
}

bool outage_record_success(struct outage *outage, GError **error)
{
    outage->delay = outage->retry_at = 0;
    if (!outage->on)
        return true;
    outage->on = false;
    gateway_note("drop %s (%s) works again", outage->drop->name, outage->code);
    return outage_commit_incident(outage->gateway, outage->code, outage->drop->name, NULL, error);
}

int64_t outage_wait(const struct outage *outage)
{
    return outage->retry_at == 0 ? 0 : MAX(outage->retry_at - clock_monotonic(), 0);
}
