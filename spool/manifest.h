/*
 * The list of a backup's files with their SHA-256, in the form that `sha256sum -c` reads: 64 lower-case hex digits, two
 * spaces, the path below the backup's folder. The lines stand in the order of a walk that takes the names of each
 * folder by strcmp, so that a list of any length is compared with the folder in one walk and bounded memory.
 *
 *   manifest_open → manifest_next* → manifest_close
 *
 * Nothing in a list is trusted: a path that leads out of the folder is SPOOL_ERROR_CORRUPT, like any other line that is
 * none.
 */
#ifndef ECOSGATE_SPOOL_MANIFEST_H
#define ECOSGATE_SPOOL_MANIFEST_H

#include "spool/spool_error.h"

#include <glib.h>
#include <stdbool.h>

/* Names in a backup's folder. */
#define BACKUP_MANIFEST "MANIFEST"
#define BACKUP_FACTS "BACKUP"
#define BACKUP_LEDGER "ledger.sqlite"
#define BACKUP_SPOOL "spool"
#define BACKUP_CONFIG "ecosgate.conf"

enum { MANIFEST_DEPTH = 4 /* parts of the longest path: spool, state, id, file */ };

/* Whether a list may have that path: 1 to 4 parts between single '/', each a name that a job's file may have
 * (job_file_is_safe). So it is relative and has neither ".." nor hidden names. */
bool manifest_path_is_safe(const char *path);

/* One line, with its end; g_free. */
char *manifest_line(const char *sha256, const char *path);

struct manifest;
typedef struct manifest manifest_t;

/* Opens a list for reading. NULL with SPOOL_ERROR_RETRY if it cannot be opened. */
struct manifest *manifest_open(const char *path, GError **error);

/* Reads the next line. *path and *sha256 are the manifest's until the next call; *path is NULL after the last line.
 * SPOOL_ERROR_CORRUPT names the line that is none. */
bool manifest_next(struct manifest *manifest, const char **path, const char **sha256, GError **error);

/* NULL is allowed. */
void manifest_close(struct manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(manifest_t, manifest_close)

#endif
