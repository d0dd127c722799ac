/* The glue between the rules of results, which read only, and outcome.c, which writes. */
#include "gateway/pipeline/judging/results.h"

#include "gateway/pipeline/dispatch/outcome.h"
#include "spool/ledger/ledger_sessions.h"
#include "validators/rules/result_rules.h"

bool results_take_row(struct gateway *gateway, int64_t job, const struct row *row, GError **error)
{
    const struct result *result = result_of(row);

    if (!result->changes)
        return true;
    struct ledger_transition transition = result->transition;
    transition.job = job;
    transition.record = row->record->ordinal;
    return outcome_record(gateway, result->work, &result->session, &transition, error);
}
