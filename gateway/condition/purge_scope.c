#include "gateway/condition/purge_scope.h"

#include "formats/instant.h"
#include "gateway/reports/report_schedule.h"

#include <string.h>

/* Of one question: jobs that are found, jobs that are looked at, work items. A ledger has many jobs that no purge
 * takes, and each later purge more that an earlier one has taken. */
enum { PAGE = 64, ROWS = 5000, LOOK = 20000 };

/* ---- the time ---- */

/* The first report with supply points that is not issued for all the time before; *owed: its ref, NULL: none is. */
static bool find_owed(struct gateway *gateway, int64_t before, const char **owed, struct period *period, GError **error)
{
    *owed = NULL;
    for (size_t i = 0; *owed == NULL && i < report_n_kinds; i++) {
        const struct report_kind *kind = &report_kinds[i];
        if (!ledger_purge_concerns(kind->ref))
            continue;
        if (!report_schedule_period(gateway, kind, period, error))
            return false;
        if (period->starts < before)
            *owed = kind->ref;
    }
    return true;
}

bool purge_scope_refusal(struct gateway *gateway, int64_t before, int64_t now, char **refusal, GError **error)
{
    g_autofree struct ledger_purge *current = NULL;
    char text[INSTANT_TEXT_SIZE], starts[INSTANT_TEXT_SIZE];
    struct period period;
    const char *owed;

    *refusal = NULL;
    instant_print(before, text);
    if (before > now) {
        *refusal = g_strdup_printf("%s is in the future: what has not ended cannot be purged", text);
        return true;
    }
    if (!ledger_purge_current(gateway->ledger, &current, error))
        return false;
    if (current != NULL) {
        instant_print(current->before, starts);
        *refusal =
            g_strdup_printf("a purge before %s is under way; wait for its end, then give the order again", starts);
        return true;
    }
    if (!find_owed(gateway, before, &owed, &period, error))
        return false;
    if (owed != NULL) {
        instant_print(period.starts, starts);
        *refusal = g_strdup_printf("%s of the period from %s is not issued yet, and may need the personal data; give "
                                   "that time or an earlier one",
                                   owed, starts);
    }
    return true;
}

/* ---- the jobs ---- */

bool purge_scope_removes(const char *name)
{
    return strcmp(name, JOB_ENVELOPE) != 0 && strcmp(name, JOB_SIGNATURE) != 0;
}

void purge_walk_begin(struct purge_walk *walk, int64_t before, int64_t after)
{
    *walk = (struct purge_walk){.before = before,
                                .job = after,
                                .asked = after,
                                .page = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                                .state = JOB_NOWHERE};
}

void purge_walk_end(struct purge_walk *walk)
{
    g_clear_pointer(&walk->page, g_array_unref);
}

/* A job that stands in two folders is left to the next start. */
static bool find_folder(struct purge_walk *walk, struct gateway *gateway, GError **error)
{
    GError *cause = NULL;

    if (job_find(gateway->spool, walk->job, &walk->state, &cause))
        return true;
    walk->state = JOB_NOWHERE;
    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        g_error_free(cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

static bool look_on(struct purge_walk *walk, struct gateway *gateway, bool *found, GError **error)
{
    struct ledger_purge_items next = {walk->items.first + walk->looked, MIN(walk->items.items - walk->looked, LOOK)};

    if (!ledger_purge_look(gateway->ledger, &next, &walk->look, error))
        return false;
    walk->looked += next.items;
    *found = walk->looked == walk->items.items && !walk->look.incident;
    if (walk->look.incident)
        walk->looked = walk->items.items;
    return true;
}

/* The next page; it may be empty. *end: behind it there is nothing. */
static bool turn_page(struct purge_walk *walk, struct gateway *gateway, bool *end, GError **error)
{
    const struct ledger_purge_choice choice = {walk->before, walk->asked, walk->asked + ROWS, PAGE};
    int64_t newest = 0;

    walk->at = 0;
    g_array_set_size(walk->page, 0);
    if (!ledger_purge_newest(gateway->ledger, &newest, error) ||
        !ledger_purge_jobs(gateway->ledger, &choice, walk->page, error))
        return false;
    walk->asked = walk->page->len == PAGE ? g_array_index(walk->page, int64_t, PAGE - 1) : choice.upto;
    *end = walk->page->len == 0 && choice.upto >= newest;
    return true;
}

bool purge_walk_step(struct purge_walk *walk, struct gateway *gateway, bool *found, bool *end, GError **error)
{
    *found = *end = false;
    if (walk->looked < walk->items.items)
        return look_on(walk, gateway, found, error);
    if (walk->at == walk->page->len)
        return turn_page(walk, gateway, end, error);
    walk->job = g_array_index(walk->page, int64_t, walk->at++);
    walk->looked = 0;
    walk->look = (struct ledger_purge_look){false, false};
    if (!find_folder(walk, gateway, error) || !ledger_purge_items_of(gateway->ledger, walk->job, &walk->items, error))
        return false;
    bool ended = walk->state == JOB_DONE || walk->state == JOB_REJECTED;
    if (!ended)
        walk->items.items = 0;
    *found = ended && walk->items.items == 0;
    return true;
}
