/*
 * What the result of a try says (a record of an EMT), and the code of a try that failed (category d).
 *
 * All functions are pure; none fails. Texts that they return are static.
 */
#ifndef ECOSGATE_VALIDATORS_RETRY_RETRY_CODE_H
#define ECOSGATE_VALIDATORS_RETRY_RETRY_CODE_H

#include "validators/catalogue.h"

#include <stdbool.h>
#include <stdint.h>

enum retry_result_kind { RESULT_SUCCESS, RESULT_FAILED, RESULT_TIMEOUT, RESULT_NOT_ATTEMPTED };

/* A record of an EMT. */
struct retry_result {
    enum retry_result_kind kind;
    int64_t try;
    int64_t at;                      /* LastTry; 0: not stated */
    bool outdated;                   /* it is about an earlier order of that try (retry_orders_outdate) */
    bool superseded;                 /* another work item of the Device has migrated (retry.h) */
    bool overruled;                  /* an operator has overruled that this one has migrated (retry.h) */
    const char *gbcs, *duis, *alert; /* GBCSStatus, DUISCode, AlertCode; NULL: not stated */
    const char *subject_id, *key_id; /* of the new credentials; of a SUCCESS only */
    const char *existing_id;         /* the SubjectId of those before; of a SUCCESS only; NULL: not stated */
};

/* The code of a failed try. Alert, GBCS status and DUIS code each may stand for a code: the first permanent one wins,
 * in the order of the catalogue, else the first. Without any it is D103 for a TIMEOUT, else D127. */
enum code retry_code(const struct retry_result *result);

/* What a DUIS code says, in a few words (duis.def); NULL: we do not know. */
const char *retry_duis_meaning(const char *duis);

/* Whether its alert, GBCS status or DUIS code stands for a failure. */
bool retry_says_error(const struct retry_result *result);

#endif
