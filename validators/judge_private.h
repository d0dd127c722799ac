/*
 * What judge.c (one file: name, frame, header, totals, verdict) and judge_records.c (one record, by the rules of its
 * file type) share.
 */
#ifndef ECOSGATE_VALIDATORS_JUDGE_PRIVATE_H
#define ECOSGATE_VALIDATORS_JUDGE_PRIVATE_H

#include "formats/eui64.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/judge.h"
#include "validators/rules/review_rules.h"

struct judging;

/* What the records of an inbound file type are about. */
enum inbound_about {
    ABOUT_DEVICES,   /* Devices that shall get new credentials */
    ABOUT_WORK,      /* work that the gateway ordered: its results and confirmations */
    ABOUT_REFERENCE, /* reference data */
};

/* A line of inbound_types.def, as far as judging needs it. */
struct inbound_type {
    const char *code;
    enum inbound_about about;
    bool (*begin)(struct judging *j, GError **error);
    bool (*judge)(struct judging *j, const struct record *record, GError **error);
    bool may_be_empty;
};

/* The longest value of a Header field, in bytes: 128 characters. */
enum { COUNT_BYTES = 512 };

/* One file while it is judged. */
struct judging {
    const struct judge_request *request;
    struct judged_file file;         /* what the rules see of it */
    struct known_values known;       /* of file */
    const struct inbound_type *type; /* set once the content is read */
    struct verdict *verdict;
    struct reading *reading;    /* NULL: the content is not read yet */
    struct ledger_file subject; /* the file, for questions about earlier files */
    char sender[EUI64_TEXT_SIZE];
    struct review review;        /* of an instruction, if there is a ledger */
    enum ledger_reference table; /* of reference data */
    uint32_t expected_number;    /* RecordNumber of the next record */
    uint32_t last_ordinal;
    bool counted;                 /* the file states a count, with this text at this place: */
    char count_text[COUNT_BYTES]; /* its first count_len bytes */
    size_t count_len;
    struct place count_at;
    bool cut_short; /* the end was not reached: totals are not judged */
    GError *error;  /* the first error of disk, ledger or callback; it ends the reading */
};

/* Counts a judged record and calls on_row. False: the callback's error. (judge.c) */
bool judge_count_and_pass_on(struct judging *j, const struct row *row, GError **error);

/* The line of inbound_types.def for a file type; NULL: it has none. (judge_records.c) */
const struct inbound_type *judge_inbound_type(const struct file_type *type);

#endif
