/*
 * What was before a file: duplicates (B105, B106, B112), sequence (B107, B108), BatchIds (B210) and the like. Questions
 * only; validators/history_rules.c makes findings of the answers.
 *
 *   struct ledger_file self = the file asked about;
 *   ledger_duplicates(ledger, &self, &found, &error), ledger_last_sequence(ledger, &self, …) …
 *
 * Which files count, accepted ones or all, older ones or others too: gateway/NOTES.md, Decisions. The rules of all
 * subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_EARLIER_FILES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_EARLIER_FILES_H

#include "spool/ledger/ledger.h"

/* The file asked about. "Others" are inbound jobs with another id. */
struct ledger_file {
    int64_t id;       /* its job */
    const char *name; /* escaped */
    const char *type, *org, *sender;
    int64_t sequence;
    const char *sha256;
};

/* Ids of the oldest other that is older or accepted (AC, WN, PA), 0 for none. */
struct ledger_duplicates {
    int64_t name_and_bytes;       /* same name, same bytes: B105 */
    int64_t name_other_bytes;     /* same name, other bytes: B106 */
    int64_t sequence_other_bytes; /* same sender, type and sequence, other bytes: B106 */
    int64_t bytes_other_name;     /* same sender, type and bytes, other name: B112 */
};

bool ledger_duplicates(struct ledger *ledger, const struct ledger_file *self, struct ledger_duplicates *found,
                       GError **error);
/* The greatest sequence of an older accepted file of the same sender and type, 0 for none. */
bool ledger_last_sequence(struct ledger *ledger, const struct ledger_file *self, int64_t *sequence, GError **error);
/* The greatest sequence below self->sequence that an older one bore, accepted or not, 0 for none. */
bool ledger_sequence_before(struct ledger *ledger, const struct ledger_file *self, int64_t *sequence, GError **error);
/* *job: an older or accepted other of the same sender and type has this BatchId; 0 for none. */
bool ledger_batch_used(struct ledger *ledger, const struct ledger_file *self, const char *batch, int64_t *job,
                       GError **error);
/* *job: an older file of the same sender with this (escaped) name whose latest verdict is RJ; 0 for none. */
bool ledger_rejected_file(struct ledger *ledger, const struct ledger_file *self, const char *name, int64_t *job,
                          GError **error);
/* How many Devices of instructions judged since then were accepted. */
bool ledger_accepted_since(struct ledger *ledger, int64_t since, int64_t *n, GError **error);

#endif
