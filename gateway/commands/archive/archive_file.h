/*
 * Reading an archive that `archive` made: a tar, packed by zstd, of whole jobs. It has these members, in this order, in
 * the folder ARCHIVE_FOLDER:
 *
 *   README          what it is, and how to read it without ecosgate
 *   manifest        JSON objects, one a line: the archive, then each job
 *   jobs/ID/NAME    the files of the jobs as they stood in the spool: NAME.gz is packed
 *   SHA256SUMS      the SHA-256 of each member before it
 *
 * It comes from outside: anybody may have changed it. Only plain files with these names are read, no more bytes of each
 * than the ledger knows, and nothing is written by a name of the archive but the files of jobs that are checked.
 *
 *   archive_file_list → a visit for each line of the manifest                 needs no home
 *   archive_file_check → every byte is compared with SHA256SUMS and with the ledger
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_ARCHIVE_ARCHIVE_FILE_H
#define ECOSGATE_GATEWAY_COMMANDS_ARCHIVE_ARCHIVE_FILE_H

#include "gateway/gateway.h"
#include "spool/digest.h"

#include <jansson.h>

#define ARCHIVE_FOLDER "ecosgate-archive"
/* The first line of the manifest has this number in its member `archive`. */
enum { ARCHIVE_VERSION = 1 };
/* How many jobs an archive has at most: what reads it keeps their ids in memory. */
enum { ARCHIVE_MOST_JOBS = 100000 };

/* Gets a line of the manifest: first the archive's own, then each job. False ends the walk. */
typedef bool (*archive_file_visit)(void *user, const json_t *line);
/* Visits the lines. False: the file is no archive, or is damaged. */
bool archive_file_list(const char *path, archive_file_visit visit, void *user, GError **error);

/* Bytes of a file of a job. */
struct archive_piece {
    int64_t job;
    const char *name, *data; /* data NULL: the file ends */
    size_t len;
};
/* Gets the files of jobs while they are checked. False: the disk failed. */
typedef bool (*archive_file_sink)(void *user, const struct archive_piece *piece, GError **error);

/* A check, and what it found. */
struct archive_check {
    struct gateway *gateway;
    const char *fresh;      /* the name for messages of a file that this call has written; NULL: it was there */
    archive_file_sink sink; /* NULL: the bytes are only checked */
    void *user;
    char sha256[DIGEST_HEX_SIZE]; /* of the whole file */
    int64_t before;               /* what its manifest says: its jobs had ended before it */
    GArray *jobs;                 /* int64_t, ascending */
    int64_t files, bytes;         /* of jobs, as they stand in the archive */
    int64_t purged;               /* those of the files that a purge has removed from the spool, for good */
    GPtrArray *problems;          /* char *: what is wrong; empty: it is sound */
};

/* Reads the archive to its end. What is wrong with it goes to `problems`. False: it cannot be opened or read, the
 * ledger failed, or the sink. archive_check_clear in both cases. */
bool archive_file_check(const char *path, struct archive_check *check, GError **error);
/* Frees what archive_file_check has set. */
void archive_check_clear(struct archive_check *check);

#endif
