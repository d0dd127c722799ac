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

/* ---- where a job's folder stands ---- */

/* "<spool>/done/00012xxx" of job 12345; NULL: the jobs of that state stand in its folder itself. */
static char *subfolder(const struct spool *spool, enum job_state state, int64_t id)
{
    if (state != JOB_DONE)
        return NULL;
    g_autofree char *name = g_strdup_printf("%05" PRId64 "xxx", id / JOB_SUBFOLDER_JOBS);
    return g_build_filename(spool->dir, states[state], name, NULL);
}

bool job_subfolder_is(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits >= 5 && digits <= 15 && strcmp(name + digits, "xxx") == 0;
}

static char *flat_path(const struct spool *spool, enum job_state state, const char *text)
{
    return g_build_filename(spool->dir, states[state], text, NULL);
}

/* The folder of a job, or the one that it gets. In done/ it may stand flat, as earlier releases left it. A writer may
 * move it into its subfolder meanwhile: then it is found there by the next look. */
static char *folder_of(const struct spool *spool, enum job_state state, int64_t id)
{
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    g_autofree char *flat = flat_path(spool, state, text), *sub = subfolder(spool, state, id);
    if (sub == NULL)
        return g_steal_pointer(&flat);
    char *path = g_build_filename(sub, text, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS) || !g_file_test(flat, G_FILE_TEST_EXISTS))
        return path;
    g_free(path);
    return g_steal_pointer(&flat);
}

/* Makes the folder that the job's folder is to stand in. One that exists is durable: spool_lock has synced it, or this
 * process has made it. */
static bool make_subfolder(const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *sub = subfolder(spool, state, id);
    bool exists = true;

    return sub == NULL || (disk_exists(sub, &exists, error) && (exists || disk_make_dir(STEP_SPOOL_MADE, sub, error)));
}

char *job_path(const struct spool *spool, enum job_state state, int64_t id, const char *file)
{
    if (!is_state(state) || id < 1 || id > INT64_C(999999999999999999) || (file != NULL && !job_file_is_safe(file)))
        return NULL;
    g_autofree char *folder = folder_of(spool, state, id);
    return file != NULL ? g_build_filename(folder, file, NULL) : g_steal_pointer(&folder);
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

static int64_t id_of_name(const char *name)
{
    int64_t id = 0;
    char text[JOB_ID_SIZE];

    if (!job_id_parse(name, &id))
        return 0;
    job_id_print(id, text); /* "12" is no folder of ours, "00000012" is */
    return strcmp(text, name) == 0 ? id : 0;
}

/* Appends the ids of the jobs whose folders stand in `path` to `ids`, and the names of subfolders to `subfolders`. */
static bool list_folder(const char *path, GArray *ids, GPtrArray *subfolders, GError **error)
{
    g_auto(GStrv) names = disk_names(path, error);

    for (char **name = names; name != NULL && *name != NULL; name++) {
        int64_t id = id_of_name(*name);
        if (id != 0)
            g_array_append_val(ids, id);
        else if (subfolders != NULL && job_subfolder_is(*name))
            g_ptr_array_add(subfolders, g_strdup(*name));
    }
    return names != NULL;
}

/* The subfolders of a state's folder; g_ptr_array_unref. NULL on an error. Appends the ids of jobs beside them. */
static GPtrArray *subfolders_of(const struct spool *spool, enum job_state state, GArray *ids, GError **error)
{
    g_autofree char *path = g_build_filename(spool->dir, states[state], NULL);
    g_autoptr(GPtrArray) subfolders = g_ptr_array_new_with_free_func(g_free);

    return list_folder(path, ids, state == JOB_DONE ? subfolders : NULL, error) ? g_steal_pointer(&subfolders) : NULL;
}

GArray *job_list(const struct spool *spool, enum job_state state, GError **error)
{
    if (!is_state(state)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "no job state %d: stop the gateway and report this",
                    (int)state);
        return NULL;
    }
    /* The flat ones first: one that moves into its subfolder meanwhile is seen twice, and not missed. */
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GPtrArray) subfolders = subfolders_of(spool, state, ids, error);
    for (guint i = 0; subfolders != NULL && i < subfolders->len; i++) {
        g_autofree char *path = g_build_filename(spool->dir, states[state], subfolders->pdata[i], NULL);
        if (!list_folder(path, ids, NULL, error))
            return NULL;
    }
    if (subfolders == NULL)
        return NULL;
    g_array_sort(ids, by_id);
    for (guint i = ids->len; i > 1; i--)
        if (g_array_index(ids, int64_t, i - 1) == g_array_index(ids, int64_t, i - 2))
            g_array_remove_index(ids, i - 1);
    return g_steal_pointer(&ids);
}

/* The names are digits and then "xxx", of any length. */
static int by_number_descending(gconstpointer a, gconstpointer b)
{
    gint64 x = g_ascii_strtoll(*(const char *const *)a, NULL, 10),
           y = g_ascii_strtoll(*(const char *const *)b, NULL, 10);

    return (x < y) - (x > y);
}

bool job_newest(const struct spool *spool, enum job_state state, int64_t *id, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GPtrArray) subfolders = subfolders_of(spool, state, ids, error);
    guint flat = ids->len;

    if (subfolders == NULL)
        return false;
    g_ptr_array_sort(subfolders, by_number_descending);
    for (guint i = 0; i < subfolders->len && ids->len == flat; i++) {
        g_autofree char *path = g_build_filename(spool->dir, states[state], subfolders->pdata[i], NULL);
        if (!list_folder(path, ids, NULL, error))
            return false;
    }
    *id = 0;
    for (guint i = 0; i < ids->len; i++)
        *id = MAX(*id, g_array_index(ids, int64_t, i));
    return true;
}

GArray *job_list_flat(const struct spool *spool, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GPtrArray) subfolders = subfolders_of(spool, JOB_DONE, ids, error);

    return subfolders != NULL ? g_steal_pointer(&ids) : NULL;
}

bool job_spread(const struct spool *spool, int64_t id, GError **error)
{
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    g_autofree char *flat = flat_path(spool, JOB_DONE, text), *sub = subfolder(spool, JOB_DONE, id);
    g_autofree char *to = g_build_filename(sub, text, NULL);
    bool there = false;

    if (!disk_exists(flat, &there, error))
        return false;
    return !there ||
           (make_subfolder(spool, JOB_DONE, id, error) && disk_rename_noreplace(STEP_JOB_SPREAD, flat, to, error));
}

/* ---- the writer ---- */

static bool sync_subfolders(const struct spool *spool, enum job_state state, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GPtrArray) subfolders = state == JOB_DONE ? subfolders_of(spool, state, ids, error) : NULL;

    for (guint i = 0; subfolders != NULL && i < subfolders->len; i++) {
        g_autofree char *path = g_build_filename(spool->dir, states[state], subfolders->pdata[i], NULL);
        if (!disk_sync_dir(path, error))
            return false;
    }
    return subfolders != NULL || state != JOB_DONE;
}

/* The last writer may have been stopped between a rename and its sync, or the sync may have failed. Without this a job
 * could stand in another state again after a power failure than this process has seen. */
static bool sync_states(const struct spool *spool, GError **error)
{
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autofree char *path = g_build_filename(spool->dir, states[i], NULL);
        if (!disk_sync_dir(path, error) || !sync_subfolders(spool, (enum job_state)i, error))
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

/* ---- jobs ---- */

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
    return path != NULL && make_subfolder(spool, state, id, error) && disk_make_dirs(step, path, error);
}

bool job_make_unsynced(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, state, id, error);
    GError *cause = NULL;

    if (path == NULL || !make_subfolder(spool, state, id, error))
        return false;
    if (disk_make_dir_unsynced(step, path, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_clear_error(&cause);
    return disk_sync_parent_now(path, error); /* a stop may have come between the folder and that sync */
}

/* Both paths of a move; false: a bug, or the disk. */
static bool find_paths(const struct spool *spool, int64_t id, const struct job_move *move, char *paths[2],
                       GError **error)
{
    paths[0] = path_or_bug(spool, move->from, id, error);
    paths[1] = paths[0] != NULL ? path_or_bug(spool, move->to, id, error) : NULL;
    return paths[1] != NULL && make_subfolder(spool, move->to, id, error);
}

bool job_move(const struct spool *spool, int64_t id, const struct job_move *move, GError **error)
{
    char *paths[2] = {NULL, NULL};
    bool good =
        find_paths(spool, id, move, paths, error) && disk_rename_noreplace(move->step, paths[0], paths[1], error);

    g_free(paths[0]);
    g_free(paths[1]);
    return good;
}

bool job_move_unsynced(const struct spool *spool, int64_t id, const struct job_move *move, GError **error)
{
    char *paths[2] = {NULL, NULL};
    bool good =
        find_paths(spool, id, move, paths, error) && disk_rename_unsynced(move->step, paths[0], paths[1], error);

    g_free(paths[0]);
    g_free(paths[1]);
    return good;
}

bool job_sync_moves(const struct spool *spool, const struct job_move *move, GError **error)
{
    g_autofree char *to = g_build_filename(spool->dir, states[move->to], NULL);
    g_autofree char *from = g_build_filename(spool->dir, states[move->from], NULL);

    return disk_sync_dir(to, error) && disk_sync_dir(from, error); /* as in disk_rename_noreplace */
}

/* The rename alone: job_move_all syncs the folders once for all jobs. Adds them to `from` and `to`, which own them. */
static bool move_unsynced(const struct spool *spool, int64_t id, const struct job_move *move, GHashTable *folders[2],
                          GError **error)
{
    char *paths[2] = {NULL, NULL};
    bool good =
        find_paths(spool, id, move, paths, error) && disk_rename_unsynced(move->step, paths[0], paths[1], error);

    for (int i = 0; good && i < 2; i++)
        g_hash_table_add(folders[i], g_path_get_dirname(paths[i]));
    g_free(paths[0]);
    g_free(paths[1]);
    return good;
}

static bool sync_folders(GHashTable *folders, GError **error)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, folders);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        if (!disk_sync_dir(path, error))
            return false;
    return true;
}

bool job_move_all(const struct spool *spool, const int64_t *ids, size_t n, const struct job_move *move, GError **error)
{
    g_autoptr(GHashTable) from = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) to = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTable *folders[2] = {from, to};

    for (size_t i = 0; i < n; i++)
        if (!move_unsynced(spool, ids[i], move, folders, error))
            return false;
    /* The new names first, as in disk_rename_noreplace. */
    return sync_folders(to, error) && sync_folders(from, error);
}

bool job_drop(enum step step, const struct spool *spool, int64_t id, GError **error)
{
    g_autofree char *path = path_or_bug(spool, JOB_INCOMING, id, error);
    return path != NULL && disk_remove_dir(step, path, error);
}
