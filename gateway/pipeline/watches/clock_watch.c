/*
 * The last issue of reports serves as the last time at which the gateway worked: they are issued every six hours.
 *
 * The subject of an incident is a time that stays the same while the fault lasts: nothing later is recorded meanwhile.
 * Once an operator has closed it with a reason, a pass that finds the same subject believes the clock. What that means:
 *
 *   ahead   the work goes on.
 *   jump    the clock is compared with its time from now on.
 *   behind  the recorded time was wrong. Its rows stay, so DISBELIEVED keeps it, and BELIEVED the time from which the
 *           gateway goes on; clock_watch_keep raises it with each pass until the clock has passed the wrong time.
 *
 * A jump must outlast the process that saw it, or a restart would make it a downtime: JUMPED_AT and BASE keep it. When
 * the machine was restarted too, nothing tells whether its clock was corrected, so the work stays held.
 *
 * Going on from the newest recorded time for ever, also after the closing, was the other design. It never steps back,
 * but time would stand still until the clock has reached a time that may be years ahead.
 */
#include "gateway/pipeline/watches/clock_watch.h"

#include "formats/instant.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/outage.h"
#include "gateway/reports/report_schedule.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_time.h"
#include "validators/catalogue.h"

/* Counters of the ledger. */
static const char *const DISBELIEVED = "clock disbelieved", *const BELIEVED = "clock believed";
static const char *const JUMPED_AT = "clock jumped at", *const BASE = "clock base";

/* What is known about the time; 0 where nothing is. */
struct clock_facts {
    int64_t wall;                /* what the clock says */
    int64_t recorded;            /* the newest time in the ledger */
    int64_t disbelieved;         /* a newest time that an operator has called wrong */
    int64_t known;               /* the newest time that is believed */
    int64_t issued;              /* when reports were issued last */
    int64_t jump;                /* seconds by which the clock has jumped */
    int64_t jumped_at, kept_for; /* the time before the jump; the same as the ledger keeps it */
};

enum clock_fault { FAULT_NONE, FAULT_AHEAD, FAULT_JUMP, FAULT_BEHIND };

/* A fault as an incident shows it. */
typedef struct finding_of_clock {
    enum clock_fault fault;
    char *subject, *text; /* NULL if there is none */
    bool held;            /* the work is held */
} clock_finding_t;

static void clear_finding(struct finding_of_clock *found)
{
    g_clear_pointer(&found->subject, g_free);
    g_clear_pointer(&found->text, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(clock_finding_t, clear_finding)

static const char *code_id(void)
{
    return catalogue_entry(A105)->id;
}

/* ---- what is known ---- */

/* Takes up a jump that an earlier process saw. */
static bool recall_jump(struct gateway *gateway, int64_t jumped_at, GError **error)
{
    int64_t base = 0;

    if (gateway->clock_recalled || jumped_at == 0)
        return true;
    if (!ledger_counter_get(gateway->ledger, BASE, &base, error))
        return false;
    clock_compare();
    clock_expect(base);
    gateway->clock_recalled = true;
    return true;
}

static bool collect(struct gateway *gateway, struct clock_facts *facts, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    int64_t believed = 0;

    *facts = (struct clock_facts){.wall = clock_wall()};
    if (!ledger_newest_time(ledger, &facts->recorded, error) ||
        !ledger_counter_get(ledger, DISBELIEVED, &facts->disbelieved, error) ||
        !ledger_counter_get(ledger, BELIEVED, &believed, error) ||
        !ledger_counter_get(ledger, JUMPED_AT, &facts->kept_for, error) ||
        !report_schedule_last_issue(gateway, &facts->issued, error) || !recall_jump(gateway, facts->kept_for, error))
        return false;
    facts->known = facts->recorded > facts->disbelieved ? facts->recorded : believed;
    facts->jump = clock_jump();
    facts->jumped_at = facts->kept_for != 0 ? facts->kept_for : MAX(facts->wall - facts->jump, facts->known);
    return true;
}

/* ---- the faults ---- */

static char *instant_text(int64_t at)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(at, text);
    return g_strdup(text);
}

static void find_ahead(const struct clock_facts *facts, struct finding_of_clock *found)
{
    g_autofree char *issued = instant_text(facts->issued), *wall = instant_text(facts->wall);

    found->fault = FAULT_AHEAD;
    found->held = true;
    found->subject = g_strdup_printf("since %s", issued);
    found->text = g_strdup_printf("the clock says %s, %" G_GINT64_FORMAT " days after reports were issued last; "
                                  "nothing is done until you correct the clock or, if it is right, close this incident",
                                  wall, (facts->wall - facts->issued) / RULES_DAY);
}

static void find_jump(const struct clock_facts *facts, struct finding_of_clock *found)
{
    g_autofree char *before = instant_text(facts->jumped_at), *wall = instant_text(facts->wall);

    found->fault = FAULT_JUMP;
    found->held = true;
    found->subject = g_strdup_printf("jump %s", before);
    found->text = g_strdup_printf("the clock jumped by %" G_GINT64_FORMAT " seconds at %s while the gateway ran, and "
                                  "says %s; nothing is done until you correct the clock or, if it is right, close this "
                                  "incident",
                                  facts->jump, before, wall);
}

static void find_behind(const struct clock_facts *facts, struct finding_of_clock *found)
{
    g_autofree char *known = instant_text(facts->known), *wall = instant_text(facts->wall);

    found->fault = FAULT_BEHIND;
    found->subject = g_strdup(known);
    found->text = g_strdup_printf("the clock says %s, but the ledger has recorded %s already; the gateway acts at that "
                                  "time until the clock has reached it: correct the clock or, if the recorded time was "
                                  "wrong, close this incident",
                                  wall, known);
}

static void find_fault(const struct gateway *gateway, const struct clock_facts *facts, struct finding_of_clock *found)
{
    int64_t leap = gateway->config->clock_leap;

    clear_finding(found);
    *found = (struct finding_of_clock){0};
    if (leap != 0 && facts->issued != 0 && facts->wall - facts->issued > leap)
        find_ahead(facts, found);
    else if (facts->jump != 0)
        find_jump(facts, found);
    else if (facts->known - facts->wall > CLOCK_STEP)
        find_behind(facts, found);
}

/* ---- believing the clock ---- */

static bool commit_counters(struct gateway *gateway, const char *const names[2], const int64_t values[2],
                            GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_counter_set(ledger, names[0], values[0], error) &&
        ledger_counter_set(ledger, names[1], values[1], error) && ledger_commit(STEP_CLOCK_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* From now on the gateway goes on from what the clock says, and the later times in the ledger count no more. */
static bool disbelieve(struct gateway *gateway, const struct clock_facts *facts, GError **error)
{
    g_autofree char *known = instant_text(facts->known), *wall = instant_text(facts->wall);

    if (!commit_counters(gateway, (const char *const[]){DISBELIEVED, BELIEVED},
                         (const int64_t[]){MAX(facts->recorded, facts->known), facts->wall}, error))
        return false;
    log_event(LOG(EVENT_CLOCK_BELIEVED, .code = code_id()),
              "%s: the incident is closed by hand: the recorded time %s was wrong, and the gateway goes on from %s",
              code_id(), known, wall);
    return true;
}

/* Forgets the jump that the ledger keeps, if it keeps one. */
static bool forget_jump(struct gateway *gateway, const struct clock_facts *facts, GError **error)
{
    return facts->kept_for == 0 ||
           commit_counters(gateway, (const char *const[]){JUMPED_AT, BASE}, (const int64_t[]){0, 0}, error);
}

/* *believed: an operator has closed the incident of this fault. */
static bool is_closed_by_hand(struct gateway *gateway, const struct finding_of_clock *found, bool *closed,
                              GError **error)
{
    g_autofree struct ledger_incident *known = NULL;

    *closed = false;
    if (found->subject == NULL)
        return true;
    if (!ledger_incident_newest(gateway->ledger, code_id(), found->subject, &known, error))
        return false;
    *closed = known != NULL && known->closed != 0 && known->reason != NULL;
    return true;
}

/* Does what the closing of this fault's incident means. */
static bool believe(struct gateway *gateway, const struct clock_facts *facts, const struct finding_of_clock *found,
                    GError **error)
{
    clock_accept();
    if (!forget_jump(gateway, facts, error))
        return false;
    return found->fault == FAULT_AHEAD || facts->known - facts->wall <= CLOCK_STEP || disbelieve(gateway, facts, error);
}

/* Finds the fault that an operator has not closed, after doing what a closing means. found->fault is FAULT_NONE if
 * there is none. */
static bool settle(struct gateway *gateway, struct clock_facts *facts, struct finding_of_clock *found, GError **error)
{
    bool closed = true;

    /* Each closing leaves one fault less. */
    for (int left = FAULT_BEHIND; closed && left >= 0; left--) {
        if (!collect(gateway, facts, error))
            return false;
        find_fault(gateway, facts, found);
        if (!is_closed_by_hand(gateway, found, &closed, error) || (closed && !believe(gateway, facts, found, error)))
            return false;
        if (closed && found->fault == FAULT_AHEAD)
            break;
    }
    if (!closed)
        return true;
    clear_finding(found);
    *found = (struct finding_of_clock){0};
    return true;
}

/* ---- the time of a pass ---- */

static void note_step_back(const struct clock_facts *facts)
{
    bool back = facts->wall < facts->known;
    g_autofree char *known = instant_text(facts->known), *wall = instant_text(facts->wall);

    if (back)
        log_event(LOG(EVENT_CLOCK_BACK),
                  "the clock says %s, but the ledger has recorded %s already: it was set back by some seconds; the "
                  "gateway acts at that time until the clock has reached it",
                  wall, known);
    else
        log_over(LOG(EVENT_CLOCK_BACK));
}

static bool set_time(struct gateway *gateway, const struct clock_facts *facts, const struct finding_of_clock *found,
                     GError **error)
{
    if (found->held)
        clock_hold(found->fault == FAULT_JUMP ? MAX(facts->known, facts->jumped_at) : facts->known);
    else
        clock_not_before(facts->known);
    if (found->fault == FAULT_NONE)
        note_step_back(facts);
    gateway->disbelieved = facts->disbelieved != 0 && facts->recorded <= facts->disbelieved;
    gateway->reported_until = 0;
    return !gateway->disbelieved || ledger_reported_until(gateway->ledger, &gateway->reported_until, error);
}

bool clock_watch_set(struct gateway *gateway, GError **error)
{
    g_auto(clock_finding_t) found = {0};
    struct clock_facts facts;

    return settle(gateway, &facts, &found, error) && set_time(gateway, &facts, &found, error);
}

bool clock_watch_keep(struct gateway *gateway, GError **error)
{
    int64_t wrong = 0;

    return !gateway->disbelieved || (ledger_counter_get(gateway->ledger, DISBELIEVED, &wrong, error) &&
                                     commit_counters(gateway, (const char *const[]){DISBELIEVED, BELIEVED},
                                                     (const int64_t[]){wrong, clock_now()}, error));
}

/* ---- incidents ---- */

static bool open_incident(struct gateway *gateway, const struct clock_facts *facts,
                          const struct finding_of_clock *found, GError **error)
{
    bool open = false;

    if (found->subject == NULL)
        return true;
    if (found->fault == FAULT_JUMP && facts->kept_for == 0 &&
        !commit_counters(gateway, (const char *const[]){JUMPED_AT, BASE},
                         (const int64_t[]){facts->jumped_at, clock_base()}, error))
        return false;
    if (!ledger_incident_is_open(gateway->ledger, code_id(), found->subject, &open, error) || open)
        return open;
    log_event(LOG(EVENT_CLOCK_WRONG, .code = code_id()), "%s: %s", code_id(), found->text);
    return outage_commit_incident(gateway, code_id(), found->subject, found->text, error);
}

bool clock_watch(struct gateway *gateway, GError **error)
{
    g_auto(clock_finding_t) found = {0};
    struct clock_facts facts;

    return settle(gateway, &facts, &found, error) && set_time(gateway, &facts, &found, error) &&
           open_incident(gateway, &facts, &found, error) &&
           outage_commit_others_closed(gateway, code_id(), found.subject, error) &&
           (facts.jump != 0 || forget_jump(gateway, &facts, error));
}

bool clock_watch_blocks(struct gateway *gateway, bool *blocked, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;
    g_auto(clock_finding_t) found = {0};
    struct clock_facts facts;
    char id[INCIDENT_ID_SIZE];

    if (!settle(gateway, &facts, &found, error) || !set_time(gateway, &facts, &found, error) ||
        (found.held && !ledger_incident_newest(gateway->ledger, code_id(), found.subject, &known, error)))
        return false;
    *blocked = found.held;
    gateway->failed |= *blocked;
    if (!*blocked)
        log_over(LOG(EVENT_CLOCK_STOPS, .code = code_id()));
    else if (known != NULL)
        log_event(LOG(EVENT_CLOCK_STOPS, .code = code_id()),
                  "nothing is done while the clock is not believed (A105); correct it or, if it is right: "
                  "ecosgate incident close %s --reason TEXT",
                  incident_id(known->id, id));
    return true;
}
