/* What cells do is known to gateway/cells/ alone; here is what it means for a job and for the log. */
#include "gateway/pipeline/watches/cells_watch.h"

#include "formats/reading.h"
#include "gateway/cells/cells.h"

enum { MOST_LOST = 3 /* helpers in a row that end while they read one file */ };

static bool retry(GError *cause, GError **error)
{
    g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, cause->message);
    g_error_free(cause);
    return false;
}

/* A helper that is ended meanwhile is started anew. */
static bool probe(struct gateway *gateway, char **lacks, GError **error)
{
    GError *cause = NULL;
    int lost = 0;

    while (!cells_probe(gateway->cells, lacks, &cause)) {
        cells_watch(gateway);
        if (!g_error_matches(cause, READING_ERROR, READING_ERROR_LOST) || ++lost == MOST_LOST)
            return retry(cause, error);
        g_clear_error(&cause);
    }
    return true;
}

bool cells_watch_begin(struct gateway *gateway, GError **error)
{
    g_autofree char *lacks = NULL;

    if (cells_mode(gateway->cells) != gateway->config->cells) {
        cells_end(gateway->cells);
        gateway->cells = cells_start_later(gateway->config->cells);
    }
    if (gateway->cells != NULL && !probe(gateway, &lacks, error))
        return false;
    if (gateway->cells == NULL)
        log_event(LOG(EVENT_CELLS_WEAK), "files are parsed in the gateway's own process, which has keys and ledger "
                                         "(cells=no)");
    else if (lacks != NULL)
        log_event(LOG(EVENT_CELLS_WEAK),
                  "the processes that parse files (cells) lack %s: this kernel or build has none; cells=required would "
                  "refuse that",
                  lacks);
    else
        log_over(LOG(EVENT_CELLS_WEAK));
    return true;
}

void cells_watch(struct gateway *gateway)
{
    if (cells_helper_ended(gateway->cells))
        log_event(LOG(EVENT_CELLS_ENDED), "the process that makes cells has ended, which nobody asked for; another one "
                                          "is started for the next file");
}

bool cells_watch_again(struct gateway *gateway, int64_t job, struct cells_tries *tries, GError **error)
{
    GError *cause = *error;

    cells_watch(gateway);
    if (g_error_matches(cause, READING_ERROR, READING_ERROR_LOST) && ++tries->lost < MOST_LOST) {
        g_clear_error(error);
        return true;
    }
    if (!g_error_matches(cause, READING_ERROR, READING_ERROR_DIED)) {
        if (cause->domain == READING_ERROR) {
            *error = NULL;
            return retry(cause, error);
        }
        return false;
    }
    g_free(tries->text);
    tries->text = g_strdup(cause->message);
    tries->died++;
    log_event(LOG(EVENT_CELL_DIED, .job = job), "job %08" G_GINT64_FORMAT ": try %d of %d: %s", job, tries->died,
              CELLS_MOST_DEATHS, tries->text);
    g_clear_error(error);
    return true;
}
