/* sftp.h: each call that asks the server is a request to the process of the session. */
#include "gateway/drops/sftp/apart.h"

#include "gateway/clock.h"
#include "gateway/drops/sftp/sftp_limits.h"

#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(ecosgate - sftp - error, sftp_error)

/* ---- life ---- */

struct sftp *sftp_new(const struct sftp_peer *peer)
{
    struct sftp *sftp = g_new0(struct sftp, 1);

    sftp->peer = *peer;
    sftp->label = g_strdup_printf("%s@%s:%d", peer->user, peer->host, peer->port);
    sftp->wake = -1;
    sftp->socket = -1;
    sftp->packet = g_malloc(APART_MOST);
    return sftp;
}

void sftp_free(struct sftp *sftp)
{
    if (sftp == NULL)
        return;
    apart_end(sftp, true);
    sftp_server_clear(&sftp->server);
    if (sftp->wake >= 0)
        (void)close(sftp->wake); /* an eventfd: nothing is lost */
    g_free(sftp->packet);
    g_free(sftp->label);
    g_free(sftp);
}

bool sftp_connect(struct sftp *sftp, GError **error)
{
    apart_end(sftp, true);
    return apart_start(sftp, error);
}

void sftp_disconnect(struct sftp *sftp)
{
    apart_end(sftp, true);
}

bool sftp_is_connected(struct sftp *sftp)
{
    apart_listen(sftp);
    return sftp->connected;
}

int64_t sftp_idle(const struct sftp *sftp)
{
    return clock_since_start() - sftp->heard;
}

void sftp_interrupt(struct sftp *sftp)
{
    const uint64_t one = 1;

    g_atomic_int_set(&sftp->interrupted, 1);
    int wake = g_atomic_int_get(&sftp->wake);
    if (wake >= 0 && write(wake, &one, sizeof one) < 0)
        return; /* the counter is full: the descriptor is readable already */
}

const struct sftp_server *sftp_server(const struct sftp *sftp)
{
    return &sftp->server;
}

bool sftp_offers(const struct sftp *sftp, const char *extension)
{
    return sftp->server.extensions != NULL && g_strv_contains((const char *const *)sftp->server.extensions, extension);
}

/* ---- folders and names ---- */

/* Entries of a list, until all of it is there. */
struct listed {
    struct sftp *sftp;
    GArray *entries; /* struct entry */
    int64_t bytes;   /* of their names */
};

struct entry {
    char *name;
    struct sftp_attributes attributes;
};

static void clear_entry(gpointer data)
{
    g_free(((struct entry *)data)->name);
}

static bool keep_entry(void *user, const char *name, const struct sftp_attributes *attributes)
{
    struct listed *listed = user;
    const struct entry entry = {g_strdup(name), *attributes};

    g_array_append_val(listed->entries, entry);
    listed->bytes += (int64_t)strlen(name);
    return listed->entries->len <= listed->sftp->peer.listed_max &&
           listed->bytes <= listed->sftp->peer.listed_max * SFTP_USUAL_NAME; /* the session refuses other lists */
}

static bool take_entries(void *user, const struct apart_packet *packet, GError **error)
{
    struct listed *listed = user;
    bool enough = false;

    if (packet->kind != APART_ENTRIES || !apart_get_entries(packet, keep_entry, listed, &enough) || enough)
        return apart_nonsense(listed->sftp, error);
    return true;
}

bool sftp_list(struct sftp *sftp, const char *folder, sftp_visit *visit, void *user, GError **error)
{
    const struct apart_request request = {.call = APART_LIST, .path = folder};
    struct listed listed = {.sftp = sftp, .entries = g_array_new(FALSE, FALSE, sizeof(struct entry))};
    const struct apart_taker taker = {take_entries, &listed};
    struct apart_answer answer;
    bool more = true;

    g_array_set_clear_func(listed.entries, clear_entry);
    bool good = apart_ask(sftp, &request, &taker, &answer, error);
    for (guint i = 0; good && more && i < listed.entries->len; i++) {
        const struct entry *entry = &g_array_index(listed.entries, struct entry, i);
        more = visit(user, entry->name, &entry->attributes);
    }
    g_array_unref(listed.entries);
    return good;
}

/* A request whose result is attributes. */
static bool ask_attributes(struct sftp *sftp, const struct apart_request *request, struct sftp_attributes *attributes,
                           GError **error)
{
    struct apart_answer answer;

    if (!apart_ask(sftp, request, NULL, &answer, error))
        return false;
    *attributes = answer.attributes;
    return true;
}

bool sftp_lstat(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    const struct apart_request request = {.call = APART_LSTAT, .path = path};

    return ask_attributes(sftp, &request, attributes, error);
}

bool sftp_find_type(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    const struct apart_request request = {.call = APART_FIND_TYPE, .path = path, .attributes = *attributes};

    return ask_attributes(sftp, &request, attributes, error);
}

bool sftp_look_inside(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    const struct apart_request request = {.call = APART_LOOK_INSIDE, .path = path};

    return ask_attributes(sftp, &request, attributes, error);
}

static bool ask(struct sftp *sftp, const struct apart_request *request, GError **error)
{
    struct apart_answer answer;

    return apart_ask(sftp, request, NULL, &answer, error);
}

bool sftp_rename(struct sftp *sftp, const char *from, const char *to, GError **error)
{
    const struct apart_request request = {.call = APART_RENAME, .path = from, .to = to};

    return ask(sftp, &request, error);
}

bool sftp_rename_and_look(struct sftp *sftp, const char *from, const char *to, bool *there, GError **error)
{
    const struct apart_request request = {.call = APART_RENAME_AND_LOOK, .path = from, .to = to};
    struct apart_answer answer;

    if (!apart_ask(sftp, &request, NULL, &answer, error))
        return false;
    *there = answer.there;
    return true;
}

bool sftp_move(struct sftp *sftp, const char *from, const char *to, struct sftp_moved *moved, GError **error)
{
    const struct apart_request request = {.call = APART_MOVE, .path = from, .to = to};
    struct apart_answer answer;
    GError *cause = NULL;

    *moved = (struct sftp_moved){0};
    bool good = apart_ask(sftp, &request, NULL, &answer, &cause);
    if (!good && (!answer.refused || sftp->socket < 0)) {
        g_propagate_error(error, cause);
        return false;
    }
    *moved = (struct sftp_moved){.refusal = cause, .there = answer.there, .attributes = answer.attributes};
    return true;
}

bool sftp_remove(struct sftp *sftp, const char *path, GError **error)
{
    const struct apart_request request = {.call = APART_REMOVE, .path = path};

    return ask(sftp, &request, error);
}

bool sftp_grant(struct sftp *sftp, const char *path, const struct file_rights *rights, GError **error)
{
    const struct apart_request request = {.call = APART_GRANT, .path = path, .rights = *rights};

    return ask(sftp, &request, error);
}

bool sftp_make_folder(struct sftp *sftp, const char *path, GError **error)
{
    const struct apart_request request = {.call = APART_MAKE_FOLDER, .path = path};

    return ask(sftp, &request, error);
}

bool sftp_free_space(struct sftp *sftp, const char *path, uint64_t *bytes, GError **error)
{
    const struct apart_request request = {.call = APART_FREE_SPACE, .path = path};
    struct apart_answer answer;

    if (!apart_ask(sftp, &request, NULL, &answer, error))
        return false;
    *bytes = (uint64_t)answer.number;
    return true;
}

/* ---- the bytes of a file ---- */

struct taking {
    struct sftp *sftp;
    const struct sftp_fetch *fetch;
    int64_t taken; /* bytes */
};

static bool take_bytes(void *user, const struct apart_packet *packet, GError **error)
{
    struct taking *taking = user;

    taking->taken += (int64_t)packet->len;
    if (packet->kind != APART_BYTES || packet->len == 0 || taking->taken > taking->fetch->size)
        return apart_nonsense(taking->sftp, error);
    return taking->fetch->sink(taking->fetch->user, (const char *)packet->payload, packet->len, error);
}

bool sftp_read(struct sftp *sftp, struct sftp_fetch *fetch, GError **error)
{
    const struct apart_request request = {.call = APART_READ, .path = fetch->path, .size = fetch->size};
    struct taking taking = {sftp, fetch, 0};
    const struct apart_taker taker = {take_bytes, &taking};
    struct apart_answer answer;

    if (!apart_ask(sftp, &request, &taker, &answer, error))
        return false;
    if (taking.taken != fetch->size)
        return apart_nonsense(sftp, error);
    fetch->after = answer.attributes;
    return true;
}

struct sftp_upload {
    struct sftp *sftp;
    bool open; /* the session has it: it is to be freed there, too */
    bool there;
};

struct sftp_upload *sftp_upload_begin(struct sftp *sftp, const char *path, GError **error)
{
    return sftp_upload_onto(sftp, path, SFTP_TARGET_REPLACED, error);
}

struct sftp_upload *sftp_upload_onto(struct sftp *sftp, const char *path, enum sftp_target target, GError **error)
{
    const struct apart_request request = {.call = APART_UPLOAD_ONTO, .path = path, .target = target};

    if (!ask(sftp, &request, error))
        return NULL;
    struct sftp_upload *upload = g_new0(struct sftp_upload, 1);
    upload->sftp = sftp;
    upload->open = true;
    return upload;
}

bool sftp_upload_write(struct sftp_upload *upload, const char *data, size_t len, GError **error)
{
    return apart_send_bytes(upload->sftp, data, len, error);
}

bool sftp_upload_grant(struct sftp_upload *upload, const struct file_rights *rights, GError **error)
{
    const struct apart_request request = {.call = APART_UPLOAD_GRANT, .rights = *rights};

    return !file_rights_any(rights) || ask(upload->sftp, &request, error);
}

bool sftp_upload_finish(struct sftp_upload *upload, struct sftp_attributes *after, GError **error)
{
    const struct apart_request request = {.call = APART_UPLOAD_FINISH};
    struct apart_answer answer;

    if (!apart_ask(upload->sftp, &request, NULL, &answer, error))
        return false;
    upload->open = false;
    upload->there = answer.there;
    if (after != NULL)
        *after = answer.attributes;
    return true;
}

bool sftp_upload_is_there(const struct sftp_upload *upload)
{
    return upload->there;
}

void sftp_upload_free(struct sftp_upload *upload)
{
    const struct apart_request request = {.call = APART_UPLOAD_FREE};

    if (upload == NULL)
        return;
    if (upload->open && upload->sftp->socket >= 0)
        (void)ask(upload->sftp, &request, NULL); /* if the file stays, the next upload of that name replaces it */
    g_free(upload);
}
