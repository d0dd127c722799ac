/* A restore brings back an older ledger: which files came meanwhile, only the lost one knew. */
#include "gateway/condition/expected.h"

#include "formats/eui64.h"
#include "gateway/reports/report_schedule.h"
#include "spool/ledger/ledger_recovery.h"

static bool newest_recovery(void *user, const struct ledger_recovery *recovery, GError **error)
{
    int64_t *at = user;

    (void)error; /* cannot fail */
    *at = MAX(*at, recovery->at);
    return true;
}

/* *at: up to here nobody knows what came. */
static bool unknown_until(struct gateway *gateway, int64_t *at, GError **error)
{
    return ledger_counter_get(gateway->ledger, REPORT_FIRST_RUN, at, error) &&
           ledger_recoveries_each(gateway->ledger, newest_recovery, at, error);
}

/* Counts both spans; a due time that does not exist has none. */
static bool count(struct gateway *gateway, const struct expectation *expect, struct expected *found, GError **error)
{
    const struct party *party = rules_party(&gateway->config->identity, expect->party);
    char sender[EUI64_TEXT_SIZE];

    eui64_print(party->eui64, sender);
    const struct ledger_arrivals_asked last = {.sender = sender,
                                               .type = expect->type,
                                               .from = found->last.from,
                                               .until = found->next.at != 0 ? found->next.from : G_MAXINT64};
    const struct ledger_arrivals_asked next = {
        .sender = sender, .type = expect->type, .from = found->next.from, .until = G_MAXINT64};
    return (found->last.at == 0 || ledger_arrivals_count(gateway->ledger, &last, &found->came, error)) &&
           (found->next.at == 0 || ledger_arrivals_count(gateway->ledger, &next, &found->ahead, error));
}

bool expected_find(struct gateway *gateway, const struct expectation *expect, int64_t now, struct expected *found,
                   GError **error)
{
    int64_t unknown = 0;

    *found = (struct expected){0};
    if (!expectation_last(expect, now, &found->last))
        found->last = (struct expectation_due){0};
    if (!expectation_next(expect, now, &found->next))
        found->next = (struct expectation_due){0};
    if (!unknown_until(gateway, &unknown, error) || !count(gateway, expect, found, error))
        return false;
    found->judged = found->last.at != 0 && unknown != 0 && found->last.at > unknown;
    return true;
}

bool expected_is_late(const struct expectation *expect, const struct expected *found)
{
    return found->judged && found->came.accepted + found->came.waiting < expect->count;
}

bool expected_is_met(const struct expectation *expect, const struct expected *found)
{
    return found->came.accepted >= expect->count;
}

const char *expected_state(const struct expectation *expect, const struct expected *found)
{
    if (found->last.at == 0)
        return "none yet";
    if (!found->judged)
        return "not known";
    if (expected_is_late(expect, found))
        return "late";
    return expected_is_met(expect, found) ? "come" : "not judged yet";
}

char *expected_subject(const struct expectation *expect, const struct expectation_due *due)
{
    char day[EXPECTATION_DATE_SIZE];

    expectation_print_day(due->day, day);
    return g_strdup_printf("%s %s", expect->name, day);
}
