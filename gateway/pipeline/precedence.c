#include "gateway/pipeline/precedence.h"

#include "validators/rules/reference_rules.h"

#include <string.h>

enum precedence precedence_of(const struct file_type *type)
{
    enum ledger_reference table;

    if (type == NULL)
        return PRECEDENCE_LAST;
    if (reference_rules_table(type, &table))
        return PRECEDENCE_REFERENCE;
    return strcmp(type->code, "EMT") == 0 || strcmp(type->code, "EMC") == 0 ? PRECEDENCE_STATEMENTS : PRECEDENCE_LAST;
}
