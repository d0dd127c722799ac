/*
 * The error domain of the spool and the ledger. The code says who has to act; the message says what happened.
 */
#ifndef ECOSGATE_SPOOL_SPOOL_ERROR_H
#define ECOSGATE_SPOOL_SPOOL_ERROR_H

#include <glib.h>

#define SPOOL_ERROR (spool_error_quark())

enum spool_error {
    SPOOL_ERROR_RETRY,   /* the surroundings failed (full disk, I/O error, permission): the caller tries again later */
    SPOOL_ERROR_CORRUPT, /* stored bytes are not what we stored: the job moves to corrupt/ for an operator */
    SPOOL_ERROR_BUG,     /* we called a function wrongly or broke our own rule: the gateway stops */
    SPOOL_ERROR_EXISTS,  /* the name is taken; nothing was changed */
    SPOOL_ERROR_LOCKED,  /* another process holds the lock of the spool */
    SPOOL_ERROR_MISSING  /* the ledger is not there or has no tables: an operator brings it back */
};

/* The quark of SPOOL_ERROR. */
GQuark spool_error_quark(void);

#endif
