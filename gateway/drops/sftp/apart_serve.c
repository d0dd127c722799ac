/*
 * The process of a session. It gets the socket of the gateway and, as the first packet, server and user. Then it gives
 * away what it does not need: all files but those that name services and the login read, and all system calls but those
 * of a client (gateway/guards/). After that it connects, and does what it is asked.
 *
 * It trusts the gateway. It ends by _exit: nothing is to be flushed.
 */
#include "gateway/drops/sftp/apart.h"
#include "gateway/clock.h"
#include "gateway/drops/sftp/direct.h"
#include "gateway/guards/anew.h"
#include "gateway/guards/attack.h"
#include "gateway/guards/guards.h"
#include "spool/digest.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MEMORY = 512 << 20, /* bytes of address space; the program itself has a fifth of it */
    DESCRIPTORS = 64,
    SIGN_EVERY = 1000 * 1000, /* microseconds between two signs of life */
};

struct serving {
    struct direct *sftp;
    struct direct_upload *upload; /* NULL: none */
    GError *unwritten;            /* why its bytes could not be written; NULL: all were */
    uint32_t serial;              /* of the request */
    GVariantBuilder *entries;     /* of a list, not sent yet */
    size_t gathered;              /* bytes of their names */
};

/* ---- what it says ---- */

static void say(enum apart_kind kind, uint32_t serial, const void *payload, size_t len)
{
    const struct apart_packet packet = {kind, serial, payload, len};

    if (!apart_put(ANEW_SOCKET, &packet, 0))
        _exit(1); /* the gateway has ended */
}

static void say_variant(enum apart_kind kind, uint32_t serial, GVariant *payload)
{
    say(kind, serial, g_variant_get_data(payload), g_variant_get_size(payload));
    g_variant_unref(payload);
}

/* error NULL: the call succeeded. */
static void say_answer(const struct serving *s, uint32_t serial, struct apart_answer *answer, const GError *error)
{
    answer->connected = direct_is_connected(s->sftp);
    answer->good = error == NULL;
    if (error != NULL) {
        answer->code = (uint32_t)error->code;
        answer->text = error->message;
    }
    say_variant(APART_ANSWER, serial, apart_put_answer(answer));
}

/* The gateway may be about to send, too: if there is no room, it has signs enough. */
static void say_alive(void)
{
    static int64_t last;
    const struct apart_packet packet = {.kind = APART_ALIVE};
    int64_t now = clock_monotonic();

    if (now - last < SIGN_EVERY)
        return;
    last = now;
    (void)apart_put(ANEW_SOCKET, &packet, MSG_DONTWAIT); /* the end of the gateway ends this process elsewhere */
}

/* ---- lists ---- */

static void send_entries(struct serving *s)
{
    if (s->entries != NULL)
        say_variant(APART_ENTRIES, s->serial, g_variant_ref_sink(g_variant_builder_end(s->entries)));
    g_clear_pointer(&s->entries, g_variant_builder_unref);
    s->gathered = 0;
}

static bool gather(void *user, const char *name, const struct sftp_attributes *attributes)
{
    enum { ENTRY = 80 }; /* bytes of a variant beside the name */
    struct serving *s = user;

    if (s->entries == NULL)
        s->entries = g_variant_builder_new(APART_ENTRIES_TYPE);
    apart_put_entry(s->entries, name, attributes);
    s->gathered += strlen(name) + ENTRY;
    if (s->gathered >= APART_BATCH)
        send_entries(s);
    return true;
}

static bool serve_list(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    (void)answer;
    bool good = direct_list(s->sftp, r->path, gather, s, error);
    send_entries(s);
    return good;
}

/* ---- names ---- */

static bool serve_bye(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    (void)r, (void)answer, (void)error;
    direct_disconnect(s->sftp);
    _exit(0);
}

static bool serve_lstat(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    return direct_lstat(s->sftp, r->path, &answer->attributes, error);
}

static bool serve_find_type(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                            GError **error)
{
    answer->attributes = r->attributes;
    return direct_find_type(s->sftp, r->path, &answer->attributes, error);
}

static bool serve_look_inside(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                              GError **error)
{
    return direct_look_inside(s->sftp, r->path, &answer->attributes, error);
}

static bool serve_rename(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    (void)answer;
    return direct_rename(s->sftp, r->path, r->to, error);
}

static bool serve_rename_and_look(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                                  GError **error)
{
    return direct_rename_and_look(s->sftp, r->path, r->to, &answer->there, error);
}

static bool serve_move(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    struct sftp_moved moved;

    if (!direct_move(s->sftp, r->path, r->to, &moved, error))
        return false;
    answer->refused = moved.refusal != NULL;
    answer->there = moved.there;
    answer->attributes = moved.attributes;
    if (moved.refusal != NULL)
        g_propagate_error(error, moved.refusal);
    return !answer->refused;
}

static bool serve_remove(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    (void)answer;
    return direct_remove(s->sftp, r->path, error);
}

static bool serve_grant(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    (void)answer;
    return direct_grant(s->sftp, r->path, &r->rights, error);
}

static bool serve_make_folder(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                              GError **error)
{
    (void)answer;
    return direct_make_folder(s->sftp, r->path, error);
}

static bool serve_free_space(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                             GError **error)
{
    uint64_t bytes = 0;
    bool good = direct_free_space(s->sftp, r->path, &bytes, error);

    answer->number = (int64_t)bytes;
    return good;
}

/* ---- the bytes of a file ---- */

/* The gateway says something only if it wants no more. */
static bool send_bytes(void *user, const char *data, size_t len, GError **error)
{
    const struct serving *s = user;
    struct pollfd fd = {.fd = ANEW_SOCKET, .events = POLLIN};

    while (len > 0) {
        size_t piece = MIN(len, APART_PIECE);
        if (poll(&fd, 1, 0) > 0) {
            g_set_error_literal(error, SFTP_ERROR, SFTP_ERROR_CHANGED, "no more is wanted");
            return false;
        }
        say(APART_BYTES, s->serial, data, piece);
        data += piece;
        len -= piece;
    }
    return true;
}

static bool serve_read(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error)
{
    struct sftp_fetch fetch = {.path = r->path, .size = r->size, .sink = send_bytes, .user = s};
    bool good = direct_read(s->sftp, &fetch, error);

    answer->attributes = fetch.after;
    return good;
}

static void end_upload(struct serving *s)
{
    g_clear_pointer(&s->upload, direct_upload_free);
    g_clear_error(&s->unwritten);
}

static bool serve_upload_onto(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                              GError **error)
{
    (void)answer;
    end_upload(s);
    s->upload = direct_upload_onto(s->sftp, r->path, r->target, error);
    return s->upload != NULL;
}

/* Bytes of the upload. After a failure, which is said at once, the others are passed over. */
static void take_bytes(struct serving *s, const struct apart_packet *packet)
{
    struct apart_answer answer = {.good = false};

    if (s->upload == NULL || s->unwritten != NULL ||
        direct_upload_write(s->upload, (const char *)packet->payload, packet->len, &s->unwritten))
        return;
    say_answer(s, 0, &answer, s->unwritten);
}

/* False: there is no upload that could go on. */
static bool is_whole(const struct serving *s, GError **error)
{
    if (s->unwritten != NULL)
        g_propagate_error(error, g_error_copy(s->unwritten));
    else if (s->upload == NULL)
        g_set_error_literal(error, SFTP_ERROR, SFTP_ERROR_LOST, "there is no upload");
    return s->upload != NULL && s->unwritten == NULL;
}

static bool serve_upload_grant(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                               GError **error)
{
    (void)answer;
    return is_whole(s, error) && direct_upload_grant(s->upload, &r->rights, error);
}

static bool serve_upload_finish(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                                GError **error)
{
    (void)r;
    if (!is_whole(s, error) || !direct_upload_finish(s->upload, &answer->attributes, error))
        return false;
    answer->there = direct_upload_is_there(s->upload);
    end_upload(s);
    return true;
}

static bool serve_upload_free(struct serving *s, const struct apart_request *r, struct apart_answer *answer,
                              GError **error)
{
    (void)r, (void)answer, (void)error;
    end_upload(s);
    return true;
}

/* ---- requests ---- */

#ifdef ECOSGATE_CRASH_POINTS
/* The bytes, in hexadecimal digits, as a packet. */
static bool do_say(const char *digits)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (size_t i = 0; digits[i] != '\0' && digits[i + 1] != '\0'; i += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(digits[i]) << 4 | g_ascii_xdigit_value(digits[i + 1]));
        g_byte_array_append(bytes, &byte, 1);
    }
    return send(ANEW_SOCKET, bytes->data, bytes->len, MSG_NOSIGNAL) < 0;
}

/* A fault of the client that runs foreign code, as the environment orders it: ECOSGATE_SESSION_ATTACK=WHAT:ARGUMENT at
 * the first list. False, with an error that tells whether it succeeded: there was one. */
static bool attacked(GError **error)
{
    static const struct attack own[] = {{"say", do_say}};
    const char *order = g_getenv("ECOSGATE_SESSION_ATTACK");

    if (order == NULL)
        return true;
    bool succeeded = attack_run(order, own, G_N_ELEMENTS(own));
    g_set_error(error, SFTP_ERROR, SFTP_ERROR_LOST, "the attack %s", succeeded ? "has succeeded" : "was refused");
    return false;
}
#endif

typedef bool serve_call(struct serving *s, const struct apart_request *r, struct apart_answer *answer, GError **error);

static serve_call *const calls[APART_CALLS] = {
    [APART_BYE] = serve_bye,
    [APART_LIST] = serve_list,
    [APART_LSTAT] = serve_lstat,
    [APART_FIND_TYPE] = serve_find_type,
    [APART_LOOK_INSIDE] = serve_look_inside,
    [APART_READ] = serve_read,
    [APART_UPLOAD_ONTO] = serve_upload_onto,
    [APART_UPLOAD_GRANT] = serve_upload_grant,
    [APART_UPLOAD_FINISH] = serve_upload_finish,
    [APART_UPLOAD_FREE] = serve_upload_free,
    [APART_RENAME] = serve_rename,
    [APART_RENAME_AND_LOOK] = serve_rename_and_look,
    [APART_MOVE] = serve_move,
    [APART_REMOVE] = serve_remove,
    [APART_GRANT] = serve_grant,
    [APART_MAKE_FOLDER] = serve_make_folder,
    [APART_FREE_SPACE] = serve_free_space,
};

static void serve_request(struct serving *s, const struct apart_packet *packet)
{
    struct apart_answer answer = {.good = true};
    struct apart_request request;
    g_autoptr(GVariant) payload = apart_get_request(packet, &request);
    g_autoptr(GError) error = NULL;

    if (payload == NULL || request.call >= APART_CALLS)
        _exit(1);
    s->serial = packet->serial;
#ifdef ECOSGATE_CRASH_POINTS
    if (request.call == APART_LIST && !attacked(&error)) {
        say_answer(s, packet->serial, &answer, error);
        return;
    }
#endif
    (void)calls[request.call](s, &request, &answer, &error); /* it set the error */
    say_answer(s, packet->serial, &answer, error);
}

/* ---- the process ---- */

/* What name services and libraries read. */
static const char *const read_by_libraries[] = {
    "/etc/resolv.conf", "/etc/hosts",       "/etc/host.conf",       "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/services",    "/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/usr/lib",           "/lib",
    "/lib64",           "/usr/local/lib",   "/dev/urandom",         "/dev/null",          "/proc/self",
};

/* Until it has the server's socket it reads files, and asks name services and the agent. Sets *lacks to the guards that
 * it has not. */
static void guard(const struct sftp_peer *peer, const char **lacks)
{
    g_autoptr(GPtrArray) readable = g_ptr_array_new();

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    for (size_t i = 0; i < G_N_ELEMENTS(read_by_libraries); i++)
        g_ptr_array_add(readable, (gpointer)read_by_libraries[i]);
    g_ptr_array_add(readable, (gpointer)peer->known_hosts);
    g_ptr_array_add(readable, (gpointer)peer->identity);
    g_ptr_array_add(readable, (gpointer)peer->passphrase_file);
    g_ptr_array_add(readable, NULL);
    guard_limit(RLIMIT_CORE, 0);
    guard_limit(RLIMIT_FSIZE, 0);
    guard_limit(RLIMIT_NOFILE, DESCRIPTORS);
    if (!GUARD_SANITIZED)
        guard_limit(RLIMIT_AS, MEMORY);
    bool files = guard_forbid_files((const char *const *)readable->pdata, true);
    *lacks = guards_lacking(guard_filter_calls(&guard_filter_session), files);
}

/* Before the first byte of the server: from now on it has its sockets, and can get no other thing. */
static void guard_connected(void)
{
    digest_free(digest_new());             /* libcrypto reads its settings (openssl.cnf) when it is first used */
    (void)guard_forbid_files(NULL, false); /* a kernel without: so had it none before */
    (void)guard_filter_calls(&guard_filter_connected);
}

/* Waits for the end of the gateway, whatever the other thread waits for. */
static void *end_with_gateway(void *unused)
{
    struct pollfd fd = {.fd = ANEW_SOCKET};

    (void)unused;
    (void)guard_forbid_files(NULL, false); /* Landlock holds for a thread alone */
    while (poll(&fd, 1, -1) <= 0)
        ; /* interrupted */
    _exit(0);
}

/* Waits for the gateway, and tells it at once if the server closes the connection meanwhile. */
static void wait_for_gateway(const struct serving *s)
{
    struct pollfd fds[] = {{.fd = ANEW_SOCKET, .events = POLLIN}, {.events = POLLRDHUP}};
    struct apart_answer answer = {.good = true};

    fds[1].fd = direct_is_connected(s->sftp) ? direct_socket(s->sftp) : -1;
    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0 || fds[0].revents == 0) {
        if (fds[1].revents == 0)
            continue; /* interrupted */
        say_answer(s, 0, &answer, NULL);
        fds[1].fd = -1;
        fds[1].revents = 0;
    }
}

static void receive(struct apart_packet *packet, uint8_t *buffer)
{
    int n = apart_get(ANEW_SOCKET, packet, buffer, 0);

    if (n <= 0)
        _exit(n < 0);
}

static bool refuse_weak(const char *lacks, GError **error)
{
    g_set_error(error, SFTP_ERROR, SFTP_ERROR_UNREACHABLE,
                "the process of this connection lacks %s: this kernel or build has none, and cells=required demands "
                "it; use another kernel, or set cells=used",
                lacks);
    return false;
}

/* The answer to the first packet. lacks NULL: nothing that is demanded. */
static void connect_to_server(struct serving *s, uint32_t serial, const char *lacks)
{
    struct apart_answer answer = {.good = true};
    g_autoptr(GError) error = NULL;

    if (lacks != NULL ? refuse_weak(lacks, &error) : direct_reach(s->sftp, &error)) {
        guard_connected();
        (void)direct_connect(s->sftp, &answer.refused, &error); /* it set the error */
    }
    answer.server = direct_server(s->sftp);
    say_answer(s, serial, &answer, error);
}

void apart_serve(void)
{
    uint8_t *buffer = g_malloc(APART_MOST), *first = g_malloc(APART_MOST);
    struct serving s = {.upload = NULL};
    struct apart_packet packet;
    const char *lacks = NULL;
    struct sftp_peer peer;
    pthread_t thread;

    (void)prctl(PR_SET_NAME, "ecosgate-sftp", 0, 0, 0);
    guard_ignore_signals();
    guard_close_standard();
    receive(&packet, first);
    if (apart_get_peer(&packet, &peer) == NULL) /* never freed, like `first`: the texts live there */
        _exit(1);
    guard(&peer, &lacks);
    if (pthread_create(&thread, NULL, end_with_gateway, NULL) != 0)
        _exit(1);
    s.sftp = direct_new(&peer);
    direct_on_wait(s.sftp, say_alive);
    connect_to_server(&s, packet.serial, peer.guarded ? lacks : NULL);
    for (;;) {
        wait_for_gateway(&s);
        receive(&packet, buffer);
        if (packet.kind == APART_BYTES)
            take_bytes(&s, &packet);
        else if (packet.kind == APART_REQUEST)
            serve_request(&s, &packet);
        /* STOP of a read that had ended meanwhile: there is nothing to stop */
    }
}
