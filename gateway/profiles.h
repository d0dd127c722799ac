/*
 * The profiles that rows of the ledger name: which one a stored file was written with, whatever the configuration says
 * today and whatever became of the folder of that profile.
 *
 *   profiles_keep(ledger, profile, &error)              in the transaction of the row that names profile->digest
 *   profiles_find(gateway, outgoing->profile, &error)   before the file is built, today or years later
 */
#ifndef ECOSGATE_GATEWAY_PROFILES_H
#define ECOSGATE_GATEWAY_PROFILES_H

#include "formats/profile.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_profiles.h"

/* Keeps a profile in the ledger, unless it is there: its name and version and, if it is not the built-in one, its
 * files. False: an error of the ledger. */
bool profiles_keep(struct ledger *ledger, const struct profile *profile, GError **error);

/* The profile of that digest: the built-in one (also for NULL), one of the configuration, or what the ledger keeps. If
 * this release cannot use what the ledger keeps, the profile of the same name and version in the configuration stands
 * in. It lives as long as the gateway is open and its configuration. NULL: an error of the ledger, or
 * SPOOL_ERROR_CORRUPT: the ledger does not have that profile, or not as it was, or nothing stands in for it. */
const struct profile *profiles_find(struct gateway *gateway, const char *digest, GError **error);

/* Whether the ledger has that profile as it was kept, and profiles_find can give it. False with *error: what is wrong.
 */
bool profiles_are_kept(struct gateway *gateway, const struct ledger_profile *row, GError **error);

/* The party for whose profiles a received file waits, before it is judged (config_stopped_sender); NULL: none. */
const struct party *profiles_stopped_sender(const struct gateway *gateway, const struct ledger_job *job);

/* "annex-2.0" for messages; NULL: it is the built-in one. g_free. *error is set as by the ledger. */
bool profiles_title(struct gateway *gateway, const char *digest, char **title, GError **error);

/* That of the newest verdict on a job's file, likewise; NULL also: it was not judged. */
bool profiles_title_of_job(struct gateway *gateway, int64_t job, char **title, GError **error);

/* Says on standard error which profiles of the configuration are not what the ledger keeps under their names. */
bool profiles_tell_changed(struct gateway *gateway, GError **error);

/* Frees what profiles_find has loaded from the ledger. */
void profiles_forget(struct gateway *gateway);

#endif
