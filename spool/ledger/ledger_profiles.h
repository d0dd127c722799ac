/*
 * Profiles: the formats that files were read and written with. Verdicts and outgoing files name one by its digest; the
 * files of a profile that is not part of the program are kept with it, so that what was stored can be built again
 * after somebody has changed or removed its folder.
 *
 *   ledger_profile_put → ledger_profile_file_put …      in the transaction of the first row that names the profile
 *   ledger_profile_get → ledger_profile_files_each      before a stored file is built again
 *
 * Nothing here is ever changed or removed. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PROFILES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PROFILES_H

#include "spool/ledger/ledger.h"

struct ledger_profile {
    const char *digest; /* the key: SHA-256 over all its files, 64 hex digits */
    const char *name, *version;
};

/* One file of a profile. */
struct ledger_profile_file {
    const char *name; /* "records/EMI-D.json" */
    const char *bytes;
    size_t len;
};

/* Adds a profile without files. *added is false if it is there already; nothing changes then. */
bool ledger_profile_put(struct ledger *ledger, const struct ledger_profile *profile, bool *added, GError **error);
/* Adds a file of a profile that was added without. */
bool ledger_profile_file_put(struct ledger *ledger, const char *digest, const struct ledger_profile_file *file,
                             GError **error);
/* *profile is NULL if there is none of that digest; g_free it. */
bool ledger_profile_get(struct ledger *ledger, const char *digest, struct ledger_profile **profile, GError **error);
/* *profiles: struct ledger_profile, all. */
bool ledger_profiles(struct ledger *ledger, GPtrArray **profiles, GError **error);
/* *n: how many verdicts and outgoing files name a profile that is not there. */
bool ledger_profiles_missing(struct ledger *ledger, int64_t *n, GError **error);
typedef bool (*ledger_profile_file_visit)(void *user, const struct ledger_profile_file *file, GError **error);
/* Visits the files that are kept of a profile, by name. */
bool ledger_profile_files_each(struct ledger *ledger, const char *digest, ledger_profile_file_visit visit, void *user,
                               GError **error);

#endif
