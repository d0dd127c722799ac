/*
 * The command `spool cat`: the bytes of one file of a job, whether it is packed or not.
 */
#include "gateway/archived.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"

#include <stdio.h>
#include <string.h>

enum { COPY_BYTES = 256 * 1024 };

/* False: the file cannot be read. main() reports an output that failed. */
static bool copy_out(struct packed_reader *reader, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    size_t got = 0;

    do {
        if (!packed_read(reader, buffer, COPY_BYTES, &got, error))
            return false;
    } while (got > 0 && fwrite(buffer, 1, got, stdout) == got);
    return true;
}

/* The file that is meant when none is named: the bytes received, or the only file of a job of our own. g_free. */
static char *default_file(struct read_access *access, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_job_get(access->gateway.ledger, id, &job, error))
        return NULL;
    if (job == NULL || job->direction == LEDGER_IN)
        return g_strdup(JOB_PAYLOAD);
    if (!ledger_outgoing_files_of(access->gateway.ledger, id, &files, error))
        return NULL;
    return g_strdup(files->len > 0 ? ((struct ledger_outgoing *)files->pdata[0])->name : job->name);
}

/* *text: that the bytes of the file were removed; NULL: they were not; g_free. */
static bool find_removal(struct read_access *access, int64_t id, const char *file, char **text, GError **error)
{
    int64_t at = 0;
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_outgoing *outgoing = NULL;

    *text = NULL;
    if (!ledger_job_get(access->gateway.ledger, id, &job, error) ||
        !ledger_outgoing_named(access->gateway.ledger, file, &outgoing, error))
        return false;
    if (job != NULL && strcmp(file, JOB_PAYLOAD) == 0)
        at = job->removed;
    else if (outgoing != NULL && outgoing->job == id)
        at = outgoing->removed;
    if (at != 0)
        *text = read_access_removed(at, job != NULL && job->purged != 0);
    return true;
}

static int no_file(struct read_access *access, int64_t id, const char *file)
{
    enum job_state state;
    GError *error = NULL;
    g_autofree char *removed = NULL, *archived = NULL, *shown = command_shown(file);

    if (!find_removal(access, id, file, &removed, &error) || !archived_text(&access->gateway, id, &archived, &error))
        return command_unable(error);
    if (removed != NULL) { /* no archive has it either */
        g_printerr("ecosgate: job %08" G_GINT64_FORMAT ", %s: %s\n", id, shown, removed);
        return EXIT_REFUSED;
    }
    if (archived != NULL) {
        g_printerr("ecosgate: job %08" G_GINT64_FORMAT ": %s\n", id, archived);
        return EXIT_REFUSED;
    }
    if (job_find(access->gateway.spool, id, &state, NULL) && state == JOB_NOWHERE)
        return command_no_job(id);
    g_printerr("ecosgate: job %08" G_GINT64_FORMAT " has no file '%s'; 'ecosgate spool show %08" G_GINT64_FORMAT
               "' lists its files\n",
               id, shown, id);
    return EXIT_REFUSED;
}

static int print_file(struct read_access *access, int64_t id, const char *name)
{
    GError *error = NULL;
    g_autofree char *file = name ? g_strdup(name) : default_file(access, id, &error);
    g_autoptr(packed_reader_t) reader = NULL;

    if (file != NULL && job_file_is_safe(file))
        reader = read_access_open_file(access->gateway.spool, id, file, &error);
    if (error != NULL)
        return command_unable(error);
    if (reader == NULL)
        return no_file(access, id, file);
    if (copy_out(reader, &error))
        return EXIT_GOOD;
    g_prefix_error(&error, "'ecosgate spool verify' checks the spool: ");
    return command_unable(error);
}

int command_spool_cat(struct invocation *invocation)
{
    struct read_access access;
    int64_t id;

    if (!command_arguments(invocation, NULL, 1, 2) || !command_parse_job(invocation->argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = print_file(&access, id, invocation->argc > 1 ? invocation->argv[1] : NULL);
    read_access_close(&access);
    return status;
}
