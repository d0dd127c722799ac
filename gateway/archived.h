/* What to say of a job whose files lie in an archive (spool/ledger/ledger_archive.h). */
#ifndef ECOSGATE_GATEWAY_ARCHIVED_H
#define ECOSGATE_GATEWAY_ARCHIVED_H

#include "gateway/gateway.h"

/* *text: in which archive the job's files lie, since when, and the command that brings them back; NULL: the job stands
 * in the spool, or is in no archive; g_free. */
bool archived_text(const struct gateway *gateway, int64_t job, char **text, GError **error);

#endif
