/*
 * A session in a process of its own. sftp.h is done here: each call becomes a request to that process (apart_calls.c),
 * which has the socket of the server and the drop's key, and nothing else (apart_serve.c). What its server makes of it
 * reaches neither ledger nor keys of others.
 *
 *   sftp_connect       the process is started: this program anew (posix_spawn), with nothing of the gateway's memory
 *   apart_ask          a request, and its answer
 *   sftp_disconnect    the process ends, as it does by PROTOCOL and INTERRUPTED
 *
 * The process ends at once when the gateway does: a thread there waits for the end of the socket. So no late request of
 * a gateway that was killed meets those of the next one.
 *
 * The other design was a process for a whole transport, with the claim, the publication and their crash points in it.
 * Everything that has to be right would then stand beside libssh2.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_APART_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_APART_H

#include "gateway/drops/sftp/apart_message.h"

#include <sys/types.h>

struct sftp {
    struct sftp_peer peer;
    char *label;      /* "user@host:port", the beginning of every error text */
    gint wake;        /* atomic; eventfd: readable once interrupted; -1: not made yet */
    gint interrupted; /* atomic: set by sftp_interrupt, from any thread */
    int socket;       /* -1: there is no process */
    pid_t process;
    uint32_t serial; /* of the newest request */
    bool connected;  /* as the last answer said */
    int64_t heard;   /* clock_since_start of the last answer: a suspended machine was idle */
    uint8_t *packet; /* APART_MOST bytes: the last packet */
    struct sftp_server server;
};

/* Takes what comes before the answer. False with an error: no more is wanted. */
typedef bool apart_take(void *user, const struct apart_packet *packet, GError **error);
struct apart_taker {
    apart_take *take;
    void *user; /* of take */
};

/* Starts a process, and has it connect. The server is set as far as it was learned. */
bool apart_start(struct sftp *sftp, GError **error);
/* Ends the process. `goodbye`: it may take leave of the server. */
void apart_end(struct sftp *sftp, bool goodbye);
/* Asks the process. taker NULL: nothing comes before the answer. Texts of the answer are gone afterwards; `refused` of
 * it is set also after a failure. After an error of the taker the session goes on; after LOST, PROTOCOL and INTERRUPTED
 * there is none. */
bool apart_ask(struct sftp *sftp, const struct apart_request *request, const struct apart_taker *taker,
               struct apart_answer *answer, GError **error);
/* Hears what the process has said unasked. */
void apart_listen(struct sftp *sftp);
/* Sends bytes of an upload. An error of an earlier write may be reported. */
bool apart_send_bytes(struct sftp *sftp, const char *data, size_t len, GError **error);
/* Sets PROTOCOL: the process of the session says what it cannot mean. Ends it. Returns false. */
bool apart_nonsense(struct sftp *sftp, GError **error);
/* What the process of a session does; ends it. (apart_serve.c) */
void apart_serve(void) __attribute__((noreturn));

#endif
