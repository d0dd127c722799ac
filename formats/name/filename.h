/*
 * Names of files that the gateway exchanges with its partners (FILES.md, 2): reading inbound names by the grammars of a
 * profile (names.h), what is wrong with a name outside them, and the names of the gateway's own files.
 *
 *   struct filename f;
 *   if (!filename_parse(profile, name, len, &f, on_fault, user)) …    on_fault was called for each fault
 *
 * A name is returned as a new string: free it with g_free.
 */
#ifndef ECOSGATE_FORMATS_NAME_FILENAME_H
#define ECOSGATE_FORMATS_NAME_FILENAME_H

#include "formats/layout.h"
#include "formats/profile.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILENAME_MAX_BYTES = 128, FILENAME_ORG_SIZE = 9 };

enum filename_pack { FILENAME_PLAIN, FILENAME_GZ, FILENAME_ZIP };

enum filename_fault_kind {
    FILENAME_BAD_GRAMMAR,  /* a segment or separator is not what the grammar asks for (B101) */
    FILENAME_BAD_TYPE,     /* a well-formed type code that is no inbound file type (B102) */
    FILENAME_BAD_CALENDAR, /* eight or six digits that are no date or time of day (B104) */
};

struct filename_fault {
    enum filename_fault_kind kind;
    const char *segment;  /* "type", "org", "eui64", "date", "time", "instant", "seq", "form", "pack", "word" (one that
                           * is always the same), "separator" between two of them, "name" as a whole */
    size_t position;      /* of its first character, from 1; counts bytes where the name is not UTF-8 */
    const char *found;    /* points into the name, found_len bytes */
    size_t found_len;     /* 0: nothing stands there */
    const char *expected; /* what belongs there: "six digits, 000001 to 999999"; valid during the call */
};

typedef void filename_fault_fn(void *user, const struct filename_fault *fault);

/* Where a part stands in the name: bytes. */
struct filename_place {
    size_t at, len;
};

/* What a name says. After a failed parse each member holds the best guess, so that the content can be judged too. After
 * a good one a member that is not known is one that such names do not tell (filename_tells). */
struct filename {
    const struct name_grammar *grammar; /* by which it was read */
    const struct file_type *type;       /* of the profile; NULL: not known */
    char org[FILENAME_ORG_SIZE];        /* the sender's short code; "": not known */
    uint64_t eui64;                     /* the sender; 0: not known */
    char date[9];                       /* digits, "": not known */
    char time[7];                       /* likewise */
    int64_t created;                    /* date and time: seconds since 1970, UTC; 0: not known */
    uint32_t sequence;                  /* 0: not known */
    enum form form;                     /* FORM_UNKNOWN: not known */
    enum filename_pack pack;            /* FILENAME_PLAIN also where it is not known */
    size_t stem_len;                    /* bytes of the name without ".gz" or ".zip" */
    struct filename_place type_at, org_at, eui64_at, created_at; /* the whole name where it does not tell them */
};

/* True when a name that was read well tells this part. */
bool filename_tells(const struct filename *file, enum name_part_kind part);

/* The seconds that the time in the name stands for: 1, 60 (no seconds), 3600, 86400 (a date alone); 0: it tells none.
 */
int64_t filename_precision(const struct filename *file);

/* Reads len bytes of name, which may be any bytes and need not be terminated, by the grammars of the profile. True when
 * the name is in one of them. Else calls on_fault for each fault, from left to right, by the grammar that fits best;
 * on_fault may be NULL. Fills *out in either case. Parameters: a name has a length, because it may be any bytes. */
bool filename_parse(const struct profile *profile, const char *name, size_t len, struct filename *out,
                    filename_fault_fn *on_fault, void *user);

/* Patterns of names that senders in use today give to a file until it is whole: the default of temporary= of a drop.
 * NULL-terminated. */
extern const char *const filename_temporary_patterns[];

/* What the names of files begin with that this gateway makes for itself in a drop. */
#define FILENAME_GATEWAY_PREFIX ".ecosgate-"
/* … of copies of files in custody that are about to be removed. */
#define FILENAME_TAKEN_PREFIX FILENAME_GATEWAY_PREFIX "taken-"

/* True for names that mean "still being written": those that match one of the patterns (NULL-terminated; NULL: those of
 * filename_temporary_patterns), and those that begin with FILENAME_GATEWAY_PREFIX. In a pattern '*' stands for any
 * bytes, '?' for one byte; letters of ASCII match in either case. This function alone decides for pickup, `pickup`,
 * `status` and `doctor`. */
bool filename_is_temporary(const char *name, const char *const *patterns);

/* The name of an answer of type answer_type to a file whose name is in a grammar of the profile:
 * "EMA_MCC_…_000001_R1.xml" to an EMI, "EMA_DCC_…_000001_INV_R1.csv" to any other type. For any other name returns NULL
 * and logs a critical message: an error of the caller. */
char *filename_answer(const struct profile *profile, const char *name, const char *answer_type, unsigned revision);

/* The name of the EMA for a file whose name is outside the grammars: "EMA_UNKNOWN_<16 hex digits>_R<revision>.csv".
 * name_sha256 is the SHA-256 of that name as 64 hex digits. */
char *filename_unknown_answer(const struct profile *profile, const char *name_sha256, unsigned revision);

/* What the name of a file of the gateway's own is made of. */
struct filename_own {
    const char *type;  /* "EMW"; of a report "ECOSMIG-002" */
    const char *org;   /* the gateway's short code; of a report the MPID of its recipient */
    uint64_t eui64;    /* the gateway; of a report its recipient */
    int64_t at;        /* seconds since 1970, UTC; of a report the beginning of its period */
    uint32_t sequence; /* 1 to 999999; not read for a report */
    const char *form;  /* as form_name has it */
};

/* The name of a file that answers no other, or of a file of an inbound type:
 * "EMW_<org>_<eui64>_<date>_<time>_<sequence>.csv". */
char *filename_own(const struct profile *profile, const struct filename_own *own);

/* The greatest number that the names of files of that type have room for. 0: they have no number, but date and time to
 * the second. */
uint32_t filename_own_sequence_max(const struct profile *profile, const char *type);

/* The greatest number of files named like this one, after which 1 comes. 0: they have none. */
uint32_t filename_sequence_max(const struct filename *file);

/* The same for the files of an inbound type that arrive by the profile. */
uint32_t filename_type_sequence_max(const struct profile *profile, const struct file_type *type);

/* The name of a report: "ECOSMIG-002_<mpid>_<eui64>_<date>_<time>.csv". */
char *filename_report(const struct profile *profile, const struct filename_own *report);

/* True if the name is one that the gateway with this org and EUI-64 gives by the profile: to an answer to any file
 * (EMA, EMD, EMO), to a file that answers no other (EMW, INC) or to a report. The names of answers and of reports for
 * one recipient do not hold the gateway's identity: each such name counts, whoever wrote the file. */
bool filename_is_own(const struct profile *profile, const char *name, const char *org, uint64_t eui64);

/* The type or report of such a name: "EMA", "NMDM"; NULL: it is none. Of *gateway org and eui64 count. *sequence, which
 * may be NULL: the file's own number where its name tells it, else 0. */
const char *filename_own_code(const struct profile *profile, const char *name, const struct filename_own *gateway,
                              uint32_t *sequence);

#endif
