/*
 * Shared by spool/disk*.c; not for other files.
 */
#ifndef ECOSGATE_SPOOL_DISK_PRIVATE_H
#define ECOSGATE_SPOOL_DISK_PRIVATE_H

#include "spool/file_rights.h"

#include <glib.h>
#include <stdbool.h>

/* Sets "cannot <what> <path>: <text of errnum>", with what to do where errnum tells. SPOOL_ERROR_EXISTS for EEXIST,
 * else SPOOL_ERROR_RETRY. Always returns false, so that a caller can return the call. */
bool disk_fail(GError **error, const char *what, const char *path, int errnum);

/* Gives the open file or folder at path, a name for errors, its group and its mode. */
bool disk_give_rights(int fd, const char *path, const struct file_rights *rights, GError **error);

/* Syncs the folder that holds a path. */
bool disk_sync_parent(const char *path, GError **error);

/* disk_fs_can_sync of the file system of an open file. */
bool disk_fs_can_sync_file(int fd);

/* Renames a file or folder and replaces nothing: SPOOL_ERROR_EXISTS if `to` exists. Nothing is synced. */
bool disk_rename_new(const char *from, const char *to, GError **error);

#endif
