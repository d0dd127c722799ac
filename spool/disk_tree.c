/*
 * Whole folders, second names of files, and whose they are: what a backup needs besides disk.c.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
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

bool disk_remove_tree_unsynced(enum step step, const char *path, GError **error)
{
    step_before(step);
    if (!remove_entry(path, 0, error))
        return false;
    step_after(step);
    return true;
}

bool disk_link_unsynced(enum step step, int fd, const char *to, bool *gone, GError **error)
{
    g_autofree char *from = g_strdup_printf("/proc/self/fd/%d", fd);
    struct stat st;

    step_before(step);
    *gone = false;
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0) {
        int errnum = errno;
        *gone = errnum == ENOENT && fstat(fd, &st) == 0 && st.st_nlink == 0;
        return *gone || disk_fail(error, "link to", to, errnum);
    }
    if (!disk_sync_parent_now(to, error))
        return false;
    step_after(step);
    return true;
}

/* The group first: in the old group nobody gets what the new one may. */
bool disk_give_rights(int fd, const char *path, const struct file_rights *rights, GError **error)
{
    if (rights->has_group && fchown(fd, (uid_t)-1, rights->group) != 0) {
        int errnum = errno;
        const struct group *group = getgrgid(rights->group);
        g_autofree char *number = g_strdup_printf("gid %u", rights->group);
        g_autofree char *own = disk_user_name(geteuid());
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "cannot give %s to group %s: %s; make user %s a member of the group and start the gateway again, "
                    "or take group= away",
                    path, group != NULL ? group->gr_name : number, g_strerror(errnum), own);
        return false;
    }
    return rights->mode == 0 || fchmod(fd, rights->mode) == 0 || disk_fail(error, "change the mode of", path, errno);
}

static bool has_rights(const struct stat *st, const struct file_rights *rights)
{
    return (rights->mode == 0 || (st->st_mode & 0777) == rights->mode) &&
           (!rights->has_group || st->st_gid == rights->group);
}

bool disk_grant(const char *path, const struct file_rights *rights, GError **error)
{
    struct stat st;

    if (!file_rights_any(rights))
        return true;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return disk_fail(error, "open", path, errno);
    bool done = fstat(fd, &st) != 0 || st.st_uid != geteuid() || has_rights(&st, rights);
    bool good = done || disk_give_rights(fd, path, rights, error);
    if (good && !done && fsync(fd) != 0 && errno != EINVAL) /* as in disk_sync_dir */
        good = disk_fail(error, "sync", path, errno);
    (void)close(fd); /* was only read from */
    return good;
}

char *disk_user_name(uid_t uid)
{
    const struct passwd *user = getpwuid(uid);

    return user != NULL ? g_strdup(user->pw_name) : g_strdup_printf("uid %lu", (unsigned long)uid);
}

char *disk_whose(const struct stat *st)
{
    const struct group *group = getgrgid(st->st_gid);
    g_autofree char *user = disk_user_name(st->st_uid);
    g_autofree char *number = g_strdup_printf("gid %lu", (unsigned long)st->st_gid);

    return g_strdup_printf("%s, group %s, mode %04o", user, group != NULL ? group->gr_name : number,
                           (unsigned int)st->st_mode & 07777);
}

/* The highest folder above path, or path itself, whose rights are in the way; NULL: none is. g_free. */
static char *in_the_way(const char *path, int mode)
{
    g_autofree char *at = g_canonicalize_filename(path, NULL);

    if (faccessat(AT_FDCWD, at, mode, AT_EACCESS) == 0 || errno != EACCES)
        return NULL;
    for (char *slash = strchr(at + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (faccessat(AT_FDCWD, at, X_OK, AT_EACCESS) != 0)
            break;
        *slash = '/';
    }
    return g_steal_pointer(&at);
}

static bool may(const char *path, int mode, const char *what, GError **error)
{
    g_autofree char *way = in_the_way(path, mode);
    struct stat st;

    if (way == NULL || stat(way, &st) != 0)
        return true;
    g_autofree char *whose = disk_whose(&st), *own = disk_user_name(geteuid());
    bool group = (st.st_mode & ((mode & W_OK) != 0 ? S_IWGRP : S_ISDIR(st.st_mode) ? S_IXGRP : S_IRGRP)) != 0;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "user %s may not %s %s (%s); %s", own, what, way, whose,
                group ? "its group may: become a member of it" : "only its user may: give its group that right first");
    return false;
}

bool disk_may_read(const char *path, GError **error)
{
    return may(path, R_OK, "read", error);
}

bool disk_may_order(const char *dir, GError **error)
{
    return may(dir, W_OK | X_OK, "give orders, which stand in", error);
}

char *disk_open_to_all(const char *dir)
{
    struct stat st;

    if (stat(dir, &st) != 0 || (st.st_mode & S_IWOTH) == 0)
        return NULL;
    g_autofree char *whose = disk_whose(&st);
    return g_strdup_printf("everybody may write into the folder %s (%s); take that right away: chmod o-w", dir, whose);
}

bool disk_is_own(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_uid == geteuid();
}

bool disk_require_owner(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return disk_fail(error, "look at", path, errno);
    if (st.st_uid == geteuid())
        return true;
    g_autofree char *owner = disk_user_name(st.st_uid);
    g_autofree char *own = disk_user_name(geteuid());
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "%s belongs to user %s and this process runs as user %s; run the command as that user, or the gateway "
                "cannot use the files that it makes",
                path, owner, own);
    return false;
}
