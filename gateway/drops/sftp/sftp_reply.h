/*
 * Reading one answer of the server. Everything in it is untrusted: each function checks lengths against what is left.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REPLY_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REPLY_H

#include "gateway/drops/sftp/sftp_state.h"

/* Packet types of SFTP version 3 (draft-ietf-secsh-filexfer-02, section 3). */
enum sftp_packet {
    SFTP_INIT = 1,
    SFTP_VERSION = 2,
    SFTP_OPEN = 3,
    SFTP_CLOSE = 4,
    SFTP_READ = 5,
    SFTP_WRITE = 6,
    SFTP_LSTAT = 7,
    SFTP_FSTAT = 8,
    SFTP_SETSTAT = 9,
    SFTP_FSETSTAT = 10,
    SFTP_OPENDIR = 11,
    SFTP_READDIR = 12,
    SFTP_REMOVE = 13,
    SFTP_MKDIR = 14,
    SFTP_STAT = 17,
    SFTP_RENAME = 18,
    SFTP_READLINK = 19,
    SFTP_STATUS = 101,
    SFTP_HANDLE = 102,
    SFTP_DATA = 103,
    SFTP_NAME = 104,
    SFTP_ATTRS = 105,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY = 201,
};

/* Codes of a STATUS (section 7). */
enum sftp_status { SFTP_OK = 0, SFTP_EOF = 1 };

/* One answer, without its length, type and id. The bytes last until the next call of a wire_ function. */
struct sftp_reply {
    uint8_t type;      /* enum sftp_packet, or anything else */
    const uint8_t *at; /* the next byte to read */
    size_t left;       /* bytes from there on */
};

/* A big-endian number of 4 bytes at `at`, which the caller has checked. */
uint32_t reply_number_at(const uint8_t *at);

/* The following read one value and move on. False if the answer ends before it: then the outputs are untouched. */
/* A number of 4 bytes. */
bool reply_u32(struct sftp_reply *reply, uint32_t *value);
/* A number of 8 bytes. */
bool reply_u64(struct sftp_reply *reply, uint64_t *value);
/* A string: its bytes are borrowed from the answer. */
bool reply_string(struct sftp_reply *reply, const uint8_t **data, size_t *len);

/* A string that may not be longer than a limit. */
struct reply_text {
    const char *what;    /* as an error names it: "a handle" */
    size_t longest;      /* bytes */
    const uint8_t *data; /* this and len are set by reply_text; borrowed from the answer */
    size_t len;
};
/* Reads such a string. False with PROTOCOL if it is longer, or cut short. */
bool reply_text(struct direct *sftp, struct sftp_reply *reply, struct reply_text *text, GError **error);
/* Attributes; one that the server leaves out is false or 0. False with PROTOCOL. */
bool reply_attributes(struct direct *sftp, struct sftp_reply *reply, struct sftp_attributes *attributes,
                      GError **error);

/* Sets the code of a STATUS and reads nothing away. False if the answer is of another type or cut short. */
bool reply_status(const struct sftp_reply *reply, uint32_t *status);

/* Sets the error for an answer that is not of the wanted type: what its status means (MISSING, REFUSED, FULL, LOST), or
 * PROTOCOL. `what` is like "cannot open", `path` what it concerns. Returns false. */
bool reply_fail(struct direct *sftp, struct sftp_reply *reply, const char *what, const char *path, GError **error);

/* Sets PROTOCOL: the server broke the rules of SFTP, `how` says which. The session is not usable any more. Returns
 * false. */
bool reply_broken(struct direct *sftp, const char *how, GError **error);

#endif
