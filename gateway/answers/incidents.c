/*
 * Opening and closing happens in the transaction of the cause, so that an incident can neither be lost nor reported
 * without its cause. That an open incident is not opened twice is left to a unique index of the ledger: a caller states
 * the cause as often as it sees it.
 */
#include "gateway/answers/incidents.h"

#include "formats/eui64.h"
#include "gateway/answers/plan.h"
#include "gateway/clock.h"

#include <string.h>

char *incidents_parties_of(const struct config *config, const char *drop_or_type)
{
    const struct identity *identity = &config->identity;
    GString *orgs = g_string_new(NULL);

    for (size_t i = 0; i < identity->n_parties; i++) {
        const struct party *party = &identity->parties[i];
        if (strcmp(party->drop, drop_or_type) == 0 || rules_may_send(party, drop_or_type))
            g_string_append_printf(orgs, "%s%s", orgs->len ? ";" : "", party->org);
    }
    return g_string_free(orgs, orgs->len == 0);
}

/* ---- a cause that may change ---- */

static const char *skip_digits(const char *text)
{
    while (g_ascii_isdigit(*text))
        text++;
    return text;
}

bool incidents_same_cause(const char *a, const char *b)
{
    while (*a != '\0' && (g_ascii_isdigit(*a) ? g_ascii_isdigit(*b) : *a == *b)) {
        bool number = g_ascii_isdigit(*a);
        a = number ? skip_digits(a) : a + 1;
        b = number ? skip_digits(b) : b + 1;
    }
    return *a == *b;
}

bool incidents_state(struct gateway *gateway, const struct ledger_incident *incident, enum incidents_news *news,
                     GError **error)
{
    g_autofree struct ledger_incident *known = NULL;

    *news = INCIDENT_AS_BEFORE;
    if (!ledger_incident_newest(gateway->ledger, incident->code, incident->subject, &known, error))
        return false;
    if (known == NULL || known->closed != 0) {
        *news = INCIDENT_OPENED;
        return ledger_incident_open(gateway->ledger, incident, error);
    }
    if (known->text != NULL && incidents_same_cause(known->text, incident->text))
        return true;
    *news = INCIDENT_CHANGED;
    return ledger_incident_change(gateway->ledger, known->id, incident->text, error);
}

/* ---- files ---- */

/* g_free. The drop proves who sent a file. Its name only says which of the drop's parties that was, and counts only
 * when that party has this drop. */
static char *parties_of_file(const struct config *config, const struct ledger_job *job)
{
    const struct party *party = job->org != NULL ? rules_party(&config->identity, job->org) : NULL;

    return party != NULL && strcmp(party->drop, job->drop) == 0 ? g_strdup(party->org)
                                                                : incidents_parties_of(config, job->drop);
}

static bool open_of_file(struct gateway *gateway, const struct ledger_job *job, const struct finding *deciding,
                         int64_t now, GError **error)
{
    g_autofree char *subject = g_strdup_printf("%s/%s", job->drop, job->name);
    g_autofree char *parties = parties_of_file(gateway->config, job);
    const struct ledger_incident incident = {.code = catalogue_entry(deciding->code)->id,
                                             .subject = subject,
                                             .parties = parties,
                                             .job = job->id,
                                             .revision = job->revision,
                                             .opened = now,
                                             .text = deciding->text};

    return ledger_incident_open(gateway->ledger, &incident, error);
}

bool incidents_follow_verdict(struct gateway *gateway, const struct ledger_job *job, const struct verdict *verdict,
                              int64_t now, GError **error)
{
    if (verdict->outcome == OUTCOME_RJ)
        return open_of_file(gateway, job, verdict_deciding(verdict), now, error);
    return ledger_incident_close_file(gateway->ledger, job->id, now, error) &&
           (verdict->corrects == 0 || ledger_incident_close_file(gateway->ledger, verdict->corrects, now, error));
}

/* ---- Devices ---- */

/* The other permanent codes of a Device are for the sender of the instruction, who finds them in the EMD. */
static bool is_for_dcc(const struct row *row, enum code code)
{
    return row_has_permanent(row, code) && strcmp(catalogue_resolver(code, NULL), "DCC incident") == 0;
}

bool incidents_open_device(struct gateway *gateway, const struct incidents_device *of, const struct row *row,
                           int64_t now, GError **error)
{
    char subject[EUI64_TEXT_SIZE];
    struct ledger_incident incident = {.subject = subject,
                                       .parties = of->parties,
                                       .job = of->job,
                                       .revision = of->revision,
                                       .has_device = true,
                                       .device = of->device,
                                       .opened = now};

    eui64_print(of->device, subject);
    for (enum code code = C101; code < D101; code++) {
        if (!is_for_dcc(row, code))
            continue;
        incident.code = catalogue_entry(code)->id;
        incident.text = catalogue_entry(code)->name;
        if (!ledger_incident_open(gateway->ledger, &incident, error))
            return false;
    }
    return true;
}

bool incidents_close_device(struct gateway *gateway, uint64_t device, int64_t now, GError **error)
{
    return ledger_incident_close_device(gateway->ledger, device, now, error);
}

/* ---- reporting ---- */

/* Plans the INC of n events from `first` on, and commits. */
static bool plan(struct gateway *gateway, const struct party *party, int64_t first, int64_t n, GError **error)
{
    char recipient[EUI64_TEXT_SIZE];
    const struct ledger_outgoing file = {.kind = "INC",
                                         .form = form_name(FORM_CSV),
                                         .drop = party->drop,
                                         .recipient = recipient,
                                         .created = clock_now(),
                                         .rows = n};
    int64_t job;

    eui64_print(party->eui64, recipient);
    return plan_file(gateway, &file, &job, error) &&
           ledger_events_mark_reported(gateway->ledger, job, first, n, error) &&
           ledger_commit(STEP_INCIDENTS_TOLD, gateway->ledger, error);
}

bool incidents_report(struct gateway *gateway, bool *planned, GError **error)
{
    const struct party *party = rules_party(&gateway->config->identity, gateway->config->incident_party);
    int64_t first = 0, n = 0;

    *planned = false;
    if (!ledger_events_unreported(gateway->ledger, &first, &n, error))
        return false;
    if (n == 0)
        return true;
    if (party == NULL) {
        log_event(LOG(EVENT_INCIDENTS_UNREPORTED),
                  "incidents are not reported: there is no [party %s], which incident_party names; add it, or "
                  "name another party",
                  gateway->config->incident_party);
        return true;
    }
    if (party->stopped != NULL)
        return true; /* they wait in the ledger */
    if (!ledger_begin(gateway->ledger, error))
        return false;
    *planned = plan(gateway, party, first, n, error);
    if (!*planned)
        ledger_rollback(gateway->ledger);
    return *planned;
}
