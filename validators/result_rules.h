/*
 * The records of an EMT (results of the TCoS Service Provider) and of an EMC (confirmations of the ECoS Service
 * Provider): their values (C101, C120), to which work they belong (C118), and what they mean there (C119, C121;
 * validators/retry.h). Reads the ledger where there is one and changes nothing: the session as it becomes is handed
 * on, for whoever holds the transaction. Source: gateway/DEVICES.md; layouts: formats/FILES.md.
 */
#ifndef ECOSGATE_VALIDATORS_RESULT_RULES_H
#define ECOSGATE_VALIDATORS_RESULT_RULES_H

#include "spool/ledger/ledger_sessions.h"
#include "validators/retry.h"
#include "validators/row.h"
#include "validators/rules.h"

enum { RESULT_TEXTS = 6, RESULT_TEXT_SIZE = LAYOUT_FIELD_MAX_CHARS + 1 };

/* One record of either type. */
struct result {
    struct row row;
    bool has_id;
    uint64_t id;
    struct ledger_work *work; /* what it belongs to, as it was; NULL: nothing, or no ledger to ask */
    bool changes;             /* no error, and something to put into the ledger: */
    struct ledger_session session;
    struct ledger_transition transition;
    char texts[RESULT_TEXTS][RESULT_TEXT_SIZE]; /* what session and transition point to, with work */
    size_t n_texts;
};

static inline const struct result *result_of(const struct row *row)
{
    return (const struct result *)row;
}

/* False: the ledger's error. result_clear frees what result holds, after either. created: the file, by its header. */
bool result_rules_judge_result(const struct rules *rules, int64_t created, const struct record *record,
                               struct findings *findings, struct result *result, GError **error);
bool result_rules_judge_confirmation(const struct rules *rules, const struct record *record, struct findings *findings,
                                     struct result *result, GError **error);
void result_clear(struct result *result);

#endif
