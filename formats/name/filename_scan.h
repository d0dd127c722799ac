/*
 * Reads one name by one grammar and collects what is wrong with it: for filename.c and filename_answer.c.
 */
#ifndef ECOSGATE_FORMATS_NAME_FILENAME_SCAN_H
#define ECOSGATE_FORMATS_NAME_FILENAME_SCAN_H

#include "formats/name/filename.h"

/* Each part, a bad byte, the length, and both of a packing and its separator. */
enum { SCAN_MAX_FAULTS = NAME_MAX_PARTS + 6, SCAN_EXPECTED_SIZE = 160 };

/* A segment or separator as it stands in the name: its bytes from start up to end. */
struct span {
    const char *segment; /* as in struct filename_fault */
    size_t start, end;
};

/* Faults are collected and given to the caller in order at the end: only then is it known which of them the fault of a
 * single byte explains. */
struct scan {
    const char *name;
    size_t len;
    size_t pos;
    size_t limit; /* the end of what the part that is read now may be taken from */
    const struct names *names;
    const struct names_inbound *inbound; /* NULL: a name of the gateway's own */
    const struct name_grammar *grammar;
    struct filename *out;
    bool segments_missing; /* one fault: what follows the first missing segment is missing too */
    bool form_read;
    struct span date, time; /* of digits that stand as the picture has them; segment NULL: they do not */
    unsigned revision;      /* of the name of an answer; 0: it has none */
    size_t n_good;          /* parts that were read without a fault */
    bool form_good;         /* the form is one of them */
    size_t distance;        /* letters by which words in it differ from those of the grammar */
    size_t n_faults;
    struct {
        struct filename_fault fault; /* its position is an offset, its expectation is beside it */
        char expected[SCAN_EXPECTED_SIZE];
    } faults[SCAN_MAX_FAULTS];
};

/* What is read. */
struct scan_name {
    const char *name;
    size_t len;
    const struct names *names;
    const struct names_inbound *inbound; /* whose types it may be of; NULL: a name of the gateway's own */
    const struct name_grammar *grammar;
};

/* Reads the name into *out and the faults into *scan. */
void scan_run(struct scan *scan, const struct scan_name *what, struct filename *out);

/* Adds a fault of the bytes of the span: what is expected there. */
void scan_add_fault(struct scan *s, enum filename_fault_kind kind, struct span span, const char *expected, ...)
    G_GNUC_PRINTF(4, 5);

#endif
