/*
 * The last issue of reports serves as the last known time, so that nothing more is written only to remember the time.
 *
 * The subject of an incident is a time from the ledger, which stays the same while the clock is wrong. Once an operator
 * has closed it with a reason, a pass that finds the same subject does not open it again.
 */
#include "gateway/pipeline/clock_watch.h"

#include "formats/instant.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/outage.h"
#include "gateway/reports/report_schedule.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"

/* One problem of the clock, as an incident shows it. Both are NULL if there is none. */
typedef struct clock_problem {
    char *subject, *text;
} clock_problem_t;

static void clear_clock_problem(struct clock_problem *problem)
{
    g_free(problem->subject);
    g_free(problem->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(clock_problem_t, clear_clock_problem)

static const char *code_id(void)
{
    return catalogue_entry(A105)->id;
}

/* Is the clock behind? The subject is the time of the newest verdict; who closes the incident says that this time was
 * wrong. */
static bool find_behind(struct gateway *gateway, int64_t now, struct clock_problem *problem, GError **error)
{
    char newest[INSTANT_TEXT_SIZE], shown[INSTANT_TEXT_SIZE];
    int64_t at = 0;

    if (!ledger_newest_verdict(gateway->ledger, &at, error))
        return false;
    if (at - now <= gateway->config->future_tolerance)
        return true;
    instant_print(at, newest);
    instant_print(now, shown);
    problem->subject = g_strdup(newest);
    problem->text =
        g_strdup_printf("the clock says %s, but a file was judged at %s already; correct the clock", shown, newest);
    return true;
}

/* Is the clock ahead? The subject is the last known time; who closes the incident says that the clock is right. */
static bool find_ahead(struct gateway *gateway, int64_t now, struct clock_problem *problem, GError **error)
{
    char known[INSTANT_TEXT_SIZE], shown[INSTANT_TEXT_SIZE];
    int64_t at = 0, leap = gateway->config->clock_leap;

    if (!report_schedule_last_issue(gateway, &at, error))
        return false;
    if (leap == 0 || at == 0 || now - at <= leap)
        return true;
    instant_print(at, known);
    instant_print(now, shown);
    problem->subject = g_strdup_printf("since %s", known);
    problem->text =
        g_strdup_printf("the clock says %s, %" G_GINT64_FORMAT " days after reports were issued last; nothing "
                        "is done until you correct the clock or, if it is right, close this incident",
                        shown, (now - at) / RULES_DAY);
    return true;
}

/* Opens the incident of a problem, unless it is open or an operator has closed it. */
static bool open_incident(struct gateway *gateway, const struct clock_problem *problem, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;

    if (problem->subject == NULL)
        return true;
    if (!ledger_incident_newest(gateway->ledger, code_id(), problem->subject, &known, error))
        return false;
    if (known != NULL && (known->closed == 0 || known->reason != NULL))
        return true;
    gateway_note("%s: %s", code_id(), problem->text);
    return outage_commit_incident(gateway, code_id(), problem->subject, problem->text, error);
}

/* Collects the open incidents whose problem no longer exists. */
struct search {
    const struct clock_problem *behind, *ahead; /* that exist now */
    GPtrArray *over;                            /* subjects */
};

static bool collect_over(void *user, const struct ledger_incident *incident, GError **error)
{
    struct search *search = user;

    (void)error; /* nothing can fail here */
    if (g_strcmp0(incident->subject, search->behind->subject) != 0 &&
        g_strcmp0(incident->subject, search->ahead->subject) != 0)
        g_ptr_array_add(search->over, g_strdup(incident->subject));
    return true;
}

bool clock_watch(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) over = g_ptr_array_new_with_free_func(g_free);
    g_auto(clock_problem_t) behind = {0}, ahead = {0};
    struct search search = {&behind, &ahead, over};
    int64_t now = clock_now();

    if (!find_behind(gateway, now, &behind, error) || !find_ahead(gateway, now, &ahead, error) ||
        !open_incident(gateway, &behind, error) || !open_incident(gateway, &ahead, error) ||
        !ledger_incidents_with_code(gateway->ledger, code_id(), collect_over, &search, error))
        return false;
    for (guint i = 0; i < over->len; i++) {
        if (!outage_commit_incident(gateway, code_id(), over->pdata[i], NULL, error))
            return false;
    }
    return true;
}

bool clock_watch_blocks(struct gateway *gateway, bool *blocked, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;
    g_auto(clock_problem_t) ahead = {0};
    char id[INCIDENT_ID_SIZE];

    if (!find_ahead(gateway, clock_now(), &ahead, error) ||
        (ahead.subject != NULL && !ledger_incident_newest(gateway->ledger, code_id(), ahead.subject, &known, error)))
        return false;
    *blocked = ahead.subject != NULL && (known == NULL || known->reason == NULL);
    gateway->failed |= *blocked;
    if (*blocked && !gateway->said.clock && known != NULL)
        gateway_note("nothing is done while the clock is too far ahead (A105); correct it or, if it is right: "
                     "ecosgate incident close %s --reason TEXT",
                     incident_id(known->id, id));
    gateway->said.clock = *blocked;
    return true;
}
