/*
 * When a thing must have happened: sessions end at their time, work on a Device does not overlap, answers come within
 * bounds. Faults stop a gateway for hours, an operator who is
 * asked for days; so the bounds are wide where faults come, and narrow where none does.
 */
#include "tests/sim/oracle_private.h"

#include <string.h>

enum { OUTCOME_WAIT_DAYS = 7 /* the default of outcome_wait */ };

/* What a stop of the gateway may add to a time. A gateway that is started while its clock is ahead ends sessions at
 * once, and says so with that time. */
static int64_t slack(const struct oracle *oracle)
{
    return oracle->clock_ahead + (sim_profile(oracle->sim) == SIM_CALM ? 3 * SIM_HOUR : 4 * SIM_DAY);
}

/* ---- sessions ---- */

static int64_t session_end(const struct item *item)
{
    int64_t end = 0;

    for (unsigned i = 0; i < item->orders->len; i++)
        end = MAX(end, g_array_index(item->orders, struct order, i).session_end);
    return end;
}

/* Somebody has said of a try that it brought nothing: then the work may have been deferred before a success came. */
static bool had_failures(const struct item *item)
{
    for (unsigned try = 0; try <= TRIES; try++)
        if (item->failed_told[try] + item->unattempted_told[try] > 0)
            return true;
    return false;
}

/* When the work ended first, as far as EMO and ECOSMIG-002 show it; 0: that cannot be seen. A success that came late
 * corrects an end, and the EMO may show the corrected one only. What was withdrawn ends as rejected before, and is in
 * no ECOSMIG-002. */
static int64_t first_end(const struct oracle *oracle, const struct item *item)
{
    bool reported = !oracle_device((struct oracle *)oracle, item->device)->unreported;
    bool corrected = item->ended_at != item->migrated_at; /* the first EMO with an end showed another one */

    if (item->failed_at != 0)
        return item->failed_at;
    if (item->was_failed || corrected)
        return item->ended_at;
    return reported && !had_failures(item) && !oracle_was_withdrawn(oracle, item) ? item->migrated_at : 0;
}

/* A session without a success ends at its time; one that comes later does not end it. */
static void judge_session(struct oracle *oracle, const struct item *item)
{
    int64_t limit = session_end(item) + slack(oracle), end = first_end(oracle, item);

    if (item->orders->len == 0 || end == 0 || end <= limit || (item->said_at != 0 && item->said_at <= limit))
        return;
    g_autofree char *by = g_strdup_printf("%" G_GINT64_FORMAT, (end - session_end(item)) / SIM_HOUR);
    oracle_broken(oracle, item, "session",
                  "%s of %s ended %s hours after its session; no side had said a success in time", item->id,
                  item->device, by);
}

/* The times at which items of one Device were live do not overlap. */
static void judge_lives(struct oracle *oracle, const struct item *item)
{
    const struct device_facts *device = oracle_device(oracle, item->device);
    int64_t end = first_end(oracle, item);

    for (unsigned i = 0; i < device->items->len; i++) {
        const struct item *other = device->items->pdata[i];
        if (other != item && other->accepted && other->accepted_at >= item->accepted_at && other->accepted_at < end)
            oracle_broken(oracle, item, "live", "%s was accepted as %s while %s was live", item->device, other->id,
                          item->id);
    }
}

/* ---- answers ---- */

/* In a calm run no drop fails and nobody holds a file: each is answered when it comes. */
static void judge_answer(struct oracle *oracle, const struct verdict *verdict)
{
    if (sim_profile(oracle->sim) == SIM_CALM && verdict->at > verdict->inbound->put_at + slack(oracle))
        sim_broken(oracle->sim, "late", "%s was acknowledged more than 3 hours after it was put",
                   verdict->inbound->name);
}

/* The first EMO waits for sessions that have not ended, but not for ever, and for nothing when all have ended. */
static void judge_wait(struct oracle *oracle, const struct verdict *verdict)
{
    int64_t last = 0;

    if (verdict->rounded && verdict->ended_at != 0 && verdict->rounded_at > verdict->ended_at + slack(oracle))
        sim_broken(oracle->sim, "late", "the EMO that shows the end of all Devices of %s came long after the last end",
                   verdict->inbound->name);
    for (unsigned i = 0; i < verdict->items->len; i++) {
        const struct item *item = verdict->items->pdata[i];
        if (item == NULL || !item->accepted)
            continue;
        if (item->orders->len == 0)
            return;
        last = MAX(last, session_end(item));
    }
    if (last != 0 && verdict->outcome_at > last + OUTCOME_WAIT_DAYS * SIM_DAY + slack(oracle))
        sim_broken(oracle->sim, "late", "the first EMO to %s came more than %d days after the last session's end",
                   verdict->inbound->name, OUTCOME_WAIT_DAYS);
}

/* The first EMO shows work that has not ended only when it has waited its time for it. Of a Device whose order nobody
 * has taken, only that much is known: its session began when it was accepted, at the earliest. */
static void judge_early(struct oracle *oracle, const struct verdict *verdict)
{
    int64_t last = verdict->at;

    for (unsigned i = 0; i < verdict->items->len; i++)
        if (verdict->items->pdata[i] != NULL)
            last = MAX(last, session_end(verdict->items->pdata[i]));
    if (verdict->outcome_open && !oracle->clock_wrong && oracle->restores == 0 &&
        verdict->outcome_at < last + OUTCOME_WAIT_DAYS * SIM_DAY)
        sim_broken(oracle->sim, "early", "the first EMO to %s shows work that has not ended, and did not wait %d days",
                   verdict->inbound->name, OUTCOME_WAIT_DAYS);
}

/* All work on the Device was withdrawn by operators. */
static bool was_withdrawn_only(const struct device_facts *device)
{
    bool any = false;

    for (unsigned i = 0; i < device->items->len; i++) {
        const struct item *item = device->items->pdata[i];
        if (item->accepted && strcmp(item->code, "C123") != 0)
            return false;
        any |= item->accepted;
    }
    return any;
}

/* From the NextEligible on that an EMO named, no failure before it counts against the Device. */
static void judge_eligible(struct oracle *oracle, const struct refusal *refusal)
{
    const struct device_facts *device = oracle_device(oracle, refusal->device);
    const struct verdict *verdict = refusal->verdict;
    int64_t eligible = 0;

    for (unsigned i = 0; i < device->items->len; i++) {
        const struct item *item = device->items->pdata[i];
        if (item->was_failed && item->ended_at <= verdict->at)
            eligible = MAX(eligible, item->eligible_at);
    }
    if (verdict->inbound->put_at >= eligible && eligible != 0)
        sim_broken(oracle->sim, "eligible", "%s was put after the NextEligible of %s, and the EMD says C115",
                   verdict->inbound->name, refusal->device);
    if (was_withdrawn_only(device))
        sim_broken(oracle->sim, "withdrawn",
                   "the EMD to %s says C115 of %s, whose work was withdrawn, and never failed", verdict->inbound->name,
                   refusal->device);
}

void oracle_judge_times(struct oracle *oracle)
{
    if (oracle->restores > 0)
        return;
    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        const struct item *item = oracle->order_of_items->pdata[i];
        if (item->verdict == NULL || !item->accepted)
            continue;
        judge_session(oracle, item);
        judge_lives(oracle, item);
    }
    for (unsigned i = 0; i < oracle->verdicts->len; i++) {
        judge_answer(oracle, oracle->verdicts->pdata[i]);
        judge_wait(oracle, oracle->verdicts->pdata[i]);
        judge_early(oracle, oracle->verdicts->pdata[i]);
    }
    for (unsigned i = 0; i < oracle->refusals->len; i++) {
        const struct refusal *refusal = oracle->refusals->pdata[i];
        if (strcmp(refusal->code, "C115") == 0)
            judge_eligible(oracle, refusal);
    }
}
