/*
 * What the files of the SFTP door share: sftp_reach (name and socket), sftp_trust (known_hosts), sftp_login,
 * sftp_session (their order, waiting, the end), sftp_cipher (AES, faster), sftp_wire (requests and answers),
 * sftp_files and sftp_stream (what is asked).
 *
 * libssh2 does SSH. SFTP itself, version 3, is spoken here on a channel of it, because libssh2's own layer
 * cannot do what is asked of it: up to 1.10 it sends permissions with every open, cuts handles at 256 bytes
 * and answers at 256 KiB, gives up on short reads, has no way to tell extensions and the server's own words
 * from a refusal, and needs an answer before each next request.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_PRIVATE_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_PRIVATE_H

#include "gateway/drops/sftp/sftp.h"

#include <libssh2.h>

struct sftp_wire {
    GByteArray *out; /* requests not sent yet */
    guint at;        /* where the last one begins */
    uint8_t *in;     /* bytes received: packets from begin to end */
    size_t begin, end, room;
    uint32_t next_id;
    GHashTable *asked; /* id → GINT: whether the answer is wanted */
    GHashTable *kept;  /* id → GByteArray: answers that came before they were waited for */
    GByteArray *held;  /* the one of them that was given out last */
};

/* Between the socket and libssh2, which takes 16 KiB at once and goes on until the socket is empty, which may be a
 * window of bytes, before it gives out the first of them: who waits for them had none for long, and then too many. */
struct sftp_inlet {
    bool open; /* the socket may be read once more before the next wait */
    size_t begin, end;
    uint8_t bytes[128 * 1024];
};

struct sftp {
    struct sftp_peer peer;
    char *label;      /* "user@host:port" */
    int wake;         /* eventfd: readable once interrupted */
    gint interrupted; /* atomic */
    int fd;
    LIBSSH2_SESSION *ssh;
    LIBSSH2_CHANNEL *channel;
    bool usable;                      /* requests can be sent */
    int64_t deadline;                 /* monotonic microseconds: no wait goes on after it */
    uint32_t read_piece, write_piece; /* bytes asked for, or written, by one request */
    struct sftp_server facts;
    struct sftp_inlet inlet;
    struct sftp_wire wire;
};

/* ---- sftp_session.c ---- */

/* Sets an error that begins with the label, and returns false. */
bool sftp_fail(const struct sftp *sftp, enum sftp_error code, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* After a libssh2 function failed with rc: LOST, or PROTOCOL when the server is there but wrong. */
bool sftp_fail_ssh(struct sftp *sftp, long rc, const char *doing, GError **error);
/* Something moved: waits may go on for the peer's limit and so many seconds more from now. */
void sftp_progress(struct sftp *sftp, int64_t more);
/* False once interrupted. */
bool sftp_check(const struct sftp *sftp, GError **error);
/* Waits until fd is ready for one of the poll events. INTERRUPTED; LOST after the deadline. */
bool sftp_wait_fd(struct sftp *sftp, int fd, short events, GError **error);
/* Waits for what the last call of libssh2 returned EAGAIN for. */
bool sftp_wait(struct sftp *sftp, GError **error);

/* What has come on the channel: > 0, 0 at its end, or an error of libssh2. */
ssize_t sftp_take(struct sftp *sftp, void *data, size_t len);

/* Repeats a call of libssh2 that gives rc until it gives something else than EAGAIN or waiting fails (then
 * rc stays EAGAIN and error is set). */
#define SFTP_REPEAT(sftp, rc, call, error)                                                                             \
    do {                                                                                                               \
        (rc) = (call);                                                                                                 \
    } while ((rc) == LIBSSH2_ERROR_EAGAIN && sftp_wait(sftp, error))

/* ---- sftp_reach.c ---- */

/* sftp->fd is connected, without delay and with keepalive. */
bool sftp_reach(struct sftp *sftp, GError **error);

/* ---- sftp_trust.c ---- */

struct sftp_trust;
/* Reads known_hosts. */
struct sftp_trust *sftp_trust_load(struct sftp *sftp, GError **error);
/* Those of the keys that it holds for this server; when it holds none, or for NULL, all that can be used,
 * so that the server shows the key that it has. g_free. */
char *sftp_trust_algorithms(struct sftp *sftp, const struct sftp_trust *trust);
/* The key that the server has proved to own. */
bool sftp_trust_check(struct sftp *sftp, const struct sftp_trust *trust, GError **error);
/* NULL is fine. Before the session is freed. */
void sftp_trust_free(struct sftp_trust *trust);
/* Does this libssh2 know the algorithm? `method` is LIBSSH2_METHOD_…. */
bool sftp_supports(struct sftp *sftp, int method, const char *algorithm);
char *sftp_supported(struct sftp *sftp, int method);

/* ---- sftp_login.c ---- */

bool sftp_login(struct sftp *sftp, GError **error);

/* ---- sftp_cipher.c ---- */

/* libssh2 1.10 hands every 16 bytes to libcrypto by themselves, and a call costs ten times what the AES in it
 * does, which was the greatest part of what a fetch costs. After this AES-128 in counter mode, which OpenSSH and
 * libssh2 prefer, is answered out of a keystream that libcrypto's own AES makes ahead, 4 KiB at once: the same
 * bytes in less time. AES-256 is left alone: libcrypto makes its random numbers with it. It holds for the whole
 * process; first before other threads use libcrypto. False, and all stays as it was, where FIPS is asked for or
 * libcrypto will not. */
bool sftp_cipher_use(void);

/* ---- sftp_wire.c: one request is wire_begin, wire_put_*, wire_end; wire_reply sends what was not sent ---- */

/* What every server takes in one request, and what is used of more that one allows. */
enum { SFTP_PIECE = 32768, SFTP_LARGE_PIECE = 4 * SFTP_PIECE };

enum sftp_packet {
    SFTP_INIT = 1,
    SFTP_VERSION = 2,
    SFTP_OPEN = 3,
    SFTP_CLOSE = 4,
    SFTP_READ = 5,
    SFTP_WRITE = 6,
    SFTP_LSTAT = 7,
    SFTP_FSTAT = 8,
    SFTP_OPENDIR = 11,
    SFTP_READDIR = 12,
    SFTP_REMOVE = 13,
    SFTP_MKDIR = 14,
    SFTP_RENAME = 18,
    SFTP_STATUS = 101,
    SFTP_HANDLE = 102,
    SFTP_DATA = 103,
    SFTP_NAME = 104,
    SFTP_ATTRS = 105,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY = 201,
};
enum sftp_status { SFTP_OK = 0, SFTP_EOF = 1 };

/* An answer; what is left of it, which lasts until the next call of any wire function. */
struct sftp_reply {
    uint8_t type;
    const uint8_t *at;
    size_t left;
};

void wire_init(struct sftp_wire *wire);
/* As after wire_init. */
void wire_reset(struct sftp_wire *wire);
void wire_clear(struct sftp_wire *wire);

/* Greets the server: facts.version, facts.extensions, and how large its pieces may be. */
bool wire_greet(struct sftp *sftp, GError **error);

/* Returns the request's id. */
uint32_t wire_begin(struct sftp *sftp, enum sftp_packet type);
void wire_put_u32(struct sftp *sftp, uint32_t value);
void wire_put_u64(struct sftp *sftp, uint64_t value);
void wire_put(struct sftp *sftp, const void *data, size_t len); /* a string: length and bytes */
void wire_put_text(struct sftp *sftp, const char *text);
void wire_end(struct sftp *sftp);
/* A whole request of a type and one string. */
uint32_t wire_ask(struct sftp *sftp, enum sftp_packet type, const void *data, size_t len);

bool wire_flush(struct sftp *sftp, GError **error);
/* Waits for the answer to that request. LOST, INTERRUPTED, PROTOCOL. */
bool wire_reply(struct sftp *sftp, uint32_t id, struct sftp_reply *reply, GError **error);
/* *there is false when there is none yet; does not wait. */
bool wire_look(struct sftp *sftp, uint32_t id, struct sftp_reply *reply, bool *there, GError **error);
/* The answer, when it comes, is dropped. */
void wire_ignore(struct sftp *sftp, uint32_t id);

/* Reading an answer: false past its end, *value untouched. */
bool reply_u32(struct sftp_reply *reply, uint32_t *value);
bool reply_u64(struct sftp_reply *reply, uint64_t *value);
bool reply_string(struct sftp_reply *reply, const uint8_t **data, size_t *len);
bool reply_attributes(struct sftp_reply *reply, struct sftp_attributes *attributes);

/* An answer that is not of the wanted type: the error that its status means (REFUSED, MISSING, FULL, LOST),
 * or PROTOCOL. `what` is like "cannot open" and path. Returns false. */
bool reply_fail(struct sftp *sftp, struct sftp_reply *reply, const char *what, const char *path, GError **error);
/* The status of an answer; false when it is none. */
bool reply_status(const struct sftp_reply *reply, uint32_t *status);
/* Ends the session with PROTOCOL. Returns false. */
bool wire_broken(struct sftp *sftp, const char *how, GError **error);

/* ---- sftp_files.c ---- */

/* Waits for a status; anything but OK is an error. */
bool sftp_settle(struct sftp *sftp, uint32_t id, const char *what, const char *path, GError **error);
bool sftp_settle_attributes(struct sftp *sftp, uint32_t id, const char *path, struct sftp_attributes *attributes,
                            GError **error);
/* NULL with an error; else the handle: g_byte_array_unref. */
GByteArray *sftp_settle_handle(struct sftp *sftp, uint32_t id, const char *path, GError **error);
/* The answer is not waited for. NULL is fine. */
void sftp_close_handle(struct sftp *sftp, GByteArray *handle);

#endif
