/* Files are read through the descriptor of their job's folder: it stays valid while the folder moves from state to
 * state, so that a job is never looked for twice. */
#include "spool/backup.h"

#include "spool/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "backup"
enum { PIECE = 64 * 1024, MOST_LOOKS = 20, NAMES = 5 };

static const char *const names_of_a_backup[NAMES] = {BACKUP_FACTS, BACKUP_MANIFEST, BACKUP_LEDGER, BACKUP_SPOOL,
                                                     BACKUP_CONFIG};

struct backup {
    struct backup_options options;
    char *dir, *part;
    int fs; /* of part, opened before the first file is written */
    struct disk_file *manifest;
    struct backup_facts facts;
    bool finished; /* part has got the name dir */
};

/* ---- BACKUP ---- */

void backup_facts_clear(struct backup_facts *facts)
{
    g_free(facts->ledger);
    g_free(facts->time);
    g_free(facts->host);
    g_free(facts->version);
    *facts = (struct backup_facts){0};
}

static char *facts_text(const struct backup_facts *facts, size_t *len)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();

    g_key_file_set_int64(keys, GROUP, "format", 1);
    g_key_file_set_string(keys, GROUP, "ledger", facts->ledger);
    g_key_file_set_int64(keys, GROUP, "generation", facts->generation);
    g_key_file_set_string(keys, GROUP, "time", facts->time);
    g_key_file_set_string(keys, GROUP, "host", facts->host);
    g_key_file_set_string(keys, GROUP, "version", facts->version);
    g_key_file_set_int64(keys, GROUP, "jobs", facts->jobs);
    g_key_file_set_int64(keys, GROUP, "files", facts->files);
    g_key_file_set_int64(keys, GROUP, "bytes", facts->bytes);
    g_key_file_set_int64(keys, GROUP, "faults", facts->faults);
    g_key_file_set_string(keys, GROUP, "manifest", facts->manifest);
    return g_key_file_to_data(keys, len, NULL);
}

static void read_facts(GKeyFile *keys, struct backup_facts *facts)
{
    g_autofree char *manifest = g_key_file_get_string(keys, GROUP, "manifest", NULL);

    facts->ledger = g_key_file_get_string(keys, GROUP, "ledger", NULL);
    facts->generation = g_key_file_get_int64(keys, GROUP, "generation", NULL);
    facts->time = g_key_file_get_string(keys, GROUP, "time", NULL);
    facts->host = g_key_file_get_string(keys, GROUP, "host", NULL);
    facts->version = g_key_file_get_string(keys, GROUP, "version", NULL);
    facts->jobs = g_key_file_get_int64(keys, GROUP, "jobs", NULL);
    facts->files = g_key_file_get_int64(keys, GROUP, "files", NULL);
    facts->bytes = g_key_file_get_int64(keys, GROUP, "bytes", NULL);
    facts->faults = g_key_file_get_int64(keys, GROUP, "faults", NULL);
    g_strlcpy(facts->manifest, manifest != NULL ? manifest : "", sizeof facts->manifest);
}

bool backup_facts_read(const char *dir, struct backup_facts *facts, GError **error)
{
    g_autofree char *path = g_build_filename(dir, BACKUP_FACTS, NULL);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) cause = NULL;
    struct backup_facts found = {0};

    if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &cause) && cause->domain == G_FILE_ERROR) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s; name the folder of a backup", path, cause->message);
        return false;
    }
    read_facts(keys, &found);
    if (g_key_file_get_int64(keys, GROUP, "format", NULL) == 1 && found.ledger != NULL && found.time != NULL &&
        found.host != NULL && found.version != NULL && strlen(found.manifest) == DIGEST_HEX_SIZE - 1) {
        *facts = found;
        return true;
    }
    backup_facts_clear(&found);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s is not what a backup of this release has there: it is damaged or of another release; take another "
                "backup",
                path);
    return false;
}

/* ---- the folder ---- */

char *backup_path(const struct backup *backup, const char *relative)
{
    return g_build_filename(backup->part, relative, NULL);
}

struct backup_facts *backup_facts(struct backup *backup)
{
    return &backup->facts;
}

static bool stopped(const struct backup *backup, GError **error)
{
    if (backup->options.stop == NULL || !*backup->options.stop)
        return false;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "stopped by a signal; %s was removed again", backup->part);
    return true;
}

static bool make_dir(const struct backup *backup, const char *relative, GError **error)
{
    g_autofree char *path = backup_path(backup, relative);

    return disk_make_dir_unsynced(STEP_BACKUP_ENTRY, path, error);
}

static bool is_of_backup(const char *name)
{
    for (int i = 0; i < NAMES; i++) {
        g_autofree char *temporary = g_strdup_printf(".%s.part", names_of_a_backup[i]);
        if (strcmp(name, names_of_a_backup[i]) == 0 || strcmp(name, temporary) == 0)
            return true;
    }
    return strcmp(name, BACKUP_LEDGER "-journal") == 0;
}

/* Removes what a backup that was killed has left; nothing that somebody else may have put there. */
static bool clear_part(const char *part, GError **error)
{
    if (!g_file_test(part, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
        return true;
    g_auto(GStrv) names = disk_names(part, error);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        if (is_of_backup(*name))
            continue;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
                    "%s exists and holds %s, which is not of a backup that was stopped; move it away or name another "
                    "folder for the backup",
                    part, *name);
        return false;
    }
    return names != NULL && disk_remove_tree(STEP_BACKUP_CLEARED, part, error);
}

static bool make_folders(struct backup *backup, GError **error)
{
    if (!make_dir(backup, BACKUP_SPOOL, error) || !make_dir(backup, BACKUP_SPOOL "/orders", error))
        return false;
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autofree char *name = g_build_filename(BACKUP_SPOOL, job_state_name((enum job_state)state), NULL);
        if (!make_dir(backup, name, error))
            return false;
    }
    return true;
}

struct backup *backup_begin(const char *dir, const struct backup_options *options, GError **error)
{
    g_autofree char *part = g_strconcat(dir, ".part", NULL);

    if (g_file_test(dir, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS, "%s exists already; name a folder that does not", dir);
        return NULL;
    }
    if (!clear_part(part, error) || !disk_make_dir(STEP_BACKUP_BEGUN, part, error))
        return NULL;
    g_autoptr(backup_t) backup = g_new0(struct backup, 1);
    backup->options = *options;
    backup->dir = g_strdup(dir);
    backup->part = g_steal_pointer(&part);
    backup->facts.host = g_strdup(g_get_host_name());
    backup->fs = disk_fs_open(backup->part, error);
    if (backup->fs < 0)
        return NULL;
    g_autofree char *manifest = backup_path(backup, BACKUP_MANIFEST);
    backup->manifest = disk_file_create(manifest, 0, error);
    return backup->manifest != NULL && make_folders(backup, error) ? g_steal_pointer(&backup) : NULL;
}

void backup_fault(struct backup *backup, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    backup->facts.faults++;
    backup->options.fault(backup->options.user, text);
}

/* ---- one file ---- */

/* A file to be copied. */
struct source {
    int folder;         /* descriptor of the folder that `name` stands in */
    const char *name;   /* in folder; a path with AT_FDCWD */
    const char *to;     /* below the backup's folder */
    const char *sha256; /* that it must have; NULL: any */
};

static bool record(struct backup *backup, const char *relative, const char *sha256, uint64_t size, GError **error)
{
    g_autofree char *line = manifest_line(sha256, relative);

    backup->facts.files++;
    backup->facts.bytes += (int64_t)size;
    return disk_file_write(backup->manifest, line, strlen(line), error);
}

/* Reads to the end of fd into the digest or, if file is not NULL, into that. *errnum: of a read that failed, else 0.
 * False: the copy could not be written. */
static bool pump(int fd, struct digest *digest, struct disk_file *file, int *errnum, GError **error)
{
    char piece[PIECE];

    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        *errnum = n < 0 ? errno : 0;
        if (n <= 0)
            return true;
        if (file != NULL && !disk_file_write(file, piece, (size_t)n, error))
            return false;
        if (file == NULL)
            digest_update(digest, piece, (size_t)n);
    }
}

/* What became of one copy. */
struct copied {
    int errnum; /* of the source, which then could not be read to its end; 0: the copy is whole */
    bool gone;  /* the source lost its name before the copy had its own: there is no copy */
    char sha256[DIGEST_HEX_SIZE];
};

/* Writes a second file of the same bytes, at once under its name: the folder counts as a backup only when it is whole.
 */
static bool write_copy(int fd, uint64_t size, const char *to, struct copied *copied, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create_as(to, to, size, error);

    if (file == NULL || !pump(fd, NULL, file, &copied->errnum, error))
        return false;
    if (copied->errnum != 0)
        return true;
    if (!disk_file_upload_unsynced(STEP_BACKUP_ENTRY, file, error))
        return false;
    g_strlcpy(copied->sha256, disk_file_sha256(file), DIGEST_HEX_SIZE);
    return true;
}

/* Gives the same file a second name. */
static bool link_copy(int fd, const char *to, struct copied *copied, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();

    if (!pump(fd, digest, NULL, &copied->errnum, error))
        return false;
    if (copied->errnum != 0)
        return true;
    digest_hex(digest, copied->sha256);
    if (disk_link_unsynced(STEP_BACKUP_ENTRY, fd, to, &copied->gone, error))
        return true;
    g_prefix_error(error, "--link needs a folder on the spool's file system; leave the option out: ");
    return false;
}

/* Copies what the descriptor reads. A file that cannot be read to its end is a fault and not in the backup. *gone: it
 * was removed meanwhile, and could not be linked any more. */
static bool copy_open_file(struct backup *backup, int fd, const struct source *source, bool *gone, GError **error)
{
    g_autofree char *to = backup_path(backup, source->to);
    bool link = backup->options.link && source->folder != AT_FDCWD;
    struct copied copied = {0};
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        backup_fault(backup, "%s is no regular file; it is not in the backup", source->to);
        return true;
    }
    if (!(link ? link_copy(fd, to, &copied, error) : write_copy(fd, (uint64_t)st.st_size, to, &copied, error)))
        return false;
    *gone = copied.gone;
    if (*gone)
        return true;
    if (copied.errnum != 0) {
        backup_fault(backup, "%s cannot be read: %s; it is not in the backup", source->to, g_strerror(copied.errnum));
        return true;
    }
    if (source->sha256 != NULL && strcmp(source->sha256, copied.sha256) != 0)
        backup_fault(backup, "%s has the SHA-256 %s, the ledger says %s; it is in the backup as it is", source->to,
                     copied.sha256, source->sha256);
    return record(backup, source->to, copied.sha256, (uint64_t)st.st_size, error);
}

static bool copy_file(struct backup *backup, const struct source *source, bool *missing, GError **error)
{
    *missing = false;
    if (stopped(backup, error))
        return false;
    int fd = openat(source->folder, source->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        *missing = errno == ENOENT;
        if (!*missing)
            backup_fault(backup, "%s cannot be opened: %s; it is not in the backup", source->to, g_strerror(errno));
        return true;
    }
    bool good = copy_open_file(backup, fd, source, missing, error);
    (void)close(fd); /* was only read from */
    return good;
}

static bool copy_or_fault(struct backup *backup, const struct source *source, GError **error)
{
    bool missing;

    if (!copy_file(backup, source, &missing, error))
        return false;
    if (missing)
        backup_fault(backup, "%s is missing; it is not in the backup", source->to);
    return true;
}

bool backup_copy(struct backup *backup, const char *from, const char *relative, GError **error)
{
    return copy_or_fault(backup, &(struct source){AT_FDCWD, from, relative, NULL}, error);
}

bool backup_add(struct backup *backup, const char *relative, GError **error)
{
    g_autofree char *path = backup_path(backup, relative);
    char sha256[DIGEST_HEX_SIZE];
    uint64_t size;

    return !stopped(backup, error) && digest_file(path, sha256, &size, error) && disk_file_settle(path, error) &&
           record(backup, relative, sha256, size, error);
}

bool backup_order(struct backup *backup, const struct spool *spool, const char *name, GError **error)
{
    g_autofree char *from = g_build_filename(spool_orders_dir(spool), name, NULL);
    g_autofree char *to = g_build_filename(BACKUP_SPOOL, "orders", name, NULL);
    bool missing;

    return copy_file(backup, &(struct source){AT_FDCWD, from, to, NULL}, &missing, error);
}

/* ---- one job ---- */

/* Opens the folder of a job in whatever state it stands now; -1: in none. */
static int open_job(const struct spool *spool, const struct backup_place *place)
{
    for (int i = 0; i < MOST_LOOKS * (JOB_STATE_COUNT + 1); i++) {
        int turn = i % (JOB_STATE_COUNT + 1);
        enum job_state state = turn == 0 ? place->state : (enum job_state)(turn - 1);
        g_autofree char *path = job_path(spool, state, place->id, NULL);
        int fd = path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* The names of all files that a job may have, in the form of `wanted`. */
static GPtrArray *all_files(int folder, char ***names, GError **error)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", folder);
    GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);

    *names = disk_names(path, error);
    for (char **name = *names; name != NULL && *name != NULL; name++) {
        struct backup_wanted one = {*name, NULL};
        if (job_file_is_safe(*name))
            g_ptr_array_add(wanted, g_memdup2(&one, sizeof one));
    }
    return wanted;
}

/* A file that is packed is copied so; the copy must have the plain bytes of the ledger. */
static bool copy_packed(struct backup *backup, const struct source *plain, bool *missing, GError **error)
{
    g_autofree char *name = g_strconcat(plain->name, PACKED_SUFFIX, NULL);
    g_autofree char *to = g_strconcat(plain->to, PACKED_SUFFIX, NULL);
    g_autofree char *copy = backup_path(backup, plain->to);
    char sha256[DIGEST_HEX_SIZE];

    if (!copy_file(backup, &(struct source){plain->folder, name, to, NULL}, missing, error))
        return false;
    if (!*missing && plain->sha256 != NULL &&
        (!packed_digest(copy, sha256, NULL, NULL) || strcmp(sha256, plain->sha256) != 0))
        backup_fault(backup, "%s does not have the SHA-256 that the ledger says, %s; it is in the backup as it is", to,
                     plain->sha256);
    return true;
}

/* The gateway may pack or unpack the file between two looks. It syncs for each change and a look does not, so
 * MOST_LOOKS looks find the file. */
static bool copy_stored(struct backup *backup, const struct source *source, GError **error)
{
    bool missing = true;

    for (int look = 0; missing && look < MOST_LOOKS; look++)
        if (!copy_file(backup, source, &missing, error) || (missing && !copy_packed(backup, source, &missing, error)))
            return false;
    return !missing || copy_or_fault(backup, source, error);
}

static bool copy_files(struct backup *backup, int folder, const char *to, const GPtrArray *wanted, GError **error)
{
    for (guint i = 0; i < wanted->len; i++) {
        const struct backup_wanted *file = wanted->pdata[i];
        g_autofree char *relative = g_build_filename(to, file->name, NULL);
        if (!copy_stored(backup, &(struct source){folder, file->name, relative, file->sha256}, error))
            return false;
    }
    return true;
}

bool backup_job(struct backup *backup, const struct spool *spool, const struct backup_place *place, GPtrArray *wanted,
                GError **error)
{
    char id[JOB_ID_SIZE];
    g_auto(GStrv) names = NULL;
    g_autoptr(GPtrArray) all = NULL;
    int folder = open_job(spool, place);

    job_id_print(place->id, id);
    g_autofree char *to = g_build_filename(BACKUP_SPOOL, job_state_name(place->state), id, NULL);
    if (folder < 0) {
        backup_fault(backup, "%s is gone from every folder of the spool; it is not in the backup", to);
        return true;
    }
    backup->facts.jobs++;
    bool good = make_dir(backup, to, error);
    if (good && wanted == NULL) {
        all = all_files(folder, &names, error);
        good = names != NULL;
    }
    good = good && copy_files(backup, folder, to, wanted != NULL ? wanted : all, error);
    (void)close(folder); /* was only read from */
    return good;
}

/* ---- the end ---- */

static bool write_facts(struct backup *backup, GError **error)
{
    g_autofree char *path = backup_path(backup, BACKUP_FACTS);
    size_t len = 0;
    g_autofree char *text = facts_text(&backup->facts, &len);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && disk_file_write(file, text, len, error) && disk_file_place(STEP_BACKUP_ENTRY, file, error);
}

bool backup_finish(struct backup *backup, GError **error)
{
    if (stopped(backup, error) || !disk_file_place(STEP_BACKUP_ENTRY, backup->manifest, error))
        return false;
    g_strlcpy(backup->facts.manifest, disk_file_sha256(backup->manifest), sizeof backup->facts.manifest);
    if (!write_facts(backup, error) || !disk_fs_sync(STEP_BACKUP_SYNCED, backup->fs, backup->part, error) ||
        !disk_rename_noreplace(STEP_BACKUP_PUBLISHED, backup->part, backup->dir, error))
        return false;
    backup->finished = true;
    return true;
}

void backup_free(struct backup *backup)
{
    if (backup == NULL)
        return;
    disk_file_free(backup->manifest);
    disk_fs_close(backup->fs);
    /* What cannot be removed does not have the backup's name, and the next backup removes it. */
    if (!backup->finished)
        (void)disk_remove_tree(STEP_BACKUP_CLEARED, backup->part, NULL);
    backup_facts_clear(&backup->facts);
    g_free(backup->dir);
    g_free(backup->part);
    g_free(backup);
}
