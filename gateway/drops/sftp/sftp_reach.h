/*
 * Reaching the server: its address, and a connected socket.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REACH_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REACH_H

#include "gateway/drops/sftp/sftp_state.h"

/* Looks the host up and tries its addresses in turn, each for the peer's timeout. Then sftp->fd is a connected,
 * non-blocking socket, which the caller closes. UNREACHABLE, INTERRUPTED. */
bool sftp_reach(struct direct *sftp, GError **error);

#endif
