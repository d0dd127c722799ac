#include "gateway/commands/spool.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <stdio.h>

enum { LOOKS = 5, PAUSE_US = 10000 };

/* One walk over the ledger's jobs and the directories seen before it, both by id. */
struct listing {
    const struct invocation *invocation;
    struct gateway *gateway;
    bool all;
    enum job_state only;
    GArray *spots;
    guint next;
};

static void print_text(json_t *fact)
{
    static const struct {
        const char *key;
        int width;
    } columns[] = {{"id", -8},        {"state", -8}, {"type", -11}, {"verdict", -7},
                   {"received", -20}, {"size", 12},  {"name", -1}};

    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        const json_t *value = json_object_get(fact, columns[i].key);
        g_autofree char *number =
            json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
        const char *text = json_is_string(value) ? json_string_value(value) : number;
        printf("%*s%s", columns[i].width, text ? text : "-", i + 1 < G_N_ELEMENTS(columns) ? "  " : "\n");
    }
}

static void print_entry(const struct listing *l, json_t *fact)
{
    if (l->invocation->json) {
        command_print_json(fact);
        return;
    }
    print_text(fact);
    json_decref(fact);
}

/* A work order is in the ledger a moment before it has a directory, so that with a writer at work a
 * job found nowhere is waited for. */
static enum job_state look_again(const struct spool *spool, int64_t id)
{
    enum job_state state = JOB_NOWHERE;
    int64_t writer = 0;

    for (int looks = 0; looks < LOOKS; looks++) {
        if (!job_find(spool, id, &state, NULL))
            return JOB_NOWHERE;
        if (state != JOB_NOWHERE || !spool_writer(spool, &writer, NULL) || writer == 0)
            break;
        g_usleep(PAUSE_US);
    }
    return state;
}

/* Where the job is: as seen in the walk over the folders, or by a second look when it was moving
 * then. JOB_NOWHERE also for one in two folders: `spool verify` says more. */
static enum job_state state_of(struct listing *l, int64_t id)
{
    enum job_state state = JOB_NOWHERE;
    guint seen = 0;

    for (; l->next < l->spots->len; l->next++) {
        const struct spot *spot = &g_array_index(l->spots, struct spot, l->next);
        if (spot->id != id)
            break;
        state = spot->state;
        seen++;
    }
    return seen == 1 ? state : look_again(l->gateway->spool, id);
}

/* An outbound job has no payload: the bytes are those of its part, once they are built. */
static bool set_bytes(struct listing *l, const struct ledger_job *job, json_t *fact, GError **error)
{
    g_autoptr(GPtrArray) parts = NULL;
    const struct ledger_outgoing *part = NULL;

    if (job != NULL && job->direction == LEDGER_OUT) {
        if (!ledger_outgoing_files_of(l->gateway->ledger, job->id, &parts, error))
            return false;
        part = parts->len > 0 ? parts->pdata[0] : NULL;
        output_set_optional(fact, "size", part ? part->size : -1, -1);
        output_set_text(fact, "sha256", part ? part->sha256 : NULL);
        return true;
    }
    output_set_optional(fact, "size", job ? job->size : -1, -1);
    output_set_text(fact, "sha256", job ? job->sha256 : NULL);
    return true;
}

/* job NULL: a directory without a row, which is a file that is just being taken into custody. */
static bool list_job(struct listing *l, int64_t id, const struct ledger_job *job, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    enum job_state state = state_of(l, id);

    if (!l->all && state != l->only)
        return true;
    if (job != NULL && !ledger_verdict_get(l->gateway->ledger, id, job->revision, &verdict, error))
        return false;
    json_t *fact = json_object();
    output_set(fact, "id", spool_json_id(id));
    output_set_text(fact, "name", job ? job->name : NULL);
    output_set_text(fact, "type", job ? job->type : NULL);
    output_set_text(fact, "state", job_state_name(state));
    output_set(fact, "received", command_json_instant(job ? job->received : 0));
    if (!set_bytes(l, job, fact, error)) {
        json_decref(fact);
        return false;
    }
    output_set_text(fact, "sender", job ? job->sender : NULL);
    output_set_text(fact, "batch", verdict ? verdict->batch : NULL);
    output_set_text(fact, "verdict", verdict ? verdict->outcome : NULL);
    print_entry(l, fact);
    return true;
}

/* Directories without a row whose id is below `limit`. */
static bool list_rowless(struct listing *l, int64_t limit, GError **error)
{
    while (l->next < l->spots->len && g_array_index(l->spots, struct spot, l->next).id < limit) {
        if (!list_job(l, g_array_index(l->spots, struct spot, l->next).id, NULL, error))
            return false;
    }
    return true;
}

static bool visit_job(void *user, const struct ledger_job *job, GError **error)
{
    struct listing *l = user;

    return list_rowless(l, job->id, error) && list_job(l, job->id, job, error);
}

static int list_all(struct listing *l)
{
    GError *error = NULL;

    l->spots = read_access_spots(l->gateway->spool, &error);
    if (l->spots == NULL)
        return command_unable(error);
    if (!l->invocation->json)
        printf("%-8s  %-8s  %-11s  %-7s  %-20s  %12s  %s\n", "ID", "STATE", "TYPE", "VERDICT", "RECEIVED", "SIZE",
               "NAME");
    bool good = ledger_jobs_each(l->gateway->ledger, visit_job, l, &error) && list_rowless(l, G_MAXINT64, &error);
    g_array_unref(l->spots);
    return good ? EXIT_GOOD : command_unable(error);
}

int spool_list(const struct invocation *invocation)
{
    char *state = NULL;
    const GOptionEntry entries[] = {
        {"state", 0, 0, G_OPTION_ARG_STRING, &state, "only jobs in that folder", "STATE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct invocation rest = *invocation;
    struct read_access access;
    int left = command_options(&rest, "spool list", entries);
    g_autofree char *wanted = state;
    struct listing listing = {.invocation = invocation, .gateway = &access.gateway};

    if (left != 0)
        return left < 0 ? EXIT_UNABLE : command_usage("spool list [--state STATE]");
    listing.all = wanted == NULL;
    if (wanted != NULL && !job_state_parse(wanted, &listing.only)) {
        g_printerr("ecosgate: --state: there is no state '%s'; expected incoming, ready, active, "
                   "held, done, rejected or corrupt\n",
                   wanted);
        return EXIT_UNABLE;
    }
    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = list_all(&listing);
    read_access_close(&access);
    return status;
}
