/*
 * The command `spool list`: all jobs, oldest first. The folders are read first, then the rows of the ledger; both are
 * sorted by ID and walked side by side, so that memory holds one ID and state for each job, not its row.
 */
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <stdio.h>

enum { MOST_LOOKS = 5, PAUSE_US = 10000 };

/* One walk over the ledger's jobs and the folders that were seen before it. */
struct listing {
    const struct invocation *invocation;
    struct gateway *gateway;
    bool all; /* else only jobs in the state `only` */
    enum job_state only;
    GArray *places; /* struct job_place, by ID */
    guint next;     /* the first of them that was not passed */
};

/* Not output_table: a spool may hold a million jobs, and each line is printed as soon as it is known. */
static void print_text(const json_t *row)
{
    static const struct {
        const char *key;
        int width; /* negative: aligned to the left */
    } columns[] = {{"id", -8},        {"state", -8}, {"type", -11}, {"verdict", -7},
                   {"received", -20}, {"size", 12},  {"name", -1}};

    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        const json_t *value = json_object_get(row, columns[i].key);
        g_autofree char *number =
            json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
        const char *text = json_is_string(value) ? json_string_value(value) : number;
        printf("%*s%s", columns[i].width, text ? text : "-", i + 1 < G_N_ELEMENTS(columns) ? "  " : "\n");
    }
}

static void print_row(const struct listing *l, json_t *row)
{
    if (l->invocation->json) {
        command_print_json(row);
        return;
    }
    print_text(row);
    json_decref(row);
}

/* A work order has a row in the ledger a moment before it has a folder. So while a writer runs, a job that is in no
 * folder is looked for again. */
static enum job_state look_again(const struct spool *spool, int64_t id)
{
    enum job_state state = JOB_NOWHERE;
    int64_t writer = 0;

    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        if (!job_find(spool, id, &state, NULL))
            return JOB_NOWHERE;
        if (state != JOB_NOWHERE || !spool_writer(spool, &writer, NULL) || writer == 0)
            break;
        g_usleep(PAUSE_US);
    }
    return state;
}

/* The folder in which the job was seen; when it was seen in none or in two, the folder in which it is now. JOB_NOWHERE
 * also for a job that stays in two folders: `spool verify` says more. */
static enum job_state state_of(struct listing *l, int64_t id)
{
    enum job_state state = JOB_NOWHERE;
    guint seen = 0;

    for (; l->next < l->places->len; l->next++) {
        const struct job_place *place = &g_array_index(l->places, struct job_place, l->next);
        if (place->id != id)
            break;
        state = place->state;
        seen++;
    }
    return seen == 1 ? state : look_again(l->gateway->spool, id);
}

/* A job of our own has no payload: size and digest are those of its file, once that is built. */
static bool set_bytes(struct listing *l, const struct ledger_job *job, json_t *row, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    const struct ledger_outgoing *file = NULL;

    if (job != NULL && job->direction == LEDGER_OUT) {
        if (!ledger_outgoing_files_of(l->gateway->ledger, job->id, &files, error))
            return false;
        file = files->len > 0 ? files->pdata[0] : NULL;
        output_set_optional(row, "size", file ? file->size : -1, -1);
        output_set_text(row, "sha256", file ? file->sha256 : NULL);
        return true;
    }
    output_set_optional(row, "size", job ? job->size : -1, -1);
    output_set_text(row, "sha256", job ? job->sha256 : NULL);
    return true;
}

/* job NULL: a folder without a row, which is a file that is being picked up just now. */
static bool list_job(struct listing *l, int64_t id, const struct ledger_job *job, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    enum job_state state = state_of(l, id);

    if (!l->all && state != l->only)
        return true;
    if (job != NULL && !ledger_verdict_get(l->gateway->ledger, id, job->revision, &verdict, error))
        return false;
    json_t *row = json_object();
    output_set(row, "id", command_json_job(id));
    output_set_text(row, "name", job ? job->name : NULL);
    output_set_text(row, "type", job ? job->type : NULL);
    output_set_text(row, "state", job_state_name(state));
    output_set(row, "received", command_json_instant(job ? job->received : 0));
    if (!set_bytes(l, job, row, error)) {
        json_decref(row);
        return false;
    }
    output_set_text(row, "sender", job ? job->sender : NULL);
    output_set_text(row, "batch", verdict ? verdict->batch : NULL);
    output_set_text(row, "verdict", verdict ? verdict->outcome : NULL);
    print_row(l, row);
    return true;
}

/* Lists folders without a row whose ID is below `limit`. */
static bool list_rowless(struct listing *l, int64_t limit, GError **error)
{
    while (l->next < l->places->len && g_array_index(l->places, struct job_place, l->next).id < limit) {
        if (!list_job(l, g_array_index(l->places, struct job_place, l->next).id, NULL, error))
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

    l->places = read_access_places(l->gateway->spool, &error);
    if (l->places == NULL)
        return command_unable(error);
    if (!l->invocation->json)
        printf("%-8s  %-8s  %-11s  %-7s  %-20s  %12s  %s\n", "ID", "STATE", "TYPE", "VERDICT", "RECEIVED", "SIZE",
               "NAME");
    bool good = ledger_jobs_each(l->gateway->ledger, visit_job, l, &error) && list_rowless(l, G_MAXINT64, &error);
    g_array_unref(l->places);
    return good ? EXIT_GOOD : command_unable(error);
}

static bool parse_state(const char *name, enum job_state *state)
{
    g_autoptr(GString) states = g_string_new(NULL);

    if (job_state_parse(name, state))
        return true;
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        g_string_append_printf(states, "%s%s", i > 0 ? ", " : "", job_state_name((enum job_state)i));
    g_autofree char *shown = command_shown(name);
    g_printerr("ecosgate: spool list: --state '%s' is no state of a job; give one of %s\n", shown, states->str);
    return false;
}

int command_spool_list(struct invocation *invocation)
{
    g_autofree char *state = NULL;
    const GOptionEntry entries[] = {
        {"state", 0, 0, G_OPTION_ARG_STRING, &state, "only jobs in this state", "STATE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct read_access access;
    struct listing listing = {.invocation = invocation, .gateway = &access.gateway};

    if (!command_arguments(invocation, entries, 0, 0))
        return EXIT_UNABLE;
    listing.all = state == NULL;
    if ((state != NULL && !parse_state(state, &listing.only)) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = list_all(&listing);
    read_access_close(&access);
    return status;
}
