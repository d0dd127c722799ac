/*
 * The records of reference data: INV (inventory), COS (changes of supplier), NMM (Non-Migratable models), PTY (parties)
 * (formats/FILES.md, 8): C101, C102, C104, C113, C117, C119, C120.
 *
 * Each record has a key and an Action: SET puts the other values under that key, REMOVE deletes the key. Of a REMOVE
 * only the key is judged.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_REFERENCE_RULES_H
#define ECOSGATE_VALIDATORS_RULES_REFERENCE_RULES_H

#include "spool/ledger/ledger_reference.h"
#include "validators/rules/device_rules.h"
#include "validators/rules/header_rules.h"

/* Bytes for all texts of a record: each column at its limit, each character of 4 bytes. */
enum { REFERENCE_TEXTS = LAYOUT_MAX_COLUMNS * (LAYOUT_FIELD_MAX_CHARS * 4 + 1) };

/* A record as the ledger stores it. It may be stored only if row has no errors: a malformed value is NULL or 0. */
struct reference {
    struct row row;
    enum ledger_reference table; /* which member of the union is set */
    bool remove;                 /* Action REMOVE: only the key is set */
    union {
        struct ledger_inventory inventory;
        struct ledger_cos cos;
        struct ledger_nmm nmm;
        struct ledger_party party;
    };
    size_t used;                 /* bytes of texts */
    char texts[REFERENCE_TEXTS]; /* what the strings of the union point to */
};

/* The reference of which row is the first member. */
static inline const struct reference *reference_of(const struct row *row)
{
    return (const struct reference *)row;
}

/* *table: the table that the records of a type belong to. False: the type carries no reference data. */
bool reference_rules_table(const struct file_type *type, enum ledger_reference *table);

/* Fills reference and adds everything that is wrong with the record. file->seen gets the key. C119 (nothing to remove)
 * is judged only with rules->ledger. False: an error of the ledger. */
bool reference_rules_judge(const struct judged_file *file, enum ledger_reference table, const struct record *record,
                           struct reference *reference, GError **error);

#endif
