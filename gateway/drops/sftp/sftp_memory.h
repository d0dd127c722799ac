/*
 * The memory that libssh2 takes for one session, which a server decides about: libssh2 keeps each packet that nobody
 * has asked for yet, without a bound, and a server may send such packets for ever (CHANNEL_SUCCESS, for example).
 * With these functions libssh2 gets no more than SFTP_MOST_SSH and fails with LIBSSH2_ERROR_ALLOC.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_MEMORY_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_MEMORY_H

#include "gateway/drops/sftp/sftp_state.h"

/* A new session of libssh2 that belongs to sftp. NULL if no memory is left. libssh2_session_free. */
LIBSSH2_SESSION *sftp_memory_session(struct direct *sftp);

#endif
