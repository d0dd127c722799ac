/*
 * Logging in with a public key: that of the drop's identity= file, or those of ssh-agent where it is empty.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LOGIN_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LOGIN_H

#include "gateway/drops/sftp/sftp_state.h"

/* After the host key was checked. Sets sftp->server.logged_in. LOGIN, LOST, INTERRUPTED, PROTOCOL. */
bool sftp_login(struct direct *sftp, GError **error);

#endif
