/*
 * One SFTP session with one server, in a process of its own (apart.h). Only the files of this folder call libssh2.
 *
 *   sftp = sftp_new(&peer);                                 touches nothing yet
 *   if (sftp_connect(sftp, &error)) …                       and again after a loss
 *   sftp_list | sftp_lstat | sftp_read | sftp_rename | sftp_remove | sftp_make_folder | sftp_free_space
 *   sftp_upload_begin → sftp_upload_write* → sftp_upload_finish → sftp_upload_free
 *   sftp_free(sftp);
 *
 * A session is used by one thread at a time; only sftp_interrupt may be called from another one. Each wait ends when
 * the server has moved no byte for the peer's timeout. A server that trickles, so that no wait ends, is LOST by the
 * peer's rate. Paths are raw bytes; a relative one begins in the folder where
 * the server puts the user. Names, texts and sizes of the server are untrusted and checked. Links are not followed
 * (lstat), and no attributes are sent but by sftp_upload_grant and sftp_grant.
 *
 * Errors are SFTP_ERROR; the text says which server, what is wrong and what to do. After LOST, PROTOCOL and INTERRUPTED
 * the session is disconnected. No call repeats itself after a loss: the caller connects again and looks what was done.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_H

#include "spool/file_rights.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SFTP_ERROR (sftp_error_quark())
enum sftp_error {
    SFTP_ERROR_UNREACHABLE, /* the host is unknown, nothing listens there, or connecting got no answer */
    SFTP_ERROR_HOST_KEY,    /* the server's key is unknown, changed, revoked, or of a kind that cannot be used */
    SFTP_ERROR_LOGIN,       /* the server refuses the user or the key, or the key cannot be used */
    SFTP_ERROR_LOST,        /* the connection broke or the server fell silent: nobody knows whether the last request
                             * was carried out */
    SFTP_ERROR_MISSING,     /* there is no such file or folder */
    SFTP_ERROR_REFUSED,     /* the server refused the request */
    SFTP_ERROR_FULL,        /* no room on the server */
    SFTP_ERROR_CHANGED,     /* the file is longer or shorter than it was listed */
    SFTP_ERROR_INTERRUPTED, /* sftp_interrupt was called */
    SFTP_ERROR_PROTOCOL,    /* the server breaks the rules of SSH or SFTP, or no algorithm is shared with it */
};
GQuark sftp_error_quark(void); /* the error domain */

/* The server and the user. Texts are borrowed as long as the session lives; NULL and "" mean: not set. */
struct sftp_peer {
    const char *host; /* name or address */
    int port;
    const char *user;
    const char *identity;        /* file of a private key; not set: the keys of ssh-agent */
    const char *passphrase_file; /* its first line is the passphrase of the identity */
    const char *known_hosts;     /* file */
    const char *kex;             /* this and the next three: algorithms joined by ','; not set: sftp_algorithms.h */
    const char *host_keys;
    const char *ciphers;
    const char *macs;
    int64_t timeout; /* seconds: the longest wait for an answer */
    /* A file or a list that has been waited for this many seconds, or for `timeout` if that is longer, must have moved
     * this many bytes a second; 0: any number. The wait for the disk of a server does not count. */
    int64_t rate_seconds, rate_min;
    int64_t listed_max; /* the most names that a folder may hold */
    bool guarded;       /* its process must have all guards (gateway/guards/), or it does not connect */
    bool any_key;       /* any kind of host key is asked for, not only those of known_hosts */
};

/* What is known of the server. NULL, false and 0 until connecting came that far; kept after a failure. */
struct sftp_server {
    char *address;     /* as resolved */
    char *banner;      /* "SSH-2.0-…", escaped */
    char *key;         /* algorithm of the host key, "ssh-ed25519" */
    char *fingerprint; /* of the host key, "SHA256:…" as ssh-keygen -l prints it */
    bool trusted;      /* known_hosts holds the host key */
    char *kex;
    char *ciphers, *macs; /* towards us; where the other direction differs, "/" and that one */
    bool logged_in;
    uint32_t version;  /* of SFTP */
    char **extensions; /* names, escaped, in the server's order; NULL-terminated */
};

struct sftp_attributes {
    bool typed; /* the server says what the entry is: */
    bool regular, folder;
    bool sized;       /* the server says how long it is: */
    int64_t size;     /* bytes */
    int64_t modified; /* seconds UTC by the server's clock, 0: unknown */
    bool moded;       /* the server says the rights: */
    uint32_t mode;    /* bits of 07777 */
    bool owned;       /* the server says whose it is: */
    uint32_t user, group;
};

struct sftp;
/* Never NULL; touches nothing yet. */
struct sftp *sftp_new(const struct sftp_peer *peer);
/* Disconnects and frees. NULL is allowed. */
void sftp_free(struct sftp *sftp);

/* Disconnects, if connected, and connects. UNREACHABLE (also if guards are missing), HOST_KEY, LOGIN, LOST, REFUSED
 * (no SFTP for this user), INTERRUPTED, PROTOCOL. */
bool sftp_connect(struct sftp *sftp, GError **error);
/* False also if the server has closed the connection while nobody used it: ask before each use. */
bool sftp_is_connected(struct sftp *sftp);
/* Says goodbye if that needs no wait, and closes the socket. */
void sftp_disconnect(struct sftp *sftp);
/* Microseconds since the server's last answer on this connection. */
int64_t sftp_idle(const struct sftp *sftp);
/* From any thread: the call that is under way fails at once with INTERRUPTED, and so do all later ones. */
void sftp_interrupt(struct sftp *sftp);
/* Borrowed; it changes with each sftp_connect. */
const struct sftp_server *sftp_server(const struct sftp *sftp);
/* Frees what it holds. */
void sftp_server_clear(struct sftp_server *server);
/* What was agreed with the server and is offered only where settings name it: "cipher aes128-cbc, MAC hmac-sha1". NULL:
 * nothing. g_free. */
char *sftp_old_algorithms(const struct sftp_server *server);
/* True if the server announced an extension, such as "fsync@openssh.com". */
bool sftp_offers(const struct sftp *sftp, const char *extension);

/* Called for each entry, with the attributes of lstat, once the whole list is there. It may use the session. False ends
 * the list. */
typedef bool sftp_visit(void *user, const char *name, const struct sftp_attributes *attributes);
/* REFUSED if the folder holds more than listed_max names, or if they are longer than SFTP_USUAL_NAME on average: the
 * caller keeps all of them.
 * Lists a folder, in any order, without "." and ".." and without names that hold '/' or NUL. */
bool sftp_list(struct sftp *sftp, const char *folder, sftp_visit *visit, void *user, GError **error);
/* The attributes of an entry; of a link, not of what it points to. MISSING if there is none. */
bool sftp_lstat(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error);
/* For attributes that are not typed: finds out what the entry at that path is, with the size that they tell. They are
 * typed then. They stay as they are if the server does not tell, or if the entry is empty: it is opened only if it
 * cannot be a pipe. Costs three to six requests. */
bool sftp_find_type(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error);

/* The attributes of a file that sftp_lstat does not find, by opening it: some servers hide names that begin with a dot.
 * MISSING if there is none. */
bool sftp_look_inside(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error);

/* Takes the next bytes of a file; it may fail with an error of its own, which ends the reading. */
typedef bool sftp_sink(void *user, const char *data, size_t len, GError **error);
struct sftp_fetch {
    const char *path;
    int64_t size; /* bytes: how long the file was listed to be */
    sftp_sink *sink;
    void *user;                   /* of sink */
    struct sftp_attributes after; /* set: what the server says of the open file after the last byte */
};
/* Reads a whole file. CHANGED if it is shorter or longer than `size`. */
bool sftp_read(struct sftp *sftp, struct sftp_fetch *fetch, GError **error);

struct sftp_upload;
/* What may stand at the path of an upload. */
enum sftp_target {
    SFTP_TARGET_REPLACED, /* whatever stands there is removed first */
    SFTP_TARGET_NEW,      /* nothing: REFUSED otherwise */
    SFTP_TARGET_OVER,     /* a file, whose bytes are written over from its beginning; its rest stays. MISSING */
};
/* Creates a new file; whatever stands at the path is removed first. NULL with an error. */
struct sftp_upload *sftp_upload_begin(struct sftp *sftp, const char *path, GError **error);
/* The same with a choice. A file that is written over is not removed when the upload fails. */
struct sftp_upload *sftp_upload_onto(struct sftp *sftp, const char *path, enum sftp_target target, GError **error);
/* Appends bytes. An error of an earlier write may be reported here or by the finish. */
bool sftp_upload_write(struct sftp_upload *upload, const char *data, size_t len, GError **error);
/* Returns when all bytes are at the server and, where it offers fsync, on its disk. `after` (NULL is allowed) is set to
 * what the server says of the file. REFUSED if it keeps another number of bytes; FULL. */
bool sftp_upload_finish(struct sftp_upload *upload, struct sftp_attributes *after, GError **error);
/* After a finish: whether the server saw the file under its path at once. A server that works on several requests at a
 * time may have looked too early: ask again. */
bool sftp_upload_is_there(const struct sftp_upload *upload);
/* Without a successful finish the file is removed again, if the session still works. NULL is allowed. */
void sftp_upload_free(struct sftp_upload *upload);
typedef struct sftp_upload sftp_upload_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sftp_upload_t, sftp_upload_free)

/* Renames. Servers differ in whether they replace an existing target: look first. */
bool sftp_rename(struct sftp *sftp, const char *from, const char *to, GError **error);
/* The same, and looks at `to` in the same round trip: *there is false if the server did not see it, which a server that
 * works on several requests at once may say too early. */
bool sftp_rename_and_look(struct sftp *sftp, const char *from, const char *to, bool *there, GError **error);
/* What became of a sftp_move. */
struct sftp_moved {
    GError *refusal; /* why it was refused; NULL: it was done. The caller frees it. */
    bool there;      /* something stands at the new name: */
    struct sftp_attributes attributes;
};
/* sftp_rename_and_look for a caller that has to know what stands at `to`, also after a refusal. False: the session
 * failed, and nobody knows whether the server renamed. */
bool sftp_move(struct sftp *sftp, const char *from, const char *to, struct sftp_moved *moved, GError **error);
/* Removes a file. MISSING if there is none. */
bool sftp_remove(struct sftp *sftp, const char *path, GError **error);
/* Gives the file that is being uploaded its rights, and asks whether it has them then: some servers say that they did
 * and did not. A group needs the number of the user, so it is asked for before. REFUSED if the server does not do it.
 * Costs a round trip, two with a group; none if no right is set. */
bool sftp_upload_grant(struct sftp_upload *upload, const struct file_rights *rights, GError **error);
/* The same of a folder, if it has others. */
bool sftp_grant(struct sftp *sftp, const char *path, const struct file_rights *rights, GError **error);
/* Makes a folder with the rights that the server gives it. REFUSED if it exists. */
bool sftp_make_folder(struct sftp *sftp, const char *path, GError **error);
/* Sets *bytes to what this user can still write beside path. REFUSED if the server lacks statvfs@openssh.com. */
bool sftp_free_space(struct sftp *sftp, const char *path, uint64_t *bytes, GError **error);

/* The version of libssh2 that is loaded, "1.10.0". */
const char *sftp_library_version(void);

/* The first argument of the program that makes it the process of a session. */
#define SFTP_SESSION "--sftp-session"

#endif
