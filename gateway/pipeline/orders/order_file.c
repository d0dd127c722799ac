/*
 * An order as a key file: one group [order] with verb, the thing that it is about, reason and at. An order to recover
 * has a group [claims], too: a drop and the text of its claim in each line. One about several files or incidents has a
 * group [list] with all of them. Who gives it is no key: the kernel knows. The folder may hold anything, as operators
 * can write to it. So the file is read with care: a regular file, not larger than 4 MiB, every text escaped but those
 * of claims, which are parsed like those of drops.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "order"
#define CLAIMS "claims"
#define LIST "list"
enum { MAX_ORDER_BYTES = 4 << 20, MAX_REASON = 1000 /* characters */ };

void order_free(struct order *order)
{
    size_t n;
    const struct order_key *keys = order_keys(&n);

    if (order == NULL)
        return;
    g_free(order->id);
    for (size_t i = 0; i < n; i++)
        if (keys[i].form == ORDER_KEY_TEXT)
            g_free(*order_text(order, &keys[i]));
    g_strfreev(order->claims);
    g_strfreev(order->list);
    g_free(order->reason);
    g_free(order->who);
    g_free(order->refusal);
    g_free(order);
}

/* The rename of the file went through, but perhaps not to disk: tries to remove the file again, so that the order is
 * surely not given. Always false; *error says so if the file may be there all the same. */
static bool take_back(const char *path, GError **error)
{
    bool there = true;

    if (disk_exists(path, &there, NULL) && !there)
        return false;
    if (!disk_unlink(STEP_ORDER_REMOVED, path, NULL))
        g_prefix_error(error,
                       "the order may be in %s and be carried out all the same, see 'ecosgate spool show': ", path);
    return false;
}

static void set_subject(GKeyFile *file, const struct order *order)
{
    size_t n;
    const struct order_key *keys = order_keys(&n);

    for (size_t i = 0; i < n; i++) {
        if (!order_has_key(order->verb, &keys[i]))
            continue;
        if (keys[i].form == ORDER_KEY_TEXT)
            g_key_file_set_string(file, GROUP, keys[i].name, *order_text(order, &keys[i]));
        else
            g_key_file_set_int64(file, GROUP, keys[i].name, *order_number(order, &keys[i]));
    }
}

bool orders_write(const struct gateway *gateway, struct order *order, GError **error)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    gsize len = 0;

    g_free(order->id);
    order->id = g_uuid_string_random();
    g_key_file_set_string(keys, GROUP, "verb", order_verb_name(order->verb));
    set_subject(keys, order);
    g_key_file_set_string(keys, GROUP, "reason", order->reason);
    g_key_file_set_int64(keys, GROUP, "at", order->at);
    for (char **one = order->claims; one != NULL && *one != NULL; one += 2)
        g_key_file_set_string(keys, CLAIMS, one[0], one[1]);

    for (guint i = 0; order->list != NULL && order->list[i] != NULL; i++) {
        g_autofree char *number = g_strdup_printf("%u", i + 1);
        g_key_file_set_string(keys, LIST, number, order->list[i]);
    }

    g_autofree char *text = g_key_file_to_data(keys, &len, NULL);
    g_autofree char *path = g_build_filename(spool_orders_dir(gateway->spool), order->id, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    if (file == NULL || !disk_file_write(file, text, len, error))
        return false;
    disk_file_share(file);
    return disk_file_publish(STEP_ORDER_WRITTEN, file, error) || take_back(path, error);
}

/* A text of the file, escaped like everything from outside; NULL if it is missing or empty. */
static char *key_text(GKeyFile *keys, const char *key)
{
    g_autofree char *text = g_key_file_get_string(keys, GROUP, key, NULL);

    return text != NULL && *text != '\0' ? text_escape(text, strlen(text), MAX_REASON) : NULL;
}

/* A number of the file; `absent` if it is missing, none, or too large. */
static int64_t key_number(GKeyFile *keys, const char *key, int64_t absent)
{
    g_autoptr(GError) cause = NULL;
    int64_t number = g_key_file_get_int64(keys, GROUP, key, &cause);

    return cause == NULL && number != G_MAXINT64 ? number : absent; /* GLib gives that one for all larger numbers */
}

/* The names of drops, each with the text of its claim after it. */
static char **claims_of(GKeyFile *keys)
{
    g_auto(GStrv) drops = g_key_file_get_keys(keys, CLAIMS, NULL, NULL); /* NULL: the order has none */
    g_autoptr(GPtrArray) claims = g_ptr_array_new();

    for (char **drop = drops; drop != NULL && *drop != NULL; drop++) {
        char *text = g_key_file_get_string(keys, CLAIMS, *drop, NULL);
        if (text == NULL)
            continue;
        g_ptr_array_add(claims, g_strdup(*drop));
        g_ptr_array_add(claims, text);
    }
    g_ptr_array_add(claims, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&claims), FALSE);
}

/* The things that an order about several names, escaped. NULL: it has no list. */
static char **list_of(GKeyFile *keys)
{
    g_auto(GStrv) numbers = g_key_file_get_keys(keys, LIST, NULL, NULL); /* NULL: the order has none */
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    if (numbers == NULL)
        return NULL;
    for (char **number = numbers; *number != NULL && list->len < ORDER_MOST_LISTED; number++) {
        g_autofree char *text = g_key_file_get_string(keys, LIST, *number, NULL);
        if (text != NULL)
            g_ptr_array_add(list, text_escape(text, strlen(text), MAX_REASON));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

/* Refuses a file that is no order; verb: what it orders, as far as that is known. */
static void refuse(struct order *order, const char *cause)
{
    const struct order_kind *kind = order_kind(order->verb);

    g_free(order->refusal);
    order->refusal =
        kind != NULL
            ? g_strdup_printf("the file is no order: %s; give the order again with 'ecosgate %s'", cause, kind->command)
            : g_strdup_printf("the file is no order: %s; give the order with its command: 'ecosgate --help' lists them",
                              cause);
    order->verb = ORDER_VERB_COUNT;
}

/* Reads all bytes of the open file; *text stays NULL if they are too many. False: the disk failed. */
static bool read_text(int fd, const char *path, GString **text, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    char buffer[8192];
    ssize_t got;

    while ((got = read(fd, buffer, sizeof buffer)) != 0 && all->len <= MAX_ORDER_BYTES) {
        if (got > 0)
            g_string_append_len(all, buffer, got);
        else if (errno != EINTR) {
            g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s", path, g_strerror(errno));
            return false;
        }
    }
    if (all->len <= MAX_ORDER_BYTES)
        *text = g_steal_pointer(&all);
    return true;
}

/* Opens the file and asks the kernel, by the descriptor that is read, whose it is. -1: it is not to be read, and the
 * order has a refusal, or the disk failed (*error). */
static int open_order(const char *path, struct order *order, GError **error)
{
    struct stat st;
    bool seen = lstat(path, &st) == 0;
    int fd = seen && S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    int errnum = seen && !S_ISREG(st.st_mode) ? 0 : errno;

    if (fd >= 0 && fstat(fd, &st) != 0) {
        errnum = errno;
        (void)close(fd); /* nothing was read from it */
        fd = -1;
        seen = false;
    }
    order->who = seen ? disk_user_name(st.st_uid) : g_strdup("(unknown)");
    if (fd >= 0 || errnum == 0) {
        g_autofree char *fault = order_rights_of_file(&st);
        order->refusal = fault != NULL ? order_rights_refusal(order, fault) : NULL;
        return fd;
    }
    if (errnum == EACCES && seen) {
        g_autofree char *whose = disk_whose(&st), *own = disk_user_name(geteuid());
        order->refusal =
            g_strdup_printf("the gateway's user %s may not read the file of the order (%s): make that user "
                            "a member of the group of orders/, and give the order again",
                            own, whose);
    } else
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s", path, g_strerror(errnum));
    return -1;
}

/* *cause: why the text is no key file; g_free. It goes to the log, so it quotes nothing: a line may name a Device. */
static bool parse_keys(GKeyFile *keys, const GString *text, char **cause)
{
    if (text == NULL)
        *cause = g_strdup_printf("it has more than %d bytes", MAX_ORDER_BYTES);
    else if (text->len == 0)
        *cause = g_strdup("it is empty");
    else if (!g_utf8_validate(text->str, (gssize)text->len, NULL))
        *cause = g_strdup("it is not UTF-8 text");
    else if (!g_key_file_load_from_data(keys, text->str, text->len, G_KEY_FILE_NONE, NULL))
        *cause = g_strdup("it is no key file: expected a line [order], then lines KEY=VALUE");
    return *cause == NULL;
}

/* *loaded: the path is a key file that we may read; else the order has a refusal. False: the disk failed. */
static bool load_keys(GKeyFile *keys, const char *path, struct order *order, bool *loaded, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *fault = NULL;
    g_autoptr(GString) text = NULL;
    int fd = open_order(path, order, &cause);

    *loaded = false;
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (fd < 0)
        return true;
    bool good = read_text(fd, path, &text, error);
    (void)close(fd); /* it was only read */
    *loaded = good && parse_keys(keys, text, &fault);
    if (good && !*loaded && order->refusal == NULL)
        refuse(order, fault);
    return good;
}

/* Reads what the order is about. The name of the key which its verb is about and which is missing or wrong, or which is
 * none of that verb; NULL: all is as it should be. */
static const char *read_subject(GKeyFile *file, struct order *order)
{
    size_t n;
    const struct order_key *keys = order_keys(&n);
    const char *wrong = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct order_key *key = &keys[i];
        bool there, fits;
        if (key->form == ORDER_KEY_TEXT) {
            char *text = *order_text(order, key) = key_text(file, key->name);
            there = text != NULL;
            fits = there && (key->choices == NULL || order_choice_fits(key->choices, text));
        } else {
            int64_t absent = key->form == ORDER_KEY_ID ? 0 : -1;
            int64_t number = *order_number(order, key) = key_number(file, key->name, absent);
            there = number != absent;
            fits = number > absent && (key->form == ORDER_KEY_ID || number <= key->most);
        }
        if (wrong == NULL && !(order_has_key(order->verb, key) ? fits : !there))
            wrong = key->name;
    }
    return wrong;
}

/* Why the verb is none. It is quoted if it looks like a verb: anything else may be a Device ID, and goes to the log. */
static char *no_verb(const char *verb)
{
    if (verb == NULL)
        return g_strdup("its key 'verb' is missing");
    if (verb[strspn(verb, "abcdefghijklmnopqrstuvwxyz ")] != '\0')
        return g_strdup("its verb is not known");
    return g_strdup_printf("its verb '%s' is not known", verb);
}

/* Reads what the file says. *cause: why it is no order; NULL: it is one. g_free. */
static void read_keys(GKeyFile *keys, struct order *order, char **cause)
{
    g_autofree char *verb = key_text(keys, "verb");
    int64_t at = g_key_file_get_int64(keys, GROUP, "at", NULL);

    if (verb == NULL || !order_verb_parse(verb, &order->verb))
        *cause = no_verb(verb);
    const char *wrong = read_subject(keys, order);
    order->claims = claims_of(keys);
    order->list = list_of(keys);
    order->reason = key_text(keys, "reason");
    if (at != 0) /* never later than ours: it is recorded, and nothing acts before a recorded time */
        order->at = MIN(at, order->at);
    wrong = wrong != NULL ? wrong : order->reason == NULL ? "reason" : at == 0 ? "at" : NULL;
    if (*cause == NULL && wrong != NULL)
        *cause = g_strdup_printf("its key '%s' is missing, wrong, or none of this order", wrong);
}

struct order *order_read(const char *path, const char *name, GError **error)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(order_t) order = g_new0(struct order, 1);
    bool loaded;

    order->verb = ORDER_VERB_COUNT; /* not known yet */
    if (!load_keys(keys, path, order, &loaded, error))
        return NULL;
    order->id = text_escape(name, strlen(name), 0);
    order->at = clock_now(); /* for a file that does not say when */
    if (!loaded)
        return g_steal_pointer(&order);
    g_autofree char *cause = NULL;
    read_keys(keys, order, &cause);
    if (cause != NULL && order->refusal == NULL)
        refuse(order, cause);
    return g_steal_pointer(&order);
}
