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

/* The code of an incident is decided here and nowhere else. */
static const char *code_of(enum outage_kind kind, bool share)
{
    switch (kind) {
    case OUTAGE_IN:
        return share ? "A101" : "A102";
    case OUTAGE_OUT:
        return share ? "A101" : "A103";
    case OUTAGE_CLAIM:
        break;
    }
    return "A110";
}

bool outage_init(struct outage *outage, struct gateway *gateway, enum outage_kind kind, const struct drop *drop,
                 GError **error)
{
    const char *other = code_of(kind, !drop->share);
    bool outdated = false;

    *outage = (struct outage){.gateway = gateway, .kind = kind, .code = code_of(kind, drop->share), .drop = drop};
    gateway->outages = g_slist_append(gateway->outages, outage);
    if (!ledger_incident_is_open(gateway->ledger, outage->code, drop->name, &outage->on, error) ||
        !ledger_incident_is_open(gateway->ledger, other, drop->name, &outdated, error))
        return false;
    if (outdated && kind != OUTAGE_CLAIM)
        outage->outdated = other;
    return true;
}

/* Forgets the causes. */
static void forget(struct outage *outage)
{
    g_clear_pointer(&outage->told, g_free);
    g_clear_pointer(&outage->last, g_free);
    outage->causes = 0;
}

void outage_clear(struct outage *outage)
{
    forget(outage);
    if (outage->gateway != NULL)
        outage->gateway->outages = g_slist_remove(outage->gateway->outages, outage);
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

/* What is said of the drop. A110: a drop that is not ours is not down. A101: the code does not say the direction. */
struct words {
    const char *first, *again, *over;
};

static const struct words *words_of(const struct outage *outage)
{
    static const struct words down = {"is down and tried again", "is still down, now for another cause", "works again"};
    static const struct words claimed = {"is not this gateway's and looked at again",
                                         "is still not this gateway's, now for another cause",
                                         "is this gateway's again"};
    static const struct words unread = {"cannot be read and is tried again",
                                        "still cannot be read, now for another cause", "works again"};
    static const struct words unwritten = {"cannot be written and is tried again",
                                           "still cannot be written, now for another cause", "works again"};

    if (outage->kind == OUTAGE_CLAIM)
        return &claimed;
    if (!outage->drop->share)
        return &down;
    return outage->kind == OUTAGE_IN ? &unread : &unwritten;
}

static void tell(struct outage *outage, const char *cause)
{
    if (outage->told == NULL)
        log_event(LOG(EVENT_DROP_DOWN, .drop = outage->drop->name, .code = outage->code),
                  "drop %s (%s) %s, other drops go on: %s", outage->drop->name, outage->code, words_of(outage)->first,
                  cause);
    else
        log_event(LOG(EVENT_DROP_CHANGED, .drop = outage->drop->name, .code = outage->code), "drop %s (%s) %s: %s",
                  outage->drop->name, outage->code, words_of(outage)->again, cause);
    g_free(outage->told);
    outage->told = g_strdup(cause);
    outage->causes++;
}

/* ---- the incident ---- */

static bool has_same_incident(const struct outage *a, const struct outage *b)
{
    return a->drop == b->drop && strcmp(a->code, b->code) == 0;
}

/* The other direction of a share, if it keeps the incident open; else NULL. */
static const struct outage *other_of(const struct outage *outage)
{
    for (const GSList *at = outage->gateway->outages; at != NULL; at = at->next) {
        const struct outage *other = at->data;
        if (other != outage && other->on && has_same_incident(other, outage))
            return other;
    }
    return NULL;
}

/* The text of the incident: the cause, or those of both directions of a share. NULL: none was seen in this run. g_free.
 */
static char *text_of(const struct outage *outage)
{
    GString *text = g_string_new(NULL);

    if (!outage->drop->share || outage->kind == OUTAGE_CLAIM)
        g_string_assign(text, outage->told);
    else
        for (const GSList *at = outage->gateway->outages; at != NULL; at = at->next) {
            const struct outage *one = at->data;
            if (has_same_incident(one, outage) && one->told != NULL)
                g_string_append_printf(text, "%sit cannot be %s: %s", text->len > 0 ? "; " : "",
                                       one->kind == OUTAGE_IN ? "read" : "written", one->told);
        }
    return g_string_free(text, text->len == 0);
}

static bool state(const struct outage *outage, const char *text, GError **error)
{
    return outage_commit_incident(outage->gateway, outage->code, outage->drop->name, text, error);
}

/* What is open under the other code since before the setting share changed ends; a fault that lasts gets its own. */
static bool close_outdated(struct outage *outage, GError **error)
{
    const char *code = outage->outdated;

    if (code == NULL)
        return true;
    outage->outdated = NULL;
    log_event(LOG(EVENT_DROP_CHANGED, .drop = outage->drop->name, .code = code),
              "drop %s: %s is closed, for the setting share has changed since; the code of its outages is %s now",
              outage->drop->name, code, outage->code);
    return outage_commit_incident(outage->gateway, code, outage->drop->name, NULL, error);
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
    g_autofree char *text = text_of(outage);
    return close_outdated(outage, error) && state(outage, text, error);
}

/* This direction of a share works, the other keeps the incident open. */
static bool record_half(const struct outage *outage, const struct outage *other, bool seen, GError **error)
{
    g_autofree char *text = text_of(other);

    if (seen)
        log_event(LOG(EVENT_DROP_CHANGED, .drop = outage->drop->name, .code = outage->code),
                  "drop %s (%s) can be %s again; the incident stays open until it can be %s, too", outage->drop->name,
                  outage->code, outage->kind == OUTAGE_IN ? "read" : "written",
                  other->kind == OUTAGE_IN ? "read" : "written");
    return text == NULL || state(outage, text, error);
}

bool outage_record_success(struct outage *outage, GError **error)
{
    bool seen = outage->told != NULL;

    forget(outage);
    outage->delay = outage->retry_at = 0;
    if (!close_outdated(outage, error))
        return false;
    if (!outage->on)
        return true;
    outage->on = false;
    const struct outage *other = other_of(outage);
    if (other != NULL)
        return record_half(outage, other, seen, error);
    log_event(LOG(EVENT_DROP_WORKS, .drop = outage->drop->name, .code = outage->code), "drop %s (%s) %s",
              outage->drop->name, outage->code, words_of(outage)->over);
    return state(outage, NULL, error);
}

int64_t outage_wait(const struct outage *outage)
{
    return outage->retry_at == 0 ? 0 : MAX(outage->retry_at - clock_monotonic(), 0);
}

bool outage_stops_writing(const struct gateway *gateway, const struct drop *drop)
{
    for (const GSList *at = gateway->outages; at != NULL; at = at->next) {
        const struct outage *outage = at->data;
        if (outage->on && outage->kind != OUTAGE_IN && strcmp(outage->drop->name, drop->name) == 0)
            return true;
    }
    return false;
}
