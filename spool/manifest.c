/* Lines of bounded length, each checked as a whole before anything of it is used. */
#include "spool/manifest.h"

#include "spool/digest.h"
#include "spool/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 1024 /* more than the digest and four names of 200 characters */ };

struct manifest {
    char *path;
    FILE *file;
    int64_t line;
    char text[LINE];
};

bool manifest_path_is_safe(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    guint n = g_strv_length(parts);

    for (guint i = 0; i < n; i++)
        if (!job_file_is_safe(parts[i]))
            return false;
    return n >= 1 && n <= MANIFEST_DEPTH;
}

char *manifest_line(const char *sha256, const char *path)
{
    return g_strconcat(sha256, "  ", path, "\n", NULL);
}

struct manifest *manifest_open(const char *path, GError **error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot open %s: %s", path, g_strerror(errno));
        return NULL;
    }
    struct manifest *manifest = g_new0(struct manifest, 1);
    manifest->path = g_strdup(path);
    manifest->file = file;
    return manifest;
}

/* Cuts the line into digest and path. False: it is no line of a list. */
static bool cut(char *text, const char **path, const char **sha256)
{
    const size_t digits = DIGEST_HEX_SIZE - 1;
    size_t len = strlen(text);

    /* A NUL within the line ends the text before the end of the line. */
    if (len <= digits + 3 || text[len - 1] != '\n' || strspn(text, "0123456789abcdef") != digits ||
        strncmp(text + digits, "  ", 2) != 0)
        return false;
    text[len - 1] = '\0';
    text[digits] = '\0';
    *sha256 = text;
    *path = text + digits + 2;
    return manifest_path_is_safe(*path);
}

bool manifest_next(struct manifest *manifest, const char **path, const char **sha256, GError **error)
{
    *path = NULL;
    errno = 0;
    if (fgets(manifest->text, LINE, manifest->file) == NULL) {
        if (ferror(manifest->file) == 0)
            return true;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot read %s: %s", manifest->path, g_strerror(errno));
        return false;
    }
    manifest->line++;
    if (cut(manifest->text, path, sha256))
        return true;
    *path = NULL;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s, line %" G_GINT64_FORMAT
                ": expected 64 lower-case hex digits, two spaces and a path of a backup below its folder; the list is "
                "damaged, take another backup",
                manifest->path, manifest->line);
    return false;
}

void manifest_close(struct manifest *manifest)
{
    if (manifest == NULL)
        return;
    (void)fclose(manifest->file); /* was only read from */
    g_free(manifest->path);
    g_free(manifest);
}
