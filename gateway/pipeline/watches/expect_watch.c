/*
 * What the ledger says is compared with the open incidents in each pass. Nothing is kept over a restart: the newest due
 * time is found again, and an incident for it, open or closed, says that it was judged.
 */
#include "gateway/pipeline/watches/expect_watch.h"

#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/pauses.h"
#include "gateway/condition/expected.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"

#include <inttypes.h>
#include <string.h>

static const char code[] = "A112";

/* The newest due time of one expectation. */
struct slot {
    int64_t due;     /* seconds UTC; 0: none yet */
    int64_t noticed; /* monotonic microseconds: the pass that saw it first */
    bool waits;      /* it is late by what is known, and its drop has not shown yet what stood there */
};

struct expect_watch {
    struct gateway *gateway;
    struct pickup *pickup;
    struct slot *slots; /* one for each expectation of the configuration */
    bool wait_no_more;
};

static guint count_of(const struct expect_watch *watch)
{
    return watch->gateway->config->expectations->len;
}

static const struct expectation *at(const struct expect_watch *watch, guint i)
{
    return watch->gateway->config->expectations->pdata[i];
}

static const char *drop_of(const struct expect_watch *watch, guint i)
{
    return rules_party(&watch->gateway->config->identity, at(watch, i)->party)->drop;
}

struct expect_watch *expect_watch_new(struct gateway *gateway, struct pickup *pickup)
{
    struct expect_watch *watch = g_new0(struct expect_watch, 1);

    watch->gateway = gateway;
    watch->pickup = pickup;
    watch->slots = g_new0(struct slot, count_of(watch));
    return watch;
}

void expect_watch_free(struct expect_watch *watch)
{
    if (watch == NULL)
        return;
    g_free(watch->slots);
    g_free(watch);
}

void expect_watch_begin_pass(struct expect_watch *watch, int64_t now)
{
    struct expectation_due due;

    for (guint i = 0; i < count_of(watch); i++) {
        if (!expectation_last(at(watch, i), now, &due) || due.at == watch->slots[i].due)
            continue;
        watch->slots[i] = (struct slot){.due = due.at, .noticed = clock_monotonic()};
        pickup_list_again(watch->pickup, drop_of(watch, i));
    }
}

/* ---- texts ---- */

/* Why files that are in the drop may not be picked up. */
static bool append_cause(struct expect_watch *watch, guint i, GString *text, GError **error)
{
    static const char *const codes[] = {"A101", "A102", "A110"};
    const char *drop = drop_of(watch, i);
    bool open = false;

    for (size_t n = 0; n < G_N_ELEMENTS(codes); n++) {
        if (!ledger_incident_is_open(watch->gateway->ledger, codes[n], drop, &open, error))
            return false;
        if (open)
            g_string_append_printf(text, "; nothing can be picked up from drop %s (%s)", drop, codes[n]);
    }
    return pauses_append(watch->gateway, LEDGER_HOLD_IN, drop, text, error);
}

/* NULL: the ledger failed. g_free. */
static char *late_text(struct expect_watch *watch, guint i, const struct expected *found, GError **error)
{
    const struct expectation *expect = at(watch, i);
    const struct ledger_arrivals *came = &found->came;
    g_autoptr(GString) text = g_string_new(NULL);
    char due[INSTANT_TEXT_SIZE], by[EXPECTATION_TIME_SIZE];

    instant_print(found->last.at, due);
    expectation_print_time(expect->by, by);
    g_string_printf(text, "expected %" PRId64 " %s of %s by %s (%s %s); accepted: %" PRId64, expect->count,
                    expect->type, expect->party, due, by, expect->zone_name, came->accepted);
    if (came->rejected > 0)
        g_string_append_printf(text, ", rejected whole: %" PRId64, came->rejected);
    if (came->waiting > 0)
        g_string_append_printf(text, ", not judged yet: %" PRId64, came->waiting);
    g_string_append_printf(text, "; ask %s to send what is missing", expect->party);
    return append_cause(watch, i, text, error) ? g_strdup(text->str) : NULL;
}

/* ---- closing ---- */

static bool close_incident(struct gateway *gateway, const struct ledger_incident *incident, const char *text,
                           GError **error)
{
    struct ledger *ledger = gateway->ledger;

    log_event(LOG(EVENT_INCIDENT_OVER, .code = code, .subject = incident->subject), "%s (%s): %s", incident->subject,
              code, text);
    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_incident_change(ledger, incident->id, text, error) &&
        ledger_incident_close(ledger, code, incident->subject, clock_now(), error) &&
        ledger_commit(STEP_OUTAGE_CLEARED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* The expectation that an incident is about; NULL: the configuration has it no more. */
static const struct expectation *of_subject(const struct expect_watch *watch, const char *subject)
{
    for (guint i = 0; i < count_of(watch); i++) {
        size_t len = strlen(at(watch, i)->name);
        if (strncmp(subject, at(watch, i)->name, len) == 0 && subject[len] == ' ')
            return at(watch, i);
    }
    return NULL;
}

/* Days are written so that their texts sort as they do. */
static char *over_text(const struct expectation *expect, const char *subject, const struct expectation_due *last)
{
    char day[EXPECTATION_DATE_SIZE];

    if (expect == NULL)
        return g_strdup("the configuration has no such [expect NAME] any more");
    expectation_print_day(last->day, day);
    if (last->at == 0 || strcmp(subject + strlen(expect->name) + 1, day) > 0)
        return g_strdup_printf("[expect %s] expects no file of that day any more", expect->name);
    return g_strdup_printf("not all files have come until the next due time, that of %s", day);
}

/* Closes what is not about the newest due time of an expectation. */
static bool close_if_over(struct expect_watch *watch, const char *subject, int64_t now, GError **error)
{
    const struct expectation *expect = of_subject(watch, subject);
    struct expectation_due last = {0};
    g_autofree struct ledger_incident *incident = NULL;

    if (expect != NULL && !expectation_last(expect, now, &last))
        last = (struct expectation_due){0};
    if (last.at != 0) {
        g_autofree char *newest = expected_subject(expect, &last);
        if (strcmp(newest, subject) == 0)
            return true;
    }
    g_autofree char *text = over_text(expect, subject, &last);
    return ledger_incident_newest(watch->gateway->ledger, code, subject, &incident, error) &&
           close_incident(watch->gateway, incident, text, error);
}

static bool close_over(struct expect_watch *watch, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(watch->gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++) {
        if (!close_if_over(watch, subjects->pdata[i], now, error))
            return false;
    }
    return true;
}

/* ---- opening ---- */

/* What stood in the drop at the due time is in the spool, or was waited for long enough. */
static bool has_shown(const struct expect_watch *watch, guint i)
{
    const struct slot *slot = &watch->slots[i];
    int64_t longest = watch->gateway->config->reference_wait * G_USEC_PER_SEC;

    return watch->wait_no_more || clock_monotonic() - slot->noticed >= longest ||
           pickup_has_shown(watch->pickup, drop_of(watch, i), slot->noticed);
}

/* Opens the incident, or gives the open one the present numbers. */
static bool state(struct expect_watch *watch, guint i, const struct expected *found, const char *subject,
                  GError **error)
{
    g_autofree char *text = late_text(watch, i, found, error);
    enum incidents_news news;

    if (text == NULL)
        return false;
    const struct ledger_incident incident = {
        .code = code, .subject = subject, .parties = at(watch, i)->party, .text = text};
    if (!outage_commit_cause(watch->gateway, &incident, &news, error))
        return false;
    if (news == INCIDENT_CHANGED)
        log_event(LOG(EVENT_INCIDENT_CHANGED, .code = code, .subject = subject), "%s (%s): %s", subject, code, text);
    return true;
}

static bool follow(struct expect_watch *watch, guint i, int64_t now, GError **error)
{
    const struct expectation *expect = at(watch, i);
    g_autofree struct ledger_incident *known = NULL;
    struct expected found;

    watch->slots[i].waits = false;
    if (!expected_find(watch->gateway, expect, now, &found, error))
        return false;
    if (found.last.at == 0)
        return true;
    g_autofree char *subject = expected_subject(expect, &found.last);
    bool open = false;
    if (!ledger_incident_is_open(watch->gateway->ledger, code, subject, &open, error))
        return false;
    if (!open && !expected_is_late(expect, &found))
        return true; /* as nearly always: no index finds a closed one */
    if (!ledger_incident_newest(watch->gateway->ledger, code, subject, &known, error))
        return false;
    if (known != NULL && known->closed != 0)
        return true;
    if (known != NULL && expected_is_met(expect, &found))
        return close_incident(watch->gateway, known, "all files have come, late", error);
    watch->slots[i].waits = known == NULL && !has_shown(watch, i);
    return watch->slots[i].waits || state(watch, i, &found, subject, error);
}

bool expect_watch(struct expect_watch *watch, int64_t now, GError **error)
{
    bool good = close_over(watch, now, error);

    for (guint i = 0; good && i < count_of(watch); i++)
        good = follow(watch, i, now, error);
    return good;
}

/* ---- when ---- */

int64_t expect_watch_next(const struct expect_watch *watch, int64_t now)
{
    int64_t next = G_MAXINT64;
    struct expectation_due due;

    for (guint i = 0; i < count_of(watch); i++) {
        if (expectation_next(at(watch, i), now, &due))
            next = MIN(next, due.at);
    }
    return next;
}

int64_t expect_watch_due(const struct expect_watch *watch)
{
    int64_t longest = watch->gateway->config->reference_wait * G_USEC_PER_SEC, due = G_MAXINT64;

    for (guint i = 0; i < count_of(watch); i++) {
        if (watch->slots[i].waits)
            due = MIN(due, MAX(watch->slots[i].noticed + longest - clock_monotonic(), 0));
    }
    return due;
}

void expect_watch_wait_no_more(struct expect_watch *watch)
{
    watch->wait_no_more = true;
}
