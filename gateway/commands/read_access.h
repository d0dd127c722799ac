/*
 * What the commands that only look share: an opened home, and a look at a spool that `run` may be
 * changing under our eyes. A job that is between two folders is looked for again and is never an
 * error.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_READ_ACCESS_H
#define ECOSGATE_GATEWAY_COMMANDS_READ_ACCESS_H

#include "gateway/commands/command.h"
#include "gateway/gateway.h"

struct read_access {
    struct config *config;
    struct gateway gateway;
};

/* False: the fault has been told, the command ends with EXIT_UNABLE. Nothing to close then. */
bool read_access_open(struct read_access *access, const struct invocation *invocation);
void read_access_close(struct read_access *access);

/* Where a job was seen. */
struct spot {
    int64_t id;
    enum job_state state;
};

/* All directories of jobs as struct spot, by id; one that moved meanwhile may stand there twice or
 * not at all. g_array_unref. */
GArray *read_access_spots(const struct spool *spool, GError **error);

/* A part of a job wherever it is: an open descriptor, no links followed. -1 without error: there is
 * no such job or part. */
int read_access_open_file(const struct spool *spool, int64_t id, const char *part, GError **error);

/* Names of the parts and the folder they were seen in, both of the same moment. NULL without error
 * and *state JOB_NOWHERE: no directory. g_strfreev. */
char **read_access_files(const struct spool *spool, int64_t id, enum job_state *state, GError **error);

#endif
