/*
 * The verdict on one inbound file: its name, its packing, its frame, its header and every Device, in one
 * streaming pass. `check` and the live run call this same function; what they know differs (rules.h).
 *
 *   struct verdict verdict;
 *   if (judge_file(&request, &verdict, &error)) … verdict_clear(&verdict);
 *
 * A false result is a fault of the disk, of the ledger, of on_row, or a stop; nothing is wrong with the
 * file then and the verdict is empty. Memory grows by the set of Device IDs only.
 */
#ifndef ECOSGATE_VALIDATORS_JUDGE_H
#define ECOSGATE_VALIDATORS_JUDGE_H

#include "formats/filename.h"
#include "validators/device_rules.h"
#include "validators/findings.h"
#include "validators/header_rules.h"
#include "validators/rules.h"

#include <glib.h>

#define JUDGE_ERROR (judge_error_quark())
enum judge_error {
    JUDGE_ERROR_STOPPED, /* *stop was set */
};
GQuark judge_error_quark(void);

/* Accepted, accepted with warnings, accepted with rejected or deferred Devices, rejected whole. */
enum outcome { OUTCOME_AC, OUTCOME_WN, OUTCOME_PA, OUTCOME_RJ };

struct judge_request {
    const char *name; /* raw bytes of the file's name */
    size_t name_len;
    int fd;             /* the content, a regular file */
    const char *sha256; /* of the content; needed with rules->ledger only */
    const struct rules *rules;
    size_t max_findings;
    /* The header, once it was judged and before the first record; not called for a file that has none. */
    bool (*on_header)(void *user, const struct file_type *type, const struct header *header, GError **error);
    /* Each D record that could be read, in order, with its codes: a struct device for an EMI (device_of …), a struct
     * reference for reference data.
     * What it changes in the ledger is seen by the rules of the next record. NULL: nobody wants them. */
    bool (*on_row)(void *user, const struct row *row, const struct header *header, GError **error);
    void (*on_progress)(void *user, uint64_t packed_bytes); /* may be NULL */
    void *user;
    const volatile bool *stop; /* looked at now and then; may be NULL */
};

struct verdict {
    enum outcome outcome;
    struct filename filename;
    bool name_is_known; /* in the grammar */
    bool content_read;  /* the content was looked at */
    struct header header;
    int64_t declared; /* -1: not said */
    uint64_t parsed, accepted, rejected, deferred;
    struct findings *findings;
};

bool judge_file(const struct judge_request *request, struct verdict *verdict, GError **error);
void verdict_clear(struct verdict *verdict);

/* "AC", "WN", "PA", "RJ" */
const char *outcome_code(enum outcome outcome);

/* The file's records are Devices; false: those of reference data. */
bool verdict_is_of_devices(const struct verdict *verdict);

/* The finding that decided; NULL for AC. */
const struct finding *verdict_deciding(const struct verdict *verdict);

/* Codes that were not judged in a file of that type (NULL: not known, as for an instruction) for want of a ledger,
 * configuration or reference data, in the catalogue's order; calls back once per code. */
void judge_each_not_judged(const struct rules *rules, const struct file_type *type,
                           void (*visit)(void *user, const char *code), void *user);

#endif
