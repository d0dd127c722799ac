/*
 * The verdict on one inbound file: what judge_file (judge.h) fills and the acknowledgement (EMA) says.
 *
 * A file is rejected whole (RJ) for any error of category b. Else errors of category c refuse single records (PA),
 * warnings alone make WN, and nothing at all makes AC. Source: formats/FILES.md.
 */
#ifndef ECOSGATE_VALIDATORS_VERDICT_H
#define ECOSGATE_VALIDATORS_VERDICT_H

#include "formats/name/filename.h"
#include "validators/findings.h"
#include "validators/rules/header_rules.h"
#include "validators/signature/signature.h"

/* Accepted, accepted with warnings, accepted but for some records, rejected whole. */
enum outcome { OUTCOME_AC, OUTCOME_WN, OUTCOME_PA, OUTCOME_RJ };

/* parsed = accepted + rejected + deferred. Of a file rejected whole, all records count as rejected. */
struct verdict {
    enum outcome outcome;
    const struct profile *profile; /* that the file was read with */
    struct filename filename;      /* as far as the name could be read */
    bool name_is_known;            /* the name is in the grammar: filename is complete */
    bool content_read;             /* false: the name, or an earlier file with these bytes, decided alone */
    struct header header;
    int64_t numbering;                /* that its sequence belongs to (ledger_numbering.h) */
    int64_t corrects;                 /* the job of the rejected file that ResubmissionOf names; 0: none */
    struct signature_check signature; /* what was found of its signature */
    bool wraps;       /* its sequence follows that numbering over the end; once accepted, it begins the next one */
    int64_t declared; /* the count that the file states; -1: none, or no whole number */
    uint64_t parsed, accepted, rejected, deferred; /* records */
    struct findings *findings;
};

/* Frees the findings and empties the verdict. Allowed on an empty one. */
void verdict_clear(struct verdict *verdict);

/* "AC", "WN", "PA" or "RJ", as answers and ledger show it. */
const char *outcome_code(enum outcome outcome);

/* True if the file's records are about Devices, false for reference data (INV, COS, NMM, PTY). True if the type is
 * unknown. */
bool verdict_is_of_devices(const struct verdict *verdict);

/* The finding that decided: the first error of category b (RJ) or c (PA), or the first warning (WN). It fills the
 * first-error columns of the EMA. NULL for AC. The verdict owns it. */
const struct finding *verdict_deciding(const struct verdict *verdict);

#endif
