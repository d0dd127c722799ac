/*
 * The records of reference data: INV, COS, NMM, PTY (formats/FILES.md, 8): C101, C102, C104, C113, C117, C119, C120.
 * One call judges one record and says everything that is wrong with it; of REMOVE only the key is judged.
 */
#ifndef ECOSGATE_VALIDATORS_REFERENCE_RULES_H
#define ECOSGATE_VALIDATORS_REFERENCE_RULES_H

#include "spool/ledger/ledger_reference.h"
#include "validators/device_rules.h"
#include "validators/header_rules.h"

enum { REFERENCE_TEXTS = LAYOUT_MAX_COLUMNS * (LAYOUT_FIELD_MAX_CHARS * 4 + 1) };

/* A record as a row of the ledger; which of the union is set follows from table. Whole only when it has no errors. */
struct reference {
    struct row row;
    enum ledger_reference table;
    bool remove; /* Action REMOVE */
    union {
        struct ledger_inventory inventory;
        struct ledger_cos cos;
        struct ledger_nmm nmm;
        struct ledger_party party;
    };
    size_t used;
    char texts[REFERENCE_TEXTS]; /* what the row's texts point to */
};

static inline const struct reference *reference_of(const struct row *row)
{
    return (const struct reference *)row;
}

/* The table that a type's records belong to; false: it is none of reference data. */
bool reference_rules_table(const struct file_type *type, enum ledger_reference *table);

/* Adds findings; fills reference. mode: the file's. seen holds the keys of the file. Only with rules->ledger can C119
 * be judged; a false result is the ledger's error. */
bool reference_rules_judge(const struct rules *rules, enum ledger_reference table, enum header_mode mode,
                           struct device_set *seen, const struct record *record, struct findings *findings,
                           struct reference *reference, GError **error);

#endif
