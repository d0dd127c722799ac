/* The tar of `evidence`, by libarchive's writer of POSIX tars (ustar), which every tar reads. */
#include "gateway/commands/evidence_tar.h"

#include "spool/digest.h"
#include "spool/spool_error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024 };

struct evidence_tar {
    char *path, *folder;
    int fd;
    struct archive *archive;
    GString *sums; /* SHA256SUMS so far */
};

static bool fail(const struct evidence_tar *tar, const char *reason, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "--out %s cannot be written: %s", tar->path, reason);
    return false;
}

struct evidence_tar *evidence_tar_open(const char *path, const char *folder, GError **error)
{
    g_autoptr(evidence_tar_t) tar = g_new0(struct evidence_tar, 1);

    tar->path = g_strdup(path);
    tar->folder = g_strdup(folder);
    tar->sums = g_string_new(NULL);
    tar->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (tar->fd < 0) {
        (void)fail(tar, errno == EEXIST ? "it exists; name a new file, or remove it" : g_strerror(errno), error);
        return NULL;
    }
    tar->archive = archive_write_new();
    if (archive_write_set_format_pax_restricted(tar->archive) != ARCHIVE_OK ||
        archive_write_add_filter_none(tar->archive) != ARCHIVE_OK ||
        archive_write_open_fd(tar->archive, tar->fd) != ARCHIVE_OK) {
        (void)fail(tar, archive_error_string(tar->archive), error);
        return NULL;
    }
    return g_steal_pointer(&tar);
}

static bool begin_member(struct evidence_tar *tar, const char *name, int64_t size, int64_t mtime, GError **error)
{
    g_autofree char *path = g_strconcat(tar->folder, "/", name, NULL);
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, size);
    archive_entry_set_mtime(entry, mtime, 0);
    bool good = archive_write_header(tar->archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return good || fail(tar, archive_error_string(tar->archive), error);
}

static bool put(struct evidence_tar *tar, const void *data, size_t len, GError **error)
{
    return archive_write_data(tar->archive, data, len) == (la_ssize_t)len ||
           fail(tar, archive_error_string(tar->archive), error);
}

static void add_sum(struct evidence_tar *tar, const char *name, struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    g_string_append_printf(tar->sums, "%s  %s\n", hex, name);
}

bool evidence_tar_file(struct evidence_tar *tar, const char *name, int fd, int64_t mtime, GError **error)
{
    g_autofree char *buffer = g_malloc(BUFFER);
    g_autoptr(digest_t) digest = digest_new();
    struct stat st;
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0 || fstat(fd, &st) != 0)
        return fail(tar, g_strerror(errno), error);
    if (!begin_member(tar, name, st.st_size, mtime, error))
        return false;
    int64_t left = st.st_size;
    while (left > 0 && (n = read(fd, buffer, (size_t)MIN(left, BUFFER))) > 0) {
        digest_update(digest, buffer, (size_t)n);
        left -= n;
        if (!put(tar, buffer, (size_t)n, error))
            return false;
    }
    if (left > 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read to its end; try again", name);
        return false;
    }
    add_sum(tar, name, digest);
    return true;
}

bool evidence_tar_text(struct evidence_tar *tar, const char *name, const char *text, int64_t mtime, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    size_t len = strlen(text);

    if (!begin_member(tar, name, (int64_t)len, mtime, error) || !put(tar, text, len, error))
        return false;
    digest_update(digest, text, len);
    add_sum(tar, name, digest);
    return true;
}

bool evidence_tar_end(struct evidence_tar *tar, int64_t mtime, GError **error)
{
    if (!begin_member(tar, "SHA256SUMS", (int64_t)tar->sums->len, mtime, error) ||
        !put(tar, tar->sums->str, tar->sums->len, error))
        return false;
    if (archive_write_close(tar->archive) != ARCHIVE_OK)
        return fail(tar, archive_error_string(tar->archive), error);
    int fd = tar->fd;
    tar->fd = -1;
    return close(fd) == 0 || fail(tar, g_strerror(errno), error);
}

void evidence_tar_free(struct evidence_tar *tar)
{
    if (tar == NULL)
        return;
    (void)archive_write_free(tar->archive); /* after a failure what it still writes counts for nothing */
    if (tar->fd >= 0)
        (void)close(tar->fd); /* likewise */
    g_string_free(tar->sums, TRUE);
    g_free(tar->path);
    g_free(tar->folder);
    g_free(tar);
}
