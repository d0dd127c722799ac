/*
 * Names of files that cross the edge (FILES.md, 2): the grammar of inbound names, a
 * diagnosis of names outside it, and the names that the gateway gives to its answers and work orders.
 *
 *   struct filename f;
 *   if (!filename_parse(name, len, &f, on_fault, user)) … every fault was reported to on_fault
 */
#ifndef ECOSGATE_FORMATS_FILENAME_H
#define ECOSGATE_FORMATS_FILENAME_H

#include "formats/layout.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILENAME_MAX_BYTES = 128, FILENAME_ORG_SIZE = 9 };

enum filename_pack { FILENAME_PLAIN, FILENAME_GZ, FILENAME_ZIP };

enum filename_fault_kind {
    FILENAME_BAD_GRAMMAR,  /* a segment or separator is not what the grammar asks for */
    FILENAME_BAD_TYPE,     /* well-formed type code that is no inbound file type */
    FILENAME_BAD_CALENDAR, /* eight or six digits that are no date or time of day */
};

struct filename_fault {
    enum filename_fault_kind kind;
    const char *segment; /* "type", "org", "eui64", "date", "time", "seq", "form", "pack",
                          * "separator" between two of them, "name" as a whole */
    size_t position;     /* 1-based character (byte, where not UTF-8) at which it begins */
    const char *found;   /* into the name, found_len bytes */
    size_t found_len;
    const char *expected; /* "six digits, 000001 to 999999"; valid during the call */
};

typedef void filename_fault_fn(void *user, const struct filename_fault *fault);

/* What could be read. After a failed parse every member still holds the best guess, so that the
 * content can be judged too; type NULL and form FORM_UNKNOWN where there is none. */
struct filename {
    const struct file_type *type;
    char org[FILENAME_ORG_SIZE];
    uint64_t eui64;
    char date[9];
    char time[7];
    int64_t created;   /* date and time as an instant */
    uint32_t sequence; /* 0 where unknown */
    enum form form;
    enum filename_pack pack;
    size_t stem_len; /* length of the name without ".gz" or ".zip" */
};

/* True when name is in the grammar. Reports each faulty segment otherwise, left to right; on_fault
 * may be NULL. The name need not be terminated and may hold any byte. */
bool filename_parse(const char *name, size_t len, struct filename *out, filename_fault_fn *on_fault, void *user);

/* True for names that are not files yet: ".…", "*.tmp", "*.part", "*.filepart", "*.incomplete". */
bool filename_is_temporary(const char *name);

/* "EMA_MCC_…_000001_R1.xml" for an answer of type answer_type to a name in the grammar; NULL, with a
 * critical message, for any other name. */
char *filename_answer(const char *name, const char *answer_type, unsigned revision);

/* "EMA_UNKNOWN_<16 hex of the SHA-256 of the name>_R<n>.csv"; name_sha256 is 64 hex digits. */
char *filename_unknown_answer(const char *name_sha256, unsigned revision);

/* "EMW_TCOS_<eui64>_<date>_<time>_<seq>.csv"; form is that of form_name. */
char *filename_own(const char *type, const char *org, uint64_t eui64, int64_t at, uint32_t sequence, const char *form);

#endif
