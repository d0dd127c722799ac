/*
 * Drops on an SFTP server (transport.h). Times there are whole seconds and there is no inode: size and time
 * prove that a file is still the same only right after its fetch on the same connection, otherwise its bytes
 * are compared. Renaming without replacing is a look and a rename, since servers differ in what they do with
 * a name that is taken.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_DROP_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_DROP_H

#include "gateway/drops/sftp/sftp.h"
#include "gateway/drops/transport.h"

extern const struct transport sftp_transport;

/* How the door is to be opened for a drop; borrows the drop's texts. */
struct sftp_peer sftp_drop_peer(const struct drop *drop);
/* folder/name; g_free. */
char *sftp_drop_path(const char *folder, const char *name);

#endif
