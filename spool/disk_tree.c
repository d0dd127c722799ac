/*
 * Whole folders, second names of files, and whose they are: what a backup needs besides disk.c.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 8 /* folders within folders; those of a spool have three */ };

static bool remove_entries(const char *path, int depth, GError **error);

static bool remove_entry(const char *path, int depth, GError **error)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT || disk_fail(error, "look at", path, errno);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0 || errno == ENOENT || disk_fail(error, "remove", path, errno);
    return remove_entries(path, depth, error) &&
           (rmdir(path) == 0 || errno == ENOENT || disk_fail(error, "remove folder", path, errno));
}

static bool remove_entries(const char *path, int depth, GError **error)
{
    if (depth > DEEPEST) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s: folders stand more than %d deep, as in no copy of a spool; remove them by hand", path,
                    DEEPEST);
        return false;
    }
    g_auto(GStrv) names = disk_names(path, error);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *inner = g_build_filename(path, *name, NULL);
        if (!remove_entry(inner, depth + 1, error))
            return false;
    }
    return names != NULL;
}

bool disk_remove_tree(enum step step, const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    step_before(step);
    if (!remove_entry(path, 0, error) || !disk_sync_dir(parent, error))
        return false;
    step_after(step);
    return true;
}

bool disk_link_unsynced(enum step step, int folder, const char *name, const char *to, GError **error)
{
    step_before(step);
    if (linkat(folder, name, AT_FDCWD, to, 0) != 0)
        return disk_fail(error, "link to", to, errno);
    step_after(step);
    return true;
}

bool disk_require_owner(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return disk_fail(error, "look at", path, errno);
    if (st.st_uid == geteuid())
        return true;
    const struct passwd *owner = getpwuid(st.st_uid);
    g_autofree char *number = g_strdup_printf("%lu", (unsigned long)st.st_uid);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "%s belongs to user %s and this process runs as user %lu; run the command as that user, or the gateway "
                "cannot use the files that it makes",
                path, owner != NULL ? owner->pw_name : number, (unsigned long)geteuid());
    return false;
}
