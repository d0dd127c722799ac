/* What a verdict says by itself. judge.c makes it. */
#include "validators/verdict.h"

#include "validators/rules/reference_rules.h"

void verdict_clear(struct verdict *verdict)
{
    findings_free(verdict->findings);
    signature_check_clear(&verdict->signature);
    *verdict = (struct verdict){.declared = -1};
}

const char *outcome_code(enum outcome outcome)
{
    static const char *const codes[] = {"AC", "WN", "PA", "RJ"};

    return codes[outcome];
}

bool verdict_is_of_devices(const struct verdict *verdict)
{
    enum ledger_reference table;

    return verdict->filename.type == NULL || !reference_rules_table(verdict->filename.type, &table);
}

const struct finding *verdict_deciding(const struct verdict *verdict)
{
    switch (verdict->outcome) {
    case OUTCOME_RJ:
        return findings_first(verdict->findings, 'b', false);
    case OUTCOME_PA:
        return findings_first(verdict->findings, 'c', false);
    case OUTCOME_WN:
        return findings_kept(verdict->findings) ? findings_at(verdict->findings, 0) : NULL;
    case OUTCOME_AC:
        break;
    }
    return NULL;
}
