/*
 * Mode and group of a file or a folder of the server: set, and looked at.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_RIGHTS_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_RIGHTS_H

#include "gateway/drops/sftp/sftp_request.h"

/* What gets the rights. All is borrowed. */
struct sftp_target_of_rights {
    struct direct *sftp;
    const char *path;
    const GByteArray *handle; /* of an open file; NULL: what stands at path */
};

/* As sftp_grant and sftp_upload_grant say (sftp.h). */
bool sftp_give_rights(const struct sftp_target_of_rights *target, const struct file_rights *rights, GError **error);

#endif
