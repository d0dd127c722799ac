/* One text for all: commands and the results of orders. */
#include "gateway/archived.h"

#include "formats/instant.h"
#include "spool/job.h"
#include "spool/ledger/ledger_archive.h"

bool archived_text(const struct gateway *gateway, int64_t job, char **text, GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;
    enum job_state state = JOB_NOWHERE;
    char at[INSTANT_TEXT_SIZE];

    *text = NULL;
    if (!ledger_archive_of(gateway->ledger, job, &archive, error))
        return false;
    if (archive == NULL || !job_find(gateway->spool, job, &state, NULL) || state != JOB_NOWHERE)
        return true;
    instant_print(archive->at, at);
    *text = g_strdup_printf("its files lie in the archive %s since %s; 'ecosgate archive restore %s %08" G_GINT64_FORMAT
                            " --reason TEXT' brings them back",
                            archive->name, at, archive->name, job);
    return true;
}
