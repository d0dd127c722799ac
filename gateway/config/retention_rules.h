/*
 * Which stored files are packed and removed, and when: the settings of [retention]. The files of a job are of one kind,
 * that of its type; the answers to a file received go with it.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_RETENTION_RULES_H
#define ECOSGATE_GATEWAY_CONFIG_RETENTION_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retention_kind {
    RETENTION_INSTRUCTIONS, /* EMI */
    RETENTION_RESULTS,      /* EMT, EMC */
    RETENTION_INVENTORY,    /* INV of mode FULL */
    RETENTION_REFERENCE,    /* INV of mode DELTA, COS, NMM, PTY */
    RETENTION_WORK_ORDERS,  /* EMW */
    RETENTION_OUTCOMES,     /* EMO */
    RETENTION_INCIDENTS,    /* INC */
    RETENTION_ASSETS,       /* MAPR */
    RETENTION_REPORTS,      /* all other reports */
    RETENTION_OTHER,        /* files whose name tells no type */
    RETENTION_KINDS,
};

struct retention_rule {
    int64_t pack, remove; /* seconds after the end of the job; 0: never */
};

/* The setting that has the kind's rule: "instructions". */
const char *retention_setting(enum retention_kind kind);
/* The kind of a job of that type; NULL: none is known. full: a FULL file of reference data. */
enum retention_kind retention_kind_of(const char *type, bool full);

#endif
