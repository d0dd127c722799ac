/*
 * Records every fsync and syncfs of a test program, so that a test sees what is durable, and in which order it became
 * so. The program's own fsync and syncfs stand here, before the C library's: include this in one source only.
 *
 *   sync_calls_begin(dir) → the calls under test → char *seen = sync_calls_end()
 *
 * One line for each call, with paths below dir: "a/.x.part" for a file, "a/ holds x y" for a folder with the names that
 * it had at that moment, "file system of a/" for a syncfs. The names prove the order: a folder that was synced before
 * the rename would show the temporary name.
 *
 * The program asks of which type a file system is, and which kernel runs (disk_fs_can_sync). It is told ext4 and Linux
 * 6.1 here, so that a test does not depend on where it runs; a test may set others.
 */
#ifndef ECOSGATE_TESTS_SYNC_CALLS_H
#define ECOSGATE_TESTS_SYNC_CALLS_H

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SYNC_CALLS_TYPE 0xef53 /* ext4 */
#define SYNC_CALLS_RELEASE "6.1.0"

static char *sync_calls_dir;   /* NULL: nothing is recorded */
static GString *sync_calls;    /* the lines so far */
static int sync_calls_failing; /* this call from now on fails with EIO: 1 is the next; 0: none */
static uint32_t sync_calls_type = SYNC_CALLS_TYPE;
static const char *sync_calls_release = SYNC_CALLS_RELEASE;

static inline void sync_calls_begin(const char *dir)
{
    sync_calls_dir = realpath(dir, NULL);
    sync_calls = g_string_new(NULL);
    sync_calls_failing = 0;
}

/* The lines, each with its newline; g_free. */
static inline char *sync_calls_end(void)
{
    free(sync_calls_dir);
    sync_calls_dir = NULL;
    sync_calls_failing = 0;
    return g_string_free(sync_calls, FALSE);
}

static int sync_calls_by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sync_calls_add_names(const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, sync_calls_by_name);
    g_string_append(sync_calls, " holds");
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(sync_calls, " %s", (const char *)names->pdata[i]);
}

/* Adds the line of one call; whether the call shall fail. */
static bool sync_calls_add(int fd, bool whole)
{
    char link[64], path[4096];
    struct stat st;

    if (sync_calls_dir == NULL)
        return false;
    g_snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    bool folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    const char *below = g_str_has_prefix(path, sync_calls_dir) ? path + strlen(sync_calls_dir) : path;
    below += *below == '/';
    g_string_append_printf(sync_calls, "%s%s%s", whole ? "file system of " : "", below,
                           !folder          ? ""
                           : *below == '\0' ? "./"
                                            : "/");
    if (folder && !whole)
        sync_calls_add_names(path);
    g_string_append_c(sync_calls, '\n');
    return sync_calls_failing > 0 && --sync_calls_failing == 0;
}

int fsync(int fd)
{
    if (sync_calls_add(fd, false)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
    if (sync_calls_add(fd, true)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_syncfs, fd);
}

int statfs(const char *path, struct statfs *fs)
{
    int result = (int)syscall(SYS_statfs, path, fs);

    fs->f_type = sync_calls_type;
    return result;
}

int fstatfs(int fd, struct statfs *fs)
{
    int result = (int)syscall(SYS_fstatfs, fd, fs);

    fs->f_type = sync_calls_type;
    return result;
}

int uname(struct utsname *name)
{
    int result = (int)syscall(SYS_uname, name);

    g_strlcpy(name->release, sync_calls_release, sizeof name->release);
    return result;
}

#endif
