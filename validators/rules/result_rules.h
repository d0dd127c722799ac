/*
 * The records of an EMT (results of the TCoS Service Provider) and of an EMC (confirmations of the ECoS Service
 * Provider) (formats/FILES.md, 7). Each record is judged in three steps:
 *
 *   1. Are its values well formed (C101, C120)?
 *   2. Which work item does it speak about (C118)?
 *   3. What does it mean for the session of that work item (C119, C121)? retry.h explains sessions.
 *
 * Steps 2 and 3 read the ledger and change nothing: the session as it will be stands in the result, and the holder of
 * the transaction stores it. Without rules->ledger only step 1 is judged, and the form of the WorkItemId.
 *
 *   struct result result;
 *   result_rules_judge_result(&file, &record, &result, &error) …
 *   result_clear(&result)                                              after success and error alike
 */
#ifndef ECOSGATE_VALIDATORS_RULES_RESULT_RULES_H
#define ECOSGATE_VALIDATORS_RULES_RESULT_RULES_H

#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"
#include "validators/rules/header_rules.h"
#include "validators/retry/retry.h"
#include "validators/row.h"

enum { RESULT_TEXTS = 6, RESULT_TEXT_SIZE = LAYOUT_FIELD_MAX_CHARS + 1 };

/* One record of either type. */
struct result {
    struct row row;
    bool has_id; /* DeviceID is an EUI-64: */
    uint64_t id;
    struct ledger_work *work; /* its work item, as it is in the ledger; NULL: none, or no ledger */
    bool superseded;          /* it has ended, and another work item of the Device has migrated, which stands */
    bool changes;             /* the record has no error, and these two must go into the ledger: */
    struct ledger_session session;
    struct ledger_transition transition;
    char texts[RESULT_TEXTS][RESULT_TEXT_SIZE]; /* what session and transition point to, beside work */
    size_t n_texts;
};

/* The result of which row is the first member. */
static inline const struct result *result_of(const struct row *row)
{
    return (const struct result *)row;
}

/* Fills result from a record of an EMT and adds everything that is wrong with it. False: an error of the ledger. */
bool result_rules_judge_result(const struct judged_file *file, const struct record *record, struct result *result,
                               GError **error);

/* The same for a record of an EMC. */
bool result_rules_judge_confirmation(const struct judged_file *file, const struct record *record, struct result *result,
                                     GError **error);

/* Frees what result holds. */
void result_clear(struct result *result);

#endif
