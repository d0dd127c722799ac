/*
 * The drops. A drop on a server is not asked: the journal says what its last listing saw. A local one is listed, if the
 * caller wants that; it may lie on a file system that hangs, and only a command may wait for it.
 */
#include "gateway/condition/condition_private.h"

#include "gateway/drops/transport.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"

#include <sys/stat.h>

struct drop_condition *condition_drop(struct condition *condition, const char *name)
{
    for (guint d = 0; d < condition->drops->len; d++) {
        struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        if (g_strcmp0(drop->name, name) == 0)
            return drop;
    }
    return NULL;
}

static struct drop_condition *add_drop(struct condition *condition, const char *name, const char *transport)
{
    const struct drop_condition fresh = {.name = g_strdup(name), .transport = transport, .waiting = -1};

    g_array_append_val(condition->drops, fresh);
    return &g_array_index(condition->drops, struct drop_condition, condition->drops->len - 1);
}

/* True for a file that the gateway will pick up, now or later. *since: when it came, for a rename changes that time. */
static bool is_waiting(const struct drop *drop, const char *name, int64_t *since)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);
    struct stat seen;

    /* In a drop with markers, a marker announces a file; it is not picked up itself. */
    if (filename_is_temporary(name, drop->temporary) ||
        (drop->complete == COMPLETE_MARKER && g_str_has_suffix(name, DROP_MARKER)) ||
        (drop->signatures && g_str_has_suffix(name, SIGNATURE_SUFFIX)) || lstat(path, &seen) != 0 ||
        !S_ISREG(seen.st_mode))
        return false;
    *since = (int64_t)seen.st_ctim.tv_sec;
    return true;
}

/* A folder that cannot be read is a state of the drop, and no error of the caller. */
static void list_local(const struct drop *drop, struct drop_condition *found)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) names = disk_names(drop->in, &error);
    int64_t since;

    if (names == NULL) {
        log_event(LOG(EVENT_DROP_UNUSABLE, .drop = drop->name),
                  "drop %s: %s; make the folder, or correct `in` of [drop %s] in the configuration", drop->name,
                  error->message, drop->name);
        return;
    }
    found->waiting = 0;
    for (char **name = names; *name != NULL; name++) {
        if (!is_waiting(drop, *name, &since))
            continue;
        found->oldest_waiting = found->waiting == 0 ? since : MIN(found->oldest_waiting, since);
        found->waiting++;
    }
}

static bool ask_journal(struct gateway *gateway, struct drop_condition *found, GError **error)
{
    struct ledger_waiting waiting = {0};

    if (!ledger_pickups_waiting(gateway->ledger, found->name, &waiting, error))
        return false;
    found->waiting = waiting.n;
    found->oldest_waiting = waiting.oldest;
    return true;
}

/* A drop that is in the ledger, but no longer in the configuration, is there as long as files are owed to it. */
static bool add_owed(void *user, const char *name, int64_t n, int64_t oldest, GError **error)
{
    struct condition *condition = user;
    struct drop_condition *drop = condition_drop(condition, name);

    (void)error; /* nothing here can fail */
    if (drop == NULL)
        drop = add_drop(condition, name, NULL);
    drop->owed = n;
    drop->oldest_owed = oldest;
    return true;
}

bool condition_fill_drops(struct gateway *gateway, bool list_drops, struct condition *condition, GError **error)
{
    const GPtrArray *drops = gateway->config->drops;

    for (guint d = 0; d < drops->len; d++) {
        const struct drop *drop = drops->pdata[d];
        struct drop_condition *found = add_drop(condition, drop->name, drop->transport->name);
        if (list_drops && drop->transport->local_folders)
            list_local(drop, found);
        else if (!ask_journal(gateway, found, error))
            return false;
    }
    return ledger_owed_each(gateway->ledger, add_owed, condition, error);
}
