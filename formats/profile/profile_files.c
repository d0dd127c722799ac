/* Sizes are checked before a file is read: a profile may come from anybody. */
#include "formats/profile/profile_files.h"

#include "formats/profile/profile_embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAME_BYTES = 64 };

struct profile_files {
    GArray *files;      /* struct profile_file */
    GPtrArray *owned;   /* their names and texts; those of the built-in profile are constant */
    GPtrArray *refused; /* names of files and folders that gave a fault; owned by `owned` */
    bool too_many;      /* the folder has more of them than are read */
    const char *digest; /* NULL: it is not known */
};

struct reading {
    struct profile_files *files;
    const char *folder;
    char *real; /* the folder without symbolic links; of malloc; NULL: it cannot be resolved */
    profile_fault_fn *on_fault;
    void *user;
    size_t n_faults;
};

struct profile_files *profile_files_new(void)
{
    struct profile_files *files = g_new0(struct profile_files, 1);

    files->files = g_array_new(FALSE, TRUE, sizeof(struct profile_file));
    files->owned = g_ptr_array_new_with_free_func(g_free);
    files->refused = g_ptr_array_new();
    return files;
}

struct profile_files *profile_files_builtin(void)
{
    struct profile_files *files = profile_files_new();

    files->digest = profile_embedded_digest;
    for (size_t i = 0; i < profile_n_embedded; i++) {
        const struct profile_embedded *e = &profile_embedded[i];
        const struct profile_file file = {
            .name = e->name, .text = e->text, .len = e->len, .lean = e->lean, .lean_len = e->lean_len};
        g_array_append_val(files->files, file);
    }
    return files;
}

void profile_files_add(struct profile_files *files, const char *name, const char *bytes, size_t len)
{
    char *text = g_malloc(len + 1), *kept = g_strdup(name);
    const struct profile_file file = {.name = kept, .text = text, .len = len};

    if (len > 0)
        memcpy(text, bytes, len);
    text[len] = '\0';
    g_ptr_array_add(files->owned, text);
    g_ptr_array_add(files->owned, kept);
    g_array_append_val(files->files, file);
}

static void __attribute__((format(printf, 3, 4))) fault(struct reading *r, const char *name, const char *format, ...)
{
    struct profile_fault fault = {.file = name};
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fault.text = text;
    r->n_faults++;
    r->on_fault(r->user, &fault);
}

/* True where a path of the folder leads out of it, by a symbolic link. */
static bool leads_out(const struct reading *r, const char *path)
{
    char *real = realpath(path, NULL); /* of malloc; NULL: the opening tells why */
    size_t len = r->real != NULL ? strlen(r->real) : 0;
    bool out = real != NULL && len > 1 && (strncmp(real, r->real, len) != 0 || real[len] != '/');

    free(real);
    return out;
}

/* Reads at most PROFILE_MAX_FILE_BYTES + 1 bytes, and a NUL behind them. NULL: errno says why not. */
static char *read_bytes(int fd, size_t *len)
{
    char *text = g_malloc(PROFILE_MAX_FILE_BYTES + 2);

    *len = 0;
    while (*len <= PROFILE_MAX_FILE_BYTES) {
        ssize_t n = read(fd, text + *len, PROFILE_MAX_FILE_BYTES + 1 - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_free(text);
            return NULL;
        }
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    text[*len] = '\0';
    return g_realloc(text, *len + 1);
}

/* name: in the folder, owned by the files. O_NONBLOCK: the opening of a FIFO must not wait for its writer. */
static void read_file(struct reading *r, const char *name)
{
    g_autofree char *path = g_build_filename(r->folder, name, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    struct profile_file file = {.name = name};

    if (fd < 0 || fstat(fd, &about) != 0) {
        fault(r, name, "cannot be read: %s", g_strerror(errno));
    } else if (!S_ISREG(about.st_mode)) {
        fault(r, name, "is no regular file");
    } else if ((file.text = read_bytes(fd, &file.len)) == NULL) {
        fault(r, name, "cannot be read: %s", g_strerror(errno));
    } else {
        g_ptr_array_add(r->files->owned, (char *)file.text);
        if (file.len > PROFILE_MAX_FILE_BYTES)
            fault(r, name, "has more than %d bytes, expected at most that", PROFILE_MAX_FILE_BYTES);
        else
            g_array_append_val(r->files->files, file);
    }
    if (fd >= 0)
        close(fd);
}

static bool is_plain(const char *name)
{
    return strlen(name) <= MAX_NAME_BYTES &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

static void read_folder(struct reading *r, const char *within);

/* An entry of the folder `within`; name: its path in the profile. */
static void read_entry(struct reading *r, const char *within, const char *entry, const char *name)
{
    g_autofree char *path = g_build_filename(r->folder, name, NULL);

    if (!is_plain(entry))
        fault(r, within != NULL ? within : ".",
              "has a file whose name has characters other than letters, digits, '.', '_' and '-', or more than %d",
              MAX_NAME_BYTES);
    else if (leads_out(r, path))
        fault(r, name, "is a symbolic link that leads out of the folder; copy the file into it");
    else if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        read_file(r, name);
    else if (within == NULL && (strcmp(entry, "records") == 0 || strcmp(entry, "reports") == 0))
        read_folder(r, name);
    else
        fault(r, name, "is a folder; a profile has the folders records and reports only");
}

/* Reads the folder `within` ("records") of the folder; NULL: the folder itself. */
static void read_folder(struct reading *r, const char *within)
{
    g_autofree char *path = g_build_filename(r->folder, within, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *entry;

    if (dir == NULL) {
        fault(r, within != NULL ? within : ".", "%s", error->message);
        return;
    }
    while (!r->files->too_many && (entry = g_dir_read_name(dir)) != NULL) {
        if (*entry == '.' || g_str_has_suffix(entry, "~"))
            continue;
        char *name = within != NULL ? g_build_filename(within, entry, NULL) : g_strdup(entry);
        g_ptr_array_add(r->files->owned, name);
        size_t before = r->n_faults;
        if (r->files->files->len < PROFILE_MAX_FILES) {
            read_entry(r, within, entry, name);
            if (r->n_faults > before)
                g_ptr_array_add(r->files->refused, name);
            continue;
        }
        r->files->too_many = true;
        fault(r, ".", "has more than %d files; a profile has at most that", PROFILE_MAX_FILES);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct profile_file *)a)->name, ((const struct profile_file *)b)->name);
}

struct profile_files *profile_files_of_folder(const char *folder, profile_fault_fn *on_fault, void *user)
{
    struct reading r = {.files = profile_files_new(),
                        .folder = folder,
                        .real = realpath(folder, NULL),
                        .on_fault = on_fault,
                        .user = user};

    read_folder(&r, NULL);
    free(r.real);
    g_array_sort(r.files->files, by_name);
    return r.files;
}

const struct profile_file *profile_files_find(struct profile_files *files, const char *name)
{
    for (guint i = 0; i < files->files->len; i++) {
        struct profile_file *file = &g_array_index(files->files, struct profile_file, i);
        if (strcmp(file->name, name) == 0) {
            file->used = true;
            return file;
        }
    }
    return NULL;
}

bool profile_files_refused(const struct profile_files *files, const char *name)
{
    for (guint i = 0; i < files->refused->len; i++) {
        const char *refused = files->refused->pdata[i];
        size_t len = strlen(refused);
        if (strncmp(name, refused, len) == 0 && (name[len] == '\0' || name[len] == '/'))
            return true;
    }
    return false;
}

bool profile_files_are_whole(const struct profile_files *files)
{
    return !files->too_many;
}

size_t profile_files_count(const struct profile_files *files)
{
    return files->files->len;
}

const struct profile_file *profile_files_at(const struct profile_files *files, size_t i)
{
    return &g_array_index(files->files, struct profile_file, i);
}

void profile_files_digest(const struct profile_files *files, char digest[PROFILE_DIGEST_SIZE])
{
    g_autoptr(GChecksum) all = g_checksum_new(G_CHECKSUM_SHA256);

    if (files->digest != NULL) {
        g_strlcpy(digest, files->digest, PROFILE_DIGEST_SIZE);
        return;
    }
    for (size_t i = 0; i < profile_files_count(files); i++) {
        const struct profile_file *file = profile_files_at(files, i);
        g_autofree char *one = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)file->text, file->len);
        g_autofree char *line = g_strdup_printf("%s  %s\n", one, file->name);
        g_checksum_update(all, (const guchar *)line, -1);
    }
    g_strlcpy(digest, g_checksum_get_string(all), PROFILE_DIGEST_SIZE);
}

void profile_files_free(struct profile_files *files)
{
    if (files == NULL)
        return;
    g_array_free(files->files, TRUE);
    g_ptr_array_free(files->owned, TRUE);
    g_ptr_array_free(files->refused, TRUE);
    g_free(files);
}
