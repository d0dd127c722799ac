/*
 * Logging in with a public key: that of the drop's identity= file, or those of ssh-agent where it is empty.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LOGIN_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LOGIN_H

#include "gateway/drops/sftp/sftp_state.h"

struct sftp_login;

/* Reads the files, or asks the agent for its keys. What goes wrong is kept for sftp_login. sftp_login_free, before the
 * SSH session is freed. */
struct sftp_login *sftp_login_load(struct direct *sftp);
/* Wipes what it holds. */
void sftp_login_free(struct sftp_login *login);
/* After the host key was checked, with sftp->login, which it frees. Sets sftp->server.logged_in. LOGIN, LOST,
 * INTERRUPTED, PROTOCOL. */
bool sftp_login(struct direct *sftp, GError **error);

#endif
