/* The claim of a drop on a disk of this machine: a file made by a rename that replaces nothing, so it is whole. */
#include "gateway/drops/local_drop.h"
#include "spool/disk.h"
#include "spool/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool unusable(GError **error, const char *path, const char *what)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CLAIMED,
                "%s %s, so nobody can tell whose drop this is; nothing is done there: remove it, if no other gateway "
                "works on this drop",
                path, what);
    return false;
}

static bool unreadable(GError **error, const char *path, int errnum)
{
    g_autofree char *what = g_strdup_printf("cannot be read (%s)", g_strerror(errnum));

    return unusable(error, path, what);
}

static bool folder_down(GError **error, const char *out, int errnum)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN,
                "%s cannot be looked into for the claim: %s; check that the gateway's user may use it", out,
                g_strerror(errnum));
    return false;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Reads the open file to its end, but one byte more than a claim may have at most. */
static bool read_all(int fd, const char *path, struct claim_text *claim, GError **error)
{
    g_autofree char *text = g_malloc(WITNESS_MAX_SIZE + 2);
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, WITNESS_MAX_SIZE + 1 - len)) > 0)
        len += (size_t)n;
    if (n < 0)
        return unreadable(error, path, errno);
    if (len > WITNESS_MAX_SIZE)
        return unusable(error, path, "is longer than a claim");
    text[len] = '\0';
    claim->text = g_memdup2(text, len + 1);
    claim->len = len;
    return true;
}

bool local_claim_read(const struct drop *drop, struct claim_text *claim, GError **error)
{
    g_autofree char *path = g_build_filename(drop->out, CLAIM_NAME, NULL);
    struct stat st;

    *claim = (struct claim_text){.folder = true};
    if (lstat(path, &st) != 0) {
        int errnum = errno;
        claim->folder = is_folder(drop->out);
        return errnum == ENOENT || errnum == ENOTDIR || folder_down(error, drop->out, errnum);
    }
    if (!S_ISREG(st.st_mode))
        return unusable(error, path, S_ISDIR(st.st_mode) ? "is a folder" : "is no regular file");
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || unreadable(error, path, errno);
    bool good = read_all(fd, path, claim, error);
    (void)close(fd); /* was only read from */
    return good;
}

/* The name that the claim is made under. It has the ledger's id in it: two gateways must not use one file, and what a
 * stop leaves must be replaced by the next attempt. g_free. */
static char *own_path(const char *path, const char *text)
{
    g_autofree char *ledger = witness_ledger_of(text);

    return g_strconcat(path, ".", ledger, NULL);
}

bool local_claim_make(const struct drop *drop, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(drop->out, CLAIM_NAME, NULL);
    g_autofree char *own = own_path(path, text);
    g_autoptr(disk_file_t) file = disk_file_create(own, 0, error);

    if (file != NULL && disk_file_write(file, text, strlen(text), error) &&
        disk_file_publish_new(STEP_CLAIM_MADE, file, path, error))
        return true;
    g_prefix_error(error, "%s", CLAIM_REFUSED);
    return false;
}

/* Where a file gets its name by a link, a stop while the claim was made may have left it with both names. What has two
 * names is not written over. */
static bool drop_leftover(const char *path, const char *text, GError **error)
{
    g_autofree char *own = own_path(path, text);
    g_autofree char *temporary = disk_temporary_path(own);
    struct stat st;

    return lstat(temporary, &st) != 0 || disk_unlink(STEP_ORPHAN_DROPPED, temporary, error);
}

bool local_claim_write(const struct drop *drop, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(drop->out, CLAIM_NAME, NULL);
    bool gone = false;

    /* The folder, too: who made the claim may have been stopped before its name was synced. */
    if (!drop_leftover(path, text, error) || !disk_overwrite(STEP_CLAIM_WRITTEN, path, text, &gone, error) ||
        (!gone && !disk_sync_dir(drop->out, error))) {
        struct stat st;
        if (lstat(path, &st) != 0 || st.st_nlink < 2) /* a second name is no right that the drop lacks */
            g_prefix_error(error, "%s", CLAIM_REFUSED);
        return false;
    }
    if (gone)
        g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s is gone", path);
    return !gone;
}
