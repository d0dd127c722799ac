/*
 * Answers that many requests share. `path` is what the request was about, for the error's text.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REQUEST_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_REQUEST_H

#include "gateway/drops/sftp/sftp_wire.h"

/* Waits for a STATUS; any code but OK is an error. `what` is like "cannot rename". */
bool sftp_settle(struct direct *sftp, uint32_t id, const char *what, const char *path, GError **error);
/* Waits for ATTRS. */
bool sftp_settle_attributes(struct direct *sftp, uint32_t id, const char *path, struct sftp_attributes *attributes,
                            GError **error);
/* Waits for a HANDLE; NULL with an error. sftp_close_handle. */
GByteArray *sftp_settle_handle(struct direct *sftp, uint32_t id, const char *path, GError **error);
/* Closes a handle at the server and frees it. The request is sent with the next one; its answer is ignored. NULL is
 * allowed. */
void sftp_close_handle(struct direct *sftp, GByteArray *handle);

#endif
