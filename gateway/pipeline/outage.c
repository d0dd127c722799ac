/*
 * The message comes with the first failure of a run, even if the incident is open already from an earlier run: who
 * starts the gateway must see why nothing moves.
 */
#include "gateway/pipeline/outage.h"

#include "gateway/clock.h"
#include "spool/ledger/ledger_incidents.h"

#include <string.h>

enum { FIRST_DELAY = 1000000, LONGEST_DELAY = 60000000 }; /* microseconds */
enum { TOLD_AT_ONCE = 4 };                                /* causes of one outage that are told when they come first */

bool outage_init(struct outage *outage, struct gateway *gateway, const char *code, const struct drop *drop,
                 GError **error)
{
    *outage = (struct outage){.gateway = gateway, .code = code, .drop = drop};
    return ledger_incident_is_open(gateway->ledger, code, drop->name, &outage->on, error);
}

void outage_clear(struct outage *outage)
{
    g_clear_pointer(&outage->told, g_free);
    g_clear_pointer(&outage->last, g_free);
    outage->causes = 0;
}

bool outage_commit_cause(struct gateway *gateway, const struct ledger_incident *incident, enum incidents_news *news,
                         GError **error)
{
    struct ledger *ledger = gateway->ledger;
    struct ledger_incident stated = *incident;
    g_autofree char *parties = incidents_parties_of(gateway->config, incident->subject);

    stated.opened = clock_now();
    if (stated.parties == NULL)
        stated.parties = parties;
    if (!ledger_begin(ledger, error))
        return false;
    bool good = incidents_state(gateway, &stated, news, error);
    if (good && *news != INCIDENT_AS_BEFORE && ledger_commit(STEP_OUTAGE_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return good && *news == INCIDENT_AS_BEFORE;
}

static bool commit_closing(struct gateway *gateway, const char *code, const char *subject, GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_incident_close(ledger, code, subject, clock_now(), error) &&
        ledger_commit(STEP_OUTAGE_CLEARED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool outage_commit_incident(struct gateway *gateway, const char *code, const char *subject, const char *text,
                            GError **error)
{
    const struct ledger_incident incident = {.code = code, .subject = subject, .text = text};
    enum incidents_news news;

    return text != NULL ? outage_commit_cause(gateway, &incident, &news, error)
                        : commit_closing(gateway, code, subject, error);
}

bool outage_commit_others_closed(struct gateway *gateway, const char *code, const char *present, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (g_strcmp0(subjects->pdata[i], present) != 0 &&
            !outage_commit_incident(gateway, code, subjects->pdata[i], NULL, error))
            return false;
    }
    return true;
}

static void put_off(struct outage *outage)
{
    outage->delay = outage->delay == 0 ? FIRST_DELAY : MIN(outage->delay * 2, LONGEST_DELAY);
    outage->retry_at = clock_monotonic() + (int64_t)((double)outage->delay * g_random_double_range(0.75, 1.25));
}

/* True if the cause is to be told. */
static bool is_news(const struct outage *outage, const char *cause)
{
    if (outage->told == NULL)
        return true;
    return !incidents_same_cause(outage->told, cause) &&
           (outage->causes < TOLD_AT_ONCE || incidents_same_cause(outage->last, cause));
}

/* What is said of the drop: a drop that is not ours (A110) is not down. */
struct words {
    const char *first, *again, *over;
};

static const struct words *words_of(const struct outage *outage)
{
    static const struct words down = {"is down and tried again", "is still down, now for another cause", "works again"};
    static const struct words claimed = {"is not this gateway's and looked at again",
                                         "is still not this gateway's, now for another cause",
                                         "is this gateway's again"};

    return strcmp(outage->code, "A110") == 0 ? &claimed : &down;
}

static void tell(struct outage *outage, const char *cause)
{
    if (outage->told == NULL)
        gateway_note("drop %s (%s) %s, other drops go on: %s", outage->drop->name, outage->code,
                     words_of(outage)->first, cause);
    else
        gateway_note("drop %s (%s) %s: %s", outage->drop->name, outage->code, words_of(outage)->again, cause);
    g_free(outage->told);
    outage->told = g_strdup(cause);
    outage->causes++;
}

/* An operator may have closed the incident: so the ledger is asked at each failure. */
bool outage_record_failure(struct outage *outage, GError *cause, GError **error)
{
    put_off(outage);
    outage->gateway->failed = true;
    if (is_news(outage, cause->message))
        tell(outage, cause->message);
    g_free(outage->last);
    outage->last = g_strdup(cause->message);
    g_error_free(cause);
    outage->on = true;
    return outage_commit_incident(outage->gateway, outage->code, outage->drop->name, outage->told, error);
}

bool outage_record_success(struct outage *outage, GError **error)
{
    outage_clear(outage);
    outage->delay = outage->retry_at = 0;
    if (!outage->on)
        return true;
    outage->on = false;
    gateway_note("drop %s (%s) %s", outage->drop->name, outage->code, words_of(outage)->over);
    return outage_commit_incident(outage->gateway, outage->code, outage->drop->name, NULL, error);
}

int64_t outage_wait(const struct outage *outage)
{
    return outage->retry_at == 0 ? 0 : MAX(outage->retry_at - clock_monotonic(), 0);
}
