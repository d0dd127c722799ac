/*
 * The only door to rename, fsync, unlink and mkdir: nothing gets a name, and nothing that had one loses
 * it, except through here. Every change is durable when its function returns true, unless it says otherwise: the
 * file is synced before it is renamed and the folders afterwards.
 *
 *     disk_file_create → disk_file_write* → disk_file_publish → disk_file_free     name and bytes at once
 *     disk_file_create → disk_file_write* → disk_file_upload  → disk_file_free     bytes, still .<name>.part
 *         … then, perhaps in another process, disk_publish_temporary
 *
 * disk_file_free before publish or upload abandons: the temporary file is removed. Paths are borrowed for
 * the call. Unless said otherwise errors are SPOOL_ERROR_RETRY with the path and errno's text.
 */
#ifndef ECOSGATE_SPOOL_DISK_H
#define ECOSGATE_SPOOL_DISK_H

#include "spool/digest.h"
#include "spool/spool_error.h"
#include "spool/step.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk_file;
typedef struct disk_file disk_file_t;

/* ".<name>.part" beside path; owned by the caller. */
char *disk_temporary_path(const char *path);

/* Begins a file that is to stand at path; its folder must exist. What a crash left under the temporary
 * name is replaced. expected_size reserves that much disk (0: none), so that a full disk shows here. */
struct disk_file *disk_file_create(const char *path, uint64_t expected_size, GError **error);
/* Adds len bytes, buffered. The first argument is a struct disk_file: the function fits byte sinks of
 * the form bool (*)(void *user, const char *data, size_t len, GError **). After one failure, of this or
 * of a sync, the file cannot be published any more. */
bool disk_file_write(void *file, const char *data, size_t len, GError **error);
/* Sync, close, rename to path (replacing what stands there), sync the folder. */
bool disk_file_publish(enum step step, struct disk_file *file, GError **error);
/* Close and rename without a sync: for files that count only after disk_fs_sync. */
bool disk_file_place(enum step step, struct disk_file *file, GError **error);
/* Sync, close, sync the folder: the file stays under its temporary name. */
bool disk_file_upload(enum step step, struct disk_file *file, GError **error);
uint64_t disk_file_size(const struct disk_file *file);
/* Lower-case hex, the file's own; NULL before publish or upload succeeded. */
const char *disk_file_sha256(const struct disk_file *file);
/* NULL is fine. */
void disk_file_free(struct disk_file *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(disk_file_t, disk_file_free)

/* Renames what disk_file_upload left to path, without replacing: SPOOL_ERROR_EXISTS when path is taken. */
bool disk_publish_temporary(enum step step, const char *path, GError **error);
/* Renames a file or a folder within one file system and syncs both parents. SPOOL_ERROR_EXISTS when
 * `to` is taken; nothing is replaced. */
bool disk_rename_noreplace(enum step step, const char *from, const char *to, GError **error);

/* The same without the sync, which is the caller's: disk_sync_dir of both parents. */
bool disk_rename_unsynced(enum step step, const char *from, const char *to, GError **error);
/* Makes the names in a folder durable: what an earlier process, or a call that failed, may have left undone. */
bool disk_sync_dir(const char *path, GError **error);

/* Removes a file; one that is already gone is fine. */
bool disk_unlink(enum step step, const char *path, GError **error);
/* Removes a folder and the files in it (folders in it are refused, SPOOL_ERROR_BUG); gone is fine. */
bool disk_remove_dir(enum step step, const char *path, GError **error);
/* Makes one folder (0750), or leaves none. SPOOL_ERROR_EXISTS when there is something. */
bool disk_make_dir(enum step step, const char *path, GError **error);
/* The same without the sync: for folders that count only after disk_fs_sync. */
bool disk_make_dir_unsynced(enum step step, const char *path, GError **error);
/* Makes a folder and its parents as needed; folders that are there are fine. */
bool disk_make_dirs(enum step step, const char *path, GError **error);

/* Many files made durable by one call: opened before the first of them is written, so that a failure of any of their
 * writes since then is told (Linux 5.8 and later). A sync that failed is final for all of them. path is any folder of
 * the file system; -1 on failure. */
int disk_fs_open(const char *path, GError **error);
bool disk_fs_sync(enum step step, int fs, const char *path, GError **error);
/* -1 is fine. */
void disk_fs_close(int fs);

/* True and *exists: is there a regular file or folder (links not followed)? */
bool disk_exists(const char *path, bool *exists, GError **error);
/* *same: path is a regular file of this size and SHA-256 (hex). A missing file is not the same. */
bool disk_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error);
/* Names in a folder, sorted, without "." and "..": g_strfreev. */
char **disk_names(const char *path, GError **error);
/* Bytes that an ordinary user can still write to path's file system. */
bool disk_free_bytes(const char *path, uint64_t *bytes, GError **error);
/* *network: path lies on NFS, SMB, AFS and the like, where locks and SQLite's WAL are not safe. */
bool disk_is_network_fs(const char *path, bool *network, GError **error);

/* Takes the exclusive lock of the file at path (made when missing) without waiting and writes our pid
 * into it. Returns a descriptor to give to disk_unlock, or -1: SPOOL_ERROR_LOCKED names the holder's pid. */
int disk_lock(const char *path, GError **error);
/* *pid: who holds the lock of the file at path, 0 when nobody does, -1 when the file does not say. Leaves
 * the file as it is. */
bool disk_lock_holder(const char *path, int64_t *pid, GError **error);
/* -1 is fine. The file stays. */
void disk_unlock(int fd);

#endif
