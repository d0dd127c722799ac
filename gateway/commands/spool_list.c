/*
 * The command `spool list`: all jobs, oldest first. The folders are read first, then the rows of the ledger; both are
 * sorted by ID and walked side by side, so that memory holds one ID and state for each job, not its row.
 *
 * With conditions or a limit the ledger is asked for the rows, and the folder of each job is looked up: a spool has a
 * million folders, and a page has a hundred rows. Of a state that few jobs have its folder alone is read, with or
 * without other conditions.
 */
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
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
    GArray *places;  /* struct job_place, by ID; NULL: they are looked up one by one */
    guint next;      /* the first of them that was not passed */
    int64_t left;    /* rows until the limit; below 0: there is none */
    int64_t last;    /* the job of the last row */
    bool enough;     /* the limit is reached */
    bool name_apart; /* print_text */
    bool any;        /* a row was printed, and the heading before it */
};

static const struct {
    const char *key, *title;
    int width; /* negative: aligned to the left */
} columns[] = {{"id", "ID", -8},           {"state", "STATE", -8},        {"type", "TYPE", -11},
               {"verdict", "VERDICT", -7}, {"received", "RECEIVED", -20}, {"size", "SIZE", 12},
               {"name", "NAME", -1}};

/* What the columns before the name take, and a usual name. */
enum { BEFORE_NAME = 78, NAME_WIDTH = 58 };

/* Not output_table: a spool may hold a million jobs, and each line is printed as soon as it is known. row NULL: the
 * heading. name_apart: the name has a line of its own, for the terminal is too narrow. */
static void print_text(const json_t *row, bool name_apart)
{
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        const json_t *value = row != NULL ? json_object_get(row, columns[i].key) : NULL;
        g_autofree char *number =
            json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
        const char *text = row == NULL ? columns[i].title : json_is_string(value) ? json_string_value(value) : number;
        bool last = i + 1 == G_N_ELEMENTS(columns), second = last && name_apart;
        printf("%s%*s%s", second ? "\n    " : "", columns[i].width, text ? text : "-",
               last                                           ? "\n"
               : name_apart && i + 2 == G_N_ELEMENTS(columns) ? ""
                                                              : "  ");
    }
}

static void print_row(struct listing *l, json_t *row)
{
    if (l->invocation->json) {
        command_print_json(row);
        return;
    }
    if (!l->any)
        print_text(NULL, l->name_apart);
    l->any = true;
    print_text(row, l->name_apart);
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

    for (; l->places != NULL && l->next < l->places->len; l->next++) {
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
    output_set_text(row, "drop", job ? job->drop : NULL);
    output_set_text(row, "batch", verdict ? verdict->batch : NULL);
    output_set_text(row, "verdict", verdict ? verdict->outcome : NULL);
    print_row(l, row);
    l->last = id;
    l->enough = --l->left == 0;
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

/* The jobs in a state that few jobs have, with those whose row is not there yet. */
static bool list_folder(struct listing *l, GError **error)
{
    g_autoptr(GArray) ids = job_list(l->gateway->spool, l->only, error);
    bool good = ids != NULL;

    for (guint i = 0; good && i < ids->len; i++) {
        int64_t id = g_array_index(ids, int64_t, i);
        g_autofree struct ledger_job *job = NULL;
        good = ledger_job_get(l->gateway->ledger, id, &job, error) && list_job(l, id, job, error);
    }
    return good;
}

/* Whether done/ and rejected/, where nearly all jobs end, can be left aside. */
static bool asks_for_few(const struct listing *l)
{
    return !l->all && l->only != JOB_DONE && l->only != JOB_REJECTED;
}

static int list_all(struct listing *l)
{
    GError *error = NULL;

    if (asks_for_few(l))
        return list_folder(l, &error) ? EXIT_GOOD : command_unable(error);
    l->places = read_access_places(l->gateway->spool, &error);
    if (l->places == NULL)
        return command_unable(error);
    bool good = ledger_jobs_each(l->gateway->ledger, visit_job, l, &error) && list_rowless(l, G_MAXINT64, &error);
    g_array_unref(l->places);
    return good ? EXIT_GOOD : command_unable(error);
}

/* ---- with conditions ---- */

static bool visit_found(void *user, const struct ledger_job *job, GError **error)
{
    return list_job(user, job->id, job, error);
}

/* The jobs in a state that few jobs have. */
static bool list_state(struct listing *l, struct ledger_job_find *find, GError **error)
{
    g_autoptr(GArray) ids = job_list(l->gateway->spool, l->only, error);
    int64_t after = find->after;

    if (ids == NULL)
        return false;
    find->after = 0;
    for (guint i = 0; i < ids->len && !l->enough; i++) {
        find->id = g_array_index(ids, int64_t, i);
        if (find->id > after && !ledger_jobs_find(l->gateway->ledger, find, visit_found, l, error))
            return false;
    }
    return true;
}

static int list_found(struct listing *l, struct ledger_job_find *find)
{
    GError *error = NULL;

    find->enough = &l->enough;
    if (!(asks_for_few(l) ? list_state(l, find, &error)
                          : ledger_jobs_find(l->gateway->ledger, find, visit_found, l, &error)))
        return command_unable(error);
    char last[JOB_ID_SIZE];
    job_id_print(l->last, last);
    output_page_end(l->invocation->json, l->enough, last);
    return EXIT_GOOD;
}

/* ---- options ---- */

/* The options. */
struct options {
    char *state, *type, *sender, *batch, *drop, *verdict, *since, *until, *after;
    int limit;
};

static void clear_options(struct options *o)
{
    char *const texts[] = {o->state, o->type, o->sender, o->batch, o->drop, o->verdict, o->since, o->until, o->after};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

#define COMMAND "spool list"

/* What needs no home. False: a message has been printed. */
static bool read_options(struct options *o, struct listing *listing, struct ledger_job_find *find)
{
    static const struct selection state = {COMMAND, "state"}, type = {COMMAND, "type"}, verdict = {COMMAND, "verdict"};

    if (!selection_word(&state, "state of a job", words_job_states(), &o->state) ||
        !selection_word(&type, "type of files", words_types(), &o->type) ||
        !selection_word(&verdict, "verdict", words_verdicts(), &o->verdict))
        return false;
    *find = (struct ledger_job_find){.type = o->type, .drop = o->drop, .outcome = o->verdict};
    listing->all = o->state == NULL || !job_state_parse(o->state, &listing->only);
    listing->left = o->limit > 0 ? o->limit : -1;
    return selection_limit(COMMAND, o->limit) && (o->after == NULL || command_parse_job(o->after, &find->after)) &&
           selection_time(COMMAND, "since", o->since, &find->since) &&
           selection_time(COMMAND, "until", o->until, &find->until);
}

/* What only the home knows. */
static bool find_names(struct read_access *access, const struct options *o, struct ledger_job_find *find,
                       GError **error)
{
    static const struct selection drop = {COMMAND, "drop"}, sender = {COMMAND, "sender"}, batch = {COMMAND, "batch"};

    return selection_drop(access, &drop, o->drop, error) &&
           selection_job_batch(access, &batch, o->batch, find, error) &&
           (o->sender == NULL || selection_sender(access, &sender, o->sender, find, error));
}

static bool has_conditions(const struct options *o)
{
    return o->type != NULL || o->sender != NULL || o->batch != NULL || o->drop != NULL || o->verdict != NULL ||
           o->since != NULL || o->until != NULL || o->after != NULL || o->limit > 0;
}

static int list(struct read_access *access, struct listing *l, const struct options *o, struct ledger_job_find *find)
{
    GError *error = NULL;

    if (!find_names(access, o, find, &error))
        return command_unable(error);
    int room = output_columns();
    l->name_apart = room > 0 && room < BEFORE_NAME + NAME_WIDTH;
    int status = has_conditions(o) ? list_found(l, find) : list_all(l);
    if (status == EXIT_GOOD && !l->any && !l->invocation->json)
        puts(o->after != NULL ? "no more jobs" : l->all && !has_conditions(o) ? "there is no job" : "no job fits");
    return status;
}

int command_spool_list(struct invocation *invocation)
{
    struct options o = {.limit = 0};
    const GOptionEntry entries[] = {
        {"state", 0, 0, G_OPTION_ARG_STRING, &o.state, "only jobs in this state", "STATE"},
        {"type", 0, 0, G_OPTION_ARG_STRING, &o.type, "of this file type: EMI, EMW …", "TYPE"},
        {"sender", 0, 0, G_OPTION_ARG_STRING, &o.sender, "of this sender, by its short code or EUI-64", "SENDER"},
        {"batch", 0, 0, G_OPTION_ARG_STRING, &o.batch, "with this BatchId", "BATCHID"},
        {"drop", 0, 0, G_OPTION_ARG_STRING, &o.drop, "that came through this drop, or go there", "DROP"},
        {"verdict", 0, 0, G_OPTION_ARG_STRING, &o.verdict, "with this verdict", "AC|WN|PA|RJ"},
        {"since", 0, 0, G_OPTION_ARG_STRING, &o.since, "received at that time or later", "TIME"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &o.until, "received before that time", "TIME"},
        {"limit", 0, 0, G_OPTION_ARG_INT, &o.limit, "at most so many; without it, or with 0: all", "N"},
        {"after", 0, 0, G_OPTION_ARG_STRING, &o.after, "go on after this job of the list", "ID"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct read_access access;
    struct ledger_job_find find;
    struct listing listing = {.invocation = invocation, .gateway = &access.gateway};
    int status = EXIT_UNABLE;

    if (command_arguments(invocation, entries, 0, 0) && read_options(&o, &listing, &find) &&
        read_access_open(&access, invocation)) {
        status = list(&access, &listing, &o, &find);
        read_access_close(&access);
    }
    clear_options(&o);
    return status;
}
