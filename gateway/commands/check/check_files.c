/*
 * A folder is listed before the first file is judged: what `check --answers` writes into it is not judged in the same
 * call, and the progress bar knows the sum.
 */
#include "gateway/commands/check/check_files.h"

#include "formats/name/filename.h"
#include "gateway/pipeline/pickup/completeness.h"
#include "spool/spool_error.h"
#include "validators/signature/signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

static void entry_free(gpointer user)
{
    struct check_entry *entry = user;

    g_free(entry->path);
    g_free(entry->reason);
    g_free(entry);
}

/* Takes path and reason. */
static void add(GPtrArray *entries, enum check_entry_kind kind, char *path, char *reason, uint64_t size)
{
    struct check_entry *entry = g_new(struct check_entry, 1);

    *entry = (struct check_entry){kind, path, reason, size};
    g_ptr_array_add(entries, entry);
}

/* ---- what a drop leaves alone ---- */

/* A drop with the default settings. */
static const struct drop default_drop = {.complete = COMPLETE_AT_ONCE};

/* The reason for which the drop leaves the entry alone; NULL: it does not. A file that is not complete yet is judged as
 * it is: whoever calls `check` says that it is there. */
static char *drop_leaves(const struct drop *drop, const struct drop_entry *entry)
{
    struct completeness_result result;

    completeness_decide(drop, entry, false, 0, &result);
    if (result.decision == PICKUP_LEAVE)
        return result.reason;
    g_free(result.reason);
    return NULL;
}

char *check_files_left_alone(const char *name, const struct check_names *names, const struct drop *drop)
{
    const struct drop_entry entry = {.name = name, .regular = true};

    if (names->config != NULL
            ? config_is_own_name(names->config, name)
            : filename_is_own(names->profile != NULL ? names->profile : profile_builtin(), name, "", 0))
        return g_strdup("its name is one that a gateway writes, and a gateway never answers such a file");
    return drop_leaves(drop != NULL ? drop : &default_drop, &entry);
}

/* ---- a folder ---- */

/* The drop of this machine whose `in` is that folder; NULL: there is none. */
static const struct drop *drop_of(const struct config *config, const char *folder)
{
    char *resolved = realpath(folder, NULL); /* of malloc */
    const struct drop *found = NULL;

    for (guint i = 0; config != NULL && resolved != NULL && i < config->drops->len; i++) {
        const struct drop *drop = config->drops->pdata[i];
        char *in = drop->transport->local_folders ? realpath(drop->in, NULL) : NULL;
        if (in != NULL && strcmp(in, resolved) == 0)
            found = drop;
        free(in);
    }
    free(resolved);
    return found;
}

static int by_bytes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted by their bytes. NULL: it cannot be listed, errno says why. */
static GPtrArray *names_in(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (dir == NULL)
        return NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    int errnum = errno;
    (void)closedir(dir); /* only read from */
    errno = errnum;
    g_ptr_array_sort(names, by_bytes);
    return errnum == 0 ? g_steal_pointer(&names) : NULL;
}

/* One name of a folder. True if it is to be judged, or somebody has to know that it cannot be. */
static bool add_name(GPtrArray *entries, char *path, const char *name, const struct check_names *rules,
                     const struct drop *drop)
{
    struct stat st;
    char *reason;

    if (lstat(path, &st) != 0) {
        add(entries, CHECK_UNABLE, path, g_strdup_printf("cannot be looked at: %s", g_strerror(errno)), 0);
        return true;
    }
    if (S_ISREG(st.st_mode))
        reason = check_files_left_alone(name, rules, drop);
    else
        reason = drop_leaves(drop != NULL ? drop : &default_drop, &(struct drop_entry){.name = name});
    if (S_ISDIR(st.st_mode) && !filename_is_temporary(name, drop != NULL ? drop->temporary : NULL)) {
        g_free(reason);
        reason = g_strdup("a folder in a folder; name it as an argument, too, if its files are to be judged");
    }
    add(entries, reason != NULL ? CHECK_LEFT_OUT : CHECK_FILE, path, reason, (uint64_t)st.st_size);
    return reason == NULL;
}

/* A signature is no file by itself if the file of its name stands beside it. */
static bool is_signature(GPtrArray *names, const char *name)
{
    g_autofree char *file =
        g_str_has_suffix(name, SIGNATURE_SUFFIX) ? g_strndup(name, strlen(name) - strlen(SIGNATURE_SUFFIX)) : NULL;

    return file != NULL && g_ptr_array_find_with_equal_func(names, file, g_str_equal, NULL);
}

static void add_folder(GPtrArray *entries, const char *folder, const struct check_names *rules)
{
    const struct drop *drop = drop_of(rules->config, folder);
    g_autoptr(GPtrArray) names = names_in(folder);
    bool any = false;

    if (names == NULL) {
        add(entries, CHECK_UNABLE, g_strdup(folder),
            g_strdup_printf("is a folder that cannot be listed: %s", g_strerror(errno)), 0);
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        char *path = g_build_filename(folder, names->pdata[i], NULL);
        if (is_signature(names, names->pdata[i]))
            add(entries, CHECK_LEFT_OUT, path, g_strdup("the signature of another file"), 0);
        else
            any |= add_name(entries, path, names->pdata[i], rules, drop);
    }
    if (!any)
        add(entries, CHECK_UNABLE, g_strdup(folder),
            g_strdup("is a folder without a file to judge; put the files in it, or name another one"), 0);
}

/* ---- the arguments ---- */

/* A file that cannot be looked at is added, too: it is opened, and then the message says why it cannot be. */
static void add_argument(GPtrArray *entries, const char *argument, const char *input_name,
                         const struct check_names *rules)
{
    struct stat st;

    if (strcmp(argument, CHECK_INPUT_ARGUMENT) == 0)
        add(entries, CHECK_INPUT, g_strdup(input_name), NULL, 0);
    else if (stat(argument, &st) == 0 && S_ISDIR(st.st_mode))
        add_folder(entries, argument, rules);
    else
        add(entries, CHECK_FILE, g_strdup(argument), NULL,
            stat(argument, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
}

GPtrArray *check_files_find(int n, char **arguments, const char *input_name, const struct check_names *names)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);

    for (int i = 0; i < n; i++)
        add_argument(entries, arguments[i], input_name, names);
    return entries;
}

/* ---- standard input ---- */

/* A file without a name. Not every file system can have one; then it is in memory. */
static int nameless_file(void)
{
    int fd = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd >= 0 || errno == ENOSPC || errno == EDQUOT ? fd : memfd_create("check", MFD_CLOEXEC);
}

static bool cannot(GError **error, const char *what, int errnum, const char *advice)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "standard input cannot be %s: %s%s", what, g_strerror(errnum),
                advice);
    return false;
}

static bool store(int fd, const char *data, size_t len, GError **error)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return cannot(error, "stored", errno, "; free space, or let TMPDIR name a folder with room");
        data += put;
        len -= (size_t)put;
    }
    return true;
}

static bool copy_input(int fd, uint64_t max_bytes, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    uint64_t all = 0;
    ssize_t got;

    while ((got = read(STDIN_FILENO, buffer, COPY_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cannot(error, "read", errno, "; redirect a file or a pipe to it");
        all += (uint64_t)got;
        if (all > max_bytes) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                        "standard input has more than %" G_GUINT64_FORMAT " bytes (max_bytes): the gateway would "
                        "reject such a file with B111; send less in one file",
                        max_bytes);
            return false;
        }
        if (!store(fd, buffer, (size_t)got, error))
            return false;
    }
    return true;
}

int check_files_store_input(uint64_t max_bytes, GError **error)
{
    int fd = nameless_file();

    if (fd < 0) {
        (void)cannot(error, "stored", errno, "; let TMPDIR name a folder with room");
        return -1;
    }
    if (copy_input(fd, max_bytes, error))
        return fd;
    (void)close(fd); /* nobody reads it */
    return -1;
}
