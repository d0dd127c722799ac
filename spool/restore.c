/*
 * The switch is a list of renames, each of which is done or not: whether the copy of an entry still stands in
 * `restoring` tells. So the switch can be begun again after any stop. What is copied before: restore_stage.c.
 */
#include "spool/restore.h"

#include "spool/restore_private.h"

#include <string.h>

#define GROUP "restore"
#define PROVED "proved" /* in `restoring`: all of it is on disk */
struct restore *restore_new(const struct restore_options *options, GError **error)
{
    struct backup_facts facts;

    if (!backup_facts_read(options->dir, &facts, error))
        return NULL;
    struct restore *restore = g_new0(struct restore, 1);
    g_autofree char *name = g_strconcat("before-", options->time, NULL);
    restore->options = *options;
    restore->facts = facts;
    restore->lock = -1;
    restore->staging = g_build_filename(options->spool, SPOOL_RESTORING, NULL);
    restore->staged_ledger = g_strconcat(options->ledger, ".restoring", NULL);
    restore->before = g_build_filename(options->spool, name, NULL);
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        restore->entries[state] = job_state_name((enum job_state)state);
    restore->entries[JOB_STATE_COUNT] = "orders";
    restore->entries[JOB_STATE_COUNT + 1] = SPOOL_LEDGER_ID;
    return restore;
}

const struct backup_facts *restore_facts(const struct restore *restore)
{
    return &restore->facts;
}

const char *restore_staged_ledger(const struct restore *restore)
{
    return restore->staged_ledger;
}

const char *restore_before(const struct restore *restore)
{
    return restore->moved ? restore->before : NULL;
}

bool restore_lock(struct restore *restore, GError **error)
{
    g_autofree char *path = g_build_filename(restore->options.spool, "lock", NULL);
    g_autofree char *ledger_dir = g_path_get_dirname(restore->options.ledger);

    if (!disk_make_dirs(STEP_RESTORE_BEGUN, restore->options.spool, error) ||
        !disk_require_owner(restore->options.spool, error) || !disk_make_dirs(STEP_RESTORE_BEGUN, ledger_dir, error))
        return false;
    restore->lock = disk_lock(path, error);
    return restore->lock >= 0;
}

bool restore_replaces(const struct restore *restore, bool *replaces, GError **error)
{
    if (!disk_exists(restore->options.ledger, replaces, error))
        return false;
    for (int i = 0; i < RESTORE_ENTRIES && !*replaces; i++) {
        g_autofree char *path = g_build_filename(restore->options.spool, restore->entries[i], NULL);
        if (!disk_exists(path, replaces, error))
            return false;
    }
    return true;
}

/* ---- the switch ---- */

static bool write_proved(const struct restore *restore, GError **error)
{
    g_autofree char *path = g_build_filename(restore->staging, PROVED, NULL);
    g_autofree char *before = g_path_get_basename(restore->before);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    size_t len = 0;

    g_key_file_set_string(keys, GROUP, "before", before);
    g_key_file_set_string(keys, GROUP, "backup", restore->options.dir);
    g_autofree char *text = g_key_file_to_data(keys, &len, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    return file != NULL && disk_file_write(file, text, len, error) &&
           disk_file_publish(STEP_RESTORE_PROVED, file, error);
}

static bool sync_all(const char *path, GError **error)
{
    int fs = disk_fs_open(path, error);
    bool good = fs >= 0 && disk_fs_sync(STEP_RESTORE_SYNCED, fs, path, error);

    disk_fs_close(fs);
    return good;
}

bool restore_settle(struct restore *restore, GError **error)
{
    g_autofree char *ledger_dir = g_path_get_dirname(restore->options.ledger);

    if (!sync_all(restore->staging, error) || !sync_all(ledger_dir, error) || !write_proved(restore, error))
        return false;
    restore->keep = true;
    return true;
}

bool restore_begun(struct restore *restore, bool *begun, GError **error)
{
    g_autofree char *proved = g_build_filename(restore->staging, PROVED, NULL);
    g_autofree char *now = g_build_filename(restore->options.spool, restore->entries[0], NULL);
    g_autofree char *copy = g_build_filename(restore->staging, restore->entries[0], NULL);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    bool whole = false, usable = true, waits = true;

    /* `incoming` is the first to go and the last to come. */
    if (!disk_exists(proved, &whole, error) || !disk_exists(now, &usable, error) || !disk_exists(copy, &waits, error))
        return false;
    *begun = whole && (!usable || !waits);
    if (!*begun || !g_key_file_load_from_file(keys, proved, G_KEY_FILE_NONE, NULL))
        return true;
    g_autofree char *name = g_key_file_get_string(keys, GROUP, "before", NULL);
    if (name != NULL && job_file_is_safe(name)) {
        g_free(restore->before);
        restore->before = g_build_filename(restore->options.spool, name, NULL);
    }
    restore->keep = true;
    return disk_exists(restore->before, &restore->moved, error);
}

/* One entry of the spool, or one file of the ledger, during the switch. */
struct place {
    char *staged; /* the copy; gone once it was moved in */
    char *now;    /* where it belongs */
    char *before; /* where the old one goes */
    bool leaves;  /* the copy is another one's: nothing comes in its place */
};

static void place_free(gpointer memory)
{
    struct place *place = memory;

    g_free(place->staged);
    g_free(place->now);
    g_free(place->before);
    g_free(place);
}

static void add_entry(const struct restore *restore, GPtrArray *places, const char *name)
{
    struct place place = {g_build_filename(restore->staging, name, NULL),
                          g_build_filename(restore->options.spool, name, NULL),
                          g_build_filename(restore->before, name, NULL), false};

    g_ptr_array_add(places, g_memdup2(&place, sizeof place));
}

/* Moves out with the old ledger, and has no copy of its own. */
static void add_leaving(const struct restore *restore, GPtrArray *places, char *now, char *before)
{
    struct place place = {g_strdup(restore->staged_ledger), now, before, true};

    g_ptr_array_add(places, g_memdup2(&place, sizeof place));
}

/* The old ledger goes with its WAL: each without the other has lost something. It stays on its file system. */
static void add_ledger(const struct restore *restore, GPtrArray *places)
{
    const char *ledger = restore->options.ledger;
    g_autofree char *dir = g_path_get_dirname(ledger);
    g_autofree char *name = g_path_get_basename(ledger);
    g_autofree char *time = g_path_get_basename(restore->before);
    bool inside = strcmp(dir, restore->options.spool) == 0;
    g_autofree char *before =
        inside ? g_build_filename(restore->before, name, NULL) : g_strconcat(ledger, ".", time, NULL);
    struct place place = {g_strdup(restore->staged_ledger), g_strdup(ledger), g_strdup(before), false};

    add_leaving(restore, places, g_strconcat(ledger, "-wal", NULL), g_strconcat(before, "-wal", NULL));
    add_leaving(restore, places, g_strconcat(ledger, "-shm", NULL), g_strconcat(before, "-shm", NULL));
    g_ptr_array_add(places, g_memdup2(&place, sizeof place));
}

static GPtrArray *places_of(const struct restore *restore)
{
    GPtrArray *places = g_ptr_array_new_with_free_func(place_free);

    for (int i = 0; i < RESTORE_ENTRIES; i++)
        add_entry(restore, places, restore->entries[i]);
    /* A backup may have none: that of a ledger which no gateway has used yet. */
    add_leaving(restore, places, g_build_filename(restore->options.spool, SPOOL_LEDGER_ID, NULL),
                g_build_filename(restore->before, SPOOL_LEDGER_ID, NULL));
    add_ledger(restore, places);
    return places;
}

/* Moves the old one out, unless the new one stands there already. */
static bool move_out(struct restore *restore, const struct place *place, GError **error)
{
    bool waits = false, old = false;

    if (!disk_exists(place->staged, &waits, error) || !disk_exists(place->now, &old, error))
        return false;
    if (!waits || !old)
        return true;
    if (!disk_make_dirs(STEP_RESTORE_MOVED, restore->before, error) ||
        !disk_rename_noreplace(STEP_RESTORE_MOVED, place->now, place->before, error))
        return false;
    restore->moved = true;
    return true;
}

static bool move_in(const struct place *place, GError **error)
{
    bool waits = false;

    if (place->leaves)
        return true;
    return disk_exists(place->staged, &waits, error) &&
           (!waits || disk_rename_noreplace(STEP_RESTORE_PLACED, place->staged, place->now, error));
}

bool restore_switch(struct restore *restore, GError **error)
{
    g_autoptr(GPtrArray) places = places_of(restore);
    bool good = true;

    for (guint i = 0; good && i < places->len; i++)
        good = move_out(restore, places->pdata[i], error);
    /* From the last to the first: `incoming`, without which no gateway starts, comes at the end. */
    for (guint i = places->len; good && i > 0; i--)
        good = move_in(places->pdata[i - 1], error);
    if (!good) {
        g_prefix_error(error, "the restore is not at its end; mend this and give the same command again: ");
        return false;
    }
    restore->keep = false;
    return true;
}

bool restore_clear_staging(const struct restore *restore, GError **error)
{
    bool exists = false;

    if (!disk_exists(restore->staging, &exists, error) ||
        (exists && !disk_remove_tree(STEP_RESTORE_CLEARED, restore->staging, error)) ||
        !disk_exists(restore->staged_ledger, &exists, error))
        return false;
    return !exists || disk_unlink(STEP_RESTORE_CLEARED, restore->staged_ledger, error);
}

void restore_free(struct restore *restore)
{
    if (restore == NULL)
        return;
    manifest_close(restore->manifest);
    /* What cannot be removed is in nobody's way; the next restore removes it. */
    if (!restore->keep && restore->lock >= 0)
        (void)restore_clear_staging(restore, NULL);
    disk_unlock(restore->lock);
    backup_facts_clear(&restore->facts);
    g_free(restore->staging);
    g_free(restore->staged_ledger);
    g_free(restore->before);
    g_free(restore);
}
