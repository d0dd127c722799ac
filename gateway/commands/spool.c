#include "gateway/commands/spool.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/progress.h"
#include "gateway/commands/verify.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CAT_BYTES = 256 * 1024 };

bool spool_parse_id(const char *text, int64_t *id)
{
    if (job_id_parse(text, id))
        return true;
    g_autofree char *shown = command_shown(text);
    g_printerr("ecosgate: '%s' is no job's ID: expected digits such as 00000012; 'ecosgate spool list' "
               "shows the jobs\n",
               shown);
    return false;
}

int spool_no_job(int64_t id)
{
    g_printerr("ecosgate: there is no job %08" G_GINT64_FORMAT "; 'ecosgate spool list' shows the jobs\n", id);
    return EXIT_REFUSED;
}

json_t *spool_json_id(int64_t id)
{
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    return json_string(text);
}

/* ---- cat ---- */

static bool copy_out(int fd, const char *what)
{
    g_autofree char *buffer = g_malloc(CAT_BYTES);
    ssize_t got;

    while ((got = read(fd, buffer, CAT_BYTES)) > 0) {
        if (fwrite(buffer, 1, (size_t)got, stdout) != (size_t)got)
            break;
    }
    if (got >= 0)
        return true; /* main tells of an output that failed */
    g_printerr("ecosgate: %s: %s\n", what, g_strerror(errno));
    return false;
}

/* The part that was meant when none was named: the bytes that were received, or our only part. */
static char *default_part(struct read_access *access, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) parts = NULL;

    if (!ledger_job_get(access->gateway.ledger, id, &job, error))
        return NULL;
    if (job == NULL || job->direction == LEDGER_IN)
        return g_strdup(JOB_PAYLOAD);
    if (!ledger_outgoing_files_of(access->gateway.ledger, id, &parts, error))
        return NULL;
    return g_strdup(parts->len > 0 ? ((struct ledger_outgoing *)parts->pdata[0])->name : job->name);
}

static int no_part(const struct read_access *access, int64_t id, const char *part)
{
    enum job_state state;

    if (job_find(access->gateway.spool, id, &state, NULL) && state == JOB_NOWHERE)
        return spool_no_job(id);
    g_printerr("ecosgate: job %08" G_GINT64_FORMAT " has no file '%s'; 'ecosgate spool show' lists its files\n", id,
               part);
    return EXIT_REFUSED;
}

static int cat_part(struct read_access *access, int64_t id, const char *name)
{
    GError *error = NULL;
    g_autofree char *part = name ? g_strdup(name) : default_part(access, id, &error);
    int fd = part && job_file_is_safe(part) ? read_access_open_file(access->gateway.spool, id, part, &error) : -1;

    if (error != NULL)
        return command_unable(error);
    if (fd < 0)
        return no_part(access, id, part);
    bool good = copy_out(fd, part);
    (void)close(fd); /* only read from */
    return good ? EXIT_GOOD : EXIT_UNABLE;
}

int spool_cat(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct read_access access;
    int64_t id;

    if (!command_arguments(&rest, "spool cat ID [NAME]", 1, 2) || !spool_parse_id(rest.argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = cat_part(&access, id, rest.argv[1]);
    read_access_close(&access);
    return status;
}

/* ---- verify ---- */

struct verifying {
    bool json;
    struct progress progress;
};

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct verifying *verifying = user;

    progress_show(&verifying->progress, what, done, total);
}

static void print_fault(void *user, int64_t job, const char *text)
{
    struct verifying *verifying = user;
    char id[JOB_ID_SIZE] = "";

    progress_clear(&verifying->progress);
    if (job != 0)
        job_id_print(job, id);
    if (!verifying->json) {
        printf("%s%s%s\n", id, job != 0 ? ": " : "", text);
        return;
    }
    json_t *object = json_object();
    output_set_text(object, "job", job != 0 ? id : NULL);
    output_set_text(object, "fault", text);
    command_print_json(object);
}

static void print_summary(const struct invocation *invocation, const struct verify_sums *sums)
{
    json_t *object;

    if (!invocation->json) {
        if (sums->faults > 0)
            printf("NOT SOUND, faults: %" G_GINT64_FORMAT "; ", sums->faults);
        printf("%s%" G_GINT64_FORMAT " jobs, %" G_GINT64_FORMAT " Devices in = %" G_GINT64_FORMAT
               " accepted + %" G_GINT64_FORMAT " rejected + %" G_GINT64_FORMAT " deferred\n",
               sums->faults > 0 ? "" : "sound: ", sums->jobs, sums->devices, sums->accepted, sums->rejected,
               sums->deferred);
        return;
    }
    object = json_object();
    output_set(object, "sound", json_boolean(sums->faults == 0));
    output_set_number(object, "jobs", sums->jobs);
    output_set_number(object, "devices", sums->devices);
    output_set_number(object, "accepted", sums->accepted);
    output_set_number(object, "rejected", sums->rejected);
    output_set_number(object, "deferred", sums->deferred);
    output_set_number(object, "faults", sums->faults);
    command_print_json(object);
}

int spool_verify(const struct invocation *invocation)
{
    struct verifying user = {.json = invocation->json};
    struct verify_sums sums = {0};
    struct invocation rest = *invocation;
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(&rest, "spool verify", 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    progress_init(&user.progress);
    access.gateway.on_progress = show_progress;
    access.gateway.progress_user = &user;
    bool done = verify_all(&access.gateway, print_fault, &user, &sums, &error);
    progress_clear(&user.progress);
    read_access_close(&access);
    if (!done)
        return command_unable(error);
    print_summary(invocation, &sums);
    return sums.faults == 0 ? EXIT_GOOD : EXIT_REFUSED;
}

/* ---- the table of them ---- */

int command_spool(const struct invocation *invocation)
{
    static const struct {
        const char *name;
        int (*run)(const struct invocation *invocation);
    } looks[] = {{"list", spool_list}, {"show", spool_show}, {"cat", spool_cat}, {"verify", spool_verify}};
    static const char usage[] = "spool list|show|cat|verify|hold|release|requeue …";
    struct invocation rest = *invocation;
    enum order_verb verb;

    if (invocation->argc < 1 || invocation->argv[0][0] == '-')
        return command_options(&rest, "spool COMMAND …", NULL) < 0 ? EXIT_UNABLE : command_usage(usage);
    rest.argc--;
    rest.argv++;
    for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
        if (strcmp(looks[i].name, invocation->argv[0]) == 0)
            return looks[i].run(&rest);
    }
    if (order_verb_parse(invocation->argv[0], &verb) && verb != ORDER_CLOSE && verb != ORDER_REDELIVER)
        return spool_order(&rest, verb);
    g_printerr("ecosgate: there is no command 'spool %s'\n", invocation->argv[0]);
    return command_usage(usage);
}
