/* The gateway's side of the process of a session: its start, its end, and how it is asked. */
#include "gateway/drops/sftp/apart.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/guards/anew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SILENCE = 60 * 1000, /* milliseconds; a process that works says something each second: this one hangs */
    GOODBYE = 2000,      /* milliseconds */
    SHOWN_TEXT = 4000,
};

static int64_t silence(void)
{
#ifdef ECOSGATE_CRASH_POINTS
    const char *shorter = g_getenv("ECOSGATE_SESSION_SILENCE");

    return shorter != NULL ? atol(shorter) : SILENCE;
#else
    return SILENCE;
#endif
}

static bool fail(const struct sftp *sftp, enum sftp_error code, GError **error, const char *text)
{
    g_set_error(error, SFTP_ERROR, (int)code, "%s: %s", sftp->label, text);
    return false;
}

/* ---- its end ---- */

/* Waits for a process that is to take leave. */
static void let_go(const struct sftp *sftp)
{
    const struct apart_request bye = {.call = APART_BYE};
    g_autoptr(GVariant) payload = apart_put_request(&bye);
    const struct apart_packet packet = {APART_REQUEST, sftp->serial + 1, g_variant_get_data(payload),
                                        g_variant_get_size(payload)};
    struct pollfd fd = {.fd = sftp->socket};

    if (apart_put(sftp->socket, &packet, MSG_DONTWAIT))
        (void)poll(&fd, 1, GOODBYE); /* its end, or it is ended */
}

void apart_end(struct sftp *sftp, bool goodbye)
{
    if (sftp->socket >= 0 && goodbye && sftp->connected && !g_atomic_int_get(&sftp->interrupted))
        let_go(sftp);
    if (sftp->socket >= 0)
        (void)close(sftp->socket); /* ends it */
    sftp->socket = -1;
    sftp->connected = false;
    if (sftp->process > 0) {
        (void)kill(sftp->process, SIGKILL); /* ours, and not waited for yet */
        while (waitpid(sftp->process, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    sftp->process = 0;
}

bool apart_nonsense(struct sftp *sftp, GError **error)
{
    apart_end(sftp, false);
    return fail(
        sftp, SFTP_ERROR_PROTOCOL, error,
        "the process of this connection says what it cannot mean: a fault of the gateway, or the server has got "
        "hold of it; show this to whoever keeps ecosgate, and look at the server");
}

/* It has ended without being asked to. */
static bool fail_ended(struct sftp *sftp, GError **error)
{
    int status = 0;

    (void)kill(sftp->process, SIGKILL); /* its socket has ended: so does it */
    pid_t ended = waitpid(sftp->process, &status, 0);
    if (ended == sftp->process)
        sftp->process = 0;
    apart_end(sftp, false);
    g_autofree char *text =
        ended > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL
            ? g_strdup_printf(
                  "the process of this connection died of signal %d (%s); the gateway starts another one at "
                  "its next try; if it happens again, show this to whoever keeps ecosgate",
                  WTERMSIG(status), strsignal(WTERMSIG(status)))
            : g_strdup("the process of this connection ended; the gateway starts another one at its next try");
    return fail(sftp, SFTP_ERROR_LOST, error, text);
}

/* ---- waiting ---- */

static bool fail_interrupted(struct sftp *sftp, GError **error)
{
    apart_end(sftp, false);
    return fail(sftp, SFTP_ERROR_INTERRUPTED, error, "stopped before it was done");
}

static bool fail_silent(struct sftp *sftp, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("the process of this connection has said nothing for %" G_GINT64_FORMAT
                        " seconds and was ended: it hangs, was stopped, or the machine gives it no time; the gateway "
                        "starts another one at its next try; if it happens again, show this to whoever keeps ecosgate",
                        silence() / 1000);

    apart_end(sftp, false);
    return fail(sftp, SFTP_ERROR_LOST, error, text);
}

/* Takes the signs of life that have come. True: something else comes next, an end included. */
static bool has_word(struct sftp *sftp)
{
    struct apart_packet packet;
    int n;

    while ((n = apart_peek(sftp->socket, &packet)) > 0 && packet.kind == APART_ALIVE)
        (void)apart_get(sftp->socket, &packet, sftp->packet, MSG_DONTWAIT); /* it is there */
    return n >= 0 || errno != EAGAIN;
}

/* Waits until the socket is ready for one of the events. */
static bool wait_for(struct sftp *sftp, short events, GError **error)
{
    struct pollfd fds[] = {{.fd = sftp->socket, .events = POLLIN | events}, {.fd = sftp->wake, .events = POLLIN}};
    int64_t end = clock_monotonic() + silence() * 1000;

    for (;;) {
        int64_t left = end - clock_monotonic();
        int n = left <= 0 ? 0 : poll(fds, G_N_ELEMENTS(fds), (int)MIN(left / 1000 + 1, G_MAXINT));
        if (g_atomic_int_get(&sftp->interrupted))
            return fail_interrupted(sftp, error);
        if (n > 0 && (fds[0].revents & ~POLLIN) != 0)
            return true;
        if (n > 0 && fds[0].revents != 0) {
            if (has_word(sftp) && events == POLLIN)
                return true;
            if (has_word(sftp))
                fds[0].events = events; /* it is heard once what is to be sent was sent */
            else
                end = clock_monotonic() + silence() * 1000;
        }
        if (n == 0 && left <= 0)
            return fail_silent(sftp, error);
    }
}

/* ---- its start ---- */

static bool fail_start(struct sftp *sftp, const char *what, int errnum, GError **error)
{
    g_autofree char *text = g_strdup_printf(
        "no process can be started for this connection: %s: %s; raise the limits of the gateway's user: "
        "of open files (ulimit -n), of processes (ulimit -u)",
        what, g_strerror(errnum));

    return fail(sftp, SFTP_ERROR_UNREACHABLE, error, text);
}

/* sftp_interrupt may be called meanwhile: it sets its flag before it looks for the descriptor, and we look at the flag
 * afterwards. */
static bool make_wake(struct sftp *sftp, GError **error)
{
    if (sftp->wake >= 0)
        return true;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return fail_start(sftp, "eventfd", errno, error);
    g_atomic_int_set(&sftp->wake, fd);
    return true;
}

static bool start_process(struct sftp *sftp, GError **error)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fail_start(sftp, "socketpair", errno, error);
    int errnum = anew_start(SFTP_SESSION, pair[1], &sftp->process);
    (void)close(pair[1]); /* the process has its own */
    sftp->socket = pair[0];
    if (errnum == 0)
        return true;
    sftp->process = 0;
    apart_end(sftp, false);
    return fail_start(sftp, "the program cannot be run anew", errnum, error);
}

/* ---- asking ---- */

static bool send_packet(struct sftp *sftp, const struct apart_packet *packet, GError **error)
{
    while (!apart_put(sftp->socket, packet, MSG_DONTWAIT)) {
        if (errno != EAGAIN)
            return errno == EPIPE || errno == ECONNRESET ? fail_ended(sftp, error) : apart_nonsense(sftp, error);
        if (!wait_for(sftp, POLLOUT, error))
            return false;
    }
    return true;
}

static bool send_variant(struct sftp *sftp, enum apart_kind kind, GVariant *payload, GError **error)
{
    const struct apart_packet packet = {kind, ++sftp->serial, g_variant_get_data(payload), g_variant_get_size(payload)};

    return send_packet(sftp, &packet, error);
}

static bool receive(struct sftp *sftp, struct apart_packet *packet, GError **error)
{
    for (;;) {
        if (!wait_for(sftp, POLLIN, error))
            return false;
        int n = apart_get(sftp->socket, packet, sftp->packet, MSG_DONTWAIT);
        if (n > 0 && packet->kind == APART_ALIVE)
            continue;
        if (n > 0)
            return true;
        if (n == 0 || errno == ECONNRESET)
            return fail_ended(sftp, error);
        if (errno != EAGAIN)
            return apart_nonsense(sftp, error);
    }
}

/* Sets the error of an answer. */
static bool pass_failure(struct sftp *sftp, const struct apart_answer *answer, GError **error)
{
    size_t len = strlen(answer->text);
    g_autofree char *shown =
        text_is_printable(answer->text, len) ? g_strdup(answer->text) : text_escape(answer->text, len, SHOWN_TEXT);

    if (answer->code > SFTP_ERROR_PROTOCOL || len == 0)
        return apart_nonsense(sftp, error);
    g_set_error_literal(error, SFTP_ERROR, (int)answer->code, shown);
    return false;
}

static bool take_answer(struct sftp *sftp, const struct apart_packet *packet, struct apart_answer *answer,
                        GError **error)
{
    struct sftp_server server = {0};
    g_autoptr(GVariant) payload = apart_get_answer(packet, answer, &server);

    if (payload == NULL)
        return apart_nonsense(sftp, error);
    if (answer->server != NULL)
        sftp->server = server;
    sftp->connected = answer->connected;
    sftp->heard = clock_since_start();
    bool good = answer->good || pass_failure(sftp, answer, error);
    answer->text = NULL; /* it goes with the payload */
    answer->server = NULL;
    return good;
}

/* Has the process stop what it does for this request; its answer still comes. */
static bool stop(struct sftp *sftp, GError **error)
{
    const struct apart_packet packet = {.kind = APART_STOP, .serial = sftp->serial};

    return send_packet(sftp, &packet, error);
}

/* Takes packets until the answer. The error of the taker goes first. */
static bool hear(struct sftp *sftp, const struct apart_taker *taker, struct apart_answer *answer, GError **error)
{
    struct apart_packet packet;
    GError *enough = NULL, *cause = NULL;
    bool good = true, ended = false;

    while (good && !ended) {
        good = receive(sftp, &packet, &cause);
        if (!good || packet.serial == 0)
            continue; /* 0: a write of the upload failed, as its next call says, too */
        if (packet.serial != sftp->serial || (packet.kind != APART_ANSWER && taker == NULL)) {
            good = apart_nonsense(sftp, &cause);
        } else if (packet.kind == APART_ANSWER) {
            good = take_answer(sftp, &packet, answer, &cause);
            ended = true;
        } else if (enough == NULL && !taker->take(taker->user, &packet, &enough) && sftp->socket >= 0) {
            good = stop(sftp, &cause);
        }
        good = good && sftp->socket >= 0;
    }
    if (enough != NULL) {
        g_clear_error(&cause);
        cause = enough;
    }
    if (cause != NULL)
        g_propagate_error(error, cause);
    return good && enough == NULL;
}

bool apart_ask(struct sftp *sftp, const struct apart_request *request, const struct apart_taker *taker,
               struct apart_answer *answer, GError **error)
{
    g_autoptr(GVariant) payload = apart_put_request(request);

    *answer = (struct apart_answer){.good = false};
    if (sftp->socket < 0)
        return fail(sftp, SFTP_ERROR_LOST, error, "the connection is gone; the gateway connects again at its next try");
    return send_variant(sftp, APART_REQUEST, payload, error) && hear(sftp, taker, answer, error);
}

void apart_listen(struct sftp *sftp)
{
    struct apart_packet packet;
    struct apart_answer answer;
    int64_t heard = sftp->heard;

    while (sftp->connected && has_word(sftp) && receive(sftp, &packet, NULL)) {
        if (packet.serial == 0)
            (void)take_answer(sftp, &packet, &answer, NULL); /* that an upload failed is said by its next call, too */
        else
            (void)apart_nonsense(sftp, NULL);
    }
    sftp->heard = heard; /* it is no answer */
}

/* Sets *disagreed as direct_connect does. */
static bool connect_by_process(struct sftp *sftp, bool any_key, bool *disagreed, GError **error)
{
    struct sftp_peer peer = sftp->peer;
    struct apart_answer answer = {.refused = false};

    peer.any_key = any_key;
    g_autoptr(GVariant) payload = apart_put_peer(&peer);
    *disagreed = false;
    sftp_server_clear(&sftp->server);
    if (!make_wake(sftp, error))
        return false;
    if (g_atomic_int_get(&sftp->interrupted))
        return fail_interrupted(sftp, error);
    if (start_process(sftp, error) && send_variant(sftp, APART_PEER, payload, error) &&
        hear(sftp, NULL, &answer, error))
        return true;
    *disagreed = answer.refused;
    apart_end(sftp, false);
    return false;
}

/* A server that has none of the keys that known_hosts holds for it ends the handshake without showing its own. Then we
 * connect once more and ask for any key, so that the error tells a changed key from algorithms that do not match. By
 * another process: this one has heard the server, and cannot connect any more. */
bool apart_start(struct sftp *sftp, GError **error)
{
    GError *first = NULL, *second = NULL;
    bool disagreed;

    if (connect_by_process(sftp, false, &disagreed, &first))
        return true;
    if (disagreed && !connect_by_process(sftp, true, &disagreed, &second) &&
        g_error_matches(second, SFTP_ERROR, SFTP_ERROR_HOST_KEY)) {
        g_error_free(first);
        first = g_steal_pointer(&second);
    }
    g_clear_error(&second);
    apart_end(sftp, false);
    g_propagate_error(error, first);
    return false;
}

/* What a process says unasked while bytes are sent: a write failed, or the server has closed the connection. */
static bool take_early_failure(struct sftp *sftp, GError **error)
{
    struct apart_packet packet;
    struct apart_answer answer;

    if (!receive(sftp, &packet, error))
        return false;
    if (packet.serial != 0)
        return apart_nonsense(sftp, error);
    return take_answer(sftp, &packet, &answer, error) &&
           fail(sftp, SFTP_ERROR_LOST, error,
                "the server broke the connection; the gateway connects again at its next try");
}

bool apart_send_bytes(struct sftp *sftp, const char *data, size_t len, GError **error)
{
    if (sftp->socket < 0)
        return fail(sftp, SFTP_ERROR_LOST, error, "the connection is gone; the gateway connects again at its next try");
    while (len > 0) {
        const struct apart_packet packet = {APART_BYTES, sftp->serial, (const uint8_t *)data, MIN(len, APART_PIECE)};
        if (has_word(sftp))
            return take_early_failure(sftp, error);
        if (!send_packet(sftp, &packet, error))
            return false;
        data += packet.len;
        len -= packet.len;
    }
    return true;
}
