/*
 * The command `backup`: a copy of ledger and spool as of one moment, while the gateway goes on. The moment:
 * spool/freeze.h; the copy: spool/backup.h and spool/ledger/ledger_backup.h. Only what the ledger of that moment knows
 * is copied, so that an answer which was stored later is not there without its row.
 *
 * Folders of incoming/ without a row are left out. Their bytes are still in the drop: the sender's copy is removed only
 * after the row is committed. The next start drops such folders too.
 */
#include "gateway/commands/command.h"
#include "gateway/commands/backup_facts.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/run/interruption.h"
#include "gateway/commands/output.h"
#include "gateway/commands/run/progress.h"
#include "gateway/commands/read_access.h"
#include "spool/backup.h"
#include "spool/backup_lock.h"
#include "spool/freeze.h"
#include "spool/ledger/ledger_backup.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_signatures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_US = 5000, SAY_AFTER = 5, LONGEST_WAIT = 600 /* seconds */, MOST_FAULTS = 100 /* that are printed */ };
enum { EIGHT_DIGITS = 100000000 };

/* In the order of MANIFEST, which is that of a walk; `orders` stands where no state does. */
enum { ORDERS = -1 };
static const int folders[] = {JOB_ACTIVE,   JOB_CORRUPT, JOB_DONE,  JOB_HELD,
                              JOB_INCOMING, ORDERS,      JOB_READY, JOB_REJECTED};

struct work {
    struct read_access access;
    const volatile bool *stop;
    struct progress progress;
    struct backup *backup;
    GArray *places[JOB_STATE_COUNT]; /* struct backup_place, by the text of the id */
    char **orders;
    int lock;       /* of backup_lock; -1 */
    int64_t moment; /* seconds UTC */
    uint64_t jobs, done;
    int64_t faults;
};

static void print_fault(void *user, const char *text)
{
    struct work *work = user;

    progress_clear(&work->progress);
    if (work->faults++ < MOST_FAULTS)
        command_note("backup: %s", text);
    else if (work->faults == MOST_FAULTS + 1)
        command_note("backup: there are more such files; only their number is printed from now on");
}

/* ---- the moment ---- */

/* The gateway may sleep until something happens in this folder. */
static void wake_gateway(const struct spool *spool)
{
    g_autofree char *path = g_build_filename(spool_orders_dir(spool), "backup", NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, NULL); /* without it the poll interval wakes it */
}

static void say_whom_we_wait_for(const struct work *work)
{
    int64_t pid = 0;

    if (spool_writer(work->access.gateway.spool, &pid, NULL) && pid != 0)
        command_note(
            "backup: waits until the gateway (process %" G_GINT64_FORMAT ") has ended the job that it works on", pid);
}

/* begun: of the whole wait, by clock_monotonic. */
static bool wait_until_frozen(struct work *work, struct freeze *freeze, int64_t begun, GError **error)
{
    bool frozen = false, said = false;

    wake_gateway(work->access.gateway.spool);
    while (freeze_try(freeze, &frozen, error) && !frozen) {
        int64_t seconds = (clock_monotonic() - begun) / G_USEC_PER_SEC;
        if (*work->stop || seconds > LONGEST_WAIT) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s",
                        *work->stop ? "stopped by a signal"
                                    : "the running gateway has not come to a point between two jobs within 10 minutes; "
                                      "see its log, and try again");
            return false;
        }
        if (seconds >= SAY_AFTER && !said) {
            say_whom_we_wait_for(work);
            said = true;
        }
        g_usleep(POLL_US);
    }
    return frozen;
}

static int by_text(gconstpointer a, gconstpointer b)
{
    int64_t i = ((const struct backup_place *)a)->id, j = ((const struct backup_place *)b)->id;
    char x[JOB_ID_SIZE], y[JOB_ID_SIZE];

    if (i < EIGHT_DIGITS && j < EIGHT_DIGITS) /* texts of one length */
        return (i > j) - (i < j);
    job_id_print(i, x);
    job_id_print(j, y);
    return strcmp(x, y);
}

/* What was read before, if it was not of one moment. */
static void forget_moment(struct work *work)
{
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        g_clear_pointer(&work->places[state], g_array_unref);
    g_clear_pointer(&work->orders, g_strfreev);
    work->jobs = 0;
}

static bool list_state(struct work *work, enum job_state state, GError **error)
{
    g_autoptr(GArray) ids = job_list(work->access.gateway.spool, state, error);

    if (ids == NULL)
        return false;
    work->places[state] = g_array_sized_new(FALSE, FALSE, sizeof(struct backup_place), ids->len);
    for (guint i = 0; i < ids->len; i++) {
        struct backup_place place = {g_array_index(ids, int64_t, i), state};
        g_array_append_val(work->places[state], place);
    }
    work->jobs += ids->len;
    return true;
}

/* Everything that must be of one moment: what the ledger shows, and which folder each job stands in. */
static bool read_moment(struct work *work, GError **error)
{
    forget_moment(work);
    work->moment = clock_now();
    if (!ledger_snapshot_begin(work->access.gateway.ledger, error))
        return false;
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        if (!list_state(work, (enum job_state)state, error))
            return false;
    work->orders = disk_names(spool_orders_dir(work->access.gateway.spool), error);
    return work->orders != NULL;
}

/* A gateway that goes on or ends while we read is waited for again: one that was about to go on when we asked does so,
 * and one that has waited for us too long. */
static bool fix_moment(struct work *work, GError **error)
{
    g_autoptr(freeze_t) freeze = freeze_ask(work->access.gateway.spool, error);
    int64_t begun = clock_monotonic();

    while (freeze != NULL && wait_until_frozen(work, freeze, begun, error) && read_moment(work, error)) {
        if (freeze_holds(freeze))
            return true;
        if (clock_monotonic() - begun > LONGEST_WAIT * G_USEC_PER_SEC) {
            g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                                "for 10 minutes the gateway has gone on each time before all folders of the spool were "
                                "listed; see whether its disk is slow, and try again");
            return false;
        }
    }
    return false;
}

/* ---- copying ---- */

static void on_pages(void *user, uint64_t done, uint64_t total)
{
    struct work *work = user;

    progress_show(&work->progress, "ledger", done, total);
}

/* The reader is closed as soon as the ledger is copied: while it is open the writer's WAL grows. */
static bool copy_ledger(struct work *work, GError **error)
{
    g_autofree char *path = backup_path(work->backup, BACKUP_LEDGER);
    struct gateway *gateway = &work->access.gateway;
    bool good =
        ledger_snapshot_copy(gateway->ledger, path, &(struct ledger_copying){work->stop, on_pages, work}, error);

    ledger_close(gateway->ledger);
    gateway->ledger = NULL;
    return good && backup_add(work->backup, BACKUP_LEDGER, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(struct backup_wanted *const *)a)->name, (*(struct backup_wanted *const *)b)->name);
}

static void want(GPtrArray *wanted, const char *name, const char *sha256)
{
    struct backup_wanted one = {name, sha256};

    g_ptr_array_add(wanted, g_memdup2(&one, sizeof one));
}

/* The files that the ledger knows of a job. Of a job in corrupt/ an operator knows that its bytes are damaged. */
static GPtrArray *wanted_files(const struct ledger_job *job, const struct ledger_signature *signature,
                               const GPtrArray *files, enum job_state state)
{
    GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);

    if (job->direction == LEDGER_IN) {
        if (job->removed == 0)
            want(wanted, JOB_PAYLOAD, state == JOB_CORRUPT ? NULL : job->sha256);
        want(wanted, JOB_ENVELOPE, NULL);
        if (signature != NULL && signature->sha256 != NULL)
            want(wanted, JOB_SIGNATURE, signature->sha256);
    }
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        if (file->state != LEDGER_PLANNED && file->removed == 0)
            want(wanted, file->name, file->sha256);
    }
    g_ptr_array_sort(wanted, by_name);
    return wanted;
}

static bool copy_job(struct work *work, struct ledger *copy, const struct backup_place *place, GError **error)
{
    const struct spool *spool = work->access.gateway.spool;
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_signature *signature = NULL;
    g_autoptr(GPtrArray) files = NULL;

    progress_show(&work->progress, "jobs", work->done++, work->jobs);
    if (!ledger_job_get(copy, place->id, &job, error))
        return false;
    if (job == NULL)
        return place->state == JOB_INCOMING || backup_job(work->backup, spool, place, NULL, error);
    if (!ledger_outgoing_files_of(copy, place->id, &files, error) ||
        !ledger_signature_get(copy, place->id, &signature, error))
        return false;
    g_autoptr(GPtrArray) wanted = wanted_files(job, signature, files, place->state);
    return backup_job(work->backup, spool, place, wanted, error);
}

static bool copy_orders(struct work *work, GError **error)
{
    for (char **name = work->orders; *name != NULL; name++)
        if (job_file_is_safe(*name) && !backup_order(work->backup, work->access.gateway.spool, *name, error))
            return false;
    return true;
}

/* Made by the first writer of the spool, and changed by no later one. */
static bool copy_ledger_id(struct work *work, GError **error)
{
    g_autofree char *path = g_build_filename(spool_dir(work->access.gateway.spool), SPOOL_LEDGER_ID, NULL);

    return !g_file_test(path, G_FILE_TEST_EXISTS) ||
           backup_copy(work->backup, path, BACKUP_SPOOL "/" SPOOL_LEDGER_ID, error);
}

static bool copy_state(struct work *work, struct ledger *copy, int state, GError **error)
{
    GArray *places = work->places[state];

    g_array_sort(places, by_text);
    for (guint i = 0; i < places->len; i++)
        if (!copy_job(work, copy, &g_array_index(places, struct backup_place, i), error))
            return false;
    return true;
}

static bool copy_spool(struct work *work, GError **error)
{
    g_autofree char *path = backup_path(work->backup, BACKUP_LEDGER);
    g_autoptr(ledger_t) copy = ledger_open_copy(path, error);
    struct ledger_identity identity;
    char moment[INSTANT_TEXT_SIZE];

    if (copy == NULL || !ledger_identity_get(copy, &identity, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        if (!(folders[i] == ORDERS ? copy_ledger_id(work, error) && copy_orders(work, error)
                                   : copy_state(work, copy, folders[i], error)))
            return false;
    struct backup_facts *facts = backup_facts(work->backup);
    instant_print(work->moment, moment);
    facts->ledger = g_strdup(identity.ledger);
    facts->generation = identity.generation;
    facts->time = g_strdup(moment);
    facts->version = g_strdup(PACKAGE_VERSION);
    return true;
}

/* ---- the command ---- */

/* True if the folder that the backup is to stand in is the spool or within it: a backup would be lost with the spool.
 */
static bool is_within(const char *dir, const char *spool)
{
    g_autofree char *parent = g_path_get_dirname(dir);
    char *real_parent = realpath(parent, NULL), *real_spool = realpath(spool, NULL);
    g_autofree char *below = real_spool != NULL ? g_strconcat(real_spool, "/", NULL) : NULL;
    bool within = real_parent != NULL && real_spool != NULL &&
                  (strcmp(real_parent, real_spool) == 0 || g_str_has_prefix(real_parent, below));

    free(real_parent);
    free(real_spool);
    return within;
}

static bool make_backup(struct work *work, const char *dir, bool link, GError **error)
{
    const struct config *config = work->access.config;
    const struct backup_options options = {link, work->stop, print_fault, work};

    if (!disk_require_owner(config->spool, error))
        return false;
    if (is_within(dir, config->spool)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
                    "%s is within the spool %s and would be lost with it; name a folder on another disk", dir,
                    config->spool);
        return false;
    }
    work->lock = backup_lock(work->access.gateway.spool, error);
    if (work->lock < 0)
        return false;
    work->backup = backup_begin(dir, &options, error);
    return work->backup != NULL && fix_moment(work, error) &&
           backup_copy(work->backup, config->path, BACKUP_CONFIG, error) && copy_ledger(work, error) &&
           copy_spool(work, error) && backup_finish(work->backup, error);
}

void backup_facts_set(const struct backup_facts *facts, json_t *object)
{
    output_set_text(object, "ledger", facts->ledger);
    output_set_number(object, "generation", facts->generation);
    output_set_text(object, "time", facts->time);
    output_set_number(object, "jobs", facts->jobs);
    output_set_number(object, "files", facts->files);
    output_set_number(object, "bytes", facts->bytes);
    output_set_number(object, "faults", facts->faults);
}

static void print_backup(const struct invocation *invocation, const char *dir, const struct backup_facts *facts)
{
    g_autofree char *shown = text_escape(dir, strlen(dir), 0);
    json_t *object = json_object();

    output_set_text(object, "backup", shown);
    backup_facts_set(facts, object);
    output_object(invocation->json, object);
}

static void clear(struct work *work)
{
    backup_free(work->backup);
    disk_unlock(work->lock);
    forget_moment(work);
    read_access_close(&work->access);
}

int command_backup(struct invocation *invocation)
{
    gboolean link = FALSE;
    const GOptionEntry entries[] = {
        {"link", 0, 0, G_OPTION_ARG_NONE, &link, "link the files of jobs instead of copying them", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct work work = {.stop = interruption_catch(), .lock = -1};
    GError *error = NULL;

    if (!command_arguments(invocation, entries, 1, 1) || !read_access_open(&work.access, invocation))
        return EXIT_UNABLE;
    g_autofree char *dir = g_canonicalize_filename(invocation->argv[0], NULL);
    progress_init(&work.progress);
    bool good = make_backup(&work, dir, link, &error);
    progress_clear(&work.progress);
    if (good)
        print_backup(invocation, dir, backup_facts(work.backup));
    clear(&work);
    if (!good) {
        g_prefix_error(&error, "backup: ");
        return command_unable(error);
    }
    if (work.faults == 0)
        return EXIT_GOOD;
    command_note("backup: %" G_GINT64_FORMAT " files of the source are missing, unreadable or damaged; 'ecosgate spool "
                 "verify' says which; keep the backup before this one",
                 work.faults);
    return EXIT_REFUSED;
}
