/* Records stand one behind the other. Those that are synced are dead; the room is used again once they are many, since
 * every sync looks at all records. */
#include "tests/sim/power_log.h"

#include "tests/sim/disk_calls.h"
#include "tests/sim/power.h"
#include "tests/sim/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const size_t ROOM = (size_t)512 << 20; /* bytes; memory is taken as they are used */
enum { MOST = 3000 };                         /* changes that are kept: a kernel does not wait for ever either */

struct log {
    size_t used, live, dead;
    uint64_t pairs;
    char records[];
};
static struct log *log_;

void power_record(struct sim *sim)
{
    g_autofree char *grave = g_build_filename(sim_folder(sim), "grave", NULL);
    void *page = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (page == MAP_FAILED || syscall(SYS_mkdirat, AT_FDCWD, grave, 0700) != 0)
        g_error("no room to record changes: %s", g_strerror(errno));
    if (log_ != NULL)
        (void)munmap(log_, ROOM); /* of an earlier run */
    log_ = page;
    shared->record = true;
}

char *power_log_grave(uint64_t inode)
{
    return g_strdup_printf("%s/grave/%" G_GUINT64_FORMAT, shared->folder, inode);
}

static struct power_change *at_offset(size_t offset)
{
    return (struct power_change *)(void *)(log_->records + offset);
}

#define EACH(change)                                                                                                   \
    struct power_change *change = at_offset(0);                                                                        \
    (char *)change < log_->records + log_->used;                                                                       \
    change = (struct power_change *)(void *)((char *)change + change->size)

/* ---- the end of a change ---- */

/* It is durable: what it removed is gone for good. */
static void settle(struct power_change *change)
{
    change->live = false;
    log_->live--;
    log_->dead++;
    if (!change->of_name || change->name.before == 0)
        return;
    g_autofree char *grave = power_log_grave(change->name.before);
    if (syscall(SYS_unlinkat, AT_FDCWD, grave, 0) != 0 && errno == EISDIR)
        (void)syscall(SYS_unlinkat, AT_FDCWD, grave, AT_REMOVEDIR); /* it stays where something else is in it */
}

/* Uses the room of dead records again. */
static void compact(void)
{
    size_t to = 0;

    for (size_t from = 0; from < log_->used;) {
        struct power_change *change = at_offset(from);
        size_t size = change->size;
        if (change->live) {
            memmove(log_->records + to, change, size);
            to += size;
        }
        from += size;
    }
    log_->used = to;
    log_->dead = 0;
}

static void forget_oldest(size_t n)
{
    for (EACH(change)) {
        if (!change->live || n == 0)
            continue;
        settle(change);
        n--;
    }
}

static struct power_change *add(size_t bytes)
{
    size_t size = (sizeof(struct power_change) + bytes + 15) / 16 * 16;

    if (log_->live >= MOST)
        forget_oldest(MOST / 2);
    if (log_->dead > log_->live + MOST / 10 || log_->live == 0)
        compact();
    if (log_->used + size + sizeof *log_ > ROOM)
        g_error("too many bytes wait for a sync");
    struct power_change *change = at_offset(log_->used);
    log_->used += size;
    log_->live++;
    *change = (struct power_change){.size = (uint32_t)size, .machine = shared_self->machine, .live = true};
    return change;
}

/* ---- names ---- */

static uint64_t inode_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static uint64_t folder_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return inode_of(folder);
}

/* Files that no start looks at again. */
static bool is_fleeting(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return g_str_has_suffix(name, "-shm") || g_str_has_prefix(name, "etilqs_");
}

static bool is_kept(const char *path)
{
    return shared != NULL && shared->record && path[0] != '\0' && !is_fleeting(path);
}

static void add_name(const char *path, uint64_t before, uint64_t after, uint64_t pair)
{
    struct power_change *change = add(0);

    change->of_name = true;
    change->pair = pair;
    change->name.folder = folder_of(path);
    change->name.before = before;
    change->name.after = after;
    (void)g_strlcpy(change->name.name, strrchr(path, '/') + 1, POWER_NAME);
}

/* A partner has done something with that name or inode. */
static void make_durable(const char *path, uint64_t inode)
{
    uint64_t folder = folder_of(path);
    const char *name = strrchr(path, '/') + 1;

    for (EACH(change)) {
        bool named = change->of_name && change->name.folder == folder && strcmp(change->name.name, name) == 0;
        bool same = inode != 0 && (change->of_name ? change->name.before == inode || change->name.after == inode
                                                   : change->bytes.file == inode);
        if (change->live && (named || same))
            settle(change);
    }
}

void power_log_made(const char *path)
{
    if (is_kept(path) && shared_self != NULL)
        add_name(path, 0, inode_of(path), 0);
}

static bool is_empty_folder(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    return dir != NULL && g_dir_read_name(dir) == NULL;
}

/* Moves it to the grave; false with errno. */
static bool bury(const char *path, uint64_t inode)
{
    g_autofree char *grave = power_log_grave(inode);

    return syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, grave, 0) == 0;
}

bool power_log_remove(const char *path, int flags, int *result)
{
    struct stat st;

    if (!is_kept(path) || lstat(path, &st) != 0)
        return false;
    if (shared_self == NULL) {
        make_durable(path, st.st_ino);
        return false;
    }
    bool folder = S_ISDIR(st.st_mode);
    if (folder != ((flags & AT_REMOVEDIR) != 0) || st.st_nlink > (folder ? G_MAXUINT : 1) ||
        (folder && !is_empty_folder(path)))
        return false; /* it is refused, or another name stays: the kernel does it */
    add_name(path, st.st_ino, 0, 0);
    *result = bury(path, st.st_ino) ? 0 : -1;
    return true;
}

void power_log_rename_begin(struct power_rename *rename, const char *from, const char *to)
{
    *rename = (struct power_rename){.kept = is_kept(to) && is_kept(from), .from = from, .to = to};
    if (!rename->kept)
        return;
    rename->moved = inode_of(from);
    rename->replaced = inode_of(to);
    if (shared_self == NULL || rename->replaced == 0 || rename->replaced == rename->moved)
        return;
    /* The rename would take its last name. If the rename is refused, this name goes again. */
    g_autofree char *grave = power_log_grave(rename->replaced);
    (void)syscall(SYS_linkat, AT_FDCWD, to, AT_FDCWD, grave, 0);
}

void power_log_rename_end(struct power_rename *rename, bool done)
{
    int kept = errno;

    if (rename->kept && done && shared_self == NULL) {
        make_durable(rename->from, rename->moved);
        make_durable(rename->to, rename->replaced);
    } else if (rename->kept && done && rename->moved != rename->replaced) {
        uint64_t pair = ++log_->pairs;
        add_name(rename->from, rename->moved, 0, pair);
        add_name(rename->to, rename->replaced, rename->moved, pair);
    } else if (rename->kept && !done && rename->replaced != 0 && shared_self != NULL) {
        g_autofree char *grave = power_log_grave(rename->replaced);
        (void)syscall(SYS_unlinkat, AT_FDCWD, grave, 0);
    }
    errno = kept;
}

/* ---- bytes ---- */

/* The descriptor may be open for writing only. */
static void read_before(int fd, char *bytes, size_t n, int64_t at)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    int reading = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

    if (reading < 0 || syscall(SYS_pread64, reading, bytes, n, at) != (ssize_t)n)
        g_error("%s cannot be read before it is changed: %s", disk_path(fd), g_strerror(errno));
    (void)syscall(SYS_close, reading);
}

static void add_bytes(int fd, int64_t at, int64_t len)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    int64_t end = len == 0 ? st.st_size : MIN(at + len, st.st_size);
    int64_t n = MAX(end - at, 0);
    struct power_change *change = add((size_t)n);
    change->bytes.file = st.st_ino;
    change->bytes.at = at;
    change->bytes.len = len;
    change->bytes.size_before = st.st_size;
    change->bytes.n_before = n;
    if (n > 0)
        read_before(fd, (char *)(change + 1), (size_t)n, at);
}

static bool is_kept_file(int fd)
{
    return shared != NULL && shared->record && shared_self != NULL && disk_path(fd)[0] != '\0' &&
           !is_fleeting(disk_path(fd));
}

void power_log_write(int fd, off_t at, size_t len)
{
    if (!is_kept_file(fd) || len == 0)
        return;
    if (at < 0)
        at = lseek(fd, 0, (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
    add_bytes(fd, at, (int64_t)len);
}

void power_log_truncate(int fd, off_t size)
{
    if (is_kept_file(fd))
        add_bytes(fd, size, 0);
}

/* ---- syncs ---- */

/* A rename is one step of the disk: its other half is durable, too. */
static void settle_pair(uint64_t pair)
{
    for (EACH(change))
        if (change->live && change->pair == pair)
            settle(change);
}

void power_log_synced(int fd)
{
    struct stat st;

    if (shared == NULL || !shared->record || shared_self == NULL || log_->live == 0 || fstat(fd, &st) != 0)
        return;
    for (EACH(change)) {
        if (!change->live || (change->of_name ? change->name.folder : change->bytes.file) != st.st_ino)
            continue;
        settle(change);
        if (change->pair != 0)
            settle_pair(change->pair);
    }
}

void power_log_all_synced(void)
{
    if (shared->record && shared_self != NULL)
        power_log_clear(shared_self->machine);
}

/* ---- for a cut ---- */

GPtrArray *power_log_changes(int machine)
{
    GPtrArray *changes = g_ptr_array_new();

    if (!shared->record)
        return changes;
    for (EACH(change))
        if (change->live && change->machine == machine)
            g_ptr_array_add(changes, change);
    return changes;
}

const char *power_log_bytes(const struct power_change *change)
{
    return (const char *)(change + 1);
}

void power_log_clear(int machine)
{
    if (!shared->record)
        return;
    for (EACH(change))
        if (change->live && change->machine == machine)
            settle(change);
}
