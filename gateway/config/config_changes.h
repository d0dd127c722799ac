/*
 * What one configuration changes in another one, and whether it may take its place in a gateway that runs: `run` asks
 * when it reads its configuration again, `config check` before that. One function decides for both.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_CHANGES_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_CHANGES_H

#include "gateway/config/config.h"

/* The configuration of that file, if it may take the place of `old`, which the running gateway uses. Relative paths
 * begin in the folder of old. NULL with an error whose text has each reason on a line of its own, with file, line and
 * what is expected: a problem of the file, rights of others (config_rights.h), folders that files of the gateway's own
 * would be picked up from, a setting that cannot change while the gateway runs, or profiles that cannot be used and
 * whose faults `old` does not have. */
struct config *config_replacement(const char *path, const struct config *old, GError **error);

/* The settings that differ, as they are written: "[gateway] poll_interval, [drop x] (new), profile DIR". Names only, no
 * values. NULL: none differs. g_free. */
char *config_changes(const struct config *old, const struct config *changed);

#endif
