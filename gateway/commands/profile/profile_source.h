/*
 * A profile that a command is asked for: the built-in one or one of the configuration by its name, or one in a folder.
 *
 *   struct profile_source source;
 *   if (!profile_source_sound(&source, invocation, argument)) …
 *   … source.profile, source.profile->files …
 *   profile_source_close(&source);
 *
 * A word without '/' that is no folder is a name. A configuration is looked at for other names than the built-in one's
 * only, and if there is one.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_SOURCE_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_SOURCE_H

#include "formats/profile.h"
#include "formats/profile/profile_files.h"
#include "gateway/commands/command.h"
#include "gateway/config/config.h"

#include <jansson.h>

struct profile_source {
    const char *argument;          /* as the command line has it */
    const struct profile *profile; /* NULL: it has faults */
    struct profile *loaded;        /* the same, if it is one in a folder; else NULL */
    struct config *config;         /* whose profile it is; NULL: it is none of a configuration */
};

/* Finds and loads it. on_fault hears of every fault of a folder. False: there is no such name or folder; a message has
 * been printed, and nothing needs to be closed. */
bool profile_source_open(struct profile_source *source, const struct invocation *invocation, const char *argument,
                         profile_fault_fn *on_fault, void *user);

/* The same for commands that need a profile without faults: these are printed on standard error. False: nothing needs
 * to be closed; return EXIT_UNABLE. */
bool profile_source_sound(struct profile_source *source, const struct invocation *invocation, const char *argument);

/* Whether the call has a configuration, explicit or in one of the usual places. */
bool profile_source_has_config(const struct invocation *invocation);

/* Frees the profile, unless it is the built-in one. */
void profile_source_close(struct profile_source *source);

/* A JSON file of the folder by its name; NULL: there is none, or it is no JSON. user: a struct profile_source. The
 * caller owns the reference. */
json_t *profile_source_json(void *user, const char *name);

/* The text of a file in the folder. NULL: there is none. user: a struct profile_source. Borrowed from it. */
const char *profile_source_text(void *user, const char *name, size_t *len);

/* "proposal-1.0": name and version; g_free. */
char *profile_source_name(const struct profile *profile);

#endif
