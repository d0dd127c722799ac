/*
 * A folder that a command fills with files: a new profile, what a profile publishes, samples. A folder that exists is
 * never changed.
 *
 *   if (profile_folder_make(dir, &error) && profile_folder_write(dir, "records/EMI-D.json", text, len, &error)) …
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_FOLDER_H
#define ECOSGATE_GATEWAY_COMMANDS_PROFILE_PROFILE_FOLDER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes the folder, and those above it. It must not exist. */
bool profile_folder_make(const char *dir, GError **error);

/* Writes a file of the folder by its name there, and makes the folder within it that the name has. */
bool profile_folder_write(const char *dir, const char *name, const char *text, size_t len, GError **error);

#endif
