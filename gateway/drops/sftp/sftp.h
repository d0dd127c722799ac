/*
 * The door to libssh2: one SFTP session with one server. Nothing outside sftp*.c knows that library.
 *
 *   sftp = sftp_new(&peer);                                 touches nothing yet
 *   if (sftp_connect(sftp, &error)) …                       and again after a loss
 *   sftp_list | sftp_lstat | sftp_read | sftp_rename | sftp_remove | sftp_make_folder | sftp_free_space
 *   sftp_upload_begin → sftp_upload_write* → sftp_upload_finish → sftp_upload_free
 *   sftp_free(sftp);
 *
 * One thread at a time uses a session; sftp_interrupt alone may come from any. Every wait ends within the
 * peer's limit: no byte moved, no answer came. Paths are raw bytes; a relative one begins where the server
 * puts the user. Names, texts and sizes of the server are untrusted and checked; no link is ever followed
 * knowingly (lstat), no attribute is ever sent.
 *
 * Errors are SFTP_ERROR, the message says who, what and what to do. After LOST, PROTOCOL and INTERRUPTED
 * the session is disconnected.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SFTP_ERROR (sftp_error_quark())
enum sftp_error {
    SFTP_ERROR_UNREACHABLE, /* no such host, nobody listens, no answer to the connecting */
    SFTP_ERROR_HOST_KEY,    /* the server's key is unknown, another one, or of a kind that cannot be used */
    SFTP_ERROR_LOGIN,       /* the user or the identity is refused, or the identity cannot be used */
    SFTP_ERROR_LOST,        /* the connection broke or the server fell silent: nobody knows whether the last
                             * request was carried out */
    SFTP_ERROR_MISSING,     /* there is no such file or folder */
    SFTP_ERROR_REFUSED,     /* the server said no */
    SFTP_ERROR_FULL,        /* no room on the server */
    SFTP_ERROR_CHANGED,     /* the file has not the size that it was said to have */
    SFTP_ERROR_INTERRUPTED, /* sftp_interrupt */
    SFTP_ERROR_PROTOCOL,    /* what the server sends is not what was agreed, or nothing can be agreed on */
};
GQuark sftp_error_quark(void);

/* Where to and as whom. Texts are borrowed as long as the session lives; empty ones are not set. */
struct sftp_peer {
    const char *host;
    int port;
    const char *user;
    const char *identity; /* file of a private key; empty: whatever ssh-agent holds */
    const char *passphrase_file;
    const char *known_hosts;
    const char *kex, *host_keys, *ciphers, *macs; /* algorithms, joined by ','; empty: the library's */
    int64_t timeout;                              /* seconds */
};

/* What is known of the server: NULL and 0 until the connecting came that far; kept after a failure. */
struct sftp_server {
    char *address;     /* as resolved */
    char *banner;      /* "SSH-2.0-…", escaped */
    char *key;         /* "ssh-ed25519" */
    char *fingerprint; /* "SHA256:…" */
    bool trusted;      /* by known_hosts */
    char *kex;
    char *ciphers, *macs; /* to us and, where it differs, "/" and from us */
    bool logged_in;
    uint32_t version;  /* of SFTP */
    char **extensions; /* names, escaped, in the server's order */
};

struct sftp_attributes {
    bool typed; /* the server says what it is */
    bool regular, folder;
    bool sized; /* the server says how long it is */
    int64_t size;
    int64_t modified; /* seconds UTC by the server's clock, 0: not said */
};

struct sftp;
/* The first one comes before other threads use libcrypto. */
struct sftp *sftp_new(const struct sftp_peer *peer);
/* NULL is fine. */
void sftp_free(struct sftp *sftp);

/* UNREACHABLE, HOST_KEY, LOGIN, LOST, REFUSED (no SFTP for this user), INTERRUPTED, PROTOCOL. */
bool sftp_connect(struct sftp *sftp, GError **error);
/* False too when the server has hung up in the meantime. */
bool sftp_is_connected(struct sftp *sftp);
void sftp_disconnect(struct sftp *sftp);
/* What is under way ends at once, and so does all that comes later. */
void sftp_interrupt(struct sftp *sftp);
const struct sftp_server *sftp_server(const struct sftp *sftp);
/* "fsync@openssh.com" … */
bool sftp_offers(const struct sftp *sftp, const char *extension);

/* Any order, "." and ".." and names that hold '/' or NUL left out. The visitor may use the session;
 * false: enough. Attributes are those of lstat. */
typedef bool sftp_visit(void *user, const char *name, const struct sftp_attributes *attributes);
bool sftp_list(struct sftp *sftp, const char *folder, sftp_visit *visit, void *user, GError **error);
bool sftp_lstat(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error);

/* A file of that size, into sink, which may fail with an error of its own; `after` is what the server says
 * of the open file after the last byte. CHANGED when it is shorter or longer. */
typedef bool sftp_sink(void *user, const char *data, size_t len, GError **error);
bool sftp_read(struct sftp *sftp, const char *path, int64_t size, sftp_sink *sink, void *user,
               struct sftp_attributes *after, GError **error);

/* A new file; what stands there under the name is removed first. */
struct sftp_upload;
struct sftp_upload *sftp_upload_begin(struct sftp *sftp, const char *path, GError **error);
bool sftp_upload_write(struct sftp_upload *upload, const char *data, size_t len, GError **error);
/* All bytes are there and, where the server offers fsync, on its disk. `after` (may be NULL) is what the
 * server says of the file. */
bool sftp_upload_finish(struct sftp_upload *upload, struct sftp_attributes *after, GError **error);
/* Before a successful finish: the file is removed again, as far as the session still can. NULL is fine. */
void sftp_upload_free(struct sftp_upload *upload);
typedef struct sftp_upload sftp_upload_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sftp_upload_t, sftp_upload_free)

/* Servers differ in whether an existing target is replaced: look first. */
bool sftp_rename(struct sftp *sftp, const char *from, const char *to, GError **error);
bool sftp_remove(struct sftp *sftp, const char *path, GError **error);
/* With the rights that the server gives by itself. One that is there is refused. */
bool sftp_make_folder(struct sftp *sftp, const char *path, GError **error);
/* Bytes that this user can still write beside path; REFUSED where the server does not offer statvfs. */
bool sftp_free_space(struct sftp *sftp, const char *path, uint64_t *bytes, GError **error);

#endif
