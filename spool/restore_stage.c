/*
 * Copying a backup beside its place and proving it. The walk compares the backup's folder with MANIFEST, both in the
 * same order, and copies on the way.
 */
#include "spool/restore.h"

#include "spool/restore_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

static bool damaged(const struct restore *restore, GError **error, const char *path, const char *what)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s/%s %s: the backup is damaged, and nothing was changed; take another backup", restore->options.dir,
                path, what);
    return false;
}

static bool read_line(struct restore *restore, GError **error)
{
    return manifest_next(restore->manifest, &restore->next_path, &restore->next_sha256, error);
}

/* The walk stands at a file, or at its end (path NULL), and MANIFEST is at another one. */
static bool disagree(const struct restore *restore, const char *path, GError **error)
{
    bool exists = false;
    g_autofree char *listed =
        restore->next_path != NULL ? g_build_filename(restore->options.dir, restore->next_path, NULL) : NULL;

    if (listed != NULL && !disk_exists(listed, &exists, error))
        return false;
    if (listed != NULL && (!exists || path == NULL))
        return damaged(restore, error, restore->next_path, "is missing");
    return damaged(restore, error, path, "is not in MANIFEST");
}

static bool copy_bytes(struct restore *restore, int fd, struct disk_file *file, const char *from, GError **error)
{
    char piece[PIECE];

    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot read %s: %s; nothing was changed", from,
                        g_strerror(errno));
            return false;
        }
        if (n == 0)
            return true;
        if (!disk_file_write(file, piece, (size_t)n, error))
            return false;
        restore->bytes += n;
    }
}

/* Copies a file of the backup to `to`; NULL: reads it only. */
static bool copy_file(struct restore *restore, const char *path, const char *to, char sha256[DIGEST_HEX_SIZE],
                      GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    uint64_t size = 0;

    if (to == NULL) {
        bool good = digest_file(from, sha256, &size, error);
        restore->bytes += (int64_t)size;
        return good;
    }
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot open %s: %s; nothing was changed", from,
                    g_strerror(errno));
        return false;
    }
    g_autoptr(disk_file_t) file = disk_file_create(to, 0, error);
    bool good =
        file != NULL && copy_bytes(restore, fd, file, from, error) && disk_file_place(STEP_RESTORE_ENTRY, file, error);
    (void)close(fd); /* was only read from */
    if (good)
        g_strlcpy(sha256, disk_file_sha256(file), DIGEST_HEX_SIZE);
    return good;
}

/* Where a file or folder of the backup goes: below `restoring`, or the ledger's place. "": nowhere. NULL: it is not
 * of a backup. */
static char *target_of(const struct restore *restore, const char *path)
{
    if (strcmp(path, BACKUP_LEDGER) == 0)
        return g_strdup(restore->staged_ledger);
    if (strcmp(path, BACKUP_CONFIG) == 0)
        return g_strdup("");
    if (strcmp(path, BACKUP_SPOOL) == 0)
        return g_strdup(restore->staging);
    if (!g_str_has_prefix(path, BACKUP_SPOOL "/"))
        return NULL;
    const char *inner = path + strlen(BACKUP_SPOOL "/");
    for (int i = 0; i < RESTORE_ENTRIES; i++) {
        size_t len = strlen(restore->entries[i]);
        if (strncmp(inner, restore->entries[i], len) == 0 && (inner[len] == '/' || inner[len] == '\0'))
            return g_build_filename(restore->staging, inner, NULL);
    }
    return NULL;
}

static bool take_file(struct restore *restore, const char *path, const char *to, GError **error)
{
    char sha256[DIGEST_HEX_SIZE];

    if (restore->next_path == NULL || strcmp(path, restore->next_path) != 0)
        return disagree(restore, path, error);
    if (!copy_file(restore, path, *to != '\0' ? to : NULL, sha256, error))
        return false;
    if (strcmp(sha256, restore->next_sha256) != 0)
        return damaged(restore, error, path, "has another SHA-256 than in MANIFEST");
    restore->files++;
    if (restore->options.on_progress != NULL)
        restore->options.on_progress(restore->options.user, (uint64_t)restore->bytes, (uint64_t)restore->facts.bytes);
    return read_line(restore, error);
}

static bool take_folder(struct restore *restore, const char *path, const char *to, int depth, GError **error);

static bool take_entry(struct restore *restore, const char *path, int depth, GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    g_autofree char *to = target_of(restore, path);
    struct stat st;

    if (restore->options.stop != NULL && *restore->options.stop) {
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "stopped by a signal; nothing was changed");
        return false;
    }
    if (lstat(from, &st) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot look at %s: %s; nothing was changed", from,
                    g_strerror(errno));
        return false;
    }
    if (to == NULL || !manifest_path_is_safe(path))
        return damaged(restore, error, path, "is not of a backup");
    if (S_ISDIR(st.st_mode) && *to != '\0' && strcmp(path, BACKUP_LEDGER) != 0)
        return take_folder(restore, path, to, depth, error);
    return S_ISREG(st.st_mode) ? take_file(restore, path, to, error)
                               : damaged(restore, error, path, "is no regular file");
}

/* Walks a folder of the backup. path "": the backup itself. to NULL: nothing is made for it. */
static bool take_folder(struct restore *restore, const char *path, const char *to, int depth, GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    g_auto(GStrv) names = disk_names(from, error);

    if (names == NULL || (to != NULL && !disk_make_dir_unsynced(STEP_RESTORE_ENTRY, to, error)))
        return false;
    restore->jobs += depth == MANIFEST_DEPTH - 1; /* spool/<state>/<id> */
    for (char **name = names; *name != NULL; name++) {
        if (depth == 0 && (strcmp(*name, BACKUP_FACTS) == 0 || strcmp(*name, BACKUP_MANIFEST) == 0))
            continue;
        g_autofree char *inner = *path != '\0' ? g_strconcat(path, "/", *name, NULL) : g_strdup(*name);
        if (!take_entry(restore, inner, depth + 1, error))
            return false;
    }
    return true;
}

/* BACKUP has the digest of MANIFEST, so that a list which was changed is found before anything is copied. */
static bool open_manifest(struct restore *restore, GError **error)
{
    g_autofree char *path = g_build_filename(restore->options.dir, BACKUP_MANIFEST, NULL);
    char sha256[DIGEST_HEX_SIZE];

    if (!digest_file(path, sha256, NULL, error))
        return false;
    if (strcmp(sha256, restore->facts.manifest) != 0)
        return damaged(restore, error, BACKUP_MANIFEST, "has another SHA-256 than in BACKUP");
    restore->manifest = manifest_open(path, error);
    return restore->manifest != NULL && read_line(restore, error);
}

static bool check_counts(const struct restore *restore, GError **error)
{
    const struct backup_facts *facts = &restore->facts;

    if (restore->next_path != NULL)
        return disagree(restore, NULL, error);
    if (restore->files == facts->files && restore->jobs == facts->jobs)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s has %" G_GINT64_FORMAT " files and %" G_GINT64_FORMAT
                " folders of jobs, BACKUP says %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
                ": the backup is damaged, and nothing was changed; take another backup",
                restore->options.dir, restore->files, restore->jobs, facts->files, facts->jobs);
    return false;
}

/* The disk must have room for the old and the new spool: nothing of the old one is removed. */
static bool check_room(const struct restore *restore, GError **error)
{
    uint64_t free_bytes = 0;

    if (!disk_free_bytes(restore->options.spool, &free_bytes, error))
        return false;
    if (free_bytes >= (uint64_t)MAX(restore->facts.bytes, 0))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "%s has %" G_GUINT64_FORMAT " free bytes, the backup has %" G_GINT64_FORMAT
                ": make room, or move the old spool to another disk first",
                restore->options.spool, free_bytes, restore->facts.bytes);
    return false;
}

/* *usable: nothing stands at `before` but perhaps an empty folder, which a restore that was stopped has left. */
static bool can_take(const char *before, bool *usable, GError **error)
{
    bool exists = false;

    if (!disk_exists(before, &exists, error))
        return false;
    *usable = !exists;
    if (!exists)
        return true;
    g_auto(GStrv) names = disk_names(before, error);
    *usable = names != NULL && *names == NULL;
    return names != NULL;
}

/* Two restores may be given within one second. */
static bool choose_before(struct restore *restore, GError **error)
{
    g_autofree char *base = g_strdup(restore->before);
    bool usable = false;

    for (int n = 2; can_take(restore->before, &usable, error) && !usable; n++) {
        g_free(restore->before);
        restore->before = g_strdup_printf("%s_%d", base, n);
    }
    return usable;
}

bool restore_stage(struct restore *restore, GError **error)
{
    return choose_before(restore, error) && restore_clear_staging(restore, error) && check_room(restore, error) &&
           open_manifest(restore, error) && take_folder(restore, "", NULL, 0, error) && check_counts(restore, error);
}
