/*
 * Which batch an argument names. One that several batches have is refused with all of them: an order about the wrong
 * thousand Devices cannot be taken back.
 */
#include "gateway/commands/batch.h"

#include "formats/text.h"
#include "gateway/commands/command.h"
#include "spool/job.h"
#include "spool/ledger/ledger_names.h"

#include <string.h>

char *batch_name(const struct ledger_batch *batch)
{
    return batch->batch != NULL && batch->org != NULL ? g_strdup_printf("%s.%s", batch->org, batch->batch)
                                                      : g_strdup(batch->name);
}

static char *many_text(const char *shown, const GPtrArray *found)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < found->len; i++) {
        const struct ledger_batch *one = found->pdata[i];
        g_autofree char *name = batch_name(one);
        g_string_append_printf(text, "%s%s (job %08" G_GINT64_FORMAT ", %s)", i > 0 ? ", " : "", name, one->job,
                               one->outcome);
    }
    return g_strdup_printf("'%s' names several batches: %s; give SENDER.BATCHID or the job's ID", shown, text->str);
}

static bool add_name(void *user, const char *name, int64_t id, GError **error)
{
    (void)id; /* the name alone is compared */
    (void)error;
    g_ptr_array_add(user, g_strdup(name));
    return true;
}

bool batch_meant(struct read_access *access, const char *text, char **meant, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (!ledger_names_each(access->gateway.ledger, LEDGER_NAMES_BATCH, add_name, names, error))
        return false;
    g_ptr_array_add(names, NULL);
    g_autofree char *near = command_meant(text, (const char *const *)names->pdata);
    *meant = g_strconcat(near, "; 'ecosgate batch list' lists the batches", NULL);
    return true;
}

bool batch_named(struct read_access *access, const char *text, struct ledger_batch **batch, char **problem,
                 GError **error)
{
    g_autofree char *shown = command_shown(text), *meant = NULL;
    g_autofree char *escaped = text_escape(text, strlen(text), 0);
    g_autoptr(GPtrArray) found = NULL;
    int64_t job = 0;

    *batch = NULL;
    if (!job_id_parse(text, &job))
        job = 0;
    if (!ledger_batches_named(access->gateway.ledger, escaped, job, &found, error))
        return false;
    if (found->len == 1)
        *batch = g_ptr_array_steal_index(found, 0);
    else if (found->len > 1)
        *problem = many_text(shown, found);
    else {
        if (!batch_meant(access, text, &meant, error))
            return false;
        *problem = g_strdup_printf("no instruction that was judged has the BatchId, the job or the name '%s'%s; one "
                                   "that is not judged yet is a job of 'ecosgate spool list'",
                                   shown, meant);
    }
    return true;
}

bool batch_find(struct read_access *access, const char *command, const char *text, struct ledger_batch **batch,
                GError **error)
{
    g_autofree char *problem = NULL;

    if (!batch_named(access, text, batch, &problem, error))
        return false;
    if (*batch == NULL)
        g_printerr("ecosgate: %s: %s\n", command, problem);
    return true;
}
