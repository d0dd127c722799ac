/*
 * Judges one inbound file: its name, packing, frame, header and every record, in one streaming pass. `check` and
 * `run` call this same function. They differ in what they know (rules.h): without a ledger or a configuration, the
 * rules that need them are left out (judge_each_not_judged lists them).
 *
 *   struct verdict verdict;
 *   if (judge_file(&request, &verdict, &error)) … verdict_clear(&verdict);
 *
 * Judging changes nothing. on_row may write to the ledger while the file is judged; the rules of the next record see
 * what it wrote. Memory grows with the set of keys (Device IDs) of the file only. Time is linear in the file's size.
 */
#ifndef ECOSGATE_VALIDATORS_JUDGE_H
#define ECOSGATE_VALIDATORS_JUDGE_H

#include "validators/rules/device_rules.h"
#include "validators/rules/rules.h"
#include "validators/verdict.h"

#include <glib.h>

#define JUDGE_ERROR (judge_error_quark())
enum judge_error {
    JUDGE_ERROR_STOPPED, /* *stop was set */
};
/* The GError domain of this file. */
GQuark judge_error_quark(void);
/* Sets JUDGE_ERROR_STOPPED; returns false. */
bool judge_stopped(GError **error);

/* What to judge, and whom to call meanwhile. All pointers are borrowed until judge_file returns. */
struct judge_request {
    const char *name; /* raw bytes of the file's name, name_len of them */
    size_t name_len;
    int fd;             /* the content: a regular file, open for reading; judge_file does not close it */
    const char *sha256; /* of the content, 64 hex digits; needed if rules->ledger is set */
    const struct rules *rules;
    const struct signature_file *signature; /* that came with the file; NULL: none */
    const char *rejection; /* why an operator has the file rejected whole (B114); NULL: its content decides */
    size_t max_findings;   /* findings kept; the others are counted only */
    /* Called when the header was judged, before the first record. Not called for a file without a header. A false
     * result ends the judging with *error. NULL is allowed. */
    bool (*on_header)(void *user, const struct file_type *type, const struct header *header, GError **error);
    /* Called for each D record that could be read, in order, with its codes. row is a struct device for an EMI
     * (device_of), a struct result for EMT and EMC (result_of), a struct reference for reference data (reference_of).
     * It lives until the call returns. A false result ends the judging with *error. NULL is allowed. */
    bool (*on_row)(void *user, const struct file_type *type, const struct row *row, GError **error);
    /* Called with the bytes of the file read so far, as they are packed. NULL is allowed. */
    void (*on_progress)(void *user, uint64_t packed_bytes);
    void *user;                /* handed to the three callbacks */
    const volatile bool *stop; /* when it becomes true, judging ends with JUDGE_ERROR_STOPPED; NULL is allowed */
};

/* Judges the file and fills *verdict, which the caller clears. On false nothing was decided and *verdict is empty; it
 * need not be cleared. The error is one of the disk, of the ledger or of a callback, or JUDGE_ERROR_STOPPED; what is
 * wrong with the file is never an error, but a finding in the verdict. */
bool judge_file(const struct judge_request *request, struct verdict *verdict, GError **error);

/* Calls visit for each code that judge_file cannot judge in a file of that type, because rules has no ledger or no
 * configuration. Order: that of the catalogue. type NULL means an instruction. */
void judge_each_not_judged(const struct rules *rules, const struct file_type *type,
                           void (*visit)(void *user, const char *code), void *user);

#endif
