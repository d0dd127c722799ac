/*
 * Discarding. Senders may give the name of a copy to a newer file at any moment: transport.h says how the copy goes.
 */
#include "gateway/drops/local_connection.h"
#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A copy that is to go: paths in `in`. By the rule `marker` the last two are set, else NULL. */
struct discarding {
    const struct connection *connection;
    const struct drop_copy *copy;
    char *path, *taken;
    char *marker, *taken_marker;
};

static void discarding_clear(struct discarding *d)
{
    g_free(d->path);
    g_free(d->taken);
    g_free(d->marker);
    g_free(d->taken_marker);
}

/* Where nothing at all can be removed, the drop is down. Frees cause, returns false. */
static bool remove_failed(const struct connection *connection, GError *cause, GError **error)
{
    bool works = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
                 faccessat(AT_FDCWD, connection->drop->in, R_OK | W_OK | X_OK, AT_EACCESS) == 0;

    if (!works)
        return local_on_drop(false, &cause, error);
    g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY, cause->message);
    g_error_free(cause);
    return false;
}

/* Gives a name back. A name that is taken again is left alone: *back is false then. */
static bool give_back(const char *taken, const char *path, bool *back, GError **error)
{
    GError *cause = NULL;

    *back = disk_rename_noreplace(STEP_SOURCE_RETURNED, taken, path, &cause);
    if (*back || g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* The marker belongs to what stands under the name now. If that has a marker already, ours is not needed. */
static bool return_marker(const struct discarding *d, GError **error)
{
    struct stat st;
    bool back;

    if (d->marker == NULL || lstat(d->taken_marker, &st) != 0)
        return true;
    return give_back(d->taken_marker, d->marker, &back, error) &&
           (back || disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error));
}

/* A newer file was taken: it came between the look at the name and the rename, or while the gateway was stopped. */
static bool return_newer(const struct discarding *d, GError **error)
{
    bool back;

    if (!give_back(d->taken, d->path, &back, error))
        return false;
    if (back)
        return return_marker(d, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "a newer file of that name stands as %s, for its own name was taken again meanwhile; it gets its name "
                "once that is free: move the other file away, or rename this one",
                d->taken);
    return false;
}

/* The copy is ours: removes it under the name that it was taken to. The marker goes first, and durably: if a power cut
 * left it alone, it would be given back. */
static bool remove_taken(const struct discarding *d, GError **error)
{
    if (d->marker != NULL && !disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error))
        return false;
    return (d->connection->discards ? disk_unlink_unsynced : disk_unlink)(STEP_SOURCE_REMOVED, d->taken, error);
}

/* A rename that is a link and a removal may have been stopped in between: the file has both names. */
static bool remove_second_name(const struct discarding *d, GError **error)
{
    struct stat taken, there;

    if (lstat(d->taken, &taken) != 0 || lstat(d->path, &there) != 0 || taken.st_ino != there.st_ino ||
        taken.st_dev != there.st_dev)
        return true;
    return disk_unlink(STEP_SOURCE_REMOVED, d->path, error);
}

/* A stop came after the copy was taken. Its time of change is that of the rename, and an inode may have been used
 * again: its bytes are compared. */
static bool settle_taken_copy(const struct discarding *d, GError **error)
{
    bool same;

    if (!disk_same_bytes(d->taken, (uint64_t)d->copy->identity->size, d->copy->sha256, &same, error))
        return false;
    return same ? remove_second_name(d, error) && remove_taken(d, error) : return_newer(d, error);
}

/* Takes a file to its new name. *taken is false if it is gone. Where a rename is refused but a removal is not, as on
 * some file systems of other machines, the file has been looked at a moment ago and is removed under its own name. */
static bool take(const struct discarding *d, bool *taken, GError **error)
{
    GError *cause = NULL;
    struct stat st, there;

    *taken = false;
    if (d->marker != NULL && lstat(d->marker, &st) == 0 &&
        !disk_rename_unsynced(STEP_SOURCE_TAKEN, d->marker, d->taken_marker, error))
        return false;
    *taken = disk_rename_unsynced(STEP_SOURCE_TAKEN, d->path, d->taken, &cause);
    if (*taken)
        return true;
    g_error_free(cause);
    /* A rename may fail and yet be done. Where it is a link and a removal, it may be done in part: one file has both
     * names then. Nothing stood under the other name before. */
    bool done = lstat(d->taken, &there) == 0;
    bool left = lstat(d->path, &st) == 0;
    if (!left && errno != ENOENT)
        return local_down(error, d->path, "looked at", errno);
    *taken = done && (!left || there.st_ino != st.st_ino);
    if (*taken || !left)
        return true;
    return (!done || disk_unlink(STEP_SOURCE_REMOVED, d->taken, error)) &&
           disk_unlink(STEP_SOURCE_REMOVED, d->path, error);
}

/* Takes the file that is open as fd, and looks whether it was that one. Its time of change is another one then. */
static bool take_and_remove(const struct discarding *d, int fd, GError **error)
{
    struct stat before, after;
    bool taken;

    if (fstat(fd, &before) != 0)
        return local_down(error, d->path, "looked at", errno);
    if (!take(d, &taken, error))
        return false;
    if (!taken)
        return d->marker == NULL || disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error);
    if (lstat(d->taken, &after) != 0)
        return local_down(error, d->taken, "looked at", errno);
    bool ours = after.st_dev == before.st_dev && after.st_ino == before.st_ino && after.st_size == before.st_size &&
                after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec;
    return ours ? remove_taken(d, error) : return_newer(d, error);
}

/* *ours: the file that is open as fd, if any, is the copy. Device, inode and time of change prove it, so its bytes need
 * not be compared; those of a copy that was fetched at another address of the drop are. If the name is given to another
 * file meanwhile, take_and_remove finds that out. */
static bool is_ours(const struct discarding *d, int fd, bool *ours, GError **error)
{
    const struct source_identity *fetched = d->copy->identity;
    struct stat st;

    *ours = fd >= 0 && local_is_still(fd, fetched);
    if (*ours || fd < 0)
        return true;
    if (fstat(fd, &st) != 0)
        return local_down(error, d->path, "looked at", errno);
    const struct source_identity found = local_identity(&st);
    return !source_identity_may_be(fetched, &found, st.st_mtim.tv_sec) ||
           disk_same_bytes(d->path, (uint64_t)fetched->size, d->copy->sha256, ours, error);
}

/* The file that is open as fd, or -1, stands under the name of the copy. The descriptor keeps its inode from being used
 * for another file. */
static bool discard_named(const struct discarding *d, int fd, GError **error)
{
    GError *cause = NULL;
    bool ours;

    if (!is_ours(d, fd, &ours, &cause))
        return remove_failed(d->connection, cause, error);
    if (ours)
        return take_and_remove(d, fd, &cause) || remove_failed(d->connection, cause, error);
    /* It may have been removed before a crash, and perhaps not durably: sync the folder again. That also fails, as it
     * should, if the whole folder is missing. */
    if (return_marker(d, &cause) && disk_sync_dir(d->connection->drop->in, &cause))
        return true;
    return local_on_drop(false, &cause, error);
}

static bool discard(const struct discarding *d, GError **error)
{
    struct stat st;
    GError *cause = NULL;

    if (lstat(d->taken, &st) == 0)
        return settle_taken_copy(d, &cause) || remove_failed(d->connection, cause, error);
    int fd = open(d->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return local_down(error, d->path, "looked at", errno);
    bool good = discard_named(d, fd, error);
    if (fd >= 0)
        (void)close(fd); /* nothing was read */
    return good;
}

bool local_discard(struct connection *connection, const struct drop_copy *copy, GError **error)
{
    const char *in = connection->drop->in;
    struct discarding d = {.connection = connection, .copy = copy};

    d.path = g_build_filename(in, copy->name, NULL);
    d.taken = g_build_filename(in, copy->taken_name, NULL);
    if (connection->drop->complete == COMPLETE_MARKER) {
        g_autofree char *name = g_strconcat(copy->name, DROP_MARKER, NULL);
        g_autofree char *taken = transport_taken_marker(copy->taken_name);
        d.marker = g_build_filename(in, name, NULL);
        d.taken_marker = g_build_filename(in, taken, NULL);
    }
    bool good = discard(&d, error);
    discarding_clear(&d);
    return good;
}

bool local_end_discards(struct connection *connection, GError **error)
{
    GError *cause = NULL;

    connection->discards = false;
    step_before(STEP_SOURCE_SYNCED);
    if (!disk_sync_dir(connection->drop->in, &cause))
        return local_on_drop(false, &cause, error);
    step_after(STEP_SOURCE_SYNCED);
    return true;
}
