/*
 * A witness: what is known outside a ledger about that ledger, so that one that went back in time, or of which two
 * copies run, is found out. The same text is the content of the witness file (`witness=` in ecosgate.conf(5)) and of
 * the claim in a drop. It says whose ledger it is, its generation, which process wrote it, and
 * the greatest value of each number that was given out or accepted.
 *
 *   witness_new → members, witness_raise → witness_print or witness_write → witness_free
 *   witness_read or witness_parse → members, witness_number → witness_free
 *   witness_read_kept, again and again → members of what it lends → witness_kept_clear
 *
 * The text begins with a line that holds the SHA-256 of all that follows, so that a text that was written in part is
 * recognised; then ledger, instance and generation again. The line is a row of CSV, for some recipients read each file
 * of a drop's `out` as CSV, and so a claim, too. White space at the end of the text does not count: a claim is written
 * over an older one in place.
 *
 * Numbers have a name without control characters, and only go up: a name's value is the greatest that was ever seen.
 * Not yet known: 0. Errors are those of disk.h, and SPOOL_ERROR_CORRUPT for a text that is no whole witness.
 */
#ifndef ECOSGATE_SPOOL_WITNESS_H
#define ECOSGATE_SPOOL_WITNESS_H

#include "spool/disk.h"

enum { WITNESS_MAX_SIZE = 1048576 /* bytes of a text that is read */ };

struct witness {
    char *ledger;        /* the ledger's id */
    int64_t generation;  /* of the ledger's writer */
    char *instance;      /* of the process that wrote it: 32 hex digits, made anew at each start */
    char *host;          /* name of its machine */
    int64_t pid;         /* on that machine */
    int64_t written;     /* seconds UTC */
    char *evidence;      /* the head of the chain of evidence, "17 <64 hex digits>"; "": older programs wrote none */
    GHashTable *numbers; /* name → int64_t; use the functions below */
};
typedef struct witness witness_t;

/* An empty witness of this host and process, written never, with empty ledger and instance. Never NULL. */
struct witness *witness_new(void);
/* NULL is allowed. */
void witness_free(struct witness *witness);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(witness_t, witness_free)

/* Sets the number to value if it is below that. True: it was. */
bool witness_raise(struct witness *witness, const char *name, int64_t value);
/* The number's value; 0 if the witness does not have it. */
int64_t witness_number(const struct witness *witness, const char *name);
/* True if a number of the witness is above that of the other. */
bool witness_exceeds(const struct witness *witness, const struct witness *other);
/* The names of all numbers, sorted; the strings are the witness's. g_ptr_array_unref. */
GPtrArray *witness_names(const struct witness *witness);

/* A copy; never NULL. */
struct witness *witness_copy(const struct witness *witness);

/* The text; g_free. */
char *witness_print(const struct witness *witness);
/* NULL with SPOOL_ERROR_CORRUPT if text is no whole witness, SPOOL_ERROR_RETRY if a newer program wrote it. */
struct witness *witness_parse(const char *text, size_t len, GError **error);

/* The id of the ledger in a text that witness_print has made; g_free. */
char *witness_ledger_of(const char *text);

/* Sets *witness to what the file holds; NULL if there is no file. */
bool witness_read(const char *path, struct witness **witness, GError **error);
/* A witness file as it was read last. Zero at first. */
struct witness_kept {
    char *text;
    size_t len;
    struct witness *witness; /* what the text says; NULL: nothing was read, or it is no witness */
};
/* As witness_read, but *witness is lent until the next call, and a file that has not changed is not parsed again: a
 * writer asks in each pass. */
bool witness_read_kept(const char *path, struct witness_kept *kept, const struct witness **witness, GError **error);
/* Frees what it holds; it can be used again. */
void witness_kept_clear(struct witness_kept *kept);
/* Replaces the file durably. Passes the crash point. */
bool witness_write(enum step step, const char *path, const struct witness *witness, GError **error);

#endif
