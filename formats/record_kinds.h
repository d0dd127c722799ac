/*
 * What the program knows of files whatever their format is: the types and reports that there are, which records they
 * have, and which facts each record can carry. A profile says how a format names and arranges them.
 *
 * Of a record that arrives, the facts are its fields, numbered by the enums of layout.h; the rules use these. Of a
 * record that leaves, they are those that the code which fills it makes (outgoing_facts.h).
 */
#ifndef ECOSGATE_FORMATS_RECORD_KINDS_H
#define ECOSGATE_FORMATS_RECORD_KINDS_H

#include "formats/facts.h"

#include <stdbool.h>
#include <stddef.h>

enum fact_need {
    FACT_OPTIONAL, /* a format may have no column for it: the program does without */
    FACT_NEEDED,   /* each format has to have one */
    FACT_SUPPLIED, /* a format may have no column for it: the program knows the value from elsewhere (below) */
};

/*
 * Where the value of a FACT_SUPPLIED comes from, in a format that has no column for it:
 *
 *   header.sender        the file's name; else the party whose drop the file was in
 *   header.recipient     this gateway
 *   header.environment   that of this gateway
 *   header.sequence      the file's name
 *   header.created       the file's name; else the clock when the file is judged
 *   header.batch         made of header.created and header.sequence: "20230703-060000-000001"
 *   header.mode          FULL
 *   record.number        the place of the record in its file
 *   record.action        SET
 *   work.attempt         none: it is kept for people and reports alone
 */

/* The facts that a record can carry. */
struct record_kind {
    size_t n;
    const enum fact *facts;
    const enum fact_need *needs; /* of facts[i] */
};

/* A type of files: the same in every profile. */
struct type_kind {
    const char *code;                 /* "EMI" */
    bool inbound;                     /* it arrives at the gateway; else it leaves */
    bool reference;                   /* reference data: its header has a Mode */
    const struct record_kind *header; /* H */
    const struct record_kind *file;   /* F, of an EMA; else NULL */
    const struct record_kind *row;    /* the rows */
    char row_letter;                  /* 'D'; 'E' of an EMA */
    bool keeps;                       /* texts of columns without a fact are kept with the Device of its row */
    bool passes;                      /* its rows can pass such texts on */
    bool answers;                     /* it answers a file that has arrived, and is named after it */
    const char *answered;             /* if so, the only type that it answers; NULL: all that arrive */
};

struct report_record {
    const char *ref; /* "ECOSMIG-001" */
    const struct record_kind *row;
};

extern const struct type_kind type_kinds[];
extern const size_t n_type_kinds;
extern const struct report_record report_records[];
extern const size_t n_report_records;

/* The type of that code; NULL: there is none. */
const struct type_kind *type_kind_of(const char *code);

/* Whether files of the type, which arrives, get that answer. */
bool type_kind_answers(const struct type_kind *answer, const char *type);

/* Whether a record can carry the fact. */
bool record_kind_has(const struct record_kind *kind, enum fact fact);

#endif
