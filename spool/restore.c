/*
 * The walk compares the backup's folder with MANIFEST, both in the same order, and copies on the way. The switch is a
 * list of renames, each of which is done or not: whether the copy of an entry still stands in `restoring` tells. So the
 * switch can be begun again after any stop.
 */
#include "spool/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "restore"
#define PROVED "proved" /* in `restoring`: all of it is on disk */
enum { PIECE = 64 * 1024, ENTRIES = JOB_STATE_COUNT + 2 };

struct restore {
    struct restore_options options;
    struct backup_facts facts;
    char *staging;                       /* <spool>/restoring */
    char *staged_ledger;                 /* <ledger>.restoring */
    char *before;                        /* the folder that the old spool moves to */
    const char *entries[ENTRIES];        /* of the spool's folder, `incoming` first */
    int lock;                            /* -1: not taken */
    bool keep;                           /* `restoring` is proved: it must not be removed */
    bool moved;                          /* something stands in `before` */
    struct manifest *manifest;           /* while the backup is walked, */
    const char *next_path, *next_sha256; /* its next line; next_path is NULL at the end */
    int64_t jobs, files, bytes;          /* seen so far */
};

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
    for (int i = 0; i < ENTRIES && !*replaces; i++) {
        g_autofree char *path = g_build_filename(restore->options.spool, restore->entries[i], NULL);
        if (!disk_exists(path, replaces, error))
            return false;
    }
    return true;
}

/* ---- copying and proving ---- */

static bool damaged(const struct restore *restore, GError **error, const char *path, const char *what)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s/%s %s: the backup is damaged, and nothing was changed; take another backup", restore->options.dir,
                path, what);
    return false;
}

static bool read_line(struct restore *restore, GError **error)
{
    return manifest_next(restore->manifest, &restore->next_path, &restore->next_sha256, error);
}

/* The walk stands at a file, or at its end (path NULL), and MANIFEST is at another one. */
static bool disagree(const struct restore *restore, const char *path, GError **error)
{
    bool exists = false;
    g_autofree char *listed =
        restore->next_path != NULL ? g_build_filename(restore->options.dir, restore->next_path, NULL) : NULL;

    if (listed != NULL && !disk_exists(listed, &exists, error))
        return false;
    if (listed != NULL && (!exists || path == NULL))
        return damaged(restore, error, restore->next_path, "is missing");
    return damaged(restore, error, path, "is not in MANIFEST");
}

static bool copy_bytes(struct restore *restore, int fd, struct disk_file *file, const char *from, GError **error)
{
    char piece[PIECE];

    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot read %s: %s; nothing was changed", from,
                        g_strerror(errno));
            return false;
        }
        if (n == 0)
            return true;
        if (!disk_file_write(file, piece, (size_t)n, error))
            return false;
        restore->bytes += n;
    }
}

/* Copies a file of the backup to `to`; NULL: reads it only. */
static bool copy_file(struct restore *restore, const char *path, const char *to, char sha256[DIGEST_HEX_SIZE],
                      GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    uint64_t size = 0;

    if (to == NULL) {
        bool good = digest_file(from, sha256, &size, error);
        restore->bytes += (int64_t)size;
        return good;
    }
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot open %s: %s; nothing was changed", from,
                    g_strerror(errno));
        return false;
    }
    g_autoptr(disk_file_t) file = disk_file_create(to, 0, error);
    bool good =
        file != NULL && copy_bytes(restore, fd, file, from, error) && disk_file_place(STEP_RESTORE_ENTRY, file, error);
    (void)close(fd); /* was only read from */
    if (good)
        g_strlcpy(sha256, disk_file_sha256(file), DIGEST_HEX_SIZE);
    return good;
}

/* Where a file or folder of the backup goes: below `restoring`, or the ledger's place. "": nowhere. NULL: it is not
 * of a backup. */
static char *target_of(const struct restore *restore, const char *path)
{
    if (strcmp(path, BACKUP_LEDGER) == 0)
        return g_strdup(restore->staged_ledger);
    if (strcmp(path, BACKUP_CONFIG) == 0)
        return g_strdup("");
    if (strcmp(path, BACKUP_SPOOL) == 0)
        return g_strdup(restore->staging);
    if (!g_str_has_prefix(path, BACKUP_SPOOL "/"))
        return NULL;
    const char *inner = path + strlen(BACKUP_SPOOL "/");
    for (int i = 0; i < ENTRIES; i++) {
        size_t len = strlen(restore->entries[i]);
        if (strncmp(inner, restore->entries[i], len) == 0 && (inner[len] == '/' || inner[len] == '\0'))
            return g_build_filename(restore->staging, inner, NULL);
    }
    return NULL;
}

static bool take_file(struct restore *restore, const char *path, const char *to, GError **error)
{
    char sha256[DIGEST_HEX_SIZE];

    if (restore->next_path == NULL || strcmp(path, restore->next_path) != 0)
        return disagree(restore, path, error);
    if (!copy_file(restore, path, *to != '\0' ? to : NULL, sha256, error))
        return false;
    if (strcmp(sha256, restore->next_sha256) != 0)
        return damaged(restore, error, path, "has another SHA-256 than in MANIFEST");
    restore->files++;
    if (restore->options.on_progress != NULL)
        restore->options.on_progress(restore->options.user, (uint64_t)restore->bytes, (uint64_t)restore->facts.bytes);
    return read_line(restore, error);
}

static bool take_folder(struct restore *restore, const char *path, const char *to, int depth, GError **error);

static bool take_entry(struct restore *restore, const char *path, int depth, GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    g_autofree char *to = target_of(restore, path);
    struct stat st;

    if (restore->options.stop != NULL && *restore->options.stop) {
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "stopped by a signal; nothing was changed");
        return false;
    }
    if (lstat(from, &st) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot look at %s: %s; nothing was changed", from,
                    g_strerror(errno));
        return false;
    }
    if (to == NULL || !manifest_path_is_safe(path))
        return damaged(restore, error, path, "is not of a backup");
    if (S_ISDIR(st.st_mode) && *to != '\0' && strcmp(path, BACKUP_LEDGER) != 0)
        return take_folder(restore, path, to, depth, error);
    return S_ISREG(st.st_mode) ? take_file(restore, path, to, error)
                               : damaged(restore, error, path, "is no regular file");
}

/* Walks a folder of the backup. path "": the backup itself. to NULL: nothing is made for it. */
static bool take_folder(struct restore *restore, const char *path, const char *to, int depth, GError **error)
{
    g_autofree char *from = g_build_filename(restore->options.dir, path, NULL);
    g_auto(GStrv) names = disk_names(from, error);

    if (names == NULL || (to != NULL && !disk_make_dir_unsynced(STEP_RESTORE_ENTRY, to, error)))
        return false;
    restore->jobs += depth == MANIFEST_DEPTH - 1; /* spool/<state>/<id> */
    for (char **name = names; *name != NULL; name++) {
        if (depth == 0 && (strcmp(*name, BACKUP_FACTS) == 0 || strcmp(*name, BACKUP_MANIFEST) == 0))
            continue;
        g_autofree char *inner = *path != '\0' ? g_strconcat(path, "/", *name, NULL) : g_strdup(*name);
        if (!take_entry(restore, inner, depth + 1, error))
            return false;
    }
    return true;
}

/* BACKUP has the digest of MANIFEST, so that a list which was changed is found before anything is copied. */
static bool open_manifest(struct restore *restore, GError **error)
{
    g_autofree char *path = g_build_filename(restore->options.dir, BACKUP_MANIFEST, NULL);
    char sha256[DIGEST_HEX_SIZE];

    if (!digest_file(path, sha256, NULL, error))
        return false;
    if (strcmp(sha256, restore->facts.manifest) != 0)
        return damaged(restore, error, BACKUP_MANIFEST, "has another SHA-256 than in BACKUP");
    restore->manifest = manifest_open(path, error);
    return restore->manifest != NULL && read_line(restore, error);
}

static bool check_counts(const struct restore *restore, GError **error)
{
    const struct backup_facts *facts = &restore->facts;

    if (restore->next_path != NULL)
        return disagree(restore, NULL, error);
    if (restore->files == facts->files && restore->jobs == facts->jobs)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s has %" G_GINT64_FORMAT " files and %" G_GINT64_FORMAT
                " folders of jobs, BACKUP says %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
                ": the backup is damaged, and nothing was changed; take another backup",
                restore->options.dir, restore->files, restore->jobs, facts->files, facts->jobs);
    return false;
}

/* The disk must have room for the old and the new spool: nothing of the old one is removed. */
static bool check_room(const struct restore *restore, GError **error)
{
    uint64_t free_bytes = 0;

    if (!disk_free_bytes(restore->options.spool, &free_bytes, error))
        return false;
    if (free_bytes >= (uint64_t)MAX(restore->facts.bytes, 0))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "%s has %" G_GUINT64_FORMAT " free bytes, the backup has %" G_GINT64_FORMAT
                ": make room, or move the old spool to another disk first",
                restore->options.spool, free_bytes, restore->facts.bytes);
    return false;
}

/* Removes what an earlier restore has copied and not put in place. */
static bool clear_staging(const struct restore *restore, GError **error)
{
    bool exists = false;

    if (!disk_exists(restore->staging, &exists, error) ||
        (exists && !disk_remove_tree(STEP_RESTORE_CLEARED, restore->staging, error)) ||
        !disk_exists(restore->staged_ledger, &exists, error))
        return false;
    return !exists || disk_unlink(STEP_RESTORE_CLEARED, restore->staged_ledger, error);
}

/* *usable: nothing stands at `before` but perhaps an empty folder, which a restore that was stopped has left. */
static bool can_take(const char *before, bool *usable, GError **error)
{
    bool exists = false;

    if (!disk_exists(before, &exists, error))
        return false;
    *usable = !exists;
    if (!exists)
        return true;
    g_auto(GStrv) names = disk_names(before, error);
    *usable = names != NULL && *names == NULL;
    return names != NULL;
}

/* Two restores may be given within one second. */
static bool choose_before(struct restore *restore, GError **error)
{
    g_autofree char *base = g_strdup(restore->before);
    bool usable = false;

    for (int n = 2; can_take(restore->before, &usable, error) && !usable; n++) {
        g_free(restore->before);
        restore->before = g_strdup_printf("%s_%d", base, n);
    }
    return usable;
}

bool restore_stage(struct restore *restore, GError **error)
{
    return choose_before(restore, error) && clear_staging(restore, error) && check_room(restore, error) &&
           open_manifest(restore, error) && take_folder(restore, "", NULL, 0, error) && check_counts(restore, error);
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

    for (int i = 0; i < ENTRIES; i++)
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

void restore_free(struct restore *restore)
{
    if (restore == NULL)
        return;
    manifest_close(restore->manifest);
    /* What cannot be removed is in nobody's way; the next restore removes it. */
    if (!restore->keep && restore->lock >= 0)
        (void)clear_staging(restore, NULL);
    disk_unlock(restore->lock);
    backup_facts_clear(&restore->facts);
    g_free(restore->staging);
    g_free(restore->staged_ledger);
    g_free(restore->before);
    g_free(restore);
}
