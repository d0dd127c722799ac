/*
 * The command `spool cat`: the bytes of one file of a job, as they stand on disk.
 */
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

/* False: the file cannot be read, and a message has been printed. main() reports an output that failed. */
static bool copy_out(int fd, const char *name)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    ssize_t got;

    while ((got = read(fd, buffer, COPY_BYTES)) > 0) {
        if (fwrite(buffer, 1, (size_t)got, stdout) != (size_t)got)
            break;
    }
    if (got >= 0)
        return true;
    g_printerr("ecosgate: %s cannot be read: %s; 'ecosgate spool verify' checks the spool\n", name, g_strerror(errno));
    return false;
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

static int no_file(const struct read_access *access, int64_t id, const char *file)
{
    enum job_state state;

    if (job_find(access->gateway.spool, id, &state, NULL) && state == JOB_NOWHERE)
        return command_no_job(id);
    g_autofree char *shown = command_shown(file);
    g_printerr("ecosgate: job %08" G_GINT64_FORMAT " has no file '%s'; 'ecosgate spool show %08" G_GINT64_FORMAT
               "' lists its files\n",
               id, shown, id);
    return EXIT_REFUSED;
}

static int print_file(struct read_access *access, int64_t id, const char *name)
{
    GError *error = NULL;
    g_autofree char *file = name ? g_strdup(name) : default_file(access, id, &error);
    int fd = file && job_file_is_safe(file) ? read_access_open_file(access->gateway.spool, id, file, &error) : -1;

    if (error != NULL)
        return command_unable(error);
    if (fd < 0)
        return no_file(access, id, file);
    bool good = copy_out(fd, file);
    (void)close(fd); /* only read from */
    return good ? EXIT_GOOD : EXIT_UNABLE;
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
