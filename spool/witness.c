/* A key file below a line with its digest. The key file's reader is GLib's, which knows the escapes of names. */
#include "spool/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "ecosgate-witness,"
#define HEAD NAME "1,"
#define GROUP "witness"
#define NUMBERS "numbers"

enum { FIRST_READ = 8192 /* bytes; a witness of few partners is smaller */ };

struct witness *witness_new(void)
{
    struct witness *witness = g_new0(struct witness, 1);

    witness->ledger = g_strdup("");
    witness->instance = g_strdup("");
    witness->evidence = g_strdup("");
    witness->host = g_strdup(g_get_host_name());
    witness->pid = getpid();
    witness->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return witness;
}

void witness_free(struct witness *witness)
{
    if (witness == NULL)
        return;
    g_free(witness->ledger);
    g_free(witness->instance);
    g_free(witness->host);
    g_free(witness->evidence);
    g_hash_table_unref(witness->numbers);
    g_free(witness);
}

struct witness *witness_copy(const struct witness *witness)
{
    struct witness *copy = g_new(struct witness, 1);
    GHashTableIter iter;
    gpointer name, value;

    *copy = *witness;
    copy->ledger = g_strdup(witness->ledger);
    copy->instance = g_strdup(witness->instance);
    copy->host = g_strdup(witness->host);
    copy->evidence = g_strdup(witness->evidence);
    copy->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_iter_init(&iter, witness->numbers);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(copy->numbers, g_strdup(name), g_memdup2(value, sizeof(int64_t)));
    return copy;
}

/* ---- numbers ---- */

bool witness_raise(struct witness *witness, const char *name, int64_t value)
{
    if (value <= witness_number(witness, name))
        return false;
    g_hash_table_replace(witness->numbers, g_strdup(name), g_memdup2(&value, sizeof value));
    return true;
}

int64_t witness_number(const struct witness *witness, const char *name)
{
    const int64_t *value = g_hash_table_lookup(witness->numbers, name);

    return value != NULL ? *value : 0;
}

bool witness_exceeds(const struct witness *witness, const struct witness *other)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, witness->numbers);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (*(const int64_t *)value > witness_number(other, name))
            return true;
    }
    return false;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *witness_names(const struct witness *witness)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, witness->numbers);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, by_text);
    return names;
}

/* ---- text ---- */

/* The first line, without its end; g_free. */
static char *first_line(const struct witness *witness, const char *body)
{
    char sha256[DIGEST_HEX_SIZE];

    digest_text(body, sha256);
    return g_strdup_printf(HEAD "%s,%s,%s,%" G_GINT64_FORMAT, sha256, witness->ledger, witness->instance,
                           witness->generation);
}

char *witness_print(const struct witness *witness)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GPtrArray) names = witness_names(witness);

    g_key_file_set_string(file, GROUP, "ledger", witness->ledger);
    g_key_file_set_int64(file, GROUP, "generation", witness->generation);
    g_key_file_set_string(file, GROUP, "instance", witness->instance);
    g_key_file_set_string(file, GROUP, "host", witness->host);
    g_key_file_set_int64(file, GROUP, "pid", witness->pid);
    g_key_file_set_int64(file, GROUP, "written", witness->written);
    if (*witness->evidence != '\0')
        g_key_file_set_string(file, GROUP, "evidence", witness->evidence);
    g_autofree char *head = g_key_file_to_data(file, NULL, NULL);
    g_autoptr(GString) body = g_string_new(head);
    /* As g_key_file_set_int64 would write them, in a third of the time. */
    if (names->len > 0)
        g_string_append(body, "\n[" NUMBERS "]\n");
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(body, "%s=%" G_GINT64_FORMAT "\n", (const char *)names->pdata[i],
                               witness_number(witness, names->pdata[i]));
    g_string_truncate(body, body->len - 1); /* the digest is of a body without its last line end */
    g_autofree char *first = first_line(witness, body->str);
    return g_strconcat(first, "\n", body->str, "\n", NULL);
}

char *witness_ledger_of(const char *text)
{
    const char *from = text + strlen(HEAD) + DIGEST_HEX_SIZE; /* HEAD, the digest, a comma */

    return g_strndup(from, strcspn(from, ","));
}

static void read_numbers(GKeyFile *file, struct witness *witness)
{
    g_auto(GStrv) names = g_key_file_get_keys(file, NUMBERS, NULL, NULL); /* NULL: it has none */

    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        (void)witness_raise(witness, names[i], g_key_file_get_int64(file, NUMBERS, names[i], NULL));
}

static void read_text(GKeyFile *file, const char *key, char **member)
{
    char *value = g_key_file_get_string(file, GROUP, key, NULL);

    if (value == NULL)
        return;
    g_free(*member);
    *member = value;
}

/* A text of a newer program is whole as far as anybody knows: it must not be taken for damage and thrown away. */
static struct witness *broken(const char *text, size_t len, GError **error)
{
    const size_t at = strlen(NAME);

    if (len > at && strncmp(text, NAME, at) == 0 && g_ascii_isdigit(text[at]) && strncmp(text, HEAD, strlen(HEAD)) != 0)
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                            "it was written by a newer ecosgate; use the newer program");
    else
        g_set_error_literal(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "it is no whole witness of a gateway");
    return NULL;
}

struct witness *witness_parse(const char *text, size_t len, GError **error)
{
    const char *end = memchr(text, '\n', len);
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (end == NULL || len > WITNESS_MAX_SIZE || memchr(text, '\0', len) != NULL)
        return broken(text, len, error);
    g_autofree char *body = g_strchomp(g_strndup(end + 1, len - (size_t)(end + 1 - text)));
    if (strncmp(text, HEAD, strlen(HEAD)) != 0 ||
        !g_key_file_load_from_data(file, body, strlen(body), G_KEY_FILE_NONE, NULL))
        return broken(text, len, error);
    g_autoptr(witness_t) witness = witness_new();
    read_text(file, "ledger", &witness->ledger);
    read_text(file, "instance", &witness->instance);
    read_text(file, "host", &witness->host);
    read_text(file, "evidence", &witness->evidence);
    witness->generation = g_key_file_get_int64(file, GROUP, "generation", NULL);
    witness->pid = g_key_file_get_int64(file, GROUP, "pid", NULL);
    witness->written = g_key_file_get_int64(file, GROUP, "written", NULL);
    read_numbers(file, witness);
    g_autofree char *first = first_line(witness, body);
    if (strlen(first) != (size_t)(end - text) || strncmp(text, first, strlen(first)) != 0)
        return broken(text, len, error);
    return g_steal_pointer(&witness);
}

/* ---- the file ---- */

static bool unreadable(const char *path, int errnum, GError **error)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "witness %s cannot be read: %s; give the gateway's user access",
                path, g_strerror(errnum));
    return false;
}

/* All bytes of a descriptor, but no more than one byte too many; g_free. NULL: errno says why. */
static char *read_all(int fd, size_t *len)
{
    size_t room = FIRST_READ;
    g_autofree char *text = g_malloc(room);
    ssize_t n;

    *len = 0;
    while ((n = read(fd, text + *len, MIN(room, WITNESS_MAX_SIZE + 1) - *len)) > 0) {
        *len += (size_t)n;
        if (*len == room)
            text = g_realloc(text, room *= 2);
    }
    return n < 0 ? NULL : g_steal_pointer(&text);
}

/* *text: NULL if there is no file. */
static bool read_file(const char *path, char **text, size_t *len, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *text = NULL;
    *len = 0;
    if (fd < 0)
        return errno == ENOENT || unreadable(path, errno, error);
    *text = read_all(fd, len);
    int errnum = errno;
    (void)close(fd); /* was only read from */
    return *text != NULL || unreadable(path, errnum, error);
}

bool witness_read(const char *path, struct witness **witness, GError **error)
{
    struct witness_kept kept = {NULL, 0, NULL};
    const struct witness *lent;
    bool good = witness_read_kept(path, &kept, &lent, error);

    *witness = g_steal_pointer(&kept.witness);
    witness_kept_clear(&kept);
    return good;
}

bool witness_read_kept(const char *path, struct witness_kept *kept, const struct witness **witness, GError **error)
{
    g_autofree char *text = NULL;
    size_t len;

    *witness = NULL;
    if (!read_file(path, &text, &len, error))
        return false;
    if (text != NULL && kept->witness != NULL && kept->len == len && memcmp(kept->text, text, len) == 0) {
        *witness = kept->witness;
        return true;
    }
    witness_kept_clear(kept);
    if (text == NULL)
        return true;
    kept->witness = witness_parse(text, len, error);
    if (kept->witness == NULL) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    kept->text = g_steal_pointer(&text);
    kept->len = len;
    *witness = kept->witness;
    return true;
}

void witness_kept_clear(struct witness_kept *kept)
{
    g_free(kept->text);
    witness_free(kept->witness);
    *kept = (struct witness_kept){NULL, 0, NULL};
}

bool witness_write(enum step step, const char *path, const struct witness *witness, GError **error)
{
    g_autofree char *text = witness_print(witness);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && disk_file_write(file, text, strlen(text), error) && disk_file_publish(step, file, error);
}
