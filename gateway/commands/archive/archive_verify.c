/*
 * The command `archive verify`: every byte of an archive against its own SHA256SUMS and against the ledger.
 *
 * It has a name of its own, beside `spool verify`: that one checks a home, this one a file that lies elsewhere.
 */
#include "formats/instant.h"
#include "gateway/commands/archive/archive_file.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_archive.h"

#include <stdio.h>

static json_t *texts_json(const GPtrArray *texts)
{
    json_t *list = json_array();

    for (guint i = 0; i < texts->len; i++)
        (void)json_array_append_new(list, json_string(texts->pdata[i])); /* fails only without memory */
    return list;
}

static void print(const struct archive_check *check, const char *path, const struct ledger_archive *archive, bool json)
{
    json_t *object = json_object();

    output_set_text(object, "archive", path);
    output_set_text(object, "sha256", check->sha256);
    output_set(object, "recorded", archive != NULL ? command_json_instant(archive->at) : NULL);
    output_set_number(object, "jobs", check->jobs->len);
    output_set_number(object, "files", check->files);
    output_set_number(object, "bytes", check->bytes);
    output_set_number(object, "purged_files", check->purged);
    output_set_text(object, "result", check->problems->len == 0 ? "sound" : "not sound");
    if (json)
        output_set(object, "problems", texts_json(check->problems));
    output_object(json, object);
    for (guint i = 0; !json && i < check->problems->len; i++)
        printf("problem: %s\n", (const char *)check->problems->pdata[i]);
    if (check->purged > 0)
        g_printerr("ecosgate: archive verify: %" G_GINT64_FORMAT
                   " of its files were removed from the spool by a purge, "
                   "for they name supply points (MPxN); destroy the archive where the law asks for it\n",
                   check->purged);
}

static int verify(struct read_access *access, const char *path, bool json)
{
    struct archive_check check = {.gateway = &access->gateway};
    g_autofree struct ledger_archive *archive = NULL;
    GError *error = NULL;
    int status = EXIT_UNABLE;

    if (!archive_file_check(path, &check, &error) ||
        !ledger_archive_with_digest(access->gateway.ledger, check.sha256, &archive, &error))
        status = command_unable(error);
    else {
        if (archive == NULL)
            g_ptr_array_add(check.problems,
                            g_strdup("the ledger has recorded no archive with this SHA-256: the file was changed, is "
                                     "another gateway's, or was never finished; take another copy of it"));
        print(&check, path, archive, json);
        status = check.problems->len == 0 ? EXIT_GOOD : EXIT_REFUSED;
    }
    archive_check_clear(&check);
    return status;
}

int command_archive_verify(struct invocation *invocation)
{
    struct read_access access;

    if (!command_arguments(invocation, NULL, 1, 1) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = verify(&access, invocation->argv[0], invocation->json);
    read_access_close(&access);
    return status;
}
