/*
 * Jobs leave the spool for an archive that an operator has made, and come back from it. The archive itself is written
 * and read by commands alone (gateway/commands/archive/archive_file.h); the writer of the spool moves folders and rows.
 *
 *   order `archive`: one commit says which jobs are in the archive
 *     → archiving_pass, in slices: a folder → leaving/, one commit for 32 of them, leaving/ is emptied
 *   order `restore archive`: a folder of returning/ → done/ or rejected/, one commit
 *
 * A job counts as archived only if it has ended before the archive's time when its folder is to leave: one that an
 * operator has had judged or delivered again meanwhile stays, and is in the archive no more. A folder leaves by one
 * rename, so that a stop leaves a job whole or gone. While a backup is made none leaves.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RETENTION_ARCHIVING_H
#define ECOSGATE_GATEWAY_PIPELINE_RETENTION_ARCHIVING_H

#include "gateway/gateway.h"

/* Of the spool's folder: where folders of jobs stand on their way out, and on their way back. */
#define ARCHIVING_LEAVING "leaving"
#define ARCHIVING_RETURNING "returning"
/* How many jobs one order brings back at most. */
enum { ARCHIVING_MOST_BACK = 50 };

/* One slice, or without gateway->yields all. *next: monotonic microseconds of the next slice; G_MAXINT64: nothing
 * waits. False: the ledger failed. */
bool archiving_pass(struct gateway *gateway, int64_t *next, GError **error);

/* The path of a job's folder in leaving/ or returning/; g_free. */
char *archiving_path(const struct gateway *gateway, const char *folder, int64_t job);

/* "1-12" and "15" → ranges (struct ledger_archive_range), which must ascend; NULL: they are none. g_array_unref. */
GArray *archiving_parse(char *const *list);
/* The other way: ascending ids (int64_t) as such texts; g_strfreev. */
char **archiving_list(const GArray *jobs);

#endif
