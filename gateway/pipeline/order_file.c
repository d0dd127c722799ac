/*
 * An order as a key file: one group [order] with verb, the thing that it is about, reason, who and at. An order to
 * recover has a group [claims], too: a drop and the text of its claim in each line. The folder may hold anything, as
 * operators can write to it, so the file is read with care: a regular file, not larger than 4 MiB, every text escaped
 * but those of claims, which are parsed like those of drops.
 */
#include "gateway/pipeline/orders.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "spool/disk.h"

#include <string.h>
#include <sys/stat.h>

#define GROUP "order"
#define CLAIMS "claims"
enum { MAX_ORDER_BYTES = 4 << 20, MAX_REASON = 1000 /* characters */ };

static const char *const verbs[ORDER_VERB_COUNT] = {"hold",    "release",        "requeue",   "reject",
                                                    "close",   "redeliver",      "sequence",  "take",
                                                    "recover", "release device", "end device"};

const char *order_verb_name(enum order_verb verb)
{
    return (int)verb >= 0 && verb < ORDER_VERB_COUNT ? verbs[verb] : NULL;
}

bool order_verb_parse(const char *name, enum order_verb *verb)
{
    for (int i = 0; i < ORDER_VERB_COUNT; i++)
        if (strcmp(verbs[i], name) == 0) {
            *verb = (enum order_verb)i;
            return true;
        }
    return false;
}

void order_free(struct order *order)
{
    if (order == NULL)
        return;
    g_free(order->id);
    g_free(order->file);
    g_free(order->drop);
    g_free(order->claim);
    g_strfreev(order->claims);
    g_free(order->sender);
    g_free(order->type);
    g_free(order->device);
    g_free(order->as);
    g_free(order->reason);
    g_free(order->who);
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

static void set_subject(GKeyFile *keys, const struct order *order)
{
    if (order->verb == ORDER_CLOSE)
        g_key_file_set_int64(keys, GROUP, "incident", order->incident);
    else if (order->verb == ORDER_REDELIVER)
        g_key_file_set_string(keys, GROUP, "file", order->file);
    else if (order->verb == ORDER_TAKE) {
        g_key_file_set_string(keys, GROUP, "drop", order->drop);
        g_key_file_set_string(keys, GROUP, "claim", order->claim);
    } else if (order->verb == ORDER_SEQUENCE) {
        g_key_file_set_string(keys, GROUP, "sender", order->sender);
        g_key_file_set_string(keys, GROUP, "type", order->type);
        g_key_file_set_int64(keys, GROUP, "number", order->number);
    } else if (order->verb == ORDER_RELEASE_DEVICE || order->verb == ORDER_END_DEVICE) {
        g_key_file_set_string(keys, GROUP, "device", order->device);
        if (order->as != NULL)
            g_key_file_set_string(keys, GROUP, "as", order->as);
    } else if (order->verb != ORDER_RECOVER)
        g_key_file_set_int64(keys, GROUP, "job", order->job);
}

bool orders_write(const struct gateway *gateway, struct order *order, GError **error)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    gsize len = 0;

    g_free(order->id);
    order->id = g_uuid_string_random();
    g_key_file_set_string(keys, GROUP, "verb", verbs[order->verb]);
    set_subject(keys, order);
    g_key_file_set_string(keys, GROUP, "reason", order->reason);
    g_key_file_set_string(keys, GROUP, "who", order->who);
    g_key_file_set_int64(keys, GROUP, "at", order->at);
    for (char **one = order->claims; one != NULL && *one != NULL; one += 2)
        g_key_file_set_string(keys, CLAIMS, one[0], one[1]);

    g_autofree char *text = g_key_file_to_data(keys, &len, NULL);
    g_autofree char *path = g_build_filename(spool_orders_dir(gateway->spool), order->id, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    if (file == NULL || !disk_file_write(file, text, len, error))
        return false;
    return disk_file_publish(STEP_ORDER_WRITTEN, file, error) || take_back(path, error);
}

/* A text of the file, escaped like everything from outside; NULL if it is missing or empty. */
static char *key_text(GKeyFile *keys, const char *key)
{
    g_autofree char *text = g_key_file_get_string(keys, GROUP, key, NULL);

    return text != NULL && *text != '\0' ? text_escape(text, strlen(text), MAX_REASON) : NULL;
}

/* The number of the file; -1 if it is missing or none: 0 is a number here. */
static int64_t number_of(GKeyFile *keys)
{
    g_autoptr(GError) cause = NULL;
    int64_t number = g_key_file_get_int64(keys, GROUP, "number", &cause);

    return cause == NULL ? number : -1;
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

/* *loaded: the path is a key file that we may read. False: the disk failed. */
static bool load_keys(GKeyFile *keys, const char *path, bool *loaded, GError **error)
{
    struct stat st;
    g_autoptr(GError) cause = NULL;

    *loaded = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_ORDER_BYTES &&
              g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &cause);
    if (cause == NULL || cause->domain != G_FILE_ERROR || g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, cause->message);
    return false;
}

/* Does the order name what its verb is about, and nothing else? */
static bool names_one(const struct order *order)
{
    bool job = order->job > 0, incident = order->incident > 0, file = order->file != NULL, drop = order->drop != NULL;
    bool sender = order->sender != NULL && order->type != NULL;
    int named = (order->job != 0) + (order->incident != 0) + file + drop + (order->device != NULL) +
                (order->sender != NULL || order->type != NULL);

    if (named != (order->verb == ORDER_RECOVER ? 0 : 1))
        return false;
    switch (order->verb) {
    case ORDER_CLOSE:
        return incident;
    case ORDER_REDELIVER:
        return file;
    case ORDER_TAKE:
        return drop && order->claim != NULL;
    case ORDER_RECOVER:
        return true;
    case ORDER_RELEASE_DEVICE:
        return order->device != NULL && order->as == NULL;
    case ORDER_END_DEVICE:
        return order->device != NULL && order->as != NULL &&
               (strcmp(order->as, "migrated") == 0 || strcmp(order->as, "failed") == 0);
    case ORDER_SEQUENCE:
        return sender && order->number >= 0 && order->number <= LEDGER_SEQUENCE_MAX;
    default:
        return job;
    }
}

struct order *order_read(const char *path, const char *name, GError **error)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    bool loaded;

    if (!load_keys(keys, path, &loaded, error))
        return NULL;
    struct order *order = g_new0(struct order, 1);
    order->id = text_escape(name, strlen(name), 0);
    order->verb = ORDER_VERB_COUNT;
    order->at = clock_now(); /* for a file that does not say when */
    if (!loaded)
        return order;
    g_autofree char *verb = g_key_file_get_string(keys, GROUP, "verb", NULL);
    order->job = g_key_file_get_int64(keys, GROUP, "job", NULL);
    order->incident = g_key_file_get_int64(keys, GROUP, "incident", NULL);
    order->file = key_text(keys, "file");
    order->drop = key_text(keys, "drop");
    order->claim = key_text(keys, "claim");
    order->claims = claims_of(keys);
    order->sender = key_text(keys, "sender");
    order->type = key_text(keys, "type");
    order->number = number_of(keys);
    order->device = key_text(keys, "device");
    order->as = key_text(keys, "as");
    order->reason = key_text(keys, "reason");
    order->who = key_text(keys, "who");
    int64_t at = g_key_file_get_int64(keys, GROUP, "at", NULL);
    if (at != 0) /* never later than ours: it is recorded, and nothing acts before a recorded time */
        order->at = MIN(at, order->at);
    if (verb == NULL || order->reason == NULL || order->who == NULL || at == 0 ||
        !order_verb_parse(verb, &order->verb) || !names_one(order))
        order->verb = ORDER_VERB_COUNT;
    return order;
}
