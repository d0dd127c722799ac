/*
 * Files and folders on disk. spool/disk*.c are the only files that call rename, fsync, unlink, rmdir and syncfs:
 * nothing gets a name, and nothing loses one, except through these functions.
 *
 * A change is durable when its function returns true, unless its comment says otherwise. For a new file that takes
 * three steps in this order: sync the file, rename it, sync its folder. A file that is being written has the
 * temporary name ".<name>.part" beside its final one.
 *
 *     disk_file_create → disk_file_write* → disk_file_publish → disk_file_free     whole, under its final name
 *     disk_file_create → disk_file_write* → disk_file_upload  → disk_file_free     whole, under its temporary name
 *         … then, perhaps in another process, disk_rename_noreplace
 *
 * disk_file_free without a publish, place or upload before it removes the temporary file. Paths are borrowed for the
 * call. Sizes are bytes. A function that changes the disk takes the crash point (step.h) that it passes.
 *
 * Errors are SPOOL_ERROR_RETRY with the path, the reason and, where we know it, what to do, unless a comment says
 * otherwise. Outputs are unchanged on an error.
 */
#ifndef ECOSGATE_SPOOL_DISK_H
#define ECOSGATE_SPOOL_DISK_H

#include "spool/digest.h"
#include "spool/file_rights.h"
#include "spool/spool_error.h"
#include "spool/step.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;

/* ---- one file, from its first byte to its name ---- */

struct disk_file;
typedef struct disk_file disk_file_t;

/* ".<name>.part" in the folder of path; g_free. */
char *disk_temporary_path(const char *path);

/* Begins a file that is to stand at path; its folder must exist. A temporary file that a crash left is replaced.
 * expected_size reserves that many bytes, so that a full disk shows here; 0 reserves none. NULL on an error. */
struct disk_file *disk_file_create(const char *path, uint64_t expected_size, GError **error);

/* The same under another temporary name, which must stand in the same folder. */
struct disk_file *disk_file_create_as(const char *path, const char *temporary, uint64_t expected_size, GError **error);

/* Gives the file the group of its folder and lets that group read it, whatever the umask. Where the system refuses, the
 * file keeps its group. For files that a process of another user reads. */
void disk_file_share(struct disk_file *file);

/* Gives the file this group and this mode, whatever the umask. To be called before upload or publish, which make them
 * durable. */
bool disk_file_grant(struct disk_file *file, const struct file_rights *rights, GError **error);

/* Gives a file or a folder of our user this group and this mode, and syncs it, if it has others. What belongs to
 * another user stays as it is. */
bool disk_grant(const char *path, const struct file_rights *rights, GError **error);

/* Adds len bytes; they are buffered. file is a struct disk_file: the function has the form of a byte sink,
 * bool (*)(void *user, const char *data, size_t len, GError **). A failed write or sync is final: SPOOL_ERROR_BUG for
 * every later call on this file. */
bool disk_file_write(void *file, const char *data, size_t len, GError **error);

/* Syncs and closes the file, renames it to its path (a file that stands there is replaced), syncs the folder. */
bool disk_file_publish(enum step step, struct disk_file *file, GError **error);

/* The same, but `path` (in the same folder) must be free: SPOOL_ERROR_EXISTS, and nothing is replaced. */
bool disk_file_publish_new(enum step step, struct disk_file *file, const char *path, GError **error);

/* Closes and renames without any sync: for files that do not count before disk_fs_sync made them durable. Where that
 * does not (disk_fs_can_sync), file and folder are synced at once. */
bool disk_file_place(enum step step, struct disk_file *file, GError **error);

/* Syncs and closes the file and syncs the folder; the file keeps its temporary name. */
bool disk_file_upload(enum step step, struct disk_file *file, GError **error);

/* Closes the file without any sync; it keeps its temporary name: for files that do not count before disk_fs_sync made
 * them durable. Where that does not (disk_fs_can_sync), file and folder are synced at once. */
bool disk_file_upload_unsynced(enum step step, struct disk_file *file, GError **error);

/* Bytes written so far. */
uint64_t disk_file_size(const struct disk_file *file);

/* SHA-256 of the file as lower-case hex, borrowed from file; NULL before publish, place or upload succeeded. */
const char *disk_file_sha256(const struct disk_file *file);

/* Frees the file, and removes its temporary file if it was not published, placed or uploaded. NULL is allowed. */
void disk_file_free(struct disk_file *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(disk_file_t, disk_file_free)

/* ---- one file without a name ---- */

/* A file in a folder that nobody else can open and that is gone once it is closed; -1 on an error. Nothing is
 * synced. */
int disk_temporary(const char *dir, GError **error);

/* ---- one file, written over in place ---- */

/* Writes text over the beginning of the regular file at path, which has no second name, and line ends over the rest of
 * a longer one; then syncs. A stop leaves old and new bytes. *gone: there is no such file, and nothing was done. */
bool disk_overwrite(enum step step, const char *path, const char *text, bool *gone, GError **error);

/* ---- names ---- */

/* Renames a file or a folder within one file system and syncs the folders of both names. SPOOL_ERROR_EXISTS when `to`
 * is taken; nothing is replaced. */
bool disk_rename_noreplace(enum step step, const char *from, const char *to, GError **error);

/* The same without a sync: the caller has to call disk_sync_dir for the folders of both names. */
bool disk_rename_unsynced(enum step step, const char *from, const char *to, GError **error);

/* Makes the names in a folder durable, also those that an earlier process or a failed call left without a sync. */
bool disk_sync_dir(const char *path, GError **error);

/* Removes a file without a sync. A file that is already gone is no error. */
bool disk_unlink_unsynced(enum step step, const char *path, GError **error);

/* The same, and syncs its folder. */
bool disk_unlink(enum step step, const char *path, GError **error);

/* Removes a folder and the files in it, and syncs its parent. A folder that is already gone is no error.
 * SPOOL_ERROR_BUG when a folder is inside. */
bool disk_remove_dir(enum step step, const char *path, GError **error);

/* Removes a file or a folder with all that is in it, and syncs its parent. Follows no links. What is already gone is no
 * error. Stopped in the middle it leaves a part of the folder. */
bool disk_remove_tree(enum step step, const char *path, GError **error);
/* The same, but its parent is not synced: disk_sync_dir() makes it durable. */
bool disk_remove_tree_unsynced(enum step step, const char *path, GError **error);

/* Gives the open file a second name without a sync, for files that are never changed in place: whatever has its old
 * name by now, it is the file that fd reads. Both names must be on one file system. *gone: it has no name any more, and
 * gets none. SPOOL_ERROR_EXISTS when `to` is taken. Where disk_fs_sync does not make it durable, its folder is synced
 * at once. */
bool disk_link_unsynced(enum step step, int fd, const char *to, bool *gone, GError **error);

/* Makes one folder with mode 0750 and syncs its parent; on an error no folder is left. SPOOL_ERROR_EXISTS when the
 * name is taken. */
bool disk_make_dir(enum step step, const char *path, GError **error);

/* The same without a sync: for folders that do not count before disk_fs_sync made them durable. Where that does not,
 * the parent is synced at once. */
bool disk_make_dir_unsynced(enum step step, const char *path, GError **error);

/* Syncs the folder that holds a path, where disk_fs_sync would not make that durable. */
bool disk_sync_parent_now(const char *path, GError **error);

/* Makes a folder and its parents as needed. Folders that exist are synced into their parents. */
bool disk_make_dirs(enum step step, const char *path, GError **error);

/* ---- many files made durable by one call ---- */

/* Opens the file system of path, which is any folder on it; -1 on an error. Open it before the first of the files is
 * written: disk_fs_sync then reports every write that failed since (Linux 5.8 and later). */
int disk_fs_open(const char *path, GError **error);

/* True: disk_fs_sync makes durable what is written below path, and tells of each write that failed: ext4, XFS, Btrfs
 * and memory, from Linux 5.8 on. Elsewhere (a container's own layer, file systems of other machines, FUSE, any that is
 * not known) each file and folder is to be synced by itself: disk_file_place and the like do that. */
bool disk_fs_can_sync(const char *path);

/* Makes a file durable that other code wrote without a sync, where disk_fs_sync does not. */
bool disk_file_settle(const char *path, GError **error);

/* Makes everything on the file system durable. fs is of disk_fs_open, path only for the message. A failure is final:
 * none of the files may be used. */
bool disk_fs_sync(enum step step, int fs, const char *path, GError **error);

/* Closes what disk_fs_open returned; -1 is allowed. */
void disk_fs_close(int fs);

/* ---- questions, which change nothing ---- */

/* *exists: a regular file or a folder stands at path. Symbolic links are not followed. */
bool disk_exists(const char *path, bool *exists, GError **error);

/* *same: path is a regular file of this size and SHA-256 (lower-case hex). A missing file is not the same. */
bool disk_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error);

/* The names in a folder, sorted, without "." and ".."; g_strfreev. */
char **disk_names(const char *path, GError **error);

/* *bytes: what an ordinary user can still write to the file system of path. */
bool disk_free_bytes(const char *path, uint64_t *bytes, GError **error);

/* What a file system still has for an ordinary user. */
struct disk_room {
    uint64_t bytes;
    uint64_t names;  /* for new files; UINT64_MAX where the file system does not count them */
    uint64_t device; /* the same for two paths on one file system */
};
/* Asks the file system of path. */
bool disk_room(const char *path, struct disk_room *room, GError **error);
/* The highest folder above path, or path itself, that is on the same file system: where that is mounted. g_free. */
char *disk_mount_point(const char *path);

/* *network: path lies on NFS, SMB, AFS or the like, where neither locks nor SQLite's WAL are safe. */
bool disk_is_network_fs(const char *path, bool *network, GError **error);

/* True: path lies on an overlayfs that is mounted `volatile`: no sync reaches the disk. */
bool disk_is_volatile(const char *path);

/* True: path lies in memory (tmpfs, ramfs), which a restart of the machine empties. */
bool disk_is_memory(const char *path);

/* The name of a user as the user database has it, "uid 1001" for one that it does not know. g_free. */
char *disk_user_name(uid_t uid);
/* "alice, group ops, mode 0640": of what a message about rights has to say. g_free. */
char *disk_whose(const struct stat *st);

/* False if the rights of path, or of a folder above it, keep this process from reading it; *error says which, whose it
 * is, and what to do. True also where something else is wrong, which the caller meets. */
bool disk_may_read(const char *path, GError **error);
/* The same of writing into a folder, for giving orders. */
bool disk_may_order(const char *dir, GError **error);

/* Why others can put files into the folder: everybody on the machine may. The sticky bit does not help: it keeps files
 * from being removed, not from being made. NULL: not everybody may. g_free. */
char *disk_open_to_all(const char *dir);

/* True if the file or folder belongs to the user that this process runs as. */
bool disk_is_own(const char *path);

/* False if the file or folder belongs to another user than this process runs as: what we make there, that user could
 * not change. */
bool disk_require_owner(const char *path, GError **error);

/* ---- the lock of the one writer ---- */

/* Takes the exclusive lock of the file at path and writes our pid into it. The file is made when it is missing. Waits
 * for 10 ms at most. Returns a descriptor for disk_unlock, or -1; SPOOL_ERROR_LOCKED names the pid of the holder. */
int disk_lock(const char *path, GError **error);
/* The same of a folder that is there and may be read; it gets no pid. */
int disk_lock_dir(const char *path, GError **error);

/* *pid: who holds the lock of the file at path; 0 when nobody does, -1 when the file does not say. */
bool disk_lock_holder(const char *path, int64_t *pid, GError **error);

/* "process 4711 (sqlite3)" for each other process that has a lock for writing on the file, "A, B and C"; NULL if none
 * is found. *own: this process has one. *n: how many the others are. /proc/locks tells, which does not show locks of
 * other machines and containers. The file is not opened: to close it would end SQLite's own locks on it. g_free. */
char *disk_lock_owners(const char *path, bool *own, unsigned *n);

/* The same of those but `besides` that have a lock for reading on bytes first to last of the file, or some of them. */
char *disk_lock_readers(const char *path, int64_t first, int64_t last, int64_t besides, unsigned *n);

/* Gives the lock up; the file stays. -1 is allowed. */
void disk_unlock(int fd);

#endif
