/*
 * The transport of a drop on an SFTP server (transport.h).
 *
 * A server tells the time of a file in whole seconds and no inode. So size and time prove that a file is still the same
 * only right after its fetch on the same connection; otherwise its bytes are compared. SFTP version 3 has no rename
 * that refuses to replace, and servers differ in what theirs does: the gateway looks at the name before it renames.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_DROP_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_DROP_H

#include "gateway/drops/transport.h"

extern const struct transport sftp_transport;

/* The version of libssh2 that is loaded, "1.10.0". */
const char *sftp_drop_library_version(void);

/* For each program that uses this transport, first of all: a session is a process of its own, which is the same program
 * with an argument. Returns if this process is no session. */
void sftp_drop_serve_if_asked(int argc, char **argv);

#endif
