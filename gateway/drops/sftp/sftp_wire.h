/*
 * Requests out, answers in, many of them under way at once.
 *
 *   id = wire_begin(sftp, SFTP_OPEN); wire_put_text(…); wire_put_u32(…); wire_end(sftp);
 *   wire_reply(sftp, id, &reply, &error);             sends what was not sent, waits for that answer
 *
 * A request is only appended to a buffer; wire_flush, wire_reply and wire_look send it. Answers may be asked for in any
 * order: those that come earlier are kept. Each id is waited for or ignored once.
 *
 * How long an answer may be depends on its request (sftp_limits.h). A longer announced length ends the session before
 * memory is taken for it.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_WIRE_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_WIRE_H

#include "gateway/drops/sftp/sftp_reply.h"

/* Bytes: the largest piece that every server must accept in one request, and the largest that we use when a server
 * announces more. */
enum { SFTP_PIECE = 32768, SFTP_LARGE_PIECE = 4 * SFTP_PIECE };

/* Makes the buffers of a session. */
void wire_init(struct sftp_wire *wire);
/* Forgets all requests and answers, for a new connection. */
void wire_reset(struct sftp_wire *wire);
/* Frees the buffers. */
void wire_clear(struct sftp_wire *wire);

/* Greets the server, first of all on a new channel. Sets server.version, server.extensions, read_piece and write_piece.
 * LOST, INTERRUPTED, PROTOCOL (also for any version but 3). */
bool wire_greet(struct direct *sftp, GError **error);

/* Begins a request and returns its id. */
uint32_t wire_begin(struct direct *sftp, enum sftp_packet type);
/* Allows an answer that holds a string of len bytes. Without this call it is as long as an answer to that type may be.
 */
void wire_expect(struct direct *sftp, uint32_t id, size_t len);
/* Appends a big-endian number of 4 bytes to the request. */
void wire_put_u32(struct direct *sftp, uint32_t value);
/* Appends one of 8 bytes. */
void wire_put_u64(struct direct *sftp, uint64_t value);
/* Appends a string: 4 bytes of length, and the bytes. */
void wire_put(struct direct *sftp, const void *data, size_t len);
/* Appends a text as a string. */
void wire_put_text(struct direct *sftp, const char *text);
/* Ends the request: from now on it may be sent. */
void wire_end(struct direct *sftp);
/* A whole request that consists of one string. Returns its id. */
uint32_t wire_ask(struct direct *sftp, enum sftp_packet type, const void *data, size_t len);

/* Sends all requests that were not sent yet. LOST, INTERRUPTED, PROTOCOL. */
bool wire_flush(struct direct *sftp, GError **error);
/* Sends, then waits for the answer to request id. LOST, INTERRUPTED, PROTOCOL. */
bool wire_reply(struct direct *sftp, uint32_t id, struct sftp_reply *reply, GError **error);
/* Sends, but does not wait: *there is false if the answer has not come yet. Errors as above. */
bool wire_look(struct direct *sftp, uint32_t id, struct sftp_reply *reply, bool *there, GError **error);
/* Drops the answer to request id, now or when it comes. */
void wire_ignore(struct direct *sftp, uint32_t id);

#endif
