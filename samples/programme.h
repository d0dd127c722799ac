/*
 * `generate programme COMMAND`: the partners of the gateway in a whole programme (plan.h), and its oracle. Nothing is
 * kept between two calls. Each function prints what it made or found, a line each; what cannot be done ends the program
 * with status 2 and a message.
 */
#ifndef ECOSGATE_SAMPLES_PROGRAMME_H
#define ECOSGATE_SAMPLES_PROGRAMME_H

#include "samples/plan.h"

struct programme {
    struct plan plan;
    unsigned week, day;    /* whose file is written; day as in struct life */
    unsigned sequence;     /* of the first file that is written */
    uint64_t file_devices; /* the most records of a file */
    unsigned stranded_weeks;
    const char *time; /* when the files are written: 2023-07-03T06:00:00Z */
    const char *dir;
    const char *rows; /* expect and tally: a report whose rows are printed on standard error; NULL: none */
};

/* main of this command; argv[0] is "programme". Returns the exit status. */
int programme_main(int argc, char **argv);
/* Ends the program with a message. */
void programme_die(const char *what, const char *detail) __attribute__((noreturn));

/* What every report should hold, by the plan: lines as programme_tally prints them. */
void programme_expect(const struct programme *programme);

/* What an EMD, EMO, EMW or report holds: a line "TYPE RECIPIENT PERIOD ROWS FINGERPRINT". Nothing of another file. */
void programme_tally(const struct programme *programme, const char *path);

/* The EMT, or the EMC, that answers a work order; none, if no Device has an answer. */
void programme_answer(struct programme *programme, const char *type, const char *path);

/* Rows of one file, and the sum of their digests: it does not depend on their order. */
struct pile {
    uint64_t rows, fingerprint;
};
/* Adds a row, which is a text of the values that are compared, joined by commas. */
void pile_add(struct pile *pile, const char *row);
/* Prints the line of a file, as programme_tally does. */
void pile_print(const struct pile *pile, const char *type, const char *recipient, const char *period);

/* Digest of a text that goes on from the digest of what stands before it; 0: from nothing. */
uint64_t digest_text(uint64_t before, const char *text);
/* Adds a row by the digest of its text. */
void pile_add_digest(struct pile *pile, uint64_t digest);

/* --- Files that are written ----------------------------------------------------------------------- */

struct outfile;
/* Mode: "FULL" or "DELTA", NULL for a type without. The name has the next sequence number. */
struct outfile *outfile_new(struct programme *programme, const char *type, const char *mode);
/* Adds a record of n values; its RecordNumber is the next one. */
void outfile_add(struct outfile *file, const char *const *values, unsigned n);
/* Records so far. */
uint64_t outfile_rows(const struct outfile *file);
/* Writes the trailer, gives the file its name, prints its path. A file without a row is removed, unless it may be
 * empty. NULL is no file. */
void outfile_end(struct outfile *file, int may_be_empty);

#endif
