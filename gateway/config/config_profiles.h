/*
 * The profiles that the configuration names: those of each party, for the files that it sends (profile, profile_in) and
 * for the gateway's own files for it (profile, profile_out), and those of reports ([report], [report MPID]).
 *
 * A list has the newest profile first. A name in it is that of the built-in profile, "proposal-1.0", or the path of a
 * folder. Each folder is loaded once. Whatever is wrong with a profile is a fault of the setting that names it. It
 * stops nobody but the party: its files wait, both ways. A fault in [report …] stops reports.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_CONFIG_PROFILES_H
#define ECOSGATE_GATEWAY_CONFIG_CONFIG_PROFILES_H

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"

/* "proposal-1.0". g_free. */
char *config_profile_title(const struct profile *profile);

/* Reads the settings of a [party …]. The lists of *party are the configuration's. */
void config_load_party_profiles(struct config_loading *l, struct config *c, const char *group, struct party *party);

/* Reads a group [report] or [report MPID]. */
void config_load_report_profiles(struct config_loading *l, struct config *c, const char *group);

/* Checks that no profile takes a file for a whole one while it is uploaded under the name that its drop gives it. Only
 * once all groups are read are all profiles known. */
void config_check_upload_names(struct config_loading *l, const struct config *c);

#endif
