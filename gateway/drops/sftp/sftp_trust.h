/*
 * The server's host key, and the file known_hosts that must hold it. A server whose key is unknown, changed or revoked
 * is never logged in to; there is no setting that allows it.
 *
 *   trust = sftp_trust_load(sftp, &error);
 *   host_keys = sftp_trust_algorithms(sftp, trust);        what to ask the server for, before the handshake
 *   sftp_trust_check(sftp, trust, &error);                 after it; then trust is wanted no more
 *   sftp_trust_free(trust);                                before the SSH session is freed
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_TRUST_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_TRUST_H

#include "gateway/drops/sftp/sftp_state.h"

struct sftp_trust;

/* Reads the lines of known_hosts that name this server. NULL with HOST_KEY if the file cannot be read, or if it holds
 * only keys of kinds that this libssh2 or host_keys= cannot use. The caller frees the result. */
struct sftp_trust *sftp_trust_load(struct direct *sftp, GError **error);
/* The host key algorithms to ask for: those of the keys that known_hosts holds for this server. If it holds none, or
 * trust is NULL: all that can be used, so that the server shows the key that it has. g_free. */
char *sftp_trust_algorithms(struct direct *sftp, const struct sftp_trust *trust);
/* Compares the key that the server has proved to own. Sets sftp->server.trusted. HOST_KEY. */
bool sftp_trust_check(struct direct *sftp, const struct sftp_trust *trust, GError **error);
/* NULL is allowed. */
void sftp_trust_free(struct sftp_trust *trust);

#endif
