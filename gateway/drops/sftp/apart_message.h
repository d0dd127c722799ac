/*
 * What the gateway and the process of a session say to each other (apart.h): packets of a socket that keeps their ends
 * (SOCK_SEQPACKET), each a head and a payload. Payloads but bytes of files are GVariants, which may hold anything: each
 * is read without trust, and what it means is checked by who asked.
 *
 *   gateway → session   PEER, once; then a REQUEST at a time, with BYTES after UPLOAD_ONTO; STOP: no more of it
 *   session → gateway   to PEER and each REQUEST one ANSWER with its serial; before it ENTRIES of a list, BYTES of a
 *                       file. With serial 0, unasked: a write of the upload failed, or the server has closed
 *                       the connection. ALIVE, at any time: it waits for the server
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_APART_MESSAGE_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_APART_MESSAGE_H

#include "gateway/drops/sftp/sftp.h"

enum {
    APART_PIECE = 64 * 1024, /* bytes of a file in a packet at most */
    APART_MOST = 160 * 1024, /* of a packet at most; less than the kernel's smallest usual buffer of a socket */
    APART_BATCH = 32 * 1024, /* of names, after which ENTRIES are sent */
    APART_MOST_EXTENSIONS = 32 * 1024, /* bytes of names of extensions that are passed on */
};

enum apart_kind { APART_PEER, APART_REQUEST, APART_STOP, APART_BYTES, APART_ENTRIES, APART_ANSWER, APART_ALIVE };

struct apart_packet {
    enum apart_kind kind;
    uint32_t serial;
    const uint8_t *payload;
    size_t len; /* bytes */
};

/* One for each call of sftp.h that asks the server. */
enum apart_call {
    APART_BYE, /* disconnect, and end */
    APART_LIST,
    APART_LSTAT,
    APART_FIND_TYPE,
    APART_LOOK_INSIDE,
    APART_READ,
    APART_UPLOAD_ONTO,
    APART_UPLOAD_GRANT,
    APART_UPLOAD_FINISH,
    APART_UPLOAD_FREE,
    APART_RENAME,
    APART_RENAME_AND_LOOK,
    APART_MOVE,
    APART_REMOVE,
    APART_GRANT,
    APART_MAKE_FOLDER,
    APART_FREE_SPACE,
    APART_CALLS,
};

/* The arguments of a call; those that it does not have are unset. */
struct apart_request {
    enum apart_call call;
    const char *path, *to; /* NULL is as good as "" */
    int64_t size;
    enum sftp_target target;
    struct sftp_attributes attributes;
    struct file_rights rights;
};

/* The results of a call. */
struct apart_answer {
    bool connected;                    /* the session, afterwards */
    bool good;                         /* false: the call failed as code and text say */
    bool refused;                      /* APART_MOVE failed because it was refused: the other results are set; PEER,
                                        * because no algorithms were agreed with the server */
    uint32_t code;                     /* enum sftp_error */
    const char *text;                  /* NULL is as good as "" */
    bool there;                        /* something stands at the name */
    int64_t number;                    /* bytes that are free */
    struct sftp_attributes attributes; /* of the file */
    const struct sftp_server *server;  /* only of PEER; NULL: not told */
};

/* The payload of PEER; g_variant_unref, as for the next two. */
GVariant *apart_put_peer(const struct sftp_peer *peer);
/* That of a REQUEST. */
GVariant *apart_put_request(const struct apart_request *request);
/* That of an ANSWER. */
GVariant *apart_put_answer(const struct apart_answer *answer);

#define APART_ENTRIES_TYPE G_VARIANT_TYPE("a(ay(bbbbxxbubuu))")
/* Adds an entry of ENTRIES to a builder of that type. */
void apart_put_entry(GVariantBuilder *builder, const char *name, const struct sftp_attributes *attributes);

/* Reads a payload. Texts are borrowed from the variant that is returned: g_variant_unref. NULL: it is none. */
GVariant *apart_get_peer(const struct apart_packet *packet, struct sftp_peer *peer);
/* Likewise. */
GVariant *apart_get_request(const struct apart_packet *packet, struct apart_request *request);

/* Likewise; `server` is set, with copies that its owner frees, if the answer has it. */
GVariant *apart_get_answer(const struct apart_packet *packet, struct apart_answer *answer, struct sftp_server *server);

/* Visits the entries. False: it is no such payload, or a name in it is none. Sets *enough if the visitor wants no more.
 */
bool apart_get_entries(const struct apart_packet *packet, sftp_visit *visit, void *user, bool *enough);

/* Sends a packet; flags are those of sendmsg(2). False: errno says why. */
bool apart_put(int socket, const struct apart_packet *packet, int flags);

/* Sets kind and serial of the packet that comes next, and leaves it there; does not wait. Returns as apart_get does. */
int apart_peek(int socket, struct apart_packet *packet);

/* Receives a packet into APART_MOST bytes at buffer, which it lives in. 1: there is one; 0: the other side has ended;
 * -1: errno says why not, EBADMSG: it is no packet. */
int apart_get(int socket, struct apart_packet *packet, uint8_t *buffer, int flags);

#endif
