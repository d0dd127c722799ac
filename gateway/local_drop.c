#include "gateway/local_drop.h"

#include "formats/filename.h"
#include "gateway/clock.h"
#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct settling {
    GHashTable *seen; /* path → struct sight */
};

struct sight {
    struct ledger_source identity;
    int64_t since; /* monotonic microseconds */
};

struct settling *settling_new(void)
{
    struct settling *settling = g_new0(struct settling, 1);

    settling->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return settling;
}

void settling_free(struct settling *settling)
{
    if (settling == NULL)
        return;
    g_hash_table_unref(settling->seen);
    g_free(settling);
}

static struct ledger_source identity_of(const struct stat *st)
{
    return (struct ledger_source){
        .set = true,
        .dev = (int64_t)st->st_dev,
        .ino = (int64_t)st->st_ino,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
        .size = st->st_size,
    };
}

bool local_drop_same_file(const struct ledger_source *a, const struct ledger_source *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime_ns == b->ctime_ns && a->size == b->size;
}

/* Two looks at the same unchanged file, stable_seconds apart. */
static bool is_stable(const struct drop *drop, const char *path, const struct ledger_source *identity,
                      struct settling *settling, int64_t *wait)
{
    struct sight *sight = g_hash_table_lookup(settling->seen, path);
    int64_t now = clock_monotonic();
    int64_t needed = drop->stable_seconds * 1000000;

    if (sight == NULL || !local_drop_same_file(&sight->identity, identity)) {
        sight = g_new(struct sight, 1);
        *sight = (struct sight){*identity, now};
        g_hash_table_insert(settling->seen, g_strdup(path), sight);
        *wait = needed;
        return needed == 0;
    }
    *wait = sight->since + needed - now;
    return *wait <= 0;
}

static bool marker_is_there(const char *path)
{
    g_autofree char *marker = g_strconcat(path, LOCAL_DROP_MARKER, NULL);
    struct stat st;

    return lstat(marker, &st) == 0 && S_ISREG(st.st_mode);
}

/* A read lease is given only when nobody has the file open for writing. False: the system will not say. */
static bool ask_for_writers(int fd, bool *written)
{
    *written = false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK); /* closing would release it too */
        return true;
    }
    *written = errno == EAGAIN;
    return *written;
}

static enum local_look look(const struct drop *drop, const char *path, const struct local_file *file,
                            struct settling *settling, int64_t *wait)
{
    bool written;

    switch (drop->complete) {
    case COMPLETE_AT_ONCE:
        return LOCAL_WHOLE;
    case COMPLETE_MARKER:
        return marker_is_there(path) ? LOCAL_WHOLE : LOCAL_NOT_A_FILE;
    case COMPLETE_CLOSED:
        /* No wait: its closing wakes the daemon. */
        if (ask_for_writers(file->fd, &written))
            return written ? LOCAL_NOT_A_FILE : LOCAL_WHOLE;
        break;
    case COMPLETE_STABLE:
        break;
    }
    if (!is_stable(drop, path, &file->identity, settling, wait))
        return LOCAL_SETTLING;
    g_hash_table_remove(settling->seen, path);
    return LOCAL_WHOLE;
}

enum local_look local_drop_open(const struct drop *drop, const char *name, struct settling *settling,
                                struct local_file *file, int64_t *wait)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);
    struct stat st;

    if (filename_is_temporary(name) || (drop->complete == COMPLETE_MARKER && g_str_has_suffix(name, LOCAL_DROP_MARKER)))
        return LOCAL_NOT_A_FILE;
    /* Not opened before it is known to be a file: opening a pipe or a device can do harm. */
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return LOCAL_NOT_A_FILE;
    file->name = name;
    file->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file->fd < 0)
        return LOCAL_NOT_A_FILE;
    if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        local_drop_close(file);
        return LOCAL_NOT_A_FILE;
    }
    file->identity = identity_of(&st);
    enum local_look seen = look(drop, path, file, settling, wait);
    if (seen != LOCAL_WHOLE)
        local_drop_close(file);
    return seen;
}

bool local_drop_is_unchanged(const struct local_file *file)
{
    struct stat st;

    if (fstat(file->fd, &st) != 0)
        return false;
    struct ledger_source now = identity_of(&st);
    return local_drop_same_file(&now, &file->identity);
}

void local_drop_close(struct local_file *file)
{
    (void)close(file->fd); /* only read from */
    file->fd = -1;
}

bool local_drop_remove(const struct drop *drop, const char *name, const struct ledger_source *identity,
                       GError **error)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);
    g_autofree char *marker = g_strconcat(path, LOCAL_DROP_MARKER, NULL);
    struct stat st;

    if (lstat(path, &st) != 0) {
        if (errno == ENOENT)
            return true;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, g_strerror(errno));
        return false;
    }
    struct ledger_source there = identity_of(&st);
    if (!local_drop_same_file(&there, identity))
        return true;
    /* The marker first: left alone it would make the next file of that name count as whole too early. */
    if (drop->complete == COMPLETE_MARKER && !disk_unlink(STEP_SOURCE_REMOVED, marker, error))
        return false;
    return disk_unlink(STEP_SOURCE_REMOVED, path, error);
}
