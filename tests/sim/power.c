/*
 * A power cut. What is not synced is taken back in memory or in the files, the newest change first; then some of it is
 * done again in its order. Bytes belong to a file, names to a folder: the two are decided apart, for a disk may write
 * them in any order.
 */
#include "tests/sim/power.h"

#include "tests/sim/power_log.h"
#include "tests/sim/shared.h"
#include "tests/sim/sim_private.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SECTOR = 512 };

/* What of the unsynced changes is on the disk after all. Of torn each change by chance, in part too. */
enum way { KEPT_NONE, ALL_NAMES, ALL_BYTES, TORN, WAYS };
static const char *const way_names[WAYS] = {"only what was synced", "all names, synced bytes",
                                            "all bytes, synced names", "some of it"};
static const enum kind way_kinds[WAYS] = {SEEN_POWER_SYNCED, SEEN_POWER_NAMES, SEEN_POWER_BYTES, SEEN_POWER_TORN};

struct cut {
    struct random *random;
    enum way way;
    GPtrArray *changes; /* struct power_change */
    GHashTable *paths;  /* inode → path, as they stand before names are taken back */
};

/* ---- where a file is ---- */

static GHashTable *found_paths; /* while nftw runs */

static int add_path(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)type;
    (void)place;
    g_hash_table_insert(found_paths, g_memdup2(&(gint64){(gint64)st->st_ino}, sizeof(gint64)), g_strdup(path));
    return 0;
}

static GHashTable *find_paths(void)
{
    found_paths = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    (void)nftw(shared->folder, add_path, 20, FTW_PHYS);
    return found_paths;
}

static const char *path_of(const struct cut *cut, uint64_t inode)
{
    return g_hash_table_lookup(cut->paths, &(gint64){(gint64)inode});
}

/* ---- bytes ---- */

/* A change of a file that was taken back, and what it had written. */
struct written {
    char *bytes;
    int64_t n, size;
};

static int open_file(const struct cut *cut, const struct power_change *change)
{
    const char *path = path_of(cut, change->bytes.file);

    return path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
}

static void take_back(int fd, const struct power_change *change, struct written *written)
{
    struct stat st;

    written->bytes = g_malloc((gsize)change->bytes.len + 1);
    written->n = MAX(0, syscall(SYS_pread64, fd, written->bytes, (size_t)change->bytes.len, change->bytes.at));
    written->size = fstat(fd, &st) == 0 ? st.st_size : 0;
    (void)syscall(SYS_ftruncate, fd, change->bytes.size_before);
    (void)syscall(SYS_pwrite64, fd, power_log_bytes(change), (size_t)change->bytes.n_before, change->bytes.at);
}

/* How many of its bytes are on the disk; -1: it is not. */
static int64_t part_done(const struct cut *cut, const struct written *written)
{
    if (cut->way != TORN)
        return cut->way == ALL_BYTES ? written->n : -1;
    if (random_chance(cut->random, 0.4))
        return -1;
    if (!random_chance(cut->random, 0.3))
        return written->n;
    return (int64_t)random_below(cut->random, (uint64_t)(written->n / SECTOR + 1)) * SECTOR;
}

static void do_again(int fd, const struct power_change *change, const struct written *written, int64_t part)
{
    if (change->bytes.len == 0)
        (void)syscall(SYS_ftruncate, fd, written->size);
    else
        (void)syscall(SYS_pwrite64, fd, written->bytes, (size_t)MIN(part, written->n), change->bytes.at);
}

static void cut_bytes(const struct cut *cut)
{
    g_autofree struct written *written = g_new0(struct written, cut->changes->len + 1);

    for (guint i = cut->changes->len; i-- > 0;) {
        const struct power_change *change = cut->changes->pdata[i];
        int fd = change->of_name ? -1 : open_file(cut, change);
        if (fd < 0)
            continue;
        take_back(fd, change, &written[i]);
        (void)syscall(SYS_close, fd);
    }
    for (guint i = 0; i < cut->changes->len; i++) {
        const struct power_change *change = cut->changes->pdata[i];
        if (written[i].bytes == NULL)
            continue;
        int64_t part = part_done(cut, &written[i]);
        int fd = part >= 0 ? open_file(cut, change) : -1;
        if (fd >= 0) {
            do_again(fd, change, &written[i], part);
            (void)syscall(SYS_close, fd);
        }
        g_free(written[i].bytes);
    }
}

/* ---- names ---- */

/* A name whose folder was not synced. */
struct place {
    uint64_t folder;
    const char *name;
    int fd;               /* of the folder, so that it is found where it is moved */
    uint64_t now, wanted; /* inodes; 0: none */
};

static struct place *find_place(const struct cut *cut, GArray *places, const struct power_change *change)
{
    for (guint i = 0; i < places->len; i++) {
        struct place *place = &g_array_index(places, struct place, i);
        if (place->folder == change->name.folder && strcmp(place->name, change->name.name) == 0)
            return place;
    }
    const char *path = path_of(cut, change->name.folder);
    struct place place = {.folder = change->name.folder, .name = change->name.name, .fd = -1};
    struct stat st;
    if (path != NULL)
        place.fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place.fd >= 0 && fstatat(place.fd, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        place.now = place.wanted = st.st_ino;
    g_array_append_val(places, place);
    return &g_array_index(places, struct place, places->len - 1);
}

/* Both halves of a rename are done or neither. */
static bool name_done(const struct cut *cut, const struct power_change *change, GHashTable *pairs)
{
    gpointer known;

    if (cut->way != TORN)
        return cut->way == ALL_NAMES;
    if (change->name.folder != 0 && change->pair != 0 &&
        g_hash_table_lookup_extended(pairs, GUINT_TO_POINTER(change->pair), NULL, &known))
        return GPOINTER_TO_INT(known) != 0;
    bool done = random_chance(cut->random, 0.5);
    if (change->pair != 0)
        g_hash_table_insert(pairs, GUINT_TO_POINTER(change->pair), GINT_TO_POINTER(done));
    return done;
}

/* What shall stand under each name. */
static GArray *find_wanted(const struct cut *cut)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));
    g_autoptr(GHashTable) pairs = g_hash_table_new(NULL, NULL);

    for (guint i = cut->changes->len; i-- > 0;) {
        const struct power_change *change = cut->changes->pdata[i];
        struct place *place = change->of_name ? find_place(cut, places, change) : NULL;
        if (place != NULL && place->wanted == change->name.after)
            place->wanted = change->name.before;
    }
    for (guint i = 0; i < cut->changes->len; i++) {
        const struct power_change *change = cut->changes->pdata[i];
        if (!change->of_name || !name_done(cut, change, pairs))
            continue;
        struct place *place = find_place(cut, places, change);
        if (change->name.after != 0 || place->wanted == change->name.before)
            place->wanted = change->name.after;
    }
    return places;
}

static void bury(const struct place *place)
{
    g_autofree char *grave = power_log_grave(place->now);

    (void)syscall(SYS_renameat2, place->fd, place->name, AT_FDCWD, grave, 0);
}

/* Gives a file or folder its name. One that already has another name keeps that: a disk that lost half of a rename. */
static void dig_out(const struct place *place)
{
    g_autofree char *grave = power_log_grave(place->wanted);

    (void)syscall(SYS_renameat2, AT_FDCWD, grave, place->fd, place->name, RENAME_NOREPLACE);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)type;
    (void)place;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0);
}

/* What has lost all names is gone, with what is in it. */
static void clear_grave(const struct power_change *change)
{
    const uint64_t inodes[] = {change->name.before, change->name.after};

    for (int i = 0; i < 2; i++) {
        g_autofree char *grave = power_log_grave(inodes[i]);
        if (inodes[i] != 0)
            (void)nftw(grave, remove_one, 20, FTW_DEPTH | FTW_PHYS);
    }
}

static void cut_names(const struct cut *cut)
{
    g_autoptr(GArray) places = find_wanted(cut);

    for (guint i = 0; i < places->len; i++) {
        const struct place *place = &g_array_index(places, struct place, i);
        if (place->fd >= 0 && place->now != place->wanted && place->now != 0)
            bury(place);
    }
    for (guint i = 0; i < places->len; i++) {
        const struct place *place = &g_array_index(places, struct place, i);
        if (place->fd >= 0 && place->now != place->wanted && place->wanted != 0)
            dig_out(place);
    }
    for (guint i = 0; i < places->len; i++)
        if (g_array_index(places, struct place, i).fd >= 0)
            (void)syscall(SYS_close, g_array_index(places, struct place, i).fd);
    for (guint i = 0; i < cut->changes->len; i++) {
        const struct power_change *change = cut->changes->pdata[i];
        if (change->of_name)
            clear_grave(change);
    }
}

/* ---- the cut ---- */

/* Shared memory of the ledger is gone with the machine's memory. */
static int remove_shm(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)place;
    return type == FTW_F && g_str_has_suffix(path, "-shm") ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : 0;
}

void power_cut(struct sim *sim, const char *home)
{
    int machine = shared_machine(home);
    struct cut cut = {.random = sim_random(sim, "power")};

    cut.way = (enum way)random_below(cut.random, WAYS);
    /* First of all: no event and no `ended` may see the disk before the cut has changed it. */
    processes_stop(sim, machine);
    cut.changes = power_log_changes(machine);
    sim_say(sim, "power cut at %s; %u changes were not synced, of which there is left: %s", home, cut.changes->len,
            way_names[cut.way]);
    kinds_seen(way_kinds[cut.way]);
    cut.paths = find_paths();
    cut_bytes(&cut);
    cut_names(&cut);
    (void)nftw(home, remove_shm, 20, FTW_PHYS);
    g_ptr_array_unref(cut.changes);
    g_hash_table_unref(cut.paths);
    power_log_clear(machine);
    shared->machines[machine].started = shared->now;
    processes_bury(sim, machine);
}

/* ---- damage ---- */

/* Pages that belong to nothing: SQLite's freelist (https://www.sqlite.org/fileformat2.html, "The Freelist"). */
static void find_free_pages(int fd, size_t size, GHashTable *pages)
{
    uint32_t head[2] = {0, 0};

    (void)syscall(SYS_pread64, fd, head, 4, 32);
    for (uint32_t trunk = GUINT32_FROM_BE(head[0]); trunk != 0; trunk = GUINT32_FROM_BE(head[0])) {
        off_t at = (off_t)(trunk - 1) * (off_t)size;
        if (!g_hash_table_add(pages, GUINT_TO_POINTER(trunk - 1)) || syscall(SYS_pread64, fd, head, 8, at) != 8)
            return;
        for (uint32_t i = 0; i < GUINT32_FROM_BE(head[1]) && i < size / 4 - 2; i++) {
            uint32_t leaf = 0;
            (void)syscall(SYS_pread64, fd, &leaf, 4, at + 8 + 4 * i);
            g_hash_table_add(pages, GUINT_TO_POINTER(GUINT32_FROM_BE(leaf) - 1));
        }
    }
}

static void damage_page(struct random *random, int fd, uint64_t page, size_t size)
{
    g_autofree uint64_t *bits = g_malloc(size);

    for (size_t i = 0; i < size / sizeof *bits; i++)
        bits[i] = random_bits(random);
    (void)syscall(SYS_pwrite64, fd, bits, size, page * size);
}

bool power_damage_ledger(struct sim *sim, const char *home)
{
    enum { PAGE = 8192, MOST = 4 };
    struct random *random = sim_random(sim, "damage");
    g_autofree char *path = g_build_filename(home, "spool", "ledger.sqlite", NULL);
    g_autoptr(GHashTable) unused = g_hash_table_new(NULL, NULL);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    uint64_t damaged = 0, n = 1 + random_below(random, MOST);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    find_free_pages(fd, PAGE, unused);
    for (uint64_t i = 0, pages = (uint64_t)st.st_size / PAGE; i < n && pages > 1; i++) {
        uint64_t page = random_below(random, pages);
        if (g_hash_table_contains(unused, GUINT_TO_POINTER(page)))
            continue;
        damage_page(random, fd, page, PAGE);
        damaged++;
        sim_say(sim, "page %" G_GUINT64_FORMAT " of %s is damaged", page, path);
        kinds_seen(SEEN_LEDGER_DAMAGED);
    }
    (void)syscall(SYS_close, fd);
    return damaged > 0;
}
