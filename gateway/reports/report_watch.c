/*
 * A106: a report whose files are not delivered in time. One incident for each period, opened `report_grace` after the
 * period was issued and closed when all its files are delivered. The time counts from the issuing and not from the
 * period's end: periods that are made up after a downtime would all be late otherwise.
 */
#include "gateway/reports/reports.h"

#include "formats/instant.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/drops/drop.h"
#include "gateway/pauses.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reports.h"
#include "validators/catalogue.h"

#include <string.h>

struct late {
    char *subject, *text; /* of the incident */
};

/* One pass of the watch. */
struct watching {
    struct gateway *gateway;
    struct ledger *ledger;
    int64_t now;
    GArray *late;    /* struct late, oldest first */
    GPtrArray *over; /* subjects of open incidents whose period is not late any more */
};

static void clear_late(gpointer user)
{
    struct late *late = user;

    g_free(late->subject);
    g_free(late->text);
}

/* Names the paused drops for which files of the period wait: then that is the cause. */
static bool append_pauses(const struct watching *w, const struct ledger_period *period, GString *text, GError **error)
{
    const GPtrArray *drops = w->gateway->config->drops;
    int64_t n = 0;

    for (guint i = 0; i < drops->len; i++) {
        const char *drop = ((const struct drop *)drops->pdata[i])->name;
        if (!ledger_period_undelivered_to(w->ledger, period, drop, &n, error) ||
            (n > 0 && !pauses_append(w->gateway, LEDGER_HOLD_OUT, drop, text, error)))
            return false;
    }
    return true;
}

static bool add_late(void *user, const struct ledger_period *period, int64_t n, GError **error)
{
    struct watching *w = user;
    char starts[INSTANT_TEXT_SIZE], issued[INSTANT_TEXT_SIZE];
    g_autoptr(GString) text = g_string_new(NULL);
    struct late late;

    instant_print(period->starts, starts);
    instant_print(period->issued, issued);
    g_string_printf(text, "issued at %s; %" G_GINT64_FORMAT " of its files are not delivered", issued, n);
    if (!append_pauses(w, period, text, error))
        return false;
    late.subject = g_strdup_printf("%s %s", period->ref, starts);
    late.text = g_strdup(text->str);
    g_array_append_val(w->late, late);
    return true;
}

static bool is_late(const struct watching *w, const char *subject)
{
    for (guint i = 0; i < w->late->len; i++) {
        if (strcmp(g_array_index(w->late, struct late, i).subject, subject) == 0)
            return true;
    }
    return false;
}

static bool add_over(void *user, const struct ledger_incident *incident, GError **error)
{
    struct watching *w = user;

    (void)error; /* cannot fail */
    if (strcmp(incident->code, catalogue_entry(A106)->id) == 0 && incident->closed == 0 &&
        !is_late(w, incident->subject))
        g_ptr_array_add(w->over, g_strdup(incident->subject));
    return true;
}

static bool open_one(struct watching *w, const struct late *late, bool *any, GError **error)
{
    const char *code = catalogue_entry(A106)->id;
    const struct ledger_incident incident = {
        .code = code, .subject = late->subject, .opened = w->now, .text = late->text};
    enum incidents_news news;

    if (!incidents_state(w->gateway, &incident, &news, error))
        return false;
    *any |= news != INCIDENT_AS_BEFORE;
    return true;
}

static bool open_all(struct watching *w, bool *any, GError **error)
{
    for (guint i = 0; i < w->late->len; i++) {
        if (!open_one(w, &g_array_index(w->late, struct late, i), any, error))
            return false;
    }
    return true;
}

static bool close_all(struct watching *w, bool *any, GError **error)
{
    for (guint i = 0; i < w->over->len; i++) {
        *any = true;
        if (!ledger_incident_close(w->ledger, catalogue_entry(A106)->id, w->over->pdata[i], w->now, error))
            return false;
    }
    return true;
}

/* *any: something was changed. */
typedef bool change_fn(struct watching *w, bool *any, GError **error);

/* Carries out `what` in a transaction, which is committed only when it changed something. */
static bool change(struct watching *w, change_fn *what, enum step step, GError **error)
{
    bool any = false;

    if (!ledger_begin(w->ledger, error))
        return false;
    bool good = what(w, &any, error);
    if (good && any && ledger_commit(step, w->ledger, error))
        return true;
    ledger_rollback(w->ledger);
    return good && !any;
}

bool reports_watch(struct gateway *gateway, GError **error)
{
    struct watching w = {gateway, gateway->ledger, clock_now(), g_array_new(FALSE, FALSE, sizeof(struct late)),
                         g_ptr_array_new_with_free_func(g_free)};

    g_array_set_clear_func(w.late, clear_late);
    bool good = ledger_periods_undelivered(w.ledger, w.now - gateway->config->report_grace, add_late, &w, error) &&
                ledger_incidents_each(w.ledger, 0, add_over, &w, error) &&
                (w.late->len == 0 || change(&w, open_all, STEP_OUTAGE_NOTED, error)) &&
                (w.over->len == 0 || change(&w, close_all, STEP_OUTAGE_CLEARED, error));
    g_array_unref(w.late);
    g_ptr_array_unref(w.over);
    return good;
}
