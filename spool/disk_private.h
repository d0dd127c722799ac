/*
 * Shared by disk.c, disk_look.c and disk_file's errors: not for others.
 */
#ifndef ECOSGATE_SPOOL_DISK_PRIVATE_H
#define ECOSGATE_SPOOL_DISK_PRIVATE_H

#include <glib.h>
#include <stdbool.h>

/* Sets SPOOL_ERROR_RETRY (EEXIST: _EXISTS) "cannot <what> <path>: <errno's text>"; always false. */
bool disk_fail(GError **error, const char *what, const char *path, int fault);

#endif
