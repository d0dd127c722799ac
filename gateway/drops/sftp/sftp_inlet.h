/*
 * Receiving: a buffer between the socket and libssh2, so that received bytes reach the sink in an even flow.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_INLET_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_INLET_H

#include "gateway/drops/sftp/sftp_state.h"

/* Empties the buffer and makes libssh2 receive through it. Call it for each new sftp->ssh. */
void sftp_inlet_begin(struct direct *sftp);

/* Reads from the channel, without waiting: bytes read, 0 at its end, or an error of libssh2 (EAGAIN: none are there).
 */
ssize_t sftp_take(struct direct *sftp, void *data, size_t len);

#endif
