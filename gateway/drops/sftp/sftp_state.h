/*
 * What one session holds. Data only: it calls no file of this folder.
 *
 * Layers, lowest first; each file calls only files that stand before it in this list:
 *
 *   sftp_limits                  what a server may send
 *   sftp_wait                    errors, deadlines, waiting for the socket
 *   sftp_memory                  the memory that libssh2 takes
 *   sftp_inlet                   the bytes between the socket and libssh2
 *   sftp_algorithms              which ciphers, MACs and key exchanges are offered to the server
 *   sftp_reach                   name and socket
 *   sftp_trust                   known_hosts and the server's host key
 *   sftp_login                   the user's key
 *   sftp_reply                   reading one answer
 *   sftp_wire                    requests out, answers in
 *   sftp_request                 answers that many requests share: status, attributes, handle
 *   sftp_session                 direct.h: connect, disconnect
 *   sftp_files, sftp_stream      direct.h: folders and names; the bytes of a file
 *   sftp_type                    direct.h: what an entry is of which the server tells no type
 *   apart_message                packets between the gateway and the process of a session
 *   apart_serve                  that process, which has all of the above
 *   apart, apart_calls           sftp.h, in the gateway: apart_message alone is below them
 *
 * libssh2 does SSH. SFTP version 3 itself is spoken here, on a channel of libssh2, because its own SFTP layer (as of
 * 1.10) does not do what a gateway needs:
 *   - it sends permissions with every open, which some servers refuse;
 *   - it refuses answers over 256 KiB;
 *   - it gives up when a server returns fewer bytes than were asked for;
 *   - it does not tell which extensions the server offers, nor the server's own words when it refuses;
 *   - it waits for each answer before it sends the next request.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_STATE_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_STATE_H

#include "gateway/drops/sftp/direct.h"

#include <libssh2.h>

/* Requests and answers that are under way. Filled by sftp_wire.c. */
struct sftp_wire {
    GByteArray *out;   /* requests that were not sent yet */
    guint last;        /* offset in out of the newest request */
    uint8_t *in;       /* room bytes; those received and not yet used are [begin, end) */
    size_t begin, end; /* offsets in in */
    size_t room;       /* bytes */
    uint32_t next_id;
    bool greeting;     /* the next answer is the greeting, the only one without an id */
    GHashTable *asked; /* id → GINT: the longest answer in bytes; negative: the answer is not wanted */
    GHashTable *kept;  /* id → GByteArray: answers that came while another one was waited for */
    size_t kept_bytes; /* of these answers together */
    GByteArray *held;  /* the kept answer that was given out last */
};

/* Bytes between the socket and libssh2 (sftp_inlet.c). */
struct sftp_inlet {
    bool open;         /* the socket may be read once more before the next wait */
    size_t begin, end; /* offsets in bytes: received and not yet given to libssh2 */
    uint8_t bytes[128 * 1024];
};

/* How fast the server moves the bytes of a file or of a list (sftp_wait.c). */
struct sftp_rate {
    bool on;        /* such a transfer is under way */
    int64_t waited; /* microseconds spent waiting for the socket since the last look at the rate */
    int64_t moved;  /* bytes since then */
};

struct direct {
    struct sftp_peer peer;
    char *label;          /* "user@host:port", the beginning of every error text */
    int fd;               /* the socket; -1: none */
    LIBSSH2_SESSION *ssh; /* NULL: none */
    LIBSSH2_CHANNEL *channel;
    struct sftp_trust *trust; /* the lines of known_hosts; NULL: not read */
    struct sftp_login *login; /* what it logs in with; NULL: not read */
    size_t ssh_bytes;         /* that libssh2 has taken for ssh (sftp_memory.c) */
    bool ssh_refused;         /* it wanted more than its limit */
    bool usable;              /* requests can be sent */
    int64_t deadline;         /* monotonic microseconds: no wait goes on after it */
    struct sftp_rate rate;
    void (*on_wait)(void); /* called again and again during each wait; NULL: nothing */
    uint32_t read_piece;  /* bytes that one READ asks for */
    uint32_t write_piece; /* bytes that one WRITE carries */
    struct sftp_server server;
    struct sftp_inlet inlet;
    struct sftp_wire wire;
};

#endif
