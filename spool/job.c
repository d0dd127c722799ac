/*
 * Jobs as folders. The rename of a job's folder is the only change of its state, so that no second record of the state
 * can disagree with the first. Every path is built here, from a state, an id and a file name that job_file_is_safe
 * accepts.
 */
#include "spool/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[JOB_STATE_COUNT] = {"incoming", "ready",    "active", "held",
                                                    "done",     "rejected", "corrupt"};

enum { IN_TWO_STATES = JOB_STATE_COUNT + 1 };

struct spool {
    char *dir, *orders;
    int lock; /* of disk_lock; -1 while another process may write */
};

static bool is_state(enum job_state state)
{
    return (int)state >= 0 && state < JOB_STATE_COUNT;
}

const char *job_state_name(enum job_state state)
{
    return is_state(state) ? states[state] : NULL;
}

bool job_state_parse(const char *name, enum job_state *state)
{
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        if (strcmp(states[i], name) == 0) {
            *state = (enum job_state)i;
            return true;
        }
    return false;
}

void job_id_print(int64_t id, char text[JOB_ID_SIZE])
{
    (void)snprintf(text, JOB_ID_SIZE, "%08" PRId64, id); /* ids have at most 18 digits */
}

bool job_id_parse(const char *text, int64_t *id)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 18 || text[len] != '\0')
        return false;
    int64_t value = (int64_t)strtoll(text, NULL, 10);
    if (value < 1)
        return false;
    *id = value;
    return true;
}

bool job_file_is_safe(const char *name)
{
    size_t len = strlen(name);
    bool safe = len >= 1 && len <= 200 && name[0] != '.';

    for (size_t i = 0; safe && i < len; i++)
        safe = g_ascii_isgraph(name[i]) && name[i] != '/' && name[i] != '\\';
    return safe;
}

bool spool_create(const char *dir, GError **error)
{
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autofree char *path = g_build_filename(dir, states[i], NULL);
        if (!disk_make_dirs(STEP_SPOOL_MADE, path, error))
            return false;
    }
    g_autofree char *orders = g_build_filename(dir, "orders", NULL);
    return disk_make_dirs(STEP_SPOOL_MADE, orders, error);
}

/* False: a restore was stopped while it moved the folders (restore.h), and only its end makes the spool whole. */
static bool refuse_unfinished(const char *dir, GError **error)
{
    g_autofree char *restoring = g_build_filename(dir, SPOOL_RESTORING, NULL);
    if (!g_file_test(restoring, G_FILE_TEST_IS_DIR))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "spool %s: a restore was stopped before its end; give the same `ecosgate restore` again, it goes on "
                "where it was stopped",
                dir);
    return false;
}

struct spool *spool_open(const char *dir, GError **error)
{
    g_autoptr(spool_t) spool = g_new0(struct spool, 1);
    spool->dir = g_strdup(dir);
    spool->orders = g_build_filename(dir, "orders", NULL);
    spool->lock = -1;
    for (int i = 0; i <= JOB_STATE_COUNT; i++) {
        const char *name = i < JOB_STATE_COUNT ? states[i] : "orders";
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
            if (!disk_may_read(path, error) || !refuse_unfinished(dir, error))
                return NULL;
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                        "spool folder %s is missing; make it with `ecosgate init`", path);
            return NULL;
        }
    }
    return g_steal_pointer(&spool);
}

/* The last writer may have been stopped between a rename and its sync, or the sync may have failed. Without this a job
 * could stand in another state again after a power failure than this process has seen. */
static bool sync_states(const struct spool *spool, GError **error)
{
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autofree char *path = g_build_filename(spool->dir, states[i], NULL);
        if (!disk_sync_dir(path, error))
            return false;
    }
    return disk_sync_dir(spool->orders, error);
}

/* Must come before anything changes: a backup takes what it reads for sound while the file stays. */
static bool remove_frozen(const struct spool *spool, GError **error)
{
    g_autofree char *path = g_build_filename(spool->dir, SPOOL_FROZEN, NULL);
    bool exists = false;
    return disk_exists(path, &exists, error) && (!exists || disk_unlink(STEP_FREEZE_ENDED, path, error));
}

bool spool_lock(struct spool *spool, GError **error)
{
    g_autofree char *path = g_build_filename(spool->dir, "lock", NULL);
    if (spool->lock >= 0)
        return true;
    spool->lock = disk_lock(path, error);
    if (spool->lock < 0)
        return false;
    if (remove_frozen(spool, error) && sync_states(spool, error))
        return true;
    disk_unlock(spool->lock);
    spool->lock = -1;
    return false;
}

bool spool_writer(const struct spool *spool, int64_t *pid, GError **error)
{
    g_autofree char *path = g_build_filename(spool->dir, "lock", NULL);
    return disk_lock_holder(path, pid, error);
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    disk_unlock(spool->lock);
    g_free(spool->dir);
    g_free(spool->orders);
    g_free(spool);
}

const char *spool_dir(const struct spool *spool)
{
    return spool->dir;
}

const char *spool_orders_dir(const struct spool *spool)
{
    return spool->orders;
}

char *job_path(const struct spool *spool, enum job_state state, int64_t id, const char *file)
{
    if (!is_state(state) || id < 1 || id > INT64_C(999999999999999999) || (file != NULL && !job_file_is_safe(file)))
        return NULL;
    char text[JOB_ID_SIZE];
    job_id_print(id, text);
    return g_build_filename(spool->dir, states[state], text, file, NULL);
}

/* For ids and states that our own code chose: a refused one is our own mistake. */
static char *path_or_bug(const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    char *path = job_path(spool, state, id, NULL);
    if (path == NULL)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG,
                    "no job path for id %" PRId64 " in state %d: stop the gateway and report this", id, (int)state);
    return path;
}

/* One look at all state folders. *state: IN_TWO_STATES if the job was seen twice. */
static bool find_once(const struct spool *spool, int64_t id, enum job_state *state, GError **error)
{
    *state = JOB_NOWHERE;
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autofree char *path = path_or_bug(spool, (enum job_state)i, id, error);
        bool exists = false;
        if (path == NULL || !disk_exists(path, &exists, error))
            return false;
        if (exists)
            *state = *state == JOB_NOWHERE ? (enum job_state)i : (enum job_state)IN_TWO_STATES;
    }
    return true;
}

/* A writer may move the job while another process looks from folder to folder, which then misses the job or sees it
 * twice. Two more looks tell such a move from a job that is really gone or in two states. */
bool job_find(const struct spool *spool, int64_t id, enum job_state *state, GError **error)
{
    enum job_state seen = JOB_NOWHERE;
    for (int looks = 0; looks < 3 && !is_state(seen); looks++)
        if (!find_once(spool, id, &seen, error))
            return false;
    if (!is_state(seen) && seen != JOB_NOWHERE) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "job %" PRId64
                    " stands in two folders of the spool; stop and start `ecosgate run`, which keeps the one "
                    "that the ledger confirms",
                    id);
        return false;
    }
    *state = seen;
    return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

GArray *job_list(const struct spool *spool, enum job_state state, GError **error)
{
    if (!is_state(state)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "no job state %d: stop the gateway and report this",
                    (int)state);
        return NULL;
    }
    g_autofree char *path = g_build_filename(spool->dir, states[state], NULL);
    g_auto(GStrv) names = disk_names(path, error);
    if (names == NULL)
        return NULL;
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (char **name = names; *name != NULL; name++) {
        int64_t id = 0;
        char text[JOB_ID_SIZE];
        if (!job_id_parse(*name, &id))
            continue;
        job_id_print(id, text); /* "12" is no folder of ours, "00000012" is */
        if (strcmp(text, *name) == 0)
            g_array_append_val(ids, id);
    }
    g_array_sort(ids, by_id);
    return ids;
}

char **job_files(const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, state, id, error);
    char **names = path != NULL ? disk_names(path, error) : NULL;
    if (names == NULL)
        return NULL;
    char **kept = names;
    for (char **name = names; *name != NULL; name++) {
        if (job_file_is_safe(*name))
            *kept++ = *name;
        else
            g_free(*name);
    }
    *kept = NULL;
    return names;
}

bool job_make(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, state, id, error);
    return path != NULL && disk_make_dirs(step, path, error);
}

bool job_make_unsynced(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, state, id, error);
    GError *cause = NULL;

    if (path == NULL)
        return false;
    if (disk_make_dir_unsynced(step, path, &cause) || g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

bool job_move(const struct spool *spool, int64_t id, const struct job_move *move, GError **error)
{
    g_autofree char *old = path_or_bug(spool, move->from, id, error);
    g_autofree char *new = old != NULL ? path_or_bug(spool, move->to, id, error) : NULL;
    return new != NULL &&disk_rename_noreplace(move->step, old, new, error);
}

/* The rename alone: job_move_all syncs the folders once for all jobs. */
static bool move_unsynced(const struct spool *spool, int64_t id, const struct job_move *move, GError **error)
{
    g_autofree char *old = path_or_bug(spool, move->from, id, error);
    g_autofree char *new = old != NULL ? path_or_bug(spool, move->to, id, error) : NULL;
    return new != NULL &&disk_rename_unsynced(move->step, old, new, error);
}

bool job_move_all(const struct spool *spool, const int64_t *ids, size_t n, const struct job_move *move, GError **error)
{
    g_autofree char *from = g_build_filename(spool->dir, states[move->from], NULL);
    g_autofree char *to = g_build_filename(spool->dir, states[move->to], NULL);
    for (size_t i = 0; i < n; i++)
        if (!move_unsynced(spool, ids[i], move, error))
            return false;
    /* The new names first, as in disk_rename_noreplace. */
    return disk_sync_dir(to, error) && disk_sync_dir(from, error);
}

bool job_drop(enum step step, const struct spool *spool, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, JOB_INCOMING, id, error);
    return path != NULL && disk_remove_dir(step, path, error);
}
