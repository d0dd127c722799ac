#include "gateway/pipeline/facts.h"

#include "validators/reference_rules.h"

#include <string.h>

enum facts facts_of(const struct file_type *type)
{
    enum ledger_reference table;

    if (type == NULL)
        return FACTS_NONE;
    if (reference_rules_table(type, &table))
        return FACTS_REFERENCE;
    return strcmp(type->code, "EMT") == 0 || strcmp(type->code, "EMC") == 0 ? FACTS_STATEMENTS : FACTS_NONE;
}
