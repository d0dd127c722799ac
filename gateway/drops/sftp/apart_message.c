#include "gateway/drops/sftp/apart_message.h"

#include "gateway/drops/sftp/sftp_limits.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ATTRIBUTES "(bbbbxxbubuu)"
#define PEER "(ayxayayayayayayayayxxxxbb)"
#define REQUEST "(uayayxu" ATTRIBUTES "(ubu))"
#define SERVER "(ayayayaybayayaybuaay)"
#define ANSWER "(bbbuaybx" ATTRIBUTES "m" SERVER ")"

/* ---- packets ---- */

struct head {
    uint32_t kind, serial;
};

bool apart_put(int socket, const struct apart_packet *packet, int flags)
{
    struct head head = {packet->kind, packet->serial};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)packet->payload, packet->len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n;

    do
        n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

int apart_get(int socket, struct apart_packet *packet, uint8_t *buffer, int flags)
{
    struct head head;
    ssize_t n;

    do
        n = recv(socket, buffer, APART_MOST, flags | MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return (int)n;
    if (n < (ssize_t)sizeof head || n > APART_MOST) {
        errno = EBADMSG;
        return -1;
    }
    memcpy(&head, buffer, sizeof head);
    *packet = (struct apart_packet){head.kind, head.serial, buffer + sizeof head, (size_t)n - sizeof head};
    return 1;
}

int apart_peek(int socket, struct apart_packet *packet)
{
    struct head head;
    ssize_t n;

    do
        n = recv(socket, &head, sizeof head, MSG_DONTWAIT | MSG_PEEK);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof head)
        *packet = (struct apart_packet){.kind = head.kind, .serial = head.serial};
    else if (n > 0)
        *packet = (struct apart_packet){.kind = APART_ANSWER}; /* none, as apart_get says */
    return n > 0 ? 1 : (int)n;
}

/* The payload as that type, without trust; its bytes stay where they are. */
static GVariant *read_payload(const struct apart_packet *packet, const char *type)
{
    GVariant *read = g_variant_ref_sink(
        g_variant_new_from_data(G_VARIANT_TYPE(type), packet->payload, packet->len, FALSE, NULL, NULL));

    if (g_variant_is_normal_form(read))
        return read;
    g_variant_unref(read);
    return NULL;
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- attributes ---- */

static GVariant *put_attributes(const struct sftp_attributes *a)
{
    return g_variant_new(ATTRIBUTES, a->typed, a->regular, a->folder, a->sized, a->size, a->modified, a->moded, a->mode,
                         a->owned, a->user, a->group);
}

static struct sftp_attributes get_attributes(GVariant *from)
{
    gboolean typed, regular, folder, sized, moded, owned;
    struct sftp_attributes a;

    g_variant_get(from, ATTRIBUTES, &typed, &regular, &folder, &sized, &a.size, &a.modified, &moded, &a.mode, &owned,
                  &a.user, &a.group);
    a.typed = typed;
    a.regular = regular;
    a.folder = folder;
    a.sized = sized && a.size >= 0;
    a.moded = moded;
    a.owned = owned;
    return a;
}

/* ---- the peer ---- */

GVariant *apart_put_peer(const struct sftp_peer *p)
{
    return g_variant_ref_sink(g_variant_new(
        "(^ayx^ay^ay^ay^ay^ay^ay^ay^ayxxxxbb)", p->host, (gint64)p->port, p->user, text_or_empty(p->identity),
        text_or_empty(p->passphrase_file), text_or_empty(p->known_hosts), text_or_empty(p->kex),
        text_or_empty(p->host_keys), text_or_empty(p->ciphers), text_or_empty(p->macs), p->timeout, p->rate_seconds,
        p->rate_min, p->listed_max, (gboolean)p->guarded, (gboolean)p->any_key));
}

GVariant *apart_get_peer(const struct apart_packet *packet, struct sftp_peer *p)
{
    GVariant *read = packet->kind == APART_PEER ? read_payload(packet, PEER) : NULL;
    gboolean guarded, any_key;
    gint64 port;

    if (read == NULL)
        return NULL;
    g_variant_get(read, "(^&ayx^&ay^&ay^&ay^&ay^&ay^&ay^&ay^&ayxxxxbb)", &p->host, &port, &p->user, &p->identity,
                  &p->passphrase_file, &p->known_hosts, &p->kex, &p->host_keys, &p->ciphers, &p->macs, &p->timeout,
                  &p->rate_seconds, &p->rate_min, &p->listed_max, &guarded, &any_key);
    p->port = (int)port;
    p->guarded = guarded;
    p->any_key = any_key;
    return read;
}

/* ---- requests ---- */

GVariant *apart_put_request(const struct apart_request *r)
{
    return g_variant_ref_sink(g_variant_new("(u^ay^ayxu@" ATTRIBUTES "(ubu))", (guint32)r->call, text_or_empty(r->path),
                                            text_or_empty(r->to), r->size, (guint32)r->target,
                                            put_attributes(&r->attributes), r->rights.mode,
                                            (gboolean)r->rights.has_group, r->rights.group));
}

GVariant *apart_get_request(const struct apart_packet *packet, struct apart_request *r)
{
    GVariant *read = packet->kind == APART_REQUEST ? read_payload(packet, REQUEST) : NULL;
    g_autoptr(GVariant) attributes = NULL;
    guint32 call, target;
    gboolean has_group;

    if (read == NULL)
        return NULL;
    g_variant_get(read, "(u^&ay^&ayxu@" ATTRIBUTES "(ubu))", &call, &r->path, &r->to, &r->size, &target, &attributes,
                  &r->rights.mode, &has_group, &r->rights.group);
    r->call = call;
    r->target = target;
    r->attributes = get_attributes(attributes);
    r->rights.has_group = has_group;
    return read;
}

/* ---- answers ---- */

/* The names, as many as a packet can carry. */
static GVariant *put_extensions(char **extensions)
{
    GVariantBuilder builder;
    size_t bytes = 0;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aay"));
    for (char **at = extensions; at != NULL && *at != NULL; at++) {
        bytes += strlen(*at) + 1;
        if (bytes > APART_MOST_EXTENSIONS)
            break;
        g_variant_builder_add(&builder, "^ay", *at);
    }
    return g_variant_builder_end(&builder);
}

static GVariant *put_server(const struct sftp_server *s)
{
    return g_variant_new("(^ay^ay^ay^ayb^ay^ay^aybu@aay)", text_or_empty(s->address), text_or_empty(s->banner),
                         text_or_empty(s->key), text_or_empty(s->fingerprint), (gboolean)s->trusted,
                         text_or_empty(s->kex), text_or_empty(s->ciphers), text_or_empty(s->macs),
                         (gboolean)s->logged_in, s->version, put_extensions(s->extensions));
}

static char *text_or_null(const char *text)
{
    return *text != '\0' ? g_strdup(text) : NULL;
}

static void get_server(GVariant *from, struct sftp_server *s)
{
    const char *address, *banner, *key, *fingerprint, *kex, *ciphers, *macs;
    gboolean trusted, logged_in;

    g_variant_get(from, "(^&ay^&ay^&ay^&ayb^&ay^&ay^&aybu^aay)", &address, &banner, &key, &fingerprint, &trusted, &kex,
                  &ciphers, &macs, &logged_in, &s->version, &s->extensions);
    s->address = text_or_null(address);
    s->banner = text_or_null(banner);
    s->key = text_or_null(key);
    s->fingerprint = text_or_null(fingerprint);
    s->trusted = trusted;
    s->kex = text_or_null(kex);
    s->ciphers = text_or_null(ciphers);
    s->macs = text_or_null(macs);
    s->logged_in = logged_in;
}

GVariant *apart_put_answer(const struct apart_answer *a)
{
    GVariant *server = a->server != NULL ? put_server(a->server) : NULL;

    return g_variant_ref_sink(g_variant_new("(bbbu^aybx@" ATTRIBUTES "@m" SERVER ")", (gboolean)a->connected,
                                            (gboolean)a->good, (gboolean)a->refused, a->code, text_or_empty(a->text),
                                            (gboolean)a->there, a->number, put_attributes(&a->attributes),
                                            g_variant_new_maybe(G_VARIANT_TYPE(SERVER), server)));
}

GVariant *apart_get_answer(const struct apart_packet *packet, struct apart_answer *a, struct sftp_server *server)
{
    GVariant *read = packet->kind == APART_ANSWER ? read_payload(packet, ANSWER) : NULL;
    g_autoptr(GVariant) attributes = NULL;
    g_autoptr(GVariant) told = NULL;
    gboolean connected, good, refused, there;

    if (read == NULL)
        return NULL;
    g_variant_get(read, "(bbbu^&aybx@" ATTRIBUTES "m@" SERVER ")", &connected, &good, &refused, &a->code, &a->text,
                  &there, &a->number, &attributes, &told);
    a->connected = connected;
    a->good = good;
    a->refused = refused;
    a->there = there;
    a->attributes = get_attributes(attributes);
    a->server = NULL;
    if (told != NULL && server != NULL) {
        get_server(told, server);
        a->server = server;
    }
    return read;
}

/* ---- entries ---- */

void apart_put_entry(GVariantBuilder *builder, const char *name, const struct sftp_attributes *attributes)
{
    g_variant_builder_add(builder, "(^ay@" ATTRIBUTES ")", name, put_attributes(attributes));
}

static bool is_name(const char *name)
{
    return *name != '\0' && strlen(name) <= SFTP_LONGEST_NAME && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

bool apart_get_entries(const struct apart_packet *packet, sftp_visit *visit, void *user, bool *enough)
{
    g_autoptr(GVariant) read = read_payload(packet, (const char *)APART_ENTRIES_TYPE);
    GVariantIter entries;
    GVariant *attributes;
    const char *name;
    bool good = read != NULL;

    if (!good)
        return false;
    g_variant_iter_init(&entries, read);
    while (good && !*enough && g_variant_iter_next(&entries, "(^&ay@" ATTRIBUTES ")", &name, &attributes)) {
        struct sftp_attributes got = get_attributes(attributes);
        g_variant_unref(attributes);
        good = is_name(name);
        if (good)
            *enough = !visit(user, name, &got);
    }
    return good;
}
