/*
 * Failing and waiting, which every file of this folder needs. Nothing here knows SSH algorithms, logins or SFTP.
 *
 *   sftp_progress(sftp, 0);                              before the first wait for something new
 *   SFTP_REPEAT(sftp, rc, libssh2_call(…), error);       libssh2 is never blocking: we wait, within our limits
 *
 * A wait ends with LOST at the deadline.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_WAIT_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_WAIT_H

#include "gateway/drops/sftp/sftp_state.h"

/* Sets an error that begins with the session's label. Returns false. */
bool sftp_fail(const struct direct *sftp, enum sftp_error code, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* True if rc, a result of libssh2, means that the connection is gone. */
bool sftp_is_loss(long rc);
/* Sets the error for a call of libssh2 that returned rc: LOST if the connection is gone, else PROTOCOL. `doing` is like
 * "cannot log in". The session is not usable any more. Returns false. */
bool sftp_fail_ssh(struct direct *sftp, long rc, const char *doing, GError **error);

/* From here to sftp_rate_end, bytes of a file or a list are moved: waits count, and a server that is slower than the
 * peer's rate is LOST. Returns what sftp_rate_end restores: the visitor of a list may read files. */
struct sftp_rate sftp_rate_begin(struct direct *sftp);
/* The server moved so many of these bytes. */
void sftp_rate_add(struct direct *sftp, size_t bytes);
/* The transfer is done. */
void sftp_rate_end(struct direct *sftp, const struct sftp_rate *outer);

/* Call this when the server moved something: waits may last the peer's timeout and `more` seconds from now. */
void sftp_progress(struct direct *sftp, int64_t more);
/* Waits until fd is ready for one of the poll(2) events. */
bool sftp_wait_fd(struct direct *sftp, int fd, short events, GError **error);
/* Waits for what the last call of libssh2 returned EAGAIN for. After a failure the session is not usable any more. */
bool sftp_wait(struct direct *sftp, GError **error);

/* Repeats `call`, a call of libssh2 that returns rc, until it returns something else than EAGAIN or a wait fails. In
 * the second case rc stays EAGAIN and the error is set. */
#define SFTP_REPEAT(sftp, rc, call, error)                                                                             \
    do {                                                                                                               \
        (rc) = (call);                                                                                                 \
    } while ((rc) == LIBSSH2_ERROR_EAGAIN && sftp_wait(sftp, error))

#endif
