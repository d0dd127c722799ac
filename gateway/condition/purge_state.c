/* The writer keeps no reason for its waiting: what it waits for can be seen from here, too. */
#include "gateway/condition/purge_state.h"

#include "formats/instant.h"
#include "spool/archive_lock.h"
#include "spool/backup_lock.h"

const char *purge_state_step(const struct ledger_purge *row)
{
    static const char *const steps[PURGE_STATE_STEPS] = {"files and work items", "Devices of the inventory",
                                                         "changes of supplier", "unused bytes of the ledger"};

    return steps[row->stage];
}

char *purge_state_copy(const struct spool *spool, bool of_writer)
{
    if (backup_lock_is_held(spool))
        return g_strdup("a backup is being made");
    switch (archive_lock_state(spool)) {
    case ARCHIVE_LOCK_FREE:
        break;
    case ARCHIVE_LOCK_HELD:
        return g_strdup("an archive is being written");
    case ARCHIVE_LOCK_UNKNOWN:
        return of_writer ? g_strdup_printf("%s cannot be opened, so an archive may be being written; give the "
                                           "gateway's user read access",
                                           spool_orders_dir(spool))
                         : NULL;
    }
    return NULL;
}

/* NULL: nothing is seen that it would wait for; g_free. */
static char *find_cause(const struct gateway *gateway, int64_t pid, const struct ledger_purge *row)
{
    if (pid == 0)
        return g_strdup("no gateway runs");
    char *copy = purge_state_copy(gateway->spool, false);
    if (copy != NULL)
        return copy;
    return row->stage == LEDGER_PURGE_PAGES ? ledger_scrub_readers(gateway->ledger, pid) : NULL;
}

static void say(struct purge_state *state, int64_t pid)
{
    const struct ledger_purge *row = state->row;
    char before[INSTANT_TEXT_SIZE];
    g_autofree char *upto = row->stage == LEDGER_PURGE_JOBS
                                ? g_strdup_printf(" of the jobs up to %08" G_GINT64_FORMAT " of %08" G_GINT64_FORMAT,
                                                  row->job, state->newest)
                                : g_strdup("");

    instant_print(row->before, before);
    state->text = g_strdup_printf(
        "a purge before %s %s%s; it is in step %d of %d: %s%s", before, state->waits != NULL ? "waits: " : "goes on",
        state->waits != NULL ? state->waits : "", row->stage + 1, PURGE_STATE_STEPS, purge_state_step(row), upto);
    state->shows = g_strdup_printf("ecosgate purge --before %s --dry-run", before);
    state->command = pid == 0 ? "ecosgate run" : state->shows;
}

bool purge_state_look(struct gateway *gateway, int64_t pid, struct purge_state *state, GError **error)
{
    *state = (struct purge_state){.row = NULL};
    if (!ledger_purge_current(gateway->ledger, &state->row, error))
        return false;
    if (state->row == NULL)
        return true;
    if (!ledger_purge_newest(gateway->ledger, &state->newest, error)) {
        purge_state_clear(state);
        return false;
    }
    state->waits = find_cause(gateway, pid, state->row);
    say(state, pid);
    return true;
}

void purge_state_clear(struct purge_state *state)
{
    g_clear_pointer(&state->row, g_free);
    g_clear_pointer(&state->waits, g_free);
    g_clear_pointer(&state->text, g_free);
    g_clear_pointer(&state->shows, g_free);
}
