/*
 * Whose ledger this is: an id that is made with its tables and never changes, and a generation, which each start of a
 * writer raises by one. Table identity, one row. A copy of a ledger has the same id; the one with the higher generation
 * is the newer one. A witness (spool/witness.h) keeps both outside the ledger.
 *
 *   ledger_identity_get                      what the rows say
 *   ledger_identity_begin_generation         once for each start of a writer, before anything else is done
 *   ledger_identity_end                      at its end
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_IDENTITY_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_IDENTITY_H

#include "spool/ledger/ledger.h"

#define LEDGER_ID_SIZE 33 /* 32 hex digits and NUL */

struct ledger_identity {
    char ledger[LEDGER_ID_SIZE];
    int64_t generation; /* 0: no writer has started yet */
    bool running;       /* the newest writer has not ended by itself yet; of a writer's own: the one before it */
    bool damaged;       /* a writer that did not end by itself, or one after it, has found the ledger damaged */
};

/* The id and the newest generation. SPOOL_ERROR_CORRUPT if the row is missing. */
bool ledger_identity_get(struct ledger *ledger, struct ledger_identity *identity, GError **error);
/* Raises the generation by one, in a transaction of its own, and gives it out. Passes STEP_GENERATION_NOTED. */
bool ledger_identity_begin_generation(struct ledger *ledger, struct ledger_identity *identity, GError **error);

/* This writer ends by itself, and the ledger is sound as far as it knows: in a transaction of its own. Without it the
 * next writer finds `running`, for a kill and a power failure leave no other mark. */
bool ledger_identity_end(struct ledger *ledger, GError **error);
/* This writer has found the ledger damaged, in a transaction of its own. It stays so until ledger_identity_end. */
bool ledger_identity_damaged(struct ledger *ledger, GError **error);

/* ---- numbers, for a witness ---- */

/* Visits the numbers that were given out or accepted: the counters of our own files by kind ("EMA" …), those of
 * accepted files ("accepted SENDER TYPE ORG"), "job" and "incident", the newest of each, and "report REF", the start of
 * its newest period. A name may come more than once: the greatest value counts. */
bool ledger_numbers_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

#endif
