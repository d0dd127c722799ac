/* The tar of `evidence` and `archive`, by libarchive's writer of POSIX tars (ustar), which every tar reads. */
#include "gateway/commands/archive/tar_out.h"

#include "spool/digest.h"
#include "spool/disk.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024 };

struct tar_out {
    char *path, *folder;
    struct disk_file *file;
    GError *cause; /* what the disk said when libarchive could not write */
    struct archive *archive;
    GString *sums; /* SHA256SUMS so far */
};

static bool fail(const struct tar_out *tar, const char *reason, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "--out %s cannot be written: %s", tar->path,
                tar->cause != NULL ? tar->cause->message : reason);
    return false;
}

static bool taken(const struct tar_out *tar, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "--out %s cannot be written: it exists; name a new file, or remove it", tar->path);
    return false;
}

static la_ssize_t put_bytes(struct archive *archive, void *user, const void *data, size_t len)
{
    struct tar_out *tar = user;

    if (tar->cause == NULL && disk_file_write(tar->file, data, len, &tar->cause))
        return (la_ssize_t)len;
    archive_set_error(archive, EIO, "the disk did not take it");
    return -1;
}

struct tar_out *tar_out_open(const char *path, const char *folder, enum tar_out_form form, GError **error)
{
    g_autoptr(tar_out_t) tar = g_new0(struct tar_out, 1);
    struct stat st;

    tar->path = g_strdup(path);
    tar->folder = g_strdup(folder);
    tar->sums = g_string_new(NULL);
    if (lstat(path, &st) == 0) {
        (void)taken(tar, error);
        return NULL;
    }
    tar->file = disk_file_create(path, 0, &tar->cause);
    if (tar->file == NULL) {
        (void)fail(tar, NULL, error);
        return NULL;
    }
    tar->archive = archive_write_new();
    if (archive_write_set_format_pax_restricted(tar->archive) != ARCHIVE_OK ||
        (form == TAR_OUT_ZSTD ? archive_write_add_filter_zstd(tar->archive)
                              : archive_write_add_filter_none(tar->archive)) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(tar->archive, 1) != ARCHIVE_OK ||
        archive_write_open(tar->archive, tar, NULL, put_bytes, NULL) != ARCHIVE_OK) {
        (void)fail(tar, archive_error_string(tar->archive), error);
        return NULL;
    }
    return g_steal_pointer(&tar);
}

static bool begin_member(struct tar_out *tar, const char *name, int64_t size, int64_t mtime, GError **error)
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

static bool put(struct tar_out *tar, const void *data, size_t len, GError **error)
{
    return archive_write_data(tar->archive, data, len) == (la_ssize_t)len ||
           fail(tar, archive_error_string(tar->archive), error);
}

static void add_sum(struct tar_out *tar, const char *name, struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    g_string_append_printf(tar->sums, "%s  %s\n", hex, name);
}

bool tar_out_file(struct tar_out *tar, const char *name, int fd, int64_t mtime, GError **error)
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

bool tar_out_text(struct tar_out *tar, const char *name, const char *text, int64_t mtime, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    size_t len = strlen(text);

    if (!begin_member(tar, name, (int64_t)len, mtime, error) || !put(tar, text, len, error))
        return false;
    digest_update(digest, text, len);
    add_sum(tar, name, digest);
    return true;
}

bool tar_out_end(struct tar_out *tar, int64_t mtime, GError **error)
{
    if (!begin_member(tar, "SHA256SUMS", (int64_t)tar->sums->len, mtime, error) ||
        !put(tar, tar->sums->str, tar->sums->len, error))
        return false;
    return archive_write_close(tar->archive) == ARCHIVE_OK || fail(tar, archive_error_string(tar->archive), error);
}

char *tar_out_keep(enum step step, struct tar_out *tar, GError **error)
{
    if (disk_file_upload(step, tar->file, &tar->cause))
        return disk_temporary_path(tar->path);
    (void)fail(tar, NULL, error);
    return NULL;
}

bool tar_out_publish(struct tar_out *tar, GError **error)
{
    if (disk_file_publish_new(STEP_EVIDENCE_MADE, tar->file, tar->path, &tar->cause))
        return true;
    return g_error_matches(tar->cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS) ? taken(tar, error) : fail(tar, NULL, error);
}

void tar_out_free(struct tar_out *tar)
{
    if (tar == NULL)
        return;
    if (tar->archive != NULL)
        (void)archive_write_free(tar->archive); /* after a failure what it still writes counts for nothing */
    disk_file_free(tar->file);
    g_clear_error(&tar->cause);
    g_string_free(tar->sums, TRUE);
    g_free(tar->path);
    g_free(tar->folder);
    g_free(tar);
}
