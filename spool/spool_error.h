/*
 * The error domain of the spool. The code says who has to act, not what happened: the message says that.
 */
#ifndef ECOSGATE_SPOOL_SPOOL_ERROR_H
#define ECOSGATE_SPOOL_SPOOL_ERROR_H

#include <glib.h>

#define SPOOL_ERROR (spool_error_quark())

enum spool_error {
    SPOOL_ERROR_RETRY,   /* the outside world (full disk, I/O, permission): try again later */
    SPOOL_ERROR_CORRUPT, /* our stored bytes are not what we stored: set the job aside */
    SPOOL_ERROR_BUG,     /* we called it wrongly or broke our own rule: stop */
    SPOOL_ERROR_EXISTS,  /* the name is taken; nothing was changed */
    SPOOL_ERROR_LOCKED   /* another process holds the spool */
};

GQuark spool_error_quark(void);

#endif
