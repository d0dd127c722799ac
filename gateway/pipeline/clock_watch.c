#include "gateway/pipeline/clock_watch.h"

#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/answers/incidents.h"
#include "gateway/pipeline/outage.h"
#include "gateway/reports/reports.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"

/* What is wrong, NULL: nothing. The subject stays the same while it lasts: an operator who closes it is not
 * contradicted in the next pass. */
typedef struct clock_fault {
    char *subject, *text;
} clock_fault_t;

static void clear_clock_fault(struct clock_fault *fault)
{
    g_free(fault->subject);
    g_free(fault->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(clock_fault_t, clear_clock_fault)

static const char *code_id(void)
{
    return catalogue_entry(A105)->id;
}

/* The subject is the time that was reached; who closes it says that this one was wrong. */
static bool look_back(struct gateway *gateway, int64_t now, struct clock_fault *fault, GError **error)
{
    char newest[INSTANT_TEXT_SIZE], shown[INSTANT_TEXT_SIZE];
    int64_t at = 0;

    if (!ledger_newest_verdict(gateway->ledger, &at, error))
        return false;
    if (at - now <= gateway->config->future_tolerance)
        return true;
    instant_print(at, newest);
    instant_print(now, shown);
    fault->subject = g_strdup(newest);
    fault->text =
        g_strdup_printf("the clock says %s, but a file was judged at %s already: correct the clock", shown, newest);
    return true;
}

/* The subject is the last time that is known; who closes it says that the clock is right. */
static bool look_ahead(struct gateway *gateway, int64_t now, struct clock_fault *fault, GError **error)
{
    char known[INSTANT_TEXT_SIZE], shown[INSTANT_TEXT_SIZE];
    int64_t at = 0, leap = gateway->config->clock_leap;

    if (!reports_issued(gateway, &at, error))
        return false;
    if (leap == 0 || at == 0 || now - at <= leap)
        return true;
    instant_print(at, known);
    instant_print(now, shown);
    fault->subject = g_strdup_printf("since %s", known);
    fault->text = g_strdup_printf("the clock says %s, %" G_GINT64_FORMAT " days after reports were issued last, and "
                                  "nothing is done: correct the clock or, where it is right, close this incident",
                                  shown, (now - at) / RULES_DAY);
    return true;
}

static bool begin(struct gateway *gateway, const struct clock_fault *fault, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;

    if (fault->subject == NULL)
        return true;
    if (!ledger_incident_newest(gateway->ledger, code_id(), fault->subject, &known, error))
        return false;
    if (known != NULL && (known->closed == 0 || known->reason != NULL))
        return true;
    gateway_note("%s: %s", code_id(), fault->text);
    return outage_commit_incident(gateway, code_id(), fault->subject, fault->text, error);
}

struct looking_over {
    const struct clock_fault *back, *ahead; /* what is so now */
    GPtrArray *over;                        /* subjects of what is not */
};

static bool look_over(void *user, const struct ledger_incident *incident, GError **error)
{
    struct looking_over *look = user;

    (void)error; /* nothing can go wrong */
    if (g_strcmp0(incident->subject, look->back->subject) != 0 &&
        g_strcmp0(incident->subject, look->ahead->subject) != 0)
        g_ptr_array_add(look->over, g_strdup(incident->subject));
    return true;
}

bool clock_watch(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) over = g_ptr_array_new_with_free_func(g_free);
    g_auto(clock_fault_t) back = {0}, ahead = {0};
    struct looking_over look = {&back, &ahead, over};
    int64_t now = clock_now();

    if (!look_back(gateway, now, &back, error) || !look_ahead(gateway, now, &ahead, error) ||
        !begin(gateway, &back, error) || !begin(gateway, &ahead, error) ||
        !ledger_incidents_with_code(gateway->ledger, code_id(), look_over, &look, error))
        return false;
    for (guint i = 0; i < over->len; i++) {
        if (!outage_commit_incident(gateway, code_id(), over->pdata[i], NULL, error))
            return false;
    }
    return true;
}

bool clock_watch_holds(struct gateway *gateway, bool *holds, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;
    g_auto(clock_fault_t) ahead = {0};
    char id[INCIDENT_ID_SIZE];

    if (!look_ahead(gateway, clock_now(), &ahead, error) ||
        (ahead.subject != NULL && !ledger_incident_newest(gateway->ledger, code_id(), ahead.subject, &known, error)))
        return false;
    *holds = ahead.subject != NULL && (known == NULL || known->reason == NULL);
    gateway->failed |= *holds;
    if (*holds && !gateway->held && known != NULL)
        gateway_note("nothing is done while the clock is not believed; where it is right: "
                     "ecosgate incident close %s --reason TEXT",
                     incident_id(known->id, id));
    gateway->held = *holds;
    return true;
}
