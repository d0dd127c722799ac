/*
 * Read-only access to a gateway's home, for the commands that change nothing. `run` may change the spool at the same
 * time: a job may move from one folder to another between two calls. The functions here look again until they have seen
 * it in one place, so that such a move is never an error.
 *
 *   struct read_access access;
 *   if (!read_access_open(&access, invocation))
 *       return EXIT_UNABLE;
 *   …
 *   read_access_close(&access);
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_READ_ACCESS_H
#define ECOSGATE_GATEWAY_COMMANDS_READ_ACCESS_H

#include "gateway/commands/command.h"
#include "gateway/gateway.h"
#include "spool/packed.h"

struct read_access {
    struct config *config;
    struct gateway gateway; /* opened as GATEWAY_READER: SQLite refuses to write */
};

/* Loads the configuration and opens spool and ledger. False: a message has been printed, nothing is to be closed. */
bool read_access_open(struct read_access *access, const struct invocation *invocation);
/* Closes what read_access_open has opened. */
void read_access_close(struct read_access *access);

/* Where a job's folder was seen. */
struct job_place {
    int64_t id;
    enum job_state state;
};

/* The folders of all jobs as struct job_place, by ascending ID. A job that moved meanwhile may be there twice or
 * not at all. NULL with an error of spool/disk.h; else g_array_unref. */
GArray *read_access_places(const struct spool *spool, GError **error);

/* Opens the plain bytes of a job's file, whatever folder the job is in and whatever form the file has; packed_close.
 * NULL without an error: there is no such job, or no regular file of that name. */
struct packed_reader *read_access_open_file(const struct spool *spool, int64_t id, const char *file, GError **error);

/* What to say of a file whose bytes were removed at that time, and what to do; purged: by `purge`. g_free. */
char *read_access_removed(int64_t at, bool purged);

/* The names of a job's files as they stand there, each in the one form that counts (packed.h), and in *state the folder
 * in which they were seen. NULL without an error and JOB_NOWHERE in *state: the job has no folder. g_strfreev. */
char **read_access_files(const struct spool *spool, int64_t id, enum job_state *state, GError **error);

#endif
