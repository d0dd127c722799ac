/*
 * A profile that a command is asked for: the built-in one by its name, or one in a folder.
 *
 *   struct profile_source source;
 *   if (!profile_source_open(&source, argument, on_fault, user)) …
 *   … source.profile, source.files …
 *   profile_source_close(&source);
 *
 * A word without '/' that is no folder is a name.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_SOURCE_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_SOURCE_H

#include "formats/profile.h"
#include "formats/profile/profile_files.h"
#include "gateway/commands/command.h"

#include <jansson.h>

struct profile_source {
    const char *argument;          /* as the command line has it */
    const struct profile *profile; /* NULL: it has faults */
    struct profile *loaded;        /* the same, unless it is the built-in one */
    struct profile_files *files;   /* of its folder */
};

/* Finds and loads it. on_fault hears of every fault of a folder. False: there is no such name or folder; a message has
 * been printed, and nothing needs to be closed. */
bool profile_source_open(struct profile_source *source, const char *argument, profile_fault_fn *on_fault, void *user);

/* The same for commands that need a profile without faults: these are printed on standard error. False: do not go on;
 * *status is the exit status. */
bool profile_source_sound(struct profile_source *source, const char *argument, int *status);

/* Frees the profile and its files. */
void profile_source_close(struct profile_source *source);

/* A JSON file of the folder by its name; NULL: there is none, or it is no JSON. user: a struct profile_source. The
 * caller owns the reference. */
json_t *profile_source_json(void *user, const char *name);

/* The text of a file in the folder. NULL: there is none. user: a struct profile_source. Borrowed from it. */
const char *profile_source_text(void *user, const char *name, size_t *len);

/* "proposal-1.0": name and version; g_free. */
char *profile_source_name(const struct profile *profile);

#endif
