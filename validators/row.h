/*
 * One D record as judged: what the rules of every file type have in common. A type's own struct begins with
 * it (struct device, struct result …) and says what its fields mean.
 *
 * A finding that is an error sets the code's bit; a warning does not. Fields point into the record and live as
 * long as it.
 */
#ifndef ECOSGATE_VALIDATORS_ROW_H
#define ECOSGATE_VALIDATORS_ROW_H

#include "formats/reader.h"
#include "validators/findings.h"

#include <glib.h>

struct row {
    const struct record *record; /* NULL: judged from the ledger, without findings */
    const struct layout_record *layout;
    uint64_t codes;        /* bit (code - C101) */
    uint64_t permanent;    /* the same, without the codes that are transient for this record */
    int64_t next_eligible; /* when the last of those that pass will have passed; 0: none said so */
    bool warned;
};

/* passes: whether this code passes by itself for this record; mostly what the catalogue says. */
void row_add_code(struct row *row, enum code code, bool passes);
bool row_has_code(const struct row *row, enum code code);
/* The record has this code, and its cause does not go away without a change. */
bool row_has_permanent(const struct row *row, enum code code);
bool row_has_errors(const struct row *row);

/* Errors, and all of them pass: it is deferred rather than rejected. */
bool row_is_deferred(const struct row *row);

/* The first in the catalogue's order; call only when it has errors. */
enum code row_first_code(const struct row *row);
/* The first of those that do not pass by themselves; call only when there is one. */
enum code row_first_permanent(const struct row *row);

/* One of the passing codes will have passed by then, the others may need longer. */
void row_wait_until(struct row *row, int64_t at);

/* A finding about one column, and nothing else. */
void row_tell(struct row *row, struct findings *findings, enum code code, size_t column, bool warning,
              const char *text);

/* A finding about one column, and for an error the code. */
void row_say(struct row *row, struct findings *findings, enum code code, size_t column, bool warning,
             const char *format, ...) G_GNUC_PRINTF(6, 7);

#endif
